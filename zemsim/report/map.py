"""The map: zone squares in LKS-92 (EPSG:3059), north up, clipped to the outline by shapely; symbols, scale bar, arrow.

Geometry is drawn once, in steps of 50 m; colours are classes, so the page's script only swaps class names.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from html import escape
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import shapely
from numpy.typing import NDArray
from shapely.geometry import shape

from zemsim.region.geo import EUROPEAN
from zemsim.region.views import MapRegion
from zemsim.report.svg import attributes, ring_path
from zemsim.report.text import tidy

if TYPE_CHECKING:
    import pandas as pd

UNIT_M: Final = 50.0
MARGIN: Final = 60
GRID_CRS: Final = "EPSG:3035"
MAP_CRS: Final = "EPSG:3059"
#: Zones with fewer residents show no figure (small cells).
MIN_RESIDENTS: Final = 10
#: Lengths of the scale bar; the longest that half the map holds.
SCALES_KM: Final = (20, 5, 1)
#: Zones whose degrees and metres are so far apart on the European grid have a grid of their own.
OWN_GRID_M: Final = 100_000.0
#: Charging sites farther from the region than this are not drawn.
NEAR_M: Final = 3000.0


@cache
def _transformer(source: str) -> Any:
    from pyproj import Transformer

    return Transformer.from_crs(source, MAP_CRS, always_xy=True)


def to_map(x: NDArray[np.float64], y: NDArray[np.float64], source: str = GRID_CRS) -> NDArray[np.float64]:
    """Project points to EPSG:3059; returns float64 [n, 2] in m, east and north."""
    return np.column_stack(_transformer(source).transform(x, y))


@dataclass(frozen=True)
class Projection:
    """From a region's grid, and from degrees, to the metres of the map.

    Attributes
    ----------
    fit : tuple of float, or None
        Of a region that has a grid of its own: ``x_m = a + b lon + c lat``, and the same for ``y_m``, fitted to its
        zones; the grid then is the map. None: the European grid, drawn in EPSG:3059.
    """

    fit: tuple[float, ...] | None = None

    @classmethod
    def of(cls, zones: pd.DataFrame) -> Projection:
        """Return the projection of a region by its zones."""
        if not {"lon", "lat"} <= set(zones.columns) or not len(zones):
            return cls()
        lon, lat, x, y = (zones[name].to_numpy(np.float64) for name in ("lon", "lat", "x_m", "y_m"))
        east, north = EUROPEAN.to_metres(lon, lat)
        if not np.median(np.hypot(east - x, north - y)) > OWN_GRID_M:
            return cls()
        terms = np.column_stack([np.ones(lon.size), lon, lat])
        return cls(tuple(float(v) for target in (x, y) for v in np.linalg.lstsq(terms, target, rcond=None)[0]))

    def grid(self, x: NDArray[np.float64], y: NDArray[np.float64]) -> NDArray[np.float64]:
        """Project points of the region's grid; float64 [n, 2] in m."""
        return to_map(x, y) if self.fit is None else np.column_stack([x, y])

    def degrees(self, lon: NDArray[np.float64], lat: NDArray[np.float64]) -> NDArray[np.float64]:
        """Project points in degrees; float64 [n, 2] in m."""
        if self.fit is None:
            return to_map(lon, lat, "EPSG:4326")
        a, b, c, d, e, f = self.fit
        return np.column_stack([a + b * lon + c * lat, d + e * lon + f * lat])


#: Regions of Europe.
EUROPE: Final = Projection()


