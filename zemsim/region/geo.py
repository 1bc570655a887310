"""Coordinates: degrees (WGS 84) and metres on the European grid (EPSG:3035); distances.

A grid is the Lambert azimuthal equal-area projection of the ellipsoid GRS 80, written here in closed formulas, so
that a place has the same metres whatever version of PROJ is installed: those of its versions differ by a millimetre.
"""

from __future__ import annotations

import math
import re

import numpy as np
from numpy.typing import ArrayLike, NDArray

Float = NDArray[np.float64]

#: Mean radius of the Earth (IUGG), for great circles.
EARTH_RADIUS_M = 6_371_008.8

#: Mean distance between two random points of a unit square: (2 + sqrt 2 + 5 asinh 1) / 15.
MEAN_DISTANCE_IN_SQUARE = (2.0 + math.sqrt(2.0) + 5.0 * math.asinh(1.0)) / 15.0

#: GRS 80: half the long axis, and the squared eccentricity from the flattening.
_AXIS_M = 6_378_137.0
_E2 = (2.0 - 1.0 / 298.257222101) / 298.257222101
_E = math.sqrt(_E2)

#: Name of the European grid, and of a grid of the same kind with an origin of its own: ``LAEA lat_0=.. lon_0=..``.
EUROPE_CRS = "EPSG:3035"
_LOCAL_CRS = re.compile(r"LAEA lat_0=(-?\d{1,2}(?:\.\d+)?) lon_0=(-?\d{1,3}(?:\.\d+)?)")

#: Where the European grid is used, degrees west, south, east, north (area of use of EPSG:3035).
EUROPE = (-35.58, 24.6, 44.83, 84.73)


def _q(sin_lat: Float | np.float64) -> Float:
    """Area between the equator and a latitude on the ellipsoid, in units of half its axis squared (Snyder 3-12)."""
    inside = sin_lat / (1.0 - _E2 * sin_lat**2) - np.log((1.0 - _E * sin_lat) / (1.0 + _E * sin_lat)) / (2.0 * _E)
    return np.asarray((1.0 - _E2) * inside)


_Q_POLE = float(_q(np.float64(1.0)))
_RADIUS_M = _AXIS_M * math.sqrt(_Q_POLE / 2.0)


class Grid:
    """A Lambert azimuthal equal-area grid in metres, on the ellipsoid GRS 80.

    Parameters
    ----------
    lat_0, lon_0 : float
        Origin, degrees north and east.
    east_0_m, north_0_m : float
        Its false easting and northing.
    crs : str
        Name in ``datapackage.json``.
    """

    def __init__(self, lat_0: float, lon_0: float, east_0_m: float, north_0_m: float, crs: str) -> None:
        self.crs = crs
        lat, self._lon = math.radians(lat_0), math.radians(lon_0)
        beta = math.asin(float(_q(np.float64(math.sin(lat)))) / _Q_POLE)
        self._sin, self._cos = math.sin(beta), math.cos(beta)
        self._d = _AXIS_M * math.cos(lat) / math.sqrt(1.0 - _E2 * math.sin(lat) ** 2) / (_RADIUS_M * self._cos)
        self._east_m, self._north_m = east_0_m, north_0_m

    @classmethod
    def of(cls, crs: str) -> Grid:
        """Return the grid of a name: ``EPSG:3035``, or ``LAEA lat_0=.. lon_0=..`` (its origin is at 0, 0).

        Raises
        ------
        ValueError
            If the name is no such grid.
        """
        if crs == EUROPE_CRS:
            return EUROPEAN
        found = _LOCAL_CRS.fullmatch(crs)
        if not found or abs(float(found[1])) > 85.0 or abs(float(found[2])) > 180.0:
            raise ValueError(f"crs “{crs[:60]}” is neither {EUROPE_CRS} nor “LAEA lat_0=.. lon_0=..”")
        return cls(float(found[1]), float(found[2]), 0.0, 0.0, crs)

    @classmethod
    def around(cls, lon: float, lat: float) -> Grid:
        """Return the European grid for a place in Europe, else one that has its origin near the place."""
        west, south, east, north = EUROPE
        if west <= lon <= east and south <= lat <= north:
            return EUROPEAN
        return cls.of(f"LAEA lat_0={lat:.2f} lon_0={lon:.2f}")

    def to_metres(self, lon: ArrayLike, lat: ArrayLike) -> tuple[Float, Float]:
        """Return easting and northing in metres of points in degrees.

        Lambert azimuthal equal area, oblique, on the ellipsoid (EPSG method 9820; Snyder 1987, 24-17 to 24-20).

        Parameters
        ----------
        lon, lat : array_like
            Degrees east and north, same shape.
        """
        angle = np.radians(np.asarray(lon, np.float64)) - self._lon
        sin_beta = _q(np.sin(np.radians(np.asarray(lat, np.float64)))) / _Q_POLE
        cos_beta = np.sqrt(1.0 - sin_beta**2)
        scale = _RADIUS_M * np.sqrt(2.0 / (1.0 + self._sin * sin_beta + self._cos * cos_beta * np.cos(angle)))
        x = self._east_m + scale * self._d * cos_beta * np.sin(angle)
        y = self._north_m + scale / self._d * (self._cos * sin_beta - self._sin * cos_beta * np.cos(angle))
        return np.asarray(x), np.asarray(y)

    def to_degrees(self, x_m: ArrayLike, y_m: ArrayLike) -> tuple[Float, Float]:
        """Return degrees east and north of points in metres (Snyder 1987, formulas 24-26 to 24-30 and 3-16)."""
        east = (np.asarray(x_m, np.float64) - self._east_m) / self._d
        north = (np.asarray(y_m, np.float64) - self._north_m) * self._d
        half = np.hypot(east, north) / (2.0 * _RADIUS_M)
        along = np.sqrt(1.0 - half**2) / _RADIUS_M  # sin(2 asin(half)) / distance, defined at the origin too
        cos_c = 1.0 - 2.0 * half**2
        q = _Q_POLE * (cos_c * self._sin + north * along * self._cos)
        lon = self._lon + np.arctan2(east * along, self._cos * cos_c - north * along * self._sin)
        return np.asarray(np.degrees(lon)), np.asarray(np.degrees(_latitude(q)))


def _latitude(q: Float) -> Float:
    """Latitude in radians whose :func:`_q` is ``q``, by four Newton steps (two reach the limit of float64 here)."""
    lat = np.arcsin(q / _Q_POLE)
    for _ in range(4):
        sin_lat = np.sin(lat)
        lat = lat + (q - _q(sin_lat)) * (1.0 - _E2 * sin_lat**2) ** 2 / (2.0 * (1.0 - _E2) * np.cos(lat))
    return np.asarray(lat)


#: The European grid.
EUROPEAN = Grid(52.0, 10.0, 4_321_000.0, 3_210_000.0, EUROPE_CRS)


def to_metres(lon: ArrayLike, lat: ArrayLike) -> tuple[Float, Float]:
    """Return EPSG:3035 easting and northing in metres of points in degrees: see :meth:`Grid.to_metres`."""
    return EUROPEAN.to_metres(lon, lat)


def to_degrees(x_m: ArrayLike, y_m: ArrayLike) -> tuple[Float, Float]:
    """Return degrees east and north of EPSG:3035 points in metres: see :meth:`Grid.to_degrees`."""
    return EUROPEAN.to_degrees(x_m, y_m)


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
