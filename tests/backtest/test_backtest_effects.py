"""Every kind of change and every measure of effect on a small town: signs, levels, the same values again."""

from __future__ import annotations

import math
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pandas as pd
import pytest

from tests.backtest.conftest import SHARES, Write
from zemsim.behaviour.parameters import load_parameters
from zemsim.calibrate.backtest import runner
from zemsim.calibrate.backtest.cases import read_case
from zemsim.calibrate.backtest.changes import Side
from zemsim.calibrate.backtest.fit import Fitted
from zemsim.calibrate.backtest.inputs import stated_parameters
from zemsim.calibrate.backtest.layout import grid_pairs, make_layout
from zemsim.calibrate.backtest.lines import departures_min, make_lines
from zemsim.calibrate.backtest.pack import build_pack
from zemsim.calibrate.backtest.place import Place, place_types
from zemsim.calibrate.backtest.quantities import QUANTITIES, Ran
from zemsim.calibrate.backtest.rows import rows_of, warnings_of, words
from zemsim.calibrate.backtest.runner import CaseResult, Found, form_value, run_case
from zemsim.core.names import DayType, Mode, Powertrain, Season
from zemsim.policy.conditions import conditions

LEVEL = ('form = "level"', 'form = "relative"')
RELATIVE, POINTS, ELASTICITY = "relative", "points", "elasticity"


def change(text: str) -> tuple[str, str]:
    """The change of the small case, replaced."""
    return 'kind = "none"', text


def effects(*parts: tuple[str, str, str]) -> tuple[str, str]:
    """Effects in the place of the one of the small case: quantity, form, filters."""
    tables = []
    for of, form, more in parts:
        tables.append(
            f'[[effect]]\ntitle = {{ lv = "-", en = "{of}" }}\nof = "{of}"\nform = "{form}"\n{more}\n'
            'observed = { central = 1 }\nband = { low = 0, high = 1e12 }\nsource = "made up"\ngrade = "assumption"\n'
        )
    return "[[effect]]", "".join(tables) + "[[effect]]"


def values(write: Write, *changes: tuple[str, str], seeds: int = 1) -> list[float]:
    """Values of the effects of a changed case; the last effect is that of the small case, in relative form."""
    result = run_case(read_case(write(LEVEL, *changes)), seeds)
    return [found.value for found in result.found]


def test_free_buses_win_passengers_and_the_mean_fare_is_met(write: Write, monkeypatch: pytest.MonkeyPatch) -> None:
    paid = []
    monkeypatch.setattr(
        runner, "mean_fare_eur", lambda ran, count=runner.mean_fare_eur: paid.append(count(ran)) or paid[-1]
    )
    boardings, share, km, _ = values(
        write,
        change('kind = "fare"\nbefore_eur = 1.2\nafter_eur = 0.0'),
        effects(
            ("boardings", RELATIVE, ""), ("mode_share", POINTS, 'mode = "transit"'), ("km", RELATIVE, 'mode = "car"')
        ),
    )  # fmt: skip
    assert boardings > 5.0
    assert share > 0.1
    assert km < 0.0
    # The fare is paid at the factor before; each round comes nearer to the stated one.
    assert len(paid) == runner._FARE_ROUNDS
    assert abs(paid[1] - 1.2) < abs(paid[0] - 1.2)
    assert paid[1] == pytest.approx(1.2, rel=0.05)


def test_the_base_shares_are_met_within_a_point_by_every_seed(write: Write) -> None:
    result = run_case(
        read_case(write(("[change]", SHARES + "[change]"), ("residents = 4_000", "residents = 10_000"))), 2
    )
    assert len(result.base_error_points) == 2
    assert max(result.base_error_points) < 1.0
    row = next(rows_of(result, "digest"))
    assert row["passed"]
    assert (row["low"], row["high"]) == (0.0, 1.0)
    assert row["value"] == max(result.base_error_points)


