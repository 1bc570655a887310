"""Flows near an equilibrium, and what a later search takes over from them."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from zemsim.kernels.lane_trees import Graph, Pairs
from zemsim.kernels.path_store import PathStore

Float = NDArray[np.float64]
Ints = NDArray[np.int32]


@dataclass(frozen=True, eq=False)
class Solution:
    """Flows near an equilibrium. Links are in the order of the network's input.

    Attributes
    ----------
    class_flow_veh : float64 [classes, L]
        Vehicles of each class.
    flow_pce : float64 [L]
        Passenger-car units of all classes.
    time : float64 [L]
        At that flow; ``inf`` on closed links.
    relative_gap : float
        ``1 - (cost if all took the cheapest path at these times) / (cost paid)``, generalised cost in passenger-car
        units times time; 0 without flow.
    reached : bool
        Whether the relative gap is at most what was asked for.
    iterations : int
        Searches for cheapest paths after the one that loads the network.
    objective_value : float
        Beckmann's function, which the equilibrium minimises.
    total_cost_value, total_time_value : float
        Generalised cost and time of all flow, in passenger-car units times time.
    inside_veh : float
        Vehicles whose origin is their destination: on no link, and in no total.
    """

    class_flow_veh: Float
    flow_pce: Float
    time: Float
    relative_gap: float
    reached: bool
    iterations: int
    objective_value: float
    total_cost_value: float
    total_time_value: float
    inside_veh: float
    _graph: Graph = field(repr=False)
    _pairs: Pairs = field(repr=False)
    _store: PathStore = field(repr=False)
    _order: NDArray[np.int64] = field(repr=False)

    @property
    def n_paths(self) -> int:
        """Paths with flow."""
        return int((self._store.flow > 0).sum())

    def paths(self, origin: int, dest: int, vehicle_class: int = 0) -> list[tuple[float, NDArray[np.int64]]]:
        """Flow in passenger-car units and links, from origin to destination, of each used path of a pair of nodes."""
        pairs, store = self._pairs, self._store
        row = np.repeat(np.arange(pairs.row_origin.size), np.diff(pairs.row_start))
        here = (pairs.row_origin[row] == origin) & (pairs.dest == dest) & (pairs.pair_class == vehicle_class)
        found = []
        for pair in np.flatnonzero(here):
            for path in range(store.pair_start[pair], store.pair_start[pair + 1]):
                if store.flow[path] > 0:
                    links = store.links[store.link_start[path] : store.link_stop[path]]
                    found.append((float(store.flow[path]), self._order[links]))
        return found


def _pair_key(pairs: Pairs, n_nodes: int) -> NDArray[np.int64]:
    """One ascending number for each pair."""
    row = np.repeat(np.arange(pairs.row_origin.size), np.diff(pairs.row_start))
    origin = pairs.row_class[row].astype(np.int64) * n_nodes + pairs.row_origin[row]
    return origin * n_nodes + pairs.dest


def carried_paths(warm: Solution, pairs: Pairs, cost: Float) -> PathStore:
    """The open paths of an earlier solution for the pairs of now, with their shares of the demand of now."""
    n_nodes = warm._graph.row_start.size - 1
    old_key, key = _pair_key(warm._pairs, n_nodes), _pair_key(pairs, n_nodes)
    store = warm._store
    path_pair = store.path_pair()
    pair = np.searchsorted(key, old_key)
    known = np.zeros(old_key.size, bool)
    inside = pair < key.size
    known[inside] = key[pair[inside]] == old_key[inside]
    n_links = store.link_stop - store.link_start
    path_of_link = np.repeat(np.arange(n_links.size), n_links)
    at = np.arange(path_of_link.size) + (store.link_stop - np.cumsum(n_links))[path_of_link]
    vehicle_class = np.minimum(warm._pairs.pair_class[path_pair], cost.shape[0] - 1)
    closed = np.zeros(n_links.size, bool)
    closed[path_of_link[~np.isfinite(cost[vehicle_class[path_of_link], store.links[at]])]] = True
    keep = known[path_pair] & (store.flow > 0) & ~closed
    new_pair = pair[path_pair[keep]]
    sums = np.bincount(new_pair, weights=store.flow[keep], minlength=key.size)
    return PathStore(
        np.searchsorted(new_pair, np.arange(key.size + 1)).astype(np.int64),
        np.ascontiguousarray(store.link_start[keep]),
        np.ascontiguousarray(store.link_stop[keep]),
        store.links,
        store.used,
        store.flow[keep] / sums[new_pair] * pairs.demand[new_pair],
        np.ascontiguousarray(store.name[keep]),
    )
