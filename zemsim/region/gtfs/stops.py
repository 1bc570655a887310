"""stops.txt: where vehicles are boarded, and the stations, entrances and nodes around them."""

from __future__ import annotations

import numpy as np
import pandas as pd

from zemsim.core.notices import EXAMPLES, Notices
from zemsim.region.archive import Source
from zemsim.region.gtfs.coordinates import Bounds, Given, check_bounds, check_each, check_together
from zemsim.region.gtfs.table import Table, near_id

STOP, STATION, ENTRANCE, NODE, BOARDING_AREA = range(5)

#: What a place may lie in, by ``location_type``.
_PARENTS = {STOP: STATION, STATION: None, ENTRANCE: STATION, NODE: STATION, BOARDING_AREA: STOP}
_WORDS = ("stop", "station", "entrance", "node", "boarding area")
_COLUMNS = ("location_type", "parent_station", "zone_id", "stop_code", "platform_code")


def read_stops(source: Source, zone: str, bounds: Bounds | None, notices: Notices) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return the stops where vehicles are boarded, and all other places.

    Parameters
    ----------
    source : Source
        The feed.
    zone : str
        Its time zone.
    bounds : Bounds, optional
        Box of the region.
    notices : Notices
        Is told of stops outside the region or far from all others.

    Returns
    -------
    stops : DataFrame
        ``stop_id, stop_name, parent_station, zone_id`` (fare zone) as text, ``stop_lat, stop_lon`` float64.
    places : DataFrame
        The same and ``location_type`` int64 (1 station, 2 entrance, 3 node, 4 boarding area); NaN where not given.
    """
    table = Table(source, "stops.txt", wanted=_COLUMNS).drop_repeats("stop_id", notices)
    ids = table.ids("stop_id")
    kind = table.integers("location_type", 0, 4, blank=0)
    lat = table.floats("stop_lat", -1e9, 1e9, blank=np.nan)
    lon = table.floats("stop_lon", -1e9, 1e9, blank=np.nan)
    _check_given(table, kind, lat, lon)
    check_each(table, lat, lon)
    rows = np.flatnonzero(~np.isnan(lat))
    given = Given(table, rows, lat[rows], lon[rows])
    far = check_together(given, zone)
    notices.add(
        "gtfs.stop_far",
        "stop over 1,000 km from the middle of the feed",
        len(far),
        sorted(ids[i] for i in far)[:EXAMPLES],
    )
    if bounds is not None:
        out = check_bounds(given, bounds)
        notices.add("gtfs.stop_outside", "stop outside the region", len(out), sorted(ids[i] for i in out)[:EXAMPLES])
    _check_parents(table, kind)
    frame = pd.DataFrame({"stop_id": ids, "stop_name": table.column("stop_name")}, dtype=object)
    frame["stop_lat"], frame["stop_lon"] = lat, lon
    frame["parent_station"], frame["zone_id"] = table.series("parent_station"), table.series("zone_id")
    boarded = kind == STOP
    places = frame[~boarded].reset_index(drop=True)
    places["location_type"] = kind[~boarded]
    return frame[boarded].reset_index(drop=True), places


def _check_given(table: Table, kind: np.ndarray, lat: np.ndarray, lon: np.ndarray) -> None:
    """Stops, stations and entrances must have coordinates; half a pair is never right."""
    bad = (np.isnan(lat) != np.isnan(lon)) | (np.isnan(lat) & (kind <= ENTRANCE))
    if bad.any():
        row = int(bad.argmax())
        raise table.fail(row, f"coordinates of a {_WORDS[kind[row]]} are blank", "write stop_lat and stop_lon")


def _check_parents(table: Table, kind: np.ndarray) -> None:
    """A parent must be there and be of the kind that GTFS asks for."""
    if not table.has("parent_station"):
        return
    kind_of = dict(zip(table.columns["stop_id"], kind.tolist(), strict=True))
    for row, parent in enumerate(table.column("parent_station")):
        wanted = _PARENTS[int(kind[row])]
        if parent == "":
            continue
        if parent not in kind_of:
            raise table.fail(row, f"parent_station “{parent}” is not in stops.txt", near_id(parent, kind_of))
        if kind_of[parent] != wanted:
            own, other = _WORDS[kind[row]], _WORDS[kind_of[parent]]
            lies = f"must lie in a {_WORDS[wanted]}" if wanted is not None else "has no parent"
            raise table.fail(row, f"parent_station “{parent}” is a {other}; a {own} {lies}")
