"""Levers on prices: fuel, electricity at home, public charging, parking."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Literal

from pydantic import Field, model_validator

from zemsim.policy.lever import Grade, Lever, Names, Payer, Text, exactly_one, key_fault
from zemsim.policy.rules import PaymentRule
from zemsim.policy.schedule import Schedule, Steps

if TYPE_CHECKING:
    from zemsim.policy.draft import Draft

#: Area types of zones that parking prices are set by.
Area = Literal["city", "town", "countryside", "outside"]


class _Price(Lever):
    """A price by a factor on it or by what is added to it."""

    def _after(self, before: float, factor: Schedule | None, addition: Schedule | None, year: int) -> float:
        """Return a price after its factor or addition of the year."""
        if factor is not None:
            return before * factor.at(year)
        return before + (0.0 if addition is None else addition.at(year))


class FuelPrice(_Price):
    """Fuel becomes dearer or cheaper at the pump."""

    place_fields = ()
    lever: Literal["fuel_price"]
    """Kind of lever."""
    price_factor: Annotated[Schedule, Steps(0.2, 5.0)] | None = None
    """Factor on the price at the pump."""
    add_eur_l: Annotated[Schedule, Steps(-1.0, 3.0)] | None = None
    """What is added to the price at the pump."""
    fuels: Annotated[tuple[Literal["petrol", "diesel"], ...], Field(strict=False, min_length=1)] = ("petrol", "diesel")
    """Which fuels."""
    revenue_to: Literal["state", "market"]
    """Who receives the difference: the state (a tax), or the market (a world price)."""

    @model_validator(mode="after")
    def _one_way(self) -> FuelPrice:
        exactly_one(self, "price_factor", "add_eur_l")
        return self

    def apply(self, draft: Draft) -> None:
        for fuel in dict.fromkeys(self.fuels):
            key = f"{fuel}_eur_l"
            value = self._after(draft.base_price(key), self.price_factor, self.add_eur_l, draft.year)
            difference = draft.set_price(key, value, self.name)
            draft.rules.append(
                PaymentRule(
                    self.name, f"{fuel}_price", "traveller", self.revenue_to, "fuel", "l", difference, fuel=fuel
                )
            )


class ElectricityPrice(_Price):
    """Electricity for charging at home becomes dearer or cheaper."""

    place_fields = ()
    lever: Literal["electricity_price"]
    """Kind of lever."""
    price_factor: Annotated[Schedule, Steps(0.1, 5.0)] | None = None
    """Factor on the price at home."""
    add_eur_kwh: Annotated[Schedule, Steps(-0.5, 1.0)] | None = None
    """What is added to the price at home."""
    revenue_to: Literal["state", "market"]
    """Who receives the difference, or bears it if it is negative."""

    @model_validator(mode="after")
    def _one_way(self) -> ElectricityPrice:
        exactly_one(self, "price_factor", "add_eur_kwh")
        return self

    def apply(self, draft: Draft) -> None:
        key = "electricity_home_eur_kwh"
        value = self._after(draft.base_price(key), self.price_factor, self.add_eur_kwh, draft.year)
        difference = draft.set_price(key, value, self.name)
        draft.rules.append(
            PaymentRule(self.name, "electricity_price", "traveller", self.revenue_to, "home_kwh", "kWh", difference)
        )


class ChargingPrice(Lever):
    """The price at public charging sites of the region changes."""

    lever: Literal["charging_price"]
    """Kind of lever."""
    price_factor: Annotated[Schedule, Steps(0.0, 5.0)] | None = None
    """Factor on the price at each site."""
    price_eur_kwh: Annotated[Schedule, Steps(0.0, 2.0)] | None = None
    """The new price at each site."""
    kinds: Annotated[tuple[Literal["slow", "fast"], ...], Field(strict=False, min_length=1)] = ("slow", "fast")
    """Which sites, by speed."""
    places: Names = ()
    """Where; everywhere if empty."""
    paid_by: Payer
    """Who bears the difference; operators, or a public purse."""

    @model_validator(mode="after")
    def _one_way(self) -> ChargingPrice:
        exactly_one(self, "price_factor", "price_eur_kwh")
        return self

    def price_after(self, before_eur_kwh: float, year: int) -> float:
        """Return the price at a site that had ``before_eur_kwh``."""
        if self.price_factor is not None:
            return before_eur_kwh * self.price_factor.at(year)
        return self.price_eur_kwh.at(year) if self.price_eur_kwh is not None else before_eur_kwh

    def apply(self, draft: Draft) -> None:
        draft.change_site_prices(self, draft.zones(self.places), self.kinds, self.paid_by)


class ParkingPrice(Lever):
    """Parking at destinations has a price."""

    lever: Literal["parking_price"]
    """Kind of lever."""
    price_eur_h: Annotated[Schedule, Steps(0.0, 20.0)]
    """The new price of an hour."""
    places: Names = ()
    """Where; everywhere if empty."""
    areas: Annotated[tuple[Area, ...], Field(strict=False)] = ()
    """Only zones of these kinds; all if empty."""
    ev_exempt: bool
    """Whether electric cars park for nothing."""
    cost_share: Annotated[float, Field(ge=0.0, le=1.0)]
    """Cost of collecting as a share of the takings."""
    cost_source: Text
    """Where the cost figure comes from."""
    cost_grade: Grade
    """How far the cost figure can be trusted."""

    @model_validator(mode="after")
    def _somewhere(self) -> ParkingPrice:
        if not self.places and not self.areas:
            raise key_fault("places", "say where: give places or areas")
        return self

    def apply(self, draft: Draft) -> None:
        zones = draft.zones(self.places) if self.places else draft.of_area(self.areas)
        if self.areas:
            zones = zones & draft.of_area(self.areas)
        draft.claim("the parking price", self.name, zones)
        price = self.price_eur_h.at(draft.year)
        draft.parking_eur_h[zones] = price
        draft.parking_ev_eur_h[zones] = 0.0 if self.ev_exempt else price
        if self.cost_share > 0.0:
            item, payer = "collecting", "municipality"
            draft.rules.append(
                PaymentRule(self.name, item, payer, "operator", "parking", "EUR", self.cost_share, zones=zones)
            )
