"""frequencies.txt: trips that repeat by headway, written out departure by departure."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from zemsim.core.errors import InputError
from zemsim.core.notices import Notices
from zemsim.region.archive import Source
from zemsim.region.gtfs.table import Table
from zemsim.region.gtfs.times import seconds

#: Written-out stop times above this number are refused: the file asks for more than a machine should hold.
MAX_ROWS = 20_000_000


class Departures(NamedTuple):
    """Departures from the first stop: row of ``trips``, second, headway (0 if the times are exact), each [D]."""

    trip: NDArray[np.int64]
    depart_s: NDArray[np.int64]
    headway_s: NDArray[np.int64]


def expand(
    source: Source, trips: pd.DataFrame, stop_times: pd.DataFrame, left_out: set[str], notices: Notices
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return trips and stop times in which each trip of ``frequencies.txt`` stands once per departure.

    Departures are ``start_time + k * headway_secs``, before ``end_time``. The new trips are called
    ``<trip_id>@HH:MM:SS``. Where ``exact_times`` is 0 only the headway is promised; ``headway_s`` keeps it.

    Parameters
    ----------
    source : Source
        The feed.
    trips, stop_times : DataFrame
        As in :class:`~zemsim.region.gtfs.feed.Gtfs`; the times of a repeated trip count from its first departure.
    left_out : set of str
        Trips with faults; their rows are passed over.
    notices : Notices
        Is told how many trips run by headway.

    Raises
    ------
    InputError
        If spans of a trip overlap, a headway is zero, or a span ends before it starts.
    """
    trips = trips.assign(headway_s=np.nan)
    table = Table(source, "frequencies.txt", required=False)
    if not len(table):
        return trips, stop_times
    found = _departures(table, trips, left_out)
    sizes = np.bincount(stop_times["trip_idx"].to_numpy(), minlength=len(trips))
    total = int(sizes[found.trip].sum())
    if total > MAX_ROWS:
        raise InputError(f"the headways ask for {total:,} stop times; the limit is {MAX_ROWS:,}", table.path)
    repeated = np.unique(found.trip)
    loose = int((found.headway_s > 0).sum())
    notices.add("gtfs.headway_trip", "departure by headway, not to the minute, written evenly spaced", loose)
    plain = np.setdiff1d(np.arange(len(trips)), repeated)
    source_trip = np.concatenate([plain, found.trip])
    start = np.concatenate([np.full(len(plain), -1), found.depart_s])
    headway = np.concatenate([np.zeros(len(plain), np.int64), found.headway_s])
    order = np.lexsort((start, source_trip))
    return _written_out(trips, stop_times, source_trip[order], start[order], headway[order], table)


def _departures(table: Table, trips: pd.DataFrame, left_out: set[str]) -> Departures:
    row_of = {name: i for i, name in enumerate(trips["trip_id"])}
    names = table.references("trip_id", row_of.keys() | left_out, "trips.txt")
    start = np.array(table.parsed("start_time", seconds), np.int64)
    end = np.array(table.parsed("end_time", seconds), np.int64)
    headway = table.integers("headway_secs", 1, 10**6)
    exact = table.integers("exact_times", 0, 1, blank=0)
    for row in np.flatnonzero(start >= end).tolist():
        raise table.fail(row, "end_time is not after start_time")
    _no_overlap(table, names, start, end)
    rows = np.array([i for i, name in enumerate(names) if name in row_of], np.int64)
    counts = -((start[rows] - end[rows]) // headway[rows])  # ceiling: the last departure is before end_time
    each = np.repeat(rows, counts)
    k = np.arange(len(each)) - np.repeat(np.cumsum(counts) - counts, counts)
    trip = np.array([row_of[names[i]] for i in rows.tolist()], np.int64)
    return Departures(
        np.repeat(trip, counts), start[each] + k * headway[each], np.where(exact[each] == 1, 0, headway[each])
    )


def _no_overlap(table: Table, names: list[str], start: NDArray[np.int64], end: NDArray[np.int64]) -> None:
    last: dict[str, tuple[int, int]] = {}
    for row in np.argsort(start, kind="stable").tolist():
        name = names[row]
        if name in last and last[name][0] > start[row]:
            raise table.fail(row, f"spans of trip “{name}” overlap", f"the other is in row {table.line(last[name][1])}")
        last[name] = (int(end[row]), row)


def _written_out(
    trips: pd.DataFrame,
    stop_times: pd.DataFrame,
    source_trip: NDArray[np.int64],
    start: NDArray[np.int64],
    headway: NDArray[np.int64],
    table: Table,
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Copy trip ``source_trip`` once per entry; ``start`` -1 keeps its times."""
    new = trips.iloc[source_trip].reset_index(drop=True)
    pairs = zip(new["trip_id"], start.tolist(), strict=True)
    new["trip_id"] = pd.Series([name if s < 0 else f"{name}@{_clock(s)}" for name, s in pairs], dtype=object)
    new["headway_s"] = np.where(headway > 0, headway, np.nan)
    double = new["trip_id"].duplicated().to_numpy()
    if double.any():
        name = new["trip_id"].iloc[int(double.argmax())]
        raise InputError(f"a departure would get the trip_id “{name}”, which is taken", table.path)
    old = stop_times["trip_idx"].to_numpy()
    first = np.searchsorted(old, np.arange(len(trips)))
    sizes = np.bincount(old, minlength=len(trips))[source_trip]
    trip = np.repeat(np.arange(len(new)), sizes)
    pos = np.arange(len(trip)) - np.repeat(np.cumsum(sizes) - sizes, sizes)
    rows = first[source_trip][trip] + pos
    times = stop_times.iloc[rows].reset_index(drop=True)
    leave = stop_times["departure_s"].to_numpy()
    has = sizes > 0
    begin = np.zeros(len(new), np.int64)
    begin[has] = leave[first[source_trip[has]]]
    shift = np.where(start >= 0, start - begin, 0)[trip]
    times["trip_idx"], times["trip_id"] = trip, new["trip_id"].to_numpy(dtype=object)[trip]
    arrival, departure = times["arrival_s"].to_numpy() + shift, times["departure_s"].to_numpy() + shift
    times["arrival_s"] = np.where((pos == 0) & (start[trip] >= 0), departure, arrival)
    times["departure_s"] = departure
    return new, times


def _clock(second: int) -> str:
    return f"{second // 3600:02d}:{second // 60 % 60:02d}:{second % 60:02d}"
