"""What a run of the benchmark was asked for."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path


class DifferentError(Exception):
    """Two implementations that must agree do not: nothing is timed."""


@dataclass(frozen=True)
class Options:
    """Settings of one process of the benchmark.

    Attributes
    ----------
    threads : int
    quick : bool
        Small graphs, few rounds.
    rounds : int
    networks, feeds : Path or None
        Folders of TNTP networks, and of GTFS feeds.
    peers : frozenset of str
        Those that are installed and pinned.
    machine : dict of str to float
        Measured bandwidth.
    only : str
        Part of a name; tasks without it are left out.
    most_s : float
        Seconds after which no task is begun.
    """

    threads: int
    quick: bool
    rounds: int
    networks: Path | None
    feeds: Path | None
    peers: frozenset[str]
    machine: dict[str, float] = field(default_factory=dict)
    only: str = ""
    most_s: float = float("inf")

    def has(self, name: str) -> bool:
        """Whether a peer takes part."""
        return name in self.peers

    def wants(self, name: str) -> bool:
        """Whether a task is asked for."""
        return self.only.casefold() in name.casefold()
