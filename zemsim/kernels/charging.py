"""Where and when electric cars charge, and the queues at public stations.

Axes: C vehicles, E tours driven by an electric car on one day (sorted by vehicle, then departure), V public stations.
Energy in kWh at the battery unless it says grid; money in EUR; time in minutes of the day, beyond 1440 after midnight.
A day has three passes: `plan_day` (no driver's plan depends on another's), then `serve_stations` and `finish_day` of
`zemsim.kernels.charging_queues`. Each tour has two slots for public sessions: slot e on the way or at the destination,
slot E + e for the night after it, near a home without a plug. Choice at a stop is a logit with frozen error terms over
not charging and the places at hand: ``V = c_place + b_soc SOC + b_dur ln(hours) + g (price kWh + value of time (wait +
way))``, g negative; without enough energy for the way home the stop is forced. A point is free again when charging
ends, even if the car stands there longer. Structure: model of charging location by SOC, duration, price and queue (see
parameters, group charging).
"""

from __future__ import annotations

import math
from typing import Any, NamedTuple

from numba import njit

from zemsim.core.names import ChargingPlace
from zemsim.kernels.draws import gumbel
from zemsim.kernels.lean import LEAN

_HOME, _WORK = int(ChargingPlace.HOME), int(ChargingPlace.WORK)
_SLOW, _FAST = int(ChargingPlace.PUBLIC_SLOW), int(ChargingPlace.PUBLIC_FAST)
_NOTHING = -1
#: Draws of a tour: not charging, work, public slow, public fast; at home: own plug, neither, public slow.
_NO_STOP, _AT_WORK, _AT_SLOW, _AT_FAST, _AT_HOME, _NO_NIGHT, _AT_NIGHT = range(7)
N_ERRORS = 7
#: Cars leave their place for the night at six in the morning.
_MORNING_MIN = 1440.0 + 360.0


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
    work_kw: Any  # float32 power at the driver's workplace, 0 = not at work or no point there
    last: Any  # bool: last tour of the vehicle that day


class ElectricCars(NamedTuple):
    """Arrays [C] of the vehicles that charging reads."""

    vehicle_id: Any  # int64 address of the draws
    battery_kwh: Any  # float32
    home_kw: Any  # float32, 0 = no place of its own to plug in
    home_eur_kwh: Any  # float32
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
    """Planned public sessions, two slots per tour [2 E]: the tour, the night after it."""

    station: Any  # int32, -1 = none
    place: Any  # int8
    arrive_min: Any  # float32
    until_min: Any  # float32, the car leaves; inf if it stays until it has charged
    kwh: Any  # float64 at the battery
    minutes: Any  # float32 at the point
    lost_min: Any  # float32 that the driver loses besides the wait: walk or detour, and the stop at a fast charger
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
    """The site near a zone with the lowest cost of energy, wait and detour: (site or -1, minutes of wait, of way)."""
    best, best_eur, best_wait, best_way = -1, math.inf, 0.0, 0.0
    for k in range(near.shape[1]):
        v = near[z, k]
        if v < 0:
            break
        wait, way = stations.wait_min[v], multiplier * extra_min[z, k]
        eur = kwh * stations.price_eur_kwh[v] + p.value_of_time_eur_h * (way + wait) / 60.0
        if eur < best_eur:
            best, best_eur, best_wait, best_way = v, eur, wait, way
    return best, best_wait, best_way


def _addable(
    p: Any, battery: float, energy: float, power_kw: float, hours: float, efficiency: float, top: float
) -> Any:
    """kWh that reach the battery: what fits, or what the time allows."""
    return max(0.0, min(top * battery - energy, power_kw * efficiency * hours))


def _request(
    slot: int,
    site: int,
    place: int,
    arrive_min: float,
    until_min: float,
    kwh: float,
    lost_min: float,
    forced: Any,
    stations: Any,
    p: Any,
    requests: Any,
) -> None:
    """Write down a public session."""
    slow = place == _SLOW
    power = min(p.car_ac_kw, stations.power_kw[site]) * p.loss_ac if slow else stations.power_kw[site] * p.loss_dc
    minutes = 60.0 * kwh / power
    requests.station[slot] = site
    requests.place[slot] = place
    requests.arrive_min[slot] = arrive_min
    requests.until_min[slot] = until_min
    requests.kwh[slot] = kwh
    requests.minutes[slot] = minutes
    requests.lost_min[slot] = lost_min if slow else lost_min + minutes
    requests.forced[slot] = forced


