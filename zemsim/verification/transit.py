"""Public transport against slow twins: small timetables at random, and the timetable of a region."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from zemsim.core.names import DayType
from zemsim.kernels.connection_scan import earliest_arrivals
from zemsim.kernels.raptor import UNREACHED, RaptorNetwork, profile_arrivals
from zemsim.travel.timetable import Timetable
from zemsim.travel.transit_network import connections, foot_links, plain_network
from zemsim.verification.numbers import Numbers
from zemsim.verification.twins import transit as twin
from zemsim.verification.verdicts import Check, none_differ

Int32 = NDArray[np.int32]
Walks = dict[int, list[tuple[int, int]]]

_FEEDS = 60
_BOARDINGS = 3
#: Queries on the timetable of a region: origins for the slow twin, origins and departures for the rounds.
_SLOW_ORIGINS, _ORIGINS, _DEPARTURES = 3, 24, 16


class SmallFeed(NamedTuple):
    """Trips and walks, as the twin wants them and as the kernels want them."""

    n_stops: int
    trips: list[twin.Trip]
    walks: Walks
    network: RaptorNetwork


def small_feed(numbers: Numbers) -> SmallFeed:
    """Few stops, few routes on a coarse grid of times, so that ties and rides of no length abound; walks at random."""
    n_stops = numbers.one(2, 7)
    trips: list[twin.Trip] = []
    courses, times = [], []
    for route in range(numbers.one(1, 4)):
        course = tuple(numbers.whole(0, n_stops - 1, numbers.one(2, 5)).tolist())
        steps = numbers.whole(0, 5, 2 * len(course)) * 60
        clock = np.cumsum(steps).reshape(-1, 2)
        starts = np.sort(numbers.whole(30, 42, numbers.one(1, 4))) * 600
        for start in starts.tolist():
            arrive, depart = (tuple((clock[:, i] + start).tolist()) for i in (0, 1))
            trips.append(twin.Trip(route, False, course, arrive, depart))
        courses.append(course)
        times.append((clock[:, 0][:, None] + starts, clock[:, 1][:, None] + starts))
    near = numbers.shares(n_stops * n_stops).reshape(n_stops, n_stops) < 0.25
    np.fill_diagonal(near, False)
    one, other = np.nonzero(near)
    seconds = numbers.whole(0, 6, one.size) * 60
    walks: Walks = {}
    for a, b, walk_s in zip(one.tolist(), other.tolist(), seconds.tolist(), strict=True):
        walks.setdefault(a, []).append((b, walk_s))
    foot = (_offsets(one, n_stops), other.astype(np.int32), seconds.astype(np.int32))
    return SmallFeed(n_stops, trips, walks, _network(n_stops, courses, times, foot))


def _offsets(nodes: NDArray[np.int64], n_nodes: int) -> Int32:
    return np.append(0, np.cumsum(np.bincount(nodes, minlength=n_nodes))).astype(np.int32)


def _network(
    n_stops: int,
    courses: list[tuple[int, ...]],
    times: list[tuple[NDArray[np.int64], NDArray[np.int64]]],
    foot: tuple[Int32, Int32, Int32],
) -> RaptorNetwork:
    """One pattern a course, times by position and trip."""
    lengths = [len(course) for course in courses]
    stops = np.concatenate([np.array(course, np.int32) for course in courses])
    pattern = np.repeat(np.arange(len(courses), dtype=np.int32), lengths)
    offset = np.append(0, np.cumsum(lengths)).astype(np.int32)
    pos = (np.arange(stops.size) - offset[:-1][pattern]).astype(np.int32)
    boards = pos < np.array(lengths)[pattern] - 1
    order = np.flatnonzero(boards)[np.argsort(stops[boards], kind="stable")]
    sizes = [arrive.size for arrive, _ in times]
    arrive_s, depart_s = (np.concatenate([part[i].ravel() for part in times]).astype(np.int32) for i in (0, 1))
    return RaptorNetwork(
        n_stops, offset, stops, stops, np.zeros(stops.size),
        np.array([arrive.shape[1] for arrive, _ in times], np.int32),
        np.append(0, np.cumsum(sizes))[:-1].astype(np.int64), arrive_s, depart_s,
        _offsets(stops[boards].astype(np.int64), n_stops), pattern[order], pos[order], *foot,
    )  # fmt: skip


def rows(lanes: Int32, queries: int) -> Int32:
    """Arrivals in lanes as one row per query, int32 [queries, N]."""
    return np.ascontiguousarray(lanes.transpose(0, 2, 1)).reshape(-1, lanes.shape[1])[:queries]


def rounds_until_still(network: RaptorNetwork, origin: int, departs_s: Int32, change_s: int) -> Int32:
    """Arrivals by rounds with so many vehicles that twice as many improve nothing; departures in falling order."""
    boardings, before = 4, profile_arrivals(network, origin, departs_s, 4, change_s)
    while True:
        boardings *= 2
        found = profile_arrivals(network, origin, departs_s, boardings, change_s)
        if np.array_equal(found, before):
            return found
        before = found


def checks(timetable: Timetable, change_s: int) -> Iterator[Check]:
    """Small timetables against twins; that of a region against the twin, and scans against rounds."""
    scans = rounds = compared = 0
    for case in range(_FEEDS):
        wrong_scan, wrong_rounds, labels = _small(Numbers(50_000 + case))
        scans, rounds, compared = scans + wrong_scan, rounds + wrong_rounds, compared + labels
    source = "all trips again and again in plain Python"
    yield none_differ("earliest arrivals by Connection Scan against a slow twin", scans, compared, source)
    yield none_differ("earliest arrivals by rounds (RAPTOR) against a slow twin", rounds, compared, source)
    yield from _region(timetable, change_s, source)


def _small(numbers: Numbers) -> tuple[int, int, int]:
    """How many arrivals of a small timetable differ: of scans, of rounds; and how many there are."""
    feed = small_feed(numbers)
    change_s = numbers.one(0, 2) * 60
    origins = np.arange(feed.n_stops, dtype=np.int32)
    departs = (numbers.whole(29, 43, feed.n_stops) * 600).astype(np.int32)
    scanned = rows(
        earliest_arrivals(connections(feed.network), origins, departs, change_s, UNREACHED // 2), origins.size
    )
    by_scan = by_rounds = 0
    for origin in range(feed.n_stops):
        depart = int(departs[origin])
        slow = twin.earliest_arrivals(feed.trips, feed.walks, {origin: depart}, change_s)
        few = twin.earliest(feed.trips, feed.walks, origin, depart, _BOARDINGS, change_s)
        found = profile_arrivals(feed.network, origin, departs[origin : origin + 1], _BOARDINGS, change_s)[0]
        for stop in range(feed.n_stops):
            by_scan += scanned[origin, stop] != slow.get(stop, UNREACHED)
            by_rounds += stop != origin and found[stop] != few.get((stop, False), UNREACHED)
    return int(by_scan), int(by_rounds), feed.n_stops**2


def trips_of(network: RaptorNetwork) -> list[twin.Trip]:
    """Every trip of a network of stops, as the twin wants them."""
    found = []
    for p in range(network.n_trips.size):
        first, last = network.stop_offset[p], network.stop_offset[p + 1]
        stops, count = tuple(network.board_node[first:last].tolist()), int(network.n_trips[p])
        cells = slice(network.time_offset[p], network.time_offset[p] + len(stops) * count)
        arrive, depart = (part[cells].reshape(len(stops), count) for part in (network.arrive_s, network.depart_s))
        found += [twin.Trip(p, False, stops, tuple(arrive[:, t]), tuple(depart[:, t])) for t in range(count)]
    return found


def _region(timetable: Timetable, change_s: int, source: str) -> Iterator[Check]:
    """A weekday of the region's timetable."""
    network = plain_network(timetable, DayType.WEEKDAY)
    scans = connections(network)
    chosen = Numbers(59_000).order(network.n_nodes).astype(np.int32)
    walks: Walks = {}
    for a, b, seconds in zip(*(part.tolist() for part in foot_links(timetable)), strict=True):
        walks.setdefault(a, []).append((b, seconds))
    trips, wrong, seven = trips_of(network), 0, 7 * 3600
    origins = chosen[:_SLOW_ORIGINS]
    found = rows(
        earliest_arrivals(scans, origins, np.full(origins.size, seven, np.int32), change_s, UNREACHED // 2),
        origins.size,
    )
    for query, origin in enumerate(origins.tolist()):
        slow = twin.earliest_arrivals(trips, walks, {origin: seven}, change_s)
        wrong += int((found[query] != [slow.get(stop, UNREACHED) for stop in range(network.n_nodes)]).sum())
    yield none_differ("the region's timetable by Connection Scan against a slow twin", wrong, found.size, source)
    departs = np.arange(6 * 3600, 6 * 3600 + _DEPARTURES * 900, 900, dtype=np.int32)
    wrong = compared = 0
    for origin in chosen[:_ORIGINS].tolist():
        at = np.full(departs.size, origin, np.int32)
        scanned = rows(earliest_arrivals(scans, at, departs, change_s, UNREACHED // 2, threads=2), departs.size)
        by_rounds = rounds_until_still(network, origin, departs[::-1].copy(), change_s)[::-1]
        wrong += int((np.delete(scanned != by_rounds, origin, 1)).sum())
        compared += scanned.size - departs.size
    yield none_differ("the region's timetable, scans against rounds until nothing improves", wrong, compared, "RAPTOR")
