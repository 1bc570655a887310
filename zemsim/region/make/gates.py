"""Gates: the places outside where residents work, learn and shop; each is also a zone."""

from __future__ import annotations

from dataclasses import dataclass

import shapely

from zemsim.region import geo
from zemsim.region.make.pack import Pack
from zemsim.region.make.zones import old_municipalities

COLUMNS = [
    "gate_id",
    "name",
    "zone_id",
    "lon",
    "lat",
    "x_m",
    "y_m",
    "beyond_border_km",
    "stands_for",
    "jobs",
    "school_places",
    "shop_weight",
    "leisure_weight",
    "place_status",
    "status",
    "source",
]


@dataclass(frozen=True)
class Gate:
    """A place outside; ``status`` is that of its jobs and places, ``place_status`` that of where it lies."""

    gate_id: str
    name: str
    zone_id: str
    lon: float
    lat: float
    x_m: float
    y_m: float
    beyond_border_km: float
    stands_for: str
    jobs: int
    school_places: int
    shop_weight: float
    leisure_weight: float
    place_status: str
    status: str
    source: str


def gates(pack: Pack) -> list[Gate]:
    """Return the gates in the order of their ids."""
    outline = shapely.union_all(list(old_municipalities(pack).values()))
    found = []
    for row in sorted(pack.facts("gates"), key=lambda row: row["gate_id"]):
        lon, lat = float(row["lon"]), float(row["lat"])
        x, y = (float(value) for value in geo.to_metres(lon, lat))
        beyond = shapely.distance(outline, shapely.Point(x, y)) * pack.assume("gates.detour") / 1000
        key = f"gates.{row['gate_id']}"
        found.append(
            Gate(
                row["gate_id"],
                row["name"],
                f"GATE-{row['gate_id']}",
                lon,
                lat,
                float(round(x)),
                float(round(y)),
                round(float(beyond), 1),
                row["stands_for"],
                round(pack.assume(f"{key}.jobs")),
                round(pack.assume(f"{key}.school_places")),
                pack.assume(f"{key}.shop_weight"),
                pack.assume(f"{key}.leisure_weight"),
                row["status"],
                "assumption",
                row["source"],
            )
        )
    return found


def build(pack: Pack) -> list[Gate]:
    """Write ``gates.csv``; return the gates."""
    found = gates(pack)
    pack.write("gates", COLUMNS, [vars(gate) for gate in found])
    return found
