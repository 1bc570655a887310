"""Several feeds as one: ids get a prefix, tables are joined."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import fields
from pathlib import Path

import numpy as np
import pandas as pd

from zemsim.core.errors import InputError
from zemsim.core.notices import Notices
from zemsim.region.gtfs.fares import FareTable
from zemsim.region.gtfs.feed import Gtfs

#: Columns that hold ids of the feed, in any of its tables.
_ID_COLUMNS = {
    *(
        "agency_id",
        "stop_id",
        "parent_station",
        "zone_id",
        "route_id",
        "network_id",
        "trip_id",
        "service_id",
        "shape_id",
    ),
    *("from_stop_id", "to_stop_id", "area_id", "booking_rule_id", "fare_id", "from_area_id", "to_area_id"),
}


def prefixes_of(feeds: Sequence[Gtfs]) -> list[str]:
    """Return a prefix for each feed from the name of its file; equal names get numbers.

    Parameters
    ----------
    feeds : sequence of Gtfs
        The feeds.
    """
    stems = [re.sub(r"[^a-z0-9]+", "-", Path(feed.folder).stem.casefold()).strip("-") or "feed" for feed in feeds]
    names: list[str] = []
    for stem in stems:
        name, number = stem, 2
        while name in names:
            name, number = f"{stem}-{number}", number + 1
        names.append(name)
    return [f"{name}:" for name in names]


def merge_feeds(feeds: Sequence[Gtfs], prefixes: Sequence[str] | None = None) -> Gtfs:
    """Return several feeds as one; a single feed is returned as it is.

    Parameters
    ----------
    feeds : sequence of Gtfs
        One or more.
    prefixes : sequence of str, optional
        What is put before the ids of each feed; the name of its file and a colon if None.

    Raises
    ------
    InputError
        If no feed is given, or two prefixes are equal.
    """
    if not feeds:
        raise InputError("no feed is given")
    if len(feeds) == 1:
        return feeds[0]
    prefixes = prefixes_of(feeds) if prefixes is None else prefixes
    if len(set(prefixes)) != len(feeds):
        raise InputError("feeds need a prefix each, and no two the same")
    named = [_prefixed(feed, prefix) for feed, prefix in zip(feeds, prefixes, strict=True)]
    joined: dict[str, object] = {}
    for item in fields(Gtfs):
        parts = [getattr(feed, item.name) for feed in named]
        tables = [part for part in parts if isinstance(part, pd.DataFrame)]
        if tables:
            filled = [table for table in tables if len(table)] or tables[:1]
            joined[item.name] = pd.concat(filled, ignore_index=True)
        else:
            joined[item.name] = None
    start = np.cumsum([0, *(len(feed.trips) for feed in named)])
    shift = np.repeat(start[:-1], [len(feed.stop_times) for feed in named])
    joined["stop_times"]["trip_idx"] += shift  # type: ignore[index]
    joined["fares"] = _joined_fares([feed.fares for feed in named])
    joined["areas"] = tuple(area for feed in named for area in feed.areas)
    joined["folder"], joined["time_zone"] = feeds[0].folder, feeds[0].time_zone
    joined["notices"] = _joined_notices(named)
    return Gtfs(**joined)  # type: ignore[arg-type]


def _prefixed(feed: Gtfs, prefix: str) -> Gtfs:
    changed: dict[str, object] = {}
    for item in fields(Gtfs):
        value = getattr(feed, item.name)
        if isinstance(value, pd.DataFrame):
            value = _table_prefixed(value, prefix)
        changed[item.name] = value
    if feed.fares is not None:
        changed["fares"] = _fares_prefixed(feed.fares, feed.routes["route_id"].tolist(), prefix)
    changed["areas"] = tuple(_area_prefixed(area, prefix) for area in feed.areas)
    return Gtfs(**changed)  # type: ignore[arg-type]


def _fares_prefixed(fares: FareTable, routes: list[str], prefix: str) -> FareTable:
    """Fares that hold for all routes of a feed must not hold for those of another: its prefix becomes a network."""
    rules = _table_prefixed(fares.rules, prefix)
    rules["contains"] = pd.Series([tuple(prefix + area for area in own) for own in rules["contains"]], dtype=object)
    everywhere = (rules["route_id"] == "") & (rules["network_id"] == "")
    rules["network_id"] = rules["network_id"].where(~everywhere, prefix)
    networks = _groups_prefixed(fares.networks, prefix)
    for route in routes:
        networks[f"{prefix}{route}"] = (prefix, *networks.get(f"{prefix}{route}", ()))
    return FareTable(fares.version, rules, _groups_prefixed(fares.areas, prefix), networks)


def _table_prefixed(table: pd.DataFrame, prefix: str) -> pd.DataFrame:
    table = table.copy()
    for name in table.columns:
        if name in _ID_COLUMNS:
            table[name] = pd.Series([f"{prefix}{text}" if text else "" for text in table[name]], dtype=object)
        if name == "agency_id":  # an agency without an id must not become that of another feed
            table[name] = table[name].where(table[name] != "", prefix)
    return table


def _groups_prefixed(groups: Mapping[str, tuple[str, ...]], prefix: str) -> dict[str, tuple[str, ...]]:
    return {f"{prefix}{name}": tuple(f"{prefix}{own}" for own in members) for name, members in groups.items()}


def _area_prefixed(area: dict[str, object], prefix: str) -> dict[str, object]:
    properties = dict(area["properties"])  # type: ignore[call-overload]
    if "stop_ids" in properties:
        properties["stop_ids"] = [f"{prefix}{stop}" for stop in properties["stop_ids"]]
    return {**area, "id": f"{prefix}{area['id']}", "properties": properties}


def _joined_fares(tables: Sequence[FareTable | None]) -> FareTable | None:
    found = [table for table in tables if table is not None]
    if not found:
        return None
    versions = {table.version for table in found}
    return FareTable(
        versions.pop() if len(versions) == 1 else 0,
        pd.concat([table.rules for table in found], ignore_index=True),
        {name: own for table in found for name, own in table.areas.items()},
        {name: own for table in found for name, own in table.networks.items()},
    )


def _joined_notices(feeds: Sequence[Gtfs]) -> tuple[object, ...]:
    notices = Notices()
    for feed in feeds:
        for notice in feed.notices:
            notices.add(notice.code, notice.message, notice.count, notice.examples)
    first, last = max(feed.first_date() for feed in feeds), min(feed.last_date() for feed in feeds)
    if first > last:
        spans = [f"{feed.first_date()} to {feed.last_date()}" for feed in feeds]
        notices.add("gtfs.no_common_day", "set of feeds that share no day", 1, spans)
    return tuple(notices)
