"""What measures may do to a timetable: new lines and stops, stops that are passed, other speeds.

Pure functions from a timetable to another; the methods of :class:`~zemsim.travel.timetable.Timetable` call them. Routes
that a change does not name keep their arrays, bit for bit.
"""

from __future__ import annotations

from collections.abc import Container, Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from zemsim.core.errors import InputError
from zemsim.core.names import PERIODS, DayType
from zemsim.region.geo import great_circle_m
from zemsim.travel.timetable import PatternTimes, Timetable, period_bounds
from zemsim.travel.timetable_patterns import (
    Pattern,
    Stop,
    calls_everywhere,
    fifo_parts,
    known_routes,
    known_stops,
    patterns_of,
    rebuilt,
    rows_of,
    with_route,
    with_stops,
)


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
    """A new line; the position of a course is its direction.

    Attributes
    ----------
    capacity_pers : places of a vehicle, NaN where not known.
    fare_eur : flat fare of a ride; the fare of the network if None.
    stops : new stops at which it may call.
    """

    route_id: str
    mode: str
    network_id: str
    courses: tuple[Course, ...]
    capacity_pers: float = float("nan")
    vehicle_class: str = ""
    fare_eur: float | None = None
    stops: tuple[Stop, ...] = ()


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
    if line.mode not in ("bus", "train"):
        raise InputError(f"route “{line.route_id}”: mode “{line.mode}” must be bus or train")
    if not 1 <= len(line.courses) <= 2:
        raise InputError(f"route “{line.route_id}” must have one or two courses, not {len(line.courses)}")
    row = {name: getattr(line, name) for name in ("route_id", "mode", "network_id", "capacity_pers", "vehicle_class")}
    if line.fare_eur is not None:
        row["fare_eur"] = line.fare_eur
    wider = with_route(with_stops(table, line.stops), row)
    route = rows_of(wider.routes["route_id"])[line.route_id]
    patterns = patterns_of(wider)
    for direction, course in enumerate(line.courses):
        patterns += _course_patterns(wider, line.route_id, route, direction, course)
    return rebuilt(wider, patterns)


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
    if dwell_s < 0:
        raise InputError(f"stop “{stop.stop_id}”: dwell_s must be zero or more")
    wanted = known_routes(table, route_ids)
    wider = with_stops(table, [stop])
    place = rows_of(wider.stops["stop_id"])[stop.stop_id]
    points = wider.stops[["x_m", "y_m"]].to_numpy(np.float64)
    changed: list[Pattern] = []
    calls = set()
    for item in patterns_of(wider):
        parts = _calling(item, points, place, dwell_s, most_detour_m) if item.route in wanted else []
        calls |= {item.route} if parts else set()
        changed += parts or [item]
    far = [name for row_idx, name in wanted.items() if row_idx not in calls]
    if far:
        raise InputError(f"route “{far[0]}” comes nowhere within {most_detour_m:g} m of stop “{stop.stop_id}”")
    return rebuilt(wider, changed)


def without_stops(table: Timetable, stop_ids: Iterable[str], route_ids: Iterable[str], saved_s: int = 0) -> Timetable:
    """Return the timetable in which routes pass some stops without calling there; the stops stay known.

    Each call that is left out makes all later times of the trip earlier by ``saved_s``; a course that began or ended
    there is shorter by the section.

    Parameters
    ----------
    table : Timetable
        As it is.
    stop_ids : iterable of str
        Stops that are passed.
    route_ids : iterable of str
        Routes that pass them; each calls at one of them today.
    saved_s : int
        Seconds that a call on the way takes, standing, braking and starting.

    Raises
    ------
    InputError
        If a stop or route is not known, a route calls at none of the stops, would keep fewer than two, or could not
        save so much time.
    """
    wanted = known_routes(table, route_ids)
    stop_ids = tuple(stop_ids)
    passed = known_stops(table, stop_ids)
    changed: list[Pattern] = []
    calling = set()
    for item in patterns_of(table):
        left = ~np.isin(item.stops, passed)
        if item.route in wanted and not left.all():
            calling.add(item.route)
            item = _passing(item, left, saved_s, wanted[item.route])
        changed.append(item)
    idle = [name for row, name in wanted.items() if row not in calling]
    if idle:
        raise InputError(f"route “{idle[0]}” does not call at {' or '.join(f'“{name}”' for name in stop_ids)}")
    return rebuilt(table, changed)


