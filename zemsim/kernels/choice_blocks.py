"""Mode choice of many tours at once: the draws of `zemsim.kernels.tour_choice`, sixteen in a vector register.

Axes: P residents, R tours of one day type (those of a resident are neighbours), B tours of a block.

A choice is an argmax, so seldom more than a few digits of the utilities are needed to know it. The block works out all
utilities, inclusive values and draws in float32, in short loops over columns that a compiler turns into vector code,
with its own polynomials for exp and log. Where the best place, or the best alternative in it, is ahead by more than the
error of all that (`MARGIN`), it is the choice; the few other tours are settled by the exact rule. Hence the choices are
those of `choose_exactly`, whatever processor made the vectors.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any, Final

import numpy as np
from numba import njit
from numpy.polynomial import Chebyshev, Polynomial

from zemsim.core.names import Alternative
from zemsim.kernels.lean import INNER, LEAN
from zemsim.kernels.tour_choice import N_ALTERNATIVES, N_NESTS, NEVER, choose_exactly

#: Tours of a block: their columns and the scratch stay in the processor's second cache.
BLOCK = 4096
#: Fewer tours than this are chosen for one by one: to set a block up takes longer.
FEW = 16
#: A lead is believed if it is above ``MARGIN[0] + MARGIN[1] |value|``: the polynomials are wrong by less than 2e-6, and
#: the dozen float32 operations behind a value by less than 12 x 6e-8 of the largest number in it (constants are below
#: 5 in size, all else in a utility is negative, so no number in it is larger than ``|value| + 10``).
MARGIN: Final = (np.float32(2e-4), np.float32(4e-6))

_WALK, _BIKE, _EBIKE = int(Alternative.WALK), int(Alternative.BIKE), int(Alternative.EBIKE)
_BUS, _TRAIN = int(Alternative.BUS), int(Alternative.TRAIN)
_DRIVER, _PASSENGER = int(Alternative.DRIVER), int(Alternative.PASSENGER)
#: Rows of the scratch: utilities of bus, train, driver; best value of a nest, its lead, the lead of the choice in it.
_BEST, _AHEAD, _LEAD, SCRATCH_ROWS = 3, 4, 5, 6
#: Numbers between rows of the scratch, so that they do not fall onto the same lines of the first cache.
_APART: Final = 16

_f4 = np.float32


def _coefficients(function: Callable[..., Any], degree: int, low: float, high: float) -> tuple[np.float32, ...]:
    """Of the polynomial through the Chebyshev points of an interval, the highest power first."""
    series = Chebyshev.interpolate(function, degree, [low, high])
    return tuple(np.float32(c) for c in series.convert(kind=Polynomial).coef[::-1])


_EXP2 = _coefficients(np.exp2, 4, -0.5, 0.5)
_LN_1P = _coefficients(np.log1p, 8, 0.0, 2.0)
#: 1.5 x 2^23: added to a small number, it leaves no room for a fraction, and the whole number stands in the last bits.
_ROUND: Final = np.float32(12582912.0)
_LOG2_E: Final = np.float32(math.log2(math.e))


def exp_negative(x: Any) -> Any:
    """``exp(x)`` of float32 ``x <= 0``, relative error below 1e-5; below -80 it stays at exp(-80).

    ``2^(n + f)`` with whole n and ``|f| <= 0.5``: a polynomial of ``2^f``, and n added to the bits of its exponent.
    """
    power = max(x, _f4(-80.0)) * _LOG2_E
    rounded = power + _ROUND
    f = power - (rounded - _ROUND)
    p = (((_EXP2[0] * f + _EXP2[1]) * f + _EXP2[2]) * f + _EXP2[3]) * f + _EXP2[4]
    bits = np.int32(np.float32(p).view(np.int32) + np.int32(np.float32(rounded).view(np.int32) << np.int32(23)))
    return np.int32(bits).view(np.float32)


def log1p_of_few(x: Any) -> Any:
    """``ln(1 + x)`` of float32 ``0 <= x <= 2``, absolute error below 1e-5."""
    p = ((_LN_1P[0] * x + _LN_1P[1]) * x + _LN_1P[2]) * x + _LN_1P[3]
    p = ((p * x + _LN_1P[4]) * x + _LN_1P[5]) * x + _LN_1P[6]
    return (p * x + _LN_1P[7]) * x + _LN_1P[8]


def _crowd(fixed: Any, there: Any, back: Any, ride_min: Any, crowding: Any, b_pt: Any, out: Any) -> None:
    """Utility of bus or train with what crowding takes away on both ways."""
    for i in range(out.shape[0]):
        twice = crowding[np.uint32(there[i])] + crowding[np.uint32(back[i])] - _f4(2.0)
        out[i] = fixed[i] + b_pt * twice * ride_min[i]


def _pay(
    fixed: Any, vehicle: Any, cost_factor: Any, drive_eur: Any, parking_eur: Any, b_cost: Any, k_park: Any, out: Any
) -> None:
    """Utility of driving with its money; without a vehicle there is no driving."""
    for i in range(out.shape[0]):
        money = _f4(2.0) * drive_eur[i] + k_park * parking_eur[i]
        out[i] = fixed[i] + b_cost * cost_factor[i] * money if vehicle[i] >= 0 else NEVER


def _first_nest(
    a: Any,
    b: Any,
    c: Any,
    shock: Any,
    luck_a: Any,
    luck_b: Any,
    luck_c: Any,
    scale: Any,
    best: Any,
    inside: Any,
    out: Any,
) -> None:
    """Value of a nest of three, inclusive value and draw, into `best`; its alternative and the lead of that in it.

    The inclusive value is the largest utility, plus ``scale ln(1 + sum of exp(-difference / scale))``.
    """
    per_scale = _f4(1.0) / scale
    for i in range(out.shape[0]):
        x, y, z = a[i] * per_scale, b[i] * per_scale, c[i] * per_scale
        high, low = max(x, y), min(x, y)
        middle, high = min(high, z), max(high, z)
        others = exp_negative(middle - high) + exp_negative(low - high)
        best[i] = scale * (high + log1p_of_few(others)) + shock[i]
        x, y, z = x + luck_a[i], y + luck_b[i], z + luck_c[i]
        top, low = max(x, y), min(x, y)
        second, top = max(low, min(top, z)), max(top, z)
        later = np.int8(_BIKE) if y == top else np.int8(_EBIKE)
        out[i] = np.int8(_WALK) if x == top else later
        inside[i] = top - second - (MARGIN[0] + MARGIN[1] * abs(high))


def _next_nest(
    a: Any,
    b: Any,
    shock: Any,
    luck_a: Any,
    luck_b: Any,
    scale: Any,
    first: Any,
    best: Any,
    ahead: Any,
    inside: Any,
    out: Any,
) -> None:
    """A nest of two, with the alternatives `first` and the next, takes the place of the best nest where it is better.

    `ahead` becomes how far the best nest is ahead of the second best.
    """
    per_scale = _f4(1.0) / scale
    for i in range(out.shape[0]):
        x, y = a[i] * per_scale, b[i] * per_scale
        high, low = max(x, y), min(x, y)
        value = scale * (high + log1p_of_few(exp_negative(low - high))) + shock[i]
        gain = y + luck_b[i] - (x + luck_a[i])
        lead = abs(gain) - (MARGIN[0] + MARGIN[1] * abs(high))
        chosen = np.int8(first + 1) if gain > _f4(0.0) else first
        over = value - best[i]
        out[i] = chosen if over > _f4(0.0) else out[i]
        inside[i] = lead if over > _f4(0.0) else inside[i]
        best[i] = max(best[i], value)
        ahead[i] = min(over, _f4(1e30)) if over > _f4(0.0) else min(ahead[i], -over)


def _settle(best: Any, ahead: Any, inside: Any, out: Any) -> None:
    """The smaller lead of both stages, beyond the error, into `inside`; -1 is sure where nothing is available."""
    for i in range(out.shape[0]):
        lead = min(inside[i], ahead[i] - (MARGIN[0] + MARGIN[1] * abs(best[i])))
        nothing = best[i] < _f4(0.5) * NEVER
        inside[i] = _f4(1.0) if nothing else lead
        out[i] = np.int8(-1) if nothing else out[i]


def _settle_exactly(first: int, tours: Any, crowding: Any, p: Any, lead: Any, exact: Any, out: Any) -> None:
    """By the exact rule, where there is no lead or it is not a number."""
    for i in range(out.shape[0]):
        if not lead[i] > _f4(0.0):
            out[i] = choose_exactly(tours, crowding, p, first + i, exact)


def _fill_changing(first: int, last: int, tours: Any, crowding: Any, p: Any, utility: Any) -> None:
    """Utilities of bus, train and driver: those that an iteration changes."""
    n, fixed = last - first, tours.fixed
    for k in range(2):
        there, back = tours.crowd_out[k, first:last], tours.crowd_back[k, first:last]
        ride_min, out = tours.transit[k, 0, first:last], utility[k, :n]
        _crowd(fixed[_BUS + k, first:last], there, back, ride_min, crowding, _f4(p.b_pt), out)
    vehicle, factor = tours.vehicle[first:last], tours.cost_factor[first:last]
    drive_eur, parking_eur = tours.drive_eur[first:last], tours.parking_eur[first:last]
    driver = fixed[_DRIVER, first:last]
    _pay(driver, vehicle, factor, drive_eur, parking_eur, _f4(p.b_cost), _f4(p.k_park), utility[2, :n])


def _draw(first: int, last: int, tours: Any, p: Any, scratch: Any, out: Any) -> None:
    """Write the choices that the approximation gives into `out` (n,), and their leads into the scratch."""
    n, fixed, luck = last - first, tours.fixed, tours.shock_alternative
    scale, shock = p.nest_scale, tours.shock_nest
    best, ahead, inside = scratch[_BEST, :n], scratch[_AHEAD, :n], scratch[_LEAD, :n]
    for i in range(n):
        ahead[i] = _f4(1e30)
    _first_nest(
        fixed[_WALK, first:last],
        fixed[_BIKE, first:last],
        fixed[_EBIKE, first:last],
        shock[0, first:last],
        luck[_WALK, first:last],
        luck[_BIKE, first:last],
        luck[_EBIKE, first:last],
        _f4(scale[0]),
        best,
        inside,
        out,
    )
    _next_nest(
        scratch[0, :n],
        scratch[1, :n],
        shock[1, first:last],
        luck[_BUS, first:last],
        luck[_TRAIN, first:last],
        _f4(scale[1]),
        np.int8(_BUS),
        best,
        ahead,
        inside,
        out,
    )
    _next_nest(
        scratch[2, :n],
        fixed[_PASSENGER, first:last],
        shock[2, first:last],
        luck[_DRIVER, first:last],
        luck[_PASSENGER, first:last],
        _f4(scale[2]),
        np.int8(_DRIVER),
        best,
        ahead,
        inside,
        out,
    )
    _settle(best, ahead, inside, out)


def choose_tours(
    first: int, last: int, tours: Any, crowding: Any, p: Any, exact: Any, scratch: Any, out_alternative: Any
) -> None:
    """Choose the mode of the tours ``first`` to ``last`` into ``out_alternative`` int8 [R].

    Parameters
    ----------
    crowding : float32 [1 + patterns * Q]
        Factor on in-vehicle time where ``tours.crowd_out`` and ``tours.crowd_back`` point to; the first is 1.
    exact : float64 (`N_ALTERNATIVES` + `N_NESTS`,); scratch : float32 (`SCRATCH_ROWS`, `BLOCK`)
        Room to work in.
    """
    if last - first < FEW:
        for r in range(first, last):
            out_alternative[r] = choose_exactly(tours, crowding, p, r, exact)
        return
    for start in range(first, last, BLOCK):
        stop = min(start + BLOCK, last)
        _fill_changing(start, stop, tours, crowding, p, scratch)
        _draw(start, stop, tours, p, scratch, out_alternative[start:stop])
        lead = scratch[_LEAD, : stop - start]
        _settle_exactly(start, tours, crowding, p, lead, exact, out_alternative[start:stop])


def choose_modes(
    i: int, tour_start: Any, tour_end: Any, tours: Any, crowding: Any, p: Any, exact: Any, out_alternative: Any
) -> None:
    """The rule for one resident: choose the mode of each of today's tours. ``exact`` is room to work in."""
    for r in range(tour_start[i], tour_end[i]):
        out_alternative[r] = choose_exactly(tours, crowding, p, r, exact)


