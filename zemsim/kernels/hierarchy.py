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
    up_head : int32 [M]
        Rank at the upper end of each arc, rising within a node.
    link_arc : int32 [L]
        Arc of each link; -1 for a link from a node to itself, which no path needs.
    link_up : bool [L]
        Whether the link goes upwards along its arc, or downwards.
    """

    rank: Int32
    parent: Int32
    up_start: Int64
    up_head: Int32
    link_arc: Int32
    link_up: NDArray[np.bool_]

    @property
    def n_nodes(self) -> int:
        return int(self.rank.size)

    @property
    def n_arcs(self) -> int:
        """Arcs, M."""
        return int(self.up_head.size)


def eliminate(lower_start: Int64, upper_end: Int32) -> tuple[Int64, Int32, Int32]:
    """Take out all nodes; return the first arc of each, the upper ends (in no order), and the parents.

    ``upper_end[lower_start[v] : lower_start[v + 1]]`` are the ranks above ``v`` that a link joins to it. A node passes
    all its upper neighbours on to its parent, and the parent to its own, so each list is read once.
    """
    n_nodes = lower_start.size - 1
    up_start = np.zeros(n_nodes + 1, np.int64)
    parent = np.full(n_nodes, -1, np.int32)
    first_child = np.full(n_nodes, -1, np.int32)
    next_child = np.full(n_nodes, -1, np.int32)
    seen_by = np.full(n_nodes, -1, np.int32)
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
    return up_start, arcs[:count].copy(), parent


def post_order(parent: Int32) -> Int32:
    """Place of each node when children come right before their parents, in the order of their ranks; int32 [N].

    Neighbours then lie close in memory. It changes no arc: ancestors stay ancestors.
    """
    n_nodes = parent.size
    size = np.ones(n_nodes, np.int32)
    for node in range(n_nodes):
        if parent[node] >= 0:
            size[parent[node]] += size[node]
    place = np.empty(n_nodes, np.int32)
    free = np.empty(n_nodes, np.int32)  # first place of a node and its children
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
    return place


def moved(place: Int32, up_start: Int64, up_head: Int32, parent: Int32) -> tuple[Int64, Int32, Int32]:
    """Arcs and parents with every node at its place, upper ends rising: sorted by counting twice."""
    n_nodes, n_arcs = place.size, up_head.size
    start = np.zeros(n_nodes + 1, np.int64)
    below = np.zeros(n_nodes + 1, np.int64)
    above = np.full(n_nodes, -1, np.int32)
    for node in range(n_nodes):
        start[place[node] + 1] = up_start[node + 1] - up_start[node]
        if parent[node] >= 0:
            above[place[node]] = place[parent[node]]
        for i in range(up_start[node], up_start[node + 1]):
            below[place[up_head[i]] + 1] += 1
    for node in range(n_nodes):
        start[node + 1] += start[node]
        below[node + 1] += below[node]
    tails = np.empty(n_arcs, np.int32)
    fill = below[:-1].copy()
    for node in range(n_nodes):
        for i in range(up_start[node], up_start[node + 1]):
            head = place[up_head[i]]
            tails[fill[head]] = place[node]
            fill[head] += 1
    heads = np.empty(n_arcs, np.int32)
    fill = start[:-1].copy()
    for head in range(n_nodes):
        for i in range(below[head], below[head + 1]):
            heads[fill[tails[i]]] = head
            fill[tails[i]] += 1
    return start, heads, above


def arcs_of_links(low: Int32, high: Int32, up_start: Int64, up_head: Int32) -> Int32:
    """Arc between two ranks, for each pair; -1 where both are the same."""
    found = np.full(low.size, -1, np.int32)
    for link in range(low.size):
        if low[link] == high[link]:
            continue
        first, last = up_start[low[link]], up_start[low[link] + 1]
        while first < last:
            middle = (first + last) // 2
            if up_head[middle] < high[link]:
                first = middle + 1
            else:
                last = middle
        found[link] = first
    return found


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
    up_start, up_head, parent = eliminate(lower_start, np.ascontiguousarray(high[by_low]))
    place = post_order(parent)
    up_start, up_head, parent = moved(place, up_start, up_head, parent)
    rank = place[rank]
    from_rank, to_rank = rank[tail], rank[head]
    link_arc = arcs_of_links(np.minimum(from_rank, to_rank), np.maximum(from_rank, to_rank), up_start, up_head)
    return Hierarchy(rank, parent, up_start, up_head, link_arc, from_rank < to_rank)


def _check(name: str, array: NDArray[Any], n_nodes: int) -> None:
    """Refuse arrays that are not nodes."""
    if array.ndim != 1 or array.dtype != np.int32 or not array.flags.c_contiguous:
        raise ValueError(f"{name} must be a contiguous one-dimensional array of int32")
    if array.size and (array.min() < 0 or array.max() >= n_nodes):
        raise ValueError(f"{name} must hold numbers from 0 to {n_nodes - 1}")


eliminate = njit(cache=True, nogil=True)(eliminate)
post_order = njit(cache=True, nogil=True)(post_order)
moved = njit(cache=True, nogil=True)(moved)
arcs_of_links = njit(cache=True, nogil=True)(arcs_of_links)
