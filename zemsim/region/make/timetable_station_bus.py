"""Buses between a town and its railway station that run to meet the trains."""

from __future__ import annotations

import itertools

from zemsim.region.make.timetable_line import Departure, Line, Stop, run_times
from zemsim.region.make.timetable_places import Geography, great_circle_km

#: Town, railway line whose end is the town's station, route id, operator. Of Aizkraukle two routes are reported, 6124
#: from the station and 6135 to it, timed by the trains (staburags.diena.lv 144871, 2017); the last train of the evening
#: is not met (arhivs.staburags.lv 86491, 2013).
STATION_BUSES = (("aizkraukle", "rail-aizkraukle", "bus-6124-6135", "6124/6135", "jap-regional"),)


def station_buses(geography: Geography, rail: list[Line]) -> list[Line]:
    """Return a line for each town: a bus to every train that leaves the station, one from every arrival but the last.

    Parameters
    ----------
    geography : Geography
        Places and rules.
    rail : list of Line
        The railway lines; one that has no departures is met by no bus.
    """
    lines = {line.route_id: line for line in rail}
    return [
        _line(geography, town, lines[train], route_id, name, agency)
        for town, train, route_id, name, agency in STATION_BUSES
        if train in lines
    ]


def _line(geography: Geography, town: str, train: Line, route_id: str, name: str, agency: str) -> Line:
    rules = geography.rules
    stops = _stops(geography, town, train.stops[-1])
    metres = [0]
    for a, b in itertools.pairwise(stops):
        metres.append(
            metres[-1] + round(great_circle_km(a.lat, a.lon, b.lat, b.lon) * rules["city_detour_ratio"] * 1000)
        )
    arrive = run_times(metres, rules["city_bus_speed_km_h"], 0)
    capacity = int(rules["capacity_bus_small_pers"])
    long_name = f"{stops[0].name}–{train.stops[-1].name}"
    line = Line(
        route_id, name, long_name, agency, 3, "regional_bus", "bus_small", capacity, stops, metres, arrive, 0
    )  # fmt: skip
    early, run_min = rules["station_bus_before_min"], arrive[-1] / 60
    late = rules["station_bus_after_min"] + train.arrive_s[-1] / 60
    line.out = [Departure(round(d.minute - early - run_min), d.service, "assumption") for d in train.back]
    arrivals = sorted(train.out, key=lambda d: d.minute)[:-1]
    line.back = [Departure(round(d.minute + late), d.service, "assumption") for d in arrivals]
    line.note = "two routes reported in 2017 as timed by the trains; their times follow the assumed trains"
    return line


def _stops(geography: Geography, town: str, station: Stop) -> list[Stop]:
    """From the bus station of the town straight to its railway station, at the distances of city stops."""
    place = geography.places[town]
    first = Stop(f"bus-{place.slug}", place.name, round(place.lat, 5), round(place.lon, 5), "place")
    km = great_circle_km(first.lat, first.lon, station.lat, station.lon)
    count = max(1, round(km / geography.rules["city_stop_spacing_km"]))
    between = []
    for k in range(1, count):
        lat = first.lat + (station.lat - first.lat) * k / count
        lon = first.lon + (station.lon - first.lon) * k / count
        between.append(Stop(f"{town}-station-{k}", f"{place.name} {k}", round(lat, 5), round(lon, 5), "wayside"))
    return [first, *between, station]
