"""Places of the households for a car as columns [C], sorted by household: what the cars are, hold and cost."""

from __future__ import annotations

from dataclasses import dataclass, fields

import numpy as np
import numpy.typing as npt

from zemsim.behaviour.parameters import Parameters
from zemsim.core.names import Powertrain
from zemsim.core.randomness import Stream
from zemsim.kernels.draws import uniforms
from zemsim.population import Population
from zemsim.population.vehicles import MAX_CARS

#: Powertrain of a place without a car.
EMPTY = -1
_LITRES = {
    Powertrain.PETROL: "f_pet",
    Powertrain.DIESEL: "f_die",
    Powertrain.HYBRID: "f_hev",
    Powertrain.PHEV: "f_phev",
}


@dataclass
class Vehicles:
    """Columns of the households' places for a car, each with a car or empty.

    Rows never move: a car that is replaced changes in its row, one that is given up leaves an empty place.
    """

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
    def owned(self) -> npt.NDArray[np.bool_]:
        """Places that hold a car."""
        owned: npt.NDArray[np.bool_] = self.powertrain != EMPTY
        return owned

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

    def empty(self, rows: npt.NDArray[np.intp]) -> None:
        """Take the cars of some rows away; the places wait for others."""
        self.powertrain[rows] = EMPTY
        self.age_years[rows] = 0
        for column in (self.battery_kwh, self.energy_kwh, self.morning_kwh, self.lost_min_kwh):
            column[rows] = 0.0
        for column in (self.km_year, self.litres_year, self.kwh_year):
            column[rows] = 0.0


def make_vehicles(
    population: Population,
    parameters: Parameters,
    seed: int,
    price_eur_kwh: float,
    drives: npt.NDArray[np.bool_] | None = None,
) -> Vehicles:
    """The cars of the base year in the places of `places_of_households`, the others empty.

    Electric cars start with an addressed state of charge.
    """
    table = population.vehicles
    first = places_of_households(population, drives)
    owner = np.repeat(np.arange(len(first) - 1), np.diff(first))
    place = np.arange(first[-1]) - first[owner]
    owner_of_car = table["household_idx"].to_numpy(np.int64)
    cars = np.searchsorted(owner_of_car, np.arange(len(first)), "left")
    filled = first[owner_of_car] + np.arange(len(table)) - cars[owner_of_car]
    n = len(owner)
    vehicles = Vehicles(
        vehicle_id=population.households["household_id"].to_numpy(np.int64)[owner] * 10 + place,
        household_idx=owner.astype(np.int32),
        powertrain=np.full(n, EMPTY, np.int8),
        age_years=np.zeros(n, np.int16),
        battery_kwh=np.zeros(n, np.float32),
        energy_kwh=np.zeros(n),
        morning_kwh=np.zeros(n),
        paid_eur_kwh=np.full(n, price_eur_kwh),
        lost_min_kwh=np.zeros(n),
        km_year=np.zeros(n),
        litres_year=np.zeros(n),
        kwh_year=np.zeros(n),
    )
    vehicles.km_year[filled] = parameters["km_year_prior"]
    for name in ("vehicle_id", "powertrain", "age_years", "battery_kwh"):
        getattr(vehicles, name)[filled] = table[name].to_numpy()
    rows = np.flatnonzero(vehicles.electric)
    batteries = vehicles.battery_kwh[rows].copy()
    vehicles.plug_in_new(rows, 1.0, seed, price_eur_kwh)
    vehicles.battery_kwh[rows] = batteries
    vehicles.energy_kwh[rows] *= batteries
    vehicles.morning_kwh[rows] = vehicles.energy_kwh[rows]
    return vehicles


def places_of_households(population: Population, drives: npt.NDArray[np.bool_] | None = None) -> npt.NDArray[np.int64]:
    """Offsets [H + 1] of each household's places: one for each car and for each licence holder, `MAX_CARS` at most.

    Who holds more cars than that in the base year keeps their places. ``drives`` bool [P] is who holds a licence, now
    or later; those of the base year if left out.
    """
    cars = population.households["n_cars"].to_numpy(np.int64)
    holders = population.residents["licence"].to_numpy() if drives is None else drives
    drivers = population.residents["household_idx"].to_numpy()[holders]
    licences = np.bincount(drivers, minlength=len(cars))
    return np.append(0, np.cumsum(np.maximum(cars, np.minimum(licences, MAX_CARS))))


def cold_factor(parameters: Parameters, temperature_c: float) -> float:
    """What cold adds to consumption on electricity: ``1 + g_cold max(0, 15 - T)``."""
    return 1.0 + parameters["g_cold"] * max(0.0, 15.0 - temperature_c)


def kwh_per_km(parameters: Parameters, temperature_c: float) -> float:
    """Consumption of a BEV at the battery: ``e20 (1 + g_cold max(0, 15 - T))``, kWh/km."""
    return parameters["e_bev20"] * cold_factor(parameters, temperature_c)


def litres_per_km(parameters: Parameters) -> npt.NDArray[np.float64]:
    """Consumption by powertrain while it runs on fuel, litres per km; 0 for BEV."""
    litres = np.zeros(len(Powertrain))
    for powertrain, symbol in _LITRES.items():
        litres[powertrain] = parameters[symbol] / 100.0
    return litres
