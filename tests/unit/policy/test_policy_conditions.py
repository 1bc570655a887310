"""What each lever does to the conditions of a year, worked out by hand on six zones."""

from __future__ import annotations

import math
import pickle
import random
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from pydantic import ValidationError

from tests.unit.policy.policy_measures import KINDS, all_measures, measure
from tests.unit.policy.policy_region import SmallRegion, small_region
from zemsim.core.errors import InputError
from zemsim.core.names import Powertrain
from zemsim.policy.conditions import Conditions, conditions, conditions_of_years, national_policy
from zemsim.policy.draft import ConflictError, PolicyRegion
from zemsim.policy.levers import LEVERS, Measure
from zemsim.travel.timetable_changes import Departures


@pytest.fixture(scope="module")
def region(tmp_path_factory: pytest.TempPathFactory) -> SmallRegion:
    return small_region(tmp_path_factory.mktemp("gtfs"))


@pytest.fixture(scope="module")
def base(region: SmallRegion) -> PolicyRegion:
    return PolicyRegion.of(region)


#: Levers of which several add up.
ADDITIVE = {"public_chargers", "municipal_fleet", "new_line", "new_stop"}


def under(base: PolicyRegion, year: int, *measures: Measure) -> Conditions:
    return conditions(base, measures, year)


def same_but(first: Conditions, second: Conditions, *names: str) -> bool:
    """Whether two conditions differ in these attributes and nowhere else."""
    return all(
        _same(getattr(first, name), getattr(second, name)) != (name in names) for name in first.__dataclass_fields__
    )


def _same(first: object, second: object) -> bool:
    if isinstance(first, np.ndarray):
        return np.array_equal(first, second, equal_nan=True)
    return repr(dict(first) if hasattr(first, "keys") else first) == repr(
        dict(second) if hasattr(second, "keys") else second
    )


def test_every_lever_is_tested_here() -> None:
    assert set(KINDS) == set(LEVERS)


def test_no_measures_is_the_base_bit_for_bit(region: SmallRegion, base: PolicyRegion) -> None:
    first, second = conditions(region, [], 2030), under(base, 2030)
    assert first == second
    assert first.digest() == second.digest()
    assert hash(first) == hash(second)
    assert pickle.loads(pickle.dumps(first)) == first
    assert first != under(base, 2031)
    early = [measure(lever, until_year=2029) for lever in ("fuel_price", "bus_fare", "yard_chargers")]
    assert under(base, 2030, *early) == first
    assert first.timetable == ()
    assert np.all(first.fare_share == 1.0)
    assert dict(first.price) == {"petrol_eur_l": 1.5, "diesel_eur_l": 1.4, "electricity_home_eur_kwh": 0.2}


def test_arrays_and_prices_cannot_be_changed(base: PolicyRegion) -> None:
    found = under(base, 2030)
    with pytest.raises(ValueError, match="read-only"):
        found.fare_share[0, 0, 0] = 2.0
    with pytest.raises(TypeError):
        found.price["petrol_eur_l"] = 0.0  # type: ignore[index]
    with pytest.raises(InputError, match="no price “petrol” - did you mean “petrol_eur_l”"):
        found.price["petrol"]


def test_the_order_of_measures_does_not_matter_and_the_region_stays(region: SmallRegion, base: PolicyRegion) -> None:
    before = [pd.util.hash_pandas_object(t).sum() for t in (region.zones, region.chargers, region.prices)]
    measures = all_measures()
    first = under(base, 2027, *measures)
    for seed in range(5):
        random.Random(seed).shuffle(measures)
        assert under(base, 2027, *measures) == first
    assert [pd.util.hash_pandas_object(t).sum() for t in (region.zones, region.chargers, region.prices)] == before
    assert under(base, 2027) == conditions(region, [], 2027)


