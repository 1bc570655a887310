"""Services on demand (GTFS-Flex): areas or groups of stops with a window of time, apart from the timetable."""

from __future__ import annotations

import json

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from zemsim.core.errors import InputError
from zemsim.core.notices import Notices
from zemsim.region.archive import Source
from zemsim.region.gtfs.table import Table
from zemsim.region.gtfs.times import seconds
from zemsim.region.tables import decode

#: Columns of stop_times.txt that only services on demand have.
FLEX_COLUMNS = (
    "location_id",
    "location_group_id",
    "start_pickup_drop_off_window",
    "end_pickup_drop_off_window",
    "pickup_booking_rule_id",
    "drop_off_booking_rule_id",
)
_SHAPES = ("Polygon", "MultiPolygon")


def flex_rows(times: Table) -> NDArray[np.bool_]:
    """Return which rows of stop_times.txt are served on demand: bool [rows]."""
    marks = [times.column(name) for name in FLEX_COLUMNS[:4]]
    if not any(times.has(name) for name in FLEX_COLUMNS[:4]):
        return np.zeros(len(times), dtype=bool)
    return np.array([any(cells) for cells in zip(*marks, strict=True)], dtype=bool)


def split_flex(
    source: Source, times: Table, rows: NDArray[np.bool_], trips: pd.DataFrame, stops: set[str], notices: Notices
) -> tuple[pd.DataFrame, tuple[dict[str, object], ...]]:
    """Return the services on demand and their areas.

    Parameters
    ----------
    source : Source
        The feed.
    times : Table
        ``stop_times.txt``.
    rows : bool [rows]
        See :func:`flex_rows`.
    trips : DataFrame
        ``trip_id, route_id, service_id``.
    stops : set of str
        Stops of the feed.
    notices : Notices
        Is told how many there are.

    Returns
    -------
    on_demand : DataFrame
        ``trip_id, route_id, service_id, area_id, area_kind`` (location, group, stop)``, booking_rule_id``, ``start_s,
        end_s`` float64 (window), ``booking_type`` int64 (0 at once, 1 same day, 2 days before, -1 not known),
        ``notice_min`` float64 (least notice, NaN not known). Sorted by trip and area.
    areas : tuple of dict
        GeoJSON features of ``locations.geojson``; groups of stops as features without geometry, with ``stop_ids``.
    """
    areas = _locations(source) | _groups(source, stops)
    found = _services(source, times, np.flatnonzero(rows), trips, areas, stops)
    notices.add(
        "gtfs.on_demand", "stop time on demand, kept apart from the timetable", len(found), tuple(found["area_id"][:5])
    )
    return found, tuple(areas[name] for name in sorted(areas))


def _services(
    source: Source,
    times: Table,
    rows: NDArray[np.int64],
    trips: pd.DataFrame,
    areas: dict[str, dict[str, object]],
    stops: set[str],
) -> pd.DataFrame:
    rules = Table(source, "booking_rules.txt", required=False)
    kinds = dict(zip(rules.ids("booking_rule_id"), rules.integers("booking_type", 0, 2).tolist(), strict=True))
    notice = rules.floats("prior_notice_duration_min", 0, 1e6, blank=np.nan)
    notice_min = dict(zip(rules.column("booking_rule_id"), notice.tolist(), strict=True))
    of_trip = trips.set_index("trip_id")
    columns = {name: times.column(name) for name in ("trip_id", "stop_id", *FLEX_COLUMNS)}
    found = []
    for row in rows.tolist():
        cell = {name: cells[row] for name, cells in columns.items()}
        area = cell["location_id"] or cell["location_group_id"] or cell["stop_id"]
        kind = "location" if cell["location_id"] else "group" if cell["location_group_id"] else "stop"
        if area not in (stops if kind == "stop" else areas):
            raise times.fail(row, f"“{area}” is no area and no stop of the feed")
        rule = cell["pickup_booking_rule_id"] or cell["drop_off_booking_rule_id"]
        if rule and rule not in kinds:
            raise times.fail(row, f"booking rule “{rule}” is not in booking_rules.txt")
        window = [_window(times, row, cell[name]) for name in FLEX_COLUMNS[2:4]]
        trip = cell["trip_id"]
        if trip not in of_trip.index:
            raise times.fail(row, f"trip_id “{trip}” is not in trips.txt")
        ids = (trip, of_trip.at[trip, "route_id"], of_trip.at[trip, "service_id"], area, kind, rule)
        found.append((*ids, *window, kinds.get(rule, -1), notice_min.get(rule, float("nan"))))
    text = ["trip_id", "route_id", "service_id", "area_id", "area_kind", "booking_rule_id"]
    frame = pd.DataFrame(found, columns=[*text, "start_s", "end_s", "booking_type", "notice_min"])
    kinds_of = {**dict.fromkeys(text, object), "booking_type": np.int64}
    frame = frame.astype({**kinds_of, "start_s": np.float64, "end_s": np.float64, "notice_min": np.float64})
    return frame.sort_values(["trip_id", "area_id", "start_s"], kind="stable", ignore_index=True)


def _window(times: Table, row: int, text: str) -> float:
    try:
        return float(seconds(text))
    except ValueError as error:
        raise times.fail(row, f"window of a service on demand: {error}") from None


def _locations(source: Source) -> dict[str, dict[str, object]]:
    if not source.has("locations.geojson"):
        return {}
    path = source.where("locations.geojson")
    try:
        data = json.loads(decode(source.read("locations.geojson"), path, table=False))
    except (ValueError, RecursionError) as error:
        raise InputError(f"this is not GeoJSON: {error}", path) from None
    features = data.get("features") if isinstance(data, dict) else None
    if not isinstance(features, list):
        raise InputError("this is not a FeatureCollection of GeoJSON", path)
    found: dict[str, dict[str, object]] = {}
    for i, feature in enumerate(features):
        geometry = feature.get("geometry") if isinstance(feature, dict) else None
        name = str(feature.get("id", "")) if isinstance(feature, dict) else ""
        if not name or name in found or not isinstance(geometry, dict) or geometry.get("type") not in _SHAPES:
            raise InputError(f"feature {i + 1} needs an id of its own and a Polygon or MultiPolygon", path)
        found[name] = {"type": "Feature", "id": name, "properties": {}, "geometry": geometry}
    return found


def _groups(source: Source, stops: set[str]) -> dict[str, dict[str, object]]:
    table = Table(source, "location_groups.txt", required=False)
    members = Table(source, "location_group_stops.txt", required=False)
    groups: dict[str, list[str]] = {name: [] for name in table.ids("location_group_id")}
    members.references("location_group_id", groups, "location_groups.txt")
    members.references("stop_id", stops, "stops.txt")
    for group, stop in zip(members.column("location_group_id"), members.column("stop_id"), strict=True):
        groups[group].append(stop)
    return {
        name: {"type": "Feature", "id": name, "properties": {"stop_ids": sorted(own)}, "geometry": None}
        for name, own in groups.items()
    }
