"""Coordinates of stops: what is no place, and the diagnosis of degrees that are swapped, zero, polar or projected."""

from __future__ import annotations

import re
import zoneinfo
from importlib import resources
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from zemsim.region.geo import great_circle_m
from zemsim.region.gtfs.table import Table

Float = NDArray[np.float64]

#: Farther than this from the middle of the other stops is suspicious; nearer than this the swapped place is believed.
FAR_M = 1_000_000.0
NEAR_M = 300_000.0

#: The main town of a time zone is at most this far from a feed that lies in it (Russia and Brazil have wide ones).
ZONE_FAR_M = 4_000_000.0


class Bounds(NamedTuple):
    """A box in degrees."""

    lon_min: float
    lat_min: float
    lon_max: float
    lat_max: float

    def inside(self, lon: Float, lat: Float) -> NDArray[np.bool_]:
        """Tell which points lie inside."""
        return (lon >= self.lon_min) & (lon <= self.lon_max) & (lat >= self.lat_min) & (lat <= self.lat_max)


class Given(NamedTuple):
    """Places of ``stops.txt`` that have coordinates: their rows int64 [K], and degrees as written, float64 [K]."""

    table: Table
    rows: NDArray[np.int64]
    lat: Float
    lon: Float


def check_each(table: Table, lat: Float, lon: Float) -> None:
    """Raise at the first place whose degrees cannot be right by themselves; NaN stands for not given.

    Parameters
    ----------
    table : Table
        ``stops.txt``.
    lat, lon : float64 [rows]
        As written.
    """
    wrong = (np.abs(lat) > 90) | (np.abs(lon) > 180) | (np.abs(lat) > 89.9) | ((lat == 0) & (lon == 0))
    if not wrong.any():
        return
    row = int(wrong.argmax())
    a, b = float(lat[row]), float(lon[row])
    written = f"stop_lat {a:g}, stop_lon {b:g}"
    if a == 0 and b == 0:
        raise table.fail(row, "stop at latitude 0, longitude 0", "blank coordinates were written as zero")
    if max(abs(a), abs(b)) > 1000:
        raise table.fail(row, f"{written}: projected metres", "write degrees of WGS 84 (EPSG:4326)")
    if 90 < abs(a) <= 180 and abs(b) <= 90:
        if np.mean(np.abs(lat) > 90) > 0.5 or abs(a) > 91:
            raise table.fail(row, f"{written}: latitude and longitude are swapped", _range())
        raise table.fail(row, f"{written}: stop_lat is not between -90 and 90", _range())
    if abs(a) > 90 or abs(b) > 180:
        raise table.fail(row, f"{written}: not between -90 and 90, -180 and 180", _range())
    raise table.fail(row, f"{written}: stop at a pole", "mend the coordinates")


def check_together(given: Given, zone: str) -> NDArray[np.int64]:
    """Raise if places are swapped by the company they keep; return the rows that lie far from all others.

    Parameters
    ----------
    given : Given
        Places whose degrees passed :func:`check_each`.
    zone : str
        Time zone of the feed; its main town shows when all places are swapped.
    """
    table, rows, lat, lon = given
    if not len(rows):
        return rows
    town = zone_place(zone)
    middle_lat, middle_lon = float(np.median(lat)), float(np.median(lon))
    if town is not None and abs(middle_lon) <= 90:
        here = float(great_circle_m(middle_lon, middle_lat, *town))
        swapped = float(great_circle_m(middle_lat, middle_lon, *town))
        if here > ZONE_FAR_M > 2 * swapped:
            words = "latitude and longitude are swapped in the whole file"
            raise table.fail(int(rows[0]), words, f"the time zone is {zone}; {_range()}")
    far = np.asarray(great_circle_m(lon, lat, middle_lon, middle_lat)) > FAR_M
    can = far & (np.abs(lon) <= 90)
    if can.any():
        back = np.asarray(great_circle_m(lat[can], lon[can], middle_lon, middle_lat)) < NEAR_M
        if back.any():
            at = int(rows[can][back][0])
            count = int(back.sum())
            raise table.fail(at, f"latitude and longitude are swapped ({count:,} stops)", _range())
    return np.asarray(rows[far])


def check_bounds(given: Given, bounds: Bounds) -> NDArray[np.int64]:
    """Return the rows outside the box of a region; raise if all are, or if they are swapped into it.

    Parameters
    ----------
    given : Given
        Places that have coordinates.
    bounds : Bounds
        Box of the region.
    """
    table, rows, lat, lon = given
    outside = ~bounds.inside(lon, lat)
    swapped = outside & bounds.inside(lat, lon)
    if swapped.any():
        at = int(rows[swapped][0])
        raise table.fail(at, f"latitude and longitude are swapped ({int(swapped.sum()):,} stops)", _range())
    if len(rows) and outside.all():
        box = ", ".join(f"{value:g}" for value in bounds)
        raise table.fail(
            int(rows[0]), "all stops lie outside the region", f"its box is {box} (west, south, east, north)"
        )
    return np.asarray(rows[outside])


def zone_place(zone: str) -> tuple[float, float] | None:
    """Return longitude and latitude of the main town of a time zone, None if this machine does not know it.

    Source: ``zone.tab`` of the IANA time zone database.

    Parameters
    ----------
    zone : str
        Such as ``Europe/Riga``.
    """
    for line in _zone_table():
        parts = line.split("\t")
        if len(parts) >= 3 and parts[2] == zone:
            found = re.fullmatch(r"([+-]\d{4,6})([+-]\d{5,7})", parts[1])
            if found:
                return _degrees(found.group(2), 3), _degrees(found.group(1), 2)
    return None


def _zone_table() -> list[str]:
    for path in (Path(folder) / "zone.tab" for folder in zoneinfo.TZPATH):
        if path.is_file():
            return path.read_text(encoding="utf-8").splitlines()
    try:
        return (resources.files("tzdata") / "zoneinfo" / "zone.tab").read_text(encoding="utf-8").splitlines()
    except (ModuleNotFoundError, FileNotFoundError):
        return []


def _degrees(text: str, digits: int) -> float:
    """Degrees of ISO 6709: sign, degrees of that many digits, minutes, perhaps seconds."""
    body = text[1:]
    value = int(body[:digits]) + int(body[digits : digits + 2]) / 60 + int(body[digits + 2 :] or 0) / 3600
    return -value if text[0] == "-" else value


def _range() -> str:
    return "stop_lat is -90 to 90 north, stop_lon -180 to 180 east"
