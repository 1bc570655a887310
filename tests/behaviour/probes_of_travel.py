"""Probes: what a parameter of mode choice, ways, public transport and destinations moves, as one number."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING, Final

import numpy as np

from tests.behaviour.bench import mean
from tests.unit.model import small_world as small
from zemsim.core.names import Alternative, DayType, Purpose, Season
from zemsim.kernels.departures import Served, board_rows, crowd_rows
from zemsim.model.bus_fleets import block_rules, bus_energy
from zemsim.model.bus_operators import close_books
from zemsim.model.day import choose_modes, move, use_day
from zemsim.model.model import MobilityModel
from zemsim.model.school_runs import drive_to_school
from zemsim.model.transit_day import crush_of, room_of, trips_of
from zemsim.model.year import choose_destinations, set_conditions
from zemsim.travel.active import ActiveRules
from zemsim.travel.active_ways import active_minutes
from zemsim.travel.electric_buses import BusWeek, ElectricFleet, drive_week
from zemsim.travel.transit_options import PathWeights, generalised_min
from zemsim.travel.vehicle_blocks import Blocks, blocks_of

if TYPE_CHECKING:
    from tests.behaviour.bench import Bench
    from zemsim.behaviour.parameters import Parameters
    from zemsim.model.day_plan import DayPlan

Probe = Callable[["Bench", "Parameters"], float]
A = Alternative
_CITY_BUSES, _BUSES = "city_bus_jelgava", "regional_bus"


# --- the choice of a mode ---------------------------------------------------------------------------------------------


def chosen(*alternatives: Alternative, **where: object) -> Probe:
    """Tours by some alternatives, see `Bench.chosen`."""

    def probe(bench: Bench, p: Parameters) -> float:
        return float(bench.chosen(p, **where)[list(alternatives)].sum())  # type: ignore[arg-type]

    return probe


def weight_of_money(where: Callable[[DayPlan], np.ndarray]) -> Probe:
    """Mean weight of money in some tours, before income."""

    def probe(bench: Bench, p: Parameters) -> float:
        plan = bench.fresh_plan(p)
        return mean(plan.damping()[where(plan)])

    return probe


def _for(purpose: Purpose) -> Callable[[DayPlan], np.ndarray]:
    return lambda plan: plan.column("purpose") == purpose


def _longer(plan: DayPlan) -> np.ndarray:
    return plan.columns.road_km > 10.0


def _shorter(plan: DayPlan) -> np.ndarray:
    return plan.columns.road_km < 5.0


def weight_of_money_poor(bench: Bench, p: Parameters) -> float:
    """Weight of money in tours of residents below the mean income over that of the others, at equal length."""
    plan = bench.fresh_plan(p)
    poor = bench.model.residents.table.income_ratio[plan.column("resident_idx")] < 1.0
    weight = plan.columns.cost_factor / plan.damping()
    return mean(weight[poor]) / mean(weight[~poor])


def lifts(bench: Bench, p: Parameters) -> float:
    return float(bench.fresh_plan(p).columns.passenger.sum())


def rides_to_school(bench: Bench, p: Parameters) -> float:
    """Children who go to school as passengers."""
    with bench.under(p) as model:
        plan = model.plans[DayType.WEEKDAY]
        use_day(model, DayType.WEEKDAY)
        choose_modes(model)
        drive_to_school(model)
        found = float((plan.alternative[plan.school_runs.school] == A.PASSENGER).sum())
    return found


def driven_to_school(bench: Bench, p: Parameters) -> float:
    """Children whom a member of the household can drive, if all who can drive do."""
    plan, km = bench.model.plans[DayType.WEEKDAY], bench.world.road_skim.distance_km
    chosen = plan.alternative.copy()
    plan.alternative[:] = np.where(plan.columns.vehicle >= 0, A.DRIVER, A.WALK)
    found = plan.school_runs.find_drivers(plan, p, km)
    plan.alternative[:] = chosen
    return float((found >= 0).sum())


def paid_hours(bench: Bench, p: Parameters) -> float:
    return float(bench.fresh_plan(p).paid_h().sum())


# --- ways on foot and by bike -----------------------------------------------------------------------------------------


def minutes(mode: str, season: Season = Season.SUMMER) -> Probe:
    """Mean minutes of a way of up to 5 km."""

    def probe(bench: Bench, p: Parameters) -> float:
        km = np.linspace(0.5, 4.0, 8).astype(np.float32)
        zones = np.zeros(len(km), np.int32)
        return mean(getattr(active_minutes(None, ActiveRules.of(p), season, zones, zones, km), mode))

    return probe


def reach(mode: str, season: Season = Season.SUMMER) -> Probe:
    """The longest way, km, for which there are minutes."""

    def probe(bench: Bench, p: Parameters) -> float:
        km = np.arange(1, 800, dtype=np.float32) / 8.0
        zones = np.zeros(len(km), np.int32)
        found = getattr(active_minutes(None, ActiveRules.of(p), season, zones, zones, km), mode)
        return float(km[np.isfinite(found)].max())

    return probe


# --- public transport -------------------------------------------------------------------------------------------------


def journey_minutes(bench: Bench, p: Parameters) -> float:
    """Mean generalised minutes between some stops in the morning."""
    skim = bench.model.supply.skim
    some = np.arange(0, skim.in_vehicle_min.shape[2], 9)
    names = ("in_vehicle_min", "wait_min", "headway_min", "walk_min", "transfers")
    part = replace(skim, **{name: getattr(skim, name)[:1][:, :, some][:, :, :, some] for name in names})
    return mean(generalised_min(part, PathWeights.of(p)))


def crowding(bench: Bench, p: Parameters) -> float:
    """Mean factor on minutes in vehicles that carry one and a half times as many as have seats."""
    trips = trips_of(bench.model.supply.timetable, bench.model.parameters)[DayType.WEEKDAY]
    n = len(trips.n_positions)
    seats = np.repeat(trips.seats, np.diff(trips.first_event))
    factor, runs = np.empty(len(trips.depart_s)), np.ones(int(trips.first_trip[-1]))
    crowd_rows(0, n, trips, 1.5 * seats, runs, crush_of(p), factor)
    return mean(factor)


def further_wait(bench: Bench, p: Parameters) -> float:
    """Mean wait that those expect who would be one passenger more where no vehicle has room."""
    trips = trips_of(bench.model.supply.timetable, bench.model.parameters)[DayType.WEEKDAY]
    trips = trips._replace(places=np.zeros_like(trips.places))
    events, n = len(trips.depart_s), len(trips.n_positions)
    served = Served(*(np.zeros(events) for _ in range(4)), np.zeros(n))
    asked = np.zeros(int(trips.first_ride[-1]))
    asked[trips.first_ride[:-1][np.diff(trips.first_ride) > 0]] = 1.0
    board_rows(0, n, trips, asked, np.ones(int(trips.first_trip[-1])), crush_of(p), served)
    return float(served.wait_min.sum())


def seats(bench: Bench, p: Parameters) -> float:
    return float(room_of(bench.model.supply.timetable, p).seats.sum())


def places(bench: Bench, p: Parameters) -> float:
    """Passengers whom all vehicles take."""
    return float(room_of(bench.model.supply.timetable, p).places.sum())


def morning_traffic(bench: Bench, p: Parameters) -> float:
    """Cars on all links in the busiest hour."""
    with bench.under(p) as model:
        move(model)
        assert model.traffic is not None
        return float(model.traffic.flow_veh_h.sum())


# --- electric buses and operators -------------------------------------------------------------------------------------


def _blocks(bench: Bench, p: Parameters, network: str = _BUSES) -> Blocks:
    return blocks_of(bench.model.supply.timetable, DayType.WEEKDAY, network, block_rules(p))


def _week(bench: Bench, p: Parameters, celsius: float = 0.0) -> BusWeek:
    """A week of sixteen electric buses in the city, no diesel buses named."""
    timetable, rules = bench.model.supply.timetable, block_rules(p)
    blocks = {day_type: blocks_of(timetable, day_type, _CITY_BUSES, rules) for day_type in DayType}
    fleet = ElectricFleet(_CITY_BUSES, buses=16, battery_kwh=200.0, depot_plugs=16, depot_kw=50.0)
    return drive_week(blocks, fleet, bus_energy(p, celsius), p["bus_spare_share"])


def blocks(bench: Bench, p: Parameters) -> float:
    return float(len(_blocks(bench, p).blocks))


def departures_a_block(bench: Bench, p: Parameters) -> float:
    found = _blocks(bench, p).blocks
    return sum(map(len, found)) / len(found)


def empty_km(bench: Bench, p: Parameters) -> float:
    """Kilometres of the ways out of the depot to the first departures."""
    found = _blocks(bench, p)
    return float(sum(found.depot_km[block[0].first_stop] for block in found.blocks))


def depot_seconds(bench: Bench, p: Parameters) -> float:
    """Seconds of the way out of the depot, mean over blocks."""
    found = _blocks(bench, p)
    return mean([block[0].start_s - found.leave_s(block[0]) for block in found.blocks])


def diesel_buses(bench: Bench, p: Parameters) -> float:
    return float(_week(bench, p).diesel_buses)


def electric_departures(bench: Bench, p: Parameters) -> float:
    """Departures of a week's day types that electric buses run."""
    return float(sum(share.electric for share in _week(bench, p).shares.values()))


