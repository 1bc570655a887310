"""Rows of the indicator table: every one is known to ``indicators.csv``, which gives its unit and meaning."""

from __future__ import annotations

import csv
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Final, SupportsFloat

import numpy as np
import pandas as pd

from zemsim.core.errors import InputError, clean, did_you_mean

ALL: Final = "all"


@dataclass(frozen=True)
class Indicator:
    """What an indicator is: its unit, which way is better (``up``, ``down`` or nothing), its tables and its meaning."""

    name: str
    unit: str
    better: str
    tables: tuple[str, ...]
    meaning: str


@cache
def catalogue() -> dict[str, Indicator]:
    """Return every indicator by name, in the order of ``indicators.csv``."""
    text = (resources.files("zemsim.evidence") / "indicators.csv").read_text(encoding="utf-8")
    rows = csv.DictReader(text.splitlines(), strict=True)
    return {
        row["indicator"]: Indicator(
            row["indicator"], row["unit"], row["better"], tuple(row["tables"].split()), row["meaning"]
        )
        for row in rows
    }


def indicator(name: str) -> Indicator:
    """Return an indicator; an unknown name is an error that names the nearest."""
    if name not in catalogue():
        raise InputError(f"no indicator is called “{clean(name, 80)}”", hint=did_you_mean(name, catalogue()))
    return catalogue()[name]


class Rows:
    """Collects the indicator rows of one case."""

    def __init__(self) -> None:
        self._rows: list[tuple[int, str, str, str, str, float]] = []

    def add(self, name: str, year: int, value: SupportsFloat, group: str = ALL, place: str = "region") -> None:
        """Add one row; the unit is that of the catalogue."""
        self._rows.append((year, name, indicator(name).unit, group, place, float(value)))

    def table(self, policy: str, seed: int) -> pd.DataFrame:
        """Return the rows as a table of schema ``indicators``, in the order in which they were added."""
        columns = list(zip(*self._rows, strict=True)) or [()] * 6
        return pd.DataFrame(
            {
                "policy": pd.Series([policy] * len(self._rows), dtype=object),
                "seed": np.full(len(self._rows), seed, np.int32),
                "year": np.array(columns[0], np.int16),
                "indicator": pd.Series(columns[1], dtype=object),
                "unit": pd.Series(columns[2], dtype=object),
                "group": pd.Series(columns[3], dtype=object),
                "place": pd.Series(columns[4], dtype=object),
                "value": np.array(columns[5], np.float64),
            }
        )


def ratio(over: SupportsFloat, under: SupportsFloat) -> float:
    """Return ``over / under``; NaN, that is unknown, where there is nothing to divide by."""
    return float(over) / float(under) if float(under) else float("nan")
