"""The road network of a region: nodes, directed links, and where its zones join it.

A road link of the region becomes two directed links, one each way, unless it is a one-way link; all per-link arrays
here are directed and sorted by the node where the link begins, then by ``link_id``. Nodes and links are numbered in the
order of their ids, so the order of rows in the input changes nothing.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from zemsim.core.errors import InputError, did_you_mean
from zemsim.core.units import KM_PER_M, MIN_PER_H, S_PER_H
from zemsim.region.checks import NAMES_SHOWN
from zemsim.region.geo import MEAN_DISTANCE_IN_SQUARE
from zemsim.region.road_order import node_rank
from zemsim.region.views import RoadRegion
from zemsim.travel.road_hierarchy import RoadHierarchy

#: Classes of road link; the position is ``road_class``.
ROAD_CLASSES = ("main", "regional", "local", "street", "connector")

#: Classes of road link that stand for real roads; connectors join zones to them.
DELAYED_CLASSES = ROAD_CLASSES[:-1]

#: Area types whose roads are driven at urban speed inside a zone.
URBAN_AREA_TYPES = ("city", "town")

Float = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class RoadNetwork:
    """A directed road network of N nodes, L directed links and Z zones.

    Attributes
    ----------
    node_id : object [N]
        Sorted.
    node_x_m, node_y_m : float64 [N]
        EPSG:3035.
    no_through : bool [N]
        Zone centroids that only connectors reach: a path may begin or end there, but not pass.
    link_id : object [L]
        Of the link in the region; both directions carry the same.
    forward : bool [L]
        True from ``from_node`` to ``to_node`` of the region's table.
    tail, head : int32 [L]
    row_start : int64 [N + 1]
        First link of each tail.
    length_m, speed_km_h, capacity_veh_h : float64 [L]
        Capacity is per direction.
    delay_alpha, delay_beta : float64 [L]
        Of the volume-delay function.
    road_class : int8 [L]
        Position in ``ROAD_CLASSES``.
    bridge : bool [L]
    status : object [L]
        reported, estimate or assumption.
    rank : int32 [N]
        Order of the nodes for contraction: the one of the pack, or found anew. It stays when links are closed.
    zone_id : object [Z]
    zone_node : int32 [Z]
    inside_km, inside_min, terminal_min : float64 [Z]
        Distance and time of a trip inside the zone (``inf`` for a gate, which has no size); minutes from the door to
        driving, or from driving to the door, at an end in the zone.
    """

    node_id: NDArray[np.object_]
    node_x_m: Float
    node_y_m: Float
    no_through: NDArray[np.bool_]
    link_id: NDArray[np.object_]
    forward: NDArray[np.bool_]
    tail: NDArray[np.int32]
    head: NDArray[np.int32]
    row_start: NDArray[np.int64]
    length_m: Float
    speed_km_h: Float
    capacity_veh_h: Float
    delay_alpha: Float
    delay_beta: Float
    road_class: NDArray[np.int8]
    bridge: NDArray[np.bool_]
    status: NDArray[np.object_]
    rank: NDArray[np.int32]
    zone_id: NDArray[np.object_]
    zone_node: NDArray[np.int32]
    inside_km: Float
    inside_min: Float
    terminal_min: Float

    @classmethod
    def from_region(cls, region: RoadRegion) -> RoadNetwork:
        """Build the network of a region.

        Raises
        ------
        InputError
            If a link names an unknown node or class, an id occurs twice, a length, speed or capacity is not a positive
            number, or a zone has no node of its own.
        """
        nodes = _by_id(region.road_nodes, "node_id")
        links = _by_id(region.road_links, "link_id")
        both = _directed(links, nodes["node_id"].to_numpy(object))
        road_class = both["road_class"].to_numpy(np.int8)
        tail, head = both["tail"].to_numpy(np.int32), both["head"].to_numpy(np.int32)
        is_zone = (nodes["kind"] == "zone").to_numpy(bool)
        at_real_road = np.zeros(len(nodes), bool)
        at_real_road[tail[road_class != ROAD_CLASSES.index("connector")]] = True
        alpha, beta = _delay_parameters(region)
        return cls(
            node_id=nodes["node_id"].to_numpy(object),
            node_x_m=nodes["x_m"].to_numpy(np.float64),
            node_y_m=nodes["y_m"].to_numpy(np.float64),
            no_through=is_zone & ~at_real_road,
            link_id=both["link_id"].to_numpy(object),
            forward=both["forward"].to_numpy(bool),
            tail=tail,
            head=head,
            row_start=_row_start(tail, len(nodes)),
            length_m=both["length_m"].to_numpy(np.float64),
            speed_km_h=both["speed_km_h"].to_numpy(np.float64),
            capacity_veh_h=both["capacity_veh_h"].to_numpy(np.float64),
            delay_alpha=alpha[road_class],
            delay_beta=beta[road_class],
            road_class=road_class,
            bridge=both["bridge"].to_numpy(bool),
            status=both["status"].to_numpy(object),
            rank=node_rank(getattr(region, "folder", None), tail, head, len(nodes)),
            zone_id=region.zones["zone_id"].to_numpy(object),
            zone_node=_zone_nodes(region.zones, nodes),
            **_zone_times(region),
        )

    @property
    def n_nodes(self) -> int:
        return int(self.node_id.size)

    @property
    def n_links(self) -> int:
        """Directed links, L."""
        return int(self.tail.size)

    @property
    def n_zones(self) -> int:
        return int(self.zone_id.size)

    @cached_property
    def hierarchy(self) -> RoadHierarchy:
        """Contraction hierarchy, made at first use."""
        return RoadHierarchy.of(self)

    def free_flow_s(self) -> Float:
        """Time of each link at its speed, float64 [L]."""
        return self.length_m * KM_PER_M / self.speed_km_h * S_PER_H

    def without_links(self, link_ids: Iterable[str]) -> RoadNetwork:
        """Return the network with these links closed in both directions.

        Raises
        ------
        InputError
            If a link is unknown; the nearest id is named.
        """
        gone = sorted(set(link_ids))
        known = set(self.link_id.tolist())
        for link_id in gone:
            if link_id not in known:
                raise InputError(f"unknown road link “{link_id}”", hint=did_you_mean(link_id, known, show=NAMES_SHOWN))
        keep = ~np.isin(self.link_id.astype(str), gone)
        tail = self.tail[keep]
        per_link = (
            "link_id forward head length_m speed_km_h capacity_veh_h delay_alpha delay_beta road_class bridge status"
        )
        kept: dict[str, Any] = {name: getattr(self, name)[keep] for name in per_link.split()}
        return replace(self, tail=tail, row_start=_row_start(tail, self.n_nodes), **kept)

    def length_km(self) -> pd.DataFrame:
        """Length of the roads by class (rows) and status (columns); each road once, not per direction."""
        once = self.forward
        table = pd.DataFrame(
            {
                "road_class": pd.Categorical(np.array(ROAD_CLASSES, object)[self.road_class[once]], ROAD_CLASSES),
                "status": pd.Categorical(self.status[once], ["reported", "estimate", "assumption"]),
                "length_km": self.length_m[once] * KM_PER_M,
            }
        )
        return table.pivot_table(
            index="road_class", columns="status", values="length_km", aggfunc="sum", observed=False, fill_value=0.0
        )


def _by_id(table: pd.DataFrame, key: str) -> pd.DataFrame:
    """The rows in the order of their ids, each of which must occur once."""
    twice = table[key][table[key].duplicated()]
    if len(twice):
        raise InputError(f"{key} “{min(twice)}” occurs more than once")
    return table.sort_values(key, kind="stable", ignore_index=True)


def _directed(links: pd.DataFrame, node_ids: NDArray[np.object_]) -> pd.DataFrame:
    """Two rows per link, or one if the column ``oneway`` says 1, sorted by tail and then link_id.

    ``tail, head, forward, road_class`` are numbers.
    """
    for column in ("length_m", "speed_km_h", "capacity_veh_h"):
        values = links[column].to_numpy(np.float64)
        wrong = ~(np.isfinite(values) & (values > 0))
        if wrong.any():
            link_id = links["link_id"][wrong].iloc[0]
            raise InputError(f"road link “{link_id}”: {column} must be a number above zero")
    position = {node_id: idx for idx, node_id in enumerate(node_ids)}
    ends = [_numbers(links, column, position, "node") for column in ("from_node", "to_node")]
    class_idx = _numbers(links, "road_class", {name: idx for idx, name in enumerate(ROAD_CLASSES)}, "road class")
    one_way = [
        links.assign(tail=ends[way], head=ends[1 - way], forward=way == 0, road_class=class_idx) for way in (0, 1)
    ]
    # A stable sort by tail keeps the order of link_id; a link from a node to itself keeps its forward direction first.
    if "oneway" in links:
        one_way[1] = one_way[1][(links["oneway"] == 0).to_numpy()]
    both = pd.concat(one_way, ignore_index=True).sort_values(["link_id", "forward"], ascending=[True, False])
    return both.sort_values("tail", kind="stable", ignore_index=True)


def _numbers(links: pd.DataFrame, column: str, known: dict[str, int], noun: str) -> NDArray[np.int64]:
    """Replace the names in a column by their numbers."""
    numbers = links[column].map(known)
    if numbers.isna().any():
        row = links[numbers.isna()].iloc[0]
        raise InputError(
            f"road link “{row['link_id']}”: unknown {noun} “{row[column]}” in {column}",
            hint=did_you_mean(str(row[column]), known, show=NAMES_SHOWN),
        )
    return np.asarray(numbers, np.int64)


def _row_start(tail: NDArray[np.int32], n_nodes: int) -> NDArray[np.int64]:
    """First link of each node, and L at the end."""
    return np.asarray(np.searchsorted(tail, np.arange(n_nodes + 1)), np.int64)


def _zone_nodes(zones: pd.DataFrame, nodes: pd.DataFrame) -> NDArray[np.int32]:
    """Position of each zone's node: the one of kind zone, or gate, that carries its zone_id."""
    own = nodes[nodes["kind"].isin(["zone", "gate"])]
    twice = own["zone_id"][own["zone_id"].duplicated()]
    if len(twice):
        raise InputError(f"zone “{min(twice)}” has more than one node on the road network")
    found = zones["zone_id"].map(pd.Series(own.index, index=own["zone_id"]))
    if found.isna().any():
        missing = zones["zone_id"][found.isna()]
        raise InputError(f"{len(missing)} zones have no node on the road network, first “{missing.iloc[0]}”")
    return found.to_numpy(np.int32)


