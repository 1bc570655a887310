"""The tables that the kernels of charging read and write; axes: C cars, E tours of a day, V public sites, Z zones.

Energy in kWh at the battery unless it says grid; money in EUR; time in minutes of the day, beyond 1440 after midnight.
Each tour has two slots for public sessions: slot e on the way out, at the destination or on the way back, slot E + e
for the night after it, near a home without a plug. A tariff by the hour is kept as sums: ``sums[h]`` is the price of a
kilowatt drawn from midnight to hour h, so that the mean price of any session is one difference.
"""

from __future__ import annotations

from enum import IntEnum
from typing import Any, NamedTuple

import numpy as np

from zemsim.kernels.agenda import Agenda

#: Hours of a tariff, and the sums that stand for them.
HOURS, HOUR_SUMS = 24, 25


class Moment(IntEnum):
    """When in a tour a public session is planned."""

    OUT = 0  # before the way out
    STOP = 1  # while the car stands at the destination
    BACK = 2  # before the way back
    NIGHT = 3  # after the last tour of the day


class ElectricTours(NamedTuple):
    """Arrays [E] of the day's tours by electric car."""

    vehicle: Any  # int32
    draw: Any  # int32 address of the tour's error terms within the day
    dest: Any  # int32 zone_idx
    home: Any  # int32 zone_idx
    road_km: Any  # float32 one way
    depart_min: Any  # float64
    arrive_min: Any  # float64 at the destination
    leave_min: Any  # float64 from the destination
    return_min: Any  # float64 at home
    work_kw: Any  # float32 power at the driver's workplace, 0 = not at work or no point there
    last: Any  # bool: last tour of the vehicle that day


class ElectricCars(NamedTuple):
    """Arrays [C] of the vehicles that charging reads."""

    vehicle_id: Any  # int64 address of the draws
    battery_kwh: Any  # float32
    home_kw: Any  # float32, 0 = no place of its own to plug in
    home_eur_kwh: Any  # float32 mean over the hours
    home_tariff: Any  # int8 row of ``home_hours``
    home_hours: Any  # float64 [2, 25] sums of the factor of each hour: own plug, yards
    delays: Any  # bool: starts when the hours are cheapest, by a timer
    place: Any  # int32 municipality of the household, -1 none
    money_weight: Any  # float32 b_cost at the reference distance scaled by income (utils per EUR, negative)


class Stations(NamedTuple):
    """Arrays [V] of the public sites, and the sites near each zone, nearest first (-1 = none)."""

    points: Any  # int32
    power_kw: Any  # float32 of one point
    site_kw: Any  # float32 that all points share, inf = as much as they can
    hour_sums: Any  # float64 [V, 25] sums of the price per kWh of each hour
    eur_min: Any  # float64 per minute of charging
    eur_session: Any  # float64
    resident_share: Any  # float64 what a resident of the municipality pays of the price
    place: Any  # int32 municipality, -1 none
    wait_min: Any  # float32 expected
    slow_near: Any  # int32 [Z, K]
    slow_walk_min: Any  # float32 [Z, K] there and back
    fast_near: Any  # int32 [Z, K]
    fast_detour_min: Any  # float32 [Z, K] there and back


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
    car_dc_kw: float  # mean over a fast session
    fast_power_share: float  # mean power of a fast session over that of the point
    patience_min: float
    retries: float  # other sites that a driver tries


class Requests(NamedTuple):
    """Planned public sessions, two slots per tour [2 E]: the tour, the night after it."""

    station: Any  # int32, -1 = none
    place: Any  # int8
    moment: Any  # int8 of `Moment`
    zone: Any  # int32 from which the site is near
    until_min: Any  # float64, the car leaves; inf if it stays until it has charged
    kwh: Any  # float64 at the battery
    kw: Any  # float64 at the battery, the most that the car takes there
    way_min: Any  # float64 walk or detour, there and back
    forced: Any  # bool


class PrivatePlans(NamedTuple):
    """Whether the car is to be plugged in at home and at work, one slot each per tour [E]."""

    home: Any  # bool
    work: Any  # bool


class Visits(NamedTuple):
    """What came of the planned public sessions [2 E]."""

    station: Any  # int32 the last site tried, -1 = none
    arrive_min: Any  # float64 there
    begin_min: Any  # float64
    end_min: Any  # float64
    kwh: Any  # float64 at the battery, what the point gave
    wait_min: Any  # float64 at all sites tried
    way_min: Any  # float64 walks and detours
    left: Any  # int8 sites left without having charged
    served: Any  # bool


class DayTimes(NamedTuple):
    """When each tour was driven [E], charging and queues included, float64."""

    depart_min: Any
    arrive_min: Any
    leave_min: Any
    return_min: Any


