"""Monthly passes: which of them a resident takes. Axes: P residents, 2 kinds of vehicle that a fare is paid on.

A pass costs as much as some single fares, ``trips``, and pays if more rides than that are made in a month. Whoever
rides at all then pays ``min(1, trips / rides)`` of the single fare for each ride, so the cost of a ride has no step.
"""

from __future__ import annotations

from typing import Any, Final

from numba import njit

from zemsim.kernels.lean import LEAN

#: Bits of the passes taken: for buses and for trains.
FOR_BUSES: Final = 1
FOR_TRAINS: Final = 2


def passes_taken(i: int, rides_month: Any, trips: Any) -> int:
    """The passes of resident `i` as bits: those whose price in single fares is below the rides of a month."""
    taken = 0
    if rides_month[i, 0] > trips[i, 0]:
        taken |= FOR_BUSES
    if rides_month[i, 1] > trips[i, 1]:
        taken |= FOR_TRAINS
    return taken


def take_passes(start: int, stop: int, rows: Any, rides_month: Any, trips: Any, out_passes: Any) -> None:
    """`passes_taken` for the residents ``rows[start:stop]``, into ``out_passes`` int8 [P]."""
    for k in range(start, stop):
        out_passes[rows[k]] = passes_taken(rows[k], rides_month, trips)


passes_taken = njit(cache=True, nogil=True, **LEAN)(passes_taken)
take_passes = njit(cache=True, nogil=True)(take_passes)
