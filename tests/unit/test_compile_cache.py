"""Compiled kernels are kept by what they were compiled from, apart from everybody else's, and lost without harm."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from pathlib import Path

import pytest
from click.testing import CliRunner
from numba import njit

import zemsim
from zemsim.commands.quality import warmup
from zemsim.kernels import choice_blocks, compile_cache, draws, sweep
from zemsim.kernels.compile_cache import KernelLocator, sources_digest

KERNELS = Path(compile_cache.__file__).parent

PROGRAM = """
import numpy as np
from zemsim.kernels.draws import fill_uniform, uniforms
uniforms(1, 2, np.arange(3))
stats = fill_uniform.stats
print(sum(stats.cache_hits.values()), sum(stats.cache_misses.values()))
"""


def run(folder: Path, **more: str) -> list[int]:
    """Kernels that another process found, and that it compiled."""
    environment = {**os.environ, "NUMBA_CACHE_DIR": str(folder), **more}
    environment["PYTHONPATH"] = str(Path(zemsim.__file__).parents[1])
    done = subprocess.run([sys.executable, "-c", PROGRAM], env=environment, capture_output=True, text=True, check=True)
    return [int(count) for count in done.stdout.split()]


def test_the_second_process_compiles_nothing_but_for_another_processor(tmp_path: Path) -> None:
    assert run(tmp_path) == [0, 1]
    assert run(tmp_path, NUMBA_CPU_NAME="generic", NUMBA_CPU_FEATURES="") == [0, 1]
    assert run(tmp_path) == [1, 0]
    (place,) = tmp_path.iterdir()
    assert place.name.startswith("kernels-")


@pytest.mark.skipif(hasattr(os, "geteuid") and os.geteuid() == 0, reason="nothing is closed to this user")
def test_a_closed_folder_is_no_fault_for_others(tmp_path: Path) -> None:
    tmp_path.chmod(0o500)
    assert run(tmp_path) == [0, 1]


def test_a_file_in_the_place_of_the_folder_is_no_fault(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("not a folder")
    assert run(tmp_path / "file") == [0, 1]


def test_what_is_imported_belongs_to_the_sources() -> None:
    found = {path.name for path in compile_cache._closure(KERNELS / "tour_choice.py")}
    assert {"tour_choice.py", "draws.py", "lean.py", "names.py"} <= found
    assert "sweep.py" not in found
    assert {"lanes.py", "hierarchy.py"} <= {path.name for path in compile_cache._closure(KERNELS / "sweep.py")}


def test_an_edit_anywhere_among_the_sources_changes_the_digest_and_the_date_does_not(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    kernels = tmp_path / "kernels"
    kernels.mkdir()
    monkeypatch.setattr(compile_cache, "_PACKAGE", tmp_path)
    one, other, far = (kernels / name for name in ("one.py", "other.py", "far.py"))
    one.write_text("from zemsim.kernels import (\n    other,\n)\nA = 1\n")
    other.write_text("def f():\n    import zemsim.kernels.far\n")
    far.write_text("B = 2\n")

    def digest() -> str:
        for memory in (compile_cache.sources_digest, compile_cache._text, compile_cache._imported):
            memory.cache_clear()
        return sources_digest(one)

    seen = [digest()]
    os.utime(far, (1, 1))
    assert digest() == seen[0]
    for path in (one, other, far):
        path.write_text(path.read_text() + "\nC = 3\n")
        seen.append(digest())
    assert len(set(seen)) == 4
    digest()
    monkeypatch.undo()
    for memory in (compile_cache.sources_digest, compile_cache._text, compile_cache._imported):
        memory.cache_clear()


def test_kernels_of_others_are_kept_where_they_were() -> None:
    assert KernelLocator.from_function(None, __file__) is None
    ours = njit(cache=True)(lambda x: x)
    assert not isinstance(ours._cache._impl.locator, KernelLocator)
    for kernel in (choice_blocks.choose_modes_rows, sweep.sweep_batches, draws.fill_uniform):
        assert isinstance(kernel._cache._impl.locator, KernelLocator)


def test_kernels_that_nobody_uses_are_forgotten(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NUMBA_CACHE_DIR", str(tmp_path))
    place = compile_cache.folder()
    place.mkdir()
    old, new = place / "a.nbi", place / "b.nbc"
    for file in (old, new, place / "rehearsed-1"):
        file.write_bytes(b"")
    long_ago = time.time() - 100 * 86_400
    os.utime(old, (long_ago, long_ago))
    os.utime(place / "rehearsed-1", (long_ago, long_ago))
    assert compile_cache.forget_old() == 1
    assert sorted(file.name for file in place.iterdir()) == ["b.nbc", "rehearsed-1"]


def test_a_kernel_that_cannot_be_deleted_keeps_no_other(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NUMBA_CACHE_DIR", str(tmp_path))
    place, kept = compile_cache.folder(), []
    place.mkdir()
    for name in ("a.nbi", "b.nbc", "c.nbc"):
        (place / name).write_bytes(b"")
        os.utime(place / name, (0, 0))

    def all_but_the_first(file: Path) -> None:
        if not kept:
            kept.append(file)
            raise PermissionError(file)
        os.unlink(file)

    monkeypatch.setattr(Path, "unlink", all_but_the_first)
    assert compile_cache.forget_old() == 2
    assert list(place.iterdir()) == kept


def test_warmup_tells_where_kernels_are_kept(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("NUMBA_CACHE_DIR", str(tmp_path))
    made: list[str] = []

    class Engine:
        @classmethod
        def of(cls, experiment: None) -> Engine:
            return cls()

        def prepare(self, work: Path, part: str, threads: int) -> None:
            assert work.is_dir()
            made.append(part)
            place = compile_cache.folder()
            place.mkdir(exist_ok=True)
            (place / f"{part}.nbc").write_bytes(b"12345")
            (place / f"{part}.nbi").write_bytes(b"1")

    monkeypatch.setattr("zemsim.experiment.prepare.SpineEngine", Engine)
    found = json.loads(CliRunner().invoke(warmup, ["--json"]).stdout)
    assert made == ["population", "roads", "timetable", "rehearsal-tours", "rehearsal"]
    assert found["folder"] == str(compile_cache.folder())
    assert (found["kernels"], found["files"], found["bytes"]) == (5, 10, 30)
    told = CliRunner().invoke(warmup, [])
    assert "5 compiled kernels" in told.stdout
    assert "compiling: population" in told.stderr
