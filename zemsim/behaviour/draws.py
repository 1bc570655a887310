"""Sets of parameters that an experiment draws from: seed s takes row s, the same under every policy.

A file of draws is CSV: symbols of parameters in the first line, one set a line below. ``posterior`` stands for those of
the package, which `zemsim calibrate` found: what is known together of the purchases of electric cars and of e-bikes.
"""

from __future__ import annotations

import csv
import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from importlib.resources import files
from os import PathLike
from pathlib import Path
from typing import Any, Final

from zemsim.behaviour.parameters import Parameters, load_parameters
from zemsim.core import fingerprint
from zemsim.core.errors import InputError, clean, did_you_mean

#: The word for the posteriors of the package.
POSTERIOR: Final = "posterior"
#: Speeds and reach of walking and cycling: ways on foot and by bike are prepared once for all seeds.
SHARED: Final = (
    *("v_walk", "v_bike", "v_ebike", "walk_max_km", "bike_max_km", "ebike_max_km"),
    *("ebike_range_winter_km", "ebike_range_summer_km"),
)
#: Files of the package. Weights of the mode choice are not among them: constants would have to be fitted anew.
FILES: Final = ("ebike_posterior.csv", "ev_posterior.csv")
_MAX_BYTES: Final = 16 << 20
_SHOWN: Final = 80


@dataclass(frozen=True)
class Drawn:
    """A file of draws: its name, the digest of its bytes, and how many sets it has."""

    name: str
    blake2b: str
    rows: int


@dataclass(frozen=True)
class Draws:
    """Sets of parameters by seed.

    Attributes
    ----------
    files : tuple of Drawn
        Where they come from; a seed takes the same row of each.
    symbols : tuple of str
        The parameters drawn, in the order of the files.
    sets : mapping of int to tuple of float
        Number of a row, from 1, to its values in the order of the symbols.
    """

    files: tuple[Drawn, ...]
    symbols: tuple[str, ...]
    sets: Mapping[int, tuple[float, ...]]

    def of_seed(self, seed: int) -> dict[str, float]:
        """Return the values of a seed by symbol: row ``seed``, whatever other seeds there are.

        Raises
        ------
        InputError
            If there is no such row.
        """
        fault = self.fault([seed])
        if fault is not None:
            raise InputError(fault)
        return dict(zip(self.symbols, self.sets[seed], strict=True))

    def fault(self, seeds: Iterable[int]) -> str | None:
        """Say which seeds have no row; None if all have one."""
        lacking = [seed for seed in seeds if seed not in self.sets]
        if not lacking:
            return None
        shortest = min(self.files, key=lambda file: file.rows)
        named = ", ".join(map(str, lacking[:3])) + ("" if len(lacking) <= 3 else f" and {len(lacking) - 3} more")
        return f"seed s takes row s of the draws, and {shortest.name} has {shortest.rows} rows: none for seed {named}"

    def resolved(self, seeds: Iterable[int]) -> dict[str, Any]:
        """Return files and the rows of the seeds as a plain mapping, for the manifest."""
        return {
            "files": [vars(file).copy() for file in self.files],
            "seeds": {str(seed): {"row": seed, "values": self.of_seed(seed)} for seed in seeds},
        }

    @classmethod
    def from_resolved(cls, resolved: Mapping[str, Any]) -> Draws:
        """Return the draws of :meth:`resolved`; they have the rows of its seeds only."""
        sets = {int(seed): told["values"] for seed, told in resolved["seeds"].items()}
        symbols = tuple(next(iter(sets.values())))
        found = {seed: tuple(float(values[symbol]) for symbol in symbols) for seed, values in sets.items()}
        return cls(tuple(Drawn(**file) for file in resolved["files"]), symbols, found)


def read_draws(sources: Sequence[str | PathLike[str]], fixed: Mapping[str, float] | None = None) -> Draws:
    """Read and check files of draws.

    Parameters
    ----------
    sources : sequence of str or path
        Files; :data:`POSTERIOR` stands for those of the package.
    fixed : mapping of str to float, optional
        Parameters that the experiment sets; none of them may be drawn.

    Raises
    ------
    InputError
        Naming file, row, parameter, value, and what is allowed.
    """
    usual = load_parameters()
    found: list[tuple[Drawn, list[str], list[tuple[float, ...]]]] = []
    owner = dict.fromkeys(fixed or (), "[behaviour]")
    for path, name in _paths(sources):
        file, symbols, sets = _read(path, name, usual)
        for symbol in symbols:
            if symbol in owner:
                hint = "take it out of one of them"
                raise InputError(f"“{symbol}” is drawn here and set by {owner[symbol]} too", path, 1, hint)
            owner[symbol] = name
        found.append((file, symbols, sets))
    rows = zip(*(sets for _, _, sets in found), strict=False)  # the shortest file ends the list
    joined = {row: tuple(value for part in parts for value in part) for row, parts in enumerate(rows, 1)}
    drawn = tuple(symbol for _, names, _ in found for symbol in names)
    draws = Draws(tuple(file for file, _, _ in found), drawn, joined)
    _check_together(draws, usual.with_values(fixed or {}))
    return draws


