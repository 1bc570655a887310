"""What a check says: what was expected, what was found, where the expectation comes from, and the verdict."""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass
from typing import Any


@dataclass(frozen=True)
class Check:
    """One line of the table.

    Attributes
    ----------
    test : str
        What was checked, in words.
    value : float
        What was found.
    low, high : float
        What was expected: a value between these, both included.
    source : str
        Where the expectation comes from.
    """

    test: str
    value: float
    low: float
    high: float
    source: str

    @property
    def passed(self) -> bool:
        """Whether the value is finite or expected to be infinite, and lies between the limits."""
        return self.low <= self.value <= self.high

    def row(self) -> dict[str, Any]:
        """The check as a row for JSON."""
        return {**asdict(self), "passed": self.passed}


@dataclass(frozen=True)
class Skipped:
    """A check that could not be made here, and why."""

    test: str
    reason: str

    def row(self) -> dict[str, Any]:
        """The check as a row for JSON."""
        return asdict(self)


def near(test: str, value: float, expected: float, source: str, relative: float = 0.0, absolute: float = 0.0) -> Check:
    """Expect a value within a relative and an absolute distance of a known one, whichever is larger."""
    distance = max(absolute, relative * abs(expected))
    return Check(test, float(value), expected - distance, expected + distance, source)


def at_most(test: str, value: float, high: float, source: str) -> Check:
    """Expect a value from 0 to ``high``: an error, a gap."""
    return Check(test, float(value), 0.0, high, source)


def none_differ(test: str, differing: int, compared: int, source: str) -> Check:
    """Expect that none of the compared values differs; comparing nothing does not count as passing."""
    return Check(f"{test}: how many of {compared:,} differ", differing if compared else math.nan, 0.0, 0.0, source)
