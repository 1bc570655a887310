"""Road kernels against SciPy and RoutingKit, in one process and interleaved: correctness first, then times.

    python benchmarks/roads.py [--rounds 5] [--nodes 30000] [--zones 1000] [--network FILE ...] [--json]

Graphs: the embedded region; a generated road-like graph (a thinned Delaunay triangulation, fixed seed); and networks in
TNTP form that are named by path (``*_net.tntp`` or ``.tntp.gz``).

Tasks: zones to zones (times in lanes; times and lengths; as rows), one to all in lanes, origins one at a time, putting
16 sets of times on the hierarchy and skimming each, loading a matrix onto the paths.

Peers: ``scipy.sparse.csgraph.dijkstra`` (all origins in one call; no threads), ``pyroutingkit`` (zones sorted, one
metric) and ``pymetis`` for the order, all of the extra ``bench``; a missing peer is reported. Each round times every
implementation once in a shuffled order; the first round is dropped, the median of the rest counts. Ratios are of
processor time where one thread works, for the machine may be busy.
"""

from __future__ import annotations

import argparse
import gzip
import importlib.util
import json
import os
import platform
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from importlib.metadata import version
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix
from scipy.sparse.csgraph import breadth_first_order, connected_components, dijkstra
from scipy.spatial import Delaunay

import zemsim
from zemsim.kernels.bucket_queue import search_graph, shortest_from
from zemsim.kernels.customise import customise
from zemsim.kernels.dissection import dissection_rank, neighbours
from zemsim.kernels.hierarchy import Hierarchy, build_hierarchy
from zemsim.kernels.lanes import LANES, UNREACHABLE, Parts
from zemsim.kernels.loading import load_flows
from zemsim.kernels.sweep import Members, members_between, slice_of, sweep, sweep_one
from zemsim.travel.roads import RoadNetwork

THREADS = (1, 2)
SOURCES = 64
PEER = "pyroutingkit"


@dataclass(frozen=True, eq=False)
class Graph:
    """The largest strongly connected part of a road graph, without parallel links; zones are some of its nodes."""

    name: str
    tail: NDArray[np.int32]
    head: NDArray[np.int32]
    time_ms: NDArray[np.int32]
    length_cm: NDArray[np.int32]
    xy: NDArray[np.float32]
    zones: NDArray[np.int32]

    @property
    def n_nodes(self) -> int:
        return len(self.xy)

    @cached_property
    def matrix(self) -> csr_matrix:
        """For SciPy."""
        size = (self.n_nodes, self.n_nodes)
        return csr_matrix((self.time_ms.astype(np.float64), (self.tail, self.head)), shape=size)

    @cached_property
    def hierarchy(self) -> Hierarchy:
        return build_hierarchy(self.tail, self.head, dissection_rank(self.tail, self.head, self.n_nodes))

    @cached_property
    def links(self) -> Parts:
        return self.time_ms, self.length_cm

    @cached_property
    def slices(self) -> NDArray[np.int32]:
        """Sixteen sets of times: each link up to twice as slow."""
        factor = np.random.default_rng(16).uniform(1, 2, (self.time_ms.size, LANES))
        return (self.time_ms[:, None] * factor).astype(np.int32)


def graph_of(name: str, ends: NDArray[Any], time_ms: NDArray[Any], length_cm: NDArray[Any], n_zones: int) -> Graph:
    """Cut to the largest part and the fastest of parallel links; coordinates are made up where there are none."""
    tail, head = ends
    size = int(ends.max()) + 1
    matrix = csr_matrix((np.ones(tail.size), (tail, head)), shape=(size, size))
    part = connected_components(matrix, connection="strong")[1]
    inside = part == np.bincount(part).argmax()
    number = np.cumsum(inside) - 1
    use = np.flatnonzero(inside[tail] & inside[head] & (tail != head))
    use = use[np.lexsort((time_ms[use], head[use], tail[use]))]
    first = np.ones(use.size, bool)
    first[1:] = (np.diff(tail[use]) != 0) | (np.diff(head[use]) != 0)
    use = use[first]
    tail, head = number[tail[use]].astype(np.int32), number[head[use]].astype(np.int32)
    nodes = np.arange(int(inside.sum()), dtype=np.int32)
    zones = np.sort(np.random.default_rng(1).choice(nodes, min(n_zones, nodes.size), replace=False))
    values = [np.maximum(1, np.rint(x[use])).astype(np.int32) for x in (time_ms, length_cm)]
    return Graph(name, tail, head, *values, _made_up_places(tail, head, nodes.size), zones)


