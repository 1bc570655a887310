"""Paths in use between pairs of zones, and the flow on each: what a traffic equilibrium is made of.

The paths of a pair stand side by side, and so do the links of a path, from origin to destination. The paths of K pairs
are P in all. A store is rebuilt in each iteration: paths without flow go, the cheapest path of each pair comes, if it
is not there yet, with no flow.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numba import njit
from numpy.typing import NDArray

from zemsim.kernels.blocks import run_blocks
from zemsim.kernels.heap_trees import CheapestPaths, Graph, Pairs
from zemsim.kernels.lean import LEAN

_PAIRS_PER_BLOCK = 4096


class PathStore(NamedTuple):
    """Paths of K pairs.

    Attributes
    ----------
    pair_start : int64 [K + 1]
        First path of each pair.
    link_start : int64 [P + 1]
        First link of each path.
    links : int32
        Links of all paths.
    flow : float64 [P]
        In passenger-car units.
    name : uint64 [P]
        Sum of the names of its links.
    same_first, same_last : int32 [K]
        How many links all paths of a pair have in common at their begin and at their end; 0 where there is one path.
    """

    pair_start: NDArray[np.int64]
    link_start: NDArray[np.int64]
    links: NDArray[np.int32]
    flow: NDArray[np.float64]
    name: NDArray[np.uint64]
    same_first: NDArray[np.int32]
    same_last: NDArray[np.int32]

    def n_paths(self) -> NDArray[np.int64]:
        """Number of paths of each pair, [K]."""
        return np.diff(self.pair_start)

    def path_pair(self) -> NDArray[np.int64]:
        """Pair of each path, [P]."""
        return np.repeat(np.arange(self.same_first.size), self.n_paths())


def empty_store(n_pairs: int) -> PathStore:
    """A store in which no pair has a path."""
    return PathStore(
        np.zeros(n_pairs + 1, np.int64),
        np.zeros(1, np.int64),
        np.empty(0, np.int32),
        np.empty(0, np.float64),
        np.empty(0, np.uint64),
        np.zeros(n_pairs, np.int32),
        np.zeros(n_pairs, np.int32),
    )


def count_pairs(
    start: int,
    stop: int,
    store: PathStore,
    found: CheapestPaths,
    n_paths: NDArray[np.int64],
    n_links: NDArray[np.int64],
    is_new: NDArray[np.bool_],
) -> None:
    """Paths and links that the pairs ``start .. stop - 1`` will have, and whether their cheapest path is new."""
    for pair in range(start, stop):
        known = False
        paths, links = 0, 0
        for path in range(store.pair_start[pair], store.pair_start[pair + 1]):
            same = store.name[path] == found.name[pair]
            known |= same
            if store.flow[path] > 0.0 or same:
                paths += 1
                links += store.link_start[path + 1] - store.link_start[path]
        is_new[pair] = not known and found.cost[pair] < np.inf
        if is_new[pair]:
            paths += 1
            links += found.n_links[pair]
        n_paths[pair] = paths
        n_links[pair] = links


def fill_pairs(
    start: int,
    stop: int,
    store: PathStore,
    found: CheapestPaths,
    pair_row: NDArray[np.int32],
    dest: NDArray[np.int32],
    demand: NDArray[np.float64],
    tail: NDArray[np.int32],
    is_new: NDArray[np.bool_],
    first_link: NDArray[np.int64],
    out: PathStore,
) -> None:
    """Copy what stays of the pairs ``start .. stop - 1`` into ``out``, add what is new, and mend the sum of flows."""
    for pair in range(start, stop):
        path = out.pair_start[pair]
        link = first_link[pair]
        for old in range(store.pair_start[pair], store.pair_start[pair + 1]):
            if store.flow[old] > 0.0 or store.name[old] == found.name[pair]:
                out.link_start[path] = link
                out.flow[path] = store.flow[old]
                out.name[path] = store.name[old]
                for i in range(store.link_start[old], store.link_start[old + 1]):
                    out.links[link] = store.links[i]
                    link += 1
                path += 1
        if is_new[pair]:
            out.link_start[path] = link
            out.flow[path] = 0.0
            out.name[path] = found.name[pair]
            link += found.n_links[pair]
            node = dest[pair]
            for i in range(link - 1, out.link_start[path] - 1, -1):
                out.links[i] = found.pred_link[pair_row[pair], node]
                node = tail[out.links[i]]
            path += 1
        _mend(out.pair_start[pair], path, demand[pair], out.flow)


def _mend(first: int, stop: int, demand: float, flow: NDArray[np.float64]) -> None:
    """Make the flows of a pair's paths add up to its demand: the largest takes the difference."""
    if first == stop:
        return
    largest = first
    for path in range(first + 1, stop):
        if flow[path] > flow[largest]:
            largest = path
    others = 0.0
    for path in range(first, stop):
        if path != largest:
            others += flow[path]
    flow[largest] = demand - others


