"""Tables to CSV files: UTF-8, line feeds, numbers as short as they are exact, all or nothing."""

from __future__ import annotations

import csv
import io
import math
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from zemsim.core.atomic import write_bytes
from zemsim.region.make.pack import plain


def write_rows(path: Path, columns: Sequence[str], rows: Iterable[Mapping[str, Any]]) -> None:
    """Write rows; a missing or not-a-number cell is blank."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(columns)
    for row in rows:
        writer.writerow([_cell(row.get(column)) for column in columns])
    write_bytes(path, text.getvalue().encode("utf-8"))


def write_csv(path: Path, table: pd.DataFrame) -> None:
    """Write a table with its columns in their order."""
    names = [str(name) for name in table.columns]
    write_rows(path, names, (dict(zip(names, row, strict=True)) for row in table.itertuples(index=False, name=None)))


def _cell(value: Any) -> str:
    if isinstance(value, float):
        return "" if math.isnan(value) else plain(float(value))
    return plain(value)
