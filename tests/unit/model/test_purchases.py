"""What weighs in purchases: parking and public prices where cars went, tours that an e-bike eases."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from tests.reference import tour_choice as slow
from tests.unit.model import small_world as small
from zemsim.core.names import Alternative, DayType, Powertrain, Season
from zemsim.kernels.ebike_gain import NEGLIGIBLE
from zemsim.kernels.tour_choice import N_ALTERNATIVES, fill_fixed_rows, fill_utilities
from zemsim.model import year
from zemsim.model.car_habits import CarHabits, public_eur_kwh_near
from zemsim.model.car_market import car_market
from zemsim.model.ebike_market import ebike_market, learn_ebike_gains
from zemsim.model.model import MobilityModel
from zemsim.model.schedule import YEAR
from zemsim.policy.conditions import conditions

if TYPE_CHECKING:
    from collections.abc import Iterator

    from zemsim.model.world import World

EV_FREE = small.PAID_PARKING | {"ev_exempt": True}


@pytest.fixture(scope="module")
def known(world: World) -> Iterator[MobilityModel]:
    """A model that has simulated the days of 2024 and stands in 2025, conditions set."""
    model = MobilityModel(small.with_settings(world, years=(2024, 2025), days_in=(2024,)), 1)
    model.run_year()
    model.year = 2025
    model._do(YEAR[:1])
    yield model
    model.close()


def under(model: MobilityModel, *rows: Any) -> Any:
    """The car market of 2027 under measures, as the model stands."""
    kept = model.conditions
    model.conditions = conditions(model._policy_region, small.measures(*rows) if rows else (), 2027)
    market = car_market(model)
    model.conditions = kept
    return market


def electric_wins(model: MobilityModel, market: Any) -> np.ndarray:
    """Whether the next car of each household would be electric."""
    model.car_market = market
    market.hazard[:] = 1.0
    model.households.do("replace_cars")
    won: np.ndarray = market.choice // 2 == Powertrain.BEV
    return won


def with_a_car(market: Any) -> Any:
    """The same market for households that would never be without a car."""
    never = np.full(len(market.buyers.owned), -60.0)
    return replace(market, buyers=market.buyers._replace(none_utility=never))


# --- parking ----------------------------------------------------------------------------------------------------------


def test_fees_of_a_year_are_those_of_the_tours_driven(known: MobilityModel) -> None:
    """Counted by hand from the plan: hours paid, price at the destination, days of the day type."""
    c = known.conditions
    found = known.car_habits.parking_eur_year(known.vehicles.n, c.parking_eur_h, c.parking_ev_eur_h)
    expected = np.zeros(known.vehicles.n)
    for plan in known.plans.values():
        days = sum(known.days_of(s)[plan.day_type] for s in known.world.settings.seasons)
        for tour in np.flatnonzero(plan.alternative == Alternative.DRIVER):
            expected[plan.columns.vehicle[tour]] += days * plan.allotment.parking_eur[tour]
    assert expected.max() > 50
    assert found[:, 0] == pytest.approx(expected, rel=1e-5)
    assert np.array_equal(found[:, 0], found[:, 1])


def test_electric_cars_that_park_free_win_buyers_and_lose_none(known: MobilityModel) -> None:
    usual, paid, free = (under(known, *rows) for rows in ((), (small.PAID_PARKING,), (EV_FREE,)))
    assert (free.buyers.parking_eur[:, 0] == paid.buyers.parking_eur[:, 0]).all()
    assert (paid.buyers.parking_eur[:, 0] == paid.buyers.parking_eur[:, 1]).all()
    saves = free.buyers.parking_eur[:, 1] < free.buyers.parking_eur[:, 0]
    assert 0.1 < saves.mean() < 0.9
    before, alike, after = (electric_wins(known, with_a_car(market)) for market in (usual, paid, free))
    assert np.array_equal(before, alike)
    assert after.sum() > before.sum()
    assert not (before & ~after).any()
    assert not (after & ~before)[~saves].any()


def test_before_any_day_was_simulated_no_fee_is_expected(world: World) -> None:
    model = MobilityModel(world, 1)
    model._do(YEAR[:1])
    assert not car_market(model).buyers.parking_eur.any()
    model.close()


# --- public prices ----------------------------------------------------------------------------------------------------


def test_public_price_near_a_zone_by_hand() -> None:
    near = {
        "slow_near": np.array([[0, 1, -1], [-1, -1, -1], [-1, -1, -1]], np.int32),
        "fast_near": np.array([[2, -1, -1], [2, 3, -1], [-1, -1, -1]], np.int32),
    }
    price, place = np.array([0.2, 0.4, 0.5, 0.7], np.float32), np.array([0, 1, 1, -1], np.int32)
    zone_place = np.array([0, 1, -1], np.int32)
    found = public_eur_kwh_near(price, near, 0.9, np.ones(4), place, zone_place)
    assert found == pytest.approx([0.5 * (0.3 + 0.5), 0.6, 0.9])
    # Sites 0 and 2 ask residents of their municipality for half: zone 0 is where site 0 is, zone 1 where site 2 is.
    found = public_eur_kwh_near(price, near, 0.9, np.array([0.5, 1.0, 0.5, 0.5]), place, zone_place)
    assert found == pytest.approx([0.5 * (0.25 + 0.5), 0.5 * (0.25 + 0.7), 0.9])


def test_price_that_a_car_meets_by_hand() -> None:
    cars, nothing = np.array([0, 0], np.int32), np.zeros(2)
    habits = CarHabits(cars, np.array([1, 2], np.int32), nothing, np.array([30.0, 10.0]), nothing, np.zeros(2, np.int8))
    zones = np.array([0.2, 0.4, 0.8])
    found = habits.met_eur_kwh(zones, np.array([0, 2], np.int32))
    assert found == pytest.approx([0.5 * (0.2 + (30 * 0.4 + 10 * 0.8) / 40), 0.8])


def test_dearer_public_charging_loses_electric_buyers_most_where_there_is_no_plug(known: MobilityModel) -> None:
    table = known.stations.table
    before = table.price_eur_kwh.copy()
    table.price_eur_kwh[:] *= 2.0
    dear = car_market(known)
    table.price_eur_kwh[:] = before
    usual = car_market(known)
    more = dear.buyers.eur_km[:, Powertrain.BEV] - usual.buyers.eur_km[:, Powertrain.BEV]
    assert (more > 0).all()
    assert more[~usual.buyers.plug].min() > more[usual.buyers.plug].max()
    assert np.array_equal(dear.buyers.eur_km[:, : Powertrain.BEV], usual.buyers.eur_km[:, : Powertrain.BEV])
    electric, still = electric_wins(known, usual), electric_wins(known, dear)
    assert still.sum() < electric.sum()
    assert not (still & ~electric).any()


def test_a_dear_site_far_away_is_not_met(known: MobilityModel) -> None:
    """Only cars whose home or stops have the site among the nearest see its price."""
    usual = car_market(known).buyers.eur_km[:, Powertrain.BEV].copy()
    table = known.stations.table
    table.price_eur_kwh[0] += 1.0
    changed = car_market(known).buyers.eur_km[:, Powertrain.BEV] > usual
    table.price_eur_kwh[0] -= 1.0
    assert changed.any()
    assert not changed.all()


# --- e-bikes ----------------------------------------------------------------------------------------------------------


def gains(model: MobilityModel, temperature_c: float | None = None) -> np.ndarray:
    """Gains anew, for all residents of the age who have none and will think of one."""
    kept, column = model.temperature_c, model.residents.table.ebike_gain
    before, model.year = column.copy(), 2024
    model.temperature_c = kept if temperature_c is None else temperature_c
    for day_type, plan in model.plans.items():
        plan.prepare(model.temperature_c, model.crowding[day_type], model.further_wait_min[day_type])
    learn_ebike_gains(model, first=True)
    found = column.copy()
    column[:], model.year, model.temperature_c = before, 2025, kept
    return found


def test_the_gain_is_the_difference_of_logsums(known: MobilityModel) -> None:
    """Against the slow twin of the mode choice, for the first hundred residents who gain."""
    found = gains(known)
    some = np.flatnonzero(found > 0)[:100]
    assert len(some) == 100
    p, most = known.plans[DayType.WEEKDAY].parameters, known.parameters["gain_tour_max"]
    days = known.days_of(known.season)
    for resident in some:
        total = 0.0
        tours = 0
        for plan in known.plans.values():
            for r in range(plan.tour_start[resident], plan.tour_end[resident]):
                total += days[plan.day_type] / sum(days.values()) * logsum_gain(known, plan, r, p, most)
                tours += 1
        assert abs(found[resident] - total) <= NEGLIGIBLE * tours


def logsum_gain(model: MobilityModel, plan: Any, r: int, p: Any, most: float) -> float:
    """Logsum of a tour with an e-bike of one's own less that without, from the plan's columns."""
    kept = plan.columns.ebike[r], plan.columns.fixed[:, r].copy()
    sums = []
    for own in (kept[0], 1):
        plan.columns.ebike[r] = own
        fill_fixed_rows(r, r + 1, plan.columns, model.temperature_c, p)
        utility = np.empty(N_ALTERNATIVES)
        fill_utilities(plan.columns, plan.crowding, p, r, utility)
        inclusive = slow.inclusive_values(
            dict(zip(slow.ORDER, utility.tolist(), strict=True)),
            dict(zip(("active", "transit", "car"), p.nest_scale.tolist(), strict=True)),
        )
        sums.append(np.logaddexp.reduce(list(inclusive.values())))
    plan.columns.ebike[r], plan.columns.fixed[:, r] = kept
    if not np.isfinite(sums[0]):
        return 0.0
    return min(most, sums[1] - sums[0])


def test_a_cold_season_takes_from_the_gain(known: MobilityModel) -> None:
    mild, cold = gains(known, 15.0), gains(known, -5.0)
    gains(known)
    assert cold.sum() < mild.sum()
    assert (cold <= mild + 10 * NEGLIGIBLE).all()
    assert buyers(known, cold) < buyers(known, mild)


def test_longer_ways_take_from_the_gain(known: MobilityModel) -> None:
    near = gains(known)
    for plan in known.plans.values():
        plan.columns.ebike_min[:] += 50.0
        plan._fixed_at = None
    far = gains(known)
    for plan in known.plans.values():
        plan.columns.ebike_min[:] -= 50.0
        plan._fixed_at = None
    assert far.sum() < near.sum()


def buyers(model: MobilityModel, gain: np.ndarray, grant_eur: float = 0.0) -> float:
    """Expected share of those who think of an e-bike and buy it."""
    column = model.residents.table.ebike_gain
    before = column.copy()
    column[:] = gain
    utility = ebike_market(model).utility
    column[:] = before
    finite = np.isfinite(utility)
    return float((1.0 / (1.0 + np.exp(-utility[finite]))).mean())


def test_residents_with_more_to_gain_buy_more(known: MobilityModel) -> None:
    found = gains(known)
    assert buyers(known, found * 1.2) > buyers(known, found) > buyers(known, found * 0.5)


def test_a_grant_sells_ebikes(known: MobilityModel) -> None:
    usual = ebike_market(known).utility
    kept = known.conditions
    grant = {"lever": "ebike_grant", "grant_share": 0.5, "grant_max_eur": 1000, "paid_by": "state"}
    known.conditions = conditions(known._policy_region, small.measures(grant), 2027)
    helped = ebike_market(known).utility
    known.conditions = kept
    adult = np.isfinite(usual)
    assert (helped[adult] > usual[adult]).all()


def test_before_any_day_was_simulated_price_alone_decides(world: World) -> None:
    model = MobilityModel(world, 1)
    model._do(YEAR[:1])
    p, residents = model.parameters, model.residents.table
    market = ebike_market(model)
    income = np.clip(residents.income_ratio, 0.2, 5.0).astype(np.float64) ** p["eta_price"]
    expected = p["asc_ebike_buy"] + p["b_price_eb"] * income * (market.price_eur - market.grant_eur) / 1000.0
    adult = np.isfinite(market.utility)
    assert market.utility[adult] == pytest.approx(expected[adult])
    model.close()


def test_only_those_who_will_think_of_an_ebike_have_a_gain_worked_out(known: MobilityModel) -> None:
    found = gains(known)
    year.buy_ebikes(known)
    bought = known.ebike_choice
    known.residents.table.ebike[bought] = False
    assert (found > 0).any()
    assert known.season == Season.WINTER
    age = known.residents.table.age
    assert not found[(age < 18) | (age > known.parameters["ebike_age_max"])].any()


# --- ages -------------------------------------------------------------------------------------------------------------


def test_ages_written_into_the_columns_reach_fares_shared_bikes_and_books(world: World) -> None:
    model = MobilityModel(world, 1)
    model._do(YEAR[:1])
    plan = model.plans[DayType.WEEKDAY]
    was = plan.age.copy()
    model.residents.table.age[:] += 7
    model._do(YEAR[:1])
    assert np.array_equal(plan.age, was + 7)
    model.close()
