"""One pass over pairs with rival paths, against its twin and by hand."""

from __future__ import annotations

import math
import random

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from tests.reference.balance_pairs import Rival, balance
from tests.reference.equilibrium import Road
from tests.reference.equilibrium_problem import network_of
from zemsim.kernels.equilibrium import Links, balance_pairs, links_of, refresh, totals, weighted_sum
from zemsim.kernels.rivals import Rivals

ROADS = 7
POWERS = [2.0, 2.5, 3.0, 4.0, 5.0, 6.5]
#: A pair: links of each of its paths, whether each has flow, the class of vehicles, whether it has a tolerance.
path = st.tuples(st.lists(st.integers(0, ROADS - 1), min_size=1, max_size=4, unique=True), st.booleans())
paths = st.lists(path, min_size=2, max_size=4, unique_by=lambda drawn: frozenset(drawn[0]))
pairs = st.lists(st.tuples(paths, st.integers(0, 1), st.booleans()), min_size=1, max_size=3)


def links_with(roads: list[Road], fixed: list[list[float]], flow: list[float]) -> Links:
    links = links_of(network_of(roads, [False, False]).delay.terms(), np.array(fixed, np.float64))
    refresh(np.array(flow, np.float64), links)
    return links


def rivals_with(pairs: dict[int, list[Rival]]) -> Rivals:
    paths = [path for pair in pairs.values() for path in pair]
    return Rivals(
        np.array(list(pairs), np.int32),
        np.cumsum([0, *(len(pair) for pair in pairs.values())], dtype=np.int64),
        np.arange(len(paths)),
        np.cumsum([0, *(len(path.links) for path in paths)], dtype=np.int64),
        np.array([link for path in paths for link in path.links], np.int32),
        np.array([path.flow for path in paths], np.float64),
    )


def flow_on(pairs: dict[int, list[Rival]], beside: list[float]) -> list[float]:
    flow = list(beside)
    for pair in pairs.values():
        for path in pair:
            for link in path.links:
                flow[link] += path.flow
    return flow


@settings(max_examples=150)
@given(pairs, st.integers(0, 2**32))
def test_a_pass_is_that_of_the_twin(given_pairs, seed) -> None:
    """Two classes, of which the second pays tolls; pairs are numbered from the last on; flow of others beside.

    Examples in which the last digit decides which of two paths is cheaper are left out.
    """
    luck = random.Random(seed)
    roads = [
        Road(0, 1, luck.uniform(0, 6), luck.choice([0, luck.uniform(0.1, 3)]), luck.choice(POWERS), luck.uniform(4, 9))
        for _ in range(ROADS)
    ]
    fixed = [[0.0] * ROADS, [luck.choice([0.0, luck.uniform(0, 2)]) for _ in range(ROADS)]]
    given_pairs = given_pairs[::-1]
    mine = {
        k: [Rival(links, luck.uniform(0.1, 6) if used else 0.0) for links, used in given_pairs[k][0]]
        for k in reversed(range(len(given_pairs)))
    }
    pair_class = [vehicle_class for _, vehicle_class, _ in given_pairs]
    tolerance = [0.7 if tolerant else 0.0 for _, _, tolerant in given_pairs]
    demand = [sum(path.flow for path in mine[k]) for k in range(len(given_pairs))]
    flow = flow_on(mine, [luck.choice([0.0, luck.uniform(0, 5)]) for _ in range(ROADS)])
    links, rivals = links_with(roads, fixed, flow), rivals_with(mine)
    for stamp in (1, 101):
        after, excess = balance_pairs(
            rivals, np.array(pair_class, np.int32), np.array(demand), np.array(tolerance), stamp, links
        )
        moves, twins, closest = balance(roads, fixed, flow, mine, pair_class, demand, tolerance)
        assume(closest > 1e-6)
        assert (after, excess) == (stamp + 2 * moves, pytest.approx(twins, rel=1e-7, abs=1e-7))
        flows = [path.flow for pair in mine.values() for path in pair]
        time = [road.time(x) for road, x in zip(roads, flow, strict=True)]
        for found, wanted in ((rivals.flow, flows), (links.state[:, 0], flow), (links.state[:, 1], time)):
            assert found.tolist() == pytest.approx(wanted, rel=1e-7, abs=1e-9)
        assert links.cost.tolist() == (links.state[:, 1] + links.fixed).tolist()


