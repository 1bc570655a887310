"""Behavioural parameters: each with value, range, unit, source and grade, kept in `parameters.csv`.

Coefficients keep their published unit (per minute, per EUR, per kEUR). Mode constants and purchase constants are
tables of their own, because they are calibrated, not borrowed.
"""

from __future__ import annotations

import csv
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.resources import files

import numpy as np
import numpy.typing as npt

from zemsim.core.errors import InputError, did_you_mean
from zemsim.core.names import Alternative, Powertrain

#: Segments of the mode constants: tours inside a city, and all others.
SEGMENTS = ("city", "regional")


@dataclass(frozen=True)
class Parameter:
    """One number of the model and what is known about it."""

    symbol: str
    name: str
    group: str
    value: float
    low: float
    high: float
    unit: str
    segment: str
    source: str
    grade: str
    note: str


@dataclass(frozen=True)
class Parameters:
    """All behavioural parameters of an experiment.

    Attributes
    ----------
    table : parameters by symbol.
    mode_constants : float64 [segments, alternatives], utils per tour.
    purchase_constants : float64 [powertrains, (new, used)], utils.
    """

    table: Mapping[str, Parameter]
    mode_constants: npt.NDArray[np.float64]
    purchase_constants: npt.NDArray[np.float64]

    def __getitem__(self, symbol: str) -> float:
        if symbol not in self.table:
            raise InputError(f"there is no parameter {symbol!r}", hint=did_you_mean(symbol, self.table))
        return self.table[symbol].value

    def with_values(self, values: Mapping[str, float]) -> Parameters:
        """The same parameters with some values replaced; unknown symbols and values out of range are errors."""
        table = dict(self.table)
        for symbol, value in values.items():
            old = table.get(symbol)
            if old is None:
                raise InputError(f"there is no parameter {symbol!r}", hint=did_you_mean(symbol, table))
            if not (np.isfinite(value) and old.low <= value <= old.high):
                raise InputError(f"parameter {symbol} must lie from {old.low:g} to {old.high:g}, not {value:g}")
            table[symbol] = Parameter(**{**vars(old), "value": float(value)})
        return Parameters(table, self.mode_constants, self.purchase_constants)


def load_parameters() -> Parameters:
    """The parameters that ship with the package."""
    folder = files("zemsim.behaviour")
    table = {}
    for row in csv.DictReader((folder / "parameters.csv").read_text(encoding="utf-8").splitlines()):
        table[row["symbol"]] = Parameter(
            symbol=row["symbol"],
            name=row["name"],
            group=row["group"],
            value=float(row["value"]),
            low=float(row["low"]),
            high=float(row["high"]),
            unit=row["unit"],
            segment=row["segment"],
            source=row["source"],
            grade=row["evidence"],
            note=row["note"],
        )
    modes = np.zeros((len(SEGMENTS), len(Alternative)))
    for row in csv.DictReader((folder / "mode_constants.csv").read_text(encoding="utf-8").splitlines()):
        modes[SEGMENTS.index(row["segment"]), Alternative[row["alternative"].upper()]] = float(row["value"])
    cars = np.zeros((len(Powertrain), 2))
    for row in csv.DictReader((folder / "purchase_constants.csv").read_text(encoding="utf-8").splitlines()):
        cars[Powertrain[row["powertrain"].upper()], ("new", "used").index(row["age"])] = float(row["value"])
    return Parameters(table, modes, cars)
