"""Measures on lines in the model: signs, kilometres that balance, services on demand that are full."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import pytest

from tests.unit.model.small_world import run, with_settings
from zemsim.core.names import DAYS_PER_YEAR, PERIODS, DayType
from zemsim.evidence.emissions import energy_of_buses
from zemsim.evidence.factors import load_factors
from zemsim.model.model import MobilityModel
from zemsim.travel.on_demand import OnDemand, driven_km
from zemsim.travel.timetable_changes import changed

if TYPE_CHECKING:
    from zemsim.model.world import World

LINE = {
    "lever": "new_line",
    "network": "regional_bus",
    "stops": ["Jelgava", "ozolnieku-pagasts", "56.40535, 24.17956", "bus-bauska"],
    "headway_min": {"weekday_morning": 30, "weekday_midday": 60, "weekday_afternoon": 30, "weekend_day": 60},
    "hours": {"first": "05:30", "last": "21:00"},
    "speed_km_h": 60,
    "detour_ratio": 1.2,
    "dwell_s": 20,
    "vehicle": "bus_regional",
    "capacity_pers": 45,
    "electric_share": 1.0,
    "cost_eur_per_vehicle_km": 2.0,
}
BUILT = {"capex_eur": 1000.0, "opex_eur_year": 10.0}
FASTER = {"lever": "bus_speed", "speed_factor": 2.0, "networks": ["city_bus_jelgava"], **BUILT}
CLOSED = {"lever": "closed_stop", "stops": ["Bauska"], "route_ids": ["bus-riga-bauska"], "saved_s": 0, **BUILT}
SERVICE: dict[str, Any] = {
    "lever": "on_demand_bus",
    "places": ["Bauska"],
    "hubs": ["Bauska"],
    "route_ids": ["bus-6375"],
    "hours_weekday": {"first": "06:00", "last": "20:00"},
    "walk_max_m": 500,
    "wait_min": 5,
    "detour_ratio": 1.2,
    "pooling_ratio": 1.2,
    "speed_km_h": 20,
    "vehicles": 40,
    "seats": 8,
    "persons_per_run": 2.0,
    "empty_share": 0.5,
    "fare_factor": 0.0,
    "cost_eur_per_vehicle_hour": 30.0,
    "saved_eur_per_vehicle_km": 2.0,
}
FEW = SERVICE | {"vehicles": 1, "speed_km_h": 5, "persons_per_run": 1.0, "empty_share": 0.9}
POLICIES: Mapping[str, Mapping[str, Any] | None] = {
    "baseline": None, "line": LINE, "faster": FASTER, "closed": CLOSED, "service": SERVICE, "few": FEW,
}  # fmt: skip


@pytest.fixture(scope="module")
def runs(world: World) -> Iterator[dict[str, dict[str, pd.DataFrame]]]:
    model = MobilityModel(with_settings(world, years=(2026, 2027), days_in=(2027,), day_iterations=3), seed=1)
    yield {name: run(model, name, *([row] if row else [])) for name, row in POLICIES.items()}
    model.close()


def boardings(tables: dict[str, pd.DataFrame], *route_ids: str) -> float:
    routes = tables["transit"]
    own = routes[routes["route_id"].isin(route_ids)] if route_ids else routes[routes["mode"] == 3]
    return float(own["boardings_day"].sum())


def test_lines_and_speed_win_riders_and_a_closed_stop_loses_them(runs: dict[str, dict[str, pd.DataFrame]]) -> None:
    base = runs["baseline"]
    city = [name for name in base["transit"]["route_id"].unique() if name.startswith("jelgava-")]
    assert boardings(runs["line"]) > boardings(base)
    assert boardings(runs["line"], "test-0") > 0
    assert boardings(runs["faster"], *city) > boardings(base, *city)
    assert boardings(runs["closed"], "bus-riga-bauska") < boardings(base, "bus-riga-bauska")
    assert boardings(runs["service"], "test-0") > 0


def test_kilometres_of_the_books_are_those_of_the_timetable(
    runs: dict[str, dict[str, pd.DataFrame]], world: World
) -> None:
    """Lines by their departures; services on demand by who rides; cost and energy follow from the same kilometres."""
    for name, tables in runs.items():
        routes = tables["transit"]
        key = next(k for k in world.supplies if _is_of(k, POLICIES[name]))
        runs_km = world.supplies[key].timetable.vehicle_km().groupby(["route_id", "day_type"])["vehicle_km"].sum()
        found = routes.set_index(["route_id", "day_type"])["vehicle_km_day"]
        fixed = found[~found.index.get_level_values(0).isin(["test-0"] if "service" in name or name == "few" else [])]
        expected = runs_km.reindex(fixed.index).to_numpy()
        assert fixed.to_numpy() == pytest.approx(expected, rel=1e-12), name
    factors = load_factors()
    more, base = runs["line"]["transit"], runs["baseline"]["transit"]
    km = _year_km(more, "test-0")
    kwh = km * factors["bus_electric_kwh_km"] / factors["charger_efficiency"]
    assert energy_of_buses(more, factors).grid_kwh - energy_of_buses(base, factors).grid_kwh == pytest.approx(kwh)
    assert energy_of_buses(more, factors).diesel_l == pytest.approx(energy_of_buses(base, factors).diesel_l)
    paid = runs["line"]["payments"].set_index("item")
    assert paid.loc["new_line", "quantity"] == pytest.approx(km)
    assert paid.loc["new_line", "amount_eur"] == pytest.approx(2.0 * km)


def test_a_service_is_paid_by_the_hour_and_drives_for_those_who_ride(
    runs: dict[str, dict[str, pd.DataFrame]],
) -> None:
    tables = runs["service"]
    paid = tables["payments"].set_index(["item", "year"])
    weekdays = sum(season[DayType.WEEKDAY] for season in DAYS_PER_YEAR)
    assert paid.loc[("on_demand", 2027), "amount_eur"] == pytest.approx(40 * 14 * weekdays * 30.0)
    replaced = _year_km(runs["baseline"]["transit"], "bus-6375")
    assert paid.loc[("replaced_lines", 2027), "amount_eur"] == pytest.approx(-2.0 * replaced)
    own = tables["transit"].set_index(["route_id", "day_type"]).loc["test-0"]
    assert own["vehicle_km_day"][0] > 0
    assert own["vehicle_km_day"][1] == own["boardings_day"][1] == 0.0
    assert 0 < own["max_load_share"][0] < 1
    factors = load_factors()
    on_demand = tables["transit"][tables["transit"]["route_id"] == "test-0"]
    km = _year_km(on_demand, "test-0")
    assert energy_of_buses(on_demand, factors).diesel_l == pytest.approx(km * factors["bus_on_demand_l_km"])


def test_a_full_service_refuses_whom_it_cannot_carry(runs: dict[str, dict[str, pd.DataFrame]]) -> None:
    full, free = (
        runs[name]["transit"].set_index(["route_id", "day_type"]).loc["test-0"] for name in ("few", "service")
    )
    assert full["max_load_share"][0] > 1.5
    assert 0 < full["boardings_day"][0] < free["boardings_day"][0]
    # one van at 5 km/h in 14 hours; some slack: who is refused is drawn, and the last round is not yet at rest
    assert full["vehicle_km_day"][0] < 1.3 * 14 * 5


def test_who_is_refused_is_a_matter_of_luck_and_travels_by_what_the_lines_offer(world: World) -> None:
    """A service that is asked for twice as much refuses about half; at thrice, those and more."""
    model = MobilityModel(with_settings(world, years=(2027, 2027), days_in=(2027,)), seed=1)
    run(model, "service", SERVICE)
    plan, shape = model.plans[DayType.WEEKDAY], (model.supply.timetable.n_patterns, len(PERIODS))
    own = np.flatnonzero(model.supply.timetable.pattern_route == _row(model, "test-0"))
    refused = []
    for times in (1.0, 2.0, 3.0):
        asked = np.ones(shape)
        asked[own] = times
        plan.ration(asked)
        refused.append(plan.offer.refused[0].copy())
        if times == 1.0:
            before = {name: getattr(plan.columns, name).copy() for name in ("transit", "transit_ok", "fare_eur")}
    bus = plan.offer.full.of_mode["bus"]
    main = np.ravel(plan.offer.full.main_pattern)[np.maximum(bus["leg_out"], 0)]
    rides = np.isin(main, own) & bus["available"]
    assert not refused[0].any()
    assert (refused[2] | ~refused[1]).all()
    assert refused[1][rides].mean() == pytest.approx(0.5, abs=0.1)
    assert plan.offer.without is not None
    assert (plan.columns.crowd_out[0][refused[2]] == plan.offer.without.of_mode["bus"]["event_out"][refused[2]]).all()
    assert not (plan.columns.transit_ok[0] & ~before["transit_ok"][0]).any()
    kept = ~plan.offer.refused
    for name, values in before.items():
        now = getattr(plan.columns, name)
        assert (now[0][..., kept[0]] == values[0][..., kept[0]]).all(), name
    options, without = plan.offer.options(without=True)
    assert options is plan.offer.without
    assert (without == plan.offer.refused).all()
    assert (plan.offer.options(without=False)[1] == ~without).all()
    model.close()


def test_who_is_refused_has_the_bus_that_was_there_without_the_service(world: World) -> None:
    """Where a service replaces no line, its pick-up points take nothing from those who may not use it."""
    model = MobilityModel(with_settings(world, years=(2027, 2027), days_in=(2027,), adapt=False), seed=1)
    run(model, "service", SERVICE | {"route_ids": []})
    plan = model.plans[DayType.WEEKDAY]
    assert plan.offer.without is not None
    base = model.tour_options.of(())[0][DayType.WEEKDAY].of_mode
    for mode, option in plan.offer.without.of_mode.items():
        for name in ("available", "ivt_min", "headway_min", "fare_eur"):
            assert (option[name] == base[mode][name]).all(), (mode, name)
    model.close()


def _row(model: MobilityModel, route_id: str) -> int:
    return model.supply.timetable.routes["route_id"].tolist().index(route_id)


def _is_of(key: tuple[Any, ...], row: Mapping[str, Any] | None) -> bool:
    if row is None:
        return key == ()
    if row["lever"] == "on_demand_bus":
        return any(
            isinstance(change, OnDemand) and (change.vehicles, change.hours_s[0] is None) == (row["vehicles"], False)
            for change in key
        )
    kinds = {"new_line": "Line", "bus_speed": "Speed", "closed_stop": "PassedStops"}
    return any(type(change).__name__ == kinds[row["lever"]] for change in key)


def _year_km(routes: pd.DataFrame, route_id: str) -> float:
    days = {int(d): sum(season[d] for season in DAYS_PER_YEAR) for d in DayType}
    own = routes[routes["route_id"] == route_id]
    return float((own["vehicle_km_day"] * own["day_type"].map(days)).sum())


def test_the_key_of_a_year_is_what_the_model_runs_on(world: World, runs: dict[str, dict[str, pd.DataFrame]]) -> None:
    del runs  # they have made the supplies
    key = next(k for k in world.supplies if _is_of(k, SERVICE))
    table = changed(world.supplies[()].timetable, key)
    assert table.stops.equals(world.supplies[key].timetable.stops)
    assert driven_km(table, np.zeros(table.n_patterns)) == {"test-0": 0.0}