def _zone_times(region: RoadRegion) -> dict[str, Float]:
    """Distance and time inside each zone, and terminal time, from the region's assumptions."""
    size_m = region.zones["size_m"].to_numpy(np.float64)
    inside_km = MEAN_DISTANCE_IN_SQUARE * size_m * KM_PER_M * region.assumption("inside_zone_detour_ratio")
    area_type = region.zones["area_type"]
    urban = area_type.isin(URBAN_AREA_TYPES).to_numpy(bool)
    speed_km_h = np.where(
        urban, region.assumption("inside_zone_speed_urban_km_h"), region.assumption("inside_zone_speed_rural_km_h")
    )
    inside_min = inside_km / speed_km_h * MIN_PER_H
    known = {name: region.assumption(f"car_terminal_{name}_min") for name in sorted(set(area_type))}
    return {
        "inside_km": np.where(size_m > 0, inside_km, np.inf),
        "inside_min": np.where(size_m > 0, inside_min, np.inf),
        "terminal_min": area_type.map(known).to_numpy(np.float64),
    }


def _delay_parameters(region: RoadRegion) -> tuple[Float, Float]:
    """Alpha and beta by road class; connectors have no delay."""
    alpha = [region.assumption(f"delay_alpha_{name}") for name in DELAYED_CLASSES]
    beta = [region.assumption(f"delay_beta_{name}") for name in DELAYED_CLASSES]
    return np.array([*alpha, 0.0]), np.array([*beta, 1.0])
