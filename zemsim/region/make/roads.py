"""The road graph of the pack: nodes at settlements, junctions, gates and zones; state roads first, then local ones."""

from __future__ import annotations

from zemsim.region.make.gates import Gate
from zemsim.region.make.local_roads import add_connectors, add_settlement_links, add_zone_mesh, join_parts
from zemsim.region.make.network import LINK_COLUMNS, NODE_COLUMNS, Network
from zemsim.region.make.pack import Pack
from zemsim.region.make.rivers import rivers
from zemsim.region.make.settlements import Settlement
from zemsim.region.make.state_roads import Roads, add_bridge, add_state_roads
from zemsim.region.make.zones import Zone


def _with_nodes(pack: Pack, places: list[Settlement], zones: list[Zone], gates: list[Gate]) -> Roads:
    network = Network()
    for zone in zones:
        square = zone.square
        network.add_node_at(f"z-{square.zone_id}", "zone", square.x_m, square.y_m, square.zone_id)
    node_of = {}
    for place in places:
        node_of[place.settlement_id] = network.add_node(
            f"s-{place.settlement_id}", "settlement", place.lon, place.lat
        ).node_id
    for gate in gates:
        node_of[gate.gate_id] = network.add_node(f"g-{gate.gate_id}", "gate", gate.lon, gate.lat, gate.zone_id).node_id
    for row in pack.facts("places"):
        node = network.add_node(f"p-{row['place_id']}", "junction", float(row["lon"]), float(row["lat"]))
        node_of[row["place_id"]] = node.node_id
    zone_at = {cell: i for i, zone in enumerate(zones) for cell in zone.square.cells}
    return Roads(pack, network, rivers(pack, network), zones, zone_at, node_of)


def make_roads(pack: Pack, places: list[Settlement], zones: list[Zone], gates: list[Gate]) -> Roads:
    """Return the network of a pack; it is connected."""
    roads = _with_nodes(pack, places, zones, gates)
    add_state_roads(roads)
    for bridge in roads.rivers.bridges.values():
        add_bridge(roads, bridge, roads.network.great_circle_m(*bridge.ends))
    add_settlement_links(roads, places)
    add_connectors(roads, places)
    add_zone_mesh(roads)
    join_parts(roads)
    return roads


def build(pack: Pack, places: list[Settlement], zones: list[Zone], gates: list[Gate]) -> None:
    """Write ``road_nodes.csv`` and ``road_links.csv``."""
    network = make_roads(pack, places, zones, gates).network
    pack.write("road_nodes", NODE_COLUMNS, [vars(network.nodes[name]) for name in sorted(network.nodes)])
    rows = []
    for number, key in enumerate(sorted(network.links), start=1):
        link = network.links[key]
        ends = {"from_node": link.from_node, "to_node": link.to_node, "length_m": link.length_m}
        rows.append({"link_id": f"r{number:05d}", **ends, **vars(link.kind)})
    pack.write("road_links", LINK_COLUMNS, rows)
