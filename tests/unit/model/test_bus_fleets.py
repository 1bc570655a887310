"""Electric buses and full vehicles in the model: tables that balance, costs, emissions, and what travellers meet."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import pytest

from tests.unit.model.small_world import run, with_settings
from zemsim.behaviour.parameters import load_parameters
from zemsim.core.names import DAYS_PER_YEAR, Alternative, DayType, Purpose, Season
from zemsim.evidence.emissions import energy_of_buses
from zemsim.evidence.factors import load_factors
from zemsim.model.model import MobilityModel
from zemsim.model.transit_day import room_of

if TYPE_CHECKING:
    from zemsim.model.world import World

NETWORK = "city_bus_jelgava"
FLEET: dict[str, Any] = {
    "lever": "electric_buses",
    "network": NETWORK,
    "buses": 12,
    "battery_kwh": 300,
    "depot_plugs": 6,
    "depot_kw": 50,
    "eur_per_bus": 480_000.0,
    "eur_per_plug": 50_000.0,
    "cost_eur_per_vehicle_km": -0.2,
}
FEW_PLUGS = FLEET | {"depot_plugs": 1}
NO_DIESEL = FLEET | {"depot_plugs": 1, "diesel_buses": 0}
TERMINI = FEW_PLUGS | {"terminus_chargers": 3, "terminus_kw": 150, "eur_per_terminus_charger": 200_000.0}


@pytest.fixture(scope="module")
def runs(world: World) -> Iterator[dict[str, dict[str, pd.DataFrame]]]:
    settings = {"years": (2026, 2027), "days_in": (2027,), "day_iterations": 2}
    model = MobilityModel(with_settings(world, **settings), seed=1)
    policies = {"baseline": (), "fleet": (FLEET,), "few": (FEW_PLUGS,), "none": (NO_DIESEL,), "termini": (TERMINI,)}
    yield {name: run(model, name, *rows) for name, rows in policies.items()}
    model.close()


def own(tables: dict[str, pd.DataFrame]) -> pd.DataFrame:
    rows = tables["transit"]
    return rows[rows["network_id"] == NETWORK]


def year_sum(rows: pd.DataFrame, column: str) -> float:
    days = rows["day_type"].map({d: sum(season[d] for season in DAYS_PER_YEAR) for d in DayType})
    return float((rows[column] * days).sum())


def electric_km(tables: dict[str, pd.DataFrame]) -> float:
    rows = own(tables)
    return year_sum(rows.assign(km=rows["vehicle_km_day"] * rows["electric_share"]), "km")


def test_the_baseline_has_no_fleet_and_all_its_departures(runs: dict[str, dict[str, pd.DataFrame]]) -> None:
    base = runs["baseline"]
    assert len(base["bus_fleets"]) == 0
    assert own(base)["electric_kwh_day"].isna().all()
    assert electric_km(base) == 0.0


def test_energy_of_a_fleet_balances_and_makes_the_emissions(runs: dict[str, dict[str, pd.DataFrame]]) -> None:
    factors = load_factors()
    for name in ("fleet", "few", "none", "termini"):
        fleet = runs[name]["bus_fleets"].iloc[0]
        gap = fleet["charged_kwh_week"] - fleet["driven_kwh_week"] - fleet["change_kwh_week"]
        assert abs(gap) <= 1e-9 * fleet["driven_kwh_week"]
        eta = load_parameters()["eta_ch"]
        drawn = fleet["depot_kwh_week"] + fleet["terminus_kwh_week"]
        assert drawn * eta == pytest.approx(fleet["charged_kwh_week"])
        rows = own(runs[name])
        by_type = rows.groupby("day_type")["electric_kwh_day"].sum()
        assert 5 * by_type[0] + 2 * by_type[1] == pytest.approx(fleet["driven_kwh_week"] / eta)
        energy = energy_of_buses(rows, factors)
        assert energy.grid_kwh == pytest.approx(year_sum(rows, "electric_kwh_day"))
        diesel_km = year_sum(rows, "vehicle_km_day") - electric_km(runs[name])
        assert energy.diesel_l == pytest.approx(diesel_km * factors["bus_city_l_km"])


def test_chargers_decide_how_much_is_driven_electrically(runs: dict[str, dict[str, pd.DataFrame]]) -> None:
    km = {name: electric_km(tables) for name, tables in runs.items()}
    assert 0.0 < km["few"] < km["fleet"]
    assert km["few"] < km["termini"]
    assert runs["few"]["bus_fleets"]["terminus_kwh_week"].iloc[0] == 0.0
    assert runs["termini"]["bus_fleets"]["terminus_kwh_week"].iloc[0] > 0.0
    assert runs["few"]["bus_fleets"]["depot_peak_kw"].iloc[0] == 50.0
    assert runs["fleet"]["bus_fleets"]["depot_peak_kw"].iloc[0] > 50.0


def test_departures_without_a_bus_leave_their_passengers_behind(runs: dict[str, dict[str, pd.DataFrame]]) -> None:
    base, none = runs["baseline"], runs["none"]
    assert none["bus_fleets"]["cancelled_week"].iloc[0] > runs["fleet"]["bus_fleets"]["cancelled_week"].iloc[0]
    assert year_sum(own(none), "vehicle_km_day") < 0.7 * year_sum(own(base), "vehicle_km_day")
    assert year_sum(own(none), "denied_day") > year_sum(own(base), "denied_day")
    assert year_sum(own(none), "left_behind_day") > year_sum(own(base), "left_behind_day")
    assert year_sum(own(none), "boardings_day") < year_sum(own(base), "boardings_day")
    other = [tables["transit"][tables["transit"]["network_id"] == "regional_bus"] for tables in (base, none)]
    assert (other[0]["vehicle_km_day"].to_numpy() == other[1]["vehicle_km_day"].to_numpy()).all()


def test_a_fleet_is_paid_when_it_comes_and_by_the_electric_kilometre(runs: dict[str, dict[str, pd.DataFrame]]) -> None:
    paid = runs["termini"]["payments"].set_index(["item", "year"])["amount_eur"]
    assert paid["electric_buses", 2026] == 12 * 480_000.0
    assert paid["depot_plugs", 2026] == 50_000.0
    assert paid["terminus_chargers", 2026] == 3 * 200_000.0
    assert ("electric_buses", 2027) not in paid.index
    assert paid["electric_vehicle_km", 2027] == pytest.approx(-0.2 * electric_km(runs["termini"]))


def test_winter_takes_more_than_summer(world: World) -> None:
    settings = {"years": (2026, 2026), "days_in": (2026,), "day_iterations": 1, "seasons": tuple(Season)}
    model = MobilityModel(with_settings(world, **settings, first_iterations=0), seed=1)
    fleets = run(model, "fleet", FLEET)["bus_fleets"].set_index("season")
    shares = [model._fleet_weeks._weeks[key] for key in model._fleet_weeks._weeks]
    model.close()
    assert len(shares) == 2
    km = [sum(share.electric for share in week.shares.values()) for week in shares]
    assert fleets["driven_kwh_week"][0] / km[0] > fleets["driven_kwh_week"][1] / km[1]


def test_room_in_vehicles_comes_from_their_class(world: World) -> None:
    timetable, p = world.supplies[()].timetable, load_parameters()
    room, kind = room_of(timetable, p), timetable.routes["vehicle_class"].to_numpy()[timetable.pattern_route]
    places = timetable.capacity_pers()
    for name, seats, most in (
        ("bus_city", p["seats_bus_city"], p["full_bus_city"]),
        ("bus_regional", 1.0, p["full_bus_regional"]),
        ("bus_small", 1.0, p["full_bus_small"]),
        ("train_electric", 1.0, p["full_train"]),
    ):
        of = kind == name
        assert of.any(), name
        np.testing.assert_allclose(room.seats[of], seats * places[of])
        np.testing.assert_allclose(room.places[of], most * places[of])


@pytest.fixture(scope="module")
def tight(world: World) -> World:
    """The same residents in vehicles so small that few residents fill them."""
    supplies = {}
    for key in [()]:
        supply = world.supplies[key]
        routes = supply.timetable.routes.assign(capacity_pers=supply.timetable.routes["capacity_pers"] / 40.0)
        supplies[key] = replace(supply, timetable=replace(supply.timetable, routes=routes))
    return with_settings(replace(world, supplies=supplies), years=(2026, 2026), days_in=(2026,), day_iterations=2)


def sums_of_day(world: World, steps: int = 2, **parameters: float) -> dict[str, float]:
    """Sums of the last of some weekdays; the first is the same whatever travellers mind: they met no full vehicle."""
    model = MobilityModel(replace(world, parameters=world.parameters.with_values(parameters)), seed=1)
    model.start("baseline", ())
    for _ in range(steps):
        model.step()
    loads, table = model.moves.loads[DayType.WEEKDAY], model.supply.timetable
    expected_wait_min = model.further_wait_min[DayType.WEEKDAY].sum(dtype=float)
    model.close()
    city = (table.routes["network_id"] == NETWORK).to_numpy()[table.pattern_route]
    found = {"asked": loads.boardings.sum(), "city": loads.boardings[city].sum()}
    found |= {"denied": loads.denied_of_pattern.sum(), "left_behind": loads.stranded_pers.sum()}
    found["expected_wait_min"] = expected_wait_min
    return {name: float(value) for name, value in found.items()}


def test_signs_of_the_parameters_of_room(tight: World) -> None:
    """More room: fewer are left waiting. Worse standing, or worse being left behind: fewer want to ride."""
    usual = sums_of_day(tight)
    assert usual["denied"] > 0.0
    most = {"full_bus_city": 1.2, "full_bus_regional": 1.7, "full_bus_small": 1.5, "full_train": 2.5}
    roomy = sums_of_day(tight, **most)
    assert roomy["denied"] < usual["denied"]
    # Of the few last departures here, full ones are avoided on the second day; on the first one all want the same.
    first, roomy_first = sums_of_day(tight, steps=1), sums_of_day(tight, steps=1, **most)
    assert roomy_first["asked"] >= first["asked"]
    assert roomy_first["left_behind"] < first["left_behind"]
    assert sums_of_day(tight, m_crowd=2.0)["asked"] < sums_of_day(tight, m_crowd=1.2)["asked"]
    assert sums_of_day(tight, load_full=1.5)["asked"] < sums_of_day(tight, load_full=2.5)["asked"]
    assert sums_of_day(tight, seats_bus_city=0.35)["city"] < sums_of_day(tight, seats_bus_city=0.6)["city"]
    worse, better = (sums_of_day(tight, steps=1, stranded_min=minutes) for minutes in (240.0, 60.0))
    assert worse["expected_wait_min"] > better["expected_wait_min"]
    assert sums_of_day(tight, stranded_min=240.0)["asked"] <= sums_of_day(tight, stranded_min=60.0)["asked"]


def test_waits_for_room_become_part_of_what_travellers_expect(tight: World) -> None:
    model = MobilityModel(tight, seed=1)
    run(model, "baseline")
    plan = model.plans[DayType.WEEKDAY]
    further = model.further_wait_min[DayType.WEEKDAY]
    assert further.max() > 0.0
    plan.prepare(model.temperature_c, model.crowding[DayType.WEEKDAY], further)
    c, all_waits = plan.columns, np.concatenate([np.zeros(1, np.float32), further])
    for k in range(2):
        there = c.transit_ok[k]
        expected = plan.offer.usual_wait_min[k] + 0.5 * (all_waits[c.crowd_out[k]] + all_waits[c.crowd_back[k]])
        np.testing.assert_allclose(c.transit[k, 1, there], expected[there], rtol=1e-6)
    fixed = c.fixed.copy()
    plan._fixed_at = None
    plan.prepare(model.temperature_c, model.crowding[DayType.WEEKDAY], further)
    rides = np.flatnonzero(plan.column("purpose") == Purpose.SCHOOL)  # who drives a child is known once all have chosen
    fixed[Alternative.PASSENGER, rides] = c.fixed[Alternative.PASSENGER, rides]
    assert (c.fixed == fixed).all()
    model.close()
