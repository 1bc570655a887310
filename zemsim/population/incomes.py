"""Net income of households: wages, pensions and benefits of the members, fitted to the region's mean and spread."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import pandas as pd

from zemsim.core.errors import ZemsimError
from zemsim.core.randomness import Stream
from zemsim.kernels.draws import normals
from zemsim.population.inputs import Floats, Ints, assumed
from zemsim.region.views import PeopledRegion

#: Weights of the equivalence scale (OECD, modified): the first person, each further one of 14 and over, each child.
FIRST_PERSON, FURTHER_PERSON, CHILD = 1.0, 0.5, 0.3
#: First age of the second weight, first age with a pension.
ADULT_AGE, PENSION_AGE = 14, 65
#: Income per member that the region must have, and how much richer the richest fifth is: facts of the base year.
MEAN_FACT = "income.zemgale.disposable_per_member.2024"
RATIO_FACT = "income.latvia.quintile_ratio"
#: First and largest variance of the factor of a household that the fit tries, and how near its log ratio must come.
_FIRST_VARIANCE, _LARGEST_VARIANCE, _NEAR, _STEPS = 0.125, 2.0, 5e-4, 40


def wage_spread(mean: float, median: float) -> float:
    """Standard deviation of log wages of a lognormal law: ``sqrt(2 ln(mean / median))``."""
    return math.sqrt(2.0 * math.log(mean / median))


def equivalent_persons(age: Ints, household_idx: Ints, households: int) -> Floats:
    """Persons of each household on the OECD-modified scale (1, then 0.5 each, 0.3 below 14): float64 [H]."""
    size = np.bincount(household_idx, minlength=households)
    children = np.bincount(household_idx[age < ADULT_AGE], minlength=households)
    adults = size - children
    # a household of children alone counts its first child as the first person
    first = np.where(adults > 0, FURTHER_PERSON, CHILD)
    persons: Floats = FIRST_PERSON - first + FURTHER_PERSON * adults + CHILD * children
    return persons


def fifth_ratio(income: Floats, persons: Floats, size: Ints) -> float:
    """Equivalised income of the richest fifth of residents over that of the poorest (S80/S20).

    Parameters
    ----------
    income
        float64 [H], of households.
    persons
        float64 [H], equivalent persons.
    size
        int64 [H], members; a household on the border of a fifth counts in part.
    """
    equal = income / persons
    order = np.argsort(equal, kind="stable")
    equal, people = equal[order], size[order].astype(np.float64)
    upto = np.cumsum(people)
    fifth = upto[-1] / 5.0
    poor = np.clip(fifth - (upto - people), 0.0, people)
    rich = np.clip(upto - 4.0 * fifth, 0.0, people)
    return float((equal * rich).sum() / (equal * poor).sum())


def work_and_transfers(region: PeopledRegion, residents: pd.DataFrame, seed: int) -> tuple[Floats, Floats]:
    """Income from work before its level is fitted, and pensions and benefits: float64 [P] each.

    Income from work is lognormal with mean one and the spread of net wages (mean and median of 2024); pensions are
    lognormal by address; benefits are the same for all who have them.
    """
    spread = wage_spread(region.fact("income.latvia.net_wage_mean"), region.fact("income.latvia.net_wage_median"))
    ids, age = residents["resident_id"].to_numpy(), residents["age"].to_numpy()
    works = residents["employed"].to_numpy()
    work, transfers = np.zeros(age.size), np.zeros(age.size)
    work[works] = np.exp(spread * normals(seed, Stream.INCOME, ids[works]) - 0.5 * spread**2)
    old = age >= PENSION_AGE
    spread = assumed(region, "pension_log_sd")
    pension = np.exp(spread * normals(seed, Stream.INCOME, ids[old], 1) - 0.5 * spread**2)
    transfers[old] = assumed(region, "pension_eur_month") * pension
    transfers[age < 15] = assumed(region, "child_benefit_eur_month")
    transfers[(age >= 15) & ~old & ~works] = assumed(region, "other_income_eur_month")
    return work, transfers


def household_incomes(
    region: PeopledRegion, residents: pd.DataFrame, household_id: Ints, size: Ints, seed: int
) -> tuple[Floats, Floats]:
    """Net income of each household, EUR per month (float64 [H]), and of its members over the mean (float64 [P]).

    ``(level x work + transfers) x factor``: the factor of a household is lognormal with mean one. The level of income
    from work meets the income per member of the region, the spread of the factor the ratio of the richest to the
    poorest fifth. Where the parts alone spread more than that, the factor is one. The second result is equivalised
    income over its mean over residents.
    """
    owner = residents["household_idx"].to_numpy()
    work, transfers = (
        np.bincount(owner, weights=part, minlength=size.size) for part in work_and_transfers(region, residents, seed)
    )
    noise = normals(seed, Stream.INCOME, household_id, 2)
    total = region.fact(MEAN_FACT) * float(size.sum())
    persons = equivalent_persons(residents["age"].to_numpy(), owner, size.size)

    def incomes(spread: float) -> Floats:
        factor = np.exp(spread * noise - 0.5 * spread**2)
        level = (total - float((transfers * factor).sum())) / float((work * factor).sum())
        if level <= 0.0:
            raise ZemsimError("pensions and benefits alone are more than the income of the region")
        found: Floats = np.asarray((level * work + transfers) * factor, dtype=np.float64)
        return found

    wanted = region.fact(RATIO_FACT)

    def too_wide(variance: float) -> float:
        return math.log(fifth_ratio(incomes(math.sqrt(variance)), persons, size) / wanted)

    income = incomes(math.sqrt(root(too_wide, _FIRST_VARIANCE, _LARGEST_VARIANCE, _NEAR)))
    equal = (income / persons)[owner]
    ratio = np.asarray(equal / float(equal.mean()), dtype=np.float64)
    return income, ratio


def root(function: Callable[[float], float], first: float, most: float, near: float) -> float:
    """Where a rising function comes within ``near`` of zero, between 0 and ``most``.

    0 if it is above zero there already. The upper end starts at ``first`` and doubles until the function is above
    zero; then regula falsi (Illinois) closes in.
    """
    a, b = 0.0, first
    low_value = function(a)
    if low_value >= 0.0:
        return a
    high_value = function(b)
    while high_value < 0.0:
        if b >= most:
            raise ZemsimError("no spread of household incomes is as wide as the ratio of the fifths")
        a, low_value, b = b, high_value, min(2.0 * b, most)
        high_value = function(b)
    side = 0
    for _ in range(_STEPS):
        middle = (a * high_value - b * low_value) / (high_value - low_value)
        value = function(middle)
        if abs(value) <= near:
            return middle
        if value < 0.0:
            a, low_value = middle, value
            high_value *= 0.5 if side < 0 else 1.0
            side = -1
        else:
            b, high_value = middle, value
            low_value *= 0.5 if side > 0 else 1.0
            side = 1
    raise ZemsimError("the spread of household incomes was not found")
