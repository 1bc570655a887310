"""Times by public transport from zone to zone: at one departure, and over a window of them."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import cKDTree

from zemsim.core.names import DayType
from zemsim.kernels.connection_scan import Access, earliest_arrivals
from zemsim.kernels.raptor import UNREACHED
from zemsim.travel.stop_walks import StopWalks
from zemsim.travel.timetable import Timetable
from zemsim.travel.transit_network import connections, layered_network
from zemsim.travel.transit_profiles import DepartureProfile

Matrix = NDArray[np.float32]

#: Longest journey to the last stop, s.
HORIZON_S = 4 * 3600
#: Seconds from one departure of a window to the next.
STEP_S = 60
#: Queries that are held at once: bounds the memory, changes nothing.
_QUERIES = 2048


@dataclass(frozen=True, eq=False)
class ZoneStops:
    """Stops within walking distance of zones. Axes: Z zones, E entries, S stops.

    Attributes
    ----------
    offset : int32 [Z + 1]
        First entry of each zone; its stops rise.
    stop, walk_s : int32 [E]
        Row of the stop, and whole seconds of the walk (rounded up).
    n_stops : int
    """

    offset: NDArray[np.int32]
    stop: NDArray[np.int32]
    walk_s: NDArray[np.int32]
    n_stops: int

    @classmethod
    def near(cls, timetable: Timetable, points: NDArray[np.float64], walks: StopWalks | None) -> ZoneStops:
        """Find the stops of points: by the walking network, or without one by straight lines times the detour.

        Parameters
        ----------
        points : float64 [Z, 2]
            Centres of the zones, metres.
        walks : StopWalks or None
            Walks of these zones on the network.
        """
        rules, size = timetable.rules, len(timetable.stops)
        courses = zip(timetable.pattern_stops, timetable.is_train(), strict=True)
        stations = np.concatenate([np.zeros(0, np.int64), *(course for course, train in courses if train)])
        reach = max(rules.transit_access_bus_m, rules.transit_access_train_m) / rules.transit_walk_detour_ratio
        bus_reach = rules.transit_access_bus_m / rules.transit_walk_detour_ratio
        limit = np.where(np.isin(np.arange(size), stations), reach, bus_reach)
        near, metres = _ways(timetable, points, walks, reach)
        kept = [away <= limit[own] for own, away in zip(near, metres, strict=True)]
        stop = np.concatenate([np.zeros(0, np.int64), *(own[ok] for own, ok in zip(near, kept, strict=True))])
        away = np.concatenate([np.zeros(0), *(part[ok] for part, ok in zip(metres, kept, strict=True))])
        offset = np.concatenate([[0], np.cumsum([ok.sum() for ok in kept])]).astype(np.int32)
        return cls(offset, stop.astype(np.int32), np.ceil(away * rules.walk_s_per_m - 1e-9).astype(np.int32), size)

    @property
    def n_zones(self) -> int:
        """Number of zones."""
        return self.offset.size - 1


@dataclass(frozen=True)
class DepartureWindow:
    """Departures of every minute from ``start_min`` on, before ``end_min``, and the percentiles that are asked for."""

    start_min: int
    end_min: int
    percents: tuple[int, ...] = (50,)


@dataclass(frozen=True)
class WindowTimes:
    """Matrices float32 [Z, Z] by name, what they say, and how they came about."""

    matrices: Mapping[str, Matrix]
    meaning: Mapping[str, str]
    note: str


def times_at(
    timetable: Timetable, day: DayType, stops: ZoneStops, layers: tuple[int, ...], depart_s: int, threads: int = 1
) -> Matrix:
    """Return minutes from door to door of who leaves at a second, by the first arrival: float32 [Z, Z], inf = none.

    Parameters
    ----------
    layers : tuple of int
        0 by bus only, 1 with a train.
    """
    ready_s = np.array([depart_s], np.int32)
    parts = [part.travel_min()[:, 0] for part in _profiles(timetable, day, stops, layers, ready_s, threads)]
    return np.concatenate([np.zeros((0, stops.n_zones), np.float32), *parts])


def times_in_window(
    timetable: Timetable,
    day: DayType,
    stops: ZoneStops,
    layers: tuple[int, ...],
    window: DepartureWindow,
    threads: int = 1,
) -> WindowTimes:
    """Return percentiles of the minutes from door to door over the departures of a window.

    The time of who leaves at a minute runs from that minute to the first arrival, so it holds the wait for the vehicle.
    ``time_pP_min`` is the shortest time that at least P per cent of the departures do not exceed (the nearest rank);
    inf where fewer have a journey. ``served_share`` is the share of the departures that have one.

    Raises
    ------
    ValueError
        If the window is empty or a percentile does not lie in 1 to 100.
    """
    if not 0 <= window.start_min < window.end_min:
        raise ValueError(f"the window must not be empty: {window.start_min} to {window.end_min}")
    ready_s = np.arange(window.start_min * 60, window.end_min * 60, STEP_S, dtype=np.int32)
    percents = sorted(set(window.percents))
    parts: dict[str, list[Matrix]] = {**{f"time_p{percent}_min": [] for percent in percents}, "served_share": []}
    for profile in _profiles(timetable, day, stops, layers, ready_s, threads):
        for percent in percents:
            parts[f"time_p{percent}_min"].append(profile.percentile_min(percent))
        parts["served_share"].append(profile.served_share())
    when = f"from {clock(window.start_min)} to {clock(window.end_min)}"
    meaning = {
        f"time_p{percent}_min": f"from door to door: {percent} % of the departures {when} take no longer"
        for percent in percents
    }
    meaning["served_share"] = f"share of the departures {when} that have a journey of at most {HORIZON_S // 3600} h"
    matrices = {name: np.concatenate([np.zeros((0, stops.n_zones), np.float32), *part]) for name, part in parts.items()}
    return WindowTimes(matrices, meaning, f"percentiles: {ready_s.size} departures, one a minute, {when}")


def clock(minute: int) -> str:
    """Return a minute of the day as ``HH:MM``."""
    return f"{minute // 60:02d}:{minute % 60:02d}"


def _ways(
    timetable: Timetable, points: NDArray[np.float64], walks: StopWalks | None, reach: float
) -> tuple[list[NDArray[np.int64]], list[NDArray[np.float64]]]:
    """Stops that may be near each zone, rising, and what the way counts for in metres of straight line."""
    at = timetable.stops[["x_m", "y_m"]].to_numpy(np.float64)
    if walks is None:
        near = [np.array(sorted(found), np.int64) for found in cKDTree(at).query_ball_point(points, reach)]
        extra = [np.zeros(own.size) for own in near]
    else:
        parts = [slice(first, last) for first, last in itertools.pairwise(walks.offset)]
        near, extra = [walks.stop[part].astype(np.int64) for part in parts], [walks.extra_m[part] for part in parts]
    rows = zip(near, extra, points, strict=True)
    return near, [np.hypot(*(at[own] - point).T) + more for own, more, point in rows]


def _profiles(
    timetable: Timetable,
    day: DayType,
    stops: ZoneStops,
    layers: tuple[int, ...],
    ready_s: NDArray[np.int32],
    threads: int,
) -> Iterator[DepartureProfile]:
    """Profiles of the zones, some origins after others."""
    net = connections(layered_network(timetable, day))
    some = max(1, _QUERIES // ready_s.size)
    for first in range(0, stops.n_zones, some):
        origin = np.arange(first, min(first + some, stops.n_zones), dtype=np.int32)
        lanes = earliest_arrivals(
            net,
            np.repeat(origin, ready_s.size),
            np.tile(ready_s, origin.size),
            int(timetable.rules.transit_min_transfer_s),
            HORIZON_S,
            Access(stops.offset, stops.stop, stops.walk_s),
            threads,
        )
        arrive = _at_zones(lanes, stops, layers).transpose(0, 2, 1).reshape(-1, stops.n_zones)
        rows = arrive[: origin.size * ready_s.size].reshape(origin.size, ready_s.size, stops.n_zones)
        yield DepartureProfile(ready_s, rows)


def _at_zones(lanes: NDArray[np.int32], stops: ZoneStops, layers: tuple[int, ...]) -> NDArray[np.int32]:
    """Arrivals at zones from those at stops: lanes int32 [B, N, 32] become [B, Z, 32]."""
    out = np.full((lanes.shape[0], stops.n_zones, lanes.shape[2]), UNREACHED, np.int32)
    for zone, (first, last) in enumerate(itertools.pairwise(stops.offset)):
        if first == last:
            continue
        for layer in layers:
            nodes = stops.stop[first:last] + layer * stops.n_stops
            here = (lanes[:, nodes] + stops.walk_s[first:last, None]).min(axis=1)
            np.minimum(out[:, zone], here, out=out[:, zone])
    return out
