"""Residents in two other shapes, for `benchmarks/agents.py`: as columns alone, and as textbook Mesa objects."""

from __future__ import annotations

import dataclasses
import math
from dataclasses import dataclass

import mesa
import numpy as np
from numpy.typing import NDArray

from zemsim.kernels.blocks import run_blocks
from zemsim.kernels.tour_choice import ChoiceParameters, TourColumns, TravelWorld, choose_modes_rows
from zemsim.model.model import MobilityModel

_INF = math.inf
_NESTS = ((0, 3), (3, 5), (5, 7))


@dataclass(frozen=True)
class Bare:
    """Copies of all that the kernel reads and writes."""

    rows: NDArray[np.int32]
    tour_start: NDArray[np.int32]
    tour_end: NDArray[np.int32]
    columns: TourColumns
    world: TravelWorld
    parameters: ChoiceParameters
    alternative: NDArray[np.int8]

    @classmethod
    def of(cls, model: MobilityModel) -> Bare:
        """Copy the columns of the model's day."""
        plan, table = model.today, model.residents.table
        return cls(
            rows=model.residents.rows.copy(),
            tour_start=table.tour_start.copy(),
            tour_end=table.tour_end.copy(),
            columns=TourColumns(*(column.copy() for column in plan.columns)),
            world=TravelWorld(plan.world.crowding.copy(), float(plan.world.temperature_c)),
            parameters=plan.parameters,
            alternative=np.full(plan.n_tours, -1, np.int8),
        )

    def choose(self, threads: int) -> None:
        """One call of the kernel for everybody; by blocks where there are several threads."""
        args = (self.rows, self.tour_start, self.tour_end, self.columns, self.world, self.parameters, self.alternative)
        if threads == 1:
            choose_modes_rows(0, len(self.rows), *args)
        else:
            run_blocks(choose_modes_rows, len(self.rows), threads, *args)


@dataclass(slots=True)
class ObjectTour:
    """A tour of a resident that is an object. ``transit``: bus and train, or None where there is none."""

    segment: int
    road_min: float
    active_km: float
    cost_factor: float
    bike: bool
    ebike: int
    shared_eur: float
    vehicle: int
    drive_eur: float
    parking_eur: float
    passenger: bool
    fare_eur: list[float]
    transit: list[list[float] | None]
    cells: list[tuple[tuple[int, int], tuple[int, int]]]
    shock_nest: list[float]
    shock_alternative: list[float]
    choice: int = -1


