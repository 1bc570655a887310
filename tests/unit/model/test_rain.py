"""Rain: the mean of a season's days weighs in tours on foot and by bike, and in no others."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import pytest

from zemsim.core.names import Alternative, DayType, Season
from zemsim.model.build import rain
from zemsim.model.model import MobilityModel
from zemsim.model.schedule import YEAR

if TYPE_CHECKING:
    from zemsim.model.world import World
    from zemsim.region import Region

WET = 8.0
DRY = {Alternative.BUS, Alternative.TRAIN, Alternative.DRIVER, Alternative.PASSENGER}


def utilities(world: World, mm: float) -> np.ndarray:
    """The fixed utilities [7, R] of the weekday's tours in a summer with so much rain a day."""
    model = MobilityModel(replace(world, rain_mm_day=dict.fromkeys(Season, mm)), 1)
    model.start("baseline", ())
    model._do(YEAR[:1])
    model.start_season(Season.SUMMER)
    plan = model.plans[DayType.WEEKDAY]
    plan.set_people(model.residents.table.columns)
    plan.prepare(model.temperature_c, model.crowding[DayType.WEEKDAY], model.further_wait_min[DayType.WEEKDAY])
    found = plan.columns.fixed.astype(np.float64)
    model.close()
    return found


def test_rain_weighs_on_foot_and_by_bike_only(world: World) -> None:
    p = world.parameters
    dry, wet = utilities(world, 0.0), utilities(world, WET)
    there = dry > -1e29
    weight = {Alternative.WALK: p["w_rain_walk"], Alternative.BIKE: p["w_rain"], Alternative.EBIKE: p["w_rain"]}
    assert p["w_rain"] < p["w_rain_walk"] < 0.0
    for alternative in Alternative:
        rows = there[alternative]
        assert rows.any() or alternative == Alternative.EBIKE
        change = (wet - dry)[alternative][rows]
        assert change == pytest.approx(weight.get(alternative, 0.0) * WET, abs=1e-4), alternative
    assert set(weight) | DRY == set(Alternative)


def test_the_rain_of_a_season_is_the_mean_of_its_months(zemgale: Region) -> None:
    found = rain(zemgale)
    months = [zemgale.assumption(f"rain_mm.{month:02d}") for month in range(1, 13)]
    # Winter is November to April, 181 days; summer has 184.
    assert found[Season.WINTER] * 181 == pytest.approx(sum(months[10:]) + sum(months[:4]))
    assert found[Season.SUMMER] * 184 == pytest.approx(sum(months[4:10]))
    assert found[Season.SUMMER] > found[Season.WINTER] > 0.0
