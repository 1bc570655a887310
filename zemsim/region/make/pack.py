"""A pack while it is made: its facts and assumptions on the way in, its built tables on the way out."""

from __future__ import annotations

import csv
import io
import re
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from zemsim.core.errors import InputError, did_you_mean
from zemsim.region.tables import read_rows


def slug(name: str) -> str:
    """Return a name in a-z, 0-9 and hyphens: ``Jēkabpils novads`` becomes ``jekabpils-novads``."""
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode().lower()
    return re.sub(r"[^a-z0-9]+", "-", plain).strip("-")


@dataclass(frozen=True)
class Pack:
    """The folder of a pack, read as plain rows.

    Parameters
    ----------
    folder : Path
        Folder with ``facts`` and ``assumptions``.
    """

    folder: Path

    def facts(self, name: str) -> list[dict[str, str]]:
        """Return the rows of ``facts/NAME.csv`` as text."""
        header, rows = read_rows(self.folder / "facts" / f"{name}.csv")
        return [dict(zip(header, cells, strict=True)) for _, cells in rows]

    @cached_property
    def _facts(self) -> dict[str, str]:
        return {row["fact_id"]: row["value"] for row in self.facts("facts")}

    @cached_property
    def _assumptions(self) -> dict[str, dict[str, str]]:
        header, rows = read_rows(self.folder / "assumptions" / "region.csv")
        return {cells[0]: dict(zip(header, cells, strict=True)) for _, cells in rows}

    def fact(self, fact_id: str) -> float:
        """Return the value of a fact."""
        if fact_id not in self._facts:
            raise InputError(f"unknown fact “{fact_id}”", hint=did_you_mean(fact_id, self._facts))
        return float(self._facts[fact_id])

    def assume(self, key: str, column: str = "value") -> float:
        """Return an assumption (``column`` may be ``low`` or ``high``)."""
        if key not in self._assumptions:
            raise InputError(f"unknown assumption “{key}”", hint=did_you_mean(key, self._assumptions))
        return float(self._assumptions[key][column])

    def write(self, name: str, columns: Sequence[str], rows: Iterable[Mapping[str, Any]]) -> None:
        """Write ``NAME.csv`` in the folder: UTF-8, line feeds, numbers as short as they are exact."""
        text = io.StringIO()
        writer = csv.writer(text, lineterminator="\n")
        writer.writerow(columns)
        for row in rows:
            writer.writerow([plain(row[column]) for column in columns])
        (self.folder / f"{name}.csv").write_bytes(text.getvalue().encode("utf-8"))


def plain(value: Any) -> str:
    """Return a value as the text of a CSV cell; a float that is whole loses its point."""
    if isinstance(value, float):
        return repr(int(value)) if value == int(value) else repr(value)
    return "" if value is None else str(value)


def largest_remainder(total: int, weights: Sequence[float]) -> list[int]:
    """Return whole numbers in proportion to ``weights`` that sum to ``total``; ties go to the first.

    Parameters
    ----------
    total : int
        What is shared out, not negative.
    weights : sequence of float
        Not negative, with a positive sum.
    """
    whole = sum(weights)
    if whole <= 0:
        raise ValueError("weights sum to zero")
    exact = [total * weight / whole for weight in weights]
    counts = [int(value) for value in exact]
    order = sorted(range(len(exact)), key=lambda i: (-(exact[i] - counts[i]), i))
    for i in order[: total - sum(counts)]:
        counts[i] += 1
    return counts
