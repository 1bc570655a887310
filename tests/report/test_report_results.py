"""Findings and tables say what the numbers say, and no more."""

from __future__ import annotations

import dataclasses
import math

import numpy as np
import pandas as pd
import pytest

from zemsim.core.numbers import loose
from zemsim.report.findings import findings
from zemsim.report.results import TOTAL_CO2, Effect, Results, interval_over_seeds, policies_of
from zemsim.report.sources import Inputs, sources_of
from zemsim.report.tables import evidence_rows, fact_counts, fact_rows, headline_cell, measure_rows, verdict_rows
from zemsim.report.tonnes import tonne
from zemsim.report.words import Words


def with_cell(results: Results, policy: str, **cells: float) -> Results:
    head = results.headline.copy()
    for column, value in cells.items():
        head.loc[head["policy"] == policy, column] = value
    return Results(results.manifest, results.indicators, head, results.verdicts)


def test_findings_name_the_strongest_clear_effect_with_its_interval(inputs: Inputs) -> None:
    sentences = findings(inputs.results, Words("en"))
    assert sentences[0].startswith("Under “No measures (TEST)” in 2035:")
    cut = next(s for s in sentences if "cuts CO₂ the most" in s)
    assert "Fuel 30 % dearer" in cut
    effect = inputs.results.effect("fuel", "co2_wtw_kg_year")
    assert f"−{abs(effect.diff) / 1000:,.0f}" in cut
    assert f"−{abs(effect.low) / 1000:,.0f}" in cut
    assert any(s.startswith("No clear effect on CO₂: ") and "next to nothing" in s for s in sentences)
    assert sentences[-1].startswith("Caution: 1 of 4 checks failed")


def test_an_interval_over_zero_is_never_called_an_effect(inputs: Inputs) -> None:
    changed = inputs.results
    for policy in changed.measures_of_interest:
        changed = with_cell(changed, policy.id, co2_wtw_kg_year_low=-1.0, co2_wtw_kg_year_high=1.0)
    sentences = findings(changed, Words("en"))
    assert "No policy clearly cuts CO₂." in sentences
    assert not any("cuts CO₂ the most" in s for s in sentences)
    unclear = next(s for s in sentences if s.startswith("No clear effect on CO₂: "))
    assert unclear.count("“") == len(changed.measures_of_interest)


def test_a_clear_rise_of_co2_is_said(inputs: Inputs) -> None:
    worse = with_cell(
        inputs.results, "fares", co2_wtw_kg_year_diff=5.0, co2_wtw_kg_year_low=1.0, co2_wtw_kg_year_high=9.0
    )
    assert "CO₂ clearly rises under: “Bus fares halved”." in findings(worse, Words("en"))


def test_the_cheapest_tonne_has_interval_and_grade_and_costs_public_money(inputs: Inputs) -> None:
    sentence = next(s for s in findings(inputs.results, Words("en")) if "lowest cost per tonne" in s)
    states = {p.id: tonne(inputs.results, p) for p in inputs.results.measures_of_interest}
    best = min((p for p in states if states[p].state == "priced"), key=lambda p: states[p].value)
    assert next(p.name("en") for p in inputs.results.policies if p.id == best) in sentence
    assert f"{states[best].low:,.0f}" in sentence
    assert "No grade of its cost is stated." in sentence


def test_who_earns_or_raises_co2_has_no_cost_per_tonne(inputs: Inputs) -> None:
    words, results = Words("en"), inputs.results
    earns = with_cell(
        results,
        "fares",
        public_cost_eur_diff=-5.0,
        public_cost_eur_low=-6.0,
        public_cost_eur_high=-4.0,
        eur_per_tonne=-9.0,
    )
    assert headline_cell(earns, "fares", "eur_per_tonne", words)["value"] == "earns"
    assert any(
        s.startswith("Clearly cut CO₂ and bring in more") and "Bus fares halved" in s for s in findings(earns, words)
    )
    nan = {f"eur_per_tonne{end}": math.nan for end in ("", "_low", "_high")}
    rises = with_cell(results, "fares", **nan, **{f"{TOTAL_CO2}_low": 1.0, f"{TOTAL_CO2}_high": 2.0})
    assert headline_cell(rises, "fares", "eur_per_tonne", words)["value"] == "CO₂ rises"
    unclear = with_cell(results, "fares", public_cost_eur_low=-1.0, public_cost_eur_high=1.0, eur_per_tonne=9.0)
    assert headline_cell(unclear, "fares", "eur_per_tonne", words)["value"] == "cost unclear"


