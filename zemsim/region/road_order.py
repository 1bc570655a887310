"""The order in which a contraction hierarchy takes out the nodes of a road graph, kept beside the pack.

``road_order.json`` holds the place of each node, nodes in the order of their ids, and the digest of the graph that it
was made for. Any order gives right times; this one saves finding a good one again at each start.
"""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from zemsim.core import fingerprint
from zemsim.core.atomic import write_json
from zemsim.core.errors import InputError
from zemsim.kernels.dissection import dissection_rank
from zemsim.kernels.neighbours import neighbours
from zemsim.region.tables import read_text

FILE = "road_order.json"

Int32 = NDArray[np.int32]


def graph_digest(tail: Int32, head: Int32, n_nodes: int) -> str:
    """Digest of which nodes are joined, whatever the order, direction and number of the links between them."""
    start, near = neighbours(tail, head, n_nodes)
    return fingerprint.of_bytes(start.astype("<i8").tobytes() + near.astype("<i4").tobytes())


def write_rank(folder: Path, tail: Int32, head: Int32, n_nodes: int) -> None:
    """Find an order and write it."""
    rank = dissection_rank(tail, head, n_nodes)
    write_json(folder / FILE, {"graph": graph_digest(tail, head, n_nodes), "rank": rank.tolist()})


def node_rank(folder: Path | None, tail: Int32, head: Int32, n_nodes: int) -> Int32:
    """Place of each node in the order, int32 [N]: the one of the pack if it is of this graph, else found anew.

    Parameters
    ----------
    folder : Path or None
        Of the pack; None if there is none.
    tail, head : int32 [L]
        Nodes that each link joins, numbered in the order of their ids.
    n_nodes : int

    Raises
    ------
    InputError
        If the file is no order of nodes.
    """
    path = None if folder is None else folder / FILE
    if path is not None and path.is_file():
        try:
            stored = json.loads(read_text(path))
            rank = np.array(stored["rank"], np.int64)
            graph = str(stored["graph"])
        except (ValueError, KeyError, TypeError, OverflowError) as error:
            raise InputError(f"this is not an order of road nodes: {error}", path, hint="delete it") from error
        if graph == graph_digest(tail, head, n_nodes):
            if rank.ndim != 1 or not np.array_equal(np.sort(rank), np.arange(n_nodes)):
                raise InputError(f"rank must hold each number from 0 to {n_nodes - 1} once", path, hint="delete it")
            return rank.astype(np.int32)
    return dissection_rank(tail, head, n_nodes)
