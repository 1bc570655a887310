"""The state of a run at the start of a year, to branch policies from the years that they share with the baseline."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

if TYPE_CHECKING:
    from zemsim.core.names import DayType
    from zemsim.model.book import Book
    from zemsim.model.car_habits import CarHabits
    from zemsim.model.model import MobilityModel
    from zemsim.travel.assignment import Assignment
    from zemsim.travel.roads import RoadSkim

Columns = dict[str, npt.NDArray[Any]]
#: Agents whose columns are the same under every policy; stations are not, see `Checkpoint.stations`.
_TABLES = ("residents", "households", "municipalities", "operators", "companies")
#: What a station learns or decides; where it stands and what it costs comes from the policy.
_STATION_STATE = ("points", "wait_min", "sessions_day", "added_points")


@dataclass(frozen=True)
class Checkpoint:
    """All that a run carries from one year to the next.

    Attributes
    ----------
    year : the next year to be run, or the one in which days are still to be simulated.
    tables, vehicles : copies of the columns.
    stations : what the region's own sites carry over; sites of measures do not exist yet in shared years.
    """

    year: int
    tables: dict[str, Columns]
    vehicles: Columns
    stations: Columns
    peak_time_s: npt.NDArray[np.float64]
    peak_skim: RoadSkim
    traffic: Assignment | None
    knows_roads: bool
    timetable_key: Any
    crowding: dict[DayType, npt.NDArray[np.float32]]
    further_wait_min: dict[DayType, npt.NDArray[np.float32]]
    car_habits: CarHabits
    book: Book

    @classmethod
    def of(cls, model: MobilityModel, year: int) -> Checkpoint:
        """Take down the state of a model; ``year`` is the one that it is about to run."""
        n_own = len(model.world.region.chargers)
        stations = model.stations.table.columns
        return cls(
            year=year,
            tables={name: getattr(model, name).table.snapshot() for name in _TABLES},
            vehicles=model.vehicles.snapshot(),
            stations={name: stations[name][:n_own].copy() for name in _STATION_STATE},
            peak_time_s=model.peak_time_s.copy(),
            peak_skim=model.peak_skim,
            traffic=model.traffic,
            knows_roads=model.knows_roads,
            timetable_key=model.timetable_key,
            crowding=dict(model.crowding),
            further_wait_min=dict(model.further_wait_min),
            car_habits=model.car_habits,
            book=model.book.copy(),
        )

    def restore(self, model: MobilityModel) -> None:
        """Put a model that has just been started under a policy into this state."""
        for name, columns in self.tables.items():
            getattr(model, name).table.restore(columns)
        model.vehicles.restore(self.vehicles)
        for name, values in self.stations.items():
            model.stations.table.columns[name][: len(values)] = values
        model.peak_time_s = self.peak_time_s.copy()
        model.use_roads(self.peak_skim)
        model.traffic = self.traffic
        model.knows_roads = self.knows_roads
        model.use_timetable(self.timetable_key)
        model.crowding, model.further_wait_min = dict(self.crowding), dict(self.further_wait_min)
        model.car_habits = self.car_habits
        model.book = self.book.copy()
        model.year = self.year
