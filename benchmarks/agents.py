"""What it costs that residents are Mesa agents: correctness first, then times, in one process and interleaved.

    python benchmarks/agents.py [--rounds 9] [--objects 22500] [--one-by-one 2000] [--json]

All residents of Zemgale choose the mode of each tour of a winter weekday, by the same rule with the same frozen luck:

* bare: the compiled kernel on copies of the columns that no Mesa object refers to;
* batch: ``model.residents.do("choose_mode")``, two threads too;
* objects: textbook Mesa, every agent an object that holds its tours as attributes and chooses in plain Python; an even
  sample of the residents, compared per resident;
* one by one: ``for r in residents: r.choose_mode()`` on row agents, an even sample.

Every choice of every way is compared before anything is timed. Each round times every way once in a shuffled order; the
first round is dropped. A ratio is the median of the rounds' ratios: of wall time, or of processor time where the
machine was busy with other work. Afterwards the model is dropped and the bare kernel timed once more, with no Mesa
agent alive. Exit code 1 if a way differs, or if a limit is missed: batch at most 1.3 times bare, objects at least 20
times batch.
"""

from __future__ import annotations

import argparse
import gc
import json
import math
import os
import platform
import sys
import time
import tracemalloc
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from statistics import median
from typing import Any

import mesa
import numpy as np
from numpy.typing import NDArray

sys.path.append(str(Path(__file__).resolve().parents[1]))  # as a script it knows only its own folder

import zemsim
from benchmarks.resident_shapes import Bare, ObjectTown
from zemsim.core.names import DayType
from zemsim.model import day
from zemsim.model.agents import Resident
from zemsim.model.mesa_versions import forget_model
from zemsim.model.model import MobilityModel
from zemsim.model.rows import RowSet, RowTable

THREADS = (1, 2)
BATCH_LIMIT = 1.3
OBJECTS_LIMIT = 20.0
MEMORY_SAMPLE = 20_000
_INF = math.inf


class DifferentError(Exception):
    """Two ways of running the rule chose differently."""


# --- the same choices ---------------------------------------------------------------------------------------------


def compare(model: MobilityModel, bare: Bare, town: ObjectTown, sample: RowSet) -> dict[str, int]:
    """Run the rule in every way; return how many choices of each were compared with the batch.

    Raises
    ------
    DifferentError
        If a single choice differs.
    """
    plan, compared = model.today, {}
    plan.alternative[:] = -2
    model.threads = 1
    model.residents.do("choose_mode")
    expected = plan.alternative.copy()

    def same(way: str, found: NDArray[np.int8], wanted: NDArray[np.int8]) -> None:
        wrong = np.flatnonzero(found != wanted)
        if wrong.size or found.size == 0:
            raise DifferentError(f"{way}: {wrong.size:,} of {found.size:,} choices differ, first {wrong[:5].tolist()}")
        compared[way] = int(found.size)

    for threads in THREADS:
        bare.alternative[:] = -2
        bare.choose(threads)
        same(f"bare, {threads} threads", bare.alternative, expected)
        plan.alternative[:] = -2
        model.threads = threads
        model.residents.do("choose_mode")
        same(f"batch, {threads} threads", plan.alternative, expected)
    town.choose()
    same("objects", town.choices(), expected[town.tour_idx])
    plan.alternative[:] = -2
    for resident in sample:
        resident.choose_mode()
    chosen = np.flatnonzero(plan.alternative != -2)
    same("one by one", plan.alternative[chosen], expected[chosen])
    return compared


# --- times --------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Way:
    """A way to run the rule: what it is called, for how many residents, and the call."""

    name: str
    threads: int
    residents: int
    call: Callable[[], Any]


Times = list[tuple[float, float]]


def ways_of(model: MobilityModel, bare: Bare, town: ObjectTown, sample: RowSet) -> list[Way]:
    """Everything that is timed."""
    n = len(model.residents)

    def batch(threads: int) -> None:
        model.threads = threads
        model.residents.do("choose_mode")

    def one_by_one() -> None:
        for resident in sample:
            resident.choose_mode()

    ways = [Way("bare", threads, n, lambda threads=threads: bare.choose(threads)) for threads in THREADS]
    ways += [Way("batch", threads, n, lambda threads=threads: batch(threads)) for threads in THREADS]
    return [*ways, Way("objects", 1, len(town.people), town.choose), Way("one by one", 1, len(sample), one_by_one)]


