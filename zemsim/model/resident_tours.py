"""The tours of one day type and whose they are; values of residents are looked up and not kept for each tour.

Axes: P residents, H households, R tours of the day type (sorted by resident).
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from zemsim.core.names import DayType
from zemsim.population import Population


class ResidentTours:
    """Tours of one day type of the residents of a population.

    Attributes
    ----------
    tours : DataFrame of the day type's tours, index 0 to R - 1; its values are those of the table of all tours.
    first_idx : position of the first of them in the table of all tours of the seed.
    tour_start, tour_end : int32 [P], the tours of each resident.
    household_tours : int32 [H + 1], offsets of the tours of each household.
    ordinal : int16 [R], number of each tour among those of its resident.
    age : int16 [R], years of who makes the tour.
    """

    def __init__(self, population: Population, all_tours: pd.DataFrame, day_type: DayType) -> None:
        chosen = np.flatnonzero(all_tours["day_type"].to_numpy() == day_type)
        self.day_type, self.n_tours = day_type, len(chosen)
        self.first_idx = int(chosen[0]) if len(chosen) else 0
        if len(chosen) and not (np.diff(chosen) == 1).all():
            raise ValueError("tours must be sorted by day type")
        self.tours = all_tours.iloc[self.first_idx : self.first_idx + self.n_tours].reset_index(drop=True)
        resident = self.column("resident_idx")
        everyone = np.arange(len(population.residents))
        self.tour_start = np.searchsorted(resident, everyone, "left").astype(np.int32)
        self.tour_end = np.searchsorted(resident, everyone, "right").astype(np.int32)
        self._home = population.residents["household_idx"].to_numpy()
        edges = np.arange(len(population.households) + 1)
        self.household_tours = np.searchsorted(self.household_of, edges, "left").astype(np.int32)
        self.ordinal = (np.arange(self.n_tours) - self.tour_start[resident]).astype(np.int16)
        self.age = population.residents["age"].to_numpy(np.int16)[resident]
        self._resident_ids = population.residents["resident_id"].to_numpy(np.int64)

    def column(self, name: str) -> npt.NDArray[Any]:
        """A column of the tours as an array."""
        return self.tours[name].to_numpy()

    @property
    def household_of(self) -> npt.NDArray[np.int32]:
        """Household of each tour, int32 [R]."""
        return np.asarray(self._home[self.column("resident_idx")], np.int32)

    @property
    def resident_id(self) -> npt.NDArray[np.int64]:
        """Number of the resident of each tour, int64 [R]."""
        return np.asarray(self._resident_ids[self.column("resident_idx")], np.int64)

    @property
    def address(self) -> npt.NDArray[np.int64]:
        """Number of each tour within its resident's draws: the same whatever the season, year and policy."""
        return np.asarray(self.ordinal, np.int64) + 64 * int(self.day_type)
