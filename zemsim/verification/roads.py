"""Shortest paths against slow twins, against SciPy on the roads of a region, and the balance of what is loaded."""

from __future__ import annotations

import math
from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix
from scipy.sparse.csgraph import dijkstra

from zemsim.kernels.bucket_queue import search_graph, shortest_from
from zemsim.kernels.customise import customise
from zemsim.kernels.hierarchy import build_hierarchy
from zemsim.kernels.lanes import UNREACHABLE
from zemsim.kernels.sweep import members_between, slice_of, sweep
from zemsim.travel.road_network import RoadNetwork
from zemsim.travel.roads import load, road_skim
from zemsim.verification.numbers import Numbers
from zemsim.verification.twins import roads as twin
from zemsim.verification.verdicts import Check, at_most, none_differ

Int32 = NDArray[np.int32]

_GRAPHS = 60


def random_links(numbers: Numbers) -> tuple[int, list[twin.Link]]:
    """A small graph with islands, parallel links, loops, ties, links of no length and closed links."""
    n_nodes = numbers.one(2, 24)
    n_links = numbers.one(0, 3 * n_nodes)
    tail, head = numbers.whole(0, n_nodes - 1, n_links), numbers.whole(0, n_nodes - 1, n_links)
    time, length = numbers.whole(1, 5, n_links), numbers.whole(0, 2, n_links)
    time[numbers.shares(n_links) < 0.05] = UNREACHABLE
    columns = (part.tolist() for part in (tail, head, time, length))
    return n_nodes, [(t, h, (s, m)) for t, h, s, m in zip(*columns, strict=True)]


def checks(network: RoadNetwork) -> Iterator[Check]:
    """Small random graphs against the twin, then the network of a region against SciPy and its loads."""
    swept = searched = compared = 0
    for case in range(_GRAPHS):
        wrong_sweep, wrong_search, cells = _small(Numbers(40_000 + case))
        swept, searched, compared = swept + wrong_sweep, searched + wrong_search, compared + cells
    source = "Dijkstra in plain Python"
    yield none_differ("shortest paths by hierarchy, labels against a slow twin", swept, compared, source)
    yield none_differ(
        "shortest paths by buckets, labels and last links against a slow twin", searched, compared, source
    )
    yield from _region(network)


def _small(numbers: Numbers) -> tuple[int, int, int]:
    """How many labels of a random graph differ: of sweeps, of searches; and how many there are."""
    n_nodes, links = random_links(numbers)
    tail, head = (np.array([link[i] for link in links], np.int32) for i in (0, 1))
    parts = tuple(np.array([link[2][i] for link in links], np.int32) for i in (0, 1))
    rank, nodes = numbers.order(n_nodes).astype(np.int32), np.arange(n_nodes, dtype=np.int32)
    hierarchy = build_hierarchy(tail, head, rank)
    members = members_between(hierarchy, nodes, nodes)
    table = sweep(members, slice_of(hierarchy, customise(hierarchy, parts), members), 2)
    graph = search_graph(tail, head, parts, rank)
    by_sweep, by_search = [table.rows(0), table.rows(1)], 0
    wrong = 0
    for origin in range(n_nodes):
        labels, last_link = twin.shortest(n_nodes, links, origin, UNREACHABLE)
        tree = shortest_from(graph, origin)
        for node, label in enumerate(labels):
            expected = (*label, 0)[:2]
            wrong += tuple(part[origin, node] for part in by_sweep) != expected
            found = tuple(part[node] for part in tree.labels)
            by_search += found != expected or tree.last_link[node] != last_link[node]
    return int(wrong), int(by_search), n_nodes * n_nodes


def scipy_times(network: RoadNetwork, time_s: NDArray[np.float64]) -> NDArray[np.float64]:
    """Seconds between all zones by SciPy; a node that may not be passed gets a twin that only departures use."""
    n_nodes = network.n_nodes
    closed = np.flatnonzero(network.no_through)
    depart = np.arange(n_nodes)
    depart[closed] = n_nodes + np.arange(closed.size)
    size = n_nodes + closed.size
    fastest_first = np.argsort(time_s, kind="stable")
    cells = (depart[network.tail] * size + network.head)[fastest_first]
    cells, first = np.unique(cells, return_index=True)
    matrix = csr_matrix((time_s[fastest_first][first], (cells // size, cells % size)), shape=(size, size))
    found = dijkstra(matrix, indices=depart[network.zone_node])[:, network.zone_node]
    return np.asarray(found, np.float64)


def _region(network: RoadNetwork) -> Iterator[Check]:
    """Times between all zones of a region, the same bits with two threads, and vehicle-hours after loading."""
    time_s = network.free_flow_s()
    skim, again = (road_skim(network, threads=n) for n in (1, 2))
    whole_s = np.maximum(np.rint(time_s * 1000), 1) / 1000
    expected = scipy_times(network, whole_s) / 60
    apart = ~np.eye(network.n_zones, dtype=bool)
    reached = np.isfinite(expected) & apart
    wrong = int((np.isfinite(skim.time_min) != np.isfinite(expected))[apart].sum())
    error = np.abs(skim.time_min[reached] - expected[reached]) / expected[reached]
    wrong += int((error > 2.0**-22).sum())  # the skim is kept in float32
    yield none_differ(
        "times between all zones of the region against SciPy", wrong, int(apart.sum()), "SciPy's Dijkstra"
    )
    differing = int((skim.time_min != again.time_min).sum() + (skim.distance_km != again.distance_km).sum())
    yield none_differ("road skims with 1 and 2 threads, cells", differing, 2 * skim.time_min.size, "same bits")
    origin, dest = np.indices(reached.shape)
    od_flow = np.where(reached, 1.0 + (origin + 3 * dest) % 5, 0.0)
    flow = load(skim.paths, od_flow)
    driven, asked = math.fsum(flow * whole_s), math.fsum((od_flow * np.where(reached, expected, 0.0)).ravel()) * 60
    yield at_most(
        "vehicle-seconds on links against those of all trips, relative difference",
        abs(driven / asked - 1), 1e-9, "conservation",
    )  # fmt: skip