def measure(ways: Sequence[Way], rounds: int) -> list[Times]:
    """Wall and processor seconds of each way in each round but the first."""
    seen: list[Times] = [[] for _ in ways]
    order = np.random.default_rng(0)
    gc.collect()
    gc.freeze()
    for _ in range(rounds):
        for position in order.permutation(len(ways)):
            wall, cpu = time.perf_counter(), time.process_time()
            ways[position].call()
            seen[position].append((time.perf_counter() - wall, time.process_time() - cpu))
    gc.unfreeze()
    return [times[1:] for times in seen]


def ratio(first: Times, second: Times, clock: int) -> float:
    """Median over the rounds of first by second; clock 0 is wall time, 1 processor time."""
    return median(a[clock] / b[clock] for a, b in zip(first, second, strict=True))


def verdicts_of(ways: Sequence[Way], times: Sequence[Times], clock: int) -> list[dict[str, Any]]:
    """What must hold, with its figure."""
    at = {(way.name, way.threads): i for i, way in enumerate(ways)}
    found = []
    for threads in THREADS:
        value = ratio(times[at["batch", threads]], times[at["bare", threads]], clock)
        found.append({"name": f"batch / bare, {threads} threads", "value": value, "at_most": BATCH_LIMIT})
    objects, batch = at["objects", 1], at["batch", 1]
    scale = ways[batch].residents / ways[objects].residents
    value = ratio(times[objects], times[batch], clock) * scale
    found.append({"name": "objects / batch, per resident", "value": value, "at_least": OBJECTS_LIMIT})
    return [{**v, "passed": v.get("at_least", 0.0) <= v["value"] <= v.get("at_most", _INF)} for v in found]


def rows_of(ways: Sequence[Way], times: Sequence[Times]) -> list[dict[str, Any]]:
    """Medians of each way."""
    rows = []
    for way, seen in zip(ways, times, strict=True):
        wall, cpu = (median(t[clock] for t in seen) for clock in (0, 1))
        per = {"ns_per_resident": wall / way.residents * 1e9, "cpu_ns_per_resident": cpu / way.residents * 1e9}
        row = {"task": way.name, "threads": way.threads, "residents": way.residents}
        rows.append({**row, "seconds": wall, "cpu_seconds": cpu, **per})
    return rows


def memory(model: MobilityModel, bare: Bare, n: int) -> dict[str, float]:
    """Bytes and build seconds of a resident as a row agent and as an object, with its tours."""
    table, rows = model.residents.table, even(len(model.residents), n)
    values = {name: column[rows] for name, column in table.columns.items()}
    tours = (bare.tour_end[rows] - bare.tour_start[rows]).mean()

    def cost(build: Callable[[], Any]) -> tuple[float, float]:
        begin = time.perf_counter()
        kept = build()
        seconds = time.perf_counter() - begin
        forget_model(kept.model if isinstance(kept, RowTable) else kept)
        del kept
        gc.collect()
        tracemalloc.start()
        kept = build()
        held = tracemalloc.get_traced_memory()[0]
        tracemalloc.stop()
        forget_model(kept.model if isinstance(kept, RowTable) else kept)
        return held / len(rows), seconds / len(rows) * 1e6

    row_bytes, row_us = cost(lambda: RowTable(mesa.Model(rng=1), Resident, len(rows), values))
    object_bytes, object_us = cost(lambda: ObjectTown(bare, rows))
    column_bytes = sum(column.nbytes for column in bare.columns) / len(bare.alternative) * tours
    return {
        "residents": len(rows),
        "row_agent_bytes": row_bytes,
        "row_agent_tour_column_bytes": float(column_bytes),
        "row_agent_build_us": row_us,
        "object_agent_bytes_with_tours": object_bytes,
        "object_agent_build_us_with_tours": object_us,
    }


def even(n: int, wanted: int) -> NDArray[np.int32]:
    """Evenly spread rows of ``range(n)``, all of them if fewer than wanted."""
    return np.unique(np.linspace(0, n - 1, min(n, wanted)).astype(np.int32))


# --- the whole ----------------------------------------------------------------------------------------------------


def weekday_model() -> MobilityModel:
    """All residents of Zemgale on a winter weekday, after a first day that taught them crowding."""
    experiment = zemsim.load_experiment(None).with_settings(seeds=1, policies=["baseline"])
    model = zemsim.build_model(experiment)
    model.step()
    day.use_day(model, DayType.WEEKDAY)
    day.allot_household_cars(model)
    return model


def mesa_agents_alive() -> int:
    """Number of Mesa agents that the collector can find."""
    return sum(isinstance(item, mesa.Agent) for item in gc.get_objects())


