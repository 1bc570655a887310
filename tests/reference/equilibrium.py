"""The slow, obvious twins of the traffic equilibrium: all paths listed, flow moved between two of them by bisection."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Road:
    """A link: its ends and its volume-delay function ``t0 * (1 + alpha * (x / capacity) ** beta)``."""

    tail: int
    head: int
    t0: float
    alpha: float
    beta: float
    capacity: float

    def time(self, flow: float) -> float:
        """Time under a flow."""
        if self.alpha == 0 or self.t0 == 0 or math.isinf(self.capacity):
            return self.t0
        if self.beta == 0:
            return self.t0 * (1 + self.alpha)
        if self.capacity == 0:
            return math.inf
        return self.t0 * (1 + self.alpha * (flow / self.capacity) ** self.beta)

    def integral(self, flow: float, steps: int = 20_000) -> float:
        """Integral of the time from 0 to ``flow`` by the midpoint rule."""
        width = flow / steps
        return math.fsum(self.time((i + 0.5) * width) for i in range(steps)) * width


Path = tuple[int, ...]
"""Numbers of its links, from origin to destination."""


def all_paths(roads: Sequence[Road], origin: int, dest: int, no_through: Sequence[bool]) -> list[Path]:
    """All paths without loops along open roads."""

    def walk(node: int, seen: frozenset[int], so_far: Path) -> Iterator[Path]:
        if node == dest:
            yield so_far
            return
        if no_through[node] and node != origin:
            return
        for number, road in enumerate(roads):
            if road.tail == node and road.head not in seen and math.isfinite(road.time(0.0)):
                yield from walk(road.head, seen | {road.head}, (*so_far, number))

    return list(walk(origin, frozenset({origin}), ()))


def cheapest(
    roads: Sequence[Road], cost: Sequence[float], origin: int, n: int, no_through: Sequence[bool]
) -> list[float]:
    """Lowest cost from an origin to every node, by Bellman and Ford."""
    best = [math.inf] * n
    best[origin] = 0.0
    for _ in range(n):
        for road, here in zip(roads, cost, strict=True):
            if road.tail == origin or not no_through[road.tail]:
                best[road.head] = min(best[road.head], best[road.tail] + here)
    return best


def equilibrium(
    roads: Sequence[Road],
    demand: dict[tuple[int, int, int], float],
    fixed: Sequence[Sequence[float]],
    no_through: Sequence[bool],
    rounds: int = 60,
) -> list[float]:
    """Flow of each road when nobody gains by another path.

    ``demand`` is keyed by (class, origin, destination); ``fixed[class][road]`` is a cost beside time. Two paths of a
    pair are balanced at a time, in turn, until nothing moves.
    """
    paths = {pair: all_paths(roads, pair[1], pair[2], no_through) for pair in demand}
    flow = {pair: [quantity] + [0.0] * (len(paths[pair]) - 1) for pair, quantity in demand.items()}
    on_road = [0.0] * len(roads)
    for pair, quantity in demand.items():
        for road in paths[pair][0]:
            on_road[road] += quantity
    for _ in range(rounds):
        moved = 0.0
        for pair, list_of_paths in paths.items():
            for i, one in enumerate(list_of_paths):
                for j, other in enumerate(list_of_paths):
                    if i != j and flow[pair][i] > 0:
                        amount = _amount(roads, on_road, fixed[pair[0]], one, other, flow[pair][i])
                        flow[pair][i] -= amount
                        flow[pair][j] += amount
                        moved += amount
                        for road in set(one) - set(other):
                            on_road[road] -= amount
                        for road in set(other) - set(one):
                            on_road[road] += amount
        if moved < 1e-12:
            break
    return on_road


def _amount(
    roads: Sequence[Road], on_road: Sequence[float], fixed: Sequence[float], one: Path, other: Path, most: float
) -> float:
    """How much of a flow goes from one path to another until they cost the same; all of it if they never do."""

    def gain(amount: float) -> float:
        here = math.fsum(roads[r].time(max(0.0, on_road[r] - amount)) + fixed[r] for r in set(one) - set(other))
        there = math.fsum(roads[r].time(on_road[r] + amount) + fixed[r] for r in set(other) - set(one))
        return here - there

    if gain(0.0) <= 0:
        return 0.0
    if gain(most) >= 0:
        return most
    low, high = 0.0, most
    for _ in range(70):
        middle = 0.5 * (low + high)
        low, high = (middle, high) if gain(middle) > 0 else (low, middle)
    return low
