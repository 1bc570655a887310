"""The steps of a year: conditions, purchases, days, operators. `schedule.py` lists them in their order."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from zemsim.core.names import Powertrain, Season
from zemsim.core.randomness import Stream
from zemsim.kernels.draws import uniforms
from zemsim.kernels.ownership import N_CARS, NO_CAR
from zemsim.model.accounts import YearFlows, year_days
from zemsim.model.bus_operators import changes_of, close_books
from zemsim.model.car_habits import CarHabits
from zemsim.model.car_market import SUPPORTED, car_market
from zemsim.model.charging_hours import kwh_by_hour, with_power
from zemsim.model.destinations import DestinationChoice
from zemsim.model.ebike_market import ebike_market, learn_ebike_gains
from zemsim.model.passes import learn_rides, take_passes_of_year
from zemsim.model.shared_cars import close_stations
from zemsim.model.station_access import close_lots
from zemsim.model.vehicles import EMPTY
from zemsim.travel.timetable_changes import TimetableKey, in_order

if TYPE_CHECKING:
    from zemsim.behaviour.parameters import Parameters
    from zemsim.model.car_market import CarMarketYear
    from zemsim.model.model import MobilityModel


def set_conditions(model: MobilityModel) -> None:
    """Prices, grants, timetable, sites, fares and parking of the year take effect."""
    model.conditions = model.conditions_of[model.year]
    model.use_timetable(timetable_of_year(model))
    model.charger_works.put_into_service(model)
    model.open_stations()
    model.find_stations_near_zones()
    conditions = model.conditions
    age = model.residents.table.age
    for plan in model.plans.values():
        plan.set_fares(conditions.fare_share, age)
        plan.set_parking(conditions.parking_eur_h, conditions.parking_ev_eur_h)
    _plug_in_yards(model)


def timetable_of_year(model: MobilityModel) -> TimetableKey:
    """What measures do to the timetable, and what operators with a rule do by themselves."""
    key = model.conditions.timetable
    ruled = {rule.network_id for rule in model.conditions.operator_rules}
    routes = model.world.supplies[()].timetable.routes
    own = routes.loc[routes["network_id"].isin(ruled), "route_id"]
    factors = {name: model.departure_factors[name] for name in own if name in model.departure_factors}
    return in_order((*key, *changes_of(factors))) if factors else key


def _plug_in_yards(model: MobilityModel) -> None:
    """Flats whose luck lies below the zone's share of yard charging have a point in the yard."""
    households = model.households.table
    luck = uniforms(model.seed, int(Stream.YARD), households.household_id)
    share = model.conditions.yard_charging_share[households.zone_idx]
    households.yard_charging[:] = households.flat & (luck < share)


def buy_cars(model: MobilityModel) -> None:
    """Cars age; some meet their end, and households replace them, give them up, or add one."""
    vehicles = model.vehicles
    vehicles.age_years[vehicles.owned] += 1
    model.car_market = car_market(model)
    model.households.do("replace_cars")
    _take_delivery(model)
    vehicles.empty(np.flatnonzero(model.car_market.choice == NO_CAR))
    model.car_choice = model.car_market.choice
    del model.car_market  # what households weighed would take as much room as the tours of a day


def _take_delivery(model: MobilityModel) -> None:
    """Write the chosen cars into the fleet and into the book of purchases."""
    p, vehicles, market = model.parameters, model.vehicles, model.car_market
    rows = np.flatnonzero((market.choice >= 0) & (market.choice < NO_CAR))
    choice = market.choice[rows]
    powertrain, used = choice // 2, choice % 2
    grant, scrapping = _support_of(market, rows, choice)
    model.book.add_purchases(
        model.year,
        household_idx=vehicles.household_idx[rows],
        kind="car",
        powertrain=powertrain,
        new=used == 0,
        price_eur=market.market.price_keur[choice] * 1000.0,
        grant_eur=grant,
        scrapping_eur=scrapping,
        replaces=vehicles.powertrain[rows],
        scrapped_age_years=market.replaced_age[rows],
        km_year=market.buyers.km_year[rows].astype(np.float32),
    )
    added = rows[~vehicles.owned[rows]]
    vehicles.km_year[added] = p["km_year_prior"]
    vehicles.powertrain[rows] = powertrain
    vehicles.age_years[rows] = np.where(used, _ages_of_used(p)[powertrain], 0)
    for column in (vehicles.battery_kwh, vehicles.energy_kwh, vehicles.morning_kwh, vehicles.lost_min_kwh):
        column[rows] = 0.0
    home_price = model.conditions.price["electricity_home_eur_kwh"]
    hybrids = rows[powertrain == Powertrain.PHEV]
    vehicles.paid_eur_kwh[hybrids] = home_price
    bev = powertrain == Powertrain.BEV
    for is_used, battery in ((0, p["batt_new"]), (1, p["batt_used"])):
        vehicles.plug_in_new(rows[bev & (used == is_used)], battery, model.seed, home_price)


def _ages_of_used(p: Parameters) -> npt.NDArray[np.float64]:
    """Age of a used car when it is bought, by powertrain, years."""
    ages = np.full(len(Powertrain), p["age_used"])
    ages[[Powertrain.HYBRID, Powertrain.PHEV]] = p["age_used_hybrid"]
    ages[Powertrain.BEV] = p["age_used_bev"]
    return ages