def test_years_share_the_arrays_that_are_the_same(base: PolicyRegion) -> None:
    """Half fares for the young from 2030 on: two arrays for seven years, the first that of years without measures."""
    half = measure("bus_fare", from_year=2030, fare_share=0.5)
    plain = conditions_of_years(base, (), range(2026, 2033))
    found = conditions_of_years(base, [half], plain, plain.values())
    assert all(same_but(found[year], conditions(base, [half], year)) for year in plain)
    assert len({id(each.fare_share) for each in plain.values()}) == 1
    assert {id(each.fare_share) for each in found.values()} == {id(plain[2026].fare_share), id(found[2030].fare_share)}
    assert found[2029].fare_share is plain[2026].fare_share
    assert found[2032].fare_share is found[2030].fare_share
    assert found[2030].fare_share[0].min() == 0.5 * plain[2030].fare_share[0].min()


def test_national_grant_is_the_base_until_2025_and_measures_come_on_top(base: PolicyRegion) -> None:
    assert [m.name for m in national_policy()] == ["national-ev-grant"]
    zones, income = np.arange(6), np.full(6, 900.0)
    new = [4500.0] * 5 + [0.0]
    for year, used in ((2022, 2250.0), (2024, 2250.0), (2025, 3350.0)):
        found = under(base, year)
        assert found.car_grant_eur(Powertrain.BEV, True, zones, income).tolist() == new
        assert found.car_grant_eur(Powertrain.BEV, False, zones, income).tolist() == [used] * 5 + [0.0]
    assert not under(base, 2026).car_grant_eur(Powertrain.BEV, True, zones, income).any()
    found = under(base, 2025, measure("ev_purchase_grant", from_year=2025))
    assert found.car_grant_eur(Powertrain.BEV, True, 0, 900.0) == 6500.0


def test_ev_grant_by_income_and_place(base: PolicyRegion) -> None:
    found = under(base, 2026, measure("ev_purchase_grant", income_max_eur_month=1500, places=["Jelgava", "s2"]))
    assert found.car_grant_eur(Powertrain.BEV, True, [0, 1, 2, 3, 0], [1500, 100, 1000, 1000, 1501]).tolist() == [
        2000
    ] * 3 + [0, 0]
    assert found.car_grant_eur(Powertrain.BEV, False, [0], [1500]).tolist() == [1000]
    assert same_but(found, under(base, 2026), "grants", "payment_rules")


def test_a_grant_asks_for_kilometres(base: PolicyRegion) -> None:
    """EKII programme: 52,000 km in five years."""
    found = under(base, 2024)
    km = [0.0, 10_399.0, 10_400.0, 30_000.0]
    assert found.car_grant_eur(Powertrain.BEV, True, [0] * 4, [900] * 4, km).tolist() == [0, 0, 4500, 4500]
    bonus = found.scrapping_eur(Powertrain.BEV, True, [0] * 4, [900] * 4, [20] * 4, km)
    assert bonus.tolist() == [0, 0, 1000, 1000]


def test_plug_in_hybrids_and_the_bonus_for_scrapping(base: PolicyRegion) -> None:
    lever = measure(
        "ev_purchase_grant", phev_new_eur=1500, scrapping_eur=800, scrapping_age_years=12, places=["Jelgava"]
    )
    found = under(base, 2026, lever)
    assert found.car_grant_eur(Powertrain.PHEV, True, [0, 5], [900, 900]).tolist() == [1500, 0]
    assert found.car_grant_eur(Powertrain.PHEV, False, [0], [900]).tolist() == [0]
    assert found.car_grant_eur(Powertrain.PETROL, True, [0], [900]).tolist() == [0]
    ages = [-1, 11, 12, 25]
    assert found.scrapping_eur(Powertrain.BEV, False, [0] * 4, [900] * 4, ages).tolist() == [0, 0, 800, 800]
    assert found.scrapping_eur(Powertrain.PHEV, True, [0], [900], [12]).tolist() == [800]
    assert not found.scrapping_eur(Powertrain.PHEV, False, [0], [900], [12]).any()
    assert not found.scrapping_eur(Powertrain.BEV, True, [5], [900], [12]).any()


def test_ebike_grant(base: PolicyRegion) -> None:
    found = under(base, 2026, measure("ebike_grant"))
    assert found.ebike_grant_eur(1000.0, [0, 5], [900, 900]).tolist() == [300, 0]
    assert found.ebike_grant_eur(2200.0, [0], [900]).tolist() == [500]
    assert same_but(found, under(base, 2026), "ebike_grants", "payment_rules")


