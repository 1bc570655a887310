"""Places for cars over the years, what households find around them, what hybrids burn and draw."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from tests.unit.model import small_world as small
from zemsim.behaviour.parameters import load_parameters
from zemsim.core.errors import InputError
from zemsim.core.names import PETROL_BURNERS, Alternative, ChargingPlace, Powertrain, Season
from zemsim.evidence.fleet import session_weeks
from zemsim.kernels.ownership import NO_CAR
from zemsim.model.car_habits import CarHabits
from zemsim.model.car_market import SUPPORTED, car_market, car_prices_keur, ln_supply, none_utility, running_eur_km
from zemsim.model.energy import electric_share_of_phev, fuel_l_per_km, grid_kwh_per_km, plug_at_home
from zemsim.model.model import MobilityModel
from zemsim.model.peers import of_workers, peer_shares
from zemsim.model.schedule import YEAR
from zemsim.model.vehicles import EMPTY, litres_per_km, places_of_households
from zemsim.policy.conditions import conditions

if TYPE_CHECKING:
    from collections.abc import Iterator

    from zemsim.model.world import World


@pytest.fixture(scope="module")
def known(world: World) -> Iterator[MobilityModel]:
    """A model that has simulated the days of 2024 and stands in 2025, conditions set."""
    model = MobilityModel(small.with_settings(world, years=(2024, 2025), days_in=(2024,)), 1)
    model.run_year()
    model.year = 2025
    model._do(YEAR[:1])
    yield model
    model.close()


@pytest.fixture(scope="module")
def tables(world: World) -> dict[str, Any]:
    """Tables of three years without measures."""
    model = MobilityModel(small.with_settings(world, years=(2024, 2025, 2026), days_in=(2024,)), 1)
    found = model.run()
    model.close()
    return found


# --- places -----------------------------------------------------------------------------------------------------------


def test_every_car_and_every_driver_has_a_place(world: World, known: MobilityModel) -> None:
    population = world.population
    first = places_of_households(population)
    cars = population.households["n_cars"].to_numpy()
    licences = np.bincount(population.residents["household_idx"][population.residents["licence"]], minlength=len(cars))
    assert (np.diff(first) >= cars).all()
    assert (np.diff(first) == np.maximum(cars, np.minimum(licences, 3))).all()
    assert (np.diff(first) > cars).any()
    assert len(np.unique(known.vehicles.vehicle_id)) == known.vehicles.n == first[-1]
    model = MobilityModel(world, 1)
    table, vehicles = population.vehicles, model.vehicles
    owned = np.flatnonzero(vehicles.owned)
    for name in ("vehicle_id", "household_idx", "powertrain", "age_years", "battery_kwh"):
        assert np.array_equal(getattr(vehicles, name)[owned], table[name].to_numpy())
    model.close()


def test_cars_are_conserved_over_the_years(world: World, tables: dict[str, Any]) -> None:
    """Cars of a year are those of the year before, less those given up, and those added; nobody buys twice."""
    cars, purchases = tables["vehicles"], tables["purchases"]
    bought = purchases[purchases["kind"] == "car"]
    before = set(places_with_cars(world))
    for year in (2024, 2025, 2026):
        here, of_year = cars[cars["year"] == year], bought[bought["year"] == year]
        now = set(here["vehicle_idx"])
        added = of_year["replaces"] == EMPTY
        assert len(now) == len(here)
        assert len(now - before) == added.sum() > 0
        assert 0 < len(before - now) < 0.1 * len(before)
        first_year = here.set_index("vehicle_idx")["age_years"]
        assert (first_year[sorted(now - before)] <= 11).all()
        assert of_year.loc[added].groupby("household_idx").size().max() == 1
        assert (of_year["powertrain"].between(0, 4)).all()
        before = now


def places_with_cars(world: World) -> list[int]:
    first, cars = places_of_households(world.population), world.population.households["n_cars"].to_numpy()
    return [int(f + k) for f, n in zip(first[:-1], cars, strict=True) for k in range(n)]


def test_an_empty_place_drives_and_burns_nothing(known: MobilityModel) -> None:
    empty = ~known.vehicles.owned
    assert empty.any()
    for plan in known.plans.values():
        used = plan.columns.vehicle[plan.columns.vehicle >= 0]
        assert known.vehicles.owned[used].all()
    assert not known.vehicles.km_year[empty].any()
    assert not fuel_l_per_km(known)[empty].any()
    assert not grid_kwh_per_km(known)[empty].any()


def test_a_car_that_is_given_up_leaves_nothing_behind(known: MobilityModel) -> None:
    vehicles = known.vehicles
    kept = vehicles.snapshot()
    rows = np.flatnonzero(vehicles.electric)[:5]
    vehicles.empty(rows)
    for name in ("age_years", "battery_kwh", "energy_kwh", "morning_kwh", "km_year", "litres_year", "kwh_year"):
        assert not getattr(vehicles, name)[rows].any()
    assert not vehicles.owned[rows].any()
    vehicles.restore(kept)


def test_who_has_more_licences_and_income_gives_up_less(known: MobilityModel) -> None:
    households = known.households.table
    usual = none_utility(known)
    kept = households.income_ratio.copy()
    households.income_ratio[:] *= 2.0
    assert (none_utility(known) < usual).all()
    households.income_ratio[:] = kept
    licence = known.residents.table.licence.copy()
    known.residents.table.licence[:] = False
    assert (none_utility(known) > usual)[known.vehicles.owned].any()
    assert (none_utility(known) >= usual - 1e-12).all()
    known.residents.table.licence[:] = licence


def test_a_second_car_is_given_up_more_easily(known: MobilityModel) -> None:
    utility, vehicles = none_utility(known), known.vehicles
    cars = np.bincount(vehicles.household_idx[vehicles.owned], minlength=len(known.households))
    one, two = (vehicles.owned & (cars[vehicles.household_idx] == n) for n in (1, 2))
    size = known.households.table.size_pers[vehicles.household_idx]
    assert utility[two & (size == 2)].mean() > utility[one & (size == 2)].mean()


# --- prices, supply, support ------------------------------------------------------------------------------------------


def test_prices_by_powertrain_and_year() -> None:
    p = load_parameters()
    first, later = (car_prices_keur(p, year).reshape(5, 2) for year in (2024, 2032))
    assert first[Powertrain.HYBRID, 0] == pytest.approx((p["p_ice"] + p["p_hybrid_more"]) / 1000)
    assert first[Powertrain.PHEV].tolist() == [p["p_phev"] / 1000, p["p_phev_used"] / 1000]
    falls = [Powertrain.BEV, Powertrain.PHEV]
    assert (later[falls] < first[falls]).all()
    assert np.array_equal(later[[0, 1, 3]], first[[0, 1, 3]])


def test_used_cars_with_a_plug_follow_european_sales_by_the_lag() -> None:
    """Eurostat: 5.3 % of new cars in the EU were battery electric in 2020, 13.6 % in 2024."""
    p = load_parameters()
    used = 2 * int(Powertrain.BEV) + 1
    assert np.exp(ln_supply(p, 2024)[used]) == pytest.approx(0.053 ** p["b_supply"])
    assert np.exp(ln_supply(p, 2028)[used]) == pytest.approx(0.136 ** p["b_supply"])
    assert ln_supply(p.with_values({"b_supply": 1.0}), 2024)[used] == pytest.approx(np.log(0.053))
    assert ln_supply(p.with_values({"supply_lag": 3}), 2024)[used] > ln_supply(p, 2024)[used]
    supply = np.array([ln_supply(p, year) for year in range(2024, 2036)]).reshape(12, 5, 2)
    assert not supply[:, [0, 1, 3]].any()
    assert (np.diff(supply[:, 2, 0]) > 0).all()
    assert (supply <= 0).all()


@pytest.mark.parametrize(
    ("year", "expected"),
    [
        (2021, [0, 0, 0, 0, 0]),
        (2024, [4500, 2250, 2250, 0, 1000]),
        (2025, [4500, 3350, 3350, 0, 2000]),
        (2026, [0] * 5),
    ],
)
def test_the_national_grant_by_year(known: MobilityModel, year: int, expected: list[float]) -> None:
    """EKII programme (la.lv July 2024, db.lv 522982): no income limit, scrapping 1,000 EUR, 2,000 from July 2024."""
    found = conditions(known._policy_region, (), year)
    for income in (200.0, 9000.0):
        grants = [found.car_grant_eur(*car, [0], [income])[0] for car in SUPPORTED]
        assert grants == expected[:4]
        ages = [-1, 9, 10, 30]
        bonus = found.scrapping_eur(Powertrain.BEV, True, [0] * 4, [income] * 4, ages)
        assert bonus.tolist() == [0, 0, expected[4], expected[4]]
        assert not found.scrapping_eur(Powertrain.PHEV, False, [0], [income], [30]).any()
        assert not found.car_grant_eur(Powertrain.HYBRID, True, [0], [income]).any()


def test_a_grant_with_an_income_limit_reaches_nobody_above(known: MobilityModel) -> None:
    kept = known.conditions
    rule = small.GRANT | {"income_max_eur_month": 1500, "scrapping_eur": 1500, "phev_new_eur": 3000}
    known.conditions = conditions(known._policy_region, small.measures(rule), 2027)
    market = car_market(known)
    known.conditions = kept
    income = known.households.table.income_eur_month[known.vehicles.household_idx]
    assert not market.grant_eur[income > 1500].any()
    assert (market.grant_eur[income <= 1500] == [9000, 6000, 3000, 0]).all()
    old = (market.replaced_age >= 10) & (income <= 1500)
    assert (market.scrapping_eur[old] == [1500, 1500, 1500, 0]).all()
    assert not market.scrapping_eur[~old].any()
    saving = known.parameters["passthru"] * market.grant_eur + market.scrapping_eur
    assert market.buyers.saving_keur == pytest.approx(saving / 1000)


def test_who_drives_little_has_no_national_grant(known: MobilityModel) -> None:
    """52,000 km in five years: those of the simulated days decide, and the book keeps them for the ledger."""
    market, v = car_market(known), known.vehicles
    assert known.conditions.year == 2025
    little = v.owned & (v.km_year < 10_400)
    assert 0.3 < little[v.owned].mean() < 0.9
    assert not market.grant_eur[little].any()
    assert not market.scrapping_eur[little].any()
    assert (market.grant_eur[v.owned & ~little] == [4500, 3350, 3350, 0]).all()
    assert np.array_equal(market.buyers.km_year[v.owned], v.km_year[v.owned])
    assert (market.buyers.km_year[~v.owned] == known.parameters["km_year_prior"]).all()


def test_a_bonus_for_scrapping_sells_electric_cars(known: MobilityModel) -> None:
    kept, won = known.conditions, []
    for bonus in (0, 6000):
        rules = small.measures(small.GRANT | {"scrapping_eur": bonus})
        known.conditions = conditions(known._policy_region, rules, 2027)
        market = known.car_market = car_market(known)
        market.hazard[:] = 1.0
        known.households.do("replace_cars")
        won.append(market.choice // 2 == Powertrain.BEV)
    known.conditions = kept
    assert won[1].sum() > won[0].sum()
    assert not (won[0] & ~won[1]).any()
    assert (market.replaced_age >= 10)[won[1] & ~won[0]].all()


def test_nests_of_powertrains_lie_within_those_of_ages() -> None:
    p = load_parameters()
    with pytest.raises(InputError, match=r"lam_car_purchase: must not be above lam_car_age = 0.75, got 0.8"):
        p.with_values({"lam_car_purchase": 0.8, "lam_car_age": 0.75})


# --- what is around ---------------------------------------------------------------------------------------------------


def test_peers_by_hand(known: MobilityModel) -> None:
    """For some households with workers: other cars of the zone, and cars of all who work where its workers do."""
    found, v = peer_shares(known), known.vehicles
    people, zone = known.residents.table, known.households.table.zone_idx
    owner, weight = v.household_idx, known.parameters["w_peer_work"]
    works = people.employed & (people.work_zone_idx >= 0)
    cars = np.bincount(owner[v.owned], minlength=len(zone))
    bevs = np.bincount(owner[v.electric], minlength=len(zone))
    seen = 0
    for household in np.unique(people.household_idx[works])[::40]:
        near = (zone == zone[household]) & (np.arange(len(zone)) != household)
        near_share = bevs[near].sum() / cars[near].sum() if cars[near].sum() else 0.0
        at_work = []
        for place in people.work_zone_idx[works & (people.household_idx == household)]:
            colleagues = people.household_idx[works & (people.work_zone_idx == place)]
            total = cars[colleagues].sum()
            at_work.append(bevs[colleagues].sum() / total if total else 0.0)
        assert found[household] == pytest.approx((1 - weight) * near_share + weight * np.mean(at_work))
        seen += found[household] > 0
    assert seen > 5
    alone = np.setdiff1d(np.arange(len(zone)), people.household_idx[works])[:1]
    near = (zone == zone[alone]) & (np.arange(len(zone)) != alone)
    assert found[alone[0]] == pytest.approx(bevs[near].sum() / max(1, cars[near].sum()))


def test_electric_cars_of_others_are_seen_and_ones_own_not(known: MobilityModel) -> None:
    v, usual = known.vehicles, peer_shares(known)
    kept = v.powertrain.copy()
    row = int(np.flatnonzero(v.owned & ~v.electric)[0])
    v.powertrain[row] = Powertrain.BEV
    more = peer_shares(known) - usual
    v.powertrain[:] = kept
    zone = known.households.table.zone_idx
    home = v.household_idx[row]
    neighbours = (zone == zone[home]) & (np.arange(len(zone)) != home)
    assert (more[neighbours] > 0).all()
    assert (more >= -1e-15).all()
    assert 0 < (more > 0).sum() < len(zone)


def test_chargers_at_work_count(known: MobilityModel) -> None:
    """Points near a workplace alone raise the term of the households whose members work there."""
    usual = car_market(known).buyers
    near_work, has_worker = of_workers(known, np.log1p(known.public_points_near()[0]))
    home_term = np.log1p(known.public_points_near()[0])[known.households.table.zone_idx]
    expected = np.where(has_worker, 0.5 * (home_term + near_work), home_term)
    assert usual.points_term == pytest.approx(expected[known.vehicles.household_idx])
    assert (expected != home_term).any()


def test_days_beyond_a_range_by_hand() -> None:
    habits = CarHabits(
        car=np.array([0, 0, 1, 0], np.int32),
        dest=np.zeros(4, np.int32),
        paid_h_year=np.zeros(4),
        stops_year=np.array([251.0, 251.0, 251.0, 114.0]),
        km=np.array([90.0, 80.0, 40.0, 60.0]),
        day_type=np.array([0, 0, 0, 1], np.int8),
    )
    assert habits.days_beyond(3, 150.0).tolist() == [251, 0, 0]
    assert habits.days_beyond(3, 30.0).tolist() == [365, 251, 0]
    assert habits.days_beyond(3, 170.0).tolist() == [0, 0, 0]


def test_long_days_cost_and_a_shorter_range_costs_more(known: MobilityModel) -> None:
    beyond = car_market(known).buyers.beyond_keur
    km = np.zeros(known.vehicles.n)
    for plan in known.plans.values():
        rows = plan.alternative == Alternative.DRIVER
        km = np.maximum(km, np.bincount(plan.columns.vehicle[rows], 2.0 * plan.columns.road_km[rows], known.vehicles.n))
    assert (beyond[:, 1] >= beyond[:, 0]).all()
    assert (beyond[km < 100] == 0).all()
    assert beyond.max() > 0
    assert beyond.max() <= 0.365 * known.parameters["c_longday"]


# --- hybrids ----------------------------------------------------------------------------------------------------------


def test_running_costs_by_hand(known: MobilityModel) -> None:
    p, price, cost = known.parameters, known.conditions.price, running_eur_km(known)
    fuel = {Powertrain.PETROL: "f_pet", Powertrain.HYBRID: "f_hev"}
    for powertrain, symbol in fuel.items():
        assert cost[:, powertrain] == pytest.approx(p[symbol] / 100 * price["petrol_eur_l"] + p["c_maint_ice"])
    homes = known.households.table
    own = homes.home_charging[known.vehicles.household_idx]
    on_fuel = p["f_phev"] / 100 * price["petrol_eur_l"]
    cold = np.mean([1 + p["g_cold"] * max(0.0, 15 - t) for t in known.world.temperature_c.values()])
    on_power = p["e_phev20"] * cold / p["eta_ch"] * price["electricity_home_eur_kwh"]
    share = p["uf_phev"]
    expected = share * on_power + (1 - share) * on_fuel + p["c_maint_ice"]
    assert cost[own, Powertrain.PHEV] == pytest.approx(expected)
    nowhere = ~plug_at_home(known)
    assert cost[nowhere, Powertrain.PHEV] == pytest.approx(on_fuel + p["c_maint_ice"])
    assert (cost[own, Powertrain.PHEV] < cost[own, Powertrain.PETROL]).all()


def test_a_point_at_work_saves_who_has_no_plug(known: MobilityModel) -> None:
    people, kept = known.residents.table, known.work_charging.copy()
    known.work_charging[:] = False
    usual = running_eur_km(known)[:, Powertrain.BEV]
    known.work_charging[:] = people.employed
    helped = running_eur_km(known)[:, Powertrain.BEV]
    known.work_charging[:] = kept
    works = np.bincount(people.household_idx[people.employed], minlength=len(known.households)) > 0
    works_of = works[known.vehicles.household_idx]
    assert (helped < usual)[works_of].all()
    assert np.array_equal(helped[~works_of], usual[~works_of])


def test_litres_and_energy_of_a_year_by_powertrain(known: MobilityModel) -> None:
    """Litres are kilometres times consumption; plug-in hybrids drive a share on power where they have a plug."""
    v, p = known.vehicles, known.parameters
    litres = litres_per_km(p)
    for powertrain in (Powertrain.PETROL, Powertrain.DIESEL, Powertrain.HYBRID):
        rows = v.powertrain == powertrain
        assert rows.any()
        assert v.litres_year[rows] == pytest.approx(v.km_year[rows] * litres[powertrain])
        assert not v.kwh_year[rows].any()
    rows = (v.powertrain == Powertrain.PHEV) & (v.km_year > 0)
    share = electric_share_of_phev(known)[rows]
    assert set(np.unique(share)) <= {0.0, p["uf_phev"]}
    assert v.litres_year[rows] == pytest.approx(v.km_year[rows] * litres[Powertrain.PHEV] * (1 - share))
    assert ((v.kwh_year[rows] > 0) == (share > 0)).all()
    assert (share > 0).any()
    assert not v.litres_year[v.electric].any()


def test_sessions_of_plug_in_hybrids_are_what_they_draw(known: MobilityModel) -> None:
    """At home, after the last tour; energy of the week's sessions over the year is that of the cars, to rounding."""
    v, sessions = known.vehicles, known.book.of_year("sessions", 2024)
    hybrid = v.powertrain[sessions["vehicle_idx"]] == Powertrain.PHEV
    mine = sessions[hybrid]
    assert len(mine)
    assert (mine["place"] == ChargingPlace.HOME).all()
    assert plug_at_home(known)[mine["vehicle_idx"]].all()
    assert not mine.duplicated(["season", "day", "vehicle_idx"]).any()
    assert (mine["cost_eur"] > 0).all()
    days = np.array([[sum(known.days_of(Season.WINTER).values())] * 2, [0, 0]]) / 2.0
    drawn = np.bincount(mine["vehicle_idx"], session_weeks(mine, days) * mine["kwh"], v.n)
    year = v.kwh_year * (v.powertrain == Powertrain.PHEV)
    assert drawn.sum() == pytest.approx(year.sum(), rel=0.05)
    assert set(np.flatnonzero(drawn)) == set(np.flatnonzero(year))


def test_hybrids_burn_petrol() -> None:
    assert set(PETROL_BURNERS) == {Powertrain.PETROL, Powertrain.HYBRID, Powertrain.PHEV}
    assert 2 * len(Powertrain) == NO_CAR
