"""Park and ride, bike and ride: who uses them, that no car is at two places, and that nothing changes without them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import pytest

from tests.unit.model.small_world import fresh_run, run
from zemsim.core.names import DAYS_PER_YEAR, Access, Alternative, DayType, Mode
from zemsim.model.car_use import car_use
from zemsim.model.explain import explain_today
from zemsim.model.model import MobilityModel
from zemsim.model.station_access import trips_by_station

if TYPE_CHECKING:
    from zemsim.model.world import World

COSTS = {
    **{"capex_eur_per_place": 3000.0, "opex_eur_per_place_year": 50.0, "paid_by": "municipality"},
    **{"cost_source": "a test", "cost_grade": "assumption"},
}
PARK: dict[str, Any] = {
    "lever": "park_and_ride",
    "stations": ["station-jelgava", "station-ozolnieki", "Bauska"],
    "places_per_station": 300,
    "price_eur_day": 1.0,
    **COSTS,
}
BIKE = PARK | {"lever": "bike_and_ride", "stations": ["station-jelgava", "Bauska"], "price_eur_day": 0.0}
FEW = 5
Tables = dict[str, pd.DataFrame]


@pytest.fixture(scope="module")
def runs(world: World) -> Iterator[dict[str, Tables]]:
    """Some policies, one after the other in one model, the baseline first and last."""
    model = MobilityModel(world, 1)
    policies = {
        "park": (PARK,),
        "dear": (PARK | {"price_eur_day": 8.0},),
        "few": (PARK | {"places_per_station": FEW},),
        "bike": (BIKE,),
        "bike-dear": (BIKE | {"price_eur_day": 4.0},),
        "both": (PARK, BIKE),
        "empty": (PARK | {"places_per_station": 0},),
    }
    yield (
        {"first": run(model)}
        | {name: run(model, name, *rows) for name, rows in policies.items()}
        | {"last": run(model)}
    )
    model.close()


def users(tables: Tables) -> int:
    return len(tables["station_trips"])


def test_dearer_and_fewer_places_are_used_less(runs: dict[str, Tables]) -> None:
    assert 0 < users(runs["dear"]) < users(runs["park"])
    assert 0 < users(runs["few"]) < users(runs["park"])
    assert 0 < users(runs["bike-dear"]) < users(runs["bike"])
    assert set(runs["park"]["station_trips"]["access"]) == {Access.CAR}
    assert set(runs["bike"]["station_trips"]["access"]) <= {Access.BIKE, Access.EBIKE}
    assert set(runs["both"]["station_trips"]["access"]) >= {Access.BIKE, Access.CAR}


def test_places_win_travellers_for_bus_and_train(runs: dict[str, Tables]) -> None:
    def transit(tables: Tables) -> int:
        mode = tables["trips"].loc[tables["trips"]["year"] == 2027, "mode"]
        return int(mode.isin([Mode.BUS, Mode.TRAIN]).sum())

    assert transit(runs["first"]) < transit(runs["few"]) < transit(runs["park"])
    assert transit(runs["first"]) < transit(runs["bike"])


def test_places_hold_no_more_than_they_are(runs: dict[str, Tables]) -> None:
    trips = runs["few"]["station_trips"]
    count = trips.groupby(["year", "season", "day_type", "stop_id"]).size()
    assert count.max() == FEW


def test_without_places_the_bytes_are_those_of_the_baseline(runs: dict[str, Tables]) -> None:
    for name, table in runs["first"].items():
        pd.testing.assert_frame_equal(table, runs["last"][name], check_exact=True, obj=name)
        if name != "payments":
            pd.testing.assert_frame_equal(table, runs["empty"][name], check_exact=True, obj=name)


def test_every_row_is_a_trip_by_bus_or_train(runs: dict[str, Tables]) -> None:
    key = ["year", "season", "day_type", "tour_idx"]
    rows = runs["both"]["station_trips"].merge(runs["both"]["trips"], on=key, how="left", validate="one_to_one")
    assert rows["mode"].isin([Mode.BUS, Mode.TRAIN]).all()
    assert ((rows["vehicle_idx"] >= 0) == (rows["access"] == Access.CAR)).all()
    assert (rows["parking_eur"] == 0.0).all()


def test_fees_and_kilometres_balance(runs: dict[str, Tables]) -> None:
    tables = runs["park"]
    rows = tables["station_trips"]
    days = np.array(DAYS_PER_YEAR).sum(axis=0)[rows["day_type"].to_numpy()]
    fees = tables["payments"].query("item == 'fees' and year == 2027")
    assert fees["quantity"].sum() == pytest.approx(days.sum(), rel=1e-12)
    assert fees["amount_eur"].sum() == pytest.approx((days * rows["place_eur"]).sum(), rel=1e-12)
    cars = tables["vehicles"].query("year == 2027")
    to_stations = (2.0 * days * rows["access_km"].astype(float)).sum()
    tours = tables["trips"].query("year == 2027")
    assert to_stations > 0.0
    assert cars["km_year"].sum() == pytest.approx(_driven_km(tables, tours) + to_stations, rel=1e-6)


def _driven_km(tables: Tables, trips: pd.DataFrame) -> float:
    """Kilometres of drivers to destinations; the plan of the test's world has them by tour."""
    driven = trips[trips["mode"].isin([Mode.CAR, Mode.EV])]
    days = np.array(DAYS_PER_YEAR).sum(axis=0)[driven["day_type"].to_numpy()]
    moved = tables["destinations"].query("year == 2027").set_index("tour_idx")["road_km"].astype(float)
    planned = tables["planned_km"].iloc[:, 0].to_numpy()[driven["tour_idx"].to_numpy()]
    km = moved.reindex(driven["tour_idx"]).to_numpy()
    return float((2.0 * days * np.where(np.isnan(km), planned, km)).sum())


