"""Hierarchies, customisation, sweeps, loading and the bucket search equal their slow twins on nasty little graphs."""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise
from typing import NamedTuple

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numba import njit

from benchmarks.one_lane import sweep_one
from tests.reference import road_graph as twin
from zemsim.kernels import lanes
from zemsim.kernels.bucket_queue import Ring, path_to, put_in, search_graph, shortest_from, take_out
from zemsim.kernels.customise import customise
from zemsim.kernels.dissection import dissection_rank
from zemsim.kernels.hierarchy import Hierarchy, build_hierarchy, eliminate
from zemsim.kernels.lanes import LANES, UNREACHABLE, Parts
from zemsim.kernels.loading import load_flows
from zemsim.kernels.pieces import pieces_of
from zemsim.kernels.sweep import LaneTable, members_between, slice_of, sweep


class Graph(NamedTuple):
    """Nodes, links and an order. Times are few, so that ties abound; lengths may be zero; some links are closed."""

    n_nodes: int
    links: list[twin.Link]
    rank: np.ndarray

    @property
    def tail(self) -> np.ndarray:
        return np.array([link[0] for link in self.links], np.int32)

    @property
    def head(self) -> np.ndarray:
        return np.array([link[1] for link in self.links], np.int32)

    def parts(self, n_parts: int = 2) -> Parts:
        return tuple(np.array([link[2][part] for link in self.links], np.int32) for part in range(n_parts))

    def hierarchy(self) -> Hierarchy:
        return build_hierarchy(self.tail, self.head, self.rank)

    def cut_to(self, n_parts: int) -> list[twin.Link]:
        return [(tail, head, label[:n_parts]) for tail, head, label in self.links]


