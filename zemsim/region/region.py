"""The region: files of a pack to checked tables. ``load_region("zemgale")`` is where everything begins."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from importlib import resources
from pathlib import Path
from types import MappingProxyType
from typing import Any

import numpy as np
import pandas as pd

from zemsim.core import fingerprint
from zemsim.core.errors import InputError, did_you_mean
from zemsim.region.checks import check_tables
from zemsim.region.geo import Grid
from zemsim.region.roles import Roles
from zemsim.region.tables import Lines, read_rows, read_table, read_text

#: Name of a field of :class:`Region` by name of the resource that holds it.
TABLES = {
    "zones": "zones",
    "settlements": "settlements",
    "municipalities": "municipalities",
    "gates": "gates",
    "road-nodes": "road_nodes",
    "road-links": "road_links",
    "chargers": "chargers",
    "prices": "prices",
    "facts": "facts",
}

PACKAGE_FILE = "datapackage.json"


@dataclass(frozen=True, eq=False, repr=False)
class Region:
    """What is there: zones, roads, timetable, chargers, prices, facts and assumptions. It never changes.

    Columns and units of the tables stand in the page of the data contracts and in ``datapackage.json``.

    Attributes
    ----------
    name : str
        Name of the pack.
    title : mapping
        Title by language (``lv``, ``en``).
    folder : Path
        Where the pack lies.
    package : mapping
        The whole ``datapackage.json``.
    zones, settlements, municipalities, gates, road_nodes, road_links, chargers, prices, facts, assumptions : DataFrame
        Checked tables. The index of ``zones`` is ``zone_idx``: populated zones first, then gates.
    outline : tuple of mapping
        GeoJSON features, each with a ``municipality``.
    gtfs_folder : Path
        The timetable.
    roles : Roles
        Which places are the anchor city, the capital's gate and so on.
    grid : Grid
        Of all ``x_m, y_m``.
    active_nodes, active_links : DataFrame or None
        Ways for walking and cycling, where the pack has them.
    """

    name: str
    title: Mapping[str, str]
    folder: Path
    package: Mapping[str, Any]
    zones: pd.DataFrame
    settlements: pd.DataFrame
    municipalities: pd.DataFrame
    gates: pd.DataFrame
    road_nodes: pd.DataFrame
    road_links: pd.DataFrame
    chargers: pd.DataFrame
    prices: pd.DataFrame
    facts: pd.DataFrame
    assumptions: pd.DataFrame
    outline: tuple[Mapping[str, Any], ...]
    gtfs_folder: Path
    roles: Roles
    grid: Grid
    active_nodes: pd.DataFrame | None
    active_links: pd.DataFrame | None
    _values: Mapping[str, Mapping[str, float]]

    def __repr__(self) -> str:
        populated, residents = int((self.zones["population"] > 0).sum()), int(self.zones["population"].sum())
        return (
            f"<Region {self.name}: {residents:,} residents in {populated:,} zones, {len(self.gates)} gates, "
            f"{len(self.road_links):,} road links, {len(self.chargers)} charging sites>"
        )

    def _value(self, kind: str, key: str) -> float:
        values = self._values[kind]
        if key not in values:
            raise InputError(f"unknown {kind} “{key}”", self.folder, hint=did_you_mean(key, values))
        return values[key]

    def fact(self, fact_id: str) -> float:
        """Return the value of a fact, in its own unit.

        A fact that a region lacks may stand among its assumptions, under the id of the fact.
        """
        if fact_id not in self._values["fact"] and fact_id in self._values["assumption"]:
            return self._values["assumption"][fact_id]
        return self._value("fact", fact_id)

    def assumption(self, key: str) -> float:
        """Return the value of an assumption, in its own unit."""
        return self._value("assumption", key)

    def price(self, key: str) -> float:
        """Return a price of the base year, in EUR of the price year per its unit."""
        return self._value("price", key)

    def parking_eur_h(self) -> pd.Series:
        """Return the parking price by zone [Z], EUR per hour.

        A price stands in the column ``parking_eur_h`` of ``zones``, if there is one. Else the middle of some
        settlements (within ``parking.centre_radius_km``), all of others, and the rest have a price each (``roles``).
        """
        price = pd.Series(self.price("parking_other_eur_h"), index=self.zones.index, dtype="float64")
        if "parking_eur_h" in self.zones:
            return self.zones["parking_eur_h"].astype("float64").fillna(price).rename(None)
        radius_m = 1000 * self.assumption("parking.centre_radius_km")
        for name, key in self.roles.paid_centres:
            place = self.settlements.loc[self.settlements["settlement_id"] == name]
            if len(place):
                x, y = float(place["x_m"].iloc[0]), float(place["y_m"].iloc[0])
                near = np.hypot(self.zones["x_m"] - x, self.zones["y_m"] - y) <= radius_m
                own = self.zones["settlement_id"] == name
                price[near & own] = self.price(key)
        for name, key in self.roles.paid_settlements:
            price[self.zones["settlement_id"] == name] = self.price(key)
        return price

    def digest(self) -> str:
        """Return the fingerprint of the pack: see :func:`digest_pack`."""
        return digest_pack(self.folder)


def digest_pack(folder: Path) -> str:
    """Return blake2b (128 bits, hex) over the sorted names and the contents of the files of a pack.

    The order of rows and of columns in its tables does not matter, nor do line ends.
    """
    contents = {}
    for path in sorted(folder.rglob("*")):
        name = path.relative_to(folder).as_posix()
        if not path.is_file() or any(part.startswith((".", "__")) for part in name.split("/")):
            continue
        if path.suffix in (".csv", ".txt"):
            header, rows = read_rows(path)
            order = sorted(range(len(header)), key=header.__getitem__)
            ordered = sorted([cells[i] for i in order] for _, cells in rows)
            contents[name] = fingerprint.of_bytes(repr([sorted(header), ordered]).encode())
        else:
            contents[name] = fingerprint.of_file(path)
    return fingerprint.of_json(contents)


def embedded_packs() -> dict[str, Path]:
    """Return the packs that come with the program, by name."""
    root = Path(str(resources.files("zemsim.region"))) / "packs"
    return {path.name: path for path in sorted(root.iterdir()) if (path / PACKAGE_FILE).is_file()}


def find_pack(name_or_folder: str | Path) -> Path:
    """Return the folder of an embedded pack by its name, or a folder that holds a ``datapackage.json``."""
    packs = embedded_packs()
    if isinstance(name_or_folder, str) and name_or_folder in packs:
        return packs[name_or_folder]
    folder = Path(name_or_folder)
    if (folder / PACKAGE_FILE).is_file():
        return folder.resolve()
    if folder.is_dir():
        raise InputError(f"folder holds no {PACKAGE_FILE}", folder)
    hint = did_you_mean(str(name_or_folder), packs, known="embedded packs")
    raise InputError(f"there is no region “{name_or_folder}”: neither an embedded pack nor a folder", hint=hint)


def _package(folder: Path) -> dict[str, Any]:
    path = folder / PACKAGE_FILE
    try:
        package: dict[str, Any] = json.loads(read_text(path))
    except json.JSONDecodeError as error:
        raise InputError(f"not valid JSON: {error.msg}", path, error.lineno) from None
    except RecursionError:
        raise InputError("JSON is nested too deeply", path) from None
    wanted = isinstance(package, dict) and isinstance(package.get("name"), str)
    if not wanted or not isinstance(package.get("resources"), list):
        raise InputError("must hold “name” and the list “resources”", path)
    return package


def _inside(folder: Path, relative: Any) -> Path:
    """Return a path of the package, which must be relative and stay inside its folder."""
    where = folder / PACKAGE_FILE
    if not isinstance(relative, str) or not relative:
        raise InputError("a resource has no path", where)
    path = (folder / relative).resolve()
    if Path(relative).is_absolute() or "\\" in relative or not path.is_relative_to(folder.resolve()):
        raise InputError(f"path “{relative}” leads out of the pack", where, hint="paths are relative to the folder")
    return path


def _ordered(name: str, table: pd.DataFrame, key: Any) -> pd.DataFrame:
    """Return a table in the one order that it has in a region, whatever the order of the file: by its primary key.

    Zones: the populated ones from south to north and west to east, then the gates by id.
    """
    if name == "zones":
        gate = (table["kind"] == "gate").to_numpy()
        north, east = np.where(gate, 0.0, table["y_m"]), np.where(gate, 0.0, table["x_m"])
        order = np.lexsort((table["zone_id"].to_numpy(dtype=str), east, north, gate))
    else:
        columns = [key] if isinstance(key, str) else list(key or [])
        order = table.sort_values(columns, kind="stable").index.to_numpy() if columns else np.arange(len(table))
    lines, attrs = table.attrs["lines"], table.attrs
    found = table.iloc[order].reset_index(drop=True)
    found.attrs = {**attrs, "lines": Lines(lines[i] for i in order)}
    return found


def _tables(folder: Path, package: Mapping[str, Any]) -> dict[str, pd.DataFrame]:
    """Return every table of the package by the name of its resource, without timetable and assumptions."""
    found: dict[str, pd.DataFrame] = {}
    for resource in package["resources"]:
        if not isinstance(resource, dict) or not isinstance(resource.get("name"), str):
            raise InputError("a resource has no name", folder / PACKAGE_FILE)
        if resource["name"].startswith(("gtfs-", "assumptions-")) or resource.get("type") == "file":
            continue
        path = _inside(folder, resource.get("path"))
        schema = resource.get("schema")
        if not isinstance(schema, dict) or not isinstance(schema.get("fields"), list):
            raise InputError(f"resource “{resource['name']}” has no schema", folder / PACKAGE_FILE)
        key = schema.get("primaryKey")
        table = read_table(path, schema["fields"], key if isinstance(key, list) else None)
        found[resource["name"]] = _ordered(resource["name"], table, key)
    missing = sorted(set(TABLES) - set(found))
    if missing:
        raise InputError(f"resource “{missing[0]}” is missing", folder / PACKAGE_FILE)
    return found


def _assumptions(folder: Path, package: Mapping[str, Any]) -> pd.DataFrame:
    """Return the rows of all files of ``assumptions``; a key that occurs in two files is an error."""
    schemas = [r["schema"]["fields"] for r in package["resources"] if str(r["name"]).startswith("assumptions-")]
    paths = sorted((folder / "assumptions").glob("*.csv"))
    if not paths or not schemas:
        raise InputError("the pack holds no assumptions", folder / PACKAGE_FILE)
    parts = [read_table(path, schemas[0]).assign(file=path.name) for path in paths]
    for part in parts:
        part.attrs = {}
    table = pd.concat(parts, ignore_index=True)
    table = table.sort_values(["key", "file"], kind="stable", ignore_index=True)
    double = table.duplicated("key")
    if double.any():
        row = table[double].iloc[0]
        first = table[table["key"] == row["key"]].iloc[0]
        raise InputError(
            f"key “{row['key']}” occurs twice",
            folder / "assumptions" / str(row["file"]),
            hint=f"also in {first['file']}",
        )
    wrong = ~((table["low"] <= table["value"]) & (table["value"] <= table["high"]))
    if wrong.any():
        row = table[wrong].iloc[0]
        where = folder / "assumptions" / str(row["file"])
        raise InputError(f"“{row['key']}”: low {row['low']} <= value {row['value']} <= high {row['high']} fails", where)
    return table


def _outline(folder: Path, package: Mapping[str, Any]) -> tuple[Mapping[str, Any], ...]:
    found = [r for r in package["resources"] if isinstance(r, dict) and r.get("name") == "boundaries"]
    if not found:
        raise InputError("resource “boundaries” is missing", folder / PACKAGE_FILE)
    path = _inside(folder, found[0].get("path"))
    try:
        features = json.loads(read_text(path))["features"]
        for feature in features:
            feature["properties"]["municipality"], feature["geometry"]["coordinates"]
    except (json.JSONDecodeError, KeyError, TypeError, RecursionError):
        raise InputError("not GeoJSON features with a municipality each", path) from None
    return tuple(features)


def _grid_and_roles(folder: Path, package: Mapping[str, Any]) -> tuple[Grid, Roles]:
    try:
        return Grid.of(str(package.get("crs"))), Roles.of(package)
    except ValueError as error:
        raise InputError(str(error), folder / PACKAGE_FILE) from None


def load_region(name_or_folder: str | Path = "zemgale") -> Region:
    """Return a region from its pack.

    Parameters
    ----------
    name_or_folder : str or Path
        Name of an embedded pack, or a folder with a ``datapackage.json``.

    Raises
    ------
    InputError
        If a file is missing or a table does not keep its schema or its sums; with file, row and remedy.
    """
    folder = find_pack(name_or_folder)
    package = _package(folder)
    tables = _tables(folder, package)
    assumptions = _assumptions(folder, package)
    named = {attribute: tables[name] for name, attribute in TABLES.items()}
    grid, roles = _grid_and_roles(folder, package)
    check_tables(named, grid)
    named["zones"].index.name = "zone_idx"
    for table in named.values():
        table.attrs = {}
    values = {
        "fact": dict(zip(named["facts"]["fact_id"], named["facts"]["value"].astype(float), strict=True)),
        "assumption": dict(zip(assumptions["key"], assumptions["value"].astype(float), strict=True)),
        "price": dict(zip(named["prices"]["key"], named["prices"]["value"].astype(float), strict=True)),
    }
    titles = package.get("titles", {})
    return Region(
        name=package["name"],
        title=MappingProxyType({lang: str(titles.get(lang, package["name"])) for lang in ("lv", "en")}),
        folder=folder,
        package=MappingProxyType(package),
        assumptions=assumptions,
        outline=_outline(folder, package),
        gtfs_folder=folder / "gtfs",
        roles=roles,
        grid=grid,
        active_nodes=tables.get("active-nodes"),
        active_links=tables.get("active-links"),
        _values=MappingProxyType({kind: MappingProxyType(known) for kind, known in values.items()}),
        **named,
    )


def standing_region(name_or_folder: str | Path) -> Region:
    """Return :func:`load_region`, read again only if a file of the pack was touched since; it must be left as it is."""
    folder = find_pack(name_or_folder)
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    return _standing(folder, tuple((str(path), path.stat().st_mtime_ns, path.stat().st_size) for path in files))


@lru_cache(maxsize=1)
def _standing(folder: Path, touched: tuple[tuple[str, int, int], ...]) -> Region:
    return load_region(folder)
