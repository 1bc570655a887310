"""Connection Scan in lanes against the slow twin, the rounds of RAPTOR, and itself with other lanes and threads."""

from __future__ import annotations

import os
import zipfile
from importlib import resources
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from tests.properties.test_raptor import Feed, feeds, walks_of
from tests.reference.connection_scan import earliest_arrivals as slow_arrivals
from tests.reference.raptor import FARES, NEVER, Trip, timetable
from zemsim.core.names import DayType
from zemsim.kernels.connection_scan import Access, ConnectionNetwork, earliest_arrivals
from zemsim.kernels.raptor import UNREACHED, RaptorNetwork, profile_arrivals
from zemsim.kernels.vectors import LANES
from zemsim.travel.timetable import Timetable
from zemsim.travel.transit_network import connections, layered_network, plain_network

ZEMGALE = Path(str(resources.files("zemsim.region"))) / "packs" / "zemgale" / "gtfs"
#: Folder or zip of a real feed for the test that is asked for by name.
FEED = os.environ.get("ZEMSIM_TEST_GTFS", "")


def rows(lanes: NDArray[np.int32], queries: int) -> NDArray[np.int32]:
    """Lanes as one row per query."""
    return np.ascontiguousarray(lanes.transpose(0, 2, 1)).reshape(-1, lanes.shape[1])[:queries]


def rounds_until_still(net: RaptorNetwork, origin: int, departs: NDArray[np.int32], change_s: int) -> NDArray[np.int32]:
    """Arrivals by RAPTOR with so many boardings that twice as many improve nothing."""
    boardings, before = 4, profile_arrivals(net, origin, departs, 4, change_s)
    while True:
        boardings *= 2
        found = profile_arrivals(net, origin, departs, boardings, change_s)
        if (found == before).all():
            return found
        before = found


