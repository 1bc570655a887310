"""Commands about regions."""

from __future__ import annotations

from typing import Any

import click

from zemsim.commands.options import as_json, language
from zemsim.core.command_line import print_columns, print_json
from zemsim.core.errors import clean


@click.group()
def region() -> None:
    """Regions: list, show, check."""


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


@region.command("check")
@click.argument("name", default="zemgale", type=click.Path())
@as_json
def region_check(name: str, as_json: bool) -> None:
    """Read a region pack with all its checks, the timetable's networks included."""
    from zemsim.policy.draft import PolicyRegion
    from zemsim.region import load_region

    found = load_region(name)
    base = PolicyRegion.of(found)
    about = {
        "region": found.name,
        "zones": len(found.zones),
        "routes": len(base.routes.networks),
        "digest": found.digest(),
    }
    if as_json:
        print_json({"ok": True, **about})
    else:
        click.echo(f"{name}: in order. " + ", ".join(f"{key} {value}" for key, value in about.items()))
