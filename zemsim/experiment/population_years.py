"""What a run folder says of a population that follows a forecast: tables of its years, how well it is met."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from zemsim.evidence.residence import Residence
from zemsim.evidence.verdicts import verdict
from zemsim.population.register import ADULT_AGE, ALONE_AGE

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import numpy.typing as npt

    from zemsim.model.world import World
    from zemsim.population import Population
    from zemsim.population.change import PopulationChange

_SPANS = ("from_year", "until_year")


def with_spans(tables: Mapping[str, pd.DataFrame], change: PopulationChange) -> dict[str, pd.DataFrame]:
    """Return ``persons`` and ``tours`` with the tables ``residence`` and ``tour_spans``, which say in which years."""
    tours, years = tables["tours"], change.residence[["born_year", "first_year", "last_year"]].copy()
    spans = tours[list(_SPANS)].copy()
    years.insert(0, "resident_idx", np.arange(len(years), dtype=np.int32))
    spans.insert(0, "tour_idx", np.arange(len(spans), dtype=np.int32))
    return {**tables, "tours": tours.drop(columns=list(_SPANS)), "residence": years, "tour_spans": spans}


def residence_of(world: World, seed: int) -> Residence | None:
    """Return when residents are there and tours are made; None of a population that is fixed."""
    if world.change is None:
        return None
    return Residence.of(world.change.residence, world.tours[seed])


def population_verdicts(
    population: Population, change: PopulationChange, off: npt.NDArray[np.int64], years: Sequence[int]
) -> list[dict[str, Any]]:
    """Say whether every year has as many residents as forecast, and whether a child is left alone in any."""
    missed, alone = int(np.abs(off).sum()), sum(_left_alone(population, change, year) for year in years[1:])
    last = int(change.present(years[-1]).sum())
    return [
        verdict(
            "population-meets-forecast",
            missed == 0,
            missed,
            "Residents beyond or short of the forecast by municipality, age group and year: {off}; the last year has "
            "{n}",
            "Iedzīvotāji virs vai zem prognozes pa pašvaldībām, vecuma grupām un gadiem: {off}; pēdējā gadā to ir {n}",
            off=(missed, 0, ""),
            n=(last, 0, ""),
        ),
        verdict(
            "no-child-alone",
            alone == 0,
            alone,
            "Homes in which those under 16 live without an adult after the first year: {homes}; none is fine",
            "Mājsaimniecības, kurās pēc pirmā gada bērni līdz 16 gadiem dzīvo bez pieaugušā: {homes}; nedrīkst būt "
            "nevienas",
            homes=(alone, 0, ""),
        ),
    ]


def _left_alone(population: Population, change: PopulationChange, year: int) -> int:
    there, age, n = change.present(year), change.ages(year), len(population.households)
    home = population.residents["household_idx"].to_numpy()
    adults = np.bincount(home[there & (age >= ADULT_AGE)], minlength=n) > 0
    children = np.bincount(home[there & (age < ALONE_AGE)], minlength=n) > 0
    return int((children & ~adults).sum())
