"""Where tours go when ways to places become better or worse: destinations answer to the logsums of the mode choice.

Those who live near each other and make tours for one purpose are each other's sample of places (`Market`). In each
simulated year the places are weighed by ``exp(theta (L - L0))``, with L0 of the first simulated year without measures,
and residents move by a maximal coupling, from where they were planned to go (`zemsim.kernels.resettling`). Tours for
shopping, leisure, escort and business answer within the year. Workplaces are doubly constrained, and only those answer
who changed their job since the offer became what it is, with a hazard a year. Schools stay: places are given by
distance, and are full.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np
import numpy.typing as npt

from zemsim.core.names import DayType, Powertrain, Purpose
from zemsim.core.randomness import Stream
from zemsim.kernels.draws import uniforms
from zemsim.kernels.resettling import Cells, Movers, balanced_pull, places_weighed, settled
from zemsim.model.moves import Moves, bring_back_stuck, go_back, send
from zemsim.model.neighbourhoods import Market, market_of, near_order
from zemsim.model.standard_persons import Kind, Offer, logsums, standards_of
from zemsim.model.vehicles import EMPTY

if TYPE_CHECKING:
    from zemsim.model.day_plan import DayPlan
    from zemsim.model.model import MobilityModel
    from zemsim.policy.conditions import Conditions

Ints = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]
#: Segments at first and now of the tours of each day type.
Codes = dict[DayType, npt.NDArray[np.int16]]
#: Logsums float32 [segments, N] of the members of a market, and of all markets.
Logsum = npt.NDArray[np.float32]
Logsums = list[Logsum]

#: Purposes whose places hold any number.
FREE_PURPOSES: Final = (Purpose.SHOPPING, Purpose.LEISURE, Purpose.ESCORT, Purpose.BUSINESS)
#: How near the workers of each zone must come to those of before, and how near they are sought, in so many passes.
BALANCE: Final = 1e-4
_SOUGHT, _PASSES = 9e-5, 200
#: Draws of workers, beyond those of any tour.
_WORK_DRAW: Final = 200
#: Coefficients that every season sets; logsums are of a mean season.
_OF_THE_SEASON: Final = ("rain_walk", "rain_bike")


class DestinationChoice:
    """The places of one model: markets, and what was known of them at first.

    Attributes
    ----------
    free : markets of tours by day type and purpose.
    work : market of workplaces: the first tour to work of each who makes any, of a weekday if there is one.
    year : in which its tours were in force.
    not_moved : tours of the last simulated year that would have moved and found no place that they can reach.
    workers_moved : workers with another workplace than at first.
    zones_off : zones whose workers would not be as many as before, were all to choose anew.
    """

    def __init__(self, model: MobilityModel) -> None:
        zones = model.world.region.zones
        order = near_order(zones["x_m"].to_numpy(np.float64), zones["y_m"].to_numpy(np.float64))
        self._n_zones = len(order)
        self.year = model.year
        self.standards = standards_of(model)
        self._richer = model.at_start("residents")["income_ratio"] >= self.standards.income_edge_ratio
        self._kind_at_first = _kinds(
            model, model.at_start("residents")["licence"], model.at_start("vehicles")["powertrain"]
        ).astype(np.int8)
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

    def settle(self, model: MobilityModel, jobs: bool = True) -> None:
        """Send the tours of the year to their places; see the head of the module. Without ``jobs``, none is changed."""
        go_back(model)
        for plan in model.plans.values():
            plan.set_people(model.residents.table.columns)
        before, now = self._logsums_then_and_now(model)
        code, moves = self._codes(model), Moves()
        self.not_moved = 0
        for at, market in enumerate(self.free):
            place = self._places(model, market, code, before[at], now[at])
            moved = np.flatnonzero(place != np.arange(len(place)))
            moves.add(market.day_type[moved], market.row[moved], market, place[moved])
        self._settle_work(model, code, before[-1], now[-1], moves, jobs)
        send(model, moves)
        self.not_moved += bring_back_stuck(model)
        self.workers_moved = int((model.residents.table.works_like_idx >= 0).sum())

    # --- logsums ------------------------------------------------------------------------------------------------

    def _logsums_then_and_now(self, model: MobilityModel) -> tuple[Logsums, Logsums]:
        """Of the first simulated year of the base, which are kept, and of this year; the same if nothing differs.

        Who runs the first year with other coefficients begins anew with them; other ones later are a change.
        """
        settings = model.world.settings
        first, p = model.base_conditions_of[settings.days_in[0]], model.today.parameters
        numbers = [value for name, value in p._asdict().items() if name not in _OF_THE_SEASON]
        coefficients = np.concatenate([np.ravel(number) for number in numbers]).tobytes()
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

    def _codes(self, model: MobilityModel) -> Codes:
        """Segment at first and now of who makes each tour, as one number: int16 [R] by day type.

        Plans do not ask who drives, so who begins or ends to drive counts as of its new kind from the first. Who
        changes the kind of car goes further or less far as driving becomes cheaper or dearer.
        """
        now = _kinds(model, model.residents.table.licence, model.vehicles.powertrain)
        drives = (now > Kind.RIDE) & (self._kind_at_first > Kind.RIDE)
        n, group = self.standards.n_segments, len(Kind) * self._richer
        before, codes = np.where(drives, self._kind_at_first, now), {}
        on_foot, ride = (
            ((np.maximum(before, least) + group) * n + np.maximum(now, least) + group).astype(np.int16)
            for least in (Kind.NONE, Kind.RIDE)
        )
        for day_type, plan in model.plans.items():
            who = plan.column("resident_idx")
            codes[day_type] = np.where(plan.columns.passenger, ride[who], on_foot[who])
        return codes

    def _cells(
        self, market: Market, code: Codes, before: Logsum, now: Logsum, all_of_them: bool
    ) -> tuple[Cells, npt.NDArray[np.int32]]:
        """Members of a neighbourhood and of a code; and the cell of each member, -1 for none.

        All whose logsums are those of before are of one cell, or of none if they need not be in any.
        """
        n = self.standards.n_segments
        changed = np.ones((n, n), np.bool_)
        for k in range(n):
            changed[k, k] = now is not before and not np.array_equal(before[k], now[k])
        pairs = np.append(-1, np.flatnonzero(changed[:, :].ravel()))
        number = np.zeros(n * n, np.int64)
        number[pairs[1:]] = np.arange(1, len(pairs))
        key = market.group * np.int64(len(pairs)) + number[market.take(code)]
        count = np.bincount(key, minlength=(len(market.edges) - 1) * len(pairs))
        if not all_of_them:
            count[:: len(pairs)] = 0
        found = np.flatnonzero(count)
        place = np.full(len(count), -1, np.int32)
        place[found] = np.arange(len(found))
        group, pair = np.divmod(found, len(pairs))
        then, today = (np.where(pair > 0, of, -1).astype(np.int8) for of in np.divmod(pairs[pair], n))
        first, last = market.edges[group], market.edges[group + 1]
        start = np.append(0, np.cumsum(last - first)).astype(np.int64)
        return Cells(first, last, then, today, count[found].astype(np.int32), start), place[key]

    def _places(
        self,
        model: MobilityModel,
        market: Market,
        code: Codes,
        before: Logsum,
        now: Logsum,
        changes: Bools | None = None,
    ) -> npt.NDArray[np.int32]:
        """Whose place each member of a market takes; ``changes`` are those who choose a workplace, None for tours."""
        stay = np.arange(len(market.row), dtype=np.int32)
        cells, cell = self._cells(market, code, before, now, changes is not None)
        theta = model.parameters["theta_dest"]
        if not (cells.before >= 0).any():
            return stay
        weight, pull = places_weighed(cells, before, now, theta, model.threads), np.ones(self._n_zones)
        free, draw = np.ones(len(stay), np.bool_), market.draw.astype(np.int64)
        if changes is not None:
            pull, totals = balanced_pull(cells, market.zone, weight, self._n_zones, _PASSES, _SOUGHT)
            wanted = np.bincount(market.zone, minlength=self._n_zones)
            self.zones_off = int((np.abs(totals - wanted) > BALANCE * wanted).sum())
            free, draw = changes, np.full(len(stay), _WORK_DRAW)
        agent = model.residents.table.resident_id[market.resident]
        movers = Movers(cell, free, agent, draw, market.origin, market.zone, market.room_min)
        way_min, stream = model.world.road_skim.time_min, int(Stream.DESTINATION_CHANGE)
        place = settled(cells, movers, weight, pull, now, way_min, model.seed, stream, model.threads)
        self.not_moved += int((place < 0).sum())
        return np.where(place < 0, stay, place)

    # --- work ---------------------------------------------------------------------------------------------------

    def _settle_work(
        self, model: MobilityModel, code: Codes, before: Logsum, now: Logsum, moves: Moves, jobs: bool
    ) -> None:
        """Those who change their job choose among all workplaces; the others keep what they had."""
        market, residents, plans = self.work, model.residents.table, model.plans
        self.zones_off = 0
        who = market.resident
        own, member_of = np.arange(len(who)), np.full(len(residents.resident_id), -1)
        member_of[who] = own
        changes = self._changes_job(model, residents.resident_id[who]) if jobs else np.zeros(len(who), np.bool_)
        held = residents.works_like_idx[who]
        held = np.where((held >= 0) & (member_of[held] >= 0), member_of[held], own)
        place = np.where(changes, self._places(model, market, code, before, now, changes), held) if jobs else held
        residents.works_like_idx[who] = np.where(place == own, -1, who[place])
        residents.work_zone_idx[who] = market.zone[place]
        if (place == own).all():
            return
        for day_type, plan in plans.items():
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
    return np.flatnonzero((plan.column("purpose") == purpose) & plan.in_force)


def _first_work_tours(model: MobilityModel) -> dict[DayType, Ints]:
    """The first tour to work of each resident who makes any, of the first day type on which it does."""
    found, known = {}, np.zeros(len(model.residents), np.bool_)
    for day_type, plan in model.plans.items():
        rows = _tours_for(plan, Purpose.WORK)
        who, first = np.unique(plan.column("resident_idx")[rows], return_index=True)
        found[day_type] = rows[first[~known[who]]]
        known[who] = True
    return found


__all__ = ["DestinationChoice", "go_back"]
