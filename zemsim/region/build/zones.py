"""Zones of a pack from the table that was given: places in metres, sizes, dwellings, jobs, schools; what is assumed."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray

from zemsim.region.build.report import Report
from zemsim.region.build.rules import Rules
from zemsim.region.build.zone_input import ZoneInput
from zemsim.region.geo import Grid
from zemsim.region.make.pack import largest_remainder, slug
from zemsim.region.nearest import NearestPoint

Float = NDArray[np.float64]


def place_zones(given: ZoneInput, grid: Grid, rules: Rules, report: Report) -> pd.DataFrame:
    """Return the zones with ``x_m, y_m, size_m, area_type`` and whole residents.

    The size of a zone is the side of a square of its area. Without a shape, the distance to the nearest other zone
    stands for the side (they are then thought of as cells of a grid). A zone is of a city or a town if its density is
    that of an urban centre or cluster.
    """
    table = given.table.copy()
    x, y = grid.to_metres(table["lon"].to_numpy(), table["lat"].to_numpy())
    table["x_m"], table["y_m"] = np.round(x, 1), np.round(y, 1)
    table["lon"], table["lat"] = (np.round(v, 7) for v in grid.to_degrees(table["x_m"], table["y_m"]))
    table["size_m"] = np.round(_sizes(given, table, grid, report), 1)
    whole = largest_remainder(round(float(table["population"].sum())), table["population"].tolist())
    report.count("zones", "repaired", "zones with parts of a resident: rounded", _parts(table["population"]))
    table["population"] = np.array(whole, np.int64)
    table["area_type"] = _area_types(table, rules, report)
    return table


def _parts(values: pd.Series) -> int:
    numbers = values.to_numpy(np.float64)
    return int((numbers != np.rint(numbers)).sum())


def _sizes(given: ZoneInput, table: pd.DataFrame, grid: Grid, report: Report) -> Float:
    stated = table["size_m"].to_numpy(np.float64) if "size_m" in table else np.full(len(table), np.nan)
    if given.shapes is not None:
        shapes = [shapely.transform(shape, lambda p: np.column_stack(grid.to_metres(p[:, 0], p[:, 1])))
                  for shape in given.shapes]  # fmt: skip
        return np.where(np.isnan(stated), np.sqrt(shapely.area(np.array(shapes, object))), stated)
    missing = np.isnan(stated)
    if not missing.any():
        return stated
    report.count("zones", "defaulted", "zones without a size: distance to the nearest other zone", int(missing.sum()))
    if len(table) == 1:
        return np.where(missing, 1000.0, stated)
    nearest = NearestPoint(table[["x_m", "y_m"]]).to_others()
    positive = nearest[nearest > 0]
    floor = float(np.median(positive)) if positive.size else 1000.0
    return np.where(missing, np.where(nearest > 0, nearest, floor), stated)


def _area_types(table: pd.DataFrame, rules: Rules, report: Report) -> NDArray[np.object_]:
    density = table["population"].to_numpy(np.float64) / (table["size_m"].to_numpy(np.float64) / 1000.0) ** 2
    city, town = rules.default("build.density_city_pers_km2"), rules.default("build.density_town_pers_km2")
    found = np.where(density >= city, "city", np.where(density >= town, "town", "countryside")).astype(object)
    stated = table["area_type"].to_numpy(object) if "area_type" in table else np.full(len(table), "", object)
    report.count("zones", "defaulted", "zones without an area type: by density", int((stated == "").sum()))
    return np.where(stated == "", found, stated)


def fill_zones(zones: pd.DataFrame, title: str, rules: Rules, report: Report) -> tuple[pd.DataFrame, dict[str, str]]:
    """Return the rows of ``zones`` with everything that the tables of a pack ask, and the status of each column.

    Municipality and settlement fall back to ``title``; dwellings, jobs, school places and weights to the assumptions of
    the rules.
    """
    found = zones.copy()
    status: dict[str, str] = {"population": "reported"}
    for name, fallback in (("municipality", title), ("settlement", "")):
        values = found[name].to_numpy(object) if name in found else np.full(len(found), "", object)
        report.count("zones", "defaulted", f"zones without a {name}", int((values == "").sum()))
        found[name] = np.where(values == "", found["municipality"] if name == "settlement" else fallback, values)
    found["settlement_id"] = _settlement_ids(found)
    _fill(found, status, report, "jobs", found["population"] * rules.default("build.jobs_per_resident"))
    _fill_schools(found, status, rules, report)
    _fill(found, status, report, "shop_weight", found["jobs"].astype(float))
    at_home = rules.default("build.leisure_weight_population")
    residents, jobs = float(found["population"].sum()), float(found["jobs"].sum())
    by_jobs = found["jobs"] * (residents / jobs if jobs > 0 else 0.0)
    _fill(found, status, report, "leisure_weight", at_home * found["population"] + (1 - at_home) * by_jobs)
    _fill_dwellings(found, status, rules, report)
    found["kind"], found["status"] = "populated", "reported"
    for name in ("jobs", "school_places", "dwellings_house", "dwellings_flat"):
        found[name] = np.rint(found[name]).astype(np.int64)
    for name in ("shop_weight", "leisure_weight"):
        found[name] = np.round(found[name].astype(float), 2)
    return found, status


def _settlement_ids(zones: pd.DataFrame) -> list[str]:
    """Slugs of settlement names; two places of one slug get their municipality, too."""
    pairs = list(zip(zones["settlement"], zones["municipality"], strict=True))
    owners: dict[str, set[tuple[str, str]]] = {}
    for pair in pairs:
        owners.setdefault(slug(pair[0]) or "place", set()).add(pair)
    names = {}
    for key, several in owners.items():
        for number, pair in enumerate(sorted(several)):
            names[pair] = key if len(several) == 1 else f"{key}-{slug(pair[1]) or 'place'}-{number + 1}"
    return [names[pair] for pair in pairs]


def _fill(zones: pd.DataFrame, status: dict[str, str], report: Report, name: str, usual: pd.Series) -> None:
    """Set a column where it is blank."""
    stated = zones[name] if name in zones else pd.Series(np.nan, index=zones.index)
    blank = stated.isna()
    zones[name] = stated.where(~blank, usual)
    status[name] = "assumption" if blank.any() else "reported"
    report.count("zones", "defaulted", f"zones without {name}: assumed", int(blank.sum()))


def _fill_schools(zones: pd.DataFrame, status: dict[str, str], rules: Rules, report: Report) -> None:
    """School places as stated; else the pupils of the region shared out by the number of schools, or by residents."""
    if "school_places" in zones and not zones["school_places"].isna().any():
        status["school_places"] = "reported"
        return
    rate = rules.default("build.pupils_per_resident") * rules.default("build.school_slack")
    total = rate * float(zones["population"].sum())
    weight = zones["schools"].fillna(0.0) if "schools" in zones else zones["population"].astype(float)
    if float(weight.sum()) <= 0:
        weight = zones["population"].astype(float)
    by_schools = "schools" in zones
    _fill(zones, status, report, "school_places", total * weight / float(weight.sum()))
    status["school_places"] = "estimate" if by_schools else "assumption"


def _fill_dwellings(zones: pd.DataFrame, status: dict[str, str], rules: Rules, report: Report) -> None:
    share = zones["area_type"].map({t: rules.default(f"build.flat_share_{t}") for t in ("city", "town", "countryside")})
    per_flat, per_house = rules.default("build.pers_per_flat"), rules.default("build.pers_per_house")
    total = np.maximum(np.rint(zones["population"] / (share * per_flat + (1 - share) * per_house)), 1.0)
    flats = np.rint(total * share.astype(float))
    _fill(zones, status, report, "dwellings_flat", flats)
    _fill(zones, status, report, "dwellings_house", total - flats)
    none = (zones["population"] > 0) & (zones["dwellings_flat"] + zones["dwellings_house"] < 0.5)
    report.count("zones", "repaired", "zones with residents and no dwelling: one house", int(none.sum()))
    zones.loc[none, "dwellings_house"] = 1


def settlement_rows(zones: pd.DataFrame, grid: Grid, source: str) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """Return the rows of ``settlements`` and ``municipalities``: sums of their zones, at their residents' mean."""
    places, areas = [], []
    for settlement_id, part in zones.groupby("settlement_id", sort=True):
        weight = part["population"].to_numpy(np.float64) + 1e-9
        x, y = (float(np.round((part[c] * weight).sum() / weight.sum(), 1)) for c in ("x_m", "y_m"))
        lon, lat = grid.to_degrees(x, y)
        kind = {"city": "city", "town": "town"}.get(str(part["area_type"].iloc[int(weight.argmax())]), "parish")
        places.append(
            {"settlement_id": settlement_id, "name": part["settlement"].iloc[0], "kind": kind,
             "municipality": part["municipality"].iloc[0], "lon": round(float(lon), 7), "lat": round(float(lat), 7),
             "x_m": x, "y_m": y, "population": int(part["population"].sum()), "village_share": 1.0,
             "status": "reported", "source": source}
        )  # fmt: skip
    for name, part in zones.groupby("municipality", sort=True):
        flats, houses = float(part["dwellings_flat"].sum()), float(part["dwellings_house"].sum())
        areas.append(
            {"municipality": name, "population": int(part["population"].sum()), "population_year": None,
             "area_km2": round(float((part["size_m"] / 1000.0).pow(2).sum()), 3),
             "flat_share": round(flats / (flats + houses), 4) if flats + houses else None, "roads_km": None,
             "gravel_share": None, "status": "reported", "source": source}
        )  # fmt: skip
    return places, areas


