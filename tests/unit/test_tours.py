"""Tours of a small region: they meet the survey, never overlap, and belong to who makes them."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from tests.reference.population_region import SmallRegion, small_region
from zemsim.core.errors import ZemsimError
from zemsim.core.names import PERIODS, DayType, Purpose
from zemsim.population import Population, make_tours, synthesise, tours_report
from zemsim.population.inputs import straight_km
from zemsim.population.plans import groups, work_chances
from zemsim.population.timing import period_of
from zemsim.population.tours import TOUR_DTYPES

SPEED_KM_H = 45.0


@pytest.fixture(scope="module")
def region() -> SmallRegion:
    return small_region(24_000)


@pytest.fixture(scope="module")
def population(region: SmallRegion) -> Population:
    return synthesise(region)


@pytest.fixture(scope="module")
def distance_km(region: SmallRegion) -> np.ndarray:
    return straight_km(region.zones, 1.3).astype(np.float32)


@pytest.fixture(scope="module")
def tours(region: SmallRegion, population: Population, distance_km: np.ndarray) -> pd.DataFrame:
    return make_tours(region, population, distance_km, seed=1)


@pytest.fixture(scope="module")
def report(region: SmallRegion, population: Population, tours: pd.DataFrame) -> pd.DataFrame:
    return tours_report(tours, population, region).set_index(["indicator", "day_type"])


def test_columns_and_order(tours: pd.DataFrame) -> None:
    assert {c: str(t) for c, t in tours.dtypes.items()} == TOUR_DTYPES
    order = tours.sort_values(["day_type", "resident_idx", "depart_min"], kind="stable").index
    assert np.array_equal(order, np.arange(len(tours)))
    assert tours.attrs["left_off"] <= 0.0001 * len(tours)


def test_same_seed_same_tours_other_seed_others(
    region: SmallRegion, population: Population, distance_km: np.ndarray, tours: pd.DataFrame
) -> None:
    assert tours.equals(make_tours(region, population, distance_km, seed=1))
    other = make_tours(region, population, distance_km, seed=2)
    assert not tours.equals(other)
    assert len(other) == pytest.approx(len(tours), rel=0.02)
    shuffled = replace(region, zones=region.zones.sample(frac=1.0, random_state=9))
    assert tours.equals(make_tours(shuffled, population, distance_km, seed=1))


def test_trip_rates_and_mobile_shares_meet_the_survey(report: pd.DataFrame) -> None:
    for day in ("weekday", "weekend"):
        rate = report.loc[("trips per person-day", day)]
        assert rate["value"] == pytest.approx(rate["target"], rel=0.03)
        assert abs(report.loc[("share who leave home", day), "difference"]) < 0.015


def test_purposes_meet_the_survey(report: pd.DataFrame) -> None:
    for purpose in ("shopping", "leisure"):
        assert abs(report.loc[(f"share of trips for {purpose}", "mean"), "difference"]) < 0.015
    for purpose in ("work", "shopping", "leisure", "escort"):
        assert abs(report.loc[(f"share of trips for {purpose}", "weekend"), "difference"]) < 0.015
    assert abs(report.loc[("share of trips for escort", "weekday"), "difference"]) < 0.015
    assert abs(report.loc[("workers who go to work", "weekday"), "difference"]) < 0.02


def test_kilometres_meet_the_survey(report: pd.DataFrame) -> None:
    total = report.loc[("km per person-day", "mean")]
    assert total["value"] == pytest.approx(total["target"], rel=0.05)
    for purpose in ("shopping", "escort", "business"):
        row = report.loc[(f"km per trip for {purpose}", "mean")]
        assert row["value"] == pytest.approx(row["target"], rel=0.10)


def test_tours_of_a_resident_do_not_overlap(tours: pd.DataFrame) -> None:
    travel = np.ceil(tours["road_km"].to_numpy(np.float64) / SPEED_KM_H * 60.0)
    home = tours["leave_min"].to_numpy() + travel
    assert np.all(tours["leave_min"] >= tours["depart_min"] + travel)
    assert home.max() <= 24 * 60
    assert tours["depart_min"].min() >= 5 * 60
    same = (tours["resident_idx"].diff() == 0) & (tours["day_type"].diff() == 0)
    later = np.flatnonzero(same)
    assert np.all(tours["depart_min"].to_numpy()[later] > home[later - 1])
    assert tours.groupby(["day_type", "resident_idx"]).size().max() == 3


def test_periods_are_the_windows_of_the_departures(tours: pd.DataFrame) -> None:
    for minute, period in (("depart_min", "period_out"), ("leave_min", "period_back")):
        for idx, window in enumerate(PERIODS):
            rows = tours[tours[period] == idx]
            assert np.all(rows["day_type"] == window.day_type)
            of_day = [p for p in PERIODS if p.day_type == window.day_type]
            first, last = window is of_day[0], window is of_day[-1]
            assert np.all((rows[minute] >= window.start_min) | first)
            assert np.all((rows[minute] < window.end_min) | last)


@pytest.mark.parametrize(
    ("day", "minute", "period"),
    [
        (DayType.WEEKDAY, 0, 0),
        (DayType.WEEKDAY, 539, 0),
        (DayType.WEEKDAY, 540, 1),
        (DayType.WEEKDAY, 1439, 3),
        (DayType.WEEKEND, 100, 4),
        (DayType.WEEKEND, 900, 5),
    ],
)
def test_period_of_a_minute(day: DayType, minute: int, period: int) -> None:
    assert period_of(day, np.array([minute])).tolist() == [period]


def test_places_are_those_of_the_resident(region: SmallRegion, population: Population, tours: pd.DataFrame) -> None:
    people = population.residents.iloc[tours["resident_idx"]].reset_index(drop=True)
    assert np.array_equal(tours["origin_zone_idx"], population.home_zone_idx().iloc[tours["resident_idx"]])
    for purpose, column in ((Purpose.WORK, "work_zone_idx"), (Purpose.SCHOOL, "school_zone_idx")):
        rows = tours["purpose"] == purpose
        assert np.array_equal(tours.loc[rows, "dest_zone_idx"], people.loc[rows, column])
    shopping = tours[tours["purpose"] == Purpose.SHOPPING]
    assert np.all(region.zones["shop_weight"].to_numpy()[shopping["dest_zone_idx"]] > 0)
    zones = region.zones.loc[tours["dest_zone_idx"]].reset_index(drop=True)
    for axis in ("x_m", "y_m"):
        assert np.all(np.abs(tours[f"dest_{axis}"] - zones[axis]) <= zones["size_m"] / 2.0 + 1e-6)
    assert not people["age"].lt(7).any()


def test_kilometres_of_a_tour(
    region: SmallRegion, population: Population, distance_km: np.ndarray, tours: pd.DataFrame
) -> None:
    road = distance_km[tours["origin_zone_idx"], tours["dest_zone_idx"]]
    assert np.array_equal(tours["road_km"], road)
    owner = population.residents["household_idx"].to_numpy()[tours["resident_idx"]]
    home = population.households.iloc[owner]
    dx = tours["dest_x_m"].to_numpy() - home["x_m"].to_numpy()
    dy = tours["dest_y_m"].to_numpy() - home["y_m"].to_numpy()
    straight = np.sqrt(dx**2 + dy**2) / 1000.0 * region.assumption("population.detour_ratio")
    assert tours["active_km"].to_numpy() == pytest.approx(
        np.maximum(straight, region.assumption("active_least_km")), rel=1e-5
    )
    assert (tours.loc[tours["purpose"] == Purpose.WORK, "active_km"] < 2.0).mean() > 0.1


def test_the_least_distance_on_foot_is_that_of_the_region(
    region: SmallRegion, population: Population, distance_km: np.ndarray, tours: pd.DataFrame
) -> None:
    wider = replace(region, assumptions={**region.assumptions, "active_least_km": 0.75})
    longer = make_tours(wider, population, distance_km, seed=1)
    assert (tours["active_km"] < 0.75).any()
    assert np.array_equal(longer["active_km"], np.maximum(tours["active_km"], np.float32(0.75)))


def test_work_is_at_one_place_on_all_days(tours: pd.DataFrame) -> None:
    work = tours[tours["purpose"] == Purpose.WORK]
    points = work.groupby("resident_idx")[["dest_x_m", "dest_y_m"]].nunique()
    assert points.to_numpy().max() == 1


def test_work_comes_early_and_escort_before_it(tours: pd.DataFrame) -> None:
    weekday = tours[tours["day_type"] == DayType.WEEKDAY]
    work = weekday[weekday["purpose"] == Purpose.WORK]
    assert work["depart_min"].between(5 * 60, 10 * 60).mean() > 0.95
    first = weekday.groupby("resident_idx").head(1)
    before = first[(first["purpose"] == Purpose.ESCORT) & first["resident_idx"].isin(work["resident_idx"])]
    assert len(before) > 0.01 * len(work)


def test_far_workers_travel_to_work_on_fewer_days(region: SmallRegion) -> None:
    worker = np.array([True, True, True, False])
    chance = work_chances(region, worker, np.array([5.0, 5.0, 80.0, 5.0]), tours=2.0)
    assert chance[3] == 0.0
    assert chance.sum() == pytest.approx(2.0)
    assert chance[0] == chance[1] > chance[2]
    with pytest.raises(ZemsimError, match="cannot make"):
        work_chances(region, worker, np.zeros(4), tours=2.95)


def test_groups_part_the_mandatory(population: Population) -> None:
    who = groups(population)
    assert not np.any(who.worker & who.pupil)
    assert not np.any(who.surveyed & (who.child | who.oldest))


def test_impossible_kilometres_are_an_error(
    region: SmallRegion, population: Population, distance_km: np.ndarray
) -> None:
    facts = {**region.facts, "mobility_survey.latvia.shopping_km_mean": 900.0}
    with pytest.raises(ZemsimError, match="mean of 450"):
        make_tours(replace(region, facts=facts), population, distance_km, seed=1)


def test_a_workplace_out_of_reach_is_an_error(
    region: SmallRegion, population: Population, distance_km: np.ndarray
) -> None:
    cut = distance_km.copy()
    cut[:, -2] = np.inf
    with pytest.raises(ZemsimError, match="cannot reach their work"):
        make_tours(region, population, cut, seed=1)


def test_distance_of_another_size_is_refused(region: SmallRegion, population: Population) -> None:
    with pytest.raises(ValueError, match="shape"):
        make_tours(region, population, np.zeros((2, 2), dtype=np.float32), seed=1)
