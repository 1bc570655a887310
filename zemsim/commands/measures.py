"""Commands about the catalogue of measures."""

from __future__ import annotations

import click

from zemsim.commands.options import as_json, language
from zemsim.core.command_line import plain_text, print_columns, print_json
from zemsim.core.errors import UsageError, clean


@click.group()
def measures() -> None:
    """The catalogue of measures: list, show."""


@measures.command("list")
@click.option("--theme", help="Only measures whose theme has these words.")
@as_json
@language
def measures_list(theme: str | None, as_json: bool, lang: str) -> None:
    """List the measures of the catalogue."""
    from zemsim.policy.catalogue import catalogue

    wanted = (theme or "").casefold()
    found = [m for m in catalogue().values() if wanted in (m.theme or "").casefold()]
    if as_json:
        print_json({"rows": [m.model_dump(mode="json", exclude_none=True) for m in found]})
        return
    if not found:
        raise UsageError(f"no measure has a theme with the words “{clean(theme, 80)}”")
    rows = [(m.name, m.lever, m.theme or "", getattr(m.title, lang) if m.title else "") for m in found]
    print_columns(rows, ("measure", "lever", "theme", "title"))


@measures.command("show")
@click.argument("measure_id", metavar="MEASURE")
@as_json
def measures_show(measure_id: str, as_json: bool) -> None:
    """Show a measure of the catalogue with its values and sources."""
    from zemsim.policy.catalogue import measure_by_id

    found = measure_by_id(measure_id).model_dump(mode="json", exclude_none=True)
    if as_json:
        print_json(found)
        return
    print_columns(((key, plain_text(value)) for key, value in found.items()), ("key", "value"))
