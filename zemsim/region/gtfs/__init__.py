"""GTFS: timetables of public transport as the world writes them, read strictly and counted.

``read_gtfs``, ``merge_feeds``, ``check_feed`` and ``Gtfs`` are loaded when they are first used.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from zemsim.core.lazy import lazy_names

_HOME = {
    "Gtfs": "zemsim.region.gtfs.feed",
    "read_gtfs": "zemsim.region.gtfs.read",
    "merge_feeds": "zemsim.region.gtfs.merge",
    "check_feed": "zemsim.region.gtfs.check",
}

__all__ = ["Gtfs", "check_feed", "merge_feeds", "read_gtfs"]

if TYPE_CHECKING:
    from zemsim.region.gtfs.check import check_feed
    from zemsim.region.gtfs.feed import Gtfs
    from zemsim.region.gtfs.merge import merge_feeds
    from zemsim.region.gtfs.read import read_gtfs

__getattr__, __dir__ = lazy_names(globals(), _HOME)
