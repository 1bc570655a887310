"""Orders for contraction hierarchies by nested dissection, the same on every machine.

A good order takes out last what separates the graph into halves, and the same inside each half: then few nodes get
joined. Any order gives right results; this one decides how fast they come.

The key of a node is its distance (in links) from one end of the graph less that from the other end. A
quarter of the nodes with the lowest keys and a quarter with the highest are held apart by the fewest nodes: a minimum
vertex cut, found by augmenting paths. Sources: Schild and Sommer, On Balanced Separators in Road Networks, SEA 2015
(the idea of the quarters); Even, Graph Algorithms, 1979 (vertex cuts by flows).

N nodes; the graph is undirected: ``near[start[v] : start[v + 1]]`` are the neighbours of ``v``.
"""

from __future__ import annotations

import numpy as np
from numba import njit
from numpy.typing import NDArray

Int32 = NDArray[np.int32]
Int64 = NDArray[np.int64]

_NONE = -1  # no flow
_OUTSIDE = -2  # flow from where all flow begins, or to where it ends

#: Parts of this many nodes are not cut any more.
SMALLEST = 2


def distances(root: int, start: Int64, near: Int32, part: Int32, distance: Int32, queue: Int32) -> int:
    """Distance in links from ``root`` inside its part; return how many nodes were reached, in ``queue``.

    ``distance`` must be -1 in the part.
    """
    distance[root] = 0
    queue[0] = root
    count, done = 1, 0
    while done < count:
        node = queue[done]
        done += 1
        for i in range(start[node], start[node + 1]):
            other = near[i]
            if part[other] == part[root] and distance[other] < 0:
                distance[other] = distance[node] + 1
                queue[count] = other
                count += 1
    return count


def search(
    nodes: Int32,
    start: Int64,
    near: Int32,
    part: Int32,
    side: NDArray[np.int8],
    before: Int32,
    after: Int32,
    came_from: Int32,
    root: Int32,
    queue: Int32,
    ends: Int32,
) -> int:
    """Search breadth first for ways to send more flow from side 1 to side 2; return how many were found.

    Entering node ``v`` is state ``2 v``, leaving it ``2 v + 1``; a node passes one unit of flow, which came from
    ``before[v]`` and goes to ``after[v]``. Each tree of the search gives at most one way: the ways share no state, so
    all of them can be taken. ``came_from`` [2 N] is -1 where the search did not come.
    """
    count, done, found = 0, 0, 0
    for node in nodes:
        came_from[2 * node] = _NONE
        came_from[2 * node + 1] = _NONE
    for node in nodes:
        if side[node] == 1 and before[node] != _OUTSIDE:
            came_from[2 * node] = _OUTSIDE
            root[2 * node] = node
            queue[count] = 2 * node
            count += 1
            ends[node] = _NONE
    while done < count:
        state = queue[done]
        done += 1
        node = state >> 1
        origin = root[state]
        if state & 1 == 0:
            # Entered: go through if nothing flows here, else send back what flows in.
            back = before[node]
            to = 2 * node + 1 if back == _NONE else (2 * back + 1 if back >= 0 else _NONE)
            if to >= 0 and came_from[to] == _NONE:
                came_from[to] = state
                root[to] = origin
                queue[count] = to
                count += 1
            continue
        if side[node] == 2 and after[node] != _OUTSIDE and ends[origin] == _NONE:
            ends[origin] = state
            found += 1
        if before[node] != _NONE and came_from[state - 1] == _NONE:
            came_from[state - 1] = state
            root[state - 1] = origin
            queue[count] = state - 1
            count += 1
        for i in range(start[node], start[node + 1]):
            to = 2 * near[i]
            if part[near[i]] == part[node] and came_from[to] == _NONE:
                came_from[to] = state
                root[to] = origin
                queue[count] = to
                count += 1
    return found


def augment(end: int, before: Int32, after: Int32, came_from: Int32) -> None:
    """Send one more unit of flow along the way that ends in this state."""
    state = end
    after[state >> 1] = _OUTSIDE
    while True:
        source = came_from[state]
        node = state >> 1
        if source == _OUTSIDE:
            before[node] = _OUTSIDE
            return
        other = source >> 1
        if state & 1 == 0 and source & 1 == 1:
            if other == node:
                before[node], after[node] = _NONE, _NONE
            else:
                before[node], after[other] = other, node
        state = source


def cut(
    nodes: Int32,
    start: Int64,
    near: Int32,
    part: Int32,
    side: NDArray[np.int8],
    before: Int32,
    after: Int32,
    came_from: Int32,
    root: Int32,
    queue: Int32,
    ends: Int32,
) -> None:
    """Put each node on side 1 or 2, or into the cut between them: 3. Sides 1 and 2 are given for the outer quarters."""
    for node in nodes:
        before[node], after[node] = _NONE, _NONE
    while search(nodes, start, near, part, side, before, after, came_from, root, queue, ends) > 0:
        for node in nodes:
            if side[node] == 1 and came_from[2 * node] == _OUTSIDE and ends[node] >= 0:
                augment(ends[node], before, after, came_from)
    for node in nodes:
        entered, left = came_from[2 * node] != _NONE, came_from[2 * node + 1] != _NONE
        # Sources whose flow comes from outside are not entered again, but lie before the cut.
        entered = entered or (side[node] == 1 and before[node] == _OUTSIDE)
        side[node] = 1 if left else (3 if entered else 2)


