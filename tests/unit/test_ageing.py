"""The population that follows a forecast: totals met, nobody under 16 left alone, luck kept, signs."""

from __future__ import annotations

import csv
from dataclasses import replace
from importlib import resources
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import pytest

from zemsim.core.names import Purpose
from zemsim.population import make_tours
from zemsim.population.change import ChangingPopulation, change_population
from zemsim.population.fitting import largest_remainder
from zemsim.population.forecast import broad_group, death_chances, forecast
from zemsim.population.people import SCHOOL_AGES
from zemsim.population.stages import make_tours_of_years
from zemsim.population.status import _carried_on

if TYPE_CHECKING:
    from zemsim.population import Population
    from zemsim.region import Region

YEARS = tuple(range(2024, 2036))
SIMULATED = (2024, 2030, 2035)


class Other:
    """A region with some other assumptions."""

    def __init__(self, region: Region, **changed: float) -> None:
        self._region, self._changed = region, {f"population.{key}": value for key, value in changed.items()}

    def __getattr__(self, name: str) -> object:
        return getattr(self._region, name)

    def assumption(self, key: str) -> float:
        return self._changed.get(key, self._region.assumption(key))


@pytest.fixture(scope="module")
def aged(zemgale: Region, zemgale_population: Population) -> ChangingPopulation:
    return change_population(zemgale, zemgale_population, YEARS)


@pytest.fixture(scope="module")
def km(zemgale: Region) -> np.ndarray:
    """Straight distances: tours of this test need some way, not the roads."""
    x, y = (zemgale.zones[name].to_numpy(np.float64) for name in ("x_m", "y_m"))
    apart = np.hypot(x[:, None] - x[None, :], y[:, None] - y[None, :]) / 1000.0
    return (1.3 * apart + 0.5).astype(np.float32)


@pytest.fixture(scope="module")
def tours(zemgale: Region, aged: ChangingPopulation, km: np.ndarray) -> pd.DataFrame:
    return make_tours_of_years(zemgale, aged.population, aged.change, SIMULATED, YEARS[0], km, 1)


def in_force(tours: pd.DataFrame, year: int) -> pd.DataFrame:
    return tours[(tours["from_year"] <= year) & (tours["until_year"] >= year)]


def municipality(region: Region, population: Population) -> np.ndarray:
    return region.zones["municipality"].to_numpy()[population.home_zone_idx().to_numpy()]


@pytest.mark.parametrize("year", [2025, 2030, 2035])
def test_totals_are_those_of_the_trend(zemgale: Region, aged: ChangingPopulation, year: int) -> None:
    there, place = aged.change.present(year), municipality(zemgale, aged.population)
    first = pd.Series(place[aged.change.present(2024)]).value_counts()
    change = {"Jelgava": "jelgava", "Bauskas novads": "bauskas_novads", "Jēkabpils novads": "jekabpils_novads"}
    for name, key in change.items():
        trend = 1.0 + zemgale.assumption(f"population.change_share_year.{key}")
        assert (place[there] == name).sum() == round(first[name] * trend ** (year - 2024))


def test_every_group_of_ages_is_met(zemgale: Region, aged: ChangingPopulation) -> None:
    assert not aged.off.any()
    place, base = municipality(zemgale, aged.population), aged.change.present(2024)
    names = sorted(set(place))
    ages = np.stack([np.bincount(aged.change.ages(2024)[base & (place == n)], minlength=100) for n in names])
    wanted = forecast(zemgale, names, ages, YEARS)
    for at, year in enumerate(YEARS[1:]):
        there, group = aged.change.present(year), broad_group(aged.change.ages(year).astype(np.int64))
        for row, name in enumerate(names):
            found = np.bincount(group[there & (place == name)], minlength=3)
            np.testing.assert_array_equal(found, wanted.residents[at, row])


def test_nobody_under_16_is_left_alone(aged: ChangingPopulation) -> None:
    home, n = aged.population.residents["household_idx"].to_numpy(), len(aged.population.households)
    for year in YEARS[1:]:
        there, age = aged.change.present(year), aged.change.ages(year)
        children = np.bincount(home[there & (age < 16)], minlength=n) > 0
        adults = np.bincount(home[there & (age >= 18)], minlength=n) > 0
        assert children.any()
        assert not (children & ~adults).any(), year


def test_first_year_is_the_population_that_does_not_change(
    zemgale: Region, zemgale_population: Population, aged: ChangingPopulation, tours: pd.DataFrame, km: np.ndarray
) -> None:
    base, people = zemgale_population.residents, aged.population.residents
    first = people[aged.change.present(2024)].reset_index(drop=True)
    kept = [name for name in base if name != "household_idx"]
    pd.testing.assert_frame_equal(first[kept], base[kept])
    ids, old = people["resident_id"].to_numpy(), base["resident_id"].to_numpy()
    assert len(np.unique(ids)) == len(ids)
    fixed = make_tours(zemgale, zemgale_population, km, 1)
    now = in_force(tours, 2024).reset_index(drop=True)
    np.testing.assert_array_equal(ids[now["resident_idx"]], old[fixed["resident_idx"]])
    same = [name for name in fixed if name != "resident_idx"]
    pd.testing.assert_frame_equal(now[same], fixed[same])


