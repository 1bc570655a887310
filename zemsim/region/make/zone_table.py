"""The table of zones: populated zones with their activities, then the gates."""

from __future__ import annotations

from zemsim.region import geo
from zemsim.region.make.activity import activities
from zemsim.region.make.gates import Gate
from zemsim.region.make.pack import Pack
from zemsim.region.make.settlements import Settlement
from zemsim.region.make.zones import Zone, zones

COLUMNS = [
    "zone_id",
    "kind",
    "settlement_id",
    "municipality",
    "area_type",
    "x_m",
    "y_m",
    "size_m",
    "lon",
    "lat",
    "population",
    "dwellings_house",
    "dwellings_flat",
    "jobs",
    "school_places",
    "shop_weight",
    "leisure_weight",
    "status",
]


def _populated(zone: Zone) -> dict[str, object]:
    square = zone.square
    lon, lat = (round(float(value), 6) for value in geo.to_degrees(square.x_m, square.y_m))
    # The count of a zone is an estimate even where the settlement's is reported, unless it is the whole settlement.
    whole = zone.population == zone.settlement.population and zone.settlement.status == "reported"
    return {
        "zone_id": square.zone_id,
        "kind": "populated",
        "settlement_id": zone.settlement.settlement_id,
        "municipality": zone.settlement.municipality,
        "area_type": zone.area_type,
        "x_m": square.x_m,
        "y_m": square.y_m,
        "size_m": square.size_km * 1000,
        "lon": lon,
        "lat": lat,
        "population": zone.population,
        "status": "reported" if whole else "estimate",
    }


def _outside(gate: Gate) -> dict[str, object]:
    row = {name: getattr(gate, name) for name in COLUMNS if hasattr(gate, name)}
    fixed = {"kind": "gate", "settlement_id": gate.gate_id, "municipality": "", "area_type": "outside", "size_m": 0}
    return {**row, **fixed, "population": 0, "dwellings_house": 0, "dwellings_flat": 0}


def build(pack: Pack, places: list[Settlement], gates: list[Gate]) -> list[Zone]:
    """Write ``zones.csv``; return the populated zones in its order."""
    found = zones(pack, places)
    activity = activities(pack, found, places)
    rows = []
    for i, zone in enumerate(found):
        own = {
            name: getattr(activity, name)[i]
            for name in ("jobs", "school_places", "shop_weight", "leisure_weight", "dwellings_house", "dwellings_flat")
        }
        rows.append({**_populated(zone), **own})
    rows.sort(key=lambda row: (row["y_m"], row["x_m"]))
    outside = [_outside(gate) for gate in sorted(gates, key=lambda gate: gate.zone_id)]
    pack.write("zones", COLUMNS, rows + outside)
    return found
