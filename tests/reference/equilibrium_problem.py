"""Roads and demand of a twin as the network and classes that the program is given."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from tests.reference.equilibrium import Road
from zemsim.travel.link_network import LinkNetwork, VehicleClass
from zemsim.travel.volume_delay import VolumeDelay


def network_of(roads: Sequence[Road], no_through: Sequence[bool]) -> LinkNetwork:
    """Roads as links."""
    columns = {name: np.array([getattr(r, name) for r in roads], float) for name in ("t0", "alpha", "beta", "capacity")}
    delay = VolumeDelay(columns["t0"], columns["alpha"], columns["beta"], columns["capacity"])
    tail, head = (np.array([getattr(r, name) for r in roads], np.int32) for name in ("tail", "head"))
    return LinkNetwork(len(no_through), tail, head, delay, np.array(no_through, bool))


def classes_of(demand: dict[tuple[int, int, int], float], fixed: Sequence[Sequence[float]]) -> list[VehicleClass]:
    """Demand by (class, origin, destination) as classes with their fixed costs."""
    made = []
    for k, costs in enumerate(fixed):
        mine = [(o, d, q) for (c, o, d), q in demand.items() if c == k]
        origin, dest = (np.array([pair[i] for pair in mine], np.int32) for i in (0, 1))
        made.append(VehicleClass(origin, dest, np.array([pair[2] for pair in mine], float), np.array(costs)))
    return made
