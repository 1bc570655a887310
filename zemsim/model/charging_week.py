"""Electric cars over an ordered week of a season: five weekdays and a weekend, drive, charge, queue, remember.

The days follow each other; within a day every driver plans on expected waits, then the stations serve in time order,
first come first served, then the energy reaches the batteries. See `zemsim.kernels.charging`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from zemsim.core.names import Alternative, ChargingPlace, DayType, Purpose
from zemsim.core.randomness import Stream
from zemsim.kernels.blocks import run_blocks
from zemsim.kernels.charging import (
    ChargingParameters,
    ElectricCars,
    ElectricTours,
    PrivateSessions,
    Requests,
    finish_day,
    plan_day,
    serve_stations,
)
from zemsim.model.vehicles import kwh_per_km

if TYPE_CHECKING:
    from zemsim.model.day_plan import DayPlan
    from zemsim.model.model import MobilityModel

WEEK = (DayType.WEEKDAY,) * 5 + (DayType.WEEKEND,) * 2
_STATION_BLOCK = 64


@dataclass
class WeekResult:
    """What a week left behind.

    Attributes
    ----------
    sessions : one row per session, columns of the run table without year and season.
    failed : public sessions given up because of the queue.
    below_zero : cars whose battery fell below zero while driving.
    wait_min : float64 [V], mean wait of the sessions of each station, NaN without any.
    sessions_of : int64 [V].
    morning_kwh : float64 [C], lowest state of each battery at the start of a day.
    """

    sessions: pd.DataFrame
    failed: int
    below_zero: int
    wait_min: npt.NDArray[np.float64]
    sessions_of: npt.NDArray[np.int64]
    morning_kwh: npt.NDArray[np.float64]


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
class _Day:
    """The electric tours of a day type, sorted by vehicle and departure."""

    tours: ElectricTours
    first_tour: npt.NDArray[np.int32]
    car_of: npt.NDArray[np.int32]
    tour_idx: npt.NDArray[np.int64]


def _electric_day(plan: DayPlan, model: MobilityModel) -> _Day:
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
        at_work=plan.column("purpose")[picked] == Purpose.WORK,
        last=last,
    )
    return _Day(tours, np.append(first, len(picked)).astype(np.int32), car_of.astype(np.int32), picked)


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
        work_kw=np.where(model.work_charging[home], p["work_kw"], 0.0).astype(np.float32),
        money_weight=(p["b_cost"] * income ** -p["eta_vot_income"]).astype(np.float32),
    )


def simulate_week(model: MobilityModel) -> WeekResult:
    """Drive and charge the week of the model's season; batteries carry over to the next."""
    p = charging_parameters(model)
    cars, stations = electric_cars(model), model.station_view()
    vehicles = model.vehicles
    days = {day_type: _electric_day(plan, model) for day_type, plan in model.plans.items()}
    lowest = vehicles.energy_kwh.copy()
    morning = np.full(vehicles.n, np.inf)
    parts, failed = [], 0
    for number, day_type in enumerate(WEEK):
        morning = np.minimum(morning, vehicles.energy_kwh)
        part, gave_up = _simulate_day(model, number, days[day_type], cars, stations, p, lowest)
        parts.append(part)
        failed += gave_up
    sessions = pd.DataFrame({name: np.concatenate([part[name] for part in parts]) for name in parts[0]})
    n = len(model.stations)
    public = sessions["site_idx"].to_numpy() >= 0
    site = sessions["site_idx"].to_numpy()[public]
    count = np.bincount(site, minlength=n)
    waits = np.bincount(site, weights=sessions["wait_min"].to_numpy()[public], minlength=n)
    mean_wait = np.divide(waits, count, out=np.full(n, np.nan), where=count > 0)
    return WeekResult(sessions, failed, int((lowest < -1e-6).sum()), mean_wait, count, morning)


def _simulate_day(
    model: MobilityModel,
    number: int,
    day: _Day,
    cars: ElectricCars,
    stations: Any,
    p: ChargingParameters,
    lowest: npt.NDArray[np.float64],
) -> tuple[dict[str, npt.NDArray[Any]], int]:
    n = len(day.tour_idx)
    requests = Requests(
        station=np.full(n, -1, np.int32),
        place=np.full(n, -1, np.int8),
        arrive_min=np.zeros(n, np.float32),
        kwh=np.zeros(n),
        minutes=np.zeros(n, np.float32),
        forced=np.zeros(n, np.bool_),
    )
    private = PrivateSessions(np.zeros(n), np.zeros(n))
    energy = model.vehicles.energy_kwh
    run_blocks(
        plan_day,
        len(day.car_of),
        model.threads,
        day.first_tour,
        day.car_of,
        model.seed,
        int(Stream.CHARGING),
        number + 8 * int(model.season),
        day.tours,
        cars,
        stations,
        p,
        energy,
        requests,
        private,
        lowest,
    )
    wait, served = _serve(model, day, stations, requests, p)
    kwh = np.zeros(n)
    finish_day(day.tours, requests, served, model.vehicles.battery_kwh, energy, kwh)
    return _sessions(number, day, requests, private, cars, stations, p, wait, kwh), int(
        ((requests.station >= 0) & ~served).sum()
    )


