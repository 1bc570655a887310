"""Logsums of the tours of a day type for standard persons: what the ways to each place are worth to one of a segment.

Segments are four kinds of person (`Kind`) times two groups of income of equal size. Whoever is of a segment counts as
its standard person: with a bicycle, without an e-bike, with the fares of a mean traveller, at free flow, at the mean
temperature of the seasons. So logsums of one segment differ by places only, not by who goes there.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from zemsim.core.fingerprint import of_bytes
from zemsim.core.names import Alternative, Powertrain
from zemsim.kernels.blocks import run_blocks
from zemsim.kernels.logsums import fill_logsums
from zemsim.kernels.tour_choice import NEVER, TourColumns, fill_fixed_rows
from zemsim.model.coefficients import rain_utilities
from zemsim.model.passes import mean_share
from zemsim.model.vehicles import kwh_per_km, litres_per_km
from zemsim.travel.active import ActiveRules
from zemsim.travel.active_ways import active_minutes

if TYPE_CHECKING:
    from zemsim.model.day_plan import DayPlan
    from zemsim.model.model import MobilityModel
    from zemsim.policy.conditions import Conditions


class Kind(IntEnum):
    """What a person can use of cars."""

    NONE = 0
    RIDE = 1
    COMBUSTION = 2
    ELECTRIC = 3


@dataclass(frozen=True)
class Offer:
    """All that policies and prices change of the logsums of standard persons; equal offers, equal logsums.

    Attributes
    ----------
    eur_km : running cost of a combustion and of an electric car.
    fares : digest of the shares of the base fare, bus and train, and the passes of a mean traveller, by home zone.
    parking : digest of EUR per hour for combustion and electric cars by zone.
    timetable : key of the timetable.
    """

    eur_km: tuple[float, float]
    fares: str
    parking: str
    timetable: object


@dataclass(frozen=True)
class Standards:
    """What standard persons are, from the start of a run.

    Attributes
    ----------
    income_edge_ratio : lowest income over the mean of the upper group.
    income_weight : float64 [groups], weight of money ``(income / mean) ** -eta`` of each group of income.
    age_share : float64 [ages], shares of residents by age.
    petrol_share : share of petrol among petrol and diesel cars.
    temperature_c, rain_mm_day : means of the seasons.
    """

    income_edge_ratio: float
    income_weight: npt.NDArray[np.float64]
    age_share: npt.NDArray[np.float64]
    petrol_share: float
    temperature_c: float
    rain_mm_day: float

    @property
    def n_segments(self) -> int:
        """Kinds of person times groups of income; a segment is ``group * kinds + kind``."""
        return len(self.income_weight) * len(Kind)

    def fare_share(self, c: Conditions) -> npt.NDArray[np.float64]:
        """Share of the base fare that a mean traveller pays, float64 [2, Z]."""
        shares: npt.NDArray[np.float64] = c.fare_share @ self.age_share
        return shares

    def eur_km(self, model: MobilityModel, c: Conditions) -> tuple[float, float]:
        """Running cost per km of a combustion car, petrol and diesel as at the start, and of one charged at home."""
        p = model.parameters
        litres = litres_per_km(p)
        petrol = litres[Powertrain.PETROL] * c.price["petrol_eur_l"]
        diesel = litres[Powertrain.DIESEL] * c.price["diesel_eur_l"]
        kwh = kwh_per_km(p, self.temperature_c) / p["eta_ch"]
        combustion = self.petrol_share * petrol + (1.0 - self.petrol_share) * diesel
        return float(p["k_fuel"] * combustion), float(p["k_fuel"] * kwh * c.price["electricity_home_eur_kwh"])

    def offer(self, model: MobilityModel, c: Conditions) -> Offer:
        """What logsums depend on under the conditions of a year."""
        paid = self.fare_share(c).tobytes() + c.pass_trips.tobytes()
        parking = c.parking_eur_h.tobytes() + c.parking_ev_eur_h.tobytes()
        fares, fees = (of_bytes(values) for values in (paid, parking))
        return Offer(self.eur_km(model, c), fares, fees, c.timetable)


def standards_of(model: MobilityModel) -> Standards:
    """Standard persons of the residents and cars with which a model starts."""
    people, powertrain = model.at_start("residents"), model.at_start("vehicles")["powertrain"]
    income = np.clip(people["income_ratio"].astype(np.float64), 0.2, 5.0)
    weight = income ** -model.parameters["eta_vot_income"]
    edge = float(np.median(people["income_ratio"]))
    upper = people["income_ratio"] >= edge
    petrol, diesel = (int((powertrain == kind).sum()) for kind in (Powertrain.PETROL, Powertrain.DIESEL))
    settings, world = model.world.settings, model.world
    ages = model.base_conditions_of[settings.years[0]].fare_share.shape[2]
    age = np.bincount(np.minimum(people["age"], ages - 1), minlength=ages)
    lower_weight = weight[~upper].mean() if (~upper).any() else 1.0
    return Standards(
        income_edge_ratio=edge,
        income_weight=np.array([lower_weight, weight[upper].mean()]),
        age_share=age / age.sum(),
        petrol_share=petrol / max(1, petrol + diesel),
        temperature_c=float(np.mean([world.temperature_c[season] for season in settings.seasons])),
        rain_mm_day=float(np.mean([world.rain_mm_day[season] for season in settings.seasons])),
    )


def logsums(model: MobilityModel, plan: DayPlan, standards: Standards, c: Conditions) -> npt.NDArray[np.float32]:
    """Logsums of the tours of a plan to where they were planned: float32 [groups * kinds, R], segment by segment.

    The plan must offer bus and train under the timetable of the conditions, with no tour gone elsewhere.
    """
    columns = _columns(model, plan, standards)
    parameters = plan.parameters._replace(**rain_utilities(model.parameters, standards.rain_mm_day))
    n = plan.n_tours
    share = standards.fare_share(c)[:, columns.origin].T[:, None, :]
    share = share * mean_share(model, plan, c, standards.age_share)[:, None, :]
    columns.fare_eur[:] = (plan.offer.base_fare_eur() * share).sum(axis=2).T
    damping, paid_h = plan.damping(), plan.paid_h()
    out = np.empty((len(standards.income_weight), len(Kind), n), np.float32)
    on_foot = columns._replace(vehicle=np.full(n, -1, np.int32))
    for group, weight in enumerate(standards.income_weight):
        columns.cost_factor[:] = damping * weight
        run_blocks(fill_fixed_rows, n, model.threads, columns, standards.temperature_c, parameters)
        prices = (c.parking_eur_h, c.parking_ev_eur_h)
        for kind, eur_km, eur_h in zip(
            (Kind.COMBUSTION, Kind.ELECTRIC), standards.eur_km(model, c), prices, strict=True
        ):
            columns.drive_eur[:] = columns.road_km * eur_km
            columns.parking_eur[:] = eur_h[columns.dest] * paid_h
            run_blocks(fill_logsums, n, model.threads, columns, plan.parameters, out[group, kind])
        run_blocks(fill_logsums, n, model.threads, on_foot, plan.parameters, out[group, Kind.RIDE])
        columns.fixed[Alternative.PASSENGER] = NEVER
        run_blocks(fill_logsums, n, model.threads, on_foot, plan.parameters, out[group, Kind.NONE])
    return out.reshape(-1, n)


def _columns(model: MobilityModel, plan: DayPlan, standards: Standards) -> TourColumns:
    """The columns of a plan with standard persons in them; what is written into them does not reach the plan."""
    world, c, n = model.world, plan.columns, plan.n_tours
    season = world.settings.seasons[0]
    minutes = active_minutes(world.active, ActiveRules.of(model.parameters), season, c.origin, c.dest, plan.active_km)
    skim = world.road_skim
    doors = skim.terminal_min[c.origin] + skim.terminal_min[c.dest]
    there, back = skim.time_min[c.origin, c.dest], skim.time_min[c.dest, c.origin]
    return c._replace(
        road_min=(0.5 * (there + back) + doors).astype(np.float32),
        walk_min=minutes.walk,
        bike_min=minutes.bike,
        cost_factor=np.ones(n, np.float32),
        bike=np.ones(n, np.bool_),
        ebike=np.zeros(n, np.int8),
        vehicle=np.zeros(n, np.int32),
        drive_eur=np.zeros(n, np.float32),
        parking_eur=np.zeros(n, np.float32),
        passenger=np.ones(n, np.bool_),
        fare_eur=np.zeros((2, n), np.float32),
        fixed=np.empty_like(c.fixed),
    )
