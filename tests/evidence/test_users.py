"""Users of a mode on a mean day, by hand and against a slow twin."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from zemsim.evidence.users import users_on_a_day

MODES = {"car": (4, 5), "bike": (1, 2)}
DAYS = np.array([[124.0, 57.0], [127.0, 57.0]])


def trips(rows: list[tuple[int, int, int, int]]) -> pd.DataFrame:
    return pd.DataFrame(rows, columns=["resident", "season", "day_type", "mode"])


def test_a_cyclist_of_the_summer_is_none_in_winter() -> None:
    """Resident 7 cycles on summer weekdays and drives on winter weekdays; resident 8 drives on both, twice."""
    rows = [(7, 1, 0, 1), (7, 0, 0, 4), (8, 1, 0, 4), (8, 1, 0, 4), (8, 0, 0, 5), (8, 0, 0, 4)]
    found = users_on_a_day(trips(rows), MODES, DAYS)
    assert found["bike"] == pytest.approx(127.0 / (2 * 127.0 + 2 * 124.0))
    assert found["car"] == pytest.approx((127.0 + 2 * 124.0) / (2 * 127.0 + 2 * 124.0))


def test_nobody_travels() -> None:
    assert all(np.isnan(value) for value in users_on_a_day(trips([]), MODES, DAYS).values())


ROWS = st.tuples(st.integers(0, 5), st.integers(0, 1), st.integers(0, 1), st.integers(0, 7))


@given(st.lists(ROWS, min_size=1, max_size=40))
def test_users_equal_those_counted_one_by_one(rows: list[tuple[int, int, int, int]]) -> None:
    found = users_on_a_day(trips(rows), MODES, DAYS)
    everybody = {(resident, season, kind) for resident, season, kind, _ in rows}
    total = sum(DAYS[season, kind] for _, season, kind in everybody)
    for name, modes in MODES.items():
        users = {(resident, season, kind) for resident, season, kind, mode in rows if mode in modes}
        assert found[name] == pytest.approx(sum(DAYS[season, kind] for _, season, kind in users) / total)
