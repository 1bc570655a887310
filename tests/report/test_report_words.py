"""Every word in both languages with the same placeholders; every word that is used exists, and every one is used."""

from __future__ import annotations

import ast
import re
import string
from importlib.resources import files
from pathlib import Path

import pytest

from zemsim.report.classes import LEVEL_CLASSES
from zemsim.report.map_view import MAP_KEYS
from zemsim.report.results import MAIN_KEYS, MODE_KEYS, TOTAL_CO2
from zemsim.report.words import Words, catalogue, indicator, placeholders

ROOT = Path(str(files("zemsim.report")))
#: Families of keys that are put together at run time.
FAMILIES = (
    "item_",
    "unit_",
    "count_",
    "finding_fall_",
    "finding_rise_",
    "finding_none_",
    "methods_",
    "limits_",
    "stands_",
    "tonne_",
    "figure_load_",
    "drawn_",
)


def test_both_languages_with_the_same_placeholders() -> None:
    assert len(catalogue()) > 100
    for key, entry in catalogue().items():
        assert set(entry) == {"lv", "en"}, key
        assert all(text.strip() for text in entry.values()), key
        assert placeholders(entry["lv"]) == placeholders(entry["en"]), key


def used_keys() -> set[str]:
    found: set[str] = set()
    for path in sorted((ROOT / "templates").glob("*.j2")):
        text = path.read_text(encoding="utf-8")
        found |= set(re.findall(r"w\('([a-z_0-9]+)'", text))
        found |= {f"{part}_heading" for part in re.findall(r"'([a-z]+)'", text.split("{% for part in")[-1][:200])}
        found |= set(re.findall(r"'((?:methods|limits)_\d)'", text))
    for path in sorted(ROOT.glob("*.py")):
        tree = ast.parse(path.read_text(encoding="utf-8"))
        found |= {n.value for n in ast.walk(tree) if isinstance(n, ast.Constant) and isinstance(n.value, str)}
    return found | {"reported", "estimate", "assumption"}


def test_no_word_is_unused() -> None:
    used = used_keys()
    assert not [key for key in catalogue() if key not in used and not key.startswith(FAMILIES)]


def test_every_word_of_the_templates_exists() -> None:
    for path in sorted((ROOT / "templates").glob("*.j2")):
        for key in re.findall(r"\bw\('([a-z_0-9]+)'", path.read_text(encoding="utf-8")):
            assert key in catalogue(), (path.name, key)


@pytest.mark.parametrize("key", [*MAIN_KEYS, *MODE_KEYS, *MAP_KEYS, TOTAL_CO2])
def test_every_indicator_has_a_name_a_unit_and_a_meaning_in_both_languages(key: str) -> None:
    how = indicator(key)
    for part in (how.title, how.unit, how.diff_unit, how.meaning, how.short, how.short_unit):
        assert set(part) == {"lv", "en"}
        assert all(part.values())
    assert how.factor > 0
    assert how.better in ("", "lower", "higher")


def test_direction_agrees_with_the_indicators_of_the_evidence_floor() -> None:
    import csv

    text = (Path(str(files("zemsim.evidence"))) / "indicators.csv").read_text(encoding="utf-8")
    better = {row["indicator"]: row["better"] for row in csv.DictReader(text.splitlines())}
    said = {"down": "lower", "up": "higher", "": ""}
    for key in (*MAIN_KEYS, *MAP_KEYS):
        if key in better:
            assert indicator(key).better == said[better[key]], key


def test_an_unknown_language_is_refused() -> None:
    with pytest.raises(ValueError, match="language must be one of lv, en"):
        Words("de")


def test_style_has_a_colour_for_every_class() -> None:
    css = (ROOT / "templates" / "page.css").read_text(encoding="utf-8")
    for name in [f"d{i}" for i in range(7)] + [f"s{i}" for i in range(LEVEL_CLASSES)] + ["na"]:
        assert re.search(rf"\.{name} \{{ fill:#[0-9a-f]{{6}}; \}}", css), name


def test_placeholders_are_plain_names() -> None:
    for key, entry in catalogue().items():
        for text in entry.values():
            assert all(
                name and set(name) <= set(string.ascii_lowercase + "_0123456789") for name in placeholders(text)
            ), key


def test_every_fact_of_the_baseline_has_a_name_and_a_unit() -> None:
    from zemsim.evidence.baseline import load_facts

    for fact in load_facts():
        assert set(catalogue("facts")[fact.fact]) == {"lv", "en"}
        unit = "unit_" + re.sub(r"[^a-z0-9]+", "_", fact.unit.lower())
        assert fact.unit == "share" or unit in catalogue(), fact.unit
    assert set(catalogue("facts")) == {fact.fact for fact in load_facts()}


def test_every_setting_of_a_measure_has_a_name_and_its_words_too() -> None:
    from typing import Annotated, get_args, get_origin

    from zemsim.policy.lever import Persons
    from zemsim.policy.levers import Measure

    def literals(kind: object) -> set[str]:
        if get_origin(kind) is Annotated:
            return literals(get_args(kind)[0])
        found = {value for value in get_args(kind) if isinstance(value, str)}
        return found.union(*(literals(inner) for inner in get_args(kind) if not isinstance(inner, str)))

    known = catalogue("measures")
    for lever in get_args(get_args(Measure)[0]):
        for name, field in {**lever.model_fields, **Persons.model_fields}.items():
            assert set(known[name]) == {"lv", "en"}, name
            for value in literals(field.annotation):
                assert set(known[f"value {value}"]) == {"lv", "en"}, (name, value)


def test_every_kind_of_input_has_a_name_and_a_unit() -> None:
    from zemsim.region import describe, load_region

    for row in describe(load_region("zemgale"))["evidence"]:
        assert f"item_{row['item']}" in catalogue(), row
        assert f"unit_{row['unit']}" in catalogue(), row