def _plan_stop(
    e: int,
    c: int,
    energy: float,
    tours: Any,
    cars: Any,
    stations: Any,
    errors: Any,
    p: Any,
    requests: Any,
    private: Any,
) -> Any:
    """Choose whether to charge at the destination; returns the kWh gained there at work (public ones come later)."""
    battery = cars.battery_kwh[c]
    soc = energy / battery
    hours = max(0.0, (tours.leave_min[e] - tours.arrive_min[e]) / 60.0)
    weight = cars.money_weight[c]
    need_home = tours.road_km[e] * p.kwh_km + p.reserve_share * battery
    forced = energy < need_home
    choice, best, gained, site, kwh_site, way_min = _NOTHING, errors[e, _NO_STOP], 0.0, -1, 0.0, 0.0
    if forced:
        best = -math.inf
    if tours.work_kw[e] > 0.0:
        kwh = _addable(p, battery, energy, tours.work_kw[e], hours, p.loss_ac, 1.0)
        v = _utility(p, p.c_work, soc, hours, kwh * p.work_eur_kwh / p.loss_ac, weight, 0.0) + errors[e, _AT_WORK]
        if kwh > 0.5 and v > best and (not forced or energy + kwh >= need_home):
            choice, best, gained = _WORK, v, kwh
    grid = _addable(p, battery, energy, p.car_ac_kw, hours, p.loss_ac, 1.0) / p.loss_ac
    z = tours.dest[e]
    slow, wait, way = _best_site(stations.slow_near, stations.slow_walk_min, z, stations, grid, p, p.walk_multiplier)
    if slow >= 0:
        kwh = _addable(p, battery, energy, min(p.car_ac_kw, stations.power_kw[slow]), hours, p.loss_ac, 1.0)
        eur = kwh * stations.price_eur_kwh[slow] / p.loss_ac
        v = _utility(p, p.c_slow, soc, hours, eur, weight, wait + way) + errors[e, _AT_SLOW]
        if kwh > 0.5 and v > best and (not forced or energy + kwh >= need_home):
            choice, best, site, kwh_site, way_min = _SLOW, v, slow, kwh, way
    kwh = max(0.0, min(battery, max(p.fast_until_share * battery, need_home)) - energy)
    fast, wait, way = _best_site(stations.fast_near, stations.fast_detour_min, z, stations, kwh / p.loss_dc, p, 1.0)
    if fast >= 0:
        minutes = 60.0 * kwh / (p.loss_dc * stations.power_kw[fast])
        eur = kwh * stations.price_eur_kwh[fast] / p.loss_dc
        v = _utility(p, p.c_fast, soc, 1.0, eur, weight, wait + way + minutes) + errors[e, _AT_FAST]
        if kwh > 0.5 and (v > best or (forced and choice == _NOTHING)):
            choice, best, site, kwh_site, way_min = _FAST, v, fast, kwh, way
    if choice == _WORK:
        private.work_kwh[e] = gained
        return gained
    if choice in (_SLOW, _FAST):
        # A slow charge runs while the car is parked; a fast one is a stop on the way back. Who must charge stays.
        at = tours.arrive_min[e] if choice == _SLOW else tours.leave_min[e]
        until = tours.leave_min[e] if choice == _SLOW and not forced else math.inf
        _request(e, site, choice, at, until, kwh_site, way_min, forced, stations, p, requests)
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
    near, way_min, grid = stations.fast_near, stations.fast_detour_min, kwh / p.loss_dc
    site, _wait, way = _best_site(near, way_min, tours.home[e], stations, grid, p, 1.0)
    if site < 0 or kwh <= 0.0:
        return 0.0
    _request(e, site, _FAST, tours.depart_min[e], math.inf, kwh, way, True, stations, p, requests)
    return kwh


def _plan_home(e: int, c: int, energy: float, tours: Any, cars: Any, errors: Any, p: Any) -> Any:
    """kWh to charge at home overnight after the last tour of the day."""
    battery = cars.battery_kwh[c]
    hours = max(0.0, (_MORNING_MIN - tours.return_min[e]) / 60.0)
    kwh = _addable(p, battery, energy, cars.home_kw[c], hours, p.loss_ac, 1.0)
    if kwh <= 0.5:
        return 0.0
    eur = kwh * cars.home_eur_kwh[c] / p.loss_ac
    v = _utility(p, p.c_home, energy / battery, hours, eur, cars.money_weight[c], 0.0) + errors[e, _AT_HOME]
    return kwh if v > errors[e, _NO_NIGHT] else 0.0


