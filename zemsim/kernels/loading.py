"""Loading: put the flow of each origin-destination pair on the links of its shortest path, over a hierarchy.

A sweep (``sweep.py``) is run backwards: flow begins at the targets and is handed, node by node, to the arc that gave
the node its label, first upwards (against ``descend``), then down to the origin (against ``climb``). That is one
addition per node and origin, whatever the number of targets. What lies on arcs at the end is taken apart once for all
origins: each arc hands its flow to its own link, or to the two arcs below it that it stands for.

Of equally short ways the first is taken: through upper neighbours before lower ones, through the lowest neighbour, over
a link of its own before a way through other nodes, over the link with the lowest number. In a given order of nodes,
closing a link that a pair does not use does not change its path.

Sums are made in a fixed order: origins in their order within blocks of fixed size, then the blocks in order. So the
result has the same bytes for any number of threads.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numba import njit
from numpy.typing import NDArray

from zemsim.kernels.blocks import run_blocks
from zemsim.kernels.customise import Bits, Metric
from zemsim.kernels.hierarchy import Hierarchy, Int32, Int64
from zemsim.kernels.lanes import (
    LANES,
    UNREACHABLE,
    Parts,
    add_lanes,
    equal_lanes,
    flow_bits,
    lanes_at,
    move_flow,
    set_lanes,
)
from zemsim.kernels.lean import INNER, LEAN
from zemsim.kernels.sweep import Members, Slice, climb, descend

Float = NDArray[np.float64]

#: Batches of 16 origins whose flows are summed into one partial result.
BATCHES_PER_SUM = 8


class Work(NamedTuple):
    """Work space of a thread: labels and climbed labels [K, 16], flow [K, 16], marks and path [K], ends of runs [17].

    ``flow`` is zero and ``marked`` false before and after.
    """

    labels: Parts
    climbed: Parts
    flow: Float
    marked: NDArray[np.bool_]
    path: Int32
    ends: Int64


def push_up(
    falling: Int32, start: Int64, head: Int32, weight: Parts, labels: Parts, flow: Float, on_arc: Float
) -> None:
    """Hand the flow of each node, lowest first, to the upper neighbour that its label came from.

    What stays is where the label came from below.
    """
    for place in range(falling.size - 1, -1, -1):
        node = falling[place]
        todo = flow_bits(flow, node)
        if todo == 0:
            continue
        label = lanes_at(labels, node)
        for i in range(start[node], start[node + 1]):
            bits = todo & equal_lanes(label, add_lanes(lanes_at(labels, head[i]), lanes_at(weight, i)))
            if bits != 0:
                on_arc[i] += move_flow(flow, head[i], node, bits)
                todo &= ~bits
                if todo == 0:
                    break


def push_down(
    runs: int,
    ends: Int64,
    path: Int32,
    start: Int64,
    head: Int32,
    weight: Parts,
    labels: Parts,
    climbed: Parts,
    flow: Float,
    on_arc: Float,
) -> None:
    """Hand the flow of each ancestor, highest first, to the first node below that its label came from by climbing."""
    for run in range(runs):
        for step in range(ends[run + 1] - 1, ends[run] - 1, -1):
            node = path[step]
            label = lanes_at(climbed, step)
            for i in range(start[node], start[node + 1]):
                above = head[i]
                bits = equal_lanes(lanes_at(labels, above), add_lanes(label, lanes_at(weight, i)))
                if bits != 0:
                    bits &= flow_bits(flow, above)
                    if bits != 0:
                        on_arc[i] += move_flow(flow, node, above, bits)


def load_batches(
    begin: int,
    end: int,
    members: Members,
    by_place: Int64,
    graph: Slice,
    od: Float,
    work: Work,
    up_flow: Float,
    down_flow: Float,
    lost: Float,
) -> None:
    """Flows of the batches ``begin .. end - 1`` on the arcs of ``graph``.

    ``by_place[i]`` is the row of ``od`` of the i-th origin of ``members``. ``lost`` [O] is the flow that finds no path.
    """
    labels, climbed, flow, marked, path, ends = work
    origins, parent, falling, targets = members.origins, members.parent, members.falling, members.targets
    up_start, up_head, up_weight = graph.up.start, graph.up.head, graph.up.weight
    down_start, down_head, down_weight = graph.down.start, graph.down.head, graph.down.weight
    time = labels[0]
    base = int(np.int64(0))  # a bare 0 would be a type of its own, and compile climb and descend again
    for batch in range(begin, end):
        first = batch * LANES
        last = min(first + LANES, origins.size)
        climb(first, last, origins, parent, up_start, up_head, up_weight, base, labels, marked, path, ends)
        for step in range(ends[last - first]):
            set_lanes(climbed, step, lanes_at(labels, path[step]))
        descend(falling, down_start, down_head, down_weight, base, labels, marked)
        for step in range(ends[last - first]):
            marked[path[step]] = False
        for i in range(first, last):
            row = by_place[i]
            for column in range(targets.size):
                amount = od[row, column]
                if amount != 0.0 and targets[column] != origins[i]:
                    if time[targets[column], i - first] < UNREACHABLE:
                        flow[targets[column], i - first] += amount
                    else:
                        lost[row] += amount
        push_up(falling, down_start, down_head, down_weight, labels, flow, down_flow)
        push_down(last - first, ends, path, up_start, up_head, up_weight, labels, climbed, flow, up_flow)
        for i in range(first, last):
            flow[origins[i], i - first] = 0.0


def stands_for(labels: Parts, k: int, first: Parts, i: int, second: Parts, j: int) -> bool:
    """Whether an arc is as short as two others together."""
    return equal_lanes(lanes_at(labels, k), add_lanes(lanes_at(first, i), lanes_at(second, j))) != 0


def take_apart(
    up_start: Int64,
    up_head: Int32,
    up: Parts,
    down: Parts,
    up_kept: NDArray[np.bool_],
    down_kept: NDArray[np.bool_],
    up_link: Int32,
    down_link: Int32,
    up_flow: Float,
    down_flow: Float,
    link_flow: Float,
) -> None:
    """Hand the flow of each arc to its link, or to the two arcs through the highest node below that it stands for."""
    for node in range(up_start.size - 2, -1, -1):
        first, end = up_start[node], up_start[node + 1]
        for i in range(first, end):
            k = up_start[up_head[i]]
            for j in range(i + 1, end):
                while up_head[k] < up_head[j]:
                    k += 1
                if up_flow[k] != 0.0 and down_kept[i] and up_kept[j] and stands_for(up, k, down, i, up, j):
                    down_flow[i] += up_flow[k]
                    up_flow[j] += up_flow[k]
                    up_flow[k] = 0.0
                if down_flow[k] != 0.0 and down_kept[j] and up_kept[i] and stands_for(down, k, down, j, up, i):
                    down_flow[j] += down_flow[k]
                    up_flow[i] += down_flow[k]
                    down_flow[k] = 0.0
        for i in range(first, end):
            if up_link[i] >= 0:
                link_flow[up_link[i]] += up_flow[i]
                up_flow[i] = 0.0
            if down_link[i] >= 0:
                link_flow[down_link[i]] += down_flow[i]
                down_flow[i] = 0.0


def load_flows(
    hierarchy: Hierarchy,
    links: Parts,
    metric: Metric,
    members: Members,
    graph: Slice,
    od: Float,
    position: int = 0,
    threads: int = 1,
) -> tuple[Float, Float]:
    """Load origin-destination flows onto the shortest paths of one slice.

    Parameters
    ----------
    hierarchy, links, metric
        The graph, the labels of its links and arcs (``customise``).
    members, graph : Members, Slice
        Origins and targets, and the arcs of this slice between them.
    od : float64 [O, T]
        Flow of each pair, finite and not negative, in any unit. Flow from a node to itself uses no link.
    position : int
        The slice.
    threads : int
        One or more; the result is the same for any number.

    Returns
    -------
    flow : float64 [L]
        Flow of each link.
    lost : float64 [O]
        Flow of each origin to targets that cannot be reached: it is on no link.

    Raises
    ------
    ValueError
        If ``od`` has another shape or type, or holds what is no flow.
    """
    n_origins, n_targets = members.origins.size, members.targets.size
    if od.shape != (n_origins, n_targets) or od.dtype != np.float64 or not od.flags.c_contiguous:
        raise ValueError(f"od must be a contiguous float64 array of shape {(n_origins, n_targets)}")
    if od.size and not (od.min() >= 0 and np.isfinite(od).all()):
        raise ValueError("od must be finite and not negative")
    lost = np.zeros(n_origins, np.float64)
    up_sums, down_sums = _sums_by_block(members, graph, od, lost, threads)
    up_flow, down_flow = np.zeros(hierarchy.n_arcs), np.zeros(hierarchy.n_arcs)
    for sums, side, flow in ((up_sums, graph.up, up_flow), (down_sums, graph.down, down_flow)):
        for row in sums:
            flow[side.arc] += row
    return _on_links(hierarchy, links, metric, position, up_flow, down_flow), lost


def _sums_by_block(members: Members, graph: Slice, od: Float, lost: Float, threads: int) -> tuple[Float, Float]:
    """Flow of the arcs of ``graph`` by block of batches, float64 [blocks, arcs]; ``lost`` is filled."""
    by_place = np.argsort(members.origins, kind="stable").astype(np.int64)
    members = members._replace(origins=np.ascontiguousarray(members.origins[by_place]))
    batches = -(-members.origins.size // LANES)
    blocks = -(-batches // BATCHES_PER_SUM)
    up_sums, down_sums = np.zeros((blocks, graph.up.arc.size)), np.zeros((blocks, graph.down.arc.size))
    free: list[Work] = []

    def block(begin: int, end: int) -> None:
        """Load the rows of one block in a work space of its own, and add them to its sum."""
        # A list is safe to share: a thread takes work space that no other holds, or makes some.
        try:
            work = free.pop()
        except IndexError:
            work = _new_work(members.rank.size, len(graph.up.weight))
        row = begin // BATCHES_PER_SUM
        load_batches(begin, end, members, by_place, graph, od, work, up_sums[row], down_sums[row], lost)
        if work.flow.any():
            raise AssertionError("flow is left on nodes that are not its origin")
        free.append(work)

    run_blocks(block, batches, threads, block_rows=BATCHES_PER_SUM)
    return up_sums, down_sums


def _new_work(n_members: int, n_parts: int) -> Work:
    labels, climbed = (tuple(np.empty((n_members, LANES), np.int32) for _ in range(n_parts)) for _ in "lc")
    flow, marked = np.zeros((n_members, LANES)), np.zeros(n_members, np.bool_)
    return Work(labels, climbed, flow, marked, np.empty(n_members, np.int32), np.empty(LANES + 1, np.int64))


def _on_links(
    hierarchy: Hierarchy, links: Parts, metric: Metric, position: int, up_flow: Float, down_flow: Float
) -> Float:
    """Flow of each link, from that of the arcs; the flows of the arcs are used up."""
    links, up, down = (_one_slice(labels, position) for labels in (links, metric.up, metric.down))
    up_link = _links_of_arcs(hierarchy.link_arc, hierarchy.link_up, links, up)
    down_link = _links_of_arcs(hierarchy.link_arc, ~hierarchy.link_up, links, down)
    link_flow = np.zeros(hierarchy.link_arc.size, np.float64)
    take_apart(
        hierarchy.up_start,
        hierarchy.up_head,
        up,
        down,
        _bit(metric.up_kept, position),
        _bit(metric.down_kept, position),
        up_link,
        down_link,
        up_flow,
        down_flow,
        link_flow,
    )
    if up_flow.any() or down_flow.any():
        raise AssertionError("flow is left on arcs that stand for no links")
    return link_flow


def _links_of_arcs(link_arc: Int32, this_way: NDArray[np.bool_], links: Parts, labels: Parts) -> Int32:
    """First link that is as short as its arc, by arc; -1 if there is none, int32 [M]."""
    same = this_way & (link_arc >= 0)
    for link_part, arc_part in zip(links, labels, strict=True):
        same[same] = link_part[same] == arc_part[link_arc[same]]
    links_in = np.flatnonzero(same)
    arcs, first = np.unique(link_arc[links_in], return_index=True)
    found = np.full(labels[0].size, -1, np.int32)
    found[arcs] = links_in[first]
    return found


def _one_slice(labels: Parts, position: int) -> Parts:
    return tuple(np.ascontiguousarray(part[:, position]) if part.ndim == 2 else part for part in labels)


def _bit(kept: Bits, position: int) -> NDArray[np.bool_]:
    return (kept >> position & 1).astype(np.bool_)


push_up = njit(nogil=True, **INNER)(push_up)
push_down = njit(nogil=True, **INNER)(push_down)
load_batches = njit(cache=True, nogil=True, **LEAN)(load_batches)
stands_for = njit(nogil=True, **INNER)(stands_for)
take_apart = njit(cache=True, nogil=True, **LEAN)(take_apart)
