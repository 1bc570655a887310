"""A million charging sessions at 2,000 stations, first come first served, sorted by station and arrival."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

import numpy as np

from benchmarks.options import DifferentError, Options
from benchmarks.timing import Task, Way
from zemsim.kernels.charging import ChargingParameters, Requests
from zemsim.kernels.charging_queues import serve_stations
from zemsim.verification.twins.queue import waits

SESSIONS, STATIONS, _SEED = 1_000_000, 2_000, 7
#: Sessions that the twin in plain Python serves.
_SLOW = 20_000


def tasks(options: Options) -> Iterator[Task]:
    """Sort and serve; there is no peer to install, so the twin in plain Python stands there."""
    if options.threads > 1:
        return
    rng = np.random.default_rng(_SEED)
    n = SESSIONS // 10 if options.quick else SESSIONS
    stations = STATIONS * n // SESSIONS
    station = rng.integers(0, stations, n).astype(np.int32)
    arrive, minutes = rng.uniform(0, 1440, n), rng.gamma(3, 10.0, n)
    first_point = np.append(0, np.cumsum(rng.integers(2, 9, stations))).astype(np.int32)
    requests = Requests(
        station, np.full(n, 3, np.int8), arrive, np.full(n, math.inf), np.full(n, 20.0), minutes, np.zeros(n),
        np.zeros(n, np.bool_),
    )  # fmt: skip
    p = ChargingParameters(**dict.fromkeys(ChargingParameters._fields, 0.0) | {"patience_min": math.inf})
    out: tuple[Any, ...] = (np.zeros(n), np.zeros(n, np.bool_), np.zeros(n))
    number, vehicle = np.arange(stations, dtype=np.int32), np.arange(n)

    def ours() -> None:
        order = np.lexsort((vehicle, arrive, station)).astype(np.int32)
        first = np.searchsorted(station[order], np.arange(stations + 1)).astype(np.int32)
        serve_stations(0, stations, first, order, number, first_point, np.zeros(first_point[-1]), requests, p, *out)

    ours()
    served, count = 0, 0
    while served < _SLOW:
        here = np.flatnonzero(station == count)
        here = here[np.argsort(arrive[here], kind="stable")]
        points = int(first_point[count + 1] - first_point[count])
        if out[0][here].tolist() != waits(arrive[here].tolist(), minutes[here].tolist(), points):
            raise DifferentError(f"waits at station {count} differ from the slow twin's")
        served, count = served + here.size, count + 1
    rows = [np.flatnonzero(station == k) for k in range(count)]
    lists = [
        (arrive[r].tolist(), minutes[r].tolist(), int(first_point[k + 1] - first_point[k])) for k, r in enumerate(rows)
    ]

    def twin() -> None:
        for at, stays, points in lists:
            pairs = sorted(zip(at, stays, strict=True))
            waits([a for a, _ in pairs], [s for _, s in pairs], points)

    ways = [Way("ours", ours, n), Way("plain Python", twin, served, f"{served:,} sessions; no package does this")]
    yield Task(
        f"{n:,} charging sessions at {stations:,} stations, sort included", "session", ways, {},
        checked=f"waits of {served:,} sessions equal the slow twin's",
    )  # fmt: skip
