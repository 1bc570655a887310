"""Loans of shared cars: a day worked out by hand, and what must hold on any day."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from zemsim.model.car_loans import NONE_CHARGED, NONE_THERE, Fleet, Loans, Wishes, lend


def fleet(cars: list[int], battery: float = 40.0, kw: float = 6.0, reserve: float = 4.0) -> Fleet:
    n = len(cars)
    each = [np.full(n, value) for value in (battery, kw, reserve)]
    return Fleet(np.append(0, np.cumsum(cars)), *each, np.full(sum(cars), battery))


def wishes(*rows: tuple[int, float, float, float]) -> Wishes:
    station, take, back, need = (np.array(column) for column in zip(*rows, strict=True))
    return Wishes(station, take.astype(float), back.astype(float), need.astype(float), np.arange(len(rows)))


def test_a_day_by_hand() -> None:
    """One station, two cars of 40 kWh, 6 kW into the battery, 4 kWh in reserve.

    480 to 600: car 0 (both full, the first), 30 kWh, back with 10. 500 to 900: car 1, 6 kWh. 590: both are out.
    600: car 0 is back that very minute with 10 kWh, too few for 8 + 4. 660: after an hour 16 kWh, just enough for
    12 + 4; it is back at 720 with 4. From there 12 h at 6 kW are more than the 36 kWh that are missing.
    """
    loans = lend(
        fleet([2]),
        wishes((0, 660, 720, 12), (0, 480, 600, 30), (0, 600, 640, 8), (0, 500, 900, 6), (0, 590, 610, 1)),
    )
    assert loans.car.tolist() == [0, 0, NONE_CHARGED, 1, NONE_THERE]
    assert loans.driven_kwh.tolist() == [42.0, 6.0]
    assert loans.charged_kwh.tolist() == pytest.approx([42.0, 6.0])
    assert loans.end_kwh.tolist() == [40.0, 40.0]


def test_what_is_not_charged_by_midnight_is_missing() -> None:
    loans = lend(fleet([1]), wishes((0, 600, 1380, 30)))
    assert loans.end_kwh.tolist() == pytest.approx([10.0 + 6.0])
    late = lend(fleet([1]), wishes((0, 600, 1500, 30)))
    assert (late.end_kwh.tolist(), late.charged_kwh.tolist()) == ([10.0], [0.0])


def test_the_first_in_rank_wins_the_same_minute() -> None:
    asked = wishes((0, 600, 700, 1), (0, 600, 650, 1))
    assert lend(fleet([1]), asked).car.tolist() == [0, NONE_THERE]
    assert lend(fleet([1]), asked._replace(rank=np.array([1, 0]))).car.tolist() == [NONE_THERE, 0]


@st.composite
def days(draw: st.DrawFn) -> tuple[Fleet, Wishes]:
    cars = draw(st.lists(st.integers(0, 3), min_size=1, max_size=3))
    n = draw(st.integers(0, 25))
    station = np.array([draw(st.integers(0, len(cars) - 1)) for _ in range(n)], np.int64)
    take = np.array([draw(st.integers(0, 1439)) for _ in range(n)], float)
    back = take + np.array([draw(st.integers(0, 700)) for _ in range(n)], float)
    need = np.array([draw(st.floats(0.0, 45.0)) for _ in range(n)], float)
    rank = np.array(draw(st.permutations(range(n))), np.int64)
    kw = draw(st.floats(0.5, 50.0))
    made = fleet(cars, kw=kw)
    start = np.array([draw(st.floats(0.0, 40.0)) for _ in range(sum(cars))], float)
    return made._replace(start_kwh=start), Wishes(station, take, back, need, rank)


def of_car(asked: Wishes, loans: Loans, station: int, car: int) -> np.ndarray:
    """Wishes served by a car, by the minute at which it is taken."""
    at = np.flatnonzero((asked.station == station) & (loans.car == car))
    return at[np.lexsort((asked.rank[at], asked.take_min[at]))]


@given(days())
def test_any_day(day: tuple[Fleet, Wishes]) -> None:
    """Never two tours on a car at once, never below the reserve, and energy is neither made nor lost."""
    made, asked = day
    loans = lend(made, asked)
    served = 0
    for s, (first, last) in enumerate(zip(made.first[:-1].tolist(), made.first[1:].tolist(), strict=True)):
        for k in range(first, last):
            at = of_car(asked, loans, s, k - first)
            served += len(at)
            assert (asked.back_min[at[:-1]] <= asked.take_min[at[1:]]).all()
            level, ready, charged = float(made.start_kwh[k]), 0.0, 0.0
            for i in at.tolist():
                full = min(40.0, level + made.charge_kw[s] * (asked.take_min[i] - ready) / 60.0)
                assert full - asked.need_kwh[i] >= made.reserve_kwh[s] - 1e-12
                charged += full - level
                level, ready = full - float(asked.need_kwh[i]), float(asked.back_min[i])
            end = max(level, min(40.0, level + made.charge_kw[s] * max(0.0, 1440.0 - ready) / 60.0))
            assert loans.end_kwh[k] == pytest.approx(end, abs=1e-9)
            assert loans.charged_kwh[k] == pytest.approx(charged + end - level, abs=1e-9)
            assert loans.driven_kwh[k] == pytest.approx(asked.need_kwh[at].sum(), abs=1e-9)
            gap = made.start_kwh[k] + loans.charged_kwh[k] - loans.driven_kwh[k] - loans.end_kwh[k]
            assert abs(gap) <= 1e-9
    assert served == (loans.car >= 0).sum()


@given(days(), st.randoms())
def test_the_order_of_rows_does_not_matter(day: tuple[Fleet, Wishes], chance: object) -> None:
    made, asked = day
    order = np.arange(len(asked.station))
    chance.shuffle(order)  # type: ignore[attr-defined]
    mixed = lend(made, Wishes(*(column[order] for column in asked)))
    assert np.array_equal(mixed.car, lend(made, asked).car[order])


@given(days())
def test_who_is_refused_takes_nothing(day: tuple[Fleet, Wishes]) -> None:
    """Without the wishes that are refused, the others are served as before."""
    made, asked = day
    loans = lend(made, asked)
    kept = loans.car >= 0
    rest = lend(made, Wishes(*(column[kept] for column in asked)))
    assert np.array_equal(rest.car, loans.car[kept])
    assert np.array_equal(rest.end_kwh, loans.end_kwh)
