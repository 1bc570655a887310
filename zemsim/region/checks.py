"""What must hold between the tables of a region: sums, references, lengths, one connected road graph."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd
from scipy.sparse import coo_matrix
from scipy.sparse.csgraph import connected_components

from zemsim.core.errors import InputError, did_you_mean
from zemsim.region import geo
from zemsim.region.tables import Lines

Tables = Mapping[str, pd.DataFrame]

#: Degrees and metres of the same row may differ by so much, metres (degrees are rounded).
PLACE_TOLERANCE_M = 5.0

#: Known names that a message lists where none is near: ids of a large table say little.
NAMES_SHOWN = 3

#: A length may be below the great circle by the rounding to whole metres.
LENGTH_TOLERANCE_M = 1.0


def _fail(table: pd.DataFrame, at: int, message: str, hint: str | None = None) -> InputError:
    lines = table.attrs.get("lines")
    return InputError(message, table.attrs.get("path"), lines[at] if lines else None, hint)


def _first(mask: pd.Series | np.ndarray) -> int | None:
    found = np.flatnonzero(np.asarray(mask, dtype=bool))
    return int(found[0]) if len(found) else None


def _refer(table: pd.DataFrame, column: str, known: pd.Series, what: str, blank: bool = False) -> None:
    """Check that every value of a column is known; ``blank`` allows an empty one."""
    values = table[column]
    bad = ~values.isin(set(known))
    if blank:
        bad &= values != ""
    at = _first(bad)
    if at is not None:
        name = str(values.iloc[at])
        raise _fail(table, at, f"{column}: unknown {what} “{name}”", did_you_mean(name, known, show=NAMES_SHOWN))


def _check_zones(tables: Tables) -> None:
    zones = tables["zones"]
    populated = zones["kind"] == "populated"
    if not populated.any():
        raise _fail(zones, 0, "there is no populated zone") if len(zones) else InputError("there is no zone")
    at = _first((~populated & (zones["population"] > 0)) | ((zones["area_type"] == "outside") == populated))
    if at is not None:
        raise _fail(zones, at, "a gate has area_type outside and no residents; a populated zone is inside")
    _refer(zones[populated].pipe(_keep, zones, populated), "settlement_id", tables["settlements"]["settlement_id"],
           "settlement")  # fmt: skip
    _refer(zones, "municipality", tables["municipalities"]["municipality"], "municipality", blank=True)
    _refer(tables["settlements"], "municipality", tables["municipalities"]["municipality"], "municipality")
    _refer(tables["gates"], "zone_id", zones.loc[~populated, "zone_id"], "gate zone")
    _refer(zones[~populated].pipe(_keep, zones, ~populated), "zone_id", tables["gates"]["zone_id"], "gate")


def _keep(part: pd.DataFrame, whole: pd.DataFrame, mask: pd.Series) -> pd.DataFrame:
    """Return a part of a table that still knows its file and lines."""
    part = part.copy()
    lines = whole.attrs.get("lines")
    part.attrs = {"path": whole.attrs.get("path")}
    if lines:
        part.attrs["lines"] = Lines(lines[i] for i in np.flatnonzero(mask.to_numpy()))
    return part


def _check_sums(tables: Tables) -> None:
    """Check that zones sum to settlements, and settlements to municipalities, to the person."""
    zones, places, areas = tables["zones"], tables["settlements"], tables["municipalities"]
    by_place = zones[zones["kind"] == "populated"].groupby("settlement_id")["population"].sum()
    for table, key, sums, what in (
        (places, "settlement_id", by_place, "zones"),
        (areas, "municipality", places.groupby("municipality")["population"].sum(), "settlements"),
    ):
        have = table[key].map(sums).fillna(0)
        at = _first(have != table["population"])
        if at is not None:
            name, want, got = table[key].iloc[at], table["population"].iloc[at], int(have.iloc[at])
            raise _fail(table, at, f"{name}: population {want:,}, but its {what} sum to {got:,}")


def _check_places(tables: Tables, grid: geo.Grid) -> None:
    """Check that degrees and grid metres of a row are the same place."""
    for name in ("zones", "settlements", "gates", "road_nodes", "chargers"):
        table = tables[name]
        x, y = grid.to_metres(table["lon"].to_numpy(), table["lat"].to_numpy())
        off = geo.plane_m(x, y, table["x_m"].to_numpy(), table["y_m"].to_numpy())
        at = _first(~(off <= PLACE_TOLERANCE_M))
        if at is not None:
            raise _fail(table, at, f"lon, lat and x_m, y_m are {off[at]:,.0f} m apart", "lon is east, lat is north")


def _check_roads(tables: Tables) -> None:
    nodes, links, zones = tables["road_nodes"], tables["road_links"], tables["zones"]
    _refer(nodes, "zone_id", zones["zone_id"], "zone", blank=True)
    for column in ("from_node", "to_node"):
        _refer(links, column, nodes["node_id"], "node")
    at = _first(links["from_node"] == links["to_node"])
    if at is not None:
        raise _fail(links, at, "a link begins and ends at the same node")
    own = nodes[nodes["kind"].isin(["zone", "gate"])]
    without = ~zones["zone_id"].isin(set(own["zone_id"]))
    at = _first(without)
    if at is not None:
        raise _fail(zones, at, f"zone {zones['zone_id'].iloc[at]} has no node in the road graph")
    double = own.duplicated("zone_id")
    if double.any():
        raise _fail(nodes, int(np.flatnonzero(nodes.index == own.index[double][0])[0]), "a zone has two nodes")
    _check_lengths(nodes, links)
    _check_connected(nodes, links)


def _check_lengths(nodes: pd.DataFrame, links: pd.DataFrame) -> None:
    place = nodes.set_index("node_id")[["lon", "lat"]]
    start, end = place.loc[links["from_node"]].to_numpy(), place.loc[links["to_node"]].to_numpy()
    straight = geo.great_circle_m(start[:, 0], start[:, 1], end[:, 0], end[:, 1])
    at = _first(links["length_m"].to_numpy() < straight - LENGTH_TOLERANCE_M)
    if at is not None:
        got = links["length_m"].iloc[at]
        raise _fail(links, at, f"length_m {got:,.0f} is below the straight line of {straight[at]:,.0f} m")


def _check_connected(nodes: pd.DataFrame, links: pd.DataFrame) -> None:
    position = pd.Series(np.arange(len(nodes)), index=nodes["node_id"])
    rows, columns = position.loc[links["from_node"]].to_numpy(), position.loc[links["to_node"]].to_numpy()
    graph = coo_matrix((np.ones(len(links)), (rows, columns)), shape=(len(nodes), len(nodes)))
    parts, label = connected_components(graph, directed=False)
    if parts > 1:
        largest = np.bincount(label).argmax()
        at = _first(label != largest)
        assert at is not None
        name = nodes["node_id"].iloc[at]
        raise _fail(nodes, at, f"node {name} is cut off: the road graph has {parts} parts")


def _check_prices(tables: Tables) -> None:
    prices = tables["prices"]
    at = _first(~((prices["low"] <= prices["value"]) & (prices["value"] <= prices["high"])))
    if at is not None:
        raise _fail(prices, at, f"{prices['key'].iloc[at]}: low <= value <= high does not hold")
    _refer(tables["chargers"], "zone_id", tables["zones"]["zone_id"], "zone")


def check_tables(tables: Tables, grid: geo.Grid = geo.EUROPEAN) -> None:
    """Check the tables of a region against each other.

    Parameters
    ----------
    tables : mapping of str to DataFrame
        By the names of the fields of :class:`~zemsim.region.region.Region`.
    grid : Grid
        Of all ``x_m, y_m``.

    Raises
    ------
    InputError
        For the first thing that does not hold, with file and row.
    """
    _check_zones(tables)
    _check_sums(tables)
    _check_places(tables, grid)
    _check_roads(tables)
    _check_prices(tables)
