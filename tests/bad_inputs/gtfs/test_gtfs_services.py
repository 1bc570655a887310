"""Rows A12, A13 and A15: days of service, headways, time zones and the nights when clocks change."""

from __future__ import annotations

import datetime as dt
import itertools
import re
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.bad_inputs.gtfs.feeds import FEED, added, changed, codes, without, write_folder
from tests.reference import gtfs as twin
from tests.reference.raptor import FARES
from zemsim.core.errors import InputError
from zemsim.region.gtfs import read_gtfs
from zemsim.region.gtfs.time_zones import instant
from zemsim.travel.timetable import Timetable

DATES_ONLY = {**without("calendar.txt"), "calendar_dates.txt": "service_id,date,exception_type\n"
              "week,20240228,1\nweek,20240229,1\nsat,20240302,1\n"}  # fmt: skip


def test_either_calendar_alone_will_do(tmp_path: Path) -> None:
    feed = read_gtfs(write_folder(tmp_path / "dates", DATES_ONLY))
    assert feed.services_on(dt.date(2024, 2, 29)) == {"week"}
    assert feed.busiest(2) == dt.date(2024, 2, 28)
    feed = read_gtfs(write_folder(tmp_path / "calendar", without("calendar_dates.txt")))
    assert feed.services_on(dt.date(2024, 5, 1)) == {"week"}


def test_the_busiest_week_is_the_last_whole_one_of_equals(tmp_path: Path) -> None:
    feed = read_gtfs(write_folder(tmp_path / "year", without("calendar_dates.txt")))
    first, last = feed.first_date(), feed.last_date()
    week = feed.busiest_week()
    runs = [len(feed.active_services(week + dt.timedelta(days=k))) for k in range(7)]
    assert week.weekday() == 0
    assert first <= week
    later = week + dt.timedelta(days=7)
    assert sum(len(feed.active_services(later + dt.timedelta(days=k))) for k in range(7)) < sum(runs)
    assert last - week < dt.timedelta(days=14)


@pytest.mark.parametrize(
    ("files", "day", "words"),
    [
        (FEED, "2026-01-05", "no trip runs on Monday 2026-01-05; the feed holds 2024-01-01 to 2024-12-31"),
        (FEED, "2023-12-31", "the feed holds 2024-01-01 to"),
        (FEED, "2024-01-07", "no trip runs on Sunday 2024-01-07"),
        (DATES_ONLY, "2024-03-01", "no trip runs on Friday 2024-03-01"),
        (DATES_ONLY, "2023-02-28", "the feed holds 2024-02-28 to 2024-03-02"),
    ],
)
def test_a_day_without_service_names_days_that_have_it(
    files: dict[str, str | bytes], day: str, words: str, tmp_path: Path
) -> None:
    folder = write_folder(tmp_path, files)
    feed = read_gtfs(folder)
    with pytest.raises(InputError) as caught:
        feed.services_on(dt.date.fromisoformat(day))
    text = str(caught.value)
    assert words in text
    named = [
        dt.date.fromisoformat(found) for found in re.findall(r"\d{4}-\d\d-\d\d", text.split("days with service")[1])
    ]
    assert 1 <= len(named) <= 3
    assert all(feed.services_on(found) for found in named)
    with pytest.raises(InputError, match="days with service"):
        Timetable.from_gtfs(folder, FARES, date=dt.date.fromisoformat(day))


def test_a_timetable_of_a_date(tmp_path: Path) -> None:
    folder = write_folder(tmp_path)
    assert Timetable.from_gtfs(folder, FARES, date=dt.date(2024, 2, 29)).dates == (
        dt.date(2024, 2, 29),
        dt.date(2024, 3, 2),
    )
    holiday = Timetable.from_gtfs(folder, FARES, date=dt.date(2024, 5, 1))
    assert [item.depart_s.shape[1] for item in holiday.times[0]] == [
        item.depart_s.shape[1] for item in holiday.times[1]
    ]