class Points(NamedTuple):
    """The points of all sites [N], those of site v from ``first[v]`` to ``first[v + 1]``."""

    first: Any  # int32 [V + 1]
    slot: Any  # int32 request that charges, -1 free, -2 taken since yesterday
    end_min: Any  # float64 when the point becomes free, at the power it has now
    since_min: Any  # float64 from which it has this power
    kw: Any  # float64 at the battery; from the grid where it is taken since yesterday
    left_kwh: Any  # float64 still to come at ``since_min``
    full: Any  # bool: ends because all has come, not because the car leaves


class SiteDay(NamedTuple):
    """What a site saw in a day [V]."""

    head: Any  # int32 first request of the queue, -1 none
    tail: Any  # int32 last one
    asked: Any  # int64 drivers who came
    left: Any  # int64 drivers who left without having charged
    met_min: Any  # float64 sum of their waits
    peak_kw: Any  # float64 highest power from the grid


class ServedDay(NamedTuple):
    """All that a day of queues reads and writes; n cars with tours, those of car k from ``first_tour[k]``."""

    first_tour: Any  # int32 [n + 1]
    car: Any  # int32 [E] position k of the car of each tour
    tours: Any
    cars: Any
    requests: Any
    stations: Any
    p: Any
    points: Any
    sites: Any
    visits: Any
    times: Any
    agenda: Any  # sites, then cars: at a time, a site before a car
    tour: Any  # int32 [n] where each car is in its day
    stage: Any  # int8 [n]
    pending: Any  # int32 [n] request with which it is on its way to a site
    due_min: Any  # float64 [2 E] when a driver leaves the queue
    behind: Any  # int32 [2 E] next in the queue


class Sessions(NamedTuple):
    """Charging as it came about, slots [4 E]: the two of each request, at home after the tour, at work."""

    begin_min: Any  # float64
    end_min: Any  # float64
    kwh: Any  # float64 that reached the battery
    grid_kwh: Any  # float64
    eur: Any  # float64 paid by the driver
    base_eur: Any  # float64 for the same session at prices without measures


def no_requests(slots: int) -> Requests:
    """Room for requests, none of which is one yet."""
    return Requests(
        station=np.full(slots, -1, np.int32),
        place=np.full(slots, -1, np.int8),
        moment=np.zeros(slots, np.int8),
        zone=np.zeros(slots, np.int32),
        until_min=np.zeros(slots),
        kwh=np.zeros(slots),
        kw=np.zeros(slots),
        way_min=np.zeros(slots),
        forced=np.zeros(slots, np.bool_),
    )


def no_sessions(slots: int) -> Sessions:
    """Room for sessions."""
    return Sessions(*(np.zeros(slots) for _ in Sessions._fields))


def free_points(points_of_site: Any) -> Points:
    """The points of all sites, all free; a site has one at least."""
    first = np.append(0, np.cumsum(np.maximum(1, points_of_site))).astype(np.int32)
    n = int(first[-1])
    return Points(
        first=first,
        slot=np.full(n, -1, np.int32),
        end_min=np.zeros(n),
        since_min=np.zeros(n),
        kw=np.zeros(n),
        left_kwh=np.zeros(n),
        full=np.zeros(n, np.bool_),
    )


def served_day(
    first_tour: Any, tours: Any, cars: Any, requests: Any, stations: Any, p: ChargingParameters, points: Points
) -> ServedDay:
    """All that the queues of a day read, and room for what they write."""
    n_cars, n_sites, slots = len(first_tour) - 1, len(stations.points), len(requests.station)
    items = n_sites + n_cars
    visits = Visits(
        station=np.full(slots, -1, np.int32),
        arrive_min=np.zeros(slots),
        begin_min=np.zeros(slots),
        end_min=np.zeros(slots),
        kwh=np.zeros(slots),
        wait_min=np.zeros(slots),
        way_min=np.zeros(slots),
        left=np.zeros(slots, np.int8),
        served=np.zeros(slots, np.bool_),
    )
    sites = SiteDay(
        head=np.full(n_sites, -1, np.int32),
        tail=np.full(n_sites, -1, np.int32),
        asked=np.zeros(n_sites, np.int64),
        left=np.zeros(n_sites, np.int64),
        met_min=np.zeros(n_sites),
        peak_kw=np.zeros(n_sites),
    )
    agenda = Agenda(
        time_min=np.zeros(items),
        at=np.full(items, -1, np.int32),
        heap=np.zeros(items, np.int32),
        size=np.zeros(1, np.int32),
    )
    return ServedDay(
        first_tour=first_tour,
        car=np.repeat(np.arange(n_cars, dtype=np.int32), np.diff(first_tour)),
        tours=tours,
        cars=cars,
        requests=requests,
        stations=stations,
        p=p,
        points=points,
        sites=sites,
        visits=visits,
        times=DayTimes(*(np.zeros(len(tours.vehicle)) for _ in DayTimes._fields)),
        agenda=agenda,
        tour=np.zeros(n_cars, np.int32),
        stage=np.zeros(n_cars, np.int8),
        pending=np.full(n_cars, -1, np.int32),
        due_min=np.zeros(slots),
        behind=np.full(slots, -1, np.int32),
    )
