"""Minutes from door to door of the trips that were made."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from zemsim.core.names import Alternative

if TYPE_CHECKING:
    from zemsim.model.day_plan import DayPlan

_ACTIVE = {Alternative.WALK: "walk_min", Alternative.BIKE: "bike_min", Alternative.EBIKE: "ebike_min"}
_BY_CAR = (Alternative.DRIVER, Alternative.PASSENGER)
_TRANSIT = (Alternative.BUS, Alternative.TRAIN)
#: Of the parts of a way by bus or train: the ride, the wait at the stop, the walk. The headway is no time on the way.
_RIDE, _WAIT, _WALK = 0, 1, 3


def door_minutes(plan: DayPlan, rows: npt.NDArray[np.int64]) -> npt.NDArray[np.float32]:
    """Whole minutes of some tours by the alternative chosen, one way: float32 [rows].

    By car the mean of both ways with the walks to and from it; by bus and train ride, expected wait and walks (or the
    way to the station by car or bicycle). What a charger, a full bus or a parking place cost in time is not in it, nor
    the walk to a shared car. NaN for a way that is not offered, which only a rule of a user's own may choose.
    """
    c, alternative = plan.columns, plan.alternative[rows]
    minutes = np.zeros(len(rows))
    for mode, name in _ACTIVE.items():
        at = alternative == mode
        minutes[at] = getattr(c, name)[rows[at]]
    for k, mode in enumerate(_TRANSIT):
        at = alternative == mode
        minutes[at] = c.transit[k][[_RIDE, _WAIT, _WALK]][:, rows[at]].sum(axis=0)
    at = np.isin(alternative, _BY_CAR)
    minutes[at] = c.road_min[rows[at]]
    return np.where(np.isfinite(minutes), np.rint(minutes), np.nan).astype(np.float32)
