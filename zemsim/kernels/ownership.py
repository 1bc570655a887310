"""What a household buys: cars by powertrain and age, or none, and e-bikes. Axes: C places for a car, P residents.

A household has a row of places, each with a car or empty. Once a year a car meets its end with a hazard; with another
one the household thinks of a car for the first of its empty places. Either way it chooses among {petrol, diesel, BEV,
hybrid, PHEV} x {new, used} and none by a nested logit: none | new and used, each {petrol, diesel, hybrid} and
{PHEV, BEV}.
``U = constant + g_price (price - savings + T_cap annual cost) + ln(supply) + [BEV: b_range ln(R_winter / 400 km)
+ g_price T_cap (yearly cost of days beyond R_winter) + b_nohome [no place to plug in]
+ b_charger ln(1 + points per 1,000 around home and work) + b_any [a fast charger there]
+ b_peer (BEV share of neighbours and colleagues last year)]``
with prices in kEUR and ``g_price = b_price (income / mean)^eta``; ``savings`` are grants, as far as sellers pass them
on, and the scrapping bonus. The annual cost is that of the place's own kilometres (energy, maintenance) and of parking
where it went, by powertrain. Sources: parameters, groups ev and ebike.

Error terms are frozen, and those of the nested logit itself: a Gumbel number of the alternative plus logarithms of
positive stable numbers of its nests. So an alternative that gets better wins buyers from all others, and nobody changes
between two others because of it. Source: Cardell, Variance components structures for the extreme-value and logistic
distributions, Econometric Theory 13 (1997); the stable numbers after Kanter, Annals of Probability 3 (1975).
"""

from __future__ import annotations

import math
from typing import Any, NamedTuple

import numpy as np
from numba import njit

from zemsim.core.names import Powertrain
from zemsim.kernels.draws import gumbel, uniform
from zemsim.kernels.lean import LEAN

N_POWERTRAINS = len(Powertrain)
_BEV, _PHEV = int(Powertrain.BEV), int(Powertrain.PHEV)
#: Alternatives with a car: ``2 * powertrain + used``.
N_CARS = 2 * N_POWERTRAINS
#: The alternative without a car, and the number of all.
NO_CAR = N_CARS
N_ALTERNATIVES = N_CARS + 1
#: Numbers of draws that a place for a car takes in a year.
CAR_DRAWS = 32
#: First draws of the nests and of the alternatives among them: two for each stable number.
_AGE_DRAW, _NEST_DRAW, _ALTERNATIVE_DRAW = 0, 4, 12
#: Numbers of draws that a resident's thoughts of an e-bike take in a year: whether to think of one is the first.
EBIKE_DRAWS = 4


class Buyers(NamedTuple):
    """Arrays [C]: what the household of each place brings to the choice of a car for it."""

    vehicle_id: Any  # int64
    owned: Any  # bool: the place holds a car
    income_factor: Any  # float64 (income / mean)^eta
    km_year: Any  # float64
    eur_km: Any  # float64 [C, powertrains] running cost for this household
    parking_eur: Any  # float64 [C, 2] fees of a year for other cars and a battery electric one
    saving_keur: Any  # float64 [C, 4] off the price of a BEV new and used, a PHEV new and used
    beyond_keur: Any  # float64 [C, 2] yearly cost of the days beyond the winter range of a BEV new and used
    plug: Any  # bool: a place of its own to plug in
    points_term: Any  # float64 ln(1 + public points per 1,000 residents within reach), around home and work
    fast_near: Any  # bool
    peer_share: Any  # float64 BEV share of neighbours and colleagues last year
    none_utility: Any  # float64 of having no car in this place


class CarMarket(NamedTuple):
    """Prices and constants of a year."""

    price_keur: Any  # float64 [10]
    constant: Any  # float64 [10]
    ln_supply: Any  # float64 [10], 0 where supply is no limit
    range_winter_km: Any  # float64 [2] new and used BEV
    b_price: float
    years_counted: float
    b_range: float
    b_nohome: float
    b_charger: float
    b_anycharger: float
    b_peer: float
    age_scale: float
    powertrain_scale: float


