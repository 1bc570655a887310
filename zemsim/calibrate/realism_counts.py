"""What the realism tests count: kilometres and trips of a simulated year, by purpose, income fifth and place."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np
import numpy.typing as npt

from zemsim.calibrate.realism_table import SALES, TRAVEL
from zemsim.core.names import TRIPS_PER_TOUR, Alternative, Powertrain, Purpose
from zemsim.evidence.places import QUINTILES
from zemsim.experiment.shared_tables import persons_table
from zemsim.model.accounts import year_days

if TYPE_CHECKING:
    from zemsim.model.model import MobilityModel
    from zemsim.model.world import World

AREAS: Final = ("countryside", "urban")


@dataclass(frozen=True)
class Groups:
    """In which cell each resident and household is counted.

    Axes of a count: [measure, purpose, income fifth, municipality, area].

    Attributes
    ----------
    municipalities : list of str
        Names, in the order of the region.
    of_resident : int64 [P]
        Cell of a resident within [fifth, municipality, area].
    of_household : int64 [H]
        Cell of the first resident of a household.
    """

    municipalities: list[str]
    of_resident: npt.NDArray[np.int64]
    of_household: npt.NDArray[np.int64]

    @classmethod
    def of(cls, world: World) -> Groups:
        """Return the cells of a world's residents; fifths are those of the residents of the world."""
        persons = persons_table(world.region, world.population)
        names = [str(name) for name in world.region.municipalities["municipality"]]
        if (persons["municipality_idx"] < 0).any():
            raise ValueError("a resident lives in no municipality")
        fifth = persons["quintile"].to_numpy(np.int64) - 1
        place = persons["municipality_idx"].to_numpy(np.int64)
        cell = (fifth * len(names) + place) * len(AREAS) + persons["urban"].to_numpy(np.int64)
        home = persons["household_idx"].to_numpy()
        first = np.searchsorted(home, np.arange(len(world.population.households)), "left")
        return cls(names, cell, cell[np.minimum(first, len(cell) - 1)])

    @property
    def shape(self) -> tuple[int, int, int]:
        """Income fifths, municipalities, areas."""
        return QUINTILES, len(self.municipalities), len(AREAS)

    @property
    def n_cells(self) -> int:
        """Cells of all groups."""
        return int(np.prod(self.shape))


class TravelCount:
    """Counts the last iteration of each season of a year; to be a model's observer.

    Attributes
    ----------
    total : float64 [measures of TRAVEL, purposes, fifths, municipalities, areas], per year.
    """

    def __init__(self, groups: Groups, year: int) -> None:
        self._groups, self._year = groups, year
        self._flat = np.zeros((len(TRAVEL), len(Purpose) * groups.n_cells))

    def __call__(self, model: MobilityModel) -> None:
        """Add the day that a model has just chosen, if it is the last of its season in the year."""
        if model.year != self._year or model.iteration != model.last_iteration:
            return
        plan = model.today
        chosen, c = plan.alternative, plan.columns
        trips = float(TRIPS_PER_TOUR * model.days_of(model.season)[plan.day_type])
        cell = plan.column("purpose").astype(np.int64) * self._groups.n_cells
        cell += self._groups.of_resident[plan.column("resident_idx")]
        driven, bus, train = (chosen == a for a in (Alternative.DRIVER, Alternative.BUS, Alternative.TRAIN))
        rows = {
            "car_km": (driven, c.road_km),
            "car_trips": (driven, None),
            "transit_trips": (bus | train, None),
            "bus_trips": (bus, None),
            "paid_parking": (driven & (c.parking_eur > 0.0), None),
        }
        for m, name in enumerate(TRAVEL):
            where, weight = rows[name]
            weights = None if weight is None else weight[where].astype(np.float64)
            self._flat[m] += trips * np.bincount(cell[where], weights, self._flat.shape[1])

    @property
    def total(self) -> npt.NDArray[np.float64]:
        return self._flat.reshape(len(TRAVEL), len(Purpose), *self._groups.shape)


def count_sales(model: MobilityModel, groups: Groups) -> npt.NDArray[np.float64]:
    """Electric cars bought in the model's year: float64 [measures of SALES, 1, fifths, municipalities, areas]."""
    bought = model.book.of_year("purchases", model.year)
    bev = (bought["kind"] == "car").to_numpy() & (bought["powertrain"] == Powertrain.BEV).to_numpy()
    new = bev & bought["new"].to_numpy().astype(np.bool_)
    cell = groups.of_household[bought["household_idx"].to_numpy()]
    counts = [np.bincount(cell[where], minlength=groups.n_cells) for where in (new, bev)]
    return np.asarray(counts, np.float64).reshape(len(SALES), 1, *groups.shape)


def bus_km(model: MobilityModel) -> float:
    """Kilometres of all buses of the timetable in force, per year."""
    table = model.supply.timetable.vehicle_km()
    days = {int(day_type): days for day_type, days in year_days(model).items()}
    buses = table[table["mode"] == "bus"]
    return float((buses["vehicle_km"] * buses["day_type"].map(days)).sum())


def of_purposes(count: npt.NDArray[np.float64], purposes: Sequence[Purpose]) -> npt.NDArray[np.float64]:
    """Sum a count [purpose, ...] over some purposes, all if none is named."""
    chosen = [int(purpose) for purpose in purposes] if purposes else slice(None)
    summed: npt.NDArray[np.float64] = count[chosen].sum(axis=0)
    return summed


def by_group(count: npt.NDArray[np.float64], groups: Groups) -> dict[tuple[str, str], float]:
    """Fold a count [fifth, municipality, area] by (kind of group, group)."""
    found = {("income", f"fifth-{fifth + 1}"): float(count[fifth].sum()) for fifth in range(QUINTILES)}
    found |= {("area", name): float(count[:, :, position].sum()) for position, name in enumerate(AREAS)}
    found |= {("place", name): float(count[:, position].sum()) for position, name in enumerate(groups.municipalities)}
    return found
