"""Settlements and municipalities: facts with places on the grid, populations that meet the municipal totals."""

from __future__ import annotations

from dataclasses import dataclass

from zemsim.region import geo
from zemsim.region.make.pack import Pack, largest_remainder

COLUMNS = [
    "settlement_id",
    "name",
    "kind",
    "municipality",
    "lon",
    "lat",
    "x_m",
    "y_m",
    "population",
    "village_share",
    "status",
    "source",
]
MUNICIPALITY_COLUMNS = [
    "municipality",
    "population",
    "population_year",
    "area_km2",
    "flat_share",
    "roads_km",
    "gravel_share",
    "status",
    "source",
]


@dataclass(frozen=True)
class Settlement:
    """A city, town or parish; ``lon, lat`` is its centre or main village, ``area_*`` the middle of the parish."""

    settlement_id: str
    name: str
    kind: str
    municipality: str
    old_municipality: str
    lon: float
    lat: float
    x_m: float
    y_m: float
    area_x_m: float
    area_y_m: float
    population: int
    village_share: float
    status: str
    source: str


def _village_share(pack: Pack, row: dict[str, str], population: int) -> float:
    """Return the share of a settlement's residents in its built-up core: all of a town, part of a parish."""
    if row["kind"] != "parish":
        return 1.0
    if row["village_population"]:
        return round(min(int(row["village_population"]) / population, pack.assume("zones.village_share_max")), 4)
    return pack.assume("zones.village_share") if row["main_village"] else 0.0


def _reconciled(pack: Pack, rows: list[dict[str, str]]) -> list[int]:
    """Return populations with the estimated parishes scaled so that each municipality's total is met exactly."""
    totals = {row["municipality"]: int(row["population"]) for row in pack.facts("municipalities")}
    population = [int(row["population"]) for row in rows]
    for municipality, total in totals.items():
        own = [i for i, row in enumerate(rows) if row["municipality"] == municipality]
        free = [i for i in own if rows[i]["status"] == "estimate"]
        rest = total - sum(population[i] for i in own if i not in free)
        if free:
            for i, count in zip(free, largest_remainder(rest, [float(population[i]) for i in free]), strict=True):
                population[i] = count
        elif rest:
            raise ValueError(f"{municipality}: reported populations miss the total by {rest}")
    return population


def settlements(pack: Pack) -> list[Settlement]:
    """Return the settlements of the pack in the order of their ids."""
    rows = sorted(pack.facts("settlements"), key=lambda row: row["settlement_id"])
    found = []
    for row, population in zip(rows, _reconciled(pack, rows), strict=True):
        lon, lat = (float(row["village_lon"] or row["lon"]), float(row["village_lat"] or row["lat"]))
        x, y = geo.to_metres(lon, lat)
        area_x, area_y = geo.to_metres(float(row["lon"]), float(row["lat"]))
        found.append(
            Settlement(
                row["settlement_id"],
                row["name"],
                row["kind"],
                row["municipality"],
                row["pre2021_municipality"],
                lon,
                lat,
                float(round(float(x))),
                float(round(float(y))),
                float(area_x),
                float(area_y),
                population,
                _village_share(pack, row, population),
                row["status"],
                row["source"],
            )
        )
    return found


def municipality_rows(pack: Pack) -> list[dict[str, object]]:
    """Return the rows of ``municipalities.csv``."""
    rows: list[dict[str, object]] = []
    for row in pack.facts("municipalities"):
        asphalt, gravel = float(row["asphalt_km_2024"]), float(row["gravel_km_2024"])
        rows.append(
            {
                **{name: row[name] for name in ("municipality", "population", "population_year", "area_km2")},
                "flat_share": row["flat_share"],
                "roads_km": row["roads_km_2024"],
                "gravel_share": round(gravel / (asphalt + gravel), 3),
                "status": row["status"],
                "source": row["source"],
            }
        )
    return rows


def build(pack: Pack) -> list[Settlement]:
    """Write ``settlements.csv`` and ``municipalities.csv``; return the settlements."""
    found = settlements(pack)
    pack.write("settlements", COLUMNS, [vars(settlement) for settlement in found])
    pack.write("municipalities", MUNICIPALITY_COLUMNS, municipality_rows(pack))
    return found
