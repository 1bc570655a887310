"""Regional buses: named lines with their reported departures, and lines from every parish to its centre."""

from __future__ import annotations

import itertools
from pathlib import Path

from zemsim.region.make.timetable_line import Departure, Line, Stop, clock, departures, run_times, spread, with_reported
from zemsim.region.make.timetable_places import (
    CENTRES,
    Geography,
    Place,
    gabriel_neighbours,
    great_circle_km,
    paths_to,
    rows_of,
)

LINES_FILE = Path(__file__).with_name("timetable_lines.csv")
DWELL_S = 0
OPERATORS = {
    "Aizkraukles novads": "jap-regional",
    "Bauskas novads": "nordeka",
    "Dobeles novads": "dap",
    "Jelgavas novads": "lap",
    "Jēkabpils novads": "jap-regional",
}


def bus_lines(geography: Geography) -> list[Line]:
    """Return the named lines and, for each parish that none of them joins to its centre, a parish line."""
    named = [_named_line(geography, row) for row in rows_of(LINES_FILE)]
    return named + parish_lines(geography, named)


def _named_line(geography: Geography, row: dict[str, str]) -> Line:
    rules = geography.rules
    places = [geography.find(name) for name in row["places"].split(";")]
    line = _line(geography, row["route_id"], row["short_name"], places, row["agency_id"], "bus_regional")
    known = {key: [clock(text) for text in row[key].split()] for key in ("out_times", "back_times")}
    line.note = "; ".join(text for text in (row["note"], row["source"]) if text) or "course and departures assumed"
    for key in ("out_times", "back_times"):
        times = [(minute, "reported") for minute in known[key]]
        if row["class"] != "reported":
            count = int(rules[f"line_departures_{row['class']}"])
            first, last = _window(geography, line, count)
            estimated = spread(count, first, last, rules["line_peak_weight"])
            times = with_reported(estimated, known[key])
        runs = departures(times, rules["line_weekend_share"])
        if key == "out_times":
            line.out = runs + [Departure(clock(t), "tuesday", "reported") for t in row["out_times_tuesday"].split()]
        else:
            line.back = runs
    return line


def _window(geography: Geography, line: Line, count: int) -> tuple[float, float]:
    """First and last departure: all day for frequent lines; rural lines arrive by eight and leave after work."""
    rules = geography.rules
    if count >= 6:
        return rules["line_first_min"], rules["line_last_min"]
    run_min = line.arrive_s[-1] / 60
    first = max(rules["line_first_min"], rules["feeder_in_01_min"] - run_min)
    return first, rules["feeder_out_03_min"]


def _line(geography: Geography, route_id: str, short: str, places: list[Place], agency: str, vehicle: str) -> Line:
    stops, metres = _course(geography, places)
    trunk = vehicle == "bus_regional"
    speed = geography.rules["bus_speed_trunk_km_h" if trunk else "bus_speed_local_km_h"]
    arrive = run_times(metres, speed, DWELL_S)
    long_name = "–".join(place.name for place in (places if len(places) < 4 else (places[0], places[-1])))
    capacity = int(geography.rules[f"capacity_{vehicle}_pers"])
    return Line(
        route_id, short, long_name, agency, 3, "regional_bus", vehicle, capacity, stops, metres, arrive, DWELL_S
    )


def _course(geography: Geography, places: list[Place]) -> tuple[list[Stop], list[int]]:
    """Stops at the places and, inside the region, at even distances on the road between them."""
    stops = [_place_stop(places[0])]
    metres = [0]
    spacing = geography.rules["wayside_spacing_km"]
    for a, b in itertools.pairwise(places):
        length = round(geography.road_km(a, b) * 1000)
        straight = great_circle_km(a.lat, a.lon, b.lat, b.lon)
        count = 0 if not a.municipality or not b.municipality else max(0, int(straight / spacing + 0.5) - 1)
        start = metres[-1]
        for k in range(1, count + 1):
            stops.append(_wayside(a, b, k, count))
            metres.append(start + round(length * k / (count + 1)))
        stops.append(_place_stop(b))
        metres.append(start + length)
    return stops, metres


def _place_stop(place: Place) -> Stop:
    return Stop(f"bus-{place.slug}", place.name, round(place.lat, 5), round(place.lon, 5), "place")


def _wayside(a: Place, b: Place, k: int, count: int) -> Stop:
    """Return stop ``k`` of ``count`` between two places; the same stop for either direction and every line."""
    if a.slug > b.slug:
        a, b, k = b, a, count + 1 - k
    share = k / (count + 1)
    lat, lon = a.lat + (b.lat - a.lat) * share, a.lon + (b.lon - a.lon) * share
    return Stop(f"way-{a.slug}-{b.slug}-{k}", f"{a.name}–{b.name} {k}", round(lat, 5), round(lon, 5), "wayside")


def parish_lines(geography: Geography, named: list[Line]) -> list[Line]:
    """Return lines from parishes to their centre along neighbouring places.

    A place that a named line with more than one departure each way already joins to the centre needs none. The farthest
    parish is served first; its line also serves the parishes on its way.
    """
    regional = [place for _, place in sorted(geography.places.items()) if place.municipality]
    near = gabriel_neighbours(regional)
    frequent = [line for line in named if min(len(line.out), len(line.back)) > 1]
    joined = {
        centre: {stop.stop_id for line in frequent for stop in line.stops if _serves(line, centre)}
        for centre in sorted(CENTRES.values())
    }
    lines = []
    for municipality, centre in sorted(CENTRES.items()):
        paths = paths_to(centre, near, geography)
        members = [p for p in regional if p.municipality == municipality and p.slug != centre and p.slug in paths]
        members.sort(key=lambda p: (-len(paths[p.slug]), p.slug))
        served = set(joined[centre])
        rank = 0
        for place in members:
            if f"bus-{place.slug}" in served:
                continue
            way = [geography.places[name] for name in paths[place.slug]]
            new = [p for p in way[:-1] if f"bus-{p.slug}" not in served and p.municipality == municipality]
            lines.append(_parish_line(geography, way, sum(p.population for p in new), rank))
            served.update(f"bus-{p.slug}" for p in way)
            rank += 1
    return lines


def _serves(line: Line, centre: str) -> bool:
    return any(stop.stop_id == f"bus-{centre}" for stop in line.stops)


def _parish_line(geography: Geography, way: list[Place], population: float, rank: int) -> Line:
    rules = geography.rules
    wanted = rules["feeder_departures_base"] + rules["feeder_departures_per_1000"] * population / 1000
    count = int(max(1, min(rules["feeder_departures_max"], int(wanted + 0.5))))
    agency = OPERATORS[way[0].municipality]
    line = _line(geography, f"parish-{way[0].slug}", f"{way[0].name}–{way[-1].name}", way, agency, "bus_small")
    shift = rules["feeder_stagger_min"] * (rank % 4) - 2 * rules["feeder_stagger_min"]
    run_min = line.arrive_s[-1] / 60
    arrivals = sorted(rules[f"feeder_in_{k:02d}_min"] for k in range(1, count + 1))
    leaving = sorted(rules[f"feeder_out_{k:02d}_min"] for k in range(1, count + 1))
    line.out = departures(
        [(float(round(max(240.0, minute + shift - run_min))), "assumption") for minute in arrivals],
        rules["feeder_weekend_share"],
    )
    line.back = departures(
        [(float(round(minute - shift)), "assumption") for minute in leaving], rules["feeder_weekend_share"]
    )
    line.note = "course by neighbouring parishes, departures by residents served"
    return line
