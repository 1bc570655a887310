"""Where and when electric cars charge, and the queues at public stations.

Axes: C vehicles, E tours driven by an electric car on one day (sorted by vehicle, then departure), V public stations.
Energy in kWh at the battery unless it says grid; money in EUR; time in minutes of the day. A day has three passes:
`plan_day` (no driver's plan depends on another's), `serve_stations` (first come first served, in time order), and
`finish_day` (the served sessions reach the battery). Choice at a stop is a logit with frozen error terms over not
charging and the places at hand: ``V = c_place + b_soc SOC + b_dur ln(hours) + g (price kWh) - value of time (wait +
detour)``; without enough energy for the way home the stop is forced. Structure: model of charging location by SOC,
duration, price and queue (see parameters, group charging).
"""

from __future__ import annotations

import math
from typing import Any, NamedTuple

import numpy as np
from numba import njit

from zemsim.core.names import ChargingPlace
from zemsim.kernels.draws import gumbel
from zemsim.kernels.lean import LEAN

_HOME, _WORK = int(ChargingPlace.HOME), int(ChargingPlace.WORK)
_SLOW, _FAST = int(ChargingPlace.PUBLIC_SLOW), int(ChargingPlace.PUBLIC_FAST)
_NOTHING = -1


class ElectricTours(NamedTuple):
    """Arrays [E] of the day's tours by electric car."""

    vehicle: Any  # int32
    draw: Any  # int32 address of the tour's error terms within the day
    dest: Any  # int32 zone_idx
    home: Any  # int32 zone_idx
    road_km: Any  # float32 one way
    depart_min: Any  # int16
    arrive_min: Any  # float32 at the destination
    leave_min: Any  # float32 from the destination
    return_min: Any  # float32 at home
    at_work: Any  # bool
    last: Any  # bool: last tour of the vehicle that day


class ElectricCars(NamedTuple):
    """Arrays [C] of the vehicles that charging reads."""

    vehicle_id: Any  # int64 address of the draws
    battery_kwh: Any  # float32
    home_kw: Any  # float32, 0 = no place of its own to plug in
    home_eur_kwh: Any  # float32
    work_kw: Any  # float32, 0 = none
    money_weight: Any  # float32 b_cost at the reference distance scaled by income (utils per EUR, negative)


class Stations(NamedTuple):
    """Arrays [V] of the public sites, and the sites near each zone, nearest first (-1 = none)."""

    points: Any  # int32
    power_kw: Any  # float32
    price_eur_kwh: Any  # float32
    wait_min: Any  # float32 expected
    slow_near: Any  # int32 [Z, K]
    slow_walk_min: Any  # float32 [Z, K]
    fast_near: Any  # int32 [Z, K]
    fast_detour_min: Any  # float32 [Z, K]


class ChargingParameters(NamedTuple):
    """Coefficients and technical constants."""

    c_home: float
    c_work: float
    c_slow: float
    c_fast: float
    b_soc: float
    b_dur: float
    value_of_time_eur_h: float
    walk_multiplier: float
    kwh_km: float  # at the season's temperature
    reserve_share: float  # never planned below
    fast_until_share: float
    loss_ac: float  # grid to battery efficiency, AC
    loss_dc: float
    work_eur_kwh: float
    car_ac_kw: float
    patience_min: float


class Requests(NamedTuple):
    """Planned public sessions, one slot per tour [E]."""

    station: Any  # int32, -1 = none
    place: Any  # int8
    arrive_min: Any  # float32
    kwh: Any  # float64 at the battery
    minutes: Any  # float32 at the point
    forced: Any  # bool


class PrivateSessions(NamedTuple):
    """Sessions at home and at work, one slot each per tour [E]; kWh 0 = none."""

    home_kwh: Any  # float64 at the battery
    work_kwh: Any  # float64