def choose_modes_rows(
    start: int, stop: int, rows: Any, tour_start: Any, tour_end: Any, tours: Any, crowding: Any, p: Any, out: Any
) -> None:
    """The rule for the residents ``rows[start:stop]``."""
    exact = np.empty(N_ALTERNATIVES + N_NESTS)
    scratch = np.empty((SCRATCH_ROWS, BLOCK + _APART), np.float32)
    _choose_modes_rows(start, stop, rows, tour_start, tour_end, tours, crowding, p, exact, scratch, out)


def _choose_modes_rows(
    start: int,
    stop: int,
    rows: Any,
    tour_start: Any,
    tour_end: Any,
    tours: Any,
    crowding: Any,
    p: Any,
    exact: Any,
    scratch: Any,
    out: Any,
) -> None:
    """Residents whose tours follow one another are taken together.

    Rows are counted as unsigned numbers, which saves asking at each access whether they count from the end.
    """
    k = start
    while k < stop:
        row = np.uint32(rows[np.uint32(k)])
        first, last = tour_start[row], tour_end[row]
        k += 1
        while k < stop:
            row = np.uint32(rows[np.uint32(k)])
            if tour_start[row] != last:
                break
            last = tour_end[row]
            k += 1
        choose_tours(first, last, tours, crowding, p, exact, scratch, out)


