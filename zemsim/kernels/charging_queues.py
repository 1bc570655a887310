"""The queues at public charging sites over a day, in time order: arrivals, patience, shared power, another site.

Tables, axes and units: `zemsim.kernels.charging_tables`. A car walks through its day (`_go_on`) and stands still while
it queues or charges, so it is at one point at a time and never moves meanwhile; what that costs in time delays the
rest of its day. First come, first served. A driver leaves a queue after the patience, or when the car is to leave, and
tries the next site near by, as often as parameters allow; who must charge stays at the last one. The power of a site
is shared evenly between the cars that charge, none gets more than it takes; energy is then given to later ones more
slowly, and a charge that the car's leaving ends is smaller.
"""

from __future__ import annotations

import math
from typing import Any

from numba import njit

from zemsim.core.names import ChargingPlace
from zemsim.kernels.agenda import put
from zemsim.kernels.charging import battery_kw, best_site
from zemsim.kernels.charging_tables import Moment
from zemsim.kernels.lean import INNER, LEAN

_FAST = int(ChargingPlace.PUBLIC_FAST)
_OUT, _STOP, _BACK = int(Moment.OUT), int(Moment.STOP), int(Moment.BACK)
_FREE, _SINCE_YESTERDAY = -1, -2
_MINUTES_PER_DAY = 1440.0


def _pause(d: Any, k: int, slot: int, stage: int, now: float) -> None:
    """The car comes to the site of a request; its day goes on at ``stage`` afterwards."""
    d.stage[k] = stage
    d.pending[k] = slot
    d.visits.station[slot] = d.requests.station[slot]
    put(d.agenda, d.stations.points.shape[0] + k, now)


def _go_on(d: Any, k: int, now: float) -> None:
    """Take a car through its day until its next public session, or to the end."""
    tours, requests, times = d.tours, d.requests, d.times
    n = tours.vehicle.shape[0]
    while d.tour[k] < d.first_tour[k + 1]:
        e, stage = d.tour[k], d.stage[k]
        asked = requests.station[e] >= 0
        if stage == 0:
            now = max(now, tours.depart_min[e])
            if asked and requests.moment[e] == _OUT:
                _pause(d, k, e, 1, now)
                return
            stage = 1
        if stage == 1:
            times.depart_min[e] = now
            now += max(0.0, tours.arrive_min[e] - tours.depart_min[e])
            times.arrive_min[e] = now
            if asked and requests.moment[e] == _STOP:
                _pause(d, k, e, 2, now)
                return
            stage = 2
        if stage == 2:
            now = max(now, tours.leave_min[e])
            if asked and requests.moment[e] == _BACK:
                _pause(d, k, e, 3, now)
                return
            stage = 3
        if stage == 3:
            times.leave_min[e] = now
            now += max(0.0, tours.return_min[e] - tours.leave_min[e])
            times.return_min[e] = now
            if tours.last[e] and requests.station[n + e] >= 0:
                _pause(d, k, n + e, 4, now)
                return
        d.tour[k] += 1
        d.stage[k] = 0


def _efficiency(d: Any, slot: int) -> Any:
    return d.p.loss_dc if d.requests.place[slot] == _FAST else d.p.loss_ac


def _set_power(d: Any, point: int, kw: float, now: float) -> None:
    """Give a point another power from now on."""
    points, slot = d.points, d.points.slot[point]
    if kw == points.kw[point]:
        return
    points.left_kwh[point] -= points.kw[point] * (now - points.since_min[point]) / 60.0
    points.since_min[point], points.kw[point] = now, kw
    all_come = now + 60.0 * points.left_kwh[point] / kw if kw > 0.0 else math.inf
    until = d.requests.until_min[slot]
    points.full[point] = all_come <= until
    points.end_min[point] = min(all_come, until)


def _most_kw(d: Any, v: int, slot: int) -> Any:
    """What a car draws at a site from the grid if it may."""
    fast = d.requests.place[slot] == _FAST
    return min(d.requests.kw[slot], battery_kw(d.stations, v, fast, d.p)) / _efficiency(d, slot)


def _even_share(d: Any, v: int, left_kw: float, charging: int) -> Any:
    """The most that a car may draw, so that ``left_kw`` is shared: less for some, more for others."""
    points, share = d.points, left_kw / charging
    for _ in range(charging):
        rest, takers = left_kw, 0
        for point in range(points.first[v], points.first[v + 1]):
            slot = points.slot[point]
            if slot >= 0 and _most_kw(d, v, slot) <= share:
                rest -= _most_kw(d, v, slot)
            elif slot >= 0:
                takers += 1
        if takers == 0 or rest / takers <= share:
            break
        share = rest / takers
    return share


