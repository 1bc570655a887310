"""Ways for walking and cycling: their own graph, with surface, infrastructure and climbs."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from zemsim.region.build.elevation import Elevation
from zemsim.region.build.graph import (
    LEAST_M,
    Edge,
    Places,
    cut_at_crossings,
    draw_chains_together,
    main_part,
    numbered,
    without_loops,
)
from zemsim.region.build.osm import OsmExtract
from zemsim.region.build.report import Report
from zemsim.region.build.rules import Rules
from zemsim.region.build.snap import join_points
from zemsim.region.build.ways import ActiveWay, active_ways, pieces
from zemsim.region.geo import Grid

PART = "walking and cycling"
_BIKE = {0: "both", 1: "forward", -1: "backward", None: "no"}

Rows = list[dict[str, Any]]


def active_tables(
    extract: OsmExtract,
    points: np.ndarray,
    zone_ids: list[str],
    grid: Grid,
    rules: Rules,
    elevation: Elevation | None,
    report: Report,
) -> tuple[Rows, Rows]:
    """Return the rows of ``active_nodes`` and ``active_links``; both empty if no zone can be joined.

    The main part is what hangs together for those who walk. A zone joins the nearest way for walking.

    Parameters
    ----------
    points : float64 [Z, 2]
        Zone centres, metres.
    """
    kinds = active_ways(extract, rules, report)
    runs = pieces(extract, sorted(kinds), report, PART)
    places = Places(extract, grid)
    edges = cut_at_crossings(runs, kinds, dict.fromkeys(kinds, 0), extract.way_id)
    on_foot = main_part([edge for edge in edges if edge.kind.walk], places, report, PART)
    reached = {node for edge in on_foot for node in (edge.start, edge.end)}
    riding = [edge for edge in edges if not edge.kind.walk and edge.start in reached and edge.end in reached]
    edges = sorted(on_foot + riding, key=lambda edge: edge.order)
    edges, joins = join_points(
        edges, places, points, zone_ids, rules.default("build.zone_snap_m"), 1, 1.0, lambda edge: edge.kind.walk
    )
    report.count(PART, "outside", "zones too far from every way for walking", len(zone_ids) - len(joins))
    if not joins:
        return [], []
    keep = {join.node for join in joins}
    edges = without_loops(draw_chains_together(edges, keep), report, PART)
    links = [
        _link(edge, name, places, elevation)
        for edge, name in zip(edges, numbered(edges, extract.way_id, "a"), strict=True)
    ]
    used = sorted({node for edge in edges for node in (edge.start, edge.end)} | keep)
    nodes = [_node(places, at, "") for at in used]
    for number, join in enumerate(joins):
        zone_id = zone_ids[join.point]
        own = places.add(f"z-{zone_id}", float(points[join.point, 0]), float(points[join.point, 1]))
        nodes.append(_node(places, own, zone_id))
        links.append(
            {"link_id": f"c{number + 1:06d}", "from_node": places.names[own], "to_node": places.names[join.node],
             "length_m": _tenths(max(join.away_m * rules.default("build.connector_detour"), 1.0)), "walk": 1,
             "bike": "both", "infrastructure": "connector", "surface_share": 1.0, "rise_m": None, "fall_m": None,
             "status": "assumption"}
        )  # fmt: skip
    report.count(PART, "kept", "links", len(links))
    km = sum(float(link["length_m"]) for link in links) / 1000.0
    report.count(PART, "kept", "length", km, "km")
    if elevation is None:
        report.count(PART, "note", "no elevation was given: all ways are taken as flat")
    return nodes, links


def _node(places: Places, at: int, zone_id: str) -> dict[str, Any]:
    return {
        "node_id": places.names[at],
        "zone_id": zone_id,
        "lon": round(places.lon[at], 7),
        "lat": round(places.lat[at], 7),
    }


def _link(edge: Edge, name: str, places: Places, elevation: Elevation | None) -> dict[str, Any]:
    way: ActiveWay = edge.kind
    rise, fall = (None, None) if elevation is None else _climb(edge, places, elevation)
    return {
        "link_id": name,
        "from_node": places.names[edge.start],
        "to_node": places.names[edge.end],
        "length_m": _tenths(max(places.length_m(edge.nodes), LEAST_M)),
        "walk": int(way.walk),
        "bike": _BIKE[way.bike],
        "infrastructure": "steps" if way.highway == "steps" else way.infrastructure,
        "surface_share": way.surface_share,
        "rise_m": rise,
        "fall_m": fall,
        "status": "reported",
    }


def _climb(edge: Edge, places: Places, elevation: Elevation) -> tuple[float | None, float | None]:
    """Metres up and down along an edge; None where the model has no height."""
    lon = np.array([places.lon[i] for i in edge.nodes])
    lat = np.array([places.lat[i] for i in edge.nodes])
    height = elevation.at(lon, lat)
    if not np.isfinite(height).all():
        return None, None
    steps = np.diff(height)
    return round(float(steps[steps > 0].sum()), 1), round(float(-steps[steps < 0].sum()), 1)


def _tenths(metres: float) -> float:
    return math.ceil(metres * 10.0) / 10.0
