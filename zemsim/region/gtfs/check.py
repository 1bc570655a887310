"""What a feed holds, in rows that a command prints: counts, days, and every notice."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from zemsim.region.gtfs.feed import Gtfs
from zemsim.region.gtfs.read import read_gtfs


def check_feed(path: str | Path | Sequence[str | Path], **options: Any) -> list[dict[str, Any]]:
    """Read a feed and return its counts and notices.

    Parameters
    ----------
    path : path or sequence of paths
        Folders or zip archives.
    **options
        As for ``read_gtfs``.

    Returns
    -------
    list of dict
        ``kind`` (``count`` or ``notice``)``, code, item`` (words)``, value`` (a number or a text)``, examples`` (list).

    Raises
    ------
    InputError
        If the feed cannot be read.
    """
    return feed_rows(read_gtfs(path, **options))


def feed_rows(feed: Gtfs) -> list[dict[str, Any]]:
    """Return the rows of :func:`check_feed` for a feed that was read.

    Parameters
    ----------
    feed : Gtfs
        The feed.
    """
    first, trips = feed.trips_by_day()
    kinds = {str(kind): int(n) for kind, n in feed.routes["kind"].value_counts().sort_index().items()}
    counts: list[tuple[str, str, Any]] = [
        ("agencies", "agencies", len(feed.agency)),
        ("time_zone", "time zone", feed.time_zone),
        ("stops", "stops", len(feed.stops)),
        ("places", "stations, entrances and nodes", len(feed.places)),
        ("routes", "routes", len(feed.routes)),
        *((f"routes_{kind}", f"routes: {kind.replace('_', ' ')}", n) for kind, n in kinds.items()),
        ("services", "services", len(set(feed.calendar["service_id"]) | set(feed.calendar_dates["service_id"]))),
        ("trips", "trips", len(feed.trips)),
        ("headway_trips", "trips by headway", int(feed.trips["headway_s"].notna().sum())),
        ("stop_times", "stop times", len(feed.stop_times)),
        ("stop_times_with_distance", "stop times with a distance", int(feed.stop_times["dist_m"].notna().sum())),
        ("walks", "walks and changes that are given", len(feed.walks)),
        ("on_demand", "stop times on demand", len(feed.on_demand)),
        ("fare_rules", "fare rules", 0 if feed.fares is None else len(feed.fares.rules)),
        ("first_date", "first date", str(feed.first_date())),
        ("last_date", "last date", str(feed.last_date())),
        ("days_with_service", "days with service", int((trips > 0).sum())),
        ("most_trips_day", "most trips of a day", int(trips.max(initial=0))),
    ]
    if trips.any():
        day = np.datetime64(first, "D") + np.timedelta64(int(trips.argmax()), "D")
        counts.append(("busiest_date", "day with the most trips", str(day)))
    rows = [{"kind": "count", "code": a, "item": b, "value": value, "examples": []} for a, b, value in counts]
    return rows + [
        {"kind": "notice", "code": n.code, "item": n.message, "value": n.count, "examples": list(n.examples)}
        for n in feed.notices
    ]
