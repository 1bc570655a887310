"""A link offered to sixteen paths: machine code against plain Python."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numba import njit

from zemsim.kernels.cost_lanes import LANES, offer_lanes

COSTS = st.sampled_from([0.0, 1.0, 1.0 + 2**-52, 3.5, 1e300, np.inf])


@njit
def offered(cost, last_link, node, head, link_cost, link):
    return offer_lanes(cost, last_link, node, head, link_cost, link)


@settings(max_examples=100)
@given(st.lists(COSTS, min_size=2 * LANES, max_size=2 * LANES), st.integers(0, 1), st.integers(0, 1), COSTS)
@pytest.mark.parametrize("whole", [np.int32, np.int64])
def test_machine_code_does_what_the_python_says(whole, costs, node, head, link_cost) -> None:
    cost = np.array(costs).reshape(2, LANES)
    last_link = np.arange(2 * LANES, dtype=np.int32).reshape(2, LANES)
    here, there = (cost.copy(), last_link.copy()), (cost.copy(), last_link.copy())
    better = offered(*here, whole(node), whole(head), link_cost, whole(77))
    assert better == offer_lanes(*there, node, head, link_cost, 77)
    assert [array.tobytes() for array in here] == [array.tobytes() for array in there]
    assert better == (here[0].tobytes() != cost.tobytes())
