"""From the files of a feed to :class:`~zemsim.region.gtfs.feed.Gtfs`.

What makes a file unreadable or a reference void is an error with file and row. A trip that no vehicle could run is left
out and counted by kind, or is an error where ``strict`` asks for it.
"""

from __future__ import annotations

import gc
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from zemsim.core.errors import MAX_NAME_SHOWN, InputError, clean, did_you_mean
from zemsim.core.notices import EXAMPLES, Notices
from zemsim.region.archive import Limits, Source, open_source
from zemsim.region.gtfs.coordinates import Bounds
from zemsim.region.gtfs.fares import read_fares
from zemsim.region.gtfs.feed import Gtfs
from zemsim.region.gtfs.flex import FLEX_COLUMNS, flex_rows, split_flex
from zemsim.region.gtfs.frequencies import expand
from zemsim.region.gtfs.in_seat import join_in_seat
from zemsim.region.gtfs.kinds import kind_of
from zemsim.region.gtfs.services import read_services
from zemsim.region.gtfs.shapes import fill_from_shapes, given_m, straight_m
from zemsim.region.gtfs.stops import read_stops
from zemsim.region.gtfs.table import REQUIRED, Table
from zemsim.region.gtfs.time_zones import in_one_zone, zone
from zemsim.region.gtfs.times import FAULTS, fill_blanks, seconds_or_blank, trip_faults
from zemsim.region.gtfs.walks import read_walks

#: Files that are part of GTFS or of a pack; those that are not read carry nothing that zemsim uses.
KNOWN = (
    *REQUIRED,
    *("feed_info.txt", "levels.txt", "translations.txt", "attributions.txt", "fare_media.txt", "timeframes.txt"),
    *("rider_categories.txt", "fare_leg_join_rules.txt", "locations.geojson", "status.csv", "vehicles.csv"),
)

#: Highest speeds that are believed between stops, straight line: 300 km/h, on rails 400 km/h (no train runs faster).
MOST_KM_H, MOST_KM_H_RAIL = 300.0, 400.0


def read_gtfs(
    path: str | Path | Sequence[str | Path],
    *,
    strict: bool = False,
    time_zone: str | None = None,
    bounds: Bounds | None = None,
    limits: Limits | None = None,
) -> Gtfs:
    """Read and check a GTFS feed, or several as one.

    Parameters
    ----------
    path : path or sequence of paths
        Folder or zip archive. Ids of several feeds get the name of their file as prefix, see ``merge_feeds``.
    strict : bool
        Whether a trip that no vehicle could run is an error; else it is left out and counted.
    time_zone : str, optional
        Zone to which all times are brought; that of most trips if None.
    bounds : Bounds, optional
        Box of the region: stops outside are counted, a feed all outside is an error.
    limits : Limits, optional
        What an archive may hold.

    Returns
    -------
    Gtfs

    Raises
    ------
    InputError
        At the first fault: archive, missing file or column, row of another length, blank or double id, unknown
        reference, number, date or time that is none, impossible place, no service.
    """
    if not isinstance(path, (str, Path)):
        from zemsim.region.gtfs.merge import merge_feeds

        feeds = [_read(Path(one), strict, bounds, limits) for one in path]
        return in_one_zone(merge_feeds(feeds), time_zone)
    return in_one_zone(_read(Path(path), strict, bounds, limits), time_zone)


@contextmanager
def _no_collector() -> Iterator[None]:
    """Pause the collector of cycles: it walks the growing columns again and again, 4.5 against 3.1 µs per stop time."""
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()


def _read(path: Path, strict: bool, bounds: Bounds | None, limits: Limits | None) -> Gtfs:
    notices = Notices()
    with open_source(path, KNOWN, limits) as source, _no_collector():
        notices.merge(source.notices)
        agency = _agency(Table(source, "agency.txt"), notices)
        first_zone = str(agency["agency_timezone"].min())
        stops, places = read_stops(source, first_zone, bounds, notices)
        routes = _routes(Table(source, "routes.txt").drop_repeats("route_id", notices), agency)
        calendar, exceptions = read_services(source, notices)
        services = set(calendar["service_id"]) | set(exceptions["service_id"])
        shapes = Table(source, "shapes.txt", required=False, wanted=())
        trips = _trips(source, routes, services, shapes, notices)
        all_trips = set(trips["trip_id"])
        wanted = ("pickup_type", "drop_off_type", "shape_dist_traveled", *FLEX_COLUMNS)
        table = Table(source, "stop_times.txt", wanted=wanted)
        flex = flex_rows(table)
        on_demand, areas = split_flex(source, table, flex, trips, set(stops["stop_id"]), notices)
        times, trips, left_out = _stop_times(
            table, ~flex, trips, routes, stops, set(places["stop_id"]), strict, notices
        )
        times["dist_m"] = fill_from_shapes(shapes, trips, times, stops, notices)
        trips, times = expand(source, trips, times, left_out, notices)
        trips, times = join_in_seat(source, trips, times, all_trips, left_out, notices)
        walks = read_walks(source, stops, places, notices)
        fares = read_fares(source, routes, stops, places, notices)
        status = _sidecar(source, "status.csv", ("route_id", "status", "departures", "note"), set(routes["route_id"]))
        vehicles = _vehicles(source, set(routes["route_id"]))
    _count_unused(stops, trips, times, on_demand, notices)
    if not len(times) and not len(on_demand):
        raise InputError("no trip can be run", path, hint="; ".join(str(notice) for notice in notices) or None)
    times = times.drop(columns="stop_idx")
    tables = (agency, stops, routes, trips, times, calendar, exceptions, places, walks, fares, on_demand, areas)
    shown = [replace(one, examples=tuple(clean(text, MAX_NAME_SHOWN) for text in one.examples)) for one in notices]
    return Gtfs(path, first_zone, *tables, status, vehicles, tuple(shown))


