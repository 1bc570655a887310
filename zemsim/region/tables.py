"""Strict reading of CSV files: UTF-8, rows as long as the header, ids as text, finite numbers.

A fault is an :class:`~zemsim.core.errors.InputError` that names file, row, column and what to do.
"""

from __future__ import annotations

import csv
import io
import math
import re
from array import array
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from zemsim.core.errors import InputError, did_you_mean
from zemsim.region.habits import file_habit, number_habit, unit_habit

#: Limits against files that are not tables.
MAX_FILE_BYTES = 64 * 1024 * 1024
MAX_FIELD_CHARS = 10_000
MAX_COLUMNS = 500

#: Rows that are turned into columns at a time.
_CHUNK_ROWS = 4_096

_NUMBER = re.compile(r"[+-]?([0-9]+(\.[0-9]*)?|\.[0-9]+)([eE][+-]?[0-9]+)?")
_INTEGER = re.compile(r"[+-]?[0-9]+")


@dataclass(frozen=True)
class Columns:
    """A CSV file by columns: text as it stands in the file, and the line (from 1) where each row begins."""

    header: tuple[str, ...]
    cells: dict[str, list[str]]
    lines: array[int]


def read_bytes(path: Path) -> bytes:
    """Return the bytes of a file of a pack, or raise an InputError that says what is missing."""
    try:
        size = path.stat().st_size
        if size > MAX_FILE_BYTES:
            raise InputError(f"file has {size:,} bytes; the limit is {MAX_FILE_BYTES:,}", path)
        return path.read_bytes()
    except FileNotFoundError:
        raise InputError("file is missing", path, hint="the datapackage.json lists it") from None
    except (IsADirectoryError, PermissionError, NotADirectoryError) as error:
        raise InputError(f"file cannot be read: {error.strerror}", path) from None


def decode(raw: bytes, path: Path, table: bool = True) -> str:
    """Return the text of UTF-8 bytes (with or without BOM); what is something else is named.

    Parameters
    ----------
    raw : bytes
        The file.
    path : Path
        Its name in messages.
    table : bool
        Whether it is to be a table; JSON is refused then.
    """
    habit = file_habit(raw)
    if habit is not None and (table or habit != "JSON"):
        raise InputError(f"this is not a plain UTF-8 text file: {habit}", path, hint="save it as CSV, encoding UTF-8")
    at = raw.find(b"\x00")
    if at >= 0:
        line = raw.count(b"\n", 0, at) + 1
        raise InputError("this is not a plain UTF-8 text file: byte zero", path, line, "save it as CSV, encoding UTF-8")
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = raw[: error.start].count(b"\n") + 1
        hint = "it may be Latin-1 or Windows-1252/1257; save the file with encoding UTF-8"
        raise InputError("text is not UTF-8", path, line, hint) from None


def read_text(path: Path) -> str:
    """Return the text of a UTF-8 file (with or without BOM); other encodings are refused with the line."""
    return decode(read_bytes(path), path, table=False)


def read_rows(path: Path) -> tuple[list[str], list[tuple[int, list[str]]]]:
    """Return the header and ``(line, cells)`` of a CSV file whose rows are all as long as the header."""
    rows = _rows(decode(read_bytes(path), path), path)
    _, header = next(rows)
    found = list(rows)
    for line, cells in found:
        if max(map(len, cells)) > MAX_FIELD_CHARS:
            raise InputError(f"a cell is longer than {MAX_FIELD_CHARS:,} characters", path, line)
    return header, found


