"""What happens at once, beside the long run: rows of the short run, the comparison, and what a run without one says."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from tests.runner.fake import SEEDS, SIMULATED, FakeEngine, World
from zemsim.core.errors import InputError
from zemsim.core.schema import case_tables
from zemsim.evidence.horizons import short_run_indicators
from zemsim.experiment.compare import compare
from zemsim.experiment.progress import silent
from zemsim.experiment.run_folder import Run
from zemsim.experiment.runner import run_engine
from zemsim.model.short_run import ShortRun

YEAR = SIMULATED[-1]


@dataclass
class Quick(FakeEngine):
    """Of the first seed, free buses do at once what electric cars do in the end."""

    def short_run(self, model: Any, policy: str) -> ShortRun | None:
        if policy != "bus-free" or model["seed"] != SEEDS[0]:
            return None
        return ShortRun(YEAR, self.simulate_at_once(model), {**self.counts(), "energy_gap_kwh": 1.0})

    def simulate_at_once(self, model: Any) -> Mapping[str, pd.DataFrame]:
        tables = self.simulate(World(pd.DataFrame(), pd.DataFrame()), model, "ev-grant")
        return {name: rows[rows["year"] == YEAR].reset_index(drop=True) for name, rows in tables.items()}

    @staticmethod
    def counts() -> dict[str, float]:
        from zemsim.model.book import COUNTS

        return dict.fromkeys(COUNTS, 0.0)


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Run:
    return run_engine(Quick(), tmp_path_factory.mktemp("horizons") / "run", 1, silent)


def test_the_table_holds_the_short_run_of_the_region_and_of_no_other_place(run: Run) -> None:
    short = run.short_run
    assert set(zip(short["policy"], short["seed"], short["year"], strict=True)) == {("bus-free", SEEDS[0], YEAR)}
    assert set(short["place"]) == {"region"}
    assert not short["group"].str.contains("quintile").any()
    assert {"car_km_year", "co2_wtw_kg_year", "bus_trips_year", "mode_share"} <= set(short["indicator"])
    pd.testing.assert_frame_equal(run.tables("short_run"), short)


def test_the_comparison_of_the_short_run_is_with_the_baseline_of_its_year_and_seeds(run: Run) -> None:
    found = compare(run, indicator="car_km_year", horizon="short")
    assert found[["policy", "year", "seeds"]].to_numpy().tolist() == [["bus-free", YEAR, 1]]
    rows = run.indicators
    rows = rows[(rows["indicator"] == "car_km_year") & (rows["place"] == "region") & (rows["year"] == YEAR)]
    of = rows[rows["seed"] == SEEDS[0]].set_index("policy")["value"]
    assert found["value"].iloc[0] == pytest.approx(of["ev-grant"])
    assert found["diff"].iloc[0] == pytest.approx(of["ev-grant"] - of["baseline"])
    assert compare(run, indicator="car_km_year", place="region", year=YEAR)["seeds"].tolist() == [3, 3]


def test_a_check_of_the_short_run_that_fails_is_a_verdict_with_its_name(run: Run) -> None:
    found = [row for row in run.verdicts if row["check"] == "short-run-checks"]
    assert [(row["policy"], row["seed"], row["passed"]) for row in found] == [("bus-free", SEEDS[0], False)]
    assert "charging-energy" in found[0]["text"]["en"]
    assert "charging-energy" in found[0]["text"]["lv"]


def test_what_a_run_does_not_tell_is_said(run: Run, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no horizon “shrot”") as raised:
        compare(run, horizon="shrot")
    assert "short" in str(raised.value.hint)
    with pytest.raises(InputError, match="told from “baseline” only"):
        compare(run, "ev-grant", horizon="short")
    plain = run_engine(FakeEngine(), tmp_path / "plain", 1, silent)
    assert plain.short_run.empty
    with pytest.raises(InputError, match="does not tell what happens at once"):
        compare(plain, horizon="short")


def test_figures_are_those_of_the_year_where_nothing_differs(run: Run) -> None:
    tables = {name: run.tables(name, "bus-free", SEEDS[0]) for name in case_tables()}
    shared = {"zones": run.tables("zones"), **{name: run.tables(name, seed=SEEDS[0]) for name in ("persons", "tours")}}
    setting = FakeEngine().setting(World(shared["zones"], shared["persons"]), SEEDS[0], shared)
    short = short_run_indicators(tables, setting, YEAR, "bus-free", SEEDS[0])
    keys = ["indicator", "group", "place"]
    rows = run.indicators
    long = rows[(rows["policy"] == "bus-free") & (rows["seed"] == SEEDS[0]) & (rows["year"] == YEAR)]
    both = short.merge(long, on=keys, how="left", validate="one_to_one", suffixes=("", "_long"))
    pd.testing.assert_series_equal(both["value"], both["value_long"], check_names=False)
