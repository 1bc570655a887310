"""Places and groups of residents: sums by zone and income fifth, folded into region, area types and municipalities."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import pandas as pd

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]

REGION: Final = "region"
AREAS: Final = ("city", "town", "countryside")
QUINTILES: Final = 5


@dataclass(frozen=True)
class Places:
    """Who lives where.

    Attributes
    ----------
    zone_ids : list of str [Z]
    municipalities : list of str
        Sorted names.
    municipality : int64 [Z]
        Position in ``municipalities``; -1 for a gate.
    area : int64 [Z]
        Position in :data:`AREAS`; -1 for a gate.
    resident_zone, resident_quintile : int64 [P]
        Home zone; income fifth, 0 the lowest.
    household_zone : int64 [H]
    residents : float64 [Z, 5]
        Residents by home zone and income fifth.
    """

    zone_ids: list[str]
    municipalities: list[str]
    municipality: IntArray
    area: IntArray
    resident_zone: IntArray
    resident_quintile: IntArray
    household_zone: IntArray
    residents: FloatArray

    @classmethod
    def of(cls, zones: pd.DataFrame, persons: pd.DataFrame) -> Places:
        """Return the places of the tables ``zones`` and ``persons`` of a run."""
        inside = (zones["kind"] == "populated").to_numpy()
        names = sorted(set(zones.loc[inside, "municipality"]))
        municipality = pd.Index(names).get_indexer(pd.Index(zones["municipality"])).astype(np.int64)
        area = pd.Index(AREAS).get_indexer(pd.Index(zones["area_type"])).astype(np.int64)
        zone = persons["zone_idx"].to_numpy().astype(np.int64)
        quintile = persons["quintile"].to_numpy().astype(np.int64) - 1
        household = persons["household_idx"].to_numpy().astype(np.int64)
        household_zone = np.zeros(int(household.max(initial=-1)) + 1, np.int64)
        household_zone[household] = zone
        counts = np.bincount(zone * QUINTILES + quintile, minlength=len(zones) * QUINTILES).astype(np.float64)
        return cls(
            zone_ids=list(zones["zone_id"]),
            municipalities=names,
            municipality=np.where(inside, municipality, -1),
            area=np.where(inside, area, -1),
            resident_zone=zone,
            resident_quintile=quintile,
            household_zone=household_zone,
            residents=counts.reshape(len(zones), QUINTILES),
        )

    def with_only(self, present: npt.NDArray[np.bool_]) -> Places:
        """Return the places with only some of the residents counted, bool [P]."""
        cell = (self.resident_zone * QUINTILES + self.resident_quintile)[present]
        counts = np.bincount(cell, minlength=self.residents.size).astype(np.float64)
        return replace(self, residents=counts.reshape(self.residents.shape))

    @property
    def n_zones(self) -> int:
        return len(self.zone_ids)

    def fold(self, by_zone: npt.NDArray[Any]) -> dict[str, npt.NDArray[Any]]:
        """Sum an array [Z, ...] of home zones over the region, each area type and each municipality.

        Returns
        -------
        dict
            Place to the sum over the zone axis; region first.
        """
        folded = {REGION: by_zone.sum(axis=0)}
        for position, name in enumerate(AREAS):
            folded[name] = by_zone[self.area == position].sum(axis=0)
        for position, name in enumerate(self.municipalities):
            folded[name] = by_zone[self.municipality == position].sum(axis=0)
        return folded

    def zones(self, by_zone: npt.NDArray[Any]) -> dict[str, npt.NDArray[Any]]:
        """Return an array [Z, ...] as zone_id to row, for zones with residents."""
        lived_in = np.flatnonzero(self.residents.sum(axis=1) > 0)
        return {self.zone_ids[zone]: by_zone[zone] for zone in lived_in}
