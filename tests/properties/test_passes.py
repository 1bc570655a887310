"""Passes against their slow twin; nobody pays more than with single fares, and dearer passes have no more holders."""

from __future__ import annotations

import math

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from tests.reference import passes as reference
from zemsim.kernels.passes import FOR_BUSES, FOR_TRAINS, passes_taken, take_passes

rides = st.sampled_from([0.0, 20.0]) | st.floats(0.0, 60.0)
prices = st.sampled_from([0.0, 20.0, math.inf]) | st.floats(0.0, 80.0)
residents = st.lists(st.tuples(rides, rides, prices, prices), max_size=6)


def taken(rides_month: np.ndarray, trips: np.ndarray) -> np.ndarray:
    out = np.full(len(trips), -1, np.int8)
    take_passes(0, len(trips), np.arange(len(trips)), rides_month, trips, out)
    return out


def tables(people: list[tuple[float, float, float, float]]) -> tuple[np.ndarray, np.ndarray]:
    values = np.array(people, np.float64).reshape(-1, 4)
    return np.ascontiguousarray(values[:, :2]), np.ascontiguousarray(values[:, 2:])


@given(residents)
def test_one_and_many_take_what_the_twin_takes(people: list[tuple[float, float, float, float]]) -> None:
    rides_month, trips = tables(people)
    expected = [reference.passes_taken(person[:2], person[2:]) for person in people]
    assert taken(rides_month, trips).tolist() == expected
    assert [passes_taken(i, rides_month, trips) for i in range(len(people))] == expected


@given(residents, st.floats(0.0, 40.0))
def test_a_dearer_pass_has_no_more_holders(people: list[tuple[float, float, float, float]], more: float) -> None:
    rides_month, trips = tables(people)
    before, after = taken(rides_month, trips), taken(rides_month, trips + more)
    assert ((before & after) == after).all()


@given(residents)
def test_who_takes_a_pass_pays_the_cheaper_of_both_tickets(people: list[tuple[float, float, float, float]]) -> None:
    """A month costs ``trips`` single fares with a pass and ``rides`` without one: never more than single fares."""
    rides_month, trips = tables(people)
    has = (taken(rides_month, trips)[:, None] & np.array([FOR_BUSES, FOR_TRAINS])) != 0
    month = np.where(has, trips, rides_month)
    assert np.array_equal(month, np.minimum(rides_month, trips))
