"""Which share of each charging session falls into each hour of the day; the energy comes evenly over the session."""

from __future__ import annotations

import math
from typing import Any

from numba import njit

from zemsim.kernels.lean import LEAN

_HOUR_MIN = 60.0
_HOURS = 24
#: A session of no length lies in the hour of its start.
_SHORTEST_MIN = 1e-3


def hour_shares(start: int, stop: int, begin_min: Any, end_min: Any, out: Any) -> None:
    """Shares of the sessions ``start`` to ``stop`` into ``out`` float64 [n, 24], which is zero before.

    Minutes after midnight, beyond 1440 on the next day; hours of later days count as those of any day. Rows sum to 1.
    """
    for i in range(start, stop):
        length = max(end_min[i] - begin_min[i], _SHORTEST_MIN)
        now, end = begin_min[i], begin_min[i] + length
        while now < end:
            hour = math.floor(now / _HOUR_MIN)
            until = min(end, _HOUR_MIN * (hour + 1.0))
            out[i, int(hour) % _HOURS] += (until - now) / length
            now = until


hour_shares = njit(cache=True, nogil=True, **LEAN)(hour_shares)
