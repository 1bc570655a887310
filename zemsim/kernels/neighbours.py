"""Neighbours of nodes, whatever the direction and number of links; and nodes of few neighbours, taken out.

N nodes, L links; ``near[start[v] : start[v + 1]]`` are the neighbours of ``v``.
"""

from __future__ import annotations

import numpy as np
from numba import njit
from numpy.typing import NDArray

from zemsim.kernels.lean import INNER

Int32 = NDArray[np.int32]
Int64 = NDArray[np.int64]

#: Nodes with so many neighbours are taken out before a graph is cut: that makes no node's neighbours more.
FEW_NEIGHBOURS = 2


def collect(tail: Int32, head: Int32, start: Int64, near: Int32) -> None:
    """Fill the distinct neighbours of each node, rising; ``start`` [N + 1] is all zeros before.

    Every node is put on the lists of its neighbours; then, node by node, those on its list get it on theirs: so each
    list is sorted, and the same node stands side by side.
    """
    n_nodes = start.size - 1
    for link in range(tail.size):
        if tail[link] != head[link]:
            start[tail[link] + 1] += 1
            start[head[link] + 1] += 1
    for node in range(n_nodes):
        start[node + 1] += start[node]
    free, unsorted = start[:-1].copy(), np.empty_like(near)
    for link in range(tail.size):
        if tail[link] != head[link]:
            unsorted[free[tail[link]]] = head[link]
            free[tail[link]] += 1
            unsorted[free[head[link]]] = tail[link]
            free[head[link]] += 1
    free[:] = start[:-1]
    for node in range(n_nodes):
        for i in range(start[node], start[node + 1]):
            other = unsorted[i]
            if free[other] == start[other] or near[free[other] - 1] != node:
                near[free[other]] = node
                free[other] += 1
    count = 0
    for node in range(n_nodes):
        first, start[node] = start[node], count
        for i in range(first, free[node]):
            near[count] = near[i]
            count += 1
    start[n_nodes] = count


def neighbours(tail: Int32, head: Int32, n_nodes: int) -> tuple[Int64, Int32]:
    """Distinct neighbours of each node over links in any direction, rising: where they start, and which they are."""
    start, near = np.zeros(n_nodes + 1, np.int64), np.empty(2 * tail.size, np.int32)
    collect(tail, head, start, near)
    return start, near[: start[-1]].copy()


def take_out(node: int, start: Int64, near: Int32, degree: Int32) -> None:
    """Take out a node of two neighbours at most and join them; ``degree`` of it becomes -1."""
    count, first = degree[node], start[node]
    degree[node] = -1
    for k in range(count):
        one = near[first + k]
        other = near[first + 1 - k] if count == 2 else -1
        joined, at = False, first
        for i in range(start[one], start[one] + degree[one]):
            if near[i] == node:
                at = i
            if near[i] == other:
                joined = True
        if other >= 0 and not joined:
            near[at] = other
        else:
            degree[one] -= 1
            near[at] = near[start[one] + degree[one]]


def take_out_few(start: Int64, near: Int32, degree: Int32, order: Int32) -> int:
    """Take out nodes of few neighbours, in ``order``, until none is left; return how many there were.

    In rounds: of neighbours one waits for the next, so that a long road is not taken out from one end to the other and
    its nodes have few ancestors. ``degree`` [N] and ``near`` become what is left.
    """
    n_nodes = degree.size
    round_of = np.zeros(n_nodes, np.int32)
    waits = np.zeros(n_nodes, np.bool_)
    now, later = np.empty(n_nodes, np.int32), np.empty(n_nodes, np.int32)
    count = taken = 0
    for node in range(n_nodes):
        if degree[node] <= FEW_NEIGHBOURS:
            now[count] = node
            waits[node] = True
            count += 1
    number = 0
    while count > 0:
        number += 1
        left = 0
        for k in range(count):
            node = now[k]
            if round_of[node] == number:
                later[left] = node
                left += 1
                continue
            order[taken] = node
            taken += 1
            end = start[node] + degree[node]
            take_out(node, start, near, degree)
            for i in range(start[node], end):
                other = near[i]
                round_of[other] = number
                if degree[other] <= FEW_NEIGHBOURS and not waits[other]:
                    waits[other] = True
                    later[left] = other
                    left += 1
        now, later = later, now
        count = left
    return taken


collect = njit(cache=True, nogil=True)(collect)
take_out = njit(nogil=True, **INNER)(take_out)
take_out_few = njit(nogil=True)(take_out_few)