def test_rows_say_passed_failed_and_how_far_the_base_was(write: Write) -> None:
    case = read_case(write(("low = 0, high = 1e12", "low = 2, high = 3")))
    fitted = Fitted(load_parameters(), 5.5)
    for value, error, passed in ((2.5, 0.4, True), (3.5, 1.4, False)):
        result = CaseResult(case, (Found(case.effect[0], (value - 0.1, value + 0.1)),), (0.1, error), fitted, 0.25)
        base, effect = rows_of(result, "digest")
        assert (base["value"], base["passed"], effect["passed"]) == (error, passed, passed)
        assert effect["value"] == pytest.approx(value)
        assert effect["seed_sd"] == pytest.approx(0.1 * math.sqrt(2.0))
        assert effect["verdict"]["en"] == words("passed" if passed else "failed", "en")
        assert effect["parameters"] == "digest"
        assert effect["seeds"] == [value - 0.1, value + 0.1]
        without, large = warnings_of([result], "lv")
        assert "small 25.0 %" in without
        assert "5.5" in large


def test_more_departures_win_passengers(write: Write) -> None:
    elasticity, trips, _ = values(
        write,
        change('kind = "frequency"\nbefore_departures_h = 1.0\nafter_departures_h = 2.0'),
        effects(("boardings", ELASTICITY, ""), ("trips", RELATIVE, 'mode = "transit"\npurpose = "work"')),
    )
    assert 0.0 < elasticity < 2.0
    assert trips > 0.0


def test_dearer_fuel_means_fewer_kilometres_by_car_and_fewer_still_in_the_long_run(write: Write) -> None:
    asked = (
        change('kind = "fuel_price"\nbefore_eur_l = 1.5\nafter_eur_l = 3.0'),
        effects(("km", ELASTICITY, 'mode = "car"'), ("traffic", RELATIVE, 'where = "everywhere"')),
    )
    elasticity, traffic, _ = values(write, *asked)
    assert -1.0 < elasticity < 0.0
    assert traffic < 0.0
    later, _, _ = values(write, *asked, ('horizon = "short"', 'horizon = "long"\nyears = 4'))
    assert -1.0 < later < elasticity


@pytest.mark.parametrize(
    "text",
    [
        'kind = "parking_price"\nbefore_eur_h = 0.5\nafter_eur_h = 6.0',
        'kind = "cordon_price"\nbefore_eur_trip = 0.5\nafter_eur_trip = 6.0',
    ],
    ids=["parking", "cordon"],
)
def test_a_price_of_the_centre_means_fewer_cars_into_it(write: Write, text: str) -> None:
    into, walk, _ = values(
        write,
        change(text),
        effects(("traffic", ELASTICITY, 'where = "into_centre"'), ("trips", RELATIVE, 'mode = "walk"')),
    )  # fmt: skip
    assert into < -0.01
    assert walk >= 0.0


def test_a_ban_of_engines_leaves_electric_cars_and_says_nothing_about_sales(write: Write) -> None:
    case = read_case(
        write(
            LEVEL,
            change('kind = "low_emission_zone"'),
            effects(
                ("traffic", RELATIVE, 'where = "into_centre"'),
                ("trips", RELATIVE, 'mode = "ev"'),
                ("sales", RELATIVE, 'powertrain = "bev"'),
            ),
        )
    )
    result = run_case(case, 1)
    into, electric, sales, _ = result.found
    assert -100.0 < into.value < -30.0
    assert electric.value >= 0.0
    assert sales.passed is None
    assert math.isnan(sales.value)
    row = list(rows_of(result, "digest"))[2]
    assert row["passed"] is None
    assert row["value"] is None
    assert words("cannot", "lv") in row["verdict"]["lv"]
    assert words("cannot", "en") in row["verdict"]["en"]


def test_grants_and_prices_move_sales(write: Write) -> None:
    more = [('horizon = "short"', 'horizon = "long"\nyears = 2')]
    found = values(
        write,
        change('kind = "purchase_grant"\nafter_new_eur = 20000\nafter_used_eur = 12000\neligible_share = 0.5'),
        effects(
            ("sales", ELASTICITY, 'powertrain = "bev"\nage = "new"'),
            ("sales_share", POINTS, 'powertrain = "bev"'),
            ("stock", RELATIVE, 'powertrain = "bev"'),
            ("stock_share", POINTS, 'powertrain = "bev"'),
            ("grant_recipients", "level", ""),
            ("grant_additional_share", "level", ""),
        ),
        *more,
    )
    elasticity, share, stock, stock_share, recipients, additional, _ = found
    assert elasticity < 0.0
    assert share > 0.0
    assert stock > 0.0
    assert stock_share > 0.0
    assert recipients > 0.0
    assert 0.0 < additional <= 1.0
    own, other, _ = values(
        write,
        change('kind = "car_price"\ncars = "bev"\nafter_factor = 2.0'),
        effects(("sales", RELATIVE, 'powertrain = "bev"\nage = "new"'), ("sales", RELATIVE, 'powertrain = "petrol"')),
        *more,
    )
    assert own < 0.0 <= other


