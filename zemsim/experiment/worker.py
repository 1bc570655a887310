"""What a worker does: parts of the preparation, then one case after another.

A worker keeps the world, which it opens once, and the model of one seed. The pool keeps it at its seed as long as there
is work for it, so that few models are built, and years that policies share with the baseline are walked once.
"""

from __future__ import annotations

import gc
import os
import time
import traceback
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import pandas as pd

from zemsim.core.errors import OutputError, ZemsimError, clean
from zemsim.core.schema import TableError, case_tables, conform, schema, seed_tables
from zemsim.evidence.horizons import short_run_indicators, short_run_verdicts
from zemsim.evidence.indicators import Setting, indicators
from zemsim.experiment.engine import Engine, Part, Verdict
from zemsim.experiment.run_folder import FORECAST_TABLES, WORK
from zemsim.experiment.run_writer import write_case
from zemsim.experiment.table_store import read_table, write_table

#: Longest reason of a failed case.
_MAX_REASON: Final = 500


@dataclass
class _State:
    """What this process keeps between tasks."""

    key: tuple[str, str] | None = None
    engine: Engine | None = None
    world: Any = None
    seed: int | None = None
    model: Any = None
    setting: Setting | None = None

    def clear(self) -> None:
        self.clear_model()
        self.key, self.world, self.engine = None, None, None

    def clear_model(self) -> None:
        if self.model is None or self.engine is None:
            return
        self.engine.close(self.model)
        self.seed, self.model, self.setting = None, None, None
        gc.unfreeze()
        gc.collect()  # agents and their model hold each other


_STATE = _State()


def run_part(engine: Engine, folder: Path, key: str, part: Part, threads: int) -> dict[str, Any]:
    """Prepare a part and write its tables.

    Parameters
    ----------
    engine : Engine
        What to run.
    folder : Path
        The run folder.
    key : str
        Fingerprint of the run.
    part : Part
        What to prepare.
    threads : int
        Threads of the kernels.

    Returns
    -------
    dict
        ``files`` as the manifest lists them, ``verdicts``, ``notes``, and ``seconds`` spent.
    """
    begin = time.perf_counter()
    made = _engine(engine, folder, key).prepare(folder / WORK, part.name, threads)
    files = {}
    for name, table in made.tables.items():
        file = schema(name).file() if part.seed is None else schema(name).file(seed=part.seed)
        files[file] = write_table(folder / file, table, name)
    seconds = round(time.perf_counter() - begin, 3)
    return {"files": files, "verdicts": made.verdicts, "notes": made.notes, "seconds": seconds}


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


def wake() -> None:
    """Load the program before it is known what this process shall do."""
    gc.disable()  # nothing that is loaded is garbage
    from zemsim import model, population  # noqa: F401
    from zemsim.experiment import experiment, prepare  # noqa: F401

    gc.freeze()
    gc.enable()


def forget() -> None:
    """Drop the world and the model that this process keeps."""
    _STATE.clear()


def _compute(engine: Engine, folder: Path, key: str, policy: str, seed: int, threads: int) -> dict[str, Any]:
    begin = time.perf_counter()
    engine = _engine(engine, folder, key)
    if _STATE.world is None:
        _STATE.world = engine.open(folder / WORK)
    opened = time.perf_counter()
    if _STATE.seed != seed:
        _STATE.clear_model()
        _STATE.seed, _STATE.model = seed, engine.build(_STATE.world, seed, threads)
        gc.freeze()  # hundreds of thousands of agents, which would be walked through after every case
    built = time.perf_counter()
    if _STATE.setting is None:
        _STATE.setting = engine.setting(_STATE.world, seed, _stored(folder, seed))
    setting = _STATE.setting
    at_once, more = _short_run(engine, setting, policy, seed)
    ready = time.perf_counter()
    records = engine.simulate(_STATE.world, _STATE.model, policy)
    simulated = time.perf_counter()
    verdicts = [*engine.verdicts(_STATE.model, records, setting), *more]
    tables = {name: conform(records[name], name) for name in case_tables()}  # indicators are of what is stored
    tables |= {"indicators": indicators(tables, setting, policy, seed), "short_run": at_once}
    spent = {
        "open_s": opened - begin,
        "build_s": built - opened,
        "short_run_s": ready - built,
        "simulate_s": simulated - ready,
        "indicators_s": time.perf_counter() - simulated,
    }
    notes = {**{name: round(seconds, 3) for name, seconds in spent.items()}, "process": os.getpid()}
    return write_case(folder, policy, seed, tables, verdicts, notes)


def _short_run(engine: Engine, setting: Setting, policy: str, seed: int) -> tuple[pd.DataFrame, list[Verdict]]:
    """Return what a policy does at once, in figures, and the check of it; no rows where there is no short run."""
    found = engine.short_run(_STATE.model, policy)
    if found is None:
        return schema("short_run").empty(), []
    figures = short_run_indicators(found.tables, setting, found.year, policy, seed)
    return figures, short_run_verdicts(found.tables, setting, found.year, found.counts)


def _engine(engine: Engine, folder: Path, key: str) -> Engine:
    """Return the engine that this process keeps for a run; on the first call it must still be the same question."""
    if _STATE.key != (str(folder), key) or _STATE.engine is None:
        _STATE.clear()
        if engine.identity().fingerprint != key:
            raise OutputError("the code or the input was changed while the run was at work; run it again")
        _STATE.key, _STATE.engine = (str(folder), key), engine
    return _STATE.engine


def _stored(folder: Path, seed: int) -> dict[str, Any]:
    """Return ``zones`` and the tables of a seed as they were written."""
    files = {
        "zones": schema("zones").file(),
        **{name: schema(name).file(seed=seed) for name in seed_tables() if name not in FORECAST_TABLES},
    }
    return {name: read_table(folder / file, name) for name, file in files.items()}
