"""What a worker does: one case after another, with the world opened once and the model kept for the next policy.

A worker holds one engine's world and one seed's model at a time; cases come sorted by seed, so that a model is built
about once per seed and worker.
"""

from __future__ import annotations

import gc
import os
import time
import traceback
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Protocol

import pandas as pd

from zemsim.core.errors import OutputError, ZemsimError, clean
from zemsim.core.schema import TableError, conform
from zemsim.evidence.indicators import Setting, indicators
from zemsim.experiment.run_folder import CASE_TABLES, WORK
from zemsim.experiment.run_writer import Identity, case_name, write_case

#: Longest reason of a failed case.
_MAX_REASON: Final = 500

Verdict = dict[str, Any]


class Engine(Protocol):
    """What the runner needs of an experiment; :class:`zemsim.experiment.prepare.SpineEngine` is the real one.

    It is sent to the workers, so it holds settings and paths and no arrays.
    """

    def identity(self) -> Identity:
        """Return the digests of everything that can change a byte of the tables."""

    def describe(self) -> dict[str, Any]:
        """Return the manifest's ``experiment, region, region_summary, municipalities, factors, versions`` and so on."""

    def cases(self) -> list[tuple[str, int]]:
        """Return (policy, seed) in the order of the experiment."""

    def prepare(self, work: Path, step: Any) -> None:
        """Build what all cases share under ``work``; ``step(label)`` announces each part."""

    def open(self, work: Path) -> Any:
        """Return the world that was prepared under ``work``."""

    def shared_tables(self, world: Any) -> dict[str, pd.DataFrame]:
        """Return tables of the whole run by name: ``zones``."""

    def seed_tables(self, world: Any, seed: int) -> dict[str, pd.DataFrame]:
        """Return ``persons`` and ``tours`` of a seed."""

    def setting(self, world: Any, seed: int, tables: Mapping[str, pd.DataFrame]) -> Setting:
        """Return what the indicators of a seed need."""

    def build(self, world: Any, seed: int, threads: int) -> Any:
        """Return a new model."""

    def verdicts(self, world: Any) -> list[Verdict]:
        """Return checks of what all cases share."""

    def simulate(
        self, world: Any, model: Any, policy: str, setting: Setting
    ) -> tuple[dict[str, pd.DataFrame], list[Verdict]]:
        """Run all years of a policy on a model that may have run another policy before."""

    def close(self, model: Any) -> None:
        """Let a model go that is not needed any more."""


@dataclass
class _State:
    """What this process keeps between cases."""

    key: tuple[str, str] | None = None
    world: Any = None
    seed: int | None = None
    model: Any = None
    setting: Setting | None = None
    engine: Engine | None = None

    def clear(self) -> None:
        self.clear_model()
        self.key, self.world, self.engine = None, None, None

    def clear_model(self) -> None:
        if self.model is not None and self.engine is not None:
            self.engine.close(self.model)
        self.seed, self.model, self.setting = None, None, None


_STATE = _State()


def run_case(engine: Engine, folder: Path, key: str, policy: str, seed: int, threads: int) -> dict[str, Any]:
    """Compute and write one case.

    Parameters
    ----------
    engine : Engine
        What to run.
    folder : Path
        The run folder.
    key : str
        Fingerprint of the run: a kept world of another one is dropped.
    policy, seed : str, int
        The case.
    threads : int
        Threads of the kernels.

    Returns
    -------
    dict
        ``status`` ``ok`` with the case's mark, or ``failed`` with a ``reason``.

    Raises
    ------
    OutputError
        If the system refuses to write.
    """
    started = folder / WORK / "started"
    started.mkdir(parents=True, exist_ok=True)
    (started / case_name(policy, seed)).touch()
    try:
        mark = _compute(engine, folder, key, policy, seed, threads)
    except TableError as error:
        _STATE.clear()
        return {"status": "failed", "reason": reason_of(error)}
    except OutputError:
        raise  # the disk is full, or not ours: no other case would fare better
    except Exception as error:  # one case is not the run: it becomes a row with its reason
        _STATE.clear()
        return {"status": "failed", "reason": reason_of(error)}
    return {"status": "ok", "mark": mark}


def reason_of(error: Exception) -> str:
    """Return one line on why a case failed: a user's error as it is, ours with its place in the code."""
    if isinstance(error, ZemsimError):
        return clean(error, _MAX_REASON)
    frames = traceback.extract_tb(error.__traceback__)
    place = f" ({Path(frames[-1].filename).name}:{frames[-1].lineno})" if frames else ""
    return clean(f"{type(error).__name__}: {error}{place}", _MAX_REASON)


def forget() -> None:
    """Drop the world and the model that this process keeps."""
    _STATE.clear()
    gc.collect()


def _compute(engine: Engine, folder: Path, key: str, policy: str, seed: int, threads: int) -> dict[str, Any]:
    begin = time.perf_counter()
    _open(engine, folder, key)
    if _STATE.seed != seed or _STATE.setting is None:
        _STATE.clear_model()
        gc.collect()
        _STATE.model = engine.build(_STATE.world, seed, threads)
        _STATE.seed, _STATE.setting = seed, _setting(engine, seed)
    setting = _STATE.setting
    built = time.perf_counter()
    records, verdicts = engine.simulate(_STATE.world, _STATE.model, policy, setting)
    simulated = time.perf_counter()
    tables = {name: conform(records[name], name) for name in CASE_TABLES}  # indicators are of what is stored
    tables["indicators"] = indicators(tables, setting, policy, seed)
    summed = time.perf_counter()
    spent = {"build_s": built - begin, "simulate_s": simulated - built, "indicators_s": summed - simulated}
    notes = {**{name: round(seconds, 3) for name, seconds in spent.items()}, "process": os.getpid()}
    return write_case(folder, policy, seed, tables, verdicts, notes)


def _open(engine: Engine, folder: Path, key: str) -> None:
    if _STATE.key != (str(folder), key):
        _STATE.clear()
        if engine.identity().fingerprint != key:
            raise OutputError("the code or the input was changed while the run was at work; run it again")
        _STATE.world = engine.open(folder / WORK)
        _STATE.key, _STATE.engine = (str(folder), key), engine


def _setting(engine: Engine, seed: int) -> Setting:
    tables = {**engine.shared_tables(_STATE.world), **engine.seed_tables(_STATE.world, seed)}
    return engine.setting(_STATE.world, seed, {name: conform(table, name) for name, table in tables.items()})
