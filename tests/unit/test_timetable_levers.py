"""What measures do to a timetable, worked out by hand, and what no change may do."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.properties.test_raptor import Feed, feeds
from tests.reference.raptor import Trip, timetable
from zemsim.core.errors import InputError
from zemsim.core.names import DayType
from zemsim.kernels.raptor import profile_arrivals
from zemsim.travel.timetable import GivenWalks, Timetable
from zemsim.travel.timetable_levers import Course, Line, with_line, with_speed, with_stop
from zemsim.travel.timetable_patterns import Stop
from zemsim.travel.transit_network import plain_network

H = 3600


def pair(lat: float, lon: float) -> tuple[float, float]:
    from zemsim.region.geo import to_metres

    x_m, y_m = to_metres([lon], [lat])
    return float(x_m[0]), float(y_m[0])


#: Three stops on the meridian of 24 degrees, a tenth of a degree (11.1 km) apart.
LATS = (56.5, 56.6, 56.7)


@pytest.fixture(scope="module")
def table() -> Timetable:
    """r00 from s00 by s01 (a minute's stop) to s02 at 6:00 and 7:00; r01 back at 17:00."""
    out = [Trip(0, False, (0, 1, 2), (t, t + 600, t + 1260), (t, t + 660, t + 1260)) for t in (6 * H, 7 * H)]
    back = Trip(1, False, (2, 0), (17 * H, 17 * H + 1200), (17 * H, 17 * H + 1200))
    made = timetable([pair(lat, 24.0) for lat in LATS], [*out, back])
    made.stops["lat"] = LATS
    return made


def times(table: Timetable, route_id: str, day: int = 0) -> list[list[list[int]]]:
    """Arrivals and departures of all trips of a route: one row per stop."""
    route = table.routes["route_id"].tolist().index(route_id)
    here = [k for k, row in enumerate(table.pattern_route) if row == route]
    return [[table.times[day][k].arrive_s.tolist(), table.times[day][k].depart_s.tolist()] for k in here]


def names(table: Timetable, k: int) -> list[str]:
    return table.stops["stop_id"].to_numpy()[table.pattern_stops[k]].tolist()


def test_a_line_taken_away_leaves_the_others_alone(table: Timetable) -> None:
    less = table.without_routes(["r01"])
    km = less.vehicle_km().set_index(["route_id", "day_type"])["vehicle_km"]
    assert km[("r01", 0)] == 0
    assert km[("r00", 0)] == table.vehicle_km().set_index(["route_id", "day_type"])["vehicle_km"][("r00", 0)]
    assert less.times[0][0] is table.times[0][0]
    with pytest.raises(InputError, match="r99"):
        table.without_routes(["r99"])


def test_a_new_line_runs_as_it_says(table: Timetable) -> None:
    there = Course(("s00", "s02", "s01"), (900, 300), ((8 * H, 6 * H), (9 * H,)), dwell_s=30, length_m=(20e3, 5e3))
    back = Course(("s01", "s00"), (600,), ((12 * H,), ()))
    more = with_line(table, Line("r005", "bus", "regional_bus", (there, back), 40.0, "midi"))
    assert more.routes["route_id"].tolist() == ["r00", "r005", "r01"]
    assert more.pattern_route.tolist() == [0, 1, 1, 2]
    assert more.pattern_direction.tolist() == [0, 0, 1, 0]
    assert names(more, 1) == ["s00", "s02", "s01"]
    assert times(more, "r005")[0] == [
        [[6 * H, 8 * H], [6 * H + 900, 8 * H + 900], [6 * H + 1230, 8 * H + 1230]],
        [[6 * H, 8 * H], [6 * H + 930, 8 * H + 930], [6 * H + 1230, 8 * H + 1230]],
    ]
    assert times(more, "r005", 1)[1][0] == [[], []]
    km = more.vehicle_km().set_index(["route_id", "direction", "day_type"])["vehicle_km"]
    assert km[("r005", 0, 0)] == 50
    assert km[("r005", 0, 1)] == 25
    assert km[("r005", 1, 0)] == pytest.approx(11.119 * 1.3, abs=0.01)
    assert more.capacity_pers().tolist() == [50, 40, 40, 50]
    assert times(more, "r00") == times(table, "r00")
    assert times(more.without_routes(["r005"]), "r01") == times(table, "r01")


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"route_id": "r00"}, "already"),
        ({"mode": "tram"}, "bus or train"),
        ({"courses": ()}, "one or two courses"),
        ({"stop_ids": ("s00", "s9")}, "s9"),
        ({"stop_ids": ("s00",), "ride_s": ()}, "two stops at least"),
        ({"ride_s": (1, 2)}, "one ride_s"),
        ({"length_m": (1.0, 2.0)}, "one ride_s"),
        ({"ride_s": (-1,)}, "zero or more"),
        ({"departures_s": ((-1,), ())}, "before midnight"),
    ],
)
def test_a_wrong_line_is_refused(table: Timetable, change: dict, message: str) -> None:
    course = Course(("s00", "s01"), (600,), ((6 * H,), ()))
    line = Line("new", "bus", "regional_bus", (course,))
    of_line = {name: value for name, value in change.items() if hasattr(line, name)}
    of_course = {name: value for name, value in change.items() if hasattr(course, name)}
    if of_course:
        line = replace(line, courses=(replace(course, **of_course),))
    with pytest.raises(InputError, match=message):
        with_line(table, replace(line, **of_line))


