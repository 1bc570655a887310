"""Fares by zone in the skim: each ride costs what the feed says for its stops, else what the formula says."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from tests.bad_inputs.gtfs.feeds import FEED, write_folder
from tests.reference.raptor import FARES, Trip, timetable
from zemsim.region.build.feed_files import write_feed
from zemsim.region.gtfs import read_gtfs
from zemsim.region.gtfs.fares import FareTable
from zemsim.travel.timetable import Timetable
from zemsim.travel.transit import transit_skim

H = 3600
POINTS = [(0.0, 0.0), (10_000.0, 0.0), (20_000.0, 0.0), (20_300.0, 0.0), (40_300.0, 0.0)]


def rules(*rows: tuple[str, str, str, float]) -> FareTable:
    """Fares by route, first and last zone; zones a, a, b, b, c along the line."""
    frame = pd.DataFrame(rows, columns=["route_id", "from_area_id", "to_area_id", "amount"])
    frame = frame.assign(fare_id="f", network_id="", currency="EUR", priority=0, transfers=0, transfer_s=np.nan)
    frame["contains"] = pd.Series([()] * len(frame), dtype=object)
    return FareTable(1, frame, {f"s{i:02d}": (zone,) for i, zone in enumerate("aabbc")}, {})


@pytest.fixture(scope="module")
def town() -> Timetable:
    """A bus along stops 0, 1, 2 at 6:00, and one from 3, 300 m from 2, to 4 at 7:00."""
    first = Trip(0, False, (0, 1, 2), (6 * H, 6 * H + 600, 6 * H + 1200), (6 * H, 6 * H + 600, 6 * H + 1200))
    second = Trip(1, False, (3, 4), (7 * H, 7 * H + 1200), (7 * H, 7 * H + 1200))
    table = timetable(POINTS, [first, second])
    table.routes["fare_eur"] = np.nan
    return table


def test_rides_cost_what_is_stated_for_their_stops(town: Timetable) -> None:
    fares = rules(("r00", "a", "b", 2.5), ("r00", "a", "a", 1.1), ("r01", "b", "c", 4.0))
    skim = transit_skim(replace(town, ride_fares=fares))
    cost = skim.fare_eur[0, 0]
    assert cost[0, 1] == np.float32(1.1)
    assert cost[0, 2] == cost[1, 2] == np.float32(2.5)
    assert cost[3, 4] == np.float32(4.0)
    assert cost[0, 4] == np.float32(6.5), "each ride is paid"
    assert np.array_equal(skim.bus_fare_eur, skim.fare_eur)


def test_the_formula_holds_where_nothing_is_stated(town: Timetable) -> None:
    plain = transit_skim(town).fare_eur
    assert plain[0, 0, 0, 2] == np.float32(0.5 + 0.05 * 20)
    some = transit_skim(replace(town, ride_fares=rules(("r00", "a", "a", 1.1)))).fare_eur
    assert some[0, 0, 0, 1] == np.float32(1.1)
    changed = np.zeros(plain.shape, bool)
    changed[0, 0, 0, 1] = changed[0, 1, 0, 1] = True
    assert np.array_equal(some[~changed], plain[~changed])


def test_one_fare_of_a_route_goes_before_fares_by_ride(town: Timetable) -> None:
    routes = town.routes.assign(fare_eur=[0.7, np.nan])
    fares = rules(("", "", "", 9.0))
    skim = transit_skim(replace(town, routes=routes, ride_fares=fares))
    assert skim.fare_eur[0, 0, 0, 2] == np.float32(0.7)
    assert skim.fare_eur[0, 0, 3, 4] == np.float32(9.0)


def test_a_pack_keeps_fares_and_calls(tmp_path: Path) -> None:
    """Build, read, skim: where nobody may get off, and what a ride between zones costs."""
    path = write_folder(tmp_path / "a", {**FEED, "frequencies.txt": FEED["frequencies.txt"].splitlines()[0] + "\n"})
    write_feed(read_gtfs(path), tmp_path / "b")
    before, after = (Timetable.from_gtfs(folder, FARES) for folder in (path, tmp_path / "b"))
    assert [calls.tolist() for calls in after.pattern_calls] == [calls.tolist() for calls in before.pattern_calls]
    assert after.pattern_calls, "trip t2 lets nobody off at NA"
    one, other = transit_skim(before), transit_skim(after)
    for name in ("in_vehicle_min", "fare_eur", "walk_min", "last_departure_s"):
        assert np.array_equal(getattr(one, name), getattr(other, name))
    a, b = (int(np.flatnonzero(before.stops["stop_id"] == name)[0]) for name in ("007", "4"))
    assert one.fare_eur[0, 1, a, b] == np.float32(2.5), "train r2 from zone z1 to z2"
