"""The skim from departure profiles in lanes against every departure on its own, and against blocks and threads."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.properties.test_connection_scan import ZEMGALE
from tests.properties.test_raptor import Feed, feeds, walks_of
from tests.reference.connection_profiles import Journey, useful
from tests.reference.raptor import FARES, Trip, timetable
from zemsim.core.names import PERIODS, DayType
from zemsim.kernels.raptor import profile_arrivals
from zemsim.travel.timetable import Timetable, period_bounds
from zemsim.travel.transit import TransitSkim, transit_skim
from zemsim.travel.transit_network import layered_network
from zemsim.travel.transit_rules import TransitRules

H = 3600


def shifted(trip: Trip, by_s: int) -> Trip:
    return replace(trip, arrive=tuple(t + by_s for t in trip.arrive), depart=tuple(t + by_s for t in trip.depart))


@st.composite
def days(draw: st.DrawFn) -> tuple[Feed, TransitRules]:
    """A feed whose trips lie early, around the end of the morning (9:00) and after midnight, with rules of changing."""
    points, trips = draw(feeds())
    hours = draw(st.lists(st.sampled_from([0.0, 0.0, 3.0, 3.5, 18.5]), min_size=len(trips), max_size=len(trips)))
    trips = [shifted(trip, int(hour * H)) for trip, hour in zip(trips, hours, strict=True)]
    rules = TransitRules(
        transit_min_transfer_s=draw(st.sampled_from([0.0, 120.0])),
        transit_transfer_penalty_min=draw(st.sampled_from([0.0, 5.0])),
        transit_max_boardings=float(draw(st.integers(1, 4))),
        transit_slow_extra_min=draw(st.sampled_from([0.0, 20.0, 600.0])),
        transit_day_slow_extra_min=draw(st.sampled_from([0.0, 60.0, 600.0])),
    )
    return (points, trips), rules


def kept(found: list[Journey], of_day: list[Journey], rules: TransitRules) -> list[Journey]:
    """Those that are not much slower than the quickest of the window, nor very much than that of the day."""
    times = [j.arrive - j.depart for j in found]
    day = (
        min(j.arrive - j.depart for j in of_day) * rules.transit_day_slow_ratio + 60 * rules.transit_day_slow_extra_min
    )
    limit = min(day, min(times) * rules.transit_slow_ratio + 60 * rules.transit_slow_extra_min)
    return [j for j, time in zip(found, times, strict=True) if time <= limit]


def check_pair(skim: TransitSkim, place: tuple[int, int, int, int], journeys: list[Journey]) -> None:
    """Headway, last departure, changes and time in all of one pair are those of the journeys."""
    if not journeys:
        assert np.isinf(skim.headway_min[place])
        assert skim.last_departure_s[place] == -1
        return
    period = PERIODS[place[0]]
    assert skim.headway_min[place] == np.float32((period.end_min - period.start_min) / len(journeys))
    assert skim.last_departure_s[place] == max(j.depart for j in journeys)
    assert skim.transfers[place] == np.float32(np.mean([j.vehicles - 1 for j in journeys]))
    whole = skim.in_vehicle_min[place] + skim.wait_min[place] + skim.walk_min[place]
    assert whole == pytest.approx(np.mean([j.arrive - j.depart for j in journeys]) / 60.0, abs=1e-3)


@settings(max_examples=60)
@given(days())
def test_the_skim_is_that_of_every_departure_on_its_own(day: tuple[Feed, TransitRules]) -> None:
    (points, trips), rules = day
    table = replace(timetable(points, trips), rules=rules)
    skim, walks, n = transit_skim(table), walks_of(table), len(points)
    windows = [(q, bounds) for q, bounds in enumerate(period_bounds()) if PERIODS[q].day_type == DayType.WEEKDAY]
    limits = (int(rules.transit_max_boardings), int(rules.transit_min_transfer_s))
    penalty_s = int(rules.transit_transfer_penalty_min * 60)
    for origin in range(n):
        found = {q: useful(trips, walks, origin, window, *limits, penalty_s) for q, window in windows}
        for target in range(n):
            for layer in (0, 1):
                state = (target, layer == 1)
                of_day = [j for q in found for j in found[q].get(state, [])]
                for q, _ in windows:
                    here = found[q].get(state, []) if target != origin else []
                    check_pair(skim, (q, layer, origin, target), kept(here, of_day, rules) if here else [])


def test_main_leg_of_equal_journeys_and_parts_of_a_journey() -> None:
    """Bus, walk, bus: each part by hand; the first of two rides of the same length is the main leg."""
    points = [(0.0, 0.0), (9000.0, 0.0), (9300.0, 0.0), (18_300.0, 0.0)]
    first = Trip(0, False, (0, 1), (6 * H, 6 * H + 900), (6 * H, 6 * H + 900))
    second = Trip(1, False, (2, 3), (7 * H, 7 * H + 900), (7 * H, 7 * H + 900))
    skim = transit_skim(timetable(points, [first, second]))
    place = (0, 0, 0, 3)
    walk_s = np.ceil(300 * 1.3 * 3.6 / 4.8)
    assert skim.in_vehicle_min[place] == 30
    assert skim.walk_min[place] == np.float32(walk_s / 60)
    assert skim.wait_min[place] == np.float32((H - 900 - walk_s) / 60)
    assert skim.distance_km[place] == 18
    assert (skim.main_pattern[place], skim.board_pos[place], skim.alight_pos[place]) == (0, 0, 1)


def test_nobody_rides_out_and_back_to_the_origin() -> None:
    """A bus at 8:00 that is back at 8:20 does not make 8:00 a departure of the bus at 8:30."""
    turn = Trip(0, False, (0, 1, 0), (8 * H, 8 * H + 600, 8 * H + 1200), (8 * H, 8 * H + 600, 8 * H + 1200))
    away = Trip(1, False, (0, 2), (8 * H + 1800, 9 * H), (8 * H + 1800, 9 * H))
    skim = transit_skim(timetable([(0.0, 0.0), (5000.0, 0.0), (40_000.0, 0.0)], [turn, away]))
    assert skim.headway_min[0, 0, 0, 2] == 240
    assert skim.in_vehicle_min[0, 0, 0, 2] == 30
    assert skim.last_departure_s[0, 0, 0, 2] == 8 * H + 1800


def test_last_departures_of_the_zemgale_pack_are_possible() -> None:
    """From a sample of origins, whoever leaves at the last useful departure arrives, by RAPTOR too."""
    table = Timetable.from_gtfs(ZEMGALE, FARES)
    skim = transit_skim(table)
    n, change_s = len(table.stops), int(table.rules.transit_min_transfer_s)
    networks = {day: layered_network(table, day) for day in DayType}
    for origin in range(0, n, 61):
        for q, period in enumerate(PERIODS):
            last = skim.last_departure_s[q, :, origin].reshape(-1)
            times = np.unique(last[last >= 0])[::-1].astype(np.int32)
            if len(times) == 0:
                continue
            arrivals = profile_arrivals(networks[period.day_type], origin, times, 4, change_s)
            whole = sum(part[q, :, origin].reshape(-1) for part in (skim.in_vehicle_min, skim.wait_min, skim.walk_min))
            reached = np.flatnonzero(last >= 0)
            row = len(times) - 1 - np.searchsorted(times[::-1], last[reached])
            assert (arrivals[row, reached] < 2**30 - 1).all()
            alone = reached[skim.headway_min[q, :, origin].reshape(-1)[reached] == period.end_min - period.start_min]
            row = len(times) - 1 - np.searchsorted(times[::-1], last[alone])
            assert (arrivals[row, alone] <= last[alone] + whole[alone] * 60 + 0.5).all()
