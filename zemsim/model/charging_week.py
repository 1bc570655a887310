"""Electric cars over an ordered week of a season: five weekdays and a weekend, drive, charge, queue, remember.

The days follow each other; within a day every driver plans on expected waits, then the sites serve in time order, first
come first served, then the energy reaches the batteries. Batteries, points that are occupied at midnight and cars that
are not back by then carry over to the next day. See `zemsim.kernels.charging`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from zemsim.core.names import ChargingPlace
from zemsim.kernels.charging_hours import hour_shares
from zemsim.kernels.charging_tables import HOURS
from zemsim.model.charging_day import ChargedDay, simulate_day
from zemsim.model.charging_inputs import MINUTES_PER_DAY, WEEK, ElectricWeek, electric_week

if TYPE_CHECKING:
    from zemsim.model.model import MobilityModel

Float = npt.NDArray[np.float64]
Counts = npt.NDArray[np.int64]


@dataclass(frozen=True)
class QueueWeek:
    """What the sites saw in a week, [V]: waits met, summed, those of who left too, and drivers who came, served or not.

    ``energy_gap_kwh`` is the most that the account of a car and day misses.
    """

    met_min: Float
    asked_of: Counts
    energy_gap_kwh: float

    @property
    def wait_min(self) -> Float:
        """Mean wait met at each station, float64 [V], 0 where nobody came."""
        return np.divide(self.met_min, self.asked_of, out=np.zeros(len(self.met_min)), where=self.asked_of > 0)


@dataclass(frozen=True)
class WeekResult(QueueWeek):
    """What a week left behind.

    Attributes
    ----------
    sessions : one row per session: columns of the run table without year, season and solar power, and ``end_min``,
        ``battery_kwh`` (what reached the battery) and ``base_eur`` (what it would have cost at prices without
        measures).
    failed : public sessions given up because of queues, at all sites tried.
    below_zero : cars whose battery fell below zero while driving.
    left_of : int64 [V], drivers who left without having charged.
    failed_of : int64 [V], drivers who charged nowhere and tried here last.
    sessions_of : int64 [V].
    peak_kw : float64 [V], highest power from the grid.
    lost_min : float64 [C], minutes lost to public charging: wait, walk or detour, and the stop at a fast charger.
    morning_kwh : float64 [C], lowest state of each battery at the start of a day.
    money_gap_eur : what drivers paid less what sites, employers and suppliers of homes are due by their tariffs, the
        largest of a day.
    overlaps : times that a car charges while it is driven or charges elsewhere.
    """

    sessions: pd.DataFrame
    failed: int
    below_zero: int
    left_of: Counts
    failed_of: Counts
    sessions_of: Counts
    peak_kw: Float
    lost_min: Float
    morning_kwh: Float
    money_gap_eur: float
    overlaps: int


def simulate_queues(model: MobilityModel, week: ElectricWeek) -> QueueWeek:
    """A week as `simulate_week` has it, without its books: drivers learn waits from it."""
    lowest = model.vehicles.energy_kwh.copy()
    days = [simulate_day(model, number, week.days[kind], week, lowest) for number, kind in enumerate(WEEK)]
    return QueueWeek(**_of_queues(days))


def _of_queues(days: list[ChargedDay]) -> dict[str, Any]:
    return {
        "met_min": np.sum([day.sites.met_min for day in days], axis=0),
        "asked_of": np.sum([day.sites.asked for day in days], axis=0),
        "energy_gap_kwh": max(day.energy_gap_kwh for day in days),
    }


def simulate_week(model: MobilityModel, week: ElectricWeek | None = None) -> WeekResult:
    """Drive and charge the week of the model's season; batteries carry over to the next.

    Parameters
    ----------
    week : of `electric_week`; for several weeks of the same tours it is built once.
    """
    week = electric_week(model) if week is None else week
    vehicles = model.vehicles
    lowest = vehicles.energy_kwh.copy()
    morning = np.full(vehicles.n, np.inf)
    days = []
    for number, day_type in enumerate(WEEK):
        morning = np.minimum(morning, vehicles.energy_kwh)
        days.append(simulate_day(model, number, week.days[day_type], week, lowest))
    parts = [_sessions(number, day) for number, day in enumerate(days)]
    return WeekResult(
        sessions=pd.DataFrame({name: np.concatenate([part[name] for part in parts]) for name in parts[0]}),
        failed=sum(int(((d.requests.station >= 0) & ~d.visits.served).sum()) for d in days),
        below_zero=int((lowest < -1e-6).sum()),
        **_of_queues(days),
        left_of=np.sum([d.sites.left for d in days], axis=0),
        failed_of=np.sum([_failed_of(day) for day in days], axis=0),
        sessions_of=_sessions_of(parts, len(model.stations)),
        peak_kw=np.max([d.sites.peak_kw for d in days], axis=0),
        lost_min=np.sum([_lost_min(d, vehicles.n) for d in days], axis=0),
        morning_kwh=morning,
        money_gap_eur=max(_money_gap(part, week) for part in parts),
        overlaps=_overlaps(days),
    )


def _sessions(number: int, charged: ChargedDay) -> dict[str, npt.NDArray[Any]]:
    """The day's sessions by column. A public session that found a full battery has 0 kWh."""
    n, visits, found = len(charged.day.tour_idx), charged.visits, charged.sessions
    slots = np.concatenate([2 * n + np.flatnonzero(found.kwh[2 * n :]), np.flatnonzero(visits.served)])
    public = slots < 2 * n
    visit = np.where(public, slots, 0)

    def of_visit(values: npt.NDArray[Any], otherwise: float) -> npt.NDArray[Any]:
        return np.where(public, values[visit], otherwise) if n else np.empty(0)

    return {
        "day": np.full(len(slots), number, np.int8),
        "vehicle_idx": charged.vehicle(slots),
        "place": charged.place(slots),
        "site_idx": of_visit(visits.station, -1).astype(np.int32),
        "start_min": found.begin_min[slots],
        "end_min": found.end_min[slots],
        "wait_min": of_visit(visits.wait_min, 0.0).astype(np.float32),
        "left": of_visit(visits.left, 0).astype(np.int8),
        "kwh": found.grid_kwh[slots],
        "battery_kwh": found.kwh[slots],
        "cost_eur": found.eur[slots],
        "base_eur": found.base_eur[slots],
    }


