"""Strict reading of a GTFS folder: ids as text, rows as long as the header, times in seconds, every reference checked.

A fault is an :class:`~zemsim.core.errors.InputError` with file and row; nothing is dropped or guessed in silence. Read
are agency, stops, routes, trips, stop_times, calendar and calendar_dates, and the sidecars ``status.csv`` and
``vehicles.csv`` of the packs. ``frequencies.txt`` is refused.
"""

from __future__ import annotations

import datetime as dt
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from zemsim.core.errors import InputError, did_you_mean
from zemsim.region.gtfs_times import checked_times
from zemsim.region.tables import read_rows

DAY_NAMES = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
ROUTE_TYPES_MAX = 1799

#: Columns that must be there, by file; further columns are read if known and else ignored, as GTFS allows.
REQUIRED = {
    "agency.txt": ("agency_name", "agency_url", "agency_timezone"),
    "stops.txt": ("stop_id", "stop_name", "stop_lat", "stop_lon"),
    "routes.txt": ("route_id", "route_type"),
    "trips.txt": ("route_id", "service_id", "trip_id"),
    "stop_times.txt": ("trip_id", "arrival_time", "departure_time", "stop_id", "stop_sequence"),
    "calendar.txt": ("service_id", *DAY_NAMES, "start_date", "end_date"),
    "calendar_dates.txt": ("service_id", "date", "exception_type"),
}


@dataclass(frozen=True)
class Gtfs:
    """The tables of a feed, as text but for the columns named here.

    ``stops``: ``stop_lat, stop_lon`` float64 (degrees). ``routes``: ``route_type`` int64. ``trips``: ``direction_id``
    int64 (0 where the feed has none). ``stop_times``, sorted by trip and sequence: ``arrival_s, departure_s`` int64
    (seconds after midnight, beyond 86,400 allowed), ``stop_sequence`` int64, ``shape_dist_traveled`` float64 (NaN where
    blank). ``calendar``: days as bool, dates as date. ``status, vehicles``: sidecars, None where missing. ``notices``:
    what was filled in, in words.
    """

    folder: Path
    agency: pd.DataFrame
    stops: pd.DataFrame
    routes: pd.DataFrame
    trips: pd.DataFrame
    stop_times: pd.DataFrame
    calendar: pd.DataFrame
    calendar_dates: pd.DataFrame
    status: pd.DataFrame | None
    vehicles: pd.DataFrame | None
    notices: tuple[str, ...]

    def active_services(self, day: dt.date) -> frozenset[str]:
        """Return the services that run on a date."""
        name = DAY_NAMES[day.weekday()]
        table = self.calendar
        on = table[(table["start_date"] <= day) & (table["end_date"] >= day) & table[name].astype(bool)]
        active = set(on["service_id"])
        for service, kind in self.calendar_dates.loc[
            self.calendar_dates["date"] == day, ["service_id", "exception_type"]
        ].itertuples(index=False):
            (active.add if kind == 1 else active.discard)(service)
        return frozenset(active)

    def first_date(self) -> dt.date:
        """Return the first date on which the feed may have service."""
        first: dt.date = min([*self.calendar["start_date"], *self.calendar_dates["date"]])
        return first

    def last_date(self) -> dt.date:
        """Return the last date on which the feed may have service."""
        last: dt.date = max([*self.calendar["end_date"], *self.calendar_dates["date"]])
        return last