def test_tours_are_of_those_who_are_there_and_one_stage_at_a_time(
    aged: ChangingPopulation, tours: pd.DataFrame
) -> None:
    for year in SIMULATED:
        now = in_force(tours, year)
        assert aged.change.present(year)[now["resident_idx"]].all()
        stages = now.groupby(["day_type", "resident_idx"])["from_year"].nunique()
        assert stages.max() == 1


def test_status_goes_with_age(aged: ChangingPopulation) -> None:
    for year in (2030, 2035):
        there, then = (
            aged.change.present(year),
            aged.change.at(aged.population, year).residents[lambda t: t["age"] >= 0],
        )
        people = then[there]
        of_school_age = people["age"].between(*SCHOOL_AGES)
        later = people["age"] > 24
        assert people.loc[of_school_age, "student"].all()
        assert not people.loc[later, "student"].any()
        assert not people.loc[people["age"] < 18, "licence"].any()
        assert not people.loc[people["age"] < 15, "employed"].any()
        np.testing.assert_array_equal(people["employed"], people["work_zone_idx"] >= 0)
        np.testing.assert_array_equal(people["student"], people["school_zone_idx"] >= 0)


def test_shares_by_age_stay_near_those_of_the_first_year(aged: ChangingPopulation) -> None:
    shares = {}
    for year in (2024, 2035):
        people = aged.change.at(aged.population, year).residents[aged.change.present(year)]
        of_age = people[people["age"].between(30, 34)]
        shares[year] = of_age[["employed", "licence"]].mean()
    assert (shares[2035] - shares[2024]).abs().max() < 0.03


def test_licences_go_with_the_cohort(aged: ChangingPopulation) -> None:
    """Women of 65 and over drive more often later, for those who come to that age do today."""
    held = {}
    for year in (2024, 2035):
        people = aged.change.at(aged.population, year).residents[aged.change.present(year)]
        old = people[people["female"] & (people["age"] >= 65)]
        held[year] = old["licence"].mean()
    assert held[2035] > held[2024] + 0.05


def test_fewer_pupils_make_fewer_tours_to_school(aged: ChangingPopulation, tours: pd.DataFrame) -> None:
    pupils, made = {}, {}
    for year in (2030, 2035):
        people = aged.change.at(aged.population, year).residents
        pupils[year] = int((people["student"].to_numpy() & aged.change.present(year)).sum())
        made[year] = int((in_force(tours, year)["purpose"] == Purpose.SCHOOL).sum())
    assert pupils[2035] < pupils[2030]
    assert made[2035] < made[2030]
    assert made[2035] / made[2030] == pytest.approx(pupils[2035] / pupils[2030], abs=0.05)


def test_same_people_whatever_the_order_of_rows(
    zemgale: Region, zemgale_population: Population, aged: ChangingPopulation
) -> None:
    zones = zemgale.zones.iloc[::-1]
    other = change_population(replace(zemgale, zones=zones), zemgale_population, YEARS[:3])
    few = change_population(zemgale, zemgale_population, YEARS[:3])
    pd.testing.assert_frame_equal(other.population.residents, few.population.residents)
    pd.testing.assert_frame_equal(other.change.residence, few.change.residence)
    ids = few.population.residents["resident_id"]
    at = aged.population.residents["resident_id"].searchsorted(ids)
    first, last = (aged.change.residence[name].to_numpy()[at] for name in ("first_year", "last_year"))
    np.testing.assert_array_equal(few.change.residence["first_year"], first)
    np.testing.assert_array_equal(few.change.residence["last_year"], np.where(last >= 2026, 9999, last))


def test_a_sample_has_the_years_of_the_whole(aged: ChangingPopulation) -> None:
    everybody, change = aged.population, aged.change
    kept = np.flatnonzero(everybody.households["household_id"].to_numpy() % 7 == 0)
    some, part = everybody.take(kept), change.take(everybody, kept)
    at = everybody.residents["resident_id"].searchsorted(some.residents["resident_id"])
    for year in (2024, 2031):
        np.testing.assert_array_equal(part.present(year), change.present(year)[at])
        whole = change.at(everybody, year).residents.iloc[at].reset_index(drop=True)
        pd.testing.assert_frame_equal(
            part.at(some, year).residents.drop(columns="household_idx"), whole.drop(columns="household_idx")
        )


# --- signs of the assumptions -------------------------------------------------------------------------------------

