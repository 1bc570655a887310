"""The commands. No science, and no heavy import outside a command: ``zemsim --help`` is there at once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NoReturn

import click

from zemsim import __version__
from zemsim.commands.backtests import backtest
from zemsim.commands.behaviour import parameters, realism
from zemsim.commands.calibrate import calibrate
from zemsim.commands.estimate import estimate
from zemsim.commands.measures import measures
from zemsim.commands.options import as_json, language
from zemsim.commands.quality import bench, check, warmup
from zemsim.commands.regions import region
from zemsim.commands.skims import skims
from zemsim.commands.travel import assign
from zemsim.core.command_line import Commands, plain_text, print_columns, print_json
from zemsim.core.errors import EXIT_BAD_INPUT, InputError, InputErrors, clean


@click.group(
    cls=Commands,
    commands=[
        assign,
        backtest,
        bench,
        calibrate,
        check,
        estimate,
        measures,
        parameters,
        realism,
        region,
        skims,
        warmup,
    ],
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
)
@click.version_option(__version__, prog_name="zemsim")
@click.option("--debug", is_flag=True, help="Print the traceback of an error.")
def cli(debug: bool) -> None:
    """Simulate how the residents of a region travel, and what measures of a mobility plan would change.

    `zemsim run` simulates the default experiment; `zemsim COMMAND --help` explains a command.
    """


def main(args: Sequence[str] | None = None) -> NoReturn:
    """Run the command line."""
    cli.main(args, prog_name="zemsim")


@cli.command()
@click.argument("experiment", required=False, type=click.Path())
@click.option("--region", type=click.Path(), help="Region pack by name or folder, instead of the experiment's.")
@click.option("--out", type=click.Path(file_okay=False), help="Run folder; outputs/ID-FINGERPRINT without it.")
@click.option("--seeds", type=int, help="Number of seeds, instead of the experiment's.")
@click.option(
    "--draws",
    multiple=True,
    metavar="FILE",
    help="CSV of parameters that the seeds draw, row s for seed s, or posterior; instead of the experiment's.",
)
@click.option(
    "--threads", type=click.IntRange(min=1), help="Cores to use; all without it. Results do not depend on it."
)
@click.option("--replace", is_flag=True, help="Replace a finished run of another question in the run folder.")
@as_json
@language
def run(
    experiment: str | None,
    region: str | None,
    out: str | None,
    seeds: int | None,
    draws: tuple[str, ...],
    threads: int | None,
    replace: bool,
    as_json: bool,
    lang: str,
) -> None:
    """Simulate an experiment: all its policies and seeds. Without EXPERIMENT, the default one."""
    from zemsim.experiment.progress import shown

    with shown(None) as show:
        show(0, 0, "loading the program")
        from zemsim.experiment.runner import run as run_experiment

        finished = run_experiment(
            experiment,
            out=out,
            threads=threads,
            progress=show,
            replace=replace,
            region=region,
            seeds=seeds,
            draws=draws,
        )
        cases = len(finished.cases)
        show(cases, cases, "writing the page")
        from zemsim.report.page import write_report

        page = write_report(finished)
    if as_json:
        about = {"run": str(finished.folder), "reused": finished.reused, "report": str(page)}
        print_json({**about, "rows": _headline_rows(finished)})
    else:
        from zemsim.report.terminal import print_table, reused_note

        print_table(finished, lang)
        click.echo(f"run     {finished.folder}{reused_note(finished)}\nreport  {page}")
    raise click.exceptions.Exit(finished.exit_code)


def _headline_rows(finished: Any) -> list[Any]:
    from zemsim.experiment.compare import headline

    return list(headline(finished).to_dict(orient="records"))


@cli.command()
@click.argument("file", required=False, type=click.Path())
@click.option("--region", type=click.Path(), help="Region pack by name or folder to check places against.")
@click.option("--schema", is_flag=True, help="Print the JSON Schema of experiment files, for editors.")
@as_json
def validate(file: str | None, region: str | None, schema: bool, as_json: bool) -> None:
    """Check an experiment file, or a file of measures, and report every fault with its line."""
    if schema:
        from zemsim.experiment.settings import experiment_schema

        print_json(experiment_schema())
        return
    if file is None:
        raise click.UsageError("say which FILE to check, or --schema")
    from zemsim.experiment.checks import check_file

    try:
        about = check_file(file, region)
    except (InputError, InputErrors) as error:
        if not as_json:
            raise
        faults = error.errors if isinstance(error, InputErrors) else (error,)
        rows = [{"file": f.path, "line": f.line, "message": f.message, "hint": f.hint} for f in faults]
        print_json({"ok": False, "rows": rows})
        raise click.exceptions.Exit(EXIT_BAD_INPUT) from None
    if as_json:
        print_json({"ok": True, "rows": [], **about})
    else:
        click.echo(f"{file}: in order. " + ", ".join(f"{key} {value}" for key, value in about.items()))


@cli.command()
@click.argument("runs", nargs=-1, required=True, type=click.Path())
@click.option("--indicator", help="Compare this indicator in detail.")
@click.option("--year", type=int, help="Only this year.")
@click.option("--place", help="Only this place: region, an area type, a municipality, or a zone.")
@click.option("--baseline", default="baseline", show_default=True, help="Policy to compare with.")
@click.option(
    "--horizon",
    type=click.Choice(["short", "long"]),
    default="long",
    show_default=True,
    help="What policies do at once, or with the cars people buy, the jobs they change to, and what is built.",
)
@as_json
@language
def compare(
    runs: tuple[str, ...],
    indicator: str | None,
    year: int | None,
    place: str | None,
    baseline: str,
    horizon: str,
    as_json: bool,
    lang: str,
) -> None:
    """Compare the policies of finished RUNS with the baseline, seed by seed."""
    from zemsim.experiment.compare import check_same_draws
    from zemsim.experiment.compare import compare as compare_run
    from zemsim.experiment.run_folder import open_run

    rows: list[dict[str, Any]] = []
    opened = [open_run(folder) for folder in runs]
    check_same_draws(opened)
    for finished in opened:
        asked = (indicator, year, place, baseline, horizon)
        if asked == (None, None, None, "baseline", "long") and not as_json:
            from zemsim.report.terminal import print_table

            click.echo(f"{clean(finished.title(lang))}  {finished.folder}")
            print_table(finished, lang)
            continue
        table = compare_run(finished, baseline, indicator, year, None, place, horizon)
        rows.extend(
            {"run": str(finished.folder), **{str(k): v for k, v in row.items()}} for row in table.to_dict("records")
        )
    if as_json:
        print_json({"rows": rows})
    elif rows:
        keys = ("policy", "indicator", "year", "group", "place", "value", "diff", "low", "high", "unit")
        from zemsim.report.terminal import plain_cell

        print_columns(([plain_cell(row, key, lang) for key in keys] for row in rows), keys)


@cli.command()
@click.argument("folder", metavar="RUN", type=click.Path())
@click.option("--out", type=click.Path(), help="Folder of the page, or its file; RUN/report without it.")
@click.option(
    "--language", type=click.Choice(["lv", "en", "both"]), default="both", show_default=True, help="Of the page."
)
@as_json
def report(folder: str, out: str | None, language: str, as_json: bool) -> None:
    """Write the page of a finished RUN again."""
    from zemsim.experiment.run_folder import open_run
    from zemsim.report.page import write_report

    page = write_report(open_run(folder), out, language)
    if as_json:
        print_json({"report": str(page)})
    else:
        click.echo(page)


@cli.command()
@click.argument("folder", metavar="RUN", type=click.Path())
@click.option(
    "--resident", "resident_id", type=int, required=True, help="Number of the resident: resident_id of table persons."
)
@click.option("--policy", default="baseline", show_default=True, help="Policy.")
@click.option("--seed", type=int, help="Seed; the run's first one without it.")
@click.option("--year", type=int, help="Simulated year; the first one without it.")
@click.option("--season", type=click.Choice(["winter", "summer"]), help="Season; the first one without it.")
@click.option("--region", type=click.Path(), help="Folder of the region, if it is not an embedded one.")
@as_json
def explain(
    folder: str,
    resident_id: int,
    policy: str,
    seed: int | None,
    year: int | None,
    season: str | None,
    region: str | None,
    as_json: bool,
) -> None:
    """Explain a resident's choices in a finished RUN: options, utilities, draws, and what was chosen.

    The run is repeated for this policy and seed up to the year asked for. A run that was made with other code, data or
    libraries is refused.
    """
    from zemsim.experiment.repeat import check_resident, check_seed, repeatable
    from zemsim.experiment.run_folder import open_run

    finished = open_run(folder)
    seed = check_seed(finished, seed)
    check_resident(finished, resident_id, seed)
    asked: Any = repeatable(finished, region)
    asked.policy(policy)
    click.echo("zemsim: repeating the run up to the resident's choice", err=True)
    from zemsim.model.explain import explain as explain_resident

    days = explain_resident(asked, resident_id, policy, seed, year, season)
    if as_json:
        print_json({"rows": days})
        return
    for day in days:
        _print_day(day)


def _print_day(day: Mapping[str, Any]) -> None:
    """Print a resident's day: who it is, and each tour with its options."""
    click.echo(f"resident {day['resident_id']}, {day['policy']}, {day['year']}, {day['season']} {day['day_type']}")
    click.echo("  " + ", ".join(f"{key} {plain_text(value)}" for key, value in day["resident"].items()))
    click.echo("  charging near home: " + ", ".join(f"{k} {plain_text(v)}" for k, v in day["home_charging"].items()))
    if not day["tours"]:
        click.echo("  stays at home")
    for tour in day["tours"]:
        way = f"{tour['from_zone']} to {tour['to_zone']}, {tour['road_km']:.1f} km by road"
        click.echo(f"\n  {tour['purpose']}: {way}; chosen: {tour['choice'] or 'no alternative is available'}")
        known = {"alternative", "available", "utility", "draw"}
        rows = []
        for option in tour["options"]:
            rest = ", ".join(f"{key} {plain_text(value)}" for key, value in option.items() if key not in known)
            utility = f"{option['utility']:.3f}" if option["available"] else "not available"
            rows.append((f"  {option['alternative']}", utility, f"{option['draw']:.3f}", rest))
        print_columns(rows, ("  alternative", "utility", "draw", "one way"))
