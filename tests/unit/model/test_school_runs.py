"""Children ride to school with somebody of the household who drives at that time, each with one driver."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import pytest

from tests.unit.model import small_world as small
from zemsim.core.names import Alternative, DayType, Purpose
from zemsim.kernels.tour_choice import NEVER, fill_fixed_rows
from zemsim.model import day
from zemsim.model.model import MobilityModel
from zemsim.model.school_runs import ADULT_AGE, SchoolRuns, drive_to_school, with_seats

if TYPE_CHECKING:
    from collections.abc import Iterator

    from zemsim.model.day_plan import DayPlan
    from zemsim.model.world import World


@pytest.fixture(scope="module")
def driven(world: World) -> Iterator[MobilityModel]:
    """A weekday of the small world after the choice."""
    assert world.parameters["escort_share"] == 1.0
    model = MobilityModel(small.with_settings(world, years=(2024,), days_in=(2024,)), 1)
    model.start("baseline", ())
    model.step()
    day.use_day(model, DayType.WEEKDAY)
    again(model)
    yield model
    model.close()


def again(model: MobilityModel) -> DayPlan:
    """Choose anew and drive the children."""
    day.allot_household_cars(model)
    day.choose_modes(model)
    drive_to_school(model)
    return model.today


def riders(plan: DayPlan) -> np.ndarray:
    """Tours of children who go to school as passengers."""
    child = (plan.column("purpose") == Purpose.SCHOOL) & (plan.age < ADULT_AGE)
    return np.flatnonzero(child & (plan.alternative == Alternative.PASSENGER))


def test_each_child_in_a_car_has_one_driver_of_the_household_or_a_lift(driven: MobilityModel) -> None:
    plan, p = again(driven), driven.parameters
    runs, children = plan.school_runs, riders(plan)
    with_driver = children[runs.driver_of[children] >= 0]
    assert set(np.flatnonzero(runs.driver_of >= 0)) == set(with_driver)
    assert len(with_driver) > 10
    driver = runs.driver_of[with_driver]
    assert (plan.alternative[driver] == Alternative.DRIVER).all()
    assert (plan.columns.vehicle[driver] >= 0).all()
    assert (plan.household_of[driver] == plan.household_of[with_driver]).all()
    assert (plan.resident_id[driver] != plan.resident_id[with_driver]).all()
    assert driven.residents.table.licence[plan.column("resident_idx")[driver]].all()
    apart = plan.column("depart_min")[driver].astype(int) - plan.column("depart_min")[with_driver]
    assert np.abs(apart).max() <= p["escort_window_min"]
    others = children[runs.driver_of[children] < 0]
    assert plan.lift[others].all()
    assert runs.lifted == len(others)


def test_without_a_driver_nobody_is_driven_and_no_other_tour_changes(driven: MobilityModel) -> None:
    plan = again(driven)
    before, rode = plan.alternative.copy(), riders(plan)
    walkers = plan.school_runs.driver
    plan.alternative[walkers] = Alternative.WALK
    drive_to_school(driven)
    left = riders(plan)
    assert plan.lift[left].all()
    assert set(left) < set(rode)
    assert plan.school_runs.without >= len(rode) - len(left) > 0
    minors = (plan.column("purpose") == Purpose.SCHOOL) & (plan.age < ADULT_AGE)
    assert plan.school_runs.without == (minors & ~plan.lift).sum()
    same = np.ones(plan.n_tours, bool)
    # Residents who choose again get back their own choice for all that has not lost its ride.
    same[plan.school_runs.driver] = False
    same[plan.school_runs.school] = False
    assert np.array_equal(plan.alternative[same], before[same])
    assert np.array_equal(again(driven).alternative, before)


def test_the_utility_of_a_ride_is_that_of_the_kernel(driven: MobilityModel) -> None:
    plan = again(driven)
    written = plan.columns.fixed[Alternative.PASSENGER].copy()
    rows = riders(plan)
    allowed = plan.columns.passenger.copy()
    plan.columns.passenger[:] = True
    fill_fixed_rows(0, plan.n_tours, plan.columns, driven.temperature_c, plan.parameters)
    assert np.array_equal(plan.columns.fixed[Alternative.PASSENGER, rows], written[rows])
    assert (written[rows] > NEVER).all()
    plan.columns.passenger[:] = allowed
    fill_fixed_rows(0, plan.n_tours, plan.columns, driven.temperature_c, plan.parameters)
    again(driven)


def test_pairs_are_those_of_the_household_in_order() -> None:
    """By hand: a tour to bring somebody first, then the nearest departure; nobody else's household, no other pupil."""
    rows = [
        (Purpose.SCHOOL, 480, 0), (Purpose.SCHOOL, 470, 0), (Purpose.WORK, 485, 0), (Purpose.ESCORT, 510, 0),
        (Purpose.WORK, 480, 1), (Purpose.SCHOOL, 490, 2),
    ]  # fmt: skip
    tours = pd.DataFrame(rows, columns=["purpose", "depart_min", "household"])
    runs = SchoolRuns(tours, tours["household"].to_numpy(), np.arange(len(tours)), 1)
    assert list(zip(runs.child, runs.driver, runs.apart_min, strict=True)) == [
        (0, 3, 30), (0, 2, 5), (1, 3, 40), (1, 2, 15),
    ]  # fmt: skip
    assert runs.school.tolist() == [0, 1, 5]


