"""The table of zones that a user gives: declared columns, strict numbers, and what is not read said."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from zemsim.core.errors import InputError
from zemsim.region.build.report import Report
from zemsim.region.tables import read_rows

#: Columns of a table of zones: name, other names, and the least and largest value of a number.
TEXTS = {"zone_id": ("id",), "municipality": (), "settlement": (), "area_type": ()}
NUMBERS: dict[str, tuple[tuple[str, ...], float, float]] = {
    "lon": (("longitude",), -180.0, 180.0),
    "lat": (("latitude",), -85.0, 85.0),
    "population": (("residents",), 0.0, 1e8),
    "jobs": ((), 0.0, 1e8),
    "school_places": ((), 0.0, 1e7),
    "schools": ((), 0.0, 1e5),
    "shop_weight": ((), 0.0, 1e9),
    "leisure_weight": ((), 0.0, 1e9),
    "dwellings_house": ((), 0.0, 1e8),
    "dwellings_flat": ((), 0.0, 1e8),
    "size_m": ((), 1.0, 100_000.0),
    "parking_eur_h": ((), 0.0, 1000.0),
}
AREA_TYPES = ("city", "town", "countryside")
REQUIRED = ("zone_id", "lon", "lat", "population")
_LONGEST_ID = 100


@dataclass(frozen=True)
class ZoneInput:
    """Zones as they were given.

    Attributes
    ----------
    table : DataFrame
        Columns of :data:`TEXTS` and :data:`NUMBERS` that were given, sorted by ``zone_id``; NaN and "" where blank.
    shapes : list of shapely geometries or None
        In degrees, in the order of the table.
    source : str
        Name of the file.
    """

    table: pd.DataFrame
    shapes: list[object] | None
    source: str


def read_zones(path: str | Path, report: Report) -> ZoneInput:
    """Read zones from a CSV file, or from a GeoPackage with polygons.

    Columns: ``zone_id`` (or id), ``lon, lat`` (a GeoPackage needs none), ``population``, and if there are such
    ``jobs, school_places, schools`` (their number)``, shop_weight, leisure_weight, dwellings_house, dwellings_flat,
    municipality, settlement, area_type`` (city, town, countryside)``, size_m, parking_eur_h``. Others are not read, and
    said in the report.

    Raises
    ------
    InputError
        For a missing column, a number that is none, an id that is blank or occurs twice; with the line.
    """
    path = Path(path)
    shapes = None
    if path.suffix.lower() == ".gpkg":
        from zemsim.region.build.geopackage import read_layer

        header, rows, shapes = read_layer(path, report)
    else:
        header, rows = read_rows(path)
    columns = _columns(header, path, report, shapes is not None)
    data: dict[str, list[object]] = {}
    for name, position in columns.items():
        data[name] = [_cell(name, cells[position], path, line) for line, cells in rows]
    table = pd.DataFrame(data)
    if not len(table):
        raise InputError("there is no zone", path)
    if shapes is not None:
        points = [shape.representative_point() for shape in shapes]
        table["lon"], table["lat"] = [p.x for p in points], [p.y for p in points]
    _check(table, [line for line, _ in rows], path)
    order = np.argsort(table["zone_id"].to_numpy(dtype=str), kind="stable")
    report.count("zones", "read", "zones", len(table))
    report.count("zones", "read", "residents", float(table["population"].sum()))
    ordered = None if shapes is None else [shapes[i] for i in order]
    return ZoneInput(table.iloc[order].reset_index(drop=True), ordered, path.name)


def _columns(header: list[str], path: Path, report: Report, has_shapes: bool) -> dict[str, int]:
    known = {**TEXTS, **{name: others for name, (others, _, _) in NUMBERS.items()}}
    found: dict[str, int] = {}
    for name, others in known.items():
        for candidate in (name, *others):
            if candidate in header and name not in found:
                found[name] = header.index(candidate)
    if has_shapes:
        found = {name: at for name, at in found.items() if name not in ("lon", "lat")}
    for name in REQUIRED:
        if name not in found and not (has_shapes and name in ("lon", "lat")):
            names = " or ".join((name, *known[name]))
            raise InputError(f"column “{names}” is missing", path, 1, hint=f"there are: {', '.join(header)[:200]}")
    unread = [name for position, name in enumerate(header) if position not in found.values()]
    report.count("zones", "dropped", "columns that are not read", len(unread), examples=unread)
    return found


def _cell(name: str, text: str, path: Path, line: int) -> object:
    text = text.strip()
    if name in TEXTS:
        return text
    if text == "":
        return math.nan
    if not re.fullmatch(r"[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d+)?", text):
        hint = "write a decimal point" if re.fullmatch(r"[+-]?\d+,\d+", text) else None
        raise InputError(f"{name}: “{text[:40]}” is not a number", path, line, hint)
    _, low, high = NUMBERS[name]
    value = float(text)
    if not (math.isfinite(value) and low <= value <= high):
        raise InputError(f"{name}: {text[:40]} is not between {low:g} and {high:g}", path, line)
    return value


def _check(table: pd.DataFrame, lines: list[int], path: Path) -> None:
    for row, zone_id in enumerate(table["zone_id"]):
        if not zone_id or len(zone_id) > _LONGEST_ID or not zone_id.isprintable():
            raise InputError(f"zone_id “{str(zone_id)[:40]}” is blank, too long or unprintable", path, lines[row])
    double = table["zone_id"].duplicated().to_numpy()
    if double.any():
        row = int(double.argmax())
        raise InputError(f"zone_id “{table['zone_id'].iloc[row]}” occurs twice", path, lines[row])
    for name in ("lon", "lat", "population"):
        blank = table[name].isna().to_numpy()
        if blank.any():
            raise InputError(f"{name} is blank", path, lines[int(blank.argmax())])
    if table["population"].sum() < 1:
        raise InputError("nobody lives in these zones", path)
    spread = max(table["lon"].max() - table["lon"].min(), table["lat"].max() - table["lat"].min())
    if spread > 10.0:
        raise InputError(f"the zones spread over {spread:.0f} degrees", path, hint="are lon and lat in their columns?")
    if "area_type" in table:
        wrong = ~table["area_type"].isin([*AREA_TYPES, ""]).to_numpy()
        if wrong.any():
            row = int(wrong.argmax())
            value = str(table["area_type"].iloc[row])[:40]
            raise InputError(f"area_type: “{value}” is not one of {', '.join(AREA_TYPES)}", path, lines[row])
