"""The cars of the households as columns [C], sorted by household: what they are, hold and cost."""

from __future__ import annotations

from dataclasses import dataclass, fields

import numpy as np
import numpy.typing as npt

from zemsim.behaviour.parameters import Parameters
from zemsim.core.names import Powertrain
from zemsim.core.randomness import Stream
from zemsim.kernels.draws import uniforms
from zemsim.population import Population


@dataclass
class Vehicles:
    """Columns of the cars; rows never move, a car that is replaced changes in its row."""

    vehicle_id: npt.NDArray[np.int64]
    household_idx: npt.NDArray[np.int32]
    powertrain: npt.NDArray[np.int8]
    age_years: npt.NDArray[np.int16]
    battery_kwh: npt.NDArray[np.float32]
    energy_kwh: npt.NDArray[np.float64]  # state of the battery
    morning_kwh: npt.NDArray[np.float64]  # lowest state at the start of a day of the last simulated week
    paid_eur_kwh: npt.NDArray[np.float64]  # mean price of energy that its driver experienced, from the grid
    lost_min_kwh: npt.NDArray[np.float64]  # minutes lost to waiting and detours per kWh
    km_year: npt.NDArray[np.float64]
    litres_year: npt.NDArray[np.float64]
    kwh_year: npt.NDArray[np.float64]  # from the grid

    @property
    def n(self) -> int:
        return len(self.vehicle_id)

    @property
    def electric(self) -> npt.NDArray[np.bool_]:
        electric: npt.NDArray[np.bool_] = self.powertrain == Powertrain.BEV
        return electric

    def snapshot(self) -> dict[str, npt.NDArray[np.generic]]:
        """A copy of every column."""
        return {field.name: getattr(self, field.name).copy() for field in fields(self)}

    def restore(self, snapshot: dict[str, npt.NDArray[np.generic]]) -> None:
        """Write a snapshot back, in place."""
        for name, values in snapshot.items():
            getattr(self, name)[...] = values

    def plug_in_new(self, rows: npt.NDArray[np.intp], battery_kwh: float, seed: int, price_eur_kwh: float) -> None:
        """Make cars of some rows battery electric: a battery, charged to an addressed share of it."""
        share = 0.4 + 0.55 * uniforms(seed, int(Stream.CHARGING_START), self.vehicle_id[rows])
        self.powertrain[rows] = Powertrain.BEV
        self.battery_kwh[rows] = battery_kwh
        self.energy_kwh[rows] = share * battery_kwh
        self.morning_kwh[rows] = self.energy_kwh[rows]
        self.paid_eur_kwh[rows] = price_eur_kwh
        self.lost_min_kwh[rows] = 0.0


def make_vehicles(population: Population, parameters: Parameters, seed: int, price_eur_kwh: float) -> Vehicles:
    """The cars of the base year; electric ones start with an addressed state of charge."""
    table = population.vehicles
    n = len(table)
    vehicles = Vehicles(
        vehicle_id=table["vehicle_id"].to_numpy(np.int64).copy(),
        household_idx=table["household_idx"].to_numpy(np.int32).copy(),
        powertrain=table["powertrain"].to_numpy(np.int8).copy(),
        age_years=table["age_years"].to_numpy(np.int16).copy(),
        battery_kwh=table["battery_kwh"].to_numpy(np.float32).copy(),
        energy_kwh=np.zeros(n),
        morning_kwh=np.zeros(n),
        paid_eur_kwh=np.full(n, price_eur_kwh),
        lost_min_kwh=np.zeros(n),
        km_year=np.full(n, parameters["km_year_prior"]),
        litres_year=np.zeros(n),
        kwh_year=np.zeros(n),
    )
    rows = np.flatnonzero(vehicles.electric)
    batteries = vehicles.battery_kwh[rows].copy()
    vehicles.plug_in_new(rows, 1.0, seed, price_eur_kwh)
    vehicles.battery_kwh[rows] = batteries
    vehicles.energy_kwh[rows] *= batteries
    vehicles.morning_kwh[rows] = vehicles.energy_kwh[rows]
    return vehicles


def kwh_per_km(parameters: Parameters, temperature_c: float) -> float:
    """Consumption of a BEV at the battery: ``e20 (1 + g_cold max(0, 15 - T))``, kWh/km."""
    return parameters["e_bev20"] * (1.0 + parameters["g_cold"] * max(0.0, 15.0 - temperature_c))


def litres_per_km(parameters: Parameters) -> npt.NDArray[np.float64]:
    """Consumption by powertrain, litres per km; 0 for BEV."""
    litres = np.zeros(len(Powertrain))
    litres[Powertrain.PETROL] = parameters["f_pet"] / 100.0
    litres[Powertrain.DIESEL] = parameters["f_die"] / 100.0
    return litres
