"""transfers.txt and pathways.txt: what a feed says about changing from stop to stop on foot."""

from __future__ import annotations

import heapq

import numpy as np
import pandas as pd

from zemsim.core.notices import Notices
from zemsim.region.archive import Source
from zemsim.region.geo import great_circle_m
from zemsim.region.gtfs.stops import BOARDING_AREA
from zemsim.region.gtfs.table import Table

#: Walking speed (m/s) on pathways without a time: 4.8 km/h, as between stops (assumption of the timetable).
WALK_M_S = 4.8 / 3.6

#: ``transfer_type``: recommended, timed, with a least time, not possible, stay on board, get off and board again.
RECOMMENDED, TIMED, LEAST_TIME, NOT_POSSIBLE, IN_SEAT, NOT_IN_SEAT = range(6)
_COLUMNS = ("from_stop_id", "to_stop_id", "from_route_id", "to_route_id", "from_trip_id", "to_trip_id")


def read_walks(source: Source, stops: pd.DataFrame, places: pd.DataFrame, notices: Notices) -> pd.DataFrame:
    """Return what is given about changes between different stops.

    Parameters
    ----------
    source : Source
        The feed.
    stops, places : DataFrame
        As ``stops.read_stops`` returns them.
    notices : Notices
        Is told what is not used.

    Returns
    -------
    DataFrame
        ``from_stop_id, to_stop_id``; ``kind``: ``change`` (time that a change takes in all, walk and slack), ``walk``
        (walk within a station by its pathways), ``none`` (change not possible); ``seconds`` float64, NaN for ``none``.
        A transfer goes before a pathway, one between stops before one of a station, then the longer one. Sorted.
    """
    found = _pathways(source, stops, places, notices) | _transfers(source, stops, places, notices)
    rows = [(a, b, kind, second) for (a, b), (kind, second) in sorted(found.items())]
    frame = pd.DataFrame(rows, columns=["from_stop_id", "to_stop_id", "kind", "seconds"])
    return frame.astype({"from_stop_id": object, "to_stop_id": object, "kind": object, "seconds": np.float64})


Given = dict[tuple[str, str], tuple[str, float]]


def _transfers(source: Source, stops: pd.DataFrame, places: pd.DataFrame, notices: Notices) -> Given:
    table = Table(source, "transfers.txt", required=False)
    known = set(stops["stop_id"]) | set(places["stop_id"])
    kinds = table.integers("transfer_type", 0, 5, blank=0)
    least = table.floats("min_transfer_time", 0, 1e6, blank=np.nan)
    cells = {name: table.column(name) for name in _COLUMNS}
    for name in _COLUMNS[:2]:
        table.references(name, known, "stops.txt", blank=True)
    platforms = stops.groupby("parent_station")["stop_id"].agg(sorted).to_dict()
    own = dict.fromkeys(stops["stop_id"])
    found: dict[tuple[str, str], tuple[int, bool, float]] = {}
    unused = dict.fromkeys(("by_route", "same_stop", "plain"), 0)
    for row, kind in enumerate(kinds.tolist()):
        start, end = cells["from_stop_id"][row], cells["to_stop_id"][row]
        if kind in (IN_SEAT, NOT_IN_SEAT):
            continue  # about passengers on board: zemsim.region.gtfs.in_seat
        if not start or not end:
            raise table.fail(row, "from_stop_id and to_stop_id are needed")
        elif any(cells[name][row] for name in _COLUMNS[2:]):
            unused["by_route"] += 1
        elif kind in (RECOMMENDED, TIMED):
            unused["plain"] += 1
        elif kind == LEAST_TIME and np.isnan(least[row]):
            raise table.fail(row, "min_transfer_time is blank", "transfer_type 2 needs it")
        elif start == end and start in own:
            unused["same_stop"] += 1
        else:
            second = 0.0 if kind == NOT_POSSIBLE else float(least[row])
            value = ((start in own) + (end in own), kind == NOT_POSSIBLE, second)
            for a in [start] if start in own else platforms.get(start, []):
                for b in [end] if end in own else platforms.get(end, []):
                    if a != b:
                        found[a, b] = max(value, found.get((a, b), value))
    words = {
        "by_route": "transfer for some routes or trips only, not used",
        "same_stop": "transfer within one stop, not used: the change time of the timetable holds",
        "plain": "transfer without a time: walks by distance hold",
    }
    for key, count in unused.items():
        notices.add(f"gtfs.transfer_{key}", words[key], count)
    return {pair: ("none", float("nan")) if never else ("change", s) for pair, (_, never, s) in found.items()}


def _pathways(source: Source, stops: pd.DataFrame, places: pd.DataFrame, notices: Notices) -> Given:
    """Return the shortest walks between stops through the pathways of a station."""
    links = _links(source, stops, places, notices)
    targets = set(stops["stop_id"])
    found: Given = {}
    for start in sorted(targets & links.keys()):
        for end, second in _walks_from(start, links).items():
            if end in targets and end != start:
                found[start, end] = ("walk", second)
    return found


def _links(
    source: Source, stops: pd.DataFrame, places: pd.DataFrame, notices: Notices
) -> dict[str, list[tuple[str, float]]]:
    table = Table(source, "pathways.txt", required=False)
    table.ids("pathway_id")
    both = pd.concat([stops, places])
    lon = dict(zip(both["stop_id"], both["stop_lon"], strict=True))
    lat = dict(zip(both["stop_id"], both["stop_lat"], strict=True))
    start = table.references("from_stop_id", lon, "stops.txt")
    end = table.references("to_stop_id", lon, "stops.txt")
    two_way = table.integers("is_bidirectional", 0, 1)
    seconds = table.floats("traversal_time", 0, 1e5, blank=np.nan)
    length_m = table.floats("length", 0, 1e5, blank=np.nan)
    links: dict[str, list[tuple[str, float]]] = {}
    guessed = unknown = 0
    for i, (a, b) in enumerate(zip(start, end, strict=True)):
        second = float(seconds[i])
        if np.isnan(second):
            straight = float(great_circle_m(lon[a], lat[a], lon[b], lat[b]))
            second = (straight if np.isnan(length_m[i]) else float(length_m[i])) / WALK_M_S
            guessed += 1
        if np.isnan(second):
            unknown += 1
            continue
        links.setdefault(a, []).append((b, second))
        if two_way[i]:
            links.setdefault(b, []).append((a, second))
    for area, parent, kind in zip(places["stop_id"], places["parent_station"], places["location_type"], strict=True):
        if kind == BOARDING_AREA and area in links:
            links[area].append((parent, 0.0))
            links.setdefault(parent, []).append((area, 0.0))
    notices.add("gtfs.pathway_by_length", "pathway without a time, walked by its length", guessed - unknown)
    notices.add("gtfs.pathway_unknown", "pathway without time, length and coordinates, not used", unknown)
    return links


def _walks_from(start: str, links: dict[str, list[tuple[str, float]]]) -> dict[str, float]:
    """Return the seconds of the shortest way to each place (Dijkstra)."""
    done: dict[str, float] = {}
    heap = [(0.0, start)]
    while heap:
        second, place = heapq.heappop(heap)
        if place in done:
            continue
        done[place] = second
        for other, more in links.get(place, ()):
            if other not in done:
                heapq.heappush(heap, (second + more, other))
    return done
