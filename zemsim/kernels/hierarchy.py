"""Shape of a contraction hierarchy: which nodes a road graph joins when its nodes are taken out one after another.

Nodes are taken out in the order of their *rank*. Taking out a node joins all its neighbours of higher rank with each
other; the links and joints together are the *arcs*, each from its lower node upwards. They do not depend on times, so
they are made once for a graph and an order, and times are put on them later (``customise.py``).

The parent of a node is its lowest neighbour above it. All neighbours above a node are ancestors of it, and every path
can be replaced by one that climbs along ancestors and descends again.

Source: Dibbelt, Strasser, Wagner, Customizable Contraction Hierarchies, ACM Journal of Experimental Algorithmics 21,
2016; for elimination and post-order: George and Liu, Computer Solution of Large Sparse Positive Definite Systems, 1981.

N nodes, L links, M arcs. Everything but ``rank`` and the link arrays is numbered by rank.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numba import njit
from numpy.typing import NDArray

from zemsim.kernels.pieces import Pieces, pieces_of

Int32 = NDArray[np.int32]
Int64 = NDArray[np.int64]


class Hierarchy(NamedTuple):
    """Arcs of a graph in an order.

    Attributes
    ----------
    rank : int32 [N]
        Rank of each node: its place in the order, moved so that every subtree of ``parent`` is one run of ranks.
    parent : int32 [N]
        Rank of the parent of each rank; -1 at a root.
    up_start : int64 [N + 1]
        First arc of each rank.
    up_tail, up_head : int32 [M]
        Ranks at the lower and the upper end of each arc; arcs are sorted by both.
    link_arc : int32 [L]
        Arc of each link; -1 for a link from a node to itself, which no path needs.
    link_up : bool [L]
        Whether the link goes upwards along its arc, or downwards.
    by_arc : int32
        Links that have an arc, in the order of their arcs.
    pieces : Pieces
        What threads can work on at the same time.
    """

    rank: Int32
    parent: Int32
    up_start: Int64
    up_tail: Int32
    up_head: Int32
    link_arc: Int32
    link_up: NDArray[np.bool_]
    by_arc: Int32
    pieces: Pieces

    @property
    def n_nodes(self) -> int:
        return int(self.rank.size)

    @property
    def n_arcs(self) -> int:
        """Arcs, M."""
        return int(self.up_head.size)


def eliminate(lower_start: Int64, upper_end: Int32, up_start: Int64, parent: Int32, work: Int32) -> Int32:
    """Take out all nodes; fill the first arc of each and its parent, return the upper ends, in no order.

    ``upper_end[lower_start[v] : lower_start[v + 1]]`` are the ranks above ``v`` that a link joins to it. A node passes
    all its upper neighbours on to its parent, and the parent to its own, so each list is read once. ``work`` is [3, N].
    """
    n_nodes = parent.size
    first_child, next_child, seen_by = work[0], work[1], work[2]
    for node in range(n_nodes):
        parent[node], first_child[node], seen_by[node] = -1, -1, -1
    up_start[0] = 0
    arcs = np.empty(4 * upper_end.size + n_nodes + 16, np.int32)
    count = 0
    for node in range(n_nodes):
        if arcs.size < count + n_nodes - node:
            longer = np.empty(2 * arcs.size + n_nodes, np.int32)
            for i in range(count):  # an assignment of slices would take two seconds to compile, for its error message
                longer[i] = arcs[i]
            arcs = longer
        seen_by[node] = node
        for i in range(lower_start[node], lower_start[node + 1]):
            above = upper_end[i]
            if seen_by[above] != node:
                seen_by[above] = node
                arcs[count] = above
                count += 1
        child = first_child[node]
        while child >= 0:
            for i in range(up_start[child], up_start[child + 1]):
                above = arcs[i]
                if seen_by[above] != node:
                    seen_by[above] = node
                    arcs[count] = above
                    count += 1
            child = next_child[child]
        up_start[node + 1] = count
        if count > up_start[node]:
            least = arcs[up_start[node]]
            for i in range(up_start[node] + 1, count):
                least = min(least, arcs[i])
            parent[node] = least
            next_child[node] = first_child[least]
            first_child[least] = node
    return arcs[:count]


def post_order(parent: Int32, size: Int32, free: Int32, place: Int32) -> None:
    """Fill ``place`` of each node such that children come right before their parents, in the order of their ranks.

    Neighbours then lie close in memory. It changes no arc: ancestors stay ancestors.
    ``size`` and ``free`` (first place of a node and its children) are work space, [N].
    """
    n_nodes = parent.size
    for node in range(n_nodes):
        size[node] = 1
    for node in range(n_nodes):
        if parent[node] >= 0:
            size[parent[node]] += size[node]
    roots = 0
    for node in range(n_nodes):
        if parent[node] < 0:
            free[node] = roots
            roots += size[node]
    for node in range(n_nodes - 1, -1, -1):
        above = parent[node]
        if above >= 0:
            # The last child lies right below its parent, so children are served from the end.
            free[node] = free[above] + size[above] - 1 - size[node]
            size[above] -= size[node]
        place[node] = free[node] + size[node] - 1


def build_hierarchy(tail: Int32, head: Int32, rank: Int32) -> Hierarchy:
    """Make the arcs of a graph.

    Parameters
    ----------
    tail, head : int32 [L]
        Nodes that each link joins, in any order; parallel links and links to the same node are allowed.
    rank : int32 [N]
        Place of each node in the order, a permutation. Any order is right; a good one (nested dissection) is fast.

    Raises
    ------
    ValueError
        If an array is not of this form; the message names it.
    """
    n_nodes = rank.size
    _check("rank", rank, n_nodes)
    if (np.bincount(rank, minlength=n_nodes) != 1).any():
        raise ValueError("rank must hold each number from 0 to N - 1 once")
    _check("tail", tail, n_nodes)
    _check("head", head, n_nodes)
    if tail.size != head.size:
        raise ValueError("tail and head must have the same size")
    low, high = np.minimum(rank[tail], rank[head]), np.maximum(rank[tail], rank[head])
    joins = np.flatnonzero(low != high)
    by_low = joins[np.argsort(low[joins], kind="stable")]
    lower_start = np.searchsorted(low[by_low], np.arange(n_nodes + 1)).astype(np.int64)
    up_start, parent, place = np.empty(n_nodes + 1, np.int64), np.empty(n_nodes, np.int32), np.empty(n_nodes, np.int32)
    work = np.empty((3, n_nodes), np.int32)
    up_head = eliminate(lower_start, np.ascontiguousarray(high[by_low]), up_start, parent, work)
    post_order(parent, work[0], work[1], place)
    return _at_places(tail, head, place[rank], place, up_start, up_head, parent)


def _at_places(
    tail: Int32, head: Int32, rank: Int32, place: Int32, up_start: Int64, up_head: Int32, parent: Int32
) -> Hierarchy:
    """Arcs with every node moved to its place, sorted by both ends, and the arc of each link."""
    n_nodes = place.size
    arcs = np.sort(np.repeat(place, np.diff(up_start)).astype(np.int64) * n_nodes + place[up_head])
    up_tail, up_head = (arcs // n_nodes).astype(np.int32), (arcs % n_nodes).astype(np.int32)
    moved_parent = np.empty(n_nodes, np.int32)
    moved_parent[place] = np.where(parent < 0, -1, place[parent])
    ends = rank[tail], rank[head]
    link_arc = np.searchsorted(arcs, np.minimum(*ends).astype(np.int64) * n_nodes + np.maximum(*ends)).astype(np.int32)
    link_arc[ends[0] == ends[1]] = -1
    up_start = np.searchsorted(up_tail, np.arange(n_nodes + 1)).astype(np.int64)
    loops = np.count_nonzero(link_arc < 0)
    by_arc = np.argsort(link_arc, kind="stable")[loops:].astype(np.int32)
    pieces = pieces_of(moved_parent, up_start, up_tail, up_head)
    return Hierarchy(rank, moved_parent, up_start, up_tail, up_head, link_arc, ends[0] < ends[1], by_arc, pieces)


def _check(name: str, array: NDArray[Any], n_nodes: int) -> None:
    """Refuse arrays that are not nodes."""
    if array.ndim != 1 or array.dtype != np.int32 or not array.flags.c_contiguous:
        raise ValueError(f"{name} must be a contiguous one-dimensional array of int32")
    if array.size and (array.min() < 0 or array.max() >= n_nodes):
        raise ValueError(f"{name} must hold numbers from 0 to {n_nodes - 1}")


eliminate = njit(cache=True, nogil=True)(eliminate)
post_order = njit(cache=True, nogil=True)(post_order)
