"""Electric buses of a network over a week: energy, range, chargers at the depot and at termini, and who stays parked.

A bus leaves the depot for a block. Of the electric buses that stand there the one with the most energy goes, if that is
enough for the first departure and the way home; else a diesel bus, if there is one; else the departure is cancelled and
the next one of the block is tried. After each departure a bus charges if it ends at a charger of a terminus that is
free, then goes on if its energy allows the next departure and the way home, and goes home if not. The dispatcher sees
that one departure ahead, and sends another bus from the depot in time. At the depot buses are plugged in as they come;
one without a free plug waits, and stays parked if it has too little. The first week settles the batteries, the second
one counts.
"""

from __future__ import annotations

import heapq
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from zemsim.core.names import DayType
from zemsim.core.units import S_PER_H
from zemsim.travel.vehicle_blocks import Blocks, Run

_DAY_S: Final = 24 * 3600
_WEEK: Final = (DayType.WEEKDAY,) * 5 + (DayType.WEEKEND,) * 2
_HOURS: Final = 24
_DIESEL, _NOBODY = -1, -2
#: Kinds of event, in the order of those at the same second.
_BACK, _END, _LAST, _LEAVE = 0, 1, 2, 3
_FULL_KWH: Final = 1e-9


@dataclass(frozen=True)
class ElectricFleet:
    """Electric buses of a network, as a measure buys them.

    Attributes
    ----------
    network_id : str
    buses : int
    battery_kwh : float
        Of a bus; its usable part is a parameter of the model.
    depot_plugs, depot_kw : int, float
        Buses that charge at the depot at once, power of each from the grid.
    terminus_chargers, terminus_kw : int, float
        Termini with a charger, the busiest ones, power of each from the grid.
    diesel_buses : int, optional
        Diesel buses that stay; if None, those that the network needs with spare ones, less one for each electric bus.
    """

    network_id: str
    buses: int
    battery_kwh: float
    depot_plugs: int
    depot_kw: float
    terminus_chargers: int = 0
    terminus_kw: float = 0.0
    diesel_buses: int | None = None


class BusEnergy(NamedTuple):
    """kWh per km at the season's temperature, usable part of a battery, efficiency from plug to battery."""

    kwh_km: float
    usable_share: float
    efficiency: float


class RunShare(NamedTuple):
    """Share of the days on which a departure runs, and on which it runs by an electric bus."""

    runs: float
    electric: float


@dataclass
class BusWeek:
    """What the buses of a network did in a week.

    Attributes
    ----------
    shares : dict of (day type, pattern, trip) to RunShare
    kwh_day : dict of (day type, route) to float
        Energy of electric buses from the plugs on a day, empty ways included.
    driven_kwh, charged_kwh : float
        Taken from batteries in the week, and put into them.
    change_kwh : float
        Energy in all batteries at its end less that at its beginning: ``charged - driven``.
    depot_kwh, terminus_kwh : float
        From the plugs in the week.
    depot_peak_kw : float
        Highest load of the depot.
    depot_kw : float64 [24]
        Mean load by hour of the day.
    parked_day : float
        Electric buses that did not leave the depot, per day.
    cancelled_week : float
        Departures without any bus.
    diesel_buses, out_buses : int
        Diesel buses there are; buses that are out at the same time, at most.
    """

    shares: dict[tuple[DayType, int, int], RunShare] = field(default_factory=dict)
    kwh_day: dict[tuple[DayType, int], float] = field(default_factory=dict)
    driven_kwh: float = 0.0
    charged_kwh: float = 0.0
    change_kwh: float = 0.0
    depot_kwh: float = 0.0
    terminus_kwh: float = 0.0
    depot_peak_kw: float = 0.0
    depot_kw: NDArray[np.float64] = field(default_factory=lambda: np.zeros(_HOURS))
    parked_day: float = 0.0
    cancelled_week: float = 0.0
    diesel_buses: int = 0
    out_buses: int = 0


def kwh_per_km(temperature_c: float, mild: float, cold: float, mild_c: float, cold_c: float) -> float:
    """Consumption of an electric bus: ``mild`` at ``mild_c`` and above, a straight line to ``cold`` at ``cold_c``."""
    return float(np.interp(temperature_c, (cold_c, mild_c), (cold, mild)))


