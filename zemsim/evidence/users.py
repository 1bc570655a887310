"""Who uses a mode: users over those who travel, on a mean day."""

from __future__ import annotations

from collections.abc import Collection, Mapping

import numpy as np
import pandas as pd

from zemsim.core.names import DayType, Season
from zemsim.evidence.rows import ratio


def users_on_a_day(
    trips: pd.DataFrame, modes: Mapping[str, Collection[int]], season_days: np.ndarray
) -> dict[str, float]:
    """Return the users of each group of modes over all who travel, on a mean day of the year.

    A survey asks which modes people use on a typical day, several answers allowed: someone who takes the bus and walks
    on the same day counts in both. Days are not thrown together: a cyclist of the summer counts on summer days only.

    Parameters
    ----------
    trips : DataFrame
        Trips of the residents who are asked: ``resident, season, day_type, mode``.
    modes : mapping of str to collection of int
        Name of a group to its modes.
    season_days : float64 [season, day type]
        Days of the year that each simulated day stands for.

    Returns
    -------
    dict of str to float
        Name to person-days with the modes over person-days with a trip; NaN where nobody travels.
    """
    day = trips["season"].to_numpy(np.int64) * len(DayType) + trips["day_type"].to_numpy(np.int64)
    resident, mode = trips["resident"].to_numpy(np.int64), trips["mode"].to_numpy()
    days = np.asarray(season_days, np.float64).ravel()
    travellers = _person_days(resident, day, days)
    found = {}
    for name, group in modes.items():
        used = np.isin(mode, [int(m) for m in group])
        found[name] = ratio(_person_days(resident[used], day[used], days), travellers)
    return found


def _person_days(resident: np.ndarray, day: np.ndarray, days: np.ndarray) -> float:
    """Residents with a row on each simulated day, weighted by the days it stands for."""
    n_days = len(Season) * len(DayType)
    seen = np.unique(resident * n_days + day) % n_days
    return float((np.bincount(seen, minlength=n_days) * days).sum())
