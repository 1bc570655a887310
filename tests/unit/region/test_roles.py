"""Roles of places: read from the package, faults named; the grid of a region outside Europe."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from zemsim.region import geo
from zemsim.region.roles import Place, Roles


def test_roles_of_a_package() -> None:
    roles = Roles.of(
        {
            "roles": {
                "anchor": {"name": "Jelgava", "facts": "jelgava"},
                "city_fares": {"bus": "fare"},
                "pensioner_fares": {"town": "less"},
                "pupil_fares": {"town": "none"},
            }
        }
    )
    assert roles.anchor == Place("Jelgava", "jelgava")
    assert roles.city_fares == (("bus", "fare"),)
    assert roles.pensioner_fares == (("town", "less"),)
    assert roles.pupil_fares == (("town", "none"),)
    assert roles.capital_gate is None


def test_no_roles() -> None:
    assert Roles.of({}) == Roles()


@pytest.mark.parametrize(
    "roles",
    [
        [],
        {"anker": {"name": "a", "facts": "b"}},
        {"anchor": "Jelgava"},
        {"anchor": {"name": "Jelgava"}},
        {"anchor": {"name": 1, "facts": "b"}},
        {"city_fares": ["bus"]},
        {"jobs_status": "guess"},
    ],
)
def test_faults(roles: Any) -> None:
    with pytest.raises(ValueError, match="role"):
        Roles.of({"roles": roles})


def test_a_grid_of_its_own() -> None:
    grid = geo.Grid.around(-46.63, -23.55)
    assert grid.crs == "LAEA lat_0=-23.55 lon_0=-46.63"
    lon, lat = np.array([-46.7, -46.6, -46.5]), np.array([-23.6, -23.5, -23.55])
    x, y = grid.to_metres(lon, lat)
    back = grid.to_degrees(x, y)
    assert np.allclose(back[0], lon, atol=1e-9)
    assert np.allclose(back[1], lat, atol=1e-9)
    flat = np.hypot(np.diff(x), np.diff(y))
    assert np.allclose(flat, geo.great_circle_m(lon[:-1], lat[:-1], lon[1:], lat[1:]), rtol=0.005)


def test_europe_has_the_european_grid() -> None:
    assert geo.Grid.around(23.7, 56.6) is geo.EUROPEAN
    assert geo.Grid.of("EPSG:3035") is geo.EUROPEAN


@pytest.mark.parametrize("crs", ["EPSG:4326", "", "LAEA lat_0=95 lon_0=0", "LAEA lat_0=1e5 lon_0=0", "None"])
def test_unknown_grid(crs: str) -> None:
    with pytest.raises(ValueError, match="crs"):
        geo.Grid.of(crs)
