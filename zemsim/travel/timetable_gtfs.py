"""From a GTFS feed to a timetable: the days, the patterns, their trips and lengths, fares and walks that are given."""

from __future__ import annotations

import datetime as dt
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from zemsim.core.errors import InputError
from zemsim.core.names import DayType
from zemsim.region.geo import Grid, great_circle_m
from zemsim.region.gtfs import Gtfs
from zemsim.region.gtfs.fares import FareTable
from zemsim.region.gtfs.kinds import ODD_KINDS, TRAIN_KINDS
from zemsim.travel.fares import Fares
from zemsim.travel.timetable import GivenWalks, PatternTimes, Timetable
from zemsim.travel.transit_departures import fifo_classes
from zemsim.travel.transit_rules import TransitRules

#: Currency of all sums of the model.
CURRENCY = "EUR"

_ON, _OFF = 1, 2


class _Course(NamedTuple):
    """What trips of a pattern have in common: rows of route and stops, direction, where one may get on and off."""

    route: int
    direction: int
    stops: tuple[int, ...]
    calls: tuple[int, ...]


def typical_dates(feed: Gtfs) -> tuple[dt.date, dt.date]:
    """Return the Wednesday and the Saturday with the most trips; the first of equals, the first Saturday of none."""
    wednesday = feed.busiest(2)
    try:
        return wednesday, feed.busiest(5)
    except InputError:
        first = feed.first_date()
        return wednesday, first + dt.timedelta(days=(5 - first.weekday()) % 7)


def dates_around(feed: Gtfs, date: dt.date) -> tuple[dt.date, dt.date]:
    """Return a weekday and a weekend day of which one is ``date``, the other the Wednesday or Saturday of its week.

    Raises
    ------
    InputError
        If no trip runs on the date; it names days that have service.
    """
    feed.services_on(date)
    monday = date - dt.timedelta(days=date.weekday())
    weekend = date.weekday() >= 5
    return (monday + dt.timedelta(days=2) if weekend else date), (date if weekend else monday + dt.timedelta(days=5))


def timetable_of(feed: Gtfs, fares: Fares, rules: TransitRules, grid: Grid, date: dt.date | None = None) -> Timetable:
    """Return the timetable of a feed.

    Parameters
    ----------
    feed : Gtfs
        The feed.
    fares : Fares
        Fares of the base year, where the feed states none in EUR.
    rules : TransitRules
        Walking and changing.
    grid : Grid
        Of ``x_m, y_m``.
    date : date, optional
        As for :meth:`~zemsim.travel.timetable.Timetable.from_gtfs`.
    """
    dates = typical_dates(feed) if date is None else dates_around(feed, date)
    notices = [str(notice) for notice in feed.notices]
    stops = feed.stops.sort_values("stop_id", ignore_index=True)
    routes = _routes(feed, notices)
    ride_fares = _ride_fares(feed, routes, notices)
    active = [feed.active_services(day) for day in dates]
    x_m, y_m = grid.to_metres(stops["stop_lon"], stops["stop_lat"])
    table = pd.DataFrame({"stop_id": stops["stop_id"], "stop_name": stops["stop_name"]})
    table = table.assign(lat=stops["stop_lat"], lon=stops["stop_lon"], x_m=x_m, y_m=y_m)
    stop_row = {name: i for i, name in enumerate(stops["stop_id"])}
    route_row = {name: i for i, name in enumerate(routes["route_id"])}
    straight = False
    patterns: list[tuple[_Course, Any, list[Any]]] = []
    for course, trips in sorted(_group_trips(feed, stop_row, route_row, active).items()):
        dist, known = _distances(table, course.stops, trips, rules)
        straight |= not known
        patterns += [(course, dist, members) for members in fifo_classes(trips)]
    if straight:
        notices.append("trips without lengths: straight lines times the walking detour stand for them")
    if not any(active[0]):
        notices.append(f"no trip runs on the weekday {dates[0]}")
    if not any(active[1]):
        notices.append(f"no trip runs on the weekend day {dates[1]}")
    days = tuple(tuple(_times(members, day) for *_, members in patterns) for day in DayType)
    calls = tuple(np.array(course.calls, np.int8) for course, *_ in patterns)
    return Timetable(
        table,
        routes,
        np.array([course.route for course, *_ in patterns], np.int32),
        np.array([course.direction for course, *_ in patterns], np.int8),
        tuple(np.array(course.stops, np.int32) for course, *_ in patterns),
        tuple(dist for _, dist, _ in patterns),
        (days[0], days[1]),
        dates,
        fares,
        rules,
        feed.status,
        tuple(notices),
        grid,
        _given_walks(feed, stop_row, rules),
        calls if any((own != _ON + _OFF).any() for own in calls) else (),
        ride_fares,
    )


def _routes(feed: Gtfs, notices: list[str]) -> pd.DataFrame:
    routes = feed.routes.sort_values("route_id", ignore_index=True)
    train = routes["kind"].isin(TRAIN_KINDS).to_numpy()
    table = pd.DataFrame({"route_id": routes["route_id"], "mode": np.where(train, "train", "bus")})
    default = np.where(train, "train", "regional_bus")
    table["network_id"] = np.where(routes["network_id"] == "", default, routes["network_id"])
    table["capacity_pers"], table["vehicle_class"] = np.nan, ""
    if feed.vehicles is not None:
        known = feed.vehicles.set_index("route_id")
        table["capacity_pers"] = table["route_id"].map(known["capacity_pers"]).astype(np.float64)
        table["vehicle_class"] = table["route_id"].map(known["vehicle_class"]).fillna("")
    for kind in sorted(ODD_KINDS & set(routes["kind"])):
        count = int((routes["kind"] == kind).sum())
        notices.append(f"{count:,} × route by {kind.replace('_', ' ')}, which counts as a bus")
    return table


