"""Peers for shortest paths, each by the best call that its manual gives; graphs are built before anything is timed.

All take the same whole milliseconds. Those that search from one origin after another are given a part of the origins
where all would take minutes; the tables say so, and count time per origin.
"""

from __future__ import annotations

import os
import tempfile
import threading
import time
from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.sparse.csgraph import dijkstra

from benchmarks.graphs import Graph

Matrix = Callable[[NDArray[Any], NDArray[Any] | None], NDArray[Any]]


class Peer:
    """A peer with its graph: ``matrix(origins, targets)`` in ms, float64 or int; all nodes if targets are None."""

    name = ""

    def __init__(self, graph: Graph, threads: int) -> None:
        self.graph, self.threads = graph, threads
        before, begun = _memory_mb(), time.perf_counter()
        self.build()
        self.build_s = time.perf_counter() - begun
        self.memory_mb = _memory_mb() - before

    def build(self) -> None:
        """Take the graph up."""

    def matrix(self, origins: NDArray[Any], targets: NDArray[Any] | None = None) -> NDArray[Any]:
        """Times from origins to targets."""
        raise NotImplementedError


def _memory_mb() -> float:
    """Memory that this process holds; NaN where the system does not tell."""
    try:
        with open("/proc/self/statm", encoding="ascii") as file:
            return int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE") / 2**20
    except OSError:
        return float("nan")


def _cut(rows: NDArray[Any], targets: NDArray[Any] | None) -> NDArray[Any]:
    return rows if targets is None else rows[:, targets]


class Scipy(Peer):
    """One call with all origins; SciPy has no threads."""

    name = "scipy"

    def build(self) -> None:
        self.csr = self.graph.matrix

    def matrix(self, origins: NDArray[Any], targets: NDArray[Any] | None = None) -> NDArray[Any]:
        return _cut(dijkstra(self.csr, indices=origins), targets)


class Igraph(Peer):
    """One call with origins and targets; igraph searches in one thread."""

    name = "igraph"

    def build(self) -> None:
        import igraph

        graph = self.graph
        self.g = igraph.Graph(n=graph.n_nodes, edges=np.stack([graph.tail, graph.head], 1), directed=True)
        self.weights = graph.time_ms.astype(float).tolist()

    def matrix(self, origins: NDArray[Any], targets: NDArray[Any] | None = None) -> NDArray[Any]:
        target = None if targets is None else targets.tolist()
        found = self.g.distances(source=origins.tolist(), target=target, weights=self.weights, algorithm="dijkstra")
        return np.array(found)


class Networkit(Peer):
    """Some-pairs shortest paths, threaded by OpenMP over origins."""

    name = "networkit"

    def build(self) -> None:
        import networkit

        networkit.setNumberOfThreads(self.threads)
        self.nk = networkit
        graph = self.graph
        ends = graph.tail.astype(np.uint64), graph.head.astype(np.uint64)
        weights = graph.time_ms.astype(np.float64)
        self.g = networkit.GraphFromCoo((weights, ends), n=graph.n_nodes, weighted=True, directed=True)

    def matrix(self, origins: NDArray[Any], targets: NDArray[Any] | None = None) -> NDArray[Any]:
        search = self.nk.distance.SPSP(self.g, origins.tolist())
        search.run()
        return _cut(search.getDistances(asarray=True), targets)


class Rustworkx(Peer):
    """One call per origin; the cost of a link is its own weight."""

    name = "rustworkx"

    def build(self) -> None:
        import rustworkx

        self.rx, graph = rustworkx, self.graph
        self.g = rustworkx.PyDiGraph(multigraph=False)
        self.g.add_nodes_from(range(graph.n_nodes))
        links = zip(graph.tail.tolist(), graph.head.tolist(), graph.time_ms.astype(float).tolist(), strict=True)
        self.g.extend_from_weighted_edge_list(list(links))

    def matrix(self, origins: NDArray[Any], targets: NDArray[Any] | None = None) -> NDArray[Any]:
        rows = np.zeros((origins.size, self.graph.n_nodes))
        for row, origin in zip(rows, origins.tolist(), strict=True):
            found = self.rx.digraph_dijkstra_shortest_path_lengths(self.g, origin, float)
            row[list(found.keys())] = list(found.values())
        return _cut(rows, targets)


