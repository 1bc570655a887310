"""How full departures are: who boards which vehicle, who is left behind, and boardings by route.

Capacity binds by departure. Travellers plan the departure of their pattern that suits their own time; who finds it full
waits for the next one, and after the last one has no service (:mod:`zemsim.kernels.departures`).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from zemsim.core.names import PERIODS, DayType
from zemsim.kernels.blocks import run_blocks
from zemsim.kernels.departures import Crush, DayTrips, Served, ask_kernel, board_rows, crowd_rows, plan_rows
from zemsim.travel.on_demand import is_on_demand, load_of_services
from zemsim.travel.timetable import Timetable, period_bounds
from zemsim.travel.transit import TransitSkim

#: Passengers whom a vehicle of unknown capacity takes: more than there are.
NO_LIMIT = 1e9
_BLOCK_PATTERNS = 32


class Room(NamedTuple):
    """Passengers who sit in a vehicle of each pattern, and whom it takes at most: float64 [K], NaN unknown."""

    seats: NDArray[np.float64]
    places: NDArray[np.float64]


class Riders(NamedTuple):
    """One way of journeys [R]: legs in a skim (-1 none), planned departures, which are made, persons of each.

    ``event`` is one more than the stop event of the planned departure, 0 where there is none
    (:func:`planned_events`).
    """

    skim: TransitSkim
    leg: NDArray[np.int64]
    event: NDArray[np.int32]
    chosen: NDArray[np.bool_]
    weight: float = 1.0


@dataclass(frozen=True, eq=False)
class DepartureLoads:
    """What the departures of a day type carried. Axes: K patterns, E stop events, Q periods.

    Attributes
    ----------
    load_pers, boarded_pers, denied_pers : float64 [E]
        On board after the stop, who boarded there, and who was left behind there (each time counts).
    wait_min : float32 [E]
        Further wait that those have to expect who plan this departure here.
    crowding : float32 [E]
        Factor on minutes in the vehicle of those who board here.
    boardings : float64 [K, Q]
        Journeys per day that ask for the pattern of their main leg.
    stranded_pers, denied_of_pattern : float64 [K]
        Passengers whom the last departure left behind; times that passengers were left behind.
    fullest_share : float64 [K]
        Most passengers on board over the places of the timetable; 0 where these are unknown.
    busy_share : float64 [K, Q]
        Of services on demand vehicles asked for over those there are, 0 of lines.
    """

    load_pers: NDArray[np.float64]
    boarded_pers: NDArray[np.float64]
    denied_pers: NDArray[np.float64]
    wait_min: NDArray[np.float32]
    crowding: NDArray[np.float32]
    boardings: NDArray[np.float64]
    stranded_pers: NDArray[np.float64]
    denied_of_pattern: NDArray[np.float64]
    fullest_share: NDArray[np.float64]
    busy_share: NDArray[np.float64]

    @property
    def fullest(self) -> NDArray[np.float64]:
        """How full each pattern gets, lines and services on demand: float64 [K]."""
        return np.asarray(np.maximum(self.fullest_share, self.busy_share.max(axis=1)))


def day_trips(timetable: Timetable, day_type: DayType, room: Room) -> DayTrips:
    """Return the departures of a day type as the kernels read them; services on demand have none.

    Parameters
    ----------
    timetable : Timetable
    day_type : DayType
    room : Room
        Seats and places by pattern; places are taken to be at least the seats.
    """
    times, by_request = timetable.times[int(day_type)], is_on_demand(timetable)
    positions = np.array([len(stops) for stops in timetable.pattern_stops], np.int64)
    trips = np.array([item.depart_s.shape[1] for item in times], np.int64)
    trips[by_request] = 0
    kept = [k for k in range(len(times)) if not by_request[k]]
    seats = np.where(np.isnan(room.seats), NO_LIMIT, room.seats)
    places = np.where(np.isnan(room.places), NO_LIMIT, np.maximum(room.places, seats))
    if seats.shape != (timetable.n_patterns,) or places.shape != seats.shape or not (seats > 0).all():
        raise ValueError(f"seats and places must be {timetable.n_patterns} numbers above 0")
    return DayTrips(
        first_event=_starts(positions * trips),
        first_ride=_starts(positions * (positions - 1) // 2 * trips),
        first_trip=_starts(trips),
        n_positions=positions.astype(np.int32),
        n_trips=trips.astype(np.int32),
        arrive_s=_joined([times[k].arrive_s for k in kept]),
        depart_s=_joined([times[k].depart_s for k in kept]),
        seats=seats,
        places=places,
    )


def _starts(counts: NDArray[np.int64]) -> NDArray[np.int64]:
    return np.concatenate([[0], np.cumsum(counts)]).astype(np.int64)


def _joined(parts: list[NDArray[np.int32]]) -> NDArray[np.int32]:
    return np.concatenate([np.zeros(0, np.int32), *(part.ravel() for part in parts)]).astype(np.int32)


def planned_events(
    trips: DayTrips,
    skim: TransitSkim,
    leg: NDArray[np.int64],
    ready_min: NDArray[np.int64],
    waits: bool,
    threads: int = 1,
) -> NDArray[np.int32]:
    """Return one more than the stop event at which each journey plans to board its main leg, int32 [R]; 0 none.

    Parameters
    ----------
    trips : DayTrips
    skim : TransitSkim
        Whose main legs they are.
    leg : int64 [R]
        Flat index into the skim, -1 none.
    ready_min : int64 [R]
        Minute of the day at which the journey begins.
    waits : bool
        Whether travellers cannot leave earlier than that (on the way back): they take the first departure from then
        on, or the last of the day. Otherwise they take the nearest departure of the period of their leg.
    threads : int
    """
    leg, ready = np.ascontiguousarray(leg, np.int64), np.ascontiguousarray(ready_min, np.int64)
    if ready.shape != leg.shape or leg.ndim != 1:
        raise ValueError("leg and ready_min must have the same length")
    found = np.zeros(len(leg), np.int32)
    main, board = _flat(skim.main_pattern), _flat(skim.board_pos)
    bounds = np.array(period_bounds(), np.int64)
    run_blocks(plan_rows, len(leg), threads, leg, ready, waits, main, board, _per_period(skim), bounds, trips, found)
    return found


def _flat(array: NDArray[np.generic]) -> NDArray[np.generic]:
    return np.ascontiguousarray(array).reshape(-1)


def _per_period(skim: TransitSkim) -> int:
    return skim.shape[1] * skim.shape[2] * skim.shape[3]


def serve(
    timetable: Timetable,
    trips: DayTrips,
    riders: Sequence[Riders],
    crush: Crush,
    runs: NDArray[np.float64] | None = None,
    threads: int = 1,
) -> DepartureLoads:
    """Put travellers on the departures of a day type.

    Of a journey's passengers those ask for its main leg whose useful departures have it (``main_share``): the others
    ride parallel patterns, which are not loaded, nor are the journey's other legs. Boardings count whole journeys on
    their main leg. Services on demand are as full as their vehicles are busy
    (:func:`zemsim.travel.on_demand.load_of_services`).

    Parameters
    ----------
    timetable : Timetable
    trips : DayTrips
        Of the timetable (:func:`day_trips`).
    riders : sequence of Riders
        Out and back, by skims of timetables that have the same patterns.
    crush : Crush
        What standing and being left behind count for.
    runs : float64 [trips], optional
        Share of the days on which each departure runs; all of them if None.
    threads : int

    Returns
    -------
    DepartureLoads
    """
    n_trips = int(trips.first_trip[-1])
    runs = np.ones(n_trips) if runs is None else np.ascontiguousarray(runs, np.float64)
    if runs.shape != (n_trips,) or not ((runs >= 0) & (runs <= 1)).all():
        raise ValueError(f"runs must be {n_trips} shares from 0 to 1")
    asked, boardings = np.zeros(int(trips.first_ride[-1])), np.zeros((timetable.n_patterns, len(PERIODS)))
    for part in riders:
        _ask(part, trips, asked, boardings)
    events = len(trips.depart_s)
    served = Served(*(np.zeros(size) for size in (events, events, events, events, timetable.n_patterns)))
    factor = np.ones(events, np.float32)
    rows = timetable.n_patterns
    run_blocks(board_rows, rows, threads, trips, asked, runs, crush, served, block_rows=_BLOCK_PATTERNS)
    run_blocks(crowd_rows, rows, threads, trips, served.load_pers, runs, crush, factor, block_rows=_BLOCK_PATTERNS)
    busy = np.zeros_like(boardings)
    load_of_services(timetable, boardings, busy)
    return DepartureLoads(
        load_pers=served.load_pers,
        boarded_pers=served.boarded_pers,
        denied_pers=served.denied_pers,
        wait_min=served.wait_min.astype(np.float32),
        crowding=factor,
        boardings=boardings,
        stranded_pers=served.stranded_pers,
        denied_of_pattern=_by_pattern(np.add, served.denied_pers, trips),
        fullest_share=np.nan_to_num(_by_pattern(np.maximum, served.load_pers, trips) / timetable.capacity_pers()),
        busy_share=busy,
    )


def _ask(part: Riders, trips: DayTrips, asked: NDArray[np.float64], boardings: NDArray[np.float64]) -> None:
    """Add the main legs of some journeys to what is asked for, and to the boardings."""
    skim, leg = part.skim, np.ascontiguousarray(part.leg, np.int64)
    event, chosen = np.ascontiguousarray(part.event, np.int32), np.ascontiguousarray(part.chosen, np.bool_)
    if not leg.shape == event.shape == chosen.shape:
        raise ValueError("leg, event and chosen must have the same length")
    main, share, alight = (_flat(array) for array in (skim.main_pattern, skim.main_share, skim.alight_pos))
    ask_kernel(leg, event, chosen, float(part.weight), main, share, alight, _per_period(skim), trips, asked, boardings)


def _by_pattern(reduce: np.ufunc, values: NDArray[np.float64], trips: DayTrips) -> NDArray[np.float64]:
    """Sum or largest of the events of each pattern, 0 where it has none."""
    found = np.zeros(len(trips.n_trips))
    some = np.flatnonzero(np.diff(trips.first_event) > 0)
    if len(some):
        found[some] = reduce.reduceat(values, trips.first_event[some])
    return found