def outline(zones: pd.DataFrame, given: ZoneInput, grid: Grid) -> dict[str, Any]:
    """Return the outlines of the municipalities as GeoJSON: of the shapes, else of the squares of the zones."""
    shape_of = {} if given.shapes is None else dict(zip(given.table["zone_id"], given.shapes, strict=True))
    features = []
    for name, part in zones.groupby("municipality", sort=True):
        if shape_of:
            whole = shapely.union_all([shape_of[zone_id] for zone_id in part["zone_id"]])
        else:
            half = part["size_m"].to_numpy(np.float64) * 0.5
            x, y = part["x_m"].to_numpy(np.float64), part["y_m"].to_numpy(np.float64)
            squares = shapely.union_all(shapely.box(x - half, y - half, x + half, y + half))
            gap = float(np.median(half)) * 0.5
            closed = shapely.buffer(shapely.buffer(squares, gap, join_style="mitre"), -gap, join_style="mitre")
            whole = shapely.transform(closed, lambda p: np.column_stack(grid.to_degrees(p[:, 0], p[:, 1])))
        whole = shapely.set_precision(whole, 1e-6)
        geometry = shapely.geometry.mapping(whole)
        features.append({"type": "Feature", "properties": {"municipality": str(name)}, "geometry": geometry})
    return {"type": "FeatureCollection", "features": features}
