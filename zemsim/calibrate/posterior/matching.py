"""A joint posterior of a layer's parameters: sets that are not implausible, weighted by how well they meet the targets.

The prior is even in a box. The weight of a set is the normal density of its misses, each over the standard deviation of
what is known and of what the model leaves out (approximate Bayesian computation with an acceptance kernel that is the
error of model and data, so exact under it: Wilkinson 2013, Stat. Appl. Genet. Mol. Biol. 12). Waves move the sets to
where weight is (adaptive importance sampling: Cappé et al. 2004, J. Comput. Graph. Stat. 13); every set of the last
wave is told by its implausibility, the largest of its misses (Craig et al. 1997), and none above 3 is kept.

Sobol points stand for random numbers, so the same targets give the same posterior to the last bit.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt
from scipy.stats import norm, qmc

from zemsim.calibrate.posterior.layers import Layer, LayerTarget, layer_targets

Floats = npt.NDArray[np.float64]

#: A set whose largest miss is more standard deviations than this is implausible (three-sigma rule of Pukelsheim 1994).
IMPLAUSIBLE: Final = 3.0
#: Sets tried in each wave.
SIZES: Final = (512, 256, 256, 512, 1024)
#: Least width of a kernel, as a share of the box.
_LEAST_SD: Final = 1e-3


@dataclass(frozen=True)
class Wave:
    """Sets tried in a wave: ``theta`` [n, free], ``outputs`` [n, targets], log ``weight`` [n] before it is scaled."""

    theta: Floats
    outputs: Floats
    log_weight: Floats
    implausibility: Floats

    @property
    def plausible_share(self) -> float:
        """Share of the sets that no target rules out."""
        return float((self.implausibility <= IMPLAUSIBLE).mean())


@dataclass(frozen=True)
class Posterior:
    """Sets of parameters with weights that add up to 1.

    Attributes
    ----------
    free : symbols, low, high : their priors.
    theta : float64 [n, free]. outputs : float64 [n, targets]. weight : float64 [n].
    waves : share of plausible sets, wave by wave.
    tried : sets and outputs of all waves.
    """

    layer: str
    free: tuple[str, ...]
    low: Floats
    high: Floats
    theta: Floats
    outputs: Floats
    weight: Floats
    waves: tuple[float, ...]
    tried: tuple[Floats, Floats]

    @property
    def effective(self) -> float:
        """Effective number of sets, ``1 / sum of squared weights`` (Kong 1992)."""
        return float(1.0 / (self.weight**2).sum())

    def mean(self, values: Floats) -> Floats:
        """Weighted mean of each column of ``values`` [n, k]."""
        found: Floats = self.weight @ values
        return found

    def sd(self, values: Floats) -> Floats:
        """Weighted standard deviation of each column of ``values`` [n, k]."""
        found: Floats = np.sqrt(np.maximum(self.weight @ (values - self.mean(values)) ** 2, 0.0))
        return found

    def quantile(self, values: Floats, share: float) -> Floats:
        """Weighted quantile of each column."""
        return np.array([_quantile(values[:, k], self.weight, share) for k in range(values.shape[1])])

    def draws(self, n: int) -> Floats:
        """Sets that stand for the posterior with even weights, by systematic resampling: float64 [n, free]."""
        steps = (np.arange(n) + 0.5) / n
        at = np.minimum(np.searchsorted(np.cumsum(self.weight), steps), len(self.weight) - 1)
        order = np.argsort(_spread(n), kind="stable")  # neighbours in the list are no neighbours in the posterior
        found: Floats = self.theta[at][order]
        return found


def posterior(
    layer: Layer,
    low: Floats,
    high: Floats,
    sizes: tuple[int, ...] = SIZES,
    told: Callable[[int], None] = lambda _: None,
) -> Posterior:
    """The joint posterior of a layer.

    Parameters
    ----------
    layer : Layer
        What says the outputs of a set.
    low, high : float64 [free]
        The box of the prior.
    sizes : tuple of int
        Sets tried in each wave; powers of two keep Sobol points even.
    told : callable
        Called after each set with the number tried.

    Raises
    ------
    ArithmeticError
        If every set of the last wave is implausible.
    """
    targets, tried = layer_targets(layer.name), 0
    waves: list[Wave] = []
    for size in sizes:
        theta, log_q = _even(size, low, high) if not waves else _around(waves[-1], size, low, high)
        outputs = []
        for one in theta:
            outputs.append(layer.outputs(one))
            tried += 1
            told(tried)
        waves.append(_weighed(theta, np.array(outputs), log_q, targets))
    last = waves[-1]
    log_weight = np.where(last.implausibility <= IMPLAUSIBLE, last.log_weight, -np.inf)
    if not np.isfinite(log_weight).any():
        raise ArithmeticError(f"layer {layer.name}: every set is implausible")
    weight = np.exp(log_weight - log_weight.max())
    return Posterior(
        layer.name, layer.free, low, high, last.theta, last.outputs, weight / weight.sum(),
        tuple(wave.plausible_share for wave in waves),
        (np.concatenate([wave.theta for wave in waves]), np.concatenate([wave.outputs for wave in waves])),
    )  # fmt: skip


def misses(outputs: Floats, targets: tuple[LayerTarget, ...]) -> Floats:
    """Output less target over its standard deviation, for the targets that are fitted: float64 [n, fitted]."""
    fitted = [k for k, target in enumerate(targets) if target.use == "fit"]
    value, sd = (np.array([getattr(targets[k], name) for k in fitted]) for name in ("value", "sd"))
    found: Floats = (outputs[:, fitted] - value) / sd
    return found


def _weighed(theta: Floats, outputs: Floats, log_q: Floats, targets: tuple[LayerTarget, ...]) -> Wave:
    off = misses(outputs, targets)
    off = np.where(np.isfinite(off), off, np.inf)
    return Wave(theta, outputs, -0.5 * (off**2).sum(axis=1) - log_q, np.abs(off).max(axis=1))


def sobol(n: int, dimensions: int) -> Floats:
    """The first ``n`` Sobol points within the open cube, without the one at its corner."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # the corner is left out, so n is one off a power of two
        points = qmc.Sobol(dimensions, scramble=False).random(n + 1)[1:]
    found: Floats = np.clip(points, 1e-9, 1.0 - 1e-9)
    return found


