"""Reading of an OpenStreetMap file in a process of its own, whose memory and time end at a limit.

``python -m zemsim.region.build.osm_child FILE OUT MEMORY_BYTES SECONDS [W S E N]`` writes ``OUT/arrays.npz`` and
``OUT/extract.json``. What the file's reader has to say against it stands in ``extract.json`` as ``error``.
"""

from __future__ import annotations

import json
import sys
from collections import Counter
from pathlib import Path
from typing import Any

#: Tags of ways that the import looks at.
WAY_TAGS = frozenset(
    (
        "highway",
        "oneway",
        "junction",
        "maxspeed",
        "maxspeed:forward",
        "maxspeed:backward",
        "lanes",
        "lanes:forward",
        "lanes:backward",
        "surface",
        "bridge",
        "tunnel",
        "layer",
        "name",
        "ref",
        "access",
        "vehicle",
        "motor_vehicle",
        "motorcar",
        "bicycle",
        "foot",
        "motorroad",
        "oneway:bicycle",
        "cycleway",
        "cycleway:left",
        "cycleway:right",
        "cycleway:both",
        "area",
    )
)
#: Values of ``amenity`` that are read.
PLACES = ("charging_station", "parking")
#: Tags of charging stations and car parks.
POINT_TAGS = frozenset(("amenity", "name", "operator", "network", "capacity", "fee", "charge", "access"))
_LONGEST_TAG = 255
#: Words of errors that mean that memory, or the threads that need it, could not be had.
_NO_MEMORY = ("bad_alloc", "Resource temporarily unavailable", "Cannot allocate memory")


def limit(memory_bytes: int, seconds: int) -> None:
    """Set the limits of this process, where the system has them."""
    try:
        import resource
    except ImportError:
        return
    resource.setrlimit(resource.RLIMIT_AS, (memory_bytes, memory_bytes))
    resource.setrlimit(resource.RLIMIT_CPU, (seconds, seconds + 5))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


