"""Which tables of a built pack stand in for those of the region itself: figures of another place, or none at all."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import NamedTuple

from zemsim.region.region import Region

#: How the reason or source of a figure begins that was taken over from another pack, or stands in for a fact.
TAKEN_OVER = "taken over from the pack "
FOR_A_FACT = "stand-in: "

#: Tables and the figures in them, what stands there in built packs, and what the region would have instead.
TABLES = Path(__file__).with_name("stand_ins.csv")

PART = "stand-ins"


class StandIn(NamedTuple):
    """A table, or a part of one, that is not of the region.

    Attributes
    ----------
    table : str
        Name of the table in the pack.
    what : str
        What stands there.
    rows, of_rows : int
        Its rows that stand in, and all.
    grade : str
        Of the figures as figures about this region; ``none`` where there are none.
    instead : str
        What the region would have.
    """

    table: str
    what: str
    rows: int
    of_rows: int
    grade: str
    instead: str


def stand_ins(region: Region) -> list[StandIn]:
    """Return the stand-ins of a pack, tables in the order of ``stand_ins.csv``; none for a pack of its own figures.

    Parameters
    ----------
    region : Region
        Rows of assumptions and prices say in their reason or source whether they were taken over.
    """
    return [*_taken_over(region), *_columns(region), *_missing(region)]


def _taken_over(region: Region) -> list[StandIn]:
    marks = (TAKEN_OVER, FOR_A_FACT)
    assumptions, prices = region.assumptions, region.prices
    found = []
    with TABLES.open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            if row["table"] == "prices":
                texts = prices["source"]
            else:
                own = assumptions["file"] == f"{row['table'].removeprefix('assumptions/')}.csv"
                texts = assumptions.loc[own & assumptions["key"].str.startswith(row["group"]), "reason"]
            count = int(texts.str.startswith(marks).sum())
            if count:
                found.append(StandIn(row["table"], row["what"], count, len(texts), "assumption", row["instead"]))
    return found


def _columns(region: Region) -> list[StandIn]:
    """Columns of zones that a rule filled in, where the pack says so."""
    stated = region.package.get("column_status", {})
    zones = int((region.zones["kind"] == "populated").sum())
    return [
        StandIn("zones", f"{name} by a rule", zones, zones, str(grade), f"{name} by zone, in the table of zones")
        for name, grade in sorted(stated.items())
        if grade != "reported"
    ]


def _missing(region: Region) -> list[StandIn]:
    """Tables without which something is left out of every run of a built pack."""
    if "column_status" not in region.package:
        return []
    empty = (
        ("gates", len(region.gates), "no gates: nobody works, learns or shops outside", "not read by the import yet"),
        ("facts", len(region.facts), "no facts: a run is not compared with counts", "not read by the import yet"),
        ("chargers", len(region.chargers), "no public chargers: cars charge at home and at work, or run empty",
         "charging stations in OpenStreetMap, or chargers.csv of your own"),
    )  # fmt: skip
    return [StandIn(table, what, 0, 0, "none", instead) for table, rows, what, instead in empty if not rows]
