"""Tables as Parquet files: the same rows give the same bytes, and a half-written file never bears the final name.

No times, no index and no names of programs other than the library's own version go into a file. Rows are grouped by
year, so that one year is read without the others.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any, Final

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from zemsim.core import atomic, fingerprint
from zemsim.core.errors import OutputError
from zemsim.core.schema import Column, TableSchema, check_table, conform, schema

#: Level of zstd: higher ones cost more time than they save room here.
COMPRESSION_LEVEL: Final = 3

_TYPES: Final = {
    "bool": pa.bool_(),
    "int8": pa.int8(),
    "int16": pa.int16(),
    "int32": pa.int32(),
    "int64": pa.int64(),
    "float32": pa.float32(),
    "float64": pa.float64(),
    "text": pa.string(),
}

#: Integer columns that mostly count upwards are stored as differences, all others by a dictionary of their values.
_RISING_UNIT: Final = "position"


def write_table(path: Path, table: pd.DataFrame, name: str) -> dict[str, Any]:
    """Check ``table`` against its schema and write it to ``path``, all or nothing.

    Parameters
    ----------
    path : Path
        Final name; its folder must exist.
    table : DataFrame
        Rows; sorted by year here (stable) if the schema has a year and the rows are not.
    name : str
        Schema of :mod:`zemsim.core.schema`.

    Returns
    -------
    dict
        ``bytes``, ``rows`` and ``blake2b`` of the file, for the manifest.

    Raises
    ------
    TableError
        If the table is not what the schema says.
    OutputError
        If the system refuses; an old file is intact.
    """
    plan = schema(name)
    rows = conform(table, name)
    check_table(rows, name)
    rows = _sorted_by_year(rows)
    with atomic.replacing(path) as temporary:
        _write(temporary, rows, plan)
    return describe(path, len(rows))


def describe(path: Path, rows: int) -> dict[str, Any]:
    """Return what the manifest says of a file: ``bytes``, ``rows`` and ``blake2b``."""
    return {"bytes": path.stat().st_size, "rows": rows, "blake2b": fingerprint.of_file(path)}


def read_table(path: Path, name: str, columns: list[str] | None = None, year: int | None = None) -> pd.DataFrame:
    """Read a table, or some of its columns, or one year of it.

    Raises
    ------
    OutputError
        If the file cannot be read as the table that it should be.
    TableError
        If a column is not in the schema.
    """
    plan = schema(name)
    wanted = plan.column_names if columns is None else [plan.column(column).name for column in columns]
    filters = None if year is None else [(plan.column("year").name, "==", year)]
    try:
        table = pq.read_table(path, columns=wanted, filters=filters)
    except (OSError, pa.ArrowException) as error:
        raise OutputError(f"{path}: cannot be read as table {name}: {error}") from error
    return pd.DataFrame({column: _to_numpy(table.column(column), plan.column(column)) for column in wanted})


def _sorted_by_year(rows: pd.DataFrame) -> pd.DataFrame:
    if "year" not in rows.columns or rows["year"].is_monotonic_increasing:
        return rows
    order = np.argsort(rows["year"].to_numpy(), kind="stable")
    return rows.iloc[order].reset_index(drop=True)


def _arrow_schema(plan: TableSchema) -> pa.Schema:
    return pa.schema([pa.field(c.name, _TYPES[c.dtype], nullable=c.blank) for c in plan.columns])


def _write(path: Path, rows: pd.DataFrame, plan: TableSchema) -> None:
    rising = [c.name for c in plan.columns if c.dtype == "int32" and c.unit == _RISING_UNIT]
    with pq.ParquetWriter(
        path,
        _arrow_schema(plan),
        compression="zstd",
        compression_level=COMPRESSION_LEVEL,
        use_dictionary=[c.name for c in plan.columns if c.name not in rising and c.dtype != "bool"],
        column_encoding=dict.fromkeys(rising, "DELTA_BINARY_PACKED"),
        write_statistics=True,
        store_schema=False,
    ) as writer:
        for start, end in _row_groups(rows):
            writer.write_table(_to_arrow(rows.iloc[start:end], plan), row_group_size=max(end - start, 1))


def _row_groups(rows: pd.DataFrame) -> Iterator[tuple[int, int]]:
    if "year" not in rows.columns or len(rows) == 0:
        yield 0, len(rows)
        return
    years = rows["year"].to_numpy()
    edges = [0, *(np.flatnonzero(np.diff(years)) + 1).tolist(), len(rows)]
    yield from pairwise(edges)


def _to_arrow(rows: pd.DataFrame, plan: TableSchema) -> pa.Table:
    arrays = []
    for column in plan.columns:
        values = rows[column.name]
        data = values.tolist() if column.is_text else np.asarray(values)
        arrays.append(pa.array(data, type=_TYPES[column.dtype], from_pandas=column.blank))
    return pa.Table.from_arrays(arrays, schema=_arrow_schema(plan))


def _to_numpy(values: pa.ChunkedArray, column: Column) -> Any:
    if column.is_text:
        return values.to_pandas()
    if column.blank:
        values = values.fill_null(float("nan"))
    return values.to_numpy()
