"""Matrices between zones for one mode and time of departure, as ``zemsim skims`` writes them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, cast

import numpy as np
from numpy.typing import NDArray

from zemsim.core.errors import InputError
from zemsim.core.names import PERIODS, DayType, Season
from zemsim.region.geo import MEAN_DISTANCE_IN_SQUARE
from zemsim.travel.active import ActiveMode, ActiveNetwork, ActiveRules
from zemsim.travel.road_network import RoadNetwork
from zemsim.travel.roads import road_skim
from zemsim.travel.stop_walks import StopWalks, stop_walks
from zemsim.travel.timetable import Timetable
from zemsim.travel.transit import transit_skim
from zemsim.travel.transit_options import PathWeights, transit_options
from zemsim.travel.zone_departures import DepartureWindow, ZoneStops, clock, times_at, times_in_window

if TYPE_CHECKING:
    from zemsim.region import Region

MODES = ("car", "walk", "bike", "ebike", "bus", "train", "transit")
Matrix = NDArray[np.float32]

#: What joins matrices to other tables: the order in memory is that of the region, not of its file.
ORDER = "rows and columns follow lookup/zone_id, not the rows of zones.csv"

#: Layers of the timetable's network by mode: by bus only, and with a train.
_LAYERS = {"bus": (0,), "train": (1,), "transit": (0, 1)}


@dataclass(frozen=True)
class ZoneSkims:
    """Matrices float32 [Z, Z] by name (unit last), what they say, and notes; ``inf`` is unreachable.

    Rows and columns are in the order of ``zone_ids``. By public transport the diagonal is NaN: who stays inside a zone
    takes no ride.
    """

    mode: str
    zone_ids: list[str]
    matrices: Mapping[str, Matrix]
    meaning: Mapping[str, str]
    notes: tuple[str, ...] = field(default=())


def zone_skims(
    region: Region,
    mode: str,
    depart_min: int,
    weights: PathWeights,
    rules: ActiveRules,
    weekend: bool = False,
    season: Season = Season.SUMMER,
    threads: int = 1,
    window: DepartureWindow | None = None,
) -> ZoneSkims:
    """Compute the matrices of a mode.

    Parameters
    ----------
    mode : str
        One of :data:`MODES`. Cars drive at free flow; walking and cycling do not depend on the time.
    depart_min : int
        Minutes after midnight, for public transport.
    weights : PathWeights
        How stops are chosen (the model's parameters).
    rules : ActiveRules
        Speeds of walking and cycling (the model's parameters).
    window : DepartureWindow, optional
        Times by public transport over these departures too, as percentiles.

    Raises
    ------
    InputError
        If the mode is not known, or the region has no network for it; if a window is asked for by another mode than
        public transport.
    """
    names = region.zones["zone_id"].astype(str).tolist()
    if window is not None and mode in MODES and mode not in _LAYERS:
        raise InputError(f"times by {mode} are the same at any departure", hint=f"known: {', '.join(_LAYERS)}")
    if mode == "car":
        return _car(region, names, threads)
    if mode in ("walk", "bike", "ebike"):
        return _active(region, names, cast("ActiveMode", mode), rules, season, threads)
    if mode not in MODES:
        raise InputError(f"unknown mode “{mode[:40]}”", hint=f"known: {', '.join(MODES)}")
    return _transit(region, names, mode, depart_min, weights, rules, weekend, threads, window)


def _car(region: Region, names: list[str], threads: int) -> ZoneSkims:
    skim = road_skim(RoadNetwork.from_region(region), threads=threads, keep_paths=False)
    ends = skim.terminal_min[:, None] + skim.terminal_min[None, :]
    parking = np.broadcast_to(region.parking_eur_h().to_numpy(np.float32)[None, :], skim.time_min.shape)
    found = {
        "time_min": skim.time_min,
        "terminal_min": ends.astype(np.float32),
        "distance_km": skim.distance_km,
        "parking_eur_h": np.ascontiguousarray(parking),
    }
    meaning = {
        "time_min": "driving at free flow",
        "terminal_min": "walks to and from the car, and search for a place, at both ends",
        "distance_km": "along the fastest path",
        "parking_eur_h": "price of parking at the destination",
    }
    return ZoneSkims("car", names, found, meaning, ("free flow: the time of departure changes nothing", ORDER))


def _active(
    region: Region, names: list[str], mode: ActiveMode, rules: ActiveRules, season: Season, threads: int
) -> ZoneSkims:
    network = ActiveNetwork.from_region(region, rules)
    if network is not None:
        skim = network.skim(mode, season, threads)
        found = {"time_min": skim.time_min, "distance_km": skim.distance_km}
        note = f"network of the pack, {season.name.lower()}"
    else:
        km = _straight_km(region)
        speed = rules.km_h(mode)
        found = {"time_min": (km / speed * 60.0).astype(np.float32), "distance_km": km.astype(np.float32)}
        note = f"no network: straight line times population.detour_ratio, {speed:g} km/h"
    meaning = {"time_min": "along the quickest way", "distance_km": "along the quickest way"}
    return ZoneSkims(mode, names, found, meaning, (note, ORDER))


def _straight_km(region: Region) -> NDArray[np.float64]:
    zones = region.zones
    x, y = zones["x_m"].to_numpy(np.float64), zones["y_m"].to_numpy(np.float64)
    km = np.hypot(x[:, None] - x[None, :], y[:, None] - y[None, :]) / 1000.0
    inside = MEAN_DISTANCE_IN_SQUARE * zones["size_m"].to_numpy(np.float64) / 1000.0
    np.fill_diagonal(km, np.where(inside > 0, inside, np.inf))
    return np.asarray(km * region.assumption("population.detour_ratio"))


def _transit(
    region: Region,
    names: list[str],
    mode: str,
    depart_min: int,
    weights: PathWeights,
    rules: ActiveRules,
    weekend: bool,
    threads: int,
    window: DepartureWindow | None,
) -> ZoneSkims:
    timetable = Timetable.from_region(region)
    day = DayType.WEEKEND if weekend else DayType.WEEKDAY
    network = ActiveNetwork.from_region(region, rules)
    walks = None if network is None else stop_walks(network, region.zones, timetable, threads)
    stops = ZoneStops.near(timetable, region.zones[["x_m", "y_m"]].to_numpy(np.float64), walks)
    layers = _LAYERS[mode]
    period = _period(day, depart_min)
    span = f"{clock(PERIODS[period].start_min)} to {clock(PERIODS[period].end_min)}"
    found: dict[str, Matrix] = {"time_min": times_at(timetable, day, stops, layers, depart_min * 60, threads)}
    meaning = {
        "time_min": "from door to door, leaving at the time of departure, by the first arrival",
        "in_vehicle_min": f"in vehicles; this and all below: means of both directions, departures {span}",
        "wait_min": "waiting at changes",
        "headway_min": "window over useful departures",
        "walk_min": "access, egress and walks between stops",
        "transfers": "changes",
        "fare_eur": "single fare of the base year",
        "distance_km": "in vehicles",
    }
    notes = [f"{timetable.dates[int(day)]}, leaving at {clock(depart_min)}", walks_note(walks, network)]
    notes += [
        f"in_vehicle_min, wait_min, walk_min and the others: means of both directions, departures {span}; they do not "
        "add up to time_min of one departure",
        "every journey has at least one ride; the diagonal is NaN",
    ]
    if window is not None:
        over = times_in_window(timetable, day, stops, layers, window, threads)
        found, meaning, notes = {**found, **over.matrices}, {**meaning, **over.meaning}, [*notes, over.note]
    found |= _components(timetable, region, walks, mode, period, weights, threads)
    for matrix in found.values():
        np.fill_diagonal(matrix, np.nan)
    return ZoneSkims(mode, names, found, meaning, (*notes, ORDER))


def _period(day: DayType, depart_min: int) -> int:
    """Position of the period that holds a minute; the first or last of the day for one outside."""
    own = [at for at, period in enumerate(PERIODS) if period.day_type == day]
    begun = [at for at in own if PERIODS[at].start_min <= depart_min]
    return begun[-1] if begun else own[0]


def walks_note(walks: StopWalks | None, network: ActiveNetwork | None) -> str:
    """Say by which rule one walks to stops."""
    if walks is None or network is None:
        return "walks to stops: straight lines times transit_walk_detour_ratio, as the pack has no walking network"
    zones, stops = int((network.zone_node < 0).sum()), int((~walks.joined_stops).sum())
    return f"walks to stops: network of the pack; {zones} zones and {stops} stops off it have straight lines"


def _components(
    timetable: Timetable,
    region: Region,
    walks: StopWalks | None,
    mode: str,
    period: int,
    weights: PathWeights,
    threads: int,
) -> dict[str, Matrix]:
    """Parts of the journeys that the model gives its travellers in a window, for all pairs of zones."""
    points = region.zones[["x_m", "y_m"]].to_numpy(np.float64)
    n = len(points)
    window = np.full(n * n, period)
    skim = transit_skim(timetable, threads)
    pairs = np.repeat(points, n, axis=0), np.tile(points, (n, 1))
    zone = np.arange(n)
    zones = None if walks is None else (np.repeat(zone, n), np.tile(zone, n))
    options = transit_options(timetable, skim, *pairs, window, window, weights, threads, walks=walks, zones=zones)
    keys = {"ivt_min": "in_vehicle_min", "km": "distance_km", **{k: k for k in ("wait_min", "headway_min", "walk_min",
            "transfers", "fare_eur")}}  # fmt: skip
    if mode != "transit":
        chosen, there = options[mode], options[mode]["available"]
    else:
        bus, train = options["bus"], options["train"]
        better = _generalised(train, weights) < _generalised(bus, weights)
        chosen = {key: np.where(better, train[key], bus[key]) for key in (*keys, "available")}
        there = chosen["available"]
    found = {}
    for key, name in keys.items():
        found[name] = np.where(there, chosen[key], np.inf).reshape(n, n).astype(np.float32)
    return found


def _generalised(option: Mapping[str, NDArray[Any]], weights: PathWeights) -> NDArray[np.float64]:
    w = weights
    total = option["ivt_min"] + w.wait_ratio * option["wait_min"] + w.headway_ratio * option["headway_min"]
    total = total + w.walk_ratio * option["walk_min"] + w.transfer_min * option["transfers"]
    return np.where(option["available"], total, np.inf)
