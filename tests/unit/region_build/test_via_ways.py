"""A turn restriction by way of another way, by hand: whoever comes from elsewhere may still make the turn."""

from __future__ import annotations

import numpy as np
import pytest

from zemsim.region.build.graph import Edge, Places
from zemsim.region.build.osm import OsmExtract
from zemsim.region.build.report import Report
from zemsim.region.build.turn_states import TurnStates
from zemsim.region.build.turns import read_restrictions, restrict
from zemsim.region.geo import EUROPEAN

#: Nodes 0 to 5: 0-1 comes, 1-2 lies between, 2-3 goes; 4 hangs on 1, 5 on 2.
WAYS = [(0, 1), (1, 2), (2, 3), (4, 1), (2, 5)]


class _Kind:
    def turned(self) -> _Kind:
        return self


def _edges() -> list[Edge]:
    kind = _Kind()
    return [Edge(nodes, 0, kind, (100 + k, 0), k, k) for k, nodes in enumerate(WAYS)]


def _extract(*relations: dict[str, object]) -> OsmExtract:
    return OsmExtract(
        node_id=np.arange(6, dtype=np.int64),
        lon=24.0 + 0.001 * np.arange(6),
        lat=np.full(6, 56.5),
        way_id=100 + np.arange(5, dtype=np.int64),
        way_start=2 * np.arange(6, dtype=np.int64),
        refs=np.array(WAYS, np.int64).ravel(),
        tags=[{"highway": "residential"}] * 5,
        restrictions=list(relations),
        points=[],
        counts={},
    )


def _relation(come: int, go: int, *via: int, kind: str = "no_left_turn") -> dict[str, object]:
    return {"id": 9, "tags": {"restriction": kind}, "from": [come], "to": [go], "via": [], "via_ways": list(via)}


def _run(relation: dict[str, object]) -> Report:
    report = Report()
    extract = _extract(relation)
    rules = read_restrictions(extract, report)
    found = restrict(_edges(), rules, Places(extract, EUROPEAN), report)
    copies = len(found.edges) - len(WAYS)
    assert (
        report.total("turn restrictions", "note", "links that stand twice, for those who come from a restriction")
        == copies
    )
    return report


@pytest.mark.parametrize(("kind", "copies"), [("no_left_turn", 1), ("only_straight_on", 1)])
def test_the_way_between_stands_twice(kind: str, copies: int) -> None:
    report = _run(_relation(100, 102, 101, kind=kind))
    assert report.total("turn restrictions", "kept", "restrictions by way of other ways") == 1
    assert (
        report.total("turn restrictions", "note", "links that stand twice, for those who come from a restriction")
        == copies
    )


@pytest.mark.parametrize(
    ("relation", "action", "why"),
    [
        (_relation(100, 102, 103), "refused", "the ways of its middle do not lead from one end to the other"),
        (_relation(100, 102, 101, 103), "refused", "the ways of its middle do not lead from one end to the other"),
        (_relation(100, 102, 77), "refused", "a member lies outside the file"),
    ],
)
def test_what_is_refused_is_counted(relation: dict[str, object], action: str, why: str) -> None:
    report = _run(relation)
    assert report.total("turn restrictions", action, why) == 1


def test_states_of_two_sequences_share_their_beginning() -> None:
    """From 0-1 by 1-2 neither to 3 nor to 5: one copy serves both, and back is all that is left."""
    edges = _edges()
    come, middle, right, left, back = (0, True), (1, True), (2, True), (4, True), (1, False)
    states = TurnStates(edges, [(come, middle, right), (come, middle, left)])
    copy = states.copies[come, middle]
    assert len(states.edges) == len(edges) + 1
    banned = states.banned()
    assert banned[1][come] == {middle}
    assert banned[1][back] == {copy}
    assert banned[2][copy] == {right, left}
    assert middle not in banned[2]
