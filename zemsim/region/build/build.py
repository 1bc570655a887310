"""``zemsim region build``: OpenStreetMap, GTFS and a table of zones become a pack that runs."""

from __future__ import annotations

import datetime as dt
import os
import shutil
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from zemsim.core.atomic import write_json
from zemsim.core.errors import InputError, OutputError
from zemsim.region.build import defaults, package
from zemsim.region.build.chargers import charger_rows, parking_prices
from zemsim.region.build.csv_files import write_csv, write_rows
from zemsim.region.build.elevation import Elevation, read_elevation
from zemsim.region.build.feeds import read_feeds, write_timetable
from zemsim.region.build.osm import Box, OsmExtract, ReadLimits, check_osm, read_osm
from zemsim.region.build.own_figures import OwnFigures
from zemsim.region.build.report import FILE, Report
from zemsim.region.build.roads import RoadTables, road_tables
from zemsim.region.build.rules import Rules
from zemsim.region.build.walking import active_tables
from zemsim.region.build.zone_input import ZoneInput, read_zones
from zemsim.region.build.zones import fill_zones, outline, place_zones, settlement_rows
from zemsim.region.geo import Grid
from zemsim.region.make import road_order
from zemsim.region.make.pack import Pack, slug
from zemsim.region.region import PACKAGE_FILE, load_region
from zemsim.region.stand_ins import PART, TAKEN_OVER, stand_ins

Say = Callable[[str], None]


@dataclass(frozen=True)
class Question:
    """What a pack is built from.

    Attributes
    ----------
    osm, zones : path
    gtfs : sequence of paths
        Folders or archives.
    name : str
        Name of the pack.
    date : date, optional
        Its week is the week of the timetable.
    rules, figures, elevation : path, optional
        Folder of rule tables; folder of figures of the region itself; grid of heights.
    box : (west, south, east, north), optional
        Nodes outside are left out.
    limits : ReadLimits
        Of the child process that reads the OpenStreetMap file.
    """

    osm: Path
    zones: Path
    gtfs: Sequence[Path]
    name: str
    date: dt.date | None = None
    rules: Path | None = None
    figures: Path | None = None
    elevation: Path | None = None
    box: Box | None = None
    limits: ReadLimits | None = None


def build_region(question: Question, out: str | Path, say: Say = lambda text: None, replace: bool = False) -> Report:
    """Build a pack in a folder.

    The pack is made beside the folder and put in its place when it is whole and has been read back with all checks.

    Parameters
    ----------
    out : path
        Folder of the pack; it must not be there, unless ``replace``, and then must be a pack.
    say : callable
        Is told what is being done.

    Returns
    -------
    Report
        What was read, repaired, defaulted and left out; it lies in the pack, too, as ``import.json``.

    Raises
    ------
    InputError
        For every fault of the input.
    """
    out = Path(out)
    _check_target(out, replace)
    work = _work_folder(out)
    try:
        report = _build(question, work, say)
        say("reading the pack back")
        for row in stand_ins(load_region(work)):
            report.count(
                PART, "defaulted", f"{row.table}: {row.what} ({row.grade})", row.rows or 1, "rows" * bool(row.rows)
            )
        write_json(work / FILE, {"name": question.name, "rows": report.table()})
        os.chmod(work, 0o755)  # noqa: S103 - a folder that others may read, as mkdir makes it
        _take_place(work, out)
    except OSError as error:
        raise OutputError(f"{error.filename or out}: {error.strerror}") from error
    finally:
        shutil.rmtree(work, ignore_errors=True)
    return report


def _work_folder(out: Path) -> Path:
    """Make the folder in which the pack grows, beside its place: what cannot be written is known before the work."""
    try:
        out.parent.mkdir(parents=True, exist_ok=True)
        return Path(tempfile.mkdtemp(prefix=f".{out.name}-", dir=out.parent))
    except OSError as error:
        raise OutputError(f"{out}: no pack can be written there: {error.strerror or error}") from error


def _take_place(work: Path, out: Path) -> None:
    """Give the new pack its name; one that was there goes only when the new one stands in its place."""
    old = work.with_name(f"{work.name}-old")
    if out.exists():
        out.rename(old)
    try:
        work.rename(out)
    except OSError:
        if old.exists():
            old.rename(out)
        raise
    shutil.rmtree(old, ignore_errors=True)


def _check_target(out: Path, replace: bool) -> None:
    if out.is_symlink() or (out.exists() and not out.is_dir()):
        raise OutputError(f"{out}: is not a folder")
    if out.is_dir() and any(out.iterdir()):
        if not (out / PACKAGE_FILE).is_file():
            raise OutputError(f"{out}: the folder holds something that is no pack")
        if not replace:
            raise OutputError(f"{out}: there is a pack already; --replace builds it anew")


def _build(question: Question, work: Path, say: Say) -> Report:
    report = Report()
    _pack_name(question)
    check_osm(question.osm, question.box)
    rules = Rules.read(question.rules)
    own = OwnFigures.read(question.figures)
    elevation = None if question.elevation is None else read_elevation(question.elevation)
    say("reading zones")
    given = read_zones(question.zones, report)
    grid = Grid.around(float(given.table["lon"].mean()), float(given.table["lat"].mean()))
    zones = place_zones(given, grid, rules, report)
    say("reading the timetable")
    feed = read_feeds(question.gtfs, zones, grid, rules, question.date)
    say("reading OpenStreetMap")
    extract = read_osm(question.osm, question.box, question.limits)
    for what, number in extract.counts.items():
        report.count("file", _HAPPENED.get(what, "read"), what.replace("_", " "), number)
    say("roads")
    tables = road_tables(extract, zones, grid, rules, report)
    zones, given = _kept(zones, given, tables)
    title = question.name
    zones, status = fill_zones(zones, title, rules, report)
    say("timetable")
    capacity = {name: defaults.assumption_of("timetable", key, own) for name, key in _VEHICLES.items()}
    stops = write_timetable(feed, question.gtfs, work / "gtfs", zones, grid, rules, capacity, question.date, report)
    say("walking and cycling")
    _write_active(work, extract, zones, stops, grid, rules, elevation, report)
    say("tables")
    _write_tables(work, given, extract, zones, tables, grid, rules, own, report)
    write_json(work / FILE, {"name": question.name, "rows": []})
    _write_package(work, question, grid, status)
    return report


