"""Destinations by singly constrained gravity: expected distance, cumulative weights, and the drawn zone.

The weight of zone ``j`` from zone ``i`` is ``attraction[j] * exp(-decay * resistance[i, j])``; a resistance of ``inf``
is a zone that cannot be reached.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numba import njit
from numpy.typing import NDArray


def fill_cumulative(attraction: Any, resistance: Any, decay: Any, cumulative: Any) -> None:
    """``cumulative[i, j]`` = sum of the weights of zones 0 to ``j`` from zone ``i``: float64 [Z, Z]."""
    for i in range(resistance.shape[0]):
        total = 0.0
        for j in range(attraction.shape[0]):
            if attraction[j] > 0.0:
                total += attraction[j] * math.exp(-decay * resistance[i, j])
            cumulative[i, j] = total


def mean_distance(productions: Any, attraction: Any, resistance: Any, distance: Any, decay: Any) -> float:
    """Expected distance of the trips of all origins: float64; NaN if no origin with trips reaches a zone."""
    trips = 0.0
    total = 0.0
    for i in range(productions.shape[0]):
        if productions[i] <= 0.0:
            continue
        weight_sum = 0.0
        weighted = 0.0
        for j in range(attraction.shape[0]):
            if attraction[j] > 0.0 and resistance[i, j] < math.inf:
                weight = attraction[j] * math.exp(-decay * resistance[i, j])
                weight_sum += weight
                weighted += weight * distance[i, j]
        if weight_sum > 0.0:
            trips += productions[i]
            total += productions[i] * weighted / weight_sum
    return total / trips if trips > 0.0 else math.nan


def pick(cumulative: Any, row: Any, u: Any) -> int:
    """First zone whose cumulative weight exceeds ``u`` times the total of the row; -1 if the row has no weight."""
    last = cumulative.shape[1] - 1
    total = cumulative[row, last]
    if not total > 0.0:
        return -1
    wanted = u * total
    low = 0
    high = last
    while low < high:
        middle = (low + high) // 2
        if cumulative[row, middle] > wanted:
            high = middle
        else:
            low = middle + 1
    return low


def pick_rows(cumulative: Any, rows: Any, u: Any, out: Any) -> None:
    """``out[k] = pick(cumulative, rows[k], u[k])``."""
    for k in range(rows.shape[0]):
        out[k] = pick(cumulative, rows[k], u[k])


fill_cumulative = njit(cache=True, nogil=True)(fill_cumulative)
mean_distance = njit(cache=True, nogil=True)(mean_distance)
pick = njit(cache=True, nogil=True)(pick)
pick_rows = njit(cache=True, nogil=True)(pick_rows)


def choose_zones(
    attraction: NDArray[np.float64],
    resistance: NDArray[np.float64],
    decay: float,
    origins: NDArray[np.int64],
    u: NDArray[np.float64],
) -> NDArray[np.int64]:
    """Draw a destination for each trip: int64 [R], -1 where no zone can be reached.

    Parameters
    ----------
    attraction
        float64 [Z], zero or more.
    resistance
        float64 [Z, Z], zero or more, ``inf`` for no way.
    decay
        Fall of the weight per unit of resistance.
    origins
        int64 [R], rows of ``resistance``.
    u
        float64 [R], uniform numbers between 0 and 1.
    """
    if resistance.shape != (attraction.size, attraction.size):
        raise ValueError(f"resistance has shape {resistance.shape}, not {(attraction.size, attraction.size)}")
    if origins.size and not 0 <= origins.min() <= origins.max() < attraction.size:
        raise ValueError("an origin is not a zone")
    cumulative = np.empty(resistance.shape, dtype=np.float64)
    fill_cumulative(attraction, resistance, float(decay), cumulative)
    out = np.empty(origins.size, dtype=np.int64)
    pick_rows(cumulative, origins, u, out)
    return out
