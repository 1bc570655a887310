"""Levers on public transport: fares, departures, electric city buses."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Annotated, Literal

import annotated_types
from pydantic import Field, model_validator

from zemsim.policy.lever import Costed, Lever, Name, Names, Payer, Persons, key_fault
from zemsim.policy.routes import CITY_BUS
from zemsim.policy.rules import OperatorRule, PaymentRule
from zemsim.policy.schedule import Schedule, Steps
from zemsim.travel.electric_buses import ElectricFleet
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


class PassPrice(Lever):
    """Monthly passes for the way to work or school, and all places where it ends, cost more or less, or are introduced.

    Who rides this way takes a pass if it costs less than single tickets.
    """

    lever: Literal["pass_price"]
    """Kind of lever."""
    pass_trips: Annotated[Schedule, Steps(0.0, 200.0)]
    """What a pass costs in single fares of the way, which other measures may change; 0 is free."""
    services: Annotated[tuple[Literal["city_bus", "regional_bus", "train"], ...], Field(strict=False, min_length=1)] = (
        "regional_bus",
        "train",
    )
    """Which services; in the region's own prices city buses have no pass."""
    persons: Persons = Persons()
    """Who, by age."""
    places: Names = ()
    """Where the traveller lives; everywhere if empty."""
    paid_by: Payer
    """Who bears the fares that are not paid."""

    def apply(self, draft: Draft) -> None:
        ages = (self.persons.age_min, self.persons.age_max)
        for service in dict.fromkeys(self.services):
            zones, trips = draft.zones(self.places), self.pass_trips.at(draft.year)
            draft.set_pass(self.name, service, zones, ages, trips, self.paid_by)


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


class BusOperatorRule(Lever, Costed):
    """Operators add departures where buses are full, and take some from empty routes, within a yearly budget.

    What they do comes on top of what other measures do to the same routes.
    """

    place_fields = ()
    lever: Literal["bus_operator_rule"]
    """Kind of lever."""
    networks: Annotated[Names, annotated_types.MinLen(1)]
    """Networks whose operators follow the rule."""
    budget_eur_year: Annotated[Schedule, Steps(-50_000_000.0, 50_000_000.0)]
    """What kilometres beyond the timetable may cost in each network; if negative, what must be saved."""
    full_share: Annotated[float, Field(ge=0.1, le=2.0)]
    """Passengers over places of a route's fullest departure from which the route gets more departures."""
    step_share: Annotated[float, Field(ge=0.05, le=1.0)]
    """Departures that a route gets or loses after a simulated year, as a share of those of the timetable."""
    most_factor: Annotated[float, Field(ge=1.0, le=6.0)]
    """Most departures over those of the timetable; the fewest are one over it."""
    cost_eur_per_vehicle_km: Annotated[float, Field(gt=0.0, le=50.0)]
    """Cost of a vehicle-km that is added, or saved."""

    def apply(self, draft: Draft) -> None:
        for network in sorted(set(self.networks)):
            routes = draft.base.routes.select([network])
            draft.claim(f"the rule of the operator of {network}", self.name)
            draft.operator_rules.append(
                OperatorRule(
                    network_id=network,
                    budget_eur_year=self.budget_eur_year.at(draft.year),
                    cost_eur_km=self.cost_eur_per_vehicle_km,
                    full_share=self.full_share,
                    step_share=self.step_share,
                    most_factor=self.most_factor,
                    measure_id=self.name,
                )
            )
            draft.pay_for_km(self.name, "departures", self.paid_by, self.cost_eur_per_vehicle_km, routes)


class ElectricCityBuses(Lever, Costed):
    """City buses become electric: a share of their kilometres at a price, for plans whose buses are not known yet.

    Batteries, plugs and winter are not looked at, and no departure falls out; `ElectricBuses` follows the buses of a
    network one by one. A network has one of the two.
    """

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


class ElectricBuses(Lever, Costed):
    """Electric buses with their batteries and chargers drive the blocks of a network; what is short stays parked."""

    place_fields = ()
    lever: Literal["electric_buses"]
    """Kind of lever."""
    network: Name
    """Network of the timetable whose buses become electric, such as city_bus_jelgava or regional_bus."""
    buses: Annotated[Schedule, Steps(0, 500, whole=True)]
    """Electric buses, all that are there by then."""
    battery_kwh: Annotated[float, Field(ge=20.0, le=1000.0)]
    """Battery of a bus; its usable part and the consumption by temperature are parameters of the model."""
    depot_plugs: Annotated[Schedule, Steps(0, 500, whole=True)]
    """Buses that can charge at the depot at once."""
    depot_kw: Annotated[float, Field(ge=3.0, le=1000.0)]
    """Power of a plug at the depot, from the grid."""
    terminus_chargers: Annotated[Schedule, Steps(0, 50, whole=True)] = Schedule(((2000, 0.0),))
    """Termini with a charger, the busiest ones; one bus charges there at a time, between two departures."""
    terminus_kw: Annotated[float, Field(ge=0.0, le=1000.0)] = 0.0
    """Power of a charger at a terminus, from the grid."""
    diesel_buses: Annotated[int, Field(ge=0, le=500)] | None = None
    """Diesel buses that stay; without it, those that the timetable needs with spare ones, less the electric ones."""
    eur_per_bus: Annotated[float, Field(ge=0.0, le=2_000_000.0)]
    """Purchase of an electric bus, in the year in which it comes."""
    eur_per_plug: Annotated[float, Field(ge=0.0, le=1_000_000.0)]
    """Purchase and connection of a plug at the depot."""
    eur_per_terminus_charger: Annotated[float, Field(ge=0.0, le=2_000_000.0)] = 0.0
    """Purchase and connection of a charger at a terminus."""
    cost_eur_per_vehicle_km: Annotated[float, Field(ge=-10.0, le=50.0)]
    """How much dearer (cheaper, if negative) an electric vehicle-km is than a diesel one, without bus and charger."""

    @model_validator(mode="after")
    def _power(self) -> ElectricBuses:
        if max(self.terminus_chargers.values) > 0 and self.terminus_kw <= 0.0:
            raise key_fault("terminus_kw", "chargers at termini need a power above 0")
        return self

    def apply(self, draft: Draft) -> None:
        routes = draft.base.routes.select([self.network])
        draft.claim(f"the electric share of {self.network}", self.name)
        year = draft.year
        draft.electric_fleets.append(
            ElectricFleet(
                network_id=self.network,
                buses=int(self.buses.at(year)),
                battery_kwh=self.battery_kwh,
                depot_plugs=int(self.depot_plugs.at(year)),
                depot_kw=self.depot_kw,
                terminus_chargers=int(self.terminus_chargers.at(year)),
                terminus_kw=self.terminus_kw,
                diesel_buses=self.diesel_buses,
            )
        )
        bought = (
            ("electric_buses", self.buses, "buses", self.eur_per_bus),
            ("depot_plugs", self.depot_plugs, "plugs", self.eur_per_plug),
            ("terminus_chargers", self.terminus_chargers, "chargers", self.eur_per_terminus_charger),
        )
        for item, schedule, unit, eur in bought:
            more = schedule.at(year) - (schedule.at(year - 1) if self.active(year - 1) else 0.0)
            draft.buy(self.name, item, self.paid_by, max(more, 0.0), unit, eur)
        draft.rules.append(
            PaymentRule(
                self.name,
                "electric_vehicle_km",
                self.paid_by,
                "operator",
                "electric_vehicle_km",
                "vehicle-km",
                self.cost_eur_per_vehicle_km,
                routes=routes,
            )
        )
