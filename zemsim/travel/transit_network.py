"""From the timetable to the arrays of the search: layers by mode, boarding lists, walks between stops."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import cKDTree

from zemsim.core.names import DayType
from zemsim.kernels.connection_profiles import ProfileNetwork
from zemsim.kernels.connection_scan import ConnectionNetwork
from zemsim.kernels.raptor import RaptorNetwork
from zemsim.kernels.transit_skim import UsefulRules
from zemsim.travel.timetable import Timetable


def foot_links(timetable: Timetable) -> tuple[NDArray[np.int32], NDArray[np.int32], NDArray[np.int32]]:
    """Return walks between different stops as ``from, to`` rows and whole seconds (rounded up), sorted.

    Walks are those by distance; what the feed gives for a pair of stops goes before, a change that it forbids is none.
    """
    points = timetable.stops[["x_m", "y_m"]].to_numpy(np.float64)
    pairs = cKDTree(points).query_pairs(timetable.rules.transit_transfer_walk_m, output_type="ndarray")
    pairs = pairs.astype(np.int64).reshape(-1, 2)
    both = np.concatenate([pairs, pairs[:, ::-1]])
    both = both[np.lexsort((both[:, 1], both[:, 0]))]
    length_m = np.hypot(*(points[both[:, 0]] - points[both[:, 1]]).T)
    seconds = np.ceil(length_m * timetable.rules.walk_s_per_m - 1e-9).astype(np.int32)
    start, end = both[:, 0].astype(np.int32), both[:, 1].astype(np.int32)
    return (start, end, seconds) if timetable.walks is None else _with_given(start, end, seconds, timetable)


def _with_given(
    start: NDArray[np.int32], end: NDArray[np.int32], seconds: NDArray[np.int32], timetable: Timetable
) -> tuple[NDArray[np.int32], NDArray[np.int32], NDArray[np.int32]]:
    """Put the walks of the feed in the place of those by distance."""
    given = timetable.walks
    assert given is not None
    size = len(timetable.stops)
    taken = np.isin(start.astype(np.int64) * size + end, given.from_stop.astype(np.int64) * size + given.to_stop)
    kept, possible = ~taken, given.walk_s >= 0
    start = np.concatenate([start[kept], given.from_stop[possible]])
    end = np.concatenate([end[kept], given.to_stop[possible]])
    seconds = np.concatenate([seconds[kept], given.walk_s[possible]])
    order = np.lexsort((end, start))
    return start[order], end[order], seconds[order]


def plain_network(timetable: Timetable, day: DayType) -> RaptorNetwork:
    """Return the network of one day type without layers: nodes are the stops."""
    stops = timetable.pattern_stops
    return _network(timetable, day, [(course, course) for course in stops], list(range(len(stops))), 1)


def layered_network(timetable: Timetable, day: DayType) -> RaptorNetwork:
    """Return the network with two layers: by bus only (nodes 0 to S - 1) and with a train (S to 2 S - 1).

    A train leads from either layer to the second, a bus stays in its layer.
    """
    size = len(timetable.stops)
    train = timetable.is_train()
    shift = np.int32(size)
    first = [(course, course + shift if train[k] else course) for k, course in enumerate(timetable.pattern_stops)]
    second = [(course + shift, course + shift) for course in timetable.pattern_stops]
    plain = list(range(timetable.n_patterns))
    return _network(timetable, day, first + second, plain + plain, 2)


def connections(network: RaptorNetwork) -> ConnectionNetwork:
    """Return the rides from stop to stop of a network, sorted by departure, position in the trip, trip.

    Trips are numbered pattern after pattern.
    """
    rides = np.maximum(np.diff(network.stop_offset) - 1, 0).astype(np.int64)
    trips = network.n_trips.astype(np.int64)
    pattern = np.repeat(np.arange(len(rides), dtype=np.int64), rides * trips)
    rank = np.arange(len(pattern)) - _offsets64(rides * trips)[pattern]
    pos, trip = rank // np.maximum(trips[pattern], 1), rank % np.maximum(trips[pattern], 1)
    here = network.time_offset[pattern] + pos * trips[pattern] + trip
    depart, arrive = network.depart_s[here], network.arrive_s[here + trips[pattern]]
    trip += _offsets64(trips)[pattern]
    order, by_trip = np.lexsort((trip, pos, depart)), np.lexsort((pos, trip))
    stop = network.stop_offset[pattern] + pos
    board, alight = network.board_node[stop], network.alight_node[stop + 1]
    last_depart_s = np.full(network.n_nodes, -1, np.int32)
    np.maximum.at(last_depart_s, board, depart)
    return ConnectionNetwork(
        network.n_nodes,
        int(trips.sum()),
        len(rides),
        depart[order],
        arrive[order],
        board[order],
        alight[order],
        trip[order].astype(np.int32),
        pattern[order].astype(np.int32),
        pos[order].astype(np.int32),
        np.append(0, np.cumsum(np.repeat(rides, trips))).astype(np.int32),
        arrive[by_trip],
        alight[by_trip],
        last_depart_s,
        network.foot_offset,
        network.foot_node,
        network.foot_s,
    )


def profile_network(
    network: RaptorNetwork, n_plain: int, rules: UsefulRules, n_places: int | None = None
) -> ProfileNetwork:
    """Return the connections of a network with the events that follow from them, and the labels into each node.

    Parameters
    ----------
    network : RaptorNetwork
        With patterns ``0 .. n_plain`` once or more (layers).
    n_plain : int
        Patterns without layers.
    rules : UsefulRules
        Most vehicles, time and penalty of a change.
    n_places : int, optional
        Nodes that are stops; all if None. No journey ends at the others.
    """
    n_places = network.n_nodes if n_places is None else n_places
    net = connections(network)
    ride = np.arange(net.depart_s.size, dtype=np.int64)
    walks = np.diff(net.foot_offset)[net.to_node]
    walked = np.repeat(ride, walks)
    edge = np.arange(len(walked)) - _offsets64(walks.astype(np.int64))[walked] + net.foot_offset[net.to_node][walked]
    event_ride = np.concatenate([ride, walked])
    node = np.concatenate([net.to_node, net.foot_node[edge]])
    walk_s = np.concatenate([np.zeros(len(ride), np.int32), net.foot_s[edge]])
    at = net.arrive_s[event_ride].astype(np.int64) + walk_s + rules.min_transfer_s
    order = np.lexsort((node, event_ride, at))
    vehicle = np.repeat(np.arange(rules.boardings, dtype=np.int64), len(ride))
    into = np.tile(net.to_node, rules.boardings)
    value_s = np.tile(net.arrive_s, rules.boardings) + vehicle * rules.transfer_penalty_s
    label = np.flatnonzero(into < n_places)
    into, value_s = into[label], value_s[label]
    by_value = np.lexsort((label, value_s, into))
    stop = network.stop_offset[net.pattern] + net.pos
    return ProfileNetwork(
        net.n_nodes,
        net.n_trips,
        net.depart_s,
        net.arrive_s,
        net.from_node,
        net.trip,
        net.pattern % np.int32(max(n_plain, 1)),
        net.pos,
        network.dist_m[stop],
        network.dist_m[stop + 1],
        event_ride[order].astype(np.int32),
        node[order].astype(np.int32),
        walk_s[order].astype(np.int32),
        np.searchsorted(at[order], net.depart_s, side="right").astype(np.int32),
        _offsets(into, net.n_nodes),
        label[by_value].astype(np.int32),
        value_s[by_value].astype(np.int32),
    )


def _network(
    timetable: Timetable,
    day: DayType,
    courses: list[tuple[NDArray[np.int32], NDArray[np.int32]]],
    plain: list[int],
    layers: int,
) -> RaptorNetwork:
    """Arrays of the patterns in ``courses``: nodes to board and to alight, with the times of the plain patterns.

    Where one may not get off, a pattern leads to a node from which nothing leads on, and where one may not get on it
    leaves from one to which nothing leads; these two nodes follow the stops, in timetables that need them.
    """
    n_nodes = len(timetable.stops) * layers
    times = timetable.times[int(day)]
    sizes = np.array([item.arrive_s.size for item in times], np.int64)
    start = np.concatenate([[0], np.cumsum(sizes)])
    lengths = np.array([len(board) for board, _ in courses], np.int32)
    offset = np.concatenate([[0], np.cumsum(lengths)]).astype(np.int32)
    board, alight = (_joined([course[i] for course in courses], np.int32) for i in (0, 1))
    if timetable.pattern_calls:
        calls = _joined([timetable.pattern_calls[k] for k in plain], np.int8)
        alight[calls & 2 == 0] = n_nodes
        board[calls & 1 == 0] = n_nodes + 1
        n_nodes += 2
    pattern = np.repeat(np.arange(len(courses), dtype=np.int32), lengths)
    pos = (np.arange(len(board)) - offset[:-1][pattern]).astype(np.int32)
    may_board = pos < lengths[pattern] - 1
    nodes, patterns, positions = board[may_board], pattern[may_board], pos[may_board]
    order = np.lexsort((positions, patterns, nodes))
    foot = _layered_foot(timetable, layers, n_nodes)
    return RaptorNetwork(
        n_nodes,
        offset,
        board,
        alight,
        _joined([timetable.pattern_dist_m[k] for k in plain], np.float64),
        np.array([times[k].arrive_s.shape[1] for k in plain], np.int32),
        start[np.array(plain, np.int64)],
        _joined([item.arrive_s.ravel() for item in times], np.int32),
        _joined([item.depart_s.ravel() for item in times], np.int32),
        _offsets(nodes, n_nodes),
        patterns[order],
        positions[order],
        *foot,
    )


def _layered_foot(
    timetable: Timetable, layers: int, n_nodes: int
) -> tuple[NDArray[np.int32], NDArray[np.int32], NDArray[np.int32]]:
    size = len(timetable.stops)
    start, end, seconds = foot_links(timetable)
    starts = np.concatenate([start + np.int32(size * layer) for layer in range(layers)])
    ends = np.concatenate([end + np.int32(size * layer) for layer in range(layers)])
    return _offsets(starts, n_nodes), ends, np.tile(seconds, layers)


def _joined(parts: list[NDArray[Any]], dtype: type) -> NDArray[Any]:
    return np.concatenate(parts).astype(dtype) if parts else np.empty(0, dtype)


def _offsets(nodes: NDArray[np.int32], n_nodes: int) -> NDArray[np.int32]:
    return np.concatenate([[0], np.cumsum(np.bincount(nodes, minlength=n_nodes))]).astype(np.int32)


def _offsets64(counts: NDArray[np.int64]) -> NDArray[np.int64]:
    return np.asarray(np.cumsum(counts) - counts, np.int64)
