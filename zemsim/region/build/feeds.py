"""The timetable of a pack from the feeds that were given: stops of the region, services of the chosen week."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd

from zemsim.core.errors import InputError
from zemsim.region.build.csv_files import write_csv
from zemsim.region.build.feed_files import write_feed
from zemsim.region.build.report import Report
from zemsim.region.build.rules import Rules
from zemsim.region.geo import Grid
from zemsim.region.gtfs import Gtfs, read_gtfs
from zemsim.region.gtfs.kinds import TRAIN_KINDS
from zemsim.region.gtfs.table import DAY_NAMES
from zemsim.region.nearest import NearestPoint


def read_feeds(
    paths: Sequence[str | Path], zones: pd.DataFrame, grid: Grid, rules: Rules, date: dt.date | None
) -> Gtfs:
    """Read feeds as one, and refuse those that cannot serve the zones or the date.

    Raises
    ------
    InputError
        If a feed has a fault, no trip runs on the date, or no stop lies near a zone.
    """
    feed = read_gtfs(paths[0] if len(paths) == 1 else list(paths))
    if date is not None:
        feed.services_on(date)
    _near_stops(feed, zones, grid, rules, Report())
    return feed


def write_timetable(
    feed: Gtfs,
    paths: Sequence[str | Path],
    folder: Path,
    zones: pd.DataFrame,
    grid: Grid,
    rules: Rules,
    capacity: dict[str, float],
    date: dt.date | None,
    report: Report,
) -> pd.DataFrame:
    """Write the part of a feed that serves the zones as a GTFS folder.

    Parameters
    ----------
    feed : Gtfs
        From :func:`read_feeds` of ``paths``.
    date : date or None
        The week that holds it is the week of the pack; without it, the busiest.
    capacity : dict
        Passengers by class of vehicle.

    Returns
    -------
    DataFrame
        Stops that were written: ``stop_id, stop_lon, stop_lat, x_m, y_m``.

    Raises
    ------
    InputError
        If no trip serves two stops near zones in the week, or no stop lies near a zone.
    """
    for notice in feed.notices:
        report.count("timetable", "note", notice.message, notice.count, examples=notice.examples)
    report.count("timetable", "read", "stops", len(feed.stops))
    report.count("timetable", "read", "routes", len(feed.routes))
    report.count("timetable", "read", "trips", len(feed.trips))
    stops = _near_stops(feed, zones, grid, rules, report)
    calendar = _calendar(feed, date, report)
    times, trips = _near_trips(feed, set(stops["stop_id"]), set(calendar["service_id"]), report)
    stops = stops[stops["stop_id"].isin(set(times["stop_id"]))]
    kept = _kept(feed, stops, trips, times, calendar)
    for reason, count in write_feed(kept, folder).items():
        report.count("timetable", "dropped", reason, count)
    _write_sidecars(folder, kept, stops, capacity, rules.default("build.city_stop_spacing_m"), paths, report)
    report.count("timetable", "kept", "stops", len(stops))
    report.count("timetable", "kept", "routes", len(kept.routes))
    report.count("timetable", "kept", "trips", len(trips))
    report.count(
        "timetable", "kept", "trips of which only the headway is promised", int(trips["headway_s"].notna().sum())
    )
    for name, words in (("pickup_type", "on"), ("drop_off_type", "off")):
        report.count("timetable", "kept", f"stop times at which nobody may get {words}", int((times[name] == 1).sum()))
    report.count("timetable", "kept", "walks and changes that the feed gives", len(kept.walks))
    return stops


def _kept(feed: Gtfs, stops: pd.DataFrame, trips: pd.DataFrame, times: pd.DataFrame, calendar: pd.DataFrame) -> Gtfs:
    """Return the feed with what is kept of it; trips are numbered anew."""
    row = pd.Series(np.arange(len(trips)), index=trips.index)
    here = set(stops["stop_id"])
    walks = feed.walks[feed.walks["from_stop_id"].isin(here) & feed.walks["to_stop_id"].isin(here)]
    routes = _routes(feed, set(trips["route_id"]))
    return replace(
        feed,
        agency=feed.agency[feed.agency["agency_id"].isin(set(routes["agency_id"]))],
        stops=stops,
        routes=routes,
        trips=trips.reset_index(drop=True),
        stop_times=times.assign(trip_idx=times["trip_idx"].map(row)).reset_index(drop=True),
        calendar=calendar[calendar["service_id"].isin(set(trips["service_id"]))],
        calendar_dates=feed.calendar_dates.iloc[:0],
        walks=walks,
    )


def _near_stops(feed: Gtfs, zones: pd.DataFrame, grid: Grid, rules: Rules, report: Report) -> pd.DataFrame:
    x, y = grid.to_metres(feed.stops["stop_lon"].to_numpy(), feed.stops["stop_lat"].to_numpy())
    points = np.nan_to_num(np.column_stack([x, y]), nan=1e12, posinf=1e12, neginf=1e12)
    away = NearestPoint(zones[["x_m", "y_m"]]).of(points)[0]
    near = away <= rules.default("build.stop_reach_m")
    report.count(
        "timetable", "outside", "stops too far from every zone", int((~near).sum()),
        examples=feed.stops["stop_id"][~near].head().tolist(),
    )  # fmt: skip
    if not near.any():
        raise InputError("no stop lies near a zone", feed.folder, hint="are feed and zones of the same region?")
    found: pd.DataFrame = feed.stops.assign(x_m=x, y_m=y)[near]
    return found


def _calendar(feed: Gtfs, date: dt.date | None, report: Report) -> pd.DataFrame:
    """Services by day of the week: as they run in the week of a date, else in the busiest."""
    monday = feed.busiest_week() if date is None else date - dt.timedelta(days=date.weekday())
    why = "the busiest; --date takes another" if date is None else f"that of {date}"
    report.count("timetable", "kept", f"week {monday} to {monday + dt.timedelta(days=6)}, {why}")
    runs = [feed.active_services(monday + dt.timedelta(days=k)) for k in range(7)]
    services = sorted(set().union(*runs))
    rows = [[name, *(name in active for active in runs)] for name in services]
    calendar = pd.DataFrame(rows, columns=["service_id", *DAY_NAMES])
    return calendar.assign(start_date=monday, end_date=monday + dt.timedelta(days=6))


def _near_trips(feed: Gtfs, stops: set[str], services: set[str], report: Report) -> tuple[pd.DataFrame, pd.DataFrame]:
    runs = feed.trips["service_id"].isin(services)
    report.count("timetable", "dropped", "trips that do not run in the week", int((~runs).sum()))
    times = feed.stop_times[runs.to_numpy()[feed.stop_times["trip_idx"].to_numpy()]]
    inside = times["stop_id"].isin(stops)
    calls = inside.groupby(times["trip_idx"]).sum()
    kept = set(calls.index[calls >= 2])
    report.count("timetable", "outside", "trips with fewer than two stops near zones", len(calls) - len(kept))
    if not kept:
        raise InputError("no trip serves two stops near zones in this week", feed.folder)
    times = times[inside & times["trip_idx"].isin(kept)]
    report.count("timetable", "outside", "calls at stops that were left out", int((~inside).sum()))
    trips = feed.trips.iloc[sorted(kept)]
    return times.sort_values(["trip_idx", "stop_sequence"], kind="stable"), trips


def _routes(feed: Gtfs, used: set[str]) -> pd.DataFrame:
    routes = feed.routes[feed.routes["route_id"].isin(used)].sort_values("route_id")
    usual = np.where(routes["kind"].isin(TRAIN_KINDS), "train", "regional_bus")
    network = np.where(routes["network_id"].fillna("") == "", usual, routes["network_id"])
    agencies = feed.agency["agency_id"].tolist()
    routes = routes.assign(agency_id=routes["agency_id"].where(routes["agency_id"].isin(agencies), agencies[0]))
    return routes.assign(network_id=network)


def _write_sidecars(
    folder: Path,
    kept: Gtfs,
    stops: pd.DataFrame,
    capacity: dict[str, float],
    city_spacing_m: float,
    paths: Sequence[str | Path],
    report: Report,
) -> None:
    """Write what the departures rest on, and the vehicles: their class by kind and distance of stops."""
    routes, trips, times = kept.routes, kept.trips, kept.stop_times
    departures = trips.groupby("route_id").size()
    note = ", ".join(Path(path).name for path in paths)[:200]
    status = pd.DataFrame({"route_id": routes["route_id"], "status": "reported"})
    write_csv(folder / "status.csv", status.assign(departures=status["route_id"].map(departures), note=note))
    place = stops.set_index("stop_id")[["x_m", "y_m"]]
    route_of = trips["route_id"].to_numpy(object)
    joined = times.join(place, on="stop_id").assign(route_id=route_of[times["trip_idx"].to_numpy()])
    step = pd.Series(np.hypot(joined["x_m"].diff(), joined["y_m"].diff()), index=joined.index)
    spacing = step.where(joined["trip_idx"].eq(joined["trip_idx"].shift())).groupby(joined["route_id"]).mean()
    train = routes["network_id"].eq("train") | routes["route_type"].isin([0, 1, 2])
    town = routes["route_id"].map(spacing).to_numpy() < city_spacing_m
    kind = np.where(train, "train_electric", np.where(town, "bus_city", "bus_regional"))
    table = pd.DataFrame({"route_id": routes["route_id"].to_numpy(), "vehicle_class": kind})
    write_csv(folder / "vehicles.csv", table.assign(capacity_pers=[round(capacity[name]) for name in kind]))
    report.count("timetable", "defaulted", "routes whose vehicles are of a usual size", len(table))
