"""Doorsteps: homes from which a post on request is within the walk, each with sites near it of its own.

For all others a zone is one place, whose four nearest sites its visitors and residents know. A home with a post nearby
knows this post by the walk from its own door, and beside it what its zone knows. Its row stands behind those of the
zones, so that charging looks up a doorstep as it looks up a zone.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from zemsim.model.point_requests import entitled, homes_m, without_plug

if TYPE_CHECKING:
    from zemsim.model.model import MobilityModel

_M_PER_KM = 1000.0


@dataclass(frozen=True)
class Doorsteps:
    """Homes with doorsteps of their own.

    Attributes
    ----------
    near : as of `zemsim.model.stations.near_zones`, [Z + doorsteps, K]; that of the zones if there are none.
    row_of : int32 [H], row in ``near`` of each household, -1 that of its zone; None if there are none.
    """

    near: Mapping[str, npt.NDArray[np.generic]]
    row_of: npt.NDArray[np.int32] | None

    @classmethod
    def of(cls, model: MobilityModel, posts: npt.NDArray[np.int64]) -> Doorsteps:
        """The doorsteps of the households with an electric car that a rule entitles; ``posts`` are rows of sites."""
        rules = model.conditions.request_rules
        if not len(posts) or not rules:
            return cls(model.near_now, None)
        walk_m = max(rule.walk_max_m for rule in rules)
        rows = entitled(model, rules)
        home, at = homes_m(model)[rows], model.sites.at_m[posts]
        away = np.hypot(home[:, None, 0] - at[None, :, 0], home[:, None, 1] - at[None, :, 1])
        away[away > walk_m] = np.inf
        has = np.isfinite(away).any(axis=1)
        rows, away = rows[has], away[has]
        zone = model.households.table.zone_idx[rows]
        near = {name: np.concatenate([values, values[zone]]) for name, values in model.near_now.items()}
        n_zones = len(model.world.region.zones)
        p = model.parameters
        min_per_m = 2.0 * p["charger_detour_ratio"] / p["v_walk"] * 60.0 / _M_PER_KM
        for i, metres in enumerate(away):
            mine = np.argsort(metres, kind="stable")[: np.isfinite(metres).sum()]
            known = near["slow_near"][n_zones + i].copy()
            walk = near["slow_walk_min"][n_zones + i].copy()
            others = ~np.isin(known, posts[mine])
            k = len(known)
            near["slow_near"][n_zones + i] = np.append(posts[mine], known[others])[:k]
            near["slow_walk_min"][n_zones + i] = np.append(metres[mine] * min_per_m, walk[others])[:k]
        row_of = np.full(len(model.households), -1, np.int32)
        row_of[rows] = n_zones + np.arange(len(rows), dtype=np.int32)
        return cls(near, row_of)

    def home_rows(self, zone_idx: npt.NDArray[np.int32], household_idx: npt.NDArray[np.int32]) -> npt.NDArray[np.int32]:
        """Rows of ``near`` for the homes of tours: their zones, or doorsteps of their own."""
        if self.row_of is None:
            return zone_idx
        row = self.row_of[household_idx]
        found: npt.NDArray[np.int32] = np.where(row >= 0, row, zone_idx).astype(np.int32)
        return found

    @staticmethod
    def within(model: MobilityModel, at_m: npt.NDArray[np.float64], walk_max_m: float) -> npt.NDArray[np.bool_]:
        """Flats without a plug from which one of some places is within the walk, bool [H]."""
        flats = np.flatnonzero(without_plug(model))
        flats = flats[np.argsort(homes_m(model)[flats, 0], kind="stable")]
        home = homes_m(model)[flats]
        near = np.zeros(len(model.households), np.bool_)
        # Sorted from west to east, only the strip around a place has to be looked at.
        first = np.searchsorted(home[:, 0], at_m[:, 0] - walk_max_m, "left")
        last = np.searchsorted(home[:, 0], at_m[:, 0] + walk_max_m, "right")
        for (x, y), start, stop in zip(at_m, first, last, strict=True):
            away = np.hypot(home[start:stop, 0] - x, home[start:stop, 1] - y)
            near[flats[start:stop][away <= walk_max_m]] = True
        return near
