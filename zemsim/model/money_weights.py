"""How much money weighs in a tour beside its minutes: by length, by purpose and by who makes it; hours of parking.

``g = b_cost (max(d, damp_least_km) / 10 km)^lambda_c (vot_car_commute / vot) (income / mean)^-eta``: `b_cost` is that
of the way to work, and whoever values an hour less weighs a euro more.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from zemsim.behaviour.parameters import Parameters
from zemsim.core.names import DayType, Purpose

#: Distance at which the weight of money is as the parameters say, km.
REFERENCE_KM = 10.0


def length_damping(road_km: npt.NDArray[np.floating], p: Parameters) -> npt.NDArray[np.float64]:
    """Factor on the weight of money by the kilometres of each tour, one way; 1 where no road leads."""
    km = road_km.astype(np.float64)
    km = np.maximum(np.where(np.isfinite(km), km, REFERENCE_KM), p["damp_least_km"])
    damping: npt.NDArray[np.float64] = (km / REFERENCE_KM) ** p["lambda_c"]
    return damping


def purpose_weight(
    purpose: npt.NDArray[np.integer], employed: npt.NDArray[np.bool_], day_type: DayType, p: Parameters
) -> npt.NDArray[np.float64]:
    """Factor on the weight of money by purpose, float64 [R]: the value of time of commuting over that of the tour.

    Tours of `Purpose.BUSINESS` are business and errands. Those that the employed make on weekdays are taken to be
    their employer's (`vot_business`), all others are private ones (`vot_car_other`), like those to school and shops.

    Parameters
    ----------
    purpose : integer [R]
        `Purpose` of each tour.
    employed : bool [R]
        Whether who makes the tour has a job.
    day_type : DayType
        Of the tours.
    p : Parameters
        Values of time, EUR per hour.
    """
    of_employer = employed & (purpose == Purpose.BUSINESS) & (day_type == DayType.WEEKDAY)
    value = np.where(of_employer, p["vot_business"], p["vot_car_other"])
    value = np.where(purpose == Purpose.WORK, p["vot_car_commute"], value)
    weight: npt.NDArray[np.float64] = p["vot_car_commute"] / value
    return weight


def paid_parking_h(
    stay_min: npt.NDArray[np.floating], purpose: npt.NDArray[np.integer], day_type: DayType, p: Parameters
) -> npt.NDArray[np.float64]:
    """Hours of each stay for which a fee for parking is due, float64 [R]; weekends are free.

    Parameters
    ----------
    stay_min : floating [R]
        Minutes at the place.
    purpose : integer [R]
        `Purpose` of each tour; of the places at work a share `park_work_share` is paid.
    day_type : DayType
        Of the tours.
    p : Parameters
        Longest stay that is paid, h, and the share of work.
    """
    paid_h = np.clip(stay_min / 60.0, 0.0, p["park_max_h"])
    paid_h *= 1.0 if day_type == DayType.WEEKDAY else 0.0
    paid_h *= np.where(purpose == Purpose.WORK, p["park_work_share"], 1.0)
    return np.asarray(paid_h, np.float64)
