"""Trees under costs of real numbers, sixteen at once, against Bellman and Ford."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.reference.equilibrium import Road, cheapest
from zemsim.kernels.lane_trees import Graph, Pairs, cheapest_paths, empty_paths, link_names

N = 8
costs = st.sampled_from([0.0, 0.5, 1.0, 1.0, 2.25, 7.0, math.inf])
links = st.lists(st.tuples(st.integers(0, N - 1), st.integers(0, N - 1), costs, costs), min_size=1, max_size=30)


def graph_of(ends: list[tuple[int, int]], no_through: list[bool]) -> Graph:
    tail, head = (np.array([pair[i] for pair in ends], np.int32) for i in (0, 1))
    row_start = np.searchsorted(tail, np.arange(N + 1)).astype(np.int64)
    return Graph(row_start, tail, head, np.array(no_through), link_names(len(ends)))


def all_pairs(origins: list[int], dests: list[int]) -> Pairs:
    rows = [[d for d in dests if d != o] for o in origins]
    count = [len(row) for row in rows]
    return Pairs(
        np.zeros(len(rows), np.int32),
        np.array(origins, np.int32),
        np.append(0, np.cumsum(count)).astype(np.int64),
        np.array([d for row in rows for d in row], np.int32),
        np.ones(sum(count)),
        np.zeros(sum(count), np.int32),
    )


def check(graph: Graph, pairs: Pairs, cost: list[float], found) -> None:
    """Costs are the lowest, and paths lead there at that cost, have their names and pass no closed node."""
    roads = [Road(t, h, c, 0, 1, 1) for t, h, c in zip(graph.tail.tolist(), graph.head.tolist(), cost, strict=True)]
    for row, origin in enumerate(pairs.row_origin.tolist()):
        best = cheapest(roads, cost, origin, N, graph.no_through.tolist())
        for pair in range(pairs.row_start[row], pairs.row_start[row + 1]):
            assert found.cost[pair] == pytest.approx(best[pairs.dest[pair]], rel=1e-12)
            if math.isinf(best[pairs.dest[pair]]):
                assert found.n_links[pair] == 0
                continue
            node, path = int(pairs.dest[pair]), []
            while node != origin:
                path.append(int(found.last_link[row, node]))
                node = int(graph.tail[path[-1]])
                assert node == origin or not graph.no_through[node]
                assert len(path) < N
            assert found.n_links[pair] == len(path)
            assert found.name[pair] == sum(int(graph.name[link]) for link in path) % 2**64
            assert sum(cost[link] for link in path) == pytest.approx(found.cost[pair], rel=1e-12)


@settings(max_examples=150)
@given(
    links,
    st.lists(st.booleans(), min_size=N, max_size=N),
    st.lists(st.integers(0, N - 1), min_size=1, max_size=3, unique=True),
    st.lists(st.integers(0, N - 1), min_size=1, max_size=4, unique=True),
)
def test_searches_one_after_another_find_the_cheapest_paths(rows, no_through, origins, dests) -> None:
    rows = sorted(rows, key=lambda row: row[:2])
    graph = graph_of([row[:2] for row in rows], no_through)
    pairs = all_pairs(origins, sorted(dests))
    found = empty_paths(graph, pairs)
    for cost in ([r[2] for r in rows], [r[3] for r in rows], [r[2] for r in rows], [r[2] + r[3] for r in rows]):
        cheapest_paths(graph, pairs, np.array([cost]), found)
        check(graph, pairs, cost, found)


@pytest.mark.parametrize("threads", [1, 2])
def test_more_origins_than_lanes_of_two_classes(threads) -> None:
    """41 rows of each class: three batches, of which the last is not full; the second class pays other costs."""
    rng = np.random.default_rng(4)
    n, rows = 60, 41
    tail = np.sort(rng.integers(0, n, 200)).astype(np.int32)
    head = rng.integers(0, n, tail.size).astype(np.int32)
    no_through = rng.random(n) < 0.2
    row_start = np.searchsorted(tail, np.arange(n + 1)).astype(np.int64)
    graph = Graph(row_start, tail, head, no_through, link_names(tail.size))
    cost = rng.choice([0.0, 1.0, 2.0, 3.25, math.inf], (2, tail.size))
    origin = np.tile(np.sort(rng.permutation(n)[:rows]), 2).astype(np.int32)
    dests = np.array([np.delete(np.arange(n), o) for o in origin], np.int32)
    vehicle_class = np.repeat(np.arange(2, dtype=np.int32), rows)
    starts = (np.arange(2 * rows + 1) * (n - 1)).astype(np.int64)
    pair_class = np.repeat(vehicle_class, n - 1)
    pairs = Pairs(vehicle_class, origin, starts, dests.ravel(), np.ones(dests.size), pair_class)
    found = empty_paths(graph, pairs)
    assert found.batch_start.tolist() == [0, 16, 32, 41, 57, 73, 82]
    cheapest_paths(graph, pairs, cost, found, threads)
    roads = [Road(t, h, 0, 0, 1, 1) for t, h in zip(tail.tolist(), head.tolist(), strict=True)]
    for row in range(2 * rows):
        best = cheapest(roads, cost[vehicle_class[row]].tolist(), int(origin[row]), n, no_through.tolist())
        assert found.cost[starts[row] : starts[row + 1]].tolist() == [best[d] for d in dests[row]]
        check_tree(found.last_link[row], np.array(best), graph, cost[vehicle_class[row]], int(origin[row]))


def check_tree(last_link, best, graph: Graph, cost, origin: int) -> None:
    """Every node that is reached has a last link that leads to it at its cost; the others and the origin have none."""
    node = np.flatnonzero(np.isfinite(best) & (np.arange(best.size) != origin))
    link = last_link[node]
    assert graph.head[link].tolist() == node.tolist()
    assert (best[graph.tail[link]] + cost[link]).tolist() == best[node].tolist()
    assert (np.delete(last_link, node) == -1).all()


@pytest.mark.parametrize(
    ("cost", "words"),
    [
        (np.ones((1, 3)), "rows of 2 links"),
        (np.ones((0, 2)), "at least 1 rows"),
        (np.array([[1.0, -1.0]]), "zero or more"),
        (np.array([[1.0, np.nan]]), "zero or more"),
        (np.ones((1, 2), np.float32), "float64"),
    ],
)
def test_costs_that_the_kernel_would_misread_are_refused(cost, words) -> None:
    graph, pairs = graph_of([(0, 1), (1, 2)], [False] * N), all_pairs([0], [2])
    with pytest.raises(ValueError, match=words):
        cheapest_paths(graph, pairs, cost, empty_paths(graph, pairs))


def test_of_parallel_links_that_cost_the_same_the_first_is_taken() -> None:
    graph = graph_of([(0, 1), (0, 1), (1, 2), (1, 2)], [False] * N)
    pairs = all_pairs([0], [2])
    found = empty_paths(graph, pairs)
    for cost in (1.0, 2.0):  # the second search goes by the order of the first
        cheapest_paths(graph, pairs, np.full((1, 4), cost), found)
        assert found.last_link[0, 1:3].tolist() == [0, 2]


def test_of_paths_that_cost_the_same_that_over_the_nearer_node_is_taken() -> None:
    """To node 3 both ways take 4: over node 1, which is 1 away, and over node 2, which is 2 away."""
    graph = graph_of([(0, 1), (0, 2), (1, 3), (2, 3)], [False] * N)
    pairs = all_pairs([0], [3])
    found = empty_paths(graph, pairs)
    for cost, last in (([1.0, 2.0, 3.0, 2.0], 2), ([2.0, 1.0, 2.0, 3.0], 2)):  # nodes are ordered by the first search
        cheapest_paths(graph, pairs, np.array([cost]), found)
        assert (found.cost[0], found.last_link[0, 3]) == (4.0, last)


def test_names_of_links_are_pinned() -> None:
    assert link_names(2).tolist() == [0xE220A8397B1DCDAF, 0x6E789E6AA1B965F4]  # SplitMix64 from 0: published values
    assert np.unique(link_names(100_000)).size == 100_000


def test_costs_of_every_class_are_needed() -> None:
    pairs = all_pairs([0, 1], [1, 2])._replace(row_class=np.array([0, 1], np.int32))
    graph = graph_of([(0, 1), (1, 2)], [False] * N)
    found = empty_paths(graph, pairs)
    with pytest.raises(ValueError, match="at least 2 rows of 2 links"):
        cheapest_paths(graph, pairs, np.ones((1, 2)), found)
    cheapest_paths(graph, pairs, np.ones((2, 2)), found)
    nobody = all_pairs([], [])
    cheapest_paths(graph, nobody, np.ones((0, 2)), empty_paths(graph, nobody))
