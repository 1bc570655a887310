"""What cars are driven for on a day: those of households to destinations and stations, shared ones to destinations."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import numpy.typing as npt

from zemsim.core.names import Access, Alternative
from zemsim.model.station_access import trips_by_station
from zemsim.model.tour_columns import SHARED_CAR

if TYPE_CHECKING:
    from zemsim.model.day_plan import DayPlan


class CarUse(NamedTuple):
    """Tours for which a car is driven: arrays [n], rising by tour."""

    row: npt.NDArray[np.int64]
    vehicle: npt.NDArray[np.int32]
    to: npt.NDArray[np.int32]  # zone where the car stands
    km: npt.NDArray[np.float32]  # one way
    out_min: npt.NDArray[np.float32]
    back_min: npt.NDArray[np.float32]
    leave_min: npt.NDArray[np.float32]  # minute of the day at which it is driven home
    paid_h: npt.NDArray[np.float64]  # hours of paid parking at a destination
    at_destination: npt.NDArray[np.bool_]  # else at a station


def car_use(plan: DayPlan, shared: bool = False) -> CarUse:
    """The drives of a day type, as they were chosen; those in shared cars, which have no vehicle, only if asked."""
    c = plan.columns
    driven = (plan.alternative == Alternative.DRIVER) & (c.vehicle >= 0)
    if not shared:
        driven &= c.vehicle != SHARED_CAR
    trips = trips_by_station(plan)
    if trips is not None:
        parked = trips.access == Access.CAR
        driven[trips.row[parked]] = True
    row = np.flatnonzero(driven)
    use = CarUse(
        row=row,
        vehicle=c.vehicle[row],
        to=c.dest[row],
        km=c.road_km[row],
        out_min=plan.out_min[row],
        back_min=plan.back_min[row],
        leave_min=plan.column("leave_min")[row].astype(np.float32),
        paid_h=plan.paid_h(row),
        at_destination=np.ones(len(row), np.bool_),
    )
    if trips is not None and plan.access is not None:
        at = np.searchsorted(row, trips.row[parked])
        use.to[at] = plan.access.ways.zone[trips.way[parked]]
        use.km[at], use.out_min[at], use.back_min[at] = (
            values[parked] for values in (trips.km, trips.out_min, trips.back_min)
        )
        use.leave_min[at], use.paid_h[at], use.at_destination[at] = trips.leave_min[parked], 0.0, False
    return use
