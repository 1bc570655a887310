"""Where and when electric cars plan to charge.

Tables, axes and units: `zemsim.kernels.charging_tables`. A day has three passes: `plan_day` here (no driver's plan
depends on another's), then `zemsim.kernels.charging_queues` (points and power are shared, in time order) and
`zemsim.kernels.charging_day` (what then reached the batteries, and what it cost). Choice at a stop is a logit with
frozen error terms over not charging and the places at hand: ``V = c_place + b_soc SOC + b_dur ln(hours) + g (price +
value of time (wait + way))``, g negative; without enough energy for the way home the stop is forced. Of the sites near
a stop the driver knows the one whose energy costs least, wait and way included. A point is free again when charging
ends, even if the car stands there longer. Structure: model of charging location by SOC, duration, price and queue (see
parameters, group charging).
"""

from __future__ import annotations

import math
from typing import Any

from numba import njit

from zemsim.core.names import ChargingPlace
from zemsim.kernels.charging_tables import Moment
from zemsim.kernels.charging_tariffs import cheapest_start, mean_price, public_eur
from zemsim.kernels.draws import gumbel
from zemsim.kernels.lean import LEAN

_WORK = int(ChargingPlace.WORK)
_SLOW, _FAST = int(ChargingPlace.PUBLIC_SLOW), int(ChargingPlace.PUBLIC_FAST)
_OUT, _STOP, _BACK, _NIGHT = int(Moment.OUT), int(Moment.STOP), int(Moment.BACK), int(Moment.NIGHT)
_NOTHING = -1
#: Draws of a tour: not charging, work, public slow, public fast; at home: own plug, neither, public slow.
_NO_STOP, _AT_WORK, _AT_SLOW, _AT_FAST, _AT_HOME, _NO_NIGHT, _AT_NIGHT = range(7)
N_ERRORS = 7
#: Cars leave a public place for the night at six in the morning at the latest.
_MORNING_MIN = 1440.0 + 360.0
#: What is not worth a stop, kWh.
_LEAST_KWH = 0.5


def battery_kw(stations: Any, v: int, fast: Any, p: Any) -> Any:
    """Power at the battery that a car gets at a site with nobody else there."""
    if fast:
        return min(p.car_dc_kw, p.fast_power_share * stations.power_kw[v]) * p.loss_dc
    return min(p.car_ac_kw, stations.power_kw[v]) * p.loss_ac


def _utility(p: Any, constant: float, soc: float, hours: float, eur: float, weight: float, lost_min: float) -> Any:
    """Utility of charging at a place."""
    time_eur = p.value_of_time_eur_h * lost_min / 60.0
    return constant + p.b_soc * soc + p.b_dur * math.log(max(hours, 0.1)) + weight * (eur + time_eur)


def best_site(
    near: Any,
    way_of: Any,
    z: int,
    place: int,
    at_min: float,
    stay_min: float,
    most_kwh: float,
    fast: Any,
    not_these: Any,
    stations: Any,
    p: Any,
) -> Any:
    """The site near a zone whose kWh costs least: (site or -1, kWh, EUR, minutes of way, minutes lost).

    A driver loses the wait and the way, at a fast site the minutes of charging too. ``most_kwh`` is what the battery
    is to get; a slow charge gets what the stay allows. ``not_these`` are two sites that are left out.
    """
    multiplier = 1.0 if fast else p.walk_multiplier
    efficiency = p.loss_dc if fast else p.loss_ac
    best, best_cost, best_kwh, best_eur, best_way, best_lost = -1, math.inf, 0.0, 0.0, 0.0, 0.0
    for k in range(near.shape[1]):
        v = near[z, k]
        if v < 0:
            break
        if v in not_these:
            continue
        kw = battery_kw(stations, v, fast, p)
        kwh = most_kwh if fast else min(most_kwh, kw * stay_min / 60.0)
        if kwh <= 0.0:
            continue
        minutes = 60.0 * kwh / kw
        way = multiplier * way_of[z, k]
        lost = stations.wait_min[v] + way + (minutes if fast else 0.0)
        eur = public_eur(stations, v, place, at_min + stations.wait_min[v], minutes, kwh / efficiency)
        cost = (eur + p.value_of_time_eur_h * lost / 60.0) / kwh
        if cost < best_cost:
            best, best_cost, best_kwh, best_eur, best_way, best_lost = v, cost, kwh, eur, way, lost
    return best, best_kwh, best_eur, best_way, best_lost


def _addable(battery: float, energy: float, kw: float, hours: float, efficiency: float) -> Any:
    """kWh that reach the battery: what fits, or what the time allows."""
    return max(0.0, min(battery - energy, kw * efficiency * hours))


