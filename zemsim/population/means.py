"""What a household lives in: dwelling, home charging, home point."""

from __future__ import annotations

import numpy as np
import pandas as pd

from zemsim.core.randomness import Stream
from zemsim.kernels.draws import uniforms
from zemsim.population.fitting import logistic, take_top
from zemsim.population.inputs import Bools, Floats, Ints, assumed
from zemsim.region.views import PeopledRegion


def home_points(zones: pd.DataFrame, zone_idx: Ints, household_id: Ints, seed: int) -> tuple[Floats, Floats]:
    """A point inside the square of the home zone: x, y float64 [H], EPSG:3035 metres."""
    size = zones["size_m"].to_numpy(np.float64)[zone_idx]
    x = zones["x_m"].to_numpy(np.float64)[zone_idx] + (uniforms(seed, Stream.HOME, household_id, 0) - 0.5) * size
    y = zones["y_m"].to_numpy(np.float64)[zone_idx] + (uniforms(seed, Stream.HOME, household_id, 1) - 0.5) * size
    return x, y


def flats(region: PeopledRegion, zones: pd.DataFrame, zone_idx: Ints, size_pers: Ints, ids: Ints, seed: int) -> Bools:
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


def home_charging(region: PeopledRegion, flat: Bools, ids: Ints, seed: int) -> Bools:
    """Households with an own place to plug in."""
    chance = np.where(flat, assumed(region, "home_charging_share_flat"), assumed(region, "home_charging_share_house"))
    return uniforms(seed, Stream.HOUSEHOLD, ids, 2) < chance
