"""Road graphs to time on: one that is made here from a stated seed, that of the embedded region, and TNTP files."""

from __future__ import annotations

import gzip
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix
from scipy.sparse.csgraph import breadth_first_order, connected_components, dijkstra
from scipy.spatial import Delaunay

from zemsim.kernels.dissection import dissection_rank
from zemsim.kernels.hierarchy import Hierarchy, build_hierarchy
from zemsim.kernels.lanes import LANES

#: Seed of the generated graphs, of the zones, of the origins, and of the sixteen sets of times.
SEED_GRAPH, SEED_ZONES, SEED_ORIGINS, SEED_SLICES = 1, 1, 2, 16

Int32 = NDArray[np.int32]


@dataclass(frozen=True, eq=False)
class Graph:
    """The largest strongly connected part of a road graph, without parallel links; zones are some of its nodes."""

    name: str
    tail: Int32
    head: Int32
    time_ms: Int32
    xy: NDArray[np.float32]
    zones: Int32
    series: str = ""  # graphs of one series differ in size only

    @property
    def n_nodes(self) -> int:
        return len(self.xy)

    @cached_property
    def matrix(self) -> csr_matrix:
        """Link times for SciPy."""
        size = (self.n_nodes, self.n_nodes)
        return csr_matrix((self.time_ms.astype(np.float64), (self.tail, self.head)), shape=size)

    @cached_property
    def hierarchy(self) -> Hierarchy:
        """Ours, in our own order."""
        return build_hierarchy(self.tail, self.head, dissection_rank(self.tail, self.head, self.n_nodes))

    @cached_property
    def slices(self) -> Int32:
        """Sixteen sets of times, int32 [L, 16]: each link up to twice as slow."""
        factor = np.random.default_rng(SEED_SLICES).uniform(1, 2, (self.time_ms.size, LANES))
        return (self.time_ms[:, None] * factor).astype(np.int32)

    def origins(self, count: int) -> Int32:
        """Some nodes to begin at, in the order of the hierarchy: what is close stands close."""
        every = np.argsort(self.hierarchy.rank).astype(np.int32)
        chosen = np.random.default_rng(SEED_ORIGINS).choice(every.size, min(count, every.size), replace=False)
        return every[np.sort(chosen)]

    def zones_in_order(self) -> Int32:
        """Zones in the order of the hierarchy: what a peer that takes origins one after another does best with."""
        return np.ascontiguousarray(self.zones[np.argsort(self.hierarchy.rank[self.zones])])


def graph_of(name: str, ends: NDArray[Any], time_ms: NDArray[Any], n_zones: int, xy: NDArray[Any] | None) -> Graph:
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
    zones = np.sort(np.random.default_rng(SEED_ZONES).choice(nodes, min(n_zones, nodes.size), replace=False))
    whole_ms = np.maximum(1, np.rint(time_ms[use])).astype(np.int32)
    places = _made_up_places(tail, head, nodes.size) if xy is None else (xy[inside] * 1e-5).astype(np.float32)
    return Graph(name, tail, head, whole_ms, places, zones)


def _made_up_places(tail: NDArray[Any], head: NDArray[Any], size: int) -> NDArray[np.float32]:
    """Distances in links from two far ends: what a peer that dissects by coordinates can work with."""
    matrix = csr_matrix((np.ones(tail.size), (tail, head)), shape=(size, size))
    one_end = int(breadth_first_order(matrix, 0, return_predecessors=False)[-1])
    far = dijkstra(matrix, indices=one_end, unweighted=True)
    other = dijkstra(matrix, indices=int(far.argmax()), unweighted=True)
    middle = int(np.abs(far - other).argmin())
    side = int(np.where(np.abs(far - other) < 0.1 * far.max(), dijkstra(matrix, indices=middle), 0).argmax())
    across = dijkstra(matrix, indices=side, unweighted=True)
    return np.stack([other - far, across], axis=1).astype(np.float32) * np.float32(1e-3)


def planar(n_nodes: int, n_zones: int) -> Graph:
    """Half of the edges of a Delaunay triangulation, both ways, at 30 to 90 km/h; nodes in no order.

    The name says how many nodes are made; the largest connected part, which is used, has about nine tenths of them.
    """
    rng = np.random.default_rng(SEED_GRAPH)
    xy_m = rng.uniform(0, 150_000, (n_nodes, 2))
    corners = Delaunay(xy_m).simplices
    edges = np.unique(np.sort(np.vstack([corners[:, [0, 1]], corners[:, [1, 2]], corners[:, [0, 2]]]), axis=1), axis=0)
    edges = edges[rng.random(len(edges)) < 1 / 2]
    length_m = np.hypot(*(xy_m[edges[:, 0]] - xy_m[edges[:, 1]]).T)
    time_ms = length_m / (rng.choice([30, 50, 70, 90], len(edges)) / 3.6) * 1000
    ends = np.hstack([edges.T, edges.T[::-1]])
    used = int(ends.max()) + 1
    graph = graph_of(f"planar {n_nodes:,}", ends, np.tile(time_ms, 2), n_zones, xy_m[:used])
    return replace(graph, series="planar")


def tntp(path: Path, n_zones: int) -> Graph:
    """A network in TNTP form: from, to, capacity, length, free-flow minutes; zones may be passed."""
    whole = path.read_bytes()
    text = (gzip.decompress(whole) if path.suffix == ".gz" else whole).decode("latin-1")
    lines = [line.strip() for line in text.splitlines()]
    rows = [line.split(";")[0].split() for line in lines if line and line[0] not in "<~"]
    table = np.array([[float(cell) for cell in row[:5]] for row in rows if len(row) >= 5])
    ends = table[:, :2].astype(np.int64).T - 1
    return graph_of(path.name.split("_net")[0], ends, table[:, 4] * 60_000, n_zones, None)


def networks_in(folder: Path, names: tuple[str, ...]) -> list[Path]:
    """Network files of these names under a folder, plain or packed."""
    found = []
    for name in names:
        files = sorted(p for p in folder.rglob(f"{name}_net.tntp*") if p.suffix in (".tntp", ".gz"))
        found += files[:1]
    return found
