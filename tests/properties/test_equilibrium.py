"""The traffic equilibrium against its twin, and what must hold of any equilibrium."""

from __future__ import annotations

import math
from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from tests.reference.equilibrium import Road, all_paths, cheapest, equilibrium
from tests.reference.equilibrium_problem import classes_of, network_of
from zemsim.core.errors import InputError
from zemsim.travel.assignment import solve
from zemsim.travel.link_network import VehicleClass
from zemsim.travel.solution import Solution

GAP = 1e-11

roads_between = st.builds(
    Road,
    tail=st.integers(0, 4),
    head=st.integers(0, 4),
    t0=st.sampled_from([0.0, 1.0, 2.0, 2.0, 5.5]),
    alpha=st.sampled_from([0.0, 0.15, 1.0, 3.0]),
    beta=st.sampled_from([0.0, 1.0, 2.5, 4.0, 4.0]),
    capacity=st.sampled_from([1.0, 2.0, 10.0, math.inf]),
)


@st.composite
def towns(draw: st.DrawFn) -> tuple[list[Road], dict[tuple[int, int, int], float], list[list[float]], list[bool]]:
    """A small network, demand of two classes, their fixed costs, and which nodes are not passed."""
    roads = [road for road in draw(st.lists(roads_between, min_size=4, max_size=12)) if road.tail != road.head]
    no_through = [draw(st.booleans()), False, False, False, False]
    tolls = [[0.0] * len(roads), [draw(st.sampled_from([0.0, 0.0, 1.5])) for _ in roads]]
    ends = st.tuples(st.integers(0, 1), st.integers(0, 4), st.integers(0, 4))
    asked = draw(st.dictionaries(ends, st.floats(0.1, 6.0), min_size=1, max_size=4))
    demand = {pair: q for pair, q in asked.items() if pair[1] != pair[2] and all_paths(roads, *pair[1:], no_through)}
    assume(demand)
    return roads, demand, tolls, no_through


def same(one: Solution, other: Solution) -> bool:
    names = ("class_flow_veh", "flow_pce", "time")
    numbers = ("relative_gap", "iterations", "objective_value", "total_cost_value", "total_time_value")
    return all(getattr(one, n).tobytes() == getattr(other, n).tobytes() for n in names) and all(
        getattr(one, n) == getattr(other, n) for n in numbers
    )


@settings(max_examples=60)
@given(towns())
def test_costs_and_objective_are_those_of_the_twin(town) -> None:
    roads, demand, tolls, no_through = town
    found = solve(network_of(roads, no_through), classes_of(demand, tolls), GAP)
    assert found.reached
    flow = equilibrium(roads, demand, tolls, no_through)
    here = [road.time(x) for road, x in zip(roads, found.flow_pce.tolist(), strict=True)]
    there = [road.time(max(0.0, x)) for road, x in zip(roads, flow, strict=True)]
    for k, origin, dest in demand:
        mine, twins = (
            cheapest(roads, [t + f for t, f in zip(times, tolls[k], strict=True)], origin, 5, no_through)[dest]
            for times in (here, there)
        )
        assert mine == pytest.approx(twins, rel=1e-4, abs=1e-6)


@settings(max_examples=80)
@given(towns())
def test_flow_is_conserved_and_no_used_path_costs_more_than_another(town) -> None:
    roads, demand, tolls, no_through = town
    found = solve(network_of(roads, no_through), classes_of(demand, tolls), GAP)
    time = found.time
    added = np.zeros_like(found.class_flow_veh)
    paid = least = 0.0
    for (k, origin, dest), quantity in demand.items():
        paths = found.paths(origin, dest, k)
        assert sum(flow for flow, _ in paths) == pytest.approx(quantity, rel=1e-12)
        cost = time + np.array(tolls[k])
        best = cheapest(roads, cost.tolist(), origin, 5, no_through)[dest]
        for flow, links in paths:
            ends = [(roads[link].tail, roads[link].head) for link in links]
            assert (ends[0][0], ends[-1][1]) == (origin, dest)
            assert all(a[1] == b[0] for a, b in pairwise(ends))
            assert not any(no_through[tail] for tail, _ in ends[1:])
            added[k, links] += flow
            paid += flow * cost[links].sum()
        least += quantity * best
    np.testing.assert_allclose(found.class_flow_veh, added, rtol=1e-9, atol=1e-11)
    np.testing.assert_allclose(found.class_flow_veh.sum(axis=0), found.flow_pce, rtol=1e-12)
    assert paid == pytest.approx(found.total_cost_value, rel=1e-9)
    assert paid - least <= 2e-11 * paid + 1e-12
    assert found.relative_gap == pytest.approx(1 - least / paid if paid else 0.0, abs=1e-10)


