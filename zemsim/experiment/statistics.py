"""Differences between policies over seeds: each seed is a pair, so that its luck cancels out.

Where seeds draw parameters, each is another possible world. The interval of their mean would shrink with every further
seed, though no more is known of the parameters; so the interval is then that of one world, which does not.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt
from scipy.special import stdtrit

#: Share of intervals that hold the true mean difference.
CONFIDENCE: Final = 0.95

#: Fewest seeds that give an interval.
FEWEST_SEEDS: Final = 2


@dataclass(frozen=True)
class Paired:
    """The differences of one figure over seeds.

    Attributes
    ----------
    n : int
        Seeds in which both are known.
    mean, sd : float
        Of the differences; NaN with none, sd NaN with fewer than two.
    low, high : float
        Interval by Student's t, see :data:`CONFIDENCE`: of the mean, or of one more value; NaN with fewer than two
        seeds.
    """

    n: int
    mean: float
    sd: float
    low: float
    high: float

    @property
    def beyond(self) -> bool:
        """Whether the interval is known and leaves out zero: an effect beyond the luck of seeds."""
        return self.low > 0 or self.high < 0


def interval(values: npt.ArrayLike, confidence: float = CONFIDENCE, *, of_one: bool = False) -> Paired:
    """Return mean, standard deviation and the t interval of ``values``; unknown ones (NaN) do not count.

    Of the mean ``mean ± t(n - 1) sd sqrt(1 / n)`` with the sample standard deviation (n - 1). With ``of_one`` that of
    one more value, ``mean ± t(n - 1) sd sqrt(1 + 1 / n)`` (prediction interval of a normal sample: Hahn and Meeker,
    Statistical Intervals, 1991, chapter 4).
    """
    known = np.asarray(values, dtype=np.float64)
    known = known[np.isfinite(known)]
    n = len(known)
    if n == 0:
        return Paired(0, math.nan, math.nan, math.nan, math.nan)
    mean = math.fsum(known) / n
    if n < FEWEST_SEEDS:
        return Paired(n, mean, math.nan, math.nan, math.nan)
    sd = math.sqrt(math.fsum((known - mean) ** 2) / (n - 1))
    half = float(stdtrit(n - 1, 0.5 + confidence / 2)) * sd * math.sqrt(1.0 / n + of_one)
    return Paired(n, mean, sd, mean - half, mean + half)


def paired(policy: npt.ArrayLike, baseline: npt.ArrayLike, *, of_one: bool = False) -> Paired:
    """Return the paired differences ``policy - baseline``, seed by seed.

    Parameters
    ----------
    policy, baseline : array of float [seeds]
        The figure under each, in the same order of seeds.
    of_one : bool
        Whether the interval is that of one more difference instead of the mean's.
    """
    return interval(np.asarray(policy, dtype=np.float64) - np.asarray(baseline, dtype=np.float64), of_one=of_one)
