"""First come, first served at points of equal power: each car takes the point that is free first."""

from __future__ import annotations

from collections.abc import Sequence


def waits(arrive_min: Sequence[float], minutes: Sequence[float], points: int) -> list[float]:
    """Wait of each car in minutes; arrivals in order, nobody leaves."""
    free_at = [0.0] * points
    found = []
    for arrives, stays in zip(arrive_min, minutes, strict=True):
        point = min(range(points), key=lambda k: (free_at[k], k))
        begins = max(arrives, free_at[point])
        free_at[point] = begins + stays
        found.append(begins - arrives)
    return found