def _request(
    slot: int,
    site: int,
    moment: int,
    zone: int,
    until_min: float,
    kwh: float,
    way_min: float,
    forced: Any,
    stations: Any,
    p: Any,
    requests: Any,
) -> None:
    """Write down a public session."""
    fast = moment in (_OUT, _BACK)
    requests.station[slot] = site
    requests.place[slot] = _FAST if fast else _SLOW
    requests.moment[slot] = moment
    requests.zone[slot] = zone
    requests.until_min[slot] = until_min
    requests.kwh[slot] = kwh
    requests.kw[slot] = battery_kw(stations, site, fast, p)
    requests.way_min[slot] = way_min
    requests.forced[slot] = forced


def _plan_stop(
    e: int,
    c: int,
    sure: float,
    hoped: float,
    tours: Any,
    cars: Any,
    stations: Any,
    errors: Any,
    p: Any,
    requests: Any,
    private: Any,
) -> Any:
    """Choose whether to charge at the destination or on the way back; returns the kWh hoped for.

    ``sure`` is the energy without public sessions that a queue may spoil, ``hoped`` with them.
    """
    battery, z = cars.battery_kwh[c], tours.dest[e]
    soc = hoped / battery
    stay = max(0.0, tours.leave_min[e] - tours.arrive_min[e])
    weight = cars.money_weight[c]
    need_home = tours.road_km[e] * p.kwh_km + p.reserve_share * battery
    forced = sure < need_home
    missing = need_home - sure if forced else 0.0
    choice, best = _NOTHING, -math.inf if forced else errors[e, _NO_STOP]
    site, gained, way = -1, 0.0, 0.0
    if tours.work_kw[e] > 0.0:
        kwh = _addable(battery, hoped, tours.work_kw[e], stay / 60.0, p.loss_ac)
        v = _utility(p, p.c_work, soc, stay / 60.0, kwh * p.work_eur_kwh / p.loss_ac, weight, 0.0)
        if kwh > _LEAST_KWH and kwh >= missing and v + errors[e, _AT_WORK] > best:
            choice, best, gained = _WORK, v + errors[e, _AT_WORK], kwh
    near, way_of = stations.slow_near, stations.slow_walk_min
    slow, kwh, eur, walk, lost = best_site(
        near, way_of, z, cars.place[c], tours.arrive_min[e], stay, battery - hoped, False, (-1, -1), stations, p
    )
    if slow >= 0 and kwh > _LEAST_KWH and kwh >= missing:
        v = _utility(p, p.c_slow, soc, stay / 60.0, eur, weight, lost) + errors[e, _AT_SLOW]
        if v > best:
            choice, best, site, gained, way = _SLOW, v, slow, kwh, walk
    most = min(battery, max(p.fast_until_share * battery, need_home)) - (sure if forced else hoped)
    near, way_of = stations.fast_near, stations.fast_detour_min
    fast, kwh, eur, detour, lost = best_site(
        near, way_of, z, cars.place[c], tours.leave_min[e], math.inf, most, True, (-1, -1), stations, p
    )
    if fast >= 0 and kwh > _LEAST_KWH:
        v = _utility(p, p.c_fast, soc, 1.0, eur, weight, lost) + errors[e, _AT_FAST]
        if v > best or (forced and choice == _NOTHING):
            choice, best, site, gained, way = _FAST, v, fast, kwh, detour
    private.work[e] = choice == _WORK
    if choice in (_SLOW, _FAST):
        # A slow charge runs while the car is parked; a fast one is a stop on the way back. Who must charge stays.
        until = tours.leave_min[e] if choice == _SLOW and not forced else math.inf
        moment = _STOP if choice == _SLOW else _BACK
        _request(e, site, moment, z, until, gained, way, forced, stations, p, requests)
    return gained


def _plan_on_the_way_out(
    e: int, c: int, sure: float, tours: Any, cars: Any, stations: Any, p: Any, requests: Any
) -> Any:
    """A fast charge before a drive that the battery would not last: kWh gained, 0 if no fast site is near."""
    battery, z = cars.battery_kwh[c], tours.home[e]
    whole_tour = 2.0 * tours.road_km[e] * p.kwh_km + p.reserve_share * battery
    most = min(battery, max(p.fast_until_share * battery, whole_tour)) - sure
    near, way_of = stations.fast_near, stations.fast_detour_min
    site, kwh, _eur, way, _lost = best_site(
        near, way_of, z, cars.place[c], tours.depart_min[e], math.inf, most, True, (-1, -1), stations, p
    )
    if site < 0:
        return 0.0
    _request(e, site, _OUT, z, math.inf, kwh, way, True, stations, p, requests)
    return kwh


def home_start(cars: Any, c: int, return_min: float, leaves_min: float, minutes: float) -> Any:
    """When a car at home begins to charge: at once, or by its timer when the hours are cheapest."""
    if not cars.delays[c]:
        return return_min
    return cheapest_start(cars.home_hours[cars.home_tariff[c]], return_min, leaves_min - minutes, minutes)


def home_price(cars: Any, c: int, start_min: float, minutes: float) -> Any:
    """Mean EUR/kWh of a session at home."""
    return cars.home_eur_kwh[c] * mean_price(cars.home_hours[cars.home_tariff[c]], start_min, minutes)


