"""Shortest paths and loading equal their slow twins, and scipy, on random graphs."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.sparse import csr_matrix
from scipy.sparse.csgraph import dijkstra

from tests.reference import shortest_path as twin
from zemsim.kernels.loading import load_trees
from zemsim.kernels.shortest_path import UNREACHABLE_MS, many_to_many, one_to_all


@st.composite
def graphs(draw: st.DrawFn) -> tuple[int, list[twin.Link], list[bool]]:
    """Nodes, links sorted by tail, nodes that may not be passed. Few distinct weights, so that ties abound."""
    n_nodes = draw(st.integers(1, 9))
    node = st.integers(0, n_nodes - 1)
    weight = st.one_of(st.integers(1, 4), st.sampled_from([UNREACHABLE_MS, UNREACHABLE_MS - 1, UNREACHABLE_MS // 2]))
    links = draw(st.lists(st.tuples(node, node, weight), max_size=30))
    return (
        n_nodes,
        sorted(links, key=lambda link: link[0]),
        draw(st.lists(st.booleans(), min_size=n_nodes, max_size=n_nodes)),
    )


def arrays(n_nodes: int, links: list[twin.Link]) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """``row_start, head, weight_ms, tail`` of links that are sorted by tail."""
    tail, head, weight = (np.array([link[k] for link in links], np.int32) for k in range(3))
    return np.searchsorted(tail, np.arange(n_nodes + 1)).astype(np.int64), head, weight, tail


@settings(max_examples=300)
@given(graphs(), st.integers(1, 2))
def test_trees_times_and_lengths_equal_the_twin(graph: tuple[int, list[twin.Link], list[bool]], threads: int) -> None:
    n_nodes, links, no_through = graph
    row_start, head, weight, _tail = arrays(n_nodes, links)
    nodes = np.arange(n_nodes, dtype=np.int32)
    length = np.arange(1, len(links) + 1, dtype=np.float64)
    found = many_to_many(row_start, head, weight, length, nodes, nodes, np.array(no_through), threads, True)
    assert found.trees is not None
    for origin in range(n_nodes):
        time, pred, order = twin.shortest(n_nodes, links, origin, UNREACHABLE_MS, no_through)
        assert found.time_ms[origin].tolist() == time
        assert found.trees.pred_link[origin].tolist() == pred
        assert found.trees.order[origin].tolist() == order + [-1] * (n_nodes - len(order))
        assert found.length[origin].tolist() == [
            sum(length[number] for number in twin.path(links, pred, node)) for node in range(n_nodes)
        ]


@settings(max_examples=100)
@given(graphs(), st.data())
def test_the_python_body_of_the_kernel_gives_the_same(
    graph: tuple[int, list[twin.Link], list[bool]], data: st.DataObject
) -> None:
    n_nodes, links, no_through = graph
    row_start, head, weight, _tail = arrays(n_nodes, links)
    origin = data.draw(st.integers(0, n_nodes - 1))
    out = [np.empty(n_nodes, np.int32) for _ in range(3)]
    work = (np.empty(n_nodes, np.int64), np.empty(n_nodes, np.int32))
    settled = one_to_all.py_func(origin, row_start, head, weight, np.array(no_through), *out, *work)
    time, pred, order = twin.shortest(n_nodes, links, origin, UNREACHABLE_MS, no_through)
    assert [out[0].tolist(), out[1].tolist(), out[2].tolist()[:settled]] == [time, pred, order]


@settings(max_examples=200)
@given(graphs(), st.data())
def test_loaded_flows_equal_the_twin_that_walks_every_path(
    graph: tuple[int, list[twin.Link], list[bool]], data: st.DataObject
) -> None:
    n_nodes, links, no_through = graph
    row_start, head, weight, tail = arrays(n_nodes, links)
    nodes = np.arange(n_nodes, dtype=np.int32)
    found = many_to_many(row_start, head, weight, np.ones(len(links)), nodes, nodes, np.array(no_through), 1, True)
    assert found.trees is not None
    cells = st.lists(st.integers(0, 5), min_size=n_nodes, max_size=n_nodes)
    od = np.array(data.draw(st.lists(cells, min_size=n_nodes, max_size=n_nodes)), np.float64)
    flow, lost = load_trees(found.trees, tail, nodes, od)
    assert flow.tolist() == twin.loaded(links, found.trees.pred_link.tolist(), nodes.tolist(), od.tolist())
    assert lost.tolist() == np.where(found.time_ms == UNREACHABLE_MS, od, 0).sum(axis=1).tolist()


@pytest.mark.parametrize("seed", [1, 2])
def test_times_equal_scipy_on_a_larger_graph(seed: int) -> None:
    rng = np.random.default_rng(seed)
    n_nodes, n_links = 400, 1300
    pairs = np.unique(rng.integers(0, n_nodes, (n_links, 2)), axis=0)
    weight = rng.integers(1, 100_000, len(pairs)).astype(np.int32)
    row_start = np.searchsorted(pairs[:, 0], np.arange(n_nodes + 1)).astype(np.int64)
    head = np.ascontiguousarray(pairs[:, 1], np.int32)
    nodes = np.arange(n_nodes, dtype=np.int32)
    ours = many_to_many(row_start, head, weight, np.ones(len(head)), nodes, nodes, threads=2).time_ms
    theirs = dijkstra(csr_matrix((weight.astype(np.float64), head, row_start), shape=(n_nodes, n_nodes)))
    assert np.array_equal(np.where(ours == UNREACHABLE_MS, np.inf, ours), theirs)


def _loop() -> dict[str, np.ndarray]:
    """Two nodes, a link each way."""
    return {
        "row_start": np.array([0, 1, 2], np.int64),
        "head": np.array([1, 0], np.int32),
        "weight_ms": np.array([5, 5], np.int32),
        "link_length": np.ones(2),
        "origins": np.array([0], np.int32),
        "targets": np.array([1], np.int32),
    }


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("row_start", np.array([0, 2, 1], np.int64)),
        ("row_start", np.array([0, 1, 3], np.int64)),
        ("head", np.array([1, 2], np.int32)),
        ("head", np.array([1, 0], np.int64)),
        ("weight_ms", np.array([0, 5], np.int32)),
        ("weight_ms", np.array([5, 5, 5], np.int32)),
        ("link_length", np.array([1.0, np.nan])),
        ("link_length", np.array([1.0, -1.0])),
        ("origins", np.array([-1], np.int32)),
        ("targets", np.array([2], np.int32)),
        ("no_through", np.array([True])),
    ],
)
def test_arrays_that_the_kernel_would_misread_are_refused(name: str, value: np.ndarray) -> None:
    good = _loop()
    assert many_to_many(**good).time_ms.tolist() == [[5]]
    with pytest.raises(ValueError, match=name):
        many_to_many(**(good | {name: value}))


def test_flows_that_cannot_be_loaded_are_refused() -> None:
    good = _loop()
    trees = many_to_many(**good, keep_trees=True).trees
    assert trees is not None
    tail = np.array([0, 1], np.int32)
    for od in (np.array([[-1.0]]), np.array([[np.nan]]), np.ones((1, 2)), np.ones((1, 1), np.float32)):
        with pytest.raises(ValueError, match="od"):
            load_trees(trees, tail, good["targets"], od)
