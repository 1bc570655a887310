"""The order of the road nodes for fast searches, found from the built road tables."""

from __future__ import annotations

import numpy as np

from zemsim.region import road_order
from zemsim.region.make.pack import Pack
from zemsim.region.tables import read_rows


def build(pack: Pack) -> None:
    """Write ``road_order.json``; ``road_nodes.csv`` and ``road_links.csv`` must be there."""
    header, rows = read_rows(pack.folder / "road_nodes.csv")
    column = header.index("node_id")
    position = {node_id: idx for idx, node_id in enumerate(sorted(cells[column] for _, cells in rows))}
    header, rows = read_rows(pack.folder / "road_links.csv")
    columns = header.index("from_node"), header.index("to_node")
    tail, head = (np.array([position[cells[c]] for _, cells in rows], np.int32) for c in columns)
    road_order.write_rank(pack.folder, tail, head, len(position))
