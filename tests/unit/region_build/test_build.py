"""From files to a pack: roads, turns, zones, stops and chargers of the made-up town, and what the report says."""

from __future__ import annotations

import json
import shutil
from collections import deque
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from click.testing import CliRunner

from tests.reference import grid_town
from tests.reference.grid_town import node_id
from zemsim.behaviour.parameters import load_parameters
from zemsim.cli import cli
from zemsim.core.errors import InputError, OutputError
from zemsim.region import Region, load_region
from zemsim.region.build.build import Question, build_region
from zemsim.region.build.report import Report
from zemsim.region.region import digest_pack
from zemsim.travel.active import ActiveNetwork, ActiveRules
from zemsim.travel.active_ways import ActiveWays
from zemsim.travel.pack_check import pack_rows
from zemsim.travel.road_network import RoadNetwork
from zemsim.travel.roads import road_skim
from zemsim.travel.timetable import Timetable

Built = tuple[Path, Report]
RULES = ActiveRules.of(load_parameters())


@pytest.fixture(scope="module")
def region(built: Built) -> Region:
    return load_region(built[0])


@pytest.fixture(scope="module")
def network(region: Region) -> RoadNetwork:
    return RoadNetwork.from_region(region)


def test_what_was_read_and_left_out(built: Built) -> None:
    report = built[1]
    assert report.total("zones", "read", "zones") == 10
    assert report.total("zones", "outside", "zones farther than 1000 m from every road") == 1
    assert report.total("zones", "outside", "residents of zones without a road") == 7
    assert report.total("zones", "dropped", "columns that are not read") == 1
    assert report.total("roads", "dropped", "nodes that ways name and the file lacks") == 2
    assert report.total("roads", "repaired", "ways cut where nodes are missing") == 1
    assert report.total("roads", "repaired", "nodes that follow themselves") == 1
    assert report.total("roads", "dropped", "edges off the main part") == 1
    assert report.total("roads", "dropped", "loops that begin and end at the same node") == 1
    assert report.total("turn restrictions", "read", "relations") == 4
    assert report.total("turn restrictions", "kept", "restrictions") == 1
    assert report.total("turn restrictions", "refused", "not for cars, or only at some times") == 1
    assert report.total("turn restrictions", "refused", "a member lies outside the file") == 1
    assert report.total("turn restrictions", "refused", "a way passes through the crossing: ambiguous") == 1
    assert report.total("timetable", "outside", "stops too far from every zone") == 1
    week = "week 2024-12-23 to 2024-12-29, the busiest; --date takes another"
    assert report.total("timetable", "kept", week) == 1
    assert report.total("chargers", "kept", "charging points") == 6
    assert report.total("chargers", "outside", "stations outside the zones") == 1
    assert report.total("parking", "kept", "zones with a parking price") == 1


def test_the_report_lies_in_the_pack(built: Built) -> None:
    told = json.loads((built[0] / "import.json").read_text(encoding="utf-8"))
    assert told["rows"] == built[1].table()


def test_one_way_streets(network: RoadNetwork) -> None:
    ends = {(str(network.node_id[t]), str(network.node_id[h])) for t, h in zip(network.tail, network.head, strict=True)}
    names = {a for pair in ends for a in pair}
    assert f"n{node_id(4, 5)}" in names
    with_flow = network.link_id[network.length_m > 1]
    east = [name for name in with_flow if name.startswith("w1001-")]
    west = [name for name in with_flow if name.startswith("w1002-")]
    assert east
    assert west
    for name in east:
        at = np.flatnonzero(network.link_id == name)
        assert at.size == 1
        assert network.node_x_m[network.head[at[0]]] > network.node_x_m[network.tail[at[0]]]
    for name in west:
        at = np.flatnonzero(network.link_id == name)
        assert at.size == 1
        assert network.node_x_m[network.head[at[0]]] < network.node_x_m[network.tail[at[0]]]


