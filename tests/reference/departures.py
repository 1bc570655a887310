"""Passengers on departures, one pattern at a time, with fractions: the slow twin of `zemsim.kernels.departures`."""

from __future__ import annotations

from collections import defaultdict
from fractions import Fraction
from typing import NamedTuple

Rides = dict[tuple[int, int, int], Fraction]  # (board, alight, planned trip): passengers


class Carried(NamedTuple):
    """By (position, trip); `stranded` in all."""

    load: dict[tuple[int, int], Fraction]
    boarded: dict[tuple[int, int], Fraction]
    denied: dict[tuple[int, int], Fraction]
    wait_min: dict[tuple[int, int], Fraction]
    stranded: Fraction


def planned(depart_s: list[int], window_s: tuple[int, int], ready_min: int, waits: bool) -> int:
    """Trip that a traveller plans: the first from now on, or the nearest of the window, the earlier of equals."""
    now, all_trips = 60 * ready_min, range(len(depart_s))
    if waits:
        return next((t for t in all_trips if depart_s[t] >= now), len(depart_s) - 1)
    inside = [t for t in all_trips if window_s[0] <= depart_s[t] < window_s[1]] or list(all_trips)
    nearest = min(abs(depart_s[t] - now) for t in inside)
    return _first_of_run(depart_s, inside, next(t for t in inside if abs(depart_s[t] - now) == nearest))


def _first_of_run(depart_s: list[int], inside: list[int], trip: int) -> int:
    """Of trips that leave at the same second the first."""
    return next(t for t in inside if depart_s[t] == depart_s[trip])


def serve(
    depart_s: list[list[int]], rides: Rides, runs: list[Fraction], places: Fraction, stranded_min: Fraction
) -> Carried:
    """Serve the trips in their order: ``depart_s[position][trip]``."""
    n, m = len(depart_s), len(depart_s[0])
    asked: dict[tuple[int, int], Fraction] = defaultdict(Fraction)
    for (a, _, t), persons in rides.items():
        asked[a, t] += persons
    left, wait = dict(asked), dict.fromkeys(((a, t) for a in range(n - 1) for t in range(m)), Fraction(0))
    load, boarded, denied = dict(wait), dict(wait), dict(wait)
    for t in range(m):
        on_board: dict[int, Fraction] = defaultdict(Fraction)
        for a in range(n - 1):
            del_here = on_board.pop(a, Fraction(0))
            assert del_here >= 0
            waiting = [u for u in range(t + 1) if left.get((a, u), 0) > 0]
            everybody = sum((left[a, u] for u in waiting), Fraction(0))
            free = min(places * runs[t] - sum(on_board.values()), everybody * runs[t])
            for u in waiting:
                get_on = min(left[a, u], max(free, Fraction(0)))
                free -= get_on
                left[a, u] -= get_on
                boarded[a, t] += get_on
                wait[a, u] += get_on / asked[a, u] * Fraction(depart_s[a][t] - depart_s[a][u], 60)
                for (board, b, planned_trip), persons in rides.items():
                    if (board, planned_trip) == (a, u):
                        on_board[b] += persons * get_on / asked[a, u]
            denied[a, t] = everybody - boarded[a, t]
            load[a, t] = sum(on_board.values(), Fraction(0))
    stranded = sum(left.values(), Fraction(0))
    for a in range(n - 1):
        for t in range(m):
            if asked[a, t] > 0:
                late = Fraction(depart_s[a][m - 1] - depart_s[a][t], 60) + stranded_min
                wait[a, t] += left[a, t] / asked[a, t] * late
            else:
                wait[a, t] = _one_more(a, t, depart_s, load, runs, places, stranded_min)
    return Carried(load, boarded, denied, wait, stranded)


def _one_more(
    a: int,
    t: int,
    depart_s: list[list[int]],
    load: dict[tuple[int, int], Fraction],
    runs: list[Fraction],
    places: Fraction,
    stranded_min: Fraction,
) -> Fraction:
    """Wait that one passenger more would have: over all trips that could take it, each with its chance."""
    expected, still_there, m = Fraction(0), Fraction(1), len(runs)
    for later in range(t, m):
        takes = runs[later] if places * runs[later] > load[a, later] else Fraction(0)
        expected += still_there * takes * Fraction(depart_s[a][later] - depart_s[a][t], 60)
        still_there *= 1 - takes
    return expected + still_there * (Fraction(depart_s[a][m - 1] - depart_s[a][t], 60) + stranded_min)


def crowding(
    arrive_s: list[list[int]],
    depart_s: list[list[int]],
    load: dict[tuple[int, int], Fraction],
    seats: list[Fraction],
    multiplier: Fraction,
    full: Fraction,
) -> dict[tuple[int, int], Fraction]:
    """Mean factor over passengers and seconds from each position on; ``seats`` are those of each trip."""
    n, m = len(depart_s), len(depart_s[0])
    found = {}
    for t in range(m):
        for a in range(n):
            spent, felt = Fraction(0), Fraction(0)
            for s in range(a, n - 1):
                if load[s, t] > 0:
                    standing = (load[s, t] / seats[t] - 1) / (full - 1)
                    seconds = load[s, t] * max(arrive_s[s + 1][t] - depart_s[s][t], 1)
                    spent += seconds
                    felt += seconds * (1 + (multiplier - 1) * min(max(standing, Fraction(0)), Fraction(1)))
            found[a, t] = felt / spent if spent else Fraction(1)
    return found
