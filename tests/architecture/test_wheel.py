"""What is handed out: the wheel holds the package whole and nothing else, the same bytes each time; free licences."""

from __future__ import annotations

import hashlib
import re
import subprocess
import sys
import tarfile
import zipfile
from importlib import metadata
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from tests.architecture.source import PACKAGE, ROOT, repository_files

#: Licences that would bind what a planner or researcher builds on zemsim.
BINDING = re.compile(r"\b(A|L)?GPL|GNU (Affero |Lesser )?General Public|proprietary|commercial", flags=re.I)


def build(kind: str, folder: Path) -> Path:
    """Build a wheel or an sdist from the tree."""
    command = [sys.executable, "-m", "hatchling", "build", "-t", kind, "-d", str(folder)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False, timeout=120)
    assert done.returncode == 0, done.stderr
    (built,) = folder.iterdir()
    return built


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build("wheel", tmp_path_factory.mktemp("wheel"))


def names_in(wheel: Path) -> set[str]:
    with zipfile.ZipFile(wheel) as archive:
        return set(archive.namelist())


def test_wheel_holds_every_file_of_the_package_and_nothing_else(wheel: Path) -> None:
    files = {p.relative_to(ROOT).as_posix() for p in repository_files() if p.is_relative_to(PACKAGE)}
    cases = [p.name for p in repository_files() if p.is_relative_to(ROOT / "calibration" / "backtests")]
    files |= {f"zemsim/calibrate/backtest/cases/{name}" for name in cases}
    assert "b02.toml" in cases
    packed = {name for name in names_in(wheel) if not name.split("/")[0].endswith(".dist-info")}
    assert packed == files


def test_wheel_holds_licence_and_command(wheel: Path) -> None:
    tails = {name.partition(".dist-info/")[2] for name in names_in(wheel) if ".dist-info/" in name}
    assert {"licenses/LICENSE", "entry_points.txt", "METADATA"} <= tails


def test_wheel_is_the_same_when_built_again(wheel: Path, tmp_path: Path) -> None:
    again = build("wheel", tmp_path)
    assert hashlib.sha256(again.read_bytes()).digest() == hashlib.sha256(wheel.read_bytes()).digest()


def test_sdist_holds_tests_and_documents_and_no_results(tmp_path: Path) -> None:
    with tarfile.open(build("sdist", tmp_path)) as archive:
        names = {name.partition("/")[2] for name in archive.getnames()}
    assert {"LICENSE", "README.md", "pyproject.toml", "tests/conftest.py", "docs/index.md", "locks/py311.txt"} <= names
    assert {name for name in names if name.startswith("outputs/")} <= {"outputs/README.md"}
    assert not [name for name in names if "__pycache__" in name or "_cache/" in name]


def needed() -> set[str]:
    """Names of the packages that zemsim needs at run time here, and of those that they need."""
    found: set[str] = set()
    waiting = ["zemsim"]
    while waiting:
        for text in metadata.requires(waiting.pop()) or []:
            requirement = Requirement(text)
            name = canonicalize_name(requirement.name)
            if name not in found and (requirement.marker is None or requirement.marker.evaluate({"extra": ""})):
                found.add(name)
                waiting.append(name)
    return found


def licence(name: str) -> str:
    """Licence of an installed package: its expression, else its classifiers, else its own words."""
    about = metadata.metadata(name)
    said = [about.get("License-Expression") or ""]
    said += [c for c in about.get_all("Classifier") or [] if c.startswith("License ::")]
    return " ".join(said).strip() or (about.get("License") or "")[:200]


def test_what_is_needed_at_run_time_is_free_to_build_on() -> None:
    try:
        packages = needed()
    except metadata.PackageNotFoundError:
        pytest.skip("zemsim is not installed here")
    assert {"numpy", "mesa", "numba"} <= packages
    assert not {name: licence(name) for name in packages if BINDING.search(licence(name)) or not licence(name)}
