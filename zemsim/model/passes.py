"""Monthly passes of public transport: who takes one, what a ride then costs, and which other rides cost nothing.

A pass is for the way to work or school, and for all places in the settlement where that way ends. It is bought by the
month, so whoever rides this way takes the cheaper ticket: for each ride ``min(1, trips / rides)`` of the single fare,
``trips`` being the price of the pass in single fares and ``rides`` those of a month with the usual attendance of
workers and pupils. Fares of measures and concessions act on a pass as on the single fare that it is a multiple of.
Which ticket is the cheaper one is settled once a year; it is the better of two prices of the same ride, so nothing else
of the choice of modes has to know of it.

Other tours to the same settlement cost nothing to those who rode to work or school on the days simulated last: they
have paid for the month. In the first of all simulated years these are the ones of the first iteration.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from zemsim.behaviour.parameters import SEGMENTS
from zemsim.core.names import DAYS_PER_YEAR, TRIPS_PER_TOUR, Alternative, DayType, Purpose
from zemsim.kernels.blocks import run_blocks
from zemsim.kernels.passes import FOR_BUSES, FOR_TRAINS, take_passes
from zemsim.policy.draft import AGES, PASS_SERVICES

if TYPE_CHECKING:
    from zemsim.model.day_plan import DayPlan
    from zemsim.model.model import MobilityModel
    from zemsim.model.transit_offer import Rows
    from zemsim.policy.conditions import Conditions
    from zemsim.region import Region

_CITY_BUS, _REGIONAL_BUS, _TRAIN = range(len(PASS_SERVICES))
_BITS = np.array([FOR_BUSES, FOR_TRAINS], np.int8)
_MONTHS = 12
#: Tours that a pass is bought for, and the assumption of how many of its weekdays each is made on.
_ATTENDANCE = {
    Purpose.WORK: "population.work_attendance_weekday",
    Purpose.SCHOOL: "population.school_attendance_share",
}


@dataclass
class TourTickets:
    """What passes make of the fares of a day type's tours.

    Attributes
    ----------
    holder_row, holder_share : int64 [N] and float64 [N, 2], tours for which less than the single fare is paid on
        buses and on trains, and the share of it; all others pay the whole.
    free : bool [R, 2, 2], rides by the bus and the train option whose part on buses or trains a pass has paid for.
    """

    holder_row: npt.NDArray[np.int64]
    holder_share: npt.NDArray[np.float64]
    free: npt.NDArray[np.bool_]

    @classmethod
    def single(cls, n_tours: int) -> TourTickets:
        """Single tickets for all."""
        return cls(np.empty(0, np.int64), np.empty((0, 2)), np.zeros((n_tours, 2, 2), np.bool_))

    @property
    def share(self) -> npt.NDArray[np.float64]:
        """Share of the single fare on buses and on trains, float64 [R, 2]."""
        share = np.ones((len(self.free), 2))
        share[self.holder_row] = self.holder_share
        return share

    def paid(self, rows: Rows) -> npt.NDArray[np.float64]:
        """Share of the single fare of some tours, float64 [rows, 2, 2] as `TransitOffer.base_fare_eur`."""
        share: npt.NDArray[np.float64] = np.where(self.free[rows], 0.0, self.share[rows][:, None, :])
        return share

    def with_pass(self, rows: Rows, due_eur: npt.NDArray[np.float64]) -> npt.NDArray[np.bool_]:
        """Whether the bus and the train option of some tours are made with a pass, bool [rows, 2].

        ``due_eur`` float64 [rows, 2, 2] are the single fares: a pass for trains is none for a ride without a train.
        """
        cheaper: npt.NDArray[np.bool_] = np.any((self.paid(rows) < 1.0) & (due_eur > 0.0), axis=2)
        return cheaper


@dataclass
class PassMarket:
    """What residents find when they think of passes.

    Attributes
    ----------
    way : int64 [P], tour of the weekday to work or school, -1 none.
    rides_month : float64 [P, 2], rides a month on buses and on trains if the way is made so; 0 where it costs nothing.
    trips : float64 [P, 2], price of a pass in single fares; inf where there is none.
    """

    way: npt.NDArray[np.int64]
    rides_month: npt.NDArray[np.float64]
    trips: npt.NDArray[np.float64]


def rides_a_month(region: Region, trips: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """Rides a month on the way to work or school, float64 [purposes]; 0 for others, and where there are no passes.

    ``2 * weekdays of the year / 12 * attendance``.
    """
    rides = np.zeros(len(Purpose))
    if np.isfinite(trips).any():
        weekdays = sum(days[DayType.WEEKDAY] for days in DAYS_PER_YEAR)
        for purpose, key in _ATTENDANCE.items():
            rides[purpose] = TRIPS_PER_TOUR * weekdays / _MONTHS * float(region.assumption(key))
    return rides


def ways_of(plan: DayPlan, n_residents: int) -> npt.NDArray[np.int64]:
    """The first tour of the weekday that each resident makes to work or school, int64 [P]; -1 none."""
    rows = np.flatnonzero(np.isin(plan.column("purpose"), list(_ATTENDANCE)) & plan.in_force)
    way = np.full(n_residents, -1, np.int64)
    way[plan.column("resident_idx")[rows[::-1]]] = rows[::-1]
    return way


def trips_of(plan: DayPlan, rows: Rows, trips: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """Price of a pass for some tours in single fares, on buses and trains, float64 [rows, 2].

    ``trips`` float64 [services, Z, A] is that of the conditions; inside a city the buses are those of the city.
    """
    c = plan.columns
    zone, age = c.origin[rows], np.clip(plan.age[rows], 0, AGES - 1)
    inside = c.segment[rows] == SEGMENTS.index("city")
    bus = np.where(inside, trips[_CITY_BUS, zone, age], trips[_REGIONAL_BUS, zone, age])
    return np.stack([bus, trips[_TRAIN, zone, age]], axis=1)


def pass_market(model: MobilityModel, conditions: Conditions) -> PassMarket:
    """The passes of a year to each resident."""
    plan, n = model.plans[DayType.WEEKDAY], len(model.residents)
    way = ways_of(plan, n)
    who = np.flatnonzero(way >= 0)
    rows = way[who]
    rides = rides_a_month(model.world.region, conditions.pass_trips)[plan.column("purpose")[rows]]
    costs = plan.due_eur(rows).max(axis=1) * plan.fare_share(rows) > 0.0
    market = PassMarket(way, np.zeros((n, 2)), np.full((n, 2), np.inf))
    market.rides_month[who] = np.where(costs, rides[:, None], 0.0)
    market.trips[who] = trips_of(plan, rows, conditions.pass_trips)
    return market


def take_passes_of_year(model: MobilityModel) -> None:
    """Step of the year: residents look which ticket is the cheaper one to work or school; the tours learn of it."""
    model.pass_market = pass_market(model, model.conditions)
    model.residents.do("take_passes")
    passes = model.residents.table.passes
    for plan in model.plans.values():
        plan.set_tickets(tickets_of(model, plan, model.pass_market, passes))


def tickets_without_measures(model: MobilityModel, plan: DayPlan) -> TourTickets:
    """The tickets of the same residents at the prices of passes without measures."""
    base = model.base_conditions_of[model.year]
    if np.array_equal(base.pass_trips, model.conditions.pass_trips):
        return plan.tickets
    market, passes = pass_market(model, base), np.zeros(len(model.residents), np.int8)
    everyone = np.arange(len(passes))
    run_blocks(take_passes, len(passes), model.threads, everyone, market.rides_month, market.trips, passes)
    return tickets_of(model, plan, market, passes)


def tickets_of(model: MobilityModel, plan: DayPlan, market: PassMarket, passes: npt.NDArray[np.int8]) -> TourTickets:
    """What passes ``passes`` int8 [P] make of the fares of a plan's tours."""
    tickets = TourTickets.single(plan.n_tours)
    if not passes.any():
        return tickets
    taken = (passes[:, None] & _BITS) != 0
    if plan.day_type == DayType.WEEKDAY:
        who = np.flatnonzero(passes)
        share = np.divide(market.trips[who], market.rides_month[who], out=np.ones((len(who), 2)), where=taken[who])
        tickets.holder_row, tickets.holder_share = market.way[who], np.minimum(share, 1.0)
    who = plan.column("resident_idx")
    rows = np.flatnonzero((passes[who] != 0) & (model.residents.table.rides_by[who] > 0) & plan.in_force)
    rows = rows[_valid(model, plan, rows, market.way[who[rows]])]
    by = model.residents.table.rides_by[who[rows]]
    for option in range(2):
        ridden = by == option + 1
        tickets.free[rows, option] = ridden[:, None] & taken[who[rows]]
    return tickets


