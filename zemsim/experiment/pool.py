"""Cases on several processes: a case that fails or kills its worker is a result, the others go on."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from concurrent.futures import as_completed
from concurrent.futures.process import BrokenProcessPool
from pathlib import Path
from typing import Any, Final, NamedTuple

from zemsim.experiment.run_folder import WORK
from zemsim.experiment.run_writer import case_name
from zemsim.experiment.worker import Engine, run_case


class Case(NamedTuple):
    """A policy with a seed."""

    policy: str
    seed: int

    def __str__(self) -> str:
        return f"{self.policy}, seed {self.seed}"


Result = dict[str, Any]
Announce = Callable[[int, str], None]

#: How often a case is tried that may have killed its worker.
TRIES: Final = 2

_LOST: Final = "its worker process ended without an answer (out of memory, or killed)"

#: Libraries that would start threads of their own in every worker.
_ONE_THREAD: Final = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMBA_NUM_THREADS")


def run_cases(
    engine: Engine, folder: Path, key: str, cases: list[Case], threads: int, announce: Announce
) -> dict[Case, Result]:
    """Compute and write cases.

    With one thread, or one case, they run in this process; else on ``min(threads, cases)`` processes with
    ``threads / processes`` kernel threads each.

    Parameters
    ----------
    engine : Engine
        What to run.
    folder : Path
        The run folder.
    key : str
        Fingerprint of the run.
    cases : list of Case
        In the order in which they are started.
    threads : int
        Threads in all.
    announce : callable
        Called with the number of finished cases and a label.

    Returns
    -------
    dict
        For each case what :func:`zemsim.experiment.worker.run_case` gave; ``failed`` if its worker was lost twice.
    """
    workers = min(threads, len(cases))
    if not cases:
        return {}
    task = _Task(engine, folder, key, max(1, threads // workers))
    results: dict[Case, Result] = {}
    if workers == 1:
        for case in cases:
            announce(len(results), str(case))
            results[case] = task(case)
        announce(len(results), "tables")
        return results
    waiting = list(cases)
    while waiting:
        _clear_started(folder)
        for case, result in _parallel(task, waiting, workers):
            results[case] = result
            announce(len(results), str(case))
        missing = [case for case in waiting if case not in results]
        # Where no case had even begun, any of them may be to blame.
        suspects = [case for case in missing if _started(folder, case)] or missing
        for case in suspects:
            results[case] = _alone(task, case)
            announce(len(results), str(case))
        waiting = [case for case in waiting if case not in results]
    return results


class _Task(NamedTuple):
    engine: Engine
    folder: Path
    key: str
    threads: int

    def __call__(self, case: Case) -> Result:
        return run_case(self.engine, self.folder, self.key, case.policy, case.seed, self.threads)


def _parallel(task: _Task, cases: list[Case], workers: int) -> Iterable[tuple[Case, Result]]:
    """Yield results as they come; those of a broken pool are missing."""
    from joblib.externals.loky import ProcessPoolExecutor

    executor = ProcessPoolExecutor(max_workers=workers, env=dict.fromkeys(_ONE_THREAD, str(task.threads)))
    kill = True
    try:
        futures = {executor.submit(task, case): case for case in cases}
        for future in as_completed(futures):
            try:
                result = future.result()
            except BrokenProcessPool:
                continue
            yield futures[future], result
        kill = False
    finally:
        executor.shutdown(wait=True, kill_workers=kill)


def _alone(task: _Task, case: Case) -> Result:
    """Run a case whose worker was lost once more, in a process of its own: whoever is to blame is then known."""
    for _ in range(TRIES - 1):
        for _, result in _parallel(task, [case], 1):
            return result
    return {"status": "failed", "reason": _LOST}


def _clear_started(folder: Path) -> None:
    for path in sorted((folder / WORK / "started").glob("*")):
        path.unlink()


def _started(folder: Path, case: Case) -> bool:
    return (folder / WORK / "started" / case_name(*case)).exists()
