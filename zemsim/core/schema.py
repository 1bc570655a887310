"""What the tables of a run folder hold: columns, types, units and meanings, read from ``core/schemas/*.json``.

A table is brought into its stored types by :func:`conform` and checked by :func:`check_table`; both name the table, the
column, how many values are wrong and the first few.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import pandas as pd

from zemsim.core import names
from zemsim.core.errors import OutputError, clean, did_you_mean

#: Types a column may have; text is stored as UTF-8 strings.
DTYPES: Final = ("bool", "int8", "int16", "int32", "int64", "float32", "float64", "text")

#: How many wrong values an error shows.
SHOWN: Final = 3


class TableError(OutputError):
    """A table of a run is not what its schema says."""


@dataclass(frozen=True)
class Column:
    """One column of a table.

    Attributes
    ----------
    name, dtype, unit, meaning : str
        As in the schema file; ``dtype`` is one of :data:`DTYPES`.
    low, high : float or None
        Allowed range, both included.
    values : str or None
        Name of an enumeration of :mod:`zemsim.core.names` whose values are allowed.
    words : tuple of str
        Allowed words of a text column; empty if any.
    blank : bool
        Whether a value may be unknown (NaN in memory, null on disk).
    """

    name: str
    dtype: str
    unit: str
    meaning: str
    low: float | None = None
    high: float | None = None
    values: str | None = None
    words: tuple[str, ...] = ()
    blank: bool = False

    @property
    def is_text(self) -> bool:
        return self.dtype == "text"

    @property
    def is_float(self) -> bool:
        return self.dtype.startswith("float")

    def limits(self) -> tuple[float | None, float | None]:
        """Return the allowed range; that of the enumeration where there is one."""
        if self.values is None:
            return self.low, self.high
        members = [int(member) for member in getattr(names, self.values)]
        return min(members), max(members)


@dataclass(frozen=True)
class TableSchema:
    """One table: its name, what a row is, where it lies in the folder, and its columns in order."""

    name: str
    rows: str
    path: str
    columns: tuple[Column, ...]

    @property
    def column_names(self) -> list[str]:
        return [column.name for column in self.columns]

    def column(self, name: str) -> Column:
        """Return a column by name; an unknown one is an error that names the nearest."""
        for column in self.columns:
            if column.name == name:
                return column
        raise TableError(f"table {self.name}: no column {clean(name, 80)}; {did_you_mean(name, self.column_names)}")

    def file(self, policy: str = "", seed: int = 0) -> str:
        """Return the path in the run folder, for a policy and seed where the table has one each."""
        return self.path.format(policy=policy, seed=seed)

    def empty(self) -> pd.DataFrame:
        """Return a table without rows."""
        return pd.DataFrame({c.name: np.empty(0, object if c.is_text else c.dtype) for c in self.columns})


def _column(row: dict[str, Any]) -> Column:
    return Column(
        name=row["name"],
        dtype=row["dtype"],
        unit=row["unit"],
        meaning=row["meaning"],
        low=row.get("min"),
        high=row.get("max"),
        values=row.get("values"),
        words=tuple(row.get("words", ())),
        blank=row.get("blank", False),
    )


@cache
def table_names() -> tuple[str, ...]:
    """Return the names of all tables of a run folder, sorted."""
    folder = resources.files("zemsim.core") / "schemas"
    return tuple(sorted(p.name.removesuffix(".json") for p in folder.iterdir() if p.name.endswith(".json")))


@cache
def schema(name: str) -> TableSchema:
    """Return the schema of a table; an unknown name is an error that names the nearest."""
    if name not in table_names():
        raise TableError(f"no table is called {clean(name, 80)}; {did_you_mean(name, table_names())}")
    text = (resources.files("zemsim.core") / "schemas" / f"{name}.json").read_text(encoding="utf-8")
    row = json.loads(text)
    return TableSchema(row["name"], row["rows"], row["path"], tuple(_column(c) for c in row["columns"]))


@cache
def case_tables() -> tuple[str, ...]:
    """Return the tables that each case writes: their path names its policy."""
    return tuple(name for name in table_names() if "{policy}" in schema(name).path)


@cache
def seed_tables() -> tuple[str, ...]:
    """Return the tables of a seed, the same for every policy."""
    return tuple(name for name in table_names() if "{seed}" in schema(name).path and name not in case_tables())


def conform(table: pd.DataFrame, name: str) -> pd.DataFrame:
    """Return ``table`` with the columns of schema ``name`` in order and in their stored types.

    Integers and booleans are cast only if no value changes; floats are rounded to the stored precision; text stays.
    Further columns, missing ones and values that do not fit are errors. Rows keep their order.

    Parameters
    ----------
    table : DataFrame
        The rows.
    name : str
        A table of :func:`table_names`.

    Raises
    ------
    TableError
        Naming table, column, count and the first few values.
    """
    plan = schema(name)
    _check_names(table, plan)
    columns = {column.name: _cast(table[column.name], column, name) for column in plan.columns}
    return pd.DataFrame(columns, copy=False)


def check_table(table: pd.DataFrame, name: str) -> None:
    """Check columns, types, blanks, ranges and words of ``table`` against schema ``name``.

    Raises
    ------
    TableError
        Naming table, column, count and the first few values.
    """
    plan = schema(name)
    _check_names(table, plan)
    if list(table.columns) != plan.column_names:
        raise TableError(f"table {name}: columns are in another order: {', '.join(map(str, table.columns))}")
    for column in plan.columns:
        _check_column(table[column.name], column, name)


def _check_names(table: pd.DataFrame, plan: TableSchema) -> None:
    found = [str(column) for column in table.columns]
    missing = [column for column in plan.column_names if column not in found]
    strange = [column for column in found if column not in plan.column_names]
    if missing:
        raise TableError(f"table {plan.name}: column {', '.join(missing)} is missing")
    if strange:
        advice = did_you_mean(strange[0], plan.column_names)
        raise TableError(f"table {plan.name}: unknown column {clean(strange[0], 80)}; {advice}")
    if len(set(found)) != len(found):
        raise TableError(f"table {plan.name}: a column occurs twice")


def _cast(series: pd.Series, column: Column, table: str) -> npt.NDArray[Any] | pd.Series:
    if column.is_text:
        return series.reset_index(drop=True)
    values = np.asarray(series)
    target = np.dtype(column.dtype)
    if len(values) == 0:
        return np.empty(0, target)
    if values.dtype == target:
        return np.ascontiguousarray(values)
    if values.dtype.kind not in "biuf":
        raise TableError(f"table {table}, column {column.name}: {values.dtype} where {column.dtype} was expected")
    if target.kind == "f":
        return values.astype(target)
    with np.errstate(invalid="ignore"):
        cast = values.astype(target)
    _refuse(values, cast != values, column, table, f"do not fit {column.dtype}")
    return cast


def _check_column(series: pd.Series, column: Column, table: str) -> None:
    if column.is_text:
        _check_text(series, column, table)
        return
    values = np.asarray(series)
    if values.dtype != np.dtype(column.dtype):
        raise TableError(f"table {table}, column {column.name}: {values.dtype} where {column.dtype} was expected")
    if column.is_float:
        blank = np.isnan(values)
        if not column.blank:
            _refuse(values, blank, column, table, "are unknown where every value must be known")
        _refuse(values, np.isinf(values), column, table, "are infinite")
        values = values[~blank]
    low, high = column.limits()
    if low is not None and values.size and values.min() < low:
        _refuse(values, values < low, column, table, f"are below {low:g}")
    if high is not None and values.size and values.max() > high:
        _refuse(values, values > high, column, table, f"are above {high:g}")


def _check_text(series: pd.Series, column: Column, table: str) -> None:
    distinct = pd.unique(series)
    strange = [value for value in distinct if not isinstance(value, str)]
    if strange:
        raise TableError(f"table {table}, column {column.name}: {clean(strange[0], 80)} where a text was expected")
    if column.words:
        unknown = sorted(value for value in distinct if value not in column.words)
        if unknown:
            advice = did_you_mean(unknown[0], column.words)
            raise TableError(f"table {table}, column {column.name}: unknown word {clean(unknown[0], 80)}; {advice}")


def _refuse(values: npt.NDArray[Any], wrong: npt.NDArray[np.bool_], column: Column, table: str, what: str) -> None:
    count = int(np.count_nonzero(wrong))
    if count == 0:
        return
    rows = np.flatnonzero(wrong)[:SHOWN]
    first = ", ".join(f"row {row}: {values[row]}" for row in rows)
    raise TableError(f"table {table}, column {column.name}: {count:,} of {len(values):,} values {what} ({first})")