def _agency(table: Table, notices: Notices) -> pd.DataFrame:
    table.drop_repeats("agency_timezone", notices)
    if not len(table):
        raise InputError("no agency", table.path)
    for row, name in enumerate(table.column("agency_timezone")):
        try:
            zone(name)
        except ValueError as error:
            raise table.fail(row, f"agency_timezone: {error}") from None
    if len(table) > 1:
        table.columns.setdefault("agency_id", [""] * len(table))
        table.ids("agency_id")
    return pd.DataFrame({name: table.series(name) for name in ("agency_id", "agency_name", "agency_timezone")})


def _routes(table: Table, agency: pd.DataFrame) -> pd.DataFrame:
    known = set(agency["agency_id"])
    table.references("agency_id", known, "agency.txt", blank=True)
    names = ("route_short_name", "route_long_name", "network_id")
    frame = pd.DataFrame({"route_id": pd.Series(table.ids("route_id"), dtype=object)})
    only = agency["agency_id"].iloc[0] if len(agency) == 1 else ""
    frame["agency_id"] = pd.Series([name or only for name in table.column("agency_id")], dtype=object)
    for name in names:
        frame[name] = table.series(name)
    frame["route_type"] = table.integers("route_type", 0, 1799)
    kinds = [kind_of(number) for number in frame["route_type"].tolist()]
    for row, kind in enumerate(kinds):
        if kind is None:
            number = frame["route_type"].iloc[row]
            raise table.fail(row, f"route_type {number} is no type of GTFS", "0 to 7, 11, 12, or an extended type")
    frame["kind"] = pd.Series(kinds, dtype=object)
    return frame


def _trips(source: Source, routes: pd.DataFrame, services: set[str], shapes: Table, notices: Notices) -> pd.DataFrame:
    table = Table(source, "trips.txt", wanted=("direction_id", "shape_id")).drop_repeats("trip_id", notices)
    frame = pd.DataFrame(
        {
            "trip_id": table.ids("trip_id"),
            "route_id": table.references("route_id", set(routes["route_id"]), "routes.txt"),
            "service_id": table.references("service_id", services, "calendar.txt"),
            "shape_id": table.column("shape_id"),
        },
        dtype=object,
    )
    frame["direction_id"] = table.integers("direction_id", 0, 1, blank=0)
    if not shapes.missing:
        table.references("shape_id", set(shapes.column("shape_id")), "shapes.txt", blank=True)
    else:
        count = int((frame["shape_id"] != "").sum())
        notices.add("gtfs.no_shapes", "trip names a line, and there is no shapes.txt", count)
    return frame


