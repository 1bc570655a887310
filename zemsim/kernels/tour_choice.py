"""Mode choice by tour: utilities and an exact draw of the nested logit with frozen error terms.

Axes: P residents, R tours of one day type (those of a resident are neighbours), Z zones, Q timetable periods.
Nests {walk, bike, e-bike}, {bus, train}, {driver, passenger} with scales 0 < lambda <= 1, utility-consistent form:
``IV_B = lambda_B ln sum_B exp(V / lambda_B)``. A nest is drawn by ``argmax(IV_B + G_B)``, then an alternative inside it
by ``argmax(V / lambda_B + G_m)``, with standard Gumbel ``G`` that are frozen per resident, tour and alternative; both
stages together are an exact draw of the nested logit (Train, Discrete Choice Methods with Simulation, ch. 4).
An alternative that is not available has utility -inf; if none is, the choice is -1 and the caller counts it.

Utilities: tour utility is the sum of both ways; times in minutes and money in EUR are per one-way trip, and
``g = b_cost (d / 10 km)^lambda_c (vot_car_commute / vot) (income / mean)^-eta`` comes per tour as ``cost_factor``. An
interval ``H`` between departures counts as ``b_head 30 (H / 30)^head_power``: the second hour less than the first.
"""

from __future__ import annotations

import math
from typing import Any, Final, NamedTuple

import numpy as np
from numba import njit

from zemsim.core.names import Alternative, Nest
from zemsim.kernels.draws import gumbel
from zemsim.kernels.lean import LEAN

N_ALTERNATIVES = len(Alternative)
N_NESTS = len(Nest)

_WALK, _BIKE, _EBIKE = int(Alternative.WALK), int(Alternative.BIKE), int(Alternative.EBIKE)
_BUS, _TRAIN = int(Alternative.BUS), int(Alternative.TRAIN)
_DRIVER, _PASSENGER = int(Alternative.DRIVER), int(Alternative.PASSENGER)
#: Interval between departures at which `b_head` is what a minute of it weighs, min.
_REFERENCE_HEADWAY = 30.0


#: Stands in ``TourColumns.fixed`` for the utility of what is not available: sums and quotients of it are finite.
NEVER: Final = np.float32(-1e30)


class TourColumns(NamedTuple):
    """Columns [R] of the tours of one day type, each of which is contiguous in memory."""

    origin: Any  # int32 zone_idx
    dest: Any  # int32 zone_idx
    period_out: Any  # int8 index into names.PERIODS
    period_back: Any  # int8
    segment: Any  # int8 row of the mode constants
    road_km: Any  # float32 one way
    road_min: Any  # float32 from door to door by car, mean of out and back; inf where there is no road
    walk_min: Any  # float32 one way, mean of out and back; inf where nobody walks
    bike_min: Any  # float32 the same by bicycle
    ebike_min: Any  # float32 the same by e-bike; inf beyond the range of its battery
    cost_factor: Any  # float32 (d / 10 km)^lambda_c (vot_car_commute / vot) (income / mean)^-eta
    bike: Any  # bool: owns a bicycle
    ebike: Any  # int8: 0 none, 1 own, 2 shared
    shared_eur: Any  # float32 price of a ride by shared e-bike
    vehicle: Any  # int32 vehicle_idx at hand, -1 none
    drive_eur: Any  # float32 running cost one way with that vehicle
    parking_eur: Any  # float32 per tour with that vehicle
    passenger: Any  # bool: somebody could drive
    fare_eur: Any  # float32 [2, R]: fare to pay one way, bus and train
    transit: Any  # float32 [2, 5, R]: in-vehicle, wait, headway, walk (min), transfers
    transit_ok: Any  # bool [2, R]
    crowd_out: Any  # int32 [2, R] where crowding and further waits of the planned departure stand, 0 none
    crowd_back: Any  # int32 [2, R]
    fixed: Any  # float32 [7, R] part of the utilities that no iteration changes
    shock_nest: Any  # float32 [3, R] standard Gumbel
    shock_alternative: Any  # float32 [7, R] standard Gumbel


class ChoiceParameters(NamedTuple):
    """Coefficients in published units (per minute, per EUR) and mode constants."""

    b_cost: float
    b_car: float
    b_pt: float
    b_wait: float
    wait_cap_min: float
    b_head: float
    head_power: float
    b_acc: float
    b_tr: float
    b_walk: float
    b_bike: float
    k_ebike: float
    k_park: float
    w_temp: float
    shared_access_min: float
    constants: Any  # float64 [segments, 7]
    nest_scale: Any  # float64 [3]
    rain_walk: float = 0.0  # utility of the season's rain on foot, per tour
    rain_bike: float = 0.0  # the same by bicycle and e-bike


