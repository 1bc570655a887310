"""Degrees, metres and great circles."""

from __future__ import annotations

import numpy as np
import pyproj
import pytest

from zemsim.region import geo


def test_the_centre_of_the_projection_is_its_false_origin():
    # EPSG:3035: 52 degrees north, 10 degrees east lie at 4,321,000 east and 3,210,000 north.
    x, y = geo.to_metres(10.0, 52.0)
    assert (float(x), float(y)) == pytest.approx((4_321_000.0, 3_210_000.0), abs=1e-3)


def test_there_and_back():
    lon, lat = np.array([23.71278, 25.85735]), np.array([56.65, 56.49903])
    back = geo.to_degrees(*geo.to_metres(lon, lat))
    assert np.allclose(back, (lon, lat), atol=1e-9)


def test_a_quarter_of_the_equator():
    assert float(geo.great_circle_m(0, 0, 90, 0)) == pytest.approx(np.pi / 2 * geo.EARTH_RADIUS_M)
    assert float(geo.great_circle_m(24, 56, 24, 56)) == 0.0


def test_the_grid_keeps_distances_in_latvia():
    x, y = geo.to_metres([23.71278, 25.85735], [56.65, 56.49903])
    plane = float(geo.plane_m(x[0], y[0], x[1], y[1]))
    assert plane == pytest.approx(float(geo.great_circle_m(23.71278, 56.65, 25.85735, 56.49903)), rel=0.005)


def test_the_grid_is_that_of_proj():
    """The formulas give the metres and degrees of PROJ over all of Europe, to a millimetre and 2e-8 degrees."""
    rng = np.random.default_rng(3035)
    lon, lat = rng.uniform(-25.0, 45.0, 10_000), rng.uniform(34.0, 72.0, 10_000)
    there = pyproj.Transformer.from_crs("EPSG:4326", "EPSG:3035", always_xy=True)
    x, y = geo.to_metres(lon, lat)
    assert np.allclose(there.transform(lon, lat), (x, y), rtol=0, atol=1e-3)
    assert np.allclose(there.transform(x, y, direction="INVERSE"), geo.to_degrees(x, y), rtol=0, atol=2e-8)
    assert np.allclose(geo.to_degrees(x, y), (lon, lat), rtol=0, atol=1e-12)
