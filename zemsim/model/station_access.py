"""How residents come to stations: on foot, or by car or bicycle where there are places for them.

The ways to a station are a nest below bus and train. Utility of a mode is the logsum over its ways,
``lam sum(exp(V / lam))`` with ``lam = lam_pt lam_access``, and the way is drawn with luck of its own; which of them is
drawn does not depend on how large the logsum is, so it can be drawn before the mode is. Departures, fare and kilometres
are those of the way that was drawn, and the rest of the logsum is written as minutes of walking, so that the choice of
modes is the one that runs without such places. Crowding and waits for room count for the way that was drawn.

A car stands at the station from the way out to the way back, so it must be that of the household which was allotted to
the tour, and nobody else may be due to drive it before it is back. Places are taken in the order of arrival; who finds
none chooses again, without them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import numpy.typing as npt

from zemsim.core.names import Access, Alternative, Season
from zemsim.kernels.tour_choice import NEVER, TourColumns, fill_fixed_rows
from zemsim.model.station_nest import draw_ways_of, without_place
from zemsim.model.station_ways import Ways, luck_of, ways_of
from zemsim.model.tour_columns import SHARED_CAR
from zemsim.model.transit_offer import COMPONENTS, MODES, Options

if TYPE_CHECKING:
    from zemsim.model.day_plan import DayPlan
    from zemsim.model.model import MobilityModel

_CHOSEN = np.array([Alternative.BUS, Alternative.TRAIN], np.int8)


class StationAccess:
    """Ways to stations of the tours of a day type, in one season.

    Attributes
    ----------
    ways : all of them.
    walk : options on foot.
    options : options of the ways that were drawn.
    drawn : int64 [G], way of each group, -1 on foot; a group is a tour and a mode with at least one way.
    row, mode : int64, int8 [G].
    refused : bool [W], places that were full today.
    of : year and season.
    """

    def __init__(self, ways: Ways, plan: DayPlan, lam: float, of: tuple[int, Season]) -> None:
        self.ways, self.walk, self._lam, self.of = ways, plan.offer.full, lam, of
        key = ways.mode.astype(np.int64) * plan.n_tours + ways.row
        self._first, self._group = np.unique(key, return_index=True, return_inverse=True)[1:]
        self.row, self.mode = ways.row[self._first], ways.mode[self._first]
        self._rows = [self.row[self.mode == k] for k in range(len(MODES))]
        self._luck = np.concatenate([luck_of(plan, rows, k, 0) for k, rows in enumerate(self._rows)])
        self.options = Options(
            {mode: {name: v.copy() for name, v in self.walk.of_mode[mode].items()} for mode in MODES},
            self.walk.main_pattern,
        )
        self.drawn = np.full(len(self.row), -1, np.int64)
        self.refused = np.zeros(len(ways.row), np.bool_)
        self.utility = np.full(len(ways.row), -np.inf)

    def draw(self, model: MobilityModel, plan: DayPlan) -> None:
        """Draw a way for each tour and mode, and write what it offers into the plan."""
        on_foot = self._utilities(model, plan, self.row, self.mode, self._walk_options())
        onward = self._utilities(model, plan, self.ways.row, self.ways.mode, self.ways.option)
        there = can_use(model, plan, self.ways) & ~self.refused & (onward > float(NEVER))
        self.utility = np.where(there, onward + way_utility(model, plan, self.ways), -np.inf)
        walks = np.where(on_foot > float(NEVER), on_foot, -np.inf)
        logsum, self.drawn = draw_ways_of(walks, self._luck, self.utility, self.ways.luck, self._group, self._lam)
        of_drawn = np.where(self.drawn >= 0, onward[np.maximum(self.drawn, 0)], on_foot)
        with np.errstate(invalid="ignore"):
            rest = np.where(np.isfinite(logsum), logsum - of_drawn, 0.0)
        self._write(rest / (2.0 * plan.parameters.b_acc))
        plan.take_ways(self.options, self._rows)
        day_type = plan.day_type
        plan.prepare(model.temperature_c, model.crowding[day_type], model.further_wait_min[day_type])

    def _walk_options(self) -> dict[str, npt.NDArray[Any]]:
        names = self.walk.of_mode[MODES[0]]
        return {
            name: np.concatenate(
                [self.walk.of_mode[mode][name][at] for mode, at in zip(MODES, self._rows, strict=True)]
            )
            for name in names
        }

    def _utilities(
        self,
        model: MobilityModel,
        plan: DayPlan,
        rows: npt.NDArray[np.int64],
        modes: npt.NDArray[np.int8],
        option: Any,
    ) -> npt.NDArray[np.float64]:
        """Utility of bus or train there and back by an option, from the kernel that the choice reads; `NEVER` none."""
        tours = TourColumns(*(np.take(column, rows, axis=-1) for column in plan.columns))
        here, available = np.arange(len(rows)), option["available"].astype(np.bool_)
        tours.transit_ok[:] = False
        tours.transit_ok[modes, here] = available
        for j, component in enumerate(COMPONENTS):
            tours.transit[modes, j, here] = np.where(available, option[component], 0.0)
        on_trains = option["fare_eur"] - option["bus_fare_eur"]
        share = plan.fare_share(rows) * plan.tickets.paid(rows)[here, modes]
        on_buses = np.where(modes == 0, np.minimum(option["bus_fare_eur"], plan.most_eur(rows)), option["bus_fare_eur"])
        tours.fare_eur[modes, here] = np.where(available, on_buses * share[:, 0] + on_trains * share[:, 1], 0.0)
        fill_fixed_rows(0, len(rows), tours, model.temperature_c, plan.parameters)
        utility: npt.NDArray[np.float64] = tours.fixed[_CHOSEN[modes], here].astype(np.float64)
        return utility

    def _write(self, further_walk_min: npt.NDArray[np.float64]) -> None:
        """Write the options of what was drawn; ``further_walk_min`` [G] is what is left of the logsum, as walking."""
        on_foot, way = self._walk_options(), np.maximum(self.drawn, 0)
        for k, mode in enumerate(MODES):
            of_mode = self.mode == k
            rows, by_way = self.row[of_mode], self.drawn[of_mode] >= 0
            for name, values in self.options.of_mode[mode].items():
                if len(self.ways.row):
                    values[rows] = np.where(by_way, self.ways.option[name][way[of_mode]], on_foot[name][of_mode])
            self.options.of_mode[mode]["walk_min"][rows] += further_walk_min[of_mode].astype(np.float32)

    def users(self, plan: DayPlan) -> npt.NDArray[np.int64]:
        """Ways that are used today, rising by tour: those drawn of the chosen modes, of who was not refused a ride."""
        chosen = (plan.alternative[self.row] == _CHOSEN[self.mode]) & ~plan.offer.refused[self.mode, self.row]
        used = self.drawn[chosen & (self.drawn >= 0)]
        ordered: npt.NDArray[np.int64] = used[np.argsort(self.ways.row[used], kind="stable")]
        return ordered

    def give_up(self, plan: DayPlan) -> None:
        """Give the tours their options on foot back."""
        plan.take_ways(self.walk, self._rows)
        plan.access = None


class StationTrips(NamedTuple):
    """Tours that come to a station by car or bicycle today: arrays [n], rising by tour."""

    way: npt.NDArray[np.int64]
    row: npt.NDArray[np.int64]
    access: npt.NDArray[np.int8]  # `Access`
    km: npt.NDArray[np.float64]  # to the station, one way
    out_min: npt.NDArray[np.float64]  # to the station
    back_min: npt.NDArray[np.float64]  # from there home
    leave_min: npt.NDArray[np.float64]  # minute of the day at which the way home from the station begins


def trips_by_station(plan: DayPlan) -> StationTrips | None:
    """Who comes to a station by car or bicycle today; None where no place is."""
    access = plan.access
    if access is None:
        return None
    used = access.users(plan)
    ways = access.ways
    row, car = ways.row[used], ways.car[used]
    ebike = plan.columns.ebike[row] == 1
    ride = np.where(ebike, ways.ebike_min[used], ways.bike_min[used])
    out_min, back_min = plan.skims.drive_min(plan.columns, row, ways.zone[used])[:2]
    kind = np.where(car, Access.CAR, np.where(ebike, Access.EBIKE, Access.BIKE)).astype(np.int8)
    leave = plan.column("leave_min")[row] + _onward_min(plan, ways, used)
    there, home = (np.where(car, minutes, ride).astype(np.float64) for minutes in (out_min, back_min))
    return StationTrips(used, row, kind, ways.km[used], there, home, leave)


def can_use(model: MobilityModel, plan: DayPlan, ways: Ways) -> npt.NDArray[np.bool_]:
    """Whether the car of each way is at hand until it is back, or there is a bicycle, bool [W]."""
    c = plan.columns
    vehicle = c.vehicle[ways.row]
    back = plan.skims.drive_min(c, ways.row, ways.zone)[1]
    home = plan.column("leave_min")[ways.row] + _onward_min(plan, ways, slice(None)) + back
    home += 2.0 * model.parameters["lot_walk_min"]
    by_car = (vehicle >= 0) & (vehicle != SHARED_CAR) & (home <= _next_use_min(plan)[ways.row])
    ebike = c.ebike[ways.row] == 1
    by_bike = np.where(ebike, np.isfinite(ways.ebike_min), c.bike[ways.row] & np.isfinite(ways.bike_min))
    usable: npt.NDArray[np.bool_] = np.where(ways.car, by_car, by_bike)
    return usable


def _onward_min(plan: DayPlan, ways: Ways, which: Any) -> npt.NDArray[np.float64]:
    """Minutes from the destination to the station, with the wait that travellers expect."""
    o = ways.option
    wait = np.minimum(0.5 * o["headway_min"][which], plan.parameters.wait_cap_min) + o["wait_min"][which]
    minutes: npt.NDArray[np.float64] = (o["ivt_min"][which] + o["walk_min"][which] + wait).astype(np.float64)
    return minutes


def _next_use_min(plan: DayPlan) -> npt.NDArray[np.float64]:
    """When the car that is allotted to each tour is allotted to another one next, float64 [R]; inf never."""
    vehicle, depart = plan.columns.vehicle, plan.allotment.depart_min
    order = np.lexsort((depart, vehicle))
    after = np.full(plan.n_tours, np.inf)
    same = vehicle[order[1:]] == vehicle[order[:-1]]
    after[order[:-1][same]] = depart[order[1:][same]]
    return after


def way_utility(model: MobilityModel, plan: DayPlan, ways: Ways) -> npt.NDArray[np.float64]:
    """Utility of the way to a station and back, float64 [W]: minutes, money, one change, the walk from the place.

    By car as driving, ``b_car`` per minute and the running cost of the car at hand; by bicycle as cycling; the price of
    the place as that of parking.
    """
    c, p, row = plan.columns, plan.parameters, ways.row
    gain = p.b_cost * c.cost_factor[row].astype(np.float64)
    out_min, back_min = plan.skims.drive_min(c, row, ways.zone)[:2]
    eur_km = np.divide(c.drive_eur[row], c.road_km[row], out=np.zeros(len(row)), where=c.road_km[row] > 0)
    drive = (
        p.b_car * (out_min + back_min + 2.0 * plan.skims.terminal_min[c.origin[row]]) + gain * 2.0 * eur_km * ways.km
    )
    minutes = np.where(c.ebike[row] == 1, p.k_ebike * ways.ebike_min, ways.bike_min)
    weather = p.w_temp * min(model.temperature_c - 20.0, 0.0) + p.rain_bike
    change = p.b_tr + p.b_acc * model.parameters["lot_walk_min"]
    utility = np.where(ways.car, drive, 2.0 * p.b_bike * minutes + weather)
    total: npt.NDArray[np.float64] = utility + gain * p.k_park * ways.price_eur + 2.0 * change
    return total


def close_lots(model: MobilityModel) -> None:
    """Everybody walks to stations again."""
    for plan in model.plans.values():
        if plan.access is not None:
            plan.access.give_up(plan)


def draw_ways(model: MobilityModel) -> None:
    """Step of the day: the way to the station of each tour and mode is drawn; nothing where no place is.

    The ways of a year and season are found on the first day on which they are asked for.
    """
    plan, now = model.today, (model.year, model.season)
    if plan.access is not None and plan.access.of != now:
        plan.access.give_up(plan)
    if plan.access is None and model.conditions.lots:
        lam = model.parameters["lam_pt"] * model.parameters["lam_access"]
        plan.access = StationAccess(ways_of(model, plan), plan, lam, now)
    if plan.access is not None:
        plan.access.refused[:] = False
        plan.access.draw(model, plan)


def fill_lots(model: MobilityModel) -> None:
    """Step of the day: places are taken in the order of arrival; who finds none chooses again, until all have one."""
    plan = model.today
    access = plan.access
    if access is None:
        return
    places = np.array([lot.places for lot in model.conditions.lots])
    while True:
        trips = trips_by_station(plan)
        if trips is None:
            return
        lot = access.ways.lot[trips.way]
        arrive = plan.column("depart_min")[trips.row] + trips.out_min
        late = without_place(lot, arrive, plan.resident_id[trips.row], plan.address[trips.row], places)
        if not len(late):
            return
        access.refused[trips.way[late]] = True
        access.draw(model, plan)
        model.residents.do("choose_mode")
