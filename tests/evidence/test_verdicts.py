"""Verdicts of a case from what the model counted."""

from __future__ import annotations

import pytest

from zemsim.evidence.verdicts import _equilibrium


@pytest.mark.parametrize(("short", "passed"), [(0, True), (1, False), (6, False)])
def test_traffic_short_of_an_equilibrium_fails_its_verdict(short: int, passed: bool) -> None:
    found = _equilibrium(short)
    assert (found["check"], found["passed"], found["value"]) == ("road-equilibrium", passed, short)
    assert f": {short};" in found["text"]["en"]
    assert f": {short};" in found["text"]["lv"]
