"""The fewest nodes that hold two sides of a graph apart: a minimum vertex cut, found by augmenting paths.

Source: Even, Graph Algorithms, 1979 (vertex cuts by flows).

n places of nodes.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numba import njit
from numpy.typing import NDArray

from zemsim.kernels.lean import INNER

Int8 = NDArray[np.int8]
Int32 = NDArray[np.int32]
Int64 = NDArray[np.int64]

_NONE = -1  # no flow
_OUTSIDE = -2  # flow from where all flow begins, or to where it ends


class Places(NamedTuple):
    """What is to be cut: a node at each place; a part is a run of places, and no link leaves it.

    Attributes
    ----------
    node : int32 [n]
    first, last : int64 [n]
        Links of each place: ``near[first[p] : last[p]]``; those of a part are one run.
    near : int32
        Places of the neighbours.
    """

    node: Int32
    first: Int64
    last: Int64
    near: Int32


class Flow(NamedTuple):
    """A part between its sides, and what flows from side 1 to side 2.

    Entering the node at place ``p`` is state ``2 p``, leaving it ``2 p + 1``; a node passes one unit of flow.

    Attributes
    ----------
    side : int8 [n]
        1 and 2: the outer quarters; 0 between them.
    before, after : int32 [n]
        Place from which the flow of each place comes, and to which it goes.
    came_from, root : int32 [2 n]
        State before, and place at which the way begins, of states that a search came to.
    ends : int32 [n]
        State in which the way from a place of side 1 ends.
    active : int32 [n]
        Places that flow may pass, one after another.
    queue : int32 [2 n]
        Work space.
    """

    side: Int8
    before: Int32
    after: Int32
    came_from: Int32
    root: Int32
    ends: Int32
    active: Int32
    queue: Int32


def begin_flow(size: int, by_key: Int32, places: Places, flow: Flow) -> int:
    """List the places that flow may pass: between the sides, and those at their edges; return how many."""
    first, last, near, side, active = places.first, places.last, places.near, flow.side, flow.active
    count = 0
    for k in range(size):
        place = by_key[k]
        passes = side[place] == 0
        for i in range(first[place], last[place]):
            passes = passes or side[near[i]] != side[place]
        if passes:
            flow.before[place], flow.after[place] = _NONE, _NONE
            active[count] = place
            count += 1
    return count


def search(count: int, places: Places, flow: Flow) -> int:
    """Search breadth first for ways to send more flow from side 1 to side 2; return how many were found.

    Each tree of the search gives at most one way: the ways share no state, so all of them can be taken. ``came_from``
    is -1 where the search did not come.
    """
    first, last, near = places.first, places.last, places.near
    active, side, before, came_from, root, ends, queue = (
        flow.active, flow.side, flow.before, flow.came_from, flow.root, flow.ends, flow.queue,
    )  # fmt: skip
    waiting = done = found = 0
    for k in range(count):
        place = active[k]
        came_from[2 * place], came_from[2 * place + 1] = _NONE, _NONE
    for k in range(count):
        place = active[k]
        if side[place] == 1 and before[place] != _OUTSIDE:
            came_from[2 * place], came_from[2 * place + 1] = _OUTSIDE, 2 * place
            root[2 * place + 1], ends[place] = place, _NONE
            queue[waiting] = 2 * place + 1
            waiting += 1
    while done < waiting:
        state = queue[done]
        done += 1
        place, origin = state >> 1, root[state]
        if state & 1 == 0:
            # Entered: go through, or end here, if nothing flows here, else send back what flows in.
            back = before[place]
            to = state + 1 if back == _NONE else (2 * back + 1 if back >= 0 else _NONE)
            if back == _NONE and side[place] == 2:
                if ends[origin] == _NONE:
                    came_from[to], ends[origin] = state, to
                    found += 1
            elif to >= 0 and came_from[to] == _NONE:
                came_from[to], root[to] = state, origin
                queue[waiting] = to
                waiting += 1
            continue
        if before[place] != _NONE and came_from[state - 1] == _NONE:
            came_from[state - 1], root[state - 1] = state, origin
            queue[waiting] = state - 1
            waiting += 1
        for i in range(first[place], last[place]):
            to = 2 * near[i]
            if came_from[to] == _NONE and side[near[i]] != 1:
                came_from[to], root[to] = state, origin
                queue[waiting] = to
                waiting += 1
    return found


def augment(end: int, flow: Flow) -> None:
    """Send one more unit of flow along the way that ends in this state."""
    before, after, came_from = flow.before, flow.after, flow.came_from
    state = end
    after[state >> 1] = _OUTSIDE
    while True:
        source = came_from[state]
        place = state >> 1
        if source == _OUTSIDE:
            before[place] = _OUTSIDE
            return
        other = source >> 1
        if state & 1 == 0 and source & 1 == 1:
            if other == place:
                before[place], after[place] = _NONE, _NONE
            else:
                before[place], after[other] = other, place
        state = source


def cut(count: int, places: Places, flow: Flow) -> None:
    """Put each active place on side 1 or 2, or into the cut between them: 3."""
    active, side, before, came_from, ends = flow.active, flow.side, flow.before, flow.came_from, flow.ends
    while search(count, places, flow) > 0:
        for k in range(count):
            place = active[k]
            if side[place] == 1 and came_from[2 * place] == _OUTSIDE and ends[place] >= 0:
                augment(ends[place], flow)
    for k in range(count):
        place = active[k]
        entered, left = came_from[2 * place] != _NONE, came_from[2 * place + 1] != _NONE
        # Sources whose flow comes from outside are not entered again, but lie before the cut.
        entered = entered or (side[place] == 1 and before[place] == _OUTSIDE)
        side[place] = 1 if left else (3 if entered else 2)


begin_flow = njit(nogil=True, **INNER)(begin_flow)
search = njit(nogil=True, **INNER)(search)
augment = njit(nogil=True, **INNER)(augment)
cut = njit(nogil=True, **INNER)(cut)
