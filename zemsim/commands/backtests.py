"""The command that repeats natural experiments: backtest."""

from __future__ import annotations

from typing import Any

import click

from zemsim.commands.options import as_json, language
from zemsim.core.command_line import print_columns, print_json
from zemsim.core.errors import EXIT_SOME_FAILED


@click.command()
@click.argument("files", metavar="[FILE.toml ...]", nargs=-1, type=click.Path())
@click.option("--seeds", type=click.IntRange(1, 50), default=3, show_default=True, help="Number of seeds.")
@as_json
@language
def backtest(files: tuple[str, ...], seeds: int, as_json: bool, lang: str) -> None:
    """Repeat natural experiments in generic regions: predicted against observed. Ends with 3 if one fails its band.

    Without a FILE, all cases that come with the program. What the model cannot say is shown as such, and is not passed.
    """
    from zemsim.experiment.progress import shown

    with shown(None) as show:
        show(0, 0, "loading the program")
        from zemsim.calibrate.backtest.cases import own_cases, read_cases
        from zemsim.calibrate.backtest.rows import parameters_digest, rows_of, warnings_of
        from zemsim.calibrate.backtest.runner import run_case

        cases = read_cases(files or own_cases())
        results, digest = [], parameters_digest()
        for number, case in enumerate(cases):

            def say(text: str, number: int = number, label: str = case.case.id) -> None:
                show(number, len(cases), f"{label}: {text}")

            results.append(run_case(case, seeds, say))
        show(len(cases), len(cases), "done")
    rows = [row for result in results for row in rows_of(result, digest)]
    if as_json:
        passed = all(row["passed"] for row in rows)
        print_json({"passed": passed, "parameters": digest, "seeds": seeds, "rows": rows})
    else:
        _print(rows, warnings_of(results, lang), len(cases), digest, lang)
    if any(row["passed"] is False for row in rows):
        raise click.exceptions.Exit(EXIT_SOME_FAILED)


def _print(rows: list[dict[str, Any]], warnings: list[str], cases: int, digest: str, lang: str) -> None:
    """Print a line for each row, then the counts."""
    from zemsim.calibrate.backtest.rows import words

    lines = [
        (
            row["case"],
            row["title"][lang],
            _number(row["value"]),
            _number(row["seed_sd"]),
            _observed(row["observed"]),
            f"{row['low']:g} .. {row['high']:g}",
            row["unit"],
            words(row["horizon"], lang),
            words(row["use"], lang),
            row["parameters"][:8],
            row["verdict"][lang],
        )
        for row in rows
    ]
    head = ("case", "effect", "model", "seed sd", "observed", "band", "unit", "horizon", "use", "parameters", "verdict")
    print_columns(lines, head)
    states = [row["passed"] for row in rows]
    counts = {"passed": states.count(True), "failed": states.count(False), "cannot": states.count(None)}
    click.echo("")
    for line in (*warnings, words("summary", lang, cases=cases, rows=len(rows), **counts)):
        click.echo(line)
    click.echo(words("parameters", lang, digest=digest))


def _number(value: float | None) -> str:
    return "-" if value is None else f"{value:.3g}"


def _observed(values: dict[str, float | None] | None) -> str:
    """Low, central and high as far as they are known."""
    known = [f"{value:g}" for value in (values or {}).values() if value is not None]
    return " / ".join(known) or "-"
