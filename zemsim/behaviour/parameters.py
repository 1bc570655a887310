"""Behavioural parameters: each with value, range, unit, source and grade, kept in `parameters.csv`.

Coefficients keep their published unit (per minute, per EUR, per kEUR). Mode constants and purchase constants are
tables of their own, because they are calibrated, not borrowed. The column ``used`` says which rows a run reads; the
others are kept for what is to come, and an experiment that sets one is told so.
"""

from __future__ import annotations

import csv
from collections.abc import Mapping
from dataclasses import dataclass, replace
from importlib.resources import files

import numpy as np
import numpy.typing as npt

from zemsim.core.errors import InputError, did_you_mean
from zemsim.core.names import Alternative, Powertrain

#: Segments of the mode constants: tours inside a city, and all others.
SEGMENTS = ("city", "regional")
_EBIKE_CONSTANT = "asc_ebike_minus_bike"
_USED = {"yes": True, "no": False}


@dataclass(frozen=True)
class Parameter:
    """One number of the model and what is known about it; ``used`` says whether a run reads it."""

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
    used: bool


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

    def fault(self, symbol: str, value: float) -> tuple[str, str | None] | None:
        """What is wrong with setting a parameter to a value, and a hint; None if nothing is."""
        old = self.table.get(symbol)
        if old is None:
            return f"there is no parameter “{symbol}”", did_you_mean(symbol, self.table)
        if not old.used:
            return "no part of the model reads it yet", f"{old.name}; `zemsim parameters` lists what is read"
        if not (np.isfinite(value) and old.low <= value <= old.high):
            return f"must lie from {old.low:g} to {old.high:g} {old.unit}, got {value:g}", None
        return None

    def with_values(self, values: Mapping[str, float]) -> Parameters:
        """The same parameters with some values replaced; see `fault` for what may not be set.

        The constant of the e-bike follows `asc_ebike_minus_bike`, as it does in the fit.
        """
        table, modes = dict(self.table), self.mode_constants.copy()
        for symbol, value in values.items():
            found = self.fault(symbol, value)
            if found is not None:
                raise InputError(f"parameter {symbol}: {found[0]}", hint=found[1])
            table[symbol] = replace(table[symbol], value=float(value))
        modes[:, Alternative.EBIKE] += table[_EBIKE_CONSTANT].value - self.table[_EBIKE_CONSTANT].value
        return Parameters(table, modes, self.purchase_constants)


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
            used=_USED[row["used"]],
        )
    modes = np.zeros((len(SEGMENTS), len(Alternative)))
    for row in csv.DictReader((folder / "mode_constants.csv").read_text(encoding="utf-8").splitlines()):
        modes[SEGMENTS.index(row["segment"]), Alternative[row["alternative"].upper()]] = float(row["value"])
    cars = np.zeros((len(Powertrain), 2))
    for row in csv.DictReader((folder / "purchase_constants.csv").read_text(encoding="utf-8").splitlines()):
        cars[Powertrain[row["powertrain"].upper()], ("new", "used").index(row["age"])] = float(row["value"])
    return Parameters(table, modes, cars)
