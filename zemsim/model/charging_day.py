"""A day of the electric cars: plan, queue in time order, drive and charge, and the balance of energy and money."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from zemsim.core.names import ChargingPlace
from zemsim.kernels.blocks import run_blocks
from zemsim.kernels.charging import plan_day
from zemsim.kernels.charging_day import settle_day
from zemsim.kernels.charging_queues import begin_day, serve_day
from zemsim.kernels.charging_tables import (
    DayTimes,
    PrivatePlans,
    Requests,
    Sessions,
    SiteDay,
    Visits,
    no_requests,
    no_sessions,
    served_day,
)
from zemsim.model.charging_inputs import MINUTES_PER_DAY, ElectricDay, ElectricWeek

if TYPE_CHECKING:
    from zemsim.model.model import MobilityModel

Float = npt.NDArray[np.float64]


@dataclass(frozen=True)
class ChargedDay:
    """What was planned and what came of it; slots of `Requests`, `Visits` and `Sessions`.

    Attributes
    ----------
    energy_gap_kwh : most that a car's battery misses: morning + charged - driven - evening.
    """

    day: ElectricDay
    requests: Requests
    visits: Visits
    sessions: Sessions
    sites: SiteDay
    times: DayTimes
    energy_gap_kwh: float

    def vehicle(self, slots: npt.NDArray[np.intp]) -> npt.NDArray[np.int32]:
        """The cars of slots."""
        of_tour: npt.NDArray[np.int32] = self.day.tours.vehicle[slots % max(1, len(self.day.tour_idx))]
        return of_tour

    def place(self, slots: npt.NDArray[np.intp]) -> npt.NDArray[np.int8]:
        """Where the sessions of slots are, `ChargingPlace`."""
        n = len(self.day.tour_idx)
        at_home = np.where(slots < 3 * n, ChargingPlace.HOME, ChargingPlace.WORK)
        public = self.requests.place[np.minimum(slots, max(0, 2 * n - 1))] if n else at_home
        found: npt.NDArray[np.int8] = np.where(slots < 2 * n, public, at_home).astype(np.int8)
        return found


def simulate_day(model: MobilityModel, number: int, day: ElectricDay, week: ElectricWeek, lowest: Float) -> ChargedDay:
    """Drive and charge one day of the week; ``lowest`` [C] keeps the lowest state of each battery."""
    n = len(day.tour_idx)
    requests, private = no_requests(2 * n), PrivatePlans(np.zeros(n, np.bool_), np.zeros(n, np.bool_))
    leaves_min, energy = week.leaves_min(number), model.vehicles.energy_kwh
    run_blocks(
        plan_day,
        len(day.car_of),
        model.threads,
        day.first_tour,
        day.car_of,
        leaves_min,
        energy,
        day.tours,
        week.cars,
        week.stations,
        week.errors[number],
        week.p,
        requests,
        private,
    )
    served = served_day(day.first_tour, day.tours, week.cars, requests, week.stations, week.p, week.points)
    begin_day(served, week.ready_min[day.car_of], week.held_kw)
    serve_day(served, week.held_kw)
    sessions, driven, before = no_sessions(4 * n), np.zeros(len(day.car_of)), energy[day.car_of]
    run_blocks(
        settle_day,
        len(day.car_of),
        model.threads,
        day.first_tour,
        day.car_of,
        leaves_min,
        day.tours,
        week.cars,
        week.base_cars,
        week.stations,
        week.base_stations,
        week.p,
        requests,
        private,
        served.visits,
        served.times,
        energy,
        lowest,
        driven,
        sessions,
    )
    week.ready_min[:] = 0.0
    week.ready_min[day.car_of] = served.times.return_min[day.first_tour[1:] - 1] - MINUTES_PER_DAY
    charged = np.bincount(np.tile(served.car, 4), weights=sessions.kwh, minlength=len(driven))
    gap = float(np.abs(before + charged - driven - energy[day.car_of]).max(initial=0.0))
    return ChargedDay(day, requests, served.visits, sessions, served.sites, served.times, gap)
