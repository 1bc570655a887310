"""Roads that no list names: between neighbouring settlements, between adjacent zones, from zones to bridges."""

from __future__ import annotations

from zemsim.region.make.grid import neighbours
from zemsim.region.make.link_kinds import connector, lane, settlement_link, street
from zemsim.region.make.network import shortest_m
from zemsim.region.make.settlements import Settlement
from zemsim.region.make.state_roads import Roads, split_link

#: Zones so near to the end of a bridge reach it, metres; at most so many each.
BRIDGE_REACH_M, BRIDGE_ZONES = 2500.0, 3


def gabriel_pairs(points: dict[str, tuple[float, float]], longest_m: float) -> list[tuple[str, str]]:
    """Return the pairs of the Gabriel graph: no third point lies in the circle that has the pair as diameter."""
    names = sorted(points)
    pairs = []
    for i, a in enumerate(names):
        for b in names[i + 1 :]:
            (ax, ay), (bx, by) = points[a], points[b]
            squared = (ax - bx) ** 2 + (ay - by) ** 2
            if squared > longest_m**2:
                continue
            mx, my = (ax + bx) / 2, (ay + by) / 2
            if not any(
                (points[c][0] - mx) ** 2 + (points[c][1] - my) ** 2 < squared / 4 for c in names if c not in (a, b)
            ):
                pairs.append((a, b))
    return pairs


def add_settlement_links(roads: Roads, places: list[Settlement]) -> None:
    """Join neighbouring settlements where no state road does so about as directly and no river lies between."""
    network, pack = roads.network, roads.pack
    node_of = {place.settlement_id: roads.node_of[place.settlement_id] for place in places}
    points = {name: (network.nodes[node].x_m, network.nodes[node].y_m) for name, node in node_of.items()}
    population = {place.settlement_id: place.population for place in places}
    detour, parallel = pack.assume("roads.detour_neighbour"), pack.assume("roads.parallel_factor")
    asphalt_from = pack.assume("roads.asphalt_end_population")
    ways = network.neighbours()
    for a, b in gabriel_pairs(points, 1000 * pack.assume("roads.gabriel_max_km")):
        start, end = node_of[a], node_of[b]
        length = detour * network.great_circle_m(start, end)
        if roads.rivers.crosses(network, start, end) or shortest_m(ways, start, end, parallel * length) < float("inf"):
            continue
        kind = settlement_link(pack, gravel=max(population[a], population[b]) < asphalt_from)
        split_link(roads, start, end, length, {True: street(pack), False: kind}.__getitem__, f"l-{a}-{b}")


def add_zone_mesh(roads: Roads) -> None:
    """Join adjacent zones: streets in towns and villages, gravel lanes elsewhere; none across a river.

    Streets form a mesh. A lane is added, the shortest first, only where the roads so far make a detour of more than
    ``roads.lane_detour`` times its length (a greedy spanner): so there are about as many kilometres as there are roads.
    """
    network, pack = roads.network, roads.pack
    detour, longest = pack.assume("roads.detour_street"), pack.assume("roads.lane_detour")
    lanes = []
    for i, j in neighbours([zone.square for zone in roads.zones]):
        first, second = roads.zones[i].square, roads.zones[j].square
        a, b = f"z-{first.zone_id}", f"z-{second.zone_id}"
        if roads.rivers.crosses(network, a, b):
            continue
        length = detour * network.great_circle_m(a, b)
        if first.core and second.core:
            network.add_link(a, b, length, street(pack))
        else:
            lanes.append((length, a, b))
    ways, kind = network.neighbours(), lane(pack)
    for length, a, b in sorted(lanes):
        if shortest_m(ways, a, b, longest * length) == float("inf") and network.add_link(a, b, length, kind):
            ways[a].append((b, round(length)))
            ways[b].append((a, round(length)))


def add_connectors(roads: Roads, places: list[Settlement]) -> None:
    """Join each settlement and each place on a road to the zone around it, and the ends of bridges to zones near."""
    network, detour = roads.network, roads.pack.assume("roads.detour_connector")
    kind = connector(roads.pack)
    for place_id in sorted(roads.node_of):
        node = network.nodes[roads.node_of[place_id]]
        zone = roads.zone_of(node.x_m, node.y_m)
        if zone is None or node.kind == "gate":
            continue
        own = f"z-{roads.zones[zone].square.zone_id}"
        if not roads.rivers.crosses(network, own, node.node_id):
            network.add_link(own, node.node_id, detour * network.great_circle_m(own, node.node_id), kind)
    zone_nodes = [f"z-{zone.square.zone_id}" for zone in roads.zones]
    for bridge in roads.rivers.bridges.values():
        for end in bridge.ends:
            near = sorted((network.plane_m(end, name), name) for name in zone_nodes)[: 4 * BRIDGE_ZONES]
            near = [(distance, name) for distance, name in near if distance < BRIDGE_REACH_M]
            same_bank = [(distance, name) for distance, name in near if not roads.rivers.crosses(network, end, name)]
            for distance, name in same_bank[:BRIDGE_ZONES]:
                network.add_link(end, name, detour * distance, street(roads.pack))


def join_parts(roads: Roads) -> int:
    """Join what hangs apart to the rest by the shortest link that crosses no river; return how many it took."""
    network, detour = roads.network, roads.pack.assume("roads.detour_neighbour")
    made = 0
    while len(parts := network.components()) > 1:
        main = [name for part in parts[:-1] for name in part]
        options = sorted((network.plane_m(a, b), a, b) for a in parts[-1] for b in main)
        for distance, a, b in options:
            if not roads.rivers.crosses(network, a, b):
                network.add_link(a, b, detour * distance, lane(roads.pack))
                made += 1
                break
        else:
            raise ValueError(f"{parts[-1][0]} and {len(parts[-1])} nodes cannot be joined without a bridge")
    return made
