"""Rows A5 to A8: files missing, empty or written otherwise; rows that do not fit; ids that look like numbers."""

from __future__ import annotations

import csv
import io
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.bad_inputs.gtfs.feeds import FEED, REQUIRED_FILES, changed, same, without, write_folder
from zemsim.core.errors import InputError
from zemsim.region.gtfs import read_gtfs
from zemsim.region.tables import MAX_FIELD_CHARS, read_columns


def fails(folder: Path, files: dict[str, str | bytes], name: str, words: str, line: int | None = None) -> None:
    """Read a feed with a fault; the message names the file and says the words."""
    with pytest.raises(InputError) as caught:
        read_gtfs(write_folder(folder, files))
    assert Path(str(caught.value.path)).name == name, str(caught.value)
    assert words in str(caught.value)
    assert line is None or caught.value.line == line, str(caught.value)


@pytest.mark.parametrize("name", REQUIRED_FILES)
def test_a_required_file_that_is_missing_empty_or_a_header(name: str, tmp_path: Path) -> None:
    fails(tmp_path / "a", without(name), name, "missing")
    fails(tmp_path / "b", {**FEED, name: b""}, name, "empty")
    fails(tmp_path / "c", {**FEED, name: b"\n\n"}, name, "empty")
    fails(tmp_path / "d", {**FEED, name: b"\0" * 64}, name, "plain UTF-8")
    only_header = {**FEED, name: FEED[name].splitlines()[0] + "\n"}
    after = {"agency.txt": "no agency", "stop_times.txt": "no trip can be run"}
    with pytest.raises(InputError, match=after.get(name, "is not in")) as caught:
        read_gtfs(write_folder(tmp_path / "e", only_header))
    assert after.get(name, name) in str(caught.value)


@pytest.mark.parametrize("name", sorted(FEED))
def test_ways_of_writing_that_change_nothing(name: str, tmp_path: Path) -> None:
    sound = read_gtfs(write_folder(tmp_path / "sound"))
    text = FEED[name]
    half = len(text) // 2
    for i, raw in enumerate(
        [
            b"\xef\xbb\xbf" + text.encode(),
            text.replace("\n", "\r\n").encode(),
            text.replace("\n", "\r").encode(),
            (text[:half].replace("\n", "\r\n") + text[half:]).encode(),
            text.rstrip("\n").encode(),
            (text + "\n\n").encode(),
        ]
    ):
        assert same(sound, read_gtfs(write_folder(tmp_path / str(i), {**FEED, name: raw}))), i


@pytest.mark.parametrize("name", REQUIRED_FILES)
def test_other_ways_of_writing_are_named(name: str, tmp_path: Path) -> None:
    text = FEED[name]
    fails(tmp_path, {**FEED, name: text.encode("utf-16")}, name, "UTF-16")
    fails(tmp_path, {**FEED, name: text.encode("utf-16-le")}, name, "UTF-16")
    fails(tmp_path, {**FEED, name: (text + "é").encode("latin-1")}, name, "Latin-1", text.count("\n") + 1)
    fails(tmp_path, {**FEED, name: (text + "\0").encode()}, name, "byte zero")
    fails(tmp_path, {**FEED, name: text.replace(",", ";")}, name, "separated by a semicolon")
    fails(tmp_path, {**FEED, name: text.replace(",", "\t")}, name, "separated by a tab")
    fails(tmp_path, {**FEED, name: "<!DOCTYPE html><html>not found</html>"}, name, "a web page")


def test_headers_that_cannot_be_trusted(tmp_path: Path) -> None:
    fails(tmp_path, changed("stops.txt", "stop_name", "stop_id"), "stops.txt", "column occurs twice: stop_id", 1)
    fails(tmp_path, changed("stops.txt", "stop_name", ""), "stops.txt", "blank or padded", 1)
    fails(tmp_path, changed("stops.txt", "stop_name", " stop_name"), "stops.txt", "blank or padded", 1)
    fails(tmp_path, changed("stops.txt", "stop_lat", "stop_latitude"), "stops.txt", "“stop_lat” is missing", 1)


def test_rows_that_do_not_fit(tmp_path: Path) -> None:
    fails(tmp_path, changed("stops.txt", "3,Three,", "3,Thr,ee,"), "stops.txt", "row has 8 cells", 4)
    fails(tmp_path, changed("stops.txt", "007,One,", "007,"), "stops.txt", "row has 6 cells", 2)
    fails(tmp_path, changed("stops.txt", "007,One,", '007,"One,'), "stops.txt", "opens a cell that does not end", 2)
    fails(tmp_path, changed("stops.txt", "007,One,", '007,"One"s,'), "stops.txt", "row cannot be read", 2)
    long = "x" * (MAX_FIELD_CHARS + 1)
    fails(tmp_path, changed("stops.txt", "Three,", long + ","), "stops.txt", "longer than 10,000", 4)


