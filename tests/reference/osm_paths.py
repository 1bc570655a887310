"""The slow twin of the import: shortest times over raw ways, turn by turn, without any graph drawn together."""

from __future__ import annotations

import heapq
from dataclasses import dataclass


@dataclass(frozen=True)
class Street:
    """A way of two nodes with its seconds; ``direction`` 1, -1 or 0."""

    number: int
    start: int
    end: int
    direction: int
    seconds: float


@dataclass(frozen=True)
class TurnRule:
    """At ``via``, from one street to another: forbidden, or (``only``) the only way on."""

    via: int
    come: int
    go: int
    only: bool


def arcs(streets: list[Street]) -> list[tuple[int, int, Street]]:
    """Tail, head and street of each direction that may be driven."""
    found = []
    for street in streets:
        if street.direction >= 0:
            found.append((street.start, street.end, street))
        if street.direction <= 0:
            found.append((street.end, street.start, street))
    return found


def reached(streets: list[Street], start: int, backwards: bool = False) -> set[int]:
    """Nodes that can be reached from a node (or that reach it), breadth first."""
    seen, queue = {start}, [start]
    while queue:
        node = queue.pop()
        for tail, head, _ in arcs(streets):
            a, b = (head, tail) if backwards else (tail, head)
            if a == node and b not in seen:
                seen.add(b)
                queue.append(b)
    return seen


def parts(streets: list[Street]) -> list[set[int]]:
    """Sets of nodes that reach each other, the largest first."""
    nodes = {node for street in streets for node in (street.start, street.end)}
    found = []
    while nodes:
        start = min(nodes)
        part = reached(streets, start) & reached(streets, start, backwards=True)
        found.append(part)
        nodes -= part
    return sorted(found, key=lambda part: (-len(part), min(part)))


def seconds_between(streets: list[Street], rules: list[TurnRule], turning: set[int], origin: int, dest: int) -> float:
    """Seconds of the fastest way that keeps the turn rules; inf if there is none.

    A state is the arc that was driven last. Nobody turns round but at nodes of ``turning``.
    """
    all_arcs = arcs(streets)

    def allowed(last: tuple[int, int, Street], after: tuple[int, int, Street]) -> bool:
        if last[2] is after[2] and last[1] not in turning:
            return False
        for rule in rules:
            if rule.via != last[1] or rule.come != last[2].number:
                continue
            if not any(arc[0] == rule.via and arc[2].number == rule.go for arc in all_arcs):
                continue
            if (after[2].number == rule.go) != rule.only:
                return False
        return True

    queue = [(arc[2].seconds, k) for k, arc in enumerate(all_arcs) if arc[0] == origin]
    heapq.heapify(queue)
    best: dict[int, float] = {}
    while queue:
        time, k = heapq.heappop(queue)
        if k in best:
            continue
        best[k] = time
        if all_arcs[k][1] == dest:
            return time
        for other, arc in enumerate(all_arcs):
            if arc[0] == all_arcs[k][1] and other not in best and allowed(all_arcs[k], arc):
                heapq.heappush(queue, (time + arc[2].seconds, other))
    return float("inf")
