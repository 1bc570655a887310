"""Traffic in equilibrium: which paths vehicles take when each takes its cheapest one and all slow each other down.

`solve` is general: any network of links, several classes of vehicles; `equilibrate` is for the road network of a
region. Links and pairs are put into one order of their own first, so the order of the input changes nothing.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from zemsim.kernels.equilibrium import Delay, Links, balance_pairs, links_of, refresh, totals, weighted_sum
from zemsim.kernels.lane_trees import CheapestPaths, Graph, Pairs, cheapest_paths, empty_paths
from zemsim.kernels.path_store import PathStore, empty_store, link_flows, rebuild, with_paths
from zemsim.kernels.rivals import rivals_of
from zemsim.travel.link_network import (
    LinkNetwork,
    VehicleClass,
    graph_of,
    pairs_among,
    pairs_of,
    refuse_unreachable,
    same_links,
)
from zemsim.travel.road_network import RoadNetwork
from zemsim.travel.solution import Solution, carried_paths
from zemsim.travel.volume_delay import VolumeDelay

__all__ = [
    "MAX_ITERATIONS",
    "Assignment",
    "LinkNetwork",
    "Progress",
    "Solution",
    "VehicleClass",
    "VolumeDelay",
    "equilibrate",
    "solve",
]

Float = NDArray[np.float64]

#: Sweeps over the pairs between two searches for cheapest paths, at most.
_SWEEPS = 16
#: Sweeps end when what is left to gain on the known paths falls below this share of what it was.
_INNER_SHARE = 0.1
#: A pair is left alone while its paths differ by less than this share of the relative gap.
_TOLERANCE_SHARE = 0.1
#: Iterations where none are given.
MAX_ITERATIONS = 500


@dataclass(frozen=True)
class Progress:
    """What is known after a search for cheapest paths; ``n_paths`` have flow, as in `Solution`."""

    iteration: int
    relative_gap: float
    n_paths: int


def solve(
    network: LinkNetwork,
    classes: Sequence[VehicleClass],
    gap: float = 1e-4,
    max_iterations: int = MAX_ITERATIONS,
    threads: int = 1,
    warm: Solution | None = None,
    progress: Callable[[Progress], object] | None = None,
) -> Solution:
    """Find flows whose relative gap is at most ``gap``.

    Parameters
    ----------
    network : LinkNetwork
    classes : sequence of VehicleClass
    gap : float
        Above zero. With ``inf`` no gap is sought or measured (it is NaN): the paths of ``warm`` keep their shares.
    max_iterations : int
        The best that is known after that many is returned; ``reached`` is False then.
    threads : int
        The result has the same bytes for any number.
    warm : Solution, optional
        Of the same links (their times, capacities and tolls may differ): its paths are where the search begins, each
        with its share of the pair's demand as it is now.
    progress : callable, optional
        Called after each search for cheapest paths.

    Raises
    ------
    InputError
        If there is flow between nodes that no path joins: nothing is dropped.
    ValueError
        If arguments do not fit together.
    """
    if not gap > 0 or max_iterations < 1 or not classes:
        raise ValueError("gap must be above zero, max_iterations one or more, and there must be a class")
    work = _Work.of(network, classes, warm, threads)
    if math.isinf(gap):
        return work.solution(network, classes, math.nan, gap, 0)
    relative_gap, iteration = work.gap(), 0
    while relative_gap > gap and iteration < max_iterations:
        if progress is not None:
            progress(Progress(iteration, relative_gap, work.n_paths()))
        work.improve(relative_gap)
        iteration += 1
        relative_gap = work.gap()
    if progress is not None:
        progress(Progress(iteration, relative_gap, work.n_paths()))
    return work.solution(network, classes, relative_gap, gap, iteration)


@dataclass
class _Work:
    """The state of a search."""

    order: NDArray[np.int64]
    graph: Graph
    pairs: Pairs
    links: Links
    store: PathStore
    found: CheapestPaths
    class_flow: Float
    inside_veh: float
    threads: int
    stamp: int = 1

    @classmethod
    def of(cls, network: LinkNetwork, classes: Sequence[VehicleClass], warm: Solution | None, threads: int) -> _Work:
        """Put everything in order and load the demand: on the paths of ``warm``, else on the cheapest ones."""
        n_links = network.tail.size
        fixed = np.zeros((len(classes), n_links), np.float64)
        for k, one in enumerate(classes):
            if one.fixed is not None:
                if one.fixed.shape != (n_links,):
                    raise ValueError(f"fixed of class {k} must have {n_links} links, not {one.fixed.shape}")
                fixed[k] = one.fixed
        order = network.order(*fixed[::-1]) if warm is None else warm._order
        graph = graph_of(network, order)
        if warm is not None and not same_links(graph, warm._graph):
            raise ValueError("a warm start needs a solution of the same links; this one has others")
        pairs, inside_veh = pairs_of(classes, network.n_nodes)
        found = empty_paths(graph, pairs)
        delay = Delay(*(np.ascontiguousarray(values[order]) for values in network.delay.terms()))
        links = links_of(delay, np.ascontiguousarray(fixed[:, order]))
        store = empty_store(pairs.dest.size) if warm is None else carried_paths(warm, pairs, links.cost)
        work = cls(order, graph, pairs, links, store, found, np.zeros_like(fixed), inside_veh, threads)
        if warm is not None:
            work._load()
        work._give_paths(network, np.flatnonzero(store.n_paths() == 0))
        return work

    def _give_paths(self, network: LinkNetwork, missing: NDArray[np.int64]) -> None:
        """Put the demand of pairs that have no path on their cheapest ones."""
        if not missing.size:
            return
        few = pairs_among(self.pairs, missing)
        found = self.found if missing.size == self.pairs.dest.size else empty_paths(self.graph, few)
        cheapest_paths(self.graph, few, self.links.cost, found, self.threads)
        refuse_unreachable(network, few, found.cost)
        new = rebuild(empty_store(missing.size), self.graph, few, found, self.threads)
        self.store = with_paths(self.store, new, missing)
        self._load()

    def _search(self) -> None:
        """Cheapest paths at the present costs."""
        cheapest_paths(self.graph, self.pairs, self.links.cost, self.found, self.threads)

    def _load(self) -> None:
        """Link flows, costs and slopes from the paths alone, free of the rounding of many steps."""
        n_classes, n_links = self.links.fixed.shape
        self.class_flow = link_flows(self.store, self.pairs.pair_class, n_classes, n_links, self.threads)
        refresh(self.class_flow.sum(axis=0), self.links)

    def _rebuild(self) -> None:
        """Take up new paths, drop empty ones."""
        self.store = rebuild(self.store, self.graph, self.pairs, self.found, self.threads)

    def n_paths(self) -> int:
        """Paths with flow; those that lost theirs stay in the store until the next search."""
        return int((self.store.flow > 0).sum())

    def gap(self) -> float:
        """Search for cheapest paths at the present times; return the relative gap of the present flows."""
        self._search()
        _, paid, _ = totals(self.links, self.class_flow)
        least = weighted_sum(self.pairs.demand, self.found.cost)
        return max(0.0, 1.0 - least / paid) if paid > 0 else 0.0

    def improve(self, relative_gap: float) -> None:
        """Take up the cheapest paths that were found, and balance the paths of all pairs."""
        self._rebuild()
        rivals = rivals_of(self.store, self.threads)
        tolerance = _TOLERANCE_SHARE * relative_gap * self.found.cost
        first_excess = 0.0
        for turn in range(_SWEEPS):
            self.stamp, excess = balance_pairs(
                rivals,
                self.pairs.pair_class,
                self.pairs.demand,
                tolerance if turn else np.zeros_like(tolerance),
                self.stamp,
                self.links,
            )
            first_excess = excess if turn == 0 else first_excess
            if excess <= _INNER_SHARE * first_excess:
                break
        rivals.put_back(self.store)
        self._load()

    def solution(
        self, network: LinkNetwork, classes: Sequence[VehicleClass], relative_gap: float, gap: float, iterations: int
    ) -> Solution:
        """The state as a result, links back in the order of the input."""
        objective, cost, time = totals(self.links, self.class_flow)
        back = np.empty_like(self.order)
        back[self.order] = np.arange(self.order.size)
        pce_factor = np.array([[one.pce_factor] for one in classes])
        flow_pce = self.class_flow.sum(axis=0)[back]
        return Solution(
            class_flow_veh=np.ascontiguousarray((self.class_flow / pce_factor)[:, back]),
            flow_pce=flow_pce,
            time=network.delay.time(flow_pce),
            relative_gap=relative_gap,
            reached=relative_gap <= gap,
            iterations=iterations,
            objective_value=objective,
            total_cost_value=cost,
            total_time_value=time,
            inside_veh=self.inside_veh,
            _graph=self.graph,
            _pairs=self.pairs,
            _store=self.store.without_room(),
            _order=self.order,
        )


@dataclass(frozen=True, eq=False)
class Assignment:
    """Traffic on the road network of a region, near its equilibrium.

    Attributes
    ----------
    flow_veh_h : float64 [L]
        Of each directed link.
    time_s : float64 [L]
        Of each directed link at that flow.
    gap : float
        Relative gap.
    reached : bool
        Whether the gap that was asked for is reached.
    iterations : int
    solution : Solution
        Paths and their flows: what the next assignment may begin with.
    """

    flow_veh_h: Float
    time_s: Float
    gap: float
    reached: bool
    iterations: int
    solution: Solution = field(repr=False)


def equilibrate(
    network: RoadNetwork,
    od_flow: Float | VehicleClass,
    warm: Assignment | None = None,
    gap: float = 1e-4,
    threads: int = 1,
    max_iterations: int = MAX_ITERATIONS,
) -> Assignment:
    """Put the car trips of a region on its roads, each on a path that is the fastest under the flow of all.

    Parameters
    ----------
    network : RoadNetwork
    od_flow : float64 [Z, Z] or VehicleClass
        Cars per hour between zones; the diagonal uses no link. Or pairs of nodes with their cars.
    warm : Assignment, optional
        Of the same links, to begin with its paths.
    gap : float
        Relative gap to reach; with ``inf`` the paths of ``warm`` keep their shares of each pair, and none is measured.
    threads : int
        The result has the same bytes for any number.
    max_iterations : int
        ``reached`` tells whether they sufficed.

    Raises
    ------
    InputError
        If there is flow between zones that no road joins.
    """
    delay = VolumeDelay(network.free_flow_s(), network.delay_alpha, network.delay_beta, network.capacity_veh_h)
    links = LinkNetwork(network.n_nodes, network.tail, network.head, delay, network.no_through, network.node_id)
    cars = od_flow if isinstance(od_flow, VehicleClass) else VehicleClass.from_matrix(od_flow, network.zone_node)
    found = solve(links, [cars], gap, max_iterations, threads, None if warm is None else warm.solution)
    return Assignment(found.flow_pce, found.time, found.relative_gap, found.reached, found.iterations, found)
