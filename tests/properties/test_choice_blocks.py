"""Mode choice of many tours at once is the exact rule of one tour, whatever the block, its neighbours and its leads."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from tests.properties.test_tour_choice import parameters
from zemsim.kernels import choice_blocks as blocks
from zemsim.kernels.blocks import run_blocks
from zemsim.kernels.tour_choice import N_ALTERNATIVES, N_NESTS, NEVER, TourColumns, choose_exactly

CROWDING = np.array([1.0, 1.0, 1.25, 1.5], np.float32)
#: Utilities of tours, among them none, equal ones and ones so far apart that exp() of the difference is 0.
utilities = st.sampled_from([float(NEVER), 0.0, -0.5, -700.0]) | st.floats(-60, 5, width=32)
luck = st.sampled_from([0.0, 1.0]) | st.floats(-3, 12, width=32)


def columns(fixed: Any, shock_nest: Any, shock_alternative: Any, seed: int) -> TourColumns:
    """Tours with these fixed parts and error terms; crowding, cars and money by chance."""
    n = fixed.shape[1]
    rng = np.random.default_rng(seed)
    empty = dict.fromkeys(TourColumns._fields, np.zeros(0))
    return TourColumns(**empty)._replace(
        fixed=np.ascontiguousarray(fixed, np.float32),
        shock_nest=np.ascontiguousarray(shock_nest, np.float32),
        shock_alternative=np.ascontiguousarray(shock_alternative, np.float32),
        vehicle=rng.integers(-1, 2, n).astype(np.int32),
        cost_factor=rng.uniform(0.2, 3, n).astype(np.float32),
        drive_eur=rng.uniform(0, 20, n).astype(np.float32),
        parking_eur=rng.uniform(0, 8, n).astype(np.float32),
        transit=rng.uniform(0, 90, (2, 5, n)).astype(np.float32),
        crowd_out=rng.integers(0, CROWDING.size, (2, n)).astype(np.int32),
        crowd_back=rng.integers(0, CROWDING.size, (2, n)).astype(np.int32),
    )


def by_blocks(tours: TourColumns, rows: Any, start: Any, end: Any, threads: int = 1, p: Any = None) -> Any:
    out = np.full(tours.fixed.shape[1], -9, np.int8)
    run_blocks(
        blocks.choose_modes_rows,
        len(rows),
        threads,
        rows,
        start,
        end,
        tours,
        CROWDING,
        parameters() if p is None else p,
        out,
        block_rows=512,
    )
    return out


def exactly(tours: TourColumns) -> Any:
    scratch = np.empty(N_ALTERNATIVES + N_NESTS)
    rows = range(tours.fixed.shape[1])
    return np.array([choose_exactly(tours, CROWDING, parameters(), r, scratch) for r in rows], np.int8)


def each_a_resident(n: int) -> tuple[Any, Any, Any]:
    rows = np.arange(n, dtype=np.int32)
    return rows, rows, rows + 1


@settings(max_examples=150, deadline=None)
@given(st.data(), st.integers(1, 70), st.integers(0, 2**31))
def test_blocks_choose_what_the_exact_rule_chooses(data: st.DataObject, n: int, seed: int) -> None:
    def draw(rows: int, elements: st.SearchStrategy[float]) -> Any:
        return data.draw(arrays.arrays(np.float32, (rows, n), elements=elements))

    tours = columns(draw(N_ALTERNATIVES, utilities), draw(N_NESTS, luck), draw(N_ALTERNATIVES, luck), seed)
    np.testing.assert_array_equal(by_blocks(tours, *each_a_resident(n)), exactly(tours))


@pytest.mark.parametrize("n", [blocks.FEW - 1, blocks.FEW, blocks.BLOCK, blocks.BLOCK + 1, 2 * blocks.BLOCK + 7])
def test_every_tour_of_any_number_is_chosen_for(n: int) -> None:
    tours = _random_tours(n)
    rows, start, end = np.zeros(1, np.int32), np.zeros(1, np.int32), np.full(1, n, np.int32)
    np.testing.assert_array_equal(by_blocks(tours, rows, start, end), exactly(tours))
    for threads in (1, 2, 3):
        np.testing.assert_array_equal(by_blocks(tours, *each_a_resident(n), threads), exactly(tours))


def test_only_the_tours_of_the_residents_asked_for_are_chosen_for() -> None:
    """Residents in any order, with none, one and many tours, and some left out."""
    count = np.random.default_rng(3).integers(0, 40, 60)
    end = np.cumsum(count).astype(np.int32)
    start = (end - count).astype(np.int32)
    tours = _random_tours(int(end[-1]))
    rows = np.random.default_rng(4).permutation(60)[:35].astype(np.int32)
    asked = np.concatenate([np.arange(start[r], end[r]) for r in rows])
    expected = np.full(int(end[-1]), -9, np.int8)
    expected[asked] = exactly(tours)[asked]
    found = by_blocks(tours, rows, start, end)
    np.testing.assert_array_equal(found, expected)
    one_by_one = np.full(int(end[-1]), -9, np.int8)
    scratch = np.empty(N_ALTERNATIVES + N_NESTS)
    for r in rows:
        blocks.choose_modes(r, start, end, tours, CROWDING, parameters(), scratch, one_by_one)
    np.testing.assert_array_equal(one_by_one, expected)


def test_residents_without_tours_stand_among_those_of_a_block() -> None:
    end = np.cumsum([9, 0, 8, 0, 0, 4]).astype(np.int32)
    start = np.append(0, end[:-1]).astype(np.int32)
    tours = _random_tours(int(end[-1]))
    np.testing.assert_array_equal(by_blocks(tours, np.arange(6, dtype=np.int32), start, end), exactly(tours))


def test_leads_within_the_margin_are_settled_exactly() -> None:
    """The draw of each tour's best nest is moved until it is ahead by next to nothing, up to float32's last digits."""
    tours = _random_tours(4000)
    before = exactly(tours)
    from_nest = np.array([0, 0, 0, 1, 1, 2, 2, 0])[before]
    low, high = np.zeros(4000, np.float32), np.full(4000, 200, np.float32)
    for _ in range(40):
        middle = (low + high) / np.float32(2)
        changed = exactly(_with_less(tours, from_nest, middle)) != before
        low, high = np.where(changed, low, middle), np.where(changed, middle, high)
    for less in (low, high):
        close = _with_less(tours, from_nest, less)
        np.testing.assert_array_equal(by_blocks(close, *each_a_resident(4000)), exactly(close))
    assert (exactly(close) != before).mean() > 0.9


def _with_less(tours: TourColumns, nest: Any, less: Any) -> TourColumns:
    shock = tours.shock_nest.copy()
    shock[nest, np.arange(less.size)] -= less
    return tours._replace(shock_nest=shock)


def test_numbers_that_are_none_do_not_pass_as_a_lead() -> None:
    tours = _random_tours(64)
    tours.parking_eur[::2] = np.nan
    np.testing.assert_array_equal(by_blocks(tours, *each_a_resident(64)), exactly(tours))


@pytest.mark.parametrize("scale", [0.05, 0.3, 0.5, 0.7, 1.0])
def test_where_nothing_is_available_nothing_is_chosen_whatever_the_scales(scale: float) -> None:
    """With a nest of cars half as wide as its utilities, a driver without a car was taken for one in a block."""
    tours = _random_tours(64)
    tours.fixed[:, ::2], tours.vehicle[::4] = NEVER, -1
    p = parameters()._replace(nest_scale=np.full(N_NESTS, scale))
    scratch = np.empty(N_ALTERNATIVES + N_NESTS)
    expected = np.array([choose_exactly(tours, CROWDING, p, r, scratch) for r in range(64)], np.int8)
    assert (expected[::4] == -1).all()
    np.testing.assert_array_equal(by_blocks(tours, *each_a_resident(64), p=p), expected)


def test_the_polynomials_are_as_good_as_the_margin_needs() -> None:
    x = np.linspace(-79.9, 0, 20_001).astype(np.float32)
    found = np.array([float(blocks.exp_negative(v)) for v in x])
    np.testing.assert_allclose(found, np.exp(x.astype(float)), rtol=1e-5)
    assert 0 <= blocks.exp_negative(np.float32(-1e30)) < 1e-34
    x = np.linspace(0, 2, 20_001).astype(np.float32)
    found = np.array([float(blocks.log1p_of_few(v)) for v in x])
    np.testing.assert_allclose(found, np.log1p(x.astype(float)), atol=1e-5)
    # An inclusive value has two of the first and one of the second in it, and a lead is a difference of two.
    assert blocks.MARGIN[0] > 2 * 3e-5


def _random_tours(n: int) -> TourColumns:
    rng = np.random.default_rng(n)
    fixed = np.where(rng.random((N_ALTERNATIVES, n)) < 0.3, NEVER, rng.normal(-4, 3, (N_ALTERNATIVES, n)))
    return columns(fixed, rng.gumbel(size=(N_NESTS, n)), rng.gumbel(size=(N_ALTERNATIVES, n)), n)
