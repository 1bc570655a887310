"""Tours of a population that changes: a resident's days are planned anew where age or status call for other days.

A stage of a resident is a span of simulated years with one plan of its days: the same place of work or school, the same
group of age, with or without a child at home. Rates and distances are those of the first year, which meets the survey;
so a year with more old people has fewer trips, not others' trips.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from zemsim.population.change import PopulationChange
from zemsim.population.inputs import Bools, Ints
from zemsim.population.plans import Groups, groups
from zemsim.population.register import STAYS
from zemsim.population.tables import Population
from zemsim.population.tours import TOUR_DTYPES, TourModel, fit_tours, tours_by
from zemsim.region.views import PeopledRegion

#: First and last year in which a tour of a population that changes is made.
SPAN_DTYPES = {"from_year": "int16", "until_year": "int16"}


def make_tours_of_years(
    region: PeopledRegion,
    population: Population,
    change: PopulationChange,
    simulated: tuple[int, ...],
    first_year: int,
    distance_km: np.ndarray,
    seed: int,
    detour: np.ndarray | None = None,
) -> pd.DataFrame:
    """Make the tours of all who live in the region in any simulated year.

    Parameters
    ----------
    region, population, change
        A region, all who ever live there, and when they do.
    simulated, first_year
        Years whose days are simulated, rising; the year of the population to which rates are fitted.
    distance_km, seed, detour
        As for `zemsim.population.tours.make_tours`.

    Returns
    -------
    One row per tour, sorted by day type, resident, stage and departure; columns of ``TOUR_DTYPES`` and ``SPAN_DTYPES``.
    Those of a first simulated year that is the first of all are the tours of a population that does not change.
    ``attrs`` as there.
    """
    model = fit_tours(region, _of_first_year(population, change, first_year), distance_km)
    n = len(population.residents)
    key, began = np.full((n, 3), -2, np.int64), np.full(n, -1, np.int64)
    parts: list[pd.DataFrame] = []
    left_off = 0
    for year in simulated:
        there, then = change.present(year), change.at(population, year)
        who = groups(then, there)
        now = _plan_key(then, who)
        anew = there & ((began < 0) | (now != key).any(axis=1))
        for part in parts:
            part.loc[anew[part["resident_idx"].to_numpy()] & (part["until_year"] == STAYS), "until_year"] = year - 1
        tours, lost = _tours_of_stage(region, model, then, who, anew, year, distance_km, seed, detour)
        parts.append(tours)
        left_off += lost
        key[anew], began[anew] = now[anew], year
    table = pd.concat(parts, ignore_index=True)
    last = change.residence["last_year"].to_numpy()[table["resident_idx"].to_numpy()]
    table["until_year"] = np.minimum(table["until_year"].to_numpy(), last)
    table = table.sort_values(["day_type", "resident_idx", "from_year"], kind="stable", ignore_index=True)
    table = table.astype({**TOUR_DTYPES, **SPAN_DTYPES})
    table.attrs["left_off"], table.attrs["short_km"] = left_off, model.short_km
    return table


def _of_first_year(population: Population, change: PopulationChange, year: int) -> Population:
    """Only those who are there in the first year."""
    old = population.take(np.flatnonzero(change.like_household_idx < 0))
    kept = change.like_household_idx[population.residents["household_idx"].to_numpy()] < 0
    there = change.present(year)[kept]
    return Population(old.households, old.residents[there].reset_index(drop=True), old.vehicles, old.seed)


def _plan_key(then: Population, who: Groups) -> Ints:
    """What the plan of a resident's days depends on: its groups, workplace and school, int64 [P, 3]."""
    flags: tuple[Bools, ...] = (who.surveyed, who.worker, who.pupil, who.child, who.oldest, who.with_child)
    group = sum((flag.astype(np.int64) << bit for bit, flag in enumerate(flags)), np.zeros(len(who.child), np.int64))
    work, school = (then.residents[name].to_numpy(np.int64) for name in ("work_zone_idx", "school_zone_idx"))
    return np.stack([group, np.where(who.worker, work, -1), np.where(who.pupil, school, -1)], axis=1)


def _tours_of_stage(
    region: PeopledRegion,
    model: TourModel,
    then: Population,
    who: Groups,
    anew: Bools,
    year: int,
    distance_km: np.ndarray,
    seed: int,
    detour: np.ndarray | None,
) -> tuple[pd.DataFrame, int]:
    tours, lost = tours_by(region, model, then, who, distance_km, seed, detour, makes=anew)
    return tours.assign(from_year=year, until_year=STAYS), lost
