"""Public transport on a day: room in vehicles, who is carried, and what travellers learn of full vehicles."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from zemsim.core.names import Alternative, DayType
from zemsim.kernels.departures import Crush, DayTrips
from zemsim.model.bus_fleets import run_shares
from zemsim.model.transit_offer import MODES
from zemsim.travel.on_demand import is_on_demand
from zemsim.travel.timetable_changes import keys_needed
from zemsim.travel.transit_loads import DepartureLoads, Riders, Room, day_trips, planned_events, serve

if TYPE_CHECKING:
    from zemsim.behaviour.parameters import Parameters
    from zemsim.model.day_plan import DayPlan
    from zemsim.model.model import MobilityModel
    from zemsim.travel.timetable import Timetable
    from zemsim.travel.transit import TransitSkim

_CHOSEN = (Alternative.BUS, Alternative.TRAIN)
_CITY, _SMALL, _TRAIN = "bus_city", "bus_small", "train"


def room_of(timetable: Timetable, p: Parameters) -> Room:
    """Seats and most passengers of a vehicle of each pattern, from its places and the class of its vehicles.

    The places of a city bus count those who stand; those of other vehicles are seats. A vehicle of another class than
    those of the parameters is taken for a regional bus, or a train where its route is one.
    """
    kind = timetable.routes["vehicle_class"].astype(str).to_numpy()[timetable.pattern_route]
    city, small = kind == _CITY, kind == _SMALL
    full = np.where(city, p["full_bus_city"], np.where(small, p["full_bus_small"], p["full_bus_regional"]))
    full = np.where(timetable.is_train(), p["full_train"], full)
    places = timetable.capacity_pers()
    return Room(seats=places * np.where(city, p["seats_bus_city"], 1.0), places=places * full)


def crush_of(p: Parameters) -> Crush:
    """What standing and being left behind count for."""
    return Crush(multiplier=p["m_crowd"], full=p["load_full"], stranded_min=p["stranded_min"])


def trips_of(timetable: Timetable, p: Parameters) -> dict[DayType, DayTrips]:
    """The departures of a timetable by day type, with the room of their vehicles."""
    room = room_of(timetable, p)
    return {day_type: day_trips(timetable, day_type, room) for day_type in DayType}


def with_events(
    option: dict[str, npt.NDArray[Any]],
    trips: DayTrips,
    skim: TransitSkim,
    depart_min: npt.NDArray[np.int64],
    leave_min: npt.NDArray[np.int64],
    threads: int,
) -> dict[str, npt.NDArray[Any]]:
    """The option of a mode, and the departures that each tour plans to take out and back."""
    out = planned_events(trips, skim, option["leg_out"], depart_min, False, threads)
    back = planned_events(trips, skim, option["leg_back"], leave_min, True, threads)
    legs = {name: _narrow(option[name], skim.main_pattern.size) for name in ("leg_out", "leg_back")}
    return {**option, **legs, "event_out": out, "event_back": back}


def _narrow(leg: npt.NDArray[np.int64], n_legs: int) -> npt.NDArray[Any]:
    """Positions among so many legs in as few bytes as they need."""
    return leg.astype(np.int32) if n_legs <= np.iinfo(np.int32).max else leg


def transit_loads(model: MobilityModel) -> dict[DayType, DepartureLoads]:
    """Who boards which departure, and how full it is, of each day type."""
    return {day_type: _loads(model, plan) for day_type, plan in model.plans.items()}


def _loads(model: MobilityModel, plan: DayPlan) -> DepartureLoads:
    """Loads of buses and trains together; a seat does not ask which of the two alternatives brought its passenger."""
    riders = []
    for position, key in enumerate(keys_needed(model.timetable_key)):
        options, own = plan.offer.options(without=position > 0)
        for k, mode in enumerate(MODES):
            chosen = (plan.alternative == _CHOSEN[k]) & own[k]
            skim, option = model.supply_of(key).skim, options.of_mode[mode]
            for leg, event in (("leg_out", "event_out"), ("leg_back", "event_back")):
                riders.append(Riders(skim, option[leg], option[event], chosen))
    trips = model.day_trips[plan.day_type]
    runs = run_shares(trips, plan.day_type, model.bus_weeks)
    loads = serve(model.supply.timetable, trips, riders, crush_of(model.parameters), runs, model.threads)
    if plan.offer.asked is not None:  # who was refused has asked, too
        np.multiply(loads.busy_share, plan.offer.asked, out=loads.busy_share)
    return loads


def learn_from_departures(model: MobilityModel, loads_of: dict[DayType, DepartureLoads], weight: float) -> None:
    """Travellers expect a mean of what full vehicles were like so far, the last iteration with this weight.

    Services on demand refuse as many of the next iteration as asked for more in this one than there was.
    """
    by_request = is_on_demand(model.supply.timetable)
    for day_type, loads in loads_of.items():
        for expected, met in ((model.crowding, loads.crowding), (model.further_wait_min, loads.wait_min)):
            before = expected[day_type]
            expected[day_type] = before + (weight * (met - before)).astype(np.float32)
        if by_request.any():
            model.plans[day_type].ration(np.where(by_request[:, None], np.maximum(loads.busy_share, 1.0), 1.0))