def quarters(nodes: Int32, near_end: Int32, far_end: Int32, side: NDArray[np.int8], by_key: Int32) -> None:
    """Mark the quarter of the nodes nearest one end by 1, nearest the other by 2, the others by 0.

    ``near_end`` and ``far_end`` are distances; equal keys go by number.
    """
    size = nodes.size
    longest = 0
    for node in nodes:
        longest = max(longest, near_end[node], far_end[node])
    first = np.zeros(2 * longest + 2, np.int64)
    for node in nodes:
        first[near_end[node] - far_end[node] + longest + 1] += 1
    for key in range(2 * longest + 1):
        first[key + 1] += first[key]
    for node in nodes:
        key = near_end[node] - far_end[node] + longest
        by_key[first[key]] = node
        first[key] += 1
    quarter = max(1, size // 4)
    for place in range(size):
        side[by_key[place]] = 1 if place < quarter else (2 if place >= size - quarter else 0)


def dissect(start: Int64, near: Int32) -> Int32:
    """Nodes in the order in which they are taken out, int32 [N]."""
    n_nodes = start.size - 1
    order = np.arange(n_nodes).astype(np.int32)
    part = np.zeros(n_nodes, np.int32)
    near_end, far_end = np.full(n_nodes, -1, np.int32), np.full(n_nodes, -1, np.int32)
    before, after, ends = np.empty(n_nodes, np.int32), np.empty(n_nodes, np.int32), np.empty(n_nodes, np.int32)
    came_from, root, queue = (
        np.empty(2 * n_nodes, np.int32),
        np.empty(2 * n_nodes, np.int32),
        np.empty(2 * n_nodes, np.int32),
    )
    side = np.zeros(n_nodes, np.int8)
    todo = [(np.int64(0), np.int64(n_nodes))]
    parts = 0
    while len(todo) > 0:
        low, high = todo.pop()
        if high - low <= SMALLEST:
            continue
        nodes = order[low:high].copy()
        parts += 1
        for node in nodes:
            part[node] = parts
            near_end[node] = -1
            far_end[node] = -1
        reached = distances(nodes[0], start, near, part, near_end, queue)
        if reached < nodes.size:
            for node in nodes:
                side[node] = 1 if near_end[node] >= 0 else 2
        else:
            one_end = queue[reached - 1]
            distances(one_end, start, near, part, far_end, queue)
            other_end = queue[reached - 1]
            for node in nodes:
                near_end[node] = -1
            distances(other_end, start, near, part, near_end, queue)
            quarters(nodes, far_end, near_end, side, queue)
            cut(nodes, start, near, part, side, before, after, came_from, root, queue, ends)
        middle = low
        for wanted in range(1, 4):
            if wanted < 3:
                first = middle
            for node in nodes:
                if side[node] == wanted:
                    order[middle] = node
                    middle += 1
            if wanted < 3:
                todo.append((first, middle))
    return order


def neighbours(tail: Int32, head: Int32, n_nodes: int) -> tuple[Int64, Int32]:
    """Distinct neighbours of each node over links in any direction, rising: where they start, and which they are."""
    joins = tail != head
    ends = np.concatenate([tail[joins], head[joins]]).astype(np.int64) * n_nodes
    ends += np.concatenate([head[joins], tail[joins]])
    pairs = np.unique(ends)
    start = np.searchsorted(pairs, np.arange(n_nodes + 1, dtype=np.int64) * n_nodes).astype(np.int64)
    return start, (pairs % n_nodes).astype(np.int32)


def dissection_rank(tail: Int32, head: Int32, n_nodes: int) -> Int32:
    """Place of each node in an order by nested dissection, int32 [N].

    Parameters
    ----------
    tail, head : int32 [L]
        Nodes that each link joins; directions, parallel links and the order of links change nothing.
    n_nodes : int

    Notes
    -----
    On a road-like graph of 306,000 nodes the joined nodes form 57 million triangles, 78 million in the order of METIS.
    """
    start, near = neighbours(tail, head, n_nodes)
    order = dissect(start, near)
    rank = np.empty(n_nodes, np.int32)
    rank[order] = np.arange(n_nodes, dtype=np.int32)
    return rank


distances = njit(cache=True, nogil=True)(distances)
search = njit(cache=True, nogil=True)(search)
augment = njit(cache=True, nogil=True)(augment)
cut = njit(cache=True, nogil=True)(cut)
quarters = njit(cache=True, nogil=True)(quarters)
dissect = njit(cache=True, nogil=True)(dissect)
