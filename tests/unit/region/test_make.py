"""Parts that make a pack: shares that sum, squares that tile, graphs that join."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from zemsim.region.make.grid import LARGEST_KM, neighbours, squares
from zemsim.region.make.link_kinds import ROAD_CLASSES
from zemsim.region.make.local_roads import gabriel_pairs
from zemsim.region.make.network import LinkKind, Network, shortest_m
from zemsim.region.make.pack import largest_remainder, plain, slug
from zemsim.region.make.prices import line_through

KIND = LinkKind("", ROAD_CLASSES[0], 50.0, 1000.0, "asphalt", "estimate", "test")


@given(st.integers(0, 10**6), st.lists(st.floats(0, 1e6), min_size=1, max_size=40).filter(lambda w: sum(w) > 1e-3))
def test_shares_sum_to_the_total_and_stay_near(total, weights):
    counts = largest_remainder(total, weights)
    assert sum(counts) == total
    for count, weight in zip(counts, weights, strict=True):
        assert abs(count - total * weight / sum(weights)) < 1 + 1e-6 * total


def test_no_weight_is_an_error():
    with pytest.raises(ValueError, match="sum to zero"):
        largest_remainder(3, [0.0, 0.0])


CELLS = st.dictionaries(
    st.tuples(st.integers(0, 11), st.integers(0, 11)), st.sampled_from(["a", "b"]), min_size=1, max_size=100
)


@given(CELLS, st.integers(0, 10))
def test_squares_do_not_overlap_and_keep_the_core(owner, n_core):
    core = dict(sorted(owner.items())[:n_core])
    parts = squares(owner, core)
    cells = [cell for part in parts for cell in part.cells]
    assert len(cells) == len(set(cells))
    assert set(cells) <= set(owner)
    for part in parts:
        assert part.size_km in (1, 2, LARGEST_KM)
        assert part.east_km % part.size_km == 0
        assert part.north_km % part.size_km == 0
        assert part.core == (part.size_km == 1 and part.cells[0] in core)
    assert set(core) <= set(cells)


@given(CELLS)
def test_neighbours_touch(owner):
    parts = squares(owner, {})
    for i, j in neighbours(parts):
        a, b = parts[i], parts[j]
        reach = (a.size_km + b.size_km) * 500
        dx, dy = abs(a.x_m - b.x_m), abs(a.y_m - b.y_m)
        assert max(dx, dy) == reach
        assert min(dx, dy) < reach


def test_the_gabriel_graph_of_a_square_with_a_middle():
    points = {"a": (0.0, 0.0), "b": (2.0, 0.0), "c": (2.0, 2.0), "d": (0.0, 2.0), "m": (1.0, 1.0)}
    pairs = gabriel_pairs(points, 10.0)
    assert {pair for pair in pairs if "m" in pair} == {("a", "m"), ("b", "m"), ("c", "m"), ("d", "m")}
    assert ("a", "c") not in pairs


def test_a_link_is_never_shorter_than_the_great_circle():
    network = Network()
    network.add_node("a", "junction", 24.0, 56.5)
    network.add_node("b", "junction", 24.1, 56.5)
    assert network.add_link("a", "b", 1.0, KIND)
    assert not network.add_link("b", "a", 1.0, KIND)
    assert network.links["a", "b"].length_m >= network.great_circle_m("a", "b")


def test_parts_and_shortest_ways():
    network = Network()
    for i, name in enumerate("abcd"):
        network.add_node(name, "junction", 24 + i / 100, 56.5)
    network.add_link("a", "b", 1000, KIND)
    network.add_link("b", "c", 2000, KIND)
    assert network.components() == [["a", "b", "c"], ["d"]]
    ways = network.neighbours()
    assert shortest_m(ways, "a", "c", 1e9) == 3000
    assert shortest_m(ways, "a", "c", 2999) == float("inf")
    assert shortest_m(ways, "a", "d", 1e9) == float("inf")


def test_small_things():
    assert slug("Jēkabpils novads") == "jekabpils-novads"
    assert (plain(3.0), plain(0.25), plain(None)) == ("3", "0.25", "")
    assert line_through([(0.0, 1.0), (2.0, 5.0)]) == (1.0, 2.0)
