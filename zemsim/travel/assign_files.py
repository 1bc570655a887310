"""Assignment of a trip table file to a network file, as the command line does it."""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from zemsim.core.atomic import check_can_write, write_text
from zemsim.core.errors import UsageError
from zemsim.travel.assignment import MAX_ITERATIONS, Progress, solve
from zemsim.travel.link_network import LinkNetwork, VehicleClass
from zemsim.travel.solution import Solution
from zemsim.travel.tntp import TntpNetwork, read_network, read_trips
from zemsim.travel.volume_delay import VolumeDelay

Say = Callable[[str], object]
Float = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class FilesAssigned:
    """What came out: ``figures`` by name, and whether the gap that was asked for is reached."""

    figures: dict[str, Any]
    reached: bool
    solution: Solution


def assign_files(
    network: str | Path,
    trips: str | Path,
    gap: float = 1e-4,
    max_iterations: int = MAX_ITERATIONS,
    threads: int = 1,
    flows: str | Path | None = None,
    toll_weight: float | None = None,
    distance_weight: float | None = None,
    say: Say = print,
) -> FilesAssigned:
    """Assign the trips of a TNTP file to the network of another.

    Parameters
    ----------
    network, trips : path
    gap : float
        Relative gap to reach, above zero.
    max_iterations, threads : int
    flows : path, optional
        CSV file to write: ``init_node, term_node, flow, time, cost`` of each link in the order of the network file.
    toll_weight, distance_weight : float, optional
        Time per unit of toll and of length in the cost of a link; what the network file states if not given, else 0.
    say : callable
        Told about progress, and about what the files may mean otherwise: links that are closed because their capacity
        is 0, tolls and lengths without a weight.

    Raises
    ------
    InputError, InputErrors
        If a file is not as its format says, or no path joins a pair that has trips.
    OutputError
        If ``flows`` cannot be written; before anything is assigned.
    """
    _check_number("gap", gap, "above zero")
    _check_number("toll weight", toll_weight, "of zero or more")
    _check_number("distance weight", distance_weight, "of zero or more")
    if flows is not None:
        check_can_write(flows)
    roads = read_network(network)
    table = read_trips(trips)
    links = roads.link_network()
    n_closed = int(links.delay.closed().sum())
    if n_closed:
        say(f"zemsim: {n_closed:,} of {links.tail.size:,} links are closed: their capacity is 0")
    weights = {
        "toll_weight": _weight("toll", toll_weight, roads.toll_factor, roads.toll, say),
        "distance_weight": _weight("distance", distance_weight, roads.distance_factor, roads.length, say),
    }
    fixed = roads.fixed(**weights)
    vehicles = table.vehicles(roads, fixed)
    say("zemsim: making the kernels ready")
    _warm_up()
    say("zemsim: assigning")
    started = time.perf_counter()
    found = solve(links, [vehicles], gap, max_iterations, threads, progress=lambda p: say(_line(p)))
    seconds = time.perf_counter() - started
    if flows is not None:
        write_text(flows, _flow_table(roads, found, fixed))
    figures = _figures(roads, found, vehicles, gap, seconds) | {"links_closed": n_closed} | weights
    return FilesAssigned(figures, found.reached, found)


def _check_number(name: str, value: float | None, allowed: str) -> None:
    """Refuse a number that is not finite, negative, or zero where it must be above."""
    if value is None:
        return
    if not math.isfinite(value) or value < 0 or (value == 0 and allowed == "above zero"):
        raise UsageError(f"the {name} must be a number {allowed}, not {value:g}")


def _weight(name: str, given: float | None, stated: float | None, amounts: Float | None, say: Say) -> float:
    """Time per unit: as asked for, else as the network file states, else 0, which is said if it leaves out anything."""
    if given is not None:
        return given
    if stated is not None:
        return stated
    if amounts is not None and amounts.any():
        things = {"toll": "tolls", "distance": "lengths"}[name]
        say(f"zemsim: the network has {things}, which count nothing without --{name}-weight; published problems may")
    return 0.0


def _line(progress: Progress) -> str:
    return f"iteration {progress.iteration}: relative gap {progress.relative_gap:.3e}, {progress.n_paths:,} paths"


def _warm_up() -> None:
    """Compile or load all kernels on a network of two parallel links, so that seconds are those of the assignment."""
    ones = np.ones(2)
    delay = VolumeDelay(ones, ones, 4.0 * ones, ones)
    zero, one = np.zeros(2, np.int32), np.ones(2, np.int32)
    roads = LinkNetwork(2, zero, one, delay, np.zeros(2, np.bool_))
    solve(roads, [VehicleClass(zero[:1], one[:1], ones[:1])], 1e-9)


def _figures(roads: TntpNetwork, found: Solution, vehicles: VehicleClass, gap: float, seconds: float) -> dict[str, Any]:
    """The figures of the command; times and costs in the units of the files."""
    return {
        "objective": found.objective_value,
        "relative_gap": found.relative_gap,
        "total_travel_time": found.total_time_value,
        "iterations": found.iterations,
        "seconds": seconds,
        "gap_asked_for": gap,
        "reached": found.reached,
        "total_cost": found.total_cost_value,
        "paths": found.n_paths,
        "vehicles": float(vehicles.flow_veh.sum()),
        "vehicles_inside_zones": found.inside_veh,
        "zones": roads.n_zones,
        "nodes": roads.n_nodes,
        "links": int(roads.init_node.size),
    }


def _flow_table(roads: TntpNetwork, found: Solution, fixed: np.ndarray) -> str:
    """Flow, time and cost of each link as CSV, with all digits; blank where a link is closed."""
    lines = ["init_node,term_node,flow,time,cost"]
    for tail, head, flow, spent, extra in zip(
        roads.init_node, roads.term_node, found.flow_pce, found.time, fixed, strict=True
    ):
        numbers = (flow, spent, spent + extra)
        lines.append(",".join([str(tail), str(head), *(repr(float(x)) if math.isfinite(x) else "" for x in numbers)]))
    return "\n".join(lines) + "\n"
