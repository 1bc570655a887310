"""Tables of the run folder that do not depend on the policy: ``zones``, ``persons``, and kilometres of ``tours``."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from zemsim.core.schema import schema
from zemsim.evidence.places import QUINTILES

if TYPE_CHECKING:
    from zemsim.model.world import World
    from zemsim.population import Population
    from zemsim.region import Region


def persons_table(region: Region, population: Population) -> pd.DataFrame:
    """Return the table ``persons``; fifths are of equal size by ``income_ratio``, ties to the lower resident."""
    people = population.residents
    n = len(people)
    household = people["household_idx"].to_numpy()
    zone = population.households["zone_idx"].to_numpy()[household]
    names = pd.Index(region.municipalities["municipality"])
    place = names.get_indexer(region.zones["municipality"])
    order = np.argsort(people["income_ratio"].to_numpy(), kind="stable")
    fifth = np.empty(n, np.int8)
    fifth[order] = np.arange(n) * QUINTILES // max(n, 1) + 1
    urban = region.zones["area_type"].isin(("city", "town")).to_numpy()
    columns = {name: people[name].to_numpy() for name in ("age", "female", "employed", "student", "licence")}
    return pd.DataFrame(
        {
            "resident_idx": np.arange(n, dtype=np.int32),
            "resident_id": people["resident_id"].to_numpy(),
            "household_idx": household,
            "zone_idx": zone,
            "municipality_idx": place[zone],
            "work_zone_idx": people["work_zone_idx"].to_numpy(),
            **columns,
            "income_ratio": people["income_ratio"].to_numpy(),
            "quintile": fifth,
            "urban": urban[zone],
        }
    )


def zones_table(region: Region) -> pd.DataFrame:
    """Return the table ``zones``."""
    names = [name for name in schema("zones").column_names if name != "zone_idx"]
    zones = region.zones[names].reset_index(drop=True)
    texts = [column.name for column in schema("zones").columns if column.is_text]
    zones[texts] = zones[texts].fillna("")
    zones.insert(0, "zone_idx", np.arange(len(zones), dtype=np.int32))
    return zones


def with_transit_km(tours: pd.DataFrame, world: World, threads: int = 1) -> pd.DataFrame:
    """Return the tours with ``bus_km`` and ``train_km`` under the region's timetable, float32 [R]; NaN = no way."""
    from zemsim.travel.transit_options import PathWeights, transit_options

    population, supply = world.population, world.supplies[()]
    household = population.residents["household_idx"].to_numpy()[tours["resident_idx"].to_numpy()]
    options = transit_options(
        supply.timetable,
        supply.skim,
        population.households[["x_m", "y_m"]].to_numpy()[household],
        tours[["dest_x_m", "dest_y_m"]].to_numpy(),
        tours["period_out"].to_numpy(),
        tours["period_back"].to_numpy(),
        PathWeights.of(world.parameters),
        threads=threads,
        **world.walks(supply.timetable, tours["origin_zone_idx"].to_numpy(), tours["dest_zone_idx"].to_numpy()),
    )
    km = {
        f"{mode}_km": np.where(option["available"], option["km"], np.float32(np.nan)).astype(np.float32)
        for mode, option in options.items()
    }
    return tours.assign(**km)
