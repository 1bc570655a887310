"""Commands about travel times and traffic."""

from __future__ import annotations

from typing import Any

import click

from zemsim.core.command_line import print_columns, print_json
from zemsim.core.errors import EXIT_SOME_FAILED


@click.command()
@click.argument("network", metavar="NET", type=click.Path())
@click.argument("trips", type=click.Path())
@click.option("--gap", type=float, default=1e-4, show_default=True, help="Relative gap to reach.")
@click.option("--max-iterations", type=click.IntRange(min=1), default=500, show_default=True, help="Stop after these.")
@click.option(
    "--threads", type=click.IntRange(min=1), default=1, show_default=True, help="Results do not depend on it."
)
@click.option("--flows", type=click.Path(dir_okay=False), help="CSV file for flow, time and cost of each link.")
@click.option("--toll-weight", type=float, help="Time per unit of toll; what NET states without it, else 0.")
@click.option("--distance-weight", type=float, help="Time per unit of length; what NET states without it, else 0.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object and nothing else.")
def assign(as_json: bool, **asked: Any) -> None:
    """Put the trips of a TNTP file on the network of a TNTP file, in user equilibrium.

    The relative gap is 1 - (cost if all took their cheapest paths) / (cost paid). Times and costs are in the units of
    the files; the table rounds them, --json gives all digits. Ends with 3 if the gap is not reached.

    Vehicles inside zones go from a zone to itself: they are among the vehicles, on no link and in no total. Paths are
    those with flow. A link of capacity 0 is closed if its time depends on flow (free_flow_time, b and power above 0).
    """
    from zemsim.travel.assign_files import assign_files

    found = assign_files(**asked, say=lambda text: click.echo(text, err=True))
    if as_json:
        print_json(found.figures)
    else:
        print_columns(
            [(key.replace("_", " "), _cell(value)) for key, value in found.figures.items()], ("what", "value")
        )
    if not found.reached:
        gap, asked_for = found.figures["relative_gap"], asked["gap"]
        click.echo(f"zemsim: gap {asked_for:g} is not reached, it is {gap:.3g}; see --max-iterations", err=True)
        raise click.exceptions.Exit(EXIT_SOME_FAILED)


#: From here on the table shows a number by its tenths, below by four digits.
_LARGE = 1000.0


def _cell(value: Any) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int):
        return f"{value:,}"
    return f"{value:,.1f}" if abs(value) >= _LARGE else f"{value:.4g}"