class Extract:
    """What is kept of a file: ways with a highway, their nodes, turn restrictions, charging stations, car parks."""

    def __init__(self, box: tuple[float, float, float, float] | None) -> None:
        self.box = box
        self.counts: Counter[str] = Counter()
        self.way_id: list[int] = []
        self.way_start: list[int] = [0]
        self.refs: list[int] = []
        self.tags: list[dict[str, str]] = []
        self.restrictions: list[dict[str, Any]] = []
        self.points: list[dict[str, Any]] = []
        self.areas: list[dict[str, Any]] = []
        self.relations: dict[int, dict[str, str]] = {}
        self.nodes: dict[int, tuple[float, float]] = {}

    def read(self, path: str) -> None:
        """Read ways and relations, then the nodes that they need."""
        import osmium

        wanted = osmium.osm.WAY | osmium.osm.RELATION
        for item in osmium.FileProcessor(path, wanted):
            if isinstance(item, osmium.osm.Way):
                self._way(item)
            elif isinstance(item, osmium.osm.Relation):
                self._relation(item)
        needed = set(self.refs).union(*(area["refs"] for area in self.areas))
        for item in osmium.FileProcessor(path, osmium.osm.NODE):
            self._node(item, needed)
        self._place_areas()
        if self.relations:
            self._place_relations(path)

    def _way(self, way: Any) -> None:
        self.counts["ways"] += 1
        tags = way.tags
        if "highway" in tags:
            refs = [node.ref for node in way.nodes]
            self.way_id.append(way.id)
            self.refs.extend(refs)
            self.way_start.append(len(self.refs))
            self.tags.append({t.k: t.v[:_LONGEST_TAG] for t in tags if t.k in WAY_TAGS})
        elif tags.get("amenity") in PLACES:
            refs = [node.ref for node in way.nodes]
            self.areas.append({"id": f"w{way.id}", "refs": refs, "tags": _point_tags(tags)})

    def _relation(self, relation: Any) -> None:
        self.counts["relations"] += 1
        tags = relation.tags
        if tags.get("type", "") == "multipolygon" and tags.get("amenity") in PLACES:
            self.relations[relation.id] = _point_tags(tags)
        if tags.get("type", "") not in ("restriction", "restriction:motorcar"):
            return
        members: dict[str, list[int]] = {"from": [], "to": [], "via": [], "via_ways": []}
        for member in relation.members:
            if member.role in ("from", "to") and member.type == "w":
                members[member.role].append(member.ref)
            elif member.role == "via":
                members["via" if member.type == "n" else "via_ways"].append(member.ref)
        kinds = {t.k: t.v[:_LONGEST_TAG] for t in tags if t.k.startswith("restriction") or t.k == "except"}
        self.restrictions.append({"id": relation.id, "tags": kinds, **members})

    def _node(self, node: Any, needed: set[int]) -> None:
        self.counts["nodes"] += 1
        amenity = node.tags.get("amenity")
        if node.id not in needed and amenity not in PLACES:
            return
        place = node.location
        if not place.valid():
            self.counts["nodes_without_place"] += 1
            return
        lon, lat = place.lon, place.lat
        if self._outside(lon, lat):
            self.counts["nodes_outside_box"] += 1
            return
        if node.id in needed:
            self.nodes[node.id] = (lon, lat)
        if amenity in PLACES:
            self.points.append({"id": f"n{node.id}", "lon": lon, "lat": lat, "tags": _point_tags(node.tags)})

    def _place_areas(self) -> None:
        for area in self.areas:
            places = [self.nodes[ref] for ref in area["refs"] if ref in self.nodes]
            if not places:
                self.counts["areas_without_place"] += 1
                continue
            lon, lat = (sum(values) / len(places) for values in zip(*places, strict=True))
            self.points.append({"id": area["id"], "lon": lon, "lat": lat, "tags": area["tags"]})

    def _place_relations(self, path: str) -> None:
        """Put car parks and stations that are multipolygons at a point in their area; broken ones are counted."""
        import shapely

        areas = multipolygons(path, PLACES)
        for number, tags in sorted(self.relations.items()):
            area = areas.get(number)
            if area is None:
                self.counts["multipolygons_not_whole"] += 1
                continue
            point = shapely.point_on_surface(area)
            if self._outside(point.x, point.y):
                self.counts["areas_outside_box"] += 1
                continue
            self.points.append({"id": f"r{number}", "lon": point.x, "lat": point.y, "tags": tags})

    def _outside(self, lon: float, lat: float) -> bool:
        if self.box is None:
            return False
        west, south, east, north = self.box
        return not (west <= lon <= east and south <= lat <= north)

    def write(self, folder: Path) -> None:
        """Write everything, nodes in the order of their ids."""
        import numpy as np

        ids = sorted(self.nodes)
        place = np.array([self.nodes[i] for i in ids], np.float64).reshape(-1, 2)
        np.savez(
            folder / "arrays.npz",
            node_id=np.array(ids, np.int64),
            lon=place[:, 0],
            lat=place[:, 1],
            way_id=np.array(self.way_id, np.int64),
            way_start=np.array(self.way_start, np.int64),
            refs=np.array(self.refs, np.int64),
        )
        told = {
            "counts": dict(sorted(self.counts.items())),
            "tags": self.tags,
            "restrictions": self.restrictions,
            "points": sorted(self.points, key=lambda point: str(point["id"])),
        }
        (folder / "extract.json").write_text(json.dumps(told, allow_nan=False), encoding="utf-8")


def multipolygons(path: str, amenities: tuple[str, ...]) -> dict[int, Any]:
    """Return the areas of relations with one of these values of ``amenity``, by number.

    Rings are put together by the area assembler of libosmium. Relations whose ways make no valid area are missing:
    open rings, rings that cross or touch beside a common node, ways twice.
    """
    import osmium
    import shapely

    wanted = osmium.filter.TagFilter(*(("amenity", value) for value in amenities))
    areas = osmium.FileProcessor(path).with_areas(wanted)
    geometry = osmium.geom.WKBFactory()
    found = {}
    for area in areas.with_filter(osmium.filter.EntityFilter(osmium.osm.AREA)):
        assert isinstance(area, osmium.osm.Area)
        if not area.from_way() and area.num_rings()[0] > 0:
            found[area.orig_id()] = shapely.from_wkb(bytes.fromhex(geometry.create_multipolygon(area)))
    return found


def _point_tags(tags: Any) -> dict[str, str]:
    return {t.k: t.v[:_LONGEST_TAG] for t in tags if t.k in POINT_TAGS or t.k.startswith("socket:")}


def main(args: list[str]) -> int:
    """Read a file; returns 0 even if the file is at fault, which ``extract.json`` then says."""
    path, folder = args[0], Path(args[1])
    limit(int(args[2]), int(args[3]))
    box = tuple(float(value) for value in args[4:8]) if len(args) >= 8 else None
    extract = Extract(box)  # type: ignore[arg-type]
    try:
        extract.read(path)
        extract.write(folder)
    except MemoryError:
        (folder / "extract.json").write_text('{"error": "memory"}', encoding="utf-8")
    except Exception as error:  # the reader's own errors have many types
        words = f"{type(error).__name__}: {error}"[:500]
        told = {"error": "memory" if any(sign in words for sign in _NO_MEMORY) else words}
        (folder / "extract.json").write_text(json.dumps(told), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
