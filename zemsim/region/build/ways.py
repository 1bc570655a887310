"""Ways of an extract as a mode sees them: who may use them, in which direction, how fast, on what."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from zemsim.region.build import tags as read
from zemsim.region.build.osm import OsmExtract
from zemsim.region.build.report import Report
from zemsim.region.build.rules import Rules

Ints = NDArray[np.int64]


@dataclass(frozen=True)
class CarRoad:
    """What a road is for cars; equal roads in a row are one link.

    ``limit_km_h`` and the lanes along and against the way are None where no tag states them.
    """

    highway: str
    limit_km_h: float | None
    lanes: tuple[float | None, float | None]
    surface: str
    surface_share: float
    bridge: bool

    def turned(self) -> CarRoad:
        """Return the same road looked at from its other end."""
        if self.lanes[0] == self.lanes[1]:
            return self
        return CarRoad(self.highway, self.limit_km_h, self.lanes[::-1], self.surface, self.surface_share, self.bridge)


@dataclass(frozen=True)
class ActiveWay:
    """What a way is for walking and cycling.

    ``bike`` is 1, -1 or 0 for one direction or both, None where cycling is not allowed.
    """

    highway: str
    walk: bool
    bike: int | None
    infrastructure: str
    surface_share: float

    def turned(self) -> ActiveWay:
        """Return the same way looked at from its other end."""
        bike = None if self.bike is None else -self.bike
        return ActiveWay(self.highway, self.walk, bike, self.infrastructure, self.surface_share)


@dataclass(frozen=True)
class Piece:
    """Consecutive nodes of a way that are in the file: positions in the extract's nodes."""

    way: int
    nodes: tuple[int, ...]


def pieces(extract: OsmExtract, ways: list[int], report: Report, part: str) -> list[Piece]:
    """Return the ways as runs of nodes that are there; a missing node cuts a way in two, and is counted.

    A node that follows itself is taken once. Ways come in the order of their ids.
    """
    at = np.searchsorted(extract.node_id, extract.refs)
    at = np.minimum(at, extract.node_id.size - 1)
    known = extract.node_id[at] == extract.refs
    found, lost_ways = [], set()
    missing = doubled = 0
    for way in sorted(ways, key=lambda w: int(extract.way_id[w])):
        a, b = int(extract.way_start[way]), int(extract.way_start[way + 1])
        run: list[int] = []
        runs = [run]
        for position, there in zip(at[a:b].tolist(), known[a:b].tolist(), strict=True):
            if not there:
                missing += 1
                lost_ways.add(way)
                run = []
                runs.append(run)
            elif run and run[-1] == position:
                doubled += 1
            else:
                run.append(position)
        found += [Piece(way, tuple(nodes)) for nodes in runs if len(nodes) > 1]
    names = [f"way {int(extract.way_id[way])}" for way in sorted(lost_ways)]
    report.count(part, "dropped", "nodes that ways name and the file lacks", missing, examples=names)
    report.count(part, "repaired", "ways cut where nodes are missing", len(lost_ways), examples=names)
    report.count(part, "repaired", "nodes that follow themselves", doubled)
    return found


def car_roads(extract: OsmExtract, rules: Rules, report: Report) -> tuple[dict[int, CarRoad], dict[int, int]]:
    """Return what each way that cars may use is, and in which direction (1, -1, 0 both), by position."""
    roads: dict[int, CarRoad] = {}
    ways: dict[int, int] = {}
    told: Counter[str] = Counter()
    for way in _highways(extract, rules, report):
        tags = extract.tags[way]
        use, unclear = read.allowed(tags, "car", rules)
        told["access tags with a value that the rules do not know"] += unclear
        if not use or tags.get("area") == "yes":
            continue
        vehicles, unclear = read.direction(tags)
        told["oneway tags that were not understood or change with time"] += unclear
        limit = _limit(tags, vehicles, rules, told)
        forward, backward, unclear = read.lanes_each_way(tags, vehicles)
        told["lanes tags that were not understood"] += unclear
        told["ways without lanes: lanes of their class"] += forward is None and not unclear
        kind, share = _surface(tags, rules, told)
        bridge = tags.get("bridge", "no") != "no"
        roads[way] = CarRoad(tags["highway"], limit, (forward, backward), kind, share, bridge)
        ways[way] = vehicles
    for what, number in sorted(told.items()):
        report.count("roads", "defaulted", what, number)
    report.count("roads", "kept", "ways for cars", len(roads))
    report.count("roads", "kept", "one-way ways for cars", sum(1 for value in ways.values() if value))
    return roads, ways


def active_ways(extract: OsmExtract, rules: Rules, report: Report) -> dict[int, ActiveWay]:
    """Return what each way that people may walk or ride is, by position."""
    found: dict[int, ActiveWay] = {}
    told: Counter[str] = Counter()
    for way in _highways(extract, rules, None):
        tags = extract.tags[way]
        walk, unclear = read.allowed(tags, "walk", rules)
        ride, unclear_too = read.allowed(tags, "bike", rules)
        told["access tags with a value that the rules do not know"] += unclear or unclear_too
        if not (walk or ride):
            continue
        vehicles, _ = read.direction(tags)
        bike = read.bike_direction(tags, vehicles) if ride else None
        surface = rules.surfaces.get(tags.get("surface", ""))
        share = 1.0 if surface is None else surface.bike_share
        if "surface" not in tags and tags["highway"] in ("path", "track"):
            told["paths and tracks without a surface: ground"] += 1
            share = rules.surfaces["ground"].bike_share
        found[way] = ActiveWay(tags["highway"], walk, bike, read.infrastructure(tags), share)
    for what, number in sorted(told.items()):
        report.count("walking and cycling", "defaulted", what, number)
    report.count("walking and cycling", "kept", "ways for walking", sum(way.walk for way in found.values()))
    report.count("walking and cycling", "kept", "ways for cycling", sum(way.bike is not None for way in found.values()))
    return found


def _highways(extract: OsmExtract, rules: Rules, report: Report | None) -> Iterator[int]:
    """Positions of ways whose class is in the rules; others are counted."""
    for way, tags in enumerate(extract.tags):
        if tags["highway"] in rules.highways:
            yield way
        elif report is not None:
            report.count("roads", "dropped", "ways of a class that the rules do not know", examples=[tags["highway"]])


def _limit(tags: read.Tags, vehicles: int, rules: Rules, told: Counter[str]) -> float | None:
    side = "maxspeed:backward" if vehicles < 0 else "maxspeed:forward"
    text = tags.get("maxspeed", tags.get(side))
    if text is None:
        told["ways without a limit: limit of their class"] += 1
        return None
    limit = read.speed_km_h(text, rules)
    told["maxspeed tags that were not understood: limit of their class"] += limit is None
    return limit


def _surface(tags: read.Tags, rules: Rules, told: Counter[str]) -> tuple[str, float]:
    text = tags.get("surface")
    usual = "gravel" if tags["highway"] == "track" else "asphalt"
    if text is None:
        told[f"ways without a surface: {usual}"] += 1
        return usual, rules.surfaces[usual].car_share
    surface = rules.surfaces.get(text.split(";")[0].strip())
    if surface is None:
        told[f"surface tags that the rules do not know: {usual}"] += 1
        return usual, rules.surfaces[usual].car_share
    return surface.kind, surface.car_share
