"""The command that fits the model to its targets: calibrate."""

from __future__ import annotations

from pathlib import Path

import click

from zemsim.commands.options import as_json
from zemsim.core.command_line import print_json

_STEPS = ("constants", "travel", "ebike", "ev")


@click.command()
@click.option(
    "--step", "steps", multiple=True, type=click.Choice(_STEPS), help="Only this step; may be given several times."
)
@click.option("--run", "run_folder", type=click.Path(), help="A finished default run: errors of its baseline, seeds.")
@click.option(
    "--out",
    type=click.Path(file_okay=False),
    default="outputs/calibration",
    show_default=True,
    help="Folder for constants, posteriors and the report.",
)
@as_json
def calibrate(steps: tuple[str, ...], run_folder: str | None, out: str, as_json: bool) -> None:
    """Fit the model to its targets: constants, weights, and joint posteriors of purchases of electric cars and e-bikes.

    Writes constants as the model reads them, the weights of money, headways, parking and destinations that are nearest
    to the bands of the realism tests, sets of parameters that stand for each posterior, and a report: what is fitted,
    what was held out, what the targets cannot identify. Nothing that a run reads is changed.
    """
    from zemsim.experiment.progress import shown

    folder = Path(out)
    with shown(None) as show:
        show(0, 0, "loading the program")
        from zemsim.calibrate.posterior.steps import calibrate as do_calibrate
        from zemsim.experiment.run_folder import open_run

        run = None if run_folder is None else open_run(run_folder)
        report = do_calibrate(folder, steps or _STEPS, run, show)
    if as_json:
        print_json({"report": str(report), "files": sorted(path.name for path in folder.iterdir())})
    else:
        click.echo(f"report  {report}")