def _transit_utility(tours: Any, p: Any, r: int, k: int) -> Any:
    """One-way utility of bus (k = 0) or train (k = 1) with seats for all, without the constant."""
    x = tours.transit
    headway = x[k, 2, r]
    money = p.b_cost * tours.cost_factor[r] * tours.fare_eur[k, r]
    wait = min(0.5 * headway, p.wait_cap_min) + x[k, 1, r]
    delay = _REFERENCE_HEADWAY * (headway / _REFERENCE_HEADWAY) ** p.head_power
    level = p.b_pt * x[k, 0, r] + p.b_wait * wait + p.b_head * delay
    return level + p.b_acc * x[k, 3, r] + p.b_tr * x[k, 4, r] + money


def own_ebike_utility(tours: Any, temperature_c: float, p: Any, r: int) -> Any:
    """Utility of an e-bike of one's own on tour `r`, within its reach; both ways, the weather once."""
    one_way = p.k_ebike * p.b_bike * tours.ebike_min[r]
    return p.constants[tours.segment[r], _EBIKE] + 2.0 * one_way + _weather(temperature_c, p)


def _weather(temperature_c: float, p: Any) -> Any:
    """Utility of cycling in a season: ``w_temp`` per degree below 20, and its rain."""
    return p.w_temp * min(temperature_c - 20.0, 0.0) + p.rain_bike


def fill_fixed(tours: Any, temperature_c: float, p: Any, r: int) -> None:
    """Write the part of the utilities of tour `r` that no iteration changes into ``tours.fixed[:, r]``.

    It is the whole utility but for crowding and for the money of driving; `NEVER` where there is no such alternative.
    """
    fixed = tours.fixed
    constants = p.constants[tours.segment[r]]
    gain = p.b_cost * tours.cost_factor[r]
    weather = _weather(temperature_c, p)
    for m in range(N_ALTERNATIVES):
        fixed[m, r] = NEVER

    if tours.walk_min[r] < math.inf:
        fixed[_WALK, r] = constants[_WALK] + 2.0 * p.b_walk * tours.walk_min[r] + p.rain_walk
    if tours.bike[r] and tours.bike_min[r] < math.inf:
        fixed[_BIKE, r] = constants[_BIKE] + 2.0 * p.b_bike * tours.bike_min[r] + weather
    if tours.ebike[r] > 0 and tours.ebike_min[r] < math.inf:
        fixed[_EBIKE, r] = own_ebike_utility(tours, temperature_c, p, r)
        if tours.ebike[r] == 2:
            fixed[_EBIKE, r] += 2.0 * (gain * tours.shared_eur[r] + p.b_acc * p.shared_access_min)
    for k in range(2):
        if tours.transit_ok[k, r]:
            fixed[_BUS + k, r] = constants[_BUS + k] + 2.0 * _transit_utility(tours, p, r, k)
    if tours.road_min[r] < math.inf:
        ride = 2.0 * p.b_car * tours.road_min[r]
        fixed[_DRIVER, r] = constants[_DRIVER] + ride
        if tours.passenger[r]:
            fixed[_PASSENGER, r] = constants[_PASSENGER] + ride


def fill_fixed_rows(start: int, stop: int, tours: Any, temperature_c: float, p: Any) -> None:
    """`fill_fixed` for the tours ``start`` to ``stop``."""
    for r in range(start, stop):
        fill_fixed(tours, temperature_c, p, r)


def expect_waits_rows(
    start: int, stop: int, tours: Any, usual_min: Any, further_min: Any, temperature_c: float, p: Any
) -> None:
    """Give the tours ``start`` to ``stop`` the waits that they expect, and `fill_fixed` where these are others.

    The wait is the one at changes, ``usual_min`` [2, R], plus the mean over out and back of what full vehicles add,
    ``further_min`` float32 [1 + E], where ``tours.crowd_out`` and ``tours.crowd_back`` point to. The first is 0.
    """
    for r in range(start, stop):
        changed = False
        for k in range(2):
            if tours.transit_ok[k, r]:
                further = np.float32(0.5) * (further_min[tours.crowd_out[k, r]] + further_min[tours.crowd_back[k, r]])
                wait = usual_min[k, r] + further
                if wait != tours.transit[k, 1, r]:
                    tours.transit[k, 1, r] = wait
                    changed = True
        if changed:
            fill_fixed(tours, temperature_c, p, r)


def _crowding(tours: Any, crowding: Any, r: int, k: int) -> Any:
    """Mean crowding factor of the main legs out and back."""
    return 0.5 * (float(crowding[tours.crowd_out[k, r]]) + float(crowding[tours.crowd_back[k, r]]))


