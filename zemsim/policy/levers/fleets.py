"""Levers on fleets in niches: shared e-bikes, cars of the municipality."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Literal

from pydantic import Field

from zemsim.policy.lever import Costed, Lever
from zemsim.policy.levers.charging import SomePlaces
from zemsim.policy.rules import PaymentRule
from zemsim.policy.schedule import Schedule, Steps

if TYPE_CHECKING:
    from zemsim.policy.draft import Draft


class SharedEbikes(Lever, Costed):
    """Shared e-bikes at stations in towns.

    A bike is at hand if a station lies within the walk: ``share = near(bikes / bikes_per_station, walk_max_m)``.
    """

    lever: Literal["shared_ebikes"]
    """Kind of lever."""
    places: SomePlaces
    """Where."""
    bikes_per_1000: Annotated[Schedule, Steps(0.0, 100.0)]
    """Bikes for a thousand residents, all that stand by then."""
    bikes_per_station: Annotated[float, Field(ge=1.0, le=100.0)]
    """Bikes at one station."""
    walk_max_m: Annotated[float, Field(ge=20.0, le=2000.0)]
    """Farthest a traveller walks to a station."""
    price_eur_trip: Annotated[Schedule, Steps(0.0, 20.0)]
    """Price of a trip."""
    winter: bool
    """Whether the bikes stand in winter too."""
    cost_eur_per_bike_year: Annotated[float, Field(ge=0.0, le=20_000.0)]
    """Yearly cost of a bike, purchase and service included."""

    def apply(self, draft: Draft) -> None:
        zones = draft.zones(self.places)
        draft.claim("shared e-bikes", self.name, zones)
        bikes = draft.population() * self.bikes_per_1000.at(draft.year) / 1000.0
        share = draft.near(bikes / self.bikes_per_station, self.walk_max_m)
        for season in (0, 1) if self.winter else (1,):
            draft.shared_ebike_share[season, zones] = share[zones]
        price = self.price_eur_trip.at(draft.year)
        draft.shared_ebike_eur_trip[zones] = price
        total = float(bikes[zones].sum())
        draft.buy(self.name, "shared_ebikes", self.paid_by, total, "bikes", self.cost_eur_per_bike_year)
        draft.rules.append(
            PaymentRule(
                self.name, "rides", "traveller", self.paid_by, "shared_ebike_trips", "trips", price, zones=zones
            )
        )


class MunicipalFleet(Lever, Costed):
    """Cars of municipalities become electric: accounted, since no resident chooses them.

    The ledger has the fuel that is no longer burnt (litres, negative amount) and the electricity instead (kWh).
    """

    place_fields = ()
    lever: Literal["municipal_fleet"]
    """Kind of lever."""
    cars: Annotated[Schedule, Steps(0, 5000, whole=True)]
    """Electric cars, all that run by then."""
    km_per_car_year: Annotated[float, Field(ge=0.0, le=200_000.0)]
    """Kilometres of a car in a year."""
    fuel_l_km: Annotated[float, Field(ge=0.01, le=0.5)]
    """Fuel that the replaced car burns."""
    fuel: Literal["petrol", "diesel"]
    """Its fuel."""
    electricity_kwh_km: Annotated[float, Field(ge=0.05, le=1.0)]
    """Electricity that the electric car takes from the plug."""
    capex_eur_per_car: Annotated[float, Field(ge=0.0, le=500_000.0)]
    """How much dearer an electric car is to buy than the car it replaces."""

    def apply(self, draft: Draft) -> None:
        cars = int(self.value(self.cars, draft.year))
        bought = max(cars - int(self.value(self.cars, draft.year - 1)), 0)
        km = cars * self.km_per_car_year
        fuel_price, power_price = draft.price[f"{self.fuel}_eur_l"], draft.price["electricity_home_eur_kwh"]
        draft.buy(self.name, "municipal_cars", self.paid_by, bought, "cars", self.capex_eur_per_car)
        draft.buy(self.name, f"fleet_{self.fuel}", "municipality", -km * self.fuel_l_km, "l", fuel_price)
        draft.buy(self.name, "fleet_electricity", "municipality", km * self.electricity_kwh_km, "kWh", power_price)
