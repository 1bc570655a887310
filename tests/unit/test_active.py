"""Walking and cycling distances and times."""

from __future__ import annotations

import numpy as np
import pytest

from zemsim.travel.active import active_distance_km, active_time_min


def test_distance_is_the_straight_line_times_the_detour_and_at_least_the_least() -> None:
    to_x_m, to_y_m = np.array([3000.0, 60.0, 0.0, np.nan]), np.array([4000.0, 80.0, 0.0, 0.0])
    distance_km = active_distance_km(0.0, 0.0, to_x_m, to_y_m, detour_ratio=1.3, least_km=0.2)
    assert distance_km.dtype == np.float32
    assert distance_km.tolist() == [np.float32(6.5), np.float32(0.2), np.float32(0.2), np.inf]


def test_distance_is_the_same_both_ways() -> None:
    a, b = np.random.default_rng(1).uniform(0, 1e5, (2, 2, 100))
    there = active_distance_km(a[0], a[1], b[0], b[1], 1.3, 0.2)
    assert there.tobytes() == active_distance_km(b[0], b[1], a[0], a[1], 1.3, 0.2).tobytes()


def test_minutes_at_a_speed() -> None:
    minutes = active_time_min(np.array([2.5, 0.0, np.inf], np.float32), 5.0)
    assert minutes.dtype == np.float32
    assert minutes.tolist() == [30.0, 0.0, np.inf]
    assert (active_time_min([1.0, 20.0], 18.0) < active_time_min([1.0, 20.0], 14.5)).all()


@pytest.mark.parametrize(("detour_ratio", "least_km"), [(0.9, 0.2), (np.nan, 0.2), (1.3, -0.1), (1.3, np.nan)])
def test_impossible_assumptions_are_refused(detour_ratio: float, least_km: float) -> None:
    with pytest.raises(ValueError, match=r"detour_ratio|least_km"):
        active_distance_km(0, 0, 1, 1, detour_ratio, least_km)


@pytest.mark.parametrize("speed_km_h", [0.0, -1.0, np.nan, np.inf])
def test_impossible_speeds_are_refused(speed_km_h: float) -> None:
    with pytest.raises(ValueError, match="speed_km_h"):
        active_time_min([1.0], speed_km_h)
