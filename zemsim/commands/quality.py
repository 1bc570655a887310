"""Commands about how far the program can be trusted and how fast it is: check, warmup, bench."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import click

from zemsim.commands.options import as_json
from zemsim.core.command_line import print_columns, print_json
from zemsim.core.errors import EXIT_SOME_FAILED, UsageError


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


@click.command()
@as_json
def warmup(as_json: bool) -> None:
    """Compile the kernels of `zemsim run` now, so that the first run need not; kept in the user's cache folder.

    These are all that a run of the embedded region, `assign`, `region check` and `skims` by car or bike call. `skims`
    by bus or train, `check`, `region build`, runs of a region so built and `bench` compile a few more when they first
    call them.

    NUMBA_CACHE_DIR names another folder. For one cache that serves several kinds of processors, set NUMBA_CPU_NAME to
    x86-64-v3 and NUMBA_CPU_FEATURES to nothing, here and in the runs.
    """
    from zemsim.experiment.progress import shown

    with shown(None) as show:
        show(0, 0, "loading the program")
        from zemsim.experiment.warmup import warm_up

        found = warm_up(show)
    about = {"folder": str(found.folder), "kernels": found.kernels, "files": found.files}
    about |= {"bytes": found.size_bytes, "seconds": found.spent_s}
    if as_json:
        print_json(about)
    else:
        size_mb = found.size_bytes / 1e6
        click.echo(f"{found.kernels} compiled kernels, {size_mb:.1f} MB, after {found.spent_s:.0f} s in {found.folder}")


@click.command()
@click.option("--quick", is_flag=True, help="Small graphs and few rounds, under three minutes.")
@click.option("--networks", type=click.Path(), help="Folder with TNTP networks.")
@click.option("--feeds", type=click.Path(), help="Folder with GTFS feeds (zip); those with a schedule are timed.")
@click.option("--waive", multiple=True, metavar="PEER", help="A pinned peer to do without; may be repeated.")
@click.option("--only", metavar="WORDS", help="Only tasks whose name has these words.")
@click.option("--rounds", type=click.IntRange(min=2), help="Rounds, the first of which is dropped.")
@click.option("--minutes", type=click.FloatRange(min=0, min_open=True), help="After these no task is begun.")
@click.option("--markdown", type=click.Path(dir_okay=False), help="Write the table into a page, between its marks.")
@click.option("--suite", type=click.Path(), help="Folder `benchmarks` of the source tree; found in a clone without it.")
@as_json
def bench(suite: str | None, **asked: Any) -> None:
    """Time the kernels against the best packages that can be installed; see benchmarks/README.md.

    Needs the source tree and the packages of `pip install ".[bench]"`. Ends with 3 if results differ, a goal is missed,
    or a pinned package is absent and not waived.
    """
    script = _suite(suite)
    options: list[str] = []
    for name, value in asked.items():
        flag = "--json" if name == "as_json" else f"--{name}"
        if isinstance(value, bool):
            options += [flag] if value else []
        elif value is not None:
            several = value if isinstance(value, tuple) else (value,)
            options += [f"{flag}={one}" for one in several]
    command = [sys.executable, str(script), *options]
    done = subprocess.run(command, check=False, env=_with_this_package())  # noqa: S603 - our own script, no shell
    raise click.exceptions.Exit(done.returncode)


def _suite(folder: str | None) -> Path:
    """The script of the benchmark: in the folder that is named, else in the current one, else beside the package."""
    package = Path(__file__).resolve().parents[2]
    places = [Path(folder)] if folder else [Path.cwd() / "benchmarks", package / "benchmarks"]
    for place in places:
        if (place / "bench.py").is_file() and (place / "peers.txt").is_file():
            return (place / "bench.py").resolve()
    where = ", ".join(str(place) for place in places)
    raise UsageError(f"there is no benchmark in {where}: it is part of the source tree; name its folder with --suite")


def _with_this_package() -> dict[str, str]:
    """The environment, with the package that runs now first on the path of a child."""
    package = str(Path(__file__).resolve().parents[2])
    return {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, [package, os.environ.get("PYTHONPATH")]))}


def _expected(row: dict[str, Any]) -> str:
    """The limits in words."""
    low, high = row["low"], row["high"]
    if low == high:
        return f"{low:.12g}"
    return f"at most {high:.3g}" if low == 0 else f"{low:.12g} to {high:.12g}"
