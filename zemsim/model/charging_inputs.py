"""What charging reads: the electric cars, the tours that they are driven on, and the coefficients of the season."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from zemsim.core.names import DayType, Purpose
from zemsim.core.randomness import Stream
from zemsim.kernels.blocks import run_blocks
from zemsim.kernels.charging import N_ERRORS, draw_errors
from zemsim.kernels.charging_tables import (
    ChargingParameters,
    ElectricCars,
    ElectricTours,
    Points,
    Stations,
    free_points,
)
from zemsim.kernels.charging_tariffs import cheapest_start, mean_price
from zemsim.kernels.draws import uniforms
from zemsim.model.car_use import car_use
from zemsim.model.tariffs import home_sums
from zemsim.model.vehicles import kwh_per_km

if TYPE_CHECKING:
    from zemsim.model.day_plan import DayPlan
    from zemsim.model.model import MobilityModel

MINUTES_PER_DAY = 1440.0
_EVENING_MIN = 18.0 * 60.0
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
        car_dc_kw=p["car_dc_kw"],
        fast_power_share=p["fast_power_share"],
        patience_min=p["patience_min"],
        retries=p["retry_sites"],
    )


@dataclass(frozen=True)
class ElectricDay:
    """The electric tours of a day type, sorted by vehicle and departure."""

    tours: ElectricTours
    first_tour: npt.NDArray[np.int32]
    car_of: npt.NDArray[np.int32]
    tour_idx: npt.NDArray[np.int64]

    def first_depart_min(self, n_cars: int) -> npt.NDArray[np.float64]:
        """When each car is first driven that day, float64 [C]; inf if it stands."""
        first = np.full(n_cars, np.inf)
        first[self.car_of] = self.tours.depart_min[self.first_tour[:-1]]
        return first


def _electric_day(plan: DayPlan, model: MobilityModel) -> ElectricDay:
    """Today's tours that were chosen to be driven in an electric car."""
    use, depart_min = car_use(plan), plan.allotment.depart_min
    electric = np.flatnonzero(model.vehicles.electric[use.vehicle])
    order = electric[np.lexsort((electric, depart_min[use.row[electric]], use.vehicle[electric]))]
    picked, cars = use.row[order], use.vehicle[order]
    out_min, back_min = use.out_min[order], use.back_min[order]
    depart = depart_min[picked].astype(np.float64)
    leave = np.maximum(use.leave_min[order], depart + out_min)
    car_of, first = np.unique(cars, return_index=True)
    last = np.zeros(len(picked), np.bool_)
    last[np.append(first[1:], len(picked))[: len(first)] - 1] = True
    tours = ElectricTours(
        vehicle=cars.astype(np.int32),
        draw=(np.arange(len(picked)) - np.repeat(first, np.diff(np.append(first, len(picked))))).astype(np.int32),
        dest=use.to[order],
        home=model.charger_works.doorsteps(model).home_rows(
            plan.columns.origin[picked], model.vehicles.household_idx[cars]
        ),
        road_km=use.km[order],
        depart_min=depart,
        arrive_min=depart + out_min,
        leave_min=leave,
        return_min=leave + back_min,
        work_kw=np.where(use.at_destination[order], _work_kw(model, plan, picked), np.float32(0.0)),
        last=last,
    )
    return ElectricDay(tours, np.append(first, len(picked)).astype(np.int32), car_of.astype(np.int32), picked)


def _work_kw(model: MobilityModel, plan: DayPlan, picked: npt.NDArray[np.intp]) -> npt.NDArray[np.float32]:
    """Power at hand where the driver of each tour works, 0 elsewhere."""
    at_work = plan.column("purpose")[picked] == Purpose.WORK
    has_point = at_work & model.work_charging[plan.column("resident_idx")[picked]]
    return np.where(has_point, model.parameters["work_kw"], 0.0).astype(np.float32)


def electric_cars(model: MobilityModel, hour_factor: npt.NDArray[np.float64]) -> ElectricCars:
    """What charging reads of each car: battery, own places to plug in, prices, weight of money.

    ``hour_factor`` [24] is that of the tariff at home.
    """
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
        home_tariff=np.where(own, 0, 1).astype(np.int8),
        home_hours=home_sums(hour_factor),
        delays=_has_timer(model)[home],
        place=households.municipality_idx[home],
        money_weight=(p["b_cost"] * income ** -p["eta_vot_income"]).astype(np.float32),
    )


