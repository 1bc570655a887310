"""Shortest paths on a road graph: from many origins to all nodes, with trees, in whole milliseconds.

A graph of N nodes and L directed links is stored by tail (compressed rows): the links that leave node ``u`` are
``row_start[u] .. row_start[u + 1] - 1``, ``head[link]`` is the node at their end, ``weight_ms[link]`` their time.
Weights are whole numbers of at least 1, so sums are exact and the result does not depend on the order of the work:

* a node's predecessor is, of all last links of a shortest path to it, the one with the lowest number;
* nodes are settled in the order of (time, node number).

Method: Dijkstra (1959) with a 4-ary heap of packed keys ``time << 32 | node`` and a position per node, so that a key is
moved and never doubled.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numba import njit
from numpy.typing import NDArray

from zemsim.kernels.blocks import run_blocks

#: Time of a node that cannot be reached, and weight of a link that is closed. Paths of that length or more (298 hours)
#: count as unreachable.
UNREACHABLE_MS = (1 << 30) - 1

#: Origins of a block: a few ms of work on a regional network.
ORIGINS_PER_BLOCK = 16

_NODE_MASK = (1 << 32) - 1


class Trees(NamedTuple):
    """Shortest-path trees of O origins over N nodes.

    Attributes
    ----------
    pred_link : int32 [O, N]
        Last link of the path to the node; -1 at the origin and where unreachable.
    order : int32 [O, N]
        Nodes in the order in which they were settled, the origin first; -1 after the last.
    """

    pred_link: NDArray[np.int32]
    order: NDArray[np.int32]


class Paths(NamedTuple):
    """Result of :func:`many_to_many`.

    Attributes
    ----------
    time_ms : int32 [O, T]
        ``UNREACHABLE_MS`` where there is no path.
    length : float64 [O, T]
        Sum of ``link_length`` along the path; 0 where there is no path.
    trees : Trees or None
    """

    time_ms: NDArray[np.int32]
    length: NDArray[np.float64]
    trees: Trees | None


def one_to_all(
    origin: int,
    row_start: NDArray[np.int64],
    head: NDArray[np.int32],
    weight_ms: NDArray[np.int32],
    no_through: NDArray[np.bool_],
    time_ms: NDArray[np.int32],
    pred_link: NDArray[np.int32],
    order: NDArray[np.int32],
    heap: NDArray[np.int64],
    place: NDArray[np.int32],
) -> int:
    """Fill time, predecessor and order of one origin; return how many nodes were settled.

    ``heap`` (int64 [N]) and ``place`` (int32 [N], position of a node in the heap) are work space.
    """
    time_ms[:] = UNREACHABLE_MS
    pred_link[:] = -1
    order[:] = -1
    time_ms[origin] = 0
    heap[0] = origin
    place[origin] = 0
    size = 1
    settled = 0
    while size > 0:
        top = int(heap[0])
        size -= 1
        if size > 0:
            key = int(heap[size])
            i = 0
            while True:
                child = 4 * i + 1
                if child >= size:
                    break
                best = child
                best_key = int(heap[child])
                for other in range(child + 1, min(child + 4, size)):
                    if heap[other] < best_key:
                        best_key = int(heap[other])
                        best = other
                if best_key >= key:
                    break
                heap[i] = best_key
                place[best_key & _NODE_MASK] = i
                i = best
            heap[i] = key
            place[key & _NODE_MASK] = i
        tail = top & _NODE_MASK
        tail_ms = top >> 32
        order[settled] = tail
        settled += 1
        if no_through[tail] and tail != origin:
            continue
        for link in range(row_start[tail], row_start[tail + 1]):
            node = int(head[link])
            new_ms = tail_ms + int(weight_ms[link])
            old_ms = int(time_ms[node])
            if new_ms < old_ms:
                if old_ms == UNREACHABLE_MS:
                    i = size
                    size += 1
                else:
                    i = int(place[node])
                time_ms[node] = new_ms
                pred_link[node] = link
                key = (new_ms << 32) | node
                while i > 0:
                    parent = (i - 1) >> 2
                    if heap[parent] <= key:
                        break
                    heap[i] = heap[parent]
                    place[heap[i] & _NODE_MASK] = i
                    i = parent
                heap[i] = key
                place[node] = i
            elif new_ms == old_ms and new_ms < UNREACHABLE_MS and link < pred_link[node]:
                pred_link[node] = link
    return settled


def paths_of_rows(
    start: int,
    stop: int,
    origins: NDArray[np.int32],
    targets: NDArray[np.int32],
    row_start: NDArray[np.int64],
    head: NDArray[np.int32],
    tail: NDArray[np.int32],
    weight_ms: NDArray[np.int32],
    link_length: NDArray[np.float64],
    no_through: NDArray[np.bool_],
    time_out: NDArray[np.int32],
    length_out: NDArray[np.float64],
    pred_out: NDArray[np.int32],
    order_out: NDArray[np.int32],
    keep: bool,
) -> None:
    """Paths of the origins ``start .. stop - 1``; ``pred_out`` and ``order_out`` are touched only if ``keep``."""
    n_nodes = row_start.size - 1
    time_ms = np.empty(n_nodes, np.int32)
    length = np.zeros(n_nodes, np.float64)
    heap = np.empty(n_nodes, np.int64)
    place = np.empty(n_nodes, np.int32)
    pred = np.empty(n_nodes, np.int32)
    order = np.empty(n_nodes, np.int32)
    for row in range(start, stop):
        if keep:
            pred = pred_out[row]
            order = order_out[row]
        settled = one_to_all(origins[row], row_start, head, weight_ms, no_through, time_ms, pred, order, heap, place)
        length[origins[row]] = 0.0
        for rank in range(1, settled):
            node = order[rank]
            link = pred[node]
            length[node] = length[tail[link]] + link_length[link]
        for column in range(targets.size):
            node = targets[column]
            time_out[row, column] = time_ms[node]
            length_out[row, column] = length[node] if time_ms[node] < UNREACHABLE_MS else 0.0


def many_to_many(
    row_start: NDArray[np.int64],
    head: NDArray[np.int32],
    weight_ms: NDArray[np.int32],
    link_length: NDArray[np.float64],
    origins: NDArray[np.int32],
    targets: NDArray[np.int32],
    no_through: NDArray[np.bool_] | None = None,
    threads: int = 1,
    keep_trees: bool = False,
) -> Paths:
    """Shortest paths from each origin to each target.

    Parameters
    ----------
    row_start : int64 [N + 1]
        First link of each node; the last entry is L.
    head : int32 [L]
        Node at the end of each link.
    weight_ms : int32 [L]
        Time of each link, 1 to ``UNREACHABLE_MS``; the latter closes it.
    link_length : float64 [L]
        What is summed along the paths, in any unit, zero or more.
    origins, targets : int32 [O], [T]
        Nodes.
    no_through : bool [N], optional
        Nodes that a path may begin or end at, but not pass (zone centroids).
    threads : int
        One or more; the result is the same for any number.
    keep_trees : bool
        Whether the trees are returned (8 bytes per origin and node).

    Raises
    ------
    ValueError
        If shapes, types or ranges are wrong; the message names the array.
    """
    n_nodes = row_start.size - 1
    no_through = np.zeros(n_nodes, np.bool_) if no_through is None else no_through
    _check(row_start, head, weight_ms, link_length, origins, targets, no_through)
    tail = np.repeat(np.arange(n_nodes, dtype=np.int32), np.diff(row_start))
    time_ms = np.empty((origins.size, targets.size), np.int32)
    length = np.empty((origins.size, targets.size), np.float64)
    kept = (origins.size, n_nodes) if keep_trees else (0, n_nodes)
    trees = Trees(np.empty(kept, np.int32), np.empty(kept, np.int32))
    run_blocks(
        _paths_of_rows,
        origins.size,
        threads,
        origins,
        targets,
        row_start,
        head,
        tail,
        weight_ms,
        link_length,
        no_through,
        time_ms,
        length,
        trees.pred_link,
        trees.order,
        keep_trees,
        block_rows=ORIGINS_PER_BLOCK,
    )
    return Paths(time_ms, length, trees if keep_trees else None)


def _check(
    row_start: NDArray[Any],
    head: NDArray[Any],
    weight_ms: NDArray[Any],
    link_length: NDArray[Any],
    origins: NDArray[Any],
    targets: NDArray[Any],
    no_through: NDArray[Any],
) -> None:
    """Refuse arrays that the kernel would misread."""
    n_nodes, n_links = row_start.size - 1, head.size
    for name, array, dtype, size in (
        ("row_start", row_start, np.int64, None),
        ("head", head, np.int32, n_links),
        ("weight_ms", weight_ms, np.int32, n_links),
        ("link_length", link_length, np.float64, n_links),
        ("origins", origins, np.int32, None),
        ("targets", targets, np.int32, None),
        ("no_through", no_through, np.bool_, n_nodes),
    ):
        if array.ndim != 1 or array.dtype != dtype or not array.flags.c_contiguous:
            raise ValueError(f"{name} must be a contiguous one-dimensional array of {np.dtype(dtype)}")
        if size is not None and array.size != size:
            raise ValueError(f"{name} must have {size} entries, not {array.size}")
    if n_nodes < 0 or row_start[0] != 0 or row_start[-1] != n_links or (np.diff(row_start) < 0).any():
        raise ValueError("row_start must rise from 0 to the number of links")
    for name, array in (("head", head), ("origins", origins), ("targets", targets)):
        if array.size and (array.min() < 0 or array.max() >= n_nodes):
            raise ValueError(f"{name} must hold nodes from 0 to {n_nodes - 1}")
    if n_links and (weight_ms.min() < 1 or weight_ms.max() > UNREACHABLE_MS):
        raise ValueError(f"weight_ms must lie between 1 and {UNREACHABLE_MS}")
    if n_links and not (link_length.min() >= 0 and np.isfinite(link_length).all()):
        raise ValueError("link_length must be finite and not negative")


one_to_all = njit(cache=True, nogil=True)(one_to_all)
_paths_of_rows = njit(cache=True, nogil=True)(paths_of_rows)
