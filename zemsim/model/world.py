"""What a model is built from: region, population, roads, timetables and tours; nothing here changes during a run."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
import numpy.typing as npt
import pandas as pd

from zemsim.behaviour.draws import Draws
from zemsim.behaviour.parameters import Parameters
from zemsim.core.names import Season
from zemsim.population import Population
from zemsim.population.change import PopulationChange
from zemsim.region import Region
from zemsim.travel import timetable_changes
from zemsim.travel.active_ways import ActiveWays
from zemsim.travel.road_network import RoadNetwork
from zemsim.travel.roads import RoadSkim
from zemsim.travel.timetable import Timetable
from zemsim.travel.transit import TransitSkim

if TYPE_CHECKING:
    from zemsim.policy.levers import Measure

#: Key of a timetable: `Conditions.timetable`; () is the timetable of the region.
TimetableKey = timetable_changes.TimetableKey


@dataclass(frozen=True)
class TransitSupply:
    """A timetable and its stop-to-stop skim."""

    timetable: Timetable
    skim: TransitSkim


@dataclass(frozen=True)
class RunSettings:
    """What an experiment asks of every run.

    Attributes
    ----------
    years : all years in order, first to last.
    days_in : years in which days are simulated.
    seasons : seasons simulated in those years.
    day_iterations : times that the days are repeated until travellers know times, crowding and queues.
    first_iterations : further times in the first simulated season, whose travellers begin with empty roads in mind.
    adapt : whether destinations answer to the ways there; else all tours go where they were planned.
    """

    years: tuple[int, ...]
    days_in: tuple[int, ...]
    seasons: tuple[Season, ...]
    day_iterations: int
    first_iterations: int
    adapt: bool = True


@dataclass(frozen=True)
class World:
    """Everything that the runs of an experiment share.

    Attributes
    ----------
    supplies : timetables by key; every key that a policy of the experiment asks for in some year is there.
    tours : tours of a typical day by seed.
    temperature_c : mean temperature by season.
    rain_mm_day : mean rain and melted snow of a day by season, mm.
    active : ways on foot and by bike of the region's network; None where it has none.
    change : when residents are there and what they are as years go by; None if they stay who they are. With it, all who
        ever live there are rows of the population, and tours have the years in which they are made.
    draws : sets of parameters that seeds take instead of those of `parameters`; None if all seeds have the same.
    """

    region: Region
    population: Population
    network: RoadNetwork
    road_skim: RoadSkim
    supplies: Mapping[TimetableKey, TransitSupply]
    tours: Mapping[int, pd.DataFrame]
    parameters: Parameters
    settings: RunSettings
    temperature_c: Mapping[Season, float]
    rain_mm_day: Mapping[Season, float]
    active: ActiveWays | None = None
    change: PopulationChange | None = None
    draws: Draws | None = None

    def of_seed(self, seed: int) -> World:
        """The world with the parameters that a seed draws, the same under every policy."""
        if self.draws is None:
            return self
        return replace(self, parameters=self.parameters.with_values(self.draws.of_seed(seed)), draws=None)

    @property
    def ever_drives(self) -> npt.NDArray[np.bool_]:
        """Who holds a licence in any year, bool [P]."""
        table, name = (
            (self.population.residents, "licence") if self.change is None else (self.change.residence, "drives")
        )
        drives: npt.NDArray[np.bool_] = table[name].to_numpy()
        return drives

    def walks(self, timetable: Timetable, origin: Any, dest: Any) -> dict[str, Any]:
        """What `transit_options` takes of the network for tours between these zones [R]; nothing without one."""
        if self.active is None:
            return {}
        stop_ids = self.supplies[()].timetable.stops["stop_id"].tolist()
        walks = self.active.stops.for_stops(stop_ids, self.region.zones, timetable)
        return {"walks": walks, "zones": (origin, dest)}


class PolicyLike(Protocol):
    """A policy of an experiment: its name and its measures."""

    @property
    def id(self) -> str: ...

    @property
    def measures(self) -> Sequence[Measure]: ...