#: A product and a sum may be rounded once: what that changes is far below the margin.
_LOOSE: Final[dict[str, Any]] = {"fastmath": {"contract"}, "error_model": "numpy", "nogil": True, "cache": True}

exp_negative = njit(forceinline=True, **_LOOSE, **LEAN)(exp_negative)
log1p_of_few = njit(forceinline=True, **_LOOSE, **LEAN)(log1p_of_few)
_crowd = njit(**_LOOSE, **INNER)(_crowd)
_pay = njit(**_LOOSE, **INNER)(_pay)
_first_nest = njit(**_LOOSE, **INNER)(_first_nest)
_next_nest = njit(**_LOOSE, **INNER)(_next_nest)
_settle = njit(**_LOOSE, **INNER)(_settle)
_settle_exactly = njit(cache=True, nogil=True, **INNER)(_settle_exactly)
_fill_changing = njit(cache=True, nogil=True, **INNER)(_fill_changing)
_draw = njit(cache=True, nogil=True, **INNER)(_draw)
choose_tours = njit(cache=True, nogil=True, **INNER)(choose_tours)
choose_modes = njit(cache=True, nogil=True, **LEAN)(choose_modes)
_choose_modes_rows = njit(cache=True, nogil=True, **INNER)(_choose_modes_rows)
choose_modes_rows = njit(cache=True, nogil=True)(choose_modes_rows)
