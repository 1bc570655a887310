"""Orders for contraction hierarchies by nested dissection, the same on every machine.

A good order takes out last what separates the graph into halves, and the same inside each half: then few nodes get
joined. Any order gives right results; this one decides how fast they come.

First, nodes with two neighbours at most are taken out, and their neighbours joined, until none is left. What remains
is cut. The key of a node is its distance (in links) from one end of the part less that from the other end. A quarter
of the nodes with the lowest keys and a quarter with the highest are held apart by the fewest nodes (``vertex_cut.py``).
Source: Schild and Sommer, On Balanced Separators in Road Networks, SEA 2015 (the idea of the quarters).

Measured against the order of METIS (pymetis 2025.2.2) on a graph made by ``benchmarks/graphs.py`` (291,099 nodes, half
of the edges of a Delaunay triangulation), and on the Chicago-Regional network (12,978 nodes), seconds of processor:

==================  ==========  =========  ============  ======================
graph               order       seconds    arcs          triangles
==================  ==========  =========  ============  ======================
planar 300,000      this one    0.9        1,628,153     24,596,496
planar 300,000      METIS       1.6        1,776,210     41,226,308
Chicago-Regional    this one    0.029      133,653       2,010,044
Chicago-Regional    METIS       0.041      127,908       1,902,285
==================  ==========  =========  ============  ======================

So the program needs no METIS; ``zemsim bench`` compares the two again.

N nodes, of which n are cut; the graph is undirected: ``near[start[v] : start[v + 1]]`` are the neighbours of ``v``.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numba import njit

from zemsim.kernels.lean import INNER
from zemsim.kernels.neighbours import neighbours, take_out_few
from zemsim.kernels.vertex_cut import Flow, Int8, Int32, Int64, Places, begin_flow, cut

#: Parts of this many nodes are not cut any more.
SMALLEST = 2


class Space(NamedTuple):
    """Work space to cut parts: distances from both ends, places by key, counts of keys, and a part in its new order."""

    near_end: Int32
    far_end: Int32
    by_key: Int32
    counts: Int32
    moved_to: Int32
    moved: Int32
    last: Int64
    near: Int32


def lay_out(start: Int64, near: Int32, degree: Int32, places: Places) -> None:
    """Give the nodes that are left places, breadth first: what is close stands close."""
    node_at, first, last, near_places = places
    place = np.full(degree.size, -1, np.int32)
    count = done = 0
    for root in range(degree.size):
        if degree[root] < 0 or place[root] >= 0:
            continue
        place[root], node_at[count] = count, root
        count += 1
        while done < count:
            node = node_at[done]
            done += 1
            for i in range(start[node], start[node] + degree[node]):
                if place[near[i]] < 0:
                    place[near[i]], node_at[count] = count, near[i]
                    count += 1
    links = 0
    for here in range(count):
        node = node_at[here]
        first[here] = links
        for i in range(start[node], start[node] + degree[node]):
            near_places[links] = place[near[i]]
            links += 1
        last[here] = links


def distances(root: int, low: int, high: int, places: Places, distance: Int32, queue: Int32) -> int:
    """Distance in links from ``root`` inside its part, -1 if not reached; return how many were, in ``queue``."""
    first, last, near = places.first, places.last, places.near
    for place in range(low, high):
        distance[place] = -1
    distance[root] = 0
    queue[0] = root
    count, done = 1, 0
    while done < count:
        place = queue[done]
        done += 1
        for i in range(first[place], last[place]):
            other = near[i]
            if distance[other] < 0:
                distance[other] = distance[place] + 1
                queue[count] = other
                count += 1
    return count


def quarters(low: int, high: int, side: Int8, space: Space) -> None:
    """Mark the quarter of the places nearest the far end by 1, nearest the near end by 2, the others by 0.

    ``by_key`` gets all places in this order; equal keys go by number.
    """
    near_end, far_end, by_key, first = space.near_end, space.far_end, space.by_key, space.counts
    longest = 0
    for place in range(low, high):
        longest = max(longest, near_end[place], far_end[place])
    for key in range(2 * longest + 2):
        first[key] = 0
    for place in range(low, high):
        first[far_end[place] - near_end[place] + longest + 1] += 1
    for key in range(2 * longest + 1):
        first[key + 1] += first[key]
    for place in range(low, high):
        key = far_end[place] - near_end[place] + longest
        by_key[first[key]] = place
        first[key] += 1
    size = high - low
    quarter = max(1, size // 4)
    for i in range(size):
        side[by_key[i]] = 1 if i < quarter else (2 if i >= size - quarter else 0)


def halve(low: int, high: int, places: Places, flow: Flow, space: Space) -> None:
    """Put each place of a part on side 1 or 2, or into the cut between them: 3; ``by_key`` gets all of them."""
    side, by_key = flow.side, space.by_key
    size = high - low
    reached = distances(low, low, high, places, space.near_end, by_key)
    if reached < size:
        for place in range(low, high):
            side[place] = 1
            if space.near_end[place] < 0:
                side[place] = 2
                by_key[reached] = place
                reached += 1
        return
    one_end = int(by_key[size - 1])
    distances(one_end, low, high, places, space.far_end, by_key)
    other_end = int(by_key[size - 1])
    distances(other_end, low, high, places, space.near_end, by_key)
    quarters(low, high, side, space)
    cut(begin_flow(size, by_key, places, flow), places, flow)


def move(low: int, high: int, places: Places, side: Int8, space: Space) -> tuple[int, int]:
    """Move the places of a part such that each side is a part; return the ends of both. The cut stands after them.

    Within a side those farthest from the cut come first. Links between sides, and to the cut, are dropped.
    """
    node, first, last, near = places
    by_key, moved_to, moved = space.by_key, space.moved_to, space.moved
    size = high - low
    middle = end = count = low
    for wanted in range(1, 4):
        for k in range(size):
            place = by_key[size - 1 - k] if wanted == 2 else by_key[k]
            if side[place] == wanted:
                moved_to[place], moved[count] = count, place
                count += 1
        middle, end = (count if wanted == 1 else middle), (count if wanted == 2 else end)
    begin = links = first[low]
    for to in range(low, end):
        place = moved[to]
        for i in range(first[place], last[place]):
            if side[near[i]] == side[place]:
                space.near[links] = moved_to[near[i]]
                links += 1
        space.last[to] = links
    for i in range(begin, links):
        near[i] = space.near[i]
    for to in range(low, high):
        moved[to] = node[moved[to]]
    for to in range(low, high):
        node[to] = moved[to]
        if to < end:
            first[to], last[to] = begin, space.last[to]
            begin = last[to]
    return middle, end


def dissect(start: Int64, near: Int32) -> Int32:
    """Nodes in the order in which they are taken out, int32 [N]."""
    order = np.empty(start.size - 1, np.int32)
    degree = np.empty(order.size, np.int32)
    for node in range(order.size):
        degree[node] = start[node + 1] - start[node]
    near = near.copy()
    taken = take_out_few(start, near, degree, order)
    n, links = order.size - taken, near.size
    places = Places(order[taken:], np.empty(n, np.int64), np.empty(n, np.int64), np.empty(links, np.int32))
    lay_out(start, near, degree, places)
    work, states = np.empty((9, n), np.int32), np.empty((3, 2 * n), np.int32)
    flow = Flow(np.zeros(n, np.int8), work[0], work[1], states[0], states[1], work[2], work[3], states[2])
    counts = np.empty(2 * n + 2, np.int32)
    space = Space(work[4], work[5], work[6], counts, work[7], work[8], np.empty(n, np.int64), near)
    todo = np.empty((n + 1, 2), np.int64)  # parts, of which each is cut before the one above it
    todo[0, 0], todo[0, 1] = 0, n
    count = 1
    while count > 0:
        count -= 1
        low, high = int(todo[count, 0]), int(todo[count, 1])
        if high - low > SMALLEST:
            halve(low, high, places, flow, space)
            middle, end = move(low, high, places, flow.side, space)
            todo[count, 0], todo[count, 1] = low, middle
            todo[count + 1, 0], todo[count + 1, 1] = middle, end
            count += 2
    return order


def dissection_rank(tail: Int32, head: Int32, n_nodes: int) -> Int32:
    """Place of each node in an order by nested dissection, int32 [N].

    Parameters
    ----------
    tail, head : int32 [L]
        Nodes that each link joins; directions, parallel links and the order of links change nothing.
    n_nodes : int
    """
    start, near = neighbours(tail, head, n_nodes)
    order = dissect(start, near)
    rank = np.empty(n_nodes, np.int32)
    rank[order] = np.arange(n_nodes, dtype=np.int32)
    return rank


lay_out = njit(nogil=True)(lay_out)
distances = njit(nogil=True, **INNER)(distances)
quarters = njit(nogil=True, **INNER)(quarters)
halve = njit(nogil=True, **INNER)(halve)
move = njit(nogil=True, **INNER)(move)
dissect = njit(cache=True, nogil=True)(dissect)
