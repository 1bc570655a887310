"""The charging queue against the theory of queues, and against a slow twin.

Sources: M/D/1 by Pollaczek and Khinchine, ``Wq = rho s / (2 (1 - rho))``; M/M/c by Erlang's C formula,
``Wq = C(c, a) s / (c - a)``; both in Gross, Shortle, Thompson and Harris, Fundamentals of Queueing Theory, 4th ed.,
2008, ch. 2 and 5. A queue that never empties overnight: all arrivals of a case are of one long day. Waits of neighbours
in the queue are correlated, so the standard error is that of the means of independent days.
"""

from __future__ import annotations

import math
from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from zemsim.kernels.charging import ChargingParameters, Requests
from zemsim.kernels.charging_queues import serve_stations
from zemsim.verification.numbers import Numbers
from zemsim.verification.twins.queue import waits as slow_waits
from zemsim.verification.verdicts import Check, none_differ

Float = NDArray[np.float64]

#: Minutes of a session.
_MINUTES = 30.0
_DAYS, _ARRIVALS, _WARM_UP = 40, 6_000, 1_000
#: Standard errors: a right kernel fails one case with a probability below 1e-5 (t with 39 degrees of freedom).
_ERRORS = 5.2
_TEXTBOOK = "Gross, Shortle, Thompson, Harris, Fundamentals of Queueing Theory, 2008"


def serve(arrive_min: Float, minutes: Float, points: int) -> tuple[Float, Float]:
    """Wait and kWh of each car at one station without impatience, float64 [n] each; 20 kWh asked; arrivals in order."""
    n = arrive_min.size
    requests = Requests(
        station=np.zeros(n, np.int32),
        place=np.full(n, 3, np.int8),
        arrive_min=arrive_min,
        until_min=np.full(n, math.inf),
        kwh=np.full(n, 20.0),
        minutes=minutes,
        lost_min=np.zeros(n),
        forced=np.zeros(n, np.bool_),
    )
    parameters = ChargingParameters(**dict.fromkeys(ChargingParameters._fields, 0.0) | {"patience_min": math.inf})
    wait, served, kwh = np.zeros(n), np.zeros(n, np.bool_), np.zeros(n)
    first, order, station = np.array([0, n], np.int32), np.arange(n, dtype=np.int32), np.zeros(1, np.int32)
    point_of = np.array([0, points], np.int32)
    serve_stations(
        0, 1, first, order, station, point_of, np.zeros(points), requests, parameters, wait, served, kwh
    )  # fmt: skip
    return wait, kwh


def erlang_c(points: int, load: float) -> float:
    """Probability that a driver waits in M/M/c under an offered load in Erlang below ``points``."""
    terms = [load**k / math.factorial(k) for k in range(points)]
    last = load**points / math.factorial(points) * points / (points - load)
    return last / (sum(terms) + last)


def mean_wait_md1(use: float) -> float:
    """Mean wait in minutes at one point with sessions of equal length, in use for a share of the time."""
    return use * _MINUTES / (2.0 * (1.0 - use))


def mean_wait_mmc(points: int, use: float) -> float:
    """Mean wait in minutes at ``points`` points with exponential sessions, each in use for a share of the time."""
    return erlang_c(points, points * use) * _MINUTES / (points * (1.0 - use))


def _day(case: int, points: int, use: float, exponential: bool) -> tuple[Float, Float]:
    numbers = Numbers(case)
    arrive_min = np.cumsum(numbers.exponential(_MINUTES / (points * use), _ARRIVALS))
    return arrive_min, numbers.exponential(_MINUTES, _ARRIVALS) if exponential else np.full(_ARRIVALS, _MINUTES)


def _mean_waits(first_case: int, points: int, use: float, exponential: bool) -> Float:
    """Mean waits of independent days, float64 [days]."""
    means = []
    for day in range(_DAYS):
        wait, _ = serve(*_day(first_case + day, points, use, exponential), points)
        means.append(wait[_WARM_UP:].mean())
    return np.array(means)


def _against(test: str, means: Float, expected: float) -> Check:
    error = _ERRORS * means.std(ddof=1) / math.sqrt(means.size)
    return Check(f"{test}, mean wait in minutes", float(means.mean()), expected - error, expected + error, _TEXTBOOK)


def checks() -> Iterator[Check]:
    """Mean waits of M/D/1 and M/M/c; every wait against the slow twin; Little's law; more points never harm."""
    case = 10_000
    for use in (0.3, 0.6, 0.8):
        yield _against(f"charging queue M/D/1 at use {use}", _mean_waits(case, 1, use, False), mean_wait_md1(use))
        case += _DAYS
    for points, use in ((1, 0.7), (2, 0.7), (4, 0.7), (8, 0.8)):
        means = _mean_waits(case, points, use, True)
        yield _against(f"charging queue M/M/{points} at use {use}", means, mean_wait_mmc(points, use))
        case += _DAYS
    differing = compared = 0
    for points in (1, 2, 3, 7):
        arrive_min, minutes = _day(case, points, 0.8, True)
        case += 1
        wait, _ = serve(arrive_min, minutes, points)
        differing += int((wait != np.array(slow_waits(arrive_min.tolist(), minutes.tolist(), points))).sum())
        compared += wait.size
    yield none_differ("charging queue against a slow twin, waits", differing, compared, "twin in plain Python")
    yield _little(case)


def _little(case: int) -> Check:
    """Cars that wait, summed over time, against the waits of all cars."""
    arrive_min, minutes = _day(case, 5, 0.8, True)
    wait, _ = serve(arrive_min, minutes, 5)
    moments = np.sort(np.concatenate([arrive_min, arrive_min + wait]))
    middle = 0.5 * (moments[1:] + moments[:-1])
    waiting = np.searchsorted(arrive_min, middle, "right") - np.searchsorted(
        np.sort(arrive_min + wait), middle, "right"
    )
    ratio = float((waiting * np.diff(moments)).sum() / wait.sum())
    return Check("charging queue, car-minutes in the queue / sum of waits", ratio, 1 - 1e-9, 1 + 1e-9, "Little, 1961")