def _made_up_places(tail: NDArray[Any], head: NDArray[Any], size: int) -> NDArray[np.float32]:
    """Distances in links from two far ends: what a peer that dissects by coordinates can work with."""
    matrix = csr_matrix((np.ones(tail.size), (tail, head)), shape=(size, size))
    ends = [int(breadth_first_order(matrix, 0, return_predecessors=False)[-1])]
    far = dijkstra(matrix, indices=ends[0], unweighted=True)
    ends.append(int(far.argmax()))
    other = dijkstra(matrix, indices=ends[1], unweighted=True)
    middle = int(np.abs(far - other).argmin())
    side = int(np.where(np.abs(far - other) < 0.1 * far.max(), dijkstra(matrix, indices=middle), 0).argmax())
    across = dijkstra(matrix, indices=side, unweighted=True)
    return np.stack([other - far, across], axis=1).astype(np.float32) * np.float32(1e-3)


def region_graph(n_zones: int) -> Graph:
    """The roads of the embedded region at free flow."""
    network = RoadNetwork.from_region(zemsim.load_region("zemgale"))
    ends = np.stack([network.tail, network.head])
    return graph_of("zemgale", ends, network.free_flow_s() * 1000, network.length_m * 100, n_zones)


def planar(n_nodes: int, n_zones: int, seed: int = 1) -> Graph:
    """Half of the edges of a Delaunay triangulation, both ways, at 30 to 90 km/h; nodes in no order."""
    rng = np.random.default_rng(seed)
    xy_m = rng.uniform(0, 150_000, (n_nodes, 2))
    corners = Delaunay(xy_m).simplices
    edges = np.unique(np.sort(np.vstack([corners[:, [0, 1]], corners[:, [1, 2]], corners[:, [0, 2]]]), axis=1), axis=0)
    edges = edges[rng.random(len(edges)) < 1 / 2]
    length_m = np.hypot(*(xy_m[edges[:, 0]] - xy_m[edges[:, 1]]).T)
    time_ms = length_m / (rng.choice([30, 50, 70, 90], len(edges)) / 3.6) * 1000
    ends = np.hstack([edges.T, edges.T[::-1]])
    return graph_of(f"planar {n_nodes:,}", ends, np.tile(time_ms, 2), np.tile(length_m * 100, 2), n_zones)


def tntp(path: Path, n_zones: int) -> Graph:
    """A network in TNTP form: from, to, capacity, length, free-flow minutes; zones may be passed."""
    whole = path.read_bytes()
    text = (gzip.decompress(whole) if path.suffix == ".gz" else whole).decode("latin-1")
    lines = [line.strip() for line in text.splitlines()]
    rows = [line.split(";")[0].split() for line in lines if line and line[0] not in "<~"]
    table = np.array([[float(cell) for cell in row[:5]] for row in rows if len(row) >= 5])
    ends = table[:, :2].astype(np.int64).T - 1
    return graph_of(path.name.split("_net")[0], ends, table[:, 4] * 60_000, table[:, 3] * 1e5, n_zones)


@dataclass(frozen=True)
class Task:
    """Something to time: ours by number of threads, peers by name; ``per`` origins."""

    name: str
    ours: Callable[[int], Any]
    peers: dict[str, Callable[[], Any]]
    per: int
    threads: tuple[int, ...] = THREADS


class Peer:
    """RoutingKit through ``pyroutingkit``: topology once, one metric."""

    def __init__(self, graph: Graph) -> None:
        import pyroutingkit

        self.topology = pyroutingkit.CCHTopology()
        ends = graph.tail.astype(np.uint32), graph.head.astype(np.uint32)
        self.topology.build(*ends, graph.xy[:, 1].copy(), graph.xy[:, 0].copy(), graph.n_nodes)
        self.metric = pyroutingkit.CCHMetric(self.topology)
        self.customise(graph.time_ms)

    def customise(self, time_ms: NDArray[Any]) -> None:
        self.metric.customize(time_ms.astype(np.uint32), 1)

    def matrix(self, origins: NDArray[Any], targets: NDArray[Any]) -> NDArray[Any]:
        return np.asarray(self.metric.distances_many_to_many(origins.astype(np.uint32), targets.astype(np.uint32)))


