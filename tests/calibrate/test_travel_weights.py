"""Weights of the mode and destination choice held against realism tests: polynomials, the proposal, the model asked."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from tests.unit.model import small_world as small
from zemsim.calibrate.posterior import report, travel
from zemsim.calibrate.posterior.emulator import Emulator
from zemsim.calibrate.posterior.layers import layer_targets
from zemsim.calibrate.posterior.matching import sobol
from zemsim.calibrate.posterior.travel import FREE, NAME, TravelAnswers, TravelModel, asked, weight_rows
from zemsim.calibrate.realism_table import read_tests
from zemsim.population import Population
from zemsim.region import Region


def _quadratic(theta: np.ndarray) -> np.ndarray:
    a, b = theta.T
    return np.column_stack([1.0 + a - 2.0 * b + 3.0 * a * b, b**2 - a])


def test_polynomials_hold_a_function_of_their_degree() -> None:
    low, high = np.array([-3.0, 10.0]), np.array([1.0, 14.0])
    theta = low + sobol(32, 2) * (high - low)
    emulator = Emulator(theta, _quadratic(theta), low, high, 2)
    elsewhere = np.array([[0.5, 13.0], [-2.9, 10.1]])
    assert emulator(elsewhere) == pytest.approx(_quadratic(elsewhere))
    assert emulator.left_out(theta, _quadratic(theta)) == pytest.approx(np.zeros((32, 2)), abs=1e-8)


def test_a_set_left_out_is_missed_by_what_a_fit_without_it_misses() -> None:
    """The residual over one less the leverage is that of a fit to all the others."""
    low, high = np.zeros(2), np.ones(2)
    theta = sobol(16, 2)
    outputs = np.sin(7.0 * theta[:, :1]) + theta[:, 1:] ** 3
    told = Emulator(theta, outputs, low, high, 2).left_out(theta, outputs)
    for k in range(len(theta)):
        others = np.arange(len(theta)) != k
        without = Emulator(theta[others], outputs[others], low, high, 2)
        assert told[k] == pytest.approx(outputs[k] - without(theta[k : k + 1])[0])


def test_the_proposal_meets_the_middle_of_bands_that_can_be_met() -> None:
    """Answers are planes through a hidden set of weights that meets all targets: it must be found."""
    targets = layer_targets(NAME)
    hidden, low, high = np.array([0.3, -0.2, 0.5, 0.1, -0.4]), np.full(5, -1.0), np.full(5, 1.0)
    slopes = sobol(len(targets), 5) - 0.5
    slopes[:5] += np.eye(5)
    theta = low + sobol(40, 5) * (high - low)
    middle = np.array([target.value for target in targets])
    outputs = middle + (theta - hidden) @ slopes.T
    answers = TravelAnswers(
        low, high, np.zeros(5), outputs[0], theta, outputs, len(theta), 0, Emulator(theta, outputs, low, high, 2)
    )
    assert answers.gap < 1e-6
    assert answers.proposed() == pytest.approx(hidden, abs=1e-4)


def test_targets_are_the_bands_of_the_realism_tests() -> None:
    tests = {test.test: test for test in read_tests()}
    for target in layer_targets(NAME):
        assert (target.low, target.high, target.source) == (
            tests[target.key].low,
            tests[target.key].high,
            tests[target.key].source,
        )


@pytest.fixture(scope="module")
def model(zemgale: Region, zemgale_population: Population) -> TravelModel:
    """A few residents, two of three years simulated."""
    world = small.small_world(zemgale, zemgale_population)
    return TravelModel(world=small.with_settings(world, years=(2024, 2025, 2026), days_in=(2024, 2026)))


def test_heavier_money_answers_more(model: TravelModel) -> None:
    """The ends of the range of the weight of money: answers to fares and fuel are stronger at the heavy one."""
    table = model.world.parameters.table
    now = np.array([table[symbol].value for symbol in FREE])
    light, heavy = now.copy(), now.copy()
    light[0], heavy[0] = table["b_cost"].high, table["b_cost"].low
    said = {key: model(theta) for key, theta in (("light", light), ("heavy", heavy))}
    keys = [target.key for target in layer_targets(NAME)]
    for key in ("fuel-km-long", "fare-trips-short", "fare-trips-long"):
        assert abs(said["heavy"][keys.index(key)]) > abs(said["light"][keys.index(key)]), key


def _plane(model: TravelModel) -> Callable[[np.ndarray], np.ndarray]:
    """Answers that are a plane and meet every target at the weights as they stand."""
    table = model.world.parameters.table
    now = np.array([table[symbol].value for symbol in FREE])
    width = np.array([table[symbol].high - table[symbol].low for symbol in FREE])
    middle, sd = (np.array([getattr(target, name) for target in layer_targets(NAME)]) for name in ("value", "sd"))
    slopes = np.vstack([np.eye(5), np.full((len(middle) - 5, 5), 0.1)])
    return lambda theta: middle + 9.0 * sd * (slopes @ ((theta - now) / width))


def test_two_waves_close_in_on_the_targets(model: TravelModel, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    plane, numbers, tried = _plane(model), list[int](), list[np.ndarray]()

    def answer(_: TravelModel, theta: np.ndarray) -> np.ndarray:
        tried.append(theta)
        return plane(theta) if len(tried) != 7 else np.full(len(layer_targets(NAME)), np.nan)

    monkeypatch.setattr(TravelModel, "__call__", answer)
    answers = asked(model, 80, numbers.append)
    assert numbers == list(range(1, 82))
    assert (answers.asked, answers.unanswered) == (81, 1)
    assert 30 <= len(answers.theta) < 80, "the polynomials rest on sets near the targets"
    far = [np.abs(plane(theta) - plane(answers.now)).sum() for theta in tried]
    assert np.mean(far[49:]) < 0.5 * np.mean(far[1:49]), "the second wave is nearer to the targets"
    assert answers.gap < 1e-6
    assert answers.proposed() == pytest.approx(answers.now, abs=0.01)

    text = "\n".join(report.weights_lines(answers, answers.now, answers.says + 10.0))
    assert "81 sets of weights" in text
    assert f"the {len(answers.theta)} sets near the targets" in text
    everywhere = replace(answers, asked=len(answers.theta), unanswered=0)
    assert "as too few are near" in "\n".join(report.weights_lines(everywhere, answers.now, answers.says))
    assert "1 gave no answer" in text
    assert "| theta_dest | 0.6 | 0.6 |" in text
    assert text.count("(outside)") >= len(layer_targets(NAME))
    rows = report.write_weights(tmp_path, weight_rows(answers, answers.now)).read_text(encoding="utf-8")
    assert rows.splitlines()[0] == "symbol,value,proposed,low,high"
    assert len(rows.splitlines()) == 1 + len(FREE)


def test_a_test_with_an_open_band_cannot_be_a_target(monkeypatch: pytest.MonkeyPatch) -> None:
    from zemsim.calibrate.posterior import layers

    tests = tuple(replace(test, high=None) for test in read_tests())
    monkeypatch.setattr(layers, "read_tests", lambda: tests)
    with pytest.raises(ValueError, match="no band with two ends"):
        layers.layer_targets.__wrapped__(NAME)
    assert travel.tests_of_targets()
