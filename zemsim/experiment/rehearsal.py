"""A rehearsal: a few hundred residents live through two years, so that numba compiles each kernel, once.

Numba keeps compiled kernels on the disk; without a rehearsal, every worker of the first run would compile them all for
itself. It runs beside the preparation, before the cases. A mark beside the compiled kernels tells that they are there;
if it is wrong, nothing happens but that a worker compiles.
"""

from __future__ import annotations

import contextlib
import os
import platform
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import numpy.typing as npt

from zemsim.core import atomic, fingerprint
from zemsim.core.errors import OutputError
from zemsim.kernels import compile_cache

if TYPE_CHECKING:
    from zemsim.model.world import World
    from zemsim.population import Population
    from zemsim.travel.timetable import Timetable

#: Most households of a rehearsal with an electric car, and without.
HOUSEHOLDS: Final = 500

#: Cars per hour from the first zone to each other one: more than roads have room for.
_CROWD_H: Final = 10_000.0

_MARK: Final = "rehearsed-{digest}"
#: Marks of other code that are kept: two clones do not take the mark from each other.
_MARKS: Final = 7


def is_compiled(versions: dict[str, str]) -> bool:
    """Return whether a rehearsal of this code and these libraries was finished on this machine."""
    return _mark(versions).is_file()


def mark_compiled(versions: dict[str, str]) -> None:
    """Note that a rehearsal was finished; where nothing can be written, the next run rehearses again."""
    path = _mark(versions)
    with contextlib.suppress(OSError, OutputError):
        path.parent.mkdir(parents=True, exist_ok=True)
        for old in sorted(path.parent.glob(_MARK.format(digest="*")), key=lambda mark: mark.stat().st_mtime)[:-_MARKS]:
            old.unlink()
        compile_cache.forget_old()
        with atomic.replacing(path) as temporary:
            temporary.write_bytes(b"")


def _mark(versions: dict[str, str]) -> Path:
    """The mark lies beside what numba compiled, and goes by the code and by the processor."""
    about = {
        "code": fingerprint.of_code(),
        "versions": versions,
        "processor": [platform.node(), platform.machine(), os.environ.get("NUMBA_CPU_NAME", "")],
    }
    return compile_cache.folder() / _MARK.format(digest=fingerprint.of_json(about))


def few(population: Population, households: int = HOUSEHOLDS) -> Population:
    """Return every so-manieth household with an electric car, and without, so that they live all over the region."""
    homes, cars = population.households, population.vehicles
    electric = np.zeros(len(homes), bool)
    electric[cars["household_idx"].to_numpy()[cars["battery_kwh"].to_numpy() > 0]] = True
    return population.take(np.sort(np.r_[_spread(electric, households), _spread(~electric, households)]))


def _spread(chosen: npt.NDArray[np.bool_], most: int) -> npt.NDArray[np.int64]:
    rows = np.flatnonzero(chosen)
    return rows[:: max(1, -(-len(rows) // most))]


def world_of_few(world: World, timetable: Timetable) -> World:
    """Return a world with few of the residents, two years, and buses that go from everywhere to everywhere.

    Parameters
    ----------
    world : World
        The real one; its supplies and tours are not read.
    timetable : Timetable
        That of the region.
    """
    from zemsim.experiment.shared_tables import with_transit_km
    from zemsim.model.world import RunSettings, TransitSupply
    from zemsim.population import make_tours

    residents = few(world.population)
    first = world.settings.years[0]
    fewer = replace(
        world,
        population=residents,
        change=None,
        draws=None,
        supplies={(): TransitSupply(timetable, _easy_skim(timetable))},
        settings=RunSettings((first, first + 1), (first,), world.settings.seasons, 2, 0),
    )
    tours = make_tours(world.region, residents, world.road_skim.distance_km, 1)
    return replace(fewer, tours={1: with_transit_km(tours, fewer)})


def rehearse(world: World) -> None:
    """Let a model of a world run through its years."""
    from zemsim.model.model import MobilityModel

    model = MobilityModel(world, 1)
    try:
        model.start("baseline", ())
        model.run()
    finally:
        model.close()
    _crowd_roads(world)
    _resettle_two()


def _resettle_two() -> None:
    """Let two neighbours choose their places: in two years without measures, nobody may."""
    from zemsim.kernels.resettling import Cells, Movers, balanced_pull, places_weighed, settled

    ints, two = (np.array([0], np.int32), np.array([2], np.int32)), np.arange(2, dtype=np.int32)
    kind = np.zeros(1, np.int8)
    cells = Cells(ints[0], ints[1], kind, kind, ints[1], np.array([0, 2]))
    before, now = np.zeros((1, 2), np.float32), np.array([[0.0, -1.0]], np.float32)
    weight = places_weighed(cells, before, now, 0.5, 1)
    pull, _ = balanced_pull(cells, two, weight, 2, 1, 0.0)
    free, far, agent = np.ones(2, np.bool_), np.full(2, 9.0, np.float32), np.arange(2)
    movers = Movers(np.zeros(2, np.int32), free, agent, agent, two, two, far)
    settled(cells, movers, weight, pull, now, np.zeros((2, 2), np.float32), 1, 0, 1)


def _crowd_roads(world: World) -> None:
    """Seek an equilibrium with full roads: few residents never fill one, and no traffic would be balanced."""
    from zemsim.travel.assignment import equilibrate
    from zemsim.travel.link_network import VehicleClass

    node = world.network.zone_node
    dest = node[np.isfinite(world.road_skim.time_min[0])]
    cars_h = VehicleClass(np.full_like(dest, node[0]), dest, np.full(len(dest), _CROWD_H))
    equilibrate(world.network, cars_h, max_iterations=1)


def _easy_skim(timetable: Timetable) -> Any:
    """Return a skim in which the first pattern goes from every stop to every other in ten minutes."""
    from zemsim.core.names import PERIODS
    from zemsim.travel.transit import TransitSkim

    shape = (len(PERIODS), 2, len(timetable.stops), len(timetable.stops))
    whole = {"main_pattern": np.int32, "board_pos": np.int16, "alight_pos": np.int16, "last_departure_s": np.int32}
    names = TransitSkim.__dataclass_fields__
    arrays = {name: np.zeros(shape, whole.get(name, np.float32)) for name in names}
    for name in ("in_vehicle_min", "headway_min", "main_share", "alight_pos", "distance_km", "fare_eur"):
        arrays[name][...] = 1 if name in ("main_share", "alight_pos") else 10
    arrays["last_departure_s"][...] = 24 * 3600
    return TransitSkim(**arrays)