def test_who_may_not_have_a_grant_buys_as_before(write: Write) -> None:
    case = read_case(write(change('kind = "purchase_grant"\nafter_new_eur = 4000\neligible_share = 0.25')))
    assert case.change.mixed(100.0, 140.0) == pytest.approx(110.0)
    assert case.change.mixed(0.0, 140.0) == pytest.approx(35.0)


def test_a_grant_may_reach_hybrids_and_ask_for_kilometres(write: Write) -> None:
    text = 'kind = "purchase_grant"\nafter_new_eur = 4000\nafter_phev_eur = 1500\nkm_year_min = 10000'
    case = read_case(write(change(text)))
    (lever,) = case.change.levers(True, Side(runner.place_of(case), 2024))
    assert lever["phev_new_eur"] == {"2023": 0.0, "2024": 1500.0}
    assert lever["km_year_min"] == 10000.0
    (before,) = case.change.levers(False, Side(runner.place_of(case), 2024))
    assert before["phev_new_eur"] == {"2023": 0.0, "2024": 0.0}


@pytest.mark.parametrize(("hybrids_too", "sold"), [(False, 20.0), (True, 30.0)])
def test_what_a_grant_adds_counts_new_hybrids_where_they_have_it(write: Write, hybrids_too: bool, sold: float) -> None:
    """Two electric cars, a new plug-in hybrid, a used one and a petrol car, each for ten."""
    powertrains = [Powertrain.BEV, Powertrain.BEV, Powertrain.PHEV, Powertrain.PHEV, Powertrain.PETROL]
    cars = {"year": 2024, "kind": "car", "powertrain": [int(p) for p in powertrains], "grant_eur": 0.0}
    bought = pd.DataFrame({**cars, "new": [True, False, True, False, True]})
    nobody: Any = None
    ran = Ran(nobody, {"purchases": bought}, 2024, 10.0, np.ones(1, np.bool_), hybrids_too)
    case = read_case(write(change('kind = "purchase_grant"\nafter_new_eur = 4000')))
    assert QUANTITIES["grant_additional_share"](ran, case.effect[0]) == sold


def test_a_base_may_state_who_charges_at_work(write: Write) -> None:
    usual = load_parameters()
    work = '[base.work_charging]\nvalue = 0.4\ngrade = "assumption"\nsource = "made up"\n\n[change]'
    stated, unsaid = (read_case(write(*pieces)).base for pieces in ([("[change]", work)], []))
    assert stated_parameters(usual, stated, 2024)["work_access_share"] == 0.4
    assert stated_parameters(usual, unsaid, 2024)["work_access_share"] == usual["work_access_share"]


def test_ebikes_granted_and_lent(write: Write) -> None:
    (bought, _) = values(
        write,
        change('kind = "ebike_grant"\nafter_price_share = 0.9'),
        effects(("ebike_sales", RELATIVE, "")),
    )
    assert bought > 0.0
    ridden, driven, everybody, _ = values(
        write,
        change('kind = "ebike_loan"\nafter_adult_share = 0.3'),
        effects(
            ("trips", RELATIVE, 'mode = "ebike"\nwho = "borrowers"'),
            ("km", RELATIVE, 'mode = "car"\nwho = "borrowers"'),
            ("trips", RELATIVE, 'mode = "ebike"'),
        ),
    )
    assert ridden > everybody > 0.0
    assert driven < 0.0


def test_chargers_and_peers_sell_electric_cars(write: Write) -> None:
    more = [('horizon = "short"', 'horizon = "long"\nyears = 3')]
    sold = [effects(("sales", RELATIVE, 'powertrain = "bev"'))]
    points, _ = values(
        write,
        change('kind = "chargers"\nspeed = "fast"\nbefore_points_1000 = 0.0\nafter_points_1000 = 5.0'),
        *sold,
        *more,
    )
    assert points > 0.0
    stated = '[place.figures]\nbev_stock_share = { value = 0.1, grade = "assumption", source = "made up" }\n'
    near, _ = values(
        write,
        change('kind = "peers"\nbefore_stock_share = 0.02\nafter_stock_share = 0.4'),
        (stated, ""),
        *sold,
        *more,
    )
    assert near > 0.0


