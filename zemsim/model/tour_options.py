"""Bus and train for every tour of a seed, by timetable; kept for the next policy. Axes: R tours of a day type.

The options are those of the places that tours were planned to. Tours that go elsewhere get theirs laid over for as long
as they do; what was there before is kept, for these tours only.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from zemsim.core.names import DayType
from zemsim.model.transit_day import trips_of, with_events
from zemsim.model.transit_offer import ALL_ROWS, Options, Rows
from zemsim.travel.timetable_changes import keys_needed
from zemsim.travel.transit_options import PathWeights, transit_options

if TYPE_CHECKING:
    from zemsim.model.day_plan import DayPlan
    from zemsim.model.world import TimetableKey, TransitSupply, World

Arrays = Mapping[str, Mapping[str, npt.NDArray[Any]]]


class TourOptions:
    """Options by timetable and day type.

    Parameters
    ----------
    world : homes.
    supply_of : timetable and skim of a key.
    plans : the tours.
    threads : threads of the search for stops.
    """

    def __init__(
        self,
        world: World,
        supply_of: Callable[[TimetableKey], TransitSupply],
        plans: Mapping[DayType, DayPlan],
        threads: int,
    ) -> None:
        self._world, self._supply_of, self._plans, self._threads = world, supply_of, plans, threads
        self._planned: dict[TimetableKey, dict[DayType, Arrays]] = {}
        self._under: list[tuple[DayType, Arrays, npt.NDArray[np.int64], Arrays]] = []

    def of(self, key: TimetableKey) -> list[dict[DayType, Options]]:
        """The options under a timetable, and for those whom its services on demand refuse."""
        found = []
        for each in keys_needed(key):
            main, arrays = self._supply_of(each).skim.main_pattern, self._at_planned(each)
            found.append({day_type: Options(arrays[day_type], main) for day_type in DayType})
        return found

    def lay_over(self, key: TimetableKey) -> None:
        """Give the tours that go elsewhere their own options under a timetable, and all others back what they had."""
        self.take_off()
        for each in keys_needed(key):
            moved = self._search(each, {day_type: plan.moved for day_type, plan in self._plans.items()})
            for day_type, plan in self._plans.items():
                arrays = self._at_planned(each)[day_type]
                self._under.append((day_type, arrays, plan.moved, _rows_of(arrays, plan.moved)))
                _put(arrays, plan.moved, moved[day_type])

    def take_off(self) -> None:
        """Give back the options of the places that tours were planned to."""
        for _, arrays, rows, planned in self._under:
            _put(arrays, rows, planned)
        self._under = []

    def give_back(self, day_type: DayType, rows: npt.NDArray[np.int64]) -> None:
        """Give back those of some tours only, which no longer go elsewhere."""
        for each, arrays, laid, planned in self._under:
            if each == day_type:
                _put(arrays, rows, _rows_of(planned, np.searchsorted(laid, rows)))

    def _at_planned(self, key: TimetableKey) -> dict[DayType, Arrays]:
        if key not in self._planned:
            self._planned[key] = {
                day_type: self._search(key, {day_type: ALL_ROWS}, planned=True)[day_type] for day_type in DayType
            }
        return self._planned[key]

    def _search(self, key: TimetableKey, rows: Mapping[DayType, Rows], planned: bool = False) -> dict[DayType, Arrays]:
        """Options of some tours of both day types in one search, to where they were planned or to where they go."""
        supply, homes = self._supply_of(key), self._world.population.households[["x_m", "y_m"]].to_numpy()
        parts: dict[str, list[npt.NDArray[Any]]] = {name: [] for name in ("home", "to", "out", "back", "at", "o", "d")}
        for day_type, at in rows.items():
            plan = self._plans[day_type]
            dest = plan.column("dest_zone_idx")[at] if planned else plan.columns.dest[at]
            to = plan.tours[["dest_x_m", "dest_y_m"]].to_numpy()[at] if planned else plan.moved_xy
            c = plan.columns
            leave = plan.column("leave_min")[at]
            columns = (homes[plan.household_of[at]], to, c.period_out[at], c.period_back[at], leave, c.origin[at], dest)
            for name, values in zip(parts, columns, strict=True):
                parts[name].append(values)
        home, to, out, back, leave, origin, dest = (np.concatenate(values) for values in parts.values())
        weights = PathWeights.of(self._world.parameters)
        ways = (supply.timetable, supply.skim, home, to, out, back, weights)
        walks = self._world.walks(supply.timetable, origin, dest)
        found = transit_options(*ways, threads=self._threads, leave_min=leave, **walks)
        ends = np.cumsum([len(values) for values in parts["out"]])
        starts = ends - [len(values) for values in parts["out"]]
        trips = trips_of(supply.timetable, self._world.parameters)
        by_type: dict[DayType, Arrays] = {}
        for (day_type, at), start, end in zip(rows.items(), starts, ends, strict=True):
            plan = self._plans[day_type]
            times = plan.column("depart_min")[at], plan.column("leave_min")[at]
            by_type[day_type] = {
                mode: with_events(
                    {name: values[start:end] for name, values in option.items()},
                    trips[day_type],
                    supply.skim,
                    *times,
                    self._threads,
                )
                for mode, option in found.items()
            }
        return by_type


def _rows_of(arrays: Arrays, rows: npt.NDArray[np.int64]) -> Arrays:
    return {mode: {name: values[rows] for name, values in option.items()} for mode, option in arrays.items()}


def _put(arrays: Arrays, rows: npt.NDArray[np.int64], values: Arrays) -> None:
    for mode, option in arrays.items():
        for name, column in option.items():
            column[rows] = values[mode][name]