def two_paths(limit: float, flow: float = 16.0) -> tuple[Links, Rivals]:
    """All on a road that takes 1 + x, beside one that always takes 1 + limit: ``limit`` stays on the first."""
    roads = [Road(0, 1, 1.0, 1.0, 1.0, 1.0), Road(0, 1, 1.0 + limit, 0.0, 1.0, 1.0)]
    return links_with(roads, [[0.0, 0.0]], [flow, 0.0]), rivals_with({0: [Rival([0], flow), Rival([1], 0.0)]})


def one_pass(links: Links, rivals: Rivals, tolerance: float = 0.0) -> tuple[int, float]:
    demand = np.array([rivals.flow.sum()])
    return balance_pairs(rivals, np.zeros(1, np.int32), demand, np.array([tolerance]), 1, links)


@pytest.mark.parametrize(("limit", "stays"), [(2.0**-39, 2.0**-39), (2.0**-40, 0.0), (4.0, 4.0), (0.0, 0.0)])
def test_what_would_be_next_to_nothing_goes_as_well(limit: float, stays: float) -> None:
    """Of a demand of 16 less than 1.6e-12 does not stay: 2 ** -40 is 9e-13, 2 ** -39 is 1.8e-12."""
    links, rivals = two_paths(limit)
    assert one_pass(links, rivals) == (3, 16.0 * (16.0 - limit))
    assert rivals.flow.tolist() == [stays, 16.0 - stays]
    assert links.state[:, 0].tolist() == [limit, 16.0 - limit]


@pytest.mark.parametrize(("tolerance", "stays"), [(12.0, 16.0), (11.9, 4.0)])
def test_paths_that_differ_by_the_tolerance_are_left_alone(tolerance: float, stays: float) -> None:
    links, rivals = two_paths(4.0)
    stamp, excess = one_pass(links, rivals, tolerance)
    assert (stamp, excess) == (1 if stays == 16 else 3, 16.0 * 12.0)
    assert rivals.flow.tolist() == [stays, 16.0 - stays]


def test_sums_over_links_by_hand() -> None:
    """A road of 5 that the classes pay 3 and 2 for; one of 1 + x * x, closed to the second class; an empty one."""
    roads = [Road(0, 1, 5.0, 0.0, 1.0, 1.0), Road(0, 1, 1.0, 1.0, 2.0, 1.0), Road(0, 1, 7.0, 1.0, 1.0, 1.0)]
    links = links_with(roads, [[3.0, 4.0, 9.0], [2.0, math.inf, 9.0]], [3.0, 2.0, 0.0])
    class_flow = np.array([[1.0, 2.0, 0.0], [2.0, 0.0, 0.0]])
    fixed = 3.0 * 1.0 + 4.0 * 2.0 + 2.0 * 2.0
    assert totals(links, class_flow) == pytest.approx((15 + 2 + 8 / 3 + fixed, 15 + 10 + fixed, 15 + 10), rel=1e-15)
    assert weighted_sum(np.array([2.0, 0.5]), np.array([3.0, 8.0])) == 10


def test_links_begin_without_flow() -> None:
    links = links_of(network_of([Road(0, 1, 5.0, 1.0, 1.0, 1.0)], [False, False]).delay.terms(), np.array([[0.5]]))
    assert (links.state[0, :3].tolist(), links.cost.tolist()) == ([0.0, 5.0, 5.0], [[5.5]])
