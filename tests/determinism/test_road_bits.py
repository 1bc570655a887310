"""Road kernels give the same bits for any number of threads, any processor, with bounds checked, and as Python."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.determinism.road_digests import digests

ROOT = Path(__file__).resolve().parents[2]


def in_a_process(folder: Path, threads: int, **environment: str) -> list[str]:
    """Digests from a fresh process that shares no compiled kernel with others."""
    path = os.pathsep.join(filter(None, [str(ROOT), os.environ.get("PYTHONPATH")]))
    env = os.environ | {"NUMBA_CACHE_DIR": str(folder), "PYTHONPATH": path} | environment
    command = [sys.executable, "-m", "tests.determinism.road_digests", str(threads)]
    done = subprocess.run(command, cwd=ROOT, env=env, capture_output=True, text=True, check=False, timeout=600)
    assert done.returncode == 0, done.stderr
    return done.stdout.split("\n")[:-1]


def test_two_threads_change_no_bit() -> None:
    one = digests(1)
    assert digests(2) == one
    assert len(one) == 10
    both = {line for line in one if line.startswith(("labels", "flows"))}
    assert len(both) == 3, "the fourth of sixteen slices is the one slice again"


def test_plain_python_gives_the_same_bits(tmp_path: Path) -> None:
    assert in_a_process(tmp_path, 1, NUMBA_DISABLE_JIT="1") == digests(1)


@pytest.mark.slow
def test_a_plain_processor_gives_the_same_bits_and_no_index_is_out_of_bounds(tmp_path: Path) -> None:
    """Every kernel is compiled anew: for a processor without vectors of more than 128 bits, with indices checked."""
    plain = {"NUMBA_CPU_NAME": "generic", "NUMBA_CPU_FEATURES": "", "NUMBA_BOUNDSCHECK": "1"}
    assert in_a_process(tmp_path, 2, **plain) == digests(1)
