"""How residents travel in a year: trips and kilometres by home zone, income fifth and mode, fares and parking."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, SupportsFloat

import numpy as np
import pandas as pd

from zemsim.core.names import DAYS_PER_YEAR, TRIPS_PER_TOUR, Mode, Purpose, Season
from zemsim.evidence.places import QUINTILES, REGION, FloatArray, IntArray, Places
from zemsim.evidence.rows import Rows, ratio

N_MODES: Final = len(Mode)

#: Days of a year by day type, and of the whole year.
DAYS_BY_TYPE: Final = np.array(DAYS_PER_YEAR, np.float64).sum(axis=0)
DAYS_IN_YEAR: Final = float(DAYS_BY_TYPE.sum())

#: Which kilometres of a tour a mode travels: road, active, bus, train.
_DISTANCE_OF_MODE: Final = np.array([1, 1, 1, 2, 3, 0, 0, 0], np.int64)

_DRIVING: Final = (Mode.CAR, Mode.EV)


def days_of_seasons(seasons: Sequence[Season]) -> FloatArray:
    """Return the days of a year that a simulated day stands for, float64 [season, day type].

    ``DAYS_PER_YEAR`` if both seasons are simulated; a single one stands for the whole year.
    """
    days = np.array(DAYS_PER_YEAR, np.float64)
    if len(set(seasons)) == 1:
        alone = np.zeros_like(days)
        alone[seasons[0]] = days.sum(axis=0)
        return alone
    return days


@dataclass(frozen=True)
class Tours:
    """What the trips need of the tours.

    Attributes
    ----------
    cell : int64 [R]
        Home zone times 5 plus income fifth.
    km : float64 [4, R]
        One-way kilometres by road, on foot or by bike, by bus, by train; the road distance where the base timetable has
        no way by bus or train.
    """

    cell: IntArray
    km: FloatArray

    @classmethod
    def of(cls, tours: pd.DataFrame, places: Places) -> Tours:
        """Return them from the table ``tours``."""
        resident = tours["resident_idx"].to_numpy()
        cell = places.resident_zone[resident] * QUINTILES + places.resident_quintile[resident]
        return cls(cell, kilometres(tours))


@dataclass(frozen=True)
class Travel:
    """A year of travel.

    Attributes
    ----------
    trips, km : float64 [Z, 5, 8]
        Trips and kilometres of the year by home zone, income fifth and mode.
    minutes : float64 [Z, 5]
        Minutes on the way in the year, door to door, by home zone and income fifth.
    fares_eur, parking_eur : float
        Paid in the year.
    """

    trips: FloatArray
    km: FloatArray
    minutes: FloatArray
    fares_eur: float
    parking_eur: float


def kilometres(tours: pd.DataFrame) -> FloatArray:
    """Return the one-way kilometres of the tables ``tours`` or ``destinations`` as in `Tours`, float64 [4, R]."""
    km = np.stack([tours[name].to_numpy(np.float64) for name in ("road_km", "active_km", "bus_km", "train_km")])
    for transit in (2, 3):
        km[transit] = np.where(np.isnan(km[transit]), km[0], km[transit])
    return km


def travel_km(trips: pd.DataFrame, tours: Tours, moved: pd.DataFrame) -> FloatArray:
    """Return the one-way kilometres of each row of ``trips`` of a year by its mode, float64.

    ``moved`` are the rows of ``destinations`` of the year: those tours go elsewhere than ``tours`` says.
    """
    distance = _DISTANCE_OF_MODE[trips["mode"].to_numpy().astype(np.int64)]
    tour = trips["tour_idx"].to_numpy()
    km: FloatArray = tours.km[distance, tour]
    if len(moved):
        at = row_of_tour(moved, len(tours.cell))[tour]
        rows = np.flatnonzero(at >= 0)
        km[rows] = kilometres(moved)[distance[rows], at[rows]]
    return km


def row_of_tour(moved: pd.DataFrame, n_tours: int) -> IntArray:
    """Return the row of ``moved`` for each tour, int64 [R]; -1 for those that go where they were planned."""
    place = np.full(n_tours, -1, np.int64)
    place[moved["tour_idx"].to_numpy()] = np.arange(len(moved))
    return place


def travel_of_year(
    trips: pd.DataFrame, tours: Tours, n_zones: int, season_days: FloatArray, moved: pd.DataFrame
) -> Travel:
    """Sum the rows of ``trips`` of one year, each weighted by the days that it stands for.

    A row is two trips on each of ``season_days[season, day_type]`` days.

    Parameters
    ----------
    trips : DataFrame
        The rows of one year.
    tours : Tours
    n_zones : int
    season_days : float64 [2, 2]
        From :func:`days_of_seasons`.
    moved : DataFrame
        The rows of ``destinations`` of the year.
    """
    days = season_days[trips["season"].to_numpy(), trips["day_type"].to_numpy()]
    made = days * TRIPS_PER_TOUR
    tour = trips["tour_idx"].to_numpy()
    mode = trips["mode"].to_numpy().astype(np.int64)
    cell = tours.cell[tour] * N_MODES + mode
    shape = (n_zones, QUINTILES, N_MODES)
    size = n_zones * QUINTILES * N_MODES
    km, minutes = travel_km(trips, tours, moved), trips["door_min"].to_numpy(np.float64)
    return Travel(
        trips=np.bincount(cell, weights=made, minlength=size).astype(np.float64).reshape(shape),
        km=np.bincount(cell, weights=made * km, minlength=size).astype(np.float64).reshape(shape),
        minutes=np.bincount(tours.cell[tour], made * minutes, n_zones * QUINTILES)
        .astype(np.float64)
        .reshape(shape[:2]),
        fares_eur=float((made * trips["fare_eur"].to_numpy(np.float64)).sum()),
        parking_eur=float((days * trips["parking_eur"].to_numpy(np.float64)).sum()),
    )


def mobile_days(tours: pd.DataFrame, places: Places) -> FloatArray:
    """Return the days of a year on which residents leave home, summed by home zone and income fifth, float64 [Z, 5]."""
    total = np.zeros((places.n_zones, QUINTILES))
    resident = tours["resident_idx"].to_numpy()
    day_type = tours["day_type"].to_numpy()
    for kind, days in enumerate(DAYS_BY_TYPE):
        mobile = np.unique(resident[day_type == kind])
        cell = places.resident_zone[mobile] * QUINTILES + places.resident_quintile[mobile]
        total += days * np.bincount(cell, minlength=total.size).reshape(total.shape)
    return total


def add_travel(rows: Rows, year: int, travel: Travel, mobile: FloatArray, places: Places) -> None:
    """Add the indicators of a year of travel: by place, by income fifth, and by zone for the map."""
    trips, km = places.fold(travel.trips.sum(axis=1)), places.fold(travel.km.sum(axis=1))
    people, left_home = places.fold(places.residents.sum(axis=1)), places.fold(mobile.sum(axis=1))
    minutes = places.fold(travel.minutes.sum(axis=1))
    for place in trips:
        _add_cell(rows, year, trips[place], km[place], people[place], left_home[place], place=place)
        _add_minutes(rows, year, minutes[place], people[place], place=place)
        rows.add("trips_year", year, trips[place].sum(), place=place)
        rows.add("bus_trips_year", year, trips[place][Mode.BUS], place=place)
        rows.add("train_trips_year", year, trips[place][Mode.TRAIN], place=place)
        rows.add("car_km_year", year, _driven(km[place]), place=place)
        rows.add("bus_trip_share", year, ratio(trips[place][Mode.BUS], trips[place].sum()), place=place)
        rows.add("ev_km_share", year, ratio(km[place][Mode.EV], _driven(km[place])), place=place)
    for fifth in range(QUINTILES):
        _add_cell(
            rows,
            year,
            travel.trips[:, fifth].sum(axis=0),
            travel.km[:, fifth].sum(axis=0),
            places.residents[:, fifth].sum(),
            mobile[:, fifth].sum(),
            group=f"quintile-{fifth + 1}",
        )
        minutes_of, people_of = travel.minutes[:, fifth].sum(), places.residents[:, fifth].sum()
        _add_minutes(rows, year, minutes_of, people_of, group=f"quintile-{fifth + 1}")
    rows.add("fare_revenue_eur_year", year, travel.fares_eur)
    rows.add("parking_revenue_eur_year", year, travel.parking_eur)
    _add_zones(rows, year, travel, places)


def add_moved(rows: Rows, year: int, trips: pd.DataFrame, moved: pd.DataFrame, purpose: IntArray) -> None:
    """Add how many trips of a year go elsewhere than planned; ``purpose`` int8 [R] is that of each tour."""
    elsewhere = row_of_tour(moved, len(purpose)) >= 0
    tour = trips["tour_idx"].to_numpy()
    made, gone = (np.bincount(purpose[of], minlength=len(Purpose)) for of in (tour, tour[elsewhere[tour]]))
    rows.add("moved_trip_share", year, ratio(gone.sum(), made.sum()))
    rows.add("moved_trip_share", year, ratio(gone[Purpose.WORK], made[Purpose.WORK]), "work")


def _add_cell(
    rows: Rows,
    year: int,
    trips: FloatArray,
    km: FloatArray,
    people: SupportsFloat,
    mobile: SupportsFloat,
    group: str = "all",
    place: str = REGION,
) -> None:
    person_days = float(people) * DAYS_IN_YEAR
    for mode in Mode:
        name = mode.name.lower() if group == "all" else f"{mode.name.lower()} {group}"
        rows.add("mode_share", year, ratio(trips[mode], trips.sum()), name, place)
    rows.add("trips_per_person_day", year, ratio(trips.sum(), person_days), group, place)
    rows.add("person_km_day", year, ratio(km.sum(), person_days), group, place)
    rows.add("car_km_per_resident_day", year, ratio(_driven(km), person_days), group, place)
    rows.add("mobile_share", year, ratio(mobile, person_days), group, place)


def _add_minutes(
    rows: Rows, year: int, minutes: SupportsFloat, people: SupportsFloat, group: str = "all", place: str = REGION
) -> None:
    rows.add("person_minutes_day", year, ratio(minutes, float(people) * DAYS_IN_YEAR), group, place)


def _add_zones(rows: Rows, year: int, travel: Travel, places: Places) -> None:
    trips, km = places.zones(travel.trips.sum(axis=1)), places.zones(travel.km.sum(axis=1))
    people = places.zones(places.residents.sum(axis=1))
    for zone in trips:
        driven = ratio(_driven(km[zone]), people[zone] * DAYS_IN_YEAR)
        rows.add("car_km_per_resident_day", year, driven, place=zone)
        rows.add("bus_trip_share", year, ratio(trips[zone][Mode.BUS], trips[zone].sum()), place=zone)


def _driven(km: FloatArray) -> float:
    return float(km[list(_DRIVING)].sum())
