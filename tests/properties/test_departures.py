"""Passengers on departures: the kernel against its slow twin, and what must hold whoever rides."""

from __future__ import annotations

from fractions import Fraction
from typing import NamedTuple

import numpy as np
from hypothesis import example, given, settings
from hypothesis import strategies as st

from tests.reference import departures as twin
from zemsim.kernels.departures import Crush, DayTrips, Served, board_rows, crowd_rows, plan_rows, ride_of

CRUSH = Crush(multiplier=1.5, full=2.0, stranded_min=120.0)


class Line(NamedTuple):
    """One pattern: ``depart_s[position][trip]``, ride times, rides, days that trips run, room."""

    depart_s: list[list[int]]
    ride_s: int
    rides: dict[tuple[int, int, int], Fraction]
    runs: list[Fraction]
    seats: Fraction
    places: Fraction


SHARES = st.sampled_from([Fraction(1), Fraction(1), Fraction(1), Fraction(1, 2), Fraction(0)])
PERSONS = st.sampled_from([Fraction(0), Fraction(1, 4), Fraction(1), Fraction(3), Fraction(40)])


@st.composite
def lines(draw: st.DrawFn) -> Line:
    """Short lines with few trips, some at the same minute, some of which do not run."""
    n, m = draw(st.integers(2, 4)), draw(st.integers(1, 4))
    first = sorted(draw(st.lists(st.integers(0, 20), min_size=m, max_size=m)))
    ride_s = draw(st.sampled_from([0, 60, 600]))
    depart = [[21600 + 600 * minute + a * ride_s for minute in first] for a in range(n)]
    keys = [(a, b, t) for a in range(n) for b in range(a + 1, n) for t in range(m)]
    rides = {key: draw(PERSONS) for key in keys}
    seats = draw(st.sampled_from([Fraction(1), Fraction(2), Fraction(20)]))
    places = seats * draw(st.sampled_from([1, 2]))
    return Line(depart, ride_s, rides, draw(st.lists(SHARES, min_size=m, max_size=m)), seats, places)


