"""Polygons of a GeoPackage, read through sqlite3 and shapely: repaired where that is safe, refused where it is not."""

from __future__ import annotations

import math
import sqlite3
import struct
from pathlib import Path
from typing import Any

import numpy as np
import shapely

from zemsim.core.errors import InputError
from zemsim.region.build.report import Report
from zemsim.region.nearest import touching

#: Bytes of the envelope in a geometry's header, by its code.
_ENVELOPE_BYTES = {0: 0, 1: 32, 2: 48, 3: 48, 4: 64}
#: Polygons may overlap by this share of their area.
MOST_OVERLAP_SHARE = 0.001
#: A repair may change an area by this share.
MOST_REPAIR_SHARE = 0.0001
_WGS84 = 4326
#: Points nearer than this are one point where gaps are looked for, about 0.1 mm.
_GRID_DEG = 1e-9
_MOST_FEATURES = 1_000_000

Row = tuple[int, list[str]]


def read_layer(path: Path, report: Report) -> tuple[list[str], list[Row], list[Any]]:
    """Return column names, rows (number from 1, cells as text) and shapes in degrees of the only layer of polygons.

    Raises
    ------
    InputError
        If the file is no GeoPackage, has no or several layers of polygons, an unknown reference system, or a shape that
        cannot be repaired, or polygons that overlap.
    """
    if not path.is_file():
        raise InputError("file is missing", path)
    try:
        base = sqlite3.connect(f"{path.resolve().as_uri()}?mode=ro&immutable=1", uri=True)
        try:
            base.execute("PRAGMA trusted_schema=OFF")
            names, rows, blobs, srs = _read(base, path)
        finally:
            base.close()
    except sqlite3.Error as error:
        raise InputError(f"this is not a GeoPackage: {error}", path) from None
    shapes = [_shape(blob, path, number, report) for number, blob in enumerate(blobs, 1)]
    shapes = _to_degrees(shapes, srs, path)
    _check_overlap(shapes, path, report)
    return names, rows, shapes


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def _read(base: sqlite3.Connection, path: Path) -> tuple[list[str], list[Row], list[Any], int]:
    layers = base.execute(
        "SELECT g.table_name, g.column_name, g.srs_id FROM gpkg_geometry_columns g JOIN gpkg_contents c "
        "ON c.table_name = g.table_name WHERE c.data_type = 'features' AND upper(g.geometry_type_name) IN "
        "('POLYGON', 'MULTIPOLYGON', 'GEOMETRY', 'SURFACE', 'CURVEPOLYGON', 'MULTISURFACE') ORDER BY g.table_name"
    ).fetchall()
    if len(layers) != 1:
        found = ", ".join(str(layer[0]) for layer in layers) or "none"
        raise InputError(f"there must be one layer of polygons; there are: {found}", path)
    table, geometry, srs = layers[0]
    code = base.execute(
        "SELECT organization, organization_coordsys_id FROM gpkg_spatial_ref_sys WHERE srs_id = ?", (srs,)
    ).fetchone()
    if code is None or str(code[0]).upper() != "EPSG":
        raise InputError(f"the reference system {srs} of the layer is not one of EPSG", path)
    cursor = base.execute(f"SELECT * FROM {_quoted(table)} LIMIT {_MOST_FEATURES}")  # noqa: S608 - quoted name
    names = [item[0] for item in cursor.description]
    at = names.index(geometry)
    rows, blobs = [], []
    for number, record in enumerate(cursor, 1):
        rows.append((number, ["" if cell is None else str(cell) for k, cell in enumerate(record) if k != at]))
        blobs.append(record[at])
    return [name for k, name in enumerate(names) if k != at], rows, blobs, int(code[1])


