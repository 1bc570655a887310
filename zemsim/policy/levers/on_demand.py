"""Lever on buses on demand: an area whose residents are brought to hubs, in the place of lines."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Annotated, Final, Literal

import numpy as np
from pydantic import Field, model_validator

from zemsim.core.errors import InputError
from zemsim.core.names import DAYS_PER_YEAR, DayType
from zemsim.core.toml_lines import Loc
from zemsim.core.units import S_PER_H, S_PER_MIN
from zemsim.policy.lever import Costed, Lever, Names, key_fault
from zemsim.policy.levers.charging import SomePlaces
from zemsim.policy.levers.lines import SomeNames
from zemsim.policy.schedule import Schedule, Steps
from zemsim.policy.stops import no_points
from zemsim.policy.times import Hours
from zemsim.travel.on_demand import OnDemand
from zemsim.travel.timetable_patterns import Stop

if TYPE_CHECKING:
    import numpy.typing as npt

    from zemsim.policy.draft import Draft, PolicyRegion

#: Most pick-up points of a service: the table of ways from stop to stop grows with the square of all stops.
MOST_POINTS: Final = 400


class OnDemandBus(Lever, Costed):
    """Buses on demand between an area and its hubs; lines that they replace run no longer.

    Residents walk to a pick-up point (the middle of a square whose corners are no farther than the walk), ask for a
    ride to a hub, wait, and change there to lines or to a ride to another point. For travellers it is a bus. If more
    ask than the vehicles can carry, luck decides who is served; the others travel by what the lines offer. Vehicles
    are paid by the hour, whether anybody rides or not; kilometres follow from who rides.
    """

    lever: Literal["on_demand_bus"]
    """Kind of lever."""
    places: SomePlaces
    """The area."""
    hubs: SomeNames
    """Stops to and from which it brings, as in new_line; towns or mobility points."""
    route_ids: Names = ()
    """Lines whose trips it replaces; none if empty."""
    hours_weekday: Hours | None = None
    """First and last departure on weekdays; no service if left out."""
    hours_weekend: Hours | None = None
    """First and last departure on weekends; no service if left out."""
    walk_max_m: Annotated[float, Field(ge=200.0, le=3000.0)]
    """Farthest walk to a pick-up point by a straight line."""
    wait_min: Annotated[float, Field(ge=1.0, le=240.0)]
    """Mean wait from the wished to the actual departure."""
    detour_ratio: Annotated[float, Field(ge=1.0, le=5.0)]
    """Length of the direct way over the straight line."""
    pooling_ratio: Annotated[float, Field(ge=1.0, le=4.0)]
    """Ride with the ways to other passengers over the direct ride."""
    speed_km_h: Annotated[float, Field(ge=5.0, le=120.0)]
    """Mean speed with stops."""
    vehicles: Annotated[Schedule, Steps(1, 200, whole=True)]
    """Vehicles in service at a time."""
    seats: Annotated[int, Field(ge=1, le=60)]
    """Places of a vehicle."""
    persons_per_run: Annotated[float, Field(ge=1.0, le=60.0)]
    """Passengers on board of a run, on average."""
    empty_share: Annotated[float, Field(ge=0.0, le=0.9)]
    """Share of all kilometres that are driven without passengers."""
    fare_factor: Annotated[float, Field(ge=0.0, le=10.0)]
    """Factor on the fare of a regional bus for the direct way: 0 is free."""
    booking_eur: Annotated[float, Field(ge=0.0, le=50.0)] = 0.0
    """What each booking costs the passenger on top."""
    electric_share: Annotated[Schedule, Steps(0.0, 1.0)] = Schedule(((2000, 0.0),))
    """Share of the kilometres that electric vehicles run."""
    cost_eur_per_vehicle_hour: Annotated[float, Field(ge=0.0, le=300.0)]
    """Cost of a vehicle in service for an hour, vehicle, driver, energy and dispatch."""
    saved_eur_per_vehicle_km: Annotated[float, Field(ge=0.0, le=50.0)]
    """What a vehicle-km of the replaced lines no longer costs."""

    @model_validator(mode="after")
    def _whole(self) -> OnDemandBus:
        if self.hours_weekday is None and self.hours_weekend is None:
            raise key_fault("hours_weekday", "give the hours of weekdays, of weekends, or of both")
        if self.persons_per_run > self.seats:
            raise key_fault(
                "persons_per_run", f"must not be above the {self.seats} seats, got {self.persons_per_run:g}"
            )
        return self

    def faults(self, base: PolicyRegion) -> Iterator[tuple[Loc, str]]:
        yield from base.stops.faults("hubs", self.hubs)
        if self.name in {route_id for route_id, _ in base.routes.networks}:
            yield ("id",), f"the timetable has a route “{self.name}” already: give the measure another id"

    def apply(self, draft: Draft) -> None:
        zones = draft.zones(self.places)
        draft.claim("buses on demand", self.name, zones)
        replaced = tuple(sorted(set(self.route_ids)))
        for route_id in replaced:
            draft.claim(f"the departures of route {route_id}", self.name)
        service = self._service(draft, zones, replaced)
        draft.change(service)
        if self.electric_share.at(draft.year) > 0.0:
            draft.electric_bus_share[self.name] = self.electric_share.at(draft.year)
        if replaced:
            draft.pay_for_km(self.name, "replaced_lines", self.paid_by, self.saved_eur_per_vehicle_km, replaced)
        hours = _hours_of_year(service)
        draft.buy(self.name, "on_demand", self.paid_by, hours, "vehicle-hours", self.cost_eur_per_vehicle_hour)

    def _service(self, draft: Draft, zones: npt.NDArray[np.bool_], replaced: tuple[str, ...]) -> OnDemand:
        hub_ids, new = draft.base.stops.find(self.hubs, self.name)
        no_points(self.name, new)
        hours = (self.hours_weekday, self.hours_weekend)
        return OnDemand(
            route_id=self.name,
            replaces=replaced,
            points=self._points(draft, zones),
            hub_ids=tuple(dict.fromkeys(hub_ids)),
            wait_s=round(self.wait_min * S_PER_MIN),
            hours_s=(hours[0].span_s if hours[0] else None, hours[1].span_s if hours[1] else None),
            detour_ratio=self.detour_ratio,
            pooling_ratio=self.pooling_ratio,
            speed_km_h=self.speed_km_h,
            vehicles=int(self.vehicles.at(draft.year)),
            seats=self.seats,
            run_pers=self.persons_per_run,
            empty_share=self.empty_share,
            fare_ratio=self.fare_factor,
            booking_eur=self.booking_eur,
        )

    def _points(self, draft: Draft, zones: npt.NDArray[np.bool_]) -> tuple[Stop, ...]:
        """Middles of the squares into which the zones with residents or jobs are cut."""
        table = draft.base.region.zones
        used = zones & ((table["population"].to_numpy(float) > 0) | (table["jobs"].to_numpy(float) > 0))
        xy, zone_ids = [], list[str]()
        for row in np.flatnonzero(used):
            zone = table.iloc[row]
            size_m = float(zone["size_m"])
            cuts = max(1, int(np.ceil(size_m / (self.walk_max_m * np.sqrt(2.0)))))
            middles = (np.arange(cuts) + 0.5) / cuts - 0.5
            xy += [(zone["x_m"] + dx * size_m, zone["y_m"] + dy * size_m) for dy in middles for dx in middles]
            zone_ids += [f"{zone['zone_id']}/{i + 1}" for i in range(cuts * cuts)]
        if not 1 <= len(xy) <= MOST_POINTS:
            said = f"has {len(xy):,} pick-up points in its places: 1 to {MOST_POINTS} are possible"
            raise InputError(f"measure “{self.name}” {said}; name fewer places or raise walk_max_m")
        points = np.array(xy, np.float64)
        lon, lat = draft.base.timetable.grid.to_degrees(points[:, 0], points[:, 1])
        return tuple(
            Stop(f"{self.name}:{name}", name, float(y), float(x)) for name, x, y in zip(zone_ids, lon, lat, strict=True)
        )


def _hours_of_year(service: OnDemand) -> float:
    """Vehicle-hours in service in a year."""
    days = [sum(season[day] for season in DAYS_PER_YEAR) for day in DayType]
    spans = [0 if hours is None else hours[1] - hours[0] for hours in service.hours_s]
    return service.vehicles * sum(n * span / S_PER_H for n, span in zip(days, spans, strict=True))
