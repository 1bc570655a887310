"""The book: boardings of a year are the journeys of its days."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest

from tests.unit.model import small_world as small
from zemsim.core.names import DAYS_PER_YEAR, TRIPS_PER_TOUR, DayType, Mode, Season

if TYPE_CHECKING:
    from zemsim.model.world import World


def test_boardings_of_a_year_are_its_journeys(world: World) -> None:
    """Seasons count by their days: 124 and 127 weekdays, so a plain mean of the two would miss."""
    both = small.with_settings(
        world, years=(2024,), days_in=(2024,), seasons=tuple(Season), day_iterations=1, first_iterations=0
    )
    tables = small.fresh_run(both, seed=2)
    trips, routes = tables["trips"], tables["transit"]
    days = np.array(DAYS_PER_YEAR)
    by_transit = trips[trips["mode"].isin([Mode.BUS, Mode.TRAIN])]
    weekday = by_transit[by_transit["day_type"] == DayType.WEEKDAY].groupby("season").size()
    assert weekday[Season.WINTER] != weekday[Season.SUMMER]
    for day_type in DayType:
        rows = by_transit[by_transit["day_type"] == day_type]
        journeys = TRIPS_PER_TOUR * days[rows["season"], day_type].sum()
        boardings = routes.loc[routes["day_type"] == day_type, "boardings_day"].sum() * days[:, day_type].sum()
        assert boardings == pytest.approx(journeys, rel=1e-12)
