"""The tables of the page as plain rows: numbers are written, text is tidy; the template escapes it."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final

from zemsim.core import numbers
from zemsim.report import tonnes
from zemsim.report.findings import interval_text
from zemsim.report.results import BASELINE, Results
from zemsim.report.text import MAX_TEXT, in_language, tidy
from zemsim.report.words import Words, catalogue, indicator

if TYPE_CHECKING:
    import pandas as pd

Row = dict[str, Any]
STATUSES: Final = ("reported", "estimate", "assumption")
#: Width of a bar of shares in SVG units.
BAR: Final = 180
#: Settings of a measure that are shown first.
FIRST_SETTINGS: Final = ("title", "lever", "from_year", "until_year", "places")
#: Settings whose text is in English, whatever the language of the page.
ENGLISH_SETTINGS: Final = ("origin", "source", "cost_source")


def evidence_rows(summary: Sequence[Mapping[str, Any]], words: Words) -> list[Row]:
    """Return the first table: what is reported, estimated and assumed, per kind of input.

    Parameters
    ----------
    summary : sequence of mapping
        ``item, unit, total, reported_share, estimate_share, assumption_share`` (shares 0 to 1).
    """
    rows = []
    for line in summary:
        item = tidy(line.get("item", ""), 80)
        shares = [_share(line.get(f"{status}_share")) for status in STATUSES]
        total = line.get("total")
        known = numbers.is_known(total)
        decimals = 0 if known and abs(float(total)) >= 100 else 1  # type: ignore[arg-type]
        if known and float(total) == round(float(total)):  # type: ignore[arg-type]
            decimals = 0
        text = numbers.number(float(total) if known else None, decimals, words.language)  # type: ignore[arg-type]
        unit = in_language(line.get("unit", ""), words.language, 40)
        rows.append(
            {
                "item": _named(line.get("item", ""), "item_", item, words),
                "total": numbers.with_unit(text, words.or_own(f"unit_{unit}", unit), words.language),
                "shares": [_per_cent(share, words.language) for share in shares],
                "bars": _bars(shares),
            }
        )
    return rows


def _named(value: object, prefix: str, own: str, words: Words) -> str:
    return in_language(value, words.language, 80) if isinstance(value, dict) else words.or_own(prefix + own, own)


def _per_cent(share: float | None, language: str) -> str:
    """Write a share in whole per cent; a little that is not nothing reads ``<1 %``."""
    if share is not None and 0 < share < 0.005:
        return "<" + numbers.share(0.01, 0, language)
    return numbers.share(share, 0, language)


def _share(value: object) -> float | None:
    return float(value) if numbers.is_known(value) else None  # type: ignore[arg-type]


def _bars(shares: Sequence[float | None]) -> list[tuple[str, float, float]]:
    start, bars = 0.0, []
    for status, share in zip(STATUSES, shares, strict=True):
        width = round(BAR * min(max(share or 0.0, 0.0), 1.0), 1)
        if width > 0:
            bars.append((status, round(start, 1), width))
        start += width
    return bars


def headline_table(results: Results, keys: Sequence[str], words: Words) -> Row:
    """Return heads and rows of policies by indicators; a cell has value, difference, interval and how clear it is."""
    language = words.language
    shown = results.keys(keys)
    heads = [{"title": indicator(k).title[language], "unit": indicator(k).unit[language]} for k in shown]
    rows = [
        {
            "number": policy.number,
            "name": policy.name(language),
            "base": policy.id == BASELINE,
            "cells": [headline_cell(results, policy.id, key, words) for key in shown],
        }
        for policy in results.policies
    ]
    return {"heads": heads, "rows": rows}


def headline_cell(results: Results, policy: str, key: str, words: Words) -> Row:
    """Return one cell: ``value``, ``diff``, ``ci``, ``state`` (clear, unclear, none), ``arrow``, ``say``."""
    if key == tonnes.KEY:
        return _tonne_cell(results, policy, words)
    effect, how, language = results.effect(policy, key), indicator(key), words.language
    value = effect.value if not how.difference_only else (0.0 if policy == BASELINE else None)
    text = "" if value is None else how.value(value, language)
    cell: Row = {"value": text, "diff": "", "ci": "", "state": "none", "arrow": "", "say": ""}
    cell["ci"] = interval_text_plain(effect.low * how.factor, effect.high * how.factor, how.decimals, language)
    if policy == BASELINE or not math.isfinite(effect.diff):
        return cell
    cell["diff"] = how.change(effect.diff, language)
    if effect.clear:
        up = effect.direction > 0
        if "<" in cell["diff"]:  # the arrow says which way
            cell["diff"] = cell["diff"].lstrip("+" + numbers.MINUS)
        cell |= {"state": "clear", "arrow": "▲" if up else "▼", "say": words("up" if up else "down")}
    elif effect.has_interval:
        cell["diff"] = numbers.signed(effect.diff * how.factor, how.decimals, language)
        cell |= {"state": "unclear", "arrow": "≈", "say": words("unclear")}
    else:
        cell |= {"state": "unclear", "say": words("no_interval")}
    return cell


def _tonne_cell(results: Results, policy: str, words: Words) -> Row:
    """Return the cost of a tonne with its interval and grade, or in words why there is none."""
    cell: Row = {"value": numbers.UNKNOWN, "diff": "", "ci": "", "state": "none", "arrow": "", "say": ""}
    of = next((tonnes.tonne(results, p) for p in results.policies if p.id == policy), tonnes.Tonne("unknown"))
    if of.state == "priced":
        note = words(f"tonne_short_{of.grade}") if of.grade else ""
        text = words("tonne_same_short") if of.without_chance else _unsigned(of, words.language)
        return cell | {"value": indicator(tonnes.KEY).value(of.value, words.language), "ci": text, "note": note}
    return cell if of.state == "unknown" else cell | {"value": words(f"tonne_{of.state}")}


def _unsigned(of: tonnes.Tonne, language: str) -> str:
    return interval_text_plain(of.low, of.high, indicator(tonnes.KEY).decimals, language).replace("+", "")


def interval_text_plain(low: float, high: float, decimals: int, language: str) -> str:
    """Write an interval in brackets, without a unit; empty if unknown."""
    text = numbers.interval(low, high, decimals, language)
    return f"[{text}]" if text else ""


def municipality_table(
    rows: Mapping[str, tuple[float, Mapping[str, tuple[float, bool]]]], results: Results, key: str, words: Words
) -> Row:
    """Return the map's figures by municipality as text: baseline value and change under each policy, ≈ if unclear."""
    how, language = indicator(key), words.language
    policies = [p for p in results.measures_of_interest if any(p.id in changes for _, changes in rows.values())]
    decimals = how.decimals + 1
    body = [
        {
            "name": tidy(name, 60),
            "level": numbers.number(level, how.decimals, language),
            "changes": [_change(changes.get(p.id), decimals, language) for p in policies],
        }
        for name, (level, changes) in rows.items()
    ]
    return {"policies": [(p.number, p.name(language)) for p in policies], "rows": body}


