"""Who comes to stations by car or bicycle: trips, and the kilometres that they travel in another way than the rest."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd

from zemsim.core.names import TRIPS_PER_TOUR, Access, Mode, Powertrain
from zemsim.evidence.places import QUINTILES, FloatArray
from zemsim.evidence.rows import Rows
from zemsim.evidence.travel import N_MODES, Tours, Travel, travel_km

_OF_A_DAY = ["season", "day_type", "tour_idx"]
#: Mode of the kilometres to a station; those by car are of the car or the electric car.
_MODE_OF_ACCESS = {Access.BIKE: Mode.BIKE, Access.EBIKE: Mode.EBIKE, Access.CAR: Mode.CAR}


def with_stations(
    travel: Travel,
    stations: pd.DataFrame,
    trips: pd.DataFrame,
    tours: Tours,
    vehicles: pd.DataFrame,
    season_days: FloatArray,
    moved: pd.DataFrame,
) -> Travel:
    """Return the travel of a year with the kilometres to stations as they are travelled.

    The trips stay those of bus and train; their kilometres there are those from the station on, and the kilometres to
    the station belong to the car, the electric car, the bicycle or the e-bike.

    Parameters
    ----------
    travel : Travel
        With all kilometres of bus and train as from home.
    stations, trips, moved : DataFrame
        Rows of ``station_trips``, ``trips`` and ``destinations`` of the year.
    vehicles : DataFrame
        Rows of ``vehicles`` of the year.
    """
    if not len(stations):
        return travel
    rows = stations.merge(trips[[*_OF_A_DAY, "mode"]], on=_OF_A_DAY, how="left", validate="one_to_one")
    mode = rows["mode"].to_numpy().astype(np.int64)
    by = np.array([_MODE_OF_ACCESS[Access(a)] for a in rows["access"].tolist()], np.int64)
    electric = vehicles.loc[vehicles["powertrain"].to_numpy() == Powertrain.BEV, "vehicle_idx"].to_numpy()
    by = np.where((by == Mode.CAR) & np.isin(rows["vehicle_idx"].to_numpy(), electric), int(Mode.EV), by)
    cell = tours.cell[rows["tour_idx"].to_numpy()] * N_MODES
    made = season_days[rows["season"].to_numpy(), rows["day_type"].to_numpy()] * TRIPS_PER_TOUR
    fewer = rows["transit_km"].to_numpy(np.float64) - travel_km(rows, tours, moved)
    km = np.bincount(cell + by, made * rows["access_km"].to_numpy(np.float64), travel.km.size)
    km += np.bincount(cell + mode, made * fewer, travel.km.size)
    return replace(travel, km=travel.km + km.reshape(-1, QUINTILES, N_MODES))


def add_stations(rows: Rows, year: int, stations: pd.DataFrame, season_days: FloatArray) -> None:
    """Add the trips of a year by car, and by bicycle or e-bike, to a station."""
    made = season_days[stations["season"].to_numpy(), stations["day_type"].to_numpy()] * TRIPS_PER_TOUR
    by_car = stations["access"].to_numpy() == Access.CAR
    rows.add("park_and_ride_trips_year", year, made[by_car].sum())
    rows.add("bike_and_ride_trips_year", year, made[~by_car].sum())