def read_columns(raw: bytes, path: Path, wanted: Collection[str] | None = None) -> Columns:
    """Return the columns of a CSV file; equal cells of a column are one object, so large files stay small.

    Parameters
    ----------
    raw : bytes
        The file.
    path : Path
        Its name in messages.
    wanted : collection of str, optional
        Columns to keep; all columns are checked.
    """
    rows = _rows(decode(raw, path), path)
    _, header = next(rows)
    cells: dict[str, list[str]] = {name: [] for name in header if wanted is None or name in wanted}
    same: dict[str, dict[str, str]] = {name: {} for name in cells}
    lines: array[int] = array("q")
    chunk: list[list[str]] = []
    for line, row in rows:
        chunk.append(row)
        lines.append(line)
        if len(chunk) == _CHUNK_ROWS:
            _to_columns(chunk, header, cells, same, lines, path)
            chunk = []
    _to_columns(chunk, header, cells, same, lines, path)
    return Columns(tuple(header), cells, lines)


def _to_columns(
    chunk: list[list[str]],
    header: list[str],
    cells: dict[str, list[str]],
    same: dict[str, dict[str, str]],
    lines: array[int],
    path: Path,
) -> None:
    for name, column in zip(header, zip(*chunk, strict=True), strict=True) if chunk else ():
        if max(map(len, column)) > MAX_FIELD_CHARS:
            row = next(i for i, cell in enumerate(column) if len(cell) > MAX_FIELD_CHARS)
            line = lines[len(lines) - len(chunk) + row]
            raise InputError(f"{name}: a cell is longer than {MAX_FIELD_CHARS:,} characters", path, line)
        if name in cells:
            cells[name].extend(map(same[name].setdefault, column, column))


def _rows(text: str, path: Path) -> Iterator[tuple[int, list[str]]]:
    """Yield the line where it begins and the cells of each row that is not empty; the header first."""
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    width = -1
    line = 1
    try:
        for cells in reader:
            if len(cells) == width:
                yield line, cells
            elif cells and width < 0:
                width = len(_checked_header(cells, path, line))
                yield line, cells
            elif cells:
                message = f"row has {len(cells)} cells where the header has {width}"
                raise InputError(message, path, line, hint="quote a cell that contains a comma")
            line = reader.line_num + 1
    except csv.Error as error:
        hint = "a quotation mark opens a cell that does not end" if "end of data" in str(error) else None
        raise InputError(f"row cannot be read: {error}", path, line, hint) from None
    if width < 0:
        raise InputError("file is empty", path, hint="the first row holds the column names")


def _checked_header(cells: list[str], path: Path, line: int) -> list[str]:
    if len(cells) > MAX_COLUMNS:
        raise InputError(f"header has {len(cells):,} columns; the limit is {MAX_COLUMNS}", path, line)
    for sign, word in ((";", "semicolon"), ("\t", "tab"), ("|", "bar")):
        if len(cells) == 1 and sign in cells[0]:
            raise InputError(f"columns are separated by a {word}", path, line, hint="separate them by commas")
    for name in cells:
        if not name.strip() or name != name.strip():
            raise InputError(f"column name {name!r} is blank or padded", path, line)
    if len(set(cells)) != len(cells):
        double = sorted({name for name in cells if cells.count(name) > 1})
        raise InputError(f"column occurs twice: {', '.join(double)}", path, line)
    return cells


def plain_number(text: str) -> float:
    """The finite number that a cell holds; a ValueError says what was written instead and what to write."""
    if not _NUMBER.fullmatch(text):
        raise ValueError(number_habit(text))
    value = float(text)
    if not math.isfinite(value):
        raise ValueError("number is too large and not finite")
    return value


def _integer(text: str) -> int:
    if not _INTEGER.fullmatch(text):
        raise ValueError(number_habit(text) if not _NUMBER.fullmatch(text) else "must be a whole number")
    value = int(text)
    if abs(value) >= 2**53:
        raise ValueError("number is too large")
    return value


