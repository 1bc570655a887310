"""What a model keeps in memory: bytes of all its arrays, and of its agents as Python objects."""

from __future__ import annotations

import tracemalloc
from collections.abc import Iterable, Mapping
from typing import Any

import mesa
import numpy as np
import pandas as pd

from zemsim.model.agents import Household, Resident
from zemsim.model.model import MobilityModel
from zemsim.model.rows import RowTable

#: Agents of each class that are made to see what one of them takes.
_AGENTS = 5_000


def array_bytes(model: MobilityModel) -> int:
    """Bytes of all arrays that a model leads to, and of its population and tours; each buffer once.

    What the runs of any population of the region share counts as nothing: region, roads, timetables and their skims.
    """
    world = model.world
    shared, own = dict[int, int](), dict[int, int]()
    everything_else = {name: value for name, value in vars(world).items() if name not in ("population", "tours")}
    _collect(everything_else, shared, set())
    _collect((world.population, world.tours[model.seed], vars(model)), own, {id(world)})
    return sum(size for place, size in own.items() if place not in shared)


def object_bytes(model: MobilityModel) -> int:
    """Bytes of residents and households as agents of Mesa, without their columns: from a few of each that are made."""
    total = 0
    for kind, agents in ((Resident, model.residents), (Household, model.households)):
        tracemalloc.start()
        before = tracemalloc.get_traced_memory()[0]
        table = RowTable(model, kind, _AGENTS)
        made = table.all_rows()
        taken = tracemalloc.get_traced_memory()[0] - before - sum(a.nbytes for a in table.columns.values())
        tracemalloc.stop()
        for agent in list(made):
            mesa.Agent.remove(agent)
        total += taken * len(agents) // _AGENTS
    return total


def _collect(found: Any, sizes: dict[int, int], seen: set[int]) -> None:
    """Write the size of each buffer that an object leads to into ``sizes``, by its place in memory."""
    waiting = [found]
    while waiting:
        each = waiting.pop()
        if isinstance(each, np.ndarray):
            root = each
            while isinstance(root.base, np.ndarray):
                root = root.base
            sizes[root.__array_interface__["data"][0]] = root.nbytes
        elif id(each) not in seen:
            seen.add(id(each))
            waiting += _parts(each)


def _parts(found: Any) -> Iterable[Any]:
    """What an object holds itself, as far as it can lead to arrays."""
    if isinstance(found, pd.DataFrame):
        return [found[name] for name in found]
    if isinstance(found, pd.Series):
        return [found.to_numpy()] if isinstance(found.dtype, np.dtype) else []
    if isinstance(found, Mapping):
        return list(found.values())
    if isinstance(found, (list, tuple, set)):
        return [part for part in found if not isinstance(part, (str, bytes, int, float))]
    if type(found).__module__.partition(".")[0] == "zemsim" and not isinstance(found, type):
        slots = [name for kind in type(found).__mro__ for name in getattr(kind, "__slots__", ())]
        held = [getattr(found, name) for name in slots if hasattr(found, name)]
        return held + list(getattr(found, "__dict__", {}).values())
    return []


__all__ = ["array_bytes", "object_bytes"]
