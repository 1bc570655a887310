"""With feedback held fixed, a policy leaves everybody alone whose utilities it does not change.

One iteration of one year with fixed destinations: nobody has learnt of crowding, queues or jams that others make, and
nobody goes elsewhere because other places have become better. Who chooses otherwise than
in the baseline must have other utilities, and those whom a policy cannot reach must have the same. A child whose driver
it reaches is reached, too.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from tests.unit.model import small_world as small
from zemsim.core.names import Alternative, DayType
from zemsim.kernels.tour_choice import N_ALTERNATIVES, fill_utilities
from zemsim.model.model import MobilityModel

if TYPE_CHECKING:
    from zemsim.model.day_plan import DayPlan
    from zemsim.model.world import World


@dataclass
class Day:
    """What a day type's tours had to choose from, and what was chosen."""

    utility: np.ndarray
    choice: np.ndarray
    vehicle: np.ndarray


@pytest.fixture(scope="module")
def model(world: World) -> Iterator[MobilityModel]:
    one_year = small.with_settings(
        world, years=(2026,), days_in=(2026,), day_iterations=1, first_iterations=0, adapt=False
    )
    built = MobilityModel(one_year, 1)
    yield built
    built.close()


def look(plan: DayPlan) -> Day:
    """Utilities and choices of a plan as they are."""
    utility = np.empty((plan.n_tours, N_ALTERNATIVES))
    for r in range(plan.n_tours):
        fill_utilities(plan.columns, plan.crowding, plan.parameters, r, utility[r])
    return Day(utility, plan.alternative.copy(), plan.columns.vehicle.copy())


def days(model: MobilityModel, *rows: Mapping[str, Any]) -> dict[DayType, Day]:
    """The days of the year under a policy, without any feedback."""
    found: dict[DayType, Day] = {}
    model.observer = lambda m: found.setdefault(m.today.day_type, look(m.today))
    small.run(model, "policy" if rows else "baseline", *rows)
    model.observer = None
    return found


@pytest.fixture(scope="module")
def baseline(model: MobilityModel) -> dict[DayType, Day]:
    return days(model)


def without_bus(model: MobilityModel, plan: DayPlan, before: Day, after: Day) -> np.ndarray:
    """Tours that no bus serves, not even as a feeder of the train."""
    return ~plan.columns.transit_ok[0] & ~(plan.offer.base_fare_eur()[:, :, 0] > 0).any(axis=1)


def without_regional_bus(model: MobilityModel, plan: DayPlan, before: Day, after: Day) -> np.ndarray:
    """Tours without bus and train before and after."""
    lanes = [Alternative.BUS, Alternative.TRAIN]
    return ~np.isfinite(before.utility[:, lanes]).any(axis=1) & ~np.isfinite(after.utility[:, lanes]).any(axis=1)


def without_car(model: MobilityModel, plan: DayPlan, before: Day, after: Day) -> np.ndarray:
    """Tours for which no car is at hand."""
    return (before.vehicle < 0) & (after.vehicle < 0)


def elsewhere(model: MobilityModel, plan: DayPlan, before: Day, after: Day) -> np.ndarray:
    """Tours that do not end in Jelgava, and all tours of the weekend, when parking is free."""
    jelgava = (model.world.region.zones["settlement_id"] == "jelgava").to_numpy()
    return ~jelgava[plan.columns.dest] | (plan.day_type == DayType.WEEKEND)


def from_elsewhere(model: MobilityModel, plan: DayPlan, before: Day, after: Day) -> np.ndarray:
    """Tours that start where no shared e-bike stands, or of those who have one or are children."""
    return before.utility[:, Alternative.EBIKE] == after.utility[:, Alternative.EBIKE]


def other_rides(plan: DayPlan, before: Day, after: Day) -> np.ndarray:
    """Tours to school whose ride came or went with a driver of the household: a policy for drivers reaches them."""
    found = np.isfinite(before.utility[:, Alternative.PASSENGER]) != np.isfinite(
        after.utility[:, Alternative.PASSENGER]
    )
    assert np.isin(np.flatnonzero(found), plan.school_runs.child).all()
    return found


def everybody(model: MobilityModel, plan: DayPlan, before: Day, after: Day) -> np.ndarray:
    return np.ones(plan.n_tours, np.bool_)


SHARED = {
    "lever": "shared_ebikes",
    "places": ["Bauska"],
    "bikes_per_1000": 5,
    "bikes_per_station": 5,
    "walk_max_m": 400,
    "price_eur_trip": 0.5,
    "winter": True,
    "cost_eur_per_bike_year": 2000,
}
ELECTRIC_BUSES = {
    "lever": "electric_city_buses",
    "network": "city_bus_jelgava",
    "electric_share": 1.0,
    "cost_eur_per_vehicle_km": 0.15,
}
SOLAR = {"lever": "solar_charging", "solar_share": 0.4, "cost_eur_kwh": 0.09}

#: Policy, whom it cannot reach, and whether it reaches anybody by the choice of modes.
CASES = {
    "half bus fares": (small.HALF_FARES, without_bus, True),
    "free buses for children": (small.HALF_FARES | {"fare_share": 0.0, "persons": {"age_max": 12}}, without_bus, True),
    "dearer fuel": (small.DEARER_FUEL, without_car, True),
    "parking in one town": (small.PAID_PARKING, elsewhere, True),
    "more buses": (small.MORE_BUSES, without_regional_bus, True),
    "shared e-bikes in one town": (SHARED, from_elsewhere, True),
    "electric city buses": (ELECTRIC_BUSES, everybody, False),
    "solar power": (SOLAR, everybody, False),
}


@pytest.mark.parametrize("name", CASES)
def test_whose_utilities_are_the_same_choose_the_same(
    model: MobilityModel, baseline: dict[DayType, Day], name: str
) -> None:
    row, untouched, reaches = CASES[name]
    policy = days(model, row)
    changed = 0
    for day_type, plan in model.plans.items():
        before, after = baseline[day_type], policy[day_type]
        same = (before.utility == after.utility).all(axis=1)
        beyond = untouched(model, plan, before, after) & ~other_rides(plan, before, after)
        assert beyond.any()
        assert same[beyond].all(), "a policy reaches tours that it cannot reach"
        assert np.array_equal(before.choice[same], after.choice[same])
        changed += int((before.choice != after.choice).sum())
    assert (changed > 0) == reaches


def test_what_becomes_cheaper_loses_nobody(model: MobilityModel, baseline: dict[DayType, Day]) -> None:
    """Half fares: who took the bus still does, or the train that a cheaper bus feeds; nobody changes between others.

    But a child whose driver takes the bus now must go to school in another way.
    """
    policy = days(model, small.HALF_FARES)
    for day_type, plan in model.plans.items():
        before, after = baseline[day_type], policy[day_type]
        moved = before.choice != after.choice
        lost = other_rides(plan, before, after)
        assert (before.choice[moved & lost] == Alternative.PASSENGER).all()
        assert np.isin(after.choice[moved & ~lost], [Alternative.BUS, Alternative.TRAIN]).all()
        assert (moved & ~lost).any()


def test_what_becomes_dearer_wins_nobody(model: MobilityModel, baseline: dict[DayType, Day]) -> None:
    policy = days(model, small.PAID_PARKING)
    won = 0
    for day_type in model.plans:
        before, after = baseline[day_type].choice, policy[day_type].choice
        assert not ((after == Alternative.DRIVER) & (before != Alternative.DRIVER)).any()
        won += int((before != after).sum())
    assert won > 0
