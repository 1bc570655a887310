"""What the runner needs of an experiment: its parts, its cases, and how to compute them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

import pandas as pd

from zemsim.evidence.indicators import Setting
from zemsim.experiment.run_writer import Identity

if TYPE_CHECKING:
    from zemsim.model.short_run import ShortRun

Verdict = dict[str, Any]


class Part(NamedTuple):
    """Something that is prepared once, before the cases that need it.

    Attributes
    ----------
    name : str
        Name among the parts.
    label : str
        What the progress says while it is made.
    needs : tuple of str
        Parts that must be there first.
    seed : int or None
        The seed whose cases need it; None if all cases do.
    """

    name: str
    label: str
    needs: tuple[str, ...] = ()
    seed: int | None = None


@dataclass(frozen=True)
class Made:
    """What a part leaves for the run folder, besides its files under the work folder.

    Attributes
    ----------
    tables : dict of DataFrame
        Tables of the run folder by the names of their schemas: of the part's seed, or of the whole run.
    verdicts : list of dict
        Checks of what all cases share.
    notes : tuple of str
        What the manifest should say about the preparation.
    """

    tables: Mapping[str, pd.DataFrame] = field(default_factory=dict)
    verdicts: list[Verdict] = field(default_factory=list)
    notes: tuple[str, ...] = ()


class Engine(Protocol):
    """An experiment as the runner sees it; :class:`zemsim.experiment.prepare.SpineEngine` is the real one.

    It is sent to the workers, so it holds settings and paths and no arrays. A worker keeps the first one it gets.
    """

    def name(self) -> str:
        """Return the id of what is asked, for the name of a run folder."""

    def identity(self) -> Identity:
        """Return the digests of everything that can change a byte of the tables."""

    def describe(self) -> dict[str, Any]:
        """Return the manifest's ``experiment, region, region_summary, municipalities, factors, versions`` and so on."""

    def cases(self) -> list[tuple[str, int]]:
        """Return (policy, seed) in the order of the experiment."""

    def parts(self, processes: int) -> list[Part]:
        """Return what is to be prepared by so many processes, the most urgent first; each after those it needs."""

    def prepare(self, work: Path, part: str, threads: int) -> Made:
        """Build a part under ``work``; those that it needs are there."""

    def open(self, work: Path) -> Any:
        """Return the world that was prepared under ``work``."""

    def setting(self, world: Any, seed: int, tables: Mapping[str, pd.DataFrame]) -> Setting:
        """Return what the indicators of a seed need; ``tables`` are ``zones, persons, tours`` of the run folder."""

    def build(self, world: Any, seed: int, threads: int) -> Any:
        """Return a new model."""

    def simulate(self, world: Any, model: Any, policy: str) -> dict[str, pd.DataFrame]:
        """Run all years of a policy on a model that may have run another policy before."""

    def short_run(self, model: Any, policy: str) -> ShortRun | None:
        """Run what a policy does at once on a model that may have run another; None where nobody asks, or it does not.

        Called before the case is simulated.
        """

    def verdicts(self, model: Any, tables: Mapping[str, pd.DataFrame], setting: Setting) -> list[Verdict]:
        """Return the checks of the case that the model has just run."""

    def close(self, model: Any) -> None:
        """Let a model go that is not needed any more."""
