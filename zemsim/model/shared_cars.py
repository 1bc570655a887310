"""Shared electric cars: who could take one, what the tour costs, who gets one.

Car sharing by the station: the car is taken for the whole tour and brought back. Those who may are members, a share
``car_sharing_share`` of the licence holders whose home lies near a station, by luck of their own. A shared car is the
alternative *driver* of those of their tours for which no car of the household is at hand, with the same luck; where one
is, that is driven. Its utility is that of driving, with the price of the tour in the place of the running cost, the
walk to the station in the place of the walk to a car at home, the fee for parking of an electric car, and
``asc_shared_car``; the walk and the constant are written as money, so that the choice of modes is the one that runs
without shared cars.

Cars are lent in the order in which they would be taken (`zemsim.model.car_loans`); who gets none chooses again without.
Axes: R tours of a day type, N tours of members, S stations, C shared cars.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from zemsim.core.names import TRIPS_PER_TOUR, Alternative
from zemsim.core.randomness import Stream
from zemsim.kernels.draws import uniforms
from zemsim.model.car_loans import Fleet, Loans, Wishes, lend
from zemsim.model.school_runs import ADULT_AGE
from zemsim.model.station_access import fill_lots
from zemsim.model.tour_columns import SHARED_CAR
from zemsim.model.vehicles import kwh_per_km
from zemsim.region.nearest import NearestPoint

if TYPE_CHECKING:
    from zemsim.behaviour.parameters import Parameters
    from zemsim.model.day_plan import DayPlan
    from zemsim.model.model import MobilityModel
    from zemsim.policy.rules import CarStation

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]


class SharedCars:
    """Stations of shared cars as the tours of a day type meet them.

    Attributes
    ----------
    stations : those with cars.
    row, station : int64 [N], tours that members could drive, rising, and their station.
    walk_min : float64 [N], from home to the station.
    take_min, back_min, eur : float64 [N], when the car is taken and back, and what the tour costs.
    refused : int64 [N], why there was no car today (`zemsim.model.car_loans`), 0 where none was refused.
    loans, lent : the loans of the day, and the positions in ``row`` of those who asked last.
    kwh_km : float, at the battery.
    """

    def __init__(self, model: MobilityModel, plan: DayPlan, stations: tuple[CarStation, ...]) -> None:
        self.stations, self.of = stations, (model.year, model.season, stations)
        self.row, self.station, metres = members_tours(model, plan, stations)
        p = model.parameters
        self.walk_min = 60.0 * metres / 1000.0 * model.supply.timetable.rules.transit_walk_detour_ratio / p["v_walk"]
        self.kwh_km = kwh_per_km(p, model.temperature_c)
        self.take_min, self.back_min, self.eur = np.zeros((3, len(self.row)))
        self.refused = np.zeros(len(self.row), np.int64)
        self.lent = np.empty(0, np.int64)
        cars = np.array([station.cars for station in stations])
        battery = np.array([station.battery_kwh for station in stations])
        self.fleet = Fleet(
            first=np.append(0, np.cumsum(cars)),
            battery_kwh=battery,
            charge_kw=np.array([station.plug_kw for station in stations]) * p["eta_ch"],
            reserve_kwh=p["reserve_share"] * battery,
            start_kwh=np.repeat(battery, cars),
        )
        self.loans: Loans | None = None

    def offer(self, plan: DayPlan, p: Parameters) -> None:
        """Make a shared car the one at hand in all tours of members for which the household has none.

        What a day left in the batteries is what the next begins with.
        """
        if self.loans is not None:
            self.fleet = self.fleet._replace(start_kwh=self.loans.end_kwh)
        c, row = plan.columns, self.row
        self.refused[:] = 0
        self.take_min = plan.column("depart_min")[row] + self.walk_min
        to_car = plan.skims.terminal_min[c.dest[row]].astype(np.float64)
        back = plan.column("leave_min")[row] + to_car + plan.back_min[row]
        self.back_min = np.maximum(back, self.take_min)
        km = TRIPS_PER_TOUR * c.road_km[row].astype(np.float64)
        self.eur = price_eur(self.stations, self.station, self.back_min - self.take_min, km)
        at = np.flatnonzero((c.vehicle[row] < 0) & np.isfinite(self.eur) & plan.in_force[row])
        rows, q = row[at], plan.parameters
        # The walk takes the place of the one to a car at home, which is part of the minutes of driving.
        at_home = plan.skims.terminal_min[c.origin[rows]].astype(np.float64)
        walked = TRIPS_PER_TOUR * (q.b_acc * self.walk_min[at] - q.b_car * at_home) + p["asc_shared_car"]
        money = self.eur[at] + walked / (q.b_cost * c.cost_factor[rows].astype(np.float64))
        c.vehicle[rows] = SHARED_CAR
        c.drive_eur[rows] = money / TRIPS_PER_TOUR
        c.parking_eur[rows] = plan.allotment.parking_ev_eur[rows]

    def lend(self, plan: DayPlan) -> Ints:
        """Lend cars to those who chose one; return the positions in ``row`` of those who get none."""
        row, c = self.row, plan.columns
        self.lent = np.flatnonzero((plan.alternative[row] == Alternative.DRIVER) & (c.vehicle[row] == SHARED_CAR))
        rows = row[self.lent]
        rank = np.empty(len(rows), np.int64)
        rank[np.lexsort((plan.address[rows], plan.resident_id[rows]))] = np.arange(len(rows))
        need = self.kwh_km * TRIPS_PER_TOUR * c.road_km[rows].astype(np.float64)
        take, back = self.take_min[self.lent], self.back_min[self.lent]
        self.loans = lend(self.fleet, Wishes(self.station[self.lent], take, back, need, rank))
        none = self.loans.car < 0
        left: Ints = self.lent[none]
        self.refused[left] = self.loans.car[none]
        return left

    def withdraw(self, plan: DayPlan, at: Ints) -> None:
        """Offer no car any more for the tours at the positions ``at`` of ``row``."""
        c, rows = plan.columns, self.row[at]
        rows = rows[c.vehicle[rows] == SHARED_CAR]
        c.vehicle[rows], c.drive_eur[rows] = -1, 0.0
        c.parking_eur[rows] = plan.allotment.parking_eur[rows]


def members_tours(model: MobilityModel, plan: DayPlan, stations: tuple[CarStation, ...]) -> tuple[Ints, Ints, Floats]:
    """Tours of members, rising, their station, which is the nearest to their home, and how far that is in metres."""
    people = model.residents.table
    luck = uniforms(model.seed, int(Stream.CAR_SHARING), people.resident_id)
    member = people.licence & (people.age >= ADULT_AGE) & (luck < model.parameters["car_sharing_share"])
    homes = model.world.population.households[["x_m", "y_m"]].to_numpy(np.float64)
    metres, nearest = NearestPoint(np.array([(s.x_m, s.y_m) for s in stations])).of(homes[people.household_idx])
    member &= metres <= np.array([station.walk_max_m for station in stations])[nearest]
    who = plan.column("resident_idx")
    row = np.flatnonzero(member[who] & plan.in_force)
    return row, nearest[who[row]].astype(np.int64), metres[who[row]]


def price_eur(stations: tuple[CarStation, ...], station: Ints, minutes: Floats, km: Floats) -> Floats:
    """Price of tours, EUR [N], the hours from taking a car to bringing it back, and the kilometres.

    ``min(price_eur_h max(0, minutes - free_min) / 60, tour_max_eur) + price_eur_km km``.
    """
    hour, most, per_km, free = (
        np.array([getattr(s, name) for s in stations])[station]
        for name in ("price_eur_h", "tour_max_eur", "price_eur_km", "free_min")
    )
    price: Floats = np.minimum(hour * np.maximum(0.0, minutes - free) / 60.0, most) + per_km * km
    return price


def offer_cars(model: MobilityModel) -> None:
    """Step of the day: shared cars are at hand of members; nothing where there is no station with cars."""
    plan, stations = model.today, tuple(s for s in model.conditions.car_stations if s.cars > 0)
    if not stations:
        plan.shared_cars = None
        return
    if plan.shared_cars is None or plan.shared_cars.of != (model.year, model.season, stations):
        plan.shared_cars = SharedCars(model, plan, stations)
    plan.shared_cars.offer(plan, model.parameters)


def lend_cars(model: MobilityModel) -> None:
    """Step of the day: cars are lent; who gets none chooses again, until all who chose one have it."""
    plan = model.today
    shared = plan.shared_cars
    if shared is None:
        return
    while True:
        left = shared.lend(plan)
        if not len(left):
            return
        shared.withdraw(plan, left)
        who = np.zeros(len(model.residents), np.bool_)
        who[plan.column("resident_idx")[shared.row[left]]] = True
        model.residents.select(where=who).do("choose_mode")
        fill_lots(model)  # some of them may come to a station with places for bicycles


def close_stations(model: MobilityModel) -> None:
    """No shared car is at hand any more."""
    for plan in model.plans.values():
        if plan.shared_cars is not None:
            plan.shared_cars.withdraw(plan, np.arange(len(plan.shared_cars.row)))
            plan.shared_cars = None
