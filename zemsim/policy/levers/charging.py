"""Levers on places to charge: public sites, yards of apartment houses, own solar power, timers at home."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Annotated, Literal

import annotated_types
from pydantic import Field, model_validator

from zemsim.policy.lever import Costed, Lever, Names, exactly_one, key_fault
from zemsim.policy.rules import ExtraSite, PaymentRule
from zemsim.policy.schedule import Schedule, Steps
from zemsim.policy.times import TariffHours, hour_factors, refuse_double_hours

if TYPE_CHECKING:
    from zemsim.policy.draft import Draft

#: The slowest site that may be called fast, kW: AC connectors give 43 at most, DC ones 50 and more.
FAST_FROM_KW = 43.0

SomePlaces = Annotated[Names, annotated_types.MinLen(1)]
Lag = Annotated[int, Field(ge=0, le=60)]


class PublicChargers(Lever, Costed):
    """New public charging sites, at the busiest zones of each place."""

    lever: Literal["public_chargers"]
    """Kind of lever."""
    places: SomePlaces
    """Where; each place gets the number of sites."""
    sites_per_place: Annotated[Schedule, Steps(0, 200, whole=True)]
    """Sites in each place, all that stand by then."""
    points_per_site: Annotated[int, Field(ge=1, le=50)]
    """Cars that can charge at once."""
    power_kw: Annotated[float, Field(ge=2.0, le=1000.0)]
    """Power of one point."""
    price_eur_kwh: Annotated[Schedule, Steps(0.0, 2.0)]
    """Price of energy for the driver."""
    price_eur_min: Annotated[Schedule, Steps(0.0, 2.0)] | None = None
    """Price of a minute of charging, beside that of energy."""
    price_eur_session: Annotated[Schedule, Steps(0.0, 20.0)] | None = None
    """Price of a session, beside that of energy."""
    tariff_hours: Annotated[tuple[TariffHours, ...], Field(strict=False, max_length=24)] = ()
    """Hours at which energy has another price."""
    resident_discount_share: Annotated[Schedule, Steps(0.0, 1.0)] | None = None
    """What residents of the municipality pay less, as a share of the tariff."""
    site_kw: Annotated[float, Field(ge=2.0, le=50_000.0)] | None = None
    """Power that the points of a site share; without it, as much as they can."""
    kind: Literal["slow", "fast"]
    """Slow (alternating current) or fast (direct current)."""
    install_lag_months: Lag
    """Months from the decision, at the beginning of the year, to the first charge."""
    capex_eur_per_point: Annotated[float, Field(ge=0.0, le=1_000_000.0)]
    """Purchase, installation and connection of one point."""
    opex_share_year: Annotated[float, Field(ge=0.0, le=1.0)]
    """Yearly upkeep without energy as a share of the purchase."""

    @model_validator(mode="after")
    def _speed(self) -> PublicChargers:
        refuse_double_hours("tariff_hours", self.tariff_hours)
        if (self.power_kw > FAST_FROM_KW) != (self.kind == "fast"):
            raise key_fault("kind", f"{self.power_kw:g} kW is not {self.kind}", f"slow is up to {FAST_FROM_KW:g} kW")
        return self

    def apply(self, draft: Draft) -> None:
        sites = int(self.value(self.sites_per_place, draft.year, self.install_lag_months))
        for place in sorted(set(self.places)):
            zones = draft.busiest(draft.zones([place]))
            for number in range(sites):
                site_id = f"{self.name}/{place}/{number + 1}"
                zone_idx = int(zones[number % len(zones)])
                draft.extra_sites.append(self._site(site_id, zone_idx, draft.year))
        self._pay(draft, sites)

    def _site(self, site_id: str, zone_idx: int, year: int) -> ExtraSite:
        prices = (self.price_eur_min, self.price_eur_session, self.resident_discount_share)
        minute, session, discount = (0.0 if price is None else price.at(year) for price in prices)
        return ExtraSite(
            site_id,
            zone_idx,
            self.points_per_site,
            self.power_kw,
            self.price_eur_kwh.at(year),
            self.kind,
            self.name,
            site_kw=math.inf if self.site_kw is None else self.site_kw,
            eur_min=minute,
            eur_session=session,
            resident_share=1.0 - discount,
            hour_factor=tuple(hour_factors(self.tariff_hours).tolist()),
        )

    def _pay(self, draft: Draft, sites: int) -> None:
        places = len(set(self.places))
        ordered = int(self.value(self.sites_per_place, draft.year))
        before = int(self.value(self.sites_per_place, draft.year - 1))
        bought = max(ordered - before, 0) * places * self.points_per_site
        standing = sites * places * self.points_per_site
        upkeep = self.capex_eur_per_point * self.opex_share_year
        draft.buy(self.name, "chargers", self.paid_by, bought, "points", self.capex_eur_per_point)
        draft.buy(self.name, "upkeep", self.paid_by, standing, "points", upkeep)


class YardChargers(Lever, Costed):
    """Slow points in the yards of apartment houses, so that flats can charge near home.

    A flat has a point at hand if one lies within the walk and is not taken by others:
    ``share = near(points, walk_max_m) * min(1, points_per_100_flats / 100 * flats_per_point)``.
    """

    lever: Literal["yard_chargers"]
    """Kind of lever."""
    places: Names = ()
    """Where; everywhere if empty."""
    points_per_100_flats: Annotated[Schedule, Steps(0.0, 100.0)]
    """Points for a hundred flats, all that stand by then."""
    flats_per_point: Annotated[float, Field(ge=1.0, le=50.0)]
    """Flats with an electric car that can share a point by taking turns."""
    power_kw: Annotated[float, Field(ge=2.0, le=FAST_FROM_KW)]
    """Power of one point."""
    price_eur_kwh: Annotated[Schedule, Steps(0.0, 2.0)]
    """Price for the resident."""
    walk_max_m: Annotated[float, Field(ge=20.0, le=2000.0)]
    """Farthest a resident walks to a point."""
    install_lag_months: Lag
    """Months from the decision, at the beginning of the year, to the first charge."""
    capex_eur_per_point: Annotated[float, Field(ge=0.0, le=1_000_000.0)]
    """Purchase, installation and connection of one point."""
    opex_share_year: Annotated[float, Field(ge=0.0, le=1.0)]
    """Yearly upkeep without energy as a share of the purchase."""

    def apply(self, draft: Draft) -> None:
        zones = draft.zones(self.places) & (draft.dwellings_flat() > 0.0)
        draft.claim("yard charging", self.name, zones)
        density = self.value(self.points_per_100_flats, draft.year, self.install_lag_months)
        flats = draft.dwellings_flat()
        if density > 0.0:
            served = min(1.0, density / 100.0 * self.flats_per_point)
            share = draft.near(flats * density / 100.0, self.walk_max_m) * served
            draft.yard_charging_share[zones] = share[zones]
            draft.yard_price_eur_kwh[zones] = self.price_eur_kwh.at(draft.year)
            draft.yard_power_kw[zones] = self.power_kw
        hundreds = float(flats[zones].sum()) / 100.0
        ordered = self.value(self.points_per_100_flats, draft.year)
        before = self.value(self.points_per_100_flats, draft.year - 1)
        bought = max(ordered - before, 0.0) * hundreds
        upkeep = self.capex_eur_per_point * self.opex_share_year
        draft.buy(self.name, "yard_chargers", self.paid_by, bought, "points", self.capex_eur_per_point)
        draft.buy(self.name, "upkeep", self.paid_by, density * hundreds, "points", upkeep)


class SolarCharging(Lever, Costed):
    """Public charging sites have solar panels of their own: a share of their energy, or panels for each point.

    A share holds at every hour of the year, as by contract. Panels give what the hour and the season give; what the
    cars that charge then do not take is not counted.
    """

    place_fields = ()
    lever: Literal["solar_charging"]
    """Kind of lever."""
    solar_share: Annotated[Schedule, Steps(0.0, 1.0)] | None = None
    """Share of the kWh charged at public sites, over the year."""
    panels_kw_point: Annotated[Schedule, Steps(0.0, 100.0)] | None = None
    """Power of the panels at their peak for each point of a public site."""
    cost_eur_kwh: Annotated[float, Field(ge=0.0, le=2.0)]
    """Cost of a kWh from the panels that is charged, over their life."""

    @model_validator(mode="after")
    def _one_way(self) -> SolarCharging:
        exactly_one(self, "solar_share", "panels_kw_point")
        return self

    def apply(self, draft: Draft) -> None:
        draft.claim("the solar power of public charging", self.name)
        paid = (self.name, "solar_power", self.paid_by, "supplier")
        if self.solar_share is not None:
            share = draft.solar_share = self.solar_share.at(draft.year)
            draft.rules.append(PaymentRule(*paid, "public_kwh", "kWh", self.cost_eur_kwh, factor=share))
        if self.panels_kw_point is not None:
            draft.panels_kw_point = self.panels_kw_point.at(draft.year)
            draft.rules.append(PaymentRule(*paid, "panel_kwh", "kWh", self.cost_eur_kwh))


class SmartCharging(Lever, Costed):
    """Homes with a plug of their own have a timer: the car begins to charge when the hours are cheapest.

    Only where the tariff has hours (`home_tariff`) is there anything to wait for; the car is full by the time that it
    leaves, as far as it would be without the timer.
    """

    place_fields = ()
    lever: Literal["smart_charging"]
    """Kind of lever."""
    timer_share: Annotated[Schedule, Steps(0.0, 1.0)]
    """Share of the homes with a plug of their own."""
    cost_eur_year: Annotated[float, Field(ge=0.0, le=10_000_000.0)]
    """What the timers cost a year: devices, advice, a programme of a supplier."""

    def apply(self, draft: Draft) -> None:
        draft.claim("timers of charging at home", self.name)
        draft.timer_share = self.timer_share.at(draft.year)
        draft.buy(self.name, "timers", self.paid_by, 1.0, "years", self.cost_eur_year)
