"""Purchases against their slow twin, against the probabilities of the nested logit, and by the sign of each cause."""

import math

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from tests.reference import ownership as slow
from zemsim.core import randomness
from zemsim.core.names import Powertrain
from zemsim.core.randomness import Stream
from zemsim.kernels import ownership as fast

SEED = 3
END, BUY, BIKE = int(Stream.REPLACEMENT), int(Stream.PURCHASE), int(Stream.EBIKE)
FUELS, AGES, CARS = slow.FUELS, slow.AGES, slow.ALTERNATIVES
SAVED = [("bev", "new"), ("bev", "used"), ("phev", "new"), ("phev", "used")]
TABLES = ("eur_km", "parking_eur", "saving_keur", "beyond_keur")
BEV = 2


def each(keys, values):
    return dict(zip(keys, values, strict=True))


MARKET = {
    "price_keur": each(CARS, [27.0, 9.0, 29.0, 9.5, 38.0, 17.0, 29.5, 12.0, 37.0, 19.0]),
    "constant": each(CARS, [0.9, 0.0, 0.6, 0.0, 2.4, 1.6, 1.2, -0.2, 1.6, 0.6]),
    "ln_supply": each(CARS, [0.0, 0.0, 0.0, 0.0, -0.6, -1.5, 0.0, 0.0, -0.3, -1.2]),
    "range_winter_km": {"new": 280.0, "used": 170.0},
    "b_price": -0.12,
    "years_counted": 4.0,
    "b_range": 0.9,
    "b_nohome": -1.1,
    "b_charger": 0.5,
    "b_anycharger": 0.3,
    "b_peer": 2.0,
    "age_scale": 0.85,
    "powertrain_scale": 0.7,
}
HOME = {
    "owned": True,
    "income_factor": 1.0,
    "km_year": 12_000.0,
    "plug": True,
    "points_term": 0.4,
    "fast_near": False,
    "peer_share": 0.02,
    "eur_km": each(FUELS, [0.13, 0.11, 0.05, 0.10, 0.09]),
    "parking_eur": {"other": 120.0, "bev": 120.0},
    "saving_keur": each(SAVED, [0.0, 0.0, 0.0, 0.0]),
    "beyond_keur": {"new": 0.0, "used": 0.1},
    "none_utility": -1.5,
}

share, eur_km = st.floats(0, 1), st.floats(0, 0.6)
homes = st.fixed_dictionaries(
    {
        "owned": st.booleans(),
        "income_factor": st.floats(0.3, 2.5),
        "km_year": st.floats(0, 60_000),
        "plug": st.booleans(),
        "points_term": st.floats(0, 3),
        "fast_near": st.booleans(),
        "peer_share": share,
        "eur_km": st.fixed_dictionaries(dict.fromkeys(FUELS, eur_km)),
        "parking_eur": st.fixed_dictionaries(dict.fromkeys(("other", "bev"), st.floats(0, 3000))),
        "saving_keur": st.fixed_dictionaries(dict.fromkeys(SAVED, st.sampled_from([0.0, 2.0, 4.5, 60.0]))),
        "beyond_keur": st.fixed_dictionaries(dict.fromkeys(AGES, st.floats(0, 8))),
        "none_utility": st.floats(-8, 4),
    }
)
markets = st.fixed_dictionaries(
    {
        "price_keur": st.fixed_dictionaries(dict.fromkeys(CARS, st.floats(0.5, 70))),
        "constant": st.fixed_dictionaries(dict.fromkeys(CARS, st.floats(-6, 6))),
        "ln_supply": st.fixed_dictionaries(dict.fromkeys(CARS, st.floats(-4, 0))),
        "range_winter_km": st.fixed_dictionaries(dict.fromkeys(AGES, st.floats(40, 600))),
        "age_scale": st.floats(0.6, 0.97) | st.just(1.0),
        "powertrain_scale": st.floats(0.2, 0.6),
    }
).map(lambda found: MARKET | found)


def buyers(*rows):
    """The kernel's arrays of some households, place `c` of household `c`."""
    column = {name: np.array([row[name] for row in rows]) for name in HOME if name not in TABLES}

    def table(name, keys):
        return np.array([[row[name][key] for key in keys] for row in rows])

    return fast.Buyers(
        vehicle_id=np.arange(100, 100 + len(rows), dtype=np.int64),
        eur_km=table("eur_km", FUELS),
        parking_eur=table("parking_eur", ("other", "bev")),
        saving_keur=table("saving_keur", SAVED),
        beyond_keur=table("beyond_keur", AGES),
        **column,
    )


