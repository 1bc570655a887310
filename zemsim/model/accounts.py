"""Flows of money and energy of a simulated year, as the ledger of measures and the operators need them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
import pandas as pd

from zemsim.behaviour.parameters import SEGMENTS
from zemsim.core.names import PETROL_BURNERS, TRIPS_PER_TOUR, Alternative, ChargingPlace, DayType, Powertrain
from zemsim.model.passes import tickets_without_measures
from zemsim.model.shared_car_book import flows_of_stations
from zemsim.model.station_access import trips_by_station
from zemsim.policy.draft import AGES, PASS_SERVICES
from zemsim.policy.payments import DayTables

if TYPE_CHECKING:
    from zemsim.model.day_plan import DayPlan
    from zemsim.model.model import MobilityModel
    from zemsim.model.passes import TourTickets
    from zemsim.travel.timetable import Timetable

_MODES = ("bus", "train")
_CHOSEN = (Alternative.BUS, Alternative.TRAIN)


class YearFlows:
    """Sums over the simulated days of a year.

    Attributes
    ----------
    base_fare_eur, fare_eur, pass_saving_eur : float64 [services, Z, A], trips of the year at base fares and passes, as
        paid, and how much less they cost than at base passes; by home zone and age.
    parking_eur : float64 [Z] by destination.
    shared_trips : float64 [Z] by origin.
    lot_days : days on the places at stations, by measure.
    shared_car_eur, shared_car_kwh : paid for shared cars, and drawn from their plugs, by measure.
    """

    def __init__(self, n_zones: int) -> None:
        self.base_fare_eur = np.zeros((len(PASS_SERVICES), n_zones, AGES))
        self.fare_eur, self.pass_saving_eur = np.zeros_like(self.base_fare_eur), np.zeros_like(self.base_fare_eur)
        self.parking_eur = np.zeros(n_zones)
        self.shared_trips = np.zeros(n_zones)
        self.lot_days: dict[str, float] = {}
        self.shared_car_eur: dict[str, float] = {}
        self.shared_car_kwh: dict[str, float] = {}
        self.sessions: list[tuple[float, pd.DataFrame]] = []

    def add(self, model: MobilityModel, plan: DayPlan) -> None:
        """Add the days of a day type in the model's season."""
        c, days = plan.columns, model.days_of(model.season)[plan.day_type]
        n_zones = len(self.parking_eur)
        self._add_fares(plan, tickets_without_measures(model, plan), days)
        driven = plan.alternative == Alternative.DRIVER
        self.parking_eur += np.bincount(c.dest[driven], c.parking_eur[driven] * float(days), n_zones)
        shared = (plan.alternative == Alternative.EBIKE) & (c.ebike == 2)
        self.shared_trips += TRIPS_PER_TOUR * days * np.bincount(c.origin[shared], minlength=n_zones)

        for name, eur, kwh in flows_of_stations(model, plan):
            self.shared_car_eur[name] = self.shared_car_eur.get(name, 0.0) + eur * days
            self.shared_car_kwh[name] = self.shared_car_kwh.get(name, 0.0) + kwh * days
        trips = trips_by_station(plan)
        if trips is not None and plan.access is not None:
            lots = model.conditions.lots
            for lot, count in enumerate(np.bincount(plan.access.ways.lot[trips.way], minlength=len(lots)).tolist()):
                name = lots[lot].measure_id
                self.lot_days[name] = self.lot_days.get(name, 0.0) + float(count * days)

    def _add_fares(self, plan: DayPlan, base: TourTickets, days: int) -> None:
        """Add the fares of the trips by bus and train; ``base`` are the tickets without measures."""
        c, age = plan.columns, np.clip(plan.age, 0, AGES - 1)
        n_zones, inside = len(self.parking_eur), c.segment == SEGMENTS.index("city")
        for option, chosen in enumerate(_CHOSEN):
            rows = np.flatnonzero(plan.alternative == chosen)
            due = plan.due_eur(rows)[:, option] * (TRIPS_PER_TOUR * days)
            at_base, now = base.paid(rows)[:, option], plan.tickets.paid(rows)[:, option]
            share = plan.fare_share(rows)
            for paid_on in range(len(_MODES)):
                single = due[:, paid_on] * share[:, paid_on]
                service = np.where(inside[rows], 0, 1) if paid_on == 0 else np.full(len(rows), 2)
                cell = (service * n_zones + c.origin[rows]) * AGES + age[rows]
                for sums, eur in (
                    (self.base_fare_eur, due[:, paid_on] * at_base[:, paid_on]),
                    (self.fare_eur, single * now[:, paid_on]),
                    (self.pass_saving_eur, single * (at_base - now)[:, paid_on]),
                ):
                    sums += np.bincount(cell, eur, sums.size).reshape(sums.shape)

    def add_week(self, model: MobilityModel) -> None:
        """Add the charging sessions of the model's season."""
        weeks = sum(model.days_of(model.season).values()) / 7.0
        self.sessions.append((weeks, model.week.sessions))

    @property
    def paid_eur(self) -> npt.NDArray[np.float64]:
        """Fares paid, bus and train."""
        paid = self.fare_eur.sum(axis=(1, 2))
        return np.array([paid[:2].sum(), paid[2]])


