"""Commands about how far the program can be trusted and how fast it is: check, bench, warmup."""

from __future__ import annotations

from typing import Any

import click

from zemsim.core.command_line import print_columns, print_json
from zemsim.core.errors import EXIT_SOME_FAILED

as_json = click.option("--json", "as_json", is_flag=True, help="Print one JSON object and nothing else.")


@click.command()
@click.option("--networks", type=click.Path(), help="Folder with TNTP networks: SiouxFalls, Anaheim, ChicagoSketch.")
@as_json
def check(networks: str | None, as_json: bool) -> None:
    """Check the program against published answers, formulas and slow twins. Ends with 3 if a check fails."""
    from zemsim.verification.suite import acceptance

    found = acceptance(networks, lambda text: click.echo(f"zemsim: {text}", err=True))
    if as_json:
        skipped = [one.row() for one in found.skipped]
        print_json({"passed": found.passed, "rows": found.rows(), "skipped": skipped})
    else:
        cells = [(_expected(row), f"{row['value']:.12g}", row) for row in found.rows()]
        print_columns(
            [
                (row["test"], wanted, value, "passed" if row["passed"] else "FAILED", row["source"])
                for wanted, value, row in cells
            ],
            ("test", "expected", "found", "verdict", "source"),
        )
        failed = sum(not row["passed"] for row in found.rows())
        click.echo(f"\n{len(found.checks)} checks, {failed} failed, {len(found.skipped)} skipped")
        for one in found.skipped:
            click.echo(f"skipped: {one.test}: {one.reason}")
    if not found.passed:
        raise click.exceptions.Exit(EXIT_SOME_FAILED)


def _expected(row: dict[str, Any]) -> str:
    """The limits in words."""
    low, high = row["low"], row["high"]
    if low == high:
        return f"{low:.12g}"
    return f"at most {high:.3g}" if low == 0 else f"{low:.12g} to {high:.12g}"
