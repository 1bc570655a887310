"""What a back-test counts in a run: one function a quantity, all from the tables of the run and the cars at its end.

Trips and kilometres are those of the last year, purchases those of all years since the change. Counts are scaled from
the residents simulated to those meant.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Literal

import numpy as np
import numpy.typing as npt
import pandas as pd

from zemsim.calibrate.backtest.layout import CENTRE
from zemsim.core.names import TRIPS_PER_TOUR, DayType, Mode, Powertrain, Season

if TYPE_CHECKING:
    from zemsim.calibrate.backtest.settings import Effect
    from zemsim.model.model import MobilityModel

Quantity = Literal[
    "trips",
    "boardings",
    "km",
    "mode_share",
    "traffic",
    "sales",
    "sales_share",
    "ebike_sales",
    "stock",
    "stock_share",
    "grant_recipients",
    "grant_additional_share",
    "sessions_week",
    "kwh_share",
    "range",
]
_TRAVEL = ("mode", "purpose", "who", "day")
_CARS = ("powertrain", "age")
#: Keys of an effect that choose a part of a quantity.
FILTERS: Final[Mapping[str, tuple[str, ...]]] = {
    "trips": _TRAVEL,
    "boardings": (),
    "km": _TRAVEL,
    "mode_share": _TRAVEL,
    "traffic": ("where", "purpose", "day"),
    "sales": _CARS,
    "sales_share": _CARS,
    "ebike_sales": (),
    "stock": ("powertrain",),
    "stock_share": ("powertrain",),
    "grant_recipients": (),
    "grant_additional_share": (),
    "sessions_week": ("at",),
    "kwh_share": ("at",),
    "range": (),
}
#: Quantities that compare with and without by themselves, and the kinds of change that they have a meaning for.
LEVELS: Final[Mapping[str, tuple[str, ...]]] = {
    "grant_recipients": ("purchase_grant", "ebike_grant"),
    "grant_additional_share": ("purchase_grant", "ebike_grant"),
}
#: Unit of the figure itself.
UNITS: Final[Mapping[str, str]] = {
    "trips": "trips a year",
    "boardings": "boardings a year",
    "km": "km a year",
    "mode_share": "share of trips",
    "traffic": "km or passages a year",
    "sales": "cars",
    "sales_share": "share of cars bought",
    "ebike_sales": "e-bikes",
    "stock": "cars",
    "stock_share": "share of cars",
    "grant_recipients": "buyers",
    "grant_additional_share": "share of grants",
    "sessions_week": "sessions a week and car",
    "kwh_share": "share of kWh",
    "range": "km",
}
_ON_FOOT_OR_BIKE = (Mode.WALK, Mode.BIKE, Mode.EBIKE)


@dataclass(frozen=True)
class Ran:
    """A finished run of a model, before it starts another.

    Attributes
    ----------
    model : the model at the end of its last year.
    tables : its tables.
    since_year : first year with the change.
    scale : residents meant over residents simulated.
    borrowers : bool [P], who has an e-bike on loan after the change; all residents without such a change.
    hybrids_too : whether the change gives a grant for new plug-in hybrids, too.
    """

    model: MobilityModel
    tables: Mapping[str, pd.DataFrame]
    since_year: int
    scale: float
    borrowers: npt.NDArray[np.bool_]
    hybrids_too: bool = False

    def last(self, name: str) -> pd.DataFrame:
        """Rows of the last year."""
        table = self.tables[name]
        return table[table["year"] == self.model.year]

    def tours(self) -> pd.DataFrame:
        """Tours made in the last year with mode, purpose, day, ends, kilometres and the days that each stands for."""
        trips = self.last("trips")
        tours = self._planned().iloc[trips["tour_idx"].to_numpy()]
        days = np.array([[self.model.days_of(s)[d] if self._simulated(s) else 0 for d in DayType] for s in Season])
        weight = days[trips["season"].to_numpy(), trips["day_type"].to_numpy()] * TRIPS_PER_TOUR * self.scale
        columns = ("purpose", "origin_zone_idx", "dest_zone_idx", "road_km", "active_km", "resident_idx")
        made = {name: tours[name].to_numpy() for name in columns}
        known = {name: trips[name].to_numpy() for name in ("mode", "day_type")}
        return pd.DataFrame({**made, **known, "trips": weight.astype(np.float64)})

    def _planned(self) -> pd.DataFrame:
        """Tours of the seed; those that go elsewhere in the last year with their other ends and kilometres."""
        tours = self.model.world.tours[self.model.seed]
        moved = self.last("destinations")
        if not len(moved):
            return tours
        other = {}
        for name in ("dest_zone_idx", "road_km", "active_km"):
            other[name] = tours[name].to_numpy().copy()
            other[name][moved["tour_idx"].to_numpy()] = moved[name].to_numpy()
        return tours.assign(**other)

    def _simulated(self, season: Season) -> bool:
        return season in self.model.world.settings.seasons


def _chosen(tours: pd.DataFrame, effect: Effect, ran: Ran) -> pd.DataFrame:
    keep = tours["purpose"].isin([int(p) for p in effect.purposes()]).to_numpy()
    if effect.who == "borrowers":
        keep = keep & ran.borrowers[tours["resident_idx"].to_numpy()]
    if effect.day is not None:
        keep = keep & (tours["day_type"] == int(DayType[effect.day.upper()])).to_numpy()
    return tours[keep]


def _by_mode(tours: pd.DataFrame, effect: Effect) -> pd.DataFrame:
    return tours[tours["mode"].isin([int(m) for m in effect.modes()])]


def trips(ran: Ran, effect: Effect) -> float:
    """One-way trips of a year."""
    return float(_by_mode(_chosen(ran.tours(), effect, ran), effect)["trips"].sum())


def km(ran: Ran, effect: Effect) -> float:
    """Person-kilometres of a year: by road, on foot and by bicycle on paths; by bus as the road goes."""
    tours = _by_mode(_chosen(ran.tours(), effect, ran), effect)
    active = tours["mode"].isin([int(m) for m in _ON_FOOT_OR_BIKE])
    return float((tours["trips"] * np.where(active, tours["active_km"], tours["road_km"])).sum())


def mode_share(ran: Ran, effect: Effect) -> float:
    """Share of trips by a mode."""
    tours = _chosen(ran.tours(), effect, ran)
    return float(_by_mode(tours, effect)["trips"].sum() / tours["trips"].sum())


def traffic(ran: Ran, effect: Effect) -> float:
    """Kilometres of cars in a year; or their passages into and out of the centre."""
    tours = _chosen(ran.tours(), effect, ran)
    tours = tours[tours["mode"].isin([int(Mode.CAR), int(Mode.EV)])]
    if effect.where != "into_centre":
        return float((tours["trips"] * tours["road_km"]).sum())
    return float(tours["trips"][crosses(ran.model, tours["origin_zone_idx"], tours["dest_zone_idx"])].sum())


def crosses(model: MobilityModel, origin: npt.ArrayLike, dest: npt.ArrayLike) -> npt.NDArray[np.bool_]:
    """Whether a tour between two zones passes the edge of the centre."""
    centre = (model.world.region.zones["municipality"] == CENTRE).to_numpy()
    return np.asarray(centre[np.asarray(origin)] != centre[np.asarray(dest)])


def boardings(ran: Ran, effect: Effect) -> float:
    """Boardings of buses and trains in a year."""
    routes = ran.last("transit")
    seasons = ran.model.world.settings.seasons
    days = {int(d): sum(ran.model.days_of(s)[d] for s in seasons) for d in DayType}
    return float((routes["boardings_day"] * routes["day_type"].map(days)).sum() * ran.scale)


def mean_fare_eur(ran: Ran) -> float:
    """Mean fare paid for a trip by bus or train in the last year."""
    made, tours = ran.last("trips"), ran.tours()
    ride = tours["mode"].isin([int(Mode.BUS), int(Mode.TRAIN)]).to_numpy()
    return float(np.average(made["fare_eur"].to_numpy()[ride], weights=tours["trips"].to_numpy()[ride]))


def _bought(ran: Ran, kind: str) -> pd.DataFrame:
    table = ran.tables["purchases"]
    return table[(table["kind"] == kind) & (table["year"] >= ran.since_year)]


def _of_age(bought: pd.DataFrame, effect: Effect) -> pd.DataFrame:
    return bought if effect.age is None else bought[bought["new"] == (effect.age == "new")]


def sales(ran: Ran, effect: Effect) -> float:
    """Cars bought since the change."""
    cars = _of_age(_bought(ran, "car"), effect)
    return float(cars["powertrain"].isin([int(p) for p in effect.powertrains()]).sum() * ran.scale)


def sales_share(ran: Ran, effect: Effect) -> float:
    """Share among the cars bought since the change."""
    cars = _of_age(_bought(ran, "car"), effect)
    return float(cars["powertrain"].isin([int(p) for p in effect.powertrains()]).mean())


def ebike_sales(ran: Ran, effect: Effect) -> float:
    """E-bikes bought since the change."""
    return len(_bought(ran, "ebike")) * ran.scale


def stock(ran: Ran, effect: Effect) -> float:
    """Cars at the end."""
    return float(ran.last("vehicles")["powertrain"].isin([int(p) for p in effect.powertrains()]).sum() * ran.scale)


def stock_share(ran: Ran, effect: Effect) -> float:
    """Share of the cars at the end."""
    return float(ran.last("vehicles")["powertrain"].isin([int(p) for p in effect.powertrains()]).mean())


def grant_recipients(ran: Ran, effect: Effect) -> float:
    """Buyers with a grant since the change."""
    bought = ran.tables["purchases"]
    return float(((bought["year"] >= ran.since_year) & (bought["grant_eur"] > 0.0)).sum() * ran.scale)


def granted_sales(ran: Ran, effect: Effect) -> float:
    """All sales of what the grant is for: electric cars, new plug-in hybrids where these have it, or e-bikes."""
    ebikes = _bought(ran, "ebike")
    if (ebikes["grant_eur"] > 0.0).any():
        return len(ebikes) * ran.scale
    cars = _bought(ran, "car")
    hybrids = (cars["powertrain"] == int(Powertrain.PHEV)) & cars["new"] & ran.hybrids_too
    return float(((cars["powertrain"] == int(Powertrain.BEV)) | hybrids).sum() * ran.scale)


def sessions_week(ran: Ran, effect: Effect) -> float:
    """Charging sessions a week of a battery-electric car, mean over the days of the simulated seasons."""
    sessions, model = ran.last("sessions"), ran.model
    places = [int(p) for p in effect.charging_places()]
    cars = float(model.vehicles.electric.sum())
    found = total = 0.0
    for season in model.world.settings.seasons:
        days = sum(model.days_of(season).values())
        own = (sessions["season"] == int(season)) & sessions["place"].isin(places)
        found += days * float(own.sum())
        total += days
    return found / total / cars if cars else float("nan")


def kwh_share(ran: Ran, effect: Effect) -> float:
    """Share of the energy charged that was charged there, weighted by the days of the seasons."""
    sessions, model = ran.last("sessions"), ran.model
    days = {int(s): sum(model.days_of(s).values()) for s in model.world.settings.seasons}
    kwh = sessions["kwh"] * sessions["season"].map(days)
    places = [int(p) for p in effect.charging_places()]
    return float(kwh[sessions["place"].isin(places)].sum() / kwh.sum()) if len(kwh) else float("nan")


def range_km(ran: Ran, effect: Effect) -> float:
    """Mean range of the battery-electric cars that were driven: battery over what they took from it per km."""
    vehicles = ran.model.vehicles
    driven = vehicles.electric & (vehicles.km_year > 0.0)
    per_km = vehicles.kwh_year[driven] * ran.model.parameters["eta_ch"] / vehicles.km_year[driven]
    return float((vehicles.battery_kwh[driven] / per_km).mean())


QUANTITIES: Final[Mapping[str, Callable[[Ran, Effect], float]]] = {
    "trips": trips,
    "boardings": boardings,
    "km": km,
    "mode_share": mode_share,
    "traffic": traffic,
    "sales": sales,
    "sales_share": sales_share,
    "ebike_sales": ebike_sales,
    "stock": stock,
    "stock_share": stock_share,
    "grant_recipients": grant_recipients,
    "grant_additional_share": granted_sales,
    "sessions_week": sessions_week,
    "kwh_share": kwh_share,
    "range": range_km,
}