def test_a_tonne_without_chance_says_so_and_shows_its_grade(inputs: Inputs) -> None:
    words = Words("en")
    costs = {"public_cost_eur_diff": 5.0, "public_cost_eur_low": 5.0, "public_cost_eur_high": 5.0}
    same = with_cell(inputs.results, "yards", **costs, eur_per_tonne=0.5, eur_per_tonne_low=0.5, eur_per_tonne_high=0.5)
    graded = dataclasses.replace(
        next(p for p in same.policies if p.id == "yards"),
        measures=({"grade": "reported", "cost_grade": "assumption"}, {"grade": "estimate"}),
    )
    assert graded.cost_grade == "assumption"
    same.policies[:] = [graded if p.id == "yards" else p for p in same.policies]
    cell = headline_cell(same, "yards", "eur_per_tonne", words)
    assert (cell["ci"], cell["note"]) == ("no spread", "cost assumed")
    sentence = next(s for s in findings(same, words) if "lowest cost per tonne" in s)
    assert "the same in every seed, since neither cost nor CO₂ depends on chance" in sentence
    assert "Its cost is assumed" in sentence


def test_a_run_without_policies_has_findings(inputs: Inputs) -> None:
    head = inputs.results.headline[inputs.results.headline["policy"] == "baseline"]
    head.attrs["year"] = 2035
    alone = Results(inputs.results.manifest, inputs.results.indicators, head)
    assert len(findings(alone, Words("lv"))) == 1


def test_cells(inputs: Inputs) -> None:
    words = Words("en")
    clear = headline_cell(inputs.results, "fuel", "car_km_year", words)
    assert (clear["state"], clear["arrow"], clear["say"]) == ("clear", "▼", "falls")
    unclear = headline_cell(inputs.results, "signs", "co2_wtw_kg_year", words)
    assert (unclear["state"], unclear["arrow"]) == ("unclear", "≈")
    base = headline_cell(inputs.results, "baseline", "car_km_year", words)
    assert (base["diff"], base["ci"], base["state"]) == ("", "", "none")
    cost = headline_cell(inputs.results, "fuel", "public_cost_eur", words)
    assert (cost["value"], cost["diff"][0]) == ("", "−")
    shown = headline_cell(inputs.results, "signs", "eur_per_tonne", words)
    assert (shown["value"], shown["ci"]) == ("CO₂ unclear", "")


def test_effects() -> None:
    assert Effect(1, -1, -2, -0.5).direction == -1
    assert Effect(1, 1, 0.1, 2).direction == 1
    assert Effect(1, 1, -0.1, 2).direction == 0
    assert not Effect(1, 1).clear
    assert not Effect(1, 0, 0.0, 2).clear


def test_the_baseline_is_number_nought_wherever_it_stands() -> None:
    rows = [{"id": "a"}, {"id": "baseline"}, {"id": "b", "title": "B"}]
    found = policies_of({"experiment": {"policies": rows}})
    assert [(p.id, p.number) for p in found] == [("baseline", 0), ("a", 1), ("b", 2)]
    assert [p.number for p in policies_of({"experiment": {"policies": [{"id": "a"}]}})] == [1]
    assert found[1].name("lv") == "a"


def test_interval_over_seeds_is_students() -> None:
    low, high = interval_over_seeds([1.0, 2.0, 3.0])
    assert (low, high) == pytest.approx((2 - 4.302653 / math.sqrt(3), 2 + 4.302653 / math.sqrt(3)), rel=1e-6)
    assert all(math.isnan(v) for v in interval_over_seeds([1.0, math.nan]))


def test_evidence_rows_write_little_as_little() -> None:
    line = {"item": "timetable", "unit": "departures", "total": 10.5, "reported_share": 0.004}
    row = evidence_rows([{**line, "estimate_share": 0.0, "assumption_share": None}], Words("en"))[0]
    assert row["item"] == "Public transport departures"
    assert row["shares"] == ["<1%", "0%", "–"]
    assert row["total"] == "10.5\u00a0departures"
    assert row["bars"] == [("reported", 0.0, 0.7)]
    assert evidence_rows([{"item": "odd", "total": None}], Words("en"))[0]["total"] == "–"


