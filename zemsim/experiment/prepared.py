"""Files that all cases of a run share: population, roads, timetables, tours; written once, read by every worker."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from zemsim.core import atomic
from zemsim.travel.timetable_changes import from_plain, to_plain

if TYPE_CHECKING:
    from zemsim.model.world import TimetableKey, TransitSupply
    from zemsim.population import Population
    from zemsim.population.change import PopulationChange
    from zemsim.travel.active_ways import ActiveWays
    from zemsim.travel.roads import RoadSkim
    from zemsim.travel.timetable import Timetable

#: The folder of these files under the work folder.
PREPARED: Final = "prepared"

_POPULATION: Final = ("households", "residents", "vehicles")
_CHANGE: Final = ("residence", "statuses", "new_households")
_LIKE: Final = "like_household_idx"
_ROADS: Final = "roads"
_ACTIVE: Final = "active"
_KEYS: Final = "timetables.json"
_SYNTHESIS_SEED: Final = 1


def save_population(folder: Path, population: Population) -> None:
    """Write the tables of a population."""
    for name in _POPULATION:
        save_table(folder / f"{name}.parquet", getattr(population, name))


def load_population(folder: Path) -> Population:
    """Read what :func:`save_population` wrote."""
    from zemsim.population import Population

    tables = {name: load_table(folder / f"{name}.parquet") for name in _POPULATION}
    return Population(**tables, seed=_SYNTHESIS_SEED)


def save_change(folder: Path, change: PopulationChange) -> None:
    """Write when the residents of a population that changes are there."""
    like = pd.DataFrame({_LIKE: change.like_household_idx})
    for name, table in zip(_CHANGE, (change.residence, change.statuses, like), strict=True):
        save_table(folder / f"{name}.parquet", table)


def load_change(folder: Path) -> PopulationChange | None:
    """Read what :func:`save_change` wrote; None where it wrote nothing."""
    from zemsim.population.change import PopulationChange

    if not (folder / f"{_CHANGE[-1]}.parquet").is_file():
        return None
    residence, statuses, like = (load_table(folder / f"{name}.parquet") for name in _CHANGE)
    return PopulationChange(residence, statuses, like[_LIKE].to_numpy())


def save_roads(folder: Path, skim: RoadSkim) -> None:
    """Write the skim of the roads."""
    skim.save(folder / _ROADS)


def load_roads(folder: Path) -> RoadSkim:
    """Read what :func:`save_roads` wrote."""
    from zemsim.travel.roads import RoadSkim

    return RoadSkim.load(folder / _ROADS, mmap=False)


def save_active(folder: Path, ways: ActiveWays) -> None:
    """Write the ways on foot and by bike of a region that has a network of them."""
    ways.save(folder / _ACTIVE)


def load_active(folder: Path) -> ActiveWays | None:
    """Read what :func:`save_active` wrote; None where it wrote nothing."""
    from zemsim.travel.active_ways import ActiveWays

    return ActiveWays.load(folder / _ACTIVE) if (folder / _ACTIVE).is_dir() else None


def save_supply(folder: Path, position: int, supply: TransitSupply) -> None:
    """Write the skim of the timetable at a position of the keys."""
    supply.skim.save(folder / f"timetable-{position}")


def load_supply(folder: Path, position: int, timetable: Timetable) -> TransitSupply:
    """Read what :func:`save_supply` wrote; the skim is mapped, and shared between the processes."""
    from zemsim.model.world import TransitSupply
    from zemsim.travel.transit import TransitSkim

    return TransitSupply(timetable, _writable(TransitSkim.load(folder / f"timetable-{position}")))


def save_keys(folder: Path, keys: list[TimetableKey]) -> None:
    """Write which timetables there are, in the order of their positions."""
    atomic.write_json(folder / _KEYS, [to_plain(key) for key in keys])


def load_supplies(folder: Path, base: Timetable) -> dict[TimetableKey, TransitSupply]:
    """Read all timetables; ``base`` is that of the region."""
    listed = json.loads((folder / _KEYS).read_text(encoding="utf-8"))
    keys = [from_plain(key) for key in listed]
    return {key: load_supply(folder, position, base.changed(key)) for position, key in enumerate(keys)}


class Tours(Mapping[int, pd.DataFrame]):
    """Tours by seed, read when they are asked for; one seed at a time stays in memory."""

    def __init__(self, folder: Path, seeds: tuple[int, ...]) -> None:
        self._folder = folder
        self._seeds = seeds
        self._kept: dict[int, pd.DataFrame] = {}

    @staticmethod
    def save(folder: Path, seed: int, tours: pd.DataFrame) -> None:
        """Write the tours of a seed."""
        save_table(folder / f"tours-{seed}.parquet", tours)

    def __getitem__(self, seed: int) -> pd.DataFrame:
        if seed not in self._kept:
            self._kept = {seed: load_table(self._folder / f"tours-{seed}.parquet")}
        return self._kept[seed]

    def __iter__(self) -> Iterator[int]:
        return iter(self._seeds)

    def __len__(self) -> int:
        return len(self._seeds)


def save_table(path: Path, table: pd.DataFrame) -> None:
    """Write a table of the work folder."""
    pq.write_table(pa.Table.from_pandas(table, preserve_index=False), path, compression="lz4")


def load_table(path: Path) -> pd.DataFrame:
    """Read a table of the work folder."""
    table: pd.DataFrame = pq.read_table(path).to_pandas()
    return table


def _writable(skim: Any) -> Any:
    """Return a skim whose read-only maps are copy-on-write maps of the same files.

    The pages are shared all the same, and kernels that were compiled for ordinary arrays serve.
    """
    changes = {}
    for item in dataclasses.fields(skim):
        array = getattr(skim, item.name)
        if isinstance(array, np.memmap) and array.filename is not None:
            again = np.memmap(array.filename, array.dtype, "c", array.offset, array.shape)
            changes[item.name] = np.asarray(again)
    return dataclasses.replace(skim, **changes)
