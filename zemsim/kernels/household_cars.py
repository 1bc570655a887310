"""Who takes which car of the household: the phase before mode choice.

Axes: H households, C places for a car (sorted by household), R tours of one day type (sorted by household), Z zones.
The tours of a household's licence holders are served in the order of purpose (as given), longer first, then the lower
index. Each takes, among the household's cars that stand at home for the whole tour and have the reach for it, the one
with the lowest cost (energy, charging time, parking); ties go to the lowest index. A car once allotted is held for the
tour even if its driver chooses another mode, so that no choice depends on another within the batch.
"""

from __future__ import annotations

import math
from typing import Any, NamedTuple

import numpy as np
from numba import njit

from zemsim.kernels.lean import LEAN


class CarColumns(NamedTuple):
    """Arrays [C] of the vehicles."""

    eur_km: Any  # float32 running cost, charging time included
    reach_km: Any  # float32 kilometres until the reserve; inf for combustion, -1 for a place without a car
    electric: Any  # bool


class AllotmentTours(NamedTuple):
    """Arrays [R] of the tours of one day type."""

    rank: Any  # int8: order of the purpose, lowest first; negative = cannot drive
    road_km: Any  # float32 one way
    depart_min: Any  # int16
    return_min: Any  # int16 back at home
    parking_eur: Any  # float32 per tour for a combustion car
    parking_ev_eur: Any  # float32 per tour for an electric car


def _next_tour(tours: Any, first: int, last: int, done: Any) -> int:
    """Position of the tour to be served next, -1 if all are."""
    best = -1
    for r in range(first, last):
        if done[r - first] or tours.rank[r] < 0:
            continue
        earlier = best < 0 or tours.rank[r] < tours.rank[best]
        if earlier or (tours.rank[r] == tours.rank[best] and tours.road_km[r] > tours.road_km[best]):
            best = r
    return best


def _is_free(tours: Any, first: int, last: int, r: int, car: int, out_vehicle: Any) -> bool:
    """Whether the car is at home for the whole of tour `r`."""
    for other in range(first, last):
        overlap = tours.depart_min[r] < tours.return_min[other] and tours.depart_min[other] < tours.return_min[r]
        if out_vehicle[other] == car and overlap:
            return False
    return True


def allot_cars(
    start: int,
    stop: int,
    household_tours: Any,
    household_cars: Any,
    tours: Any,
    cars: Any,
    out_vehicle: Any,
    out_drive_eur: Any,
    out_parking_eur: Any,
) -> None:
    """Allot the cars of the households ``start`` to ``stop``.

    ``household_tours`` and ``household_cars`` are offsets [H + 1] into tours and cars. Writes per tour the vehicle (-1
    none), the running cost one way and the parking cost of the tour with that vehicle.
    """
    most_tours = most_cars = 0
    for h in range(start, stop):
        most_tours = max(most_tours, household_tours[h + 1] - household_tours[h])
        most_cars = max(most_cars, household_cars[h + 1] - household_cars[h])
    _allot_cars(
        start,
        stop,
        household_tours,
        household_cars,
        tours,
        cars,
        np.empty(most_tours, np.bool_),
        np.empty(most_cars),
        out_vehicle,
        out_drive_eur,
        out_parking_eur,
    )


def _allot_cars(
    start: int,
    stop: int,
    household_tours: Any,
    household_cars: Any,
    tours: Any,
    cars: Any,
    done: Any,
    used_km: Any,
    out_vehicle: Any,
    out_drive_eur: Any,
    out_parking_eur: Any,
) -> None:
    for h in range(start, stop):
        first, last = household_tours[h], household_tours[h + 1]
        first_car, last_car = household_cars[h], household_cars[h + 1]
        for r in range(first, last):
            out_vehicle[r] = -1
            out_drive_eur[r] = 0.0
            out_parking_eur[r] = tours.parking_eur[r]
        if first_car == last_car or first == last:
            continue
        for r in range(last - first):
            done[r] = False
        for car in range(last_car - first_car):
            used_km[car] = 0.0
        r = _next_tour(tours, first, last, done)
        while r >= 0:
            done[r - first] = True
            best, best_eur = -1, math.inf
            for car in range(first_car, last_car):
                need = 2.0 * tours.road_km[r]
                if used_km[car - first_car] + need > cars.reach_km[car]:
                    continue
                if not _is_free(tours, first, last, r, car, out_vehicle):
                    continue
                parking = tours.parking_ev_eur[r] if cars.electric[car] else tours.parking_eur[r]
                eur = need * cars.eur_km[car] + parking
                if eur < best_eur:
                    best, best_eur = car, eur
            if best >= 0:
                out_vehicle[r] = best
                out_drive_eur[r] = tours.road_km[r] * cars.eur_km[best]
                out_parking_eur[r] = tours.parking_ev_eur[r] if cars.electric[best] else tours.parking_eur[r]
                used_km[best - first_car] += 2.0 * tours.road_km[r]
            r = _next_tour(tours, first, last, done)


_next_tour = njit(cache=True, nogil=True, **LEAN)(_next_tour)
_is_free = njit(cache=True, nogil=True, **LEAN)(_is_free)
_allot_cars = njit(cache=True, nogil=True, **LEAN)(_allot_cars)
allot_cars = njit(cache=True, nogil=True)(allot_cars)
