"""Residents of the households: age, sex, education, employment, licence, bicycles."""

from __future__ import annotations

import numpy as np
import pandas as pd

from zemsim.core.randomness import Stream
from zemsim.kernels.draws import normals, uniforms
from zemsim.population.fitting import logistic, logit, shift_logit, take_top
from zemsim.population.households import BANDS, LETTERS, TYPES, HouseholdFrame
from zemsim.population.inputs import (
    Bools,
    Floats,
    Ints,
    anchor_of,
    assumed,
    band_limits,
    by_band,
    share,
)
from zemsim.region.views import PeopledRegion

EMPLOYMENT_BANDS = band_limits("15_19", "20_24", "25_34", "35_44", "45_54", "55_64", "65_74", "75_99")
LICENCE_BANDS = band_limits("18_24", "25_44", "45_64", "65_74", "75_99")
BIKE_BANDS = band_limits("07_14", "15_64", "65_74", "75_99")
FEMALE_BANDS = ("00_14", "15_24", "25_44", "45_64", "65_99")
#: Spread of the ages inside a household against that between households of the same band.
_OWN_AGE_SPREAD = 0.5
#: First and last age of compulsory and secondary education.
SCHOOL_AGES = (7, 18)


def members_of(frame: HouseholdFrame, household_id: Ints) -> pd.DataFrame:
    """One row per resident: ``resident_id, household_idx, place`` (position in the household), ``band``, sorted."""
    sizes = frame.size_pers
    household_idx = np.repeat(np.arange(sizes.size), sizes)
    place = np.arange(household_idx.size) - np.repeat(np.cumsum(sizes) - sizes, sizes)
    table = np.full((len(TYPES), max(map(len, TYPES))), -1, dtype=np.int64)
    for row, name in enumerate(TYPES):
        table[row, : len(name)] = [LETTERS.index(letter) for letter in name]
    return pd.DataFrame(
        {
            "resident_id": household_id[household_idx] * 10 + place,
            "household_idx": household_idx,
            "place": place,
            "band": table[frame.type_idx[household_idx], place],
        }
    )


def ages(members: pd.DataFrame, municipality: Ints, household_id: Ints, counts: Ints, seed: int) -> Ints:
    """Age of each resident: exactly ``counts`` int64 [M, 100] per municipality, members of a household alike.

    Inside a band the residents are ordered by a number of their household plus a smaller one of their own, so that
    couples are of similar age and younger parents have younger children.
    """
    common = normals(seed, Stream.SYNTHESIS, household_id, 0)[members["household_idx"].to_numpy()]
    own = normals(seed, Stream.SYNTHESIS, members["resident_id"].to_numpy(), 1)
    group = municipality * len(BANDS) + members["band"].to_numpy()
    order = np.lexsort((common + _OWN_AGE_SPREAD * own, group))
    by_group = [
        np.repeat(np.arange(first, last + 1), counts[row, first : last + 1])
        for row in range(counts.shape[0])
        for first, last in BANDS.values()
    ]
    age = np.empty(order.size, dtype=np.int64)
    age[order] = np.concatenate(by_group)
    return age


def sexes(
    region: PeopledRegion, members: pd.DataFrame, type_idx: Ints, municipality: Ints, names: list[str], seed: int
) -> Bools:
    """Which residents are women: the share of each municipality is met, couples are a woman and a man."""
    band = members["band"].to_numpy()
    group = municipality * len(BANDS) + band
    in_group = np.bincount(group, minlength=len(names) * len(BANDS)).reshape(-1, len(BANDS))
    quota = np.stack([_women(region, name, row) for name, row in zip(names, in_group, strict=True)])
    names_of = np.array([name[:2] for name in TYPES])
    couple_type = np.array([len(n) > 1 and (n[0] == n[1] or n == "MS") for n in names_of])
    lone_type = np.array([name[0] in "YAM" and set(name[1:]) == {"C"} for name in TYPES])
    kind, place = type_idx[members["household_idx"].to_numpy()], members["place"].to_numpy()
    couple = couple_type[kind] & (place < 2)
    female: Bools = couple & (place == 0)
    left = quota.ravel() - np.bincount(group[female], minlength=quota.size)
    free = ~couple
    left = np.clip(left, 0, np.bincount(group[free], minlength=quota.size))
    score = logistic(uniforms(seed, Stream.SYNTHESIS, members["resident_id"].to_numpy(), 2))
    score += assumed(region, "lone_parent_woman_logit") * (lone_type[kind] & (place == 0))
    female[free] = take_top(score[free], group[free], left)
    return female


def _women(region: PeopledRegion, municipality: str, persons: Ints) -> Ints:
    anchor = anchor_of(region, municipality)
    if anchor is not None:
        women, men = (region.fact(f"population.{anchor.facts}.population_{sex}") for sex in ("female", "male"))
        target = women / (women + men)
    else:
        target = assumed(region, "female_share")
    shape = np.array([assumed(region, f"female_share.{name}") for name in FEMALE_BANDS])
    return np.rint(shift_logit(shape, persons.astype(np.float64), target) * persons).astype(np.int64)


def students(region: PeopledRegion, age: Ints, resident_id: Ints, seed: int) -> Bools:
    """Everyone of school age, and a share of those aged 19 to 24."""
    older = (age >= 19) & (age <= 24)
    chance = uniforms(seed, Stream.SCHOOL, resident_id, 0)
    return ((age >= SCHOOL_AGES[0]) & (age <= SCHOOL_AGES[1])) | (
        older & (chance < assumed(region, "student_share_19_24"))
    )


def employed(region: PeopledRegion, age: Ints, student: Bools, resident_id: Ints, seed: int) -> Bools:
    """Employment by age and study; exactly the reported share of those aged 15 and over."""
    adult = age >= 15
    target = round(share(region, "labour.zemgale.employment_rate_15plus") * int(adult.sum()))
    rate = np.where(adult, by_band(region, "employment_rate", EMPLOYMENT_BANDS, age.astype(np.int16)), 0.5)
    score = logit(rate) + assumed(region, "student_employment_logit") * student
    score += logistic(uniforms(seed, Stream.SYNTHESIS, resident_id, 3))
    score[~adult] = -np.inf
    return take_top(score, np.zeros(age.size, dtype=np.int64), [target])


def licences(region: PeopledRegion, age: Ints, female: Bools, works: Bools, resident_id: Ints, seed: int) -> Bools:
    """Licence holders: the assumed share of each sex and age band, the employed more often."""
    score = logistic(uniforms(seed, Stream.LICENCE, resident_id)) + assumed(region, "licence_employed_logit") * works
    holder = np.zeros(age.size, dtype=np.bool_)
    for sex, of_sex in (("male", ~female), ("female", female)):
        for band, (first, last) in LICENCE_BANDS.items():
            rows = np.flatnonzero(of_sex & (age >= first) & (age <= last))
            quota = round(assumed(region, f"licence_share.{sex}.{band}") * rows.size)
            holder[rows] = take_top(score[rows], np.zeros(rows.size, dtype=np.int64), [quota])
    return holder


def bicycles(region: PeopledRegion, age: Ints, resident_id: Ints, seed: int) -> tuple[Bools, Bools]:
    """Who has a bicycle, who an e-bike: bool [P] each."""
    chance = np.nan_to_num(by_band(region, "bike_share", BIKE_BANDS, age.astype(np.int16)), nan=0.0)
    bike = uniforms(seed, Stream.BIKE, resident_id, 0) < chance
    electric: Floats = uniforms(seed, Stream.BIKE, resident_id, 1)
    return bike, (electric < assumed(region, "ebike_share")) & (age >= 15) & (age <= 74)
