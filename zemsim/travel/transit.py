"""Public transport from stop to stop by period: in-vehicle time, waits, headway, walks, transfers, fare, distance."""

from __future__ import annotations

from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from zemsim.core.errors import InputError
from zemsim.core.names import PERIODS, DayType
from zemsim.kernels.blocks import run_blocks
from zemsim.kernels.transit_skim import PatternFares, SkimArrays, UsefulRules, skim_kernel
from zemsim.kernels.vectors import LANES
from zemsim.travel.timetable import Timetable
from zemsim.travel.transit_network import layered_network, profile_network
from zemsim.travel.transit_rules import TransitRules

#: Blocks of lanes that a thread takes at once: fixed, so that threads change nothing.
BLOCK_ROWS = 2


@dataclass(frozen=True, eq=False)
class TransitSkim:
    """Stop-to-stop means over the useful departures of a period, float32 [Q, 2, S, S].

    Axis 0: ``names.PERIODS``; axis 1: 0 = by bus only, 1 = with a train (bus feeders allowed); then origin and
    destination stop. A departure is useful if no later one of the period arrives earlier (a change counts as some
    minutes), and if its journey is not much slower than the quickest of the period, nor very much slower than the
    quickest of the day. Unreachable: ``in_vehicle_min = headway_min = inf``, the rest 0, ``main_pattern`` -1.

    Attributes
    ----------
    in_vehicle_min, wait_min, headway_min, walk_min, transfers, fare_eur, bus_fare_eur, distance_km : float32
        Waits are those at changes; headway is the length of the period over its useful departures; walks are those
        between stops; ``bus_fare_eur`` is the part of the fare that is paid on buses.
    main_share : float32
        Share of the useful departures that have the main leg.
    main_pattern : int32
        Pattern of the longest ride, the commonest over the useful departures.
    board_pos, alight_pos : int16
        Its positions.
    last_departure_s : int32
        The last useful departure of the period, seconds after midnight; -1 where there is none.
    """

    in_vehicle_min: NDArray[np.float32]
    wait_min: NDArray[np.float32]
    headway_min: NDArray[np.float32]
    walk_min: NDArray[np.float32]
    transfers: NDArray[np.float32]
    fare_eur: NDArray[np.float32]
    bus_fare_eur: NDArray[np.float32]
    distance_km: NDArray[np.float32]
    main_share: NDArray[np.float32]
    main_pattern: NDArray[np.int32]
    board_pos: NDArray[np.int16]
    alight_pos: NDArray[np.int16]
    last_departure_s: NDArray[np.int32]

    @property
    def shape(self) -> tuple[int, ...]:
        """(Q, 2, S, S)."""
        return self.in_vehicle_min.shape

    def save(self, folder: str | Path) -> None:
        """Write each array as ``<name>.npy`` into ``folder``."""
        folder = Path(folder)
        folder.mkdir(parents=True, exist_ok=True)
        for item in fields(self):
            np.save(folder / f"{item.name}.npy", getattr(self, item.name), allow_pickle=False)

    @classmethod
    def load(cls, folder: str | Path, memory_map: bool = True) -> TransitSkim:
        """Read what :meth:`save` wrote, mapped into memory by default.

        Raises
        ------
        InputError
            If an array is missing, is no array, or the shapes or types differ.
        """
        arrays = {}
        for item in fields(cls):
            path = Path(folder) / f"{item.name}.npy"
            try:
                arrays[item.name] = np.load(path, mmap_mode="r" if memory_map else None, allow_pickle=False)
            except FileNotFoundError:
                raise InputError("file is missing", path) from None
            except (ValueError, EOFError, OSError) as error:
                raise InputError(f"not an array: {error}", path) from None
        skim = cls(**arrays)
        for item in fields(cls):
            array = arrays[item.name]
            wanted = _dtype(item.name)
            if array.shape != skim.shape or array.dtype != wanted or array.ndim != 4:
                message = f"array is {array.dtype} {array.shape}, not {wanted} {skim.shape}"
                raise InputError(message, Path(folder) / f"{item.name}.npy")
        return skim


