"""City buses of Jelgava and Jēkabpils: lines through the centre, stops at even distances."""

from __future__ import annotations

import itertools
from pathlib import Path

from zemsim.region.make.timetable_line import Line, Stop, clock, departures, run_times, spread, with_reported
from zemsim.region.make.timetable_places import Geography, great_circle_km, rows_of, slug

LINES_FILE = Path(__file__).with_name("timetable_city.csv")
AGENCIES = {"Jelgava": "jap", "Jēkabpils": "jekap"}


def city_lines(geography: Geography) -> list[Line]:
    """Return the city lines: from one end straight to the centre and on to the other end."""
    stops: dict[str, list[Stop]] = {town: _first_stops(geography, town) for town in AGENCIES}
    return [_line(geography, row, stops[row["town"]]) for row in rows_of(LINES_FILE)]


def _first_stops(geography: Geography, town: str) -> list[Stop]:
    """The stop in the centre is the bus station, where the regional lines stop too."""
    centre = geography.find(town)
    return [Stop(f"bus-{centre.slug}", centre.name, round(centre.lat, 5), round(centre.lon, 5), "place")]


def _line(geography: Geography, row: dict[str, str], known: list[Stop]) -> Line:
    rules = geography.rules
    centre = geography.find(row["town"])
    ends = [_end(geography, row, side) for side in ("a", "b")]
    course = [ends[0], (centre.lat, centre.lon), ends[1]]
    stops: list[Stop] = []
    for a, b in itertools.pairwise(course):
        for stop in _leg(geography, row, a, b, known):
            if not any(stop.stop_id == other.stop_id for other in stops):
                stops.append(stop)
    metres = [0]
    for s, t in itertools.pairwise(stops):
        km = great_circle_km(s.lat, s.lon, t.lat, t.lon) * rules["city_detour_ratio"]
        metres.append(metres[-1] + max(100, round(km * 1000)))
    town = slug(row["town"])
    name = f"{row['end_a']}–{row['end_b']}"
    capacity = int(rules["capacity_bus_city_pers"])
    arrive = run_times(metres, rules["city_bus_speed_km_h"], 0)
    route_id = f"{town}-{row['line']}"
    network = f"city_bus_{town}"
    line = Line(
        route_id, row["line"], name, AGENCIES[row["town"]], 3, network, "bus_city", capacity, stops, metres, arrive, 0
    )
    _set_departures(geography, line, row)
    named = f"ends named by {row['source']}; " if row["source"] else "line assumed; "
    line.note = named + "course, stops and departures assumed" + ("; first departure reported" if row["first"] else "")
    return line


def _set_departures(geography: Geography, line: Line, row: dict[str, str]) -> None:
    rules = geography.rules
    count = int(rules[f"city_departures_{row['class']}"])
    shift = 3.0 * (int(row["line"]) % 10) if not row["first"] else 0.0
    times = spread(count, rules["city_first_min"] + shift, rules["city_last_min"] + shift, rules["line_peak_weight"])
    out = with_reported(times, [clock(row["first"])] if row["first"] else [])
    line.out = departures(out, rules["city_weekend_share"])
    line.back = departures([(minute + 5, "assumption") for minute in times], rules["city_weekend_share"])


def _end(geography: Geography, row: dict[str, str], side: str) -> tuple[float, float]:
    if row[f"lat_{side}"]:
        return float(row[f"lat_{side}"]), float(row[f"lon_{side}"])
    if row[f"basis_{side}"] == "rail":
        return geography.station_of(row["town"])
    place = geography.find(row[f"end_{side}"])
    return place.lat, place.lon


def _leg(
    geography: Geography, row: dict[str, str], a: tuple[float, float], b: tuple[float, float], known: list[Stop]
) -> list[Stop]:
    """Stops from a to b; one that is near a stop of an earlier line is that stop."""
    km = great_circle_km(*a, *b)
    count = max(1, round(km / geography.rules["city_stop_spacing_km"])) if km > 0 else 0
    found = []
    for k in range(count + 1):
        share = k / count if count else 0.0
        lat, lon = a[0] + (b[0] - a[0]) * share, a[1] + (b[1] - a[1]) * share
        near = [(great_circle_km(lat, lon, s.lat, s.lon), s.stop_id, s) for s in known]
        distance, _, nearest = min(near)
        if distance < geography.rules["city_stop_merge_km"]:
            found.append(nearest)
            continue
        number = len(known)
        stop_id = f"{slug(row['town'])}-stop-{number:02d}"
        stop = Stop(stop_id, f"{row['town']} {number}", round(lat, 5), round(lon, 5), "city")
        known.append(stop)
        found.append(stop)
    return found
