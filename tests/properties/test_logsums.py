"""Logsums of tours against the nested logit in plain Python, and how they answer to what is offered."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from tests.properties.test_ebike_gain import NAMES, PARAMETERS, SCALES, columns
from zemsim.core.names import Alternative
from zemsim.kernels.logsums import fill_logsums
from zemsim.verification.twins.nested_logit import inclusive_values

#: Money weighs as utility, so that what a driver pays is subtracted.
P = PARAMETERS._replace(b_cost=-1.0, k_park=0.5)
values = st.sampled_from([-math.inf, -9.0, -2.0, 0.0, 1.5]) | st.floats(-40, 4, width=32)
rows = st.lists(values, min_size=7, max_size=7)
money = st.sampled_from([0.0, 0.25, 3.0])


def logsums(
    tours: list[list[float]], drive: float, parking: float, car: bool = True, factor: float = 1.0
) -> np.ndarray:
    """In two blocks; money weighs ``factor`` for all."""
    built = columns([(row, math.inf) for row in tours])
    built.drive_eur[:], built.parking_eur[:] = drive, parking
    built.cost_factor[:] = factor
    if not car:
        built.vehicle[:] = -1
    out = np.full(len(tours), np.nan, np.float32)
    for start, stop in ((0, len(tours) // 2), (len(tours) // 2, len(tours))):
        fill_logsums(start, stop, built, P, out)
    return out


def expected(row: list[float], drive: float, parking: float, car: bool, factor: float) -> float:
    named = {name: float(np.float32(value)) for name, value in zip(NAMES, row, strict=True)}
    named["driver"] = named["driver"] - factor * (2.0 * drive + 0.5 * parking) if car else -math.inf
    inclusive = [value for value in inclusive_values(named, SCALES).values() if value > -math.inf]
    top = max(inclusive, default=-math.inf)
    return top + math.log(sum(math.exp(value - top) for value in inclusive)) if inclusive else -math.inf


@given(st.lists(rows, min_size=1, max_size=5), money, money, st.booleans(), st.sampled_from([0.5, 1.0, 2.0]))
@example([[-math.inf] * 7], 0.0, 0.0, True, 1.0)
@example([[0.0] * 7], 0.0, 0.0, True, 1.0)
@example([[-math.inf] * 5 + [1.5, -math.inf]], 3.0, 3.0, False, 1.0)  # only a car, and none is there
@example([[-9.0] * 5 + [0.0, -9.0]], 3.0, 3.0, True, 2.0)  # who drives, and minds the money
def test_logsums_are_those_of_the_twin(
    tours: list[list[float]], drive: float, parking: float, car: bool, factor: float
) -> None:
    found = logsums(tours, drive, parking, car, factor)
    for row, value in zip(tours, found.tolist(), strict=True):
        want = expected(row, drive, parking, car, factor)
        assert value == want if want == -math.inf else value == pytest.approx(want, abs=1e-4, rel=1e-6)


def test_an_alternative_more_is_worth_something_and_one_for_all_is_a_shift() -> None:
    """Convexity and invariance: one util more everywhere is one more; on one alternative, its share."""
    row = [-1.0, -2.0, -3.0, -1.5, -2.5, -0.5, -1.8]
    base = float(logsums([row], 0.0, 0.0)[0])
    assert float(logsums([[v + 1.0 for v in row]], 0.0, 0.0)[0]) == pytest.approx(base + 1.0, abs=2e-4)
    for m in Alternative:
        more, less = list(row), list(row)
        more[m], less[m] = row[m] + 1.0, -math.inf
        with_more, without = (float(logsums([each], 0.0, 0.0)[0]) for each in (more, less))
        assert without < base < with_more < base + 1.0


def test_dearer_driving_takes_more_from_who_drives_more() -> None:
    drives, walks = [-9.0] * 5 + [0.0, -9.0], [0.0] + [-9.0] * 6
    cheap, dear = logsums([drives, walks], 0.0, 0.0), logsums([drives, walks], 1.0, 0.0)
    assert cheap[0] - dear[0] > 1.9
    assert 0.0 <= cheap[1] - dear[1] < 0.01
