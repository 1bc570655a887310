"""The lever on car sharing: stations of shared electric cars, each of which is brought back where it was taken."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Annotated, Literal

import numpy as np
from pydantic import Field

from zemsim.core.toml_lines import Loc
from zemsim.policy.lever import Costed, Lever
from zemsim.policy.levers.lines import SomeNames
from zemsim.policy.rules import CarStation, PaymentRule
from zemsim.policy.schedule import Schedule, Steps
from zemsim.region.geo import to_metres

if TYPE_CHECKING:
    from zemsim.policy.draft import Draft, PolicyRegion


class SharedEvs(Lever, Costed):
    """Stations of shared electric cars: members who live near take one for a tour and bring it back.

    A tour costs ``min(price_eur_h max(0, hours - free_min / 60), tour_max_eur) + price_eur_km km``. Who finds no car,
    or none with charge enough, travels in another way.
    """

    place_fields = ()
    lever: Literal["shared_evs"]
    """Kind of lever."""
    stations: SomeNames
    """Where: ids of stops, settlements (their nearest bus stop), or latitude, longitude in one text."""
    cars_per_station: Annotated[Schedule, Steps(0, 200, whole=True)]
    """Cars at each station, all that are there by then."""
    walk_max_m: Annotated[float, Field(ge=20.0, le=5000.0)]
    """Farthest from a home to its station, in a straight line."""
    price_eur_h: Annotated[Schedule, Steps(0.0, 100.0)]
    """Price of an hour from taking the car to bringing it back."""
    price_eur_km: Annotated[Schedule, Steps(0.0, 10.0)]
    """Price of a kilometre."""
    tour_max_eur: Annotated[float, Field(gt=0.0, le=1000.0)]
    """Most that the hours of a tour cost."""
    free_min: Annotated[float, Field(ge=0.0, le=1440.0)]
    """Minutes of each tour that cost nothing."""
    car_battery_kwh: Annotated[float, Field(ge=5.0, le=200.0)]
    """Battery of a car."""
    plug_kw: Annotated[float, Field(ge=1.0, le=400.0)]
    """Power that the plug of each car takes from the grid."""
    purchase_eur_per_car: Annotated[float, Field(ge=0.0, le=500_000.0)]
    """What a car costs to buy."""
    capex_eur_per_place: Annotated[float, Field(ge=0.0, le=100_000.0)]
    """What a place with its plug costs to build, one for each car."""
    opex_eur_per_car_year: Annotated[float, Field(ge=0.0, le=100_000.0)]
    """What a car costs a year without electricity: insurance, service, cleaning, booking."""

    def faults(self, base: PolicyRegion) -> Iterator[tuple[Loc, str]]:
        yield from base.stops.faults("stations", self.stations)

    def apply(self, draft: Draft) -> None:
        stops, year = draft.base.stops, draft.year
        ids, new = stops.find(self.stations, self.name)
        at_m = np.stack(to_metres(*stops.degrees(ids, new).T), axis=1)
        cars, hour, km = int(self.cars_per_station.at(year)), self.price_eur_h.at(year), self.price_eur_km.at(year)
        for stop_id, (x_m, y_m) in zip(ids, at_m.tolist(), strict=True):
            draft.claim(f"shared cars at {stop_id}", self.name)
            draft.car_stations.append(
                CarStation(
                    measure_id=self.name,
                    stop_id=stop_id,
                    x_m=x_m,
                    y_m=y_m,
                    cars=cars,
                    battery_kwh=self.car_battery_kwh,
                    plug_kw=self.plug_kw,
                    walk_max_m=self.walk_max_m,
                    price_eur_h=hour,
                    price_eur_km=km,
                    tour_max_eur=self.tour_max_eur,
                    free_min=self.free_min,
                )
            )
        self._pay(draft, cars * len(ids), int(self.value(self.cars_per_station, year - 1)) * len(ids))

    def _pay(self, draft: Draft, cars: int, before: int) -> None:
        """Note who pays for the cars, of which ``before`` were there a year ago, and what their users pay."""
        bought, payer, power_price = max(cars - before, 0), self.paid_by, draft.price["electricity_home_eur_kwh"]
        draft.buy(self.name, "shared_cars", payer, bought, "cars", self.purchase_eur_per_car)
        draft.buy(self.name, "places", payer, bought, "places", self.capex_eur_per_place)
        draft.buy(self.name, "upkeep", payer, cars, "cars", self.opex_eur_per_car_year)
        draft.rules.append(
            PaymentRule(self.name, "electricity", payer, "supplier", "shared_car_kwh", "kWh", power_price)
        )
        draft.rules.append(PaymentRule(self.name, "rides", "traveller", payer, "shared_car_eur", "EUR", 1.0))
