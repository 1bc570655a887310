"""Residents in two other shapes, for `benchmarks/agents.py`: as columns alone, and as textbook Mesa objects."""

from __future__ import annotations

import dataclasses
import math
from dataclasses import dataclass

import mesa
import numpy as np
from numpy.typing import NDArray

from zemsim.kernels.blocks import run_blocks
from zemsim.kernels.choice_blocks import choose_modes_rows
from zemsim.kernels.tour_choice import NEVER, ChoiceParameters, TourColumns
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
    crowding: NDArray[np.float32]
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
            crowding=plan.crowding.copy(),
            parameters=plan.parameters,
            alternative=np.full(plan.n_tours, -1, np.int8),
        )

    def choose(self, threads: int) -> None:
        """One call of the kernel for everybody; by blocks where there are several threads."""
        args = (
            self.rows,
            self.tour_start,
            self.tour_end,
            self.columns,
            self.crowding,
            self.parameters,
            self.alternative,
        )
        if threads == 1:
            choose_modes_rows(0, len(self.rows), *args)
        else:
            run_blocks(choose_modes_rows, len(self.rows), threads, *args)


@dataclass(slots=True)
class ObjectTour:
    """A tour of a resident that is an object, with every number as the kernel reads it."""

    fixed: list[float]
    cost_factor: float
    vehicle: int
    drive_eur: float
    parking_eur: float
    ride_min: list[float]
    crowd_out: list[int]
    crowd_back: list[int]
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
        p, out = self.model.parameters, tour.fixed.copy()
        for k in (0, 1):
            factor = self.crowding(tour, k)
            if factor != 1.0:
                out[3 + k] += 2.0 * p.b_pt * (factor - 1.0) * tour.ride_min[k]
        if tour.vehicle >= 0:
            money = 2.0 * tour.drive_eur + p.k_park * tour.parking_eur
            out[5] += p.b_cost * tour.cost_factor * money
        else:
            out[5] = -_INF
        return out

    def crowding(self, tour: ObjectTour, k: int) -> float:
        """Mean crowding factor of bus (k = 0) or train (k = 1), out and back."""
        crowding = self.model.crowding
        return 0.5 * (crowding[tour.crowd_out[k]] + crowding[tour.crowd_back[k]])

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
        self.parameters, self.nest_scale = bare.parameters, bare.parameters.nest_scale.tolist()
        self.crowding = bare.crowding.tolist()
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
    """Tours as objects."""
    names = [field.name for field in dataclasses.fields(ObjectTour) if field.name not in ("ride_min", "choice")]
    columns = columns._replace(fixed=np.where(columns.fixed > NEVER, columns.fixed, -_INF))
    values = {name: getattr(columns, name)[..., idx].T.tolist() for name in names}
    ride_min = columns.transit[:, 0, idx].T.tolist()
    return [ObjectTour(ride_min=ride_min[r], **{name: values[name][r] for name in names}) for r in range(len(idx))]
