"""Schemas of the run tables, and what the check of a table finds."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from tests.runner.fake import make_case, make_persons, make_tours, make_zones
from zemsim.core import names
from zemsim.core.schema import DTYPES, TableError, check_table, conform, schema, table_names

CASE = make_case(make_tours(make_persons(make_zones()), 1), "ev-grant", 1)


@pytest.mark.parametrize("name", table_names())
def test_schema_is_complete(name: str) -> None:
    plan = schema(name)
    assert plan.name == name
    assert plan.rows
    assert len(set(plan.column_names)) == len(plan.columns) > 1
    for column in plan.columns:
        assert column.dtype in DTYPES
        assert column.unit
        assert column.meaning
        assert column.values is None or hasattr(names, column.values)
        assert not column.blank or column.is_float, f"{name}.{column.name}: only floats can be blank"


@pytest.mark.parametrize("name", sorted(CASE))
def test_conform_then_check(name: str) -> None:
    table = conform(CASE[name], name)
    check_table(table, name)
    assert len(table) == len(CASE[name])
    for column in schema(name).columns:
        if not column.is_text:
            assert table[column.name].dtype == np.dtype(column.dtype)
    check_table(conform(CASE[name].iloc[:0], name), name)


@pytest.mark.parametrize("name", table_names())
def test_empty_tables_pass(name: str) -> None:
    check_table(conform(schema(name).empty(), name), name)
    check_table(conform(pd.DataFrame(columns=schema(name).column_names), name), name)


FAULTS = [
    (lambda t: t.drop(columns="mode"), "column mode is missing"),
    (lambda t: t.assign(mood=1), "unknown column mood; did you mean “mode”"),
    (lambda t: t.assign(mode=200), "do not fit int8"),
    (lambda t: t.assign(mode=1.5), "do not fit int8"),
    (lambda t: t.assign(mode="bus"), "where int8 was expected"),
    (lambda t: t.assign(mode=8), "are above 7"),
    (lambda t: t.assign(mode=-1), "are below 0"),
    (lambda t: t.assign(fare_eur=np.nan), "must be known"),
    (lambda t: t.assign(fare_eur=np.inf), "are infinite"),
    (lambda t: t.assign(fare_eur=-0.5), "are below 0"),
]


@pytest.mark.parametrize(("spoil", "message"), FAULTS)
def test_faults_name_table_and_column(spoil: object, message: str) -> None:
    spoilt = spoil(CASE["trips"])  # type: ignore[operator]
    with pytest.raises(TableError, match=message) as caught:
        check_table(conform(spoilt, "trips"), "trips")
    assert "table trips" in str(caught.value)


def test_fault_says_how_many_and_where() -> None:
    table = conform(CASE["trips"], "trips")
    table.loc[[3, 5], "fare_eur"] = -1.0
    with pytest.raises(TableError, match=r"2 of [\d,]+ values are below 0 \(row 3: -1.0, row 5: -1.0\)"):
        check_table(table, "trips")


def test_unknown_word_and_table() -> None:
    with pytest.raises(TableError, match="unknown word ebikes; did you mean “ebike”"):
        check_table(conform(CASE["purchases"].assign(kind="ebikes"), "purchases"), "purchases")
    with pytest.raises(TableError, match="where a text was expected"):
        check_table(conform(CASE["purchases"].assign(kind=1), "purchases"), "purchases")
    with pytest.raises(TableError, match="did you mean “trips”"):
        schema("trip")


def test_order_of_columns_is_checked() -> None:
    table = conform(CASE["gaps"], "gaps")
    with pytest.raises(TableError, match="another order"):
        check_table(table[table.columns[::-1]], "gaps")
