"""Logsums of tours: what all the ways of making one are worth together. Axes: R tours.

``L = ln sum_B exp(IV_B)`` in utils, with the utilities and inclusive values of :mod:`zemsim.kernels.tour_choice`; it is
the expected utility of the choice (Train, Discrete Choice Methods with Simulation, ch. 4).
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numba import njit

from zemsim.kernels.lean import LEAN
from zemsim.kernels.tour_choice import N_ALTERNATIVES, N_NESTS, fill_inclusive_values, fill_utilities


def fill_logsums(start: int, stop: int, tours: Any, crowding: Any, p: Any, out_logsum: Any) -> None:
    """Write the logsum of the tours ``start`` to ``stop`` into ``out_logsum`` float32 [R]; -inf without any way.

    Parameters
    ----------
    tours, crowding, p : as the mode choice reads them, the fixed part of the utilities filled in.
    """
    _fill_logsums(start, stop, tours, crowding, p, np.empty(N_ALTERNATIVES + N_NESTS), out_logsum)


def _fill_logsums(start: int, stop: int, tours: Any, crowding: Any, p: Any, scratch: Any, out_logsum: Any) -> None:
    utility, inclusive = scratch[:N_ALTERNATIVES], scratch[N_ALTERNATIVES:]
    for r in range(start, stop):
        fill_utilities(tours, crowding, p, r, utility)
        fill_inclusive_values(utility, p.nest_scale, inclusive)
        top = -math.inf
        for b in range(N_NESTS):
            top = max(top, inclusive[b])
        total = 0.0
        if top > -math.inf:
            for b in range(N_NESTS):
                total += math.exp(inclusive[b] - top)
            top += math.log(total)
        out_logsum[r] = top


_fill_logsums = njit(cache=True, nogil=True, **LEAN)(_fill_logsums)
fill_logsums = njit(cache=True, nogil=True)(fill_logsums)
