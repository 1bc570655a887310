"""Purchases against their slow twin, against the probabilities of the nested logit, and by the sign of each cause."""

import math

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from tests.reference import ownership as slow
from zemsim.core import randomness
from zemsim.core.randomness import Stream
from zemsim.kernels import ownership as fast

SEED = 3
END, BUY, BIKE = int(Stream.REPLACEMENT), int(Stream.PURCHASE), int(Stream.EBIKE)
TABLES = ("eur_km", "parking_eur", "grant_keur")
FUELS, AGES = ("petrol", "diesel", "bev"), ("new", "used")

MARKET = {
    "price_keur": dict(zip(slow.ALTERNATIVES, [27.0, 9.0, 29.0, 9.5, 38.0, 17.0], strict=True)),
    "constant": dict(zip(slow.ALTERNATIVES, [0.0, 1.2, -0.7, 0.8, -1.0, -2.0], strict=True)),
    "range_winter_km": {"new": 280.0, "used": 170.0},
    "ln_supply": {"new": -0.6, "used": -1.5},
    "b_price": -0.12,
    "years_counted": 4.0,
    "b_range": 0.9,
    "b_nohome": -1.1,
    "b_charger": 0.5,
    "b_anycharger": 0.3,
    "b_peer": 2.0,
    "pass_through": 0.8,
    "nest_scale": 0.7,
}
HOME = {
    "income_factor": 1.0,
    "km_year": 12_000.0,
    "plug": True,
    "points_term": 0.4,
    "fast_near": False,
    "peer_share": 0.02,
    "eur_km": {"petrol": 0.13, "diesel": 0.11, "bev": 0.05},
    "parking_eur": {"combustion": 120.0, "bev": 120.0},
    "grant_keur": {"new": 0.0, "used": 0.0},
}

share, eur_km = st.floats(0, 1), st.floats(0, 0.6)
homes = st.fixed_dictionaries(
    {
        "income_factor": st.floats(0.3, 2.5),
        "km_year": st.floats(0, 60_000),
        "plug": st.booleans(),
        "points_term": st.floats(0, 3),
        "fast_near": st.booleans(),
        "peer_share": share,
        "eur_km": st.fixed_dictionaries(dict.fromkeys(FUELS, eur_km)),
        "parking_eur": st.fixed_dictionaries(dict.fromkeys(("combustion", "bev"), st.floats(0, 3000))),
        "grant_keur": st.fixed_dictionaries(dict.fromkeys(AGES, st.sampled_from([0.0, 2.0, 4.5, 60.0]))),
    }
)
markets = st.fixed_dictionaries(
    {
        "price_keur": st.fixed_dictionaries(dict.fromkeys(slow.ALTERNATIVES, st.floats(0.5, 70))),
        "constant": st.fixed_dictionaries(dict.fromkeys(slow.ALTERNATIVES, st.floats(-6, 6))),
        "range_winter_km": st.fixed_dictionaries(dict.fromkeys(AGES, st.floats(40, 600))),
        "ln_supply": st.fixed_dictionaries(dict.fromkeys(AGES, st.floats(-4, 0))),
        "nest_scale": st.floats(0.2, 1.0),
    }
).map(lambda found: MARKET | found)


def buyers(*rows):
    """The kernel's arrays of some households, car `c` of household `c`."""
    column = {name: np.array([row[name] for row in rows]) for name in HOME if name not in TABLES}
    return fast.Buyers(
        vehicle_id=np.arange(100, 100 + len(rows), dtype=np.int64),
        eur_km=np.array([[row["eur_km"][fuel] for fuel in FUELS] for row in rows]),
        parking_eur=np.array([[row["parking_eur"][kind] for kind in ("combustion", "bev")] for row in rows]),
        grant_keur=np.array([[row["grant_keur"][age] for age in AGES] for row in rows]),
        **column,
    )


def market_of(values):
    """The kernel's market."""
    order = {"price_keur": slow.ALTERNATIVES, "constant": slow.ALTERNATIVES, "range_winter_km": AGES, "ln_supply": AGES}
    tables = {name: np.array([values[name][key] for key in keys]) for name, keys in order.items()}
    return fast.CarMarket(**(values | tables))


def gumbel_of(agent, stream):
    return lambda draw: -math.log(-math.log(randomness.uniform(SEED, stream, np.array([agent]), draw)[0]))


def choose(home, market, year=2030, car=0, n=1):
    """The kernel's next cars of `n` households that are alike."""
    scratch = np.empty(6)
    arrays, prices = buyers(*[home] * n), market_of(market)
    return [fast.choose_car(c, SEED, BUY, year, arrays, prices, scratch) for c in range(car, n)]


@given(homes, markets, st.integers(2024, 2060))
def test_the_car_bought_is_that_of_the_slow_twin(home, market, year):
    draw = gumbel_of(100, BUY)
    found = choose(home, market, year)[0]
    expected = slow.next_car(home, market, year, draw)
    assert slow.ALTERNATIVES[found] == expected


