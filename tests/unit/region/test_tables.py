"""The strict reader: what it keeps, and what it says about what it refuses."""

from __future__ import annotations

import csv
import io
import math
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from zemsim.core.errors import InputError
from zemsim.region.tables import MAX_FIELD_CHARS, read_rows, read_table

FIELDS = [
    {"name": "id", "type": "string", "constraints": {"required": True, "unique": True}},
    {"name": "kind", "type": "string", "constraints": {"enum": ["a", "b"]}},
    {"name": "count", "type": "integer", "constraints": {"required": True, "minimum": 0}},
    {"name": "share", "type": "number", "constraints": {"maximum": 1}},
]
HEADER = "id,kind,count,share\n"


def table(tmp_path: Path, text: str | bytes):
    path = tmp_path / "t.csv"
    path.write_bytes(text.encode() if isinstance(text, str) else text)
    return read_table(path, FIELDS)


def test_ids_stay_text_and_blanks_stay_unknown(tmp_path):
    found = table(tmp_path, HEADER + "007,a,3,0.5\nNA,b,4,\nnan,a,5,1\n")
    assert list(found["id"]) == ["007", "NA", "nan"]
    assert found["count"].dtype == "int64"
    assert math.isnan(found["share"].iloc[1])


def test_column_order_and_byte_order_mark_do_not_matter(tmp_path):
    found = table(tmp_path, b"\xef\xbb\xbf" + b"share,count,kind,id\r\n0.5,3,a,x\r\n")
    assert list(found.columns) == ["id", "kind", "count", "share"]
    assert found["id"].iloc[0] == "x"


@pytest.mark.parametrize(
    ("text", "line", "part"),
    [
        (HEADER + "x,a,1,0.5,9\n", 2, "row has 5 cells where the header has 4"),
        (HEADER + "x,a,1,0.5\ny,a,1\n", 3, "row has 3 cells"),
        (HEADER + "x,a,many,0.5\n", 2, "count: “many” - must be a number"),
        (HEADER + "x,a,1.5,0.5\n", 2, "must be a whole number"),
        (HEADER + "x,a,-1,0.5\n", 2, "must be at least 0"),
        (HEADER + "x,a,1,1.5\n", 2, "must be at most 1"),
        (HEADER + 'x,a,1,"0,5"\n', 2, "decimal comma"),
        (HEADER + "x,a,1 000,0.5\n", 2, "space between digits"),
        (HEADER + "x,a,1,50%\n", 2, "unit in the number"),
        (HEADER + "x,a,1,1e999\n", 2, "not finite"),
        (HEADER + "x,a,1,nan\n", 2, "a word for unknown"),
        (HEADER + "x,a,0x10,0.5\n", 2, "hexadecimal"),
        (HEADER + "x,c,1,0.5\n", 2, "must be one of a, b"),
        (HEADER + ",a,1,0.5\n", 2, "must not be blank"),
        (HEADER + "x ,a,1,0.5\n", 2, "blanks at its ends"),
        (HEADER + "x,a,1,0.5\nx,b,2,0.5\n", 3, "id x occurs twice"),
        ("id,kind,count\nx,a,1\n", 1, "column “share” is missing"),
        ("id,kind,count,share,more\nx,a,1,1,1\n", 1, "column “more” is not known"),
        ("id,kind,cuont,share\nx,a,1,1\n", 1, "did you mean “cuont”?"),
        ("id,id,count,share\n", 1, "column occurs twice: id"),
        ("id,,count,share\n", 1, "blank or padded"),
        (HEADER + f"{'x' * (MAX_FIELD_CHARS + 1)},a,1,1\n", 2, "longer than"),
        (HEADER.encode() + b"\xff,a,1,1\n", 2, "not UTF-8"),
        (b"PK\x03\x04", None, "not a plain UTF-8 text file"),
        (HEADER.encode("utf-16"), None, "not a plain UTF-8 text file"),
        (HEADER + "x\x00,a,1,1\n", 2, "not a plain UTF-8 text file"),
        ("", None, "file is empty"),
        (HEADER + '"x,a,1,1\n', 2, "row cannot be read"),
    ],
)
def test_a_fault_is_named_with_its_row(tmp_path, text, line, part):
    with pytest.raises(InputError) as caught:
        table(tmp_path, text)
    assert part in str(caught.value)
    assert caught.value.line == line
    assert str(caught.value.path).endswith("t.csv")


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(InputError, match="file is missing"):
        read_rows(tmp_path / "none.csv")


CELLS = st.lists(st.lists(st.text(st.characters(codec="utf-8", exclude_characters="\x00\r"), max_size=6), min_size=3,
                          max_size=3), min_size=1, max_size=6)  # fmt: skip


def _text(rows: list[list[str]]) -> bytes:
    out = io.StringIO()
    csv.writer(out, lineterminator="\n").writerows(rows)
    return out.getvalue().encode()


@given(CELLS)
def test_every_text_comes_back(tmp_path_factory, rows):
    path = tmp_path_factory.getbasetemp() / "t.csv"
    path.write_bytes(_text([["a", "b", "c"], *rows]))
    _, found = read_rows(path)
    assert [cells for _, cells in found] == rows


@given(CELLS, st.integers(0, 5), st.booleans())
def test_a_cell_more_or_less_never_shifts_columns(tmp_path_factory, rows, at, more):
    at %= len(rows)
    broken = [list(cells) for cells in rows]
    if more:
        broken[at].append("x")
    else:
        broken[at].pop()
    path = tmp_path_factory.getbasetemp() / "t.csv"
    path.write_bytes(_text([["a", "b", "c"], *broken]))
    with pytest.raises(InputError, match="where the header has 3"):
        read_rows(path)
