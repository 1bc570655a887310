"""Each parameter that a run reads moves something the right way, from the low to the high end of its range.

The table is parameter_signs.csv; what is observed are the smallest pieces of the model that show it, the probes.
"""

from __future__ import annotations

import csv
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.behaviour.bench import Bench
from tests.behaviour.probes_of_cars import OF_CARS
from tests.behaviour.probes_of_shared_cars import PROBES as OF_SHARED_CARS
from tests.behaviour.probes_of_stations import PROBES as OF_STATIONS
from tests.behaviour.probes_of_travel import OF_TRAVEL
from tests.unit.model.small_world import small_world
from zemsim.behaviour.parameters import load_parameters

if TYPE_CHECKING:
    from collections.abc import Iterator

    from zemsim.population import Population
    from zemsim.region import Region

with (Path(__file__).parent / "parameter_signs.csv").open(encoding="utf-8") as _file:
    SIGNS = list(csv.DictReader(_file))
PROBES = OF_TRAVEL | OF_CARS | OF_STATIONS | OF_SHARED_CARS
USUAL = load_parameters()


@pytest.fixture(scope="module")
def bench(zemgale: Region, zemgale_population: Population) -> Iterator[Bench]:
    made = Bench(small_world(zemgale, zemgale_population))
    yield made
    made.close()


@pytest.mark.parametrize("row", SIGNS, ids=lambda row: f"{row['symbol']}: {row['observed']}")
def test_sign(row: dict[str, str], bench: Bench) -> None:
    """Both ends, with all others as they are; what stands in ``beside`` is set in both."""
    parameter, probe = USUAL.table[row["symbol"]], PROBES[row["observed"]]
    beside = {name: float(value) for name, _, value in (item.partition("=") for item in row["beside"].split())}
    low, high = (
        probe(bench, USUAL.with_values({**beside, parameter.symbol: end})) for end in (parameter.low, parameter.high)
    )
    print(f"{row['symbol']} {parameter.low:g} to {parameter.high:g}: {row['observed']} {low:.6g} to {high:.6g}")
    assert row["sign"] in ("up", "down")
    assert high > low if row["sign"] == "up" else high < low, (row["symbol"], low, high)


def test_nothing_of_a_probe_stays(bench: Bench) -> None:
    """The same probe finds the same after another has tried the ends of a parameter."""
    for look, other, symbol in (
        ("sessions", "tours by bus and train", "b_pt"),
        ("tours by bus and train", "sessions at home", "c_home"),
        ("gain by an e-bike", "tours by e-bike if all had one", "k_ebike"),
        ("tours by car", "tours driven where parking costs 2 EUR/h", "k_park"),
        ("new electric cars", "drivers without a charge where points are few", "patience_min"),
    ):
        before = PROBES[look](bench, USUAL)
        PROBES[other](bench, USUAL.with_values({symbol: USUAL.table[symbol].high}))
        assert PROBES[look](bench, USUAL) == before


def test_every_parameter_that_a_run_reads_has_a_sign() -> None:
    """Fails for a parameter without a row, and for a row whose parameter nothing reads."""
    assert {row["symbol"] for row in SIGNS} == {symbol for symbol, p in USUAL.table.items() if p.used}


def test_every_row_says_why_and_every_probe_is_used() -> None:
    assert all(row["why"] for row in SIGNS)
    assert {row["observed"] for row in SIGNS} == set(PROBES)
