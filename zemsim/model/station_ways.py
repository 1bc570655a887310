"""Ways of tours to stations with places for cars and bicycles, and on from there by bus and train.

Axes: R tours of a day type, W ways: a tour, a mode, and a place that lies on its way.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, NamedTuple
from zlib import crc32

import numpy as np
import numpy.typing as npt

from zemsim.core.names import Season
from zemsim.core.randomness import Stream, gumbel
from zemsim.model.school_runs import ADULT_AGE
from zemsim.model.transit_day import trips_of, with_events
from zemsim.model.transit_offer import MODES
from zemsim.travel.active import ActiveRules
from zemsim.travel.active_ways import active_minutes
from zemsim.travel.transit_options import PathWeights, transit_options

if TYPE_CHECKING:
    from zemsim.model.day_plan import DayPlan
    from zemsim.model.model import MobilityModel
    from zemsim.policy.rules import StationLot

_CAR, _BIKE = "car", "bike"
#: Bits of a draw that say which stop it is, below those of the vehicle, the mode and the tour.
_STOP_BITS = 20


class Ways(NamedTuple):
    """Arrays [W], sorted by mode, tour and lot."""

    row: npt.NDArray[np.int64]
    mode: npt.NDArray[np.int8]  # position in MODES
    lot: npt.NDArray[np.int32]  # position in the conditions' lots
    zone: npt.NDArray[np.int32]  # of the lot
    car: npt.NDArray[np.bool_]  # by car; else by bicycle
    km: npt.NDArray[np.float64]  # to the lot, one way
    bike_min: npt.NDArray[np.float64]  # to the lot by bicycle; inf where it is too far
    ebike_min: npt.NDArray[np.float64]
    price_eur: npt.NDArray[np.float64]  # of the lot, a day
    luck: npt.NDArray[np.float64]  # standard Gumbel
    option: Mapping[str, npt.NDArray[Any]]  # from the lot on: what `transit_options` says of the mode


class _Reach(NamedTuple):
    """Tours that could use a lot: arrays [n]."""

    row: npt.NDArray[np.int64]
    lot: npt.NDArray[np.int32]
    km: npt.NDArray[np.float64]


def ways_of(model: MobilityModel, plan: DayPlan) -> Ways:
    """All ways of a day type's tours by the lots of the model's conditions, in the model's season."""
    lots = model.conditions.lots
    reach = [_within_reach(model, plan, number, lot) for number, lot in enumerate(lots)]
    found = _Reach(*(np.concatenate(parts) for parts in zip(*reach, strict=True)))
    options = _options(model, plan, found)
    zone = np.array([lot.zone_idx for lot in lots], np.int32)[found.lot]
    rules = ActiveRules.of(model.parameters)
    origin = plan.columns.origin[found.row]
    cycling = active_minutes(model.world.active, rules, Season(model.season), origin, zone, found.km)
    parts = []
    for k, mode in enumerate(MODES):
        kept = np.flatnonzero(options[mode]["available"])
        kept = kept[np.lexsort((found.lot[kept], found.row[kept]))]
        row, lot = found.row[kept], found.lot[kept]
        parts.append(
            Ways(
                row=row,
                mode=np.full(len(kept), k, np.int8),
                lot=lot,
                zone=zone[kept],
                car=np.array([each.vehicle == _CAR for each in lots], np.bool_)[lot],
                km=found.km[kept],
                bike_min=cycling[1][kept].astype(np.float64),
                ebike_min=cycling[2][kept].astype(np.float64),
                price_eur=np.array([each.price_eur_day for each in lots])[lot],
                luck=luck_of(plan, row, k, np.array([_address(each) for each in lots], np.int64)[lot]),
                option={name: values[kept] for name, values in options[mode].items()},
            )
        )
    bus, train = parts
    joined = {name: np.concatenate([values, train.option[name]]) for name, values in bus.option.items()}
    arrays = {name: np.concatenate([getattr(part, name) for part in parts]) for name in Ways._fields[:-1]}
    return Ways(**arrays, option=joined)


def luck_of(plan: DayPlan, row: npt.NDArray[np.int64], mode: int, lot: npt.ArrayLike) -> npt.NDArray[np.float64]:
    """Standard Gumbels of tours for the way by a lot (see `_address`), the same under every policy; 0 is on foot."""
    draw = ((plan.address[row] * len(MODES) + mode) << (_STOP_BITS + 2)) + np.asarray(lot, np.int64)
    return gumbel(plan.seed, int(Stream.STATION_ACCESS), plan.resident_id[row], draw)


