"""What operators do by their rule: departures where buses are full, within a budget, from the next year on."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from tests.unit.model.small_world import measures, with_settings
from zemsim.model.bus_operators import RouteUse, changes_of, plan_departures
from zemsim.model.model import MobilityModel
from zemsim.policy.rules import OperatorRule
from zemsim.travel.timetable_changes import Departures

if TYPE_CHECKING:
    from zemsim.model.world import World

RULE = OperatorRule(
    "n", budget_eur_year=100.0, cost_eur_km=1.0, full_share=0.9, step_share=0.5, most_factor=2.0, measure_id="m"
)
FULL = RouteUse("full", km_year=100.0, boardings_year=500.0, load_share=1.2, factor=1.0)
FULLER = RouteUse("fuller", km_year=140.0, boardings_year=500.0, load_share=1.5, factor=1.0)
EMPTY = RouteUse("empty", km_year=100.0, boardings_year=10.0, load_share=0.1, factor=1.0)
ROUTES = (EMPTY, FULL, FULLER)


def planned(rule: OperatorRule = RULE, routes: tuple[RouteUse, ...] = ROUTES, **changes: Any) -> dict[str, float]:
    return plan_departures(replace(rule, **changes), routes)


def test_the_fullest_route_gets_departures_first_as_far_as_the_budget_goes() -> None:
    """A step costs 50 EUR on the one and 70 EUR on the other."""
    assert planned() == {"empty": 1.0, "full": 1.0, "fuller": 1.5}
    assert planned(budget_eur_year=120.0) == {"empty": 1.0, "full": 1.5, "fuller": 1.5}
    assert planned(budget_eur_year=60.0) == {"empty": 1.0, "full": 1.5, "fuller": 1.0}
    assert planned(budget_eur_year=0.0) == {"empty": 1.0, "full": 1.0, "fuller": 1.0}


def test_what_was_added_before_counts_in_the_budget_and_has_a_limit() -> None:
    """The second step on the fuller route, which drives half as much again, would bring its cost to 140 EUR."""
    grown = (EMPTY, replace(FULLER, km_year=210.0, factor=1.5))
    assert planned(routes=grown) == {"empty": 1.0, "fuller": 1.5}
    assert planned(routes=grown, budget_eur_year=140.0) == {"empty": 1.0, "fuller": 2.0}
    at_most = (replace(FULLER, km_year=280.0, factor=2.0),)
    assert planned(routes=at_most, budget_eur_year=1e6) == {"fuller": 2.0}


def test_a_smaller_budget_takes_from_the_emptiest_route_and_never_both_ways() -> None:
    assert planned(budget_eur_year=-50.0) == {"empty": 0.5, "full": 1.0, "fuller": 1.0}
    assert planned(budget_eur_year=-100.0) == {"empty": 0.5, "full": 1.0, "fuller": 0.5}
    shrunk = (replace(EMPTY, km_year=50.0, factor=0.5),)
    assert planned(routes=shrunk, budget_eur_year=-1000.0) == {"empty": 0.5}


@pytest.mark.parametrize(
    ("changes", "fewer"),
    [({"full_share": 2.0}, True), ({"cost_eur_km": 9.0}, True), ({"budget_eur_year": 500.0}, False)],
)
def test_signs(changes: dict[str, float], fewer: bool) -> None:
    """A higher threshold or dearer kilometres: fewer departures; a larger budget: more."""
    usual, other = sum(planned().values()), sum(planned(**changes).values())
    assert (other < usual) == fewer
    assert other != usual


def test_factors_are_changes_of_the_timetable() -> None:
    assert changes_of({"b": 1.5, "a": 2.0, "c": 1.0}) == [Departures("a", 2.0), Departures("b", 1.5)]


LEVER = {
    "lever": "bus_operator_rule",
    "networks": ["city_bus_jelgava"],
    "budget_eur_year": 10_000_000.0,
    "full_share": 0.1,
    "step_share": 0.5,
    "most_factor": 2.0,
    "cost_eur_per_vehicle_km": 2.0,
}


def test_departures_come_in_the_next_year_are_paid_and_win_riders(world: World) -> None:
    """In buses of two places some are full; nothing changes elsewhere, in the first year, or without the rule."""
    supply = world.supplies[()]
    routes = supply.timetable.routes
    small = supply.timetable.routes["capacity_pers"].where(routes["network_id"] != "city_bus_jelgava", 2.0)
    tight = {(): replace(supply, timetable=replace(supply.timetable, routes=routes.assign(capacity_pers=small)))}
    years = {"years": (2026, 2027), "days_in": (2026, 2027), "day_iterations": 1}
    model = MobilityModel(with_settings(replace(world, supplies=tight), **years, first_iterations=0), seed=1)
    found = {}
    for name, rows in (("rule", [LEVER]), ("baseline", []), ("again", [LEVER])):
        model.start(name, measures(*rows) if rows else ())
        found[name] = model.run()
    assert model.departure_factors
    model.close()
    rule, base = found["rule"], found["baseline"]
    key = ["year", "network_id"]
    km = {name: tables["transit"].groupby(key)["vehicle_km_day"].sum() for name, tables in found.items()}
    rides = {name: tables["transit"].groupby(key)["boardings_day"].sum() for name, tables in found.items()}
    at = (2027, "city_bus_jelgava")
    assert km["rule"][2026, "city_bus_jelgava"] == km["baseline"][at] == km["baseline"][2026, "city_bus_jelgava"]
    assert km["baseline"][at] < km["rule"][at] <= 1.5 * km["baseline"][at] * 1.05
    assert rides["rule"][at] > rides["baseline"][at]
    assert km["rule"][2027, "regional_bus"] == km["baseline"][2027, "regional_bus"]
    assert km["again"].equals(km["rule"])
    assert rides["again"].equals(rides["rule"])
    paid = rule["payments"].set_index(["item", "year"])["amount_eur"]
    assert paid["departures", 2026] == 0.0
    assert paid["departures", 2027] > 0.0
    assert "departures" not in set(base["payments"]["item"])
