"""What households find when they think of a car in a year: prices, grants, running costs, chargers, peers, supply."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from zemsim.core.names import Powertrain, Season
from zemsim.kernels.ownership import N_ALTERNATIVES, Buyers, CarMarket
from zemsim.model.ageing import places_in_use
from zemsim.model.car_habits import public_price_near
from zemsim.model.charging_inputs import usual_home_factor
from zemsim.model.energy import (
    electric_share_of_phev,
    fuel_eur_per_km,
    home_eur_kwh,
    phev_grid_kwh_per_km,
    plug_at_home,
)
from zemsim.model.peers import of_workers, peer_shares
from zemsim.model.vehicles import kwh_per_km
from zemsim.population.vehicles import ownership_logit

if TYPE_CHECKING:
    from zemsim.behaviour.parameters import Parameters
    from zemsim.model.model import MobilityModel

Floats = npt.NDArray[np.float64]
_DAYS_A_YEAR = 365
#: Combustion cars, which a scrapping bonus asks for.
COMBUSTION = (Powertrain.PETROL, Powertrain.DIESEL, Powertrain.HYBRID)
#: Columns of `Buyers.saving_keur`.
SUPPORTED = ((Powertrain.BEV, True), (Powertrain.BEV, False), (Powertrain.PHEV, True), (Powertrain.PHEV, False))


@dataclass
class CarMarketYear:
    """The market of a year and room for what households choose. Axes: C places for a car.

    Attributes
    ----------
    hazard : float64 [C], of the end of a car, or of thinking of one for an empty place.
    grant_eur, scrapping_eur : float64 [C, 4], what the household would receive, columns of `SUPPORTED`.
    replaced_age : int16 [C], age of the combustion car in the place, -1 where there is none.
    choice : int8 [C], -1 nothing changes, ``2 * powertrain + used`` bought, `zemsim.kernels.ownership.NO_CAR` given up.
    """

    buyers: Buyers
    market: CarMarket
    hazard: Floats
    grant_eur: Floats
    scrapping_eur: Floats
    replaced_age: npt.NDArray[np.int16]
    choice: npt.NDArray[np.int8]
    scratch: Floats


def car_prices_keur(p: Parameters, year: int) -> Floats:
    """Price of each car ``2 * powertrain + used`` in a year, kEUR; prices of BEV and PHEV fall to a stated year."""
    fall = (1.0 - p["bev_price_fall"]) ** (min(year, p["bev_price_until"]) - p["bev_price_from"])
    prices = np.empty((len(Powertrain), 2))
    prices[[Powertrain.PETROL, Powertrain.DIESEL]] = p["p_ice"], p["p_used"]
    prices[Powertrain.HYBRID] = p["p_ice"] + p["p_hybrid_more"], p["p_hybrid_used"]
    prices[Powertrain.BEV] = p["p_bev"] * fall, p["p_bev_used"] * fall
    prices[Powertrain.PHEV] = p["p_phev"] * fall, p["p_phev_used"] * fall
    return np.ascontiguousarray(prices.ravel() / 1000.0)


def ln_supply(p: Parameters, year: int) -> Floats:
    """Logarithm of the offer of each car, float64 [10]; 0 where it is no limit.

    New cars with a plug: share of models, ``1 - exp(-(year - start) / years)``. Used ones: their share of the new cars
    sold in Europe `supply_lag` years earlier, to the power of `b_supply`, for few of these are brought to Latvia.
    """
    offer = np.ones((len(Powertrain), 2))
    offer[[Powertrain.BEV, Powertrain.PHEV], 0] = 1.0 - np.exp(-max(0.5, year - p["supply_start"]) / p["supply_years"])
    offer[[Powertrain.BEV, Powertrain.PHEV], 1] = p.supply.at(year - p["supply_lag"])
    offer[[Powertrain.BEV, Powertrain.PHEV], 1] **= p["b_supply"]
    return np.log(offer.ravel())


def purchase_constant(p: Parameters) -> Floats:
    """Constant of each car ``2 * powertrain + used``, with the shift of electric ones, utils [10]."""
    constant = p.purchase_constants.copy()
    constant[Powertrain.BEV] += p["asc_bev"]
    return np.ascontiguousarray(constant.ravel())


def car_market(model: MobilityModel) -> CarMarketYear:
    """The car market of the model's year."""
    p, v = model.parameters, model.vehicles
    winter_kwh = kwh_per_km(p, model.world.temperature_c[Season.WINTER])
    range_winter_km = np.array([p["batt_new"], p["batt_used"]]) / winter_kwh
    grant, scrapping, replaced_age = _support_eur(model)
    market = CarMarket(
        price_keur=car_prices_keur(p, model.year),
        constant=purchase_constant(p),
        ln_supply=ln_supply(p, model.year),
        range_winter_km=range_winter_km,
        b_price=p["b_price"],
        years_counted=p["T_cap"],
        b_range=p["b_range"],
        b_nohome=p["b_nohome"],
        b_charger=p["b_charger"],
        b_anycharger=p["b_anycharger"],
        b_peer=p["b_peer"],
        age_scale=p["lam_car_age"],
        powertrain_scale=p["lam_car_purchase"],
    )
    return CarMarketYear(
        buyers=_buyers(model, range_winter_km, p["passthru"] * grant + scrapping),
        market=market,
        hazard=np.where(v.owned, p["h_repl"], np.where(places_in_use(model), p["h_add"], 0.0)),
        grant_eur=grant,
        scrapping_eur=scrapping,
        replaced_age=replaced_age,
        choice=np.full(v.n, -1, np.int8),
        scratch=np.empty(N_ALTERNATIVES),
    )


