"""Probes: what a parameter of cars, e-bikes and charging moves, as one number."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from tests.behaviour.bench import mean
from zemsim.core.names import ChargingPlace, Powertrain, Season
from zemsim.kernels.ownership import N_ALTERNATIVES, NO_CAR, fill_probabilities
from zemsim.model.car_market import car_market, car_prices_keur, expected_eur_kwh, ln_supply, none_utility
from zemsim.model.charging_hours import kwh_by_hour, with_power
from zemsim.model.charging_inputs import electric_cars, electric_week
from zemsim.model.charging_week import WeekResult, simulate_week
from zemsim.model.day import car_columns
from zemsim.model.ebike_market import ebike_market, learn_ebike_gains
from zemsim.model.energy import fuel_eur_per_km, fuel_l_per_km, grid_kwh_per_km, plug_at_home
from zemsim.model.model import MobilityModel
from zemsim.model.peers import peer_shares
from zemsim.model.plug_in_hybrids import phev_sessions
from zemsim.model.stations import near_zones, residents_within
from zemsim.model.tariffs import typical_eur_kwh
from zemsim.model.vehicles import kwh_per_km
from zemsim.model.year import buy_cars

if TYPE_CHECKING:
    import pandas as pd

    from tests.behaviour.bench import Bench
    from zemsim.behaviour.parameters import Parameters

Probe = Callable[["Bench", "Parameters"], float]
P = Powertrain
_HOME, _WORK = ChargingPlace.HOME, ChargingPlace.WORK
_SLOW, _FAST = ChargingPlace.PUBLIC_SLOW, ChargingPlace.PUBLIC_FAST


def of_model(look: Callable[[MobilityModel], float]) -> Probe:
    """What can be seen of the model as it stands."""

    def probe(bench: Bench, p: Parameters) -> float:
        with bench.under(p) as model:
            return look(model)

    return probe


# --- the car market ---------------------------------------------------------------------------------------------------


def buying(
    *cars: tuple[Powertrain, str] | None, among: Callable[[MobilityModel], Any] | None = None
) -> Probe:  # fmt: skip
    """Mean probability to buy some cars, (powertrain, "new" or "used"), or none at all: ``None``."""
    columns = [NO_CAR if car is None else 2 * car[0] + (car[1] == "used") for car in cars]

    def look(model: MobilityModel) -> float:
        market = car_market(model)
        found = np.empty((model.vehicles.n, N_ALTERNATIVES))
        rows = np.arange(model.vehicles.n, dtype=np.int32)
        fill_probabilities(0, len(rows), rows, market.buyers, market.market, found)
        some = np.ones(len(rows), np.bool_) if among is None else among(model)
        assert some.any()
        return mean(found[some][:, columns].sum(axis=1))

    return of_model(look)


def _poor(model: MobilityModel) -> Any:
    return model.households.table.income_ratio[model.vehicles.household_idx] < 0.8


def _without_plug(model: MobilityModel) -> Any:
    return ~plug_at_home(model)


def _charger_near(model: MobilityModel) -> Any:
    return model.public_points_near()[1][model.households.table.zone_idx[model.vehicles.household_idx]]


def _paying(model: MobilityModel) -> Any:
    """Places whose cars pay for parking."""
    fees = model.car_habits.parking_eur_year(
        model.vehicles.n, model.conditions.parking_eur_h, model.conditions.parking_ev_eur_h
    )
    return fees[:, 0] > 0


_NEW = tuple((kind, "new") for kind in P)
_ELECTRIC = ((P.BEV, "new"), (P.BEV, "used"))
_FUEL_USED = ((P.PETROL, "used"), (P.DIESEL, "used"))


def thinking(owned: bool) -> Probe:
    """Mean chance in a year of thinking of a car, in place of one or for an empty place."""
    return of_model(lambda model: mean(car_market(model).hazard[model.vehicles.owned == owned]))


def parking_cost(model: MobilityModel) -> float:
    """Mean fees that weigh in the purchase of those who pay some, EUR a year."""
    return mean(car_market(model).buyers.parking_eur[_paying(model)])


def running_cost(kind: Powertrain) -> Probe:
    """Mean EUR/km that buyers expect."""
    return of_model(lambda model: mean(car_market(model).buyers.eur_km[:, kind]))


def price(kind: Powertrain, age: str, year: int) -> Probe:
    """Price of a car in a year, kEUR."""

    def probe(bench: Bench, p: Parameters) -> float:
        return float(car_prices_keur(p, year)[2 * kind + (age == "used")])

    return probe


def supply(age: str) -> Probe:
    """Logarithm of the supply of battery electric cars in 2025."""

    def probe(bench: Bench, p: Parameters) -> float:
        return float(ln_supply(p, 2025)[2 * P.BEV + (age == "used")])

    return probe


def age_bought(kind: Powertrain) -> Probe:
    """Mean age of the used cars of a kind that are bought in a year in which everybody looks for one."""

    def look(model: MobilityModel) -> float:
        model.parameters = model.parameters.with_values({"h_repl": 0.13, "h_add": 0.15})
        model.book = type(model.book)()
        buy_cars(model)
        choice = model.car_choice
        assert (choice == 2 * kind + 1).any()
        return mean(model.vehicles.age_years[choice == 2 * kind + 1])

    return of_model(look)


def kilometres_of_empty_places(model: MobilityModel) -> float:
    return mean(car_market(model).buyers.km_year[~model.vehicles.owned])


def days_beyond(model: MobilityModel) -> float:
    """Yearly cost of days beyond the winter range, kEUR, mean over all places."""
    return mean(car_market(model).buyers.beyond_keur)


def spread_of_none(model: MobilityModel) -> float:
    """How much homes differ in the utility of having no car."""
    return float(none_utility(model)[model.vehicles.owned].std())


def peers_at_work(model: MobilityModel) -> float:
    """Mean share of electric cars that homes see whose neighbours have none."""
    zone = model.households.table.zone_idx
    electric = np.bincount(zone[model.vehicles.household_idx[model.vehicles.electric]], minlength=int(zone.max()) + 1)
    return mean(peer_shares(model)[electric[zone] == 0])


# --- energy -----------------------------------------------------------------------------------------------------------


def fuel_cost(kind: Powertrain) -> Probe:
    return of_model(lambda model: float(fuel_eur_per_km(model)[kind]))


def litres_of_phev(model: MobilityModel) -> float:
    return mean(fuel_l_per_km(model)[model.vehicles.powertrain == P.PHEV])


def grid(kind: Powertrain) -> Probe:
    """Mean kWh/km from the grid."""
    return of_model(lambda model: mean(grid_kwh_per_km(model)[model.vehicles.powertrain == kind]))


def consumption(celsius: float) -> Probe:
    def probe(bench: Bench, p: Parameters) -> float:
        return kwh_per_km(p, celsius)

    return probe


# --- the cars of a household on a day ---------------------------------------------------------------------------------


def cost_of_driving(model: MobilityModel) -> float:
    return mean(car_columns(model).eur_km[model.vehicles.owned])


def cost_of_minutes_lost(model: MobilityModel) -> float:
    """EUR/km of electric cars whose drivers lose a minute for each kWh."""
    model.vehicles.lost_min_kwh[:] = 1.0
    return mean(car_columns(model).eur_km[model.vehicles.electric])


def reach_with_a_plug(model: MobilityModel) -> float:
    """Kilometres of a tour that an electric car with a plug at home can make after an empty morning."""
    model.vehicles.morning_kwh[:] = 0.0
    return mean(car_columns(model).reach_km[model.vehicles.electric & plug_at_home(model)])


# --- e-bikes ----------------------------------------------------------------------------------------------------------


def worth_of_ebike(model: MobilityModel) -> float:
    """Mean utility of buying an e-bike of those who may."""
    return mean(ebike_market(model).utility)


def spread_of_ebike(model: MobilityModel) -> float:
    """How much residents of middling income differ in the utility of an e-bike."""
    utility, ratio = ebike_market(model).utility, model.residents.table.income_ratio
    return float(utility[np.isfinite(utility) & (ratio > 0.9) & (ratio < 1.1)].std())


def riders(model: MobilityModel) -> float:
    return float(np.isfinite(ebike_market(model).utility).sum())


def gain_by_ebike(model: MobilityModel) -> float:
    """Utils that the days of all who think of an e-bike would gain; the days are those of 2024."""
    model.year = 2024
    learn_ebike_gains(model, first=True)
    return float(model.residents.table.ebike_gain.sum())


# --- charging ---------------------------------------------------------------------------------------------------------


def week(model: MobilityModel, plugs: bool = True, crowded: bool = False) -> WeekResult:
    """A week of the electric cars; without plugs at home; or every fourth car electric, and one point a site."""
    if not plugs:
        model.households.table.home_charging[:] = model.households.table.yard_charging[:] = False
    if crowded:
        model.vehicles.plug_in_new(np.flatnonzero(model.vehicles.owned)[::4], 40.0, model.seed, 0.2)
        model.stations.table.points[:] = 1
    return simulate_week(model, electric_week(model))


def sessions(place: ChargingPlace | None = None, plugs: bool = True) -> Probe:
    """Sessions of a week at a kind of place, or all."""

    def look(model: MobilityModel) -> float:
        found = week(model, plugs).sessions
        return float(len(found) if place is None else (found["place"] == place).sum())

    return of_model(look)


def _mean_of(place: ChargingPlace, of: Callable[[pd.DataFrame], Any], plugs: bool = True) -> Probe:
    def look(model: MobilityModel) -> float:
        found = week(model, plugs).sessions
        return mean(of(found[(found["place"] == place) & (found["kwh"] > 0)]))

    return of_model(look)


def power(place: ChargingPlace) -> Probe:
    """Mean kW from the grid of sessions at a kind of place; fast sites are all of 100 kW, so that none is preferred."""

    def look(model: MobilityModel) -> float:
        table = model.stations.table
        table.power_kw[table.fast] = 100.0
        found = week(model, plugs=place == _HOME).sessions
        found = found[(found["place"] == place) & (found["kwh"] > 0)]
        return mean(found["kwh"] * 60.0 / (found["end_min"] - found["start_min"]))

    return of_model(look)


def energy(place: ChargingPlace) -> Probe:
    """Mean kWh that a session at a kind of place puts into the battery."""
    return _mean_of(place, lambda rows: rows["battery_kwh"], plugs=place == _HOME)


def efficiency(place: ChargingPlace) -> Probe:
    """Energy in the battery over that from the grid."""
    return _mean_of(place, lambda rows: rows["battery_kwh"] / rows["kwh"], plugs=place == _HOME)


def failed(model: MobilityModel) -> float:
    """Drivers of a week who asked for a point and got none, where points are few."""
    return float(week(model, plugs=False, crowded=True).failed)


def gone(model: MobilityModel) -> float:
    """Times that a driver leaves a site without having charged, where points are few."""
    return float(week(model, plugs=False, crowded=True).left_of.sum())


def solar(model: MobilityModel) -> float:
    """Mean share of sessions at home that panels give; all at noon of a day in summer."""
    model.season = Season.SUMMER
    found = week(model).sessions
    found = found[found["place"] == _HOME].assign(start_min=660.0, end_min=780.0)
    return mean(with_power(model, found, kwh_by_hour(found))["solar_share"])


def timers(model: MobilityModel) -> float:
    cars = electric_cars(model, model.conditions.home_hour_factor)
    return mean(cars.delays[model.households.table.home_charging[model.vehicles.household_idx]])


def minutes_of_phev(model: MobilityModel) -> float:
    found = phev_sessions(model)
    return mean(found["end_min"] - found["start_min"])


def money_of_the_poor(model: MobilityModel) -> float:
    """Weight of money in charging of homes below the mean income over that of the others."""
    weight = electric_cars(model, model.conditions.home_hour_factor).money_weight
    poor = model.households.table.income_ratio[model.vehicles.household_idx] < 1.0
    return mean(weight[poor]) / mean(weight[~poor])


def price_with_a_fee(model: MobilityModel) -> float:
    """Mean EUR/kWh of a usual public session where each costs 2 EUR on top."""
    tariffs, table = model.tariffs, model.stations.table
    tariffs = replace(tariffs, eur_session=np.full_like(tariffs.eur_session, 2.0))
    return mean(typical_eur_kwh(tariffs, table.fast, table.power_kw.astype(np.float64), model.parameters))


def near(column: str) -> Probe:
    """Minutes there and back to public sites near zones; or, of ``slow_near``, how many there are."""

    def look(model: MobilityModel) -> float:
        found = near_zones(model.sites, model.stations.table.open, model.parameters)[column]
        return float((found >= 0).sum()) if column == "slow_near" else mean(found[:, 0])

    return of_model(look)


def residents_in_reach(bench: Bench, p: Parameters) -> float:
    return float(residents_within(bench.world.region, p["charger_reach_km"]).sum())


def points_added(model: MobilityModel) -> float:
    """Points that operators add whose sites see up to 20 sessions a day and point."""
    table = model.stations.table
    table.sessions_day[:] = np.linspace(0.0, 20.0, len(table.points)) * table.points
    model.stations.do("expand")
    return float(table.added_points.sum())


def work_plugs(bench: Bench, p: Parameters) -> float:
    """Share of the workers whose workplace has a point, in a model made anew."""
    model = MobilityModel(replace(bench.world, parameters=p), 1)
    share = mean(model.work_charging[model.residents.table.employed])
    model.close()
    return share


def price_of_energy(plug: bool, work: bool = False) -> Probe:
    """EUR/kWh that buyers of an electric car expect, with or without a plug at home, or with a point at work."""

    def look(model: MobilityModel) -> float:
        some = plug_at_home(model) == plug
        if work:
            people = model.residents.table
            homes = people.household_idx[model.work_charging & people.employed]
            some &= np.isin(model.vehicles.household_idx, homes)
        return mean(expected_eur_kwh(model)[some])

    return of_model(look)


OF_CARS: Final[dict[str, Probe]] = {
    "new cars": buying(*_NEW),
    "new cars of the poor": buying(*_NEW, among=_poor),
    "new petrol cars": buying((P.PETROL, "new")),
    "used petrol and diesel cars": buying(*_FUEL_USED),
    "new hybrids": buying((P.HYBRID, "new")),
    "used hybrids": buying((P.HYBRID, "used")),
    "new plug-in hybrids": buying((P.PHEV, "new")),
    "used plug-in hybrids": buying((P.PHEV, "used")),
    "electric cars": buying(*_ELECTRIC),
    "new electric cars": buying((P.BEV, "new")),
    "used electric cars": buying((P.BEV, "used")),
    "electric cars of those with a plug": buying(*_ELECTRIC, among=plug_at_home),
    "electric cars of those without a plug": buying(*_ELECTRIC, among=_without_plug),
    "electric cars near a fast charger": buying(*_ELECTRIC, among=_charger_near),
    "no car": buying(None),
    "chance that a car meets its end": thinking(owned=True),
    "chance to think of a further car": thinking(owned=False),
    "parking in the cost of a car": of_model(parking_cost),
    "EUR/km of a petrol car": running_cost(P.PETROL),
    "EUR/km of an electric car": running_cost(P.BEV),
    "price of a new electric car in 2030": price(P.BEV, "new", 2030),
    "price of a new electric car in 2040": price(P.BEV, "new", 2040),
    "supply of new electric cars": supply("new"),
    "supply of used electric cars": supply("used"),
    "age of used petrol cars bought": age_bought(P.PETROL),
    "age of used electric cars bought": age_bought(P.BEV),
    "age of used hybrids bought": age_bought(P.HYBRID),
    "kilometres expected of a further car": of_model(kilometres_of_empty_places),
    "cost of days beyond the range": of_model(days_beyond),
    "spread of the utility of no car": of_model(spread_of_none),
    "electric cars of colleagues seen": of_model(peers_at_work),
    "fuel EUR/km of petrol cars": fuel_cost(P.PETROL),
    "fuel EUR/km of diesel cars": fuel_cost(P.DIESEL),
    "fuel EUR/km of hybrids": fuel_cost(P.HYBRID),
    "fuel EUR/km of plug-in hybrids": fuel_cost(P.PHEV),
    "litres/km of plug-in hybrids": of_model(litres_of_phev),
    "grid kWh/km of plug-in hybrids": grid(P.PHEV),
    "grid kWh/km of electric cars": grid(P.BEV),
    "kWh/km of electric cars at 20 C": consumption(20.0),
    "kWh/km of electric cars at -10 C": consumption(-10.0),
    "EUR/km of a drive": of_model(cost_of_driving),
    "EUR/km of a drive with minutes lost": of_model(cost_of_minutes_lost),
    "reach with a plug at home": of_model(reach_with_a_plug),
    "utility of an e-bike": of_model(worth_of_ebike),
    "spread of the utility of an e-bike": of_model(spread_of_ebike),
    "residents who may buy an e-bike": of_model(riders),
    "chance to think of an e-bike": of_model(lambda model: ebike_market(model).hazard),
    "gain by an e-bike": of_model(gain_by_ebike),
    "sessions": sessions(),
    "sessions at home": sessions(_HOME),
    "sessions at work": sessions(_WORK, plugs=False),
    "slow public sessions": sessions(_SLOW, plugs=False),
    "fast public sessions": sessions(_FAST, plugs=False),
    "kW of sessions at home": power(_HOME),
    "kW of sessions at work": power(_WORK),
    "kW of slow public sessions": power(_SLOW),
    "kW of fast sessions at sites of 100 kW": power(_FAST),
    "kWh of fast sessions": energy(_FAST),
    "efficiency of fast sessions": efficiency(_FAST),
    "efficiency of sessions at home": efficiency(_HOME),
    "drivers without a charge where points are few": of_model(failed),
    "drivers who leave a site where points are few": of_model(gone),
    "solar share of sessions at home": of_model(solar),
    "homes with a timer": of_model(timers),
    "minutes of sessions of plug-in hybrids": of_model(minutes_of_phev),
    "weight of money of the poor in charging": of_model(money_of_the_poor),
    "EUR/kWh of a usual public session with a fee": of_model(price_with_a_fee),
    "minutes to a slow site": near("slow_walk_min"),
    "minutes to a fast site": near("fast_detour_min"),
    "slow sites near zones": near("slow_near"),
    "residents within reach of chargers": residents_in_reach,
    "points that operators add": of_model(points_added),
    "workers with a point at work": work_plugs,
    "EUR/kWh expected with a plug": price_of_energy(plug=True),
    "EUR/kWh expected with a point at work": price_of_energy(plug=False, work=True),
}
