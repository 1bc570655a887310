"""The choice kernel against its slow twin, and against the probabilities of the nested logit."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.reference import tour_choice as slow
from zemsim.core import randomness
from zemsim.core.names import Alternative
from zemsim.core.randomness import Stream
from zemsim.kernels import tour_choice as fast
from zemsim.model.coefficients import rain_utilities

NAMES = [a.name.lower() for a in Alternative]
SCALES = {"active": 0.8, "transit": 0.7, "car": 0.8}
NEST_NAMES = ("active", "transit", "car")
VALUES = {
    "b_cost": -0.33,
    "b_car": -0.03,
    "b_pt": -0.027,
    "b_wait": -0.045,
    "wait_cap_min": 6.0,
    "b_head": -0.012,
    "head_power": 0.75,
    "b_acc": -0.05,
    "b_tr": -0.35,
    "b_walk": -0.085,
    "b_bike": -0.065,
    "k_ebike": 0.76,
    "k_park": 1.0,
    "w_temp": 0.026,
    "shared_access_min": 5.0,
}
CONSTANTS = np.array([[0.0, -2.0, -0.4, -1.5, -1.0, 0.0, -2.0], [0.5, -1.0, -0.6, -2.5, -1.5, 0.3, -1.0]])

positive = st.floats(0, 400, width=32)
transit = st.none() | st.fixed_dictionaries(
    {
        "ride": positive,
        "wait": st.floats(0, 60, width=32),
        "headway": st.floats(0, 900, width=32),
        "walk": st.floats(0, 60, width=32),
        "transfers": st.integers(0, 3),
        "fare": st.floats(0, 15, width=32),
        "fare_share": st.sampled_from([0.0, 0.5, 1.0]),
        "crowding_out": st.sampled_from([1.0, 1.25, 1.5]),
        "crowding_back": st.sampled_from([1.0, 1.25, 1.5]),
    }
)
tours = st.fixed_dictionaries(
    {
        "segment": st.integers(0, 1),
        "cost_factor": st.floats(0.125, 4, width=32),
        "walk_min": positive | st.just(math.inf),
        "bike_min": positive | st.just(math.inf),
        "ebike_min": positive | st.just(math.inf),
        "bike": st.booleans(),
        "ebike": st.integers(0, 2),
        "shared_eur": st.floats(0, 4, width=32),
        "bus": transit,
        "train": transit,
        "road_out_min": positive | st.just(math.inf),
        "road_back_min": positive,
        "terminal_from": st.floats(0, 10, width=32),
        "terminal_to": st.floats(0, 10, width=32),
        "vehicle": st.sampled_from([-1, 0]),
        "drive_eur": st.floats(0, 40, width=32),
        "parking_eur": st.floats(0, 16, width=32),
        "passenger": st.booleans(),
    }
)


def columns(tour):
    """The arrays of one tour from zone 0 to zone 1, with crowding 1 + k of mode k out and 3 + k back."""
    f, one = np.float32, lambda value, dtype: np.array([value], dtype)
    modes = [tour["bus"], tour["train"]]
    keys = ("ride", "wait", "headway", "walk", "transfers")
    return fast.TourColumns(
        origin=one(0, np.int32), dest=one(1, np.int32), road_min=one(road_min(tour), f),
        period_out=one(0, np.int8), period_back=one(0, np.int8), segment=one(tour["segment"], np.int8),
        road_km=one(1, f), walk_min=one(tour["walk_min"], f), bike_min=one(tour["bike_min"], f),
        ebike_min=one(tour["ebike_min"], f), cost_factor=one(tour["cost_factor"], f),
        bike=one(tour["bike"], bool), ebike=one(tour["ebike"], np.int8), shared_eur=one(tour["shared_eur"], f),
        vehicle=one(tour["vehicle"], np.int32), drive_eur=one(tour["drive_eur"], f),
        parking_eur=one(tour["parking_eur"], f), passenger=one(tour["passenger"], bool),
        fare_eur=np.array([[0 if m is None else m["fare"] * m["fare_share"]] for m in modes], f),
        transit=np.array([[[0 if m is None else m[k]] for k in keys] for m in modes], f),
        transit_ok=np.array([[m is not None] for m in modes]),
        crowd_out=np.array([[1], [2]], np.int32), crowd_back=np.array([[3], [4]], np.int32),
        fixed=np.zeros((7, 1), f), shock_nest=np.zeros((3, 1), f), shock_alternative=np.zeros((7, 1), f),
    )  # fmt: skip


def road_min(tour):
    return (tour["road_out_min"] + tour["road_back_min"]) / 2 + tour["terminal_from"] + tour["terminal_to"]


def crowding(tour):
    factor = np.ones(5, np.float32)
    for k, mode in enumerate(("bus", "train")):
        if tour[mode] is not None:
            factor[1 + k], factor[3 + k] = tour[mode]["crowding_out"], tour[mode]["crowding_back"]
    return factor


def parameters():
    return fast.ChoiceParameters(**VALUES, constants=CONSTANTS, nest_scale=np.array([SCALES[n] for n in NEST_NAMES]))


def slow_utilities(tour, temperature_c=1.0):
    p = VALUES | {"constants": [dict(zip(NAMES, row, strict=True)) for row in CONSTANTS]}
    return slow.utilities(tour, {"temperature_c": temperature_c}, p)


@settings(max_examples=300, deadline=None)
@given(tours)
def test_utilities_are_those_of_the_slow_twin(tour):
    found = np.empty(7)
    arrays = columns(tour)
    fast.fill_fixed(arrays, 1.0, parameters(), 0)
    fast.fill_utilities(arrays, crowding(tour), parameters(), 0, found)
    expected = slow_utilities(tour)
    np.testing.assert_allclose(found, [expected[name] for name in NAMES], rtol=1e-6, atol=1e-6)


@settings(max_examples=60, deadline=None)
@given(tours, st.lists(st.sampled_from([0.0, 0.5, 4.0, 30.0]), min_size=4, max_size=4))
def test_who_expects_longer_waits_has_the_utilities_of_longer_waits(tour, further):
    """What full vehicles add out and back, halved; by bus 1 and 3 of the list, by train 2 and 4."""
    arrays, found = columns(tour), np.empty(7)
    usual = arrays.transit[:, 1].copy()
    fast.fill_fixed(arrays, 1.0, parameters(), 0)
    fast.expect_waits_rows(0, 1, arrays, usual, np.array([0.0, *further], np.float32), 1.0, parameters())
    fast.fill_utilities(arrays, crowding(tour), parameters(), 0, found)
    waits = {"bus": (further[0] + further[2]) / 2, "train": (further[1] + further[3]) / 2}
    longer = {name: tour[name] and tour[name] | {"wait": tour[name]["wait"] + more} for name, more in waits.items()}
    expected = slow_utilities(tour | longer)
    np.testing.assert_allclose(found, [expected[name] for name in NAMES], rtol=1e-6, atol=1e-6)


def test_only_who_expects_another_wait_is_worked_out_anew():
    """A ride of 7 minutes every 7; the wait of 3 stays, or becomes 7, too."""
    usual, no_more, more = np.full((2, 1), 3.0, np.float32), np.zeros(5, np.float32), np.full(5, 4.0, np.float32)
    ride = {"ride": 7.0, "wait": 3.0, "headway": 7.0, "walk": 0.0, "transfers": 0, "fare": 0.0, "fare_share": 1.0}
    arrays = columns(by_bus_alone(ride))
    arrays.fixed[:] = np.nan
    fast.expect_waits_rows(0, 1, arrays, usual, no_more, 1.0, parameters())
    assert np.isnan(arrays.fixed).all()
    fast.expect_waits_rows(0, 1, arrays, usual, more, 1.0, parameters())
    assert arrays.transit[0, 1, 0] == 7.0
    assert arrays.transit[1, 1, 0] == 0.0
    assert not np.isnan(arrays.fixed).any()


def by_bus_alone(ride):
    """A tour that can be made by this bus, and in no other way."""
    nothing = dict.fromkeys(("walk_min", "bike_min", "ebike_min", "road_out_min"), math.inf)
    tour = nothing | {"road_back_min": 0.0, "terminal_from": 0.0, "terminal_to": 0.0, "drive_eur": 0.0}
    tour |= {"bus": ride, "train": None, "segment": 0, "cost_factor": 1.0, "bike": False, "ebike": 0, "shared_eur": 0.0}
    return tour | {"vehicle": -1, "parking_eur": 0.0, "passenger": False}


def by_bus(headway, **changed):
    """Utility of a bus at an interval; sign of `head_power`."""
    ride = {"ride": 20.0, "wait": 0.0, "headway": headway, "walk": 5.0, "transfers": 0, "fare": 1.0, "fare_share": 1.0}
    arrays = columns(by_bus_alone(ride))
    fast.fill_fixed(arrays, 1.0, parameters()._replace(**changed), 0)
    return float(arrays.fixed[3, 0])


def test_the_second_hour_between_departures_counts_less_than_the_first():
    at = [by_bus(headway, b_wait=0.0) for headway in (0.0, 60.0, 120.0)]
    assert at[0] - at[1] > at[1] - at[2] > 0.0
    straight = [by_bus(headway, b_wait=0.0, head_power=1.0) for headway in (0.0, 60.0, 120.0)]
    assert straight[0] - straight[1] == pytest.approx(2 * 0.012 * 60.0, rel=1e-5)
    assert straight[1] - straight[2] == pytest.approx(2 * 0.012 * 60.0, rel=1e-5)


def test_at_half_an_hour_the_power_of_the_headway_is_nothing():
    assert by_bus(30.0, head_power=0.5) == pytest.approx(by_bus(30.0, head_power=1.0), rel=1e-6)
    assert by_bus(10.0, head_power=0.5) < by_bus(10.0, head_power=1.0)
    assert by_bus(90.0, head_power=0.5) > by_bus(90.0, head_power=1.0)


@settings(max_examples=100, deadline=None)
@given(tours, st.floats(0, 20))
def test_rain_weighs_on_foot_and_by_bike_as_in_the_slow_twin(tour, rain_mm_day):
    found, weight = np.empty(7), {"w_rain": -0.015, "w_rain_walk": -0.005}
    p = parameters()._replace(**rain_utilities(weight, rain_mm_day))
    arrays = columns(tour)
    fast.fill_fixed(arrays, 1.0, p, 0)
    fast.fill_utilities(arrays, crowding(tour), p, 0, found)
    constants = {"constants": [dict(zip(NAMES, row, strict=True)) for row in CONSTANTS]}
    expected = slow.utilities(tour, {"temperature_c": 1.0, "rain_mm_day": rain_mm_day}, VALUES | constants | weight)
    np.testing.assert_allclose(found, [expected[name] for name in NAMES], rtol=1e-6, atol=1e-6)


utility_rows = st.lists(st.just(-math.inf) | st.floats(-700, 700), min_size=7, max_size=7)
shocks = st.lists(st.floats(-3, 10), min_size=10, max_size=10)


@settings(max_examples=300, deadline=None)
@given(utility_rows, shocks)
def test_the_draw_is_that_of_the_slow_twin(row, luck):
    utility, scale = np.array(row), np.array([SCALES[n] for n in NEST_NAMES])
    inclusive = np.empty(3)
    fast.fill_inclusive_values(utility, scale, inclusive)
    by_name = dict(zip(NAMES, row, strict=True))
    expected = slow.inclusive_values(by_name, SCALES)
    np.testing.assert_allclose(inclusive, [expected[n] for n in NEST_NAMES], rtol=1e-12)
    found = fast.draw_nested(utility, inclusive, scale, np.array(luck[:3]), np.array(luck[3:]))
    drawn = slow.draw(
        by_name, SCALES, dict(zip(NEST_NAMES, luck[:3], strict=True)), dict(zip(NAMES, luck[3:], strict=True))
    )
    assert (NAMES[found] if found >= 0 else None) == drawn


def test_no_alternative_at_all_is_minus_one():
    inclusive = np.empty(3)
    utility = np.full(7, -math.inf)
    fast.fill_inclusive_values(utility, np.ones(3), inclusive)
    assert (inclusive == -math.inf).all()
    assert fast.draw_nested(utility, inclusive, np.ones(3), np.zeros(3), np.zeros(7)) == -1


@settings(max_examples=200, deadline=None)
@given(utility_rows.filter(lambda row: max(row) > -math.inf), st.floats(-50, 50))
def test_shifting_all_utilities_shifts_the_inclusive_values_alone(row, shift):
    scale = np.array([0.8, 0.7, 0.8])
    before, after = np.empty(3), np.empty(3)
    fast.fill_inclusive_values(np.array(row), scale, before)
    fast.fill_inclusive_values(np.array(row) + shift, scale, after)
    np.testing.assert_allclose(after, before + shift, rtol=1e-9, atol=1e-9)
    for b, members in enumerate(((0, 1, 2), (3, 4), (5, 6))):
        assert before[b] >= max(row[m] for m in members) - 1e-9  # a logsum is at least its best alternative


def test_with_scales_of_one_the_probabilities_are_those_of_the_multinomial_logit():
    row = dict(zip(NAMES, [0.3, -1.0, -math.inf, 0.1, 0.5, 1.2, -0.4], strict=True))
    found = slow.probabilities(row, dict.fromkeys(SCALES, 1.0))
    total = sum(math.exp(v) for v in row.values())
    for name, value in row.items():
        assert found[name] == pytest.approx(math.exp(value) / total, abs=1e-12)


def test_frozen_draws_have_the_probabilities_of_the_nested_logit():
    """200,000 addressed draws; 7 shares within five standard errors: false alarm below 1e-5."""
    row = dict(zip(NAMES, [0.3, -1.0, -0.5, 0.1, 0.5, 1.2, -0.4], strict=True))
    scale, n = np.array([SCALES[b] for b in NEST_NAMES]), 200_000
    utility, inclusive = np.array(list(row.values())), np.empty(3)
    fast.fill_inclusive_values(utility, scale, inclusive)
    nest, alternative = np.empty((3, n), np.float32), np.empty((7, n), np.float32)
    agents, draws = np.arange(n, dtype=np.int64), np.zeros(n, np.int64)
    fast.fill_gumbel(0, n, 7, 5, agents, draws, nest)
    fast.fill_gumbel(0, n, 7, 6, agents, draws, alternative)
    chosen = [fast.draw_nested(utility, inclusive, scale, nest[:, i], alternative[:, i]) for i in range(n)]
    shares = np.bincount(chosen, minlength=7) / n
    expected = np.array(list(slow.probabilities(row, SCALES).values()))
    assert (np.abs(shares - expected) < 5 * np.sqrt(expected * (1 - expected) / n)).all()


@settings(max_examples=100, deadline=None)
@given(utility_rows.filter(lambda row: row[3] > -math.inf), shocks, st.floats(0.01, 3))
def test_an_alternative_that_improves_wins_travellers_and_never_loses_them_to_another_nest(row, luck, gain):
    scale = np.array([0.8, 0.7, 0.8])
    before = _choice(np.array(row), scale, luck)
    better = np.array(row)
    better[3] += gain
    after = _choice(better, scale, luck)
    if before == 3:
        assert after == 3
    if after != before:
        assert after in (3, 4)  # bus itself, or its neighbour in the nest that bus made better


def _choice(utility, scale, luck):
    inclusive = np.empty(3)
    fast.fill_inclusive_values(utility, scale, inclusive)
    return fast.draw_nested(utility, inclusive, scale, np.array(luck[:3]), np.array(luck[3:]))


def test_shocks_stand_at_their_addresses():
    agents, draw = np.array([7, 8, 2**40], np.int64), np.array([0, 3, 5], np.int64)
    found = np.full((10, 3), np.nan)
    fast.fill_gumbel(0, 3, 4, int(Stream.MODE_NEST), agents, draw, found)
    for k in range(10):
        for r in range(3):
            (expected,) = randomness.gumbel(4, Stream.MODE_NEST, agents[r : r + 1], int(draw[r]) * 16 + k)
            assert found[k, r] == pytest.approx(expected, rel=1e-12)
