"""Where tours go when ways to places become better or worse: destinations answer to the logsums of the mode choice.

Those who live near each other and make tours for one purpose are each other's sample of places (`Market`). In each
simulated year the places are weighed by ``exp(theta (L - L0))``, with L0 of the first simulated year without measures,
and residents move by a maximal coupling, from where they were planned to go (`zemsim.kernels.resettling`). Tours for
shopping, leisure, escort and business answer within the year. Workplaces are doubly constrained, and only those answer
who changed their job since the offer became what it is, with a hazard a year. Schools stay: places are given by
distance, and are full.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import numpy.typing as npt

from zemsim.core.names import DayType, Powertrain, Purpose
from zemsim.core.randomness import Stream
from zemsim.kernels.draws import uniforms
from zemsim.kernels.resettling import Cells, Movers, balanced_pull, places_weighed, settled
from zemsim.model.moves import Moves, go_back, send
from zemsim.model.neighbourhoods import Market, market_of, near_order
from zemsim.model.standard_persons import Kind, Offer, logsums, standards_of
from zemsim.model.vehicles import EMPTY

if TYPE_CHECKING:
    from zemsim.model.day_plan import DayPlan
    from zemsim.model.model import MobilityModel
    from zemsim.policy.conditions import Conditions

Ints = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]
#: Logsums float32 [segments, N] of the members of each market.
Logsums = list[npt.NDArray[np.float32]]

#: Purposes whose places hold any number.
FREE_PURPOSES: Final = (Purpose.SHOPPING, Purpose.LEISURE, Purpose.ESCORT, Purpose.BUSINESS)
#: Shortest stay at a place, as in the plans of a day.
SHORTEST_STAY_MIN: Final = 5
#: How near the workers of each zone must come to those of before, and how near they are sought, in so many passes.
BALANCE: Final = 1e-4
_SOUGHT, _PASSES = 5e-5, 200
#: Draws of workers, beyond those of any tour.
_WORK_DRAW: Final = 200


@dataclass(frozen=True)
class _Year:
    """What all markets of a year read, by day type: arrays [R] of the tours."""

    code: dict[DayType, Ints]
    plans: Mapping[DayType, DayPlan]

    def of(self, market: Market, column: Callable[[DayPlan], npt.NDArray[Any]]) -> npt.NDArray[Any]:
        """A column of the plans for the members of a market."""
        return market.take({day_type: column(plan) for day_type, plan in self.plans.items()})


class DestinationChoice:
    """The places of one model: markets, and what was known of them at first.

    Attributes
    ----------
    free : markets of tours by day type and purpose.
    work : market of workplaces: the first tour to work of each who makes any, of a weekday if there is one.
    not_moved : tours of the last simulated year that would have moved and found no place in time.
    workers_moved : workers with another workplace than at first.
    zones_off : zones whose workers would not be as many as before, were all to choose anew.
    """

    def __init__(self, model: MobilityModel) -> None:
        zones = model.world.region.zones
        order = near_order(zones["x_m"].to_numpy(np.float64), zones["y_m"].to_numpy(np.float64))
        self._n_zones = len(order)
        self.standards = standards_of(model)
        self._richer = model.at_start("residents")["income_ratio"] >= self.standards.income_edge_ratio
        self._kind_at_first = _kinds(
            model, model.at_start("residents")["licence"], model.at_start("vehicles")["powertrain"]
        )
        plans = model.plans
        self.free = [
            market_of(plans, {day_type: _tours_for(plan, purpose)}, order)
            for day_type, plan in plans.items()
            for purpose in FREE_PURPOSES
        ]
        self.work = market_of(plans, _first_work_tours(model), order)
        self._at_first: tuple[bytes, Logsums] | None = None
        self._offers: dict[str, Offer] = {}
        self._last: tuple[Offer, bytes, Logsums] | None = None
        self.not_moved = self.workers_moved = self.zones_off = 0

    def settle(self, model: MobilityModel) -> None:
        """Send the tours of the year to their places; see the head of the module."""
        go_back(model)
        for plan in model.plans.values():
            plan.set_people(model.residents.table.columns)
        before, now = self._logsums_then_and_now(model)
        year, moves = _Year(self._codes(model), model.plans), Moves()
        self.not_moved = 0
        for at, market in enumerate(self.free):
            place = self._places(model, market, year, before[at], now[at])
            moved = np.flatnonzero(place != np.arange(len(place)))
            moves.add(market.day_type[moved], market.row[moved], market, place[moved])
        self._settle_work(model, year, before[-1], now[-1], moves)
        send(model, moves)

    # --- logsums ------------------------------------------------------------------------------------------------

    def _logsums_then_and_now(self, model: MobilityModel) -> tuple[Logsums, Logsums]:
        """Of the first simulated year of the base, which are kept, and of this year; the same if nothing differs.

        Who runs the first year with other coefficients begins anew with them; other ones later are a change.
        """
        settings = model.world.settings
        first, p = model.base_conditions_of[settings.days_in[0]], model.today.parameters
        coefficients = np.append(p.constants.ravel(), p[:-2]).tobytes() + p.nest_scale.tobytes()
        in_first = model.year == settings.days_in[0]
        if self._at_first is None or (in_first and self._at_first[0] != coefficients):
            self._at_first = coefficients, self._logsums(model, first)
        offer, same = self._offer(model, model.conditions), coefficients == self._at_first[0]
        if same and offer == self._offer(model, first):
            return self._at_first[1], self._at_first[1]
        if self._last is None or self._last[:2] != (offer, coefficients):
            self._last = None  # before others are made
            self._last = offer, coefficients, self._logsums(model, model.conditions)
        return self._at_first[1], self._last[2]

    def _offer(self, model: MobilityModel, c: Conditions) -> Offer:
        """What logsums depend on under some conditions, kept."""
        if c.digest() not in self._offers:
            self._offers[c.digest()] = self.standards.offer(model, c)
        return self._offers[c.digest()]

    def _logsums(self, model: MobilityModel, c: Conditions) -> Logsums:
        """Logsums of every market, those of workplaces last."""
        key, crowding, further = model.timetable_key, model.crowding, model.further_wait_min
        model.use_timetable(c.timetable)
        for plan in model.plans.values():
            plan.expect_room()
        by_day = {day_type: logsums(model, plan, self.standards, c) for day_type, plan in model.plans.items()}
        model.use_timetable(key)
        model.crowding, model.further_wait_min = crowding, further
        return [market.take(by_day) for market in (*self.free, self.work)]

    # --- places -------------------------------------------------------------------------------------------------

    def _codes(self, model: MobilityModel) -> dict[DayType, Ints]:
        """Segment at first and now of who makes each tour, as one number: int64 [R] by day type.

        Plans do not ask who drives, so who begins or ends to drive counts as of its new kind from the first. Who
        changes the kind of car goes further or less far as driving becomes cheaper or dearer.
        """
        now = _kinds(model, model.residents.table.licence, model.vehicles.powertrain)
        drives = (now > Kind.RIDE) & (self._kind_at_first > Kind.RIDE)
        kinds = np.where(drives, self._kind_at_first, now), now
        codes = {}
        for day_type, plan in model.plans.items():
            who = plan.column("resident_idx")
            ride, group = plan.columns.passenger.astype(np.int64), len(Kind) * self._richer[who]
            before, now = (np.where(kind[who] <= Kind.RIDE, ride, kind[who]) + group for kind in kinds)
            codes[day_type] = before * self.standards.n_segments + now
        return codes

    def _cells(self, market: Market, code: Ints, same: bool) -> tuple[Cells, npt.NDArray[np.int32]]:
        """Members of a neighbourhood and of a code; and the cell of each member, -1 where nothing has changed.

        With ``same`` the logsums are those of before, and only who has become another person is in a cell.
        """
        n = self.standards.n_segments
        key = market.group.astype(np.int64) * n * n + code
        count = np.bincount(key, minlength=(len(market.edges) - 1) * n * n)
        if same:
            before, now = np.divmod(np.arange(n * n), n)
            count.reshape(-1, n * n)[:, before == now] = 0
        found = np.flatnonzero(count)
        place = np.full(len(count), -1, np.int32)
        place[found] = np.arange(len(found))
        group, of_code = np.divmod(found, n * n)
        before, now = np.divmod(of_code, n)
        first, last = market.edges[group], market.edges[group + 1]
        start = np.append(0, np.cumsum(last - first)).astype(np.int64)
        cells = Cells(first, last, before.astype(np.int8), now.astype(np.int8), count[found].astype(np.int32), start)
        return cells, place[key]

    def _places(
        self,
        model: MobilityModel,
        market: Market,
        year: _Year,
        before: npt.NDArray[np.float32],
        now: npt.NDArray[np.float32],
        changes: Bools | None = None,
    ) -> npt.NDArray[np.int32]:
        """Whose place each member of a market takes; ``changes`` are those who choose a workplace, None for tours."""
        stay = np.arange(len(market.row), dtype=np.int32)
        same, at_work = now is before, changes is not None
        cells, cell = self._cells(market, market.take(year.code), same and not at_work)
        theta = model.parameters["theta_dest"]
        if not len(cells.first) or (same and bool((cells.before == cells.now).all())):
            return stay
        weight = places_weighed(cells, before, now, theta, model.threads)
        zone, pull = year.of(market, lambda plan: plan.columns.dest), np.ones(self._n_zones)
        if at_work:
            pull, totals = balanced_pull(cells, zone, weight, self._n_zones, _PASSES, _SOUGHT)
            wanted = np.bincount(zone, minlength=self._n_zones)
            self.zones_off = int((np.abs(totals - wanted) > BALANCE * wanted).sum())
        movers = Movers(
            cell=cell,
            free=np.ones(len(stay), np.bool_) if changes is None else changes,
            agent=year.of(market, lambda plan: plan.resident_id),
            draw=np.full(len(stay), _WORK_DRAW) if at_work else year.of(market, lambda plan: plan.address),
            origin=year.of(market, lambda plan: plan.columns.origin),
            zone=zone,
            room_min=year.of(market, _room_min),
        )
        way_min, stream = model.world.road_skim.time_min, int(Stream.DESTINATION_CHANGE)
        place = settled(cells, movers, weight, pull, now, way_min, model.seed, stream, model.threads)
        self.not_moved += int((place < 0).sum())
        return np.where(place < 0, stay, place)

    # --- work ---------------------------------------------------------------------------------------------------

    def _settle_work(
        self,
        model: MobilityModel,
        year: _Year,
        before: npt.NDArray[np.float32],
        now: npt.NDArray[np.float32],
        moves: Moves,
    ) -> None:
        """Those who change their job choose among all workplaces; the others keep what they had."""
        market, residents = self.work, model.residents.table
        self.zones_off = 0
        who = year.of(market, lambda plan: plan.column("resident_idx"))
        own, member_of = np.arange(len(who)), np.full(len(residents.resident_id), -1)
        member_of[who] = own
        changes = self._changes_job(model, residents.resident_id[who])
        held = residents.works_like_idx[who]
        held = np.where(held >= 0, member_of[held], own)
        place = np.where(changes, self._places(model, market, year, before, now, changes), held)
        residents.works_like_idx[who] = np.where(place == own, -1, who[place])
        residents.work_zone_idx[who] = year.of(market, lambda plan: plan.columns.dest)[place]
        self.workers_moved = int((place != own).sum())
        for day_type, plan in model.plans.items():
            rows = _tours_for(plan, Purpose.WORK)
            member = member_of[plan.column("resident_idx")[rows]]
            goes = place[member] != member
            moves.add(np.full(int(goes.sum()), day_type), rows[goes], market, place[member[goes]])

    def _changes_job(self, model: MobilityModel, resident_id: Ints) -> Bools:
        """Who has changed its job since the offer became what it is, or since the last simulated year."""
        settings = model.world.settings
        since = max([y + 1 for y in settings.days_in if y < model.year], default=settings.years[0])
        now, years = self._offer(model, model.conditions), 1
        while model.year - years >= since and self._offer(model, model.conditions_of[model.year - years]) == now:
            years += 1
        chance = 1.0 - (1.0 - model.parameters["h_job"]) ** years
        return uniforms(model.seed, int(Stream.JOB_CHANGE), resident_id, model.year) < chance


def _kinds(model: MobilityModel, licence: Bools, powertrain: npt.NDArray[np.int8]) -> Ints:
    """Kind of each resident; `Kind.NONE` for all who do not drive, whether or not somebody gives them a ride."""
    home, n = model.vehicles.household_idx, len(model.households)
    cars = np.bincount(home, weights=powertrain != EMPTY, minlength=n) > 0
    electric = np.bincount(home, weights=powertrain == Powertrain.BEV, minlength=n) > 0
    kind = np.where(electric, Kind.ELECTRIC, np.where(cars, Kind.COMBUSTION, Kind.NONE))
    return np.where(licence, kind[model.residents.table.household_idx], Kind.NONE).astype(np.int64)


def _tours_for(plan: DayPlan, purpose: Purpose) -> Ints:
    return np.flatnonzero(plan.column("purpose") == purpose)


def _first_work_tours(model: MobilityModel) -> dict[DayType, Ints]:
    """The first tour to work of each resident who makes any, of the first day type on which it does."""
    found, known = {}, np.zeros(len(model.residents), np.bool_)
    for day_type, plan in model.plans.items():
        rows = _tours_for(plan, Purpose.WORK)
        who, first = np.unique(plan.column("resident_idx")[rows], return_index=True)
        found[day_type] = rows[first[~known[who]]]
        known[who] = True
    return found


def _room_min(plan: DayPlan) -> npt.NDArray[np.float32]:
    """Longest drive there that fits between leaving home and leaving for home."""
    away = plan.column("leave_min").astype(np.float32) - plan.column("depart_min") - SHORTEST_STAY_MIN
    room: npt.NDArray[np.float32] = away.astype(np.float32)
    return room


__all__ = ["DestinationChoice", "go_back"]
