"""Public transport for tours: the best stops to walk to and from, out and back, by bus only and with a train."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from numpy.typing import ArrayLike, NDArray

from zemsim.core.names import PERIODS
from zemsim.kernels.blocks import run_blocks
from zemsim.kernels.transit_paths import OptionArrays, StopGrid, StopWays, WalkRules, options_kernel
from zemsim.kernels.transit_skim import SkimArrays
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
    origin, dest = (_points(value, name) for value, name in ((origin_xy, "origin_xy"), (dest_xy, "dest_xy")))
    n = len(origin)
    out_q, back_q = (_periods(v, n, name) for v, name in ((period_out, "period_out"), (period_back, "period_back")))
    if len(dest) != n:
        raise ValueError(f"dest_xy has {len(dest)} rows, origin_xy {n}")
    if skim.shape[2] != len(timetable.stops):
        raise ValueError(f"the skim has {skim.shape[2]} stops, the timetable {len(timetable.stops)}")
    leave = np.full(n, -np.inf) if leave_min is None else np.ascontiguousarray(leave_min, dtype=np.float64)
    if leave.shape != (n,) or np.isnan(leave).any():
        raise ValueError(f"leave_min must be {n} minutes of the day")
    ways, from_zone, to_zone = _walks(walks, zones, n, len(timetable.stops))
    rules = timetable.rules
    detour = rules.transit_walk_detour_ratio
    walk = WalkRules(
        rules.transit_access_bus_m / detour,
        rules.transit_access_train_m / detour,
        float(detour),
        rules.walk_s_per_m / 60.0,
        float(weights.walk_ratio),
    )
    bus, train = _results(n), _results(n)
    flat = SkimArrays(*(np.ascontiguousarray(getattr(skim, name)).reshape(-1) for name in SkimArrays._fields))
    cost = generalised_min(skim, weights)
    grid = stop_grid(timetable, walk.bus_m)
    ends = (origin, dest, from_zone, to_zone, out_q, back_q, leave)
    args = (grid, ways, walk, cost, last_in_day(skim), flat, bus, train)
    run_blocks(options_kernel, n, threads, *ends, *args, block_rows=BLOCK_TOURS)
    return {"bus": bus._asdict(), "train": train._asdict()}


def last_in_day(skim: TransitSkim) -> NDArray[np.int32]:
    """Return the last useful departure in each period or a later one of its day: int32 [Q, 2, S, S], -1 none."""
    last = np.array(skim.last_departure_s, np.int32)
    for q in range(len(PERIODS) - 2, -1, -1):
        if PERIODS[q].day_type == PERIODS[q + 1].day_type:
            np.maximum(last[q], last[q + 1], out=last[q])
    return last


def stop_grid(timetable: Timetable, cell_m: float) -> StopGrid:
    """Return the stops with buses in cells of ``cell_m``, the stations, and the routes of each stop as bits."""
    x, y = (timetable.stops[name].to_numpy(np.float64) for name in ("x_m", "y_m"))
    n = len(x)
    train = timetable.is_train()
    bits = np.zeros((n, max(1, -(-len(timetable.routes) // 64))), np.uint64)
    rail = np.zeros(n, bool)
    for k, stops in enumerate(timetable.pattern_stops):
        if train[k]:
            rail[stops] = True
        else:
            route = int(timetable.pattern_route[k])
            bits[stops, route // 64] |= np.uint64(1 << (route % 64))
    has_bus = np.flatnonzero(bits.any(axis=1))
    x_low, y_low = float(x.min(initial=0.0 if n == 0 else np.inf)), float(y.min(initial=0.0 if n == 0 else np.inf))
    column = ((x[has_bus] - x_low) // cell_m).astype(np.int64)
    row = ((y[has_bus] - y_low) // cell_m).astype(np.int64)
    n_columns, n_rows = int(column.max(initial=0)) + 1, int(row.max(initial=0)) + 1
    cell = row * n_columns + column
    order = np.argsort(cell, kind="stable")
    offset = np.concatenate([[0], np.cumsum(np.bincount(cell, minlength=n_columns * n_rows))]).astype(np.int32)
    stops_in_cells = has_bus[order].astype(np.int32)
    rail_stops = np.flatnonzero(rail).astype(np.int32)
    cells = (offset, stops_in_cells, n_columns, n_rows, x_low, y_low, float(cell_m))
    return StopGrid(x, y, *cells, bits, rail_stops, np.asarray(bits.any(axis=1), np.bool_), rail)


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
