"""What lies near what in the plane: nearest points, lines within reach, shapes that touch. Search trees of others."""

from __future__ import annotations

from typing import Any

import numpy as np
import shapely
from numpy.typing import ArrayLike, NDArray

Float = NDArray[np.float64]
Int = NDArray[np.int64]


class NearestPoint:
    """Finds the nearest of given points.

    Parameters
    ----------
    points : float64 [n, 2]
        Metres.
    """

    def __init__(self, points: ArrayLike) -> None:
        from scipy.spatial import cKDTree  # takes a fifth of a second to load, and many need no tree

        self._tree = cKDTree(np.asarray(points, np.float64))

    def of(self, points: ArrayLike) -> tuple[Float, Int]:
        """Return metres to the nearest point, and its position, for one point [2] or several [m, 2]."""
        metres, position = self._tree.query(np.asarray(points, np.float64))
        return np.asarray(metres), np.asarray(position, np.int64)

    def to_others(self) -> Float:
        """Return metres from each of the points to the nearest other one: float64 [n]; inf for a single point."""
        metres = self._tree.query(self._tree.data, k=2)[0]
        return np.asarray(metres[:, 1])


def lines_within(lines: NDArray[Any], points: NDArray[Any], limit_m: float) -> tuple[Int, Int]:
    """Return positions of points and of the lines within reach of them, all pairs."""
    pairs = shapely.STRtree(lines).query(points, predicate="dwithin", distance=limit_m)
    return pairs[0], pairs[1]


def touching(shapes: list[Any]) -> tuple[Int, Int]:
    """Return positions of shapes that touch or overlap, each pair once."""
    a, b = shapely.STRtree(shapes).query(shapes, predicate="intersects")
    return a[a < b], b[a < b]