def _address(lot: StationLot) -> int:
    """Number of a lot in the draws: it hangs on the stop and the vehicle only."""
    kind = 1 if lot.vehicle == _BIKE else 2
    return (kind << _STOP_BITS) + crc32(lot.stop_id.encode()) % (1 << _STOP_BITS)


def _within_reach(model: MobilityModel, plan: DayPlan, number: int, lot: StationLot) -> _Reach:
    """Tours for which a lot is near home and nearer to the destination than home is."""
    c, p = plan.columns, model.parameters
    homes = model.world.population.households[["x_m", "y_m"]].to_numpy()[plan.household_of]
    ends = plan.tours[["dest_x_m", "dest_y_m"]].to_numpy().copy()
    ends[plan.moved] = plan.moved_xy
    at, who, people = np.array([lot.x_m, lot.y_m]), plan.column("resident_idx"), model.residents.table
    nearer = np.hypot(*(ends - at).T) < np.hypot(*(ends - homes).T)
    if lot.vehicle == _CAR:
        km = model.world.road_skim.distance_km[c.origin, lot.zone_idx].astype(np.float64)
        fits = (km <= p["lot_reach_car_km"]) & (km < c.road_km) & _could_drive(model)[who]
    else:
        km = np.hypot(*(homes - at).T) / 1000.0 * model.supply.timetable.rules.transit_walk_detour_ratio
        fits = (
            (km <= p["lot_reach_bike_km"])
            & (km < plan.active_km)
            & (people.bike | people.ebike)[who]
            & ~_driven_to_school(model, plan)
        )
    rows = np.flatnonzero(nearer & fits & plan.in_force & (lot.places > 0))
    return _Reach(rows, np.full(len(rows), number, np.int32), km[rows])


def _could_drive(model: MobilityModel) -> npt.NDArray[np.bool_]:
    """Residents with a licence and a car in their household, bool [P]."""
    people, vehicles = model.residents.table, model.vehicles
    cars = np.bincount(vehicles.household_idx[vehicles.owned], minlength=len(model.households))
    could: npt.NDArray[np.bool_] = people.licence & (cars > 0)[people.household_idx]
    return could


def _driven_to_school(model: MobilityModel, plan: DayPlan) -> npt.NDArray[np.bool_]:
    """Tours of children for whom a driver is sought: they choose last, after the places are taken, bool [R]."""
    runs, found = plan.school_runs, np.zeros(plan.n_tours, np.bool_)
    bound = runs.luck < model.parameters["escort_share"]
    found[runs.school] = bound & (plan.age < ADULT_AGE)[runs.school]
    return found


def _options(model: MobilityModel, plan: DayPlan, found: _Reach) -> dict[str, dict[str, npt.NDArray[Any]]]:
    """Bus and train from the lots to the destinations and back, with the planned departures.

    Who leaves home takes the first departure after the way to the lot, by the free road or at the speed of a bicycle.
    """
    lots, c, rows, supply = model.conditions.lots, plan.columns, found.row, model.supply
    ends = plan.tours[["dest_x_m", "dest_y_m"]].to_numpy().copy()
    ends[plan.moved] = plan.moved_xy
    start = np.array([(lot.x_m, lot.y_m) for lot in lots]).reshape(-1, 2)[found.lot]
    zone = np.array([lot.zone_idx for lot in lots], np.int32)[found.lot]
    leave = plan.column("leave_min")[rows]
    options = transit_options(
        supply.timetable,
        supply.skim,
        start,
        ends[rows],
        c.period_out[rows],
        c.period_back[rows],
        PathWeights.of(model.parameters),
        threads=model.threads,
        leave_min=leave,
        **model.world.walks(supply.timetable, zone, c.dest[rows]),
    )
    car = np.array([lot.vehicle == _CAR for lot in lots], np.bool_)[found.lot]
    cycling_min = 60.0 * found.km / ActiveRules.of(model.parameters).bike_km_h
    ride = np.where(car, model.world.road_skim.time_min[c.origin[rows], zone], cycling_min)
    depart = plan.column("depart_min")[rows] + np.ceil(ride + model.parameters["lot_walk_min"])
    times = np.minimum(depart, leave).astype(np.int64), leave
    trips = trips_of(supply.timetable, model.parameters)[plan.day_type]
    return {mode: with_events(option, trips, supply.skim, *times, model.threads) for mode, option in options.items()}
