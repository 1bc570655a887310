"""Shared electric cars: who takes them, that no car is lent twice, what they cost, and that nothing changes without."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import pytest

from tests.unit.model.small_world import fresh_run, measures, run, with_settings
from zemsim.core.names import DAYS_PER_YEAR, Alternative, DayType, Mode
from zemsim.evidence.shared_car_checks import shared_car_verdicts
from zemsim.evidence.travel import days_of_seasons
from zemsim.kernels.tour_choice import fill_utilities
from zemsim.model.car_use import car_use
from zemsim.model.explain import explain_today
from zemsim.model.model import MobilityModel
from zemsim.model.shared_cars import members_tours, price_eur
from zemsim.model.tour_columns import SHARED_CAR
from zemsim.model.vehicles import kwh_per_km
from zemsim.policy.rules import CarStation

if TYPE_CHECKING:
    from zemsim.model.world import World

CARS: dict[str, Any] = {
    "lever": "shared_evs",
    "from_year": 2024,
    "stations": ["Jelgava", "Bauska", "Dobele", "jelgava-stop-22"],
    "cars_per_station": 40,
    "walk_max_m": 5000.0,
    "price_eur_h": 1.0,
    "price_eur_km": 0.05,
    "tour_max_eur": 10.0,
    "free_min": 10.0,
    "car_battery_kwh": 50.0,
    "plug_kw": 11.0,
    "purchase_eur_per_car": 30000.0,
    "capex_eur_per_place": 4000.0,
    "opex_eur_per_car_year": 5000.0,
    "paid_by": "municipality",
    "cost_source": "a test",
    "cost_grade": "assumption",
}
PLACES = {
    **{"lever": "bike_and_ride", "stations": ["station-jelgava"], "places_per_station": 3, "price_eur_day": 0.0},
    **{"capex_eur_per_place": 1.0, "opex_eur_per_place_year": 1.0, "from_year": 2024, "paid_by": "state"},
    **{"cost_source": "a test", "cost_grade": "assumption"},
}
Tables = dict[str, pd.DataFrame]
KEY = ["year", "season", "day_type", "tour_idx"]


def with_members(world: World, share: float) -> World:
    """The same world with another share of members, beyond the range of the parameter too."""
    usual = world.parameters
    table = usual.table | {"car_sharing_share": replace(usual.table["car_sharing_share"], value=share)}
    return replace(world, parameters=replace(usual, table=table))


@pytest.fixture(scope="module")
def eager(world: World) -> World:
    """A world in which every licence holder near a station is a member: in a sample the usual share is nobody."""
    return with_members(with_settings(world, years=(2024, 2025), days_in=(2025,)), 1.0)


@pytest.fixture(scope="module")
def runs(eager: World) -> Iterator[dict[str, Tables]]:
    """Some policies, one after the other in one model, the baseline first and last."""
    model = MobilityModel(eager, 1)
    policies = {
        "many": (CARS,),
        "dear": (CARS | {"price_eur_h": 8.0, "tour_max_eur": 80.0},),
        "far": (CARS | {"price_eur_km": 0.6},),
        "few": (CARS | {"cars_per_station": 1},),
        "weak": (CARS | {"car_battery_kwh": 5.0, "plug_kw": 1.0},),
        "near": (CARS | {"walk_max_m": 400.0},),
        "both": (CARS | {"cars_per_station": 1}, PLACES),
        "empty": (CARS | {"cars_per_station": 0},),
    }
    yield (
        {"first": run(model)}
        | {name: run(model, name, *rows) for name, rows in policies.items()}
        | {"last": run(model)}
    )
    model.close()


def users(tables: Tables) -> int:
    return len(tables["shared_car_trips"])


def refused(tables: Tables, why: str) -> int:
    return int(tables["car_stations"][f"refused_{why}"].sum())


def test_price_by_hand() -> None:
    """90 min, 30 free, are an hour at 6 EUR and 20 km at 0.1; a day costs 39 at most; in the free minutes km only."""
    station = CarStation("m", "s", 0.0, 0.0, 1, 50.0, 11.0, 500.0, 6.0, 0.1, 39.0, 30.0)
    found = price_eur((station,), np.zeros(3, np.int64), np.array([90.0, 600.0, 20.0]), np.array([20.0, 50.0, 4.0]))
    assert found.tolist() == pytest.approx([6.0 + 2.0, 39.0 + 5.0, 0.4])


def test_more_cars_more_tours_and_dearer_ones_fewer(runs: dict[str, Tables]) -> None:
    assert 0 < users(runs["few"]) < users(runs["many"])
    assert 0 < users(runs["dear"]) < users(runs["many"])
    assert 0 < users(runs["far"]) < users(runs["many"])
    assert users(runs["near"]) < users(runs["many"])
    assert refused(runs["few"], "no_car") > refused(runs["many"], "no_car")
    assert refused(runs["weak"], "no_charge") > 0 == refused(runs["many"], "no_charge")


def test_who_is_refused_travels_in_another_way(runs: dict[str, Tables]) -> None:
    """Every tour that is made without shared cars is made with too few of them."""
    made = set(runs["first"]["trips"].set_index(KEY).index)
    for name in ("few", "weak", "both"):
        assert made <= set(runs[name]["trips"].set_index(KEY).index)
        lost = runs[name]["car_stations"][["refused_no_car", "refused_no_charge"]].to_numpy().sum()
        assert lost > 0


def test_without_cars_the_bytes_are_those_of_the_baseline(runs: dict[str, Tables]) -> None:
    for name, table in runs["first"].items():
        pd.testing.assert_frame_equal(table, runs["last"][name], check_exact=True, obj=name)
        if name != "payments":
            pd.testing.assert_frame_equal(table, runs["empty"][name], check_exact=True, obj=name)
    assert runs["first"]["shared_car_trips"].empty


def test_every_row_is_a_trip_by_electric_car(runs: dict[str, Tables]) -> None:
    for name in ("many", "both"):
        rows = runs[name]["shared_car_trips"].merge(runs[name]["trips"], on=KEY, how="left", validate="one_to_one")
        assert (rows["mode"] == Mode.EV).all()
        assert (rows["fare_eur"] == 0.0).all()


def test_checks_hold_in_a_run_and_find_what_is_wrong(runs: dict[str, Tables], eager: World) -> None:
    days = days_of_seasons(eager.settings.seasons)

    def checks(tables: Tables) -> dict[str, bool]:
        parts = (tables[name] for name in ("shared_car_trips", "car_stations", "payments"))
        return {row["check"]: row["passed"] for row in shared_car_verdicts(*parts, days)}

    for name in ("many", "few", "weak", "both"):
        assert checks(runs[name]) == dict.fromkeys(
            ("shared-cars-one-tour", "shared-cars-energy", "shared-cars-money"), True
        )
    assert checks(runs["first"]) == {}
    wrong = dict(runs["few"])
    wrong["shared_car_trips"] = wrong["shared_car_trips"].assign(back_min=lambda rows: rows["back_min"] + 1440.0)
    assert not checks(wrong)["shared-cars-one-tour"]
    wrong["car_stations"] = wrong["car_stations"].assign(charged_kwh=lambda rows: rows["charged_kwh"] + 1e-3)
    assert not checks(wrong)["shared-cars-energy"]
    wrong["shared_car_trips"] = wrong["shared_car_trips"].assign(tour_eur=lambda rows: rows["tour_eur"] + 1e-3)
    assert not checks(wrong)["shared-cars-money"]


def test_money_and_energy_of_the_year(runs: dict[str, Tables], eager: World) -> None:
    tables = runs["many"]
    rows = tables["shared_car_trips"].query("year == 2025")
    days = np.array(DAYS_PER_YEAR).sum(axis=0)[rows["day_type"].to_numpy()]
    paid = tables["payments"].query("year == 2025").set_index("item")
    assert paid.loc["rides", "amount_eur"] == pytest.approx((days * rows["tour_eur"]).sum(), rel=1e-12)
    p = eager.parameters
    kwh = kwh_per_km(p, eager.temperature_c[eager.settings.seasons[0]]) * (days * rows["tour_km"]).sum()
    stations = tables["car_stations"].query("year == 2025")
    open_days = np.array(DAYS_PER_YEAR).sum(axis=0)[stations["day_type"].to_numpy()]
    left = (open_days * (stations["end_kwh"] - stations["start_kwh"])).sum()
    assert paid.loc["electricity", "quantity"] == pytest.approx((kwh + left) / p["eta_ch"], rel=1e-9)
    assert set(stations["cars"]) == {40}
    assert (paid.loc["upkeep", "quantity"], paid.loc["upkeep", "amount_eur"]) == (160.0, 160.0 * 5000.0)


@pytest.fixture(scope="module")
def today(eager: World) -> Iterator[MobilityModel]:
    """A model with shared cars in use."""
    model = MobilityModel(eager, 1)
    model.start("cars", measures(CARS))
    model.step()
    yield model
    model.close()


def test_utility_by_hand(today: MobilityModel) -> None:
    """Driving, the walk both ways in the place of the doors at home, and the price: worked out from its parts."""
    plan = today.plans[DayType.WEEKDAY]
    shared, c, q = plan.shared_cars, plan.columns, plan.parameters
    assert shared is not None
    at = int(shared.lent[0])
    tour = int(shared.row[at])
    utility = np.empty(len(Alternative))
    fill_utilities(c, plan.crowding, q, tour, utility)
    walk, home = float(shared.walk_min[at]), float(plan.skims.terminal_min[c.origin[tour]])
    ride = 2.0 * q.b_car * (float(c.road_min[tour]) - home) + 2.0 * q.b_acc * walk
    eur = shared.eur[at] + q.k_park * float(plan.allotment.parking_ev_eur[tour])
    constant = q.constants[c.segment[tour], Alternative.DRIVER]
    expected = constant + ride + q.b_cost * float(c.cost_factor[tour]) * eur + today.parameters["asc_shared_car"]
    assert utility[Alternative.DRIVER] == pytest.approx(expected, abs=1e-4)
    assert shared.take_min[at] == plan.column("depart_min")[tour] + walk


def test_shared_cars_are_for_members_without_a_car_at_hand(today: MobilityModel) -> None:
    people = today.residents.table
    for plan in today.plans.values():
        shared, c = plan.shared_cars, plan.columns
        assert shared is not None
        assert len(shared.lent)
        who = plan.column("resident_idx")[shared.row]
        assert people.licence[who].all()
        assert (people.age[who] >= 18).all()
        assert set(np.flatnonzero(c.vehicle == SHARED_CAR)) <= set(shared.row)
        use, every = car_use(plan), car_use(plan, shared=True)
        assert (use.vehicle < today.vehicles.n).all()
        assert np.array_equal(np.setdiff1d(every.row, use.row), np.sort(shared.row[shared.lent]))


def test_one_resident_and_all_choose_alike(today: MobilityModel) -> None:
    plan = today.today
    shared = plan.shared_cars
    assert shared is not None
    before = plan.alternative.copy()
    for row in np.unique(plan.column("resident_idx")[shared.row])[:200].tolist():
        today.residents[row].choose_mode()
    drives_children = plan.column("purpose") == 1
    assert np.array_equal(plan.alternative[~drives_children], before[~drives_children])


def test_the_model_tells_of_the_shared_car(today: MobilityModel) -> None:
    plan = today.today
    shared = plan.shared_cars
    assert shared is not None
    at = int(shared.lent[0])
    tour = int(shared.row[at])
    told = explain_today(today, int(plan.resident_id[tour]))["tours"][int(plan.ordinal[tour])]
    option = next(o for o in told["options"] if o["alternative"] == told["choice"] == "driver")
    assert option["station"] == shared.stations[int(shared.station[at])].stop_id
    assert option["eur_tour"] == pytest.approx(shared.eur[at])
    assert option["hours"] == pytest.approx((shared.back_min[at] - shared.take_min[at]) / 60.0)


def test_membership_is_luck_that_no_policy_changes(eager: World) -> None:
    """A smaller share is part of a larger one."""
    model = MobilityModel(eager, 1)
    model.start("cars", measures(CARS))
    model.step()
    plan, stations = model.plans[DayType.WEEKDAY], model.conditions.car_stations
    everybody = set(members_tours(model, plan, stations)[0].tolist())
    model.parameters = with_members(eager, 0.3).parameters
    third = set(members_tours(model, plan, stations)[0].tolist())
    assert set() < third < everybody
    assert len(third) == pytest.approx(0.3 * len(everybody), rel=0.25)
    model.close()


def test_threads_change_no_bit(eager: World, runs: dict[str, Tables]) -> None:
    twice = fresh_run(eager, "both", CARS | {"cars_per_station": 1}, PLACES, threads=2)
    for name, table in twice.items():
        pd.testing.assert_frame_equal(table, runs["both"][name], check_exact=True, obj=name)
