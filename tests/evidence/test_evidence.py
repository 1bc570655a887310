"""Factors, costs over the years, small cells, commuting, and the baseline against the facts."""

from __future__ import annotations

import csv
import math
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from tests.runner.fake import make_persons, make_zones
from zemsim.core.errors import InputError
from zemsim.core.names import DAYS_PER_YEAR, Season
from zemsim.evidence.baseline import load_facts
from zemsim.evidence.commuting import commuting_shares
from zemsim.evidence.costs import by_year, discounted, over_years, public_cost_eur
from zemsim.evidence.emissions import Energy
from zemsim.evidence.factors import Factors, load_factors
from zemsim.evidence.fleet import session_weeks
from zemsim.evidence.publication import SMALLEST_CELL, hide_small_cells, people_of
from zemsim.evidence.rows import catalogue, indicator
from zemsim.evidence.scores import SCORES, accepted, counted, in_order, stands, with_scores
from zemsim.evidence.travel import DAYS_IN_YEAR, days_of_seasons
from zemsim.experiment.compare import baseline_facts
from zemsim.experiment.run_folder import Run

ROOT = Path(__file__).resolve().parents[2]
GRADES = {"reported", "derived", "estimate", "assumption", "calibrated", "memory", "secondary"}


def test_factors_have_range_source_and_grade() -> None:
    rows = load_factors().rows()
    assert len(rows) >= 15
    for row in rows:
        assert row["low"] <= row["value"] <= row["high"], row["key"]
        assert row["source"], row["key"]
        assert row["grade"] in GRADES, row["key"]
    assert Factors.from_rows(rows).rows() == rows


def test_unknown_factor_and_indicator_name_the_nearest() -> None:
    with pytest.raises(InputError, match="petrol_ttw") as caught:
        load_factors()["petrol_ttw_kg"]
    assert "did you mean “petrol_ttw_kg_l”" in str(caught.value)
    with pytest.raises(InputError) as caught:
        indicator("co2_wtw_kg")
    assert "did you mean" in str(caught.value)


def test_grid_of_another_region() -> None:
    own = load_factors()
    assert own.with_grid(123.2, "the same figure, rounded") is own
    other = own.with_grid(417.0, "Estonia")
    assert other["grid_kg_kwh"] == pytest.approx(0.417)
    assert other.row("grid_kg_kwh").high >= 0.417
    assert other["petrol_ttw_kg_l"] == own["petrol_ttw_kg_l"]


def test_co2_by_hand() -> None:
    energy = Energy(petrol_l=100.0, diesel_l=10.0, grid_kwh=1000.0, solar_kwh=500.0)
    factors = load_factors()
    assert energy.co2_ttw_kg(factors) == pytest.approx(100 * 2.29 + 10 * 2.65)
    assert energy.co2_wtw_kg(factors) == pytest.approx(100 * 2.89 + 10 * 3.27 + 1000 * 0.123)
    assert energy.co2_wtw_kg(factors, "grid_marginal_kg_kwh") == pytest.approx(100 * 2.89 + 10 * 3.27 + 300)
    assert energy + Energy() == energy


def test_days_of_one_season_stand_for_the_year() -> None:
    assert days_of_seasons(tuple(Season)).tolist() == [list(days) for days in DAYS_PER_YEAR]
    alone = days_of_seasons((Season.SUMMER,))
    assert alone.sum() == DAYS_IN_YEAR == 365
    assert alone[Season.WINTER].sum() == 0
    weeks = session_weeks(pd.DataFrame({"season": [1]}), alone)
    assert weeks == pytest.approx(365 / 7)


def ledger(rows: list[tuple[int, str, str, str, float]]) -> pd.DataFrame:
    return pd.DataFrame(rows, columns=["year", "payer", "payee", "basis", "amount_eur"])


def test_public_cost_counts_both_ways() -> None:
    lines = ledger(
        [
            (2024, "state", "household", "year", 10.0),
            (2024, "traveller", "municipality", "year", 4.0),
            (2024, "state", "municipality", "year", 99.0),
            (2024, "household", "operator", "year", 7.0),
        ]
    )
    assert public_cost_eur(lines).tolist() == [10.0, -4.0, 0.0, 0.0]


