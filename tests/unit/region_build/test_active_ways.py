"""Walking and cycling on the network of the made-up town: walks to stops against a slow twin, minutes of tours."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from tests.reference import active_walks
from zemsim.behaviour.parameters import load_parameters
from zemsim.core.errors import InputError
from zemsim.core.names import Season
from zemsim.region import Region, load_region
from zemsim.region.build.report import Report
from zemsim.region.summary import active_rule, evidence
from zemsim.travel.active import ActiveNetwork, ActiveRules
from zemsim.travel.active_ways import ActiveWays, active_minutes
from zemsim.travel.stop_walks import StopWalks, stop_walks
from zemsim.travel.timetable import Timetable
from zemsim.travel.transit import transit_skim
from zemsim.travel.transit_options import PathWeights, transit_options

RULES = ActiveRules.of(load_parameters())
WEIGHTS = PathWeights.of(load_parameters())


@pytest.fixture(scope="module")
def region(built: tuple[Path, Report]) -> Region:
    return load_region(built[0])


@pytest.fixture(scope="module")
def timetable(region: Region) -> Timetable:
    return Timetable.from_region(region)


@pytest.fixture(scope="module")
def ways(region: Region, timetable: Timetable) -> ActiveWays:
    found = ActiveWays.of(region, timetable, RULES)
    assert found is not None
    return found


def other_region(region: Region, **tables: Any) -> Any:
    """The region with other tables."""
    own = {name: getattr(region, name) for name in ("zones", "active_nodes", "active_links", "assumption")}
    return SimpleNamespace(**{**own, **tables})


def entries(walks: StopWalks, zone: int) -> tuple[np.ndarray, np.ndarray]:
    """Stops of a zone and what is added to their straight lines."""
    part = slice(walks.offset[zone], walks.offset[zone + 1])
    return walks.stop[part], walks.extra_m[part]


def test_every_stop_joins_the_network(region: Region, ways: ActiveWays) -> None:
    assert ways.stops.joined_stops.all()
    assert active_rule(region) == {"rule": "network", "zones_off": 0, "stops_joined": 13}
    km = {row["item"]: row for row in evidence(region)}["active_ways"]
    assert km["total"] > 0
    assert km["reported_share"] == pytest.approx(1)


def test_walks_from_centres_are_those_of_the_slow_twin(region: Region, timetable: Timetable, ways: ActiveWays) -> None:
    assert region.active_nodes is not None
    assert region.active_links is not None
    rules = timetable.rules
    twin = active_walks.walk_s(
        region.active_nodes.to_dict("records"),
        region.active_links.to_dict("records"),
        rules.transit_walk_speed_km_h,
        region.assumption("active.steps_share"),
        region.assumption("active.walk_slope"),
    )
    ids = timetable.stops["stop_id"].tolist()
    at = timetable.stops[["x_m", "y_m"]].to_numpy()
    compared = 0
    for zone, zone_id in enumerate(region.zones["zone_id"]):
        centre = region.zones[["x_m", "y_m"]].to_numpy()[zone]
        for stop, extra_m in zip(*entries(ways.stops, zone), strict=True):
            as_long = (np.hypot(*(at[stop] - centre)) + extra_m) * rules.walk_s_per_m
            assert as_long == pytest.approx(twin[zone_id][ids[stop]], abs=0.05)  # whole milliseconds by link
            compared += 1
    assert compared == len(region.zones) * len(ids)


def test_tours_walk_on_the_network(region: Region, timetable: Timetable, ways: ActiveWays) -> None:
    """Minutes from centres are those of the network, at least those without a detour, and other points differ."""
    skim = transit_skim(timetable)
    points, n = region.zones[["x_m", "y_m"]].to_numpy(np.float64), len(region.zones)
    pairs = np.repeat(np.arange(n), n), np.tile(np.arange(n), n)
    ends = (timetable, skim, points[pairs[0]], points[pairs[1]], np.zeros(n * n, int), np.full(n * n, 2), WEIGHTS)
    on_network = transit_options(*ends, walks=ways.stops, zones=pairs)["bus"]
    straight = transit_options(*ends)["bus"]
    both = on_network["available"] & straight["available"]
    assert both.any()
    assert (on_network["walk_min"] != straight["walk_min"])[both].any()
    for row in np.flatnonzero(on_network["available"])[:20]:
        out, back = (np.unravel_index(on_network[leg][row], skim.shape) for leg in ("leg_out", "leg_back"))
        legs = ((pairs[0][row], out[2]), (pairs[1][row], out[3]), (pairs[1][row], back[2]), (pairs[0][row], back[3]))
        metres = sum(as_straight_m(region, timetable, ways.stops, zone, int(stop)) for zone, stop in legs)
        between = skim.walk_min[out] + skim.walk_min[back]
        expected = 0.5 * (metres * timetable.rules.walk_s_per_m / 60.0 + between)
        assert on_network["walk_min"][row] == pytest.approx(expected, rel=1e-5)


def as_straight_m(region: Region, timetable: Timetable, walks: StopWalks, zone: int, stop: int) -> float:
    """What the way from a centre to a stop counts for."""
    stops, extra_m = entries(walks, zone)
    centre = region.zones[["x_m", "y_m"]].to_numpy()[zone]
    at = timetable.stops[["x_m", "y_m"]].to_numpy()[stop]
    return float(np.hypot(*(at - centre)) + extra_m[stops == stop][0])


def test_off_the_network_the_straight_line_holds_to_the_bit(region: Region, timetable: Timetable) -> None:
    """No stop on the network: the same bytes as without one, for points all over the zones."""
    assert region.active_nodes is not None
    bare = other_region(region, active_nodes=region.active_nodes.assign(stop_id=""))
    network = ActiveNetwork.from_region(bare, RULES)
    assert network is not None
    walks = stop_walks(network, region.zones, timetable)
    assert not walks.joined_stops.any()
    assert (walks.extra_m == 0).all()
    rng, n = np.random.default_rng(5), 2000
    zones = rng.integers(0, len(region.zones), n), rng.integers(0, len(region.zones), n)
    at, size = region.zones[["x_m", "y_m"]].to_numpy(np.float64), region.zones["size_m"].to_numpy(np.float64)
    points = [at[zone] + (rng.random((n, 2)) - 0.5) * size[zone][:, None] for zone in zones]
    ends = (timetable, transit_skim(timetable), *points, rng.integers(0, 4, n), rng.integers(0, 4, n), WEIGHTS)
    plain, listed = transit_options(*ends), transit_options(*ends, walks=walks, zones=zones)
    for mode, columns in plain.items():
        for name, values in columns.items():
            assert values.tobytes() == listed[mode][name].tobytes()


def test_the_order_of_rows_and_threads_change_no_bit(region: Region, timetable: Timetable, ways: ActiveWays) -> None:
    assert region.active_nodes is not None
    assert region.active_links is not None
    mixed = other_region(
        region,
        active_nodes=region.active_nodes.sample(frac=1, random_state=1),
        active_links=region.active_links.sample(frac=1, random_state=2),
    )
    again = ActiveWays.of(mixed, timetable, RULES, threads=2)
    assert again is not None
    for name, values in ways.arrays().items():
        assert values.tobytes() == again.arrays()[name].tobytes()


def test_ways_are_kept_on_disk(ways: ActiveWays, tmp_path: Path) -> None:
    ways.save(tmp_path)
    kept = ActiveWays.load(tmp_path).arrays()
    assert {name: values.tobytes() for name, values in ways.arrays().items()} == {
        name: values.tobytes() for name, values in kept.items()
    }
    (tmp_path / "detour.npy").write_bytes(b"nonsense")
    with pytest.raises(InputError, match="detour"):
        ActiveWays.load(tmp_path)


def test_minutes_of_tours_follow_mode_and_season(region: Region, ways: ActiveWays) -> None:
    network = ActiveNetwork.from_region(region, RULES)
    assert network is not None
    n = len(region.zones)
    origin, dest = (part.ravel() for part in np.meshgrid(np.arange(n), np.arange(n), indexing="ij"))
    walk = network.skim("walk")
    for season in Season:
        found = active_minutes(ways, RULES, season, origin, dest, walk.distance_km.ravel())
        for mode, minutes in zip(("walk", "bike", "ebike"), found, strict=True):
            there = network.skim(mode, season).time_min  # type: ignore[arg-type]
            assert minutes == pytest.approx((0.5 * (there + there.T)).ravel(), rel=1e-5)
    winter, summer = (active_minutes(ways, RULES, s, origin, dest, walk.distance_km.ravel()) for s in Season)
    assert (winter.walk == summer.walk).all()
    assert (winter.bike >= summer.bike).all()
    assert (winter.bike > summer.bike).mean() > 0.9
    assert (summer.ebike < summer.bike).mean() > 0.9


def test_zones_off_the_network_have_the_usual_speeds(region: Region, timetable: Timetable) -> None:
    assert region.active_nodes is not None
    first = region.zones["zone_id"].iloc[0]
    nodes = region.active_nodes.assign(zone_id=region.active_nodes["zone_id"].where(lambda ids: ids != first, ""))
    ways = ActiveWays.of(other_region(region, active_nodes=nodes), timetable, RULES)
    assert ways is not None
    assert ways.joined.tolist() == [False] + [True] * (len(region.zones) - 1)
    assert ways.walk_min_km[0] == pytest.approx(60.0 / RULES.walk_km_h)
    assert ways.bike_min_km[:, :, 0] == pytest.approx(60.0 / RULES.bike_km_h)
    assert (ways.bike_min_km[Season.WINTER][1:, 1:] != np.float32(60.0 / RULES.bike_km_h)).all()
    assert (entries(ways.stops, 0)[1] == 0).all()


def test_a_stop_that_two_nodes_name_is_a_fault(region: Region) -> None:
    assert region.active_nodes is not None
    own = region.active_nodes["stop_id"]
    nodes = region.active_nodes.assign(stop_id=own.where(own == "", own[own != ""].iloc[0]))
    with pytest.raises(InputError, match=r"name the stop .* twice"):
        ActiveNetwork.from_region(other_region(region, active_nodes=nodes), RULES)


def test_walks_and_zones_go_together(timetable: Timetable, ways: ActiveWays) -> None:
    skim = transit_skim(timetable)
    ends = (timetable, skim, [[0.0, 0.0]], [[0.0, 0.0]], [0], [0], WEIGHTS)
    with pytest.raises(ValueError, match="go together"):
        transit_options(*ends, walks=ways.stops)
    with pytest.raises(ValueError, match="positions below 9"):
        transit_options(*ends, walks=ways.stops, zones=([0], [9]))
    fewer = replace(ways.stops, joined_stops=ways.stops.joined_stops[1:])
    with pytest.raises(ValueError, match="12 stops"):
        transit_options(*ends, walks=fewer, zones=([0], [0]))
