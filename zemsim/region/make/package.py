"""``datapackage.json``: what every file of the pack holds, in Frictionless form."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from zemsim.region.make.pack import Pack
from zemsim.region.tables import read_rows

#: Schemas of the tables, sources and licences: data, not code.
SCHEMAS = Path(__file__).with_name("schemas.json")

#: How a column of a GTFS file is typed; the rest is text.
GTFS_TYPES = {"stop_lat": "number", "stop_lon": "number", "stop_sequence": "integer", "route_type": "integer"}


def assumption_resources(pack: Pack, fields: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return the resources of the files of assumptions."""
    return [
        {
            "name": f"assumptions-{path.stem.replace('_', '-')}",
            "path": f"assumptions/{path.name}",
            "title": f"Assumptions: {path.stem}",
            "schema": {"fields": fields, "primaryKey": "key"},
        }
        for path in sorted((pack.folder / "assumptions").glob("*.csv"))
    ]


def gtfs_resources(pack: Pack) -> list[dict[str, Any]]:
    """Return the resources of the timetable's files."""
    found = []
    for path in sorted((pack.folder / "gtfs").iterdir()):
        if path.suffix not in (".txt", ".csv"):
            continue
        header, _ = read_rows(path)
        fields = [{"name": name, "type": GTFS_TYPES.get(name, "string")} for name in header]
        found.append(
            {
                "name": f"gtfs-{path.stem.replace('_', '-')}",
                "path": f"gtfs/{path.name}",
                "title": f"Timetable: {path.stem}",
                "format": "csv",
                "schema": {"fields": fields},
            }
        )
    return found


def build(pack: Pack) -> None:
    """Write ``datapackage.json`` from the schemas and from the assumption and timetable files that are there."""
    package = json.loads(SCHEMAS.read_text(encoding="utf-8"))
    fields = package.pop("assumption_fields")
    resources = package.pop("resources")
    tables = [{"type": "table", "encoding": "utf-8", "mediatype": "text/csv", "format": "csv", **r} for r in resources]
    extra = [
        {"type": "table", "encoding": "utf-8", "mediatype": "text/csv", "format": "csv", **r}
        for r in assumption_resources(pack, fields) + gtfs_resources(pack)
    ]
    files = [package.pop("road_order"), package.pop("outline")]
    text = json.dumps({**package, "resources": [*tables, *extra, *files]}, ensure_ascii=False, indent=1)
    (pack.folder / "datapackage.json").write_bytes((text + "\n").encode("utf-8"))
