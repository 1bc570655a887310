"""What households find when they think of a car or an e-bike in a year: prices, grants, chargers, neighbours."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from zemsim.core.names import Powertrain, Season
from zemsim.core.randomness import Stream
from zemsim.kernels.blocks import run_blocks
from zemsim.kernels.draws import uniforms
from zemsim.kernels.ebike_gain import ebike_gains
from zemsim.kernels.ownership import EBIKE_DRAWS, N_CARS, Buyers, CarMarket
from zemsim.model.vehicles import kwh_per_km, litres_per_km

if TYPE_CHECKING:
    from zemsim.behaviour.parameters import Parameters
    from zemsim.model.model import MobilityModel

_DAYS_A_YEAR = 365


@dataclass
class CarMarketYear:
    """The market of a year and room for what households choose."""

    buyers: Buyers
    market: CarMarket
    hazard: npt.NDArray[np.float64]
    choice: npt.NDArray[np.int8]
    scratch: npt.NDArray[np.float64]


@dataclass
class EbikeMarketYear:
    """Hazard of considering an e-bike, utility of buying one by resident, and what they do."""

    hazard: float
    utility: npt.NDArray[np.float64]
    price_eur: float
    grant_eur: npt.NDArray[np.float64]
    buys: npt.NDArray[np.bool_]


def car_prices_keur(p: Parameters, year: int) -> npt.NDArray[np.float64]:
    """Price of each alternative ``2 * powertrain + used`` in a year, kEUR; BEV prices fall to a stated year."""
    fall = (1.0 - p["bev_price_fall"]) ** (min(year, p["bev_price_until"]) - p["bev_price_from"])
    prices = np.empty(N_CARS)
    for powertrain in (Powertrain.PETROL, Powertrain.DIESEL):
        prices[2 * powertrain], prices[2 * powertrain + 1] = p["p_ice"], p["p_used"]
    prices[2 * Powertrain.BEV], prices[2 * Powertrain.BEV + 1] = p["p_bev"] * fall, p["p_bev_used"] * fall
    return prices / 1000.0


def _supply(p: Parameters, year: float) -> float:
    """Share of models on offer: ``1 - exp(-(year - start) / years)``."""
    return float(1.0 - np.exp(-max(0.5, year - p["supply_start"]) / p["supply_years"]))


def car_market(model: MobilityModel) -> CarMarketYear:
    """The car market of the model's year."""
    p = model.parameters
    winter_kwh = kwh_per_km(p, model.world.temperature_c[Season.WINTER])
    market = CarMarket(
        price_keur=car_prices_keur(p, model.year),
        constant=np.ascontiguousarray(p.purchase_constants.ravel()),
        range_winter_km=np.array([p["batt_new"], p["batt_used"]]) / winter_kwh,
        ln_supply=np.log([_supply(p, model.year), _supply(p, model.year - p["supply_lag"])]),
        b_price=p["b_price"],
        years_counted=p["T_cap"],
        b_range=p["b_range"],
        b_nohome=p["b_nohome"],
        b_charger=p["b_charger"],
        b_anycharger=p["b_anycharger"],
        b_peer=p["b_peer"],
        pass_through=p["passthru"],
        nest_scale=p["lam_car_purchase"],
    )
    vehicles = model.vehicles
    return CarMarketYear(
        buyers=_buyers(model),
        market=market,
        hazard=np.full(vehicles.n, p["h_repl"]),
        choice=np.full(vehicles.n, -1, np.int8),
        scratch=np.empty(N_CARS),
    )


def _buyers(model: MobilityModel) -> Buyers:
    p, vehicles, households = model.parameters, model.vehicles, model.households.table
    home = vehicles.household_idx
    zone = households.zone_idx[home]
    plug = households.home_charging[home] | households.yard_charging[home]
    points, fast = model.public_points_near()
    grant = np.empty((vehicles.n, 2))
    for used in (0, 1):
        grant[:, used] = model.conditions.bev_grant_eur(used == 0, zone, households.income_eur_month[home])
    return Buyers(
        vehicle_id=vehicles.vehicle_id,
        income_factor=np.clip(households.income_ratio[home], 0.2, 5.0).astype(np.float64) ** p["eta_price"],
        km_year=vehicles.km_year,
        plug=plug,
        points_term=np.log1p(points)[zone],
        fast_near=fast[zone],
        peer_share=model.municipalities.table.bev_share[households.municipality_idx[home]],
        eur_km=_running_costs(model, plug, zone),
        parking_eur=p["k_park"]
        * model.car_habits.parking_eur_year(
            vehicles.n, model.conditions.parking_eur_h, model.conditions.parking_ev_eur_h
        ),
        grant_keur=grant / 1000.0,
    )


