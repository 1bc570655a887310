"""Traffic equilibria with known answers: by hand, and published ones where their networks are at hand.

The networks of the collection "Transportation Networks for Research" are not part of this repository (their licence is
for research only). `ZEMSIM_NETWORKS` names a folder that holds `NAME/NAME_net.tntp` and `NAME_trips.tntp` files.
"""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest

from tests.reference.equilibrium import Road
from tests.reference.equilibrium_problem import classes_of, network_of
from zemsim.travel.assign_files import assign_files
from zemsim.travel.assignment import solve

#: Braess, Über ein Paradoxon aus der Verkehrsplanung, 1968; in the form of the collection above, where the two roads
#: without constant time have a constant of 1e-8 (10 * x and 50 + x, and the link between them 10 + x).
BRAESS = [
    Road(0, 2, 1e-8, 1e9, 1, 1),
    Road(0, 3, 50, 0.02, 1, 1),
    Road(2, 1, 50, 0.02, 1, 1),
    Road(3, 1, 1e-8, 1e9, 1, 1),
    Road(2, 3, 10, 0.1, 1, 1),
]
SIX = {(0, 0, 1): 6.0}


def test_braess_each_needs_92_with_the_link_and_83_without() -> None:
    for roads, minutes, flow in ((BRAESS, 92, [4, 2, 2, 4, 2]), (BRAESS[:4], 83, [3, 3, 3, 3])):
        found = solve(network_of(roads, [False] * 4), classes_of(SIX, [[0.0] * len(roads)]), 1e-13)
        assert found.reached
        assert found.total_time_value / 6 == pytest.approx(minutes, abs=1e-6)
        assert found.flow_pce.tolist() == pytest.approx(flow, abs=1e-6)


def test_a_toll_of_10_on_the_link_gives_the_83_back() -> None:
    """With the link closed by its price, everybody is better off: what a toll can do. 13 is above what it saves."""
    tolled = solve(network_of(BRAESS, [False] * 4), classes_of(SIX, [[0, 0, 0, 0, 13.0]]), 1e-13)
    assert tolled.flow_pce[4] == pytest.approx(0, abs=1e-9)
    assert tolled.total_time_value / 6 == pytest.approx(83, abs=1e-6)


def test_pigou_two_roads_by_hand() -> None:
    """A road that always takes 1 and one that takes x, demand 1: all take the second (Pigou, 1920)."""
    roads = [Road(0, 1, 1, 0, 1, 1), Road(0, 1, 1e-9, 1e9, 1, 1)]
    found = solve(network_of(roads, [False, False]), classes_of({(0, 0, 1): 1.0}, [[0, 0]]), 1e-12)
    assert found.flow_pce.tolist() == pytest.approx([0, 1], abs=1e-6)
    assert found.total_time_value == pytest.approx(1, abs=1e-6)


def test_classes_part_where_their_values_of_time_part() -> None:
    """A fast road with a toll and a slow one: who values time takes the fast one, who does not the slow one.

    Fast takes 10 + x, slow 30; the toll is worth 5 to the first class and 25 to the second; four vehicles each.
    """
    roads = [Road(0, 1, 10, 0.1, 1, 1), Road(0, 1, 30, 0, 1, 1)]
    found = solve(
        network_of(roads, [False, False]), classes_of({(0, 0, 1): 4.0, (1, 0, 1): 4.0}, [[5, 0], [25, 0]]), 1e-13
    )
    assert found.class_flow_veh.tolist() == [[4, 0], [0, 4]]
    assert found.objective_value == pytest.approx(10 * 4 + 8 + 30 * 4 + 5 * 4)
    assert found.total_time_value == pytest.approx(4 * 14 + 4 * 30)
    assert found.total_cost_value == pytest.approx(4 * 14 + 4 * 30 + 5 * 4)


def test_high_powers_do_not_run_away() -> None:
    """With a power of 20 a plain Newton step from no flow overshoots by far."""
    roads = [Road(0, 1, 1, 0.15, 20, 10), Road(0, 1, 1.5, 0, 1, 1)]
    found = solve(network_of(roads, [False, False]), classes_of({(0, 0, 1): 100.0}, [[0, 0]]), 1e-12)
    assert found.iterations <= 12
    assert found.flow_pce[0] == pytest.approx(10 * (0.5 / 0.15) ** 0.05)


def test_there_is_an_answer_without_demand() -> None:
    found = solve(network_of(BRAESS, [False] * 4), classes_of({}, [[0.0] * 5]), 1e-9)
    assert (found.relative_gap, found.iterations, found.objective_value, found.n_paths) == (0, 0, 0, 0)
    assert np.array_equal(found.time, [1e-8, 50, 50, 1e-8, 10])


PUBLISHED = [
    # name, weights of toll and distance, Beckmann objective of the best-known solution; in the README of each network
    ("SiouxFalls", 0.0, 0.0, 4231335.2871),
    ("Anaheim", 0.0, 0.0, 1286032.1711),
    ("ChicagoSketch", 0.02, 0.04, 17313018.7387477),
]


@pytest.mark.parametrize(("name", "toll", "distance", "objective"), PUBLISHED)
def test_published_networks(name: str, toll: float, distance: float, objective: float) -> None:
    folder = os.environ.get("ZEMSIM_NETWORKS")
    if not folder:
        pytest.skip("ZEMSIM_NETWORKS does not name a folder of networks")
    nets = sorted(Path(folder).rglob(f"{name}_net.tntp"))
    if not nets:
        pytest.skip(f"no {name}_net.tntp there")
    trips = nets[0].with_name(f"{name}_trips.tntp")
    found, again = (
        assign_files(nets[0], trips, 1e-10, threads=n, toll_weight=toll, distance_weight=distance, say=lambda _: None)
        for n in (1, 2)
    )
    assert found.reached
    assert found.figures["objective"] == pytest.approx(objective, rel=1e-10)
    assert found.solution.flow_pce.tobytes() == again.solution.flow_pce.tobytes()