def test_a_new_stop_on_the_way(table: Timetable) -> None:
    """Half-way between s00 and s01: half the ride, a minute's stop, all later times a minute later."""
    stop = Stop("mid", "Mid", 56.55, 24.0)
    more = with_stop(table, stop, ["r00"], dwell_s=60, most_detour_m=100.0)
    assert more.stops["stop_id"].tolist() == ["mid", "s00", "s01", "s02"]
    assert names(more, 0) == ["s00", "mid", "s01", "s02"]
    assert names(more, 1) == ["s02", "s00"]
    arrive, depart = np.array(times(more, "r00")[0])[:, :, 0] - 6 * H
    assert arrive.tolist() == [0, 300, 660, 1320]
    assert depart.tolist() == [0, 360, 720, 1320]
    assert more.pattern_dist_m[0][-1] == pytest.approx(table.pattern_dist_m[0][-1], rel=1e-4)
    assert times(more, "r01") == times(table, "r01")
    assert times(with_stop(table, stop), "r00") == times(table, "r00")


def test_a_new_stop_out_of_the_way_costs_the_detour(table: Timetable) -> None:
    far = Stop("far", "Far", 56.55, 24.2)
    with pytest.raises(InputError, match="comes nowhere within 1000 m"):
        with_stop(table, far, ["r00"])
    more = with_stop(table, far, ["r00", "r01"], most_detour_m=20e3)
    first, second = times(more, "r00")[0][0], times(table, "r00")[0][0]
    longer = more.pattern_dist_m[0][2] / table.pattern_dist_m[0][1]
    assert longer > 2
    assert first[2][0] - first[0][0] == pytest.approx((second[1][0] - second[0][0]) * longer, abs=2)
    assert names(more, 1) == ["s02", "far", "s00"]
    for wrong in (Stop("s00", "", 56.0, 24.0), Stop("x", "", 91.0, 24.0)):
        with pytest.raises(InputError, match=r"already|out of range"):
            with_stop(table, wrong)


def test_speed_changes_rides_and_not_stands(table: Timetable) -> None:
    quick = with_speed(table, [("r00", 1.5)])
    assert np.array(times(quick, "r00")[0])[:, :, 1].tolist() == [
        [7 * H, 7 * H + 400, 7 * H + 860],
        [7 * H, 7 * H + 460, 7 * H + 860],
    ]
    assert times(quick, "r01") == times(table, "r01")
    assert with_speed(table, [("r00", 2.0), ("r00", 0.5)]) is table
    for wrong in (0.0, -1.0, float("nan")):
        with pytest.raises(InputError, match="above zero"):
            with_speed(table, [("r00", wrong)])


