"""Rows of a run about public transport: routes by day type, and fleets of electric buses by season."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import pandas as pd

from zemsim.core.names import DayType, Mode
from zemsim.core.schema import schema
from zemsim.model.bus_fleets import route_day
from zemsim.travel.on_demand import driven_km

if TYPE_CHECKING:
    from zemsim.model.model import MobilityModel
    from zemsim.travel.electric_buses import BusWeek
    from zemsim.travel.timetable import Timetable
    from zemsim.travel.transit_loads import DepartureLoads

#: ``vehicle_class`` of routes with electric trains.
_ELECTRIC_TRAIN = "train_electric"


class TransitSeason(NamedTuple):
    """A simulated season: its days by type, loads of the last iteration, and weeks of the electric fleets."""

    days: dict[DayType, int]
    loads: dict[DayType, DepartureLoads]
    weeks: dict[str, BusWeek]


def route_rows(model: MobilityModel, seasons: list[TransitSeason]) -> pd.DataFrame:
    """Vehicle kilometres, boardings and loads by route and day type: means over the days of the seasons."""
    return pd.concat([_routes_of_type(model, seasons, day_type) for day_type in DayType], ignore_index=True)


def _routes_of_type(model: MobilityModel, seasons: list[TransitSeason], day_type: DayType) -> pd.DataFrame:
    timetable = model.supply.timetable
    weights = [season.days[day_type] for season in seasons]
    of_type = [season.loads[day_type] for season in seasons]
    by_pattern = np.average([loads.boardings.sum(axis=1) for loads in of_type], axis=0, weights=weights)
    stranded = np.average([loads.stranded_pers for loads in of_type], axis=0, weights=weights)
    denied = np.average([loads.denied_of_pattern for loads in of_type], axis=0, weights=weights)
    n_routes = len(timetable.routes)
    fullest = np.zeros(n_routes)
    np.maximum.at(fullest, timetable.pattern_route, np.max([loads.fullest for loads in of_type], axis=0))
    rows = pd.DataFrame(
        {
            "year": model.year,
            "route_id": timetable.routes["route_id"],
            "network_id": timetable.routes["network_id"],
            "mode": np.where(timetable.routes["mode"] == "train", int(Mode.TRAIN), int(Mode.BUS)),
            "day_type": int(day_type),
            "vehicle_km_day": _timetable_km(timetable, day_type, by_pattern),
            "boardings_day": np.bincount(timetable.pattern_route, by_pattern - stranded, n_routes),
            "electric_share": _usual_electric_share(model, timetable),
            "max_load_share": fullest,
            "denied_day": np.bincount(timetable.pattern_route, denied, n_routes),
            "left_behind_day": np.bincount(timetable.pattern_route, stranded, n_routes),
            "electric_kwh_day": np.nan,
        }
    )
    _write_fleets(rows, timetable, seasons, day_type)
    return rows


def _timetable_km(timetable: Timetable, day_type: DayType, boardings: np.ndarray) -> list[float]:
    runs = timetable.vehicle_km().groupby(["route_id", "day_type"])["vehicle_km"].sum()
    km = {name: float(runs.get((name, int(day_type)), 0.0)) for name in timetable.routes["route_id"]}
    km |= driven_km(timetable, boardings)
    return [km[name] for name in timetable.routes["route_id"]]


def _usual_electric_share(model: MobilityModel, timetable: Timetable) -> list[float]:
    """Shares that measures or the class of trains say; fleets of their own go before."""
    electric = dict(model.conditions.electric_bus_share)
    routes = timetable.routes
    electric |= dict.fromkeys(routes.loc[routes["vehicle_class"] == _ELECTRIC_TRAIN, "route_id"], 1.0)
    return [float(electric.get(name, 0.0)) for name in routes["route_id"]]


def _write_fleets(rows: pd.DataFrame, timetable: Timetable, seasons: list[TransitSeason], day_type: DayType) -> None:
    """Write what the electric fleets drove in the rows of their networks."""
    weights = [season.days[day_type] for season in seasons]
    for network_id in sorted(seasons[0].weeks):
        own = (timetable.routes["network_id"] == network_id).to_numpy()
        days = [route_day(timetable, day_type, season.weeks[network_id]) for season in seasons]
        km, electric_km, kwh = (np.average(part, axis=0, weights=weights)[own] for part in zip(*days, strict=True))
        rows.loc[own, "vehicle_km_day"] = km
        share = np.divide(electric_km, km, out=np.zeros_like(km), where=km > 0)
        rows.loc[own, "electric_share"] = np.minimum(share, 1.0)
        rows.loc[own, "electric_kwh_day"] = kwh


def fleet_rows(model: MobilityModel) -> pd.DataFrame:
    """The fleets of electric buses in a season's week, a row each."""
    rows = []
    for fleet in model.conditions.electric_fleets:
        week = model.bus_weeks[fleet.network_id]
        rows.append(
            {
                "year": model.year,
                "season": int(model.season),
                "network_id": fleet.network_id,
                "electric_buses": fleet.buses,
                "diesel_buses": week.diesel_buses,
                "out_buses": week.out_buses,
                "parked_day": week.parked_day,
                "cancelled_week": week.cancelled_week,
                "driven_kwh_week": week.driven_kwh,
                "charged_kwh_week": week.charged_kwh,
                "change_kwh_week": week.change_kwh,
                "depot_kwh_week": week.depot_kwh,
                "terminus_kwh_week": week.terminus_kwh,
                "depot_peak_kw": week.depot_peak_kw,
            }
        )
    return pd.DataFrame(rows) if rows else schema("bus_fleets").empty()
