"""Figures of the region itself, in place of those that an import takes over.

``assumptions.csv`` and ``prices.csv`` hold rows by key, ``chargers.csv`` all public charging sites.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from zemsim.core.errors import InputError, did_you_mean
from zemsim.region.build.report import Report
from zemsim.region.make.package import SCHEMAS
from zemsim.region.tables import read_table

#: Files of the folder, and what their rows are called.
FILES = {"assumptions": "figures", "prices": "prices"}

Row = dict[str, Any]

_PLACE = {"type": "number", "constraints": {"required": True, "minimum": -180, "maximum": 180}}
#: Columns of ``chargers.csv``.
CHARGERS: list[dict[str, Any]] = [
    {"name": "site_id", "type": "string", "constraints": {"required": True, "unique": True}},
    {"name": "lon", **_PLACE},
    {"name": "lat", **_PLACE},
    {"name": "points", "type": "integer", "constraints": {"required": True, "minimum": 1, "maximum": 200}},
    {"name": "power_kw", "type": "number", "constraints": {"required": True, "minimum": 2, "maximum": 1000}},
    {"name": "status", "type": "string",
     "constraints": {"required": True, "enum": ["reported", "estimate", "assumption"]}},
    {"name": "source", "type": "string", "constraints": {"required": True}},
]  # fmt: skip


@dataclass
class OwnFigures:
    """Rows by file and key, and which of them took the place of another; charging sites, None if they are not given."""

    folder: Path | None = None
    chargers: list[Row] | None = None
    rows: dict[str, dict[str, Row]] = field(default_factory=dict)
    lines: dict[tuple[str, str], int] = field(default_factory=dict)
    used: set[tuple[str, str]] = field(default_factory=set)
    known: dict[str, set[str]] = field(default_factory=dict)

    @classmethod
    def read(cls, folder: Path | None) -> OwnFigures:
        """Read a folder; without one there are none.

        Raises
        ------
        InputError
            If the folder holds none of the files, or another, or a row has a fault.
        """
        found = cls(folder)
        if folder is None:
            return found
        names = sorted(path.name for path in folder.iterdir()) if folder.is_dir() else []
        wanted = [*(f"{name}.csv" for name in FILES), "chargers.csv"]
        for name in names:
            if name not in wanted:
                raise InputError("this is no table of own figures", folder / name, hint=did_you_mean(name, wanted))
        if not names:
            raise InputError("no folder with own figures", folder, hint=f"known: {', '.join(wanted)}")
        for name in FILES:
            if f"{name}.csv" in names:
                found._read_table(name, folder / f"{name}.csv")
        if "chargers.csv" in names:
            table = read_table(folder / "chargers.csv", CHARGERS)
            found.chargers = [{str(key): value for key, value in row.items()} for row in table.to_dict("records")]
        return found

    def _read_table(self, name: str, path: Path) -> None:
        table = read_table(path, _fields(name))
        for line, row in zip(table.attrs["lines"], table.to_dict("records"), strict=True):
            if not row["low"] <= row["value"] <= row["high"]:
                raise InputError(f"“{row['key']}”: low <= value <= high does not hold", path, line)
            self.rows.setdefault(name, {})[str(row["key"])] = {str(key): value for key, value in row.items()}
            self.lines[name, str(row["key"])] = line

    def in_place(self, name: str, rows: Iterable[Row]) -> list[Row]:
        """Return rows with those of the user in the place of rows of the same key; the unit must be the same."""
        found = []
        for row in rows:
            key = str(row["key"])
            self.known.setdefault(name, set()).add(key)
            own = self.rows.get(name, {}).get(key)
            if own is not None:
                if own["unit"] != row["unit"]:
                    hint = f"this figure is in {row['unit']}"
                    raise InputError(f"“{key}”: unit {own['unit']}", self._path(name), self.lines[name, key], hint)
                self.used.add((name, key))
            found.append(row if own is None else own)
        return found

    def finish(self, report: Report) -> None:
        """Count the rows that were used.

        Raises
        ------
        InputError
            If a row has a key that no figure of the import has.
        """
        for name, words in FILES.items():
            for key in self.rows.get(name, {}):
                if (name, key) not in self.used:
                    hint = did_you_mean(key, self.known.get(name, set()))
                    raise InputError(f"no figure is called “{key}”", self._path(name), self.lines[name, key], hint)
            report.count(name, "read", f"{words} of the region itself", len(self.rows.get(name, {})))

    def _path(self, name: str) -> Path:
        assert self.folder is not None
        return self.folder / f"{name}.csv"


def _fields(name: str) -> list[dict[str, Any]]:
    package = json.loads(SCHEMAS.read_text(encoding="utf-8"))
    if name == "assumptions":
        return list(package["assumption_fields"])
    return next(list(item["schema"]["fields"]) for item in package["resources"] if item["name"] == name)
