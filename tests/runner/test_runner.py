"""The runner: same bytes however it runs, resume, failed cases as rows, one run at a time."""

from __future__ import annotations

import gc
import io
import json
import os
import re
import time
from pathlib import Path

import pytest

from tests.runner.fake import POLICIES, SEEDS, FakeEngine
from zemsim.core.errors import BusyError, InputError, OutputError
from zemsim.core.schema import case_tables
from zemsim.experiment.lock import LOCK_NAME, locked
from zemsim.experiment.progress import shown, silent
from zemsim.experiment.run_folder import DamagedRunError, Run, open_run
from zemsim.experiment.run_writer import Identity
from zemsim.experiment.runner import run_engine

CASES = len(POLICIES) * len(SEEDS)


def compute(engine: FakeEngine, folder: Path, threads: int = 1, replace: bool = False) -> Run:
    return run_engine(engine, folder, threads, silent, replace)


def bytes_of(run: Run) -> dict[str, bytes]:
    """Everything but the manifest, which holds timings, and DONE, which holds the manifest's checksum."""
    names = [p for p in run.folder.rglob("*") if p.is_file() and p.name not in ("manifest.json", "DONE")]
    return {p.relative_to(run.folder).as_posix(): p.read_bytes() for p in names}


def test_whole_run(tmp_path: Path) -> None:
    run = compute(FakeEngine(), tmp_path / "run")
    assert run.exit_code == 0
    assert run.policies == list(POLICIES)
    assert run.seeds == list(SEEDS)
    assert len(bytes_of(run)) == CASES * len(case_tables()) + 2 * len(SEEDS) + 5
    assert not list(run.folder.glob(".*")), "no work, lock or temporary file is left"
    assert len(run.verdicts) == CASES + 1
    assert set(run.indicators["policy"]) == set(POLICIES)
    assert run.manifest["machine"].keys() == {"cores", "threads", "system"}
    trips = run.tables("trips")
    assert list(trips.columns[:2]) == ["policy", "seed"]
    assert len(trips) == sum(len(run.tables("trips", p, s)) for p in POLICIES for s in SEEDS)
    assert "seed" in run.tables("persons").columns
    assert run.tables("zones")["zone_id"].iloc[-1] == "riga"
    html = run._repr_html_()
    assert "Made up &lt;b&gt;" in html
    assert "<b>" not in html.replace("<p><b>", "")


def test_same_bytes_for_threads_folders_and_order(tmp_path: Path) -> None:
    one = compute(FakeEngine(), tmp_path / "one")
    two = compute(FakeEngine(), tmp_path / "an other" / "two", threads=2)
    assert bytes_of(one) == bytes_of(two)
    assert one.manifest["content"] == two.manifest["content"]
    parts = ("timings", "created", "machine")
    left, right = ({k: v for k, v in r.manifest.items() if k not in parts} for r in (one, two))
    assert left == right
    processes = {case["process"] for case in two.manifest["timings"]["cases"].values()}
    assert os.getpid() not in processes


def test_finished_run_is_opened_and_not_computed(tmp_path: Path) -> None:
    first = compute(FakeEngine(), tmp_path)
    engine = FakeEngine()
    again = compute(engine, tmp_path)
    assert engine.calls == []
    assert again.manifest == first.manifest


def test_another_question_is_refused_or_replaces(tmp_path: Path) -> None:
    compute(FakeEngine(), tmp_path)
    other = FakeEngine(policies=("baseline", "ev-grant"), variant="b")
    with pytest.raises(OutputError, match="differs in: experiment"):
        compute(other, tmp_path)
    run = compute(other, tmp_path, replace=True)
    assert run.policies == ["baseline", "ev-grant"]
    assert run.manifest["notes"] == ["a finished run that differed in experiment was replaced"]


