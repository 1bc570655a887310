"""Types of generic places: their figures, each with range and grade, and what a case states instead of them."""

from __future__ import annotations

import csv
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

from zemsim.core.errors import InputError, did_you_mean

#: Rows of the table that hold for every type.
_ANY = "any"


@dataclass(frozen=True)
class PlaceFigure:
    """A figure of a place: its range, unit, grade and what it rests on."""

    key: str
    value: float
    low: float
    high: float
    unit: str
    grade: str
    reason: str

    def fault(self, value: float) -> str | None:
        """What is wrong with another value of it; None if nothing is."""
        if self.low <= value <= self.high:
            return None
        return f"must lie from {self.low:g} to {self.high:g} {self.unit}, got {value:g}"


@cache
def place_types() -> Mapping[str, Mapping[str, PlaceFigure]]:
    """Figures by key of every type of place, from ``places.csv``."""
    text = files("zemsim.calibrate.backtest").joinpath("places.csv").read_text(encoding="utf-8")
    found: dict[str, dict[str, PlaceFigure]] = {}
    for row in csv.DictReader(text.splitlines()):
        numbers = (float(row["value"]), float(row["low"]), float(row["high"]))
        figure = PlaceFigure(row["key"], *numbers, row["unit"], row["grade"], row["reason"])
        found.setdefault(row["place_type"], {})[row["key"]] = figure
    common = found.pop(_ANY)
    return {name: {**common, **own} for name, own in found.items()}


@dataclass(frozen=True)
class Place:
    """A generic place.

    Attributes
    ----------
    type : name of its type.
    residents : how many live in the place that is meant.
    figures : figures by key, those of a case in the place of those of the type.
    """

    type: str
    residents: int
    figures: Mapping[str, PlaceFigure]

    @classmethod
    def of(cls, type_name: str, residents: int, own: Mapping[str, PlaceFigure]) -> Place:
        """A place of a type, with figures of its own."""
        types = place_types()
        if type_name not in types:
            raise InputError(f"there is no type of place “{type_name}”", hint=did_you_mean(type_name, types))
        return cls(type_name, residents, {**types[type_name], **own})

    def __getitem__(self, key: str) -> float:
        return self.figures[key].value

    @property
    def simulated(self) -> int:
        """Residents that are simulated."""
        return min(self.residents, int(self["simulated_most_pers"]))

    @property
    def sample_share(self) -> float:
        """Residents simulated over residents meant."""
        return self.simulated / self.residents
