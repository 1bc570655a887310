"""Public transport by rounds (RAPTOR): earliest arrivals over a range of departures.

Source: Delling, Pajor, Werneck, Round-based public transit routing, ALENEX 2012 (rRAPTOR). Departures are taken from
the last to the first; labels of later departures stay and prune, so every label that is improved belongs to a journey
that leaves at the present departure and that no later one beats. Arrivals by vehicle and readiness to board (after a
change or a walk) are separate labels, so walks never chain.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numba import njit
from numpy.typing import NDArray

from zemsim.kernels.lean import LEAN

#: Not reached (seconds); the sum of two still fits int32.
UNREACHED = (1 << 30) - 1


class RaptorNetwork(NamedTuple):
    """Patterns, trips of one day type and walks as arrays; times are int32 seconds after midnight.

    Pattern p stops at positions ``stop_offset[p] .. stop_offset[p + 1]``; its times are rows of ``n_trips`` values from
    ``time_offset[p]``, one row per position, trips in FIFO order. A vehicle is boarded at ``board_node`` and left at
    ``alight_node``; they differ where a network is layered by the modes used so far.
    """

    n_nodes: int
    stop_offset: NDArray[np.int32]
    board_node: NDArray[np.int32]
    alight_node: NDArray[np.int32]
    dist_m: NDArray[np.float64]
    n_trips: NDArray[np.int32]
    time_offset: NDArray[np.int64]
    arrive_s: NDArray[np.int32]
    depart_s: NDArray[np.int32]
    node_offset: NDArray[np.int32]
    node_pattern: NDArray[np.int32]
    node_pos: NDArray[np.int32]
    foot_offset: NDArray[np.int32]
    foot_node: NDArray[np.int32]
    foot_s: NDArray[np.int32]


class _Labels(NamedTuple):
    """Labels by round and node; ``*_stamp`` says at which departure a label was set, ``best_*`` holds for all."""

    vehicle: Any
    best_vehicle: Any
    vehicle_stamp: Any
    ready: Any
    best_ready: Any
    ready_stamp: Any
    frontier: Any
    improved: Any
    queue: Any
    queue_pos: Any


def new_labels(n_nodes: int, n_patterns: int, boardings: int) -> Any:
    """Allocate the labels of one search."""
    rounds = boardings + 1
    return _Labels(
        np.empty((rounds, n_nodes), np.int32),
        np.empty((rounds, n_nodes), np.int32),
        np.empty((rounds, n_nodes), np.int32),
        np.empty((rounds, n_nodes), np.int32),
        np.empty((rounds, n_nodes), np.int32),
        np.empty((rounds, n_nodes), np.int32),
        np.empty(n_nodes, np.int32),
        np.empty(n_nodes, np.int32),
        np.empty(n_patterns, np.int32),
        np.full(n_patterns, -1, np.int32),
    )


def reset_labels(lab: Any) -> None:
    """Forget all labels."""
    lab.best_vehicle[:] = UNREACHED
    lab.best_ready[:] = UNREACHED
    lab.vehicle_stamp[:] = -1
    lab.ready_stamp[:] = -1


def first_trip(net: Any, p: int, k: int, ready: int) -> int:
    """First trip of pattern p that leaves position k at or after ``ready``; ``n_trips`` if there is none."""
    count = net.n_trips[p]
    row = net.time_offset[p] + k * count
    low = 0
    high = count
    while low < high:
        middle = (low + high) // 2
        if net.depart_s[row + middle] < ready:
            low = middle + 1
        else:
            high = middle
    return low


def ride_pattern(net: Any, lab: Any, p: int, start: int, r: int, stamp: int, n_improved: int) -> int:
    """Ride pattern p from position ``start`` in round r; return the number of improved nodes so far."""
    count = net.n_trips[p]
    offset = net.stop_offset[p]
    rounds = lab.vehicle.shape[0]
    trip = count
    for k in range(start, net.stop_offset[p + 1] - offset):
        row = net.time_offset[p] + k * count
        if trip < count:
            node = net.alight_node[offset + k]
            at = net.arrive_s[row + trip]
            if at < lab.best_vehicle[r, node]:
                lab.vehicle[r, node] = at
                for q in range(r, rounds):
                    lab.best_vehicle[q, node] = min(lab.best_vehicle[q, node], at)
                if lab.vehicle_stamp[r, node] != stamp:
                    lab.vehicle_stamp[r, node] = stamp
                    lab.improved[n_improved] = node
                    n_improved += 1
        node = net.board_node[offset + k]
        if lab.ready_stamp[r - 1, node] == stamp:
            ready = lab.ready[r - 1, node]
            if trip == count:
                trip = first_trip(net, p, k, ready)
            else:
                while trip > 0 and net.depart_s[row + trip - 1] >= ready:
                    trip -= 1
    return n_improved


def make_ready(lab: Any, r: int, node: int, at: int, stamp: int, n_front: int) -> int:
    """Note that a vehicle can be boarded at ``node`` from ``at`` on; return the size of the frontier."""
    if at >= lab.best_ready[r, node]:
        return n_front
    lab.ready[r, node] = at
    for q in range(r, lab.ready.shape[0]):
        lab.best_ready[q, node] = min(lab.best_ready[q, node], at)
    if lab.ready_stamp[r, node] != stamp:
        lab.ready_stamp[r, node] = stamp
        lab.frontier[n_front] = node
        n_front += 1
    return n_front


def leave(net: Any, lab: Any, origin: int, depart_s: int, boardings: int, min_transfer_s: int, stamp: int) -> None:
    """Search from ``origin`` at ``depart_s``."""
    n_front = make_ready(lab, 0, origin, depart_s, stamp, 0)
    for r in range(1, boardings + 1):
        n_queue = 0
        for i in range(n_front):
            node = lab.frontier[i]
            for e in range(net.node_offset[node], net.node_offset[node + 1]):
                p = net.node_pattern[e]
                if lab.queue_pos[p] < 0:
                    lab.queue[n_queue] = p
                    n_queue += 1
                    lab.queue_pos[p] = net.node_pos[e]
                elif net.node_pos[e] < lab.queue_pos[p]:
                    lab.queue_pos[p] = net.node_pos[e]
        n_improved = 0
        for i in range(n_queue):
            p = lab.queue[i]
            n_improved = ride_pattern(net, lab, p, lab.queue_pos[p], r, stamp, n_improved)
            lab.queue_pos[p] = -1
        n_front = 0
        if r == boardings:
            break
        for i in range(n_improved):
            node = lab.improved[i]
            at = lab.vehicle[r, node] + min_transfer_s
            n_front = make_ready(lab, r, node, at, stamp, n_front)
            for e in range(net.foot_offset[node], net.foot_offset[node + 1]):
                n_front = make_ready(lab, r, net.foot_node[e], at + net.foot_s[e], stamp, n_front)
        if n_front == 0:
            break


def profile_kernel(net: Any, origin: int, departs: Any, boardings: int, min_transfer_s: int, out: Any) -> None:
    """Write the earliest arrival by vehicle at each node for departures in falling order: int32 [D, nodes]."""
    lab = new_labels(net.n_nodes, net.n_trips.size, boardings)
    reset_labels(lab)
    for i in range(departs.size):
        leave(net, lab, origin, departs[i], boardings, min_transfer_s, i)
        out[i] = lab.best_vehicle[boardings]


def profile_arrivals(
    net: RaptorNetwork, origin: int, departs_s: NDArray[np.int32], boardings: int, min_transfer_s: int
) -> NDArray[np.int32]:
    """Return the earliest arrival by vehicle at every node for each departure time.

    Parameters
    ----------
    net : RaptorNetwork
        Patterns and walks.
    origin : int
        Node where the journeys begin, by boarding there.
    departs_s : int32 [D]
        Times of readiness at the origin in strictly falling order.
    boardings : int
        Most vehicles of a journey, one or more.
    min_transfer_s : int
        Added at every change beside the walk.

    Returns
    -------
    int32 [D, N]
        Seconds after midnight; ``UNREACHED`` where there is no journey. The origin itself only by coming back.
    """
    departs_s = np.ascontiguousarray(departs_s, dtype=np.int32)
    if departs_s.ndim != 1 or np.any(np.diff(departs_s) >= 0):
        raise ValueError("departs_s must be one row of strictly falling times")
    if not 0 <= origin < net.n_nodes:
        raise ValueError(f"origin {origin} is not one of {net.n_nodes} nodes")
    if boardings < 1 or min_transfer_s < 0:
        raise ValueError("boardings must be one or more and min_transfer_s zero or more")
    out = np.empty((departs_s.size, net.n_nodes), np.int32)
    profile_kernel(net, origin, departs_s, boardings, min_transfer_s, out)
    return out


new_labels = njit(cache=True, nogil=True)(new_labels)
reset_labels = njit(cache=True, nogil=True)(reset_labels)
first_trip = njit(cache=True, nogil=True, **LEAN)(first_trip)
ride_pattern = njit(cache=True, nogil=True, **LEAN)(ride_pattern)
make_ready = njit(cache=True, nogil=True, **LEAN)(make_ready)
leave = njit(cache=True, nogil=True, **LEAN)(leave)
profile_kernel = njit(cache=True, nogil=True)(profile_kernel)
