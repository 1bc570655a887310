"""Cars of the households: how many, what drives them, how old they are."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd

from zemsim.core.names import Powertrain
from zemsim.core.randomness import Stream
from zemsim.kernels.draws import normals, uniforms
from zemsim.population.fitting import logistic, rank_in_group, take_top
from zemsim.population.inputs import Floats, Ints, assumed, share
from zemsim.region.views import PeopledRegion

#: Cars of one household at most.
MAX_CARS = 3


def cars_of_municipalities(region: PeopledRegion, population: Ints) -> Ints:
    """Cars of each municipality: residents times the national rate of 2022 times the assumed ratio."""
    rate = region.fact("cars.latvia.cars_per_1000.2022") / 1000.0 * assumed(region, "car_rate_ratio")
    cars: Ints = np.rint(population * rate).astype(np.int64)
    return cars


def cars_of_households(
    region: PeopledRegion,
    households: pd.DataFrame,
    licences: Ints,
    area_type: pd.Series,
    municipality: Ints,
    cars: Ints,
    seed: int,
) -> Ints:
    """Cars of each household, adding up to ``cars`` int64 [M] exactly.

    Every household has three slots; the slots with the highest logit (income, licence holders, size, area, plus
    logistic noise of the household) are filled until the municipality's total is reached.
    """
    income = np.maximum(households["income_eur_month"].to_numpy(np.float64), 1.0)
    size = households["size_pers"].to_numpy(np.float64)
    slots = ownership_logit(region, income / income.mean(), licences, size, area_type.to_numpy())
    slots += logistic(uniforms(seed, Stream.VEHICLE, households["household_id"].to_numpy(), 0))[:, None]
    slots = np.minimum.accumulate(slots, axis=1)
    filled = take_top(slots.ravel(), np.repeat(municipality, MAX_CARS), cars)
    per_household: Ints = filled.reshape(-1, MAX_CARS).sum(axis=1)
    return per_household


def ownership_logit(
    region: PeopledRegion, income_ratio: Floats, licences: Ints, size_pers: np.ndarray, area_type: np.ndarray
) -> Floats:
    """Logit of owning the first, second and third car: float64 [H, 3]; income over its mean."""
    base = assumed(region, "car_income_coefficient") * np.log(income_ratio)
    base += assumed(region, "car_licence_coefficient") * np.minimum(licences, 3)
    base += assumed(region, "car_size_coefficient") * size_pers
    base += assumed(region, "car_town_constant") * (area_type == "town")
    base += assumed(region, "car_countryside_constant") * (area_type == "countryside")
    step = (0.0, assumed(region, "car_second_constant"), assumed(region, "car_third_constant"))
    without = assumed(region, "car_without_licence_constant")
    return np.stack([base + step[k] + without * (licences <= k) for k in range(MAX_CARS)], axis=1)


def electric_cars(region: PeopledRegion, cars: int) -> int:
    """Electric cars of the region at the start of 2024.

    National electric vehicles of December 2024 less those registered in the year, times the share of cars among them,
    per national car, times the region's cars, times the income ratio to the power of the income elasticity.
    """
    national = region.fact("ev.latvia.electric_vehicles_registered.2024") - assumed(region, "bev_registered_in_2024")
    per_car = national * assumed(region, "bev_car_share_of_electric") / assumed(region, "national_cars")
    ratio = region.fact("income.zemgale.gross_wage_mean_region_ratio")
    return round(float(cars * per_car * ratio ** assumed(region, "bev_income_elasticity")))


def weibull_of(mean: float, age: float, share_above: float) -> tuple[float, float]:
    """Shape and scale of the Weibull law with this mean whose share above ``age`` is ``share_above`` (bisection)."""
    low, high = 1.0, 8.0
    for _ in range(80):
        shape = 0.5 * (low + high)
        scale = mean / math.gamma(1.0 + 1.0 / shape)
        above = math.exp(-((age / scale) ** shape))
        low, high = (shape, high) if above < share_above else (low, shape)
    return shape, scale


def make_vehicles(region: PeopledRegion, households: pd.DataFrame, seed: int) -> pd.DataFrame:
    """The table of cars, sorted by household."""
    n_cars = households["n_cars"].to_numpy(np.int64)
    owner = np.repeat(np.arange(n_cars.size), n_cars)
    place = np.arange(owner.size) - np.repeat(np.cumsum(n_cars) - n_cars, n_cars)
    ids = households["household_id"].to_numpy()[owner] * 10 + place
    powertrain = _powertrains(region, households, owner, place, ids, seed)
    electric = powertrain == Powertrain.BEV
    age = _ages(region, households, owner, ids, electric, seed)
    _add_hybrids(region, households, owner, ids, powertrain, age, seed)
    return pd.DataFrame(
        {
            "vehicle_id": ids,
            "household_idx": owner.astype(np.int32),
            "powertrain": powertrain,
            "age_years": age.astype(np.int16),
            "battery_kwh": np.where(electric, _battery(region, age), 0.0).astype(np.float32),
        }
    )


def _log_income(households: pd.DataFrame, owner: Ints) -> Floats:
    income = np.maximum(households["income_eur_month"].to_numpy(np.float64), 1.0)
    of_car: Floats = np.log(income / income.mean())[owner]
    return of_car


def _powertrains(
    region: PeopledRegion, households: pd.DataFrame, owner: Ints, place: Ints, ids: Ints, seed: int
) -> np.ndarray:
    """Battery electric cars go to the highest logit, diesel to the reported share of all cars, petrol is the rest."""
    score = assumed(region, "bev_income_elasticity") * _log_income(households, owner)
    score += assumed(region, "bev_house_coefficient") * households["home_charging"].to_numpy()[owner]
    score += logistic(uniforms(seed, Stream.VEHICLE, ids, 1))
    one_group = np.zeros(owner.size, dtype=np.int64)
    electric = take_top(score, one_group, [electric_cars(region, owner.size)])
    chance = np.where(electric, -1.0, uniforms(seed, Stream.VEHICLE, ids, 2))
    diesel = take_top(chance, one_group, [round(share(region, "cars.latvia.fuel_share_diesel") * owner.size)])
    powertrain = np.full(owner.size, int(Powertrain.PETROL), dtype=np.int8)
    powertrain[diesel] = int(Powertrain.DIESEL)
    powertrain[electric] = int(Powertrain.BEV)
    return powertrain


def _add_hybrids(
    region: PeopledRegion,
    households: pd.DataFrame,
    owner: Ints,
    ids: Ints,
    powertrain: np.ndarray,
    age: Ints,
    seed: int,
) -> None:
    """Some of the younger petrol cars are hybrids, some plug-in hybrids: the highest logit of income and of a plug."""
    income = assumed(region, "bev_income_elasticity") * _log_income(households, owner)
    plug = assumed(region, "bev_house_coefficient") * households["home_charging"].to_numpy()[owner]
    one_group = np.zeros(owner.size, dtype=np.int64)
    for kind, name, score, draw in (
        (Powertrain.PHEV, "phev", income + plug, 4),
        (Powertrain.HYBRID, "hybrid", income, 5),
    ):
        young = (powertrain == Powertrain.PETROL) & (age <= assumed(region, f"{name}_age_max_years"))
        luck = np.where(young, score + logistic(uniforms(seed, Stream.VEHICLE, ids, draw)), -np.inf)
        count = min(round(assumed(region, f"{name}_share_of_cars") * owner.size), int(young.sum()))
        powertrain[take_top(luck, one_group, [count])] = int(kind)


def _ages(
    region: PeopledRegion, households: pd.DataFrame, owner: Ints, ids: Ints, electric: np.ndarray, seed: int
) -> Ints:
    """Whole years of age by the rank of income plus noise: Weibull; electric cars uniform from 0 to twice the mean."""
    score = assumed(region, "vehicle_age_income_slope") * _log_income(households, owner)
    score += normals(seed, Stream.VEHICLE, ids, 3)
    count = np.bincount(electric.astype(np.int64), minlength=2)
    quantile = (rank_in_group(score, electric.astype(np.int64)) + 0.5) / count[electric.astype(np.int64)]
    mean = region.fact("cars.latvia.average_age.2024") + 0.5
    shape, scale = weibull_of(mean, 10.0, share(region, "cars.latvia.share_10_years_or_older"))
    fuel_age = scale * (-np.log1p(-quantile)) ** (1.0 / shape)
    bev_age = quantile * 2.0 * assumed(region, "bev_age_mean_years") + 0.5
    return np.where(electric, bev_age, fuel_age).astype(np.int64)


def _battery(region: PeopledRegion, age_years: Ints) -> Floats:
    new, old = assumed(region, "bev_battery_new_kwh"), assumed(region, "bev_battery_old_kwh")
    return new + (old - new) * np.minimum(age_years / 8.0, 1.0)