def _utility(p: Any, constant: float, soc: float, hours: float, eur: float, weight: float, lost_min: float) -> Any:
    """Utility of charging at a place."""
    time_eur = p.value_of_time_eur_h * lost_min / 60.0
    return constant + p.b_soc * soc + p.b_dur * math.log(max(hours, 0.1)) + weight * (eur + time_eur)


def _best_site(near: Any, extra_min: Any, z: int, stations: Any, kwh: float, p: Any, multiplier: float) -> Any:
    """The site near a zone with the lowest cost of energy, wait and detour: (site or -1, lost minutes)."""
    best, best_eur, best_lost = -1, math.inf, 0.0
    for k in range(near.shape[1]):
        v = near[z, k]
        if v < 0:
            break
        lost = multiplier * extra_min[z, k] + stations.wait_min[v]
        eur = kwh * stations.price_eur_kwh[v] + p.value_of_time_eur_h * lost / 60.0
        if eur < best_eur:
            best, best_eur, best_lost = v, eur, lost
    return best, best_lost


def _addable(
    p: Any, battery: float, energy: float, power_kw: float, hours: float, efficiency: float, top: float
) -> Any:
    """kWh that reach the battery: what fits, or what the time allows."""
    return max(0.0, min(top * battery - energy, power_kw * efficiency * hours))


def _plan_stop(
    e: int,
    c: int,
    energy: float,
    seed: int,
    stream: int,
    day: int,
    tours: Any,
    cars: Any,
    stations: Any,
    p: Any,
    requests: Any,
    private: Any,
) -> Any:
    """Choose whether to charge at the destination; returns the kWh gained there at work (public ones come later)."""
    battery = cars.battery_kwh[c]
    soc = energy / battery
    hours = max(0.0, (tours.leave_min[e] - tours.arrive_min[e]) / 60.0)
    weight = cars.money_weight[c]
    base = (day * 64 + tours.draw[e]) * 8
    need_home = tours.road_km[e] * p.kwh_km + p.reserve_share * battery
    forced = energy < need_home
    choice, best, gained, site, kwh_site = _NOTHING, gumbel(seed, stream, cars.vehicle_id[c], base), 0.0, -1, 0.0
    if forced:
        best = -math.inf
    if tours.at_work[e] and cars.work_kw[c] > 0.0:
        kwh = _addable(p, battery, energy, cars.work_kw[c], hours, p.loss_ac, 1.0)
        v = _utility(p, p.c_work, soc, hours, kwh * p.work_eur_kwh / p.loss_ac, weight, 0.0)
        v += gumbel(seed, stream, cars.vehicle_id[c], base + 1)
        if kwh > 0.5 and v > best and (not forced or energy + kwh >= need_home):
            choice, best, gained = _WORK, v, kwh
    power = p.car_ac_kw
    kwh = _addable(p, battery, energy, power, hours, p.loss_ac, 1.0)
    slow, lost = _best_site(
        stations.slow_near, stations.slow_walk_min, tours.dest[e], stations, kwh / p.loss_ac, p, p.walk_multiplier
    )
    if slow >= 0:
        kwh = _addable(p, battery, energy, min(p.car_ac_kw, stations.power_kw[slow]), hours, p.loss_ac, 1.0)
        eur = kwh * stations.price_eur_kwh[slow] / p.loss_ac
        v = _utility(p, p.c_slow, soc, hours, eur, weight, lost) + gumbel(seed, stream, cars.vehicle_id[c], base + 2)
        if kwh > 0.5 and v > best and (not forced or energy + kwh >= need_home):
            choice, best, site, kwh_site = _SLOW, v, slow, kwh
    kwh = max(0.0, min(battery, max(p.fast_until_share * battery, need_home)) - energy)
    fast, lost = _best_site(
        stations.fast_near, stations.fast_detour_min, tours.dest[e], stations, kwh / p.loss_dc, p, 1.0
    )
    if fast >= 0:
        minutes = 60.0 * kwh / (p.loss_dc * stations.power_kw[fast])
        eur = kwh * stations.price_eur_kwh[fast] / p.loss_dc
        v = _utility(p, p.c_fast, soc, 1.0, eur, weight, lost + minutes)
        v += gumbel(seed, stream, cars.vehicle_id[c], base + 3)
        if kwh > 0.5 and (v > best or (forced and choice == _NOTHING)):
            choice, best, site, kwh_site = _FAST, v, fast, kwh
    if choice == _WORK:
        private.work_kwh[e] = gained
        return gained
    if choice in (_SLOW, _FAST):
        efficiency = p.loss_ac if choice == _SLOW else p.loss_dc
        power = min(p.car_ac_kw, stations.power_kw[site]) if choice == _SLOW else stations.power_kw[site]
        requests.station[e] = site
        requests.place[e] = choice
        # A slow charge runs while the car is parked; a fast one is a stop on the way back.
        requests.arrive_min[e] = tours.arrive_min[e] if choice == _SLOW else tours.leave_min[e]
        requests.kwh[e] = kwh_site
        requests.minutes[e] = 60.0 * kwh_site / (efficiency * power)
        requests.forced[e] = forced
        if forced:  # served whatever the queue, so the energy is certain
            return kwh_site
    return 0.0


