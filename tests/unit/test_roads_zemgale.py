"""The roads of the embedded region: whole, plausible, and closing a bridge touches only the trips that used it."""

from __future__ import annotations

import numpy as np
import pytest

import zemsim
from zemsim.region.region import Region
from zemsim.travel.roads import RoadNetwork, RoadPaths, RoadSkim, load, road_skim


@pytest.fixture(scope="module")
def region() -> Region:
    return zemsim.load_region("zemgale")


@pytest.fixture(scope="module")
def network(region: Region) -> RoadNetwork:
    return RoadNetwork.from_region(region)


@pytest.fixture(scope="module")
def skim(network: RoadNetwork) -> RoadSkim:
    return road_skim(network)


def paths_of(skim: RoadSkim) -> RoadPaths:
    assert skim.paths is not None
    return skim.paths


def users_of(network: RoadNetwork, link_id: str) -> np.ndarray:
    """Which pairs drive over a link, bool [Z, Z]: those that would pay if it cost a euro."""
    paid = road_skim(network, keep_paths=False, cost_eur=np.where(network.link_id == link_id, 1.0, 0.0)).cost_eur
    assert paid is not None
    return paid > 0


def test_closing_a_bridge_lengthens_only_the_trips_that_used_it(network: RoadNetwork, skim: RoadSkim) -> None:
    """Issue point 9: roads are roads. The bridge with the most pairs is closed."""
    flow = load(paths_of(skim), np.isfinite(skim.time_min).astype(np.float64))
    bridges = np.flatnonzero(network.bridge)
    assert len(set(network.link_id[bridges])) >= 3
    bridge = str(network.link_id[bridges[np.argmax(flow[bridges])]])
    uses = users_of(network, bridge)
    carried = flow[network.link_id == bridge].sum()
    assert uses.sum() == pytest.approx(carried)
    assert 0 < uses.sum() < uses.size / 2
    closed = road_skim(network.without_links([bridge]))
    assert (closed.time_min[uses] > skim.time_min[uses]).all()
    assert closed.time_min[~uses].tobytes() == skim.time_min[~uses].tobytes()
    assert closed.distance_km[~uses].tobytes() == skim.distance_km[~uses].tobytes()


def test_closing_one_bridge_after_another_never_helps(network: RoadNetwork, skim: RoadSkim) -> None:
    """Each further bridge leaves every pair as long or longer."""
    before = skim.time_min
    closed: list[str] = []
    for bridge in sorted(set(network.link_id[network.bridge]))[:4]:
        closed.append(bridge)
        after = road_skim(network.without_links(closed), keep_paths=False).time_min
        assert (after >= before).all()
        before = after
    assert (before > skim.time_min).any()


def test_every_zone_reaches_every_zone_and_gate(skim: RoadSkim) -> None:
    between = ~np.eye(len(skim.time_min), dtype=bool)
    assert np.isfinite(skim.time_min[between]).all()
    assert (skim.time_min[between] > 0).all()
    assert (skim.distance_km[between] > 0).all()
    assert (skim.terminal_min > 0).all()


def test_no_way_by_road_is_shorter_than_the_straight_line(network: RoadNetwork, skim: RoadSkim) -> None:
    """Within a thousandth: the map projection stretches and shrinks lengths by less here."""
    x_m, y_m = network.node_x_m[network.zone_node], network.node_y_m[network.zone_node]
    straight_km = np.hypot(x_m[:, None] - x_m, y_m[:, None] - y_m) / 1000
    np.fill_diagonal(straight_km, 0)
    assert (skim.distance_km >= straight_km * 0.999 - 1e-3).all()
    far = straight_km > 20
    detour = skim.distance_km[far] / straight_km[far]
    assert 1.05 < np.median(detour) < 1.6


def test_the_way_through_a_third_zone_is_never_faster(network: RoadNetwork, skim: RoadSkim) -> None:
    """Every 50th zone as the third; not those that no path may pass."""
    time_min = skim.time_min.copy()
    np.fill_diagonal(time_min, 0)
    for via in np.flatnonzero(~network.no_through[network.zone_node])[::50]:
        assert (time_min <= time_min[:, via, None] + time_min[None, via, :] + 1e-3).all()


def test_mean_speeds_are_those_of_regional_roads(skim: RoadSkim) -> None:
    far = np.isfinite(skim.time_min) & (skim.distance_km > 20)
    speed_km_h = skim.distance_km[far] / skim.time_min[far] * 60
    assert 50 < np.median(speed_km_h) < 95
    assert speed_km_h.max() <= 130


def test_times_are_the_same_there_and_back_at_free_flow(skim: RoadSkim) -> None:
    np.testing.assert_allclose(skim.time_min, skim.time_min.T, rtol=1e-6)


def test_one_and_two_threads_give_the_same_bytes(network: RoadNetwork, skim: RoadSkim) -> None:
    two = road_skim(network, threads=2)
    assert two.time_min.tobytes() == skim.time_min.tobytes()
    assert two.distance_km.tobytes() == skim.distance_km.tobytes()
    od = np.random.default_rng(1).random(skim.time_min.shape)
    od[~np.isfinite(skim.time_min)] = 0
    assert load(paths_of(two), od, threads=2).tobytes() == load(paths_of(skim), od).tobytes()


def test_loaded_kilometres_are_those_of_the_skim(network: RoadNetwork, skim: RoadSkim) -> None:
    od = np.random.default_rng(2).random(skim.time_min.shape)
    np.fill_diagonal(od, 0)
    od[~np.isfinite(skim.time_min)] = 0
    on_links_km = (load(paths_of(skim), od) * network.length_m).sum() / 1000
    direct_km = np.where(od > 0, skim.distance_km, 0).astype(np.float64)
    assert on_links_km == pytest.approx((od * direct_km).sum(), rel=1e-6)


def test_road_length_counts_every_road_once(region: Region, network: RoadNetwork) -> None:
    assert network.length_km().to_numpy().sum() == pytest.approx(region.road_links["length_m"].sum() / 1000)
