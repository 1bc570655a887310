"""From an experiment to a world, and from a world to a model."""

from __future__ import annotations

from calendar import monthrange
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Protocol

import numpy as np
import numpy.typing as npt

from zemsim.behaviour.draws import Draws
from zemsim.behaviour.parameters import load_parameters
from zemsim.core.errors import InputError, did_you_mean
from zemsim.core.names import Season
from zemsim.model.model import MobilityModel
from zemsim.model.schedule import SCHEDULE, Schedule
from zemsim.model.world import PolicyLike, RunSettings, TimetableKey, TransitSupply, World
from zemsim.policy.conditions import conditions
from zemsim.policy.draft import PolicyRegion
from zemsim.population import make_tours, synthesise
from zemsim.population.change import PopulationChange, change_population
from zemsim.population.stages import make_tours_of_years
from zemsim.region import load_region
from zemsim.travel.active import ActiveRules
from zemsim.travel.active_ways import ActiveWays
from zemsim.travel.road_network import RoadNetwork
from zemsim.travel.roads import road_skim
from zemsim.travel.timetable import Timetable
from zemsim.travel.timetable_changes import keys_needed
from zemsim.travel.transit import transit_skim

if TYPE_CHECKING:
    import pandas as pd

    from zemsim.policy.levers import Measure
    from zemsim.population import Population
    from zemsim.region import Region

#: Months of the two seasons: winter is November to April.
_MONTHS: Mapping[Season, tuple[int, ...]] = {
    Season.WINTER: (11, 12, 1, 2, 3, 4),
    Season.SUMMER: (5, 6, 7, 8, 9, 10),
}
#: A year without a leap day.
_COMMON_YEAR = 2025


class ExperimentLike(Protocol):
    """What a model needs of an experiment."""

    @property
    def region(self) -> str: ...

    @property
    def years(self) -> tuple[int, int]: ...

    @property
    def days_in(self) -> tuple[int, ...]: ...

    @property
    def seasons(self) -> tuple[str, ...]: ...

    @property
    def day_iterations(self) -> int: ...

    @property
    def first_iterations(self) -> int: ...

    @property
    def destinations(self) -> str: ...

    @property
    def population(self) -> str: ...

    @property
    def behaviour(self) -> Mapping[str, float]: ...

    @property
    def draws(self) -> Draws | None: ...

    @property
    def policies(self) -> Sequence[PolicyLike]: ...


def run_settings(experiment: ExperimentLike) -> RunSettings:
    """The part of an experiment that every run of it shares."""
    first, last = experiment.years
    return RunSettings(
        years=tuple(range(first, last + 1)),
        days_in=tuple(experiment.days_in),
        seasons=tuple(Season[name.upper()] for name in experiment.seasons),
        day_iterations=experiment.day_iterations,
        first_iterations=experiment.first_iterations,
        adapt=experiment.destinations == "adapt",
    )


def temperatures(region: Region) -> dict[Season, float]:
    """Mean temperature of each season from the monthly assumptions ``temperature_c.MM``."""
    return {
        season: sum(region.assumption(f"temperature_c.{month:02d}") for month in months) / len(months)
        for season, months in _MONTHS.items()
    }


def rain(region: Region) -> dict[Season, float]:
    """Mean rain and melted snow of a day of each season, mm, from the monthly sums ``rain_mm.MM``."""
    return {
        season: sum(region.assumption(f"rain_mm.{month:02d}") for month in months)
        / sum(monthrange(_COMMON_YEAR, month)[1] for month in months)
        for season, months in _MONTHS.items()
    }


def timetable_keys(region: Region, policies: Iterable[PolicyLike], years: Iterable[int]) -> list[TimetableKey]:
    """Keys of all timetables that the policies ask for in some year, the region's own first."""
    base, years = PolicyRegion.of(region), tuple(years)
    keys: dict[TimetableKey, None] = {(): None}
    for policy in policies:
        for year in years:
            keys |= dict.fromkeys(keys_needed(conditions(base, policy.measures, year).timetable))
    return list(keys)


