"""The model with a network for walking and cycling: minutes by season reach the choice, walks to stops the options."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import pytest

from zemsim.core.names import DayType, Season
from zemsim.model import day
from zemsim.model.model import MobilityModel
from zemsim.model.schedule import YEAR
from zemsim.travel.active_ways import ActiveWays
from zemsim.travel.stop_walks import StopWalks

if TYPE_CHECKING:
    from zemsim.model.world import World

#: Minutes per km on foot, by bicycle and by e-bike in winter and summer.
WALK, BIKE, EBIKE = 12.0, (6.0, 4.0), (5.0, 3.0)


@pytest.fixture(scope="module")
def networked(world: World) -> Iterator[MobilityModel]:
    """The small world on a made-up network on which one can walk to no stop."""
    n, stops = len(world.region.zones), len(world.supplies[()].timetable.stops)
    walks = StopWalks(np.zeros(n + 1, np.int64), np.zeros(0, np.int32), np.zeros(0), np.ones(stops, np.bool_))
    seasons = np.ones((2, 1, 1), np.float32)
    whole = np.broadcast_to(seasons, (2, n, n))
    ways = ActiveWays(
        detour=whole[0],
        walk_min_km=WALK * whole[0],
        bike_min_km=np.array(BIKE, np.float32)[:, None, None] * whole,
        ebike_min_km=np.array(EBIKE, np.float32)[:, None, None] * whole,
        ebike_km=whole,
        joined=np.ones(n, np.bool_),
        stops=walks,
    )
    built = MobilityModel(replace(world, active=ways), 1)
    built.start("baseline", ())
    built._do(YEAR[:1])
    yield built
    built.close()


@pytest.mark.parametrize("season", Season)
def test_minutes_of_the_season_reach_the_choice(networked: MobilityModel, season: Season) -> None:
    networked.start_season(season)
    for plan in networked.plans.values():
        c, km = plan.columns, plan.column("active_km").astype(np.float64)
        near = km <= networked.parameters["walk_max_km"]
        assert np.array_equal(np.isfinite(c.walk_min), near)
        assert c.walk_min[near] == pytest.approx(WALK * km[near], rel=1e-6)
        assert c.bike_min[near] == pytest.approx(BIKE[season] * km[near], rel=1e-6)
        assert c.ebike_min[near] == pytest.approx(EBIKE[season] * km[near], rel=1e-6)


def test_slow_winters_take_from_the_bicycle(networked: MobilityModel) -> None:
    """At the temperature of summer, so that only the minutes differ."""
    rides = {}
    for season in Season:
        networked.start_season(season)
        networked.temperature_c = networked.world.temperature_c[Season.SUMMER]
        day.use_day(networked, DayType.WEEKDAY)
        day.allot_household_cars(networked)
        day.choose_modes(networked)
        rides[season] = int((networked.today.alternative == 1).sum())
    assert rides[Season.WINTER] < 0.9 * rides[Season.SUMMER]


def test_who_reaches_no_stop_has_no_bus(networked: MobilityModel, model: MobilityModel) -> None:
    networked.use_timetable(())
    assert not any(plan.columns.transit_ok.any() for plan in networked.plans.values())
    model.use_timetable(())
    assert model.plans[DayType.WEEKDAY].columns.transit_ok.any()