def market_of(values):
    """The kernel's market."""
    order = {"price_keur": CARS, "constant": CARS, "ln_supply": CARS, "range_winter_km": AGES}
    tables = {name: np.array([values[name][key] for key in keys]) for name, keys in order.items()}
    return fast.CarMarket(**(values | tables))


def draws_of(agent, stream):
    """Uniform and Gumbel draws of an agent."""

    def uniform(draw):
        return randomness.uniform(SEED, stream, np.array([agent]), draw)[0]

    return uniform, lambda draw: -math.log(-math.log(uniform(draw)))


def choose(home, market, year=2030, n=1):
    """The kernel's choices of `n` households that are alike."""
    scratch = np.empty(fast.N_ALTERNATIVES)
    arrays, prices = buyers(*[home] * n), market_of(market)
    return [fast.choose_car(c, SEED, BUY, year, arrays, prices, scratch) for c in range(n)]


def bought(home, market=MARKET, n=3000, powertrain=BEV):
    """Which of `n` households that are alike choose a car with this powertrain."""
    return np.array(choose(home, market, n=n)) // 2 == powertrain


# --- the kernel and its twin ------------------------------------------------------------------------------------------


def test_the_names_are_those_of_the_vocabulary():
    assert tuple(p.name.lower() for p in Powertrain) == FUELS
    assert len(CARS) == fast.N_CARS == fast.NO_CAR


@given(homes, markets, st.integers(2024, 2060))
def test_the_choice_is_that_of_the_slow_twin(home, market, year):
    uniform, gumbel = draws_of(100, BUY)
    expected, lead = slow.choice(home, market, year, gumbel, uniform)
    assume(lead > 1e-9)
    found = choose(home, market, year)[0]
    assert (None if found == fast.NO_CAR else CARS[found]) == expected


@given(homes, markets)
def test_probabilities_are_those_of_the_slow_twin(home, market):
    out = np.empty((1, fast.N_ALTERNATIVES))
    fast.fill_probabilities(0, 1, np.zeros(1, np.int64), buyers(home), market_of(market), out)
    expected = slow.probabilities(slow.utilities(home, market), market["age_scale"], market["powertrain_scale"])
    assert out[0] == pytest.approx(list(expected.values()), rel=1e-8, abs=1e-12)


@pytest.mark.parametrize("scales", [(0.85, 0.7), (1.0, 0.7), (0.8, 0.8), (1.0, 1.0), (0.7, 0.5)])
def test_shares_are_the_probabilities_of_the_nested_logit(scales):
    """20,000 households; eleven shares within five standard errors: false alarm below 1e-5."""
    n, market = 20_000, MARKET | {"age_scale": scales[0], "powertrain_scale": scales[1]}
    found = np.bincount(choose(HOME, market, n=n), minlength=fast.N_ALTERNATIVES) / n
    expected = np.array(list(slow.probabilities(slow.utilities(HOME, market), *scales).values()))
    assert expected.min() > 1e-4
    assert (np.abs(found - expected) < 5 * np.sqrt(expected * (1 - expected) / n)).all()


@pytest.mark.parametrize("alpha", [0.3, 0.7, 0.95])
def test_a_stable_number_and_a_gumbel_make_a_gumbel(alpha):
    """Mean and variance of ``alpha (ln S + G)`` are those of a Gumbel number, 0.5772 and pi^2 / 6, in five errors."""
    n = 20_000
    stable = np.array([fast.ln_stable(alpha, SEED, BUY, agent, 0) for agent in range(n)])
    gumbel = -np.log(-np.log(randomness.uniform(SEED, BIKE, np.arange(n), 0)))
    made = alpha * (stable + gumbel)
    assert abs(made.mean() - np.euler_gamma) < 5 * math.sqrt(math.pi**2 / 6 / n)
    assert abs(made.var() - math.pi**2 / 6) < 5 * math.sqrt(4.4 / n) * math.pi**2 / 6
    assert fast.ln_stable(1.0, SEED, BUY, 7, 0) == 0.0


