"""Coordinates: degrees (WGS 84) and metres on the European grid (EPSG:3035); distances.

The grid is the Lambert azimuthal equal-area projection of the ellipsoid GRS 80, written here in closed formulas, so
that a place has the same metres whatever version of PROJ is installed: those of its versions differ by a millimetre.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import ArrayLike, NDArray

Float = NDArray[np.float64]

#: Mean radius of the Earth (IUGG), for great circles.
EARTH_RADIUS_M = 6_371_008.8

#: GRS 80: half the long axis, and the squared eccentricity from the flattening.
_AXIS_M = 6_378_137.0
_E2 = (2.0 - 1.0 / 298.257222101) / 298.257222101
_E = math.sqrt(_E2)

#: EPSG:3035: origin and its false easting and northing.
_LAT_0, _LON_0 = math.radians(52.0), math.radians(10.0)
_EAST_0_M, _NORTH_0_M = 4_321_000.0, 3_210_000.0


def _q(sin_lat: Float | np.float64) -> Float:
    """Area between the equator and a latitude on the ellipsoid, in units of half its axis squared (Snyder 3-12)."""
    inside = sin_lat / (1.0 - _E2 * sin_lat**2) - np.log((1.0 - _E * sin_lat) / (1.0 + _E * sin_lat)) / (2.0 * _E)
    return np.asarray((1.0 - _E2) * inside)


_Q_POLE = float(_q(np.float64(1.0)))
_BETA_0 = math.asin(float(_q(np.float64(math.sin(_LAT_0)))) / _Q_POLE)
_SIN_0, _COS_0 = math.sin(_BETA_0), math.cos(_BETA_0)
_RADIUS_M = _AXIS_M * math.sqrt(_Q_POLE / 2.0)
_D = _AXIS_M * math.cos(_LAT_0) / math.sqrt(1.0 - _E2 * math.sin(_LAT_0) ** 2) / (_RADIUS_M * _COS_0)


def to_metres(lon: ArrayLike, lat: ArrayLike) -> tuple[Float, Float]:
    """Return EPSG:3035 easting and northing in metres of points in degrees.

    Lambert azimuthal equal area, oblique, on the ellipsoid (EPSG method 9820; Snyder 1987, formulas 24-17 to 24-20).

    Parameters
    ----------
    lon, lat : array_like
        Degrees east and north, same shape.
    """
    angle = np.radians(np.asarray(lon, np.float64)) - _LON_0
    sin_beta = _q(np.sin(np.radians(np.asarray(lat, np.float64)))) / _Q_POLE
    cos_beta = np.sqrt(1.0 - sin_beta**2)
    scale = _RADIUS_M * np.sqrt(2.0 / (1.0 + _SIN_0 * sin_beta + _COS_0 * cos_beta * np.cos(angle)))
    x = _EAST_0_M + scale * _D * cos_beta * np.sin(angle)
    y = _NORTH_0_M + scale / _D * (_COS_0 * sin_beta - _SIN_0 * cos_beta * np.cos(angle))
    return np.asarray(x), np.asarray(y)


def to_degrees(x_m: ArrayLike, y_m: ArrayLike) -> tuple[Float, Float]:
    """Return degrees east and north of EPSG:3035 points in metres (Snyder 1987, formulas 24-26 to 24-30 and 3-16)."""
    east = (np.asarray(x_m, np.float64) - _EAST_0_M) / _D
    north = (np.asarray(y_m, np.float64) - _NORTH_0_M) * _D
    half = np.hypot(east, north) / (2.0 * _RADIUS_M)
    along = np.sqrt(1.0 - half**2) / _RADIUS_M  # sin(2 asin(half)) / distance, defined at the origin too
    cos_c = 1.0 - 2.0 * half**2
    q = _Q_POLE * (cos_c * _SIN_0 + north * along * _COS_0)
    lon = _LON_0 + np.arctan2(east * along, _COS_0 * cos_c - north * along * _SIN_0)
    return np.asarray(np.degrees(lon)), np.asarray(np.degrees(_latitude(q)))


def _latitude(q: Float) -> Float:
    """Latitude in radians whose :func:`_q` is ``q``, by four Newton steps (two reach the limit of float64 here)."""
    lat = np.arcsin(q / _Q_POLE)
    for _ in range(4):
        sin_lat = np.sin(lat)
        lat = lat + (q - _q(sin_lat)) * (1.0 - _E2 * sin_lat**2) ** 2 / (2.0 * (1.0 - _E2) * np.cos(lat))
    return np.asarray(lat)


def great_circle_m(lon_a: ArrayLike, lat_a: ArrayLike, lon_b: ArrayLike, lat_b: ArrayLike) -> Float:
    """Return the great-circle distance in metres between points in degrees (haversine; broadcasting)."""
    lam_a, phi_a = np.radians(np.asarray(lon_a, np.float64)), np.radians(np.asarray(lat_a, np.float64))
    lam_b, phi_b = np.radians(np.asarray(lon_b, np.float64)), np.radians(np.asarray(lat_b, np.float64))
    h = np.sin((phi_b - phi_a) / 2) ** 2 + np.cos(phi_a) * np.cos(phi_b) * np.sin((lam_b - lam_a) / 2) ** 2
    return np.asarray(2 * EARTH_RADIUS_M * np.arcsin(np.sqrt(np.clip(h, 0.0, 1.0))))


def plane_m(x_a: ArrayLike, y_a: ArrayLike, x_b: ArrayLike, y_b: ArrayLike) -> Float:
    """Return the straight distance in metres on the European grid (within 0.1 % of the ground in Latvia)."""
    dx = np.asarray(x_b, np.float64) - np.asarray(x_a, np.float64)
    dy = np.asarray(y_b, np.float64) - np.asarray(y_a, np.float64)
    return np.asarray(np.hypot(dx, dy))
