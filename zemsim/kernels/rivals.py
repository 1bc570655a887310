"""Rival paths: those of pairs that have more than one, without what all paths of a pair share at their ends.

They are what a pass over the pairs looks at, again and again; so they are copied out of the store of all paths, and
stand one after the other in memory.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numba import njit
from numpy.typing import NDArray

from zemsim.kernels.blocks import run_blocks
from zemsim.kernels.lean import LEAN
from zemsim.kernels.path_store import PathStore

_PAIRS_PER_BLOCK = 4096


class Rivals(NamedTuple):
    """Paths of A pairs with two or more each, Q in all.

    Attributes
    ----------
    pair : int32 [A]
    path_start : int64 [A + 1]
        First path of each pair.
    path : int64 [Q]
        Which path of the store it is.
    link_start : int64 [Q + 1]
        First link of each path.
    links : int32
        Links of all paths, without those that all paths of the pair have in common at their begin or at their end.
    flow : float64 [Q]
        In passenger-car units.
    """

    pair: NDArray[np.int32]
    path_start: NDArray[np.int64]
    path: NDArray[np.int64]
    link_start: NDArray[np.int64]
    links: NDArray[np.int32]
    flow: NDArray[np.float64]

    def put_back(self, store: PathStore) -> None:
        """Give the paths of a store the flows of now."""
        store.flow[self.path] = self.flow


def find_common(
    start: int,
    stop: int,
    store: PathStore,
    pair: NDArray[np.int32],
    path_start: NDArray[np.int64],
    first: NDArray[np.int64],
    n_links: NDArray[np.int64],
) -> None:
    """Where the paths of the pairs ``start .. stop - 1`` of ``pair`` part first, and how many links follow.

    ``n_links`` ends where they have met for the last time.
    """
    for i in range(start, stop):
        begin, end = store.pair_start[pair[i]], store.pair_start[pair[i] + 1]
        model, model_stop = store.link_start[begin], store.link_stop[begin]
        shortest = model_stop - model
        for path in range(begin + 1, end):
            shortest = min(shortest, store.link_stop[path] - store.link_start[path])
        head = shortest
        for path in range(begin + 1, end):
            same = 0
            while same < head and store.links[model + same] == store.links[store.link_start[path] + same]:
                same += 1
            head = same
        tail = shortest - head
        for path in range(begin + 1, end):
            same = 0
            while same < tail and store.links[model_stop - 1 - same] == store.links[store.link_stop[path] - 1 - same]:
                same += 1
            tail = same
        for path in range(begin, end):
            place = path_start[i] + path - begin
            first[place] = store.link_start[path] + head
            n_links[place] = store.link_stop[path] - tail - first[place]


def copy_links(start: int, stop: int, store: PathStore, first: NDArray[np.int64], out: Rivals) -> None:
    """Copy links and flow of the paths ``start .. stop - 1`` of ``out``; its links begin at ``first`` in the store."""
    for path in range(start, stop):
        out.flow[path] = store.flow[out.path[path]]
        source = first[path]
        for i in range(out.link_start[path], out.link_start[path + 1]):
            out.links[i] = store.links[source]
            source += 1


def rivals_of(store: PathStore, threads: int = 1) -> Rivals:
    """Paths of all pairs with more than one.

    Parameters
    ----------
    store : PathStore
    threads : int
        The result is the same for any number.
    """
    n_paths = store.n_paths()
    pair = np.flatnonzero(n_paths > 1).astype(np.int32)
    path_start = np.append(0, np.cumsum(n_paths[pair]))
    total = int(path_start[-1])
    first, n_links = np.empty(total, np.int64), np.empty(total, np.int64)
    run_blocks(_find_common, pair.size, threads, store, pair, path_start, first, n_links, block_rows=_PAIRS_PER_BLOCK)
    link_start = np.append(0, np.cumsum(n_links))
    out = Rivals(
        pair,
        path_start,
        np.arange(total) + np.repeat(store.pair_start[pair] - path_start[:-1], n_paths[pair]),
        link_start,
        np.empty(link_start[-1], np.int32),
        np.empty(total, np.float64),
    )
    run_blocks(_copy_links, total, threads, store, first, out, block_rows=_PAIRS_PER_BLOCK)
    return out


_find_common = njit(cache=True, nogil=True, **LEAN)(find_common)
_copy_links = njit(cache=True, nogil=True, **LEAN)(copy_links)
