"""Rows of a run about shared cars, and what they cost and draw."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from zemsim.core.names import TRIPS_PER_TOUR
from zemsim.core.schema import schema
from zemsim.model.car_loans import NONE_CHARGED, NONE_THERE

if TYPE_CHECKING:
    from zemsim.model.day_plan import DayPlan
    from zemsim.model.model import MobilityModel


def shared_car_rows(model: MobilityModel, plan: DayPlan) -> pd.DataFrame:
    """Tours in a shared car on a day type, a row each."""
    shared = plan.shared_cars
    if shared is None or shared.loans is None:
        return schema("shared_car_trips").empty()
    at, row = shared.lent, shared.row[shared.lent]
    km = TRIPS_PER_TOUR * plan.columns.road_km[row].astype(np.float64)
    return pd.DataFrame(
        {
            **_day(model, plan, len(row)),
            "tour_idx": (plan.first_idx + row).astype(np.int32),
            "stop_id": [shared.stations[s].stop_id for s in shared.station[at]],
            "car": shared.loans.car.astype(np.int32),
            "walk_min": shared.walk_min[at].astype(np.float32),
            "take_min": shared.take_min[at],
            "back_min": shared.back_min[at],
            "tour_km": km,
            "driven_kwh": shared.kwh_km * km,
            "tour_eur": shared.eur[at],
        }
    )


def car_station_rows(model: MobilityModel, plan: DayPlan) -> pd.DataFrame:
    """Stations of shared cars on a day type, a row each."""
    shared = plan.shared_cars
    if shared is None or shared.loans is None:
        return schema("car_stations").empty()
    loans, stations, n = shared.loans, shared.stations, len(shared.stations)
    of_car = np.repeat(np.arange(n), np.diff(shared.fleet.first))
    no_car, empty = (np.bincount(shared.station[shared.refused == why], minlength=n) for why in _REASONS)
    energy = {
        "start_kwh": shared.fleet.start_kwh,
        "driven_kwh": loans.driven_kwh,
        "charged_kwh": loans.charged_kwh,
        "end_kwh": loans.end_kwh,
    }
    sums = {name: np.bincount(of_car, values, n) for name, values in energy.items()}
    return pd.DataFrame(
        {
            **_day(model, plan, n),
            "measure_id": [station.measure_id for station in stations],
            "stop_id": [station.stop_id for station in stations],
            "cars": np.diff(shared.fleet.first).astype(np.int32),
            "tours": np.bincount(shared.station[shared.lent], minlength=n).astype(np.int32),
            "refused_no_car": no_car.astype(np.int32),
            "refused_no_charge": empty.astype(np.int32),
            **sums,
            "grid_kwh": sums["charged_kwh"] / model.parameters["eta_ch"],
        }
    )


_REASONS = (NONE_THERE, NONE_CHARGED)


def flows_of_stations(model: MobilityModel, plan: DayPlan) -> list[tuple[str, float, float]]:
    """Measure, EUR paid by travellers and kWh from the grid of each station on a day."""
    shared = plan.shared_cars
    if shared is None or shared.loans is None:
        return []
    eur = np.bincount(shared.station[shared.lent], shared.eur[shared.lent], len(shared.stations))
    of_car = np.repeat(np.arange(len(shared.stations)), np.diff(shared.fleet.first))
    kwh = np.bincount(of_car, shared.loans.charged_kwh, len(shared.stations)) / model.parameters["eta_ch"]
    names = [station.measure_id for station in shared.stations]
    return list(zip(names, eur.tolist(), kwh.tolist(), strict=True))


def loan_of(plan: DayPlan, tour: int) -> dict[str, Any]:
    """The shared car of a tour in words: station, walk, hours and price."""
    shared = plan.shared_cars
    if shared is None:
        return {}
    at = int(np.searchsorted(shared.row, tour))
    return {
        "station": shared.stations[int(shared.station[at])].stop_id,
        "walk_min": float(shared.walk_min[at]),
        "hours": float(shared.back_min[at] - shared.take_min[at]) / 60.0,
        "eur_tour": float(shared.eur[at]),
        "parking_eur_tour": float(plan.columns.parking_eur[tour]),
    }


def _day(model: MobilityModel, plan: DayPlan, n: int) -> dict[str, Any]:
    return {
        "year": np.full(n, model.year, np.int16),
        "season": np.full(n, int(model.season), np.int8),
        "day_type": np.full(n, int(plan.day_type), np.int8),
    }
