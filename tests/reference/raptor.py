"""Earliest arrivals by public transport, the slow and obvious way: every trip, every pair of its stops, every round.

Also random small timetables for the tests, and a timetable from plain lists.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

import numpy as np
import pandas as pd

from zemsim.travel.timetable import Fares, PatternTimes, Timetable, TransitRules
from zemsim.travel.transit_departures import fifo_classes

FARES = Fares(0.5, 0.05, 0.9, 0.9, 0.04, 1.5, 0.85, 0.8)
NEVER = 10**9


@dataclass(frozen=True)
class Trip:
    """One vehicle: its route, stops, and seconds of arrival and departure at each; weekdays only."""

    route: int
    train: bool
    stops: tuple[int, ...]
    arrive: tuple[int, ...]
    depart: tuple[int, ...]


def earliest(
    trips: list[Trip], walks: dict[int, list[tuple[int, int]]], origin: int, depart: int, boardings: int, change_s: int
) -> dict[tuple[int, bool], int]:
    """Earliest arrival by vehicle at each (stop, train used) with at most ``boardings`` vehicles.

    A state is ready where a vehicle can be boarded: the origin at ``depart``; after a ride the stop itself and those
    within a walk, ``change_s`` later. Nobody walks twice in a row, before the first ride or after the last.
    """
    ready = {(origin, False): depart}
    best: dict[tuple[int, bool], int] = {}
    for _ in range(boardings):
        reached: dict[tuple[int, bool], int] = {}
        for trip in trips:
            for i, board in enumerate(trip.stops):
                for used in (False, True):
                    if ready.get((board, used), NEVER) > trip.depart[i]:
                        continue
                    for j in range(i + 1, len(trip.stops)):
                        state = (trip.stops[j], used or trip.train)
                        reached[state] = min(reached.get(state, NEVER), trip.arrive[j])
        for (stop, used), at in reached.items():
            best[stop, used] = min(best.get((stop, used), NEVER), at)
            for there, walk_s in [(stop, 0), *walks.get(stop, [])]:
                when = at + walk_s + change_s
                ready[there, used] = min(ready.get((there, used), NEVER), when)
    return best


def timetable(points: list[tuple[float, float]], trips: list[Trip], capacity_pers: float = 50.0) -> Timetable:
    """A timetable of weekday trips with stops at plane coordinates in metres; lengths are straight lines."""
    names = [f"s{i:02d}" for i in range(len(points))]
    xy = np.array(points, np.float64).reshape(-1, 2)
    stops = pd.DataFrame({"stop_id": names, "stop_name": names, "lat": 56.5, "lon": 24.0, "x_m": xy[:, 0]})
    stops["y_m"] = xy[:, 1]
    modes = {trip.route: trip.train for trip in trips}
    ids = sorted(modes)
    routes = pd.DataFrame({"route_id": [f"r{i:02d}" for i in ids]})
    routes["mode"] = ["train" if modes[i] else "bus" for i in ids]
    routes["network_id"] = ["train" if modes[i] else "regional_bus" for i in ids]
    routes["capacity_pers"], routes["vehicle_class"] = capacity_pers, ""
    groups: dict[tuple[int, tuple[int, ...]], list] = {}
    for trip in trips:
        times = (np.array(trip.arrive, np.int32), np.array(trip.depart, np.int32))
        groups.setdefault((ids.index(trip.route), trip.stops), []).append(((True, False), *times, None))
    patterns = [(*key, members) for key, found in sorted(groups.items()) for members in fifo_classes(found)]
    weekday = tuple(
        PatternTimes(np.stack([t[1] for t in members], 1), np.stack([t[2] for t in members], 1))
        for _, _, members in patterns
    )
    weekend = tuple(PatternTimes(item.arrive_s[:, :0], item.depart_s[:, :0]) for item in weekday)
    lengths = [np.hypot(*np.diff(xy[list(course)], axis=0).T) for _, course, _ in patterns]
    return Timetable(
        stops,
        routes,
        np.array([route for route, _, _ in patterns], np.int32),
        np.zeros(len(patterns), np.int8),
        tuple(np.array(course, np.int32) for _, course, _ in patterns),
        tuple(np.concatenate([[0.0], np.cumsum(length)]) for length in lengths),
        (weekday, weekend),
        (dt.date(2024, 1, 3), dt.date(2024, 1, 6)),
        FARES,
        TransitRules(),
        None,
        (),
    )
