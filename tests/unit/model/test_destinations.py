"""Destinations that answer to the ways there: who moves, what moves with a tour, and the short and the long run."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import pytest

from tests.unit.model import small_world as small
from zemsim.core.names import Alternative, DayType, Mode, Powertrain, Purpose
from zemsim.model.destinations import BALANCE, DestinationChoice
from zemsim.model.explain import explain_today
from zemsim.model.model import MobilityModel
from zemsim.model.neighbourhoods import LEAST_MEMBERS, near_order, neighbourhoods
from zemsim.model.passes import take_passes_of_year
from zemsim.model.tour_words import describe_tour

if TYPE_CHECKING:
    from zemsim.model.day_plan import DayPlan
    from zemsim.model.world import World

#: Far dearer than any plan, so that many move in a small world.
DEAR: Mapping[str, Any] = small.DEARER_FUEL | {"add_eur_l": 2.0, "from_year": 2026}
YEARS = {"years": tuple(range(2024, 2031)), "days_in": (2024, 2026, 2030), "day_iterations": 1, "first_iterations": 0}


def choice_of(model: MobilityModel) -> DestinationChoice:
    assert model.destinations is not None
    return model.destinations


@pytest.fixture(scope="module")
def dear(world: World) -> Iterator[tuple[MobilityModel, dict[str, pd.DataFrame]]]:
    """A model after 2030 with dear fuel since 2026, and its tables."""
    model = MobilityModel(small.with_settings(world, **YEARS), 1)
    yield model, small.run(model, "dear", DEAR)
    model.close()


@pytest.fixture(scope="module")
def baseline(world: World) -> dict[str, pd.DataFrame]:
    return small.fresh_run(small.with_settings(world, **YEARS))


def car_km(tables: dict[str, pd.DataFrame], year: int) -> float:
    cars = tables["vehicles"]
    return float(cars.loc[cars["year"] == year, "km_year"].sum())


def test_without_measures_only_those_move_who_drive_another_kind_of_car(
    world: World, baseline: dict[str, pd.DataFrame]
) -> None:
    moved, cars = baseline["destinations"], baseline["vehicles"]
    tours, people = world.tours[1], world.population.residents
    home = people["household_idx"].to_numpy()[tours["resident_idx"].to_numpy()]
    was = world.population.vehicles
    electric_at_first = set(was.loc[was["powertrain"] == Powertrain.BEV, "household_idx"])
    for year, rows in moved.groupby("year"):
        now = cars[(cars["year"] == year) & (cars["powertrain"] == Powertrain.BEV)]
        changed = electric_at_first ^ set(now["household_idx"])
        work = tours["purpose"].to_numpy()[rows["tour_idx"]] == Purpose.WORK
        assert set(home[rows["tour_idx"][~work]]) <= changed


def test_dearer_fuel_brings_tours_nearer_and_more_so_than_modes_alone(
    world: World, baseline: dict[str, pd.DataFrame], dear: tuple[MobilityModel, dict[str, pd.DataFrame]]
) -> None:
    """The short run, with destinations fixed, is weaker than the long run."""
    tables, tours = dear[1], world.tours[1]
    moved = tables["destinations"]
    home = world.population.residents["household_idx"].to_numpy()[tours["resident_idx"].to_numpy()]
    cars = tables["vehicles"]
    electric = cars.loc[(cars["year"] == 2030) & (cars["powertrain"] == Powertrain.BEV), "household_idx"]
    moved = moved[(moved["year"] == 2030) & ~np.isin(home[moved["tour_idx"]], electric)]
    before = tours["road_km"].to_numpy(np.float64)[moved["tour_idx"]]
    assert len(moved) > 50
    assert moved["road_km"].mean() < 0.85 * before.mean()
    fixed = small.with_settings(world, **YEARS, adapt=False)
    still = {name: small.fresh_run(fixed, name, *rows) for name, rows in {"baseline": [], "dear": [DEAR]}.items()}
    short = car_km(still["dear"], 2030) / car_km(still["baseline"], 2030)
    long = car_km(tables, 2030) / car_km(baseline, 2030)
    assert long < short < 1.0
    assert all(not len(run["destinations"]) for run in still.values())


def test_free_buses_draw_tours_of_those_without_a_car_further(world: World) -> None:
    model = MobilityModel(small.with_settings(world, **YEARS), 1)
    small.run(model, "free", small.HALF_FARES | {"fare_share": 0.0})
    rows = [(plan, plan.moved) for plan in model.plans.values()]
    km = np.concatenate([plan.columns.road_km[at] for plan, at in rows])
    before = np.concatenate([plan.column("road_km")[at] for plan, at in rows])
    served = np.concatenate([plan.columns.transit_ok[0, at] for plan, at in rows])
    as_planned = model.tour_options.of(())
    model.tour_options.take_off()
    was = np.concatenate([as_planned[0][p.day_type].of_mode["bus"]["available"][at] for p, at in rows])
    assert len(km) > 20
    assert km.mean() > before.mean()
    assert served.mean() > was.mean()
    model.close()


def test_works_change_with_the_job_only_and_all_tours_of_a_worker_go_to_one_place(
    dear: tuple[MobilityModel, dict[str, pd.DataFrame]],
) -> None:
    model, _ = dear
    residents, choice = model.residents.table, choice_of(model)
    moved_workers = np.flatnonzero(residents.works_like_idx >= 0)
    assert 0 < choice.workers_moved == len(moved_workers)
    places: dict[int, set[tuple[float, float]]] = {}
    for plan in model.plans.values():
        who, work = plan.column("resident_idx"), plan.column("purpose") == Purpose.WORK
        at = np.flatnonzero(work[plan.moved])
        assert set(who[plan.moved[at]]) == set(moved_workers) & set(who[work])
        for r, xy in zip(plan.moved[at], plan.moved_xy[at], strict=True):
            places.setdefault(int(who[r]), set()).add((float(xy[0]), float(xy[1])))
            assert residents.work_zone_idx[who[r]] == plan.columns.dest[r]
    assert {len(points) for points in places.values()} == {1}
    assert choice.zones_off == 0


def test_more_workers_move_as_years_go_by_and_shops_at_once(world: World) -> None:
    """The hazard is that of a year in the first year of a measure, and adds up over the years between."""
    found = {}
    for days_in in ((2024, 2026), (2024, 2030)):
        model = MobilityModel(small.with_settings(world, **(YEARS | {"days_in": days_in})), 1)
        tables = small.run(model, "dear", DEAR)["destinations"]
        purpose = world.tours[1]["purpose"].to_numpy()[tables.loc[tables["year"] == days_in[1], "tour_idx"]]
        who = world.tours[1]["resident_idx"].to_numpy()
        found[days_in[1]] = (purpose == Purpose.WORK).sum(), (purpose != Purpose.WORK).sum()
        ids = model.residents.table.resident_id
        model.year = days_in[1]
        model.conditions = model.conditions_of[days_in[1]]
        changed = choice_of(model)._changes_job(model, ids).mean()
        years = days_in[1] - 2026 + 1
        assert changed == pytest.approx(1 - 0.92**years, abs=0.02)
        assert len(who) > 0
        model.close()
    assert found[2030][0] > 1.5 * found[2026][0] > 0
    assert found[2026][1] == pytest.approx(found[2030][1], rel=0.2)


def arrays_of(plan: DayPlan) -> dict[str, np.ndarray]:
    """All that choice, roads, charging and books read of a day's tours."""
    found = {name: np.asarray(values) for name, values in plan.columns._asdict().items()}
    found |= {f"allotment.{name}": np.asarray(values) for name, values in plan.allotment._asdict().items()}
    found |= {name: getattr(plan, name) for name in ("out_min", "back_min", "active_km")}
    found |= {name: getattr(plan, name)() for name in ("free_out_min", "paid_h", "damping", "most_eur", "fare_share")}
    return found | {"base_fare_eur": plan.offer.base_fare_eur()}


