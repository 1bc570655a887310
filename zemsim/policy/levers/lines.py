"""Levers on lines of the timetable: a new line, a new stop, stops that are passed, other speeds."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Annotated, Literal

import annotated_types
import numpy as np
from pydantic import Field, model_validator

from zemsim.core.errors import InputError
from zemsim.core.names import PERIODS
from zemsim.core.toml_lines import Loc
from zemsim.core.units import S_PER_MIN
from zemsim.policy.lever import Costed, Lever, Name, Names, exactly_one, key_fault
from zemsim.policy.schedule import Schedule, Steps
from zemsim.policy.stops import no_points
from zemsim.policy.times import Headways, Hours
from zemsim.region.geo import great_circle_m
from zemsim.travel.timetable_changes import ExtraStop, PassedStops, Speed
from zemsim.travel.timetable_levers import Course, Line
from zemsim.travel.timetable_patterns import Stop

if TYPE_CHECKING:
    from zemsim.policy.draft import Draft, PolicyRegion

SomeNames = Annotated[Names, annotated_types.MinLen(1)]
PeriodName = Literal[
    "weekday_morning", "weekday_midday", "weekday_afternoon", "weekday_evening", "weekend_day", "weekend_late"
]


class Built(Costed):
    """Costs of something that is built once and kept."""

    capex_eur: Annotated[float, Field(ge=0.0, le=1e9)]
    """What it costs once, in the first year."""
    opex_eur_year: Annotated[float, Field(ge=0.0, le=1e8)]
    """What it costs every year."""

    def build(self, draft: Draft, measure: Lever) -> None:
        """Note the payments of a year."""
        if draft.year == measure.from_year:
            draft.buy(measure.name, "building", self.paid_by, 1.0, "measures", self.capex_eur)
        draft.buy(measure.name, "upkeep", self.paid_by, 1.0, "years", self.opex_eur_year)


class NewLine(Lever, Costed):
    """A line that is not in the timetable: buses or trains from the first stop to the last, and back.

    Its own kilometres are paid by vehicle-km. Measures on lines by their network mean those of the region's timetable,
    not this one.
    """

    place_fields = ()
    lever: Literal["new_line"]
    """Kind of lever."""
    network: Name
    """Network of the timetable that it belongs to; it has its fare, unless fare_eur is given."""
    stops: Annotated[Names, annotated_types.MinLen(2)]
    """Stops in order: ids of stops, settlements (their nearest bus stop), or latitude, longitude in one text."""
    headway_min: Headways
    """Minutes between departures by period."""
    hours: Hours
    """First and last departure from each end, on the days that have a headway."""
    speed_km_h: Annotated[float, Field(ge=5.0, le=160.0)] | None = None
    """Mean speed between stops, without the time at stops."""
    ride_min: Annotated[tuple[Annotated[float, Field(ge=0.1, le=300.0)], ...], Field(strict=False)] | None = None
    """Minutes from each stop to the next, one less than stops."""
    detour_ratio: Annotated[float, Field(ge=1.0, le=5.0)]
    """Length of the way over the straight lines from stop to stop."""
    dwell_s: Annotated[int, Field(ge=0, le=600)]
    """Seconds at each stop on the way."""
    both_ways: bool = True
    """Whether it runs back, too, with the same departures from the other end."""
    vehicle: Literal["bus_small", "bus_regional", "bus_city", "train_diesel", "train_electric"]
    """Kind of vehicle; trains are trains for travellers, too."""
    capacity_pers: Annotated[int, Field(ge=1, le=1500)]
    """Places of a vehicle."""
    electric_share: Annotated[Schedule, Steps(0.0, 1.0)] = Schedule(((2000, 0.0),))
    """Share of its kilometres that electric buses run."""
    fare_eur: Annotated[float, Field(ge=0.0, le=50.0)] | None = None
    """Fare of a ride whatever its length, in the place of the fare of the network."""
    cost_eur_per_vehicle_km: Annotated[float, Field(ge=0.0, le=100.0)]
    """Cost of a vehicle-km."""

    @model_validator(mode="after")
    def _whole(self) -> NewLine:
        exactly_one(self, "speed_km_h", "ride_min")
        if self.ride_min is not None and len(self.ride_min) != len(self.stops) - 1:
            raise key_fault("ride_min", f"{len(self.stops)} stops need {len(self.stops) - 1}, got {len(self.ride_min)}")
        for position, (here, there) in enumerate(zip(self.stops, self.stops[1:], strict=False)):
            if here == there:
                raise key_fault(("stops", position + 1), f"calls at “{there}” twice in a row")
        if not any(self.headway_min.departures_s(self.hours)):
            raise key_fault("hours", "no period with a headway has a departure in these hours")
        return self

    def faults(self, base: PolicyRegion) -> Iterator[tuple[Loc, str]]:
        yield from base.stops.faults("stops", self.stops)
        if self.name in {route_id for route_id, _ in base.routes.networks}:
            yield ("id",), f"the timetable has a route “{self.name}” already: give the measure another id"

    def apply(self, draft: Draft) -> None:
        draft.change(self._line(draft.base))
        if self.electric_share.at(draft.year) > 0.0:
            draft.electric_bus_share[self.name] = self.electric_share.at(draft.year)
        draft.pay_for_km(self.name, "new_line", self.paid_by, self.cost_eur_per_vehicle_km, (self.name,))

    def _line(self, base: PolicyRegion) -> Line:
        stop_ids, new = base.stops.find(self.stops, self.name)
        at = base.stops.degrees(stop_ids, new)
        length_m = great_circle_m(at[:-1, 0], at[:-1, 1], at[1:, 0], at[1:, 1]) * self.detour_ratio
        if self.speed_km_h is not None:
            ride_s = np.ceil(length_m * 3.6 / self.speed_km_h).astype(np.int64)
        else:
            ride_s = np.floor(np.array(self.ride_min) * S_PER_MIN + 0.5).astype(np.int64)
        departures = self.headway_min.departures_s(self.hours)
        there = Course(tuple(stop_ids), tuple(ride_s.tolist()), departures, self.dwell_s, tuple(length_m.tolist()))
        back = Course(
            there.stop_ids[::-1], there.ride_s[::-1], departures, self.dwell_s, tuple(length_m[::-1].tolist())
        )
        return Line(
            self.name,
            "train" if self.vehicle.startswith("train") else "bus",
            self.network,
            (there, back) if self.both_ways else (there,),
            float(self.capacity_pers),
            self.vehicle,
            self.fare_eur,
            tuple(new),
        )


class NewStop(Lever, Built):
    """A stop at which lines call that pass nearby; the way there and the time at the stop make later stops later."""

    place_fields = ()
    lever: Literal["new_stop"]
    """Kind of lever."""
    lat: Annotated[float, Field(ge=-90.0, le=90.0)]
    """Latitude in degrees."""
    lon: Annotated[float, Field(ge=-180.0, le=180.0)]
    """Longitude in degrees."""
    route_ids: SomeNames
    """Lines that call there."""
    dwell_s: Annotated[int, Field(ge=0, le=600)]
    """Seconds that a vehicle stands, brakes and starts."""
    detour_max_m: Annotated[float, Field(ge=0.0, le=20_000.0)]
    """Farthest way round by straight lines; a direction whose way round is longer does not call."""
    cost_eur_per_vehicle_km: Annotated[float, Field(ge=0.0, le=100.0)]
    """Cost of a vehicle-km on the way round, if no measure on the departures of the line states another."""

    def apply(self, draft: Draft) -> None:
        stop = Stop(self.name, self.title.en if self.title else self.name, self.lat, self.lon)
        routes = tuple(sorted(set(self.route_ids)))
        draft.change(ExtraStop(stop, routes, self.dwell_s, self.detour_max_m))
        draft.pay_for_km(self.name, "way_round", self.paid_by, self.cost_eur_per_vehicle_km, routes)
        self.build(draft, self)


class ClosedStop(Lever, Built):
    """Lines pass stops without calling there: stops that are closed, or an express."""

    place_fields = ()
    lever: Literal["closed_stop"]
    """Kind of lever."""
    stops: SomeNames
    """Stops that are passed, by their ids, or settlements for their nearest bus stop."""
    route_ids: SomeNames
    """Lines that pass them."""
    saved_s: Annotated[int, Field(ge=0, le=600)]
    """Seconds that each call left out saves all later stops."""

    def faults(self, base: PolicyRegion) -> Iterator[tuple[Loc, str]]:
        yield from base.stops.faults("stops", self.stops)

    def apply(self, draft: Draft) -> None:
        stop_ids, new = draft.base.stops.find(self.stops, self.name)
        no_points(self.name, new)
        for route_id in sorted(set(self.route_ids)):
            for stop_id in sorted(set(stop_ids)):
                draft.claim(f"whether route {route_id} calls at {stop_id}", self.name)
        draft.change(PassedStops(tuple(sorted(set(stop_ids))), tuple(sorted(set(self.route_ids))), self.saved_s))
        self.build(draft, self)


class BusSpeed(Lever, Built):
    """Lines run faster or slower between stops: bus lanes, priority at lights, speed limits.

    Time at stops stays, and so do departures from the first stop.
    """

    lever: Literal["bus_speed"]
    """Kind of lever."""
    speed_factor: Annotated[Schedule, Steps(0.3, 3.0)]
    """Factor on the speed between stops: 1.1 takes 1 / 1.1 of the time."""
    networks: Names = ()
    """Networks of the timetable, such as regional_bus or city_bus_jelgava."""
    route_ids: Names = ()
    """Single routes by their id."""
    periods: Annotated[tuple[PeriodName, ...], Field(strict=False)] = ()
    """Only rides that begin in these periods; all if empty."""
    places: Names = ()
    """Only between stops in these places; everywhere if empty."""

    @model_validator(mode="after")
    def _some_routes(self) -> BusSpeed:
        if not self.networks and not self.route_ids:
            raise key_fault("networks", "say which routes: give networks or route_ids")
        return self

    def apply(self, draft: Draft) -> None:
        routes = draft.base.routes.select(self.networks, self.route_ids)
        zones = draft.zones(self.places) if self.places else None
        periods = tuple(q for q, period in enumerate(PERIODS) if not self.periods or period.name in self.periods)
        for route_id in routes:
            for q in periods:
                draft.claim(f"the speed of route {route_id} ({PERIODS[q].name})", self.name, zones)
        stop_ids = () if zones is None else draft.base.stops.inside(zones)
        if zones is not None and len(stop_ids) < 2:
            raise InputError(
                f"measure “{self.name}” changes the speed between stops, and {len(stop_ids)} lie in its places"
            )
        factor = self.speed_factor.at(draft.year)
        if factor != 1.0:
            draft.change(Speed(routes, factor, periods if self.periods else (), stop_ids))
        self.build(draft, self)
