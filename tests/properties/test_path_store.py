"""Paths in use: those of pairs that had none join the rest."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from zemsim.kernels.path_store import PathStore, with_paths

#: Paths of one pair, each a list of links.
pair = st.lists(st.lists(st.integers(0, 99), min_size=1, max_size=5), max_size=3)
#: Pairs, and whether each is one of those that are added.
pairs = st.lists(st.tuples(pair, st.booleans()), max_size=8)


def store_of(paths_of: list[list[list[int]]], first: int, room: int) -> PathStore:
    """A store with ``room`` links to spare; flows and names count from ``first``."""
    every = [path for paths in paths_of for path in paths]
    stop = np.cumsum([len(path) for path in every], dtype=np.int64)
    links = [link for path in every for link in path]
    number = first + np.arange(len(every))
    return PathStore(
        np.cumsum([0] + [len(paths) for paths in paths_of], dtype=np.int64),
        stop - np.array([len(path) for path in every], np.int64),
        stop,
        np.array(links + [-1] * room, np.int32),
        len(links),
        number.astype(np.float64),
        number.astype(np.uint64),
    )


def paths_of(store: PathStore, number: int) -> list[tuple[list[int], float, int]]:
    """Links, flow and name of the paths of a pair."""
    here = range(store.pair_start[number], store.pair_start[number + 1])
    return [
        (store.links[store.link_start[p] : store.link_stop[p]].tolist(), float(store.flow[p]), int(store.name[p]))
        for p in here
    ]


@settings(max_examples=200)
@given(pairs, st.integers(0, 3), st.integers(0, 3))
def test_added_pairs_have_their_paths_and_the_rest_keep_theirs(given_pairs, room, more_room) -> None:
    chosen: NDArray[np.int64] = np.flatnonzero([new for _, new in given_pairs])
    old = store_of([[] if new else paths for paths, new in given_pairs], 0, room)
    more = store_of([paths for paths, new in given_pairs if new], 100, more_room)
    both = with_paths(old, more, chosen)
    place = 0
    for number, (_, new) in enumerate(given_pairs):
        expected = paths_of(more, place) if new else paths_of(old, number)
        place += new
        assert paths_of(both, number) == expected
    assert both.used == both.links.size == old.used + more.used
    assert both.pair_start[-1] == both.flow.size
