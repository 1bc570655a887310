"""Stops near a point: those with buses in square cells, the stations, and the routes of each stop as bits."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from zemsim.kernels.transit_paths import StopGrid
from zemsim.travel.timetable import Timetable


def stop_grid(timetable: Timetable, cell_m: float) -> StopGrid:
    """Return the stops with buses in cells of ``cell_m``, the stations, and the routes of each stop as bits."""
    x, y = (timetable.stops[name].to_numpy(np.float64) for name in ("x_m", "y_m"))
    route_bits, rail = _routes_of_stops(timetable)
    has_bus = np.asarray(route_bits.any(axis=1), np.bool_)
    stops = np.flatnonzero(has_bus)
    x_low, y_low = (float(side.min(initial=0.0 if side.size == 0 else np.inf)) for side in (x, y))
    column, row = (((side[stops] - low) // cell_m).astype(np.int64) for side, low in ((x, x_low), (y, y_low)))
    n_columns, n_rows = int(column.max(initial=0)) + 1, int(row.max(initial=0)) + 1
    cell = row * n_columns + column
    offset = np.concatenate([[0], np.cumsum(np.bincount(cell, minlength=n_columns * n_rows))]).astype(np.int32)
    in_cells = stops[np.argsort(cell, kind="stable")].astype(np.int32)
    cells = (offset, in_cells, n_columns, n_rows, x_low, y_low, float(cell_m))
    return StopGrid(x, y, *cells, route_bits, np.flatnonzero(rail).astype(np.int32), has_bus, rail)


def _routes_of_stops(timetable: Timetable) -> tuple[NDArray[np.uint64], NDArray[np.bool_]]:
    """Bus routes of each stop as bits, and whether it is a station."""
    n, train = len(timetable.stops), timetable.is_train()
    bits = np.zeros((n, max(1, -(-len(timetable.routes) // 64))), np.uint64)
    rail = np.zeros(n, np.bool_)
    for k, stops in enumerate(timetable.pattern_stops):
        if not any(day[k].depart_s.shape[1] for day in timetable.times):
            continue  # where nothing runs any more, a stop must not take the place of another
        if train[k]:
            rail[stops] = True
        else:
            route = int(timetable.pattern_route[k])
            bits[stops, route // 64] |= np.uint64(1 << (route % 64))
    return bits, rail