def test_a_feed_without_wednesdays_and_one_without_saturdays(tmp_path: Path) -> None:
    no_wednesday = {**changed("calendar.txt", "week,1,1,1", "week,1,1,0")}
    del no_wednesday["calendar_dates.txt"]
    with pytest.raises(InputError, match=r"no trip runs on any Wednesday - days with service: 2024-01-01"):
        Timetable.from_gtfs(write_folder(tmp_path / "a", no_wednesday), FARES)
    no_saturday = {**changed("calendar.txt", "sat,0,0,0,0,0,1", "sat,0,0,0,0,0,0")}
    del no_saturday["calendar_dates.txt"]
    table = Timetable.from_gtfs(write_folder(tmp_path / "b", no_saturday), FARES)
    assert "no trip runs on the weekend day 2024-01-06" in table.notices


@pytest.mark.parametrize(
    ("name", "old", "new", "words"),
    [
        (
            "calendar.txt",
            "20240101,20241231",
            "20250101,20241231",
            "start_date 2025-01-01 is after end_date 2024-12-31",
        ),
        ("calendar.txt", "20240101,20241231", "20230229,20241231", "is not a date; write YYYYMMDD"),
        ("calendar.txt", "20240101,20241231", "2024-01-01,20241231", "is not a date"),
        ("calendar.txt", "20240101,20241231", "00010101,20241231", "is before 1970"),
        ("calendar.txt", "sat,0", "week,0", "service_id “week” occurs twice"),
        ("calendar_dates.txt", "sat,20240501,1", "week,20240501,1", "service_id and date occur twice"),
        ("calendar_dates.txt", "sat,20240501,1", "sat,20240501,0", "not between 1 and 2"),
    ],
)
def test_calendars_that_are_none(name: str, old: str, new: str, words: str, tmp_path: Path) -> None:
    with pytest.raises(InputError) as caught:
        read_gtfs(write_folder(tmp_path, changed(name, old, new)))
    assert words in str(caught.value)
    assert Path(str(caught.value.path)).name == name


def test_no_end_is_written_as_a_far_date(tmp_path: Path) -> None:
    feed = read_gtfs(write_folder(tmp_path, changed("calendar.txt", "20240101,20241231", "20240101,99991231")))
    first, trips = feed.trips_by_day()
    assert first == dt.date(2024, 1, 1)
    assert len(trips) < 366 * 22
    assert feed.services_on(dt.date(9999, 12, 31)) == {"week"}


def test_trips_of_each_day_are_those_of_the_twin(tmp_path: Path) -> None:
    folder = write_folder(tmp_path)
    first, trips = read_gtfs(folder).trips_by_day()
    for at in (*range(7), *range(110, 130), 364, 365):
        assert trips[at] == twin.trips_on(folder, first + dt.timedelta(days=at))


SPANS = st.lists(
    st.tuples(st.integers(300, 1500), st.integers(1, 180), st.integers(1, 5400), st.booleans()), min_size=1, max_size=4
)


@settings(max_examples=40)
@given(SPANS, st.booleans())
def test_headways_are_written_out_like_the_twin(
    tmp_path_factory: pytest.TempPathFactory, spans: list[tuple[int, int, int, bool]], gaps: bool
) -> None:
    start = 0
    rows = []
    for first_min, length_min, headway, exact in spans:
        start = max(start, first_min) + (7 if gaps else 0)
        end = start + length_min
        clock = [f"{t // 60:02d}:{t % 60:02d}:00" for t in (start, end)]
        rows.append(f"f1,{clock[0]},{clock[1]},{headway},{int(exact)}")
        start = end
    head = FEED["frequencies.txt"].splitlines()[0]
    folder = tmp_path_factory.getbasetemp() / "headways"
    write_folder(folder, {**FEED, "frequencies.txt": "\n".join([head, *rows[::-1]]) + "\n"})
    feed = read_gtfs(folder)
    expected = twin.stop_times(folder)
    found: dict[str, list[tuple[str, int, int]]] = {}
    columns = (feed.stop_times[name].tolist() for name in ("trip_id", "stop_id", "arrival_s", "departure_s"))
    for trip, *call in zip(*columns, strict=True):
        found.setdefault(trip, []).append(tuple(call))
    assert found == expected


