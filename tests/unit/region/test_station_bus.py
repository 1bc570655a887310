"""Buses of Aizkraukle that meet the trains, and stations that the list lacks, in the shipped timetable."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from zemsim.region.make.timetable_places import great_circle_km

PACK = Path(__file__).parents[3] / "zemsim" / "region" / "packs" / "zemgale"
STATION, TOWN = "station-aizkraukle", "bus-aizkraukle"


@pytest.fixture(scope="module")
def calls() -> pd.DataFrame:
    """Stop times with minutes after midnight, route, direction and service."""
    times = pd.read_csv(PACK / "gtfs" / "stop_times.txt")
    trips = pd.read_csv(PACK / "gtfs" / "trips.txt")
    table = times.merge(trips, on="trip_id")
    for key in ("arrival", "departure"):
        clock = table[f"{key}_time"].str.split(":", expand=True).astype(int)
        table[key] = clock[0] * 60 + clock[1] + clock[2] / 60
    return table


def _at_station(calls: pd.DataFrame, route: str, direction: int) -> pd.DataFrame:
    at = (calls["route_id"] == route) & (calls["direction_id"] == direction) & (calls["stop_id"] == STATION)
    return calls[at].sort_values("departure")


def test_a_bus_comes_before_every_train_to_riga(calls: pd.DataFrame) -> None:
    """Routes 6124 and 6135 are timed by the trains (staburags.diena.lv 144871, 2017); 7 minutes are assumed."""
    trains, buses = _at_station(calls, "rail-aizkraukle", 1), _at_station(calls, "bus-6124-6135", 0)
    assert len(trains) == len(buses) == 25
    early = trains["departure"].to_numpy() - buses["arrival"].to_numpy()
    assert ((early >= 6.4) & (early <= 7.6)).all()
    assert trains["service_id"].tolist() == buses["service_id"].tolist()


def test_the_last_train_of_the_evening_is_not_met(calls: pd.DataFrame) -> None:
    """No town bus met the last train of the evening (arhivs.staburags.lv 86491, 2013)."""
    trains, buses = _at_station(calls, "rail-aizkraukle", 0), _at_station(calls, "bus-6124-6135", 1)
    late = buses["departure"].to_numpy() - trains["arrival"].to_numpy()[:-1]
    assert ((late >= 3.4) & (late <= 4.6)).all()
    assert buses["departure"].max() < trains["arrival"].max()


def test_the_bus_joins_the_station_to_the_town(calls: pd.DataFrame) -> None:
    runs = calls[calls["route_id"] == "bus-6124-6135"].groupby("trip_id")
    assert (runs["stop_id"].first().isin((STATION, TOWN)) & runs["stop_id"].last().isin((STATION, TOWN))).all()
    ride = runs["arrival"].max() - runs["departure"].min()
    assert ((ride > 5) & (ride < 12)).all()


@pytest.mark.parametrize(("station", "centre", "km"), [("jelgava", "jelgava", 1.4), ("krustpils", "jekabpils", 1.8)])
def test_stations_of_cities_are_not_in_the_centre(station: str, centre: str, km: float) -> None:
    stops = pd.read_csv(PACK / "gtfs" / "stops.txt").set_index("stop_id")
    a, b = stops.loc[f"station-{station}"], stops.loc[f"bus-{centre}"]
    found = great_circle_km(a["stop_lat"], a["stop_lon"], b["stop_lat"], b["stop_lon"])
    assert found == pytest.approx(km, abs=0.3)
