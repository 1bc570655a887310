"""A sweep from a single origin, one lane wide; the program itself sweeps from sixteen at once."""

from __future__ import annotations

import numpy as np

from zemsim.kernels.lanes import LANES, Parts
from zemsim.kernels.sweep import Members, Slice, sweep_batches


def sweep_one(members: Members, graph: Slice, origin: int) -> Parts:
    """Labels from one origin to all members, one lane wide: what a single query costs least with.

    Parameters
    ----------
    members : Members
    graph : Slice
        Of these members.
    origin : int
        Position among the origins of ``members``.

    Returns
    -------
    tuple of int32 [K]
        By member; meaningless where a member does not descend.
    """
    n_members = members.rank.size
    labels = tuple(np.empty(n_members, np.int32) for _ in graph.up.weight)
    members = members._replace(origins=members.origins[origin : origin + 1])
    marked, path, ends = np.zeros(n_members, np.bool_), np.empty(n_members, np.int32), np.empty(LANES + 1, np.int64)
    sweep_batches(0, 1, members, graph, False, labels, marked, path, ends, labels)
    return labels
