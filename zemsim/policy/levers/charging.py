"""Levers on places to charge: public sites, yards of apartment houses, own solar power."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Literal

import annotated_types
from pydantic import Field, model_validator

from zemsim.policy.lever import Costed, Lever, Names, key_fault
from zemsim.policy.rules import ExtraSite, PaymentRule
from zemsim.policy.schedule import Schedule, Steps

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
    """Price for the driver."""
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
                price = self.price_eur_kwh.at(draft.year)
                draft.extra_sites.append(
                    ExtraSite(site_id, zone_idx, self.points_per_site, self.power_kw, price, self.kind, self.name)
                )
        self._pay(draft, sites)

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
    """A share of the electricity at public charging sites comes from own solar panels."""

    place_fields = ()
    lever: Literal["solar_charging"]
    """Kind of lever."""
    solar_share: Annotated[Schedule, Steps(0.0, 1.0)]
    """Share of the kWh charged at public sites, over the year."""
    cost_eur_kwh: Annotated[float, Field(ge=0.0, le=2.0)]
    """Cost of a kWh from the panels over their life."""

    def apply(self, draft: Draft) -> None:
        draft.claim("the solar share of public charging", self.name)
        draft.solar_share = self.solar_share.at(draft.year)
        draft.rules.append(
            PaymentRule(
                self.name,
                "solar_power",
                self.paid_by,
                "supplier",
                "public_kwh",
                "kWh",
                self.cost_eur_kwh,
                factor=draft.solar_share,
            )
        )