def transit_skim(timetable: Timetable, threads: int = 1) -> TransitSkim:
    """Compute the skim of a timetable.

    Departure profiles of many origin stops at once (:mod:`zemsim.kernels.connection_profiles`): all departures of a
    period from each, to all stops, by number of vehicles. Nobody boards at the origin stop a second time.

    Parameters
    ----------
    timetable : Timetable
        With fares and rules.
    threads : int
        Threads over origin stops; the bits do not depend on it.

    Returns
    -------
    TransitSkim
    """
    size = len(timetable.stops)
    skim = TransitSkim(**{item.name: _empty(item.name, (len(PERIODS), 2, size, size)) for item in fields(TransitSkim)})
    arrays = SkimArrays(*(getattr(skim, name) for name in SkimArrays._fields))
    rules = _rules(timetable.rules)
    fares = _fares(timetable)
    for day in DayType:
        network = layered_network(timetable, day)
        periods = [q for q, period in enumerate(PERIODS) if period.day_type == day]
        ends = np.array([PERIODS[q].end_min * 60 for q in periods], np.int32)
        lengths = np.array([PERIODS[q].end_min - PERIODS[q].start_min for q in periods], np.float64)
        profiles = profile_network(network, timetable.n_patterns, rules, 2 * size)
        if profiles.depart_s.size == 0:
            continue
        args = (profiles, fares, rules, size, periods[0], ends, lengths, arrays)
        run_blocks(skim_kernel, -(-size // LANES), threads, *args, block_rows=BLOCK_ROWS)
    return skim


def _dtype(name: str) -> np.dtype[Any]:
    kinds = {"main_pattern": np.int32, "last_departure_s": np.int32, "board_pos": np.int16, "alight_pos": np.int16}
    return np.dtype(kinds.get(name, np.float32))


def _empty(name: str, shape: tuple[int, ...]) -> NDArray[Any]:
    if name in ("in_vehicle_min", "headway_min"):
        return np.full(shape, np.inf, np.float32)
    if name in ("main_pattern", "board_pos", "alight_pos", "last_departure_s"):
        return np.full(shape, -1, _dtype(name))
    return np.zeros(shape, np.float32)


def _rules(rules: TransitRules) -> UsefulRules:
    return UsefulRules(
        int(rules.transit_max_boardings),
        int(rules.transit_min_transfer_s),
        int(rules.transit_transfer_penalty_min * 60),
        float(rules.transit_slow_ratio),
        int(rules.transit_slow_extra_min * 60),
        float(rules.transit_day_slow_ratio),
        int(rules.transit_day_slow_extra_min * 60),
    )


def _fares(timetable: Timetable) -> PatternFares:
    train = timetable.is_train()
    networks = timetable.routes["network_id"].to_numpy()[timetable.pattern_route]
    rows = [timetable.fares.of_network(str(name), bool(rail)) for name, rail in zip(networks, train, strict=True)]
    table = np.array(rows, np.float64).reshape(-1, 3)
    if "fare_eur" in timetable.routes:
        flat = timetable.routes["fare_eur"].to_numpy(np.float64)[timetable.pattern_route]
        known = ~np.isnan(flat)
        table[known] = np.stack([flat[known], np.zeros(known.sum()), np.zeros(known.sum())], axis=1)
    base, per_km, least = (np.ascontiguousarray(table[:, i]) for i in range(3))
    return PatternFares(base, per_km, least, ~train, *_stated_fares(timetable))


def _stated_fares(timetable: Timetable) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.float64]]:
    """Return where the fares of each pattern begin (-1 none), its positions, and the fares by ride (NaN none).

    A route with one fare for all rides has no others.
    """
    width = np.array([len(stops) for stops in timetable.pattern_stops], np.int64)
    first = np.full(len(width), -1, np.int64)
    if timetable.ride_fares is None:
        return first, width, np.empty(0, np.float64)
    stops, routes = timetable.stops["stop_id"].to_numpy(object), timetable.routes["route_id"].tolist()
    flat = timetable.routes["fare_eur"].notna().tolist()
    parts: list[NDArray[np.float64]] = []
    size = 0
    for k, (route, course) in enumerate(zip(timetable.pattern_route.tolist(), timetable.pattern_stops, strict=True)):
        if flat[route]:
            continue
        fares = timetable.ride_fares.ride_amounts(routes[route], stops[course].tolist())
        if not np.isnan(fares).all():
            first[k] = size
            parts.append(fares.ravel())
            size += fares.size
    return first, width, np.concatenate(parts) if parts else np.empty(0, np.float64)
