"""The works on public charging: points that companies and municipalities have ordered, and when they are in service.

A point is ordered at the end of a year and stands from its ready year on. Every decision, refusals too, is a row of
the table ``reactions``.
"""

from __future__ import annotations

import math
from collections import Counter
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from zemsim.model.charger_companies import SiteUse, Use, last_simulated, plan_points
from zemsim.model.doorsteps import Doorsteps
from zemsim.model.point_requests import answer_requests, asks, entitled, homes_m, take_turns
from zemsim.policy.payments import POINT_COLUMNS
from zemsim.policy.rules import ExtraSite

if TYPE_CHECKING:
    from zemsim.model.charger_companies import SiteDecision
    from zemsim.model.model import MobilityModel
    from zemsim.policy.rules import CompanyRule, RequestRule

Floats = npt.NDArray[np.float64]
NOBODY = -1


@dataclass(frozen=True)
class Order:
    """Points that were ordered for a site, or taken away (negative); ``opens`` if the site comes with them."""

    year: int
    ready_year: int
    measure_id: str
    site_id: str
    speed: str
    points: int
    opens: bool = False


@dataclass(frozen=True)
class BuiltSite:
    """A site that an order made: its place and tariff, its company (`NOBODY`: a municipality's), its first year."""

    site: ExtraSite
    company: int
    ready_year: int

    @property
    def on_request(self) -> bool:
        """Whether it is a post that somebody asked for: it belongs to no company."""
        return self.company == NOBODY