def _plan_night(
    e: int, c: int, energy: float, tours: Any, cars: Any, stations: Any, errors: Any, p: Any, requests: Any
) -> None:
    """A public slow point near a home without a plug: the car stands there overnight, its driver walks home."""
    battery = cars.battery_kwh[c]
    hours = max(0.0, (_MORNING_MIN - tours.return_min[e]) / 60.0)
    grid = _addable(p, battery, energy, p.car_ac_kw, hours, p.loss_ac, 1.0) / p.loss_ac
    near, walk_min = stations.slow_near, stations.slow_walk_min
    site, wait, way = _best_site(near, walk_min, tours.home[e], stations, grid, p, p.walk_multiplier)
    if site < 0:
        return
    kwh = _addable(p, battery, energy, min(p.car_ac_kw, stations.power_kw[site]), hours, p.loss_ac, 1.0)
    if kwh <= 0.5:
        return
    eur = kwh * stations.price_eur_kwh[site] / p.loss_ac
    v = _utility(p, p.c_slow, energy / battery, hours, eur, cars.money_weight[c], wait + way) + errors[e, _AT_NIGHT]
    if v > errors[e, _NO_NIGHT]:
        slot = tours.vehicle.shape[0] + e
        _request(slot, site, _SLOW, tours.return_min[e], _MORNING_MIN, kwh, way, False, stations, p, requests)


def draw_errors(
    start: int, stop: int, seed: int, stream: int, day: int, tours: Any, cars: Any, stations: Any, out: Any
) -> None:
    """Frozen error terms of the tours ``start`` to ``stop`` into ``out`` float64 [E, 7]; only those that are read."""
    for e in range(start, stop):
        c = tours.vehicle[e]
        base = (day * 64 + tours.draw[e]) * 8
        plug = cars.home_kw[c] > 0.0
        for k in range(N_ERRORS):
            if (
                (k == _AT_WORK and tours.work_kw[e] <= 0.0)
                or (k == _AT_SLOW and stations.slow_near[tours.dest[e], 0] < 0)
                or (k >= _AT_HOME and not tours.last[e])
                or (k == _AT_HOME and not plug)
                or (k == _AT_NIGHT and (plug or stations.slow_near[tours.home[e], 0] < 0))
            ):
                continue
            out[e, k] = gumbel(seed, stream, cars.vehicle_id[c], base + k)


def plan_day(
    start: int,
    stop: int,
    first_tour: Any,
    car_of: Any,
    tours: Any,
    cars: Any,
    stations: Any,
    errors: Any,
    p: Any,
    energy_kwh: Any,
    requests: Any,
    private: Any,
    out_low_kwh: Any,
) -> None:
    """Drive and plan the day of the electric cars ``start`` to ``stop`` that move today.

    ``first_tour`` [n + 1] are offsets into the tours of each car ``car_of`` [n]; ``errors`` is of `draw_errors`.
    ``energy_kwh`` [C] is the state of the batteries; driving and private charging change it here, public charging in
    `finish_day`. ``out_low_kwh`` [C] keeps the lowest state seen, before public charging.
    """
    for k in range(start, stop):
        c = car_of[k]
        energy, coming = energy_kwh[c], 0.0
        for e in range(first_tour[k], first_tour[k + 1]):
            need = tours.road_km[e] * p.kwh_km
            if energy < need + p.reserve_share * cars.battery_kwh[c]:
                energy += _plan_on_the_way_out(e, c, energy, tours, cars, stations, p, requests)
            energy -= need
            out_low_kwh[c] = min(out_low_kwh[c], energy)
            if requests.station[e] < 0:
                energy += _plan_stop(e, c, energy, tours, cars, stations, errors, p, requests, private)
            planned = requests.kwh[e] if requests.station[e] >= 0 and not requests.forced[e] else 0.0
            coming += planned
            energy -= need
            out_low_kwh[c] = min(out_low_kwh[c], energy + planned)
            if tours.last[e]:
                evening = min(energy + coming, cars.battery_kwh[c])
                if cars.home_kw[c] > 0.0:
                    private.home_kwh[e] = _plan_home(e, c, evening, tours, cars, errors, p)
                    energy += private.home_kwh[e]
                else:
                    _plan_night(e, c, evening, tours, cars, stations, errors, p, requests)
        energy_kwh[c] = energy


_utility = njit(cache=True, nogil=True, **LEAN)(_utility)
_best_site = njit(cache=True, nogil=True, **LEAN)(_best_site)
_addable = njit(cache=True, nogil=True, **LEAN)(_addable)
_request = njit(cache=True, nogil=True, **LEAN)(_request)
_plan_stop = njit(cache=True, nogil=True, **LEAN)(_plan_stop)
_plan_on_the_way_out = njit(cache=True, nogil=True, **LEAN)(_plan_on_the_way_out)
_plan_home = njit(cache=True, nogil=True, **LEAN)(_plan_home)
_plan_night = njit(cache=True, nogil=True, **LEAN)(_plan_night)
draw_errors = njit(cache=True, nogil=True, **LEAN)(draw_errors)
plan_day = njit(cache=True, nogil=True, **LEAN)(plan_day)
