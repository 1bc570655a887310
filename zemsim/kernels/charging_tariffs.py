"""What a charging session costs by a tariff: per kWh by the hour, per minute, per session, less for residents.

``EUR = share (kWh mean price + EUR/min minutes + EUR/session)``; the energy comes evenly over the session, so the mean
price is that of its minutes: ``(S(end) - S(begin)) / hours`` with S the sums of `zemsim.kernels.charging_tables`. The
cheapest start of a session that may be delayed lies where it begins or ends on a full hour, or as early or as late as
it can.
"""

from __future__ import annotations

import math
from typing import Any

from numba import njit

from zemsim.kernels.lean import LEAN

_MINUTES = 60.0


def sum_until(sums: Any, at_min: float) -> Any:
    """Price of a kilowatt drawn from midnight until a minute, which may be of a later day."""
    hours = at_min / _MINUTES
    days = math.floor(hours / 24.0)
    rest = hours - 24.0 * days
    hour = min(23, int(rest))
    return days * sums[24] + sums[hour] + (rest - hour) * (sums[hour + 1] - sums[hour])


def mean_price(sums: Any, begin_min: float, minutes: float) -> Any:
    """Mean price of a session in EUR/kWh; one of no length pays the price of its minute."""
    length = max(minutes, 1e-3)
    return (sum_until(sums, begin_min + length) - sum_until(sums, begin_min)) * _MINUTES / length


def public_eur(stations: Any, v: int, place: int, begin_min: float, minutes: float, grid_kwh: float) -> Any:
    """EUR that a driver from a municipality pays for a session at a public site."""
    share = stations.resident_share[v] if place >= 0 and place == stations.place[v] else 1.0
    energy = grid_kwh * mean_price(stations.hour_sums[v], begin_min, minutes)
    return share * (energy + stations.eur_min[v] * minutes + stations.eur_session[v])


def cheapest_start(sums: Any, earliest_min: float, latest_min: float, minutes: float) -> Any:
    """The start with the lowest mean price, not after ``latest_min``; the earliest of equals."""
    best, best_price = earliest_min, mean_price(sums, earliest_min, minutes)
    hour = math.ceil(earliest_min / _MINUTES)
    last = math.floor((latest_min + minutes) / _MINUTES)
    while hour <= last:
        for start in (hour * _MINUTES - minutes, hour * _MINUTES):
            if earliest_min < start <= latest_min:
                price = mean_price(sums, start, minutes)
                if price < best_price - 1e-12:
                    best, best_price = start, price
        hour += 1
    if latest_min > earliest_min and mean_price(sums, latest_min, minutes) < best_price - 1e-12:
        best = latest_min
    return best


sum_until = njit(cache=True, nogil=True, **LEAN)(sum_until)
mean_price = njit(cache=True, nogil=True, **LEAN)(mean_price)
public_eur = njit(cache=True, nogil=True, **LEAN)(public_eur)
cheapest_start = njit(cache=True, nogil=True, **LEAN)(cheapest_start)