class _Table:
    """Rows of one file with the line of each, for messages."""

    def __init__(self, folder: Path, name: str, required: bool = True) -> None:
        self.path = folder / name
        self.columns: dict[str, list[str]] = {}
        self.lines: list[int] = []
        if not required and not self.path.exists():
            self.missing = True
            self.columns = {column: [] for column in REQUIRED.get(name, ())}
            return
        self.missing = False
        header, rows = read_rows(self.path)
        for column in REQUIRED.get(name, ()):
            if column not in header:
                hint = did_you_mean(column, header)
                raise InputError(f"column “{column}” is missing", self.path, 1, hint=hint)
        self.lines = [line for line, _ in rows]
        self.columns = {column: [cells[i] for _, cells in rows] for i, column in enumerate(header)}

    def fail(self, row: int, message: str, hint: str | None = None) -> InputError:
        return InputError(message, self.path, self.lines[row] if self.lines else None, hint=hint)

    def column(self, name: str) -> list[str]:
        return self.columns.get(name, [""] * len(self.lines))

    def ids(self, name: str) -> list[str]:
        """Return a key column: not blank, no id twice."""
        values = self.columns[name]
        seen: dict[str, int] = {}
        for row, value in enumerate(values):
            if value == "":
                raise self.fail(row, f"{name} is blank")
            if value in seen:
                raise self.fail(row, f"{name} “{value}” occurs twice", f"first in row {self.lines[seen[value]]}")
            seen[value] = row
        return values

    def references(self, name: str, known: set[str], where: str) -> list[str]:
        """Return a column whose values must be ids of another file."""
        values = self.columns[name]
        for row, value in enumerate(values):
            if value not in known:
                raise self.fail(row, f"{name} “{value}” is not in {where}", did_you_mean(value, known))
        return values

    def numbers(self, name: str, low: float, high: float, kind: type = float, blank: Any = None) -> list[Any]:
        """Return a numeric column within its range; ``blank`` stands for an empty cell where that is allowed."""
        found = []
        for row, text in enumerate(self.column(name)):
            if text == "" and blank is not None:
                found.append(blank)
                continue
            pattern = r"[+-]?\d+" if kind is int else r"[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d+)?"
            if not re.fullmatch(pattern, text):
                raise self.fail(row, f"{name}: “{text}” is not a {'whole ' if kind is int else ''}number")
            value = kind(text)
            if not low <= value <= high:
                raise self.fail(row, f"{name}: {text} is not between {low:g} and {high:g}")
            found.append(value)
        return found

    def dates(self, name: str) -> list[dt.date]:
        """Return a column of dates written as YYYYMMDD."""
        found = []
        for row, text in enumerate(self.columns[name]):
            try:
                if not re.fullmatch(r"\d{8}", text):
                    raise ValueError
                found.append(dt.date(int(text[:4]), int(text[4:6]), int(text[6:])))
            except ValueError:
                raise self.fail(row, f"{name}: “{text}” is not a date", "write YYYYMMDD") from None
        return found


def read_gtfs(folder: str | Path) -> Gtfs:
    """Read and check a GTFS folder.

    Parameters
    ----------
    folder : path
        Folder with the ``.txt`` files of GTFS Schedule.

    Returns
    -------
    Gtfs

    Raises
    ------
    InputError
        At the first fault: missing file or column, row of another length, blank or double id, unknown reference, number
        or time that is none, times that run backwards, trip with one stop, no service.
    """
    folder = Path(folder)
    if (folder / "frequencies.txt").exists() and _Table(folder, "frequencies.txt").lines:
        raise InputError("frequencies.txt is not supported", folder / "frequencies.txt", hint="write each departure")
    agency = _Table(folder, "agency.txt")
    _one_time_zone(agency)
    stops = _stops(_Table(folder, "stops.txt"))
    routes = _routes(_Table(folder, "routes.txt"), set(agency.column("agency_id")))
    calendar, exceptions = _calendar(folder)
    services = set(calendar["service_id"]) | set(exceptions["service_id"])
    trips = _trips(_Table(folder, "trips.txt"), set(routes["route_id"]), services)
    times = _Table(folder, "stop_times.txt")
    stop_times, notices = _stop_times(times, trips, set(stops["stop_id"]))
    status = _sidecar(folder, "status.csv", ("route_id", "status", "departures", "note"), set(routes["route_id"]))
    vehicles = _vehicles(folder, set(routes["route_id"]))
    table = pd.DataFrame({name: pd.Series(agency.column(name), dtype=object) for name in agency.columns})
    return Gtfs(folder, table, stops, routes, trips, stop_times, calendar, exceptions, status, vehicles, tuple(notices))


def _one_time_zone(agency: _Table) -> None:
    zones = sorted(set(agency.columns["agency_timezone"]))
    if not agency.lines:
        raise InputError("no agency", agency.path)
    if len(zones) > 1:
        raise InputError(f"agencies have {len(zones)} time zones: {', '.join(zones)}", agency.path)


def _stops(table: _Table) -> pd.DataFrame:
    ids = table.ids("stop_id")
    lat, lon = (table.column(name) for name in ("stop_lat", "stop_lon"))
    for row, (a, b) in enumerate(zip(lat, lon, strict=True)):
        if a in ("0", "0.0") and b in ("0", "0.0"):
            raise table.fail(row, "stop at latitude 0, longitude 0", "blank coordinates were written as zero")
    frame = pd.DataFrame({"stop_id": ids, "stop_name": table.column("stop_name")}, dtype=object)
    frame["stop_lat"] = np.array(table.numbers("stop_lat", -90, 90), dtype=np.float64)
    frame["stop_lon"] = np.array(table.numbers("stop_lon", -180, 180), dtype=np.float64)
    return frame


def _routes(table: _Table, agencies: set[str]) -> pd.DataFrame:
    if "agency_id" in table.columns and any(table.columns["agency_id"]):
        table.references("agency_id", agencies, "agency.txt")
    names = ("agency_id", "route_short_name", "route_long_name", "network_id")
    frame = pd.DataFrame({"route_id": table.ids("route_id"), **{name: table.column(name) for name in names}})
    frame = frame.astype(object)
    frame["route_type"] = np.array(table.numbers("route_type", 0, ROUTE_TYPES_MAX, int), dtype=np.int64)
    return frame


