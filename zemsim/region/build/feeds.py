"""The timetable of a pack from the feeds that were given: stops of the region, services of the chosen week."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from zemsim.core.errors import InputError
from zemsim.region.build.csv_files import write_csv
from zemsim.region.build.report import Report
from zemsim.region.build.rules import Rules
from zemsim.region.geo import Grid
from zemsim.region.gtfs import Gtfs, read_gtfs
from zemsim.region.gtfs.kinds import TRAIN_KINDS
from zemsim.region.nearest import NearestPoint

#: A bus line whose stops are nearer to each other than this runs in a town, m.
_CITY_SPACING_M = 1200.0
_DAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")


def write_timetable(
    paths: Sequence[str | Path],
    folder: Path,
    zones: pd.DataFrame,
    grid: Grid,
    rules: Rules,
    capacity: dict[str, float],
    date: dt.date | None,
    report: Report,
) -> pd.DataFrame:
    """Read feeds and write the part of them that serves the zones as one GTFS folder.

    Parameters
    ----------
    date : date or None
        The week that holds it is the week of the pack; without it, all services stay.
    capacity : dict
        Passengers by class of vehicle.

    Returns
    -------
    DataFrame
        Stops that were written: ``stop_id, stop_lon, stop_lat, x_m, y_m``.

    Raises
    ------
    InputError
        If a feed has a fault, no trip runs in the week, or no stop lies near a zone.
    """
    feed = read_gtfs(paths[0] if len(paths) == 1 else list(paths))
    for notice in feed.notices:
        report.count("timetable", "note", notice.message, notice.count, examples=notice.examples)
    report.count("timetable", "read", "stops", len(feed.stops))
    report.count("timetable", "read", "routes", len(feed.routes))
    report.count("timetable", "read", "trips", len(feed.trips))
    stops = _near_stops(feed, zones, grid, rules, report)
    calendar = _calendar(feed, date)
    times, trips = _near_trips(feed, set(stops["stop_id"]), set(calendar["service_id"]), report)
    stops = stops[stops["stop_id"].isin(set(times["stop_id"]))]
    routes = _routes(feed, set(trips["route_id"]))
    folder.mkdir()
    used = calendar["service_id"].isin(set(trips["service_id"]))
    write_csv(folder / "agency.txt", _agency(feed, set(routes["agency_id"])))
    write_csv(folder / "stops.txt", stops[["stop_id", "stop_name", "stop_lat", "stop_lon"]].sort_values("stop_id"))
    write_csv(folder / "routes.txt", routes)
    columns = ["route_id", "service_id", "trip_id", "direction_id"]
    write_csv(folder / "trips.txt", trips[columns].sort_values("trip_id"))
    write_csv(folder / "stop_times.txt", times)
    write_csv(folder / "calendar.txt", calendar[used])
    _write_transfers(feed, folder, set(stops["stop_id"]))
    _write_sidecars(folder, routes, trips, times, stops, capacity, paths, report)
    report.count("timetable", "kept", "stops", len(stops))
    report.count("timetable", "kept", "routes", len(routes))
    report.count("timetable", "kept", "trips", len(trips))
    return stops


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


def _calendar(feed: Gtfs, date: dt.date | None) -> pd.DataFrame:
    """Services by day of the week: as they run in the week of a date, else in the week of the busiest Wednesday."""
    if date is not None:
        feed.services_on(date)
    day = date or feed.busiest(2)
    monday = day - dt.timedelta(days=day.weekday())
    runs = [feed.active_services(monday + dt.timedelta(days=k)) for k in range(7)]
    services = sorted(set().union(*runs))
    rows = [[name, *(int(name in active) for active in runs)] for name in services]
    calendar = pd.DataFrame(rows, columns=["service_id", *_DAYS])
    start, end = (f"{d:%Y%m%d}" for d in (monday, monday + dt.timedelta(days=6)))
    return calendar.assign(start_date=start, end_date=end)


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
    distance = times["dist_m"] - times.groupby("trip_idx")["dist_m"].transform("first")
    shown = distance.round(0).map(lambda d: "" if np.isnan(d) else str(int(d)))
    table = pd.DataFrame(
        {
            "trip_id": times["trip_id"],
            "arrival_time": times["arrival_s"].map(_clock),
            "departure_time": times["departure_s"].map(_clock),
            "stop_id": times["stop_id"],
            "stop_sequence": times["stop_sequence"],
            "shape_dist_traveled": shown,
        }
    )
    return table.sort_values(["trip_id", "stop_sequence"], kind="stable"), trips


def _clock(second: int) -> str:
    return f"{second // 3600:02d}:{second // 60 % 60:02d}:{second % 60:02d}"


def _routes(feed: Gtfs, used: set[str]) -> pd.DataFrame:
    routes = feed.routes[feed.routes["route_id"].isin(used)].sort_values("route_id")
    usual = np.where(routes["kind"].isin(TRAIN_KINDS), "train", "regional_bus")
    network = np.where(routes["network_id"].fillna("") == "", usual, routes["network_id"])
    names = ["route_id", "agency_id", "route_short_name", "route_long_name", "route_type"]
    agencies = feed.agency["agency_id"].tolist()
    routes = routes.assign(agency_id=routes["agency_id"].where(routes["agency_id"].isin(agencies), agencies[0]))
    return routes[names].assign(network_id=network)


def _agency(feed: Gtfs, used: set[str]) -> pd.DataFrame:
    agency = feed.agency[feed.agency["agency_id"].isin(used)].sort_values("agency_id")
    return agency[["agency_id", "agency_name"]].assign(agency_url="", agency_timezone=feed.time_zone)


def _write_transfers(feed: Gtfs, folder: Path, stops: set[str]) -> None:
    """Write changes and walks that the feed gives, between stops that are kept."""
    walks = feed.walks[feed.walks["from_stop_id"].isin(stops) & feed.walks["to_stop_id"].isin(stops)]
    if len(walks):
        kind = np.where(walks["kind"] == "none", "3", "2")
        seconds = walks["seconds"].map(lambda s: "" if np.isnan(s) else str(int(s)))
        table = walks[["from_stop_id", "to_stop_id"]].assign(transfer_type=kind, min_transfer_time=seconds)
        write_csv(folder / "transfers.txt", table)


def _write_sidecars(
    folder: Path,
    routes: pd.DataFrame,
    trips: pd.DataFrame,
    times: pd.DataFrame,
    stops: pd.DataFrame,
    capacity: dict[str, float],
    paths: Sequence[str | Path],
    report: Report,
) -> None:
    """Write what the departures rest on, and the vehicles: their class by kind and distance of stops."""
    departures = trips.groupby("route_id").size()
    note = ", ".join(Path(path).name for path in paths)[:200]
    status = pd.DataFrame({"route_id": routes["route_id"], "status": "reported"})
    write_csv(folder / "status.csv", status.assign(departures=status["route_id"].map(departures), note=note))
    place = stops.set_index("stop_id")[["x_m", "y_m"]]
    joined = times.join(place, on="stop_id").assign(
        route_id=times["trip_id"].map(trips.set_index("trip_id")["route_id"])
    )
    step = pd.Series(np.hypot(joined["x_m"].diff(), joined["y_m"].diff()), index=joined.index)
    spacing = step.where(joined["trip_id"].eq(joined["trip_id"].shift())).groupby(joined["route_id"]).mean()
    train = routes["network_id"].eq("train") | routes["route_type"].isin([0, 1, 2])
    town = routes["route_id"].map(spacing).to_numpy() < _CITY_SPACING_M
    kind = np.where(train, "train_electric", np.where(town, "bus_city", "bus_regional"))
    table = pd.DataFrame({"route_id": routes["route_id"].to_numpy(), "vehicle_class": kind})
    write_csv(folder / "vehicles.csv", table.assign(capacity_pers=[round(capacity[name]) for name in kind]))
    report.count("timetable", "defaulted", "routes whose vehicles are of a usual size", len(table))
