"""A small made-up region of two banks of a river: enough of a region for a road network."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import pandas as pd

ASSUMPTIONS = {
    "inside_zone_detour_ratio": 1.3,
    "inside_zone_speed_urban_km_h": 25.0,
    "inside_zone_speed_rural_km_h": 40.0,
    "car_terminal_city_min": 3.0,
    "car_terminal_town_min": 2.0,
    "car_terminal_countryside_min": 1.0,
    "car_terminal_outside_min": 5.0,
    **{f"delay_alpha_{name}": 0.15 for name in ("main", "regional", "local", "street")},
    **{f"delay_beta_{name}": 4.0 for name in ("main", "regional", "local", "street")},
}


@dataclass
class SmallRegion:
    """Tables with the columns that a road network reads."""

    zones: pd.DataFrame
    road_nodes: pd.DataFrame
    road_links: pd.DataFrame
    values: dict[str, float] = field(default_factory=lambda: dict(ASSUMPTIONS))

    def assumption(self, key: str) -> float:
        return self.values[key]


def link(link_id: str, ends: tuple[str, str], km: float, **other: object) -> dict[str, object]:
    """A row of ``road_links``; 60 km/h, so that a kilometre is a minute."""
    row: dict[str, object] = {
        "link_id": link_id,
        "from_node": ends[0],
        "to_node": ends[1],
        "name": link_id,
        "road_class": "local",
        "length_m": km * 1000,
        "speed_km_h": 60.0,
        "capacity_veh_h": 1000.0,
        "surface": "asphalt",
        "bridge": 0,
        "status": "estimate",
        "source": "made up",
    }
    return row | other


def two_banks(columns: int = 6, seed: int = 1) -> SmallRegion:
    """A grid of junctions, four rows by ``columns``, cut by a river between rows 2 and 3 with bridges at both ends.

    Every junction has a zone on a connector; lengths are random, so that no two paths tie.
    """
    rng = np.random.default_rng(seed)
    zones, nodes, links = [], [], []
    for row in range(4):
        for column in range(columns):
            name, x_m, y_m = f"{row}-{column:02d}", 4_000_000.0 + 2000 * column, 3_000_000.0 + 2000 * row
            area_type = ("city", "town", "countryside", "countryside")[row]
            zones.append({"zone_id": f"z{name}", "kind": "populated", "area_type": area_type, "size_m": 2000.0})
            nodes.append({"node_id": f"j{name}", "kind": "junction", "zone_id": f"z{name}", "x_m": x_m, "y_m": y_m})
            nodes.append({"node_id": f"z{name}", "kind": "zone", "zone_id": f"z{name}", "x_m": x_m, "y_m": y_m})
            links.append(link(f"c{name}", (f"z{name}", f"j{name}"), rng.uniform(0.2, 0.6), road_class="connector"))
            if column:
                links.append(link(f"e{name}", (f"j{row}-{column - 1:02d}", f"j{name}"), rng.uniform(2, 4)))
            bridge = row == 2
            if row and (not bridge or column in (0, columns - 1)):
                ends = (f"j{row - 1}-{column:02d}", f"j{name}")
                links.append(link(f"n{name}", ends, rng.uniform(2, 4), bridge=int(bridge), road_class="regional"))
    return SmallRegion(pd.DataFrame(zones), pd.DataFrame(nodes), pd.DataFrame(links))


def shuffled(region: SmallRegion, seed: int) -> SmallRegion:
    """The same region with the rows of nodes and links in another order (zones keep theirs: it is their number)."""
    return SmallRegion(
        region.zones,
        region.road_nodes.sample(frac=1, random_state=seed),
        region.road_links.sample(frac=1, random_state=seed),
        region.values,
    )
