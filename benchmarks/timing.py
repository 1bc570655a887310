"""How things are timed: all ways of a task in one process, interleaved, wall and processor time, medians.

Each round times every way once, in a shuffled order that is the same at every run; the first round is dropped. A way
that takes longer than ten seconds is timed in two rounds, and both count. A call of less than a twentieth of a second
is made again until that has passed. Ratios are of medians.
"""

from __future__ import annotations

import gc
import math
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from statistics import median
from typing import Any

import numpy as np

#: Name of our own way where the task has more threads.
ONE_THREAD = "ours, 1 thread"
#: Seconds of one call above which a way is timed in two rounds.
SLOW_S = 10.0
#: A goal counts as missed below this share of it: figures of one machine on one day vary.
TOLERANCE = 0.7
#: Seconds that a way is timed for in a round, by calling it again, if one call takes less.
SHORT_S = 0.05


@dataclass(frozen=True)
class Way:
    """One implementation of a task.

    Attributes
    ----------
    name : str
        ``ours``, ``ours, 1 thread``, or the name of the peer's package.
    call : callable
    units : float
        Units of work of one call (origins, pairs, choices).
    note : str
        What to know about the call: scaled, other work.
    build_s, memory_mb : float
        What was needed before the first call; NaN if not measured.
    prepare : callable, optional
        Run before each call, not timed; what it returns is handed to the call.
    """

    name: str
    call: Callable[..., Any]
    units: float
    note: str = ""
    build_s: float = float("nan")
    memory_mb: float = float("nan")
    prepare: Callable[[], Any] | None = None


@dataclass(frozen=True)
class Task:
    """Something to do, the ways to do it, and what is asked of ours.

    Attributes
    ----------
    name : str
    unit : str
        What work is counted in.
    ways : sequence of Way
        The first is ours.
    goal : dict of str to float
        Peer to the ratio that must be reached; the key ``best`` is the fastest of ``rivals``.
    bound_s : float
        Seconds per unit that the bandwidth of the memory allows at best; NaN if unknown.
    checked : str
        What was compared before, in words.
    scaling : float
        For tasks whose two threads must scale: least ratio of ``ours, 1 thread`` to ours; 0 if nothing is asked.
    group, size : str, float
        Tasks of one group differ in size only (nodes of a graph): how time grows with it is told.
    """

    name: str
    unit: str
    ways: Sequence[Way]
    goal: dict[str, float] = field(default_factory=dict)
    bound_s: float = float("nan")
    checked: str = ""
    scaling: float = 0.0
    group: str = ""
    size: float = float("nan")


@dataclass(frozen=True)
class Timed:
    """Medians of one way: seconds of wall and processor per unit, and in how many rounds they were taken."""

    way: Way
    wall_s: float
    cpu_s: float
    rounds: int


def timed(way: Way, calls: int = 1) -> tuple[float, float]:
    """Wall and processor seconds of a call, the mean of some."""
    given = () if way.prepare is None else (way.prepare(),)
    wall, cpu = time.perf_counter(), time.process_time()
    for _ in range(calls):
        way.call(*given)
    return (time.perf_counter() - wall) / calls, (time.process_time() - cpu) / calls


def interleave(ways: Sequence[Way], rounds: int) -> list[Timed]:
    """Time all ways."""
    seen: list[list[tuple[float, float]]] = [[] for _ in ways]
    order = np.random.default_rng(0)
    gc.collect()
    gc.freeze()
    try:
        for number in range(rounds):
            for position in order.permutation(len(ways)):
                way, first = ways[position], seen[position][0][0] if seen[position] else 0.0
                if number < 2 or first <= SLOW_S:
                    again = 1 if number == 0 or way.prepare is not None else max(1, math.ceil(SHORT_S / first))
                    seen[position].append(timed(way, again))
    finally:
        gc.unfreeze()
    found = []
    for way, times in zip(ways, seen, strict=True):
        kept = times if times[0][0] > SLOW_S else times[1:]
        wall, cpu = (median(t[clock] for t in kept) / way.units for clock in (0, 1))
        found.append(Timed(way, wall, cpu, len(kept)))
    return found


def standing(ratio: float | None, goal: float | None) -> str:
    """Whether a goal is reached: nothing, ``below`` it within the tolerance, or ``missed``."""
    if not goal or ratio is None or ratio >= goal:
        return ""
    return "below" if ratio >= TOLERANCE * goal else "missed"


def rows_of(task: Task, timed: Sequence[Timed], threads: int, quiet: bool) -> list[dict[str, Any]]:
    """One row for each peer: task, threads, seconds, peer, peer_seconds, ratio, goal, share_of_bound, and more.

    Seconds are per unit. Ratios are of wall time; with one thread on a machine that is not quiet, of processor time.
    How two threads scale is told in wall time, and not judged there.
    """
    by_cpu = threads == 1 and not quiet
    clock = "cpu_s" if by_cpu else "wall_s"
    ours = next(t for t in timed if t.way.name == "ours")
    rivals = [t for t in timed if not t.way.name.startswith("ours")]
    best = min(rivals, key=lambda t: getattr(t, clock)).way.name if rivals else ""
    base = {
        "task": task.name,
        "unit": task.unit,
        "threads": threads,
        "seconds": ours.wall_s,
        "cpu_seconds": ours.cpu_s,
        "bound_seconds": task.bound_s,
        "share_of_bound": task.bound_s / getattr(ours, clock),
        "checked": task.checked,
        "group": task.group,
        "size": task.size,
        "judged_by": "processor" if by_cpu else "wall",
    }
    rows = []
    for rival in timed:
        if rival is ours:
            continue
        name = rival.way.name
        ratio = getattr(rival, clock) / getattr(ours, clock)
        goal = task.goal.get(name, task.goal.get("best") if name == best else None)
        note = rival.way.note
        if name == ONE_THREAD:
            ratio, goal = rival.wall_s / ours.wall_s, (task.scaling or None) if quiet else None
            note = "wall time" if quiet else "wall time; the machine is busy: not judged"
        rows.append(
            {
                **base,
                "peer": name,
                "peer_seconds": rival.wall_s,
                "peer_cpu_seconds": rival.cpu_s,
                "ratio": ratio,
                "goal": goal,
                "best_peer": name == best,
                "note": note,
                "peer_rounds": rival.rounds,
                "peer_build_seconds": rival.way.build_s,
                "peer_memory_mb": rival.way.memory_mb,
            }
        )
    if not rows:
        rows.append({**base, "peer": None, "peer_seconds": None, "ratio": None, "goal": None, "note": ""})
    return rows
