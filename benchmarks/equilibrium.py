"""Traffic equilibrium on TNTP networks against AequilibraE's biconjugate Frank-Wolfe."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from benchmarks.options import DifferentError, Options
from benchmarks.timing import Task, Way
from zemsim.travel.assignment import solve
from zemsim.travel.link_network import LinkNetwork, VehicleClass
from zemsim.travel.tntp import TntpNetwork, read_network, read_trips
from zemsim.verification.equilibria import CLOSE, GAP, PUBLISHED, Published

PEER = "aequilibrae"
#: Name, factor on the demand, relative gap, least ratio; those of the long run only come last.
CASES = (
    ("ChicagoSketch", 1.0, 1e-4, 10.0, True),
    ("Anaheim", 1.0, 1e-4, None, True),
    ("ChicagoSketch", 2.0, 1e-4, 20.0, False),
    ("ChicagoSketch", 1.0, 1e-6, 50.0, False),
)


def find(folder: Path | None, name: str) -> Path | None:
    """The network file of a name under a folder."""
    files = [] if folder is None else sorted(folder.rglob(f"{name}_net.tntp"))
    return files[0] if files and files[0].with_name(f"{name}_trips.tntp").is_file() else None


def tasks(options: Options) -> Iterator[Task]:
    """One task for each case whose files are at hand."""
    for name, factor, gap, goal, quick in CASES:
        net = find(options.networks, name)
        if net is not None and (quick or not options.quick):
            known = next(k for k in PUBLISHED if k.name == name)
            yield _case(net, known, factor, gap, goal, options)


def missing(options: Options) -> list[str]:
    """Tasks that cannot be timed for want of files."""
    cases = [case for case in CASES if case[4] or not options.quick]
    return [f"{label(*case[:3])}" for case in cases if find(options.networks, case[0]) is None]


def label(name: str, factor: float, gap: float) -> str:
    """Name of a task."""
    return f"{name}{'' if factor == 1 else f', demand x {factor:g}'}: equilibrium to a gap of {gap:g}"


def _case(net: Path, known: Published, factor: float, gap: float, goal: float | None, options: Options) -> Task:
    roads = read_network(net)
    trips = read_trips(net.with_name(f"{known.name}_trips.tntp"))
    fixed = roads.fixed(known.toll_weight, known.distance_weight)
    cars = trips.vehicles(roads, fixed)
    cars = replace(cars, flow_veh=cars.flow_veh * factor)
    links = roads.link_network()
    checked = _check(links, cars, known, factor, options.threads)
    ways = [Way("ours", lambda: solve(links, [cars], gap, threads=options.threads), 1)]
    if options.has(PEER):
        make = aequilibrae(roads, cars, fixed, gap, options.threads)
        ways.append(Way(PEER, lambda ready: ready.execute(), 1, "biconjugate Frank-Wolfe", prepare=make))
    return Task(
        label(known.name, factor, gap), "assignment", ways, {} if goal is None else {PEER: goal}, checked=checked
    )


def _check(links: LinkNetwork, cars: VehicleClass, known: Published, factor: float, threads: int) -> str:
    """Objective at a gap of 1e-10 against the published one; same bits with one thread and more."""
    found = solve(links, [cars], GAP, threads=threads)
    if not found.reached:
        raise DifferentError(f"{known.name}: a gap of {GAP:g} is not reached")
    if threads > 1 and solve(links, [cars], GAP, threads=1).flow_pce.tobytes() != found.flow_pce.tobytes():
        raise DifferentError(f"{known.name}: flows differ between 1 and {threads} threads")
    if factor != 1:
        return f"a gap of {GAP:g} is reached"
    error = abs(found.objective_value / known.objective - 1)
    if error > CLOSE:
        raise DifferentError(f"{known.name}: the objective is {error:.1e} away from the published one")
    return f"objective within {max(error, 1e-16):.0e} of the published one at a gap of {GAP:g}"


def aequilibrae(roads: TntpNetwork, cars: VehicleClass, fixed: Any, gap: float, threads: int) -> Any:
    """What makes its assignment ready to run: no skims, centroids blocked as the file says, no progress, all cores."""
    from aequilibrae.matrix import AequilibraeMatrix
    from aequilibrae.paths import Graph, TrafficAssignment, TrafficClass

    logging.getLogger("aequilibrae").setLevel(logging.ERROR)
    links, delay = roads.link_network(), roads.link_network().delay
    columns = {"link_id": np.arange(1, links.tail.size + 1), "a_node": links.tail.astype(np.int64) + 1}
    columns |= {"b_node": links.head.astype(np.int64) + 1, "direction": np.ones(links.tail.size, np.int8)}
    columns |= {"time": np.maximum(delay.free_flow, 1e-9), "capacity": delay.capacity, "alpha": delay.alpha}
    columns |= {"beta": np.maximum(delay.beta, 1.0), "fixed": fixed}
    zones = np.arange(1, roads.n_zones + 1)
    demand = np.zeros((zones.size, zones.size))
    np.add.at(demand, (cars.origin, cars.dest), cars.flow_veh)

    def made() -> Any:
        graph = Graph()
        graph.network = pd.DataFrame(columns)
        graph.prepare_graph(zones)
        graph.set_graph("time")
        graph.set_blocked_centroid_flows(bool(links.no_through.any()))
        matrix = AequilibraeMatrix()
        matrix.create_empty(zones=zones.size, matrix_names=["cars"], memory_only=True)
        matrix.index[:] = zones
        matrix.matrix["cars"][:, :] = demand
        matrix.computational_view(["cars"])
        traffic = TrafficClass("cars", graph, matrix)
        if np.any(fixed):
            traffic.set_fixed_cost("fixed")
            traffic.set_vot(1.0)
        assignment = TrafficAssignment()
        assignment.set_classes([traffic])
        assignment.set_vdf("BPR")
        assignment.set_vdf_parameters({"alpha": "alpha", "beta": "beta"})
        assignment.set_capacity_field("capacity")
        assignment.set_time_field("time")
        assignment.set_algorithm("bfw")
        assignment.max_iter, assignment.rgap_target = 5000, gap
        assignment.set_cores(threads)
        return assignment

    return made
