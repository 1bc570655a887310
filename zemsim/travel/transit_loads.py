"""How full vehicles are, and boardings by route."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from zemsim.core.names import PERIODS
from zemsim.kernels.transit_paths import load_kernel
from zemsim.travel.on_demand import load_of_services
from zemsim.travel.timetable import Timetable
from zemsim.travel.transit import TransitSkim


@dataclass(frozen=True, eq=False)
class PatternLoads:
    """Loads of the patterns by period.

    Attributes
    ----------
    load_share : float64 [K, Q]
        Most passengers on any section over the places offered there; 0 without passengers, NaN where the capacity is
        unknown.
    boardings : float64 [K, Q]
        Journeys per day by the pattern of their main leg.
    """

    load_share: NDArray[np.float64]
    boardings: NDArray[np.float64]


class Riders(NamedTuple):
    """Journeys [R] by their legs in a skim (-1 none), which of them are made, and persons of each (1 if None)."""

    skim: TransitSkim
    leg_out: NDArray[np.int64]
    leg_back: NDArray[np.int64]
    chosen: NDArray[np.bool_]
    weight: NDArray[np.float64] | None = None


def load_patterns(
    timetable: Timetable,
    skim: TransitSkim,
    leg_out: NDArray[np.int64],
    leg_back: NDArray[np.int64],
    chosen: NDArray[np.bool_],
    weight: NDArray[np.float64] | None = None,
) -> PatternLoads:
    """Load the main legs of the chosen journeys on their patterns.

    The load of a section (between two positions of a pattern) in a period is divided by its places: departures there in
    the period, at least one, times the capacity. Of a journey's passengers those are on board whose useful departures
    have the main leg (``main_share``): the others ride parallel patterns, which are not loaded, nor are the journey's
    other legs. Boardings count whole journeys on their main leg. Services on demand are as full as their vehicles are
    busy (:func:`zemsim.travel.on_demand.load_of_services`).

    Parameters
    ----------
    timetable : Timetable
        Departures and capacities.
    skim : TransitSkim
        Main legs of the journeys.
    leg_out, leg_back : int64 [R]
        Flat index into the skim, -1 none (``transit_options``).
    chosen : bool [R]
        Tours that take this mode.
    weight : float64 [R], optional
        Persons of a tour, 1 by default.

    Returns
    -------
    PatternLoads
    """
    return load_riders(timetable, [Riders(skim, leg_out, leg_back, chosen, weight)])


def load_riders(timetable: Timetable, parts: Sequence[Riders]) -> PatternLoads:
    """Load journeys on skims of timetables that have the same patterns together; see :func:`load_patterns`."""
    lengths = [len(stops) for stops in timetable.pattern_stops]
    offset = np.concatenate([[0], np.cumsum(lengths)]).astype(np.int64)
    change = np.zeros((int(offset[-1]), len(PERIODS)))
    boardings = np.zeros((timetable.n_patterns, len(PERIODS)))
    for riders in parts:
        _board(riders, offset, change, boardings)
    capacity = timetable.capacity_pers()
    share = np.zeros((timetable.n_patterns, len(PERIODS)))
    for k, departures in enumerate(timetable.departures_by_period()):
        load = np.cumsum(change[offset[k] : offset[k + 1]], axis=0)[:-1]
        places = np.maximum(departures[:-1], 1) * capacity[k]
        share[k] = np.max(load / places, axis=0)
    load_of_services(timetable, boardings, share)
    return PatternLoads(share, boardings)


def _board(
    riders: Riders, offset: NDArray[np.int64], change: NDArray[np.float64], boardings: NDArray[np.float64]
) -> None:
    """Add the main legs of some journeys to the changes of load at each position, and to the boardings."""
    skim, size = riders.skim, len(riders.leg_out)
    chosen = np.ascontiguousarray(riders.chosen, dtype=np.bool_)
    weight = np.ones(size) if riders.weight is None else np.ascontiguousarray(riders.weight, dtype=np.float64)
    if not (len(riders.leg_back) == len(chosen) == len(weight) == size):
        raise ValueError("leg_out, leg_back, chosen and weight must have the same length")
    legs = (skim.main_pattern, skim.main_share, skim.board_pos, skim.alight_pos)
    main, share_of_main, board, alight = (np.ascontiguousarray(array).reshape(-1) for array in legs)
    per_period = skim.shape[1] * skim.shape[2] * skim.shape[3]
    for leg in (riders.leg_out, riders.leg_back):
        leg = np.ascontiguousarray(leg, dtype=np.int64)
        load_kernel(leg, weight, chosen, main, share_of_main, board, alight, per_period, offset, change, boardings)
