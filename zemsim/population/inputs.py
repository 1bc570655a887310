"""What the population reads of a region: facts, assumptions, zones in a fixed order."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from zemsim.region.geo import MEAN_DISTANCE_IN_SQUARE
from zemsim.region.roles import Place
from zemsim.region.views import PeopledRegion

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]


def assumed(region: PeopledRegion, key: str) -> float:
    """Value of the assumption ``population.<key>``."""
    return float(region.assumption(f"population.{key}"))


def share(region: PeopledRegion, fact_id: str) -> float:
    """A fact in per cent as a share 0 to 1."""
    return float(region.fact(fact_id)) / 100.0


def by_band(
    region: PeopledRegion, prefix: str, bands: Mapping[str, tuple[int, int]], ages: NDArray[np.int16]
) -> Floats:
    """Value of ``population.<prefix>.<band>`` for each age, both ends included; NaN where no band holds the age."""
    values = np.full(ages.shape, np.nan)
    for name, (first, last) in bands.items():
        values[(ages >= first) & (ages <= last)] = assumed(region, f"{prefix}.{name}")
    return values


def band_limits(*names: str) -> dict[str, tuple[int, int]]:
    """``"25_44"`` as ``{"25_44": (25, 44)}``: first and last age of each band."""
    limits = {}
    for name in names:
        first, last = name.split("_")
        limits[name] = (int(first), int(last))
    return limits


def ordered_zones(region: PeopledRegion) -> pd.DataFrame:
    """Zones by ``zone_idx``, so that nothing depends on the order of rows."""
    zones = region.zones.sort_index(kind="stable")
    if not np.array_equal(zones.index.to_numpy(), np.arange(len(zones))):
        raise ValueError("zones must be numbered from 0 without a gap")
    return zones


def populated(zones: pd.DataFrame) -> Bools:
    """Which zones have a home in them: bool [Z]."""
    return ((zones["kind"] == "populated") & (zones["population"] > 0)).to_numpy()


def capital_zone(region: PeopledRegion, zones: pd.DataFrame) -> int | None:
    """Position of the gate that stands for the capital; None if the region has none."""
    role = region.roles.capital_gate
    if role is None:
        return None
    rows = np.flatnonzero(((zones["kind"] == "gate") & (zones["settlement_id"] == role.name)).to_numpy())
    if rows.size != 1:
        raise ValueError(f"the region must have one gate of settlement {role.name!r}, it has {rows.size}")
    return int(rows[0])


def anchor_of(region: PeopledRegion, municipality: str) -> Place | None:
    """The anchor city if it is this municipality: its ages and sexes are reported."""
    role = region.roles.anchor
    return role if role is not None and role.name == municipality else None


def straight_km(zones: pd.DataFrame, detour_ratio: float) -> Floats:
    """Straight line between zone centres times a detour: float64 [Z, Z], km.

    The diagonal is the mean distance of two random points of the zone's square.
    """
    x, y = zones["x_m"].to_numpy(np.float64), zones["y_m"].to_numpy(np.float64)
    km = np.hypot(x[:, None] - x[None, :], y[:, None] - y[None, :]) / 1000.0
    np.fill_diagonal(km, MEAN_DISTANCE_IN_SQUARE * zones["size_m"].fillna(0.0).to_numpy(np.float64) / 1000.0)
    scaled: Floats = km * detour_ratio
    return scaled