def _reachable(network: RoadNetwork, start: int, first: int) -> list[int]:
    """Nodes along the way that begins with a link: breadth first, links of 10 cm only."""
    seen, queue = [start], deque([first])
    while queue:
        node = queue.popleft()
        if node in seen:
            continue
        seen.append(node)
        for link in range(network.row_start[node], network.row_start[node + 1]):
            if network.length_m[link] <= 0.2:
                queue.append(int(network.head[link]))
    return seen[1:]


def test_the_restricted_turn_is_closed_and_no_other(network: RoadNetwork) -> None:
    """Coming from (0, 2) to (0, 1), cars may go on to (0, 0) and back, not up to (1, 1)."""
    name = {n: i for i, n in enumerate(network.node_id)}
    arrivals = [at for at in network.node_id if str(at).startswith(f"n{node_id(0, 1)}-i")]
    assert len(arrivals) >= 1

    def exits(node: str) -> set[str]:
        inside = _reachable(network, -1, name[node])
        ways = set()
        for at in inside:
            for link in range(network.row_start[at], network.row_start[at + 1]):
                if network.length_m[link] > 0.2:
                    ways.add(str(network.link_id[link]).split("-")[0])
        return ways

    hub = f"n{node_id(0, 1)}"
    assert "w2010" in exits(hub)
    for arrival in arrivals:
        assert "w2010" not in exits(arrival)
        assert "w1030" in exits(arrival)


def test_flow_of_a_street_stays_on_its_link(network: RoadNetwork) -> None:
    """Crossings taken apart have turn links of 10 cm; no street has two links in one direction."""
    road = network.length_m > 1
    pairs = [f"{a} {b}" for a, b in zip(network.link_id[road], network.forward[road], strict=True)]
    assert len(pairs) == len(set(pairs))


def test_closing_the_bridge_lengthens_ways_across_the_river(network: RoadNetwork, region: Region) -> None:
    bridges = sorted({str(name) for name in network.link_id[network.bridge]})
    assert bridges
    before = road_skim(network).time_min
    after = road_skim(network.without_links(bridges)).time_min
    assert np.isfinite(after).all()
    side = (region.zones["x_m"] > network.node_x_m[network.tail[network.bridge]].mean()).to_numpy()
    across = side[:, None] != side[None, :]
    assert (after >= before).all()
    assert (after[across] > before[across]).any()
    assert np.array_equal(after[~across], before[~across])


def test_speeds_and_capacities_follow_tags_and_rules(region: Region) -> None:
    links = region.road_links.set_index("link_id")
    main = links[links["highway"] == "primary"]
    assert set(main["limit_km_h"]) == {50.0}
    assert set(main["speed_status"]) == {"estimate"}
    assert set(main["speed_km_h"]) == {42.0}
    streets = links[links["highway"] == "residential"]
    assert {"asphalt", "gravel"} == set(streets["surface"])
    assert set(streets["capacity_status"]) == {"assumption"}
    assert set(main.loc[main.index.str.startswith("w1003-"), "capacity_veh_h"]) == {1500.0}


def test_lengths_are_those_on_the_ground(network: RoadNetwork) -> None:
    blocks = network.length_m[[str(n).startswith("w2060") for n in network.link_id]]
    assert blocks.sum() / 2 == pytest.approx(grid_town.STEP_M, rel=0.01)


def test_zones_reach_each_other_and_the_report_agrees(region: Region, network: RoadNetwork) -> None:
    rows = {row["what"]: row for row in pack_rows(region, RULES)}
    assert rows["pairs of zones without a way by road"]["value"] == 0
    assert rows["pairs of zones without a way to walk"]["value"] == 0
    assert len(region.zones) == 9
    assert int(region.zones["population"].sum()) == 9 * grid_town.PEOPLE


def test_stops_and_trips(region: Region) -> None:
    timetable = Timetable.from_region(region)
    assert len(timetable.stops) == 13
    assert set(timetable.routes["network_id"]) == {"regional_bus"}
    assert {times.depart_s.shape[1] for times in timetable.times[0]} == {32}


def test_chargers(region: Region) -> None:
    sites = region.chargers.set_index("site_id")
    assert sites.loc["osm-n950", "kind"] == "fast"
    assert sites.loc["osm-n950", "points"] == 4
    assert sites.loc["osm-n950", "power_kw"] == 50
    assert sites.loc["osm-n950", "status"] == "reported"
    assert sites.loc["osm-n951", "status"] == "estimate"


