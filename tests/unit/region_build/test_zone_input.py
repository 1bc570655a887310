"""Tables of zones: columns, numbers, shapes; what is repaired, and what is refused."""

from __future__ import annotations

import sqlite3
import struct
from pathlib import Path
from typing import Any

import pytest
import shapely
from shapely import Polygon

from zemsim.core.errors import InputError
from zemsim.region.build.report import Report
from zemsim.region.build.zone_input import read_zones

GOOD = "id,lon,lat,population\na,24.0,56.5,100\n"


def _csv(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "zones.csv"
    path.write_text(text, encoding="utf-8")
    return path


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("id,lon,lat\na,24,56\n", "column “population or residents” is missing"),
        (GOOD + "a,24.1,56.5,5\n", "occurs twice"),
        (GOOD + "b,24.1,56.5,-5\n", "zones.csv:3: population: -5 is not between"),
        (GOOD + 'b,"24,1",56.5,5\n', "decimal point"),
        (GOOD + "b,24.1,56.5,1e309\n", "not between"),
        ("id,lon,lat,population,shop_weight\na,24,56,5,-1\n", "shop_weight: -1 is not between"),
        (GOOD + "b,24.1,56.5,n/a\n", "is not a number"),
        (GOOD + ",24.1,56.5,5\n", "blank"),
        (GOOD + "b,24.1,56.5\n", "cells"),
        (GOOD + "b,24.1,,5\n", "lat is blank"),
        (GOOD + "b,56.5,24.0,5\n", "lon and lat"),
        ("id,lon,lat,population\na,24.0,56.5,0\n", "nobody lives"),
        ("id,lon,lat,population,area_type\na,24.0,56.5,5,village\n", "area_type"),
        ("id,lon,lat,population\n", "no zone"),
        ("id,lon,lat,population\na,400,56.5,5\n", "not between -180 and 180"),
    ],
)
def test_faults(tmp_path: Path, text: str, words: str) -> None:
    with pytest.raises(InputError) as caught:
        read_zones(_csv(tmp_path, text), Report())
    assert words in str(caught.value)
    assert "zones.csv" in str(caught.value)


def test_unknown_columns_are_said(tmp_path: Path) -> None:
    report = Report()
    read_zones(_csv(tmp_path, "id,lon,lat,population,colour\na,24.0,56.5,100,red\n"), report)
    assert report.table()[0]["examples"] == ["colour"]


def _blob(shape: Any, srs: int = 4326) -> bytes:
    return b"GP\x00\x01" + struct.pack("<i", srs) + shapely.to_wkb(shape)


def _geopackage(path: Path, shapes: list[Any], srs: int = 4326, code: int = 4326) -> Path:
    base = sqlite3.connect(path)
    base.executescript(
        "CREATE TABLE gpkg_contents(table_name TEXT, data_type TEXT);"
        "CREATE TABLE gpkg_geometry_columns(table_name TEXT, column_name TEXT, geometry_type_name TEXT, srs_id INT);"
        "CREATE TABLE gpkg_spatial_ref_sys(srs_id INT, organization TEXT, organization_coordsys_id INT);"
        "CREATE TABLE zones(id TEXT, population INT, geom BLOB);"
        "INSERT INTO gpkg_contents VALUES('zones', 'features');"
    )
    base.execute("INSERT INTO gpkg_geometry_columns VALUES('zones', 'geom', 'POLYGON', ?)", (srs,))
    base.execute("INSERT INTO gpkg_spatial_ref_sys VALUES(?, 'EPSG', ?)", (srs, code))
    for number, shape in enumerate(shapes):
        blob = shape if isinstance(shape, bytes) or shape is None else _blob(shape, srs)
        base.execute("INSERT INTO zones VALUES(?, 10, ?)", (f"z{number}", blob))
    base.commit()
    base.close()
    return path


def _square(x: float, y: float, size: float = 0.01) -> Polygon:
    return shapely.box(x, y, x + size, y + size)


def _with_nan() -> bytes:
    """A triangle one of whose coordinates is not a number."""
    points = [(24.0, 56.5), (float("nan"), 56.5), (24.0, 56.6), (24.0, 56.5)]
    ring = struct.pack("<bIII", 1, 3, 1, len(points)) + b"".join(struct.pack("<dd", *point) for point in points)
    return b"GP\x00\x01" + struct.pack("<i", 4326) + ring


def test_polygons(tmp_path: Path) -> None:
    report = Report()
    shapes = [_square(24.0, 56.5), _square(24.01, 56.5), shapely.force_3d(_square(24.02, 56.5), 5.0)]
    found = read_zones(_geopackage(tmp_path / "z.gpkg", shapes), report)
    assert len(found.table) == 3
    assert found.table["lon"].iloc[0] == pytest.approx(24.005)
    assert report.total("zones", "repaired", "shapes with heights: heights left out") == 1


def test_another_reference_system(tmp_path: Path) -> None:
    shape = shapely.box(5_200_000, 3_800_000, 5_201_000, 3_801_000)
    found = read_zones(_geopackage(tmp_path / "z.gpkg", [shape], 3035, 3035), Report())
    assert 20 < found.table["lon"].iloc[0] < 28


def test_a_bow_tie_is_repaired_and_said(tmp_path: Path) -> None:
    report = Report()
    tie = Polygon([(24.0, 56.5), (24.01, 56.51), (24.01, 56.5), (24.0, 56.51)])
    found = read_zones(_geopackage(tmp_path / "z.gpkg", [tie]), report)
    assert found.shapes is not None
    assert found.shapes[0].area == pytest.approx(0.5e-4)
    assert report.total("zones", "repaired", "shapes that crossed themselves") == 1


@pytest.mark.parametrize(
    ("shapes", "words"),
    [
        ([_square(24.0, 56.5), _square(24.005, 56.5)], "overlap"),
        ([Polygon(_square(24.0, 56.5).exterior, [_square(24.1, 56.6).exterior])], "not valid"),
        ([_with_nan()], "z.gpkg:1"),
        ([Polygon()], "empty"),
        ([None], "blank"),
        ([b"GP\x00\x01\x00\x00\x00\x00rubbish"], "cannot be read"),
        ([shapely.Point(24, 56)], "not a polygon"),
        ([shapely.box(500_000, 6_000_000, 501_000, 6_001_000)], "globe"),
    ],
)
def test_shapes_that_are_refused(tmp_path: Path, shapes: list[Any], words: str) -> None:
    with pytest.raises(InputError) as caught:
        read_zones(_geopackage(tmp_path / "z.gpkg", shapes), Report())
    assert words in str(caught.value)


def test_a_gap_is_counted(tmp_path: Path) -> None:
    report = Report()
    ring = [_square(24.0 + 0.01 * i, 56.5 + 0.01 * j) for i in range(3) for j in range(3) if (i, j) != (1, 1)]
    read_zones(_geopackage(tmp_path / "z.gpkg", ring), report)
    assert report.total("zones", "note", "gaps between shapes") == 1


def test_no_geopackage(tmp_path: Path) -> None:
    (tmp_path / "z.gpkg").write_bytes(b"PK\x03\x04 not a database")
    with pytest.raises(InputError, match="not a GeoPackage"):
        read_zones(tmp_path / "z.gpkg", Report())
