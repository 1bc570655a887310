"""What a pack holds and lacks, before a run: pairs that nothing joins, stops out of reach, shares that are assumed."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from zemsim.core.errors import InputError
from zemsim.region.nearest import NearestPoint
from zemsim.region.stand_ins import PART, stand_ins
from zemsim.region.summary import evidence
from zemsim.region.tables import read_text
from zemsim.travel.active import ActiveNetwork, ActiveRules
from zemsim.travel.road_network import RoadNetwork
from zemsim.travel.roads import road_skim
from zemsim.travel.timetable import Timetable

if TYPE_CHECKING:
    from zemsim.region import Region

Row = dict[str, Any]

IMPORT_FILE = "import.json"


def _row(part: str, what: str, value: Any, unit: str = "", passed: bool | None = None, examples: Any = ()) -> Row:
    return {"part": part, "what": what, "value": value, "unit": unit, "passed": passed, "examples": list(examples)[:5]}


def pack_rows(region: Region, rules: ActiveRules, threads: int = 1) -> list[Row]:
    """Return what a check of a pack finds.

    Returns
    -------
    list of dict
        ``part, what, value, unit, passed`` (None where there is no verdict)``, examples``. A row with ``passed`` False
        is a fault: a run would leave travellers without a way.
    """
    return [
        *_roads(region, threads),
        *_active(region, rules, threads),
        *_timetable(region),
        *_shares(region),
        *_stand_ins(region),
        *_imported(region.folder),
    ]


def _roads(region: Region, threads: int) -> Iterator[Row]:
    network = RoadNetwork.from_region(region)
    apart = np.isinf(road_skim(network, threads=threads, keep_paths=False).time_min)
    np.fill_diagonal(apart, False)
    ids = region.zones["zone_id"].astype(str).to_numpy()
    pairs = [f"{ids[a]} to {ids[b]}" for a, b in zip(*np.nonzero(apart), strict=True)][:5]
    yield _row("roads", "nodes", network.n_nodes)
    yield _row("roads", "directed links", network.n_links)
    yield _row("roads", "pairs of zones without a way by road", int(apart.sum()), "", not apart.any(), pairs)
    cut_off = apart.all(axis=1, where=~np.eye(len(ids), dtype=bool)) if len(ids) > 1 else np.zeros(len(ids), bool)
    yield _row("roads", "zones that no road leaves", int(cut_off.sum()), "", not cut_off.any(), ids[cut_off])


def _active(region: Region, rules: ActiveRules, threads: int) -> Iterator[Row]:
    network = ActiveNetwork.from_region(region, rules)
    if network is None:
        yield _row("walking and cycling", "network", "none: straight lines times a detour")
        return
    yield _row("walking and cycling", "links", int(network.length_m.size))
    without = network.zone_node < 0
    yield _row("walking and cycling", "zones that no way reaches", int(without.sum()))
    yield _row("walking and cycling", "stops on the network", len(network.stop_node))
    for mode in ("walk", "bike"):
        apart = np.isinf(network.skim(mode, threads=threads).time_min)
        np.fill_diagonal(apart, False)
        yield _row("walking and cycling", f"pairs of zones without a way to {mode}", int(apart.sum()))


def _timetable(region: Region) -> Iterator[Row]:
    timetable = Timetable.from_region(region)
    trips = [sum(times.depart_s.shape[1] for times in day) for day in timetable.times]
    yield _row("timetable", "stops", len(timetable.stops))
    yield _row("timetable", "routes", len(timetable.routes))
    yield _row("timetable", f"trips on the weekday {timetable.dates[0]}", trips[0], "", trips[0] > 0)
    yield _row("timetable", f"trips on the weekend day {timetable.dates[1]}", trips[1])
    zones = region.zones[region.zones["population"] > 0]
    away = NearestPoint(timetable.stops[["x_m", "y_m"]]).of(zones[["x_m", "y_m"]])[0]
    limit = timetable.rules.transit_access_bus_m / timetable.rules.transit_walk_detour_ratio
    far = away > limit
    people = int(zones["population"].to_numpy()[far].sum())
    yield _row("timetable", "zones out of reach of every stop", int(far.sum()), "", None, zones["zone_id"][far])
    yield _row("timetable", "residents out of reach of every stop", people, "persons")
    for notice in timetable.notices:
        yield _row("timetable", str(notice), "noted")


def _shares(region: Region) -> Iterator[Row]:
    """Share of each kind of input that is estimated or assumed."""
    for item in evidence(region):
        for name in ("estimate", "assumption"):
            share = item[f"{name}_share"]
            if share is not None:
                yield _row("rests on", f"{item['item'].replace('_', ' ')}: {name}", round(100 * share, 1), "%")
    links = region.road_links
    for column in ("speed_status", "capacity_status"):
        if column in links:
            roads = links[links["road_class"] != "connector"]
            assumed = float(roads["length_m"][roads[column] == "assumption"].sum() / roads["length_m"].sum())
            name = column.removesuffix("_status")
            yield _row("rests on", f"road {name} by length: assumption", round(100 * assumed, 1), "%")


def _stand_ins(region: Region) -> Iterator[Row]:
    """Tables with figures of another place, or with none, and what the region would have."""
    for row in stand_ins(region):
        part = f"of {row.of_rows:,} rows, {row.grade}" if row.rows else row.grade
        yield _row(PART, f"{row.table}: {row.what}", row.rows, part, None, [f"instead: {row.instead}"])


def _imported(folder: Path) -> Iterator[Row]:
    """What the import repaired, refused, defaulted or left outside."""
    path = folder / IMPORT_FILE
    if not path.is_file():
        return
    try:
        rows = json.loads(read_text(path))["rows"]
        keys = ("part", "action", "what", "count", "unit", "examples")
        told = [tuple(row[key] for key in keys) for row in rows]
    except (ValueError, KeyError, TypeError) as error:
        raise InputError(f"this is no report of an import: {error}", path) from None
    for part, action, what, count, unit, examples in told:
        if action not in ("read", "kept") and part != PART:
            yield _row(f"import: {part}", f"{action}: {what}", count, unit, None, examples)
