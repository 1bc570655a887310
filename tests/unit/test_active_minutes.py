"""Minutes on foot and by bike without a network: one speed per mode, longest ways, and the range of an e-bike."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from zemsim.behaviour.parameters import load_parameters
from zemsim.core.names import Season
from zemsim.travel.active import ActiveRules
from zemsim.travel.active_ways import ActiveMinutes, active_minutes

RULES = ActiveRules.of(load_parameters())


def minutes(km: list[float], season: Season = Season.SUMMER, rules: ActiveRules = RULES) -> ActiveMinutes:
    nowhere = np.zeros(len(km), np.int32)
    return active_minutes(None, rules, season, nowhere, nowhere, np.array(km, np.float32))


def test_rules_are_the_parameters() -> None:
    p = load_parameters()
    speeds = (RULES.walk_km_h, RULES.bike_km_h, RULES.ebike_km_h)
    assert speeds == (p["v_walk"], p["v_bike"], p["v_ebike"])
    assert RULES.ebike_range_km(Season.WINTER) == p["ebike_range_winter_km"]
    assert RULES.ebike_range_km(Season.SUMMER) == p["ebike_range_summer_km"]


@given(st.floats(0, 4, width=32))
def test_short_ways_take_distance_over_speed(km: float) -> None:
    found = minutes([km])
    assert found.walk[0] == pytest.approx(60 * km / RULES.walk_km_h, rel=1e-6)
    assert found.bike[0] == pytest.approx(60 * km / RULES.bike_km_h, rel=1e-6)
    assert found.ebike[0] == pytest.approx(60 * km / RULES.ebike_km_h, rel=1e-6)


def test_limits_are_inclusive() -> None:
    rules = replace(RULES, walk_max_km=4.0, bike_max_km=8.0, ebike_max_km=16.0)
    found = minutes([4.0, 4.5, 8.0, 8.5, 16.0, 16.5], rules=rules)
    assert np.isfinite(found.walk).tolist() == [True] + [False] * 5
    assert np.isfinite(found.bike).tolist() == [True] * 3 + [False] * 3
    assert np.isfinite(found.ebike).tolist() == [True] * 5 + [False]


def test_an_ebike_must_come_home_on_one_charge() -> None:
    rules = replace(RULES, ebike_max_km=60.0, ebike_range_winter_km=40.0, ebike_range_summer_km=64.0)
    ways = [20.0, 20.5, 32.0, 32.5]
    assert np.isfinite(minutes(ways, Season.WINTER, rules).ebike).tolist() == [True, False, False, False]
    assert np.isfinite(minutes(ways, Season.SUMMER, rules).ebike).tolist() == [True, True, True, False]
