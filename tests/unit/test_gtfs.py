"""Reading a GTFS folder: a small feed, every fault by file and row, times, dates."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.reference.raptor import FARES
from zemsim.core.errors import InputError
from zemsim.region.gtfs import read_gtfs
from zemsim.region.gtfs.times import seconds
from zemsim.travel.timetable import Timetable

FEED = {
    "agency.txt": "agency_id,agency_name,agency_url,agency_timezone\na,A,https://example.org,Europe/Riga\n",
    "stops.txt": "stop_id,stop_name,stop_lat,stop_lon\n007,One,56.5,24.0\nNA,Two,56.5,24.1\n3,Three,56.6,24.2\n",
    "routes.txt": "route_id,agency_id,route_short_name,route_type\nr1,a,1,3\nr2,a,2,2\n",
    "trips.txt": "route_id,service_id,trip_id,direction_id\nr1,week,t1,0\nr1,week,t2,0\nr2,sat,t3,1\n",
    "stop_times.txt": "trip_id,arrival_time,departure_time,stop_id,stop_sequence\n"
    "t1,6:00:00,6:00:00,007,1\nt1,06:30:00,06:31:00,NA,5\nt1,07:00:00,07:00:00,3,9\n"
    "t2,24:10:00,24:10:00,007,1\nt2,25:00:00,25:00:00,NA,2\n"
    "t3,8:00:00,8:00:00,3,1\nt3,9:00:00,9:00:00,007,2\n",
    "calendar.txt": "service_id,monday,tuesday,wednesday,thursday,friday,saturday,sunday,start_date,end_date\n"
    "week,1,1,1,1,1,0,0,20240101,20241231\nsat,0,0,0,0,0,1,0,20240101,20241231\n",
    "calendar_dates.txt": "service_id,date,exception_type\nweek,20240501,2\nsat,20240501,1\n",
}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name, text in FEED.items():
        (tmp_path / name).write_text(text, encoding="utf-8")
    return tmp_path


def replaced(folder: Path, name: str, old: str, new: str) -> None:
    text = (folder / name).read_text(encoding="utf-8")
    assert old in text
    (folder / name).write_text(text.replace(old, new, 1), encoding="utf-8")


def test_ids_stay_text_and_times_pass_midnight(folder: Path) -> None:
    feed = read_gtfs(folder)
    assert feed.stops["stop_id"].tolist() == ["007", "NA", "3"]
    assert feed.stop_times["departure_s"].tolist()[:5] == [21600, 23460, 25200, 87000, 90000]
    assert feed.stop_times["stop_sequence"].tolist()[:3] == [1, 5, 9]
    assert feed.notices == ()


def test_services_of_a_date(folder: Path) -> None:
    feed = read_gtfs(folder)
    assert feed.active_services(dt.date(2024, 4, 30)) == {"week"}
    assert feed.active_services(dt.date(2024, 5, 1)) == {"sat"}
    assert feed.active_services(dt.date(2025, 1, 1)) == frozenset()


def test_typical_days_and_patterns(folder: Path) -> None:
    table = Timetable.from_gtfs(folder, FARES)
    assert table.dates == (dt.date(2024, 1, 3), dt.date(2024, 1, 6))
    assert table.stops["stop_id"].tolist() == ["007", "3", "NA"]
    assert table.routes["mode"].tolist() == ["bus", "train"]
    assert table.pattern_route.tolist() == [0, 0, 1]
    assert [item.depart_s.shape[1] for item in table.times[0]] == [1, 1, 0]
    assert [item.depart_s.shape[1] for item in table.times[1]] == [0, 0, 1]
    assert any("straight lines" in text for text in table.notices)


def test_order_of_rows_changes_nothing(folder: Path, tmp_path_factory: pytest.TempPathFactory) -> None:
    other = tmp_path_factory.mktemp("shuffled")
    for name, text in FEED.items():
        head, *rows = text.splitlines()
        (other / name).write_text("\n".join([head, *reversed(rows)]) + "\n", encoding="utf-8")
    a, b = Timetable.from_gtfs(folder, FARES), Timetable.from_gtfs(other, FARES)
    assert a.stops.equals(b.stops)
    assert a.pattern_route.tolist() == b.pattern_route.tolist()
    for day in (0, 1):
        for left, right in zip(a.times[day], b.times[day], strict=True):
            assert np.array_equal(left.depart_s, right.depart_s)
            assert np.array_equal(left.arrive_s, right.arrive_s)


def test_blank_times_are_interpolated_and_counted(folder: Path) -> None:
    replaced(folder, "stop_times.txt", "t1,06:30:00,06:31:00", "t1,,")
    feed = read_gtfs(folder)
    assert feed.stop_times["arrival_s"].tolist()[1] == 23400
    assert [str(notice) for notice in feed.notices] == ["1 × blank stop time interpolated between timed stops"]


FAULTS = [
    ("stops.txt", "007,One,56.5,24.0", "007,One,56.5", 2, "cells"),
    ("stops.txt", "NA,Two,56.5,24.1", "007,Two,56.5,24.1", 3, "occurs twice"),
    ("stops.txt", "NA,Two", ",Two", 3, "blank"),
    ("stops.txt", "56.5,24.1", "156.5,24.1", 3, "swapped"),
    ("stops.txt", "56.5,24.1", "56,24.1 E", 3, "not a number"),
    ("stops.txt", "56.5,24.1", "0,0", 3, "latitude 0"),
    ("stops.txt", "stop_lat", "stop_latt", 1, "stop_lat"),
    ("routes.txt", "r2,a,2,2", "r2,b,2,2", 3, "not in agency.txt"),
    ("routes.txt", "r2,a,2,2", "r2,a,2,tram", 3, "whole number"),
    ("trips.txt", "r2,sat,t3,1", "r3,sat,t3,1", 4, "not in routes.txt"),
    ("trips.txt", "r2,sat,t3,1", "r2,sun,t3,1", 4, "not in calendar.txt"),
    ("trips.txt", "r2,sat,t3,1", "r2,sat,t2,1", 4, "occurs twice"),
    ("trips.txt", "r2,sat,t3,1", "r2,sat,t3,2", 4, "between 0 and 1"),
    ("stop_times.txt", "t3,9:00:00,9:00:00,007,2", "t3,9:00:00,9:00:00,8,2", 8, "not in stops.txt"),
    ("stop_times.txt", "t3,9:00:00,9:00:00,007,2", "t4,9:00:00,9:00:00,007,2", 8, "not in trips.txt"),
    ("stop_times.txt", "t3,9:00:00,9:00:00,007,2", "t3,7:00:00,7:00:00,007,2", 8, "before it left"),
    ("stop_times.txt", "06:30:00,06:31:00", "06:32:00,06:31:00", 3, "leaves before it arrives"),
    ("stop_times.txt", "06:30:00,06:31:00", "06:60:00,06:61:00", 3, "not a time"),
    ("stop_times.txt", "t3,8:00:00,8:00:00,3,1", "t3,,,3,1", 7, "need a time"),
    ("stop_times.txt", "t3,8:00:00,8:00:00,3,1\n", "", 7, "one stop only"),
    ("stop_times.txt", "NA,5", "NA,9", 4, "occurs twice in the trip"),
    ("stop_times.txt", "NA,5", "NA,-5", 3, "between 0"),
    ("calendar.txt", "week,1", "week,2", 2, "between 0 and 1"),
    ("calendar.txt", "20240101,20241231", "20250101,20241231", 2, "after end_date"),
    ("calendar.txt", "20240101,20241231", "20240101,20241331", 2, "not a date"),
    ("calendar_dates.txt", "week,20240501,2", "week,20240501,3", 2, "between 1 and 2"),
]


@pytest.mark.parametrize(("name", "old", "new", "line", "words"), FAULTS)
def test_a_fault_is_named_by_file_and_row(folder: Path, name: str, old: str, new: str, line: int, words: str) -> None:
    replaced(folder, name, old, new)
    with pytest.raises(InputError) as caught:
        read_gtfs(folder, strict=True)
    assert Path(str(caught.value.path)).name == name
    assert caught.value.line == line
    assert words in str(caught.value)


@pytest.mark.parametrize("name", ["agency.txt", "stops.txt", "routes.txt", "trips.txt", "stop_times.txt"])
def test_a_missing_or_empty_file_is_named(folder: Path, name: str) -> None:
    (folder / name).write_text("", encoding="utf-8")
    with pytest.raises(InputError, match="empty") as caught:
        read_gtfs(folder)
    assert Path(str(caught.value.path)).name == name
    (folder / name).unlink()
    with pytest.raises(InputError, match="missing") as caught:
        read_gtfs(folder)
    assert Path(str(caught.value.path)).name == name


def test_no_calendar_is_refused(folder: Path) -> None:
    (folder / "calendar.txt").unlink()
    (folder / "calendar_dates.txt").unlink()
    with pytest.raises(InputError, match="missing"):
        read_gtfs(folder)


@pytest.mark.parametrize(
    ("text", "value"), [("0:00:00", 0), ("8:05:00", 29100), ("24:00:00", 86400), ("125:59:59", 453599)]
)
def test_times(text: str, value: int) -> None:
    assert seconds(text) == value


@pytest.mark.parametrize(
    "text", ["", "8:00", "8", "08:60:00", "08:00:60", "-0:01:00", "8:5:00", "1e3:00:00", "٨:00:00x"]
)
def test_what_is_no_time(text: str) -> None:
    with pytest.raises(ValueError, match="is not a time"):
        seconds(text)


@given(st.integers(0, 999), st.integers(0, 59), st.integers(0, 59))
def test_times_round_trip(hour: int, minute: int, second: int) -> None:
    assert seconds(f"{hour:02d}:{minute:02d}:{second:02d}") == hour * 3600 + minute * 60 + second
