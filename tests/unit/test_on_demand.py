"""Services on demand and stops that are passed, worked out by hand; and what no change of a timetable may do."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.properties.test_raptor import Feed, feeds
from tests.reference.raptor import Trip, timetable
from tests.unit.test_timetable_levers import LATS, H, names, order_is_kept, pair, times
from zemsim.core.errors import InputError
from zemsim.core.names import PERIODS, DayType
from zemsim.kernels.raptor import profile_arrivals
from zemsim.travel.on_demand import OnDemand, driven_km, load_of_services, with_on_demand
from zemsim.travel.timetable import Timetable
from zemsim.travel.timetable_levers import with_speed, without_stops
from zemsim.travel.timetable_patterns import Stop, with_stops
from zemsim.travel.transit import transit_skim
from zemsim.travel.transit_network import plain_network

POINTS = (Stop("d:1", "1", 56.65, 24.0), Stop("d:2", "2", 56.75, 24.0))
#: Two vans for s02 and two points, 4:00 to 23:00 on weekdays.
SERVICE = OnDemand(
    "d", ("r01",), POINTS, ("s02",), 600, ((4 * H, 23 * H), None), 1.2, 1.5, 60.0, 2, 8, 2.0, 0.5, 2.0, 0.3
)


@pytest.fixture(scope="module")
def table() -> Timetable:
    """r00 from s00 by s01 (a minute's stop) to s02 at 6:00 and 7:00; r01 back at 17:00."""
    out = [Trip(0, False, (0, 1, 2), (t, t + 600, t + 1260), (t, t + 660, t + 1260)) for t in (6 * H, 7 * H)]
    back = Trip(1, False, (2, 0), (17 * H, 17 * H + 1200), (17 * H, 17 * H + 1200))
    made = timetable([pair(lat, 24.0) for lat in LATS], [*out, back])
    made.stops["lat"] = LATS
    return made


def test_a_service_replaces_a_line_and_offers_rides_to_its_hub(table: Timetable) -> None:
    asked = with_on_demand(table, SERVICE)
    assert asked.routes["route_id"].tolist() == ["d", "r00", "r01"]
    own = [k for k, row in enumerate(asked.pattern_route) if row == 0]
    assert [names(asked, k) for k in own] == [["d:1", "s02"], ["d:2", "s02"], ["s02", "d:1"], ["s02", "d:2"]]
    metres = float(np.hypot(*np.subtract(pair(56.65, 24.0), pair(56.7, 24.0)))) * 1.2
    arrive, depart = times(asked, "d")[0]
    assert depart[0] == list(range(4 * H, 23 * H + 1, 1200))
    assert arrive[1][0] - depart[0][0] == int(np.ceil(metres * 1.5 * 3.6 / 60))
    assert asked.pattern_dist_m[own[0]][-1] == pytest.approx(metres)
    assert times(asked, "d", 1)[0][0] == [[], []]
    assert times(asked, "r01")[0] == [[[], []], [[], []]]
    assert times(asked, "r00") == times(table, "r00")
    km = asked.vehicle_km().groupby("route_id")["vehicle_km"].sum()
    assert (km["d"], km["r01"]) == (0.0, 0.0)
    assert order_is_kept(asked)


def test_its_fare_is_that_of_a_bus_times_a_factor_and_a_booking(table: Timetable) -> None:
    asked = with_on_demand(table, SERVICE)
    base, per_km, least = table.fares.of_network("regional_bus", False)
    assert asked.fares.of_network("on_demand_d", False) == pytest.approx((base * 2 + 0.3, per_km * 2, least * 2 + 0.3))
    assert asked.fares.of_network("regional_bus", False) == (base, per_km, least)
    skim = transit_skim(asked)
    rows = {name: i for i, name in enumerate(asked.stops["stop_id"])}
    km = asked.pattern_dist_m[0][-1] / 1000
    fare = max(2 * least, 2 * (base + per_km * km)) + 0.3
    assert skim.fare_eur[0, 0, rows["d:1"], rows["s02"]] == pytest.approx(fare, rel=1e-5)
    assert skim.headway_min[1, 0, rows["d:1"], rows["s02"]] == 20
    assert skim.in_vehicle_min[1, 0, rows["s02"], rows["d:1"]] == pytest.approx(km * 1.5, abs=1 / 60)
    assert np.isinf(transit_skim(with_stops(table, POINTS)).in_vehicle_min[:, :, rows["d:1"]]).all()


def test_what_is_driven_and_how_busy_the_vans_are_follows_from_who_rides(table: Timetable) -> None:
    asked = with_on_demand(table, SERVICE)
    km = np.array([dist[-1] for dist in asked.pattern_dist_m]) / 1000
    rides = np.zeros((asked.n_patterns, len(PERIODS)))
    rides[0, 0], rides[3, 0], rides[1, 1] = 10, 4, 2
    # each passenger-km is 1.5 km of ride, two share a run, half of the way is empty
    assert driven_km(asked, rides.sum(axis=1)) == {"d": pytest.approx((10 * km[0] + 4 * km[3] + 2 * km[1]) * 1.5)}
    share = np.full(rides.shape, 9.0)
    load_of_services(asked, rides, share)
    own = asked.pattern_route == 0
    assert (share[~own] == 9.0).all()
    assert (share[own] == share[own][0]).all()
    assert share[0, 0] == pytest.approx((10 * km[0] + 4 * km[3]) * 1.5 / 60 / (2 * 5))  # 4:00 to 9:00
    assert share[0, 1] == pytest.approx(2 * km[1] * 1.5 / 60 / (2 * 6))
    assert (share[own][:, 2:] == 0).all()
    assert driven_km(table, np.zeros(table.n_patterns)) == {}
    assert SERVICE.hours_offered().tolist() == [10, 12, 8, 8, 0, 0]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"points": ()}, "needs a pick-up point and a hub"),
        ({"hub_ids": ("s9",)}, "stop “s9” is not in the timetable"),
        ({"replaces": ("r9",)}, "route “r9” is not in the timetable"),
        ({"route_id": "r00"}, "is in the timetable already"),
        ({"points": (Stop("s01", "", 56.0, 24.0),)}, "stop “s01” is in the timetable already"),
        ({"wait_s": 0}, "must be one or more"),
        ({"run_pers": 9.0}, "must be 1 to its 8 seats"),
        ({"pooling_ratio": 0.5}, "one or more"),
        ({"empty_share": 1.0}, "below one"),
        ({"hours_s": ((9 * H, 8 * H), None)}, "must not be after the last"),
    ],
)
def test_a_wrong_service_is_refused(table: Timetable, change: dict[str, Any], message: str) -> None:
    with pytest.raises(InputError, match=message):
        with_on_demand(table, replace(SERVICE, **change))