def test_a_moved_tour_is_the_tour_that_had_been_planned_there(
    world: World, dear: tuple[MobilityModel, dict[str, pd.DataFrame]]
) -> None:
    """The same days from a table of tours with the new places in it, on a model that moves nobody."""
    model, tables = dear
    now = tables["destinations"]
    now = now[now["year"] == 2030].set_index("tour_idx")
    tours = world.tours[1].copy()
    for name in ("dest_zone_idx", "dest_x_m", "dest_y_m", "road_km", "active_km"):
        tours.loc[now.index, name] = now[name].astype(tours[name].dtype)
    settings = small.with_settings(world, **YEARS, adapt=False)
    planned = MobilityModel(replace(settings, tours={1: tours}), 1)
    planned.start("dear", small.measures(DEAR))
    planned.year = 2030
    planned._do(planned.schedule.year[:1])
    planned.use_roads(model.peak_skim)
    planned.residents.table.restore(model.residents.table.snapshot())
    planned.start_season(model.season)
    take_passes_of_year(planned)
    take_passes_of_year(model)  # once more: by now everybody knows how the last day went
    for day_type, plan in planned.plans.items():
        plan.set_people(model.residents.table.columns)
        plan.prepare(model.temperature_c, model.crowding[day_type], model.further_wait_min[day_type])
        mine = model.plans[day_type]
        mine.set_people(model.residents.table.columns)
        mine.prepare(model.temperature_c, model.crowding[day_type], model.further_wait_min[day_type])
        expected, found = arrays_of(plan), arrays_of(mine)
        for name, values in expected.items():
            if name not in {"vehicle", "drive_eur", "parking_eur", "ebike", "shared_eur", "fixed"}:
                assert np.array_equal(found[name], values), (day_type, name)
        rest = np.array([m for m in Alternative if m != Alternative.EBIKE])
        rides = np.flatnonzero(plan.column("purpose") == Purpose.SCHOOL)  # who drives a child rests on the day before
        for arrays in (found, expected):
            arrays["fixed"] = arrays["fixed"].copy()
            arrays["fixed"][Alternative.PASSENGER, rides] = 0.0
        assert np.array_equal(found["fixed"][rest], expected["fixed"][rest])
    planned.close()