#: What happened to things of the file that were not simply read.
_HAPPENED = {
    "nodes_outside_box": "outside",
    "areas_outside_box": "outside",
    "nodes_without_place": "dropped",
    "areas_without_place": "dropped",
    "multipolygons_not_whole": "refused",
}
#: Class of vehicle to the key of its capacity.
_VEHICLES = {
    "bus_city": "capacity_bus_city_pers",
    "bus_regional": "capacity_bus_regional_pers",
    "train_electric": "capacity_train_electric_pers",
}


def _kept(zones: pd.DataFrame, given: ZoneInput, tables: RoadTables) -> tuple[pd.DataFrame, ZoneInput]:
    """Leave out zones that no road reaches."""
    rows = np.flatnonzero(tables.joined)
    shapes = None if given.shapes is None else [given.shapes[i] for i in rows]
    table = given.table.iloc[rows].reset_index(drop=True)
    return zones.iloc[rows].reset_index(drop=True), ZoneInput(table, shapes, given.source)


def _write_active(
    work: Path,
    extract: OsmExtract,
    zones: pd.DataFrame,
    stops: pd.DataFrame,
    grid: Grid,
    rules: Rules,
    elevation: Elevation | None,
    report: Report,
) -> None:
    points = zones[["x_m", "y_m"]].to_numpy(np.float64)
    zone_ids = zones["zone_id"].tolist()
    nodes, links = active_tables(extract, points, zone_ids, stops, grid, rules, elevation, report)
    if nodes:
        write_rows(work / "active_nodes.csv", [field["name"] for field in package.ACTIVE_NODES], nodes)
        write_rows(work / "active_links.csv", [field["name"] for field in package.ACTIVE_LINKS], links)


def _write_tables(
    work: Path,
    given: ZoneInput,
    extract: OsmExtract,
    zones: pd.DataFrame,
    tables: RoadTables,
    grid: Grid,
    rules: Rules,
    own: OwnFigures,
    report: Report,
) -> None:
    fees = parking_prices(extract, zones, grid, report)
    stated = zones["parking_eur_h"] if "parking_eur_h" in zones else pd.Series(np.nan, index=zones.index)
    zones = zones.assign(parking_eur_h=stated.where(stated.notna(), fees))
    write_csv(work / "zones.csv", zones[package.columns_of("zones")])
    places, areas = settlement_rows(zones, grid, given.source)
    write_rows(work / "settlements.csv", package.columns_of("settlements"), places)
    write_rows(work / "municipalities.csv", package.columns_of("municipalities"), areas)
    write_rows(work / "gates.csv", package.columns_of("gates"), [])
    write_rows(work / "road_nodes.csv", package.columns_of("road-nodes"), tables.nodes)
    write_rows(work / "road_links.csv", package.columns_of("road-links"), tables.links)
    prices = defaults.price_rows(own)
    price = {kind: defaults.price_of(prices, f"electricity_public_{kind}_eur_kwh") for kind in ("slow", "fast")}
    sites = charger_rows(extract, zones, grid, rules, price, own, report)
    write_rows(work / "chargers.csv", package.columns_of("chargers"), sites)
    write_rows(work / "prices.csv", package.columns_of("prices"), prices)
    (work / "facts").mkdir()
    write_rows(work / "facts" / "facts.csv", package.columns_of("facts"), [])
    taken = defaults.write_assumptions(work, rules, own)
    own.finish(report)
    report.count("assumptions", "defaulted", "figures taken over from the pack zemgale", taken)
    taken = sum(row["source"].startswith(TAKEN_OVER) for row in prices)
    report.count("prices", "defaulted", "prices taken over from the pack zemgale", taken)
    write_json(work / "boundaries.geojson", outline(zones, given, grid))
    road_order.build(Pack(work))


def _pack_name(question: Question) -> str:
    name = slug(question.name)
    if not name:
        raise InputError(f"the name “{question.name}” has no letter from a to z or digit")
    return name


def _write_package(work: Path, question: Question, grid: Grid, status: dict[str, Any]) -> None:
    sources = [{"title": "OpenStreetMap contributors", "path": "https://www.openstreetmap.org/copyright"}]
    sources += [{"title": f"Timetable: {Path(path).name}"} for path in question.gtfs]
    sources += [{"title": f"Zones: {Path(question.zones).name}"}]
    about = {
        "name": _pack_name(question),
        "title": question.name,
        "titles": {"lv": question.name, "en": question.name},
        "crs": grid.crs,
        "roles": {"jobs_status": status["jobs"]},
        "column_status": status,
        "description": "Built by zemsim region build; import.json says what was read and left out.",
        "licenses": [{"name": "ODbL-1.0", "title": "Open Database License: roads, ways and chargers"}],
        "sources": sources,
    }
    package.write_package(work, about, (work / "active_nodes.csv").is_file())