def fill_utilities(tours: Any, crowding: Any, p: Any, r: int, out_utility: Any) -> None:
    """Write the utilities of tour `r` into ``out_utility`` (7,); -inf where an alternative is not available.

    ``crowding`` is float32 [1 + E], the factor on in-vehicle time by stop event; 1 = seats for all. The first is 1.
    """
    for m in range(N_ALTERNATIVES):
        out_utility[m] = tours.fixed[m, r] if tours.fixed[m, r] > NEVER else -math.inf
    for k in range(2):
        factor = _crowding(tours, crowding, r, k)
        if factor != 1.0:
            out_utility[_BUS + k] += 2.0 * p.b_pt * (factor - 1.0) * tours.transit[k, 0, r]
    if tours.vehicle[r] >= 0:
        money = 2.0 * tours.drive_eur[r] + p.k_park * tours.parking_eur[r]
        out_utility[_DRIVER] += p.b_cost * tours.cost_factor[r] * money
    else:
        out_utility[_DRIVER] = -math.inf


def _nest_of(m: int) -> int:
    if m <= _EBIKE:
        return 0
    return 1 if m <= _TRAIN else 2


def fill_inclusive_values(utility: Any, nest_scale: Any, out_inclusive: Any) -> None:
    """Inclusive value of each nest, ``out_inclusive`` (3,), from utilities (7,); -inf for an empty nest."""
    first = 0
    for b in range(N_NESTS):
        last, best = first, first
        while last < N_ALTERNATIVES and _nest_of(last) == b:
            if utility[last] > utility[best]:
                best = last
            last += 1
        top = utility[best]
        # The largest utility is subtracted first: exp() of it would overflow above about 709. Its own term is 1.
        total = 1.0
        for m in range(first, last):
            if m != best and utility[m] > -math.inf:
                total += math.exp((utility[m] - top) / nest_scale[b])
        out_inclusive[b] = top if total == 1.0 else top + nest_scale[b] * math.log(total)
        first = last


def draw_inside(utility: Any, nest: int, nest_scale: Any, shock_alternative: Any) -> int:
    """The alternative drawn inside a nest."""
    choice, best = -1, -math.inf
    for m in range(N_ALTERNATIVES):
        if _nest_of(m) == nest:
            value = utility[m] / nest_scale[nest] + shock_alternative[m]
            if value > best:
                choice, best = m, value
    return choice


def draw_nested(utility: Any, inclusive: Any, nest_scale: Any, shock_nest: Any, shock_alternative: Any) -> int:
    """The alternative drawn with these error terms, -1 if none is available. Ties go to the lowest number."""
    nest, best = -1, -math.inf
    for b in range(N_NESTS):
        value = inclusive[b] + shock_nest[b]
        if value > best:
            nest, best = b, value
    return draw_inside(utility, nest, nest_scale, shock_alternative)


def choose_exactly(tours: Any, crowding: Any, p: Any, r: int, scratch: Any) -> int:
    """The alternative of tour `r`, -1 if none is available; ``scratch`` is float64 (10,)."""
    utility, inclusive = scratch[:N_ALTERNATIVES], scratch[N_ALTERNATIVES:]
    fill_utilities(tours, crowding, p, r, utility)
    fill_inclusive_values(utility, p.nest_scale, inclusive)
    return draw_nested(utility, inclusive, p.nest_scale, tours.shock_nest[:, r], tours.shock_alternative[:, r])


def fill_gumbel(start: int, stop: int, seed: int, stream: int, agents: Any, draw: Any, out_shock: Any) -> None:
    """Standard Gumbels ``out_shock`` [K, R] at addresses ``(seed, stream, agents[r], draw[r] * 16 + k)``."""
    for r in range(start, stop):
        for k in range(out_shock.shape[0]):
            out_shock[k, r] = gumbel(seed, stream, agents[r], draw[r] * 16 + k)


_crowding = njit(cache=True, nogil=True, forceinline=True, **LEAN)(_crowding)
_transit_utility = njit(cache=True, nogil=True, forceinline=True, **LEAN)(_transit_utility)
_weather = njit(cache=True, nogil=True, forceinline=True, **LEAN)(_weather)
own_ebike_utility = njit(cache=True, nogil=True, forceinline=True, **LEAN)(own_ebike_utility)
fill_fixed = njit(cache=True, nogil=True, forceinline=True, **LEAN)(fill_fixed)
fill_fixed_rows = njit(cache=True, nogil=True, **LEAN)(fill_fixed_rows)
expect_waits_rows = njit(cache=True, nogil=True, **LEAN)(expect_waits_rows)
fill_utilities = njit(cache=True, nogil=True, forceinline=True, **LEAN)(fill_utilities)
_nest_of = njit(cache=True, nogil=True, forceinline=True, **LEAN)(_nest_of)
fill_inclusive_values = njit(cache=True, nogil=True, forceinline=True, **LEAN)(fill_inclusive_values)
draw_inside = njit(cache=True, nogil=True, forceinline=True, **LEAN)(draw_inside)
draw_nested = njit(cache=True, nogil=True, forceinline=True, **LEAN)(draw_nested)
choose_exactly = njit(cache=True, nogil=True, forceinline=True, **LEAN)(choose_exactly)
fill_gumbel = njit(cache=True, nogil=True)(fill_gumbel)
