"""Tables on disk: what is written is read back, and the same rows give the same bytes."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import pytest

from tests.runner.fake import make_case, make_persons, make_tours, make_zones
from zemsim.core.errors import OutputError
from zemsim.core.schema import TableError, conform, schema, table_names
from zemsim.experiment.table_store import read_table, write_table

ZONES = make_zones()
PERSONS = make_persons(ZONES)
TOURS = make_tours(PERSONS, 1)
RESIDENCE = pd.DataFrame({"resident_idx": [0, 1], "born_year": [1980, 2026], "first_year": [2024, 2026]}).assign(
    last_year=9999
)
TOUR_SPANS = pd.DataFrame({"tour_idx": [0, 1], "from_year": [2024, 2030], "until_year": [2029, 9999]})
OF_A_FORECAST = {"residence": RESIDENCE, "tour_spans": TOUR_SPANS}
DRAWS = pd.DataFrame({"seed": [1, 2], "row": [1, 2], "symbol": "b_cost", "value": [-0.29, -0.33], "usual": -0.3})
SHORT_RUN = pd.DataFrame(
    {"policy": "ev-grant", "seed": 1, "year": 2024, "indicator": "ev_share", "unit": "share", "group": "all"}
    | {"place": "region", "value": [0.011, np.nan]}
)
TABLES = {
    **make_case(TOURS, "ev-grant", 1),
    "zones": ZONES,
    "persons": PERSONS,
    "tours": TOURS,
    **OF_A_FORECAST,
    "draws": DRAWS,
    "short_run": SHORT_RUN,
}


@pytest.mark.parametrize("name", sorted(TABLES))
def test_round_trip(name: str, tmp_path: Path) -> None:
    path = tmp_path / "table.parquet"
    about = write_table(path, TABLES[name], name)
    assert about["rows"] == len(TABLES[name])
    assert about["bytes"] == path.stat().st_size
    found = read_table(path, name)
    expected = conform(TABLES[name], name)
    if "year" in expected:
        expected = expected.sort_values("year", kind="stable", ignore_index=True)
    pd.testing.assert_frame_equal(found, expected, check_dtype=False)
    for column in schema(name).columns:
        if not column.is_text:
            assert found[column.name].dtype == np.dtype(column.dtype)


def test_every_table_is_tried() -> None:
    assert set(TABLES) | {"indicators"} == set(table_names())


@pytest.mark.parametrize("name", ["trips", "zones", "payments"])
def test_same_rows_same_bytes(name: str, tmp_path: Path) -> None:
    wide = TABLES[name].astype({c.name: "float64" for c in schema(name).columns if c.is_float})
    wide.index = np.arange(len(wide)) + 17
    wide.attrs["note"] = "not for the file"
    write_table(tmp_path / "a.parquet", TABLES[name], name)
    write_table(tmp_path / "b.parquet", wide[wide.columns[::-1]], name)
    assert (tmp_path / "a.parquet").read_bytes() == (tmp_path / "b.parquet").read_bytes()
    metadata = pq.read_metadata(tmp_path / "a.parquet").metadata
    assert not metadata, "no pandas index, no times"


def test_years_are_row_groups_and_read_alone(tmp_path: Path) -> None:
    path = tmp_path / "v.parquet"
    shuffled = TABLES["vehicles"].iloc[::-1]
    write_table(path, shuffled, "vehicles")
    years = sorted(set(shuffled["year"]))
    assert pq.read_metadata(path).num_row_groups == len(years)
    alone = read_table(path, "vehicles", columns=["year", "vehicle_idx"], year=years[1])
    assert set(alone["year"]) == {years[1]}
    expected = shuffled.loc[shuffled["year"] == years[1], "vehicle_idx"].tolist()
    assert alone["vehicle_idx"].tolist() == expected, "rows of a year keep their order"


def test_blank_is_null_on_disk(tmp_path: Path) -> None:
    write_table(tmp_path / "v.parquet", TABLES["vehicles"], "vehicles")
    column = pq.read_table(tmp_path / "v.parquet").column("km_year")
    assert column.null_count == int(TABLES["vehicles"]["km_year"].isna().sum()) > 0


def test_wrong_tables_leave_nothing(tmp_path: Path) -> None:
    with pytest.raises(TableError):
        write_table(tmp_path / "t.parquet", TABLES["trips"].assign(mode=99), "trips")
    with pytest.raises(OutputError, match="cannot write"):
        write_table(tmp_path / "no" / "t.parquet", TABLES["trips"], "trips")
    assert list(tmp_path.iterdir()) == []


def test_a_file_that_is_no_table(tmp_path: Path) -> None:
    path = tmp_path / "t.parquet"
    path.write_bytes(b"PAR1 but nothing else")
    with pytest.raises(OutputError, match="cannot be read as table trips"):
        read_table(path, "trips")
