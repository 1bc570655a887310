"""What the cars of the households burn and draw per kilometre. Axes: C places for a car."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from zemsim.core.names import PETROL_BURNERS, Powertrain
from zemsim.model.vehicles import cold_factor, kwh_per_km, litres_per_km

if TYPE_CHECKING:
    from zemsim.model.model import MobilityModel

Floats = npt.NDArray[np.float64]


def fuel_eur_per_km(model: MobilityModel) -> Floats:
    """Cost of fuel by powertrain while it runs on fuel, EUR per km; 0 for BEV."""
    price = model.conditions.price
    eur_l = np.zeros(len(Powertrain))
    eur_l[list(PETROL_BURNERS)], eur_l[Powertrain.DIESEL] = price["petrol_eur_l"], price["diesel_eur_l"]
    return litres_per_km(model.parameters) * eur_l


def plug_at_home(model: MobilityModel) -> npt.NDArray[np.bool_]:
    """Whether the household of each place can plug in at home, in a place of its own or in the yard: bool [C]."""
    households = model.households.table
    found: npt.NDArray[np.bool_] = (households.home_charging | households.yard_charging)[model.vehicles.household_idx]
    return found


def home_eur_kwh(model: MobilityModel) -> Floats:
    """Price of energy at home, EUR per kWh [C]: that of the household, else of the yard; NaN where there is neither."""
    home, c = model.vehicles.household_idx, model.conditions
    households = model.households.table
    yard = np.where(households.yard_charging[home], c.yard_price_eur_kwh[households.zone_idx[home]], np.nan)
    own = households.home_charging[home]
    return np.where(own, c.price["electricity_home_eur_kwh"], yard)


def electric_share_of_phev(model: MobilityModel) -> Floats:
    """Share of its kilometres that a plug-in hybrid of each place drives on electricity, float64 [C].

    Plug-in hybrids charge at home; without a plug there they drive on fuel.
    """
    return np.where(plug_at_home(model), model.parameters["uf_phev"], 0.0)


def phev_grid_kwh_per_km(model: MobilityModel, temperature_c: float) -> Floats:
    """Energy from the grid per km of a plug-in hybrid of each place, its kilometres on fuel included: float64 [C]."""
    p = model.parameters
    kwh: Floats = electric_share_of_phev(model) * p["e_phev20"] * cold_factor(p, temperature_c) / p["eta_ch"]
    return kwh


def fuel_l_per_km(model: MobilityModel) -> Floats:
    """Fuel per km of the car in each place, litres [C]; 0 where there is none."""
    v = model.vehicles
    litres = np.append(litres_per_km(model.parameters), 0.0)[v.powertrain]
    found: Floats = np.where(v.powertrain == Powertrain.PHEV, litres * (1.0 - electric_share_of_phev(model)), litres)
    return found


def grid_kwh_per_km(model: MobilityModel) -> Floats:
    """Energy from the grid per km of the car in each place at the season's temperature, kWh [C]; 0 without a plug."""
    p, v = model.parameters, model.vehicles
    kwh = np.where(v.electric, kwh_per_km(p, model.temperature_c) / p["eta_ch"], 0.0)
    hybrid = v.powertrain == Powertrain.PHEV
    return np.where(hybrid, phev_grid_kwh_per_km(model, model.temperature_c), kwh)