def tasks_of(graph: Graph) -> list[Task]:
    """All tasks on one graph, each checked before."""
    everyone = np.argsort(graph.hierarchy.rank).astype(np.int32)
    sources = np.sort(np.random.default_rng(2).choice(everyone, min(SOURCES, everyone.size), replace=False))
    between = members_between(graph.hierarchy, graph.zones, graph.zones)
    to_all = members_between(graph.hierarchy, sources, everyone)
    times, both = ((customise(graph.hierarchy, graph.links[:n])) for n in (1, 2))
    zones, all_nodes = (slice_of(graph.hierarchy, times, members) for members in (between, to_all))
    zones_both = slice_of(graph.hierarchy, both, between)
    search = search_graph(graph.tail, graph.head, graph.links[:1], graph.hierarchy.rank)
    od = np.ones((graph.zones.size, graph.zones.size))
    peer = Peer(graph) if importlib.util.find_spec(PEER) else None
    some = sources[: 8 if graph.n_nodes < 100_000 else 2]
    check(graph, peer, sweep(between, zones).rows(), sweep(to_all, all_nodes).rows()[:, graph.hierarchy.rank], sources)
    scipy_some = {f"scipy ({some.size} origins, scaled)": lambda: dijkstra(graph.matrix, indices=some)}
    nodes = np.arange(graph.n_nodes)

    def by_peer(call: Callable[[Peer], Any]) -> dict[str, Callable[[], Any]]:
        return {} if peer is None else {PEER: lambda: call(peer)}

    def load(threads: int) -> Any:
        return load_flows(graph.hierarchy, graph.links, both, between, zones_both, od, 0, threads)

    n_zones = graph.zones.size
    order = {"pymetis": lambda: by_metis(graph)} if importlib.util.find_spec("pymetis") else {}
    zones_peer = by_peer(lambda p: p.matrix(graph.zones, graph.zones))
    return [
        Task("order", lambda _: dissection_rank(graph.tail, graph.head, graph.n_nodes), order, graph.n_nodes, (1,)),
        Task("zones, times in lanes", lambda n: sweep(between, zones, n), zones_peer | scipy_some, n_zones),
        Task("zones, times in rows", lambda n: sweep(between, zones, n).rows(), zones_peer, n_zones),
        Task("zones, times and lengths", lambda n: sweep(between, zones_both, n), zones_peer, n_zones),
        Task(
            "one to all, lanes",
            lambda n: sweep(to_all, all_nodes, n),
            by_peer(lambda p: p.matrix(sources, nodes)) | scipy_some,
            sources.size,
        ),
        Task(
            "one to all, one at a time",
            lambda _: [sweep_one(to_all, all_nodes, one) for one in range(some.size)],
            by_peer(lambda p: [p.matrix(some[one : one + 1], nodes) for one in range(some.size)]) | scipy_some,
            some.size,
            (1,),
        ),
        Task(
            "one to all, buckets",
            lambda _: [shortest_from(search, int(one)) for one in some],
            scipy_some,
            some.size,
            (1,),
        ),
        Task("16 slices: customise", lambda _: customise(graph.hierarchy, (graph.slices,)), {}, LANES, (1,)),
        Task(
            "16 slices: customise, skim zones",
            lambda n: sixteen(graph, between, n),
            by_peer(lambda p: sixteen_by_peer(graph, p)),
            LANES * n_zones,
        ),
        Task("load all pairs of zones", load, {}, n_zones),
    ]


def by_metis(graph: Graph) -> None:
    """Nested dissection of METIS."""
    import pymetis

    start, near = neighbours(graph.tail, graph.head, graph.n_nodes)
    pymetis.nested_dissection(pymetis.CSRAdjacency(start.astype(np.int32), near))


def sixteen(graph: Graph, between: Members, threads: int) -> None:
    """Put 16 sets of times on the hierarchy and skim the zones in each."""
    metric = customise(graph.hierarchy, (graph.slices,))
    for position in range(LANES):
        sweep(between, slice_of(graph.hierarchy, metric, between, position), threads)


def sixteen_by_peer(graph: Graph, peer: Peer) -> None:
    for position in range(LANES):
        peer.customise(graph.slices[:, position])
        peer.matrix(graph.zones, graph.zones)
    peer.customise(graph.time_ms)


def check(graph: Graph, peer: Peer | None, zones: NDArray[Any], to_all: NDArray[Any], sources: NDArray[Any]) -> None:
    """Some rows equal SciPy's, and the zone matrix equals the peer's."""
    for origins, found in ((graph.zones[:4], zones[:4]), (sources[:4], to_all[:4])):
        wanted = dijkstra(graph.matrix, indices=origins)
        wanted = wanted[:, graph.zones] if found.shape[1] == graph.zones.size else wanted
        if (np.where(found == UNREACHABLE, np.inf, found) != wanted).any():
            sys.exit(f"{graph.name}: times differ from SciPy")
    if peer is not None and (peer.matrix(graph.zones, graph.zones) != zones).any():
        sys.exit(f"{graph.name}: times differ from {PEER}")


