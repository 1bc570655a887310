"""Metres along the way of each trip: from the distances of the feed, or by laying its stops on its line."""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from zemsim.core.notices import EXAMPLES, Notices
from zemsim.region.geo import EARTH_RADIUS_M, great_circle_m
from zemsim.region.gtfs.table import Table

Float = NDArray[np.float64]

#: Units in which feeds write distances, in metres.
UNITS: dict[str, float] = {"m": 1.0, "km": 1000.0, "mile": 1609.344, "foot": 0.3048}

#: A way is about this many times the straight lines between its stops; a unit must bring it into the range.
USUAL_RATIO, RATIO_RANGE = 1.2, (0.85, 4.0)

#: A stop farther than this from the line of its trip does not lie on it.
OFF_LINE_M = 500.0

#: Within one piece of a line a stop may seem to lie this far behind the stop before (stops beside the street).
BACKWARDS_M = 20.0


def straight_m(stop: NDArray[np.int64], first: NDArray[np.bool_], lat: Float, lon: Float) -> Float:
    """Return the straight line from the stop before, 0 at the first of a trip: float64 [N].

    Parameters
    ----------
    stop : int64 [N]
        Row of the stop, rows sorted by trip and sequence.
    first : bool [N]
        Where a trip begins.
    lat, lon : float64 [S]
        Degrees of the stops.
    """
    before = np.roll(stop, 1)
    return np.where(first, 0.0, np.asarray(great_circle_m(lon[before], lat[before], lon[stop], lat[stop])))


def given_m(dist: Float, straight: Float, trip: NDArray[np.int64], n_trips: int, notices: Notices) -> Float:
    """Return the distances of stop_times.txt in metres; NaN for trips where they are not all there, or do not rise.

    The unit is not part of GTFS: it is the one that brings the ways nearest to 1.2 times the straight lines.

    Parameters
    ----------
    dist : float64 [N]
        As written, NaN where blank.
    straight : float64 [N]
        Straight line from the stop before.
    trip : int64 [N]
        Row of the trip.
    n_trips : int
        Number of trips.
    notices : Notices
        Is told of another unit than metres, and of distances that are not used.
    """
    first = np.diff(trip, prepend=-1) != 0
    step = np.where(first, 0.0, np.diff(dist, prepend=0.0))
    wrong = np.isnan(dist) | (step < 0)
    bad = np.bincount(trip[wrong], minlength=n_trips) > 0
    some = np.bincount(trip[~np.isnan(dist)], minlength=n_trips) > 0
    notices.add(
        "gtfs.distance_falls", "trip whose distances are not all there or fall, not used", int((bad & some).sum())
    )
    way = np.bincount(trip, np.where(np.isnan(step), 0.0, step), n_trips)
    line = np.bincount(trip, straight, n_trips)
    good = ~bad & (way > 0) & (line > 0)
    if not good.any():
        return np.full(len(dist), np.nan)
    ratio = float(np.median(way[good] / line[good]))
    name = min(UNITS, key=lambda unit: (abs(np.log(ratio * UNITS[unit] / USUAL_RATIO)), unit))
    if not RATIO_RANGE[0] <= ratio * UNITS[name] <= RATIO_RANGE[1]:
        words = "trip whose distances are in no unit that is known, not used"
        notices.add("gtfs.distance_unit", words, int((some & ~bad).sum()), [f"{ratio:.3g} of the straight lines"])
        return np.full(len(dist), np.nan)
    if name != "m":
        notices.add(
            "gtfs.distance_converted", "trip whose distances were brought to metres", int((some & ~bad).sum()), [name]
        )
    return np.where(bad[trip], np.nan, dist * UNITS[name])


def lines_of(table: Table, wanted: set[str]) -> dict[str, tuple[Float, Float]]:
    """Return latitudes and longitudes of the lines that trips use, in their sequence.

    Parameters
    ----------
    table : Table
        ``shapes.txt``.
    wanted : set of str
        ``shape_id`` of the trips.
    """
    lat, lon = table.floats("shape_pt_lat", -90, 90), table.floats("shape_pt_lon", -180, 180)
    sequence = table.integers("shape_pt_sequence", 0, 10**9)
    names = table.column("shape_id")
    rank = {name: i for i, name in enumerate(sorted(set(names)))}
    shape = np.array([rank[name] for name in names], np.int64)
    order = np.lexsort((sequence, shape))
    same = (np.diff(shape[order]) == 0) & (np.diff(sequence[order]) == 0)
    if same.any():
        row = int(order[1:][same].min())
        raise table.fail(row, f"shape_pt_sequence {sequence[row]} occurs twice in shape “{names[row]}”")
    bounds = np.searchsorted(shape[order], np.arange(len(rank) + 1))
    return {
        name: (lat[order[bounds[i] : bounds[i + 1]]], lon[order[bounds[i] : bounds[i + 1]]])
        for name, i in rank.items()
        if name in wanted
    }


