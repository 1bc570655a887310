"""Roads: times and distances between zones, flows on links, and how links slow down under flow.

Of paths that take equally long (in whole milliseconds) the one whose last links have the lowest numbers is taken, so
trees are unique: a link that no path of a pair uses can be closed without changing a bit of that pair.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from zemsim.core.atomic import write_json, write_with
from zemsim.core.errors import InputError
from zemsim.core.units import KM_PER_M, MIN_PER_S
from zemsim.kernels.loading import load_trees
from zemsim.kernels.shortest_path import UNREACHABLE_MS, Trees, many_to_many
from zemsim.travel.road_network import RoadNetwork

__all__ = ["RoadNetwork", "RoadSkim", "RoadTrees", "load", "road_skim", "volume_delay"]

_MS_PER_S = 1000.0
_MIN_PER_MS = MIN_PER_S / _MS_PER_S
_META = "road_skim.json"
_FORMAT = 1
_TIMES = {"time_min", "distance_km", "terminal_min"}
_TREES = {"pred_link", "order", "tail", "zone_node"}

Float = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class RoadTrees:
    """Shortest-path trees from all zones of a network, kept to load flows.

    Attributes
    ----------
    trees : Trees
        ``pred_link`` and ``order``, int32 [Z, N].
    tail : int32 [L]
    zone_node : int32 [Z]
    """

    trees: Trees
    tail: NDArray[np.int32]
    zone_node: NDArray[np.int32]

    def path(self, origin_idx: int, dest_idx: int) -> NDArray[np.int64]:
        """Directed links from one zone to another in the order of driving; empty if there is no path."""
        links = []
        node = self.zone_node[dest_idx]
        while (link := int(self.trees.pred_link[origin_idx, node])) >= 0:
            links.append(link)
            node = self.tail[link]
        return np.array(links[::-1], np.int64)


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
    trees : RoadTrees or None
    """

    time_min: NDArray[np.float32]
    distance_km: NDArray[np.float32]
    terminal_min: NDArray[np.float32]
    trees: RoadTrees | None = None

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
        trees = None
        if "pred_link" in arrays:
            trees = RoadTrees(Trees(arrays["pred_link"], arrays["order"]), arrays["tail"], arrays["zone_node"])
        return cls(arrays["time_min"], arrays["distance_km"], arrays["terminal_min"], trees)

    def _arrays(self) -> dict[str, NDArray[Any]]:
        arrays: dict[str, NDArray[Any]] = {
            "time_min": self.time_min,
            "distance_km": self.distance_km,
            "terminal_min": self.terminal_min,
        }
        if self.trees is not None:
            kept = self.trees
            arrays |= {"pred_link": kept.trees.pred_link, "order": kept.trees.order}
            arrays |= {"tail": kept.tail, "zone_node": kept.zone_node}
        return arrays


def road_skim(network: RoadNetwork, time_s: Float | None = None, threads: int = 1, keep_trees: bool = True) -> RoadSkim:
    """Fastest paths between all zones.

    Parameters
    ----------
    network : RoadNetwork
    time_s : float64 [L], optional
        Time of each directed link, not negative; ``inf`` closes it; free flow if not given. Times are rounded to whole
        milliseconds, and to at least one.
    threads : int
        The result has the same bytes for any number.
    keep_trees : bool
        Whether the trees are kept for :func:`load` (8 bytes per zone and node).
    """
    time_s = network.free_flow_s() if time_s is None else time_s
    found = many_to_many(
        network.row_start,
        network.head,
        _whole_ms(network, time_s),
        network.length_m,
        network.zone_node,
        network.zone_node,
        network.no_through,
        threads,
        keep_trees,
    )
    reached = found.time_ms < UNREACHABLE_MS
    time_min = np.where(reached, found.time_ms * _MIN_PER_MS, np.inf)
    distance_km = np.where(reached, found.length * KM_PER_M, np.inf)
    np.fill_diagonal(time_min, network.inside_min)
    np.fill_diagonal(distance_km, network.inside_km)
    trees = None if found.trees is None else RoadTrees(found.trees, network.tail, network.zone_node)
    return RoadSkim(
        time_min.astype(np.float32), distance_km.astype(np.float32), network.terminal_min.astype(np.float32), trees
    )


def load(trees: RoadTrees | None, od_flow: Float, threads: int = 1) -> Float:
    """Flow of each directed link when every pair takes its fastest path.

    Parameters
    ----------
    trees : RoadTrees
        ``skim.trees``.
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
        If there is flow between zones that no road joins: nothing is dropped silently; if the skim kept no trees.
    """
    if trees is None:
        raise ValueError("the skim has no trees; compute it with keep_trees=True")
    flow, lost = load_trees(
        trees.trees, trees.tail, trees.zone_node, np.ascontiguousarray(od_flow, np.float64), threads
    )
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


def _whole_ms(network: RoadNetwork, time_s: Float) -> NDArray[np.int32]:
    """Link times in whole milliseconds, at least one, ``UNREACHABLE_MS`` where closed."""
    if time_s.shape != (network.n_links,) or not (time_s >= 0).all():
        raise ValueError(f"time_s must be {network.n_links} numbers of zero or more")
    return np.clip(np.rint(time_s * _MS_PER_S), 1, UNREACHABLE_MS).astype(np.int32)


def _read_arrays(folder: Path, mmap: bool) -> dict[str, NDArray[Any]]:
    """Arrays that ``road_skim.json`` names, with the types and shapes that it gives."""
    try:
        meta = json.loads((folder / _META).read_text(encoding="utf-8"))
        listed = {str(name): [str(dtype), *map(int, shape)] for name, (dtype, *shape) in meta["arrays"].items()}
        if meta["format"] != _FORMAT or set(listed) not in (_TIMES, _TIMES | _TREES):
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
    if not _trees_fit(arrays):
        raise InputError("the trees are damaged", folder, hint="compute it again")
    return arrays


def _trees_fit(arrays: dict[str, NDArray[Any]]) -> bool:
    """Whether every number in the trees is a link or a node, so that a kernel can follow it; True without trees."""
    if "pred_link" not in arrays:
        return True
    n_zones, n_nodes = arrays["pred_link"].shape
    upper = {"pred_link": arrays["tail"].size, "order": n_nodes, "tail": n_nodes, "zone_node": n_nodes}
    shapes = arrays["order"].shape == (n_zones, n_nodes) and arrays["zone_node"].shape == (n_zones,)
    types = all(arrays[name].dtype == np.int32 for name in upper)
    return (
        shapes
        and types
        and all(
            not arrays[name].size
            or ((arrays[name].min() >= (-1 if name in ("pred_link", "order") else 0)) and arrays[name].max() < limit)
            for name, limit in upper.items()
        )
    )
