"""Probes: what a parameter of the ways to stations with places for cars and bicycles moves, as one number."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING, Final

import numpy as np

from zemsim.core.names import Alternative, DayType
from zemsim.model.coefficients import choice_parameters
from zemsim.model.station_access import close_lots, draw_ways, trips_by_station
from zemsim.policy.rules import StationLot

if TYPE_CHECKING:
    from tests.behaviour.bench import Bench
    from tests.behaviour.probes_of_travel import Probe
    from zemsim.behaviour.parameters import Parameters
    from zemsim.model.day_plan import DayPlan

_STOPS = ("station-jelgava", "station-ozolnieki", "bus-bauska", "bus-dobele")


@contextmanager
def _with_places(bench: Bench, p: Parameters) -> Iterator[DayPlan]:
    """The weekday's plan with places enough for cars and bicycles at some stations, the modes chosen anew."""
    with bench.under(p) as model:
        stops, zones = model.supply.timetable.stops.set_index("stop_id"), model.world.region.zones
        lots = []
        for name in _STOPS:
            x_m, y_m = stops.loc[name, ["x_m", "y_m"]].astype(float)
            zone = int(np.argmin(np.hypot(zones["x_m"] - x_m, zones["y_m"] - y_m)))
            lots += [StationLot("m", name, x_m, y_m, zone, vehicle, 10_000, 0.0) for vehicle in ("bike", "car")]
        before, plan, table = model.conditions, model.plans[DayType.WEEKDAY], model.residents.table
        model.conditions = replace(before, lots=tuple(lots))
        try:
            plan.set_coefficients(**choice_parameters(p)._asdict())
            model.today = plan
            table.tour_start[:], table.tour_end[:] = plan.tour_start, plan.tour_end
            draw_ways(model)
            model.residents.do("choose_mode")
            yield plan
        finally:
            close_lots(model)
            model.conditions = before


def tours_by_station(bench: Bench, p: Parameters) -> float:
    """Tours that come to a station by car or bicycle."""
    with _with_places(bench, p) as plan:
        trips = trips_by_station(plan)
        return 0.0 if trips is None else float(len(trips.row))


def tours_by_transit(bench: Bench, p: Parameters) -> float:
    """Tours by bus and train, on whatever way to the station."""
    with _with_places(bench, p) as plan:
        return float(np.isin(plan.alternative, (Alternative.BUS, Alternative.TRAIN)).sum())


def farthest(by_car: bool) -> Probe:
    """Longest way to a station, km."""

    def probe(bench: Bench, p: Parameters) -> float:
        with _with_places(bench, p) as plan:
            assert plan.access is not None
            ways = plan.access.ways
            return float(ways.km[ways.car == by_car].max())

    return probe


PROBES: Final[dict[str, Probe]] = {
    "tours to stations by car or bicycle": tours_by_station,
    "tours by bus and train where stations have places": tours_by_transit,
    "longest drive to a station, km": farthest(by_car=True),
    "longest ride by bicycle to a station, km": farthest(by_car=False),
}
