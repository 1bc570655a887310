"""A region of six zones that policy tests can work out by hand."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from zemsim.core.errors import InputError

ROUTES = """route_id,route_short_name,route_type,network_id
r1,1,3,city_bus_jelgava
r2,2,3,city_bus_jelgava
r3,6457,3,regional_bus
r4,T1,2,train
"""

PRICES = {
    "petrol_eur_l": 1.5,
    "diesel_eur_l": 1.4,
    "electricity_home_eur_kwh": 0.2,
}


@dataclass(frozen=True)
class SmallRegion:
    """The part of a Region that policy reads."""

    zones: pd.DataFrame
    settlements: pd.DataFrame
    chargers: pd.DataFrame
    prices: pd.DataFrame
    gtfs_folder: Path

    def price(self, key: str) -> float:
        """Price by key, an error if unknown."""
        found = self.prices.loc[self.prices["key"] == key, "value"]
        if found.empty:
            raise InputError(f"unknown price {key}")
        return float(found.iloc[0])

    def parking_eur_h(self) -> pd.Series:
        """Half a euro in the city, two at the gate."""
        return self.zones["area_type"].map({"city": 0.5, "town": 0.0, "countryside": 0.0, "outside": 2.0})


def small_region(folder: Path) -> SmallRegion:
    """Two zones in Jelgava, one in Bauska, two in its countryside, one gate."""
    (folder / "routes.txt").write_text(ROUTES, encoding="utf-8")
    zones = pd.DataFrame(
        [
            ("z1", "populated", "s1", "Jelgava", "city", 1000.0, 30_000.0, 12_000.0, 9_000.0),
            ("z2", "populated", "s1", "Jelgava", "city", 1000.0, 20_000.0, 4_000.0, 12_000.0),
            ("z3", "populated", "s2", "Bauskas novads", "town", 1000.0, 9_000.0, 2_000.0, 4_000.0),
            ("z4", "populated", "s3", "Bauskas novads", "countryside", 4000.0, 500.0, 0.0, 100.0),
            ("z5", "populated", "s4", "Dobeles novads", "countryside", 4000.0, 400.0, 20.0, 50.0),
            ("g1", "gate", "", "Rīga", "outside", 0.0, 0.0, 0.0, 0.0),
        ],
        columns=[
            *("zone_id", "kind", "settlement_id", "municipality", "area_type"),
            *("size_m", "population", "dwellings_flat", "jobs"),
        ],
    )
    settlements = pd.DataFrame(
        [
            ("s1", "Jelgava", "Jelgava"),
            ("s2", "Bauska", "Bauskas novads"),
            ("s3", "Īslīces pagasts", "Bauskas novads"),
            ("s4", "Auri", "Dobeles novads"),
            ("s5", "Auri", "Dobeles novads"),
        ],
        columns=["settlement_id", "name", "municipality"],
    )
    chargers = pd.DataFrame(
        [("c1", "z1", "slow", 0.3), ("c2", "z2", "fast", 0.6), ("c3", "z3", "fast", 0.5)],
        columns=["site_id", "zone_id", "kind", "price_eur_kwh"],
    )
    prices = pd.DataFrame({"key": list(PRICES), "value": list(PRICES.values())})
    return SmallRegion(zones, settlements, chargers, prices, folder)
