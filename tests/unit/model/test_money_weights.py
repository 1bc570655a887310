"""How much money weighs in a tour: by its length, by its purpose, and by who makes it."""

from __future__ import annotations

import numpy as np
import pytest

from zemsim.behaviour.parameters import load_parameters
from zemsim.core.names import DayType, Purpose
from zemsim.model.money_weights import length_damping, purpose_weight

P = load_parameters()
ALL = np.array([int(purpose) for purpose in Purpose])


def weights(day_type: DayType, employed: bool, **changed: float) -> dict[Purpose, float]:
    """Weight of each purpose for one who is employed, or not."""
    found = purpose_weight(ALL, np.full(len(ALL), employed), day_type, P.with_values(changed))
    return dict(zip(Purpose, found.tolist(), strict=True))


def test_damping_by_hand() -> None:
    p = P.with_values({"lambda_c": -0.5, "damp_least_km": 4.0})
    km = np.array([0.5, 4.0, 10.0, 40.0, np.inf], np.float32)
    np.testing.assert_allclose(length_damping(km, p), [2.5**0.5, 2.5**0.5, 1.0, 0.5, 1.0], rtol=1e-7)


def test_without_an_exponent_length_is_nothing() -> None:
    km = np.array([1.0, 10.0, 100.0], np.float32)
    np.testing.assert_array_equal(length_damping(km, P.with_values({"lambda_c": 0.0})), 1.0)


@pytest.mark.parametrize(("km", "sign"), [(2.0, -1), (5.0, -1), (30.0, 0)])
def test_a_longer_cut_off_makes_short_tours_weigh_money_less(km: float, sign: int) -> None:
    """Sign of `damp_least_km`."""
    one = np.array([km], np.float32)
    near, far = (length_damping(one, P.with_values({"damp_least_km": least}))[0] for least in (1.0, 8.0))
    assert np.sign(far - near) == sign


def test_weights_by_hand() -> None:
    found = weights(DayType.WEEKDAY, True, vot_car_commute=6.0, vot_car_other=4.0, vot_business=12.0)
    assert found == dict.fromkeys(Purpose, 1.5) | {Purpose.WORK: 1.0, Purpose.BUSINESS: 0.5}


@pytest.mark.parametrize(("day_type", "employed"), [(DayType.WEEKEND, True), (DayType.WEEKDAY, False)])
def test_errands_are_private_on_weekends_and_of_those_without_a_job(day_type: DayType, employed: bool) -> None:
    found = weights(day_type, employed)
    assert found[Purpose.BUSINESS] == found[Purpose.LEISURE] == pytest.approx(P["vot_car_commute"] / P["vot_car_other"])


@pytest.mark.parametrize(
    ("symbol", "purpose", "sign"),
    [
        ("vot_car_other", Purpose.SHOPPING, -1),
        ("vot_car_other", Purpose.WORK, 0),
        ("vot_business", Purpose.BUSINESS, -1),
        ("vot_business", Purpose.SHOPPING, 0),
        ("vot_car_commute", Purpose.LEISURE, 1),
        ("vot_car_commute", Purpose.WORK, 0),
    ],
)
def test_who_values_time_more_weighs_money_less(symbol: str, purpose: Purpose, sign: int) -> None:
    """Signs of the values of time; `b_cost` is that of commuting, so a higher one there makes all others weigh more."""
    usual, raised = (weights(DayType.WEEKDAY, True, **{symbol: P[symbol] * f})[purpose] for f in (1.0, 1.2))
    assert np.sign(raised - usual) == sign
