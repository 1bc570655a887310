"""What happens next: a heap of numbered items by time and number, each in it once at most.

An item's time can be changed where it stands, so a heap of n items never holds more than n. Source of the heap:
Williams, Algorithm 232, Communications of the ACM 7, 1964; positions are kept beside it.
"""

from __future__ import annotations

import math
from typing import Any, NamedTuple

from numba import njit

from zemsim.kernels.lean import INNER, LEAN


class Agenda(NamedTuple):
    """The items 0 to n - 1."""

    time_min: Any  # float64 [n]
    at: Any  # int32 [n] position in the heap, -1 not in it
    heap: Any  # int32 [n]
    size: Any  # int32 [1]


def _earlier(agenda: Any, a: int, b: int) -> Any:
    """Whether item a comes before item b."""
    t, u = agenda.time_min[a], agenda.time_min[b]
    return t < u or (t == u and a < b)


def _rise(agenda: Any, position: int) -> None:
    heap, at = agenda.heap, agenda.at
    while position > 0:
        above = (position - 1) // 2
        if not _earlier(agenda, heap[position], heap[above]):
            break
        heap[position], heap[above] = heap[above], heap[position]
        at[heap[position]] = position
        at[heap[above]] = above
        position = above


def _sink(agenda: Any, position: int) -> None:
    heap, at, size = agenda.heap, agenda.at, agenda.size[0]
    while True:
        below = 2 * position + 1
        if below >= size:
            break
        if below + 1 < size and _earlier(agenda, heap[below + 1], heap[below]):
            below += 1
        if not _earlier(agenda, heap[below], heap[position]):
            break
        heap[position], heap[below] = heap[below], heap[position]
        at[heap[position]] = position
        at[heap[below]] = below
        position = below


def put(agenda: Any, item: int, time_min: float) -> None:
    """Set when an item comes next; inf takes it off the agenda."""
    position = agenda.at[item]
    if time_min == math.inf:
        if position >= 0:
            agenda.size[0] -= 1
            last = agenda.heap[agenda.size[0]]
            agenda.at[item] = -1
            if last != item:
                agenda.heap[position] = last
                agenda.at[last] = position
                _rise(agenda, position)
                _sink(agenda, agenda.at[last])
        return
    agenda.time_min[item] = time_min
    if position < 0:
        position = agenda.size[0]
        agenda.heap[position] = item
        agenda.at[item] = position
        agenda.size[0] += 1
    _rise(agenda, position)
    _sink(agenda, agenda.at[item])


_earlier = njit(cache=True, nogil=True, **INNER)(_earlier)
_rise = njit(cache=True, nogil=True, **INNER)(_rise)
_sink = njit(cache=True, nogil=True, **INNER)(_sink)
put = njit(cache=True, nogil=True, **LEAN)(put)