def _calendar(folder: Path) -> tuple[pd.DataFrame, pd.DataFrame]:
    table = _Table(folder, "calendar.txt", required=False)
    extra = _Table(folder, "calendar_dates.txt", required=False)
    if table.missing and extra.missing:
        raise InputError(
            "file is missing", folder / "calendar.txt", hint="calendar.txt or calendar_dates.txt is needed"
        )
    frame = pd.DataFrame({"service_id": pd.Series(table.ids("service_id"), dtype=object)})
    for name in DAY_NAMES:
        frame[name] = np.array(table.numbers(name, 0, 1, int), dtype=bool)
    frame["start_date"] = pd.Series(table.dates("start_date"), dtype=object)
    frame["end_date"] = pd.Series(table.dates("end_date"), dtype=object)
    for row, (start, end) in enumerate(zip(frame["start_date"], frame["end_date"], strict=True)):
        if start > end:
            raise table.fail(row, f"start_date {start} is after end_date {end}")
    dates = pd.DataFrame({"service_id": pd.Series(extra.columns["service_id"], dtype=object)})
    dates["date"] = pd.Series(extra.dates("date"), dtype=object)
    dates["exception_type"] = np.array(extra.numbers("exception_type", 1, 2, int), dtype=np.int64)
    if len(frame) + len(dates) == 0:
        raise InputError("no service", folder / "calendar.txt")
    return frame, dates


def _trips(table: _Table, routes: set[str], services: set[str]) -> pd.DataFrame:
    frame = pd.DataFrame(
        {
            "trip_id": table.ids("trip_id"),
            "route_id": table.references("route_id", routes, "routes.txt"),
            "service_id": table.references("service_id", services, "calendar.txt"),
        },
        dtype=object,
    )
    frame["direction_id"] = np.array(table.numbers("direction_id", 0, 1, int, blank=0), dtype=np.int64)
    return frame


def _stop_times(table: _Table, trips: pd.DataFrame, stops: set[str]) -> tuple[pd.DataFrame, list[str]]:
    position = {trip: i for i, trip in enumerate(trips["trip_id"])}
    trip = table.references("trip_id", set(position), "trips.txt")
    stop = table.references("stop_id", stops, "stops.txt")
    sequence = np.array(table.numbers("stop_sequence", 0, 10**9, int), dtype=np.int64)
    distance = np.array(table.numbers("shape_dist_traveled", 0, 1e9, blank=np.nan), dtype=np.float64)
    rank = np.array([position[name] for name in trip], dtype=np.int64)
    order = np.lexsort((sequence, rank))
    arrival, departure, filled = checked_times(
        table.columns["arrival_time"], table.columns["departure_time"], rank, sequence, order, table.fail
    )
    frame = pd.DataFrame({"trip_id": trip, "stop_id": stop}, dtype=object).iloc[order].reset_index(drop=True)
    frame["trip_idx"], frame["stop_sequence"] = rank[order], sequence[order]
    frame["arrival_s"], frame["departure_s"] = arrival[order], departure[order]
    frame["shape_dist_traveled"] = distance[order]
    notices = [f"{filled} blank stop times were interpolated between timed stops"] if filled else []
    unused = sorted(set(position) - set(trip))
    if unused:
        notices.append(f"{len(unused)} trips have no stop times, the first: {unused[0]}")
    return frame, notices


def _sidecar(folder: Path, name: str, columns: tuple[str, ...], routes: set[str]) -> pd.DataFrame | None:
    table = _Table(folder, name, required=False)
    if table.missing:
        return None
    for column in columns:
        if column not in table.columns:
            raise InputError(f"column “{column}” is missing", table.path, 1, hint=did_you_mean(column, table.columns))
    table.references("route_id", routes, "routes.txt")
    frame = pd.DataFrame({column: pd.Series(table.columns[column], dtype=object) for column in columns})
    if "departures" in columns:
        frame["departures"] = np.array(table.numbers("departures", 0, 1e6, int), dtype=np.int64)
    return frame


def _vehicles(folder: Path, routes: set[str]) -> pd.DataFrame | None:
    table = _Table(folder, "vehicles.csv", required=False)
    if table.missing:
        return None
    frame = _sidecar(folder, "vehicles.csv", ("route_id", "vehicle_class", "capacity_pers"), routes)
    if frame is not None:
        table.ids("route_id")
        frame["capacity_pers"] = np.array(table.numbers("capacity_pers", 1, 5000, int), dtype=np.int64)
    return frame
