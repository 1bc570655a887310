"""A graph of edges between nodes of an extract: cut at crossings, kept in one piece, chains drawn together."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import coo_matrix
from scipy.sparse.csgraph import connected_components

from zemsim.region.build.osm import OsmExtract
from zemsim.region.build.report import Report
from zemsim.region.build.ways import Piece
from zemsim.region.geo import Grid, great_circle_m

Float = NDArray[np.float64]

#: Shortest length that a link may have, m.
LEAST_M = 0.1


@dataclass(frozen=True)
class Edge:
    """A way between two nodes of the graph.

    Attributes
    ----------
    nodes : tuple of int
        Positions in :class:`Places`, from beginning to end.
    direction : int
        1 along, -1 against, 0 both.
    kind : object
        What the way is: equal kinds may be drawn together. Has ``turned()``.
    order : tuple
        Id of the first way, then the place in it: the order of edges.
    first_way, last_way : int
        Position of the way at the beginning and at the end.
    """

    nodes: tuple[int, ...]
    direction: int
    kind: Any
    order: tuple[int, ...]
    first_way: int
    last_way: int

    @property
    def start(self) -> int:
        return self.nodes[0]

    @property
    def end(self) -> int:
        return self.nodes[-1]

    def turned(self) -> Edge:
        """Return the edge from its other end."""
        return replace(
            self,
            nodes=self.nodes[::-1],
            direction=-self.direction,
            kind=self.kind.turned(),
            first_way=self.last_way,
            last_way=self.first_way,
        )


class Places:
    """Nodes of an extract in degrees and metres, and further ones that an import adds.

    Parameters
    ----------
    extract : OsmExtract
    grid : Grid
    """

    def __init__(self, extract: OsmExtract, grid: Grid) -> None:
        self.grid = grid
        self.names = [f"n{i}" for i in extract.node_id.tolist()]
        self.lon, self.lat = extract.lon.tolist(), extract.lat.tolist()
        x, y = grid.to_metres(extract.lon, extract.lat)
        self.x_m, self.y_m = x.tolist(), y.tolist()

    def add(self, name: str, x_m: float, y_m: float) -> int:
        """Add a node; returns its position."""
        lon, lat = self.grid.to_degrees(x_m, y_m)
        self.names.append(name)
        self.lon.append(float(lon))
        self.lat.append(float(lat))
        self.x_m.append(x_m)
        self.y_m.append(y_m)
        return len(self.names) - 1

    def copy(self, node: int, name: str) -> int:
        """Add a node at the place of another; returns its position."""
        self.names.append(name)
        for values in (self.lon, self.lat, self.x_m, self.y_m):
            values.append(values[node])
        return len(self.names) - 1

    def length_m(self, nodes: tuple[int, ...]) -> float:
        """Length along nodes on the ground, m."""
        index = list(nodes)
        lon, lat = np.array([self.lon[i] for i in index]), np.array([self.lat[i] for i in index])
        return float(great_circle_m(lon[:-1], lat[:-1], lon[1:], lat[1:]).sum())


def cut_at_crossings(
    runs: list[Piece],
    kinds: Mapping[int, Any],
    directions: Mapping[int, int],
    way_id: NDArray[np.int64],
    also: Iterable[int] = (),
) -> list[Edge]:
    """Return the edges between nodes where ways meet or end, and nodes that must stay (``also``)."""
    uses: dict[int, int] = {}
    for run in runs:
        for position, node in enumerate(run.nodes):
            uses[node] = uses.get(node, 0) + (2 if position in (0, len(run.nodes) - 1) else 1)
    keep = {node for node, count in uses.items() if count > 1} | set(also)
    edges = []
    for run in runs:
        begin = 0
        for position in range(1, len(run.nodes)):
            if run.nodes[position] in keep:
                nodes = run.nodes[begin : position + 1]
                order = (int(way_id[run.way]), run.nodes[0], begin)
                edges.append(Edge(nodes, directions[run.way], kinds[run.way], order, run.way, run.way))
                begin = position
    return edges


def arcs(edges: list[Edge]) -> tuple[list[int], list[int]]:
    """Tails and heads of the directions in which the edges may be used."""
    tail = [e.start for e in edges if e.direction >= 0] + [e.end for e in edges if e.direction <= 0]
    head = [e.end for e in edges if e.direction >= 0] + [e.start for e in edges if e.direction <= 0]
    return tail, head


def main_part(edges: list[Edge], places: Places, report: Report, part: str) -> list[Edge]:
    """Keep the largest set of nodes of which each can be reached from each; the rest is dropped and counted."""
    n_nodes = len(places.names)
    tail, head = arcs(edges)
    graph = coo_matrix((np.ones(len(tail)), (tail, head)), shape=(n_nodes, n_nodes))
    _, label = connected_components(graph, directed=True, connection="strong")
    used = np.unique(tail + head)
    if not used.size:
        return []
    sizes = np.bincount(label[used])
    largest = int(sizes.argmax())
    kept = [e for e in edges if label[e.start] == largest and label[e.end] == largest]
    lost = [e for e in edges if not (label[e.start] == largest and label[e.end] == largest)]
    parts = int((sizes > 0).sum())
    report.count(part, "read", "edges between crossings", len(edges))
    report.count(part, "note", "parts that cannot reach each other both ways", parts if parts > 1 else 0)
    report.count(part, "dropped", "edges off the main part", len(lost))
    km = sum(places.length_m(e.nodes) for e in lost) / 1000.0
    report.count(part, "dropped", "length off the main part", km, "km")
    return kept


def draw_chains_together(edges: list[Edge], keep: set[int]) -> list[Edge]:
    """Make one edge of two that meet at a node where nothing else does, if they are of one kind and direction.

    Nodes in ``keep`` stay. No edge becomes a loop by it.
    """
    found: dict[int, Edge] = dict(enumerate(edges))
    at: dict[int, list[int]] = {}
    for number, edge in found.items():
        at.setdefault(edge.start, []).append(number)
        at.setdefault(edge.end, []).append(number)
    for node in sorted(at):
        if node in keep or len(at[node]) != 2 or at[node][0] == at[node][1]:
            continue
        a, b = sorted(at[node], key=lambda number: found[number].order)
        first, second = found[a], found[b]
        first = first if first.end == node else first.turned()
        second = second if second.start == node else second.turned()
        if first.direction != second.direction or first.kind != second.kind or first.start == second.end:
            continue
        joined = replace(first, nodes=first.nodes + second.nodes[1:], last_way=second.last_way)
        found[a] = joined
        del found[b]
        far = at[second.end]
        far[far.index(b)] = a
        at[node] = []
    return sorted(found.values(), key=lambda edge: edge.order)


def without_loops(edges: list[Edge], report: Report, part: str) -> list[Edge]:
    """Drop edges that end where they begin: no shortest path uses them."""
    kept = [edge for edge in edges if edge.start != edge.end]
    report.count(part, "dropped", "loops that begin and end at the same node", len(edges) - len(kept))
    return kept


def numbered(edges: list[Edge], way_id: NDArray[np.int64], prefix: str = "w") -> list[str]:
    """Return an id for each edge: that of its first way, and a number in it; edges come in their order."""
    count: dict[int, int] = {}
    names = []
    for edge in edges:
        way = int(edge.order[0])
        count[way] = count.get(way, 0) + 1
        names.append(f"{prefix}{way}-{count[way]}")
    return names