def test_a_household_renews_its_cars_and_looks_at_its_first_empty_place_only():
    places = [HOME, HOME | {"owned": False}, HOME | {"owned": False}]
    arrays, market, choice = buyers(*places * 300), market_of(MARKET), np.full(900, 9, np.int8)
    first = np.arange(0, 900, 3, dtype=np.int32)
    rows = np.arange(300, dtype=np.int32)
    fast.renew_cars(0, 300, rows, first, first + 3, SEED, END, BUY, 2027, np.ones(900), arrays, market, choice)
    by_place = choice.reshape(300, 3)
    assert (by_place[:, 2] == -1).all()
    assert (by_place[:, 0] >= 0).all()
    given_up = by_place[:, 0] == fast.NO_CAR
    assert 0.0 < given_up.mean() < 0.5
    assert (by_place[:, 1] < fast.NO_CAR).all()
    assert 0.0 < (by_place[:, 1] == -1).mean() < 0.5
    scratch = np.empty(fast.N_ALTERNATIVES)
    again = [fast.choose_car(c, SEED, BUY, 2027, arrays, market, scratch) for c in first]
    assert by_place[:, 0].tolist() == again


def test_cars_that_are_kept_are_those_of_the_hazard():
    n, hazard = 400, 0.3
    arrays, prices, choice = buyers(*[HOME] * n), market_of(MARKET), np.full(n, 9, np.int8)
    cars = np.arange(n, dtype=np.int32)
    fast.renew_cars(0, n, cars, cars, cars + 1, SEED, END, BUY, 2027, np.full(n, hazard), arrays, prices, choice)
    luck = randomness.uniform(SEED, END, np.arange(100, 100 + n), 2027)
    assert np.array_equal(choice >= 0, luck < hazard)


def test_a_draw_that_is_the_hazard_itself_changes_nothing():
    """So a hazard of 0 never does, and shares of the draws below it are those of the hazard."""
    ids = np.array([100], np.int64)
    of_car, of_bike = (randomness.uniform(SEED, stream, ids, at) for stream, at in ((END, 2027), (BIKE, 2027 * 4)))
    scratch, utility = np.empty(fast.N_ALTERNATIVES), np.array([math.inf])
    home = buyers(HOME | {"none_utility": -50.0})
    for more, changed in ((0.0, False), (1e-15, True)):
        choice = fast.renew_place(0, True, SEED, END, BUY, 2027, of_car + more, home, market_of(MARKET), scratch)
        assert (choice >= 0) == changed
        assert fast.renew_place(0, False, SEED, END, BUY, 2027, of_car + 1, home, market_of(MARKET), scratch) == -1
        assert fast.buys_ebike(0, SEED, BIKE, 2027, ids, float(of_bike[0]) + more, utility) == changed


# --- the sign of every term -------------------------------------------------------------------------------------------

HELPS_BEV = {
    "a grant for new ones": {"saving_keur": each(SAVED, [5.0, 0.0, 0.0, 0.0])},
    "a grant for used ones": {"saving_keur": each(SAVED, [0.0, 5.0, 0.0, 0.0])},
    "neighbours and colleagues with electric cars": {"peer_share": 0.3},
    "points around": {"points_term": 1.5},
    "a fast charger around": {"fast_near": True},
    "dearer petrol and diesel": {"eur_km": each(FUELS, [0.2, 0.19, 0.05, 0.16, 0.14])},
    "electric cars that park free": {"parking_eur": {"other": 120.0, "bev": 0.0}},
    "dearer parking but for electric cars": {"parking_eur": {"other": 900.0, "bev": 120.0}},
    "cheaper electricity": {"eur_km": each(FUELS, [0.13, 0.11, 0.02, 0.10, 0.09])},
    "no long days": {"beyond_keur": {"new": 0.0, "used": 0.0}},
}
HARMS_BEV = {
    "no place to plug in": {"plug": False},
    "long days": {"beyond_keur": {"new": 1.0, "used": 3.0}},
    "a grant for plug-in hybrids": {"saving_keur": each(SAVED, [0.0, 0.0, 6.0, 6.0])},
    "a life without a car": {"none_utility": 0.5},
}
BETTER_MARKET = {
    "a lower price": ("price_keur", -4.0),
    "a larger supply": ("ln_supply", 0.5),
    "a longer range": ("range_winter_km", 120.0),
}


@pytest.mark.parametrize("cause", HELPS_BEV)
def test_a_cause_wins_buyers_for_electric_cars_and_loses_none(cause):
    before, after = bought(HOME), bought(HOME | HELPS_BEV[cause])
    assert after.sum() > before.sum()
    assert not (before & ~after).any()


@pytest.mark.parametrize("cause", HARMS_BEV)
def test_a_cause_loses_buyers_of_electric_cars_and_wins_none(cause):
    before, after = bought(HOME), bought(HOME | HARMS_BEV[cause])
    assert after.sum() < before.sum()
    assert not (after & ~before).any()


