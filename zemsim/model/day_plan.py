"""The plan of a day type for one seed: who makes which tour, and the columns that mode choice reads.

Axes: P residents, H households, R tours of the day type (sorted by resident), Z zones, Q timetable periods.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from zemsim.behaviour.parameters import Parameters
from zemsim.core.names import DayType, Purpose, Season
from zemsim.core.randomness import Stream
from zemsim.kernels.blocks import run_blocks
from zemsim.kernels.draws import uniforms
from zemsim.kernels.tour_choice import N_ALTERNATIVES, N_NESTS, fill_fixed_rows, fill_gumbel
from zemsim.model.coefficients import choice_parameters, segments_of
from zemsim.model.concessions import Concessions
from zemsim.model.money_weights import length_damping, paid_parking_h, purpose_weight
from zemsim.model.passes import TourTickets
from zemsim.model.resident_tours import ResidentTours
from zemsim.model.school_runs import SchoolRuns
from zemsim.model.tour_columns import allotment_of, columns_of
from zemsim.model.tour_roads import RoadTimes
from zemsim.model.tour_spans import TourSpans, ranges
from zemsim.model.transit_offer import ALL_ROWS, Options, Rows, TransitOffer
from zemsim.population import Population
from zemsim.region import Region
from zemsim.travel.active import ActiveRules
from zemsim.travel.active_ways import ActiveWays, active_minutes

if TYPE_CHECKING:
    from zemsim.model.shared_cars import SharedCars
    from zemsim.model.station_access import StationAccess

#: Order in which tours are served with the household's cars.
_CAR_ORDER = (Purpose.BUSINESS, Purpose.WORK, Purpose.ESCORT, Purpose.SCHOOL, Purpose.SHOPPING, Purpose.LEISURE)
_CAR_RANK = np.argsort(_CAR_ORDER).astype(np.int8)
#: Operators lend shared e-bikes to persons of this age and older.
_SHARED_EBIKE_AGE = 16


class DayPlan(ResidentTours):
    """Tours of one day type, their columns, and the choice made for each.

    Attributes
    ----------
    columns, allotment : what the kernels read.
    alternative : int8 [R], the choice; -1 = no alternative at all.
    tickets : what passes make of the fares.
    crowding : float32 [1 + E], factor on in-vehicle time at the stop events of planned departures, see ``crowd_out``.
    offer : bus and train of the tours.
    access : ways to stations with places for cars and bicycles, None where there are none.
    shared_cars : stations of shared cars, None where there are none.
    active_km : float32 [R], way on foot or by bike, one way.
    in_force : bool [R], tours of the year at hand: all, but of a population that changes; see `set_year`.
    lift : bool [R], luck of a ride with somebody from outside; ``school_runs`` says who drives whom to school.
    moved : int64, tours that go to another place than planned, rising; ``moved_xy`` float64 [moved, 2] their points.
    """

    def __init__(
        self,
        region: Region,
        population: Population,
        all_tours: pd.DataFrame,
        day_type: DayType,
        seed: int,
        parameters: Parameters,
        threads: int,
    ) -> None:
        super().__init__(population, all_tours, day_type)
        self.seed, self.threads = seed, threads
        self._spans, self.in_force = TourSpans.of(self.tours), np.ones(self.n_tours, np.bool_)
        self._behaviour, self._region = parameters, region
        self.parameters = choice_parameters(parameters)
        self.scratch = np.empty(N_ALTERNATIVES + N_NESTS)
        self.alternative = np.full(self.n_tours, -1, np.int8)
        nests = self._shocks(Stream.MODE_NEST, N_NESTS)
        alternatives = self._shocks(Stream.MODE_ALTERNATIVE, N_ALTERNATIVES)
        self.columns = columns_of(self.tours, region, nests, alternatives)
        self.active_km = self.column("active_km").astype(np.float32)
        self.moved, self.moved_xy = np.empty(0, np.int64), np.empty((0, 2))
        self.allotment = allotment_of(self.tours, self.columns)
        self._remember_homes(population)
        self.school_runs = SchoolRuns(self.tours, self.household_of, self.resident_id * 128 + self.address, seed)
        again, never = np.diff(self.column("resident_idx"), append=-1) == 0, np.iinfo(np.int16).max
        if self._spans is not None:
            again &= self._spans.next_of_stage()
        self._next_depart_min = np.where(again, np.roll(self.column("depart_min"), -1), never).astype(np.int16)
        self.crowding: npt.NDArray[np.float32]
        self.offer: TransitOffer
        self.access: StationAccess | None = None
        self.shared_cars: SharedCars | None = None
        self._fixed_at: float | None = None
        self._concessions, self.tickets = Concessions.of(region), TourTickets.single(self.n_tours)
        self._fares_of: tuple[npt.NDArray[np.float64], npt.NDArray[np.int16]]
        self._fares_written = False
        self.out_min, self.back_min = np.zeros((2, self.n_tours), np.float32)

    def _shocks(self, stream: Stream, width: int) -> npt.NDArray[np.float32]:
        shocks = np.empty((width, self.n_tours), np.float32)
        run_blocks(
            fill_gumbel,
            self.n_tours,
            self.threads,
            self.seed,
            int(stream),
            self.resident_id,
            self.address,
            shocks,
        )
        return shocks

    def _remember_homes(self, population: Population) -> None:
        """What `set_people` needs of homes and tours, none of which changes during a run."""
        self._cars_at_home = population.households["n_cars"].to_numpy()[self._home] >= 1
        self._employed = population.residents["employed"].to_numpy(np.bool_)
        self._rank = np.zeros(self.n_tours, np.int8)
        self._rank_rows(ALL_ROWS)
        luck = uniforms(self.seed, int(Stream.LIFT), self.resident_id * 128 + self.address)
        self.lift = luck < self._behaviour["p_lift"]
        self._people: dict[str, npt.NDArray[Any]] = {}

    def _rank_rows(self, rows: Rows) -> None:
        """Whether some tours can be driven, and before which others."""
        driven = np.isfinite(self.columns.road_km[rows]) & self.in_force[rows]
        self._rank[rows] = np.where(driven, _CAR_RANK[self.column("purpose")[rows]], -1)

    def damping(self, rows: Rows = ALL_ROWS) -> npt.NDArray[np.float64]:
        """Weight of money in some tours by their length and purpose, float64 [rows]."""
        works = self._employed[self.column("resident_idx")[rows]]
        weight = purpose_weight(self.column("purpose")[rows], works, self.day_type, self._behaviour)
        return np.asarray(length_damping(self.columns.road_km[rows], self._behaviour) * weight)

    def set_year(self, year: int, employed: npt.NDArray[np.bool_]) -> None:
        """Put the tours of a year in force; the others are made by nobody, and no car is allotted to them.

        ``employed`` bool [P] is who has a job by now.
        """
        if self._spans is None:
            return
        self.in_force = self._spans.in_force(year)
        rows = np.flatnonzero(self.in_force)
        self.tour_start[:], self.tour_end[:] = ranges(rows, self.column("resident_idx")[rows], len(self.tour_start))
        self.alternative[~self.in_force] = -1
        self._employed = employed.copy()
        self._rank_rows(ALL_ROWS)
        self._weigh(ALL_ROWS)

    def set_people(self, residents: Mapping[str, npt.NDArray[Any]]) -> None:
        """Take over what residents are now, from their columns [P]: bicycle, licence and income.

        Somebody could drive a passenger if another licence holder and a car are at home, or if somebody from outside
        gives a lift.
        """
        now = {name: residents[name] for name in ("bike", "licence", "income_ratio")}
        if self._people and all(np.array_equal(self._people[name], values) for name, values in now.items()):
            return
        self._people = {name: values.copy() for name, values in now.items()}
        who, c, licence = self.column("resident_idx"), self.columns, now["licence"]
        c.bike[:] = now["bike"][who]
        others = np.bincount(self._home, weights=licence)[self._home] - licence
        c.passenger[:] = ((others >= 1) & self._cars_at_home)[who] | self.lift
        self._weigh(ALL_ROWS)

    def _weigh(self, rows: Rows) -> None:
        """Weight of money in some tours, by length and income, and which of them may be driven by who makes them."""
        if self._people:
            who = self.column("resident_idx")[rows]
            income = np.clip(self._people["income_ratio"][who].astype(np.float64), 0.2, 5.0)
            self.columns.cost_factor[rows] = self.damping(rows) * income ** -self._behaviour["eta_vot_income"]
            self.allotment.rank[rows] = np.where(self._people["licence"][who], self._rank[rows], -1)
        self._fixed_at = None

    def set_transit(self, full: Options, without: Options | None = None) -> None:
        """Write bus and train of the timetable in force; ``without`` is for those whom a service on demand refuses."""
        self.offer, self.access = TransitOffer(self.columns, full, without), None
        self._write_offer()
        self._fares_written = False

    def go_to(
        self, rows: npt.NDArray[np.int64], dest: npt.NDArray[np.int32], xy: npt.NDArray[np.float64],
        road_km: npt.NDArray[np.float32], active_km: npt.NDArray[np.float32],
    ) -> None:  # fmt: skip
        """Send the tours ``rows`` (rising) to other zones and points than planned, and all others where they planned.

        What is offered by bus and train, and minutes on foot, must then be set anew.
        """
        base = self.moved
        plans = (self.column(name)[base] for name in ("dest_zone_idx", "road_km", "active_km"))
        for at, (zone, km, walked) in ((base, plans), (rows, (dest, road_km, active_km))):
            self.columns.dest[at], self.columns.road_km[at], self.active_km[at] = zone, km, walked
        changed = np.union1d(base, rows)
        self.moved, self.moved_xy = rows, xy
        c = self.columns
        c.segment[changed] = segments_of(self._region, c.origin[changed], c.dest[changed])
        self._rank_rows(changed)
        self._weigh(changed)
        self._drive(changed)
        self._park(changed)

    def write_offer_again(self, rows: npt.NDArray[np.int64]) -> None:
        """Take over bus and train of some tours, whose options have changed, and what is to be paid."""
        self.offer.write_again(rows)
        self._pay(rows)
        self._fixed_at = None

    def take_ways(self, options: Options, rows: Sequence[npt.NDArray[np.int64]]) -> None:
        """Take over other options, which differ in ``rows`` of bus and of train, and what is to be paid."""
        self.offer.put(options, rows)
        self._pay(np.union1d(*rows))
        self._fixed_at = None

    def ration(self, asked: npt.NDArray[np.float64]) -> None:
        """Refuse rides on demand where more is asked than there is, by luck; see `TransitOffer.ration`."""
        luck = uniforms(self.seed, int(Stream.ON_DEMAND), self.resident_id * 128 + self.address)
        self.offer.ration(asked, luck)
        self._write_offer()
        self._pay(ALL_ROWS)

    def _write_offer(self) -> None:
        self.offer.write()
        self._fixed_at = None

    def set_constants(self, constants: npt.NDArray[np.float64]) -> None:
        """Take other mode constants [segments, alternatives]."""
        self.parameters = self.parameters._replace(constants=np.ascontiguousarray(constants))
        self._fixed_at = None

    def set_coefficients(self, **changed: float) -> None:
        """Take other coefficients of the choice by their names in `ChoiceParameters`."""
        self.parameters = self.parameters._replace(**changed)
        self._fixed_at = None

    def prepare(
        self, temperature_c: float, crowding: npt.NDArray[np.float32], further_wait_min: npt.NDArray[np.float32]
    ) -> None:
        """Make the plan ready for a choice, at a crowding and further waits of each stop event [E].

        What no iteration changes is worked out anew if something set it since.
        """
        self.crowding = np.concatenate([np.ones(1, np.float32), crowding])
        if self._fixed_at != temperature_c:
            run_blocks(fill_fixed_rows, self.n_tours, self.threads, self.columns, temperature_c, self.parameters)
            self._fixed_at = temperature_c
        self.offer.expect(further_wait_min, temperature_c, self.parameters, self.threads)

    def expect_room(self) -> None:
        """Expect to find room in every bus and train; the next `prepare` says again what is known of full ones."""
        self.offer.expect_room()
        self._fixed_at = None

    def set_parking(self, eur_h: npt.NDArray[np.float64], ev_eur_h: npt.NDArray[np.float64]) -> None:
        """Parking cost of each tour from the prices per hour of each zone [Z], combustion and electric."""
        self._parking_eur_h = eur_h, ev_eur_h
        self._park(ALL_ROWS)

    def _park(self, rows: Rows) -> None:
        """Parking cost of some tours."""
        paid_h, dest, (eur_h, ev_eur_h) = self.paid_h(rows), self.columns.dest[rows], self._parking_eur_h
        self.allotment.parking_eur[rows] = eur_h[dest] * paid_h
        self.allotment.parking_ev_eur[rows] = ev_eur_h[dest] * paid_h

    def paid_h(self, rows: Rows = ALL_ROWS) -> npt.NDArray[np.float64]:
        """Hours for which some tours owe a fee for parking, float64 [rows]; weekends are free."""
        stay_min = self.column("leave_min")[rows] - self.column("depart_min")[rows] - self.free_out_min(rows)
        return paid_parking_h(stay_min, self.column("purpose")[rows], self.day_type, self._behaviour)

    def set_fares(self, fare_share: npt.NDArray[np.float64], age: npt.NDArray[np.int16]) -> None:
        """Fares to pay, from ``fare_share`` [2, Z, A] by home zone and age; a bus to the train pays the bus's share.

        The ages [P] are from then on those of the travellers, for shared e-bikes and in the books too.
        """
        if (
            self._fares_written
            and np.array_equal(self._fares_of[0], fare_share)
            and np.array_equal(self._fares_of[1], age)
        ):
            return
        self._fares_of, self._fares_written, self._fixed_at = (fare_share, age.copy()), True, None
        self.age = age[self.column("resident_idx")]
        self._pay(ALL_ROWS)

    def fare_share(self, rows: Rows = ALL_ROWS) -> npt.NDArray[np.float64]:
        """Share of the base fare that some tours pay on buses and on trains, float64 [rows, 2]."""
        return np.asarray(self._fares_of[0][:, self.columns.origin[rows], self.age[rows]].T)

    def most_eur(self, rows: Rows = ALL_ROWS) -> npt.NDArray[np.float64]:
        """Most that some tours pay by bus, by who makes them and where to, float64 [rows]."""
        return self._concessions.most_eur(self.columns.origin[rows], self.columns.dest[rows], self.age[rows])

    def due_eur(self, rows: Rows) -> npt.NDArray[np.float64]:
        """Fares that would be due without measures: those of `TransitOffer.base_fare_eur`, pensioners' reduced."""
        due = self.offer.base_fare_eur(rows)
        due[:, 0, 0] = np.minimum(due[:, 0, 0], self.most_eur(rows))
        return due

    def _pay(self, rows: Rows) -> None:
        """Write what some tours pay."""
        single = self.due_eur(rows) * self.fare_share(rows)[:, None, :]
        self.columns.fare_eur[:, rows] = (single * self.tickets.paid(rows)).sum(axis=2).T

    def set_tickets(self, tickets: TourTickets) -> None:
        """Take over what passes make of the fares."""
        self.tickets, self._fixed_at = tickets, None
        if hasattr(self, "_fares_of"):  # else nothing is offered yet, and `set_fares` will write what is to be paid
            self._pay(ALL_ROWS)

    def set_ebikes(
        self, own: npt.NDArray[np.bool_], shared_share: npt.NDArray[np.float64], eur_trip: npt.NDArray[np.float64]
    ) -> None:
        """Who has an e-bike at hand: its own, or a shared one by chance [Z] where the tour starts."""
        origin = self.columns.origin
        luck = uniforms(self.seed, int(Stream.SHARED_EBIKE), self.resident_id * 128 + self.address)
        adult = self.age >= _SHARED_EBIKE_AGE
        shared = (luck < shared_share[origin]) & adult
        self.columns.ebike[:] = np.where(own[self.column("resident_idx")], 1, np.where(shared, 2, 0))
        self.columns.shared_eur[:] = np.where(self.columns.ebike == 2, eur_trip[origin], 0.0)
        self._fixed_at = None

    def set_season(self, ways: ActiveWays | None, season: Season) -> None:
        """Minutes on foot and by bike in a season; see `active_minutes`."""
        c, rules = self.columns, ActiveRules.of(self._behaviour)
        c.walk_min[:], c.bike_min[:], c.ebike_min[:] = active_minutes(
            ways, rules, season, c.origin, c.dest, self.active_km
        )
        self._fixed_at = None

    def set_road_times(
        self,
        free_min: npt.NDArray[np.float32],
        peak_min: npt.NDArray[np.float32],
        terminal_min: npt.NDArray[np.float32],
    ) -> None:
        """Driving minutes out and back from the skims [Z, Z]; the afternoon peak is the mirror of the morning peak.

        In the mirror, a drive takes as long as the one in the other direction takes in the morning.
        """
        self.skims = RoadTimes(free_min, peak_min, terminal_min)
        self._drive(ALL_ROWS)

    def _drive(self, rows: Rows) -> None:
        """Minutes of driving of some tours by the skims that travellers know."""
        c = self.columns
        origin, dest = c.origin[rows], c.dest[rows]
        self.out_min[rows], self.back_min[rows], _, free_back_min = self.skims.drive_min(c, rows, dest)
        doors = self.skims.terminal_min[origin] + self.skims.terminal_min[dest]
        c.road_min[rows] = 0.5 * (self.out_min[rows] + self.back_min[rows]) + doors
        self._set_home_times(rows, free_back_min + doors)
        self._fixed_at = None

    def free_out_min(self, rows: Rows = ALL_ROWS) -> npt.NDArray[np.float32]:
        """Minutes of driving there on free roads, float32 [rows]."""
        return np.asarray(self.skims.free_min[self.columns.origin[rows], self.columns.dest[rows]], np.float32)

    def _set_home_times(self, rows: Rows, back_min: npt.NDArray[np.float32]) -> None:
        """When the car is back: the tours say when one leaves for home. Its driver's next tour may use it at once.

        At free flow, ``back_min``, so that no household's cars depend on the traffic of others.
        """
        home = self.column("leave_min")[rows] + np.where(np.isfinite(back_min), np.ceil(back_min), 0.0)
        self.allotment.return_min[rows] = np.minimum(home, self._next_depart_min[rows])
