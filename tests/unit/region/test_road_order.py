"""The order of road nodes beside the pack: used where it fits, found anew where not, refused where it is none."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

import zemsim
from zemsim.core.errors import InputError
from zemsim.kernels.dissection import dissection_rank
from zemsim.region.road_order import FILE, graph_digest, node_rank, write_rank
from zemsim.travel.road_network import RoadNetwork

TAIL = np.array([0, 1, 2, 3, 3, 0], np.int32)
HEAD = np.array([1, 2, 3, 4, 3, 1], np.int32)


def stored(folder: Path, **change: object) -> None:
    content = {"graph": graph_digest(TAIL, HEAD, 5), "rank": [4, 3, 2, 1, 0]} | change
    (folder / FILE).write_text(json.dumps(content), encoding="utf-8")


def test_an_order_of_this_graph_is_used(tmp_path: Path) -> None:
    stored(tmp_path)
    assert node_rank(tmp_path, TAIL, HEAD, 5).tolist() == [4, 3, 2, 1, 0]
    assert node_rank(tmp_path, HEAD[::-1].copy(), TAIL[::-1].copy(), 5).tolist() == [4, 3, 2, 1, 0]


def test_an_order_of_another_graph_is_found_anew(tmp_path: Path) -> None:
    stored(tmp_path, graph="another")
    wanted = dissection_rank(TAIL, HEAD, 5).tolist()
    assert node_rank(tmp_path, TAIL, HEAD, 5).tolist() == wanted
    assert node_rank(tmp_path / "nothing", TAIL, HEAD, 5).tolist() == wanted
    assert node_rank(None, TAIL, HEAD, 5).tolist() == wanted
    write_rank(tmp_path, TAIL, HEAD, 5)
    assert node_rank(tmp_path, TAIL, HEAD, 5).tolist() == wanted
    assert json.loads((tmp_path / FILE).read_text())["graph"] == graph_digest(TAIL, HEAD, 5)


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"graph": "x"}', '{"graph": "x", "rank": ["a"]}'])
def test_a_file_that_is_no_order_is_refused(tmp_path: Path, text: str) -> None:
    (tmp_path / FILE).write_text(text, encoding="utf-8")
    with pytest.raises(InputError, match="not an order of road nodes"):
        node_rank(tmp_path, TAIL, HEAD, 5)


@pytest.mark.parametrize("rank", [[0, 1, 2, 3], [0, 0, 1, 2, 3], [1, 2, 3, 4, 5], [[0, 1, 2, 3, 4]], 3])
def test_numbers_that_are_no_order_are_refused(tmp_path: Path, rank: object) -> None:
    stored(tmp_path, rank=rank)
    with pytest.raises(InputError, match="each number from 0 to 4 once"):
        node_rank(tmp_path, TAIL, HEAD, 5)


def test_the_embedded_region_carries_its_order() -> None:
    region = zemsim.load_region("zemgale")
    network = RoadNetwork.from_region(region)
    content = json.loads((region.folder / FILE).read_text(encoding="utf-8"))
    assert content["graph"] == graph_digest(network.tail, network.head, network.n_nodes)
    assert network.rank.tolist() == content["rank"]
