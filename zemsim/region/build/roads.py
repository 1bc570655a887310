"""The road tables of a pack: from ways for cars to one graph that joins all zones."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from zemsim.core.errors import InputError
from zemsim.region.build.graph import Edge, Places, cut_at_crossings, draw_chains_together, main_part, without_loops
from zemsim.region.build.links import LinkTable
from zemsim.region.build.osm import OsmExtract
from zemsim.region.build.report import Report
from zemsim.region.build.rules import Rules
from zemsim.region.build.snap import Join, join_points
from zemsim.region.build.turns import read_restrictions, restrict
from zemsim.region.build.ways import car_roads, pieces
from zemsim.region.geo import Grid
from zemsim.region.nearest import NearestPoint

PART = "roads"

#: Roads that a zone does not join directly.
_FAST = ("motorway", "motorway_link", "trunk", "trunk_link")
#: At most this share of the residents may lie too far from a road.
_MOST_LEFT_OUT = 0.5


@dataclass(frozen=True)
class RoadTables:
    """Rows of ``road_nodes`` and ``road_links``, and the zones that were joined (rows of the zones that were given)."""

    nodes: list[dict[str, Any]]
    links: list[dict[str, Any]]
    joined: np.ndarray


def road_tables(extract: OsmExtract, zones: pd.DataFrame, grid: Grid, rules: Rules, report: Report) -> RoadTables:
    """Make the road graph of cars and join the zones to it.

    Raises
    ------
    InputError
        If there is no road for cars, or most residents live too far from one.
    """
    kinds, directions = car_roads(extract, rules, report)
    runs = pieces(extract, sorted(kinds), report, PART)
    restrictions = read_restrictions(extract, report)
    crossings = {node for rule in restrictions for node in rule.nodes}
    passed = {way for rule in restrictions for way in rule.via_ways}
    places = Places(extract, grid)
    edges = cut_at_crossings(runs, kinds, directions, extract.way_id, crossings)
    edges = main_part(edges, places, report, PART)
    if not edges:
        raise InputError("the file has no road for cars")
    edges, joins, joined = _join_zones(edges, places, zones, crossings, passed, rules, report)
    keep = crossings | {join.node for join in joins}
    before = len(edges)
    edges = without_loops(draw_chains_together(edges, keep), report, PART)
    report.count(PART, "repaired", "edges drawn together with the next", before - len(edges))
    restricted = restrict(edges, restrictions, places, report)
    table = LinkTable(places, rules, _urban(zones))
    table.add_roads(restricted, extract, report)
    names = zones["zone_id"].tolist()
    own = {
        row: places.add(f"z-{names[row]}", float(zones["x_m"].iloc[row]), float(zones["y_m"].iloc[row]))
        for row in np.flatnonzero(joined).tolist()
    }
    table.add_zones(own, joins, names)
    _count(table, report)
    return RoadTables(table.node_rows(), table.links, joined)


def _join_zones(
    edges: list[Edge],
    places: Places,
    zones: pd.DataFrame,
    crossings: set[int],
    passed: set[int],
    rules: Rules,
    report: Report,
) -> tuple[list[Edge], list[Join], np.ndarray]:
    points = zones[["x_m", "y_m"]].to_numpy(np.float64)
    limit = rules.default("build.zone_snap_m")
    edges, joins = join_points(
        edges, places, points, zones["zone_id"].tolist(), limit, round(rules.default("build.zone_links_max")),
        rules.default("build.zone_links_reach"),
        lambda edge: edge.kind.highway not in _FAST and not edge.kind.bridge and edge.first_way not in passed,
        frozenset(crossings),
    )  # fmt: skip
    joined = np.zeros(len(zones), bool)
    joined[[join.point for join in joins]] = True
    lost = zones[~joined]
    people = int(lost["population"].sum())
    report.count(
        "zones", "outside", f"zones farther than {limit:g} m from every road", len(lost), "", lost["zone_id"].head()
    )
    report.count("zones", "outside", "residents of zones without a road", people)
    if people > _MOST_LEFT_OUT * zones["population"].sum():
        raise InputError(
            f"{people:,} of {int(zones['population'].sum()):,} residents live farther than {limit:g} m from every road",
            hint="is the extract of the place of the zones? The limit is build.zone_snap_m in the rule table defaults",
        )
    away = np.array([join.away_m for join in joins])
    report.count("zones", "kept", "zones joined to roads", int(joined.sum()))
    report.count("zones", "kept", "connectors", len(joins))
    report.count("zones", "note", "connectors longer than 300 m", int((away > 300.0).sum()))
    return edges, joins, joined


def _urban(zones: pd.DataFrame) -> Any:
    """Return a test whether a point lies in a zone of a city or town, by the nearest centre."""
    tree = NearestPoint(zones[["x_m", "y_m"]])
    town = zones["area_type"].isin(("city", "town")).to_numpy()
    size = zones["size_m"].to_numpy(np.float64)

    def inside(x_m: float, y_m: float) -> bool:
        away, nearest = tree.of([x_m, y_m])
        return bool(town[int(nearest)] and away <= size[int(nearest)])

    return inside


def _count(table: LinkTable, report: Report) -> None:
    roads = [link for link in table.links if link["road_class"] != "connector"]
    report.count(PART, "kept", "links of roads", len(roads))
    report.count(PART, "kept", "nodes", len(table.used))
    km = sum(float(link["length_m"]) for link in roads) / 1000.0
    report.count(PART, "kept", "length of roads, one-way links by themselves", km, "km")
    report.count(PART, "kept", "links on bridges", sum(int(link["bridge"]) for link in roads))
    for name in ("speed_status", "capacity_status"):
        share = sum(float(link["length_m"]) for link in roads if link[name] == "assumption") / 1000.0
        report.count(PART, "defaulted", f"length with {name.removesuffix('_status')} of its class", share, "km")