def day_tables(model: MobilityModel, flows: YearFlows) -> DayTables:
    """What happened on the simulated days of the year, as the ledger reads it."""
    return DayTables(
        fares=_fares(flows),
        routes=_routes(model),
        fuel=_fuel(model),
        charging=_charging(flows),
        parking=_by_zone("parking_eur_year", flows.parking_eur),
        shared_ebike=_by_zone("trips_year", flows.shared_trips),
        lots=pd.DataFrame({"measure_id": list(flows.lot_days), "days_year": list(flows.lot_days.values())}),
        shared_cars=pd.DataFrame(
            {
                "measure_id": list(flows.shared_car_eur),
                "eur_year": list(flows.shared_car_eur.values()),
                "kwh_year": list(flows.shared_car_kwh.values()),
            }
        ),
    )


def purchases_of_year(model: MobilityModel) -> pd.DataFrame:
    """Cars and e-bikes bought in the year, with home and income of the buyers."""
    bought = model.book.of_year("purchases", model.year)
    home = bought["household_idx"].to_numpy()
    households = model.households.table
    return bought.assign(zone_idx=households.zone_idx[home], income_eur_month=households.income_eur_month[home])


def _fares(flows: YearFlows) -> pd.DataFrame:
    service, zone, age = np.nonzero((flows.base_fare_eur != 0.0) | (flows.pass_saving_eur != 0.0))
    return pd.DataFrame(
        {
            "mode": np.array(["bus", "bus", "train"], object)[service],
            "service": np.array(PASS_SERVICES, object)[service],
            "zone_idx": zone,
            "age": age,
            "fare_eur_year": flows.fare_eur[service, zone, age],
            "base_fare_eur_year": flows.base_fare_eur[service, zone, age],
            "pass_saving_eur_year": flows.pass_saving_eur[service, zone, age],
        }
    )


def _routes(model: MobilityModel) -> pd.DataFrame:
    """Kilometres of lines as they were driven, and the electric share; services on demand are paid by the hour."""
    timetable, base = model.supply.timetable, model.world.supplies[()].timetable
    route_id = timetable.routes["route_id"]
    written = model.book.of_year("transit", model.year)
    km = written["vehicle_km_day"] * written["day_type"].map(year_days(model))
    by_route = km.groupby(written["route_id"]).sum().reindex(route_id).to_numpy()
    electric_km = (km * written["electric_share"]).groupby(written["route_id"]).sum().reindex(route_id).to_numpy()
    asked = route_id.isin([service.route_id for service in timetable.on_demand]).to_numpy()
    base_electric = dict(model.base_conditions_of[model.year].electric_bus_share)
    return pd.DataFrame(
        {
            "route_id": route_id,
            "vehicle_km_year": np.where(asked, 0.0, by_route),
            "base_vehicle_km_year": _year_kilometres(model, base).reindex(route_id, fill_value=0.0).to_numpy(),
            "electric_share": np.divide(electric_km, by_route, out=np.zeros_like(by_route), where=by_route > 0),
            "base_electric_share": [base_electric.get(r, 0.0) for r in route_id],
        }
    )


def _year_kilometres(model: MobilityModel, timetable: Timetable) -> pd.Series:
    """Vehicle kilometres of the simulated seasons by route."""
    runs = timetable.vehicle_km()
    km = runs["vehicle_km"] * runs["day_type"].map(year_days(model))
    return km.groupby(runs["route_id"]).sum()


def year_days(model: MobilityModel) -> dict[DayType, int]:
    """Days of the simulated seasons by day type."""
    return {d: sum(model.days_of(s)[d] for s in model.world.settings.seasons) for d in DayType}


def _fuel(model: MobilityModel) -> pd.DataFrame:
    v = model.vehicles
    litres = [float(v.litres_year[np.isin(v.powertrain, p)].sum()) for p in (PETROL_BURNERS, (Powertrain.DIESEL,))]
    return pd.DataFrame({"fuel": ["petrol", "diesel"], "litres_year": litres})


def _charging(flows: YearFlows) -> pd.DataFrame:
    names = ("place", "site_idx", "kwh_year", "panel_kwh_year", "eur_year", "base_eur_year")
    columns: dict[str, list[npt.NDArray[np.generic]]] = {name: [] for name in names}
    for weeks, sessions in flows.sessions:
        place = sessions["place"].to_numpy()
        words = np.where(place == ChargingPlace.HOME, "home", np.where(place == ChargingPlace.WORK, "work", "public"))
        columns["place"].append(words)
        columns["site_idx"].append(sessions["site_idx"].to_numpy())
        for name in ("kwh", "panel_kwh", "eur", "base_eur"):
            columns[f"{name}_year"].append(sessions["cost_eur" if name == "eur" else name].to_numpy() * weeks)
    return pd.DataFrame({name: np.concatenate(parts) for name, parts in columns.items()})


def _by_zone(column: str, values: npt.NDArray[np.float64]) -> pd.DataFrame:
    zones = np.flatnonzero(values)
    return pd.DataFrame({"zone_idx": zones, column: values[zones]})
