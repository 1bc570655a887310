"""The command that writes matrices between zones."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from zemsim.commands.options import as_json
from zemsim.core.command_line import print_columns, print_json
from zemsim.core.errors import UsageError, clean

if TYPE_CHECKING:
    from zemsim.travel.zone_departures import DepartureWindow


@click.command()
@click.argument("pack", type=click.Path())
@click.option(
    "--mode",
    required=True,
    type=click.Choice(["car", "walk", "bike", "ebike", "bus", "train", "transit"]),
    help="Way of travelling.",
)
@click.option("--out", required=True, type=click.Path(dir_okay=False), help="OMX file to write.")
@click.option("--depart", metavar="HH:MM", default="08:00", show_default=True, help="Departure of public transport.")
@click.option("--until", metavar="HH:MM", help="End of a window of departures, one a minute, for --percentile.")
@click.option(
    "--percentile",
    "percents",
    type=click.IntRange(1, 100),
    multiple=True,
    help="Time that so many per cent of the departures of the window do not exceed; 50 without it.",
)
@click.option("--weekend", is_flag=True, help="The timetable of a weekend day.")
@click.option("--winter", is_flag=True, help="Bikes in winter.")
@click.option(
    "--threads", type=click.IntRange(min=1), default=1, show_default=True, help="Results do not depend on it."
)
@as_json
def skims(pack: str, mode: str, out: str, depart: str, threads: int, as_json: bool, **asked: Any) -> None:
    """Write times, distances and fares between all zones of a PACK as an OMX file (Open Matrix 0.2).

    By bus, train or transit, --until adds how long the way takes over all departures of a window: how far one gets
    without knowing the timetable.
    """
    from zemsim.behaviour.parameters import load_parameters
    from zemsim.core.names import Season
    from zemsim.region import load_region
    from zemsim.travel.active import ActiveRules
    from zemsim.travel.omx import write_omx
    from zemsim.travel.transit_options import PathWeights
    from zemsim.travel.zone_skims import zone_skims

    minute = _minute(depart, "--depart")
    window = _window(mode, minute, asked["until"], asked["percents"])
    found = load_region(pack)
    season = Season.WINTER if asked["winter"] else Season.SUMMER
    parameters = load_parameters()
    rules = ActiveRules.of(parameters)
    weights, weekend = PathWeights.of(parameters), asked["weekend"]
    made = zone_skims(found, mode, minute, weights, rules, weekend, season, threads, window)
    about = {"region": found.name, "region_digest": found.digest(), "depart": depart, "season": season.name.lower()}
    about |= {"until": asked["until"]} if window else {}
    write_omx(out, made, about)
    rows = [_matrix_row(name, matrix, made.meaning[name]) for name, matrix in made.matrices.items()]
    if as_json:
        print_json({"file": out, "mode": mode, "zones": len(made.zone_ids), "notes": list(made.notes), "rows": rows})
        return
    print_columns(
        ((r["matrix"], _figure(r["mean"]), f"{100 * r['reached_share']:.1f} %", r["meaning"]) for r in rows),
        ("matrix", "mean", "reached", "meaning"),
    )
    click.echo("\n".join((*(f"note  {note}" for note in made.notes), f"file  {out}")))


def _matrix_row(name: str, matrix: Any, meaning: str) -> dict[str, Any]:
    import numpy as np

    known = np.isfinite(matrix)
    mean = float(matrix[known].mean(dtype=np.float64)) if known.any() else None
    return {"matrix": name, "mean": mean, "reached_share": float(known.mean()), "meaning": meaning}


def _figure(value: float | None) -> str:
    return "" if value is None else f"{value:.2f}"


def _window(mode: str, start_min: int, until: str | None, percents: tuple[int, ...]) -> DepartureWindow | None:
    """What ``--until`` and ``--percentile`` ask for."""
    from zemsim.travel.zone_departures import DepartureWindow

    if until is None:
        if percents:
            raise UsageError("--percentile needs --until, the end of the window of departures")
        return None
    if mode not in ("bus", "train", "transit"):
        raise UsageError(f"--until is for bus, train and transit: times by {mode} are the same at any departure")
    end_min = _minute(until, "--until")
    if end_min <= start_min:
        raise UsageError(
            f"--until {until} must be later than the departure, {start_min // 60:02d}:{start_min % 60:02d}"
        )
    return DepartureWindow(start_min, end_min, percents or DepartureWindow.percents)


def _minute(text: str, option: str) -> int:
    parts = text.split(":")
    if len(parts) == 2 and all(part.isdigit() and len(part) <= 2 for part in parts):
        hour, minute = int(parts[0]), int(parts[1])
        if hour < 24 and minute < 60:
            return 60 * hour + minute
    raise UsageError(f"{option} “{clean(text, 20)}” is not a time: write HH:MM")