def test_a_stop_that_is_passed_saves_its_time(table: Timetable) -> None:
    less = without_stops(table, ["s01"], ["r00"], 90)
    arrive, depart = np.array(times(less, "r00")[0])[:, :, 0] - 6 * H
    assert (arrive.tolist(), depart.tolist()) == ([0, 1170], [0, 1170])
    assert less.pattern_dist_m[0][-1] == table.pattern_dist_m[0][-1]
    assert times(less, "r01") == times(table, "r01")
    first = without_stops(table, ["s00"], ["r00"], 90)
    assert names(first, 0) == ["s01", "s02"]
    assert times(first, "r00")[0][0] == [[6 * H + 600, 7 * H + 600], [6 * H + 1260, 7 * H + 1260]]
    km = (table.pattern_dist_m[0][2] - table.pattern_dist_m[0][1]) / 1000
    assert first.vehicle_km()["vehicle_km"][0] == pytest.approx(2 * km)
    for stops, routes, saved_s, message in (
        (["s09"], ["r00"], 0, "did you mean|known"),
        (["s01"], ["r01"], 0, "route “r01” does not call at “s01”"),
        (["s01", "s02"], ["r00"], 0, "would be left with 1 stops"),
        (["s01"], ["r00"], 5000, "has no 5000 s to save"),
    ):
        with pytest.raises(InputError, match=message):
            without_stops(table, stops, routes, saved_s)


def test_a_speed_may_hold_in_some_periods_and_between_some_stops(table: Timetable) -> None:
    quick = with_speed(table, [("r00", 2.0)], stop_ids={"s01", "s02"})
    assert np.array(times(quick, "r00")[0])[0, :, 0].tolist() == [6 * H, 6 * H + 600, 6 * H + 960]
    later = with_speed(table, [("r00", 2.0), ("r01", 2.0)], periods={2})
    assert times(later, "r00") == times(table, "r00")
    assert times(later, "r01")[0][0] == [[17 * H], [17 * H + 600]]


@settings(max_examples=30, deadline=None)
@given(feeds(), st.integers(0, 5), st.integers(0, 5))
def test_a_stop_that_is_passed_makes_no_arrival_earlier(feed: Feed, route: int, stop: int) -> None:
    """Without seconds saved, whoever travelled by the stop travels as late or later, and nobody earlier."""
    table = timetable(*feed)
    name = table.routes["route_id"].tolist()[route % len(table.routes)]
    try:
        less = without_stops(table, [table.stops["stop_id"][stop % len(table.stops)]], [name])
    except InputError:
        return  # the route does not call there, or would be left with one stop
    before, after = (arrivals(t) for t in (table, less))
    assert all((a >= b).all() for a, b in zip(after, before, strict=True))


@settings(max_examples=30, deadline=None)
@given(feeds(), st.integers(0, 5), st.integers(60, 3600))
def test_a_service_makes_no_arrival_later_and_reaches_who_had_no_bus(feed: Feed, hub: int, wait_s: int) -> None:
    table = timetable(*feed)
    town = table.stops["stop_id"][hub % len(table.stops)]
    with_points = with_stops(table, POINTS)
    service = replace(SERVICE, replaces=(), hub_ids=(town,), wait_s=wait_s, hours_s=((0, 24 * H), None))
    asked = with_on_demand(table, service)
    assert order_is_kept(asked)
    before, after = (arrivals(t) for t in (with_points, asked))
    assert all((a <= b).all() for a, b in zip(after, before, strict=True))
    rows = {name: i for i, name in enumerate(asked.stops["stop_id"])}
    assert (after[rows["d:1"]][:, rows[town]] < 2**30).all()


def arrivals(table: Timetable) -> list[np.ndarray]:
    departs = np.arange(86, 57, -4, dtype=np.int32) * 300
    network = plain_network(table, DayType.WEEKDAY)
    return [profile_arrivals(network, origin, departs, 4, 120) for origin in range(len(table.stops))]
