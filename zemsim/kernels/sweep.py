"""Sweeps: labels from 16 origins at once to the nodes that matter, over a customised hierarchy.

A shortest path climbs along ancestors of its origin and descends through ancestors of its target. So a sweep has two
parts: *climb*: from 16 origins along all their ancestors, lowest first; *descend*: each node takes the least of its
own label and what its upper neighbours hand down, highest first. Both work on all 16 lanes. Only ancestors of origins
and targets are looked at, in arrays that hold nothing else.

Source: Delling, Goldberg, Nowatzyk, Werneck, PHAST, Journal of Parallel and Distributed Computing 73, 2013; for the
restriction to targets: Delling, Goldberg, Werneck, ATMOS 2011.

K members (ancestors of origins or targets) in the order of their ranks; labels as in ``lanes.py``. Origins are sorted
by member, so that those of a batch of 16 share most of their ancestors; results stay in lanes: [batch, target, 16].
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from numba import njit
from numpy.typing import NDArray

from zemsim.kernels.blocks import run_blocks
from zemsim.kernels.customise import Bits, Bools, Metric
from zemsim.kernels.hierarchy import Hierarchy, Int32, Int64
from zemsim.kernels.lanes import (
    LANES,
    Parts,
    add_lanes,
    lanes_at,
    least_lanes,
    set_lanes,
    start_lane,
    unreached,
)
from zemsim.kernels.lean import INNER, LEAN

#: Batches of 16 origins in a block: long enough that Python between blocks does not count.
BATCHES_PER_BLOCK = 4
#: Members whose arcs are picked at once: few, for those of high rank have many.
MEMBERS_PER_BLOCK = 512


class Members(NamedTuple):
    """Nodes that matter between some origins and targets.

    Attributes
    ----------
    rank : int32 [K]
        Rising.
    parent : int32 [K]
        Member that is the parent; -1 at a root.
    climbs, descends : bool [K]
        Whether the node is an ancestor of an origin, of a target (each is an ancestor of itself).
    falling : int32
        Members that descend, highest first.
    origins, targets : int32 [O], [T]
        Members.
    """

    rank: Int32
    parent: Int32
    climbs: Bools
    descends: Bools
    falling: Int32
    origins: Int32
    targets: Int32


class Side(NamedTuple):
    """Arcs of members that a shortest path of one slice may take, in one direction.

    Attributes
    ----------
    start : int64 [K + 1]
    head : int32
        Member at the upper end.
    weight : tuple of int32
        One label an arc.
    arc : int32
        Arc of the hierarchy.
    """

    start: Int64
    head: Int32
    weight: Parts
    arc: Int32


class Slice(NamedTuple):
    """What a sweep runs on: the arcs that climb and those that descend."""

    up: Side
    down: Side


@dataclass(frozen=True, eq=False)
class LaneTable:
    """Labels from O origins to T targets, in lanes.

    Attributes
    ----------
    parts : tuple of int32 [B, T, 16]
        By batch, target and lane; the first is time, ``UNREACHABLE`` where there is no path.
    slot : int64 [O]
        Batch times 16 plus lane of each origin.
    """

    parts: Parts
    slot: Int64

    def rows(self, part: int = 0) -> Int32:
        """One sum as a table of origins by targets, int32 [O, T]: a copy."""
        by_lane = self.parts[part].transpose(0, 2, 1)
        return np.asarray(by_lane[self.slot // LANES, self.slot % LANES], np.int32)

    def at(self, origins: NDArray[Any], targets: NDArray[Any], part: int = 0) -> Int32:
        """One sum of pairs of positions, without making rows."""
        slot = self.slot[origins]
        return np.asarray(self.parts[part][slot // LANES, targets, slot % LANES], np.int32)


def mark_ancestors(ranks: Int32, parent: Int32, marked: Bools) -> None:
    """Mark these ranks and all their ancestors."""
    for rank in ranks:
        node = rank
        while node >= 0 and not marked[node]:
            marked[node] = True
            node = parent[node]


def members_between(hierarchy: Hierarchy, origins: Int32, targets: Int32) -> Members:
    """Nodes that matter between origins and targets, given as nodes of the graph."""
    climbs, descends = (np.zeros(hierarchy.n_nodes, np.bool_) for _ in "od")
    from_rank, to_rank = hierarchy.rank[origins], hierarchy.rank[targets]
    mark_ancestors(from_rank, hierarchy.parent, climbs)
    mark_ancestors(to_rank, hierarchy.parent, descends)
    rank = np.flatnonzero(climbs | descends).astype(np.int32)
    member = np.full(hierarchy.n_nodes + 1, -1, np.int32)  # the last entry stands for the parent -1 of a root
    member[rank] = np.arange(rank.size, dtype=np.int32)
    return Members(
        rank,
        member[hierarchy.parent[rank]],
        climbs[rank],
        descends[rank],
        np.flatnonzero(descends[rank])[::-1].astype(np.int32),
        member[from_rank],
        member[to_rank],
    )


def count_arcs(
    begin: int, end: int, rank: Int32, wanted: Bools, up_start: Int64, kept: Bits, position: int, count: Int64
) -> None:
    """Count the arcs of the members ``begin .. end - 1`` that are kept in a slice: ``count[member + 1]``."""
    for member in range(begin, end):
        found = 0
        if wanted[member]:
            for arc in range(up_start[rank[member]], up_start[rank[member] + 1]):
                found += kept[arc] >> position & 1
        count[member + 1] = found


def pick_arcs(
    begin: int,
    end: int,
    rank: Int32,
    up_start: Int64,
    up_head: Int32,
    kept: Bits,
    position: int,
    labels: Parts,
    member_of: Int32,
    side: Side,
) -> None:
    """Fill the arcs of the members ``begin .. end - 1``, where ``side.start`` says; labels are [M, 1] or [M, 16]."""
    start, head, weight, arcs = side.start, side.head, side.weight, side.arc
    for member in range(begin, end):
        place = start[member]
        if place == start[member + 1]:
            continue
        for arc in range(up_start[rank[member]], up_start[rank[member] + 1]):
            if kept[arc] >> position & 1:
                arcs[place] = arc
                head[place] = member_of[up_head[arc]]
                for part in range(len(weight)):
                    weight[part][place] = labels[part][arc, position]
                place += 1


def slice_of(hierarchy: Hierarchy, metric: Metric, members: Members, position: int = 0, threads: int = 1) -> Slice:
    """Arcs that a sweep of one time slice needs.

    Parameters
    ----------
    hierarchy, metric, members
        Of the same graph.
    position : int
        The slice.
    threads : int
        One or more; the result is the same for any number.

    Raises
    ------
    ValueError
        If the metric has no such slice.
    """
    slices = LANES if metric.up[0].ndim == 2 else 1
    if not 0 <= position < slices:
        raise ValueError(f"the metric has slices 0 to {slices - 1}, not {position}")
    size, rank = members.rank.size, members.rank
    member_of = np.full(hierarchy.n_nodes, -1, np.int32)
    member_of[rank] = np.arange(size, dtype=np.int32)
    up_start, up_head = hierarchy.up_start, hierarchy.up_head
    sides = []
    for parts, kept, wanted in (
        (metric.up, metric.up_kept, members.climbs),
        (metric.down, metric.down_kept, members.descends),
    ):
        labels = tuple(part.reshape(part.shape[0], slices) for part in parts)
        count = np.zeros(size + 1, np.int64)
        counted = rank, wanted, up_start, kept, position, count
        run_blocks(count_arcs, size, threads, *counted, block_rows=MEMBERS_PER_BLOCK)
        start = np.cumsum(count)
        head, arc, *weight = (np.empty(start[-1], np.int32) for _ in range(2 + len(labels)))
        side = Side(start, head, tuple(weight), arc)
        picked = rank, up_start, up_head, kept, position, labels, member_of, side
        run_blocks(pick_arcs, size, threads, *picked, block_rows=MEMBERS_PER_BLOCK)
        sides.append(side)
    return Slice(*sides)


def climb(
    first: int,
    last: int,
    origins: Int32,
    parent: Int32,
    start: Int64,
    head: Int32,
    weight: Parts,
    base: int,
    labels: Parts,
    marked: Bools,
    path: Int32,
    ends: Int64,
) -> None:
    """Labels of all ancestors of the origins ``first .. last - 1``, one a lane.

    The ancestors are ``marked`` and listed in ``path``; the part that the i-th origin adds is the run from ``ends[i]``
    to ``ends[i + 1]``. It ends below a node of an earlier run, so with the runs taken last to first every node comes
    before its ancestors.
    """
    ends[0] = 0
    count = 0
    nothing = unreached(labels)
    for i in range(first, last):
        node = origins[i]
        while node >= 0 and not marked[node]:
            marked[node] = True
            path[count] = node
            count += 1
            set_lanes(labels, base + node, nothing)
            node = parent[node]
        ends[i - first + 1] = count
    for i in range(first, last):
        start_lane(labels, base + origins[i], i - first)
    for run in range(last - first - 1, -1, -1):
        for step in range(ends[run], ends[run + 1]):
            node = path[step]
            label = lanes_at(labels, base + node)
            for i in range(np.uint64(start[node]), np.uint64(start[node + 1])):
                above = base + head[i]
                set_lanes(labels, above, least_lanes(lanes_at(labels, above), add_lanes(label, lanes_at(weight, i))))


def descend(
    falling: Int32,
    start: Int64,
    head: Int32,
    weight: Parts,
    base: int,
    labels: Parts,
    marked: Bools,
) -> None:
    """Labels of all members that descend; those that are not marked have none before."""
    nothing = unreached(labels)
    for node in falling:
        label = nothing
        if marked[node]:
            label = lanes_at(labels, base + node)
        # Unsigned positions: the compiler need not ask whether one counts from the end of its array.
        for i in range(np.uint64(start[node]), np.uint64(start[node + 1])):
            label = least_lanes(label, add_lanes(lanes_at(labels, base + head[i]), lanes_at(weight, i)))
        set_lanes(labels, base + node, label)


def sweep_batches(
    begin: int,
    end: int,
    members: Members,
    graph: Slice,
    gathered: bool,
    labels: Parts,
    marked: Bools,
    path: Int32,
    ends: Int64,
    out: Parts,
) -> None:
    """Sweep the batches ``begin .. end - 1``.

    ``gathered``: the labels of the targets go to ``out`` ([B * T, 16]), and ``labels`` ([K, 16]) is work space. Else
    ``labels`` ([B * K, 16]) keeps those of all members. ``marked`` [K] is all false before and after;
    ``path`` [K] and ``ends`` [17] are work space.
    """
    origins, parent, falling, targets = members.origins, members.parent, members.falling, members.targets
    up_start, up_head, up_weight = graph.up.start, graph.up.head, graph.up.weight
    down_start, down_head, down_weight = graph.down.start, graph.down.head, graph.down.weight
    for batch in range(begin, end):
        first = batch * LANES
        last = min(first + LANES, origins.size)
        base = 0 if gathered else batch * parent.size
        climb(first, last, origins, parent, up_start, up_head, up_weight, base, labels, marked, path, ends)
        descend(falling, down_start, down_head, down_weight, base, labels, marked)
        for step in range(ends[last - first]):
            marked[path[step]] = False
        if gathered:
            for column in range(targets.size):
                set_lanes(out, batch * targets.size + column, lanes_at(labels, targets[column]))


def _room(shape: tuple[int, int, int], n_parts: int, into: LaneTable | None) -> Parts:
    """Arrays for a result: those of ``into`` if there is one."""
    if into is None:
        return tuple(np.empty(shape, np.int32) for _ in range(n_parts))
    if len(into.parts) != n_parts or any(part.shape != shape for part in into.parts):
        raise ValueError(f"the table to write into must have {n_parts} parts of {shape}")
    return into.parts


def sweep(members: Members, graph: Slice, threads: int = 1, into: LaneTable | None = None) -> LaneTable:
    """Labels from all origins of ``members`` to all its targets, in one slice.

    Parameters
    ----------
    members : Members
    graph : Slice
        Of these members.
    threads : int
        One or more; the result is the same for any number.
    into : LaneTable, optional
        Of an earlier sweep of as many origins, targets and sums: its labels are written over. Memory that is new to the
        process costs more than the labels of a large table.

    Returns
    -------
    LaneTable
        Lanes without an origin (of the last batch) hold nothing of meaning.
    """
    n_members, n_parts = members.rank.size, len(graph.up.weight)
    batches = -(-members.origins.size // LANES)
    by_place = np.argsort(members.origins, kind="stable")
    slot = np.empty(members.origins.size, np.int64)
    slot[by_place] = np.arange(slot.size)
    members = members._replace(origins=np.ascontiguousarray(members.origins[by_place]))
    everything = np.array_equal(members.targets, np.arange(n_members))
    parts = _room((batches, members.targets.size, LANES), n_parts, into)
    out = tuple(part.reshape(-1, LANES) for part in parts)
    free: list[tuple[Parts, Bools, Int32, Int64]] = []

    def block(begin: int, end: int) -> None:
        """Sweep the rows of one block in a work space of its own."""
        # A list is safe to share: a thread takes work space that no other holds, or makes some.
        try:
            work = free.pop()
        except IndexError:
            labels = out if everything else tuple(np.empty((n_members, LANES), np.int32) for _ in range(n_parts))
            work = labels, np.zeros(n_members, np.bool_), np.empty(n_members, np.int32), np.empty(LANES + 1, np.int64)
        sweep_batches(begin, end, members, graph, not everything, *work, out)
        free.append(work)

    # Few batches are cut finer, whatever the number of threads, so that two threads share them.
    run_blocks(block, batches, threads, block_rows=min(BATCHES_PER_BLOCK, max(1, batches // BATCHES_PER_BLOCK // 2)))
    return LaneTable(parts, slot)


mark_ancestors = njit(cache=True, nogil=True)(mark_ancestors)
count_arcs = njit(cache=True, nogil=True)(count_arcs)
pick_arcs = njit(cache=True, nogil=True, **LEAN)(pick_arcs)
climb = njit(nogil=True, **INNER)(climb)
descend = njit(nogil=True, **INNER)(descend)
sweep_batches = njit(cache=True, nogil=True, **LEAN)(sweep_batches)
