"""How time grows with the size of a graph: the exponent of a power law through all sizes."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from typing import Any

import numpy as np


def exponent(sizes: Iterable[float], seconds: Iterable[float]) -> float:
    """Slope of the straight line through the logarithms, by least squares."""
    slope, _ = np.polyfit(np.log(list(sizes)), np.log(list(seconds)), 1)
    return float(slope)


def growth(rows: Iterable[dict[str, Any]]) -> list[dict[str, Any]]:
    """For each group of tasks and number of threads: exponents of ours and of each peer that has all the sizes."""
    ours: dict[tuple[str, int], dict[float, float]] = defaultdict(dict)
    theirs: dict[tuple[str, int], dict[str, dict[float, float]]] = defaultdict(lambda: defaultdict(dict))
    for row in rows:
        if not row["group"]:
            continue
        key, clock = (row["group"], row["threads"]), "cpu_seconds" if row["judged_by"] == "processor" else "seconds"
        ours[key][row["size"]] = row[clock]
        if row["peer"] is not None and not row["peer"].startswith("ours"):
            theirs[key][row["peer"]][row["size"]] = row[f"peer_{clock}"]
    found = []
    for key, by_size in ours.items():
        if len(by_size) < 2:
            continue
        peers = {name: times for name, times in theirs[key].items() if times.keys() == by_size.keys()}
        found.append(
            {
                "group": key[0],
                "threads": key[1],
                "sizes": sorted(by_size),
                "exponent": exponent(by_size.keys(), by_size.values()),
                "peers": {name: exponent(times.keys(), times.values()) for name, times in peers.items()},
            }
        )
    return found