def _support_of(
    market: CarMarketYear, rows: npt.NDArray[np.intp], choice: npt.NDArray[np.int8]
) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    """Grant and scrapping bonus of the cars bought, EUR."""
    column_of = np.full(N_CARS, -1)
    for column, (powertrain, new) in enumerate(SUPPORTED):
        column_of[2 * powertrain + (0 if new else 1)] = column
    columns = column_of[choice]
    grant, scrapping = (
        np.where(columns >= 0, eur[rows, columns], 0.0) for eur in (market.grant_eur, market.scrapping_eur)
    )
    return grant, scrapping


def buy_ebikes(model: MobilityModel) -> None:
    """Residents without an e-bike may buy one; today's plans learn of it, and of shared e-bikes."""
    model.ebike_market = ebike_market(model)
    model.residents.do("consider_ebike")
    market, residents = model.ebike_market, model.residents.table
    rows = np.flatnonzero(market.buys)
    residents.ebike[rows] = True
    model.book.add_purchases(
        model.year,
        household_idx=residents.household_idx[rows],
        kind="ebike",
        powertrain=np.full(len(rows), -1),
        new=np.ones(len(rows), np.bool_),
        price_eur=np.full(len(rows), market.price_eur),
        grant_eur=market.grant_eur[rows],
        scrapping_eur=np.zeros(len(rows)),
        replaces=np.full(len(rows), EMPTY),
        scrapped_age_years=np.full(len(rows), -1),
        km_year=np.zeros(len(rows), np.float32),
    )
    model.ebike_choice = market.buys
    del model.ebike_market


def choose_destinations(model: MobilityModel, jobs: bool = True) -> None:
    """In simulated years: tours go elsewhere where ways there have become better or worse; see `DestinationChoice`.

    Without ``jobs`` nobody changes a workplace.
    """
    settings = model.world.settings
    if model.year not in settings.days_in:
        return
    if settings.adapt:
        choice = model.destinations
        if choice is None or (model.world.change is not None and choice.year != model.year):
            choice = model.destinations = DestinationChoice(model)
        choice.settle(model, jobs)
    model.book.add_destinations(model)


def simulate_days(model: MobilityModel) -> None:
    """In the years that the experiment lists: each season's days, repeated until the gap is small.

    A year begins with one time more, from whose waits nobody learns (`zemsim.model.waits`); the first year of all with
    `first_iterations` more.
    """
    if model.year not in model.world.settings.days_in:
        return
    vehicles = model.vehicles
    for column in (vehicles.km_year, vehicles.litres_year, vehicles.kwh_year):
        column[:] = 0.0
    model.sessions_of_year = np.zeros(len(model.stations))
    model.flows = YearFlows(len(model.world.region.zones))
    settings = model.world.settings
    for season in settings.seasons:
        model.start_season(Season(season))
        opening = int(season == settings.seasons[0] and settings.day_iterations > 1)
        more = opening if model.knows_roads else settings.first_iterations
        model.last_iteration = settings.day_iterations + more - 1
        for iteration in range(model.last_iteration + 1):
            model.iteration = iteration
            model.simulate_iteration()
            if iteration == 0 and not model.knows_roads:  # nobody could know before how it would ride
                learn_rides(model)
                take_passes_of_year(model)
        learn_ebike_gains(model, first=season == settings.seasons[0])
        for plan in model.plans.values():
            model.flows.add(model, plan)
        sessions = model.week.sessions
        by_hour = kwh_by_hour(sessions)
        model.book.add_load(model, sessions, by_hour)
        model.week = replace(model.week, sessions=with_power(model, sessions, by_hour))
        model.flows.add_week(model)
        model.knows_roads = True
        model.book.close_season(model)
    learn_rides(model)
    model.car_habits = CarHabits.of(model.plans.values(), year_days(model))
    model.book.close_days(model)
    close_lots(model)
    close_stations(model)


def observe_fleet(model: MobilityModel) -> None:
    """Municipalities count cars and points; the book keeps every vehicle."""
    vehicles, households = model.vehicles, model.households.table
    place = households.municipality_idx[vehicles.household_idx]
    n = len(model.municipalities)
    cars = np.bincount(place, weights=vehicles.owned, minlength=n)
    bevs = np.bincount(place, weights=vehicles.electric, minlength=n)
    stations = model.stations.table
    zone_place = model.municipality_of_zone[stations.zone_idx]
    inside = (zone_place >= 0) & stations.open
    points = np.bincount(zone_place[inside], weights=stations.points[inside], minlength=n)
    for i, municipality in enumerate(model.municipalities):
        municipality.observe(int(cars[i]), int(bevs[i]), int(points[i]))
    model.book.add_fleet(model)


def operators_react(model: MobilityModel) -> None:
    """After simulated days: station operators may add a point, transport operators close their books and plan on."""
    if model.year in model.world.settings.days_in:
        stations = model.stations.table
        stations.sessions_day[:] = model.sessions_of_year / max(1, sum(year_days(model).values()))
        model.stations.do("expand")
        close_books(model)
        model.operators.do("plan_departures")


def chargers_react(model: MobilityModel) -> None:
    """Charger companies and municipalities look at the year, and order points where a measure says so."""
    model.companies.do("plan_points")
    model.municipalities.do("meet_requests")
    model.book.add_reactions(model)


def settle_payments(model: MobilityModel) -> None:
    """The ledger of the year: what measures cost whom."""
    model.book.add_payments(model)
