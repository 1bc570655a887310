"""Tables of the run folder that do not depend on the policy: ``zones``, ``persons``, and kilometres of ``tours``."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from zemsim.core.schema import schema
from zemsim.evidence.places import QUINTILES

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from zemsim.behaviour.parameters import Parameters
    from zemsim.experiment.experiment import Experiment
    from zemsim.model.world import World
    from zemsim.population import Population
    from zemsim.population.change import PopulationChange
    from zemsim.region import Region


def persons_table(region: Region, population: Population, change: PopulationChange | None = None) -> pd.DataFrame:
    """Return the table ``persons``; fifths are of equal size by ``income_ratio``, ties to the lower resident.

    Where the population changes, the fifths are those of the residents of the first year, and the others are of that
    of the same income.
    """
    people = population.residents
    n = len(people)
    household = people["household_idx"].to_numpy()
    zone = population.households["zone_idx"].to_numpy()[household]
    names = pd.Index(region.municipalities["municipality"])
    place = names.get_indexer(region.zones["municipality"])
    fifth = _fifths(people["income_ratio"].to_numpy(), change)
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


def _fifths(ratio: NDArray[np.float32], change: PopulationChange | None) -> NDArray[np.int8]:
    first = np.ones(len(ratio), np.bool_)
    if change is not None:
        years = change.residence["first_year"].to_numpy()
        first = years == years.min()
    base, n = np.flatnonzero(first), int(first.sum())
    order = base[np.argsort(ratio[base], kind="stable")]
    fifth = np.empty(len(ratio), np.int8)
    fifth[order] = np.arange(n) * QUINTILES // max(n, 1) + 1
    later = np.flatnonzero(~first)
    at = np.searchsorted(ratio[order], ratio[later], "left")
    fifth[later] = fifth[order[np.minimum(at, n - 1)]]
    return fifth


def zones_table(region: Region) -> pd.DataFrame:
    """Return the table ``zones``."""
    names = [name for name in schema("zones").column_names if name != "zone_idx"]
    zones = region.zones[names].reset_index(drop=True)
    texts = [column.name for column in schema("zones").columns if column.is_text]
    zones[texts] = zones[texts].fillna("")
    zones.insert(0, "zone_idx", np.arange(len(zones), dtype=np.int32))
    return zones


def draws_table(experiment: Experiment, usual: Parameters) -> dict[str, pd.DataFrame]:
    """Return the table ``draws``, what each seed drew beside the value it has without; nothing without draws."""
    if experiment.draws is None:
        return {}
    rows = [
        (seed, seed, symbol, value, usual[symbol])
        for seed in experiment.seeds
        for symbol, value in experiment.draws.of_seed(seed).items()
    ]
    return {"draws": pd.DataFrame(rows, columns=schema("draws").column_names)}


def with_transit_km(tours: pd.DataFrame, world: World, threads: int = 1) -> pd.DataFrame:
    """Return the tours with ``bus_km`` and ``train_km`` under the region's timetable, float32 [R]; NaN = no way.

    The way is the one that the tour takes, back at the time when it goes home. Where the region's timetable has nothing
    back then, but a policy's may have, it is the way of any time.
    """
    km = _transit_km(tours, world, tours["leave_min"].to_numpy(), threads)
    rows = np.flatnonzero(np.isnan(km).any(axis=1))
    at_any_time = _transit_km(tours.iloc[rows], world, None, threads)
    km[rows] = np.where(np.isnan(km[rows]), at_any_time, km[rows])
    return tours.assign(bus_km=km[:, 0], train_km=km[:, 1])


def _transit_km(
    tours: pd.DataFrame, world: World, leave_min: NDArray[np.int16] | None, threads: int
) -> NDArray[np.float32]:
    """Kilometres one way by bus and by train: float32 [R, 2], NaN = no way."""
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
        leave_min=leave_min,
        **world.walks(supply.timetable, tours["origin_zone_idx"].to_numpy(), tours["dest_zone_idx"].to_numpy()),
    )
    both = [np.where(options[mode]["available"], options[mode]["km"], np.nan) for mode in ("bus", "train")]
    return np.stack(both, axis=1).astype(np.float32)