TIMES = st.one_of(st.integers(1, 4), st.sampled_from([UNREACHABLE, UNREACHABLE - 1, UNREACHABLE // 2]))


@st.composite
def graphs(draw: st.DrawFn, most: int = 9) -> Graph:
    """Islands, parallel links, links to the same node, closed links; any order, or that of our dissection."""
    n_nodes = draw(st.integers(1, most))
    node = st.integers(0, n_nodes - 1)
    label = st.tuples(TIMES, st.integers(0, 2), st.integers(0, 2))
    least = draw(st.sampled_from([0, 2 * n_nodes]))  # many links, or those that Hypothesis likes: few
    links = draw(st.lists(st.tuples(node, node, label), min_size=least, max_size=3 * n_nodes))
    graph = Graph(n_nodes, links, np.array(draw(st.permutations(range(n_nodes))), np.int32))
    if draw(st.booleans()):
        graph = graph._replace(rank=dissection_rank(graph.tail, graph.head, n_nodes))
    return graph


def swept(graph: Graph, parts: Parts, make_perfect: bool = True, threads: int = 1, position: int = 0) -> LaneTable:
    nodes = np.arange(graph.n_nodes, dtype=np.int32)
    hierarchy = graph.hierarchy()
    metric = customise(hierarchy, parts, make_perfect)
    members = members_between(hierarchy, nodes, nodes)
    return sweep(members, slice_of(hierarchy, metric, members, position), threads)


def expected(graph: Graph, n_parts: int) -> np.ndarray:
    """Labels of the twin, [parts, origins, targets]."""
    rows = [twin.shortest(graph.n_nodes, graph.cut_to(n_parts), o, UNREACHABLE)[0] for o in range(graph.n_nodes)]
    return np.array([[label + (0,) * (n_parts - len(label)) for label in row] for row in rows]).transpose(2, 0, 1)


@settings(max_examples=200)
@given(graphs(), st.integers(1, 3), st.booleans(), st.integers(1, 2))
def test_sweeps_give_the_labels_of_the_twin(graph: Graph, n_parts: int, make_perfect: bool, threads: int) -> None:
    found = swept(graph, graph.parts(n_parts), make_perfect, threads)
    wanted = expected(graph, n_parts)
    for part in range(n_parts):
        assert found.rows(part).tolist() == wanted[part].tolist()
    pairs = np.indices((graph.n_nodes, graph.n_nodes)).reshape(2, -1)
    assert found.at(*pairs).tolist() == wanted[0].ravel().tolist()


@settings(max_examples=60)
@given(graphs(), st.data())
def test_only_some_origins_and_targets(graph: Graph, data: st.DataObject) -> None:
    nodes = st.lists(st.integers(0, graph.n_nodes - 1), max_size=20)
    origins, targets = (np.array(data.draw(nodes), np.int32) for _ in "ot")
    hierarchy = graph.hierarchy()
    members = members_between(hierarchy, origins, targets)
    graph_of_slice = slice_of(hierarchy, customise(hierarchy, graph.parts()), members)
    wanted = expected(graph, 2)
    found = sweep(members, graph_of_slice)
    for part in range(2):
        assert found.rows(part).tolist() == wanted[part][np.ix_(origins, targets)].tolist()
    for part in found.parts:
        part[:] = data.draw(TIMES)
    assert sweep(members, graph_of_slice, into=found).parts is found.parts
    assert found.rows(1).tolist() == wanted[1][np.ix_(origins, targets)].tolist()
    for position, origin in enumerate(origins):
        alone = sweep_one(members, graph_of_slice, position)
        assert [part[members.targets].tolist() for part in alone] == wanted[:, origin, targets].tolist()


def test_a_table_of_another_shape_is_not_written_into() -> None:
    graph = Graph(3, [(0, 1, (5, 1, 1)), (1, 2, (5, 1, 1))], np.arange(3, dtype=np.int32))
    one, two = swept(graph, graph.parts(1)), swept(graph, graph.parts(2))
    hierarchy = graph.hierarchy()
    nodes = np.arange(3, dtype=np.int32)
    for origins, table in ((nodes, two), (nodes[:0], one)):
        members = members_between(hierarchy, origins, nodes)
        arcs = slice_of(hierarchy, customise(hierarchy, graph.parts(1)), members)
        with pytest.raises(ValueError, match="must have 1 parts of"):
            sweep(members, arcs, into=table)


@settings(max_examples=60)
@given(graphs(), st.data())
def test_each_of_sixteen_slices_is_as_if_alone(graph: Graph, data: st.DataObject) -> None:
    row = st.lists(TIMES, min_size=LANES, max_size=LANES)
    times = data.draw(st.lists(row, min_size=len(graph.links), max_size=len(graph.links)))
    time_ms = np.array(times, np.int32).reshape(len(graph.links), LANES)
    length = np.repeat(graph.parts()[1][:, None], LANES, axis=1)
    for position in (0, 7, LANES - 1):
        alone = swept(graph, (np.ascontiguousarray(time_ms[:, position]), graph.parts()[1]))
        among = swept(graph, (time_ms, length), position=position)
        for part in range(2):
            assert among.rows(part).tolist() == alone.rows(part).tolist()


@settings(max_examples=60)
@given(graphs())
def test_arcs_of_a_slice_do_not_depend_on_which_thread_is_first(graph: Graph) -> None:
    """As if a thread for each member had finished before the one of the member before."""

    def backwards(kernel: Callable[..., object], n_rows: int, threads: int, *args: object, block_rows: int) -> None:
        for row in reversed(range(n_rows)):
            kernel(row, row + 1, *args)

    nodes, hierarchy = np.arange(graph.n_nodes, dtype=np.int32), graph.hierarchy()
    metric, members = customise(hierarchy, graph.parts()), members_between(hierarchy, nodes, nodes)
    usual = slice_of(hierarchy, metric, members)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("zemsim.kernels.sweep.run_blocks", backwards)
        other = slice_of(hierarchy, metric, members)
    for one, two in zip(usual, other, strict=True):
        assert [array.tolist() for array in (one.start, one.head, one.arc, *one.weight)] == [
            array.tolist() for array in (two.start, two.head, two.arc, *two.weight)
        ]


def loaded(graph: Graph, parts: Parts, position: int = 0) -> list[float]:
    """Flow of each link, one vehicle between all pairs."""
    nodes, hierarchy = np.arange(graph.n_nodes, dtype=np.int32), graph.hierarchy()
    metric, members = customise(hierarchy, parts), members_between(hierarchy, nodes, nodes)
    of_slice, od = slice_of(hierarchy, metric, members, position), np.ones((graph.n_nodes, graph.n_nodes))
    flow, _ = load_flows(hierarchy, parts, metric, members, of_slice, od, position)
    return list(flow.tolist())


@settings(max_examples=40)
@given(graphs(), st.data())
def test_flow_of_a_slice_is_that_of_its_times_alone(graph: Graph, data: st.DataObject) -> None:
    row = st.lists(TIMES, min_size=LANES, max_size=LANES)
    times = data.draw(st.lists(row, min_size=len(graph.links), max_size=len(graph.links)))
    time_ms = np.array(times, np.int32).reshape(len(graph.links), LANES)
    for position in (0, 11):
        alone = loaded(graph, (np.ascontiguousarray(time_ms[:, position]),))
        assert loaded(graph, (time_ms,), position) == alone


def with_pieces(hierarchy: Hierarchy, most: int) -> Hierarchy:
    """The same hierarchy, cut as if it were large."""
    arcs = hierarchy.parent, hierarchy.up_start, hierarchy.up_tail, hierarchy.up_head
    return hierarchy._replace(pieces=pieces_of(*arcs, most))


@settings(max_examples=100)
@given(graphs(25), st.integers(0, 12))
def test_pieces_hold_every_node_once_and_have_no_neighbours_on_their_level(graph: Graph, most: int) -> None:
    hierarchy = with_pieces(graph.hierarchy(), most)
    pieces = hierarchy.pieces
    assert sorted(pieces.node) == list(range(graph.n_nodes))
    level_of = np.repeat(np.arange(pieces.level_start.size - 1), np.diff(pieces.level_start))
    assert pieces.level_start[-1] == level_of.size == pieces.start.size - 1
    for number, (first, last) in enumerate(pairwise(pieces.start)):
        nodes = pieces.node[first:last].tolist()
        assert nodes == sorted(nodes) != []
        assert {pieces.of_node[node] for node in nodes} == {number}
        chain = [hierarchy.parent[node] for node in nodes[:-1]]
        assert level_of[number] == 0 or chain == nodes[1:]
    tail, head = pieces.of_node[hierarchy.up_tail], pieces.of_node[hierarchy.up_head]
    assert ((tail == head) | (level_of[tail] < level_of[head])).all()
    for node in range(graph.n_nodes):
        here = head[hierarchy.up_start[node] : hierarchy.up_start[node + 1]] == pieces.of_node[node]
        assert (np.diff(here.astype(int)) <= 0).all(), "upper neighbours in the piece come first"
    for place, node in enumerate(pieces.node):
        wanted = np.flatnonzero((hierarchy.up_head == node) & (tail != head) & (level_of[head] > 0))
        assert pieces.below[pieces.below_start[place] : pieces.below_start[place + 1]].tolist() == wanted.tolist()


@settings(max_examples=100)
@given(graphs(25), st.integers(0, 12), st.integers(1, 2), st.booleans())
def test_labels_are_the_same_whatever_the_pieces_and_threads(
    graph: Graph, most: int, threads: int, make_perfect: bool
) -> None:
    whole = customise(graph.hierarchy(), graph.parts(), make_perfect)
    with pytest.MonkeyPatch.context() as patch:
        for rows in ("ARCS_PER_BLOCK", "NODES_PER_BLOCK"):
            patch.setattr(f"zemsim.kernels.customise.{rows}", 2)
        cut = customise(with_pieces(graph.hierarchy(), most), graph.parts(), make_perfect, threads)
    for one, other in zip((*whole.up, *whole.down, *whole[2:]), (*cut.up, *cut.down, *cut[2:]), strict=True):
        assert one.tolist() == other.tolist()


@settings(max_examples=150)
@given(graphs(), st.data())
def test_arcs_are_those_of_taking_nodes_out(graph: Graph, data: st.DataObject) -> None:
    found = graph.hierarchy()
    assert sorted(found.rank) == list(range(graph.n_nodes))
    low = np.repeat(np.arange(graph.n_nodes), np.diff(found.up_start))
    assert low.tolist() == found.up_tail.tolist()
    assert list(zip(low, found.up_head, strict=True)) == sorted(twin.arcs(graph.n_nodes, graph.links, found.rank))
    first = [found.up_head[a] if a < b else -1 for a, b in pairwise(found.up_start)]
    assert found.parent.tolist() == first
    assert len(twin.arcs(graph.n_nodes, graph.links, graph.rank)) == found.n_arcs
    for (tail, head, _), arc, up in zip(graph.links, found.link_arc, found.link_up, strict=True):
        ends = sorted((found.rank[tail], found.rank[head]))
        assert (arc == -1) == (tail == head)
        assert tail == head or ([low[arc], found.up_head[arc]] == ends and up == (found.rank[tail] < found.rank[head]))


def test_arcs_do_not_depend_on_what_their_room_held_before() -> None:
    """Nodes 0 and 1 are joined to node 2 only."""
    lower_start, upper_end = np.array([0, 1, 2, 2], np.int64), np.array([2, 2], np.int32)
    up_start, parent, work = np.full(4, 7, np.int64), np.full(3, 7, np.int32), np.full((3, 3), 7, np.int32)
    assert eliminate(lower_start, upper_end, up_start, parent, work).tolist() == [2, 2]
    assert up_start.tolist() == [0, 1, 2, 2]
    assert parent.tolist() == [2, 2, -1]


@settings(max_examples=150)
@given(graphs())
def test_perfect_arcs_are_shortest_paths_and_what_they_replace_is_left_out(graph: Graph) -> None:
    """A perfect label is that of the shortest path; an arc is kept where the basic pass found it, else if reached."""
    hierarchy = graph.hierarchy()
    basic, perfect = (customise(hierarchy, graph.parts(), make_perfect) for make_perfect in (False, True))
    wanted = expected(graph, 2)
    node = np.argsort(hierarchy.rank)
    low, high = node[hierarchy.up_tail], node[hierarchy.up_head]
    for start, end, labels, before, kept in (
        (low, high, perfect.up, basic.up, perfect.up_kept),
        (high, low, perfect.down, basic.down, perfect.down_kept),
    ):
        shortest = wanted[:, start, end]
        assert [part.tolist() for part in labels] == shortest.tolist()
        same = (shortest[0] < UNREACHABLE) & (np.array(before) == shortest).all(axis=0)
        assert kept.tolist() == same.astype(int).tolist()
    for before, kept in ((basic.up, basic.up_kept), (basic.down, basic.down_kept)):
        assert kept.tolist() == (before[0] < UNREACHABLE).astype(int).tolist()


@settings(max_examples=200)
@given(graphs(), st.integers(1, 3), st.data())
def test_bucket_search_gives_the_tree_of_the_twin(graph: Graph, n_parts: int, data: st.DataObject) -> None:
    search = search_graph(graph.tail, graph.head, graph.parts(n_parts), graph.rank)
    origin = data.draw(st.integers(0, graph.n_nodes - 1))
    label, last = twin.shortest(graph.n_nodes, graph.cut_to(n_parts), origin, UNREACHABLE)
    tree = shortest_from(search, origin)
    assert list(zip(*(part.tolist() for part in tree.labels), strict=True)) == [
        one + (0,) * (n_parts - len(one)) for one in label
    ]
    assert tree.last_link.tolist() == last
    for target in range(graph.n_nodes):
        early = shortest_from(search, origin, target)
        assert [part[target] for part in early.labels] == [part[target] for part in tree.labels]
        path = path_to(early, graph.tail, target)
        assert path == path_to(tree, graph.tail, target)
        assert all(graph.links[link][1] == graph.links[after][0] for link, after in pairwise(path))
        sums = [sum(graph.links[link][2][part] for link in path) for part in range(n_parts)]
        assert label[target][0] == UNREACHABLE or sums == list(label[target]) + [0] * (n_parts - len(label[target]))


def test_places_wait_in_front_of_each_other() -> None:
    ring = Ring(np.full(1, -1, np.int32), np.full(4, 9, np.int32), np.arange(4, dtype=np.int32))
    for change, place, wanted in (
        (put_in, 0, [0]),
        (put_in, 1, [1, 0]),
        (put_in, 2, [2, 1, 0]),
        (take_out, 1, [2, 0]),
        (take_out, 2, [0]),
        (put_in, 3, [3, 0]),
        (take_out, 0, [3]),
    ):
        getattr(change, "py_func", change)(place, 0, ring)  # compiled, it is for kernels only
        found, other = [], int(ring.first[0])
        while other >= 0 and len(found) < 4:
            assert ring.before[other] == (found[-1] if found else -1)
            found.append(other)
            other = int(ring.after[other])
        assert found == wanted
        assert all(ring.before[one] == one for one in set(range(4)) - set(found))


def test_buckets_follow_from_the_times_of_open_links_and_a_search_ends_at_its_target() -> None:
    """A bucket is a power of two, a quarter to half of the usual 100 ms; 960 ms are 30 of them, and two more."""
    nodes = np.arange(5, dtype=np.int32)
    times = np.array([100, 100, 960, UNREACHABLE], np.int32)
    search = search_graph(nodes[:-1], nodes[1:], (times,), nodes)
    assert (search.shift, search.buckets) == (5, 64)
    assert shortest_from(search, 0).labels[0].tolist() == [0, 100, 200, 1160, UNREACHABLE]
    assert shortest_from(search, 0, 1).labels[0].tolist()[:2] == [0, 100]
    assert shortest_from(search, 0, 1).labels[0][3] == UNREACHABLE, "it has gone on beyond its target"


def test_bucket_search_with_few_and_wide_buckets() -> None:
    """Short links stay within a bucket, where nodes wait in front of and behind each other; long ones go round all."""
    rng = np.random.default_rng(3)
    ends, short = rng.integers(0, 12, (40, 2)).tolist(), rng.random(40) < 0.6
    times = np.where(short, rng.integers(1, 5, 40), rng.integers(900, 1100, 40)).tolist()
    links = [(tail, head, (time, time % 3)) for (tail, head), time in zip(ends, times, strict=True)]
    graph = Graph(12, links, rng.permutation(12).astype(np.int32))
    usual = search_graph(graph.tail, graph.head, graph.parts(), graph.rank)
    wanted = expected(graph, 2)
    for search in (usual, usual._replace(shift=8, buckets=8)):
        for origin in range(12):
            tree = shortest_from(search, origin)
            assert [part.tolist() for part in tree.labels] == wanted[:, origin].tolist()
            assert tree.last_link.tolist() == twin.shortest(12, links, origin, UNREACHABLE)[1]


@settings(max_examples=200)
@given(graphs(), st.integers(1, 2), st.booleans(), st.data())
def test_flow_takes_shortest_paths_and_none_is_lost(
    graph: Graph, threads: int, make_perfect: bool, data: st.DataObject
) -> None:
    """Flow that is kept at every node and spends what the labels say, in time and in length, is on shortest paths."""
    nodes = np.arange(graph.n_nodes, dtype=np.int32)
    cells = st.lists(st.sampled_from([0, 0, 0, 1, 5]), min_size=graph.n_nodes, max_size=graph.n_nodes)
    od = np.array(data.draw(st.lists(cells, min_size=graph.n_nodes, max_size=graph.n_nodes)), np.float64)
    hierarchy = graph.hierarchy()
    members = members_between(hierarchy, nodes, nodes)
    metric = customise(hierarchy, graph.parts(), make_perfect)
    graph_of_slice = slice_of(hierarchy, metric, members)
    flow, lost = load_flows(hierarchy, graph.parts(), metric, members, graph_of_slice, od, threads=threads)
    wanted = expected(graph, 2)
    reached = wanted[0] < UNREACHABLE
    assert lost.tolist() == np.where(reached, 0, od).sum(axis=1).tolist()
    carried = np.where(reached, od, 0)
    for part, weight in enumerate(graph.parts()):
        assert (flow * weight).sum() == (carried * wanted[part]).sum()
    balance = carried.sum(axis=1) - carried.sum(axis=0)
    np.subtract.at(balance, graph.tail, flow)
    np.add.at(balance, graph.head, flow)
    assert (flow >= 0).all()
    assert (balance == 0).all()


def test_several_batches_of_origins_in_any_order() -> None:
    """Forty origins, most of them more than once, are three batches; some pairs have no path."""
    rng = np.random.default_rng(5)
    ends = rng.integers(0, 18, (36, 2)).tolist()
    links = [(tail, head, (1 + at % 4, at % 3)) for at, (tail, head) in enumerate(ends)]
    graph = Graph(18, links, rng.permutation(18).astype(np.int32))
    origins, targets = (rng.integers(0, 18, size).astype(np.int32) for size in (40, 7))
    hierarchy = graph.hierarchy()
    metric, members = customise(hierarchy, graph.parts()), members_between(hierarchy, origins, targets)
    between = slice_of(hierarchy, metric, members)
    wanted = expected(graph, 2)[:, origins][:, :, targets]
    found = sweep(members, between, threads=2)
    assert [found.rows(part).tolist() for part in range(2)] == wanted.tolist()
    od = rng.integers(0, 3, (40, 7)).astype(np.float64)
    flow, lost = load_flows(hierarchy, graph.parts(), metric, members, between, od)
    carried = np.where(wanted[0] < UNREACHABLE, od, 0)
    assert 0 < carried.sum() < od.sum()
    for part, weight in enumerate(graph.parts()):
        assert (flow * weight).sum() == (carried * wanted[part]).sum()
    assert lost.tolist() == (od - carried).sum(axis=1).tolist()


def test_what_lies_on_another_island_does_not_matter() -> None:
    """Also not to the second batch of origins, where room for labels is not where it begins."""
    graph = Graph(4, [(0, 1, (2,)), (1, 0, (3,)), (2, 3, (1,)), (3, 2, (1,))], np.arange(4, dtype=np.int32))
    hierarchy = graph.hierarchy()
    nodes, origins = np.argsort(hierarchy.rank).astype(np.int32), np.array([0, 1] * 10, np.int32)
    assert members_between(hierarchy, origins, origins).rank.tolist() == sorted(hierarchy.rank[:2])
    metric, members = customise(hierarchy, graph.parts(1)), members_between(hierarchy, origins, nodes)
    between = slice_of(hierarchy, metric, members)
    table = sweep(members, between)
    table.parts[0][:] = 0
    wanted = expected(graph, 1)[0][np.ix_(origins, nodes)]
    assert sweep(members, between, into=table).rows().tolist() == wanted.tolist()


@pytest.mark.parametrize("seed", range(4))
def test_a_larger_graph_with_several_batches_and_full_buckets(seed: int) -> None:
    """Fifty nodes are four batches of origins; few and long links beside many short ones fill the buckets."""
    rng = np.random.default_rng(seed)
    ends = rng.integers(0, 50, (170, 2)).tolist()
    times = np.where(rng.random(170) < 0.6, rng.integers(1, 5, 170), rng.integers(900, 1100, 170)).tolist()
    links = [(tail, head, (time, time % 3)) for (tail, head), time in zip(ends, times, strict=True)]
    graph = Graph(50, links, rng.permutation(50).astype(np.int32))
    wanted = expected(graph, 2)
    found = swept(graph, graph.parts(), threads=2)
    assert [found.rows(part).tolist() for part in range(2)] == wanted.tolist()
    search = search_graph(graph.tail, graph.head, graph.parts(), graph.rank)._replace(shift=8, buckets=16)
    for origin in range(50):
        tree = shortest_from(search, origin)
        assert [part.tolist() for part in tree.labels] == wanted[:, origin].tolist()
        assert tree.last_link.tolist() == twin.shortest(50, links, origin, UNREACHABLE)[1]
    nodes = np.arange(50, dtype=np.int32)
    od = rng.integers(0, 3, (50, 50)).astype(np.float64)
    hierarchy = graph.hierarchy()
    members = members_between(hierarchy, nodes, nodes)
    metric = customise(hierarchy, graph.parts())
    between = slice_of(hierarchy, metric, members)
    flow, lost = load_flows(hierarchy, graph.parts(), metric, members, between, od)
    carried = np.where(wanted[0] < UNREACHABLE, od, 0)
    assert (flow * graph.parts()[0]).sum() == (carried * wanted[0]).sum()
    assert lost.tolist() == (od - carried).sum(axis=1).tolist()


VALUES = st.one_of(st.integers(0, 3), st.sampled_from([UNREACHABLE, UNREACHABLE - 1]))


def _all_lane_functions(a: Parts, b: Parts, one: Parts, out: Parts) -> int:
    lanes.set_lanes(out, 0, lanes.least_lanes(lanes.lanes_at(a, 1), lanes.lanes_at(b, 1)))
    total = lanes.add_lanes(lanes.lanes_at(a, 1), lanes.lanes_at(one, 2))
    lanes.set_lanes(out, 1, lanes.least_lanes(lanes.unreached(a), total))
    lanes.start_lane(out, 2, 4)
    return lanes.equal_lanes(lanes.lanes_at(a, 1), lanes.lanes_at(b, 1))


all_lane_functions = njit(_all_lane_functions)


@settings(max_examples=100)
@given(st.integers(1, 3), st.booleans(), st.data())
def test_machine_code_of_lanes_does_what_its_python_says(n_parts: int, wide: bool, data: st.DataObject) -> None:
    width = LANES if wide else 1
    numbers = st.lists(VALUES, min_size=3 * width, max_size=3 * width)

    def draw(columns: int) -> Parts:
        flat = [np.array(data.draw(numbers), np.int32)[: 3 * columns] for _ in range(n_parts)]
        return tuple(part.reshape(3, columns) if columns > 1 else part for part in flat)

    a, b, one = draw(width), draw(width), draw(1)
    compiled, plain = (tuple(np.full(a[0].shape, 7, np.int32) for _ in range(n_parts)) for _ in "cp")
    assert all_lane_functions(a, b, one, compiled) == _all_lane_functions(a, b, one, plain)
    assert [part.tolist() for part in compiled] == [part.tolist() for part in plain]
    for lane in range(width):
        sides = [tuple(np.atleast_1d(part[1])[lane] for part in side) for side in (a, b)]
        assert min(sides) == tuple(np.atleast_1d(part[0])[lane] for part in compiled)


def test_rows_of_labels_by_hand() -> None:
    """A row is as wide as its arrays, what is not reached is equal to nothing, and sums must be as many."""
    narrow, wide = (tuple(np.zeros(shape, np.int32) for _ in "tl") for shape in (3, (3, LANES)))
    for parts, width in ((narrow, 1), (wide, LANES)):
        nothing = lanes.unreached(parts)
        assert nothing.tolist() == [[UNREACHABLE] * width, [0] * width]
        assert lanes.equal_lanes(nothing, nothing) == 0
        assert lanes.equal_lanes(lanes.lanes_at(parts, 1), lanes.lanes_at(parts, 2)) == (1 << width) - 1
        with pytest.raises(ValueError, match="longer than argument"):
            lanes.set_lanes(parts[:1], 0, nothing)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"rank": np.array([0, 0, 1], np.int32)}, "rank must hold each"),
        ({"rank": np.array([0.0, 1.0, 2.0])}, "rank must be a contiguous"),
        ({"tail": np.array([3], np.int32)}, "tail must hold"),
        ({"tail": np.array([-1], np.int32)}, "tail must hold"),
        ({"tail": np.array([-1, 0], np.int32), "head": np.array([1, 1], np.int32)}, "tail must hold"),
        ({"head": np.array([-1], np.int32)}, "head must hold"),
        ({"head": np.array([3], np.int32)}, "head must hold"),
        ({"head": np.array([0, 1], np.int32)}, "same size"),
    ],
)
def test_a_graph_that_is_none_is_refused(change: dict[str, np.ndarray], message: str) -> None:
    good = {"tail": np.array([0], np.int32), "head": np.array([1], np.int32), "rank": np.arange(3, dtype=np.int32)}
    build_hierarchy(**good)
    with pytest.raises(ValueError, match=message):
        build_hierarchy(**good | change)
    wrong = good | change
    if wrong["rank"].dtype == np.int32:
        links = (np.ones(wrong["tail"].size, np.int32),)
        with pytest.raises(ValueError, match=r"must hold|must have the same size"):
            search_graph(wrong["tail"], wrong["head"], links, wrong["rank"])