def test_public_chargers_stand_in_the_busiest_zones(base: PolicyRegion) -> None:
    lever = measure("public_chargers")
    sites = {year: under(base, year, lever).extra_sites for year in (2025, 2026, 2027, 2028)}
    assert [len(sites[year]) for year in sorted(sites)] == [0, 2, 2, 6]
    assert [(s.site_id, s.zone_idx) for s in sites[2028]] == [
        *(("public-chargers/Bauska/1", 2), ("public-chargers/Bauska/2", 2), ("public-chargers/Bauska/3", 2)),
        *(("public-chargers/Jelgava/1", 0), ("public-chargers/Jelgava/2", 1), ("public-chargers/Jelgava/3", 0)),
    ]
    assert {(s.points, s.power_kw, s.price_eur_kwh, s.kind) for s in sites[2028]} == {(2, 150.0, 0.5, "fast")}
    assert same_but(under(base, 2028, lever), under(base, 2028), "extra_sites", "payment_rules")


@pytest.mark.parametrize(("lag", "first"), [(0, 2026), (6, 2026), (7, 2027), (18, 2027), (19, 2028)])
def test_a_site_counts_from_the_year_in_whose_middle_it_stands(base: PolicyRegion, lag: int, first: int) -> None:
    lever = measure("public_chargers", install_lag_months=lag)
    assert [bool(under(base, year, lever).extra_sites) for year in range(2025, 2029)] == [
        year >= first for year in range(2025, 2029)
    ]


def test_yard_chargers_by_walk_and_turns(base: PolicyRegion) -> None:
    lever = measure("yard_chargers", until_year=2030)
    assert not under(base, 2026, lever).yard_charging_share.any()
    found = under(base, 2027, lever)
    near = 1 - math.exp(-(2000 * 0.03) * math.pi * 250**2 / 1000**2)
    assert found.yard_charging_share[2] == pytest.approx(0.18 * near, rel=1e-12)
    assert found.yard_charging_share[3] == 0.0
    assert found.yard_charging_share[4] < 0.01
    assert np.isnan(found.yard_price_eur_kwh[3])
    assert found.yard_price_eur_kwh[0] == 0.25
    assert found.yard_power_kw[0] == 7.4
    names = ("yard_charging_share", "yard_price_eur_kwh", "yard_power_kw", "payment_rules")
    assert same_but(found, under(base, 2027), *names)
    assert under(base, 2031, lever) == under(base, 2031)
    many = under(base, 2027, measure("yard_chargers", points_per_100_flats=50))
    assert many.yard_charging_share.max() <= 1.0


def test_prices(base: PolicyRegion) -> None:
    plain = under(base, 2026)
    found = under(base, 2026, measure("fuel_price"))
    assert found.price["petrol_eur_l"] == pytest.approx(1.8)
    assert found.price["diesel_eur_l"] == pytest.approx(1.68)
    assert same_but(found, plain, "price", "payment_rules")
    one = under(base, 2026, measure("fuel_price", price_factor=None, add_eur_l=0.3, fuels=["diesel"]))
    assert (one.price["petrol_eur_l"], one.price["diesel_eur_l"]) == (1.5, pytest.approx(1.7))
    power = under(base, 2026, measure("electricity_price"))
    assert power.price["electricity_home_eur_kwh"] == pytest.approx(0.15)
    public = under(base, 2026, measure("charging_price"))
    assert public.site_price_eur_kwh.tolist() == [0.3, 0.3, 0.25]
    assert public.site_eur_min.tolist() == [0.0, 0.05, 0.0]  # a factor is one on the whole tariff
    assert public.site_eur_session.tolist() == [0.0, 0.0, 0.5]
    assert same_but(public, plain, "site_price_eur_kwh", "site_eur_min", "site_eur_session", "payment_rules")
    fixed = under(base, 2026, measure("charging_price", price_factor=None, price_eur_kwh=0.1, places=["Bauska"]))
    assert fixed.site_price_eur_kwh.tolist() == [0.3, 0.6, 0.1]


