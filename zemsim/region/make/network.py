"""The road graph while it is made: nodes with places, links without doubles, shortest ways."""

from __future__ import annotations

import heapq
import math
from dataclasses import dataclass, field

from zemsim.region import geo

NODE_COLUMNS = ["node_id", "kind", "zone_id", "lon", "lat", "x_m", "y_m"]
LINK_COLUMNS = [
    "link_id",
    "from_node",
    "to_node",
    "name",
    "road_class",
    "length_m",
    "speed_km_h",
    "capacity_veh_h",
    "surface",
    "bridge",
    "status",
    "source",
]


@dataclass(frozen=True)
class Node:
    """A node; degrees rounded to 6 places (0.1 m), metres to whole ones."""

    node_id: str
    kind: str
    zone_id: str
    lon: float
    lat: float
    x_m: float
    y_m: float


@dataclass(frozen=True)
class LinkKind:
    """What a link is besides its ends: name, class, surface, speed, capacity, status, source."""

    name: str
    road_class: str
    speed_km_h: float
    capacity_veh_h: float
    surface: str
    status: str
    source: str
    bridge: int = 0


@dataclass(frozen=True)
class Link:
    """An undirected link between two nodes."""

    from_node: str
    to_node: str
    length_m: int
    kind: LinkKind


@dataclass
class Network:
    """Nodes by id and links by pair of ends."""

    nodes: dict[str, Node] = field(default_factory=dict)
    links: dict[tuple[str, str], Link] = field(default_factory=dict)

    def add_node(self, node_id: str, kind: str, lon: float, lat: float, zone_id: str = "") -> Node:
        """Add a node at a place in degrees; an id that is there already is an error."""
        if node_id in self.nodes:
            raise ValueError(f"node {node_id} occurs twice")
        lon, lat = round(float(lon), 6), round(float(lat), 6)
        x, y = geo.to_metres(lon, lat)
        node = Node(node_id, kind, zone_id, lon, lat, float(round(float(x))), float(round(float(y))))
        self.nodes[node_id] = node
        return node

    def add_node_at(self, node_id: str, kind: str, x_m: float, y_m: float, zone_id: str = "") -> Node:
        """Add a node at a place on the grid."""
        lon, lat = geo.to_degrees(x_m, y_m)
        return self.add_node(node_id, kind, float(lon), float(lat), zone_id)

    def great_circle_m(self, a: str, b: str) -> float:
        """Return the great circle between two nodes, metres."""
        first, second = self.nodes[a], self.nodes[b]
        return float(geo.great_circle_m(first.lon, first.lat, second.lon, second.lat))

    def plane_m(self, a: str, b: str) -> float:
        """Return the straight distance between two nodes on the grid, metres."""
        return math.hypot(self.nodes[a].x_m - self.nodes[b].x_m, self.nodes[a].y_m - self.nodes[b].y_m)

    def add_link(self, a: str, b: str, length_m: float, kind: LinkKind) -> bool:
        """Add a link unless the two nodes have one; never shorter than the great circle. Return whether it is new."""
        key = (min(a, b), max(a, b))
        if a == b or key in self.links:
            return False
        least = max(1, math.ceil(self.great_circle_m(a, b)))
        self.links[key] = Link(a, b, max(least, round(length_m)), kind)
        return True

    def neighbours(self) -> dict[str, list[tuple[str, int]]]:
        """Return for each node the nodes at its links with their length, sorted by id."""
        found: dict[str, list[tuple[str, int]]] = {name: [] for name in self.nodes}
        for (a, b), link in self.links.items():
            found[a].append((b, link.length_m))
            found[b].append((a, link.length_m))
        return {name: sorted(ways) for name, ways in found.items()}

    def components(self) -> list[list[str]]:
        """Return the connected parts, the largest first, ties by the lowest id; ids sorted."""
        ways = self.neighbours()
        seen: set[str] = set()
        parts = []
        for start in sorted(self.nodes):
            if start in seen:
                continue
            seen.add(start)
            part, stack = [start], [start]
            while stack:
                for other, _ in ways[stack.pop()]:
                    if other not in seen:
                        seen.add(other)
                        part.append(other)
                        stack.append(other)
            parts.append(sorted(part))
        return sorted(parts, key=lambda part: (-len(part), part[0]))


def shortest_m(ways: dict[str, list[tuple[str, int]]], start: str, end: str, limit_m: float) -> float:
    """Return the length of the shortest way, ``inf`` beyond ``limit_m`` (Dijkstra)."""
    best = {start: 0.0}
    heap = [(0.0, start)]
    while heap:
        length, node = heapq.heappop(heap)
        if node == end:
            return length
        if length > best[node]:
            continue
        for other, step in ways[node]:
            further = length + step
            if further <= limit_m and further < best.get(other, math.inf):
                best[other] = further
                heapq.heappush(heap, (further, other))
    return math.inf
