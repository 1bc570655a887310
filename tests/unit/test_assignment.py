"""Assignment: what it refuses, what it returns on the road network of a region, and the command."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner, Result

from zemsim.cli import cli
from zemsim.core.atomic import check_can_write
from zemsim.core.errors import InputError, OutputError, UsageError
from zemsim.travel.assign_files import assign_files
from zemsim.travel.assignment import equilibrate, solve
from zemsim.travel.link_network import LinkNetwork, VehicleClass
from zemsim.travel.road_network import RoadNetwork
from zemsim.travel.roads import load, road_skim, volume_delay
from zemsim.travel.volume_delay import VolumeDelay

BRAESS_NET = """<NUMBER OF ZONES> 2
<NUMBER OF NODES> 4
<FIRST THRU NODE> 1
<NUMBER OF LINKS> 5
<END OF METADATA>
~ init_node term_node capacity length free_flow_time b power speed toll link_type ;
4 2 1 100 0.00000001 1000000000 1 0 0 1 ;
1 3 1 100 0.00000001 1000000000 1 0 0 1 ;
1 4 1 100 50 0.02 1 0 0 1 ;
3 2 1 100 50 0.02 1 0 0 1 ;
3 4 1 100 10 0.1 1 0 13 1 ;
"""
BRAESS_TRIPS = """<NUMBER OF ZONES> 2
<TOTAL OD FLOW> 7
<END OF METADATA>
Origin 1
1 : 1; 2 : 6;
"""


def two_roads(**changes) -> LinkNetwork:
    given = {
        "n_nodes": 3,
        "tail": np.array([0, 0], np.int32),
        "head": np.array([1, 1], np.int32),
        "delay": VolumeDelay(np.ones(2), np.ones(2), np.ones(2), np.ones(2)),
        "no_through": np.zeros(3, bool),
    }
    return LinkNetwork(**{**given, **changes})


def cars(dest: int = 1, flow: float = 2.0, **more) -> VehicleClass:
    return VehicleClass(np.array([0], np.int32), np.array([dest], np.int32), np.array([flow]), **more)


def test_flow_without_a_path_is_an_error_that_names_the_pairs() -> None:
    many = VehicleClass(np.zeros(7, np.int32), np.full(7, 2, np.int32), np.ones(7))
    with pytest.raises(InputError, match="7 vehicles of 1 pairs have no path: 0 to 2 "):
        solve(two_roads(), [many])
    with pytest.raises(InputError, match="have no path: a to c "):
        solve(two_roads(node_id=np.array(["a", "b", "c"], object)), [cars(2)])
    with pytest.raises(InputError, match="2 vehicles of 1 pairs"):
        solve(two_roads(), [cars(fixed=np.array([np.inf, np.inf]))])
    ends = np.array([(o, d) for o in range(3) for d in range(3)], np.int32)
    with pytest.raises(InputError, match="0 to 2, 1 to 0, 1 to 2, 2 to 0, 2 to 1 -") as raised:
        solve(two_roads(), [VehicleClass(ends[:, 0], ends[:, 1], np.ones(9))])
    assert "5 vehicles of 5 pairs" in str(raised.value)


def test_vehicles_that_stay_are_counted_and_use_no_road() -> None:
    found = solve(
        two_roads(), [VehicleClass(np.array([0, 2], np.int32), np.array([1, 2], np.int32), np.array([2.0, 5.0]))]
    )
    assert found.inside_veh == 5
    assert found.flow_pce.tolist() == [1, 1]
    assert found.time.tolist() == [2, 2]


def test_pairs_that_stand_twice_are_added() -> None:
    twice = VehicleClass(np.zeros(2, np.int32), np.ones(2, np.int32), np.array([1.5, 0.5]))
    assert solve(two_roads(), [twice], 1e-9).flow_pce.tolist() == pytest.approx([1, 1])


def test_lorries_count_as_more_than_a_car() -> None:
    found = solve(two_roads(), [cars(flow=2.0), cars(flow=1.0, pce_factor=2.0)], 1e-12)
    assert found.flow_pce.sum() == pytest.approx(4)
    assert found.class_flow_veh.sum(axis=1).tolist() == pytest.approx([2, 1])


def test_iterations_end_and_say_so() -> None:
    """Two pairs that share a road in the middle are not balanced in one go."""
    rng = np.random.default_rng(1)
    n = 30
    ends = np.array([(a, b) for a in range(n) for b in range(n) if a != b and rng.random() < 0.2], np.int32)
    delay = VolumeDelay(
        rng.uniform(1, 3, len(ends)), np.full(len(ends), 0.5), np.full(len(ends), 4.0), np.ones(len(ends))
    )
    net = LinkNetwork(
        n, np.ascontiguousarray(ends[:, 0]), np.ascontiguousarray(ends[:, 1]), delay, np.zeros(n, np.bool_)
    )
    demand = VehicleClass.from_matrix(np.ones((n, n)), np.arange(n, dtype=np.int32))
    seen = []
    found = solve(net, [demand], 1e-12, max_iterations=2, progress=seen.append)
    assert not found.reached
    assert found.iterations == 2
    assert [p.iteration for p in seen] == [0, 1, 2]
    assert seen[-1].relative_gap == found.relative_gap > 1e-12
    assert solve(net, [demand], 1e-8).reached


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: solve(two_roads(), []), "there must be a class"),
        (lambda: solve(two_roads(), [cars()], 0.0), "gap must be above zero"),
        (lambda: solve(two_roads(), [cars()], max_iterations=0), "max_iterations"),
        (lambda: solve(two_roads(), [cars(3)]), "dest of class 0 must hold nodes from 0 to 2"),
        (lambda: solve(two_roads(), [cars(fixed=np.zeros(3))]), "fixed of class 0 must have 2 links"),
        (lambda: cars(flow=-1.0), "flow_veh must be finite"),
        (lambda: cars(flow=np.nan), "flow_veh must be finite"),
        (lambda: cars(pce_factor=0.0), "pce_factor"),
        (lambda: cars(fixed=np.array([-1.0, 0])), "fixed must be zero or more"),
        (lambda: VehicleClass(np.zeros(2, np.int32), np.zeros(1, np.int32), np.zeros(1)), "of one length"),
        (lambda: VehicleClass.from_matrix(np.ones((2, 2)), np.arange(3, dtype=np.int32)), "od_flow must be of shape"),
        (lambda: two_roads(head=np.array([1, 3], np.int32)), "head must hold nodes from 0 to 2"),
        (lambda: two_roads(tail=np.array([0, 0])), "tail must be int32"),
        (lambda: two_roads(no_through=np.zeros(2, bool)), "no_through must be bool"),
        (
            lambda: solve(two_roads(), [cars()], warm=solve(two_roads(head=np.array([1, 2], np.int32)), [cars()])),
            "warm start needs a solution of the same links",
        ),
    ],
)
def test_what_does_not_fit_is_refused(call, words) -> None:
    with pytest.raises(ValueError, match=words):
        call()


@pytest.fixture(scope="module")
def roads(zemgale) -> RoadNetwork:
    return RoadNetwork.from_region(zemgale)


@pytest.fixture(scope="module")
def od_flow(roads: RoadNetwork) -> np.ndarray:
    """Cars per hour of a made-up morning that jams some roads: from every seventh zone to some of its neighbours."""
    flow = np.zeros((roads.n_zones, roads.n_zones))
    zones = np.arange(0, roads.n_zones, 7)
    for step in (1, 40, 333):
        flow[zones, (zones * 5 + step) % roads.n_zones] = 60.0
    np.fill_diagonal(flow, 0.0)
    reached = np.isfinite(road_skim(roads, keep_paths=False).time_min)
    return np.where(reached, flow, 0.0)


def test_the_roads_of_the_region_in_equilibrium(roads: RoadNetwork, od_flow: np.ndarray) -> None:
    found = equilibrate(roads, od_flow, gap=1e-7)
    assert found.reached
    assert found.iterations > 0
    np.testing.assert_allclose(found.time_s, volume_delay(roads, found.flow_veh_h), rtol=1e-12)
    shortest = load(road_skim(roads, found.time_s).paths, od_flow)
    least, paid = found.time_s @ shortest, found.time_s @ found.flow_veh_h
    assert 1 - least / paid < 2e-6  # the paths of that skim are sought in whole milliseconds
    two = equilibrate(roads, od_flow, gap=1e-7, threads=2)
    assert two.flow_veh_h.tobytes() == found.flow_veh_h.tobytes()
    warm = equilibrate(roads, od_flow * 1.02, warm=found, gap=1e-7)
    cold = equilibrate(roads, od_flow * 1.02, gap=1e-7)
    assert warm.iterations < cold.iterations
    assert warm.solution.objective_value == pytest.approx(cold.solution.objective_value, rel=1e-6)


def test_an_unreachable_zone_is_named_by_its_node(roads: RoadNetwork, od_flow: np.ndarray) -> None:
    origin, dest = (int(i[0]) for i in np.nonzero(od_flow))
    node = roads.zone_node[dest]
    closed = roads.without_links(roads.link_id[roads.head == node].tolist())
    with pytest.raises(InputError, match=f"{roads.node_id[roads.zone_node[origin]]} to {roads.node_id[node]}"):
        equilibrate(closed, od_flow)


@pytest.fixture
def braess(tmp_path: Path) -> list[str]:
    (tmp_path / "net.tntp").write_text(BRAESS_NET, "utf-8")
    (tmp_path / "trips.tntp").write_text(BRAESS_TRIPS, "utf-8")
    return [str(tmp_path / "net.tntp"), str(tmp_path / "trips.tntp")]


def run(*args: str) -> Result:
    return CliRunner().invoke(cli, list(args))


def test_assign_prints_one_object(braess: list[str], tmp_path: Path) -> None:
    result = run(
        "assign", *braess, "--gap", "1e-12", "--json", "--flows", str(tmp_path / "flows.csv"), "--threads", "2"
    )
    assert result.exit_code == 0, result.stderr
    figures = json.loads(result.stdout)
    assert list(figures)[:5] == ["objective", "relative_gap", "total_travel_time", "iterations", "seconds"]
    assert figures["objective"] == pytest.approx(386, abs=1e-6)
    assert figures["total_travel_time"] == pytest.approx(6 * 92, abs=1e-6)
    assert figures["vehicles_inside_zones"] == 1
    assert 0 <= figures["relative_gap"] <= 1e-12
    assert (figures["toll_weight"], figures["distance_weight"], figures["links_closed"]) == (0, 0, 0)
    assert "tolls, which count nothing" in result.stderr
    assert result.stderr.splitlines()[-1].endswith(f", {figures['paths']} paths")
    rows = [line.split(",") for line in (tmp_path / "flows.csv").read_text("utf-8").splitlines()]
    assert rows[0] == ["init_node", "term_node", "flow", "time", "cost"]
    assert [row[:2] for row in rows[1:]] == [["4", "2"], ["1", "3"], ["1", "4"], ["3", "2"], ["3", "4"]]
    assert [float(row[2]) for row in rows[1:]] == pytest.approx([4, 4, 2, 2, 2], abs=1e-6)
    assert [float(row[3]) for row in rows[1:]] == pytest.approx([40, 40, 52, 52, 12], abs=1e-6)


def test_assign_with_tolls_prints_a_table(braess: list[str]) -> None:
    result = run("assign", *braess, "--gap", "1e-12", "--toll-weight", "1")
    assert result.exit_code == 0
    table = dict(line.rsplit("  ", 1) for line in result.stdout.splitlines())
    found = {key.strip(): value.strip() for key, value in table.items()}
    assert float(found["total travel time"]) == pytest.approx(6 * 83, abs=1e-6)
    assert found["reached"] == "yes"


def test_assign_says_when_the_gap_is_not_reached(braess: list[str]) -> None:
    result = run("assign", *braess, "--gap", "1e-15", "--max-iterations", "1", "--json")
    assert result.exit_code == 3
    assert json.loads(result.stdout)["reached"] is False
    assert "gap 1e-15 is not reached" in result.stderr


@pytest.mark.parametrize(
    ("options", "code", "words"),
    [
        (("--gap", "0"), 2, "the gap must be a number above zero"),
        (("--gap", "nan"), 2, "the gap must be"),
        (("--toll-weight", "-1"), 2, "the toll weight must be a number of zero or more"),
        (("--distance-weight", "inf"), 2, "the distance weight must be"),
        (("--threads", "0"), 2, "0 is not in the range"),
    ],
)
def test_assign_refuses_options_that_make_no_sense(braess: list[str], options, code: int, words: str) -> None:
    result = run("assign", *braess, *options)
    assert result.exit_code == code
    assert words in result.stderr
    assert result.stdout == ""


def test_assign_ends_with_65_for_bad_files(braess: list[str], tmp_path: Path) -> None:
    for args in ((braess[1], braess[1]), (braess[0], braess[0]), (braess[0], str(tmp_path / "none"))):
        result = run("assign", *args)
        assert result.exit_code == 65
        assert str(tmp_path) in result.stderr
        assert "Traceback" not in result.stderr
    alone = Path(braess[1]).with_name("three.tntp")
    alone.write_text(BRAESS_TRIPS.replace("ZONES> 2", "ZONES> 3"), "utf-8")
    assert run("assign", braess[0], str(alone)).exit_code == 65


def test_assign_ends_with_74_where_flows_cannot_be_written(braess: list[str], tmp_path: Path) -> None:
    result = run("assign", *braess, "--flows", str(tmp_path / "no folder" / "x.csv"))
    assert result.exit_code == 74
    assert "No such file" in result.stderr
    assert "iteration" not in result.stderr  # it is known before the work is done


def test_assign_counts_links_without_capacity(braess: list[str]) -> None:
    net = Path(braess[0])
    net.write_text(BRAESS_NET.replace("3 4 1 100", "3 4 0 100"), "utf-8")
    result = run("assign", *braess, "--json")
    assert "1 of 5 links are closed: their capacity is 0" in result.stderr
    figures = json.loads(result.stdout)
    assert figures["links_closed"] == 1
    assert figures["total_travel_time"] == pytest.approx(6 * 83, abs=1e-2)  # Braess: without the middle link


def test_the_flows_of_an_earlier_run_stay_until_new_ones_are_written(braess: list[str], tmp_path: Path) -> None:
    flows = tmp_path / "flows.csv"
    flows.write_text("old", "utf-8")
    check_can_write(flows)
    assert flows.read_text("utf-8") == "old"
    assert {path.name for path in tmp_path.iterdir()} == {"net.tntp", "trips.tntp", "flows.csv"}
    with pytest.raises(OutputError, match="this is a folder"):
        check_can_write(tmp_path)


def test_assign_reads_weights_from_the_file(tmp_path: Path) -> None:
    net, trips = tmp_path / "net", tmp_path / "trips"
    net.write_text("<TOLL FACTOR> 1\n" + BRAESS_NET, "utf-8")
    trips.write_text(BRAESS_TRIPS, "utf-8")
    said: list[str] = []
    by_file = assign_files(net, trips, 1e-12, say=said.append)
    assert by_file.figures["total_travel_time"] == pytest.approx(6 * 83, abs=1e-6)
    assert (by_file.figures["toll_weight"], by_file.figures["distance_weight"]) == (1, 0)
    assert any("has lengths, which count nothing without --distance-weight" in line for line in said)
    assert assign_files(net, trips, 1e-12, toll_weight=0.0, say=said.append).figures["objective"] == pytest.approx(386)
    assert not any("tolls" in line for line in said)
    with pytest.raises(UsageError):
        assign_files(net, trips, -1.0)
