"""The slow, obvious twin of one pass over pairs with rival paths: sets of links, and every cost from the flows."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from tests.reference.equilibrium import Road


@dataclass
class Rival:
    """A path: its links and its flow."""

    links: list[int]
    flow: float


def slope(road: Road, flow: float) -> float:
    """Derivative of the time of a road by its flow, for powers of one and above."""
    if math.isinf(road.capacity):
        return 0.0
    return road.t0 * road.alpha * road.beta / road.capacity * (flow / road.capacity) ** (road.beta - 1)


def balance(
    roads: Sequence[Road],
    fixed: Sequence[Sequence[float]],
    on_road: list[float],
    pairs: dict[int, list[Rival]],
    pair_class: Sequence[int],
    demand: Sequence[float],
    tolerance: Sequence[float],
) -> tuple[int, float, float]:
    """Move flow to the first cheapest path of each pair, in turn.

    ``on_road`` and the flows of ``pairs`` change. A pair is left alone if its used paths differ by no more than its
    tolerance; what is left of a path's flow goes as well if it is no more than 1e-13 of the demand.

    Returns how many moves were made, what was paid above the cheapest paths, and how far the closest decision was from
    another one, in cost: near 0 the last digit decides.
    """
    moves, excess, closest = 0, 0.0, math.inf
    for number, paths in pairs.items():
        extra = fixed[pair_class[number]]
        costs = [sum(roads[r].time(on_road[r]) + extra[r] for r in path.links) for path in paths]
        used = [(path.flow, cost) for path, cost in zip(paths, costs, strict=True) if path.flow > 0]
        best = costs.index(min(costs))
        excess += max(0.0, sum(flow * (cost - costs[best]) for flow, cost in used))
        too_much = max((cost for _, cost in used), default=0.0) - costs[best] - tolerance[number]
        closest = min([closest, abs(too_much), *(cost - costs[best] for k, cost in enumerate(costs) if k != best)])
        if too_much <= 0:
            continue
        for path in paths:
            if path is paths[best] or path.flow == 0:
                continue
            amount = _amount(roads, extra, on_road, path, paths[best])
            moves += 1
            for road in set(path.links) - set(paths[best].links):
                on_road[road] = max(0.0, on_road[road] - amount)
            for road in set(paths[best].links) - set(path.links):
                on_road[road] += amount
            all_of_it = path.flow - amount <= 1e-13 * demand[number]
            paths[best].flow += path.flow if all_of_it else amount
            path.flow = 0.0 if all_of_it else path.flow - amount
    return moves, excess, closest


def _amount(
    roads: Sequence[Road], extra: Sequence[float], on_road: Sequence[float], path: Rival, other: Rival
) -> float:
    """What moves: steps of Newton, at most six, until a quarter of the gain is left, or nothing on the path.

    A step out of what is known to be too little and too much is replaced by its middle (the first by all there is); so
    is one after a step that went too far and left more than half of what there was to gain.
    """
    losing, gaining = set(path.links) - set(other.links), set(other.links) - set(path.links)

    def gain(amount: float) -> float:
        lost = sum(roads[r].time(max(0.0, on_road[r] - amount)) + extra[r] for r in losing)
        return lost - sum(roads[r].time(on_road[r] + amount) + extra[r] for r in gaining)

    def falls_by(amount: float) -> float:
        lost = sum(slope(roads[r], max(0.0, on_road[r] - amount)) for r in losing)
        return lost + sum(slope(roads[r], on_road[r] + amount) for r in gaining)

    first = gain(0.0)
    if first <= 0:
        return 0.0
    moved, low, high, before = 0.0, 0.0, path.flow, math.inf
    for step in range(6):
        here = gain(moved)
        goal = moved + here / falls_by(moved) if falls_by(moved) > 0 else high
        if not low < goal < high:
            goal = path.flow if step == 0 else 0.5 * (low + high)
        elif here < 0 and -here > 0.5 * before:
            goal = 0.5 * (low + high)
        before = abs(here)
        moved = goal
        left = gain(moved)
        if abs(left) <= 0.25 * first or (left > 0 and moved >= path.flow):
            break
        low, high = (moved, high) if left > 0 else (low, moved)
    return moved