def _spread(n: int) -> Floats:
    """Numbers of an even order without runs (van der Corput)."""
    found: Floats = sobol(n, 1)[:, 0]
    return found


def _even(n: int, low: Floats, high: Floats) -> tuple[Floats, Floats]:
    return low + sobol(n, len(low)) * (high - low), np.zeros(n)


def _around(wave: Wave, n: int, low: Floats, high: Floats) -> tuple[Floats, Floats]:
    """Sets near those of a wave that have weight, inside the box, and the logarithm of the density they come from.

    A mixture of normal kernels around the wave's sets; the first coordinate of a Sobol point picks the kernel. What
    falls out of the box is left out, which is one factor of the density for all.
    """
    weight = np.exp(wave.log_weight - wave.log_weight.max())
    # A wave far from the targets has weight on a few sets only: flatten it until a tenth of them count.
    while 1.0 / ((weight / weight.sum()) ** 2).sum() < 0.1 * len(weight):
        weight = np.sqrt(weight)
    weight /= weight.sum()
    mean = weight @ wave.theta
    spread = np.sqrt(weight @ (wave.theta - mean) ** 2)
    dimensions = len(low)
    kernel_sd = np.maximum(
        spread * (4.0 / ((dimensions + 2) * len(weight))) ** (1.0 / (dimensions + 4)), _LEAST_SD * (high - low)
    )
    found, tried = np.empty((0, dimensions)), n
    while len(found) < n:
        tried *= 2
        points = sobol(tried, dimensions + 1)
        centre = np.minimum(np.searchsorted(np.cumsum(weight), points[:, 0]), len(weight) - 1)
        theta = wave.theta[centre] + norm.ppf(points[:, 1:]) * kernel_sd
        found = theta[((theta >= low) & (theta <= high)).all(axis=1)][:n]
    apart = (found[:, None, :] - wave.theta[None, :, :]) / kernel_sd
    log_kernel = -0.5 * (apart**2).sum(axis=2) - np.log(kernel_sd).sum()
    top = log_kernel.max(axis=1)
    density: Floats = top + np.log(np.exp(log_kernel - top[:, None]) @ weight)
    return found, density


def _quantile(values: Floats, weight: Floats, share: float) -> float:
    order = np.argsort(values, kind="stable")
    summed = np.cumsum(weight[order])
    return float(values[order][min(int(np.searchsorted(summed, share)), len(values) - 1)])
