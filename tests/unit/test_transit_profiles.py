"""Profiles of a bus at 6:00 and 7:00, by hand."""

from __future__ import annotations

import numpy as np
import pytest

from tests.reference.raptor import Trip, timetable
from zemsim.core.names import DayType
from zemsim.travel.transit_profiles import departure_profile

H = 3600


def test_times_waits_and_percentiles_of_an_hourly_bus() -> None:
    """Ready each minute from 6:01 to 7:00, arrival at 7:20: 79 to 20 minutes; 7:01 has no bus."""
    trips = [Trip(0, False, (0, 1), (t, t + 1200), (t, t + 1200)) for t in (6 * H, 7 * H)]
    table = timetable([(0.0, 0.0), (9000.0, 0.0), (20_000.0, 0.0)], trips)
    profile = departure_profile(table, DayType.WEEKDAY, [0, 1], 6 * H + 60, 7 * H + 60)
    assert profile.arrive_s.shape == (2, 60, 3)
    assert profile.travel_min()[0, :, 1].tolist() == list(range(79, 19, -1))
    assert profile.percentile_min(50)[0, 1] == 49
    assert profile.percentile_min(100)[0, 1] == 79
    assert profile.percentile_min(1)[0, 1] == 20
    assert profile.wait_min()[0, 1] == np.float32(29.5)
    assert np.isinf(profile.wait_min()[0, 2])
    assert np.isinf(profile.percentile_min(5)[1]).all()
    longer = departure_profile(table, DayType.WEEKDAY, [0], 6 * H + 60, 7 * H + 660, threads=2)
    assert longer.percentile_min(85)[0, 1] == 79
    assert np.isinf(longer.percentile_min(86)[0, 1])
    assert np.isinf(longer.wait_min()[0, 1])
    short = departure_profile(table, DayType.WEEKDAY, [0], 6 * H, 7 * H, step_s=1800, horizon_s=1200)
    assert short.travel_min()[0, :, 1].tolist() == [20, np.inf]


def test_wrong_windows_and_percentages_are_refused() -> None:
    table = timetable([(0.0, 0.0), (9000.0, 0.0)], [Trip(0, False, (0, 1), (7, 9), (7, 9))])
    for start, end, step in ((60, 60, 60), (-1, 60, 60), (0, 60, 0)):
        with pytest.raises(ValueError, match="window"):
            departure_profile(table, DayType.WEEKDAY, [0], start, end, step)
    profile = departure_profile(table, DayType.WEEKDAY, [0], 0, 60)
    for percent in (0.0, 101.0):
        with pytest.raises(ValueError, match="percent"):
            profile.percentile_min(percent)
