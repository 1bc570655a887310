"""Adaptive squares on the European grid (EPSG:3035): 1 km where people live close, up to 4 km elsewhere."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

#: A square of 1 km by its lower left corner in km east and north.
Cell = tuple[int, int]

#: Largest square, in km; sizes halve down to 1.
LARGEST_KM = 4

#: A square of 4 km is halved where its main settlement owns less than this share of it.
PURE_SHARE = 0.5

#: A square without a core is left out where less than this share of it lies in the region.
INSIDE_SHARE = 0.4


@dataclass(frozen=True)
class Square:
    """A zone's square: lower left corner and size in km, its cells inside the region, and who owns it."""

    east_km: int
    north_km: int
    size_km: int
    cells: tuple[Cell, ...]
    owner: str
    core: bool

    @property
    def x_m(self) -> int:
        """Easting of the centre, metres."""
        return self.east_km * 1000 + self.size_km * 500

    @property
    def y_m(self) -> int:
        """Northing of the centre, metres."""
        return self.north_km * 1000 + self.size_km * 500

    @property
    def zone_id(self) -> str:
        """Code of the square in the style of the European grid."""
        return f"CRS3035RES{self.size_km * 1000}mN{self.north_km * 1000}E{self.east_km * 1000}"


def _majority(owners: Iterable[str]) -> tuple[str, float]:
    counts = Counter(owners)
    best = min(counts, key=lambda name: (-counts[name], name))
    return best, counts[best] / counts.total()


def squares(owner: dict[Cell, str], core: dict[Cell, str]) -> list[Square]:
    """Cut the region into squares.

    Parameters
    ----------
    owner : dict of cell to settlement_id
        Every cell of the region.
    core : dict of cell to settlement_id
        The cells of cities, towns and villages; each becomes a square of 1 km. A subset of ``owner``.

    Returns
    -------
    list of Square
        In the order of northing, then easting.
    """
    found: list[Square] = []
    tops = sorted({(cell[0] // LARGEST_KM * LARGEST_KM, cell[1] // LARGEST_KM * LARGEST_KM) for cell in owner})
    for east, north in tops:
        _split(east, north, LARGEST_KM, owner, core, found)
    return sorted(found, key=lambda square: (square.north_km, square.east_km))


def _split(
    east: int, north: int, size: int, owner: dict[Cell, str], core: dict[Cell, str], found: list[Square]
) -> None:
    cells = tuple((e, n) for n in range(north, north + size) for e in range(east, east + size) if (e, n) in owner)
    if not cells:
        return
    best, share = _majority(owner[cell] for cell in cells)
    built = any(cell in core for cell in cells)
    if size > 1 and (built or (size == LARGEST_KM and share < PURE_SHARE)):
        half = size // 2
        for de in (0, half):
            for dn in (0, half):
                _split(east + de, north + dn, half, owner, core, found)
        return
    if built or len(cells) >= INSIDE_SHARE * size * size:
        found.append(Square(east, north, size, cells, best, built))


def neighbours(parts: list[Square]) -> list[tuple[int, int]]:
    """Return the pairs of squares (positions, lower first) whose cells share an edge."""
    at = {cell: i for i, square in enumerate(parts) for cell in square.cells}
    pairs = set()
    for (e, n), i in at.items():
        for other in ((e + 1, n), (e, n + 1)):
            j = at.get(other, i)
            if j != i:
                pairs.add((min(i, j), max(i, j)))
    return sorted(pairs)
