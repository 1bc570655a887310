"""The acceptance suite: all checks one after another, on known answers and on the embedded region, offline."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from zemsim.core.errors import InputError
from zemsim.verification.verdicts import Check, Skipped

#: Region whose roads and timetable are checked.
REGION = "zemgale"


@dataclass(frozen=True)
class Findings:
    """All checks that were made, and those that could not be made."""

    checks: tuple[Check, ...]
    skipped: tuple[Skipped, ...]

    @property
    def passed(self) -> bool:
        """Whether every check that was made has passed."""
        return all(check.passed for check in self.checks)

    def rows(self) -> list[dict[str, Any]]:
        """One row per check: test, value, low, high, source, passed."""
        return [check.row() for check in self.checks]


def acceptance(networks: str | Path | None = None, say: Callable[[str], object] = lambda _: None) -> Findings:
    """Make all checks.

    Parameters
    ----------
    networks : path, optional
        Folder under which ``NAME_net.tntp`` and ``NAME_trips.tntp`` files are looked for.
    say : callable
        Told what is checked next.

    Raises
    ------
    InputError
        If the folder is none.
    """
    folder = None if networks is None else Path(networks)
    if folder is not None and not folder.is_dir():
        raise InputError("there is no such folder of networks", path=str(folder))
    checks, skipped = [], []
    for found in _all(folder, say):
        if isinstance(found, Check):
            checks.append(found)
        else:
            skipped.append(found)
    return Findings(tuple(checks), tuple(skipped))


def _all(networks: Path | None, say: Callable[[str], object]) -> Iterator[Check | Skipped]:
    from zemsim.region import load_region
    from zemsim.travel.road_network import RoadNetwork
    from zemsim.travel.timetable import Timetable
    from zemsim.verification import equilibria, logit, queues, roads, transit

    say("making the kernels ready and checking traffic equilibria")
    yield from equilibria.checks(networks)
    say("checking charging queues")
    yield from queues.checks()
    say("checking the choice of modes")
    yield from logit.checks()
    region = load_region(REGION)
    say("checking shortest paths")
    yield from roads.checks(RoadNetwork.from_region(region))
    say("checking public transport")
    timetable = Timetable.from_region(region)
    yield from transit.checks(timetable, int(timetable.rules.transit_min_transfer_s))
