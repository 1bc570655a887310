"""Earliest arrivals by public transport: Connection Scan for sixteen queries at once.

Source: Dibbelt, Pajor, Strasser, Wagner, Connection Scan Algorithm, ACM Journal of Experimental Algorithmics 23, 2018.
A connection is a ride of one trip from one stop to the next. All are scanned once in the order of departure; a trip
that was boarded stays boarded. Here each of sixteen lanes is a query of its own, an origin with a time of departure:
whole departure profiles of one origin, or many origins at one time. Arrivals by vehicle and readiness to board (after a
change or a walk) are separate labels, so walks never chain.

Two numbers per node, the earliest readiness and the latest arrival of any lane, tell of most connections that they
change nothing, before a row of lanes is read. Rides of no length between changes of no length may need a connection
that departs at the same second and stands earlier: such seconds are scanned again until nothing improves.
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
    ALL_LANES,
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


class ConnectionNetwork(NamedTuple):
    """Connections of one day type, sorted by departure, position in the trip, trip; walks as in ``RaptorNetwork``.

    Times are int32 seconds after midnight. ``pattern, pos`` name the ride: from position ``pos`` of the pattern to the
    next. ``first`` is where the pattern's positions begin (``RaptorNetwork.stop_offset[pattern]``).
    """

    n_nodes: int
    n_trips: int
    depart_s: NDArray[np.int32]
    arrive_s: NDArray[np.int32]
    from_node: NDArray[np.int32]
    to_node: NDArray[np.int32]
    trip: NDArray[np.int32]
    pattern: NDArray[np.int32]
    pos: NDArray[np.int32]
    foot_offset: NDArray[np.int32]
    foot_node: NDArray[np.int32]
    foot_s: NDArray[np.int32]


class Access(NamedTuple):
    """Where journeys from an origin may begin: nodes ``offset[o] .. offset[o + 1]`` with seconds of walking."""

    offset: NDArray[np.int32]
    node: NDArray[np.int32]
    walk_s: NDArray[np.int32]


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


def scan(
    net: Any,
    start: int,
    stop: int,
    change_s: int,
    vehicle: Any,
    ready: Any,
    on: Any,
    on_before: Any,
    early: Any,
    late: Any,
) -> None:
    """Scan the connections ``start .. stop``.

    ``vehicle, ready``: rows of lanes by node. ``on``: by trip, the lanes that are on board; ``on_before``:
    by connection, the same before it (for seconds that are scanned again). ``early, late``: by node,
    a bound of the earliest readiness, and the latest arrival, of all lanes.
    """
    never = splat(UNREACHED)
    second = -1
    group = start
    again = False
    c = start
    while c < stop or again:
        if c == stop or net.depart_s[c] != second:
            if again:
                for other in range(c - 1, group - 1, -1):
                    on[net.trip[other]] = on_before[other]
                c = group
                again = False
            else:
                group = c
                second = net.depart_s[c]
        trip = net.trip[c]
        node = net.from_node[c]
        aboard = np.int32(on[trip])
        if change_s == 0:
            on_before[c] = aboard
        if aboard != ALL_LANES and early[node] <= second:
            aboard |= at_most(load(ready, node), splat(second))
            on[trip] = aboard
        at = net.arrive_s[c]
        node = net.to_node[c]
        c += 1
        if aboard == 0 or at >= late[node]:
            continue
        before = load(vehicle, node)
        better = aboard & less(splat(at), before)
        if better == 0:
            continue
        after = choose(better, splat(at), before)
        store(vehicle, node, after)
        late[node] = highest(after)
        soon = at + change_s
        from_now = choose(better, splat(soon), never)
        store(ready, node, least(load(ready, node), from_now))
        early[node] = min(early[node], soon)
        again = again or soon <= second
        for e in range(net.foot_offset[node], net.foot_offset[node + 1]):
            walk = net.foot_s[e]
            other = net.foot_node[e]
            store(ready, other, least(load(ready, other), add(from_now, splat(walk))))
            early[other] = min(early[other], soon + walk)
            again = again or soon + walk <= second


def cut(vehicle: Any, limit: Any) -> None:
    """Forget arrivals after the limit of their lane (one row)."""
    last = load(limit, 0)
    for node in range(vehicle.shape[0]):
        found = load(vehicle, node)
        store(vehicle, node, choose(less(last, found), splat(UNREACHED), found))


def scan_kernel(
    first: int, last: int, net: Any, access: Any, origin: Any, depart_s: Any, change_s: int, horizon_s: int, out: Any
) -> None:
    """Fill blocks ``first .. last`` of sixteen queries: int32 [blocks, nodes, 16], arrivals by vehicle."""
    ready, limit = vector_rows(net.n_nodes), vector_rows(1)
    on = np.empty(net.n_trips, np.uint16)
    on_before = np.empty(net.depart_s.size if change_s == 0 else 0, np.uint16)
    early = np.empty(net.n_nodes, np.int32)
    late = np.empty(net.n_nodes, np.int32)
    for block in range(first, last):
        vehicle = out[block]
        vehicle[:] = UNREACHED
        ready[:] = UNREACHED
        on[:] = 0
        early[:] = UNREACHED
        late[:] = UNREACHED
        soonest = UNREACHED
        latest = 0
        limit[:] = 0
        for lane in range(min(LANES, origin.size - block * LANES)):
            query = block * LANES + lane
            limit[0, lane] = depart_s[query] + horizon_s
            soonest = min(soonest, depart_s[query])
            latest = max(latest, depart_s[query] + horizon_s)
            for e in range(access.offset[origin[query]], access.offset[origin[query] + 1]):
                node = access.node[e]
                at = depart_s[query] + access.walk_s[e]
                ready[node, lane] = min(ready[node, lane], at)
                early[node] = min(early[node], at)
        begin, end = first_from(net.depart_s, soonest), first_from(net.depart_s, latest + 1)
        scan(net, begin, end, change_s, vehicle, ready, on, on_before, early, late)
        cut(vehicle, limit)


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

    Queries of one origin, or of one time, should stand together: sixteen share a scan.

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
        Threads over blocks of sixteen; the bits do not depend on it.

    Returns
    -------
    int32 [ceil(D / 16), N, 16]
        Seconds after midnight in lanes: query ``q`` is ``[q // 16, :, q % 16]``; ``UNREACHED`` where there is no
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
    run_blocks(scan_kernel, blocks, threads, *args, block_rows=4)
    return np.asarray(out)


first_from = njit(cache=True, nogil=True, **LEAN)(first_from)
scan = njit(cache=True, nogil=True, **LEAN)(scan)
cut = njit(cache=True, nogil=True, **LEAN)(cut)
scan_kernel = njit(cache=True, nogil=True)(scan_kernel)
