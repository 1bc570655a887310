"""Levers on the way to a station: places for cars and for bicycles at stops of trains and buses."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Annotated, Literal

import numpy as np
from pydantic import Field

from zemsim.core.toml_lines import Loc
from zemsim.policy.lever import Costed, Lever
from zemsim.policy.levers.lines import SomeNames
from zemsim.policy.rules import PaymentRule, StationLot
from zemsim.policy.schedule import Schedule, Steps
from zemsim.region.geo import to_metres
from zemsim.region.nearest import NearestPoint

if TYPE_CHECKING:
    from zemsim.policy.draft import Draft, PolicyRegion


class _Lots(Lever, Costed):
    """Places at stations: who comes there by car or bicycle goes on by train or bus."""

    place_fields = ()
    stations: SomeNames
    """Where: ids of stops, settlements (their nearest bus stop), or latitude, longitude in one text."""
    places_per_station: Annotated[Schedule, Steps(0, 5000, whole=True)]
    """Places at each station, all that are there by then."""
    price_eur_day: Annotated[Schedule, Steps(0.0, 50.0)]
    """What a place costs its user a day."""
    capex_eur_per_place: Annotated[float, Field(ge=0.0, le=100_000.0)]
    """What a place costs to build."""
    opex_eur_per_place_year: Annotated[float, Field(ge=0.0, le=10_000.0)]
    """What a place costs a year."""

    def faults(self, base: PolicyRegion) -> Iterator[tuple[Loc, str]]:
        yield from base.stops.faults("stations", self.stations)

    def build(self, draft: Draft, vehicle: Literal["car", "bike"]) -> None:
        """Write the places and their payments into the draft."""
        stops = draft.base.stops
        ids, new = stops.find(self.stations, self.name)
        at_m = np.stack(to_metres(*stops.degrees(ids, new).T), axis=1)
        centres = draft.base.region.zones[["x_m", "y_m"]].to_numpy(np.float64)
        zones = NearestPoint(centres).of(at_m)[1]
        places, price = int(self.places_per_station.at(draft.year)), self.price_eur_day.at(draft.year)
        for stop_id, (x_m, y_m), zone in zip(ids, at_m.tolist(), zones.tolist(), strict=True):
            draft.claim(f"places for a {vehicle} at {stop_id}", self.name)
            draft.lots.append(StationLot(self.name, stop_id, x_m, y_m, int(zone), vehicle, places, price))
        before = int(self.value(self.places_per_station, draft.year - 1))
        built = max(places - before, 0) * len(ids)
        draft.buy(self.name, "building", self.paid_by, built, "places", self.capex_eur_per_place)
        draft.buy(self.name, "upkeep", self.paid_by, places * len(ids), "places", self.opex_eur_per_place_year)
        draft.rules.append(PaymentRule(self.name, "fees", "traveller", self.paid_by, "lot_days", "days", price))


class ParkAndRide(_Lots):
    """Places for cars at stations: drive there, go on by train or bus; full places refuse who comes later."""

    lever: Literal["park_and_ride"]
    """Kind of lever."""

    def apply(self, draft: Draft) -> None:
        self.build(draft, "car")


class BikeAndRide(_Lots):
    """Sheltered places for bicycles at stations: cycle there, go on by train or bus."""

    lever: Literal["bike_and_ride"]
    """Kind of lever."""

    def apply(self, draft: Draft) -> None:
        self.build(draft, "bike")