def drive_week(
    blocks: Mapping[DayType, Blocks], fleet: ElectricFleet, energy: BusEnergy, spare_share: float
) -> BusWeek:
    """Drive the blocks of a network for two weeks and tell of the second.

    Parameters
    ----------
    blocks : mapping of DayType to Blocks
    fleet : ElectricFleet
    energy : BusEnergy
    spare_share : float
        Spare buses over those that are out at the same time, for the diesel buses that a fleet does not name.
    """
    needed = max((each.buses for each in blocks.values()), default=0)
    diesel = fleet.diesel_buses
    if diesel is None:
        diesel = max(int(np.ceil(needed * (1.0 + spare_share))) - fleet.buses, 0)
    week = _Week(blocks, fleet, energy, diesel).drive()
    week.out_buses = needed
    return week


class _Depot:
    """Buses at home, their energy, and the plugs: first come, first served, each until the battery is full."""

    def __init__(self, fleet: ElectricFleet, energy: BusEnergy) -> None:
        self.capacity_kwh = fleet.battery_kwh * energy.usable_share
        self.kwh = np.full(fleet.buses, self.capacity_kwh)
        self.home = np.ones(fleet.buses, bool)
        self._queue: list[int] = []
        self._plugs, self._kw, self._efficiency = fleet.depot_plugs, fleet.depot_kw, energy.efficiency
        self._now_s = 0.0
        self.counts = False
        self.charged_kwh, self.peak_kw = 0.0, 0.0
        self.hourly_kwh = np.zeros(_HOURS)

    def back(self, bus: int, at_s: float) -> None:
        """A bus comes home."""
        self.pass_time(at_s)
        self.home[bus] = True
        if self.capacity_kwh - self.kwh[bus] > _FULL_KWH:
            self._queue.append(bus)

    def take(self, at_s: float, need_kwh: NDArray[np.float64] | float) -> int:
        """The bus with the most energy leaves, if it has enough; its number, else -1."""
        self.pass_time(at_s)
        able = np.flatnonzero(self.home & (self.kwh >= need_kwh))
        if not len(able):
            return -1
        bus = int(able[np.argmax(self.kwh[able])])
        self.home[bus] = False
        if bus in self._queue:
            self._queue.remove(bus)
        return bus

    def pass_time(self, until_s: float) -> None:
        """Charge until a time."""
        kw = self._kw * self._efficiency
        while self._now_s < until_s:
            plugged = self._queue[: self._plugs] if kw > 0.0 else []
            if not plugged:
                self._now_s = until_s
                return
            until_full = [(self.capacity_kwh - self.kwh[bus]) / kw * S_PER_H for bus in plugged]
            next_hour = (self._now_s // 3600 + 1) * 3600
            step = min([until_s - self._now_s, next_hour - self._now_s, *until_full])
            gained = kw * step / S_PER_H
            for bus in plugged:
                self.kwh[bus] += gained
            self._count(len(plugged), gained)
            self._now_s += step
            for bus, seconds in zip(plugged, until_full, strict=True):
                if seconds <= step:
                    self._queue.remove(bus)

    def _count(self, plugged: int, gained_kwh: float) -> None:
        if self.counts:
            self.charged_kwh += plugged * gained_kwh
            self.peak_kw = max(self.peak_kw, plugged * self._kw)
            self.hourly_kwh[int(self._now_s % _DAY_S // 3600)] += plugged * gained_kwh / self._efficiency


class _Week:
    """Two weeks in the order of time."""

    def __init__(self, blocks: Mapping[DayType, Blocks], fleet: ElectricFleet, energy: BusEnergy, diesel: int) -> None:
        self.blocks, self.fleet, self.energy = blocks, fleet, energy
        self.depot = _Depot(fleet, energy)
        self.diesel_at_home = diesel
        self.found = BusWeek(diesel_buses=diesel)
        self.events: list[tuple[float, int, int, int, int, int]] = []
        self.free_at: dict[int, float] = {}
        weekday = blocks[DayType.WEEKDAY]
        self.equipped = frozenset(weekday.busiest_termini()[: fleet.terminus_chargers])
        self.counts = False
        self.left: set[int] = set()

    def drive(self) -> BusWeek:
        """Both weeks."""
        for day, day_type in enumerate(_WEEK * 2):
            for number, block in enumerate(self.blocks[day_type].blocks):
                at_s = self.blocks[day_type].leave_s(block[0]) + day * _DAY_S
                self._push(at_s, _LEAVE, day, number, 0, _NOBODY)
        days, morning_s = len(_WEEK), self._first_leave_s()
        self._drive_until(days * _DAY_S + morning_s)
        before = self._begin()
        for day in range(days, 2 * days):
            self.left = set()
            self._drive_until((day + 1) * _DAY_S + morning_s)
            self.found.parked_day += (self.fleet.buses - len(self.left)) / days
        return self._end(before)

    def _first_leave_s(self) -> float:
        """When the first bus leaves on any day: a day lasts from then to then."""
        first = [blocks.leave_s(block[0]) for blocks in self.blocks.values() for block in blocks.blocks]
        return min(first, default=0.0)

    def _begin(self) -> float:
        self.counts = self.depot.counts = True
        return float(self.depot.kwh.sum())

    def _end(self, before_kwh: float) -> BusWeek:
        found, depot = self.found, self.depot
        found.charged_kwh += depot.charged_kwh
        found.depot_kwh = depot.charged_kwh / self.energy.efficiency
        found.depot_peak_kw, found.depot_kw = depot.peak_kw, depot.hourly_kwh / len(_WEEK)
        found.change_kwh = float(depot.kwh.sum()) - before_kwh
        days = {day_type: _WEEK.count(day_type) for day_type in DayType}
        found.shares = {
            key: RunShare(share.runs / days[key[0]], share.electric / days[key[0]])
            for key, share in found.shares.items()
        }
        found.kwh_day = {key: kwh / self.energy.efficiency / days[key[0]] for key, kwh in found.kwh_day.items()}
        return found

    def _push(self, at_s: float, kind: int, day: int, block: int, run: int, bus: int) -> None:
        heapq.heappush(self.events, (at_s, kind, day, block, run, bus))

    def _drive_until(self, until_s: float) -> None:
        while self.events and self.events[0][0] < until_s:
            at_s, kind, day, block, run, bus = heapq.heappop(self.events)
            if kind == _BACK:
                self._come_home(bus, at_s)
            elif kind == _LEAVE:
                self._next_run(at_s, day, block, run, _NOBODY)
            elif kind == _LAST:
                blocks = self.blocks[_WEEK[day % len(_WEEK)]]
                self._go_home(at_s, blocks, blocks.blocks[block][run], day, bus)
            else:
                self._after_run(at_s, day, block, run, bus)
        self.depot.pass_time(until_s)

    def _come_home(self, bus: int, at_s: float) -> None:
        if bus == _DIESEL:
            self.diesel_at_home += 1
        else:
            self.depot.back(bus, at_s)

    def _after_run(self, at_s: float, day: int, block: int, run: int, bus: int) -> None:
        """A run has ended and another one follows: charge, then go on, or home if there was no charger free."""
        blocks = self.blocks[_WEEK[day % len(_WEEK)]]
        here, then = blocks.blocks[block][run : run + 2]
        if bus >= 0:
            self._charge_at_terminus(bus, here, at_s, blocks.leave_s(then, from_depot=False) + day * _DAY_S)
            if self.depot.kwh[bus] < self._need(then, then.to_km):
                self._go_home(at_s, blocks, here, day, bus)
                bus = _NOBODY
        self._next_run(at_s, day, block, run + 1, bus)

    def _next_run(self, at_s: float, day: int, block: int, run: int, bus: int) -> None:
        """Drive a run by the bus at hand or by one from the depot, or cancel it."""
        day_type = _WEEK[day % len(_WEEK)]
        blocks = self.blocks[day_type]
        this = blocks.blocks[block][run]
        to_km = this.to_km
        if bus == _NOBODY:
            to_km = float(blocks.depot_km[this.first_stop])
            in_time = at_s + blocks.empty_s(to_km) <= this.start_s + day * _DAY_S + 1e-6
            bus = self._from_depot(at_s, self._need(this, to_km)) if in_time else _NOBODY
        self._use(bus, day_type, this.route, to_km + this.km)
        if day >= len(_WEEK):
            self._note((day_type, this.pattern, this.trip), bus)
        self._plan_next(at_s, day, block, run, bus)

    def _plan_next(self, at_s: float, day: int, block: int, run: int, bus: int) -> None:
        """What follows a run: the same bus goes on, or home, and the next one comes from the depot in time."""
        blocks = self.blocks[_WEEK[day % len(_WEEK)]]
        runs, midnight_s = blocks.blocks[block], day * _DAY_S
        last = run + 1 == len(runs)
        goes_on = not last and bus != _NOBODY and self._can_go_on(bus, runs[run], runs[run + 1], blocks)
        if bus != _NOBODY:
            self._push(runs[run].end_s + midnight_s, _END if goes_on else _LAST, day, block, run, bus)
        if not last and not goes_on:
            self._push(max(at_s, blocks.leave_s(runs[run + 1]) + midnight_s), _LEAVE, day, block, run + 1, _NOBODY)

    def _can_go_on(self, bus: int, here: Run, then: Run, blocks: Blocks) -> bool:
        """Whether a bus has the energy for the run after this one, with what a free charger would add."""
        if bus == _DIESEL:
            return True
        kwh, gain = self.depot.kwh[bus], 0.0
        if here.last_stop in self.equipped:
            stand_s = max(blocks.leave_s(then, from_depot=False) - here.end_s, 0.0)
            gain = self.fleet.terminus_kw * self.energy.efficiency * stand_s / S_PER_H
        return bool(min(kwh + gain, self.depot.capacity_kwh) >= self._need(then, then.to_km))

    def _from_depot(self, at_s: float, need_kwh: float) -> int:
        bus = self.depot.take(at_s, need_kwh)
        if bus >= 0:
            self.left.add(bus)
            return bus
        if self.diesel_at_home > 0:
            self.diesel_at_home -= 1
            return _DIESEL
        return _NOBODY

    def _need(self, run: Run, to_km: float) -> float:
        return self.energy.kwh_km * (to_km + run.km + run.home_km)

    def _note(self, departure: tuple[DayType, int, int], bus: int) -> None:
        before = self.found.shares.get(departure, RunShare(0.0, 0.0))
        self.found.cancelled_week += bus == _NOBODY
        self.found.shares[departure] = RunShare(before.runs + (bus != _NOBODY), before.electric + (bus >= 0))

    def _use(self, bus: int, day_type: DayType, route: int, km: float) -> None:
        if bus < 0:
            return
        kwh = self.energy.kwh_km * km
        self.depot.kwh[bus] -= kwh
        if self.counts:
            key = (day_type, route)
            self.found.driven_kwh += kwh
            self.found.kwh_day[key] = self.found.kwh_day.get(key, 0.0) + kwh

    def _go_home(self, at_s: float, blocks: Blocks, run: Run, day: int, bus: int) -> None:
        self._use(bus, _WEEK[day % len(_WEEK)], run.route, run.home_km)
        self._push(at_s + blocks.empty_s(run.home_km), _BACK, day, 0, 0, bus)

    def _charge_at_terminus(self, bus: int, run: Run, at_s: float, leave_s: float) -> None:
        """Charge until the next departure, the battery is full, whichever comes first; one bus at a charger."""
        kw = self.fleet.terminus_kw * self.energy.efficiency
        if run.last_stop not in self.equipped or kw <= 0.0:
            return
        start_s = max(at_s, self.free_at.get(run.last_stop, 0.0))
        room = self.depot.capacity_kwh - self.depot.kwh[bus]
        kwh = min(room, kw * (leave_s - start_s) / S_PER_H)
        if kwh <= _FULL_KWH:
            return
        self.free_at[run.last_stop] = start_s + kwh / kw * S_PER_H
        self.depot.kwh[bus] += kwh
        if self.counts:
            self.found.charged_kwh += kwh
            self.found.terminus_kwh += kwh / self.energy.efficiency
