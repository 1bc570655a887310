"""Stop-to-stop travel by public transport: means over the useful departures of each period.

On the search of :mod:`zemsim.kernels.raptor`. The network is layered: nodes ``0 .. S - 1`` are reached by bus only,
``S .. 2 S - 1`` with a train; patterns ``K .. 2 K - 1`` repeat the plain patterns ``0 .. K - 1`` in the second layer.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numba import njit
from numpy.typing import NDArray

from zemsim.kernels.lean import LEAN
from zemsim.kernels.raptor import UNREACHED, departures_of, leave, new_labels, reset_labels

#: Different legs that are told apart when the commonest main leg of a pair is looked for.
MAIN_LEGS = 8


class RaptorRules(NamedTuple):
    """Limits of a journey and of what counts as useful; seconds unless named."""

    boardings: int
    min_transfer_s: int
    transfer_penalty_s: int
    slow_ratio: float
    slow_extra_s: int
    day_slow_ratio: float
    day_slow_extra_s: int


class PatternFares(NamedTuple):
    """Fare of a leg: ``max(least, base + per km * km)``; arrays by pattern of the plain (not layered) network."""

    base_eur: NDArray[np.float64]
    eur_km: NDArray[np.float64]
    least_eur: NDArray[np.float64]
    is_bus: NDArray[np.bool_]


class SkimArrays(NamedTuple):
    """What is written: float32 and integers [Q, 2, S, S]."""

    in_vehicle_min: NDArray[np.float32]
    wait_min: NDArray[np.float32]
    headway_min: NDArray[np.float32]
    walk_min: NDArray[np.float32]
    transfers: NDArray[np.float32]
    fare_eur: NDArray[np.float32]
    bus_fare_eur: NDArray[np.float32]
    distance_km: NDArray[np.float32]
    main_share: NDArray[np.float32]
    main_pattern: NDArray[np.int32]
    board_pos: NDArray[np.int16]
    alight_pos: NDArray[np.int16]
    last_departure_s: NDArray[np.int32]


def trace(net: Any, lab: Any, fares: Any, r: int, node: int, numbers: Any, leg: Any) -> None:
    """Sum the legs of the journey that reached ``node`` in round r.

    ``numbers``: in-vehicle s, walk s, fare EUR, bus fare EUR, distance m. ``leg``: pattern, board and alight position
    of the longest ride (the first of equals).
    """
    for i in range(5):
        numbers[i] = 0.0
    longest = -1
    n_plain = fares.is_bus.size
    while r > 0:
        p = lab.pattern[r, node]
        b = lab.board[r, node]
        k = lab.alight[r, node]
        row = net.time_offset[p] + lab.trip[r, node]
        count = net.n_trips[p]
        ride = net.arrive_s[row + k * count] - net.depart_s[row + b * count]
        metres = net.dist_m[net.stop_offset[p] + k] - net.dist_m[net.stop_offset[p] + b]
        plain = p % n_plain
        fare = max(fares.least_eur[plain], fares.base_eur[plain] + fares.eur_km[plain] * metres / 1000.0)
        numbers[0] += ride
        numbers[2] += fare
        if fares.is_bus[plain]:
            numbers[3] += fare
        numbers[4] += metres
        if ride >= longest:
            longest = ride
            leg[0] = plain
            leg[1] = b
            leg[2] = k
        node = net.board_node[net.stop_offset[p] + b]
        r -= 1
        if r > 0:
            numbers[1] += lab.walked_s[r, node]
            node = lab.walked_from[r, node]


def best_round(lab: Any, node: int, stamp: int, penalty_s: int) -> int:
    """Round of the best journey to ``node`` among those found at this departure, by arrival plus transfer penalty."""
    best = -1
    cost = 0
    for r in range(1, lab.vehicle.shape[0]):
        if lab.vehicle_stamp[r, node] == stamp:
            value = lab.vehicle[r, node] + penalty_s * (r - 1)
            if best < 0 or value < cost:
                best = r
                cost = value
    return best


def summarise(
    q_first: int, ends: Any, lengths: Any, rules: Any, origin: int, n_stops: int, head: Any, link: Any, when: Any,
    total: Any, parts: Any, legs: Any, out: Any,
) -> None:  # fmt: skip
    """Average the useful journeys from one origin by period and write them."""
    n_windows = ends.size
    quickest = np.empty(n_windows, np.int64)
    count = np.empty(n_windows, np.int64)
    last = np.empty(n_windows, np.int64)
    sums = np.empty((n_windows, 8), np.float64)
    kinds = np.empty((n_windows, MAIN_LEGS, 4), np.int64)
    n_kinds = np.empty(n_windows, np.int64)
    for node in range(head.size):
        target = node % n_stops
        if head[node] < 0 or target == origin:
            continue
        quickest[:] = UNREACHED
        count[:] = 0
        last[:] = -1
        n_kinds[:] = 0
        sums[:] = 0.0
        fastest = UNREACHED
        e = head[node]
        while e >= 0:
            w = window_of(ends, when[e])
            quickest[w] = min(quickest[w], total[e])
            fastest = min(fastest, total[e])
            e = link[e]
        longest = rules.day_slow_ratio * fastest + rules.day_slow_extra_s
        e = head[node]
        while e >= 0:
            w = window_of(ends, when[e])
            wait = total[e] - parts[e, 0] - parts[e, 1]
            if total[e] <= min(longest, rules.slow_ratio * quickest[w] + rules.slow_extra_s):
                count[w] += 1
                last[w] = max(last[w], when[e])
                for i in range(6):
                    sums[w, i] += parts[e, i]
                sums[w, 6] += wait
                count_leg(kinds[w], n_kinds, w, legs[e])
            e = link[e]
        layer = node // n_stops
        for w in range(n_windows):
            if count[w] > 0:
                write_pair(out, q_first + w, layer, origin, target, count[w], lengths[w], sums[w], kinds[w], n_kinds[w])
                out.last_departure_s[q_first + w, layer, origin, target] = last[w]


def window_of(ends: Any, second: int) -> int:
    """Window of a departure; later ones belong to the last."""
    for w in range(ends.size - 1):
        if second < ends[w]:
            return w
    return int(ends.size) - 1


def count_leg(kinds: Any, n_kinds: Any, w: int, leg: Any) -> None:
    """Count a main leg; beyond ``MAIN_LEGS`` different ones the further ones are not counted."""
    for i in range(n_kinds[w]):
        if kinds[i, 0] == leg[0] and kinds[i, 1] == leg[1] and kinds[i, 2] == leg[2]:
            kinds[i, 3] += 1
            return
    if n_kinds[w] < MAIN_LEGS:
        i = n_kinds[w]
        for j in range(3):
            kinds[i, j] = leg[j]
        kinds[i, 3] = 1
        n_kinds[w] += 1


def write_pair(
    out: Any, q: int, layer: int, origin: int, target: int, count: int, length_min: float, sums: Any, kinds: Any,
    n_kinds: int,
) -> None:  # fmt: skip
    """Write the means of one pair and period, and its commonest main leg (the earliest of equals)."""
    out.in_vehicle_min[q, layer, origin, target] = sums[0] / count / 60.0
    out.walk_min[q, layer, origin, target] = sums[1] / count / 60.0
    out.fare_eur[q, layer, origin, target] = sums[2] / count
    out.bus_fare_eur[q, layer, origin, target] = sums[3] / count
    out.distance_km[q, layer, origin, target] = sums[4] / count / 1000.0
    out.transfers[q, layer, origin, target] = sums[5] / count
    out.wait_min[q, layer, origin, target] = sums[6] / count / 60.0
    out.headway_min[q, layer, origin, target] = length_min / count
    best = 0
    for i in range(1, n_kinds):
        if kinds[i, 3] > kinds[best, 3]:
            best = i
    out.main_share[q, layer, origin, target] = kinds[best, 3] / count
    out.main_pattern[q, layer, origin, target] = kinds[best, 0]
    out.board_pos[q, layer, origin, target] = kinds[best, 1]
    out.alight_pos[q, layer, origin, target] = kinds[best, 2]


def skim_kernel(
    start: int, stop: int, net: Any, fares: Any, rules: Any, n_stops: int, max_departures: int, q_first: int, ends: Any,
    lengths: Any, out: Any,
) -> None:  # fmt: skip
    """Fill the rows of origins ``start .. stop`` for the periods of one day type."""
    lab = new_labels(net.n_nodes, net.n_trips.size, rules.boardings)
    departs = np.empty(max_departures, np.int32)
    room = max_departures * net.n_nodes
    head = np.empty(net.n_nodes, np.int32)
    cost = np.empty(net.n_nodes, np.int32)
    link = np.empty(room, np.int32)
    when = np.empty(room, np.int32)
    total = np.empty(room, np.int32)
    parts = np.empty((room, 6), np.float64)
    legs = np.empty((room, 3), np.int32)
    for origin in range(start, stop):
        reset_labels(lab)
        head[:] = -1
        cost[:] = UNREACHED
        n_entries = 0
        n_departs = departures_of(net, origin, departs)
        for i in range(n_departs):
            if i > 0 and window_of(ends, departs[i]) != window_of(ends, departs[i - 1]):
                reset_labels(lab)  # a departure is judged against those of its own period only
                cost[:] = UNREACHED
            n_touched = leave(net, lab, origin, departs[i], rules.boardings, rules.min_transfer_s, i, True)
            for j in range(n_touched):
                node = lab.touched[j]
                r = best_round(lab, node, i, rules.transfer_penalty_s)
                value = lab.vehicle[r, node] + rules.transfer_penalty_s * (r - 1)
                if value < cost[node]:
                    cost[node] = value
                    trace(net, lab, fares, r, node, parts[n_entries], legs[n_entries])
                    parts[n_entries, 5] = r - 1
                    when[n_entries] = departs[i]
                    total[n_entries] = lab.vehicle[r, node] - departs[i]
                    link[n_entries] = head[node]
                    head[node] = n_entries
                    n_entries += 1
        summarise(q_first, ends, lengths, rules, origin, n_stops, head, link, when, total, parts, legs, out)


trace = njit(cache=True, nogil=True, **LEAN)(trace)
best_round = njit(cache=True, nogil=True, **LEAN)(best_round)
window_of = njit(cache=True, nogil=True, **LEAN)(window_of)
count_leg = njit(cache=True, nogil=True, **LEAN)(count_leg)
write_pair = njit(cache=True, nogil=True, **LEAN)(write_pair)
summarise = njit(cache=True, nogil=True)(summarise)
skim_kernel = njit(cache=True, nogil=True)(skim_kernel)
