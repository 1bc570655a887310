"""A survey file, CSV or Parquet: its columns as texts or as numbers, and where each row stands."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from os import PathLike
from pathlib import Path
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import pandas as pd

from zemsim.core.errors import InputError, clean, did_you_mean
from zemsim.region.tables import plain_number, read_bytes, read_columns

Float = npt.NDArray[np.float64]
Rows = npt.NDArray[np.int64]

#: How many rows a message names.
SHOWN: Final = 3
_SHOWN_CHARACTERS: Final = 40


class Survey:
    """A table whose columns are read when they are asked for.

    Attributes
    ----------
    path : str
        The file.
    n_rows : int
        Rows without the header.
    """

    def __init__(self, path: str, cells: Mapping[str, Sequence[Any]], lines: Sequence[int], row_word: str) -> None:
        self.path = path
        self.n_rows = len(lines)
        self._cells = cells
        self._lines = lines
        self._row_word = row_word

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the columns."""
        return tuple(self._cells)

    def fault(self, message: str, rows: Sequence[int] | Rows = (), hint: str | None = None) -> InputError:
        """An error about the file: with the first of the rows as its line, and the first few in words."""
        if len(rows) == 0:
            return InputError(message, self.path, hint=hint)
        places = [self._lines[int(row)] for row in rows[:SHOWN]]
        if len(rows) > 1:
            more = f" and {len(rows) - SHOWN:,} more" if len(rows) > SHOWN else ""
            message = f"{message}, {self._row_word}s {', '.join(map(str, places))}{more}"
        return InputError(message, self.path, places[0], hint)

    def need(self, names: Sequence[str]) -> list[InputError]:
        """A fault for each column that the file does not have."""
        return [
            InputError(f"there is no column “{clean(name, 80)}”", self.path, 1, did_you_mean(name, self.names))
            for name in dict.fromkeys(names)
            if name not in self._cells
        ]

    def texts(self, name: str) -> list[str]:
        """A column as texts; whole numbers without a point, what is unknown empty."""
        cells = self._cells[name]
        return list(cells) if isinstance(cells, list) else [_text(value) for value in cells]

    def numbers(self, name: str) -> Float:
        """A column as numbers; blank is NaN.

        Raises
        ------
        InputError
            With the first cell that is no number.
        """
        cells = self._cells[name]
        if not isinstance(cells, list):
            return self._numbers_of_array(name, np.asarray(cells))
        values, wrong = {"": math.nan}, {}
        for text in set(cells) - {""}:
            try:
                values[text] = plain_number(text)
            except ValueError as error:
                wrong[text] = str(error)
        if wrong:
            rows = [row for row, text in enumerate(cells) if text in wrong]
            first = cells[rows[0]]
            shown = clean(first, _SHOWN_CHARACTERS)
            raise self.fault(f"column {name}: “{shown}” is no number", rows, wrong[first])
        return np.array([values[text] for text in cells], np.float64)

    def _numbers_of_array(self, name: str, cells: npt.NDArray[Any]) -> Float:
        if cells.dtype.kind in "biuf":
            return cells.astype(np.float64)
        rows = [row for row, cell in enumerate(cells) if not _is_number(cell)]
        if rows:
            shown = clean(cells[rows[0]], _SHOWN_CHARACTERS)
            raise self.fault(f"column {name}: “{shown}” is no number", rows, "a column of a term holds numbers only")
        return np.array([math.nan if cell is None or cell is pd.NA else float(cell) for cell in cells], np.float64)


def _is_number(cell: Any) -> bool:
    return cell is None or cell is pd.NA or isinstance(cell, (int, float, np.number, bool, np.bool_))


def _text(value: Any) -> str:
    if value is None or value is pd.NA or (isinstance(value, float) and math.isnan(value)):
        return ""
    if isinstance(value, (bool, np.bool_)):
        return str(int(value))
    if isinstance(value, (float, np.floating)) and float(value).is_integer():
        return str(int(value))
    return str(value)


def read_survey(path: str | PathLike[str]) -> Survey:
    """Read a CSV file (UTF-8, comma, decimal point) or a Parquet file, told apart by their first bytes.

    Raises
    ------
    InputError
        If it is missing or is no such file, or if a row is not as long as the header.
    """
    file = Path(path)
    if not file.is_file():
        raise InputError("is a folder" if file.is_dir() else "no such file", path, hint="a CSV or Parquet file")
    raw = read_bytes(file)
    if raw.startswith(b"PAR1"):
        return _parquet(file)
    columns = read_columns(raw, file)
    if not columns.lines:
        raise InputError("has a header and no rows", path)
    return Survey(str(path), columns.cells, columns.lines, "line")


def _parquet(file: Path) -> Survey:
    try:
        table = pd.read_parquet(file)
    except (OSError, ValueError) as error:
        raise InputError(f"cannot be read as Parquet: {clean(error, 200)}", file) from None
    if table.empty:
        raise InputError("has no rows", file)
    cells: dict[str, Any] = {str(name): table[name].to_numpy() for name in table.columns}
    return Survey(str(file), cells, range(1, len(table) + 1), "row")
