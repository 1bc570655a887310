"""Times from zone to zone over a window of departures: by hand, and against each departure on its own."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.properties.test_raptor import Feed, feeds
from tests.reference.raptor import Trip, timetable
from zemsim.core.names import DayType
from zemsim.travel.zone_departures import DepartureWindow, ZoneStops, times_at, times_in_window

H = 3600
WEEKDAY = DayType.WEEKDAY


def test_an_hourly_bus_by_hand() -> None:
    """Zones at two stops and far from any; a bus of 20 minutes at 6:00 and 7:00, a walk of 480 m that takes 468 s."""
    trips = [Trip(0, False, (0, 1), (t, t + 1200), (t, t + 1200)) for t in (6 * H, 7 * H)]
    table = timetable([(0.0, 0.0), (20_000.0, 0.0)], trips)
    points = np.array([[0.0, 0.0], [20_480.0, 0.0], [90_000.0, 0.0]])
    stops = ZoneStops.near(table, points, None)
    assert (stops.offset.tolist(), stops.stop.tolist(), stops.walk_s.tolist()) == ([0, 1, 2, 2], [0, 1], [0, 468])
    found = times_in_window(table, WEEKDAY, stops, (0,), DepartureWindow(361, 451, (100, 50, 66)))
    assert list(found.matrices) == ["time_p50_min", "time_p66_min", "time_p100_min", "served_share"]
    # Ready from 6:01 to 7:30: from 7:01 on there is no bus, so 60 of 90 departures have one, in 20 to 79 minutes.
    assert found.matrices["served_share"].tolist()[0] == [0.0, np.float32(60 / 90), 0.0]
    assert found.matrices["time_p50_min"][0, 1] == np.float32(20 + 44 + 7.8)
    assert found.matrices["time_p66_min"][0, 1] == np.float32(79 + 7.8)
    assert np.isinf(found.matrices["time_p100_min"]).all()
    assert set(found.meaning) == set(found.matrices)
    assert found.note == "percentiles: 90 departures, one a minute, from 06:01 to 07:31"
    assert times_at(table, WEEKDAY, stops, (0,), 6 * H)[0].tolist() == [np.inf, np.float32(27.8), np.inf]


@settings(max_examples=25)
@given(feeds(), st.sampled_from([(0,), (1,), (0, 1)]), st.lists(st.integers(1, 100), min_size=1, max_size=3))
def test_percentiles_equal_those_of_departures_one_by_one(
    feed: Feed, layers: tuple[int, ...], percents: list[int]
) -> None:
    table = timetable(*feed)
    points = np.array(feed[0], np.float64)[::-1] + 150.0
    stops = ZoneStops.near(table, points, None)
    window = DepartureWindow(400, 421, tuple(percents))
    found = times_in_window(table, WEEKDAY, stops, layers, window, threads=2).matrices
    alone = np.sort([times_at(table, WEEKDAY, stops, layers, 60 * minute) for minute in range(400, 421)], axis=0)
    for percent in percents:
        rank = next(k for k in range(21) if (k + 1) * 100 >= percent * 21)
        assert (found[f"time_p{percent}_min"] == alone[rank]).all()
    assert (found["served_share"] == np.isfinite(alone).mean(axis=0).astype(np.float32)).all()


@pytest.mark.parametrize(
    ("window", "what"), [(DepartureWindow(60, 60), "window"), (DepartureWindow(0, 60, (0,)), "percent")]
)
def test_wrong_windows_and_percentages_are_refused(window: DepartureWindow, what: str) -> None:
    table = timetable([(0.0, 0.0), (9000.0, 0.0)], [Trip(0, False, (0, 1), (7, 9), (7, 9))])
    stops = ZoneStops.near(table, np.zeros((1, 2)), None)
    with pytest.raises(ValueError, match=what):
        times_in_window(table, WEEKDAY, stops, (0,), window)


def test_no_zones_is_no_matrix() -> None:
    table = timetable([(0.0, 0.0), (9000.0, 0.0)], [Trip(0, False, (0, 1), (7, 9), (7, 9))])
    stops = ZoneStops.near(table, np.zeros((0, 2)), None)
    assert times_at(table, WEEKDAY, stops, (0,), 0).shape == (0, 0)
