"""Door to door by public transport: the best stops to walk to and from."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numba import njit
from numpy.typing import NDArray

from zemsim.kernels.lean import LEAN

#: Stops that are looked at around a point before those that add no route are passed over.
NEAREST = 12
#: Stops kept around a point: with buses, and stations.
KEPT_BUS = 4
KEPT_RAIL = 2


class StopGrid(NamedTuple):
    """Stops in square cells (rows of the cell, then stop), and the routes of each stop as bits."""

    x_m: NDArray[np.float64]
    y_m: NDArray[np.float64]
    cell_offset: NDArray[np.int32]
    cell_stop: NDArray[np.int32]
    n_columns: int
    n_rows: int
    x_low: float
    y_low: float
    cell_m: float
    route_bits: NDArray[np.uint64]
    rail_stops: NDArray[np.int32]
    has_bus: NDArray[np.bool_]
    has_rail: NDArray[np.bool_]


class StopWays(NamedTuple):
    """Stops that points of each zone may walk to on a network, rising; no zones at all where there is no network.

    ``extra_m`` is what the way from the zone's centre counts for beyond its straight line, in metres of straight line.
    """

    offset: NDArray[np.int64]
    stop: NDArray[np.int32]
    extra_m: NDArray[np.float64]


class WalkRules(NamedTuple):
    """Longest straight lines to stops and stations in metres, minutes of walking per metre of straight line.

    ``detour`` is the way over the straight line that these minutes have in them.
    """

    bus_m: float
    rail_m: float
    detour: float
    min_per_m: float
    access_weight: float


class OptionArrays(NamedTuple):
    """Results for one mode, arrays [R]."""

    ivt_min: NDArray[np.float32]
    wait_min: NDArray[np.float32]
    headway_min: NDArray[np.float32]
    walk_min: NDArray[np.float32]
    transfers: NDArray[np.float32]
    fare_eur: NDArray[np.float32]
    bus_fare_eur: NDArray[np.float32]
    km: NDArray[np.float32]
    leg_out: NDArray[np.int64]
    leg_back: NDArray[np.int64]
    available: NDArray[np.bool_]


def nearest_sorted(x: float, y: float, grid: Any, limit_m: float, stops: Any, metres: Any) -> int:
    """Write the nearest stops with buses within ``limit_m``, nearest first (ties to the lower row); return how many."""
    column = int(np.floor((x - grid.x_low) / grid.cell_m))
    row = int(np.floor((y - grid.y_low) / grid.cell_m))
    n = 0
    for cy in range(max(0, row - 1), min(grid.n_rows, row + 2)):
        for cx in range(max(0, column - 1), min(grid.n_columns, column + 2)):
            cell = cy * grid.n_columns + cx
            for e in range(grid.cell_offset[cell], grid.cell_offset[cell + 1]):
                stop = grid.cell_stop[e]
                d = np.sqrt((grid.x_m[stop] - x) ** 2 + (grid.y_m[stop] - y) ** 2)
                if d <= limit_m:
                    n = insert(stop, d, stops, metres, n, NEAREST)
    return n


def insert(stop: int, d: float, stops: Any, metres: Any, n: int, most: int) -> int:
    """Keep a list of the ``most`` nearest stops sorted by distance, then row."""
    if n == most:
        if d > metres[n - 1] or (d == metres[n - 1] and stop > stops[n - 1]):
            return n
        n -= 1
    i = n
    while i > 0 and (metres[i - 1] > d or (metres[i - 1] == d and stops[i - 1] > stop)):
        metres[i] = metres[i - 1]
        stops[i] = stops[i - 1]
        i -= 1
    metres[i] = d
    stops[i] = stop
    return n + 1


def walked_m(x: float, y: float, grid: Any, ways: Any, walk: Any, e: int) -> float:
    """Metres that the walk from a point to the stop of entry ``e`` counts for: no less than the bare straight line."""
    d = np.sqrt((grid.x_m[ways.stop[e]] - x) ** 2 + (grid.y_m[ways.stop[e]] - y) ** 2)
    return float(max(d / walk.detour, d + ways.extra_m[e]))


def nearest_walked(
    x: float, y: float, zone: int, grid: Any, ways: Any, walk: Any, limit_m: float, serves: Any, stops: Any,
    metres: Any, most: int,
) -> int:  # fmt: skip
    """Write the stops nearest on the network that ``serves`` marks, as `nearest_sorted`; return how many."""
    n = 0
    for e in range(ways.offset[zone], ways.offset[zone + 1]):
        if serves[ways.stop[e]]:
            d = walked_m(x, y, grid, ways, walk, e)
            if d <= limit_m:
                n = insert(ways.stop[e], d, stops, metres, n, most)
    return n


def candidates(
    x: float, y: float, zone: int, grid: Any, ways: Any, walk: Any, stops: Any, metres: Any, work: Any, found: Any
) -> Any:
    """Write up to ``KEPT_BUS`` bus stops, then up to ``KEPT_RAIL`` stations; return how many of each.

    A bus stop farther away than others is kept only if a route stops there that stops at none of the nearer ones.
    ``zone`` is -1 where walks are straight lines.
    """
    if zone < 0:
        near = nearest_sorted(x, y, grid, walk.bus_m, work, found)
    else:
        near = nearest_walked(x, y, zone, grid, ways, walk, walk.bus_m, grid.has_bus, work, found, NEAREST)
    words = grid.route_bits.shape[1]
    n_bus = 0
    for i in range(near):
        adds = False
        for w in range(words):
            seen = np.uint64(0)
            for j in range(n_bus):
                seen |= grid.route_bits[stops[j], w]
            if (grid.route_bits[work[i], w] & ~seen) != np.uint64(0):
                adds = True
        if adds:
            stops[n_bus] = work[i]
            metres[n_bus] = found[i]
            n_bus += 1
            if n_bus == KEPT_BUS:
                break
    n_rail = 0
    if zone < 0:
        for e in range(grid.rail_stops.size):
            stop = grid.rail_stops[e]
            d = np.sqrt((grid.x_m[stop] - x) ** 2 + (grid.y_m[stop] - y) ** 2)
            if d <= walk.rail_m:
                n_rail = insert(stop, d, work, found, n_rail, KEPT_RAIL)
    else:
        n_rail = nearest_walked(x, y, zone, grid, ways, walk, walk.rail_m, grid.has_rail, work, found, KEPT_RAIL)
    for i in range(n_rail):
        stops[n_bus + i] = work[i]
        metres[n_bus + i] = found[i]
    return n_bus, n_rail


def best_pair(
    cost: Any, last: Any, leave_min: float, min_per_m: float, q: int, layer: int, a_stop: Any, a_m: Any, n_a: int,
    b_stop: Any, b_m: Any, n_b: int, per_m: float,
) -> Any:  # fmt: skip
    """Return rows (in the lists) of the best stops from a to b, and -1, -1 where none is reached; ties to the first.

    Who leaves at ``leave_min`` walks to the stop and must still find a departure there.
    """
    best = np.inf
    best_i = -1
    best_j = -1
    for i in range(n_a):
        for j in range(n_b):
            value = cost[q, layer, a_stop[i], b_stop[j]] + per_m * (a_m[i] + b_m[j])
            if value < best and last[q, layer, a_stop[i], b_stop[j]] >= 60.0 * (leave_min + a_m[i] * min_per_m):
                best = value
                best_i = i
                best_j = j
    return best_i, best_j


def add_leg(skim: Any, out: Any, row: int, leg: int, walk_min: float) -> None:
    """Add half of a one-way journey to the means of a tour."""
    out.ivt_min[row] += np.float32(0.5) * skim.in_vehicle_min[leg]
    out.wait_min[row] += np.float32(0.5) * skim.wait_min[leg]
    out.headway_min[row] += np.float32(0.5) * skim.headway_min[leg]
    out.walk_min[row] += np.float32(0.5) * (skim.walk_min[leg] + np.float32(walk_min))
    out.transfers[row] += np.float32(0.5) * skim.transfers[leg]
    out.fare_eur[row] += np.float32(0.5) * skim.fare_eur[leg]
    out.bus_fare_eur[row] += np.float32(0.5) * skim.bus_fare_eur[leg]
    out.km[row] += np.float32(0.5) * skim.distance_km[leg]


def options_kernel(
    start: int, stop: int, origin: Any, dest: Any, origin_zone: Any, dest_zone: Any, period_out: Any, period_back: Any,
    leave_min: Any, grid: Any, ways: Any, walk: Any, cost: Any, last: Any, skim: Any, bus: Any, train: Any,
) -> None:  # fmt: skip
    """Fill the rows ``start .. stop``; ``skim`` holds flat arrays, ``cost`` generalised minutes [Q, 2, S, S].

    ``last``: int32 [Q, 2, S, S], the last departure in this or a later period of the day; ``leave_min``: when the way
    back begins, minus infinity where any departure of the period will do. Zones are -1 where walks are straight lines.
    """
    most = KEPT_BUS + KEPT_RAIL
    a_stop, b_stop = np.empty(most, np.int64), np.empty(most, np.int64)
    a_m, b_m = np.empty(most, np.float64), np.empty(most, np.float64)
    work, found = np.empty(NEAREST, np.int64), np.empty(NEAREST, np.float64)
    size = cost.shape[2]
    per_m = walk.access_weight * walk.min_per_m
    bus_a = rail_a = 0
    for row in range(start, stop):
        same = row > start and origin[row, 0] == origin[row - 1, 0] and origin[row, 1] == origin[row - 1, 1]
        if not same or origin_zone[row] != origin_zone[row - 1]:
            x, y, zone = origin[row, 0], origin[row, 1], origin_zone[row]
            bus_a, rail_a = candidates(x, y, zone, grid, ways, walk, a_stop, a_m, work, found)
        x, y, zone = dest[row, 0], dest[row, 1], dest_zone[row]
        bus_b, rail_b = candidates(x, y, zone, grid, ways, walk, b_stop, b_m, work, found)
        q, p = period_out[row], period_back[row]
        for layer in range(2):
            n_a = bus_a if layer == 0 else bus_a + rail_a
            n_b = bus_b if layer == 0 else bus_b + rail_b
            i, j = best_pair(cost, last, -np.inf, walk.min_per_m, q, layer, a_stop, a_m, n_a, b_stop, b_m, n_b, per_m)
            if i < 0:
                continue
            k, m = best_pair(
                cost, last, leave_min[row], walk.min_per_m, p, layer, b_stop, b_m, n_b, a_stop, a_m, n_a, per_m
            )
            if k < 0:
                continue
            out = bus if layer == 0 else train
            out.available[row] = True
            out.ivt_min[row] = 0.0
            out.headway_min[row] = 0.0
            out.leg_out[row] = ((q * 2 + layer) * size + a_stop[i]) * size + b_stop[j]
            out.leg_back[row] = ((p * 2 + layer) * size + b_stop[k]) * size + a_stop[m]
            add_leg(skim, out, row, out.leg_out[row], (a_m[i] + b_m[j]) * walk.min_per_m)
            add_leg(skim, out, row, out.leg_back[row], (b_m[k] + a_m[m]) * walk.min_per_m)


insert = njit(cache=True, nogil=True, **LEAN)(insert)
walked_m = njit(cache=True, nogil=True, forceinline=True, **LEAN)(walked_m)
nearest_walked = njit(cache=True, nogil=True, **LEAN)(nearest_walked)
nearest_sorted = njit(cache=True, nogil=True, **LEAN)(nearest_sorted)
candidates = njit(cache=True, nogil=True, **LEAN)(candidates)
best_pair = njit(cache=True, nogil=True, forceinline=True, **LEAN)(best_pair)
add_leg = njit(cache=True, nogil=True, forceinline=True, **LEAN)(add_leg)
options_kernel = njit(cache=True, nogil=True)(options_kernel)