def test_parking_fee(region: Region) -> None:
    assert sorted(set(region.parking_eur_h())) == [0.0, 1.2]


def test_walking_takes_short_cuts_and_goes_against_one_ways(region: Region) -> None:
    walking = ActiveNetwork.from_region(region, RULES)
    assert walking is not None
    walk, bike = walking.skim("walk"), walking.skim("bike")
    assert np.allclose(walk.time_min, walk.time_min.T, rtol=1e-4)
    assert np.isfinite(bike.time_min).all()
    assert (bike.time_min <= walk.time_min * 1.21).all()
    winter = walking.skim("bike", season=0)  # type: ignore[arg-type]
    assert winter.time_min.sum() > bike.time_min.sum()
    ways = ActiveWays.of(region, Timetable.from_region(region), RULES)
    assert ways is not None
    assert (ways.detour >= 1).all()
    assert np.median(ways.detour) < 1.6


def test_same_bytes_twice_and_with_shuffled_zones(question: Question, built: Built, tmp_path: Path) -> None:
    header, *rows = question.zones.read_text(encoding="utf-8").splitlines()
    shuffled = tmp_path / "zones.csv"
    shuffled.write_text("\n".join([header, *rows[::-1]]) + "\n", encoding="utf-8")
    build_region(replace(question, zones=shuffled), tmp_path / "again")
    assert digest_pack(tmp_path / "again") == digest_pack(built[0])


def test_a_day_outside_the_feed_names_days_with_service(question: Question, tmp_path: Path) -> None:
    import datetime as dt

    with pytest.raises(InputError, match="2030") as caught:
        build_region(replace(question, date=dt.date(2030, 1, 2)), tmp_path / "pack")
    assert "2024" in str(caught.value)
    assert not list(tmp_path.iterdir())