@pytest.mark.parametrize("seats", [1, 2, 3])
def test_a_car_is_never_fuller_than_its_seats_and_others_ask_the_next_driver(seats: int) -> None:
    """Against a plain loop: each child asks down its list; a driver keeps the first by row."""
    rng = np.random.Generator(np.random.Philox(7))
    pushed = 0
    for _ in range(60):
        lists = {int(c): rng.permutation(4)[: rng.integers(1, 5)].tolist() for c in range(0, 2 * rng.integers(0, 7), 2)}
        pairs = [(c, d) for c, drivers in lists.items() for d in drivers]
        child, driver = np.array(pairs, np.int64).reshape(-1, 2).T
        carried, by = with_seats(child, driver, seats)
        aboard: dict[int, list[int]] = {d: [] for d in range(4)}
        asking = [(c, 0) for c in lists]
        while asking:
            c, k = asking.pop()
            if k == len(lists[c]):
                continue
            d = lists[c][k]
            aboard[d].append(c)
            if len(aboard[d]) > seats:
                last = max(aboard[d])
                aboard[d].remove(last)
                asking.append((last, lists[last].index(d) + 1))
        assert dict(zip(carried.tolist(), by.tolist(), strict=True)) == {c: d for d, cs in aboard.items() for c in cs}
        pushed += sum(c not in aboard[drivers[0]] for c, drivers in lists.items())
    assert pushed > 0


def test_no_driver_brings_more_children_than_the_car_has_seats(driven: MobilityModel) -> None:
    """With two seats one child a car: fewer find a driver, and those who lose theirs may ride with another."""
    plan, p = again(driven), driven.parameters
    km = driven.world.road_skim.distance_km
    found = {n: plan.school_runs.find_drivers(plan, p.with_values({"car_seats": float(n)}), km) for n in (2, 3, 5)}
    for n, driver in found.items():
        assert np.bincount(driver[driver >= 0]).max() <= n - 1
    counts = [int((driver >= 0).sum()) for driver in found.values()]
    assert counts[0] < counts[1] <= counts[2]


def test_with_a_share_of_none_nothing_changes(world: World) -> None:
    """Then it is enough that somebody could drive."""
    free = replace(world, parameters=world.parameters.with_values({"escort_share": 0.0}))
    model = MobilityModel(small.with_settings(free, years=(2024,), days_in=(2024,)), 1)
    model.start("baseline", ())
    model.step()
    day.use_day(model, DayType.WEEKDAY)
    day.allot_household_cars(model)
    day.choose_modes(model)
    before = model.today.alternative.copy()
    drive_to_school(model)
    assert np.array_equal(model.today.alternative, before)
    assert (model.today.school_runs.driver_of == -1).all()
    model.close()
