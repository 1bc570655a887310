"""In which years each tour is made, where the population follows a forecast. Axes: R tours, P residents."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from zemsim.population.stages import SPAN_DTYPES

Ints = npt.NDArray[np.int64]


@dataclass(frozen=True)
class TourSpans:
    """First and last year of each tour, both included: int16 [R]."""

    from_year: npt.NDArray[np.int16]
    until_year: npt.NDArray[np.int16]

    @classmethod
    def of(cls, tours: pd.DataFrame) -> TourSpans | None:
        """Return those of the tours of a day type; None where tours are made in all years."""
        return cls(*(tours[name].to_numpy() for name in SPAN_DTYPES)) if set(SPAN_DTYPES) <= set(tours) else None

    def in_force(self, year: int) -> npt.NDArray[np.bool_]:
        """Tours of a year, bool [R]."""
        made: npt.NDArray[np.bool_] = (self.from_year <= year) & (self.until_year >= year)
        return made

    def next_of_stage(self) -> npt.NDArray[np.bool_]:
        """Whether the next tour is of the same years, bool [R]."""
        same: npt.NDArray[np.bool_] = np.diff(self.from_year, append=-1) == 0
        return same


def ranges(rows: Ints, who: Ints, n_residents: int) -> tuple[Ints, Ints]:
    """First tour of each resident among ``rows`` (rising), and the one behind its last: int64 [P] each.

    Tours of a stage of a resident stand one after the other. Who makes none begins and ends where the one before ends,
    so that residents whose tours follow each other can be taken together.
    """
    start = np.append(rows, 0)[np.searchsorted(who, np.arange(n_residents), "left")]
    count = np.bincount(who, minlength=n_residents)
    end = np.maximum.accumulate(np.where(count > 0, start + count, 0))
    return np.where(count > 0, start, end), end
