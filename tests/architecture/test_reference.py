"""The generated parts of the reference pages are what the code says today."""

from __future__ import annotations

import subprocess
import sys

from tests.architecture.source import ROOT

SCRIPT = ROOT / "docs" / "make_reference.py"


def test_reference_pages_are_up_to_date() -> None:
    done = subprocess.run(
        [sys.executable, str(SCRIPT), "--check"], capture_output=True, text=True, check=False, timeout=120
    )
    assert done.returncode == 0, f"run python docs/make_reference.py\n{done.stdout}{done.stderr}"