def _change(change: tuple[float, bool] | None, decimals: int, language: str) -> str:
    value, clear = change or (None, False)
    text = numbers.signed(value, decimals, language)
    return text if clear or text == numbers.UNKNOWN else f"≈ {text}"


def verdict_rows(results: Results, words: Words) -> list[Row]:
    """Return one row per check, failed ones first: how many cases passed, the text of the first that failed."""
    checks: dict[str, list[Mapping[str, Any]]] = {}
    for verdict in results.verdicts:
        checks.setdefault(str(verdict.get("check") or verdict.get("text") or ""), []).append(verdict)
    rows = [_verdict_row(name, found, words) for name, found in checks.items()]
    return sorted(rows, key=lambda row: row["passed"])


def _verdict_row(name: str, found: Sequence[Mapping[str, Any]], words: Words) -> Row:
    failed = [verdict for verdict in found if not verdict.get("passed")]
    shown = (failed or found)[0]
    mark = ("✗ " if failed else "✓ ") + words("failed" if failed else "passed")
    return {
        "check": tidy(name, MAX_TEXT),
        "passed": not failed,
        "mark": mark,
        "cases": f"{len(found) - len(failed)}/{len(found)}",
        "text": in_language(shown.get("text"), words.language, MAX_TEXT) or tidy(name, MAX_TEXT),
        "value": _verdict_values([verdict.get("value") for verdict in found], words.language),
    }


def _verdict_values(values: Sequence[object], language: str) -> str:
    known = [value for value in values if numbers.is_known(value)]
    if len(known) < 2 or len(known) < len(values):
        return _verdict_value(values[0], language)
    ends = [_verdict_value(value, language) for value in (min(known), max(known))]  # type: ignore[type-var]
    return ends[0] if ends[0] == ends[1] else " … ".join(ends)


def _verdict_value(value: object, language: str) -> str:
    if value is None:
        return numbers.UNKNOWN
    if isinstance(value, bool):
        return Words(language)("yes" if value else "no")
    if isinstance(value, int):
        return numbers.number(value, 0, language)
    if isinstance(value, float):
        return numbers.loose(value, language)
    return tidy(value, 80)


