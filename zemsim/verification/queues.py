"""The charging queue against the theory of queues, and against a slow twin.

Sources: M/D/1 by Pollaczek and Khinchine, ``Wq = rho s / (2 (1 - rho))``; M/M/c by Erlang's C formula,
``Wq = C(c, a) s / (c - a)``; loss without any patience by Erlang's B formula, the same for sessions of any kind of
length; all in Gross, Shortle, Thompson and Harris, Fundamentals of Queueing Theory, 4th ed.,
2008, ch. 2 and 5. A queue that never empties overnight: all arrivals of a case are of one long day. Waits of neighbours
in the queue are correlated, so the standard error is that of the means of independent days.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from zemsim.core.names import ChargingPlace
from zemsim.kernels.charging_queues import begin_day, serve_day
from zemsim.kernels.charging_tables import (
    HOUR_SUMS,
    ChargingParameters,
    ElectricCars,
    ElectricTours,
    Moment,
    ServedDay,
    Stations,
    Visits,
    free_points,
    no_requests,
    served_day,
)
from zemsim.verification.numbers import Numbers
from zemsim.verification.twins.queue import waits as slow_waits
from zemsim.verification.verdicts import Check, none_differ

Float = NDArray[np.float64]

#: Minutes of a session.
_MINUTES = 30.0
_DAYS, _ARRIVALS, _WARM_UP = 40, 6_000, 1_000
#: Standard errors of a mean over the days. The numbers of each case are the same in every run of the checks.
_ERRORS = 3.0
_TEXTBOOK = "Gross, Shortle, Thompson, Harris, Fundamentals of Queueing Theory, 2008"


def serve(arrive_min: Float, minutes: Float, points: int, **more: Any) -> tuple[Visits, Float]:
    """A day of cars at one site, and its highest power; arrivals in order. See `serve_sites`."""
    day = _day_at_sites(np.zeros(arrive_min.size, np.int32), arrive_min, minutes, np.array([points], np.int32), **more)
    return day.visits, day.sites.peak_kw


def serve_sites(
    site_of: NDArray[np.int32], arrive_min: Float, minutes: Float, points_of: NDArray[np.int32], **more: Any
) -> Visits:
    """A day of cars at some sites: what `zemsim.kernels.charging_queues` makes of it.

    Parameters
    ----------
    site_of : int32 [n].
    arrive_min : float64 [n].
    minutes : float64 [n], of charging at the power of a point, 60 kW: as many kWh.
    points_of : int32 [V], points of each site.
    patience_min, stay_min : longest wait, and how long cars stay; without end if not given.
    forced : whether all must charge.
    site_kw : power that the points of a site share.
    """
    visits: Visits = _day_at_sites(site_of, arrive_min, minutes, points_of, **more).visits
    return visits


def _day_at_sites(
    site_of: NDArray[np.int32],
    arrive_min: Float,
    minutes: Float,
    points_of: NDArray[np.int32],
    patience_min: float = math.inf,
    stay_min: Float | float = math.inf,
    forced: bool = False,
    site_kw: float = math.inf,
) -> ServedDay:
    n = arrive_min.size
    requests = no_requests(2 * n)
    requests.station[:n], requests.moment[:n], requests.place[:n] = site_of, Moment.STOP, ChargingPlace.PUBLIC_FAST
    requests.kwh[:n], requests.kw[:n], requests.forced[:n] = minutes, 60.0, forced
    requests.until_min[:n] = arrive_min + stay_min
    p = ChargingParameters(
        **dict.fromkeys(ChargingParameters._fields, 0.0)
        | {"patience_min": patience_min, "car_dc_kw": 60.0, "fast_power_share": 1.0, "loss_ac": 1.0, "loss_dc": 1.0}
    )
    first = np.arange(n + 1, dtype=np.int32)
    state = free_points(points_of)
    day = served_day(first, _tours(arrive_min), _no_cars(), requests, _sites(points_of, site_kw), p, state)
    held_kw = np.zeros(len(state.slot))
    begin_day(day, np.zeros(n), held_kw)
    serve_day(day, held_kw)
    return day


def _tours(arrive_min: Float) -> ElectricTours:
    """A tour of no length by each car, at its arrival."""
    n = arrive_min.size
    none, whole = np.zeros(n, np.float32), np.zeros(n, np.int32)
    return ElectricTours(
        vehicle=np.zeros(n, np.int32),
        draw=whole,
        dest=whole,
        home=whole,
        road_km=none,
        depart_min=arrive_min,
        arrive_min=arrive_min,
        leave_min=arrive_min,
        return_min=arrive_min,
        work_kw=none,
        last=np.ones(n, np.bool_),
    )


def _no_cars() -> ElectricCars:
    """The queue reads of a car only where it lives."""
    none = np.zeros(1, np.float32)
    return ElectricCars(
        vehicle_id=np.zeros(1, np.int64),
        battery_kwh=none,
        home_kw=none,
        home_eur_kwh=none,
        home_tariff=np.zeros(1, np.int8),
        home_hours=np.zeros((2, HOUR_SUMS)),
        delays=np.zeros(1, np.bool_),
        place=np.full(1, -1, np.int32),
        money_weight=none,
    )


def _sites(points_of: NDArray[np.int32], site_kw: float) -> Stations:
    """Sites beside which nobody finds another one."""
    n = len(points_of)
    none = np.full((1, 1), -1, np.int32)
    return Stations(
        points=points_of,
        power_kw=np.full(n, 60.0, np.float32),
        site_kw=np.full(n, site_kw, np.float32),
        hour_sums=np.zeros((n, HOUR_SUMS)),
        eur_min=np.zeros(n),
        eur_session=np.zeros(n),
        resident_share=np.ones(n),
        place=np.full(n, -1, np.int32),
        wait_min=np.zeros(n, np.float32),
        slow_near=none,
        slow_walk_min=np.zeros((1, 1), np.float32),
        fast_near=none,
        fast_detour_min=np.zeros((1, 1), np.float32),
    )


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


def erlang_b(points: int, load: float) -> float:
    """Share of drivers who find no free point and leave, under an offered load in Erlang."""
    lost = 1.0
    for k in range(1, points + 1):
        lost = load * lost / (k + load * lost)
    return lost


def _mean_waits(first_case: int, points: int, use: float, exponential: bool) -> Float:
    """Mean waits of independent days, float64 [days]."""
    means = []
    for day in range(_DAYS):
        arrive_min, minutes = _day(first_case + day, points, use, exponential)
        visits, _ = serve(arrive_min, minutes, points)
        means.append(visits.wait_min[_WARM_UP:_ARRIVALS].mean())
    return np.array(means)


def _lost_shares(first_case: int, points: int, use: float, exponential: bool) -> Float:
    """Shares of drivers who leave at once on independent days, float64 [days]."""
    shares = []
    for day in range(_DAYS):
        arrive_min, minutes = _day(first_case + day, points, use, exponential)
        visits, _ = serve(arrive_min, minutes, points, patience_min=0.0)
        shares.append(1.0 - visits.served[_WARM_UP:_ARRIVALS].mean())
    return np.array(shares)


def _against(test: str, means: Float, expected: float, what: str = "mean wait in minutes") -> Check:
    error = _ERRORS * means.std(ddof=1) / math.sqrt(means.size)
    return Check(f"{test}, {what}", float(means.mean()), expected - error, expected + error, _TEXTBOOK)


def checks() -> Iterator[Check]:
    """Mean waits of M/D/1 and M/M/c, losses of Erlang B; waits against the slow twin; Little's law; shared power."""
    case = 10_000
    for use in (0.3, 0.6, 0.8):
        yield _against(f"charging queue M/D/1 at use {use}", _mean_waits(case, 1, use, False), mean_wait_md1(use))
        case += _DAYS
    for points, use in ((1, 0.7), (2, 0.7), (4, 0.7), (8, 0.8)):
        means = _mean_waits(case, points, use, True)
        yield _against(f"charging queue M/M/{points} at use {use}", means, mean_wait_mmc(points, use))
        case += _DAYS
    for points, use, exponential in ((1, 0.5, True), (2, 0.9, True), (4, 1.2, True), (4, 0.8, False)):
        shares = _lost_shares(case, points, use, exponential)
        test = f"charging queue {'M/M' if exponential else 'M/D'}/{points}/{points} at load {points * use:g} Erlang"
        yield _against(test, shares, erlang_b(points, points * use), "share of drivers who leave, Erlang B")
        case += _DAYS
    yield _twin(case)
    yield _little(case + 4)
    yield _shared_power(case + 5)


