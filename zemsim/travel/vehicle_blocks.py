"""Vehicle blocks: which departures of a network one bus drives one after the other, from the depot and back to it.

First fit: departures are taken in the order of their start. Each goes to the first bus (the lowest number) that ended a
departure nearby and not too long ago and has time for a pause and the empty way; if there is none, a bus leaves the
depot. A bus that would stand longer goes home, and its block ends. The depot is taken to lie at the stop where most
departures of the network begin or end. Real blocks are the operator's secret; these need as many buses as a careful
operator without interlining between networks.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from zemsim.core.names import DayType
from zemsim.core.units import S_PER_H
from zemsim.travel.timetable import Timetable


class BlockRules(NamedTuple):
    """Pause between departures, longest stand, and empty ways: their speed, length over the straight line, limit."""

    pause_s: float
    stand_s: float
    empty_km_h: float
    empty_detour: float
    empty_most_km: float


class Run(NamedTuple):
    """A departure of a block.

    Attributes
    ----------
    pattern, trip : where it stands in ``Timetable.times``.
    route : row of ``Timetable.routes``.
    first_stop, last_stop : rows of ``Timetable.stops``.
    start_s, end_s : seconds after midnight.
    km : length with passengers.
    to_km, home_km : empty ways before it (from the run before, or from the depot) and from its end to the depot.
    """

    pattern: int
    trip: int
    route: int
    first_stop: int
    last_stop: int
    start_s: int
    end_s: int
    km: float
    to_km: float
    home_km: float


@dataclass(frozen=True)
class Blocks:
    """The blocks of a network on a day type.

    Attributes
    ----------
    blocks : tuple of tuples of Run
        In the order in which they leave the depot.
    depot_stop : int
        Row of the stop at the depot, -1 without departures.
    depot_km : float64 [S]
        Empty way between the depot and each stop.
    empty_km_h : float
    """

    blocks: tuple[tuple[Run, ...], ...]
    depot_stop: int
    depot_km: NDArray[np.float64]
    empty_km_h: float

    def empty_s(self, km: float) -> float:
        """Seconds for an empty way."""
        return km / self.empty_km_h * S_PER_H

    def leave_s(self, run: Run, from_depot: bool = True) -> float:
        """When a bus must leave the depot (or the end of the run before) for a run."""
        return run.start_s - self.empty_s(float(self.depot_km[run.first_stop]) if from_depot else run.to_km)

    @property
    def buses(self) -> int:
        """Buses that are out at the same time, at most."""
        changes = [(self.leave_s(block[0]), 1) for block in self.blocks]
        changes += [(block[-1].end_s + self.empty_s(block[-1].home_km), -1) for block in self.blocks]
        out = np.cumsum([change for _, change in sorted(changes)])
        return int(out.max()) if len(out) else 0

    def busiest_termini(self) -> tuple[int, ...]:
        """Stops where runs begin or end, most first; ties to the lowest row."""
        ends: dict[int, int] = {}
        for block in self.blocks:
            for run in block:
                for stop in (run.first_stop, run.last_stop):
                    ends[stop] = ends.get(stop, 0) + 1
        return tuple(sorted(ends, key=lambda stop: (-ends[stop], stop)))


def blocks_of(timetable: Timetable, day_type: DayType, network_id: str, rules: BlockRules) -> Blocks:
    """Return the blocks of a network on a day type by first fit.

    Parameters
    ----------
    timetable : Timetable
    day_type : DayType
    network_id : str
        Of ``routes.network_id``; one operator runs it from one depot.
    rules : BlockRules
    """
    runs = sorted(_runs(timetable, day_type, network_id), key=lambda run: (run.start_s, run.pattern, run.trip))
    xy = timetable.stops[["x_m", "y_m"]].to_numpy(np.float64)
    depot = _depot(runs)
    if depot < 0:
        return Blocks((), -1, np.zeros(len(xy)), rules.empty_km_h)
    depot_km = np.hypot(*(xy - xy[depot]).T) / 1000.0 * rules.empty_detour
    blocks: list[list[Run]] = []
    for run in runs:
        chosen, to_km = _first_fit(blocks, run, xy, rules)
        if chosen is None:
            chosen, to_km = [], float(depot_km[run.first_stop])
            blocks.append(chosen)
        chosen.append(run._replace(to_km=to_km, home_km=float(depot_km[run.last_stop])))
    return Blocks(tuple(tuple(block) for block in blocks), depot, depot_km, rules.empty_km_h)


def _runs(timetable: Timetable, day_type: DayType, network_id: str) -> Iterable[Run]:
    network = timetable.routes["network_id"].to_numpy()[timetable.pattern_route]
    for k in np.flatnonzero(network == network_id).tolist():
        times, stops = timetable.times[int(day_type)][k], timetable.pattern_stops[k]
        km = float(timetable.pattern_dist_m[k][-1]) / 1000.0
        for t in range(times.depart_s.shape[1]):
            ends = int(times.depart_s[0, t]), int(times.arrive_s[-1, t])
            yield Run(k, t, int(timetable.pattern_route[k]), int(stops[0]), int(stops[-1]), *ends, km, 0.0, 0.0)


def _depot(runs: list[Run]) -> int:
    """Stop where most runs begin or end, the lowest row of equals."""
    if not runs:
        return -1
    ends = np.array([(run.first_stop, run.last_stop) for run in runs])
    stops, counts = np.unique(ends, return_counts=True)
    return int(stops[np.argmax(counts)])


def _first_fit(
    blocks: list[list[Run]], run: Run, xy: NDArray[np.float64], rules: BlockRules
) -> tuple[list[Run] | None, float]:
    """The first block that can take a run, and the empty way to it."""
    for block in blocks:
        last = block[-1]
        idle_s = run.start_s - last.end_s
        if idle_s < rules.pause_s or idle_s > rules.stand_s:
            continue
        km = float(np.hypot(*(xy[run.first_stop] - xy[last.last_stop]))) / 1000.0 * rules.empty_detour
        if km <= rules.empty_most_km and idle_s >= rules.pause_s + km / rules.empty_km_h * S_PER_H:
            return block, km
    return None, 0.0
