"""Cheapest paths from many origins under costs that are real numbers, for traffic in equilibrium.

A graph of N nodes and L directed links is stored by tail (compressed rows), as in `shortest_path`, which is the kernel
for whole milliseconds. Costs here are float64 of zero or more (``inf`` closes a link), because an equilibrium is sought
to more digits than milliseconds have.

A *row* is one origin of one vehicle class; a *pair* is a destination of a row with demand. Each row writes its own
results only, so they are the same for any number of threads. A search ends when all destinations of the row are
settled. While a node is settled, its path gets a 64-bit name, the sum of the names of its links modulo 2^64, by which
paths are recognised without being walked.

Method: Dijkstra (1959) with a 4-ary heap and a position per node.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numba import njit
from numpy.typing import NDArray

from zemsim.kernels.blocks import run_blocks
from zemsim.kernels.lean import LEAN

#: Rows of a block: a few ms of work on a regional network.
ROWS_PER_BLOCK = 16


class Graph(NamedTuple):
    """Directed links sorted by tail.

    Attributes
    ----------
    row_start : int64 [N + 1]
    tail, head : int32 [L]
    no_through : bool [N]
        Nodes that a path may begin or end at, but not pass.
    name : uint64 [L]
        Name of each link; see :func:`link_names`.
    """

    row_start: NDArray[np.int64]
    tail: NDArray[np.int32]
    head: NDArray[np.int32]
    no_through: NDArray[np.bool_]
    name: NDArray[np.uint64]


class Pairs(NamedTuple):
    """Demand of K pairs in R rows.

    Attributes
    ----------
    row_class, row_origin : int32 [R]
        Vehicle class and node of origin.
    row_start : int64 [R + 1]
        First pair of each row.
    dest : int32 [K]
        Node of destination, another than the origin; ascending within a row.
    demand : float64 [K]
        Above zero, in passenger-car units.
    pair_class : int32 [K]
    """

    row_class: NDArray[np.int32]
    row_origin: NDArray[np.int32]
    row_start: NDArray[np.int64]
    dest: NDArray[np.int32]
    demand: NDArray[np.float64]
    pair_class: NDArray[np.int32]


class CheapestPaths(NamedTuple):
    """Cheapest path of each pair.

    Attributes
    ----------
    pred_link : int32 [R, N]
        Last link of the path to each settled node of a row; to be followed from destinations only.
    cost : float64 [K]
        ``inf`` where there is no path.
    name : uint64 [K]
    n_links : int32 [K]
    """

    pred_link: NDArray[np.int32]
    cost: NDArray[np.float64]
    name: NDArray[np.uint64]
    n_links: NDArray[np.int32]


class Work(NamedTuple):
    """Work space of one search, [N] each."""

    cost: NDArray[np.float64]
    name: NDArray[np.uint64]
    n_links: NDArray[np.int32]
    wanted: NDArray[np.int64]
    heap_key: NDArray[np.float64]
    heap_node: NDArray[np.int32]
    place: NDArray[np.int32]


def link_names(n_links: int) -> NDArray[np.uint64]:
    """Names of links: numbers that look random, the same on every machine (SplitMix64 of the link's number).

    Two different paths of a pair share a name with a chance of about 2^-64; the later one would not be taken up, and
    the gap, which does not use names, would show it. Source: Steele, Lea, Flood, Fast Splittable Pseudorandom Number
    Generators, 2014.
    """
    z = (np.arange(1, n_links + 1, dtype=np.uint64)) * np.uint64(0x9E3779B97F4A7C15)
    z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return np.asarray(z ^ (z >> np.uint64(31)), np.uint64)


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


def _sift_up(i: int, key: float, node: int, work: Work) -> None:
    """Put a key at place ``i`` of the heap, or above it."""
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


def _search(
    origin: int,
    stamp: int,
    n_wanted: int,
    graph: Graph,
    link_cost: NDArray[np.float64],
    pred_link: NDArray[np.int32],
    work: Work,
) -> None:
    """Settle nodes until ``n_wanted`` nodes whose ``work.wanted`` is ``stamp`` are settled, or nothing is left."""
    work.cost[:] = np.inf
    work.cost[origin] = 0.0
    work.name[origin] = np.uint64(0)
    work.n_links[origin] = 0
    pred_link[origin] = -1
    work.heap_key[0] = 0.0
    work.heap_node[0] = origin
    size = 1
    while size > 0:
        node = work.heap_node[0]
        size -= 1
        if size > 0:
            _sift_down(size, work.heap_key[size], work.heap_node[size], work)
        if node != origin:
            last = pred_link[node]
            before = graph.tail[last]
            work.name[node] = work.name[before] + graph.name[last]
            work.n_links[node] = work.n_links[before] + 1
        if work.wanted[node] == stamp:
            n_wanted -= 1
            if n_wanted == 0:
                return
        if graph.no_through[node] and node != origin:
            continue
        cost = work.cost[node]
        for link in range(graph.row_start[node], graph.row_start[node + 1]):
            head = graph.head[link]
            new = cost + link_cost[link]
            old = work.cost[head]
            if new < old:
                place = work.place[head]
                if old == np.inf:
                    place = size
                    size += 1
                work.cost[head] = new
                pred_link[head] = link
                _sift_up(place, new, head, work)


def search_rows(
    start: int,
    stop: int,
    graph: Graph,
    pairs: Pairs,
    link_cost: NDArray[np.float64],
    found: CheapestPaths,
) -> None:
    """Cheapest paths of the rows ``start .. stop - 1`` under ``link_cost`` [classes, L]."""
    n_nodes = graph.row_start.size - 1
    work = Work(
        np.empty(n_nodes, np.float64),
        np.empty(n_nodes, np.uint64),
        np.empty(n_nodes, np.int32),
        np.full(n_nodes, -1, np.int64),
        np.empty(n_nodes, np.float64),
        np.empty(n_nodes, np.int32),
        np.empty(n_nodes, np.int32),
    )
    for row in range(start, stop):
        n_wanted = 0
        for pair in range(pairs.row_start[row], pairs.row_start[row + 1]):
            if work.wanted[pairs.dest[pair]] != row:
                work.wanted[pairs.dest[pair]] = row
                n_wanted += 1
        if n_wanted == 0:
            continue
        _search(
            pairs.row_origin[row], row, n_wanted, graph, link_cost[pairs.row_class[row]], found.pred_link[row], work
        )
        for pair in range(pairs.row_start[row], pairs.row_start[row + 1]):
            dest = pairs.dest[pair]
            found.cost[pair] = work.cost[dest]
            if work.cost[dest] < np.inf:
                found.name[pair] = work.name[dest]
                found.n_links[pair] = work.n_links[dest]
            else:
                found.n_links[pair] = 0


def empty_paths(graph: Graph, pairs: Pairs) -> CheapestPaths:
    """Room for the result of :func:`cheapest_paths`, to be used again in each iteration."""
    n_pairs = pairs.dest.size
    return CheapestPaths(
        np.empty((pairs.row_origin.size, graph.row_start.size - 1), np.int32),
        np.empty(n_pairs, np.float64),
        np.zeros(n_pairs, np.uint64),
        np.zeros(n_pairs, np.int32),
    )


def cheapest_paths(
    graph: Graph, pairs: Pairs, link_cost: NDArray[np.float64], found: CheapestPaths, threads: int = 1
) -> None:
    """Fill ``found`` with the cheapest path of every pair.

    Parameters
    ----------
    graph : Graph
    pairs : Pairs
    link_cost : float64 [classes, L]
        Zero or more, never NaN; ``inf`` closes a link to a class. Of paths that cost the same, the one whose search
        met it first is taken: the same for any number of threads.
    found : CheapestPaths
        From :func:`empty_paths`.
    threads : int
    """
    n_classes = int(pairs.row_class.max()) + 1 if pairs.row_class.size else 0
    if link_cost.ndim != 2 or link_cost.shape[0] < n_classes or link_cost.shape[1] != graph.head.size:
        raise ValueError(f"link_cost must have at least {n_classes} rows of {graph.head.size} links")
    if link_cost.dtype != np.float64 or not link_cost.flags.c_contiguous or not (link_cost >= 0).all():
        raise ValueError("link_cost must be contiguous float64 numbers of zero or more")
    run_blocks(_search_rows, pairs.row_origin.size, threads, graph, pairs, link_cost, found, block_rows=ROWS_PER_BLOCK)


_sift_down = njit(cache=True, nogil=True, **LEAN)(_sift_down)
_sift_up = njit(cache=True, nogil=True, **LEAN)(_sift_up)
_search = njit(cache=True, nogil=True, **LEAN)(_search)
_search_rows = njit(cache=True, nogil=True)(search_rows)
