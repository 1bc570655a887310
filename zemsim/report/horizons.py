"""What a policy does at once, and what only with cars bought, workplaces changed and points built: two horizons.

Every figure is a paired difference to the baseline over the seeds of which the short run was asked, so that the rows of
a policy are of the same luck and differ by horizon only.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from zemsim.core import numbers
from zemsim.report.results import ALL, BASELINE, REGION, Effect, Policy, Results, interval_over_seeds
from zemsim.report.words import Words, indicator

if TYPE_CHECKING:
    import pandas as pd

_CO2: Final = "co2_wtw_kg_year"
#: An effect is quick if so much of it is there at once; the words say half.
_HALF: Final = 0.5


@dataclass(frozen=True)
class Column:
    """A figure of the table: one indicator, or the share of trips by some modes.

    Attributes
    ----------
    title : str
        Key of its words; that of the indicator where there is one.
    parts : tuple of (str, str)
        Indicators and groups of the whole region that add up to it.
    """

    title: str
    parts: tuple[tuple[str, str], ...]


def _share(title: str, *modes: str) -> Column:
    return Column(title, tuple(("mode_share", mode) for mode in modes))


#: Columns of the table, in order.
COLUMNS: Final = (
    *(Column(key, ((key, ALL),)) for key in ("car_km_year", _CO2, "bus_trips_year", "train_trips_year")),
    _share("share_driven", "car", "ev"),
    _share("share_transit", "bus", "train"),
    _share("share_active", "walk", "bike", "ebike"),
)
#: Decimals of points of shares: changes at once are small.
_DECIMALS: Final = 2


@dataclass(frozen=True)
class Told:
    """What is told of a policy: the year of its short run, the last simulated one, and effects by horizon and column.

    ``effects`` has the short run first, the long run of the same year next, and that of the last year if it is another.
    """

    policy: Policy
    year: int
    last: int
    effects: tuple[tuple[Effect, ...], ...]


def section(results: Results, short: pd.DataFrame | None, words: Words) -> dict[str, Any] | None:
    """Return what the page shows of the two horizons; None where the run does not tell them apart.

    Parameters
    ----------
    results : Results
    short : DataFrame or None
        Rows of the table ``short_run``.
    words : Words
        Of one language.
    """
    if short is None or short.empty:
        return None
    told = horizons(results, short)
    seeds = sorted({int(seed) for seed in short["seed"]})
    listed = numbers.joined([str(seed) for seed in seeds], words.language)
    untold = [p for p in results.measures_of_interest if p.id not in {one.policy.id for one in told}]
    whole = len(seeds) == len(results.seeds)
    notes = [words("horizons_all_seeds" if whole else "horizons_seeds", seeds=listed, total=len(results.seeds))]
    notes.append(words("horizons_interval" if len(seeds) > 1 else "horizons_one_seed"))
    if untold:
        notes.append(words("horizons_untold", names=_names(untold, words)))
    return {
        "findings": _findings(results, told, words),
        "caption": words("horizons_caption", baseline=_baseline(results, words)),
        "heads": [_head(column, words) for column in COLUMNS],
        "policies": [_rows(one, words) for one in told],
        "note": " ".join(notes),
    }


def horizons(results: Results, short: pd.DataFrame) -> list[Told]:
    """Return the effects of each policy with a short run, in the order of the experiment."""
    at_once, long = _values(short), _values(results.indicators)
    last, found = results.year, []
    for policy in results.measures_of_interest:
        years = {int(year) for year in short.loc[short["policy"] == policy.id, "year"]}
        if not years or last is None:
            continue
        (year,) = years
        seeds = sorted({int(seed) for seed in short.loc[short["policy"] == policy.id, "seed"]})
        rows = [(at_once, year), (long, year), *([(long, last)] if last != year else [])]
        effects = tuple(
            tuple(_effect(of, long, policy.id, when, seeds, column, bool(results.drawn)) for column in COLUMNS)
            for of, when in rows
        )
        found.append(Told(policy, year, last, effects))
    return found


_Values = Mapping[tuple[str, int, int, str, str], float]


def _values(table: pd.DataFrame) -> _Values:
    """Regional figures by policy, seed, year, indicator and group."""
    names = {name for column in COLUMNS for name, _ in column.parts}
    rows = table[table["indicator"].isin(names) & (table["place"] == REGION)]
    keys = zip(*(rows[key] for key in ("policy", "seed", "year", "indicator", "group")), strict=True)
    return dict(zip(keys, rows["value"].astype(float), strict=True))


def _effect(
    of: _Values, base: _Values, policy: str, year: int, seeds: Sequence[int], column: Column, of_one: bool
) -> Effect:
    """Return the paired difference to the baseline's figure of the year, which has one horizon only."""
    mine, other = (
        [sum(values.get((name, seed, year, *part), math.nan) for part in column.parts) for seed in seeds]
        for values, name in ((of, policy), (base, BASELINE))
    )
    differences = [a - b for a, b in zip(mine, other, strict=True)]
    return Effect(_mean(mine), _mean(differences), *interval_over_seeds(differences, of_one=of_one))


