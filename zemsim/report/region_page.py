"""What a region holds: a table for the terminal and a page with a map (``zemsim region show``)."""

from __future__ import annotations

import csv
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from zemsim.core import numbers
from zemsim.report import tables
from zemsim.report.classes import classify_level, level_breaks
from zemsim.report.map import MapGeometry, build_geometry, map_svg, text_size
from zemsim.report.map_view import level_legend
from zemsim.report.sources import sources_of
from zemsim.report.text import MAX_TEXT, in_language, tidy
from zemsim.report.words import Words

if TYPE_CHECKING:
    from rich.console import Console

    from zemsim.region import Region

#: Drawn from the thinnest up, so that main roads lie on top.
ROAD_CLASSES: Final = ("local", "street", "regional", "main")


def print_region(region: Region, language: str = "en", console: Console | None = None) -> None:
    """Print what the region holds and how much of it is reported, estimated and assumed.

    Parameters
    ----------
    region : Region
    language : str
        ``lv`` or ``en``.
    console : Console, optional
        Where to; without it standard output, at most 100 columns.
    """
    from rich import box
    from rich.console import Console as RichConsole
    from rich.table import Table
    from rich.text import Text

    from zemsim.region.summary import describe

    words = Words(language)
    about = describe(region)
    screen = console or RichConsole(width=100)
    screen.print(Text(in_language(about["title"], language), style="bold"))
    parts = [_evidence_table(about["evidence"], words), *content_tables(about, words)]
    for part in parts:
        table = Table(box=box.SIMPLE_HEAD, pad_edge=False, title=Text(part["title"]), title_justify="left")
        for i, head in enumerate(part["heads"]):
            table.add_column(Text(head), justify="left" if i == 0 else "right", overflow="fold")
        for row in part["rows"]:
            table.add_row(*[Text(cell) for cell in row])
        screen.print(table)
    screen.print(Text(f"{words('provenance_region')}: {tidy(about['name'])} {about['digest']}"))


def _evidence_table(evidence: Sequence[Mapping[str, Any]], words: Words) -> dict[str, Any]:
    heads = [words(key) for key in ("item", "total", "reported", "estimate", "assumption")]
    rows = [[row["item"], row["total"], *row["shares"]] for row in tables.evidence_rows(evidence, words)]
    return {"title": words("evidence_heading"), "heads": heads, "rows": rows}


def content_tables(about: Mapping[str, Any], words: Words) -> list[dict[str, Any]]:
    """Return counts, municipalities and roads of ``describe(region)`` as titled rows of text."""
    language = words.language
    counts = [
        [words.or_own(f"count_{name}", tidy(name)), numbers.number(value, 0, language)]
        for name, value in about["counts"].items()
    ]
    owners = [
        [tidy(row["municipality"]), *(numbers.number(row[key], 0, language) for key in ("population", "zones", "jobs"))]
        for row in about["municipalities"]
    ]
    roads = [[tidy(name), numbers.number(km, 0, language)] for name, km in about["roads_km"].items()]
    heads = [words("municipality"), words("item_population"), words("region_zones"), words("region_jobs")]
    return [
        {"title": words("region_counts_heading"), "heads": [words("item"), words("total")], "rows": counts},
        {"title": words("region_municipalities_heading"), "heads": heads, "rows": owners},
        {"title": words("region_roads_heading"), "heads": [words("region_road"), words("region_km")], "rows": roads},
    ]


def write_region_page(region: Region, out: str | Path, language: str = "both") -> Path:
    """Write a self-contained page with the map of the zones by population density, roads, stops and chargers.

    Parameters
    ----------
    region : Region
    out : path
        A file ending in ``.html``, or a folder.
    language : str
        ``lv``, ``en`` or ``both``.

    Returns
    -------
    Path
        The file written.
    """
    from zemsim.region.summary import describe
    from zemsim.report.page import chosen, page_html, target, write_text

    about = describe(region)
    frame = build_geometry(region)
    overlay = roads_svg(region, frame) + stops_svg(region.gtfs_folder, frame)
    languages = chosen(language)
    made = [_sheet(region, about, frame, overlay, Words(one)) for one in languages]
    return write_text(target(Path(out)), page_html(made, languages, None))


def _sheet(region: Region, about: Mapping[str, Any], frame: MapGeometry, overlay: str, words: Words) -> dict[str, Any]:
    from markupsafe import Markup

    zones = frame.zones
    density = zones["population"].to_numpy(np.float64) / (zones["size_m"].to_numpy(np.float64) / 1000) ** 2
    breaks = level_breaks(density)
    svg = map_svg(
        frame,
        classify_level(density, breaks),
        "s",
        label=words("region_map_label"),
        north=words("map_north"),
        prefix=f"{words.language}-",
        overlay=overlay,
    )
    return {
        "template": "region.html.j2",
        "language": words.language,
        "words": words,
        "title": in_language(about["title"], words.language),
        "evidence": tables.evidence_rows(about["evidence"], words),
        "svg": Markup(svg),  # noqa: S704 - escaped by map_svg
        "legend": level_legend(breaks, words),
        "tables": content_tables(about, words),
        "sources": [tidy(line, MAX_TEXT) for line in sources_of(region.package)],
        "pack": f"{tidy(about['name'])} {about['digest']}",
    }


def roads_svg(region: Region, frame: MapGeometry) -> str:
    """Return the roads as one path per class; connectors are no roads and are left out."""
    nodes = region.road_nodes
    metres = frame.projection.grid(nodes["x_m"].to_numpy(np.float64), nodes["y_m"].to_numpy(np.float64))
    spots = {str(node): (int(p[0]), int(p[1])) for node, p in zip(nodes["node_id"], frame.units(metres), strict=True)}
    links = region.road_links
    paths = []
    for name in ROAD_CLASSES:
        part = links[links["road_class"] == name]
        steps = []
        for start, end in zip(part["from_node"].astype(str), part["to_node"].astype(str), strict=True):
            (x, y), (to_x, to_y) = spots[start], spots[end]
            steps.append(f"M{x} {y}l{to_x - x} {to_y - y}")
        if steps:
            paths.append(f'<path class="{name}" d="{"".join(steps)}"/>')
    return f'<g class="roads">{"".join(paths)}</g>'


def stops_svg(gtfs_folder: Path, frame: MapGeometry) -> str:
    """Return the stops of a timetable that lie on the map as small rings."""
    with (gtfs_folder / "stops.txt").open(encoding="utf-8-sig", newline="") as handle:
        rows = [(float(row["stop_lon"]), float(row["stop_lat"])) for row in csv.DictReader(handle)]
    points = np.asarray(rows, dtype=np.float64).reshape(-1, 2)
    spots = frame.units(frame.projection.degrees(points[:, 0], points[:, 1]))
    radius = max(3, text_size(frame) // 6)
    rings = "".join(
        f'<circle cx="{x}" cy="{y}" r="{radius}"/>'
        for x, y in spots.tolist()
        if 0 <= x <= frame.width and 0 <= y <= frame.height
    )
    return f'<g class="stops">{rings}</g>'
