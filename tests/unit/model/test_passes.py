"""Monthly passes: who takes one, what a ride costs with it, and who is paid."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from tests.unit.model import small_world as small
from zemsim.behaviour.parameters import SEGMENTS
from zemsim.core.names import TRIPS_PER_TOUR, Alternative, DayType, Purpose
from zemsim.model.agents import Resident
from zemsim.model.model import MobilityModel
from zemsim.model.passes import TourTickets, rides_a_month, take_passes_of_year, tickets_without_measures, ways_of

if TYPE_CHECKING:
    from zemsim.model.world import World
    from zemsim.region import Region

#: 2 x 251 / 12 x 0.83 rides to work, and x 0.9 to school.
WORK, SCHOOL = 34.7216666666, 37.65
YEARS = {"years": (2024, 2025), "days_in": (2024, 2025), "first_iterations": 2}
PASS = {"lever": "pass_price", "pass_trips": 10.0, "services": ["regional_bus", "train"], "paid_by": "state"}


@pytest.fixture
def days(world: World) -> Iterator[MobilityModel]:
    """A model of two years of which days are simulated."""
    built = MobilityModel(small.with_settings(world, **YEARS), seed=1)
    yield built
    built.close()


def of_2025(*rows: dict[str, Any]) -> Any:
    return small.measures(*({"from_year": 2025} | row for row in rows)) if rows else ()


def walk(model: MobilityModel, *rows: dict[str, Any]) -> MobilityModel:
    """Run the years under measures that begin in the second one."""
    model.start("passes" if rows else "baseline", of_2025(*rows))
    model.run()
    return model


def test_rides_a_month_by_hand(zemgale: Region) -> None:
    """251 weekdays; 83 % of the employed go to work on one (assumption of the tours), 90 % of pupils to school."""
    rides = rides_a_month(zemgale, np.array([np.inf, 20.0]))
    assert rides[Purpose.WORK] == pytest.approx(WORK)
    assert rides[Purpose.SCHOOL] == pytest.approx(SCHOOL)
    assert rides.sum() == pytest.approx(WORK + SCHOOL)
    assert not rides_a_month(zemgale, np.array([np.inf])).any()


def test_the_pass_of_regional_buses_and_trains_costs_twenty_rides(days: MobilityModel, zemgale: Region) -> None:
    """ATD, January 2026: a ticket for 30 days costs 20 single fares; of a pass in cities nothing is known."""
    assert zemgale.price("season_ticket_trips") == 20.0
    trips = days.conditions_of[2025].pass_trips
    assert np.isinf(trips[0]).all()
    assert (trips[1:] == 20.0).all()


def test_tickets_by_hand() -> None:
    tickets = TourTickets.single(3)
    tickets.holder_row, tickets.holder_share = np.array([0]), np.array([[0.6, 1.0]])
    tickets.free[1, 1] = [False, True]
    assert tickets.paid(slice(None)).tolist() == [
        [[0.6, 1.0], [0.6, 1.0]],
        [[1.0, 1.0], [1.0, 0.0]],
        [[1.0, 1.0], [1.0, 1.0]],
    ]
    single = np.ones((3, 2, 2))
    assert tickets.with_pass(slice(None), single).tolist() == [[True, True], [False, True], [False, False]]
    single[:, 0, 1] = single[:, 1, 0] = 0.0  # no train on the way by bus, no bus on the way by train
    assert tickets.with_pass(slice(None), single).tolist() == [[True, False], [False, True], [False, False]]


def test_who_rides_to_work_pays_twenty_of_its_rides_and_other_tours_there_are_free(days: MobilityModel) -> None:
    """In the country 20 / 34.72 of the single fare to work, 20 / 37.65 to school; inside a city the bus is single."""
    model = walk(days)
    take_passes_of_year(model)  # once more, for whoever rode on the last day
    plan, residents = model.plans[DayType.WEEKDAY], model.residents.table
    made, c = plan.tickets, plan.columns
    way = ways_of(model.plans[DayType.WEEKDAY], len(model.residents))
    purpose, inside = plan.column("purpose"), c.segment == SEGMENTS.index("city")
    first = np.zeros(plan.n_tours, bool)
    first[way[way >= 0]] = True
    for wanted, rides in ((Purpose.WORK, WORK), (Purpose.SCHOOL, SCHOOL)):
        rows = first & (purpose == wanted) & ~inside & (plan.offer.base_fare_eur()[:, :, 0] > 0).any(axis=1)
        assert rows.sum() > 10
        np.testing.assert_allclose(made.share[rows, 0], 20.0 / rides)
    assert (made.share[inside, 0] == 1.0).all()
    assert (made.share[~first] == 1.0).all()
    free = np.flatnonzero(made.free.any(axis=(1, 2)))
    who = plan.column("resident_idx")[free]
    assert len(free) > 0
    assert not first[free].any()
    assert (residents.rides_by[who] > 0).all()
    assert (residents.passes[who] > 0).all()
    settlement = model.world.region.zones["settlement_id"].astype(str).to_numpy()
    assert (settlement[c.dest[free]] == settlement[c.dest[way[who]]]).all()


def test_nobody_pays_more_than_with_single_fares(days: MobilityModel) -> None:
    model = walk(days, PASS)
    for plan in model.plans.values():
        single = (plan.due_eur(slice(None)) * plan.fare_share()[:, None, :]).sum(axis=2).T
        assert (plan.columns.fare_eur <= single.astype(np.float32)).all()
        assert (plan.tickets.paid(slice(None)) >= 0.0).all()


def test_a_pass_dearer_than_the_rides_of_a_month_is_bought_by_nobody(days: MobilityModel) -> None:
    model = walk(days, PASS | {"pass_trips": 35.0})
    at_school = model.residents.table.passes > 0
    plan = model.plans[DayType.WEEKDAY]
    assert at_school.any()
    assert (
        plan.column("purpose")[ways_of(model.plans[DayType.WEEKDAY], len(model.residents))[at_school]] == Purpose.SCHOOL
    ).all()
    model = walk(days, PASS | {"pass_trips": 38.0})
    assert not model.residents.table.passes.any()
    assert not model.records["trips"].query("year == 2025")["with_pass"].any()


def test_one_by_one_is_the_same_and_a_rule_of_ones_own_counts(world: World) -> None:
    class Single(Resident):
        def take_passes(self) -> None:
            self.passes = 0

    model = MobilityModel(small.with_settings(world, **YEARS), seed=1)
    model.run()
    together = model.residents.table.passes.copy()
    for resident in model.residents:
        resident.take_passes()
    np.testing.assert_array_equal(model.residents.table.passes, together)
    holders = np.flatnonzero(together)[:5]
    model.residents.table.replace_classes(holders.tolist(), Single)
    walk(model)
    assert not model.residents.table.passes[holders].any()
    assert (model.residents.table.passes[np.setdiff1d(np.arange(len(together)), holders)] > 0).any()
    plan = model.plans[DayType.WEEKDAY]
    assert (plan.tickets.share[ways_of(model.plans[DayType.WEEKDAY], len(model.residents))[holders]] == 1.0).all()
    model.close()


def test_free_buses_have_no_passes_and_nobody_pays(days: MobilityModel) -> None:
    free = small.HALF_FARES | {"fare_share": 0.0, "modes": ["bus", "train"]}
    model = walk(days, free, PASS)
    assert not model.residents.table.passes.any()
    assert model.flows is not None
    assert not model.flows.fare_eur.any()
    assert model.flows.base_fare_eur.sum() > 0


def test_the_accounts_balance(days: MobilityModel) -> None:
    """Fares paid, what the payer of half fares adds and what the one of cheaper passes adds are fares without both."""
    model = walk(days, small.HALF_FARES | {"paid_by": "municipality"}, PASS | {"paid_by": "operator"})
    paid = model.book.of_year("payments", 2025).set_index("item")["amount_eur"]
    saved = paid[["regional_bus_pass_discount", "train_pass_discount"]].sum()
    base = model.flows.base_fare_eur.sum()  # type: ignore[union-attr]
    received = paid[["bus_fares", "train_fares", "bus_fare_discount"]].sum()
    assert saved > 0
    assert received + saved == pytest.approx(base, rel=1e-12)
    assert paid["bus_fares"] + paid["train_fares"] == pytest.approx(_fares_of(model), rel=1e-6)


def _fares_of(model: MobilityModel) -> float:
    """Fares of the tours as they are asked for, EUR a year; one season stands for all."""
    total = 0.0
    for plan in model.plans.values():
        days = model.days_of(model.season)[plan.day_type]
        for k, chosen in enumerate((Alternative.BUS, Alternative.TRAIN)):
            total += plan.columns.fare_eur[k, plan.alternative == chosen].astype(float).sum() * TRIPS_PER_TOUR * days
    return total


def test_without_measures_nothing_is_saved(days: MobilityModel) -> None:
    model = walk(days)
    assert model.flows is not None
    assert not model.flows.pass_saving_eur.any()
    for plan in model.plans.values():
        assert tickets_without_measures(model, plan) is plan.tickets


def test_a_cheaper_pass_brings_riders_and_shared_years_are_the_same(days: MobilityModel) -> None:
    before = walk(days).records["trips"]
    after = walk(days, PASS | {"pass_trips": 0.0}).records["trips"]
    rides = [trips.query("year == 2025")["mode"].isin([3, 4]).sum() for trips in (before, after)]
    assert rides[1] > rides[0]
    again = walk(days).records["trips"]
    assert again.equals(before)


def test_a_region_without_a_price_has_no_passes(days: MobilityModel, monkeypatch: pytest.MonkeyPatch) -> None:
    trips = {y: c.pass_trips for y, c in days.conditions_of.items()}
    assert all(np.isfinite(t[1:]).all() for t in trips.values())
    region = days.world.region
    prices = region.prices[region.prices["key"] != "season_ticket_trips"]
    monkeypatch.setitem(region.__dict__, "prices", prices)
    days.start("baseline", ())
    assert all(np.isinf(c.pass_trips).all() for c in days.conditions_of.values())
    days.run()
    assert not days.residents.table.passes.any()
