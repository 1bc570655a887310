"""Neighbourhoods: residents who live near each other, enough of them to be a sample of where one goes from there."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import numpy.typing as npt

from zemsim.core.names import DayType

if TYPE_CHECKING:
    from zemsim.model.day_plan import DayPlan

Ints = npt.NDArray[np.int64]

#: Members of a neighbourhood at least: enough that the mean of their weights is known to a small part of the spread of
#: one, few enough that they live within a few kilometres.
LEAST_MEMBERS: Final = 60
#: Shortest stay at a place, as in the plans of a day.
SHORTEST_STAY_MIN: Final = 5


@dataclass(frozen=True)
class Market:
    """Tours for one purpose, sorted by neighbourhood and way there. Axes: N members, G neighbourhoods.

    Attributes
    ----------
    day_type : int8 [N], day type of each tour.
    row : int32 [N], its row in the plan of the day type.
    group : int32 [N], its neighbourhood.
    edges : int32 [G + 1], members of each neighbourhood are neighbours in the order.
    zone : int32 [N], where each was planned to go; origin : int32 [N], where it lives.
    resident : int32 [N], who makes it; draw : int16 [N], number of the tour within its draws.
    room_min : float32 [N], longest drive there that fits between leaving home and leaving for home.
    """

    day_type: npt.NDArray[np.int8]
    row: npt.NDArray[np.int32]
    group: npt.NDArray[np.int32]
    edges: npt.NDArray[np.int32]
    zone: npt.NDArray[np.int32]
    origin: npt.NDArray[np.int32]
    resident: npt.NDArray[np.int32]
    draw: npt.NDArray[np.int16]
    room_min: npt.NDArray[np.float32]

    def take(self, of_day: Mapping[DayType, npt.NDArray[Any]]) -> npt.NDArray[Any]:
        """Values of the members, [..., N], from arrays [..., R] by day type."""
        return take(self.day_type, self.row, of_day)


def take(
    day_type: npt.NDArray[np.int8], row: npt.NDArray[np.integer], of_day: Mapping[DayType, npt.NDArray[Any]]
) -> npt.NDArray[Any]:
    """Values of tours given by day type and row, [..., N], from arrays [..., R] by day type."""
    some = of_day[DayType.WEEKDAY]
    out = np.empty((*some.shape[:-1], len(row)), some.dtype)
    tables = {each: values.reshape(-1, values.shape[-1]) for each, values in of_day.items()}
    for each, table in tables.items():
        of = day_type == each
        for line, values in zip(out.reshape(-1, len(row)), table, strict=True):
            if of.all():
                values.take(row, out=line)
            elif of.any():
                line[of] = values.take(row[of])
    return out


def market_of(plans: Mapping[DayType, DayPlan], rows: Mapping[DayType, Ints], order: Ints) -> Market:
    """The market of some tours by day type; ``order`` is that of the zones, see `near_order`."""
    day_type = np.repeat([int(d) for d in rows], [len(r) for r in rows.values()]).astype(np.int8)
    row = np.concatenate(list(rows.values())).astype(np.int32)

    def of(column: Callable[[DayPlan], npt.NDArray[Any]]) -> npt.NDArray[Any]:
        return take(day_type, row, {each: column(plan) for each, plan in plans.items()})

    home, km, agent = (of(each) for each in (_home, lambda plan: plan.columns.road_km, lambda plan: plan.resident_id))
    draw = of(lambda plan: plan.address).astype(np.int16)
    resident = of(lambda plan: plan.column("resident_idx"))
    members = np.bincount(home, minlength=len(order))
    group = neighbourhoods(order, members, LEAST_MEMBERS)[home]
    near = np.lexsort((draw, agent, km, group))
    edges = np.append(0, np.cumsum(np.bincount(group))).astype(np.int32)
    zone, room_min = of(lambda plan: plan.columns.dest)[near], of(_room_min)[near]
    day_type, row, group = day_type[near], row[near], group[near].astype(np.int32)
    return Market(day_type, row, group, edges, zone, home[near], resident[near], draw[near], room_min)


def _home(plan: DayPlan) -> npt.NDArray[np.int32]:
    home: npt.NDArray[np.int32] = plan.columns.origin
    return home


def _room_min(plan: DayPlan) -> npt.NDArray[np.float32]:
    away = plan.column("leave_min").astype(np.float32) - plan.column("depart_min") - SHORTEST_STAY_MIN
    room: npt.NDArray[np.float32] = away.astype(np.float32)
    return room


def near_order(x_m: npt.NDArray[np.float64], y_m: npt.NDArray[np.float64]) -> Ints:
    """Points in an order in which neighbours in the order live near each other: int64 [Z].

    The points are halved at the middle of their longer side, and so are the halves, down to single points; points in
    the same place keep their order.
    """
    done: list[Ints] = []
    waiting = [np.arange(len(x_m))]
    while waiting:
        part = waiting.pop()
        if len(part) <= 1:
            done.append(part)
            continue
        wide = np.ptp(x_m[part]) >= np.ptp(y_m[part])
        part = part[np.argsort((x_m if wide else y_m)[part], kind="stable")]
        waiting += [part[len(part) // 2 :], part[: len(part) // 2]]
    return np.concatenate(done) if done else np.empty(0, np.int64)


def neighbourhoods(order: Ints, members: Ints, least: int) -> Ints:
    """Neighbourhood of each zone, int64 [Z]: zones that follow each other in the order, until they have enough members.

    Parameters
    ----------
    order : int64 [Z], see `near_order`.
    members : int64 [Z], how many live in each zone.
    least : members of a neighbourhood at least, if there are as many at all.
    """
    found = np.zeros(len(order), np.int64)
    number = count = 0
    left = int(members.sum())
    for zone in order.tolist():
        if count >= least and left >= least:
            number, count = number + 1, 0
        found[zone] = number
        count += int(members[zone])
        left -= int(members[zone])
    return found
