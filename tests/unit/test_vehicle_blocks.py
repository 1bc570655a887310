"""Vehicle blocks worked out by hand: which departures one bus drives one after the other."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from tests.reference.raptor import Trip, timetable
from zemsim.core.names import DayType
from zemsim.travel.timetable import Timetable
from zemsim.travel.vehicle_blocks import BlockRules, Blocks, blocks_of

H = 3600
RULES = BlockRules(pause_s=300.0, stand_s=3600.0, empty_km_h=30.0, empty_detour=1.0, empty_most_km=5.0)
#: A town of two ends 6 km apart, a stop 3 km from the first end, and one far away.
POINTS = [(0.0, 0.0), (6000.0, 0.0), (0.0, 3000.0), (40_000.0, 0.0)]


def trip(route: int, stops: tuple[int, int], start: int, minutes: int) -> Trip:
    return Trip(route, False, stops, (start, start + 60 * minutes), (start, start + 60 * minutes))


def network_of(table: Timetable) -> str:
    return str(table.routes["network_id"].iloc[0])


def of(trips: list[Trip], rules: BlockRules = RULES) -> Blocks:
    table = timetable(POINTS, trips)
    return blocks_of(table, DayType.WEEKDAY, network_of(table), rules)


def starts(blocks: Blocks) -> list[list[float]]:
    return [[run.start_s / H for run in block] for block in blocks.blocks]


def test_there_and_back_is_one_block_after_a_pause() -> None:
    blocks = of([trip(0, (0, 1), 6 * H, 20), trip(0, (1, 0), 6 * H + 25 * 60, 20)])
    assert starts(blocks) == [[6.0, 6 + 25 / 60]]
    assert blocks.buses == 1
    short = of([trip(0, (0, 1), 6 * H, 20), trip(0, (1, 0), 6 * H + 24 * 60, 20)])
    assert starts(short) == [[6.0], [6.4]]
    assert short.buses == 2


def test_first_fit_takes_the_bus_with_the_lowest_number() -> None:
    trips = [trip(0, (0, 1), 6 * H, 20), trip(0, (0, 1), 6 * H + 600, 20), trip(0, (1, 0), 7 * H, 20)]
    assert starts(of(trips)) == [[6.0, 7.0], [6 + 1 / 6]]


def test_an_empty_way_takes_time_and_has_a_limit() -> None:
    """3 km at 30 km/h are six minutes, beside the pause of five; 40 km are too far."""
    near = [trip(0, (1, 0), 6 * H, 20), trip(1, (2, 1), 6 * H + 31 * 60, 20)]
    blocks = of(near)
    assert [len(block) for block in blocks.blocks] == [2]
    assert blocks.blocks[0][1].to_km == pytest.approx(3.0)
    assert len(of([near[0], trip(1, (2, 1), 6 * H + 30 * 60, 20)]).blocks) == 2
    assert len(of([near[0], trip(1, (3, 1), 7 * H, 20)]).blocks) == 2
    assert len(of(near, RULES._replace(empty_most_km=2.0)).blocks) == 2


def test_a_long_stand_is_spent_at_the_depot_and_needs_no_second_bus() -> None:
    blocks = of([trip(0, (0, 1), 6 * H, 20), trip(0, (1, 0), 9 * H, 20), trip(0, (0, 1), 15 * H, 20)])
    assert starts(blocks) == [[6.0], [9.0], [15.0]]
    assert blocks.buses == 1


def test_the_depot_lies_where_most_departures_begin_or_end() -> None:
    blocks = of([trip(0, (0, 1), 6 * H, 20), trip(0, (1, 0), 7 * H, 20), trip(1, (1, 2), 9 * H, 20)])
    assert blocks.depot_stop == 1
    assert blocks.busiest_termini() == (1, 0, 2)
    assert blocks.depot_km[0] == pytest.approx(6.0)
    assert blocks.leave_s(blocks.blocks[0][0]) == 6 * H - 720
    assert blocks.blocks[-1][0].home_km == pytest.approx(np.hypot(6.0, 3.0))


def test_every_departure_is_in_one_block_and_a_network_without_any_has_none() -> None:
    trips = [trip(route, ((0, 1), (1, 0))[route % 2], 6 * H + 420 * n, 15) for route in (0, 1) for n in range(40)]
    blocks = of(trips)
    driven = [(run.pattern, run.trip) for block in blocks.blocks for run in block]
    assert len(driven) == len(set(driven)) == 80
    for block in blocks.blocks:
        for before, then in itertools.pairwise(block):
            assert then.start_s - before.end_s >= RULES.pause_s + blocks.empty_s(then.to_km) - 1e-9
    table = timetable(POINTS, trips)
    nothing = blocks_of(table, DayType.WEEKEND, network_of(table), RULES)
    assert (nothing.blocks, nothing.buses, nothing.depot_stop) == ((), 0, -1)
