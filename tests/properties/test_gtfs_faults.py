"""Feeds with cells, rows and files changed at random: read, or refused with one message; never another error."""

from __future__ import annotations

import csv
import io

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.bad_inputs.gtfs.feeds import FEED, write_folder
from tests.reference.raptor import FARES
from zemsim.core.errors import InputError
from zemsim.region.gtfs import check_feed, read_gtfs
from zemsim.travel.timetable import Timetable

CELLS = [
    *(
        "",
        "0",
        "-1",
        "1e9",
        "9" * 20,
        "x",
        "NA",
        "007",
        "3",
        "st",
        "1.5",
        "nan",
        " ",
        '"',
        "é",
        "\x1b[31m",
        "2",
        "4",
        "5",
    ),
    *("25:00:00", "24:00:00", "0:00:00", "50:00:00", "20240229", "99991231", "s1", "r1", "t1", "f1", "week", "a", "z1"),
]


@st.composite
def changed_feeds(draw: st.DrawFn) -> dict[str, str | bytes]:
    files: dict[str, str | bytes] = dict(FEED)
    for _ in range(draw(st.integers(1, 4))):
        name = draw(st.sampled_from(sorted(files)))
        rows = [row for row in csv.reader(io.StringIO(str(files[name]))) if row]
        if len(rows) < 2:
            continue
        row = draw(st.integers(1, len(rows) - 1))
        kind = draw(st.sampled_from(["cell"] * 8 + ["drop", "repeat", "file"]))
        if kind == "cell":
            rows[row][draw(st.integers(0, len(rows[row]) - 1))] = draw(st.sampled_from(CELLS))
        elif kind == "drop":
            del rows[row]
        elif kind == "repeat":
            rows.append(rows[row])
        else:
            del files[name]
            continue
        out = io.StringIO()
        csv.writer(out, lineterminator="\n").writerows(rows)
        files[name] = out.getvalue()
    return files


@settings(max_examples=120)
@given(changed_feeds())
def test_a_feed_is_read_or_refused(tmp_path_factory: pytest.TempPathFactory, files: dict[str, str | bytes]) -> None:
    base = tmp_path_factory.getbasetemp() / "changed"
    for old in base.glob("*"):
        old.unlink()
    folder = write_folder(base, files)
    try:
        rows = check_feed(folder)
    except InputError as error:
        assert "\x1b" not in str(error) and "\n" not in str(error)  # noqa: PT017, PT018 - either outcome is right
        return
    feed = read_gtfs(folder)
    assert {row["code"]: row["value"] for row in rows}["trips"] == len(feed.trips)
    assert not any("\x1b" in text for row in rows for text in row["examples"])
    assert (feed.stop_times["arrival_s"] <= feed.stop_times["departure_s"]).all()
    same = np.diff(feed.stop_times["trip_idx"]) == 0
    rides = feed.stop_times["arrival_s"].to_numpy()[1:] - feed.stop_times["departure_s"].to_numpy()[:-1]
    assert (rides[same] >= 0).all()
    table = Timetable.from_gtfs(folder, FARES)
    assert all((np.diff(dist) >= 0).all() for dist in table.pattern_dist_m)
