"""Settings of every test: which zemsim is tested, and how Hypothesis searches.

``pytest`` tests the installed package; ``python -m pytest`` puts the current folder first on the path and tests the
tree. The root of the repository goes to the end of the path, so that a test finds its slow twin as
``tests.reference.<name>`` without hiding the installed package.
"""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import settings

if TYPE_CHECKING:
    import numpy as np

    from zemsim.population import Population
    from zemsim.region import Region

ROOT = Path(__file__).resolve().parents[1]

if str(ROOT) not in sys.path:
    sys.path.append(str(ROOT))

# The same examples on every machine and every day, and no limit of time on a case: the first call of a kernel compiles.
settings.register_profile("zemsim", deadline=None, derandomize=True, database=None)
settings.load_profile("zemsim")

# A shell starts what it puts into the background with Ctrl-C ignored, and every process of a test would inherit that.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture(scope="session")
def zemgale() -> Region:
    """The embedded region, read once."""
    from zemsim.region import load_region

    return load_region("zemgale")


@pytest.fixture(scope="session")
def zemgale_population(zemgale: Region) -> Population:
    """All residents of the embedded region, made once with the default seed."""
    from zemsim.population import synthesise

    return synthesise(zemgale)


@pytest.fixture(scope="session")
def zemgale_distance_km(zemgale: Region) -> np.ndarray:
    """Kilometres by road between the zones of the embedded region, free flow: float32 [Z, Z]."""
    from zemsim.travel.road_network import RoadNetwork
    from zemsim.travel.roads import road_skim

    return road_skim(RoadNetwork.from_region(zemgale), keep_paths=False).distance_km


@dataclass(frozen=True)
class SmallRun:
    """A run of the whole region by the command line: its folder, exit code and what it printed."""

    folder: Path
    code: int
    stdout: str
    stderr: str


@pytest.fixture(scope="session")
def small_run(tmp_path_factory: pytest.TempPathFactory) -> SmallRun:
    """``zemsim run`` of the smallest experiment, in another folder, by the package under test."""
    import zemsim

    folder = tmp_path_factory.mktemp("elsewhere")
    shutil.copy(ROOT / "tests" / "end_to_end" / "small.toml", folder)
    command = [sys.executable, "-m", "zemsim", "run", "small.toml", "--out", "run", "--lang", "lv"]
    environment = {**os.environ, "PYTHONPATH": str(Path(zemsim.__file__).parents[1])}
    done = subprocess.run(
        command, cwd=folder, env=environment, capture_output=True, encoding="utf-8", check=False, timeout=900
    )
    return SmallRun(folder / "run", done.returncode, done.stdout, done.stderr)
