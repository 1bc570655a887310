"""Coordinates: degrees (WGS 84) and metres on the European grid (EPSG:3035); distances."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
import pyproj
from numpy.typing import ArrayLike, NDArray

#: Mean radius of the Earth (IUGG), for great circles.
EARTH_RADIUS_M = 6_371_008.8


@lru_cache(maxsize=1)
def _forward() -> pyproj.Transformer:
    return pyproj.Transformer.from_crs("EPSG:4326", "EPSG:3035", always_xy=True)


@lru_cache(maxsize=1)
def _backward() -> pyproj.Transformer:
    return pyproj.Transformer.from_crs("EPSG:3035", "EPSG:4326", always_xy=True)


def to_metres(lon: ArrayLike, lat: ArrayLike) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return EPSG:3035 easting and northing in metres of points in degrees.

    Parameters
    ----------
    lon, lat : array_like
        Degrees east and north, same shape.
    """
    x, y = _forward().transform(np.asarray(lon, dtype=np.float64), np.asarray(lat, dtype=np.float64))
    return np.asarray(x), np.asarray(y)


def to_degrees(x_m: ArrayLike, y_m: ArrayLike) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return degrees east and north of EPSG:3035 points in metres."""
    lon, lat = _backward().transform(np.asarray(x_m, dtype=np.float64), np.asarray(y_m, dtype=np.float64))
    return np.asarray(lon), np.asarray(lat)


def great_circle_m(lon_a: ArrayLike, lat_a: ArrayLike, lon_b: ArrayLike, lat_b: ArrayLike) -> NDArray[np.float64]:
    """Return the great-circle distance in metres between points in degrees (haversine; broadcasting)."""
    lam_a, phi_a = np.radians(np.asarray(lon_a, np.float64)), np.radians(np.asarray(lat_a, np.float64))
    lam_b, phi_b = np.radians(np.asarray(lon_b, np.float64)), np.radians(np.asarray(lat_b, np.float64))
    h = np.sin((phi_b - phi_a) / 2) ** 2 + np.cos(phi_a) * np.cos(phi_b) * np.sin((lam_b - lam_a) / 2) ** 2
    return np.asarray(2 * EARTH_RADIUS_M * np.arcsin(np.sqrt(np.clip(h, 0.0, 1.0))))


def plane_m(x_a: ArrayLike, y_a: ArrayLike, x_b: ArrayLike, y_b: ArrayLike) -> NDArray[np.float64]:
    """Return the straight distance in metres on the European grid (within 0.1 % of the ground in Latvia)."""
    dx = np.asarray(x_b, np.float64) - np.asarray(x_a, np.float64)
    dy = np.asarray(y_b, np.float64) - np.asarray(y_a, np.float64)
    return np.asarray(np.hypot(dx, dy))
