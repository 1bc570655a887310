"""Nodes and links of the road table: speeds, capacities and ids from what the edges are."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

from zemsim.region.build.graph import LEAST_M, Edge, Places, numbered
from zemsim.region.build.osm import OsmExtract
from zemsim.region.build.report import Report
from zemsim.region.build.rules import Rules
from zemsim.region.build.snap import Join
from zemsim.region.build.turns import Restricted
from zemsim.region.build.ways import CarRoad

Row = dict[str, Any]

#: Length of a link that joins two nodes of one crossing, m.
TURN_M = 0.1
_SOURCE = "OpenStreetMap"


class LinkTable:
    """Rows of ``road_nodes`` and ``road_links`` while they are made.

    Parameters
    ----------
    places : Places
    rules : Rules
    urban : callable
        Whether a point (metres) lies in a town.
    """

    def __init__(self, places: Places, rules: Rules, urban: Callable[[float, float], bool]) -> None:
        self.places = places
        self.rules = rules
        self.urban = urban
        self.links: list[Row] = []
        self.used: dict[int, tuple[str, str]] = {}

    def node(self, position: int, kind: str = "junction", zone_id: str = "") -> str:
        """Note that a node is used; returns its id."""
        self.used.setdefault(position, (kind, zone_id))
        return self.places.names[position]

    def add_roads(self, restricted: Restricted, extract: OsmExtract, report: Report) -> None:
        """Add the links of edges, each direction by itself where the two differ."""
        edges = restricted.edges
        for number, (edge, name) in enumerate(zip(edges, numbered(edges, extract.way_id), strict=True)):
            row = self._road(edge, extract, report)
            forward, backward = self._capacity(edge.kind, True), self._capacity(edge.kind, False)
            apart = restricted.splits(number) or (edge.direction == 0 and forward != backward)
            if edge.direction == 0 and not apart:
                ends = self.node(edge.start), self.node(edge.end)
                self.links.append({**row, "link_id": name, **_ends(ends), "capacity_veh_h": forward, "oneway": 0})
                continue
            for along, capacity in ((True, forward), (False, backward)):
                if edge.direction == (-1 if along else 1):
                    continue
                arc = (number, along)
                start, end = (edge.start, edge.end) if along else (edge.end, edge.start)
                ends = self.node(restricted.begin.get(arc, start)), self.node(restricted.finish.get(arc, end))
                link_id = name if edge.direction else f"{name}{'f' if along else 'b'}"
                self.links.append({**row, "link_id": link_id, **_ends(ends), "capacity_veh_h": capacity, "oneway": 1})
        for number, turn in enumerate(restricted.turns):
            row = self._connector(f"t{number + 1:05d}", self.node(turn.start), self.node(turn.end), TURN_M)
            self.links.append({**row, "oneway": 1, "name": "turn", "status": "reported", "source": _SOURCE})

    def add_zones(self, zone_nodes: dict[int, int], joins: list[Join], zone_ids: list[str]) -> None:
        """Add the nodes of zones and their connectors, both ways."""
        detour = self.rules.default("build.connector_detour")
        for number, join in enumerate(joins):
            zone_id = zone_ids[join.point]
            own = self.node(zone_nodes[join.point], "zone", zone_id)
            length = max(join.away_m * detour, 1.0)
            row = self._connector(f"c{number + 1:06d}", own, self.node(join.node), length)
            self.links.append({**row, "oneway": 0, "name": "", "status": "assumption", "source": "nearest road"})

    def node_rows(self) -> list[Row]:
        """Rows of ``road_nodes``."""
        places = self.places
        return [
            {
                "node_id": places.names[at],
                "kind": kind,
                "zone_id": zone_id,
                "lon": round(places.lon[at], 7),
                "lat": round(places.lat[at], 7),
                "x_m": round(places.x_m[at], 2),
                "y_m": round(places.y_m[at], 2),
            }
            for at, (kind, zone_id) in sorted(self.used.items())
        ]

    def _road(self, edge: Edge, extract: OsmExtract, report: Report) -> Row:
        road: CarRoad = edge.kind
        highway = self.rules.highways[road.highway]
        middle = edge.nodes[len(edge.nodes) // 2]
        town = self.urban(self.places.x_m[middle], self.places.y_m[middle])
        limit = road.limit_km_h or highway.limit_km_h[0 if town else 1]
        speed = limit * highway.drive_share[0 if town else 1] * road.surface_share
        length = self.places.length_m(edge.nodes)
        if length < LEAST_M:
            report.count("roads", "repaired", f"links of no length: {LEAST_M} m")
        tags = extract.tags[edge.first_way]
        return {
            "name": (tags.get("name") or tags.get("ref") or "").strip()[:200],
            "road_class": highway.road_class,
            "length_m": math.ceil(max(length, LEAST_M) * 10.0) / 10.0,
            "speed_km_h": round(max(speed, 3.0), 1),
            "surface": road.surface,
            "bridge": int(road.bridge),
            "highway": road.highway,
            "limit_km_h": "" if road.limit_km_h is None else round(road.limit_km_h, 1),
            "speed_status": "assumption" if road.limit_km_h is None else "estimate",
            "capacity_status": "assumption" if road.lanes[0] is None else "estimate",
            "status": "reported",
            "source": _SOURCE,
        }

    def _capacity(self, road: CarRoad, along: bool) -> int:
        highway = self.rules.highways[road.highway]
        lanes = road.lanes[0 if along else 1] or highway.lanes
        return round(lanes * highway.lane_capacity_veh_h)

    def _connector(self, link_id: str, start: str, end: str, length_m: float) -> Row:
        return {
            "link_id": link_id,
            **_ends((start, end)),
            "road_class": "connector",
            "length_m": math.ceil(length_m * 10.0) / 10.0,
            "speed_km_h": self.rules.default("build.connector_speed_km_h"),
            "capacity_veh_h": self.rules.default("build.connector_capacity_veh_h"),
            "surface": "asphalt",
            "bridge": 0,
            "highway": "",
            "limit_km_h": "",
            "speed_status": "assumption",
            "capacity_status": "assumption",
        }


def _ends(ends: tuple[str, str]) -> Row:
    return {"from_node": ends[0], "to_node": ends[1]}
