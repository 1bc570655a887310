"""A command that runs cases of a second each on two processes: what Ctrl-C meets."""

from __future__ import annotations

import sys
import time
from pathlib import Path
from typing import Any

import click

from tests.runner.fake import FakeEngine
from zemsim.core.command_line import Commands
from zemsim.experiment.runner import run_engine


class SlowEngine(FakeEngine):
    """The fake engine, with time to be interrupted."""

    def simulate(self, *args: Any) -> Any:
        time.sleep(1.0)
        return super().simulate(*args)


@click.group(cls=Commands)
def slow() -> None:
    """Slow commands."""


@slow.command()
@click.argument("folder")
def run(folder: str) -> None:
    """Run it."""
    run_engine(SlowEngine(), Path(folder), 2)


if __name__ == "__main__":
    slow.main(sys.argv[1:])
