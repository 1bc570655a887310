"""A small made-up region with the facts and assumptions of the Zemgale pack: tests of the population alone use it."""

from __future__ import annotations

import csv
import json
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pandas as pd

import zemsim
from zemsim.region.roles import Roles

PACK = Path(zemsim.__file__).parent / "region" / "packs" / "zemgale"


def read_column(path: Path, key: str, value: str) -> dict[str, float]:
    """Two columns of a CSV file as a dictionary; rows without a number are left out."""
    with path.open(encoding="utf-8", newline="") as file:
        rows = [(row[key], row[value]) for row in csv.DictReader(file)]
    numbers = {}
    for name, text in rows:
        try:
            numbers[name] = float(text)
        except ValueError:
            continue
    return numbers


@dataclass(frozen=True)
class SmallRegion:
    """What the population reads of a region."""

    zones: pd.DataFrame
    facts: dict[str, float] = field(
        default_factory=lambda: read_column(PACK / "facts" / "facts.csv", "fact_id", "value")
    )
    assumptions: dict[str, float] = field(
        default_factory=lambda: (
            read_column(PACK / "assumptions" / "population.csv", "key", "value")
            | read_column(PACK / "assumptions" / "roads_and_paths.csv", "key", "value")
        )
    )

    roles: Roles = field(
        default_factory=lambda: Roles.of(json.loads((PACK / "datapackage.json").read_text(encoding="utf-8")))
    )

    def fact(self, fact_id: str) -> float:
        return self.facts[fact_id]

    def assumption(self, key: str) -> float:
        return self.assumptions[key]


def _square(
    municipality: str, area: str, origin: tuple[float, float], side: int, size_m: float, people: int
) -> pd.DataFrame:
    rows, columns = np.divmod(np.arange(side * side), side)
    weight = 1.0 / (1.0 + np.hypot(rows - side // 2, columns - side // 2))
    population = np.floor(weight / weight.sum() * people).astype(int)
    population[0] += people - population.sum()
    dense = 0.75 if area == "city" else 0.2
    return pd.DataFrame(
        {
            "kind": "populated",
            "settlement_id": municipality.lower().replace(" ", "-"),
            "municipality": municipality,
            "area_type": np.where((area != "city") & (weight < weight.max()), "countryside", area),
            "x_m": origin[0] + (columns + 0.5) * size_m,
            "y_m": origin[1] + (rows + 0.5) * size_m,
            "size_m": size_m,
            "population": population,
            "dwellings_house": population / 2.3 * (1.0 - dense),
            "dwellings_flat": population / 2.3 * dense,
            "jobs": population * weight,
            "school_places": np.where(weight > np.median(weight), people * 0.16 / (side * side / 2.5), 0.0),
            "shop_weight": population * weight,
            "leisure_weight": population * 1.0,
        }
    )


def small_region(people: int = 12_000) -> SmallRegion:
    """A city, its ring, a neighbour and two gates, about 80 zones."""
    gates = pd.DataFrame(
        {
            "kind": "gate",
            "settlement_id": ["riga", "joniskis"],
            "municipality": "",
            "area_type": "outside",
            "x_m": [28_000.0, 0.0],
            "y_m": [22_000.0, -30_000.0],
            "size_m": [1000.0, 1000.0],
            "population": 0,
            "dwellings_house": np.nan,
            "dwellings_flat": np.nan,
            "jobs": [people * 0.11, people * 0.005],
            "school_places": 0.0,
            "shop_weight": [20_000.0, 300.0],
            "leisure_weight": [20_000.0, 300.0],
        }
    )
    parts = [
        _square("Jelgava", "city", (0.0, 0.0), 5, 1000.0, people // 3),
        _square("Jelgavas novads", "town", (-12_000.0, -12_000.0), 5, 3000.0, people // 3),
        _square("Dobeles novads", "town", (-35_000.0, 0.0), 5, 4000.0, people // 3),
        gates,
    ]
    zones = pd.concat(parts, ignore_index=True)
    zones["municipality"] = zones["municipality"].astype(object)
    zones.insert(0, "zone_id", [f"z{i:04d}" for i in range(len(zones))])
    zones.index.name = "zone_idx"
    return SmallRegion(zones)