def along_m(lat: Float, lon: Float, stop_lat: Float, stop_lon: Float) -> Float | None:
    """Return how far along a line each stop of a trip lies, in metres from the first; None if one lies off the line.

    Each stop goes to the nearest point of a piece of the line, not before that of the stop before; of all such ways
    the one with the least sum of squared distances is taken (dynamic programming over stops and pieces).

    Parameters
    ----------
    lat, lon : float64 [K]
        The line.
    stop_lat, stop_lon : float64 [N]
        The stops in order.
    """
    if len(lat) < 2:
        return None
    x, y = _plane(lat, lon, lat[0])
    px, py = _plane(stop_lat, stop_lon, lat[0])
    dx, dy = np.diff(x), np.diff(y)
    length = np.hypot(dx, dy)
    begin = np.concatenate([[0.0], np.cumsum(length)])[:-1]
    square = np.where(length > 0, length**2, 1.0)

    def nearest(i: int) -> tuple[Float, Float]:
        """Return where on each piece stop i lies (0 to 1), and the square of its distance."""
        part = np.clip(((px[i] - x[:-1]) * dx + (py[i] - y[:-1]) * dy) / square, 0.0, 1.0)
        return part, (px[i] - x[:-1] - part * dx) ** 2 + (py[i] - y[:-1] - part * dy) ** 2

    pieces = np.arange(len(length), dtype=np.int32)
    back = np.zeros((len(px), len(length)), np.int32)
    before, best = nearest(0)
    for i in range(1, len(px)):
        part, off = nearest(i)
        earlier = np.concatenate([[np.inf], np.minimum.accumulate(best)[:-1]])
        its_piece = np.maximum.accumulate(np.where(best < earlier, pieces, 0))
        stays = (part * length >= before * length - BACKWARDS_M) & (best < earlier)
        back[i] = np.where(stays, pieces, np.concatenate([[0], its_piece[:-1]]))
        best = np.where(stays, best, earlier) + off
        before = part
    if not np.isfinite(best.min()):
        return None
    found = np.zeros(len(px))
    piece = int(best.argmin())
    for i in range(len(px) - 1, -1, -1):
        part, off = nearest(i)
        if off[piece] > OFF_LINE_M**2:
            return None
        found[i] = begin[piece] + part[piece] * length[piece]
        piece = int(back[i, piece])
    found = np.maximum.accumulate(found)
    return np.asarray(found - found[0])


def _plane(lat: Float, lon: Float, middle_lat: float) -> tuple[Float, Float]:
    """Metres on a plane that touches the Earth near the line."""
    scale = np.radians(1.0) * EARTH_RADIUS_M
    return lon * scale * np.cos(np.radians(middle_lat)), lat * scale


def fill_from_shapes(
    table: Table, trips: pd.DataFrame, stop_times: pd.DataFrame, stops: pd.DataFrame, notices: Notices
) -> Float:
    """Return metres along the way for the trips that have a line and no distances: float64 [N], ``dist_m`` elsewhere.

    Parameters
    ----------
    table : Table
        ``shapes.txt``.
    trips, stop_times, stops : DataFrame
        As in :class:`~zemsim.region.gtfs.feed.Gtfs`, ``stop_times`` with ``stop_idx``.
    notices : Notices
        Is told how many trips were laid on their line, and how many do not lie on it.
    """
    dist = stop_times["dist_m"].to_numpy(np.float64).copy()
    trip = stop_times["trip_idx"].to_numpy()
    ids = trips["shape_id"].tolist()
    bounds = np.searchsorted(trip, np.arange(len(trips) + 1))
    lacking = [i for i in range(len(trips)) if ids[i] and bounds[i] < bounds[i + 1] and np.isnan(dist[bounds[i]])]
    if not lacking or table.missing:
        return dist
    shapes = lines_of(table, {ids[i] for i in lacking})
    stop = stop_times["stop_idx"].to_numpy()
    lat, lon = stops["stop_lat"].to_numpy(), stops["stop_lon"].to_numpy()
    known: dict[tuple[str, bytes], Float | None] = {}
    laid, off = 0, []
    for i in lacking:
        rows = stop[bounds[i] : bounds[i + 1]]
        key = (ids[i], rows.tobytes())
        if key not in known:
            known[key] = along_m(*shapes[ids[i]], lat[rows], lon[rows])
        found = known[key]
        if found is None:
            off.append(trips["trip_id"].iloc[i])
        else:
            dist[bounds[i] : bounds[i + 1]] = found
            laid += 1
    notices.add("gtfs.laid_on_shape", "trip whose lengths are those of its line in shapes.txt", laid)
    notices.add(
        "gtfs.off_shape",
        "trip with a stop over 500 m from its line, the line is not used",
        len(off),
        sorted(off)[:EXAMPLES],
    )
    return dist