def test_a_new_line_in_quotes_is_part_of_the_name(tmp_path: Path) -> None:
    feed = read_gtfs(write_folder(tmp_path, changed("stops.txt", "007,One,", '007,"One\nor ""1"", so",')))
    assert feed.stops["stop_name"].iloc[0] == 'One\nor "1", so'
    files = changed("stops.txt", "007,One,", '007,"One\nA",')
    files["stops.txt"] = str(files["stops.txt"]).replace("56.50,24.10", "56.50,x")
    fails(tmp_path, files, "stops.txt", "“x” is not a number", 4)


CELL = st.text(st.characters(codec="utf-8", exclude_characters="\0\r"), max_size=5)
TABLE = st.integers(2, 6).flatmap(
    lambda width: st.lists(st.lists(CELL, min_size=width, max_size=width), min_size=1, max_size=8)
)


def text_of(rows: list[list[str]]) -> bytes:
    out = io.StringIO()
    csv.writer(out, lineterminator="\n").writerows(rows)
    return out.getvalue().encode()


@settings(max_examples=800)
@given(TABLE, st.data())
def test_no_cell_lands_in_another_column(rows: list[list[str]], data: st.DataObject) -> None:
    """Cells are taken out or put in at random: refused, or each column as it was written."""
    header = [f"c{i}" for i in range(len(rows[0]))]
    broken = [list(row) for row in rows]
    at = data.draw(st.integers(0, len(rows) - 1))
    place = data.draw(st.integers(0, len(header) - 1))
    kind = data.draw(st.sampled_from(["none", "cut", "insert", "both"]))
    if kind in ("cut", "both"):
        del broken[at][place]
    if kind in ("insert", "both"):
        broken[at].insert(data.draw(st.integers(0, len(broken[at]))), "new")
    path = Path("table.txt")
    fits = all(len(row) == len(header) for row in broken)
    if not fits:
        with pytest.raises(InputError, match="where the header has"):
            read_columns(text_of([header, *broken]), path)
        return
    found = read_columns(text_of([header, *broken]), path)
    assert [list(cells) for cells in zip(*found.cells.values(), strict=True)] == broken


IDS = st.one_of(
    st.sampled_from(
        ["007", "NA", "nan", "NULL", "None", "12345678901234567890", "1e5", " x ", "-0", "TRUE", "🚋", "#N/A"]
    ),
    st.text(
        st.characters(codec="utf-8", exclude_characters="\0", exclude_categories=("Cs", "Cc")), min_size=1, max_size=12
    ),
    st.just("x" * MAX_FIELD_CHARS),
)


@settings(max_examples=60)
@given(st.lists(IDS, min_size=3, max_size=3, unique=True), st.lists(IDS, min_size=2, max_size=2, unique=True))
def test_ids_come_back_as_they_were_written(
    tmp_path_factory: pytest.TempPathFactory, stops: list[str], trips: list[str]
) -> None:
    rows = {
        "stops.txt": [["stop_id", "stop_name", "stop_lat", "stop_lon"]]
        + [[name, name, "56.5", f"24.{i}"] for i, name in enumerate(stops)],
        "trips.txt": [["route_id", "service_id", "trip_id"], *(["r1", "week", name] for name in trips)],
        "stop_times.txt": [["trip_id", "arrival_time", "departure_time", "stop_id", "stop_sequence"]]
        + [[trip, f"{6 + i}:00:00", f"{6 + i}:00:00", stop, str(i)] for trip in trips for i, stop in enumerate(stops)],
    }
    plain = {name: FEED[name] for name in ("agency.txt", "routes.txt", "calendar.txt", "calendar_dates.txt")}
    folder = tmp_path_factory.getbasetemp() / "ids"
    feed = read_gtfs(write_folder(folder, {**plain, **{name: text_of(table) for name, table in rows.items()}}))
    assert feed.stops["stop_id"].tolist() == stops
    assert feed.trips["trip_id"].tolist() == trips
    assert feed.stop_times["stop_id"].tolist() == stops * 2
    assert feed.stop_times["trip_id"].tolist() == [trip for trip in trips for _ in stops]