def test_verdicts_are_one_row_a_check_failed_first(inputs: Inputs) -> None:
    rows = verdict_rows(inputs.results, Words("en"))
    assert [row["passed"] for row in rows] == [False, True, True]
    assert rows[0]["cases"] == "1/2"
    assert rows[0]["value"] == "0.0021 … 0.0123"
    assert rows[0]["mark"].startswith("✗")


def test_measures_are_spelt_out(inputs: Inputs) -> None:
    rows = measure_rows(inputs.results, Words("lv"))
    assert rows[0]["measures"] == []
    settings = {name: value for name, value, _ in rows[1]["measures"][0]}
    assert settings["Jauda, kW"] == "7,4"
    assert settings["Vietas"] == "Jelgava"
    assert settings["No gada"] == "2026"
    assert next(iter(settings.items())) == ("Svira", "uzlāde daudzdzīvokļu māju pagalmos")
    assert [english for name, _, english in rows[1]["measures"][0] if name == "Avots"] == [True]


def test_loose_numbers() -> None:
    assert loose(0.01234, "lv") == "0,0123"
    assert loose(12.4, "en") == "12.4"
    assert loose(2.0, "en") == "2"
    assert loose(1234.5, "lv") == "1\u00a0234"
    assert loose(0.0, "lv") == "0"
    assert loose(math.inf, "lv") == "–"


def test_series_and_places(inputs: Inputs) -> None:
    series = inputs.results.series("ev_share")
    assert list(series.index) == list(range(2024, 2036))
    assert series["fuel"].shape == (12, 3)
    assert inputs.results.by_place("ev_share", ["nowhere"]) == {}
    assert inputs.results.residents() == 225_123
    blank = dataclasses.replace(inputs.results, indicators=inputs.results.indicators.assign(group=""))
    assert not blank.series("ev_share").empty


def test_sources_are_listed_once() -> None:
    package = {
        "sources": [{"title": "A", "path": "https://a.example"}, {"title": "A", "path": "https://a.example"}],
        "resources": [{"sources": [{"title": "B"}]}, {}],
        "licenses": [{"name": "CC0-1.0"}],
    }
    assert sources_of(package) == ["A · https://a.example", "B", "CC0-1.0"]
    assert sources_of(None) == []


def test_unknown_figures_stay_blank(inputs: Inputs) -> None:
    head = pd.DataFrame({"policy": ["baseline"], "car_km_year": [np.nan]})
    results = Results(inputs.results.manifest, inputs.results.indicators, head)
    assert results.keys(["car_km_year", "ev_share"]) == []
    assert headline_cell(results, "baseline", "car_km_year", Words("en"))["value"] == "–"


def test_facts_are_held_against_the_model_with_their_range_and_use(inputs: Inputs) -> None:
    trips, odd = fact_rows(inputs.facts, Words("lv"))
    assert trips["title"] == "Braucieni un gājieni uz iedzīvotāju dienā"
    assert (trips["model"], trips["fact"], trips["range"], trips["difference"]) == (
        "2,64",
        "2,80",
        "2,70 … 2,80",
        "−0,16",
    )
    assert (trips["unit"], trips["use"]) == ("reizes dienā", "pieskaņošanai")
    assert trips["source"] == "INVENTED survey; Nowhere; 2017"
    assert (odd["model"], odd["fact"], odd["range"], odd["unit"]) == ("–", "25,0", "", "%")
    assert (trips["mark"], trips["standing"]) == ("▼", "zem robežām")
    assert (odd["mark"], odd["standing"]) == ("–", "nav zināms")
    assert fact_counts(inputs.facts, Words("en")).startswith(
        "In the range, in agreement or in the same order (the answers of a city count once): "
        "of the facts used for fitting 0/1, of those held out 0/1."
    )
    ranked = inputs.facts.assign(score="rank", group="modes", stands="in_order", use="fit", value=0.2)
    assert {(row["mark"], row["standing"]) for row in fact_rows(ranked, Words("lv"))} == {
        ("✓", "secība sakrīt (vērtē secību)")
    }
    assert "fitting 1/1" in fact_counts(ranked, Words("en"))
    assert fact_rows(None, Words("lv")) == []
