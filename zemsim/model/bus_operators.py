"""What transport operators do once a year: close their books and, by a rule, add departures within a budget."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from zemsim.model.accounts import year_days
from zemsim.travel.timetable_changes import Change, Departures

if TYPE_CHECKING:
    from zemsim.model.model import MobilityModel
    from zemsim.policy.rules import OperatorRule


@dataclass(frozen=True)
class RouteUse:
    """A route in a simulated year.

    Attributes
    ----------
    route_id : str
    km_year : float
        Vehicle kilometres as driven.
    boardings_year : float
    load_share : float
        Passengers over places of its fullest departure.
    factor : float
        Departures of the year over those of the timetable without the operator's rule.
    """

    route_id: str
    km_year: float
    boardings_year: float
    load_share: float
    factor: float


def plan_departures(rule: OperatorRule, routes: Sequence[RouteUse]) -> dict[str, float]:
    """Return the factors of the next year on the departures of an operator's routes, by route.

    First, while the kilometres beyond the timetable cost more than the budget, a step is taken from the routes with
    the fewest boardings per kilometre. Then routes whose fullest departure is at least as full as the rule says get a
    step, the fullest first, as long as the budget pays for it. No route changes by more than a step a year, nor beyond
    ``most_factor`` or one over it. Ties go to the lowest id.

    Parameters
    ----------
    rule : OperatorRule
    routes : sequence of RouteUse
        Those that run.
    """
    factors = {route.route_id: route.factor for route in routes}
    step_eur = {r.route_id: r.km_year / r.factor * rule.step_share * rule.cost_eur_km for r in routes}
    spent = sum((r.factor - 1.0) / rule.step_share * step_eur[r.route_id] for r in routes)
    least = 1.0 / rule.most_factor
    for route in sorted(routes, key=_use_per_km):
        if spent <= rule.budget_eur_year:
            break
        if route.factor - rule.step_share >= least:
            factors[route.route_id] = route.factor - rule.step_share
            spent -= step_eur[route.route_id]
    for route in sorted(routes, key=lambda r: (-r.load_share, r.route_id)):
        name = route.route_id
        full = route.load_share >= rule.full_share and factors[name] == route.factor
        paid = spent + step_eur[name] <= rule.budget_eur_year
        if full and paid and route.factor + rule.step_share <= rule.most_factor:
            factors[name] = route.factor + rule.step_share
            spent += step_eur[name]
    return factors


def _use_per_km(route: RouteUse) -> tuple[float, str]:
    return route.boardings_year / route.km_year, route.route_id


def changes_of(factors: Mapping[str, float]) -> list[Change]:
    """Return what factors on departures do to a timetable."""
    return [Departures(name, factor) for name, factor in sorted(factors.items()) if factor != 1.0]


def routes_in_use(model: MobilityModel, network_id: str) -> list[RouteUse]:
    """The routes of a network that ran in the simulated year, and how they were used."""
    rows = model.book.of_year("transit", model.year)
    rows = rows[(rows["network_id"] == network_id) & (rows["vehicle_km_day"] > 0)]
    days = rows["day_type"].map(year_days(model))
    sums = rows.assign(km=rows["vehicle_km_day"] * days, boardings=rows["boardings_day"] * days)
    routes = sums.groupby("route_id").agg({"km": "sum", "boardings": "sum", "max_load_share": "max"})
    return [
        RouteUse(str(name), float(km), float(boardings), float(load), model.departure_factors.get(str(name), 1.0))
        for name, km, boardings, load in routes.itertuples()
    ]


def close_books(model: MobilityModel) -> None:
    """Operators close their books of the simulated year: kilometres, boardings, fares, cost."""
    routes = model.book.of_year("transit", model.year)
    weight = routes["day_type"].map(year_days(model)).to_numpy(np.float64)
    p, flows = model.parameters, model.flows
    cost = p["c_bus_die"] + routes["electric_share"].to_numpy() * (p["c_bus_ele"] - p["c_bus_die"])
    boardings = routes["boardings_day"].to_numpy() * weight
    km = routes["vehicle_km_day"].to_numpy() * weight
    for operator, name in zip(model.operators, model.network_names, strict=True):
        own = (routes["network_id"] == name).to_numpy()
        same_mode = (routes["mode"] == routes["mode"][own].iloc[0]).to_numpy()
        all_boardings = boardings[same_mode].sum()
        fares = flows.paid_eur[1 if name == "train" else 0] if flows is not None else 0.0
        share = boardings[own].sum() / all_boardings if all_boardings else 0.0
        # No figure is known for what a train kilometre costs: blank, not the figure of a bus.
        spent = float("nan") if name == "train" else float((km * cost)[own].sum())
        operator.account(float(km[own].sum()), float(boardings[own].sum()), float(fares * share), spent)
