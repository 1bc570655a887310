"""Paths in use between pairs of zones, and the flow on each: what a traffic equilibrium is made of.

The paths of a pair stand side by side; the links of a path, too, from origin to destination. The paths of K pairs are
P in all. A store is rebuilt in each iteration: paths without flow go, the cheapest path of each pair comes, if it is
not there yet, with no flow. Links stay where they are; those of new paths follow the last ones, in room to spare. Once
it is used up, all links move to a new array, in the order of their paths.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numba import njit
from numpy.typing import NDArray

from zemsim.kernels.blocks import run_blocks
from zemsim.kernels.lane_trees import CheapestPaths, Graph, Pairs
from zemsim.kernels.lean import INNER, LEAN

_PAIRS_PER_BLOCK = 4096
#: Parts in which flows are added up; fixed, so that sums have the same bits for any number of threads.
_PARTS = 8
#: Room for links that is made, as a multiple of what is needed now.
_ROOM = 2


class PathStore(NamedTuple):
    """Paths of K pairs.

    Attributes
    ----------
    pair_start : int64 [K + 1]
        First path of each pair.
    link_start, link_stop : int64 [P]
        First link of each path, and the one after its last.
    links : int32
        Links of all paths, and room to spare.
    used : int
        Where the room to spare begins.
    flow : float64 [P]
        In passenger-car units.
    name : uint64 [P]
        Sum of the names of its links.
    """

    pair_start: NDArray[np.int64]
    link_start: NDArray[np.int64]
    link_stop: NDArray[np.int64]
    links: NDArray[np.int32]
    used: int
    flow: NDArray[np.float64]
    name: NDArray[np.uint64]

    def n_paths(self) -> NDArray[np.int64]:
        """Number of paths of each pair, [K]."""
        return np.diff(self.pair_start)

    def without_room(self) -> PathStore:
        """The same paths without room for more."""
        return self._replace(links=self.links[: self.used])

    def path_pair(self) -> NDArray[np.int64]:
        """Pair of each path, [P]."""
        return np.repeat(np.arange(self.pair_start.size - 1), self.n_paths())


def empty_store(n_pairs: int) -> PathStore:
    """A store in which no pair has a path."""
    return PathStore(
        np.zeros(n_pairs + 1, np.int64),
        np.empty(0, np.int64),
        np.empty(0, np.int64),
        np.empty(0, np.int32),
        0,
        np.empty(0, np.float64),
        np.empty(0, np.uint64),
    )


def count_pairs(
    start: int,
    stop: int,
    store: PathStore,
    found: CheapestPaths,
    n_paths: NDArray[np.int64],
    old_links: NDArray[np.int64],
    new_links: NDArray[np.int64],
) -> None:
    """Paths that the pairs ``start .. stop - 1`` will have, their links so far, and those of the path that is new."""
    for pair in range(start, stop):
        known = False
        paths, links = 0, 0
        for path in range(store.pair_start[pair], store.pair_start[pair + 1]):
            same = store.name[path] == found.name[pair]
            known |= same
            if store.flow[path] > 0.0 or same:
                paths += 1
                links += store.link_stop[path] - store.link_start[path]
        new = not known and found.cost[pair] < np.inf
        n_paths[pair] = paths + 1 if new else paths
        old_links[pair] = links
        new_links[pair] = found.n_links[pair] if new else 0


def fill_pairs(
    start: int,
    stop: int,
    store: PathStore,
    found: CheapestPaths,
    pair_row: NDArray[np.int32],
    pairs: Pairs,
    tail: NDArray[np.int32],
    new_links: NDArray[np.int64],
    first_link: NDArray[np.int64],
    moves: bool,
    out: PathStore,
) -> None:
    """Put what stays of the pairs ``start .. stop - 1`` into ``out``, add what is new, and mend the sum of flows.

    ``first_link`` is where the links of a pair begin, all of them if the store ``moves``, else those of its new path.
    """
    for pair in range(start, stop):
        path = out.pair_start[pair]
        link = first_link[pair]
        for old in range(store.pair_start[pair], store.pair_start[pair + 1]):
            if store.flow[old] > 0.0 or store.name[old] == found.name[pair]:
                out.flow[path] = store.flow[old]
                out.name[path] = store.name[old]
                out.link_start[path] = store.link_start[old]
                out.link_stop[path] = store.link_stop[old]
                if moves:
                    out.link_start[path] = link
                    for i in range(store.link_start[old], store.link_stop[old]):
                        out.links[link] = store.links[i]
                        link += 1
                    out.link_stop[path] = link
                path += 1
        if new_links[pair] > 0:
            out.flow[path] = 0.0
            out.name[path] = found.name[pair]
            out.link_start[path] = link
            out.link_stop[path] = link + new_links[pair]
            node = pairs.dest[pair]
            for i in range(out.link_stop[path] - 1, link - 1, -1):
                out.links[i] = found.last_link[pair_row[pair], node]
                node = tail[out.links[i]]
            path += 1
        _mend(out.pair_start[pair], path, pairs.demand[pair], out.flow)


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


def rebuild(store: PathStore, graph: Graph, pairs: Pairs, found: CheapestPaths, threads: int = 1) -> PathStore:
    """Drop paths without flow, take up the cheapest path of each pair; flows of a pair add up to its demand again.

    A pair without any path before gets all its demand on the cheapest one. A pair that cannot be reached keeps no path:
    the caller looks at ``found.cost`` first.

    Returns
    -------
    PathStore
        A new one, the same for any number of threads. It may write into the room to spare of the old one, which is not
        to be rebuilt again.
    """
    n_pairs = pairs.dest.size
    n_paths, old_links, new_links = (np.empty(n_pairs, np.int64) for _ in range(3))
    run_blocks(_count_pairs, n_pairs, threads, store, found, n_paths, old_links, new_links, block_rows=_PAIRS_PER_BLOCK)
    pair_start = np.append(0, np.cumsum(n_paths))
    moves = bool(store.used + new_links.sum() > store.links.size)
    ends = np.cumsum(old_links + new_links) if moves else store.used + np.cumsum(new_links)
    used = int(ends[-1]) if n_pairs else store.used
    first_link = ends - new_links - old_links if moves else ends - new_links
    total = int(pair_start[-1])
    out = PathStore(
        pair_start,
        np.empty(total, np.int64),
        np.empty(total, np.int64),
        np.empty(_ROOM * used, np.int32) if moves else store.links,
        used,
        np.empty(total, np.float64),
        np.empty(total, np.uint64),
    )
    pair_row = np.repeat(np.arange(pairs.row_origin.size, dtype=np.int32), np.diff(pairs.row_start))
    run_blocks(
        _fill_pairs,
        n_pairs,
        threads,
        store,
        found,
        pair_row,
        pairs,
        graph.tail,
        new_links,
        first_link,
        moves,
        out,
        block_rows=_PAIRS_PER_BLOCK,
    )
    return out


def with_paths(store: PathStore, more: PathStore, pairs: NDArray[np.int64]) -> PathStore:
    """``store`` with the paths of ``more`` added, whose k-th pair is the pair ``pairs[k]`` (ascending) of ``store``."""
    pair = np.concatenate([store.path_pair(), pairs[more.path_pair()]])
    order = np.argsort(pair, kind="stable")
    return PathStore(
        np.searchsorted(pair[order], np.arange(store.pair_start.size)).astype(np.int64),
        np.concatenate([store.link_start, more.link_start + store.used])[order],
        np.concatenate([store.link_stop, more.link_stop + store.used])[order],
        np.concatenate([store.links[: store.used], more.links[: more.used]]),
        store.used + more.used,
        np.concatenate([store.flow, more.flow])[order],
        np.concatenate([store.name, more.name])[order],
    )


def add_flows(
    start: int, stop: int, store: PathStore, pair_class: NDArray[np.int32], part_pairs: int, out: NDArray[np.float64]
) -> None:
    """Add the flow of the paths of the parts ``start .. stop - 1`` to ``out`` [parts, classes, L], in their order."""
    for part in range(start, stop):
        for pair in range(part * part_pairs, min((part + 1) * part_pairs, pair_class.size)):
            by_class = out[part, pair_class[pair]]
            for path in range(store.pair_start[pair], store.pair_start[pair + 1]):
                flow = store.flow[path]
                for i in range(store.link_start[path], store.link_stop[path]):
                    by_class[store.links[i]] += flow


def link_flows(
    store: PathStore, pair_class: NDArray[np.int32], n_classes: int, n_links: int, threads: int = 1
) -> NDArray[np.float64]:
    """Flow of each class on each link from the paths alone, float64 [classes, L], in passenger-car units."""
    parts = np.zeros((_PARTS, n_classes, n_links), np.float64)
    part_pairs = -(-pair_class.size // _PARTS)
    run_blocks(_add_flows, _PARTS, threads, store, pair_class, part_pairs, parts, block_rows=1)
    return np.asarray(parts.sum(axis=0), np.float64)


_mend = njit(nogil=True, forceinline=True, **INNER)(_mend)
_count_pairs = njit(cache=True, nogil=True, **LEAN)(count_pairs)
_fill_pairs = njit(cache=True, nogil=True, **LEAN)(fill_pairs)
_add_flows = njit(cache=True, nogil=True, **LEAN)(add_flows)
