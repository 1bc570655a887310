"""Checks of what all cases of a seed share."""

from __future__ import annotations

import pytest

from zemsim.experiment.prepare import _tours_verdict


@pytest.mark.parametrize(("left_off", "passed"), [(0, True), (1, False), (1200, False)])
def test_no_tour_may_be_left_off_and_the_number_is_shown(left_off: int, passed: bool) -> None:
    check = _tours_verdict(left_off, 2)
    assert (check["passed"], check["value"], check["seed"]) == (passed, left_off, 2)
    assert f"hold them: {left_off:,};" in check["text"]["en"]
    assert set(check["text"]) == {"lv", "en"}