@settings(max_examples=30)
@given(towns(), st.randoms(use_true_random=False))
def test_order_of_the_input_and_threads_change_no_bit(town, luck) -> None:
    roads, demand, tolls, no_through = town
    found = solve(network_of(roads, no_through), classes_of(demand, tolls), 1e-6)
    assert same(found, solve(network_of(roads, no_through), classes_of(demand, tolls), 1e-6, threads=2))
    order = list(range(len(roads)))
    luck.shuffle(order)
    pairs = list(demand.items())
    luck.shuffle(pairs)
    shuffled = solve(
        network_of([roads[i] for i in order], no_through),
        classes_of(dict(pairs), [[costs[i] for i in order] for costs in tolls]),
        1e-6,
    )
    alike = len({(r, *(costs[i] for costs in tolls)) for i, r in enumerate(roads)}) == len(roads)
    if alike:  # parallel links that are equal in all may change places
        assert shuffled.flow_pce.tobytes() == found.flow_pce[order].tobytes()
    assert shuffled.objective_value == found.objective_value


@settings(max_examples=30)
@given(towns())
def test_a_class_cut_in_two_is_one_class(town) -> None:
    roads, demand, tolls, no_through = town
    net = network_of(roads, no_through)
    whole = solve(net, classes_of(demand, tolls), GAP)
    halves = [replace(c, flow_veh=0.5 * c.flow_veh) for c in classes_of(demand, tolls) for _ in (0, 1)]
    cut = solve(net, halves, GAP)
    assert cut.objective_value == pytest.approx(whole.objective_value, rel=1e-9)
    lorries = [replace(c, flow_veh=0.5 * c.flow_veh, pce_factor=2.0) for c in classes_of(demand, tolls)]
    half = solve(net, lorries, GAP)
    assert half.objective_value == pytest.approx(whole.objective_value, rel=1e-12)
    np.testing.assert_allclose(half.class_flow_veh, 0.5 * whole.class_flow_veh, rtol=1e-9, atol=1e-12)


@settings(max_examples=30)
@given(towns(), st.floats(0.5, 2.0))
def test_a_warm_start_ends_where_a_cold_one_does(town, factor) -> None:
    roads, demand, tolls, no_through = town
    net = network_of(roads, no_through)
    before = solve(net, classes_of(demand, tolls), GAP)
    assert solve(net, classes_of(demand, tolls), 2 * GAP, warm=before).iterations == 0
    pairs = list(demand.items())
    now = {pair: factor * quantity for pair, quantity in pairs[1:]} | {(0, *pairs[0][0][1:]): 1.0}
    cold = solve(net, classes_of(now, tolls), GAP)
    warm = solve(net, classes_of(now, tolls), GAP, warm=before)
    assert warm.reached
    one_class = VehicleClass.from_matrix(np.zeros((5, 5)), np.arange(5, dtype=np.int32))
    assert solve(net, [one_class], GAP, warm=before).objective_value == 0
    assert warm.objective_value == pytest.approx(cold.objective_value, rel=1e-9)


@settings(max_examples=30)
@given(towns(), st.data())
def test_a_warm_start_leaves_a_road_that_was_closed(town, data) -> None:
    roads, demand, tolls, no_through = town
    before = solve(network_of(roads, no_through), classes_of(demand, tolls), GAP)
    closed = data.draw(st.integers(0, len(roads) - 1))
    now = [replace(road, t0=math.inf) if i == closed else road for i, road in enumerate(roads)]
    open_now = [replace(road, t0=1e9, alpha=0.0) if i == closed else road for i, road in enumerate(roads)]
    needed = [p for p in demand if all(closed in path for path in all_paths(open_now, p[1], p[2], no_through))]
    net = network_of(now, no_through)
    if needed:
        with pytest.raises(InputError, match=f"{len(needed)} pairs have no path"):
            solve(net, classes_of(demand, tolls), GAP, warm=before)
        return
    warm = solve(net, classes_of(demand, tolls), GAP, warm=before)
    assert warm.flow_pce[closed] == 0
    assert warm.objective_value == pytest.approx(solve(net, classes_of(demand, tolls), GAP).objective_value, rel=1e-9)