def test_cars_that_are_kept_and_bought_are_those_of_the_hazard():
    n, hazard = 400, 0.3
    arrays, prices, choice = buyers(*[HOME] * n), market_of(MARKET), np.full(n, 9, np.int8)
    cars = np.arange(n, dtype=np.int32)
    fast.replace_cars(0, n, cars, cars, cars + 1, SEED, END, BUY, 2027, np.full(n, hazard), arrays, prices, choice)
    luck = randomness.uniform(SEED, END, np.arange(100, 100 + n), 2027)
    assert np.array_equal(choice >= 0, luck < hazard)
    bought = np.flatnonzero(choice >= 0)
    scratch = np.empty(6)
    assert choice[bought].tolist() == [fast.choose_car(c, SEED, BUY, 2027, arrays, prices, scratch) for c in bought]


def test_a_draw_that_is_the_hazard_itself_changes_nothing():
    """So a hazard of 0 never does, and shares of the draws below it are those of the hazard."""
    ids = np.array([100], np.int64)
    of_car, of_bike = (randomness.uniform(SEED, stream, ids, at) for stream, at in ((END, 2027), (BIKE, 2027 * 4)))
    scratch, utility = np.empty(6), np.array([math.inf])
    for more, bought in ((0.0, False), (1e-15, True)):
        choice = fast.replace_car(0, SEED, END, BUY, 2027, of_car + more, buyers(HOME), market_of(MARKET), scratch)
        assert (choice >= 0) == bought
        assert fast.buys_ebike(0, SEED, BIKE, 2027, ids, float(of_bike[0]) + more, utility) == bought


def test_shares_are_the_probabilities_of_the_nested_logit():
    """20,000 households; six shares within five standard errors: false alarm below 1e-5."""
    n = 20_000
    found = np.bincount(choose(HOME, MARKET, n=n), minlength=6) / n
    expected = np.array(list(slow.probabilities(slow.utilities(HOME, MARKET), MARKET["nest_scale"]).values()))
    assert expected.min() > 0.001
    assert (np.abs(found - expected) < 5 * np.sqrt(expected * (1 - expected) / n)).all()


CAUSES = {
    "a grant": {"grant_keur": {"new": 5.0, "used": 5.0}},
    "neighbours with electric cars": {"peer_share": 0.3},
    "points near home": {"points_term": 1.5},
    "a fast charger near home": {"fast_near": True},
    "dearer petrol and diesel": {"eur_km": {"petrol": 0.2, "diesel": 0.19, "bev": 0.05}},
    "electric cars that park free": {"parking_eur": {"combustion": 120.0, "bev": 0.0}},
    "dearer parking but for electric cars": {"parking_eur": {"combustion": 900.0, "bev": 120.0}},
    "cheaper electricity": {"eur_km": {"petrol": 0.13, "diesel": 0.11, "bev": 0.02}},
}


@pytest.mark.parametrize("cause", CAUSES)
def test_a_cause_wins_buyers_for_electric_cars_and_loses_none(cause):
    before, after = (np.array(choose(home, MARKET, n=3000)) >= 4 for home in (HOME, HOME | CAUSES[cause]))
    assert after.sum() > before.sum()
    assert not (before & ~after).any()


@pytest.mark.parametrize("fee", [0.0, 700.0])
def test_a_fee_that_all_cars_pay_changes_no_purchase(fee):
    alike = HOME | {"parking_eur": {"combustion": fee, "bev": fee}}
    assert choose(alike, MARKET, n=2000) == choose(HOME, MARKET, n=2000)


def test_without_a_place_to_plug_in_fewer_buy_electric_cars():
    before, after = (np.array(choose(home, MARKET, n=3000)) >= 4 for home in (HOME, HOME | {"plug": False}))
    assert after.sum() < before.sum()
    assert not (after & ~before).any()


def test_a_grant_never_makes_a_price_negative():
    price = slow.utilities(HOME | {"grant_keur": {"new": 1000.0, "used": 1000.0}}, MARKET)
    free = slow.utilities(
        HOME, MARKET | {"price_keur": MARKET["price_keur"] | dict.fromkeys([("bev", a) for a in AGES], 0)}
    )
    assert price == free


@given(st.floats(-5, 5) | st.just(-math.inf), share, st.integers(2024, 2060), st.integers(0, 2**40))
def test_an_ebike_is_bought_as_the_slow_twin_says(utility, hazard, year, resident):
    ids = np.array([resident], np.int64)
    draw = gumbel_of(resident, BIKE)
    assume(abs(utility + draw(year * 4 + 1) - draw(year * 4 + 2)) > 1e-9)
    expected = slow.buys_ebike(utility, hazard, year, lambda d: randomness.uniform(SEED, BIKE, ids, d)[0], draw)
    assert fast.buys_ebike(0, SEED, BIKE, year, ids, hazard, np.array([utility])) == expected


def test_ebikes_of_many_are_those_of_each():
    n = 500
    ids, utility = np.arange(n, dtype=np.int64), np.linspace(-2, 2, n)
    rows, found = np.arange(0, n, 3, dtype=np.int32), np.zeros(n, np.bool_)
    fast.buy_ebikes(0, len(rows), rows, SEED, BIKE, 2030, ids, 0.6, utility, found)
    assert not found[np.setdiff1d(np.arange(n), rows)].any()
    assert found[rows].tolist() == [fast.buys_ebike(r, SEED, BIKE, 2030, ids, 0.6, utility) for r in rows]
    assert 0.1 < found[rows].mean() < 0.5
