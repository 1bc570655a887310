"""What a household buys: the next car by powertrain and age, and e-bikes. Axes: C vehicles, P residents.

Once a year a car meets its end with a hazard; its household then chooses among {petrol, diesel, BEV} x {new, used} by a
nested logit (nests combustion and BEV) with frozen error terms:
``U = constant + g_price (price - pass-through grant) + g_price T_cap annual cost + [BEV: b_range ln(R_winter / 400 km)
+ b_nohome [no place to plug in] + b_charger ln(1 + points per 1,000 within reach) + b_any [a fast charger there] +
b_peer (BEV share of the municipality last year) + ln(supply)]`` with prices in kEUR and
``g_price = b_price (income / mean)^eta``. The annual cost is that of the car's own kilometres (energy, maintenance) and
of parking where it went, by powertrain. Sources: parameters, groups ev and ebike.
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
_BEV = int(Powertrain.BEV)
#: Alternatives of the next car: powertrain x (new, used), new first.
N_CARS = 2 * N_POWERTRAINS
#: Numbers of draws that a resident's thoughts of an e-bike take in a year: whether to think of one is the first.
EBIKE_DRAWS = 4


class Buyers(NamedTuple):
    """Arrays [C]: what the household of each car brings to the choice of the next one."""

    vehicle_id: Any  # int64
    income_factor: Any  # float32 (income / mean)^eta
    km_year: Any  # float32
    plug: Any  # bool: a place of its own to plug in
    points_term: Any  # float32 ln(1 + public points per 1,000 residents within reach)
    fast_near: Any  # bool
    peer_share: Any  # float32 BEV share of the municipality's cars last year
    eur_km: Any  # float32 [C, 3] running cost by powertrain, for this household
    parking_eur: Any  # float64 [C, 2] fees of a year for a combustion and an electric car
    grant_keur: Any  # float32 [C, 2] for a new and a used BEV, 0 where not eligible


class CarMarket(NamedTuple):
    """Prices and constants of a year."""

    price_keur: Any  # float64 [6]
    constant: Any  # float64 [6]
    range_winter_km: Any  # float64 [2] new and used BEV
    ln_supply: Any  # float64 [2] new and used BEV
    b_price: float
    years_counted: float
    b_range: float
    b_nohome: float
    b_charger: float
    b_anycharger: float
    b_peer: float
    pass_through: float
    nest_scale: float


def _car_utility(c: int, k: int, buyers: Any, market: Any) -> Any:
    """Utility of alternative `k` for the household of car `c`."""
    powertrain, used = k // 2, k % 2
    gain = market.b_price * buyers.income_factor[c]
    price = market.price_keur[k]
    if powertrain == _BEV:
        price = max(0.0, price - market.pass_through * buyers.grant_keur[c, used])
    parking = buyers.parking_eur[c, 1 if powertrain == _BEV else 0]
    annual = (buyers.km_year[c] * buyers.eur_km[c, powertrain] + parking) / 1000.0
    utility = market.constant[k] + gain * (price + market.years_counted * annual)
    if powertrain == _BEV:
        utility += market.b_range * math.log(market.range_winter_km[used] / 400.0)
        utility += market.ln_supply[used]
        utility += 0.0 if buyers.plug[c] else market.b_nohome
        utility += market.b_charger * buyers.points_term[c]
        utility += market.b_anycharger if buyers.fast_near[c] else 0.0
        utility += market.b_peer * buyers.peer_share[c]
    return utility


def choose_car(c: int, seed: int, stream: int, year: int, buyers: Any, market: Any, scratch: Any) -> int:
    """The next car of the household of car `c`: ``2 * powertrain + used``. ``scratch`` is float64 (6,)."""
    first_bev = 2 * _BEV
    scale = market.nest_scale
    best, nest = -math.inf, 0
    for b in range(2):
        low, high = (0, first_bev) if b == 0 else (first_bev, N_CARS)
        top = -math.inf
        for k in range(low, high):
            scratch[k] = _car_utility(c, k, buyers, market)
            top = max(top, scratch[k])
        total = 0.0
        for k in range(low, high):
            total += math.exp((scratch[k] - top) / scale)
        value = top + scale * math.log(total) + gumbel(seed, stream, buyers.vehicle_id[c], year * 16 + b)
        if value > best:
            best, nest = value, b
    low, high = (0, first_bev) if nest == 0 else (first_bev, N_CARS)
    best, choice = -math.inf, low
    for k in range(low, high):
        value = scratch[k] / scale + gumbel(seed, stream, buyers.vehicle_id[c], year * 16 + 2 + k)
        if value > best:
            best, choice = value, k
    return choice


def replace_car(
    c: int, seed: int, stream_end: int, stream_buy: int, year: int, hazard: Any, buyers: Any, market: Any, scratch: Any
) -> int:
    """The rule for one car: -1 = kept, else the alternative bought."""
    if uniform(seed, stream_end, buyers.vehicle_id[c], year) >= hazard[c]:
        return -1
    return choose_car(c, seed, stream_buy, year, buyers, market, scratch)


def replace_cars(
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
    """`replace_car` for the cars of the households ``rows[start:stop]``."""
    scratch = np.empty(N_CARS)
    for k in range(start, stop):
        for c in range(first_car[rows[k]], last_car[rows[k]]):
            out_choice[c] = replace_car(c, seed, stream_end, stream_buy, year, hazard, buyers, market, scratch)


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
choose_car = njit(cache=True, nogil=True, **LEAN)(choose_car)
replace_car = njit(cache=True, nogil=True, **LEAN)(replace_car)
replace_cars = njit(cache=True, nogil=True)(replace_cars)
buys_ebike = njit(cache=True, nogil=True, **LEAN)(buys_ebike)
buy_ebikes = njit(cache=True, nogil=True, **LEAN)(buy_ebikes)
