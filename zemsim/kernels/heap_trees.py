"""Cheapest paths from many origins under costs that are real numbers, for traffic in equilibrium.

A graph of N nodes and L directed links is stored by tail (compressed rows), as in `shortest_path`, which is the kernel
for whole milliseconds. Costs here are float64 of zero or more (``inf`` closes a link), because an equilibrium is sought
to more digits than milliseconds have.

A *row* is one origin of one vehicle class; a *pair* is a destination of a row with demand. Each row writes its own
results only, so they are the same for any number of threads. A search ends when all destinations of the row are
settled. The path of a pair has a 64-bit name, the sum of the names of its links modulo 2^64, by which it is recognised.

Method: Dijkstra (1959) with a 4-ary heap and a position per node. A search that follows another under slightly other
costs begins with the costs along the old tree, which are upper bounds, and settles only what a link can lower.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numba import njit
from numpy.typing import NDArray

from zemsim.kernels.blocks import run_blocks
from zemsim.kernels.lean import LEAN
from zemsim.kernels.node_heap import Work, pop, push

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
        Last link of a path to each node of a row, -1 where none is known; cheapest from destinations on.
    cost : float64 [K]
        ``inf`` where there is no path.
    name : uint64 [K]
    n_links : int32 [K]
    """

    pred_link: NDArray[np.int32]
    cost: NDArray[np.float64]
    name: NDArray[np.uint64]
    n_links: NDArray[np.int32]


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


def _relax(
    node: int,
    size: int,
    bound: float,
    graph: Graph,
    link_cost: NDArray[np.float64],
    pred_link: NDArray[np.int32],
    work: Work,
) -> int:
    """Offer the links that leave a node to their ends; return the size of the heap."""
    cost = work.cost[node]
    for link in range(graph.row_start[node], graph.row_start[node + 1]):
        head = graph.head[link]
        new = cost + link_cost[link]
        if new < work.cost[head] and new < bound:
            place = work.place[head]
            if place < 0:
                place = size
                size += 1
            work.cost[head] = new
            pred_link[head] = link
            push(place, new, head, work)
    return size


def _search(
    origin: int,
    stamp: int,
    n_wanted: int,
    graph: Graph,
    link_cost: NDArray[np.float64],
    pred_link: NDArray[np.int32],
    work: Work,
) -> None:
    """Settle nodes from the origin on until ``n_wanted`` nodes that ``stamp`` marks are settled."""
    work.cost[:] = np.inf
    work.place[:] = -1
    pred_link[:] = -1
    work.cost[origin] = 0.0
    size = _relax(origin, 0, np.inf, graph, link_cost, pred_link, work)
    while size > 0:
        node = work.heap_node[0]
        pop(size, work)
        size -= 1
        if work.seen[node] == stamp:
            n_wanted -= 1
            if n_wanted == 0:
                return
        if not graph.no_through[node]:
            size = _relax(node, size, np.inf, graph, link_cost, pred_link, work)


def _cost_along(
    origin: int,
    stamp: int,
    graph: Graph,
    link_cost: NDArray[np.float64],
    pred_link: NDArray[np.int32],
    work: Work,
) -> None:
    """Cost of every node along the tree of an earlier search."""
    waiting = work.heap_node
    work.seen[origin] = stamp
    work.cost[origin] = 0.0
    for first in range(graph.no_through.size):
        node, size = first, 0
        while work.seen[node] != stamp:
            work.seen[node] = stamp
            if pred_link[node] < 0:
                work.cost[node] = np.inf
                break
            waiting[size] = node
            size += 1
            node = graph.tail[pred_link[node]]
        while size > 0:
            size -= 1
            node = waiting[size]
            link = pred_link[node]
            work.cost[node] = work.cost[graph.tail[link]] + link_cost[link]


def _repair(
    origin: int,
    bound: float,
    graph: Graph,
    link_cost: NDArray[np.float64],
    pred_link: NDArray[np.int32],
    work: Work,
) -> None:
    """Turn costs along an old tree into lowest costs, as far as they lie below ``bound``.

    Every node whose cost a link can lower starts a search of its own; all of them share a heap, so each node is
    settled at its lowest cost.
    """
    work.place[:] = -1
    size = 0
    for node in range(graph.no_through.size):
        if work.cost[node] < bound and (node == origin or not graph.no_through[node]):
            size = _relax(node, size, bound, graph, link_cost, pred_link, work)
    while size > 0:
        node = work.heap_node[0]
        pop(size, work)
        size -= 1
        if not graph.no_through[node]:
            size = _relax(node, size, bound, graph, link_cost, pred_link, work)


