"""What an e-bike of one's own would add to the logsum of a resident's tours. Axes: P residents, R tours.

``gain = sum over tours of ln sum_B exp(IV_B with an e-bike) - ln sum_B exp(IV_B without)``, in utils per day, with the
inclusive values of :mod:`zemsim.kernels.tour_choice` (Train, Discrete Choice Methods with Simulation, ch. 4: the logsum
is the expected utility of a choice). With nest scales of at most 1 the gain of a tour is at most
``exp(V_ebike - V_best)``; tours where that is below `NEGLIGIBLE` are passed over. A tour counts for at most ``most``:
the tours are given, and where every way of making one is bad a logsum knows no bounds, while people would not go.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numba import njit

from zemsim.core.names import Alternative
from zemsim.kernels.lean import LEAN
from zemsim.kernels.tour_choice import (
    N_ALTERNATIVES,
    N_NESTS,
    fill_inclusive_values,
    fill_utilities,
    own_ebike_utility,
)

#: Gain of a tour, in utils, that is not worth the work.
NEGLIGIBLE = 1e-2
_LEAST = math.log(NEGLIGIBLE)
#: No logsum is above its best utility by more.
_LN_ALL = math.log(float(N_ALTERNATIVES))
_EBIKE = int(Alternative.EBIKE)
#: Alternatives whose utility is fixed for the season.
_SETTLED = (int(Alternative.WALK), int(Alternative.BIKE), int(Alternative.PASSENGER))


def tour_gain(
    r: int, tours: Any, crowding: Any, temperature_c: float, p: Any, most: float, utility: Any, inclusive: Any
) -> Any:
    """Gain of tour `r`; 0 where an e-bike does not reach, or where nothing else is there to compare it with."""
    if tours.ebike_min[r] == math.inf:
        return 0.0
    own = own_ebike_utility(tours, temperature_c, p, r)
    for m in _SETTLED:
        if own - tours.fixed[m, r] < _LEAST:
            return 0.0
    fill_utilities(tours, crowding, p, r, utility)
    best = -math.inf
    for m in range(N_ALTERNATIVES):
        best = max(best, utility[m])
    if best == -math.inf or own - best < _LEAST or own <= utility[_EBIKE]:
        return 0.0
    if own - best > most + _LN_ALL:
        return most
    shared = utility[_EBIKE]
    utility[_EBIKE] = -math.inf
    fill_inclusive_values(utility, p.nest_scale, inclusive)
    without = _joined(inclusive[0], shared, p.nest_scale[0]) if shared > -math.inf else inclusive[0]
    others = 0.0
    for b in range(1, N_NESTS):
        others += math.exp(inclusive[b] - best)
    with_own = math.exp(_joined(inclusive[0], own, p.nest_scale[0]) - best)
    return min(most, math.log((others + with_own) / (others + math.exp(without - best))))


def _joined(inclusive: float, utility: float, scale: float) -> float:
    """Inclusive value of a nest that one more alternative joins: ``scale ln(exp(IV / scale) + exp(V / scale))``."""
    low, high = min(inclusive, utility), max(inclusive, utility)
    return high + scale * math.log(1.0 + math.exp((low - high) / scale))


def ebike_gains(
    start: int,
    stop: int,
    rows: Any,
    tour_start: Any,
    tour_end: Any,
    tours: Any,
    crowding: Any,
    temperature_c: float,
    p: Any,
    most: float,
    weight: float,
    out_gain: Any,
) -> None:
    """Add ``weight`` times the gain of a day to ``out_gain`` [P] of the residents ``rows[start:stop]``.

    Parameters
    ----------
    tour_start, tour_end : int32 [P], tours of each resident.
    most : the most that a tour counts for, utils.
    tours, crowding, p : as the mode choice reads them.
    """
    scratch = np.empty(N_ALTERNATIVES + N_NESTS)
    _ebike_gains(
        start, stop, rows, tour_start, tour_end, tours, crowding, temperature_c, p, most, weight, scratch, out_gain
    )


def _ebike_gains(
    start: int,
    stop: int,
    rows: Any,
    tour_start: Any,
    tour_end: Any,
    tours: Any,
    crowding: Any,
    temperature_c: float,
    p: Any,
    most: float,
    weight: float,
    scratch: Any,
    out_gain: Any,
) -> None:
    utility, inclusive = scratch[:N_ALTERNATIVES], scratch[N_ALTERNATIVES:]
    for k in range(start, stop):
        total = 0.0
        for r in range(tour_start[rows[k]], tour_end[rows[k]]):
            total += tour_gain(r, tours, crowding, temperature_c, p, most, utility, inclusive)
        out_gain[rows[k]] += weight * total


_joined = njit(cache=True, nogil=True, forceinline=True, **LEAN)(_joined)
tour_gain = njit(cache=True, nogil=True, forceinline=True, **LEAN)(tour_gain)
_ebike_gains = njit(cache=True, nogil=True, **LEAN)(_ebike_gains)
ebike_gains = njit(cache=True, nogil=True)(ebike_gains)