@pytest.fixture(scope="module", autouse=True)
def _planned(runs: dict[str, Tables], world: World) -> None:
    runs["park"]["planned_km"] = world.tours[1][["road_km"]].astype(float)


@pytest.fixture(scope="module")
def today(world: World) -> Iterator[MobilityModel]:
    """A model with its places in use."""
    from tests.unit.model.small_world import measures

    model = MobilityModel(world, 1)
    model.start("both", measures(PARK | {"from_year": 2024}, BIKE | {"from_year": 2024}))
    model.step()
    yield model
    model.close()


def test_no_car_is_at_two_places(today: MobilityModel) -> None:
    for plan in today.plans.values():
        use = car_use(plan)
        assert plan.access is not None
        depart = plan.allotment.depart_min[use.row].astype(float)
        order = np.lexsort((depart, use.vehicle))
        car, start, parked = use.vehicle[order], depart[order], ~use.at_destination[order]
        home = (use.leave_min + use.back_min)[order]
        late = (car[1:] == car[:-1]) & parked[:-1] & (start[1:] < home[:-1])
        assert not late.any()
    assert any((~car_use(plan).at_destination).any() for plan in today.plans.values())


def test_cars_at_stations_are_driven_there_and_no_further(today: MobilityModel) -> None:
    plan = today.plans[DayType.WEEKDAY]
    trips, use = trips_by_station(plan), car_use(plan)
    assert trips is not None
    parked = trips.row[trips.access == Access.CAR]
    assert (plan.alternative[parked] != Alternative.DRIVER).all()
    assert np.array_equal(use.row[~use.at_destination], parked)
    assert (use.km[~use.at_destination] < plan.columns.road_km[parked]).all()
    assert np.array_equal(use.km[use.at_destination], plan.columns.road_km[use.row[use.at_destination]])


def test_the_model_tells_of_the_way_to_the_station(today: MobilityModel) -> None:
    plan = today.today
    trips = trips_by_station(plan)
    assert trips is not None
    assert len(trips.row)
    tour = int(trips.row[0])
    told = explain_today(today, int(plan.resident_id[tour]))["tours"][int(plan.ordinal[tour])]
    option = next(o for o in told["options"] if o["alternative"] == told["choice"])
    assert option["access"] in {"bike", "ebike", "car"}
    assert option["access_km"] == pytest.approx(trips.km[0])
    assert option["walk_min"] >= 0.0
    assert any(way["stop_id"] == option["stop_id"] for way in option["ways"])


def test_threads_change_no_bit(world: World, runs: dict[str, Tables]) -> None:
    twice = fresh_run(world, "both", PARK, BIKE, threads=2)
    for name, table in twice.items():
        pd.testing.assert_frame_equal(table, runs["both"][name], check_exact=True, obj=name)
