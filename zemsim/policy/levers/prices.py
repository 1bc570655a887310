"""Levers on prices: fuel, electricity at home and its hours, public charging, parking."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Literal

from pydantic import Field, model_validator

from zemsim.policy.lever import Grade, Lever, Names, Payer, Text, exactly_one, key_fault
from zemsim.policy.rules import PaymentRule
from zemsim.policy.schedule import Schedule, Steps
from zemsim.policy.times import TariffHours, hour_factors, refuse_double_hours

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

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


class HomeTariff(Lever):
    """Electricity for charging at home has another price at some hours; a timer (`smart_charging`) makes use of it."""

    place_fields = ()
    lever: Literal["home_tariff"]
    """Kind of lever."""
    tariff_hours: Annotated[tuple[TariffHours, ...], Field(strict=False, min_length=1, max_length=24)]
    """Hours with another price; those not named keep it."""
    revenue_to: Literal["state", "market"]
    """Who receives the difference, or bears it if it is negative."""

    @model_validator(mode="after")
    def _hours(self) -> HomeTariff:
        refuse_double_hours("tariff_hours", self.tariff_hours)
        return self

    def apply(self, draft: Draft) -> None:
        draft.claim("the hours of the tariff at home", self.name)
        draft.home_hour_factor = hour_factors(self.tariff_hours)
        draft.rules.append(
            PaymentRule(self.name, "home_tariff", "traveller", self.revenue_to, "home_hours", "EUR", 1.0)
        )


class ChargingPrice(Lever):
    """The tariff at public charging sites of the region changes: per kWh, minute and session, by hour, for residents.

    What a measure does not name stays as it was at the site.
    """

    lever: Literal["charging_price"]
    """Kind of lever."""
    price_factor: Annotated[Schedule, Steps(0.0, 5.0)] | None = None
    """Factor on the whole tariff of each site."""
    price_eur_kwh: Annotated[Schedule, Steps(0.0, 2.0)] | None = None
    """The new price of energy at each site."""
    price_eur_min: Annotated[Schedule, Steps(0.0, 2.0)] | None = None
    """The new price of a minute of charging."""
    price_eur_session: Annotated[Schedule, Steps(0.0, 20.0)] | None = None
    """The new price of a session."""
    tariff_hours: Annotated[tuple[TariffHours, ...], Field(strict=False, max_length=24)] = ()
    """Hours at which energy has another price."""
    resident_discount_share: Annotated[Schedule, Steps(0.0, 1.0)] | None = None
    """What residents of the site's municipality pay less, as a share of the tariff."""
    kinds: Annotated[tuple[Literal["slow", "fast"], ...], Field(strict=False, min_length=1)] = ("slow", "fast")
    """Which sites, by speed."""
    places: Names = ()
    """Where; everywhere if empty."""
    paid_by: Payer
    """Who bears the difference; operators, or a public purse."""

    @model_validator(mode="after")
    def _some_way(self) -> ChargingPrice:
        refuse_double_hours("tariff_hours", self.tariff_hours)
        new = (self.price_eur_kwh, self.price_eur_min, self.price_eur_session)
        if self.price_factor is not None and any(price is not None for price in new):
            raise key_fault("price_factor", "give a factor on the tariff or new prices, not both")
        if self.price_factor is None and not any([*new, self.tariff_hours, self.resident_discount_share]):
            raise key_fault(
                "price_factor",
                "say what changes: price_factor, price_eur_kwh, price_eur_min, price_eur_session, tariff_hours or "
                "resident_discount_share",
            )
        return self

    def set_tariffs(self, draft: Draft, sites: npt.NDArray[np.bool_]) -> None:
        """Write the tariff of the region's ``sites`` [V] into the draft."""
        year = draft.year
        parts = (
            (draft.site_price_eur_kwh, self.price_eur_kwh),
            (draft.site_eur_min, self.price_eur_min),
            (draft.site_eur_session, self.price_eur_session),
        )
        for values, new in parts:
            if self.price_factor is not None:
                values[sites] *= self.price_factor.at(year)
            elif new is not None:
                values[sites] = new.at(year)
        if self.tariff_hours:
            draft.site_hour_factor[sites] = hour_factors(self.tariff_hours)
        if self.resident_discount_share is not None:
            draft.site_resident_share[sites] = 1.0 - self.resident_discount_share.at(year)

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
