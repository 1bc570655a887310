"""Where each car was driven on the days simulated last: what parking there and public charging near by would cost."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from zemsim.core.names import TRIPS_PER_TOUR
from zemsim.model.car_use import car_use

if TYPE_CHECKING:
    from zemsim.core.names import DayType
    from zemsim.model.day_plan import DayPlan
    from zemsim.model.model import MobilityModel


@dataclass(frozen=True)
class CarHabits:
    """The tours driven on the days simulated last; axes: N tours of both day types, C cars, Z zones.

    What drivers would do under other prices is not in them, so what an exemption from a parking fee is worth is a lower
    bound for those who stay away because of the fee.

    Attributes
    ----------
    car : int32 [N].
    dest : int32 [N], zone.
    paid_h_year : float64 [N], hours a year for which a fee is due where there is one.
    stops_year : float64 [N], days a year on which the tour is made.
    km : float64 [N], out and back.
    day_type : int8 [N].
    """

    car: npt.NDArray[np.int32]
    dest: npt.NDArray[np.int32]
    paid_h_year: npt.NDArray[np.float64]
    stops_year: npt.NDArray[np.float64]
    km: npt.NDArray[np.float64]
    day_type: npt.NDArray[np.int8]

    @classmethod
    def none(cls) -> CarHabits:
        """Before any day was simulated: no tour is known, so neither a parking fee nor a long day is expected."""
        cars, number = np.empty(0, np.int32), np.empty(0)
        return cls(cars, cars, number, number, number, np.empty(0, np.int8))

    @classmethod
    def of(cls, plans: Iterable[DayPlan], days: Mapping[DayType, int]) -> CarHabits:
        """The tours that were driven on the day types of a season, each as often as its ``days`` a year."""
        parts = []
        for plan in plans:
            use = car_use(plan)
            often = np.full(len(use.row), float(days[plan.day_type]))
            km = TRIPS_PER_TOUR * use.km.astype(np.float64)
            kind = np.full(len(use.row), int(plan.day_type), np.int8)
            parts.append((use.vehicle, use.to, use.paid_h * often, often, km, kind))
        return cls(*(np.concatenate(columns) for columns in zip(*parts, strict=True))) if parts else cls.none()

    def parking_eur_year(
        self, n_cars: int, eur_h: npt.NDArray[np.float64], ev_eur_h: npt.NDArray[np.float64]
    ) -> npt.NDArray[np.float64]:
        """Fees of a year, float64 [C, 2], for a combustion and an electric car, at prices per hour by zone [Z]."""
        fees = np.empty((n_cars, 2))
        rows = np.flatnonzero((self.paid_h_year > 0) & ((eur_h > 0) | (ev_eur_h > 0))[self.dest])
        car, dest, hours = self.car[rows], self.dest[rows], self.paid_h_year[rows]
        for column, price in enumerate((eur_h, ev_eur_h)):
            fees[:, column] = np.bincount(car, weights=hours * price[dest], minlength=n_cars)
        return fees

    def days_beyond(self, n_cars: int, reach_km: float) -> npt.NDArray[np.float64]:
        """Days a year on which each car was driven further than ``reach_km``, float64 [C]."""
        beyond = np.zeros(n_cars)
        for day_type in np.unique(self.day_type):
            rows = self.day_type == day_type
            driven = np.bincount(self.car[rows], self.km[rows], n_cars)
            beyond += np.where(driven > reach_km, self.stops_year[rows].max(), 0.0)
        return beyond

    def met_eur_kwh(
        self, zone_eur_kwh: npt.NDArray[np.float64], home_zone: npt.NDArray[np.int32]
    ) -> npt.NDArray[np.float64]:
        """Public price that each car meets, float64 [C]: half near home, half near where it stops, as often as it does.

        ``zone_eur_kwh`` [Z] is the price near each zone. A car without tours meets that near home.
        """
        n = len(home_zone)
        home: npt.NDArray[np.float64] = zone_eur_kwh[home_zone]
        stops = np.bincount(self.car, weights=self.stops_year, minlength=n)
        away = np.bincount(self.car, weights=self.stops_year * zone_eur_kwh[self.dest], minlength=n)
        mean = np.divide(away, stops, out=home.copy(), where=stops > 0)
        return 0.5 * (home + mean)


def public_price_near(model: MobilityModel) -> npt.NDArray[np.float64]:
    """Public price near each zone for residents of its municipality, EUR per kWh of a usual session, float64 [Z]."""
    price, table = model.conditions.price, model.stations.table
    otherwise = 0.5 * (price["electricity_public_slow_eur_kwh"] + price["electricity_public_fast_eur_kwh"])
    share, place = model.tariffs.resident_share, model.municipality_of_zone
    of_site = place[table.zone_idx]
    return public_eur_kwh_near(table.price_eur_kwh, model.near_now, otherwise, share, of_site, place)


def public_eur_kwh_near(
    price_eur_kwh: npt.NDArray[np.float32],
    near: Mapping[str, npt.NDArray[np.generic]],
    otherwise: float,
    resident_share: npt.NDArray[np.float64],
    place_of_site: npt.NDArray[np.int32],
    place_of_zone: npt.NDArray[np.int32],
) -> npt.NDArray[np.float64]:
    """Public price near each zone, float64 [Z]: the mean of slow and fast there, each the mean of its nearest sites.

    Parameters
    ----------
    price_eur_kwh : price of each site [V].
    near : ``slow_near`` and ``fast_near`` int [Z, K], the nearest open sites of each zone, -1 none.
    otherwise : the price where there is neither.
    resident_share : float64 [V], what residents of the site's municipality pay of its price.
    place_of_site, place_of_zone : int32 [V], [Z], municipality, -1 none.
    """
    total = np.zeros(len(near["slow_near"]))
    kinds = np.zeros(len(total))
    for name in ("slow_near", "fast_near"):
        sites = np.asarray(near[name], np.int64)
        found = sites >= 0
        if not found.any():
            continue  # a region may be without any site
        count = found.sum(axis=1)
        rows = np.maximum(sites, 0)
        at_home = (place_of_site[rows] == place_of_zone[:, None]) & (place_of_zone[:, None] >= 0)
        paid = price_eur_kwh[rows].astype(np.float64) * np.where(at_home, resident_share[rows], 1.0)
        eur = np.where(found, paid, 0.0).sum(axis=1)
        total += np.divide(eur, count, out=np.zeros(len(total)), where=count > 0)
        kinds += count > 0
    mean: npt.NDArray[np.float64] = np.divide(total, kinds, out=np.full(len(total), otherwise), where=kinds > 0)
    return mean
