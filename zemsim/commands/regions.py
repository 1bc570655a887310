"""Commands about regions."""

from __future__ import annotations

from typing import Any

import click

from zemsim.commands.options import as_json, language
from zemsim.core.command_line import print_columns, print_json
from zemsim.core.errors import EXIT_BAD_INPUT, UsageError, clean


@click.group()
def region() -> None:
    """Regions: list, show, build, check."""


@region.command("list")
@as_json
def region_list(as_json: bool) -> None:
    """List the regions that come with the program."""
    from zemsim.region import embedded_packs

    packs = sorted(embedded_packs())
    if as_json:
        print_json({"rows": [{"region": name} for name in packs]})
    else:
        click.echo("\n".join(packs))


@region.command("show")
@click.argument("name", default="zemgale", type=click.Path())
@click.option("--html", type=click.Path(), help="Write a page with a map, too: its folder, or its file.")
@as_json
@language
def region_show(name: str, html: str | None, as_json: bool, lang: str) -> None:
    """Show what a region holds, and how much of it is reported, estimated and assumed."""
    from zemsim.region import describe, load_region

    found = load_region(name)
    about = describe(found)
    page = _region_page(found, html) if html else None
    if as_json:
        print_json({**about, "rows": about["evidence"], **({"page": page} if page else {})})
        return
    click.echo(f"{about['name']}: {clean(about['title'][lang])}, fingerprint {about['digest']}\n")
    counted = {**about["counts"], **about["totals"]}
    print_columns(((key, f"{value:,}") for key, value in counted.items()), ("what", "number"))
    click.echo("")
    print_columns(
        ((row["municipality"], f"{row['population']:,}", row["zones"], row["jobs"]) for row in about["municipalities"]),
        ("municipality", "residents", "zones", "jobs"),
    )
    click.echo("")
    shares = ("reported_share", "estimate_share", "assumption_share")
    print_columns(
        (
            (r["item"], f"{r['total']:,.0f}", r["unit"], *(_percent(r[key]) for key in shares))
            for r in about["evidence"]
        ),
        ("rests on", "total", "unit", "reported", "estimated", "assumed"),
    )
    if page:
        click.echo(f"\npage  {page}")


def _region_page(found: Any, html: str) -> str:
    from zemsim.report.region_page import write_region_page

    return str(write_region_page(found, html))


def _percent(share: float | None) -> str:
    return "" if share is None else f"{100 * share:.0f} %"


@region.command("build")
@click.option("--osm", required=True, type=click.Path(), help="OpenStreetMap file: .osm.pbf, .osm, .osm.gz, .osm.bz2.")
@click.option("--gtfs", required=True, multiple=True, type=click.Path(), help="Timetable, zip or folder; repeatable.")
@click.option("--zones", required=True, type=click.Path(), help="Zones: .csv with id, lon, lat, population; or .gpkg.")
@click.option("--out", required=True, type=click.Path(file_okay=False), help="Folder of the pack.")
@click.option("--name", help="Name of the pack; that of its folder without it.")
@click.option("--date", help="A day YYYY-MM-DD: its week is the week of the timetable; the busiest without it.")
@click.option("--rules", type=click.Path(), help="Folder with own rule tables: highways.csv, defaults.csv and others.")
@click.option(
    "--figures", type=click.Path(), help="Folder with own figures: assumptions.csv, prices.csv, chargers.csv."
)
@click.option("--elevation", type=click.Path(), help="Heights for walking and cycling: Esri ASCII grid in degrees.")
@click.option("--box", metavar="W,S,E,N", help="Leave out what lies outside this box, in degrees.")
@click.option("--memory-gb", type=click.FloatRange(0.1), default=4.0, show_default=True, help="For reading OSM.")
@click.option("--time-limit-s", type=click.IntRange(1), default=1800, show_default=True, help="For reading OSM.")
@click.option("--replace", is_flag=True, help="Build a pack anew that is there already.")
@as_json
def region_build(out: str, as_json: bool, replace: bool, **asked: Any) -> None:
    """Build a region pack from OpenStreetMap, GTFS and a table of zones.

    Prints what was read, repaired, defaulted and left out; the same lies in the pack as import.json.
    """
    from pathlib import Path

    from zemsim.region.build.build import build_region

    question = _question(Path(out), asked)
    report = build_region(question, out, lambda text: click.echo(f"zemsim: {text}", err=True), replace)
    rows = report.table()
    if as_json:
        print_json({"pack": out, "rows": rows})
        return
    print_columns(
        ((row["part"], row["action"], f"{row['count']:,} {row['unit']}".strip(), _with_examples(row)) for row in rows),
        ("part", "action", "count", "what"),
    )
    click.echo(f"\npack  {out}")