def test_tariffs_by_hour_minute_and_session_and_discounts_for_residents(base: PolicyRegion) -> None:
    plain = under(base, 2026)
    hours = [
        {"from_hour": 22, "until_hour": 6, "price_factor": 0.5},
        {"from_hour": 17, "until_hour": 20, "price_factor": 1.5},
    ]
    lever = measure(
        "charging_price", price_factor=None, price_eur_min=0.2, price_eur_session={"2026": 1.0}, tariff_hours=hours,
        resident_discount_share=0.3, kinds=["slow", "fast"], places=["Bauska"],
    )  # fmt: skip
    found = under(base, 2026, lever)
    assert found.site_eur_min.tolist() == [0.0, 0.1, 0.2]
    assert found.site_eur_session.tolist() == [0.0, 0.0, 1.0]
    assert found.site_resident_share.tolist() == [1.0, 1.0, 0.7]
    expected = np.ones(24)
    expected[[22, 23, 0, 1, 2, 3, 4, 5]], expected[[17, 18, 19]] = 0.5, 1.5
    assert (found.site_hour_factor == [np.ones(24), np.ones(24), expected]).all()
    assert (found.site_price_eur_kwh == plain.site_price_eur_kwh).all()
    home = under(base, 2026, measure("home_tariff", tariff_hours=hours))
    assert (home.home_hour_factor == expected).all()
    assert same_but(home, plain, "home_hour_factor", "payment_rules")
    timers = under(base, 2026, measure("smart_charging"))
    assert (plain.timer_share, timers.timer_share) == (None, 0.8)
    assert same_but(timers, plain, "timer_share", "payment_rules")


def test_hours_of_a_tariff_are_said_once() -> None:
    with pytest.raises(ValidationError, match="says something of hour 5"):
        measure(
            "home_tariff",
            tariff_hours=[
                {"from_hour": 22, "until_hour": 6, "price_factor": 0.5},
                {"from_hour": 5, "until_hour": 7, "price_factor": 2.0},
            ],
        )
    with pytest.raises(ValidationError, match="not both"):
        measure("charging_price", price_factor=0.5, price_eur_min=0.1)
    with pytest.raises(ValidationError, match="say what changes"):
        measure("charging_price", price_factor=None)


def test_parking(base: PolicyRegion) -> None:
    found = under(base, 2026, measure("parking_price"))
    assert found.parking_eur_h.tolist() == [1.0, 1.0, 0.0, 0.0, 0.0, 2.0]
    assert found.parking_ev_eur_h.tolist() == [0.0, 0.0, 0.0, 0.0, 0.0, 2.0]
    assert same_but(found, under(base, 2026), "parking_eur_h", "parking_ev_eur_h", "payment_rules")
    some = under(base, 2026, measure("parking_price", places=["z1", "Bauska"], areas=[], ev_exempt=False))
    assert some.parking_ev_eur_h.tolist() == [1.0, 0.5, 1.0, 0.0, 0.0, 2.0]
    both = under(base, 2026, measure("parking_price", places=["Bauskas novads"], areas=["countryside"]))
    assert both.parking_eur_h.tolist() == [0.5, 0.5, 0.0, 1.0, 0.0, 2.0]


def test_fares_by_age_mode_and_place(base: PolicyRegion) -> None:
    found = under(
        base, 2026, measure("bus_fare", modes=["train"], places=["Jelgava"], persons={"age_min": 7, "age_max": 18})
    )
    assert np.all(found.fare_share[0] == 1.0)
    assert np.all(found.fare_share[1, :2, 7:19] == 0.25)
    assert found.fare_share[1].sum() == found.fare_share[1].size - 2 * 12 * 0.75
    assert same_but(found, under(base, 2026), "fare_share", "payment_rules")