def _valid(
    model: MobilityModel, plan: DayPlan, rows: npt.NDArray[np.int64], way: npt.NDArray[np.int64]
) -> npt.NDArray[np.bool_]:
    """Whether a pass for the tours ``way`` of the weekday is valid on other tours ``rows`` of a plan, bool [rows]."""
    week = model.plans[DayType.WEEKDAY]
    to, work = plan.columns.dest[rows], week.columns.dest[way]
    settlement = model.world.region.zones["settlement_id"]
    place, known = settlement.astype(str).to_numpy(), settlement.notna().to_numpy()
    there = (to == work) | (known[to] & (place[to] == place[work]))
    other = (rows != way) if plan is week else np.ones(len(rows), np.bool_)
    valid: npt.NDArray[np.bool_] = there & other & (plan.columns.origin[rows] == week.columns.origin[way])
    return valid


def learn_rides(model: MobilityModel) -> None:
    """Remember who rode to work or school by bus or train on the weekday simulated last."""
    plan, rides_by = model.plans[DayType.WEEKDAY], model.residents.table.rides_by
    way = ways_of(plan, len(rides_by))
    chosen = plan.alternative[np.maximum(way, 0)] if plan.n_tours else np.full(len(way), -1, np.int8)
    rides_by[:] = 0
    for option, alternative in enumerate((Alternative.BUS, Alternative.TRAIN), 1):
        rides_by[(way >= 0) & (chosen == alternative)] = option


def mean_share(
    model: MobilityModel, plan: DayPlan, conditions: Conditions, age_share: npt.NDArray[np.float64]
) -> npt.NDArray[np.float64]:
    """Share of the single fare that a mean traveller pays on a plan's tours, buses and trains, float64 [R, 2].

    ``age_share`` float64 [A] are the shares of travellers by age.
    """
    share = np.ones((plan.n_tours, 2))
    rides = rides_a_month(model.world.region, conditions.pass_trips)
    if plan.day_type != DayType.WEEKDAY or not rides.any():
        return share
    rows = np.flatnonzero(np.isin(plan.column("purpose"), list(_ATTENDANCE)))
    c = plan.columns
    inside = c.segment[rows] == SEGMENTS.index("city")
    for purpose in _ATTENDANCE:
        each = np.minimum(conditions.pass_trips / rides[purpose], 1.0) @ age_share
        of = plan.column("purpose")[rows] == purpose
        zone = c.origin[rows[of]]
        share[rows[of], 0] = np.where(inside[of], each[_CITY_BUS, zone], each[_REGIONAL_BUS, zone])
        share[rows[of], 1] = each[_TRAIN, zone]
    return share
