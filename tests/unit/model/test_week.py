"""The charging week of the small world: energy and money balance, points are never oversubscribed, drivers learn."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest

from tests.unit.model import small_world as small
from zemsim.core.names import TRIPS_PER_TOUR, Alternative, ChargingPlace, DayType, Purpose
from zemsim.model.agents import Station
from zemsim.model.charging_inputs import WEEK, charging_parameters, electric_cars, electric_week
from zemsim.model.charging_week import learn_from_week, simulate_week
from zemsim.model.model import MobilityModel
from zemsim.model.vehicles import kwh_per_km
from zemsim.model.waits import charge_weeks

if TYPE_CHECKING:
    import pandas as pd

    from zemsim.model.world import World


def test_winter_range_falls_as_road_tests_found(world: World) -> None:
    """Loss of range at -10 to 0 C against 20 C: 15 to 40 %; the Norwegian road tests found 16 to 36 %, 24 in the mean.

    Source: NAF winter range tests, back-test B30.
    """
    p = world.parameters
    for temperature_c in np.linspace(-10.0, 0.0, 11):
        loss = 1.0 - kwh_per_km(p, 20.0) / kwh_per_km(p, float(temperature_c))
        assert 0.15 <= loss <= 0.40, (temperature_c, loss)
    assert 1.0 - kwh_per_km(p, 20.0) / kwh_per_km(p, -5.0) == pytest.approx(0.24, abs=0.05)


def ready(model: MobilityModel, *rows: dict) -> None:
    """Run a day, so that all have chosen and every electric car has a plan."""
    model.start("policy", small.measures(*rows) if rows else ())
    model.year = model.world.settings.years[-1]
    model.step()


def driven_km(model: MobilityModel, day_type: DayType) -> np.ndarray:
    """Kilometres of each car on a day of the type."""
    plan, n = model.plans[day_type], model.vehicles.n
    by_car = (plan.alternative == Alternative.DRIVER) & (plan.columns.vehicle >= 0)
    km = TRIPS_PER_TOUR * plan.columns.road_km[by_car].astype(np.float64)
    return np.bincount(plan.columns.vehicle[by_car], km, n)


def at_battery_of(model: MobilityModel, sessions: pd.DataFrame) -> np.ndarray:
    """Energy that reached the battery in each session, from the energy at the plug."""
    p = charging_parameters(model)
    fast = sessions["place"].to_numpy() == ChargingPlace.PUBLIC_FAST
    return sessions["kwh"].to_numpy() * np.where(fast, p.loss_dc, p.loss_ac)


def at_battery(model: MobilityModel, sessions: pd.DataFrame) -> np.ndarray:
    """Energy that reached each battery, from the energy at the plug."""
    p = charging_parameters(model)
    fast = sessions["place"].to_numpy() == ChargingPlace.PUBLIC_FAST
    kwh = sessions["kwh"].to_numpy() * np.where(fast, p.loss_dc, p.loss_ac)
    return np.bincount(sessions["vehicle_idx"].to_numpy(), kwh, model.vehicles.n)


def test_a_battery_gains_what_is_charged_and_loses_what_is_driven(model: MobilityModel) -> None:
    ready(model)
    before = model.vehicles.energy_kwh.copy()
    week = simulate_week(model)
    driven = sum(driven_km(model, day_type) for day_type in WEEK)
    driven = np.where(model.vehicles.electric, driven, 0.0) * kwh_per_km(model.parameters, model.temperature_c)
    charged = at_battery(model, week.sessions)
    change = model.vehicles.energy_kwh - before
    np.testing.assert_allclose(change, charged - driven, rtol=0.0, atol=1e-6)
    assert change.sum() == pytest.approx(charged.sum() - driven.sum(), abs=1e-6)
    assert charged.sum() > 1000.0


def test_no_battery_overflows_or_is_one_where_there_is_none(model: MobilityModel) -> None:
    ready(model)
    for _ in range(3):
        week = simulate_week(model)
        vehicles = model.vehicles
        assert (vehicles.energy_kwh <= vehicles.battery_kwh.astype(np.float64) + 1e-6).all()
        assert (vehicles.energy_kwh[~vehicles.electric] == 0.0).all()
        assert vehicles.electric[week.sessions["vehicle_idx"]].all()
        assert week.below_zero == (vehicles.energy_kwh < 0).sum() == 0


def test_no_more_cars_charge_at_a_station_than_it_has_points(model: MobilityModel) -> None:
    ready(model, small.CHARGERS | {"from_year": 2024, "sites_per_place": 1, "points_per_site": 1})
    model.stations.table.points[:] = 1
    sessions = simulate_week(model).sessions
    public = sessions[sessions["site_idx"] >= 0]
    p, stations = charging_parameters(model), model.stations.table
    slow = (public["place"] == ChargingPlace.PUBLIC_SLOW).to_numpy()
    kw = stations.power_kw[public["site_idx"]].astype(np.float64)
    kw = np.where(slow, np.minimum(kw, p.car_ac_kw), np.minimum(kw * p.fast_power_share, p.car_dc_kw))
    end = public["end_min"].to_numpy()
    np.testing.assert_allclose(end - public["start_min"], 60.0 * public["kwh"].to_numpy() / kw, atol=1e-3)
    for _, group in public.assign(end=end).groupby(["day", "site_idx"]):
        ordered = group.sort_values("start_min")
        begins, ends = ordered["start_min"].to_numpy()[1:], np.maximum.accumulate(ordered["end"].to_numpy())[:-1]
        assert (begins >= ends - 1e-2).all()
    assert len(public) > 20
    assert public["wait_min"].max() > 0


def test_energy_costs_what_the_place_asks(model: MobilityModel) -> None:
    ready(model)
    sessions, price = simulate_week(model).sessions, model.conditions.price
    place = sessions["place"].to_numpy()
    each = (sessions["cost_eur"] / sessions["kwh"]).to_numpy()
    cars = electric_cars(model, np.ones(24))
    home = place == ChargingPlace.HOME
    np.testing.assert_allclose(each[home], cars.home_eur_kwh[sessions["vehicle_idx"]][home], rtol=1e-6)
    np.testing.assert_allclose(each[place == ChargingPlace.WORK], price["electricity_work_eur_kwh"], rtol=1e-6)
    public = place >= ChargingPlace.PUBLIC_SLOW
    site = sessions["site_idx"].to_numpy()
    assert ((site >= 0) == public).all()
    tariffs, minutes = model.tariffs, (sessions["end_min"] - sessions["start_min"]).to_numpy()
    by_minute = tariffs.eur_min[site] * minutes / sessions["kwh"].to_numpy()
    np.testing.assert_allclose(each[public], (tariffs.eur_kwh[site] + by_minute)[public], rtol=1e-6)
    assert (tariffs.eur_min[site[public]] > 0).any()  # some stations sell by the minute
    assert model.stations.table.open[site[public]].all()


def test_only_those_with_a_place_charge_at_home_or_work(model: MobilityModel) -> None:
    ready(model)
    sessions = simulate_week(model).sessions
    households, car = model.households.table, sessions["vehicle_idx"].to_numpy()
    home = model.vehicles.household_idx[car]
    plug = households.home_charging[home] | households.yard_charging[home]
    assert plug[(sessions["place"] == ChargingPlace.HOME).to_numpy()].all()
    at_work = np.unique(car[sessions["place"] == ChargingPlace.WORK])
    has_point = np.zeros(model.vehicles.n, np.bool_)
    for plan in model.plans.values():
        to_work = (plan.column("purpose") == Purpose.WORK) & (plan.alternative == Alternative.DRIVER)
        driven = to_work & model.work_charging[plan.column("resident_idx")]
        has_point[plan.columns.vehicle[driven]] = True
    assert has_point[at_work].all()
    assert len(model.work_charging) == len(model.residents)


def test_the_week_is_the_same_for_one_thread_and_two(world: World) -> None:
    found = []
    for threads in (1, 2):
        model = MobilityModel(world, 1, threads)
        ready(model)
        found.append((simulate_week(model).sessions, model.vehicles.energy_kwh.tobytes()))
        model.close()
    assert found[0][0].equals(found[1][0])
    assert found[0][1] == found[1][1]


def test_waits_and_prices_are_learnt_from_what_was_met(model: MobilityModel) -> None:
    ready(model)
    vehicles = model.vehicles
    vehicles.paid_eur_kwh[:] = 9.0
    week = simulate_week(model)
    learn_from_week(model, week, 1.0)
    by_car = week.sessions.groupby("vehicle_idx")[["cost_eur", "kwh", "wait_min"]].sum()
    met = (by_car["cost_eur"] / by_car["kwh"]).to_numpy()
    np.testing.assert_allclose(vehicles.paid_eur_kwh[by_car.index], met, rtol=1e-9)
    others = np.setdiff1d(np.arange(vehicles.n), by_car.index)
    assert (vehicles.paid_eur_kwh[others] == 9.0).all()
    assert week.sessions_of.sum() == (week.sessions["site_idx"] >= 0).sum()
    public = week.sessions[week.sessions["site_idx"] >= 0]
    waited = public.groupby("vehicle_idx")["wait_min"].sum()
    assert (week.lost_min[waited.index] > waited.to_numpy() - 1e-3).all()
    assert week.lost_min.sum() > 2.0 * waited.sum()  # the walk or the detour as well
    assert week.lost_min[np.setdiff1d(np.arange(vehicles.n), waited.index)].sum() == 0.0


def test_nobody_who_came_to_a_station_is_dropped(model: MobilityModel) -> None:
    ready(model)
    week = simulate_week(model)
    assert week.asked_of.sum() == week.sessions_of.sum() + week.left_of.sum()
    moved_on = int(week.sessions["left"].sum())
    assert week.left_of.sum() >= week.failed + moved_on
    longest = model.parameters["patience_min"] * week.left_of.sum()
    served = week.sessions["wait_min"].to_numpy(np.float64).sum()
    assert served - 1e-3 <= week.met_min.sum() <= served + longest


def test_accounts_of_energy_and_money_close_and_no_car_is_in_two_places(model: MobilityModel) -> None:
    """At every day of the week, to 1e-9 kWh and EUR, with points shared by many and tariffs of all kinds."""
    lever = small.CHARGERS | {
        "from_year": 2024, "sites_per_place": 1, "points_per_site": 2, "site_kw": 100.0, "price_eur_session": 0.5,
        "price_eur_min": 0.05, "resident_discount_share": 0.2,
        "tariff_hours": [{"from_hour": 22, "until_hour": 6, "price_factor": 0.5}],
    }  # fmt: skip
    ready(model, lever)
    tours = electric_week(model)
    for _ in range(3):
        week = simulate_week(model, tours)
        assert week.energy_gap_kwh < 1e-9
        assert week.money_gap_eur < 1e-9
        assert week.overlaps == 0
        np.testing.assert_allclose(
            week.sessions["battery_kwh"], at_battery_of(model, week.sessions), rtol=0.0, atol=1e-9
        )
    assert (week.peak_kw <= model.stations.table.site_kw.astype(np.float64) + 1e-9).all()
    assert (week.sessions["site_idx"] >= len(model.world.region.chargers)).any()


def test_points_that_are_taken_at_midnight_are_taken_in_the_morning(model: MobilityModel) -> None:
    """Every point taken until Monday noon: nobody begins before, and those who cannot wait leave."""
    ready(model)
    tours, before = electric_week(model), model.vehicles.energy_kwh.copy()
    free = simulate_week(model, tours)
    model.vehicles.energy_kwh[:] = before
    tours.ready_min[:] = 0.0
    tours.points.end_min[:] = 720.0
    taken = simulate_week(model, tours)
    monday = taken.sessions[(taken.sessions["day"] == 0) & (taken.sessions["site_idx"] >= 0)]
    assert (monday["start_min"] >= 720.0).all()
    assert taken.left_of.sum() > free.left_of.sum()


def test_expected_waits_move_by_what_is_met(model: MobilityModel) -> None:
    ready(model, small.CHARGERS | {"from_year": 2024, "sites_per_place": 1, "points_per_site": 1})
    stations = model.stations.table
    stations.points[:] = 1
    model.season, model.iteration = model.world.settings.seasons[0], 0
    expected = stations.wait_min.copy()
    _, waits = charge_weeks(model)
    assert (stations.wait_min == expected).all()  # the first iteration of a year is not learnt from
    assert waits.gap_min == 0.0
    model.iteration = 1
    _, waits = charge_weeks(model)
    assert waits.asked.sum() > 0
    assert waits.met_min.sum() > 0
    np.testing.assert_array_equal(waits.after_min, stations.wait_min.astype(np.float64))
    moved = (np.abs(waits.after_min - waits.before_min) * waits.asked).sum() / waits.asked.sum()
    assert waits.gap_min == pytest.approx(moved)
    nobody = waits.asked == 0
    assert (waits.after_min[nobody] <= waits.before_min[nobody]).all()


def test_a_station_keeps_the_class_it_was_given(world: World) -> None:
    """Its rule holds under every policy after `start()`, and no years are taken over from before it."""

    class Eager(Station):
        def expand(self) -> None:
            self.points += 7

    model = MobilityModel(world, 1)
    small.run(model, "before")
    model.stations.table.replace_classes([0], Eager)
    model.start("policy", small.measures(small.CHARGERS | {"from_year": 2024}))
    assert [type(agent) is Eager for agent in model.stations] == [True] + [False] * (len(model.stations) - 1)
    points = int(model.stations.table.points[0])
    small.run(model, "after")
    assert model.stations.table.points[0] == points + 7 * len(world.settings.days_in)
    model.close()


def test_sites_open_with_their_measure_and_close_again(world: World) -> None:
    model = MobilityModel(world, 1)
    tables = small.run(model, "for-a-while", small.CHARGERS | {"from_year": 2024, "until_year": 2025})
    own = len(world.region.chargers)
    at_new = tables["sessions"][tables["sessions"]["site_idx"] >= own]
    assert set(at_new["year"]) == {2024}
    assert model.stations.table.open[:own].all()
    assert not model.stations.table.open[own:].any()
    model.close()
