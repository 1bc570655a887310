"""The ledger: who pays whom how much, worked out by hand."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from tests.unit.policy.policy_measures import measure
from tests.unit.policy.policy_region import small_region
from zemsim.core.names import Powertrain
from zemsim.core.schema import schema
from zemsim.policy.conditions import conditions
from zemsim.policy.draft import PolicyRegion
from zemsim.policy.levers import Measure
from zemsim.policy.levers.reactions import ready_year
from zemsim.policy.payments import POINT_COLUMNS, DayTables, ledger

BEV, PETROL, PHEV = int(Powertrain.BEV), int(Powertrain.PETROL), int(Powertrain.PHEV)

PURCHASES = pd.DataFrame(
    [
        ("car", BEV, True, 34_000.0, 0, 1200.0, -1, 12_000.0),
        ("car", BEV, False, 15_000.0, 2, 900.0, 14, 12_000.0),
        ("car", BEV, True, 34_000.0, 0, 3000.0, 9, 10_400.0),
        ("car", PHEV, True, 36_000.0, 0, 1200.0, 20, 15_000.0),
        ("car", PHEV, False, 19_000.0, 0, 1200.0, 20, 15_000.0),
        ("car", PETROL, True, 25_000.0, 0, 1000.0, 15, 15_000.0),
        ("ebike", -1, True, 1000.0, 0, 1000.0, -1, 0.0),
        ("ebike", -1, True, 2200.0, 3, 9000.0, -1, 0.0),
    ],
    columns=["kind", "powertrain", "new", "price_eur", "zone_idx", "income_eur_month", "scrapped_age_years", "km_year"],
)

DAYS = DayTables(
    fares=pd.DataFrame(
        [("bus", 0, 15, 25.0, 100.0), ("bus", 0, 40, 200.0, 200.0), ("train", 2, 15, 300.0, 300.0)],
        columns=["mode", "zone_idx", "age", "fare_eur_year", "base_fare_eur_year"],
    ),
    routes=pd.DataFrame(
        [("r1", 1000.0, 1000.0, 0.5, 0.1), ("r2", 500.0, 500.0, 0.5, 0.0), ("r3", 3000.0, 2000.0, 0.0, 0.0)],
        columns=["route_id", "vehicle_km_year", "base_vehicle_km_year", "electric_share", "base_electric_share"],
    ),
    fuel=pd.DataFrame({"fuel": ["petrol", "diesel"], "litres_year": [1000.0, 2000.0]}),
    charging=pd.DataFrame(
        [
            ("home", -1, 500.0, 0.0, 80.0, 100.0),
            ("work", -1, 50.0, 0.0, 6.0, 6.0),
            ("public", 0, 10.0, 2.0, 3.0, 3.0),
            ("public", 1, 20.0, 5.0, 6.0, 12.0),
            ("public", 3, 40.0, 7.0, 20.0, 20.0),
        ],
        columns=["place", "site_idx", "kwh_year", "panel_kwh_year", "eur_year", "base_eur_year"],
    ),
    parking=pd.DataFrame({"zone_idx": [0, 2, 5], "parking_eur_year": [100.0, 10.0, 1000.0]}),
    shared_ebike=pd.DataFrame({"zone_idx": [0, 1, 3], "trips_year": [100.0, 20.0, 7.0]}),
    lots=pd.DataFrame({"measure_id": ["park-and-ride", "other"], "days_year": [300.0, 7.0]}),
    shared_cars=pd.DataFrame(
        {"measure_id": ["shared-evs", "other"], "eur_year": [9000.0, 1.0], "kwh_year": [5e3, 3.0]}
    ),
)


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> PolicyRegion:
    folder: Path = tmp_path_factory.mktemp("gtfs")
    return PolicyRegion.of(small_region(folder))


#: No company and no municipality ordered anything.
NO_POINTS = pd.DataFrame(columns=list(POINT_COLUMNS))


def lines(
    base: PolicyRegion,
    year: int,
    *measures: Measure,
    days: DayTables | None = DAYS,
    points: pd.DataFrame = NO_POINTS,
) -> dict[str, float]:
    """Amounts of the lines beyond the base by item and payer."""
    found = ledger(conditions(base, measures, year), PURCHASES, days, points)
    found = found[found["measure_id"] != "base"]
    keys = found["item"] + " " + found["payer"] + ">" + found["payee"]
    assert keys.is_unique
    return {key: pytest.approx(value) for key, value in zip(keys, found["amount_eur"], strict=True)}  # type: ignore[misc]


def test_the_base_receives_fares_and_parking_fees(base: PolicyRegion) -> None:
    found = ledger(conditions(base, [], 2026), PURCHASES, DAYS, NO_POINTS)
    assert found["item"].tolist() == ["bus_fares", "train_fares", "parking"]
    assert found["amount_eur"].tolist() == [225.0, 300.0, 110.0]
    assert found["payee"].tolist() == ["state", "state", "municipality"]
    assert found["basis"].unique().tolist() == ["days"]
    assert set(found.columns) == {column.name for column in schema("payments").columns}


def test_a_year_without_days_has_only_lines_of_the_year(base: PolicyRegion) -> None:
    measures = [measure("bus_fare"), measure("fuel_price"), measure("ev_purchase_grant"), measure("municipal_fleet")]
    found = ledger(conditions(base, measures, 2026), PURCHASES, None, NO_POINTS)
    assert found["basis"].unique().tolist() == ["year"]
    assert set(found["measure_id"]) == {"ev-purchase-grant", "municipal-fleet"}


def test_grants(base: PolicyRegion) -> None:
    assert lines(base, 2024) == {"ev_grant state>household": 2 * 4500 + 2 * 2250 + 2 * 1000}
    assert lines(base, 2025) == {"ev_grant state>household": 2 * 4500 + 2 * 3350 + 2 * 2000}
    assert lines(base, 2026, measure("ev_purchase_grant", income_max_eur_month=1500)) == {
        "ev_grant municipality>household": 2000 + 1000
    }
    assert lines(base, 2026, measure("ev_purchase_grant", places=["Bauska"])) == {
        "ev_grant municipality>household": 1000
    }
    assert lines(base, 2026, measure("ebike_grant")) == {"ebike_grant state>household": 300 + 500}
    found = ledger(conditions(base, [measure("ev_purchase_grant", grant_used_eur=0)], 2026), PURCHASES, None, NO_POINTS)
    assert found[["quantity", "unit"]].to_numpy().tolist() == [[2.0, "cars"]]


def test_a_grant_for_those_who_drive_enough(base: PolicyRegion) -> None:
    far = measure("ev_purchase_grant", km_year_min=12_000)
    assert lines(base, 2026, far) == {"ev_grant municipality>household": 2000 + 1000}
    assert lines(base, 2026, measure("ev_purchase_grant", km_year_min=12_001)) == {"ev_grant municipality>household": 0}


def test_chargers_are_bought_once_and_kept_up(base: PolicyRegion) -> None:
    lever = measure("public_chargers")
    points = {2026: 4, 2027: 0, 2028: 8}
    standing = {2026: 4, 2027: 4, 2028: 12}
    for year in points:
        want = {"upkeep municipality>supplier": standing[year] * 9000}
        if points[year]:
            want["chargers municipality>supplier"] = points[year] * 90_000
        assert lines(base, year, lever) == want
    yards = measure("yard_chargers", places=["Bauska"])
    assert lines(base, 2026, yards) == {"yard_chargers municipality>supplier": 60 * 6500}
    assert lines(base, 2027, yards) == {"upkeep municipality>supplier": 60 * 520}


def test_points_that_rules_order_are_paid_in_shares(base: PolicyRegion) -> None:
    """Three fast and two slow points ordered in the year, with a quarter of support from 2028; four stand."""
    rows = [("charger-companies", "fast", 3, 4), ("charger-companies", "slow", 2, 0), ("other", "fast", 9, 9)]
    points = pd.DataFrame(rows, columns=list(POINT_COLUMNS))
    bought = 3 * 54_200 + 2 * 6_500
    alone = lines(base, 2026, measure("charger_companies"), points=points)
    assert alone == {"chargers operator>supplier": bought, "upkeep operator>supplier": 4 * 54_200 * 0.08}
    helped = lines(base, 2028, measure("charger_companies"), points=points)
    assert helped["chargers operator>supplier"] == 0.75 * bought
    assert helped["chargers municipality>supplier"] == 0.25 * bought
    asked = pd.DataFrame([("points-on-request", "slow", 2, 6)], columns=list(POINT_COLUMNS))
    assert lines(base, 2026, measure("points_on_request"), points=asked) == {
        "chargers municipality>supplier": 2 * 6_500,
        "upkeep municipality>supplier": 6 * 520,
    }


@pytest.mark.parametrize(("lag", "ready"), [(0, 2027), (6, 2027), (7, 2028), (18, 2028), (19, 2029), (60, 2032)])
def test_points_stand_from_the_first_year_in_whose_middle_they_are_ready(lag: int, ready: int) -> None:
    """Ordered at the end of 2026, as a step of a schedule in 2027 would be."""
    assert ready_year(2026, lag) == ready


def test_what_is_counted_on_days(base: PolicyRegion) -> None:
    assert lines(base, 2026, measure("fuel_price")) == {
        "petrol_price traveller>state": 300,
        "diesel_price traveller>state": 560,
    }
    assert lines(base, 2026, measure("electricity_price")) == {"electricity_price traveller>market": -25}
    assert lines(base, 2026, measure("charging_price")) == {"charging_price state>traveller": 12 - 6}
    assert lines(base, 2026, measure("home_tariff")) == {"home_tariff traveller>market": 80 - 100}
    assert lines(base, 2026, measure("smart_charging")) == {"timers state>supplier": 50_000}
    panels = measure("solar_charging", solar_share=None, panels_kw_point=5.0)
    assert lines(base, 2026, panels) == {"solar_power municipality>supplier": (2 + 5 + 7) * 0.1}
    assert lines(base, 2026, measure("solar_charging")) == {"solar_power municipality>supplier": 70 * 0.4 * 0.1}
    assert lines(base, 2026, measure("parking_price")) == {"collecting municipality>operator": 20}
    assert lines(base, 2026, measure("bus_fare")) == {"bus_fare_discount municipality>state": 75}
    assert lines(base, 2026, measure("bus_fare", paid_by="state")) == {}
    assert lines(base, 2026, measure("bus_frequency")) == {"departures municipality>operator": 2000}
    assert lines(base, 2026, measure("electric_city_buses")) == {
        "electric_buses municipality>operator": (400 + 250) * 0.15
    }
    assert lines(base, 2026, measure("park_and_ride")) == {
        "building municipality>supplier": 50 * 4000,
        "upkeep municipality>supplier": 50 * 100,
        "fees traveller>municipality": 300,
    }
    assert lines(base, 2028, measure("park_and_ride"))["building municipality>supplier"] == 30 * 4000
    assert lines(base, 2026, measure("shared_evs")) == {
        "shared_cars municipality>supplier": 2 * 30_000,
        "places municipality>supplier": 2 * 3000,
        "upkeep municipality>supplier": 2 * 5000,
        "electricity municipality>supplier": 5000 * 0.2,
        "rides traveller>municipality": 9000,
    }
    assert lines(base, 2028, measure("shared_evs"))["shared_cars municipality>supplier"] == 3 * 30_000
    assert lines(base, 2026, measure("shared_ebikes")) == {
        "shared_ebikes municipality>supplier": 100 * 2000,
        "rides traveller>municipality": 60,
    }


def test_municipal_cars(base: PolicyRegion) -> None:
    assert lines(base, 2026, measure("municipal_fleet")) == {
        "municipal_cars municipality>supplier": 90_000,
        "fleet_petrol municipality>supplier": -100_000 * 0.07 * 1.5,
        "fleet_electricity municipality>supplier": 100_000 * 0.19 * 0.2,
    }
    dearer = lines(base, 2027, measure("municipal_fleet"), measure("fuel_price", id="a"))
    assert dearer["fleet_petrol municipality>supplier"] == pytest.approx(-100_000 * 0.07 * 1.8)
    assert dearer == lines(base, 2027, measure("fuel_price", id="z"), measure("municipal_fleet", id="b"))
