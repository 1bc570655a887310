"""Paired differences, their intervals, and the headline."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from click.testing import CliRunner
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from tests.runner.fake import POLICIES, SEEDS, FakeEngine
from zemsim.cli import cli
from zemsim.core.errors import InputError, UsageError
from zemsim.core.names import Mode
from zemsim.experiment import compare as module
from zemsim.experiment.compare import NO_TONNES, ONE_SEED, UNCLEAR_TONNES, check_same_draws, compare, headline
from zemsim.experiment.progress import silent
from zemsim.experiment.run_folder import Run
from zemsim.experiment.runner import run_engine
from zemsim.experiment.statistics import interval, paired

VALUES = st.lists(st.floats(-1e6, 1e6), min_size=2, max_size=12)


class DrawingEngine(FakeEngine):
    """Each seed draws a parameter."""

    def describe(self) -> dict[str, Any]:
        about = super().describe()
        about["experiment"]["behaviour_draws"] = drawn_prices({seed: -0.04 - seed / 1000 for seed in self.seeds})
        return about


def drawn_prices(values: dict[int, float]) -> dict[str, Any]:
    """What a manifest says of drawing ``b_price``."""
    rows = {str(seed): {"row": seed, "values": {"b_price": value}} for seed, value in values.items()}
    return {"files": [{"name": "sets.csv", "blake2b": "0", "rows": 9}], "seeds": rows}


@pytest.fixture(scope="module")
def drawing(tmp_path_factory: pytest.TempPathFactory) -> Run:
    return run_engine(DrawingEngine(), tmp_path_factory.mktemp("drawing") / "run", 1, silent)


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Run:
    return run_engine(FakeEngine(), tmp_path_factory.mktemp("compare") / "run", 1, silent)


@given(VALUES)
def test_interval_is_that_of_student(values: list[float]) -> None:
    found = interval(values)
    n, mean, sd = len(values), np.mean(values), np.std(values, ddof=1)
    assert found.n == n
    assert found.mean == pytest.approx(mean, rel=1e-9, abs=1e-6)
    assert found.sd == pytest.approx(sd, rel=1e-9, abs=1e-6)
    half = stats.t.ppf(0.975, n - 1) * sd / np.sqrt(n)
    assert found.high - found.low == pytest.approx(2 * half, rel=1e-6, abs=1e-5)
    assert found.low <= found.mean <= found.high


@given(VALUES, st.randoms(use_true_random=False))
def test_order_of_seeds_does_not_matter(values: list[float], random: object) -> None:
    mixed = list(values)
    random.shuffle(mixed)  # type: ignore[attr-defined]
    assert interval(values).mean == interval(mixed).mean
    assert interval(values).beyond == interval(mixed).beyond


def test_known_interval() -> None:
    found = paired([11.0, 12.0, 13.0], [10.0, 10.0, 10.0])
    assert (found.n, found.mean, found.sd) == (3, 2.0, 1.0)
    assert found.low == pytest.approx(2 - 4.302652729911275 / math.sqrt(3))
    assert not found.beyond
    assert paired([11.0, 11.1, 11.05], [10.0, 10.0, 10.0]).beyond


@given(VALUES)
def test_interval_of_one_more_value_is_the_prediction_interval(values: list[float]) -> None:
    """Hahn and Meeker, Statistical Intervals, 1991: mean ± t(n - 1) s sqrt(1 + 1 / n)."""
    found, n = interval(values, of_one=True), len(values)
    half = stats.t.ppf(0.975, n - 1) * np.std(values, ddof=1) * np.sqrt(1 + 1 / n)
    assert found.high - found.low == pytest.approx(2 * half, rel=1e-6, abs=1e-5)
    assert found.low <= interval(values).low


def test_the_interval_of_one_does_not_shrink_as_seeds_are_added() -> None:
    few, many = (np.random.default_rng(1).normal(size=n) for n in (20, 2000))
    assert interval(many).high - interval(many).low < 0.1
    assert interval(many, of_one=True).high - interval(many, of_one=True).low == pytest.approx(2 * 1.96, rel=0.1)
    assert interval(few, of_one=True).high > interval(few).high


def test_few_and_unknown_values() -> None:
    assert interval([]).n == 0
    assert math.isnan(interval([]).mean)
    one = interval([5.0, math.nan])
    assert (one.n, one.mean) == (1, 5.0)
    assert math.isnan(one.low)
    assert not one.beyond
    same = interval([3.0, 3.0])
    assert (same.low, same.high, same.beyond) == (3.0, 3.0, True)
    assert not interval([0.0, 0.0]).beyond


def test_compare_pairs_seed_by_seed(run: Run) -> None:
    table = compare(run)
    assert set(table["policy"]) == set(POLICIES) - {"baseline"}
    row = table[
        (table["policy"] == "bus-free")
        & (table["indicator"] == "bus_trips_year")
        & (table["year"] == 2028)
        & (table["place"] == "region")
    ].iloc[0]
    raw = run.indicators[
        (run.indicators["indicator"] == "bus_trips_year")
        & (run.indicators["year"] == 2028)
        & (run.indicators["place"] == "region")
    ]
    by = raw.pivot(index="policy", columns="seed", values="value")
    differences = (by.loc["bus-free"] - by.loc["baseline"]).to_numpy()
    assert row["diff"] == pytest.approx(differences.mean())
    assert row["sd"] == pytest.approx(differences.std(ddof=1))
    assert row["seeds"] == len(SEEDS)
    assert row["beyond"]
    assert row["value"] == pytest.approx(by.loc["bus-free"].mean())


def test_compare_selects(run: Run) -> None:
    one = compare(str(run.folder), indicator="ev_share", year=2028, place="region")
    assert len(one) == len(POLICIES) - 1
    assert set(one["unit"]) == {"share"}
    swapped = compare(run, baseline="bus-free", indicator="ev_share", year=2028, group="all", place="region")
    assert set(swapped["policy"]) == {"baseline", "ev-grant"}
    with pytest.raises(InputError, match="no indicator “ev_shares”") as caught:
        compare(run, indicator="ev_shares")
    assert "did you mean “ev_share”" in str(caught.value)
    with pytest.raises(InputError, match="no policy “base”"):
        compare(run, baseline="base")
    with pytest.raises(InputError, match="no year “2027”"):
        compare(run, indicator="car_km_year", year=2027)


def test_compare_hides_small_cells(run: Run) -> None:
    table = compare(run, indicator="car_km_per_resident_day", year=2028)
    tiny = run.indicators[(run.indicators["indicator"] == "residents") & (run.indicators["value"] < 10)]["place"]
    assert not set(table.dropna(subset="value")["place"]) & set(tiny)


def test_headline(run: Run) -> None:
    table = headline(run)
    assert table.attrs["year"] == 2028
    assert table["policy"].tolist() == list(POLICIES)
    keys = [f"mode_share_{mode.name.lower()}" for mode in Mode]
    keys += [
        "car_km_year",
        "co2_wtw_kg_year",
        "ev_share",
        "bus_trips_year",
        "charging_wait_mean_min",
        "public_cost_eur",
    ]
    for key in [*keys, "eur_per_tonne"]:
        assert {key, f"{key}_diff", f"{key}_low", f"{key}_high"} <= set(table.columns)
    assert table[keys].notna().all().all()
    assert table.loc[0, [f"{key}_diff" for key in keys]].isna().all()
    shares = [key for key in keys if key.startswith("mode_share")]
    assert table[shares].sum(axis=1).to_numpy() == pytest.approx(1.0)
    assert table.loc[2, "ev_share_diff"] > 0


def test_eur_per_tonne_is_the_quotient_of_the_sums(run: Run) -> None:
    table = run.indicators[run.indicators["place"] == "region"]

    def mean(policy: str, name: str) -> float:
        rows = table[(table["policy"] == policy) & (table["indicator"] == name) & (table["group"] == "all")]
        assert len(rows) == len(SEEDS)
        return float(rows["value"].mean())

    spent = mean("ev-grant", "public_cost_eur") - mean("baseline", "public_cost_eur")
    avoided = (mean("baseline", "co2_wtw_total_kg") - mean("ev-grant", "co2_wtw_total_kg")) / 1000
    row = headline(run).set_index("policy").loc["ev-grant"]
    assert avoided > 0
    assert row["eur_per_tonne"] == pytest.approx(spent / avoided)
    assert row["eur_per_tonne_low"] <= row["eur_per_tonne_high"]
    assert row["eur_per_tonne_note"] == ""


@pytest.mark.parametrize(
    ("tonnes", "note"),
    [
        ([[100.0] * 3, [101.0, 102.0, 103.0]], NO_TONNES),
        ([[100.0] * 3, [60.0, 100.0, 110.0]], UNCLEAR_TONNES),
        ([[100.0], [90.0]], ONE_SEED),
        ([[100.0, 100.0], [90.0, 91.0]], ""),
    ],
)
def test_eur_per_tonne_says_why_it_is_blank(tonnes: list[list[float]], note: str) -> None:
    base, policy = (np.array(values) for values in tonnes)
    cost = {"baseline": np.zeros(len(base)), "p": np.full(len(base), 500.0)}
    found = module._eur_per_tonne("p", cost, {"baseline": base, "p": policy})
    assert found["eur_per_tonne_note"] == note
    assert math.isnan(found["eur_per_tonne"]) == (note in (NO_TONNES, UNCLEAR_TONNES))


def test_one_seed_has_no_interval(tmp_path_factory: pytest.TempPathFactory) -> None:
    run = run_engine(FakeEngine(seeds=(1,)), tmp_path_factory.mktemp("one"), 1, silent)
    table = headline(run)
    assert table.loc[1:, "car_km_year_diff"].notna().all()
    assert table["car_km_year_low"].isna().all()


def test_headline_with_a_failed_policy(tmp_path_factory: pytest.TempPathFactory) -> None:
    run = run_engine(FakeEngine(raises="bus-free"), tmp_path_factory.mktemp("failed"), 1, silent)
    table = headline(run).set_index("policy")
    assert math.isnan(table.loc["bus-free", "car_km_year"])
    assert isinstance(compare(run), pd.DataFrame)


def test_intervals_are_those_of_one_seed_where_seeds_draw_parameters(run: Run, drawing: Run) -> None:
    assert drawing.draws_parameters
    assert not run.draws_parameters
    plain, wide = (compare(one, indicator="bus_trips_year", place="region") for one in (run, drawing))
    pd.testing.assert_series_equal(plain["diff"], wide["diff"])
    half = [table["high"] - table["diff"] for table in (plain, wide)]
    several = plain["sd"] > 0
    assert several.any()
    wanted = half[0][several] * math.sqrt(len(SEEDS) + 1)
    np.testing.assert_allclose(half[1][several], wanted, rtol=1e-9)
    one, other = headline(run).set_index("policy"), headline(drawing).set_index("policy")
    ratio = (other["bus_trips_year_high"] - other["bus_trips_year_diff"]) / (
        one["bus_trips_year_high"] - one["bus_trips_year_diff"]
    )
    np.testing.assert_allclose(ratio["bus-free"], math.sqrt(len(SEEDS) + 1))


def test_runs_of_other_draws_are_not_set_side_by_side(run: Run, drawing: Run) -> None:
    def of(values: dict[int, float]) -> Run:
        return Run(Path("other"), {"experiment": {"behaviour_draws": drawn_prices(values)}}, [])

    check_same_draws([run])
    check_same_draws([drawing, of({2: -0.042, 9: -0.09})])
    with pytest.raises(UsageError, match="seed 2 drew other parameters; compare them one at a time"):
        check_same_draws([drawing, of({1: -0.041}), of({1: -0.041, 2: -0.05})])
    with pytest.raises(UsageError, match="one draws parameters by seed, the other does not"):
        check_same_draws([run, drawing])
    result = CliRunner().invoke(cli, ["compare", str(run.folder), str(drawing.folder), "--json"])
    assert result.exit_code == 2
    assert "one draws parameters by seed" in result.stderr
    assert result.stdout == ""


def test_the_table_draws_is_there_only_where_seeds_draw(run: Run) -> None:
    with pytest.raises(InputError, match="the run has no table draws"):
        run.tables("draws")
