"""The courses of a timetable as rows that measures change, and a timetable made of them again."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from zemsim.core.errors import InputError, did_you_mean
from zemsim.core.names import DayType
from zemsim.travel.timetable import GivenWalks, PatternTimes, Timetable
from zemsim.travel.transit_departures import fifo_classes


@dataclass(frozen=True)
class Stop:
    """A new stop; degrees (WGS 84)."""

    stop_id: str
    stop_name: str
    lat: float
    lon: float


class Pattern(NamedTuple):
    """One pattern with its days: rows of the route and of the stops, metres from the first, and calls by position."""

    route: int
    direction: int
    stops: NDArray[np.int32]
    dist_m: NDArray[np.float64]
    days: tuple[PatternTimes, ...]
    calls: NDArray[np.int8]


def fifo_parts(item: Pattern) -> list[Pattern]:
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


def known_routes(table: Timetable, route_ids: Iterable[str]) -> dict[int, str]:
    """Return rows of routes with their ids; an unknown one is an error that names the nearest."""
    rows = rows_of(table.routes["route_id"])
    found = {}
    for name in route_ids:
        if name not in rows:
            raise InputError(f"route “{name}” is not in the timetable", hint=did_you_mean(name, rows))
        found[rows[name]] = name
    return found


def known_stops(table: Timetable, stop_ids: Iterable[str], where: str = "") -> list[int]:
    """Return rows of stops; an unknown one is an error, begun with ``where``, that names the nearest."""
    rows = rows_of(table.stops["stop_id"])
    found = []
    for name in stop_ids:
        if name not in rows:
            raise InputError(f"{where}stop “{name}” is not in the timetable", hint=did_you_mean(name, rows))
        found.append(rows[name])
    return found


def rows_of(names: Iterable[str]) -> dict[str, int]:
    """Return the position of each name."""
    return {name: row for row, name in enumerate(names)}


def with_stops(table: Timetable, stops: Sequence[Stop]) -> Timetable:
    """Return the timetable with further stops at which nothing calls yet.

    Raises
    ------
    InputError
        If a stop is there already, or its degrees are out of range.
    """
    if not stops:
        return table
    known = set(table.stops["stop_id"])
    for stop in stops:
        if stop.stop_id in known:
            raise InputError(f"stop “{stop.stop_id}” is in the timetable already")
        if not (-90 <= stop.lat <= 90 and -180 <= stop.lon <= 180):
            raise InputError(f"stop “{stop.stop_id}”: latitude or longitude is out of range")
        known.add(stop.stop_id)
    x_m, y_m = table.grid.to_metres([stop.lon for stop in stops], [stop.lat for stop in stops])
    rows = pd.DataFrame([vars(stop) for stop in stops]).assign(x_m=x_m, y_m=y_m)[list(table.stops.columns)]
    merged = pd.concat([table.stops, rows], ignore_index=True).sort_values("stop_id", ignore_index=True)
    place = rows_of(merged["stop_id"])
    new_row = np.array([place[name] for name in table.stops["stop_id"]], np.int32)
    walks = table.walks
    if walks is not None:
        walks = GivenWalks(new_row[walks.from_stop], new_row[walks.to_stop], walks.walk_s)
    moved = [item._replace(stops=new_row[item.stops]) for item in patterns_of(table)]
    return rebuilt(replace(table, stops=merged, walks=walks), moved)


def with_route(table: Timetable, row: Mapping[str, Any]) -> Timetable:
    """Return the timetable with a further route without trips; ``row`` has columns of ``routes``, NaN where missing.

    Raises
    ------
    InputError
        If the route is there already.
    """
    name = row["route_id"]
    if name in set(table.routes["route_id"]):
        raise InputError(f"route “{name}” is in the timetable already")
    columns = [*table.routes.columns, *(key for key in row if key not in table.routes.columns)]
    new = pd.DataFrame([{key: row.get(key, np.nan) for key in columns}])
    routes = pd.concat([table.routes.reindex(columns=columns), new], ignore_index=True)
    routes = routes.sort_values("route_id", ignore_index=True)
    moved = rows_of(routes["route_id"])
    new_row = np.array([moved[known] for known in table.routes["route_id"]], np.int32)
    return replace(table, routes=routes, pattern_route=new_row[table.pattern_route])


def patterns_of(table: Timetable) -> list[Pattern]:
    """Return the patterns of a timetable as rows."""
    calls = table.pattern_calls or tuple(calls_everywhere(stops) for stops in table.pattern_stops)
    return [
        Pattern(int(route), int(direction), stops, dist, tuple(day[k] for day in table.times), calls[k])
        for k, (route, direction, stops, dist) in enumerate(
            zip(table.pattern_route, table.pattern_direction, table.pattern_stops, table.pattern_dist_m, strict=True)
        )
    ]


def rebuilt(table: Timetable, patterns: list[Pattern]) -> Timetable:
    """Return the timetable with other patterns, sorted by route, direction, stops; those of one course keep order."""
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


def calls_everywhere(stops: NDArray[np.int32]) -> NDArray[np.int8]:
    """Return calls at which one may get on and off everywhere: int8 [positions]."""
    return np.full(len(stops), 3, np.int8)