def bus_kwh_km(celsius: float) -> Probe:
    def probe(bench: Bench, p: Parameters) -> float:
        return bus_energy(p, celsius).kwh_km

    return probe


def operating_cost(bench: Bench, p: Parameters) -> float:
    """What the operators of buses spent in the year of the days simulated."""
    with bench.under(p) as model:
        model.year = 2024
        close_books(model)
        return float(np.nansum(model.operators.table.cost_eur_year))


# --- destinations -----------------------------------------------------------------------------------------------------


def _settled(bench: Bench, p: Parameters) -> MobilityModel:
    """A model of its own whose residents have answered to much dearer fuel."""
    world = replace(small.with_settings(bench.world, years=(2024, 2025), days_in=(2024, 2025)), parameters=p)
    model = MobilityModel(world, 1)
    model.start("dearer", small.measures({**small.DEARER_FUEL, "from_year": 2025, "add_eur_l": 2.0}))
    model.year = 2025
    set_conditions(model)
    choose_destinations(model)
    model.close()
    return model


def moved_tours(bench: Bench, p: Parameters) -> float:
    return float(sum(len(plan.moved) for plan in _settled(bench, p).plans.values()))


def moved_workers(bench: Bench, p: Parameters) -> float:
    found = _settled(bench, p).destinations
    assert found is not None
    return float(found.workers_moved)


