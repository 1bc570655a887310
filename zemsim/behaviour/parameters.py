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
_NESTS = ("lam_car_purchase", "lam_car_age")
#: Rows of the purchase constants without a car.
_NONE = ("owned", "empty")


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
class Supply:
    """New cars in Europe by year, arrays [Y]: what reaches the used market some years later.

    Attributes
    ----------
    year : float64, rising.
    bev_share, phev_share : float64, of new cars.
    """

    year: npt.NDArray[np.float64]
    bev_share: npt.NDArray[np.float64]
    phev_share: npt.NDArray[np.float64]

    def at(self, year: float) -> tuple[float, float]:
        """BEV and PHEV share of a year; that of the first or last year outside the table."""
        return (
            float(np.interp(year, self.year, self.bev_share)),
            float(np.interp(year, self.year, self.phev_share)),
        )


@dataclass(frozen=True)
class Parameters:
    """All behavioural parameters of an experiment.

    Attributes
    ----------
    table : parameters by symbol.
    mode_constants : float64 [segments, alternatives], utils per tour.
    purchase_constants : float64 [powertrains, (new, used)], utils.
    none_constants : float64 [2], of giving up a car that met its end, and of leaving an empty place empty, utils.
    supply : shares of new cars sold in Europe that are battery electric and plug-in hybrids, by year.
    """

    table: Mapping[str, Parameter]
    mode_constants: npt.NDArray[np.float64]
    purchase_constants: npt.NDArray[np.float64]
    none_constants: npt.NDArray[np.float64]
    supply: Supply

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
        inner, outer = (table[symbol] for symbol in _NESTS)
        if inner.value > outer.value:
            raise InputError(
                f"parameter {inner.symbol}: must not be above {outer.symbol} = {outer.value:g}, got {inner.value:g}",
                hint="powertrains are nested within new and used cars",
            )
        modes[:, Alternative.EBIKE] += table[_EBIKE_CONSTANT].value - self.table[_EBIKE_CONSTANT].value
        return replace(self, table=table, mode_constants=modes)


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
    cars, none = np.zeros((len(Powertrain), 2)), np.zeros(len(_NONE))
    for row in csv.DictReader((folder / "purchase_constants.csv").read_text(encoding="utf-8").splitlines()):
        if row["powertrain"] == "none":
            none[_NONE.index(row["age"])] = float(row["value"])
        else:
            cars[Powertrain[row["powertrain"].upper()], ("new", "used").index(row["age"])] = float(row["value"])
    return Parameters(table, modes, cars, none, _load_supply())


def _load_supply() -> Supply:
    """The table of new cars in Europe; later years are a scenario."""
    text = (files("zemsim.behaviour") / "ev_supply.csv").read_text(encoding="utf-8")
    rows = list(csv.DictReader(text.splitlines()))
    columns = ([float(row[name]) for row in rows] for name in ("year", "bev_share", "phev_share"))
    return Supply(*(np.array(column) for column in columns))
