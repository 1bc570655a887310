"""Key findings: sentences made from the numbers, with intervals; an interval that holds zero is “no clear effect”."""

from __future__ import annotations

from typing import Final

from zemsim.core import numbers
from zemsim.report.results import BASELINE, Effect, Policy, Results
from zemsim.report.tonnes import tonne_findings
from zemsim.report.words import Words, indicator

#: (indicator, wanted direction) in the order of the sentences.
QUESTIONS: Final = (
    ("co2_wtw_kg_year", -1),
    ("car_km_year", -1),
    ("ev_share", 1),
    ("bus_trips_year", 1),
)
MIN_FINDINGS_SEEDS: Final = 2
#: A policy with more measures is a package, and no answer to which measure does most.
_MOST_MEASURES: Final = 3


def findings(results: Results, words: Words) -> list[str]:
    """Return the sentences in order; plain text, not yet escaped.

    Parameters
    ----------
    results : Results
    words : Words
        Of one language.
    """
    sentences = [*_baseline(results, words)]
    measured = results.measures_of_interest
    if not measured:
        return sentences + _checks(results, words)
    if len(results.seeds) < MIN_FINDINGS_SEEDS:
        return [*sentences, words("finding_one_seed"), *_checks(results, words)]
    for key, direction in QUESTIONS:
        if results.keys([key]):
            sentences.append(_strongest(results, words, key, direction))
    sentences += tonne_findings(results, words) + _rebound(results, words) + _unclear(results, words)
    return sentences + _checks(results, words)


def _baseline(results: Results, words: Words) -> list[str]:
    keys = ("car_km_year", "co2_wtw_kg_year", "ev_share")
    base = next((policy for policy in results.policies if policy.id == BASELINE), None)
    if base is None or len(results.keys(keys)) < len(keys):
        return []
    texts = [indicator(key).value(results.effect(base.id, key).value, words.language, unit=True) for key in keys]
    name = base.name(words.language)
    return [
        words("finding_baseline", policy=name, year=results.year, car_km=texts[0], co2=texts[1], ev_share=texts[2]),
    ]


def _strongest(results: Results, words: Words, key: str, direction: int) -> str:
    clear = [
        (results.effect(policy.id, key), policy)
        for policy in _single(results.measures_of_interest)
        if results.effect(policy.id, key).direction == direction
    ]
    if not clear:
        return words(f"finding_none_{key}")
    effect, policy = max(clear, key=lambda pair: pair[0].diff * direction)
    verb = "rise" if direction > 0 else "fall"
    shown = indicator(key)
    return words(
        f"finding_{verb}_{key}",
        policy=policy.name(words.language),
        change=shown.change(effect.diff, words.language, unit=True),
        relative=relative(effect, words.language),
        interval=interval_text(effect, key, words.language),
    )


def _single(policies: list[Policy]) -> list[Policy]:
    """Policies but for packages: that everything together does most says little."""
    few = [policy for policy in policies if len(policy.measures) <= _MOST_MEASURES]
    return few or policies


def relative(effect: Effect, language: str) -> str:
    """Write a difference in per cent of the baseline; an en dash where the baseline is zero or unknown."""
    base = effect.value - effect.diff
    if not (numbers.is_known(base) and base != 0):
        return numbers.UNKNOWN
    return numbers.with_unit(numbers.signed(100 * effect.diff / base, 1, language), "%", language)


def interval_text(effect: Effect, key: str, language: str) -> str:
    """Write the interval of a difference with its unit."""
    shown = indicator(key)
    text = numbers.interval(effect.low * shown.factor, effect.high * shown.factor, shown.decimals, language)
    return numbers.with_unit(text, shown.diff_unit[language], language) if text else numbers.UNKNOWN


def _names(policies: list[Policy], words: Words) -> str:
    quoted = [words("quoted_name", name=policy.name(words.language)) for policy in policies]
    return numbers.joined(quoted, words.language)


def _rebound(results: Results, words: Words) -> list[str]:
    up = [p for p in results.measures_of_interest if results.effect(p.id, "co2_wtw_kg_year").direction > 0]
    return [words("finding_rebound", names=_names(up, words))] if up else []


def _unclear(results: Results, words: Words) -> list[str]:
    key = "co2_wtw_kg_year"
    effects = [(policy, results.effect(policy.id, key)) for policy in results.measures_of_interest]
    unclear = [policy for policy, effect in effects if effect.has_interval and not effect.clear]
    return [words("finding_unclear", names=_names(unclear, words))] if unclear else []


def _checks(results: Results, words: Words) -> list[str]:
    failed = sum(not verdict.get("passed") for verdict in results.verdicts)
    if not failed:
        return []
    total = len(results.verdicts)
    return [words("finding_checks_failed", failed=failed, total=total, heading=words("verdicts_heading"))]
