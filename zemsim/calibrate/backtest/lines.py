"""The timetable of a generic region: lines from the centre to each settlement, and along the streets of settlements."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np

from zemsim.calibrate.backtest.layout import TOWN_LINE_CELLS, Layout, Settlement
from zemsim.calibrate.backtest.place import Place
from zemsim.region.build.csv_files import write_rows
from zemsim.region.build.feed_files import clock
from zemsim.region.geo import Grid
from zemsim.region.make.pack import slug

#: Networks of the timetable.
REGIONAL, TOWN = "regional_bus", "city_bus_towns"
NETWORKS = (REGIONAL, TOWN)
_SERVICES = {"weekday": (1, 1, 1, 1, 1, 0, 0), "weekend": (0, 0, 0, 0, 0, 1, 1)}
_DAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
_FIRST_DATE, _LAST_DATE = "20000101", "20991231"
#: Kind of vehicle by network: its class and the key of its capacity among the assumptions of the timetable.
VEHICLES = {
    REGIONAL: ("bus_regional", "capacity_bus_regional_pers"),
    TOWN: ("bus_city", "capacity_bus_city_pers"),
}
_BUS = 3


@dataclass(frozen=True)
class Line:
    """A line: its stops in order (name, x, y), its way in metres to each, and how often and fast it runs."""

    route_id: str
    network: str
    stops: tuple[tuple[str, float, float], ...]
    headway_min: float
    speed_km_h: float


def make_lines(place: Place, layout: Layout) -> tuple[Line, ...]:
    """Lines of a place: one from the centre to each settlement, and one along each street of the larger ones."""
    centre = layout.settlements[0]
    found = [_regional(place, centre, town) for town in layout.settlements[1:]]
    for settlement in layout.settlements:
        found += _inside(place, settlement)
    return tuple(found)


def _regional(place: Place, centre: Settlement, town: Settlement) -> Line:
    km = float(np.hypot(town.x_m - centre.x_m, town.y_m - centre.y_m)) / 1000.0
    legs = max(1, round(km / place["wayside_km"]))
    share = np.arange(legs + 1) / legs
    points = [(centre.x_m + s * (town.x_m - centre.x_m), centre.y_m + s * (town.y_m - centre.y_m)) for s in share]
    names = [_stop(centre, centre.cells // 2, centre.cells // 2)]
    names += [f"way-{slug(town.name)}-{k}" for k in range(1, legs)]
    names += [_stop(town, town.cells // 2, town.cells // 2)]
    ends = {0: _cell(centre, centre.cells // 2, centre.cells // 2), legs: _cell(town, town.cells // 2, town.cells // 2)}
    stops = tuple((name, *ends.get(k, at)) for k, (name, at) in enumerate(zip(names, points, strict=True)))
    return Line(
        f"regional-{slug(town.name)}", REGIONAL, stops, place["regional_headway_min"], place["regional_speed_km_h"]
    )


def _inside(place: Place, settlement: Settlement) -> Iterator[Line]:
    if settlement.cells < TOWN_LINE_CELLS:
        return
    across = range(settlement.cells)
    for k in across:
        for name, cells in (("row", [(k, j) for j in across]), ("column", [(j, k) for j in across])):
            stops = tuple((_stop(settlement, *cell), *_cell(settlement, *cell)) for cell in cells)
            route = f"town-{slug(settlement.name)}-{name}-{k}"
            yield Line(route, TOWN, stops, place["town_headway_min"], place["town_speed_km_h"])


def _stop(settlement: Settlement, row: int, column: int) -> str:
    return f"{slug(settlement.name)}-{row}-{column}"


def _cell(settlement: Settlement, row: int, column: int) -> tuple[float, float]:
    x, y = settlement.points()[row * settlement.cells + column]
    return float(x), float(y)


def write_feed(folder: Path, place: Place, lines: tuple[Line, ...], grid: Grid, origin: tuple[float, float],
               detour: Mapping[str, float], capacity_pers: Mapping[str, float]) -> None:  # fmt: skip
    """Write the lines as GTFS, with the classes and places of vehicles beside it.

    Parameters
    ----------
    origin : metres on the grid of the middle of the region.
    detour : way over straight line by network.
    capacity_pers : places of a vehicle by network.
    """
    folder.mkdir()
    agency = {"agency_id": "all", "agency_name": "All lines", "agency_url": "", "agency_timezone": "Europe/Riga"}
    write_rows(folder / "agency.txt", list(agency), [agency])
    services = [
        {"service_id": name, **dict(zip(_DAYS, days, strict=True)), "start_date": _FIRST_DATE, "end_date": _LAST_DATE}
        for name, days in _SERVICES.items()
    ]
    write_rows(folder / "calendar.txt", list(services[0]), services)
    routes = [
        {"route_id": line.route_id, "agency_id": "all", "route_short_name": line.route_id,
         "route_long_name": line.route_id, "route_type": _BUS, "network_id": line.network}
        for line in lines
    ]  # fmt: skip
    write_rows(folder / "routes.txt", list(routes[0]), routes)
    _write_stops(folder, lines, grid, origin)
    trips, times = _trips(place, lines, detour)
    write_rows(folder / "trips.txt", ["route_id", "service_id", "trip_id", "direction_id"], trips)
    columns = ["trip_id", "arrival_time", "departure_time", "stop_id", "stop_sequence", "shape_dist_traveled"]
    write_rows(folder / "stop_times.txt", columns, times)
    count = {line.route_id: sum(trip["route_id"] == line.route_id for trip in trips) for line in lines}
    status = [{"route_id": r, "status": "assumption", "departures": n, "note": "made up"} for r, n in count.items()]
    write_rows(folder / "status.csv", ["route_id", "status", "departures", "note"], status)
    vehicles = [
        {"route_id": line.route_id, "vehicle_class": VEHICLES[line.network][0],
         "capacity_pers": capacity_pers[line.network]}
        for line in lines
    ]  # fmt: skip
    write_rows(folder / "vehicles.csv", ["route_id", "vehicle_class", "capacity_pers"], vehicles)


def _write_stops(folder: Path, lines: tuple[Line, ...], grid: Grid, origin: tuple[float, float]) -> None:
    places = {name: (x, y) for line in lines for name, x, y in line.stops}
    rows = []
    for name, (x, y) in sorted(places.items()):
        lon, lat = grid.to_degrees(origin[0] + x, origin[1] + y)
        rows.append(
            {"stop_id": name, "stop_name": name, "stop_lat": round(float(lat), 6), "stop_lon": round(float(lon), 6)}
        )
    write_rows(folder / "stops.txt", ["stop_id", "stop_name", "stop_lat", "stop_lon"], rows)


def departures_min(place: Place, headway_min: float, phase: float) -> list[float]:
    """Minutes of departure of a line from the first to the last of the day; lines begin at different phases."""
    first, last = place["first_min"], place["last_min"]
    start = first + phase * min(headway_min, last - first)
    number = max(1, int((last - start) / headway_min) + 1)
    return [start + k * headway_min for k in range(number)]


def _trips(
    place: Place, lines: tuple[Line, ...], detour: Mapping[str, float]
) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    trips, times = [], []
    for number, line in enumerate(lines):
        # A golden phase spreads the lines over the headway without any draw.
        phase = (number * 0.6180339887) % 1.0 * 0.5
        for service in _SERVICES:
            headway = line.headway_min / (place["weekend_share"] if service == "weekend" else 1.0)
            for direction in (0, 1):
                course = line.stops if direction == 0 else line.stops[::-1]
                way_m = _way_m(course, detour[line.network])
                for k, start in enumerate(departures_min(place, headway, phase)):
                    trip = f"{line.route_id}-{service}-{direction}-{k:03d}"
                    trips.append({"route_id": line.route_id, "service_id": service, "trip_id": trip,
                                  "direction_id": direction})  # fmt: skip
                    for position, (stop, *_) in enumerate(course):
                        at = clock(round(60.0 * start + way_m[position] * 3.6 / line.speed_km_h))
                        times.append(
                            {"trip_id": trip, "arrival_time": at, "departure_time": at, "stop_id": stop,
                             "stop_sequence": position + 1, "shape_dist_traveled": round(way_m[position])}
                        )  # fmt: skip
    return trips, times


def _way_m(course: tuple[tuple[str, float, float], ...], detour: float) -> list[float]:
    way = [0.0]
    for (_, x0, y0), (_, x1, y1) in pairwise(course):
        way.append(way[-1] + detour * float(np.hypot(x1 - x0, y1 - y0)))
    return way
