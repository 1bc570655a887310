"""State roads by section: through the places on their way, over rivers on named bridges, with access from the zones."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable
from dataclasses import dataclass, field, replace

from zemsim.region.make.link_kinds import connector, state_road
from zemsim.region.make.network import LinkKind, Network
from zemsim.region.make.pack import Pack
from zemsim.region.make.rivers import Bridge, Rivers
from zemsim.region.make.zones import Zone

#: Junctions on a link are at least so far apart, metres.
LEAST_SPACING_M = 400.0


@dataclass
class Roads:
    """What the steps of making roads share."""

    pack: Pack
    network: Network
    rivers: Rivers
    zones: list[Zone]
    zone_at: dict[tuple[int, int], int]
    node_of: dict[str, str]
    joined: set[tuple[str, str]] = field(default_factory=set)

    def zone_of(self, x_m: float, y_m: float) -> int | None:
        """Return the position of the zone that holds a point, None outside."""
        return self.zone_at.get((int(x_m // 1000), int(y_m // 1000)))

    def urban(self, x_m: float, y_m: float) -> bool:
        """Return whether a point lies in a zone of a city, town or village."""
        i = self.zone_of(x_m, y_m)
        return i is not None and self.zones[i].square.core


def _bridge_between(roads: Roads, row: dict[str, str], a: str, b: str) -> tuple[Bridge, str, str]:
    """Return the section's bridge that joins two nodes with the least way, and its ends in order."""
    options = []
    for bridge_id in filter(None, row["bridges"].split(";")):
        bridge = roads.rivers.bridges[bridge_id]
        for near, far in (bridge.ends, bridge.ends[::-1]):
            if not roads.rivers.crosses(roads.network, a, near) and not roads.rivers.crosses(roads.network, far, b):
                length = roads.network.plane_m(a, near) + roads.network.plane_m(far, b)
                options.append((length, bridge_id, near, far))
    if not options:
        raise ValueError(f"{row['section_id']}: no bridge of the section joins {a} and {b}")
    _, bridge_id, near, far = min(options)
    return roads.rivers.bridges[bridge_id], near, far


def _route(roads: Roads, row: dict[str, str]) -> list[tuple[str, str, Bridge | None]]:
    """Return the steps of a section, node to node; a step that is a bridge carries it."""
    places = [row["from_place"], *filter(None, row["via"].split(";")), row["to_place"]]
    nodes = [roads.node_of[place] for place in places]
    steps: list[tuple[str, str, Bridge | None]] = []
    for a, b in itertools.pairwise(nodes):
        if roads.rivers.crosses(roads.network, a, b):
            bridge, near, far = _bridge_between(roads, row, a, b)
            steps += [(a, near, None), (near, far, bridge), (far, b, None)]
        else:
            steps.append((a, b, None))
    return steps