def test_a_pack_gives_way_only_to_a_whole_one(
    question: Question, built: Built, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    out = tmp_path / "pack"
    shutil.copytree(built[0], out)
    (out / "mine.txt").write_text("of the old pack", encoding="utf-8")
    rename = Path.rename

    def fails_for_the_new_one(path: Path, target: Path) -> Path:
        if Path(target) == out and not path.name.endswith("-old"):
            raise OSError(28, "No space left on device", str(target))
        return rename(path, target)

    with monkeypatch.context() as patched:
        patched.setattr(Path, "rename", fails_for_the_new_one)
        with pytest.raises(OutputError, match="No space"):
            build_region(question, out, replace=True)
    assert (out / "mine.txt").exists()
    build_region(question, out, replace=True)
    assert not (out / "mine.txt").exists()
    assert [path.name for path in tmp_path.iterdir()] == ["pack"]


def test_a_place_that_cannot_be_written_is_told_before_the_work(question: Question, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("", encoding="utf-8")
    for out in (tmp_path / "file" / "pack", Path("/proc/pack")):
        said: list[str] = []
        with pytest.raises(OutputError, match="no pack can be written there"):
            build_region(question, out, said.append)
        assert said == []


@pytest.mark.parametrize("fault", ["feed", "date", "zones", "name"])
def test_cheap_faults_are_found_before_the_extract_is_read(question: Question, tmp_path: Path, fault: str) -> None:
    import datetime as dt

    bad = tmp_path / "bad.zip"
    bad.write_bytes(b"no archive")
    changed: dict[str, dict[str, Any]] = {
        "feed": {"gtfs": [bad]},
        "date": {"date": dt.date(2030, 1, 2)},
        "zones": {"zones": tmp_path / "none.csv"},
        "name": {"name": "???"},
    }
    said: list[str] = []
    with pytest.raises(InputError):
        build_region(replace(question, **changed[fault]), tmp_path / "pack", said.append)
    assert "reading OpenStreetMap" not in said


def test_stops_beyond_the_extract_are_told_apart(question: Question, tmp_path: Path) -> None:
    west, south = grid_town.place(-0.5, -0.5)
    east, north = grid_town.place(5.5, 2.5)
    box = (min(west, east), min(south, north), max(west, east), max(south, north))
    report = build_region(replace(question, box=box), tmp_path / "pack")
    far = sum(
        row["count"] for row in report.table() if "from every way for walking" in row["what"] and "stops" in row["what"]
    )
    beyond = report.total(
        "walking and cycling", "outside", "of these stops, outside the box around all ways of the OpenStreetMap extract"
    )
    assert 0 < beyond <= far


def test_examples_are_named_once() -> None:
    report = Report()
    for name in ("a", "b", "b", "c"):
        report.count("zones", "note", "double", examples=[name])
    assert report.table()[0]["examples"] == ["a", "b", "c"]
    assert report.table()[0]["count"] == 4


def test_a_file_that_is_no_feed_is_said_to_be_no_archive(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("hello", encoding="utf-8")
    done = CliRunner().invoke(cli, ["region", "check", str(tmp_path / "notes.txt")])
    assert done.exit_code == 65
    assert "this is not a zip archive - give a folder or a .zip file" in done.stderr


def test_the_target_is_not_overwritten(question: Question, built: Built, tmp_path: Path) -> None:
    with pytest.raises(OutputError, match="--replace"):
        build_region(question, built[0])
    (tmp_path / "diary.txt").write_text("dear diary", encoding="utf-8")
    with pytest.raises(OutputError, match="no pack"):
        build_region(question, tmp_path, replace=True)
    assert (tmp_path / "diary.txt").exists()


def test_own_rules(question: Question, tmp_path: Path) -> None:
    rules = tmp_path / "rules"
    rules.mkdir()
    (rules / "limits.csv").write_text("value,km_h,grade,source\nwalk,zero,assumption,x\n", encoding="utf-8")
    with pytest.raises(InputError, match=r"limits.csv:2: km_h"):
        build_region(replace(question, rules=rules), tmp_path / "pack")
    (rules / "limits.csv").rename(rules / "limit.csv")
    with pytest.raises(InputError, match=r"did you mean “limits”"):
        build_region(replace(question, rules=rules), tmp_path / "pack")


def test_elevation_slows_climbs(question: Question, tmp_path: Path) -> None:
    grid = tmp_path / "heights.asc"
    rows = [" ".join(str(10 * (40 - r)) for _ in range(40)) for r in range(40)]
    grid.write_text(
        "ncols 40\nnrows 40\nxllcorner 23.68\nyllcorner 56.60\ncellsize 0.0025\nNODATA_value -9999\n" + "\n".join(rows),
        encoding="ascii",
    )
    build_region(replace(question, elevation=grid), tmp_path / "pack")
    region = load_region(tmp_path / "pack")
    network = ActiveNetwork.from_region(region, RULES)
    assert network is not None
    assert network.rise_m.sum() + network.fall_m.sum() > 0
    bike, ebike = network.skim("bike").time_min, network.skim("ebike").time_min
    north = region.zones["y_m"].to_numpy().argmax(), region.zones["y_m"].to_numpy().argmin()
    assert bike[north[1], north[0]] > 1.02 * bike[north[0], north[1]]
    assert ebike[north[1], north[0]] < bike[north[1], north[0]]


def test_commands(sources: Path, tmp_path: Path) -> None:
    pack = tmp_path / "pack"
    args = ["--osm", str(sources / "town.osm.pbf"), "--gtfs", str(sources / "feed.zip"), "--zones"]
    made = CliRunner().invoke(cli, ["region", "build", *args, str(sources / "zones.csv"), "--out", str(pack), "--json"])
    assert made.exit_code == 0, made.output
    checked = CliRunner().invoke(cli, ["region", "check", str(pack), "--json"])
    assert checked.exit_code == 0
    assert json.loads(checked.stdout)["ok"]
    out = tmp_path / "car.omx"
    skims = CliRunner().invoke(cli, ["skims", str(pack), "--mode", "car", "--out", str(out), "--json"])
    assert skims.exit_code == 0, skims.output
    assert out.is_file()
