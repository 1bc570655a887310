"""Slow twins of the road kernels: labels by Dijkstra on tuples, arcs by taking out nodes one after another."""

from __future__ import annotations

import heapq
from collections.abc import Sequence
from itertools import combinations

#: Tail, head, label (time, then other sums).
Link = tuple[int, int, tuple[int, ...]]


def shortest(
    n_nodes: int, links: Sequence[Link], origin: int, unreachable: int
) -> tuple[list[tuple[int, ...]], list[int]]:
    """Least label of every node, and the lowest last link of its shortest paths (-1 if none).

    Labels compare as tuples. A time of ``unreachable`` or more is no path: its label is (unreachable, 0, ...).
    """
    n_sums = len(links[0][2]) if links else 1
    none = (unreachable,) + (0,) * (n_sums - 1)
    label = [none] * n_nodes
    label[origin] = (0,) * n_sums
    queue = [(label[origin], origin)]
    while queue:
        now, node = heapq.heappop(queue)
        if now != label[node]:
            continue
        for tail, head, weight in links:
            new = tuple(a + b for a, b in zip(now, weight, strict=True))
            if tail == node and new < label[head] and new[0] < unreachable:
                label[head] = new
                heapq.heappush(queue, (new, head))
    last = [-1] * n_nodes
    for number in reversed(range(len(links))):
        tail, head, weight = links[number]
        reached = label[tail][0] < unreachable and head != origin
        if reached and tuple(a + b for a, b in zip(label[tail], weight, strict=True)) == label[head] != none:
            last[head] = number
    return label, last


def arcs(n_nodes: int, links: Sequence[Link], rank: Sequence[int]) -> set[tuple[int, int]]:
    """Pairs (lower rank, upper rank) that are joined when nodes are taken out in the order of their ranks."""
    near: list[set[int]] = [set() for _ in range(n_nodes)]
    for tail, head, _weight in links:
        if tail != head:
            near[rank[tail]].add(rank[head])
            near[rank[head]].add(rank[tail])
    found = set()
    for node in range(n_nodes):
        above = {other for other in near[node] if other > node}
        found |= {(node, other) for other in above}
        for a, b in combinations(above, 2):
            near[a].add(b)
            near[b].add(a)
    return found