@pytest.mark.parametrize(
    ("old", "new", "words", "line"),
    [
        ("1200,0", "0,0", "0 is not between 1", 2),
        ("1200,0", "-600,0", "-600 is not between 1", 2),
        ("1200,0", ",0", "headway_secs", 2),
        ("07:00:00,08:30:00", "06:59:59,08:30:00", "spans of trip “f1” overlap - the other is in row 2", 3),
        ("07:00:00,08:30:00", "08:30:00,08:30:00", "end_time is not after start_time", 3),
        ("1800,1", "1800,2", "2 is not between 0 and 1", 3),
        ("06:00:00,07:00:00", "6:00,07:00:00", "is not a time", 2),
    ],
)
def test_headways_that_are_none(old: str, new: str, words: str, line: int, tmp_path: Path) -> None:
    with pytest.raises(InputError) as caught:
        read_gtfs(write_folder(tmp_path, changed("frequencies.txt", old, new)))
    assert words in str(caught.value)
    assert caught.value.line == line


def test_headways_that_ask_for_too_much(tmp_path: Path) -> None:
    rows = "".join(f"f1,{hour}:00:00,{hour + 10}:00:00,1,0\n" for hour in range(10, 990, 10))
    repeated = "".join(f"f1,{hour}:00:00,{hour + 1}:00:00,1,0\n" for hour in range(9, 10))
    files = {**FEED, "frequencies.txt": FEED["frequencies.txt"].splitlines()[0] + "\n" + repeated + rows}
    stops = "".join(f"f1,0:{31 + i // 60}:{i % 60:02d},0:{31 + i // 60}:{i % 60:02d},4,{10 + i},,\n" for i in range(60))
    files["stop_times.txt"] = FEED["stop_times.txt"] + stops
    with pytest.raises(InputError, match=r"the headways ask for 22[0-9,]+ stop times; the limit is 20,000,000"):
        read_gtfs(write_folder(tmp_path, files))  # type: ignore[arg-type]


def test_exact_times_and_headways_are_told_apart(tmp_path: Path) -> None:
    trips = read_gtfs(write_folder(tmp_path)).trips
    headway = trips.loc[trips["trip_id"].str.startswith("f1"), "headway_s"].tolist()
    assert headway[:3] == [1200.0] * 3
    assert np.isnan(headway[3:]).all()
    assert len(headway) == 6


def two_zones(zone: str) -> dict[str, str | bytes]:
    """The sound feed with route r2 run by an agency of another time zone."""
    files = dict(FEED)
    files["agency.txt"] += f"b,B,https://example.org,{zone}\n"
    files["routes.txt"] = files["routes.txt"].replace("r2,a", "r2,b")
    return files  # type: ignore[return-value]


def test_two_zones_of_one_clock_need_no_change(tmp_path: Path) -> None:
    feed = read_gtfs(write_folder(tmp_path, two_zones("Europe/Vilnius")))
    assert feed.time_zone == "Europe/Riga"
    assert "gtfs.time_zone" not in codes(feed)


def test_another_zone_is_brought_to_that_of_most_trips(tmp_path: Path) -> None:
    feed = read_gtfs(write_folder(tmp_path, two_zones("Europe/Warsaw")))
    times = feed.stop_times[feed.stop_times["trip_id"] == "t4"]
    assert times["departure_s"].tolist() == [9 * 3600 + 300, 10 * 3600]
    assert codes(feed)["gtfs.time_zone"] == 2
    back = read_gtfs(write_folder(tmp_path, two_zones("Europe/Warsaw")), time_zone="Europe/Warsaw")
    times = back.stop_times[back.stop_times["trip_id"] == "t4"]
    assert times["departure_s"].tolist() == [8 * 3600 + 300, 9 * 3600]


