"""Orders by dissection: nodes of few neighbours are taken out rightly, cuts are as small as can be."""

from __future__ import annotations

from itertools import combinations, pairwise

import numpy as np
from hypothesis import example, given, settings
from hypothesis import strategies as st
from numba import njit

from zemsim.kernels.dissection import dissect, dissection_rank
from zemsim.kernels.hierarchy import build_hierarchy
from zemsim.kernels.neighbours import FEW_NEIGHBOURS, neighbours, take_out_few
from zemsim.kernels.vertex_cut import Flow, Places, begin_flow, cut

Edges = list[tuple[int, int]]


@st.composite
def graphs(draw: st.DrawFn, most: int) -> tuple[int, Edges]:
    """Nodes and edges, any of them twice, both ways, or from a node to itself."""
    n_nodes = draw(st.integers(1, most))
    node = st.integers(0, n_nodes - 1)
    return n_nodes, draw(st.lists(st.tuples(node, node), max_size=3 * n_nodes))


def arrays(edges: Edges) -> tuple[np.ndarray, np.ndarray]:
    tail, head = np.array(edges, np.int32).reshape(-1, 2).T
    return np.ascontiguousarray(tail), np.ascontiguousarray(head)


def sets(n_nodes: int, edges: Edges) -> list[set[int]]:
    """The twin of ``neighbours``."""
    near: list[set[int]] = [set() for _ in range(n_nodes)]
    for one, other in edges:
        if one != other:
            near[one].add(other)
            near[other].add(one)
    return near


@settings(max_examples=150)
@given(graphs(20))
def test_neighbours_are_those_of_sets(graph: tuple[int, Edges]) -> None:
    n_nodes, edges = graph
    start, near = neighbours(*arrays(edges), n_nodes)
    assert [near[a:b].tolist() for a, b in pairwise(start)] == [sorted(found) for found in sets(n_nodes, edges)]
    assert near.size == start[-1]


@settings(max_examples=150)
@given(graphs(20))
@example((6, [(0, 1), (1, 2), *((a, b) for a in (0, 2) for b in (3, 4, 5)), (3, 4), (3, 5), (4, 5)]))  # node 0 stays
def test_what_is_left_after_taking_out_is_what_elimination_leaves(graph: tuple[int, Edges]) -> None:
    n_nodes, edges = graph
    start, near = neighbours(*arrays(edges), n_nodes)
    degree, order = np.diff(start).astype(np.int32), np.empty(n_nodes, np.int32)
    taken = order[: take_out_few(start, near, degree, order)].tolist()
    twin = sets(n_nodes, edges)
    for node in taken:
        beside = twin[node]
        assert len(beside) <= FEW_NEIGHBOURS
        for other in beside:
            twin[other] = (twin[other] | beside) - {node, other}
        twin[node] = set()
    left = sorted(set(range(n_nodes)) - set(taken))
    assert len(set(taken)) == len(taken)
    assert all(len(twin[node]) > FEW_NEIGHBOURS for node in left)
    assert [degree[node] for node in taken] == [-1] * len(taken)
    for node in left:
        assert sorted(near[start[node] : start[node] + degree[node]]) == sorted(twin[node])


@njit
def cut_of(count: int, by_key: np.ndarray, places: Places, flow: Flow) -> None:
    """The compiled cut, which only kernels can call."""
    cut(begin_flow(count, by_key, places, flow), places, flow)


@settings(max_examples=150)
@given(graphs(8), st.data())
def test_no_fewer_nodes_hold_the_sides_apart(graph: tuple[int, Edges], data: st.DataObject) -> None:
    """All sets of nodes are tried; a node of a side may be in the cut."""
    n, edges = graph
    side = np.array(data.draw(st.lists(st.sampled_from([0, 0, 1, 2]), min_size=n, max_size=n)), np.int8)
    twin, given_side = sets(n, edges), side.copy()
    start, near = neighbours(*arrays(edges), n)
    node = np.arange(n, dtype=np.int32)
    work, states = np.empty((4, n), np.int32), np.empty((3, 2 * n), np.int32)
    places = Places(node, start[:-1].copy(), start[1:].copy(), near)
    cut_of(n, node, places, Flow(side, work[0], work[1], states[0], states[1], work[2], work[3], states[2]))
    assert not [(a, b) for a in range(n) for b in twin[a] if {side[a], side[b]} == {1, 2}]
    assert set(side) <= {1, 2, 3}
    assert not [v for v in range(n) if {given_side[v], side[v]} == {1, 2}], "no node changes sides"

    def apart(without: set[int]) -> bool:
        seen = {v for v in range(n) if given_side[v] == 1} - without
        todo = list(seen)
        while todo:
            new = twin[todo.pop()] - seen - without
            seen |= new
            todo += new
        return not any(given_side[v] == 2 for v in seen)

    size = int((side == 3).sum())
    assert apart(set(np.flatnonzero(side == 3).tolist()))
    assert size == 0 or not any(apart(set(chosen)) for chosen in combinations(range(n), size - 1))


@settings(max_examples=100)
@given(graphs(30), st.data())
def test_an_order_holds_every_node_once_whatever_the_order_of_links(
    graph: tuple[int, Edges], data: st.DataObject
) -> None:
    n_nodes, edges = graph
    rank = dissection_rank(*arrays(edges), n_nodes)
    assert sorted(rank) == list(range(n_nodes))
    shuffled = [edge[::-1] for edge in data.draw(st.permutations(edges))]
    assert dissection_rank(*arrays(shuffled + edges[:3]), n_nodes).tolist() == rank.tolist()
    assert np.argsort(rank).tolist() == dissect(*neighbours(*arrays(edges), n_nodes)).tolist()


def test_an_order_of_nodes_that_all_have_many_neighbours() -> None:
    """None is taken out before cutting begins, so what is cut has as many links as the graph."""
    rank = dissection_rank(*arrays(list(combinations(range(7), 2))), 7)
    assert sorted(rank.tolist()) == list(range(7))


def test_a_dissected_grid_is_cheap() -> None:
    """A grid of 40 by 40 in its own row order has arcs of order N^1.5; dissected it has a few times N log N."""
    side = 40
    node = np.arange(side * side, dtype=np.int32).reshape(side, side)
    tail = np.concatenate([node[:, :-1].ravel(), node[:-1].ravel()])
    head = np.concatenate([node[:, 1:].ravel(), node[1:].ravel()])
    by_row = build_hierarchy(tail, head, node.ravel().copy())
    dissected = build_hierarchy(tail, head, dissection_rank(tail, head, side * side))
    assert by_row.n_arcs > 50_000
    assert dissected.n_arcs < 25_000


def test_the_nodes_of_a_long_road_have_few_ancestors() -> None:
    """Taken out from one end to the other they would have a thousand."""
    node = np.arange(1000, dtype=np.int32)
    hierarchy = build_hierarchy(
        node[:-1].copy(), node[1:].copy(), dissection_rank(node[:-1].copy(), node[1:].copy(), 1000)
    )
    above = np.zeros(1000, int)
    for place in range(999, -1, -1):
        parent = hierarchy.parent[place]
        above[place] = 0 if parent < 0 else above[parent] + 1
    assert above.max() <= 20
