"""Damaged packs: one clear InputError each, with the file, the row and what to do."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from zemsim.core.errors import InputError
from zemsim.region import embedded_packs, load_region
from zemsim.region.tables import read_rows, read_table

FOLDER = embedded_packs()["zemgale"]
RESOURCES = [
    resource
    for resource in json.loads((FOLDER / "datapackage.json").read_text(encoding="utf-8"))["resources"]
    if resource.get("type") == "table" and not resource["name"].startswith("gtfs-")
]
FIELDS = [(resource, field) for resource in RESOURCES for field in resource["schema"]["fields"]]


def _ids(case: tuple[dict, dict]) -> str:
    return f"{case[0]['name']}.{case[1]['name']}"


def _quoted(cells: list[str]) -> str:
    return ",".join('"' + cell.replace('"', '""') + '"' for cell in cells)


def _faults(field: dict, cell: str) -> list[tuple[str, str]]:
    """Return (bad cell, part of the message) for every way in which a field can be wrong."""
    limits, found = field.get("constraints", {}), []
    if limits.get("required"):
        found.append(("", "must not be blank"))
    if field["type"] in ("number", "integer"):
        found += [("many", "must be a number"), ("1e999", "number"), ("1,5", "decimal comma")]
        if "minimum" in limits:
            found.append((str(limits["minimum"] - 1), "must be at least"))
        if "maximum" in limits:
            found.append((str(limits["maximum"] + 1), "must be at most"))
    if "enum" in limits:
        found.append((f"{limits['enum'][0]}{'7' if field['type'] != 'string' else 'x'}", "must be one of"))
    if field["type"] == "string" and cell:
        found.append((cell + " ", "blanks at its ends"))
    return found


@pytest.mark.parametrize("case", FIELDS, ids=map(_ids, FIELDS))
def test_every_fault_of_every_field_is_named(case, tmp_path):
    resource, field = case
    header, rows = read_rows(FOLDER / resource["path"])
    at = header.index(field["name"])
    path = tmp_path / "table.csv"
    good = [_quoted(cells) for _, cells in rows[:3]]

    def read(lines: list[str]) -> InputError:
        path.write_text("\n".join(lines) + "\n", encoding="utf-8")
        with pytest.raises(InputError) as caught:
            read_table(path, resource["schema"]["fields"])
        return caught.value

    for bad, message in _faults(field, rows[1][1][at]):
        broken = [*rows[1][1]]
        broken[at] = bad
        error = read([_quoted(header), good[0], _quoted(broken), *good[2:]])
        assert error.line == 3
        assert field["name"] in str(error)
        assert message in str(error)
    left = [_quoted([cell for i, cell in enumerate(cells) if i != at]) for _, cells in rows[:3]]
    error = read([_quoted([name for name in header if name != field["name"]]), *left])
    assert f"column “{field['name']}” is missing" in str(error)
    wrong = [name if name != field["name"] else f"{name}x" for name in header]
    assert f"column “{field['name']}” is missing - did you mean “{field['name']}x”?" in str(
        read([_quoted(wrong), *good])
    )


@pytest.fixture
def pack(tmp_path):
    folder = tmp_path / "pack"
    shutil.copytree(FOLDER, folder)
    return folder


def _change(path: Path, old: str, new: str, count: int = 1) -> None:
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new, count), encoding="utf-8")


def _error(folder: Path) -> InputError:
    with pytest.raises(InputError) as caught:
        load_region(folder)
    assert "\n" not in str(caught.value)
    return caught.value


def _row_starting(path: Path, start: str) -> tuple[int, str]:
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), start=1):
        if line.startswith(start):
            return number, line
    raise AssertionError(start)


def test_a_whole_pack_elsewhere_loads(pack):
    assert load_region(pack).digest() == load_region("zemgale").digest()


def test_a_missing_file(pack):
    (pack / "road_links.csv").unlink()
    error = _error(pack)
    assert "file is missing" in str(error)
    assert error.path.endswith("road_links.csv")


def test_people_who_vanish(pack):
    path = pack / "settlements.csv"
    number, line = _row_starting(path, "jelgava,")
    _change(path, line, line.replace("54834", "54835"))
    error = _error(pack)
    assert "jelgava: population 54,835, but its zones sum to 54,834" in str(error)
    assert (Path(error.path).name, error.line) == ("settlements.csv", number)


def test_an_unknown_settlement_in_a_zone(pack):
    _change(pack / "zones.csv", ",jelgava,Jelgava,", ",jelgawa,Jelgava,")
    error = _error(pack)
    assert "settlement_id: unknown settlement “jelgawa” - did you mean “jelgava”?" in str(error)
    number, _ = _row_starting(pack / "zones.csv", str(error.path and ""))
    assert error.line > number


def test_an_unknown_zone_of_a_charger(pack):
    number, line = _row_starting(pack / "chargers.csv", "ocm-462131")
    _change(pack / "chargers.csv", line, line.replace("GATE-riga", "GATE-rigo"))
    error = _error(pack)
    assert "unknown zone “GATE-rigo”" in str(error)
    assert error.line == number


def test_an_unknown_node_of_a_link(pack):
    number, line = _row_starting(pack / "road_links.csv", "r00001,")
    _change(pack / "road_links.csv", line, line.replace("r00001,", "r00001,x", 1))
    assert "from_node: unknown node" in str(_error(pack))
    assert _error(pack).line == number


def test_a_road_through_the_earth(pack):
    _, line = _row_starting(pack / "road_links.csv", "r00100,")
    cells = line.split(",")
    _change(pack / "road_links.csv", line, ",".join([*cells[:5], "1", *cells[6:]]))
    assert "length_m 1 is below the straight line" in str(_error(pack))


def test_a_road_graph_in_two_parts(pack):
    path = pack / "road_links.csv"
    lines = path.read_text(encoding="utf-8").splitlines()
    node = "g-madona"
    path.write_text("\n".join(line for line in lines if node not in line) + "\n", encoding="utf-8")
    assert "node g-madona is cut off: the road graph has 2 parts" in str(_error(pack))


def test_swapped_degrees(pack):
    _, line = _row_starting(pack / "gates.csv", "riga,")
    cells = line.split(",")
    _change(pack / "gates.csv", line, ",".join([*cells[:3], cells[4], cells[3], *cells[5:]]))
    assert "lon: “56.94676” - must be at most 29" in str(_error(pack))


def test_a_place_that_moved(pack):
    _, line = _row_starting(pack / "gates.csv", "riga,")
    _change(pack / "gates.csv", line, line.replace("24.12004", "24.22004"))
    assert "lon, lat and x_m, y_m are 6," in str(_error(pack))


def test_an_assumption_outside_its_range(pack):
    _, line = _row_starting(pack / "assumptions" / "region.csv", "parking.centre_radius_km")
    _change(
        pack / "assumptions" / "region.csv", line, line.replace(",1,0.6", ",0.1,0.6").replace(",1.0,0.6", ",0.1,0.6")
    )
    assert "“parking.centre_radius_km”: low 0.6 <= value 0.1" in str(_error(pack))


def test_an_assumption_given_twice(pack):
    _, line = _row_starting(pack / "assumptions" / "region.csv", "parking.centre_radius_km")
    (pack / "assumptions" / "zz.csv").write_text(f"key,value,low,high,unit,reason,grade\n{line}\n", encoding="utf-8")
    error = _error(pack)
    assert "key “parking.centre_radius_km” occurs twice - also in region.csv" in str(error)
    assert error.path.endswith("zz.csv")


@pytest.mark.parametrize("path", ["../zones.csv", "/etc/passwd", "a\\..\\zones.csv", ""])
def test_paths_stay_inside(pack, path):
    package = json.loads((pack / "datapackage.json").read_text(encoding="utf-8"))
    package["resources"][0]["path"] = path
    (pack / "datapackage.json").write_text(json.dumps(package), encoding="utf-8")
    message = str(_error(pack))
    assert "leads out of the pack" in message or "has no path" in message


@pytest.mark.parametrize(
    ("text", "part"),
    [
        ("{", "not valid JSON"),
        ("[]", "must hold “name” and the list “resources”"),
        ('{"name": "x", "resources": [{}]}', "a resource has no name"),
        ('{"name": "x", "resources": [{"name": "zones", "path": "zones.csv"}]}', "has no schema"),
        ('{"name": "x", "resources": []}', "resource “chargers” is missing"),
        ("[" * 100_000, "JSON"),
    ],
)
def test_a_package_that_is_none(pack, text, part):
    (pack / "datapackage.json").write_text(text, encoding="utf-8")
    assert part in str(_error(pack))


def test_an_outline_that_is_none(pack):
    (pack / "boundaries.geojson").write_text('{"features": [{}]}', encoding="utf-8")
    assert "not GeoJSON features" in str(_error(pack))


def test_no_pack_of_that_name(tmp_path):
    with pytest.raises(InputError, match=r"there is no region “zemgal”.*did you mean “zemgale”"):
        load_region("zemgal")
    with pytest.raises(InputError, match=r"folder holds no datapackage.json"):
        load_region(tmp_path)
