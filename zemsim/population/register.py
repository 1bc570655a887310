"""The register of residents: who lives in which household from which year to which; nobody under 16 is left alone.

Axes: P persons who live in the region in any year, H households, N some of the persons.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum

import numpy as np

from zemsim.core.randomness import Stream
from zemsim.kernels.draws import uniforms
from zemsim.population.inputs import Bools, Floats, Ints
from zemsim.population.tables import IDS_PER_ZONE

#: Last year of those who stay to the end.
STAYS = 9999
#: From this age on one may look after children; below the other one must not live alone.
ADULT_AGE, ALONE_AGE = 18, 16
#: Members that a household ever has at most: their numbers are ten times the household's and more.
_PLACES = 10
#: Draws of a person or a household within a year.
_DRAWS_A_YEAR = 16


class Draw(IntEnum):
    """What the draws of a person or a household within a year are for."""

    GUARD_AT_DEATH = 0
    DEATH = 1
    BIRTH = 2
    SEX = 3
    FAMILY_LEAVES = 4
    FAMILY_COMES = 5
    GUARD_AT_MOVE = 6
    MOVE = 7
    COME = 8
    JOB = 9
    LICENCE = 10
    WORKPLACE = 11
    SCHOOL = 12


def luck_of(seed: int, ids: Ints, year: int, draw: Draw) -> Floats:
    """A number between 0 and 1 of each person's or household's own for a decision of a year."""
    return uniforms(seed, int(Stream.AGEING), ids, year * _DRAWS_A_YEAR + int(draw))


@dataclass
class Register:
    """Persons and households; base residents first, in their order, then those who come, in the order of coming.

    Attributes
    ----------
    resident_id, home : int64 [P], stable number; position of the household.
    born : int64 [P], year of birth.
    female : bool [P].
    first, last : int64 [P], years in which a person is there, both included; `STAYS` to the end.
    like : int64 [P], position of the base resident whose traits one brings along; -1 for the newborn.
    household_id, zone, municipality : int64 [H].
    like_home : int64 [H], position of the base household that one is like.
    places : int64 [H], members that a household has ever had.
    """

    seed: int
    resident_id: Ints
    home: Ints
    born: Ints
    female: Bools
    first: Ints
    last: Ints
    like: Ints
    household_id: Ints
    zone: Ints
    municipality: Ints
    like_home: Ints
    places: Ints

    def present(self, municipality: int, year: int) -> Ints:
        """Positions of those who live in a municipality after all that was written down so far, in a year."""
        there = (self.first <= year) & (self.last >= year)
        return np.flatnonzero(there & (self.municipality[self.home] == municipality))

    def luck(self, rows: Ints, year: int, draw: Draw) -> Floats:
        """A number of each person's own for a decision of a year, float64 [N]."""
        return luck_of(self.seed, self.resident_id[rows], year, draw)

    def home_luck(self, homes: Ints, year: int, draw: Draw) -> Floats:
        """A number of each household's own for a decision of a year."""
        return luck_of(self.seed, self.household_id[homes], year, draw)

    def removable(self, rows: Ints, year: int, draw: Draw) -> Bools:
        """Who may go, alone or with any of the others who may, so that no child stays without an adult: bool [N].

        ``rows`` are all who are present. Where children live, one adult at most may go, and only if another stays.
        """
        home, age = self.home[rows], year - self.born[rows]
        adult = age >= ADULT_AGE
        n = len(self.household_id)
        guards = np.bincount(home[adult], minlength=n)
        children = np.bincount(home[age < ALONE_AGE], minlength=n) > 0
        free = ~children[home]
        bound = np.flatnonzero(adult & ~free & (guards[home] >= 2))
        order = bound[np.lexsort((self.luck(rows[bound], year, draw), home[bound]))]
        last_of_home = np.append(home[order][1:] != home[order][:-1], True)[: len(order)]
        free[order[last_of_home]] = True
        return free

    def leave(self, rows: Ints, year: int) -> None:
        """Write down that persons are not there any more from a year on."""
        self.last[rows] = year - 1

    def bear(self, mothers: Ints, girls: Bools, year: int) -> None:
        """Write down a newborn for each of some women, one a household at most."""
        home = self.home[mothers]
        self._add(home, np.full(len(home), year), girls, np.full(len(home), -1), year)

    def settle(self, like_homes: Ints, year: int, base: Register) -> None:
        """Write down new households, each like one of the base with members of the ages that those had at first."""
        n_old = len(self.household_id)
        zone = base.zone[like_homes]
        self.household_id = np.append(self.household_id, self._new_household_ids(zone))
        self.zone = np.append(self.zone, zone)
        self.municipality = np.append(self.municipality, base.municipality[like_homes])
        self.like_home = np.append(self.like_home, like_homes)
        self.places = np.append(self.places, np.zeros(len(like_homes), np.int64))
        starts = np.searchsorted(base.home, like_homes, "left")
        sizes = np.searchsorted(base.home, like_homes, "right") - starts
        number = np.repeat(np.arange(len(like_homes)), sizes)
        like = np.repeat(starts - (np.cumsum(sizes) - sizes), sizes) + np.arange(int(sizes.sum()))
        born = base.born[like] + (year - base.first[like])
        for place in range(int(sizes.max(initial=0))):  # one member of each household at a time
            of = np.flatnonzero(like - starts[number] == place)
            self._add(n_old + number[of], born[of], base.female[like[of]], like[of], year)

    def _new_household_ids(self, zone: Ints) -> Ints:
        """Numbers that follow the last one of each zone; a zone's numbers begin with the zone's own."""
        known = np.bincount(self.zone, minlength=int(max(self.zone.max(initial=0), zone.max(initial=0))) + 1)
        order = np.argsort(zone, kind="stable")
        rank = np.empty(len(zone), np.int64)
        sorted_zone = zone[order]
        rank[order] = np.arange(len(zone)) - np.searchsorted(sorted_zone, sorted_zone, "left")
        return zone * IDS_PER_ZONE + known[zone] + rank

    def has_place(self, rows: Ints) -> Bools:
        """Whether there is a number left for a newborn in the household of each person."""
        room: Bools = self.places[self.home[rows]] < _PLACES
        return room

    def _add(self, home: Ints, born: Ints, female: Bools, like: Ints, year: int) -> None:
        """Add one member to each of some different households."""
        place = self.places[home]
        self.places[home] += 1
        n = len(home)
        for name, values in (
            ("resident_id", self.household_id[home] * _PLACES + place),
            ("home", home),
            ("born", born),
            ("female", female),
            ("first", np.full(n, year)),
            ("last", np.full(n, STAYS)),
            ("like", like),
        ):
            setattr(self, name, np.append(getattr(self, name), values.astype(getattr(self, name).dtype)))
