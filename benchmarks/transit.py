"""Earliest arrivals from stop to stop by public transport, on scheduled feeds: ours in lanes, and Ferrobus."""

from __future__ import annotations

import datetime as dt
import tempfile
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmarks.machine import reads_gb_s
from benchmarks.options import DifferentError, Options
from benchmarks.timing import Task, Way
from benchmarks.transit_peer import Ferrobus, fill_blank_times, write_streets
from zemsim.core.names import DayType
from zemsim.kernels.connection_scan import ConnectionNetwork, earliest_arrivals
from zemsim.kernels.raptor import RaptorNetwork
from zemsim.kernels.vectors import LANES
from zemsim.region import load_region
from zemsim.travel.fares import Fares
from zemsim.travel.timetable import Timetable
from zemsim.travel.transit_network import connections, plain_network
from zemsim.verification.transit import rounds_until_still, rows

PEER = "ferrobus"
GOAL_ORIGINS, GOAL_DEPARTURES = 5.0, 7.0
#: Most changes that the peer looks at; ours has no limit.
TRANSFERS = 8
DEPART_S, DAY_S = 8 * 3600, 24 * 3600
#: Departures from one origin, a minute apart; origins of that task; origins whose labels are compared with the rounds.
DEPARTURES, _ORIGINS, _COMPARED = 64, 16, 24


def tasks(options: Options) -> Iterator[Task]:
    """By origins and by departures, on the timetable of the embedded region and on the feeds that are named."""
    region = load_region("zemgale")
    yield from _feed("zemgale", Timetable.from_region(region), Path(region.gtfs_folder), options)
    if options.feeds is None:
        return
    fares = Fares.from_prices(region.price)
    for file in sorted(options.feeds.glob("*.zip")):
        with tempfile.TemporaryDirectory() as folder, zipfile.ZipFile(file) as archive:
            names = archive.namelist()
            if "stop_times.txt" not in names or "frequencies.txt" in names:
                continue
            archive.extractall(folder)
            fill_blank_times(Path(folder))
            table = Timetable.from_gtfs(file, fares)
            yield from _feed(file.stem, table, Path(folder), options)


def _feed(name: str, table: Timetable, folder: Path, options: Options) -> Iterator[Task]:
    network = plain_network(table, DayType.WEEKDAY)
    scans, stops = connections(network), np.arange(network.n_nodes, dtype=np.int32)
    change_s = int(table.rules.transit_min_transfer_s)
    checked = _check(name, network, scans, change_s, options.threads)
    label = f"{name}: {network.n_nodes:,} stops, {scans.depart_s.size:,} rides"

    def ours(origin: NDArray[np.int32], depart_s: NDArray[np.int32]) -> Any:
        return earliest_arrivals(scans, origin, depart_s, change_s, DAY_S, threads=options.threads)

    each_at_once = (stops, np.full(stops.size, DEPART_S, np.int32))
    some = stops[:: max(1, stops.size // _ORIGINS)][:_ORIGINS]
    minutes = DEPART_S + 60 * np.arange(DEPARTURES, dtype=np.int32)
    profile = (np.repeat(some, DEPARTURES), np.tile(minutes, some.size))
    peers = _peer(name, table, folder, options)
    note = f"{stops.size:,} stops at once; at most {TRANSFERS} changes, change time of its own"
    for what, queries, goal in (
        ("all stops to all stops", each_at_once, GOAL_ORIGINS),
        (f"{some.size} stops, {DEPARTURES} departures each, to all stops", profile, GOAL_DEPARTURES),
    ):
        ways = [Way("ours", lambda queries=queries: ours(*queries), queries[0].size)]
        for peer in peers:
            call = lambda peer=peer: peer.matrix(DEPART_S, TRANSFERS)  # noqa: E731
            ways.append(Way(PEER, call, stops.size, note, peer.build_s))
        bound = _bound_s(scans, network.n_nodes, options.machine)
        yield Task(f"{label}: {what}", "query", ways, {PEER: goal}, bound, checked)


def _check(name: str, network: RaptorNetwork, scans: ConnectionNetwork, change_s: int, threads: int) -> str:
    """Labels of some origins and departures against rounds until nothing improves; same bits with more threads."""
    departs = np.arange(DEPART_S, DEPART_S + 16 * 300, 300, dtype=np.int32)
    some = np.unique(np.linspace(0, network.n_nodes - 1, _COMPARED).astype(np.int32))
    compared = 0
    for origin in some.tolist():
        at = np.full(departs.size, origin, np.int32)
        found = earliest_arrivals(scans, at, departs, change_s, DAY_S * 3, threads=threads)
        if (found != earliest_arrivals(scans, at, departs, change_s, DAY_S * 3)).any():
            raise DifferentError(f"{name}: arrivals differ between 1 and {threads} threads")
        by_rounds = rounds_until_still(network, origin, departs[::-1].copy(), change_s)[::-1]
        wrong = int(np.delete(rows(found, departs.size) != by_rounds, origin, 1).sum())
        if wrong:
            raise DifferentError(f"{name}: {wrong:,} arrivals from stop {origin} differ from those by rounds")
        compared += by_rounds.size - departs.size
    return f"{compared:,} arrivals equal those by rounds until nothing improves"


def _peer(name: str, table: Timetable, folder: Path, options: Options) -> list[Ferrobus]:
    if not options.has(PEER):
        return []
    with tempfile.TemporaryDirectory() as place:
        streets = Path(place) / f"{name}.osm.pbf"
        write_streets(table, streets)
        date: dt.date = table.dates[0]
        return [Ferrobus(table, folder, streets, date)]


def _bound_s(scans: ConnectionNetwork, n_nodes: int, machine: dict[str, float]) -> float:
    """Least seconds per query: for all lanes of a block together the trips of the rides after the departure read once,
    and of each stop both rows of labels written and one read to hand it out.
    """
    row = LANES * scans.depart_s.itemsize
    read = int((scans.depart_s >= DEPART_S).sum()) * scans.trip.itemsize + 3 * n_nodes * row
    return read / reads_gb_s(machine, 2 * n_nodes * row) / 1e9 / LANES
