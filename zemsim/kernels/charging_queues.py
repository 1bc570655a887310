"""The queues at public charging stations, first come first served, and what their points give to the batteries.

The slots of requests, units and axes are those of `zemsim.kernels.charging`.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import njit

from zemsim.kernels.lean import LEAN


def serve_stations(
    start: int,
    stop: int,
    first_request: Any,
    order: Any,
    station_of: Any,
    first_point: Any,
    free_at: Any,
    requests: Any,
    p: Any,
    out_wait_min: Any,
    out_served: Any,
    out_kwh: Any,
) -> None:
    """First come first served at the stations ``station_of[start:stop]``.

    ``order`` lists the requests sorted by (station, arrival, vehicle), ``first_request`` [n + 1] are offsets into it.
    ``free_at`` float64 is when each point becomes free, those of station v from ``first_point[v]`` to
    ``first_point[v + 1]``; what yesterday left occupied is passed in, what today leaves is passed on. A driver who
    would wait longer than the patience or the stay leaves, unless the way home depends on it. Who waited charges for
    the rest of the stay: ``out_kwh`` is what the point can give.
    """
    for k in range(start, stop):
        v = station_of[k]
        points = free_at[first_point[v] : first_point[v + 1]]
        for q in range(first_request[k], first_request[k + 1]):
            r = order[q]
            point = int(np.argmin(points))
            begin = max(requests.arrive_min[r], points[point])
            wait, stay = begin - requests.arrive_min[r], requests.until_min[r] - begin
            out_wait_min[r] = wait
            out_served[r] = requests.forced[r] or (wait <= p.patience_min and stay > 0.0)
            out_kwh[r] = 0.0
            if out_served[r]:
                minutes = min(requests.minutes[r], stay)
                out_kwh[r] = (
                    requests.kwh[r]
                    if stay >= requests.minutes[r]
                    else (requests.kwh[r] * minutes / requests.minutes[r])
                )
                points[point] = begin + minutes


def finish_day(tours: Any, requests: Any, served_kwh: Any, battery_kwh: Any, energy_kwh: Any, out_kwh: Any) -> None:
    """Add what the points gave to the batteries; ``out_kwh`` [2 E] is what reached the battery.

    Forced sessions reached it in `plan_day` already. A battery never takes more than it holds: who charged elsewhere
    meanwhile gets less, down to nothing.
    """
    n = tours.vehicle.shape[0]
    for r in range(requests.station.shape[0]):
        out_kwh[r] = 0.0
        if requests.station[r] >= 0 and requests.forced[r]:
            out_kwh[r] = requests.kwh[r]
        elif requests.station[r] >= 0:
            c = tours.vehicle[r % n]
            out_kwh[r] = max(0.0, min(served_kwh[r], battery_kwh[c] - energy_kwh[c]))
            energy_kwh[c] += out_kwh[r]


serve_stations = njit(cache=True, nogil=True)(serve_stations)
finish_day = njit(cache=True, nogil=True, **LEAN)(finish_day)
