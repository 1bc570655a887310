"""Car parks that are multipolygons: the cases 7xx of osm-testdata, read as their list says, or refused and counted."""

from __future__ import annotations

import gzip
import json
from pathlib import Path
from typing import Any

import pytest
import shapely

from zemsim.region.build.osm import OsmExtract, read_osm
from zemsim.region.build.osm_child import PLACES, multipolygons

HERE = Path(__file__).parent
CASES: list[dict[str, Any]] = json.loads((HERE / "multipolygons.json").read_text(encoding="utf-8"))["cases"]
AREAS = [(case, area) for case in CASES for area in case["areas"]]
#: A street, so that the file is one of ways.
STREET = (
    '<node id="1" version="1" lon="7.5" lat="1.5"/><node id="2" version="1" lon="7.6" lat="1.5"/>',
    '<way id="1" version="1"><nd ref="1"/><nd ref="2"/><tag k="highway" v="residential"/></way>',
)


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """All cases as one file, in which the forests are car parks."""
    text = gzip.decompress((HERE / "multipolygons.osm.gz").read_bytes()).decode("utf-8")
    text = text.replace('k="landuse" v="forest"', 'k="amenity" v="parking"')
    first_node, first_way = text.index("<node"), text.index("<way")
    text = text[:first_node] + STREET[0] + text[first_node:first_way] + STREET[1] + text[first_way:]
    path = tmp_path_factory.mktemp("osm") / "cases.osm"
    path.write_text(text, encoding="utf-8")
    return path


@pytest.fixture(scope="module")
def extract(file: Path) -> OsmExtract:
    return read_osm(file)


@pytest.fixture(scope="module")
def shapes(file: Path) -> dict[int, Any]:
    return multipolygons(str(file), PLACES)


#: Invalid cases that the assembler repairs, each to the area that the list gives for a repair: spikes, nodes at one
#: place, an inner ring along the outer one, ways twice.
REPAIRED = {742, 747, 757, 781, 782, 790, 794, 795}


def _expected(case: dict[str, Any], area: dict[str, Any]) -> Any:
    wkt = area["repaired"] if case["case"] in REPAIRED else area["wkt"]
    return None if wkt == "INVALID" else shapely.from_wkt(wkt)


RELATIONS = [(case, area) for case, area in AREAS if area["from_type"] == "relation"]


@pytest.mark.parametrize(("case", "area"), RELATIONS, ids=[str(case["case"]) for case, _ in RELATIONS])
def test_b7_areas_are_those_of_the_list(case: dict[str, Any], area: dict[str, Any], shapes: dict[int, Any]) -> None:
    """Valid cases have the expected area, the others none or that of the repair."""
    expected, found = _expected(case, area), shapes.get(area["from_id"])
    assert (found is None) == (expected is None), case["what"]
    if expected is not None:
        assert shapely.equals(shapely.set_precision(found, 1e-7), expected), case["what"]


def test_b7_points_lie_inside_and_broken_ones_are_counted(extract: OsmExtract) -> None:
    points = {point["id"]: shapely.Point(point["lon"], point["lat"]) for point in extract.points}
    valid = {area["from_id"]: _expected(case, area) for case, area in RELATIONS}
    whole = {number: shape for number, shape in valid.items() if shape is not None}
    assert {name for name in points if name.startswith("r")} == {f"r{number}" for number in whole}
    assert all(shape.contains(points[f"r{number}"]) for number, shape in whole.items())
    assert extract.counts["multipolygons_not_whole"] == len(valid) - len(whole) > 10


def test_b7_a_box_leaves_out_areas_outside(file: Path) -> None:
    found = read_osm(file, (7.4, 1.4, 7.7, 1.6))
    inside = [point for point in found.points if point["id"].startswith("r")]
    assert inside
    assert all(7.4 <= point["lon"] <= 7.7 and 1.4 <= point["lat"] <= 1.6 for point in inside)
    assert found.counts["areas_outside_box"] > 0
