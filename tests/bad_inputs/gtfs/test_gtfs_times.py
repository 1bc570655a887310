"""Rows A9 and A10: forty ways of writing a time, and trips that no vehicle could run."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.bad_inputs.gtfs.feeds import FEED, added, changed, codes, write_folder
from zemsim.core.errors import InputError
from zemsim.region.gtfs import read_gtfs
from zemsim.region.gtfs.times import fill_blanks, seconds_or_blank, trip_faults

HEAD = "trip_id,arrival_time,departure_time,stop_id,stop_sequence\n"

VERDICTS: list[tuple[str, int | None]] = [
    ("00:00:00", 0),
    ("0:00:00", 0),
    ("8:05:00", 29_100),
    ("08:05:00", 29_100),
    (" 8:05:00", 29_100),
    ("8:05:00 ", 29_100),
    ("24:00:00", 86_400),
    ("25:10:00", 90_600),
    ("99:59:59", 359_999),
    ("100:00:00", 360_000),
    ("008:05:00", 29_100),
    ("", -1),
    ("  ", -1),
    ("08:60:00", None),
    ("08:00:60", None),
    ("-0:01:00", None),
    ("-1:00:00", None),
    ("+8:00:00", None),
    ("8:00", None),
    ("8", None),
    ("8:5:00", None),
    ("8:05:0", None),
    ("08.05.00", None),
    ("08-05-00", None),
    ("080500", None),
    ("8:05:00 AM", None),
    ("8:05:00Z", None),
    ("8:05:00+02:00", None),
    ("8:05:00.5", None),
    ("1000:00:00", None),
    ("29100", None),
    ("0.3368", None),
    ("2024-01-01 08:05:00", None),
    ("08:05:00\t", None),
    ("٠٨:٠٥:٠٠", None),
    ("０８:０５:００", None),
    ("8：05：00", None),
    ("noon", None),
    ("1e1:00:00", None),
    ("NaN", None),
]


@pytest.mark.parametrize(("text", "value"), VERDICTS)
def test_forty_ways_of_writing_a_time(text: str, value: int | None) -> None:
    assert len(VERDICTS) == 40
    if value is None:
        with pytest.raises(ValueError, match="is not a time"):
            seconds_or_blank(text)
    else:
        assert seconds_or_blank(text) == value


def test_a_time_that_is_none_is_named_by_its_row(tmp_path: Path) -> None:
    files = changed("stop_times.txt", "t3,8:00:00,", "t3,08:60:00,")
    with pytest.raises(InputError, match=r"arrival_time: “08:60:00” is not a time; write HH:MM:SS") as caught:
        read_gtfs(write_folder(tmp_path, files))
    assert caught.value.line == 8


#: Kind of fault, and stop times of a trip that has it; one hour is 6 km between stops of the sound feed.
FAULTS = {
    "gtfs.trip_one_stop": ["8:00:00,8:00:00,007,1"],
    "gtfs.trip_double_sequence": ["8:00:00,8:00:00,007,1", "8:30:00,8:30:00,NA,1"],
    "gtfs.trip_no_end_time": [",,007,1", "8:30:00,8:30:00,NA,2"],
    "gtfs.trip_leaves_early": ["8:00:00,7:59:00,007,1", "8:30:00,8:30:00,NA,2"],
    "gtfs.trip_backwards": ["8:00:00,8:00:00,007,1", "7:30:00,7:30:00,NA,2"],
    "gtfs.trip_too_fast": ["8:00:00,8:00:00,007,1", "8:00:00,8:00:00,3,2"],
}
SOUND = ["8:00:00,8:00:00,007,1", "8:30:00,8:30:00,NA,2"]


def with_trips(lists: list[list[str]]) -> dict[str, str | bytes]:
    """The sound feed with further trips of these stop times."""
    files = dict(FEED)
    files["trips.txt"] += "".join(f"r1,week,x{i},0,\n" for i in range(len(lists)))
    rows = [f"x{i},{row},," for i, found in enumerate(lists) for row in found]
    files["stop_times.txt"] += "\n".join(rows) + "\n"
    return files  # type: ignore[return-value]


@settings(max_examples=40)
@given(st.lists(st.sampled_from([*FAULTS, "sound"]), max_size=12))
def test_trips_left_out_are_those_with_a_fault(tmp_path_factory: pytest.TempPathFactory, kinds: list[str]) -> None:
    folder = tmp_path_factory.getbasetemp() / "trips"
    feed = read_gtfs(write_folder(folder, with_trips([FAULTS.get(kind, SOUND) for kind in kinds])))
    left = {code: count for code, count in codes(feed).items() if code in FAULTS}
    assert left == {kind: kinds.count(kind) for kind in kinds if kind != "sound"}
    sound = {f"x{i}" for i, kind in enumerate(kinds) if kind == "sound"}
    assert {name for name in feed.trips["trip_id"] if name.startswith("x")} == sound
    assert {name for name in feed.stop_times["trip_id"] if name.startswith("x")} == sound
    names = feed.trips["trip_id"].to_numpy()[feed.stop_times["trip_idx"]]
    assert (names == feed.stop_times["trip_id"]).all()


@pytest.mark.parametrize("kind", sorted(FAULTS))
def test_strict_reading_names_the_row_of_the_fault(kind: str, tmp_path: Path) -> None:
    folder = write_folder(tmp_path, with_trips([FAULTS[kind]]))
    with pytest.raises(InputError) as caught:
        read_gtfs(folder, strict=True)
    last = FEED["stop_times.txt"].count("\n")
    assert caught.value.line in (last + 1, last + 2)


def test_a_negative_sequence_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="stop_sequence: -1 is not between"):
        read_gtfs(write_folder(tmp_path, changed("stop_times.txt", "007,2,,", "007,-1,,")))


def test_rows_in_any_order_are_sorted_by_sequence(tmp_path: Path) -> None:
    head, *rows = FEED["stop_times.txt"].splitlines()
    a = read_gtfs(write_folder(tmp_path / "a"))
    b = read_gtfs(write_folder(tmp_path / "b", {**FEED, "stop_times.txt": "\n".join([head, *rows[::-1]]) + "\n"}))
    assert a.stop_times.equals(b.stop_times)


def test_minutes_may_be_rounded(tmp_path: Path) -> None:
    """Two stops at the same minute are no fault up to five kilometres (a minute at 300 km/h)."""
    rows = [["8:00:00,8:00:00,007,1", "8:00:00,8:00:00,near,2"], ["8:00:00,8:00:00,007,1", "8:00:00,8:00:00,far,2"]]
    files = with_trips(rows)
    files["stops.txt"] = str(files["stops.txt"]) + "near,Near,56.544,24.0,0,,\nfar,Far,56.546,24.0,0,,\n"
    assert codes(read_gtfs(write_folder(tmp_path, files)))["gtfs.trip_too_fast"] == 1


def test_times_only_of_arrival_or_departure(tmp_path: Path) -> None:
    feed = read_gtfs(write_folder(tmp_path, changed("stop_times.txt", "t3,8:00:00,8:00:00", "t3,,8:00:00")))
    row = feed.stop_times[feed.stop_times["trip_id"] == "t3"].iloc[0]
    assert row["arrival_s"] == row["departure_s"] == 28_800


def test_headways_of_a_trip_that_was_left_out(tmp_path: Path) -> None:
    files = changed("stop_times.txt", "f1,0:30:00,0:30:00", "f1,0:05:00,0:05:00")
    feed = read_gtfs(write_folder(tmp_path, files))
    assert codes(feed)["gtfs.trip_backwards"] == 1
    assert not feed.trips["trip_id"].str.startswith("f1").any()


def test_a_feed_of_faults_only_is_an_error(tmp_path: Path) -> None:
    rows = HEAD + "t1,8:00:00,8:00:00,007,1\n"
    with pytest.raises(InputError, match=r"no trip can be run - .*1 × trip left out"):
        read_gtfs(write_folder(tmp_path, {**FEED, "stop_times.txt": rows, "frequencies.txt": "", "shapes.txt": ""} |
                               {"frequencies.txt": "trip_id,start_time,end_time,headway_secs\n",
                                "shapes.txt": FEED["shapes.txt"]}))  # fmt: skip


TIMED = st.lists(st.one_of(st.none(), st.integers(0, 50)), min_size=2, max_size=8)


@given(TIMED)
def test_blanks_are_filled_evenly_between_timed_stops_only(times: list[int | None]) -> None:
    n = len(times)
    given_s = np.array([-1 if value is None else value for value in times], np.int64)
    arrive, depart, was_filled = fill_blanks(np.zeros(n, np.int64), given_s, given_s)
    timed = [i for i in range(n) if times[i] is not None]
    for i in range(n):
        if times[i] is not None:
            assert (arrive[i], depart[i], was_filled[i]) == (times[i], times[i], False)
        elif timed and timed[0] < i < timed[-1]:
            a, b = max(j for j in timed if j < i), min(j for j in timed if j > i)
            expected = times[a] + (times[b] - times[a]) * (i - a) // (b - a)  # type: ignore[operator]
            assert (arrive[i], depart[i], was_filled[i]) == (expected, expected, True)
        else:
            assert (arrive[i], was_filled[i]) == (-1, False)


def test_no_trip_at_all() -> None:
    none = np.empty(0, np.int64)
    arrive, _, filled = fill_blanks(none, none, none)
    assert arrive.size == filled.size == 0
    assert trip_faults(none, none, none, none, none, none.astype(float), none.astype(float)).trip.size == 0


def test_more_trips_are_added_by_name(tmp_path: Path) -> None:
    files = added("trips.txt", "r1,week,idle,0,\n")
    assert codes(read_gtfs(write_folder(tmp_path, files)))["gtfs.trip_empty"] == 1
