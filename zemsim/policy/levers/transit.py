"""Levers on public transport: fares, departures, electric city buses."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Annotated, Literal

from pydantic import Field, model_validator

from zemsim.policy.lever import Costed, Lever, Name, Names, Payer, Persons, key_fault
from zemsim.policy.routes import CITY_BUS
from zemsim.policy.rules import PaymentRule
from zemsim.policy.schedule import Schedule, Steps
from zemsim.travel.timetable_changes import Departures

if TYPE_CHECKING:
    from zemsim.core.toml_lines import Loc
    from zemsim.policy.draft import Draft, PolicyRegion


class BusFare(Lever):
    """Residents pay a share of the fare of buses, trains or both."""

    lever: Literal["bus_fare"]
    """Kind of lever."""
    fare_share: Annotated[Schedule, Steps(0.0, 3.0)]
    """What is paid as a share of the base fare: 0 is free, 1 the base fare."""
    modes: Annotated[tuple[Literal["bus", "train"], ...], Field(strict=False, min_length=1)] = ("bus",)
    """Which modes; a journey that uses a train has one fare, that of the train."""
    persons: Persons = Persons()
    """Who, by age."""
    places: Names = ()
    """Where the traveller lives; everywhere if empty."""
    paid_by: Payer
    """Who bears the fares that are not paid."""

    def apply(self, draft: Draft) -> None:
        for mode in dict.fromkeys(self.modes):
            draft.set_fare(
                self.name,
                mode,
                draft.zones(self.places),
                (self.persons.age_min, self.persons.age_max),
                self.fare_share.at(draft.year),
                self.paid_by,
            )


class BusFrequency(Lever, Costed):
    """More or fewer departures on routes of the timetable."""

    place_fields = ()
    lever: Literal["bus_frequency"]
    """Kind of lever."""
    factor: Annotated[Schedule, Steps(0.1, 6.0)]
    """Factor on the number of departures."""
    networks: Names = ()
    """Networks of the timetable, such as regional_bus or city_bus_jelgava."""
    route_ids: Names = ()
    """Single routes by their id."""
    except_route_ids: Names = ()
    """Routes of these networks that are left as they are, for example those that a measure replaces."""
    cost_eur_per_vehicle_km: Annotated[float, Field(ge=0.0, le=50.0)]
    """Cost of a vehicle-km that is added, or saved."""

    @model_validator(mode="after")
    def _some_routes(self) -> BusFrequency:
        if not self.networks and not self.route_ids:
            raise key_fault("networks", "say which routes: give networks or route_ids")
        return self

    def faults(self, base: PolicyRegion) -> Iterator[tuple[Loc, str]]:
        found = base.routes.fault((), self.except_route_ids)
        if found is not None:
            yield ("except_route_ids", found[1]), found[2]

    def apply(self, draft: Draft) -> None:
        left = set(self.except_route_ids)
        routes = tuple(r for r in draft.base.routes.select(self.networks, self.route_ids) if r not in left)
        factor = self.factor.at(draft.year)
        for route_id in routes:
            draft.claim(f"the departures of route {route_id}", self.name)
            if factor != 1.0:
                draft.change(Departures(route_id, factor))
        draft.pay_for_km(self.name, "departures", self.paid_by, self.cost_eur_per_vehicle_km, routes)


class ElectricCityBuses(Lever, Costed):
    """City buses become electric."""

    place_fields = ()
    lever: Literal["electric_city_buses"]
    """Kind of lever."""
    network: Name
    """Network of the city's buses in the timetable, such as city_bus_jelgava."""
    electric_share: Annotated[Schedule, Steps(0.0, 1.0)]
    """Share of the vehicle-km that electric buses run."""
    cost_eur_per_vehicle_km: Annotated[float, Field(ge=-10.0, le=50.0)]
    """How much dearer an electric vehicle-km is than a diesel one, bus and charger included."""

    @model_validator(mode="after")
    def _city(self) -> ElectricCityBuses:
        if not self.network.startswith(CITY_BUS):
            raise key_fault("network", f"“{self.network}” is not a network of city buses", f"it begins with {CITY_BUS}")
        return self

    def apply(self, draft: Draft) -> None:
        routes = draft.base.routes.select([self.network])
        draft.claim(f"the electric share of {self.network}", self.name)
        for route_id in routes:
            draft.electric_bus_share[route_id] = self.electric_share.at(draft.year)
        draft.rules.append(
            PaymentRule(
                self.name,
                "electric_buses",
                self.paid_by,
                "operator",
                "electric_vehicle_km",
                "vehicle-km",
                self.cost_eur_per_vehicle_km,
                routes=routes,
            )
        )
