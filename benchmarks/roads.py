"""Road skims against SciPy, in one process and interleaved: correctness first, then times.

    python benchmarks/roads.py [--rounds 7] [--nodes 30000] [--sources 64] [--json]

Tasks:

* zemgale: all zones to all zones of the embedded region, times only and with trees (predecessors);
* planar: ``--sources`` origins to all nodes of a generated road-like graph (a thinned Delaunay triangulation);
* load: an origin-destination matrix onto the trees of zemgale (no peer).

The peer is ``scipy.sparse.csgraph.dijkstra``, one call with all origins, float64 milliseconds, which has no threads.
Each round times every implementation once in a shuffled order; the first round is dropped, the median of the rest
counts. Wall and processor time are both shown: trust ratios of processor time where the machine is busy. Ours also sums
the length of each path, which SciPy does not.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from importlib.metadata import version
from statistics import median
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix
from scipy.sparse.csgraph import dijkstra
from scipy.spatial import Delaunay

import zemsim
from zemsim.kernels.shortest_path import UNREACHABLE_MS, many_to_many
from zemsim.travel.roads import RoadNetwork, load, road_skim

THREADS = (1, 2)


@dataclass(frozen=True)
class Graph:
    """A graph as the kernel takes it, and the same for SciPy."""

    name: str
    row_start: NDArray[np.int64]
    head: NDArray[np.int32]
    weight_ms: NDArray[np.int32]
    length_m: NDArray[np.float64]
    no_through: NDArray[np.bool_]
    origins: NDArray[np.int32]
    targets: NDArray[np.int32]

    def for_scipy(self) -> tuple[csr_matrix, NDArray[np.int64]]:
        """The matrix and the origins in it.

        SciPy cannot forbid passing a node, so each such node gets a twin that only its departures use. Of parallel
        links the fastest is kept, for a matrix has one cell for them.
        """
        n_nodes = self.row_start.size - 1
        tail = np.repeat(np.arange(n_nodes), np.diff(self.row_start))
        closed = np.flatnonzero(self.no_through)
        twin = np.arange(n_nodes)
        twin[closed] = n_nodes + np.arange(closed.size)
        size = n_nodes + closed.size
        fastest_first = np.argsort(self.weight_ms, kind="stable")
        cells = (twin[tail] * size + self.head)[fastest_first]
        cells, first = np.unique(cells, return_index=True)
        weight = self.weight_ms[fastest_first][first].astype(np.float64)
        matrix = csr_matrix((weight, (cells // size, cells % size)), shape=(size, size))
        return matrix, twin[self.origins]


def zemgale(network: RoadNetwork) -> Graph:
    """The network of the embedded region at free flow."""
    weight_ms = np.maximum(np.rint(network.free_flow_s() * 1000), 1).astype(np.int32)
    ends = network.zone_node
    return Graph(
        "zemgale", network.row_start, network.head, weight_ms, network.length_m, network.no_through, ends, ends
    )


def planar(n_nodes: int, n_sources: int, seed: int = 1) -> Graph:
    """A road-like graph: two thirds of the edges of a Delaunay triangulation, at 30 to 90 km/h, both ways."""
    rng = np.random.default_rng(seed)
    xy_m = rng.uniform(0, 150_000, (n_nodes, 2))
    xy_m = xy_m[np.lexsort((xy_m[:, 1], (xy_m[:, 0] // 2000)))]
    corners = Delaunay(xy_m).simplices
    edges = np.unique(np.sort(np.vstack([corners[:, [0, 1]], corners[:, [1, 2]], corners[:, [0, 2]]]), axis=1), axis=0)
    edges = edges[rng.random(len(edges)) < 2 / 3]
    speed_m_s = rng.choice([30, 50, 70, 90], len(edges)) / 3.6
    length_m = np.hypot(*(xy_m[edges[:, 0]] - xy_m[edges[:, 1]]).T)
    tail, head = np.hstack([edges.T, edges.T[::-1]])
    order = np.argsort(tail, kind="stable")
    weight_ms = np.maximum(np.rint(np.tile(length_m / speed_m_s * 1000, 2)), 1)[order].astype(np.int32)
    nodes = np.arange(n_nodes, dtype=np.int32)
    return Graph(
        f"planar, {n_nodes:,} nodes",
        np.searchsorted(tail[order], np.arange(n_nodes + 1)).astype(np.int64),
        np.ascontiguousarray(head[order], np.int32),
        weight_ms,
        np.tile(length_m, 2)[order],
        np.zeros(n_nodes, np.bool_),
        np.sort(rng.choice(nodes, n_sources, replace=False)),
        nodes,
    )


@dataclass(frozen=True)
class Task:
    """Something to time: ours by number of threads, and a peer or None."""

    name: str
    ours: Callable[[int], Any]
    peer: Callable[[], Any] | None
    per: int


def tasks_of(graph: Graph) -> list[Task]:
    """Times only, and with trees; checks first that both give the same times."""
    matrix, indices = graph.for_scipy()

    def ours(threads: int, keep_trees: bool) -> NDArray[np.int32]:
        g = graph
        return many_to_many(
            g.row_start, g.head, g.weight_ms, g.length_m, g.origins, g.targets, g.no_through, threads, keep_trees
        ).time_ms

    for threads in THREADS:
        found = ours(threads, True)
        expected = dijkstra(matrix, indices=indices)[:, graph.targets]
        expected[graph.origins[:, None] == graph.targets[None, :]] = 0
        wrong = np.where(found == UNREACHABLE_MS, np.inf, found) != expected
        if wrong.any():
            sys.exit(f"{graph.name}: {wrong.sum()} of {wrong.size} times differ from SciPy with {threads} threads")
    label = f"{graph.name}: {graph.origins.size:,} origins, {graph.head.size:,} links"
    return [
        Task(f"{label}, times", lambda n: ours(n, False), lambda: dijkstra(matrix, indices=indices), len(indices)),
        Task(
            f"{label}, trees",
            lambda n: ours(n, True),
            lambda: dijkstra(matrix, indices=indices, return_predecessors=True),
            len(indices),
        ),
    ]


def loading(network: RoadNetwork) -> Task:
    """An origin-destination matrix with a flow in every cell that can be reached."""
    skim = road_skim(network)
    od = np.where(np.isfinite(skim.time_min), 1.0, 0.0)
    if skim.trees is None:
        sys.exit("no trees were kept")
    trees = skim.trees
    if load(trees, od, 1).tobytes() != load(trees, od, 2).tobytes():
        sys.exit("loading differs between one and two threads")
    return Task(f"zemgale: load {od.size:,} pairs", lambda n: load(trees, od, n), None, network.n_zones)


def measure(tasks: list[Task], rounds: int) -> dict[tuple[int, int], tuple[float, float]]:
    """Median wall and processor seconds by (task, threads); threads 0 is the peer."""
    runs: dict[tuple[int, int], Callable[[], Any]] = {}
    for number, task in enumerate(tasks):
        for threads in THREADS:
            runs[number, threads] = lambda task=task, threads=threads: task.ours(threads)
        if task.peer is not None:
            runs[number, 0] = task.peer
    seen: dict[tuple[int, int], list[tuple[float, float]]] = {key: [] for key in runs}
    rng = np.random.default_rng(0)
    keys = list(runs)
    for _ in range(rounds):
        for position in rng.permutation(len(keys)):
            wall, cpu = time.perf_counter(), time.process_time()
            runs[keys[position]]()
            seen[keys[position]].append((time.perf_counter() - wall, time.process_time() - cpu))
    return {key: (median(w for w, _ in times[1:]), median(c for _, c in times[1:])) for key, times in seen.items()}


def rows_of(tasks: list[Task], times: dict[tuple[int, int], tuple[float, float]]) -> list[dict[str, Any]]:
    """One row per task and number of threads."""
    rows = []
    for number, task in enumerate(tasks):
        peer = times.get((number, 0))
        for threads in THREADS:
            wall, cpu = times[number, threads]
            rows.append(
                {
                    "task": task.name,
                    "threads": threads,
                    "seconds": wall,
                    "cpu_seconds": cpu,
                    "us_per_origin": wall / task.per * 1e6,
                    "peer": None if peer is None else "scipy dijkstra",
                    "peer_seconds": None if peer is None else peer[0],
                    "ratio": None if peer is None else peer[0] / wall,
                    "cpu_ratio": None if peer is None else peer[1] / cpu,
                }
            )
    return rows


def main() -> None:
    parser = argparse.ArgumentParser(description="Road skims against SciPy")
    parser.add_argument("--rounds", type=int, default=7, help="rounds, the first of which is dropped (default 7)")
    parser.add_argument("--nodes", type=int, default=30_000, help="nodes of the generated graph (default 30000)")
    parser.add_argument("--sources", type=int, default=64, help="origins on the generated graph (default 64)")
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    options = parser.parse_args()
    if options.rounds < 2:
        parser.error("--rounds must be 2 or more")
    network = RoadNetwork.from_region(zemsim.load_region("zemgale"))
    tasks = [*tasks_of(zemgale(network)), loading(network), *tasks_of(planar(options.nodes, options.sources))]
    load_before = os.getloadavg()[0]
    rows = rows_of(tasks, measure(tasks, options.rounds))
    machine = {
        "python": platform.python_version(),
        "machine": platform.machine(),
        "cores": os.cpu_count(),
        "load_average": [round(load_before, 2), round(os.getloadavg()[0], 2)],
        **{name: version(name) for name in ("numpy", "scipy", "numba")},
    }
    if options.json:
        print(json.dumps({"machine": machine, "rounds": options.rounds, "rows": rows}, indent=2))
        return
    print("all times equal SciPy's; same bytes with 1 and 2 threads")
    print(" ".join(f"{key}={value}" for key, value in machine.items()))
    print(f"{'task':<62}{'threads':>8}{'ms':>10}{'us/origin':>11}{'scipy ms':>10}{'ratio':>8}{'by cpu':>8}")
    for row in rows:
        peer = ["", "", ""]
        if row["peer"]:
            peer = [f"{row['peer_seconds'] * 1e3:.1f}", f"{row['ratio']:.1f}x", f"{row['cpu_ratio']:.1f}x"]
        print(
            f"{row['task']:<62}{row['threads']:>8}{row['seconds'] * 1e3:>10.1f}{row['us_per_origin']:>11.1f}"
            f"{peer[0]:>10}{peer[1]:>8}{peer[2]:>8}"
        )


if __name__ == "__main__":
    main()
