"""The phases of a day: allot cars, choose, move, charge, remember. `schedule.py` lists them in their order."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from zemsim.core.names import PERIODS, Alternative, DayType, Mode, Powertrain
from zemsim.kernels.blocks import run_blocks
from zemsim.kernels.household_cars import CarColumns, allot_cars
from zemsim.model.car_use import car_use
from zemsim.model.charging_week import learn_from_week
from zemsim.model.energy import electric_share_of_phev, fuel_eur_per_km, phev_grid_kwh_per_km
from zemsim.model.plug_in_hybrids import with_plug_in_hybrids
from zemsim.model.tour_columns import SHARED_CAR
from zemsim.model.transit_day import learn_from_departures, transit_loads
from zemsim.model.vehicles import kwh_per_km
from zemsim.model.waits import charge_weeks
from zemsim.travel.assignment import Assignment, equilibrate
from zemsim.travel.link_network import VehicleClass
from zemsim.travel.roads import road_skim
from zemsim.travel.transit_loads import DepartureLoads

if TYPE_CHECKING:
    from zemsim.model.day_plan import DayPlan
    from zemsim.model.model import MobilityModel

_MORNING = next(idx for idx, period in enumerate(PERIODS) if period.peak)
#: Relative change of the time spent on roads above which drivers look for other paths, and learn other times.
_SKIM_TOLERANCE = 0.0015
#: Relative gap of the traffic on the roads.
_TRAFFIC_GAP = 1e-4
_HOUSEHOLD_BLOCK = 8192


@dataclass
class Moves:
    """What the roads and the vehicles of public transport experienced in an iteration."""

    road_time_s: npt.NDArray[np.float64]
    road_gap: float
    loads: dict[DayType, DepartureLoads]


def use_day(model: MobilityModel, day_type: DayType) -> None:
    """Make a day type today's: its tours become those of the residents."""
    plan = model.plans[day_type]
    model.today = plan
    plan.set_people(model.residents.table.columns)
    plan.prepare(model.temperature_c, model.crowding[day_type], model.further_wait_min[day_type])
    table = model.residents.table
    table.tour_start[:] = plan.tour_start
    table.tour_end[:] = plan.tour_end


def allot_household_cars(model: MobilityModel) -> None:
    """Give each tour at most one car of its household; see `zemsim.kernels.household_cars`."""
    plan = model.today
    columns = plan.columns
    run_blocks(
        allot_cars,
        len(model.households),
        model.threads,
        plan.household_tours,
        model.household_cars,
        plan.allotment,
        car_columns(model),
        columns.vehicle,
        columns.drive_eur,
        columns.parking_eur,
        block_rows=_HOUSEHOLD_BLOCK,
    )


def car_columns(model: MobilityModel) -> CarColumns:
    """Running cost per km (energy as paid, and the time lost to charging) and reach of each car; -1 of an empty place.

    Who can plug in at home starts a long tour with a battery as full as the share `full_share`; the others with the
    lowest morning of a week.
    """
    p, vehicles = model.parameters, model.vehicles
    kwh = kwh_per_km(p, model.temperature_c)
    time_eur = vehicles.lost_min_kwh * p["vot_car_other"] / 60.0
    electric = vehicles.electric
    eur = np.where(electric, kwh / p["eta_ch"] * (vehicles.paid_eur_kwh + time_eur), _other_eur_per_km(model))
    households = model.households.table
    plug = (households.home_charging | households.yard_charging)[vehicles.household_idx]
    planned = np.where(plug, p["full_share"] * vehicles.battery_kwh, 0.0)
    reach = (np.maximum(vehicles.morning_kwh, planned) - p["reserve_share"] * vehicles.battery_kwh) / kwh
    return CarColumns(
        eur_km=(p["k_fuel"] * eur).astype(np.float32),
        reach_km=np.select([~vehicles.owned, electric], [-1.0, np.maximum(reach, 0.0)], np.inf).astype(np.float32),
        electric=electric,
    )


def _other_eur_per_km(model: MobilityModel) -> npt.NDArray[np.float64]:
    """Cost of energy per km of all cars but the battery electric, EUR [C]."""
    vehicles = model.vehicles
    fuel = np.append(fuel_eur_per_km(model), 0.0)[vehicles.powertrain]
    hybrid = vehicles.powertrain == Powertrain.PHEV
    plugged = phev_grid_kwh_per_km(model, model.temperature_c) * vehicles.paid_eur_kwh
    return np.where(hybrid, (1.0 - electric_share_of_phev(model)) * fuel + plugged, fuel)


def choose_modes(model: MobilityModel) -> None:
    """Every resident chooses the mode of each of today's tours."""
    model.residents.do("choose_mode")


def move(model: MobilityModel) -> None:
    """Load the roads of the busiest morning hour and the vehicles of public transport."""
    traffic, gap = _traffic(model, _morning_demand(model, model.plans[DayType.WEEKDAY]))
    model.traffic = traffic
    model.moves = Moves(traffic.time_s, gap, transit_loads(model))


