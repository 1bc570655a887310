"""The timetable of a typical weekday and weekend day: stops, patterns, trips, vehicle-kilometres.

A pattern is a set of trips of one route and direction with the same stops in which none overtakes another (FIFO).
Stops, routes and patterns are sorted by their ids, so nothing depends on the order of rows in the feed.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from zemsim.core.errors import InputError
from zemsim.core.names import PERIODS
from zemsim.region.geo import EUROPEAN, Grid
from zemsim.region.gtfs import read_gtfs
from zemsim.travel.fares import Fares
from zemsim.travel.transit_departures import scale_departures
from zemsim.travel.transit_rules import TransitRules

if TYPE_CHECKING:
    from zemsim.region.gtfs.fares import FareTable
    from zemsim.travel.on_demand import OnDemand
    from zemsim.travel.timetable_changes import Change


#: Networks and vehicles on demand: ``on_demand_<service>``.
ON_DEMAND: Final = "on_demand"


@dataclass(frozen=True)
class PatternTimes:
    """Times of one pattern on one day type: int32 [positions, trips], seconds after midnight, trips in FIFO order."""

    arrive_s: NDArray[np.int32]
    depart_s: NDArray[np.int32]


@dataclass(frozen=True, eq=False)
class GivenWalks:
    """Walks between stops that the feed gives: rows of stops and whole seconds, -1 where one cannot change."""

    from_stop: NDArray[np.int32]
    to_stop: NDArray[np.int32]
    walk_s: NDArray[np.int32]


@dataclass(frozen=True, eq=False)
class Timetable:
    """Stops, patterns and the trips of two day types. Axes: S stops, K patterns.

    Attributes
    ----------
    stops : DataFrame [S]
        ``stop_id, stop_name, lat, lon, x_m, y_m`` (of ``grid``), sorted by id.
    routes : DataFrame
        ``route_id, mode`` (bus, train)``, network_id, capacity_pers`` (NaN unknown)``, vehicle_class``, sorted by id.
    pattern_route, pattern_direction : int32, int8 [K]
        Row of ``routes``; ``direction_id``.
    pattern_stops, pattern_dist_m : tuple of int32, float64 arrays
        Stop rows and metres from the first stop.
    times : tuple (weekday, weekend) of tuples of PatternTimes [K]
    dates : tuple of date
        The days of the feed that stand for a weekday and a weekend day.
    walks : GivenWalks or None
        They go before walks by distance.
    pattern_calls : tuple of int8 arrays
        By position: 1 = one may get on, 2 = one may get off, 3 = both; () where that holds for all.
    ride_fares : FareTable or None
        Fares of the feed that depend on the stops of a ride, EUR; they go before those of ``fares``.
    on_demand : tuple of OnDemand
        Services whose departures are offered, and driven only if somebody rides.
    """

    stops: pd.DataFrame
    routes: pd.DataFrame
    pattern_route: NDArray[np.int32]
    pattern_direction: NDArray[np.int8]
    pattern_stops: tuple[NDArray[np.int32], ...]
    pattern_dist_m: tuple[NDArray[np.float64], ...]
    times: tuple[tuple[PatternTimes, ...], tuple[PatternTimes, ...]]
    dates: tuple[dt.date, dt.date]
    fares: Fares
    rules: TransitRules
    status: pd.DataFrame | None
    notices: tuple[str, ...]
    grid: Grid = EUROPEAN
    walks: GivenWalks | None = None
    pattern_calls: tuple[NDArray[np.int8], ...] = ()
    ride_fares: FareTable | None = None
    on_demand: tuple[OnDemand, ...] = ()

    @classmethod
    def from_gtfs(
        cls,
        folder: str | Path | Sequence[str | Path],
        fares: Fares,
        rules: TransitRules | None = None,
        grid: Grid = EUROPEAN,
        date: dt.date | None = None,
        strict: bool = False,
    ) -> Timetable:
        """Read a GTFS feed, or several as one.

        A weekday is the Wednesday, a weekend day the Saturday with the most trips (the first of equals).

        Parameters
        ----------
        folder : path or sequence of paths
            Folders or zip archives; ``vehicles.csv`` beside the files may name capacities.
        fares : Fares
            Fares of the base year.
        rules : TransitRules, optional
            Walking and changing.
        grid : Grid
            Of ``x_m, y_m``.
        date : date, optional
            A day that stands for its kind; the other kind is the Wednesday or Saturday of its week.
        strict : bool
            Whether a trip that no vehicle could run is an error, as in packs; else it is left out and counted.

        Raises
        ------
        InputError
            If the feed has a fault, or no service on the date or on any Wednesday.
        """
        from zemsim.travel.timetable_gtfs import timetable_of

        return timetable_of(read_gtfs(folder, strict=strict), fares, rules or TransitRules(), grid, date)

    @classmethod
    def from_region(cls, region: Any) -> Timetable:
        """Read the timetable of a region with its fares and assumptions."""
        rules = TransitRules.from_assumptions(region.assumption)
        fares = Fares.from_prices(region.price, region.roles.city_fares)
        return cls.from_gtfs(region.gtfs_folder, fares, rules, region.grid, strict=True)

    @property
    def n_patterns(self) -> int:
        """Number of patterns."""
        return len(self.pattern_stops)

    def is_train(self) -> NDArray[np.bool_]:
        """Return for each pattern whether it is a train: bool [K]."""
        train = (self.routes["mode"] == "train").to_numpy()
        return np.asarray(train[self.pattern_route])

    def capacity_pers(self) -> NDArray[np.float64]:
        """Return places per departure of each pattern: float64 [K], NaN where unknown."""
        return np.asarray(self.routes["capacity_pers"].to_numpy(np.float64)[self.pattern_route])

    def scaled(self, frequency: Iterable[tuple[str, float]]) -> Timetable:
        """Return a timetable with more or fewer departures on some routes.

        Extra departures lie at even distances between existing ones, the largest gaps first where they are few; every
        existing departure stays. With a factor below one an even choice of the departures stays. Other routes keep
        their arrays.

        Parameters
        ----------
        frequency : iterable of (route_id, factor)
            Departures of the route, in each pattern, direction and day type, times the factor; 1 changes nothing.

        Raises
        ------
        InputError
            If a route is not known or a factor is negative.
        """
        rows = {name: i for i, name in enumerate(self.routes["route_id"])}
        factors: dict[int, float] = {}
        for route_id, factor in frequency:
            if route_id not in rows:
                raise InputError(f"route “{route_id}” is not in the timetable")
            if not (np.isfinite(factor) and factor >= 0):
                raise InputError(f"route “{route_id}”: frequency factor {factor} must be zero or more")
            factors[rows[route_id]] = factors.get(rows[route_id], 1.0) * float(factor)
        factors = {row: factor for row, factor in factors.items() if factor != 1.0}
        if not factors:
            return self
        days = []
        for patterns in self.times:
            new = list(patterns)
            for k, route in enumerate(self.pattern_route.tolist()):
                if route in factors:
                    arrive, depart = scale_departures(new[k].arrive_s, new[k].depart_s, factors[route])
                    new[k] = PatternTimes(arrive, depart)
            days.append(tuple(new))
        return replace(self, times=(days[0], days[1]))

    def without_routes(self, route_ids: Iterable[str]) -> Timetable:
        """Return a timetable in which no trip of these routes runs; the routes stay known."""
        return self.scaled([(name, 0.0) for name in route_ids])

    def changed(self, key: Sequence[Change]) -> Timetable:
        """Return the timetable after the changes of a key (:mod:`zemsim.travel.timetable_changes`)."""
        from zemsim.travel.timetable_changes import changed

        return changed(self, key)

    def vehicle_km(self) -> pd.DataFrame:
        """Return ``route_id, network_id, mode, direction, day_type, departures, vehicle_km`` per day.

        Services on demand have none: they drive for those who ride (:func:`zemsim.travel.on_demand.driven_km`).
        """
        asked = {service.route_id for service in self.on_demand}
        fixed = [name not in asked for name in self.routes["route_id"]]
        rows = []
        for day, patterns in enumerate(self.times):
            for k, times in enumerate(patterns):
                count = times.depart_s.shape[1] if fixed[self.pattern_route[k]] else 0
                km = count * self.pattern_dist_m[k][-1] / 1000.0
                rows.append((int(self.pattern_route[k]), int(self.pattern_direction[k]), day, count, km))
        table = pd.DataFrame(rows, columns=["route", "direction", "day_type", "departures", "vehicle_km"])
        table = table.groupby(["route", "direction", "day_type"], sort=True, as_index=False).sum()
        for name in ("mode", "network_id", "route_id"):
            table.insert(0, name, self.routes[name].to_numpy()[table["route"].to_numpy()])
        return table.drop(columns="route")

    def departures_by_period(self) -> list[NDArray[np.int64]]:
        """Return for each pattern the departures at each position by period: int64 [positions, Q]; read only."""
        return self._departures

    @cached_property
    def _departures(self) -> list[NDArray[np.int64]]:
        found = []
        for k, stops in enumerate(self.pattern_stops):
            counts = np.zeros((len(stops), len(PERIODS)), np.int64)
            for q, (start_s, end_s) in enumerate(period_bounds()):
                depart = self.times[int(PERIODS[q].day_type)][k].depart_s
                counts[:, q] = ((depart >= start_s) & (depart < end_s)).sum(axis=1)
            found.append(counts)
        return found


def period_bounds() -> list[tuple[int, int]]:
    """Return start and end second of each period as it is used: the first and last of a day take what lies outside."""
    bounds = []
    for i, period in enumerate(PERIODS):
        first = i == 0 or PERIODS[i - 1].day_type != period.day_type
        last = i == len(PERIODS) - 1 or PERIODS[i + 1].day_type != period.day_type
        bounds.append((-(2**30) if first else period.start_min * 60, 2**30 if last else period.end_min * 60))
    return bounds
