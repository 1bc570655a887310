"""The timetable of a typical weekday and weekend day: stops, patterns, trips, vehicle-kilometres.

A pattern is a set of trips of one route and direction with the same stops in which none overtakes another (FIFO).
Stops, routes and patterns are sorted by their ids, so nothing depends on the order of rows in the feed.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, fields, replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from zemsim.core.errors import InputError
from zemsim.core.names import PERIODS, DayType
from zemsim.region.geo import EUROPEAN, Grid, great_circle_m
from zemsim.region.gtfs import Gtfs, read_gtfs
from zemsim.travel.transit_departures import fifo_classes, scale_departures

if TYPE_CHECKING:
    from zemsim.travel.timetable_levers import Line, Stop

#: GTFS route types that are railways: 1 and 2, and the extended types 100 to 199 and 400 to 499.
RAIL_TYPES = frozenset({1, 2, *range(100, 200), *range(400, 500)})


@dataclass(frozen=True)
class Fares:
    """Single fares in EUR: ``max(least, base + per km * km)`` for regional buses and trains, flat in the cities."""

    bus_fare_base_eur: float
    bus_fare_eur_km: float
    bus_fare_min_eur: float
    train_fare_base_eur: float
    train_fare_eur_km: float
    train_fare_min_eur: float
    city_fares_eur: tuple[tuple[str, float], ...] = ()

    @classmethod
    def from_prices(cls, price: Callable[[str], float], city_fares: Iterable[tuple[str, str]] = ()) -> Fares:
        """Take the fares from ``region.price`` (keys are the field names), by network and key in the cities."""
        regional = {item.name: float(price(item.name)) for item in fields(cls) if item.name != "city_fares_eur"}
        return cls(**regional, city_fares_eur=tuple((network, float(price(key))) for network, key in city_fares))

    def of_network(self, network_id: str, train: bool) -> tuple[float, float, float]:
        """Return base, per km and least fare of a network (``network_id`` of ``routes.txt``)."""
        city = dict(self.city_fares_eur)
        if network_id in city:
            return city[network_id], 0.0, 0.0
        if train:
            return self.train_fare_base_eur, self.train_fare_eur_km, self.train_fare_min_eur
        return self.bus_fare_base_eur, self.bus_fare_eur_km, self.bus_fare_min_eur


@dataclass(frozen=True)
class TransitRules:
    """Walking, changing, and which departures count; the defaults are those of ``assumptions/timetable.csv``."""

    transit_min_transfer_s: float = 120.0
    transit_transfer_walk_m: float = 600.0
    transit_walk_speed_km_h: float = 4.8
    transit_walk_detour_ratio: float = 1.3
    transit_access_bus_m: float = 3000.0
    transit_access_train_m: float = 5000.0
    transit_transfer_penalty_min: float = 5.0
    transit_slow_ratio: float = 1.5
    transit_slow_extra_min: float = 20.0
    transit_day_slow_ratio: float = 2.0
    transit_day_slow_extra_min: float = 60.0
    transit_max_boardings: float = 4.0

    @classmethod
    def from_assumptions(cls, assumption: Callable[[str], float]) -> TransitRules:
        """Take the rules from ``region.assumption`` (keys are the field names)."""
        return cls(**{item.name: float(assumption(item.name)) for item in fields(cls)})

    @property
    def walk_s_per_m(self) -> float:
        """Seconds of walking per metre of straight line."""
        return self.transit_walk_detour_ratio * 3.6 / self.transit_walk_speed_km_h


@dataclass(frozen=True)
class PatternTimes:
    """Times of one pattern on one day type: int32 [positions, trips], seconds after midnight, trips in FIFO order."""

    arrive_s: NDArray[np.int32]
    depart_s: NDArray[np.int32]


@dataclass(frozen=True, eq=False)
class Timetable:
    """Stops, patterns and the trips of two day types. Axes: S stops, K patterns.

    Attributes
    ----------
    stops : DataFrame [S]
        ``stop_id, stop_name, lat, lon, x_m, y_m`` (of ``grid``), sorted by id.
    routes : DataFrame
        ``route_id, mode`` (bus, train)``, network_id, capacity_pers`` (NaN unknown)``, vehicle_class``, sorted by id.
    pattern_route, pattern_direction : int32, int8 [K]
        Row of ``routes``; ``direction_id``.
    pattern_stops, pattern_dist_m : tuple of int32, float64 arrays
        Stop rows and metres from the first stop.
    times : tuple (weekday, weekend) of tuples of PatternTimes [K]
    dates : tuple of date
        The days of the feed that stand for a weekday and a weekend day.
    """

    stops: pd.DataFrame
    routes: pd.DataFrame
    pattern_route: NDArray[np.int32]
    pattern_direction: NDArray[np.int8]
    pattern_stops: tuple[NDArray[np.int32], ...]
    pattern_dist_m: tuple[NDArray[np.float64], ...]
    times: tuple[tuple[PatternTimes, ...], tuple[PatternTimes, ...]]
    dates: tuple[dt.date, dt.date]
    fares: Fares
    rules: TransitRules
    status: pd.DataFrame | None
    notices: tuple[str, ...]
    grid: Grid = EUROPEAN

    @classmethod
    def from_gtfs(
        cls, folder: str | Path, fares: Fares, rules: TransitRules | None = None, grid: Grid = EUROPEAN
    ) -> Timetable:
        """Read a GTFS folder.

        A weekday is the Wednesday, a weekend day the Saturday with the most trips (the first of equals).

        Parameters
        ----------
        folder : path
            Feed; ``vehicles.csv`` beside it may name capacities.
        fares : Fares
            Fares of the base year.
        rules : TransitRules, optional
            Walking and changing.
        grid : Grid
            Of ``x_m, y_m``.

        Raises
        ------
        InputError
            If the feed has a fault or no service on a weekday.
        """
        feed = read_gtfs(folder)
        return _build(cls, feed, fares, rules or TransitRules(), grid)

    @classmethod
    def from_region(cls, region: Any) -> Timetable:
        """Read the timetable of a region with its fares and assumptions."""
        rules = TransitRules.from_assumptions(region.assumption)
        fares = Fares.from_prices(region.price, region.roles.city_fares)
        return cls.from_gtfs(region.gtfs_folder, fares, rules, region.grid)

    @property
    def n_patterns(self) -> int:
        """Number of patterns."""
        return len(self.pattern_stops)

    def is_train(self) -> NDArray[np.bool_]:
        """Return for each pattern whether it is a train: bool [K]."""
        train = (self.routes["mode"] == "train").to_numpy()
        return np.asarray(train[self.pattern_route])

    def capacity_pers(self) -> NDArray[np.float64]:
        """Return places per departure of each pattern: float64 [K], NaN where unknown."""
        return np.asarray(self.routes["capacity_pers"].to_numpy(np.float64)[self.pattern_route])

    def scaled(self, frequency: Iterable[tuple[str, float]]) -> Timetable:
        """Return a timetable with more or fewer departures on some routes.

        Extra departures lie at even distances between existing ones, the largest gaps first where they are few; every
        existing departure stays. With a factor below one an even choice of the departures stays. Other routes keep
        their arrays.

        Parameters
        ----------
        frequency : iterable of (route_id, factor)
            Departures of the route, in each pattern, direction and day type, times the factor; 1 changes nothing.

        Raises
        ------
        InputError
            If a route is not known or a factor is negative.
        """
        rows = {name: i for i, name in enumerate(self.routes["route_id"])}
        factors: dict[int, float] = {}
        for route_id, factor in frequency:
            if route_id not in rows:
                raise InputError(f"route “{route_id}” is not in the timetable")
            if not (np.isfinite(factor) and factor >= 0):
                raise InputError(f"route “{route_id}”: frequency factor {factor} must be zero or more")
            factors[rows[route_id]] = factors.get(rows[route_id], 1.0) * float(factor)
        factors = {row: factor for row, factor in factors.items() if factor != 1.0}
        if not factors:
            return self
        days = []
        for patterns in self.times:
            new = list(patterns)
            for k, route in enumerate(self.pattern_route.tolist()):
                if route in factors:
                    arrive, depart = scale_departures(new[k].arrive_s, new[k].depart_s, factors[route])
                    new[k] = PatternTimes(arrive, depart)
            days.append(tuple(new))
        return replace(self, times=(days[0], days[1]))

    def without_routes(self, route_ids: Iterable[str]) -> Timetable:
        """Return a timetable in which no trip of these routes runs; the routes stay known."""
        return self.scaled([(name, 0.0) for name in route_ids])

    def with_line(self, line: Line) -> Timetable:
        """Return a timetable with a further line (:func:`zemsim.travel.timetable_levers.with_line`)."""
        from zemsim.travel.timetable_levers import with_line

        return with_line(self, line)

    def with_stop(
        self, stop: Stop, route_ids: Iterable[str] = (), dwell_s: int = 0, most_detour_m: float = 1000.0
    ) -> Timetable:
        """Return a timetable with a further stop (:func:`zemsim.travel.timetable_levers.with_stop`)."""
        from zemsim.travel.timetable_levers import with_stop

        return with_stop(self, stop, route_ids, dwell_s, most_detour_m)

    def with_speed(self, speed: Iterable[tuple[str, float]]) -> Timetable:
        """Return a timetable with other speeds of routes (:func:`zemsim.travel.timetable_levers.with_speed`)."""
        from zemsim.travel.timetable_levers import with_speed

        return with_speed(self, speed)

    def with_on_demand(
        self, route_ids: Iterable[str], every_s: int, hours_s: Mapping[DayType, tuple[int, int]]
    ) -> Timetable:
        """Return a timetable with routes on request (:func:`zemsim.travel.timetable_levers.with_on_demand`)."""
        from zemsim.travel.timetable_levers import with_on_demand

        return with_on_demand(self, route_ids, every_s, hours_s)

    def vehicle_km(self) -> pd.DataFrame:
        """Return ``route_id, network_id, mode, direction, day_type, departures, vehicle_km`` per day."""
        rows = []
        for day, patterns in enumerate(self.times):
            for k, times in enumerate(patterns):
                count = times.depart_s.shape[1]
                km = count * self.pattern_dist_m[k][-1] / 1000.0
                rows.append((int(self.pattern_route[k]), int(self.pattern_direction[k]), day, count, km))
        table = pd.DataFrame(rows, columns=["route", "direction", "day_type", "departures", "vehicle_km"])
        table = table.groupby(["route", "direction", "day_type"], sort=True, as_index=False).sum()
        for name in ("mode", "network_id", "route_id"):
            table.insert(0, name, self.routes[name].to_numpy()[table["route"].to_numpy()])
        return table.drop(columns="route")

    def departures_by_period(self) -> list[NDArray[np.int64]]:
        """Return for each pattern the departures at each position by period: int64 [positions, Q]; read only."""
        return self._departures

    @cached_property
    def _departures(self) -> list[NDArray[np.int64]]:
        found = []
        for k, stops in enumerate(self.pattern_stops):
            counts = np.zeros((len(stops), len(PERIODS)), np.int64)
            for q, (start_s, end_s) in enumerate(period_bounds()):
                depart = self.times[int(PERIODS[q].day_type)][k].depart_s
                counts[:, q] = ((depart >= start_s) & (depart < end_s)).sum(axis=1)
            found.append(counts)
        return found


def period_bounds() -> list[tuple[int, int]]:
    """Return start and end second of each period as it is used: the first and last of a day take what lies outside."""
    bounds = []
    for i, period in enumerate(PERIODS):
        first = i == 0 or PERIODS[i - 1].day_type != period.day_type
        last = i == len(PERIODS) - 1 or PERIODS[i + 1].day_type != period.day_type
        bounds.append((-(2**30) if first else period.start_min * 60, 2**30 if last else period.end_min * 60))
    return bounds


def typical_dates(feed: Gtfs) -> tuple[dt.date, dt.date]:
    """Return the Wednesday and the Saturday with the most trips; the first of equals."""
    count = feed.trips.groupby("service_id").size()
    marks = {feed.first_date(), *feed.calendar["start_date"], *feed.calendar_dates["date"]}
    marks |= {day + dt.timedelta(days=1) for day in [*feed.calendar["end_date"], *feed.calendar_dates["date"]]}
    best = []
    for weekday in (2, 5):
        days = sorted({mark + dt.timedelta(days=(weekday - mark.weekday()) % 7) for mark in marks})
        days = [day for day in days if day <= feed.last_date()] or [feed.last_date()]
        trips = [sum(int(count.get(name, 0)) for name in feed.active_services(day)) for day in days]
        best.append(days[int(np.argmax(trips))])
        if weekday == 2 and max(trips) == 0:
            raise InputError("no trip runs on any Wednesday", feed.folder / "calendar.txt")
    return best[0], best[1]


def _build(cls: type[Timetable], feed: Gtfs, fares: Fares, rules: TransitRules, grid: Grid) -> Timetable:
    stops = feed.stops.sort_values("stop_id", ignore_index=True)
    routes = _routes(feed)
    dates = typical_dates(feed)
    active = [feed.active_services(day) for day in dates]
    x_m, y_m = grid.to_metres(stops["stop_lon"], stops["stop_lat"])
    table = pd.DataFrame({"stop_id": stops["stop_id"], "stop_name": stops["stop_name"]})
    table = table.assign(lat=stops["stop_lat"], lon=stops["stop_lon"], x_m=x_m, y_m=y_m)
    stop_row = {name: i for i, name in enumerate(stops["stop_id"])}
    route_row = {name: i for i, name in enumerate(routes["route_id"])}
    groups = _group_trips(feed, stop_row, route_row, active)
    straight = False
    patterns: list[tuple[int, int, Any, Any, list[Any]]] = []
    for (route, direction, course), trips in sorted(groups.items()):
        dist, known = _distances(table, course, trips, rules)
        straight |= not known
        patterns += [(route, direction, course, dist, members) for members in fifo_classes(trips)]
    notices = list(feed.notices)
    if straight:
        notices.append("trips without shape_dist_traveled: straight lines times the walking detour stand for lengths")
    days = tuple(tuple(_times(members, day) for *_, members in patterns) for day in DayType)
    return cls(
        table,
        routes,
        np.array([p[0] for p in patterns], np.int32),
        np.array([p[1] for p in patterns], np.int8),
        tuple(np.array(p[2], np.int32) for p in patterns),
        tuple(p[3] for p in patterns),
        (days[0], days[1]),
        dates,
        fares,
        rules,
        feed.status,
        tuple(notices),
        grid,
    )


def _routes(feed: Gtfs) -> pd.DataFrame:
    routes = feed.routes.sort_values("route_id", ignore_index=True)
    train = routes["route_type"].isin(RAIL_TYPES).to_numpy()
    table = pd.DataFrame({"route_id": routes["route_id"], "mode": np.where(train, "train", "bus")})
    default = np.where(train, "train", "regional_bus")
    table["network_id"] = np.where(routes["network_id"] == "", default, routes["network_id"])
    table["capacity_pers"], table["vehicle_class"] = np.nan, ""
    if feed.vehicles is not None:
        known = feed.vehicles.set_index("route_id")
        table["capacity_pers"] = table["route_id"].map(known["capacity_pers"]).astype(np.float64)
        table["vehicle_class"] = table["route_id"].map(known["vehicle_class"]).fillna("")
    return table


def _group_trips(
    feed: Gtfs, stop_row: dict[str, int], route_row: dict[str, int], active: list[frozenset[str]]
) -> dict[tuple[int, int, tuple[int, ...]], list[Any]]:
    """Trips that run on a typical day by route, direction and course: ``(runs, arrive, depart, dist)`` each."""
    times = feed.stop_times
    bounds = np.flatnonzero(np.diff(times["trip_idx"].to_numpy(), prepend=-1, append=-1))
    trip_idx = times["trip_idx"].to_numpy()
    stop = np.array([stop_row[name] for name in times["stop_id"]], np.int32)
    arrive, depart = (times[name].to_numpy(np.int32) for name in ("arrival_s", "departure_s"))
    dist = times["shape_dist_traveled"].to_numpy(np.float64)
    routes = feed.trips["route_id"].tolist()
    services, directions = feed.trips["service_id"].tolist(), feed.trips["direction_id"].tolist()
    groups: dict[tuple[int, int, tuple[int, ...]], list[Any]] = {}
    for a, b in zip(bounds[:-1].tolist(), bounds[1:].tolist(), strict=True):
        trip = int(trip_idx[a])
        runs = tuple(services[trip] in names for names in active)
        if any(runs):
            key = (route_row[routes[trip]], int(directions[trip]), tuple(stop[a:b].tolist()))
            groups.setdefault(key, []).append((runs, arrive[a:b], depart[a:b], dist[a:b]))
    return groups


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