def _car_utility(c: int, k: int, buyers: Any, market: Any) -> Any:
    """Utility of car `k` for the household of place `c`."""
    powertrain, used = k // 2, k % 2
    electric = powertrain == _BEV
    price = market.price_keur[k]
    if electric or powertrain == _PHEV:
        price = max(0.0, price - buyers.saving_keur[c, used if electric else 2 + used])
    parking = buyers.parking_eur[c, 1 if electric else 0]
    annual = (buyers.km_year[c] * buyers.eur_km[c, powertrain] + parking) / 1000.0
    if electric:
        annual += buyers.beyond_keur[c, used]
    gain = market.b_price * buyers.income_factor[c]
    utility = market.constant[k] + market.ln_supply[k] + gain * (price + market.years_counted * annual)
    if electric:
        utility += market.b_range * math.log(market.range_winter_km[used] / 400.0)
        utility += 0.0 if buyers.plug[c] else market.b_nohome
        utility += market.b_charger * buyers.points_term[c]
        utility += market.b_anycharger if buyers.fast_near[c] else 0.0
        utility += market.b_peer * buyers.peer_share[c]
    return utility


def _nest(k: int) -> int:
    """Nest of car `k`: ``2 * used + (it has a plug)``."""
    powertrain = k // 2
    return 2 * (k % 2) + (1 if powertrain in (_BEV, _PHEV) else 0)


def ln_stable(alpha: float, seed: int, stream: int, agent: Any, draw: int) -> float:
    """Logarithm of a positive stable number ``S`` with ``E exp(-t S) = exp(-t^alpha)``, 0 < alpha <= 1; two draws.

    ``alpha (ln S + Gumbel)`` is a Gumbel number again.
    """
    if alpha >= 1.0:
        return 0.0
    angle = math.pi * uniform(seed, stream, agent, draw)
    exponential = -math.log(uniform(seed, stream, agent, draw + 1))
    spread = math.log(math.sin((1.0 - alpha) * angle)) - math.log(exponential)
    return math.log(math.sin(alpha * angle)) - math.log(math.sin(angle)) / alpha + (1.0 - alpha) / alpha * spread


def fill_errors(c: int, seed: int, stream: int, year: int, buyers: Any, market: Any, out: Any) -> None:
    """Error terms of all alternatives of place `c` in a year: float64 [11]."""
    agent, first = buyers.vehicle_id[c], year * CAR_DRAWS
    age, within = market.age_scale, market.powertrain_scale / market.age_scale
    for k in range(N_CARS):
        out[k] = gumbel(seed, stream, agent, first + _ALTERNATIVE_DRAW + k)
    for used in range(2):
        of_age = ln_stable(age, seed, stream, agent, first + _AGE_DRAW + 2 * used)
        for plug in range(2):
            nest = 2 * used + plug
            of_nest = ln_stable(within, seed, stream, agent, first + _NEST_DRAW + 2 * nest)
            for k in range(used, N_CARS, 2):
                if _nest(k) == nest:
                    out[k] = age * (of_age + within * (of_nest + out[k]))
    out[NO_CAR] = gumbel(seed, stream, agent, first + _ALTERNATIVE_DRAW + NO_CAR)


def choose_car(c: int, seed: int, stream: int, year: int, buyers: Any, market: Any, scratch: Any) -> int:
    """What the household chooses for place `c`: ``2 * powertrain + used``, or `NO_CAR`; ``scratch``: float64 (11,)."""
    fill_errors(c, seed, stream, year, buyers, market, scratch)
    best, choice = buyers.none_utility[c] + scratch[NO_CAR], NO_CAR
    for k in range(N_CARS):
        value = _car_utility(c, k, buyers, market) + scratch[k]
        if value > best:
            best, choice = value, k
    return choice


def renew_place(
    c: int,
    thinks: bool,
    seed: int,
    stream_end: int,
    stream_buy: int,
    year: int,
    hazard: Any,
    buyers: Any,
    market: Any,
    scratch: Any,
) -> int:
    """The rule for one place: -1 = it stays as it is, else what is chosen; ``thinks``: the household looks at it."""
    if not thinks or uniform(seed, stream_end, buyers.vehicle_id[c], year) >= hazard[c]:
        return -1
    choice = choose_car(c, seed, stream_buy, year, buyers, market, scratch)
    return -1 if choice == NO_CAR and not buyers.owned[c] else choice


def renew_household(
    first: int,
    last: int,
    seed: int,
    stream_end: int,
    stream_buy: int,
    year: int,
    hazard: Any,
    buyers: Any,
    market: Any,
    scratch: Any,
    out_choice: Any,
) -> None:
    """`renew_place` for the places ``first`` to ``last`` of one household: all its cars and the first empty place."""
    looks_for_one = True
    for c in range(first, last):
        thinks = buyers.owned[c] or looks_for_one
        if not buyers.owned[c]:
            looks_for_one = False
        out_choice[c] = renew_place(c, thinks, seed, stream_end, stream_buy, year, hazard, buyers, market, scratch)