def _check_together(draws: Draws, usual: Parameters) -> None:
    """Refuse a row whose values are each in range and forbid each other."""
    for row in draws.sets:
        try:
            usual.with_values(draws.of_seed(row))
        except InputError as error:
            names = ", ".join(file.name for file in draws.files)
            raise InputError(f"{names}, row {row}: {error.message}", hint=error.hint) from None


def _paths(sources: Sequence[str | PathLike[str]]) -> list[tuple[Path, str]]:
    """Files to read, and how they are called: those of the package by their place in it."""
    found = []
    for source in sources:
        if source == POSTERIOR:
            home = Path(str(files("zemsim.behaviour"))) / POSTERIOR
            found += [(home / name, f"{POSTERIOR}/{name}") for name in FILES]
        else:
            found.append((Path(source), Path(source).name))
    return found


def _read(path: Path, name: str, usual: Parameters) -> tuple[Drawn, list[str], list[tuple[float, ...]]]:
    raw = _bytes(path)
    try:
        lines = list(csv.reader(raw.decode("utf-8-sig").splitlines(), strict=True))
    except UnicodeDecodeError as error:
        raise InputError("is not UTF-8 text", path, raw[: error.start].count(b"\n") + 1) from None
    except csv.Error as error:
        raise InputError(f"is not CSV: {clean(error)}", path) from None
    if len(lines) < 2:
        raise InputError("has no sets", path, hint="symbols of parameters in the first line, one set a line below")
    symbols = [cell.strip() for cell in lines[0]]
    _check_symbols(symbols, usual, path)
    sets = [_set(cells, symbols, usual, path, number) for number, cells in enumerate(lines[1:], 1)]
    return Drawn(name, fingerprint.of_file(path), len(sets)), symbols, sets


def _bytes(path: Path) -> bytes:
    try:
        size = path.stat().st_size
        if size > _MAX_BYTES:
            raise InputError(f"is too large: {size:,} bytes", path, hint=f"at most {_MAX_BYTES:,}")
        return path.read_bytes()
    except FileNotFoundError:
        raise InputError("no such file of draws", path, hint=f"“{POSTERIOR}” takes those of the package") from None
    except (OSError, ValueError) as error:
        raise InputError(f"cannot be read: {getattr(error, 'strerror', None) or error}", path) from None


def _check_symbols(symbols: Sequence[str], usual: Parameters, path: Path) -> None:
    for position, symbol in enumerate(symbols, 1):
        shown = clean(symbol, _SHOWN)
        if symbol not in usual.table:
            hint = did_you_mean(symbol, usual.table)
            raise InputError(f"column {position}: there is no parameter “{shown}”", path, 1, hint)
        if symbol in symbols[: position - 1]:
            raise InputError(f"column {position}: “{shown}” is there twice", path, 1)
        if symbol in SHARED:
            hint = "ways on foot and by bike are prepared once; set it by [behaviour]"
            raise InputError(f"“{shown}” is the same for all seeds and cannot be drawn", path, 1, hint)


def _set(cells: Sequence[str], symbols: Sequence[str], usual: Parameters, path: Path, number: int) -> tuple[float, ...]:
    """One checked line; ``number`` is that of the row, from 1."""
    line = number + 1
    if len(cells) != len(symbols):
        raise InputError(f"row {number} has {len(cells)} values for {len(symbols)} parameters", path, line)
    values = []
    for symbol, cell in zip(symbols, cells, strict=True):
        try:
            value = float(cell)
        except ValueError:
            value = math.nan
        if not math.isfinite(value):
            raise InputError(f"row {number}, {symbol}: must be a number, got “{clean(cell, _SHOWN)}”", path, line)
        found = usual.fault(symbol, value)
        if found is not None:
            raise InputError(f"row {number}, {symbol}: {found[0]}", path, line, found[1])
        values.append(value)
    return tuple(values)
