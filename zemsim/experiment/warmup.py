"""Compile every kernel that a run of the embedded region calls, before anybody waits for one."""

from __future__ import annotations

import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

from zemsim.kernels import compile_cache

if TYPE_CHECKING:
    from zemsim.experiment.progress import Progress

#: Parts of the default experiment that together call all kernels, and what they are called while they are made.
PARTS: Final = {
    "population": "population",
    "roads": "roads",
    "timetable": "timetable",
    "rehearsal-tours": "tours of a few",
    "rehearsal": "days of a few",
}


@dataclass(frozen=True)
class Warmed:
    """What is kept now: where, how many kernels in how many files of how many bytes, and the seconds it took."""

    folder: Path
    kernels: int
    files: int
    size_bytes: int
    spent_s: float


def warm_up(show: Progress) -> Warmed:
    """Let a few hundred residents of the default experiment live through two years.

    Parameters
    ----------
    show : Progress
        Told which part is compiled.
    """
    from zemsim.experiment.prepare import SpineEngine

    began = time.perf_counter()
    engine = SpineEngine.of(None)
    with tempfile.TemporaryDirectory(prefix="zemsim-warmup-") as folder:
        for position, (part, label) in enumerate(PARTS.items()):
            show(position, len(PARTS), f"compiling: {label}")
            engine.prepare(Path(folder), part, 1)
    show(len(PARTS), len(PARTS), "compiled")
    place = compile_cache.folder()
    size_bytes = {file.name: file.stat().st_size for file in place.glob("*.nb[ci]")}
    kernels = sum(name.endswith(".nbc") for name in size_bytes)
    return Warmed(place, kernels, len(size_bytes), sum(size_bytes.values()), time.perf_counter() - began)
