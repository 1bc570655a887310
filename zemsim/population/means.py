"""What a household lives in and on: dwelling, home charging, home point, income."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd

from zemsim.core.randomness import Stream
from zemsim.kernels.draws import normals, uniforms
from zemsim.population.fitting import logistic, take_top
from zemsim.population.inputs import Bools, Floats, Ints, RegionLike, assumed


def home_points(zones: pd.DataFrame, zone_idx: Ints, household_id: Ints, seed: int) -> tuple[Floats, Floats]:
    """A point inside the square of the home zone: x, y float64 [H], EPSG:3035 metres."""
    size = zones["size_m"].to_numpy(np.float64)[zone_idx]
    x = zones["x_m"].to_numpy(np.float64)[zone_idx] + (uniforms(seed, Stream.HOME, household_id, 0) - 0.5) * size
    y = zones["y_m"].to_numpy(np.float64)[zone_idx] + (uniforms(seed, Stream.HOME, household_id, 1) - 0.5) * size
    return x, y


def flats(region: RegionLike, zones: pd.DataFrame, zone_idx: Ints, size_pers: Ints, ids: Ints, seed: int) -> Bools:
    """Households that live in flats: the zone's share of dwellings in flats is met, single persons more often."""
    flat = zones["dwellings_flat"].fillna(0.0).to_numpy(np.float64)
    house = zones["dwellings_house"].fillna(0.0).to_numpy(np.float64)
    dwellings = flat + house
    households = np.bincount(zone_idx, minlength=len(zones))
    if np.any((households > 0) & (dwellings <= 0)):
        raise ValueError("a populated zone has no dwelling, so its share of flats is unknown")
    quota = np.floor(households * flat / np.maximum(dwellings, 1e-9) + 0.5).astype(np.int64)
    score = logistic(uniforms(seed, Stream.HOUSEHOLD, ids, 1)) + assumed(region, "flat_single_bonus") * (size_pers == 1)
    return take_top(score, zone_idx, quota)


def home_charging(region: RegionLike, flat: Bools, ids: Ints, seed: int) -> Bools:
    """Households with an own place to plug in."""
    chance = np.where(flat, assumed(region, "home_charging_share_flat"), assumed(region, "home_charging_share_house"))
    return uniforms(seed, Stream.HOUSEHOLD, ids, 2) < chance


def wage_spread(mean: float, median: float) -> float:
    """Standard deviation of log wages of a lognormal law: ``sqrt(2 ln(mean / median))``."""
    return math.sqrt(2.0 * math.log(mean / median))


def personal_income(region: RegionLike, residents: pd.DataFrame, seed: int) -> Floats:
    """Net income of each resident: float64 [P], EUR per month.

    Wages are lognormal around the national net wage of 2024 times the ratio of the region's to the national gross
    wage; pensions, child benefits and other income are assumptions.
    """
    ratio = region.fact("income.zemgale.gross_wage_mean_region_ratio")
    mean, median = region.fact("income.latvia.net_wage_mean"), region.fact("income.latvia.net_wage_median")
    noise = normals(seed, Stream.INCOME, residents["resident_id"].to_numpy())
    works, age = residents["employed"].to_numpy(), residents["age"].to_numpy()
    income = np.where(works, median * ratio * np.exp(wage_spread(mean, median) * noise), 0.0)
    income += np.where(age >= 65, assumed(region, "pension_eur_month"), 0.0)
    income += np.where(age < 15, assumed(region, "child_benefit_eur_month"), 0.0)
    income += np.where((age >= 15) & (age < 65) & ~works, assumed(region, "other_income_eur_month"), 0.0)
    return income


def household_income(income: Floats, household_idx: Ints, size_pers: Ints) -> tuple[Floats, Floats]:
    """Income of each household (float64 [H], EUR per month), and per head over the mean of residents (float64 [P])."""
    total: Floats = np.bincount(household_idx, weights=income, minlength=size_pers.size).astype(np.float64)
    per_head = (total / size_pers)[household_idx]
    return total, per_head / (total.sum() / household_idx.size)
