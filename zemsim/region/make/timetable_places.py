"""Places, distances and rules that the estimated timetable is drawn from."""

from __future__ import annotations

import heapq
import math
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

from zemsim.core.errors import InputError, did_you_mean
from zemsim.region.tables import read_rows

EARTH_RADIUS_KM = 6371.0088
#: Railway stations that the list of the pack lacks.
STATIONS_FILE = Path(__file__).with_name("timetable_stations.csv")

#: Former municipalities on the left bank of the Daugava. The river is crossed at Aizkraukle and Jēkabpils only; former
#: Jēkabpils novads lies left of it, Jēkabpils itself on both banks.
LEFT_BANK = frozenset(
    {"Jaunjelgavas novads", "Neretas novads", "Salas novads", "Viesītes novads", "Aknīstes novads", "Jēkabpils novads"}
)
RIGHT_BANK = frozenset(
    {"Aizkraukles novads", "Kokneses novads", "Pļaviņu novads", "Skrīveru novads", "Krustpils novads"}
)
BRIDGEHEADS = frozenset({"aizkraukle", "jekabpils"})

#: The town to which the parish lines of a municipality lead.
CENTRES = {
    "Aizkraukles novads": "aizkraukle",
    "Bauskas novads": "bauska",
    "Dobeles novads": "dobele",
    "Jelgavas novads": "jelgava",
    "Jēkabpils novads": "jekabpils",
}


@dataclass(frozen=True)
class Place:
    """A settlement or a gate (no municipality) where lines stop; degrees and residents."""

    slug: str
    name: str
    lat: float
    lon: float
    municipality: str
    bank: str
    parish: bool
    population: float


@dataclass
class Geography:
    """Places by slug, other names of places, and reported road lengths in km."""

    places: dict[str, Place]
    names: dict[str, str]
    rules: dict[str, float]
    stations: dict[str, tuple[float, float]]
    reported_km: dict[tuple[str, str], float] = field(default_factory=dict)
    town_stations: dict[str, tuple[float, float]] = field(default_factory=dict)

    def find(self, name: str) -> Place:
        """Return the place of this name (settlement or main village)."""
        if name not in self.names:
            raise InputError(f"timetable: place “{name}” is not known", hint=did_you_mean(name, self.names))
        return self.places[self.names[name]]

    def station_of(self, town: str) -> tuple[float, float]:
        """Latitude and longitude of a station that the list of stations lacks; the town's if nothing else is known."""
        if town in self.town_stations:
            return self.town_stations[town]
        place = self.find(town)
        return place.lat, place.lon

    def road_km(self, a: Place, b: Place) -> float:
        """Return the reported road length, else the straight line times the detour of the assumptions."""
        straight = great_circle_km(a.lat, a.lon, b.lat, b.lon)
        known = self.reported_km.get((min(a.slug, b.slug), max(a.slug, b.slug)))
        return known if known is not None and known >= straight else straight * self.rules["bus_detour_ratio"]


def great_circle_km(lat_a: float, lon_a: float, lat_b: float, lon_b: float) -> float:
    """Return the great-circle distance in km (haversine; mean Earth radius of the IUGG)."""
    phi_a, phi_b = math.radians(lat_a), math.radians(lat_b)
    h = math.sin((phi_b - phi_a) / 2) ** 2
    h += math.cos(phi_a) * math.cos(phi_b) * math.sin(math.radians(lon_b - lon_a) / 2) ** 2
    return 2 * EARTH_RADIUS_KM * math.asin(math.sqrt(min(1.0, h)))


def slug(name: str) -> str:
    """Return a stable id: ASCII letters, digits and hyphens."""
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode().lower()
    return "-".join("".join(c if c.isalnum() else " " for c in plain).split())


def rows_of(path: Path) -> list[dict[str, str]]:
    """Return the rows of a CSV file as dictionaries of text."""
    header, rows = read_rows(path)
    return [dict(zip(header, cells, strict=True)) for _, cells in rows]


def read_rules(folder: Path) -> dict[str, float]:
    """Return ``assumptions/timetable.csv`` as key and value."""
    return {row["key"]: float(row["value"]) for row in rows_of(folder / "assumptions" / "timetable.csv")}


