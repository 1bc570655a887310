"""Tours that go to other places than planned: found, sent there, and brought back."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from zemsim.core.names import DayType, Purpose
from zemsim.core.units import KM_PER_M
from zemsim.model.neighbourhoods import Market
from zemsim.model.passes import TourTickets
from zemsim.population.tours import least_active_km

if TYPE_CHECKING:
    from zemsim.model.day_plan import DayPlan
    from zemsim.model.model import MobilityModel

Ints = npt.NDArray[np.int64]


class Moves:
    """Tours that go elsewhere, as they are found: rows by day type, and the member of a market whose place it is."""

    def __init__(self) -> None:
        self.parts: dict[DayType, list[tuple[Ints, Market, Ints]]] = {day_type: [] for day_type in DayType}

    def add(
        self,
        day_type: npt.NDArray[np.integer[Any]],
        row: npt.NDArray[np.integer[Any]],
        market: Market,
        place: npt.NDArray[np.integer[Any]],
    ) -> None:
        """Tours, by day type and row of its plan, take places of members of a market."""
        for each in DayType:
            of = day_type == each
            if of.any():
                self.parts[each].append((row[of].astype(np.int64), market, place[of].astype(np.int64)))


def go_back(model: MobilityModel) -> None:
    """Let all tours go where they were planned, refuse no ride on demand any more, and forget all passes."""
    model.tour_options.take_off()
    for plan in model.plans.values():
        plan.set_tickets(TourTickets.single(plan.n_tours))
        rows = plan.moved
        if len(rows):
            none = np.empty(0, np.float32)
            plan.go_to(np.empty(0, np.int64), none.astype(np.int32), np.empty((0, 2)), none, none)
        if model.timetable_key is None:
            continue  # nothing is offered yet
        refused = np.flatnonzero(plan.offer.refused.any(axis=0))
        again = np.union1d(rows, refused)
        if len(again):
            plan.write_offer_again(again)


def send(model: MobilityModel, moves: Moves) -> None:
    """Let the tours go where the moves say, and take the buses that are there."""
    plans = model.plans
    zones = {day_type: plan.column("dest_zone_idx") for day_type, plan in plans.items()}
    points = {day_type: plan.tours[["dest_x_m", "dest_y_m"]].to_numpy().T for day_type, plan in plans.items()}
    for day_type, parts in moves.parts.items():
        if parts:
            rows = np.concatenate([row for row, _, _ in parts])
            dest = np.concatenate([market.take(zones)[place] for _, market, place in parts])
            xy = np.concatenate([market.take(points)[:, place] for _, market, place in parts], axis=1).T
            order = np.argsort(rows)
            _send(model, day_type, rows[order], dest[order].astype(np.int32), np.ascontiguousarray(xy[order]))
    if any(len(plan.moved) for plan in plans.values()):
        model.tour_options.lay_over(model.timetable_key)
        for plan in plans.values():
            plan.write_offer_again(plan.moved)


def bring_back_stuck(model: MobilityModel) -> int:
    """Let tours go where they were planned that nobody could make elsewhere, of a worker all; return how many.

    Neighbours have buses at other times, and stops nearer by or farther away.
    """
    residents, stuck = model.residents.table, {d: plan.moved[~_has_way(model, plan)] for d, plan in model.plans.items()}
    for day_type, rows in stuck.items():
        plan = model.plans[day_type]
        work = rows[plan.column("purpose")[rows] == Purpose.WORK]
        who = plan.column("resident_idx")[work]
        residents.works_like_idx[who], residents.work_zone_idx[who] = -1, plan.column("dest_zone_idx")[work]
    total = 0
    for day_type, plan in model.plans.items():
        work = plan.column("purpose")[plan.moved] == Purpose.WORK
        stays = work & (residents.works_like_idx[plan.column("resident_idx")[plan.moved]] < 0)
        stays |= np.isin(plan.moved, stuck[day_type])
        back, kept = plan.moved[stays], plan.moved[~stays]
        if len(back):
            c, xy = plan.columns, plan.moved_xy[~stays]
            model.tour_options.give_back(day_type, back)
            plan.go_to(kept, c.dest[kept], xy, c.road_km[kept], plan.active_km[kept])
            plan.write_offer_again(back)
        total += len(back)
    return total


def _has_way(model: MobilityModel, plan: DayPlan) -> npt.NDArray[np.bool_]:
    """Whether there is any way to make each of the tours that go elsewhere."""
    rows, c, p = plan.moved, plan.columns, model.parameters
    vehicles, people = model.vehicles, model.residents.table
    cars = np.bincount(vehicles.household_idx[vehicles.owned], minlength=len(model.households)) > 0
    who, km = plan.column("resident_idx")[rows], plan.active_km[rows]
    drives = people.licence[who] & cars[people.household_idx[who]]
    by_car = (drives | c.passenger[rows]) & np.isfinite(c.road_km[rows])
    on_foot = (km <= p["walk_max_km"]) | (c.bike[rows] & (km <= p["bike_max_km"]))
    way: npt.NDArray[np.bool_] = by_car | on_foot | c.transit_ok[:, rows].any(axis=0)
    return way


def _send(
    model: MobilityModel,
    day_type: DayType,
    rows: Ints,
    dest: npt.NDArray[np.int32],
    xy: npt.NDArray[np.float64],
) -> None:
    world, plan = model.world, model.plans[day_type]
    homes = world.population.households[["x_m", "y_m"]].to_numpy()[plan.household_of[rows]]
    origin = plan.columns.origin[rows]
    ratio = world.region.assumption("population.detour_ratio")
    detour = ratio if world.active is None else world.active.detour[origin, dest]
    straight_km = np.hypot(xy[:, 0] - homes[:, 0], xy[:, 1] - homes[:, 1]) * KM_PER_M
    active_km = np.maximum(straight_km * detour, least_active_km(world.region)).astype(np.float32)
    plan.go_to(rows, dest, xy, world.road_skim.distance_km[origin, dest], active_km)
