"""Large feeds: time and memory grow with the rows and no faster. ``ZEMSIM_LOAD=1`` reads up to 2 million stop times."""

from __future__ import annotations

import os
import time
import tracemalloc
from pathlib import Path

import pytest

from tests.bad_inputs.gtfs.feeds import FEED, clock, write_zip
from zemsim.region.gtfs import read_gtfs

LONG = os.environ.get("ZEMSIM_LOAD") == "1"
SIZES = (200_000, 2_000_000) if LONG else (2_000, 20_000)
STOPS, CALLS = 500, 20
#: Bytes per stop time at the peak that are allowed; 345 were found with 20,000 of them, 255 with 200,000.
MOST_BYTES = 500


def _feed(rows: int) -> dict[str, str | bytes]:
    trips = range(rows // CALLS)
    calls = (
        f"t{trip},{at},{at},s{(trip + k) % STOPS},{k}"
        for trip in trips
        for k in range(CALLS)
        for at in [clock(18_000 + trip % 60_000 + 120 * k)]
    )
    return {
        "agency.txt": FEED["agency.txt"],
        "calendar.txt": FEED["calendar.txt"],
        "routes.txt": FEED["routes.txt"],
        "stops.txt": "stop_id,stop_name,stop_lat,stop_lon\n"
        + "".join(f"s{i},S,{56.5 + 0.004 * min(i, STOPS - i):.4f},24.0\n" for i in range(STOPS)),
        "trips.txt": "route_id,service_id,trip_id\n" + "".join(f"r{1 + trip % 3},week,t{trip}\n" for trip in trips),
        "stop_times.txt": "trip_id,arrival_time,departure_time,stop_id,stop_sequence\n" + "\n".join(calls) + "\n",
    }


def _read(path: Path, rows: int) -> float:
    begin = time.process_time()
    assert len(read_gtfs(path, strict=True).stop_times) == rows
    return time.process_time() - begin


def test_a16_reading_grows_with_the_rows(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    paths = [write_zip(tmp_path / f"{rows}.zip", _feed(rows)) for rows in SIZES]
    seconds = [min(_read(path, rows) for _ in range(2)) / rows for path, rows in zip(paths, SIZES, strict=True)]
    tracemalloc.start()
    _read(paths[-1], SIZES[-1])
    peak = tracemalloc.get_traced_memory()[1] / SIZES[-1]
    tracemalloc.stop()
    with capsys.disabled():
        if LONG:
            print(f"\n{SIZES[-1]:,} stop times: {seconds[-1] * SIZES[-1]:.1f} s, {peak * SIZES[-1] / 1e6:.0f} MB")
    assert peak < MOST_BYTES
    if LONG:
        assert seconds[1] == pytest.approx(seconds[0], rel=0.2)
