"""Trips that go on as another trip with the passengers on board."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from tests.bad_inputs.gtfs.feeds import FEED, codes, write_folder
from tests.reference.raptor import FARES
from zemsim.core.names import DayType
from zemsim.region.gtfs import read_gtfs
from zemsim.travel.timetable import Timetable
from zemsim.travel.transit_profiles import departure_profile

HEAD = "from_stop_id,to_stop_id,transfer_type,min_transfer_time,from_trip_id,to_trip_id\n"
#: Line r1 to stop 3 and on to 007 a minute later, on to NA; x1 begins where t1 ends.
MORE = {
    **FEED,
    "trips.txt": FEED["trips.txt"] + "r1,week,x1,1,\nr1,week,x2,0,\nr2,week,y1,0,\nr1,sat,z1,0,\nr1,week,n1,0,\n",
    "stop_times.txt": FEED["stop_times.txt"] + "x1,07:01:00,07:01:00,3,4,,1\nx1,7:30:00,7:30:00,4,6,1,\n"
    "x1,8:00:00,8:00:00,007,8,,\nx2,8:00:00,8:02:00,007,1,,\nx2,8:30:00,8:30:00,NA,2,,\n"
    "y1,7:05:00,7:05:00,3,1,,\ny1,7:30:00,7:30:00,NA,2,,\nz1,7:05:00,7:05:00,3,1,,\nz1,7:30:00,7:30:00,NA,2,,\n"
    "n1,6:50:00,6:50:00,3,1,,\nn1,7:20:00,7:20:00,NA,2,,\n",
    "transfers.txt": HEAD,
}


def joined(folder: Path, *rows: str) -> Path:
    return write_folder(folder, {**MORE, "transfers.txt": HEAD + "".join(f"3,3,{row}\n" for row in rows)})


def test_a_chain_of_trips_becomes_one(tmp_path: Path) -> None:
    feed = read_gtfs(joined(tmp_path, "4,,t1,x1", "4,,x1,x2"))
    assert codes(feed)["gtfs.in_seat_joined"] == 2
    assert {"x1", "x2"}.isdisjoint(feed.trips["trip_id"])
    course = feed.stop_times[feed.stop_times["trip_id"] == "t1"]
    assert course["stop_id"].tolist() == ["007", "NA", "3", "4", "007", "NA"]
    assert course["stop_sequence"].tolist() == [1, 5, 9, 11, 13, 14]
    clocks = [(25_200, 25_260), (27_000, 27_000), (28_800, 28_920), (30_600, 30_600)]
    assert list(zip(course["arrival_s"], course["departure_s"], strict=True))[2:] == clocks
    assert course["pickup_type"].tolist() == [0, 0, 0, 1, 0, 0]
    assert course["drop_off_type"].tolist() == [0] * 6, "one gets off as at the end of the first trip"
    names = feed.trips["trip_id"].to_numpy()[feed.stop_times["trip_idx"]]
    assert (names == feed.stop_times["trip_id"]).all()
    assert feed.stop_times["trip_idx"].is_monotonic_increasing


def test_passengers_ride_through_without_a_change(tmp_path: Path) -> None:
    """One minute at stop 3 is too short for a change, which takes two: without the transfer it is the loop at 10:20."""
    arrivals, km = [], []
    for rows in ([], ["4,,t1,x1"]):
        folder = joined(tmp_path / str(len(rows)), *rows)
        (folder / "frequencies.txt").unlink()
        table = Timetable.from_gtfs(folder, FARES)
        a, b = (int(np.flatnonzero(table.stops["stop_id"] == name)[0]) for name in ("NA", "007"))
        ready_s = 6 * 3600 + 1500
        arrivals.append(int(departure_profile(table, DayType.WEEKDAY, [a], ready_s, ready_s + 60).arrive_s[0, 0, b]))
        found = table.vehicle_km()
        km.append(float(found.loc[(found["route_id"] == "r1") & (found["day_type"] == 0), "vehicle_km"].sum()))
    assert arrivals == [10 * 3600 + 2400, 8 * 3600]
    assert km[0] == pytest.approx(km[1], rel=0.1), "vehicles drive as far; x1 has no lengths, so neither has the whole"


@pytest.mark.parametrize(
    ("rows", "reason"),
    [
        (["4,,t1,"], "unnamed"),
        (["4,,t1,t1"], "unnamed"),
        (["4,,t1,f1"], "headway"),
        (["4,,t1,y1"], "route"),
        (["4,,t1,z1"], "days"),
        (["4,,t1,x2"], "stops"),
        (["4,,t1,n1"], "time"),
        (["5,,t1,x1"], "not"),
    ],
)
def test_what_is_not_joined_is_counted_with_its_reason(rows: list[str], reason: str, tmp_path: Path) -> None:
    feed = read_gtfs(joined(tmp_path, *rows))
    assert codes(feed)[f"gtfs.in_seat_{reason}"] == 1
    assert "gtfs.in_seat_joined" not in codes(feed)
    assert {"t1", "x1", "x2", "y1", "z1", "n1"} <= set(feed.trips["trip_id"])


def test_a_trip_that_divides_is_left_as_it_is(tmp_path: Path) -> None:
    text = MORE["stop_times.txt"] + "w1,7:10:00,7:10:00,3,1,,\nw1,7:30:00,7:30:00,NA,2,,\n"
    files = {**MORE, "trips.txt": MORE["trips.txt"] + "r1,week,w1,0,\n", "stop_times.txt": text}
    files["transfers.txt"] = HEAD + "3,3,4,,t1,x1\n3,3,4,,t1,w1\n"
    assert codes(read_gtfs(write_folder(tmp_path, files)))["gtfs.in_seat_several"] == 2
