"""A share of a world's households, the same ones under every policy and seed; larger shares hold the smaller ones."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

import numpy as np
import numpy.typing as npt
import pandas as pd

from zemsim.core.errors import UsageError
from zemsim.core.randomness import Stream, uniform
from zemsim.model.world import World
from zemsim.population import Population

#: Parameter by which cars on the busiest morning hour are counted from tours.
_PEAK = "peak_hour_share"


def sampled(world: World, share: float) -> World:
    """Return a world with a share of the households; their tours are those that they make in the whole region.

    Every car of the sample stands for 1 / share cars on the roads. Buses and charging points are not scaled: in a
    sample nobody crowds a bus or waits for a charger.

    Parameters
    ----------
    world : World
        All residents.
    share : float
        Share of the households to keep, above 0 to 1.

    Raises
    ------
    UsageError
        If the share is out of range, or keeps nobody, or seeds draw parameters.
    """
    check_share(share)
    if share == 1.0:
        return world
    if world.draws is not None:
        raise UsageError("a sample is taken of the world of one seed where seeds draw parameters: world.of_seed(seed)")
    everybody = world.population
    luck = uniform(everybody.seed, Stream.SAMPLE, everybody.households["household_id"].to_numpy(), 0)
    if world.change is not None:  # new households are of the sample if those are whose cars they bring
        like = world.change.like_household_idx
        luck = np.where(like >= 0, luck[np.maximum(like, 0)], luck)
    kept = np.flatnonzero(luck < share)
    if not len(kept):
        raise UsageError(f"a sample of {share:g} keeps none of {len(luck)} households")
    p = world.parameters
    peak = replace(p.table[_PEAK], value=p[_PEAK] / share)
    return replace(
        world,
        population=everybody.take(kept),
        tours={seed: _tours_of(table, everybody, kept) for seed, table in _items(world)},
        parameters=replace(p, table={**p.table, _PEAK: peak}),
        change=None if world.change is None else world.change.take(everybody, kept),
    )


def check_share(share: float) -> None:
    """Refuse a share that is none."""
    if not 0.0 < share <= 1.0:
        raise UsageError(f"the sample must be a share above 0 and up to 1, got {share:g}")


def _items(world: World) -> Iterable[tuple[int, pd.DataFrame]]:
    return ((seed, world.tours[seed]) for seed in world.tours)


def _tours_of(tours: pd.DataFrame, everybody: Population, kept: npt.NDArray[np.integer]) -> pd.DataFrame:
    """The tours of the residents of the households kept, who are numbered anew."""
    home = everybody.new_positions(kept)[everybody.residents["household_idx"].to_numpy()]
    number = np.where(home >= 0, np.cumsum(home >= 0) - 1, -1).astype(np.int32)
    who = number[tours["resident_idx"].to_numpy()]
    rows: pd.DataFrame = tours[who >= 0].reset_index(drop=True).assign(resident_idx=who[who >= 0])
    return rows
