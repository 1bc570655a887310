"""Maximum likelihood: the search by SciPy, the errors of what was found, and what can be said of it.

The search runs over coefficients in units of the root mean square of their columns and over logarithms of the scales,
so that a column in metres does as well as one in kilometres and a scale stays above 0.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import scipy.optimize

from zemsim.calibrate.logit.choices import Bool, Choices
from zemsim.calibrate.logit.likelihood import Problem, information, log_likelihood, scores
from zemsim.calibrate.logit.specification import ModelFile
from zemsim.calibrate.logit.survey import Float
from zemsim.core.errors import InputError

_MOST_STEPS = 100
#: Largest element of the gradient per case, in units of the search, at which it ends.
_FLAT = 1e-7
#: Smallest eigenvalue of the information, scaled to ones on its diagonal, of a model that is identified.
_IDENTIFIED = 1e-8
#: A coefficient whose information has fallen to this share of that at the start runs away.
_RUNS_AWAY = 1e-6
#: A scale of nests beyond these has no maximum, nor has one whose logarithm has a larger error than this.
_SCALES = (1e-4, 1e4)
_LOOSEST = 10.0
_STEP = 1e-5


@dataclass(frozen=True)
class Fit:
    """The maximum and its surroundings.

    Attributes
    ----------
    values : float64 [K + S] coefficients, then scales.
    free : bool [K + S], False of what is fixed.
    covariance, robust : float64 [K + S, K + S], by the Hessian and by the sandwich; 0 of what is fixed.
    log_likelihood, start_log_likelihood : at the maximum and where the search began.
    zero_log_likelihood : with equal shares of the available alternatives.
    constants_log_likelihood : with constants of the alternatives only.
    converged : bool
    said : how the search ended, in words.
    steps : how many it took.
    """

    values: Float
    free: Bool
    covariance: Float
    robust: Float
    log_likelihood: float
    start_log_likelihood: float
    zero_log_likelihood: float
    constants_log_likelihood: float
    converged: bool
    said: str
    steps: int


@dataclass
class _Search:
    """The problem in the units of the search: ``z = value * unit`` of coefficients, ``ln(value)`` of scales.

    Attributes
    ----------
    problem : Problem
    start : float64 [K + S]
    free : bool [K + S], what is searched for; F of them.
    is_scale : bool [F].
    unit : float64 [F] root mean square of the column of a coefficient, 1 of a scale.
    """

    problem: Problem
    start: Float
    free: Bool
    is_scale: Bool = field(init=False)
    unit: Float = field(init=False)

    def __post_init__(self) -> None:
        k = self.problem.n_coefficients
        square = np.einsum("njk,njk->k", self.problem.x, self.problem.x) / self.problem.available.sum()
        unit = np.ones(self.start.size)
        unit[:k] = np.sqrt(np.where(square > 0, square, 1.0))
        self.unit = unit[self.free]
        self.is_scale = (np.arange(self.start.size) >= k)[self.free]

    def values(self, z: Float) -> Float:
        """Coefficients and scales [K + S] of a point [F]."""
        full = self.start.copy()
        full[self.free] = np.where(self.is_scale, np.exp(np.where(self.is_scale, z, 0.0)), z / self.unit)
        return full

    def point(self, values: Float) -> Float:
        """The point [F] of coefficients and scales [K + S]."""
        free = values[self.free]
        return np.where(self.is_scale, np.log(np.where(self.is_scale, free, 1.0)), free * self.unit)

    def slope(self, values: Float) -> Float:
        """Derivative [F] of the values by the point."""
        return np.where(self.is_scale, values[self.free], 1.0 / self.unit)

    def cost(self, z: Float) -> tuple[float, Float]:
        """Negative log-likelihood per unit of weight, and its gradient."""
        values = self.values(z)
        found, gradient = log_likelihood(self.problem, values)
        total = self.problem.weight.sum()
        return -found / total, -gradient[self.free] * self.slope(values) / total

    def hessian(self, z: Float) -> Float:
        """Second derivatives of the cost: central differences of the gradient, or exactly without scales."""
        if self.problem.n_scales == 0:
            beta = self.values(z)
            inner = information(self.problem, beta) / self.problem.weight.sum()
            per = self.slope(beta)
            return np.asarray(inner[np.ix_(self.free, self.free)] * per[:, None] * per[None, :])
        columns = []
        for k in range(z.size):
            step = np.zeros(z.size)
            step[k] = _STEP
            columns.append((self.cost(z + step)[1] - self.cost(z - step)[1]) / (2 * _STEP))
        found = np.array(columns)
        return np.asarray((found + found.T) / 2)


def problem_of(model: ModelFile, choices: Choices, x: Float) -> Problem:
    """The problem of a model file and its data; ``x`` is its design [N, J, K]."""
    position = {name: j for j, name in enumerate(model.alternative)}
    nest = np.full(len(position), len(model.nest), np.int64)
    for number, table in enumerate(model.nest):
        nest[[position[name] for name in table.alternatives]] = number
    scale_of = [model.scales.index(table.scale) for table in model.nest]
    if (nest == len(model.nest)).any():
        scale_of.append(-1)
    return Problem(
        x, choices.available, choices.chosen, choices.weight, nest, np.array(scale_of, np.int64), len(model.scales),
        model.consistent,
    )  # fmt: skip


def fit(model: ModelFile, choices: Choices, x: Float) -> Fit:
    """Maximise the likelihood.

    Parameters
    ----------
    model : ModelFile
    choices : Choices
    x : float64 [N, J, K], the design of the model.

    Raises
    ------
    InputError
        If the data cannot tell some of the coefficients apart.
    """
    problem = problem_of(model, choices, x)
    names = (*model.coefficients, *model.scales)
    start = np.array([model.start(name) for name in names])
    free = np.array([model.fixed(name) is None for name in names], np.bool_)
    search = _Search(problem, start, free)
    _check_identified(search, names)
    begin = _better_start(search)
    found = scipy.optimize.minimize(
        search.cost, search.point(begin), jac=True, hess=search.hessian, method="trust-exact",
        options={"gtol": _FLAT, "maxiter": _MOST_STEPS},
    )  # fmt: skip
    z, curvature = _polished(search, found.x)
    values = search.values(z)
    searched = [name for name, is_free in zip(names, free, strict=True) if is_free]
    converged, said = _verdict(search, z, curvature, found.nit, searched, model.scales)
    covariance, robust = _errors(search, values, curvature, choices)
    return Fit(
        values,
        free,
        covariance,
        robust,
        log_likelihood(problem, values)[0],
        log_likelihood(problem, start)[0],
        float(-(choices.weight @ np.log(choices.available.sum(axis=1)))),
        _constants_only(choices),
        converged,
        said,
        int(found.nit),
    )


def _check_identified(search: _Search, names: Sequence[str]) -> None:
    """Refuse a model two of whose coefficients do the same, whatever the choices are."""
    k = search.problem.n_coefficients
    free = search.free[:k]
    if not free.any():
        return
    at_zero = information(search.problem, np.zeros(k))[np.ix_(free, free)]
    own = np.diag(at_zero).copy()
    kept = [name for name, is_free in zip(names, free, strict=False) if is_free]
    size = search.unit[: own.size] ** 2 * search.problem.weight.sum()
    for name, amount, largest in zip(kept, own, size, strict=True):
        if amount <= 1e-12 * largest:
            raise InputError(
                f"coefficient {name} cannot be estimated: no case has alternatives between which its columns differ",
                hint="a constant or a column of the person belongs to some of the alternatives, not to all",
            )
    values, vectors = np.linalg.eigh(at_zero / np.sqrt(np.outer(own, own)))
    if values[0] < _IDENTIFIED:
        guilty = [name for name, part in zip(kept, vectors[:, 0], strict=True) if abs(part) > 0.05]
        raise InputError(
            f"the data cannot tell these coefficients apart: {', '.join(guilty)}",
            hint="leave one out or fix it; constants are for all alternatives but one",
        )


def _better_start(search: _Search) -> Float:
    """Where the search begins: the start, or for nests the multinomial optimum if that is better."""
    problem = search.problem
    if problem.n_scales == 0 or not search.free[: problem.n_coefficients].any():
        return search.start
    flat = Problem(
        problem.x, problem.available, problem.chosen, problem.weight,
        np.zeros_like(problem.nest), np.array([-1], np.int64), 0, True,
    )  # fmt: skip
    k = problem.n_coefficients
    inner = _Search(flat, search.start[:k], search.free[:k])
    found = scipy.optimize.minimize(
        inner.cost, inner.point(inner.start), jac=True, hess=inner.hessian, method="trust-exact",
        options={"gtol": 1e-4, "maxiter": _MOST_STEPS},
    )  # fmt: skip
    other = np.append(inner.values(found.x), search.start[k:])
    return max((search.start, other), key=lambda values: log_likelihood(problem, values)[0])


def _polished(search: _Search, z: Float) -> tuple[Float, Float]:
    """The end of the search after a Newton step, where that flattens the gradient, and the Hessian there."""
    curvature = search.hessian(z)
    slope = search.cost(z)[1]
    try:
        np.linalg.cholesky(curvature)
        better = z - np.linalg.solve(curvature, slope)
    except np.linalg.LinAlgError:
        return z, curvature
    if np.abs(search.cost(better)[1]).max() < np.abs(slope).max():
        return better, search.hessian(better)
    return z, curvature


def _verdict(
    search: _Search, z: Float, curvature: Float, steps: int, names: Sequence[str], scales: Sequence[str]
) -> tuple[bool, str]:
    """Whether this is a maximum, and in words why or why not."""
    slope = float(np.abs(search.cost(z)[1]).max())
    own = np.diag(curvature)
    known = own * search.problem.weight.sum() * _LOOSEST**2 > 1
    for name, value, sure in zip(names, search.values(z)[search.free], known, strict=True):
        if name in scales and not (sure and _SCALES[0] < value < _SCALES[1]):
            return False, f"no maximum: {name} runs to {'0' if value < 1 else 'infinity'}"
    if (own <= 0).any():
        return False, f"no maximum: the likelihood does not fall along {names[int(own.argmin())]}"
    scaled = curvature / np.sqrt(np.outer(own, own))
    smallest, vectors = np.linalg.eigh(scaled)
    if smallest[0] < _IDENTIFIED:
        guilty = [name for name, part in zip(names, vectors[:, 0], strict=True) if abs(part) > 0.05]
        return False, f"not identified: the likelihood is flat along {', '.join(guilty)}"
    k = search.problem.n_coefficients
    first = np.diag(information(search.problem, np.zeros(k)))[search.free[:k]]
    first = first / (search.unit[: first.size] ** 2 * search.problem.weight.sum())
    away = own[: first.size] < _RUNS_AWAY * first
    if away.any():
        guilty = [name for name, runs in zip(names, away, strict=False) if runs]
        return False, f"no finite maximum: {', '.join(guilty)} run away, as the data predict some choices perfectly"
    if slope > 10 * _FLAT:
        return False, f"stopped after {steps} steps with a gradient of {slope:.1e} per case"
    return True, f"a maximum after {steps} steps: gradient {slope:.1e} per case, the likelihood falls on all sides"


def _errors(search: _Search, values: Float, curvature: Float, choices: Choices) -> tuple[Float, Float]:
    """Covariances [K + S, K + S] by the Hessian and by the sandwich, NaN where the Hessian has no inverse."""
    covariance = np.zeros((values.size, values.size))
    robust = np.zeros_like(covariance)
    place = np.ix_(search.free, search.free)
    per = search.slope(values)
    try:
        inverse = np.linalg.inv(curvature * search.problem.weight.sum())
    except np.linalg.LinAlgError:
        covariance[place] = robust[place] = np.nan
        return covariance, robust
    own = scores(search.problem, values)[:, search.free] * per
    people = np.unique(choices.cluster, return_inverse=True)[1]
    summed = np.zeros((int(people.max()) + 1, own.shape[1]))
    np.add.at(summed, people, own)
    outer = per[:, None] * per[None, :]
    covariance[place] = inverse * outer
    robust[place] = inverse @ (summed.T @ summed) @ inverse * outer
    return covariance, robust


def _constants_only(choices: Choices) -> float:
    """Log-likelihood of a multinomial logit with a constant for each alternative that somebody chose."""
    chosen = np.unique(choices.chosen)
    available = choices.available[:, chosen]
    x = np.zeros((*available.shape, chosen.size - 1))
    for k in range(1, chosen.size):
        x[:, k, k - 1] = available[:, k]
    if chosen.size == 1:
        return 0.0
    position = np.searchsorted(chosen, choices.chosen)
    nest = np.zeros(chosen.size, np.int64)
    problem = Problem(x, available, position, choices.weight, nest, np.array([-1], np.int64), 0, True)
    search = _Search(problem, np.zeros(chosen.size - 1), np.ones(chosen.size - 1, np.bool_))
    found = scipy.optimize.minimize(
        search.cost, np.zeros(chosen.size - 1), jac=True, hess=search.hessian, method="trust-exact",
        options={"gtol": _FLAT, "maxiter": _MOST_STEPS},
    )  # fmt: skip
    return -float(found.fun) * float(choices.weight.sum())
