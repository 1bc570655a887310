"""A feed as checked tables, and which services run when."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pandas as pd

from zemsim.core.errors import InputError
from zemsim.core.notices import Notice
from zemsim.region.gtfs.fares import FareTable
from zemsim.region.gtfs.services import active_services, days_with_service, trips_by_day

_DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")


@dataclass(frozen=True)
class Gtfs:
    """The tables of a feed, as text but for the columns named here; times are those of ``time_zone``.

    Attributes
    ----------
    folder : Path
        The folder or archive.
    agency : DataFrame
        ``agency_id, agency_name, agency_timezone``.
    stops : DataFrame
        Where vehicles are boarded: ``stop_id, stop_name, parent_station, zone_id``; ``stop_lat, stop_lon`` float64.
    routes : DataFrame
        ``route_id, agency_id, route_short_name, route_long_name, network_id``; ``route_type`` int64; ``kind`` (tram,
        metro, rail, bus, ferry, ...).
    trips : DataFrame
        ``trip_id, route_id, service_id, shape_id``; ``direction_id`` int64 (0 where the feed has none); ``headway_s``
        float64 (of trips that run by headway and not to the minute, NaN for all others).
    stop_times : DataFrame
        Sorted by trip and sequence: ``trip_id, stop_id``; ``trip_idx`` int64 (row of ``trips``), ``stop_sequence``,
        ``arrival_s, departure_s`` int64 (seconds after noon minus 12 hours, beyond 86,400 allowed), ``pickup_type,
        drop_off_type`` int8, ``dist_m`` float64 (metres along the way, NaN where not known).
    calendar, calendar_dates : DataFrame
        Days as bool, dates as date; ``exception_type`` int64.
    places : DataFrame
        Stations, entrances, nodes and boarding areas, see ``stops.read_stops``.
    walks : DataFrame
        Given walks between stops, see ``walks.read_walks``.
    fares : FareTable or None
        Fares of the feed.
    on_demand : DataFrame
        Services on demand, see ``flex.split_flex``.
    areas : tuple of dict
        Their areas as GeoJSON features.
    status, vehicles : DataFrame or None
        Sidecars of the packs of zemsim.
    notices : tuple of Notice
        What was filled in, left out or not used, with counts.
    """

    folder: Path
    time_zone: str
    agency: pd.DataFrame
    stops: pd.DataFrame
    routes: pd.DataFrame
    trips: pd.DataFrame
    stop_times: pd.DataFrame
    calendar: pd.DataFrame
    calendar_dates: pd.DataFrame
    places: pd.DataFrame
    walks: pd.DataFrame
    fares: FareTable | None
    on_demand: pd.DataFrame
    areas: tuple[dict[str, object], ...]
    status: pd.DataFrame | None
    vehicles: pd.DataFrame | None
    notices: tuple[Notice, ...] = field(default=())

    def active_services(self, day: dt.date) -> frozenset[str]:
        """Return the services that run on a date; none is no error here, see :meth:`services_on`."""
        return active_services(self.calendar, self.calendar_dates, day)

    def services_on(self, day: dt.date) -> frozenset[str]:
        """Return the services that run on a date and have trips.

        Parameters
        ----------
        day : date
            The day.

        Raises
        ------
        InputError
            If no trip runs; it names days that have service.
        """
        used = frozenset(self.trips["service_id"])
        active = self.active_services(day) & used
        if active:
            return active
        words = f"no trip runs on {_DAYS[day.weekday()]} {day}"
        if not self.first_date() <= day <= self.last_date():
            words += f"; the feed holds {self.first_date()} to {self.last_date()}"
        raise InputError(words, self._calendar_file(), hint=self._usable(day))

    def first_date(self) -> dt.date:
        """Return the first date on which the feed may have service."""
        first: dt.date = min([*self.calendar["start_date"], *self.calendar_dates["date"]])
        return first

    def last_date(self) -> dt.date:
        """Return the last date on which the feed may have service."""
        last: dt.date = max([*self.calendar["end_date"], *self.calendar_dates["date"]])
        return last

    def trips_by_day(self) -> tuple[dt.date, np.ndarray]:
        """Return the first date and the number of trips on it and on each day after: int64 [days]."""
        return trips_by_day(self.calendar, self.calendar_dates, self.trips["service_id"])

    def busiest(self, weekday: int) -> dt.date:
        """Return the date of a weekday with the most trips, the first of equals.

        Parameters
        ----------
        weekday : int
            0 is Monday.

        Raises
        ------
        InputError
            If no trip runs on any such day.
        """
        first, trips = self.trips_by_day()
        start = (weekday - first.weekday()) % 7
        found = trips[start::7]
        if not found.size or found.max() == 0:
            words = f"no trip runs on any {_DAYS[weekday]}"
            raise InputError(words, self._calendar_file(), hint=self._usable(self.first_date()))
        return first + dt.timedelta(days=start + 7 * int(found.argmax()))

    def busiest_week(self) -> dt.date:
        """Return the Monday of the week with the busiest Wednesday; of equals the one with most trips, then the last.

        The trips of all seven days count after the Wednesday, so that a week cut by the end of the feed does not win
        over whole ones.

        Raises
        ------
        InputError
            If no trip runs on any Wednesday.
        """
        first, trips = self.trips_by_day()
        before = first.weekday()
        padded = np.pad(trips, (before, -(before + trips.size) % 7)).reshape(-1, 7)
        if not padded.size or padded[:, 2].max() == 0:
            self.busiest(2)  # raises, and names days with service
        best = np.lexsort((np.arange(len(padded)), padded.sum(axis=1), padded[:, 2]))[-1]
        return first + dt.timedelta(days=7 * int(best) - before)

    def _usable(self, day: dt.date) -> str:
        days = days_with_service(*self.trips_by_day(), day)
        return f"days with service: {', '.join(map(str, days))}" if days else "no day of the feed has service"

    def _calendar_file(self) -> Path:
        return self.folder / ("calendar.txt" if len(self.calendar) else "calendar_dates.txt")
