"""The timetable of the Zemgale pack: a valid feed, plausible to someone who knows the region."""

from __future__ import annotations

import csv
import shutil
from importlib import resources
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from tests.reference.raptor import FARES
from zemsim.core.names import PERIODS
from zemsim.region.gtfs import Gtfs, read_gtfs
from zemsim.region.make.timetable import build
from zemsim.travel.timetable import Timetable
from zemsim.travel.transit import TransitSkim, transit_skim
from zemsim.travel.transit_rules import TransitRules

PACK = Path(str(resources.files("zemsim.region"))) / "packs" / "zemgale"
MAX_BYTES = 2_000_000
MORNING, MIDDAY, AFTERNOON, EVENING = range(4)


@pytest.fixture(scope="module")
def feed() -> Gtfs:
    return read_gtfs(PACK / "gtfs")


@pytest.fixture(scope="module")
def table() -> Timetable:
    return Timetable.from_gtfs(PACK / "gtfs", FARES)


@pytest.fixture(scope="module")
def skim(table: Timetable) -> TransitSkim:
    return transit_skim(table, threads=2)


def row(table: Timetable, stop_id: str) -> int:
    return table.stops["stop_id"].tolist().index(stop_id)


def rebuilt(folder: Path, reverse: bool) -> dict[str, bytes]:
    """The files of the feed made anew, from the facts as they are or with their rows reversed."""
    for part in ("facts", "assumptions"):
        shutil.copytree(PACK / part, folder / part)
    for path in sorted((folder / "facts").glob("*.csv")) if reverse else []:
        with path.open(encoding="utf-8", newline="") as handle:
            head, *rows = list(csv.reader(handle))
        with path.open("w", encoding="utf-8", newline="") as handle:
            csv.writer(handle, lineterminator="\n").writerows([head, *reversed(rows)])
    build(folder)
    return {path.name: path.read_bytes() for path in sorted((folder / "gtfs").iterdir())}


@pytest.mark.parametrize("reverse", [False, True])
def test_the_feed_is_what_its_facts_give(tmp_path: Path, reverse: bool) -> None:
    made = rebuilt(tmp_path, reverse)
    kept = {path.name: path.read_bytes() for path in sorted((PACK / "gtfs").iterdir())}
    assert made.keys() == kept.keys()
    assert [name for name in kept if made[name] != kept[name]] == []
    assert sum(map(len, kept.values())) < MAX_BYTES


def test_vehicles_stop_to_stop_at_possible_speeds(feed: Gtfs) -> None:
    """Above zero, buses at most 110 km/h and trains 140 along the way; no way shorter than the straight line."""
    times = feed.stop_times.merge(feed.stops, on="stop_id").sort_values(["trip_idx", "stop_sequence"])
    lat, lon = np.radians(times["stop_lat"].to_numpy()), np.radians(times["stop_lon"].to_numpy())
    same = np.diff(times["trip_idx"]) == 0
    h = np.sin(np.diff(lat) / 2) ** 2 + np.cos(lat[1:]) * np.cos(lat[:-1]) * np.sin(np.diff(lon) / 2) ** 2
    straight_m = 2 * 6371008.8 * np.arcsin(np.sqrt(h))[same]
    way_m = np.diff(times["dist_m"])[same]
    seconds = (times["arrival_s"].to_numpy()[1:] - times["departure_s"].to_numpy()[:-1])[same]
    rail = np.char.startswith(times["trip_id"].to_numpy().astype(str), "rail")[1:][same]
    assert (seconds > 0).all()
    assert (way_m >= straight_m * 0.998 - 1).all()
    assert (way_m / seconds * 3.6 <= np.where(rail, 140, 110)).all()


def test_stops_lie_in_the_region_or_at_its_gates(feed: Gtfs) -> None:
    assert feed.stops["stop_lat"].between(55.8, 57.1).all()
    assert feed.stops["stop_lon"].between(22.4, 27.4).all()
    assert feed.notices == ()
    used = set(feed.stop_times["stop_id"])
    assert used == set(feed.stops["stop_id"])


def test_status_counts_every_departure(feed: Gtfs) -> None:
    assert feed.status is not None
    assert feed.vehicles is not None
    counted = feed.status.groupby("route_id")["departures"].sum()
    trips = feed.trips.groupby("route_id").size()
    assert counted.to_dict() == trips.to_dict()
    assert set(feed.status["status"]) <= {"reported", "estimate", "assumption"}
    assert feed.vehicles["route_id"].tolist() == feed.routes["route_id"].tolist()


REPORTED = [
    ("bus-6457", "bus-vecsaules-pagasts", "bus-bauska", "05:29"),
    ("bus-6457", "bus-bauska", "bus-vecsaules-pagasts", "19:15"),
    ("bus-6375", "bus-bauska", "bus-davinu-pagasts", "15:30"),
    ("bus-6379", "bus-bauska", "bus-gailisu-pagasts", "17:25"),
    ("bus-7490", "bus-skaistkalnes-pagasts", "bus-riga", "05:40"),
    ("bus-7851", "bus-jekabpils", "bus-bauska", "15:15"),
    ("bus-7851", "bus-bauska", "bus-jekabpils", "09:25"),
    ("bus-6783", "bus-dobele", "bus-bukaisu-pagasts", "07:35"),
    ("bus-6783", "bus-dobele", "bus-bukaisu-pagasts", "14:10"),
]


