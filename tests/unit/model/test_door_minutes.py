"""Minutes from door to door of the trips that were made."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from tests.unit.model.test_model import stand_at_choice
from zemsim.core.names import Alternative
from zemsim.model.door_minutes import door_minutes

if TYPE_CHECKING:
    from zemsim.model.model import MobilityModel


def test_each_mode_has_the_minutes_of_its_way(model: MobilityModel) -> None:
    plan = stand_at_choice(model)
    c = plan.columns
    for k, mode in enumerate((Alternative.BUS, Alternative.TRAIN)):
        rows = np.flatnonzero(c.transit_ok[k])
        plan.alternative[rows] = mode
        ride, wait, headway, walk, _ = c.transit[k][:, rows]
        assert (headway > 0).any()
        np.testing.assert_allclose(door_minutes(plan, rows), ride + wait + walk, atol=0.501)
    ways = {
        Alternative.WALK: c.walk_min,
        Alternative.BIKE: c.bike_min,
        Alternative.EBIKE: c.ebike_min,
        Alternative.DRIVER: c.road_min,
        Alternative.PASSENGER: c.road_min,
    }
    for mode, minutes in ways.items():
        rows = np.flatnonzero(np.isfinite(minutes))
        assert len(rows) > 100
        plan.alternative[rows] = mode
        np.testing.assert_allclose(door_minutes(plan, rows), minutes[rows], atol=0.501)


def test_the_minutes_of_a_year_are_in_its_trips(model: MobilityModel) -> None:
    """Nobody needs no time, or a day, for a way; by train it takes longer than on foot."""
    model.run_year()
    trips = model.records["trips"]
    assert trips["door_min"].between(0, 600).all()
    assert (trips["door_min"] > 0).mean() > 0.95
    by_mode = trips.groupby("mode")["door_min"].mean()
    assert by_mode.loc[4] > by_mode.loc[0]
