"""Kernels of the population equal their slow twins; days never overlap."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from tests.reference import population_twins as twin
from zemsim.kernels import day_plan
from zemsim.kernels.commuting import balanced_flows
from zemsim.kernels.destinations import choose_zones, mean_distance
from zemsim.population import incomes
from zemsim.population.fitting import largest_remainder, rank_in_group, take_top
from zemsim.population.schools import fill_places


@st.composite
def tables(draw: st.DrawFn) -> tuple[np.ndarray, ...]:
    n, m = draw(st.integers(1, 6)), draw(st.integers(1, 6))
    numbers = st.floats(0.1, 10.0, allow_nan=False)
    return (
        draw(arrays(np.float64, (n, m), elements=st.just(0.0) | numbers)),
        draw(arrays(np.float64, n, elements=st.sampled_from([0.0, 1.0, 5.0, 20.0]))),
        draw(arrays(np.int64, n, elements=st.integers(0, 1))),
        draw(arrays(np.int64, m, elements=st.integers(0, 1))),
        draw(arrays(np.int64, m, elements=st.integers(0, 1))),
        draw(arrays(np.float64, m, elements=numbers)),
        draw(arrays(np.float64, (2, 2), elements=st.sampled_from([np.nan, 1.0, 3.0]))),
    )


@settings(max_examples=60)
@given(tables(), st.integers(0, 5))
def test_balanced_flows_equal_the_twin_and_meet_the_rows(table: tuple[np.ndarray, ...], iterations: int) -> None:
    flow = balanced_flows(*table, iterations=iterations)
    assert flow == pytest.approx(twin.balanced(*table, iterations), rel=1e-7, abs=1e-9)
    assert flow.sum(axis=1) == pytest.approx(np.where(table[0].sum(axis=1) > 0, table[1], 0.0), rel=1e-9)


def test_balanced_flows_meet_blocks_and_mix_that_agree() -> None:
    rng = np.random.default_rng(3)
    weight = rng.uniform(0.1, 1.0, (8, 6))
    origin, destination = np.repeat([0, 1], 4), np.repeat([0, 1], 3)
    target = np.array([[30.0, np.nan], [np.nan, np.nan]])
    mix = np.array([1.0, 2.0, 3.0, 3.0, 2.0, 1.0])
    flow = balanced_flows(weight, np.full(8, 10.0), origin, destination, destination, mix, target, iterations=300)
    assert flow[:4, :3].sum() == pytest.approx(30.0, rel=1e-6)
    assert flow[:, :3].sum(axis=0) / flow[:, :3].sum() == pytest.approx(mix[:3] / 6.0, rel=1e-6)


@st.composite
def gravities(draw: st.DrawFn) -> tuple[np.ndarray, np.ndarray, float]:
    n = draw(st.integers(1, 7))
    attraction = draw(arrays(np.float64, n, elements=st.sampled_from([0.0, 1.0, 2.5])))
    resistance = draw(arrays(np.float64, (n, n), elements=st.sampled_from([0.0, 1.0, 3.0, np.inf])))
    return attraction, resistance, draw(st.sampled_from([0.1, 1.0]))


@settings(max_examples=80)
@given(gravities(), st.integers(0, 6), st.floats(0.001, 0.999))
def test_destinations_equal_the_twin(gravity: tuple[np.ndarray, np.ndarray, float], origin: int, u: float) -> None:
    attraction, resistance, decay = gravity
    origin %= attraction.size
    chosen = choose_zones(attraction, resistance, decay, np.array([origin]), np.array([u]))[0]
    assert chosen == twin.pick(attraction, resistance, decay, origin, u)
    if chosen >= 0:
        assert attraction[chosen] > 0
        assert np.isfinite(resistance[origin, chosen])
    productions = np.arange(attraction.size, dtype=np.float64)
    expected = twin.mean_distance(productions, attraction, resistance, resistance, decay)
    assert mean_distance(productions, attraction, resistance, resistance, decay) == pytest.approx(expected, nan_ok=True)


DAY = st.lists(st.tuples(*(st.integers(*r) for r in ((-200, 1600), (1, 900), (0, 400), (0, 200)))), max_size=4)


@settings(max_examples=150)
@given(st.lists(DAY, max_size=4))
def test_days_do_not_overlap_and_end_before_midnight(days: list[list[tuple[int, int, int, int]]]) -> None:
    starts = np.cumsum([0, *(len(day) for day in days)])
    rows = np.array([tour for day in days for tour in day], dtype=np.int64).reshape(-1, 4)
    wish, stay, travel, gap = (np.ascontiguousarray(rows[:, k]) for k in range(4))
    depart, back, kept = day_plan.schedule(starts, wish, stay, travel, gap)
    for number, day in enumerate(days):
        assert kept[number] == _most_that_fit(day)
        clock = day_plan.FIRST_MIN - day_plan.SHORTEST_GAP_MIN
        for k in range(starts[number], starts[number] + kept[number]):
            assert depart[k] >= clock + day_plan.SHORTEST_GAP_MIN
            assert back[k] >= depart[k] + travel[k] + min(stay[k], day_plan.SHORTEST_STAY_MIN)
            assert back[k] <= depart[k] + travel[k] + stay[k]
            clock = back[k] + travel[k]
        assert clock <= day_plan.LAST_MIN


@settings(max_examples=150)
@given(DAY)
@example([(300, 1129, 0, 0), (1000, 5, 0, 0)])  # fits to the minute
@example([(300, 1130, 0, 0), (1000, 5, 0, 0)])  # a minute too long
@example([(600, 700, 10, 30), (700, 8, 20, 2), (1438, 300, 30, 0)])
@example([(900, 60, 567, 0)])  # one tour, from the first minute to the last
def test_times_of_a_day_equal_the_twin(day: list[tuple[int, int, int, int]]) -> None:
    wish, stay, travel, gap = np.array(day, dtype=np.int64).reshape(-1, 4).T.copy()
    depart, back, kept = day_plan.schedule(np.array([0, len(day)]), wish, stay, travel, gap)
    assert list(zip(depart[: kept[0]], back[: kept[0]], strict=True)) == twin.day(day)


def _most_that_fit(day: list[tuple[int, int, int, int]]) -> int:
    """Largest number of first tours whose shortest versions fit into the day."""
    for kept in range(len(day), 0, -1):
        least = sum(2 * tour[2] + min(tour[1], day_plan.SHORTEST_STAY_MIN) for tour in day[:kept])
        if least + (kept - 1) * day_plan.SHORTEST_GAP_MIN <= day_plan.LAST_MIN - day_plan.FIRST_MIN:
            return kept
    return 0


@given(st.lists(st.floats(0.0, 1e6), min_size=1, max_size=20), st.integers(0, 10_000))
def test_largest_remainder_adds_up_and_stays_within_one(weights: list[float], total: int) -> None:
    if sum(weights) <= 0.0 and total:
        with pytest.raises(ValueError, match="above zero"):
            largest_remainder(weights, total)
        return
    parts = largest_remainder(weights, total)
    assert parts.sum() == total
    if total:
        assert np.all(np.abs(parts - np.array(weights) / sum(weights) * total) < 1.0 + 1e-6)


@given(st.lists(st.tuples(st.integers(0, 3), st.integers(0, 4)), max_size=30), st.integers(0, 8))
def test_take_top_takes_the_highest_of_each_group(rows: list[tuple[int, int]], quota: int) -> None:
    group = np.array([g for g, _ in rows], dtype=np.int64)
    score = np.array([float(s) for _, s in rows])
    chosen = take_top(score, group, [quota] * 4)
    for g in range(4):
        members = sorted((i for i in range(len(rows)) if group[i] == g), key=lambda i: (-score[i], i))
        assert sorted(members[:quota]) == np.flatnonzero(chosen & (group == g)).tolist()
        assert rank_in_group(score, group)[members].tolist() == list(range(len(members)))


@settings(max_examples=60)
@given(
    st.integers(1, 5).flatmap(
        lambda n: st.tuples(
            st.lists(st.integers(0, 6), min_size=n, max_size=n),
            st.lists(st.integers(0, 6), min_size=n, max_size=n),
            arrays(np.float64, (n, n), elements=st.integers(0, 5).map(float)),
        )
    )
)
def test_school_places_equal_the_twin(case: tuple[list[int], list[int], np.ndarray]) -> None:
    pupils, places, km = case
    if sum(pupils) and not sum(places):
        with pytest.raises(ValueError, match="no school places"):
            fill_places(np.array(pupils), np.array(places), km)
        return
    if sum(places):
        given_ = fill_places(np.array(pupils), np.array(places), km)
        assert np.array_equal(given_, twin.fill_places(pupils, places, km))
        assert given_.sum(axis=1).tolist() == pupils


@given(
    homes=st.lists(
        st.tuples(st.floats(1.0, 1e4), st.lists(st.integers(0, 99), min_size=1, max_size=6)), min_size=1, max_size=12
    )
)
def test_fifths_of_income_are_fifths_of_residents(homes: list[tuple[float, list[int]]]) -> None:
    income = np.array([money for money, _ in homes])
    size = np.array([len(ages) for _, ages in homes])
    age = np.concatenate([ages for _, ages in homes])
    owner = np.repeat(np.arange(len(homes)), size)
    persons = incomes.equivalent_persons(age, owner, len(homes))
    assert persons.tolist() == pytest.approx(twin.equivalent_persons(age, owner, len(homes)))
    found = incomes.fifth_ratio(income, persons, size)
    assert found == pytest.approx(twin.fifth_ratio(income, persons, size), rel=1e-9)
    back = np.arange(len(homes))[::-1]
    assert incomes.fifth_ratio(income[back], persons[back], size[back]) == pytest.approx(found, rel=1e-9)


@given(power=st.floats(0.2, 4.0), zero=st.floats(0.01, 1.4))
def test_root_is_found(power: float, zero: float) -> None:
    found = incomes.root(lambda x: x**power - zero**power, 0.1, 1.5, 1e-6)
    assert found**power == pytest.approx(zero**power, abs=2e-6)


def test_blocks_need_not_be_as_many_by_origin_as_by_destination() -> None:
    """Two classes of homes and three of workplaces, and the other way round; one block is known."""
    weight = np.array([[3.0, 1.0, 2.0], [1.0, 4.0, 1.0]])
    two, three = np.arange(2), np.arange(3)
    for table, rows, mix in (
        (weight, [30.0, 20.0], [1.0, 2.0, 1.0]),
        (weight.T.copy(), [20.0, 20.0, 10.0], [3.0, 2.0]),
    ):
        origin, destination = (two, three) if table.shape == (2, 3) else (three, two)
        target = np.full(table.shape, np.nan)
        target[0, 1] = 8.0
        args = (table, np.array(rows), origin, destination, np.zeros(len(mix), np.int64), np.array(mix), target)
        np.testing.assert_allclose(balanced_flows(*args, 50), twin.balanced(*args, 50), rtol=1e-9)
