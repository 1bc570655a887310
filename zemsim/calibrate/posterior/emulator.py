"""Polynomials that stand for a part of the model which is too dear to be asked thousands of times."""

from __future__ import annotations

from itertools import product

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]


class Emulator:
    """Outputs as polynomials of the parameters, fitted to the sets that were tried (least squares).

    Parameters
    ----------
    theta : float64 [n, free]
        Sets tried.
    outputs : float64 [n, targets]
        What was found for each.
    low, high : float64 [free]
        The box that the polynomials are scaled to.
    degree : int
        Largest sum of the powers of a term.
    """

    def __init__(self, theta: Floats, outputs: Floats, low: Floats, high: Floats, degree: int) -> None:
        self._low, self._width, self._degree = low, high - low, degree
        powers = product(range(degree + 1), repeat=theta.shape[1])
        self._powers = np.array([one for one in powers if sum(one) <= degree])
        self._weights = np.linalg.lstsq(self._terms(theta), outputs, rcond=None)[0]

    def _terms(self, theta: Floats) -> Floats:
        at = 2.0 * (theta - self._low) / self._width - 1.0
        found = np.ones((len(theta), len(self._powers)))
        for k in range(theta.shape[1]):
            found *= np.power.outer(at[:, k], np.arange(self._degree + 1))[:, self._powers[:, k]]
        return found

    def __call__(self, theta: Floats) -> Floats:
        """What the polynomials say: float64 [n, targets]."""
        found: Floats = self._terms(theta) @ self._weights
        return found

    def left_out(self, theta: Floats, outputs: Floats) -> Floats:
        """How far they would miss each of the sets they were fitted to if it had been left out: float64 [n, targets].

        The residual over one less the leverage (Allen 1974, Technometrics 16: PRESS).
        """
        terms = self._terms(theta)
        leverage = np.einsum("ij,ji->i", terms, np.linalg.pinv(terms))
        found: Floats = (outputs - terms @ self._weights) / (1.0 - leverage)[:, None]
        return found