def _sessions_of(parts: list[dict[str, npt.NDArray[Any]]], n_sites: int) -> Counts:
    site = np.concatenate([part["site_idx"] for part in parts])
    return np.bincount(site[site >= 0], minlength=n_sites)


def _failed_of(charged: ChargedDay) -> Counts:
    """Drivers of a day who charged nowhere, by the site that they tried last."""
    visits = charged.visits
    last = visits.station[(charged.requests.station >= 0) & ~visits.served]
    return np.bincount(last, minlength=len(charged.sites.asked))


def _overlaps(days: list[ChargedDay]) -> int:
    """How often in the week a car charges while it is driven, or at two points."""
    cars, begins, ends = [], [], []
    for number, charged in enumerate(days):
        slots, s, t = np.flatnonzero(charged.sessions.kwh), charged.sessions, charged.times
        driver = charged.day.tours.vehicle
        cars += [charged.vehicle(slots), driver, driver]
        begins += [x + MINUTES_PER_DAY * number for x in (s.begin_min[slots], t.depart_min, t.leave_min)]
        ends += [x + MINUTES_PER_DAY * number for x in (s.end_min[slots], t.arrive_min, t.return_min)]
    car, begin, end = np.concatenate(cars), np.concatenate(begins), np.concatenate(ends)
    order = np.lexsort((end, begin, car))
    car, begin, end = car[order], begin[order], end[order]
    return int(((car[1:] == car[:-1]) & (begin[1:] < end[:-1] - 1e-6)).sum())


def _lost_min(charged: ChargedDay, n_cars: int) -> Float:
    """Minutes that each driver lost to public charging on a day, float64 [C]."""
    visits = charged.visits
    served = np.flatnonzero(visits.served)
    at_point = (charged.sessions.end_min - charged.sessions.begin_min)[served]
    stood = np.where(charged.requests.place[served] == ChargingPlace.PUBLIC_FAST, at_point, 0.0)
    minutes = visits.wait_min[served] + visits.way_min[served] + stood
    lost: Float = np.bincount(charged.vehicle(served), weights=minutes, minlength=n_cars).astype(np.float64)
    return lost


def _money_gap(part: dict[str, npt.NDArray[Any]], week: ElectricWeek) -> float:
    """What the drivers of a day paid less what each receiver is due by its tariff, EUR: the largest difference.

    Receivers are every site, the employers and the suppliers of homes. Their due is worked out from their books, the
    kWh by the hour, the minutes and the sessions, and not from what single drivers were asked.
    """
    site, place, car = part["site_idx"], part["place"], part["vehicle_idx"]
    n_sites = len(week.stations.points)
    receiver = np.where(site >= 0, site, n_sites + place.astype(np.int64))
    size = n_sites + len(ChargingPlace)
    paid = np.bincount(receiver, weights=part["cost_eur"], minlength=size)
    due = np.bincount(receiver, weights=_due_eur(part, week), minlength=size)
    return float(np.abs(paid - due).max(initial=0.0)) if len(car) else 0.0


def _due_eur(part: dict[str, npt.NDArray[Any]], week: ElectricWeek) -> Float:
    """What each session is worth to who sells it, from the prices of the hours that it touches, float64."""
    site, place, car = part["site_idx"], part["place"], part["vehicle_idx"]
    cars, stations, p = week.cars, week.stations, week.p
    by_hour = shares_by_hour(part["start_min"], part["end_min"])
    public = site >= 0
    row = np.maximum(site, 0)
    at_home = place == ChargingPlace.HOME
    price = np.full((len(site), HOURS), p.work_eur_kwh)
    if public.any():
        price[public] = np.diff(stations.hour_sums, axis=1)[row[public]]
    hours = np.diff(cars.home_hours, axis=1)[cars.home_tariff[car]]
    price[at_home] = (cars.home_eur_kwh[car].astype(np.float64)[:, None] * hours)[at_home]
    due: Float = part["kwh"] * (by_hour * price).sum(axis=1)
    if public.any():
        local = (cars.place[car] >= 0) & (cars.place[car] == stations.place[row])
        minutes = part["end_min"] - part["start_min"]
        more = stations.eur_min[row] * minutes + stations.eur_session[row]
        share = np.where(local, stations.resident_share[row], 1.0)
        due = np.where(public, share * (due + more), due)
    return due


def shares_by_hour(start_min: Float, end_min: Float) -> Float:
    """Share of each session in each hour of the day, float64 [n, 24]."""
    shares = np.zeros((len(start_min), HOURS))
    hour_shares(0, len(start_min), start_min, end_min, shares)
    return shares


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
