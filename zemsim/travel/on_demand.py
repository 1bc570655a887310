"""Buses on demand: an area whose residents are brought to and from its hubs, in the place of lines.

A service is a route of the timetable whose departures are what is offered: each pick-up point has a ride to and from
each hub at even distances of twice the mean wait. What is driven follows from who rides, not from what is offered.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from zemsim.core.errors import InputError
from zemsim.core.names import PERIODS
from zemsim.core.units import S_PER_H
from zemsim.travel.timetable import ON_DEMAND, PatternTimes, Timetable, period_bounds
from zemsim.travel.timetable_patterns import (
    Pattern,
    Stop,
    calls_everywhere,
    known_stops,
    patterns_of,
    rebuilt,
    rows_of,
    with_route,
    with_stops,
)


@dataclass(frozen=True)
class OnDemand:
    """A service on demand.

    Attributes
    ----------
    route_id : its name among the routes.
    replaces : routes whose trips run no longer.
    points : places where passengers are picked up and set down, in the area.
    hub_ids : stops to and from which they are brought.
    wait_s : mean wait from the wished to the actual departure.
    hours_s : first and last departure on a weekday and on a weekend day; None where there is no service.
    detour_ratio : length of the direct way over the straight line.
    pooling_ratio : ride with the ways to other passengers over the direct ride.
    speed_km_h : speed on the way.
    vehicles, seats : vehicles in service at a time, and places of each.
    run_pers : passengers on board of a run.
    empty_share : share of all kilometres that are driven without passengers.
    fare_ratio : fare over that of a regional bus for the direct way.
    booking_eur : what a booking costs on top.
    """

    route_id: str
    replaces: tuple[str, ...]
    points: tuple[Stop, ...]
    hub_ids: tuple[str, ...]
    wait_s: int
    hours_s: tuple[tuple[int, int] | None, tuple[int, int] | None]
    detour_ratio: float
    pooling_ratio: float
    speed_km_h: float
    vehicles: int
    seats: int
    run_pers: float
    empty_share: float
    fare_ratio: float
    booking_eur: float

    @property
    def network_id(self) -> str:
        """Its network among those of the routes, which has its fare."""
        return f"{ON_DEMAND}_{self.route_id}"

    def hours_offered(self) -> NDArray[np.float64]:
        """Return the vehicle-hours of a day in each period: float64 [Q]."""
        found = np.zeros(len(PERIODS))
        for q, (start_s, end_s) in enumerate(period_bounds()):
            hours = self.hours_s[int(PERIODS[q].day_type)]
            if hours is not None:
                found[q] = max(0, min(hours[1], end_s) - max(hours[0], start_s)) / S_PER_H * self.vehicles
        return found


def with_on_demand(table: Timetable, service: OnDemand) -> Timetable:
    """Return the timetable with a service on demand.

    A ride between a pick-up point and a hub takes ``straight line * detour_ratio * pooling_ratio / speed_km_h``, to
    whole seconds; its fare is that of the direct way. Who rides from one point to another changes at a hub.

    Parameters
    ----------
    table : Timetable
        Has the hubs and the routes that are replaced.
    service : OnDemand
        Points, hubs, hours and vehicles.

    Raises
    ------
    InputError
        If the route or a point is there already, a hub or a replaced route is not, or a figure is out of range.
    """
    _check(service)
    row = {
        "route_id": service.route_id,
        "mode": "bus",
        "network_id": service.network_id,
        "capacity_pers": float(service.seats),
        "vehicle_class": ON_DEMAND,
    }
    base, per_km, least = table.fares.of_network(service.network_id, False)
    ratio, fee = service.fare_ratio, service.booking_eur
    own = (*table.fares.own_eur, (service.network_id, (base * ratio + fee, per_km * ratio, least * ratio + fee)))
    wider = with_route(with_stops(table.without_routes(service.replaces), service.points), row)
    wider = replace(wider, fares=replace(table.fares, own_eur=own), on_demand=(*table.on_demand, service))
    return rebuilt(wider, patterns_of(wider) + _rides(wider, service))


def _check(service: OnDemand) -> None:
    name = f"service “{service.route_id}”"
    if not service.points or not service.hub_ids:
        raise InputError(f"{name} needs a pick-up point and a hub at least")
    if service.wait_s < 1 or service.vehicles < 1 or service.seats < 1:
        raise InputError(f"{name}: wait_s, vehicles and seats must be one or more")
    if not 1.0 <= service.run_pers <= service.seats:
        raise InputError(f"{name}: run_pers {service.run_pers:g} must be 1 to its {service.seats} seats")
    if not (service.detour_ratio >= 1 and service.pooling_ratio >= 1 and service.speed_km_h > 0):
        raise InputError(f"{name}: detour_ratio and pooling_ratio must be one or more, speed_km_h above zero")
    if not (0 <= service.empty_share < 1 and service.fare_ratio >= 0 and service.booking_eur >= 0):
        raise InputError(f"{name}: empty_share must be below one, fare_ratio and booking_eur zero or more")
    if any(hours and not 0 <= hours[0] <= hours[1] for hours in service.hours_s):
        raise InputError(f"{name}: the first departure must not be after the last, nor before midnight")


def _rides(table: Timetable, service: OnDemand) -> list[Pattern]:
    """One pattern from each point to each hub, and one back."""
    place = rows_of(table.stops["stop_id"])
    hubs = known_stops(table, service.hub_ids)
    points = [place[stop.stop_id] for stop in service.points]
    route = rows_of(table.routes["route_id"])[service.route_id]
    xy = table.stops[["x_m", "y_m"]].to_numpy(np.float64)
    starts = [_starts(hours, 2 * service.wait_s) for hours in service.hours_s]
    found = []
    for hub in hubs:
        for point in points:
            length_m = float(np.hypot(*(xy[hub] - xy[point]))) * service.detour_ratio
            ride_s = int(np.ceil(length_m * service.pooling_ratio * 3.6 / service.speed_km_h))
            days = tuple(_both_ends(at, ride_s) for at in starts)
            for direction, stops in enumerate(((point, hub), (hub, point))):
                rows = np.array(stops, np.int32)
                dist_m = np.array([0.0, length_m])
                found.append(Pattern(route, direction, rows, dist_m, days, calls_everywhere(rows)))
    return found


def _starts(hours_s: tuple[int, int] | None, every_s: int) -> NDArray[np.int32]:
    if hours_s is None:
        return np.empty(0, np.int32)
    return np.arange(hours_s[0], hours_s[1] + 1, every_s, dtype=np.int32)


def _both_ends(starts: NDArray[np.int32], ride_s: int) -> PatternTimes:
    times = np.ascontiguousarray(np.stack([starts, starts + np.int32(ride_s)]))
    return PatternTimes(times, times.copy())


def is_on_demand(table: Timetable) -> NDArray[np.bool_]:
    """Return for each pattern whether it is one of a service on demand: bool [K]."""
    found = np.zeros(table.n_patterns, bool)
    for _, own in _own_patterns(table):
        found |= own
    return found


def driven_km(table: Timetable, boardings: NDArray[np.float64]) -> dict[str, float]:
    """Return the vehicle-kilometres of each service on demand that its passengers cause.

    ``passengers * direct way * pooling_ratio / run_pers / (1 - empty_share)``.

    Parameters
    ----------
    table : Timetable
        With services on demand.
    boardings : float64 [K]
        Passengers of a day by pattern.

    Returns
    -------
    dict of str to float
        By ``route_id``; empty without services.
    """
    length_km = np.array([dist[-1] for dist in table.pattern_dist_m]) / 1000.0
    return {
        service.route_id: float((boardings * length_km)[own].sum() * _per_passenger(service))
        for service, own in _own_patterns(table)
    }


def load_of_services(table: Timetable, boardings: NDArray[np.float64], share: NDArray[np.float64]) -> None:
    """Write how busy the vehicles on demand are: vehicle-hours that passengers need over those offered.

    The vehicles of a service are shared by all its points, so all its patterns have the same load in a period.

    Parameters
    ----------
    table : Timetable
        With services on demand.
    boardings : float64 [K, Q]
        Passengers of a day by pattern and period.
    share : float64 [K, Q]
        Is written in the rows of the services; 0 where nothing is offered and nobody rides.
    """
    for service, own in _own_patterns(table):
        km = np.array([table.pattern_dist_m[k][-1] for k in np.flatnonzero(own)]) / 1000.0
        hours = (boardings[own] * km[:, None]).sum(axis=0) * _per_passenger(service) / service.speed_km_h
        offered = service.hours_offered()
        share[own] = np.where(hours > 0, hours / np.where(offered > 0, offered, np.inf), 0.0)


def _per_passenger(service: OnDemand) -> float:
    """Vehicle-kilometres per passenger-kilometre of the direct way."""
    return service.pooling_ratio / service.run_pers / (1.0 - service.empty_share)


def _own_patterns(table: Timetable) -> list[tuple[OnDemand, NDArray[np.bool_]]]:
    rows = rows_of(table.routes["route_id"])
    return [(service, table.pattern_route == rows[service.route_id]) for service in table.on_demand]
