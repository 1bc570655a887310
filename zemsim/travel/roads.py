"""Roads: times, distances and money between zones, flows on links, and how links slow down under flow.

The path of a pair is the fastest in whole milliseconds; of equally fast paths the shortest in whole centimetres; of
these the cheapest, if money is asked for. So skims are unique. Where paths tie in all of it, flows take one by a fixed
rule, and a link that the flow of a pair does not use can be closed without changing a bit of that pair.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from zemsim.core.atomic import write_json, write_with
from zemsim.core.errors import InputError
from zemsim.core.units import KM_PER_M, MIN_PER_S
from zemsim.kernels.lanes import LANES, UNREACHABLE
from zemsim.kernels.sweep import LaneTable
from zemsim.travel.road_hierarchy import RoadHierarchy, RoadPaths, wide
from zemsim.travel.road_network import RoadNetwork

__all__ = ["RoadNetwork", "RoadPaths", "RoadSkim", "load", "road_skim", "road_skims", "volume_delay"]

_MS_PER_S = 1000.0
_MIN_PER_MS = MIN_PER_S / _MS_PER_S
_CM_PER_M = 100.0
_KM_PER_CM = KM_PER_M / _CM_PER_M
_PER_EUR = 10_000.0  # money is summed in hundredths of a cent
_META = "road_skim.json"
_FORMAT = 2
_TIMES = {"time_min", "distance_km", "terminal_min"}
_PATHS = {"tail", "head", "rank", "depart", "arrive", "link_ms", "link_cm"}

Float = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class RoadSkim:
    """Times and distances by road between zones.

    Attributes
    ----------
    time_min, distance_km : float32 [Z, Z]
        Driving only, from row to column; the diagonal is a trip inside the zone, ``inf`` is unreachable. The distance
        is that of the fastest path.
    terminal_min : float32 [Z]
        Minutes between a door in the zone and driving, at either end of a trip.
    paths : RoadPaths or None
        What :func:`load` needs.
    cost_eur : float32 [Z, Z] or None
        Money along the path, if it was asked for; inside a zone no link is used and no cost is known: ``nan``.
    """

    time_min: NDArray[np.float32]
    distance_km: NDArray[np.float32]
    terminal_min: NDArray[np.float32]
    paths: RoadPaths | None = None
    cost_eur: NDArray[np.float32] | None = None

    def save(self, folder: str | Path) -> None:
        """Write the arrays to a folder as ``.npy`` files, for memory mapping; ``road_skim.json`` is written last."""
        folder = Path(folder)
        folder.mkdir(parents=True, exist_ok=True)
        (folder / _META).unlink(missing_ok=True)
        arrays = self._arrays()
        for name, array in arrays.items():
            write_with(folder / f"{name}.npy", partial(np.save, arr=array, allow_pickle=False))
        shapes = {name: [str(array.dtype), *array.shape] for name, array in arrays.items()}
        write_json(folder / _META, {"format": _FORMAT, "arrays": shapes})

    @classmethod
    def load(cls, folder: str | Path, mmap: bool = True) -> RoadSkim:
        """Read what :meth:`save` wrote; the arrays are read-only maps of the files unless ``mmap`` is False.

        Raises
        ------
        InputError
            If the folder holds no whole skim.
        """
        folder = Path(folder)
        arrays = _read_arrays(folder, mmap)
        paths = None
        if "rank" in arrays:
            roads = RoadHierarchy(*(arrays[name] for name in ("tail", "head", "rank", "depart", "arrive")))
            money = (arrays["link_money"],) if "link_money" in arrays else ()
            paths = RoadPaths(roads, (arrays["link_ms"], arrays["link_cm"], *money))
        times = arrays["time_min"], arrays["distance_km"], arrays["terminal_min"]
        return cls(*times, paths, arrays.get("cost_eur"))

    def _arrays(self) -> dict[str, NDArray[Any]]:
        arrays: dict[str, NDArray[Any]] = {
            "time_min": self.time_min,
            "distance_km": self.distance_km,
            "terminal_min": self.terminal_min,
        }
        if self.cost_eur is not None:
            arrays["cost_eur"] = self.cost_eur
        if self.paths is not None:
            kept = self.paths.only()
            arrays |= {name: getattr(kept.roads, name) for name in ("tail", "head", "rank", "depart", "arrive")}
            arrays |= dict(zip(("link_ms", "link_cm", "link_money"), kept.links, strict=False))
        return arrays


def road_skim(
    network: RoadNetwork,
    time_s: Float | None = None,
    threads: int = 1,
    keep_paths: bool = True,
    cost_eur: Float | None = None,
) -> RoadSkim:
    """Fastest paths between all zones.

    Parameters
    ----------
    network : RoadNetwork
    time_s : float64 [L], optional
        Time of each directed link, not negative; ``inf`` closes it; free flow if not given. Times are rounded to whole
        milliseconds, and to at least one.
    threads : int
        The result has the same bytes for any number.
    keep_paths : bool
        Whether what :func:`load` needs is kept.
    cost_eur : float64 [L], optional
        Money for each directed link, not negative, rounded to hundredths of a cent.

    Raises
    ------
    ValueError
        If a path is longer than 10,737 km or costs more than 107,374 EUR: whole numbers end there.
    """
    time_s = network.free_flow_s() if time_s is None else time_s
    parts = _whole(network, time_s), *_other_sums(network, cost_eur)
    paths = RoadPaths(network.hierarchy, parts)
    return _skim(network, paths, threads, keep_paths)


def road_skims(
    network: RoadNetwork,
    time_s: Float,
    threads: int = 1,
    keep_paths: bool = True,
    cost_eur: Float | None = None,
) -> Iterator[RoadSkim]:
    """Fastest paths between all zones by time slice, 16 slices prepared at once.

    Parameters
    ----------
    network, threads, keep_paths, cost_eur
        As for :func:`road_skim`; distance and money are the same in all slices.
    time_s : float64 [S, L]
        Time of each directed link in each slice.

    Yields
    ------
    RoadSkim
        Of each slice, in order.
    """
    if time_s.ndim != 2:
        raise ValueError("time_s must have two axes, slices and links")
    sums = [wide(np.repeat(part[None], LANES, axis=0)) for part in _other_sums(network, cost_eur)]
    for first in range(0, len(time_s), LANES):
        slices = time_s[first : first + LANES]
        time_ms = np.stack([_whole(network, one) for one in slices])
        paths = RoadPaths(network.hierarchy, (wide(time_ms), *sums))
        for position in range(len(slices)):
            yield _skim(network, paths.at(position, threads), threads, keep_paths)


def _skim(network: RoadNetwork, paths: RoadPaths, threads: int, keep_paths: bool) -> RoadSkim:
    """The labels between zones in minutes, kilometres and euros."""
    found = paths.labels(threads)
    time_ms = found.rows()
    reached = time_ms < UNREACHABLE
    time_min = _scaled(time_ms, reached, _MIN_PER_MS, network.inside_min)
    distance_km = _scaled(_whole_sum(found, 1), reached, _KM_PER_CM, network.inside_km)
    cost_eur = None
    if len(paths.links) > 2:
        cost_eur = _scaled(_whole_sum(found, 2), reached, 1.0 / _PER_EUR, np.full(network.n_zones, np.nan))
    kept = paths.only() if keep_paths else None
    return RoadSkim(time_min, distance_km, network.terminal_min.astype(np.float32), kept, cost_eur)


def _whole_sum(found: LaneTable, part: int) -> NDArray[np.int32]:
    """A sum along paths, which must not have reached the end of whole numbers."""
    whole = found.rows(part)
    if whole.size and whole.max() >= UNREACHABLE:
        raise ValueError(f"a path is longer than {UNREACHABLE * _KM_PER_CM:,.0f} km, or costs too much")
    return whole


def _scaled(whole: NDArray[np.int32], reached: NDArray[np.bool_], unit: float, inside: Float) -> NDArray[np.float32]:
    """Whole numbers in another unit, ``inf`` where there is no path, and another diagonal."""
    values = np.empty(whole.shape, np.float32)
    np.multiply(whole, unit, out=values, casting="unsafe", dtype=np.float64)
    if not reached.all():
        values[~reached] = np.inf
    np.fill_diagonal(values, inside)
    return values


def load(paths: RoadPaths | None, od_flow: Float, threads: int = 1) -> Float:
    """Flow of each directed link when every pair takes its fastest path.

    Parameters
    ----------
    paths : RoadPaths
        ``skim.paths``.
    od_flow : float64 [Z, Z]
        Flow of each pair, in vehicles or vehicles per hour; the diagonal uses no link.
    threads : int
        The result has the same bytes for any number.

    Returns
    -------
    float64 [L]
        In the unit of ``od_flow``.

    Raises
    ------
    ValueError
        If there is flow between zones that no road joins: nothing is dropped silently; if the skim kept no paths.
    """
    if paths is None:
        raise ValueError("the skim has no paths; compute it with keep_paths=True")
    flow, lost = paths.load(od_flow, threads)
    if lost.any():
        zones = np.flatnonzero(lost)
        raise ValueError(
            f"flow of {lost.sum():g} vehicles from {zones.size} zones has no path (first zone_idx {zones[0]}); "
            "give no flow where the skim is infinite"
        )
    return flow


def volume_delay(network: RoadNetwork, flow_veh_h: Float) -> Float:
    """Time of each link under a flow, in seconds, float64 [L].

    ``t = t0 * (1 + alpha * (flow / capacity) ** beta)`` with alpha and beta of the road class. Source: Bureau of Public
    Roads, Traffic Assignment Manual, 1964. Connectors do not slow down.

    Parameters
    ----------
    network : RoadNetwork
    flow_veh_h : float64 [L]
        Vehicles per hour, finite and not negative.
    """
    if flow_veh_h.shape != (network.n_links,) or not (np.isfinite(flow_veh_h).all() and (flow_veh_h >= 0).all()):
        raise ValueError(f"flow_veh_h must be {network.n_links} finite numbers of zero or more")
    saturation = flow_veh_h / network.capacity_veh_h
    return network.free_flow_s() * (1.0 + network.delay_alpha * saturation**network.delay_beta)


def _whole(network: RoadNetwork, time_s: Float) -> NDArray[np.int32]:
    """Link times in whole milliseconds, at least one, ``UNREACHABLE`` where closed."""
    if time_s.shape != (network.n_links,) or not (time_s >= 0).all():
        raise ValueError(f"time_s must be {network.n_links} numbers of zero or more")
    return np.clip(np.rint(time_s * _MS_PER_S), 1, UNREACHABLE).astype(np.int32)


def _other_sums(network: RoadNetwork, cost_eur: Float | None) -> Iterator[NDArray[np.int32]]:
    """Length of each link in whole centimetres, and its money in hundredths of a cent."""
    yield np.minimum(np.rint(network.length_m * _CM_PER_M), UNREACHABLE).astype(np.int32)
    if cost_eur is not None:
        if cost_eur.shape != (network.n_links,) or not (np.isfinite(cost_eur).all() and (cost_eur >= 0).all()):
            raise ValueError(f"cost_eur must be {network.n_links} finite numbers of zero or more")
        yield np.minimum(np.rint(cost_eur * _PER_EUR), UNREACHABLE).astype(np.int32)


def _read_arrays(folder: Path, mmap: bool) -> dict[str, NDArray[Any]]:
    """Arrays that ``road_skim.json`` names, with the types and shapes that it gives."""
    try:
        meta = json.loads((folder / _META).read_text(encoding="utf-8"))
        listed = {str(name): [str(dtype), *map(int, shape)] for name, (dtype, *shape) in meta["arrays"].items()}
        if meta["format"] != _FORMAT or not _complete(listed):
            raise InputError(f"{_META} is not of format {_FORMAT}", folder, hint="compute it again")
        arrays = {
            name: np.load(folder / f"{name}.npy", mmap_mode="r" if mmap else None, allow_pickle=False)
            for name in listed
        }
    except (OSError, EOFError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise InputError(f"no whole road skim here: {error}", folder, hint="compute it again") from error
    for name, array in arrays.items():
        if [str(array.dtype), *array.shape] != listed[name]:
            raise InputError(f"{name}.npy is not what {_META} says", folder, hint="compute it again")
    if not _paths_fit(arrays):
        raise InputError("the paths are damaged", folder, hint="compute it again")
    return arrays


def _complete(names: Iterable[str]) -> bool:
    """Whether these are the arrays of a skim: with or without money, with or without paths."""
    left = set(names) - {"cost_eur"}
    if "cost_eur" in names and "rank" in left:
        left ^= {"link_money"}
    return left in (_TIMES, _TIMES | _PATHS)


def _paths_fit(arrays: dict[str, NDArray[Any]]) -> bool:
    """Whether every number is a node or a time, so that a kernel can follow it; True without paths."""
    if "rank" not in arrays:
        return True
    n_links, n_nodes, n_zones = arrays["tail"].size, arrays["rank"].size, arrays["time_min"].shape[0]
    limits = {"tail": (n_links, 0, n_nodes), "head": (n_links, 0, n_nodes), "rank": (n_nodes, 0, n_nodes)}
    limits |= {"depart": (n_zones, 0, n_nodes), "arrive": (n_zones, 0, n_nodes)}
    limits |= {"link_ms": (n_links, 1, UNREACHABLE + 1), "link_cm": (n_links, 0, UNREACHABLE + 1)}
    if "link_money" in arrays:
        limits["link_money"] = (n_links, 0, UNREACHABLE + 1)
    for name, (size, least, end) in limits.items():
        array = arrays[name]
        if array.dtype != np.int32 or array.shape != (size,):
            return False
        if size and (array.min() < least or array.max() >= end):
            return False
    return bool((np.bincount(arrays["rank"], minlength=n_nodes) == 1).all())