def _support_eur(model: MobilityModel) -> tuple[Floats, Floats, npt.NDArray[np.int16]]:
    """Grant and scrapping bonus for each place and supported car, EUR [C, 4], and the age of the car to be scrapped."""
    v, households = model.vehicles, model.households.table
    home = v.household_idx
    zone, income = households.zone_idx[home], households.income_eur_month[home]
    km = expected_km_year(model).astype(np.float32)  # as the book of purchases keeps it
    age = np.where(np.isin(v.powertrain, COMBUSTION), v.age_years, -1).astype(np.int16)
    grant, scrapping = np.empty((v.n, len(SUPPORTED))), np.empty((v.n, len(SUPPORTED)))
    for column, (powertrain, new) in enumerate(SUPPORTED):
        grant[:, column] = model.conditions.car_grant_eur(powertrain, new, zone, income, km)
        scrapping[:, column] = model.conditions.scrapping_eur(powertrain, new, zone, income, age, km)
    return grant, scrapping, age


def expected_km_year(model: MobilityModel) -> Floats:
    """Kilometres that the household of each place expects to drive a car there in a year, float64 [C].

    Those of the days simulated last; for an empty place, and before any day was simulated, `km_year_prior`.
    """
    vehicles = model.vehicles
    return np.where(vehicles.owned, vehicles.km_year, model.parameters["km_year_prior"])


def _buyers(model: MobilityModel, range_winter_km: Floats, saving_eur: Floats) -> Buyers:
    p, v, households = model.parameters, model.vehicles, model.households.table
    home = v.household_idx
    points, fast = _points_around(model)
    return Buyers(
        vehicle_id=v.vehicle_id,
        owned=v.owned,
        income_factor=np.clip(households.income_ratio[home], 0.2, 5.0).astype(np.float64) ** p["eta_price"],
        km_year=expected_km_year(model),
        eur_km=running_eur_km(model),
        parking_eur=p["k_park"]
        * model.car_habits.parking_eur_year(v.n, model.conditions.parking_eur_h, model.conditions.parking_ev_eur_h),
        saving_keur=saving_eur / 1000.0,
        beyond_keur=_beyond_keur(model, range_winter_km),
        plug=plug_at_home(model) | model.charger_works.free_turn_near(model)[home],
        points_term=points[home],
        fast_near=fast[home],
        peer_share=peer_shares(model)[home],
        none_utility=none_utility(model),
    )