def test_slower_trips_that_overtake_become_patterns_of_their_own() -> None:
    """A ride of 20 minutes, then one of 10 that starts 10 minutes later: at half the speed the second overtakes."""
    trips = [Trip(0, False, (0, 1), (t, t + run), (t, t + run)) for t, run in ((6 * H, 1200), (6 * H + 600, 600))]
    table = timetable([(0.0, 0.0), (9000.0, 0.0)], trips)
    assert table.n_patterns == 1
    slow = with_speed(table, [("r00", 0.5)])
    assert slow.n_patterns == 2
    assert [item[0] for item in times(slow, "r00")] == [
        [[6 * H], [6 * H + 2400]],
        [[6 * H + 600], [6 * H + 1800]],
    ]


def order_is_kept(table: Timetable) -> bool:
    """Times never run backwards along a trip, no trip of a pattern overtakes another."""
    return all(
        (item.depart_s >= item.arrive_s).all()
        and (item.arrive_s[1:] >= item.depart_s[:-1]).all()
        and (np.diff(item.arrive_s) >= 0).all()
        and (np.diff(item.depart_s) >= 0).all()
        for day in table.times
        for item in day
    )


@settings(max_examples=60)
@given(feeds(), st.sampled_from([1.0, 1.25, 2.0, 0.5, 0.77]), st.data())
def test_faster_lines_never_make_an_arrival_later(feed: Feed, factor: float, data: st.DataObject) -> None:
    table = timetable(*feed)
    route = data.draw(st.sampled_from(table.routes["route_id"].tolist()))
    changed = with_speed(table, [(route, factor)])
    assert order_is_kept(changed)
    assert changed.vehicle_km()["departures"].tolist() == table.vehicle_km()["departures"].tolist()
    if len(changed.stops) > 1 and data.draw(st.booleans()):
        called = with_stop(table, Stop("new", "", 56.5, 24.0), [])
        assert order_is_kept(called)


@settings(max_examples=40)
@given(feeds(), st.lists(st.integers(0, 5), min_size=2, max_size=4), st.integers(0, 900))
def test_a_new_line_never_makes_an_arrival_later(feed: Feed, stops: list[int], ride_s: int) -> None:
    table = timetable(*feed)
    ids = [f"s{k % len(table.stops):02d}" for k in stops]
    course = Course(tuple(ids), (ride_s,) * (len(ids) - 1), ((6 * H, 7 * H), ()))
    more = with_line(table, Line("new", "bus", "regional_bus", (course,)))
    assert order_is_kept(more)
    departs = np.arange(86, 57, -4, dtype=np.int32) * 300
    for origin in range(len(table.stops)):
        before, after = (
            profile_arrivals(plain_network(t, DayType.WEEKDAY), origin, departs, 4, 120) for t in (table, more)
        )
        assert (after <= before).all()
        back = more.without_routes(["new"])
        assert (profile_arrivals(plain_network(back, DayType.WEEKDAY), origin, departs, 4, 120) == before).all()


def test_what_a_feed_gives_beside_moves_with_the_stops(table: Timetable) -> None:
    """Walks name the same stops, calls stay with their positions, a fare that is not known is blank."""
    calls = (np.array([1, 3, 2], np.int8), np.array([1, 2], np.int8))
    walks = GivenWalks(np.array([0, 2], np.int32), np.array([2, 0], np.int32), np.array([60, -1], np.int32))
    given = replace(table, walks=walks, pattern_calls=calls, routes=table.routes.assign(fare_eur=[1.0, 2.0]))
    more = with_stop(given, Stop("mid", "Mid", 56.55, 24.0), ["r00"])
    assert [item.tolist() for item in more.pattern_calls] == [[1, 3, 3, 2], [1, 2]]
    assert more.walks is not None
    assert more.stops["stop_id"].to_numpy()[more.walks.from_stop].tolist() == ["s00", "s02"]
    line = Line("new", "bus", "regional_bus", (Course(("s00", "s01"), (600,), ((6 * H,), ())),))
    longer = with_line(given, line)
    assert [item.tolist() for item in longer.pattern_calls] == [[3, 3], [1, 3, 2], [1, 2]]
    assert longer.routes["fare_eur"].isna().tolist() == [True, False, False]
