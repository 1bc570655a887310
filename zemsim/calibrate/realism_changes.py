"""What the realism tests change: prices, fares and departures by the levers of policy, the rest in the model's inputs.

Prices at the pump, fares, departures and parking are measures like those of a plan. For the time by car and the prices
of cars there is no lever; a change of them is one of the parameters that the choices read, stated in `_PARAMETERS`.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from zemsim.behaviour.parameters import Parameters
from zemsim.policy.draft import PolicyRegion
from zemsim.policy.levers import Measure, MeasureFile

if TYPE_CHECKING:
    from zemsim.calibrate.realism_table import Asked
    from zemsim.model.model import MobilityModel
    from zemsim.region import Region

#: Parameters that are multiplied. Utility is linear in the minutes by car, from door to door, so a factor on their
#: weight is the same as one on the minutes; prices of cars are parameters themselves.
_PARAMETERS: Final[Mapping[str, tuple[str, ...]]] = {
    "car_time": ("b_car",),
    "bev_price": ("p_bev",),
    "bev_all_price": ("p_bev", "p_bev_used"),
    "ice_price": ("p_ice",),
}
_SAID: Final = {"source": "a test of realism", "grade": "assumption"}
_COSTS: Final = {"paid_by": "state", "cost_source": "not part of the test", "cost_grade": "assumption"}


@dataclass(frozen=True)
class TestPolicy:
    """A change as a policy of an experiment: the experiment's timetables are made for it."""

    id: str
    measures: Sequence[Measure]


def policy_of(asked: Asked, region: Region, from_year: int) -> TestPolicy:
    """Return a change as a policy; without measures where the change is one of inputs, or none.

    Parameters
    ----------
    asked : Asked
        What is changed, and its factor.
    region : Region
        Names of networks, and prices of parking.
    from_year : int
        First year of the change.
    """
    rows = _measures(asked.change, asked.factor, region)
    full = [{"id": f"realism-{number}", "from_year": from_year, **_SAID, **row} for number, row in enumerate(rows)]
    return TestPolicy(f"{asked.change or 'baseline'}-{asked.factor:g}", MeasureFile.of(full) if full else ())


def _measures(change: str, factor: float, region: Region) -> list[dict[str, Any]]:
    """A change as measures without what all measures have."""
    if change == "fuel_price":
        return [{"lever": "fuel_price", "price_factor": factor, "revenue_to": "market"}]
    if change == "transit_fare":
        return [{"lever": "bus_fare", "fare_share": factor, "modes": ["bus", "train"], "paid_by": "state"}]
    if change == "bus_frequency":
        networks = _bus_networks(region)
        costs = {"cost_eur_per_vehicle_km": 0.0, **_COSTS}
        return [{"lever": "bus_frequency", "factor": factor, "networks": networks, **costs}]
    if change == "parking_price":
        return list(_parking(factor, region))
    return []


def _bus_networks(region: Region) -> list[str]:
    """Networks of the timetable that run buses and no trains."""
    from zemsim.travel.timetable import Timetable

    routes = Timetable.from_region(region).routes
    trains = set(routes.loc[routes["mode"] == "train", "network_id"])
    return sorted(set(routes["network_id"]) - trains)


def _parking(factor: float, region: Region) -> Iterator[dict[str, Any]]:
    """One measure for each price of today, in the zones that have it."""
    price = PolicyRegion.of(region).parking_eur_h
    zone_id = region.zones["zone_id"].astype(str).to_numpy()
    for eur_h in np.unique(price[price > 0.0]).tolist():
        yield {
            "lever": "parking_price",
            "price_eur_h": eur_h * factor,
            "places": zone_id[price == eur_h].tolist(),
            "ev_exempt": False,
            "cost_share": 0.0,
            "cost_source": _COSTS["cost_source"],
            "cost_grade": _COSTS["cost_grade"],
        }


def parameters_after(asked: Asked, parameters: Parameters) -> Parameters:
    """Return the parameters with those multiplied that stand for a change; the ranges of users do not bind tests."""
    return scaled(parameters, dict.fromkeys(_PARAMETERS.get(asked.change, ()), asked.factor))


def scaled(parameters: Parameters, factors: Mapping[str, float]) -> Parameters:
    """Return parameters with some values multiplied."""
    table = dict(parameters.table)
    for symbol, factor in factors.items():
        table[symbol] = replace(table[symbol], value=table[symbol].value * factor)
    return replace(parameters, table=table)


@contextlib.contextmanager
def with_parameters(model: MobilityModel, parameters: Parameters) -> Iterator[None]:
    """Let a model that has been started choose by other parameters, until the block is left."""
    usual = model.parameters
    _choose_by(model, parameters)
    try:
        yield
    finally:
        _choose_by(model, usual)


def _choose_by(model: MobilityModel, parameters: Parameters) -> None:
    model.parameters = parameters
    for plan in model.plans.values():
        plan.set_coefficients(b_car=parameters["b_car"])
