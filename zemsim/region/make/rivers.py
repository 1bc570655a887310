"""Rivers that roads cross on bridges only."""

from __future__ import annotations

import math
from dataclasses import dataclass

import shapely

from zemsim.region import geo
from zemsim.region.make.network import Network
from zemsim.region.make.pack import Pack

#: From the middle of a bridge to each of its ends, metres.
HALF_BRIDGE_M = 300.0


@dataclass(frozen=True)
class Bridge:
    """A bridge and its two end nodes (``-a`` left, ``-b`` right of the line of the river)."""

    bridge_id: str
    name: str
    river: str
    road_class: str
    ends: tuple[str, str]
    status: str
    source: str


@dataclass(frozen=True)
class Rivers:
    """Coarse lines of the rivers on the grid and the bridges over them."""

    lines: dict[str, shapely.LineString]
    bridges: dict[str, Bridge]

    def crosses(self, network: Network, a: str, b: str) -> bool:
        """Return whether the straight line between two nodes meets a river."""
        first, second = network.nodes[a], network.nodes[b]
        way = shapely.LineString([(first.x_m, first.y_m), (second.x_m, second.y_m)])
        return any(bool(shapely.intersects(line, way)) for line in self.lines.values())


def _line(rows: list[dict[str, str]]) -> shapely.LineString:
    ordered = sorted(rows, key=lambda row: int(row["sequence"]))
    x, y = geo.to_metres([float(row["lon"]) for row in ordered], [float(row["lat"]) for row in ordered])
    return shapely.LineString(list(zip(x, y, strict=True)))


def _end_points(line: shapely.LineString, x: float, y: float) -> list[tuple[float, float]]:
    """Return points left and right of a river, square to it, at the place on it that is nearest to (x, y)."""
    at = line.project(shapely.Point(x, y))
    middle = line.interpolate(at)
    before, after = line.interpolate(max(at - 150.0, 0.0)), line.interpolate(min(at + 150.0, line.length))
    length = math.hypot(after.x - before.x, after.y - before.y)
    nx, ny = -(after.y - before.y) / length, (after.x - before.x) / length
    return [(middle.x + side * HALF_BRIDGE_M * nx, middle.y + side * HALF_BRIDGE_M * ny) for side in (1, -1)]


def rivers(pack: Pack, network: Network) -> Rivers:
    """Return the rivers; the ends of the bridges are added to the network as junctions."""
    rows = pack.facts("rivers")
    lines = {name: _line([row for row in rows if row["river"] == name]) for name in sorted({r["river"] for r in rows})}
    bridges = {}
    for row in pack.facts("bridges"):
        x, y = geo.to_metres(float(row["lon"]), float(row["lat"]))
        ends = []
        for letter, point in zip("ab", _end_points(lines[row["river"]], float(x), float(y)), strict=True):
            ends.append(network.add_node_at(f"bridge-{row['bridge_id']}-{letter}", "junction", *point).node_id)
        bridges[row["bridge_id"]] = Bridge(
            row["bridge_id"],
            row["name"],
            row["river"],
            row["road_class"],
            (ends[0], ends[1]),
            row["status"],
            row["source"],
        )
    return Rivers(lines, bridges)
