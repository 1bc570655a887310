"""Where tours for shopping, leisure, escort and business go: gravity, fitted to the kilometres of the survey."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache, partial

import numpy as np
import pandas as pd
from scipy.optimize import brentq

from zemsim.core.errors import ZemsimError
from zemsim.core.names import TRIPS_PER_TOUR, DayType, Purpose
from zemsim.kernels.destinations import mean_distance
from zemsim.population.inputs import Bools, Floats, Ints, assumed
from zemsim.population.people import SCHOOL_AGES
from zemsim.population.plans import DayRates, DayTargets, day_weights
from zemsim.population.tables import Population
from zemsim.region.views import PeopledRegion

_SURVEY = "mobility_survey.latvia."
#: Decays are rounded, so that the last bits of a sum on another machine cannot move a traveller.
_DECAY_DIGITS = 5


@dataclass(frozen=True)
class Gravity:
    """Fitted destination choice.

    ``mean_km`` and ``decay`` by purpose; ``attraction`` float64 [Z] by purpose; ``resistance`` float64 [Z, Z].
    ``short_km``: by purpose, the mean that the region allows at most where that is below ``mean_km``.
    """

    mean_km: dict[Purpose, float]
    decay: dict[Purpose, float]
    attraction: dict[Purpose, Floats]
    resistance: Floats
    short_km: dict[Purpose, float]


def attractions(zones: pd.DataFrame) -> dict[Purpose, Floats]:
    """Pull of each zone by purpose: shops, leisure, school places (escort), jobs (business): float64 [Z] each."""
    columns = {
        Purpose.SHOPPING: "shop_weight",
        Purpose.LEISURE: "leisure_weight",
        Purpose.ESCORT: "school_places",
        Purpose.BUSINESS: "jobs",
    }
    return {p: np.ascontiguousarray(zones[c].fillna(0.0).to_numpy(np.float64)) for p, c in columns.items()}


def way_km(population: Population, home: Ints, distance_km: np.ndarray) -> Floats:
    """Kilometres one way to work or, for those who do not work, to school: float64 [P], 0 without either."""
    residents = population.residents
    work, school = residents["work_zone_idx"].to_numpy(), residents["school_zone_idx"].to_numpy()
    pupil = (school >= 0) & ((work < 0) | (residents["age"].to_numpy() <= SCHOOL_AGES[1]))
    place = np.where(pupil, school, work)
    km = np.where(place >= 0, distance_km[home, np.maximum(place, 0)], 0.0).astype(np.float64)
    if not np.isfinite(km).all():
        raise ZemsimError(f"{int((~np.isfinite(km)).sum())} residents cannot reach their work or school by road")
    return km


def shopping_km(region: PeopledRegion) -> float:
    """Mean kilometres of a shopping trip: the surveyed kilometres of a day with shopping over its trips.

    The survey gives kilometres per day of those who travel so, by mode and by purpose, and calls shopping the shortest
    of the purposes; 11 km for each trip would leave less for one of leisure.
    """
    return region.fact(_SURVEY + "shopping_km_mean") / region.fact(_SURVEY + "trips_shopping")


def target_km(
    region: PeopledRegion, plans: dict[DayType, tuple[DayTargets, DayRates]], surveyed: Bools, km: Floats
) -> dict[Purpose, float]:
    """Mean kilometres of a trip by discretionary purpose, so that a mean day has the surveyed kilometres.

    Shopping is surveyed, escort and business are assumed, leisure is what remains of the day's kilometres, weighted
    over weekdays and weekend days of the year. ``km`` float64 [P] is the way to work or school.
    """
    means = {
        Purpose.SHOPPING: shopping_km(region),
        Purpose.ESCORT: assumed(region, "escort_km_mean"),
        Purpose.BUSINESS: assumed(region, "business_km_mean"),
    }
    left, leisure_trips = region.fact(_SURVEY + "distance_per_person_day.2021"), 0.0
    for weight, day in zip(day_weights(), DayType, strict=True):
        target, rates = plans[day]
        left -= weight * TRIPS_PER_TOUR * float((rates.mandatory * km)[surveyed].sum() / surveyed.sum())
        for purpose, mean in means.items():
            left -= weight * TRIPS_PER_TOUR * target.tours_per_person * target.purpose_share[purpose] * mean
        leisure_trips += weight * TRIPS_PER_TOUR * target.tours_per_person * target.purpose_share[Purpose.LEISURE]
    means[Purpose.LEISURE] = left / leisure_trips
    return means


def fit_gravity(
    region: PeopledRegion,
    zones: pd.DataFrame,
    distance_km: np.ndarray,
    residents: Floats,
    mean_km: dict[Purpose, float],
) -> Gravity:
    """Find the decay of each purpose at which the expected mean distance is ``mean_km``.

    A region without gates may be too small for a mean: its residents then go anywhere in it with no regard to distance
    (decay 0), and ``short_km`` says how far that is.

    Parameters
    ----------
    distance_km
        float32 [Z, Z] by road, ``inf`` unreachable.
    residents
        float64 [Z], surveyed residents by home zone.
    """
    distance = np.ascontiguousarray(distance_km, dtype=np.float64)
    resistance = distance ** assumed(region, "destination_distance_exponent")
    pull = attractions(zones)
    closed = not (zones["kind"] == "gate").any()
    decay, short_km = {}, {}
    for purpose, wanted in mean_km.items():
        args = (residents, pull[purpose], resistance, distance)
        mean_at = lru_cache(maxsize=None)(partial(mean_distance, *args))  # the search asks for its ends again
        longest = mean_at(0.0)
        if closed and longest <= wanted:
            decay[purpose], short_km[purpose] = 0.0, float(longest)
        else:
            decay[purpose] = _solve_decay(mean_at, wanted, purpose)
    return Gravity(mean_km, decay, pull, resistance, short_km)


def _solve_decay(mean_at: Callable[[float], float], wanted: float, purpose: Purpose) -> float:
    longest, shortest = mean_at(0.0), mean_at(12.0)
    if not shortest < wanted < longest:
        raise ZemsimError(
            f"no distance decay gives {purpose.name.lower()} trips a mean of {wanted:.1f} km: "
            f"the region allows {shortest:.1f} to {longest:.1f} km"
        )
    root = brentq(lambda decay: mean_at(decay) - wanted, 0.0, 12.0, xtol=1e-6, rtol=1e-6)
    return round(float(root), _DECAY_DIGITS)
