"""Driving times of tours: which direction of the morning peak stands for which way and period."""

from __future__ import annotations

import numpy as np

from zemsim.core.names import DayType
from zemsim.model.model import MobilityModel


def test_each_way_takes_the_time_of_its_direction_and_period(model: MobilityModel) -> None:
    """To b in the morning as from b in the afternoon; from b in the morning as to b in the afternoon."""
    plan = model.plans[DayType.WEEKDAY]
    c, n = plan.columns, len(model.world.region.zones)
    free = np.arange(n * n, dtype=np.float32).reshape(n, n)
    busy = free + np.float32(0.5)
    plan.set_road_times(free, busy, np.zeros(n, np.float32))
    there, home = free[c.origin, c.dest], free[c.dest, c.origin]
    out = {0: there + 0.5, 1: there, 2: home + 0.5, 3: there}
    back = {0: home + 0.5, 1: home, 2: there + 0.5, 3: home}
    for period in range(4):
        leaves, returns = c.period_out == period, c.period_back == period
        assert leaves.any()
        assert np.array_equal(plan.out_min[leaves], out[period][leaves])
        assert np.array_equal(plan.back_min[returns], back[period][returns])
    assert (c.period_back == 0).any()
    weekend = model.plans[DayType.WEEKEND]
    weekend.set_road_times(free, busy, np.zeros(n, np.float32))
    assert np.array_equal(weekend.out_min, free[weekend.columns.origin, weekend.columns.dest])
    assert np.array_equal(weekend.back_min, free[weekend.columns.dest, weekend.columns.origin])
