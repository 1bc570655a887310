"""The command that writes matrices between zones."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from zemsim.commands.options import as_json
from zemsim.core.command_line import print_columns, print_json
from zemsim.core.errors import UsageError, clean

if TYPE_CHECKING:
    from zemsim.travel.zone_departures import DepartureWindow
    from zemsim.travel.zone_skims import ZoneSkims


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

    Rows and columns follow lookup/zone_id of the file, not the order of rows in the pack's zones.csv: join by id.
    Unreachable is inf.

    By bus, train or transit every journey holds at least one ride. time_min is that of the one departure; its parts
    (in_vehicle_min, wait_min, walk_min and so on) are means of both directions over the period of the day that holds
    the departure, so they do not add up to time_min. The diagonal has no meaning there and is NaN. --until adds how
    long the way takes over all departures of a window: how far one gets without knowing the timetable.
    """
    from zemsim.core.atomic import check_can_write

    minute = _minute(depart, "--depart")
    window = _window(mode, minute, asked["until"], asked["percents"])
    check_can_write(out)
    about = {"depart": depart} | ({"until": asked["until"]} if window else {})
    made = _write(pack, mode, out, about, (minute, window), (asked["weekend"], asked["winter"], threads))
    rows = [_matrix_row(name, matrix, made.meaning[name]) for name, matrix in made.matrices.items()]
    if as_json:
        print_json({"file": out, "mode": mode, "zones": len(made.zone_ids), "notes": list(made.notes), "rows": rows})
        return
    print_columns(
        ((r["matrix"], _figure(r["mean"]), _percent(r["reached_share"]), r["meaning"]) for r in rows),
        ("matrix", "mean", "reached", "meaning"),
    )
    click.echo("\n".join((*(f"note  {note}" for note in made.notes), f"file  {out}")))


def _write(
    pack: str,
    mode: str,
    out: str,
    about: dict[str, str],
    times: tuple[int, DepartureWindow | None],
    day: tuple[bool, bool, int],
) -> ZoneSkims:
    """Compute the matrices and write them, and say how far that is."""
    from zemsim.behaviour.parameters import load_parameters
    from zemsim.core.names import Season
    from zemsim.experiment.progress import shown
    from zemsim.region import load_region
    from zemsim.travel.active import ActiveRules
    from zemsim.travel.omx import write_omx
    from zemsim.travel.transit_options import PathWeights
    from zemsim.travel.zone_skims import zone_skims

    (minute, window), (weekend, winter, threads) = times, day
    season = Season.WINTER if winter else Season.SUMMER
    parameters = load_parameters()
    weights, rules = PathWeights.of(parameters), ActiveRules.of(parameters)
    with shown(None) as show:
        show(0, 3, "reading the region")
        region = load_region(pack)
        show(1, 3, f"matrices by {mode} between {len(region.zones):,} zones")
        made = zone_skims(region, mode, minute, weights, rules, weekend, season, threads, window)
        show(2, 3, f"writing {out}")
        of = {"region": region.name, "region_digest": region.digest(), "season": season.name.lower()}
        write_omx(out, made, of | about)
    return made


def _matrix_row(name: str, matrix: Any, meaning: str) -> dict[str, Any]:
    import numpy as np

    known, asked = np.isfinite(matrix), ~np.isnan(matrix)
    mean = float(matrix[known].mean(dtype=np.float64)) if known.any() else None
    return {
        "matrix": name,
        "mean": mean,
        "reached_share": float(known.sum() / asked.sum()) if asked.any() else None,
        "meaning": meaning,
    }


def _figure(value: float | None) -> str:
    return "" if value is None else f"{value:.2f}"


def _percent(share: float | None) -> str:
    return "" if share is None else f"{100 * share:.1f} %"


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