OF_TRAVEL: Final[dict[str, Probe]] = {
    "tours on foot and by bike": chosen(A.WALK, A.BIKE, A.EBIKE),
    "tours on foot": chosen(A.WALK),
    "tours by bike": chosen(A.BIKE),
    "tours by car": chosen(A.DRIVER, A.PASSENGER),
    "tours by bus and train": chosen(A.BUS, A.TRAIN),
    "tours by e-bike if all had one": chosen(A.EBIKE, ebikes="own"),
    "tours by e-bike if all could share one": chosen(A.EBIKE, ebikes="shared"),
    "tours driven where parking costs 2 EUR/h": chosen(A.DRIVER, parking_eur_h=2.0),
    "children who ride to school": rides_to_school,
    "children whom somebody can drive to school": driven_to_school,
    "tours by bike in frost": chosen(A.BIKE, celsius=-5.0),
    "tours by bike in rain": chosen(A.BIKE, rain_mm_day=20.0),
    "tours on foot in rain": chosen(A.WALK, rain_mm_day=20.0),
    "weight of money beyond 10 km": weight_of_money(_longer),
    "weight of money below 5 km": weight_of_money(_shorter),
    "weight of money on the way to shops": weight_of_money(_for(Purpose.SHOPPING)),
    "weight of money on business": weight_of_money(_for(Purpose.BUSINESS)),
    "weight of money of the poor over the rich": weight_of_money_poor,
    "tours for which there is a ride": lifts,
    "hours of paid parking": paid_hours,
    "minutes on foot": minutes("walk"),
    "minutes by bike": minutes("bike"),
    "minutes by e-bike": minutes("ebike"),
    "longest way on foot": reach("walk"),
    "longest way by bike": reach("bike"),
    "longest way by e-bike": reach("ebike"),
    "longest way by e-bike in winter": reach("ebike", Season.WINTER),
    "minutes of a journey": journey_minutes,
    "minutes felt with people standing": crowding,
    "wait if no vehicle has room": further_wait,
    "seats of all vehicles": seats,
    "places of all vehicles": places,
    "cars in the busiest hour": morning_traffic,
    "blocks of regional buses": blocks,
    "departures of a block": departures_a_block,
    "empty kilometres out of the depot": empty_km,
    "seconds out of the depot": depot_seconds,
    "diesel buses beside electric ones": diesel_buses,
    "departures by electric bus": electric_departures,
    "kWh/km of an electric bus at 20 C": bus_kwh_km(20.0),
    "kWh/km of an electric bus at -20 C": bus_kwh_km(-20.0),
    "kWh/km of an electric bus at 0 C": bus_kwh_km(0.0),
    "cost of the bus operators": operating_cost,
    "tours that go elsewhere when fuel gets dearer": moved_tours,
    "workers with another workplace when fuel gets dearer": moved_workers,
}