def test_kilometres_of_trips_and_of_cars_are_those_of_the_new_places(
    world: World, dear: tuple[MobilityModel, dict[str, pd.DataFrame]]
) -> None:
    model, tables = dear
    km = world.tours[1]["road_km"].to_numpy(np.float64).copy()
    now = tables["destinations"][tables["destinations"]["year"] == 2030]
    km[now["tour_idx"]] = now["road_km"]
    trips = tables["trips"][tables["trips"]["year"] == 2030]
    driven = trips[trips["mode"].isin([Mode.CAR, Mode.EV])]
    days = {day_type: model.days_of(model.season)[day_type] for day_type in DayType}
    total = (2 * km[driven["tour_idx"]] * driven["day_type"].map(days)).sum()
    assert car_km(tables, 2030) == pytest.approx(total, rel=1e-5)


def test_a_new_start_forgets_where_tours_went(world: World) -> None:
    settings = small.with_settings(world, **YEARS)
    used, fresh = MobilityModel(settings, 1), MobilityModel(settings, 1)
    small.run(used, "dear", DEAR)
    assert any(len(plan.moved) for plan in used.plans.values())
    for model in (used, fresh):
        model.start("baseline", ())
        model._do(model.schedule.year[:1])
        model.start_season(model.season)
        for day_type, plan in model.plans.items():
            plan.set_people(model.residents.table.columns)
            plan.prepare(model.temperature_c, model.crowding[day_type], model.further_wait_min[day_type])
    skip = {"vehicle", "drive_eur", "parking_eur"}  # of the last allotment
    for day_type, plan in used.plans.items():
        other = arrays_of(fresh.plans[day_type])
        assert not len(plan.moved)
        for name, values in arrays_of(plan).items():
            if name not in skip:
                assert np.array_equal(values, other[name]), (day_type, name)
    assert np.array_equal(used.residents.table.work_zone_idx, fresh.residents.table.work_zone_idx)
    used.close()
    fresh.close()


def test_explain_tells_of_the_place_where_the_tour_goes(
    dear: tuple[MobilityModel, dict[str, pd.DataFrame]],
) -> None:
    model, _ = dear
    plan = model.today
    tour = int(plan.moved[0])
    who = int(plan.column("resident_idx")[tour])
    told = explain_today(model, int(model.residents.table.resident_id[who]))["tours"][int(plan.ordinal[tour])]
    zones = model.world.region.zones["zone_id"]
    assert told["to_zone"] == zones.iloc[int(plan.columns.dest[tour])]
    assert told["road_km"] == pytest.approx(float(plan.columns.road_km[tour]))
    assert describe_tour(plan, tour)["dest_zone_idx"] == plan.columns.dest[tour] != plan.column("dest_zone_idx")[tour]


def test_nobody_is_sent_where_the_day_is_too_short_for(dear: tuple[MobilityModel, dict[str, pd.DataFrame]]) -> None:
    model, _ = dear
    for plan in model.plans.values():
        away = plan.column("leave_min") - plan.column("depart_min")
        free = np.flatnonzero(plan.column("purpose")[plan.moved] != Purpose.WORK)
        rows = plan.moved[free]
        assert (plan.free_out_min(rows) <= away[rows] - 5).all()
    assert model.book.counts["no_place_in_time"] < 0.1 * sum(len(plan.moved) for plan in model.plans.values())


def test_a_higher_theta_moves_more(world: World) -> None:
    moved = []
    for theta in (0.3, 0.85):
        parameters = world.parameters.with_values({"theta_dest": theta})
        model = MobilityModel(replace(small.with_settings(world, **YEARS), parameters=parameters), 1)
        tables = small.run(model, "dear", DEAR)["destinations"]
        moved.append(int((tables["year"] == 2026).sum()))
        model.close()
    assert moved[1] > 1.5 * moved[0] > 0


def test_neighbourhoods_are_near_and_large_enough() -> None:
    rng = np.random.default_rng(5)
    x, y, members = rng.random(300) * 50_000, rng.random(300) * 20_000, rng.integers(0, 40, 300)
    order = near_order(x, y)
    assert sorted(order.tolist()) == list(range(300))
    group = neighbourhoods(order, members, LEAST_MEMBERS)
    size = np.bincount(group, weights=members)
    assert (size >= LEAST_MEMBERS).all()
    assert len(size) > 50
    spread = [np.ptp(x[group == g]) + np.ptp(y[group == g]) for g in range(len(size))]
    assert np.median(spread) < 15_000
    assert neighbourhoods(order, members, 10**6).max() == 0
    assert 0 < BALANCE <= 1e-4
