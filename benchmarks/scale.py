"""How time and memory of a whole run grow with the number of residents.

    python benchmarks/scale.py [--residents 56000 225000 900000 2000000] [--threads 2] [--days 2024 2035] [--json]

Each size is the baseline of the default experiment, 2024 to 2035, in a process of its own: the residents of Zemgale in
full copies with luck of their own, or an even share of them. A car of k copies stands for 1 / k cars on the roads and a
charging site has k times its points, so that roads and queues are as full as in Zemgale; buses and trains keep their
places. Kernels are compiled before anything is timed.

Memory is told in three parts, bytes per resident. *Objects*: residents and households as agents of Mesa, from what
5,000 of each take when they are made (tracemalloc). *Arrays*: all arrays that the model, its population and tours keep
after the last year, each buffer once; what all populations share (region, roads, timetables, skims) is not counted.
*Peak on top*: what the process held at most, above what it held before the population was made, less objects and
arrays: passing arrays, machine code that is loaded, rooms that the allocator keeps. The parts of one size hold some
MB that do not grow with the residents (prices by zone and age, skims of the peak), so with several sizes the bytes of
each further resident are told too, from the first size to the last; below some 200,000 the peak is mostly what does
not grow, and the further bytes on top mean nothing, not even their sign. Growth of time is the exponent of a power law
through the sizes: 1 is linear. Exit code 1 if a run fails.
"""

from __future__ import annotations

import argparse
import gc
import json
import resource
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

sys.path.append(str(Path(__file__).resolve().parents[1]))  # as a script it knows only its own folder

import zemsim
from benchmarks.growth import exponent
from benchmarks.machine import description
from benchmarks.memory import array_bytes, object_bytes
from zemsim.model.build import build_world, run_settings
from zemsim.model.model import MobilityModel
from zemsim.model.world import World
from zemsim.population import Population
from zemsim.population.tours import make_tours

RESIDENTS = (56_000, 225_000, 900_000, 2_000_000)
#: Between the households of two copies; a zone has fewer households than that.
_APART = 10_000
#: Members and cars of a household have its number times this.
_PER_HOUSEHOLD = 10
_PEAK = "peak_hour_share"
SEED = 1


def copied(everybody: Population, copies: int) -> Population:
    """Every household ``copies`` times, one after the other, each with an id of its own."""
    size = len(everybody.households)
    if int((everybody.households["household_id"] % 1_000_000).max()) >= _APART:
        raise ValueError(f"a zone has more than {_APART} households")
    homes = everybody.households.iloc[np.repeat(np.arange(size), copies)].reset_index(drop=True)
    homes["household_id"] += np.tile(np.arange(copies), size) * _APART
    tables = {}
    for name, key in (("residents", "resident_id"), ("vehicles", "vehicle_id")):
        table = getattr(everybody, name)
        parts = [
            table.assign(
                household_idx=(table["household_idx"] * copies + c).astype(np.int32),
                **{key: table[key] + c * _APART * _PER_HOUSEHOLD},
            )
            for c in range(copies)
        ]
        tables[name] = pd.concat(parts, ignore_index=True).sort_values(["household_idx", key], ignore_index=True)
    return Population(homes, tables["residents"], tables["vehicles"], everybody.seed)


def of_size(world: World, residents: int) -> tuple[World, float]:
    """The world with about that many residents, and how many times those of the region that is; tours come later."""
    everybody = world.population
    times = residents / len(everybody.residents)
    times = float(max(1, round(times))) if times > 0.75 else times
    size = len(everybody.households)
    even = np.unique((np.arange(int(size * times)) / times).astype(np.int64)) if times < 1 else None
    people = copied(everybody, int(times)) if even is None else everybody.take(even)
    p = world.parameters
    peak = replace(p.table[_PEAK], value=p[_PEAK] / times)
    chargers = world.region.chargers
    points = np.maximum(1, np.round(chargers["points"] * times)).astype(chargers["points"].dtype)
    region = replace(world.region, chargers=chargers.assign(points=points))
    return replace(
        world, region=region, population=people, parameters=replace(p, table={**p.table, _PEAK: peak})
    ), times


