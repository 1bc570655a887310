"""What a built pack takes over from the pack zemgale until someone knows better: assumptions, stand-ins, prices.

Each row says where it comes from and is an assumption: a figure of Zemgale is no fact about another region.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from zemsim.core.errors import InputError
from zemsim.region.build.csv_files import write_rows
from zemsim.region.build.own_figures import OwnFigures
from zemsim.region.build.rules import COLUMNS, Rules
from zemsim.region.region import embedded_packs
from zemsim.region.stand_ins import FOR_A_FACT, TAKEN_OVER
from zemsim.region.tables import read_rows

DONOR = "zemgale"

#: Assumption files that are taken over whole.
FILES = ("behaviour", "population", "roads_and_paths", "timetable")
#: Prices that only a place of the donor has.
_LOCAL_PRICES = ("parking_", "city_fare_")
_KEPT_PRICE = "parking_other_eur_h"
_TAKEN = f"{TAKEN_OVER}{DONOR}: "
_COLUMNS = COLUMNS["defaults"]


def _rows(path: Path) -> list[dict[str, str]]:
    header, rows = read_rows(path)
    return [dict(zip(header, cells, strict=True)) for _, cells in rows]


def donor() -> Path:
    """Folder of the pack that figures are taken over from."""
    return embedded_packs()[DONOR]


def write_assumptions(folder: Path, rules: Rules, own: OwnFigures) -> int:
    """Write ``assumptions/*.csv``: those of the donor, stand-ins for facts, and the defaults of the import.

    Figures of the region itself stand in the place of those of the donor.

    Returns
    -------
    int
        Number of rows that were taken over.
    """
    target = folder / "assumptions"
    target.mkdir()
    taken = 0
    for name in FILES:
        rows = [
            {**row, "reason": _TAKEN + row["reason"], "grade": "assumption"}
            for row in _rows(donor() / "assumptions" / f"{name}.csv")
        ]
        rows = own.in_place("assumptions", rows)
        write_rows(target / f"{name}.csv", _COLUMNS, rows)
        taken += sum(row["reason"].startswith(_TAKEN) for row in rows)
    stand_ins = own.in_place("assumptions", _stand_ins(rules))
    write_rows(target / "stand_ins.csv", _COLUMNS, stand_ins)
    taken += sum(row["reason"].startswith(FOR_A_FACT) for row in stand_ins)
    of_rules = [dict(row) for row in rules.tables["defaults"].values()]
    radius = [r for r in _rows(donor() / "assumptions" / "region.csv") if r["key"] == "parking.centre_radius_km"]
    write_rows(target / "build.csv", _COLUMNS, [*of_rules, *radius])
    return int(taken)


def _stand_ins(rules: Rules) -> list[dict[str, Any]]:
    """Facts of Latvia and Zemgale that stand in for those of the region, under their own ids."""
    found = []
    for row in _rows(donor() / "facts" / "facts.csv"):
        note = next(
            (r["note"] for r in rules.tables["stand_ins"].values() if row["fact_id"].startswith(r["prefix"])), None
        )
        try:
            value = float(row["value"])
        except ValueError:
            continue
        if note is None:
            continue
        reason = f"{FOR_A_FACT}{note} ({row['source']}{', ' + row['year'] if row['year'] else ''})"
        found.append(
            {"key": row["fact_id"], "value": value, "low": value, "high": value, "unit": row["unit"],
             "reason": reason, "grade": "assumption"}
        )  # fmt: skip
    if not found:
        raise InputError("no fact has one of the prefixes of the rule table “stand_ins”")
    return found


def price_rows(own: OwnFigures) -> list[dict[str, Any]]:
    """Prices of the region itself, else those of the donor that are not of one of its places, as assumptions."""
    rows = []
    for row in _rows(donor() / "prices.csv"):
        if row["key"].startswith(_LOCAL_PRICES) and row["key"] != _KEPT_PRICE:
            continue
        rows.append({**row, "status": "assumption", "source": _TAKEN + row["source"]})
    return own.in_place("prices", rows)


def price_of(rows: list[dict[str, Any]], key: str) -> float:
    """Value of one of the prices."""
    return next(float(row["value"]) for row in rows if row["key"] == key)


def assumption_of(name: str, key: str, own: OwnFigures) -> float:
    """Value of an assumption: that of the region itself, else of the donor."""
    rows = [row for row in _rows(donor() / "assumptions" / f"{name}.csv") if row["key"] == key]
    return float(own.in_place("assumptions", rows)[0]["value"])
