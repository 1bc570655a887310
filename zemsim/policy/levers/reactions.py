"""Levers that let charger companies and municipalities act by themselves: a rule that each follows once a year."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Annotated, Literal

from pydantic import Field, model_validator

from zemsim.policy.lever import Costed, Lever, Names, key_fault
from zemsim.policy.levers.charging import FAST_FROM_KW, Lag
from zemsim.policy.rules import CompanyRule, PaymentRule, RequestRule
from zemsim.policy.schedule import Schedule, Steps

if TYPE_CHECKING:
    from zemsim.policy.draft import Draft

Euro = Annotated[float, Field(ge=0.0, le=1_000_000.0)]
Hours = Annotated[float, Field(ge=0.0, le=24.0)]
Budget = Annotated[Schedule, Steps(0.0, 100_000_000.0)]


class ChargerCompanies(Lever, Costed):
    """Charger companies add points where use and waits are high, and take some away where nobody comes.

    Once a year each company looks at its sites. Use is that of the days simulated last, growing with the number of
    electric cars since. The busiest sites come first, as far as the budget of the company and the connection of the
    site go; where a site cannot grow, a station may be opened in its zone. A site gains or loses a point a year. The
    sites of measures are nobody's; without this lever the sites of the region follow the rule of `expand_sessions`.
    """

    lever: Literal["charger_companies"]
    """Kind of lever."""
    places: Names = ()
    """Where; everywhere if empty."""
    busy_hours_day: Annotated[float, Field(ge=0.1, le=24.0)]
    """Hours a day that each point of a site is in use, from which the site is busy."""
    busy_wait_min: Annotated[float, Field(ge=0.0, le=120.0)]
    """Mean wait of those who come, from which the site is busy; both must be met."""
    idle_hours_day: Hours
    """Hours a day that each point of a site is in use, below which the site is idle."""
    idle_years: Annotated[int, Field(ge=1, le=30)]
    """Years in a row that a site must be idle before a point is taken away; the last point stays."""
    most_points: Annotated[int, Field(ge=1, le=100)]
    """Most points of a site."""
    grid_kw: Annotated[float, Field(ge=2.0, le=50_000.0)]
    """Power of a site's connection, where none is stated: the points together take no more."""
    station_points: Annotated[int, Field(ge=0, le=50)]
    """Points of a station that is opened in the zone of a busy site that cannot grow; 0 for none."""
    budget_eur_year: Budget
    """What each company spends of its own on points in a year."""
    install_lag_months: Lag
    """Months from the decision, at the end of the year, to the first charge."""
    capex_slow_eur_per_point: Euro
    """Purchase, installation and connection of a slow point."""
    capex_fast_eur_per_point: Euro
    """Purchase, installation and connection of a fast point."""
    opex_share_year: Annotated[float, Field(ge=0.0, le=1.0)]
    """Yearly upkeep without energy as a share of the purchase, borne by the company."""
    support_share: Annotated[Schedule, Steps(0.0, 1.0)]
    """Share of the purchase that `paid_by` bears."""

    @model_validator(mode="after")
    def _thresholds(self) -> ChargerCompanies:
        if self.idle_hours_day >= self.busy_hours_day:
            raise key_fault("idle_hours_day", f"must be below busy_hours_day {self.busy_hours_day:g}")
        return self

    def apply(self, draft: Draft) -> None:
        zones = draft.zones(self.places)
        draft.claim("the rule of charger companies", self.name, zones)
        capex = (self.capex_slow_eur_per_point, self.capex_fast_eur_per_point)
        support = self.support_share.at(draft.year)
        draft.company_rules.append(
            CompanyRule(
                measure_id=self.name,
                zones=zones,
                busy_hours_day=self.busy_hours_day,
                busy_wait_min=self.busy_wait_min,
                idle_hours_day=self.idle_hours_day,
                idle_years=self.idle_years,
                most_points=self.most_points,
                grid_kw=self.grid_kw,
                station_points=self.station_points,
                budget_eur_year=self.budget_eur_year.at(draft.year),
                ready_year=ready_year(draft.year, self.install_lag_months),
                capex_eur=capex,
                support_share=support,
            )
        )
        kinds: tuple[Literal["slow", "fast"], ...] = ("slow", "fast")
        for speed, eur in zip(kinds, capex, strict=True):
            pay_for_points(draft, self.name, "operator", speed, eur, self.opex_share_year, share=1.0 - support)
            pay_for_points(draft, self.name, self.paid_by, speed, eur, 0.0, share=support)