AGES = np.stack([largest_remainder(np.linspace(1.2, 0.4, 100), 40_000)])
SIGNS = (
    ("change_share_year.jelgava", 0.02, "total", 1),
    ("deaths_share_75", 0.06, "old", -1),
    ("deaths_rise_per_year", 0.11, "oldest_die", 1),
    ("births_per_resident_20_39", 0.04, "children", 1),
    ("mover_weight.00_14", 3.0, "children", -1),
    ("mover_weight.15_24", 3.0, "middle", -1),
    ("mover_weight.25_44", 3.0, "middle", -1),
    ("mover_weight.45_64", 3.0, "middle", -1),
    ("mover_weight.65_99", 3.0, "old", -1),
)


def _outcome(region: Region | Other, what: str) -> float:
    if what == "oldest_die":
        return float(death_chances(region)[95])  # type: ignore[arg-type]
    found = forecast(region, ["Jelgava"], AGES, (2024, 2025, 2026)).residents[-1, 0]  # type: ignore[arg-type]
    return float({"total": found.sum(), "children": found[0], "middle": found[1], "old": found[2]}[what])


@pytest.mark.parametrize(("key", "value", "what", "sign"), SIGNS)
def test_signs(zemgale: Region, key: str, value: float, what: str, sign: int) -> None:
    leaving = Other(zemgale, **{"change_share_year.jelgava": -0.03})
    changed = Other(zemgale, **{"change_share_year.jelgava": -0.03, key: value})
    assert np.sign(_outcome(changed, what) - _outcome(leaving, what)) == sign


def test_who_gives_up_driving(zemgale: Region, zemgale_population: Population) -> None:
    often = Other(zemgale, licence_loss_share_75plus=0.3)
    held = []
    for region in (zemgale, often):
        found = change_population(region, zemgale_population, YEARS[:3])  # type: ignore[arg-type]
        people = found.change.at(found.population, 2026).residents
        held.append(int((people["licence"] & found.change.present(2026) & (people["age"] >= 75)).sum()))
    assert held[1] < 0.8 * held[0]


def test_births_and_deaths_are_those_of_bauska(zemgale: Region, zemgale_population: Population) -> None:
    """216 births and 612 deaths in 2025 on a mean of 42 072 registered persons (PMLP, quoted by jauns.lv, 2026)."""
    zone = zemgale.zones["municipality"].to_numpy()[zemgale_population.home_zone_idx().to_numpy()]
    age = zemgale_population.residents["age"].to_numpy()[zone == "Bauskas novads"]
    found = forecast(zemgale, ["Bauskas novads"], np.bincount(age, minlength=100)[None, :], (2024, 2025))
    assert found.births[0, 0] == pytest.approx(216 / 42_072 * len(age), rel=0.01)
    assert found.deaths[0, 0] == pytest.approx(612 / 42_072 * len(age), rel=0.01)


def test_changes_since_2017_are_those_of_the_tables(zemgale: Region) -> None:
    """Residents of 1 January 2017 by today's municipalities (zemgale.lv, CSB), against the table of municipalities."""
    of_2017 = {
        "aizkraukles_novads": ("Aizkraukles novads", 30774),
        "bauskas_novads": ("Bauskas novads", 43262),
        "dobeles_novads": ("Dobeles novads", 29891),
        "jekabpils_novads": ("Jēkabpils novads", 42695),
        "jelgava": ("Jelgava", 56743),
        "jelgavas_novads": ("Jelgavas novads", 32052),
    }
    table = zemgale.municipalities.set_index("municipality")
    for key, (name, before) in of_2017.items():
        now, years = table.loc[name, "population"], table.loc[name, "population_year"] - 2017
        expected = (now / before) ** (1.0 / years) - 1.0
        assert zemgale.assumption(f"population.change_share_year.{key}") == pytest.approx(expected, abs=6e-5)


def test_every_assumption_of_ageing_has_a_range_and_a_grade() -> None:
    file = resources.files("zemsim.region") / "packs" / "zemgale" / "assumptions" / "ageing.csv"
    rows = list(csv.DictReader(file.read_text(encoding="utf-8").splitlines()))
    signed = {f"population.{key}" for key, *_ in SIGNS} | {"population.licence_loss_share_75plus"}
    for row in rows:
        assert float(row["low"]) < float(row["value"]) < float(row["high"]), row["key"]
        assert row["grade"] in ("derived", "assumption", "memory")
        assert row["key"] in signed or row["key"].startswith("population.change_share_year."), "has a sign test"


def test_as_few_change_as_the_shares_allow() -> None:
    luck = (np.arange(10_000) + 0.5) / 10_000
    has = np.arange(10_000) % 2 == 0
    for old, new in ((0.5, 0.8), (0.5, 0.2), (0.5, 0.5)):
        shares = np.full(10_000, old), np.full(10_000, new)
        after = _carried_on(has, *shares, luck)
        assert after.mean() == pytest.approx(new, abs=0.01)
        assert (after != has).mean() == pytest.approx(abs(new - old), abs=0.01)