@pytest.mark.parametrize("cause", BETTER_MARKET)
def test_a_better_offer_wins_buyers_and_loses_none(cause):
    name, more = BETTER_MARKET[cause]
    changed = MARKET[name] | {key: MARKET[name][key] + more for key in MARKET[name] if key == "new" or "bev" in key}
    before, after = bought(HOME), bought(HOME, MARKET | {name: changed})
    assert after.sum() > before.sum()
    assert not (before & ~after).any()


@pytest.mark.parametrize("k", range(fast.N_CARS))
def test_what_gets_cheaper_wins_from_all_others_and_moves_nobody_between_them(k):
    """Frozen error terms of the nested logit itself: whoever changes, changes to what got better."""
    cheaper = MARKET | {"price_keur": MARKET["price_keur"] | {CARS[k]: MARKET["price_keur"][CARS[k]] - 6.0}}
    before, after = (np.array(choose(HOME, market, n=1500)) for market in (MARKET, cheaper))
    assert (after[after != before] == k).all()
    assert (after == k).sum() > (before == k).sum()


def test_richer_households_buy_new_cars_more_often():
    def new(factor):
        found = np.array(choose(HOME | {"income_factor": factor}, MARKET, n=3000))
        return ((found % 2 == 0) & (found != fast.NO_CAR)).mean()

    assert new(0.6) > new(1.0) > new(1.8)


def test_a_household_without_need_of_a_car_gives_it_up():
    given_up = [np.array(choose(HOME | {"none_utility": u}, MARKET, n=2000)) == fast.NO_CAR for u in (-3.0, 0.0)]
    assert given_up[1].sum() > given_up[0].sum()
    assert not (given_up[0] & ~given_up[1]).any()


@pytest.mark.parametrize("fee", [0.0, 700.0])
def test_a_fee_that_all_cars_pay_moves_nobody_between_cars(fee):
    alike = HOME | {"parking_eur": {"other": fee, "bev": fee}, "none_utility": -60.0}
    assert choose(alike, MARKET, n=2000) == choose(HOME | {"none_utility": -60.0}, MARKET, n=2000)


def test_savings_never_make_a_price_negative():
    price = slow.utilities(HOME | {"saving_keur": dict.fromkeys(SAVED, 1000.0)}, MARKET)
    free = slow.utilities(HOME, MARKET | {"price_keur": MARKET["price_keur"] | dict.fromkeys(SAVED, 0)})
    assert price == free
    scratch = np.empty(fast.N_ALTERNATIVES)
    rich, zero = buyers(HOME | {"saving_keur": dict.fromkeys(SAVED, 1000.0)}), buyers(HOME)
    gone = MARKET | {"price_keur": MARKET["price_keur"] | dict.fromkeys(SAVED, 0.0)}
    found = fast.choose_car(0, SEED, BUY, 2030, rich, market_of(MARKET), scratch)
    assert found == fast.choose_car(0, SEED, BUY, 2030, zero, market_of(gone), scratch)


# --- e-bikes ----------------------------------------------------------------------------------------------------------


@given(st.floats(-5, 5) | st.just(-math.inf), share, st.integers(2024, 2060), st.integers(0, 2**40))
def test_an_ebike_is_bought_as_the_slow_twin_says(utility, hazard, year, resident):
    ids = np.array([resident], np.int64)
    uniform, gumbel = draws_of(resident, BIKE)
    assume(abs(utility + gumbel(year * 4 + 1) - gumbel(year * 4 + 2)) > 1e-9)
    expected = slow.buys_ebike(utility, hazard, year, uniform, gumbel)
    assert fast.buys_ebike(0, SEED, BIKE, year, ids, hazard, np.array([utility])) == expected


def test_ebikes_of_many_are_those_of_each():
    n = 500
    ids, utility = np.arange(n, dtype=np.int64), np.linspace(-2, 2, n)
    rows, found = np.arange(0, n, 3, dtype=np.int32), np.zeros(n, np.bool_)
    fast.buy_ebikes(0, len(rows), rows, SEED, BIKE, 2030, ids, 0.6, utility, found)
    assert not found[np.setdiff1d(np.arange(n), rows)].any()
    assert found[rows].tolist() == [fast.buys_ebike(r, SEED, BIKE, 2030, ids, 0.6, utility) for r in rows]
    assert 0.1 < found[rows].mean() < 0.5