class Edsger(Peer):
    """One call per origin, distances as an array; Edsger has no threads."""

    name = "edsger"

    def build(self) -> None:
        from edsger.path import Dijkstra

        graph = self.graph
        columns = {"tail": graph.tail.astype(np.int64), "head": graph.head.astype(np.int64)}
        self.search = Dijkstra(pd.DataFrame({**columns, "weight": graph.time_ms.astype(np.float64)}))

    def matrix(self, origins: NDArray[Any], targets: NDArray[Any] | None = None) -> NDArray[Any]:
        return _cut(np.array([self.search.run(vertex_idx=origin) for origin in origins.tolist()]), targets)


class RoutingKit(Peer):
    """RoutingKit's customizable contraction hierarchy: targets pinned once, origins in the order of the hierarchy.

    One metric is not safe for two threads, so each thread has a topology and a metric of its own and its part of the
    origins.
    """

    name = "pyroutingkit"

    def build(self) -> None:
        import pyroutingkit

        graph = self.graph
        ends = graph.tail.astype(np.uint32), graph.head.astype(np.uint32)
        first = pyroutingkit.CCHTopology()
        first.build(*ends, graph.xy[:, 1].copy(), graph.xy[:, 0].copy(), graph.n_nodes)
        topologies = [first]
        with tempfile.TemporaryDirectory() as folder:
            if self.threads > 1:
                first.save(folder)
            for _ in range(self.threads - 1):
                other = pyroutingkit.CCHTopology()
                other.load(folder)
                topologies.append(other)
        self.topologies = topologies
        self.metrics = [pyroutingkit.CCHMetric(topology) for topology in topologies]
        self.customise(graph.time_ms)

    def customise(self, time_ms: NDArray[Any]) -> None:
        """Take up other times: in all metrics, each by a thread of its own."""
        weights = time_ms.astype(np.uint32)
        self._each(lambda k: self.metrics[k].customize(weights, 1))

    def matrix(self, origins: NDArray[Any], targets: NDArray[Any] | None = None) -> NDArray[Any]:
        every = np.arange(self.graph.n_nodes) if targets is None else targets
        to, parts = every.astype(np.uint32), np.array_split(origins.astype(np.uint32), self.threads)
        found: list[Any] = [None] * self.threads

        def search(k: int) -> None:
            found[k] = self.metrics[k].distances_many_to_many(parts[k], to)

        self._each(search)
        return found[0] if self.threads == 1 else np.concatenate(found)

    def sixteen(self, zones: NDArray[Any]) -> None:
        """Put each of the sixteen sets of times on a metric and skim; threads share the sets out."""
        z = zones.astype(np.uint32)

        def work(k: int) -> None:
            for position in range(k, self.graph.slices.shape[1], self.threads):
                self.metrics[k].customize(np.ascontiguousarray(self.graph.slices[:, position]).astype(np.uint32), 1)
                self.metrics[k].distances_many_to_many(z, z)

        self._each(work)
        self.customise(self.graph.time_ms)

    def _each(self, work: Callable[[int], object]) -> None:
        if self.threads == 1:
            work(0)
            return
        workers = [threading.Thread(target=work, args=(k,)) for k in range(self.threads)]
        for worker in workers:
            worker.start()
        for worker in workers:
            worker.join()


class Aequilibrae(Peer):
    """Its skimming of all zones at once, progress off, all cores, flows through centroids allowed."""

    name = "aequilibrae"

    def build(self) -> None:
        from aequilibrae.paths import Graph as AequilibraeGraph

        graph = self.graph
        columns = {"link_id": np.arange(1, graph.tail.size + 1), "a_node": graph.tail.astype(np.int64) + 1}
        columns |= {"b_node": graph.head.astype(np.int64) + 1, "direction": np.ones(graph.tail.size, np.int8)}
        made = AequilibraeGraph()
        made.network = pd.DataFrame({**columns, "ms": graph.time_ms.astype(np.float64)})
        made.prepare_graph(graph.zones.astype(np.int64) + 1)
        made.set_graph("ms")
        made.set_skimming(["ms"])
        made.set_blocked_centroid_flows(False)
        self.g = made

    def matrix(self, origins: NDArray[Any], targets: NDArray[Any] | None = None) -> NDArray[Any]:
        """All zones of the graph to all its zones, whatever is asked for."""
        from aequilibrae.paths import NetworkSkimming

        skimming = NetworkSkimming(self.g)
        skimming.set_cores(self.threads)
        skimming.execute()
        return np.asarray(skimming.results.skims.matrix["ms"])


ONE_BY_ONE: tuple[type[Peer], ...] = (Scipy, Igraph, Networkit, Rustworkx, Edsger)
