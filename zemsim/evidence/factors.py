"""Figures that turn litres, kWh and kilometres into CO2, and trips into those of a diary; with range and source."""

from __future__ import annotations

import csv
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from functools import cache
from importlib import resources
from typing import Any

from zemsim.core.errors import InputError, clean, did_you_mean
from zemsim.core.units import G_PER_KG


@dataclass(frozen=True)
class Factor:
    """One figure; ``unit`` is the unit of ``value``, ``low`` and ``high``."""

    key: str
    value: float
    low: float
    high: float
    unit: str
    source: str
    grade: str
    note: str = ""


class Factors:
    """The figures of an account by key; ``factors["petrol_ttw_kg_l"]`` is a number."""

    def __init__(self, rows: Mapping[str, Factor]) -> None:
        self._rows = dict(rows)

    def __getitem__(self, key: str) -> float:
        return self.row(key).value

    def row(self, key: str) -> Factor:
        """Return a figure with its range and source; an unknown key is an error that names the nearest."""
        if key not in self._rows:
            raise InputError(f"no factor is called “{clean(key, 80)}”", hint=did_you_mean(key, self._rows))
        return self._rows[key]

    def rows(self) -> list[dict[str, Any]]:
        """Return all figures as plain rows for a manifest, sorted by key."""
        return [asdict(self._rows[key]) for key in sorted(self._rows)]

    def with_grid(self, value_g_kwh: float, source: str) -> Factors:
        """Return the same figures with the mean factor of another grid.

        Parameters
        ----------
        value_g_kwh : float
            gCO2e per kWh.
        source : str
            Where it is from.
        """
        value = value_g_kwh / G_PER_KG
        old = self.row("grid_kg_kwh")
        if abs(value - old.value) < _SAME:
            return self
        row = Factor("grid_kg_kwh", value, min(old.low, value), max(old.high, value), old.unit, source, "reported")
        return Factors({**self._rows, "grid_kg_kwh": row})

    @classmethod
    def from_rows(cls, rows: list[dict[str, Any]]) -> Factors:
        """Return the figures of a manifest."""
        return cls({row["key"]: Factor(**row) for row in rows})


#: Grid factors that agree to 0.5 g/kWh are the same figure, rounded; that of the table is kept.
_SAME = 0.0005


@cache
def load_factors() -> Factors:
    """Return the figures that ship with zemsim (``evidence/factors.csv``)."""
    text = (resources.files("zemsim.evidence") / "factors.csv").read_text(encoding="utf-8")
    rows = {}
    for row in csv.DictReader(text.splitlines(), strict=True):
        value, low, high = (float(row[name]) for name in ("value", "low", "high"))
        unit, source, grade, note = (row[name] for name in ("unit", "source", "grade", "note"))
        rows[row["key"]] = Factor(row["key"], value, low, high, unit, source, grade, note)
    return Factors(rows)
