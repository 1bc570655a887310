"""Who rides on a monthly pass, and what passes bring in."""

from __future__ import annotations

import numpy as np
import pandas as pd

from zemsim.core.names import TRIPS_PER_TOUR, DayType
from zemsim.evidence.places import QUINTILES, FloatArray, IntArray, Places
from zemsim.evidence.rows import Rows, ratio


def add_passes(
    rows: Rows, year: int, trips: pd.DataFrame, resident: IntArray, places: Places, season_days: FloatArray
) -> None:
    """Add the residents who ride on a pass on a mean weekday, and the fares of such rides in a year.

    Parameters
    ----------
    trips : DataFrame
        The rows of one year.
    resident : int [R]
        Who makes each tour.
    """
    made = trips[trips["with_pass"].to_numpy()]
    season, day_type = made["season"].to_numpy(), made["day_type"].to_numpy()
    days = season_days[season, day_type] * TRIPS_PER_TOUR
    rows.add("pass_revenue_eur_year", year, (days * made["fare_eur"].to_numpy(np.float64)).sum())
    weight = season_days[:, DayType.WEEKDAY] / season_days[:, DayType.WEEKDAY].sum()
    holders = np.zeros(places.residents.size)
    for each, share in enumerate(weight.tolist()):
        who = np.unique(resident[made["tour_idx"].to_numpy()[(season == each) & (day_type == DayType.WEEKDAY)]])
        cell = places.resident_zone[who] * QUINTILES + places.resident_quintile[who]
        holders += share * np.bincount(cell, minlength=holders.size)
    by_zone = holders.reshape(places.residents.shape)
    people = places.fold(places.residents.sum(axis=1))
    for place, count in places.fold(by_zone.sum(axis=1)).items():
        rows.add("pass_holders_share", year, ratio(count, people[place]), place=place)
    for fifth in range(QUINTILES):
        share = ratio(by_zone[:, fifth].sum(), places.residents[:, fifth].sum())
        rows.add("pass_holders_share", year, share, group=f"quintile-{fifth + 1}")
