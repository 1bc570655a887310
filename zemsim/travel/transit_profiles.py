"""Departure profiles: when one arrives everywhere, for each minute at which one is ready to leave a stop."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import ArrayLike, NDArray

from zemsim.core.names import DayType
from zemsim.kernels.connection_scan import earliest_arrivals
from zemsim.kernels.raptor import UNREACHED
from zemsim.travel.timetable import Timetable
from zemsim.travel.transit_network import connections, plain_network


@dataclass(frozen=True, eq=False)
class DepartureProfile:
    """Earliest arrivals by vehicle. Axes: O origins, D times of readiness, S stops (or zones).

    Attributes
    ----------
    ready_s : int32 [D]
        Seconds after midnight at which one stands at the origin, rising.
    arrive_s : int32 [O, D, S]
        Earliest arrival; ``zemsim.kernels.raptor.UNREACHED`` where there is none.
    """

    ready_s: NDArray[np.int32]
    arrive_s: NDArray[np.int32]

    def travel_min(self) -> NDArray[np.float32]:
        """Return minutes from readiness to arrival, the first wait included: float32 [O, D, S], inf unreached."""
        minutes = (self.arrive_s - self.ready_s[:, None]).astype(np.float32) / np.float32(60.0)
        return np.where(self.arrive_s < UNREACHED, minutes, np.float32(np.inf))

    def percentile_min(self, percent: float) -> NDArray[np.float32]:
        """Return the travel time that so many per cent of the times of readiness do not exceed: float32 [O, S].

        The nearest rank: the least of the times that at least ``percent`` of all do not exceed; inf where fewer arrive.
        """
        if not 0 < percent <= 100:
            raise ValueError(f"percent must lie above 0 and not above 100, not {percent}")
        rank = int(np.ceil(percent / 100.0 * len(self.ready_s) - 1e-9)) - 1
        return self._rising_min[:, :, rank]

    @cached_property
    def _rising_min(self) -> NDArray[np.float32]:
        """Travel times of each pair from the shortest to the longest: float32 [O, S, D]."""
        rising = np.ascontiguousarray(self.travel_min().transpose(0, 2, 1))
        rising.sort(axis=2)
        return rising

    def served_share(self) -> NDArray[np.float32]:
        """Return the share of the times of readiness from which there is a journey: float32 [O, S]."""
        return np.asarray((self.arrive_s < UNREACHED).mean(axis=1), np.float32)

    def wait_min(self) -> NDArray[np.float32]:
        """Return the mean first wait: float32 [O, S], inf where a time of readiness has no journey.

        One waits from each time of readiness to the last one with the same arrival; so waits end with the profile.
        """
        last = np.empty_like(self.arrive_s)
        last[:, -1] = self.ready_s[-1]
        for d in range(len(self.ready_s) - 2, -1, -1):
            same = self.arrive_s[:, d] == self.arrive_s[:, d + 1]
            last[:, d] = np.where(same, last[:, d + 1], self.ready_s[d])
        wait = (last - self.ready_s[:, None]).mean(axis=1) / 60.0
        return np.where((self.arrive_s < UNREACHED).all(axis=1), wait, np.inf).astype(np.float32)


def departure_profile(
    timetable: Timetable,
    day: DayType,
    stops: ArrayLike,
    start_s: int,
    end_s: int,
    step_s: int = 60,
    horizon_s: int = 24 * 3600,
    threads: int = 1,
) -> DepartureProfile:
    """Compute the profiles of some stops: with any number of changes, thirty-two minutes in the lanes of one scan.

    Parameters
    ----------
    timetable : Timetable
        With its rules of changing.
    day : DayType
        Weekday or weekend.
    stops : int [O]
        Rows of the origin stops.
    start_s, end_s : int
        First time of readiness, and the end of the window, not included; seconds after midnight.
    step_s : int
        Seconds from one time of readiness to the next.
    horizon_s : int
        Longest journey.
    threads : int
        Threads over blocks of lanes; the bits do not depend on it.

    Returns
    -------
    DepartureProfile
    """
    if step_s < 1 or not 0 <= start_s < end_s:
        raise ValueError("step_s must be one or more and the window must not be empty")
    origin = np.ascontiguousarray(stops, dtype=np.int32)
    ready = np.arange(start_s, end_s, step_s, dtype=np.int32)
    net = connections(plain_network(timetable, day))
    lanes = earliest_arrivals(
        net,
        np.repeat(origin, len(ready)),
        np.tile(ready, len(origin)),
        int(timetable.rules.transit_min_transfer_s),
        horizon_s,
        threads=threads,
    )
    rows = lanes.transpose(0, 2, 1).reshape(-1, net.n_nodes)[: len(origin) * len(ready)]
    at_stops = rows.reshape(len(origin), len(ready), net.n_nodes)[:, :, : len(timetable.stops)]
    return DepartureProfile(ready, np.ascontiguousarray(at_stops))
