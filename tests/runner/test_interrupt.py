"""Ctrl-C: a real signal to the whole group of processes, as a terminal sends it; one line, code 130, no traceback."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.runner.fake import FakeEngine
from tests.runner.slow_fake import SlowEngine
from zemsim.experiment.pool import without_interrupts
from zemsim.experiment.progress import silent
from zemsim.experiment.runner import run_engine

ROOT = Path(__file__).resolve().parents[2]
SAID = "zemsim: interrupted; a run that is asked for again takes up what was finished"

pytestmark = pytest.mark.skipif(not hasattr(os, "killpg"), reason="this system has no groups of processes")


def interrupted(command: list[str], folder: Path, at: str, pause_s: float = 0.3) -> tuple[int, list[str]]:
    """Start a command, send its group SIGINT when it says ``at``, and return its exit code and what it said."""
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "errors.txt").open("w+", encoding="utf-8") as errors:
        process = subprocess.Popen(
            command, cwd=ROOT, stdout=subprocess.DEVNULL, stderr=errors, start_new_session=True, text=True
        )
        try:
            wait_for(process, folder / "errors.txt", at)
            time.sleep(pause_s)
            os.killpg(process.pid, signal.SIGINT)
            code = process.wait(60)
        finally:
            process.kill()
    return code, (folder / "errors.txt").read_text(encoding="utf-8").splitlines()


def wait_for(process: subprocess.Popen[str], path: Path, text: str, limit_s: float = 120.0) -> None:
    """Wait until a file has a text."""
    end = time.monotonic() + limit_s
    while text not in path.read_text(encoding="utf-8"):
        assert process.poll() is None, path.read_text(encoding="utf-8")
        assert time.monotonic() < end, path.read_text(encoding="utf-8")
        time.sleep(0.05)


def left(group: int) -> list[str]:
    """Return the commands of processes that are left of a group."""
    found = []
    for entry in Path("/proc").glob("[0-9]*"):
        try:
            fields = (entry / "stat").read_text().rpartition(")")[2].split()
        except OSError:
            continue
        if int(fields[2]) == group and fields[0] != "Z":
            found.append(entry.name)
    return found


@pytest.mark.parametrize("at", ["[0/9] population", "[1/9]"])
def test_ctrl_c_is_one_line_and_130(tmp_path: Path, at: str) -> None:
    folder = tmp_path / "run"
    command = [sys.executable, "-m", "tests.runner.slow_fake", "run", str(folder)]
    code, lines = interrupted(command, tmp_path / "log", at)
    assert code == 130, lines
    assert lines[-1] == SAID
    assert all(line.startswith("[") for line in lines[:-1] if line), lines
    assert not (folder / "DONE").exists()


def test_what_was_finished_is_taken_up(tmp_path: Path) -> None:
    folder = tmp_path / "run"
    command = [sys.executable, "-m", "tests.runner.slow_fake", "run", str(folder)]
    interrupted(command, tmp_path / "log", "[2/9]")
    engine = SlowEngine()
    again = run_engine(engine, folder, 1, silent)
    assert again.exit_code == 0
    assert 0 < len(engine.calls) <= 7
    fresh = run_engine(FakeEngine(), tmp_path / "fresh", 1, silent)
    assert again.indicators.equals(fresh.indicators)


@pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="processes are counted in /proc")
def test_no_process_is_left(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "tests.runner.slow_fake", "run", str(tmp_path / "run")]
    process = subprocess.Popen(command, cwd=ROOT, stderr=subprocess.PIPE, start_new_session=True, text=True)
    assert process.stderr is not None
    next(line for line in process.stderr if line.startswith("[1/9]"))
    assert len(left(process.pid)) >= 3
    os.killpg(process.pid, signal.SIGINT)
    process.communicate(timeout=60)
    end = time.monotonic() + 10
    while left(process.pid) and time.monotonic() < end:
        time.sleep(0.1)
    assert left(process.pid) == []


def test_a_process_that_is_started_inside_never_sees_it() -> None:
    script = "import os, signal; os.kill(os.getpid(), signal.SIGINT); print('alive')"
    with without_interrupts():
        done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (0, "alive\n")
    assert signal.SIGINT not in signal.pthread_sigmask(signal.SIG_BLOCK, ())
