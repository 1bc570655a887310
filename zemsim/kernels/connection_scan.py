"""Earliest arrivals by public transport: Connection Scan for thirty-two queries at once.

Source: Dibbelt, Pajor, Strasser, Wagner, Connection Scan Algorithm, ACM Journal of Experimental Algorithmics 23, 2018.
A connection is a ride of one trip from one stop to the next. All are looked at once in the order of departure. Here
each lane is a query of its own, an origin with a time of departure: whole departure profiles of one origin, or many
origins at one time. Arrivals by vehicle and readiness to board (after a change or a walk) are separate labels, so walks
never chain.

Most connections change nothing, and are passed over by one number before a row of lanes is read:

* Lanes ride a trip to its end when they board it, so a connection only has to be boarded. A trip that everybody is on
  is done.
* By node, the earliest readiness and the latest arrival of any lane bound what a connection can improve. A trip is done
  when all stops ahead are reached earlier by everyone; then so is each later trip of its pattern from there on, for
  trips of a pattern do not overtake each other.

Rides of no length between changes of no length may need a connection that departs at the same second and stands
earlier: such seconds are scanned again until nothing improves.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numba import njit
from numpy.typing import NDArray

from zemsim.kernels.blocks import run_blocks
from zemsim.kernels.lean import LEAN
from zemsim.kernels.raptor import UNREACHED
from zemsim.kernels.vectors import (
    LANES,
    add,
    at_most,
    choose,
    highest,
    least,
    less,
    load,
    splat,
    store,
    vector_rows,
)

#: Blocks of lanes that a thread takes at once: fixed, so that threads change nothing.
BLOCK_ROWS = 1

#: What a ride has found: a stop ahead that some lane does not reach earlier; that one can board at this second.
OPEN, AGAIN = 1, 2


class ConnectionNetwork(NamedTuple):
    """Connections of one day type, sorted by departure, position in the trip, trip; walks as in ``RaptorNetwork``.

    Times are int32 seconds after midnight. ``pattern, pos`` name the ride: from position ``pos`` of the pattern to the
    next; trips are numbered pattern after pattern, in their order. ``trip_arrive_s, trip_to_node`` are the same rides
    trip after trip: those of trip t begin at ``trip_offset[t]``. ``last_depart_s`` is the last departure from each
    node, -1 where there is none.
    """

    n_nodes: int
    n_trips: int
    n_patterns: int
    depart_s: NDArray[np.int32]
    arrive_s: NDArray[np.int32]
    from_node: NDArray[np.int32]
    to_node: NDArray[np.int32]
    trip: NDArray[np.int32]
    pattern: NDArray[np.int32]
    pos: NDArray[np.int32]
    trip_offset: NDArray[np.int32]
    trip_arrive_s: NDArray[np.int32]
    trip_to_node: NDArray[np.int32]
    last_depart_s: NDArray[np.int32]
    foot_offset: NDArray[np.int32]
    foot_node: NDArray[np.int32]
    foot_s: NDArray[np.int32]


class Access(NamedTuple):
    """Where journeys from an origin may begin: nodes ``offset[o] .. offset[o + 1]`` with seconds of walking."""

    offset: NDArray[np.int32]
    node: NDArray[np.int32]
    walk_s: NDArray[np.int32]


class ScanLabels(NamedTuple):
    """What is known of the queries of one block.

    ``vehicle, ready``: rows of lanes by node, arrival by vehicle (before any is found, the first second that is too
    late; 0 in lanes that cannot leave) and readiness to board. ``early, late``: by node, the earliest readiness and the
    latest arrival of all lanes. ``on``: by trip, the lanes that have boarded it; ``done``: 1 if nobody has to board it
    any more. ``closed_trip, closed_pos``: by pattern, from which trip and position on nothing is gained.
    """

    vehicle: Any
    ready: Any
    early: Any
    late: Any
    on: Any
    done: Any
    closed_trip: Any
    closed_pos: Any


def first_from(depart_s: Any, second: int) -> int:
    """Return the first connection that departs at or after ``second``."""
    low = 0
    high = depart_s.size
    while low < high:
        middle = (low + high) // 2
        if depart_s[middle] < second:
            low = middle + 1
        else:
            high = middle
    return low


def ride(net: Any, c: Any, lanes: Any, second: int, change_s: int, labels: Any) -> int:
    """Take lanes (a mask) from connection c to the end of its trip; return ``OPEN``, ``AGAIN``, their sum, or 0.

    Rows are unsigned here and below: for signed ones compiled code asks each time whether they count from the end.
    """
    trip = np.uint32(net.trip[c])
    found = 0
    for k in range(np.uint64(net.trip_offset[trip] + net.pos[c]), np.uint64(net.trip_offset[trip + np.uint32(1)])):
        at = net.trip_arrive_s[k]
        node = np.uint32(net.trip_to_node[k])
        if at >= labels.late[node]:
            continue
        found |= OPEN
        before = load(labels.vehicle, node)
        earlier = lanes & less(splat(at), before)
        if earlier == 0:
            continue
        after = choose(earlier, splat(at), before)
        store(labels.vehicle, node, after)
        labels.late[node] = highest(after)
        if leave(net, node, earlier, at, change_s, labels) <= second:
            found |= AGAIN
    return found


def leave(net: Any, node: Any, lanes: Any, at: int, change_s: int, labels: Any) -> int:
    """Make lanes ready to board at a node and those in reach on foot; return the first second at which they are.

    Who walks to a stop where everybody arrives by vehicle before that is no earlier there.
    """
    soon = at + change_s
    first = soon
    from_now = choose(lanes, splat(soon), splat(UNREACHED))
    store(labels.ready, node, least(load(labels.ready, node), from_now))
    labels.early[node] = min(labels.early[node], soon)
    for e in range(np.uint64(net.foot_offset[node]), np.uint64(net.foot_offset[node + np.uint32(1)])):
        walk = net.foot_s[e]
        other = np.uint32(net.foot_node[e])
        if at + walk >= labels.late[other]:
            continue
        store(labels.ready, other, least(load(labels.ready, other), add(from_now, splat(walk))))
        labels.early[other] = min(labels.early[other], soon + walk)
        first = min(first, soon + walk)
    return first


def board(net: Any, c: Any, second: int, again: bool, change_s: int, everyone: Any, labels: Any) -> int:
    """Let the lanes that are ready board connection c, those on its trip too if ``again``; return what they find."""
    trip = np.uint32(net.trip[c])
    ready = at_most(load(labels.ready, net.from_node[c]), splat(second))
    aboard = labels.on[trip]
    fresh = ready if again else ready & ~aboard
    if fresh == 0:
        return 0
    pattern = np.uint32(net.pattern[c])
    pos = net.pos[c]
    if net.trip[c] >= labels.closed_trip[pattern] and pos >= labels.closed_pos[pattern]:
        labels.done[trip] = 1
        return 0
    labels.on[trip] = aboard | ready
    labels.done[trip] = (aboard | ready) & everyone == everyone
    found = ride(net, c, fresh, second, change_s, labels)
    if found & OPEN == 0:
        labels.done[trip] = 1
        if pos <= labels.closed_pos[pattern]:
            labels.closed_pos[pattern] = pos
            labels.closed_trip[pattern] = net.trip[c]
    return found


def settle(net: Any, second: int, change_s: int, everyone: Any, labels: Any) -> int:
    """Scan the connections of a second until nothing improves; return the first one after it."""
    start, stop = first_from(net.depart_s, second), first_from(net.depart_s, second + 1)
    again = True
    while again:
        again = False
        for c in range(np.uint64(start), np.uint64(stop)):
            found = board(net, c, second, True, change_s, everyone, labels)
            again = again or found & AGAIN != 0
    return stop


def scan(net: Any, start: int, stop: int, change_s: int, everyone: Any, labels: Any) -> None:
    """Scan the connections ``start .. stop``; ``everyone`` is the mask of lanes that can leave their origin."""
    c, end, one = np.uint64(start), np.uint64(stop), np.uint64(1)
    while c < end:
        if labels.done[np.uint32(net.trip[c])] == 0:
            second = net.depart_s[c]
            if labels.early[np.uint32(net.from_node[c])] <= second:
                found = board(net, c, second, False, change_s, everyone, labels)
                if found & AGAIN != 0:
                    c = np.uint64(settle(net, second, change_s, everyone, labels))
                    continue
        c += one


def start_lanes(
    first: int, net: Any, access: Any, origin: Any, depart_s: Any, horizon_s: int, limit: Any, labels: Any
) -> Any:
    """Make the queries from ``first`` on ready at their origins; return the mask of those that can leave.

    ``limit`` (one row): the first second at which an arrival is too late, 0 for those that cannot leave.
    """
    everyone = np.uint32(0)
    labels.early[:] = UNREACHED
    labels.on[:] = 0
    labels.done[:] = 0
    labels.closed_trip[:] = UNREACHED
    labels.closed_pos[:] = UNREACHED
    limit[:] = 0
    for node in range(net.n_nodes):
        store(labels.ready, node, splat(UNREACHED))
    for lane in range(min(LANES, origin.size - first)):
        start_s = depart_s[first + lane]
        for e in range(access.offset[origin[first + lane]], access.offset[origin[first + lane] + 1]):
            node = access.node[e]
            at = start_s + access.walk_s[e]
            labels.ready[node, lane] = min(labels.ready[node, lane], at)
            labels.early[node] = min(labels.early[node], at)
            if at <= net.last_depart_s[node]:
                everyone |= np.uint32(1 << lane)
                limit[0, lane] = min(start_s + horizon_s + 1, UNREACHED)
    row = load(limit, 0)
    labels.late[:] = highest(row)
    for node in range(net.n_nodes):
        store(labels.vehicle, node, row)
    return everyone


def cut(vehicle: Any, limit: Any) -> None:
    """Forget arrivals from the limit of their lane on (one row)."""
    row = load(limit, 0)
    for node in range(vehicle.shape[0]):
        found = load(vehicle, node)
        store(vehicle, node, choose(less(found, row), found, splat(UNREACHED)))


def scan_kernel(
    first: int, last: int, net: Any, access: Any, origin: Any, depart_s: Any, change_s: int, horizon_s: int, out: Any
) -> None:
    """Fill blocks ``first .. last`` of lanes: int32 [blocks, nodes, 32], arrivals by vehicle."""
    ready, limit = vector_rows(net.n_nodes), vector_rows(1)
    early, late = np.empty(net.n_nodes, np.int32), np.empty(net.n_nodes, np.int32)
    on, done = np.empty(net.n_trips, np.uint32), np.empty(net.n_trips, np.uint8)
    closed_trip, closed_pos = np.empty(net.n_patterns, np.int32), np.empty(net.n_patterns, np.int32)
    for block in range(first, last):
        labels = ScanLabels(out[block], ready, early, late, on, done, closed_trip, closed_pos)
        begun = block * LANES
        everyone = start_lanes(begun, net, access, origin, depart_s, horizon_s, limit, labels)
        soonest = depart_s[begun : begun + LANES].min()
        start, stop = first_from(net.depart_s, soonest), first_from(net.depart_s, limit.max())
        scan(net, start, stop, change_s, everyone, labels)
        cut(out[block], limit)


def earliest_arrivals(
    net: ConnectionNetwork,
    origin: NDArray[np.int32],
    depart_s: NDArray[np.int32],
    min_transfer_s: int,
    horizon_s: int = UNREACHED // 2,
    access: Access | None = None,
    threads: int = 1,
) -> NDArray[np.int32]:
    """Return the earliest arrival by vehicle at every node for each query, with any number of vehicles.

    Queries of one origin, or of one time, should stand together: thirty-two share a scan.

    Parameters
    ----------
    net : ConnectionNetwork
        Connections and walks.
    origin, depart_s : int32 [D]
        Where (a row of ``access``, or a node) and from which second on each journey begins.
    min_transfer_s : int
        Added at every change beside the walk.
    horizon_s : int
        Arrivals more than this after ``depart_s`` are not reported.
    access : Access, optional
        Nodes from which each origin boards, with walks; without it an origin is a node, boarded at ``depart_s``.
    threads : int
        Threads over blocks of lanes; the bits do not depend on it.

    Returns
    -------
    int32 [ceil(D / 32), N, 32]
        Seconds after midnight in lanes: query ``q`` is ``[q // 32, :, q % 32]``; ``UNREACHED`` where there is no
        journey, and in lanes beyond the last query. An origin itself only by coming back.

    Notes
    -----
    Nobody walks before the first ride but by ``access``, nor after the last.
    """
    origin, depart_s = (np.ascontiguousarray(values, dtype=np.int32) for values in (origin, depart_s))
    if access is None:
        nodes = np.arange(net.n_nodes + 1, dtype=np.int32)
        access = Access(nodes, nodes, np.zeros(net.n_nodes, np.int32))
    if origin.ndim != 1 or origin.shape != depart_s.shape:
        raise ValueError(
            f"origin and depart_s must be two rows of the same length, not {origin.shape}, {depart_s.shape}"
        )
    if origin.size and not 0 <= origin.min() <= origin.max() < access.offset.size - 1:
        raise ValueError(f"an origin is not one of {access.offset.size - 1}")
    if not (0 <= min_transfer_s < UNREACHED // 4 and 0 <= horizon_s < UNREACHED):
        raise ValueError("min_transfer_s and horizon_s must be zero or more")
    if depart_s.size and not 0 <= depart_s.min() <= depart_s.max() < UNREACHED // 4:
        raise ValueError("depart_s must be seconds after midnight")
    blocks = -(-origin.size // LANES)
    out = vector_rows(blocks * net.n_nodes).reshape(blocks, net.n_nodes, LANES)
    args = (net, access, origin, depart_s, int(min_transfer_s), int(horizon_s), out)
    run_blocks(scan_kernel, blocks, threads, *args, block_rows=BLOCK_ROWS)
    return np.asarray(out)


first_from = njit(cache=True, nogil=True, **LEAN)(first_from)
leave = njit(cache=True, nogil=True, forceinline=True, **LEAN)(leave)
ride = njit(cache=True, nogil=True, **LEAN)(ride)
board = njit(cache=True, nogil=True, **LEAN)(board)
settle = njit(cache=True, nogil=True, **LEAN)(settle)
scan = njit(cache=True, nogil=True, **LEAN)(scan)
start_lanes = njit(cache=True, nogil=True, **LEAN)(start_lanes)
cut = njit(cache=True, nogil=True, **LEAN)(cut)
scan_kernel = njit(cache=True, nogil=True)(scan_kernel)
