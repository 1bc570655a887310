"""A population that changes: all who ever live in the region as rows, and from when to when, with what status.

Residents who come later and those who go are rows like all others; a year says who is there. Numbers of residents and
households, and with them all luck, are those of the population that does not change.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from zemsim.population.forecast import OLDEST, death_chances, forecast, mover_weights
from zemsim.population.inputs import Ints, assumed, ordered_zones, populated
from zemsim.population.register import STAYS, Register
from zemsim.population.renewal import Chances, renew
from zemsim.population.status import STATUS, Persons, Statuses
from zemsim.population.tables import HOUSEHOLD_DTYPES, RESIDENT_DTYPES, VEHICLE_DTYPES, Population
from zemsim.region.views import PeopledRegion

RESIDENCE_DTYPES = {"born_year": "int16", "first_year": "int16", "last_year": "int16", "drives": "bool"}
STATUS_DTYPES = {
    "year": "int16",
    "resident_idx": "int32",
    **{name: RESIDENT_DTYPES[name] for name in STATUS},
}


@dataclass(frozen=True)
class PopulationChange:
    """When residents are there, and what they are from when on.

    Attributes
    ----------
    residence
        P rows: year of birth, first and last year in the region (both included, `STAYS` to the end), and whether one
        holds a licence in any year.
    statuses
        Status from a year on of those who change, sorted by year and resident; columns of ``STATUS_DTYPES``.
    like_household_idx
        int32 [H], household whose cars a new one brings along; -1 for those who are there from the first year on.
    """

    residence: pd.DataFrame
    statuses: pd.DataFrame
    like_household_idx: npt.NDArray[np.int32]

    def present(self, year: int) -> npt.NDArray[np.bool_]:
        """Who is there in a year, bool [P]."""
        first, last = self.residence["first_year"].to_numpy(), self.residence["last_year"].to_numpy()
        there: npt.NDArray[np.bool_] = (first <= year) & (last >= year)
        return there

    def ages(self, year: int) -> npt.NDArray[np.int16]:
        """Age of everybody in a year, 0 for those not born yet: int16 [P]."""
        age: npt.NDArray[np.int16] = np.maximum(year - self.residence["born_year"].to_numpy(), 0).astype(np.int16)
        return age

    def of_year(self, year: int) -> pd.DataFrame:
        """The statuses that begin with a year."""
        years = self.statuses["year"].to_numpy()
        return self.statuses.iloc[np.searchsorted(years, year, "left") : np.searchsorted(years, year, "right")]

    def at(self, population: Population, year: int) -> Population:
        """The population with the ages and statuses of a year; those who are not there are among its rows."""
        residents = population.residents.copy()
        columns = {name: residents[name].to_numpy().copy() for name in STATUS}
        years = self.statuses["year"].to_numpy()
        for begins in np.unique(years[years <= year]).tolist():
            rows = self.of_year(begins)
            for name, values in columns.items():
                values[rows["resident_idx"].to_numpy()] = rows[name].to_numpy()
        residents = residents.assign(age=self.ages(year), **columns)
        return Population(population.households, residents, population.vehicles, population.seed)

    def take(self, population: Population, kept: npt.NDArray[np.integer]) -> PopulationChange:
        """Return the change of some households (rising positions); new ones whose like is not kept bring no cars."""
        new = population.new_positions(kept)
        home = new[population.residents["household_idx"].to_numpy()]
        number = np.where(home >= 0, np.cumsum(home >= 0) - 1, -1).astype(np.int32)
        who = number[self.statuses["resident_idx"].to_numpy()]
        like = self.like_household_idx[kept]
        return PopulationChange(
            self.residence[home >= 0].reset_index(drop=True),
            self.statuses[who >= 0].reset_index(drop=True).assign(resident_idx=who[who >= 0]),
            np.where(like >= 0, new[like], -1).astype(np.int32),
        )


@dataclass(frozen=True)
class ChangingPopulation:
    """What `change_population` finds.

    Attributes
    ----------
    population : all who live in the region in any year, with the age and status of their first year.
    change : when they are there.
    off : int64 [Y, M, 3], residents by later year, municipality and broad age group less those forecast.
    """

    population: Population
    change: PopulationChange
    off: Ints


def change_population(region: PeopledRegion, base: Population, years: tuple[int, ...]) -> ChangingPopulation:
    """Let a population of the first year live through the years of the region's forecast.

    Parameters
    ----------
    region
        A region with the assumptions of the forecast (``population.change_share_year.*`` and others).
    base
        All residents of the first year, from `synthesise`; not a sample.
    years
        All years, rising without a gap.
    """
    zones = ordered_zones(region)
    names = sorted(zones.loc[populated(zones), "municipality"].unique().tolist())
    municipality = pd.Index(names).get_indexer(zones["municipality"]).astype(np.int64)
    first = _register(base, municipality, years[0])
    age = base.residents["age"].to_numpy(np.int64)
    cell = municipality[first.zone][first.home] * (OLDEST + 1) + np.minimum(age, OLDEST)
    ages = np.bincount(cell, minlength=len(names) * (OLDEST + 1)).reshape(len(names), -1)
    wanted = forecast(region, names, ages, years)
    register = _register(base, municipality, years[0])
    chances = Chances(death_chances(region), mover_weights(region), assumed(region, "female_share.00_14"))
    off = renew(first, register, wanted, chances)
    population, change = _tables(region, base, register, municipality, years)
    return ChangingPopulation(population, change, off)


def _register(base: Population, municipality: Ints, year: int) -> Register:
    homes, people = base.households, base.residents
    n = len(people)
    zone = homes["zone_idx"].to_numpy(np.int64)
    return Register(
        seed=base.seed,
        resident_id=people["resident_id"].to_numpy(np.int64).copy(),
        home=people["household_idx"].to_numpy(np.int64).copy(),
        born=year - people["age"].to_numpy(np.int64),
        female=people["female"].to_numpy(np.bool_).copy(),
        first=np.full(n, year, np.int64),
        last=np.full(n, STAYS, np.int64),
        like=np.arange(n),
        household_id=homes["household_id"].to_numpy(np.int64).copy(),
        zone=zone.copy(),
        municipality=municipality[zone],
        like_home=np.arange(len(homes)),
        places=homes["size_pers"].to_numpy(np.int64).copy(),
    )


def _tables(
    region: PeopledRegion, base: Population, register: Register, municipality: Ints, years: tuple[int, ...]
) -> tuple[Population, PopulationChange]:
    """The register as tables, households and residents in the order of their numbers."""
    by_home, by_person = np.argsort(register.household_id), np.argsort(register.resident_id)
    position = np.empty(len(by_home), np.int64)
    position[by_home] = np.arange(len(by_home))
    residents = _residents(base, register, by_person, position)
    persons = Persons(
        resident_id=register.resident_id[by_person],
        luck_id=_luck_ids(base, register)[by_person],
        born=register.born[by_person],
        first=register.first[by_person],
        last=register.last[by_person],
        female=register.female[by_person],
        zone=register.zone[register.home[by_person]],
    )
    statuses = Statuses(region, persons, residents, municipality, years[0], base.seed)
    found = pd.concat([statuses.grow_older(year) for year in years[1:]], ignore_index=True).astype(STATUS_DTYPES)
    drives = residents["licence"].to_numpy().copy()
    drives[found.loc[found["licence"], "resident_idx"].to_numpy()] = True
    residence = pd.DataFrame(
        {"born_year": persons.born, "first_year": persons.first, "last_year": persons.last, "drives": drives}
    ).astype(RESIDENCE_DTYPES)
    new = by_home >= len(base.households)
    like = np.where(new, position[register.like_home[by_home]], -1).astype(np.int32)
    homes = _households(base, register, by_home)
    cars = base.vehicles.assign(household_idx=position[base.vehicles["household_idx"].to_numpy()])
    population = Population(homes, residents, cars.astype(dict(VEHICLE_DTYPES)), base.seed)
    return population, PopulationChange(residence, found, like)


def _luck_ids(base: Population, register: Register) -> Ints:
    """Whose luck of the synthesis each person has: that of whom one is like, the newborn their own."""
    ids = base.residents["resident_id"].to_numpy(np.int64)
    return np.where(register.like >= 0, ids[np.maximum(register.like, 0)], register.resident_id)


def _households(base: Population, register: Register, order: Ints) -> pd.DataFrame:
    """Households with the traits of those that they are like, and their members in the first year."""
    homes = base.households.iloc[register.like_home[order]].reset_index(drop=True)
    return homes.assign(household_id=register.household_id[order]).astype(dict(HOUSEHOLD_DTYPES))


def _residents(base: Population, register: Register, order: Ints, position: Ints) -> pd.DataFrame:
    """Persons with the traits of those that they are like; newborn children have none but the income of the home."""
    like = register.like[order]
    newborn = like < 0
    table = base.residents.iloc[np.maximum(like, 0)].reset_index(drop=True)
    of_home = np.searchsorted(base.residents["household_idx"].to_numpy(), register.like_home[register.home[order]])
    ratio = base.residents["income_ratio"].to_numpy()[of_home]
    table = table.assign(
        resident_id=register.resident_id[order],
        household_idx=position[register.home[order]],
        age=register.first[order] - register.born[order],
        female=register.female[order],
        income_ratio=ratio,
    )
    for name, none in (("employed", False), ("student", False), ("licence", False), ("bike", False), ("ebike", False)):
        table.loc[newborn, name] = none
    table.loc[newborn, ["work_zone_idx", "school_zone_idx"]] = -1
    return table.astype(dict(RESIDENT_DTYPES))
