"""Trips of a pattern: FIFO classes, and more or fewer departures."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

#: Where a pattern has one departure a day, the first added one follows it by this much, or precedes it late in the day.
LONE_GAP_S = 4 * 3600
LAST_ADDED_S = 23 * 3600


def fifo_classes(trips: list[Any]) -> list[list[Any]]:
    """Split trips with the same stops into classes in which none overtakes another.

    Parameters
    ----------
    trips : list of (runs, arrive, depart, dist)
        ``arrive, depart``: int32 [positions] in seconds.

    Returns
    -------
    list of lists
        Each sorted by departure; a trip joins the first class whose last trip it nowhere overtakes.
    """
    order = sorted(trips, key=lambda trip: (trip[2].tolist(), trip[1].tolist(), trip[0]))
    classes: list[list[Any]] = []
    for trip in order:
        for members in classes:
            last = members[-1]
            if np.all(trip[2] >= last[2]) and np.all(trip[1] >= last[1]):
                members.append(trip)
                break
        else:
            classes.append([trip])
    return classes


def scale_departures(
    arrive_s: NDArray[np.int32], depart_s: NDArray[np.int32], factor: float
) -> tuple[NDArray[np.int32], NDArray[np.int32]]:
    """Return arrival and departure times of a pattern with its number of trips times ``factor``.

    Parameters
    ----------
    arrive_s, depart_s : int32 [positions, trips]
        FIFO order.
    factor : float
        Zero or more; the number of trips is rounded half up.
    """
    count = depart_s.shape[1]
    wanted = int(np.floor(count * factor + 0.5))
    if wanted == count:
        return arrive_s, depart_s
    if wanted < count:
        keep = np.array([int((i + 0.5) * count / wanted) for i in range(wanted)], np.int64)
        return np.ascontiguousarray(arrive_s[:, keep]), np.ascontiguousarray(depart_s[:, keep])
    return _added(arrive_s, depart_s, wanted - count)


def _added(
    arrive_s: NDArray[np.int32], depart_s: NDArray[np.int32], extra: int
) -> tuple[NDArray[np.int32], NDArray[np.int32]]:
    """Insert ``extra`` trips between the first and the last: evenly per gap, one more in the largest gaps."""
    count = depart_s.shape[1]
    if count == 1:
        shift = LONE_GAP_S if int(depart_s[0, 0]) + LONE_GAP_S <= LAST_ADDED_S else -LONE_GAP_S
        columns = [0, 1] if shift > 0 else [1, 0]
        arrive_s = np.hstack([arrive_s, arrive_s + np.int32(shift)])[:, columns]
        depart_s = np.hstack([depart_s, depart_s + np.int32(shift)])[:, columns]
        return _added(arrive_s, depart_s, extra - 1) if extra > 1 else (arrive_s, depart_s)
    gaps = np.diff(depart_s[0].astype(np.int64))
    share = np.full(count - 1, extra // (count - 1), np.int64)
    share[np.argsort(-gaps, kind="stable")[: extra % (count - 1)]] += 1
    arrive, depart = [], []
    for i in range(count - 1):
        for j in range(int(share[i]) + 1):
            arrive.append(_between(arrive_s[:, i], arrive_s[:, i + 1], j, int(share[i]) + 1))
            depart.append(_between(depart_s[:, i], depart_s[:, i + 1], j, int(share[i]) + 1))
    arrive.append(arrive_s[:, -1])
    depart.append(depart_s[:, -1])
    return np.ascontiguousarray(np.stack(arrive, axis=1)), np.ascontiguousarray(np.stack(depart, axis=1))


def _between(a: NDArray[np.int32], b: NDArray[np.int32], j: int, parts: int) -> NDArray[np.int32]:
    """Time at ``j / parts`` of the way from a to b, rounded down: order is kept at every stop."""
    return np.asarray(a + (b.astype(np.int64) - a) * j // parts, np.int32)
