"""What an e-bike adds to the logsum of tours, against two nested logits, and at the ends of its range."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from tests.reference import ebike_gain as slow
from zemsim.core.names import Alternative
from zemsim.kernels.ebike_gain import NEGLIGIBLE, ebike_gains
from zemsim.kernels.tour_choice import NEVER, ChoiceParameters, TourColumns

NAMES = [a.name.lower() for a in Alternative]
SCALES = {"active": 0.8, "transit": 0.7, "car": 0.6}
MOST = 3.0
#: All coefficients but that of time by e-bike are 0, so that the fixed part of a utility is the utility.
PARAMETERS = ChoiceParameters(
    **dict.fromkeys(sorted(set(ChoiceParameters._fields) - {"constants", "nest_scale"}), 0.0)
    | {"b_bike": -0.5, "k_ebike": 1.0},
    constants=np.zeros((1, 7)),
    nest_scale=np.array(list(SCALES.values())),
)  # fmt: skip

values = st.sampled_from([-math.inf, -9.0, -2.0, -0.5, 0.0, 1.5]) | st.floats(-30, 10, width=32)
rows = st.lists(values, min_size=7, max_size=7)
#: Minutes by e-bike; the utility of it is as many below zero.
minutes = st.sampled_from([math.inf, 0.0, 0.5, 2.0, 6.0]) | st.floats(0, 40, width=32)
Tour = tuple[list[float], float]


def columns(tours: list[Tour]) -> TourColumns:
    """Tours with these utilities."""
    n = len(tours)
    f = np.float32
    fixed = np.array([row for row, _ in tours], np.float64).reshape(n, 7).T.astype(f)
    given_columns: dict[str, Any] = {
        "segment": np.zeros(n, np.int8),
        "cost_factor": np.ones(n, f),
        "ebike_min": np.array([minutes for _, minutes in tours], f),
        "vehicle": np.zeros(n, np.int32),
        "drive_eur": np.zeros(n, f),
        "parking_eur": np.zeros(n, f),
        "transit": np.zeros((2, 5, n), f),
        "crowd_out": np.zeros((2, n), np.int32),
        "crowd_back": np.zeros((2, n), np.int32),
        "fixed": np.where(np.isinf(fixed), f(NEVER), fixed),
    }
    for name in ("origin", "dest"):
        given_columns[name] = np.zeros(n, np.int32)
    for name in ("period_out", "period_back", "ebike"):
        given_columns[name] = np.zeros(n, np.int8)
    for name in ("road_km", "road_min", "walk_min", "bike_min", "shared_eur"):
        given_columns[name] = np.zeros(n, f)
    for name in ("bike", "passenger"):
        given_columns[name] = np.zeros(n, np.bool_)
    return TourColumns(
        **given_columns,
        fare_eur=np.zeros((2, n), f),
        transit_ok=np.ones((2, n), np.bool_),
        shock_nest=np.zeros((3, n), f),
        shock_alternative=np.zeros((7, n), f),
    )


def gains(tours: list[Tour], starts: list[int], ends: list[int], asked: list[int], weight: float = 1.0) -> list[float]:
    """Gain of each resident; those who are not asked for keep 5."""
    out = np.full(len(starts), 5.0)
    out[asked] = 0.0
    offsets = [np.array(offset, np.int32) for offset in (starts, ends)]
    people, crowding = np.array(asked, np.int32), np.ones(1, np.float32)
    ebike_gains(0, len(asked), people, *offsets, columns(tours), crowding, 25.0, PARAMETERS, MOST, weight, out)
    return [float(gain) for gain in out]


def expected(tour: Tour) -> float:
    row, minutes = tour
    named = {name: float(np.float32(value)) for name, value in zip(NAMES, row, strict=True)}
    return slow.gain(named, -float(minutes), SCALES, MOST)


@given(rows, minutes)
@example([-math.inf] * 7, 1.0)
@example([0.0] * 7, 0.0)  # as good as the one to be shared
@example([-math.inf, -math.inf, -20.0, -math.inf, -math.inf, -math.inf, -math.inf], 0.5)
@example([-math.inf] * 6 + [0.0], 4.0)  # only the last
@example([-9.0, -9.0, -9.0, -9.0, -9.0, -9.0, -9.0], 5.0)
def test_the_gain_of_a_tour_is_that_of_the_twin(row: list[float], minutes: float) -> None:
    (found,) = gains([(row, minutes)], [0], [1], [0])
    assert found == pytest.approx(expected((row, minutes)), abs=NEGLIGIBLE)
    if found > 0.0:
        assert found == pytest.approx(expected((row, minutes)), rel=1e-5, abs=1e-6)


def test_small_gains_are_passed_over_and_others_are_exact() -> None:
    """The gain of one more alternative of its own nest, against a single other, is ln(1 + exp(difference))."""
    row = [-math.inf] * 5 + [0.0, -math.inf]
    for difference, counts in ((math.log(NEGLIGIBLE) + 0.01, True), (math.log(NEGLIGIBLE) - 0.01, False)):
        (found,) = gains([(row, -difference)], [0], [1], [0])
        assert found == pytest.approx(math.log1p(math.exp(difference)) if counts else 0.0, abs=1e-6)


def test_days_of_residents_are_the_sums_of_their_tours() -> None:
    good, far, short = ([-3.0] * 7, 1.0), ([-3.0] * 7, math.inf), ([-1.0] * 7, 0.5)
    found = gains([good, far, short, short], [0, 1, 1, 4], [1, 1, 4, 4], [2, 0, 3], weight=0.5)
    one, other = expected(good), expected(short)
    assert found == pytest.approx([0.5 * one, 5.0, 0.5 * 2 * other, 0.0], rel=1e-6)
    assert one > 0.1
    assert other > 0.05
