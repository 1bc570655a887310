"""Log-likelihood of the multinomial and the nested logit, its gradient and the scores of the cases.

Axes: N cases, J alternatives, K coefficients, B nests, S scales. Every alternative is in one nest; all that stand alone
share one with a scale of 1, which is the same as a nest of its own for each. With utilities ``V = X beta`` and the
scale ``lambda`` of a nest:

- utility-consistent: ``P(j|B) = exp(V_j / lambda) / sum_B exp(V / lambda)``, ``IV_B = ln sum_B exp(V / lambda)``;
- not normalised (Greene, Econometric Analysis, 5th ed., ch. 21.7): ``P(j|B) = exp(V_j) / sum_B exp(V)``,
  ``IV_B = ln sum_B exp(V)``;
- both: ``P(B) = exp(lambda_B IV_B) / sum exp(lambda IV)``, and ``ln P(j) = ln P(j|B) + ln P(B)``.

With all scales at 1 both are the multinomial logit (Train, Discrete Choice Methods with Simulation, ch. 3 and 4).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from zemsim.calibrate.logit.choices import Bool
from zemsim.calibrate.logit.survey import Float, Rows


@dataclass(frozen=True)
class Problem:
    """What is known of the choices.

    Attributes
    ----------
    x : float64 [N, J, K], 0 where an alternative is not available.
    available : bool [N, J].
    chosen : int64 [N].
    weight : float64 [N].
    nest : int64 [J] nest of each alternative.
    scale_of : int64 [B] number of the scale of each nest, -1 of the alternatives that stand alone: their scale is 1.
    n_scales : int
    consistent : bool, whether utilities inside a nest are divided by its scale.
    """

    x: Float
    available: Bool
    chosen: Rows
    weight: Float
    nest: Rows
    scale_of: Rows
    n_scales: int
    consistent: bool

    @property
    def n_coefficients(self) -> int:
        """Coefficients of the utilities, without scales."""
        return int(self.x.shape[2])


@dataclass(frozen=True)
class Likelihood:
    """The log-likelihood at some values.

    Attributes
    ----------
    cases : float64 [N] logarithm of the probability of what was chosen.
    probability : float64 [N, J].
    slope : float64 [N, J] derivative of ``cases`` by the utilities.
    scale_slope : float64 [N, S] derivative of ``cases`` by the scales.
    """

    cases: Float
    probability: Float
    slope: Float
    scale_slope: Float


def evaluate(problem: Problem, beta: Float, scales: Float) -> Likelihood:
    """Log-likelihood of the cases and its derivatives.

    Parameters
    ----------
    problem : Problem
    beta : float64 [K]
    scales : float64 [S], each greater than 0
    """
    n, alternatives, k = problem.x.shape
    utility = (problem.x.reshape(n * alternatives, k) @ beta).reshape(n, alternatives)
    cases = np.arange(n)
    lam = np.where(problem.scale_of >= 0, np.append(scales, 1.0)[problem.scale_of], 1.0)
    inner = 1.0 / lam if problem.consistent else np.ones_like(lam)
    inside, inclusive, mean = _inside(problem, utility, inner)

    # An empty nest has an inclusive value of -inf; lambda * -inf is -inf as lambda is above 0.
    upper = lam * inclusive
    top = upper.max(axis=1, keepdims=True)
    weight = np.exp(upper - top)
    total = weight.sum(axis=1, keepdims=True)
    nest_share = weight / total
    home = problem.nest[problem.chosen]
    log_inside = inner[home] * utility[cases, problem.chosen] - inclusive[cases, home]
    found = log_inside + upper[cases, home] - (top + np.log(total))[:, 0]

    factor = lam * inner
    slope = -(nest_share * factor)[:, problem.nest] * inside
    at_home = problem.nest[None, :] == home[:, None]
    slope += np.where(at_home, (factor - inner)[home][:, None] * inside, 0.0)
    slope[cases, problem.chosen] += inner[home]
    by_scale = _scale_slope(problem, utility, lam, inclusive, mean, nest_share)
    return Likelihood(found, nest_share[:, problem.nest] * inside, slope, by_scale)


def _inside(problem: Problem, utility: Float, inner: Float) -> tuple[Float, Float, Float]:
    """Inside each nest: shares [N, J], inclusive values [N, B], mean utilities [N, B] (0 of an empty nest)."""
    n = utility.shape[0]
    shares = np.zeros_like(utility)
    inclusive = np.full((n, inner.size), -np.inf)
    mean = np.zeros((n, inner.size))
    for b in range(inner.size):
        members = np.flatnonzero(problem.nest == b)
        scaled = np.where(problem.available[:, members], inner[b] * utility[:, members], -np.inf)
        # The largest is subtracted first: exp() of it would overflow above about 709.
        top = scaled.max(axis=1, initial=-np.inf)
        some = np.isfinite(top)
        weight = np.exp(scaled[some] - top[some, None])
        total = weight.sum(axis=1)
        inclusive[some, b] = top[some] + np.log(total)
        shares[np.ix_(some, members)] = weight / total[:, None]
        mean[:, b] = (shares[:, members] * utility[:, members]).sum(axis=1)
    return shares, inclusive, mean


def _scale_slope(
    problem: Problem, utility: Float, lam: Float, inclusive: Float, mean: Float, nest_share: Float
) -> Float:
    """Derivative [N, S] of the log-likelihood of the cases by the scales."""
    out = np.zeros((utility.shape[0], problem.n_scales))
    home = problem.nest[problem.chosen]
    chosen = utility[np.arange(home.size), problem.chosen]
    for b, number in enumerate(problem.scale_of):
        if number < 0:
            continue
        d_inner = -1.0 / lam[b] ** 2 if problem.consistent else 0.0
        d_inclusive = d_inner * mean[:, b]
        some = np.isfinite(inclusive[:, b])
        d_upper = np.where(some, np.where(some, inclusive[:, b], 0.0) + lam[b] * d_inclusive, 0.0)
        out[:, number] += np.where(home == b, d_inner * chosen - d_inclusive + d_upper, 0.0)
        out[:, number] -= nest_share[:, b] * d_upper
    return out


def log_likelihood(problem: Problem, values: Float) -> tuple[float, Float]:
    """Weighted log-likelihood and its gradient; ``values`` are the coefficients, then the scales."""
    k = problem.n_coefficients
    found = evaluate(problem, values[:k], values[k:])
    weighted = problem.weight[:, None]
    gradient = np.concatenate(
        [
            problem.x.reshape(-1, k).T @ (weighted * found.slope).ravel(),
            (weighted * found.scale_slope).sum(axis=0),
        ]
    )
    return float(problem.weight @ found.cases), gradient


def scores(problem: Problem, values: Float) -> Float:
    """Weighted gradient of each case: float64 [N, K + S]."""
    k = problem.n_coefficients
    found = evaluate(problem, values[:k], values[k:])
    by_beta = np.einsum("njk,nj->nk", problem.x, found.slope)
    return np.asarray(problem.weight[:, None] * np.hstack([by_beta, found.scale_slope]))


def information(problem: Problem, beta: Float) -> Float:
    """Negative Hessian of the multinomial logit by the coefficients, float64 [K, K]; scales count as 1."""
    n, alternatives, k = problem.x.shape
    found = evaluate(problem, beta, np.ones(problem.n_scales))
    root = np.sqrt(problem.weight[:, None] * found.probability)
    mean = np.einsum("njk,nj->nk", problem.x, found.probability)
    deviation = (problem.x - mean[:, None, :]) * root[:, :, None]
    flat = deviation.reshape(n * alternatives, k)
    return np.asarray(flat.T @ flat)
