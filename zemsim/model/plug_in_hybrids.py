"""Charging of plug-in hybrids, by a stated rule: at home, after the last tour of the day, what the day took from it.

The electric share of their kilometres is a parameter (`uf_phev`), because owners do not plug in every day, and by day
it is not known. So a day's energy may exceed a battery; over a year it is right.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from zemsim.core.names import TRIPS_PER_TOUR, ChargingPlace, Powertrain
from zemsim.model.car_use import car_use
from zemsim.model.charging_inputs import WEEK
from zemsim.model.charging_week import shares_by_hour
from zemsim.model.energy import home_eur_kwh, phev_grid_kwh_per_km

if TYPE_CHECKING:
    from zemsim.model.charging_week import WeekResult
    from zemsim.model.day_plan import DayPlan
    from zemsim.model.model import MobilityModel


def with_plug_in_hybrids(model: MobilityModel, week: WeekResult) -> WeekResult:
    """The same week with the sessions of the plug-in hybrids behind those of the battery electric cars."""
    sessions = phev_sessions(model)
    if not len(sessions):
        return week
    return replace(week, sessions=pd.concat([week.sessions, sessions[week.sessions.columns]], ignore_index=True))


def phev_sessions(model: MobilityModel) -> pd.DataFrame:
    """One session at home for each plug-in hybrid and day on which it was driven, if it can plug in there.

    Returns
    -------
    DataFrame
        The columns of `WeekResult.sessions`; plug-in hybrids have no timer.
    """
    of_type = {day_type: _day(model, plan) for day_type, plan in model.plans.items()}
    days = [of_type[day_type].assign(day=np.int8(number)) for number, day_type in enumerate(WEEK)]
    return pd.concat(days, ignore_index=True)


def _day(model: MobilityModel, plan: DayPlan) -> pd.DataFrame:
    vehicles, use = model.vehicles, car_use(plan)
    hybrid = vehicles.powertrain[use.vehicle] == Powertrain.PHEV
    car = use.vehicle[hybrid]
    kwh_km = phev_grid_kwh_per_km(model, model.temperature_c)
    kwh = np.bincount(car, TRIPS_PER_TOUR * use.km[hybrid] * kwh_km[car], vehicles.n)
    back = np.zeros(vehicles.n)
    out = plan.allotment.depart_min[use.row[hybrid]] + use.out_min[hybrid]
    np.maximum.at(back, car, np.maximum(use.leave_min[hybrid], out) + use.back_min[hybrid])
    cars = np.flatnonzero(kwh > 0.0)
    start, grid = back[cars], kwh[cars]
    end = start + 60.0 * grid / model.parameters["home_kw"]
    flat = grid * home_eur_kwh(model)[cars]
    own = model.households.table.home_charging[vehicles.household_idx[cars]]
    factor = (shares_by_hour(start, end) * model.conditions.home_hour_factor).sum(axis=1)
    return pd.DataFrame(
        {
            "vehicle_idx": cars.astype(np.int32),
            "place": np.full(len(cars), ChargingPlace.HOME, np.int8),
            "site_idx": np.full(len(cars), -1, np.int32),
            "start_min": start,
            "end_min": end,
            "wait_min": np.zeros(len(cars), np.float32),
            "left": np.zeros(len(cars), np.int8),
            "kwh": grid,
            "battery_kwh": grid * model.parameters["eta_ch"],
            "cost_eur": flat * np.where(own, factor, 1.0),
            "base_eur": flat,
        }
    )
