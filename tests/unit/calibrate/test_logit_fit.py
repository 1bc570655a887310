"""What the fit finds: the truth of simulated choices, the same whatever the units; plain words where there is none."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from tests.unit.calibrate.surveys import MODEL, NEST, TRUTH, survey, wide, wide_model, write
from zemsim.calibrate.logit.choices import read_choices
from zemsim.calibrate.logit.design import design
from zemsim.calibrate.logit.estimation import Estimate, Estimation, estimate
from zemsim.calibrate.logit.fit import fit, problem_of
from zemsim.calibrate.logit.likelihood import log_likelihood
from zemsim.calibrate.logit.specification import load_specification
from zemsim.calibrate.logit.survey import read_survey
from zemsim.core.errors import InputError


def found(folder: Path, table: pd.DataFrame, model: str) -> Estimation:
    return estimate(*write(folder, table, model))


def by_name(estimation: Estimation) -> dict[str, Estimate]:
    return {one.name: one for one in estimation.estimates}


@pytest.fixture(scope="module")
def table() -> pd.DataFrame:
    return survey(3000, seed=7)


@pytest.fixture(scope="module")
def nested(table: pd.DataFrame, tmp_path_factory: pytest.TempPathFactory) -> Estimation:
    return found(tmp_path_factory.mktemp("nested"), table, MODEL + NEST)


def test_the_truth_lies_within_the_errors(nested: Estimation) -> None:
    """Five standard errors: a right program fails in one of 300,000 seeds, and the seed is fixed."""
    rows = by_name(nested)
    assert set(rows) == set(TRUTH)
    for name, one in rows.items():
        assert one.std_error is not None
        assert one.robust_std_error is not None
        assert abs(one.value - TRUTH[name]) < 5 * one.std_error, name
        assert one.std_error < 0.15
        # The model is the right one, so that both kinds of errors estimate the same.
        assert one.robust_std_error == pytest.approx(one.std_error, rel=0.2)
    assert nested.fit.converged
    assert nested.warnings() == ["11 × cases have one alternative only and tell nothing"]


def test_errors_are_the_spread_over_surveys(tmp_path: Path) -> None:
    """Of 40 surveys the spread has a relative error of 11 %; a factor of 1.6 is more than four of those."""
    runs = [by_name(found(tmp_path, survey(300, seed), MODEL)) for seed in range(100, 140)]
    for name in ("asc_car", "b_time", "b_cost"):
        spread = np.std([run[name].value for run in runs], ddof=1)
        said = np.mean([run[name].std_error or 0.0 for run in runs])
        assert said / 1.6 < spread < said * 1.6, name


def test_the_fit_is_a_maximum(nested: Estimation, table: pd.DataFrame, tmp_path: Path) -> None:
    data, file = write(tmp_path, table, MODEL + NEST)
    model, read = load_specification(file), read_survey(data)
    choices = read_choices(read, model)
    problem = problem_of(model, choices, design(read, model, choices))
    best, gradient = log_likelihood(problem, nested.fit.values)
    assert best == nested.fit.log_likelihood
    assert np.abs(gradient).max() < 1e-6
    rng = np.random.default_rng(3)
    for _ in range(50):
        other = nested.fit.values * (1 + 0.05 * rng.normal(size=nested.fit.values.size))
        assert log_likelihood(problem, other)[0] < best


def test_figures_of_the_fit(nested: Estimation, table: pd.DataFrame) -> None:
    figures = nested.statistics()
    sizes = table[table["available"] == 1].groupby("case").size()
    assert figures["log_likelihood_at_zero"] == pytest.approx(-np.log(sizes).sum())
    assert figures["log_likelihood_at_zero"] < figures["log_likelihood_constants_only"] < figures["log_likelihood"]
    assert figures["rho_square"] == 1 - figures["log_likelihood"] / figures["log_likelihood_at_zero"]
    assert figures["aic"] == pytest.approx(12 - 2 * figures["log_likelihood"])
    assert figures["bic"] == pytest.approx(6 * np.log(3000) - 2 * figures["log_likelihood"])
    assert (figures["cases"], figures["people"], figures["estimated"]) == (3000, 3000, 6)


def test_units_do_not_matter(nested: Estimation, table: pd.DataFrame, tmp_path: Path) -> None:
    other = table.assign(time_min=table["time_min"] / 60, cost_eur=table["cost_eur"] * 1000)
    rows, same = by_name(found(tmp_path, other, MODEL + NEST)), by_name(nested)
    assert rows["b_time"].value / 60 == pytest.approx(same["b_time"].value, rel=1e-6)
    assert rows["b_cost"].value * 1000 == pytest.approx(same["b_cost"].value, rel=1e-6)
    assert rows["lam_car"].value == pytest.approx(same["lam_car"].value, rel=1e-6)
    assert (rows["b_time"].std_error or 0) / 60 == pytest.approx(same["b_time"].std_error, rel=1e-5)


def test_order_of_rows_does_not_matter(nested: Estimation, table: pd.DataFrame, tmp_path: Path) -> None:
    shuffled = table.sample(frac=1.0, random_state=5)
    for name, one in by_name(found(tmp_path, shuffled, MODEL + NEST)).items():
        assert one.value == pytest.approx(by_name(nested)[name].value, rel=1e-7)


def test_a_wide_file_and_parquet_say_the_same(nested: Estimation, table: pd.DataFrame, tmp_path: Path) -> None:
    _, file = write(tmp_path, wide(table), wide_model() + NEST)
    expected = nested.fit.values
    np.testing.assert_allclose(estimate(tmp_path / "survey.csv", file).fit.values, expected, rtol=1e-9)
    wide(table).to_parquet(tmp_path / "survey.parquet")
    np.testing.assert_allclose(estimate(tmp_path / "survey.parquet", file).fit.values, expected, rtol=1e-9)
    table.to_parquet(tmp_path / "long.parquet")
    file.write_text(MODEL + NEST, encoding="utf-8")
    np.testing.assert_allclose(estimate(tmp_path / "long.parquet", file).fit.values, expected, rtol=1e-9)


def test_a_reference_alternative_is_a_matter_of_taste(table: pd.DataFrame, tmp_path: Path) -> None:
    one = found(tmp_path, table, MODEL)
    text = MODEL.replace('"asc_bus"\nalternatives = ["bus"]', '"asc_walk"\nalternatives = ["walk"]')
    other = found(tmp_path, table, text)
    assert other.fit.log_likelihood == pytest.approx(one.fit.log_likelihood, abs=1e-7)
    gap = by_name(other)["asc_car"].value - by_name(other)["asc_lift"].value
    assert gap == pytest.approx(by_name(one)["asc_car"].value - by_name(one)["asc_lift"].value, abs=1e-6)


def test_a_weight_of_two_is_a_case_twice(table: pd.DataFrame, tmp_path: Path) -> None:
    few = table[table["case"] <= 600]
    first = few["case"] <= 200
    weighted = found(
        tmp_path,
        few.assign(w=np.where(first, 20.0, 10.0)),
        MODEL.replace('available = "available"', 'available = "available"\nweight = "w"'),
    )
    again = few[first].assign(case=few["case"] + 10_000)
    twice = found(tmp_path, pd.concat([few, again]), MODEL)
    np.testing.assert_allclose(weighted.fit.values, twice.fit.values, rtol=1e-6)
    # Weights have a mean of 1: 600 cases stay 600.
    assert weighted.fit.log_likelihood / 600 == pytest.approx(twice.fit.log_likelihood / 800, rel=1e-9)


def test_a_case_twice_is_one_person(table: pd.DataFrame, tmp_path: Path) -> None:
    """The robust errors of people who are in the file twice are those of the file with them once."""
    few = table[table["case"] <= 600].assign(person=lambda t: t["case"])
    clustered = MODEL.replace('available = "available"', 'available = "available"\ncluster = "person"')
    once = found(tmp_path, few, clustered)
    twice = found(tmp_path, pd.concat([few, few.assign(case=few["case"] + 10_000)]), clustered)
    assert twice.choices.n_clusters == 600
    for name, one in by_name(twice).items():
        other = by_name(once)[name]
        assert one.robust_std_error == pytest.approx(other.robust_std_error, rel=1e-5)
        assert (one.std_error or 0) * np.sqrt(2) == pytest.approx(other.std_error, rel=1e-5)


def test_fixed_coefficients_and_shared_scales(table: pd.DataFrame, tmp_path: Path) -> None:
    fixed = "\n[coefficient.lam_car]\nfixed = 0.6\n[coefficient.b_cost]\nfixed = -0.5\n"
    rows = by_name(found(tmp_path, table, MODEL + fixed + NEST))
    assert rows["lam_car"].fixed
    assert rows["lam_car"].std_error is None
    assert (rows["lam_car"].value, rows["b_cost"].value) == (0.6, -0.5)
    assert abs(rows["b_time"].value - TRUTH["b_time"]) < 5 * (rows["b_time"].std_error or 0)
    other = '\n[[nest]]\nname = "other"\nalternatives = ["walk", "bus"]\nscale = '
    shared = found(tmp_path, table, MODEL + NEST + other + '"lam_car"\n')
    apart = found(tmp_path, table, MODEL + NEST + other + '"lam_other"\n')
    assert shared.statistics()["estimated"] == 6
    assert apart.statistics()["estimated"] == 7
    assert apart.fit.log_likelihood > shared.fit.log_likelihood


def test_a_ratio_has_errors_by_the_delta_method(table: pd.DataFrame, tmp_path: Path) -> None:
    ratio = '\n[[ratio]]\nname = "vot"\nnumerator = "b_time"\ndenominator = "b_cost"\nscale = 60.0\n'
    run = found(tmp_path, table, MODEL + NEST + ratio)
    rows = by_name(run)
    time, cost = rows["b_time"].value, rows["b_cost"].value
    assert rows["vot"].value == pytest.approx(60 * time / cost)
    names = (*run.model.coefficients, *run.model.scales)
    i, j = names.index("b_time"), names.index("b_cost")
    c = run.fit.covariance
    relative = c[i, i] / time**2 + c[j, j] / cost**2 - 2 * c[i, j] / (time * cost)
    assert rows["vot"].std_error == pytest.approx(abs(rows["vot"].value) * np.sqrt(relative))


def test_a_scale_above_one_is_warned_of(tmp_path: Path) -> None:
    """Choices with a scale of 1.7 are no nested logit of utility maximisers, and the estimate says so."""
    run = found(tmp_path, survey(3000, seed=9, scale=1.7), MODEL + NEST)
    assert by_name(run)["lam_car"].value > 1
    assert [w for w in run.warnings() if "lam_car" in w and "above 1" in w]


def test_the_start_does_not_matter(nested: Estimation, table: pd.DataFrame, tmp_path: Path) -> None:
    start = "\n[coefficient.lam_car]\nstart = 0.2\n[coefficient.b_time]\nstart = 0.5\n"
    run = found(tmp_path, table, MODEL + start + NEST)
    np.testing.assert_allclose(run.fit.values, nested.fit.values, rtol=1e-6)
    assert run.fit.start_log_likelihood < nested.fit.start_log_likelihood


@pytest.mark.parametrize(
    ("more", "words"),
    [
        ('[[term]]\ncoefficient = "asc_walk"\nalternatives = ["walk"]\n', "cannot tell these coefficients apart: asc_"),
        ('[[term]]\ncoefficient = "everybody"\n', "coefficient everybody cannot be estimated"),
        ('[[term]]\ncoefficient = "again"\ncolumn = "time_min"\nscale = 3.0\n', "apart: b_time, again"),
    ],
)
def test_what_the_data_cannot_tell_is_refused(table: pd.DataFrame, tmp_path: Path, more: str, words: str) -> None:
    with pytest.raises(InputError, match=words):
        found(tmp_path, table[table["case"] <= 300], MODEL + more)


def test_choices_that_are_predicted_perfectly_have_no_maximum(table: pd.DataFrame, tmp_path: Path) -> None:
    never = table[table["case"].isin(table.loc[(table["chosen"] == 1) & (table["mode"] != "bus"), "case"])]
    run = found(tmp_path, never[never["case"] <= 900], MODEL)
    assert not run.fit.converged
    assert "asc_bus run away" in run.fit.said
    assert run.warnings()[0].startswith("this is no estimate")


def test_constants_only_is_the_fit_with_constants(table: pd.DataFrame, tmp_path: Path) -> None:
    only = MODEL.partition('[[term]]\ncoefficient = "b_time"')[0]
    run = found(tmp_path, table, only)
    assert run.fit.constants_log_likelihood == pytest.approx(run.fit.log_likelihood, abs=1e-8)


def test_the_errors_do_not_depend_on_the_search(table: pd.DataFrame, tmp_path: Path) -> None:
    """The Hessian by differences, as nests use it, is the exact one of the multinomial logit."""
    data, file = write(tmp_path, table, MODEL)
    model, read = load_specification(file), read_survey(data)
    choices = read_choices(read, model)
    x = design(read, model, choices)
    exact = fit(model, choices, x)
    fixed = MODEL + NEST + "\n[coefficient.lam_car]\nfixed = 1.0\n"
    file.write_text(fixed, encoding="utf-8")
    numeric = fit(load_specification(file), replace(choices), x)
    np.testing.assert_allclose(numeric.covariance[:5, :5], exact.covariance, rtol=1e-6, atol=1e-12)


@pytest.mark.parametrize("seed", [0, 3, 19])
def test_a_scale_that_runs_away_is_no_maximum(tmp_path: Path, seed: int) -> None:
    """Of these small surveys the likelihood rises, ever more slowly, until the scale is 0."""
    run = found(tmp_path, survey(25, seed, scale=0.1), MODEL + NEST)
    assert run.fit.said == "no maximum: lam_car runs to 0"
    assert not run.fit.converged
