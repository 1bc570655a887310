"""Verdicts of a case from what the model counted and from the gaps of its iterations."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from zemsim.evidence.verdicts import _equilibrium, _gaps, _left_behind


def gaps(mode_share_gap: list[float]) -> pd.DataFrame:
    """Two seasons of two iterations; all but the modes are settled."""
    settled = dict.fromkeys(("time_gap", "wait_gap_min", "wait_error_min"), 0.0)
    return pd.DataFrame({"year": 2024, "season": [0, 0, 1, 1], "mode_share_gap": mode_share_gap, **settled})


@pytest.mark.parametrize(
    ("mode_share_gap", "passed", "value"),
    [
        ([np.nan, 1e-4, np.nan, 5e-4], True, 5e-4),
        ([np.nan, 2e-3, np.nan, 5e-4], False, 2e-3),
        ([np.nan, 1e-4, 5e-4, np.nan], False, None),
    ],
)
def test_the_last_iteration_of_each_season_counts(
    mode_share_gap: list[float], passed: bool, value: float | None
) -> None:
    found = {row["check"]: row for row in _gaps(gaps(mode_share_gap))}
    assert (found["modes-settled"]["passed"], found["modes-settled"]["value"]) == (passed, value)
    assert all(row["passed"] for name, row in found.items() if name != "modes-settled")


@pytest.mark.parametrize(("short", "passed"), [(0, True), (1, False), (6, False)])
def test_traffic_short_of_an_equilibrium_fails_its_verdict(short: int, passed: bool) -> None:
    found = _equilibrium(short)
    assert (found["check"], found["passed"], found["value"]) == ("road-equilibrium", passed, short)
    assert f": {short};" in found["text"]["en"]
    assert f": {short};" in found["text"]["lv"]


@pytest.mark.parametrize(("left", "passed", "value"), [(0.0, True, 0.0), (0.9, True, 0.009), (1.5, False, 0.015)])
def test_more_than_a_few_passengers_left_behind_fail_their_verdict(left: float, passed: bool, value: float) -> None:
    transit = pd.DataFrame({"day_type": [0, 1], "boardings_day": [100.0 - left] * 2, "left_behind_day": [left] * 2})
    found = _left_behind(transit)
    assert (found["check"], found["passed"]) == ("last-departure-full", passed)
    assert found["value"] == pytest.approx(value)
