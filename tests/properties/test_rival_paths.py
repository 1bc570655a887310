"""Rival paths: what is left of the paths of a pair without their common ends."""

from __future__ import annotations

from itertools import takewhile

import numpy as np
from hypothesis import example, given, settings
from hypothesis import strategies as st

from zemsim.kernels.path_store import PathStore
from zemsim.kernels.rivals import rivals_of

Path = list[int]
#: Links of paths from a few numbers, so that begins and ends are often shared.
paths = st.lists(st.lists(st.integers(0, 2), min_size=1, max_size=6), max_size=4, unique_by=tuple)


def store_of(pairs: list[list[Path]], gap: int) -> PathStore:
    """Paths with ``gap`` links of no path between them, the last path first."""
    every = [path for pair in pairs for path in pair]
    links, start = [], []
    for path in reversed(every):
        start.append(len(links) + gap)
        links += [9] * gap + path
    starts = np.array(start[::-1], np.int64)
    return PathStore(
        np.append(0, np.cumsum([len(pair) for pair in pairs])).astype(np.int64),
        starts,
        starts + np.array([len(path) for path in every], np.int64),
        np.array(links, np.int32),
        len(links),
        np.arange(len(every), dtype=np.float64),
        np.arange(len(every), dtype=np.uint64),
    )


def shared(pair: list[Path]) -> int:
    """How many links all paths begin with."""
    return sum(1 for _ in takewhile(lambda links: len(set(links)) == 1, zip(*pair, strict=False)))


def parted(pair: list[Path]) -> list[Path]:
    """The paths without what all of them begin with, and then without what all of them end with."""
    head = shared(pair)
    rest = [path[head:] for path in pair]
    tail = shared([path[::-1] for path in rest])
    return [path[: len(path) - tail] for path in rest]


@settings(max_examples=100)
@given(st.lists(paths, max_size=6), st.integers(0, 2))
@example([[[0, 1, 0, 1, 0], [0, 1]], [[0]]], 0)  # the first begins with the second, and stands behind it
@example([[[0, 1], [0, 1, 0, 1]]], 0)  # the second begins with the first
@example([[[2, 0, 1], [1, 0, 1]]], 0)  # two links in common at the end
def test_common_ends_are_left_out_and_flows_come_back(pairs, gap) -> None:
    store = store_of(pairs, gap)
    rivals = rivals_of(store)
    wanted = [number for number, pair in enumerate(pairs) if len(pair) > 1]
    assert rivals.pair.tolist() == wanted
    for place, number in enumerate(wanted):
        first, last = rivals.path_start[place : place + 2]
        found = [rivals.links[rivals.link_start[p] : rivals.link_start[p + 1]].tolist() for p in range(first, last)]
        assert found == parted(pairs[number])
        assert rivals.path[first:last].tolist() == list(range(store.pair_start[number], store.pair_start[number + 1]))
        assert rivals.flow[first:last].tolist() == rivals.path[first:last].tolist()
    before = store.flow.copy()
    rivals.flow[:] += 0.5
    rivals.put_back(store)
    moved = np.isin(np.arange(before.size), rivals.path)
    assert store.flow.tolist() == np.where(moved, before + 0.5, before).tolist()