def _plan_home(e: int, c: int, hoped: float, leaves_min: float, tours: Any, cars: Any, errors: Any, p: Any) -> Any:
    """Whether to charge at home after the last tour of the day, until the car leaves again."""
    battery = cars.battery_kwh[c]
    hours = max(0.0, (leaves_min - tours.return_min[e]) / 60.0)
    kwh = _addable(battery, hoped, cars.home_kw[c], hours, p.loss_ac)
    if kwh <= _LEAST_KWH:
        return False
    minutes = 60.0 * kwh / (cars.home_kw[c] * p.loss_ac)
    start = home_start(cars, c, tours.return_min[e], leaves_min, minutes)
    eur = kwh / p.loss_ac * home_price(cars, c, start, minutes)
    v = _utility(p, p.c_home, hoped / battery, hours, eur, cars.money_weight[c], 0.0) + errors[e, _AT_HOME]
    return v > errors[e, _NO_NIGHT]


def _plan_night(
    e: int,
    c: int,
    hoped: float,
    leaves_min: float,
    tours: Any,
    cars: Any,
    stations: Any,
    errors: Any,
    p: Any,
    requests: Any,
) -> None:
    """A public slow point near a home without a plug: the car stands there overnight, its driver walks home."""
    battery, z = cars.battery_kwh[c], tours.home[e]
    until = min(_MORNING_MIN, leaves_min)
    stay = max(0.0, until - tours.return_min[e])
    near, way_of = stations.slow_near, stations.slow_walk_min
    site, kwh, eur, way, lost = best_site(
        near, way_of, z, cars.place[c], tours.return_min[e], stay, battery - hoped, False, (-1, -1), stations, p
    )
    if site < 0 or kwh <= _LEAST_KWH:
        return
    v = _utility(p, p.c_slow, hoped / battery, stay / 60.0, eur, cars.money_weight[c], lost) + errors[e, _AT_NIGHT]
    if v > errors[e, _NO_NIGHT]:
        slot = tours.vehicle.shape[0] + e
        _request(slot, site, _NIGHT, z, until, kwh, way, False, stations, p, requests)


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
    leaves_min: Any,
    energy_kwh: Any,
    tours: Any,
    cars: Any,
    stations: Any,
    errors: Any,
    p: Any,
    requests: Any,
    private: Any,
) -> None:
    """Plan the day of the electric cars ``start`` to ``stop`` that move today, on the times of their tours.

    ``first_tour`` [n + 1] are offsets into the tours of each car ``car_of`` [n]; ``errors`` is of `draw_errors`;
    ``leaves_min`` [C] is when each car is next driven after today; ``energy_kwh`` [C] are the batteries in the
    morning.
    """
    for k in range(start, stop):
        c = car_of[k]
        sure = hoped = energy_kwh[c]
        battery = cars.battery_kwh[c]
        for e in range(first_tour[k], first_tour[k + 1]):
            need = tours.road_km[e] * p.kwh_km
            if sure < need + p.reserve_share * battery:
                kwh = _plan_on_the_way_out(e, c, sure, tours, cars, stations, p, requests)
                sure, hoped = sure + kwh, min(battery, hoped + kwh)
            sure, hoped = sure - need, hoped - need
            if requests.station[e] < 0:
                kwh = _plan_stop(e, c, sure, hoped, tours, cars, stations, errors, p, requests, private)
                hoped = min(battery, hoped + kwh)
                if requests.station[e] < 0 or requests.forced[e]:  # at work, or served whatever the queue
                    sure += kwh
            sure, hoped = min(sure, hoped) - need, hoped - need
            if tours.last[e] and cars.home_kw[c] > 0.0:
                private.home[e] = _plan_home(e, c, hoped, leaves_min[c], tours, cars, errors, p)
            elif tours.last[e]:
                _plan_night(e, c, hoped, leaves_min[c], tours, cars, stations, errors, p, requests)


battery_kw = njit(cache=True, nogil=True, **LEAN)(battery_kw)
_utility = njit(cache=True, nogil=True, **LEAN)(_utility)
best_site = njit(cache=True, nogil=True, **LEAN)(best_site)
_addable = njit(cache=True, nogil=True, **LEAN)(_addable)
_request = njit(cache=True, nogil=True, **LEAN)(_request)
_plan_stop = njit(cache=True, nogil=True, **LEAN)(_plan_stop)
_plan_on_the_way_out = njit(cache=True, nogil=True, **LEAN)(_plan_on_the_way_out)
home_start = njit(cache=True, nogil=True, **LEAN)(home_start)
home_price = njit(cache=True, nogil=True, **LEAN)(home_price)
_plan_home = njit(cache=True, nogil=True, **LEAN)(_plan_home)
_plan_night = njit(cache=True, nogil=True, **LEAN)(_plan_night)
draw_errors = njit(cache=True, nogil=True, **LEAN)(draw_errors)
plan_day = njit(cache=True, nogil=True, **LEAN)(plan_day)
