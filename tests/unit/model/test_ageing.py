"""A model whose population follows a forecast: who is there acts, nobody else does; luck and tables stay."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import pytest

from tests.unit.model.small_world import SEEDS, SETTINGS, some_households
from zemsim.calibrate.sampling import sampled
from zemsim.evidence.factors import load_factors
from zemsim.evidence.indicators import Setting, indicators
from zemsim.evidence.residence import Residence
from zemsim.evidence.verdicts import case_verdicts
from zemsim.experiment.population_years import with_spans
from zemsim.experiment.shared_tables import persons_table, with_transit_km, zones_table
from zemsim.model.model import MobilityModel
from zemsim.model.schedule import YEAR
from zemsim.policy.levers import MeasureFile
from zemsim.population.change import change_population
from zemsim.population.stages import make_tours_of_years

if TYPE_CHECKING:
    from zemsim.model.world import World
    from zemsim.population import Population
    from zemsim.region import Region

HALF_FARES = {
    "lever": "bus_fare",
    "fare_share": 0.5,
    "from_year": 2026,
    "source": "a test",
    "grade": "assumption",
    "paid_by": "state",
}


@pytest.fixture(scope="module")
def ageing(zemgale: Region, zemgale_population: Population, world: World) -> World:
    """The small world with a population that changes."""
    found = change_population(zemgale, zemgale_population, SETTINGS.years)
    everybody, change = found.population, found.change
    ids = zemgale_population.households["household_id"].to_numpy()[some_households(zemgale, zemgale_population)]
    like = change.like_household_idx
    own = everybody.households["household_id"].to_numpy()
    kept = np.flatnonzero(np.isin(np.where(like >= 0, own[np.maximum(like, 0)], own), ids))
    population, change = everybody.take(kept), change.take(everybody, kept)
    km = world.road_skim.distance_km
    days, first = SETTINGS.days_in, SETTINGS.years[0]
    tours = {s: make_tours_of_years(zemgale, population, change, days, first, km, s) for s in SEEDS[:1]}
    return replace(world, population=population, change=change, tours=tours)


@pytest.fixture
def model(ageing: World) -> Iterator[MobilityModel]:
    built = MobilityModel(ageing, seed=1)
    yield built
    built.close()


@pytest.fixture(scope="module")
def baseline(ageing: World) -> Iterator[tuple[MobilityModel, dict[str, pd.DataFrame]]]:
    """A model that has walked through all years, and its tables."""
    built = MobilityModel(ageing, seed=1)
    yield built, built.run()
    built.close()


def renewed(model: MobilityModel, year: int) -> None:
    """Let the years up to one begin."""
    for each in range(2024, year + 1):
        model.year = each
        model._do(YEAR[:2])


def test_who_is_not_there_has_nothing(model: MobilityModel) -> None:
    renewed(model, 2027)
    residents, change = model.residents.table, model.world.change
    assert change is not None
    away = ~change.present(2027)
    assert away.any()
    for name in ("licence", "employed", "student", "bike", "ebike"):
        assert not residents.columns[name][away].any()
    assert (residents.age[away] == 0).all()
    np.testing.assert_array_equal(residents.age[~away], change.ages(2027)[~away])
    for plan in model.plans.values():
        assert (plan.tour_end == plan.tour_start)[away].all()
        made = np.concatenate([np.arange(a, b) for a, b in zip(plan.tour_start, plan.tour_end, strict=True)])
        np.testing.assert_array_equal(np.sort(made), np.flatnonzero(plan.in_force))


def test_status_is_that_of_the_population(model: MobilityModel) -> None:
    renewed(model, 2027)
    change = model.world.change
    assert change is not None
    there, then = change.present(2027), change.at(model.world.population, 2027).residents
    for name in ("age", "employed", "student", "licence", "bike", "school_zone_idx"):
        np.testing.assert_array_equal(model.residents.table.columns[name][there], then[name].to_numpy()[there])


def test_fares_see_the_new_age(model: MobilityModel) -> None:
    renewed(model, 2027)
    for plan in model.plans.values():
        who = plan.column("resident_idx")
        np.testing.assert_array_equal(plan.age, model.residents.table.age[who])
        share = model.conditions.fare_share[:, plan.columns.origin, plan.age].T
        np.testing.assert_array_equal(plan.fare_share()[plan.in_force], share[plan.in_force])


def test_cars_go_and_come_with_households(model: MobilityModel) -> None:
    vehicles, change = model.vehicles, model.world.change
    assert change is not None
    home = model.residents.table.household_idx
    counts = []
    for year in (2024, 2025, 2026, 2027):
        before = int(vehicles.owned.sum())
        model.year = year
        model._do(YEAR[:2])
        lived = np.bincount(home[change.present(year)], minlength=len(model.households)) > 0
        assert not (vehicles.owned & ~lived[vehicles.household_idx]).any()
        counts.append(
            (int(vehicles.owned.sum()) - before, model.book.counts["cars_came"], model.book.counts["cars_left"])
        )
    total = sum(changed for changed, _, _ in counts)
    assert total == counts[-1][1] - counts[-1][2]
    assert counts[-1][1] > 0
    assert counts[-1][2] > 0


def test_only_those_present_travel_and_buy(baseline: tuple[MobilityModel, dict[str, pd.DataFrame]]) -> None:
    model, tables = baseline
    change = model.world.change
    assert change is not None
    who = model.world.tours[1]["resident_idx"].to_numpy()
    home = model.residents.table.household_idx
    for year in SETTINGS.days_in:
        trips = tables["trips"][tables["trips"]["year"] == year]
        assert change.present(year)[who[trips["tour_idx"]]].all()
    for year in SETTINGS.years:
        lived = np.bincount(home[change.present(year)], minlength=len(model.households)) > 0
        for name in ("purchases", "vehicles"):
            rows = tables[name][tables[name]["year"] == year]
            assert lived[rows["household_idx"]].all(), name


def test_again_and_with_two_threads_the_same_tables(
    ageing: World, baseline: tuple[MobilityModel, dict[str, pd.DataFrame]]
) -> None:
    model, tables = baseline
    model.start("baseline", ())
    again = model.run()
    other = MobilityModel(ageing, seed=1, threads=2)
    threads = other.run()
    other.close()
    for name, table in tables.items():
        pd.testing.assert_frame_equal(again[name], table)
        pd.testing.assert_frame_equal(threads[name], table)


def test_before_a_measure_begins_a_policy_is_the_baseline(ageing: World, baseline: object) -> None:
    """From a checkpoint or not: residents of the shared years are the same, and so is who comes and goes later."""
    tables = {}
    for walked in (False, True):
        model = MobilityModel(ageing, seed=1)
        if walked:
            model.run()
        model.start("half-fares", MeasureFile.of([HALF_FARES]))
        tables[walked] = model.run()
        people = model.residents.table
        np.testing.assert_array_equal(people.age > 0, (ageing.change.ages(2027) > 0) & ageing.change.present(2027))
        model.close()
    for name, table in tables[True].items():
        pd.testing.assert_frame_equal(table, tables[False][name])


def test_indicators_are_of_the_residents_of_the_year(
    ageing: World, baseline: tuple[MobilityModel, dict[str, pd.DataFrame]]
) -> None:
    model, tables = baseline
    change = ageing.change
    assert change is not None
    full = with_transit_km(ageing.tours[1], ageing)
    shared = with_spans({"persons": persons_table(ageing.region, ageing.population, change), "tours": full}, change)
    setting = Setting(
        zones_table(ageing.region),
        shared["persons"],
        shared["tours"],
        SETTINGS.years,
        SETTINGS.days_in,
        load_factors(),
        SETTINGS.seasons,
        residence=Residence.of(shared["residence"], shared["tour_spans"]),
    )
    rows = indicators(tables, setting, "baseline", 1).set_index(["indicator", "year", "group", "place"])["value"]
    for year in SETTINGS.days_in:
        n = int(change.present(year).sum())
        assert rows["residents", year, "all", "region"] == n
        trips = rows["trips_year", year, "all", "region"]
        assert rows["trips_per_person_day", year, "all", "region"] == pytest.approx(trips / n / 365.0)
    assert sum(rows["residents", 2027, f"quintile-{k}", "region"] for k in range(1, 6)) == change.present(2027).sum()
    verdicts = {row["check"]: row for row in case_verdicts(tables, setting, model.book.counts)}
    assert verdicts["all-tours-made"]["passed"]
    assert verdicts["cars-of-movers"]["passed"]
    assert model.book.counts["cars_left"] > 0
    gone = change.residence["last_year"].to_numpy() < 2027
    homes = setting.persons["household_idx"].to_numpy()
    empty = np.setdiff1d(homes[gone], homes[change.present(2027)])
    assert len(empty) > 0
    cars = tables["vehicles"]
    strays = cars[cars["year"] == 2027].iloc[:2].assign(household_idx=empty[0])
    left_behind = tables | {"vehicles": pd.concat([cars, strays])}
    found = {row["check"]: row for row in case_verdicts(left_behind, setting, model.book.counts)}["cars-of-movers"]
    assert (found["passed"], found["value"]) == (False, 2)


def test_a_sample_keeps_those_whose_cars_new_households_bring(ageing: World) -> None:
    part = sampled(ageing, 0.4)
    assert part.change is not None
    assert ageing.change is not None
    assert len(part.change.residence) == len(part.population.residents)
    new = (ageing.change.like_household_idx >= 0).sum()
    kept = part.change.like_household_idx
    assert 0 < (kept >= 0).sum() < new
    own = part.population.households["household_id"].to_numpy()
    at = ageing.population.households["household_id"].searchsorted(own)
    np.testing.assert_array_equal(kept >= 0, ageing.change.like_household_idx[at] >= 0)
