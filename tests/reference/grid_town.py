"""A made-up town of 7 by 7 crossings as an OpenStreetMap file, a timetable and a table of zones.

Crossings are 250 m apart; crossing (row, column) has the node id ``100 + 10 row + column``. A river runs between
columns 3 and 4: rows 3 (a bridge) and 6 cross it, no other. Row 1 is one way to
the east, row 2 is drawn to the east and one way against it. Who comes west along row 0 may not turn north at (0, 1). An
island of two streets hangs on nothing; one way names nodes that are not there; a charging station and a car park with a
fee stand in the middle.
"""

from __future__ import annotations

import csv
import zipfile
from pathlib import Path
from typing import Any

import osmium

ROWS = COLUMNS = 7
STEP_M = 250.0
LON_0, LAT_0 = 23.70, 56.64
#: Degrees per step, near enough for a made-up town.
_LAT_STEP = STEP_M / 111_320.0
_LON_STEP = STEP_M / (111_320.0 * 0.5498)
PEOPLE = 500


def node_id(row: int, column: int) -> int:
    """Id of a crossing; row 0 is in the south."""
    return 100 + 10 * row + column


def place(row: float, column: float) -> tuple[float, float]:
    """Longitude and latitude of a point of the grid."""
    return LON_0 + column * _LON_STEP, LAT_0 + row * _LAT_STEP


def ways() -> list[tuple[int, list[int], dict[str, str]]]:
    """Ways of the town: id, nodes, tags."""
    found: list[tuple[int, list[int], dict[str, str]]] = []
    for row in range(ROWS):
        tags = {"highway": "residential", "name": f"Row {row}"}
        if row == 1:
            tags["oneway"] = "yes"
        if row == 2:
            tags |= {"oneway": "-1", "maxspeed": "30"}
        if row == 3:
            tags |= {"highway": "primary", "maxspeed": "50", "lanes": "2", "surface": "asphalt"}
        west = [node_id(row, column) for column in range(0 if row else 1, 4)]
        east = [node_id(row, column) for column in range(4, COLUMNS)]
        found += [(1000 + row, west, tags), (1010 + row, east, tags)]
    found.append((1030, [node_id(0, 0), node_id(0, 1)], {"highway": "residential", "name": "Row 0"}))
    found.append((1020, [node_id(3, 3), node_id(3, 4)], {"highway": "primary", "bridge": "yes", "maxspeed": "50"}))
    found.append((1021, [node_id(6, 3), node_id(6, 4)], {"highway": "residential", "surface": "gravel"}))
    for column in range(COLUMNS):
        for row in range(ROWS - 1):
            tags = {"highway": "tertiary" if column == 2 else "residential", "name": f"Column {column}"}
            found.append((2000 + 10 * column + row, [node_id(row, column), node_id(row + 1, column)], tags))
    found.append((3000, [900, 901, 902], {"highway": "residential"}))
    found.append((3001, [node_id(6, 6), 9999, 9998, node_id(5, 6)], {"highway": "service"}))
    found.append((3002, [node_id(0, 0), 903, node_id(1, 1)], {"highway": "footway"}))
    found.append((3003, [node_id(4, 4), node_id(5, 5)], {"highway": "cycleway"}))
    found.append((3004, [node_id(5, 4), node_id(6, 5)], {"highway": "steps"}))
    found.append((3005, [node_id(0, 6), node_id(0, 6), 904], {"highway": "living_street"}))
    found.append((3006, [node_id(6, 0), 905, 906, node_id(6, 0)], {"highway": "residential"}))
    return found


def extra_nodes() -> list[tuple[int, tuple[float, float], dict[str, str]]]:
    """Nodes beside the crossings."""
    station = {
        "amenity": "charging_station", "operator": "Test", "capacity": "4", "socket:type2_combo": "2",
        "socket:type2_combo:output": "50 kW", "socket:type2": "2",
    }  # fmt: skip
    return [
        (900, place(-3, 0), {}),
        (901, place(-3, 1), {}),
        (902, place(-3, 2), {}),
        (903, place(0.5, 0.5), {}),
        (904, place(0, 7), {}),
        (905, place(6.5, 0), {}),
        (906, place(6.5, 0.5), {}),
        (950, place(3.2, 2.8), station),
        (951, place(1.2, 1.8), {"amenity": "charging_station"}),
        (952, place(40, 40), {"amenity": "charging_station"}),
        (953, place(3.1, 3.1), {"amenity": "parking", "fee": "yes", "charge": "1.20 EUR/h"}),
    ]