class ObjectResident(mesa.Agent):  # type: ignore[misc]
    """A resident who keeps all that it knows in attributes and chooses in plain Python."""

    model: ObjectTown

    def __init__(self, model: ObjectTown, tours: list[ObjectTour]) -> None:
        super().__init__(model)
        self.tours = tours

    def choose_mode(self) -> None:
        """Choose the mode of each tour: the nested logit of `zemsim.kernels.tour_choice`, operation by operation."""
        for tour in self.tours:
            utility = self.utilities(tour)
            tour.choice = self.draw(tour, utility)

    def utilities(self, tour: ObjectTour) -> list[float]:
        """Utility of each alternative, minus infinity where it is not available."""
        p, constants = self.model.parameters, self.model.constants[tour.segment]
        km, gain, weather = tour.active_km, p.b_cost * tour.cost_factor, self.model.weather
        out = [-_INF] * 7
        if km <= p.walk_max_km:
            out[0] = constants[0] + 2.0 * p.b_walk * 60.0 * km / p.walk_km_h
        if tour.bike and km <= p.bike_max_km:
            out[1] = constants[1] + 2.0 * (p.b_bike * 60.0 * km / p.bike_km_h + weather)
        if tour.ebike and km <= p.ebike_max_km:
            one_way = p.k_ebike * p.b_bike * 60.0 * km / p.ebike_km_h + weather
            if tour.ebike == 2:
                one_way += gain * tour.shared_eur + p.b_acc * p.shared_access_min
            out[2] = constants[2] + 2.0 * one_way
        for k, transit in enumerate(tour.transit):
            if transit is not None:
                out[3 + k] = constants[3 + k] + 2.0 * self.ride(tour, transit, k)
        if tour.road_min < _INF:
            driving = 2.0 * p.b_car * tour.road_min
            if tour.vehicle >= 0:
                money = 2.0 * tour.drive_eur + p.k_park * tour.parking_eur
                out[5] = constants[5] + driving + gain * money
            if tour.passenger:
                out[6] = constants[6] + driving
        return out

    def ride(self, tour: ObjectTour, transit: list[float], k: int) -> float:
        """One-way utility of bus (k = 0) or train (k = 1) without the constant."""
        p, crowding = self.model.parameters, self.model.crowding
        minutes, transfer_wait, headway, walk, transfers = transit
        (out, period_out), (back, period_back) = tour.cells[k]
        crowded = crowding[out][period_out] if out >= 0 else 1.0
        crowded += crowding[back][period_back] if back >= 0 else 1.0
        money = p.b_cost * tour.cost_factor * tour.fare_eur[k]
        wait = min(0.5 * headway, p.wait_cap_min) + transfer_wait
        felt = p.b_pt * (minutes * (0.5 * crowded)) + p.b_wait * wait + p.b_head * headway
        return felt + p.b_acc * walk + p.b_tr * transfers + money

    def draw(self, tour: ObjectTour, utility: list[float]) -> int:
        """A nest by its inclusive value and luck, then an alternative inside it; -1 if there is none."""
        scales, chosen, highest = self.model.nest_scale, -1, -_INF
        for nest, (first, last) in enumerate(_NESTS):
            top = max(utility[first:last])
            if top == -_INF:
                continue
            scale, best = scales[nest], utility.index(top, first)
            total = 1.0
            for m in range(first, last):
                if m != best and utility[m] > -_INF:
                    total += math.exp((utility[m] - top) / scale)
            value = top + scale * math.log(total) + tour.shock_nest[nest]
            if value > highest:
                chosen, highest = nest, value
        if chosen < 0:
            return -1
        choice, highest, scale, luck = -1, -_INF, scales[chosen], tour.shock_alternative
        for m in range(*_NESTS[chosen]):
            value = utility[m] / scale + luck[m]
            if value > highest:
                choice, highest = m, value
        return choice


class ObjectTown(mesa.Model):  # type: ignore[misc]
    """A Mesa model of residents that are objects: those of some rows, with the tours of a bare day."""

    def __init__(self, bare: Bare, rows: NDArray[np.int32]) -> None:
        super().__init__(rng=1)
        p = bare.parameters
        self.parameters, self.constants, self.nest_scale = p, p.constants.tolist(), p.nest_scale.tolist()
        self.crowding = bare.world.crowding.tolist()
        self.weather = p.w_temp * min(bare.world.temperature_c - 20.0, 0.0)
        start, end = bare.tour_start[rows], bare.tour_end[rows]
        self.tour_idx = np.concatenate([np.arange(a, b) for a, b in zip(start, end, strict=True)])
        tours = iter(_object_tours(bare.columns, self.tour_idx))
        self.people = [ObjectResident(self, [next(tours) for _ in range(n)]) for n in (end - start).tolist()]

    def choose(self) -> None:
        """Everybody chooses, as Mesa does it."""
        self.agents.do("choose_mode")

    def choices(self) -> NDArray[np.int8]:
        """Choices in the order of ``tour_idx``."""
        return np.array([tour.choice for who in self.people for tour in who.tours], np.int8)


def _object_tours(columns: TourColumns, idx: NDArray[np.int64]) -> list[ObjectTour]:
    """Tours as objects, with every number as the kernel reads it."""
    c = TourColumns(*(column[idx].tolist() for column in columns))
    same = [field.name for field in dataclasses.fields(ObjectTour) if field.name not in ("transit", "cells", "choice")]
    return [
        ObjectTour(
            **{name: getattr(c, name)[r] for name in same},
            transit=[x if ok else None for x, ok in zip(c.transit[r], c.transit_ok[r], strict=True)],
            cells=[
                ((out, c.period_out[r]), (back, c.period_back[r]))
                for out, back in zip(c.pattern_out[r], c.pattern_back[r], strict=True)
            ],
        )
        for r in range(len(idx))
    ]
