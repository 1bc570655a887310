"""The compiled search against every trip, every pair of stops, every round; and what more departures may do."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.reference.raptor import NEVER, Trip, earliest, timetable
from zemsim.core.names import DayType
from zemsim.kernels.raptor import UNREACHED, profile_arrivals
from zemsim.travel.timetable import Timetable
from zemsim.travel.transit import transit_skim
from zemsim.travel.transit_network import foot_links, layered_network, plain_network

Feed = tuple[list[tuple[float, float]], list[Trip]]


@st.composite
def feeds(draw: st.DrawFn) -> tuple[list[tuple[float, float]], list[Trip]]:
    """Few stops in a small square (so that walks abound), few routes; times on a coarse grid (so that ties abound)."""
    n_stops = draw(st.integers(2, 6))
    points = [(draw(st.integers(0, 8)) * 200.0, draw(st.integers(0, 8)) * 200.0) for _ in range(n_stops)]
    trips = []
    for route in range(draw(st.integers(1, 4))):
        train = draw(st.booleans())
        stops = tuple(draw(st.lists(st.integers(0, n_stops - 1), min_size=2, max_size=5)))
        for _ in range(draw(st.integers(1, 4))):
            now = draw(st.integers(30, 42)) * 600
            arrive, depart = [], []
            for _ in stops:
                arrive.append(now)
                now += draw(st.sampled_from([0, 0, 60]))
                depart.append(now)
                now += draw(st.sampled_from([0, 120, 180, 300, 480, 600]))
            trips.append(Trip(route, train, stops, tuple(arrive), tuple(depart)))
    return points, trips


def walks_of(table: Timetable) -> dict[int, list[tuple[int, int]]]:
    walks: dict[int, list[tuple[int, int]]] = {}
    for a, b, seconds in zip(*(part.tolist() for part in foot_links(table)), strict=True):
        walks.setdefault(a, []).append((b, seconds))
    return walks


@settings(max_examples=150)
@given(feeds(), st.integers(1, 4), st.sampled_from([0, 120]), st.data())
def test_arrivals_equal_the_slow_twin(
    feed: tuple[list[tuple[float, float]], list[Trip]], boardings: int, change_s: int, data: st.DataObject
) -> None:
    """With layers by mode; over a profile of departures, whose labels prune one another."""
    points, trips = feed
    table = timetable(points, trips)
    n = len(points)
    origin = data.draw(st.integers(0, n - 1))
    times = sorted(data.draw(st.sets(st.integers(58, 86).map(lambda k: k * 300), min_size=1, max_size=5)), reverse=True)
    found = profile_arrivals(
        layered_network(table, DayType.WEEKDAY), origin, np.array(times, np.int32), boardings, change_s
    )
    walks = walks_of(table)
    for row, depart in enumerate(times):
        slow = earliest(trips, walks, origin, depart, boardings, change_s)
        for stop in range(n):
            for used in (False, True):
                if (stop, used) == (origin, False):
                    continue
                want = slow.get((stop, used), NEVER)
                got = int(found[row, stop + n * used])
                assert (got == UNREACHED and want == NEVER) or got == want


@settings(max_examples=60)
@given(feeds(), st.floats(1.0, 4.0), st.data())
def test_more_departures_never_make_an_arrival_later(
    feed: tuple[list[tuple[float, float]], list[Trip]], factor: float, data: st.DataObject
) -> None:
    table = timetable(*feed)
    route = data.draw(st.sampled_from(table.routes["route_id"].tolist()))
    more = table.scaled([(route, factor)])
    times = np.arange(90, 55, -3, dtype=np.int32) * 300
    for origin in range(len(table.stops)):
        before = profile_arrivals(plain_network(table, DayType.WEEKDAY), origin, times, 4, 120)
        after = profile_arrivals(plain_network(more, DayType.WEEKDAY), origin, times, 4, 120)
        assert (after <= before).all()


@settings(max_examples=60)
@given(st.sets(st.integers(60, 250), min_size=2, max_size=8), st.floats(1.0, 4.0))
def test_more_departures_of_a_line_never_lengthen_its_headway(quarters: set[int], factor: float) -> None:
    trips = [Trip(0, False, (0, 1), (k * 300, k * 300 + 900), (k * 300, k * 300 + 900)) for k in sorted(quarters)]
    table = timetable([(0.0, 0.0), (9000.0, 0.0)], trips)
    base, more = transit_skim(table), transit_skim(table.scaled([("r00", factor)]))
    assert (more.headway_min <= base.headway_min).all()
    assert (more.in_vehicle_min <= base.in_vehicle_min).all()


@settings(max_examples=60)
@given(feeds())
def test_parts_of_the_skim_fit_together(feed: tuple[list[tuple[float, float]], list[Trip]]) -> None:
    """Nothing is NaN; what is not reached is infinite; the times of what is reached are those of real journeys."""
    table = timetable(*feed)
    skim = transit_skim(table)
    parts = ("wait_min", "walk_min", "transfers", "fare_eur", "bus_fare_eur", "distance_km", "in_vehicle_min")
    assert not any(np.isnan(getattr(skim, name)).any() for name in (*parts, "headway_min"))
    reached = np.isfinite(skim.in_vehicle_min)
    assert (np.isfinite(skim.headway_min) == reached).all()
    assert ((skim.main_pattern >= 0) == reached).all()
    for name in parts[:-1]:
        assert (getattr(skim, name)[~reached] == 0).all()
        assert (getattr(skim, name) >= 0).all()
    assert (skim.bus_fare_eur <= skim.fare_eur + 1e-6).all()
    assert (skim.fare_eur[reached] >= 0.9 - 1e-6).all()
    assert not reached[:, :, range(len(table.stops)), range(len(table.stops))].any()
    assert not reached[4:].any()


@pytest.mark.parametrize("slow_first", [True, False])
def test_a_line_is_boarded_where_it_is_met_first(slow_first: bool) -> None:
    """A slow bus to the middle of a line and a quick one to its beginning, in either order of the table."""
    to_middle = Trip(1 - slow_first, False, (0, 2), (21_600, 28_800), (21_600, 28_800))
    to_begin = Trip(int(slow_first), False, (0, 1), (21_600, 22_800), (21_600, 22_800))
    line = Trip(2, False, (1, 2, 3), (23_400, 24_000, 25_200), (23_400, 24_000, 25_200))
    table = timetable([(20_000.0 * k, 0.0) for k in range(4)], [to_middle, to_begin, line])
    found = profile_arrivals(plain_network(table, DayType.WEEKDAY), 0, np.array([21_600], np.int32), 2, 120)
    assert found[0, 3] == 25_200


def test_departures_a_second_apart_are_told_apart() -> None:
    net = plain_network(
        timetable([(0.0, 0.0), (9000.0, 0.0)], [Trip(0, False, (0, 1), (7, 9), (7, 9))]), DayType.WEEKDAY
    )
    assert profile_arrivals(net, 0, np.array([8, 7], np.int32), 1, 0)[:, 1].tolist() == [UNREACHED, 9]


def test_two_times_that_are_not_reached_can_be_added() -> None:
    assert np.iinfo(np.int32).max >= 2 * UNREACHED


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"origin": -1}, "origin -1"),
        ({"origin": 4}, "origin 4 is not one of 4"),
        ({"departs_s": np.array([0, 0])}, "strictly falling"),
        ({"departs_s": np.array([[0]])}, "one row"),
        ({"boardings": 0}, "boardings"),
        ({"min_transfer_s": -1}, "min_transfer_s"),
    ],
)
def test_wrong_queries_are_refused(change: dict[str, object], words: str) -> None:
    trip = Trip(0, False, (0, 1), (0, 60), (0, 60))
    net = layered_network(timetable([(0.0, 0.0), (900.0, 0.0)], [trip]), DayType.WEEKDAY)
    good: dict[str, object] = {"origin": 0, "departs_s": np.array([0]), "boardings": 1, "min_transfer_s": 0}
    assert profile_arrivals(net, **good).shape == (1, 4)  # type: ignore[arg-type]
    with pytest.raises(ValueError, match=words):
        profile_arrivals(net, **good | change)  # type: ignore[arg-type]
