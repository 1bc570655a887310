"""Stops at which one may only get on or only get off: no journey begins or ends there by that line."""

from __future__ import annotations

import itertools
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.bad_inputs.gtfs.feeds import DAYS, clock, write_folder
from tests.reference.raptor import FARES
from zemsim.core.names import DayType
from zemsim.kernels.connection_scan import earliest_arrivals
from zemsim.kernels.raptor import UNREACHED, profile_arrivals
from zemsim.travel.timetable import Timetable
from zemsim.travel.transit import transit_skim
from zemsim.travel.transit_network import connections, plain_network
from zemsim.travel.transit_profiles import departure_profile
from zemsim.travel.transit_rules import TransitRules

#: No walks between stops, so that a line is all there is.
RULES = TransitRules(transit_transfer_walk_m=1.0)

Call = tuple[int, int, int, int]


def feed(trips: list[list[Call]], stops: int) -> dict[str, str | bytes]:
    """A feed of trips by ``(stop, second, pickup_type, drop_off_type)``."""
    rows = [
        f"t{i},{clock(s)},{clock(s)},s{stop},{k},{on},{off}"
        for i, calls in enumerate(trips)
        for k, (stop, s, on, off) in enumerate(calls)
    ]
    head = "trip_id,arrival_time,departure_time,stop_id,stop_sequence,pickup_type,drop_off_type"
    return {
        "agency.txt": "agency_name,agency_url,agency_timezone\nA,https://example.org,Europe/Riga\n",
        "stops.txt": "stop_id,stop_name,stop_lat,stop_lon\n"
        + "".join(f"s{i},S,56.{5000 + 40 * i},24.0\n" for i in range(stops)),
        "routes.txt": "route_id,route_type\n" + "".join(f"r{i},3\n" for i in range(len(trips))),
        "trips.txt": "route_id,service_id,trip_id\n" + "".join(f"r{i},d,t{i}\n" for i in range(len(trips))),
        "stop_times.txt": "\n".join([head, *rows]) + "\n",
        "calendar.txt": f"service_id,{DAYS},start_date,end_date\nd,1,1,1,1,1,1,1,20240101,20241231\n",
    }


def timetable(folder: Path, trips: list[list[Call]], stops: int) -> Timetable:
    return Timetable.from_gtfs(write_folder(folder, feed(trips, stops)), FARES, RULES)


def slow(trips: list[list[Call]], stops: int, origin: int, ready_s: int, change_s: int) -> list[int]:
    """Earliest arrival at each stop: trips are ridden again and again until nothing improves."""
    ready = {origin: ready_s}
    arrive = dict.fromkeys(range(stops), UNREACHED)
    for _ in range(len(trips) + 1):
        for calls in trips:
            for i, j in itertools.combinations(range(len(calls)), 2):
                (start, leave, on, _), (end, at, _, off) = calls[i], calls[j]
                may = on != 1 and (off != 1)
                if may and leave >= ready.get(start, UNREACHED) and at < arrive[end]:
                    arrive[end] = at
                    ready[end] = min(ready.get(end, UNREACHED), at + change_s)
    return [arrive[stop] for stop in range(stops)]


@st.composite
def many_trips(draw: st.DrawFn) -> tuple[int, list[list[Call]]]:
    stops = draw(st.integers(2, 5))
    trips = []
    for _ in range(draw(st.integers(1, 6))):
        second = 6 * 3600 + draw(st.integers(0, 60)) * 60
        calls = []
        for stop in draw(st.lists(st.integers(0, stops - 1), min_size=2, max_size=5)):
            calls.append((stop, second, draw(st.sampled_from([0, 0, 1])), draw(st.sampled_from([0, 0, 1]))))
            second += draw(st.integers(1, 20)) * 60
        trips.append(calls)
    return stops, trips


@settings(max_examples=60)
@given(many_trips(), st.data())
def test_arrivals_are_those_of_a_slow_search(
    tmp_path_factory: pytest.TempPathFactory, case: tuple[int, list[list[Call]]], data: st.DataObject
) -> None:
    stops, trips = case
    table = timetable(tmp_path_factory.getbasetemp() / "calls", trips, stops)
    origin = data.draw(st.integers(0, stops - 1))
    ready = 6 * 3600
    expected = np.array(slow(trips, stops, origin, ready, 120))
    network = plain_network(table, DayType.WEEKDAY)
    at = [np.array([value], np.int32) for value in (origin, ready)]
    scanned = earliest_arrivals(connections(network), *at, 120, 24 * 3600)[0, :stops, 0]
    rounds = profile_arrivals(network, origin, at[1], len(trips) + 1, 120)[0, :stops]
    profile = departure_profile(table, DayType.WEEKDAY, [origin], ready, ready + 60).arrive_s[0, 0]
    others = np.arange(stops) != origin
    assert scanned[others].tolist() == rounds[others].tolist() == expected[others].tolist()
    assert profile[others].tolist() == expected[others].tolist()
    reached = np.isfinite(transit_skim(table).in_vehicle_min[0, 0, origin])
    assert not (reached & (expected == UNREACHED))[others].any()


def test_the_skim_knows_where_one_may_not_get_on_or_off(tmp_path: Path) -> None:
    """s1: get off only; s2: get on only; the line goes s0, s1, s2, s3."""
    calls = [(0, 21_600, 0, 0), (1, 22_200, 1, 0), (2, 22_800, 0, 1), (3, 23_400, 0, 0)]
    table = timetable(tmp_path / "a", [calls], 4)
    assert table.pattern_calls[0].tolist() == [3, 2, 1, 3]
    reached = np.isfinite(transit_skim(table).in_vehicle_min[0, 0])
    pairs = {(a, b) for a, b in zip(*(part.tolist() for part in np.nonzero(reached)), strict=True) if a != b}
    assert pairs == {(0, 1), (0, 3), (2, 3)}
    free = timetable(tmp_path / "b", [[(stop, second, 0, 0) for stop, second, _, _ in calls]], 4)
    assert free.pattern_calls == ()
    assert int(np.isfinite(transit_skim(free).in_vehicle_min[0, 0]).sum()) >= 6


def test_calls_at_the_ends_of_a_trip_make_no_pattern_of_their_own(tmp_path: Path) -> None:
    """Feeds write that nobody gets on at the last stop, as nobody could."""
    trips = [[(0, 21_600, 0, 1), (1, 22_200, 1, 0)], [(0, 25_200, 0, 0), (1, 25_800, 0, 0)]]
    table = timetable(tmp_path, trips, 2)
    assert table.pattern_calls == ()