def _stop_times(
    table: Table,
    keep: NDArray[np.bool_],
    trips: pd.DataFrame,
    routes: pd.DataFrame,
    stops: pd.DataFrame,
    places: set[str],
    strict: bool,
    notices: Notices,
) -> tuple[pd.DataFrame, pd.DataFrame, set[str]]:
    """Return stop times and trips without those that cannot be run, and the ids of these."""
    trip_row = {name: i for i, name in enumerate(trips["trip_id"])}
    stop_row = {name: i for i, name in enumerate(stops["stop_id"])}
    names = table.references("trip_id", trip_row, "trips.txt")
    calls = table.references("stop_id", stop_row.keys() | places, "stops.txt", blank=not bool(keep.all()))
    for row in np.flatnonzero(keep).tolist() if places.intersection(calls) or "" in calls else ():
        if calls[row] not in stop_row:
            raise table.fail(row, f"stop_id “{calls[row]}” is no stop: vehicles stop at its platforms")
    trip = np.array([trip_row[name] for name in names], np.int64)
    sequence = table.integers("stop_sequence", 0, 10**9)
    file_row = np.lexsort((sequence, trip))
    file_row = file_row[keep[file_row]]
    trip, sequence = trip[file_row], sequence[file_row]
    stop = np.array([stop_row.get(name, -1) for name in calls], np.int64)[file_row]
    arrival = np.array(table.parsed("arrival_time", seconds_or_blank), np.int64)[file_row]
    departure = np.array(table.parsed("departure_time", seconds_or_blank), np.int64)[file_row]
    arrival, departure, filled = fill_blanks(trip, arrival, departure)
    lat, lon = stops["stop_lat"].to_numpy(), stops["stop_lon"].to_numpy()
    metres = straight_m(stop, np.diff(trip, prepend=-1) != 0, lat, lon)
    rail = trips["route_id"].isin(routes.loc[routes["kind"] == "rail", "route_id"]).to_numpy()
    fastest = np.where(rail[trip], MOST_KM_H_RAIL, MOST_KM_H) / 3.6
    faults = trip_faults(trip, sequence, file_row, arrival, departure, metres, fastest)
    if strict and len(faults.trip):
        at = int(faults.row.argmin())
        raise table.fail(int(faults.row[at]), FAULTS[faults.kind[at]][1])
    ids = trips["trip_id"].to_numpy(dtype=object)
    for kind, (code, words) in enumerate(FAULTS):
        bad = faults.trip[faults.kind == kind]
        notices.add(f"gtfs.trip_{code}", f"trip left out: {words}", len(bad), sorted(ids[bad])[:EXAMPLES])
    frame = pd.DataFrame({"trip_id": ids[trip], "stop_id": stops["stop_id"].to_numpy(dtype=object)[stop]}, dtype=object)
    frame["trip_idx"], frame["stop_idx"], frame["stop_sequence"] = trip, stop, sequence
    frame["arrival_s"], frame["departure_s"] = arrival, departure
    for name in ("pickup_type", "drop_off_type"):
        frame[name] = table.integers(name, 0, 3, blank=0)[file_row].astype(np.int8)
    dist = table.floats("shape_dist_traveled", 0, 1e9, blank=np.nan)[file_row]
    good = ~np.isin(trip, faults.trip)
    notices.add("gtfs.time_filled", "blank stop time interpolated between timed stops", int((filled & good).sum()))
    frame["dist_m"] = np.nan
    frame = frame[good].reset_index(drop=True)
    frame["dist_m"] = given_m(dist[good], metres[good], trip[good], len(trips), notices)
    stays = np.ones(len(trips), bool)
    stays[faults.trip] = False
    new_row = np.cumsum(stays) - 1
    frame["trip_idx"] = new_row[frame["trip_idx"].to_numpy()]
    return frame, trips[stays].reset_index(drop=True), set(ids[faults.trip].tolist())


def _count_unused(
    stops: pd.DataFrame, trips: pd.DataFrame, times: pd.DataFrame, on_demand: pd.DataFrame, notices: Notices
) -> None:
    served = set(times["stop_id"]) | set(on_demand["area_id"])
    for area in on_demand.loc[on_demand["area_kind"] == "group", "area_id"]:
        served.add(area)
    idle = sorted(set(stops["stop_id"]) - served)
    notices.add("gtfs.stop_unused", "stop that no trip serves", len(idle), idle[:EXAMPLES])
    empty = np.bincount(times["trip_idx"].to_numpy(), minlength=len(trips)) == 0
    names = trips.loc[empty & ~trips["trip_id"].isin(on_demand["trip_id"]).to_numpy(), "trip_id"]
    notices.add("gtfs.trip_empty", "trip without stop times", len(names), sorted(names)[:EXAMPLES])
    for name, words in (("pickup_type", "on"), ("drop_off_type", "off")):
        inner = _inner_rows(times, name == "pickup_type")
        count = int((times.loc[inner, name] == 1).sum())
        notices.add(f"gtfs.{name}_none", f"stop time at which nobody may get {words}", count)
        count = int((times.loc[inner, name] >= 2).sum())
        notices.add(f"gtfs.{name}_arranged", "stop time by arrangement with agency or driver, taken as usual", count)


def _inner_rows(times: pd.DataFrame, boarding: bool) -> NDArray[np.bool_]:
    """Return the rows where it matters: not the last stop of a trip for boarding, not the first for alighting."""
    trip = times["trip_idx"].to_numpy()
    return np.asarray(np.diff(trip, append=-1) == 0 if boarding else np.diff(trip, prepend=-1) == 0)


def _sidecar(source: Source, name: str, columns: tuple[str, ...], routes: set[str]) -> pd.DataFrame | None:
    table = Table(source, name, required=False)
    if table.missing:
        return None
    for column in columns:
        if column not in table.columns:
            raise InputError(f"column “{column}” is missing", table.path, 1, hint=did_you_mean(column, table.columns))
    table.references("route_id", routes, "routes.txt")
    frame = pd.DataFrame({column: table.series(column) for column in columns})
    if "departures" in columns:
        frame["departures"] = table.integers("departures", 0, 10**6)
    return frame


def _vehicles(source: Source, routes: set[str]) -> pd.DataFrame | None:
    frame = _sidecar(source, "vehicles.csv", ("route_id", "vehicle_class", "capacity_pers"), routes)
    if frame is not None:
        table = Table(source, "vehicles.csv")
        table.ids("route_id")
        frame["capacity_pers"] = table.integers("capacity_pers", 1, 5000)
    return frame
