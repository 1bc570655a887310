"""Cheapest paths from many origins under costs that are real numbers, for traffic in equilibrium.

A graph of N nodes and L directed links is stored by tail (compressed rows), as in `shortest_path`, which is the kernel
for whole milliseconds. Costs here are float64 of zero or more (``inf`` closes a link), because an equilibrium is sought
to more digits than milliseconds have.

A *row* is one origin of one vehicle class; a *pair* is a destination of a row with demand; a *batch* is up to 16 rows
of a class, one in each lane. Each batch writes its own results only, so they are the same for any number of threads.
The path of a pair has a 64-bit name, the sum of the names of its links modulo 2^64, by which it is recognised.

Method: labels that are corrected until none can fall (Bellman, 1958; Ford, 1956), for a batch at once. The nodes whose
labels fell are taken in an order that a search from an origin in the middle of the batch once settled them in, forth
and back in turn (Yen, 1970). Origins of a batch lie close to each other, so most labels are right at the first visit.
Costs are lowest sums of link costs from the origin on, so their bits do not depend on the order.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numba import njit
from numpy.typing import NDArray

from zemsim.kernels.blocks import run_blocks
from zemsim.kernels.cost_lanes import LANES, offer_lanes
from zemsim.kernels.lean import INNER
from zemsim.kernels.settle_order import Work, fill_order

#: Batches of a block of work.
_BATCHES_PER_BLOCK = 1
#: First entry of an order that is not known yet.
_NO_ORDER = -1


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
    """Cheapest path of each pair, and what the next search needs.

    Attributes
    ----------
    batch_start : int64 [B + 1]
        First row of each batch.
    order : int32 [B, nodes that may be passed]
        In which a batch takes nodes; it begins with -1 before the first search.
    last_link : int32 [R, N]
        Last link of the cheapest path of a row to each node; -1 at the origin and where there is no path.
    cost : float64 [K]
        ``inf`` where there is no path.
    name : uint64 [K]
    n_links : int32 [K]
    """

    batch_start: NDArray[np.int64]
    order: NDArray[np.int32]
    last_link: NDArray[np.int32]
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


class _Labels(NamedTuple):
    """Work space of one batch: cost and last link by node and lane; whether a node's links must be offered (again)."""

    cost: NDArray[np.float64]
    last_link: NDArray[np.int32]
    waits: NDArray[np.bool_]


def _begin(lane: int, origin: int, graph: Graph, link_cost: NDArray[np.float64], labels: _Labels) -> int:
    """Label the ends of the links that leave an origin; return how many nodes more wait."""
    more = 0
    labels.cost[origin, lane] = 0.0
    for link in range(graph.row_start[origin], graph.row_start[origin + 1]):
        head = graph.head[link]
        if link_cost[link] < labels.cost[head, lane]:
            labels.cost[head, lane] = link_cost[link]
            labels.last_link[head, lane] = link
            if not graph.no_through[head] and not labels.waits[head]:
                labels.waits[head] = True
                more += 1
    return more


def _offer_all(node: int, graph: Graph, link_cost: NDArray[np.float64], labels: _Labels) -> int:
    """Offer the links that leave a node to all lanes; return how many nodes more wait."""
    more = 0
    for link in range(graph.row_start[node], graph.row_start[node + 1]):
        head = graph.head[link]
        better = offer_lanes(labels.cost, labels.last_link, node, head, link_cost[link], link)
        if better and not graph.no_through[head] and not labels.waits[head]:
            labels.waits[head] = True
            more += 1
    return more


def _label(
    origins: NDArray[np.int32],
    order: NDArray[np.int32],
    graph: Graph,
    link_cost: NDArray[np.float64],
    labels: _Labels,
) -> None:
    """Find the lowest cost from each origin, one a lane, to every node."""
    for node in range(graph.no_through.size):
        labels.waits[node] = False
        for lane in range(LANES):
            labels.cost[node, lane] = np.inf
            labels.last_link[node, lane] = -1
    waiting = 0
    for lane in range(origins.size):
        waiting += _begin(lane, origins[lane], graph, link_cost, labels)
    forth = True
    while waiting > 0:
        for step in range(order.size):
            node = order[step if forth else order.size - 1 - step]
            if labels.waits[node]:
                labels.waits[node] = False
                waiting += _offer_all(node, graph, link_cost, labels) - 1
        forth = not forth


class _Names(NamedTuple):
    """Work space of a row: names and numbers of links of paths to the nodes that were ``seen`` with its stamp."""

    name: NDArray[np.uint64]
    n_links: NDArray[np.int32]
    seen: NDArray[np.int64]
    waiting: NDArray[np.int32]


def _name_path(dest: int, stamp: int, graph: Graph, last_link: NDArray[np.int32], names: _Names) -> None:
    """Name and number of links of the path to a node, by way of what ``stamp`` marks as known."""
    size = 0
    node = dest
    while names.seen[node] != stamp:
        names.seen[node] = stamp
        names.waiting[size] = node
        size += 1
        node = graph.tail[last_link[node]]
    while size > 0:
        size -= 1
        node = names.waiting[size]
        link = last_link[node]
        before = graph.tail[link]
        names.name[node] = names.name[before] + graph.name[link]
        names.n_links[node] = names.n_links[before] + 1


