"""Zones: which square belongs to which settlement, and how many live in each, every total met exactly."""

from __future__ import annotations

import json
import math
from dataclasses import dataclass

import numpy as np
import shapely

from zemsim.region import geo
from zemsim.region.make.grid import Cell, Square, squares
from zemsim.region.make.pack import Pack, largest_remainder
from zemsim.region.make.settlements import Settlement

_DENSITY = {"city": "zones.density_city_pers_km2", "town": "zones.density_town_pers_km2"}


@dataclass
class Zone:
    """A populated zone while the pack is made."""

    square: Square
    settlement: Settlement
    area_type: str
    population: int = 0

    @property
    def distance_m(self) -> float:
        """From the centre of the square to the centre of its settlement, metres."""
        return math.hypot(self.square.x_m - self.settlement.x_m, self.square.y_m - self.settlement.y_m)


def old_municipalities(pack: Pack) -> dict[str, shapely.Geometry]:
    """Return the outlines of the pre-2021 municipalities on the grid (EPSG:3035)."""
    features = json.loads((pack.folder / "boundaries.geojson").read_text(encoding="utf-8"))["features"]
    found = {}
    for feature in features:
        shape = shapely.make_valid(shapely.geometry.shape(feature["geometry"]))
        name = f"{feature['properties']['old_municipality']}|{feature['properties']['municipality']}"
        found[name] = shapely.transform(shape, lambda xy: np.column_stack(geo.to_metres(xy[:, 0], xy[:, 1])))
    return found


def radius_m(pack: Pack, settlement: Settlement) -> float:
    """Return the built-up radius of a settlement from the residents of its core and an assumed density."""
    density = pack.assume(_DENSITY.get(settlement.kind, "zones.density_village_pers_km2"))
    return 1000 * math.sqrt(settlement.population * settlement.village_share / (math.pi * density))


def _cells_inside(shape: shapely.Geometry) -> list[Cell]:
    west, south, east, north = (int(bound // 1000) for bound in shape.bounds)
    grid = [(e, n) for n in range(south, north + 1) for e in range(west, east + 1)]
    middles = np.array(grid, dtype=float) * 1000 + 500
    inside = shapely.contains_xy(shape, middles[:, 0], middles[:, 1])
    return [cell for cell, is_in in zip(grid, inside, strict=True) if is_in]


def _owners(pack: Pack, places: list[Settlement]) -> dict[Cell, str]:
    """Return the settlement of every cell: in a city's outline the city, else the nearest parish of the old novads."""
    owner: dict[Cell, str] = {}
    for name, shape in sorted(old_municipalities(pack).items()):
        old, new = name.split("|")
        inside = [p for p in places if p.old_municipality == old and p.municipality == new]
        city = [p for p in inside if p.kind == "city"] if not old.endswith("novads") else []
        pool = city or [p for p in inside if p.kind == "parish"] or inside
        for cell in _cells_inside(shape):
            x, y = cell[0] * 1000 + 500, cell[1] * 1000 + 500
            best = min(pool, key=lambda p: (math.hypot(p.area_x_m - x, p.area_y_m - y), p.settlement_id))
            owner[cell] = best.settlement_id
    return owner


def _core_cells(pack: Pack, places: list[Settlement], owner: dict[Cell, str]) -> dict[Cell, str]:
    """Return the built-up cells: within the radius of a settlement, at least one each, the larger place first."""
    core: dict[Cell, str] = {}
    cities = {p.settlement_id for p in places if p.kind == "city"}
    core.update({cell: name for cell, name in owner.items() if name in cities})
    for place in sorted(places, key=lambda p: (-p.population * p.village_share, p.settlement_id)):
        if place.village_share == 0.0:
            continue
        radius = radius_m(pack, place)
        reach = int(radius // 1000) + 3
        east, north = int(place.x_m // 1000), int(place.y_m // 1000)
        near = sorted(
            (math.hypot(e * 1000 + 500 - place.x_m, n * 1000 + 500 - place.y_m), (e, n))
            for e in range(east - reach, east + reach + 1)
            for n in range(north - reach, north + reach + 1)
        )
        free = [
            (distance, cell) for distance, cell in near if core.get(cell, place.settlement_id) == place.settlement_id
        ]
        for i, (distance, cell) in enumerate(free):
            if i == 0 or distance <= radius:
                core[cell] = place.settlement_id
    return core


def _share_population(pack: Pack, zones: list[Zone], place: Settlement) -> None:
    """Share the residents of a settlement over its zones: core by density, countryside by area and nearness."""
    own = [zone for zone in zones if zone.settlement is place]
    core = [zone for zone in own if zone.square.core]
    country = [zone for zone in own if not zone.square.core]
    inner = round(place.population * place.village_share) if core and country else place.population * bool(core)
    radius = max(radius_m(pack, place), 500.0)
    slope = math.log(pack.assume("zones.edge_density_share")) / radius
    scale_m = 1000 * pack.assume("zones.rural_scale_km")
    weights = [math.exp(slope * zone.distance_m) for zone in core]
    if core:
        for zone, count in zip(core, largest_remainder(inner, weights), strict=True):
            zone.population = count
    if country:
        weights = [len(zone.square.cells) * math.exp(-zone.distance_m / scale_m) for zone in country]
        for zone, count in zip(country, largest_remainder(place.population - inner, weights), strict=True):
            zone.population = count


def zones(pack: Pack, places: list[Settlement]) -> list[Zone]:
    """Return the populated zones by northing, then easting; squares where nobody lives are left out."""
    owner = _owners(pack, places)
    core = _core_cells(pack, places, owner)
    owner.update(core)
    by_id = {place.settlement_id: place for place in places}
    found = []
    for square in squares(owner, core):
        place = by_id[square.owner]
        kind = {"city": "city", "town": "town", "parish": "town"}[place.kind] if square.core else "countryside"
        found.append(Zone(square, place, kind))
    for place in places:
        _share_population(pack, found, place)
    return [zone for zone in found if zone.population > 0]
