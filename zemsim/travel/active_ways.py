"""What a run knows of walking and cycling on the region's network: minutes between zones by season, and walks to stops.

A tour has its own straight line, so ways between zones are kept per kilometre on foot between the same zones. A region
without a network has none of this: there, a way is a straight line times a detour, at one speed per mode, which is what
`active_minutes` and the choice of stops do without `ActiveWays`.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any, NamedTuple, cast

import numpy as np
from numpy.typing import NDArray

from zemsim.core.errors import InputError
from zemsim.core.names import Season
from zemsim.core.units import KM_PER_M, MIN_PER_H
from zemsim.region.views import ActiveRegion
from zemsim.travel.active import ActiveMode, ActiveNetwork, ActiveRules, Matrix
from zemsim.travel.stop_walks import StopWalks, stop_walks
from zemsim.travel.timetable import Timetable

#: Detours that are believed: way over straight line.
_LEAST_DETOUR, _MOST_DETOUR = 1.0, 10.0
_WALKS = "stops_"


class ActiveMinutes(NamedTuple):
    """Minutes one way, means of out and back, float32 [R]; inf where one does not go."""

    walk: NDArray[np.float32]
    bike: NDArray[np.float32]
    ebike: NDArray[np.float32]


@dataclass(frozen=True, eq=False)
class ActiveWays:
    """Ways of the network between Z zones.

    Attributes
    ----------
    detour : float32 [Z, Z]
        Way on foot over the straight line; where no way is known the median of the zone's row (of all rows, if it has
        none).
    walk_min_km : float32 [Z, Z]
        Minutes of walking, mean of there and back, per km of the way on foot there; inf where the network has no way.
    bike_min_km, ebike_min_km : float32 [seasons, Z, Z]
        Minutes of riding per km of the way on foot.
    ebike_km : float32 [seasons, Z, Z]
        Kilometres ridden by e-bike, mean of there and back, per km of the way on foot.
    joined : bool [Z]
        Zones that the network reaches; pairs with another zone are at the usual speeds.
    stops : StopWalks
        From zones to stops.
    """

    detour: Matrix
    walk_min_km: Matrix
    bike_min_km: Matrix
    ebike_min_km: Matrix
    ebike_km: Matrix
    joined: NDArray[np.bool_]
    stops: StopWalks

    @classmethod
    def of(cls, region: ActiveRegion, timetable: Timetable, rules: ActiveRules, threads: int = 1) -> ActiveWays | None:
        """Search the network of a region; None if it has none."""
        network = ActiveNetwork.from_region(region, rules)
        if network is None:
            return None
        walk = network.skim("walk", threads=threads)
        km = walk.distance_km.astype(np.float64)
        joined = network.zone_node >= 0
        known = joined[:, None] & joined[None, :]
        by_bike = [_per_km(network, "bike", season, km, known, threads) for season in Season]
        by_ebike = [_per_km(network, "ebike", season, km, known, threads) for season in Season]
        usual = MIN_PER_H / rules.walk_km_h
        return cls(
            detour=_detour(region, km),
            walk_min_km=_per_walked_km(walk.time_min, km, known, usual),
            bike_min_km=np.stack([minutes for minutes, _ in by_bike]),
            ebike_min_km=np.stack([minutes for minutes, _ in by_ebike]),
            ebike_km=np.stack([ridden for _, ridden in by_ebike]),
            joined=joined,
            stops=stop_walks(network, region.zones, timetable, threads),
        )

    def save(self, folder: Path) -> None:
        """Write one ``.npy`` file per array."""
        folder.mkdir(parents=True, exist_ok=True)
        for name, values in self.arrays().items():
            np.save(folder / f"{name}.npy", values)

    @classmethod
    def load(cls, folder: Path) -> ActiveWays:
        """Read what :meth:`save` wrote.

        Raises
        ------
        InputError
            If a file is missing or damaged.
        """
        names = [item.name for item in fields(cls) if item.name != "stops"]
        own = {name: _read(folder / f"{name}.npy") for name in names}
        stops = {item.name: _read(folder / f"{_WALKS}{item.name}.npy") for item in fields(StopWalks)}
        return cls(**own, stops=StopWalks(**stops))

    def arrays(self) -> dict[str, NDArray[Any]]:
        """All arrays by the name of their file."""
        own = {item.name: getattr(self, item.name) for item in fields(self) if item.name != "stops"}
        return own | {f"{_WALKS}{item.name}": getattr(self.stops, item.name) for item in fields(self.stops)}


def active_minutes(
    ways: ActiveWays | None,
    rules: ActiveRules,
    season: Season,
    origin: NDArray[np.integer[Any]],
    dest: NDArray[np.integer[Any]],
    km: NDArray[np.floating[Any]],
) -> ActiveMinutes:
    """Minutes of tours on foot and by bike in a season.

    Parameters
    ----------
    ways : ActiveWays or None
        None: at one speed per mode.
    rules : ActiveRules
        Speeds, longest ways, and the range of an e-bike, which must do there and back.
    origin, dest : int [R]
        Zones.
    km : float [R]
        Way on foot, one way.
    """
    km = km.astype(np.float64)
    ebike_km = km
    if ways is None:
        minutes = [km / speed * MIN_PER_H for speed in (rules.walk_km_h, rules.bike_km_h, rules.ebike_km_h)]
    else:
        at = int(season)
        per_km = (ways.walk_min_km, ways.bike_min_km[at], ways.ebike_min_km[at])
        minutes = [km * matrix[origin, dest] for matrix in per_km]
        ebike_km = km * ways.ebike_km[at][origin, dest]
    limits = (rules.walk_max_km, rules.bike_max_km, rules.ebike_max_km)
    walk, bike, ebike = (np.where(km <= most, one_way, np.inf) for one_way, most in zip(minutes, limits, strict=True))
    ebike = np.where(2.0 * ebike_km <= rules.ebike_range_km(season), ebike, np.inf)
    return ActiveMinutes(walk.astype(np.float32), bike.astype(np.float32), ebike.astype(np.float32))


def _per_km(
    network: ActiveNetwork,
    mode: ActiveMode,
    season: Season,
    km: NDArray[np.float64],
    known: NDArray[np.bool_],
    threads: int,
) -> tuple[Matrix, Matrix]:
    """Minutes and kilometres by a kind of bike per km of the way on foot."""
    skim = network.ways(mode, season, threads)
    minutes = _per_walked_km(skim.time_min, km, known, MIN_PER_H / network.rules.km_h(mode))
    return minutes, _per_walked_km(skim.distance_km, km, known, 1.0)


def _per_walked_km(there: Matrix, km: NDArray[np.float64], known: NDArray[np.bool_], otherwise: float) -> Matrix:
    """Mean of there and back per km on foot; ``otherwise`` for pairs off the network and inside zones without size."""
    both = 0.5 * (there.astype(np.float64) + there.T)
    found = np.where(known & (km > 0.0), np.inf, otherwise)
    reached = known & (km > 0.0) & np.isfinite(km) & np.isfinite(both)
    np.divide(both, km, out=found, where=reached)
    return found.astype(np.float32)


def _detour(region: ActiveRegion, km: NDArray[np.float64]) -> Matrix:
    x, y = (region.zones[name].to_numpy(np.float64) for name in ("x_m", "y_m"))
    straight = np.hypot(x[:, None] - x[None, :], y[:, None] - y[None, :]) * KM_PER_M
    np.fill_diagonal(straight, 0.0)
    known = np.isfinite(km) & (straight > 0.0)
    ratio = np.where(known, km / np.where(known, straight, 1.0), np.nan)
    middle = np.array([np.median(row[ok]) if ok.any() else np.nan for row, ok in zip(ratio, known, strict=True)])
    usual = np.nanmedian(middle) if np.isfinite(middle).any() else 1.0
    middle = np.where(np.isnan(middle), usual, middle)
    filled = np.where(known, ratio, middle[:, None])
    return cast("Matrix", np.clip(filled, _LEAST_DETOUR, _MOST_DETOUR).astype(np.float32))


def _read(path: Path) -> NDArray[Any]:
    try:
        return cast("NDArray[Any]", np.load(path))
    except (OSError, ValueError, EOFError) as error:
        raise InputError(f"cannot be read: {error}", path) from None
