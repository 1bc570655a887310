"""Walking and cycling between zones on their own network: speeds by slope, surface, infrastructure and season.

A region without such a network (``region.active_links`` is None) has none here: its ways on foot and by bike are
straight lines times an assumed detour (``active_ways.py``).
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from functools import cached_property
from typing import Any, Literal, Protocol

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from zemsim.core.errors import InputError
from zemsim.core.names import Season
from zemsim.core.units import KM_PER_M, MIN_PER_S
from zemsim.kernels.dissection import dissection_rank
from zemsim.kernels.lanes import UNREACHABLE
from zemsim.region.geo import MEAN_DISTANCE_IN_SQUARE
from zemsim.region.views import ActiveRegion
from zemsim.travel.road_hierarchy import RoadHierarchy, RoadPaths

ActiveMode = Literal["walk", "bike", "ebike"]
Float = NDArray[np.float64]
Matrix = NDArray[np.float32]

INFRASTRUCTURE = ("cycleway", "lane", "path", "street", "main")
_MS_PER_S, _CM_PER_M, _M_S_PER_KM_H = 1000.0, 100.0, 1.0 / 3.6


class Values(Protocol):
    """Numbers by name."""

    def __getitem__(self, name: str, /) -> float: ...


@dataclass(frozen=True)
class ActiveRules:
    """How fast people walk and ride, and how far: the behavioural parameters, with a network and without.

    Attributes
    ----------
    walk_km_h, bike_km_h, ebike_km_h : float
        On a network, speeds on flat asphalt without traffic; without one, speeds from door to door.
    walk_max_km, bike_max_km, ebike_max_km : float
        Beyond so long a way on foot, a mode is no alternative.
    ebike_range_winter_km, ebike_range_summer_km : float
        There and back on one charge.
    """

    walk_km_h: float
    bike_km_h: float
    ebike_km_h: float
    walk_max_km: float
    bike_max_km: float
    ebike_max_km: float
    ebike_range_winter_km: float
    ebike_range_summer_km: float

    @classmethod
    def of(cls, parameters: Values) -> ActiveRules:
        """Take them from the behavioural parameters of an experiment."""
        names = [item.name for item in fields(cls)]
        symbols = [f"v_{name.removesuffix('_km_h')}" if name.endswith("_km_h") else name for name in names]
        return cls(**{name: parameters[symbol] for name, symbol in zip(names, symbols, strict=True)})

    def km_h(self, mode: ActiveMode) -> float:
        """Speed of a mode."""
        return {"walk": self.walk_km_h, "bike": self.bike_km_h, "ebike": self.ebike_km_h}[mode]

    def ebike_range_km(self, season: Season) -> float:
        """Kilometres that a charged e-bike goes in a season."""
        return self.ebike_range_winter_km if season == Season.WINTER else self.ebike_range_summer_km


@dataclass(frozen=True, eq=False)
class ActiveSkim:
    """Ways between zones.

    Attributes
    ----------
    time_min, distance_km : float32 [Z, Z]
        From row to column along the quickest way; the diagonal is a way inside the zone, ``inf`` is unreachable.
    """

    time_min: Matrix
    distance_km: Matrix


@dataclass(frozen=True, eq=False)
class ActiveNetwork:
    """Links for walking and cycling, both ways in one row; K links, N nodes, Z zones.

    Attributes
    ----------
    start, end : int32 [K]
    length_m, surface_share, rise_m, fall_m : float64 [K]
        Climb and descent from start to end; 0 where not known.
    walk : bool [K]
    bike : object [K]
        no, both, forward or backward.
    infrastructure : object [K]
    n_nodes : int
    zone_node : int32 [Z]
        -1 for a zone that no way reaches.
    size_m : float64 [Z]
    stop_node : dict
        Node of each stop that joins the network, by ``stop_id``.
    values : dict
        Assumptions ``active.*``, and the detour inside a zone.
    rules : ActiveRules
    """

    start: NDArray[np.int32]
    end: NDArray[np.int32]
    length_m: Float
    surface_share: Float
    rise_m: Float
    fall_m: Float
    walk: NDArray[np.bool_]
    bike: NDArray[np.object_]
    infrastructure: NDArray[np.object_]
    n_nodes: int
    zone_node: NDArray[np.int32]
    size_m: Float
    stop_node: dict[str, int]
    values: dict[str, float]
    rules: ActiveRules

    @classmethod
    def from_region(cls, region: ActiveRegion, rules: ActiveRules) -> ActiveNetwork | None:
        """Build the network of a region; None if it has none.

        Raises
        ------
        InputError
            If a link names an unknown node, or a node an unknown zone.
        """
        if region.active_links is None or region.active_nodes is None:
            return None
        nodes = region.active_nodes.sort_values("node_id", kind="stable", ignore_index=True)
        links = region.active_links.sort_values("link_id", kind="stable", ignore_index=True)
        position = {name: at for at, name in enumerate(nodes["node_id"])}
        ends = []
        for column in ("from_node", "to_node"):
            found = links[column].map(position)
            if found.isna().any():
                row = links[found.isna()].iloc[0]
                raise InputError(f"active link “{row['link_id']}”: unknown node “{row[column]}” in {column}")
            ends.append(found.to_numpy(np.int32))
        own = nodes[nodes["zone_id"] != ""]
        node_of = pd.Series(own.index.to_numpy(), index=own["zone_id"])
        if not node_of.index.is_unique or not node_of.index.isin(region.zones["zone_id"]).all():
            raise InputError("active nodes name a zone twice, or one that is not known")
        stops = nodes[nodes["stop_id"] != ""] if "stop_id" in nodes else nodes[:0].assign(stop_id="")
        twice = stops["stop_id"][stops["stop_id"].duplicated()]
        if len(twice):
            raise InputError(f"active nodes name the stop “{min(twice)}” twice")
        return cls(
            ends[0],
            ends[1],
            links["length_m"].to_numpy(np.float64),
            links["surface_share"].to_numpy(np.float64),
            links["rise_m"].fillna(0.0).to_numpy(np.float64),
            links["fall_m"].fillna(0.0).to_numpy(np.float64),
            (links["walk"] == 1).to_numpy(),
            links["bike"].to_numpy(object),
            links["infrastructure"].to_numpy(object),
            len(nodes),
            region.zones["zone_id"].map(node_of).fillna(-1).to_numpy(np.int32),
            region.zones["size_m"].to_numpy(np.float64),
            {str(name): int(at) for name, at in zip(stops["stop_id"], stops.index, strict=True)},
            _values(region),
            rules,
        )

    def directed(self, mode: ActiveMode, season: Season = Season.SUMMER) -> tuple[Any, Any, Float, Float]:
        """Return tails, heads, seconds and metres of the directed links that a mode may use.

        Where one may walk and not ride, also against a one-way street, bikes are pushed.
        """
        up = self.seconds(mode, season, self.rise_m, self.fall_m)
        down = self.seconds(mode, season, self.fall_m, self.rise_m)
        forward = backward = self.walk
        if mode != "walk":
            ways = self.bike.astype(str)
            rides = np.isin(ways, ("both", "forward")), np.isin(ways, ("both", "backward"))
            pushed = self.length_m / (self.values["active.push_km_h"] * _M_S_PER_KM_H)
            up, down = np.where(rides[0], up, pushed), np.where(rides[1], down, pushed)
            forward, backward = rides[0] | self.walk, rides[1] | self.walk
        tail = np.concatenate([self.start[forward], self.end[backward]])
        head = np.concatenate([self.end[forward], self.start[backward]])
        seconds = np.concatenate([up[forward], down[backward]])
        return tail, head, seconds, np.concatenate([self.length_m[forward], self.length_m[backward]])

    def nodes_of_stops(self, stop_ids: list[str]) -> NDArray[np.int32]:
        """Return the node of each stop, int32 [S]; -1 for a stop off the network."""
        return np.array([self.stop_node.get(stop_id, -1) for stop_id in stop_ids], np.int32)

    def seconds(self, mode: ActiveMode, season: Season, rise_m: Float, fall_m: Float) -> Float:
        """Seconds along each link, float64 [K], with this climb and descent.

        Speed is that on flat asphalt times shares for surface, infrastructure and winter (bikes), or for stairs
        (walking). On the part that climbs, ``rise / (rise + fall)`` of the length, it falls with
        ``exp(-k x slope)``, the slope being ``(rise + fall) / length``; walking slows downhill, too.
        """
        value = self.values
        speed = np.full(self.length_m.size, self.rules.km_h(mode) * _M_S_PER_KM_H)
        if mode == "walk":
            speed[self.infrastructure == "steps"] *= value["active.steps_share"]
        else:
            speed *= self.surface_share
            for name in INFRASTRUCTURE:
                speed[self.infrastructure == name] *= value[f"active.bike_share_{name}"]
            if season == Season.WINTER:
                speed *= value["active.winter_share"]
        height = rise_m + fall_m
        slope = height / self.length_m
        slowed = np.exp(value[f"active.{mode}_slope"] * np.minimum(slope, 1.0))
        climbing = np.where(height > 0.0, (height if mode == "walk" else rise_m) / np.maximum(height, 1e-9), 0.0)
        return np.asarray(self.length_m / speed * (1.0 + climbing * (slowed - 1.0)))

    @cached_property
    def rank(self) -> NDArray[np.int32]:
        """Order of the nodes for contraction."""
        return dissection_rank(self.start, self.end, self.n_nodes)

    def skim(self, mode: ActiveMode, season: Season = Season.SUMMER, threads: int = 1) -> ActiveSkim:
        """Return the quickest ways between all zones; beyond the range of an e-bike, there and back, they are none."""
        found = self.ways(mode, season, threads)
        if mode != "ebike":
            return found
        too_far = found.distance_km + found.distance_km.T > self.rules.ebike_range_km(season)
        return ActiveSkim(
            *(np.where(too_far, np.float32(np.inf), part) for part in (found.time_min, found.distance_km))
        )

    def ways(self, mode: ActiveMode, season: Season = Season.SUMMER, threads: int = 1) -> ActiveSkim:
        """Return the quickest ways between all zones, however far."""
        there = np.flatnonzero(self.zone_node >= 0)
        node = self.zone_node[there]
        time_ms, length_cm = self._between(node, node, mode, season, threads)
        reached = time_ms < UNREACHABLE
        whole = np.full((2, self.zone_node.size, self.zone_node.size), np.inf, np.float32)
        whole[0][np.ix_(there, there)] = np.where(reached, time_ms / _MS_PER_S * MIN_PER_S, np.inf)
        whole[1][np.ix_(there, there)] = np.where(reached, length_cm / _CM_PER_M * KM_PER_M, np.inf)
        self._fill_inside(whole, mode, season)
        return ActiveSkim(whole[0], whole[1])

    def walks_s(self, origins: NDArray[np.int32], targets: NDArray[np.int32], km_h: float, threads: int = 1) -> Float:
        """Return the seconds of the quickest walks from nodes to nodes at a speed, float64 [O, T]; ``inf`` if none."""
        slower = self.rules.walk_km_h / km_h
        time_ms = self._between(origins, targets, "walk", Season.SUMMER, threads)[0]
        return np.where(time_ms < UNREACHABLE, time_ms / _MS_PER_S * slower, np.inf)

    def _between(
        self,
        origins: NDArray[np.int32],
        targets: NDArray[np.int32],
        mode: ActiveMode,
        season: Season,
        threads: int,
    ) -> tuple[NDArray[np.int32], NDArray[np.int32]]:
        """Milliseconds, and centimetres of the shortest of the quickest ways, int32 [O, T]."""
        tail, head, seconds, metres = self.directed(mode, season)
        order = np.lexsort((head, tail))
        tail, head = tail[order].astype(np.int32), head[order].astype(np.int32)
        time_ms = np.maximum(np.rint(seconds[order] * _MS_PER_S), 1).astype(np.int32)
        length_cm = np.rint(metres[order] * _CM_PER_M).astype(np.int32)
        roads = RoadHierarchy(tail, head, self.rank, origins, targets)
        labels = RoadPaths(roads, (time_ms, length_cm)).labels(threads)
        return labels.rows(), labels.rows(1)

    def _fill_inside(self, whole: Matrix, mode: ActiveMode, season: Season) -> None:
        inside_km = MEAN_DISTANCE_IN_SQUARE * self.size_m * KM_PER_M * self.values["inside_zone_detour_ratio"]
        speed = self.rules.km_h(mode)
        if mode != "walk" and season == Season.WINTER:
            speed *= self.values["active.winter_share"]
        inside_km = np.where(self.zone_node >= 0, inside_km, np.inf)
        np.fill_diagonal(whole[0], inside_km / speed * 60.0)
        np.fill_diagonal(whole[1], inside_km)


def _values(region: ActiveRegion) -> dict[str, float]:
    keys = [f"active.{mode}_slope" for mode in ("walk", "bike", "ebike")]
    keys += [f"active.bike_share_{name}" for name in INFRASTRUCTURE]
    keys += ["active.push_km_h", "active.steps_share", "active.winter_share", "inside_zone_detour_ratio"]
    return {key: float(region.assumption(key)) for key in keys}