def _ride_fares(feed: Gtfs, routes: pd.DataFrame, notices: list[str]) -> FareTable | None:
    """Set the fare of routes on which all rides cost the same (``fare_eur``, NaN for the others); return the rest.

    What the model does not express is said: fares in other currencies, and routes without one.
    """
    if feed.fares is None:
        return None
    names = routes["route_id"].tolist()
    fares = feed.fares.in_currency(CURRENCY)
    other = len(feed.fares.rules) - len(fares.rules)
    if other:
        units = ", ".join(unit for unit in feed.fares.currencies() if unit != CURRENCY)
        notices.append(f"{other:,} × fare rule in {units}, not used: there is no rate to {CURRENCY}")
    flat = fares.flat_by_route(names)
    routes["fare_eur"] = np.array([flat[name][0] if name in flat else np.nan for name in names])
    by_ride = [name for name in names if name not in flat and fares.of_route(name)]
    without = len(names) - len(flat) - len(by_ride)
    if without:
        notices.append(f"{without:,} × route without a fare in the feed: the formula of the region holds")
    if by_ride:
        notices.append(
            f"{len(by_ride):,} × route whose fare depends on the stops: by ride, the formula where none is stated"
        )
    return fares if by_ride else None


def _given_walks(feed: Gtfs, stop_row: dict[str, int], rules: TransitRules) -> GivenWalks | None:
    """Return walks by rows of stops; the least time for a change is taken off a time for the whole change."""
    if not len(feed.walks):
        return None
    start, end = (np.array([stop_row[name] for name in feed.walks[f"{x}_stop_id"]], np.int32) for x in ("from", "to"))
    whole = np.where(feed.walks["kind"] == "change", rules.transit_min_transfer_s, 0.0)
    seconds = np.maximum(np.ceil(feed.walks["seconds"].to_numpy(np.float64) - whole - 1e-9), 0.0)
    order = np.lexsort((end, start))
    walk_s = np.where(np.isnan(seconds), -1.0, seconds).astype(np.int32)
    return GivenWalks(start[order], end[order], walk_s[order])


def _group_trips(
    feed: Gtfs, stop_row: dict[str, int], route_row: dict[str, int], active: list[frozenset[str]]
) -> dict[_Course, list[Any]]:
    """Trips that run on a typical day by route, direction and course: ``(runs, arrive, depart, dist)`` each."""
    times = feed.stop_times
    bounds = np.flatnonzero(np.diff(times["trip_idx"].to_numpy(), prepend=-1, append=-1))
    trip_idx = times["trip_idx"].to_numpy()
    stop = np.array([stop_row[name] for name in times["stop_id"]], np.int32)
    arrive, depart = (times[name].to_numpy(np.int32) for name in ("arrival_s", "departure_s"))
    dist = times["dist_m"].to_numpy(np.float64)
    routes = feed.trips["route_id"].tolist()
    services, directions = feed.trips["service_id"].tolist(), feed.trips["direction_id"].tolist()
    calls = _calls(times, trip_idx)
    groups: dict[_Course, list[Any]] = {}
    for a, b in zip(bounds[:-1].tolist(), bounds[1:].tolist(), strict=True):
        trip = int(trip_idx[a])
        runs = tuple(services[trip] in names for names in active)
        if any(runs):
            course, own = tuple(stop[a:b].tolist()), tuple(calls[a:b].tolist())
            key = _Course(route_row[routes[trip]], int(directions[trip]), course, own)
            groups.setdefault(key, []).append((runs, arrive[a:b], depart[a:b], dist[a:b]))
    return groups


def _calls(times: pd.DataFrame, trip_idx: NDArray[np.int64]) -> NDArray[np.int8]:
    """Where one may get on (1) and off (2): int8 [N]; both at the ends of a trip, where it makes no difference."""
    on = (times["pickup_type"].to_numpy() != 1) | (np.diff(trip_idx, append=-1) != 0)
    off = (times["drop_off_type"].to_numpy() != 1) | (np.diff(trip_idx, prepend=-1) != 0)
    return np.asarray(on * _ON + off * _OFF, np.int8)


def _distances(
    stops: pd.DataFrame, course: tuple[int, ...], trips: list[Any], rules: TransitRules
) -> tuple[NDArray[np.float64], bool]:
    """Metres along a course: those of the feed if they rise from stop to stop, else straight lines times a detour."""
    given = [trip[3] for trip in trips if np.all(np.diff(trip[3]) >= 0)]
    if given:
        first = min(given, key=lambda values: tuple(values.tolist()))
        return np.asarray(first - first[0], np.float64), True
    lon, lat = (stops[name].to_numpy()[list(course)] for name in ("lon", "lat"))
    legs = great_circle_m(lon[:-1], lat[:-1], lon[1:], lat[1:]) * rules.transit_walk_detour_ratio
    return np.concatenate([[0.0], np.cumsum(legs)]), False


def _times(members: list[Any], day: int) -> PatternTimes:
    chosen = [trip for trip in members if trip[0][day]]
    if not chosen:
        empty = np.empty((len(members[0][1]), 0), np.int32)
        return PatternTimes(empty, empty)
    arrive = np.ascontiguousarray(np.stack([trip[1] for trip in chosen], axis=1))
    depart = np.ascontiguousarray(np.stack([trip[2] for trip in chosen], axis=1))
    return PatternTimes(arrive, depart)