@pytest.mark.parametrize(("route", "start", "end", "clock"), REPORTED)
def test_reported_departures_are_there(feed: Gtfs, route: str, start: str, end: str, clock: str) -> None:
    trips = feed.stop_times.assign(route=feed.trips["route_id"].to_numpy()[feed.stop_times["trip_idx"]])
    ends = trips[trips["route"] == route].groupby("trip_id").agg({"stop_id": ["first", "last"], "departure_s": "first"})
    hour, minute = clock.split(":")
    leaves = int(hour) * 3600 + int(minute) * 60
    assert (start, end, leaves) in list(ends.itertuples(index=False, name=None))


def test_first_city_bus_of_jelgava(feed: Gtfs) -> None:
    city = feed.trips.index[feed.trips["route_id"].str.startswith("jelgava-")]
    times = feed.stop_times[feed.stop_times["trip_idx"].isin(city)]
    first = times.loc[times["departure_s"].idxmin()]
    assert first["departure_s"] == 5 * 3600 + 39 * 60
    assert first["trip_id"].startswith("jelgava-7-0")


def test_jelgava_riga_by_train(table: Timetable, skim: TransitSkim) -> None:
    """45 to 46 minutes by electric train; 26 departures on a weekday and two of the diesel train from Liepāja."""
    i, j = row(table, "station-jelgava"), row(table, "station-riga")
    assert 44 <= skim.in_vehicle_min[MORNING, 1, i, j] <= 46
    departures = sum(
        (period.end_min - period.start_min) / float(skim.headway_min[q, 1, i, j])
        for q, period in enumerate(PERIODS[:4])
    )
    assert 26 <= departures <= 30
    assert skim.transfers[MORNING, 1, i, j] == 0


def test_threads_change_no_bit(table: Timetable, skim: TransitSkim) -> None:
    """516 origins are many blocks; the fixture used two threads."""
    one = transit_skim(table, threads=1)
    assert [name for name in vars(skim) if getattr(one, name).tobytes() != getattr(skim, name).tobytes()] == []
    assert not any(np.isnan(getattr(skim, name)).any() for name in vars(skim))


def test_dobele_jelgava_by_bus(table: Timetable, skim: TransitSkim) -> None:
    i, j = row(table, "bus-dobele"), row(table, "bus-jelgava")
    for q in range(len(PERIODS)):
        assert 30 <= skim.in_vehicle_min[q, 0, i, j] <= 50
        assert skim.headway_min[q, 0, i, j] <= 90
    assert 1.0 <= skim.fare_eur[MORNING, 0, i, j] <= 4.0


def test_a_remote_parish_has_few_buses_and_none_late(table: Timetable, skim: TransitSkim) -> None:
    i, j = row(table, "bus-ukru-pagasts"), row(table, "bus-dobele")
    assert skim.headway_min[MORNING, 0, i, j] >= 120
    assert np.isinf(skim.in_vehicle_min[EVENING, 0, j, i])


def parish_pairs(table: Timetable) -> dict[str, tuple[int, int]]:
    """Rows of the stops of each settlement outside Jelgava and of its centre."""
    centres = {"Aizkraukles": "aizkraukle", "Bauskas": "bauska", "Dobeles": "dobele", "Jelgavas": "jelgava"}
    centres["Jēkabpils"] = "jekabpils"
    settlements = pd.read_csv(PACK / "facts" / "settlements.csv")
    pairs = {}
    for settlement, municipality in zip(settlements["settlement_id"], settlements["municipality"], strict=True):
        centre = centres.get(municipality.split(" ")[0])
        if municipality != "Jelgava" and settlement != centre:
            pairs[settlement] = (row(table, f"bus-{settlement}"), row(table, f"bus-{centre}"))
    return pairs


def test_every_parish_reaches_its_centre_and_comes_back_on_a_weekday(table: Timetable, skim: TransitSkim) -> None:
    pairs = parish_pairs(table)
    assert len(pairs) == 100
    for settlement, (i, j) in pairs.items():
        assert np.isfinite(skim.headway_min[MORNING, 0, i, j]), settlement
        assert np.isfinite(skim.headway_min[[MIDDAY, AFTERNOON], 0, j, i]).any(), settlement
        assert skim.wait_min[MORNING, 0, i, j] < 60, settlement


def test_doubling_all_buses_shortens_headways(table: Timetable, skim: TransitSkim) -> None:
    """No arrival is later (a property elsewhere); a few headways grow, where quicker journeys replace slow ones."""
    buses = table.routes.loc[table.routes["mode"] == "bus", "route_id"]
    more = transit_skim(table.scaled([(name, 2.0) for name in buses]), threads=2)
    was, now = skim.headway_min[MORNING, 0], more.headway_min[MORNING, 0]
    both = np.isfinite(was) & np.isfinite(now)
    assert np.isfinite(now)[np.isfinite(was)].mean() > 0.99
    assert (now[both] <= was[both] + 1e-3).mean() > 0.97
    assert now[both].mean() < 0.75 * was[both].mean()
    rows = np.array(list(parish_pairs(table).values()))
    for start, end in (rows.T, rows.T[::-1]):
        before, after = skim.headway_min[:4, 0, start, end], more.headway_min[:4, 0, start, end]
        assert np.isfinite(after)[np.isfinite(before)].all()
        assert (after[np.isfinite(before)] <= before[np.isfinite(before)] + 1e-3).all()


def test_defaults_are_those_of_the_assumptions() -> None:
    values = pd.read_csv(PACK / "assumptions" / "timetable.csv").set_index("key")["value"]
    assert TransitRules.from_assumptions(lambda key: float(values[key])) == TransitRules()
