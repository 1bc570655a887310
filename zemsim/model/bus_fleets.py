"""Electric buses of the year: their weeks in a season, which departures run, kilometres and energy by route."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import numpy.typing as npt

from zemsim.core.names import DayType
from zemsim.core.units import S_PER_MIN
from zemsim.travel.electric_buses import BusEnergy, BusWeek, ElectricFleet, drive_week, kwh_per_km
from zemsim.travel.vehicle_blocks import BlockRules, Blocks, blocks_of

if TYPE_CHECKING:
    from zemsim.behaviour.parameters import Parameters
    from zemsim.kernels.departures import DayTrips
    from zemsim.model.model import MobilityModel
    from zemsim.model.world import TimetableKey
    from zemsim.travel.timetable import Timetable


class RouteDay(NamedTuple):
    """What a fleet drives on a day by route [routes]: km of departures that run, electric ones, kWh from the plugs."""

    km: npt.NDArray[np.float64]
    electric_km: npt.NDArray[np.float64]
    kwh: npt.NDArray[np.float64]


def block_rules(p: Parameters) -> BlockRules:
    """How departures are joined to blocks."""
    return BlockRules(
        pause_s=p["bus_pause_min"] * S_PER_MIN,
        stand_s=p["bus_stand_min"] * S_PER_MIN,
        empty_km_h=p["bus_empty_km_h"],
        empty_detour=p["bus_empty_detour"],
        empty_most_km=p["bus_empty_km"],
    )


def bus_energy(p: Parameters, temperature_c: float) -> BusEnergy:
    """Consumption at a temperature, and what of the battery can be used."""
    kwh_km = kwh_per_km(temperature_c, p["e_bus"], p["e_bus_cold"], p["bus_mild_c"], p["bus_cold_c"])
    return BusEnergy(kwh_km, p["bus_usable_share"], p["eta_ch"])


class FleetWeeks:
    """Weeks of electric fleets that were driven already: they depend on timetable, fleet and temperature only."""

    def __init__(self) -> None:
        self._weeks: dict[tuple[TimetableKey, ElectricFleet, float], BusWeek] = {}
        self._blocks: dict[tuple[TimetableKey, str], dict[DayType, Blocks]] = {}

    def of_season(self, model: MobilityModel) -> dict[str, BusWeek]:
        """The week of each fleet of the year at the temperature of the season, by network."""
        p, temperature_c = model.parameters, model.temperature_c
        rules, energy, spare_share = block_rules(p), bus_energy(p, temperature_c), p["bus_spare_share"]
        found = {}
        for fleet in model.conditions.electric_fleets:
            key = (model.timetable_key, fleet, temperature_c)
            if key not in self._weeks:
                blocks = self._blocks_of(model, fleet.network_id, rules)
                self._weeks[key] = drive_week(blocks, fleet, energy, spare_share)
            found[fleet.network_id] = self._weeks[key]
        return found

    def _blocks_of(self, model: MobilityModel, network_id: str, rules: BlockRules) -> dict[DayType, Blocks]:
        key = (model.timetable_key, network_id)
        if key not in self._blocks:
            timetable = model.supply.timetable
            self._blocks[key] = {d: blocks_of(timetable, d, network_id, rules) for d in DayType}
        return self._blocks[key]


def run_shares(trips: DayTrips, day_type: DayType, weeks: dict[str, BusWeek]) -> npt.NDArray[np.float64] | None:
    """Share of the days on which each departure of a day type runs, None where all do."""
    if not weeks:
        return None
    shares = np.ones(int(trips.first_trip[-1]))
    for week in weeks.values():
        for (of_type, pattern, trip), share in week.shares.items():
            if of_type == day_type:
                shares[trips.first_trip[pattern] + trip] = share.runs
    return shares


def route_day(timetable: Timetable, day_type: DayType, week: BusWeek) -> RouteDay:
    """Kilometres and energy of a fleet on a day of a type, by route."""
    n = len(timetable.routes)
    found = RouteDay(np.zeros(n), np.zeros(n), np.zeros(n))
    for (of_type, pattern, _), share in week.shares.items():
        if of_type == day_type:
            route, km = timetable.pattern_route[pattern], timetable.pattern_dist_m[pattern][-1] / 1000.0
            found.km[route] += share.runs * km
            found.electric_km[route] += share.electric * km
    for (of_type, route), kwh in week.kwh_day.items():
        if of_type == day_type:
            found.kwh[route] += kwh
    return found
