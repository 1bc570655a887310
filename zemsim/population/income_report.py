"""Household incomes against the income survey: level, spread, fifths, and who is at risk of poverty."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from zemsim.population.incomes import (
    MEAN_FACT,
    PENSION_AGE,
    RATIO_FACT,
    equivalent_persons,
    fifth_ratio,
    work_and_transfers,
)
from zemsim.population.inputs import Bools, Floats, Ints, share
from zemsim.population.tables import Population
from zemsim.region.views import PeopledRegion

Row = tuple[str, float, float, str]
_LATVIA = "income.latvia."


def income_rows(population: Population, region: PeopledRegion) -> Iterator[Row]:
    """Rows of the margins report: margin, target, value, source.

    National figures of fifths and types of household stand scaled by the income per member of the region over that of
    the country; shares at risk of poverty are of 2023, below the threshold of that year moved with the mean income.
    """
    households, residents = population.households, population.residents
    income = households["income_eur_month"].to_numpy(np.float64)
    size = households["size_pers"].to_numpy(np.int64)
    owner, age = residents["household_idx"].to_numpy(), residents["age"].to_numpy()
    persons = equivalent_persons(age, owner, size.size)
    equal = (income / persons)[owner]
    national = region.fact(_LATVIA + "disposable_per_member.2024")
    scale = region.fact(MEAN_FACT) / national
    yield "income per member, EUR a month", region.fact(MEAN_FACT), float(income.sum() / size.sum()), MEAN_FACT
    yield (
        "income of the richest over the poorest fifth",
        region.fact(RATIO_FACT),
        fifth_ratio(income, persons, size),
        (RATIO_FACT),
    )
    yield "Gini coefficient of income", share(region, _LATVIA + "gini"), _gini(equal), _LATVIA + "gini"
    fifth = fifths(equal)
    per_member = (income / size)[owner]
    for number in (1, 2, 4, 5):
        fact = f"{_LATVIA}fifth_{number}_per_member"
        value = float(per_member[fifth == number].mean())
        yield f"income per member, fifth {number}", region.fact(fact) * scale, value, fact + " scaled"
    yield from _types(population, region, income, size, scale)
    yield _work(population, region, income)
    threshold = region.fact("poverty.latvia.threshold_one_person.2023") * national
    threshold /= region.fact(_LATVIA + "disposable_per_member.2023")
    yield from _poverty(residents["employed"].to_numpy(), age, size[owner], equal < threshold, region)


def fifths(income: Floats) -> Ints:
    """Fifth of each resident by income, 1 the lowest, ties to the first: int64 [P]."""
    found = np.empty(income.size, dtype=np.int64)
    found[np.argsort(income, kind="stable")] = np.arange(income.size) * 5 // income.size + 1
    return found


def _gini(income: Floats) -> float:
    ranked = np.sort(income)
    below = np.cumsum(ranked) - 0.5 * ranked
    return float(1.0 - 2.0 * below.sum() / (ranked.sum() * ranked.size))


def _types(population: Population, region: PeopledRegion, income: Floats, size: Ints, scale: float) -> Iterator[Row]:
    residents = population.residents
    owner = residents["household_idx"].to_numpy()
    workers = np.bincount(owner[residents["employed"]], minlength=size.size)
    old = np.bincount(owner[residents["age"] >= PENSION_AGE], minlength=size.size)
    kinds = {"pension_households": (workers == 0) & (old > 0), "alone_under_65": (size == 1) & (old == 0)}
    for name, kind in kinds.items():
        fact = f"{_LATVIA}{name}_per_member"
        value = float(income[kind].sum() / size[kind].sum())
        yield f"income per member, {name.replace('_', ' ')}", region.fact(fact) * scale, value, fact + " scaled"


def _work(population: Population, region: PeopledRegion, income: Floats) -> Row:
    """Income from work of an employed resident; that of those whom the register does not count is in it."""
    residents = population.residents
    _, transfers = work_and_transfers(region, residents, population.seed)
    value = (float(income.sum()) - float(transfers.sum())) / float(residents["employed"].sum())
    fact = _LATVIA + "net_wage_mean"
    return "income from work per worker, EUR a month (net wage)", region.fact(fact), value, fact


def _poverty(works: Bools, age: Ints, size: Ints, poor: Bools, region: PeopledRegion) -> Iterator[Row]:
    kinds = {
        "zemgale.at_risk_all": np.ones(age.size, dtype=np.bool_),
        "latvia.at_risk_65plus": age >= PENSION_AGE,
        "latvia.at_risk_65plus_alone": (age >= PENSION_AGE) & (size == 1),
        "latvia.at_risk_employed_18_64": works & (age >= 18) & (age < 65),
        "latvia.at_risk_55_64": (age >= 55) & (age < 65),
    }
    for name, kind in kinds.items():
        fact = f"poverty.{name}.2023"
        label = name.partition("at_risk_")[2].replace("_", " ")
        yield f"at risk of poverty, {label}", share(region, fact), float(poor[kind].mean()), fact