def trips_of(several: list[Line]) -> DayTrips:
    n = np.array([len(line.depart_s) for line in several], np.int64)
    m = np.array([len(line.depart_s[0]) for line in several], np.int64)
    starts = [np.concatenate([[0], np.cumsum(c)]).astype(np.int64) for c in (n * m, n * (n - 1) // 2 * m, m)]
    depart = np.concatenate([np.array(line.depart_s, np.int32).ravel() for line in several])
    seats = np.array([float(line.seats) for line in several])
    places = np.array([float(line.places) for line in several])
    return DayTrips(*starts, n.astype(np.int32), m.astype(np.int32), depart.copy(), depart, seats, places)


def served(several: list[Line]) -> tuple[DayTrips, Served, np.ndarray, np.ndarray]:
    """What the kernel says of some lines at once."""
    trips = trips_of(several)
    asked = np.zeros(int(trips.first_ride[-1]))
    for k, line in enumerate(several):
        n, m = len(line.depart_s), len(line.depart_s[0])
        for (a, b, t), persons in line.rides.items():
            asked[trips.first_ride[k] + ride_of(n, m, a, b, t)] = float(persons)
    runs = np.concatenate([np.array([float(share) for share in line.runs]) for line in several])
    events, rows = len(trips.depart_s), len(several)
    found = Served(*(np.full(size, np.nan) for size in (events, events, events, events, rows)))
    board_rows(0, rows, trips, asked, runs, CRUSH, found)
    factor = np.zeros(events, np.float32)
    crowd_rows(0, rows, trips, found.load_pers, runs, CRUSH, factor)
    return trips, found, asked, factor


FULL = Line(
    [[21600, 25200], [22200, 25800], [22800, 26400]],
    600,
    {(0, 2, 0): Fraction(3), (1, 2, 0): Fraction(1), (1, 2, 1): Fraction(1)},
    [Fraction(1), Fraction(1)],
    Fraction(1),
    Fraction(2),
)
NOBODY = FULL._replace(rides={})


@settings(max_examples=150)
@given(st.lists(lines(), min_size=1, max_size=3))
@example([FULL, NOBODY])
@example([FULL._replace(runs=[Fraction(0), Fraction(1)])])
def test_departures_carry_what_the_twin_carries(several: list[Line]) -> None:
    trips, found, _, factor = served(several)
    for k, line in enumerate(several):
        n, m, first = len(line.depart_s), len(line.depart_s[0]), int(trips.first_event[k])
        slow = twin.serve(line.depart_s, line.rides, line.runs, line.places, Fraction(120))
        loads = {(a, t): slow.load.get((a, t), Fraction(0)) for a in range(n) for t in range(m)}
        seats = [line.seats * share for share in line.runs]
        felt = twin.crowding(line.depart_s, line.depart_s, loads, seats, Fraction(3, 2), Fraction(2))
        np.testing.assert_allclose(found.stranded_pers[k], float(slow.stranded), atol=1e-9)
        for a in range(n - 1):
            for t in range(m):
                event = first + a * m + t
                for name, value in (("load_pers", slow.load), ("boarded_pers", slow.boarded)):
                    np.testing.assert_allclose(getattr(found, name)[event], float(value[a, t]), atol=1e-9)
                np.testing.assert_allclose(found.denied_pers[event], float(slow.denied[a, t]), atol=1e-9)
                if abs(line.places * line.runs[t] - slow.load[a, t]) > 0 or slow.wait_min[a, t] == 0:
                    np.testing.assert_allclose(found.wait_min[event], float(slow.wait_min[a, t]), atol=1e-6)
                np.testing.assert_allclose(factor[event], float(felt[a, t]), rtol=1e-6)


@settings(max_examples=100)
@given(st.lists(lines(), min_size=1, max_size=3))
@example([FULL])
def test_everybody_boards_or_is_left_behind_and_no_vehicle_is_overfull(several: list[Line]) -> None:
    trips, found, asked, _ = served(several)
    for k, line in enumerate(several):
        events = slice(int(trips.first_event[k]), int(trips.first_event[k + 1]))
        rides = slice(int(trips.first_ride[k]), int(trips.first_ride[k + 1]))
        boarded, stranded = found.boarded_pers[events].sum(), found.stranded_pers[k]
        np.testing.assert_allclose(boarded + stranded, asked[rides].sum(), rtol=1e-12, atol=1e-12)
        m = len(line.runs)
        most = np.tile([float(line.places * share) for share in line.runs], len(line.depart_s))
        assert (found.load_pers[events] <= most + 1e-9).all()
        assert (found.denied_pers[events] >= 0).all()
        last = found.denied_pers[events].reshape(-1, m)[:, -1].sum()
        np.testing.assert_allclose(last, stranded, atol=1e-9)


@settings(max_examples=60)
@given(lines(), st.sampled_from([2, 3]))
def test_larger_vehicles_leave_fewer_behind(line: Line, times: int) -> None:
    small, large = (served([line._replace(places=line.places * f)])[1] for f in (1, times))
    assert large.denied_pers.sum() <= small.denied_pers.sum() + 1e-9
    assert large.stranded_pers.sum() <= small.stranded_pers.sum() + 1e-9


def test_one_full_bus_by_hand() -> None:
    """Three want the first bus with two places: two thirds of each board, and one third waits an hour.

    The passenger at the second stop who planned the first bus is taken by the second one, before the one who planned
    that: there is one place left, which the passenger in front takes, and the last one stays behind.
    """
    _, found, _, factor = served([FULL])
    load = found.load_pers.reshape(3, 2)
    assert load[:2].tolist() == [[2.0, 1.0], [2.0, 2.0]]
    assert found.boarded_pers.reshape(3, 2)[:2].tolist() == [[2.0, 1.0], [0.0, 1.0]]
    assert found.denied_pers.reshape(3, 2)[:2].tolist() == [[1.0, 0.0], [1.0, 1.0]]
    assert found.stranded_pers.tolist() == [1.0]
    waits = found.wait_min.reshape(3, 2)
    np.testing.assert_allclose(waits[:2], [[20.0, 0.0], [60.0, 120.0]])
    np.testing.assert_allclose(factor.reshape(3, 2)[:2], [[1.5, 1.0 + 0.5 * 1200 / 1800], [1.5, 1.5]], rtol=1e-6)


def test_who_comes_to_a_full_bus_waits_for_the_next_and_nothing_is_left_unwritten() -> None:
    _, found, _, _ = served([FULL._replace(rides={(0, 2, 0): Fraction(2)})])
    assert found.wait_min.reshape(3, 2)[:2].tolist() == [[0.0, 0.0], [60.0, 0.0]]
    assert found.load_pers.reshape(3, 2).tolist() == [[2.0, 0.0], [2.0, 0.0], [0.0, 0.0]]
    assert all(np.isfinite(part).all() for part in found)


def test_crowding_is_felt_by_passengers_and_minutes() -> None:
    """Two on one seat for ten minutes at 1.5, then one for an hour at 1: 2 x 10 x 1.5 + 60 over 2 x 10 + 60."""
    rides = {(0, 1, 0): Fraction(1), (0, 2, 0): Fraction(1)}
    line = Line([[21600], [22200], [25800]], 0, rides, [Fraction(1)], Fraction(1), Fraction(2))
    _, _, _, factor = served([line])
    np.testing.assert_allclose(factor, [90 / 80, 1.0, 1.0], rtol=1e-6)


def test_no_crumb_of_a_passenger_stays_behind() -> None:
    """0.3, 0.2 and 0.1 passengers board the one trip that runs: 0.6 less 0.3 less 0.2 is less than 0.1 in floats."""
    rides = {(0, 1, t): Fraction(tenths, 10) for t, tenths in enumerate((3, 2, 1))}
    runs = [Fraction(0), Fraction(0), Fraction(1)]
    line = Line([[21600, 25200, 28800], [22200, 25800, 29400]], 600, rides, runs, Fraction(5), Fraction(5))
    assert served([line])[1].stranded_pers.tolist() == [0.0]


@settings(max_examples=150)
@given(
    st.lists(st.integers(300, 340), min_size=1, max_size=6),
    st.integers(290, 350),
    st.booleans(),
    st.tuples(st.integers(280, 330), st.integers(0, 40)),
)
@example([300], 350, True, (300, 20))
def test_planned_departures_are_those_of_the_twin(
    minutes: list[int], ready: int, waits: bool, window: tuple[int, int]
) -> None:
    depart = sorted(60 * minute for minute in minutes)
    line = Line([depart, [s + 60 for s in depart]], 60, {}, [Fraction(1)] * len(depart), Fraction(1), Fraction(1))
    bounds = (60 * window[0], 60 * (window[0] + window[1]))
    event = np.full(3, -9, np.int32)
    leg, main = np.array([0, -1, 0]), np.array([0], np.int32)
    plan_rows(
        0, 3, leg, np.array([ready] * 3), waits, main, np.zeros(1, np.int16), 1,
        np.array([bounds], np.int64), trips_of([line]), event,
    )  # fmt: skip
    expected = 1 + twin.planned(depart, bounds, ready, waits)
    assert event.tolist() == [expected, 0, expected]