def _share_power(d: Any, v: int, now: float) -> None:
    """Give every car at a site its share of the power from now on."""
    points, first, last = d.points, d.points.first[v], d.points.first[v + 1]
    most, charging, total = float(d.stations.site_kw[v]), 0, 0.0
    for point in range(first, last):
        if points.slot[point] == _SINCE_YESTERDAY:
            total += points.kw[point]
        elif points.slot[point] >= 0:
            charging += 1
    total = min(total, most)  # each of them at its highest: together never more than the site gives
    left, share = most - total, math.inf
    if charging > 0 and left < math.inf:
        share = _even_share(d, v, left, charging)
    for point in range(first, last):
        slot = points.slot[point]
        if slot >= 0:
            drawn = min(_most_kw(d, v, slot), share)
            _set_power(d, point, drawn * _efficiency(d, slot), now)
            total += drawn
    d.sites.peak_kw[v] = max(d.sites.peak_kw[v], total)


def _car(d: Any, slot: int) -> Any:
    """The car of a request, as a position among the cars of the day."""
    return d.car[slot % d.tours.vehicle.shape[0]]


def _end_sessions(d: Any, v: int, now: float) -> None:
    """Points whose time is up become free, and their cars go on."""
    points, visits = d.points, d.visits
    for point in range(points.first[v], points.first[v + 1]):
        slot = points.slot[point]
        if slot == _FREE or points.end_min[point] > now:
            continue
        points.slot[point] = _FREE
        if slot >= 0:
            rest = points.left_kwh[point] - points.kw[point] * (now - points.since_min[point]) / 60.0
            visits.kwh[slot] = d.requests.kwh[slot] - (0.0 if points.full[point] else max(0.0, rest))
            visits.end_min[slot] = now
            _go_on(d, _car(d, slot), now)


def _begin(d: Any, v: int, point: int, slot: int, now: float) -> None:
    """A car is plugged in."""
    points, visits = d.points, d.visits
    points.slot[point] = slot
    points.left_kwh[point] = d.requests.kwh[slot]
    points.since_min[point] = now
    points.kw[point] = -1.0  # until the power is shared
    waited = now - visits.arrive_min[slot]
    visits.begin_min[slot] = now
    visits.wait_min[slot] += waited
    visits.served[slot] = True
    d.sites.met_min[v] += waited


def _another_site(d: Any, slot: int, now: float) -> Any:
    """The next site for a driver who gives up a queue: (site or -1, minutes until there)."""
    requests, visits, tours = d.requests, d.visits, d.tours
    if visits.left[slot] >= d.p.retries:
        return -1, 0.0
    fast = requests.place[slot] == _FAST
    near = d.stations.fast_near if fast else d.stations.slow_near
    way_of = d.stations.fast_detour_min if fast else d.stations.slow_walk_min
    stay = requests.until_min[slot] - now
    c = tours.vehicle[slot % tours.vehicle.shape[0]]
    tried = (requests.station[slot], visits.station[slot])
    site, _kwh, _eur, way, _lost = best_site(
        near, way_of, requests.zone[slot], d.cars.place[c], now, stay, requests.kwh[slot], fast, tried, d.stations, d.p
    )
    # Ways lead to a site and back: between two sites, half of both.
    return site, 0.5 * (way + requests.way_min[slot])


def _give_up(d: Any, v: int, slot: int, now: float) -> Any:
    """A driver's patience or stay is over: to another site, or on without; False if it stays because it must charge."""
    requests, visits = d.requests, d.visits
    site, way = _another_site(d, slot, now)
    there = now + way
    if site >= 0 and there >= requests.until_min[slot]:
        site = -1
    if site < 0 and requests.forced[slot]:
        d.due_min[slot] = math.inf
        return False
    waited = now - visits.arrive_min[slot]
    visits.wait_min[slot] += waited
    d.sites.met_min[v] += waited
    d.sites.left[v] += 1
    visits.left[slot] += 1
    if site >= 0:
        visits.station[slot] = site
        visits.way_min[slot] += way
        put(d.agenda, d.stations.points.shape[0] + _car(d, slot), there)
    else:
        _go_on(d, _car(d, slot), now)
    return True


def _call_up(d: Any, v: int, now: float) -> None:
    """The queue of a site: who comes next takes a free point, who has waited long enough leaves."""
    sites, points = d.sites, d.points
    before, slot = -1, sites.head[v]
    point, last = points.first[v], points.first[v + 1]
    while slot >= 0:
        following = d.behind[slot]
        while point < last and points.slot[point] != _FREE:
            point += 1
        may = now <= d.visits.arrive_min[slot] + d.p.patience_min or d.requests.forced[slot]
        gone = False
        if point < last and may and now < d.requests.until_min[slot]:
            _begin(d, v, point, slot, now)
            gone = True
        elif now >= d.due_min[slot]:
            gone = _give_up(d, v, slot, now)
        if gone:
            if before >= 0:
                d.behind[before] = following
            else:
                sites.head[v] = following
            if following < 0:
                sites.tail[v] = before
        else:
            before = slot
        slot = following


def _attend(d: Any, v: int, now: float) -> None:
    """Bring a site up to now: sessions end, others begin, and the agenda learns what comes next."""
    _end_sessions(d, v, now)
    _call_up(d, v, now)
    _share_power(d, v, now)
    following, points = math.inf, d.points
    for point in range(points.first[v], points.first[v + 1]):
        if points.slot[point] != _FREE:
            following = min(following, points.end_min[point])
    slot = d.sites.head[v]
    while slot >= 0:
        following = min(following, d.due_min[slot])
        slot = d.behind[slot]
    put(d.agenda, v, following)


