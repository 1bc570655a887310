"""Heights from an ASCII grid (Esri), in degrees: bilinear between cell centres."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from zemsim.core.errors import InputError

Float = NDArray[np.float64]

_HEADER = ("ncols", "nrows", "cellsize")
_MOST_BYTES = 1024**3
_MOST_CELLS = 200_000_000


@dataclass(frozen=True, eq=False)
class Elevation:
    """Heights in metres at cell centres, the first row in the north; NaN where not known.

    Cells are ``cell_lat`` degrees high and wide.
    """

    west_lon: float
    south_lat: float
    cell_lat: float
    height_m: Float

    def at(self, lon: Float, lat: Float) -> Float:
        """Return heights at points in degrees, float64; NaN outside."""
        rows, columns = self.height_m.shape
        x = (lon - self.west_lon) / self.cell_lat
        y = (rows - 1) - (lat - self.south_lat) / self.cell_lat
        inside = (x >= 0) & (x <= columns - 1) & (y >= 0) & (y <= rows - 1)
        i = np.clip(np.floor(np.where(inside, y, 0)).astype(int), 0, max(rows - 2, 0))
        j = np.clip(np.floor(np.where(inside, x, 0)).astype(int), 0, max(columns - 2, 0))
        i2, j2 = np.minimum(i + 1, rows - 1), np.minimum(j + 1, columns - 1)
        a, b = y - i, x - j
        h = self.height_m
        upper = h[i, j] * (1 - b) + h[i, j2] * b
        lower = h[i2, j] * (1 - b) + h[i2, j2] * b
        return np.where(inside, upper * (1 - a) + lower * a, np.nan)


def read_elevation(path: str | Path) -> Elevation:
    """Read an Esri ASCII grid in degrees (``ncols, nrows, xllcorner, yllcorner, cellsize, NODATA_value``).

    Raises
    ------
    InputError
        If the file is missing, no such grid, or too large.
    """
    path = Path(path)
    if not path.is_file():
        raise InputError("file is missing", path)
    if path.stat().st_size > _MOST_BYTES:
        raise InputError("file is larger than 1 GiB", path, hint="cut it to the region")
    header: dict[str, float] = {}
    with path.open(encoding="ascii", errors="replace") as handle:
        lines = 0
        while True:
            at = handle.tell()
            parts = handle.readline().split()
            if len(parts) != 2 or not parts[0][:1].isalpha():
                handle.seek(at)
                break
            lines += 1
            try:
                header[parts[0].lower()] = float(parts[1])
            except ValueError:
                raise InputError(f"{parts[0][:20]}: “{parts[1][:20]}” is not a number", path, lines) from None
        _check_header(header, path)
        rows, columns = int(header["nrows"]), int(header["ncols"])
        try:
            heights = np.fromstring(handle.read(), dtype=np.float64, sep=" ")
        except (ValueError, DeprecationWarning):
            raise InputError("heights are not numbers", path) from None
    if heights.size != rows * columns:
        raise InputError(f"there are {heights.size:,} heights, not {rows * columns:,}", path)
    heights[heights == header.get("nodata_value", -9999.0)] = np.nan
    centre = 0.0 if "xllcenter" in header else 0.5
    cell = header["cellsize"]
    west = header.get("xllcenter", header.get("xllcorner", 0.0)) + centre * cell
    south = header.get("yllcenter", header.get("yllcorner", 0.0)) + centre * cell
    return Elevation(west, south, cell, heights.reshape(rows, columns))


def _check_header(header: dict[str, float], path: Path) -> None:
    for name in _HEADER:
        if not header.get(name, 0.0) > 0:
            raise InputError(f"{name} is missing or not above zero", path, hint="this is no Esri ASCII grid")
    if not {"xllcorner", "yllcorner"} <= set(header) and not {"xllcenter", "yllcenter"} <= set(header):
        raise InputError("xllcorner and yllcorner are missing", path)
    if header["ncols"] * header["nrows"] > _MOST_CELLS:
        raise InputError("the grid has too many cells", path, hint="cut it to the region")
    if header["cellsize"] > 1.0:
        raise InputError("cellsize is larger than a degree", path, hint="the grid must be in degrees, not metres")