def _name_paths(
    row: int, cost: NDArray[np.float64], graph: Graph, pairs: Pairs, names: _Names, found: CheapestPaths
) -> None:
    """Cost, name and number of links of the pairs of a row, from the ``cost`` [N] of all nodes and its tree."""
    origin = pairs.row_origin[row]
    names.seen[origin] = row
    names.name[origin] = np.uint64(0)
    names.n_links[origin] = 0
    for pair in range(pairs.row_start[row], pairs.row_start[row + 1]):
        dest = pairs.dest[pair]
        found.cost[pair] = cost[dest]
        found.n_links[pair] = 0
        if found.cost[pair] < np.inf:
            _name_path(dest, row, graph, found.last_link[row], names)
            found.name[pair] = names.name[dest]
            found.n_links[pair] = names.n_links[dest]


def _search(
    start: int,
    stop: int,
    graph: Graph,
    pairs: Pairs,
    link_cost: NDArray[np.float64],
    found: CheapestPaths,
    labels: _Labels,
    names: _Names,
    work: Work,
) -> None:
    """Cheapest paths of the batches ``start .. stop - 1``."""
    for batch in range(start, stop):
        first, last = found.batch_start[batch], found.batch_start[batch + 1]
        cost, order = link_cost[pairs.row_class[first]], found.order[batch]
        if order.size > 0 and order[0] == _NO_ORDER:
            middle = pairs.row_origin[(first + last) // 2]
            fill_order(middle, graph.row_start, graph.head, graph.no_through, cost, work, order)
        _label(pairs.row_origin[first:last], order, graph, cost, labels)
        for node in range(graph.no_through.size):
            for lane in range(last - first):
                found.last_link[first + lane, node] = labels.last_link[node, lane]
        for row in range(first, last):
            _name_paths(row, labels.cost[:, row - first], graph, pairs, names, found)


def search_batches(
    start: int,
    stop: int,
    graph: Graph,
    pairs: Pairs,
    link_cost: NDArray[np.float64],
    found: CheapestPaths,
) -> None:
    """Cheapest paths of the batches ``start .. stop - 1`` under ``link_cost`` [classes, L]."""
    n = graph.no_through.size
    labels = _Labels(np.empty((n, LANES), np.float64), np.empty((n, LANES), np.int32), np.empty(n, np.bool_))
    names = _Names(np.empty(n, np.uint64), np.empty(n, np.int32), np.full(n, -1, np.int64), np.empty(n, np.int32))
    work = Work(np.empty(n, np.float64), np.empty(n, np.float64), np.empty(n, np.int32), np.empty(n, np.int32))
    _search(start, stop, graph, pairs, link_cost, found, labels, names, work)


def empty_paths(graph: Graph, pairs: Pairs) -> CheapestPaths:
    """Room for the result of :func:`cheapest_paths`, to be used again in each iteration."""
    n_pairs, n_rows = pairs.dest.size, pairs.row_origin.size
    first_of_class = np.searchsorted(pairs.row_class, pairs.row_class)  # first row of the class of each row
    begins = np.flatnonzero((np.arange(n_rows) - first_of_class) % LANES == 0)
    n_nodes = graph.no_through.size
    return CheapestPaths(
        np.append(begins, n_rows).astype(np.int64),
        np.full((begins.size, n_nodes - int(graph.no_through.sum())), _NO_ORDER, np.int32),
        np.full((n_rows, n_nodes), -1, np.int32),
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
        Rows sorted by class.
    link_cost : float64 [classes, L]
        Zero or more, never NaN; ``inf`` closes a link to a class. Of paths that cost the same, the one that the search
        met first is taken: the same for any number of threads.
    found : CheapestPaths
        From :func:`empty_paths` for this graph and these pairs, or from an earlier search.
    threads : int
    """
    n_classes = int(pairs.row_class.max()) + 1 if pairs.row_class.size else 0
    if link_cost.ndim != 2 or link_cost.shape[0] < n_classes or link_cost.shape[1] != graph.head.size:
        raise ValueError(f"link_cost must have at least {n_classes} rows of {graph.head.size} links")
    if link_cost.dtype != np.float64 or not link_cost.flags.c_contiguous or not (link_cost >= 0).all():
        raise ValueError("link_cost must be contiguous float64 numbers of zero or more")
    n_batches = found.batch_start.size - 1
    run_blocks(_search_batches, n_batches, threads, graph, pairs, link_cost, found, block_rows=_BATCHES_PER_BLOCK)


_begin = njit(nogil=True, forceinline=True, **INNER)(_begin)
_offer_all = njit(nogil=True, forceinline=True, **INNER)(_offer_all)
_label = njit(nogil=True, forceinline=True, **INNER)(_label)
_name_path = njit(nogil=True, forceinline=True, **INNER)(_name_path)
_name_paths = njit(nogil=True, forceinline=True, **INNER)(_name_paths)
_search = njit(nogil=True, forceinline=True, **INNER)(_search)
_search_batches = njit(cache=True, nogil=True)(search_batches)