def _points_around(model: MobilityModel) -> tuple[Floats, npt.NDArray[np.bool_]]:
    """``ln(1 + points per 1,000)`` and whether there is a fast charger, by household: at home and at its workplaces.

    The points are the mean of home and workplaces; a fast charger at either counts.
    """
    points, fast = model.public_points_near()
    zone = model.households.table.zone_idx
    term = np.log1p(points)
    at_work, has_worker = of_workers(model, term)
    fast_at_work, _ = of_workers(model, fast.astype(np.float64))
    around: Floats = np.where(has_worker, 0.5 * (term[zone] + at_work), term[zone])
    return around, fast[zone] | (fast_at_work > 0.0)


def _beyond_keur(model: MobilityModel, range_winter_km: Floats) -> Floats:
    """Yearly cost of the days on which the car of a place drove further than a BEV's winter range, kEUR [C, 2]."""
    p, n = model.parameters, model.vehicles.n
    reach_km = (1.0 - p["reserve_share"]) * range_winter_km
    days = np.stack([model.car_habits.days_beyond(n, km) for km in reach_km], axis=1)
    return np.ascontiguousarray(days * p["c_longday"] / 1000.0)


def none_utility(model: MobilityModel) -> Floats:
    """Utility of having no car in each place: a constant less the weighted logit of car ownership, utils [C].

    The logit is that by which cars are given to households in the base year: income, licences, persons, area, and
    whether it would be the first, second or third car.
    """
    p, v, households = model.parameters, model.vehicles, model.households.table
    people = model.residents.table
    home, n = v.household_idx, len(model.households)
    licences = np.bincount(people.household_idx[people.licence], minlength=n)
    owned = np.bincount(home[v.owned], minlength=n)
    logit = ownership_logit(
        model.world.region,
        np.maximum(households.income_ratio.astype(np.float64), 0.01),
        licences,
        households.size_pers,
        model.world.region.zones["area_type"].to_numpy(object)[households.zone_idx],
    )
    rank = np.minimum(owned[home] - v.owned, logit.shape[1] - 1)  # cars beside this one
    constant = np.where(v.owned, p.none_constants[0], p.none_constants[1])
    utility: Floats = constant - p["w_ownership"] * logit[home, rank]
    return utility


def running_eur_km(model: MobilityModel) -> Floats:
    """Energy and maintenance per km by powertrain for the household of each place, EUR [C, powertrains].

    Battery electric: who can plug in at home charges a share `s_home` there; of the rest those with a point at work
    charge `s_work` there, and all others in public, at the prices of the sites near home and near the places where the
    car went. Plug-in hybrids charge at home or drive on fuel.
    """
    p = model.parameters
    temperatures = list(model.world.temperature_c.values())
    fuel = fuel_eur_per_km(model)
    cost = np.tile(fuel + p["c_maint_ice"], (model.vehicles.n, 1))
    share = electric_share_of_phev(model)
    at_home = np.nan_to_num(home_eur_kwh(model))
    plugged = np.mean([phev_grid_kwh_per_km(model, t) for t in temperatures], axis=0) * at_home
    cost[:, Powertrain.PHEV] = (1.0 - share) * fuel[Powertrain.PHEV] + plugged + p["c_maint_ice"]
    kwh = float(np.mean([kwh_per_km(p, t) for t in temperatures])) / p["eta_ch"]
    cost[:, Powertrain.BEV] = kwh * expected_eur_kwh(model) + p["c_maint_bev"]
    return cost


def expected_eur_kwh(model: MobilityModel) -> Floats:
    """Price of energy that the household of each place would pay for an electric car, EUR per kWh [C]."""
    p, home = model.parameters, model.vehicles.household_idx
    people = model.residents.table
    at_work = np.bincount(people.household_idx[model.work_charging & people.employed], minlength=len(model.households))
    zone = model.households.table.zone_idx[home]
    public = model.car_habits.met_eur_kwh(public_price_near(model), zone)
    share = np.where(at_work[home] > 0, p["s_work"], 0.0)
    away = share * model.conditions.price["electricity_work_eur_kwh"] + (1.0 - share) * public
    mixed = p["s_home"] * np.nan_to_num(home_eur_kwh(model) * usual_home_factor(model)) + (1.0 - p["s_home"]) * away
    found: Floats = np.where(plug_at_home(model), mixed, away)
    return found