def test_frequency_is_a_sorted_key(base: PolicyRegion) -> None:
    found = under(base, 2026, measure("bus_frequency", networks=["city_bus_jelgava"], route_ids=["r4"]))
    assert found.timetable == tuple(Departures(name, 1.5) for name in ("r1", "r2", "r4"))
    assert same_but(found, under(base, 2026), "timetable", "payment_rules")
    assert under(base, 2026, measure("bus_frequency", factor=1.0)).timetable == ()
    but = under(base, 2026, measure("bus_frequency", networks=["city_bus_jelgava"], except_route_ids=["r1"]))
    assert but.timetable == (Departures("r2", 1.5),)
    assert under(base, 2026, measure("electric_city_buses")).electric_bus_share == (("r1", 0.5), ("r2", 0.5))


def test_shared_ebikes(base: PolicyRegion) -> None:
    found = under(base, 2026, measure("shared_ebikes"))
    near = 1 - math.exp(-(30_000 * 2 / 1000 / 5) * math.pi * 300**2 / 1000**2)
    assert found.shared_ebike_share[1, 0] == pytest.approx(near, rel=1e-12)
    assert not found.shared_ebike_share[0].any()
    assert not found.shared_ebike_share[:, 2:].any()
    assert found.shared_ebike_eur_trip[:2].tolist() == [0.5, 0.5]
    assert np.isnan(found.shared_ebike_eur_trip[2:]).all()
    winter = under(base, 2026, measure("shared_ebikes", winter=True))
    assert np.array_equal(winter.shared_ebike_share[0], winter.shared_ebike_share[1])


def test_solar_and_municipal_cars_change_no_price(base: PolicyRegion) -> None:
    plain = under(base, 2026)
    assert same_but(under(base, 2026, measure("solar_charging")), plain, "solar_share", "payment_rules")
    assert same_but(under(base, 2026, measure("municipal_fleet")), plain, "payment_rules")


@pytest.mark.parametrize("lever", [name for name in KINDS if name not in ADDITIVE])
def test_setting_the_same_thing_twice_is_a_conflict_that_names_both(base: PolicyRegion, lever: str) -> None:
    first, second = measure(lever), measure(lever, id="another", from_year=2028)
    assert under(base, 2027, first, second) == under(base, 2027, first)
    with pytest.raises(ConflictError) as caught:
        under(base, 2028, first, second)
    assert {caught.value.first, caught.value.second} == {first.name, "another"}
    assert "in 2028" in str(caught.value)


def test_other_places_ages_or_modes_are_no_conflict(base: PolicyRegion) -> None:
    young = measure("bus_fare")
    old = measure("bus_fare", id="old", persons={"age_min": 65})
    train = measure("bus_fare", id="train", modes=["train"])
    here, there = measure("yard_chargers", places=["Jelgava"]), measure("yard_chargers", id="b", places=["Bauska"])
    found = under(base, 2028, young, old, train, here, there)
    assert found.fare_share[0, 0, 18] == found.fare_share[0, 0, 65] == 0.25
    assert found.fare_share[0, 0, 19] == 1.0
    with pytest.raises(ConflictError, match=r"yard charging in 2028 in Jelgava"):
        under(base, 2028, here, measure("yard_chargers", id="b", places=["z2", "Bauska"]))


def test_places(base: PolicyRegion) -> None:
    places = base.places
    assert places.zones([]).tolist() == [True] * 5 + [False]
    assert places.zones(["Bauska", "z1"]).tolist() == [True, False, True, False, False, False]
    assert places.zones(["Bauskas novads"]).tolist() == [False, False, True, True, False, False]
    assert places.zones(["g1"]).tolist() == [False] * 5 + [True]
    with pytest.raises(InputError, match="“Auri” means several settlements: use one of s4, s5"):
        places.zones(["Auri"])
    with pytest.raises(InputError, match="did you mean “Bauska”"):
        places.zones(["Bausca"])


def test_a_timetable_without_networks_is_named(tmp_path: Path) -> None:
    region = small_region(tmp_path)
    (tmp_path / "routes.txt").write_text("route_id,route_type\nr1,3\n", encoding="utf-8")
    with pytest.raises(InputError, match=r"routes\.txt:1: has no column “network_id”"):
        conditions(region, [], 2026)
    (tmp_path / "routes.txt").unlink()
    with pytest.raises(InputError, match=r"routes\.txt: cannot be read"):
        conditions(region, [], 2026)
