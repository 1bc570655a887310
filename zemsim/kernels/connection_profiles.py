"""Departure profiles by public transport: Connection Scan by number of vehicles, thirty-two origins at once.

For every ride of the day: the latest departure from the origin with which one can be on it, for each of the origins in
lanes. One scan of the connections does this for all departures of a window together; the next scan, for one
vehicle more, reads what the one before has written. So a journey is known by departure, arrival and vehicles, and no
later departure arrives as early with as few vehicles.

Source: Dibbelt, Pajor, Strasser, Wagner, Connection Scan Algorithm, ACM Journal of Experimental Algorithmics 23, 2018
(profiles); here forward in time, with vehicles counted by scans. When one is ready to board after a ride, with the
change and the walk, does not depend on the origin: these *events* are sorted once for all. Walks never chain.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numba import njit
from numpy.typing import NDArray

from zemsim.kernels.connection_scan import first_from
from zemsim.kernels.lean import LEAN
from zemsim.kernels.vectors import choose, equal, less, load, splat, store, vector_rows


class ProfileNetwork(NamedTuple):
    """Connections of one day type, and what follows from each. Axes: C connections, E events, N nodes, R vehicles.

    Connections are sorted by departure, position in the trip, trip. Events (one can board at a node after a connection)
    are sorted by time; ``upto[c]`` of them come no later than the departure of c. Label ``r C + c`` belongs to
    connection c as the ride with the vehicle r (0 the first); ``into_label`` lists those into each node by
    ``into_value_s``: the arrival, later by a penalty for each change.
    """

    n_nodes: int
    n_trips: int
    depart_s: NDArray[np.int32]
    arrive_s: NDArray[np.int32]
    from_node: NDArray[np.int32]
    trip: NDArray[np.int32]
    plain_pattern: NDArray[np.int32]
    pos: NDArray[np.int32]
    from_m: NDArray[np.float64]
    to_m: NDArray[np.float64]
    event_ride: NDArray[np.int32]
    event_node: NDArray[np.int32]
    event_walk_s: NDArray[np.int32]
    upto: NDArray[np.int32]
    into_offset: NDArray[np.int32]
    into_label: NDArray[np.int32]
    into_value_s: NDArray[np.int32]


class Labels(NamedTuple):
    """Who can be on each ride: the row of a record by label, -1 where nobody.

    Records are rows of lanes: departure from the origin (-1 no journey), connection where the vehicle was boarded,
    event before it. A new one is made where somebody who left later boards; ``n_records`` holds their number.
    """

    record: Any
    depart_s: Any
    boarded: Any
    event: Any
    n_records: Any


class ScanRows(NamedTuple):
    """What a scan works on: rows of lanes by node of who is ready to board, the record of each trip."""

    ready: Any
    ready_event: Any
    node_known: Any
    trip_record: Any


def new_profile_labels(n_labels: int) -> Any:
    """Allocate the labels of a network; there are never more records than labels."""
    rows = (vector_rows(n_labels), vector_rows(n_labels), vector_rows(n_labels))
    return Labels(np.empty(n_labels, np.int32), *rows, np.zeros(1, np.int32))


def new_scan_rows(n_nodes: int, n_trips: int) -> Any:
    """Allocate what a scan works on."""
    known = np.zeros(n_nodes, np.uint8)
    return ScanRows(vector_rows(n_nodes), vector_rows(n_nodes), known, np.empty(n_trips, np.int32))


def happen(net: Any, labels: Any, rows: Any, before: int, event: int, upto: int) -> None:
    """Let the events ``event .. upto`` make travellers ready; ``before``: first label of the vehicle before."""
    for e in range(event, upto):
        record = labels.record[before + net.event_ride[e]]
        if record < 0:
            continue
        node = net.event_node[e]
        found = load(labels.depart_s, record)
        if rows.node_known[node] == 0:
            rows.node_known[node] = 1
            store(rows.ready, node, found)
            store(rows.ready_event, node, splat(e))
            continue
        have = load(rows.ready, node)
        later = less(have, found)
        if later != 0:
            store(rows.ready, node, choose(later, found, have))
            store(rows.ready_event, node, choose(later, splat(e), load(rows.ready_event, node)))


def board(labels: Any, rows: Any, trip: int, c: int, node: int, found: Any) -> None:
    """Let those of ``found`` board who left the origin later than who is on board."""
    have, boarded, event = splat(-1), splat(-1), splat(-1)
    record = rows.trip_record[trip]
    if record >= 0:
        have, boarded, event = load(labels.depart_s, record), load(labels.boarded, record), load(labels.event, record)
    later = less(have, found)
    if later != 0:
        record = labels.n_records[0]
        labels.n_records[0] = record + 1
        rows.trip_record[trip] = record
        store(labels.depart_s, record, choose(later, found, have))
        store(labels.boarded, record, choose(later, splat(c), boarded))
        store(labels.event, record, choose(later, load(rows.ready_event, node), event))


def scan_window(
    net: Any, labels: Any, rows: Any, vehicle: int, first: int, start_s: int, end_s: int, n_stops: int, origins: Any,
    is_origin: Any,
) -> int:  # fmt: skip
    """Fill the labels of one vehicle for departures in ``start_s .. end_s``; return how many have a journey.

    Nodes are stops ``0 .. n_stops``, and those again for each further layer. ``origins``: one row of lanes with the
    origins (stops, -1 for none); ``is_origin`` by node, in all layers. The labels of the window begin at ``first``.
    Vehicle 0 is boarded at the origin in the first layer, the moment it leaves; the others after an event, never at the
    origin: who comes back there could have waited.
    """
    size = net.depart_s.size
    here = first + vehicle * size
    filled = 0
    for i in range(net.n_nodes):
        rows.node_known[i] = 0
    for i in range(net.n_trips):
        rows.trip_record[i] = -1
    begin = first_from(net.depart_s, start_s)
    event: Any = net.upto[begin - 1] if begin > 0 else np.int32(0)
    for c in range(begin):
        labels.record[here + c] = -1
    for c in range(begin, size):
        node = net.from_node[c]
        trip = net.trip[c]
        if vehicle > 0:
            upto = net.upto[c]
            if event < upto:
                happen(net, labels, rows, here - size, event, upto)
                event = upto
            if rows.node_known[node] != 0:
                found = load(rows.ready, node)
                if is_origin[node] != 0:
                    found = choose(equal(load(origins, 0), splat(node % n_stops)), splat(-1), found)
                board(labels, rows, trip, c, node, found)
        elif node < n_stops and is_origin[node] != 0 and net.depart_s[c] < end_s:
            mine = equal(load(origins, 0), splat(node))
            board(labels, rows, trip, c, node, choose(mine, splat(net.depart_s[c]), splat(-1)))
        labels.record[here + c] = rows.trip_record[trip]
        filled += rows.trip_record[trip] >= 0
    return filled


new_profile_labels = njit(cache=True, nogil=True)(new_profile_labels)
new_scan_rows = njit(cache=True, nogil=True)(new_scan_rows)
happen = njit(cache=True, nogil=True, **LEAN)(happen)
board = njit(cache=True, nogil=True, **LEAN)(board)
scan_window = njit(cache=True, nogil=True, **LEAN)(scan_window)
