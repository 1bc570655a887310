"""How many live where in later years: a cohort-component forecast by municipality, from trends and assumptions.

Everyone grows a year older, some die, children are born, and moves in or out bring each municipality to its trend. No
official forecast by municipality is at hand, so totals go on as they have changed since 2017; the assumptions state
low and high.
"""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass

import numpy as np

from zemsim.population.fitting import largest_remainder
from zemsim.population.inputs import Floats, Ints, assumed, band_limits
from zemsim.region.views import PeopledRegion

#: Oldest year of age; who is older stays in it.
OLDEST = 99
#: First and last age of the broad groups: children, of working age, old.
BROAD_GROUPS: tuple[tuple[int, int], ...] = ((0, 14), (15, 64), (65, OLDEST))
#: Ages of parents of whom births are counted.
PARENTS = (20, 39)
_MOVER_BANDS = band_limits("00_14", "15_24", "25_44", "45_64", "65_99")
_DEATHS_AGE = 75
_NOBODY = 1e-9


@dataclass(frozen=True)
class Forecast:
    """Residents of later years.

    Attributes
    ----------
    years : int64 [Y], rising, without the first year of all.
    municipalities : names, M.
    residents : int64 [Y, M, 3], at the end of each year by broad age group.
    births, deaths : int64 [Y, M], within each year.
    """

    years: Ints
    municipalities: tuple[str, ...]
    residents: Ints
    births: Ints
    deaths: Ints


def broad_group(age: Ints) -> Ints:
    """Broad group of each age: 0 children, 1 of working age, 2 old."""
    group: Ints = np.searchsorted([first for first, _ in BROAD_GROUPS[1:]], age, side="right").astype(np.int64)
    return group


def death_chances(region: PeopledRegion) -> Floats:
    """Chance to die within a year by age, float64 [100]: Gompertz, ``q75 exp(rise (age - 75))``, at most 1."""
    rise, level = assumed(region, "deaths_rise_per_year"), assumed(region, "deaths_share_75")
    chances: Floats = np.minimum(level * np.exp(rise * (np.arange(OLDEST + 1) - _DEATHS_AGE)), 1.0)
    return chances


def mover_weights(region: PeopledRegion) -> Floats:
    """How often people move by age, float64 [100]."""
    weights = np.empty(OLDEST + 1)
    for name, (first, last) in _MOVER_BANDS.items():
        weights[first : last + 1] = assumed(region, f"mover_weight.{name}")
    return weights


def yearly_change(region: PeopledRegion, municipality: str) -> float:
    """Change of a municipality's residents in a year, a share: ``population.change_share_year.<name in ASCII>``."""
    plain = unicodedata.normalize("NFKD", municipality).encode("ascii", "ignore").decode().lower()
    return assumed(region, f"change_share_year.{plain.replace(' ', '_')}")


def forecast(region: PeopledRegion, municipalities: list[str], ages: Ints, years: tuple[int, ...]) -> Forecast:
    """Residents of the years after the first by municipality and broad age group.

    Parameters
    ----------
    region
        Its assumptions.
    municipalities
        Names, M.
    ages
        int64 [M, 100], residents of the first year by year of age.
    years
        All years, rising without a gap; ``ages`` are those of the first.
    """
    die, move = death_chances(region), mover_weights(region)
    per_parent = assumed(region, "births_per_resident_20_39")
    trend = 1.0 + np.array([yearly_change(region, name) for name in municipalities])
    people, first = ages.astype(np.float64), ages.sum(axis=1).astype(np.float64)
    residents, births, deaths = [], [], []
    for number in range(1, len(years)):
        dead = people * die
        born = per_parent * people[:, PARENTS[0] : PARENTS[1] + 1].sum(axis=1)
        people = _a_year_older(people - dead)
        people[:, 0] = born
        wanted = first * trend**number
        people = _moved(people, move, wanted - people.sum(axis=1))
        totals = np.rint(wanted).astype(np.int64)
        groups = np.stack([people[:, a : b + 1].sum(axis=1) for a, b in BROAD_GROUPS], axis=1)
        residents.append(np.stack([largest_remainder(row, int(t)) for row, t in zip(groups, totals, strict=True)]))
        births.append(np.rint(born).astype(np.int64))
        deaths.append(np.rint(dead.sum(axis=1)).astype(np.int64))
    shape = (len(years) - 1, len(municipalities))
    return Forecast(
        np.array(years[1:], np.int64),
        tuple(municipalities),
        np.array(residents, np.int64).reshape(*shape, len(BROAD_GROUPS)),
        np.array(births, np.int64).reshape(shape),
        np.array(deaths, np.int64).reshape(shape),
    )


def _a_year_older(people: Floats) -> Floats:
    older = np.zeros_like(people)
    older[:, 1:] = people[:, :-1]
    older[:, -1] += people[:, -1]
    return older


def _moved(people: Floats, weights: Floats, more: Floats) -> Floats:
    """``more`` [M] come, or go where it is below zero, by age as often as people of that age move; nobody below zero.

    What an age cannot give is given by the others.
    """
    moved = people.copy()
    for row, count in enumerate(more):
        left = float(count)
        while abs(left) > _NOBODY:
            share = moved[row] * weights
            change = left * share / share.sum()
            taken = np.maximum(change, -moved[row])
            moved[row] += taken
            left -= float(taken.sum())
    return moved


__all__ = ["BROAD_GROUPS", "OLDEST", "Forecast", "broad_group", "death_chances", "forecast", "mover_weights"]
