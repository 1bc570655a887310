"""Rows A11 and A14: ids that lead nowhere, stops that nobody serves, and places that are none."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.bad_inputs.gtfs.feeds import FEED, added, changed, codes, write_folder
from zemsim.core.errors import InputError
from zemsim.region.gtfs import read_gtfs
from zemsim.region.gtfs.coordinates import Bounds, zone_place

#: File, what is replaced, and the line that is named.
VOID = [
    ("stop_times.txt", "t3,9:00:00,9:00:00,007", "t3,9:00:00,9:00:00,008", 9, "“008” is not in stops.txt"),
    ("stop_times.txt", "t3,8:00:00", "t33,8:00:00", 8, "“t33” is not in trips.txt"),
    ("stop_times.txt", "t3,9:00:00,9:00:00,007", "t3,9:00:00,9:00:00,st", 9, "is no stop"),
    ("trips.txt", "r2,sat,t3", "r9,sat,t3", 4, "“r9” is not in routes.txt"),
    ("trips.txt", "r2,sat,t3", "r2,sun,t3", 4, "“sun” is not in calendar.txt"),
    ("trips.txt", "t2,0,s1", "t2,0,s2", 3, "“s2” is not in shapes.txt"),
    ("routes.txt", "r2,a,", "r2,b,", 3, "“b” is not in agency.txt"),
    ("stops.txt", "0,st,z2\n4", "0,sx,z2\n4", 4, "“sx” is not in stops.txt"),
    ("stops.txt", "0,st,z2\n4", "0,en,z2\n4", 4, "is a entrance; a stop must lie in a station"),
    ("stops.txt", "24.20,1,,", "24.20,1,3,", 6, "a station has no parent"),
    ("frequencies.txt", "f1,07", "f9,07", 3, "“f9” is not in trips.txt"),
    ("transfers.txt", "NA,st", "NB,st", 2, "“NB” is not in stops.txt"),
    ("pathways.txt", "p2,en", "p2,ex", 3, "“ex” is not in stops.txt"),
    ("fare_rules.txt", "zone,r2", "zonk,r2", 3, "“zonk” is not in fare_attributes.txt"),
    ("fare_rules.txt", "flat,r1", "flat,r9", 2, "“r9” is not in routes.txt"),
    ("fare_rules.txt", "z2,z1", "z2,z9", 4, "“z9” is not in the zone_id of stops.txt"),
]


@pytest.mark.parametrize(("name", "old", "new", "line", "words"), VOID)
def test_an_id_that_leads_nowhere(name: str, old: str, new: str, line: int, words: str, tmp_path: Path) -> None:
    with pytest.raises(InputError) as caught:
        read_gtfs(write_folder(tmp_path, changed(name, old, new)))
    assert Path(str(caught.value.path)).name == name
    assert words in str(caught.value)
    assert caught.value.line == line


def test_the_sound_feed_has_no_false_alarm(tmp_path: Path) -> None:
    feed = read_gtfs(write_folder(tmp_path), strict=True)
    harmless = {"gtfs.time_filled", "gtfs.headway_trip", "gtfs.laid_on_shape", "gtfs.pathway_by_length"}
    harmless |= {"gtfs.transfer_plain", "gtfs.transfer_same_stop", "gtfs.drop_off_type_none", "gtfs.fare_with_changes"}
    assert codes(feed).keys() == harmless


def test_a_stop_that_nobody_serves_is_counted(tmp_path: Path) -> None:
    feed = read_gtfs(write_folder(tmp_path, added("stops.txt", "x,X,56.5,24.3,0,,\ny,Y,56.5,24.4,0,,\n")))
    notice = next(notice for notice in feed.notices if notice.code == "gtfs.stop_unused")
    assert (notice.count, notice.examples) == (2, ("x", "y"))


PLACES = [
    ("56.50,24.10", "0,0", "stop at latitude 0, longitude 0"),
    ("56.50,24.10", "0.000000,0.000000", "stop at latitude 0, longitude 0"),
    ("56.50,24.10", "90.0,0", "stop at a pole"),
    ("56.50,24.10", "-89.99,24.1", "stop at a pole"),
    ("56.50,24.10", "90.0001,24.1", "stop_lat is not between -90 and 90"),
    ("56.50,24.10", "56.5,180.1", "not between -90 and 90, -180 and 180"),
    ("56.50,24.10", "6284000.5,2683000", "projected metres"),
    ("56.50,24.10", "312000,506000", "projected metres"),
    ("56.50,24.10", "24.10,56.50", "latitude and longitude are swapped (1 stops)"),
    ("56.50,24.10", "145.6,-16.7", "latitude and longitude are swapped"),
    ("56.50,24.10", "56.5,", "coordinates of a stop are blank"),
    ("56.50,24.10", ",", "coordinates of a stop are blank"),
    ("56.60,24.20,1", ",,1", "coordinates of a station are blank"),
    ("56.50,24.10", '"56,5",24.1', "decimal comma"),
]


@pytest.mark.parametrize(("old", "new", "words"), PLACES)
def test_places_that_are_none(old: str, new: str, words: str, tmp_path: Path) -> None:
    with pytest.raises(InputError) as caught:
        read_gtfs(write_folder(tmp_path, changed("stops.txt", old, new)))
    assert words in str(caught.value)
    assert caught.value.line == (6 if old[-1] == "1" else 3)


def test_a_file_that_is_swapped_throughout(tmp_path: Path) -> None:
    """Only the time zone tells: 24 north, 56 east is a place, but it is in Oman."""
    head, *rows = FEED["stops.txt"].splitlines()
    cells = [row.split(",") for row in rows]
    swapped = [",".join([*row[:2], row[3], row[2], *row[4:]]) for row in cells]
    with pytest.raises(InputError, match=r"swapped in the whole file - the time zone is Europe/Riga"):
        read_gtfs(write_folder(tmp_path, {**FEED, "stops.txt": "\n".join([head, *swapped]) + "\n"}))


def test_where_time_zones_are() -> None:
    place = zone_place("Europe/Riga")
    assert place is not None
    assert place == pytest.approx((24.1, 56.95), abs=0.01)
    assert zone_place("Mars/Olympus") is None


def test_stops_outside_the_region(tmp_path: Path) -> None:
    folder = write_folder(tmp_path)
    feed = read_gtfs(folder, bounds=Bounds(23.0, 56.0, 24.15, 57.0))
    assert codes(feed)["gtfs.stop_outside"] == 4
    with pytest.raises(InputError, match="all stops lie outside the region - its box is 10, 50, 11, 51"):
        read_gtfs(folder, bounds=Bounds(10, 50, 11, 51))
    with pytest.raises(InputError, match="swapped"):
        read_gtfs(folder, bounds=Bounds(56, 23, 57, 25))


def test_a_stop_far_from_all_others_is_counted(tmp_path: Path) -> None:
    feed = read_gtfs(write_folder(tmp_path, added("stops.txt", "x,X,40.0,-3.0,0,,\n")))
    assert codes(feed)["gtfs.stop_far"] == 1
