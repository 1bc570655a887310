"""The slow twin of walks on a network: Dijkstra over the rows of the tables, link by link, in plain Python."""

from __future__ import annotations

import heapq
import math
from typing import Any


def walk_s(nodes: list[dict[str, Any]], links: list[dict[str, Any]], km_h: float, steps: float, slope: float) -> Any:
    """Seconds on foot from each node that is a zone to each that is a stop: ``{zone_id: {stop_id: seconds}}``.

    The speed on stairs is a share of the usual one; on the part of a link that climbs or falls it goes down with
    ``exp(-slope x height / length)``.
    """
    near: dict[str, list[tuple[str, float]]] = {node["node_id"]: [] for node in nodes}
    for link in links:
        if link["walk"] != 1:
            continue
        speed = km_h / 3.6 * (steps if link["infrastructure"] == "steps" else 1.0)
        height = sum(h for h in (link["rise_m"], link["fall_m"]) if not math.isnan(h))
        seconds = link["length_m"] / speed
        if height > 0:
            seconds *= math.exp(slope * min(height / link["length_m"], 1.0))
        near[link["from_node"]].append((link["to_node"], seconds))
        near[link["to_node"]].append((link["from_node"], seconds))
    stop_of = {node["node_id"]: node["stop_id"] for node in nodes if node["stop_id"]}
    found = {}
    for node in nodes:
        if node["zone_id"]:
            reached = _from(near, node["node_id"])
            found[node["zone_id"]] = {stop: reached[at] for at, stop in stop_of.items() if at in reached}
    return found


def _from(near: dict[str, list[tuple[str, float]]], start: str) -> dict[str, float]:
    best, queue = {start: 0.0}, [(0.0, start)]
    while queue:
        seconds, node = heapq.heappop(queue)
        if seconds > best[node]:
            continue
        for other, more in near[node]:
            if seconds + more < best.get(other, math.inf):
                best[other] = seconds + more
                heapq.heappush(queue, (seconds + more, other))
    return best
