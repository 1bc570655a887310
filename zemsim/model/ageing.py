"""The step of a year where the population follows a forecast: who is there, how old, with what status and cars.

All who ever live in the region are rows from the start. Those who are not there have no age, licence, job, school or
tour, and nothing asks them. Who comes and goes was settled with the population, so it is the same under every policy.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from zemsim.population.status import STATUS
from zemsim.population.vehicles import MAX_CARS

if TYPE_CHECKING:
    from zemsim.model.model import MobilityModel
    from zemsim.population.change import PopulationChange

#: Columns of cars that a household brings along.
_OF_CARS = (
    "powertrain",
    "age_years",
    "battery_kwh",
    "energy_kwh",
    "morning_kwh",
    "paid_eur_kwh",
    "lost_min_kwh",
    "km_year",
)


def renew_population(model: MobilityModel) -> None:
    """Bring residents, households, cars and tours to the model's year; a population that is fixed stays as it is."""
    change = model.world.change
    if change is None:
        return
    there = change.present(model.year)
    _bring_residents(model, change, there)
    _bring_households(model, there)
    _take_cars_away(model)
    _bring_cars(model, change, there)
    residents = model.residents.table
    for plan in model.plans.values():
        plan.set_year(model.year, residents.employed)
        plan.set_fares(model.conditions.fare_share, residents.age)


def _bring_residents(model: MobilityModel, change: PopulationChange, there: npt.NDArray[np.bool_]) -> None:
    """Ages and statuses of the year; those who come have what they bring, those who are away nothing."""
    residents = model.residents.table
    first = change.residence["first_year"].to_numpy()
    came = np.flatnonzero(there & (first == model.year))
    traits, begun = model.at_start("residents"), change.of_year(model.year)
    who = begun["resident_idx"].to_numpy()
    for name in STATUS:
        column = residents.columns[name]
        column[came] = traits[name][came]
        column[who] = begun[name].to_numpy()
        column[~there] = -1 if name.endswith("_idx") else False
    residents.ebike[came] = traits["ebike"][came]
    residents.ebike[~there] = False
    residents.works_like_idx[who] = -1
    residents.age[:] = np.where(there, change.ages(model.year), 0)


def _bring_households(model: MobilityModel, there: npt.NDArray[np.bool_]) -> None:
    """Sizes of households and municipalities; a household without anybody keeps its last size."""
    homes, residents = model.households.table, model.residents.table
    size = np.bincount(residents.household_idx[there], minlength=len(model.households))
    homes.size_pers[:] = np.where(size > 0, size, homes.size_pers)
    place, n = homes.municipality_idx, len(model.municipalities)
    model.municipalities.table.population[:] = np.bincount(place, weights=size, minlength=n)


def _take_cars_away(model: MobilityModel) -> None:
    """Cars of households of which nobody is there any more leave the fleet."""
    vehicles = model.vehicles
    gone = np.flatnonzero(vehicles.owned & ~_lived_in(model)[vehicles.household_idx])
    vehicles.empty(gone)
    model.book.counts["cars_left"] += len(gone)


def _bring_cars(model: MobilityModel, change: PopulationChange, there: npt.NDArray[np.bool_]) -> None:
    """New households bring the cars that the household which they are like has by now; none if it is gone."""
    vehicles, like = model.vehicles, change.like_household_idx
    home = model.residents.table.household_idx
    came = np.zeros(len(like), np.bool_)
    came[home[there & (change.residence["first_year"].to_numpy() == model.year)]] = True
    came &= like >= 0
    came[home[there & (change.residence["first_year"].to_numpy() < model.year)]] = False
    places = np.flatnonzero(came[vehicles.household_idx])
    number = places - model.household_cars[vehicles.household_idx[places]]
    owned = np.flatnonzero(vehicles.owned)
    example = like[vehicles.household_idx[places]]
    at = np.searchsorted(vehicles.household_idx[owned], example, "left") + number
    has = at < np.searchsorted(vehicles.household_idx[owned], example, "right")
    to, of = places[has], owned[at[has]]
    for name in _OF_CARS:
        column = getattr(vehicles, name)
        column[to] = column[of]
    model.book.counts["cars_came"] += len(to)


def _lived_in(model: MobilityModel) -> npt.NDArray[np.bool_]:
    """Households with anybody there, bool [H]."""
    change = model.world.change
    lived = np.ones(len(model.households), np.bool_)
    if change is not None:
        there = change.present(model.year)
        lived = np.bincount(model.residents.table.household_idx[there], minlength=len(lived)) > 0
    return lived


def places_in_use(model: MobilityModel) -> npt.NDArray[np.bool_]:
    """Empty places that a household may think of filling, bool [C]: all, where nobody comes of age or leaves.

    Of a population that changes, there are places for those who will drive later: a household thinks of another car
    only while it has fewer than licences.
    """
    vehicles, residents = model.vehicles, model.residents.table
    if model.world.change is None:
        return np.ones(vehicles.n, np.bool_)
    n = len(model.households)
    licences = np.bincount(residents.household_idx[residents.licence], minlength=n)
    cars = np.bincount(vehicles.household_idx[vehicles.owned], minlength=n)
    wants: npt.NDArray[np.bool_] = cars < np.minimum(licences, MAX_CARS)
    return wants[vehicles.household_idx]
