"""Closing any link lengthens the pairs that used it and leaves every other pair as it was, bit for bit."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.reference.roads_region import two_banks
from zemsim.travel.roads import RoadNetwork, road_skim


@settings(max_examples=60)
@given(st.integers(2, 5), st.integers(0, 50), st.booleans(), st.data())
def test_closing_a_link_touches_only_the_pairs_that_used_it(
    columns: int, seed: int, ties: bool, data: st.DataObject
) -> None:
    """With ``ties`` all lengths are whole kilometres, so that many paths take equally long."""
    region = two_banks(columns, seed)
    if ties:
        region.road_links["length_m"] = np.ceil(region.road_links["length_m"] / 1000) * 1000
    network = RoadNetwork.from_region(region)
    link_id = data.draw(st.sampled_from(sorted(region.road_links["link_id"])))
    before, after = road_skim(network), road_skim(network.without_links([link_id]))
    assert before.paths is not None
    assert after.paths is not None
    closed = network.without_links([link_id])
    uses = np.zeros(before.time_min.shape, bool)
    for origin, dest in np.ndindex(*uses.shape):
        path = network.link_id[before.paths.path(origin, dest)]
        uses[origin, dest] = (path == link_id).any()
        if not uses[origin, dest]:
            assert closed.link_id[after.paths.path(origin, dest)].tolist() == path.tolist()
    np.fill_diagonal(uses, False)
    assert (after.time_min[uses] >= before.time_min[uses]).all()
    assert ties or (after.time_min[uses] > before.time_min[uses]).all()
    assert after.time_min[~uses].tobytes() == before.time_min[~uses].tobytes()
    assert after.distance_km[~uses].tobytes() == before.distance_km[~uses].tobytes()


@settings(max_examples=30)
@given(st.integers(2, 6), st.integers(0, 50), st.floats(1.0, 3.0))
def test_slower_links_never_make_a_trip_faster(columns: int, seed: int, factor: float) -> None:
    network = RoadNetwork.from_region(two_banks(columns, seed))
    time_s = network.free_flow_s()
    slower = time_s * np.where(network.bridge, factor, 1.0)
    assert (road_skim(network, slower).time_min >= road_skim(network, time_s).time_min).all()
