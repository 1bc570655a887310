"""Passengers on the departures that they take: who boards which vehicle, who is left behind, how full it is.

Axes: K patterns, E stop events of a day type, R tours, Q timetable periods. A stop event is a departure of a pattern at
one of its positions: event ``first_event[k] + position * trips + trip``, as in ``PatternTimes``. The passengers of a
pattern are counted by their ride: planned departure, where they board and where they alight. The ride from position a
to position b on trip t of a pattern with n positions and m trips stands at
``first_ride[k] + (a (2 n - a - 1) / 2 + b - a - 1) m + t``.

Departures of a pattern are served in their order, and the stops of each in theirs. At a stop passengers alight first.
Then those board who wait there, planned departure by planned departure; those of one planned departure are taken in
equal shares, so that no order of persons matters. Who finds no room waits for the next departure.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numba import njit
from numpy.typing import NDArray

from zemsim.kernels.lean import INNER, LEAN


class DayTrips(NamedTuple):
    """Departures of one day type.

    Attributes
    ----------
    first_event, first_ride, first_trip : int64 [K + 1]
        Where events, rides and trips of a pattern begin.
    n_positions, n_trips : int32 [K]
    arrive_s, depart_s : int32 [E]
        Seconds after midnight; departures at a position never fall from trip to trip.
    seats, places : float64 [K]
        Passengers who sit, and passengers whom a vehicle takes; finite.
    """

    first_event: NDArray[np.int64]
    first_ride: NDArray[np.int64]
    first_trip: NDArray[np.int64]
    n_positions: NDArray[np.int32]
    n_trips: NDArray[np.int32]
    arrive_s: NDArray[np.int32]
    depart_s: NDArray[np.int32]
    seats: NDArray[np.float64]
    places: NDArray[np.float64]


class Served(NamedTuple):
    """What the departures carried.

    Attributes
    ----------
    load_pers, boarded_pers, denied_pers : float64 [E]
        On board after the stop; who boarded there; who wanted to and was left behind.
    wait_min : float64 [E]
        Further wait that those who plan this departure here have to expect.
    stranded_pers : float64 [K]
        Who was left behind by the last departure.
    """

    load_pers: NDArray[np.float64]
    boarded_pers: NDArray[np.float64]
    denied_pers: NDArray[np.float64]
    wait_min: NDArray[np.float64]
    stranded_pers: NDArray[np.float64]


class Crush(NamedTuple):
    """How standing is felt: the multiplier at a load over seats of ``full``; and what being left behind counts for."""

    multiplier: float
    full: float
    stranded_min: float


def first_not_before(depart_s: Any, start: int, stop: int, at_s: int) -> int:
    """First event from ``start`` to ``stop`` that departs at ``at_s`` or later; ``stop`` if there is none."""
    while start < stop:
        middle = (start + stop) // 2
        if depart_s[middle] < at_s:
            start = middle + 1
        else:
            stop = middle
    return start


def nearest_event(depart_s: Any, start: int, stop: int, at_s: int) -> int:
    """Event from ``start`` to ``stop`` whose departure is nearest to ``at_s``; the earlier of equals."""
    later = first_not_before(depart_s, start, stop, at_s)
    earlier = later - 1
    if later == stop or (earlier >= start and at_s - depart_s[earlier] <= depart_s[later] - at_s):
        return first_not_before(depart_s, start, later, depart_s[earlier])
    return later


def plan_rows(
    start: int, stop: int, leg: Any, ready_min: Any, waits: bool, main_pattern: Any, board_pos: Any, per_period: int,
    bounds_s: Any, trips: Any, out_event: Any,
) -> None:  # fmt: skip
    """Write one more than the event of the planned departure of each leg into ``out_event`` [R]; 0 where there is none.

    Who ``waits`` takes the first departure at its minute or later, else the last of the day. The others know the
    timetable: they take the departure of their period (``bounds_s`` [Q, 2]) that is nearest to their minute, of the day
    where the period has none.
    """
    for row in range(start, stop):
        out_event[row] = 0
        if leg[row] < 0:
            continue
        k = main_pattern[leg[row]]
        if k < 0 or trips.n_trips[k] == 0:
            continue
        first = trips.first_event[k] + board_pos[leg[row]] * trips.n_trips[k]
        last = first + trips.n_trips[k]
        at_s = 60 * ready_min[row]
        if waits:
            out_event[row] = 1 + min(first_not_before(trips.depart_s, first, last, at_s), last - 1)
            continue
        q = leg[row] // per_period
        low = first_not_before(trips.depart_s, first, last, bounds_s[q, 0])
        high = first_not_before(trips.depart_s, low, last, bounds_s[q, 1])
        if low == high:
            low, high = first, last
        out_event[row] = 1 + nearest_event(trips.depart_s, low, high, at_s)


def ask_kernel(
    leg: Any, event: Any, chosen: Any, weight: float, main_pattern: Any, main_share: Any, alight_pos: Any,
    per_period: int, trips: Any, out_asked: Any, out_boardings: Any,
) -> None:  # fmt: skip
    """Add the rides that are asked for, ``out_asked``, and journeys by pattern and period, ``out_boardings`` [K, Q].

    Of a journey's passengers those ask for its main leg whose useful departures have it (``main_share``).
    """
    for row in range(leg.size):
        if not chosen[row] or leg[row] < 0:
            continue
        k = main_pattern[leg[row]]
        if k < 0:
            continue
        out_boardings[k, leg[row] // per_period] += weight
        if event[row] > 0:
            place = event[row] - 1 - trips.first_event[k]
            position, trip = place // trips.n_trips[k], place % trips.n_trips[k]
            ride = ride_of(trips.n_positions[k], trips.n_trips[k], position, alight_pos[leg[row]], trip)
            out_asked[trips.first_ride[k] + ride] += weight * main_share[leg[row]]


def ride_of(positions: int, n_trips: int, a: int, b: int, trip: int) -> int:
    """Number of a ride among those of its pattern."""
    return (a * (2 * positions - a - 1) // 2 + b - a - 1) * n_trips + trip


def board_rows(start: int, stop: int, trips: Any, asked: Any, runs: Any, crush: Any, served: Any) -> None:
    """Serve the patterns ``start`` to ``stop``: `asked` are the rides, ``runs`` the share of days a trip runs."""
    most = 1
    for k in range(start, stop):
        most = max(most, trips.n_positions[k] * (trips.n_trips[k] + 2))
    _board_rows(start, stop, trips, asked, runs, crush, served, np.empty(most), np.empty(most, np.int64))


def _board_rows(
    start: int, stop: int, trips: Any, asked: Any, runs: Any, crush: Any, served: Any, rest: Any, head: Any
) -> None:
    for k in range(start, stop):
        _clear(k, trips, served)
        riders = _total(asked[trips.first_ride[k] : trips.first_ride[k + 1]])
        if riders > 0.0 or _total(runs[trips.first_trip[k] : trips.first_trip[k + 1]]) < trips.n_trips[k]:
            _board_pattern(k, trips, asked, runs, crush, served, rest, head)


def _clear(k: int, trips: Any, served: Any) -> None:
    for event in range(trips.first_event[k], trips.first_event[k + 1]):
        served.load_pers[event] = 0.0
        served.boarded_pers[event] = 0.0
        served.denied_pers[event] = 0.0
        served.wait_min[event] = 0.0
    served.stranded_pers[k] = 0.0


def _total(values: Any) -> float:
    total = 0.0
    for i in range(values.size):
        total += values[i]
    return total


def _group(k: int, trips: Any, asked: Any, a: int, trip: int) -> float:
    """Passengers who plan to board at position ``a`` of a trip."""
    total = 0.0
    n, m = trips.n_positions[k], trips.n_trips[k]
    for b in range(a + 1, n):
        total += asked[trips.first_ride[k] + ride_of(n, m, a, b, trip)]
    return total


def _board_pattern(k: int, trips: Any, asked: Any, runs: Any, crush: Any, served: Any, rest: Any, head: Any) -> None:
    """Serve one pattern. ``rest``: shares of the groups that still wait, then who alights where; ``head``: by stop."""
    n, m, first = trips.n_positions[k], trips.n_trips[k], trips.first_event[k]
    alighting = rest[n * m : n * m + n]
    for a in range(n):
        head[a] = 0
        for t in range(m):
            rest[a * m + t] = 1.0
    for t in range(m):
        share = runs[trips.first_trip[k] + t]
        load = 0.0
        for a in range(n):
            alighting[a] = 0.0
        for a in range(n - 1):
            load = max(load - alighting[a], 0.0)
            room = max(trips.places[k] * share - load, 0.0)
            load += _board_stop(k, trips, asked, a, t, share, room, alighting, rest, head, served)
            served.load_pers[first + a * m + t] = load
    for a in range(n - 1):
        _expect_waits(k, trips, asked, runs, crush, a, rest, served)


def _board_stop(
    k: int, trips: Any, asked: Any, a: int, t: int, share: float, room: float, alighting: Any, rest: Any, head: Any,
    served: Any,
) -> float:  # fmt: skip
    """Let those board who wait at position ``a`` for trip ``t``, as far as there is room; return how many do."""
    n, m, first = trips.n_positions[k], trips.n_trips[k], trips.first_event[k]
    waiting = 0.0
    for planned in range(head[a], t + 1):
        if rest[a * m + planned] > 0.0:
            waiting += rest[a * m + planned] * _group(k, trips, asked, a, planned)
    # Whoever waits is taken as a whole where there is room: sums of parts would leave crumbs.
    for_all = share >= 1.0 and waiting <= room
    free, taken = min(room, waiting * share), 0.0
    for planned in range(head[a], t + 1):
        left = rest[a * m + planned]
        group = _group(k, trips, asked, a, planned) if left > 0.0 else 0.0
        if group > 0.0 and (free > 0.0 or for_all):
            everybody = for_all or left * group <= free
            part = left if everybody else free / group
            free = max(free - left * group, 0.0) if everybody else 0.0
            rest[a * m + planned] = 0.0 if everybody else left - part
            taken += part * group
            late_s = trips.depart_s[first + a * m + t] - trips.depart_s[first + a * m + planned]
            served.wait_min[first + a * m + planned] += part * late_s / 60.0
            for b in range(a + 1, n):
                alighting[b] += part * asked[trips.first_ride[k] + ride_of(n, m, a, b, planned)]
        if planned == head[a] and (group == 0.0 or rest[a * m + planned] == 0.0):
            head[a] += 1
    served.boarded_pers[first + a * m + t] = taken
    served.denied_pers[first + a * m + t] = max(waiting - taken, 0.0)
    return taken


def _expect_waits(k: int, trips: Any, asked: Any, runs: Any, crush: Any, a: int, rest: Any, served: Any) -> None:
    """Add what those expect who are left behind, and whom nobody has tried; from the last trip to the first.

    One passenger more finds room where the vehicle leaves with some; on the days that a trip does not run, or without
    room, that passenger waits for the next.
    """
    m, first = trips.n_trips[k], trips.first_event[k]
    onward = 0.0
    for t in range(m - 1, -1, -1):
        event, share = first + a * m + t, runs[trips.first_trip[k] + t]
        gap = crush.stranded_min
        if t < m - 1:
            gap = (trips.depart_s[event + 1] - trips.depart_s[event]) / 60.0 + onward
        takes = share if trips.places[k] * share - served.load_pers[event] > 0.0 else 0.0
        onward = (1.0 - takes) * gap
        group = _group(k, trips, asked, a, t)
        if group > 0.0:
            served.stranded_pers[k] += rest[a * m + t] * group
            late_s = trips.depart_s[first + a * m + m - 1] - trips.depart_s[event]
            served.wait_min[event] += rest[a * m + t] * (late_s / 60.0 + crush.stranded_min)
        else:
            served.wait_min[event] = onward


def crowd_rows(start: int, stop: int, trips: Any, load_pers: Any, runs: Any, crush: Any, out_factor: Any) -> None:
    """Factor on minutes in the vehicle of those who board at each event, ``out_factor`` [E], by patterns.

    Standing is felt from a load over seats of 1 on, in a straight line to the multiplier at ``crush.full``. Who boards
    feels the mean over the passengers and minutes from there to the end of the line; 1 where the rest of it is empty.
    """
    for k in range(start, stop):
        n, m, first = trips.n_positions[k], trips.n_trips[k], trips.first_event[k]
        for t in range(m):
            share = runs[trips.first_trip[k] + t]
            spent, felt = 0.0, 0.0
            for a in range(n - 1, -1, -1):
                event = first + a * m + t
                load = load_pers[event]
                if a < n - 1 and load > 0.0:
                    over = (load / (trips.seats[k] * share) - 1.0) / (crush.full - 1.0)
                    factor = 1.0 + (crush.multiplier - 1.0) * min(max(over, 0.0), 1.0)
                    seconds = load * max(trips.arrive_s[event + m] - trips.depart_s[event], 1)
                    spent += seconds
                    felt += seconds * factor
                out_factor[event] = felt / spent if spent > 0.0 else 1.0


first_not_before = njit(cache=True, nogil=True, forceinline=True, **LEAN)(first_not_before)
nearest_event = njit(cache=True, nogil=True, forceinline=True, **LEAN)(nearest_event)
plan_rows = njit(cache=True, nogil=True, **LEAN)(plan_rows)
ride_of = njit(cache=True, nogil=True, forceinline=True, **LEAN)(ride_of)
ask_kernel = njit(cache=True, nogil=True, **LEAN)(ask_kernel)
_clear = njit(cache=True, nogil=True, **INNER)(_clear)
_total = njit(cache=True, nogil=True, **INNER)(_total)
_group = njit(cache=True, nogil=True, **INNER)(_group)
_board_stop = njit(cache=True, nogil=True, **INNER)(_board_stop)
_expect_waits = njit(cache=True, nogil=True, **INNER)(_expect_waits)
_board_pattern = njit(cache=True, nogil=True, **INNER)(_board_pattern)
_board_rows = njit(cache=True, nogil=True, **INNER)(_board_rows)
board_rows = njit(cache=True, nogil=True)(board_rows)
crowd_rows = njit(cache=True, nogil=True, **LEAN)(crowd_rows)
