"""What a day of driving and charging did to the batteries, and what it cost.

Tables, axes and units: `zemsim.kernels.charging_tables`. The sessions of `zemsim.kernels.charging_queues` and those at
home and at work, in the order of the day: ``energy + charged - driven`` is the energy of the next morning, ``grid =
charged / efficiency``, ``paid = tariff x quantity``. A battery never takes more than it holds.
"""

from __future__ import annotations

from typing import Any

from numba import njit

from zemsim.core.names import ChargingPlace
from zemsim.kernels.charging import home_price, home_start
from zemsim.kernels.charging_tables import Moment
from zemsim.kernels.charging_tariffs import public_eur
from zemsim.kernels.lean import INNER, LEAN

_FAST = int(ChargingPlace.PUBLIC_FAST)
_OUT = int(Moment.OUT)


def _write(
    sessions: Any, slot: int, begin_min: float, end_min: float, kwh: float, efficiency: float, eur: float, base: float
) -> None:
    """Write down a session of ``kwh`` at the battery."""
    sessions.begin_min[slot], sessions.end_min[slot] = begin_min, end_min
    sessions.kwh[slot], sessions.grid_kwh[slot] = kwh, kwh / efficiency
    sessions.eur[slot], sessions.base_eur[slot] = eur, base


def _from_point(
    slot: int, c: int, energy: float, requests: Any, visits: Any, cars: Any, stations: Any, base: Any, p: Any, out: Any
) -> Any:
    """Energy after a public session; one that would overfill the battery ends when it is full."""
    if visits.station[slot] < 0 or not visits.served[slot]:
        return energy
    v, begin = visits.station[slot], visits.begin_min[slot]
    kwh = max(0.0, min(visits.kwh[slot], cars.battery_kwh[c] - energy))
    minutes = visits.end_min[slot] - begin
    if kwh < visits.kwh[slot]:
        minutes *= kwh / visits.kwh[slot]
    efficiency = p.loss_dc if requests.place[slot] == _FAST else p.loss_ac
    grid, place = kwh / efficiency, cars.place[c]
    eur = public_eur(stations, v, place, begin, minutes, grid)
    before = public_eur(base, v, place, begin, minutes, grid)
    _write(out, slot, begin, begin + minutes, kwh, efficiency, eur, before)
    return energy + kwh


def _at_work(e: int, slot: int, energy: float, battery: float, tours: Any, times: Any, p: Any, out: Any) -> Any:
    """Energy after charging at work from the arrival on."""
    kw = tours.work_kw[e] * p.loss_ac
    stay = max(0.0, times.leave_min[e] - times.arrive_min[e])
    kwh = max(0.0, min(battery - energy, kw * stay / 60.0))
    eur = kwh / p.loss_ac * p.work_eur_kwh
    begin = times.arrive_min[e]
    _write(out, slot, begin, begin + 60.0 * kwh / kw, kwh, p.loss_ac, eur, eur)
    return energy + kwh


def _at_home(
    e: int, slot: int, c: int, energy: float, leaves_min: float, cars: Any, base: Any, times: Any, p: Any, out: Any
) -> Any:
    """Energy after charging at home until the car leaves again."""
    kw, back = cars.home_kw[c] * p.loss_ac, times.return_min[e]
    stay = max(0.0, leaves_min - back)
    kwh = max(0.0, min(cars.battery_kwh[c] - energy, kw * stay / 60.0))
    minutes = 60.0 * kwh / kw
    begin = home_start(cars, c, back, leaves_min, minutes)
    grid = kwh / p.loss_ac
    eur, before = grid * home_price(cars, c, begin, minutes), grid * home_price(base, c, begin, minutes)
    _write(out, slot, begin, begin + minutes, kwh, p.loss_ac, eur, before)
    return energy + kwh


def settle_day(
    start: int,
    stop: int,
    first_tour: Any,
    car_of: Any,
    leaves_min: Any,
    tours: Any,
    cars: Any,
    base_cars: Any,
    stations: Any,
    base_stations: Any,
    p: Any,
    requests: Any,
    private: Any,
    visits: Any,
    times: Any,
    energy_kwh: Any,
    out_low_kwh: Any,
    out_driven_kwh: Any,
    out: Any,
) -> None:
    """Drive and charge the cars ``start`` to ``stop`` as their day came about; no time of ``times`` changes.

    ``base_cars`` and ``base_stations`` hold the prices without measures. ``energy_kwh`` [C] are the batteries,
    ``out_low_kwh`` [C] keeps the lowest state seen, ``out_driven_kwh`` [n] is what driving took, ``out`` (`Sessions`)
    has four slots per tour: those of the requests, at home, at work.
    """
    n = tours.vehicle.shape[0]
    for k in range(start, stop):
        c = car_of[k]
        energy, driven = energy_kwh[c], 0.0
        for e in range(first_tour[k], first_tour[k + 1]):
            need = tours.road_km[e] * p.kwh_km
            before_leaving = requests.station[e] >= 0 and requests.moment[e] == _OUT
            if before_leaving:
                energy = _from_point(e, c, energy, requests, visits, cars, stations, base_stations, p, out)
            energy -= need
            out_low_kwh[c] = min(out_low_kwh[c], energy)
            if private.work[e]:
                energy = _at_work(e, 3 * n + e, energy, cars.battery_kwh[c], tours, times, p, out)
            elif not before_leaving:
                energy = _from_point(e, c, energy, requests, visits, cars, stations, base_stations, p, out)
            energy -= need
            driven += 2.0 * need
            out_low_kwh[c] = min(out_low_kwh[c], energy)
            if private.home[e]:
                leaves = leaves_min[c]
                energy = _at_home(e, 2 * n + e, c, energy, leaves, cars, base_cars, times, p, out)
            elif tours.last[e]:
                energy = _from_point(n + e, c, energy, requests, visits, cars, stations, base_stations, p, out)
        energy_kwh[c], out_driven_kwh[k] = energy, driven


_write = njit(cache=True, nogil=True, **INNER)(_write)
_from_point = njit(cache=True, nogil=True, **INNER)(_from_point)
_at_work = njit(cache=True, nogil=True, **INNER)(_at_work)
_at_home = njit(cache=True, nogil=True, **INNER)(_at_home)
settle_day = njit(cache=True, nogil=True, **LEAN)(settle_day)
