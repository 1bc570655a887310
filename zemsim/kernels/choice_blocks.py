"""Mode choice of many tours at once: the draws of `zemsim.kernels.tour_choice`, sixteen in a vector register.

Axes: P residents, R tours of one day type (those of a resident are neighbours), B tours of a block.

A choice is an argmax, so seldom more than a few digits of the utilities are needed to know it. The block works out all
utilities, inclusive values and draws in float32, in short loops over columns that a compiler turns into vector code,
with its own polynomials for exp and log. Where the best nest, or the best alternative in it, is ahead by more than the
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
#: A lead is believed if it is above ``MARGIN[0] + MARGIN[1] |value|``. It is the difference of two values; each is
#: wrong by less than 3e-5 through the polynomials, and by a dozen float32 roundings of 6e-8 of the largest number in
#: it. Constants are below 5 in size and all else in a utility is negative, so none is above ``|value| + 10``.
MARGIN: Final = (np.float32(2e-4), np.float32(4e-6))

_WALK, _BIKE, _EBIKE = int(Alternative.WALK), int(Alternative.BIKE), int(Alternative.EBIKE)
_BUS, _TRAIN = int(Alternative.BUS), int(Alternative.TRAIN)
_DRIVER, _PASSENGER = int(Alternative.DRIVER), int(Alternative.PASSENGER)
#: Numbers between rows of the scratch, so that they do not fall onto the same lines of the first cache.
APART: Final = 16

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


def _active_nest(
    a: Any,
    b: Any,
    c: Any,
    shock: Any,
    luck_a: Any,
    luck_b: Any,
    luck_c: Any,
    scale: Any,
    best: Any,
    lead: Any,
    out: Any,
) -> None:
    """Draw inside the first nest; its value is the best so far.

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
        lead[i] = top - second - _margin(high)


def _margin(value: Any) -> Any:
    return MARGIN[0] + MARGIN[1] * abs(value)


def _pair(x: Any, y: Any, luck_a: Any, luck_b: Any, scale: Any) -> Any:
    """Inclusive value of a nest of two from utilities per scale, how far the second is ahead, and the lead in it."""
    high, low = max(x, y), min(x, y)
    value = scale * (high + log1p_of_few(exp_negative(low - high)))
    gain = y + luck_b - (x + luck_a)
    return value, gain, abs(gain) - _margin(high)


def _crowd(fixed: Any, there: Any, back: Any, ride_min: Any, crowding: Any, b_pt: Any, out: Any) -> None:
    """Utility of bus or train, less what crowding takes away on both ways."""
    for i in range(out.shape[0]):
        twice = crowding[np.uint32(there[i])] + crowding[np.uint32(back[i])] - _f4(2.0)
        out[i] = fixed[i] + b_pt * twice * ride_min[i]


def _transit_nest(
    bus: Any, train: Any, shock: Any, luck_a: Any, luck_b: Any, scale: Any, best: Any, lead: Any, out: Any
) -> None:
    """Draw of bus or train, which takes the place of the best so far if it is better.

    `lead` is then how far the best nest is ahead of the second, or its choice ahead in it, whichever is less.
    """
    per_scale = _f4(1.0) / scale
    for i in range(out.shape[0]):
        value, gain, inside = _pair(bus[i] * per_scale, train[i] * per_scale, luck_a[i], luck_b[i], scale)
        over = value + shock[i] - best[i]
        chosen = np.int8(_TRAIN) if gain > _f4(0.0) else np.int8(_BUS)
        out[i] = chosen if over > _f4(0.0) else out[i]
        best[i] = max(best[i], value + shock[i])
        lead[i] = min(inside if over > _f4(0.0) else lead[i], abs(over) - _margin(best[i]))


def _car_nest(
    driver: Any,
    passenger: Any,
    vehicle: Any,
    cost_factor: Any,
    drive_eur: Any,
    parking_eur: Any,
    b_cost: Any,
    k_park: Any,
    shock: Any,
    luck_a: Any,
    luck_b: Any,
    scale: Any,
    best: Any,
    lead: Any,
    out: Any,
) -> None:
    """The same of driver, who has a vehicle and pays, and passenger; -1 is sure where nothing at all is available."""
    per_scale = _f4(1.0) / scale
    for i in range(out.shape[0]):
        money = _f4(2.0) * drive_eur[i] + k_park * parking_eur[i]
        paid = driver[i] + b_cost * cost_factor[i] * money
        x = (paid if vehicle[i] >= 0 else NEVER) * per_scale
        value, gain, inside = _pair(x, passenger[i] * per_scale, luck_a[i], luck_b[i], scale)
        over = value + shock[i] - best[i]
        chosen = np.int8(_PASSENGER) if gain > _f4(0.0) else np.int8(_DRIVER)
        chosen = chosen if over > _f4(0.0) else out[i]
        top = max(best[i], value + shock[i])
        least = min(inside if over > _f4(0.0) else lead[i], abs(over) - _margin(top))
        nothing = top < _f4(0.5) * NEVER
        out[i] = np.int8(-1) if nothing else chosen
        lead[i] = _f4(1.0) if nothing else least