class PointsOnRequest(Lever, Costed):
    """A municipality sets up a slow point near the home of a flat-dweller with an electric car who asks for one.

    Who may ask lives in a flat, has an electric car and nowhere of its own or in the yard to plug in, and finds no
    public slow point within the walk that has a turn left. Posts stand at corners of a grid of 100 m. Whoever has
    waited longest comes first, as far as the yearly number and budget of the municipality go. Later a free turn within
    the walk counts as a place to plug in when a household thinks of an electric car; the posts are not among the public
    points around that sway everybody. The posts are in service as long as the measure holds.
    """

    lever: Literal["points_on_request"]
    """Kind of lever."""
    places: Names = ()
    """Where; everywhere if empty."""
    walk_max_m: Annotated[float, Field(ge=100.0, le=2000.0)]
    """Farthest from the home, in a straight line; the point comes within it."""
    asking_share: Annotated[float, Field(ge=0.0, le=1.0)]
    """Share of the households entitled that ask."""
    cars_per_point: Annotated[float, Field(ge=1.0, le=50.0)]
    """Electric cars that can share a point by taking turns."""
    points_per_post: Annotated[int, Field(ge=1, le=10)]
    """Points of a post."""
    power_kw: Annotated[float, Field(ge=2.0, le=FAST_FROM_KW)]
    """Power of a point."""
    price_eur_kwh: Annotated[Schedule, Steps(0.0, 2.0)]
    """Price of energy for the driver."""
    posts_per_year: Annotated[Schedule, Steps(0, 1000, whole=True)]
    """Most posts that each municipality orders in a year."""
    budget_eur_year: Budget
    """What each municipality spends on posts in a year."""
    install_lag_months: Lag
    """Months from the decision, at the end of the year, to the first charge."""
    capex_eur_per_point: Euro
    """Purchase, installation and connection of a point."""
    opex_share_year: Annotated[float, Field(ge=0.0, le=1.0)]
    """Yearly upkeep without energy as a share of the purchase."""

    def apply(self, draft: Draft) -> None:
        zones = draft.zones(self.places)
        draft.claim("points on request", self.name, zones)
        draft.request_rules.append(
            RequestRule(
                measure_id=self.name,
                zones=zones,
                walk_max_m=self.walk_max_m,
                asking_share=self.asking_share,
                cars_per_point=self.cars_per_point,
                post_points=self.points_per_post,
                power_kw=self.power_kw,
                price_eur_kwh=self.price_eur_kwh.at(draft.year),
                posts_year=int(self.posts_per_year.at(draft.year)),
                budget_eur_year=self.budget_eur_year.at(draft.year),
                ready_year=ready_year(draft.year, self.install_lag_months),
                capex_eur=self.capex_eur_per_point,
            )
        )
        pay_for_points(draft, self.name, self.paid_by, "slow", self.capex_eur_per_point, self.opex_share_year)


def ready_year(year: int, lag_months: int) -> int:
    """Return the first year in whose middle a point stands that was ordered at the end of a year."""
    first = year + 1
    while (12 * first + 6 - lag_months) // 12 < year + 1:
        first += 1
    return first


def pay_for_points(
    draft: Draft,
    measure_id: str,
    payer: str,
    speed: Literal["slow", "fast"],
    capex_eur: float,
    opex_share: float,
    share: float = 1.0,
) -> None:
    """Note who pays for the points that a rule orders, a ``share`` of the purchase, and for their upkeep."""
    bought = PaymentRule(
        measure_id, "chargers", payer, "supplier", "points_ordered", "points", capex_eur, factor=share, speed=speed
    )
    upkeep = replace(bought, item="upkeep", basis="points_standing", unit_eur=capex_eur * opex_share, factor=1.0)
    draft.rules.extend(rule for rule in (bought, upkeep) if rule.unit_eur * rule.factor > 0.0)
