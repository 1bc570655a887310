"""Public charging sites: those on record, and estimated slow points that bring the stock to the base year's."""

from __future__ import annotations

import math
import re

from zemsim.region import geo
from zemsim.region.make.gates import Gate
from zemsim.region.make.pack import Pack, largest_remainder
from zemsim.region.make.settlements import Settlement
from zemsim.region.make.zones import Zone

COLUMNS = [
    "site_id",
    "operator",
    "name",
    "zone_id",
    "lon",
    "lat",
    "x_m",
    "y_m",
    "points",
    "power_kw",
    "kind",
    "connectors",
    "site_kw",
    "price_eur_kwh",
    "eur_min",
    "eur_session",
    "resident_discount_share",
    "status",
    "source",
]

#: Slower than this is slow charging, kW.
FAST_FROM_KW = 43.0


def _zone_id(zones: list[Zone], gates: list[Gate], x_m: float, y_m: float) -> str:
    """Return the zone that holds a point, else the nearest zone or gate."""
    cell = (int(x_m // 1000), int(y_m // 1000))
    for zone in zones:
        if cell in zone.square.cells:
            return zone.square.zone_id
    ends = [(float(zone.square.x_m), float(zone.square.y_m), zone.square.zone_id) for zone in zones]
    ends += [(gate.x_m, gate.y_m, gate.zone_id) for gate in gates]
    return min((math.hypot(x - x_m, y - y_m), zone_id) for x, y, zone_id in ends)[1]


def _tariff(pack: Pack, operator: str, kind: str) -> dict[str, object]:
    """Return the tariff in EUR of 2025, and the power that points share: blank, as nothing is known of it.

    The state network sells by the minute, the others by the kWh at the assumed price of their kind. No site is known to
    ask for a fee per session or to give residents a discount.
    """
    tariff: dict[str, object] = {"site_kw": "", "eur_min": 0, "eur_session": 0, "resident_discount_share": 0}
    factor = pack.assume("prices.factor_2024_to_2025")
    if kind == "slow":
        price = pack.assume("prices.electricity_public_slow_eur_kwh")
    elif operator.startswith("e-mobi"):
        price, tariff["eur_min"] = 0.0, round(pack.assume("chargers.emobi_eur_min_2024") * factor, 4)
    else:
        price = round(pack.assume("chargers.fast_price_eur_kwh") * factor, 3)
    return {**tariff, "price_eur_kwh": price}


def _recorded(pack: Pack, zones: list[Zone], gates: list[Gate]) -> list[dict[str, object]]:
    rows = []
    for row in pack.facts("charging_sites"):
        lon, lat = float(row["lon"]), float(row["lat"])
        x, y = (float(round(float(value))) for value in geo.to_metres(lon, lat))
        power = max(float(row["max_dc_kw"] or 0), float(row["max_ac_kw"] or 0))
        kind = "fast" if power >= FAST_FROM_KW else "slow"
        rows.append(
            {
                **{name: row[name] for name in ("site_id", "operator", "name", "lon", "lat", "points")},
                "zone_id": _zone_id(zones, gates, x, y),
                "x_m": x,
                "y_m": y,
                "power_kw": power,
                "kind": kind,
                "connectors": re.sub(r"\s*;\s*", "; ", row["connectors"]),
                **_tariff(pack, row["operator"], kind),
                "status": row["status"],
                "source": f"{row['source']} {row['year']}; price estimated",
            }
        )
    return rows


def _estimated_points(pack: Pack, places: list[Settlement], recorded: int) -> dict[str, int]:
    """Return points to add by settlement: the assumed stock less the recorded points, by residents of the towns."""
    stock = pack.assume("chargers.points_per_1000_residents_2024") * sum(p.population for p in places) / 1000
    missing = max(0, round(stock) - recorded)
    least = pack.assume("chargers.slow_min_population")
    towns = [p for p in places if p.population * p.village_share >= least]
    per_site = round(pack.assume("chargers.points_per_slow_site"))
    sites = largest_remainder(missing // per_site, [p.population * p.village_share for p in towns])
    return {town.settlement_id: count * per_site for town, count in zip(towns, sites, strict=True) if count}


def _estimated(pack: Pack, zones: list[Zone], places: list[Settlement], recorded: int) -> list[dict[str, object]]:
    """Return slow sites in the fullest zones of each town, one site a zone in turn."""
    rows = []
    per_site = round(pack.assume("chargers.points_per_slow_site"))
    for name, points in _estimated_points(pack, places, recorded).items():
        own = [zone for zone in zones if zone.settlement.settlement_id == name and zone.square.core]
        own.sort(key=lambda zone: (-zone.population, zone.square.zone_id))
        for number in range(points // per_site):
            zone = own[number % len(own)]
            lon, lat = (round(float(v), 6) for v in geo.to_degrees(zone.square.x_m, zone.square.y_m))
            rows.append(
                {
                    "site_id": f"est-slow-{name}-{number + 1}",
                    "operator": "unknown",
                    "name": f"{zone.settlement.name} {number + 1}",
                    "zone_id": zone.square.zone_id,
                    "lon": lon,
                    "lat": lat,
                    "x_m": float(zone.square.x_m),
                    "y_m": float(zone.square.y_m),
                    "points": per_site,
                    "power_kw": pack.assume("chargers.slow_power_kw"),
                    "kind": "slow",
                    "connectors": "Type 2",
                    **_tariff(pack, "", "slow"),
                    "status": "estimate",
                    "source": "national points per resident less the recorded ones, by residents",
                }
            )
    return rows


def _bauska_road(pack: Pack, zones: list[Zone], places: list[Settlement]) -> list[dict[str, object]]:
    """Return the high-power site that Enefit announced for the Bauska road; its place is assumed: Bauska."""
    town = next(place for place in places if place.settlement_id == "bauska")
    return [
        {
            "site_id": "est-fast-bauska-1",
            "operator": "Enefit",
            "name": "Bauska, A7",
            "zone_id": _zone_id(zones, [], town.x_m, town.y_m),
            "lon": town.lon,
            "lat": town.lat,
            "x_m": town.x_m,
            "y_m": town.y_m,
            "points": round(pack.assume("chargers.enefit_points_bauska_road")),
            "power_kw": pack.fact("charging.latvia.enefit_max_power"),
            "kind": "fast",
            "connectors": "CCS",
            **_tariff(pack, "Enefit", "fast"),
            "status": "estimate",
            "source": "announced in 2023 for the Bauska road; place and points assumed",
        }
    ]


def build(pack: Pack, places: list[Settlement], zones: list[Zone], gates: list[Gate]) -> None:
    """Write ``chargers.csv``."""
    rows = _recorded(pack, zones, gates) + _bauska_road(pack, zones, places)
    # Only sites inside count towards the region's stock; those at its edge serve trips that pass.
    inside = {row["site_id"] for row in pack.facts("charging_sites") if row["location"] == "in_region"}
    count = sum(int(str(row["points"])) for row in rows if row["site_id"] in inside or row["operator"] == "Enefit")
    rows += _estimated(pack, zones, places, count)
    pack.write("chargers", COLUMNS, sorted(rows, key=lambda row: str(row["site_id"])))
