"""Times of GTFS: text to seconds, blanks between timed stops, and the check that no trip runs backwards."""

from __future__ import annotations

import itertools
import re
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from zemsim.core.errors import InputError

_TIME = re.compile(r"(\d{1,3}):([0-5]\d):([0-5]\d)")

Fail = Callable[[int, str, "str | None"], InputError]


def seconds(text: str) -> int:
    """Return the seconds after midnight of ``H:MM:SS``; hours beyond 24 are the next day.

    Raises
    ------
    ValueError
        If the text is no such time.
    """
    found = _TIME.fullmatch(text.strip(" "))
    if not found:
        raise ValueError(f"“{text}” is not a time")
    hour, minute, second = (int(part) for part in found.groups())
    return hour * 3600 + minute * 60 + second


def checked_times(
    arrival_text: list[str],
    departure_text: list[str],
    trip: NDArray[np.int64],
    sequence: NDArray[np.int64],
    order: NDArray[np.int64],
    fail: Fail,
) -> tuple[NDArray[np.int64], NDArray[np.int64], int]:
    """Return arrival and departure seconds in file order, and how many rows were interpolated.

    Parameters
    ----------
    arrival_text, departure_text : list of str [N]
        Columns of ``stop_times.txt``.
    trip, sequence : int64 [N]
        Position of the trip, ``stop_sequence``.
    order : int64 [N]
        Rows sorted by trip and sequence.
    fail : callable
        Makes the error for a row: ``fail(row, message, hint)``.
    """
    arrival = _column(arrival_text, "arrival_time", fail)
    departure = _column(departure_text, "departure_time", fail)
    arrival = np.where(arrival < 0, departure, arrival)
    departure = np.where(departure < 0, arrival, departure)
    bounds = np.flatnonzero(np.diff(trip[order], prepend=-1, append=-1))
    filled = 0
    for start, stop in itertools.pairwise(bounds):
        rows = order[start:stop]
        _check_trip(rows, sequence, arrival, fail)
        filled += _fill(rows, arrival, departure)
        _check_forward(rows, arrival, departure, fail)
    return arrival, departure, filled


def _column(texts: list[str], name: str, fail: Fail) -> NDArray[np.int64]:
    values = np.full(len(texts), -1, dtype=np.int64)
    for row, text in enumerate(texts):
        if text.strip(" "):
            try:
                values[row] = seconds(text)
            except ValueError as error:
                raise fail(row, f"{name}: {error}", "write HH:MM:SS") from None
    return values


def _check_trip(rows: NDArray[np.int64], sequence: NDArray[np.int64], arrival: NDArray[np.int64], fail: Fail) -> None:
    if len(rows) < 2:
        raise fail(int(rows[0]), "trip has one stop only", None)
    for a, b in itertools.pairwise(rows):
        if sequence[a] == sequence[b]:
            raise fail(int(max(a, b)), f"stop_sequence {sequence[a]} occurs twice in the trip", None)
    for row in (rows[0], rows[-1]):
        if arrival[row] < 0:
            raise fail(int(row), "first and last stop of a trip need a time", None)


def _fill(rows: NDArray[np.int64], arrival: NDArray[np.int64], departure: NDArray[np.int64]) -> int:
    blank = arrival[rows] < 0
    if not blank.any():
        return 0
    timed = np.flatnonzero(~blank)
    for a, b in itertools.pairwise(timed):
        for k in range(a + 1, b):
            start, end = departure[rows[a]], arrival[rows[b]]
            arrival[rows[k]] = departure[rows[k]] = start + (end - start) * (k - a) // (b - a)
    return int(blank.sum())


def _check_forward(
    rows: NDArray[np.int64], arrival: NDArray[np.int64], departure: NDArray[np.int64], fail: Fail
) -> None:
    for row in rows:
        if arrival[row] > departure[row]:
            raise fail(int(row), "vehicle leaves before it arrives", None)
    for a, b in itertools.pairwise(rows):
        if departure[a] > arrival[b]:
            raise fail(int(b), "vehicle arrives before it left the stop before", None)
