"""Public transport of tours against its slow twin: which stops, out and back, on skims of any numbers."""

from __future__ import annotations

import random
from dataclasses import fields

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.reference import transit_options as slow
from tests.reference.raptor import Trip, timetable
from zemsim.travel.stop_walks import StopWalks
from zemsim.travel.timetable import Timetable
from zemsim.travel.transit import TransitSkim, transit_skim
from zemsim.travel.transit_options import PathWeights, generalised_min, last_in_day, transit_options

WEIGHTS = PathWeights(walk_ratio=2.0, wait_ratio=1.5, headway_ratio=0.4, transfer_min=5.0)
#: A coarse grid, so that equal distances are common, and larger than a walk.
steps = st.integers(-2, 34)
points = st.tuples(steps, steps).map(lambda p: (p[0] * 200.0, p[1] * 200.0))
NAMES = {"in_vehicle_min": "ivt_min", "distance_km": "km"}


@st.composite
def tables(draw: st.DrawFn) -> Timetable:
    """Stops, some of them at the same place; routes by bus or train that stop at some of them."""
    at = draw(st.lists(points, min_size=2, max_size=16))
    lines = []
    for route in range(draw(st.integers(1, 6))):
        stops = tuple(draw(st.permutations(range(len(at))))[: draw(st.integers(2, 6))])
        times = tuple(25_200 + 600 * k for k in range(len(stops)))
        lines.append(Trip(route, draw(st.integers(0, 3)) == 0, stops, times, times))
    return timetable(at, lines)


def made_up_skim(n: int, seed: int) -> TransitSkim:
    """Whole minutes (so that ties are common), some pairs without a journey, some departures long gone."""
    luck = np.random.default_rng(seed)
    shape = (6, 2, n, n)
    values = {
        item.name: luck.integers(0, 9, shape).astype(np.int32 if item.name == "last_departure_s" else np.float32)
        for item in fields(TransitSkim)
    }
    gone = luck.random(shape) < 0.3
    for name in ("in_vehicle_min", "headway_min"):
        values[name][gone] = np.inf
    values["last_departure_s"] = np.where(gone, -1, luck.integers(14, 20, shape) * 3600).astype(np.int32)
    for name in ("main_pattern", "board_pos", "alight_pos"):
        values[name] = np.zeros(shape, np.int32)
    return TransitSkim(**values)


def metres_to_stops(table: Timetable, point: tuple[float, float], extra: list[float] | None = None) -> list[float]:
    """What the walk to each stop counts for; with ``extra`` metres on a network."""
    found = []
    for stop, (x, y) in enumerate(table.stops[["x_m", "y_m"]].to_numpy().tolist()):
        straight = float(np.sqrt((x - point[0]) ** 2 + (y - point[1]) ** 2))
        detour = table.rules.transit_walk_detour_ratio
        found.append(straight if extra is None else max(straight / detour, straight + extra[stop]))
    return found


def near(table: Timetable, metres: list[float]) -> tuple[list[tuple[int, float]], list[tuple[int, float]]]:
    routes: list[set[int]] = [set() for _ in metres]
    stations = set()
    for pattern, stops in enumerate(table.pattern_stops):
        for stop in stops.tolist():
            if table.is_train()[pattern]:
                stations.add(stop)
            else:
                routes[stop].add(int(table.pattern_route[pattern]))
    rules = table.rules
    limits = (m / rules.transit_walk_detour_ratio for m in (rules.transit_access_bus_m, rules.transit_access_train_m))
    return slow.near_stops(metres, routes, stations, *limits)


tours = st.lists(
    st.tuples(points, points, st.integers(0, 5), st.integers(0, 5), st.sampled_from([-np.inf, 840.0, 1019.0, 1100.0])),
    min_size=1,
    max_size=4,
)


@settings(max_examples=150)
@given(tables(), tours, st.booleans(), st.integers(0, 2**20), st.data())
def test_options_equal_the_twin(table: Timetable, day: list, twice: bool, seed: int, data: st.DataObject) -> None:
    """One home or several; walks in straight lines, or on a network with ways of their own for two zones."""
    if twice:  # the same home again: the kernel does not look for its stops again
        day = [(day[0][0], *tour[1:]) for tour in day]
    skim = made_up_skim(len(table.stops), seed)
    zones: list[list[int]] | None = None
    extras: list[list[float]] = []
    walks = None
    if data.draw(st.booleans()):
        width = len(table.stops)
        metres = st.lists(st.sampled_from([-200.0, 0.0, 0.0, 300.0]), min_size=width, max_size=width)
        extras = [data.draw(metres) for _ in range(2)]
        zones = [data.draw(st.lists(st.integers(0, 1), min_size=len(day), max_size=len(day))) for _ in "od"]
        walks = network(extras)
    compare(table, skim, day, walks, zones, extras)


def compare(
    table: Timetable,
    skim: TransitSkim,
    day: list,
    walks: StopWalks | None = None,
    zones: list[list[int]] | None = None,
    extras: list[list[float]] | None = None,
) -> None:
    """Hold the options of all tours against the twin."""
    found = transit_options(
        table, skim, [t[0] for t in day], [t[1] for t in day], [t[2] for t in day], [t[3] for t in day], WEIGHTS,
        leave_min=[t[4] for t in day], walks=walks, zones=None if zones is None else (zones[0], zones[1]),
    )  # fmt: skip
    cost, last = generalised_min(skim, WEIGHTS), last_in_day(skim)
    for row, (home, work, out, back, leave) in enumerate(day):
        ends = []
        for k, point in enumerate((home, work)):
            extra = extras[zones[k][row]] if zones is not None and extras is not None else None
            ends.append(near(table, metres_to_stops(table, point, extra)))
        for layer, mode in enumerate(("bus", "train")):
            per_m = table.rules.walk_s_per_m / 60.0
            best = slow.option(layer, *ends, out, back, leave, per_m, WEIGHTS.walk_ratio, skim, cost, last)
            check(found[mode], row, best, skim)