def measure(tasks: list[Task], rounds: int) -> dict[tuple[int, str], tuple[float, float]]:
    """Median wall and processor seconds by task and implementation (``ours N`` with N threads, or a peer)."""
    runs: dict[tuple[int, str], Callable[[], Any]] = {}
    for number, task in enumerate(tasks):
        for threads in task.threads:
            runs[number, f"ours {threads}"] = lambda task=task, threads=threads: task.ours(threads)
        runs |= {(number, name): call for name, call in task.peers.items()}
    seen: dict[tuple[int, str], list[tuple[float, float]]] = {key: [] for key in runs}
    rng = np.random.default_rng(0)
    keys = list(runs)
    for _ in range(rounds):
        for position in rng.permutation(len(keys)):
            wall, cpu = time.perf_counter(), time.process_time()
            runs[keys[position]]()
            seen[keys[position]].append((time.perf_counter() - wall, time.process_time() - cpu))
    return {key: (median(w for w, _ in times[1:]), median(c for _, c in times[1:])) for key, times in seen.items()}


def rows_of(graph: Graph, tasks: list[Task], times: dict[tuple[int, str], tuple[float, float]]) -> list[dict[str, Any]]:
    """One row per task and number of threads, with the ratio to each peer: by CPU for one thread, else by wall."""
    rows = []
    some = 8 if graph.n_nodes < 100_000 else 2
    for number, task in enumerate(tasks):
        for threads in task.threads:
            wall, cpu = times[number, f"ours {threads}"]
            kind = 1 if threads == 1 else 0
            ratios = {}
            for name in task.peers:
                scale = task.per / some if name.startswith("scipy") else 1.0
                ratios[name.split(" ")[0]] = times[number, name][kind] * scale / (wall, cpu)[kind]
            rows.append(
                {"graph": graph.name, "task": task.name, "threads": threads, "seconds": wall, "cpu_seconds": cpu}
                | {"us_per_origin": (wall, cpu)[kind] / task.per * 1e6, "ratio": ratios}
            )
    return rows


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=5, help="rounds, the first of which is dropped (default 5)")
    parser.add_argument(
        "--nodes", type=int, default=30_000, help="nodes of the generated graph (default 30000; 0 none)"
    )
    parser.add_argument("--zones", type=int, default=1000, help="zones of each graph (default 1000)")
    parser.add_argument("--network", type=Path, action="append", default=[], help="a TNTP network; may be repeated")
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    options = parser.parse_args()
    if options.rounds < 2:
        parser.error("--rounds must be 2 or more")
    graphs = [region_graph(options.zones)] + ([planar(options.nodes, options.zones)] if options.nodes else [])
    graphs += [tntp(path, options.zones) for path in options.network]
    load_before = os.getloadavg()[0]
    rows = []
    for graph in graphs:
        tasks = tasks_of(graph)
        rows += rows_of(graph, tasks, measure(tasks, options.rounds))
    machine = {"python": platform.python_version(), "machine": platform.machine(), "cores": os.cpu_count()}
    machine |= {"load_average": [round(load_before, 2), round(os.getloadavg()[0], 2)]}
    machine |= {name: version(name) for name in ("numpy", "scipy", "numba")}
    missing = [name for name in (PEER, "pymetis") if not importlib.util.find_spec(name)]
    if options.json:
        print(json.dumps({"machine": machine, "rounds": options.rounds, "missing": missing, "rows": rows}, indent=2))
        return
    print("times equal the peers'; " + " ".join(f"{key}={value}" for key, value in machine.items()))
    print(f"missing peers: {', '.join(missing) or 'none'}")
    print(f"{'graph':<18}{'task':<34}{'threads':>8}{'ms':>10}{'cpu ms':>10}{'us/origin':>11}  ratios")
    for row in rows:
        ratios = "  ".join(f"{name} {ratio:.1f}x" for name, ratio in row["ratio"].items())
        print(
            f"{row['graph']:<18}{row['task']:<34}{row['threads']:>8}{row['seconds'] * 1e3:>10.1f}"
            f"{row['cpu_seconds'] * 1e3:>10.1f}{row['us_per_origin']:>11.1f}  {ratios}"
        )


if __name__ == "__main__":
    main()
