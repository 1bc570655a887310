"""The reader against a slow one: the same stop times, the same services by date, on feeds at random.

``ZEMSIM_GTFS_FEEDS`` names a folder of feeds on which the same is asked; where the package partridge is installed it is
asked too.
"""

from __future__ import annotations

import datetime as dt
import os
import warnings
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.bad_inputs.gtfs.feeds import DAYS, clock, write_folder, write_zip
from tests.reference import gtfs as twin
from tests.reference.raptor import FARES
from zemsim.region.gtfs import Gtfs, read_gtfs
from zemsim.travel.timetable import Timetable

FOLDER = os.environ.get("ZEMSIM_GTFS_FEEDS")
FEEDS = sorted(Path(FOLDER).glob("*.zip")) if FOLDER else []

START = dt.date(2024, 2, 20)


@st.composite
def feeds(draw: st.DrawFn) -> dict[str, str | bytes]:
    """A sound feed: stops near each other, trips with blanks, loops, nights, headways, and odd calendars."""
    stops = draw(st.integers(2, 5))
    services = [f"s{i}" for i in range(draw(st.integers(1, 3)))]
    trips, times, repeated = [], [], []
    for i in range(draw(st.integers(1, 5))):
        trips.append(f"r{draw(st.integers(0, 1))},{draw(st.sampled_from(services))},t{i}")
        second = draw(st.integers(0, 26 * 3600))
        course = draw(st.lists(st.integers(0, stops - 1), min_size=2, max_size=6))
        for k, stop in enumerate(course):
            arrive, second = second, second + draw(st.integers(0, 300))
            blank = 0 < k < len(course) - 1 and draw(st.booleans())
            shown = "," if blank else f"{clock(arrive)},{clock(second)}"
            times.append(f"t{i},{shown},stop {stop},{k * draw(st.integers(1, 1)) * 3 + 1}")
            second += draw(st.integers(60, 2000))
        if draw(st.integers(0, 3)) == 0:
            start = draw(st.integers(0, 20)) * 3600
            repeated.append(f"t{i},{clock(start)},{clock(start + 3600)},{draw(st.integers(300, 4000))},0")
    calendar = [
        f"{name},{','.join(draw(st.lists(st.sampled_from('01'), min_size=7, max_size=7)))},20240220,20240310"
        for name in services[: draw(st.integers(0, len(services)))]
    ]
    exceptions = draw(
        st.lists(
            st.tuples(st.sampled_from(services), st.integers(0, 25), st.integers(1, 2)),
            min_size=len(services),
            max_size=8,
            unique_by=lambda row: row[:2],
        )
    )
    named = {row.split(",")[0] for row in calendar} | {row[0] for row in exceptions}
    rows = [f"{name},{START + dt.timedelta(days=at):%Y%m%d},{kind}" for name, at, kind in exceptions]
    rows += [f"{name},20240220,1" for name in services if name not in named]
    return {
        "agency.txt": "agency_name,agency_url,agency_timezone\nA,https://example.org,Europe/Riga\n",
        "stops.txt": "stop_id,stop_name,stop_lat,stop_lon\n"
        + "".join(f"stop {i},Stop,56.5{i},24.0\n" for i in range(stops)),
        "routes.txt": "route_id,route_type\nr0,3\nr1,2\n",
        "trips.txt": "route_id,service_id,trip_id\n" + "\n".join(trips) + "\n",
        "stop_times.txt": "trip_id,arrival_time,departure_time,stop_id,stop_sequence\n" + "\n".join(times) + "\n",
        "calendar.txt": f"service_id,{DAYS},start_date,end_date\n" + "\n".join(calendar) + "\n",
        "calendar_dates.txt": "service_id,date,exception_type\n" + "\n".join(rows) + "\n",
        "frequencies.txt": "trip_id,start_time,end_time,headway_secs,exact_times\n" + "\n".join(repeated) + "\n",
    }


def found_times(feed: Gtfs) -> dict[str, list[tuple[str, int, int]]]:
    """Stop times by trip as the twin gives them."""
    found: dict[str, list[tuple[str, int, int]]] = {}
    columns = (feed.stop_times[name].tolist() for name in ("trip_id", "stop_id", "arrival_s", "departure_s"))
    for trip, stop, arrive, depart in zip(*columns, strict=True):
        found.setdefault(trip, []).append((stop, arrive, depart))
    return found


@settings(max_examples=40)
@given(feeds(), st.booleans())
def test_the_reader_is_its_twin(
    tmp_path_factory: pytest.TempPathFactory, files: dict[str, str | bytes], packed: bool
) -> None:
    base = tmp_path_factory.getbasetemp()
    path = write_zip(base / "twin.zip", files) if packed else write_folder(base / "twin", files)
    feed = read_gtfs(path, strict=True)
    assert found_times(feed) == twin.stop_times(path)
    first, trips = feed.trips_by_day()
    for at in range(-2, 30):
        day = START + dt.timedelta(days=at)
        assert feed.active_services(day) == twin.services(path, day)
        if at % 4 == 0:
            i = (day - first).days
            assert twin.trips_on(path, day) == (trips[i] if 0 <= i < len(trips) else 0)


@pytest.mark.skipif(not FEEDS, reason="ZEMSIM_GTFS_FEEDS names no folder of feeds")
@pytest.mark.parametrize("path", FEEDS, ids=[path.stem for path in FEEDS])
def test_real_feeds_are_read_like_the_twin_reads_them(path: Path) -> None:
    feed = read_gtfs(path)
    left_out = sum(notice.count for notice in feed.notices if notice.message.startswith("trip left out"))
    found, expected = found_times(feed), twin.stop_times(path)
    assert len(expected) - len(found) <= left_out
    assert all(expected[trip] == calls for trip, calls in found.items())
    for day in (
        feed.first_date(),
        feed.last_date(),
        feed.busiest(2),
        *[feed.first_date() + dt.timedelta(i) for i in range(14)],
    ):
        assert feed.active_services(day) == twin.services(path, day)
    table = Timetable.from_gtfs(path, FARES)
    assert sum(item.depart_s.shape[1] for item in table.times[0]) == twin.trips_on(path, table.dates[0])


@pytest.mark.skipif(not FEEDS, reason="ZEMSIM_GTFS_FEEDS names no folder of feeds")
@pytest.mark.parametrize("path", FEEDS, ids=[path.stem for path in FEEDS])
def test_real_feeds_are_read_like_a_kept_library_reads_them(path: Path) -> None:
    partridge = pytest.importorskip("partridge")
    feed = read_gtfs(path)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        by_date = partridge.read_service_ids_by_date(str(path))
        raw = partridge.load_feed(str(path)).stop_times
    for day, services in by_date.items():
        assert feed.active_services(day) & set(feed.trips["service_id"]) == services
    raw = raw.dropna(subset=["arrival_time"]).sort_values(["trip_id", "stop_sequence"])
    ours = feed.stop_times.set_index(["trip_id", "stop_sequence"])
    plain = raw[raw["trip_id"].isin(set(feed.trips["trip_id"]))]
    same = ours.loc[list(zip(plain["trip_id"], plain["stop_sequence"], strict=True))]
    assert np.array_equal(same["arrival_s"].to_numpy(), plain["arrival_time"].to_numpy().astype(np.int64))
    assert same["stop_id"].tolist() == plain["stop_id"].astype(str).tolist()