def fact_rows(facts: pd.DataFrame | None, words: Words) -> list[Row]:
    """Return the baseline against facts; shares are shown in per cent.

    Parameters
    ----------
    facts : DataFrame or None
        Rows of :func:`zemsim.experiment.compare.baseline_facts`.
    words : Words
    """
    rows = []
    for line in [] if facts is None else facts.to_dict("records"):
        share = line["unit"] == "share"
        factor = 100.0 if share else 1.0
        places = _places(line["fact_value"] * factor)

        def write(name: str, line: Any = line, factor: float = factor, places: int = places) -> str:
            return numbers.number(line[name] * factor, places, words.language)

        low, high = write("low"), write("high")
        key = tidy(line["fact"])
        entry = catalogue("facts").get(key)
        unit = tidy(line["unit"], 40)
        rows.append(
            {
                "title": entry[words.language] if entry else key,
                "unit": "%" if share else words.or_own("unit_" + re.sub(r"[^a-z0-9]+", "_", unit.lower()), unit),
                "model": write("value"),
                "fact": write("fact_value"),
                "range": f"{low} … {high}" if low != high else "",
                "difference": numbers.signed(line["difference"] * factor, places, words.language),
                **_standing(line, words),
                "use": words("use_fit" if line["use"] == "fit" else "use_hold_out"),
                "source": _source(line),
            }
        )
    return rows


#: Where a figure stands that agrees with its fact.
_AGREES: Final = frozenset({"inside", "in_order"})


def fact_counts(facts: pd.DataFrame | None, words: Words) -> str:
    """Say how many of the fitted and of the held-out facts the baseline meets."""
    from zemsim.evidence.scores import counted

    counts = {}
    for use in ("fit", "hold-out"):
        rows = [] if facts is None else counted(facts[facts["use"] == use])["stands"].tolist()
        counts[use.replace("-", "_")] = f"{sum(where in _AGREES for where in rows)}/{len(rows)}"
    return words("baseline_counts", **counts)


def _standing(line: Mapping[Any, Any], words: Words) -> Row:
    """Return where the model stands against the range, in words and with a mark: colour alone says nothing."""
    where = str(line["stands"])
    pointed = line["low"] == line["high"] and where in {"inside", "below", "above"}
    key = f"stands_{where}_point" if pointed else f"stands_{where}"
    mark = {"inside": "✓", "in_order": "✓", "below": "▼", "above": "▲"}.get(where, numbers.UNKNOWN)
    return {"stands": where, "mark": mark, "standing": words(key)}


def _places(target: float) -> int:
    """Return the decimals of a fact and of what is held against it: three digits of the fact, none from a hundred."""
    if not math.isfinite(target) or target == 0:
        return 2
    return min(4, max(0, 2 - math.floor(math.log10(abs(target)))))


def _source(line: Mapping[Any, Any]) -> str:
    year = line.get("year")
    stated = str(round(year)) if numbers.is_known(year) else ""  # type: ignore[arg-type]
    parts = [line.get("source"), line.get("place"), stated, line.get("note")]
    return tidy("; ".join(str(part) for part in parts if isinstance(part, str) and part), MAX_TEXT)


def measure_rows(results: Results, words: Words) -> list[Row]:
    """Return, per policy, its measures as lists of (name of the setting, value)."""
    return [
        {
            "number": policy.number,
            "name": policy.name(words.language),
            "measures": [_settings(measure, words) for measure in policy.measures],
        }
        for policy in results.policies
    ]


def _settings(measure: Any, words: Words) -> list[tuple[str, str, bool]]:
    """Return (name, value, whether it is text in English) of the settings of a measure."""
    if not isinstance(measure, Mapping):
        return [("", tidy(measure, MAX_TEXT), False)]
    rows = []
    first = [key for key in FIRST_SETTINGS if key in measure]
    for key in (*first, *(key for key in measure if key not in first)):
        value = measure[key]
        if value is None or value == [] or value == {}:
            continue
        year = key.endswith("_year") and isinstance(value, int)
        text = str(value) if year else _setting(value, words)
        rows.append((_called(key, words), text, key in ENGLISH_SETTINGS))
    return rows


def _called(key: object, words: Words) -> str:
    """Return what a setting is called; a year stays as it is, and a name without words too."""
    entry = catalogue("measures").get(str(key))
    return entry[words.language] if entry else tidy(key, 60)


def _setting(value: Any, words: Words) -> str:
    if isinstance(value, Mapping):
        if set(value) <= {"lv", "en"}:
            return in_language(value, words.language, MAX_TEXT)
        parts = (f"{_called(key, words)}: {_setting(entry, words)}" for key, entry in value.items())
        return tidy("; ".join(parts), MAX_TEXT)
    if isinstance(value, (list, tuple)):
        return tidy(", ".join(_setting(entry, words) for entry in value), MAX_TEXT)
    if isinstance(value, bool):
        return words("yes" if value else "no")
    if isinstance(value, int):
        return numbers.number(value, 0, words.language)
    if isinstance(value, float):
        return numbers.number(value, max(0, len(repr(value).partition(".")[2].rstrip("0"))), words.language)
    entry = catalogue("measures").get(f"value {value}")
    return entry[words.language] if entry else tidy(value, MAX_TEXT)


__all__ = [
    "STATUSES",
    "evidence_rows",
    "fact_counts",
    "fact_rows",
    "headline_table",
    "interval_text",
    "measure_rows",
    "municipality_table",
    "verdict_rows",
]
