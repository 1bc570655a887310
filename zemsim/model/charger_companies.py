"""What charger companies do once a year: points and stations where use and waits are high, fewer where nobody comes."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from zemsim.core.names import Powertrain
from zemsim.model.accounts import year_days

if TYPE_CHECKING:
    from zemsim.model.model import MobilityModel
    from zemsim.policy.rules import CompanyRule

_MIN_PER_HOUR = 60.0
_DAYS_PER_WEEK = 7.0


@dataclass(frozen=True)
class SiteUse:
    """A site of a company as it looks at the end of a year.

    Attributes
    ----------
    site_id : str
    zone_idx : int
    fast : bool
    points : int
        In service and on order.
    power_kw, site_kw : float
        Of a point, and of the connection, inf if none is stated.
    hours_day : float
        Hours a day that a point is in use.
    wait_min : float
        Mean wait of those who came, 0 if nobody did.
    idle_years : int
        Years in a row with too little use, this one included.
    known : bool
        Whether it was in service on the days simulated last; else use and wait are 0, and it is not idle.
    """

    site_id: str
    zone_idx: int
    fast: bool
    points: int
    power_kw: float
    site_kw: float
    hours_day: float
    wait_min: float
    idle_years: int = 0
    known: bool = True


@dataclass(frozen=True)
class SiteDecision:
    """What a company does at a site: ``add``, ``open`` (a station in its zone), ``take_away`` or ``refuse``.

    ``points`` is the change, ``cost_eur`` what the points cost, support of others included.
    """

    site: SiteUse
    action: str
    why: str
    points: int
    cost_eur: float


def plan_points(rule: CompanyRule, sites: Sequence[SiteUse]) -> list[SiteDecision]:
    """Return what a company does at its sites, the busiest first, ties to the lowest id.

    A busy site gets a point if the connection bears it; else a station is opened in its zone, unless one of the
    company's sites of that speed there is not busy. What the company's own share of the cost would bring beyond the
    budget of the year is refused. An idle site loses a point, never its last.
    """
    busy = [s for s in sites if s.hours_day >= rule.busy_hours_day and s.wait_min >= rule.busy_wait_min]
    spare = {(s.zone_idx, s.fast) for s in sites if s not in busy}
    left, made = rule.budget_eur_year, []
    for site in sorted(busy, key=lambda s: (-s.hours_day, s.site_id)):
        action, points = _growth(rule, site, spare)
        cost = points * rule.capex(site.fast)
        own = (1.0 - rule.support_share) * cost
        if action == "refuse":
            made.append(SiteDecision(site, "refuse", "no_grid", 0, 0.0))
        elif own > left:
            made.append(SiteDecision(site, "refuse", "no_budget", 0, 0.0))
        else:
            left -= own
            made.append(SiteDecision(site, action, "busy", points, cost))
            if action == "open":
                spare.add((site.zone_idx, site.fast))
    idle = [s for s in sites if s.idle_years >= rule.idle_years and s.points > 1]
    made += [SiteDecision(s, "take_away", "idle", -1, 0.0) for s in sorted(idle, key=lambda s: s.site_id)]
    return made


def _growth(rule: CompanyRule, site: SiteUse, spare: set[tuple[int, bool]]) -> tuple[str, int]:
    """How a busy site can grow: action and points."""
    bears_kw = site.site_kw if math.isfinite(site.site_kw) else rule.grid_kw
    if site.points < rule.most_points and (site.points + 1) * site.power_kw <= bears_kw:
        return "add", 1
    fits = 0 < rule.station_points <= rule.most_points and rule.station_points * site.power_kw <= rule.grid_kw
    if fits and (site.zone_idx, site.fast) not in spare:
        return "open", rule.station_points
    return "refuse", 0


@dataclass(frozen=True)
class Use:
    """Use of the sites on the days simulated last, by ``site_idx``.

    Attributes
    ----------
    year : int
        Of these days.
    hours_day : Series
        Hours a day that the points of a site are in use, all points together.
    wait_min : Series
        Mean wait of those who came.
    electric_cars : int
        Electric cars at the end of that year.
    """

    year: int
    hours_day: pd.Series
    wait_min: pd.Series
    electric_cars: int

    @classmethod
    def of(cls, model: MobilityModel, year: int) -> Use:
        """Read the use of a simulated year from the book."""
        sessions, weeks = model.book.of_year("sessions", year), model.book.of_year("stations", year)
        days = {int(season): sum(model.days_of(season).values()) for season in model.world.settings.seasons}
        public = sessions[sessions["site_idx"] >= 0]
        hours = public["charge_min"] / _MIN_PER_HOUR * public["season"].map(days) / _DAYS_PER_WEEK
        came = weeks["came"] * weeks["season"].map(days)
        waited = (weeks["wait_mean_min"].fillna(0.0) * came).groupby(weeks["site_idx"]).sum()
        cars = model.book.of_year("vehicles", year)["powertrain"].to_numpy()
        return cls(
            year,
            hours.groupby(public["site_idx"]).sum() / sum(year_days(model).values()),
            waited / came.groupby(weeks["site_idx"]).sum().clip(lower=1.0),
            int(np.count_nonzero(cars == Powertrain.BEV)),
        )


def last_simulated(model: MobilityModel) -> int | None:
    """The year of the days simulated last, None before any."""
    return max((year for year in model.world.settings.days_in if year <= model.year), default=None)
