"""The load of charging by the hour: where each kWh of the week is found again, by place, day type and hour."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import pytest

from zemsim.core.names import ChargingPlace, DayType
from zemsim.core.schema import check_table
from zemsim.model.charging_hours import kwh_by_hour, load_by_hour

if TYPE_CHECKING:
    from zemsim.model.model import MobilityModel


def sessions(*rows: tuple[int, ChargingPlace, float, float, float]) -> pd.DataFrame:
    return pd.DataFrame(rows, columns=["day", "place", "start_min", "end_min", "kwh"])


def load_of(table: pd.DataFrame) -> pd.Series:
    found = load_by_hour(table, kwh_by_hour(table))
    return found.set_index(["day_type", "place", "hour"])["kw"]


def test_a_session_by_hand() -> None:
    """From 23:30 on Friday to 1:00 on Saturday, 9 kWh: 3 kWh before midnight, 6 after, all on the five weekdays."""
    kw = load_of(sessions((4, ChargingPlace.HOME, 1410.0, 1500.0, 9.0)))
    assert kw[DayType.WEEKDAY, ChargingPlace.HOME, 23] == pytest.approx(3.0 / 5.0)
    assert kw[DayType.WEEKDAY, ChargingPlace.HOME, 0] == pytest.approx(6.0 / 5.0)
    assert kw.sum() == pytest.approx(9.0 / 5.0)
    assert len(kw) == 2 * 4 * 24


def test_weekends_have_two_days_and_places_stand_apart() -> None:
    kw = load_of(
        sessions(
            (5, ChargingPlace.WORK, 600.0, 660.0, 8.0),
            (6, ChargingPlace.WORK, 600.0, 660.0, 2.0),
            (6, ChargingPlace.PUBLIC_FAST, 600.0, 630.0, 20.0),
        )
    )
    assert kw[DayType.WEEKEND, ChargingPlace.WORK, 10] == pytest.approx(5.0)
    assert kw[DayType.WEEKEND, ChargingPlace.PUBLIC_FAST, 10] == pytest.approx(10.0)
    assert kw[DayType.WEEKDAY].sum() == 0.0


def test_nobody_charges_no_load() -> None:
    table = sessions().astype({"day": np.int8, "place": np.int8, "start_min": float, "end_min": float, "kwh": float})
    assert (load_of(table) == 0.0).all()


def test_the_table_holds_every_kwh_of_the_week(model: MobilityModel) -> None:
    """Kilowatts times days are the kWh of the sessions, at each kind of place and all together."""
    tables = model.run()
    load, made = tables["charging_load"], tables["sessions"]
    check_table(load, "charging_load")
    days = load["day_type"].map({0: 5, 1: 2})
    by_place = (load["kw"] * days).groupby([load["year"], load["season"], load["place"]]).sum()
    kwh = made.groupby(["year", "season", "place"])["kwh"].sum()
    for key, value in kwh.items():
        assert by_place[key] == pytest.approx(value, rel=1e-6)
    assert by_place.sum() == pytest.approx(kwh.sum(), rel=1e-6)
    assert len(load) == len(model.world.settings.days_in) * 2 * 4 * 24
