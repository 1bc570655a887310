"""The population: three tables that refer to each other by position."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt
import pandas as pd

#: Households of one zone at most; a household's id is ``zone_idx`` times this plus its number in the zone.
IDS_PER_ZONE: Final = 1_000_000
HOUSEHOLD_DTYPES: Final[Mapping[str, str]] = {
    "household_id": "int64",
    "zone_idx": "int32",
    "x_m": "float64",
    "y_m": "float64",
    "size_pers": "int8",
    "income_eur_month": "float32",
    "flat": "bool",
    "home_charging": "bool",
    "n_cars": "int8",
}
RESIDENT_DTYPES: Final[Mapping[str, str]] = {
    "resident_id": "int64",
    "household_idx": "int32",
    "age": "int16",
    "female": "bool",
    "employed": "bool",
    "student": "bool",
    "licence": "bool",
    "bike": "bool",
    "ebike": "bool",
    "work_zone_idx": "int32",
    "school_zone_idx": "int32",
    "income_ratio": "float32",
}
VEHICLE_DTYPES: Final[Mapping[str, str]] = {
    "vehicle_id": "int64",
    "household_idx": "int32",
    "powertrain": "int8",
    "age_years": "int16",
    "battery_kwh": "float32",
}


@dataclass(frozen=True)
class Population:
    """Households, residents and cars of a region.

    Attributes
    ----------
    households
        H rows, sorted by zone; columns of ``HOUSEHOLD_DTYPES``.
    residents
        P rows, sorted by household; columns of ``RESIDENT_DTYPES``. ``-1`` is no workplace or school.
    vehicles
        C rows, sorted by household; columns of ``VEHICLE_DTYPES``.
    seed
        Seed of the synthesis.
    """

    households: pd.DataFrame
    residents: pd.DataFrame
    vehicles: pd.DataFrame
    seed: int

    def __post_init__(self) -> None:
        for name, table, dtypes in (
            ("households", self.households, HOUSEHOLD_DTYPES),
            ("residents", self.residents, RESIDENT_DTYPES),
            ("vehicles", self.vehicles, VEHICLE_DTYPES),
        ):
            found = {str(column): str(dtype) for column, dtype in table.dtypes.items()}
            if found != dict(dtypes):
                raise ValueError(f"{name} must have columns {dict(dtypes)}, not {found}")
        for name, table in (("residents", self.residents), ("vehicles", self.vehicles)):
            owner = table["household_idx"]
            if not owner.is_monotonic_increasing or (len(owner) and not 0 <= owner.iloc[-1] < len(self.households)):
                raise ValueError(f"{name} must be sorted by household")

    def home_zone_idx(self) -> pd.Series:
        """Home zone of each resident: int32 [P]."""
        zone = self.households["zone_idx"].to_numpy()[self.residents["household_idx"].to_numpy()]
        return pd.Series(zone, index=self.residents.index, name="zone_idx")

    def take(self, kept: npt.NDArray[np.integer]) -> Population:
        """Return some households with their residents and cars, numbered anew.

        Parameters
        ----------
        kept : int [K]
            Positions of the households, rising.
        """
        new = self.new_positions(kept)
        tables = {"households": self.households.iloc[kept].reset_index(drop=True)}
        for name, table in (("residents", self.residents), ("vehicles", self.vehicles)):
            home = new[table["household_idx"].to_numpy()]
            rows = table[home >= 0].reset_index(drop=True)
            tables[name] = rows.assign(household_idx=home[home >= 0])
        return Population(**tables, seed=self.seed)

    def new_positions(self, kept: npt.NDArray[np.integer]) -> npt.NDArray[np.int32]:
        """Position of each household among those kept, -1 for the others: int32 [H]."""
        new = np.full(len(self.households), -1, np.int32)
        new[kept] = np.arange(len(kept), dtype=np.int32)
        return new
