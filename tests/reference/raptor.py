"""The slow twin of earliest arrivals (it lives in the package, for `zemsim check`), and a timetable from lists."""

from __future__ import annotations

import datetime as dt

import numpy as np
import pandas as pd

from zemsim.travel.fares import Fares
from zemsim.travel.timetable import PatternTimes, Timetable
from zemsim.travel.transit_departures import fifo_classes
from zemsim.travel.transit_rules import TransitRules
from zemsim.verification.twins.transit import NEVER, Trip, earliest

__all__ = ["FARES", "NEVER", "Trip", "earliest", "timetable"]

FARES = Fares(0.5, 0.05, 0.9, 0.9, 0.04, 1.5, (("city_bus_jelgava", 0.85), ("city_bus_jekabpils", 0.8)))


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