def check(arrays: dict[str, np.ndarray], row: int, best: tuple | None, skim: TransitSkim) -> None:
    assert arrays["available"][row] == (best is not None)
    legs = [-1, -1] if best is None else [int(np.ravel_multi_index(leg, skim.shape)) for leg in best[1]]
    assert [arrays["leg_out"][row], arrays["leg_back"][row]] == legs
    for name in slow.PARTS:
        value = arrays[NAMES.get(name, name)][row]
        nothing = np.inf if name in ("in_vehicle_min", "headway_min") else 0.0
        assert value == pytest.approx(nothing if best is None else best[0][name], rel=1e-5)


def network(extras: list[list[float]]) -> StopWalks:
    """Walks from each zone to every stop, so many metres longer than straight lines."""
    n_zones, n_stops = len(extras), len(extras[0])
    return StopWalks(
        offset=np.arange(n_zones + 1, dtype=np.int64) * n_stops,
        stop=np.tile(np.arange(n_stops, dtype=np.int32), n_zones),
        extra_m=np.array(extras, np.float64).ravel(),
        joined_stops=np.ones(n_stops, np.bool_),
    )


@pytest.mark.parametrize("seed", range(6))
def test_many_stops_at_few_places_equal_the_twin(seed: int) -> None:
    """Thirty stops at five places within reach of all homes: ties everywhere, more stops and stations than are kept."""
    luck = random.Random(seed)
    places = [(0.0, 0.0), (0.0, 400.0), (300.0, 0.0), (0.0, 1200.0), (900.0, 0.0)]
    at = [luck.choice(places) for _ in range(30)]
    lines = []
    for route in range(luck.choice([2, 4, 8])):
        stops = tuple(luck.sample(range(30), luck.randint(2, 25)))
        times = tuple(25_200 + 60 * k for k in range(len(stops)))
        lines.append(Trip(route, route % 4 == 1, stops, times, times))
    homes = [(0.0, 0.0), (0.0, 600.0), (0.0, 1200.0), (600.0, 0.0)]
    leaves = [-np.inf, 960.0, 1080.0]
    day = [
        (luck.choice(homes), luck.choice(homes), luck.randrange(6), luck.randrange(6), luck.choice(leaves))
        for _ in range(60)
    ]
    compare(timetable(at, lines), made_up_skim(30, seed), day)


def reached(stops: list[tuple[float, float]], home: tuple[float, float], only: int) -> bool:
    """Whether a far place is reached whose bus stops at one of these stops only; another line stops at all others."""
    far = len(stops)
    others = tuple(stop for stop in range(far) if stop != only)
    hour = 3600
    line = tuple(7 * hour + 60 * k for k in range(len(others)))
    there, back = (7 * hour, 8 * hour), (16 * hour, 17 * hour)
    trips = [
        Trip(0, False, others, line, line),
        Trip(1, False, (only, far), there, there),
        Trip(2, False, (far, only), back, back),
    ]
    end = (home[0], 50_000.0)
    table = timetable([*stops, end], trips)
    found = transit_options(table, transit_skim(table), [home], [end], [0], [2], WEIGHTS)
    return bool(found["bus"]["available"][0])


def test_twelve_stops_are_looked_at() -> None:
    row = [(100.0 + 10.0 * k, 0.0) for k in range(13)]
    assert reached(row[:12], (0.0, 0.0), 11)
    assert not reached(row, (0.0, 0.0), 12)


def test_of_stops_equally_near_the_lower_rows_are_looked_at() -> None:
    """Seven stops to the east stand in the table before seven to the west, which lie in an earlier cell."""
    stops = [(3000.0, 0.0)] * 7 + [(1800.0, 0.0)] * 7 + [(0.0, 0.0)]
    assert [reached(stops, (2400.0, 0.0), only) for only in (5, 6, 11, 12)] == [True, True, True, False]
    west, east = (1800.0, 0.0), (3000.0, 0.0)
    stops = [west] * 11 + [east, west] + [(0.0, 0.0)]  # the twelfth comes when twelve are there, and ousts the last
    assert [reached(stops, (2400.0, 0.0), only) for only in (10, 11, 12)] == [True, True, False]


@pytest.mark.parametrize("on_network", [False, True])
@pytest.mark.parametrize("train", [False, True])
def test_a_stop_exactly_as_far_as_one_walks_is_near(train: bool, on_network: bool) -> None:
    out, back = (7 * 3600, 8 * 3600), (16 * 3600, 17 * 3600)
    lines = [Trip(0, train, (0, 1), out, out), Trip(1, train, (1, 0), back, back)]
    end = (0.0, 50_000.0)
    rules = timetable([end], []).rules
    limit_m = (rules.transit_access_train_m if train else rules.transit_access_bus_m) / rules.transit_walk_detour_ratio
    walks, zones = (network([[0.0, 0.0]]), ([0], [0])) if on_network else (None, None)
    for x, is_near in ((limit_m, True), (np.nextafter(limit_m, np.inf), False)):
        table = timetable([(x, 0.0), end], lines)
        skim = transit_skim(table)
        found = transit_options(table, skim, [(0.0, 0.0)], [end], [0], [2], WEIGHTS, walks=walks, zones=zones)
        assert bool(found["train" if train else "bus"]["available"][0]) == is_near
