"""How far a run is: a bar on a terminal, plain lines elsewhere, or whatever the caller wants to show."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Iterator
from typing import Protocol, TextIO


class Progress(Protocol):
    """Called whenever something is finished: ``done`` of ``total`` steps, and what is done next."""

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
    if stream.isatty():
        with _bar(stream) as bar:
            yield bar
    else:
        yield _Lines(stream)


class _Lines:
    """One line per step."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    def __call__(self, done: int, total: int, label: str) -> None:
        print(f"[{done}/{total}] {label}", file=self._stream, flush=True)


@contextlib.contextmanager
def _bar(stream: TextIO) -> Iterator[Progress]:
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeElapsedColumn
    from rich.progress import Progress as RichProgress

    columns = (BarColumn(), MofNCompleteColumn(), TimeElapsedColumn(), TextColumn("{task.description}", markup=False))
    with RichProgress(*columns, console=Console(file=stream), transient=True) as bar:
        task = bar.add_task("", total=None)

        def show(done: int, total: int, label: str) -> None:
            bar.update(task, completed=done, total=total, description=label)

        yield show