def _arrive(d: Any, slot: int, now: float) -> None:
    """A driver comes to a site and stands at the end of its queue."""
    v, sites = d.visits.station[slot], d.sites
    d.visits.arrive_min[slot] = now
    d.due_min[slot] = min(now + d.p.patience_min, d.requests.until_min[slot])
    d.behind[slot] = -1
    if sites.tail[v] >= 0:
        d.behind[sites.tail[v]] = slot
    else:
        sites.head[v] = slot
    sites.tail[v] = slot
    sites.asked[v] += 1
    _attend(d, v, now)


def begin_day(d: Any, ready_min: Any, held_kw: Any) -> None:
    """Lead every car to its first public session; points that are taken since yesterday stay so, at ``held_kw`` [N].

    What those draw at midnight counts for the highest power of their site today, too.
    ``ready_min`` [n] is when the cars are back from yesterday.
    """
    points, requests, visits = d.points, d.requests, d.visits
    for point in range(points.slot.shape[0]):
        taken = points.end_min[point] > 0.0
        points.slot[point] = _SINCE_YESTERDAY if taken else _FREE
        points.kw[point] = held_kw[point] if taken else 0.0
    for v in range(d.stations.points.shape[0]):
        d.sites.head[v] = d.sites.tail[v] = -1
        following = math.inf
        for point in range(points.first[v], points.first[v + 1]):
            if points.slot[point] != _FREE:
                following = min(following, points.end_min[point])
        put(d.agenda, v, following)
        _share_power(d, v, 0.0)
    for slot in range(requests.station.shape[0]):
        visits.station[slot] = -1
        visits.way_min[slot] = requests.way_min[slot]
    for k in range(ready_min.shape[0]):
        d.tour[k], d.stage[k] = d.first_tour[k], 0
        _go_on(d, k, ready_min[k])


def _hold(d: Any, v: int, held_kw: Any) -> None:
    """Keep in ``held_kw`` the highest power that the points of a site have given after midnight, this moment's too."""
    points = d.points
    for point in range(points.first[v], points.first[v + 1]):
        slot = points.slot[point]
        if slot >= 0:
            held_kw[point] = max(held_kw[point], points.kw[point] / _efficiency(d, slot))


def serve_day(d: Any, held_kw: Any) -> None:
    """Serve all requests of a day after `begin_day`; what is still taken at midnight is left in ``points``.

    ``points.end_min`` counts from the next midnight then; ``held_kw`` [N] is the highest power from the grid that a
    point gives after midnight.
    """
    n_sites, agenda, points = d.stations.points.shape[0], d.agenda, d.points
    for point in range(points.slot.shape[0]):
        held_kw[point] = points.kw[point] if points.end_min[point] > _MINUTES_PER_DAY else 0.0
    midnight = False
    while agenda.size[0] > 0:
        item = agenda.heap[0]
        now = agenda.time_min[item]
        if not midnight and now > _MINUTES_PER_DAY:
            midnight = True
            for v in range(n_sites):
                _hold(d, v, held_kw)
        put(agenda, item, math.inf)
        v = item
        if item >= n_sites:
            slot = d.pending[item - n_sites]
            v = d.visits.station[slot]
            _arrive(d, slot, now)
        else:
            _attend(d, item, now)
        if midnight:
            _hold(d, v, held_kw)
    for point in range(points.slot.shape[0]):
        points.end_min[point] -= _MINUTES_PER_DAY


_pause = njit(cache=True, nogil=True, **INNER)(_pause)
_go_on = njit(cache=True, nogil=True, **INNER)(_go_on)
_efficiency = njit(cache=True, nogil=True, **INNER)(_efficiency)
_set_power = njit(cache=True, nogil=True, **INNER)(_set_power)
_most_kw = njit(cache=True, nogil=True, **INNER)(_most_kw)
_even_share = njit(cache=True, nogil=True, **INNER)(_even_share)
_share_power = njit(cache=True, nogil=True, **INNER)(_share_power)
_car = njit(cache=True, nogil=True, **INNER)(_car)
_end_sessions = njit(cache=True, nogil=True, **INNER)(_end_sessions)
_begin = njit(cache=True, nogil=True, **INNER)(_begin)
_another_site = njit(cache=True, nogil=True, **INNER)(_another_site)
_give_up = njit(cache=True, nogil=True, **INNER)(_give_up)
_call_up = njit(cache=True, nogil=True, **INNER)(_call_up)
_attend = njit(cache=True, nogil=True, **INNER)(_attend)
_arrive = njit(cache=True, nogil=True, **INNER)(_arrive)
_hold = njit(cache=True, nogil=True, **INNER)(_hold)
begin_day = njit(cache=True, nogil=True, **LEAN)(begin_day)
serve_day = njit(cache=True, nogil=True, **LEAN)(serve_day)
