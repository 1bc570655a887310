"""Checks of shared electric cars: no car twice at once, energy and money add up."""

from __future__ import annotations

from typing import Final

import numpy as np
import pandas as pd

from zemsim.evidence.places import FloatArray
from zemsim.evidence.shared_cars import days_of_rows
from zemsim.evidence.verdicts import ACCOUNT_LIMIT, Verdict, verdict

_DAY: Final = ["year", "season", "day_type"]


def shared_car_verdicts(
    trips: pd.DataFrame, stations: pd.DataFrame, payments: pd.DataFrame, season_days: FloatArray
) -> list[Verdict]:
    """Return the checks of shared cars; none where there are none.

    Parameters
    ----------
    trips, stations, payments : DataFrame
        Tables ``shared_car_trips``, ``car_stations`` and ``payments`` of a case.
    season_days : float64 [2, 2]
        Days that a simulated day stands for, by season and day type.
    """
    if not len(stations):
        return []
    twice = _lent_twice(trips)
    start, driven, charged, end = (stations[f"{name}_kwh"].to_numpy() for name in ("start", "driven", "charged", "end"))
    of_trips = trips.groupby([*_DAY, "stop_id"])["driven_kwh"].sum()
    of_station = stations.set_index([*_DAY, "stop_id"])["driven_kwh"]
    apart = np.abs(of_station - of_trips.reindex(of_station.index, fill_value=0.0)).max()
    gap = max(float(np.abs(start + charged - driven - end).max()), float(apart))
    paid = float((days_of_rows(trips, season_days) * trips["tour_eur"].to_numpy()).sum())
    of_cars = payments["measure_id"].isin(set(stations["measure_id"])) & (payments["item"] == "rides")
    booked = float(payments.loc[of_cars, "amount_eur"].sum())
    return [
        verdict(
            "shared-cars-one-tour",
            twice == 0,
            twice,
            "Times that a shared car was lent while it was out: {twice}",
            "Reizes, kad koplietošanas auto iedots, kamēr tas vēl bija ceļā: {twice}",
            twice=(twice, 0, ""),
        ),
        verdict(
            "shared-cars-energy",
            gap <= ACCOUNT_LIMIT * max(1.0, float(driven.max())),
            gap,
            "Shared cars: energy at midnight, and charged, less driven (also summed over tours) and left: at most "
            "{gap} of a station and day",
            "Koplietošanas auto: enerģija pusnaktī un uzlādētā, atskaitot nobraukto (arī pa braucieniem) un atlikušo: "
            "lielākais vienai stacijai dienā {gap}",
            gap=(gap, 9, "kWh"),
        ),
        verdict(
            "shared-cars-money",
            abs(paid - booked) <= ACCOUNT_LIMIT * max(1.0, paid),
            abs(paid - booked),
            "Paid for tours in shared cars and what their operators receive: {gap} apart a year",
            "Par koplietošanas auto samaksātais un operatoru saņemtais gadā atšķiras par {gap}",
            gap=(abs(paid - booked), 2, "EUR"),
        ),
    ]


def _lent_twice(trips: pd.DataFrame) -> int:
    """Tours that begin before the tour before them on the same car and day is over."""
    key = [*_DAY, "stop_id", "car"]
    rows = trips.sort_values([*key, "take_min", "back_min"], kind="stable")
    before = rows.groupby(key)["back_min"].shift()
    return int((rows["take_min"] < before).sum())
