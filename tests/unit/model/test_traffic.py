"""The morning's traffic: one that stopped short of its equilibrium is counted, also where its paths are only kept."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from zemsim.model import day
from zemsim.model.model import MobilityModel
from zemsim.travel.assignment import Assignment, equilibrate


def searches_fall_short(*args: Any, gap: float, **options: Any) -> Assignment:
    """An equilibrium whose searches never reach their gap."""
    found = equilibrate(*args, gap=gap, **options)
    return found if np.isinf(gap) else replace(found, gap=0.1, reached=False)


@pytest.mark.parametrize(("solver", "short"), [(equilibrate, 0), (searches_fall_short, 1)])
def test_a_season_whose_traffic_stopped_short_is_counted(
    model: MobilityModel, monkeypatch: pytest.MonkeyPatch, solver: Any, short: int
) -> None:
    monkeypatch.setattr(day, "equilibrate", solver)
    model.start("baseline", ())
    model.run_year()
    assert model.book.counts["roads_not_reached"] == short * len(model.world.settings.seasons)
    assert model.traffic is not None
    assert model.traffic.reached == (short == 0)
    assert np.isfinite(model.traffic.gap)
