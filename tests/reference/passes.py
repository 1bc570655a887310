"""The slow, obvious twin of `zemsim.kernels.passes`: compare what a month costs with either ticket."""

from __future__ import annotations

from collections.abc import Sequence


def passes_taken(rides_month: Sequence[float], trips: Sequence[float]) -> int:
    """Passes for buses and trains as bits; at a single fare of 1 a month costs ``rides`` or ``trips``."""
    cheaper = [price < rides for rides, price in zip(rides_month, trips, strict=True)]
    return int(cheaper[0]) + 2 * int(cheaper[1])
