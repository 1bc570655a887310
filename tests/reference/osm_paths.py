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
    """At ``via``, from one street to another: forbidden, or (``only``) the only way on.

    With ``through``, streets from ``via`` on that are driven between the two.
    """

    via: int
    come: int
    go: int
    only: bool
    through: tuple[int, ...] = ()


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


Arc = tuple[int, int, Street]


def forbids(rule: TurnRule, driven: tuple[Arc, ...], after: Arc, all_arcs: list[Arc]) -> bool:
    """Whether a rule forbids to go on by an arc, given those that were driven."""
    course = (rule.come, *rule.through, rule.go)
    node, nodes = rule.via, [rule.via]
    for number in rule.through:
        on = [arc for arc in all_arcs if arc[0] == node and arc[2].number == number]
        if not on:
            return False  # nobody can drive that way
        node = on[0][1]
        nodes.append(node)
    comes = any(arc[1] == rule.via and arc[2].number == rule.come for arc in all_arcs)
    if not comes or not any(arc[0] == node and arc[2].number == rule.go for arc in all_arcs):
        return False
    for size in range(1, len(course)):
        if not rule.only and size < len(course) - 1:
            continue
        last = driven[-size:]
        on_course = len(last) == size and [arc[2].number for arc in last] == list(course[:size])
        if on_course and [arc[1] for arc in last] == nodes[:size]:
            right = after[2].number == course[size]
            if right != rule.only:
                return True
    return False


def seconds_between(streets: list[Street], rules: list[TurnRule], turning: set[int], origin: int, dest: int) -> float:
    """Seconds of the fastest way that keeps the turn rules; inf if there is none.

    A state is the arcs that were driven last, as many as the longest rule looks back. Nobody turns round but at nodes
    of ``turning``.
    """
    all_arcs = arcs(streets)
    memory = 1 + max((len(rule.through) for rule in rules), default=0)

    def allowed(driven: tuple[Arc, ...], after: Arc) -> bool:
        if driven[-1][2] is after[2] and driven[-1][1] not in turning:
            return False
        return not any(forbids(rule, driven, after, all_arcs) for rule in rules)

    queue = [(arc[2].seconds, (k,)) for k, arc in enumerate(all_arcs) if arc[0] == origin]
    heapq.heapify(queue)
    done: set[tuple[int, ...]] = set()
    while queue:
        time, state = heapq.heappop(queue)
        if state in done:
            continue
        done.add(state)
        driven = tuple(all_arcs[k] for k in state)
        if driven[-1][1] == dest:
            return time
        for other, arc in enumerate(all_arcs):
            if arc[0] == driven[-1][1] and allowed(driven, arc):
                heapq.heappush(queue, (time + arc[2].seconds, (*state, other)[-memory:]))
    return float("inf")
