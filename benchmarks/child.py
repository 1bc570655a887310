"""One process of the benchmark: a number of threads, all tasks, all implementations interleaved.

The number of threads of every library is set before anything is imported, by whoever starts this process.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import time
import warnings
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

sys.path.append(str(Path(__file__).resolve().parents[1]))  # as a script it knows only its own folder

warnings.filterwarnings("ignore")  # of peers; ours are errors in the tests

from benchmarks import charging, choice, equilibrium, graphs, machine, roads, transit  # noqa: E402
from benchmarks.options import DifferentError, Options  # noqa: E402
from benchmarks.timing import Task, interleave, rows_of  # noqa: E402

#: Part of the cores below which the machine is busy with something else.
QUIET = 0.9
#: Nodes of the generated graphs.
QUICK_NODES, NODES = (10_000, 20_000), (10_000, 30_000, 100_000, 300_000)
QUICK_ZONES, ZONES = 500, 1000
NETWORKS = ("ChicagoRegional", "Sydney")


def all_tasks(options: Options) -> Iterator[Task]:
    """Every task, made when its turn comes."""
    yield from choice.tasks(options)
    yield from charging.tasks(options)
    yield from transit.tasks(options)
    yield from equilibrium.tasks(options)
    zones = QUICK_ZONES if options.quick else ZONES
    for n_nodes in QUICK_NODES if options.quick else NODES:
        yield from roads.tasks(graphs.planar(n_nodes, zones), options)
    if options.networks is not None and not options.quick:
        for path in graphs.networks_in(options.networks, NETWORKS):
            yield from roads.tasks(graphs.tntp(path, zones), options)


def missing(options: Options) -> list[str]:
    """What is left out for want of files."""
    found = equilibrium.missing(options)
    if not options.quick:
        here = graphs.networks_in(options.networks, NETWORKS) if options.networks else []
        found += [f"skims of {name}" for name in NETWORKS if not any(path.name.startswith(name) for path in here)]
    return found + (["scheduled feeds other than that of the embedded region"] if options.feeds is None else [])


def measured(options: Options) -> dict[str, Any]:
    """Time everything; a difference between implementations ends it, and so does the end of the time."""
    begun = time.monotonic()
    options = replace(options, machine=machine.bandwidth(options.threads))
    rows: list[dict[str, Any]] = []
    busy = [machine.busy()]
    different = late = None
    try:
        for task in all_tasks(options):
            if not options.wants(task.name):
                continue
            print(f"bench: {options.threads} threads: {task.name}", file=sys.stderr, flush=True)
            quiet = machine.share_of_cores(options.threads) >= QUIET
            rows += rows_of(task, interleave(task.ways, options.rounds), options.threads, quiet)
            busy.append(machine.busy())
            if time.monotonic() - begun > options.most_s:
                late = f"out of time after {task.name}: what follows it was not timed"
                break
    except DifferentError as error:
        different = str(error)
    return {
        "threads": options.threads,
        "bandwidth": options.machine,
        "load_average": [round(min(busy), 2), round(max(busy), 2)],
        "skipped": missing(options),
        "different": different,
        "late": late,
        "elapsed_seconds": time.monotonic() - begun,
        "rows": rows,
    }


def main() -> None:
    parser = argparse.ArgumentParser(description="One process of the benchmark; see bench.py")
    parser.add_argument("--threads", type=int, required=True)
    parser.add_argument("--rounds", type=int, required=True)
    parser.add_argument("--most-s", type=float, required=True)
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--networks", type=Path)
    parser.add_argument("--feeds", type=Path)
    parser.add_argument("--peers", default="")
    parser.add_argument("--only", default="")
    parser.add_argument("--out", type=Path, required=True)
    asked = parser.parse_args()
    options = Options(
        asked.threads, asked.quick, asked.rounds, asked.networks, asked.feeds,
        frozenset(filter(None, asked.peers.split(","))), {}, asked.only, asked.most_s,
    )  # fmt: skip
    found = measured(options)
    asked.out.write_text(json.dumps(found), encoding="utf-8")


if __name__ == "__main__":
    main()
    sys.stdout.flush()
    os._exit(0)  # some peers hang in their own clean-up
