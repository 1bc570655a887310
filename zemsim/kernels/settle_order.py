"""In which order a search from a node settles the others: Dijkstra (1959), with a 4-ary heap of nodes.

Each node stands in the heap at most once, with a position per node, so that its key can be lowered.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numba import njit
from numpy.typing import NDArray

from zemsim.kernels.lean import INNER


class Work(NamedTuple):
    """Work space of one search, [N] each; ``place`` is the place of a node in the heap, -1 outside."""

    cost: NDArray[np.float64]
    heap_key: NDArray[np.float64]
    heap_node: NDArray[np.int32]
    place: NDArray[np.int32]


def _sift_down(size: int, key: float, node: int, work: Work) -> None:
    """Put a key at the root of a heap of ``size`` entries whose root is free."""
    i = 0
    while True:
        child = 4 * i + 1
        if child >= size:
            break
        best = child
        best_key = work.heap_key[child]
        for other in range(child + 1, min(child + 4, size)):
            if work.heap_key[other] < best_key:
                best_key = work.heap_key[other]
                best = other
        if best_key >= key:
            break
        moved = work.heap_node[best]
        work.heap_key[i] = best_key
        work.heap_node[i] = moved
        work.place[moved] = i
        i = best
    work.heap_key[i] = key
    work.heap_node[i] = node
    work.place[node] = i


def _push(i: int, key: float, node: int, work: Work) -> None:
    """Put the key of a node at place ``i`` of the heap (its end, or where the node is), or above it."""
    while i > 0:
        parent = (i - 1) >> 2
        if work.heap_key[parent] <= key:
            break
        moved = work.heap_node[parent]
        work.heap_key[i] = work.heap_key[parent]
        work.heap_node[i] = moved
        work.place[moved] = i
        i = parent
    work.heap_key[i] = key
    work.heap_node[i] = node
    work.place[node] = i


def _pop(size: int, work: Work) -> None:
    """Take the root off a heap of ``size`` entries."""
    work.place[work.heap_node[0]] = -1
    if size > 1:
        _sift_down(size - 1, work.heap_key[size - 1], work.heap_node[size - 1], work)


def fill_order(
    origin: int,
    row_start: NDArray[np.int64],
    head: NDArray[np.int32],
    no_through: NDArray[np.bool_],
    link_cost: NDArray[np.float64],
    work: Work,
    order: NDArray[np.int32],
) -> None:
    """Fill ``order`` with all nodes that may be passed, as a search from ``origin`` settles them.

    Those that it does not reach come last, by number.

    Parameters
    ----------
    origin : int
    row_start, head, no_through
        Of a graph whose links are sorted by tail; see :class:`~zemsim.kernels.lane_trees.Graph`.
    link_cost : float64 [L]
    work : Work
    order : int32
        As long as there are nodes that may be passed.
    """
    work.cost[:] = np.inf
    work.place[:] = -1
    work.cost[origin] = 0.0
    _push(0, 0.0, origin, work)
    size, count = 1, 0
    while size > 0:
        node = work.heap_node[0]
        _pop(size, work)
        size -= 1
        if not no_through[node]:
            order[count] = node
            count += 1
        elif node != origin:
            continue
        for link in range(row_start[node], row_start[node + 1]):
            end = head[link]
            new = work.cost[node] + link_cost[link]
            if new < work.cost[end]:
                place = work.place[end]
                if place < 0:
                    place = size
                    size += 1
                work.cost[end] = new
                _push(place, new, end, work)
    for node in range(no_through.size):
        if work.cost[node] == np.inf and not no_through[node]:
            order[count] = node
            count += 1


_sift_down = njit(nogil=True, forceinline=True, **INNER)(_sift_down)
_push = njit(nogil=True, forceinline=True, **INNER)(_push)
_pop = njit(nogil=True, forceinline=True, **INNER)(_pop)
fill_order = njit(nogil=True, forceinline=True, **INNER)(fill_order)
