"""The clock of a resident's day: tours from home that do not overlap."""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import njit
from numpy.typing import NDArray

#: No tour starts before this minute of the day, and every tour is home before the day ends.
FIRST_MIN = 300
LAST_MIN = 1439
#: Shortest time at home between two tours, and shortest stay, where a day is crowded.
SHORTEST_GAP_MIN = 5
SHORTEST_STAY_MIN = 5


def schedule_day(first: Any, stop: Any, wish: Any, stay: Any, travel: Any, gap: Any, depart: Any, back: Any) -> Any:
    """Set the times of the tours ``first <= k < stop`` of one day, given in the order in which they are made.

    Each tour leaves at its wish or when the one before has ended and a gap has passed. A day that ends too late is
    shortened (stays, then gaps) and moved to earlier times. Returns the number of tours kept: tours that cannot fit
    even with the shortest stays are left off from the end.

    Parameters
    ----------
    wish, stay, travel, gap
        int64 [R], minutes: wished departure, stay, one-way travel, gap before the tour.
    depart, back
        int64 [R], written: departure from home and departure of the trip home.
    """
    room = LAST_MIN - FIRST_MIN
    kept = stop - first
    while kept > 0:
        least = (kept - 1) * SHORTEST_GAP_MIN
        for k in range(first, first + kept):
            least += 2 * travel[k] + min(stay[k], SHORTEST_STAY_MIN)
        if least <= room:
            break
        kept -= 1
    if kept <= 0:
        return 0
    end = first + kept
    needed = (kept - 1) * SHORTEST_GAP_MIN
    slack = 0
    for k in range(first, end):
        needed += 2 * travel[k] + stay[k]
        slack += max(stay[k] - SHORTEST_STAY_MIN, 0)
    excess = max(needed - room, 0)
    clock = FIRST_MIN
    for k in range(first, end):
        if excess > 0:
            spare = max(stay[k] - SHORTEST_STAY_MIN, 0)
            stay[k] -= min(spare, (spare * excess + slack - 1) // slack)
        earliest = clock if k == first else clock + max(gap[k], SHORTEST_GAP_MIN)
        depart[k] = max(wish[k], earliest)
        clock = depart[k] + 2 * travel[k] + stay[k]
    latest_end = LAST_MIN
    for k in range(end - 1, first - 1, -1):
        depart[k] = min(depart[k], latest_end - 2 * travel[k] - stay[k])
        latest_end = depart[k] - SHORTEST_GAP_MIN
        back[k] = depart[k] + travel[k] + stay[k]
    return kept


def schedule_days(starts: Any, wish: Any, stay: Any, travel: Any, gap: Any, depart: Any, back: Any, kept: Any) -> None:
    """``schedule_day`` for each day ``d`` of rows ``starts[d] <= k < starts[d + 1]``; ``kept`` int64 [D] is written."""
    for d in range(starts.shape[0] - 1):
        kept[d] = schedule_day(starts[d], starts[d + 1], wish, stay, travel, gap, depart, back)


schedule_day = njit(cache=True, nogil=True)(schedule_day)
schedule_days = njit(cache=True, nogil=True)(schedule_days)


def schedule(
    starts: NDArray[np.int64],
    wish: NDArray[np.int64],
    stay: NDArray[np.int64],
    travel: NDArray[np.int64],
    gap: NDArray[np.int64],
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]:
    """Times of all days: ``depart`` and ``back`` int64 [R] minutes, and the tours ``kept`` of each day int64 [D].

    ``starts`` int64 [D + 1] cuts the rows into days; the other arrays are described at ``schedule_day``.
    """
    if starts.size < 1 or starts[0] != 0 or starts[-1] != wish.size or np.any(np.diff(starts) < 0):
        raise ValueError("starts must run from 0 to the number of tours")
    if wish.size and min(stay.min(), travel.min(), gap.min()) < 0:
        raise ValueError("stay, travel and gap must be zero or more")
    depart, back = np.empty_like(wish), np.empty_like(wish)
    kept = np.empty(starts.size - 1, dtype=np.int64)
    schedule_days(starts, wish, stay.copy(), travel, gap, depart, back, kept)
    return depart, back, kept
