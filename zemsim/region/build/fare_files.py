"""Fares of a feed as GTFS files: version 1 where the feed has it, else version 2."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from zemsim.region.build.csv_files import write_csv
from zemsim.region.gtfs import Gtfs
from zemsim.region.gtfs.fares import FareTable

#: What version 2 cannot say.
ON_THE_WAY = "fare rules by zones on the way, beside fares of version 2"
#: Rules that nobody in the pack can meet.
ELSEWHERE = "fare rules of routes or zones that were left out"


def write_fares(feed: Gtfs, folder: Path) -> tuple[dict[str, str], dict[str, int]]:
    """Write the fares that hold for routes and stops of a feed.

    Parameters
    ----------
    feed : Gtfs
        With or without fares.
    folder : Path
        Is there.

    Returns
    -------
    zones : dict
        ``zone_id`` by stop, for ``stops.txt``; empty unless version 1 was written.
    lost : dict
        Rules that were not written, by reason.
    """
    if feed.fares is None:
        return {}, {}
    rules = _with_routes(feed.fares, feed.routes["route_id"].tolist())
    stops = feed.stops["stop_id"].tolist()
    here = {"", *(area for stop in stops for area in feed.fares.areas.get(stop, ()))}
    possible = [
        bool(routes) and {start, end, *contains} <= here
        for routes, start, end, contains in zip(
            rules["routes"], rules["from_area_id"], rules["to_area_id"], rules["contains"], strict=True
        )
    ]
    lost = {ELSEWHERE: len(rules) - sum(possible)}
    rules = rules[possible]
    if not len(rules):
        return {}, lost
    if feed.fares.version == 1:
        _version_1(rules, folder)
        return {stop: feed.fares.areas[stop][0] for stop in stops if stop in feed.fares.areas}, lost
    passing = rules["contains"].map(bool)
    lost[ON_THE_WAY] = int(passing.sum())
    _version_2(rules[~passing], feed.fares, stops, folder)
    return {}, lost


def _with_routes(fares: FareTable, routes: list[str]) -> pd.DataFrame:
    """Rules with the routes for which each holds: a tuple, ("",) for all."""
    rules = fares.rules
    found = []
    for route, network in zip(rules["route_id"], rules["network_id"], strict=True):
        own = [name for name in ([route] if route else routes) if name in routes]
        if network:
            own = [name for name in own if network in fares.networks.get(name, ())]
        found.append(tuple(sorted(own)) if route or network else ("",))
    return rules.assign(routes=pd.Series(found, index=rules.index, dtype=object))


def _version_1(rules: pd.DataFrame, folder: Path) -> None:
    names = {"fare_id": "fare_id", "amount": "price", "currency": "currency_type", "transfers": "transfers"}
    fares = rules[[*names, "transfer_s"]].drop_duplicates("fare_id").sort_values("fare_id")
    transfers = fares["transfers"].map(lambda n: "" if n < 0 else str(n))
    length = fares["transfer_s"].map(lambda s: "" if np.isnan(s) else str(int(s)))
    table = fares[[*names]].rename(columns=names).assign(payment_method=0, transfers=transfers)
    write_csv(folder / "fare_attributes.txt", table.assign(transfer_duration=length))
    columns = ("fare_id", "routes", "from_area_id", "to_area_id", "contains")
    rows = [
        (fare, route, start, end, area)
        for fare, routes, start, end, contains in zip(*(rules[name] for name in columns), strict=True)
        for route in routes
        for area in (contains or ("",))
    ]
    _write(folder, "fare_rules", ["fare_id", "route_id", "origin_id", "destination_id", "contains_id"], sorted(rows))


def _version_2(rules: pd.DataFrame, fares: FareTable, stops: list[str], folder: Path) -> None:
    """Write products and leg rules; each set of routes that a rule asks for is a network of its own."""
    products: dict[tuple[float, str], str] = {}
    networks: dict[tuple[str, ...], str] = {("",): ""}
    legs: list[tuple[str, str, str, str, int]] = []
    columns = ["amount", "currency", "routes", "from_area_id", "to_area_id", "priority"]
    for amount, currency, routes, start, end, priority in zip(*(rules[name] for name in columns), strict=True):
        product = products.setdefault((amount, currency), f"fare-{len(products) + 1}")
        network = networks.setdefault(routes, f"fare-routes-{len(networks)}")
        legs.append((network, start, end, product, priority))
    sold = [(name, amount, currency) for (amount, currency), name in products.items()]
    _write(folder, "fare_products", ["fare_product_id", "amount", "currency"], sold)
    columns = ["network_id", "from_area_id", "to_area_id", "fare_product_id", "rule_priority"]
    _write(folder, "fare_leg_rules", columns, legs)
    named = {name: routes for routes, name in networks.items() if name}
    _write(folder, "networks", ["network_id", "network_name"], [(name, name) for name in named])
    members = [(name, route) for name, routes in named.items() for route in routes]
    _write(folder, "route_networks", ["network_id", "route_id"], members)
    used = {area for leg in legs for area in leg[1:3]} - {""}
    inside = [(area, stop) for stop in stops for area in fares.areas.get(stop, ()) if area in used]
    _write(folder, "areas", ["area_id", "area_name"], [(area, area) for area in sorted(used)])
    _write(folder, "stop_areas", ["area_id", "stop_id"], sorted(inside))


def _write(folder: Path, name: str, columns: Sequence[str], rows: Sequence[tuple[object, ...]]) -> None:
    if rows:
        write_csv(folder / f"{name}.txt", pd.DataFrame(list(rows), columns=list(columns)))
