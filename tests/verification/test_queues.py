"""Waits at charging stations against the theory of queues, within standard errors of the simulation.

Sources: M/D/1 by Pollaczek and Khinchine, ``Wq = rho s / (2 (1 - rho))``; M/M/c by Erlang's C formula,
``Wq = C(c, a) s / (c - a)``; who leaves without any patience by Erlang's B formula; all in Gross, Shortle, Thompson and
Harris, Fundamentals of Queueing Theory, 4th ed., 2008, ch. 2 and 5. A queue that never empties overnight: all arrivals
of a case are of one long day. Waits of neighbours in the queue are correlated, so the standard error is that of the
means of independent days.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

from zemsim.verification import queues

MINUTES = 30.0
DAYS, ARRIVALS, WARM_UP = 40, 6_000, 1_000
#: Standard errors; the numbers of each case are the same in every run of the tests.
ERRORS = 3.0


def serve(arrive_min: np.ndarray, minutes: np.ndarray, points: int, **more: Any) -> tuple[np.ndarray, np.ndarray]:
    """Waits and who was served at one station; arrivals in order."""
    visits, _ = queues.serve(arrive_min.astype(np.float64), minutes.astype(np.float64), points, **more)
    n = len(arrive_min)
    return visits.wait_min[:n], visits.served[:n]


def erlang_c(points: int, load: float) -> float:
    """Probability that a driver waits in M/M/c with offered load ``load`` (Erlang)."""
    terms = [load**k / math.factorial(k) for k in range(points)]
    last = load**points / math.factorial(points) * points / (points - load)
    return last / (sum(terms) + last)


def simulated(points: int, use: float, exponential: bool) -> np.ndarray:
    """Mean waits of independent days at a use of the points between 0 and 1."""
    means = []
    for day in range(DAYS):
        rng = np.random.default_rng([points, round(use * 100), exponential, day])
        arrive = np.cumsum(rng.exponential(MINUTES / (points * use), ARRIVALS))
        minutes = rng.exponential(MINUTES, ARRIVALS) if exponential else np.full(ARRIVALS, MINUTES)
        wait, served = serve(arrive, minutes, points)
        assert served.all()
        means.append(wait[WARM_UP:].mean())
    return np.array(means)


def agree(means: np.ndarray, expected: float) -> None:
    error = means.std(ddof=1) / math.sqrt(len(means))
    assert abs(means.mean() - expected) < ERRORS * error, (means.mean(), expected, error)
    assert error < 0.1 * expected  # the comparison says something


@pytest.mark.parametrize("use", [0.3, 0.6, 0.8])
def test_one_point_with_equal_sessions_is_m_d_1(use: float) -> None:
    agree(simulated(1, use, exponential=False), use * MINUTES / (2.0 * (1.0 - use)))


@pytest.mark.parametrize(("points", "use"), [(1, 0.5), (1, 0.7), (2, 0.7), (4, 0.7), (8, 0.8)])
def test_points_with_exponential_sessions_are_m_m_c(points: int, use: float) -> None:
    load = points * use
    agree(simulated(points, use, exponential=True), erlang_c(points, load) * MINUTES / (points - load))


@pytest.mark.parametrize(
    ("points", "load", "exponential"), [(1, 0.5, True), (2, 1.8, True), (4, 4.8, True), (4, 3.2, False)]
)
def test_without_patience_the_share_of_erlang_b_leaves(points: int, load: float, exponential: bool) -> None:
    shares = []
    for day in range(DAYS):
        rng = np.random.default_rng([points, round(load * 100), exponential, day])
        arrive = np.cumsum(rng.exponential(MINUTES / load, ARRIVALS))
        minutes = rng.exponential(MINUTES, ARRIVALS) if exponential else np.full(ARRIVALS, MINUTES)
        _, served = serve(arrive, minutes, points, patience_min=0.0)
        shares.append(1.0 - served[WARM_UP:].mean())
    agree(np.array(shares), queues.erlang_b(points, load))


def test_erlang_b_of_a_textbook() -> None:
    """By hand: one server and load 1 lose a half; two and load 1 a fifth (Gross et al., ch. 2)."""
    assert queues.erlang_b(1, 1.0) == pytest.approx(0.5)
    assert queues.erlang_b(2, 1.0) == pytest.approx(0.2)


def test_two_cars_that_share_the_power_of_one_take_twice_as_long() -> None:
    """Two cars at 0 and 10, 30 kWh each, 60 kW for both: the first has 10 kWh alone, then both get 30 kW."""
    visits, peak_kw = queues.serve(np.array([0.0, 10.0]), np.full(2, 30.0), 2, site_kw=60.0)
    assert visits.end_min[:2].tolist() == pytest.approx([50.0, 60.0])
    assert visits.kwh[:2].tolist() == pytest.approx([30.0, 30.0])
    assert peak_kw.tolist() == [60.0]


def test_erlang_c_of_a_textbook() -> None:
    """One server: the probability of a wait is the use. Two servers at use 0.75: 9/14 (Gross et al., by hand)."""
    assert erlang_c(1, 0.4) == pytest.approx(0.4)
    assert erlang_c(2, 1.5) == pytest.approx(9 / 14)


def test_one_pooled_site_waits_less_than_two_apart() -> None:
    one, two = simulated(1, 0.7, exponential=True), simulated(2, 0.7, exponential=True)
    assert two.mean() < 0.6 * one.mean()


def test_more_points_never_lengthen_any_wait() -> None:
    """The same arrivals and sessions: each single wait is not longer with another point."""
    rng = np.random.default_rng(4)
    arrive, minutes = np.cumsum(rng.exponential(10.0, 3_000)), rng.exponential(MINUTES, 3_000)
    before = serve(arrive, minutes, 3)[0]
    for points in (4, 5, 6):
        after = serve(arrive, minutes, points)[0]
        assert (after <= before).all()
        assert after.sum() < before.sum()
        before = after


def test_by_hand() -> None:
    """Two points, three cars at 0, 5 and 10 for 30 min each, a fourth at 31: waits 0, 0, 20 and 4 minutes."""
    wait, served = serve(np.array([0.0, 5.0, 10.0, 31.0]), np.full(4, 30.0), 2)
    assert wait.tolist() == [0.0, 0.0, 20.0, 4.0]
    assert served.all()


def test_the_impatient_leave_and_take_no_point() -> None:
    """One point; the second car waits for 20 min and leaves, so the third, at 30, finds the point free."""
    arrive, minutes = np.array([0.0, 5.0, 30.0]), np.full(3, 30.0)
    wait, served = serve(arrive, minutes, 1, patience_min=20.0)
    assert served.tolist() == [True, False, True]
    assert wait.tolist() == [0.0, 20.0, 0.0]


def test_patience_is_enough_to_the_minute_and_a_stay_is_not() -> None:
    """The second car would wait 25 minutes: with that much patience it waits, with that long a stay it drives off."""
    arrive, minutes = np.array([0.0, 5.0]), np.full(2, 30.0)
    assert serve(arrive, minutes, 1, patience_min=25.0)[1].tolist() == [True, True]
    assert serve(arrive, minutes, 1, stay_min=np.array([99.0, 25.0]))[1].tolist() == [True, False]
    assert serve(arrive, minutes, 1, stay_min=np.array([99.0, 25.5]))[1].tolist() == [True, True]


def test_those_who_must_charge_wait_however_long() -> None:
    arrive, minutes = np.array([0.0, 5.0, 30.0]), np.full(3, 30.0)
    wait, served = serve(arrive, minutes, 1, patience_min=20.0, forced=True)
    assert served.all()
    assert wait.tolist() == [0.0, 25.0, 30.0]


def test_little_s_law() -> None:
    """The mean number of cars that wait is the rate of arrivals times the mean wait, exactly, if all end."""
    rng = np.random.default_rng(8)
    arrive, minutes = np.cumsum(rng.exponential(8.0, 2_000)), rng.exponential(MINUTES, 2_000)
    wait, _ = serve(arrive, minutes, 5)
    moments = np.sort(np.concatenate([arrive, arrive + wait]))
    middle = (moments[1:] + moments[:-1]) / 2.0
    begun = np.searchsorted(np.sort(arrive), middle, "right") - np.searchsorted(np.sort(arrive + wait), middle, "right")
    assert (begun * np.diff(moments)).sum() == pytest.approx(wait.sum(), rel=1e-9)
