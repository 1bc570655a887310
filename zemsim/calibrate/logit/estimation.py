"""From a survey and a model file to estimates: the rows of the table, what is said of the fit, and the warnings."""

from __future__ import annotations

import hashlib
import math
from dataclasses import dataclass
from os import PathLike, fspath
from pathlib import Path
from typing import Any

import numpy as np

from zemsim.calibrate.logit.choices import Choices, read_choices
from zemsim.calibrate.logit.design import design
from zemsim.calibrate.logit.fit import Fit, fit
from zemsim.calibrate.logit.specification import ModelFile, RatioTable, load_specification
from zemsim.calibrate.logit.survey import read_survey

#: A scale of nests below this is as good as 0.
_NO_SCALE = 0.01


@dataclass(frozen=True)
class Estimate:
    """A coefficient, a scale of nests, or a ratio of coefficients.

    Attributes
    ----------
    name, kind : str; ``coefficient``, ``scale`` or ``ratio``.
    value : float
    fixed : bool, whether it was given and not estimated.
    std_error, robust_std_error : float or None of what is fixed.
    against : int, the value that ``t`` tests: 1 of a scale, else 0.
    """

    name: str
    kind: str
    value: float
    fixed: bool
    std_error: float | None
    robust_std_error: float | None
    against: int

    def row(self) -> dict[str, Any]:
        """As a row of a table, with t values; what is fixed has none."""
        return {
            "name": self.name,
            "kind": self.kind,
            "value": self.value,
            "fixed": self.fixed,
            "std_error": self.std_error,
            "t": self._t(self.std_error),
            "robust_std_error": self.robust_std_error,
            "robust_t": self._t(self.robust_std_error),
            "t_against": self.against,
        }

    def _t(self, error: float | None) -> float | None:
        return None if error is None or not error > 0 else (self.value - self.against) / error


@dataclass(frozen=True)
class Estimation:
    """What was estimated from what.

    Attributes
    ----------
    model, choices, fit : the model file, the cases, the maximum.
    estimates : coefficients, then scales, then ratios.
    data_path, data_sha256, model_path, model_sha256 : str
    """

    model: ModelFile
    choices: Choices
    fit: Fit
    estimates: tuple[Estimate, ...]
    data_path: str
    data_sha256: str
    model_path: str
    model_sha256: str

    def statistics(self) -> dict[str, Any]:
        """Figures of the fit. rho-square is 1 - LL / LL at zero; its adjusted form takes off a unit per coefficient."""
        found = self.fit
        k = int(found.free.sum())
        zero, constants = found.zero_log_likelihood, found.constants_log_likelihood
        return {
            "cases": self.choices.n,
            "people": self.choices.n_clusters,
            "estimated": k,
            "log_likelihood": found.log_likelihood,
            "log_likelihood_at_start": found.start_log_likelihood,
            "log_likelihood_at_zero": zero,
            "log_likelihood_constants_only": constants,
            "rho_square": 1 - found.log_likelihood / zero if zero else math.nan,
            "rho_square_adjusted": 1 - (found.log_likelihood - k) / zero if zero else math.nan,
            "rho_square_constants": 1 - found.log_likelihood / constants if constants else math.nan,
            "aic": 2 * k - 2 * found.log_likelihood,
            "bic": k * math.log(self.choices.n) - 2 * found.log_likelihood,
            "steps": found.steps,
        }

    def warnings(self) -> list[str]:
        """What a reader must know before believing the figures, in words."""
        said = [] if self.fit.converged else [f"this is no estimate: {self.fit.said}"]
        for one in self.estimates:
            if one.kind != "scale" or one.fixed:
                continue
            if one.value > 1:
                said.append(
                    f"{one.name} is {one.value:.4g}, above 1: not consistent with utility maximisation for all "
                    "utilities; try other nests"
                )
            elif one.value < _NO_SCALE:
                said.append(f"{one.name} runs to 0: inside the nest the best alternative is always taken")
        if not self.model.consistent:
            said.append("nests are not normalised (Greene's form): the figures are not those of utility maximisation")
        said += [str(notice) for notice in self.choices.notices]
        return said


def estimate(data: str | PathLike[str], model: str | PathLike[str]) -> Estimation:
    """Estimate a model on a survey.

    Parameters
    ----------
    data : path
        CSV or Parquet file.
    model : path
        Model file, see :class:`zemsim.calibrate.logit.specification.ModelFile`.

    Raises
    ------
    InputError, InputErrors
        For every kind of fault of the files.
    """
    asked = load_specification(model)
    survey = read_survey(data)
    choices = read_choices(survey, asked)
    found = fit(asked, choices, design(survey, asked, choices))
    rows = tuple(_estimates(asked, found))
    return Estimation(asked, choices, found, rows, fspath(data), _digest(data), fspath(model), _digest(model))


def _digest(path: str | PathLike[str]) -> str:
    return hashlib.sha256(Path(path).read_bytes()).hexdigest()


def _estimates(model: ModelFile, found: Fit) -> list[Estimate]:
    rows = []
    names = (*model.coefficients, *model.scales)
    errors = [np.sqrt(np.maximum(np.diag(matrix), 0.0)) for matrix in (found.covariance, found.robust)]
    for k, name in enumerate(names):
        scale, free = name in model.scales, bool(found.free[k])
        usual, robust = (float(error[k]) if free else None for error in errors)
        kind = "scale" if scale else "coefficient"
        rows.append(Estimate(name, kind, float(found.values[k]), not free, usual, robust, int(scale)))
    return rows + [_ratio(table, names, found) for table in model.ratio]


def _ratio(table: RatioTable, names: tuple[str, ...], found: Fit) -> Estimate:
    """A ratio with errors by the delta method: ``var = g' C g`` with ``g`` the derivative of the ratio."""
    top, bottom = names.index(table.numerator), names.index(table.denominator)
    value = table.scale * found.values[top] / found.values[bottom]
    slope = np.zeros(len(names))
    slope[top] = table.scale / found.values[bottom]
    slope[bottom] -= value / found.values[bottom]
    spread = [float(slope @ matrix @ slope) for matrix in (found.covariance, found.robust)]
    usual, robust = (math.sqrt(max(variance, 0.0)) for variance in spread)
    fixed = not (found.free[top] or found.free[bottom])
    return Estimate(table.name, "ratio", float(value), fixed, None if fixed else usual, None if fixed else robust, 0)
