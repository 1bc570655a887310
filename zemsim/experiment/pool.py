"""Parts and cases on several processes: a case that fails or kills its worker is a result, the others go on.

Each worker is a pool of one process, so that it is known what was at work in one that is lost, and so that a worker
can be kept at the seed whose model it has built.
"""

from __future__ import annotations

import contextlib
import signal
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, wait
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, NamedTuple

from zemsim.core.errors import OutputError
from zemsim.experiment.engine import Engine, Part
from zemsim.experiment.worker import run_case, run_part, wake


class Case(NamedTuple):
    """A policy with a seed."""

    policy: str
    seed: int

    def __str__(self) -> str:
        return f"{self.policy}, seed {self.seed}"


Result = dict[str, Any]
Announce = Callable[[int, str], None]

#: How often a case or part is tried that was at work in a worker that was lost.
TRIES: Final = 2

#: How many cases must wait for each worker of a seed, for another to build its model too: that takes about a case.
WORTH_A_MODEL: Final = 2

_LOST: Final = "its worker process ended without an answer (out of memory, or killed)"

#: Libraries that would start threads of their own in every worker.
_ONE_THREAD: Final = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMBA_NUM_THREADS")


@dataclass(frozen=True)
class Results:
    """What came of parts and cases, in the order in which they were finished."""

    parts: dict[str, Result] = field(default_factory=dict)
    cases: dict[Case, Result] = field(default_factory=dict)


def processes_for(cases: int, threads: int) -> int:
    """Return how many processes serve so many cases: one is this process."""
    return max(1, min(threads, cases))


