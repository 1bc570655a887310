"""The register of assumptions: each parameter with how far the main results move when it moves to its ends.

The moves are worked out by `zemsim.calibrate.sensitivity` and kept in `sensitivity.csv` with the fingerprint of the
parameters that they were worked out with; when these change, the moves are told to be of earlier ones.
"""

from __future__ import annotations

import csv
from collections.abc import Mapping
from dataclasses import dataclass, fields, is_dataclass
from importlib.resources import files
from typing import Any, Final

import numpy as np

from zemsim.behaviour.parameters import Parameters, load_parameters
from zemsim.core import fingerprint

#: What is watched: column of the file to its words.
RESULTS: Final[Mapping[str, str]] = {
    "car_km": "car-km",
    "transit_trips": "trips by bus and train",
    "bev_share": "share of electric cars",
    "co2": "CO2 from source to wheel",
    "half_fares": "effect of half fares on trips by bus and train",
    "dearer_fuel": "effect of a fuel tax on car-km",
}
CENTRAL: Final = "central"
#: Columns of the file before and after the results.
HEAD: Final = ("symbol", "side", "value")
TAIL: Final = ("fingerprint", "sample", "seeds", "year")
COMMAND: Final = "python -m zemsim.calibrate.sensitivity"


def digest_of(parameters: Parameters) -> str:
    """The fingerprint of all that a run reads of parameters and constants, with the ends of the ranges."""
    table = {p.symbol: [p.value, p.low, p.high] for p in parameters.table.values() if p.used}
    others = {item.name: _plain(getattr(parameters, item.name)) for item in fields(parameters) if item.name != "table"}
    return fingerprint.of_json({"parameters": table, **others})


def _plain(value: Any) -> Any:
    """Arrays, and records of arrays, as lists and mappings."""
    if is_dataclass(value):
        return {item.name: _plain(getattr(value, item.name)) for item in fields(value)}
    return value.tolist() if isinstance(value, np.ndarray) else value


@dataclass(frozen=True)
class Register:
    """What is known of how results move with parameters.

    Attributes
    ----------
    rows : tuple of mapping
        Of the file; numbers as text.
    digest : str
        Fingerprint of the parameters of today.
    read : tuple of str
        Symbols of the parameters of today that a run reads.
    """

    rows: tuple[Mapping[str, str], ...]
    digest: str
    read: tuple[str, ...] = ()

    @property
    def stale(self) -> bool:
        """Whether the moves were worked out with other parameters than those of today."""
        return any(row["fingerprint"] != self.digest for row in self.rows)

    @property
    def head(self) -> str:
        """The head of the column of :meth:`most_moved`; it says so where the moves are of earlier parameters."""
        return "moved most (STALE)" if self.stale else "moves most"

    @property
    def lacking(self) -> list[str]:
        """Symbols that a run reads and of which no move was worked out."""
        known = {row["symbol"] for row in self.rows}
        return [symbol for symbol in self.read if symbol not in known]

    def moves_of(self, symbol: str) -> list[dict[str, Any]]:
        """Return for each end of a parameter's range ``side``, ``value``, and ``moves``: result to change as a share.

        The share is of the result with all parameters at their values; empty where nothing was worked out.
        """
        return [
            {
                "side": row["side"],
                "value": float(row["value"]),
                "moves": {name: float(row[name]) if row[name] else None for name in RESULTS},
            }
            for row in self.rows
            if row["symbol"] == symbol and row["side"] != CENTRAL
        ]

    def most_moved(self, symbol: str) -> str:
        """The result that moves most in words, such as ``car-km -4.1 %``; empty if nothing was worked out."""
        told = [move for end in self.moves_of(symbol) for move in end["moves"].items() if move[1] is not None]
        if not told:
            return ""
        name, share = max(told, key=lambda move: abs(move[1]))
        return f"{RESULTS[name]} {share:+.1%}" if share else "nothing"

    def about(self) -> dict[str, Any]:
        """What the moves rest on: fingerprint, sample, seeds, year, the central results, and whether they are stale."""
        central = next((row for row in self.rows if row["side"] == CENTRAL), None)
        if central is None:
            return {"stale": None}
        results = {name: float(central[name]) for name in RESULTS}
        told = {key: central[key] for key in TAIL}
        return {**told, "stale": self.stale, "lacking": self.lacking, "results": results, "words": dict(RESULTS)}

    def note(self) -> str:
        """One line about what the moves rest on."""
        about = self.about()
        if about["stale"] is None:
            return f"how results move with parameters is not worked out; `{COMMAND}` does it"
        known = len({row["symbol"] for row in self.rows}) - 1
        of = f" of {known + len(self.lacking)} that a run reads" if self.lacking else ""
        told = f"parameters moved: {known}{of}; moves are shares of the results of {about['year']}, "
        told += f"seeds {about['seeds']}, sample {about['sample']}"
        if self.stale:
            return f"{told}; STALE: parameters have changed since, `{COMMAND}` works them out anew"
        return told


def register() -> Register:
    """The register with the parameters and the file of the package."""
    text = files("zemsim.calibrate").joinpath("sensitivity.csv").read_text(encoding="utf-8")
    usual = load_parameters()
    read = tuple(p.symbol for p in usual.table.values() if p.used)
    return Register(tuple(csv.DictReader(text.splitlines())), digest_of(usual), read)
