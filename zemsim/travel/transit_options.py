"""Public transport for tours: the best stops to walk to and from, out and back, by bus only and with a train."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, NamedTuple, Protocol

import numpy as np
from numpy.typing import ArrayLike, NDArray

from zemsim.core.names import PERIODS
from zemsim.kernels.blocks import run_blocks
from zemsim.kernels.transit_paths import OptionArrays, StopWays, WalkRules, options_kernel
from zemsim.kernels.transit_skim import SkimArrays
from zemsim.travel.stop_grid import stop_grid
from zemsim.travel.stop_walks import StopWalks
from zemsim.travel.timetable import Timetable
from zemsim.travel.transit import TransitSkim

#: Rows of a block.
BLOCK_TOURS = 4096


class Values(Protocol):
    """Numbers by name."""

    def __getitem__(self, name: str, /) -> float: ...


@dataclass(frozen=True)
class PathWeights:
    """Minutes in the vehicle that a minute of something else is worth, for the choice of stops.

    Attributes
    ----------
    walk_ratio, wait_ratio, headway_ratio : minutes in the vehicle per minute of walking, waiting, headway.
    transfer_min : minutes in the vehicle per transfer.
    """

    walk_ratio: float
    wait_ratio: float
    headway_ratio: float
    transfer_min: float

    @classmethod
    def of(cls, parameters: Values) -> PathWeights:
        """Take the weights from the behavioural parameters of an experiment, group ``multiplier``."""
        return cls(parameters["m_walk"], parameters["m_wait"], parameters["m_head"], parameters["pen_transfer"])


def generalised_min(skim: TransitSkim, weights: PathWeights) -> NDArray[np.float32]:
    """Return the generalised minutes between stops without access and egress: float32 [Q, 2, S, S], inf unreachable."""
    w = weights
    cost = np.array(skim.in_vehicle_min, np.float32)
    for part, weight in (
        (skim.wait_min, w.wait_ratio),
        (skim.headway_min, w.headway_ratio),
        (skim.walk_min, w.walk_ratio),
        (skim.transfers, w.transfer_min),
    ):
        cost += np.float32(weight) * part
    return cost


def transit_options(
    timetable: Timetable,
    skim: TransitSkim,
    origin_xy: ArrayLike,
    dest_xy: ArrayLike,
    period_out: ArrayLike,
    period_back: ArrayLike,
    weights: PathWeights,
    threads: int = 1,
    leave_min: ArrayLike | None = None,
    walks: StopWalks | None = None,
    zones: tuple[ArrayLike, ArrayLike] | None = None,
) -> dict[str, dict[str, NDArray[Any]]]:
    """Return what the tours offer by bus and by train.

    Out and back each take the pair of stops with the fewest generalised minutes among the near ones: up to four bus
    stops (a farther one only if it adds a route) within ``transit_access_bus_m`` of walking, for the train also up to
    two stations within ``transit_access_train_m``. Walking is the straight line times the detour, or with ``walks`` the
    way on the network. Ties go to the nearer, then the lower stop.

    Parameters
    ----------
    timetable : Timetable
        Stops and rules of the skim.
    skim : TransitSkim
        Stop to stop.
    origin_xy, dest_xy : float64 [R, 2]
        EPSG:3035 metres of home and destination.
    period_out, period_back : int [R]
        Positions in ``names.PERIODS``.
    weights : PathWeights
        What a minute of walking, waiting, headway and a transfer count for.
    threads : int
        Threads over rows; the bits do not depend on it.
    leave_min : float [R], optional
        Minute of the day at which the way back begins. Then the way back must be there at that time: stops count only
        where, after the walk to them, a useful departure is still to come in this or a later period of the day.
    walks : StopWalks, optional
        Walks on the network from the zones of the region.
    zones : pair of int [R], optional
        Zones of home and destination; with ``walks`` only.

    Returns
    -------
    dict
        ``bus`` and ``train``, each a dict of arrays [R]: ``ivt_min, wait_min, headway_min, walk_min, transfers,
        fare_eur, bus_fare_eur, km`` float32 (means per one-way trip of out and back), ``leg_out, leg_back`` int64 (flat
        index into the skim, -1 none), ``available`` bool (there and back). Not available: ``ivt_min`` and
        ``headway_min`` inf, the rest 0.
    """
    ends = _ends(origin_xy, dest_xy, period_out, period_back, leave_min)
    n, n_stops = len(ends.origin), len(timetable.stops)
    if skim.shape[2] != n_stops:
        raise ValueError(f"the skim has {skim.shape[2]} stops, the timetable {n_stops}")
    ways, from_zone, to_zone = _walks(walks, zones, n, n_stops)
    rules = _walk_rules(timetable, weights)
    where = (ends.origin, ends.dest, from_zone, to_zone)
    when = (ends.period_out, ends.period_back, ends.leave_min)
    stops = (stop_grid(timetable, rules.bus_m), ways, rules)
    journeys = (generalised_min(skim, weights), last_in_day(skim), _flat(skim))
    bus, train = _results(n), _results(n)
    run_blocks(options_kernel, n, threads, *where, *when, *stops, *journeys, bus, train, block_rows=BLOCK_TOURS)
    return {"bus": bus._asdict(), "train": train._asdict()}


def last_in_day(skim: TransitSkim) -> NDArray[np.int32]:
    """Return the last useful departure in each period or a later one of its day: int32 [Q, 2, S, S], -1 none."""
    last = np.array(skim.last_departure_s, np.int32)
    for q in range(len(PERIODS) - 2, -1, -1):
        if PERIODS[q].day_type == PERIODS[q + 1].day_type:
            np.maximum(last[q], last[q + 1], out=last[q])
    return last


class _Ends(NamedTuple):
    """Both ends of the tours and when they are made, arrays [R]."""

    origin: NDArray[np.float64]
    dest: NDArray[np.float64]
    period_out: NDArray[np.int64]
    period_back: NDArray[np.int64]
    leave_min: NDArray[np.float64]


def _ends(
    origin_xy: ArrayLike, dest_xy: ArrayLike, period_out: ArrayLike, period_back: ArrayLike, leave_min: ArrayLike | None
) -> _Ends:
    """Check the tours; who may go back by any departure leaves at minus infinity."""
    origin, dest = _points(origin_xy, "origin_xy"), _points(dest_xy, "dest_xy")
    n = len(origin)
    periods = _periods(period_out, n, "period_out"), _periods(period_back, n, "period_back")
    if len(dest) != n:
        raise ValueError(f"dest_xy has {len(dest)} rows, origin_xy {n}")
    leave = np.full(n, -np.inf) if leave_min is None else np.ascontiguousarray(leave_min, dtype=np.float64)
    if leave.shape != (n,) or np.isnan(leave).any():
        raise ValueError(f"leave_min must be {n} minutes of the day")
    return _Ends(origin, dest, *periods, leave)


def _walk_rules(timetable: Timetable, weights: PathWeights) -> WalkRules:
    rules = timetable.rules
    detour = rules.transit_walk_detour_ratio
    return WalkRules(
        rules.transit_access_bus_m / detour,
        rules.transit_access_train_m / detour,
        float(detour),
        rules.walk_s_per_m / 60.0,
        float(weights.walk_ratio),
    )


def _flat(skim: TransitSkim) -> SkimArrays:
    return SkimArrays(*(np.ascontiguousarray(getattr(skim, name)).reshape(-1) for name in SkimArrays._fields))


def _walks(
    walks: StopWalks | None, zones: tuple[ArrayLike, ArrayLike] | None, n: int, n_stops: int
) -> tuple[StopWays, NDArray[np.int64], NDArray[np.int64]]:
    """Check the walks on the network; without, all zones are -1."""
    if (walks is None) != (zones is None):
        raise ValueError("walks and zones go together")
    if walks is None or zones is None:
        nowhere = np.full(n, -1, np.int64)
        return StopWays(np.zeros(1, np.int64), np.zeros(0, np.int32), np.zeros(0)), nowhere, nowhere
    if walks.joined_stops.size != n_stops:
        raise ValueError(f"the walks lead to {walks.joined_stops.size} stops, the timetable has {n_stops}")
    both = []
    for values in zones:
        zone = np.ascontiguousarray(values, dtype=np.int64)
        if zone.shape != (n,) or (n and not (zone.min() >= 0 and zone.max() < walks.n_zones)):
            raise ValueError(f"zones must be {n} positions below {walks.n_zones}")
        both.append(zone)
    return StopWays(walks.offset, walks.stop, walks.extra_m), both[0], both[1]


def _results(n: int) -> OptionArrays:
    def zeros() -> NDArray[np.float32]:
        return np.zeros(n, np.float32)

    def infinite() -> NDArray[np.float32]:
        return np.full(n, np.inf, np.float32)

    def none() -> NDArray[np.int64]:
        return np.full(n, -1, np.int64)

    return OptionArrays(
        infinite(), zeros(), infinite(), zeros(), zeros(), zeros(), zeros(), zeros(), none(), none(), np.zeros(n, bool)
    )


def _points(values: ArrayLike, name: str) -> NDArray[np.float64]:
    points = np.ascontiguousarray(values, dtype=np.float64)
    if points.ndim != 2 or points.shape[1] != 2 or not np.isfinite(points).all():
        raise ValueError(f"{name} must be finite float64 [R, 2]")
    return points


def _periods(values: ArrayLike, n: int, name: str) -> NDArray[np.int64]:
    periods = np.ascontiguousarray(values, dtype=np.int64)
    if periods.shape != (n,) or (n and not (periods.min() >= 0 and periods.max() < len(PERIODS))):
        raise ValueError(f"{name} must be {n} positions in PERIODS")
    return periods
