"""Runs an experiment: every policy with every seed, on all cores, into one run folder that can be taken up again."""

from __future__ import annotations

import os
import platform
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from zemsim.core import atomic
from zemsim.core.atomic import make_folder
from zemsim.experiment.engine import Engine, Part
from zemsim.experiment.lock import locked
from zemsim.experiment.pool import Case, Crew, processes_for, run_tasks
from zemsim.experiment.progress import Progress, shown
from zemsim.experiment.run_folder import OUTLINE, WORK, Run
from zemsim.experiment.run_writer import Identity, Opened, begin, finish, finished_case
from zemsim.experiment.table_store import describe
from zemsim.experiment.worker import forget

if TYPE_CHECKING:
    from zemsim.experiment.experiment import Experiment

#: Where runs go when no folder is named.
OUTPUTS: Final = Path("outputs")

_SHORT: Final = 8


def run(
    experiment: Experiment | str | Path | None = None,
    out: str | Path | None = None,
    threads: int | None = None,
    progress: Progress | None = None,
    replace: bool = False,
    *,
    region: str | Path | None = None,
    seeds: int | Sequence[int] | None = None,
    draws: Sequence[str | Path] | None = None,
) -> Run:
    """Run an experiment and return the run.

    A finished run of the same question in ``out`` is opened and returned; a half-finished one is taken up.

    Parameters
    ----------
    experiment : Experiment or path, optional
        What to run; the default experiment without it.
    out : path, optional
        The run folder; ``outputs/ID-FINGERPRINT`` without it.
    threads : int, optional
        Processes and threads in all; the cores of this machine without it. The results do not depend on it.
    progress : callable, optional
        Called as ``progress(done, total, label)``; without it a bar or lines on standard error.
    replace : bool
        Whether a finished run of another question in ``out`` may be replaced.
    region : path or name, optional
        A region instead of the experiment's own.
    seeds : int or sequence of int, optional
        Seeds instead of the experiment's own; a number means 1 to that number.
    draws : sequence of str or path, optional
        Files of parameters that the seeds draw from, or ``posterior``, instead of the experiment's own.

    Raises
    ------
    BusyError
        If another run is at work in the folder.
    InputError, InputErrors
        If the experiment or its region is at fault; with file, line and key.
    OutputError
        If the folder holds something else, or cannot be written.
    """
    with shown(progress) as show, Crew(cores() if threads is None else threads) as crew:
        crew.wake(crew.threads - 1)  # this process has a core of its own until it has read what is asked
        show(0, 0, "reading the experiment and its region")
        from zemsim.experiment.prepare import SpineEngine

        engine = SpineEngine.of(experiment, region, seeds, draws)
        crew.wake(processes_for(len(engine.cases()), crew.threads))
        return _run(engine, out, crew, show, replace)


def run_engine(
    engine: Engine,
    out: str | Path | None = None,
    threads: int | None = None,
    progress: Progress | None = None,
    replace: bool = False,
) -> Run:
    """Run an engine; see :func:`run`."""
    with shown(progress) as show, Crew(cores() if threads is None else threads) as crew:
        return _run(engine, out, crew, show, replace)


def _run(engine: Engine, out: str | Path | None, crew: Crew, show: Progress, replace: bool) -> Run:
    clock = time.perf_counter()
    identity = engine.identity()
    folder = Path(out) if out is not None else OUTPUTS / f"{engine.name()}-{identity.fingerprint[:_SHORT]}"
    make_folder(folder)
    with locked(folder):
        opened = begin(folder, identity, replace)
        if opened.finished is not None:
            opened.finished.reused = True
            return opened.finished
        try:
            return _Job(engine, folder, identity, opened, crew, show, clock).run()
        finally:
            forget()


