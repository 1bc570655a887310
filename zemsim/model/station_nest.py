"""The nest of ways to a station below bus and train, and who finds no place there: arrays in, arrays out.

Axes: G groups, a tour and a mode each; W ways by car or bicycle, each of one group; n arrivals.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

Float = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]


class Nest(NamedTuple):
    """What is drawn in each group.

    Attributes
    ----------
    logsum : float64 [G], ``lam log(sum(exp(V / lam)))``, -inf where there is no way at all.
    drawn : int64 [G], the way; -1 on foot, or none.
    """

    logsum: Float
    drawn: Ints


def draw_ways_of(walk: Float, walk_luck: Float, utility: Float, luck: Float, group: Ints, lam: float) -> Nest:
    """Draw one way for each group by utility and luck; ties go to walking, then to the lower way.

    Parameters
    ----------
    walk, walk_luck : float64 [G], utility on foot, -inf where that is none, and its standard Gumbel.
    utility, luck, group : [W], utility of each way, -inf where it is none, its standard Gumbel and its group.
    lam : scale of the nest, above 0.
    """
    best = walk.copy()
    np.maximum.at(best, group, utility)
    top = np.where(np.isfinite(best), best, 0.0)
    total = np.exp((walk - top) / lam)
    total += np.bincount(group, np.exp((utility - top[group]) / lam), len(total))
    logsum = best + lam * np.log(np.where(total > 0.0, total, 1.0))
    value, on_foot = utility / lam + luck, walk / lam + walk_luck
    highest = on_foot.copy()
    np.maximum.at(highest, group, value)
    order = np.flatnonzero((value == highest[group]) & np.isfinite(value))[::-1]
    drawn = np.full(len(walk), -1, np.int64)
    drawn[group[order]] = order
    drawn[on_foot == highest] = -1
    return Nest(logsum, drawn)


def without_place(
    lot: npt.NDArray[Any], arrive_min: Float, resident_id: Ints, address: Ints, places: npt.NDArray[Any]
) -> Ints:
    """Positions [late] of those who find no place: a lot's places are taken in the order of arrival.

    ``lot`` [n] is where each comes to, ``places`` [lots] what a lot holds; at the same minute the lower resident and
    tour are first.
    """
    order = np.lexsort((address, resident_id, arrive_min, lot))
    in_order = lot[order]
    rank = np.arange(len(order)) - np.searchsorted(in_order, in_order, "left")
    late: Ints = order[rank >= places[in_order]]
    return late