def run_tasks(
    engine: Engine, folder: Path, key: str, parts: list[Part], cases: list[Case], crew: Crew, announce: Announce
) -> Results:
    """Prepare the parts, and compute and write the cases.

    With one thread, or one case, all is done in this process; else on ``min(threads, cases)`` processes of the crew
    with ``threads / processes`` kernel threads each. A case begins when the parts for all and those of its seed
    are there.

    Parameters
    ----------
    engine : Engine
        What to run.
    folder : Path
        The run folder.
    key : str
        Fingerprint of the run.
    parts : list of Part
        The most urgent first, each after those that it needs.
    cases : list of Case
        Cases of a seed are begun in this order.
    crew : Crew
        The processes, and how many threads there are in all.
    announce : callable
        Called with the number of finished cases and a label.

    Returns
    -------
    Results
        For each case what :func:`zemsim.experiment.worker.run_case` gave; ``failed`` if its worker was lost twice.

    Raises
    ------
    OutputError
        If the system refuses to write, or if the worker of a part was lost twice.
    """
    processes = processes_for(len(cases), crew.threads)
    task = _Task(engine, folder, key, max(1, crew.threads // processes))
    if processes == 1:
        return _here(task, parts, cases, announce)
    return _Pool(task, parts, cases, crew.workers[:processes], announce).run()


@dataclass(frozen=True)
class _Task:
    engine: Engine
    folder: Path
    key: str
    threads: int

    def __call__(self, what: Part | Case) -> Result:
        if isinstance(what, Part):
            return run_part(self.engine, self.folder, self.key, what, self.threads)
        return run_case(self.engine, self.folder, self.key, what.policy, what.seed, self.threads)


def _here(task: _Task, parts: list[Part], cases: list[Case], announce: Announce) -> Results:
    """Do everything in this process."""
    results = Results()
    for part in parts:
        announce(0, part.label)
        results.parts[part.name] = task(part)
    for case in sorted(cases, key=lambda case: case.seed):
        announce(len(results.cases), str(case))
        results.cases[case] = task(case)
    announce(len(results.cases), "tables")
    return results


class _Worker:
    """A process that does one thing at a time, and starts anew if it is lost."""

    def __init__(self) -> None:
        self._executor: Any = None
        self.seed: int | None = None

    def wake(self) -> None:
        if self._executor is None:
            self._call(wake)

    def submit(self, task: _Task, what: Part | Case) -> Future[Result]:
        if isinstance(what, Case):
            self.seed = what.seed
        return self._call(task, what)

    def _call(self, function: Callable[..., Any], *arguments: Any) -> Future[Any]:
        with without_interrupts():  # the first task starts the process
            try:
                future: Future[Any] = self._process().submit(function, *arguments)
            except BrokenProcessPool:  # it was lost before it had anything to do
                self.stop(kill=True)
                future = self._process().submit(function, *arguments)
        return future

    def _process(self) -> Any:
        from joblib.externals.loky import ProcessPoolExecutor

        if self._executor is None:
            env = dict.fromkeys(_ONE_THREAD, "1")
            self._executor = ProcessPoolExecutor(max_workers=1, env=env, initializer=ignore_interrupts)
        return self._executor

    def stop(self, kill: bool) -> None:
        self.seed = None
        if self._executor is not None:
            self._executor.shutdown(wait=True, kill_workers=kill)
            self._executor = None


class Crew:
    """The worker processes of a run: one for each thread, or none if there is one thread only.

    Parameters
    ----------
    threads : int
        Threads in all, at least 1.
    """

    def __init__(self, threads: int) -> None:
        if threads < 1:
            raise ValueError(f"threads must be at least 1, got {threads}")
        self.threads = threads
        self.workers = [_Worker() for _ in range(threads if threads > 1 else 0)]

    def __enter__(self) -> Crew:
        return self

    def __exit__(self, *_: object) -> None:
        for worker in self.workers:
            worker.stop(kill=True)

    def wake(self, at_most: int) -> None:
        """Start the first processes that sleep; they load the program while this one reads what is asked."""
        for worker in self.workers[:at_most]:
            worker.wake()


@contextlib.contextmanager
def without_interrupts() -> Iterator[None]:
    """Start processes that never see Ctrl-C, not even while they load their modules: they inherit the mask of signals.

    They belong to this process, which sees it, says so once and stops them. Systems without such masks lack this; see
    :func:`ignore_interrupts`.
    """
    if not hasattr(signal, "pthread_sigmask"):
        yield
        return
    from multiprocessing import resource_tracker

    resource_tracker.ensure_running()  # it lets Ctrl-C through again when it is started: have it before the block
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def ignore_interrupts() -> None:
    """Leave Ctrl-C to the process that started this one."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)


class _Pool:
    """Workers, what waits for them, and what came back."""

    def __init__(
        self, task: _Task, parts: list[Part], cases: list[Case], workers: list[_Worker], announce: Announce
    ) -> None:
        self.task = task
        self.parts = list(parts)
        self.cases = list(cases)
        self.shared = {part.name for part in parts if part.seed is None}
        self.own = {part.seed: part.name for part in parts if part.seed is not None}
        self.announce = announce
        self.workers = workers
        self.busy: dict[Future[Result], tuple[_Worker, Part | Case]] = {}
        self.lost: list[Case] = []
        self.tries: dict[str, int] = {}
        self.results = Results()

    def run(self) -> Results:
        """Work until every case is done or given up, and end the workers whatever happens."""
        kill = True
        try:
            self._work(self.workers)
            for case in self.lost:  # alone, when the others have given their memory back: whoever is to blame is known
                for worker in self.workers:
                    worker.stop(kill=False)
                self.cases = [case]
                self._work(self.workers[:1])
            kill = False
        finally:
            for worker in self.workers:
                worker.stop(kill)
        return self.results

    def _work(self, workers: list[_Worker]) -> None:
        """Hand out what is ready to whoever is idle, until nothing waits and nobody is at work."""
        while True:
            at_work = [worker for worker, _ in self.busy.values()]
            for worker in workers:
                if worker not in at_work:
                    self._begin(worker)
            if not self.busy:
                return
            finished, _ = wait(self.busy, return_when=FIRST_COMPLETED)
            for future in sorted(finished, key=list(self.busy).index):
                self._end(future)

    def _begin(self, worker: _Worker) -> None:
        what = (
            self._next_part(shared=True)
            or self._next_case(worker, helping=False)
            or self._next_part(shared=False)
            or self._next_case(worker, helping=True)
        )  # a seed whose cases can begin does not wait for the tours of the next
        if what is None:
            return
        if isinstance(what, Part):
            self.parts.remove(what)
            self.announce(len(self.results.cases), what.label)
        else:
            self.cases.remove(what)
        self.busy[worker.submit(self.task, what)] = (worker, what)

    def _end(self, future: Future[Result]) -> None:
        worker, what = self.busy.pop(future)
        try:
            result = future.result()
        except BrokenProcessPool:
            worker.stop(kill=True)
            self._is_lost(what)
            return
        if isinstance(what, Part):
            self.results.parts[what.name] = result
        else:
            self._finished(what, result)

    def _is_lost(self, what: Part | Case) -> None:
        name = str(what) if isinstance(what, Case) else what.name
        self.tries[name] = self.tries.get(name, 0) + 1
        again = self.tries[name] < TRIES
        if isinstance(what, Part):
            if not again:
                raise OutputError(f"{what.label}: {_LOST}")
            self.parts.insert(0, what)
        elif again:
            self.lost.append(what)
        else:
            self._finished(what, {"status": "failed", "reason": _LOST})

    def _finished(self, case: Case, result: Result) -> None:
        self.results.cases[case] = result
        self.announce(len(self.results.cases), str(case))

    def _next_part(self, shared: bool) -> Part | None:
        """Return the next part that can begin, of those that all cases need or of those of one seed."""
        done = self.results.parts
        ready = (part for part in self.parts if all(name in done for name in part.needs))
        return next((part for part in ready if (part.seed is None) == shared), None)

    def _next_case(self, worker: _Worker, helping: bool) -> Case | None:
        done = self.results.parts
        if not self.shared <= done.keys():
            return None
        ready = [case for case in self.cases if case.seed not in self.own or self.own[case.seed] in done]
        others = [other.seed for other in self.workers if other is not worker]
        seed = choose_seed([case.seed for case in ready], worker.seed, others, helping)
        return next((case for case in ready if case.seed == seed), None)


def choose_seed(
    waiting: Iterable[int], own: int | None, others: Sequence[int | None], helping: bool = True
) -> int | None:
    """Return the seed whose next case a worker takes.

    Its own, whose model it has; else the lowest that nobody works on; else it helps with the seed of which most cases
    wait for each worker, if they are so many that it is worth to build its model once more. So each seed is built
    about once, and the last ones are shared.

    Parameters
    ----------
    waiting : iterable of int
        The seed of each waiting case.
    own : int or None
        The seed of the worker's last case.
    others : sequence of int or None
        Seeds of the other workers.
    helping : bool
        Whether it may take a seed that another is at work on.
    """
    count = Counter(waiting)
    if own in count:
        return own
    free = [seed for seed in count if seed not in others]
    if free:
        return min(free)
    if not helping:
        return None
    share = {seed: cases / others.count(seed) for seed, cases in sorted(count.items())}
    best = max(share, key=share.__getitem__, default=None)
    return best if best is not None and share[best] >= WORTH_A_MODEL else None