def outline_shapes(outline: Any, projection: Projection = EUROPE) -> dict[str, shapely.Geometry]:
    """Return the municipalities' shapes in EPSG:3059 by name, simplified together so that no slivers appear.

    Parameters
    ----------
    outline : mapping or sequence
        A GeoJSON feature collection, or its features, in WGS 84.
    """
    features = outline.get("features", []) if isinstance(outline, Mapping) else list(outline or [])
    parts: dict[str, list[shapely.Geometry]] = {}
    for feature in features:
        properties = feature.get("properties") or {}
        name = str(properties.get("municipality") or properties.get("name") or len(parts))
        geometry = shapely.transform(
            shapely.force_2d(shape(feature["geometry"])), lambda p: projection.degrees(p[:, 0], p[:, 1])
        )
        parts.setdefault(name, []).append(shapely.make_valid(geometry))
    merged = {name: shapely.union_all(shapes) for name, shapes in parts.items()}
    simple = shapely.simplify(np.array(list(merged.values()), dtype=object), UNIT_M)
    if len(merged) and bool(shapely.coverage_is_valid(np.array(list(merged.values()), dtype=object))):
        simple = shapely.coverage_simplify(np.array(list(merged.values()), dtype=object), UNIT_M)
    return dict(zip(merged, simple, strict=True))


def zone_squares(zones: pd.DataFrame, projection: Projection = EUROPE) -> NDArray[Any]:
    """Return the zones' squares in EPSG:3059, as shapely polygons, in the order of ``zones``."""
    half = zones["size_m"].to_numpy(np.float64) / 2
    x, y = zones["x_m"].to_numpy(np.float64), zones["y_m"].to_numpy(np.float64)
    around = ((-1.0, -1.0), (1.0, -1.0), (1.0, 1.0), (-1.0, 1.0))
    corners = [projection.grid(x + dx * half, y + dy * half) for dx, dy in around]
    return np.asarray(shapely.polygons(np.stack(corners, axis=1)))


@dataclass(frozen=True)
class MapGeometry:
    """Everything of the map that no policy changes.

    Attributes
    ----------
    zones : DataFrame
        The populated zones, in map order.
    paths : list of str
        SVG path data per zone.
    centres : ndarray of int64 [Z, 2]
        Centres in map units.
    outline : list of (name, path, label point)
    chargers : list of (x, y, name)
    width, height : int
    """

    zones: pd.DataFrame
    paths: list[str]
    centres: NDArray[np.int64]
    outline: list[tuple[str, str, tuple[int, int]]]
    chargers: list[tuple[int, int, str]]
    width: int
    height: int
    left_m: float
    top_m: float
    projection: Projection = EUROPE

    def units(self, points_m: NDArray[np.float64]) -> NDArray[np.int64]:
        """Turn EPSG:3059 metres into map units: x to the right, y down."""
        shifted = np.column_stack([points_m[:, 0] - self.left_m, self.top_m - points_m[:, 1]]) / UNIT_M
        return np.rint(shifted).astype(np.int64)


def _paths(geometry: shapely.Geometry, left: float, top: float) -> str:
    rings: list[str] = []
    for part in shapely.get_parts(geometry):
        if part.geom_type != "Polygon":
            continue
        for ring in (part.exterior, *part.interiors):
            points = shapely.get_coordinates(ring)
            grid = np.rint(np.column_stack([points[:, 0] - left, top - points[:, 1]]) / UNIT_M).astype(int)
            rings.append(ring_path([(int(a), int(b)) for a, b in grid]))
    return "".join(rings)


def _clipped(squares: NDArray[Any], land: shapely.Geometry | None) -> NDArray[Any]:
    if land is None or shapely.is_empty(land):
        return squares
    shapely.prepare(land)
    inside = shapely.intersection(squares, land)
    # An outline is coarser than the grid: a populated square beyond it is still shown whole.
    return np.where(shapely.area(inside) < 0.05 * shapely.area(squares), squares, inside)


