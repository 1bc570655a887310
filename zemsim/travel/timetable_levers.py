"""What measures may do to a timetable: new lines and stops, other speeds, lines taken away or run on request.

Pure functions from a timetable to another; the methods of :class:`~zemsim.travel.timetable.Timetable` call them. Routes
that a change does not name keep their arrays, bit for bit.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from zemsim.core.errors import InputError, did_you_mean
from zemsim.core.names import DayType
from zemsim.region.geo import great_circle_m
from zemsim.travel.timetable import GivenWalks, PatternTimes, Timetable
from zemsim.travel.transit_departures import fifo_classes


@dataclass(frozen=True)
class Course:
    """One direction of a new line.

    Attributes
    ----------
    stop_ids : stops in order, two or more; one may occur again.
    ride_s : whole seconds from each stop to the next.
    departures_s : departures from the first stop, seconds after midnight, on a weekday and on a weekend day.
    dwell_s : seconds at each stop between the first and the last.
    length_m : metres from each stop to the next; straight lines times the walking detour where not known.
    """

    stop_ids: tuple[str, ...]
    ride_s: tuple[int, ...]
    departures_s: tuple[tuple[int, ...], tuple[int, ...]]
    dwell_s: int = 0
    length_m: tuple[float, ...] | None = None


@dataclass(frozen=True)
class Line:
    """A new line; the position of a course is its direction. ``capacity_pers`` is NaN where not known."""

    route_id: str
    mode: str
    network_id: str
    courses: tuple[Course, ...]
    capacity_pers: float = float("nan")
    vehicle_class: str = ""


@dataclass(frozen=True)
class Stop:
    """A new stop; degrees (WGS 84)."""

    stop_id: str
    stop_name: str
    lat: float
    lon: float


class _Pattern(NamedTuple):
    route: int
    direction: int
    stops: NDArray[np.int32]
    dist_m: NDArray[np.float64]
    days: tuple[PatternTimes, ...]
    calls: NDArray[np.int8]


def with_line(table: Timetable, line: Line) -> Timetable:
    """Return the timetable with a further line.

    Parameters
    ----------
    table : Timetable
        Its stops are those that the line may call at.
    line : Line
        Route, courses and departures.

    Raises
    ------
    InputError
        If the route is there already, a stop is not, or times and lengths do not fit the stops.
    """
    if line.route_id in set(table.routes["route_id"]):
        raise InputError(f"route “{line.route_id}” is in the timetable already")
    if line.mode not in ("bus", "train"):
        raise InputError(f"route “{line.route_id}”: mode “{line.mode}” must be bus or train")
    if not 1 <= len(line.courses) <= 2:
        raise InputError(f"route “{line.route_id}” must have one or two courses, not {len(line.courses)}")
    row = pd.DataFrame([{name: getattr(line, name, np.nan) for name in table.routes.columns}])
    routes = pd.concat([table.routes, row], ignore_index=True).sort_values("route_id", ignore_index=True)
    moved = _rows(routes["route_id"])
    new_row = np.array([moved[name] for name in table.routes["route_id"]], np.int32)
    patterns = [item._replace(route=int(new_row[item.route])) for item in _patterns(table)]
    for direction, course in enumerate(line.courses):
        patterns += _course_patterns(table, line.route_id, moved[line.route_id], direction, course)
    return _rebuilt(replace(table, routes=routes), patterns)


def with_stop(
    table: Timetable, stop: Stop, route_ids: Iterable[str] = (), dwell_s: int = 0, most_detour_m: float = 1000.0
) -> Timetable:
    """Return the timetable with a further stop at which routes call.

    Each pattern of the routes calls between those two of its stops where the way by straight lines grows least, where
    it grows by no more than ``most_detour_m``. The vehicle keeps its speed between the two: time and length of the
    section grow as the straight line does. It stands for ``dwell_s``, and all later times move.

    Parameters
    ----------
    table : Timetable
        As it is.
    stop : Stop
        With an id of its own.
    route_ids : iterable of str
        Routes that call there.
    dwell_s : int
        Seconds at the stop.
    most_detour_m : float
        Metres of straight line.

    Raises
    ------
    InputError
        If the stop is there already, a route is not, or no pattern of a route comes near enough.
    """
    if stop.stop_id in set(table.stops["stop_id"]):
        raise InputError(f"stop “{stop.stop_id}” is in the timetable already")
    if not (-90 <= stop.lat <= 90 and -180 <= stop.lon <= 180) or dwell_s < 0:
        raise InputError(f"stop “{stop.stop_id}”: latitude, longitude or dwell_s is out of range")
    wanted = _known(table, route_ids)
    x_m, y_m = table.grid.to_metres([stop.lon], [stop.lat])
    row = pd.DataFrame([{**vars(stop), "x_m": float(x_m[0]), "y_m": float(y_m[0])}])[list(table.stops.columns)]
    stops = pd.concat([table.stops, row], ignore_index=True).sort_values("stop_id", ignore_index=True)
    place = _rows(stops["stop_id"])
    new_row = np.array([place[name] for name in table.stops["stop_id"]], np.int32)
    points = stops[["x_m", "y_m"]].to_numpy(np.float64)
    changed: list[_Pattern] = []
    calls = set()
    for item in _patterns(table):
        moved = item._replace(stops=new_row[item.stops])
        if item.route in wanted:
            parts = _calling(moved, points, place[stop.stop_id], dwell_s, most_detour_m)
            calls |= {item.route} if parts else set()
            changed += parts or [moved]
        else:
            changed.append(moved)
    far = [name for row_idx, name in wanted.items() if row_idx not in calls]
    if far:
        raise InputError(f"route “{far[0]}” comes nowhere within {most_detour_m:g} m of stop “{stop.stop_id}”")
    walks = table.walks
    if walks is not None:
        walks = GivenWalks(new_row[walks.from_stop], new_row[walks.to_stop], walks.walk_s)
    return _rebuilt(replace(table, stops=stops, walks=walks), changed)


def with_speed(table: Timetable, speed: Iterable[tuple[str, float]]) -> Timetable:
    """Return the timetable with other speeds between stops on some routes.

    Times between stops are divided by the factor, to whole seconds; departures from the first stop and the times at
    stops stay. Trips that would overtake one another become patterns of their own.

    Parameters
    ----------
    table : Timetable
        As it is.
    speed : iterable of (route_id, factor)
        1.1 is a tenth faster; factors of one route multiply.

    Raises
    ------
    InputError
        If a route is not known or a factor is not above zero.
    """
    pairs = list(speed)
    rows = {name: row for row, name in _known(table, [name for name, _ in pairs]).items()}
    factors: dict[int, float] = {}
    for name, factor in pairs:
        if not (np.isfinite(factor) and factor > 0):
            raise InputError(f"route “{name}”: speed factor {factor} must be above zero")
        factors[rows[name]] = factors.get(rows[name], 1.0) * float(factor)
    factors = {row: factor for row, factor in factors.items() if factor != 1.0}
    if not factors:
        return table
    changed: list[_Pattern] = []
    for item in _patterns(table):
        if item.route not in factors:
            changed.append(item)
            continue
        days = tuple(_faster(times, factors[item.route]) for times in item.days)
        changed += _fifo(item._replace(days=days))
    return _rebuilt(table, changed)


def with_on_demand(
    table: Timetable, route_ids: Iterable[str], every_s: int, hours_s: Mapping[DayType, tuple[int, int]]
) -> Timetable:
    """Return the timetable with routes that run on request instead of by the clock.

    Whoever asks is taken along the route's stops after at most ``every_s``: each course of the route that runs on the
    day type departs every ``every_s`` within the hours, with the times of its quickest trip. Departures are what is
    offered, so :meth:`Timetable.vehicle_km` is the most that may be driven, not what is.

    Parameters
    ----------
    table : Timetable
        As it is.
    route_ids : iterable of str
        Routes whose trips are replaced.
    every_s : int
        Longest time between request and departure in seconds, one or more.
    hours_s : mapping of DayType to (first, last)
        First and last possible departure from the first stop; a day type that is missing has no service.

    Raises
    ------
    InputError
        If a route is not known, or times are out of order.
    """
    wanted = _known(table, route_ids)
    if every_s < 1 or any(not 0 <= first <= last for first, last in hours_s.values()):
        raise InputError("every_s must be one or more, and the first departure not after the last")
    changed: list[_Pattern] = []
    served = set()
    patterns = _patterns(table)
    for item in patterns:
        if item.route not in wanted:
            changed.append(item)
            continue
        course = (item.route, item.direction, tuple(item.stops.tolist()))
        if course in served:
            continue  # patterns of one course differ by overtaking trips only
        served.add(course)
        same = [p for p in patterns if (p.route, p.direction, tuple(p.stops.tolist())) == course]
        days = tuple(_on_request(same, day, every_s, hours_s.get(day)) for day in DayType)
        changed.append(item._replace(days=days))
    return _rebuilt(table, changed)


def _on_request(patterns: list[_Pattern], day: DayType, every_s: int, hours_s: tuple[int, int] | None) -> PatternTimes:
    """Departures at even distances with the times of the quickest trip (of equals, the first) of the day type."""
    trips = [
        (times.arrive_s[:, i], times.depart_s[:, i])
        for times in (p.days[int(day)] for p in patterns)
        for i in range(times.depart_s.shape[1])
    ]
    if hours_s is None or not trips:
        return PatternTimes(*(np.empty((len(patterns[0].stops), 0), np.int32) for _ in range(2)))
    arrive, depart = min(trips, key=lambda trip: (int(trip[0][-1] - trip[1][0]), int(trip[1][0])))
    starts = np.arange(hours_s[0], hours_s[1] + 1, every_s, dtype=np.int32)
    return PatternTimes(*(np.ascontiguousarray((at - depart[0])[:, None] + starts) for at in (arrive, depart)))


def _course_patterns(table: Timetable, name: str, route: int, direction: int, course: Course) -> list[_Pattern]:
    place = _rows(table.stops["stop_id"])
    for stop_id in course.stop_ids:
        if stop_id not in place:
            hint = did_you_mean(stop_id, place)
            raise InputError(f"route “{name}”: stop “{stop_id}” is not in the timetable", hint=hint)
    stops = np.array([place[stop_id] for stop_id in course.stop_ids], np.int32)
    rides = len(stops) - 1
    if rides < 1 or len(course.ride_s) != rides or (course.length_m is not None and len(course.length_m) != rides):
        raise InputError(
            f"route “{name}”: {len(stops)} stops need one ride_s (and length_m) less, and two stops at least"
        )
    if min(course.ride_s) < 0 or course.dwell_s < 0 or min(course.length_m or (0.0,)) < 0:
        raise InputError(f"route “{name}”: ride_s, dwell_s and length_m must be zero or more")
    ride = np.array(course.ride_s, np.int64)
    depart = np.concatenate([[0], np.cumsum(ride + course.dwell_s)])
    arrive = depart - course.dwell_s
    arrive[0], depart[-1] = depart[0], arrive[-1]
    if course.length_m is None:
        lon, lat = (table.stops[axis].to_numpy(np.float64)[stops] for axis in ("lon", "lat"))
        length = great_circle_m(lon[:-1], lat[:-1], lon[1:], lat[1:]) * table.rules.transit_walk_detour_ratio
    else:
        length = np.array(course.length_m, np.float64)
    days = []
    for departures in course.departures_s:
        starts = np.array(sorted(departures), np.int64)
        if np.any(starts < 0):
            raise InputError(f"route “{name}”: a departure lies before midnight")
        days.append(PatternTimes(*(np.ascontiguousarray(at[:, None] + starts, np.int32) for at in (arrive, depart))))
    return [_Pattern(route, direction, stops, np.concatenate([[0.0], np.cumsum(length)]), tuple(days), _all(stops))]


def _calling(
    item: _Pattern, points: NDArray[np.float64], stop: int, dwell_s: int, most_detour_m: float
) -> list[_Pattern]:
    """The pattern with a call at ``stop`` in the section where it is least out of the way; empty if it is too far."""
    here = points[item.stops]
    straight = np.hypot(*np.diff(here, axis=0).T)
    to_stop = np.hypot(*(here - points[stop]).T)
    detour = np.where(straight > 0, to_stop[:-1] + to_stop[1:] - straight, np.inf)
    k = int(np.argmin(detour))
    if not detour[k] <= most_detour_m:
        return []
    shares = to_stop[k : k + 2] / straight[k]
    length = np.diff(item.dist_m)
    length = np.concatenate([length[:k], length[k] * shares, length[k + 1 :]])
    days = tuple(_with_call(times, k, shares, dwell_s) for times in item.days)
    dist_m = np.concatenate([[0.0], np.cumsum(length)])
    calls = np.insert(item.calls, k + 1, np.int8(3))
    return _fifo(
        item._replace(stops=np.insert(item.stops, k + 1, np.int32(stop)), dist_m=dist_m, days=days, calls=calls)
    )


def _with_call(times: PatternTimes, k: int, shares: NDArray[np.float64], dwell_s: int) -> PatternTimes:
    ride = (times.arrive_s[k + 1] - times.depart_s[k]).astype(np.float64)
    both = np.floor(ride * shares.sum() + 0.5)
    at = times.depart_s[k] + np.floor(both * shares[0] / shares.sum() + 0.5).astype(np.int32)
    later = (both - ride).astype(np.int32) + np.int32(dwell_s)
    arrive = np.vstack([times.arrive_s[: k + 1], at, times.arrive_s[k + 1 :] + later])
    depart = np.vstack([times.depart_s[: k + 1], at + np.int32(dwell_s), times.depart_s[k + 1 :] + later])
    return PatternTimes(np.ascontiguousarray(arrive, np.int32), np.ascontiguousarray(depart, np.int32))


def _faster(times: PatternTimes, factor: float) -> PatternTimes:
    ride = np.floor((times.arrive_s[1:] - times.depart_s[:-1]) / factor + 0.5).astype(np.int64)
    stand = (times.depart_s - times.arrive_s).astype(np.int64)
    gained = np.cumsum(ride + stand[1:], axis=0)
    depart = np.vstack([times.depart_s[:1], times.depart_s[:1] + gained])
    return PatternTimes(np.ascontiguousarray(depart - stand, np.int32), np.ascontiguousarray(depart, np.int32))


def _fifo(item: _Pattern) -> list[_Pattern]:
    """Split a pattern whose trips may overtake one another."""
    found = []
    for times in item.days:
        trips = [(True, times.arrive_s[:, i], times.depart_s[:, i], None) for i in range(times.depart_s.shape[1])]
        found.append(fifo_classes(trips))
    empty = PatternTimes(*(np.empty((len(item.stops), 0), np.int32) for _ in range(2)))
    parts = []
    for i in range(max(1, *(len(classes) for classes in found))):
        days = tuple(_stacked(classes[i]) if i < len(classes) else empty for classes in found)
        parts.append(item._replace(days=days))
    return parts


def _stacked(trips: list[Any]) -> PatternTimes:
    return PatternTimes(*(np.ascontiguousarray(np.stack([trip[i] for trip in trips], axis=1)) for i in (1, 2)))


def _known(table: Timetable, route_ids: Iterable[str]) -> dict[int, str]:
    """Rows of routes with their ids."""
    rows = _rows(table.routes["route_id"])
    found = {}
    for name in route_ids:
        if name not in rows:
            raise InputError(f"route “{name}” is not in the timetable", hint=did_you_mean(name, rows))
        found[rows[name]] = name
    return found


def _rows(names: Iterable[str]) -> dict[str, int]:
    return {name: row for row, name in enumerate(names)}


def _patterns(table: Timetable) -> list[_Pattern]:
    calls = table.pattern_calls or tuple(_all(stops) for stops in table.pattern_stops)
    return [
        _Pattern(int(route), int(direction), stops, dist, tuple(day[k] for day in table.times), calls[k])
        for k, (route, direction, stops, dist) in enumerate(
            zip(table.pattern_route, table.pattern_direction, table.pattern_stops, table.pattern_dist_m, strict=True)
        )
    ]


def _rebuilt(table: Timetable, patterns: list[_Pattern]) -> Timetable:
    """The timetable with other patterns: sorted by route, direction, stops; patterns of one course keep their order."""
    patterns = sorted(patterns, key=lambda p: (p.route, p.direction, p.stops.tolist()))
    weekday, weekend = (tuple(p.days[int(day)] for p in patterns) for day in DayType)
    return replace(
        table,
        pattern_route=np.array([p.route for p in patterns], np.int32),
        pattern_direction=np.array([p.direction for p in patterns], np.int8),
        pattern_stops=tuple(p.stops for p in patterns),
        pattern_dist_m=tuple(p.dist_m for p in patterns),
        times=(weekday, weekend),
        pattern_calls=tuple(p.calls for p in patterns) if table.pattern_calls else (),
    )


def _all(stops: NDArray[np.int32]) -> NDArray[np.int8]:
    """One may get on and off everywhere."""
    return np.full(len(stops), 3, np.int8)
