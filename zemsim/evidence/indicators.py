"""From the tables of one case to its indicators: sums over rows with stated weights, nothing else.

The weights are ``DAYS_PER_YEAR`` for trips (two a row), weeks of the season for charging sessions, days of the type for
the timetable, and one for vehicles and persons.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pandas as pd

from zemsim.core.names import Mode, Season
from zemsim.evidence import costs, emissions, fleet, travel
from zemsim.evidence.factors import Factors
from zemsim.evidence.passes import add_passes
from zemsim.evidence.places import QUINTILES, REGION, FloatArray, Places
from zemsim.evidence.residence import Residence
from zemsim.evidence.rows import Rows, ratio
from zemsim.evidence.shared_cars import add_shared_cars, energy_of_shared_cars
from zemsim.evidence.stations import add_stations, with_stations


@dataclass(frozen=True)
class Setting:
    """What the cases of a seed share.

    Attributes
    ----------
    zones, persons, tours : DataFrame
        Tables of the run.
    years, simulated : tuple of int
        All years of the experiment; those whose days are simulated. Both rising.
    factors : Factors
        Emission factors.
    seasons : tuple of Season
        Simulated seasons; one alone stands for the year.
    first_change : int, optional
        First year in which a measure of the experiment begins, see :func:`zemsim.evidence.costs.over_years`.
    residence : Residence, optional
        When residents are there, if the population follows a forecast.
    """

    zones: pd.DataFrame
    persons: pd.DataFrame
    tours: pd.DataFrame
    years: tuple[int, ...]
    simulated: tuple[int, ...]
    factors: Factors
    seasons: tuple[Season, ...] = tuple(Season)
    first_change: int | None = None
    residence: Residence | None = None

    def places_in(self, year: int) -> Places:
        """Who lives where in a year; all in any year of a population that is fixed."""
        return self.places if self.residence is None else self.places.with_only(self.residence.present(year))

    def mobile_in(self, year: int) -> FloatArray:
        """Days of a year on which those who are there leave home."""
        if self.residence is None:
            return self.mobile
        return travel.mobile_days(self.tours[self.residence.tours_in(year)], self.places)

    def tours_in(self, year: int) -> int:
        """Tours of a simulated day of each day type in a year."""
        return len(self.tours) if self.residence is None else int(self.residence.tours_in(year).sum())

    @cached_property
    def places(self) -> Places:
        """Who lives where."""
        return Places.of(self.zones, self.persons)

    @cached_property
    def season_days(self) -> FloatArray:
        """Days of a year that a simulated day stands for, [season, day type]."""
        return travel.days_of_seasons(self.seasons)

    @cached_property
    def routes(self) -> travel.Tours:
        """Cells and kilometres of the tours."""
        return travel.Tours.of(self.tours, self.places)

    @cached_property
    def mobile(self) -> FloatArray:
        """Days of a year on which residents leave home."""
        return travel.mobile_days(self.tours, self.places)


def indicators(tables: Mapping[str, pd.DataFrame], setting: Setting, policy: str, seed: int) -> pd.DataFrame:
    """Return the indicators of one case.

    Parameters
    ----------
    tables : mapping of str to DataFrame
        ``trips, destinations, vehicles, sessions, stations, purchases, transit, payments, bus_fleets,
        charging_load, reactions, station_trips, shared_car_trips, car_stations`` of the case.
    setting : Setting
        What the case shares with the others of its seed.
    policy, seed : str, int
        The case.

    Returns
    -------
    DataFrame
        Columns of schema ``indicators``.
    """
    rows = Rows()
    years, simulated = list(setting.years), list(setting.simulated)
    for year in years if setting.residence is not None else years[:1]:
        _add_residents(rows, year, setting.places_in(year))
    for year in years:
        cars = _of_year(tables["vehicles"], year)
        fleet.add_fleet(rows, year, cars, setting.places_in(year), by_zone=year in simulated)
        fleet.add_purchases(rows, year, _of_year(tables["purchases"], year))
        fleet.add_reactions(rows, year, _of_year(tables["reactions"], year))
    co2 = [add_simulated(rows, year, tables, setting) for year in simulated]
    rows.add("co2_wtw_total_kg", years[-1], costs.over_years(years, simulated, co2, setting.first_change).sum())
    rate = setting.factors["discount_rate_year"]
    costs.add_costs(rows, tables["payments"], years, simulated, rate, setting.first_change)
    return rows.table(policy, seed)


def add_simulated(rows: Rows, year: int, tables: Mapping[str, pd.DataFrame], setting: Setting) -> float:
    """Add what the days of a simulated year give; return its CO2 from source to wheel, in kg."""
    trips, moved, vehicles, sessions, transit = (
        _of_year(tables[name], year) for name in ("trips", "destinations", "vehicles", "sessions", "transit")
    )
    made = travel.travel_of_year(trips, setting.routes, setting.places.n_zones, setting.season_days, moved)
    parked = _of_year(tables["station_trips"], year)
    made = with_stations(made, parked, trips, setting.routes, vehicles, setting.season_days, moved)
    add_stations(rows, year, parked, setting.season_days)
    lent, car_stations = (_of_year(tables[name], year) for name in ("shared_car_trips", "car_stations"))
    add_shared_cars(rows, year, lent, car_stations, setting.season_days)
    travel.add_travel(rows, year, made, setting.mobile_in(year), setting.places_in(year))
    resident = setting.tours["resident_idx"].to_numpy()
    add_passes(rows, year, trips, resident, setting.places_in(year), setting.season_days)
    travel.add_moved(rows, year, trips, moved, setting.tours["purpose"].to_numpy())
    fleet.add_charging(rows, year, sessions, setting.season_days)
    fleet.add_sites(rows, year, _of_year(tables["stations"], year), setting.season_days)
    fleet.add_load(rows, year, _of_year(tables["charging_load"], year))
    _add_transit(rows, year, transit)
    _add_bus_fleets(rows, year, transit, _of_year(tables["bus_fleets"], year), setting.season_days)
    factors = setting.factors
    sources = {
        "cars": emissions.energy_of_cars(vehicles, sessions, setting.season_days),
        "ebikes": emissions.energy_of_ebikes(float(made.km[:, :, Mode.EBIKE].sum()), factors),
        "buses": emissions.energy_of_buses(transit, factors),
        "trains": emissions.energy_of_trains(transit, factors),
        "shared_cars": energy_of_shared_cars(car_stations, setting.season_days),
        "municipal_cars": emissions.energy_of_municipal_cars(_of_year(tables["payments"], year)),
    }
    return emissions.add_emissions(rows, year, sources, factors)


def _add_residents(rows: Rows, year: int, places: Places) -> None:
    people = places.residents.sum(axis=1)
    for place, count in {**places.fold(people), **places.zones(people)}.items():
        rows.add("residents", year, count, place=place)
    for fifth in range(QUINTILES):
        rows.add("residents", year, places.residents[:, fifth].sum(), group=f"quintile-{fifth + 1}", place=REGION)


def _add_transit(rows: Rows, year: int, transit: pd.DataFrame) -> None:
    mode = transit["mode"].to_numpy()
    km = emissions.vehicle_km(transit)
    rows.add("vehicle_km_bus_year", year, km[mode == Mode.BUS].sum())
    rows.add("vehicle_km_train_year", year, km[mode == Mode.TRAIN].sum())
    load = transit["max_load_share"].to_numpy()[mode == Mode.BUS]
    rows.add("max_bus_load_share", year, load.max() if load.size else np.nan)
    rows.add("denied_boardings_year", year, emissions.over_days(transit, "denied_day").sum())
    rows.add("left_behind_year", year, emissions.over_days(transit, "left_behind_day").sum())


def _add_bus_fleets(
    rows: Rows, year: int, transit: pd.DataFrame, fleets: pd.DataFrame, season_days: FloatArray
) -> None:
    bus = transit[transit["mode"].to_numpy() == Mode.BUS]
    km = emissions.vehicle_km(bus)
    weeks = season_days.sum(axis=1)[fleets["season"].to_numpy()] / 7.0
    rows.add("electric_bus_km_share", year, ratio((km * bus["electric_share"].to_numpy()).sum(), km.sum()))
    rows.add("cancelled_departures_year", year, (weeks * fleets["cancelled_week"].to_numpy()).sum())
    rows.add("bus_charging_kwh_year", year, np.nansum(emissions.over_days(bus, "electric_kwh_day")))
    rows.add("depot_peak_kw", year, fleets["depot_peak_kw"].max() if len(fleets) else 0.0)


def _of_year(table: pd.DataFrame, year: int) -> pd.DataFrame:
    years = table["year"].to_numpy()
    if len(years) and (np.diff(years) >= 0).all():
        return table.iloc[np.searchsorted(years, year, "left") : np.searchsorted(years, year, "right")]
    found: pd.DataFrame = table[years == year]
    return found
