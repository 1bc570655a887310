"""Which behavioural parameters a run reads: the column ``used`` says so, and an experiment cannot set the others."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

import numpy as np
import pytest

from tests.unit.model import small_world as small
from zemsim.behaviour.parameters import Parameters, load_parameters
from zemsim.core.errors import InputError
from zemsim.core.names import Alternative
from zemsim.model.model import MobilityModel

if TYPE_CHECKING:
    from zemsim.model.world import World

#: Enters a run through the table of constants: see `Parameters.with_values`.
THROUGH_CONSTANTS = {"asc_ebike_minus_bike"}
#: Places for cars and bicycles at a station from the first year on.
PLACES = [
    {
        "lever": lever,
        "from_year": 2024,
        "stations": ["station-jelgava"],
        "places_per_station": 50,
        "price_eur_day": 0.0,
        "capex_eur_per_place": 1.0,
        "opex_eur_per_place_year": 1.0,
        "paid_by": "state",
        "cost_source": "a test",
        "cost_grade": "assumption",
    }
    for lever in ("park_and_ride", "bike_and_ride")
]
#: Shared cars from the first year on.
SHARED_CARS = {
    **{"lever": "shared_evs", "from_year": 2024, "stations": ["Jelgava"], "cars_per_station": 2, "walk_max_m": 500},
    **{"price_eur_h": 7.0, "price_eur_km": 0.0, "tour_max_eur": 39.0, "free_min": 0, "car_battery_kwh": 50},
    **{"plug_kw": 11, "purchase_eur_per_car": 1.0, "capex_eur_per_place": 1.0, "opex_eur_per_car_year": 1.0},
    **{"paid_by": "state", "cost_source": "a test", "cost_grade": "assumption"},
}


@dataclass(frozen=True)
class Watched(Parameters):
    """Parameters that know which of them were read."""

    read: set[str] = field(default_factory=set)

    def __getitem__(self, symbol: str) -> float:
        self.read.add(symbol)
        return super().__getitem__(symbol)


def test_the_column_used_names_what_a_run_reads(world: World) -> None:
    """Fails for a row that is called used and is not read, and the other way round."""
    usual = load_parameters()
    watched = Watched(**vars(usual))
    few_years = small.with_settings(world, years=(2024, 2025), days_in=(2024,))
    model = MobilityModel(replace(few_years, parameters=watched), 1)
    model.start(
        "stations", small.measures(*PLACES, SHARED_CARS)
    )  # ways to stations are looked for where there are places
    model.run()
    model.close()
    used = {symbol for symbol, parameter in usual.table.items() if parameter.used}
    assert watched.read | THROUGH_CONSTANTS == used


def test_a_parameter_that_nothing_reads_cannot_be_set() -> None:
    usual = load_parameters()
    unread = [p for p in usual.table.values() if not p.used]
    assert unread
    for parameter in unread:
        with pytest.raises(InputError, match="no part of the model reads it yet"):
            usual.with_values({parameter.symbol: parameter.value})


def test_every_parameter_that_is_read_can_be_set_within_its_range() -> None:
    usual = load_parameters()
    for parameter in usual.table.values():
        assert parameter.low <= parameter.value <= parameter.high
        assert parameter.source
        assert parameter.grade
        if parameter.used:
            assert usual.with_values({parameter.symbol: parameter.low})[parameter.symbol] == parameter.low


def test_the_constant_of_the_ebike_follows_its_parameter() -> None:
    usual = load_parameters()
    other = usual.with_values({"asc_ebike_minus_bike": usual["asc_ebike_minus_bike"] - 0.5})
    change = other.mode_constants - usual.mode_constants
    assert np.allclose(change[:, Alternative.EBIKE], -0.5)
    assert not np.delete(change, Alternative.EBIKE, axis=1).any()
