"""A feed that was read, written as GTFS files again: reading them gives the same trips, calls, walks and fares."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import numpy as np
import pandas as pd

from zemsim.region.build.csv_files import write_csv
from zemsim.region.build.fare_files import write_fares
from zemsim.region.gtfs import Gtfs
from zemsim.region.gtfs.table import DAY_NAMES

#: ``pathway_mode``: a walkway.
_WALKWAY = 1


def write_feed(feed: Gtfs, folder: Path) -> dict[str, int]:
    """Write a feed into a new folder.

    Trips of which only the headway is promised go to ``frequencies.txt``, with one set of stop times each; a walk alone
    becomes a pathway from stop to stop, so that it keeps its seconds, and the time of a whole change a transfer. Times
    are whole seconds, rounded up as the timetable does.

    Parameters
    ----------
    feed : Gtfs
        Shapes and services on demand are not written: lengths stand in ``shape_dist_traveled``.
    folder : Path
        Is made.

    Returns
    -------
    dict
        What of the fares could not be written, with counts.
    """
    folder.mkdir()
    agency = feed.agency[["agency_id", "agency_name"]].sort_values("agency_id")
    write_csv(folder / "agency.txt", agency.assign(agency_url="", agency_timezone=feed.time_zone))
    columns = ["route_id", "agency_id", "route_short_name", "route_long_name", "route_type", "network_id"]
    write_csv(folder / "routes.txt", feed.routes[columns].sort_values("route_id"))
    write_csv(folder / "calendar.txt", _calendar(feed.calendar))
    if len(feed.calendar_dates):
        dates = feed.calendar_dates.assign(date=[f"{day:%Y%m%d}" for day in feed.calendar_dates["date"]])
        write_csv(folder / "calendar_dates.txt", dates.sort_values(["service_id", "date"]))
    _write_trips(feed, folder)
    _write_walks(feed.walks, folder)
    zones, lost = write_fares(feed, folder)
    stops = feed.stops.assign(zone_id=[zones.get(stop, "") for stop in feed.stops["stop_id"]])
    columns = ["stop_id", "stop_name", "stop_lat", "stop_lon", *(["zone_id"] if zones else [])]
    write_csv(folder / "stops.txt", stops[columns].sort_values("stop_id"))
    return lost


def _calendar(calendar: pd.DataFrame) -> pd.DataFrame:
    table = calendar[["service_id"]].copy()
    for day in DAY_NAMES:
        table[day] = calendar[day].astype(int)
    for name in ("start_date", "end_date"):
        table[name] = pd.Series([f"{day:%Y%m%d}" for day in calendar[name]], index=table.index, dtype=object)
    return table.sort_values("service_id")


def _write_trips(feed: Gtfs, folder: Path) -> None:
    trips, times, headways = _as_templates(feed.trips, feed.stop_times)
    columns = ["route_id", "service_id", "trip_id", "direction_id"]
    write_csv(folder / "trips.txt", trips[columns].sort_values("trip_id"))
    distance = times["dist_m"] - times.groupby("trip_id")["dist_m"].transform("first")
    table = pd.DataFrame(
        {
            "trip_id": times["trip_id"],
            "arrival_time": times["arrival_s"].map(clock),
            "departure_time": times["departure_s"].map(clock),
            "stop_id": times["stop_id"],
            "stop_sequence": times["stop_sequence"],
            "shape_dist_traveled": distance.round(0).map(lambda d: "" if np.isnan(d) else str(int(d))),
        }
    )
    for name in ("pickup_type", "drop_off_type"):
        if times[name].any():
            table[name] = times[name]
    write_csv(folder / "stop_times.txt", table.sort_values(["trip_id", "stop_sequence"], kind="stable"))
    if len(headways):
        write_csv(folder / "frequencies.txt", headways)


def clock(second: int) -> str:
    """Return ``HH:MM:SS``; hours beyond 24 are the next day."""
    return f"{second // 3600:02d}:{second // 60 % 60:02d}:{second % 60:02d}"


def _as_templates(trips: pd.DataFrame, times: pd.DataFrame) -> tuple[pd.DataFrame, pd.DataFrame, pd.DataFrame]:
    """Return trips and stop times with those by headway once, and the rows of ``frequencies.txt``.

    Trips by headway are one where route, service, direction, stops, calls and times from the first departure on agree.
    """
    loose = trips["headway_s"].notna().to_numpy()
    plain = times[~loose[times["trip_idx"].to_numpy()]]
    if not loose.any():
        return trips, plain, pd.DataFrame()
    groups: dict[tuple[object, ...], list[tuple[int, int, int]]] = {}
    rows = times[loose[times["trip_idx"].to_numpy()]]
    for trip, part in rows.groupby("trip_idx", sort=True):
        key, start = _course(trips.iloc[int(trip)], part)
        groups.setdefault(key, []).append((start, int(trips["headway_s"].iloc[int(trip)]), int(trip)))
    taken = set(trips.loc[~loose, "trip_id"])
    chosen, names, spans = [], [], []
    for found in groups.values():
        found.sort()
        base = str(trips["trip_id"].iloc[found[0][2]]).rpartition("@")[0]
        name = _free(base, [start for start, _, _ in found], taken)
        taken |= {name, *(f"{name}@{clock(start)}" for start, _, _ in found)}
        chosen.append(found[0][2])
        names.append(name)
        spans += [(name, clock(a), clock(b), headway, 0) for a, b, headway in _spans(found)]
    renamed = dict(zip(chosen, names, strict=True))
    kept = rows[rows["trip_idx"].isin(renamed)]
    kept = kept.assign(trip_id=kept["trip_idx"].map(renamed))
    table = pd.concat([trips[~loose], trips.iloc[chosen].assign(trip_id=names)])
    columns = ["trip_id", "start_time", "end_time", "headway_secs", "exact_times"]
    return table, pd.concat([plain, kept]), pd.DataFrame(sorted(spans), columns=columns)


def _course(trip: pd.Series, part: pd.DataFrame) -> tuple[tuple[object, ...], int]:
    """What trips of one template have in common, and the second of the first departure."""
    start = int(part["departure_s"].iloc[0])
    after = part["arrival_s"].to_numpy()[1:] - start, part["departure_s"].to_numpy() - start
    calls = tuple(zip(part["stop_id"], part["stop_sequence"], part["pickup_type"], part["drop_off_type"], strict=True))
    own = (str(trip["trip_id"]).rpartition("@")[0], trip["route_id"], trip["service_id"], int(trip["direction_id"]))
    return (*own, calls, *(values.tobytes() for values in after)), start


def _free(base: str, starts: Iterable[int], taken: set[str]) -> str:
    """Return a name that is not taken, nor are those of the departures that a reader will make of it."""
    name = base
    while name in taken or taken.intersection(f"{name}@{clock(start)}" for start in starts):
        name += "#"
    return name


def _spans(found: list[tuple[int, int, int]]) -> list[tuple[int, int, int]]:
    """Return start, end and headway of runs of departures (sorted) that are one headway apart."""
    spans: list[tuple[int, int, int]] = []
    for start, headway, _ in found:
        if spans and spans[-1][1:] == (start, headway):
            spans[-1] = (spans[-1][0], start + headway, headway)
            continue
        if spans and spans[-1][1] > start:
            spans[-1] = (spans[-1][0], start, spans[-1][2])
        spans.append((start, start + headway, headway))
    return spans


def _write_walks(walks: pd.DataFrame, folder: Path) -> None:
    alone = walks[walks["kind"] == "walk"]
    changes = walks[walks["kind"] != "walk"]
    if len(alone):
        pathways = pd.DataFrame(
            {
                "pathway_id": [f"p{number + 1}" for number in range(len(alone))],
                "from_stop_id": alone["from_stop_id"],
                "to_stop_id": alone["to_stop_id"],
                "pathway_mode": _WALKWAY,
                "is_bidirectional": 0,
                "traversal_time": alone["seconds"].map(_whole),
            }
        )
        write_csv(folder / "pathways.txt", pathways)
    if len(changes):
        kind = np.where(changes["kind"] == "none", "3", "2")
        seconds = changes["seconds"].map(lambda s: "" if np.isnan(s) else str(_whole(s)))
        table = changes[["from_stop_id", "to_stop_id"]]
        write_csv(folder / "transfers.txt", table.assign(transfer_type=kind, min_transfer_time=seconds))


def _whole(seconds: float) -> int:
    """Whole seconds, rounded up as in the walks of a timetable."""
    return int(np.ceil(seconds - 1e-9))