def test_cold_takes_range_and_keeps_bicycles_at_home(write: Write) -> None:
    cold, bikes, home, kwh, _ = values(
        write,
        change('kind = "temperature"\nbefore_c = 20\nafter_c = -10'),
        effects(
            ("range", RELATIVE, ""),
            ("trips", RELATIVE, 'mode = "bike"'),
            ("sessions_week", "level", 'at = "home"'),
            ("kwh_share", POINTS, 'at = "home"'),
        ),
    )
    assert -40.0 < cold < -15.0
    assert bikes < 0.0
    assert home > 0.0
    assert abs(kwh) < 50.0


def test_weekdays_and_weekends_are_all_days_and_what_is_not_there_is_no_failure(write: Write) -> None:
    case = read_case(
        write(
            effects(
                ("trips", "level", ""),
                ("trips", "level", 'day = "weekday"'),
                ("trips", "level", 'day = "weekend"'),
            )
        )
    )
    whole, week, weekend, _ = (found.value for found in run_case(case, 1).found)
    assert whole == pytest.approx(week + weekend)
    assert week > weekend > 0.0
    # Generic places have no trains, so there is no change of their trips to compare with.
    train = write(
        LEVEL,
        change('kind = "temperature"\nbefore_c = 10\nafter_c = 0'),
        ('of = "trips"', 'of = "trips"\nmode = "train"'),
    )
    result = run_case(read_case(train), 1)
    (row,) = rows_of(result, "digest")
    assert (row["passed"], row["value"]) == (None, None)
    assert words("nothing_to_compare", "lv") in row["verdict"]["lv"]


def test_a_place_may_have_no_settlement_but_the_centre() -> None:
    usual = place_types()["small_town"]
    for key in ("towns", "towns_share"):
        layout = make_layout(Place.of("small_town", 6_000, {key: replace(usual[key], value=0.0)}))
        assert len(layout.settlements) == 1
        assert int(layout.zones["population"].sum()) == 6_000
        assert np.isfinite(layout.zones["density"]).all()


def test_the_same_case_has_the_same_values_and_seeds_differ(write: Write) -> None:
    asked = (
        change('kind = "fuel_price"\nbefore_eur_l = 1.5\nafter_eur_l = 2.0'),
        effects(("km", RELATIVE, 'mode = "car"')),
    )
    two = run_case(read_case(write(LEVEL, *asked)), 2)
    one = run_case(read_case(write(LEVEL, *asked)), 1)
    assert [f.values for f in one.found] == [f.values[:1] for f in two.found]
    assert two.found[0].values[0] != two.found[0].values[1]


def test_forms_by_hand(write: Write) -> None:
    case = read_case(
        write(
            change('kind = "fuel_price"\nbefore_eur_l = 1.0\nafter_eur_l = 2.0'),
            effects(("trips", RELATIVE, ""), ("mode_share", POINTS, 'mode = "bus"'), ("trips", ELASTICITY, "")),
        )
    )
    relative, points, elasticity, level = case.effect
    assert form_value(relative, 80.0, 100.0, (1.0, 2.0), 0.0) == pytest.approx(25.0)
    assert form_value(points, 0.08, 0.10, (1.0, 2.0), 0.0) == pytest.approx(2.0)
    assert form_value(elasticity, 100.0, 50.0, (1.0, 2.0), 0.0) == pytest.approx(-1.0)
    assert form_value(level, 80.0, 100.0, (1.0, 2.0), 0.0) == 100.0
    assert math.isnan(form_value(relative, 0.0, 100.0, (1.0, 2.0), 0.0))


