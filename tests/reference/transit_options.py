"""Stops to walk to and from, and the best of their pairs, in plain Python from the words of ``transit_options``."""

import math

PARTS = (
    "in_vehicle_min",
    "wait_min",
    "headway_min",
    "walk_min",
    "transfers",
    "fare_eur",
    "bus_fare_eur",
    "distance_km",
)


def near_stops(metres, routes, stations, bus_m, rail_m):
    """Bus stops and stations near a point, as ``(stop, metres)``.

    ``metres[s]`` to each stop, ``routes[s]`` the bus routes of each. Of the twelve nearest bus stops those count that
    add a route, up to four; of the stations the two nearest.
    """
    buses = sorted((m, s) for s, m in enumerate(metres) if m <= bus_m and routes[s])[:12]
    kept, served = [], set()
    for m, s in buses:
        if len(kept) < 4 and not routes[s] <= served:
            kept.append((s, m))
            served |= routes[s]
    return kept, [(s, m) for m, s in sorted((metres[s], s) for s in stations if metres[s] <= rail_m)[:2]]


def best_pair(cost, last, leave_min, min_per_m, weight, there, here):
    """The pair of stops with the least ``cost`` and walks, among those with a departure that is still reached."""
    best, found = math.inf, None
    for a, a_m in there:
        for b, b_m in here:
            value = cost[a][b] + weight * min_per_m * (a_m + b_m)
            if value < best and last[a][b] >= 60.0 * (leave_min + a_m * min_per_m):
                best, found = value, (a, b, (a_m + b_m) * min_per_m)
    return found


def option(layer, home, work, out, back, leave_min, min_per_m, weight, skim, cost, last):
    """Parts of the mean of out and back, and the two legs; None if one of them is not there."""
    ends = [buses + (stations if layer else []) for buses, stations in (home, work)]
    there = best_pair(cost[out][layer], last[out][layer], -math.inf, min_per_m, weight, *ends)
    again = best_pair(cost[back][layer], last[back][layer], leave_min, min_per_m, weight, *ends[::-1])
    if there is None or again is None:
        return None
    legs = (out, layer, *there[:2]), (back, layer, *again[:2])
    means = {name: sum(float(getattr(skim, name)[leg]) for leg in legs) / 2 for name in PARTS}
    means["walk_min"] += (there[2] + again[2]) / 2
    return means, legs
