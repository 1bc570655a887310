"""The 4-ary heap of nodes that searches for cheapest paths share: each node stands in it at most once."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numba import njit
from numpy.typing import NDArray

from zemsim.kernels.lean import LEAN


class Work(NamedTuple):
    """Work space of one search, [N] each.

    ``seen`` holds the stamp of the last walk that met a node; ``place`` its place in the heap, -1 outside.
    """

    cost: NDArray[np.float64]
    name: NDArray[np.uint64]
    n_links: NDArray[np.int32]
    seen: NDArray[np.int64]
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


def push(i: int, key: float, node: int, work: Work) -> None:
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


def pop(size: int, work: Work) -> None:
    """Take the root off a heap of ``size`` entries."""
    work.place[work.heap_node[0]] = -1
    if size > 1:
        _sift_down(size - 1, work.heap_key[size - 1], work.heap_node[size - 1], work)


_sift_down = njit(cache=True, nogil=True, **LEAN)(_sift_down)
push = njit(cache=True, nogil=True, **LEAN)(push)
pop = njit(cache=True, nogil=True, **LEAN)(pop)
