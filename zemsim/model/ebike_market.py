"""What residents find when they think of an e-bike in a year: price, grants, and what it would add to their days."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from zemsim.core.randomness import Stream
from zemsim.kernels.blocks import run_blocks
from zemsim.kernels.draws import uniforms
from zemsim.kernels.ebike_gain import ebike_gains
from zemsim.kernels.ownership import EBIKE_DRAWS

if TYPE_CHECKING:
    from zemsim.model.model import MobilityModel

_DAYS_A_YEAR = 365


@dataclass
class EbikeMarketYear:
    """Hazard of considering an e-bike, utility of buying one by resident, and what they do."""

    hazard: float
    utility: npt.NDArray[np.float64]
    price_eur: float
    grant_eur: npt.NDArray[np.float64]
    buys: npt.NDArray[np.bool_]


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