def _name_path(origin: int, dest: int, stamp: int, graph: Graph, pred_link: NDArray[np.int32], work: Work) -> None:
    """Name and number of links of the path to a node, by way of what ``stamp`` marks as known."""
    work.seen[origin] = stamp
    work.name[origin] = np.uint64(0)
    work.n_links[origin] = 0
    waiting, size = work.heap_node, 0
    node = dest
    while work.seen[node] != stamp:
        work.seen[node] = stamp
        waiting[size] = node
        size += 1
        node = graph.tail[pred_link[node]]
    while size > 0:
        size -= 1
        node = waiting[size]
        link = pred_link[node]
        before = graph.tail[link]
        work.name[node] = work.name[before] + graph.name[link]
        work.n_links[node] = work.n_links[before] + 1


def search_rows(
    start: int,
    stop: int,
    graph: Graph,
    pairs: Pairs,
    link_cost: NDArray[np.float64],
    again: bool,
    found: CheapestPaths,
) -> None:
    """Cheapest paths of the rows ``start .. stop - 1`` under ``link_cost`` [classes, L].

    ``again``: ``found.pred_link`` holds the trees of an earlier search over the same pairs, which are repaired.
    """
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
        _search_row(
            row, 2 * row, graph, pairs, link_cost[pairs.row_class[row]], again, found.pred_link[row], found, work
        )


def _search_row(
    row: int,
    stamp: int,
    graph: Graph,
    pairs: Pairs,
    link_cost: NDArray[np.float64],
    again: bool,
    pred_link: NDArray[np.int32],
    found: CheapestPaths,
    work: Work,
) -> None:
    """Cheapest paths of one row; uses the stamps ``stamp`` and ``stamp + 1``."""
    origin = pairs.row_origin[row]
    first, last = pairs.row_start[row], pairs.row_start[row + 1]
    if again:
        _cost_along(origin, stamp, graph, link_cost, pred_link, work)
        bound = 0.0
        for pair in range(first, last):
            bound = max(bound, work.cost[pairs.dest[pair]])
        _repair(origin, bound, graph, link_cost, pred_link, work)
    else:
        n_wanted = 0
        for pair in range(first, last):
            if work.seen[pairs.dest[pair]] != stamp:
                work.seen[pairs.dest[pair]] = stamp
                n_wanted += 1
        _search(origin, stamp, n_wanted, graph, link_cost, pred_link, work)
    for pair in range(first, last):
        dest = pairs.dest[pair]
        found.cost[pair] = work.cost[dest]
        found.n_links[pair] = 0
        if work.cost[dest] < np.inf:
            _name_path(origin, dest, stamp + 1, graph, pred_link, work)
            found.name[pair] = work.name[dest]
            found.n_links[pair] = work.n_links[dest]


def empty_paths(graph: Graph, pairs: Pairs) -> CheapestPaths:
    """Room for the result of :func:`cheapest_paths`, to be used again in each iteration."""
    n_pairs = pairs.dest.size
    return CheapestPaths(
        np.full((pairs.row_origin.size, graph.row_start.size - 1), -1, np.int32),
        np.empty(n_pairs, np.float64),
        np.zeros(n_pairs, np.uint64),
        np.zeros(n_pairs, np.int32),
    )


def cheapest_paths(
    graph: Graph,
    pairs: Pairs,
    link_cost: NDArray[np.float64],
    found: CheapestPaths,
    again: bool = False,
    threads: int = 1,
) -> None:
    """Fill ``found`` with the cheapest path of every pair.

    Parameters
    ----------
    graph : Graph
    pairs : Pairs
    link_cost : float64 [classes, L]
        Zero or more, never NaN; ``inf`` closes a link to a class. Of paths that cost the same, the one that the search
        met first is taken: the same for any number of threads.
    found : CheapestPaths
        From :func:`empty_paths`.
    again : bool
        Whether to repair the trees that ``found`` holds from an earlier search of the same rows (under other costs),
        which is faster the less they change; rows of -1 are built anew.
    threads : int
    """
    n_classes = int(pairs.row_class.max()) + 1 if pairs.row_class.size else 0
    if link_cost.ndim != 2 or link_cost.shape[0] < n_classes or link_cost.shape[1] != graph.head.size:
        raise ValueError(f"link_cost must have at least {n_classes} rows of {graph.head.size} links")
    if link_cost.dtype != np.float64 or not link_cost.flags.c_contiguous or not (link_cost >= 0).all():
        raise ValueError("link_cost must be contiguous float64 numbers of zero or more")
    run_blocks(
        _search_rows, pairs.row_origin.size, threads, graph, pairs, link_cost, again, found, block_rows=ROWS_PER_BLOCK
    )


_relax = njit(cache=True, nogil=True, **LEAN)(_relax)
_search = njit(cache=True, nogil=True, **LEAN)(_search)
_cost_along = njit(cache=True, nogil=True, **LEAN)(_cost_along)
_repair = njit(cache=True, nogil=True, **LEAN)(_repair)
_name_path = njit(cache=True, nogil=True, **LEAN)(_name_path)
_search_row = njit(cache=True, nogil=True, **LEAN)(_search_row)
_search_rows = njit(cache=True, nogil=True)(search_rows)
