"""Options that several commands share."""

from __future__ import annotations

import click

as_json = click.option("--json", "as_json", is_flag=True, help="Print one JSON object and nothing else.")
language = click.option("--lang", type=click.Choice(["lv", "en"]), default="en", show_default=True, help="Language.")