def test_a_trip_that_starts_on_the_day_before_moves_there(tmp_path: Path) -> None:
    """00:20 in Rīga on a Saturday is 23:20 in Warsaw on Friday."""
    files = two_zones("Europe/Riga")
    files["agency.txt"] = str(files["agency.txt"]).replace("a,A,https://example.org,Europe/Riga", "a,A,x,Europe/Warsaw")
    files["stop_times.txt"] = str(files["stop_times.txt"]).replace("t3,8:00:00,8:00:00", "t3,0:20:00,0:20:00")
    feed = read_gtfs(write_folder(tmp_path, files))
    assert feed.time_zone == "Europe/Warsaw"
    trip = feed.trips[feed.trips["trip_id"] == "t3"].iloc[0]
    times = feed.stop_times[feed.stop_times["trip_id"] == "t3"]
    assert times["departure_s"].tolist() == [23 * 3600 + 1200, 32 * 3600]
    assert trip["service_id"] in feed.active_services(dt.date(2024, 1, 5))
    assert trip["service_id"] not in feed.active_services(dt.date(2024, 1, 6))
    assert trip["service_id"] in feed.active_services(dt.date(2024, 4, 30))  # the exception of 1 May
    assert trip["service_id"] in feed.active_services(dt.date(2023, 12, 29)) or feed.first_date() > dt.date(
        2023, 12, 29
    )


def test_zones_that_change_clocks_on_other_days_are_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"America/New_York and Europe/Riga do not differ by one time all along"):
        read_gtfs(write_folder(tmp_path, two_zones("America/New_York")))


def test_zones_need_agencies_of_routes(tmp_path: Path) -> None:
    files = two_zones("Europe/Warsaw")
    files["routes.txt"] = str(files["routes.txt"]).replace("r3,a", "r3,")
    with pytest.raises(InputError, match="agencies have 2 time zones, and route “r3” names none"):
        read_gtfs(write_folder(tmp_path, files))
    with pytest.raises(InputError, match=r"“Europe/Rigga” is not a time zone"):
        read_gtfs(write_folder(tmp_path, two_zones("Europe/Rigga")))


@pytest.mark.parametrize(
    "day", [dt.date(2026, 10, 25), dt.date(2026, 3, 29), dt.date(2026, 3, 28), dt.date(2026, 10, 24)]
)
@pytest.mark.parametrize("zone", ["Europe/Riga", "America/Sao_Paulo", "Australia/Brisbane", "Asia/Kathmandu"])
def test_no_ride_is_negative_in_the_nights_when_clocks_change(day: dt.date, zone: str, tmp_path: Path) -> None:
    files = {**FEED, "calendar.txt": FEED["calendar.txt"].replace("2024", "2026")}
    files = {name: text for name, text in files.items() if name != "calendar_dates.txt"}
    night = ((0, "007"), (1, "NA"), (2, "007"), (3, "NA"), (26, "007"))
    files["stop_times.txt"] += "".join(f"n,{hour}:30:00,{hour}:30:00,{stop},{hour},,\n" for hour, stop in night)
    files["trips.txt"] += "r1,week,n,0,\n"
    times = read_gtfs(write_folder(tmp_path, files)).stop_times  # type: ignore[arg-type]
    times = times[times["trip_id"] == "n"]
    rides = np.diff(np.stack([times["arrival_s"], times["departure_s"]], 1).ravel())
    assert rides.min() >= 0
    moments = [instant(day, second, zone) for second in times["departure_s"]]
    gone = [(later - earlier).total_seconds() for earlier, later in itertools.pairwise(moments)]
    assert gone == np.diff(times["departure_s"]).tolist()
    assert codes(read_gtfs(tmp_path)).get("gtfs.trip_backwards", 0) == 0


def test_an_exception_of_a_service_that_no_trip_uses(tmp_path: Path) -> None:
    feed = read_gtfs(write_folder(tmp_path, added("calendar_dates.txt", "other,20240107,1\n")))
    with pytest.raises(InputError, match="no trip runs on Sunday 2024-01-07"):
        feed.services_on(dt.date(2024, 1, 7))
