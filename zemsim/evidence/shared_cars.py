"""Shared electric cars in a year: trips, kilometres, use per car, who was refused, energy."""

from __future__ import annotations

from typing import Final

import pandas as pd

from zemsim.core.names import TRIPS_PER_TOUR
from zemsim.evidence.emissions import Energy
from zemsim.evidence.places import FloatArray
from zemsim.evidence.rows import Rows, ratio

_REFUSED: Final = {"no car": "refused_no_car", "no charge": "refused_no_charge"}


def days_of_rows(rows: pd.DataFrame, season_days: FloatArray) -> FloatArray:
    """Days of a year that each row stands for."""
    found: FloatArray = season_days[rows["season"].to_numpy(), rows["day_type"].to_numpy()]
    return found


def add_shared_cars(
    rows: Rows, year: int, trips: pd.DataFrame, stations: pd.DataFrame, season_days: FloatArray
) -> None:
    """Add what shared cars of a year are used for, from the rows of ``shared_car_trips`` and ``car_stations``."""
    days, open_days = days_of_rows(trips, season_days), days_of_rows(stations, season_days)
    rows.add("shared_car_trips_year", year, TRIPS_PER_TOUR * days.sum())
    rows.add("shared_car_km_year", year, (days * trips["tour_km"].to_numpy()).sum())
    tours = (open_days * stations["tours"].to_numpy()).sum()
    rows.add("shared_car_tours_per_car_day", year, ratio(tours, (open_days * stations["cars"].to_numpy()).sum()))
    refused = {group: (open_days * stations[name].to_numpy()).sum() for group, name in _REFUSED.items()}
    for group, count in refused.items():
        rows.add("shared_car_refused_year", year, count, group)
    rows.add("shared_car_refused_year", year, sum(refused.values()))


def energy_of_shared_cars(stations: pd.DataFrame, season_days: FloatArray) -> Energy:
    """Return what shared cars draw from the grid in a year, at its mean over all hours."""
    return Energy(grid_kwh=float((days_of_rows(stations, season_days) * stations["grid_kwh"].to_numpy()).sum()))