def with_speed(
    table: Timetable,
    speed: Iterable[tuple[str, float]],
    periods: Container[int] | None = None,
    stop_ids: Container[str] | None = None,
) -> Timetable:
    """Return the timetable with other speeds between stops on some routes.

    Times between stops are divided by the factor, to whole seconds; departures from the first stop and the times at
    stops stay. Trips that would overtake one another become patterns of their own.

    Parameters
    ----------
    table : Timetable
        As it is.
    speed : iterable of (route_id, factor)
        1.1 is a tenth faster; factors of one route multiply.
    periods : container of int, optional
        Positions in ``names.PERIODS``: only rides that begin in one of them, by the times before the change.
    stop_ids : container of str, optional
        Only rides between two of these stops.

    Raises
    ------
    InputError
        If a route is not known or a factor is not above zero.
    """
    pairs = list(speed)
    rows = {name: row for row, name in known_routes(table, [name for name, _ in pairs]).items()}
    factors: dict[int, float] = {}
    for name, factor in pairs:
        if not (np.isfinite(factor) and factor > 0):
            raise InputError(f"route “{name}”: speed factor {factor} must be above zero")
        factors[rows[name]] = factors.get(rows[name], 1.0) * float(factor)
    factors = {row: factor for row, factor in factors.items() if factor != 1.0}
    if not factors:
        return table
    inside = np.array([stop_ids is None or name in stop_ids for name in table.stops["stop_id"]], bool)
    changed: list[Pattern] = []
    for item in patterns_of(table):
        if item.route not in factors:
            changed.append(item)
            continue
        rides = inside[item.stops[:-1]] & inside[item.stops[1:]]
        days = tuple(
            _faster(item.days[day], factors[item.route], rides[:, None] & _begun_in(item.days[day], day, periods))
            for day in DayType
        )
        changed += fifo_parts(item._replace(days=days))
    return rebuilt(table, changed)


def _begun_in(times: PatternTimes, day: DayType, periods: Container[int] | None) -> NDArray[np.bool_]:
    """Whether each ride begins in one of the periods: bool [positions - 1, trips]."""
    begin = times.depart_s[:-1]
    if periods is None:
        return np.ones(begin.shape, bool)
    found = np.zeros(begin.shape, bool)
    for q, (start_s, end_s) in enumerate(period_bounds()):
        if q in periods and PERIODS[q].day_type == day:
            found |= (begin >= start_s) & (begin < end_s)
    return found


def _course_patterns(table: Timetable, name: str, route: int, direction: int, course: Course) -> list[Pattern]:
    stops = np.array(known_stops(table, course.stop_ids, f"route “{name}”: "), np.int32)
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
    return [
        Pattern(
            route, direction, stops, np.concatenate([[0.0], np.cumsum(length)]), tuple(days), calls_everywhere(stops)
        )
    ]


def _calling(
    item: Pattern, points: NDArray[np.float64], stop: int, dwell_s: int, most_detour_m: float
) -> list[Pattern]:
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
    return fifo_parts(
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


def _faster(times: PatternTimes, factor: float, where: NDArray[np.bool_]) -> PatternTimes:
    ride = (times.arrive_s[1:] - times.depart_s[:-1]).astype(np.int64)
    ride = np.where(where, np.floor(ride / factor + 0.5).astype(np.int64), ride)
    stand = (times.depart_s - times.arrive_s).astype(np.int64)
    gained = np.cumsum(ride + stand[1:], axis=0)
    depart = np.vstack([times.depart_s[:1], times.depart_s[:1] + gained])
    return PatternTimes(np.ascontiguousarray(depart - stand, np.int32), np.ascontiguousarray(depart, np.int32))


def _passing(item: Pattern, left: NDArray[np.bool_], saved_s: int, name: str) -> Pattern:
    """The pattern with calls only where ``left``; later times are earlier by ``saved_s`` for each call passed."""
    kept = np.flatnonzero(left)
    if len(kept) < 2:
        raise InputError(f"route “{name}” would be left with {len(kept)} stops in one direction: a line needs two")
    on_the_way = ~left & (np.arange(len(left)) > kept[0])
    sooner = (np.cumsum(on_the_way)[kept] * saved_s).astype(np.int32)[:, None]
    days = []
    for times in item.days:
        arrive, depart = times.arrive_s[kept] - sooner, times.depart_s[kept] - sooner
        if (arrive[1:] < depart[:-1]).any():
            raise InputError(f"route “{name}” has no {saved_s} s to save at a stop that it passes")
        days.append(PatternTimes(np.ascontiguousarray(arrive, np.int32), np.ascontiguousarray(depart, np.int32)))
    dist_m = item.dist_m[kept] - item.dist_m[kept[0]]
    return item._replace(stops=item.stops[kept], dist_m=dist_m, days=tuple(days), calls=item.calls[kept])
