"""A million charging sessions at 2,000 stations, first come first served, sorted by station and arrival."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from benchmarks.options import DifferentError, Options
from benchmarks.timing import Task, Way
from zemsim.verification.queues import serve_sites
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
    kwh = minutes  # at 60 kW
    visits = None

    def ours() -> None:
        nonlocal visits
        visits = serve_sites(station, arrive, kwh, np.diff(first_point).astype(np.int32))

    ours()
    waited = visits.wait_min[:n]
    served, count = 0, 0
    while served < _SLOW:
        here = np.flatnonzero(station == count)
        here = here[np.argsort(arrive[here], kind="stable")]
        points = int(first_point[count + 1] - first_point[count])
        if waited[here].tolist() != waits(arrive[here].tolist(), (60.0 * minutes[here] / 60.0).tolist(), points):
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
