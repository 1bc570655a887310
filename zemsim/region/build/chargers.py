"""Charging sites and parking fees from the tags of charging stations and car parks."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

from zemsim.region.build.osm import OsmExtract
from zemsim.region.build.own_figures import OwnFigures
from zemsim.region.build.report import Report
from zemsim.region.build.rules import Rules
from zemsim.region.geo import Grid
from zemsim.region.make.chargers import COLUMNS
from zemsim.region.nearest import NearestPoint

#: Sockets by key, as connectors are named in packs, and whether they give direct current.
SOCKETS = {
    "socket:chademo": ("CHAdeMO", True),
    "socket:type2_combo": ("CCS", True),
    "socket:ccs": ("CCS", True),
    "socket:tesla_supercharger": ("Tesla", True),
    "socket:type2": ("Type 2", False),
    "socket:type2_cable": ("Type 2", False),
    "socket:type1": ("Type 1", False),
    "socket:type3": ("Type 3", False),
    "socket:schuko": ("Schuko", False),
}
_NOT_PUBLIC = {"no", "private", "employees", "residents"}
_MOST_POINTS, _LEAST_KW, _MOST_KW = 200, 2.0, 1000.0


Site = tuple[str, float, float, dict[str, Any]]


def charger_rows(
    extract: OsmExtract,
    zones: pd.DataFrame,
    grid: Grid,
    rules: Rules,
    price: Mapping[str, float],
    own: OwnFigures,
    report: Report,
) -> list[dict[str, Any]]:
    """Return the rows of ``chargers``: sites of the region itself, else those of OpenStreetMap by their tags.

    Prices are those of their kind, per kWh; nothing is known of shared power and of discounts. A station lies in the
    nearest zone, at most ``build.charger_reach_m`` (or half the zone's size) away.
    """
    tree, half = _zone_tree(zones)
    sites = _of_osm(extract, rules, report) if own.chargers is None else _of_region(own, extract, rules, report)
    rows = []
    for site_id, site_lon, site_lat, site in sites:
        x, y = (float(round(float(v), 1)) for v in grid.to_metres(site_lon, site_lat))
        away, zone = tree.of([x, y])
        if away > max(rules.default("build.charger_reach_m"), float(half[int(zone)])):
            report.count("chargers", "outside", "stations outside the zones", examples=[site_id])
            continue
        lon, lat = grid.to_degrees(x, y)
        rows.append(
            {**site, "site_id": site_id, "zone_id": zones["zone_id"].iloc[int(zone)],
             "lon": round(float(lon), 7), "lat": round(float(lat), 7), "x_m": x, "y_m": y,
             "site_kw": "", "price_eur_kwh": price[site["kind"]], "eur_min": 0, "eur_session": 0,
             "resident_discount_share": 0}
        )  # fmt: skip
    report.count("chargers", "kept", "charging sites", len(rows))
    report.count("chargers", "kept", "charging points", sum(row["points"] for row in rows))
    report.count("chargers", "defaulted", "sites without a known price: price of their kind", len(rows))
    return [{name: row[name] for name in COLUMNS} for row in sorted(rows, key=lambda r: str(r["site_id"]))]


def _of_osm(extract: OsmExtract, rules: Rules, report: Report) -> list[Site]:
    found = []
    for point in extract.points:
        tags = point["tags"]
        if tags.get("amenity") != "charging_station":
            continue
        report.count("chargers", "read", "charging stations")
        if tags.get("access") in _NOT_PUBLIC:
            report.count("chargers", "dropped", "stations that are not public", examples=[point["id"]])
            continue
        found.append((f"osm-{point['id']}", point["lon"], point["lat"], _site(tags, rules, report)))
    return found


def _of_region(own: OwnFigures, extract: OsmExtract, rules: Rules, report: Report) -> list[Site]:
    rows = own.chargers or []
    mapped = sum(point["tags"].get("amenity") == "charging_station" for point in extract.points)
    report.count("chargers", "read", "charging stations of the region itself", len(rows))
    report.count("chargers", "dropped", "stations of OpenStreetMap, as the region's own are given", mapped)
    fast_from = rules.default("build.charger_fast_from_kw")
    return [
        (
            str(row["site_id"]),
            float(row["lon"]),
            float(row["lat"]),
            {"operator": "unknown", "name": "charging station", "points": int(row["points"]),
             "power_kw": float(row["power_kw"]), "kind": "fast" if row["power_kw"] >= fast_from else "slow",
             "connectors": "unknown", "status": row["status"], "source": row["source"]},
        )
        for row in rows
    ]  # fmt: skip


def _site(tags: Mapping[str, str], rules: Rules, report: Report) -> dict[str, Any]:
    sockets = {key: _whole(tags[key]) for key in SOCKETS if tags.get(key, "no") not in ("no", "0")}
    direct = any(SOCKETS[key][1] for key in sockets)
    known = True
    points = _whole(tags.get("capacity", ""))
    if points is None and sockets and all(count is not None for count in sockets.values()):
        points = sum(count for count in sockets.values() if count is not None)
    if points is None or not 1 <= points <= _MOST_POINTS:
        report.count("chargers", "defaulted", "stations without capacity or sockets: usual points")
        points, known = round(rules.default("build.charger_points")), False
    power = max((kw for key in SOCKETS if (kw := _power_kw(tags.get(f"{key}:output", ""))) is not None), default=None)
    if power is None:
        report.count("chargers", "defaulted", "stations without a power: usual power")
        power = rules.default("build.charger_fast_kw" if direct else "build.charger_slow_kw")
        known = False
    return {
        "operator": (tags.get("operator") or tags.get("network") or "unknown")[:100].strip() or "unknown",
        "name": (tags.get("name") or "charging station")[:100].strip() or "charging station",
        "points": int(points),
        "power_kw": power,
        "kind": "fast" if power >= rules.default("build.charger_fast_from_kw") else "slow",
        "connectors": " ".join(sorted({SOCKETS[key][0].replace(" ", "-") for key in sockets})) or "unknown",
        "status": "reported" if known else "estimate",
        "source": "OpenStreetMap",
    }


def _whole(text: str) -> int | None:
    if text == "yes":
        return 1
    return int(text) if re.fullmatch(r"\d{1,3}", text) else None


def _power_kw(text: str) -> float | None:
    """Return the largest power of a value such as ``22 kW``, ``50;150 kW`` or ``22000 W``; None if there is none."""
    found = []
    for part in text.split(";"):
        match = re.fullmatch(r"\s*(\d{1,6}(?:[.,]\d{1,2})?)\s*(kW|W|kVA)?\s*", part, re.IGNORECASE)
        if match:
            value = float(match[1].replace(",", "."))
            found.append(value / 1000.0 if (match[2] or "").lower() == "w" else value)
    inside = [value for value in found if _LEAST_KW <= value <= _MOST_KW]
    return max(inside) if inside else None


def _zone_tree(zones: pd.DataFrame) -> tuple[NearestPoint, np.ndarray]:
    return NearestPoint(zones[["x_m", "y_m"]]), zones["size_m"].to_numpy(np.float64) / 2.0


def parking_prices(extract: OsmExtract, zones: pd.DataFrame, grid: Grid, report: Report) -> np.ndarray:
    """Return the parking price of each zone, EUR per hour, float64 [Z]: mean of its car parks with one; else NaN.

    A price is read from ``charge`` where that is in euros per hour.
    """
    tree, half = _zone_tree(zones)
    found: dict[int, list[float]] = {}
    for point in extract.points:
        tags = point["tags"]
        if tags.get("amenity") != "parking":
            continue
        report.count("parking", "read", "car parks")
        if tags.get("fee", "no") == "no":
            continue
        report.count("parking", "read", "car parks with a fee")
        match = re.fullmatch(
            r"(?:EUR|€)?\s*(\d{1,2}(?:[.,]\d{1,2})?)\s*(?:EUR|€)?\s*/\s*(?:h|hour|stunda)", tags.get("charge", "")
        )
        if not match:
            report.count("parking", "dropped", "fees that do not say euros per hour", examples=[point["id"]])
            continue
        x, y = grid.to_metres(point["lon"], point["lat"])
        away, zone = tree.of([float(x), float(y)])
        if away <= float(half[int(zone)]) * 1.5:
            found.setdefault(int(zone), []).append(float(match[1].replace(",", ".")))
    price = np.full(len(zones), np.nan)
    for row, values in found.items():
        price[row] = round(sum(values) / len(values), 2)
    report.count("parking", "kept", "zones with a parking price", len(found))
    return price
