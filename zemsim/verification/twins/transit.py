"""Earliest arrivals by public transport, the slow and obvious way: every trip, again until nothing improves.

`earliest` counts vehicles, so it goes by rounds and looks at every pair of stops of every trip; `earliest_arrivals` has
no limit of vehicles.
"""

from __future__ import annotations

from dataclasses import dataclass

NEVER = 10**9


@dataclass(frozen=True)
class Trip:
    """One vehicle: its route, stops, and seconds of arrival and departure at each; weekdays only."""

    route: int
    train: bool
    stops: tuple[int, ...]
    arrive: tuple[int, ...]
    depart: tuple[int, ...]


def earliest(
    trips: list[Trip], walks: dict[int, list[tuple[int, int]]], origin: int, depart: int, boardings: int, change_s: int
) -> dict[tuple[int, bool], int]:
    """Earliest arrival by vehicle at each (stop, train used) with at most ``boardings`` vehicles.

    A state is ready where a vehicle can be boarded: the origin at ``depart``; after a ride the stop itself and those
    within a walk, ``change_s`` later. Nobody walks twice in a row, before the first ride or after the last.
    """
    ready = {(origin, False): depart}
    best: dict[tuple[int, bool], int] = {}
    for _ in range(boardings):
        reached: dict[tuple[int, bool], int] = {}
        for trip in trips:
            for i, board in enumerate(trip.stops):
                for used in (False, True):
                    if ready.get((board, used), NEVER) > trip.depart[i]:
                        continue
                    for j in range(i + 1, len(trip.stops)):
                        state = (trip.stops[j], used or trip.train)
                        reached[state] = min(reached.get(state, NEVER), trip.arrive[j])
        for (stop, used), at in reached.items():
            best[stop, used] = min(best.get((stop, used), NEVER), at)
            for there, walk_s in [(stop, 0), *walks.get(stop, [])]:
                when = at + walk_s + change_s
                ready[there, used] = min(ready.get((there, used), NEVER), when)
    return best


def earliest_arrivals(
    trips: list[Trip], walks: dict[int, list[tuple[int, int]]], start: dict[int, int], change_s: int
) -> dict[int, int]:
    """Earliest arrival by vehicle at each stop; ``start``: second from which each stop can be boarded at the beginning.

    On board of a trip at position k is who could board it there or was on board at k - 1.
    """
    ready: dict[int, int] = dict(start)
    best: dict[int, int] = {}
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