def common_ends(start: int, stop: int, store: PathStore) -> None:
    """Fill ``same_first`` and ``same_last`` of the pairs ``start .. stop - 1``."""
    for pair in range(start, stop):
        store.same_first[pair] = 0
        store.same_last[pair] = 0
        first, last = store.pair_start[pair], store.pair_start[pair + 1]
        if last - first < 2:
            continue
        begin, end = store.link_start[first], store.link_start[first + 1]
        shortest = end - begin
        for path in range(first + 1, last):
            shortest = min(shortest, store.link_start[path + 1] - store.link_start[path])
        head = shortest
        for path in range(first + 1, last):
            other = store.link_start[path]
            same = 0
            while same < head and store.links[begin + same] == store.links[other + same]:
                same += 1
            head = same
        tail = shortest - head
        for path in range(first + 1, last):
            other = store.link_start[path + 1]
            same = 0
            while same < tail and store.links[end - 1 - same] == store.links[other - 1 - same]:
                same += 1
            tail = same
        store.same_first[pair] = head
        store.same_last[pair] = tail


def rebuild(store: PathStore, graph: Graph, pairs: Pairs, found: CheapestPaths, threads: int = 1) -> PathStore:
    """Drop paths without flow, take up the cheapest path of each pair; flows of a pair add up to its demand again.

    A pair without any path before gets all its demand on the cheapest one. A pair that cannot be reached keeps no path:
    the caller looks at ``found.cost`` first.

    Returns
    -------
    PathStore
        A new one; the same bytes for any number of threads.
    """
    n_pairs = pairs.dest.size
    n_paths, n_links = np.empty(n_pairs, np.int64), np.empty(n_pairs, np.int64)
    is_new = np.empty(n_pairs, np.bool_)
    run_blocks(_count_pairs, n_pairs, threads, store, found, n_paths, n_links, is_new, block_rows=_PAIRS_PER_BLOCK)
    pair_start = np.concatenate([np.zeros(1, np.int64), np.cumsum(n_paths)])
    first_link = np.concatenate([np.zeros(1, np.int64), np.cumsum(n_links)])
    out = PathStore(
        pair_start,
        np.full(pair_start[-1] + 1, first_link[-1], np.int64),
        np.empty(first_link[-1], np.int32),
        np.empty(pair_start[-1], np.float64),
        np.empty(pair_start[-1], np.uint64),
        np.empty(n_pairs, np.int32),
        np.empty(n_pairs, np.int32),
    )
    pair_row = np.repeat(np.arange(pairs.row_origin.size, dtype=np.int32), np.diff(pairs.row_start))
    run_blocks(
        _fill_pairs,
        n_pairs,
        threads,
        store,
        found,
        pair_row,
        pairs.dest,
        pairs.demand,
        graph.tail,
        is_new,
        first_link,
        out,
        block_rows=_PAIRS_PER_BLOCK,
    )
    run_blocks(_common_ends, n_pairs, threads, out, block_rows=_PAIRS_PER_BLOCK)
    return out


def add_flows(store: PathStore, pair_class: NDArray[np.int32], out: NDArray[np.float64]) -> None:
    """Add the flow of all paths to ``out`` [classes, L], in the order of the paths."""
    for pair in range(pair_class.size):
        by_class = out[pair_class[pair]]
        for path in range(store.pair_start[pair], store.pair_start[pair + 1]):
            flow = store.flow[path]
            for i in range(store.link_start[path], store.link_start[path + 1]):
                by_class[store.links[i]] += flow


def link_flows(store: PathStore, pairs: Pairs, n_classes: int, n_links: int) -> NDArray[np.float64]:
    """Flow of each class on each link from the paths alone, float64 [classes, L], in passenger-car units."""
    out = np.zeros((n_classes, n_links), np.float64)
    _add_flows(store, pairs.pair_class, out)
    return out


_mend = njit(cache=True, nogil=True, **LEAN)(_mend)
_count_pairs = njit(cache=True, nogil=True, **LEAN)(count_pairs)
_fill_pairs = njit(cache=True, nogil=True, **LEAN)(fill_pairs)
_common_ends = njit(cache=True, nogil=True, **LEAN)(common_ends)
_add_flows = njit(cache=True, nogil=True, **LEAN)(add_flows)
