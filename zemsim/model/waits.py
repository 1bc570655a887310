"""The waits that drivers expect at public stations: an average over weeks, held against what they then meet.

Queues are noisy where there are few points, so an iteration has several weeks of charging. A season begins with what
was expected in the one before, which counts as one week; each week that drivers meet counts as another.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, cast

import numpy as np
import numpy.typing as npt

from zemsim.model.charging_inputs import electric_week
from zemsim.model.charging_week import WeekResult, simulate_queues, simulate_week

if TYPE_CHECKING:
    from zemsim.model.model import MobilityModel

#: Weeks of charging in an iteration, and in one whose waits nobody learns from.
_WEEKS, _FIRST_WEEKS = 6, 2
#: What is expected when a season begins counts as so many weeks.
_PRIOR_WEEKS = 1


@dataclass(frozen=True)
class WaitsMet:
    """The weeks of an iteration, seen from the stations, float64 [V].

    Attributes
    ----------
    before_min : waits expected when the iteration began.
    after_min : waits expected when it had ended.
    expected_min : sum over those who came of the wait that they expected of the station.
    met_min : sum over those who came of the wait that they met; who left met the patience.
    asked : drivers who came.
    energy_gap_kwh : most that a car and day of the weeks misses in its account of energy.
    """

    before_min: npt.NDArray[np.float64]
    after_min: npt.NDArray[np.float64]
    expected_min: npt.NDArray[np.float64]
    met_min: npt.NDArray[np.float64]
    asked: npt.NDArray[np.float64]
    energy_gap_kwh: float

    @property
    def gap_min(self) -> float:
        """How far expectations moved from the first to the last week of the iteration, mean over those who came."""
        return self._mean(np.abs(self.after_min - self.before_min) * self.asked)

    @property
    def error_min(self) -> float:
        """Expected less met by station over all weeks of the iteration, absolute, mean over those who came.

        Each week counts with what was expected before it, so no weight of an average makes it small; what chance
        leaves in the mean of so many weeks is in it.
        """
        return self._mean(np.abs(self.expected_min - self.met_min))

    def _mean(self, of_station: npt.NDArray[np.float64]) -> float:
        visits = float(self.asked.sum())
        return float(of_station.sum()) / visits if visits else 0.0


def charge_weeks(model: MobilityModel) -> tuple[WeekResult, WaitsMet]:
    """Charge some weeks on the tours of the iteration: the last of them, and the waits of all.

    In the first iteration of a year's first season drivers do not know yet what their batteries hold after the years
    without simulated days, so that more of them than ever after must charge: those waits are not learnt.
    """
    tours, stations = electric_week(model), model.stations.table
    opening = model.iteration == 0 and model.season == model.world.settings.seasons[0]
    learns = not opening or model.last_iteration == 0
    if model.iteration == 0:
        model.weeks = _PRIOR_WEEKS
    n = len(model.stations)
    before = stations.wait_min.astype(np.float64)
    expected, met, asked = np.zeros(n), np.zeros(n), np.zeros(n)
    weeks = _WEEKS if learns else _FIRST_WEEKS
    gap = 0.0
    for number in range(weeks):
        simulate = simulate_week if number == weeks - 1 else simulate_queues
        week = simulate(model, tours)
        gap = max(gap, week.energy_gap_kwh)
        expected += stations.wait_min * week.asked_of
        met += week.met_min
        asked += week.asked_of
        if learns:
            model.weeks += 1
            stations.wait_min[:] += ((week.wait_min - stations.wait_min) / model.weeks).astype(np.float32)
    waits = WaitsMet(before, stations.wait_min.astype(np.float64), expected, met, asked, gap)
    return cast("WeekResult", week), waits
