"""Logsums of tours: what all the ways of making one are worth together. Axes: R tours.

``L = ln sum_B exp(IV_B)`` in utils, with the utilities and inclusive values of :mod:`zemsim.kernels.tour_choice`; it is
the expected utility of the choice (Train, Discrete Choice Methods with Simulation, ch. 4). In float32, by the
polynomials of :mod:`zemsim.kernels.choice_blocks` in loops that a compiler turns into vector code: an error below 1e-4.
Products and sums are rounded one by one, so the bits do not depend on the processor.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numba import njit

from zemsim.core.names import Alternative
from zemsim.kernels.choice_blocks import exp_negative, log1p_of_few
from zemsim.kernels.lean import INNER, LEAN
from zemsim.kernels.tour_choice import NEVER

_WALK, _BIKE, _EBIKE = int(Alternative.WALK), int(Alternative.BIKE), int(Alternative.EBIKE)
_BUS, _TRAIN = int(Alternative.BUS), int(Alternative.TRAIN)
_DRIVER, _PASSENGER = int(Alternative.DRIVER), int(Alternative.PASSENGER)
_f4 = np.float32


def _joined(a: Any, b: Any) -> Any:
    """``ln(exp(a) + exp(b))``."""
    high, low = max(a, b), min(a, b)
    return high + _log1p(_exp(low - high))


def _add_nest(a: Any, b: Any, c: Any, scale: Any, out: Any) -> None:
    """Take the inclusive value of a nest of three into the logsum so far."""
    for i in range(out.shape[0]):
        value = scale * _joined(_joined(a[i] / scale, b[i] / scale), c[i] / scale)
        out[i] = _joined(out[i], value)


def _add_pair(a: Any, b: Any, scale: Any, out: Any) -> None:
    """The same of a nest of two."""
    for i in range(out.shape[0]):
        out[i] = _joined(out[i], scale * _joined(a[i] / scale, b[i] / scale))


def _pay(
    driver: Any, vehicle: Any, cost_factor: Any, drive_eur: Any, parking_eur: Any, b_cost: Any, k_park: Any, out: Any
) -> None:
    """Utility of driving with what it costs; `NEVER` without a vehicle."""
    for i in range(out.shape[0]):
        money = _f4(2.0) * drive_eur[i] + k_park * parking_eur[i]
        paid = driver[i] + b_cost * cost_factor[i] * money
        out[i] = paid if vehicle[i] >= 0 else NEVER


def _mark_nothing(out: Any) -> None:
    for i in range(out.shape[0]):
        out[i] = out[i] if out[i] > _f4(0.5) * NEVER else _f4(-math.inf)


def fill_logsums(start: int, stop: int, tours: Any, p: Any, out_logsum: Any) -> None:
    """Write the logsum of the tours ``start`` to ``stop`` into ``out_logsum`` float32 [R]; -inf without any way.

    Parameters
    ----------
    tours, p : as the mode choice reads them, the fixed part of the utilities filled in; seats are there for all.
    """
    _fill_logsums(start, stop, tours, p, np.empty(stop - start, np.float32), out_logsum)


def _fill_logsums(start: int, stop: int, tours: Any, p: Any, paid: Any, out_logsum: Any) -> None:
    fixed, scale, out = tours.fixed, p.nest_scale, out_logsum[start:stop]
    for i in range(out.shape[0]):
        out[i] = _f4(2.0) * NEVER
    _pay(
        fixed[_DRIVER, start:stop],
        tours.vehicle[start:stop],
        tours.cost_factor[start:stop],
        tours.drive_eur[start:stop],
        tours.parking_eur[start:stop],
        _f4(p.b_cost),
        _f4(p.k_park),
        paid,
    )
    _add_nest(fixed[_WALK, start:stop], fixed[_BIKE, start:stop], fixed[_EBIKE, start:stop], _f4(scale[0]), out)
    _add_pair(fixed[_BUS, start:stop], fixed[_TRAIN, start:stop], _f4(scale[1]), out)
    _add_pair(paid, fixed[_PASSENGER, start:stop], _f4(scale[2]), out)
    _mark_nothing(out)


_exp = njit(cache=True, nogil=True, forceinline=True, **LEAN)(getattr(exp_negative, "py_func", exp_negative))
_log1p = njit(cache=True, nogil=True, forceinline=True, **LEAN)(getattr(log1p_of_few, "py_func", log1p_of_few))
_joined = njit(cache=True, nogil=True, forceinline=True, **LEAN)(_joined)
_add_nest = njit(cache=True, nogil=True, error_model="numpy", **INNER)(_add_nest)
_add_pair = njit(cache=True, nogil=True, error_model="numpy", **INNER)(_add_pair)
_pay = njit(cache=True, nogil=True, **INNER)(_pay)
_mark_nothing = njit(cache=True, nogil=True, **INNER)(_mark_nothing)
_fill_logsums = njit(cache=True, nogil=True, **LEAN)(_fill_logsums)
fill_logsums = njit(cache=True, nogil=True)(fill_logsums)