def make_supplies(region: Region, keys: Iterable[TimetableKey], threads: int = 1) -> dict[TimetableKey, TransitSupply]:
    """A timetable and its skim for every key."""
    timetable = Timetable.from_region(region)
    supplies = {}
    for key in keys:
        changed = timetable.changed(key)
        supplies[key] = TransitSupply(changed, transit_skim(changed, threads=threads))
    return supplies


def build_world(experiment: ExperimentLike, seeds: Iterable[int], threads: int = 1) -> World:
    """Everything that the runs of an experiment share, built in memory."""
    region = load_region(experiment.region)
    population, change, _ = make_population(region, experiment)
    network = RoadNetwork.from_region(region)
    skim = road_skim(network, threads=threads)
    settings, parameters = run_settings(experiment), load_parameters().with_values(experiment.behaviour)
    active = ActiveWays.of(region, Timetable.from_region(region), ActiveRules.of(parameters), threads)
    detour = None if active is None else active.detour

    def tours_of(seed: int) -> pd.DataFrame:
        return make_tours_in(region, population, change, settings, skim.distance_km, seed, detour)

    return World(
        region=region,
        population=population,
        network=network,
        road_skim=skim,
        supplies=make_supplies(region, timetable_keys(region, experiment.policies, settings.years), threads),
        tours={seed: tours_of(seed) for seed in seeds},
        parameters=parameters,
        settings=settings,
        temperature_c=temperatures(region),
        rain_mm_day=rain(region),
        active=active,
        change=change,
        draws=experiment.draws,
    )


def make_population(
    region: Region, experiment: ExperimentLike
) -> tuple[Population, PopulationChange | None, npt.NDArray[np.int64]]:
    """The residents of the first year, or all of all years and when they are there, as the experiment asks.

    The last is how many residents a later year has beyond its forecast, by year, municipality and broad age group.
    """
    base = synthesise(region)
    if experiment.population == "fixed":
        return base, None, np.zeros((0, 0, 0), np.int64)
    found = change_population(region, base, run_settings(experiment).years)
    return found.population, found.change, found.off


def make_tours_in(
    region: Region,
    population: Population,
    change: PopulationChange | None,
    settings: RunSettings,
    distance_km: npt.NDArray[np.float32],
    seed: int,
    detour: npt.NDArray[np.float32] | None,
) -> pd.DataFrame:
    """The tours of a seed, of a population that changes with the years in which they are made."""
    if change is None:
        return make_tours(region, population, distance_km, seed, detour)
    days_in, first = settings.days_in, settings.years[0]
    return make_tours_of_years(region, population, change, days_in, first, distance_km, seed, detour)


def measures_of(experiment: ExperimentLike, policy: str) -> Sequence[Measure]:
    """The measures of a policy of the experiment."""
    found = {p.id: p.measures for p in experiment.policies}
    if policy not in found:
        raise InputError(f"the experiment has no policy {policy!r}", hint=did_you_mean(policy, found))
    return found[policy]


def build_model(
    experiment: ExperimentLike,
    policy: str = "baseline",
    seed: int = 1,
    threads: int = 1,
    schedule: Schedule = SCHEDULE,
) -> MobilityModel:
    """A model of one policy and seed, at the start of its first year.

    Parameters
    ----------
    experiment : from `zemsim.load_experiment`.
    policy : id of one of its policies.
    seed : seed of the run.
    threads : threads of the kernels; results do not depend on it.
    schedule : the steps of days and years, `zemsim.model.schedule.SCHEDULE` or one made from it by `with_step`.
    """
    measures = measures_of(experiment, policy)
    model = MobilityModel(build_world(experiment, [seed], threads), seed, threads, schedule)
    model.start(policy, measures)
    return model
