"""Identities of the logit that the choice kernel must obey, and the shares that its frozen draws must give.

Sources: Train, Discrete Choice Methods with Simulation, 2009, ch. 3 and 4; Williams, 1977, and Daly and Zachary, 1978,
for the derivative of the logsum.
"""

from __future__ import annotations

import math
from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from zemsim.core.names import Alternative
from zemsim.kernels.tour_choice import draw_nested, fill_gumbel, fill_inclusive_values
from zemsim.verification.numbers import Numbers
from zemsim.verification.twins import nested_logit
from zemsim.verification.verdicts import Check, at_most, none_differ

Float = NDArray[np.float64]

_TRAIN = "Train, Discrete Choice Methods with Simulation, 2009, ch. 3 and 4"
_NAMES = [a.name.lower() for a in Alternative]
_NEST = np.array([nested_logit.NEST_ORDER.index(nested_logit.NESTS[name]) for name in _NAMES])
_CASES, _DRAWS = 400, 60_000
#: Standard errors of a share that a right kernel stays within but for one case in more than a million.
_ERRORS = 5.0


def inclusive_values(utility: Float, scale: Float) -> Float:
    """Inclusive values of the nests by the kernel, float64 [3]."""
    out = np.empty(scale.size)
    fill_inclusive_values(utility, scale, out)
    return out


def logsum(utility: Float, scale: Float) -> float:
    """Expected largest utility but for a constant: ``ln sum exp(IV)``."""
    inclusive = inclusive_values(utility, scale)
    top = inclusive.max()
    return float(top + math.log(np.exp(inclusive - top).sum()))


def probabilities(utility: Float, scale: Float) -> Float:
    """Probabilities that follow from the kernel's inclusive values, float64 [7]."""
    inclusive = inclusive_values(utility, scale)
    nests = np.exp(inclusive - logsum(utility, scale))
    inside = np.zeros(utility.size)
    open_to = np.isfinite(utility)
    inside[open_to] = np.exp((utility[open_to] - inclusive[_NEST[open_to]]) / scale[_NEST[open_to]])
    return np.asarray(nests[_NEST] * inside)


def cases() -> Iterator[tuple[Float, Float]]:
    """Utilities [7] between -8 and 4, some of them not available, and scales [3] between 0.15 and 1."""
    for case in range(_CASES):
        numbers = Numbers(20_000 + case)
        utility = -8.0 + 12.0 * numbers.shares(len(_NAMES))
        missing = numbers.shares(len(_NAMES)) < 0.25
        missing[numbers.one(0, len(_NAMES) - 1)] = False
        utility[missing] = -math.inf
        yield utility, 0.15 + 0.85 * numbers.shares(3)


def _named(values: Float, names: list[str]) -> dict[str, float]:
    return dict(zip(names, values.tolist(), strict=True))


def checks() -> Iterator[Check]:
    """Identities over random utilities, then shares of draws, then each draw against the slow twin."""
    ones = np.ones(3)
    sums, twin, mnl, shift, slope = [], [], [], [], []
    for utility, scale in cases():
        found = probabilities(utility, scale)
        sums.append(abs(found.sum() - 1))
        slow = nested_logit.probabilities(_named(utility, _NAMES), _named(scale, nested_logit.NEST_ORDER))
        twin.append(np.abs(found - np.array([slow[name] for name in _NAMES])).max())
        flat = np.exp(utility - utility.max())
        mnl.append(np.abs(probabilities(utility, ones) - flat / flat.sum()).max())
        shift.append(np.abs(probabilities(utility + 3.7, scale) - found).max())
        slope.append(_slope_error(utility, scale, found))
    yield at_most("nested logit, probabilities sum to 1: largest error", max(sums), 1e-12, _TRAIN)
    yield at_most("nested logit against a slow twin: largest error", max(twin), 1e-12, "twin in plain Python")
    yield at_most("nested logit with scales of 1 is multinomial: largest error", max(mnl), 1e-12, _TRAIN)
    yield at_most("nested logit, all utilities raised alike: largest change", max(shift), 1e-12, _TRAIN)
    yield at_most(
        "nested logit, derivative of the logsum is the probability: largest error",
        max(slope), 1e-7, "Williams, 1977; Daly and Zachary, 1978",
    )  # fmt: skip
    yield from _draws()


def _slope_error(utility: Float, scale: Float, expected: Float) -> float:
    """Largest difference between the central difference of the logsum and the probability."""
    step, worst = 1e-5, 0.0
    for m in np.flatnonzero(np.isfinite(utility)):
        up, down = utility.copy(), utility.copy()
        up[m] += step
        down[m] -= step
        slope = (logsum(up, scale) - logsum(down, scale)) / (2 * step)
        worst = max(worst, abs(slope - expected[m]))
    return worst


def _draws() -> Iterator[Check]:
    """Shares of the kernel's two-stage draws with frozen error terms, and each draw of a part against the twin."""
    utility = np.array([-2.0, -1.2, -0.9, -0.5, -math.inf, 0.4, -0.7])
    scale = np.array([0.8, 0.6, 0.7])
    agents, draw = np.arange(_DRAWS, dtype=np.int64), np.zeros(_DRAWS, np.int64)
    nest, inside = np.empty((3, _DRAWS), np.float32), np.empty((len(_NAMES), _DRAWS), np.float32)
    fill_gumbel(0, _DRAWS, 1, 90, agents, draw, nest)
    fill_gumbel(0, _DRAWS, 1, 91, agents, draw, inside)
    inclusive = inclusive_values(utility, scale)
    chosen = np.array([draw_nested(utility, inclusive, scale, nest[:, r], inside[:, r]) for r in range(_DRAWS)])
    expected = probabilities(utility, scale)
    shares = np.bincount(chosen, minlength=len(_NAMES)) / _DRAWS
    error = np.sqrt(np.maximum(expected * (1 - expected), 1e-12) / _DRAWS)
    worst = float((np.abs(shares - expected) / error).max())
    yield at_most(
        f"nested logit, shares of {_DRAWS:,} frozen draws: largest error in standard errors", worst, _ERRORS, _TRAIN
    )
    sample = range(0, _DRAWS, 60)
    named, scales = _named(utility, _NAMES), _named(scale, nested_logit.NEST_ORDER)
    nests, alternatives = nest.astype(np.float64), inside.astype(np.float64)
    slow = [
        nested_logit.draw(
            named, scales, _named(nests[:, r], nested_logit.NEST_ORDER), _named(alternatives[:, r], _NAMES)
        )
        for r in sample
    ]
    wrong = sum(name != _NAMES[chosen[r]] for name, r in zip(slow, sample, strict=True))
    yield none_differ("nested logit, draws against a slow twin", wrong, len(sample), "twin in plain Python")
