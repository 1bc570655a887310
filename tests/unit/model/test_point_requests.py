"""Points on request: who asks, where the point comes, what it changes for charging and for who thinks of a car."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from tests.unit.model.small_world import COMPANIES, REQUESTS, fresh_run, measures, run, with_settings
from zemsim.core.names import ChargingPlace, Powertrain, Season
from zemsim.core.schema import check_table
from zemsim.model.doorsteps import Doorsteps
from zemsim.model.explain import explain_today
from zemsim.model.model import MobilityModel
from zemsim.model.point_requests import (
    CORNER_M,
    answer_requests,
    corner_of,
    entitled,
    homes_m,
    take_turns,
    without_plug,
)
from zemsim.policy.rules import RequestRule

if TYPE_CHECKING:
    from collections.abc import Iterator

    import pandas as pd

    from zemsim.model.world import World

RULE = RequestRule(
    "m",
    zones=np.ones(3, np.bool_),
    walk_max_m=250.0,
    asking_share=1.0,
    cars_per_point=2.0,
    post_points=2,
    power_kw=11.0,
    price_eur_kwh=0.25,
    posts_year=10,
    budget_eur_year=1e6,
    ready_year=2027,
    capex_eur=6_500.0,
)
#: Ten homes at one place, then one far away.
HOMES = np.array([[1030.0, 2040.0]] * 10 + [[9000.0, 9000.0]])


def test_turns_go_to_the_nearest_place_within_the_walk_that_has_one() -> None:
    places = np.array([[0.0, 0.0], [100.0, 0.0]])
    turns = np.array([1.0, 2.0])
    homes = np.array([[10.0, 0.0], [10.0, 0.0], [340.0, 0.0], [350.0, 0.0], [351.0, 0.0]])
    assert take_turns(homes, places, turns, 250.0).tolist() == [0, 1, 1, -1, -1]
    assert turns.tolist() == [0.0, 0.0]
    assert take_turns(homes[3:], places, np.ones(2), 250.0).tolist() == [1, -1]  # just within the walk, and beyond
    assert take_turns(homes, np.empty((0, 2)), np.empty(0), 250.0).tolist() == [-1] * 5


def test_a_post_serves_as_many_as_it_has_turns() -> None:
    """Four turns a post: three posts for ten neighbours, one for the home far away."""
    answer = answer_requests(RULE, HOMES)
    assert [(post.corner_m, post.requests) for post in answer.posts] == [
        ((1000.0, 2000.0), 4),
        ((1000.0, 2000.0), 4),
        ((1000.0, 2000.0), 2),
        ((9000.0, 9000.0), 1),
    ]
    assert [post.first for post in answer.posts] == [0, 4, 8, 10]
    assert answer.posts[0].distance_m == pytest.approx(50.0)
    assert answer.refused == {}


def test_number_and_budget_refuse_and_are_told_apart() -> None:
    few = answer_requests(replace(RULE, posts_year=1), HOMES)
    assert len(few.posts) == 1
    assert few.refused == {"no_number": 7}
    poor = answer_requests(replace(RULE, budget_eur_year=2 * 13_000.0), HOMES)
    assert len(poor.posts) == 2
    assert poor.refused == {"no_budget": 3}
    assert answer_requests(replace(RULE, budget_eur_year=12_999.0), HOMES).posts == ()


@pytest.mark.parametrize(
    ("changes", "sign"),
    [
        ({"posts_year": 2}, -1),
        ({"budget_eur_year": 30_000.0}, -1),
        ({"capex_eur": 600_000.0}, -1),
        ({"cars_per_point": 4.0}, -1),
        ({"post_points": 4}, -1),
        ({"walk_max_m": 20_000.0}, -1),
        ({"cars_per_point": 1.0}, 1),
    ],
)
def test_signs_of_the_rule(changes: dict[str, Any], sign: int) -> None:
    """Posts that are ordered, against the usual rule."""
    usual, other = answer_requests(RULE, HOMES), answer_requests(replace(RULE, **changes), HOMES)
    assert np.sign(len(other.posts) - len(usual.posts)) == sign


def test_a_corner_is_never_further_than_half_its_diagonal() -> None:
    homes = np.random.default_rng(3).uniform(-1e4, 1e4, (500, 2))
    corners = np.array([corner_of(home) for home in homes])
    assert np.hypot(*(homes - corners).T).max() <= CORNER_M / np.sqrt(2.0)
    assert (corners % CORNER_M == 0.0).all()


@pytest.fixture(scope="module")
def flats(world: World) -> World:
    """The small world with flats for everybody and electric cars for many: there is somebody to ask."""
    population = world.population
    homes = population.households.assign(flat=True, home_charging=False)
    cars = population.vehicles.copy()
    cars.loc[cars.index % 4 == 0, ["powertrain", "battery_kwh"]] = int(Powertrain.BEV), 60.0
    made = replace(world, population=replace(population, households=homes, vehicles=cars))
    return with_settings(made, years=(2024, 2025, 2026), days_in=(2024, 2026), day_iterations=1, first_iterations=0)


@pytest.fixture(scope="module")
def model(flats: World) -> Iterator[MobilityModel]:
    built = MobilityModel(flats, seed=1)
    yield built
    built.close()


@pytest.fixture(scope="module")
def runs(model: MobilityModel) -> dict[str, dict[str, pd.DataFrame]]:
    return {"baseline": run(model), "requests": run(model, "requests", REQUESTS)}


def test_posts_come_near_who_asks_a_year_later(model: MobilityModel, runs: dict[str, dict[str, pd.DataFrame]]) -> None:
    made = runs["requests"]["reactions"]
    check_table(made, "reactions")
    posts = made[made["points"] > 0]
    assert set(made["actor"]) == {"municipality"}
    assert len(posts) > 5
    assert (posts["ready_year"] == posts["year"] + 1).all()
    assert (posts["distance_m"] <= 71.0).all()
    assert (posts["requests"] >= 1).all()
    home = homes_m(model)
    for x, y in posts[["x_m", "y_m"]].to_numpy():
        assert np.hypot(*(home - [x, y]).T).min() <= 71.0
    stations = runs["requests"]["stations"]
    new = stations[~stations["site_id"].isin(runs["baseline"]["stations"]["site_id"])]
    assert set(new["year"]) == {2026}
    assert set(new["site_id"]) == set(posts.loc[posts["year"] < 2026, "site_id"])
    assert new["energy_kwh"].sum() > 0.0
    assert (new["peak_kw"] <= new["points"] * 11.0 + 1e-6).all()


def test_budget_and_number_hold_in_each_municipality_and_year(runs: dict[str, dict[str, pd.DataFrame]]) -> None:
    made = runs["requests"]["reactions"]
    of = made.groupby(["year", "actor_name"])
    assert of["cost_eur"].sum().max() <= 40_000.0
    assert (made[made["points"] > 0].groupby(["year", "actor_name"]).size() <= 5).all()
    assert "no_budget" in set(made["why"])
    assert made.loc[made["action"] == "refuse", "requests"].min() >= 1


def test_the_municipality_pays_and_the_points_stand(runs: dict[str, dict[str, pd.DataFrame]]) -> None:
    made, paid = runs["requests"]["reactions"], runs["requests"]["payments"]
    lines = paid[paid["measure_id"] == "test-0"].set_index(["item", "year"])
    assert set(lines["payer"]) == {"municipality"}
    for year, cost in made.groupby("year")["cost_eur"].sum().items():
        assert lines.loc[("chargers", year), "amount_eur"] == pytest.approx(cost)
    first = made.loc[made["year"] == 2024, "points"].sum()
    assert lines.loc[("upkeep", 2024), "quantity"] == 0
    assert lines.loc[("upkeep", 2025), "quantity"] == first
    assert lines.loc[("upkeep", 2025), "amount_eur"] == pytest.approx(first * 6500 * 0.08)


def test_a_post_is_used_by_those_beside_it_and_sells_electric_cars(
    model: MobilityModel, runs: dict[str, dict[str, pd.DataFrame]]
) -> None:
    """Posts are cheap here: who lives beside one charges there, and more of the neighbours buy an electric car."""
    sessions = {name: found["sessions"] for name, found in runs.items()}
    slow = {
        name: int(((s["place"] == ChargingPlace.PUBLIC_SLOW) & (s["year"] == 2026)).sum())
        for name, s in sessions.items()
    }
    assert slow["requests"] > slow["baseline"]
    bought = {
        name: int(((found["purchases"]["powertrain"] == Powertrain.BEV) & (found["purchases"]["year"] > 2024)).sum())
        for name, found in runs.items()
    }
    assert bought["requests"] >= bought["baseline"]
    model.start("requests", measures(REQUESTS))
    for year in (2024, 2025):
        model.year = year
        model.run_year()
    model.year = 2026
    model.schedule.year[0].run(model)
    near = model.charger_works.free_turn_near(model)
    assert near.any()
    assert not near.all()
    posts = np.array([b.site.at_m for b in model.charger_works.built if b.ready_year <= 2026])
    away = np.hypot(*(homes_m(model)[near][:, None, :] - posts[None, :, :]).transpose(2, 0, 1)).min(axis=1)
    assert away.max() <= 250.0
    counted = model.charger_works.points_for_all(model)
    assert counted.sum() < model.stations.table.points.sum()
    region = len(model.world.region.chargers)
    assert np.array_equal(counted[:region], model.stations.table.points[:region])
    assert not counted[region:].any()
    within = Doorsteps.within(model, posts, 250.0)
    every = np.hypot(*(homes_m(model)[:, None, :] - posts[None, :, :]).transpose(2, 0, 1)).min(axis=1) <= 250.0
    assert np.array_equal(within, every & without_plug(model))
    steps = model.charger_works.doorsteps(model)
    assert steps.row_of is not None
    mine = np.flatnonzero(steps.row_of >= 0)
    assert set(mine) <= set(entitled(model, model.conditions.request_rules))
    n_zones = len(model.world.region.zones)
    row = int(steps.row_of[mine[0]])
    site = int(steps.near["slow_near"][row, 0])
    metres = float(np.hypot(*(homes_m(model)[mine[0]] - model.sites.at_m[site])))
    minutes = 2.0 * model.parameters["charger_detour_ratio"] * metres / 1000.0 / model.parameters["v_walk"] * 60.0
    assert steps.near["slow_walk_min"][row, 0] == pytest.approx(minutes, rel=1e-6)
    for name, values in steps.near.items():
        assert np.array_equal(values[:n_zones], model.near_now[name])


def test_explain_tells_of_the_post_and_of_the_request(model: MobilityModel) -> None:
    model.start("requests", measures(REQUESTS))
    for year in (2024, 2025, 2026):
        model.year = year
        model.run_year()
    steps, works = model.charger_works.doorsteps(model), model.charger_works
    assert steps.row_of is not None
    people, households = model.residents.table, model.households.table

    def told(home: int) -> dict[str, Any]:
        row = int(np.flatnonzero(people.household_idx == home)[0])
        found: dict[str, Any] = explain_today(model, int(people.resident_id[row]))["home_charging"]
        return found

    beside = told(int(np.flatnonzero(steps.row_of >= 0)[0]))
    assert beside["post"].startswith("test-0/")
    assert beside["post_m"] <= 250.0
    waiting = int(np.flatnonzero(np.isin(households.household_id, list(works.asked_since)))[0])
    assert told(waiting)["asked_since"] == works.asked_since[int(households.household_id[waiting])]
    assert "post" not in told(int(np.flatnonzero(steps.row_of < 0)[0]))


def test_who_asked_first_comes_first_and_nobody_asks_with_a_turn_at_hand(model: MobilityModel) -> None:
    model.start("requests", measures(REQUESTS | {"posts_per_year": 1, "budget_eur_year": 13_000}))
    model.run()
    since = model.charger_works.asked_since
    assert set(since.values()) <= {2024, 2025, 2026}
    made = model.records["reactions"]
    waiting = made[made["action"] == "refuse"].groupby("year")["requests"].sum()
    assert waiting.min() > 0
    model.start("requests", measures(REQUESTS | {"asking_share": 0.0}))
    assert len(model.run()["reactions"]) == 0


def test_asking_more_orders_more(model: MobilityModel, runs: dict[str, dict[str, pd.DataFrame]]) -> None:
    rich = REQUESTS | {"posts_per_year": 1000, "budget_eur_year": 1e7}
    counts = []
    for share in (0.3, 1.0):
        model.start("requests", measures(rich | {"asking_share": share}))
        model.year = 2024
        model.run_year()
        counts.append(len(model.charger_works.rows))
    assert 0 < counts[0] < counts[1]


def test_posts_close_with_their_measure(model: MobilityModel) -> None:
    made = run(model, "requests", REQUESTS | {"until_year": 2025})
    assert made["reactions"]["year"].max() == 2025
    new = ~made["stations"]["site_id"].isin(model.world.region.chargers["site_id"])
    assert not new.any()


def test_the_same_bytes_off_and_on_whatever_threads_and_order(
    flats: World, runs: dict[str, dict[str, pd.DataFrame]]
) -> None:
    assert len(runs["baseline"]["reactions"]) == 0
    for threads in (1, 2):
        again = fresh_run(flats, "requests", REQUESTS, threads=threads)
        for name, table in runs["requests"].items():
            assert table.equals(again[name]), (threads, name)


def test_both_rules_live_together_over_two_seasons(flats: World) -> None:
    """A station that is built in the middle of a run has a row in every table; the charging balances hold."""
    two = with_settings(flats, seasons=(Season.WINTER, Season.SUMMER))
    model = MobilityModel(two, seed=2)
    made = run(model, "requests", REQUESTS, COMPANIES)
    assert set(made["reactions"]["actor"]) == {"company", "municipality"}
    assert model.book.counts["charging_overlaps"] == 0
    assert model.book.counts["energy_gap_kwh"] < 1e-9
    assert model.book.counts["money_gap_eur"] < 1e-9
    site = made["sessions"]["site_idx"].max()
    assert site < len(model.stations) == len(model.sites.site_id) == len(set(model.sites.site_id))
    model.close()