def cores() -> int:
    """Return the cores that this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return max(1, len(os.sched_getaffinity(0)))
    return max(1, os.cpu_count() or 1)


class _Job:
    """One run at work in a locked folder."""

    def __init__(
        self,
        engine: Engine,
        folder: Path,
        identity: Identity,
        opened: Opened,
        crew: Crew,
        show: Progress,
        clock: float,
    ) -> None:
        self.engine = engine
        self.folder = folder
        self.identity = identity
        self.crew = crew
        self.show = show
        self.clock = clock
        self.about: dict[str, Any] = {}
        self.timings: dict[str, Any] = {}
        self.verdicts: list[dict[str, Any]] = []
        self.notes = list(opened.notes)
        self.cases = engine.cases()

    def run(self) -> Run:
        """Prepare, compute what is missing, and finish."""
        marks = {case: finished_case(self.folder, *case) for case in self.cases}
        todo = [Case(*case) for case in self.cases if marks[case] is None]
        kept, total = len(self.cases) - len(todo), len(self.cases)
        parts = self.engine.parts(processes_for(len(todo), self.crew.threads))
        with ThreadPoolExecutor(1) as beside:  # no case waits for the words of the manifest
            about = beside.submit(self.engine.describe)
            results = run_tasks(
                self.engine,
                self.folder,
                self.identity.fingerprint,
                parts,
                todo,
                self.crew,
                lambda done, label: self.show(kept + done, total, label),
            )
            self.about = about.result()
        done = {case: {"status": "ok", "mark": mark} for case, mark in marks.items() if mark is not None}
        done |= {(case.policy, case.seed): result for case, result in results.cases.items()}
        self.timings["reused_cases"] = kept
        return self._finish(done, self._shared([results.parts[part.name] for part in parts], parts))

    def _shared(self, results: list[dict[str, Any]], parts: list[Part]) -> dict[str, dict[str, Any]]:
        """Take down what the parts left, and return the files of the whole run."""
        self.timings["parts"] = {part.name: result["seconds"] for part, result in zip(parts, results, strict=True)}
        files: dict[str, dict[str, Any]] = {}
        for result in results:
            files |= result["files"]
            self.notes += result["notes"]
            self.verdicts += [{"policy": "", "seed": None, **row} for row in result["verdicts"]]
        outline = self.about.get("outline")
        if outline is not None:
            atomic.write_json(self.folder / OUTLINE, outline)
            files[OUTLINE] = describe(self.folder / OUTLINE, len(outline.get("features", ())))
        return files

    def _finish(self, done: dict[tuple[str, int], dict[str, Any]], files: dict[str, dict[str, Any]]) -> Run:
        rows, verdicts, times = [], list(self.verdicts), {}
        finished = []
        for policy, seed in self.cases:
            result = done[policy, seed]
            rows.append(
                {"policy": policy, "seed": seed, "status": result["status"], "reason": result.get("reason", "")}
            )
            if result["status"] != "ok":
                verdicts.append(_failure(policy, seed, result["reason"]))
                continue
            mark = result["mark"]
            finished.append((policy, seed))
            files |= {name: about for name, about in mark["files"].items() if not name.startswith(WORK)}
            verdicts += [{"policy": policy, "seed": seed, **verdict} for verdict in mark["verdicts"]]
            times[f"{policy}-seed-{seed}"] = mark["notes"]
        self.timings["cases"] = times
        self.timings["total_s"] = round(time.perf_counter() - self.clock, 3)
        return finish(self.folder, self._manifest(rows), verdicts, files, finished)

    def _manifest(self, cases: list[dict[str, Any]]) -> dict[str, Any]:
        return {
            **{key: value for key, value in self.about.items() if key != "outline"},
            "fingerprint": self.identity.fingerprint,
            "fingerprint_parts": self.identity.parts,
            "policies": list(dict.fromkeys(policy for policy, _ in self.cases)),
            "seeds": sorted({seed for _, seed in self.cases}),
            "cases": cases,
            "notes": self.notes,
            "timings": self.timings,
            "created": datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
            "machine": {"cores": cores(), "threads": self.crew.threads, "system": platform.system()},
        }


def _failure(policy: str, seed: int, reason: str) -> dict[str, Any]:
    return {
        "check": "case-finished",
        "passed": False,
        "policy": policy,
        "seed": seed,
        "text": {
            "en": f"The case {policy} with seed {seed} failed: {reason}",
            "lv": f"Aprēķins {policy} ar sēklu {seed} neizdevās: {reason}",
        },
        "value": None,
    }