def _settle_exactly(first: int, tours: Any, crowding: Any, p: Any, lead: Any, exact: Any, out: Any) -> None:
    """By the exact rule, where there is no lead or it is not a number."""
    for i in range(out.shape[0]):
        if not lead[i] > _f4(0.0):
            out[i] = choose_exactly(tours, crowding, p, first + i, exact)


def _draw(
    first: int, last: int, tours: Any, crowding: Any, p: Any, crowded: Any, best: Any, lead: Any, out: Any
) -> None:
    """Write the choices that the approximation gives into `out` and their leads into `lead`, both (last - first,)."""
    fixed, luck, shock, scale = tours.fixed, tours.shock_alternative, tours.shock_nest, p.nest_scale
    _active_nest(
        fixed[_WALK, first:last],
        fixed[_BIKE, first:last],
        fixed[_EBIKE, first:last],
        shock[0, first:last],
        luck[_WALK, first:last],
        luck[_BIKE, first:last],
        luck[_EBIKE, first:last],
        _f4(scale[0]),
        best,
        lead,
        out,
    )
    for k in range(2):
        there, back = tours.crowd_out[k, first:last], tours.crowd_back[k, first:last]
        ride_min, b_pt = tours.transit[k, 0, first:last], _f4(p.b_pt)
        _crowd(fixed[_BUS + k, first:last], there, back, ride_min, crowding, b_pt, crowded[k, : last - first])
    _transit_nest(
        crowded[0, : last - first],
        crowded[1, : last - first],
        shock[1, first:last],
        luck[_BUS, first:last],
        luck[_TRAIN, first:last],
        _f4(scale[1]),
        best,
        lead,
        out,
    )
    _car_nest(
        fixed[_DRIVER, first:last],
        fixed[_PASSENGER, first:last],
        tours.vehicle[first:last],
        tours.cost_factor[first:last],
        tours.drive_eur[first:last],
        tours.parking_eur[first:last],
        _f4(p.b_cost),
        _f4(p.k_park),
        shock[2, first:last],
        luck[_DRIVER, first:last],
        luck[_PASSENGER, first:last],
        _f4(scale[2]),
        best,
        lead,
        out,
    )


def choose_tours(
    first: int, last: int, tours: Any, crowding: Any, p: Any, exact: Any, scratch: Any, out_alternative: Any
) -> None:
    """Choose the mode of the tours ``first`` to ``last`` into ``out_alternative`` int8 [R].

    Parameters
    ----------
    crowding : float32 [1 + E]
        Factor on in-vehicle time where ``tours.crowd_out`` and ``tours.crowd_back`` point to; the first is 1.
    exact : float64 (`N_ALTERNATIVES` + `N_NESTS`,); scratch : float32 (4, `BLOCK` + `APART`)
        Room to work in.
    """
    if last - first < FEW:
        for r in range(first, last):
            out_alternative[r] = choose_exactly(tours, crowding, p, r, exact)
        return
    for start in range(first, last, BLOCK):
        stop = min(start + BLOCK, last)
        n, out = stop - start, out_alternative[start:stop]
        best, lead = scratch[2, :n], scratch[3, :n]
        _draw(start, stop, tours, crowding, p, scratch, best, lead, out)
        _settle_exactly(start, tours, crowding, p, lead, exact, out)


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
    scratch = np.empty((4, BLOCK + APART), np.float32)
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
_margin = njit(forceinline=True, **_LOOSE, **LEAN)(_margin)
_pair = njit(forceinline=True, **_LOOSE, **LEAN)(_pair)
_crowd = njit(**_LOOSE, **INNER)(_crowd)
_active_nest = njit(**_LOOSE, **INNER)(_active_nest)
_transit_nest = njit(**_LOOSE, **INNER)(_transit_nest)
_car_nest = njit(**_LOOSE, **INNER)(_car_nest)
_settle_exactly = njit(cache=True, nogil=True, **INNER)(_settle_exactly)
_draw = njit(cache=True, nogil=True, **INNER)(_draw)
choose_tours = njit(cache=True, nogil=True, **INNER)(choose_tours)
choose_modes = njit(cache=True, nogil=True, **LEAN)(choose_modes)
_choose_modes_rows = njit(cache=True, nogil=True, **INNER)(_choose_modes_rows)
choose_modes_rows = njit(cache=True, nogil=True)(choose_modes_rows)
