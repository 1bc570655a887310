"""Loading: put the flow of each origin-destination pair on the links of its shortest path.

A tree is walked from its leaves to its origin, in the reverse of the order in which its nodes were settled: the flow of
a node's subtree goes onto the link that leads to it, and on to the node before. That is one addition per node of the
tree, whatever the number of destinations.

Sums are made in a fixed order: origins in ascending order within blocks of fixed size, then the blocks in order. So the
result has the same bits for any number of threads.
"""

from __future__ import annotations

import numpy as np
from numba import njit
from numpy.typing import NDArray

from zemsim.kernels.blocks import run_blocks
from zemsim.kernels.shortest_path import Trees

#: Origins whose flows are summed into one partial result.
ORIGINS_PER_SUM = 128


def load_rows(
    start: int,
    stop: int,
    od: NDArray[np.float64],
    targets: NDArray[np.int32],
    tail: NDArray[np.int32],
    pred_link: NDArray[np.int32],
    order: NDArray[np.int32],
    partial: NDArray[np.float64],
    lost: NDArray[np.float64],
) -> None:
    """Flows of the origins ``start .. stop - 1`` into row ``start // ORIGINS_PER_SUM`` of ``partial``.

    ``lost[row]`` is the flow of an origin to targets that its tree does not reach.
    """
    n_nodes = pred_link.shape[1]
    at_node = np.zeros(n_nodes, np.float64)
    link_flow = partial[start // ORIGINS_PER_SUM]
    for row in range(start, stop):
        origin = order[row, 0]
        any_flow = False
        for column in range(targets.size):
            flow = od[row, column]
            if flow != 0.0:
                any_flow = True
                node = targets[column]
                if node != origin and pred_link[row, node] < 0:
                    lost[row] += flow
                else:
                    at_node[node] += flow
        if not any_flow:
            continue
        for rank in range(n_nodes - 1, 0, -1):
            node = order[row, rank]
            if node < 0:
                continue
            flow = at_node[node]
            if flow != 0.0:
                link = pred_link[row, node]
                link_flow[link] += flow
                at_node[tail[link]] += flow
                at_node[node] = 0.0
        at_node[origin] = 0.0


def load_trees(
    trees: Trees,
    tail: NDArray[np.int32],
    targets: NDArray[np.int32],
    od: NDArray[np.float64],
    threads: int = 1,
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Load origin-destination flows onto trees.

    Parameters
    ----------
    trees : Trees
        Of O origins over N nodes.
    tail : int32 [L]
        Node at the start of each link.
    targets : int32 [T]
        Node of each destination.
    od : float64 [O, T]
        Flow of each pair, finite and not negative, in any unit. Flow from a node to itself uses no link.
    threads : int
        One or more; the result is the same for any number.

    Returns
    -------
    flow : float64 [L]
        Flow of each link.
    lost : float64 [O]
        Flow of each origin to destinations that cannot be reached: it is on no link.
    """
    n_origins, n_nodes = trees.pred_link.shape
    if trees.order.shape != trees.pred_link.shape:
        raise ValueError("order and pred_link of the trees must have the same shape")
    if od.shape != (n_origins, targets.size) or od.dtype != np.float64 or not od.flags.c_contiguous:
        raise ValueError(f"od must be a contiguous float64 array of shape {(n_origins, targets.size)}")
    if od.size and not (od.min() >= 0 and np.isfinite(od).all()):
        raise ValueError("od must be finite and not negative")
    if targets.dtype != np.int32 or tail.dtype != np.int32:
        raise ValueError("targets and tail must be int32")
    if targets.size and (targets.min() < 0 or targets.max() >= n_nodes):
        raise ValueError(f"targets must hold nodes from 0 to {n_nodes - 1}")
    lost = np.zeros(n_origins, np.float64)
    partial = np.zeros((-(-n_origins // ORIGINS_PER_SUM), tail.size), np.float64)
    run_blocks(
        _load_rows,
        n_origins,
        threads,
        od,
        targets,
        tail,
        trees.pred_link,
        trees.order,
        partial,
        lost,
        block_rows=ORIGINS_PER_SUM,
    )
    flow = np.zeros(tail.size, np.float64)
    for row in partial:
        flow += row
    return flow, lost


_load_rows = njit(cache=True, nogil=True)(load_rows)
