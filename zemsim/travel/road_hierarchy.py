"""The contraction hierarchy of a road network: made once, then used for every set of link times.

A node that may not be passed (a zone that only connectors reach) is split in two: paths arrive at the one and leave
from the other, and no link joins them.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any, cast

import numpy as np
from numpy.typing import NDArray

from zemsim.kernels.bucket_queue import path_to, search_graph, shortest_from
from zemsim.kernels.customise import Metric, customise
from zemsim.kernels.hierarchy import Hierarchy, build_hierarchy
from zemsim.kernels.lanes import LANES, Parts
from zemsim.kernels.loading import load_flows
from zemsim.kernels.sweep import LaneTable, Members, Slice, members_between, slice_of, sweep

if TYPE_CHECKING:
    from zemsim.travel.road_network import RoadNetwork

Int32 = NDArray[np.int32]
Float = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class RoadHierarchy:
    """A graph of links between split nodes, and what lies between its Z zones.

    Attributes
    ----------
    tail, head : int32 [L]
        Of each link, as nodes after splitting.
    rank : int32 [N + number of split nodes]
        Order of the nodes.
    depart, arrive : int32 [Z]
        Node where paths from a zone begin, and to it end.
    """

    tail: Int32
    head: Int32
    rank: Int32
    depart: Int32
    arrive: Int32

    @classmethod
    def of(cls, network: RoadNetwork) -> RoadHierarchy:
        """Split the nodes of a network that may not be passed."""
        split = np.flatnonzero(network.no_through)
        departure = np.arange(network.n_nodes, dtype=np.int32)
        departure[split] = network.n_nodes + np.arange(split.size)
        by_rank = np.concatenate([2 * network.rank, 2 * network.rank[split] + 1])
        rank = np.empty(by_rank.size, np.int32)
        rank[np.argsort(by_rank)] = np.arange(by_rank.size)
        return cls(departure[network.tail], network.head, rank, departure[network.zone_node], network.zone_node)

    @cached_property
    def hierarchy(self) -> Hierarchy:
        """Arcs of the graph."""
        return build_hierarchy(self.tail, self.head, self.rank)

    @cached_property
    def members(self) -> Members:
        """Nodes that matter between zones."""
        return members_between(self.hierarchy, self.depart, self.arrive)


@dataclass(frozen=True, eq=False)
class RoadPaths:
    """Shortest paths between zones for 1 or 16 sets of link times, kept to load flows.

    Of paths equally long in time, then distance, then money, flows take one by a fixed rule (``kernels/loading.py``): a
    link that the flow of a pair does not use can be closed without moving that flow.

    Attributes
    ----------
    roads : RoadHierarchy
    links : tuple of int32 [L] or [L, 16]
        Time in ms; then distance and money, in any whole unit.
    position : int
        Which of the 16 sets.
    """

    roads: RoadHierarchy
    links: Parts
    position: int = 0
    _made: dict[str, Any] = field(default_factory=dict, repr=False)

    def metric(self, threads: int = 1) -> Metric:
        """Links put on arcs, for all sets: made by the first call, the same for any number of threads."""
        if "metric" not in self._made:
            self._made["metric"] = customise(self.roads.hierarchy, self.links, threads=threads)
        return cast("Metric", self._made["metric"])

    def graph(self, threads: int = 1) -> Slice:
        """Arcs between zones, of this set: picked by the first call, the same for any number of threads."""
        if "graph" not in self._made:
            roads, metric = self.roads, self.metric(threads)
            self._made["graph"] = slice_of(roads.hierarchy, metric, roads.members, self.position, threads)
        return cast("Slice", self._made["graph"])

    def at(self, position: int, threads: int = 1) -> RoadPaths:
        """Return the paths of another set, of the same metric."""
        return RoadPaths(self.roads, self.links, position, {"metric": self.metric(threads)})

    def only(self) -> RoadPaths:
        """Return the paths of this set without the others."""
        if self.links[0].ndim == 1:
            return self
        position = self.position
        links = tuple(np.ascontiguousarray(part[:, position]) for part in self.links)
        return RoadPaths(self.roads, links)

    def labels(self, threads: int = 1) -> LaneTable:
        """Time, distance and money between all zones; 0 from a zone to itself."""
        return sweep(self.roads.members, self.graph(threads), threads)

    def load(self, od_flow: Float, threads: int = 1) -> tuple[Float, Float]:
        """Flow of each link, and flow of each zone that finds no path; the diagonal uses no link."""
        od_flow = np.array(od_flow, np.float64, order="C")
        np.fill_diagonal(od_flow, 0.0)
        roads, metric, graph = self.roads, self.metric(threads), self.graph(threads)
        return load_flows(roads.hierarchy, self.links, metric, roads.members, graph, od_flow, self.position, threads)

    def path(self, origin_idx: int, dest_idx: int) -> NDArray[np.int64]:
        """Directed links from one zone to another in the order of driving; empty if there is no path.

        By a search of its own, which costs less than loading. Of equally long paths it is the one whose last links have
        the lowest numbers; flow may take another of them.
        """
        roads = self.roads
        if "search" not in self._made:
            self._made["search"] = search_graph(roads.tail, roads.head, self.only().links, roads.hierarchy.rank)
        origin, target = int(roads.depart[origin_idx]), int(roads.arrive[dest_idx])
        tree = shortest_from(self._made["search"], origin, target)
        return np.array(path_to(tree, roads.tail, target), np.int64)


def wide(values: NDArray[np.int32]) -> NDArray[np.int32]:
    """Numbers of up to 16 slices [S, L] as [L, 16]; lanes without a slice repeat the first."""
    lanes = np.concatenate([values, np.broadcast_to(values[:1], (LANES - len(values), values.shape[1]))])
    return np.ascontiguousarray(lanes.T)