@dataclass
class ChargerWorks:
    """What was ordered and built in a run so far.

    Attributes
    ----------
    built : sites by their rules in the order of building, those not in service yet included.
    orders : of the run.
    idle_years : years in a row with too little use, by site.
    asked_since : year of the first request without a point, by household id.
    rows : table ``reactions``.
    """

    built: list[BuiltSite] = field(default_factory=list)
    orders: list[Order] = field(default_factory=list)
    idle_years: dict[str, int] = field(default_factory=dict)
    asked_since: dict[int, int] = field(default_factory=dict)
    rows: list[dict[str, Any]] = field(default_factory=list)
    _year: int | None = None
    _use: Use | None = None
    _doorsteps: Doorsteps | None = None

    # --- a year begins --------------------------------------------------------------------------------------------

    def put_into_service(self, model: MobilityModel) -> None:
        """Sites and points that are ready in the model's year appear; call it once a year, before sites are opened."""
        self._doorsteps = None
        if self._year == model.year:
            return
        self._year = model.year
        there = set(model.sites.site_id)
        ready = [b for b in self.built if b.ready_year <= model.year and b.site.site_id not in there]
        if ready:
            model.add_sites([b.site for b in ready], [b.company for b in ready])
        stations, row_of = model.stations.table, self._rows_of(model)
        for order in self.orders:
            row = row_of.get(order.site_id)
            if order.points > 0 and not order.opens and order.ready_year == model.year and row is not None:
                stations.points[row] += order.points

    def in_service(self, model: MobilityModel) -> dict[str, ExtraSite]:
        """Built sites that are open in the model's year, at its tariff; posts as long as their rule holds."""
        rules = {rule.measure_id: rule for rule in model.conditions.request_rules}
        found = {}
        for built in self.built:
            site, rule = built.site, rules.get(built.site.measure_id)
            if built.ready_year > model.year or (built.on_request and rule is None):
                continue
            found[site.site_id] = site if rule is None else replace(site, price_eur_kwh=rule.price_eur_kwh)
        return found

    def doorsteps(self, model: MobilityModel) -> Doorsteps:
        """What homes with an electric car see of posts near them in the model's year."""
        if self._doorsteps is None:
            self._doorsteps = Doorsteps.of(model, self._posts(model))
        return self._doorsteps

    def free_turn_near(self, model: MobilityModel) -> npt.NDArray[np.bool_]:
        """Flats without a plug from which a post in service with a free turn is within the walk, bool [H]."""
        near = np.zeros(len(model.households), np.bool_)
        posts = self._posts(model)
        for rule in model.conditions.request_rules if len(posts) else ():
            at, turns, rows = self._turns(model, rule, ordered=False)
            take_turns(homes_m(model)[entitled(model, [rule])], at, turns, rule.walk_max_m)
            free = at[(turns >= 1.0) & np.isin(rows, posts)]
            near |= Doorsteps.within(model, free, rule.walk_max_m) & rule.zones[model.households.table.zone_idx]
        return near

    def points_for_all(self, model: MobilityModel) -> npt.NDArray[np.int32]:
        """Points of each site as whoever thinks of a car counts those around, int32 [V]: without posts on request.

        What a post is worth to its neighbours is the free turn near home; as points in yards, it would count twice.
        """
        points: npt.NDArray[np.int32] = model.stations.table.points
        posts = self._posts(model)
        if len(posts):
            points = points.copy()
            points[posts] = 0
        return points

    def _posts(self, model: MobilityModel) -> npt.NDArray[np.int64]:
        """Rows of the posts on request that are open."""
        posts = {b.site.site_id for b in self.built if b.on_request}
        rows = [row for row, name in enumerate(model.sites.site_id) if name in posts and model.stations.table.open[row]]
        return np.array(rows, np.int64)

    # --- a year ends ----------------------------------------------------------------------------------------------

    def company_plans(self, model: MobilityModel, company: int) -> None:
        """A company looks at its sites and decides."""
        year = last_simulated(model)
        if year is None or not model.conditions.company_rules:
            return
        if self._use is None or self._use.year != year:
            self._use = Use.of(model, year)
        for rule in model.conditions.company_rules:
            sites = [self._with_idle_years(rule, s) for s in self._sites_of(model, company, rule, self._use)]
            for decision in plan_points(rule, sites):
                self._decide(model, company, rule, decision)

    def _sites_of(self, model: MobilityModel, company: int, rule: CompanyRule, use: Use) -> list[SiteUse]:
        """The company's open sites in the places of a rule, and its stations on order.

        Sites that were not in service on the days simulated last have no use yet: neither busy nor idle.
        """
        table, electric = model.stations.table, int(np.count_nonzero(model.vehicles.electric))
        growth = electric / use.electric_cars if use.electric_cars else 1.0
        planned = self._ordered_points(model.year)
        found = []
        for row in np.flatnonzero(table.open & (table.company_idx == company) & rule.zones[table.zone_idx]):
            points = int(table.points[row]) + planned[model.sites.site_id[row]]
            hours = float(use.hours_day.get(row, 0.0)) * growth / points
            kw, site_kw = float(table.power_kw[row]), float(table.site_kw[row])
            where = (model.sites.site_id[row], int(table.zone_idx[row]), bool(table.fast[row]))
            known = row in use.wait_min.index
            wait_min = float(use.wait_min[row]) if known else 0.0
            found.append(SiteUse(*where, points, kw, site_kw, hours, wait_min, known=known))
        for built in self.built:
            s = built.site
            if built.company == company and built.ready_year > model.year and rule.zones[s.zone_idx]:
                where = (s.site_id, s.zone_idx, s.kind == "fast")
                found.append(SiteUse(*where, s.points, s.power_kw, s.site_kw, 0.0, 0.0, known=False))
        return found

    def _with_idle_years(self, rule: CompanyRule, site: SiteUse) -> SiteUse:
        """Count years with too little use."""
        is_idle = site.known and site.hours_day < rule.idle_hours_day
        idle = self.idle_years.get(site.site_id, 0) + 1 if is_idle else 0
        self.idle_years[site.site_id] = idle
        return replace(site, idle_years=idle)

    def _decide(self, model: MobilityModel, company: int, rule: CompanyRule, decision: SiteDecision) -> None:
        site, name, ready = decision.site, decision.site.site_id, rule.ready_year
        model.companies.table.spent_eur[company] += decision.cost_eur
        if decision.action == "open":
            name = self._open_beside(model, company, rule, decision)
        elif decision.action == "add":
            self._order(model, rule.measure_id, name, site.fast, decision.points, ready)
        elif decision.action == "take_away":
            row, ready = self._rows_of(model)[name], model.year + 1
            model.stations.table.points[row] -= 1
            self.idle_years[name] = 0
            self._order(model, rule.measure_id, name, site.fast, -1, ready)
        self._note(
            model,
            actor="company",
            actor_name=model.company_names[company],
            measure_id=rule.measure_id,
            action=decision.action,
            why=decision.why,
            site_id=name,
            zone_idx=site.zone_idx,
            points=decision.points,
            ready_year=ready if decision.points else NOBODY,
            use_h_day=site.hours_day,
            wait_min=site.wait_min,
            cost_eur=decision.cost_eur,
        )

    def _open_beside(self, model: MobilityModel, company: int, rule: CompanyRule, decision: SiteDecision) -> str:
        """Order a station like the busy site in its zone, at the tariff that the site has now."""
        busy, row = decision.site, self._rows_of(model)[decision.site.site_id]
        t = model.tariffs
        number = 1 + sum(b.site.measure_id == rule.measure_id and b.company == company for b in self.built)
        name = f"{rule.measure_id}/{model.company_names[company]}/{number}"
        site = ExtraSite(
            name,
            busy.zone_idx,
            decision.points,
            busy.power_kw,
            float(t.eur_kwh[row]),
            "fast" if busy.fast else "slow",
            rule.measure_id,
            site_kw=rule.grid_kw,
            eur_min=float(t.eur_min[row]),
            eur_session=float(t.eur_session[row]),
            resident_share=float(t.resident_share[row]),
            hour_factor=tuple(t.hour_factor[row].tolist()),
        )
        self._build(model, site, company, rule.ready_year)
        return name

    def meet_requests(self, model: MobilityModel, place: int) -> None:
        """A municipality answers its flat-dwellers who ask for a point near home."""
        for rule in model.conditions.request_rules:
            households = model.households.table
            at, turns, _ = self._turns(model, rule, ordered=True)
            rows = entitled(model, [rule])
            rows = rows[households.municipality_idx[rows] == place]
            rows = rows[(take_turns(homes_m(model)[rows], at, turns, rule.walk_max_m) < 0)]
            rows = rows[asks(model, rule, rows)]
            ids = households.household_id[rows].tolist()
            for one in ids:
                self.asked_since.setdefault(one, model.year)
            rows = rows[np.lexsort((ids, [self.asked_since[one] for one in ids]))] if ids else rows
            self._answer(model, rule, place, rows)

    def _answer(self, model: MobilityModel, rule: RequestRule, place: int, rows: npt.NDArray[np.int64]) -> None:
        answer = answer_requests(rule, homes_m(model)[rows])
        cost = rule.post_points * rule.capex_eur
        who = {"actor": "municipality", "actor_name": model.municipality_names[place], "measure_id": rule.measure_id}
        for post in answer.posts:
            zone = int(model.households.table.zone_idx[rows[post.first]])
            name, action = self._post_at(model, rule, place, zone, post.corner_m)
            self._note(
                model,
                **who,
                action=action,
                why="asked",
                site_id=name,
                zone_idx=zone,
                x_m=post.corner_m[0],
                y_m=post.corner_m[1],
                points=rule.post_points,
                ready_year=rule.ready_year,
                requests=post.requests,
                distance_m=post.distance_m,
                cost_eur=cost,
            )
        for why, count in answer.refused.items():
            self._note(model, **who, action="refuse", why=why, requests=count)

    def _post_at(
        self, model: MobilityModel, rule: RequestRule, place: int, zone: int, corner_m: tuple[float, float]
    ) -> tuple[str, str]:
        """Order a post at a corner: one more at a site that is there, or a new site."""
        for built in self.built:
            if built.on_request and built.site.at_m == corner_m and built.site.measure_id == rule.measure_id:
                self._order(model, rule.measure_id, built.site.site_id, False, rule.post_points, rule.ready_year)
                return built.site.site_id, "add"
        number = 1 + sum(b.on_request and b.site.measure_id == rule.measure_id for b in self.built)
        name = f"{rule.measure_id}/{model.municipality_names[place]}/{number}"
        kw, points = rule.power_kw, rule.post_points
        site = ExtraSite(name, zone, points, kw, rule.price_eur_kwh, "slow", rule.measure_id, at_m=corner_m)
        self._build(model, site, NOBODY, rule.ready_year)
        return name, "open"

    def _turns(
        self, model: MobilityModel, rule: RequestRule, ordered: bool
    ) -> tuple[Floats, Floats, npt.NDArray[np.int64]]:
        """Public slow places: where they stand [m, 2], turns [m], rows [m]; those on order too if asked (row -1)."""
        table = model.stations.table
        rows = np.flatnonzero(table.open & ~table.fast)
        at, points = [model.sites.at_m[rows]], table.points[rows].astype(np.float64)
        if ordered:
            planned = self._ordered_points(model.year)
            points += [planned[model.sites.site_id[row]] for row in rows]
            coming = [b.site for b in self.built if b.ready_year > model.year and b.site.at_m is not None]
            at.append(np.array([site.at_m for site in coming], np.float64).reshape(-1, 2))
            points = np.append(points, [site.points + planned[site.site_id] for site in coming])
            rows = np.append(rows, np.full(len(coming), NOBODY))
        return np.concatenate(at), points * rule.cars_per_point, rows.astype(np.int64)

    # --- books ----------------------------------------------------------------------------------------------------

    def _build(self, model: MobilityModel, site: ExtraSite, company: int, ready_year: int) -> None:
        self.built.append(BuiltSite(site, company, ready_year))
        at = (site.measure_id, site.site_id, site.kind, site.points)
        self.orders.append(Order(model.year, ready_year, *at, opens=True))

    def _order(
        self, model: MobilityModel, measure_id: str, site_id: str, fast: bool, points: int, ready_year: int
    ) -> None:
        speed = "fast" if fast else "slow"
        self.orders.append(Order(model.year, ready_year, measure_id, site_id, speed, points))

    def _ordered_points(self, year: int) -> Counter[str]:
        """Points on order by site, those of sites that do not stand yet left out."""
        planned: Counter[str] = Counter()
        for order in self.orders:
            if order.points > 0 and order.ready_year > year and not order.opens:
                planned[order.site_id] += order.points
        return planned

    def _rows_of(self, model: MobilityModel) -> dict[str, int]:
        return {name: row for row, name in enumerate(model.sites.site_id)}

    def _note(self, model: MobilityModel, **known: Any) -> None:
        self.rows.append({"year": model.year, **_BLANK, **known})

    def points_of_year(self, year: int) -> pd.DataFrame:
        """Points by measure and speed as the ledger reads them: ordered in the year, and in service in it.

        A point that is taken away was of the rule only if the rule had brought one to the site before.
        """
        ordered: Counter[tuple[str, str]] = Counter()
        standing: Counter[tuple[str, str, str]] = Counter()
        for order in self.orders:
            key = (order.measure_id, order.speed)
            if order.points > 0 and order.year == year:
                ordered[key] += order.points
            if order.ready_year <= year:
                at = (*key, order.site_id)
                standing[at] = max(0, standing[at] + order.points)
        stands: Counter[tuple[str, str]] = Counter()
        for (measure_id, speed, _), points in standing.items():
            stands[measure_id, speed] += points
        keys = sorted(set(ordered) | set(stands))
        return pd.DataFrame([(*key, ordered[key], stands[key]) for key in keys], columns=list(POINT_COLUMNS))

    def of_year(self, year: int) -> pd.DataFrame:
        """The rows of the table ``reactions`` of a year."""
        return pd.DataFrame([row for row in self.rows if row["year"] == year], columns=["year", *_BLANK])


_BLANK: dict[str, Any] = {
    "actor": "",
    "actor_name": "",
    "measure_id": "",
    "action": "",
    "why": "",
    "site_id": "",
    "zone_idx": NOBODY,
    "x_m": math.nan,
    "y_m": math.nan,
    "points": 0,
    "ready_year": NOBODY,
    "requests": 0,
    "distance_m": math.nan,
    "use_h_day": math.nan,
    "wait_min": math.nan,
    "cost_eur": 0.0,
}