def build_geometry(region: MapRegion) -> MapGeometry:
    """Project, clip and draw the region's zones, outline and chargers in map units."""
    zones = region.zones[region.zones["kind"] == "populated"]
    projection = Projection.of(zones)
    shapes = outline_shapes(region.outline, projection)
    land = shapely.union_all(list(shapes.values())) if shapes else None
    drawn = _clipped(zone_squares(zones, projection), land)
    everything = [*drawn, *shapes.values()]
    left, bottom, right, top = shapely.total_bounds(np.array(everything, dtype=object))
    left, top = left - MARGIN * UNIT_M, top + MARGIN * UNIT_M
    width = int(np.ceil((right - left) / UNIT_M)) + MARGIN
    height = int(np.ceil((top - bottom) / UNIT_M)) + MARGIN
    empty = np.zeros((0, 2), np.int64)
    frame = MapGeometry(zones, [], empty, [], [], width, height, left, top, projection)
    centres = frame.units(projection.grid(zones["x_m"].to_numpy(np.float64), zones["y_m"].to_numpy(np.float64)))
    outline = []
    for name, geometry in shapes.items():
        label = shapely.get_coordinates(shapely.point_on_surface(geometry))
        spot = frame.units(label)[0]
        outline.append((name, _paths(geometry, left, top), (int(spot[0]), int(spot[1]))))
    return MapGeometry(
        zones,
        [_paths(geometry, left, top) for geometry in drawn],
        centres,
        outline,
        _chargers(region, frame, land),
        width,
        height,
        left,
        top,
        projection,
    )


def _chargers(region: MapRegion, frame: MapGeometry, land: shapely.Geometry | None) -> list[tuple[int, int, str]]:
    sites = region.chargers
    if sites is None or sites.empty:
        return []
    metres = frame.projection.grid(sites["x_m"].to_numpy(np.float64), sites["y_m"].to_numpy(np.float64))
    near = np.ones(len(sites), bool)
    if land is not None:  # sites beyond the border, at gates, are not on this map
        near = np.asarray(shapely.distance(land, shapely.points(metres)) <= NEAR_M)
    points = frame.units(metres)
    return [(int(p[0]), int(p[1]), str(n)) for p, n, ok in zip(points, sites["name"], near, strict=True) if ok]


def spread_labels(labels: Sequence[tuple[str, int, int]], em: int) -> list[tuple[int, int]]:
    """Move labels that would overlap downwards, from the top one on; returns their points in the given order.

    Parameters
    ----------
    labels : sequence of (text, x, y)
        Centred on the point.
    em : int
        Letter size in the same unit.
    """
    placed: list[tuple[float, int, int]] = []
    out = [(x, y) for _, x, y in labels]
    for i in sorted(range(len(labels)), key=lambda k: (labels[k][2], labels[k][1], k)):
        text, x, y = labels[i]
        half = 0.32 * em * len(text)
        for other_half, other_x, other_y in sorted(placed, key=lambda p: p[2]):
            if abs(x - other_x) < half + other_half and abs(y - other_y) < 1.3 * em:
                y = other_y + round(1.3 * em)
        placed.append((half, x, y))
        out[i] = (x, y)
    return out


def place_points(frame: MapGeometry, points: Iterable[tuple[float, float]]) -> list[tuple[int, int]]:
    """Turn points in metres of the region's grid into map units."""
    pairs = np.asarray(list(points), dtype=np.float64).reshape(-1, 2)
    return [(int(p[0]), int(p[1])) for p in frame.units(frame.projection.grid(pairs[:, 0], pairs[:, 1]))]


def _diamond(x: int, y: int, size: int) -> str:
    return f"M{x} {y - size}l{size} {size}-{size} {size}-{size}-{size}z"


def text_size(frame: MapGeometry) -> int:
    """Return the letter size in map units: about 13 px on a map 800 px wide."""
    return max(8, round(frame.width / 60))


def _scale_bar(frame: MapGeometry) -> str:
    scale_km = next((km for km in SCALES_KM if 2 * km * 1000 / UNIT_M <= frame.width), SCALES_KM[-1])
    length = round(scale_km * 1000 / UNIT_M)
    x, y, em = MARGIN, frame.height - MARGIN, text_size(frame)
    text = f'<text x="{x}" y="{y - em // 2}">{scale_km}\u00a0km</text>'
    return f'<g class="scale"><path d="M{x} {y - em // 4}v{em // 4}h{length}v-{em // 4}"/>{text}</g>'


