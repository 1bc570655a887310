"""Cars, e-bikes and charging in a year."""

from __future__ import annotations

from typing import Final

import numpy as np
import pandas as pd

from zemsim.core.names import ChargingPlace, DayType, Powertrain, Season
from zemsim.core.units import DAYS_PER_WEEK
from zemsim.evidence.places import REGION, FloatArray, Places
from zemsim.evidence.rows import ALL, Rows, ratio

PUBLIC: Final = (ChargingPlace.PUBLIC_SLOW, ChargingPlace.PUBLIC_FAST)


def session_weeks(sessions: pd.DataFrame, season_days: FloatArray) -> FloatArray:
    """Return the weeks of a year that each session stands for: a seventh of the days of its season."""
    weeks: FloatArray = season_days.sum(axis=1) / DAYS_PER_WEEK
    of_session: FloatArray = weeks[sessions["season"].to_numpy()]
    return of_session


def add_fleet(rows: Rows, year: int, vehicles: pd.DataFrame, places: Places, by_zone: bool) -> None:
    """Add stock and shares of the cars of a year, by place; by zone too if asked."""
    zone = places.household_zone[vehicles["household_idx"].to_numpy()]
    electric = vehicles["powertrain"].to_numpy() == Powertrain.BEV
    cars = np.bincount(zone, minlength=places.n_zones)
    bevs = np.bincount(zone[electric], minlength=places.n_zones)
    people = places.fold(places.residents.sum(axis=1))
    for place, count in places.fold(cars).items():
        stock = places.fold(bevs)[place] if place != REGION else bevs.sum()
        rows.add("ev_stock", year, stock, place=place)
        rows.add("ev_share", year, ratio(stock, count), place=place)
        rows.add("cars_per_1000", year, ratio(1000.0 * count, people[place]), place=place)
    for powertrain in Powertrain:
        of_kind = np.count_nonzero(vehicles["powertrain"].to_numpy() == powertrain)
        rows.add("car_stock", year, of_kind, powertrain.name.lower())
    rows.add("car_stock", year, len(vehicles))
    if by_zone:
        for name, (count, stock) in places.zones(np.stack([cars, bevs], axis=1)).items():
            rows.add("ev_share", year, ratio(stock, count), place=name)


def add_purchases(rows: Rows, year: int, purchases: pd.DataFrame) -> None:
    """Add what was bought in a year, and the grants for it."""
    car = purchases["kind"].to_numpy() == "car"
    kind = purchases["powertrain"].to_numpy()
    electric = kind == Powertrain.BEV
    for powertrain in Powertrain:
        rows.add("car_purchases_year", year, np.count_nonzero(car & (kind == powertrain)), powertrain.name.lower())
    rows.add("car_purchases_year", year, np.count_nonzero(car))
    rows.add("ev_purchases_year", year, np.count_nonzero(car & electric))
    rows.add("ebike_purchases_year", year, np.count_nonzero(~car))
    rows.add("grants_eur_year", year, purchases["grant_eur"].sum() + purchases["scrapping_eur"].sum())


def add_sites(rows: Rows, year: int, stations: pd.DataFrame, season_days: FloatArray) -> None:
    """Add what drivers met at public sites: who left a queue, who charged nowhere, and wait and failures by site.

    The sites are groups by their id.
    """
    weeks = (season_days.sum(axis=1) / DAYS_PER_WEEK)[stations["season"].to_numpy()]
    came, left, failed = (weeks * stations[name].to_numpy() for name in ("came", "left", "failed"))
    waited = np.nan_to_num(stations["wait_mean_min"].to_numpy(np.float64)) * came
    last = stations[stations["season"].to_numpy() == stations["season"].max()]
    fast, points = last["fast"].to_numpy(np.bool_), last["points"].to_numpy()
    for group, chosen in (("slow", ~fast), ("fast", fast), (ALL, fast | ~fast)):
        rows.add("public_points", year, points[chosen].sum(), group)
    rows.add("charging_left_year", year, left.sum())
    rows.add("charging_failed_year", year, failed.sum())
    name = stations["site_id"].to_numpy().astype(str)
    sites, of = np.unique(name, return_inverse=True)
    sums = [np.bincount(of, weights=part, minlength=len(sites)) for part in (came, waited, failed)]
    for site, visits, minutes, none in zip(sites, *sums, strict=True):
        rows.add("site_wait_mean_min", year, ratio(minutes, visits), site)
        rows.add("site_failed_year", year, none, site)


def add_load(rows: Rows, year: int, load: pd.DataFrame) -> None:
    """Add the power of charging by hour and its peak, of all places together and of each by itself.

    A group of ``charging_load_kw`` is a place or ``all``, season, day type and hour.
    """
    moment = ["season", "day_type", "hour"]
    places = {kind.name.lower(): load[load["place"] == kind] for kind in ChargingPlace}
    for name, part in {ALL: load, **places}.items():
        kw = part.groupby(moment)["kw"].sum()
        rows.add("charging_peak_kw", year, kw.max() if len(kw) else 0.0, name)
        for season, day_type, hour, value in kw.reset_index().itertuples(index=False):
            words = (name, Season(season).name.lower(), DayType(day_type).name.lower(), f"{hour:02d}")
            rows.add("charging_load_kw", year, value, " ".join(words))


def add_reactions(rows: Rows, year: int, reactions: pd.DataFrame) -> None:
    """Add what charger companies and municipalities decided in a year."""
    company = (reactions["actor"] == "company").to_numpy()
    points, requests = reactions["points"].to_numpy(), reactions["requests"].to_numpy()
    refused = (reactions["action"] == "refuse").to_numpy()
    rows.add("company_points_year", year, points[company].sum())
    rows.add("request_points_year", year, points[~company].sum())
    rows.add("requests_refused_year", year, requests[~company & refused].sum())


def add_charging(rows: Rows, year: int, sessions: pd.DataFrame, season_days: FloatArray) -> None:
    """Add sessions and energy by charging place, and the mean wait over public sessions."""
    weeks = session_weeks(sessions, season_days)
    place = sessions["place"].to_numpy()
    kwh = weeks * sessions["kwh"].to_numpy()
    for kind in ChargingPlace:
        here = place == kind
        rows.add("charging_sessions_year", year, weeks[here].sum(), kind.name.lower())
        rows.add("charging_kwh_year", year, kwh[here].sum(), kind.name.lower())
    rows.add("charging_sessions_year", year, weeks.sum())
    rows.add("charging_kwh_year", year, kwh.sum())
    public = np.isin(place, PUBLIC)
    waited = (weeks * sessions["wait_min"].to_numpy(np.float64))[public].sum()
    rows.add("charging_wait_mean_min", year, ratio(waited, weeks[public].sum()))