def _running_costs(
    model: MobilityModel, plug: npt.NDArray[np.bool_], zone: npt.NDArray[np.int32]
) -> npt.NDArray[np.float64]:
    """Energy and maintenance per km by powertrain for each car's household, EUR [C, 3].

    Who can plug in at home charges a share `s_home` there and the rest in public; all others charge in public, at the
    prices of the sites near home and near the places where the car went.
    """
    p, price = model.parameters, model.conditions.price
    own = model.households.table.home_charging[model.vehicles.household_idx]
    share = p["s_home"]
    yard = np.nan_to_num(model.conditions.yard_price_eur_kwh[zone], nan=price["electricity_public_slow_eur_kwh"])
    home_price = np.where(own, price["electricity_home_eur_kwh"], yard)
    public = model.car_habits.met_eur_kwh(model.public_price_near(), zone)
    per_kwh = np.where(plug, share * home_price + (1.0 - share) * public, public)
    cost = np.empty((model.vehicles.n, len(Powertrain)))
    litres = litres_per_km(p)
    cost[:, Powertrain.PETROL] = litres[Powertrain.PETROL] * price["petrol_eur_l"] + p["c_maint_ice"]
    cost[:, Powertrain.DIESEL] = litres[Powertrain.DIESEL] * price["diesel_eur_l"] + p["c_maint_ice"]
    kwh = np.mean([kwh_per_km(p, temperature_c) for temperature_c in model.world.temperature_c.values()])
    cost[:, Powertrain.BEV] = kwh / p["eta_ch"] * per_kwh + p["c_maint_bev"]
    return cost


def learn_ebike_gains(model: MobilityModel, first: bool) -> None:
    """Residents learn what an e-bike would add to the days of the season just simulated; ``first`` of the year or not.

    The gain is a mean over the days of the simulated seasons. It is worked out for those of the age without an e-bike
    who will think of one before days are simulated again, and 0 for all others: nobody would read theirs.
    """
    years = _years_until_next_days(model)
    if not years:
        return
    residents = model.residents.table
    if first:
        residents.ebike_gain[:] = 0.0
    rows = np.flatnonzero(_of_riding_age(model) & ~residents.ebike & _think_of_ebikes(model, years))
    days = model.days_of(model.season)
    all_days = sum(sum(model.days_of(season).values()) for season in model.world.settings.seasons)
    for plan in model.plans.values():
        run_blocks(
            ebike_gains,
            len(rows),
            model.threads,
            rows,
            plan.tour_start,
            plan.tour_end,
            plan.columns,
            plan.crowding,
            model.temperature_c,
            plan.parameters,
            model.parameters["gain_tour_max"],
            days[plan.day_type] / all_days,
            residents.ebike_gain,
        )


def _years_until_next_days(model: MobilityModel) -> tuple[int, ...]:
    """Later years in which purchases rest on the days of the model's year."""
    later = [y for y in model.world.settings.years if y > model.year]
    until = min((y for y in model.world.settings.days_in if y > model.year), default=later[-1] if later else model.year)
    return tuple(y for y in later if y <= until)


def _think_of_ebikes(model: MobilityModel, years: tuple[int, ...]) -> npt.NDArray[np.bool_]:
    """Who will think of an e-bike in one of the years; luck that no policy changes, so it is looked up once."""
    if years not in model.think_of_ebikes:
        ids, hazard = model.residents.table.resident_id, model.parameters["h_ebike"]
        think = np.zeros(len(ids), np.bool_)
        for year in years:
            think |= uniforms(model.seed, int(Stream.EBIKE), ids, year * EBIKE_DRAWS) < hazard
        model.think_of_ebikes[years] = think
    return model.think_of_ebikes[years]


def _of_riding_age(model: MobilityModel) -> npt.NDArray[np.bool_]:
    age = model.residents.table.age
    old_enough: npt.NDArray[np.bool_] = (age >= 18) & (age <= model.parameters["ebike_age_max"])
    return old_enough


def _ebike_worth_eur(model: MobilityModel) -> npt.NDArray[np.float64]:
    """What an e-bike's gain in the years counted is worth to each resident, against the mean of the base year, EUR [P].

    Utils become EUR by the cost coefficient of the resident's income at the reference distance.
    """
    p, residents = model.parameters, model.residents.table
    income = np.clip(residents.income_ratio, 0.2, 5.0).astype(np.float64)
    eur_per_util = 1.0 / (-p["b_cost"] * income ** -p["eta_vot_income"])
    days = _DAYS_A_YEAR * p["T_cap_eb"]
    worth: npt.NDArray[np.float64] = days * (residents.ebike_gain - p["gain_ebike_ref"]) * eur_per_util
    return worth


def ebike_market(model: MobilityModel) -> EbikeMarketYear:
    """The e-bike market of the model's year; only adults up to an age, one e-bike each.

    ``U = asc + b_price_eb (income / mean)^eta (price - grant - worth of the gain above its reference)``, in kEUR.
    """
    p = model.parameters
    residents, households = model.residents.table, model.households.table
    home = residents.household_idx
    price = p["p_ebike"]
    grant = model.conditions.ebike_grant_eur(price, residents.zone_idx, households.income_eur_month[home])
    income = np.clip(residents.income_ratio, 0.2, 5.0).astype(np.float64) ** p["eta_price"]
    utility = p["asc_ebike_buy"] + p["b_price_eb"] * income * (price - grant - _ebike_worth_eur(model)) / 1000.0
    return EbikeMarketYear(
        hazard=p["h_ebike"],
        utility=np.where(_of_riding_age(model), utility, -np.inf),
        price_eur=price,
        grant_eur=grant,
        buys=np.zeros(len(residents.age), np.bool_),
    )