@pytest.mark.parametrize(
    ("links", "message"),
    [
        ((np.array([1], np.int32), np.array([-1], np.int32)), "part 1 of links must lie between 0"),
        ((np.array([1, 0], np.int32),), "part 0 of links must lie between 1"),
        ((np.array([1, UNREACHABLE + 1], np.int32),), "part 0 of links must lie between 1"),
        ((np.array([1], np.int64),), "contiguous int32"),
        ((np.array([1, 2], np.int32),), "shape"),
        ((), "one to three parts"),
        ((np.array([1], np.int32),) * 4, "one to three parts"),
    ],
)
def test_labels_that_are_none_are_refused(links: Parts, message: str) -> None:
    size = 2 if message.startswith("part 0") else 1
    ends = np.zeros(size, np.int32), np.ones(size, np.int32)
    rank = np.arange(2, dtype=np.int32)
    with pytest.raises(ValueError, match=message):
        customise(build_hierarchy(*ends, rank), links)
    with pytest.raises(ValueError, match=message):
        search_graph(*ends, links, rank)


def test_flows_that_are_none_are_refused() -> None:
    graph = Graph(2, [(0, 1, (1, 1))], np.arange(2, dtype=np.int32))
    hierarchy = graph.hierarchy()
    metric = customise(hierarchy, graph.parts())
    nodes = np.arange(2, dtype=np.int32)
    members = members_between(hierarchy, nodes, nodes)
    between = slice_of(hierarchy, metric, members)
    for od, message in (
        (np.zeros((1, 2)), "shape"),
        (np.zeros((2, 2), np.float32), "shape"),
        (np.full((2, 2), -1.0), "not negative"),
        (np.full((2, 2), np.nan), "not negative"),
    ):
        with pytest.raises(ValueError, match=message):
            load_flows(hierarchy, graph.parts(), metric, members, between, od)
    with pytest.raises(ValueError, match="slices 0 to 0"):
        slice_of(hierarchy, metric, members, 1)
    with pytest.raises(ValueError, match="node 2"):
        shortest_from(search_graph(graph.tail, graph.head, graph.parts(), graph.rank), 2)
