"""The map of a generic region: settlements on a ring around a centre, countryside between, zones and roads.

A zone is a square cell. Cells of a settlement are a square grid with streets between neighbours; those of the
countryside a coarse one with local roads; main roads join the settlements. All lengths in metres, the middle of the
region at 0, 0.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.sparse import coo_matrix
from scipy.sparse.csgraph import minimum_spanning_tree
from scipy.spatial.distance import cdist

from zemsim.calibrate.backtest.place import Place
from zemsim.region.make.pack import largest_remainder

#: Municipalities of a generic region: the main settlement, and all the rest.
CENTRE, AROUND = "Centre", "Around"
_COUNTRYSIDE = "countryside"
#: A settlement with fewer cells across has no town lines.
TOWN_LINE_CELLS = 3


@dataclass(frozen=True)
class Settlement:
    """A settlement: its cells stand in a square of ``cells`` by ``cells``."""

    name: str
    municipality: str
    x_m: float
    y_m: float
    cells: int
    cell_m: float
    population: int

    def points(self) -> NDArray[np.float64]:
        """Middles of the cells, row by row from the south-west: float64 [cells * cells, 2]."""
        steps = (np.arange(self.cells) - 0.5 * (self.cells - 1)) * self.cell_m
        north, east = np.meshgrid(steps, steps, indexing="ij")
        return np.column_stack([self.x_m + east.ravel(), self.y_m + north.ravel()])


@dataclass(frozen=True)
class Layout:
    """Settlements, zones and roads of a generic region.

    Attributes
    ----------
    settlements : the centre first.
    zones : one row per cell, in the order of the settlements, the countryside last.
    links : ``from, to`` (rows of zones)``, kind`` (street, local, regional).
    """

    settlements: tuple[Settlement, ...]
    zones: pd.DataFrame
    links: pd.DataFrame


def make_layout(place: Place) -> Layout:
    """Lay out a place: residents, dwellings and jobs by cell, and the roads between them."""
    settlements = make_settlements(place)
    parts = [_settlement_zones(place, s) for s in settlements]
    parts.append(_countryside(place, settlements))
    zones = pd.concat(parts, ignore_index=True)
    zones.insert(0, "zone_id", [f"z{row:04d}" for row in range(len(zones))])
    zones["jobs"] = zones["jobs"] * (place["jobs_per_resident"] * zones["population"].sum() / zones["jobs"].sum())
    return Layout(settlements, zones, _links(zones, settlements, place))


def make_settlements(place: Place) -> tuple[Settlement, ...]:
    """Make the centre, and the other settlements in a ring around it."""
    number = int(place["towns"]) if place["towns_share"] > 0.0 else 0
    total = place.simulated
    shares = [place["centre_share"], *(place["towns_share"] / number for _ in range(number))]
    rest = 1.0 - sum(shares)
    people = largest_remainder(total, [*shares, rest])[:-1] if rest > 0 else largest_remainder(total, shares)
    found = []
    for row, count in enumerate(people):
        part = "centre" if row == 0 else "towns"
        side_m = 1000.0 * math.sqrt(place.residents * shares[row] / place[f"{part}_pers_km2"])
        cells = max(1, round(side_m / (1000.0 * place["urban_cell_km"])))
        angle = 2.0 * math.pi * (row - 0.5) / max(1, number)
        ring_m = 0.0 if row == 0 else 1000.0 * place["town_km"]
        x_m, y_m = ring_m * math.cos(angle), ring_m * math.sin(angle)
        name = CENTRE if row == 0 else f"Town {row}"
        found.append(Settlement(name, CENTRE if row == 0 else AROUND, x_m, y_m, cells, side_m / cells, count))
    return tuple(found)


def _settlement_zones(place: Place, settlement: Settlement) -> pd.DataFrame:
    points = settlement.points()
    part = "centre" if settlement.municipality == CENTRE else "towns"
    population = np.array(largest_remainder(settlement.population, [1.0] * len(points)))
    reach_m = max(0.5 * settlement.cells * settlement.cell_m, 1.0)
    off = np.hypot(points[:, 0] - settlement.x_m, points[:, 1] - settlement.y_m) / reach_m
    jobs = place[f"jobs_{part}"] * settlement.population * _shares(np.exp(-place["jobs_core"] * off))
    return _zones(points, settlement.name, settlement.municipality, settlement.cell_m, population, jobs, place, part)


def _shares(weight: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.asarray(weight / weight.sum())


def _countryside(place: Place, settlements: tuple[Settlement, ...]) -> pd.DataFrame:
    cell_m, radius_m = 1000.0 * place["rural_cell_km"], 1000.0 * place["radius_km"]
    number = max(2, round(2.0 * radius_m / cell_m))
    steps = (np.arange(number) - 0.5 * (number - 1)) * cell_m
    north, east = np.meshgrid(steps, steps, indexing="ij")
    points = np.column_stack([east.ravel(), north.ravel()])
    points = points[np.hypot(points[:, 0], points[:, 1]) <= radius_m]
    left = place.simulated - sum(s.population for s in settlements)
    people = np.array(largest_remainder(left, [1.0] * len(points)))
    jobs = place["jobs_countryside"] * people
    # Half a metre off the grid, so that no cell of a settlement has the same middle.
    return _zones(points + 0.5, _COUNTRYSIDE, AROUND, cell_m, people, jobs, place, "countryside")


def _zones(
    points: NDArray[np.float64],
    settlement: str,
    municipality: str,
    cell_m: float,
    population: NDArray[np.int64],
    jobs: NDArray[np.float64],
    place: Place,
    part: str,
) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "settlement": settlement,
            "municipality": municipality,
            "x_m": points[:, 0],
            "y_m": points[:, 1],
            "size_m": cell_m,
            "population": population,
            "density": population / place.sample_share / (cell_m / 1000.0) ** 2,
            "jobs": jobs,
            "flat_share": place[f"flat_share_{part}"],
        }
    )


def _links(zones: pd.DataFrame, settlements: tuple[Settlement, ...], place: Place) -> pd.DataFrame:
    rows: list[tuple[int, int, str]] = []
    centres, first = [], 0
    for settlement in settlements:
        rows += [(first + a, first + b, "street") for a, b in grid_pairs(settlement.cells)]
        middle = settlement.cells // 2
        centres.append(first + middle * settlement.cells + middle)
        first += settlement.cells**2
    points = zones[["x_m", "y_m"]].to_numpy(np.float64)
    rural = np.arange(first, len(zones))
    rows += _lattice(points, rural, 1000.0 * place["rural_cell_km"])
    rows += _main_roads(points, np.array(centres))
    rows += _joins(points, rural, first, centres)
    table = pd.DataFrame(
        sorted({(min(a, b), max(a, b)): kind for a, b, kind in rows}.items()), columns=["pair", "kind"]
    )
    return pd.DataFrame(
        {"from": [p[0] for p in table["pair"]], "to": [p[1] for p in table["pair"]], "kind": table["kind"]}
    )


def grid_pairs(cells: int) -> list[tuple[int, int]]:
    """Pairs of neighbours of a square grid, numbered row by row."""
    number = np.arange(cells * cells).reshape(cells, cells)
    east = zip(number[:, :-1].ravel(), number[:, 1:].ravel(), strict=True)
    north = zip(number[:-1].ravel(), number[1:].ravel(), strict=True)
    return [(int(a), int(b)) for pairs in (east, north) for a, b in pairs]


def _lattice(points: NDArray[np.float64], rural: NDArray[np.intp], cell_m: float) -> list[tuple[int, int, str]]:
    """Local roads between neighbouring cells of the countryside."""
    away = cdist(points[rural], points[rural])
    a, b = np.nonzero(np.triu(away < 1.1 * cell_m, k=1))
    return [(int(rural[i]), int(rural[j]), "local") for i, j in zip(a, b, strict=True)]


def _main_roads(points: NDArray[np.float64], centres: NDArray[np.intp]) -> list[tuple[int, int, str]]:
    """Regional roads from the centre to each other settlement, and along the ring."""
    found = [(int(centres[0]), int(c), "regional") for c in centres[1:]]
    ring = centres[1:]
    if len(ring) > 2:
        found += [(int(a), int(b), "regional") for a, b in zip(ring, np.roll(ring, -1), strict=True)]
    return found


def _joins(points: NDArray[np.float64], rural: NDArray[np.intp], first: int, centres: list[int]) -> list[Any]:
    """Local roads that join the countryside to the nearest settlement cell, and whatever is left to the rest."""
    if not len(rural):
        return []
    away = cdist(points[rural], points[:first])
    nearest = away.argmin(axis=1)
    found = [(int(r), int(n), "local") for r, n in zip(rural, nearest, strict=True) if _close(away, r - first, n)]
    tree = minimum_spanning_tree(coo_matrix(cdist(points[[*centres, *rural]], points[[*centres, *rural]]))).tocoo()
    names = [*centres, *rural.tolist()]
    return found + [(names[a], names[b], "local") for a, b in zip(tree.row, tree.col, strict=True)]


def _close(away: NDArray[np.float64], row: int, column: int) -> bool:
    """Whether a cell of the countryside is the nearest one of its nearest settlement cell."""
    return bool(away[:, column].argmin() == row)