def test_flows_of_days_lie_on_straight_lines() -> None:
    years, simulated = list(range(2024, 2031)), [2025, 2029]
    lines = ledger(
        [
            (2025, "state", "operator", "days", 100.0),
            (2029, "state", "operator", "days", 300.0),
            (2026, "state", "household", "year", 5.0),
        ]
    )
    assert by_year(lines, years, simulated).tolist() == [100, 100, 155, 200, 250, 300, 300]
    assert over_years(years, [2025], [7.0]).tolist() == [7.0] * 7


def test_no_flow_of_a_measure_before_the_first_measure_begins() -> None:
    """Baseline and policy agree up to the year before; from the first year on the policy has its full effect."""
    years, simulated = list(range(2024, 2036)), [2024, 2030, 2035]
    baseline = over_years(years, simulated, [100.0, 130.0, 140.0], 2026)
    policy = over_years(years, simulated, [100.0, 190.0, 210.0], 2026)
    assert (policy - baseline)[:2].tolist() == [0.0, 0.0]
    assert (policy - baseline)[2:7].tolist() == [60.0] * 5
    assert (policy - baseline)[-1] == 70.0
    assert over_years(years, simulated, [100.0, 130.0, 140.0], 2030)[:7].tolist() == [100.0] * 6 + [130.0]
    for change in (2024, 2036, None):  # no year before it, or none after it, is simulated: straight lines
        assert over_years(years, simulated, [100.0, 130.0, 140.0], change)[1] == 105.0
    assert over_years(years, simulated, [1.0, 4.0, 5.0], 2025).tolist()[:3] == [1.0, 4.0, 4.0]


def test_discounting() -> None:
    assert discounted(np.array([100.0, 103.0, 106.09]), 0.03) == pytest.approx(300.0)


def test_small_cells_are_hidden(run: Run) -> None:
    residents = run.indicators[run.indicators["indicator"] == "residents"]
    small = set(residents.loc[residents["value"] < SMALLEST_CELL, "place"])
    assert small, "the made-up region has a zone of few residents"
    shown = run.published
    assert shown.loc[shown["place"].isin(small), "value"].isna().all()
    others = ~shown["place"].isin(small)
    pd.testing.assert_series_equal(shown.loc[others, "value"], run.indicators.loc[others, "value"])
    assert hide_small_cells(run.indicators, smallest=10**6)["value"].isna().all()


def test_cells_that_are_not_counted_are_hidden() -> None:
    row = ("p", 1, 2024, "ev_share", "share", "all", "nowhere", 0.5)
    columns = ["policy", "seed", "year", "indicator", "unit", "group", "place", "value"]
    assert hide_small_cells(pd.DataFrame([row], columns=columns))["value"].isna().all()


@pytest.mark.parametrize(
    ("group", "people"),
    [("bus quintile-1", "quintile-1"), ("bus", "all"), ("quintile-5", "quintile-5"), ("home", "all")],
)
def test_people_of_a_group(group: str, people: str) -> None:
    assert people_of(group) == people


def test_commuting_shares() -> None:
    zones = make_zones()
    persons = make_persons(zones)
    found = commuting_shares(
        persons, zones, "jelgava", {"home": ("settlement_id", "jelgava"), "riga": ("settlement_id", "riga")}
    )
    work = persons[(persons["work_zone_idx"] >= 0) & (persons["zone_idx"] < 2)]
    assert 0.0 < found["home"] == (work["work_zone_idx"] < 2).mean()
    assert found["riga"] == (work["work_zone_idx"] == 8).mean()
    assert math.isnan(commuting_shares(persons, zones, "nowhere", {"home": ("settlement_id", "x")})["home"])


def test_baseline_against_the_facts(run: Run) -> None:
    table = baseline_facts(run).set_index("fact")
    assert list(table.index) == [fact.fact for fact in load_facts()]
    assert table["value"].notna().sum() >= len(table) - 4, "all but what the made-up region lacks"
    cars = table.loc["cars_per_1000"]
    assert cars["value"] == pytest.approx(1000 * 150 / 400)
    assert cars["difference"] == pytest.approx(cars["value"] - 414)
    rail = run.tables("transit", "baseline", 1, year=2024)
    rail = rail[rail["route_id"] == "rail-jelgava"]
    assert table.loc["jelgava_rail_boardings_year", "value"] == pytest.approx(700 * 365)
    assert len(rail) == 2
    trips = table.loc["trips_per_person_day", "value"]
    weekday, weekend = table.loc["trips_per_person_weekday", "value"], table.loc["trips_per_person_weekend", "value"]
    assert trips == pytest.approx((weekday * 251 + weekend * 114) / 365)


