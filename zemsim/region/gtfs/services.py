"""calendar.txt and calendar_dates.txt: which services run on which day."""

from __future__ import annotations

import datetime as dt

import numpy as np
import pandas as pd

from zemsim.core.errors import InputError
from zemsim.core.notices import Notices
from zemsim.region.archive import Source
from zemsim.region.gtfs.table import DAY_NAMES, Table

#: Earlier dates are slips of the pen.
FIRST_DATE = dt.date(1970, 1, 1)

#: How many days that have service a message names.
DAYS_NAMED = 3


def read_services(source: Source, notices: Notices) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return ``calendar`` (days as bool, dates as date) and ``calendar_dates``; either file alone will do.

    Parameters
    ----------
    source : Source
        The feed.
    notices : Notices
        Is told of rows that are written twice.
    """
    table = Table(source, "calendar.txt", required=False).drop_repeats("service_id", notices)
    extra = Table(source, "calendar_dates.txt", required=False).drop_repeats("date", notices)
    if table.missing and extra.missing:
        raise InputError("file is missing", table.path, hint="calendar.txt or calendar_dates.txt is needed")
    frame = pd.DataFrame({"service_id": pd.Series(table.ids("service_id"), dtype=object)})
    for name in DAY_NAMES:
        frame[name] = table.integers(name, 0, 1).astype(bool)
    frame["start_date"] = pd.Series(table.dates("start_date"), dtype=object)
    frame["end_date"] = pd.Series(table.dates("end_date"), dtype=object)
    for row, (start, end) in enumerate(zip(frame["start_date"], frame["end_date"], strict=True)):
        if start > end:
            raise table.fail(row, f"start_date {start} is after end_date {end}")
        if start < FIRST_DATE:
            raise table.fail(row, f"start_date {start} is before {FIRST_DATE}")
    dates = pd.DataFrame({"service_id": pd.Series(extra.columns["service_id"], dtype=object)})
    dates["date"] = pd.Series(extra.dates("date"), dtype=object)
    dates["exception_type"] = extra.integers("exception_type", 1, 2)
    double = dates.duplicated(["service_id", "date"]).to_numpy()
    if double.any():
        raise extra.fail(int(double.argmax()), "service_id and date occur twice")
    for row, day in enumerate(dates["date"]):
        if day < FIRST_DATE:
            raise extra.fail(row, f"date {day} is before {FIRST_DATE}")
    if len(frame) + len(dates) == 0:
        raise InputError("no service", table.path if not table.missing else extra.path)
    return frame, dates


def active_services(calendar: pd.DataFrame, calendar_dates: pd.DataFrame, day: dt.date) -> frozenset[str]:
    """Return the services that run on a date: those of the calendar, with the exceptions of the date.

    Parameters
    ----------
    calendar, calendar_dates : DataFrame
        As :func:`read_services` returns them.
    day : date
        The day.
    """
    active: set[str] = set()
    if len(calendar):
        on = (calendar["start_date"] <= day) & (calendar["end_date"] >= day)
        active = set(calendar.loc[on & calendar[DAY_NAMES[day.weekday()]], "service_id"])
    if len(calendar_dates):
        today = calendar_dates[calendar_dates["date"] == day]
        for service, kind in zip(today["service_id"], today["exception_type"], strict=True):
            (active.add if kind == 1 else active.discard)(service)
    return frozenset(active)


def days_with_service(first: dt.date, trips: np.ndarray, near: dt.date, count: int = DAYS_NAMED) -> list[dt.date]:
    """Return the days nearest to a date on which trips run, in order of time; at most ``count``.

    Parameters
    ----------
    first, trips : date, int64 [days]
        As :func:`trips_by_day` returns them.
    near : date
        The date that was asked for.
    count : int
        How many.
    """
    days = np.flatnonzero(trips)
    away = np.abs(days - (near - first).days)
    nearest = np.sort(days[np.argsort(away, kind="stable")[:count]])
    return [first + dt.timedelta(days=int(at)) for at in nearest]


def trips_by_day(
    calendar: pd.DataFrame, calendar_dates: pd.DataFrame, trips: pd.Series, years: int = 20
) -> tuple[dt.date, np.ndarray]:
    """Return the first day that the feed knows and the number of trips on it and each day after: int64 [days].

    Feeds write far dates for no end: days more than ``years`` after the last start or exception are left off.

    Parameters
    ----------
    calendar, calendar_dates : DataFrame
        As :func:`read_services` returns them.
    trips : Series
        ``service_id`` of each trip.
    years : int
        See above.
    """
    starts = [*calendar["start_date"], *calendar_dates["date"]]
    first = min(starts)
    end = max([*calendar["end_date"], *calendar_dates["date"]])
    size = min((end - first).days + 1, (max(starts) - first).days + 1 + 366 * years)
    count = trips.value_counts().to_dict()
    total = np.zeros(size, np.int64)
    weekday = (np.arange(size) + first.weekday()) % 7
    days = calendar[list(DAY_NAMES)].to_numpy(bool)
    rows = list(zip(calendar["service_id"], calendar["start_date"], calendar["end_date"], strict=True))
    spans = {}
    for i, (service, start, stop) in enumerate(rows):
        span = slice((start - first).days, min((stop - first).days + 1, size))
        spans[service] = (span, days[i])
        total[span] += days[i][weekday[span]] * count.get(service, 0)
    dates = zip(calendar_dates["service_id"], calendar_dates["date"], calendar_dates["exception_type"], strict=True)
    for service, day, kind in dates:
        at = (day - first).days
        none: tuple[slice, np.ndarray] = (slice(0, 0), np.zeros(7, bool))
        span, week = spans.get(service, none)
        runs = span.start <= at < span.stop and bool(week[day.weekday()])
        if at < size and runs == (kind == 2):
            total[at] += count.get(service, 0) * (1 if kind == 1 else -1)
    return first, total
