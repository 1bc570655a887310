"""The log-likelihood against the textbook in plain Python, and its gradient against finite differences."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from tests.reference import estimated_logit
from zemsim.calibrate.logit.likelihood import Problem, evaluate, information, log_likelihood, scores

LETTERS = "abcdefg"


def problem(seed: int, consistent: bool, alternatives: int = 5, cases: int = 12, size: float = 1.0) -> Problem:
    """A small problem: some nests, some of which share a scale, some alternatives alone or not available."""
    rng = np.random.default_rng(seed)
    x = rng.normal(scale=size, size=(cases, alternatives, 3))
    available = rng.random((cases, alternatives)) < 0.75
    chosen = rng.integers(0, alternatives, cases)
    available[np.arange(cases), chosen] = True
    x[~available] = 0.0
    nests = int(rng.integers(1, 4))
    nest = rng.integers(0, nests, alternatives)
    scale_of = rng.integers(-1, 2, nests)
    weight = rng.uniform(0.5, 2, cases)
    return Problem(x, available, chosen, weight, nest, scale_of, 2, consistent)


def twin(p: Problem, beta: Any, scales: Any) -> np.ndarray:
    """Probabilities [N, J] by the slow twin; 0 where an alternative is not available."""
    out = np.zeros(p.available.shape)
    for n, options in enumerate(p.available):
        utilities = {LETTERS[j]: float(p.x[n, j] @ beta) for j in np.flatnonzero(options)}
        nests = []
        for b, number in enumerate(p.scale_of):
            members = [LETTERS[j] for j in np.flatnonzero(p.nest == b)]
            # Those with number -1 stand alone, which is what the twin does with who is in no nest.
            if number >= 0 and members:
                nests.append((members, float(scales[number])))
        for name, value in estimated_logit.probabilities(utilities, nests, p.consistent).items():
            out[n, LETTERS.index(name)] = value
    return out


@settings(max_examples=60)
@given(st.integers(0, 10**6), st.booleans(), st.floats(0.05, 1.5), st.floats(0.05, 1.5), st.integers(2, 7))
@example(1, True, 1.0, 1.0, 2)
@example(2, False, 0.05, 1.5, 7)
def test_probabilities_are_those_of_the_twin(
    seed: int, consistent: bool, first: float, second: float, alternatives: int
) -> None:
    p = problem(seed, consistent, alternatives)
    beta, scales = np.array([0.7, -1.1, 0.4]), np.array([first, second])
    found = evaluate(p, beta, scales)
    slow = twin(p, beta, scales)
    np.testing.assert_allclose(found.probability, slow, rtol=1e-10, atol=1e-14)
    np.testing.assert_allclose(found.cases, np.log(slow[np.arange(12), p.chosen]), rtol=1e-10, atol=1e-12)


@settings(max_examples=60)
@given(st.integers(0, 10**6), st.booleans(), st.floats(0.2, 1.5), st.floats(0.2, 1.5))
def test_gradient_is_that_of_finite_differences(seed: int, consistent: bool, first: float, second: float) -> None:
    p = problem(seed, consistent)
    values = np.array([0.3, -0.5, 0.2, first, second])
    _, gradient = log_likelihood(p, values)
    step = 1e-6
    for k in range(values.size):
        up, down = values.copy(), values.copy()
        up[k] += step
        down[k] -= step
        slope = (log_likelihood(p, up)[0] - log_likelihood(p, down)[0]) / (2 * step)
        assert gradient[k] == pytest.approx(slope, rel=1e-5, abs=1e-6)
    np.testing.assert_allclose(scores(p, values).sum(axis=0), gradient, rtol=1e-10, atol=1e-10)


@settings(max_examples=20)
@given(st.integers(0, 10**6))
def test_information_is_the_slope_of_the_gradient(seed: int) -> None:
    p = problem(seed, True)
    flat = Problem(p.x, p.available, p.chosen, p.weight, p.nest * 0, np.array([-1]), 0, True)
    beta, step = np.array([0.3, -0.5, 0.2]), 1e-5
    found = information(flat, beta)
    for k in range(3):
        up, down = beta.copy(), beta.copy()
        up[k] += step
        down[k] -= step
        slope = (log_likelihood(flat, up)[1] - log_likelihood(flat, down)[1]) / (2 * step)
        np.testing.assert_allclose(-slope, found[k], rtol=1e-6, atol=1e-7)


@pytest.mark.parametrize("consistent", [True, False])
@pytest.mark.parametrize("size", [1e-8, 1e3, 1e6])
def test_no_utility_is_too_large(consistent: bool, size: float) -> None:
    for seed in range(20):
        p = problem(seed, consistent, size=size)
        found = evaluate(p, np.array([0.7, -1.1, 0.4]), np.array([0.05, 1.0]))
        assert np.isfinite(found.cases).all()
        assert np.isfinite(found.slope).all()
        assert np.isfinite(found.scale_slope).all()
        np.testing.assert_allclose(found.probability.sum(axis=1), 1.0, rtol=1e-12)
        assert (found.probability[~p.available] == 0).all()


def test_scales_of_one_are_the_multinomial_logit() -> None:
    for seed in range(10):
        p = problem(seed, True)
        beta = np.array([0.7, -1.1, 0.4])
        utility = np.where(p.available, p.x @ beta, -np.inf)
        weight = np.exp(utility - utility.max(axis=1, keepdims=True))
        expected = weight / weight.sum(axis=1, keepdims=True)
        for consistent in (True, False):
            nested = Problem(p.x, p.available, p.chosen, p.weight, p.nest, p.scale_of, 2, consistent)
            np.testing.assert_allclose(evaluate(nested, beta, np.ones(2)).probability, expected, rtol=1e-12)


def test_what_all_alternatives_have_in_common_changes_nothing() -> None:
    for seed in range(10):
        p = problem(seed, True)
        more = np.where(p.available[:, :, None], p.x + np.array([0.0, 2.0, -5.0]), 0.0)
        shifted = Problem(more, p.available, p.chosen, p.weight, p.nest, p.scale_of, 2, True)
        beta, scales = np.array([0.7, -1.1, 0.4]), np.array([0.5, 0.8])
        np.testing.assert_allclose(
            evaluate(shifted, beta, scales).probability, evaluate(p, beta, scales).probability, rtol=1e-9
        )
