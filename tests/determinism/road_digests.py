"""Print digests of what the road kernels make of a generated graph: ``python road_digests.py THREADS``."""

from __future__ import annotations

import hashlib
import sys
from collections.abc import Iterator

import numpy as np

from benchmarks.one_lane import sweep_one
from zemsim.kernels.bucket_queue import search_graph, shortest_from
from zemsim.kernels.customise import customise
from zemsim.kernels.dissection import dissection_rank
from zemsim.kernels.hierarchy import build_hierarchy
from zemsim.kernels.lanes import LANES, UNREACHABLE, Parts
from zemsim.kernels.loading import load_flows
from zemsim.kernels.pieces import pieces_of
from zemsim.kernels.sweep import members_between, slice_of, sweep

N_NODES = 90
#: So little that the hierarchy has several pieces on several levels.
MOST_WORK = 100


def results(threads: int) -> Iterator[tuple[str, tuple[np.ndarray, ...]]]:
    """Name and arrays of each result; more than 64 origins, so that there are several blocks."""
    rng = np.random.default_rng(5)
    ends = rng.integers(0, N_NODES, (2, 3 * N_NODES)).astype(np.int32)
    tail, head = np.concatenate([ends, ends[::-1]], axis=1)
    tail, head = np.ascontiguousarray(tail), np.ascontiguousarray(head)
    time_ms = rng.integers(1, 50, (tail.size, LANES)).astype(np.int32)
    time_ms[rng.random(time_ms.shape) < 0.1] = UNREACHABLE
    length = rng.integers(0, 3, tail.size).astype(np.int32)
    rank = dissection_rank(tail, head, N_NODES)
    hierarchy = build_hierarchy(tail, head, rank)
    arcs = hierarchy.parent, hierarchy.up_start, hierarchy.up_tail, hierarchy.up_head
    hierarchy = hierarchy._replace(pieces=pieces_of(*arcs, MOST_WORK))
    yield "hierarchy", (rank, *hierarchy[:-1], *hierarchy.pieces)
    nodes = np.arange(N_NODES, dtype=np.int32)
    members = members_between(hierarchy, nodes, nodes)
    od = rng.random((N_NODES, N_NODES))
    one: Parts = (np.ascontiguousarray(time_ms[:, 3]), length)
    every: Parts = (time_ms, np.repeat(length[:, None], LANES, axis=1))
    for name, links, position in (("one", one, 0), ("sixteen", every, 3)):
        metric = customise(hierarchy, links, threads=threads)
        yield f"metric {name}", (*metric.up, *metric.down, metric.up_kept, metric.down_kept)
        graph = slice_of(hierarchy, metric, members, position)
        found = sweep(members, graph, threads)
        yield "labels", (found.rows(0), found.rows(1))
        yield "flows", load_flows(hierarchy, links, metric, members, graph, od, position, threads)
        yield "labels of one", sweep_one(members, graph, 7)
    tree = shortest_from(search_graph(tail, head, one, hierarchy.rank), 7)
    yield "tree", (*tree.labels, tree.last_link)


def digests(threads: int) -> list[str]:
    """One line a result."""
    lines = []
    for name, arrays in results(threads):
        digest = hashlib.sha256(b"".join(np.ascontiguousarray(array).tobytes() for array in arrays))
        lines.append(f"{name} {digest.hexdigest()}")
    return lines


if __name__ == "__main__":
    print("\n".join(digests(int(sys.argv[1]))))
