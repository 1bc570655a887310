"""What the targets say of each parameter: known ones are recovered from made-up targets, and ridges are named.

For sets of the posterior taken as true, made-up targets are what the layer says of them and an error as large as that
of the real ones. How often an interval of nine tenths then holds the truth says whether intervals can be believed; how
narrow it is against the prior says what the targets can teach. Thousands of sets are needed, so polynomials fitted to
the sets that the waves tried stand for the layer; what they miss is told.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt
from scipy.stats import norm

from zemsim.calibrate.posterior.emulator import Emulator
from zemsim.calibrate.posterior.layers import LayerTarget, layer_targets
from zemsim.calibrate.posterior.matching import Posterior, sobol

Floats = npt.NDArray[np.float64]

TRUTHS: Final = 24
_POINTS: Final = 1 << 15
_DEGREE: Final = 3
#: Sets farther from a target, in its standard deviations, neither carry nor test the polynomials.
_NEAR_SD: Final = 6.0
_INTERVAL: Final = 0.9
#: Of the sets tried, every so-manieth tests the polynomials instead of carrying them.
_TEST_EVERY: Final = 10
#: Posterior over prior standard deviation: below the first a parameter is identified, above the second it is not.
IDENTIFIED, UNIDENTIFIED = 0.5, 0.8
#: Correlation from which on two parameters are a ridge.
RIDGE: Final = 0.5


@dataclass(frozen=True)
class Identified:
    """What the targets say of each parameter. Axes: F free parameters.

    Attributes
    ----------
    narrowing : float64 [F], posterior over prior standard deviation.
    recovered : float64 [F], share of the truths that their intervals of nine tenths hold.
    recovered_narrowing : float64 [F], mean of the same ratio over the made-up targets.
    correlation : float64 [F, F] of the posterior; eigenvalues : float64 [F], falling.
    emulator_gap : largest root mean square error of the polynomials, in standard deviations of a target.
    """

    free: tuple[str, ...]
    narrowing: Floats
    recovered: Floats
    recovered_narrowing: Floats
    correlation: Floats
    eigenvalues: Floats
    emulator_gap: float

    def verdict(self, k: int) -> str:
        """In a word."""
        ratio = self.narrowing[k]
        return "identified" if ratio < IDENTIFIED else "not identified" if ratio > UNIDENTIFIED else "partly"

    def ridges(self) -> list[tuple[str, str, float]]:
        """Pairs of parameters that the targets cannot tell apart, the strongest first."""
        pairs = [
            (a, b, float(self.correlation[i, j]))
            for i, a in enumerate(self.free)
            for j, b in enumerate(self.free)
            if i < j and abs(self.correlation[i, j]) >= RIDGE
        ]
        return sorted(pairs, key=lambda pair: -abs(pair[2]))


def identified(found: Posterior) -> Identified:
    """How well the targets of a posterior identify its parameters."""
    fitted = tuple(k for k, target in enumerate(layer_targets(found.layer)) if target.use == "fit")
    targets = tuple(layer_targets(found.layer)[k] for k in fitted)
    width = found.high - found.low
    prior_sd = width / np.sqrt(12.0)
    emulator, error = _emulator(found, np.array(fitted), targets)
    covariance = np.atleast_2d(np.cov(found.theta.T, aweights=found.weight))
    sd = np.sqrt(np.diag(covariance))
    correlation = covariance / np.outer(sd, sd)
    recovered, narrowing = _recover(found, emulator, np.array([target.sd for target in targets]), prior_sd)
    return Identified(
        found.free,
        found.sd(found.theta) / prior_sd,
        recovered,
        narrowing,
        correlation,
        np.linalg.eigvalsh(correlation)[::-1],
        error,
    )


def _emulator(
    found: Posterior, fitted: npt.NDArray[np.intp], targets: tuple[LayerTarget, ...]
) -> tuple[Emulator, float]:
    """The emulator of the fitted outputs near the targets, and what it misses on sets that it was not fitted to."""
    theta, outputs = found.tried[0], found.tried[1][:, fitted]
    sd = np.array([target.sd for target in targets])
    near = (np.abs(outputs - [target.value for target in targets]) <= _NEAR_SD * sd).all(axis=1)
    test = np.arange(len(theta)) % _TEST_EVERY == 0
    carried, tested = np.flatnonzero(near & ~test), np.flatnonzero(near & test)
    emulator = Emulator(theta[carried], outputs[carried], found.low, found.high, _DEGREE)
    off = (emulator(theta[tested]) - outputs[tested]) / sd
    return emulator, float(np.sqrt((off**2).mean(axis=0)).max()) if len(tested) else float("nan")


def _recover(found: Posterior, emulator: Emulator, sd: Floats, prior_sd: Floats) -> tuple[Floats, Floats]:
    """Share of truths within their intervals, and mean narrowing, float64 [F] each."""
    truths = found.draws(TRUTHS)
    noise = norm.ppf(sobol(TRUTHS, len(sd))) * sd
    made_up = emulator(truths) + noise
    theta = found.low + sobol(_POINTS, len(found.free)) * (found.high - found.low)
    outputs = emulator(theta)
    held, ratios = np.zeros(len(found.free)), np.zeros(len(found.free))
    for truth, target in zip(truths, made_up, strict=True):
        log_weight = -0.5 * (((outputs - target) / sd) ** 2).sum(axis=1)
        weight = np.exp(log_weight - log_weight.max())
        weight /= weight.sum()
        mean = weight @ theta
        ratios += np.sqrt(weight @ (theta - mean) ** 2) / prior_sd
        for k in range(len(found.free)):
            order = np.argsort(theta[:, k], kind="stable")
            summed = np.cumsum(weight[order])
            low, high = (
                theta[order[min(int(np.searchsorted(summed, share)), _POINTS - 1)], k]
                for share in (0.5 - _INTERVAL / 2, 0.5 + _INTERVAL / 2)
            )
            held[k] += low <= truth[k] <= high
    return held / TRUTHS, ratios / TRUTHS
