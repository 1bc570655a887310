"""Levers on buying: grants for electric cars and e-bikes."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Annotated, Literal

from pydantic import Field

from zemsim.policy.lever import Lever, Names, Payer
from zemsim.policy.rules import EbikeGrant, Grant, PaymentRule
from zemsim.policy.schedule import FIRST_YEAR, Schedule, Steps

if TYPE_CHECKING:
    from zemsim.policy.draft import Draft

NOTHING = Schedule(((FIRST_YEAR, 0.0),))
IncomeCap = Annotated[float, Field(gt=0.0, le=50_000.0)]


class EvPurchaseGrant(Lever):
    """Money for a household that buys a battery-electric car or a plug-in hybrid, on top of any national grant."""

    lever: Literal["ev_purchase_grant"]
    """Kind of lever."""
    grant_new_eur: Annotated[Schedule, Steps(0.0, 30_000.0)]
    """For a new car."""
    grant_used_eur: Annotated[Schedule, Steps(0.0, 30_000.0)]
    """For a used car."""
    phev_new_eur: Annotated[Schedule, Steps(0.0, 30_000.0)] = NOTHING
    """For a new plug-in hybrid."""
    phev_used_eur: Annotated[Schedule, Steps(0.0, 30_000.0)] = NOTHING
    """For a used plug-in hybrid."""
    scrapping_eur: Annotated[Schedule, Steps(0.0, 30_000.0)] = NOTHING
    """On top of the grant, where the car takes the place of a combustion car that is scrapped."""
    scrapping_age_years: Annotated[int, Field(ge=0, le=40)] = 10
    """Youngest combustion car that is scrapped when it meets its end; younger ones are sold."""
    km_year_min: Annotated[float, Field(ge=0.0, le=60_000.0)] = 0.0
    """Kilometres a year that the household must drive the car; what it drove in the days simulated last."""
    income_max_eur_month: IncomeCap | None = None
    """Highest net income of the household that may have it; no cap if not given."""
    places: Names = ()
    """Where the household lives; everywhere if empty."""
    paid_by: Payer
    """Who pays the grant."""

    def apply(self, draft: Draft) -> None:
        zones = draft.zones(self.places)
        draft.claim("a grant for electric cars", self.name, zones)
        grant = Grant(
            measure_id=self.name,
            payer=self.paid_by,
            new_eur=self.grant_new_eur.at(draft.year),
            used_eur=self.grant_used_eur.at(draft.year),
            phev_new_eur=self.phev_new_eur.at(draft.year),
            phev_used_eur=self.phev_used_eur.at(draft.year),
            scrapping_eur=self.scrapping_eur.at(draft.year),
            scrapping_age_years=self.scrapping_age_years,
            km_year_min=self.km_year_min,
            income_max_eur_month=math.inf if self.income_max_eur_month is None else self.income_max_eur_month,
            zones=zones,
        )
        draft.grants.append(grant)
        draft.rules.append(
            PaymentRule(self.name, "ev_grant", self.paid_by, "household", "bev_grant", "cars", math.nan, grant=grant)
        )


class EbikePurchaseGrant(Lever):
    """A share of the price of an e-bike, up to a limit."""

    lever: Literal["ebike_grant"]
    """Kind of lever."""
    grant_share: Annotated[Schedule, Steps(0.0, 1.0)]
    """Share of the price."""
    grant_max_eur: Annotated[float, Field(gt=0.0, le=10_000.0)]
    """Most that one household receives for a bike."""
    income_max_eur_month: IncomeCap | None = None
    """Highest net income of the household that may have it; no cap if not given."""
    places: Names = ()
    """Where the household lives; everywhere if empty."""
    paid_by: Payer
    """Who pays the grant."""

    def apply(self, draft: Draft) -> None:
        zones = draft.zones(self.places)
        draft.claim("a grant for e-bikes", self.name, zones)
        grant = EbikeGrant(
            measure_id=self.name,
            payer=self.paid_by,
            price_share=self.grant_share.at(draft.year),
            max_eur=self.grant_max_eur,
            income_max_eur_month=math.inf if self.income_max_eur_month is None else self.income_max_eur_month,
            zones=zones,
        )
        draft.ebike_grants.append(grant)
        draft.rules.append(
            PaymentRule(
                self.name, "ebike_grant", self.paid_by, "household", "ebike_grant", "e-bikes", math.nan, grant=grant
            )
        )
