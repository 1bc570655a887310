"""A feed written as files and read again: the same trips, calls, walks and fares."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.bad_inputs.gtfs.feeds import FEED, added, changed, write_folder
from tests.properties.test_gtfs_reader import feeds
from tests.reference.raptor import FARES
from tests.unit.region.test_gtfs_content import FARES_2
from zemsim.region.build.feed_files import write_feed
from zemsim.region.gtfs import Gtfs, read_gtfs
from zemsim.travel.timetable import Timetable
from zemsim.travel.transit_network import foot_links

Run = tuple[object, ...]


def runs(feed: Gtfs) -> Counter[Run]:
    """Trips by what they do, without their names: route, service, direction, headway, calls in order."""
    found: Counter[Run] = Counter()
    names = ["stop_id", "stop_sequence", "arrival_s", "departure_s", "pickup_type", "drop_off_type"]
    calls = {trip: part[names].values.tolist() for trip, part in feed.stop_times.groupby("trip_idx")}
    columns = (feed.trips[name].tolist() for name in ("route_id", "service_id", "direction_id", "headway_s"))
    for trip, (route, service, direction, headway) in enumerate(zip(*columns, strict=True)):
        rows = [list(row) for row in calls[trip]]
        rows[0][2] = rows[0][3]  # nobody can tell when the first vehicle came to its first stop
        found[route, service, direction, -1 if np.isnan(headway) else headway, str(rows)] += 1
    return found


def again(feed: Gtfs, folder: Path) -> Gtfs:
    write_feed(feed, folder)
    return read_gtfs(folder, strict=True)


@settings(max_examples=25)
@given(feeds(), st.data())
def test_trips_and_days_are_the_same(
    tmp_path_factory: pytest.TempPathFactory, files: dict[str, str | bytes], data: st.DataObject
) -> None:
    base = tmp_path_factory.mktemp("feed")
    feed = read_gtfs(write_folder(base / "a", files), strict=True)
    calls = data.draw(st.lists(st.sampled_from([0, 0, 1, 2, 3]), min_size=1, max_size=7))
    given_calls = np.resize(np.array(calls, np.int8), len(feed.stop_times))
    feed = replace(feed, stop_times=feed.stop_times.assign(pickup_type=given_calls, drop_off_type=given_calls[::-1]))
    found = again(feed, base / "b")
    assert runs(found) == runs(feed)
    for at in range(-2, 30):
        day = dt.date(2024, 2, 20) + dt.timedelta(days=at)
        assert found.active_services(day) == feed.active_services(day)


def test_exact_times_and_headways(tmp_path: Path) -> None:
    """Trip f1 runs every 20 minutes by headway, then every 30 minutes to the minute."""
    feed = read_gtfs(write_folder(tmp_path / "a"))
    found = again(feed, tmp_path / "b")
    assert runs(found) == runs(feed)
    assert sorted(found.trips["headway_s"].dropna()) == [1200.0] * 3
    rows = (tmp_path / "b" / "frequencies.txt").read_text(encoding="utf-8").splitlines()
    assert rows == ["trip_id,start_time,end_time,headway_secs,exact_times", "f1,06:00:00,07:00:00,1200,0"]
    assert {"f1@07:00:00", "f1@07:30:00", "f1@08:00:00"} <= set(found.trips["trip_id"])


def test_a_headway_that_ends_early_and_one_that_changes(tmp_path: Path) -> None:
    spans = "trip_id,start_time,end_time,headway_secs,exact_times\n"
    spans += "f1,06:00:00,06:50:00,720,0\nf1,06:50:00,08:00:00,600,0\nf1,08:00:00,08:01:00,600,0\n"
    feed = read_gtfs(write_folder(tmp_path / "a", {**FEED, "frequencies.txt": spans}))
    found = again(feed, tmp_path / "b")
    assert runs(found) == runs(feed)
    assert len(found.trips) == len(feed.trips)


def test_names_of_headway_trips_do_not_clash(tmp_path: Path) -> None:
    """The first stop is left out: departures by headway move to a minute at which an exact trip leaves."""
    text = FEED["frequencies.txt"].replace("f1,06:00:00,07:00:00", "f1,06:50:00,07:00:00")
    feed = read_gtfs(write_folder(tmp_path / "a", {**FEED, "frequencies.txt": text}))
    first = feed.stop_times["trip_id"].str.startswith("f1@06") & (feed.stop_times["stop_id"] == "007")
    times = feed.stop_times[~first].reset_index(drop=True)
    shift = times["trip_id"].str.startswith("f1@06") * -60
    times = times.assign(arrival_s=times["arrival_s"] + shift, departure_s=times["departure_s"] + shift)
    feed = replace(feed, stop_times=times)
    assert runs(again(feed, tmp_path / "b")) == runs(feed)


@pytest.mark.parametrize(
    "files",
    [
        FEED,
        changed("transfers.txt", "NA,st,2,600", "NA,st,2,119"),
        added("pathways.txt", "p3,en,3,1,0,7,\n"),
        added("transfers.txt", "3,4,3,\n"),
    ],
)
def test_walks_keep_every_second(files: dict[str, str | bytes], tmp_path: Path) -> None:
    """A walk alone stays one: written as a change it would lose the least time of a change."""
    table = Timetable.from_gtfs(write_folder(tmp_path / "a", files), FARES)
    write_feed(read_gtfs(tmp_path / "a"), tmp_path / "b")
    found = Timetable.from_gtfs(tmp_path / "b", FARES)
    assert [part.tolist() for part in foot_links(found)] == [part.tolist() for part in foot_links(table)]


ZONES = {
    **FEED,
    "fare_attributes.txt": "fare_id,price,currency_type,payment_method,transfers,transfer_duration\n"
    "flat,1.50,EUR,0,0,\nzone,2.50,EUR,0,,\npass,9.00,EUR,0,2,3600\nday,4.00,EUR,0,0,\n",
    "fare_rules.txt": "fare_id,route_id,origin_id,destination_id,contains_id\n"
    "flat,r1,,,\nzone,r2,z1,z2,\nzone,r2,z2,z1,\npass,r3,,,z1\npass,r3,,,z2\n",
}


@pytest.mark.parametrize("files", [FEED, ZONES, FARES_2], ids=["version 1", "zones on the way", "version 2"])
@pytest.mark.parametrize("several", [False, True])
def test_fares_of_every_ride_are_the_same(files: dict[str, str | bytes], several: bool, tmp_path: Path) -> None:
    path = write_folder(tmp_path / "a", files)
    feed = read_gtfs([path, write_folder(tmp_path / "other", FEED)] if several else path)
    found = again(feed, tmp_path / "b")
    assert feed.fares is not None
    assert found.fares is not None
    stops = feed.stops["stop_id"].tolist()
    for route in feed.routes["route_id"]:
        for order in (stops, stops[::-1]):
            expected = feed.fares.ride_amounts(route, order)
            assert np.array_equal(found.fares.ride_amounts(route, order), expected, equal_nan=True)
    routes = feed.routes["route_id"].tolist()
    assert found.fares.flat_by_route(routes) == feed.fares.flat_by_route(routes)
