"""Ways to stations and places there, against the textbook: a nested logit with luck, and seats in order of arrival."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from tests.reference import station_access as slow
from zemsim.model.station_nest import draw_ways_of, without_place

values = st.sampled_from([-math.inf, -8.0, -1.0, 0.0]) | st.floats(-30, 5)
pairs = st.tuples(values, st.sampled_from([-1.0, 0.0, 0.5]) | st.floats(-2, 8))
groups = st.lists(st.tuples(pairs, st.lists(pairs, max_size=4)), max_size=5)


@given(groups, st.sampled_from([0.15, 0.5, 1.0]))
@example([((-math.inf, 0.0), [])], 0.5)  # no way at all
@example([((-1.0, 0.0), [(-1.0, 0.0), (-1.0, 0.0)])], 0.5)  # a tie goes to walking
@example([((-math.inf, 0.0), [(-1.0, 0.0), (-1.0, 0.0)]), ((0.0, 9.0), [(1.0, 0.0)])], 0.5)  # then to the lower way
def test_ways_are_drawn_as_the_slow_twin_draws_them(found, lam):
    walk = np.array([pair for pair, _ in found]).reshape(-1, 2)
    ways = np.array([pair for _, pairs_of in found for pair in pairs_of]).reshape(-1, 2)
    group = np.repeat(np.arange(len(found)), [len(pairs_of) for _, pairs_of in found]).astype(np.int64)
    order = np.argsort(-group, kind="stable")  # ways need not stand in the order of their groups
    nest = draw_ways_of(walk[:, 0], walk[:, 1], ways[order, 0], ways[order, 1], group[order], lam)
    first = np.searchsorted(group, np.arange(len(found)))
    for g, (on_foot, others) in enumerate(found):
        logsum, drawn = slow.nest(on_foot, others, lam)
        assert nest.logsum[g] == pytest.approx(logsum, rel=1e-12, abs=1e-12)
        taken = int(order[nest.drawn[g]] - first[g]) if nest.drawn[g] >= 0 else -1
        assert taken == drawn
        assert logsum >= max([on_foot[0], *(v for v, _ in others)]) - 1e-9


N_LOTS = 3
people_of = st.lists(
    st.tuples(
        st.permutations(range(N_LOTS)), st.integers(0, N_LOTS), st.lists(st.integers(0, 4), min_size=3, max_size=3)
    ),
    max_size=9,
)


@given(people_of, st.lists(st.integers(0, 3), min_size=N_LOTS, max_size=N_LOTS))
@example([([0, 1, 2], 3, [4, 0, 1]), ([0, 1, 2], 1, [2, 3, 3]), ([1, 0, 2], 2, [1, 3, 0])], [1, 1, 0])
def test_places_go_to_who_comes_first_and_others_to_their_next_best(drawn, places):
    """All at once and round by round, as the model does it; and one by one, as the twin does."""
    people = [(likes[:n], arrives, number) for number, (likes, n, arrives) in enumerate(drawn)]
    refused = [set() for _ in people]
    while True:
        comes = [next((lot for lot in likes if lot not in refused[i]), None) for i, (likes, _, _) in enumerate(people)]
        who = np.array([i for i, lot in enumerate(comes) if lot is not None], np.int64)
        lot = np.array([comes[i] for i in who], np.int32)
        arrive = np.array([people[i][1][at] for i, at in zip(who, lot, strict=True)], np.float64)
        late = without_place(lot, arrive, who, np.zeros(len(who), np.int64), np.array(places))
        if not len(late):
            break
        for i in late:
            refused[who[i]].add(int(lot[i]))
    assert comes == slow.fill(people, places)
    assert all(comes.count(lot) <= places[lot] for lot in range(N_LOTS))
    for i, (_, arrives, number) in enumerate(people):
        for full in refused[i]:  # nobody was sent away from a lot that has room, nor by one who came later
            there = [people[k] for k, at in enumerate(comes) if at == full]
            assert len(there) == places[full]
            assert all((other[1][full], other[2]) < (arrives[full], number) for other in there)


@given(st.lists(st.tuples(st.integers(0, 1), st.integers(0, 2), st.integers(0, 2), st.integers(0, 2)), max_size=8))
def test_who_comes_at_the_same_minute_is_told_apart_by_number_and_tour(arrivals):
    lot, arrive, resident, address = np.array(arrivals, np.int64).reshape(-1, 4).T
    late = without_place(lot, arrive.astype(np.float64), resident, address, np.array([1, 2]))
    expected = []
    for at, places in ((0, 1), (1, 2)):
        here = sorted((a, r, d, i) for i, (v, a, r, d) in enumerate(arrivals) if v == at)
        expected += [i for *_, i in here[places:]]
    assert sorted(late.tolist()) == sorted(expected)