def _traffic(model: MobilityModel, demand: VehicleClass) -> tuple[Assignment, float]:
    """Cars on the roads, and how far the times that they make are from those that drivers chose by.

    Drivers keep to their paths, pair by pair in the same shares, until that makes times differ; then an equilibrium is
    sought, from these paths on. Kept paths are as near to an equilibrium as the search that found them came.
    """
    network, traffic = model.world.network, model.traffic
    if traffic is not None:
        kept = equilibrate(network, demand, traffic, gap=np.inf)
        traffic = replace(kept, gap=traffic.gap, reached=traffic.reached)
        gap = _road_gap(traffic, model.peak_time_s)
    if traffic is None or gap > _SKIM_TOLERANCE:
        traffic = equilibrate(network, demand, traffic, gap=_TRAFFIC_GAP, threads=model.threads)
        gap = _road_gap(traffic, model.peak_time_s)
    return traffic, gap


def _road_gap(traffic: Assignment, used_s: npt.NDArray[np.float64]) -> float:
    """Mean change of road times per time spent; 0 without cars."""
    flow = traffic.flow_veh_h
    spent = float((flow * used_s).sum())
    return float((flow * np.abs(traffic.time_s - used_s)).sum()) / spent if spent else 0.0


def _morning_demand(model: MobilityModel, plan: DayPlan) -> VehicleClass:
    """Cars between the nodes of zones in the busiest morning hour; not those that stay inside a zone."""
    c = plan.columns
    n = len(model.world.region.zones)
    use = car_use(plan, shared=True)
    away = c.origin[use.row] != use.to
    out, back = (np.flatnonzero(away & (period[use.row] == _MORNING)) for period in (c.period_out, c.period_back))
    home = c.origin[use.row].astype(np.int64)
    pairs, tours = np.unique(
        np.concatenate([home[out] * n + use.to[out], use.to[back].astype(np.int64) * n + home[back]]),
        return_counts=True,
    )
    node = model.world.network.zone_node
    return VehicleClass(
        node[pairs // n], node[pairs % n], (tours * model.parameters["peak_hour_share"]).astype(np.float64)
    )


def charge(model: MobilityModel) -> None:
    """Drive and charge the electric cars over the week of the season, some times over; see `charge_weeks`."""
    week, model.waits = charge_weeks(model)
    model.week = with_plug_in_hybrids(model, week)


def remember(model: MobilityModel) -> None:
    """What was experienced becomes what is expected: full vehicles by successive averages, road times as they are.

    Times of an equilibrium need no average: the paths that drivers take already answer to them.
    """
    weight = 1.0 / (model.iteration + 1)
    moves, week = model.moves, model.week
    # The season before counts as one look at full vehicles: without it the first day of a season would be believed
    # whole, and travellers would sway between two departures.
    known = int(model.season != model.world.settings.seasons[0])
    learn_from_departures(model, moves.loads, 1.0 / (model.iteration + 1 + known))
    if moves.road_gap > _SKIM_TOLERANCE:
        model.peak_time_s = moves.road_time_s
        model.use_roads(road_skim(model.world.network, model.peak_time_s, model.threads))
    model.gaps.append(_gaps(model))
    learn_from_week(model, week, weight)


def _gaps(model: MobilityModel) -> dict[str, float | int]:
    """How far this iteration was from the one before; blank where there is none."""
    now = np.concatenate([plan.alternative[plan.in_force] for plan in model.plans.values()])
    before, model.last_choice = model.last_choice, now
    changed = share_gap = float("nan")
    if before is not None:
        changed = float((before != now).mean())
        counts = [np.bincount(choice + 1, minlength=len(Alternative) + 1) for choice in (before, now)]
        share_gap = float(np.abs(counts[1] - counts[0]).max() / max(1, len(now)))
    return {
        "year": model.year,
        "season": int(model.season),
        "iteration": model.iteration,
        "mode_change_share": changed,
        "mode_share_gap": share_gap,
        "time_gap": model.moves.road_gap,
        "wait_gap_min": model.waits.gap_min,
        "wait_error_min": model.waits.error_min,
    }


def reported_modes(plan: DayPlan, electric: npt.NDArray[np.bool_]) -> npt.NDArray[np.int8]:
    """Mode of each tour as it is reported: drivers by the car that they took; shared cars are electric."""
    alternative = plan.alternative.astype(np.int16)
    vehicle = plan.columns.vehicle
    shared = vehicle == SHARED_CAR
    in_ev = shared | ((vehicle >= 0) & electric[np.where(shared, 0, np.maximum(vehicle, 0))])
    mode = np.where(alternative == Alternative.DRIVER, np.where(in_ev, Mode.EV, Mode.CAR), alternative)
    return np.where(alternative == Alternative.PASSENGER, Mode.PASSENGER, mode).astype(np.int8)
