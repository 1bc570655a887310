"""The slow, obvious twins of the shortest-path and loading kernels: heapq, dictionaries, a walk per pair."""

from __future__ import annotations

import heapq
from collections.abc import Sequence

Link = tuple[int, int, int]
"""Tail, head, weight in ms; the position in a list is the number of the link."""


def shortest(
    n_nodes: int, links: Sequence[Link], origin: int, unreachable: int, no_through: Sequence[bool]
) -> tuple[list[int], list[int], list[int]]:
    """Time and last link of every node (``unreachable`` and -1 where there is no path), and the order of settling."""
    leaving: list[list[int]] = [[] for _ in range(n_nodes)]
    for number, (tail, _head, _weight) in enumerate(links):
        leaving[tail].append(number)
    time = [unreachable] * n_nodes
    order: list[int] = []
    done: set[int] = set()
    queue = [(0, origin)]
    time[origin] = 0
    while queue:
        now, node = heapq.heappop(queue)
        if node in done:
            continue
        done.add(node)
        order.append(node)
        if no_through[node] and node != origin:
            continue
        for number in leaving[node]:
            _tail, head, weight = links[number]
            if now + weight < time[head]:
                time[head] = now + weight
                heapq.heappush(queue, (time[head], head))
    pred = [-1] * n_nodes
    for number in reversed(range(len(links))):
        tail, head, weight = links[number]
        may_leave = tail == origin or not no_through[tail]
        if (
            head != origin
            and may_leave
            and time[tail] < unreachable
            and time[tail] + weight == time[head] < unreachable
        ):
            pred[head] = number
    return time, pred, order


def path(links: Sequence[Link], pred: Sequence[int], target: int) -> list[int]:
    """Links of the path to ``target``, last first."""
    found = []
    while pred[target] >= 0:
        found.append(pred[target])
        target = links[pred[target]][0]
    return found


def loaded(
    links: Sequence[Link], preds: Sequence[Sequence[int]], targets: Sequence[int], od: Sequence[Sequence[float]]
) -> list[float]:
    """Flow of each link: every pair walks its path."""
    flow = [0.0] * len(links)
    for row, pred in enumerate(preds):
        for column, target in enumerate(targets):
            for number in path(links, pred, target):
                flow[number] += od[row][column]
    return flow
