"""One file of a feed: columns as text, with the checks that every file needs and the line of each row for messages."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Callable, Collection, Sequence
from typing import Any

import numpy as np
import pandas as pd

from zemsim.core.errors import MAX_NAME_SHOWN, InputError, did_you_mean
from zemsim.core.notices import Notices
from zemsim.region.archive import Source
from zemsim.region.habits import number_habit
from zemsim.region.tables import read_columns

#: Among more ids than this no similar one is sought: it would take longer than reading the file.
MAX_COMPARED = 2_000

DAY_NAMES = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")

#: Columns that must be there, by file; further columns are read if known and else ignored, as GTFS allows.
REQUIRED: dict[str, tuple[str, ...]] = {
    "agency.txt": ("agency_name", "agency_url", "agency_timezone"),
    "stops.txt": ("stop_id", "stop_name", "stop_lat", "stop_lon"),
    "routes.txt": ("route_id", "route_type"),
    "trips.txt": ("route_id", "service_id", "trip_id"),
    "stop_times.txt": ("trip_id", "arrival_time", "departure_time", "stop_id", "stop_sequence"),
    "calendar.txt": ("service_id", *DAY_NAMES, "start_date", "end_date"),
    "calendar_dates.txt": ("service_id", "date", "exception_type"),
    "frequencies.txt": ("trip_id", "start_time", "end_time", "headway_secs"),
    "shapes.txt": ("shape_id", "shape_pt_lat", "shape_pt_lon", "shape_pt_sequence"),
    "transfers.txt": ("transfer_type",),
    "pathways.txt": ("pathway_id", "from_stop_id", "to_stop_id", "pathway_mode", "is_bidirectional"),
    "fare_attributes.txt": ("fare_id", "price", "currency_type"),
    "fare_rules.txt": ("fare_id",),
    "fare_products.txt": ("fare_product_id", "amount", "currency"),
    "fare_leg_rules.txt": ("fare_product_id",),
    "fare_transfer_rules.txt": ("fare_transfer_type",),
    "areas.txt": ("area_id",),
    "stop_areas.txt": ("area_id", "stop_id"),
    "networks.txt": ("network_id",),
    "route_networks.txt": ("network_id", "route_id"),
    "booking_rules.txt": ("booking_rule_id", "booking_type"),
    "location_groups.txt": ("location_group_id",),
    "location_group_stops.txt": ("location_group_id", "stop_id"),
}

_NUMBER = re.compile(r"[+-]?([0-9]+(\.[0-9]*)?|\.[0-9]+)([eE][+-]?[0-9]+)?")
_INTEGER = re.compile(r"[+-]?[0-9]{1,18}")


class Table:
    """Columns of one file. ``missing`` is True if an optional file is not there; it has no rows then.

    Parameters
    ----------
    source : Source
        The feed.
    name : str
        The file.
    required : bool
        Whether the feed must have it.
    wanted : collection of str, optional
        Columns to keep in memory besides the required ones; all if None.
    """

    def __init__(self, source: Source, name: str, required: bool = True, wanted: Collection[str] | None = None) -> None:
        self.path = source.where(name)
        must = REQUIRED.get(name, ())
        self.missing = not required and not source.has(name)
        self.columns: dict[str, list[str]] = {column: [] for column in must}
        self.lines: Sequence[int] = ()
        if self.missing:
            return
        keep = None if wanted is None else {*must, *wanted}
        found = read_columns(source.read(name), self.path, keep)
        for column in must:
            if column not in found.cells:
                hint = did_you_mean(column, set(found.header) - set(must))
                raise InputError(f"column “{column}” is missing", self.path, 1, hint=hint)
        self.columns = found.cells
        self.lines = found.lines

    def __len__(self) -> int:
        return len(self.lines)

    def line(self, row: int) -> int | None:
        """Return the line of a row in the file."""
        return int(self.lines[row]) if len(self.lines) else None

    def fail(self, row: int, message: str, hint: str | None = None) -> InputError:
        """Return the error for a row."""
        return InputError(message, self.path, self.line(row), hint=hint)

    def has(self, name: str) -> bool:
        """Tell whether a column is there and not all blank."""
        return any(self.columns.get(name, ()))

    def column(self, name: str) -> list[str]:
        """Return a column, blank where the file has none."""
        return self.columns.get(name) or [""] * len(self)

    def series(self, name: str) -> pd.Series:
        """Return a column as a series of text."""
        return pd.Series(self.column(name), dtype=object)

    def drop_repeats(self, key: str, notices: Notices) -> Table:
        """Leave out rows that say again what a row before says, and count them; return the table itself."""
        if len(set(self.columns[key])) == len(self):
            return self
        seen: set[tuple[str, ...]] = set()
        keep = []
        for row, cells in enumerate(zip(*self.columns.values(), strict=True)):
            if cells not in seen:
                seen.add(cells)
                keep.append(row)
        repeats = len(self) - len(keep)
        self.columns = {name: [cells[row] for row in keep] for name, cells in self.columns.items()}
        self.lines = [self.lines[row] for row in keep]
        notices.add("gtfs.row_twice", "row that is written twice, word for word", repeats, [self.path.name])
        return self

    def ids(self, name: str) -> list[str]:
        """Return a key column: not blank, no id twice."""
        values = self.columns[name]
        if len(set(values)) == len(values) and "" not in set(values):
            return values
        seen: dict[str, int] = {}
        for row, value in enumerate(values):
            if value == "":
                raise self.fail(row, f"{name} is blank")
            if value in seen:
                raise self.fail(row, f"{name} “{value}” occurs twice", f"first in row {self.line(seen[value])}")
            seen[value] = row
        raise AssertionError("unreachable")

    def references(self, name: str, known: Collection[str], where: str, blank: bool = False) -> list[str]:
        """Return a column whose values must be ids of another file; ``blank`` allows empty cells."""
        values = self.column(name)
        wrong = set(values).difference(known, [""] if blank else [])
        if wrong:
            row, value = next((row, value) for row, value in enumerate(values) if value in wrong)
            more = f" ({len(wrong):,} such ids in the file)" if len(wrong) > 1 else ""
            raise self.fail(row, f"{name} “{shown_id(value)}” is not in {where}{more}", near_id(value, known))
        return values

    def parsed(self, name: str, parse: Callable[[str], Any], blank: Any = None) -> list[Any]:
        """Return a column through ``parse``, which raises ValueError; equal cells are parsed once."""
        known: dict[str, Any] = {} if blank is None else {"": blank}
        values = self.column(name)
        for text in dict.fromkeys(values):
            if text not in known:
                try:
                    known[text] = parse(text)
                except ValueError as error:
                    raise self.fail(values.index(text), f"{name}: {error}") from None
        return [known[text] for text in values]

    def floats(self, name: str, low: float, high: float, blank: float | None = None) -> np.ndarray:
        """Return a column of numbers within a range, float64; ``blank`` stands for empty cells where it is given."""
        return np.array(self.parsed(name, lambda text: _number(text, low, high, False), blank), dtype=np.float64)

    def integers(self, name: str, low: int, high: int, blank: int | None = None) -> np.ndarray:
        """Return a column of whole numbers within a range, int64."""
        return np.array(self.parsed(name, lambda text: _number(text, low, high, True), blank), dtype=np.int64)

    def dates(self, name: str) -> list[dt.date]:
        """Return a column of dates written as YYYYMMDD."""
        return self.parsed(name, _date)


def near_id(value: str, known: Collection[str]) -> str | None:
    """Return the advice for an unknown id: the nearest of a few, in large files only one that differs by letters' case.

    Parameters
    ----------
    value : str
        What was written.
    known : collection of str
        The ids.
    """
    if len(known) <= MAX_COMPARED:
        return did_you_mean(value, known)
    folded = value.strip().casefold()
    return next((f"did you mean “{shown_id(name)}”?" for name in known if name.strip().casefold() == folded), None)


def shown_id(value: str) -> str:
    """Return an id as messages show it."""
    return value if len(value) <= MAX_NAME_SHOWN else value[: MAX_NAME_SHOWN - 1] + "…"


def _number(text: str, low: float, high: float, whole: bool) -> float | int:
    if not (_INTEGER if whole else _NUMBER).fullmatch(text):
        habit = "must be a whole number" if whole and _NUMBER.fullmatch(text) else number_habit(text)
        raise ValueError(f"“{text[:40]}” is not a {'whole ' if whole else ''}number: {habit}")
    value = int(text) if whole else float(text)
    if not low <= value <= high:
        raise ValueError(f"{text[:40]} is not between {low:g} and {high:g}")
    return value


def _date(text: str) -> dt.date:
    if re.fullmatch(r"[0-9]{8}", text):
        try:
            return dt.date(int(text[:4]), int(text[4:6]), int(text[6:]))
        except ValueError:
            pass
    raise ValueError(f"“{text[:40]}” is not a date; write YYYYMMDD")