def _plan_on_the_way_out(
    e: int, c: int, energy: float, tours: Any, cars: Any, stations: Any, p: Any, requests: Any
) -> Any:
    """A fast charge before a drive that the battery would not last: kWh gained, 0 if no fast site is near."""
    battery = cars.battery_kwh[c]
    whole_tour = 2.0 * tours.road_km[e] * p.kwh_km + p.reserve_share * battery
    kwh = min(battery, max(p.fast_until_share * battery, whole_tour)) - energy
    grid = kwh / p.loss_dc
    site, _lost = _best_site(stations.fast_near, stations.fast_detour_min, tours.home[e], stations, grid, p, 1.0)
    if site < 0 or kwh <= 0.0:
        return 0.0
    requests.station[e] = site
    requests.place[e] = _FAST
    requests.arrive_min[e] = tours.depart_min[e]
    requests.kwh[e] = kwh
    requests.minutes[e] = 60.0 * kwh / (p.loss_dc * stations.power_kw[site])
    requests.forced[e] = True
    return kwh


def _plan_home(e: int, c: int, energy: float, seed: int, stream: int, day: int, tours: Any, cars: Any, p: Any) -> Any:
    """kWh to charge at home overnight after the last tour of the day."""
    if cars.home_kw[c] <= 0.0:
        return 0.0
    battery = cars.battery_kwh[c]
    hours = max(0.0, (24.0 * 60.0 + 6.0 * 60.0 - tours.return_min[e]) / 60.0)
    kwh = _addable(p, battery, energy, cars.home_kw[c], hours, p.loss_ac, 1.0)
    if kwh <= 0.5:
        return 0.0
    eur = kwh * cars.home_eur_kwh[c] / p.loss_ac
    base = (day * 64 + tours.draw[e]) * 8
    v = _utility(p, p.c_home, energy / battery, hours, eur, cars.money_weight[c], 0.0)
    v += gumbel(seed, stream, cars.vehicle_id[c], base + 4)
    return kwh if v > gumbel(seed, stream, cars.vehicle_id[c], base + 5) else 0.0


