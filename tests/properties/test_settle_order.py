"""The order in which a search settles nodes, against the costs of the slow twin."""

from __future__ import annotations

import math
import random

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from numba import njit

from tests.reference.equilibrium import Road, cheapest
from zemsim.kernels.settle_order import Work, fill_order

N = 9
costs = st.sampled_from([0.0, 0.5, 1.0, 1.0, 2.25, 7.0, math.inf]) | st.floats(0.0, 9.0)
Links = list[tuple[int, int, float]]


@njit
def ordered(origin, row_start, head, no_through, cost, work, order):  # type: ignore[no-untyped-def]
    """The kernel has no door to Python when it is compiled."""
    fill_order(origin, row_start, head, no_through, cost, work, order)


@settings(max_examples=150)
@given(
    st.lists(st.tuples(st.integers(0, N - 1), st.integers(0, N - 1), costs), max_size=40),
    st.lists(st.sampled_from([False, False, False, True]), min_size=N, max_size=N),
    st.integers(0, N - 1),
)
@example([], [False] * N, 3)
@example([(0, k, 9.0 - k) for k in range(1, N)] + [(N - 1, k, 0.0) for k in range(1, N - 1)], [False] * N, 0)
def test_nodes_are_settled_in_the_order_of_their_costs(links: Links, no_through: list[bool], origin: int) -> None:
    """Each that may be passed stands there once: those reached by rising cost, then the others by number."""
    check(links, no_through, origin)


@pytest.mark.parametrize("seed", range(4))
def test_a_heap_of_several_levels(seed: int) -> None:
    """120 nodes, 600 links of which many lower a label that waits: those from the origin cost most."""
    luck = random.Random(seed)
    nodes = range(120)
    links = [(0, node, 20.0 + luck.random()) for node in nodes]
    links += [
        (luck.choice(nodes), luck.choice(nodes), luck.choice([0.5, 1.0, 9.0 * luck.random()])) for _ in range(480)
    ]
    check(links, [luck.random() < 0.1 for _ in nodes], 0)


def check(links: Links, no_through: list[bool], origin: int) -> None:
    n = len(no_through)
    links = sorted(links)
    row_start = np.searchsorted([tail for tail, _, _ in links], np.arange(n + 1)).astype(np.int64)
    head, cost = np.array([link[1] for link in links], np.int32), np.array([link[2] for link in links], np.float64)
    work = Work(np.empty(n), np.empty(n), np.empty(n, np.int32), np.empty(n, np.int32))
    order = np.full(no_through.count(False), -1, np.int32)
    ordered(origin, row_start, head, np.array(no_through), cost, work, order)
    best = cheapest([Road(t, h, c, 0, 1, 1) for t, h, c in links], cost.tolist(), origin, n, no_through)
    assert work.cost.tolist() == best
    found = order.tolist()
    assert sorted(found) == [node for node in range(n) if not no_through[node]]
    assert [best[node] for node in found] == sorted(best[node] for node in found)
    lost = [node for node in found if math.isinf(best[node])]
    assert lost == sorted(lost)