def _north(frame: MapGeometry, letter: str) -> str:
    em = text_size(frame)
    x, y, half = frame.width - MARGIN - em, MARGIN, em // 2
    arrow = f'<path d="M{x} {y}l{half} {3 * half}-{half}-{half // 2}-{half} {half // 2}z"/>'
    return f'<g class="north">{arrow}<text x="{x}" y="{y + round(3.2 * em)}">{escape(letter)}</text></g>'


def _hatch(identity: str, size: int) -> str:
    """Grey stripes for zones whose change is not clear."""
    return (
        f'<pattern id="{identity}" width="{size}" height="{size}" patternUnits="userSpaceOnUse"'
        f' patternTransform="rotate(45)"><rect width="{size}" height="{size}" fill="#f1f3f5"/>'
        f'<rect width="{size * 0.4:.1f}" height="{size}" fill="#b3bcc4"/></pattern>'
    )


def map_svg(
    frame: MapGeometry,
    classes: str,
    palette: str,
    *,
    label: str,
    north: str,
    prefix: str,
    extra: Mapping[str, Sequence[tuple[int, int]]] | None = None,
    shown_extra: str = "",
    overlay: str = "",
) -> str:
    """Return the map as inline SVG.

    Parameters
    ----------
    frame : MapGeometry
    classes : str
        One character per zone (:mod:`zemsim.report.classes`).
    palette : str
        ``d`` (diverging) or ``s`` (sequential).
    label : str
        What the map shows, for those who cannot see it.
    north : str
        The letter at the arrow.
    prefix : str
        Put before ids.
    extra : mapping of str to points
        By number of policy: added charging sites in map units; only those of ``shown_extra`` are visible.
    overlay : str
        SVG that is drawn over the zones (roads, stops), already safe.
    """
    dot = max(4, round(frame.width / 210))
    zones = "".join(
        f'<path class="{palette}{c}" d="{path}"/>' if c != "-" else f'<path class="na" d="{path}"/>'
        for c, path in zip(classes, frame.paths, strict=True)
    )
    outline = "".join(f'<path d="{path}"/>' for _, path, _ in frame.outline)
    labels = [(tidy(name, 40), x, y) for name, _, (x, y) in frame.outline]
    spots = spread_labels(labels, round(1.2 * text_size(frame)))
    names = "".join(
        f'<text x="{x}" y="{y}">{escape(name)}</text>' for (name, _, _), (x, y) in zip(labels, spots, strict=True)
    )
    dots = "".join(
        f'<circle cx="{x}" cy="{y}" r="{dot}"><title>{escape(tidy(name))}</title></circle>'
        for x, y, name in frame.chargers
    )
    added = "".join(
        f'<path class="extra-set"{attributes(data_policy=policy, hidden="" if policy != shown_extra else None)}'
        f' d="{"".join(_diamond(x, y, round(1.4 * dot)) for x, y in points)}"/>'
        for policy, points in (extra or {}).items()
        if points
    )
    return (
        f'<svg class="map" id="{prefix}map-svg" viewBox="0 0 {frame.width} {frame.height}" role="img" tabindex="0"'
        f"{attributes(font_size=text_size(frame))}"
        f"{attributes(aria_label=label)}>"
        f"<defs>{_hatch(f'{prefix}hatch', max(1, round(frame.width / 130)))}{_hatch(f'{prefix}hatch-key', 6)}</defs>"
        f'<g class="land">{outline}</g><g class="zones">{zones}</g>{overlay}<g class="borders">{outline}</g>'
        f'<g class="chargers">{dots}</g><g class="extra">{added}</g><g class="names">{names}</g>'
        f'<path class="picked" d=""/>{_scale_bar(frame)}{_north(frame, north)}</svg>'
    )