def test_half_finished_run_of_another_question_is_not_used(tmp_path: Path) -> None:
    compute(FakeEngine(), tmp_path)
    (tmp_path / "DONE").unlink()
    (tmp_path / ".work").mkdir()
    (tmp_path / ".work" / "run.json").write_text(json.dumps({"code": "x", "experiment": "y"}), encoding="utf-8")
    engine = FakeEngine()
    run = compute(engine, tmp_path)
    assert len(engine.calls) == CASES
    assert "differs in code, experiment; nothing of it was used" in run.manifest["notes"][0]


def test_foreign_files_are_left_alone(tmp_path: Path) -> None:
    (tmp_path / "thesis.docx").write_text("ten years of work", encoding="utf-8")
    with pytest.raises(OutputError, match=r"files that are no run \(thesis.docx\)"):
        compute(FakeEngine(), tmp_path)
    assert [p.name for p in tmp_path.iterdir()] == ["thesis.docx"]


@pytest.mark.parametrize("threads", [1, 2])
def test_a_failed_policy_is_a_row(tmp_path: Path, threads: int) -> None:
    run = compute(FakeEngine(raises="bus-free"), tmp_path, threads)
    assert run.exit_code == 3
    assert [case["policy"] for case in run.failed] == ["bus-free"] * len(SEEDS)
    assert run.failed[0]["reason"].startswith("RuntimeError: the model broke with two lines (fake.py:")
    assert [v["passed"] for v in run.verdicts if v["policy"] == "bus-free"] == [False] * len(SEEDS)
    assert set(run.indicators["policy"]) == {"baseline", "ev-grant"}
    assert open_run(tmp_path).exit_code == 3
    with pytest.raises(InputError, match="no table trips for policy 'bus-free'"):
        run.tables("trips", "bus-free", 1)


def test_failed_cases_are_tried_again_only_on_request(tmp_path: Path) -> None:
    compute(FakeEngine(raises="bus-free"), tmp_path)
    assert compute(FakeEngine(), tmp_path).exit_code == 3
    mended = compute(FakeEngine(), tmp_path, replace=True)
    assert mended.exit_code == 0
    assert mended.manifest["notes"] == ["3 cases had failed; the run was done anew"]


def test_a_lost_worker_is_tried_again(tmp_path: Path) -> None:
    few = {"policies": ("baseline", "bus-free"), "seeds": (1, 2)}
    sound = compute(FakeEngine(**few), tmp_path / "sound")
    engine = FakeEngine(**few, dies=("bus-free", 2), dies_in=tmp_path / "died")
    run = compute(engine, tmp_path / "run", threads=2)
    assert (tmp_path / "died").exists()
    assert run.exit_code == 0
    assert bytes_of(run) == bytes_of(sound)


def test_a_case_that_always_kills_its_worker_fails_alone(tmp_path: Path) -> None:
    run = compute(FakeEngine(policies=("baseline", "ev-grant"), seeds=(1,), always_dies=("ev-grant", 1)), tmp_path, 2)
    assert [(case["policy"], case["seed"]) for case in run.failed] == [("ev-grant", 1)]
    assert "worker process ended" in run.failed[0]["reason"]
    assert len(run.cases) - len(run.failed) == 1


def test_code_that_changes_while_a_run_is_at_work_stops_it(tmp_path: Path) -> None:
    class Edited(FakeEngine):
        asked = 0

        def identity(self) -> Identity:
            self.asked += 1
            return super().identity() if self.asked == 1 else Identity({"code": "edited"})

    with pytest.raises(OutputError, match="changed while the run was at work"):
        compute(Edited(), tmp_path)
    assert compute(FakeEngine(), tmp_path).exit_code == 0


def test_busy_folder(tmp_path: Path) -> None:
    with locked(tmp_path), pytest.raises(BusyError, match=rf"another run is at work here \(process {os.getpid()} on"):
        compute(FakeEngine(), tmp_path)
    assert not (tmp_path / LOCK_NAME).exists()


