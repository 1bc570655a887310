"""Pieces of a hierarchy: sets of nodes on which threads work at the same time.

The tree of parents is cut where the work below a node passes a limit. What lies below the cut are whole subtrees; some
of them together are a piece of level 0. The nodes above it stand in chains, each node the parent of the one before; a
chain ends where two of them meet. A chain is a piece one level above the highest piece below it.

No node has a neighbour in another piece of its level, and its neighbours above lie in its own piece first, then in
pieces of higher levels. So the pieces of a level can be worked on in any order, once the levels below (or, for what
goes from the top down, above) are done.

N nodes, M arcs, P pieces.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numba import njit
from numpy.typing import NDArray

Int32 = NDArray[np.int32]
Int64 = NDArray[np.int64]

#: A piece of level 0 is at most about this part of all work, so that some threads have equal shares of it.
PART_OF_WORK = 64
#: Triangles and arcs that are worth a piece of their own: a millisecond or less.
LEAST_WORK = 50_000


class Pieces(NamedTuple):
    """Nodes by piece; pieces by level, those with most work first.

    Attributes
    ----------
    node : int32 [N]
        Ranks, rising within each piece.
    start : int64 [P + 1]
        First place in ``node`` of each piece.
    level_start : int64 [levels + 1]
        First piece of each level.
    of_node : int32 [N]
        Piece of each rank.
    below_start : int64 [N + 1]
        First entry in ``below`` of each place in ``node``.
    below : int32
        Arcs to the node from nodes of other pieces, all of lower level, rising; none for nodes of level 0.
    """

    node: Int32
    start: Int64
    level_start: Int64
    of_node: Int32
    below_start: Int64
    below: Int32


def cut_tree(parent: Int32, work: Int64, most: int, piece: Int32, level: Int32, piece_work: Int64) -> int:
    """Number the pieces of all nodes; return how many there are.

    ``work`` [N] is that of each node, and becomes that of its whole subtree. ``piece`` [N] is filled; ``level`` and
    ``piece_work`` [N] are, as far as there are pieces.
    """
    n_nodes = parent.size
    own = work.copy()
    for node in range(n_nodes):
        if parent[node] >= 0:
            work[parent[node]] += work[node]
    # Subtrees below the cut, lowest ranks first: a new piece where the last one has become as large as it may.
    count, last = 0, -1
    for node in range(n_nodes):
        above = parent[node]
        if work[node] <= most and (above < 0 or work[above] > most):
            if last < 0 or piece_work[last] + work[node] > most:
                last = count
                count += 1
                level[last], piece_work[last] = 0, 0
            piece_work[last] += work[node]
            piece[node] = last
        else:
            piece[node] = -1
    for node in range(n_nodes - 1, -1, -1):
        if work[node] <= most and piece[node] < 0:
            piece[node] = piece[parent[node]]
    return _number_chains(parent, own, work, most, piece, level, piece_work, count)


def _number_chains(
    parent: Int32, own: Int64, work: Int64, most: int, piece: Int32, level: Int32, piece_work: Int64, count: int
) -> int:
    """Number the chains above the cut, from ``count`` on; return how many pieces there are then."""
    n_nodes = parent.size
    children = np.zeros(n_nodes, np.int32)  # above the cut
    highest = np.zeros(n_nodes, np.int32)  # level of a piece below
    for node in range(n_nodes):
        if work[node] <= most:
            continue
        if children[node] != 1:
            piece[node] = count
            level[count], piece_work[count] = highest[node] + 1, 0
            count += 1
        at = piece[node]
        piece_work[at] += own[node]
        above = parent[node]
        if above >= 0:
            children[above] += 1
            piece[above] = at
            highest[above] = max(highest[above], level[at])
    return count


def pieces_of(parent: Int32, up_start: Int64, up_tail: Int32, up_head: Int32, most: int | None = None) -> Pieces:
    """Cut a hierarchy into pieces.

    Parameters
    ----------
    parent, up_start, up_tail, up_head
        As in ``Hierarchy``.
    most : int, optional
        Triangles and arcs of a piece of level 0, if it is more than one subtree; a part of all of them without it.
    """
    n_nodes = parent.size
    degree = np.diff(up_start)
    work = degree * (degree + 1) // 2
    if most is None:
        most = max(LEAST_WORK, int(work.sum()) // PART_OF_WORK)
    piece, level, piece_work = np.empty(n_nodes, np.int32), np.empty(n_nodes, np.int32), np.empty(n_nodes, np.int64)
    count = cut_tree(parent, work, most, piece, level, piece_work)
    level, piece_work = level[:count], piece_work[:count]
    by_level = np.lexsort((-piece_work, level))
    number = np.empty(count, np.int32)
    number[by_level] = np.arange(count, dtype=np.int32)
    of_node = number[piece]
    node = np.argsort(of_node, kind="stable").astype(np.int32)
    start = np.searchsorted(of_node[node], np.arange(count + 1)).astype(np.int64)
    levels = int(level.max(initial=-1)) + 1
    level_start = np.searchsorted(level[by_level], np.arange(levels + 1)).astype(np.int64)
    below = np.flatnonzero((level[by_level][of_node[up_head]] > 0) & (of_node[up_tail] != of_node[up_head]))
    place = np.empty(n_nodes, np.int32)
    place[node] = np.arange(n_nodes, dtype=np.int32)
    to = place[up_head[below]]
    order = np.argsort(to, kind="stable")
    below_start = np.searchsorted(to[order], np.arange(n_nodes + 1)).astype(np.int64)
    return Pieces(node, start, level_start, of_node, below_start, below[order].astype(np.int32))


_number_chains = njit(nogil=True)(_number_chains)
cut_tree = njit(cache=True, nogil=True)(cut_tree)