def usual_home_factor(model: MobilityModel) -> npt.NDArray[np.float64]:
    """Factor on the price at home over a usual session of each car's household, float64 [C].

    A session of `session_kwh` that begins at six in the evening, or by a timer in the cheapest hours until six in the
    morning; 1 where the tariff has no hours.
    """
    p, households = model.parameters, model.households.table
    home, sums = model.vehicles.household_idx, home_sums(model.conditions.home_hour_factor)[0]
    minutes = 60.0 * p["session_kwh"] / p["home_kw"]
    by_timer = cheapest_start(sums, _EVENING_MIN, MINUTES_PER_DAY + 360.0 - minutes, minutes)
    at_once, later = (mean_price(sums, start, minutes) for start in (_EVENING_MIN, by_timer))
    factor = np.where(_has_timer(model)[home], later, at_once)
    return np.where(households.home_charging[home], factor, 1.0)


def _has_timer(model: MobilityModel) -> npt.NDArray[np.bool_]:
    """Homes whose car begins to charge by a timer, bool [H]."""
    share = model.conditions.timer_share
    lucky = _timer_luck(model) < (model.parameters["s_smart"] if share is None else share)
    timers: npt.NDArray[np.bool_] = lucky & model.households.table.home_charging
    return timers


def _timer_luck(model: MobilityModel) -> npt.NDArray[np.float64]:
    """Luck of each household with a timer; the same under every policy."""
    return uniforms(model.seed, int(Stream.TIMER), model.households.table.household_id)


@dataclass(frozen=True)
class ElectricWeek:
    """What is the same for every week of an iteration.

    Attributes
    ----------
    cars, stations : at the prices of the year.
    base_cars, base_stations : the same at the prices without measures on tariffs.
    days : the electric tours by day type.
    leaves_min_before : when each car is driven next, float64 [C], in minutes of the day before a day of a type: at most
        a day after midnight, so that a car that stands then is charged by its end.
    errors : float64 [E, 7], frozen error terms of each day of the week.
    points : the points of the sites; what is taken is carried from day to day and from week to week.
    held_kw : float64 [points], what the points that are taken since yesterday give.
    ready_min : float64 [C], when cars are back from the day before.
    """

    p: ChargingParameters
    cars: ElectricCars
    stations: Stations
    base_cars: ElectricCars
    base_stations: Stations
    days: dict[DayType, ElectricDay]
    leaves_min_before: dict[DayType, npt.NDArray[np.float64]]
    errors: tuple[npt.NDArray[np.float64], ...]
    points: Points
    held_kw: npt.NDArray[np.float64]
    ready_min: npt.NDArray[np.float64]

    def leaves_min(self, number: int) -> npt.NDArray[np.float64]:
        """When each car is driven next after day ``number`` of the week, in its minutes, float64 [C]."""
        return self.leaves_min_before[WEEK[(number + 1) % len(WEEK)]]


def electric_week(model: MobilityModel) -> ElectricWeek:
    """The chosen tours of the electric cars and what they meet; all points are free."""
    cars = electric_cars(model, model.conditions.home_hour_factor)
    base_cars = electric_cars(model, model.base_conditions_of[model.year].home_hour_factor)
    stations = model.station_view(model.tariffs)
    days = {day_type: _electric_day(plan, model) for day_type, plan in model.plans.items()}
    errors = []
    for number, day_type in enumerate(WEEK):
        tours = days[day_type].tours
        errors.append(np.zeros((len(tours.vehicle), N_ERRORS)))
        address = (model.seed, int(Stream.CHARGING), number + _DRAWS_A_SEASON * int(model.season))
        run_blocks(draw_errors, len(tours.vehicle), model.threads, *address, tours, cars, stations, errors[-1])
    points = free_points(stations.points)
    n_cars = model.vehicles.n
    return ElectricWeek(
        p=charging_parameters(model),
        cars=cars,
        stations=stations,
        base_cars=base_cars,
        base_stations=model.station_view(model.base_tariffs),
        days=days,
        leaves_min_before={
            day_type: MINUTES_PER_DAY + np.minimum(day.first_depart_min(n_cars), MINUTES_PER_DAY)
            for day_type, day in days.items()
        },
        errors=tuple(errors),
        points=points,
        held_kw=np.zeros(len(points.slot)),
        ready_min=np.zeros(n_cars),
    )
