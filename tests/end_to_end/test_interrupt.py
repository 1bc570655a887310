"""Ctrl-C into ``zemsim run`` on the whole region, while its parts are prepared by two processes."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from tests.runner.test_interrupt import SAID, interrupted

SMALL = Path(__file__).with_name("small.toml")


@pytest.mark.slow
def test_ctrl_c_into_the_real_command(tmp_path: Path) -> None:
    folder = tmp_path / "run"
    command = [sys.executable, "-m", "zemsim", "run", str(SMALL), "--out", str(folder), "--threads", "2"]
    code, lines = interrupted(command, tmp_path / "log", "[0/2]", pause_s=3.0)
    assert code == 130, lines
    assert lines[-1] == SAID
    assert not [line for line in lines if "Traceback" in line or "Error" in line]
    assert lines[:2] == ["loading the program", "reading the experiment and its region"]
    assert not (folder / "DONE").exists()
