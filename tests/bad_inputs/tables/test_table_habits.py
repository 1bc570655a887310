"""Rows C1, C3 and C7: what people and programs write where a number or a table is wanted, each named as what it is."""

from __future__ import annotations

from pathlib import Path

import pytest

from zemsim.core.errors import InputError
from zemsim.region.habits import file_habit, number_habit
from zemsim.region.tables import read_table

FIELDS = [
    {"name": "site_id", "type": "string", "constraints": {"required": True, "unique": True}},
    {"name": "power_kw", "type": "number", "constraints": {"minimum": 2, "maximum": 1000}},
    {"name": "price_eur_kwh", "type": "number", "constraints": {"minimum": 0, "maximum": 5}},
    {"name": "solar_share", "type": "number", "constraints": {"minimum": 0, "maximum": 1}},
    {"name": "length_km", "type": "number", "constraints": {"minimum": 0, "maximum": 400}},
    {"name": "points", "type": "integer", "constraints": {"minimum": 1, "maximum": 200}},
]
HEADER = ",".join(str(field["name"]) for field in FIELDS) + "\n"


def message(tmp_path: Path, text: str | bytes) -> str:
    """What is said of a table that is refused."""
    path = tmp_path / "chargers.csv"
    path.write_bytes(text.encode() if isinstance(text, str) else text)
    with pytest.raises(InputError) as caught:
        read_table(path, FIELDS)
    assert str(path) in str(caught.value)
    return str(caught.value)


HABITS = [
    ("56,9", "decimal comma"),
    ("-0,5", "decimal comma"),
    ("0,125", "decimal comma"),
    ("1,234", "decimal comma or comma between thousands"),
    ("1,234,567", "commas between thousands"),
    ("1,234.50", "commas between thousands"),
    ("1.234.567", "points between thousands"),
    ("1.234,50", "points between thousands"),
    ("1 000", "between digits"),
    ("1\u2009000", "between digits"),
    ("1\u00a0000", "between digits"),
    ("1\u202f000,5", "between digits"),
    ("1'000", "between digits"),
    ("1_000", "between digits"),
    ("5 €", "unit in the number"),
    ("€5", "unit in the number"),
    ("38 %", "unit in the number"),
    ("11kW", "unit in the number"),
    ("0.15 EUR", "unit in the number"),
    ("n/a", "a word for unknown"),
    ("NaN", "a word for unknown"),
    ("-", "a word for unknown"),
    ("..", "a word for unknown"),
    (":", "a word for unknown"),
    ("#N/A", "an error of a spreadsheet"),
    ("#REF!", "an error of a spreadsheet"),
    ("1e309", "too large"),
    ("-1e999", "too large"),
    ("inf", "finite"),
    ("0x10", "hexadecimal"),
    ("TRUE", "a yes or no"),
    ("\u22125", "a minus sign that is a dash"),
    ("(5)", "brackets for a negative number"),
    ("2024-01-31", "a date"),
    ("31.01.2024", "a date"),
    ("8:30", "a time"),
    ("5-7", "a range"),
    ("1/2", "a fraction"),
    ("~5", "before the number"),
    ("<5", "before the number"),
    ("=1+1", "a formula"),
    ("'5", "an apostrophe"),
    (" 5", "blank before or after"),
    ("٥", "digits of another script"),
    ("five", "must be a number"),
]


@pytest.mark.parametrize(("text", "words"), HABITS)
def test_a_number_that_is_none_is_named_by_its_habit(text: str, words: str, tmp_path: Path) -> None:
    assert len(HABITS) >= 30
    found = message(tmp_path, f'{HEADER}a,"{text}",,,,\n')
    assert words in found
    assert "power_kw: “" in found
    assert "chargers.csv:2:" in found


@pytest.mark.parametrize("text", ["5", "-5", "+5", "5.", ".5", "5e3", "5E-1", "007"])
def test_what_is_a_number(text: str, tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    path.write_text(f"x\n{text}\n", encoding="utf-8")
    assert read_table(path, [{"name": "x", "type": "number"}])["x"].iloc[0] == float(text)


def test_a_long_cell_takes_no_long_time() -> None:
    assert number_habit("1 " * 100_000) == number_habit("1 " * 60)


FILES = [
    (b"PK\x03\x04\x14\x00\x06\x00", "Excel"),
    (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "old Excel"),
    (b"<!DOCTYPE html><html><body>404</body></html>", "a web page"),
    (b"\xef\xbb\xbf\n <HTML>", "a web page"),
    (b"<?xml version='1.0'?><error/>", "a web page"),
    (b"version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 9\n", "a pointer of Git LFS"),
    (b"\x1f\x8b\x08\x00", "gzip"),
    (b"%PDF-1.7", "PDF"),
    (b'{"error": "no access"}', "JSON"),
    (b"SQLite format 3\x00", "a database"),
    ("site_id,power_kw\n".encode("utf-16"), "UTF-16"),
    ("site_id,power_kw\n".encode("utf-16-be"), "UTF-16"),
]


@pytest.mark.parametrize(("raw", "words"), FILES)
def test_a_file_that_is_no_table_is_named_by_its_first_bytes(raw: bytes, words: str, tmp_path: Path) -> None:
    assert words in message(tmp_path, raw)


def test_plain_text_has_no_habit() -> None:
    assert file_habit(b"site_id,power_kw\na,11\n") is None
    assert file_habit(b"") is None


@pytest.mark.parametrize(
    ("row", "words"),
    [
        ("a,11000,,,,", "must be at most 1000; 11000 may be W: as kw that is 11"),
        ("a,0,,,,", "must be at least 2"),
        ("a,2000000,,,,", "must be at most 1000"),
        ("a,,18,,,", "18 may be cents: as eur_kwh that is 0.18"),
        ("a,,,38,,", "38 may be per cent: as share that is 0.38"),
        ("a,,,170,,", "must be at most 1"),
        ("a,,,,45000,", "45000 may be m: as km that is 45"),
        ("a,,,,,0", "must be at least 1"),
        ("a,,,,,3600", "must be at most 200"),
        ("a,,,,,1.5", "must be a whole number"),
    ],
)
def test_a_value_out_of_range_is_named_with_the_unit_that_it_may_be_in(row: str, words: str, tmp_path: Path) -> None:
    assert words in message(tmp_path, f"{HEADER}{row}\n")