def renew_cars(
    start: int,
    stop: int,
    rows: Any,
    first_car: Any,
    last_car: Any,
    seed: int,
    stream_end: int,
    stream_buy: int,
    year: int,
    hazard: Any,
    buyers: Any,
    market: Any,
    out_choice: Any,
) -> None:
    """`renew_household` for the households ``rows[start:stop]``."""
    scratch = np.empty(N_ALTERNATIVES)
    for k in range(start, stop):
        first, last = first_car[rows[k]], last_car[rows[k]]
        renew_household(first, last, seed, stream_end, stream_buy, year, hazard, buyers, market, scratch, out_choice)


def _fill_probabilities(c: int, buyers: Any, market: Any, out: Any) -> None:
    """Probabilities of the alternatives of place `c`: float64 [11]."""
    age, powertrain = market.age_scale, market.powertrain_scale
    top = buyers.none_utility[c]
    for k in range(N_CARS):
        out[k] = _car_utility(c, k, buyers, market)
        top = max(top, out[k])
    total = math.exp(buyers.none_utility[c] - top)
    out[NO_CAR] = total
    for used in range(2):
        fuel = plug = 0.0
        for k in range(used, N_CARS, 2):
            out[k] = math.exp((out[k] - top) / powertrain)
            if _nest(k) == 2 * used:
                fuel += out[k]
            else:
                plug += out[k]
        of_age = fuel ** (powertrain / age) + plug ** (powertrain / age)
        total += of_age**age
        for k in range(used, N_CARS, 2):
            inside = fuel if _nest(k) == 2 * used else plug
            # a nest far below the best has no weight left, and its cars none
            out[k] *= inside ** (powertrain / age - 1.0) * of_age ** (age - 1.0) if inside > 0.0 else 0.0
    for k in range(N_ALTERNATIVES):
        out[k] /= total


def fill_probabilities(start: int, stop: int, rows: Any, buyers: Any, market: Any, out: Any) -> None:
    """Probabilities of the alternatives for the places ``rows[start:stop]``, float64 [rows, 11]."""
    for k in range(start, stop):
        _fill_probabilities(rows[k], buyers, market, out[k])


def buys_ebike(i: int, seed: int, stream: int, year: int, resident_id: Any, hazard: float, utility: Any) -> bool:
    """The rule for one resident without an e-bike: considers one with a hazard, buys by a binary logit."""
    if uniform(seed, stream, resident_id[i], year * EBIKE_DRAWS) >= hazard:
        return False
    buy = utility[i] + gumbel(seed, stream, resident_id[i], year * EBIKE_DRAWS + 1)
    return bool(buy > gumbel(seed, stream, resident_id[i], year * EBIKE_DRAWS + 2))


def buy_ebikes(
    start: int,
    stop: int,
    rows: Any,
    seed: int,
    stream: int,
    year: int,
    resident_id: Any,
    hazard: float,
    utility: Any,
    out_buys: Any,
) -> None:
    """`buys_ebike` for the residents ``rows[start:stop]``."""
    for k in range(start, stop):
        out_buys[rows[k]] = buys_ebike(rows[k], seed, stream, year, resident_id, hazard, utility)


_car_utility = njit(cache=True, nogil=True, **LEAN)(_car_utility)
_nest = njit(cache=True, nogil=True, **LEAN)(_nest)
ln_stable = njit(cache=True, nogil=True, **LEAN)(ln_stable)
fill_errors = njit(cache=True, nogil=True, **LEAN)(fill_errors)
choose_car = njit(cache=True, nogil=True, **LEAN)(choose_car)
renew_place = njit(cache=True, nogil=True, **LEAN)(renew_place)
renew_household = njit(cache=True, nogil=True, **LEAN)(renew_household)
renew_cars = njit(cache=True, nogil=True)(renew_cars)
_fill_probabilities = njit(cache=True, nogil=True, **LEAN)(_fill_probabilities)
fill_probabilities = njit(cache=True, nogil=True)(fill_probabilities)
buys_ebike = njit(cache=True, nogil=True, **LEAN)(buys_ebike)
buy_ebikes = njit(cache=True, nogil=True, **LEAN)(buy_ebikes)
