"""Tasks on road graphs: one to all, zones to zones, sixteen sets of times."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.sparse.csgraph import dijkstra

from benchmarks.graphs import Graph
from benchmarks.machine import SIZES_MB, reads_gb_s
from benchmarks.one_lane import sweep_one
from benchmarks.options import DifferentError, Options
from benchmarks.road_peers import ONE_BY_ONE, Aequilibrae, Peer, RoutingKit
from benchmarks.timing import ONE_THREAD, Task, Way
from zemsim.kernels.customise import customise
from zemsim.kernels.dissection import dissection_rank
from zemsim.kernels.hierarchy import build_hierarchy
from zemsim.kernels.lanes import LANES, UNREACHABLE
from zemsim.kernels.neighbours import neighbours
from zemsim.kernels.sweep import Members, Slice, members_between, slice_of, sweep

ORIGINS = 64
#: Nodes from which on peers that search one by one get few origins, and AequilibraE none.
LARGE = 100_000
_FEW, _SOME = 4, 32
#: Least ratio of one thread to two on a large graph.
_SCALING = 1.7


def tasks(graph: Graph, options: Options) -> Iterator[Task]:
    """All tasks on one graph that are asked for; each is checked before it is handed out."""
    threads, zones, origins = options.threads, graph.zones.size, min(ORIGINS, graph.n_nodes)
    makers: dict[str, Callable[[str, Any, dict[str, Peer]], Task]] = {
        f"skim of {zones:,} zones": partial(_skim, graph, options),
        f"{origins} origins to all nodes": partial(_one_to_all, graph, options),
    }
    if threads == 1:
        makers["order of the nodes"] = partial(_order, graph, options)
        makers["one origin to all nodes"] = partial(_single, graph)
    makers[f"16 sets of times, each a skim of {zones:,} zones"] = partial(_sixteen, graph, options)
    wanted = [words for words in makers if options.wants(f"{graph.name}: {words}")]
    if not wanted:
        return
    peers = {kind.name: kind(graph, threads) for kind in (RoutingKit, *ONE_BY_ONE) if options.has(kind.name)}
    if options.has(Aequilibrae.name) and graph.n_nodes < LARGE:
        peers[Aequilibrae.name] = Aequilibrae(graph, threads)
    metric = customise(graph.hierarchy, (graph.time_ms,))
    for words in wanted:
        yield makers[words](words, metric, peers)


def _way(peer: Peer, origins: NDArray[Any], targets: NDArray[Any] | None, part: int) -> Way:
    """A peer from all origins at once, or from a part of them where it goes one by one."""
    note = ""
    if isinstance(peer, ONE_BY_ONE) and part < origins.size:
        origins, note = origins[:: origins.size // part][:part], f"{part} of {origins.size:,} origins"
    return Way(peer.name, lambda: peer.matrix(origins, targets), origins.size, note, peer.build_s, peer.memory_mb)


def _part(graph: Graph) -> int:
    return _FEW if graph.n_nodes >= LARGE else _SOME


def bound_s(graph: Slice, members: Members, targets: int, machine: dict[str, float]) -> float:
    """Least seconds per origin: labels of 16 lanes read once per arc, and results written once.

    Both at the bandwidth of the nearest memory that holds the labels, and the results of all origins.
    """
    arcs = graph.down.head.size * LANES * 4
    read = arcs / reads_gb_s(machine, members.rank.size * LANES * 4) / 1e9 / LANES
    rows = targets * 4
    rate = min(reads_gb_s(machine, rows * members.origins.size), machine["read_L3_gb_s"])
    if rows * members.origins.size > SIZES_MB["L3"] * 2**20:
        rate = machine["copy_memory_gb_s"]
    return read + rows / rate / 1e9


def customising_bound_s(graph: Graph, machine: dict[str, float]) -> float:
    """Least seconds to put sixteen sets of times on the arcs.

    Times of links are read once from memory and labels of both directions written once; in each of two passes a
    triangle reads the two labels of its upper arc, at best from the second cache.
    """
    row = LANES * 4
    degree = np.diff(graph.hierarchy.up_start)
    triangles = int((degree * (degree - 1) // 2).sum())
    links = graph.time_ms.size * row / machine["read_memory_gb_s"]
    arcs = 2 * graph.hierarchy.n_arcs * row / machine["copy_memory_gb_s"]
    return (links + arcs + 2 * triangles * 2 * row / machine["read_L2_gb_s"]) / 1e9


def _series(graph: Graph, words: str) -> dict[str, Any]:
    """Group and size of a task, if there are graphs of other sizes."""
    return {"group": f"{graph.series}: {words}", "size": float(graph.n_nodes)} if graph.series else {}


def _scaled(ways: list[Way], options: Options, call: Callable[[], object], units: int) -> None:
    """Add our own way with one thread where there are more."""
    if options.threads > 1:
        ways.append(Way(ONE_THREAD, call, units))


def _skim(graph: Graph, options: Options, words: str, metric: Any, peers: dict[str, Peer]) -> Task:
    members = members_between(graph.hierarchy, graph.zones, graph.zones)
    arcs, n, zones = slice_of(graph.hierarchy, metric, members), graph.zones.size, graph.zones_in_order()
    found = sweep(members, arcs, options.threads).rows()
    _same(graph, found[:4], graph.zones[:4], graph.zones)
    if (sweep(members, arcs, 1).rows() != found).any():
        raise DifferentError(f"{graph.name}: skims differ between 1 and {options.threads} threads")
    compared = ["4 rows equal SciPy's"]
    for name in (RoutingKit.name, Aequilibrae.name):
        if name in peers:
            whole = peers[name].matrix(graph.zones, graph.zones)
            if (np.asarray(whole) != found).any():
                raise DifferentError(f"{graph.name}: skims of {name} differ")
            compared.append(f"all cells equal {name}'s")
    ways = [Way("ours", lambda: sweep(members, arcs, options.threads), n)]
    _scaled(ways, options, lambda: sweep(members, arcs, 1), n)
    ways += [_way(peer, zones, zones, _part(graph)) for peer in peers.values()]
    return Task(
        f"{graph.name}: {words}", "origin", ways,
        {"best": 10.0 if options.threads == 1 else 8.0, Aequilibrae.name: 50.0},
        bound_s(arcs, members, n, options.machine), "; ".join(compared), _goal_of_threads(graph),
        **_series(graph, words),
    )  # fmt: skip


def _goal_of_threads(graph: Graph) -> float:
    return _SCALING if graph.n_nodes >= LARGE else 0.0


def _one_to_all(graph: Graph, options: Options, words: str, metric: Any, peers: dict[str, Peer]) -> Task:
    every = np.argsort(graph.hierarchy.rank).astype(np.int32)
    origins = graph.origins(ORIGINS)
    members = members_between(graph.hierarchy, origins, every)
    arcs = slice_of(graph.hierarchy, metric, members)
    room = sweep(members, arcs, options.threads)  # written over, as in a model that asks again
    _same(graph, room.rows()[:4, graph.hierarchy.rank], origins[:4], None)
    ways = [Way("ours", lambda: sweep(members, arcs, options.threads, room), origins.size)]
    _scaled(ways, options, lambda: sweep(members, arcs, 1, room), origins.size)
    ways += [_way(peer, origins, None, _part(graph) // 2) for peer in peers.values() if peer.name != Aequilibrae.name]
    return Task(
        f"{graph.name}: {words}", "origin", ways, {"best": 20.0},
        bound_s(arcs, members, graph.n_nodes, options.machine), "4 rows equal SciPy's", **_series(graph, words),
    )  # fmt: skip


def _order(graph: Graph, options: Options, words: str, metric: Any, peers: dict[str, Peer]) -> Task:
    """The order in which nodes are taken out, once for a network; arcs of the hierarchy tell how good it is."""
    ways = [Way("ours", lambda: dissection_rank(graph.tail, graph.head, graph.n_nodes), 1)]
    checked = f"{graph.hierarchy.n_arcs:,} arcs with our order"
    if options.has("pymetis"):
        ways.append(Way("pymetis", lambda: metis_rank(graph), 1))
        theirs = build_hierarchy(graph.tail, graph.head, metis_rank(graph))
        checked += f", {theirs.n_arcs:,} with that of METIS"
    return Task(f"{graph.name}: {words}", "order", ways, {}, checked=checked, **_series(graph, words))


def metis_rank(graph: Graph) -> NDArray[np.int32]:
    """Nested dissection of METIS."""
    import pymetis

    start, near = neighbours(graph.tail, graph.head, graph.n_nodes)
    _, rank = pymetis.nested_dissection(pymetis.CSRAdjacency(start.astype(np.int32), near))
    return np.asarray(rank, np.int32)


def _single(graph: Graph, words: str, metric: Any, peers: dict[str, Peer]) -> Task:
    """One origin, in one lane."""
    every = np.argsort(graph.hierarchy.rank).astype(np.int32)
    origin = graph.origins(ORIGINS)[3:4]
    members = members_between(graph.hierarchy, origin, every)
    arcs = slice_of(graph.hierarchy, metric, members)
    _same(graph, sweep_one(members, arcs, 0)[0][None, graph.hierarchy.rank], origin, None)
    ways = [Way("ours", lambda: sweep_one(members, arcs, 0), 1)]
    ways += [_way(peer, origin, None, 1) for peer in peers.values() if peer.name != Aequilibrae.name]
    checked = "equal to SciPy's row"
    return Task(f"{graph.name}: {words}", "origin", ways, {"best": 4.0}, checked=checked, **_series(graph, words))


def _sixteen(graph: Graph, options: Options, words: str, metric: Any, peers: dict[str, Peer]) -> Task:
    """Sixteen sets of times put on the hierarchy, and a skim in each."""
    between = members_between(graph.hierarchy, graph.zones, graph.zones)
    zones = graph.zones_in_order()

    def ours(threads: int) -> None:
        sets = customise(graph.hierarchy, (graph.slices,), threads=threads)
        for position in range(LANES):
            sweep(between, slice_of(graph.hierarchy, sets, between, position, threads), threads)

    last = slice_of(
        graph.hierarchy, customise(graph.hierarchy, (graph.slices,), threads=options.threads), between, LANES - 1
    )
    alone = customise(graph.hierarchy, (np.ascontiguousarray(graph.slices[:, LANES - 1]),))
    if (sweep(between, last).rows() != sweep(between, slice_of(graph.hierarchy, alone, between)).rows()).any():
        raise DifferentError(f"{graph.name}: a slice differs from the same times alone")
    ways = [Way("ours", lambda: ours(options.threads), LANES)]
    _scaled(ways, options, lambda: ours(1), LANES)
    peer = peers.get(RoutingKit.name)
    if isinstance(peer, RoutingKit):
        ways.append(Way(peer.name, lambda: peer.sixteen(zones), LANES, "", peer.build_s, peer.memory_mb))
    skim_s = zones.size * bound_s(last, between, zones.size, options.machine)
    return Task(
        f"{graph.name}: {words}", "set", ways, {RoutingKit.name: 5.0},
        customising_bound_s(graph, options.machine) / LANES + skim_s,
        "the last set equals the same times alone", _goal_of_threads(graph), **_series(graph, words),
    )  # fmt: skip


def _same(graph: Graph, found: NDArray[Any], origins: NDArray[Any], targets: NDArray[Any] | None) -> None:
    wanted = dijkstra(graph.matrix, indices=origins)
    wanted = wanted if targets is None else wanted[:, targets]
    wrong = int((np.where(found == UNREACHABLE, np.inf, found) != wanted).sum())
    if wrong:
        raise DifferentError(f"{graph.name}: {wrong:,} of {wanted.size:,} times differ from SciPy's")