def read_geography(folder: Path) -> Geography:
    """Read settlements, gates, stations, roads and rules of a pack."""
    rows = sorted(rows_of(folder / "facts" / "settlements.csv"), key=lambda row: row["settlement_id"])
    places: dict[str, Place] = {}
    names: dict[str, str] = {}
    for row in rows:
        place = _place(row)
        places[place.slug] = place
        names[row["name"]] = place.slug
    for row in rows:
        if row["main_village"]:
            names.setdefault(row["main_village"], row["settlement_id"])
    stations = {
        row["name"]: (float(row["lat"]), float(row["lon"])) for row in rows_of(folder / "facts" / "stations.csv")
    }
    for row in rows_of(folder / "facts" / "gates.csv"):
        name = row["name"].split(" (")[0]
        places[row["gate_id"]] = Place(
            row["gate_id"], name, float(row["lat"]), float(row["lon"]), "", "both", False, 0.0
        )
        names[name] = row["gate_id"]
    geography = Geography(places, names, read_rules(folder), stations)
    geography.reported_km.update(_reported_km(folder, geography))
    geography.town_stations.update(
        (row["name"], (float(row["lat"]), float(row["lon"]))) for row in rows_of(STATIONS_FILE)
    )
    return geography


def _place(row: dict[str, str]) -> Place:
    village = row["main_village"] != "" and row["village_lat"] != ""
    lat, lon = (row["village_lat"], row["village_lon"]) if village else (row["lat"], row["lon"])
    former = row["pre2021_municipality"]
    bank = "left" if former in LEFT_BANK else "right" if former in RIGHT_BANK else "left"
    if row["settlement_id"] in BRIDGEHEADS:
        bank = "both"
    name = row["main_village"] or row["name"]
    parish = row["kind"] == "parish"
    municipality = row["municipality"]
    return Place(
        row["settlement_id"], name, float(lat), float(lon), municipality, bank, parish, float(row["population"])
    )


def _reported_km(folder: Path, geography: Geography) -> dict[tuple[str, str], float]:
    found = {}
    for row in rows_of(folder / "facts" / "roads.csv"):
        ends = sorted((row["from_place"], row["to_place"]))
        if row["official_km"] and row["status"] == "reported" and all(end in geography.places for end in ends):
            found[(ends[0], ends[1])] = float(row["official_km"])
    return found


def gabriel_neighbours(places: Iterable[Place]) -> dict[str, list[str]]:
    """Return the Gabriel graph of the places, without links over the Daugava but at its bridges.

    Two places are neighbours if no third lies in the circle over the line between them.
    """
    ordered = sorted(places, key=lambda place: place.slug)
    scale = math.cos(math.radians(56.5))
    points = [(place.lon * scale, place.lat) for place in ordered]
    near: dict[str, list[str]] = {place.slug: [] for place in ordered}
    for i, a in enumerate(ordered):
        for j in range(i + 1, len(ordered)):
            b = ordered[j]
            if {a.bank, b.bank} == {"left", "right"}:
                continue
            cx, cy = (points[i][0] + points[j][0]) / 2, (points[i][1] + points[j][1]) / 2
            radius = ((points[i][0] - points[j][0]) ** 2 + (points[i][1] - points[j][1]) ** 2) / 4
            blocked = any((x - cx) ** 2 + (y - cy) ** 2 < radius for k, (x, y) in enumerate(points) if k not in (i, j))
            if not blocked:
                near[a.slug].append(b.slug)
                near[b.slug].append(a.slug)
    return near


def paths_to(centre: str, near: dict[str, list[str]], geography: Geography) -> dict[str, list[str]]:
    """Return for each place the shortest way to ``centre`` over neighbouring places, both ends included."""
    best = {centre: 0.0}
    ahead: dict[str, str] = {}
    heap = [(0.0, centre)]
    while heap:
        km, here = heapq.heappop(heap)
        if km > best[here]:
            continue
        for there in sorted(near[here]):
            total = km + geography.road_km(geography.places[here], geography.places[there])
            if total < best.get(there, math.inf):
                best[there] = total
                ahead[there] = here
                heapq.heappush(heap, (total, there))
    paths = {}
    for name in sorted(best):
        path = [name]
        while path[-1] != centre:
            path.append(ahead[path[-1]])
        paths[name] = path
    return paths
