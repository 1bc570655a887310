"""Charging by the hour: load, solar power of sites and homes, and the carbon of the grid.

Profiles of an hour and season are assumptions of the region: ``panel_kw.SEASON.HH`` and ``grid_hour_factor.SEASON.HH``.
Panels of a site serve the cars that charge there in that hour; those of a home what the home leaves.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
import pandas as pd

from zemsim.core.names import ChargingPlace, DayType, Season
from zemsim.core.randomness import Stream
from zemsim.kernels.charging_tables import HOURS
from zemsim.kernels.draws import uniforms
from zemsim.model.charging_inputs import WEEK
from zemsim.model.charging_week import shares_by_hour

if TYPE_CHECKING:
    from zemsim.model.model import MobilityModel
    from zemsim.region import Region

Float = npt.NDArray[np.float64]


def profile(region: Region, name: str, season: Season) -> Float:
    """An assumption of the region by hour of the day, float64 [24]."""
    return np.array([region.assumption(f"{name}.{season.name.lower()}.{hour:02d}") for hour in range(HOURS)])


def kwh_by_hour(sessions: pd.DataFrame) -> Float:
    """Energy from the plug of each session in each hour of the day, kWh, float64 [n, 24]."""
    shares = shares_by_hour(sessions["start_min"].to_numpy(), sessions["end_min"].to_numpy())
    kwh: Float = shares * sessions["kwh"].to_numpy()[:, None]
    return kwh


def load_by_hour(sessions: pd.DataFrame, by_hour: Float) -> pd.DataFrame:
    """Mean power of each hour on the days of a type, by place: ``day_type, place, hour, kw``, a row for each.

    ``kw = sum of kWh of the hour over the days of the type / their number``. A session that goes on after midnight
    counts to the day on which it began.
    """
    day_type = np.array(WEEK, np.int64)[sessions["day"].to_numpy()]
    cell = day_type * len(ChargingPlace) + sessions["place"].to_numpy()
    n_cells = len(DayType) * len(ChargingPlace)
    kwh = np.stack([np.bincount(cell, by_hour[:, hour], n_cells) for hour in range(HOURS)], axis=1)
    days = np.array([WEEK.count(kind) for kind in DayType])
    rows = np.arange(n_cells)
    return pd.DataFrame(
        {
            "day_type": np.repeat(rows // len(ChargingPlace), HOURS),
            "place": np.repeat(rows % len(ChargingPlace), HOURS),
            "hour": np.tile(np.arange(HOURS), n_cells),
            "kw": (kwh / days[rows // len(ChargingPlace), None]).ravel(),
        }
    )


def with_power(model: MobilityModel, sessions: pd.DataFrame, by_hour: Float) -> pd.DataFrame:
    """The sessions of a week with ``panel_kwh`` from panels of a site, ``solar_share`` and ``grid_factor``.

    ``solar_share`` is what panels of sites and homes, and solar power by contract at public sites, give of a session;
    ``by_hour`` is of `kwh_by_hour`, ``grid_factor`` the carbon of the rest over the same at the mean of the year.
    """
    kwh = sessions["kwh"].to_numpy()
    panel_kw = profile(model.world.region, "panel_kw", model.season)
    grid_factor = profile(model.world.region, "grid_hour_factor", model.season)
    at_site, at_home = _from_sites(model, sessions, by_hour, panel_kw), _from_homes(model, sessions, by_hour, panel_kw)
    public = (sessions["place"] >= ChargingPlace.PUBLIC_SLOW).to_numpy()
    contract = np.where(public, model.conditions.solar_share, 0.0)[:, None] * by_hour
    grid = by_hour - at_site - at_home - contract
    drawn = grid.sum(axis=1)
    mean = np.divide((grid * grid_factor).sum(axis=1), drawn, out=np.ones(len(kwh)), where=drawn > 0)
    share = np.divide(kwh - drawn, kwh, out=np.zeros(len(kwh)), where=kwh > 0)
    return sessions.assign(
        panel_kwh=at_site.sum(axis=1), solar_share=np.clip(share, 0.0, 1.0), grid_factor=np.maximum(mean, 0.0)
    )


def _from_sites(model: MobilityModel, sessions: pd.DataFrame, by_hour: Float, panel_kw: Float) -> Float:
    """What panels of sites give each session, float64 [n, 24]: all cars of an hour share what there is."""
    given = np.zeros_like(by_hour)
    per_point = model.conditions.panels_kw_point
    at = np.flatnonzero(sessions["site_idx"].to_numpy() >= 0)
    if per_point == 0.0 or not len(at):
        return given
    site, n_sites = sessions["site_idx"].to_numpy()[at], len(model.stations)
    cell = sessions["day"].to_numpy()[at].astype(np.int64) * n_sites + site
    load = np.zeros((7 * n_sites, HOURS))
    np.add.at(load, cell, by_hour[at])
    made = np.tile(per_point * model.stations.table.points[:, None] * panel_kw, (7, 1))
    used = np.divide(np.minimum(made, load), load, out=np.zeros_like(load), where=load > 0)
    given[at] = by_hour[at] * used[cell]
    return given


def _from_homes(model: MobilityModel, sessions: pd.DataFrame, by_hour: Float, panel_kw: Float) -> Float:
    """What panels of homes give each session there, float64 [n, 24]: what the home itself leaves."""
    p, households = model.parameters, model.households.table
    home = model.vehicles.household_idx[sessions["vehicle_idx"].to_numpy()]
    luck = uniforms(model.seed, int(Stream.PANELS), households.household_id[home])
    has = households.home_charging[home] & ~households.flat[home] & (luck < p["home_panel_share"])
    at_home = (sessions["place"] == ChargingPlace.HOME).to_numpy() & has
    left = np.maximum(0.0, p["home_panel_kw"] * panel_kw - p["home_load_kw"])
    given: Float = np.where(at_home[:, None], np.minimum(by_hour, left), 0.0)
    return given
