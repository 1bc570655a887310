"""Write the estimated timetable of a pack as a GTFS feed.

No open timetable was at hand; the lines, run times and departures that are reported are used, the rest follows the
rules of ``assumptions/timetable.csv``. ``status.csv`` beside the feed says for each route how many departures are
reported, estimated or assumed; ``vehicles.csv`` holds vehicle class and capacity. The same input gives the same bytes.
"""

from __future__ import annotations

import csv
import io
from collections import Counter
from pathlib import Path

from zemsim.region.make.timetable_bus import bus_lines
from zemsim.region.make.timetable_city import city_lines
from zemsim.region.make.timetable_line import Line, Stop
from zemsim.region.make.timetable_places import read_geography
from zemsim.region.make.timetable_rail import rail_lines
from zemsim.region.make.timetable_station_bus import station_buses

START_DATE, END_DATE = "20240101", "20351231"
AGENCY_ROWS = (
    ("dap", "Dobeles autobusu parks", "https://www.atd.lv"),
    ("jap", "Jelgavas autobusu parks", "https://www.jap.lv"),
    ("jap-regional", "Aizkraukle and Jēkabpils lots (operator not known)", "https://www.atd.lv"),
    ("jekap", "Jēkabpils autobusu parks", "https://www.atd.lv"),
    ("lap", "Liepājas autobusu parks", "https://www.atd.lv"),
    ("nordeka", "Nordeka", "https://www.atd.lv"),
    ("vivi", "Pasažieru vilciens (Vivi)", "https://vivi.lv"),
)
SERVICES = {"daily": "1111111", "weekday": "1111100", "tuesday": "0100000"}
STATUS_ORDER = ("reported", "estimate", "assumption")
DAY_NAMES = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")


def build(folder: str | Path) -> None:
    """Write ``gtfs/`` of the pack in ``folder`` from its ``facts/`` and ``assumptions/``.

    Parameters
    ----------
    folder : path
        The pack; needs ``facts/settlements.csv, stations.csv, roads.csv`` and ``assumptions/timetable.csv``.

    Raises
    ------
    InputError
        If a file is missing or a line names a place that is not known.
    """
    folder = Path(folder)
    geography = read_geography(folder)
    rail = rail_lines(geography)
    lines = rail + bus_lines(geography) + station_buses(geography, rail) + city_lines(geography)
    lines.sort(key=lambda line: line.route_id)
    target = folder / "gtfs"
    target.mkdir(exist_ok=True)
    trips, times = _trips(lines)
    days = "".join(f",{name}" for name in DAY_NAMES)
    tables: dict[str, list[tuple[object, ...]]] = {
        "agency.txt": [
            ("agency_id", "agency_name", "agency_url", "agency_timezone", "agency_lang"),
            *((*row, "Europe/Riga", "lv") for row in AGENCY_ROWS),
        ],
        "stops.txt": [("stop_id", "stop_name", "stop_lat", "stop_lon"), *_stops(lines)],
        "routes.txt": [
            ("route_id", "agency_id", "route_short_name", "route_long_name", "route_type", "network_id"),
            *((ln.route_id, ln.agency_id, ln.short_name, ln.long_name, ln.route_type, ln.network_id) for ln in lines),
        ],
        "trips.txt": [("route_id", "service_id", "trip_id", "direction_id"), *trips],
        "stop_times.txt": [
            ("trip_id", "arrival_time", "departure_time", "stop_id", "stop_sequence", "shape_dist_traveled"),
            *times,
        ],
        "calendar.txt": [tuple(f"service_id{days},start_date,end_date".split(","))]
        + [(name, *flags, START_DATE, END_DATE) for name, flags in sorted(SERVICES.items())],
        "feed_info.txt": [
            ("feed_publisher_name", "feed_publisher_url", "feed_lang", "feed_start_date", "feed_end_date"),
            ("zemsim (estimated timetable)", "https://www.zemgale.lv", "lv", START_DATE, END_DATE),
        ],
        "status.csv": [("route_id", "status", "departures", "note"), *_status(lines)],
        "vehicles.csv": [
            ("route_id", "vehicle_class", "capacity_pers"),
            *((ln.route_id, ln.vehicle_class, ln.capacity_pers) for ln in lines),
        ],
    }
    for name, rows in tables.items():
        (target / name).write_bytes(_csv(rows))


def _csv(rows: list[tuple[object, ...]]) -> bytes:
    buffer = io.StringIO()
    csv.writer(buffer, lineterminator="\n").writerows(rows)
    return buffer.getvalue().encode("utf-8")


def _stops(lines: list[Line]) -> list[tuple[object, ...]]:
    stops: dict[str, Stop] = {}
    for line in lines:
        for stop in line.stops:
            if stops.setdefault(stop.stop_id, stop) != stop:
                raise ValueError(f"stop {stop.stop_id} has two places")
    return [(s.stop_id, s.name, f"{s.lat:.5f}", f"{s.lon:.5f}") for _, s in sorted(stops.items())]


def _trips(lines: list[Line]) -> tuple[list[tuple[object, ...]], list[tuple[object, ...]]]:
    trips: list[tuple[object, ...]] = []
    times: list[tuple[object, ...]] = []
    for line in lines:
        for direction, runs in ((0, line.out), (1, line.back)):
            stops, metres, arrive = line.course(direction)
            for number, run in enumerate(sorted(runs, key=lambda run: (run.minute, run.service)), start=1):
                trip_id = f"{line.route_id}-{direction}-{number:02d}"
                trips.append((line.route_id, run.service, trip_id, direction))
                start = round(run.minute * 60)
                last = len(stops) - 1
                for i, stop in enumerate(stops):
                    at = start + arrive[i]
                    leave = at + (line.dwell_s if 0 < i < last else 0)
                    times.append((trip_id, _time(at), _time(leave), stop.stop_id, i + 1, metres[i]))
    return trips, times


def _time(seconds: int) -> str:
    return f"{seconds // 3600:02d}:{seconds % 3600 // 60:02d}:{seconds % 60:02d}"


def _status(lines: list[Line]) -> list[tuple[object, ...]]:
    rows: list[tuple[object, ...]] = []
    for line in lines:
        count = Counter(run.status for run in line.out + line.back)
        rows += [(line.route_id, status, count[status], line.note) for status in STATUS_ORDER if count[status]]
    return rows
