"""Fares of a feed, version 1 (attributes and rules) or 2 (products and leg rules), as one table of rules for a ride."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from zemsim.core.notices import Notices
from zemsim.region.archive import Source
from zemsim.region.gtfs.table import Table

#: What a condition of version 2 says that is left blank: every value that no rule names.
NOT_NAMED = "*"


@dataclass(frozen=True)
class FareTable:
    """Fares for one ride.

    Attributes
    ----------
    version : int
        1 or 2 of GTFS fares; 0 after feeds of both were merged.
    rules : DataFrame
        One row per fare and set of conditions: ``fare_id, route_id, network_id, from_area_id, to_area_id`` ("" is any),
        ``contains`` (tuple of the areas that the ride must pass, no other; () is any), ``priority`` int64 (a rule of a
        higher one goes before), ``amount`` float64 in ``currency``, ``transfers`` int64 (changes within the fare, -1
        without limit), ``transfer_s`` float64 (NaN without limit). An area is a fare zone of version 1 or an area of
        version 2.
    areas : mapping of str to tuple of str
        Areas of each stop that has any.
    networks : mapping of str to tuple of str
        Networks of each route.
    """

    version: int
    rules: pd.DataFrame
    areas: Mapping[str, tuple[str, ...]]
    networks: Mapping[str, tuple[str, ...]]

    def currencies(self) -> tuple[str, ...]:
        """Return the currencies, sorted."""
        return tuple(sorted(set(self.rules["currency"])))

    def in_currency(self, currency: str) -> FareTable:
        """Return the table with the rules in one currency only.

        Parameters
        ----------
        currency : str
            Three letters of ISO 4217.
        """
        return replace(self, rules=self.rules[self.rules["currency"] == currency].reset_index(drop=True))

    def ride_amount(self, route_id: str, *stops: str) -> float:
        """Return the fare of a ride, NaN if no rule holds for it: see :meth:`ride_amounts`.

        Parameters
        ----------
        route_id : str
            The route.
        *stops : str
            Stops of the ride in order, from the first to the last.
        """
        return float(self.ride_amounts(route_id, stops)[0, -1])

    def ride_amounts(self, route_id: str, stops: Sequence[str]) -> NDArray[np.float64]:
        """Return the fare of each ride on a course: float64 [n, n] by positions, NaN where none is stated.

        Of the rules that hold for a ride those of the highest priority count, and of these the lowest amount. A rule
        that names areas on the way holds for rides that touch these and no other (as in OpenTripPlanner).

        Parameters
        ----------
        route_id : str
            The route.
        stops : sequence of str [n]
            Stops of the course in order.
        """
        by_ends = self.of_route(route_id)
        areas = [("", *self.areas.get(stop, ())) for stop in stops]
        found = np.full((len(stops), len(stops)), np.nan)
        if not by_ends:
            return found
        for i, here in enumerate(areas):
            touched = set(here[1:])
            for j in range(i + 1, len(areas)):
                touched.update(areas[j][1:])
                rules = [rule for a in here for b in areas[j] for rule in by_ends.get((a, b), ())]
                fits = [rule[:2] for rule in rules if not rule[2] or rule[2] == touched]
                if fits:
                    found[i, j] = min(fits)[1]
        return found

    def of_route(self, route_id: str) -> dict[tuple[str, str], list[tuple[int, float, frozenset[str]]]]:
        """Return the rules of a route by areas of the first and last stop: minus priority, amount, areas on the way."""
        rules = self._of_route(route_id)
        found: dict[tuple[str, str], list[tuple[int, float, frozenset[str]]]] = {}
        columns = (rules[name].tolist() for name in ("from_area_id", "to_area_id", "priority", "amount", "contains"))
        for start, end, priority, amount, contains in zip(*columns, strict=True):
            found.setdefault((start, end), []).append((-priority, amount, frozenset(contains)))
        return found

    def flat_by_route(self, routes: list[str]) -> dict[str, tuple[float, str]]:
        """Return amount and currency of the routes whose fare does not depend on the stops.

        Parameters
        ----------
        routes : list of str
            Routes of the feed; those with fares by area, without a fare, or in two currencies are left out.
        """
        found = {}
        for route in routes:
            rules = self._of_route(route)
            anywhere = not (rules["from_area_id"].any() or rules["to_area_id"].any() or rules["contains"].any())
            if len(rules) and anywhere and rules["currency"].nunique() == 1:
                first = rules[rules["priority"] == rules["priority"].max()]
                found[route] = (float(first["amount"].min()), str(rules["currency"].iloc[0]))
        return found

    def _of_route(self, route_id: str) -> pd.DataFrame:
        rules = self.rules
        networks = ["", *self.networks.get(route_id, ())]
        return rules[rules["route_id"].isin(["", route_id]) & rules["network_id"].isin(networks)]


def read_fares(
    source: Source, routes: pd.DataFrame, stops: pd.DataFrame, places: pd.DataFrame, notices: Notices
) -> FareTable | None:
    """Return the fares of a feed, None where it has none; version 2 goes before version 1.

    Parameters
    ----------
    source : Source
        The feed.
    routes, stops, places : DataFrame
        As in :class:`~zemsim.region.gtfs.feed.Gtfs`.
    notices : Notices
        Is told of rules that are not used.
    """
    if source.has("fare_products.txt") and source.has("fare_leg_rules.txt"):
        if source.has("fare_attributes.txt"):
            notices.add("gtfs.fares_1_not_used", "file of fares version 1 beside version 2, not used", 1)
        return _version_2(source, routes, stops, places, notices)
    if source.has("fare_attributes.txt"):
        return _version_1(source, routes, stops, notices)
    return None


def _version_1(source: Source, routes: pd.DataFrame, stops: pd.DataFrame, notices: Notices) -> FareTable:
    table = Table(source, "fare_attributes.txt")
    ids = table.ids("fare_id")
    amount = table.floats("price", 0, 1e7)
    transfers = table.integers("transfers", 0, 2, blank=-1)
    transfer_s = table.floats("transfer_duration", 0, 1e7, blank=np.nan)
    notices.add(
        "gtfs.fare_with_changes", "fare that holds for changes, too: each ride is paid", int((transfers != 0).sum())
    )
    rows = {fare: i for i, fare in enumerate(ids)}
    conditions = _conditions(Table(source, "fare_rules.txt", required=False), rows, routes, stops)
    with_rules = {fare for fare, *_ in conditions}
    conditions += [(name, "", "", "", ()) for name in ids if name not in with_rules]
    at = np.array([rows[fare] for fare, *_ in conditions], np.int64)
    names = ("fare_id", "route_id", "from_area_id", "to_area_id", "contains")
    frame = pd.DataFrame(conditions, columns=names, dtype=object)
    frame["network_id"] = pd.Series([""] * len(frame), dtype=object)
    frame["currency"] = pd.Series([table.column("currency_type")[i] for i in at], dtype=object)
    frame["priority"], frame["amount"] = np.zeros(len(at), np.int64), amount[at]
    frame["transfers"], frame["transfer_s"] = transfers[at], transfer_s[at]
    areas = {stop: (area,) for stop, area in zip(stops["stop_id"], stops["zone_id"], strict=True) if area}
    return FareTable(1, _ordered(frame), areas, {})


Condition = tuple[str, str, str, str, tuple[str, ...]]


def _conditions(rules: Table, fares: Mapping[str, int], routes: pd.DataFrame, stops: pd.DataFrame) -> list[Condition]:
    """Return fare, route, first and last zone, zones on the way; rows that differ in the last only are one."""
    fare = rules.references("fare_id", fares, "fare_attributes.txt")
    rules.references("route_id", set(routes["route_id"]), "routes.txt", blank=True)
    zones = set(stops["zone_id"]) - {""}
    for name in ("origin_id", "destination_id", "contains_id"):
        rules.references(name, zones, "the zone_id of stops.txt", blank=True)
    passed: dict[tuple[str, str, str, str], set[str]] = {}
    plain: set[tuple[str, str, str, str]] = set()
    ends = (rules.column(name) for name in ("route_id", "origin_id", "destination_id", "contains_id"))
    for name, route, start, end, contains in zip(fare, *ends, strict=True):
        key = (name, route, start, end)
        if contains:
            passed.setdefault(key, set()).add(contains)
        else:
            plain.add(key)
    return [(*key, ()) for key in sorted(plain)] + [(*key, tuple(sorted(own))) for key, own in sorted(passed.items())]


def _version_2(
    source: Source, routes: pd.DataFrame, stops: pd.DataFrame, places: pd.DataFrame, notices: Notices
) -> FareTable:
    price, currency = _products(source, notices)
    rules = Table(source, "fare_leg_rules.txt")
    product = rules.references("fare_product_id", set(price) | _hidden(source, price), "fare_products.txt")
    areas = _areas(source, stops, places)
    networks = _networks(source, routes)
    timed = [
        bool(a or b) for a, b in zip(*(rules.column(f"{x}_timeframe_group_id") for x in ("from", "to")), strict=True)
    ]
    notices.add("gtfs.fare_timeframe", "fare rule for hours of the day, not used", sum(timed))
    by_priority = rules.has("rule_priority")
    priority = rules.integers("rule_priority", 0, 10**9, blank=0)
    columns = {
        "network_id": (rules.column("network_id"), networks),
        "from_area_id": (rules.column("from_area_id"), areas),
        "to_area_id": (rules.column("to_area_id"), areas),
    }
    data: dict[str, list[str]] = {}
    for name, (values, groups) in columns.items():
        named = set(values) - {""}
        mark = NOT_NAMED if named and not by_priority else ""
        data[name] = [value or mark for value in values]
        if mark:
            _mark_rest(groups, named, routes["route_id"] if name == "network_id" else stops["stop_id"])
    keep = [i for i, name in enumerate(product) if not timed[i] and name in price]
    frame = pd.DataFrame(
        {
            "fare_id": [product[i] for i in keep],
            "route_id": [""] * len(keep),
            **{name: [values[i] for i in keep] for name, values in data.items()},
            "currency": [currency[product[i]] for i in keep],
        },
        dtype=object,
    )
    frame["contains"] = pd.Series([()] * len(keep), dtype=object)
    frame["priority"] = priority[keep]
    frame["amount"] = np.array([price[product[i]] for i in keep], np.float64)
    frame["transfers"], frame["transfer_s"] = np.zeros(len(keep), np.int64), np.full(len(keep), np.nan)
    changes = Table(source, "fare_transfer_rules.txt", required=False)
    notices.add("gtfs.fare_transfer_rule", "fare rule for changes, not used: each ride is paid", len(changes))
    return FareTable(2, _ordered(frame), _frozen(areas), _frozen(networks))


def _products(source: Source, notices: Notices) -> tuple[dict[str, float], dict[str, str]]:
    """Return amount and currency of the products for riders of no special category, the cheapest medium of each."""
    table = Table(source, "fare_products.txt")
    amount = table.floats("amount", 0, 1e7)
    riders = Table(source, "rider_categories.txt", required=False)
    default = {""}
    for name, flag in zip(riders.column("rider_category_id"), riders.column("is_default_fare_category"), strict=True):
        if flag == "1":
            default.add(name)
    price: dict[str, float] = {}
    currency: dict[str, str] = {}
    special = 0
    rows = zip(
        table.column("fare_product_id"), table.column("rider_category_id"), table.column("currency"), strict=True
    )
    for row, (name, rider, unit) in enumerate(rows):
        if rider not in default:
            special += 1
        elif name not in price or amount[row] < price[name]:
            price[name], currency[name] = float(amount[row]), unit
    notices.add("gtfs.fare_rider", "fare for riders of a special category, not used", special)
    return price, currency


def _hidden(source: Source, price: Mapping[str, float]) -> set[str]:
    """Return the products that are only for special riders."""
    return set(Table(source, "fare_products.txt").column("fare_product_id")) - set(price)


def _areas(source: Source, stops: pd.DataFrame, places: pd.DataFrame) -> dict[str, set[str]]:
    """Return the areas of each stop; the area of a station is that of its platforms."""
    known = set(Table(source, "areas.txt", required=False).column("area_id"))
    table = Table(source, "stop_areas.txt", required=False)
    table.references("area_id", known, "areas.txt")
    table.references("stop_id", {*stops["stop_id"], *places["stop_id"]}, "stops.txt")
    platforms = stops.groupby("parent_station")["stop_id"].agg(list).to_dict()
    own = set(stops["stop_id"])
    found: dict[str, set[str]] = {}
    for area, place in zip(table.column("area_id"), table.column("stop_id"), strict=True):
        for stop in [place] if place in own else platforms.get(place, []):
            found.setdefault(stop, set()).add(area)
    return found


def _networks(source: Source, routes: pd.DataFrame) -> dict[str, set[str]]:
    found: dict[str, set[str]] = {}
    for route, network in zip(routes["route_id"], routes["network_id"], strict=True):
        if network:
            found.setdefault(route, set()).add(network)
    table = Table(source, "route_networks.txt", required=False)
    table.references("route_id", set(routes["route_id"]), "routes.txt")
    for network, route in zip(table.column("network_id"), table.column("route_id"), strict=True):
        found.setdefault(route, set()).add(network)
    return found


def _mark_rest(groups: dict[str, set[str]], named: set[str], members: pd.Series) -> None:
    """Give the mark of "not named" to members of which no rule names a group."""
    for member in members:
        own = groups.setdefault(member, set())
        if not own & named:
            own.add(NOT_NAMED)


def _frozen(groups: dict[str, set[str]]) -> dict[str, tuple[str, ...]]:
    return {name: tuple(sorted(own)) for name, own in sorted(groups.items()) if own}


def _ordered(frame: pd.DataFrame) -> pd.DataFrame:
    names = ["fare_id", "route_id", "network_id", "from_area_id", "to_area_id", "contains"]
    return frame.drop_duplicates().sort_values(names, kind="stable", ignore_index=True)