@pytest.mark.parametrize("name", sorted(place_types()))
def test_every_type_of_place_is_a_region(name: str, tmp_path: Path) -> None:
    place = Place.of(name, 12_000, {})
    region = build_pack(place, {"petrol_eur_l": 1.23}, tmp_path / "region")
    assert int(region.zones["population"].sum()) == place.simulated
    assert region.price("petrol_eur_l") == 1.23
    assert region.fact("cars.latvia.cars_per_1000.2022") == place["cars_per_1000"]
    # The grants of Latvia are not in force in a generic place.
    assert conditions(region, (), 2023).grants == ()


def test_a_place_of_a_sample_keeps_its_distances_and_has_less_room(tmp_path: Path) -> None:
    whole = Place.of("city", 40_000, {})
    part = Place.of("city", 40_000, {"simulated_most_pers": whole.figures["simulated_most_pers"].__class__(
        "simulated_most_pers", 10_000, 1, 1e6, "persons", "assumption", "-")})  # fmt: skip
    assert part.sample_share == 0.25
    big, small = build_pack(whole, {}, tmp_path / "whole"), build_pack(part, {}, tmp_path / "part")
    np.testing.assert_allclose(small.road_links["length_m"], big.road_links["length_m"])
    street = (big.road_links["road_class"] == "street").to_numpy()
    ratio = small.road_links["capacity_veh_h"][street] / big.road_links["capacity_veh_h"][street]
    np.testing.assert_allclose(ratio, 0.25, rtol=0.01)


def test_layout_and_lines_by_hand() -> None:
    assert grid_pairs(2) == [(0, 1), (2, 3), (0, 2), (1, 3)]
    place = Place.of("rural_county", 30_000, {})
    layout = make_layout(place)
    assert int(layout.zones["population"].sum()) == 30_000
    assert [s.name for s in layout.settlements] == ["Centre", *[f"Town {k}" for k in range(1, 7)]]
    lines = make_lines(place, layout)
    assert sum(line.network == "regional_bus" for line in lines) == 6
    hourly = departures_min(place, 60.0, 0.0)
    assert hourly[0] == place["first_min"]
    assert hourly[-1] <= place["last_min"]
    assert np.diff(hourly).tolist() == [60.0] * (len(hourly) - 1)


def test_measures_of_both_sides_begin_a_year_before_the_change(write: Write) -> None:
    case = read_case(write(change('kind = "fare"\nbefore_eur = 2.0\nafter_eur = 0.5\nage_max = 64')))
    side = Side(Place.of("small_town", 6_000, {}), 2024, 0.5)
    before, after = case.change.levers(False, side), case.change.levers(True, side)
    assert [row["fare_share"] for row in before] == [{"2023": 0.5, "2024": 0.5}] * 2
    assert [row["fare_share"] for row in after] == [{"2023": 0.5, "2024": 0.125}, {"2023": 0.5, "2024": 0.5}]


def test_trips_to_other_places_count_with_their_kilometres(write: Write) -> None:
    columns = {"purpose": [0, 2], "origin_zone_idx": [1, 1], "dest_zone_idx": [2, 3], "resident_idx": [0, 1]}
    planned = pd.DataFrame({**columns, "road_km": np.float32([4, 6]), "active_km": np.float32([3, 5])})
    trips = {"year": [2023, 2024, 2024], "season": 0, "day_type": 0, "tour_idx": [1, 0, 1], "mode": int(Mode.CAR)}
    moved = pd.DataFrame(
        {"year": [2023, 2024], "tour_idx": [0, 1], "dest_zone_idx": 7, "road_km": 9.0, "active_km": 8.0}
    )
    world = SimpleNamespace(tours={1: planned}, settings=SimpleNamespace(seasons=(Season.WINTER,)))
    model: Any = SimpleNamespace(world=world, seed=1, year=2024, days_of=lambda season: dict.fromkeys(DayType, 1))
    ran = Ran(model, {"trips": pd.DataFrame(trips), "destinations": moved}, 2024, 10.0, np.ones(2, np.bool_))
    tours = ran.tours()
    assert tours["dest_zone_idx"].tolist() == [2, 7]
    assert tours["road_km"].tolist() == [4.0, 9.0]
    assert tours["trips"].tolist() == [20.0, 20.0]
    assert planned["road_km"].tolist() == [4.0, 6.0]
    case = read_case(write(effects(("km", "level", 'mode = "car"'))))
    assert QUANTITIES["km"](ran, case.effect[0]) == pytest.approx(20.0 * (4.0 + 9.0))
