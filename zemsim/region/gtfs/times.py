"""Times of stop_times.txt: text to seconds, blanks between timed stops, and which trips no vehicle could run."""

from __future__ import annotations

import re
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Int = NDArray[np.int64]

_TIME = re.compile(r"([0-9]{1,3}):([0-5][0-9]):([0-5][0-9])")

#: Kinds of fault of a trip, in the order in which they are looked for, with the words for people.
FAULTS: tuple[tuple[str, str], ...] = (
    ("one_stop", "trip has one stop only"),
    ("double_sequence", "a stop_sequence occurs twice in the trip"),
    ("no_end_time", "first and last stop of a trip need a time"),
    ("leaves_early", "vehicle leaves before it arrives"),
    ("backwards", "vehicle arrives before it left the stop before"),
    ("too_fast", "vehicle is faster than any that is known"),
)


class TripFaults(NamedTuple):
    """Trips that cannot be run: ``trip`` int64, ``kind`` (position in ``FAULTS``) and ``row`` of the file, one each."""

    trip: Int
    kind: Int
    row: Int


def seconds(text: str) -> int:
    """Return the seconds after midnight of ``H:MM:SS``; hours beyond 24 are the next day.

    Raises
    ------
    ValueError
        If the text is no such time.
    """
    found = _TIME.fullmatch(text.strip(" "))
    if not found:
        raise ValueError(f"“{text[:40]}” is not a time; write HH:MM:SS")
    hour, minute, second = (int(part) for part in found.groups())
    return hour * 3600 + minute * 60 + second


def seconds_or_blank(text: str) -> int:
    """Return :func:`seconds`, -1 for a blank."""
    return seconds(text) if text.strip(" ") else -1


def fill_blanks(trip: Int, arrival: Int, departure: Int) -> tuple[Int, Int, NDArray[np.bool_]]:
    """Return times with the blanks between timed stops filled in, evenly from stop to stop, rounded down.

    Parameters
    ----------
    trip : int64 [N]
        Trip of each row; rows sorted by trip and sequence.
    arrival, departure : int64 [N]
        Seconds, -1 where blank; where one of both is blank, it is the other.

    Returns
    -------
    arrival, departure : int64 [N]
        Blanks before the first or after the last timed stop of a trip stay -1.
    filled : bool [N]
        Rows that were filled in.
    """
    arrival = np.where(arrival < 0, departure, arrival)
    departure = np.where(departure < 0, arrival, departure)
    n = len(trip)
    timed = arrival >= 0
    index = np.arange(n)
    before = np.maximum.accumulate(np.where(timed, index, -1)) if n else index
    after = np.minimum.accumulate(np.where(timed, index, n)[::-1])[::-1] if n else index
    can = ~timed & (before >= 0) & (after < n)
    can[can] = (trip[before[can]] == trip[can]) & (trip[after[can]] == trip[can])
    a, b, k = before[can], after[can], index[can]
    start, end = departure[a], arrival[b]
    arrival, departure = arrival.copy(), departure.copy()
    arrival[can] = departure[can] = start + (end - start) * (k - a) // (b - a)
    return arrival, departure, can


def trip_faults(
    trip: Int,
    sequence: Int,
    row: Int,
    arrival: Int,
    departure: Int,
    metres: NDArray[np.float64],
    most_m_s: NDArray[np.float64],
) -> TripFaults:
    """Return the trips that no vehicle could run, each with its first kind of fault and the row where it shows.

    Parameters
    ----------
    trip, sequence, row : int64 [N]
        Rows sorted by trip and sequence; ``row`` is the place in the file.
    arrival, departure : int64 [N]
        Seconds, -1 where not known.
    metres : float64 [N]
        Straight line from the stop before (0 at the first stop).
    most_m_s : float64 [N]
        Highest speed that is believed. A minute is allowed for times that are rounded.
    """
    n = len(trip)
    found = np.zeros((len(FAULTS), n), dtype=bool)
    first = np.diff(trip, prepend=-1) != 0
    last = np.diff(trip, append=-1) != 0
    same = ~first
    before = np.maximum(np.arange(n) - 1, 0)
    known = (arrival >= 0) & (arrival[before] >= 0) & same if n else same
    found[0] = first & last
    found[1] = same & (sequence == sequence[before]) if n else same
    found[2] = (first | last) & (arrival < 0)
    found[3] = (arrival >= 0) & (arrival > departure)
    found[4] = known & (departure[before] > arrival) if n else known
    found[5] = known & (metres > most_m_s * (arrival - departure[before] + 60)) if n else known
    kind, at = np.nonzero(found)
    order = np.lexsort((row[at], kind, trip[at]))
    kind, at = kind[order], at[order]
    keep = np.diff(trip[at], prepend=-1) != 0
    return TripFaults(trip[at][keep], kind[keep], row[at][keep])
