"""The same bytes whatever the threads, the order of policies, the process, the hash seed and the working folder."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import pytest

import zemsim
from tests.determinism.digests import digest, digests
from tests.unit.model import small_world as small
from zemsim.core.names import Season
from zemsim.model.model import MobilityModel

if TYPE_CHECKING:
    from zemsim.model.world import World

PROGRAM = Path(__file__).with_name("digests.py")

#: Policies that differ from the baseline in what the model carries from year to year.
POLICIES: Mapping[str, list[Mapping[str, Any]]] = {
    "baseline": [],
    "half-fares": [small.HALF_FARES],
    "dearer-fuel": [small.DEARER_FUEL | {"from_year": 2025}],
    "chargers": [small.CHARGERS],
    "grant": [small.GRANT | {"from_year": 2025}],
    "more-buses": [small.MORE_BUSES],
    "for-a-year": [small.GRANT | {"from_year": 2025, "until_year": 2025}],
    "from-the-start": [small.PAID_PARKING | {"from_year": 2024}],
    "rules": [small.COMPANIES | {"from_year": 2025}, small.REQUESTS | {"from_year": 2025}],
}


@pytest.fixture(scope="module")
def straight(world: World) -> dict[str, dict[str, str]]:
    """Digests of each policy by a model that ran nothing else."""
    return {name: digests(small.fresh_run(world, name, *rows)) for name, rows in POLICIES.items()}


def test_the_digest_tells_tables_apart() -> None:
    table = pd.DataFrame({"a": np.arange(3), "b": ["x", "y", "z"]})
    others = [
        table.assign(a=[0, 1, 3]),
        table.assign(b=["x", "y", "w"]),
        table[["b", "a"]],
        table.astype({"a": "int32"}),
    ]
    assert len({digest(t) for t in [table, table.iloc[::-1], *others]}) == 6
    assert digest(table) == digest(table.copy())


def test_every_policy_does_something(straight: dict[str, dict[str, str]]) -> None:
    assert len({json.dumps(found) for found in straight.values()}) == len(POLICIES)


@pytest.mark.parametrize("name", ["baseline", "chargers", "more-buses", "rules"])
def test_a_run_repeats_itself_with_one_thread_and_with_two(
    world: World, straight: dict[str, dict[str, str]], name: str
) -> None:
    for threads in (1, 2, 3):
        assert digests(small.fresh_run(world, name, *POLICIES[name], threads=threads)) == straight[name], threads


def test_another_seed_is_another_run(world: World, straight: dict[str, dict[str, str]]) -> None:
    other = digests(small.fresh_run(world, seed=2))
    same = [name for name, found in other.items() if found == straight["baseline"][name]]
    alike = {
        "payments",
        "bus_fleets",
        "reactions",
        "station_trips",
        "shared_car_trips",
        "car_stations",
    }  # by the timetable alone, or without rows
    assert set(same) <= alike


def test_policies_in_any_order_on_one_model_are_those_of_a_model_of_their_own(
    world: World, straight: dict[str, dict[str, str]]
) -> None:
    """The model keeps the state of shared years, and branches from it."""
    model = MobilityModel(world, 1)
    for name in ["grant", "half-fares", "rules", "baseline", "chargers", "more-buses", "baseline", "from-the-start"]:
        assert digests(small.run(model, name, *POLICIES[name])) == straight[name], name
    for name in reversed(POLICIES):
        assert digests(small.run(model, name, *POLICIES[name])) == straight[name], name
    model.close()


def test_a_branch_starts_in_the_first_year_that_differs(world: World) -> None:
    """The baseline leaves a state for 2025; half fares from 2026 walk on from there, and are not slower to begin."""
    model = MobilityModel(world, 1)
    small.run(model)
    years: list[int] = []
    model.start("half-fares", small.measures(small.HALF_FARES))
    model.run(progress=years.append)
    assert years == [2025, 2026, 2027]
    model.start("from-the-start", small.measures(*POLICIES["from-the-start"]))
    model.run(progress=years.append)
    assert years[3:] == [2024, 2025, 2026, 2027]
    model.close()


@pytest.mark.parametrize("name", ["grant", "chargers", "more-buses", "half-fares", "rules"])
def test_a_branch_after_simulated_years_is_the_straight_run(world: World, name: str) -> None:
    """Days of two seasons in the shared years and after them: roads, crowding, waits and batteries are carried on."""
    two = small.with_settings(world, days_in=(2024, 2025, 2027), seasons=(Season.WINTER, Season.SUMMER))
    rows = [row | {"from_year": 2026} for row in POLICIES[name]]
    model = MobilityModel(two, 1)
    small.run(model)
    branched = digests(small.run(model, name, *rows))
    model.close()
    assert branched == digests(small.fresh_run(two, name, *rows))


def test_a_branch_does_not_change_what_it_came_from(world: World, straight: dict[str, dict[str, str]]) -> None:
    model = MobilityModel(world, 1)
    first = small.run(model)
    small.run(model, "chargers", *POLICIES["chargers"])
    assert digests(first) == straight["baseline"]
    model.close()


def _fresh_process(folder: Path, hash_seed: str, **more: str) -> Any:
    keep = {k: v for k, v in os.environ.items() if k != "PYTHONHASHSEED"}
    source = Path(zemsim.__file__).resolve().parents[1]
    found = subprocess.run(
        [sys.executable, str(PROGRAM)],
        cwd=folder,
        env=keep | {"PYTHONHASHSEED": hash_seed, "PYTHONPATH": str(source), **more},
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert found.returncode == 0, found.stderr
    return json.loads(found.stdout)


@pytest.mark.slow
def test_a_fresh_process_agrees_with_this_one(world: World, tmp_path: Path) -> None:
    """Another hash seed, working folder and time zone: region, population, roads, timetable and tours made anew."""
    assert _fresh_process(tmp_path, "4242", TZ="America/St_Johns") == {
        "baseline": digests(small.fresh_run(world)),
        "chargers": digests(small.fresh_run(world, "chargers", small.CHARGERS, small.GRANT)),
    }
