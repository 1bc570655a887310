"""Ferrobus on the same stops: it wants a street network, so one is written whose only streets are walks between stops.

Each stop is a node of the streets; stops within the walk limit are joined by a straight footway, and the rest by the
footways of a least spanning tree, which are too long for a change. Points to travel between are the stops themselves.
"""

from __future__ import annotations

import datetime as dt
import time
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from scipy.sparse import csr_matrix
from scipy.sparse.csgraph import minimum_spanning_tree
from scipy.spatial import Delaunay

from zemsim.travel.timetable import Timetable
from zemsim.travel.transit_network import foot_links

#: Metres a second that Ferrobus walks.
WALK_M_S = 1.4


def write_streets(timetable: Timetable, path: Path) -> None:
    """Write the stops and the walks between them as an extract of OpenStreetMap."""
    import osmium

    stops = timetable.stops
    one, other, _ = foot_links(timetable)
    xy = stops[["x_m", "y_m"]].to_numpy(np.float64)
    corners = Delaunay(xy + np.random.default_rng(0).uniform(0, 1e-3, xy.shape)).simplices
    edges = np.unique(np.sort(np.vstack([corners[:, [0, 1]], corners[:, [1, 2]], corners[:, [0, 2]]]), axis=1), axis=0)
    length = np.hypot(*(xy[edges[:, 0]] - xy[edges[:, 1]]).T) + 1e-6
    tree = minimum_spanning_tree(csr_matrix((length, edges.T), shape=(len(xy), len(xy)))).tocoo()
    pairs = np.concatenate([np.stack([one, other], 1), np.stack([tree.row, tree.col], 1)])
    pairs = np.unique(np.sort(pairs, axis=1), axis=0)
    with osmium.SimpleWriter(str(path)) as writer:
        for number, (lon, lat) in enumerate(stops[["lon", "lat"]].to_numpy().tolist(), start=1):
            writer.add_node(osmium.osm.mutable.Node(id=number, location=(lon, lat), version=1))
        for number, (a, b) in enumerate((pairs + 1).tolist(), start=1):
            tags = {"highway": "footway"}
            writer.add_way(osmium.osm.mutable.Way(id=number, nodes=[a, b], tags=tags, version=1))


def fill_blank_times(feed: Path) -> None:
    """Write times where a feed leaves them blank between two stops, evenly, for Ferrobus refuses blanks."""
    path = feed / "stop_times.txt"
    table = pd.read_csv(path, dtype=str, keep_default_na=False, encoding="utf-8-sig")
    if not (table["arrival_time"].str.strip().eq("") | table["departure_time"].str.strip().eq("")).any():
        return
    table = table.assign(sequence=table["stop_sequence"].astype(int)).sort_values(
        ["trip_id", "sequence"], kind="stable"
    )
    arrive, depart = (table[f"{name}_time"].map(_second) for name in ("arrival", "departure"))
    filled = arrive.fillna(depart).groupby(table["trip_id"]).transform(lambda part: part.interpolate().round())
    table["arrival_time"] = arrive.fillna(filled).map(_clock)
    table["departure_time"] = depart.fillna(filled).map(_clock)
    table.drop(columns="sequence").to_csv(path, index=False)


def _second(clock: str) -> float:
    parts = clock.strip().split(":")
    return float("nan") if parts == [""] else sum(int(part) * 60**k for k, part in enumerate(reversed(parts)))


def _clock(second: float) -> str:
    whole = int(second)
    return f"{whole // 3600:02d}:{whole // 60 % 60:02d}:{whole % 60:02d}"


class Ferrobus:
    """A model of a feed, and points at its stops."""

    def __init__(self, timetable: Timetable, feed: Path, streets: Path, date: dt.date) -> None:
        import ferrobus

        self.ferrobus = ferrobus
        begun = time.perf_counter()
        reach_s = int(timetable.rules.transit_transfer_walk_m / WALK_M_S)
        self.model: Any = ferrobus.create_transit_model(str(streets), [str(feed)], date, reach_s)
        self.build_s = time.perf_counter() - begun
        places = timetable.stops[["lat", "lon"]].to_numpy().tolist()
        self.points = [ferrobus.create_transit_point(lat, lon, self.model, 1, 1) for lat, lon in places]

    def matrix(self, depart_s: int, transfers: int) -> Any:
        """Seconds from every stop to every stop, lists of lists; None where there is no journey."""
        return self.ferrobus.travel_time_matrix(self.model, self.points, depart_s, transfers)