def plan_day(
    start: int,
    stop: int,
    first_tour: Any,
    car_of: Any,
    seed: int,
    stream: int,
    day: int,
    tours: Any,
    cars: Any,
    stations: Any,
    p: Any,
    energy_kwh: Any,
    requests: Any,
    private: Any,
    out_low_kwh: Any,
) -> None:
    """Drive and plan the day of the electric cars ``start`` to ``stop`` that move today.

    ``first_tour`` [n + 1] are offsets into the tours of each car ``car_of`` [n]. ``energy_kwh`` [C] is the state of the
    batteries; driving and private charging change it here, public charging in `finish_day`. ``out_low_kwh`` [C] keeps
    the lowest state seen, before public charging.
    """
    for k in range(start, stop):
        c = car_of[k]
        energy = energy_kwh[c]
        for e in range(first_tour[k], first_tour[k + 1]):
            need = tours.road_km[e] * p.kwh_km
            if energy < need + p.reserve_share * cars.battery_kwh[c]:
                energy += _plan_on_the_way_out(e, c, energy, tours, cars, stations, p, requests)
            energy -= need
            out_low_kwh[c] = min(out_low_kwh[c], energy)
            if requests.station[e] < 0:
                energy += _plan_stop(e, c, energy, seed, stream, day, tours, cars, stations, p, requests, private)
            planned = requests.kwh[e] if requests.station[e] >= 0 and not requests.forced[e] else 0.0
            energy -= need
            out_low_kwh[c] = min(out_low_kwh[c], energy + planned)
            if tours.last[e]:
                private.home_kwh[e] = _plan_home(
                    e, c, min(energy + planned, cars.battery_kwh[c]), seed, stream, day, tours, cars, p
                )
                energy += private.home_kwh[e]
        energy_kwh[c] = energy


def serve_stations(
    start: int,
    stop: int,
    first_request: Any,
    order: Any,
    station_of: Any,
    points: Any,
    requests: Any,
    p: Any,
    out_wait_min: Any,
    out_served: Any,
) -> None:
    """First come first served at the stations ``station_of[start:stop]``.

    ``order`` lists the requests sorted by (station, arrival, vehicle), ``first_request`` [n + 1] are offsets into it.
    A driver who would wait longer than the patience leaves, unless the way home depends on it.
    """
    for k in range(start, stop):
        v = station_of[k]
        free_at = np.zeros(max(1, points[v]))
        for q in range(first_request[k], first_request[k + 1]):
            e = order[q]
            point = int(np.argmin(free_at))
            wait = max(0.0, free_at[point] - requests.arrive_min[e])
            out_wait_min[e] = wait
            out_served[e] = requests.forced[e] or wait <= p.patience_min
            if out_served[e]:
                free_at[point] = requests.arrive_min[e] + wait + requests.minutes[e]


def finish_day(tours: Any, requests: Any, served: Any, battery_kwh: Any, energy_kwh: Any, out_kwh: Any) -> None:
    """Add the served public sessions to the batteries; ``out_kwh`` [E] is what reached the battery.

    Forced sessions reached it in `plan_day` already.
    """
    for e in range(requests.station.shape[0]):
        out_kwh[e] = 0.0
        if requests.station[e] >= 0 and requests.forced[e]:
            out_kwh[e] = requests.kwh[e]
        elif requests.station[e] >= 0 and served[e]:
            c = tours.vehicle[e]
            # Home charging may have been planned after this session; a battery never takes more than it holds.
            kwh = min(requests.kwh[e], battery_kwh[c] - energy_kwh[c])
            out_kwh[e] = max(0.0, kwh)
            energy_kwh[c] += out_kwh[e]


_utility = njit(cache=True, nogil=True, **LEAN)(_utility)
_best_site = njit(cache=True, nogil=True, **LEAN)(_best_site)
_addable = njit(cache=True, nogil=True, **LEAN)(_addable)
_plan_stop = njit(cache=True, nogil=True, **LEAN)(_plan_stop)
_plan_on_the_way_out = njit(cache=True, nogil=True, **LEAN)(_plan_on_the_way_out)
_plan_home = njit(cache=True, nogil=True, **LEAN)(_plan_home)
plan_day = njit(cache=True, nogil=True, **LEAN)(plan_day)
serve_stations = njit(cache=True, nogil=True)(serve_stations)
finish_day = njit(cache=True, nogil=True, **LEAN)(finish_day)
