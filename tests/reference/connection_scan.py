"""Earliest arrivals with any number of vehicles, the slow and obvious way: all trips, again until none improves."""

from __future__ import annotations

from tests.reference.raptor import NEVER, Trip


def earliest_arrivals(
    trips: list[Trip], walks: dict[int, list[tuple[int, int]]], start: dict[int, int], change_s: int
) -> dict[int, int]:
    """Earliest arrival by vehicle at each stop; ``start``: second from which each stop can be boarded at the beginning.

    On board of a trip at position k is who could board it there or was on board at k - 1.
    """
    ready, best = dict(start), {}
    before = None
    while before != (ready, best):
        before = (dict(ready), dict(best))
        for trip in trips:
            aboard = False
            for k in range(len(trip.stops) - 1):
                aboard = aboard or ready.get(trip.stops[k], NEVER) <= trip.depart[k]
                if aboard:
                    stop, at = trip.stops[k + 1], trip.arrive[k + 1]
                    best[stop] = min(best.get(stop, NEVER), at)
                    for there, walk_s in [(stop, 0), *walks.get(stop, [])]:
                        ready[there] = min(ready.get(there, NEVER), at + walk_s + change_s)
    return best
