"""The same bytes whatever the order of rows in the files of the region and of measures and policies, end to end.

The whole region by the public way in: a pack whose rows are shuffled, in another folder, by one thread and a fresh
process, gives the tables of the pack as it ships by two threads.
"""

from __future__ import annotations

import os
import random
import shutil
import subprocess
import sys
from pathlib import Path

import pandas as pd
import pytest

import zemsim
from tests.determinism.digests import digests
from zemsim.experiment.run_folder import Run, open_run
from zemsim.region.region import digest_pack, find_pack

_HEAD = """
[experiment]
id      = "order"
title   = {{ lv = "Secība", en = "Order" }}
region  = "{region}"
years   = [2026, 2027]
days_in = [2026]
seasons = ["winter"]
seeds   = 1
day_iterations = 1
"""

_BASELINE = """
[[policy]]
id       = "baseline"
title    = { lv = "Bez pasākumiem", en = "No measures" }
measures = []
"""

_PACKAGE = """
[[policy]]
id       = "package"
title    = {{ lv = "Kopā", en = "Together" }}
measures = [{measures}]
"""

#: Measures that add sites, departures, payments and purchases: more than one of a kind where the catalogue has them.
_MEASURES = (
    "slow-chargers-at-public-buildings",
    "fast-charging-hubs",
    "electric-buses-jelgava",
    "electric-buses-jekabpils",
    "ev-grant-2026",
    "more-buses",
    "ebike-grant",
    "shared-ebikes",
    "charger-company-expansion",
    "points-on-request",
)


def shuffle_rows(pack: Path) -> int:
    """Shuffle the rows below the header of every table of a pack; return how many tables changed."""
    changed = 0
    for path in sorted(p for p in pack.rglob("*") if p.suffix in {".csv", ".txt"}):
        before = path.read_bytes().decode()
        header, *rows = before.splitlines()
        if '"\n' not in before and before.count('"') % 2 == 0:
            assert all(row.count('"') % 2 == 0 for row in rows), f"{path.name}: a cell goes over several lines"
        random.Random(path.name).shuffle(rows)
        after = "\n".join([header, *rows]) + "\n"
        changed += after != before
        path.write_bytes(after.encode())
    return changed


def write(folder: Path, region: str, measures: tuple[str, ...], baseline_first: bool) -> None:
    """Write the experiment into a folder."""
    package = _PACKAGE.format(measures=", ".join(f'"{name}"' for name in measures))
    policies = [_BASELINE, package] if baseline_first else [package, _BASELINE]
    (folder / "order.toml").write_text(_HEAD.format(region=region) + "".join(policies), encoding="utf-8")


def simulate(folder: Path, threads: int, hash_seed: str) -> Run:
    """``zemsim run`` in a fresh process."""
    environment = {**os.environ, "PYTHONPATH": str(Path(zemsim.__file__).parents[1]), "PYTHONHASHSEED": hash_seed}
    command = [sys.executable, "-m", "zemsim", "run", "order.toml", "--out", "run", "--threads", str(threads)]
    done = subprocess.run(
        command, cwd=folder, env=environment, capture_output=True, encoding="utf-8", check=False, timeout=900
    )
    assert done.returncode == 0, done.stderr
    return open_run(folder / "run")


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> tuple[Run, Run]:
    """The run of the pack as it ships, and that of shuffled rows."""
    plain, other = tmp_path_factory.mktemp("plain"), tmp_path_factory.mktemp("another folder") / "deeper"
    write(plain, "zemgale", _MEASURES, baseline_first=True)
    shutil.copytree(find_pack("zemgale"), other / "shuffled-pack")
    assert shuffle_rows(other / "shuffled-pack") > 20
    write(other, "shuffled-pack", _MEASURES[::-1], baseline_first=False)
    return simulate(plain, 2, "1"), simulate(other, 1, "2")


@pytest.mark.slow
def test_the_order_of_rows_is_no_part_of_a_region(runs: tuple[Run, Run]) -> None:
    plain, shuffled = (run.manifest["region"] for run in runs)
    assert plain["digest"] == shuffled["digest"] == digest_pack(find_pack("zemgale"))
    assert runs[0].manifest["region_summary"] == runs[1].manifest["region_summary"]


@pytest.mark.slow
def test_shuffled_rows_give_the_same_bytes(runs: tuple[Run, Run]) -> None:
    """Every table but the indicators, which are of all policies in their order: byte for byte, file by file."""
    plain, shuffled = (run.manifest["files"] for run in runs)
    tables = [name for name in plain if name.endswith(".parquet") and name != "indicators.parquet"]
    assert len(tables) > 16
    assert {name: plain[name]["blake2b"] for name in tables} == {name: shuffled[name]["blake2b"] for name in tables}


@pytest.mark.slow
def test_the_order_of_policies_changes_no_indicator(runs: tuple[Run, Run]) -> None:
    def by_policy(run: Run) -> dict[str, pd.DataFrame]:
        return {str(policy): rows for policy, rows in run.indicators.groupby("policy", sort=True)}

    plain, shuffled = by_policy(runs[0]), by_policy(runs[1])
    assert digests(plain) == digests(shuffled)
    assert len(plain["baseline"]) > 1000
    assert plain["baseline"]["value"].sum() != plain["package"]["value"].sum()
