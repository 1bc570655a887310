"""Walking and cycling: distance between two points, and minutes at a speed.

There is no network of paths yet: the distance is the straight line times a detour, and never less than a least
distance, which stands for the walk between two doors of one place.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from zemsim.core.units import KM_PER_M, MIN_PER_H


def active_distance_km(
    from_x_m: ArrayLike,
    from_y_m: ArrayLike,
    to_x_m: ArrayLike,
    to_y_m: ArrayLike,
    detour_ratio: float,
    least_km: float,
) -> NDArray[np.float32]:
    """Distance on foot or by bike between points: ``max(least, straight line * detour)``.

    Parameters
    ----------
    from_x_m, from_y_m, to_x_m, to_y_m : array_like
        EPSG:3035, of shapes that broadcast to [R]; NaN where a point is unknown.
    detour_ratio : float
        Length of the way over the straight line, 1 or more (assumption ``population.detour_ratio``).
    least_km : float
        Zero or more (assumption ``active_least_km``).

    Returns
    -------
    float32 [R]
        ``inf`` where a point is unknown.
    """
    if not detour_ratio >= 1:
        raise ValueError(f"detour_ratio must be 1 or more, not {detour_ratio}")
    if not least_km >= 0:
        raise ValueError(f"least_km must be zero or more, not {least_km}")
    dx_m = np.asarray(to_x_m, np.float64) - np.asarray(from_x_m, np.float64)
    dy_m = np.asarray(to_y_m, np.float64) - np.asarray(from_y_m, np.float64)
    straight_km = np.sqrt(dx_m * dx_m + dy_m * dy_m) * KM_PER_M
    distance_km = np.maximum(straight_km * detour_ratio, least_km)
    return np.where(np.isnan(distance_km), np.inf, distance_km).astype(np.float32)


def active_time_min(distance_km: ArrayLike, speed_km_h: float) -> NDArray[np.float32]:
    """Minutes to walk or cycle a distance at a speed (door to door), float32 [R]; ``inf`` stays ``inf``."""
    if not (speed_km_h > 0 and np.isfinite(speed_km_h)):
        raise ValueError(f"speed_km_h must be above zero and finite, not {speed_km_h}")
    return (np.asarray(distance_km, np.float64) / speed_km_h * MIN_PER_H).astype(np.float32)
