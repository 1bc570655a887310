"""Roads on a small made-up region: closing a bridge, flows, delays, order of rows, threads, files."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from tests.reference.roads_region import SmallRegion, link, shuffled, two_banks
from zemsim.core.errors import InputError
from zemsim.region.geo import MEAN_DISTANCE_IN_SQUARE
from zemsim.travel.roads import RoadNetwork, RoadSkim, load, road_skim, road_skims, volume_delay


@pytest.fixture(scope="module")
def region() -> SmallRegion:
    return two_banks()


@pytest.fixture(scope="module")
def network(region: SmallRegion) -> RoadNetwork:
    return RoadNetwork.from_region(region)


@pytest.fixture(scope="module")
def skim(network: RoadNetwork) -> RoadSkim:
    return road_skim(network)


def arrays_of(network: RoadNetwork) -> dict[str, bytes | list[object]]:
    """Every array as bytes (texts as a list)."""
    arrays = {field.name: getattr(network, field.name) for field in dataclasses.fields(network)}
    return {name: array.tolist() if array.dtype == object else array.tobytes() for name, array in arrays.items()}


def users_of(network: RoadNetwork, skim: RoadSkim, link_id: str) -> np.ndarray:
    """Which pairs drive over a link, bool [Z, Z]: every path is walked."""
    assert skim.paths is not None
    uses = np.zeros(skim.time_min.shape, bool)
    for origin, dest in np.ndindex(*uses.shape):
        if origin != dest:
            uses[origin, dest] = (network.link_id[skim.paths.path(origin, dest)] == link_id).any()
    return uses


def test_closing_a_bridge_lengthens_the_trips_that_used_it_and_changes_no_other(
    network: RoadNetwork, skim: RoadSkim
) -> None:
    bridge = "n2-00"
    uses = users_of(network, skim, bridge)
    assert 0 < uses.sum() < uses.size
    closed = road_skim(network.without_links([bridge]))
    assert (closed.time_min[uses] > skim.time_min[uses]).all()
    assert np.isfinite(closed.time_min).all()
    assert closed.time_min[~uses].tobytes() == skim.time_min[~uses].tobytes()
    assert closed.distance_km[~uses].tobytes() == skim.distance_km[~uses].tobytes()


def test_closing_both_bridges_parts_the_banks(network: RoadNetwork) -> None:
    time_min = road_skim(network.without_links(["n2-00", "n2-05"])).time_min
    south = np.array([zone_id[1] in "01" for zone_id in network.zone_id])
    assert np.isinf(time_min[np.ix_(south, ~south)]).all()
    assert np.isfinite(time_min[np.ix_(south, south)]).all()


def test_an_unknown_link_is_named_with_the_nearest(network: RoadNetwork) -> None:
    with pytest.raises(InputError, match=r"unknown road link “n2-0”.*did you mean “n2-0"):
        network.without_links(["n2-00", "n2-0"])


def test_closing_no_link_changes_nothing(network: RoadNetwork) -> None:
    assert arrays_of(network.without_links([])) == arrays_of(network)


def two_zones(*links: dict[str, object]) -> SmallRegion:
    """The zones z0-00 (city) and z1-00 (town) with a junction each, joined by ``links``."""
    base = two_banks(columns=1)
    nodes = base.road_nodes[base.road_nodes["node_id"].isin(["z0-00", "z1-00", "j0-00", "j1-00"])]
    connectors = [
        link("c0", ("z0-00", "j0-00"), 0.5, road_class="connector"),
        link("c1", ("j1-00", "z1-00"), 0.5, road_class="connector"),
    ]
    return SmallRegion(base.zones[:2], nodes, pd.DataFrame([*connectors, *links]))


def test_times_and_distances_by_hand() -> None:
    """At 60 km/h 0.5 + 10 + 0.5 km take 11 minutes; inside a zone of a town 25 km/h hold."""
    skim = road_skim(RoadNetwork.from_region(two_zones(link("a", ("j0-00", "j1-00"), 10.0))))
    inside_km = MEAN_DISTANCE_IN_SQUARE * 2.0 * 1.3
    inside_min = inside_km / 25 * 60
    np.testing.assert_allclose(skim.distance_km, [[inside_km, 11], [11, inside_km]], rtol=1e-6)
    np.testing.assert_allclose(skim.time_min, [[inside_min, 11], [11, inside_min]], rtol=1e-6)
    np.testing.assert_allclose(skim.terminal_min, [3, 2])


def test_a_gate_has_no_inside() -> None:
    region = two_zones(link("a", ("j0-00", "j1-00"), 10.0))
    region.zones = region.zones.assign(size_m=[2000.0, 0.0], area_type=["city", "outside"])
    skim = road_skim(RoadNetwork.from_region(region))
    assert np.isinf(skim.time_min.diagonal()).tolist() == [False, True]
    assert np.isinf(skim.distance_km.diagonal()).tolist() == [False, True]
    assert skim.terminal_min.tolist() == [3, 5]


def test_the_mean_distance_in_a_square_is_that_of_random_points() -> None:
    x, y = np.random.default_rng(1).random((2, 2, 200_000))
    assert np.hypot(x[0] - x[1], y[0] - y[1]).mean() == pytest.approx(MEAN_DISTANCE_IN_SQUARE, rel=5e-3)


def test_no_path_passes_a_zone_that_only_connectors_reach() -> None:
    """A second connector would make zone 0 a short cut between the junctions; the road of 10 km is taken."""
    region = two_zones(link("a", ("j0-00", "j1-00"), 10.0), link("c2", ("z0-00", "j1-00"), 1.0, road_class="connector"))
    network = RoadNetwork.from_region(region)
    assert sorted(network.node_id[network.no_through]) == ["z0-00", "z1-00"]
    assert road_skim(network).distance_km[0, 1] == pytest.approx(1.5)
    real = region.road_links.assign(road_class="local")
    assert not RoadNetwork.from_region(SmallRegion(region.zones, region.road_nodes, real)).no_through.any()


def test_the_order_of_rows_changes_no_byte(region: SmallRegion, network: RoadNetwork) -> None:
    for seed in (1, 2):
        assert arrays_of(RoadNetwork.from_region(shuffled(region, seed))) == arrays_of(network)


def test_both_directions_of_every_link_are_there(region: SmallRegion, network: RoadNetwork) -> None:
    assert network.n_links == 2 * len(region.road_links)
    assert network.forward.sum() == len(region.road_links)
    for row in region.road_links.to_dict("records"):
        two = np.flatnonzero(network.link_id == row["link_id"])
        ends = {
            (network.node_id[network.tail[k]], network.node_id[network.head[k]], bool(network.forward[k])) for k in two
        }
        assert ends == {(row["from_node"], row["to_node"], True), (row["to_node"], row["from_node"], False)}


def test_road_length_is_the_sum_of_the_table(region: SmallRegion, network: RoadNetwork) -> None:
    table = network.length_km()
    assert list(table.columns) == ["reported", "estimate", "assumption"]
    sums = region.road_links.groupby("road_class")["length_m"].sum() / 1000
    for name in ("main", "regional", "local", "street", "connector"):
        assert table.loc[name, "estimate"] == pytest.approx(sums.get(name, 0.0))
        assert table.loc[name, "reported"] == 0


def test_threads_change_no_byte(network: RoadNetwork, skim: RoadSkim) -> None:
    two = road_skim(network, threads=2)
    assert two.time_min.tobytes() == skim.time_min.tobytes()
    assert two.distance_km.tobytes() == skim.distance_km.tobytes()
    assert two.paths is not None
    assert skim.paths is not None
    od = np.random.default_rng(2).random((network.n_zones, network.n_zones))
    assert load(two.paths, od, threads=2).tobytes() == load(skim.paths, od).tobytes()


def test_flow_is_kept_at_every_node(network: RoadNetwork, skim: RoadSkim) -> None:
    od = np.random.default_rng(3).uniform(0, 10, (network.n_zones, network.n_zones))
    flow = load(skim.paths, od)
    into, out = np.zeros(network.n_nodes), np.zeros(network.n_nodes)
    np.add.at(into, network.head, flow)
    np.add.at(out, network.tail, flow)
    np.fill_diagonal(od, 0)
    into[network.zone_node] += od.sum(axis=1)
    out[network.zone_node] += od.sum(axis=0)
    np.testing.assert_allclose(into, out, rtol=1e-12)


def test_loaded_vehicle_kilometres_are_those_of_the_skim(network: RoadNetwork, skim: RoadSkim) -> None:
    od = np.random.default_rng(4).uniform(0, 10, (network.n_zones, network.n_zones))
    np.fill_diagonal(od, 0)
    on_links = (load(skim.paths, od) * network.length_m).sum() / 1000
    assert on_links == pytest.approx((od * skim.distance_km).sum(), rel=1e-6)


def test_flow_without_a_path_is_an_error_that_counts(network: RoadNetwork) -> None:
    parted = road_skim(network.without_links(["n2-00", "n2-05"]))
    od = np.zeros((network.n_zones, network.n_zones))
    od[0, -1] = 2.5
    with pytest.raises(ValueError, match=r"flow of 2\.5 vehicles from 1 zones has no path \(first zone_idx 0\)"):
        load(parted.paths, od)


def test_time_rises_with_flow_by_the_stated_formula(network: RoadNetwork) -> None:
    free = network.free_flow_s()
    assert volume_delay(network, np.zeros(network.n_links)).tobytes() == free.tobytes()
    full = volume_delay(network, network.capacity_veh_h)
    connector = network.road_class == 4
    np.testing.assert_allclose(full[~connector], 1.15 * free[~connector], rtol=1e-12)
    assert (full[connector] == free[connector]).all()
    twice = volume_delay(network, 2 * network.capacity_veh_h)
    np.testing.assert_allclose(twice[~connector], (1 + 0.15 * 16) * free[~connector], rtol=1e-12)


@pytest.mark.parametrize("flow", [-1.0, np.nan, np.inf])
def test_a_flow_that_is_no_flow_is_refused(network: RoadNetwork, flow: float) -> None:
    with pytest.raises(ValueError, match="flow_veh_h"):
        volume_delay(network, np.full(network.n_links, flow))


@pytest.mark.parametrize("time_s", [-1.0, np.nan])
def test_times_are_never_negative(network: RoadNetwork, skim: RoadSkim, time_s: float) -> None:
    assert (skim.time_min > 0).all()
    with pytest.raises(ValueError, match="time_s"):
        road_skim(network, np.full(network.n_links, time_s))


def test_an_infinite_time_closes_a_link(network: RoadNetwork) -> None:
    time_s = network.free_flow_s()
    time_s[network.link_id == "n2-00"] = np.inf
    closed = road_skim(network.without_links(["n2-00"]))
    assert road_skim(network, time_s).time_min.tobytes() == closed.time_min.tobytes()


def test_the_triangle_inequality_holds_between_junctions(network: RoadNetwork, skim: RoadSkim) -> None:
    """A way through a third zone is never faster, once its connector, driven in and out, is taken off."""
    time_s = network.free_flow_s()
    connector_min = np.zeros(network.n_zones)
    for zone, node in enumerate(network.zone_node):
        connector_min[zone] = time_s[network.tail == node].min() / 60
    direct = skim.time_min.astype(np.float64)
    np.fill_diagonal(direct, 0)
    for via in range(network.n_zones):
        round_about = direct[:, via, None] + direct[None, via, :]
        others = np.delete(np.arange(network.n_zones), via)
        round_about[np.ix_(others, others)] -= 2 * connector_min[via]
        assert (direct <= round_about + 1e-4).all()


def test_two_routes_carry_flow_until_they_take_equally_long() -> None:
    """A wide slow road and a narrow fast one between two towns; successive averages find the equal times."""
    region = two_zones(
        link("fast", ("j0-00", "j1-00"), 10.0, capacity_veh_h=500.0),
        link("wide", ("j0-00", "j1-00"), 12.0, capacity_veh_h=2000.0),
    )
    network = RoadNetwork.from_region(region)
    od = np.array([[0.0, 1500.0], [0.0, 0.0]])
    flow = load(road_skim(network).paths, od)
    for step in range(2, 400):
        time_s = volume_delay(network, flow)
        shortest = load(road_skim(network, time_s).paths, od)
        gap = 1.0 - (time_s * shortest).sum() / (time_s * flow).sum()
        assert gap >= 0
        flow += (shortest - flow) / step
    assert gap < 1e-3
    fast, wide = (np.flatnonzero((network.link_id == name) & network.forward)[0] for name in ("fast", "wide"))
    assert flow[fast] + flow[wide] == pytest.approx(1500)
    assert time_s[fast] == pytest.approx(time_s[wide], rel=5e-3)
    # 600 (1 + 0.15 (x / 500)^4) = 720 (1 + 0.15 ((1500 - x) / 2000)^4) at x = 543.5
    assert flow[fast] == pytest.approx(543.5, rel=0.01)


@pytest.mark.parametrize("keep_paths", [True, False])
def test_a_skim_is_the_same_after_the_disk(network: RoadNetwork, tmp_path: Path, keep_paths: bool) -> None:
    skim = road_skim(network, keep_paths=keep_paths)
    for _ in range(2):
        skim.save(tmp_path / "skim")
    again = RoadSkim.load(tmp_path / "skim")
    assert isinstance(again.time_min, np.memmap)
    assert again.time_min.tobytes() == skim.time_min.tobytes()
    assert again.distance_km.tobytes() == skim.distance_km.tobytes()
    assert again.terminal_min.tobytes() == skim.terminal_min.tobytes()
    assert (again.paths is not None) == keep_paths
    od = np.ones((network.n_zones, network.n_zones))
    if keep_paths:
        assert load(again.paths, od).tobytes() == load(skim.paths, od).tobytes()
    else:
        with pytest.raises(ValueError, match="no paths"):
            load(again.paths, od)


def test_half_a_skim_on_the_disk_is_refused(skim: RoadSkim, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no whole road skim"):
        RoadSkim.load(tmp_path)
    skim.save(tmp_path)
    np.save(tmp_path / "time_min.npy", np.zeros((2, 2), np.float32))
    with pytest.raises(InputError, match=r"time_min\.npy is not what"):
        RoadSkim.load(tmp_path)
    (tmp_path / "time_min.npy").write_bytes(b"")
    with pytest.raises(InputError, match="no whole road skim"):
        RoadSkim.load(tmp_path)


@pytest.mark.parametrize(
    "meta", ["", "[]", "{}", '{"format": 1, "arrays": {}}', '{"format": 2, "arrays": {"../x": ["int32"]}}']
)
def test_a_strange_description_of_a_skim_is_refused(skim: RoadSkim, tmp_path: Path, meta: str) -> None:
    skim.save(tmp_path)
    (tmp_path / "road_skim.json").write_text(meta, encoding="utf-8")
    with pytest.raises(InputError, match=r"road_skim\.json is not|no whole road skim"):
        RoadSkim.load(tmp_path)


@pytest.mark.parametrize("name", ["tail", "head", "rank", "depart", "arrive", "link_ms", "link_cm"])
def test_paths_that_point_nowhere_are_refused(skim: RoadSkim, tmp_path: Path, name: str) -> None:
    skim.save(tmp_path)
    array = np.load(tmp_path / f"{name}.npy")
    array.flat[3] = -1
    np.save(tmp_path / f"{name}.npy", array)
    with pytest.raises(InputError, match="the paths are damaged"):
        RoadSkim.load(tmp_path)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"to_node": "j0-01x"}, r"“a”: unknown node “j0-01x” in to_node.*did you mean"),
        ({"road_class": "mian"}, r"“a”: unknown road class “mian”.*did you mean “main”"),
        ({"length_m": 0.0}, "“a”: length_m must be a number above zero"),
        ({"speed_km_h": np.nan}, "“a”: speed_km_h must be a number above zero"),
        ({"capacity_veh_h": np.inf}, "“a”: capacity_veh_h must be a number above zero"),
        ({"link_id": "c0"}, "link_id “c0” occurs more than once"),
    ],
)
def test_a_wrong_link_is_named(changes: dict[str, object], message: str) -> None:
    with pytest.raises(InputError, match=message):
        RoadNetwork.from_region(two_zones(link("a", ("j0-00", "j1-00"), 10.0) | changes))


def test_a_zone_without_a_node_or_with_two_is_named(region: SmallRegion) -> None:
    nodes = region.road_nodes
    without = nodes.assign(kind=nodes["kind"].where(nodes["node_id"] != "z1-03", "junction"))
    with pytest.raises(InputError, match="1 zones have no node on the road network, first “z1-03”"):
        RoadNetwork.from_region(SmallRegion(region.zones, without, region.road_links))
    double = nodes.assign(kind=nodes["kind"].where(nodes["node_id"] != "j1-03", "gate"))
    with pytest.raises(InputError, match="zone “z1-03” has more than one node"):
        RoadNetwork.from_region(SmallRegion(region.zones, double, region.road_links))


def test_each_slice_is_as_if_alone(network: RoadNetwork) -> None:
    """Eighteen slices: a whole set of sixteen, and a rest of two."""
    factor = np.random.default_rng(8).uniform(1, 3, (18, network.n_links))
    time_s = network.free_flow_s() * factor
    cost_eur = network.length_m * 1e-4
    od = np.ones((network.n_zones, network.n_zones))
    seen = 0
    for position, found in enumerate(road_skims(network, time_s, cost_eur=cost_eur)):
        alone = road_skim(network, time_s[position], cost_eur=cost_eur)
        for name in ("time_min", "distance_km", "cost_eur"):
            assert getattr(found, name).tobytes() == getattr(alone, name).tobytes()
        assert load(found.paths, od).tobytes() == load(alone.paths, od).tobytes()
        seen += 1
    assert seen == 18
    with pytest.raises(ValueError, match="two axes"):
        next(road_skims(network, time_s[0]))


def test_money_is_that_of_the_fastest_path(network: RoadNetwork, tmp_path: Path) -> None:
    cost_eur = np.random.default_rng(9).integers(0, 9, network.n_links) / 100
    skim = road_skim(network, cost_eur=cost_eur)
    assert skim.cost_eur is not None
    assert skim.paths is not None
    for origin, dest in [(0, 1), (3, 17), (20, 2)]:
        path = skim.paths.path(origin, dest)
        assert skim.cost_eur[origin, dest] == pytest.approx(cost_eur[path].sum(), abs=1e-6)
        assert skim.distance_km[origin, dest] == pytest.approx(network.length_m[path].sum() / 1000, rel=1e-5)
    assert np.isnan(skim.cost_eur.diagonal()).all()
    skim.save(tmp_path)
    again = RoadSkim.load(tmp_path)
    assert again.cost_eur is not None
    assert again.cost_eur.tobytes() == skim.cost_eur.tobytes()
    od = np.ones((network.n_zones, network.n_zones))
    assert load(again.paths, od).tobytes() == load(skim.paths, od).tobytes()


def test_of_equal_times_the_shortest_and_then_the_cheapest_counts() -> None:
    """Three roads of ten minutes: 12 km, and twice 10 km, of which one costs a euro."""
    region = two_zones(
        link("a-long", ("j0-00", "j1-00"), 12.0, speed_km_h=72.0),
        link("b-dear", ("j0-00", "j1-00"), 10.0),
        link("c-free", ("j0-00", "j1-00"), 10.0),
    )
    network = RoadNetwork.from_region(region)
    skim = road_skim(network, cost_eur=np.where(network.link_id == "b-dear", 1.0, 0.0))
    assert skim.cost_eur is not None
    assert skim.paths is not None
    assert skim.distance_km[0, 1] == pytest.approx(11)
    assert skim.cost_eur[0, 1] == 0
    assert network.link_id[skim.paths.path(0, 1)].tolist() == ["c0", "c-free", "c1"]
    flow = load(skim.paths, np.ones((2, 2)))
    assert flow[network.link_id == "c-free"].tolist() == [1, 1]
    assert flow[np.isin(network.link_id, ["a-long", "b-dear"])].tolist() == [0, 0, 0, 0]


@pytest.mark.parametrize("cost_eur", [-1.0, np.nan, np.inf])
def test_money_is_never_negative(network: RoadNetwork, cost_eur: float) -> None:
    with pytest.raises(ValueError, match="cost_eur"):
        road_skim(network, cost_eur=np.full(network.n_links, cost_eur))


def test_paths_beyond_the_end_of_whole_numbers_are_refused() -> None:
    long = [link("a", ("j0-00", "j1-00"), 10_800.0, speed_km_h=100.0)]
    with pytest.raises(ValueError, match=r"longer than 10,737 km"):
        road_skim(RoadNetwork.from_region(two_zones(*long)))


def test_the_order_of_contraction_changes_no_time(network: RoadNetwork, skim: RoadSkim) -> None:
    for seed in (1, 2):
        rank = np.random.default_rng(seed).permutation(network.n_nodes).astype(np.int32)
        other = road_skim(dataclasses.replace(network, rank=rank))
        assert other.time_min.tobytes() == skim.time_min.tobytes()
        assert other.distance_km.tobytes() == skim.distance_km.tobytes()
