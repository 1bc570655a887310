"""Loans of shared electric cars on a day: who gets which car, and what is in its battery.

Axes: N wishes for a car, S stations, C cars sorted by station.

A station serves wishes in the order of the minute at which the car would be taken. Of its cars that stand there at
that minute it gives the fullest, the first of equals, if that holds the energy of the whole tour and a reserve. A car
charges from the minute at which it is brought back, at the power of its plug, until it is full. A wish that is refused
takes nothing, so the answer to the others does not depend on it.
"""

from __future__ import annotations

from typing import Final, NamedTuple

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

#: Instead of a car: none stood at the station, or none of those that did held charge enough.
NONE_THERE: Final = -1
NONE_CHARGED: Final = -2
#: A day of a car ends at midnight, or when it is back, if that is later, min.
_DAY_MIN: Final = 1440.0
_MIN_PER_H: Final = 60.0


class Fleet(NamedTuple):
    """Cars of the stations."""

    first: Ints  # int64 [S + 1], offsets of the cars of each station
    battery_kwh: Floats  # [S] of each car
    charge_kw: Floats  # [S] into the battery
    reserve_kwh: Floats  # [S] what must be left at the end of a tour
    start_kwh: Floats  # [C] at midnight


class Wishes(NamedTuple):
    """Tours for which a shared car is chosen: arrays [N]."""

    station: Ints
    take_min: Floats
    back_min: Floats
    need_kwh: Floats
    rank: Ints  # who comes first of those who take a car in the same minute; no two are equal


class Loans(NamedTuple):
    """What becomes of the wishes, and of the cars."""

    car: Ints  # [N] number of the car within its station, `NONE_THERE`, `NONE_CHARGED`
    driven_kwh: Floats  # [C]
    charged_kwh: Floats  # [C] into the battery
    end_kwh: Floats  # [C] at the end of the day


def lend(fleet: Fleet, wishes: Wishes) -> Loans:
    """Serve the wishes of a day; ``start + charged = driven + end`` holds for each car."""
    n_cars = len(fleet.start_kwh)
    level, ready = fleet.start_kwh.tolist(), [0.0] * n_cars
    driven, charged = [0.0] * n_cars, [0.0] * n_cars
    car = np.full(len(wishes.station), NONE_THERE)
    for i in np.lexsort((wishes.rank, wishes.take_min, wishes.station)).tolist():
        s, take, need = int(wishes.station[i]), float(wishes.take_min[i]), float(wishes.need_kwh[i])
        battery, kw = float(fleet.battery_kwh[s]), float(fleet.charge_kw[s])
        best, most = -1, -1.0
        for k in range(int(fleet.first[s]), int(fleet.first[s + 1])):
            if ready[k] <= take:
                now = _charged_to(level[k], battery, kw, take - ready[k])
                if now > most:
                    best, most = k, now
        if best < 0:
            continue
        if most < need + fleet.reserve_kwh[s]:
            car[i] = NONE_CHARGED
            continue
        car[i] = best - fleet.first[s]
        charged[best] += most - level[best]
        driven[best] += need
        level[best], ready[best] = most - need, float(wishes.back_min[i])
    for s in range(len(fleet.battery_kwh)):
        for k in range(int(fleet.first[s]), int(fleet.first[s + 1])):
            left_min = max(0.0, _DAY_MIN - ready[k])
            now = _charged_to(level[k], float(fleet.battery_kwh[s]), float(fleet.charge_kw[s]), left_min)
            charged[k] += now - level[k]
            level[k] = now
    return Loans(car, np.array(driven), np.array(charged), np.array(level))


def _charged_to(level: float, battery_kwh: float, charge_kw: float, minutes: float) -> float:
    """Energy in a battery after some minutes at the plug, kWh."""
    return min(battery_kwh, level + charge_kw * minutes / _MIN_PER_H)
