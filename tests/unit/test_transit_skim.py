"""Small timetables worked out by hand: the skim, options of tours, loads, and changed frequencies."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from tests.reference.raptor import Trip, timetable
from zemsim.behaviour.parameters import load_parameters
from zemsim.core.errors import InputError
from zemsim.core.names import DayType
from zemsim.kernels.departures import Crush
from zemsim.kernels.transit_skim import PatternFares, leg_fare
from zemsim.kernels.vectors import LANES
from zemsim.travel.timetable import Timetable
from zemsim.travel.transit import TransitSkim, transit_skim
from zemsim.travel.transit_loads import DepartureLoads, Riders, Room, day_trips, planned_events, serve
from zemsim.travel.transit_options import PathWeights, transit_options

H = 3600
WEIGHTS = PathWeights.of(load_parameters())
POINTS = [(0.0, 0.0), (10_000.0, 0.0), (10_300.0, 0.0), (40_300.0, 0.0)]


def bus(route: int, stops: tuple[int, int], start: int, run: int) -> Trip:
    return Trip(route, False, stops, (start, start + run), (start, start + run))


def train(route: int, stops: tuple[int, int], start: int, run: int) -> Trip:
    return Trip(route, True, stops, (start, start + run), (start, start + run))


@pytest.fixture(scope="module")
def table() -> Timetable:
    """A bus 0-1 at 6:00, 7:00, 8:00 (20 min), a train 2-3 at 6:40 and 8:40 (30 min), and one bus each back."""
    out = [bus(0, (0, 1), hour * H, 1200) for hour in (6, 7, 8)]
    rail = [train(1, (2, 3), 6 * H + 2400, 1800), train(1, (2, 3), 8 * H + 2400, 1800)]
    back = [bus(2, (1, 0), 17 * H, 1200), train(3, (3, 2), 16 * H, 1800)]
    return timetable(POINTS, out + rail + back)


@pytest.fixture(scope="module")
def skim(table: Timetable) -> TransitSkim:
    return transit_skim(table)


def test_direct_bus(skim: TransitSkim) -> None:
    assert skim.in_vehicle_min[0, 0, 0, 1] == 20
    assert skim.headway_min[0, 0, 0, 1] == 80  # 240 minutes, three departures
    assert skim.transfers[0, 0, 0, 1] == 0
    assert skim.distance_km[0, 0, 0, 1] == 10
    assert skim.fare_eur[0, 0, 0, 1] == np.float32(0.5 + 0.05 * 10)
    assert np.isinf(skim.in_vehicle_min[1, 0, 0, 1])
    assert np.isinf(skim.in_vehicle_min[0, 1, 0, 1])


def test_bus_walk_train(skim: TransitSkim) -> None:
    """From 0 to 3: the bus at 7:00 would wait for the same train as that at 8:00, so it is not useful."""
    q = (0, 1, 0, 3)
    walk_min = np.ceil(300 * 1.3 * 3.6 / 4.8) / 60
    assert skim.in_vehicle_min[q] == 50
    assert skim.headway_min[q] == 120
    assert skim.transfers[q] == 1
    assert skim.walk_min[q] == pytest.approx(walk_min)
    assert skim.wait_min[q] == pytest.approx(20 - walk_min)
    assert skim.fare_eur[q] == pytest.approx(0.5 + 0.05 * 10 + 0.9 + 0.04 * 30)
    assert skim.bus_fare_eur[q] == pytest.approx(1.0)
    assert np.isinf(skim.in_vehicle_min[0, 0, 0, 3])


def test_main_leg_is_the_longest_ride(table: Timetable, skim: TransitSkim) -> None:
    pattern = skim.main_pattern[0, 1, 0, 3]
    assert table.routes["route_id"].iloc[table.pattern_route[pattern]] == "r01"
    assert (skim.board_pos[0, 1, 0, 3], skim.alight_pos[0, 1, 0, 3]) == (0, 1)


def test_stated_fares_come_before_the_formula() -> None:
    """The first pattern has a fare stated for one of its rides, the second for none."""
    formula = (np.array([0.5, 0.5]), np.array([0.05, 0.05]), np.array([1.0, 1.0]), np.array([True, True]))
    stated = np.array([np.nan, np.nan, 2.5, np.nan, np.nan, np.nan, np.nan, np.nan, np.nan])
    fares = PatternFares(*formula, np.array([0, -1]), np.array([3, 0]), stated)
    assert leg_fare(fares, 0, 20_000.0, 0, 2) == 2.5
    assert leg_fare(fares, 0, 20_000.0, 1, 2) == leg_fare(fares, 1, 20_000.0, 0, 2) == 1.5
    assert leg_fare(fares, 1, 4000.0, 0, 2) == 1.0


@pytest.mark.parametrize("rail", [False, True])
def test_the_very_first_arrival_can_be_changed_from(rail: bool) -> None:
    first = bus(0, (0, 1), 6 * H, 600)
    second = Trip(1, rail, (1, 2), (7 * H, 8 * H), (7 * H, 8 * H))
    skim = transit_skim(timetable([(0.0, 0.0), (20_000.0, 0.0), (60_000.0, 0.0)], [first, second]))
    assert skim.transfers[0, int(rail), 0, 2] == 1
    assert skim.in_vehicle_min[0, int(rail), 0, 2] == 70


def test_the_very_last_ride_can_be_changed_to() -> None:
    """By train at six and from there by the last bus of the day."""
    first, last = train(0, (0, 1), 6 * H, 600), bus(1, (1, 2), 7 * H, H)
    skim = transit_skim(timetable([(0.0, 0.0), (20_000.0, 0.0), (60_000.0, 0.0)], [first, last]))
    assert skim.in_vehicle_min[0, 1, 0, 2] == 70


def test_a_ride_from_a_stop_on_the_way_is_as_long_as_that_part_of_the_line() -> None:
    times = (7 * H, 7 * H + 600, 7 * H + 1800)
    skim = transit_skim(
        timetable([(0.0, 0.0), (10_000.0, 0.0), (30_000.0, 0.0)], [Trip(0, False, (0, 1, 2), *[times] * 2)])
    )
    assert skim.distance_km[0, 0, :2, 2].tolist() == [30, 20]
    assert skim.fare_eur[0, 0, :2, 2].tolist() == [2.0, 1.5]


def test_origins_of_the_last_lane_and_of_the_next_block_have_rows_of_their_own() -> None:
    """Thirty-four stops: from the last of the first thirty-two, and from the first after those; two buses each."""
    trips = [bus(0, (LANES - 1, 0), 7 * H, 1200), bus(0, (LANES - 1, 0), 8 * H, 1500)]
    trips += [bus(1, (LANES, 1), 7 * H, 1800), bus(1, (LANES, 1), 8 * H, 1800)]
    skim = transit_skim(timetable([(5000.0 * i, 0.0) for i in range(LANES + 2)], trips))
    reached = np.argwhere(np.isfinite(skim.in_vehicle_min[0, 0]))
    assert reached.tolist() == [[LANES - 1, 0], [LANES, 1]]
    assert skim.in_vehicle_min[0, 0, LANES - 1, 0] == 22.5
    assert skim.in_vehicle_min[0, 0, LANES, 1] == 30
    assert skim.headway_min[0, 0, LANES - 1, 0] == skim.headway_min[0, 0, LANES, 1] == 120


def test_slow_departures_do_not_count() -> None:
    """A journey of 90 minutes beside one of 20 (limit 1.5 x 20 + 20 = 50) is not a useful departure."""
    trips = [bus(0, (0, 1), 6 * H, 1200), bus(1, (0, 1), 7 * H, 5400)]
    skim = transit_skim(timetable(POINTS, trips))
    assert skim.headway_min[0, 0, 0, 1] == 240
    assert skim.in_vehicle_min[0, 0, 0, 1] == 20


def test_departures_outside_the_windows_belong_to_the_nearest() -> None:
    trips = [bus(0, (0, 1), 4 * H, 1200), bus(0, (0, 1), 25 * H, 1200)]
    skim = transit_skim(timetable(POINTS, trips))
    assert np.isfinite(skim.headway_min[:, 0, 0, 1]).tolist() == [True, False, False, True, False, False]
    assert skim.headway_min[3, 0, 0, 1] == 300


def test_threads_and_storage_keep_the_bits(table: Timetable, skim: TransitSkim, tmp_path: Path) -> None:
    other = transit_skim(table, threads=2)
    skim.save(tmp_path)
    stored = TransitSkim.load(tmp_path)
    for name in vars(skim):
        assert getattr(other, name).tobytes() == getattr(skim, name).tobytes()
        assert getattr(stored, name).tobytes() == getattr(skim, name).tobytes()
    (tmp_path / "wait_min.npy").write_bytes(b"nonsense")
    with pytest.raises(InputError, match="wait_min"):
        TransitSkim.load(tmp_path)


def options(table: Timetable, skim: TransitSkim, points: list[list[float]], threads: int = 1) -> dict:
    start, end = (np.array([row[i : i + 2] for row in points]) for i in (0, 2))
    periods = np.zeros(len(points), np.int8)
    return transit_options(table, skim, start, end, periods, periods + np.int8(2), WEIGHTS, threads)


def test_options_of_a_tour(table: Timetable, skim: TransitSkim) -> None:
    """Home 500 m from stop 0, work 100 m beyond stop 1 and 3: means of out and back, walks at both ends."""
    found = options(table, skim, [[-500.0, 0.0, 10_100.0, 0.0], [0.0, 0.0, 40_400.0, 0.0]])
    by_bus, by_train = found["bus"], found["train"]
    assert by_bus["available"].tolist() == [True, False]
    assert by_train["available"].tolist() == [False, True]
    assert by_bus["ivt_min"][0] == 20
    assert by_bus["headway_min"][0] == (80 + 240) / 2
    assert by_bus["walk_min"][0] == pytest.approx(600 * 1.3 * 60 / 4800)
    assert by_bus["km"][0] == 10
    assert np.isinf(by_bus["ivt_min"][1])
    assert by_bus["leg_out"][1] == -1
    size = len(table.stops)
    assert by_bus["leg_out"][0] == np.ravel_multi_index((0, 0, 0, 1), skim.shape)
    assert by_bus["leg_back"][0] == np.ravel_multi_index((2, 0, 1, 0), (6, 2, size, size))
    assert by_train["transfers"][1] == 1


def test_nothing_there_or_nothing_back_is_not_available(table: Timetable, skim: TransitSkim) -> None:
    start, end = np.array([[0.0, 0.0]]), np.array([[10_000.0, 0.0]])
    for out, back in ((0, 1), (1, 2)):
        found = transit_options(table, skim, start, end, [out], [back], WEIGHTS)
        assert not found["bus"]["available"][0]
    far = transit_options(table, skim, start + 9000.0, end, [0], [2], WEIGHTS)
    assert not far["bus"]["available"][0]


def test_the_way_back_must_still_be_there(table: Timetable, skim: TransitSkim) -> None:
    """The only bus back leaves at 17:00: who leaves 100 m away (1.95 minutes) at 16:58 catches it, at 16:59 not."""
    assert skim.last_departure_s[2, 0, 1, 0] == 17 * H
    start, end = np.array([[0.0, 0.0]] * 4), np.array([[10_000.0, 100.0]] * 4)
    leave = [16 * 60 + 58, 16 * 60 + 59, 14 * 60, -np.inf]
    found = transit_options(table, skim, start, end, [0] * 4, [2] * 4, WEIGHTS, leave_min=leave)["bus"]
    assert found["available"].tolist() == [True, False, True, True]
    assert np.isinf(found["ivt_min"][1])
    without = transit_options(table, skim, start, end, [0] * 4, [2] * 4, WEIGHTS)["bus"]
    assert all((found[name][3] == without[name][3]).all() for name in found)
    with pytest.raises(ValueError, match="leave_min"):
        transit_options(table, skim, start, end, [0] * 4, [2] * 4, WEIGHTS, leave_min=[0.0])


def test_a_later_bus_from_another_stop_or_in_a_later_period_brings_home() -> None:
    """Back from stop 1 at 16:00, from stop 2 (500 m away) at 18:00, and again from stop 1 at 20:00."""
    points = [(0.0, 0.0), (20_000.0, 0.0), (20_000.0, 700.0)]
    trips = [bus(0, (0, 1), 7 * H, 1200), bus(1, (1, 0), 16 * H, 1200), bus(2, (2, 0), 18 * H, 1200)]
    later = [bus(1, (1, 0), 20 * H, 1200)]
    for more, available, stop in (([], [True, True, False], [1, 2, -1]), (later, [True] * 3, [1, 1, 1])):
        table = timetable(points, trips + more)
        skim = transit_skim(table)
        ends = ([[0.0, 0.0]] * 3, [[20_000.0, 0.0]] * 3, [0] * 3, [2] * 3)
        found = transit_options(table, skim, *ends, WEIGHTS, leave_min=[15 * 60, 17 * 60, 18 * 60])["bus"]
        assert found["available"].tolist() == available
        stops = [int(np.unravel_index(leg, skim.shape)[2]) if leg >= 0 else -1 for leg in found["leg_back"]]
        assert stops == stop


def test_options_do_not_depend_on_threads_or_row_order(table: Timetable, skim: TransitSkim) -> None:
    rng = np.random.default_rng(3)
    points = np.column_stack([rng.uniform(-900, 900, 9000), rng.uniform(-900, 900, 9000), np.full(9000, 10_050.0)])
    points = np.column_stack([points, rng.uniform(-900, 900, 9000)])
    one, two = options(table, skim, points.tolist()), options(table, skim, points.tolist(), threads=2)
    order = rng.permutation(9000)
    mixed = options(table, skim, points[order].tolist())
    for name, values in one["bus"].items():
        assert values.tobytes() == two["bus"][name].tobytes()
        assert values[order].tobytes() == mixed["bus"][name].tobytes()
    assert one["bus"]["available"].any()


def test_a_farther_stop_counts_only_with_a_new_route() -> None:
    """Four stops of one line and, farther away, a stop of the line that is needed: it is found."""
    points = [(100.0 * i, 0.0) for i in range(5)] + [(600.0, 0.0), (20_000.0, 0.0), (20_000.0, 5000.0)]
    line = Trip(0, False, (0, 1, 2, 3, 4, 6), tuple(range(7 * H, 7 * H + 6000, 1000)), tuple(range(7 * H, 31200, 1000)))
    there, back = bus(1, (5, 7), 7 * H, 1800), bus(1, (7, 5), 16 * H, 1800)
    table = timetable(points, [line, there, back])
    found = transit_options(table, transit_skim(table), [[0.0, 0.0]], [[20_000.0, 5000.0]], [0], [2], WEIGHTS)
    assert found["bus"]["available"].tolist() == [True]


def test_generalised_minutes_choose_the_stops() -> None:
    """A nearer stop with a slow bus loses to a farther one with a quick bus unless walking weighs much."""
    points = [(0.0, 0.0), (700.0, 0.0), (20_000.0, 0.0), (20_000.0, 700.0)]
    slow, quick = (bus(0, (0, 2), 7 * H, 3600), bus(1, (1, 2), 7 * H, 1200))
    back = [bus(2, (2, 0), 16 * H, 1200), bus(3, (2, 1), 16 * H, 1200)]
    table = timetable(points, [slow, quick, *back])
    skim = transit_skim(table)
    args = (table, skim, [[0.0, 0.0]], [[20_000.0, 0.0]], [0], [2])
    assert transit_options(*args, WEIGHTS)["bus"]["ivt_min"][0] == 20
    heavy = transit_options(*args, replace(WEIGHTS, walk_ratio=9.0))
    assert heavy["bus"]["ivt_min"][0] == 40


@pytest.mark.parametrize("symbol", ["m_walk", "m_wait", "m_head", "pen_transfer"])
def test_each_weight_of_paths_is_a_parameter(symbol: str) -> None:
    usual = load_parameters()
    other = usual.with_values({symbol: usual.table[symbol].high})
    differs = [
        name for name, value in vars(PathWeights.of(other)).items() if value != vars(PathWeights.of(usual))[name]
    ]
    assert len(differs) == 1
    assert getattr(PathWeights.of(other), differs[0]) == usual.table[symbol].high


def load_legs(
    table: Timetable,
    skim: TransitSkim,
    leg: list[int],
    at_min: list[int],
    weight: float = 1.0,
    full: float = np.inf,
    waits: bool = False,
) -> DepartureLoads:
    """Loads of weekday journeys by their legs and minutes, in vehicles with ``full`` places per seat."""
    capacity = table.capacity_pers()
    trips = day_trips(table, DayType.WEEKDAY, Room(capacity, capacity * full if full < np.inf else capacity * np.nan))
    legs = np.array(leg, np.int64)
    event = planned_events(trips, skim, legs, np.array(at_min), waits)
    riders = Riders(skim, legs, event, np.ones(len(legs), bool), weight)
    return serve(table, trips, [riders], Crush(1.5, 2.0, 120.0))


def test_loads(table: Timetable, skim: TransitSkim) -> None:
    """Three go by bus, two of them by the departure at six and one by that at seven, and all come back at five."""
    found = options(table, skim, [[0.0, 0.0, 10_000.0, 0.0]] * 3)["bus"]
    out = load_legs(table, skim, found["leg_out"].tolist(), [350, 375, 440])
    back = load_legs(table, skim, found["leg_back"].tolist(), [980, 990, 1000], waits=True)
    routes = table.pattern_route.tolist()
    there, home = routes.index(0), routes.index(2)
    assert out.boardings.sum() == back.boardings.sum() == 3
    assert out.boarded_pers.sum() == 3.0
    assert np.flatnonzero(out.boarded_pers).size == 2
    assert out.fullest_share[there] == pytest.approx(2 / 50)
    assert back.fullest_share[home] == pytest.approx(3 / 50)
    assert out.fullest[home] == out.denied_of_pattern.sum() == out.stranded_pers.sum() == 0.0


def test_loads_add_up_along_the_line() -> None:
    """Riders over different sections of one vehicle: the fullest section counts; standing begins above the seats."""
    trip = Trip(0, False, (0, 1, 2), (6 * H, 7 * H, 8 * H), (6 * H, 7 * H, 8 * H))
    table = timetable([(0.0, 0.0), (20_000.0, 0.0), (40_000.0, 0.0)], [trip], capacity_pers=10.0)
    skim = transit_skim(table)
    size = skim.shape
    first, through, second = (int(np.ravel_multi_index((0, 0, a, b), size)) for a, b in ((0, 1), (0, 2), (1, 2)))
    loads = load_legs(table, skim, [first, through, through, second, second, second], [360] * 6)
    assert loads.load_pers.tolist() == [3.0, 5.0, 0.0]
    assert loads.fullest_share[0] == pytest.approx(0.5)
    crowded = load_legs(table, skim, [first, through, through, second, second, second], [360] * 6, weight=3.0)
    assert crowded.crowding.tolist() == pytest.approx([1.0 + 0.5 * 0.5 * 15 / 24, 1.25, 1.0])


def test_a_full_bus_leaves_passengers_behind_for_the_next_and_the_last_one_for_good() -> None:
    """Six want the first of two buses with two places each: two ride with it, two with the next, two not at all."""
    table = timetable(POINTS, [bus(0, (0, 1), 6 * H, 1200), bus(0, (0, 1), 7 * H, 1200)], capacity_pers=2.0)
    skim = transit_skim(table)
    leg = int(np.ravel_multi_index((0, 0, 0, 1), skim.shape))
    loads = load_legs(table, skim, [leg] * 6, [355] * 6, full=1.0)
    assert loads.boarded_pers.tolist() == pytest.approx([2.0, 2.0, 0.0, 0.0])
    assert loads.denied_pers.tolist() == pytest.approx([4.0, 2.0, 0.0, 0.0])
    assert loads.stranded_pers[0] == pytest.approx(2.0)
    assert loads.wait_min.tolist() == pytest.approx([60 / 3 + (60 + 120) / 3, 120.0, 0.0, 0.0])
    larger = load_legs(table, skim, [leg] * 6, [355] * 6, full=1.5)
    assert larger.denied_of_pattern[0] == pytest.approx(3.0)
    assert larger.stranded_pers[0] == 0.0


def test_a_departure_that_does_not_run_leaves_everybody_behind() -> None:
    table = timetable(POINTS, [bus(0, (0, 1), 6 * H, 1200), bus(0, (0, 1), 7 * H, 1200)])
    skim, capacity = transit_skim(table), table.capacity_pers()
    trips = day_trips(table, DayType.WEEKDAY, Room(capacity, capacity))
    leg = np.full(4, np.ravel_multi_index((0, 0, 0, 1), skim.shape))
    riders = Riders(skim, leg, planned_events(trips, skim, leg, np.full(4, 360), False), np.ones(4, bool))
    loads = serve(table, trips, [riders], Crush(1.5, 2.0, 120.0), np.array([0.25, 1.0]))
    assert loads.boarded_pers[:2].tolist() == [1.0, 3.0]
    assert loads.wait_min[0] == pytest.approx(45.0)
    with pytest.raises(ValueError, match="2 shares"):
        serve(table, trips, [riders], Crush(1.5, 2.0, 120.0), np.array([0.25]))


def test_scaled_by_one_is_the_same_object(table: Timetable) -> None:
    assert table.scaled([("r00", 1.0)]) is table


@pytest.mark.parametrize(("factor", "count"), [(2.0, 6), (1.5, 5), (0.5, 2), (0.0, 0), (4.0, 12)])
def test_scaled_number_of_departures(table: Timetable, factor: float, count: int) -> None:
    more = table.scaled([("r00", factor)])
    k = table.pattern_route.tolist().index(0)
    assert more.times[0][k].depart_s.shape[1] == count
    assert (np.diff(more.times[0][k].depart_s) > 0).all()
    for other in range(table.n_patterns):
        if other != k:
            assert more.times[0][other] is table.times[0][other]


def test_scaled_keeps_existing_departures_and_halves_gaps(table: Timetable) -> None:
    k = table.pattern_route.tolist().index(0)
    hours = table.scaled([("r00", 2.0)]).times[0][k].depart_s[0] / H
    assert hours.tolist() == [6, pytest.approx(6 + 1 / 3), pytest.approx(6 + 2 / 3), 7, 7.5, 8]


def test_scaled_single_departure_and_vehicle_km(table: Timetable) -> None:
    more = table.scaled([("r02", 3.0)])
    k = table.pattern_route.tolist().index(2)
    assert (more.times[0][k].depart_s[0] / H).tolist() == [17, 19, 21]
    km = more.vehicle_km().set_index(["route_id", "day_type"])["vehicle_km"]
    assert km[("r02", 0)] == 30
    assert km[("r00", 0)] == 30
    assert km[("r00", 1)] == 0


def test_scaled_refuses_what_is_wrong(table: Timetable) -> None:
    with pytest.raises(InputError, match="r99"):
        table.scaled([("r99", 2.0)])
    with pytest.raises(InputError, match="zero or more"):
        table.scaled([("r00", -1.0)])


def test_loads_share_passengers_among_parallel_lines() -> None:
    """Three departures of one line and one of another: three quarters of the passengers are on the first."""
    trips = [bus(0, (0, 1), hour * H, 1200) for hour in (5, 6, 7)] + [bus(1, (0, 1), 8 * H, 1200)]
    table = timetable(POINTS, trips, capacity_pers=1.0)
    skim = transit_skim(table)
    assert skim.main_share[0, 0, 0, 1] == 0.75
    leg = int(np.ravel_multi_index((0, 0, 0, 1), skim.shape))
    loads = load_legs(table, skim, [leg] * 8, [300] * 8)
    assert loads.fullest_share.tolist() == [6.0, 0.0]
    assert loads.boardings[:, 0].tolist() == [8.0, 0.0]