def _access_points(roads: Roads, a: str, b: str) -> list[tuple[float, int]]:
    """Return where zones reach the straight line between two nodes: share of the way and position of the zone."""
    first, second = roads.network.nodes[a], roads.network.nodes[b]
    dx, dy = second.x_m - first.x_m, second.y_m - first.y_m
    length = math.hypot(dx, dy)
    crossed = set()
    for step in range(1, int(length // 100)):
        share = step * 100 / length
        zone = roads.zone_of(first.x_m + share * dx, first.y_m + share * dy)
        if zone is not None:
            crossed.add(zone)
    found = []
    for zone in sorted(crossed):
        square = roads.zones[zone].square
        share = ((square.x_m - first.x_m) * dx + (square.y_m - first.y_m) * dy) / length**2
        found.append((share, zone))
    return sorted(found)


def split_link(roads: Roads, a: str, b: str, length_m: float, kind_at: Callable[[bool], LinkKind], prefix: str) -> None:
    """Add a road between two nodes, cut at junctions from which the zones it crosses reach it.

    Parameters
    ----------
    a, b : str
        Ends.
    length_m : float
        Of the whole; the parts share it by their straight length and sum to it.
    kind_at : callable
        Kind of a part by whether it runs through a town.
    prefix : str
        Start of the ids of the junctions.
    """
    network = roads.network
    if (min(a, b), max(a, b)) in roads.joined:
        return
    roads.joined.add((min(a, b), max(a, b)))
    first, second = network.nodes[a], network.nodes[b]
    straight = network.plane_m(a, b)
    stops: list[tuple[float, str]] = [(0.0, a)]
    reached: list[tuple[int, str]] = []
    for share, zone in _access_points(roads, a, b):
        near_end = share * straight < LEAST_SPACING_M or (1 - share) * straight < LEAST_SPACING_M
        if near_end:
            reached.append((zone, a if share < 0.5 else b))
        elif (share - stops[-1][0]) * straight < LEAST_SPACING_M:
            reached.append((zone, stops[-1][1]))
        else:
            x = first.x_m + share * (second.x_m - first.x_m)
            y = first.y_m + share * (second.y_m - first.y_m)
            node = network.add_node_at(f"{prefix}-{len(stops)}", "junction", x, y)
            stops.append((share, node.node_id))
            reached.append((zone, node.node_id))
    stops.append((1.0, b))
    _add_parts(roads, stops, length_m, kind_at)
    _connect(roads, reached)


def _add_parts(
    roads: Roads, stops: list[tuple[float, str]], length_m: float, kind_at: Callable[[bool], LinkKind]
) -> None:
    done = 0
    for (_, start), (share, end) in itertools.pairwise(stops):
        until = round(share * length_m)
        one, two = roads.network.nodes[start], roads.network.nodes[end]
        middle = ((one.x_m + two.x_m) / 2, (one.y_m + two.y_m) / 2)
        roads.network.add_link(start, end, until - done, kind_at(roads.urban(*middle)))
        done = until


def _connect(roads: Roads, reached: list[tuple[int, str]]) -> None:
    detour = roads.pack.assume("roads.detour_connector")
    kind = connector(roads.pack)
    for zone, node in reached:
        own = f"z-{roads.zones[zone].square.zone_id}"
        if not roads.rivers.crosses(roads.network, own, node):
            roads.network.add_link(own, node, detour * roads.network.plane_m(own, node), kind)


def _riga(roads: Roads, kind: LinkKind, a: str, b: str) -> LinkKind:
    """Return the kind with the speed of Rīga's streets where a link begins or ends in its middle."""
    if roads.node_of["riga"] in (a, b) or any("bridge-riga-dienvidu" in node for node in (a, b)):
        return replace(kind, speed_km_h=roads.pack.assume("roads.speed.riga_km_h"))
    return kind


def add_state_roads(roads: Roads) -> None:
    """Add all sections; the length is official where a section has one and it is not below the straight line."""
    network, detour = roads.network, roads.pack.assume("roads.detour_state")
    # Sections of known length come first: where two sections share a link, the known length holds.
    for row in sorted(roads.pack.facts("roads"), key=lambda section: not section["official_km"]):
        steps = _route(roads, row)
        straight = [network.great_circle_m(a, b) for a, b, _ in steps]
        factor = detour
        if row["official_km"]:
            factor = float(row["official_km"]) * 1000 / sum(straight)
            if factor < 1.0:
                raise ValueError(f"{row['section_id']}: official length is below the straight line")
        for number, ((a, b, bridge), length) in enumerate(zip(steps, straight, strict=True), start=1):
            kind = {urban: _riga(roads, state_road(roads.pack, row, urban=urban), a, b) for urban in (False, True)}
            if bridge is None:
                prefix = f"j-{row['section_id']}-{number}"
                split_link(roads, a, b, factor * length, kind.__getitem__, prefix)
            else:
                add_bridge(roads, bridge, factor * length)


def add_bridge(roads: Roads, bridge: Bridge, length_m: float) -> None:
    """Add the link of a bridge (once)."""
    speed = "riga" if bridge.bridge_id.startswith("riga-d") else "urban_main"
    kind = LinkKind(
        bridge.name,
        bridge.road_class,
        roads.pack.assume(f"roads.speed.{speed}_km_h"),
        roads.pack.assume("roads.capacity.bridge_veh_h"),
        "asphalt",
        bridge.status,
        bridge.source,
        bridge=1,
    )
    roads.network.add_link(*bridge.ends, length_m, kind)
