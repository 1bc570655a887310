"""Rules of the import, as tables that can be edited: classes of road, limits, surfaces, access, defaults.

The tables lie in ``rules/``; a folder of the user's may hold some of the same names, which then stand in their place.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from zemsim.core.errors import InputError, did_you_mean
from zemsim.region.tables import read_rows

FOLDER = Path(__file__).with_name("rules")

MODES = ("car", "bike", "walk")

#: Columns of each table; the first is the key.
COLUMNS = {
    "highways": (
        "highway", "road_class", "limit_urban_km_h", "limit_rural_km_h", "drive_share_urban", "drive_share_rural",
        "lanes", "lane_capacity_veh_h", "car", "bike", "walk", "grade", "source",
    ),
    "limits": ("value", "km_h", "grade", "source"),
    "surfaces": ("surface", "kind", "car_share", "bike_share", "grade", "source"),
    "access": ("mode", "keys", "note"),
    "access_values": ("value", "allowed", "note"),
    "defaults": ("key", "value", "low", "high", "unit", "reason", "grade"),
    "stand_ins": ("prefix", "note"),
}  # fmt: skip

#: Columns that hold one of these words; all others of ``highways`` but the first and the last two are numbers.
_WORDS = {
    "road_class": ("main", "regional", "local", "street"),
    "car": ("yes", "no"),
    "bike": ("yes", "no"),
    "walk": ("yes", "no"),
    "kind": ("asphalt", "gravel"),
    "allowed": ("yes", "no"),
    "mode": MODES,
}
_NUMBERS = {
    "highways": COLUMNS["highways"][2:8],
    "limits": ("km_h",),
    "surfaces": ("car_share", "bike_share"),
    "defaults": ("value", "low", "high"),
}
_ZERO_IS_FINE = {"defaults"}


@dataclass(frozen=True)
class Highway:
    """What a value of ``highway`` means where tags are silent.

    Limits in km/h and the shares of them that are driven, in and out of towns; lanes per direction; vehicles per hour
    and lane; the modes that may use it.
    """

    road_class: str
    limit_km_h: tuple[float, float]
    drive_share: tuple[float, float]
    lanes: int
    lane_capacity_veh_h: float
    modes: frozenset[str]


@dataclass(frozen=True)
class Surface:
    """``kind`` (asphalt or gravel), and speeds as shares of those on asphalt."""

    kind: str
    car_share: float
    bike_share: float


@dataclass(frozen=True)
class Rules:
    """All tables: rows by key, then by column, as text that was checked."""

    tables: dict[str, dict[str, dict[str, str]]]

    @classmethod
    def read(cls, folder: str | Path | None = None) -> Rules:
        """Read the tables, those in ``folder`` before those of the program.

        Raises
        ------
        InputError
            If a table has a fault, or the folder holds none of them.
        """
        own = None if folder is None else Path(folder)
        if own is not None:
            names = sorted(path.stem for path in own.glob("*.csv")) if own.is_dir() else []
            if not names:
                raise InputError("no folder with rule tables", own, hint=f"known: {', '.join(COLUMNS)}")
            for name in names:
                if name not in COLUMNS:
                    raise InputError("this is no rule table", own / f"{name}.csv", hint=did_you_mean(name, COLUMNS))
        tables = {}
        for name in COLUMNS:
            path = FOLDER / f"{name}.csv"
            if own is not None and (own / f"{name}.csv").is_file():
                path = own / f"{name}.csv"
            tables[name] = _read(name, path)
        return cls(tables)

    def default(self, key: str) -> float:
        """Value of a row of ``defaults``."""
        return float(self.tables["defaults"][key]["value"])

    @cached_property
    def highways(self) -> dict[str, Highway]:
        """Meaning of each value of ``highway``."""
        return {
            name: Highway(
                row["road_class"],
                (float(row["limit_urban_km_h"]), float(row["limit_rural_km_h"])),
                (float(row["drive_share_urban"]), float(row["drive_share_rural"])),
                max(1, round(float(row["lanes"]))),
                float(row["lane_capacity_veh_h"]),
                frozenset(mode for mode in MODES if row[mode] == "yes"),
            )
            for name, row in self.tables["highways"].items()
        }

    @cached_property
    def limits(self) -> dict[str, float]:
        """Limit in km/h of each word of ``maxspeed``."""
        return {name: float(row["km_h"]) for name, row in self.tables["limits"].items()}

    @cached_property
    def surfaces(self) -> dict[str, Surface]:
        """Meaning of each value of ``surface``."""
        return {
            name: Surface(row["kind"], float(row["car_share"]), float(row["bike_share"]))
            for name, row in self.tables["surfaces"].items()
        }

    @cached_property
    def access_keys(self) -> dict[str, tuple[str, ...]]:
        """Keys that decide about a mode, the strongest first."""
        return {name: tuple(row["keys"].split()) for name, row in self.tables["access"].items()}

    @cached_property
    def access_values(self) -> dict[str, bool]:
        """Whether a value of such a key lets the mode in."""
        return {name: row["allowed"] == "yes" for name, row in self.tables["access_values"].items()}


def _read(name: str, path: Path) -> dict[str, dict[str, str]]:
    header, rows = read_rows(path)
    for column in COLUMNS[name]:
        if column not in header:
            raise InputError(f"column “{column}” is missing", path, 1, hint=did_you_mean(column, header))
    found: dict[str, dict[str, str]] = {}
    for line, cells in rows:
        row = dict(zip(header, cells, strict=True))
        key = row[COLUMNS[name][0]]
        if key in found:
            raise InputError(f"“{key}” occurs twice", path, line)
        _check(name, row, path, line)
        found[key] = row
    if name == "access" and set(found) != set(MODES):
        raise InputError(f"there must be one row for each of {', '.join(MODES)}", path)
    return found


def _check(name: str, row: dict[str, str], path: Path, line: int) -> None:
    for column, words in _WORDS.items():
        if column in row and column in COLUMNS[name] and row[column] not in words:
            raise InputError(f"{column}: “{row[column]}” is not one of {', '.join(words)}", path, line)
    for column in _NUMBERS.get(name, ()):
        try:
            value = float(row[column])
        except ValueError:
            value = math.nan
        if not math.isfinite(value) or value < 0 or (value == 0 and name not in _ZERO_IS_FINE):
            raise InputError(f"{column}: “{row[column]}” is not a number above zero", path, line)
    if name == "defaults" and not float(row["low"]) <= float(row["value"]) <= float(row["high"]):
        raise InputError(f"“{row['key']}”: low <= value <= high does not hold", path, line)
