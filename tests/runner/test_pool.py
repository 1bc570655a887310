"""The pool: a worker stays with its seed, parts come before the cases that need them, lost workers are replaced."""

from __future__ import annotations

import os
from collections import Counter
from concurrent.futures import Future
from pathlib import Path
from typing import Any

import pytest

from tests.runner.fake import FakeEngine, make_persons, make_zones
from zemsim.core.errors import OutputError
from zemsim.experiment import pool
from zemsim.experiment.engine import Made, Part
from zemsim.experiment.pool import Case, choose_seed, processes_for
from zemsim.experiment.progress import silent
from zemsim.experiment.runner import run_engine


@pytest.mark.parametrize(
    ("waiting", "own", "others", "chosen"),
    [
        ([2, 2, 1, 1], None, [None], 1),
        ([1, 1, 2, 2], None, [1, None], 2),
        ([1, 2, 2], 1, [2], 1),
        ([2, 3, 3], 1, [2], 3),
        ([2, 2, 2, 3, 3], None, [2, 3], 2),
        ([2, 2, 2, 3, 3], None, [2, 2, 3], 3),
        ([2, 3], None, [2, 3], None),
        ([3], 2, [3], None),
        ([3], 2, [None, 2], 3),
        ([], 1, [2], None),
    ],
)
def test_a_worker_stays_with_its_seed_and_helps_when_it_is_done(
    waiting: list[int], own: int | None, others: list[int | None], chosen: int | None
) -> None:
    assert choose_seed(waiting, own, others) == chosen


@pytest.mark.parametrize(("cases", "threads", "processes"), [(0, 8, 1), (1, 8, 1), (3, 2, 2), (33, 8, 8), (5, 1, 1)])
def test_never_more_processes_than_cases_or_threads(cases: int, threads: int, processes: int) -> None:
    assert processes_for(cases, threads) == processes


class AtOnce:
    """A worker that has finished whatever it was given; all work at the same speed."""

    def __init__(self) -> None:
        self.seed: int | None = None

    def submit(self, task: Any, what: Part | Case) -> Future[dict[str, Any]]:
        future: Future[dict[str, Any]] = Future()
        future.set_result({"worker": id(self)})
        if isinstance(what, Case):
            self.seed = what.seed
        return future

    def stop(self, kill: bool) -> None:
        pass


@pytest.mark.parametrize(
    ("seeds", "workers", "builds"), [(3, 2, 4), (2, 2, 2), (4, 2, 4), (3, 3, 3), (1, 2, 2), (3, 4, 6)]
)
def test_few_models_are_built_and_work_is_shared_evenly(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, seeds: int, workers: int, builds: int
) -> None:
    monkeypatch.setattr(pool, "_Worker", AtOnce)
    cases = [Case(f"policy-{i}", seed) for i in range(12) for seed in range(1, seeds + 1)]
    parts = [Part("population", "population")]
    seen: list[tuple[int, str]] = []
    results = pool.run_tasks(
        FakeEngine(),
        tmp_path,
        "",
        parts,
        cases,
        pool.Crew(workers),
        lambda done, label: seen.append((done, label)),
    )
    assert results.cases.keys() == set(cases)
    assert len({(result["worker"], case.seed) for case, result in results.cases.items()}) == builds
    shares = Counter(result["worker"] for result in results.cases.values())
    assert max(shares.values()) - min(shares.values()) <= 3
    for seed in range(1, seeds + 1):
        own = [case for case in results.cases if case.seed == seed]
        assert own == sorted(own, key=cases.index), "the baseline comes first"
    assert seen[0] == (0, "population")
    assert [done for done, _ in seen[1:]] == list(range(1, len(cases) + 1))


class Dying(FakeEngine):
    """The process that prepares the tours of a seed is killed, once or always."""

    once: Path
    always: bool

    def prepare(self, work: Path, part: str, threads: int) -> Made:
        if part == "tours-2" and (self.always or not self.once.exists()):
            self.once.touch()
            os._exit(1)
        return super().prepare(work, part, threads)


def dying(once: Path, always: bool) -> Dying:
    engine = Dying(policies=("baseline", "ev-grant"), seeds=(1, 2))
    engine.once, engine.always = once, always
    return engine


def test_a_part_whose_worker_is_lost_is_made_again(tmp_path: Path) -> None:
    run = run_engine(dying(tmp_path / "died", always=False), tmp_path / "run", 2, silent)
    assert (tmp_path / "died").exists()
    assert run.exit_code == 0
    assert set(run.manifest["timings"]["parts"]) == {"population", "tours-1", "tours-2"}


def test_a_part_whose_worker_is_always_lost_ends_the_run(tmp_path: Path) -> None:
    with pytest.raises(OutputError, match="tours, seed 2: its worker process ended without an answer"):
        run_engine(dying(tmp_path / "died", always=True), tmp_path / "run", 2, silent)
    assert not (tmp_path / "run" / "DONE").exists()


class Noted(FakeEngine):
    """A part that cannot be prepared without the one before, and that has something to say."""

    def parts(self, processes: int) -> list[Part]:
        first, *others = super().parts(processes)
        return [*others, Part("last", "last", tuple(part.name for part in others)), first]

    def prepare(self, work: Path, part: str, threads: int) -> Made:
        if part == "last":
            assert {path.name for path in (work / "prepared").iterdir()} == {"tours-1", "tours-2", "tours-3"}
            return Made(notes=("it was late",))
        made = super().prepare(work, part, threads)
        if part.startswith("tours"):
            (work / "prepared" / part).touch()
        return made


@pytest.mark.parametrize("threads", [2])
def test_parts_wait_for_what_they_need(tmp_path: Path, threads: int) -> None:
    run = run_engine(Noted(), tmp_path, threads, silent)
    assert run.manifest["notes"] == ["it was late"]
    assert run.exit_code == 0


def test_a_fault_in_a_part_ends_the_run_as_it_is(tmp_path: Path) -> None:
    class Faulty(FakeEngine):
        def prepare(self, work: Path, part: str, threads: int) -> Made:
            if part == "tours-3":
                raise OutputError("no room")
            return super().prepare(work, part, threads)

    for threads in (1, 2):
        with pytest.raises(OutputError, match="no room"):
            run_engine(Faulty(), tmp_path / str(threads), threads, silent)


def test_tables_of_a_seed_come_from_its_part(tmp_path: Path) -> None:
    run = run_engine(FakeEngine(policies=("baseline",), seeds=(1, 2)), tmp_path, 1, silent)
    wanted: Any = make_persons(make_zones())
    for seed in (1, 2):
        assert (run.tables("persons", seed=seed)["zone_idx"] == wanted["zone_idx"]).all()
