"""Rows C2, C4, C5 and C6 on the pack: ranges, sums and doubles are refused; order changes nothing."""

from __future__ import annotations

import csv
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from zemsim.core.errors import InputError
from zemsim.region import Region, embedded_packs, load_region
from zemsim.region.checks import NAMES_SHOWN
from zemsim.travel.timetable import Timetable

Rows = list[dict[str, str]]


@pytest.fixture
def pack(tmp_path: Path) -> Path:
    shutil.copytree(embedded_packs()["zemgale"], tmp_path / "pack")
    return tmp_path / "pack"


def rewrite(path: Path, change: Callable[[Rows], Rows], columns: Callable[[list[str]], list[str]] = list) -> None:
    """Read a CSV file, change its rows, write it with its columns in some order."""
    with path.open(encoding="utf-8", newline="") as file:
        reader = csv.DictReader(file)
        rows = list(reader)
        names = list(reader.fieldnames or [])
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, columns(names), lineterminator="\n")
        writer.writeheader()
        writer.writerows(change(rows))


def put(column: str, value: str) -> Callable[[Rows], Rows]:
    """Write a value into the second row."""

    def change(rows: Rows) -> Rows:
        rows[1][column] = value
        return rows

    return change


FAULTS: list[tuple[str, Callable[[Rows], Rows], str]] = [
    ("zones.csv", put("population", "-5"), "must be at least 0"),
    ("zones.csv", put("population", "200000000"), "must be at most"),
    ("zones.csv", put("population", ""), "must not be blank"),
    ("zones.csv", put("population", "12.5"), "must be a whole number"),
    ("zones.csv", lambda rows: [*rows, rows[0]], "occurs twice"),
    ("zones.csv", lambda rows: rows[1:], "sum to"),
    ("zones.csv", put("shop_weight", "-1"), "must be at least 0"),
    ("zones.csv", put("shop_weight", ""), "must not be blank"),
    ("zones.csv", put("leisure_weight", "nan"), "a word for unknown"),
    ("settlements.csv", put("village_share", "1.7"), "must be at most 1"),
    ("settlements.csv", put("village_share", "98"), "98 may be per cent"),
    ("chargers.csv", put("power_kw", "0"), "must be at least 2"),
    ("chargers.csv", put("power_kw", "11000"), "11000 may be W: as kw that is 11"),
    ("chargers.csv", put("points", "0"), "must be at least 1"),
    ("chargers.csv", put("price_eur_kwh", "-0.2"), "must be at least 0"),
]


@pytest.mark.parametrize(
    ("name", "change", "words"), FAULTS, ids=[f"{n}-{w}-{i}" for i, (n, _, w) in enumerate(FAULTS)]
)
def test_a_fault_of_range_or_sum_is_named(name: str, change: Callable[[Rows], Rows], words: str, pack: Path) -> None:
    rewrite(pack / name, change)
    with pytest.raises(InputError) as caught:
        load_region(pack)
    assert words in str(caught.value)


def test_an_unknown_id_of_a_large_table_names_a_few_others(pack: Path) -> None:
    rewrite(pack / "road_links.csv", put("from_node", "§§§§"))
    with pytest.raises(InputError, match="from_node: unknown node “§§§§”") as caught:
        load_region(pack)
    hint = str(caught.value.hint)
    assert hint.startswith("known: ")
    assert hint.count(",") == NAMES_SHOWN - 1
    assert hint.endswith(" more")


def test_order_of_rows_and_columns_changes_nothing(pack: Path, zemgale: Region) -> None:
    for name in ("zones.csv", "chargers.csv", "settlements.csv", "prices.csv"):
        rewrite(pack / name, lambda rows: rows[::-1], lambda names: names[::-1])
    assert load_region(pack).digest() == zemgale.digest()


def test_a_further_column_is_refused_and_named(pack: Path) -> None:
    rewrite(pack / "zones.csv", lambda rows: [{**row, "popluation": "1"} for row in rows], lambda n: [*n, "popluation"])
    with pytest.raises(InputError, match="column “popluation” is not known"):
        load_region(pack)


def test_a_trip_that_no_vehicle_could_run_is_an_error_in_a_pack(pack: Path) -> None:
    """Feeds from elsewhere are read with such trips left out and counted; a pack is to be in order."""

    def backwards(rows: Rows) -> Rows:
        rows[1]["arrival_time"] = rows[1]["departure_time"] = "00:00:01"
        return rows

    rewrite(pack / "gtfs" / "stop_times.txt", backwards)
    with pytest.raises(InputError, match="vehicle arrives before it left the stop before") as caught:
        Timetable.from_region(load_region(pack))
    assert caught.value.line == 3
