"""Networks of links and the vehicles on them, in any order of the input, and in the one order of the kernels."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from zemsim.core.errors import InputError
from zemsim.kernels.lane_trees import Graph, Pairs, link_names
from zemsim.travel.volume_delay import VolumeDelay

Float = NDArray[np.float64]
Ints = NDArray[np.int32]

#: How many pairs an error names.
_SHOWN = 5


@dataclass(frozen=True, eq=False)
class LinkNetwork:
    """A directed network of N nodes and L links in any order.

    Attributes
    ----------
    n_nodes : int
    tail, head : int32 [L]
    delay : VolumeDelay
        Of L links.
    no_through : bool [N]
        Nodes that a path may begin or end at, but not pass.
    node_id : [N], optional
        What errors call the nodes; their positions if not given.
    """

    n_nodes: int
    tail: Ints
    head: Ints
    delay: VolumeDelay
    no_through: NDArray[np.bool_]
    node_id: NDArray[Any] | None = None

    def __post_init__(self) -> None:
        for name in ("tail", "head"):
            ends = getattr(self, name)
            if ends.dtype != np.int32 or ends.shape != self.delay.free_flow.shape:
                raise ValueError(f"{name} must be int32, one for each of {self.delay.free_flow.size} links")
            if ends.size and (ends.min() < 0 or ends.max() >= self.n_nodes):
                raise ValueError(f"{name} must hold nodes from 0 to {self.n_nodes - 1}")
        if self.no_through.dtype != np.bool_ or self.no_through.shape != (self.n_nodes,):
            raise ValueError(f"no_through must be bool, one for each of {self.n_nodes} nodes")

    def order(self, *more: Float) -> NDArray[np.int64]:
        """Positions of the links by tail, head and then all that tells parallel links apart, [L]."""
        delay = self.delay
        keys: tuple[NDArray[Any], ...] = (
            *more,
            delay.capacity,
            delay.beta,
            delay.alpha,
            delay.free_flow,
            self.head,
            self.tail,
        )
        return np.asarray(np.lexsort(keys), np.int64)


@dataclass(frozen=True, eq=False)
class VehicleClass:
    """Vehicles that count the cost of a link alike.

    Attributes
    ----------
    origin, dest : int32 [K]
        Nodes; a pair may stand more than once, its flows are added.
    flow_veh : float64 [K]
        Vehicles (in the unit of time of the capacities), finite, zero or more. From a node to itself: on no link.
    fixed : float64 [L], optional
        Cost of a link beside its time, in the unit of time, zero or more; ``inf`` closes the link to the class. A toll
        divided by the class's value of time.
    pce_factor : float
        Passenger-car units of a vehicle.
    """

    origin: Ints
    dest: Ints
    flow_veh: Float
    fixed: Float | None = None
    pce_factor: float = 1.0

    def __post_init__(self) -> None:
        if not (self.origin.shape == self.dest.shape == self.flow_veh.shape) or self.origin.ndim != 1:
            raise ValueError("origin, dest and flow_veh must be one-dimensional and of one length")
        if not (np.isfinite(self.flow_veh) & (self.flow_veh >= 0)).all():
            raise ValueError("flow_veh must be finite and not negative")
        if not (np.isfinite(self.pce_factor) and self.pce_factor > 0):
            raise ValueError("pce_factor must be finite and above zero")
        if self.fixed is not None and not (self.fixed >= 0).all():
            raise ValueError("fixed must be zero or more")

    @classmethod
    def from_matrix(
        cls, od_flow: Float, zone_node: Ints, fixed: Float | None = None, pce_factor: float = 1.0
    ) -> VehicleClass:
        """A class from flows between zones, float64 [Z, Z], and the node of each zone [Z]."""
        if od_flow.shape != (zone_node.size, zone_node.size):
            raise ValueError(f"od_flow must be of shape {(zone_node.size, zone_node.size)}, not {od_flow.shape}")
        origin, dest = np.nonzero(od_flow)
        return cls(zone_node[origin], zone_node[dest], od_flow[origin, dest].astype(np.float64), fixed, pce_factor)


def graph_of(network: LinkNetwork, order: NDArray[np.int64]) -> Graph:
    """The links by tail."""
    if order.size != network.tail.size:
        raise ValueError("a warm start needs a solution of the same links; this one has others")
    tail = np.ascontiguousarray(network.tail[order])
    row_start = np.searchsorted(tail, np.arange(network.n_nodes + 1)).astype(np.int64)
    head = np.ascontiguousarray(network.head[order])
    return Graph(row_start, tail, head, np.ascontiguousarray(network.no_through), link_names(tail.size))


def same_links(one: Graph, other: Graph) -> bool:
    """Whether two graphs have the same nodes and links."""
    return all(
        np.array_equal(getattr(one, name), getattr(other, name)) for name in ("row_start", "tail", "head", "no_through")
    )


def pairs_of(classes: Sequence[VehicleClass], n_nodes: int) -> tuple[Pairs, float]:
    """Pairs of all classes by class, origin and destination, each once; and the vehicles that stay inside a node."""
    keys, flows, inside_veh = [], [], 0.0
    for k, one in enumerate(classes):
        for name, nodes in (("origin", one.origin), ("dest", one.dest)):
            if nodes.size and (nodes.min() < 0 or nodes.max() >= n_nodes):
                raise ValueError(f"{name} of class {k} must hold nodes from 0 to {n_nodes - 1}")
        used = (one.flow_veh > 0) & (one.origin != one.dest)
        inside_veh += float(np.sort(one.flow_veh[one.origin == one.dest]).sum())
        keys.append((k * n_nodes + one.origin[used].astype(np.int64)) * n_nodes + one.dest[used])
        flows.append(one.flow_veh[used] * one.pce_factor)
    key, flow = np.concatenate(keys), np.concatenate(flows).astype(np.float64)
    by_key = np.lexsort((flow, key)) if (np.diff(key) <= 0).any() else np.arange(key.size)
    key, first = np.unique(key[by_key], return_index=True)
    demand = np.add.reduceat(flow[by_key], first) if first.size else flow
    rows, row_start = np.unique(key // n_nodes, return_index=True)
    pair_class = (key // n_nodes // n_nodes).astype(np.int32)
    pairs = Pairs(
        row_class=(rows // n_nodes).astype(np.int32),
        row_origin=(rows % n_nodes).astype(np.int32),
        row_start=np.append(row_start, key.size).astype(np.int64),
        dest=(key % n_nodes).astype(np.int32),
        demand=np.ascontiguousarray(demand),
        pair_class=pair_class,
    )
    return pairs, inside_veh


def pairs_among(pairs: Pairs, chosen: NDArray[np.int64]) -> Pairs:
    """Some of the pairs, given by their ascending positions."""
    row = np.searchsorted(pairs.row_start, chosen, side="right") - 1
    rows, row_start = np.unique(row, return_index=True)
    return Pairs(
        pairs.row_class[rows],
        pairs.row_origin[rows],
        np.append(row_start, chosen.size).astype(np.int64),
        pairs.dest[chosen],
        pairs.demand[chosen],
        pairs.pair_class[chosen],
    )


def refuse_unreachable(network: LinkNetwork, pairs: Pairs, cost: Float) -> None:
    """Raise an error that names the pairs that no path joins: those whose cheapest ``cost`` [K] is infinite."""
    lost = np.flatnonzero(~np.isfinite(cost))
    if not lost.size:
        return
    names = np.arange(network.n_nodes) if network.node_id is None else network.node_id
    shown = lost[:_SHOWN]
    rows = np.searchsorted(pairs.row_start, shown, side="right") - 1
    ends = zip(names[pairs.row_origin[rows]], names[pairs.dest[shown]], strict=True)
    first = ", ".join(f"{origin} to {dest}" for origin, dest in ends)
    more = f" and {lost.size - _SHOWN} more" if lost.size > _SHOWN else ""
    raise InputError(
        f"{pairs.demand[lost].sum():g} vehicles of {lost.size} pairs have no path: {first}{more}",
        hint="join these nodes, open a link, or leave the flow out of the demand",
    )
