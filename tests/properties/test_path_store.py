"""Paths in use: those of pairs that had none join the rest; with flow or cheapest they stay, and carry the demand."""

from __future__ import annotations

import random
from itertools import pairwise
from typing import NamedTuple

import numpy as np
from hypothesis import example, given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from zemsim.kernels.lane_trees import CheapestPaths, Graph, Pairs, link_names
from zemsim.kernels.path_store import PathStore, empty_store, link_flows, rebuild, with_paths

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


def test_a_store_without_paths() -> None:
    empty = empty_store(2)
    assert empty.pair_start.tolist() == [0, 0, 0]
    assert [part.size for part in (empty.link_start, empty.link_stop, empty.links, empty.flow, empty.name)] == [0] * 5
    assert empty.used == 0


#: Nodes of a graph with a link between any two: the link from ``a`` to ``b`` is ``a * NODES + b``.
NODES = 5
NAMES = link_names(NODES * NODES)
GRAPH = Graph(
    np.arange(NODES + 1) * NODES,
    np.repeat(np.arange(NODES, dtype=np.int32), NODES),
    np.tile(np.arange(NODES, dtype=np.int32), NODES),
    np.zeros(NODES, np.bool_),
    NAMES,
)


class Known(NamedTuple):
    """A path of the twin."""

    links: list[int]
    flow: float


class Case(NamedTuple):
    """Pairs by origin; the paths each has, the path that was found (none if unreached) and its demand."""

    pairs: Pairs
    paths: list[list[Known]]
    found: CheapestPaths
    cheapest: list[list[int] | None]

    def store(self, room: int) -> PathStore:
        """The paths with ``room`` links to spare; the last path stands first, so they are not in order."""
        every = [path for paths in self.paths for path in paths]
        start, links = [], []
        for path in reversed(every):
            start.append(len(links))
            links += path.links
        starts = np.array(start[::-1], np.int64)
        return PathStore(
            np.cumsum([0] + [len(paths) for paths in self.paths], dtype=np.int64),
            starts,
            starts + np.array([len(path.links) for path in every], np.int64),
            np.array(links + [-1] * room, np.int32),
            len(links),
            np.array([path.flow for path in every], np.float64),
            np.array([name_of(path.links) for path in every], np.uint64),
        )

    def expected(self) -> list[list[Known]]:
        """Paths with flow or found stay; a found one that is new comes last; the first largest mends the sum."""
        after = []
        for paths, found, demand in zip(self.paths, self.cheapest, self.pairs.demand.tolist(), strict=True):
            now = [path for path in paths if path.flow > 0 or path.links == found]
            if found is not None and found not in [path.links for path in paths]:
                now.append(Known(found, 0.0))
            flows = [path.flow for path in now]
            if now:
                largest = flows.index(max(flows))
                flows[largest] = demand - sum(flow for k, flow in enumerate(flows) if k != largest)
            after.append([Known(path.links, flow) for path, flow in zip(now, flows, strict=True)])
        return after


def name_of(links: list[int]) -> int:
    return sum(int(NAMES[link]) for link in links) % 2**64


def case_of(seed: int, n_rows: int) -> Case:
    """Trees and paths by chance: a pair has up to three paths, among them often the one that is found."""
    luck = random.Random(seed)
    origins = [luck.randrange(NODES) for _ in range(n_rows)]
    last_link = np.full((n_rows, NODES), -1, np.int32)
    row_start, dest, paths, cheapest = [0], [], [], []
    for row, origin in enumerate(origins):
        others = luck.sample([node for node in range(NODES) if node != origin], NODES - 1)
        tree: dict[int, list[int]] = {origin: []}
        for node in others:
            before = luck.choice(list(tree))
            last_link[row, node] = before * NODES + node
            tree[node] = [*tree[before], before * NODES + node]
        for node in sorted(luck.sample(others, luck.randrange(NODES))):
            dest.append(node)
            cheapest.append(None if luck.random() < 0.2 else tree[node])
            some = [detour(luck, origin, node) for _ in range(luck.randrange(3))] + [tree[node]] * luck.randrange(2)
            luck.shuffle(some)
            distinct = [links for k, links in enumerate(some) if links not in some[:k]]
            paths.append([Known(links, luck.choice([0.0, 1.0, 2.0, 3.0])) for links in distinct])
        row_start.append(len(dest))
    pairs = Pairs(
        np.zeros(n_rows, np.int32),
        np.array(origins, np.int32),
        np.array(row_start, np.int64),
        np.array(dest, np.int32),
        np.array([luck.choice([4.0, 5.0, 10.0]) for _ in dest], np.float64),
        np.array([luck.randrange(2) for _ in dest], np.int32),
    )
    found = CheapestPaths(
        np.array([0, n_rows], np.int64),
        np.zeros((1, NODES), np.int32),
        last_link,
        np.array([np.inf if links is None else 1.0 for links in cheapest]),
        np.array([0 if links is None else name_of(links) for links in cheapest], np.uint64),
        np.array([0 if links is None else len(links) for links in cheapest], np.int32),
    )
    return Case(pairs, paths, found, cheapest)


def detour(luck: random.Random, origin: int, dest: int) -> list[int]:
    between = [node for node in range(NODES) if node not in (origin, dest)]
    nodes = [origin, *luck.sample(between, luck.randrange(len(between) + 1)), dest]
    return [a * NODES + b for a, b in pairwise(nodes)]


@settings(max_examples=150)
@given(st.integers(0, 2**32), st.integers(0, 4), st.sampled_from([0, 1, 2, 6, 100]), st.integers(1, 2))
@example(0, 0, 0, 1)
def test_a_store_takes_up_what_is_found_and_carries_the_demand(seed, n_rows, room, threads) -> None:
    case = case_of(seed, n_rows)
    store, wanted = case.store(room), case.expected()
    after = rebuild(store, GRAPH, case.pairs, case.found, threads)
    assert after.n_paths().tolist() == [len(paths) for paths in wanted]
    for number, paths in enumerate(wanted):
        assert paths_of(after, number) == [(path.links, path.flow, name_of(path.links)) for path in paths]
    fresh = sum(
        len(found)
        for found, paths in zip(case.cheapest, case.paths, strict=True)
        if found is not None and found not in [path.links for path in paths]
    )
    if fresh <= room:
        assert after.links is store.links
        assert after.used == store.used + fresh
    else:
        assert after.used == sum(len(path.links) for paths in wanted for path in paths)
        assert after.links.size == 2 * after.used
        assert after.link_start.tolist() == [0, *after.link_stop[:-1].tolist()]
    assert after.without_room().links.tolist() == after.links[: after.used].tolist()
    check_flows(after, wanted, case.pairs, threads)


def check_flows(store: PathStore, wanted: list[list[Known]], pairs: Pairs, threads: int) -> None:
    flow = np.zeros((2, NODES * NODES))
    for vehicle_class, paths in zip(pairs.pair_class.tolist(), wanted, strict=True):
        for path in paths:
            flow[vehicle_class, path.links] += path.flow
    assert link_flows(store, pairs.pair_class, 2, NODES * NODES, threads).tolist() == flow.tolist()
