"""Useful departures and their journeys, the slow and obvious way: every departure, every number of vehicles."""

from __future__ import annotations

from typing import NamedTuple

from tests.reference.raptor import NEVER, Trip

State = tuple[int, bool]


class Journey(NamedTuple):
    """Departure, arrival, vehicles."""

    depart: int
    arrive: int
    vehicles: int


def arrivals_by_vehicles(
    trips: list[Trip], walks: dict[int, list[tuple[int, int]]], origin: int, depart: int, boardings: int, change_s: int
) -> list[dict[State, int]]:
    """Earliest arrival at each (stop, train used) with exactly 1, 2, ... vehicles; the first one leaves at ``depart``.

    Nobody boards at the origin again: who comes back there could have waited.
    """
    ready: dict[State, int] = {}
    found = []
    for vehicle in range(boardings):
        reached: dict[State, int] = {}
        for trip in trips:
            for i, stop in enumerate(trip.stops[:-1]):
                for used in (False, True):
                    first = vehicle == 0 and stop == origin and not used and trip.depart[i] == depart
                    later = vehicle > 0 and stop != origin and ready.get((stop, used), NEVER) <= trip.depart[i]
                    for j in range(i + 1, len(trip.stops)) if first or later else ():
                        state = (trip.stops[j], used or trip.train)
                        reached[state] = min(reached.get(state, NEVER), trip.arrive[j])
        found.append(reached)
        ready = {}
        for (stop, used), at in reached.items():
            for there, walk_s in [(stop, 0), *walks.get(stop, [])]:
                ready[there, used] = min(ready.get((there, used), NEVER), at + walk_s + change_s)
    return found


def useful(
    trips: list[Trip], walks: dict[int, list[tuple[int, int]]], origin: int, window: tuple[int, int], boardings: int,
    change_s: int, penalty_s: int,
) -> dict[State, list[Journey]]:  # fmt: skip
    """Journeys of a window, last first: each has a lower value (arrival and penalties) than all that leave later."""
    starts = {t.depart[i] for t in trips for i, stop in enumerate(t.stops[:-1]) if stop == origin}
    best: dict[State, int] = {}
    journeys: dict[State, list[Journey]] = {}
    for depart in sorted((s for s in starts if window[0] <= s < window[1]), reverse=True):
        found = arrivals_by_vehicles(trips, walks, origin, depart, boardings, change_s)
        for state in {state for reached in found for state in reached}:
            options = [(reached[state] + penalty_s * r, r) for r, reached in enumerate(found) if state in reached]
            value, vehicle = min(options)
            if value < best.get(state, NEVER):
                best[state] = value
                journeys.setdefault(state, []).append(Journey(depart, found[vehicle][state], vehicle + 1))
    return journeys
