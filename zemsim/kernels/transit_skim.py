"""Stop-to-stop travel by public transport: means over the useful departures of each period.

On the departure profiles of :mod:`zemsim.kernels.connection_profiles`, thirty-two origins at a time. The network is
layered: nodes ``0 .. S - 1`` are reached by bus only, ``S .. 2 S - 1`` with a train.

A departure is useful if no later one of the period has a lower *value*, the arrival with a penalty for each change, and
if its journey is not much slower than the quickest. Rides into a stop are looked through by rising value (then fewer
vehicles, then the earlier ride); each that leaves the origin later than all before it is useful, unless one of the same
value leaves later still. So among equal journeys the order of the connections decides.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numba import njit
from numpy.typing import NDArray

from zemsim.kernels.connection_profiles import new_profile_labels, new_scan_rows, scan_window
from zemsim.kernels.lean import LEAN
from zemsim.kernels.raptor import UNREACHED
from zemsim.kernels.vectors import LANES, choose, equal, least, less, load, splat, store, subtract, vector_rows

#: Different legs that are told apart when the commonest main leg of a pair is looked for.
MAIN_LEGS = 8


class UsefulRules(NamedTuple):
    """Limits of a journey and of what counts as useful; seconds unless named."""

    boardings: int
    min_transfer_s: int
    transfer_penalty_s: int
    slow_ratio: float
    slow_extra_s: int
    day_slow_ratio: float
    day_slow_extra_s: int


class PatternFares(NamedTuple):
    """Fare of a leg by pattern of the plain (not layered) network: as stated for the ride, else by a formula.

    The formula is ``max(least, base + per km * km)``. A pattern with stated fares has them by positions at
    ``ride_eur[first + width * board + alight]``, NaN where the formula holds; ``ride_first`` is -1 for the others.
    """

    base_eur: NDArray[np.float64]
    eur_km: NDArray[np.float64]
    least_eur: NDArray[np.float64]
    is_bus: NDArray[np.bool_]
    ride_first: NDArray[np.int64]
    ride_width: NDArray[np.int64]
    ride_eur: NDArray[np.float64]


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


class Sums(NamedTuple):
    """Sums over the useful journeys of one period to one node, by lane.

    ``parts``: in-vehicle s, walk s, fare EUR, bus fare EUR, distance m, changes, waits at changes s. ``kinds``:
    pattern, board and alight position of main legs, and how many journeys have each.
    """

    count: Any
    last_s: Any
    parts: Any
    kinds: Any
    n_kinds: Any
    pending: Any
    pending_value_s: Any
    leg: Any
    limit_s: Any


def leg_fare(fares: Any, plain: int, metres: float, board: int, alight: int) -> float:
    """Return the fare of a ride on a pattern from one position to another, EUR."""
    first = fares.ride_first[plain]
    if first >= 0:
        stated: float = fares.ride_eur[first + fares.ride_width[plain] * board + alight]
        if not np.isnan(stated):
            return stated
    by_length: float = max(fares.least_eur[plain], fares.base_eur[plain] + fares.eur_km[plain] * metres / 1000.0)
    return by_length


def trace(net: Any, labels: Any, fares: Any, first: int, label: int, lane: int, sums: Any) -> None:
    """Add the legs of the journey of a label to the sums; write its longest ride (the first of equals) to ``leg``."""
    size = net.depart_s.size
    vehicle = label // size
    ride = label - vehicle * size
    longest = -1
    parts = sums.parts
    parts[lane, 5] += vehicle
    travel = net.arrive_s[ride] - labels.depart_s[labels.record[first + label], lane]
    while True:
        record = labels.record[first + vehicle * size + ride]
        start = labels.boarded[record, lane]
        seconds = net.arrive_s[ride] - net.depart_s[start]
        metres = net.to_m[ride] - net.from_m[start]
        plain = net.plain_pattern[ride]
        fare = leg_fare(fares, plain, metres, net.pos[start], net.pos[ride] + 1)
        parts[lane, 0] += seconds
        parts[lane, 2] += fare
        if fares.is_bus[plain]:
            parts[lane, 3] += fare
        parts[lane, 4] += metres
        travel -= seconds
        if seconds >= longest:
            longest = seconds
            sums.leg[0] = plain
            sums.leg[1] = net.pos[start]
            sums.leg[2] = net.pos[ride] + 1
        if vehicle == 0:
            break
        vehicle -= 1
        event = labels.event[record, lane]
        walk = net.event_walk_s[event]
        parts[lane, 1] += walk
        travel -= walk
        ride = net.event_ride[event]
    parts[lane, 6] += travel


def take(net: Any, labels: Any, fares: Any, first: int, lane: int, sums: Any) -> None:
    """Count the pending journey of a lane if it is quick enough."""
    label = sums.pending[lane]
    if label < 0:
        return
    depart_s = labels.depart_s[labels.record[first + label], lane]
    if net.arrive_s[label % net.depart_s.size] - depart_s > sums.limit_s[0, lane]:
        return
    sums.count[lane] += 1
    sums.last_s[lane] = max(sums.last_s[lane], depart_s)
    trace(net, labels, fares, first, label, lane, sums)
    count_leg(sums.kinds[lane], sums.n_kinds, lane, sums.leg)


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


def quickest_into(net: Any, labels: Any, first: int, node: int) -> Any:
    """Return the least time of a useful journey to a node, by lane."""
    size = net.depart_s.size
    quickest = splat(UNREACHED)
    best = splat(-1)
    for i in range(net.into_offset[node], net.into_offset[node + 1]):
        label = net.into_label[i]
        record = labels.record[first + label]
        if record >= 0:
            found = load(labels.depart_s, record)
            later = less(best, found)
            if later != 0:
                best = choose(later, found, best)
                travel = subtract(splat(net.arrive_s[label % size]), found)
                quickest = choose(later & less(travel, quickest), travel, quickest)
    return quickest


def add_up(net: Any, labels: Any, fares: Any, first: int, node: int, others: int, sums: Any) -> None:
    """Sum the useful journeys to a node that are quick enough, for the lanes of the mask ``others``."""
    for lane in range(LANES):
        sums.pending[lane] = -1
        sums.count[lane] = 0
        sums.n_kinds[lane] = 0
        sums.last_s[lane] = -1
        for i in range(7):
            sums.parts[lane, i] = 0.0
    best = splat(-1)
    for i in range(net.into_offset[node], net.into_offset[node + 1]):
        label = net.into_label[i]
        record = labels.record[first + label]
        if record < 0:
            continue
        found = load(labels.depart_s, record)
        later = less(best, found)
        if later == 0:
            continue
        best = choose(later, found, best)
        later &= others
        one: Any = np.int64(0)  # no constant: that would be compiled apart
        while later != 0:
            if later & 1:
                if sums.pending_value_s[one] != net.into_value_s[i]:
                    take(net, labels, fares, first, one, sums)
                sums.pending[one] = label
                sums.pending_value_s[one] = net.into_value_s[i]
            later >>= 1
            one += 1
    for lane in range(LANES):
        take(net, labels, fares, first, lane, sums)


def write_pair(out: Any, q: int, layer: int, origin: int, target: int, length_min: float, lane: int, sums: Any) -> None:
    """Write the means of one pair and period, and its commonest main leg (the earliest of equals)."""
    count = sums.count[lane]
    parts = sums.parts[lane]
    kinds = sums.kinds[lane]
    out.in_vehicle_min[q, layer, origin, target] = parts[0] / count / 60.0
    out.walk_min[q, layer, origin, target] = parts[1] / count / 60.0
    out.fare_eur[q, layer, origin, target] = parts[2] / count
    out.bus_fare_eur[q, layer, origin, target] = parts[3] / count
    out.distance_km[q, layer, origin, target] = parts[4] / count / 1000.0
    out.transfers[q, layer, origin, target] = parts[5] / count
    out.wait_min[q, layer, origin, target] = parts[6] / count / 60.0
    out.headway_min[q, layer, origin, target] = length_min / count
    best = 0
    for i in range(1, sums.n_kinds[lane]):
        if kinds[i, 3] > kinds[best, 3]:
            best = i
    out.main_share[q, layer, origin, target] = kinds[best, 3] / count
    out.main_pattern[q, layer, origin, target] = kinds[best, 0]
    out.board_pos[q, layer, origin, target] = kinds[best, 1]
    out.alight_pos[q, layer, origin, target] = kinds[best, 2]
    out.last_departure_s[q, layer, origin, target] = sums.last_s[lane]


def period_rows(
    net: Any, labels: Any, fares: Any, rules: Any, n_stops: int, origins: Any, quickest: Any, fastest: Any, w: int,
    q: int, length_min: float, sums: Any, out: Any,
) -> None:  # fmt: skip
    """Write the pairs of thirty-two origins and one period from its labels; ``w`` is its window in the day."""
    first = w * net.depart_s.size * rules.boardings
    for node in range(net.n_nodes):
        target = node % n_stops
        least_s = load(quickest, w * net.n_nodes + node)
        others = less(least_s, splat(UNREACHED)) & ~equal(load(origins, 0), splat(target))
        if others == 0:
            continue
        store(sums.limit_s, 0, least_s)
        for lane in range(LANES):
            if others >> lane & 1:
                longest = rules.day_slow_ratio * fastest[node, lane] + rules.day_slow_extra_s
                slow = rules.slow_ratio * sums.limit_s[0, lane] + rules.slow_extra_s
                sums.limit_s[0, lane] = int(np.floor(min(longest, slow)))
        add_up(net, labels, fares, first, node, others, sums)
        for lane in range(LANES):
            if others >> lane & 1 and sums.count[lane] > 0:
                write_pair(out, q, node // n_stops, origins[0, lane], target, length_min, lane, sums)


def fill_labels(
    net: Any, labels: Any, rows: Any, rules: Any, ends: Any, n_stops: int, origins: Any, is_origin: Any
) -> None:
    """Sweep each window of the day for one vehicle after another until no more help."""
    labels.n_records[0] = 0
    for i in range(labels.record.size):
        labels.record[i] = -1
    for w in range(ends.size):
        begin_s = -UNREACHED if w == 0 else ends[w - 1]
        end_s = UNREACHED if w == ends.size - 1 else ends[w]
        first = w * net.depart_s.size * rules.boardings
        for vehicle in range(rules.boardings):
            if scan_window(net, labels, rows, vehicle, first, begin_s, end_s, n_stops, origins, is_origin) == 0:
                break


def mark_origins(origins: Any, is_origin: Any, n_stops: int, mark: int) -> None:
    """Mark the nodes of the origins in all layers."""
    for lane in range(LANES):
        if origins[0, lane] >= 0:
            for node in range(origins[0, lane], is_origin.size, n_stops):
                is_origin[node] = mark


def skim_kernel(
    start: int,
    stop: int,
    net: Any,
    fares: Any,
    rules: Any,
    n_stops: int,
    q_first: int,
    ends: Any,
    lengths: Any,
    out: Any,
) -> None:
    """Fill the rows of origins in blocks ``start .. stop`` of lanes for the periods of one day type."""
    labels = new_profile_labels(net.depart_s.size * rules.boardings * ends.size)
    rows = new_scan_rows(net.n_nodes, net.n_trips)
    origins = vector_rows(1)
    quickest, fastest = vector_rows(net.n_nodes * ends.size), vector_rows(net.n_nodes)
    is_origin = np.zeros(net.n_nodes, np.uint8)
    sums = Sums(
        np.empty(LANES, np.int32), np.empty(LANES, np.int32), np.empty((LANES, 7), np.float64),
        np.empty((LANES, MAIN_LEGS, 4), np.int32), np.empty(LANES, np.int32), np.empty(LANES, np.int32),
        np.empty(LANES, np.int32), np.empty(3, np.int32), vector_rows(1),
    )  # fmt: skip
    for block in range(start, stop):
        for lane in range(LANES):
            origin = block * LANES + lane
            origins[0, lane] = origin if origin < n_stops else -1
        mark_origins(origins, is_origin, n_stops, 1)
        fill_labels(net, labels, rows, rules, ends, n_stops, origins, is_origin)
        for node in range(net.n_nodes):
            of_day = splat(UNREACHED)
            for w in range(ends.size):
                of_window = quickest_into(net, labels, w * net.depart_s.size * rules.boardings, node)
                store(quickest, w * net.n_nodes + node, of_window)
                of_day = least(of_day, of_window)
            store(fastest, node, of_day)
        for w in range(ends.size):
            args = (quickest, fastest, w, q_first + w, lengths[w], sums, out)
            period_rows(net, labels, fares, rules, n_stops, origins, *args)
        mark_origins(origins, is_origin, n_stops, 0)


leg_fare = njit(cache=True, nogil=True, forceinline=True, **LEAN)(leg_fare)
trace = njit(cache=True, nogil=True, forceinline=True, **LEAN)(trace)
count_leg = njit(cache=True, nogil=True, forceinline=True, **LEAN)(count_leg)
take = njit(cache=True, nogil=True, forceinline=True, **LEAN)(take)
quickest_into = njit(cache=True, nogil=True, **LEAN)(quickest_into)
add_up = njit(cache=True, nogil=True, forceinline=True, **LEAN)(add_up)
write_pair = njit(cache=True, nogil=True, forceinline=True, **LEAN)(write_pair)
period_rows = njit(cache=True, nogil=True, **LEAN)(period_rows)
mark_origins = njit(cache=True, nogil=True, **LEAN)(mark_origins)
fill_labels = njit(cache=True, nogil=True, **LEAN)(fill_labels)
skim_kernel = njit(cache=True, nogil=True)(skim_kernel)
