"""What a tonne of CO2 costs, and when such a figure has no sense: money that comes in, CO2 that rises or is unclear.

A quotient with a negative cost does not rank policies: fewer tonnes would make it look better. So such policies are
said to earn and have no cost per tonne.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final

from zemsim.core import numbers
from zemsim.report.results import BASELINE, TOTAL_CO2, Policy, Results
from zemsim.report.words import Words, indicator

KEY: Final = "eur_per_tonne"
COST: Final = "public_cost_eur"


@dataclass(frozen=True)
class Tonne:
    """The cost of a tonne under a policy.

    Attributes
    ----------
    state : str
        ``priced``; else why there is no figure: ``earns``, ``cost_unclear``, ``co2_rises``, ``co2_unclear``,
        ``unknown``.
    value, low, high : float
        EUR per tonne and its interval over seeds; NaN if unknown.
    grade : str
        The weakest grade of what the policy's measures cost; empty if they state none.
    """

    state: str
    value: float = math.nan
    low: float = math.nan
    high: float = math.nan
    grade: str = ""

    @property
    def without_chance(self) -> bool:
        """Tell whether every seed gives the same."""
        return math.isfinite(self.low) and math.isclose(self.low, self.high, rel_tol=1e-9)


def tonne(results: Results, policy: Policy) -> Tonne:
    """Return the cost of a tonne under a policy."""
    if policy.id == BASELINE:
        return Tonne("unknown")
    each, cost, gas = (results.effect(policy.id, key) for key in (KEY, COST, TOTAL_CO2))
    if not math.isfinite(each.value):
        if gas.direction > 0:
            return Tonne("co2_rises")
        return Tonne("co2_unclear" if gas.has_interval else "unknown")
    if len(results.seeds) > 1 and not cost.clear and cost.diff != 0:
        return Tonne("cost_unclear")
    if cost.diff <= 0:
        return Tonne("earns")
    return Tonne("priced", each.value, each.low, each.high, policy.cost_grade)


def spread(of: Tonne, words: Words) -> str:
    """Write the interval over seeds, or that there is no chance in it."""
    if of.without_chance:
        return words("tonne_same")
    text = numbers.interval(of.low, of.high, indicator(KEY).decimals, words.language).replace("+", "")
    return numbers.with_unit(text, indicator(KEY).unit[words.language], words.language) or words("no_interval")


def grade(of: Tonne, words: Words) -> str:
    """Write what the cost rests on."""
    return words(f"tonne_cost_{of.grade}") if of.grade else words("tonne_cost_unknown")


def tonne_findings(results: Results, words: Words) -> list[str]:
    """Say who has the lowest cost per tonne, with interval and grade, and who earns instead."""
    found = [(tonne(results, policy), policy) for policy in results.measures_of_interest]
    priced = [(one, policy) for one, policy in found if one.state == "priced"]
    sentences = []
    if priced:
        best, policy = min(priced, key=lambda pair: (pair[0].value, pair[1].number))
        value = indicator(KEY).value(best.value, words.language, unit=True)
        texts = {"value": value, "interval": spread(best, words), "grade": grade(best, words)}
        sentences.append(words("finding_cheapest", policy=policy.name(words.language), **texts))
    earning = [policy.name(words.language) for one, policy in found if one.state == "earns"]
    if earning:
        quoted = [words("quoted_name", name=name) for name in earning]
        sentences.append(words("finding_earns", names=numbers.joined(quoted, words.language)))
    return sentences
