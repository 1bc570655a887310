"""What a region holds, and how much of it is reported, estimated or assumed."""

from __future__ import annotations

from typing import Any

import pandas as pd

from zemsim.region.region import Region
from zemsim.region.tables import read_rows

STATUSES = ("reported", "estimate", "assumption")

#: Roads of these classes count as road length; connectors are no roads.
ROADS = ("main", "regional", "local", "street")


def _row(item: str, unit: str, amount: pd.Series, status: pd.Series) -> dict[str, Any]:
    """Return the total of an amount and the share of it by status (None where the total is zero)."""
    total = float(amount.sum())
    by_status = amount.groupby(status.to_numpy()).sum()
    shares = {f"{name}_share": float(by_status.get(name, 0.0)) / total if total > 0 else None for name in STATUSES}
    return {"item": item, "unit": unit, "total": total, **shares}


def _timetable(region: Region) -> list[dict[str, Any]]:
    """Return the row of the timetable, weighted by departures; none if the feed has no ``status.csv``."""
    path = region.gtfs_folder / "status.csv"
    if not path.is_file():
        return []
    header, rows = read_rows(path)
    table = pd.DataFrame([cells for _, cells in rows], columns=header)
    return [_row("timetable", "departures", table["departures"].astype("float64"), table["status"])]


def _active_ways(region: Region) -> dict[str, Any]:
    """Return the row of the network for walking and cycling; a total of zero where the pack has none."""
    if region.active_links is None:
        return _row("active_ways", "km", pd.Series(dtype="float64"), pd.Series(dtype=object))
    ways = region.active_links[region.active_links["infrastructure"] != "connector"]
    return _row("active_ways", "km", ways["length_m"] / 1000, ways["status"])


def active_rule(region: Region) -> dict[str, Any]:
    """Return by which rule one walks and cycles: ``rule``, and what the network does not reach.

    Returns
    -------
    dict
        ``rule``: ``network``, or ``straight line`` times a detour at one speed per mode; with a network, ``zones_off``
        and ``stops_joined``: zones off it, for which the straight line holds all the same, and stops on it.
    """
    nodes = region.active_nodes
    if nodes is None or region.active_links is None:
        return {"rule": "straight line"}
    stops = int((nodes["stop_id"] != "").sum()) if "stop_id" in nodes else 0
    off = len(region.zones) - int((nodes["zone_id"] != "").sum())
    return {"rule": "network", "zones_off": off, "stops_joined": stops}


def _jobs(region: Region) -> dict[str, Any]:
    """Return the row of jobs: the total of the anchor city is reported; others are assumed, if the pack is silent."""
    zones = region.zones
    status = pd.Series(region.roles.jobs_status or "assumption", index=zones.index)
    if region.roles.anchor is not None:
        status[zones["municipality"] == region.roles.anchor.name] = "reported"
    return _row("jobs", "jobs", zones["jobs"].astype("float64"), status)


def evidence(region: Region) -> list[dict[str, Any]]:
    """Return how much of each kind of input rests on what: the first table of the report.

    Returns
    -------
    list of dict
        ``item, unit, total, reported_share, estimate_share, assumption_share`` (shares 0 to 1 of the total):
        ``population`` by settlement (residents), ``population_in_zones`` (residents), ``jobs``, ``road_length``
        (km without connectors, by the status of the length), ``active_ways`` (km of the network for walking and
        cycling, zero without one), ``timetable`` (departures), ``charging_points``
        (by the status of the site) and ``prices`` (number of prices).
    """
    zones, links = region.zones, region.road_links
    roads = links[links["road_class"].isin(ROADS)]
    populated = zones[zones["kind"] == "populated"]
    sites, prices = region.chargers, region.prices
    return [
        _row("population", "persons", region.settlements["population"], region.settlements["status"]),
        _row("population_in_zones", "persons", populated["population"], populated["status"]),
        _jobs(region),
        _row("road_length", "km", roads["length_m"] / 1000, roads["status"]),
        _active_ways(region),
        *_timetable(region),
        _row("charging_points", "points", sites["points"], sites["status"]),
        _row("prices", "prices", pd.Series(1.0, index=prices.index), prices["status"]),
    ]


def road_length_km(region: Region) -> dict[str, float]:
    """Return the length of the roads by class and surface, km."""
    links = region.road_links[region.road_links["road_class"].isin(ROADS)]
    kind = links["road_class"] + " " + links["surface"]
    return {str(name): round(float(km), 1) for name, km in (links["length_m"] / 1000).groupby(kind).sum().items()}


def describe(region: Region) -> dict[str, Any]:
    """Return what ``zemsim region show`` prints: name, counts, totals and the evidence.

    Returns
    -------
    dict
        ``name, title, digest``; ``counts`` (rows by kind); ``totals`` (residents, jobs, dwellings, places);
        ``municipalities`` (rows: municipality, population, zones, jobs); ``roads_km``; ``active_ways`` (see
        :func:`active_rule`); ``evidence``
        (see :func:`evidence`); ``assumptions`` (number by file).
    """
    zones = region.zones
    populated = zones[zones["kind"] == "populated"]
    inside = populated.groupby("municipality", sort=True)
    return {
        "name": region.name,
        "title": dict(region.title),
        "digest": region.digest(),
        "counts": {
            "zones_populated": len(populated),
            "gates": len(region.gates),
            "settlements": len(region.settlements),
            "municipalities": len(region.municipalities),
            "road_nodes": len(region.road_nodes),
            "road_links": len(region.road_links),
            "bridges": int(region.road_links["bridge"].sum()),
            "charging_sites": len(region.chargers),
            "facts": len(region.facts),
            "assumptions": len(region.assumptions),
        },
        "totals": {
            name: int(populated[name].sum())
            for name in ("population", "dwellings_house", "dwellings_flat", "jobs", "school_places")
        },
        "municipalities": [
            {
                "municipality": name,
                "population": int(part["population"].sum()),
                "zones": len(part),
                "jobs": int(part["jobs"].sum()),
            }
            for name, part in inside
        ],
        "roads_km": road_length_km(region),
        "active_ways": active_rule(region),
        "evidence": evidence(region),
        "assumptions": {str(k): int(v) for k, v in region.assumptions.groupby("file").size().items()},
    }
