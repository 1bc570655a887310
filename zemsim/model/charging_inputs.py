"""What charging reads: the electric cars, the tours that they are driven on, and the coefficients of the season."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from zemsim.core.names import Alternative, DayType, Purpose
from zemsim.core.randomness import Stream
from zemsim.kernels.blocks import run_blocks
from zemsim.kernels.charging import (
    N_ERRORS,
    ChargingParameters,
    ElectricCars,
    ElectricTours,
    Stations,
    draw_errors,
)
from zemsim.model.vehicles import kwh_per_km

if TYPE_CHECKING:
    from zemsim.model.day_plan import DayPlan
    from zemsim.model.model import MobilityModel

WEEK = (DayType.WEEKDAY,) * 5 + (DayType.WEEKEND,) * 2
#: Days with error terms of their own in a season.
_DRAWS_A_SEASON = 8


def charging_parameters(model: MobilityModel) -> ChargingParameters:
    """Coefficients of charging at the season's temperature and the year's prices."""
    p = model.parameters
    return ChargingParameters(
        c_home=p["c_home"],
        c_work=p["c_work"],
        c_slow=p["c_slow"],
        c_fast=p["c_fast"],
        b_soc=p["b_soc"],
        b_dur=p["b_dur"],
        value_of_time_eur_h=p["vot_car_other"],
        walk_multiplier=p["m_walk"],
        kwh_km=kwh_per_km(p, model.temperature_c),
        reserve_share=p["reserve_share"],
        fast_until_share=p["fast_until_share"],
        loss_ac=p["eta_ch"],
        loss_dc=p["eta_dc"],
        work_eur_kwh=model.conditions.price["electricity_work_eur_kwh"],
        car_ac_kw=p["car_ac_kw"],
        patience_min=p["patience_min"],
    )


@dataclass(frozen=True)
class ElectricDay:
    """The electric tours of a day type, sorted by vehicle and departure."""

    tours: ElectricTours
    first_tour: npt.NDArray[np.int32]
    car_of: npt.NDArray[np.int32]
    tour_idx: npt.NDArray[np.int64]


def _electric_day(plan: DayPlan, model: MobilityModel) -> ElectricDay:
    """Today's tours that were chosen to be driven in an electric car."""
    columns = plan.columns
    vehicle = columns.vehicle
    driven = (plan.alternative == Alternative.DRIVER) & (vehicle >= 0)
    picked = np.flatnonzero(driven & model.vehicles.electric[np.maximum(vehicle, 0)])
    order = np.lexsort((picked, plan.allotment.depart_min[picked], vehicle[picked]))
    picked = picked[order]
    cars = vehicle[picked]
    out_min, back_min = plan.out_min[picked], plan.back_min[picked]
    depart = plan.allotment.depart_min[picked].astype(np.float32)
    leave = np.maximum(plan.column("leave_min")[picked], depart + out_min).astype(np.float32)
    car_of, first = np.unique(cars, return_index=True)
    last = np.zeros(len(picked), np.bool_)
    last[np.append(first[1:], len(picked))[: len(first)] - 1] = True
    tours = ElectricTours(
        vehicle=cars.astype(np.int32),
        draw=(np.arange(len(picked)) - np.repeat(first, np.diff(np.append(first, len(picked))))).astype(np.int32),
        dest=columns.dest[picked],
        home=columns.origin[picked],
        road_km=columns.road_km[picked],
        depart_min=plan.allotment.depart_min[picked],
        arrive_min=depart + out_min,
        leave_min=leave,
        return_min=leave + back_min,
        work_kw=_work_kw(model, plan, picked),
        last=last,
    )
    return ElectricDay(tours, np.append(first, len(picked)).astype(np.int32), car_of.astype(np.int32), picked)


def _work_kw(model: MobilityModel, plan: DayPlan, picked: npt.NDArray[np.intp]) -> npt.NDArray[np.float32]:
    """Power at hand where the driver of each tour works, 0 elsewhere."""
    at_work = plan.column("purpose")[picked] == Purpose.WORK
    has_point = at_work & model.work_charging[plan.column("resident_idx")[picked]]
    return np.where(has_point, model.parameters["work_kw"], 0.0).astype(np.float32)


def electric_cars(model: MobilityModel) -> ElectricCars:
    """What charging reads of each car: battery, own places to plug in, prices, weight of money."""
    vehicles, households, p = model.vehicles, model.households.table, model.parameters
    home = vehicles.household_idx
    zone = households.zone_idx[home]
    own, yard = households.home_charging[home], households.yard_charging[home]
    c = model.conditions
    home_kw = np.where(own, p["home_kw"], np.where(yard, np.nan_to_num(c.yard_power_kw[zone]), 0.0))
    price = np.where(own, c.price["electricity_home_eur_kwh"], np.nan_to_num(c.yard_price_eur_kwh[zone]))
    income = np.clip(households.income_ratio[home].astype(np.float64), 0.2, 5.0)
    return ElectricCars(
        vehicle_id=vehicles.vehicle_id,
        battery_kwh=vehicles.battery_kwh,
        home_kw=home_kw.astype(np.float32),
        home_eur_kwh=price.astype(np.float32),
        money_weight=(p["b_cost"] * income ** -p["eta_vot_income"]).astype(np.float32),
    )


@dataclass(frozen=True)
class ElectricWeek:
    """What is the same for every week of an iteration.

    Attributes
    ----------
    days : the electric tours by day type.
    errors : float64 [E, 7], frozen error terms of each day of the week.
    first_point : int32 [V + 1], offsets of the points of each station.
    free_at : float64 [points], when each point becomes free, minutes of the day at hand; carried from day to day and
        from week to week.
    """

    p: ChargingParameters
    cars: ElectricCars
    stations: Stations
    days: dict[DayType, ElectricDay]
    errors: tuple[npt.NDArray[np.float64], ...]
    first_point: npt.NDArray[np.int32]
    free_at: npt.NDArray[np.float64]


def electric_week(model: MobilityModel) -> ElectricWeek:
    """The chosen tours of the electric cars and what they meet; all points are free."""
    cars, stations = electric_cars(model), model.station_view()
    days = {day_type: _electric_day(plan, model) for day_type, plan in model.plans.items()}
    errors = []
    for number, day_type in enumerate(WEEK):
        tours = days[day_type].tours
        errors.append(np.zeros((len(tours.vehicle), N_ERRORS)))
        address = (model.seed, int(Stream.CHARGING), number + _DRAWS_A_SEASON * int(model.season))
        run_blocks(draw_errors, len(tours.vehicle), model.threads, *address, tours, cars, stations, errors[-1])
    first_point = np.append(0, np.cumsum(np.maximum(1, stations.points))).astype(np.int32)
    free_at = np.zeros(first_point[-1])
    return ElectricWeek(charging_parameters(model), cars, stations, days, tuple(errors), first_point, free_at)
