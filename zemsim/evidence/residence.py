"""Who is there in which year, and which tours are made then, where the population of a run follows a forecast."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

Years = npt.NDArray[np.int16]
Mask = npt.NDArray[np.bool_]


@dataclass(frozen=True)
class Residence:
    """First and last years, both included: of residents int16 [P], and of tours int16 [R]."""

    first_year: Years
    last_year: Years
    from_year: Years
    until_year: Years

    @classmethod
    def of(cls, residence: pd.DataFrame, tour_spans: pd.DataFrame) -> Residence:
        """Return it from the tables of a run."""
        people, tours = (
            [table[name].to_numpy() for name in names]
            for table, names in (
                (residence, ("first_year", "last_year")),
                (tour_spans, ("from_year", "until_year")),
            )
        )
        return cls(*people, *tours)

    def present(self, year: int) -> Mask:
        """Who is there in a year, bool [P]."""
        there: Mask = (self.first_year <= year) & (self.last_year >= year)
        return there

    def tours_in(self, year: int) -> Mask:
        """Which tours are made in a year, bool [R]."""
        made: Mask = (self.from_year <= year) & (self.until_year >= year)
        return made
