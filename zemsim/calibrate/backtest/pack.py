"""A generic region as a pack: written into a folder by the rules of every other pack, and loaded like one."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from zemsim.calibrate.backtest.layout import CENTRE, Layout, make_layout
from zemsim.calibrate.backtest.lines import REGIONAL, TOWN, VEHICLES, make_lines, write_feed
from zemsim.calibrate.backtest.place import Place
from zemsim.core.atomic import write_json
from zemsim.policy.conditions import NATIONAL_POLICY
from zemsim.region import load_region
from zemsim.region.build import defaults, package
from zemsim.region.build.csv_files import write_csv, write_rows
from zemsim.region.build.own_figures import OwnFigures
from zemsim.region.build.report import Report
from zemsim.region.build.rules import Rules
from zemsim.region.build.zone_input import ZoneInput
from zemsim.region.build.zones import fill_zones, outline, settlement_rows
from zemsim.region.geo import Grid
from zemsim.region.make import road_order
from zemsim.region.make.pack import Pack
from zemsim.region.region import Region
from zemsim.region.tables import read_rows

#: Key of the price of a ride in town.
TOWN_FARE = "city_fare_towns_eur"

#: Where the middle of every generic region lies; only differences of places count.
_LON, _LAT = 24.0, 57.0
_SOURCE = "made up for a back-test"
#: Way on a road over the straight line: keys of the assumptions of the donor pack, by kind of link.
_DETOURS = {"street": "roads.detour_street", "local": "roads.detour_street", "regional": "roads.detour_state"}
_POINTS_PER_SITE = {"slow": 2, "fast": 2}
_POWER_KW = {"slow": 22.0, "fast": 50.0}
#: Sites sell energy alone, at one price for all, and no power is shared.
_PLAIN_TARIFF = {"site_kw": "", "eur_min": 0, "eur_session": 0, "resident_discount_share": 0}
_WINTER = (11, 12, 1, 2, 3, 4)
#: Cars of a made-up nation in which the fleet of the place is that of the nation.
_NATION = 1_000_000


def build_pack(place: Place, prices: Mapping[str, float], folder: Path) -> Region:
    """Write a generic region into a new folder and load it.

    Parameters
    ----------
    place : the place with its figures.
    prices : prices of the base by key of ``region.prices`` that a case states; the others are taken over.
    folder : must not be there.
    """
    folder.mkdir(parents=True)
    layout, grid, rules, report = make_layout(place), Grid.around(_LON, _LAT), Rules.read(None), Report()
    x, y = grid.to_metres(_LON, _LAT)
    origin = (float(x), float(y))
    zones = _zones(place, layout, grid, origin, rules, report)
    own = _own_figures(place)
    _write_tables(folder, place, layout, zones, grid, rules, own, report)
    _write_chargers(folder, place, zones, _write_prices(folder, prices))
    donor = Pack(defaults.donor())
    capacity = {
        network: max(1, round(defaults.assumption_of("timetable", key, own) * place.sample_share))
        for network, (_, key) in VEHICLES.items()
    }
    detour = {REGIONAL: donor.assume("roads.detour_state"), TOWN: donor.assume("roads.detour_street")}
    write_feed(folder / "gtfs", place, make_lines(place, layout), grid, origin, detour, capacity)
    write_json(folder / "import.json", {"name": "generic", "rows": report.table()})
    road_order.build(Pack(folder))
    _write_package(folder, place, grid)
    return load_region(folder)


def regional_fares() -> dict[str, float]:
    """Prices that the fares of regional lines of the donor pack are made of."""
    rows = defaults.price_rows(OwnFigures())
    keys = ("bus_fare_base_eur", "bus_fare_eur_km", "bus_fare_min_eur")
    return {key: defaults.price_of(rows, key) for key in keys}


def price_keys() -> set[str]:
    """Keys of the prices of a generic region."""
    return {str(row["key"]) for row in defaults.price_rows(OwnFigures())} | {TOWN_FARE}


def _zones(
    place: Place, layout: Layout, grid: Grid, origin: tuple[float, float], rules: Rules, report: Report
) -> pd.DataFrame:
    table = layout.zones.copy()
    table["x_m"] = np.round(table["x_m"] + origin[0], 1)
    table["y_m"] = np.round(table["y_m"] + origin[1], 1)
    table["lon"], table["lat"] = (np.round(v, 7) for v in grid.to_degrees(table["x_m"], table["y_m"]))
    table["size_m"] = np.round(table["size_m"], 1)
    city, town = rules.default("build.density_city_pers_km2"), rules.default("build.density_town_pers_km2")
    table["area_type"] = np.where(
        table["density"] >= city, "city", np.where(table["density"] >= town, "town", "countryside")
    )
    per_flat, per_house = rules.default("build.pers_per_flat"), rules.default("build.pers_per_house")
    share = table["flat_share"]
    homes = np.maximum(np.rint(table["population"] / (share * per_flat + (1.0 - share) * per_house)), 1.0)
    table["dwellings_flat"] = np.rint(homes * share)
    table["dwellings_house"] = homes - table["dwellings_flat"]
    centre = (table["municipality"] == CENTRE).to_numpy()
    table["parking_eur_h"] = np.where(centre, place["parking_centre_eur_h"], 0.0)
    found, _ = fill_zones(table, "generic", rules, report)
    found["status"] = "assumption"
    return found


def _own_figures(place: Place) -> OwnFigures:
    """What a place has of its own among the assumptions, and among the stand-ins for facts."""
    units = _units()
    own = OwnFigures()
    own.rows["assumptions"] = {
        key: {"key": key, "value": value, "low": value, "high": value, "unit": units[key], "reason": reason,
              "grade": "assumption"}
        for key, value, reason in _figures(place)
    }  # fmt: skip
    own.lines = {("assumptions", key): row for row, key in enumerate(own.rows["assumptions"], 2)}
    return own


def _units() -> dict[str, str]:
    """Unit of every assumption and fact of the donor pack."""
    folder = defaults.donor()
    found: dict[str, str] = {}
    for path, key in [(p, "key") for p in sorted((folder / "assumptions").glob("*.csv"))] + [
        (folder / "facts" / "facts.csv", "fact_id")
    ]:
        header, rows = read_rows(path)
        name, unit = header.index(key), header.index("unit")
        found |= {cells[name]: cells[unit] for _, cells in rows}
    return found


def _figures(place: Place) -> list[tuple[str, float, str]]:
    stock = place.figures["bev_stock_share"].reason
    rows = [
        (f"temperature_c.{m:02d}", place["temperature_winter_c" if m in _WINTER else "temperature_summer_c"], _SOURCE)
        for m in range(1, 13)
    ]
    rain = place["rain_mm_month"], place.figures["rain_mm_month"].reason
    rows += [(f"rain_mm.{m:02d}", *rain) for m in range(1, 13)]
    for building in ("house", "flat"):
        figure = place.figures[f"home_charging_{building}_share"]
        rows.append((f"population.home_charging_share_{building}", figure.value, figure.reason))
    return [
        *rows,
        ("cars.latvia.cars_per_1000.2022", place["cars_per_1000"], place.figures["cars_per_1000"].reason),
        ("ev.latvia.electric_vehicles_registered.2024", place["bev_stock_share"] * _NATION, stock),
        ("population.bev_registered_in_2024", 0.0, stock),
        ("population.bev_car_share_of_electric", 1.0, stock),
        ("population.national_cars", float(_NATION), stock),
        ("population.car_rate_ratio", 1.0, _SOURCE),
        ("income.zemgale.gross_wage_mean_region_ratio", 1.0, _SOURCE),
    ]


def _write_tables(
    folder: Path,
    place: Place,
    layout: Layout,
    zones: pd.DataFrame,
    grid: Grid,
    rules: Rules,
    own: OwnFigures,
    report: Report,
) -> None:
    write_csv(folder / "zones.csv", zones[package.columns_of("zones")])
    places, areas = settlement_rows(zones, grid, _SOURCE)
    write_rows(folder / "settlements.csv", package.columns_of("settlements"), places)
    write_rows(folder / "municipalities.csv", package.columns_of("municipalities"), areas)
    write_rows(folder / "gates.csv", package.columns_of("gates"), [])
    write_rows(folder / "road_nodes.csv", package.columns_of("road-nodes"), _nodes(zones))
    write_rows(folder / "road_links.csv", package.columns_of("road-links"), _links(place, layout, zones))
    (folder / "facts").mkdir()
    write_rows(folder / "facts" / "facts.csv", package.columns_of("facts"), [])
    defaults.write_assumptions(folder, rules, own)
    own.finish(report)
    given = ZoneInput(zones, None, _SOURCE)
    write_json(folder / "boundaries.geojson", outline(zones, given, grid))


def _nodes(zones: pd.DataFrame) -> list[dict[str, Any]]:
    """A junction in the middle of each cell, and the node of its zone at the same place."""
    found = []
    for kind, prefix in (("junction", "j"), ("zone", "n")):
        for row in zones.itertuples():
            zone_id = row.zone_id if kind == "zone" else ""
            found.append({"node_id": f"{prefix}{row.zone_id}", "kind": kind, "zone_id": zone_id, "lon": row.lon,
                          "lat": row.lat, "x_m": row.x_m, "y_m": row.y_m})  # fmt: skip
    return found


def _links(place: Place, layout: Layout, zones: pd.DataFrame) -> list[dict[str, Any]]:
    donor = Pack(defaults.donor())
    ids, at = zones["zone_id"].tolist(), zones[["x_m", "y_m"]].to_numpy(np.float64)
    size_km = zones["size_m"].to_numpy(np.float64) / 1000.0
    same = {"name": "", "surface": "asphalt", "bridge": 0, "oneway": 0, "status": "assumption", "source": _SOURCE,
            "speed_status": "assumption", "capacity_status": "assumption"}  # fmt: skip
    found = []
    for number, (a, b, kind) in enumerate(layout.links[["from", "to", "kind"]].itertuples(index=False)):
        length_m = float(np.hypot(*(at[a] - at[b]))) * donor.assume(_DETOURS[kind])
        # A street of the grid stands for all streets of its cell.
        streets = max(1.0, min(size_km[a], size_km[b]) / place["arterial_spacing_km"]) if kind == "street" else 1.0
        capacity = donor.assume(f"roads.capacity.{kind}_veh_h") * streets * place.sample_share
        found.append(
            {**same, "link_id": f"r{number:05d}", "from_node": f"j{ids[a]}", "to_node": f"j{ids[b]}",
             "road_class": kind, "length_m": round(length_m + 1.0, 1),
             "speed_km_h": donor.assume(f"roads.speed.{kind}_km_h"), "capacity_veh_h": round(capacity, 2)}
        )  # fmt: skip
    connector = {"road_class": "connector", "speed_km_h": donor.assume("roads.speed.connector_km_h")}
    for number, zone_id in enumerate(ids):
        # Where nobody is held up, so the capacity is not made smaller with the sample.
        length_m = max(50.0, 0.2 * 1000.0 * size_km[number])
        found.append({**same, **connector, "link_id": f"c{number:05d}", "from_node": f"j{zone_id}",
                      "to_node": f"n{zone_id}", "length_m": round(min(length_m, 500.0), 1),
                      "capacity_veh_h": donor.assume("roads.capacity.connector_veh_h")})  # fmt: skip
    return found


def _write_prices(folder: Path, prices: Mapping[str, float]) -> dict[str, float]:
    """Write the prices of the base; return those of public charging by speed."""
    rows = defaults.price_rows(OwnFigures())
    city = next(row for row in rows if row["key"] == "bus_fare_min_eur")
    rows.append({**city, "key": TOWN_FARE})
    for row in rows:
        if row["key"] in prices:
            value = prices[row["key"]]
            row |= {"value": value, "low": value, "high": value, "source": "of the case"}
    write_rows(folder / "prices.csv", package.columns_of("prices"), sorted(rows, key=lambda row: str(row["key"])))
    return {kind: float(defaults.price_of(rows, f"electricity_public_{kind}_eur_kwh")) for kind in _POWER_KW}


def _write_chargers(folder: Path, place: Place, zones: pd.DataFrame, price_eur_kwh: Mapping[str, float]) -> None:
    """Write public sites: as many points as the place has per resident, where most residents and jobs are."""
    weight = (zones["population"] + zones["jobs"]).to_numpy(np.float64)
    busiest = np.argsort(-weight, kind="stable")
    rows = []
    for kind, power_kw in _POWER_KW.items():
        points = place[f"{kind}_points_1000"] * place.simulated / 1000.0
        for number in range(round(points / _POINTS_PER_SITE[kind])):
            zone = zones.iloc[busiest[number % len(zones)]]
            rows.append(
                {"site_id": f"{kind}-{number:04d}", "operator": "all", "name": f"{kind} {number}",
                 "zone_id": zone["zone_id"], "lon": zone["lon"], "lat": zone["lat"], "x_m": zone["x_m"],
                 "y_m": zone["y_m"], "points": _POINTS_PER_SITE[kind], "power_kw": power_kw, "kind": kind,
                 "connectors": "all", "price_eur_kwh": price_eur_kwh[kind], **_PLAIN_TARIFF,
                 "status": "assumption", "source": _SOURCE}
            )  # fmt: skip
    write_rows(folder / "chargers.csv", package.columns_of("chargers"), rows)


def _write_package(folder: Path, place: Place, grid: Grid) -> None:
    about = {
        "name": f"generic-{place.type.replace('_', '-')}",
        "title": place.type,
        "titles": {"lv": place.type, "en": place.type},
        "crs": grid.crs,
        "roles": {"jobs_status": "assumption", "city_fares": {TOWN: TOWN_FARE}},
        NATIONAL_POLICY: False,
        "description": "A generic region, made for a back-test.",
        "licenses": [],
        "sources": [{"title": _SOURCE}],
    }
    package.write_package(folder, about, False)
    path = folder / "datapackage.json"
    written = json.loads(path.read_text(encoding="utf-8"))
    # Of a sample of the residents, roads carry a sample too: the usual least capacity does not hold.
    links = next(resource for resource in written["resources"] if resource["name"] == "road-links")
    capacity = next(field for field in links["schema"]["fields"] if field["name"] == "capacity_veh_h")
    capacity["constraints"] = {"required": True, "minimum": 0.1}
    write_json(path, written)
