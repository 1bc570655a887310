"""The short run: with cars, e-bikes and workplaces as without measures; the long run moves further the same way."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import pytest

from tests.unit.model import small_world as small
from zemsim.calibrate.realism_changes import scaled
from zemsim.core.names import Mode
from zemsim.core.schema import case_tables
from zemsim.model.model import MobilityModel
from zemsim.model.short_run import first_year, short_run

if TYPE_CHECKING:
    from zemsim.model.world import World

#: Chances in a year of what is slow: replacing cars, adding one, an e-bike, another job.
_SLOW = ("h_repl", "h_add", "h_ebike", "h_job")
_FUEL = {**small.DEARER_FUEL, "add_eur_l": 1.5}


def car_km(tables: Mapping[str, pd.DataFrame], year: int) -> float:
    cars = tables["vehicles"]
    return float(cars.loc[cars["year"] == year, "km_year"].sum())


def of_year(tables: Mapping[str, pd.DataFrame], year: int) -> dict[str, pd.DataFrame]:
    return {name: rows[rows["year"] == year].reset_index(drop=True) for name, rows in tables.items()}


@pytest.mark.parametrize("rows", [(_FUEL, small.HALF_FARES), (small.MORE_BUSES, small.CHARGERS)])
def test_short_and_long_run_are_one_where_nothing_is_slow(world: World, rows: tuple[Mapping[str, Any], ...]) -> None:
    still = replace(world, parameters=scaled(world.parameters, dict.fromkeys(_SLOW, 0.0)))
    model = MobilityModel(still, seed=1)
    asked = small.measures(*rows)
    short = short_run(model, "asked", asked)
    model.start("asked", asked)
    long = of_year(model.run(), 2027)
    model.close()
    assert short is not None
    assert short.year == 2027
    for name in case_tables():
        pd.testing.assert_frame_equal(short.tables[name], long[name], check_dtype=len(long[name]) > 0, obj=name)


def test_neither_the_short_run_nor_the_run_depends_on_what_the_model_ran_before(world: World) -> None:
    asked = small.measures(_FUEL)
    fresh, used = MobilityModel(world, seed=1), MobilityModel(world, seed=1)
    first = short_run(fresh, "asked", asked)
    after = small.run(fresh, "asked", _FUEL)
    small.run(used)
    plain = small.run(used, "asked", _FUEL)
    again = short_run(used, "asked", asked)
    fresh.close()
    used.close()
    assert first is not None
    assert again is not None
    for name in case_tables():
        pd.testing.assert_frame_equal(again.tables[name], first.tables[name], obj=name)
        pd.testing.assert_frame_equal(after[name], plain[name], obj=name)


def test_dearer_fuel_moves_less_at_once_than_in_the_long_run(world: World) -> None:
    model = MobilityModel(world, seed=1)
    base = small.run(model)
    short = short_run(model, "fuel", small.measures(_FUEL))
    assert short is not None
    long = small.run(model, "fuel", _FUEL)
    model.close()
    at_once = car_km(short.tables, 2027) - car_km(base, 2027)
    in_the_long_run = car_km(long, 2027) - car_km(base, 2027)
    assert in_the_long_run < at_once < 0


def test_cars_and_workplaces_of_the_short_run_are_those_without_measures(world: World) -> None:
    model = MobilityModel(world, seed=1)
    base = of_year(small.run(model), 2027)
    short = short_run(model, "fuel", small.measures(_FUEL, small.GRANT))
    assert short is not None
    model.close()
    for column in ("vehicle_idx", "household_idx", "powertrain", "age_years"):
        np.testing.assert_array_equal(short.tables["vehicles"][column], base["vehicles"][column])
    assert len(short.tables["purchases"]) == 0
    changed = short.tables["trips"]["mode"].to_numpy() != base["trips"]["mode"].to_numpy()
    assert 0 < changed.mean() < 0.2
    assert Mode.CAR in set(base["trips"]["mode"][changed])


def test_there_is_no_short_run_where_nothing_acts_on_simulated_days(world: World) -> None:
    model = MobilityModel(world, seed=1)
    assert short_run(model, "baseline", ()) is None
    early = small.with_settings(world, days_in=(2024,))
    other = MobilityModel(early, seed=1)
    assert short_run(other, "fuel", small.measures(_FUEL)) is None
    for one in (model, other):
        one.close()


def test_the_first_year_is_the_first_simulated_one_since_a_measure_began(world: World) -> None:
    model = MobilityModel(small.with_settings(world, days_in=(2024, 2025, 2027)), seed=1)
    model.start("fuel", small.measures(_FUEL))
    assert first_year(model) == 2027
    model.start("fuel", small.measures({**_FUEL, "from_year": 2024}))
    assert first_year(model) == 2024
    model.start("fuel", small.measures({**_FUEL, "from_year": 2024, "until_year": 2024}))
    assert first_year(model) == 2024
    model.close()