def _question(out: Any, asked: dict[str, Any]) -> Any:
    from pathlib import Path

    from zemsim.region.build.build import Question
    from zemsim.region.build.osm import ReadLimits

    return Question(
        osm=Path(asked["osm"]),
        zones=Path(asked["zones"]),
        gtfs=[Path(path) for path in asked["gtfs"]],
        name=asked["name"] or out.name,
        date=None if asked["date"] is None else _date(asked["date"]),
        rules=None if asked["rules"] is None else Path(asked["rules"]),
        figures=None if asked["figures"] is None else Path(asked["figures"]),
        elevation=None if asked["elevation"] is None else Path(asked["elevation"]),
        box=None if asked["box"] is None else _box(asked["box"]),
        limits=ReadLimits(int(asked["memory_gb"] * 2**30), asked["time_limit_s"]),
    )


def _date(text: str) -> Any:
    import datetime as dt

    try:
        return dt.date.fromisoformat(text)
    except ValueError:
        raise UsageError(f"--date “{clean(text, 40)}” is not a day: write YYYY-MM-DD") from None


def _box(text: str) -> tuple[float, float, float, float]:
    try:
        west, south, east, north = (float(part) for part in text.split(","))
    except ValueError:
        raise UsageError(f"--box “{clean(text, 60)}”: write west,south,east,north in degrees") from None
    return west, south, east, north


def _with_examples(row: dict[str, Any]) -> str:
    examples = ", ".join(clean(example, 40) for example in row["examples"][:3])
    return f"{row['what']} ({examples})" if examples else str(row["what"])


@region.command("check")
@click.argument("name", metavar="PACK_OR_FEED", default="zemgale", type=click.Path())
@as_json
def region_check(name: str, as_json: bool) -> None:
    """Check a region pack, or a GTFS feed: what is in it, out of reach, repaired, assumed. Ends with 65 on a fault.

    A pack is read with all its checks; pairs of zones that no road joins are a fault.
    """
    from pathlib import Path

    from zemsim.region.region import PACKAGE_FILE, embedded_packs

    if name not in embedded_packs() and not (Path(name) / PACKAGE_FILE).is_file() and _is_feed(Path(name)):
        _check_feed(name, as_json)
        return
    from zemsim.behaviour.parameters import load_parameters
    from zemsim.policy.draft import PolicyRegion
    from zemsim.region import load_region
    from zemsim.travel.active import ActiveRules
    from zemsim.travel.pack_check import pack_rows

    found = load_region(name)
    about = {
        "region": found.name,
        "zones": len(found.zones),
        "routes": len(PolicyRegion.of(found).routes.networks),
        "digest": found.digest(),
    }
    rows = pack_rows(found, ActiveRules.of(load_parameters()))
    faults = [row for row in rows if row["passed"] is False]
    if as_json:
        print_json({"ok": not faults, **about, "rows": rows})
    else:
        print_columns(
            ((row["part"], f"{row['value']} {row['unit']}".strip(), _with_examples(row)) for row in rows),
            ("part", "value", "what"),
        )
        for row in faults:
            click.echo(f"{name}: {row['what']}: {row['value']}", err=True)
        word = f"{len(faults)} faults" if faults else "in order"
        click.echo(f"\n{name}: {word}. " + ", ".join(f"{key} {value}" for key, value in about.items()))
    if faults:
        raise click.exceptions.Exit(EXIT_BAD_INPUT)


def _is_feed(path: Any) -> bool:
    """Whether a path must be a feed: no pack is one file."""
    return bool(path.is_file() or (path / "stop_times.txt").is_file())


def _check_feed(name: str, as_json: bool) -> None:
    from zemsim.region.gtfs import check_feed

    rows = check_feed(name)
    if as_json:
        print_json({"ok": True, "feed": name, "rows": rows})
        return
    print_columns(((row["kind"], f"{row['value']}", str(row["item"])) for row in rows), ("kind", "value", "what"))
