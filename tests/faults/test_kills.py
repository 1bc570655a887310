"""A killed run loses at most the case at work: run again, it ends with the same bytes."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.runner.fake import FakeEngine
from zemsim.core import atomic
from zemsim.core.errors import OutputError
from zemsim.experiment.lock import locked
from zemsim.experiment.progress import silent
from zemsim.experiment.run_folder import DamagedRunError, Run, open_run
from zemsim.experiment.runner import run_engine

ROOT = Path(__file__).resolve().parents[2]
CASES = 9

pytestmark = pytest.mark.skipif(os.name != "posix", reason="signals of POSIX")

PROGRAM = """
import sys
sys.path.append(sys.argv[1])
from tests.runner.fake import FakeEngine
from zemsim.experiment.progress import silent
from zemsim.experiment.runner import run_engine
run_engine(FakeEngine({arguments}), sys.argv[2], {threads}, silent)
"""


def child(folder: Path, arguments: str = "", threads: int = 1) -> subprocess.Popen[bytes]:
    code = PROGRAM.format(arguments=arguments, threads=threads)
    return subprocess.Popen([sys.executable, "-c", code, str(ROOT), str(folder)], stderr=subprocess.PIPE)


@pytest.fixture(scope="module")
def content(tmp_path_factory: pytest.TempPathFactory) -> str:
    return str(run_engine(FakeEngine(), tmp_path_factory.mktemp("whole"), 1, silent).manifest["content"])


def again(folder: Path) -> tuple[Run, int]:
    engine = FakeEngine()
    run = run_engine(engine, folder, 1, silent)
    return run, len(engine.calls)


@pytest.mark.parametrize("after", [0, 1, 4, 8])
def test_interrupted_between_cases(tmp_path: Path, content: str, after: int) -> None:
    with pytest.raises(KeyboardInterrupt):
        run_engine(FakeEngine(interrupted=after), tmp_path, 1, silent)
    run, computed = again(tmp_path)
    assert computed == CASES - after
    assert run.manifest["content"] == content


def test_killed_between_cases(tmp_path: Path, content: str) -> None:
    after = 4
    process = child(tmp_path, f"stops={after}")
    process.communicate(timeout=60)
    assert process.returncode == -signal.SIGKILL
    with pytest.raises(DamagedRunError, match="did not finish"):
        open_run(tmp_path)
    run, computed = again(tmp_path)
    assert computed == CASES - after
    assert run.manifest["timings"]["reused_cases"] == after
    assert run.manifest["content"] == content


def test_killed_at_any_moment(tmp_path: Path, content: str) -> None:
    """The delays are spread over the time that a run takes; whatever is at work then, nothing is lost."""
    reused = []
    for round_, delay in enumerate((0.05, 0.15)):
        folder = tmp_path / str(round_)
        process = child(folder)
        deadline = time.monotonic() + 60
        while not (folder / ".work" / "cases").is_dir() and time.monotonic() < deadline and process.poll() is None:
            time.sleep(0.005)
        time.sleep(delay)
        process.kill()
        process.communicate(timeout=60)
        run, computed = again(folder)
        reused.append(CASES - computed)
        assert run.manifest["content"] == content
        assert not list(folder.rglob(".*")), "lock, work and temporary files are gone"
    assert max(reused) > 0


def test_two_processes_in_one_folder(tmp_path: Path) -> None:
    with locked(tmp_path):
        process = child(tmp_path)
        _, error = process.communicate(timeout=60)
    assert process.returncode == 1
    assert b"BusyError" in error
    assert f"process {os.getpid()}".encode() in error


@pytest.mark.parametrize("spoil", ["table", "mark", "indicators"])
def test_a_spoilt_case_is_done_again(tmp_path: Path, content: str, spoil: str) -> None:
    with pytest.raises(KeyboardInterrupt):
        run_engine(FakeEngine(interrupted=4), tmp_path, 1, silent)
    path = {
        "table": tmp_path / "trips" / "baseline-seed-1.parquet",
        "mark": tmp_path / ".work" / "cases" / "baseline-seed-1.json",
        "indicators": tmp_path / ".work" / "indicators" / "baseline-seed-1.parquet",
    }[spoil]
    path.write_bytes(path.read_bytes()[:-7])
    run, computed = again(tmp_path)
    assert computed == CASES - 3
    assert run.manifest["content"] == content


def test_every_writing_may_fail(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each writing of a file fails in turn: the run stops with the reason, and goes on when there is room."""
    real, count = atomic.replacing, {"n": 0, "fail": 0}

    def failing(path: Path) -> object:
        count["n"] += 1
        if count["n"] == count["fail"]:
            raise OutputError(f"{path}: cannot write: No space left on device")
        return real(path)

    def run(folder: Path) -> Run:
        return run_engine(FakeEngine(policies=("baseline",), seeds=(1,)), folder, 1, silent)

    monkeypatch.setattr(atomic, "replacing", failing)
    content = run(tmp_path / "all").manifest["content"]
    writings = count["n"]
    assert writings > 12
    for position in range(1, writings + 1):
        folder = tmp_path / str(position)
        count.update(n=0, fail=position)
        with pytest.raises(OutputError, match="No space left on device"):
            run(folder)
        assert not (folder / "DONE").exists()
        count.update(n=0, fail=0)
        assert run(folder).manifest["content"] == content


def test_mark_of_a_case_lists_its_files(tmp_path: Path) -> None:
    with pytest.raises(KeyboardInterrupt):
        run_engine(FakeEngine(interrupted=1), tmp_path, 1, silent)
    mark = json.loads((tmp_path / ".work" / "cases" / "baseline-seed-1.json").read_text(encoding="utf-8"))
    assert all((tmp_path / name).stat().st_size == about["bytes"] for name, about in mark["files"].items())