def _serve(
    model: MobilityModel, day: _Day, stations: Any, requests: Requests, p: ChargingParameters
) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.bool_]]:
    """Queues of all stations: wait of each request and whether it was served."""
    wait = np.zeros(len(day.tour_idx), np.float32)
    served = np.zeros(len(day.tour_idx), np.bool_)
    asked = np.flatnonzero(requests.station >= 0)
    order = asked[np.lexsort((day.tours.vehicle[asked], requests.arrive_min[asked], requests.station[asked]))]
    station_of, first = np.unique(requests.station[order], return_index=True)
    run_blocks(
        serve_stations,
        len(station_of),
        model.threads,
        np.append(first, len(order)).astype(np.int32),
        order.astype(np.int32),
        station_of.astype(np.int32),
        stations.points,
        requests,
        p,
        wait,
        served,
        block_rows=_STATION_BLOCK,
    )
    return wait, served


def _sessions(
    number: int,
    day: _Day,
    requests: Requests,
    private: PrivateSessions,
    cars: ElectricCars,
    stations: Any,
    p: ChargingParameters,
    wait: npt.NDArray[np.float32],
    kwh: npt.NDArray[np.float64],
) -> dict[str, npt.NDArray[Any]]:
    """The day's sessions by column; energy from the grid."""
    vehicle = day.tours.vehicle
    home, work, public = (np.flatnonzero(x > 0) for x in (private.home_kwh, private.work_kwh, kwh))
    slow = requests.place[public] == ChargingPlace.PUBLIC_SLOW
    grid_home = private.home_kwh[home].astype(np.float64) / p.loss_ac
    grid_work = private.work_kwh[work].astype(np.float64) / p.loss_ac
    grid_public = kwh[public] / np.where(slow, p.loss_ac, p.loss_dc)
    site = requests.station[public]
    return {
        "day": np.full(len(home) + len(work) + len(public), number, np.int8),
        "vehicle_idx": np.concatenate([vehicle[home], vehicle[work], vehicle[public]]),
        "place": np.concatenate(
            [
                np.full(len(home), ChargingPlace.HOME, np.int8),
                np.full(len(work), ChargingPlace.WORK, np.int8),
                requests.place[public],
            ]
        ),
        "site_idx": np.concatenate([np.full(len(home) + len(work), -1, np.int32), site]),
        "start_min": np.concatenate(
            [
                day.tours.return_min[home],
                day.tours.arrive_min[work],
                requests.arrive_min[public] + wait[public],
            ]
        ).astype(np.float32),
        "wait_min": np.concatenate([np.zeros(len(home) + len(work), np.float32), wait[public]]),
        "kwh": np.concatenate([grid_home, grid_work, grid_public]),
        "cost_eur": np.concatenate(
            [
                grid_home * cars.home_eur_kwh[vehicle[home]],
                grid_work * p.work_eur_kwh,
                grid_public * stations.price_eur_kwh[site],
            ]
        ),
    }


def learn_from_week(model: MobilityModel, week: WeekResult, weight: float) -> None:
    """Drivers average into what they knew: price and lost time per kWh, and the lowest morning of their battery.

    Those who did not charge keep the price that they knew.
    """
    vehicles, sessions = model.vehicles, week.sessions
    car = sessions["vehicle_idx"].to_numpy()
    kwh = np.bincount(car, weights=sessions["kwh"].to_numpy(), minlength=vehicles.n)
    eur = np.bincount(car, weights=sessions["cost_eur"].to_numpy(), minlength=vehicles.n)
    lost = np.bincount(car, weights=sessions["wait_min"].to_numpy(np.float64), minlength=vehicles.n)
    charged = kwh > 0
    for memory, total in ((vehicles.paid_eur_kwh, eur), (vehicles.lost_min_kwh, lost)):
        memory[charged] += weight * (total[charged] / kwh[charged] - memory[charged])
    vehicles.morning_kwh += weight * (week.morning_kwh - vehicles.morning_kwh)
