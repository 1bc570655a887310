"""Ways for walking and cycling: their own graph, with surface, infrastructure and climbs."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

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
from zemsim.region.build.snap import Join, join_points
from zemsim.region.build.ways import ActiveWay, active_ways, pieces
from zemsim.region.geo import Grid

PART = "walking and cycling"
_BIKE = {0: "both", 1: "forward", -1: "backward", None: "no"}

Rows = list[dict[str, Any]]


def active_tables(
    extract: OsmExtract,
    points: np.ndarray,
    zone_ids: list[str],
    stops: pd.DataFrame,
    grid: Grid,
    rules: Rules,
    elevation: Elevation | None,
    report: Report,
) -> tuple[Rows, Rows]:
    """Return the rows of ``active_nodes`` and ``active_links``; both empty if no zone can be joined.

    The main part is what hangs together for those who walk. A zone joins the nearest way for walking, and so does a
    stop.

    Parameters
    ----------
    points : float64 [Z, 2]
        Zone centres, metres.
    stops : DataFrame
        ``stop_id, x_m, y_m``.
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
    entries = [_Entry(zone_ids[join.point], "", points[join.point], join) for join in joins]
    stop_ids, at = stops["stop_id"].astype(str).tolist(), stops[["x_m", "y_m"]].to_numpy(np.float64)
    reach_m = rules.default("build.stop_walk_m")
    edges, stop_joins = join_points(edges, places, at, stop_ids, reach_m, 1, 1.0, lambda edge: edge.kind.walk)
    entries += [_Entry("", stop_ids[join.point], at[join.point], join) for join in stop_joins]
    joined = {join.point for join in stop_joins}
    far = np.array([at not in joined for at in range(len(stop_ids))], bool)
    _count_stops(stops, far, reach_m, extract, report)
    keep = {entry.join.node for entry in entries}
    edges = without_loops(draw_chains_together(edges, keep), report, PART)
    links = [
        _link(edge, name, places, elevation)
        for edge, name in zip(edges, numbered(edges, extract.way_id, "a"), strict=True)
    ]
    used = sorted({node for edge in edges for node in (edge.start, edge.end)} | keep)
    nodes = [_node(places, at) for at in used]
    detour = rules.default("build.connector_detour")
    for number, entry in enumerate(entries):
        own = places.add(entry.node_id, float(entry.xy[0]), float(entry.xy[1]))
        nodes.append(_node(places, own, entry.zone_id, entry.stop_id))
        links.append(_connector(f"c{number + 1:06d}", entry, places.names[own], places, detour))
    report.count(PART, "kept", "links", len(links))
    km = sum(float(link["length_m"]) for link in links) / 1000.0
    report.count(PART, "kept", "length", km, "km")
    if elevation is None:
        report.count(PART, "note", "no elevation was given: all ways are taken as flat")
    return nodes, links


@dataclass(frozen=True)
class _Entry:
    """A zone or a stop at ``xy``, and where it joins the ways."""

    zone_id: str
    stop_id: str
    xy: NDArray[np.float64]
    join: Join

    @property
    def node_id(self) -> str:
        return f"z-{self.zone_id}" if self.zone_id else f"s-{self.stop_id}"


def _count_stops(
    stops: pd.DataFrame, far: NDArray[np.bool_], reach_m: float, extract: OsmExtract, report: Report
) -> None:
    """Count stops that lie far from every way: one walks there in a straight line. Many lie where the file ends."""
    ids = stops["stop_id"].astype(str).to_numpy()
    report.count(PART, "kept", "stops joined to ways", int((~far).sum()))
    what = f"stops farther than {reach_m:g} m from every way for walking"
    report.count(PART, "note", what, int(far.sum()), "", ids[far][:5])
    lon, lat = stops["stop_lon"].to_numpy(np.float64), stops["stop_lat"].to_numpy(np.float64)
    beyond = (
        (lon < extract.lon.min()) | (lon > extract.lon.max()) | (lat < extract.lat.min()) | (lat > extract.lat.max())
    )
    lost = far & beyond
    what = "of these stops, outside the box around all ways of the OpenStreetMap extract"
    report.count(PART, "outside", what, int(lost.sum()), "", ids[lost][:5])


def _connector(link_id: str, entry: _Entry, name: str, places: Places, detour: float) -> dict[str, Any]:
    return {
        "link_id": link_id,
        "from_node": name,
        "to_node": places.names[entry.join.node],
        "length_m": _tenths(max(entry.join.away_m * detour, 1.0)),
        "walk": 1,
        "bike": "both",
        "infrastructure": "connector",
        "surface_share": 1.0,
        "rise_m": None,
        "fall_m": None,
        "status": "assumption",
    }


def _node(places: Places, at: int, zone_id: str = "", stop_id: str = "") -> dict[str, Any]:
    return {
        "node_id": places.names[at],
        "zone_id": zone_id,
        "stop_id": stop_id,
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