def _twin(case: int) -> Check:
    """Every wait of four days against the slow twin."""
    differing = compared = 0
    for points in (1, 2, 3, 7):
        arrive_min, minutes = _day(case, points, 0.8, True)
        case += 1
        wait = serve(arrive_min, minutes, points)[0].wait_min[:_ARRIVALS]
        slow = slow_waits(arrive_min.tolist(), (60.0 * minutes / 60.0).tolist(), points)
        differing += int((wait != np.array(slow)).sum())
        compared += wait.size
    return none_differ("charging queue against a slow twin, waits", differing, compared, "twin in plain Python")


def _little(case: int) -> Check:
    """Cars that wait, summed over time, against the waits of all cars."""
    arrive_min, minutes = _day(case, 5, 0.8, True)
    wait = serve(arrive_min, minutes, 5)[0].wait_min[:_ARRIVALS]
    moments = np.sort(np.concatenate([arrive_min, arrive_min + wait]))
    middle = 0.5 * (moments[1:] + moments[:-1])
    waiting = np.searchsorted(arrive_min, middle, "right") - np.searchsorted(
        np.sort(arrive_min + wait), middle, "right"
    )
    ratio = float((waiting * np.diff(moments)).sum() / wait.sum())
    return Check("charging queue, car-minutes in the queue / sum of waits", ratio, 1 - 1e-9, 1 + 1e-9, "Little, 1961")


def _shared_power(case: int) -> Check:
    """Many points that share the power of one: M/G/1 with processor sharing, mean stay ``s / (1 - rho)``."""
    use, stays = 0.6, []
    for day in range(_DAYS):
        arrive_min, minutes = _day(case + day, 1, use, False)
        visits, _ = serve(arrive_min, minutes, 200, site_kw=60.0)
        stays.append(visits.end_min[_WARM_UP:_ARRIVALS] - arrive_min[_WARM_UP:])
    means = np.array([stay.mean() for stay in stays])
    source = "Kleinrock, Queueing Systems II, 1976, ch. 4"
    error = _ERRORS * means.std(ddof=1) / math.sqrt(means.size)
    expected = _MINUTES / (1.0 - use)
    return Check(
        f"charging site that shares its power, use {use}, mean minutes of charging",
        float(means.mean()), expected - error, expected + error, source,
    )  # fmt: skip
