"""Pieces of small trees by hand: a node with d arcs upwards has d (d + 1) / 2 triangles and arcs to work on."""

from __future__ import annotations

import numpy as np
import pytest

from zemsim.kernels.pieces import pieces_of


@pytest.mark.parametrize(
    ("parent", "heads", "most", "pieces", "level_start"),
    [
        # Work below and at each node: 3, 1, 7, 1, 2, 10, 10. Nodes 0 and 1 fill a piece of 4; 4 begins the next.
        ([2, 2, 5, 4, 5, 6, -1], [[2, 5], [2], [5, 6], [4], [5], [6], []], 4, [[0, 1], [3, 4], [2, 5, 6]], [0, 2, 3]),
        # All above the cut: the chain of 1 and 2 has a work of 6, that of 0 has 1; both meet in node 3.
        ([3, 2, 3, 4, -1], [[3], [2, 3], [3, 4], [4], []], 0, [[1, 2], [0], [3, 4]], [0, 0, 2, 3]),
        ([2, 2, -1], [[2], [2], []], 0, [[0], [1], [2]], [0, 0, 2, 3]),  # two chains meet in the highest node
        ([2, 3, -1, -1], [[2], [3], [], []], 1, [[0, 2], [1, 3]], [0, 2]),  # two trees, a piece each
        ([], [], None, [], [0]),
    ],
)
def test_pieces_of_trees(parent, heads, most, pieces, level_start) -> None:
    start = np.cumsum([0] + [len(head) for head in heads], dtype=np.int64)
    tail = np.repeat(np.arange(len(heads), dtype=np.int32), np.diff(start))
    head = np.array([node for some in heads for node in some], np.int32)
    found = pieces_of(np.array(parent, np.int32), start, tail, head, most)
    assert [part.tolist() for part in np.split(found.node, found.start[1:-1])] == (pieces or [[]])
    assert found.start[-1] == len(parent)
    assert found.level_start.tolist() == level_start
    assert [pieces[piece].count(node) for node, piece in enumerate(found.of_node)] == [1] * len(parent)
