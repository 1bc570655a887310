"""Walks from zones to stops on the walking network: what a way is longer than the straight-line rule would have it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from numpy.typing import NDArray

if TYPE_CHECKING:
    from zemsim.travel.active import ActiveNetwork
    from zemsim.travel.timetable import Timetable

Float = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class StopWalks:
    """Stops that may be within walking distance of a point of each zone; E entries, S stops.

    A walk from a point of a zone counts as many metres as the straight line of the rule that takes as long (times
    ``transit_walk_detour_ratio`` at ``transit_walk_speed_km_h``). From the zone's centre that is exactly the quickest
    way of the network. From another point of the zone it is shorter or longer by as much as its straight line is, and
    never shorter than its straight line walked without a detour.

    Attributes
    ----------
    offset : int64 [Z + 1]
        First entry of each zone; its stops rise.
    stop : int32 [E]
    extra_m : float64 [E]
        Metres that the way from the centre counts for beyond its straight line; 0 where the zone or the stop is off the
        network, and the straight-line rule holds.
    joined_stops : bool [S]
        Stops on the network.
    """

    offset: NDArray[np.int64]
    stop: NDArray[np.int32]
    extra_m: Float
    joined_stops: NDArray[np.bool_]

    @property
    def n_zones(self) -> int:
        return self.offset.size - 1

    def for_stops(self, stop_ids: Sequence[str], zones: pd.DataFrame, timetable: Timetable) -> StopWalks:
        """Return the walks to the stops of a timetable to which measures added some.

        Added stops are on no network: the straight-line rule holds for them.

        Parameters
        ----------
        stop_ids : sequence of str [S]
            Stops of these walks, in their order.
        zones : DataFrame [Z]
            Of the region.
        timetable : Timetable
            Has these stops and may have more.
        """
        later = timetable.stops["stop_id"].tolist()
        if later == list(stop_ids):
            return self
        row = {name: i for i, name in enumerate(later)}
        moved = np.array([row[name] for name in stop_ids], np.int32)
        added = np.setdiff1d(np.arange(len(later)), moved)
        centre, at = (table[["x_m", "y_m"]].to_numpy(np.float64) for table in (zones, timetable.stops))
        zone, position = np.nonzero(_distances(centre, at[added]) <= _reach_m(zones, timetable)[:, None])
        all_zones = np.concatenate([np.repeat(np.arange(self.n_zones), np.diff(self.offset)), zone])
        all_stops = np.concatenate([moved[self.stop], added[position].astype(np.int32)])
        order = np.lexsort((all_stops, all_zones))
        offset = np.concatenate([[0], np.cumsum(np.bincount(all_zones, minlength=self.n_zones))]).astype(np.int64)
        joined = np.zeros(len(later), bool)
        joined[moved] = self.joined_stops
        extra_m = np.concatenate([self.extra_m, np.zeros(len(zone))])
        return StopWalks(offset, all_stops[order], extra_m[order], joined)


def stop_walks(network: ActiveNetwork, zones: pd.DataFrame, timetable: Timetable, threads: int = 1) -> StopWalks:
    """Search the walks from all zones to all stops that somebody of the zone may reach within the limits.

    The search is exact (contraction hierarchy, whole milliseconds); the limits are those of the timetable's rules, the
    larger one for all stops, and leave room for points at the edge of the zone.
    """
    rules = timetable.rules
    centre = zones[["x_m", "y_m"]].to_numpy(np.float64)
    at = timetable.stops[["x_m", "y_m"]].to_numpy(np.float64)
    straight_m = _distances(centre, at)
    stop_node = network.nodes_of_stops(timetable.stops["stop_id"].astype(str).tolist())
    joined = stop_node >= 0
    as_straight_m = straight_m.copy()
    on = np.flatnonzero(network.zone_node >= 0), np.flatnonzero(joined)
    if on[0].size and on[1].size:
        walk_s = network.walks_s(network.zone_node[on[0]], stop_node[on[1]], rules.transit_walk_speed_km_h, threads)
        as_straight_m[np.ix_(*on)] = walk_s / rules.walk_s_per_m
    near = as_straight_m <= _reach_m(zones, timetable)[:, None]
    zone, stop = np.nonzero(near)
    offset = np.concatenate([[0], np.cumsum(near.sum(axis=1))]).astype(np.int64)
    extra_m = as_straight_m[zone, stop] - straight_m[zone, stop]
    return StopWalks(offset, stop.astype(np.int32), extra_m, joined)


def _reach_m(zones: pd.DataFrame, timetable: Timetable) -> Float:
    """Straight metres from the centre of each zone within which somebody of it may walk to a stop: float64 [Z]."""
    rules = timetable.rules
    limit_m = max(rules.transit_access_bus_m, rules.transit_access_train_m) / rules.transit_walk_detour_ratio
    return np.asarray(limit_m + zones["size_m"].fillna(0.0).to_numpy(np.float64) / np.sqrt(2.0))


def _distances(a: Float, b: Float) -> Float:
    span = a[:, None, :] - b[None, :, :]
    return np.asarray(np.sqrt((span**2).sum(axis=2)))