def test_facts_say_nothing_about_another_region(run: Run) -> None:
    elsewhere = Run(run.folder, {**run.manifest, "region": {"name": "elsewhere"}}, run.verdicts)
    assert baseline_facts(elsewhere).empty
    assert list(baseline_facts(elsewhere).columns) == list(baseline_facts(run).columns)


def test_survey_counts_only_the_ages_it_asks(run: Run) -> None:
    persons, tours = run.tables("persons", seed=1), run.tables("tours", seed=1)
    asked = persons.loc[persons["age"].between(15, 84), "resident_idx"]
    weekday = tours[(tours["day_type"] == 0) & tours["resident_idx"].isin(asked)]
    one = run.tables("tours", seed=1)
    assert len(one) == len(tours)
    values = [2 * len(weekday) / len(asked)]
    for seed in (2, 3):
        more = run.tables("tours", seed=seed)
        values.append(2 * ((more["day_type"] == 0) & more["resident_idx"].isin(asked)).sum() / len(asked))
    found = baseline_facts(run).set_index("fact").loc["trips_per_person_weekday", "value"]
    assert found == pytest.approx(np.mean(values))


def test_facts_have_source_and_use() -> None:
    for fact in load_facts():
        assert fact.low <= fact.value <= fact.high, fact.fact
        assert fact.source, fact.fact
        assert fact.grade in GRADES, fact.fact
        assert fact.use in {"fit", "hold-out"}, fact.fact
        assert fact.score in SCORES, fact.fact
        assert (fact.group != "") == (fact.score == "rank"), fact.fact


def test_main_modes_of_each_city_are_ranked() -> None:
    """CSB of Latvia, survey of state cities 2023 (several answers): car, public transport, bicycle in this order."""
    for city, answers in {"jelgava": (0.66, 0.293, 0.132), "jekabpils": (0.57, 0.355, 0.083)}.items():
        group = [fact for fact in load_facts() if fact.group == f"main_modes_{city}"]
        assert [fact.fact for fact in group] == [f"{mode}_users_{city}" for mode in ("car", "transit", "bike")]
        assert tuple(fact.value for fact in group) == answers


def test_both_rail_lines_are_the_halves_of_the_fitted_boardings() -> None:
    """60 % of 3.12 million; as many rides for each resident near the stations of the other line (settlements.csv)."""
    facts = {fact.fact: fact for fact in load_facts()}
    names = [f"{line}_rail_boardings_year" for line in ("electric", "jelgava", "aizkraukle")]
    whole, *halves = (facts[name] for name in names)
    near_jelgava, near_aizkraukle = 54_834 + 3_740 + 2_842, 6_689 + 1_289 + 2_807
    assert halves[1].value == pytest.approx(halves[0].value / near_jelgava * near_aizkraukle, rel=1e-4)
    assert halves[1].score == "none"
    assert sum(half.value for half in halves) == pytest.approx(whole.value, rel=1e-3)
    assert sum(half.low for half in halves) == pytest.approx(whole.low)
    assert sum(half.high for half in halves) == pytest.approx(whole.high)


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ((0.6, 0.2, 0.1), "met"),
        ((0.9, 0.3, 0.29), "met"),
        ((0.6, 0.1, 0.2), "missed"),
        ((0.6, 0.2, 0.2), "missed"),
        ((0.2, 0.6, 0.1), "missed"),
        ((0.6, math.nan, 0.1), "unknown"),
    ],
)
def test_a_group_is_met_in_the_order_of_its_facts(values: tuple[float, ...], said: str) -> None:
    assert in_order(values, (0.66, 0.293, 0.132)) == said
    assert in_order(values[::-1], (0.132, 0.293, 0.66)) == said


def test_a_ranked_group_counts_once_and_what_is_reported_never() -> None:
    rows = pd.DataFrame(
        {
            "value": [0.6, 0.1, 0.2, 0.6, 0.3, 0.1, 5.0, 7.0],
            "fact_value": [0.6, 0.3, 0.1, 0.5, 0.4, 0.2, 5.0, 7.0],
            "accepted": ["met", *["missed"] * 5, "met", "met"],
            "stands": ["inside"] * 8,
            "score": [*["rank"] * 6, "near", "none"],
            "group": [*"aaabbb", "", ""],
        }
    )
    judged = with_scores(rows)
    assert judged["accepted"].tolist() == ["missed"] * 3 + ["met"] * 4 + ["unscored"]
    assert judged["stands"].tolist() == ["out_of_order"] * 3 + ["in_order"] * 3 + ["inside"] * 2
    assert counted(judged).index.tolist() == [0, 3, 6]


