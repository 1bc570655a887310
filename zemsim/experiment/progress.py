"""How far a run is: a bar on a terminal, plain lines elsewhere, or whatever the caller wants to show."""

from __future__ import annotations

import contextlib
import sys
import threading
import time
from collections.abc import Iterator
from typing import Final, Protocol, TextIO

#: Seconds after which plain lines say again what is at work, if nothing was finished meanwhile.
SIGN_OF_LIFE_S: Final = 10.0


class Progress(Protocol):
    """Called whenever something is finished: ``done`` of ``total`` steps, and what is done next.

    ``total`` is 0 as long as nobody knows how many steps there are.
    """

    def __call__(self, done: int, total: int, label: str) -> None: ...


def silent(done: int, total: int, label: str) -> None:
    """Show nothing."""


@contextlib.contextmanager
def shown(progress: Progress | None, stream: TextIO | None = None) -> Iterator[Progress]:
    """Give the caller's progress, or one that writes to standard error: a bar on a terminal, else plain lines."""
    if progress is not None:
        yield progress
        return
    stream = sys.stderr if stream is None else stream
    with _bar(stream) if stream.isatty() else _lines(stream) as show:
        yield show


@contextlib.contextmanager
def _lines(stream: TextIO) -> Iterator[Progress]:
    """One line per step, and one every ten seconds while a step takes longer."""
    lines = _Lines(stream)
    stop = threading.Event()
    clock = threading.Thread(target=lines.beat, args=(stop,), name="zemsim-progress", daemon=True)
    clock.start()
    try:
        yield lines
    finally:
        stop.set()
        clock.join()


class _Lines:
    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self._turn = threading.Lock()
        self._began = self._said = time.monotonic()
        self._line = ""

    def __call__(self, done: int, total: int, label: str) -> None:
        self._say(f"[{done}/{total}] {label}" if total else label)

    def _say(self, line: str, more: str = "") -> None:
        with self._turn:
            self._line, self._said = line, time.monotonic()
            print(line + more, file=self._stream, flush=True)

    def beat(self, stop: threading.Event) -> None:
        """Say every ten seconds what is at work and for how long the run has been, until ``stop`` is set."""
        while not stop.wait(SIGN_OF_LIFE_S / 5):
            now = time.monotonic()
            if self._line and now - self._said >= SIGN_OF_LIFE_S:
                self._say(self._line, f" ... {now - self._began:.0f} s so far")


@contextlib.contextmanager
def _bar(stream: TextIO) -> Iterator[Progress]:
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, SpinnerColumn, TextColumn, TimeElapsedColumn
    from rich.progress import Progress as RichProgress

    columns = (
        SpinnerColumn(),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        TextColumn("{task.description}", markup=False),
    )
    with RichProgress(*columns, console=Console(file=stream), transient=True) as bar:
        task = bar.add_task("", total=None)

        def show(done: int, total: int, label: str) -> None:
            bar.update(task, completed=done, total=total or None, description=label)

        yield show
