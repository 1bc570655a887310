"""Electric cars over an ordered week of a season: five weekdays and a weekend, drive, charge, queue, remember.

The days follow each other; within a day every driver plans on expected waits, then the stations serve in time order,
first come first served, then the energy reaches the batteries. Points that are occupied at midnight stay so. See
`zemsim.kernels.charging`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from zemsim.core.names import ChargingPlace
from zemsim.kernels.blocks import run_blocks
from zemsim.kernels.charging import PrivateSessions, Requests, plan_day
from zemsim.kernels.charging_queues import finish_day, serve_stations
from zemsim.model.charging_inputs import WEEK, ElectricDay, ElectricWeek, electric_week

if TYPE_CHECKING:
    from zemsim.model.model import MobilityModel

_STATION_BLOCK = 64
_MINUTES_PER_DAY = 1440.0


@dataclass
class WeekResult:
    """What a week left behind.

    Attributes
    ----------
    sessions : one row per session, columns of the run table without year and season.
    failed : public sessions given up because of the queue.
    below_zero : cars whose battery fell below zero while driving.
    met_min : float64 [V], waits that drivers met, summed: those of the served, and the patience of who left.
    asked_of : int64 [V], drivers who came, served or not.
    sessions_of : int64 [V].
    lost_min : float64 [C], minutes lost to public charging: wait, walk or detour, and the stop at a fast charger.
    morning_kwh : float64 [C], lowest state of each battery at the start of a day.
    """

    sessions: pd.DataFrame
    failed: int
    below_zero: int
    met_min: npt.NDArray[np.float64]
    asked_of: npt.NDArray[np.int64]
    sessions_of: npt.NDArray[np.int64]
    lost_min: npt.NDArray[np.float64]
    morning_kwh: npt.NDArray[np.float64]

    @property
    def wait_min(self) -> npt.NDArray[np.float64]:
        """Mean wait met at each station, float64 [V], 0 where nobody came."""
        return np.divide(self.met_min, self.asked_of, out=np.zeros(len(self.met_min)), where=self.asked_of > 0)


@dataclass(frozen=True)
class _Charged:
    """A day of charging: what was planned and what came of it, by slot of `Requests`."""

    requests: Requests
    private: PrivateSessions
    wait_min: npt.NDArray[np.float32]
    served: npt.NDArray[np.bool_]
    kwh: npt.NDArray[np.float64]


def simulate_week(model: MobilityModel, week: ElectricWeek | None = None) -> WeekResult:
    """Drive and charge the week of the model's season; batteries carry over to the next.

    Parameters
    ----------
    week : of `electric_week`; for several weeks of the same tours it is built once.
    """
    week = electric_week(model) if week is None else week
    vehicles, n = model.vehicles, len(model.stations)
    lowest = vehicles.energy_kwh.copy()
    morning = np.full(vehicles.n, np.inf)
    met, lost = np.zeros(n), np.zeros(vehicles.n)
    asked_of, served_of = np.zeros(n, np.int64), np.zeros(n, np.int64)
    parts = []
    for number, day_type in enumerate(WEEK):
        morning = np.minimum(morning, vehicles.energy_kwh)
        day = week.days[day_type]
        charged = _simulate_day(model, number, day, week, lowest)
        parts.append(_sessions(number, day, charged, week))
        asked = np.flatnonzero(charged.requests.station >= 0)
        served = asked[charged.served[asked]]
        site = charged.requests.station
        wait = np.where(charged.served, charged.wait_min, week.p.patience_min)
        met += np.bincount(site[asked], weights=wait[asked], minlength=n)
        asked_of += np.bincount(site[asked], minlength=n)
        served_of += np.bincount(site[served], minlength=n)
        minutes = charged.wait_min[served].astype(np.float64) + charged.requests.lost_min[served]
        lost += np.bincount(_vehicle(day, served), weights=minutes, minlength=vehicles.n)
    sessions = pd.DataFrame({name: np.concatenate([part[name] for part in parts]) for name in parts[0]})
    failed, empty = int(asked_of.sum() - served_of.sum()), int((lowest < -1e-6).sum())
    return WeekResult(sessions, failed, empty, met, asked_of, served_of, lost, morning)


def _vehicle(day: ElectricDay, slots: npt.NDArray[np.intp]) -> npt.NDArray[np.int32]:
    """The cars of slots of `Requests`."""
    vehicle: npt.NDArray[np.int32] = day.tours.vehicle[slots % max(1, len(day.tour_idx))]
    return vehicle


def _simulate_day(
    model: MobilityModel, number: int, day: ElectricDay, week: ElectricWeek, lowest: npt.NDArray[np.float64]
) -> _Charged:
    n = len(day.tour_idx)
    slots = 2 * n
    requests = Requests(
        station=np.full(slots, -1, np.int32),
        place=np.full(slots, -1, np.int8),
        arrive_min=np.zeros(slots, np.float32),
        until_min=np.zeros(slots, np.float32),
        kwh=np.zeros(slots),
        minutes=np.zeros(slots, np.float32),
        lost_min=np.zeros(slots, np.float32),
        forced=np.zeros(slots, np.bool_),
    )
    private = PrivateSessions(np.zeros(n), np.zeros(n))
    energy = model.vehicles.energy_kwh
    run_blocks(
        plan_day,
        len(day.car_of),
        model.threads,
        day.first_tour,
        day.car_of,
        day.tours,
        week.cars,
        week.stations,
        week.errors[number],
        week.p,
        energy,
        requests,
        private,
        lowest,
    )
    wait, served, served_kwh = _serve(model, day, week, requests)
    kwh = np.zeros(slots)
    finish_day(day.tours, requests, served_kwh, model.vehicles.battery_kwh, energy, kwh)
    return _Charged(requests, private, wait, served, kwh)


def _serve(
    model: MobilityModel, day: ElectricDay, week: ElectricWeek, requests: Requests
) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.bool_], npt.NDArray[np.float64]]:
    """Queues of all stations: wait of each request, whether it was served, and what the point gave."""
    slots = len(requests.station)
    wait, served, kwh = np.zeros(slots, np.float32), np.zeros(slots, np.bool_), np.zeros(slots)
    asked = np.flatnonzero(requests.station >= 0)
    order = asked[np.lexsort((_vehicle(day, asked), requests.arrive_min[asked], requests.station[asked]))]
    station_of, first = np.unique(requests.station[order], return_index=True)
    run_blocks(
        serve_stations,
        len(station_of),
        model.threads,
        np.append(first, len(order)).astype(np.int32),
        order.astype(np.int32),
        station_of.astype(np.int32),
        week.first_point,
        week.free_at,
        requests,
        week.p,
        wait,
        served,
        kwh,
        block_rows=_STATION_BLOCK,
    )
    week.free_at[:] -= _MINUTES_PER_DAY
    return wait, served, kwh


def _sessions(number: int, day: ElectricDay, charged: _Charged, week: ElectricWeek) -> dict[str, npt.NDArray[Any]]:
    """The day's sessions by column; energy from the grid. A public session that found a full battery has 0 kWh."""
    vehicle, p, requests, private = day.tours.vehicle, week.p, charged.requests, charged.private
    home, work = (np.flatnonzero(x > 0) for x in (private.home_kwh, private.work_kwh))
    public = np.flatnonzero(charged.served)
    slow = requests.place[public] == ChargingPlace.PUBLIC_SLOW
    grid_home = private.home_kwh[home] / p.loss_ac
    grid_work = private.work_kwh[work] / p.loss_ac
    grid_public = charged.kwh[public] / np.where(slow, p.loss_ac, p.loss_dc)
    site = requests.station[public]
    return {
        "day": np.full(len(home) + len(work) + len(public), number, np.int8),
        "vehicle_idx": np.concatenate([vehicle[home], vehicle[work], _vehicle(day, public)]),
        "place": np.concatenate(
            [
                np.full(len(home), ChargingPlace.HOME, np.int8),
                np.full(len(work), ChargingPlace.WORK, np.int8),
                requests.place[public],
            ]
        ),
        "site_idx": np.concatenate([np.full(len(home) + len(work), -1, np.int32), site]),
        "start_min": np.concatenate(
            [
                day.tours.return_min[home],
                day.tours.arrive_min[work],
                requests.arrive_min[public] + charged.wait_min[public],
            ]
        ).astype(np.float32),
        "wait_min": np.concatenate([np.zeros(len(home) + len(work), np.float32), charged.wait_min[public]]),
        "kwh": np.concatenate([grid_home, grid_work, grid_public]),
        "cost_eur": np.concatenate(
            [
                grid_home * week.cars.home_eur_kwh[vehicle[home]],
                grid_work * p.work_eur_kwh,
                grid_public * week.stations.price_eur_kwh[site],
            ]
        ),
    }


def learn_from_week(model: MobilityModel, week: WeekResult, weight: float) -> None:
    """Drivers average into what they knew: price and lost time per kWh, and the lowest morning of their battery.

    Those who did not charge keep the price that they knew.
    """
    vehicles, sessions = model.vehicles, week.sessions
    car = sessions["vehicle_idx"].to_numpy()
    kwh = np.bincount(car, weights=sessions["kwh"].to_numpy(), minlength=vehicles.n)
    eur = np.bincount(car, weights=sessions["cost_eur"].to_numpy(), minlength=vehicles.n)
    charged = kwh > 0
    for memory, total in ((vehicles.paid_eur_kwh, eur), (vehicles.lost_min_kwh, week.lost_min)):
        memory[charged] += weight * (total[charged] / kwh[charged] - memory[charged])
    vehicles.morning_kwh += weight * (week.morning_kwh - vehicles.morning_kwh)
