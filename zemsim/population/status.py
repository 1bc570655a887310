"""What residents do as they grow older: school, work, licence, bicycle, from one year to the next.

Shares by age, sex and study are those of the first year, so that a person changes only where its age calls for it; who
does is luck of the synthesis. Licences go with the cohort: they are won up to 44 and given up late in life.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from zemsim.population.forecast import OLDEST
from zemsim.population.inputs import Bools, Floats, Ints, assumed
from zemsim.population.people import EMPLOYMENT_BANDS, LICENCE_BANDS, bicycles, students
from zemsim.population.register import Draw, luck_of
from zemsim.population.schools import BASIC_LAST, SECONDARY_LAST
from zemsim.region.views import PeopledRegion

#: Columns of residents that change with age.
STATUS: Final = ("employed", "student", "licence", "bike", "work_zone_idx", "school_zone_idx")
#: Last band of ages in which licences are won, and first age at which they are given up.
_WON_TO, _GIVEN_UP_FROM = "25_44", 75
_LAST_AGE_OF_ALL = 10**6
Zones = NDArray[np.int32]


@dataclass(frozen=True)
class Persons:
    """Those whose status is followed, [P]: year of birth, first and last year, home zone, and whose luck they have."""

    resident_id: Ints
    luck_id: Ints
    born: Ints
    first: Ints
    last: Ints
    female: Bools
    zone: Ints


class Statuses:
    """Status of all persons, year by year.

    Parameters
    ----------
    region
        Its assumptions.
    persons
        Who they are.
    status
        `STATUS` of each person in its first year: columns [P].
    municipality
        int64 [Z] of each zone.
    first_year
        Those who are there in this year are the base, from which shares by age are taken.
    seed
        That of the synthesis.
    """

    def __init__(
        self,
        region: PeopledRegion,
        persons: Persons,
        status: pd.DataFrame,
        municipality: Ints,
        first_year: int,
        seed: int,
    ) -> None:
        self._region, self._persons, self._seed = region, persons, seed
        self.now = {name: status[name].to_numpy().copy() for name in STATUS}
        base = persons.first == first_year
        age = first_year - persons.born[base]
        self._municipality = municipality
        student, employed, licence = (self.now[name][base] for name in ("student", "employed", "licence"))
        self._job_rate = _means(_job_cell(age, student), employed, 2 * (len(EMPLOYMENT_BANDS) + 1))
        self._licence_rate = _means(_licence_cell(age, persons.female[base]), licence, 2 * (len(LICENCE_BANDS) + 1))
        zone = persons.zone[base]
        work, school = (self.now[name][base].astype(np.int64) for name in ("work_zone_idx", "school_zone_idx"))
        self._works = _Examples.of(zone, np.zeros(len(zone), np.int64), work)
        self._schools = _Examples.of(zone, _level(age), school)

    def grow_older(self, year: int) -> pd.DataFrame:
        """Bring all to a year and return those who changed: ``year, resident_idx`` and `STATUS`."""
        p, region = self._persons, self._region
        rows = np.flatnonzero((p.first < year) & (p.last >= year))
        before = {name: values[rows] for name, values in self.now.items()}
        age = np.minimum(year - p.born[rows], OLDEST)
        learns = students(region, age, p.luck_id[rows], self._seed)
        works = self._works_at(rows, age, before, learns, year)
        after = {
            "employed": works,
            "student": learns,
            "licence": self._drives_at(rows, age, before["licence"], year),
            "bike": bicycles(region, age, p.luck_id[rows], self._seed)[0],
            "work_zone_idx": self._workplaces(rows, before, works, year),
            "school_zone_idx": self._school_zones(rows, age, before, learns, year),
        }
        changed = np.zeros(len(rows), np.bool_)
        for name, values in after.items():
            changed |= values != before[name]
            self.now[name][rows] = values
        who = rows[changed]
        columns = {name: self.now[name][who] for name in STATUS}
        return pd.DataFrame(
            {"year": np.full(len(who), year, np.int16), "resident_idx": who.astype(np.int32), **columns}
        )

    def _works_at(self, rows: Ints, age: Ints, before: dict[str, np.ndarray], learns: Bools, year: int) -> Bools:
        old = self._job_rate[_job_cell(age - 1, before["student"])]
        new = self._job_rate[_job_cell(age, learns)]
        luck = luck_of(self._seed, self._persons.resident_id[rows], year, Draw.JOB)
        return _carried_on(before["employed"], old, new, luck)

    def _drives_at(self, rows: Ints, age: Ints, holds: Bools, year: int) -> Bools:
        female = self._persons.female[rows]
        old, new = (self._licence_rate[_licence_cell(a, female)] for a in (age - 1, age))
        learning = age <= LICENCE_BANDS[_WON_TO][1]
        new = np.where(learning, np.maximum(old, new), old)
        luck = luck_of(self._seed, self._persons.resident_id[rows], year, Draw.LICENCE)
        gives_up = (age >= _GIVEN_UP_FROM) & (luck < assumed(self._region, "licence_loss_share_75plus"))
        return _carried_on(holds, old, new, luck) & ~gives_up

    def _workplaces(self, rows: Ints, before: dict[str, np.ndarray], works: Bools, year: int) -> Zones:
        place = np.where(works, before["work_zone_idx"], -1).astype(np.int32)
        seeks = np.flatnonzero(works & (place < 0))
        none = np.zeros(len(seeks), np.int64)
        place[seeks] = self._like(self._works, rows[seeks], none, year, Draw.WORKPLACE)
        return place

    def _school_zones(self, rows: Ints, age: Ints, before: dict[str, np.ndarray], learns: Bools, year: int) -> Zones:
        stays = before["student"] & (_level(age) == _level(age - 1))
        place = np.where(learns & stays, before["school_zone_idx"], -1).astype(np.int32)
        seeks = np.flatnonzero(learns & (place < 0))
        place[seeks] = self._like(self._schools, rows[seeks], _level(age[seeks]), year, Draw.SCHOOL)
        return place

    def _like(self, examples: _Examples, rows: Ints, kind: Ints, year: int, draw: Draw) -> Ints:
        luck = luck_of(self._seed, self._persons.resident_id[rows], year, draw)
        return examples.draw(self._persons.zone[rows], self._municipality, kind, luck)


@dataclass(frozen=True)
class _Examples:
    """Base residents of a kind with a place: where those like them work or learn."""

    zone: Ints
    kind: Ints
    place: Ints

    @classmethod
    def of(cls, zone: Ints, kind: Ints, place: Ints) -> _Examples:
        has = place >= 0
        return cls(zone[has], kind[has], place[has])

    def draw(self, zone: Ints, municipality: Ints, kind: Ints, luck: Floats) -> Ints:
        """Place of one of a kind from the zone, else from its municipality, else from anywhere; -1 without any."""
        found = np.full(len(zone), -1, np.int64)
        everywhere = np.zeros(len(municipality), np.int64)
        for area in (np.arange(len(municipality)), municipality, everywhere):
            rows = np.flatnonzero(found < 0)
            n = int(area.max(initial=0)) + 1
            key = self.kind * n + area[self.zone]
            order = np.argsort(key, kind="stable")
            wanted = kind[rows] * n + area[zone[rows]]
            start, stop = (np.searchsorted(key[order], wanted, side) for side in ("left", "right"))
            some = stop > start
            at = start + np.floor(luck[rows] * (stop - start)).astype(np.int64)
            found[rows[some]] = self.place[order[at[some]]]
        return found


def _band(age: Ints, bands: dict[str, tuple[int, int]]) -> Ints:
    """Number of the band of each age from 1, 0 below the first."""
    return np.searchsorted([first for first, _ in bands.values()], age, side="right")


def _job_cell(age: Ints, student: Bools) -> Ints:
    return _band(age, EMPLOYMENT_BANDS) * 2 + student


def _licence_cell(age: Ints, female: Bools) -> Ints:
    return _band(age, LICENCE_BANDS) * 2 + female


def _level(age: Ints) -> Ints:
    """Basic school, secondary school, university."""
    return np.searchsorted([BASIC_LAST + 1, SECONDARY_LAST + 1, _LAST_AGE_OF_ALL], age, side="right")


def _means(cell: Ints, has: Bools, n: int) -> Floats:
    """Share of those who have something by cell; 0 for an empty one."""
    count = np.bincount(cell, minlength=n)
    return np.divide(np.bincount(cell, has, n), count, out=np.zeros(n), where=count > 0)


def _carried_on(has: Bools, old: Floats, new: Floats, luck: Floats) -> Bools:
    """Who has something when a share goes from old to new: of those with it some lose it, or of the others some win it.

    As few change as the shares allow.
    """
    kept = luck * old < new
    won = luck * (1.0 - old) < new - old
    return np.where(has, kept | (new >= old), won)
