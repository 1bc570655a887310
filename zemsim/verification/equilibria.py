"""Traffic equilibria with known answers: Braess and Pigou by hand, published networks where they are at hand.

Sources: Braess, Über ein Paradoxon aus der Verkehrsplanung, Unternehmensforschung 12, 1968; Pigou, The Economics of
Welfare, 1920. The networks are those of Transportation Networks for Research (Stabler, Bar-Gera, Sall), whose licence
is for research only: they are not part of zemsim and are read from a folder that the user names.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from zemsim.travel.assign_files import assign_files
from zemsim.travel.assignment import Solution, solve
from zemsim.travel.link_network import LinkNetwork, VehicleClass
from zemsim.travel.volume_delay import VolumeDelay
from zemsim.verification.numbers import Numbers
from zemsim.verification.verdicts import Check, Skipped, at_most, near, none_differ

#: Tail, head, time without traffic, minutes that each vehicle adds.
Road = tuple[int, int, float, float]

#: From 0 to 1 by 2 or 3; the last road joins 2 and 3.
BRAESS: tuple[Road, ...] = ((0, 2, 0, 10), (0, 3, 50, 1), (2, 1, 50, 1), (3, 1, 0, 10), (2, 3, 10, 1))
PIGOU: tuple[Road, ...] = ((0, 1, 1, 0), (0, 1, 0, 1))

#: A time of nothing would make the whole road take no time: functions are multiples of it.
_NEXT_TO_NOTHING = 1e-8


@dataclass(frozen=True)
class Published:
    """A network of the collection: its objective at the best-known flows, from its README."""

    name: str
    toll_weight: float
    distance_weight: float
    objective: float


PUBLISHED = (
    Published("SiouxFalls", 0.0, 0.0, 4231335.2871),
    Published("Anaheim", 0.0, 0.0, 1286032.1711),
    Published("ChicagoSketch", 0.02, 0.04, 17313018.7387477),
)

#: Gap to which a published network is solved, and the relative distance to the objective that is allowed.
GAP, CLOSE = 1e-10, 1e-10


def network_of(roads: tuple[Road, ...], n_nodes: int) -> LinkNetwork:
    """Roads whose time rises in a straight line as links."""
    tail, head = (np.array([road[i] for road in roads], np.int32) for i in (0, 1))
    free = np.maximum(np.array([road[2] for road in roads], np.float64), _NEXT_TO_NOTHING)
    alpha = np.array([road[3] for road in roads], np.float64) / free
    ones = np.ones(len(roads))
    return LinkNetwork(n_nodes, tail, head, VolumeDelay(free, alpha, ones, ones), np.zeros(n_nodes, np.bool_))


def _solved(roads: tuple[Road, ...], n_nodes: int, vehicles: float) -> Solution:
    demand = VehicleClass(np.zeros(1, np.int32), np.ones(1, np.int32), np.array([vehicles]))
    return solve(network_of(roads, n_nodes), [demand], 1e-13)


def checks(networks: Path | None) -> Iterator[Check | Skipped]:
    """Braess and Pigou, flows at nodes, then the published networks under a folder."""
    for roads, minutes, what in ((BRAESS, 92.0, "with"), (BRAESS[:4], 83.0, "without")):
        found = _solved(roads, 4, 6.0)
        test = f"Braess {what} the link between, minutes of each of six"
        yield near(test, found.total_time_value / 6, minutes, "Braess, 1968", absolute=1e-6)
    found = _solved(PIGOU, 2, 1.0)
    yield near("Pigou, share on the road that slows down", found.flow_pce[1], 1.0, "Pigou, 1920", absolute=1e-6)
    yield from balance()
    for known in PUBLISHED:
        yield from _published(known, networks)


def grid(side: int, case: int) -> tuple[LinkNetwork, VehicleClass]:
    """A square grid of streets with times, capacities and trips from addressed numbers."""
    numbers = Numbers(case)
    here = np.arange(side * side).reshape(side, side)
    ends = [(here[:, :-1], here[:, 1:]), (here[:-1], here[1:])]
    one, other = (np.concatenate([pair[i].ravel() for pair in ends]) for i in (0, 1))
    tail, head = (np.concatenate(both).astype(np.int32) for both in ((one, other), (other, one)))
    free, capacity = 1.0 + 4.0 * numbers.shares(tail.size), 50.0 + 100.0 * numbers.shares(tail.size)
    delay = VolumeDelay(free, np.full(tail.size, 0.15), np.full(tail.size, 4.0), capacity)
    network = LinkNetwork(side * side, tail, head, delay, np.zeros(side * side, np.bool_))
    origin, dest = (numbers.whole(0, side * side - 1, 200).astype(np.int32) for _ in "od")
    return network, VehicleClass(origin, dest, 1.0 + 20.0 * numbers.shares(200))


def balance() -> Iterator[Check]:
    """What flows into each node flows out of it but for trips that end or begin there; threads change no bit."""
    network, demand = grid(8, 30_000)
    found, again = (solve(network, [demand], 1e-10, threads=n) for n in (1, 2))
    flow, n = found.flow_pce, network.n_nodes
    moves = demand.origin != demand.dest
    into = np.bincount(network.head, flow, n) - np.bincount(demand.dest[moves], demand.flow_veh[moves], n)
    out_of = np.bincount(network.tail, flow, n) - np.bincount(demand.origin[moves], demand.flow_veh[moves], n)
    error = float(np.abs(into - out_of).max() / flow.sum())
    yield at_most("equilibrium, flow that appears or is lost at a node, of all flow", error, 1e-12, "conservation")
    yield at_most("equilibrium of a grid, relative gap", found.relative_gap, 1e-10, "what was asked for")
    differing = int((found.flow_pce.view(np.int64) != again.flow_pce.view(np.int64)).sum())
    yield none_differ("equilibrium, flows with 1 and 2 threads", differing, flow.size, "same bits")


def _published(known: Published, networks: Path | None) -> Iterator[Check | Skipped]:
    """Gap and objective of a network of the collection."""
    test = f"{known.name}, Beckmann's objective"
    if networks is None:
        yield Skipped(test, "no folder of networks was named; see --networks")
        return
    nets = sorted(networks.rglob(f"{known.name}_net.tntp"))
    trips = [net.with_name(f"{known.name}_trips.tntp") for net in nets]
    there = [(net, table) for net, table in zip(nets, trips, strict=True) if table.is_file()]
    if not there:
        yield Skipped(test, f"no {known.name}_net.tntp with {known.name}_trips.tntp in {networks}")
        return
    found = assign_files(
        *there[0], GAP, toll_weight=known.toll_weight, distance_weight=known.distance_weight, say=lambda _: None
    )
    yield at_most(f"{known.name}, relative gap", found.figures["relative_gap"], GAP, "what was asked for")
    yield near(test, found.figures["objective"], known.objective, "README of the network", relative=CLOSE)
