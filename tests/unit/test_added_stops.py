"""Walks to stops that measures add, in a region with a walking network."""

from __future__ import annotations

import numpy as np
import pandas as pd

from tests.reference.raptor import Trip, timetable
from zemsim.travel.stop_walks import StopWalks
from zemsim.travel.timetable_patterns import Stop, with_stops


def test_walks_to_the_stops_of_the_region_stay_and_added_ones_are_by_straight_lines() -> None:
    trip = Trip(0, False, (0, 1), (100, 200), (100, 200))
    table = timetable([(5_000_000.0, 3_800_000.0), (5_001_000.0, 3_800_000.0)], [trip])
    zones = pd.DataFrame({"x_m": [5_000_000.0, 5_050_000.0], "y_m": [3_800_000.0] * 2, "size_m": [1000.0, np.nan]})
    walks = StopWalks(np.array([0, 2, 3]), np.array([0, 1, 1], np.int32), np.array([5.0, 7.0, 9.0]), np.ones(2, bool))
    ids = table.stops["stop_id"].tolist()
    assert walks.for_stops(ids, zones, table) is walks
    lon, lat = table.grid.to_degrees([5_000_500.0], [3_800_000.0])
    more = with_stops(table, [Stop("a", "first by name", float(lat[0]), float(lon[0]))])
    assert more.stops["stop_id"].tolist() == ["a", *ids]
    found = walks.for_stops(ids, zones, more)
    assert found.offset.tolist() == [0, 3, 4]
    assert found.stop.tolist() == [0, 1, 2, 2]
    assert found.extra_m.tolist() == [0.0, 5.0, 7.0, 9.0]
    assert found.joined_stops.tolist() == [False, True, True]
