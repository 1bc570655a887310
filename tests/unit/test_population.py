"""The population of a small region: exact totals, margins, consistency, the same for any order of rows."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from tests.reference.population_region import SmallRegion, small_region
from zemsim.core.errors import ZemsimError
from zemsim.core.names import Powertrain
from zemsim.population import Population, margins_report, synthesise
from zemsim.population.households import TYPES, type_members
from zemsim.population.incomes import MEAN_FACT, RATIO_FACT, wage_spread
from zemsim.population.vehicles import MAX_CARS, weibull_of


@pytest.fixture(scope="module")
def region() -> SmallRegion:
    return small_region()


@pytest.fixture(scope="module")
def population(region: SmallRegion) -> Population:
    return synthesise(region)


@pytest.fixture(scope="module")
def margins(region: SmallRegion, population: Population) -> pd.DataFrame:
    return margins_report(population, region).set_index("margin")


def same(first: Population, second: Population) -> bool:
    names = ("households", "residents", "vehicles")
    return all(getattr(first, name).equals(getattr(second, name)) for name in names)


def test_every_zone_holds_its_population(region: SmallRegion, population: Population) -> None:
    people = np.bincount(population.home_zone_idx(), minlength=len(region.zones))
    assert np.array_equal(people, region.zones["population"])
    sizes = np.bincount(population.residents["household_idx"], minlength=len(population.households))
    assert np.array_equal(sizes, population.households["size_pers"])
    assert sizes.min() >= 1


def test_tables_refer_to_each_other(population: Population) -> None:
    households, residents, vehicles = population.households, population.residents, population.vehicles
    assert households["household_id"].is_unique
    assert residents["resident_id"].is_unique
    assert vehicles["vehicle_id"].is_unique
    assert households["zone_idx"].is_monotonic_increasing
    cars = np.bincount(vehicles["household_idx"], minlength=len(households))
    assert np.array_equal(cars, households["n_cars"])
    assert cars.max() <= MAX_CARS


def test_same_seed_same_population_other_seed_another(region: SmallRegion, population: Population) -> None:
    assert same(population, synthesise(region, seed=1))
    assert not same(population, synthesise(region, seed=2))


def test_order_of_rows_does_not_matter(region: SmallRegion, population: Population) -> None:
    shuffled = replace(region, zones=region.zones.sample(frac=1.0, random_state=5))
    assert same(population, synthesise(shuffled))


def test_a_zone_number_that_is_missing_is_refused(region: SmallRegion) -> None:
    with pytest.raises(ValueError, match="numbered from 0"):
        synthesise(replace(region, zones=region.zones.drop(index=3)))


def test_home_points_lie_inside_their_square(region: SmallRegion, population: Population) -> None:
    homes, zones = population.households, region.zones.loc[population.households["zone_idx"]]
    for axis in ("x_m", "y_m"):
        offset = homes[axis].to_numpy() - zones[axis].to_numpy()
        assert np.all(np.abs(offset) <= zones["size_m"].to_numpy() / 2.0)
        assert np.std(offset / zones["size_m"].to_numpy()) == pytest.approx(np.sqrt(1.0 / 12.0), rel=0.05)


@pytest.mark.parametrize("municipality", ["Jelgava", "Jelgavas novads", "Dobeles novads"])
def test_ages_and_sexes_meet_their_margins(margins: pd.DataFrame, municipality: str) -> None:
    for group in ("share aged 0-14", "share aged 15-64", "share aged 65+"):
        assert margins.loc[f"{group}, {municipality}", "difference"] == pytest.approx(0.0, abs=1e-12)
    assert abs(margins.loc[f"share of women, {municipality}", "difference"]) < 0.002


@pytest.mark.parametrize("size", [1, 2, 3, 4])
def test_household_sizes_meet_their_shares(margins: pd.DataFrame, size: int) -> None:
    assert abs(margins.loc[f"share of households of {size}", "difference"]) < 0.01


def test_households_have_an_adult(population: Population) -> None:
    oldest = population.residents.groupby("household_idx")["age"].max()
    assert oldest.min() >= 15
    assert all(any(letter != "C" for letter in name) for name in TYPES)
    assert np.array_equal(type_members().sum(axis=1), [len(name) for name in TYPES])


def test_employment_commuting_and_cars_meet_their_margins(margins: pd.DataFrame) -> None:
    difference = margins["difference"]
    assert abs(difference["employed of 15 and over"]) < 1e-3
    for place in ("residents_working_in_jelgava", "residents_working_in_riga", "residents_working_in_jelgavas_novads"):
        assert abs(difference[f"share of {place} among workers of Jelgava"]) < 0.015
    assert abs(difference["cars per 1000 residents"]) < 0.2
    assert abs(difference["diesel share of cars"]) < 1e-3
    assert difference["electric cars"] == 0
    assert abs(difference["mean age of cars, years"]) < 0.3
    assert abs(difference["cars of 10 years and over"]) < 0.01
    assert abs(difference["income per member, EUR a month"]) < 0.01
    assert abs(difference["income of the richest over the poorest fifth"]) < 0.01


def test_work_and_school_belong_to_those_who_have_them(region: SmallRegion, population: Population) -> None:
    people, zones = population.residents, region.zones
    assert np.array_equal(people["work_zone_idx"] >= 0, people["employed"])
    assert np.array_equal(people["school_zone_idx"] >= 0, people["student"])
    assert np.all(zones["jobs"].to_numpy()[people.loc[people["employed"], "work_zone_idx"]] > 0)
    pupils = people[people["student"] & (people["age"] <= 18)]
    assert np.all(zones["school_places"].to_numpy()[pupils["school_zone_idx"]] > 0)
    assert people.loc[people["age"].between(7, 18), "student"].all()
    assert not people.loc[people["age"] < 15, "employed"].any()
    assert not people.loc[people["age"] < 18, "licence"].any()


def test_electric_cars_have_batteries_and_richer_owners(population: Population) -> None:
    vehicles, households = population.vehicles, population.households
    electric = vehicles["powertrain"] == Powertrain.BEV
    assert np.all((vehicles["battery_kwh"] > 0) == electric)
    income = households["income_eur_month"].to_numpy()[vehicles["household_idx"]]
    assert income[electric].mean() > 1.3 * income[~electric].mean()
    assert vehicles.loc[electric, "age_years"].max() <= 11


def test_cars_follow_income_and_licences(population: Population) -> None:
    households = population.households
    rich = households["income_eur_month"] > households["income_eur_month"].median()
    assert households.loc[rich, "n_cars"].mean() > 1.3 * households.loc[~rich, "n_cars"].mean()
    licences = population.residents.groupby("household_idx")["licence"].sum()
    assert (households["n_cars"] > licences).mean() < 0.06


def test_income_ratio_is_one_on_average(population: Population) -> None:
    assert population.residents["income_ratio"].mean() == pytest.approx(1.0, rel=1e-5)
    assert population.households["income_eur_month"].min() > 0


def test_members_of_a_household_share_its_income(region: SmallRegion, population: Population) -> None:
    ratio = population.residents.groupby("household_idx")["income_ratio"]
    assert (ratio.min() == ratio.max()).all()
    income = population.households["income_eur_month"].to_numpy(np.float64).sum()
    assert income / len(population.residents) == pytest.approx(region.fact(MEAN_FACT), rel=1e-6)


def test_incomes_that_cannot_be_met_are_errors(region: SmallRegion) -> None:
    for fact, value, message in ((MEAN_FACT, 100.0, "pensions and benefits"), (RATIO_FACT, 1e6, "no spread")):
        with pytest.raises(ZemsimError, match=message):
            synthesise(replace(region, facts={**region.facts, fact: value}))


def test_flats_follow_the_dwellings_of_the_zone(region: SmallRegion, population: Population) -> None:
    households = population.households
    count = households.groupby("zone_idx")["flat"].agg(["sum", "size"])
    zones = region.zones.loc[count.index]
    share = zones["dwellings_flat"] / (zones["dwellings_flat"] + zones["dwellings_house"])
    assert np.all(np.abs(count["sum"] - share * count["size"]) <= 0.5 + 1e-9)


def test_more_jobs_in_the_capital_send_more_workers_there(region: SmallRegion, population: Population) -> None:
    zones = region.zones.copy()
    riga = zones.index[zones["settlement_id"] == "riga"][0]
    zones.loc[riga, "jobs"] *= 1.05
    more = synthesise(replace(region, zones=zones))
    assert (more.residents["work_zone_idx"] == riga).sum() > (population.residents["work_zone_idx"] == riga).sum()


def test_population_refuses_wrong_columns(population: Population) -> None:
    with pytest.raises(ValueError, match="vehicles must have columns"):
        replace(population, vehicles=population.vehicles.drop(columns="battery_kwh"))
    with pytest.raises(ValueError, match="sorted by household"):
        replace(population, residents=population.residents.iloc[::-1].reset_index(drop=True))


def test_laws_of_wages_and_ages() -> None:
    assert wage_spread(np.exp(0.5 * 0.4**2), 1.0) == pytest.approx(0.4)
    shape, scale = weibull_of(14.5, 10.0, 0.75)
    assert np.exp(-((10.0 / scale) ** shape)) == pytest.approx(0.75, abs=1e-9)