def write_osm(path: Path) -> Path:
    """Write the town; the suffix of the path says in which format."""
    writer: Any = osmium.SimpleWriter(str(path), overwrite=True)
    make: Any = osmium.osm.mutable
    nodes = [(node_id(r, c), place(r, c), {}) for r in range(ROWS) for c in range(COLUMNS)] + extra_nodes()
    for name, at, tags in sorted(nodes):
        writer.add_node(make.Node(id=name, location=at, tags=tags, version=1))
    for name, refs, tags in sorted(ways()):
        writer.add_way(make.Way(id=name, nodes=refs, tags=tags, version=1))
    turn = [("w", 1000, "from"), ("n", node_id(0, 1), "via"), ("w", 2010, "to")]
    for name, members, tags in (
        (1, turn, {"type": "restriction", "restriction": "no_right_turn"}),
        (2, [turn[0], ("w", 77, "via"), turn[2]], {"type": "restriction", "restriction": "no_turn"}),
        (
            4,
            [("w", 1005, "from"), ("n", node_id(5, 1), "via"), ("w", 2015, "to")],
            {"type": "restriction", "restriction": "no_right_turn"},
        ),
        (3, turn, {"type": "restriction", "restriction:hgv": "no_right_turn"}),
    ):
        writer.add_relation(make.Relation(id=name, members=members, tags=tags, version=1))
    writer.close()
    return path


def write_zones(path: Path) -> Path:
    """Write nine zones, and one that no road reaches."""
    with path.open("w", encoding="utf-8", newline="") as file:
        rows = csv.writer(file)
        rows.writerow(["id", "lon", "lat", "population", "jobs", "note"])
        for row in range(3):
            for column in range(3):
                lon, lat = place(0.8 + 2.2 * row, 0.7 + 2.3 * column)
                rows.writerow([f"z{row}{column}", f"{lon:.6f}", f"{lat:.6f}", PEOPLE, 150 + 60 * column, "x"])
        lon, lat = place(30, 3)
        rows.writerow(["far", f"{lon:.6f}", f"{lat:.6f}", 7, 0, ""])
    return path


def write_feed(path: Path, every_min: int = 30) -> Path:
    """Write a bus along row 3 and one along column 2, every day of 2024, as a zip."""
    lines = {"east": [(3, c) for c in range(COLUMNS)], "north": [(r, 2) for r in range(ROWS)]}
    stops, trips, times = {}, [], []
    for line, course in lines.items():
        for direction in (0, 1):
            way = course if direction == 0 else course[::-1]
            for number, start in enumerate(range(6 * 60, 22 * 60, every_min)):
                trip = f"{line}-{direction}-{number}"
                trips.append([line, "all", trip, direction])
                for k, at in enumerate(way):
                    stops[f"s{at[0]}{at[1]}"] = place(*at)
                    clock = f"{(start + k) // 60:02d}:{(start + k) % 60:02d}:00"
                    times.append([trip, clock, clock, f"s{at[0]}{at[1]}", k + 1])
    far = place(200, 0)
    tables = {
        "agency.txt": [["agency_id", "agency_name", "agency_url", "agency_timezone"],
                       ["a", "Buses", "https://example.org", "Europe/Riga"]],
        "routes.txt": [["route_id", "agency_id", "route_short_name", "route_type"], ["east", "a", "E", 3],
                       ["north", "a", "N", 3]],
        "stops.txt": [["stop_id", "stop_name", "stop_lat", "stop_lon"],
                      *([name, name, f"{p[1]:.6f}", f"{p[0]:.6f}"] for name, p in sorted(stops.items())),
                      ["away", "Away", f"{far[1]:.6f}", f"{far[0]:.6f}"]],
        "trips.txt": [["route_id", "service_id", "trip_id", "direction_id"], *trips],
        "stop_times.txt": [["trip_id", "arrival_time", "departure_time", "stop_id", "stop_sequence"], *times],
        "calendar.txt": [["service_id", "monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday",
                          "start_date", "end_date"], ["all", 1, 1, 1, 1, 1, 1, 1, "20240101", "20241231"]],
    }  # fmt: skip
    with zipfile.ZipFile(path, "w") as archive:
        for name, rows in tables.items():
            text = "\n".join(",".join(map(str, row)) for row in rows) + "\n"
            archive.writestr(zipfile.ZipInfo(name), text)
    return path