def _mean(values: Sequence[float]) -> float:
    return math.fsum(values) / len(values) if values else math.nan


# --- as it is shown -------------------------------------------------------------------------------------------------


def _head(column: Column, words: Words) -> dict[str, str]:
    if _is_share(column):
        return {"title": words(column.title), "unit": words("share_points")}
    shown = indicator(column.title)
    return {"title": shown.title[words.language], "unit": shown.diff_unit[words.language]}


def _is_share(column: Column) -> bool:
    return column.parts[0][0] == "mode_share"


def _rows(told: Told, words: Words) -> dict[str, Any]:
    when = [words("horizon_short", year=told.year), words("horizon_long", year=told.year)]
    when += [words("horizon_long", year=told.last)] if told.last != told.year else []
    return {
        "number": told.policy.number,
        "name": told.policy.name(words.language),
        "rows": [
            {"when": name, "cells": [_cell(e, c, words.language) for e, c in zip(effects, COLUMNS, strict=True)]}
            for name, effects in zip(when, told.effects, strict=True)
        ],
    }


def _cell(effect: Effect, column: Column, language: str) -> dict[str, str]:
    factor, decimals = 100.0, _DECIMALS
    if not _is_share(column):
        factor, decimals = indicator(column.title).factor, indicator(column.title).decimals
    interval = numbers.interval(effect.low * factor, effect.high * factor, decimals, language)
    return {
        "diff": numbers.change(effect.diff * factor, decimals, language),
        "ci": f"[{interval}]" if interval else "",
    }


# --- in words -------------------------------------------------------------------------------------------------------


def _findings(results: Results, told: Sequence[Told], words: Words) -> list[str]:
    """Name the policies whose effect on CO2 is there at once, grows slowly, or turns round; of clear effects only."""
    at = [column.title for column in COLUMNS].index(_CO2)
    kinds: dict[str, list[Policy]] = {"horizons_quick": [], "horizons_slow": [], "horizons_turns": []}
    for one in told:
        if one.last != one.year and results.effect(one.policy.id, _CO2).clear:
            kinds[_kind(one.effects[0][at].diff, one.effects[-1][at].diff)].append(one.policy)
    return [words(kind, names=_names(of, words), last=told[0].last) for kind, of in kinds.items() if of]


def _kind(at_once: float, at_last: float) -> str:
    if at_once * at_last < 0:
        return "horizons_turns"
    return "horizons_quick" if abs(at_once) >= _HALF * abs(at_last) else "horizons_slow"


def _names(policies: Sequence[Policy], words: Words) -> str:
    quoted = [words("quoted_name", name=policy.name(words.language)) for policy in policies]
    return numbers.joined(quoted, words.language)


def _baseline(results: Results, words: Words) -> str:
    return next((p.name(words.language) for p in results.policies if p.id == BASELINE), BASELINE)
