"""CO2 of residents' cars and e-bikes, of shared cars, of the timetable's buses and trains, and of municipal cars.

Combustion cars: litres times (tank to wheel + well to tank). Electric cars: kWh from the plug times the factor of the
grid, the solar power of the charging sites apart. Buses and trains: kilometres of the timetable, diesel and electric.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
import pandas as pd

from zemsim.core.names import PETROL_BURNERS, Mode, Powertrain
from zemsim.evidence.factors import Factors
from zemsim.evidence.fleet import session_weeks
from zemsim.evidence.places import FloatArray
from zemsim.evidence.rows import ALL, Rows
from zemsim.evidence.travel import DAYS_BY_TYPE

#: Networks of ``routes.txt`` that are city buses begin so, and those of services on demand.
CITY_BUS: Final = "city_bus"
ON_DEMAND: Final = "on_demand"


@dataclass(frozen=True)
class Energy:
    """What is burnt and drawn in a year.

    Attributes
    ----------
    petrol_l, diesel_l : float
        Litres.
    grid_kwh : float
        From the grid, losses of charging included.
    solar_kwh : float
        From solar power of charging sites and homes.
    hours_kwh : float
        By how much the hours of charging are worse than the mean of the grid: kWh at that mean with the same carbon.
    """

    petrol_l: float = 0.0
    diesel_l: float = 0.0
    grid_kwh: float = 0.0
    solar_kwh: float = 0.0
    hours_kwh: float = 0.0

    def co2_ttw_kg(self, factors: Factors) -> float:
        """Return the CO2 from the exhausts."""
        return self.petrol_l * factors["petrol_ttw_kg_l"] + self.diesel_l * factors["diesel_ttw_kg_l"]

    def co2_wtw_kg(self, factors: Factors, grid: str = "grid_kg_kwh") -> float:
        """Return the CO2 equivalents from source to wheel, electricity at the factor ``grid``.

        The mean of the grid goes by the hour; another factor is that of additional load at any hour.
        """
        made = self.petrol_l * factors["petrol_wtt_kg_l"] + self.diesel_l * factors["diesel_wtt_kg_l"]
        drawn = self.grid_kwh + (self.hours_kwh if grid == "grid_kg_kwh" else 0.0)
        power = drawn * factors[grid] + self.solar_kwh * factors["solar_kg_kwh"]
        return self.co2_ttw_kg(factors) + made + power

    def __add__(self, other: Energy) -> Energy:
        return Energy(
            self.petrol_l + other.petrol_l,
            self.diesel_l + other.diesel_l,
            self.grid_kwh + other.grid_kwh,
            self.solar_kwh + other.solar_kwh,
            self.hours_kwh + other.hours_kwh,
        )


def energy_of_cars(vehicles: pd.DataFrame, sessions: pd.DataFrame, season_days: FloatArray) -> Energy:
    """Return the energy of residents' cars in a simulated year.

    Solar power is that of the sessions; the rest of the cars' electricity comes from the grid, at the carbon of the
    hours of the sessions.

    Parameters
    ----------
    vehicles, sessions : DataFrame
        The rows of one year.
    season_days : float64 [2, 2]
        From :func:`zemsim.evidence.travel.days_of_seasons`.
    """
    powertrain = vehicles["powertrain"].to_numpy()
    litres = vehicles["litres_year"].to_numpy(np.float64)
    kwh = float(np.nansum(vehicles["kwh_year"].to_numpy(np.float64)))
    charged = session_weeks(sessions, season_days) * sessions["kwh"].to_numpy()
    share = sessions["solar_share"].to_numpy(np.float64)
    solar = float((charged * share).sum())
    from_grid = charged * (1.0 - share)
    worse = float((from_grid * (sessions["grid_factor"].to_numpy(np.float64) - 1.0)).sum())
    drawn = float(from_grid.sum())
    return Energy(
        petrol_l=float(np.nansum(litres[np.isin(powertrain, PETROL_BURNERS)])),
        diesel_l=float(np.nansum(litres[powertrain == Powertrain.DIESEL])),
        grid_kwh=kwh - solar,
        solar_kwh=solar,
        hours_kwh=worse / drawn * (kwh - solar) if drawn else 0.0,
    )


def energy_of_ebikes(km: float, factors: Factors) -> Energy:
    """Return the energy of e-bikes that are ridden ``km`` in a year."""
    return Energy(grid_kwh=km * factors["ebike_kwh_km"] / factors["charger_efficiency"])


def over_days(transit: pd.DataFrame, column: str) -> FloatArray:
    """Return a column of ``transit`` for the year: the figures of a day times the days of its type."""
    found: FloatArray = transit[column].to_numpy(np.float64) * DAYS_BY_TYPE[transit["day_type"].to_numpy()]
    return found


def vehicle_km(transit: pd.DataFrame) -> FloatArray:
    """Return the kilometres of a year of each row of ``transit``."""
    return over_days(transit, "vehicle_km_day")


def energy_of_buses(transit: pd.DataFrame, factors: Factors) -> Energy:
    """Return the energy of the buses of a year; city buses, regional ones and those on demand burn differently.

    Electric ones draw what their fleet was found to draw; the factors stand in where buses are not followed one by one.
    """
    rows = transit[transit["mode"].to_numpy() == Mode.BUS]
    km = vehicle_km(rows)
    electric = km * rows["electric_share"].to_numpy()
    city = rows["network_id"].str.startswith(CITY_BUS).to_numpy(bool)
    small = rows["network_id"].str.startswith(ON_DEMAND).to_numpy(bool)
    l_km = np.where(city, factors["bus_city_l_km"], factors["bus_regional_l_km"])
    litres = np.where(small, factors["bus_on_demand_l_km"], l_km) * (km - electric)
    kwh_km = np.where(small, factors["bus_on_demand_electric_kwh_km"], factors["bus_electric_kwh_km"])
    by_factor = electric * kwh_km / factors["charger_efficiency"]
    driven = over_days(rows, "electric_kwh_day")
    return Energy(diesel_l=float(litres.sum()), grid_kwh=float(np.where(np.isnan(driven), by_factor, driven).sum()))


def energy_of_trains(transit: pd.DataFrame, factors: Factors) -> Energy:
    """Return the energy of the trains of a year."""
    rows = transit[transit["mode"].to_numpy() == Mode.TRAIN]
    km = vehicle_km(rows)
    electric = km * rows["electric_share"].to_numpy()
    return Energy(
        diesel_l=float((km - electric).sum() * factors["train_diesel_l_km"]),
        grid_kwh=float(electric.sum() * factors["train_electric_kwh_km"]),
    )


def energy_of_municipal_cars(payments: pd.DataFrame) -> Energy:
    """Return what the municipal cars of measures burn and draw more (less, where negative) in a year, by the ledger.

    Lines ``fleet_petrol`` and ``fleet_diesel`` are in litres, ``fleet_electricity`` in kWh from the plug.
    """
    item, quantity = payments["item"].to_numpy(), payments["quantity"].to_numpy()
    return Energy(
        petrol_l=float(quantity[item == "fleet_petrol"].sum()),
        diesel_l=float(quantity[item == "fleet_diesel"].sum()),
        grid_kwh=float(quantity[item == "fleet_electricity"].sum()),
    )


def add_emissions(rows: Rows, year: int, sources: dict[str, Energy], factors: Factors) -> float:
    """Add CO2 of each source (a group) and of all; return the total, well to wheel, in kg."""
    total = Energy()
    for name, energy in sources.items():
        rows.add("co2_ttw_kg_year", year, energy.co2_ttw_kg(factors), name)
        rows.add("co2_wtw_kg_year", year, energy.co2_wtw_kg(factors), name)
        rows.add("co2_wtw_marginal_kg_year", year, energy.co2_wtw_kg(factors, "grid_marginal_kg_kwh"), name)
        total = total + energy
    rows.add("co2_ttw_kg_year", year, total.co2_ttw_kg(factors), ALL)
    rows.add("co2_wtw_kg_year", year, total.co2_wtw_kg(factors), ALL)
    rows.add("co2_wtw_marginal_kg_year", year, total.co2_wtw_kg(factors, "grid_marginal_kg_kwh"), ALL)
    return total.co2_wtw_kg(factors)
