"""Time zones of agencies: trips of several zones brought to one, with days that begin at noon minus twelve hours.

GTFS counts seconds from noon minus 12 hours of the agency's time zone, so that no time is ever negative or double in
the nights when clocks change (GTFS Schedule reference, field type Time).
"""

from __future__ import annotations

import datetime as dt
from dataclasses import replace
from functools import cache
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from zemsim.core.errors import InputError
from zemsim.core.notices import Notice
from zemsim.region.gtfs.feed import Gtfs
from zemsim.region.gtfs.services import FIRST_DATE
from zemsim.region.gtfs.table import DAY_NAMES

DAY_S = 86_400

#: Days on which two zones are compared: feeds that write far dates for no end are not followed beyond this.
_MAX_DAYS = 366 * 20


@cache
def zone(name: str) -> ZoneInfo:
    """Return a time zone by its IANA name.

    Raises
    ------
    ValueError
        If there is none.
    """
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise ValueError(f"“{name[:40]}” is not a time zone; write a name such as Europe/Riga") from None


def instant(day: dt.date, second: int, name: str) -> dt.datetime:
    """Return the moment (UTC) of a time of GTFS: noon of the day in the zone, minus 12 hours, plus seconds.

    Parameters
    ----------
    day : date
        Day of service.
    second : int
        Seconds of the feed.
    name : str
        Time zone.
    """
    noon = dt.datetime(day.year, day.month, day.day, 12, tzinfo=zone(name)).astimezone(dt.UTC)
    return noon + dt.timedelta(seconds=int(second) - DAY_S // 2)


def in_one_zone(feed: Gtfs, name: str | None = None) -> Gtfs:
    """Return the feed with all times in one zone.

    Parameters
    ----------
    feed : Gtfs
        Each agency in its own zone.
    name : str, optional
        The zone; that of most trips if None (the first by name of equals).

    Raises
    ------
    InputError
        If two zones differ by another time in summer than in winter, so that a day's times cannot be shifted.
    """
    zones = _zone_of_route(feed)
    of_trip = feed.trips["route_id"].map(zones)
    if name is None:
        counts = of_trip.value_counts()
        name = min(counts.index, key=lambda other: (-int(counts[other]), other)) if len(counts) else feed.time_zone
    others = sorted(set(zones.values()) - {name})
    shift = {other: _shift_s(feed, other, name) for other in others}
    feed = replace(feed, time_zone=name)
    moved = {other: second for other, second in shift.items() if second}
    if not moved:
        return feed
    count = int(of_trip.isin(list(moved)).sum())
    note = Notice("gtfs.time_zone", f"trip brought to the time of {name}", count, tuple(moved))
    by_trip: NDArray[np.int64] = of_trip.map(moved).fillna(0).to_numpy().astype(np.int64)
    on_demand = feed.on_demand.copy()
    by_area = on_demand["route_id"].map(zones).map(moved).fillna(0).to_numpy(np.float64)
    on_demand["start_s"], on_demand["end_s"] = on_demand["start_s"] + by_area, on_demand["end_s"] + by_area
    feed = replace(feed, on_demand=on_demand, notices=(*feed.notices, note))
    return _shifted(feed, by_trip)


def _zone_of_route(feed: Gtfs) -> dict[str, str]:
    """Return the time zone of each route."""
    of_agency = dict(zip(feed.agency["agency_id"], feed.agency["agency_timezone"], strict=True))
    zones = set(of_agency.values())
    only = next(iter(zones)) if len(zones) == 1 else None
    found = {}
    for route, agency in zip(feed.routes["route_id"], feed.routes["agency_id"], strict=True):
        if only is None and agency not in of_agency:
            words = f"agencies have {len(zones)} time zones, and route “{route}” names none: {', '.join(sorted(zones))}"
            raise InputError(words, feed.folder / "routes.txt", hint="write the agency_id of each route")
        found[route] = only if only is not None else of_agency[agency]
    return found


def _shift_s(feed: Gtfs, other: str, name: str) -> int:
    """Return what is added to seconds of one zone to be seconds of another, the same on each day of the feed."""
    first = feed.first_date()
    size = min((feed.last_date() - first).days + 1, _MAX_DAYS)
    shifts: dict[int, dt.date] = {}
    for i in range(size):
        day = first + dt.timedelta(days=i)
        shifts.setdefault(int((instant(day, 0, other) - instant(day, 0, name)).total_seconds()), day)
    if len(shifts) > 1:
        days = ", ".join(f"{second / 3600:+g} h from {day}" for second, day in shifts.items())
        words = f"time zones {other} and {name} do not differ by one time all along: {days}"
        raise InputError(words, feed.folder / "agency.txt", hint="give feeds of one clock, or a shorter calendar")
    return next(iter(shifts))


def _shifted(feed: Gtfs, by_trip: NDArray[np.int64]) -> Gtfs:
    """Add seconds to trips; those that would start before their day go to a service of the day before."""
    times = feed.stop_times.copy()
    trip = times["trip_idx"].to_numpy()
    first = np.full(len(feed.trips), DAY_S, np.int64)
    np.minimum.at(first, trip, times["arrival_s"].to_numpy())
    early = first + by_trip < 0
    by_trip = by_trip + np.where(early, DAY_S, 0)
    times["arrival_s"] += by_trip[trip]
    times["departure_s"] += by_trip[trip]
    if not early.any():
        return replace(feed, stop_times=times)
    trips, calendar, dates = feed.trips.copy(), feed.calendar, feed.calendar_dates
    services = sorted(set(trips.loc[early, "service_id"]))
    taken = set(calendar["service_id"]) | set(dates["service_id"])
    names = {service: _free(f"{service}#day-before", taken) for service in services}
    trips.loc[early, "service_id"] = trips.loc[early, "service_id"].map(names)
    return replace(
        feed,
        trips=trips,
        stop_times=times,
        calendar=pd.concat([calendar, _day_before(calendar, names)], ignore_index=True),
        calendar_dates=pd.concat([dates, _dates_before(dates, names)], ignore_index=True),
    )


def _free(name: str, taken: set[str]) -> str:
    while name in taken:
        name += "#"
    return name


def _day_before(calendar: pd.DataFrame, names: dict[str, str]) -> pd.DataFrame:
    found = calendar[calendar["service_id"].isin(list(names))].copy()
    found["service_id"] = found["service_id"].map(names)
    days = found[list(DAY_NAMES)].to_numpy()
    for i, name in enumerate(DAY_NAMES):
        found[name] = days[:, (i + 1) % 7]
    for name in ("start_date", "end_date"):
        found[name] = pd.Series([_before(day) for day in found[name]], index=found.index, dtype=object)
    return found


def _dates_before(dates: pd.DataFrame, names: dict[str, str]) -> pd.DataFrame:
    found = dates[dates["service_id"].isin(list(names))].copy()
    found["service_id"] = found["service_id"].map(names)
    found["date"] = pd.Series([_before(day) for day in found["date"]], index=found.index, dtype=object)
    return found


def _before(day: dt.date) -> dt.date:
    return max(day - dt.timedelta(days=1), FIRST_DATE)
