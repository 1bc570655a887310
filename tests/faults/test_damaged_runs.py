"""A finished run is whole, or refused by the name of the file that is not."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.runner.fake import FakeEngine
from zemsim.core import fingerprint
from zemsim.experiment.progress import silent
from zemsim.experiment.run_folder import DamagedRunError, open_run
from zemsim.experiment.runner import run_engine


@pytest.fixture(scope="module")
def sound(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("sound") / "run"
    run_engine(FakeEngine(policies=("baseline", "bus-free"), seeds=(1, 2)), folder, 1, silent)
    return folder


@pytest.fixture
def copy(sound: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(sound, tmp_path / "run"))


def truncate(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-1])


def flip(path: Path) -> None:
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(bytes(data))


def grow(path: Path) -> None:
    path.write_bytes(path.read_bytes() + b"\n")


def link(path: Path) -> None:
    twin = path.with_name("twin")
    path.rename(twin)
    path.symlink_to(twin)


DAMAGE = [(truncate, "is truncated"), (flip, "was changed"), (Path.unlink, "is missing"), (grow, "has grown")]


@pytest.mark.parametrize(("damage", "message"), [*DAMAGE, (link, "is missing")])
def test_every_file_is_guarded(copy: Path, damage: Callable[[Path], object], message: str) -> None:
    manifest = json.loads((copy / "manifest.json").read_text(encoding="utf-8"))
    assert len(manifest["files"]) > 30
    for name in sorted(manifest["files"]):
        keep = (copy / name).read_bytes()
        damage(copy / name)
        with pytest.raises(DamagedRunError, match=message) as caught:
            open_run(copy)
        assert str(copy / name) in str(caught.value)
        (copy / name).unlink(missing_ok=True)
        (copy / name).with_name("twin").unlink(missing_ok=True)
        (copy / name).write_bytes(keep)
    assert open_run(copy).exit_code == 0


def test_tables_of_two_cases_swapped(copy: Path) -> None:
    one, two = copy / "trips" / "baseline-seed-1.parquet", copy / "trips" / "baseline-seed-2.parquet"
    one.rename(copy / "x")
    two.rename(one)
    (copy / "x").rename(two)
    with pytest.raises(DamagedRunError, match=r"baseline-seed-1\.parquet"):
        open_run(copy)


@pytest.mark.parametrize("damage", [truncate, flip, grow])
def test_edited_manifest(copy: Path, damage: Callable[[Path], object]) -> None:
    damage(copy / "manifest.json")
    with pytest.raises(DamagedRunError, match=r"manifest.json: was changed after the run"):
        open_run(copy)


def test_missing_or_damaged_ends(copy: Path) -> None:
    done = (copy / "DONE").read_bytes()
    (copy / "DONE").write_text("{}", encoding="utf-8")
    with pytest.raises(DamagedRunError, match="DONE: is damaged"):
        open_run(copy)
    (copy / "DONE").unlink()
    with pytest.raises(DamagedRunError, match="DONE is missing"):
        open_run(copy)
    (copy / "DONE").write_bytes(done)
    (copy / "manifest.json").unlink()
    with pytest.raises(DamagedRunError, match=r"manifest.json: is missing"):
        open_run(copy)


def rewrite(folder: Path, change: Callable[[dict[str, object]], None]) -> None:
    """Edit the manifest and mend DONE, as someone would who wants to deceive."""
    manifest = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))
    change(manifest)
    (folder / "manifest.json").write_text(json.dumps(manifest), encoding="utf-8")
    digest = fingerprint.of_file(folder / "manifest.json")
    (folder / "DONE").write_text(json.dumps({"manifest": digest}), encoding="utf-8")


@pytest.mark.parametrize("name", ["../outside.parquet", "/etc/passwd", "trips/../x.parquet", "trips/x.exe"])
def test_manifest_cannot_point_elsewhere(copy: Path, name: str) -> None:
    rewrite(copy, lambda m: m["files"].update({name: {"bytes": 0, "rows": 0, "blake2b": ""}}))  # type: ignore[attr-defined]
    with pytest.raises(DamagedRunError, match="names a file that no run writes"):
        open_run(copy)


def test_other_formats_and_strangers(copy: Path) -> None:
    shutil.copy(copy / "zones.parquet", copy / "trips" / "plan-seed-1.parquet")
    with pytest.raises(DamagedRunError, match=r"plan-seed-1.parquet: does not belong to this run"):
        open_run(copy)
    (copy / "trips" / "plan-seed-1.parquet").unlink()
    rewrite(copy, lambda m: m.update(format=99))
    with pytest.raises(DamagedRunError, match="has format 99"):
        open_run(copy)


def test_a_report_beside_the_tables_is_no_stranger(copy: Path) -> None:
    (copy / "report").mkdir()
    (copy / "report" / "index.html").write_text("<html>", encoding="utf-8")
    assert open_run(copy).exit_code == 0


def test_a_damaged_run_is_done_anew(copy: Path, sound: Path) -> None:
    flip(copy / "trips" / "bus-free-seed-2.parquet")
    engine = FakeEngine(policies=("baseline", "bus-free"), seeds=(1, 2))
    run = run_engine(engine, copy, 1, silent)
    assert "damaged run, which was done anew" in run.manifest["notes"][0]
    assert run.manifest["content"] == open_run(sound).manifest["content"]