def _shape(blob: Any, path: Path, number: int, report: Report) -> Any:
    """Return the polygon of a geometry blob: two-dimensional, valid, not empty."""
    if not isinstance(blob, bytes) or len(blob) < 8 or blob[:2] != b"GP":
        raise InputError("geometry is blank or not of a GeoPackage", path, number)
    flags = blob[3]
    size = _ENVELOPE_BYTES.get((flags >> 1) & 7)
    if size is None:
        raise InputError("geometry has a header that is not known", path, number)
    try:
        with np.errstate(invalid="ignore"):  # what is not a number is refused below
            shape = shapely.from_wkb(blob[8 + size :])
    except (shapely.errors.GEOSException, struct.error, ValueError) as error:
        raise InputError(f"geometry cannot be read: {error}", path, number) from None
    if shape is None or shape.is_empty or shape.geom_type not in ("Polygon", "MultiPolygon"):
        raise InputError("geometry is empty or not a polygon", path, number)
    if shape.has_z:
        report.count("zones", "repaired", "shapes with heights: heights left out")
        shape = shapely.force_2d(shape)
    if not np.isfinite(shapely.get_coordinates(shape)).all():
        raise InputError("geometry has coordinates that are not numbers", path, number)
    return shape if shape.is_valid else _repaired(shape, path, number, report)


def _repaired(shape: Any, path: Path, number: int, report: Report) -> Any:
    """Repair a ring that crosses itself; refuse everything else."""
    reason = shapely.is_valid_reason(shape)
    if not reason.startswith("Self-intersection"):
        raise InputError(f"shape is not valid: {reason}", path, number)
    parts = shapely.get_parts(shapely.make_valid(shape))
    areas = [p for part in parts for p in shapely.get_parts(part) if p.geom_type == "Polygon"]
    found = shapely.union_all(areas) if areas else None
    if found is None or found.is_empty:
        raise InputError(f"shape is not valid and has no area: {reason}", path, number)
    again = shapely.buffer(found, 0.0)
    if abs(again.area - found.area) > MOST_REPAIR_SHARE * found.area:
        raise InputError(f"shape is not valid, and its area would change by a repair: {reason}", path, number)
    report.count("zones", "repaired", "shapes that crossed themselves", examples=[f"feature {number}"])
    return found


def _to_degrees(shapes: list[Any], epsg: int, path: Path) -> list[Any]:
    if epsg != _WGS84:
        from pyproj import Transformer
        from pyproj.exceptions import CRSError

        try:
            transformer = Transformer.from_crs(f"EPSG:{epsg}", "EPSG:4326", always_xy=True)
        except CRSError:
            raise InputError(f"the reference system EPSG:{epsg} is not known", path) from None

        def turn(points: Any) -> Any:
            return np.column_stack(transformer.transform(points[:, 0], points[:, 1]))

        shapes = [shapely.transform(shape, turn) for shape in shapes]
    for number, shape in enumerate(shapes, 1):
        west, south, east, north = shape.bounds
        if not all(map(math.isfinite, shape.bounds)) or west < -180 or east > 180 or south < -90 or north > 90:
            raise InputError("shape lies outside the globe", path, number, hint="is the reference system right?")
    return shapes


def _check_overlap(shapes: list[Any], path: Path, report: Report) -> None:
    a, b = touching(shapes)
    areas = shapely.area(np.array(shapes, object))
    shared = shapely.area(shapely.intersection(np.array(shapes, object)[a], np.array(shapes, object)[b]))
    total = float(areas.sum())
    if total and float(shared.sum()) > MOST_OVERLAP_SHARE * total:
        worst = int(shared.argmax())
        raise InputError(
            f"shapes overlap by {100 * shared.sum() / total:.2f} % of their area", path, int(b[worst]) + 1,
            hint=f"features {int(a[worst]) + 1} and {int(b[worst]) + 1} most of all",
        )  # fmt: skip
    report.count("zones", "note", "pairs of shapes that overlap by a sliver", int((shared > 0).sum()))
    whole = shapely.union_all(shapes, grid_size=_GRID_DEG)
    holes = [ring for part in shapely.get_parts(whole) for ring in part.interiors]
    report.count("zones", "note", "gaps between shapes", len(holes))
