"""The command that estimates a choice model on a survey."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from zemsim.commands.options import as_json
from zemsim.core.command_line import print_columns, print_json
from zemsim.core.errors import EXIT_SOME_FAILED, clean

if TYPE_CHECKING:
    from zemsim.calibrate.logit.estimation import Estimation
    from zemsim.calibrate.logit.transfer import Transfer


@click.command()
@click.argument("data", type=click.Path())
@click.option("--model", required=True, type=click.Path(), help="Model file (TOML): alternatives, terms, nests.")
@click.option("--out", type=click.Path(dir_okay=False), help="Write the estimates and what an experiment can take up.")
@as_json
def estimate(data: str, model: str, out: str | None, as_json: bool) -> None:
    """Estimate a multinomial or nested logit model on the choices in DATA, a CSV or Parquet file.

    Prints coefficients with standard and robust errors, and which of them the model takes up as parameters. Ends with
    3, and writes no file, if there is no maximum.
    """
    from zemsim.calibrate.logit.estimation import estimate as estimate_model
    from zemsim.calibrate.logit.transfer import parameter_file, transfers
    from zemsim.core.atomic import check_can_write, write_text

    if out is not None:
        check_can_write(out)
    found = estimate_model(data, model)
    rows = transfers(found)
    if as_json:
        print_json(_as_object(found, rows))
    else:
        _print(found, rows)
    if not found.fit.converged:
        raise click.exceptions.Exit(EXIT_SOME_FAILED)
    if out is not None:
        write_text(out, parameter_file(found))
        if not as_json:
            click.echo(f"\nparameters  {out}")


def _as_object(found: Estimation, rows: list[Transfer]) -> dict[str, Any]:
    taken = [{**row.estimate.row(), "taken": row.taken, "why_not_taken": row.why or None} for row in rows]
    about = {"title": found.model.model.title, "converged": found.fit.converged, "search": found.fit.said}
    return {**about, **found.statistics(), "warnings": found.warnings(), "rows": taken}


def _print(found: Estimation, rows: list[Transfer]) -> None:
    click.echo(clean(found.model.model.title))
    head = ("name", "value", "std. error", "t", "robust error", "robust t", "as a parameter")
    print_columns([_cells(row) for row in rows], head)
    if any(row.estimate.kind == "scale" for row in rows):
        click.echo("t of a scale of nests is against 1, of all others against 0")
    click.echo()
    words = {key: key.replace("_", " ") for key in found.statistics()}
    print_columns([(words[key], _figure(value)) for key, value in found.statistics().items()], ("what", "value"))
    click.echo(f"\nsearch: {found.fit.said}")
    for warning in found.warnings():
        click.echo(f"warning: {clean(warning)}")


def _cells(row: Transfer) -> tuple[str, ...]:
    figures = row.estimate.row()
    numbers = (_figure(figures[key]) for key in ("std_error", "t", "robust_std_error", "robust_t"))
    value = f"{row.estimate.value:.6g}{' (fixed)' if row.estimate.fixed else ''}"
    return (row.estimate.name, value, *numbers, "yes" if row.taken else f"no: {row.why}")


def _figure(value: float | None) -> str:
    """A number as the table shows it; what is not known is a dash."""
    if value is None or value != value:
        return "-"
    return f"{value:,}" if isinstance(value, int) else f"{value:,.3f}" if abs(value) >= 1 else f"{value:.4g}"
