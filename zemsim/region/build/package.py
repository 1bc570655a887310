"""``datapackage.json`` of a built pack: the schemas of the pack zemgale, with what holds for any region."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from zemsim.core.atomic import write_json
from zemsim.region.make.pack import Pack
from zemsim.region.make.package import SCHEMAS, assumption_resources, gtfs_resources

#: Limits of numbers by column, in place of those of Zemgale.
_LIMITS: dict[str, dict[str, Any]] = {
    "lon": {"required": True, "minimum": -180, "maximum": 180},
    "lat": {"required": True, "minimum": -90, "maximum": 90},
    "x_m": {"required": True},
    "y_m": {"required": True},
    "size_m": {"required": True, "minimum": 0, "maximum": 100_000},
    "length_m": {"required": True, "minimum": 0.1, "maximum": 500_000},
    "speed_km_h": {"required": True, "minimum": 1, "maximum": 160},
    "population_year": {"minimum": 1990, "maximum": 2100},
    "area_km2": {"required": True, "minimum": 0},
    "roads_km": {"minimum": 0},
    "gravel_share": {"minimum": 0, "maximum": 1},
}
_TYPES = {"size_m": "number"}
_WORDS = {"type": "string", "constraints": {"enum": ["", "reported", "estimate", "assumption"]}}

#: Columns that built packs have beside those of the schemas.
MORE: dict[str, list[dict[str, Any]]] = {
    "zones": [{"name": "parking_eur_h", "type": "number", "title": "Parking price", "unit": "EUR/h",
               "constraints": {"minimum": 0}}],
    "road-links": [
        {"name": "oneway", "type": "integer", "title": "1 if only from from_node to to_node",
         "constraints": {"required": True, "enum": [0, 1]}},
        {"name": "highway", "type": "string", "title": "Class in OpenStreetMap"},
        {"name": "limit_km_h", "type": "number", "title": "Limit where tagged", "unit": "km/h",
         "constraints": {"minimum": 0}},
        {"name": "speed_status", "title": "Status of the speed", **_WORDS},
        {"name": "capacity_status", "title": "Status of the capacity", **_WORDS},
    ],
}  # fmt: skip

ACTIVE_NODES: list[dict[str, Any]] = [
    {"name": "node_id", "type": "string", "constraints": {"required": True, "unique": True}},
    {"name": "zone_id", "type": "string", "title": "Zone that is entered here"},
    {"name": "stop_id", "type": "string", "title": "Stop that is reached here"},
    {"name": "lon", "type": "number", "constraints": _LIMITS["lon"]},
    {"name": "lat", "type": "number", "constraints": _LIMITS["lat"]},
]
ACTIVE_LINKS: list[dict[str, Any]] = [
    {"name": "link_id", "type": "string", "constraints": {"required": True, "unique": True}},
    {"name": "from_node", "type": "string", "constraints": {"required": True}},
    {"name": "to_node", "type": "string", "constraints": {"required": True}},
    {"name": "length_m", "type": "number", "unit": "m", "constraints": _LIMITS["length_m"]},
    {"name": "walk", "type": "integer", "title": "1 if for walking", "constraints": {"required": True, "enum": [0, 1]}},
    {"name": "bike", "type": "string", "title": "Ways in which it may be ridden",
     "constraints": {"required": True, "enum": ["no", "both", "forward", "backward"]}},
    {"name": "infrastructure", "type": "string",
     "constraints": {"required": True, "enum": ["cycleway", "lane", "path", "street", "main", "steps", "connector"]}},
    {"name": "surface_share", "type": "number", "title": "Share of speed on asphalt",
     "constraints": {"required": True, "minimum": 0.05, "maximum": 1}},
    {"name": "rise_m", "type": "number", "title": "Climb from from_node to to_node; blank where not known", "unit": "m",
     "constraints": {"minimum": 0, "maximum": 10_000}},
    {"name": "fall_m", "type": "number", "title": "Descent; blank where not known", "unit": "m",
     "constraints": {"minimum": 0, "maximum": 10_000}},
    {"name": "status", "type": "string",
     "constraints": {"required": True, "enum": ["reported", "estimate", "assumption"]}},
]  # fmt: skip


def columns_of(name: str) -> list[str]:
    """Names of the columns of a resource."""
    return [field["name"] for field in _table(name)["schema"]["fields"]]


def _table(name: str) -> dict[str, Any]:
    package = json.loads(SCHEMAS.read_text(encoding="utf-8"))
    found = next(resource for resource in package["resources"] if resource["name"] == name)
    fields = found["schema"]["fields"]
    for field in fields:
        if field["name"] in _LIMITS:
            field["constraints"] = _LIMITS[field["name"]]
        field["type"] = _TYPES.get(field["name"], field["type"])
    have = {field["name"] for field in fields}
    found["schema"]["fields"] = fields + [field for field in MORE.get(name, []) if field["name"] not in have]
    return dict(found)


def write_package(folder: Path, about: dict[str, Any], with_active: bool) -> None:
    """Write ``datapackage.json``.

    Parameters
    ----------
    about : dict
        ``name, title, titles, crs, roles, description, sources, licenses``.
    with_active : bool
        Whether there are tables of the ways for walking and cycling.
    """
    package = json.loads(SCHEMAS.read_text(encoding="utf-8"))
    table = {"type": "table", "encoding": "utf-8", "mediatype": "text/csv", "format": "csv"}
    names = [resource["name"] for resource in package["resources"]]
    resources = [{**table, **_table(name)} for name in names if (folder / _table(name)["path"]).is_file()]
    if with_active:
        for name, fields, key in (("nodes", ACTIVE_NODES, "node_id"), ("links", ACTIVE_LINKS, "link_id")):
            resources.append(
                {**table, "name": f"active-{name}", "path": f"active_{name}.csv",
                 "title": f"Ways for walking and cycling: {name}", "schema": {"fields": fields, "primaryKey": key}}
            )  # fmt: skip
    pack = Pack(folder)
    more = [{**table, **r} for r in assumption_resources(pack, package["assumption_fields"]) + gtfs_resources(pack)]
    outline = {**package["outline"], "title": "Outlines of the municipalities, from the zones"}
    outline = {key: value for key, value in outline.items() if key not in ("sources", "licenses")}
    files = [
        package["road_order"],
        outline,
        _file("import", "import.json", "What the import read, repaired and left out"),
    ]
    years = {key: package[key] for key in ("version", "base_year", "price_year")}
    write_json(folder / "datapackage.json", {**about, **years, "resources": [*resources, *more, *files]})


def _file(name: str, path: str, title: str) -> dict[str, Any]:
    return {"name": name, "path": path, "type": "file", "title": title, "format": "json", "encoding": "utf-8"}
