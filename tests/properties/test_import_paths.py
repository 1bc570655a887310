"""Roads of an import against their slow twin: one-ways, parallel streets, islands, chains, turn restrictions."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pandas as pd
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from tests.reference.osm_paths import Street, TurnRule, parts, seconds_between
from zemsim.region.build.osm import OsmExtract
from zemsim.region.build.report import Report
from zemsim.region.build.roads import road_tables
from zemsim.region.build.rules import Rules
from zemsim.region.geo import EUROPEAN, great_circle_m
from zemsim.travel.road_network import RoadNetwork
from zemsim.travel.roads import road_skim

SIDE = 4
STEP_DEG = 0.004
CONNECTOR_S = 1.0 / (25 / 3.6)


def _rules() -> Rules:
    rules = Rules.read()
    defaults = {**rules.tables["defaults"]}
    defaults["build.zone_links_max"] = {**defaults["build.zone_links_max"], "value": "1"}
    return Rules({**rules.tables, "defaults": defaults})


RULES = _rules()
DRIVEN = RULES.highways["residential"].drive_share[1]


def _place(node: int) -> tuple[float, float]:
    """Degrees of a node of the grid, shifted so that no two streets are equally long."""
    row, column = divmod(node, SIDE)
    return 24.0 + STEP_DEG * column + 0.0001 * (node % 5), 56.5 + 0.5 * STEP_DEG * row + 0.00007 * (node % 3)


def _neighbours() -> list[tuple[int, int]]:
    found = []
    for node in range(SIDE * SIDE):
        row, column = divmod(node, SIDE)
        found += [(node, node + 1)] if column + 1 < SIDE else []
        found += [(node, node + SIDE)] if row + 1 < SIDE else []
    return found


Way = tuple[int, int, int, int]
Rule = tuple[int, int, int, bool, tuple[int, ...]]


@st.composite
def towns(draw: Any) -> tuple[list[Way], list[Rule]]:
    """Streets (start, end, direction, limit) and rules (via, street in and out, only, streets between)."""
    pairs = draw(st.lists(st.sampled_from(_neighbours()), min_size=8, max_size=26))
    streets = [(a, b, draw(st.sampled_from((0, 0, 0, 1, -1))), draw(st.sampled_from((20, 30, 50)))) for a, b in pairs]
    rules: list[Rule] = []
    for _ in range(draw(st.integers(0, 5))):
        come = draw(st.integers(0, len(streets) - 1))
        via = node = streets[come][draw(st.integers(0, 1))]
        course = [come]
        for _ in range(draw(st.sampled_from((0, 0, 1, 1, 2)))):
            on = [k for k, street in enumerate(streets) if node in street[:2] and k not in course]
            if on:
                course.append(draw(st.sampled_from(on)))
                node = sum(streets[course[-1]][:2]) - node
        last = [k for k, street in enumerate(streets) if node in street[:2] and (len(course) == 1 or k not in course)]
        if last and _is_clear(streets, via, course, go := draw(st.sampled_from(last))):
            rules.append((via, come, go, draw(st.booleans()), tuple(course[1:])))
    return streets, rules


def _is_clear(streets: list[Way], via: int, course: list[int], go: int) -> bool:
    """Whether a relation, which does not say in which direction its ways are driven, can be read in one way only."""
    if len(course) == 1:
        return True
    readings = []
    for start in streets[course[1]][:2]:
        nodes = [start]
        for k in course[1:]:
            if nodes[-1] in streets[k][:2]:
                nodes.append(sum(streets[k][:2]) - nodes[-1])
        whole = len(nodes) == len(course) and len(set(nodes)) == len(nodes)
        if whole and nodes[0] in streets[course[0]][:2] and nodes[-1] in streets[go][:2]:
            readings.append(nodes)
    return len(readings) == 1 and readings[0][0] == via


def _extract(streets: list[Way], rules: list[Rule]) -> OsmExtract:
    nodes = np.arange(SIDE * SIDE, dtype=np.int64)
    places = np.array([_place(int(node)) for node in nodes])
    oneway = {0: "no", 1: "yes", -1: "-1"}
    return OsmExtract(
        node_id=nodes,
        lon=places[:, 0],
        lat=places[:, 1],
        way_id=np.arange(len(streets), dtype=np.int64) + 100,
        way_start=np.arange(len(streets) + 1, dtype=np.int64) * 2,
        refs=np.array([node for a, b, _, _ in streets for node in (a, b)], np.int64),
        tags=[{"highway": "residential", "oneway": oneway[d], "maxspeed": str(v)} for _, _, d, v in streets],
        restrictions=[
            {"id": k, "tags": {"restriction": "only_straight_on" if only else "no_left_turn"}, "from": [100 + come],
             "to": [100 + go], "via": [] if through else [via], "via_ways": [100 + way for way in through]}
            for k, (via, come, go, only, through) in enumerate(rules)
        ],
        points=[],
        counts={},
    )  # fmt: skip


def _street(number: int, street: Way) -> Street:
    a, b, direction, limit = street
    metres = float(great_circle_m(*_place(a), *_place(b)))
    return Street(number, a, b, direction, metres / (limit * DRIVEN / 3.6))


class _World:
    """What a road network reads of a region, from the tables of an import."""

    def __init__(self, zones: pd.DataFrame, nodes: list[Any], links: list[Any]) -> None:
        self.zones = zones
        self.road_nodes = pd.DataFrame(nodes)
        self.road_links = pd.DataFrame(links)

    def assumption(self, key: str) -> float:
        return 1.0


@settings(max_examples=80, deadline=None, suppress_health_check=[HealthCheck.filter_too_much, HealthCheck.too_slow])
@given(towns())
def test_times_are_those_of_the_slow_twin(town: Any) -> None:
    raw, raw_rules = town
    streets = [_street(number, street) for number, street in enumerate(raw)]
    found = parts(streets)
    assume(len(found[0]) >= 3)
    assume(len(found) == 1 or len(found[1]) < len(found[0]))
    main = found[0]
    vias = {rule[0] for rule in raw_rules} | {node for rule in raw_rules for k in rule[4] for node in raw[k][:2]}
    ends = sorted(main - vias)[:4]
    assume(len(ends) >= 2)
    inside = [street for street in streets if street.start in main and street.end in main]
    rules = [TurnRule(*rule) for rule in raw_rules]
    x, y = EUROPEAN.to_metres([_place(node)[0] for node in ends], [_place(node)[1] for node in ends])
    zones = pd.DataFrame(
        {"zone_id": [f"z{node}" for node in ends], "x_m": x, "y_m": y, "size_m": 100.0, "population": 10,
         "area_type": "countryside"}
    )  # fmt: skip
    tables = road_tables(_extract(raw, raw_rules), zones, EUROPEAN, RULES, Report())
    assert tables.joined.all()
    network = RoadNetwork.from_region(_World(zones, tables.nodes, tables.links))
    times = road_skim(network).time_min.astype(np.float64) * 60.0
    kept = {int(row["node_id"][1:].split("-")[0]) for row in tables.nodes if row["node_id"].startswith("n")}
    for a, origin in enumerate(ends):
        for b, dest in enumerate(ends):
            if a == b:
                continue
            slow = seconds_between(inside, rules, kept, origin, dest)
            fast = times[a, b] - 2 * CONNECTOR_S
            assert math.isinf(slow) == math.isinf(fast), (origin, dest, slow, fast)
            if math.isfinite(slow):
                assert abs(slow - fast) <= 0.01 * slow + 0.5, (origin, dest, slow, fast)


def test_lengths_and_times_are_above_zero() -> None:
    """Two nodes at one place: the link between them gets a length."""
    extract = _extract([(0, 1, 0, 50), (1, 2, 0, 50), (2, 0, 0, 50)], [])
    extract.lon[1], extract.lat[1] = extract.lon[0], extract.lat[0]
    zones = pd.DataFrame(
        {"zone_id": ["a"], "x_m": [4_300_000.0], "y_m": [3_700_000.0], "size_m": 100.0, "population": 10,
         "area_type": "city"}
    )  # fmt: skip
    x, y = EUROPEAN.to_metres(extract.lon[2], extract.lat[2])
    zones["x_m"], zones["y_m"] = float(x), float(y)
    tables = road_tables(extract, zones, EUROPEAN, RULES, Report())
    assert min(link["length_m"] for link in tables.links) >= 0.1