def test_stale_lock_is_taken_over(tmp_path: Path) -> None:
    (tmp_path / LOCK_NAME).write_text('{"pid": 999999, "host": "gone"}', encoding="utf-8")
    assert compute(FakeEngine(), tmp_path).exit_code == 0


def test_unreadable_owner(tmp_path: Path) -> None:
    with locked(tmp_path):
        (tmp_path / LOCK_NAME).write_text("what?", encoding="utf-8")
        with pytest.raises(BusyError, match="at work here; wait"):
            compute(FakeEngine(), tmp_path)


def test_policy_ids_cannot_leave_the_folder(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="cannot be a file name"):
        compute(FakeEngine(policies=("../baseline",)), tmp_path)


def test_open_run_of_no_run(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no such run folder"):
        open_run(tmp_path / "none")
    (tmp_path / "file").touch()
    with pytest.raises(InputError, match="is a file, not a run folder"):
        open_run(tmp_path / "file")
    with pytest.raises(InputError, match="no run folder"):
        open_run(tmp_path)
    (tmp_path / ".work").mkdir()
    with pytest.raises(DamagedRunError, match="did not finish"):
        open_run(tmp_path)


def test_unknown_tables(tmp_path: Path) -> None:
    run = compute(FakeEngine(policies=("baseline",), seeds=(1,)), tmp_path)
    with pytest.raises(InputError, match="no table is called “trip”") as caught:
        run.tables("trip")
    assert "did you mean “trips”" in str(caught.value)
    with pytest.raises(InputError, match="seeds 1"):
        run.tables("trips", "baseline", 2)


def test_progress_counts_to_the_end(tmp_path: Path) -> None:
    seen: list[tuple[int, int, str]] = []
    run_engine(FakeEngine(), tmp_path, 1, lambda done, total, label: seen.append((done, total, label)))
    assert [done for done, _, _ in seen] == sorted(done for done, _, _ in seen)
    assert seen[0] == (0, CASES, "population")
    assert seen[-1][:2] == (CASES, CASES)


def test_plain_lines_where_there_is_no_terminal() -> None:
    stream = io.StringIO()
    with shown(None, stream) as show:
        show(1, 3, "baseline, seed 1")
    assert stream.getvalue() == "[1/3] baseline, seed 1\n"


def test_plain_lines_give_signs_of_life(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("zemsim.experiment.progress.SIGN_OF_LIFE_S", 0.05)
    stream = io.StringIO()
    with shown(None, stream) as show:
        show(0, 0, "loading")
        show(0, 9, "roads")
        end = time.monotonic() + 10
        while "so far" not in stream.getvalue() and time.monotonic() < end:
            time.sleep(0.01)
    lines = stream.getvalue().splitlines()
    assert lines[:2] == ["loading", "[0/9] roads"]
    assert re.fullmatch(r"\[0/9\] roads \.\.\. \d+ s so far", lines[2])


def test_a_finished_run_says_that_it_is_reused(tmp_path: Path) -> None:
    first = compute(FakeEngine(policies=("baseline",), seeds=(1,)), tmp_path)
    again = compute(FakeEngine(policies=("baseline",), seeds=(1,)), tmp_path)
    assert (first.reused, again.reused) == (False, True)
    with pytest.raises(OutputError, match="--replace"):
        compute(FakeEngine(policies=("baseline",), seeds=(1,), variant="b"), tmp_path)


def test_bar_on_a_terminal() -> None:
    stream = io.StringIO()
    stream.isatty = lambda: True  # type: ignore[method-assign]
    with shown(None, stream) as show:
        show(1, 3, "baseline [red]")
        show(3, 3, "tables")
    assert "3/3" in stream.getvalue()


def test_nothing_stays_frozen_for_the_caller(tmp_path: Path) -> None:
    compute(FakeEngine(), tmp_path)
    assert gc.get_freeze_count() == 0
