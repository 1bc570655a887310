"""Where points join a graph: the nearest places on nearest edges, which are cut there."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
import shapely
from numpy.typing import NDArray

from zemsim.region.build.graph import Edge, Places
from zemsim.region.nearest import lines_within

Float = NDArray[np.float64]

#: A point that joins an edge so near its end joins the end, m.
_SAME_M = 2.0


@dataclass(frozen=True)
class Join:
    """Point ``point`` joins the graph at ``node``, ``away_m`` away in a straight line."""

    point: int
    node: int
    away_m: float


@dataclass(frozen=True)
class _Foot:
    point: int
    edge: int
    segment: int
    share: float
    away_m: float


def join_points(
    edges: list[Edge],
    places: Places,
    points: Float,
    names: list[str],
    limit_m: float,
    most: int,
    reach: float,
    usable: Callable[[Edge], bool],
    fixed: frozenset[int] = frozenset(),
) -> tuple[list[Edge], list[Join]]:
    """Join points to the nearest edges.

    Parameters
    ----------
    points : float64 [n, 2]
        Metres of the grid.
    names : list of str
        Names of the points, for the nodes that are added.
    limit_m : float
        Points farther than this from every edge stay without a join.
    most, reach : int, float
        A point joins up to ``most`` edges, further ones at most ``reach`` times as far as the nearest (plus 50 m).
    usable : callable
        Whether points may join an edge.
    fixed : frozenset of int
        Nodes that no point may join.

    Returns
    -------
    edges, joins
        Edges cut at the joins; joins in the order of the points, the nearest first.
    """
    feet = _feet(edges, places, points, limit_m, most, reach, usable)
    nodes: dict[int, list[tuple[int, float, int]]] = {}
    joins = []
    for foot in feet:
        node = _node_of(foot, edges[foot.edge], places, names[foot.point], fixed, nodes)
        x, y = points[foot.point]
        joins.append(Join(foot.point, node, float(np.hypot(places.x_m[node] - x, places.y_m[node] - y))))
    return _cut(edges, nodes), joins


def _feet(
    edges: list[Edge],
    places: Places,
    points: Float,
    limit_m: float,
    most: int,
    reach: float,
    usable: Callable[[Edge], bool],
) -> list[_Foot]:
    """Nearest places on edges for each point, at most one on each edge."""
    owner, segment, a, b = _segments(edges, usable)
    if not owner.size:
        return []
    xy = np.column_stack([places.x_m, places.y_m])
    lines = shapely.linestrings(np.stack([xy[a], xy[b]], axis=1))
    dots = shapely.points(points)
    near = lines_within(lines, dots, limit_m)
    metres = shapely.distance(dots[near[0]], lines[near[1]])
    feet = []
    order = np.lexsort((near[1], metres, near[0]))
    taken: dict[int, dict[int, float]] = {}
    for row in order.tolist():
        point, line = int(near[0][row]), int(near[1][row])
        chosen = taken.setdefault(point, {})
        edge, away = int(owner[line]), float(metres[row])
        nearest = min(chosen.values(), default=away)
        if edge in chosen or len(chosen) >= most or away > reach * nearest + 50.0:
            continue
        chosen[edge] = away
        share = float(shapely.line_locate_point(lines[line], dots[point], normalized=True))
        feet.append(_Foot(point, edge, int(segment[line]), share, away))
    return sorted(feet, key=lambda foot: (foot.point, foot.away_m, foot.edge))


def _segments(edges: list[Edge], usable: Callable[[Edge], bool]) -> tuple[NDArray[np.int64], ...]:
    rows = [
        (number, k, edge.nodes[k], edge.nodes[k + 1])
        for number, edge in enumerate(edges)
        if usable(edge)
        for k in range(len(edge.nodes) - 1)
    ]
    table = np.array(rows, np.int64).reshape(-1, 4)
    return table[:, 0], table[:, 1], table[:, 2], table[:, 3]


def _node_of(
    foot: _Foot,
    edge: Edge,
    places: Places,
    name: str,
    fixed: frozenset[int],
    cuts: dict[int, list[tuple[int, float, int]]],
) -> int:
    """Node at a foot: the end of the segment if that is near, one that was added there, or a new one."""
    a, b = edge.nodes[foot.segment], edge.nodes[foot.segment + 1]
    length = float(np.hypot(places.x_m[b] - places.x_m[a], places.y_m[b] - places.y_m[a]))
    mine = cuts.setdefault(foot.edge, [])
    share = foot.share
    for at, node in ((0.0, a), (1.0, b)):
        if abs(share - at) * length <= _SAME_M:
            if node not in fixed:
                mine.append((foot.segment, at, node))
                return node
            share = 0.5  # beside a crossing whose turns are restricted
    for segment, other, node in mine:
        if segment == foot.segment and abs(other - share) * length <= _SAME_M:
            return node
    x = places.x_m[a] + share * (places.x_m[b] - places.x_m[a])
    y = places.y_m[a] + share * (places.y_m[b] - places.y_m[a])
    node = places.add(f"j-{name}-{len(places.names)}", x, y)
    mine.append((foot.segment, share, node))
    return node


def _cut(edges: list[Edge], cuts: dict[int, list[tuple[int, float, int]]]) -> list[Edge]:
    found: list[Edge] = []
    for number, edge in enumerate(edges):
        at = sorted(set(cuts.get(number, ())))
        if not at:
            found.append(edge)
            continue
        nodes: list[int] = []
        stops = set()
        for position, node in enumerate(edge.nodes):
            nodes.append(node)
            for segment, share, new in at:
                if segment == position and 0.0 < share < 1.0:
                    nodes.append(new)
                stops.add(new)
        begin = 0
        for position in range(1, len(nodes)):
            if nodes[position] in stops or position == len(nodes) - 1:
                part = tuple(nodes[begin : position + 1])
                found.append(replace(edge, nodes=part, order=(*edge.order, begin)))
                begin = position
    return found