def held_mb() -> float:
    """Megabytes that the process holds now."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * resource.getpagesize() / 2**20


def peak_mb() -> float:
    """Megabytes that the process held at most."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def one(residents: int, threads: int, days: Sequence[int] | None) -> dict[str, Any]:
    """One run of a size: seconds by step, and memory."""
    experiment = zemsim.load_experiment()
    base = build_world(experiment, [], threads)
    settings = run_settings(experiment)
    base = replace(base, settings=settings if days is None else replace(settings, days_in=tuple(days)))
    before_mb = held_mb()
    begun, cpu = time.perf_counter(), time.process_time()
    world, times = of_size(base, residents)
    detour = None if world.active is None else world.active.detour
    tours = make_tours(world.region, world.population, world.road_skim.distance_km, SEED, detour)
    world = replace(world, tours={SEED: tours})
    made = time.perf_counter()
    model = MobilityModel(world, SEED, threads)
    model.start("baseline", ())
    built, years = time.perf_counter(), {}
    for year in settings.years:
        year_begun = time.perf_counter()
        model.year = year
        model.run_year()
        years[year] = time.perf_counter() - year_begun
    ended, ended_cpu, n = time.perf_counter(), time.process_time(), len(model.residents)
    peak = (peak_mb() - before_mb) * 2**20
    gc.collect()
    arrays, objects = array_bytes(model), object_bytes(model)
    return {
        "residents": n,
        "times": times,
        "tours": len(tours),
        "threads": threads,
        "seconds": ended - begun,
        "cpu_seconds": ended_cpu - cpu,
        "population_seconds": made - begun,
        "model_seconds": built - made,
        "years_seconds": ended - built,
        "by_year": years,
        "bytes": {"objects": objects, "arrays": arrays, "peak_on_top": peak - objects - arrays},
        "timings": model.timings,
    }


def in_child(residents: int, arguments: argparse.Namespace) -> dict[str, Any]:
    """The same in a process of its own."""
    command = [sys.executable, str(Path(__file__).resolve()), "--one", str(residents)]
    command += ["--threads", str(arguments.threads)]
    if arguments.days:
        command += ["--days", *map(str, arguments.days)]
    found = subprocess.run(command, capture_output=True, text=True, check=False)
    if found.returncode:
        raise RuntimeError(f"{residents:,} residents: {found.stderr.strip()[-2000:]}")
    row: dict[str, Any] = json.loads(found.stdout.splitlines()[-1])
    return row


def _line(row: dict[str, Any]) -> str:
    return (
        f"{row['residents']:>9,}{row['tours']:>11,}{row['seconds']:>10.1f}{row['cpu_seconds']:>8.1f}"
        f"{row['population_seconds']:>13.1f}{row['model_seconds']:>8.1f}{row['years_seconds']:>8.1f}"
        + "".join(f"{size / row['residents']:>13,.0f}" for size in row["bytes"].values())
    )


def as_text(rows: Sequence[dict[str, Any]]) -> str:
    """A table, and how all grows."""
    head = "residents      tours   seconds   CPU s   population   model   years  objects B/r   arrays B/r  peak on top"
    lines = [head, *map(_line, rows)]
    if len(rows) > 1:
        sizes = [row["residents"] for row in rows]
        for key in ("cpu_seconds", "years_seconds"):
            power = exponent(sizes, [row[key] for row in rows])
            lines.append(f"{key} grows with the residents to the power of {power:.2f}")
        more = sizes[-1] - sizes[0]
        parts = {name: (rows[-1]["bytes"][name] - size) / more for name, size in rows[0]["bytes"].items()}
        told = ", ".join(f"{name.replace('_', ' ')} {size:,.0f}" for name, size in parts.items())
        lines.append(
            f"bytes of each further resident: {told}; without objects {sum(parts.values()) - parts['objects']:,.0f}"
        )
    return "\n".join(lines)


def main() -> int:
    """Time all sizes, or one in this process."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--residents", type=int, nargs="+", default=list(RESIDENTS))
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument(
        "--days", type=int, nargs="+", help="years in which days are simulated; those of the experiment"
    )
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--one", type=int, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.one is not None:
        print(json.dumps(one(arguments.one, arguments.threads, arguments.days)))
        return 0
    rows = []
    in_child(1_000, arguments)  # compiles what is not compiled yet
    for residents in arguments.residents:
        try:
            rows.append(in_child(residents, arguments))
        except RuntimeError as fault:
            print(fault, file=sys.stderr)
            return 1
        if not arguments.json:
            print(_line(rows[-1]), flush=True)
    if arguments.json:
        print(json.dumps({"machine": description(), "rows": rows}))
    else:
        print(as_text(rows))
        print(", ".join(f"{name} {value}" for name, value in description().items()))
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