@settings(max_examples=100)
@given(feeds(), st.sampled_from([0, 1, 120]), st.sampled_from([900, 5400, UNREACHED // 2]), st.data())
def test_arrivals_equal_the_slow_twin(feed: Feed, change_s: int, horizon_s: int, data: st.DataObject) -> None:
    """Lanes of mixed origins and times, some the same; with and without access walks; with ends of the horizon.

    The first query stands there some times more, so that the others lie anywhere in one block of lanes or two.
    """
    points, trips = feed
    table = timetable(points, trips)
    n = len(points)
    times = st.integers(58, 86).map(lambda k: k * 300)
    queries = data.draw(st.lists(st.tuples(st.integers(0, n - 1), times), min_size=1, max_size=18))
    more = data.draw(st.integers(0, LANES))
    access = None
    starts = [[(stop, 0)] for stop in range(n)]
    if data.draw(st.booleans()):
        one = st.tuples(st.integers(0, n - 1), st.sampled_from([0, 60, 300]))
        starts = data.draw(st.lists(st.lists(one, max_size=3), min_size=n, max_size=n))
        offset = np.concatenate([[0], np.cumsum([len(s) for s in starts])]).astype(np.int32)
        flat = np.array([pair for s in starts for pair in s], np.int32).reshape(-1, 2)
        access = Access(offset, np.ascontiguousarray(flat[:, 0]), np.ascontiguousarray(flat[:, 1]))
    net = connections(plain_network(table, DayType.WEEKDAY))
    asked = queries[:1] * more + queries
    origin, depart = (np.array([q[i] for q in asked], np.int32) for i in (0, 1))
    found = rows(earliest_arrivals(net, origin, depart, change_s, horizon_s, access), len(asked))
    assert (found[:more] == found[more]).all()
    found = found[more:]
    for query, (start, when) in enumerate(queries):
        ready: dict[int, int] = {}
        for stop, walk in starts[start]:
            ready[stop] = min(ready.get(stop, NEVER), when + walk)
        slow = slow_arrivals(trips, walks_of(table), ready, change_s)
        for stop in range(n):
            want = slow.get(stop, NEVER)
            assert found[query, stop] == (want if want <= when + horizon_s else UNREACHED)


@settings(max_examples=60)
@given(feeds(), st.sampled_from([0, 120]))
def test_arrivals_equal_raptor_with_layers_by_mode(feed: Feed, change_s: int) -> None:
    network = layered_network(timetable(*feed), DayType.WEEKDAY)
    departs = np.arange(86, 57, -2, dtype=np.int32) * 300
    for origin in range(len(feed[0])):
        lanes = earliest_arrivals(connections(network), np.full(len(departs), origin), departs, change_s)
        assert (rows(lanes, len(departs)) == rounds_until_still(network, origin, departs, change_s)).all()


def test_overtaking_trips_loops_and_times_after_midnight() -> None:
    """A slow trip that a quick one overtakes; a loop through its first stop; a ride that ends at 25:00."""
    h = 3600
    trips = [
        Trip(0, False, (0, 1, 2), (6 * h, 7 * h, 9 * h), (6 * h, 7 * h, 9 * h)),
        Trip(0, False, (0, 1, 2), (6 * h + 60, 6 * h + 600, 7 * h), (6 * h + 60, 6 * h + 600, 7 * h)),
        Trip(1, False, (0, 3, 0, 4), (8 * h, 9 * h, 10 * h, 11 * h), (8 * h, 9 * h, 10 * h, 11 * h)),
        Trip(2, False, (4, 5), (23 * h, 25 * h), (23 * h, 25 * h)),
    ]
    table = timetable([(i * 5000.0, 0.0) for i in range(6)], trips)
    assert table.n_patterns == 4
    net = connections(plain_network(table, DayType.WEEKDAY))
    found = rows(earliest_arrivals(net, np.array([0, 0]), np.array([6 * h, 8 * h]), 120), 2)
    assert found[0].tolist() == [10 * h, 6 * h + 600, 7 * h, 9 * h, 11 * h, 25 * h]
    assert found[1].tolist() == [10 * h, UNREACHED, UNREACHED, 9 * h, 11 * h, 25 * h]


def test_a_line_that_is_of_no_use_from_some_stop_on_is_of_use_before_and_after() -> None:
    """A slow line beside a quick one: it gains nothing beyond stop 1, and all again for who boards it at stop 3.

    The slow trips of 8:05 and 8:35 are closed behind stop 1 by the quick one of 8:00, which does not stop at 3.
    """
    h, m = 3600, 60
    slow = [
        Trip(0, False, (0, 1, 2, 3, 4), *(2 * (tuple(t + k * m for k in (0, 20, 40, 60, 80)),)))
        for t in (8 * h + 5 * m, 8 * h + 35 * m)
    ]
    quick = Trip(1, False, (0, 1, 2, 4), *(2 * (tuple(8 * h + k * m for k in (0, 5, 10, 15)),)))
    table = timetable([(i * 5000.0, 0.0) for i in range(5)], [*slow, quick])
    net = connections(plain_network(table, DayType.WEEKDAY))
    origin = np.array([0, 1, 2, 3, 0, 3], np.int32)
    depart = np.array([480, 480, 480, 480, 490, 550], np.int32) * m
    found = (rows(earliest_arrivals(net, origin, depart, 120), 6) // m - 480).tolist()
    never = UNREACHED // m - 480
    assert found[0] == [never, 5, 10, 65, 15]
    assert found[1] == [never, never, 10, 65, 15]
    assert found[2] == [never, never, never, 65, 15]
    assert found[3] == [never, never, never, never, 85]
    assert found[4] == [never, 55, 75, 95, 115]
    assert found[5] == [never, never, never, never, 115]


def test_a_stop_that_was_reached_earlier_does_not_end_the_walks() -> None:
    """Off at stop 2, 400 m from stop 1, where everybody has been before, and from stop 3, where the next leaves."""
    h, m = 3600, 60
    first, second = (8 * h, 8 * h + 10 * m, 8 * h + 20 * m), (9 * h, 9 * h + 30 * m)
    trips = [Trip(0, False, (0, 1, 2), first, first), Trip(1, False, (3, 4), second, second)]
    points = [(0.0, 0.0), (9000.0, 400.0), (9000.0, 0.0), (9000.0, -400.0), (30_000.0, 0.0)]
    net = connections(plain_network(timetable(points, trips), DayType.WEEKDAY))
    found = rows(earliest_arrivals(net, np.array([0]), np.array([8 * h]), 120), 1)
    assert found[0].tolist() == [UNREACHED, *first[1:], UNREACHED, second[1]]


def test_a_second_that_is_scanned_again_does_not_swallow_the_next() -> None:
    """Rides of no length at 7:00:00, the later one first in the timetable; a lane that comes at 7:00:01."""
    t = 7 * 3600
    trips = [
        Trip(0, False, (1, 2), (t, t), (t, t)),
        Trip(1, False, (0, 1), (t, t), (t, t)),
        Trip(2, False, (0, 3), (t + 1, t + 9), (t + 1, t + 9)),
    ]
    net = connections(plain_network(timetable([(i * 9000.0, 0.0) for i in range(4)], trips), DayType.WEEKDAY))
    found = rows(earliest_arrivals(net, np.array([0, 0], np.int32), np.array([t, t + 1], np.int32), 0), 2)
    assert found.tolist() == [[UNREACHED, t, t, t + 9], [UNREACHED, UNREACHED, UNREACHED, t + 9]]


def test_who_cannot_leave_does_not_keep_others_waiting() -> None:
    """Lanes at a stop without departures, after the last one, or without a stop to walk to."""
    h = 3600
    table = timetable([(0.0, 0.0), (9000.0, 0.0)], [Trip(0, False, (0, 1), (7 * h, 8 * h), (7 * h, 8 * h))])
    net = connections(plain_network(table, DayType.WEEKDAY))
    access = Access(*(np.array(part, np.int32) for part in ([0, 1, 2, 2], [0, 1], [60, 0])))
    found = rows(earliest_arrivals(net, np.array([0, 0, 1, 2]), np.array([6, 7, 6, 6]) * h, 0, 2 * h, access), 4)
    assert found.tolist() == [[UNREACHED, 8 * h], [UNREACHED] * 2, [UNREACHED] * 2, [UNREACHED] * 2]


def test_no_service_no_queries_and_one_stop() -> None:
    empty = timetable([(0.0, 0.0), (9000.0, 0.0)], [Trip(0, False, (0, 1), (7, 9), (7, 9))])
    net = connections(plain_network(empty, DayType.WEEKEND))
    assert net.depart_s.size == 0
    assert (earliest_arrivals(net, np.array([0]), np.array([0]), 0) == UNREACHED).all()
    assert earliest_arrivals(net, np.array([], np.int32), np.array([], np.int32), 0).shape == (0, 2, 32)
    alone = connections(plain_network(timetable([(0.0, 0.0)], []), DayType.WEEKDAY))
    assert (earliest_arrivals(alone, np.array([0]), np.array([0]), 0) == UNREACHED).all()


def test_wrong_queries_are_refused() -> None:
    table = timetable([(0.0, 0.0), (9000.0, 0.0)], [Trip(0, False, (0, 1), (7, 9), (7, 9))])
    net = connections(plain_network(table, DayType.WEEKDAY))
    zero, one = np.array([0]), np.array([1])
    quarter = UNREACHED // 4
    for wrong in (
        (np.array([0, 2]), np.array([0, 0]), 0),
        (np.array([-1]), zero, 0),
        (zero, np.array([-1]), 0),
        (zero, np.array([quarter]), 0),
        (zero, one, -1),
        (zero, one, quarter),
    ):
        with pytest.raises(ValueError, match=r"must|not one of"):
            earliest_arrivals(net, *wrong)
    with pytest.raises(ValueError, match="same length"):
        earliest_arrivals(net, np.array([0, 1]), zero, 0)
    with pytest.raises(ValueError, match="horizon"):
        earliest_arrivals(net, zero, zero, 0, -1)


def compare_with_raptor(table: Timetable, origins: list[int], departs: NDArray[np.int32]) -> float:
    """Every label of every query equals RAPTOR run until no round improves; return the share of reached labels."""
    change_s, reached = int(table.rules.transit_min_transfer_s), []
    for day in DayType:
        network = plain_network(table, day)
        net: ConnectionNetwork = connections(network)
        origin, times = np.repeat(origins, len(departs)), np.tile(departs, len(origins))
        lanes = [earliest_arrivals(net, origin, times, change_s, threads=threads) for threads in (1, 2)]
        assert lanes[0].tobytes() == lanes[1].tobytes()
        found = rows(lanes[0], len(origin)).reshape(len(origins), len(departs), -1)
        for i, start in enumerate(origins):
            assert (found[i] == rounds_until_still(network, start, departs, change_s)).all()
        by_time = np.argsort(times, kind="stable")
        other = rows(earliest_arrivals(net, origin[by_time], times[by_time], change_s), len(origin))
        assert (other == found.reshape(len(origin), -1)[by_time]).all()
        reached.append((found < UNREACHED).mean())
    return float(np.mean(reached))


def test_every_label_of_the_zemgale_pack_equals_raptor() -> None:
    table = Timetable.from_gtfs(ZEMGALE, FARES)
    origins = list(range(0, len(table.stops), 37))
    share = compare_with_raptor(table, origins, np.arange(22 * 3600, 5 * 3600, -1740, dtype=np.int32))
    assert share > 0.5


@pytest.mark.skipif(not FEED, reason="no feed named in ZEMSIM_TEST_GTFS")
def test_every_label_of_a_named_feed_equals_raptor(tmp_path: Path) -> None:
    folder = Path(FEED)
    if zipfile.is_zipfile(folder):
        with zipfile.ZipFile(folder) as archive:
            archive.extractall(tmp_path)
        folder = tmp_path
    table = Timetable.from_gtfs(folder, FARES)
    origins = list(range(0, len(table.stops), max(1, len(table.stops) // 40)))
    assert compare_with_raptor(table, origins, np.arange(22 * 3600, 5 * 3600, -1020, dtype=np.int32)) > 0.1
