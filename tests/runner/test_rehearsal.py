"""The rehearsal compiles every kernel that a case calls, with the same types: else each worker would compile it."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from zemsim.experiment import rehearsal
from zemsim.population.tables import HOUSEHOLD_DTYPES, RESIDENT_DTYPES, VEHICLE_DTYPES, Population

ROOT = Path(__file__).resolve().parents[2]

EXPERIMENT = """
[experiment]
id      = "rehearsed"
title   = { lv = "Mēģinājums", en = "Rehearsed" }
region  = "zemgale"
years   = [2026, 2027]
days_in = [2027]
seasons = ["winter"]
seeds   = 1
day_iterations = 2

[[policy]]
id       = "baseline"
title    = { lv = "Bez pasākumiem", en = "No measures" }
measures = []

[[policy]]
id       = "package"
title    = { lv = "Viss", en = "All" }
measures = ["apartment-yard-chargers", "fast-charging-hubs", "half-price-bus", "shared-ebikes", "ebike-grant"]
"""

PROGRAM = """
import importlib, json, pkgutil, sys
from pathlib import Path
import zemsim.kernels
from zemsim.experiment import rehearsal
from zemsim.experiment.prepare import SpineEngine
from zemsim.experiment.run_writer import begin
from zemsim.experiment.worker import run_case, run_part
from numba.core.dispatcher import Dispatcher

def compiled():
    names = [m.name for m in pkgutil.iter_modules(zemsim.kernels.__path__, "zemsim.kernels.")]
    modules = [importlib.import_module(name) for name in names]
    return {
        f"{m.__name__}.{name} {signature}"
        for m in modules for name, kernel in vars(m).items() if isinstance(kernel, Dispatcher)
        for signature in kernel.signatures
    }

rehearsal.is_compiled = lambda versions: False
folder = Path(sys.argv[2])
folder.mkdir()
engine = SpineEngine.of(sys.argv[1])
identity = engine.identity()
begin(folder, identity)
parts = engine.parts(3)
for part in parts:
    run_part(engine, folder, identity.fingerprint, part, 1)
before = compiled()
statuses = [run_case(engine, folder, identity.fingerprint, *case, 1)["status"] for case in engine.cases()]
print(json.dumps([[part.name for part in parts], statuses, sorted(compiled() - before), len(before)]))
"""


@pytest.mark.slow
def test_a_case_compiles_nothing_that_was_not_rehearsed(tmp_path: Path) -> None:
    (tmp_path / "rehearsed.toml").write_text(EXPERIMENT, encoding="utf-8")
    command = [sys.executable, "-c", PROGRAM, str(tmp_path / "rehearsed.toml"), str(tmp_path / "run")]
    answer = subprocess.run(command, cwd=ROOT, stdout=subprocess.PIPE, text=True, check=True, timeout=600)
    parts, statuses, more, known = json.loads(answer.stdout)
    assert "rehearsal" in parts
    assert statuses == ["ok", "ok"]
    assert known > 20
    assert more == []


def population() -> Population:
    """Twelve households of one to three people; every third has an electric car."""
    sizes = np.arange(12) % 3 + 1

    def table(dtypes: Mapping[str, str], **columns: Any) -> pd.DataFrame:
        n = len(next(iter(columns.values())))
        return pd.DataFrame({name: columns.get(name, np.zeros(n)) for name in dtypes}).astype(dict(dtypes))

    homes = table(HOUSEHOLD_DTYPES, household_id=np.arange(12), size_pers=sizes, n_cars=np.ones(12))
    people = table(RESIDENT_DTYPES, household_idx=np.repeat(np.arange(12), sizes), resident_id=np.arange(sizes.sum()))
    cars = table(VEHICLE_DTYPES, household_idx=np.arange(12), battery_kwh=np.where(np.arange(12) % 3 == 0, 50.0, 0.0))
    return Population(homes, people, cars, seed=1)


def test_few_residents_are_whole_households_from_everywhere() -> None:
    whole = population()
    few = rehearsal.few(whole, 3)
    assert few.households["household_id"].tolist() == [0, 1, 5, 6, 10]
    assert (np.bincount(few.residents["household_idx"]) == few.households["size_pers"]).all()
    assert few.vehicles["household_idx"].tolist() == [0, 1, 2, 3, 4]
    assert (few.vehicles["battery_kwh"] > 0).sum() == 2
    everybody = rehearsal.few(whole, 100)
    pd.testing.assert_frame_equal(everybody.residents, whole.residents)


def test_the_mark_tells_apart_libraries_and_sources(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NUMBA_CACHE_DIR", str(tmp_path / "cache"))
    versions = {"numba": "1"}
    assert not rehearsal.is_compiled(versions)
    rehearsal.mark_compiled(versions)
    assert rehearsal.is_compiled(versions)
    assert not rehearsal.is_compiled({"numba": "2"})
    for number in range(2, 20):
        rehearsal.mark_compiled({"numba": str(number)})
    assert rehearsal.is_compiled({"numba": "19"})
    assert len(list((tmp_path / "cache").rglob("rehearsed-*"))) <= 8, "marks do not pile up"
    monkeypatch.setenv("NUMBA_CACHE_DIR", str(tmp_path / "other"))
    assert not rehearsal.is_compiled(versions)


def test_a_folder_that_cannot_be_written_is_no_fault(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "file").write_text("not a folder", encoding="utf-8")
    monkeypatch.setenv("NUMBA_CACHE_DIR", str(tmp_path / "file"))
    rehearsal.mark_compiled({"numba": "1"})
    assert not rehearsal.is_compiled({"numba": "1"})
