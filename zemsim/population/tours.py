"""The tours of a weekday and of a weekend day: who, for what, where to, when."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from zemsim.core.errors import ZemsimError
from zemsim.core.names import DayType, Purpose
from zemsim.core.randomness import Stream
from zemsim.kernels.destinations import choose_zones
from zemsim.kernels.draws import uniforms
from zemsim.population.destinations import Gravity, fit_gravity, target_km, way_km
from zemsim.population.inputs import Floats, Ints, assumed, ordered_zones
from zemsim.population.plans import (
    DISCRETIONARY,
    DayRates,
    DayTargets,
    Groups,
    day_rates,
    groups,
    plan_day,
    rates_of_others,
)
from zemsim.population.tables import Population
from zemsim.population.timing import day_times, period_of
from zemsim.region.views import PeopledRegion

TOUR_DTYPES = {
    "day_type": "int8",
    "resident_idx": "int32",
    "purpose": "int8",
    "origin_zone_idx": "int32",
    "dest_zone_idx": "int32",
    "dest_x_m": "float64",
    "dest_y_m": "float64",
    "depart_min": "int16",
    "leave_min": "int16",
    "period_out": "int8",
    "period_back": "int8",
    "road_km": "float32",
    "active_km": "float32",
}


def make_tours(
    region: PeopledRegion,
    population: Population,
    distance_km: np.ndarray,
    seed: int,
    detour: np.ndarray | None = None,
) -> pd.DataFrame:
    """Make the tours of all residents for both day types.

    Rates, purposes and kilometres meet the mobility survey for residents of 15 to 84 years; each draw is addressed by
    the resident. Tours of a resident start and end at home and do not overlap.

    Parameters
    ----------
    region, population
        A region and its residents.
    distance_km
        float32 [Z, Z], kilometres by road between zones, the diagonal inside the zone; ``inf`` unreachable.
    seed
        Seed of the run.
    detour
        float32 [Z, Z], the way on foot over the straight line, where a network for walking is known; else one assumed
        ratio holds for all.

    Returns
    -------
    One row per tour, sorted by day type, resident and departure; columns of ``TOUR_DTYPES``. ``attrs["left_off"]`` is
    the number of tours that no day could hold; ``attrs["short_km"]``, by purpose, the surveyed mean and the longest
    mean that the region allows, where it is too small.
    """
    model = fit_tours(region, population, distance_km)
    who = groups(population)
    table, left_off = tours_by(region, model, population, who, distance_km, seed, detour)
    table.attrs["left_off"] = left_off
    table.attrs["short_km"] = model.short_km
    return table


@dataclass(frozen=True)
class TourModel:
    """What meets the survey: targets and rates of each day type, and where tours go."""

    plans: dict[DayType, tuple[DayTargets, DayRates]]
    gravity: Gravity

    @property
    def short_km(self) -> dict[str, tuple[float, float]]:
        """By purpose, the surveyed mean and the longest that the region allows, where it is too small."""
        gravity = self.gravity
        return {p.name.lower(): (float(gravity.mean_km[p]), most) for p, most in gravity.short_km.items()}


def fit_tours(region: PeopledRegion, population: Population, distance_km: np.ndarray) -> TourModel:
    """Find the rates and the gravity at which a population meets the mobility survey."""
    zones = ordered_zones(region)
    if distance_km.shape != (len(zones), len(zones)):
        raise ValueError(f"distance_km has shape {distance_km.shape}, not {(len(zones), len(zones))}")
    who = groups(population)
    home = population.home_zone_idx().to_numpy(np.int64)
    km = way_km(population, home, distance_km)
    plans = {day: day_rates(region, who, km, day) for day in DayType}
    surveyed = np.bincount(home[who.surveyed], minlength=len(zones)).astype(np.float64)
    means = target_km(region, plans, who.surveyed, km)
    return TourModel(plans, fit_gravity(region, zones, distance_km, surveyed, means))


def tours_by(
    region: PeopledRegion,
    model: TourModel,
    population: Population,
    who: Groups,
    distance_km: np.ndarray,
    seed: int,
    detour: np.ndarray | None,
    makes: np.ndarray | None = None,
) -> tuple[pd.DataFrame, int]:
    """Tours of a population by a model that is fitted to it, or to another, and how many no day could hold.

    ``who`` are the groups of its residents; with ``makes`` bool [P], only those make tours, and the model is of others.
    """
    zones, home = ordered_zones(region), population.home_zone_idx().to_numpy(np.int64)
    ids = population.residents["resident_id"].to_numpy()
    parts, left_off = [], 0
    for day in DayType:
        rates = model.plans[day][1]
        if makes is not None:
            rates = rates_of_others(region, who, way_km(population, home, distance_km), day, rates)
        plan = plan_day(region, ids, who, rates, day, seed)
        if makes is not None:
            plan[~makes] = -1
        tours = _tours_of_day(region, population, zones, model.gravity, plan, home, distance_km, day, seed)
        left_off += int((plan >= 0).sum()) - len(tours)
        parts.append(tours)
    table = pd.concat(parts, ignore_index=True)[list(TOUR_DTYPES)].astype(TOUR_DTYPES)
    if detour is not None:
        straight = table["active_km"].to_numpy(np.float64) / assumed(region, "detour_ratio")
        ratio = detour[table["origin_zone_idx"].to_numpy(), table["dest_zone_idx"].to_numpy()]
        table["active_km"] = np.maximum(straight * ratio, least_active_km(region)).astype(np.float32)
    return table, left_off


def least_active_km(region: PeopledRegion) -> float:
    """Least distance on foot or by bike between two doors, km: the assumption ``active_least_km`` of the region."""
    return float(region.assumption("active_least_km"))


def _tours_of_day(
    region: PeopledRegion,
    population: Population,
    zones: pd.DataFrame,
    gravity: Gravity,
    plan: np.ndarray,
    home: Ints,
    distance_km: np.ndarray,
    day: DayType,
    seed: int,
) -> pd.DataFrame:
    resident, slot = np.nonzero(plan >= 0)
    purpose = plan[resident, slot].astype(np.int64)
    ids = population.residents["resident_id"].to_numpy()[resident]
    origin = home[resident]
    dest = _destinations(population, gravity, purpose, resident, origin, ids, int(day) * 16 + slot, seed)
    road_km = distance_km[origin, dest].astype(np.float64)
    x, y = _points(population, zones, purpose, dest, ids, int(day) * 16 + slot, seed)
    order, depart, back = day_times(region, purpose, resident, slot, ids, road_km, day, seed)
    households = population.households
    owner = population.residents["household_idx"].to_numpy()[resident[order]]
    dx = x[order] - households["x_m"].to_numpy()[owner]
    dy = y[order] - households["y_m"].to_numpy()[owner]
    active = np.hypot(dx, dy) / 1000.0 * assumed(region, "detour_ratio")
    return pd.DataFrame(
        {
            "day_type": int(day),
            "resident_idx": resident[order],
            "purpose": purpose[order],
            "origin_zone_idx": origin[order],
            "dest_zone_idx": dest[order],
            "dest_x_m": x[order],
            "dest_y_m": y[order],
            "depart_min": depart,
            "leave_min": back,
            "period_out": period_of(day, depart),
            "period_back": period_of(day, back),
            "road_km": road_km[order],
            "active_km": np.maximum(active, least_active_km(region)),
        }
    )


def _draws(stream: Stream, ids: Ints, address: Ints, shift: int, seed: int) -> Floats:
    values = np.empty(ids.size)
    for number in np.unique(address):
        rows = address == number
        values[rows] = uniforms(seed, stream, ids[rows], int(number) + shift)
    return values


def _destinations(
    population: Population,
    gravity: Gravity,
    purpose: Ints,
    resident: Ints,
    origin: Ints,
    ids: Ints,
    address: Ints,
    seed: int,
) -> Ints:
    dest = np.full(purpose.size, -1, dtype=np.int64)
    for fixed, column in ((Purpose.WORK, "work_zone_idx"), (Purpose.SCHOOL, "school_zone_idx")):
        rows = purpose == fixed
        dest[rows] = population.residents[column].to_numpy()[resident[rows]]
    u = _draws(Stream.DESTINATION, ids, address, 0, seed)
    for chosen in DISCRETIONARY:
        rows = purpose == chosen
        attraction, decay = gravity.attraction[chosen], gravity.decay[chosen]
        dest[rows] = choose_zones(attraction, gravity.resistance, decay, origin[rows], u[rows])
    if np.any(dest < 0):
        homes = np.unique(origin[dest < 0])
        raise ZemsimError(f"{homes.size} zones have residents but no destination in reach, first zone_idx {homes[:5]}")
    return dest


def _points(
    population: Population, zones: pd.DataFrame, purpose: Ints, dest: Ints, ids: Ints, address: Ints, seed: int
) -> tuple[Floats, Floats]:
    """Point inside the square of the destination: the same on every day for work, one point per zone for schools."""
    size = zones["size_m"].fillna(0.0).to_numpy(np.float64)[dest]
    points = []
    for axis, column in ((0, "x_m"), (1, "y_m")):
        u = _draws(Stream.DESTINATION, ids, address, 32 * (axis + 1), seed)
        work = purpose == Purpose.WORK
        u[work] = uniforms(population.seed, Stream.WORKPLACE, ids[work], 1 + axis)
        school = purpose == Purpose.SCHOOL
        u[school] = uniforms(population.seed, Stream.SCHOOL, dest[school], 8 + axis)
        points.append(zones[column].to_numpy(np.float64)[dest] + (u - 0.5) * size)
    return points[0], points[1]
