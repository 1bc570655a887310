"""The realism tests as data: what is changed, what is measured, and the published band; kept in `realism.csv`.

A row of kind ``elasticity`` changes one price, time or frequency and measures one quantity; a row of kind ``ratio``
divides the figures of two other rows. A row without a band is told and not scored.
"""

from __future__ import annotations

import csv
import math
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from typing import Final, Literal

from zemsim.behaviour.parameters import load_parameters
from zemsim.core.errors import InputError, did_you_mean, raise_all
from zemsim.core.names import Purpose

#: What a test may change; see `zemsim.calibrate.realism_changes`.
CHANGES: Final = (
    "fuel_price",
    "transit_fare",
    "bus_frequency",
    "parking_price",
    "car_time",
    "bev_price",
    "bev_all_price",
    "ice_price",
)
#: What is measured on simulated days, per year.
TRAVEL: Final = ("car_km", "car_trips", "transit_trips", "bus_trips", "paid_parking")
#: What is measured among cars bought: electric cars, new ones and all.
SALES: Final = ("bev_new", "bev_all")
HORIZONS: Final = ("short", "long")
GRADES: Final = ("reported", "derived", "anchored", "memory", "assumption")

Horizon = Literal["short", "long"]


@dataclass(frozen=True)
class Asked:
    """What the model is asked: a change by a factor at a horizon; without a change, how things are.

    Attributes
    ----------
    change : str
        One of `CHANGES`; empty for none.
    factor : float
        On the price, time or number of departures of today.
    horizon : str
        ``short``: fleet, workplaces and other destinations as they were; ``long``: years ahead, with all that answers.
    sales : bool
        Whether cars are bought instead of days simulated.
    """

    change: str
    factor: float
    horizon: Horizon
    sales: bool

    @property
    def before(self) -> Asked:
        """The same without the change."""
        return Asked("", 1.0, self.horizon, self.sales)


@dataclass(frozen=True)
class RealismTest:
    """A row of the table.

    Attributes
    ----------
    test : str
        Short name.
    title : mapping
        ``lv`` and ``en``.
    change, factor, base_factor : str, float, float
        What is changed, by how much, and from which factor on today's value (elasticities only).
    measure : str
        One of `TRAVEL` or `SALES`.
    purposes : tuple of Purpose
        Only tours for these; all if empty.
    horizon : str
        See `Asked`.
    of, over : str
        The rows that a ratio divides.
    needs : str
        A parameter without which the model cannot say this; empty if none.
    low, high : float or None
        The published band; None where it is open. Both None: not scored.
    source, grade, note : str
        Where the band comes from.
    reason : mapping
        Why the test fails if it does, and which parameters would mend it, ``lv`` and ``en``; empty if unknown.
    """

    test: str
    title: Mapping[str, str]
    change: str
    factor: float
    base_factor: float
    measure: str
    purposes: tuple[Purpose, ...]
    horizon: Horizon
    of: str
    over: str
    needs: str
    low: float | None
    high: float | None
    source: str
    grade: str
    note: str
    reason: Mapping[str, str]

    @property
    def is_ratio(self) -> bool:
        """Whether the row divides two others."""
        return bool(self.of)

    @property
    def scored(self) -> bool:
        """Whether there is a band."""
        return self.low is not None or self.high is not None

    def inside(self, value: float) -> bool:
        """Whether a value lies in the band, its ends included."""
        low = -math.inf if self.low is None else self.low
        high = math.inf if self.high is None else self.high
        return low <= value <= high

    @property
    def asked(self) -> tuple[Asked, Asked]:
        """What the model must be asked for an elasticity: before and after the change."""
        sales = self.measure in SALES
        after = Asked(self.change, self.base_factor * self.factor, self.horizon, sales)
        return (
            after.before if self.base_factor == 1.0 else Asked(self.change, self.base_factor, self.horizon, sales)
        ), after


def read_tests(file: Path | None = None) -> tuple[RealismTest, ...]:
    """Read and check the table of tests.

    Parameters
    ----------
    file : Path, optional
        Another table; that of the package without it.

    Raises
    ------
    InputErrors
        With the row and column of every fault.
    """
    if file is None:
        name, text = "realism.csv", files("zemsim.calibrate").joinpath("realism.csv").read_text(encoding="utf-8")
    else:
        name, text = str(file), file.read_text(encoding="utf-8")
    rows = list(csv.DictReader(text.splitlines()))
    known = [row["test"] for row in rows]
    raise_all([fault for line, row in enumerate(rows, 2) for fault in _faults(row, known, name, line)])
    return tuple(_test(row) for row in rows)


def _faults(row: Mapping[str, str], known: list[str], name: str, line: int) -> Iterator[InputError]:
    """What is wrong with a row."""

    def fault(key: str, message: str, hint: str | None = None) -> InputError:
        return InputError(f"{row['test']}, {key}: {message}", name, line, hint=hint)

    if known.count(row["test"]) > 1:
        yield fault("test", "the name stands twice")
    ratio = row["kind"] == "ratio"
    if row["kind"] not in ("elasticity", "ratio"):
        yield fault("kind", f"must be elasticity or ratio, got “{row['kind']}”")
    words: dict[str, Iterable[str]] = {"grade": GRADES}
    words |= {"of": known, "over": known} if ratio else {"change": CHANGES, "horizon": HORIZONS}
    if not ratio:
        words["measure"] = (*TRAVEL, *SALES)
    for key, allowed in words.items():
        if row[key] not in allowed:
            yield fault(key, f"there is no “{row[key]}”", did_you_mean(row[key], allowed))
    for word in row["purposes"].split():
        if word.upper() not in Purpose.__members__:
            yield fault("purposes", f"there is no “{word}”", did_you_mean(word, [p.name.lower() for p in Purpose]))
    numbers = {key: _number(row[key]) for key in ("low", "high", *(() if ratio else ("factor", "base_factor")))}
    for key, number in numbers.items():
        if number is not None and not math.isfinite(number):
            yield fault(key, f"must be a number, got “{row[key]}”")
    low, high = numbers["low"], numbers["high"]
    if low is not None and high is not None and low > high:
        yield fault("low", f"must not be above high {high:g}, got {low:g}")
    if not row["source"] or not row["title_en"] or not row["title_lv"]:
        yield fault("source", "a test has a source and a title in both languages")


def _number(text: str) -> float | None:
    """A number, None for nothing; what is no number is not finite."""
    if not text:
        return None
    try:
        return float(text)
    except ValueError:
        return math.nan


def _test(row: Mapping[str, str]) -> RealismTest:
    return RealismTest(
        test=row["test"],
        title={"lv": row["title_lv"], "en": row["title_en"]},
        change=row["change"],
        factor=float(row["factor"] or 1.0),
        base_factor=float(row["base_factor"] or 1.0),
        measure=row["measure"],
        purposes=tuple(Purpose[word.upper()] for word in row["purposes"].split()),
        horizon="long" if row["horizon"] == "long" else "short",
        of=row["of"],
        over=row["over"],
        needs=row["needs"],
        low=_number(row["low"]),
        high=_number(row["high"]),
        source=row["source"],
        grade=row["grade"],
        note=row["note"],
        reason={"lv": row["reason_lv"], "en": row["reason_en"]},
    )


def unread(symbol: str) -> bool:
    """Whether no part of the model reads a parameter yet; an empty symbol is always read."""
    if not symbol:
        return False
    table = load_parameters().table
    if symbol not in table:
        hint = did_you_mean(symbol, table)
        raise InputError(f"realism.csv needs the parameter “{symbol}”, which is not known", hint=hint)
    return not table[symbol].used