def test_facts_of_repository_and_package_are_the_same() -> None:
    kept = ROOT / "calibration" / "facts.csv"
    shipped = ROOT / "zemsim" / "evidence" / "facts.csv"
    assert kept.read_bytes() == shipped.read_bytes()


def test_what_the_modes_were_fitted_to_is_among_the_facts() -> None:
    facts = {fact.fact: fact for fact in load_facts()}
    text = (ROOT / "zemsim" / "calibrate" / "targets.csv").read_text(encoding="utf-8")
    rows = {row["key"]: row for row in csv.DictReader(text.splitlines())}
    constants = (ROOT / "zemsim" / "behaviour" / "mode_constants.csv").read_text(encoding="utf-8")
    fitted = {row["target"] for row in csv.DictReader(constants.splitlines())} & rows.keys()
    assert len(fitted) >= 6
    for key in fitted:
        row, fact = rows[key], facts[key]
        assert (fact.value, fact.low, fact.high) == tuple(float(row[name]) for name in ("value", "low", "high")), key
        assert fact.use == "fit", key


def test_the_employers_business_counts_as_work(run: Run) -> None:
    """By hand: trips to work, and those for business that the employed make on weekdays, of all that are surveyed."""
    found, days = [], np.array(DAYS_PER_YEAR)
    for seed in run.seeds:
        trips = run.tables("trips", "baseline", seed, year=2024)
        tours, people = run.tables("tours", seed=seed), run.tables("persons", seed=seed)
        tour = tours.iloc[trips["tour_idx"].to_numpy()].reset_index(drop=True)
        who = people.iloc[tour["resident_idx"].to_numpy()].reset_index(drop=True)
        weight = days[trips["season"], trips["day_type"]] * who["age"].between(15, 84).to_numpy()
        weekday = (trips["day_type"] == 0).to_numpy()
        business = (tour["purpose"] == 5).to_numpy() & who["employed"].to_numpy() & weekday
        found.append(weight[(tour["purpose"] == 0).to_numpy() | business].sum() / weight.sum())
    table = baseline_facts(run).set_index("fact")["value"]
    assert table["purpose_share_work"] == pytest.approx(np.mean(found))


@pytest.mark.parametrize(
    ("value", "low", "high", "where"),
    [
        (0.5, 0.3, 0.7, "inside"),
        (0.296, 0.3, 0.7, "inside"),
        (0.29, 0.3, 0.7, "below"),
        (0.71, 0.3, 0.7, "above"),
        (0.504, 0.5, 0.5, "inside"),
        (0.506, 0.5, 0.5, "above"),
        (0.49, 0.5, 0.5, "below"),
        (math.nan, 0.3, 0.7, "unknown"),
    ],
)
def test_where_a_value_stands(value: float, low: float, high: float, where: str) -> None:
    assert stands(value, low, high, 2) == where


@pytest.mark.parametrize(
    ("value", "target", "unit", "said"),
    [
        (0.249, 0.24, "share", "met"),
        (0.229, 0.24, "share", "missed"),
        (109.0, 100.0, "boardings/year", "met"),
        (89.0, 100.0, "boardings/year", "missed"),
        (0.46, 0.5, "passenger trips per driver trip", "met"),
        (math.nan, 0.5, "share", "unknown"),
    ],
)
def test_shares_within_a_point_and_volumes_within_a_tenth(value: float, target: float, unit: str, said: str) -> None:
    assert accepted(value, target, unit) == said


def test_passengers_by_hand(run: Run) -> None:
    table = baseline_facts(run).set_index("fact")["value"]
    days = np.array(DAYS_PER_YEAR)
    riders = []
    for seed in run.seeds:
        trips = run.tables("trips", "baseline", seed, year=2024)
        made = 2 * days[trips["season"], trips["day_type"]]
        riders.append(made[trips["mode"] == 7].sum() / made[trips["mode"].isin((5, 6))].sum())
    assert table["passengers_per_driver"] == pytest.approx(np.mean(riders))


def test_catalogue_is_complete() -> None:
    text = (ROOT / "zemsim" / "evidence" / "indicators.csv").read_text(encoding="utf-8")
    rows = list(csv.DictReader(text.splitlines()))
    assert len(rows) == len(catalogue())
    for row in rows:
        assert row["meaning"]
        assert row["unit"]
        assert row["better"] in {"up", "down", ""}
