"""Probes: what a parameter of shared cars moves, as one number."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING, Final

from zemsim.core.names import DayType
from zemsim.model.coefficients import choice_parameters
from zemsim.model.day import allot_household_cars
from zemsim.model.shared_cars import SharedCars, close_stations, lend_cars, offer_cars
from zemsim.policy.rules import CarStation

if TYPE_CHECKING:
    from tests.behaviour.bench import Bench
    from tests.behaviour.probes_of_travel import Probe
    from zemsim.behaviour.parameters import Parameters

_STOPS = ("bus-jelgava", "bus-bauska", "bus-dobele", "bus-jekabpils")


@contextmanager
def _with_cars(bench: Bench, p: Parameters) -> Iterator[SharedCars]:
    """The weekday's shared cars, enough for all and almost free, at some stations that everybody there can walk to."""
    with bench.under(p) as model:
        stops = model.supply.timetable.stops.set_index("stop_id")
        stations = []
        for name in _STOPS:
            x_m, y_m = stops.loc[name, ["x_m", "y_m"]].astype(float)
            stations.append(CarStation("m", name, x_m, y_m, 300, 50.0, 11.0, 5000.0, 0.1, 0.0, 5.0, 0.0))
        before, plan, table = model.conditions, model.plans[DayType.WEEKDAY], model.residents.table
        model.conditions = replace(before, car_stations=tuple(stations))
        try:
            plan.set_coefficients(**choice_parameters(p)._asdict())
            model.today = plan
            table.tour_start[:], table.tour_end[:] = plan.tour_start, plan.tour_end
            allot_household_cars(model)
            offer_cars(model)
            plan.prepare(model.temperature_c, model.crowding[plan.day_type], model.further_wait_min[plan.day_type])
            model.residents.do("choose_mode")
            lend_cars(model)
            assert plan.shared_cars is not None
            yield plan.shared_cars
        finally:
            close_stations(model)
            model.conditions = before


def tours_of_members(bench: Bench, p: Parameters) -> float:
    """Tours of those who are members."""
    with _with_cars(bench, p) as shared:
        return float(len(shared.row))


def tours_lent(bench: Bench, p: Parameters) -> float:
    """Tours in a shared car."""
    with _with_cars(bench, p) as shared:
        return float(len(shared.lent))


PROBES: Final[dict[str, Probe]] = {
    "tours of members of car sharing": tours_of_members,
    "tours in shared cars": tours_lent,
}