def _cell(text: str, field: dict[str, Any]) -> Any:
    """Return one value checked against its field of the schema; a ValueError says what is wrong."""
    limits = field.get("constraints", {})
    if text == "":
        if limits.get("required"):
            raise ValueError("must not be blank")
        return math.nan if field["type"] in ("number", "integer", "year") else ""
    value: Any = text
    if field["type"] == "number":
        value = plain_number(text)
    elif field["type"] in ("integer", "year"):
        value = _integer(text)
    if field["type"] != "string":
        if "minimum" in limits and value < limits["minimum"]:
            raise ValueError(f"must be at least {limits['minimum']}")
        if "maximum" in limits and value > limits["maximum"]:
            raise ValueError(f"must be at most {limits['maximum']}{unit_habit(field['name'], value, limits)}")
    elif text != text.strip():
        raise ValueError("has blanks at its ends")
    if "enum" in limits and value not in limits["enum"]:
        raise ValueError(f"must be one of {', '.join(map(str, limits['enum']))}")
    return value


class Lines(list[int]):
    """Line of the file for each row of a table. It never changes, so all copies of a table have the same one.

    pandas copies what a table carries along (``attrs``) deeply at almost every step.
    """

    def __deepcopy__(self, memo: dict[int, Any]) -> Lines:
        return self


def read_table(path: Path, fields: list[dict[str, Any]], unique: list[str] | None = None) -> pd.DataFrame:
    """Return a CSV file as a table with the columns and types of its schema.

    Parameters
    ----------
    path : Path
        The file.
    fields : list of dict
        Fields of a Frictionless table schema: ``name, type`` (string, number, integer, year) and ``constraints``
        (required, unique, minimum, maximum, enum).
    unique : list of str, optional
        Columns that together must differ in every row (the primary key).

    Returns
    -------
    DataFrame
        Columns in the order of the schema. A column of integers without blanks is int64, with blanks float64.

    Raises
    ------
    InputError
        With file, row and remedy.
    """
    header, rows = read_rows(path)
    names = [field["name"] for field in fields]
    for name in names:
        if name not in header:
            raise InputError(f"column “{name}” is missing", path, 1, hint=did_you_mean(name, set(header) - set(names)))
    for name in header:
        if name not in names:
            raise InputError(
                f"column “{name}” is not known", path, 1, hint=did_you_mean(name, set(names) - set(header))
            )
    data = {field["name"]: _column(path, rows, header.index(field["name"]), field) for field in fields}
    table = pd.DataFrame(data, columns=names)
    keys = [[name] for name in names if _is_unique(fields, name)] + ([unique] if unique else [])
    for key in keys:
        _check_unique(path, rows, table, key)
    table.attrs["path"] = str(path)
    table.attrs["lines"] = Lines(line for line, _ in rows)
    return table


def _is_unique(fields: list[dict[str, Any]], name: str) -> bool:
    return any(field["name"] == name and field.get("constraints", {}).get("unique") for field in fields)


def _column(path: Path, rows: list[tuple[int, list[str]]], position: int, field: dict[str, Any]) -> pd.Series:
    values = []
    for line, cells in rows:
        try:
            values.append(_cell(cells[position], field))
        except ValueError as error:
            shown = cells[position] if len(cells[position]) <= 40 else cells[position][:39] + "…"
            raise InputError(f"{field['name']}: “{shown}”", path, line, hint=str(error)) from None
    if field["type"] == "string":
        return pd.Series(values, dtype=object)
    whole = field["type"] != "number" and not any(isinstance(value, float) for value in values)
    return pd.Series(values, dtype="int64" if whole else "float64")


def _check_unique(path: Path, rows: list[tuple[int, list[str]]], table: pd.DataFrame, key: list[str]) -> None:
    double = table.duplicated(key).to_numpy()
    if double.any():
        at = int(double.argmax())
        shown = ", ".join(f"{name} {table[name].iloc[at]}" for name in key)
        first = int((table[key] == table[key].iloc[at]).all(axis=1).to_numpy().argmax())
        raise InputError(f"{shown} occurs twice", path, rows[at][0], hint=f"first in row {rows[first][0]}")