def run(rounds: int, objects: int, one_by_one: int) -> dict[str, Any]:
    """Compare, then time."""
    load_before = os.getloadavg()[0]
    began = time.perf_counter()
    model = weekday_model()
    built = time.perf_counter() - began
    bare = Bare.of(model)
    town = ObjectTown(bare, even(len(model.residents), objects))
    sample = RowSet(model.residents.table, even(len(model.residents), one_by_one))
    compared = compare(model, bare, town, sample)
    ways = ways_of(model, bare, town, sample)
    times = measure(ways, rounds)
    load_after = os.getloadavg()[0]
    clock = 0 if max(load_before, load_after) <= len(THREADS) else 1
    rows, verdicts = rows_of(ways, times), verdicts_of(ways, times, clock)
    held = memory(model, bare, MEMORY_SAMPLE)
    residents, tours = len(model.residents), len(bare.alternative)
    model.close()
    forget_model(town)
    del model, town, sample, ways
    gc.collect()
    alive = mesa_agents_alive()
    alone = [Way("bare, no agent", n, residents, lambda n=n: bare.choose(n)) for n in THREADS]
    rows += rows_of(alone, measure(alone, rounds))
    machine = {
        "python": platform.python_version(),
        "machine": platform.machine(),
        "cores": os.cpu_count(),
        "load_average": [round(load_before, 2), round(load_after, 2)],
        **{name: version(name) for name in ("mesa", "numba", "numpy")},
    }
    return {
        "machine": machine,
        "rounds": rounds,
        "residents": residents,
        "tours": tours,
        "compared": compared,
        "clock": ("wall", "processor")[clock],
        "rows": rows,
        "mesa_agents_alive_at_the_end": alive,
        "memory": held,
        "build_model_seconds": built,
        "verdicts": verdicts,
        "passed": alive == 0 and all(v["passed"] for v in verdicts),
    }


def show(found: dict[str, Any]) -> None:
    """Print what was found as a table."""
    print(" ".join(f"{key}={value}" for key, value in found["machine"].items()))
    print(f"{found['residents']:,} residents, {found['tours']:,} tours of a winter weekday; same choices in every way:")
    print("  " + "; ".join(f"{way} {count:,}" for way, count in found["compared"].items()))
    print(f"{'way':<16}{'threads':>8}{'residents':>11}{'ms':>10}{'cpu ms':>10}{'ns/resident':>13}{'by cpu':>10}")
    for row in found["rows"]:
        print(
            f"{row['task']:<16}{row['threads']:>8}{row['residents']:>11,}{row['seconds'] * 1e3:>10.1f}"
            f"{row['cpu_seconds'] * 1e3:>10.1f}{row['ns_per_resident']:>13.0f}{row['cpu_ns_per_resident']:>10.0f}"
        )
    print(f"Mesa agents alive in the last rows: {found['mesa_agents_alive_at_the_end']}")
    held = found["memory"]
    print(
        f"a resident as a row agent: {held['row_agent_bytes']:.0f} bytes and {held['row_agent_tour_column_bytes']:.0f}"
        f" of tour columns, built in {held['row_agent_build_us']:.1f} us; as an object with its tours:"
        f" {held['object_agent_bytes_with_tours']:.0f} bytes, {held['object_agent_build_us_with_tours']:.1f} us"
    )
    print(f"the whole model with its region and a first day: {found['build_model_seconds']:.1f} s")
    for v in found["verdicts"]:
        limit = f"at most {v['at_most']:g}" if "at_most" in v else f"at least {v['at_least']:g}"
        print(f"{'holds ' if v['passed'] else 'MISSED'} {v['name']}: {v['value']:.2f} ({limit}, {found['clock']} time)")


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the benchmark; 1 if what must hold does not."""
    parser = argparse.ArgumentParser(description="Residents as Mesa agents against the bare kernel and against objects")
    parser.add_argument("--rounds", type=int, default=9, help="rounds, the first of which is dropped (default 9)")
    parser.add_argument("--objects", type=int, default=22_500, help="residents as objects (default 22500, least 20000)")
    parser.add_argument("--one-by-one", type=int, default=2_000, help="row agents asked one by one (default 2000)")
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    options = parser.parse_args(arguments)
    if options.rounds < 2 or options.objects < 20_000 or options.one_by_one < 1:
        parser.error("--rounds must be 2 or more, --objects 20000 or more, --one-by-one 1 or more")
    try:
        found = run(options.rounds, options.objects, options.one_by_one)
    except DifferentError as error:
        print(error, file=sys.stderr)
        return 1
    if options.json:
        print(json.dumps(found, indent=2))
    else:
        show(found)
    return 0 if found["passed"] else 1


if __name__ == "__main__":
    sys.exit(main())
