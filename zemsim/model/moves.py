"""Tours that go to other places than planned: found, sent there, and brought back."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from zemsim.core.names import DayType
from zemsim.core.units import KM_PER_M
from zemsim.model.neighbourhoods import Market
from zemsim.population.tours import least_active_km

if TYPE_CHECKING:
    from zemsim.model.model import MobilityModel

Ints = npt.NDArray[np.int64]


class Moves:
    """Tours that go elsewhere, as they are found: rows by day type, and the member of a market whose place it is."""

    def __init__(self) -> None:
        self.parts: dict[DayType, list[tuple[Ints, Market, Ints]]] = {day_type: [] for day_type in DayType}

    def add(
        self,
        day_type: npt.NDArray[np.integer[Any]],
        row: Ints,
        market: Market,
        place: npt.NDArray[np.integer[Any]],
    ) -> None:
        """Tours, by day type and row of its plan, take places of members of a market."""
        for each in DayType:
            of = day_type == each
            if of.any():
                self.parts[each].append((row[of], market, place[of].astype(np.int64)))


def go_back(model: MobilityModel) -> None:
    """Let all tours go where they were planned, and refuse no ride on demand any more."""
    model.tour_options.take_off()
    for plan in model.plans.values():
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
