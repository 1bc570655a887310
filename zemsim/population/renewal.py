"""How the register follows the forecast: year by year and municipality by municipality, deaths, births, and moves.

Of each group exactly as many die, are born, come and go as the forecast says, as far as no child is left alone.
Families with children move as a whole, all others one by one or as a household without children. Who it is, is luck of
the synthesis: the same for every seed, policy, number of threads and order of rows.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from zemsim.population.forecast import BROAD_GROUPS, OLDEST, PARENTS, Forecast, broad_group
from zemsim.population.inputs import Bools, Floats, Ints
from zemsim.population.register import ADULT_AGE, ALONE_AGE, Draw, Register

_N_GROUPS = len(BROAD_GROUPS)
#: Room for one child with any adults.
_ANY_ADULTS = np.array([1, 1000, 1000], np.int64)


@dataclass(frozen=True)
class Chances:
    """By year of age, float64 [100]: chance to die, and how often people move; share of girls among the newborn."""

    die: Floats
    move: Floats
    girls_share: float


def renew(base: Register, register: Register, wanted: Forecast, chances: Chances) -> Ints:
    """Write the years of a forecast into a register that holds the base so far.

    Parameters
    ----------
    base
        The residents of the first year, which is not changed: new households are like some of theirs.
    register
        The same residents; those who come are added, those who go get a last year.
    wanted, chances
        What is to be met, and who it is likely to be.

    Returns
    -------
    int64 [Y, M, 3], residents at the end of each year less those that were wanted; 0 where all could be met.
    """
    off = np.zeros((len(wanted.years), len(wanted.municipalities), _N_GROUPS), np.int64)
    candidates = [_Candidates.of(base, place) for place in range(len(wanted.municipalities))]
    for number, year in enumerate(wanted.years.tolist()):
        for place in range(len(wanted.municipalities)):
            _let_die(register, place, year, int(wanted.deaths[number, place]), chances)
            _let_bear(register, place, year, int(wanted.births[number, place]), chances)
            target = wanted.residents[number, place]
            _move_families(register, base, candidates[place], place, year, target)
            _move_others(register, base, candidates[place], place, year, target, chances)
            off[number, place] = -_lack(register, place, year, target)
    return off


@dataclass(frozen=True)
class _Candidates:
    """Base households of a municipality whose like may come: position int64 [K], members by group int64 [K, 3]."""

    home: Ints
    members: Ints

    @classmethod
    def of(cls, base: Register, place: int) -> _Candidates:
        age, n = base.first - base.born, len(base.household_id)
        adults = np.bincount(base.home[age >= ADULT_AGE], minlength=n) > 0
        children = np.bincount(base.home[age < ALONE_AGE], minlength=n) > 0
        homes = np.flatnonzero((base.municipality == place) & (adults | ~children))
        return cls(homes, _members(base, np.arange(len(base.home)), base.first)[homes])


def _members(register: Register, rows: Ints, year: Ints | int) -> Ints:
    """Members of each household by broad group among ``rows``, int64 [H, 3]."""
    age = (year - register.born)[rows]
    cell = register.home[rows] * _N_GROUPS + broad_group(age)
    return np.bincount(cell, minlength=len(register.household_id) * _N_GROUPS).reshape(-1, _N_GROUPS)


def _lack(register: Register, place: int, year: int, target: Ints) -> Ints:
    """How many of each group are wanted beyond those present, int64 [3]."""
    rows = register.present(place, year)
    return target - np.bincount(broad_group(year - register.born[rows]), minlength=_N_GROUPS)


def _likeliest(weight: Floats, luck: Floats, count: int) -> Ints:
    """Positions of ``count`` drawn without return with chances like ``weight`` (Efraimidis and Spirakis 2006)."""
    able = np.flatnonzero(weight > 0.0)
    order = np.argsort(-np.log(luck[able]) / weight[able], kind="stable")
    return able[order[:count]]


def _let_die(register: Register, place: int, year: int, count: int, chances: Chances) -> None:
    rows = register.present(place, year)
    able = register.removable(rows, year, Draw.GUARD_AT_DEATH)
    weight = chances.die[np.clip(year - 1 - register.born[rows], 0, OLDEST)] * able
    register.leave(rows[_likeliest(weight, register.luck(rows, year, Draw.DEATH), count)], year)


def _let_bear(register: Register, place: int, year: int, count: int, chances: Chances) -> None:
    rows = register.present(place, year)
    age = year - register.born[rows]
    able = register.female[rows] & (age >= PARENTS[0]) & (age <= PARENTS[1]) & register.has_place(rows)
    luck = register.luck(rows, year, Draw.BIRTH)
    chosen = _one_a_home(register, rows, able, luck, count)
    register.bear(chosen, register.luck(chosen, year, Draw.SEX) < chances.girls_share, year)


def _one_a_home(register: Register, rows: Ints, able: Bools, luck: Floats, count: int) -> Ints:
    order = rows[able][np.argsort(luck[able], kind="stable")]
    _, first = np.unique(register.home[order], return_index=True)
    return order[np.sort(first)][:count]


def _move_families(
    register: Register, base: Register, candidates: _Candidates, place: int, year: int, target: Ints
) -> None:
    """Households with children come or leave as a whole until there are as many children as wanted."""
    children = int(_lack(register, place, year, target)[0])
    if children > 0:
        able = candidates.members[:, 0] > 0
        homes, members = candidates.home[able], candidates.members[able]
        order = np.argsort(base.home_luck(homes, year, Draw.FAMILY_COMES), kind="stable")
        taken = _that_fit(members[order], children * _ANY_ADULTS)
        register.settle(homes[order[taken]], year, base)
    elif children < 0:
        rows = register.present(place, year)
        members = _members(register, rows, year)
        homes = np.flatnonzero(members[:, 0] > 0)
        order = np.argsort(register.home_luck(homes, year, Draw.FAMILY_LEAVES), kind="stable")
        taken = _that_fit(members[homes[order]], -children * _ANY_ADULTS)
        register.leave(rows[np.isin(register.home[rows], homes[order[taken]])], year)


def _move_others(
    register: Register, base: Register, candidates: _Candidates, place: int, year: int, target: Ints, chances: Chances
) -> None:
    """Adults go one by one, and households without children come, until the other groups are as wanted."""
    lack = _lack(register, place, year, target)
    rows = register.present(place, year)
    able = register.removable(rows, year, Draw.GUARD_AT_MOVE)
    age = year - register.born[rows]
    weight = chances.move[np.clip(age, 0, OLDEST)] * (able & (age >= ADULT_AGE))
    luck, group = register.luck(rows, year, Draw.MOVE), broad_group(age)
    for kind in range(1, _N_GROUPS):
        if lack[kind] < 0:
            register.leave(rows[_likeliest(weight * (group == kind), luck, -int(lack[kind]))], year)
    room = np.maximum(lack, 0)
    room[0] = 0
    if room.any():
        able_homes = (candidates.members[:, 0] == 0) & (candidates.members <= room).all(axis=1)
        homes, members = candidates.home[able_homes], candidates.members[able_homes]
        order = np.argsort(base.home_luck(homes, year, Draw.COME), kind="stable")
        register.settle(homes[order[_that_fit(members[order], room)]], year, base)


def _that_fit(members: Ints, room: Ints) -> Ints:
    """Positions of households, first come first served, whose members by group [K, 3] fit into the room left [3]."""
    left, taken = room.tolist(), []
    for position, (children, middle, old) in enumerate(members.tolist()):
        if children <= left[0] and middle <= left[1] and old <= left[2]:
            left = [left[0] - children, left[1] - middle, left[2] - old]
            taken.append(position)
            if left == [0, 0, 0]:
                break
    return np.array(taken, np.int64)
