"""`zemsim bench`: the kernels against the best packages that can be installed, by rules that favour nobody.

    python benchmarks/bench.py [--quick] [--networks FOLDER] [--feeds FOLDER] [--waive PEER] [--json] [--markdown FILE]

A process for one thread and one for two; in each all implementations of a task take turns (`timing.py`). What is
timed is compared first. Exit code 3 if implementations differ, if a goal is missed by more than three tenths, or if a
pinned peer is absent and not waived.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
sys.path.append(str(HERE.parent))  # as a script it knows only its own folder

from benchmarks import report  # noqa: E402
from benchmarks.timing import standing  # noqa: E402

THREADS = (1, 2)
ROUNDS, QUICK_ROUNDS = 5, 3
#: Minutes after which no task is begun.
MINUTES, QUICK_MINUTES = 90.0, 9.0
#: Seconds that a process gets to end a task that it has begun.
GRACE_S = 900
FAILED = 3
#: Settings that libraries read when they are imported.
THREAD_SETTINGS = (
    "NUMBA_NUM_THREADS", "OMP_NUM_THREADS", "RAYON_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS",
)  # fmt: skip


def pinned(path: Path = HERE / "peers.txt") -> dict[str, str]:
    """Peers and their versions."""
    lines = (line.partition("#")[0].strip() for line in path.read_text(encoding="utf-8").splitlines())
    return dict(line.split("==") for line in lines if line)


def faults(peers: dict[str, str], waived: Sequence[str]) -> tuple[list[str], list[str]]:
    """Peers that are here, and what is wrong with those that are not, or not in the pinned version."""
    here, wrong = [], []
    for name, wanted in peers.items():
        if name in waived:
            continue
        try:
            found = version(name)
        except PackageNotFoundError:
            wrong.append(f"{name} is not installed (pinned: {wanted})")
            continue
        if found == wanted:
            here.append(name)
        else:
            wrong.append(f"{name} is {found}, pinned is {wanted}")
    return here, wrong


def environment(threads: int, package: str) -> dict[str, str]:
    """Settings of a process with a number of threads."""
    settings = dict.fromkeys(THREAD_SETTINGS, str(threads))
    settings |= {"OMP_WAIT_POLICY": "PASSIVE", "AEQ_SHOW_PROGRESS": "FALSE", "PYTHONPATH": package}
    return {**os.environ, **settings}


def run(options: argparse.Namespace, peers: Sequence[str]) -> list[dict[str, Any]]:
    """Run a process for each number of threads; return what each found."""
    import zemsim

    package = str(Path(zemsim.__file__).resolve().parents[1])
    found = []
    with tempfile.TemporaryDirectory() as folder:
        for threads in options.threads:
            out = Path(folder) / f"{threads}.json"
            command = [sys.executable, str(HERE / "child.py"), "--threads", str(threads), "--out", str(out)]
            command += ["--rounds", str(options.rounds), "--peers", ",".join(peers), "--only", options.only]
            most_s = 60 * options.minutes / len(options.threads)
            command += ["--most-s", str(most_s), *(["--quick"] if options.quick else [])]
            for name in ("networks", "feeds"):
                value = getattr(options, name)
                command += [f"--{name}", str(value.resolve())] if value else []
            ended = _ended(command, environment(threads, package), folder, most_s + GRACE_S)
            if not out.is_file():
                sys.exit(f"bench: the process with {threads} threads {ended} and no result")
            found.append(json.loads(out.read_text(encoding="utf-8")))
    return found


def _ended(command: Sequence[str], settings: dict[str, str], folder: str, most_s: float) -> str:
    """Run a process and say how it ended; one that hangs is stopped."""
    try:
        done = subprocess.run(command, env=settings, stdout=subprocess.DEVNULL, check=False, cwd=folder, timeout=most_s)
    except subprocess.TimeoutExpired:
        return f"was stopped after {most_s:.0f} s"
    return f"ended with {done.returncode}"


def verdict(found: Sequence[dict[str, Any]]) -> list[str]:
    """What does not hold: implementations that differ, tasks that time did not suffice for, goals that are missed."""
    wrong = [
        f"{part['threads']} threads: {part[fault]}" for part in found for fault in ("different", "late") if part[fault]
    ]
    rows = (row for part in found for row in part["rows"])
    wrong += [
        f"{row['task']}, {row['threads']} threads: {row['ratio']:.1f} times {row['peer']}, goal {row['goal']:g}"
        for row in rows
        if standing(row["ratio"], row["goal"]) == "missed"
    ]
    return wrong


def table_in(path: Path | None, table: str) -> str:
    """A page with the table: the file that is there with another text between its marks, else the table alone."""
    if path is None or not path.exists():
        return table
    return report.between_marks(path.read_text(encoding="utf-8"), table)


def parsed(arguments: Sequence[str] | None) -> argparse.Namespace:
    """Options of the command."""
    parser = argparse.ArgumentParser(prog="zemsim bench", description="Time the kernels against pinned peers")
    parser.add_argument("--quick", action="store_true", help="small graphs, under three minutes")
    parser.add_argument("--networks", type=Path, help="folder of TNTP networks")
    parser.add_argument("--feeds", type=Path, help="folder of GTFS feeds (zip), scheduled ones are timed")
    parser.add_argument("--waive", action="append", default=[], metavar="PEER", help="a pinned peer to do without")
    parser.add_argument("--only", default="", metavar="WORDS", help="only tasks whose name has these words")
    parser.add_argument("--rounds", type=int, help="rounds, the first of which is dropped")
    parser.add_argument("--threads", type=int, action="append", help="numbers of threads; 1 and 2 without it")
    parser.add_argument("--minutes", type=float, help="after these no task is begun; 90, or 9 with --quick, without it")
    parser.add_argument("--markdown", type=Path, help="write the table here: between the marks, if the file is there")
    parser.add_argument("--json", action="store_true", help="print one JSON object and nothing else")
    options = parser.parse_args(arguments)
    options.rounds = options.rounds or (QUICK_ROUNDS if options.quick else ROUNDS)
    options.threads = options.threads or list(THREADS)
    options.minutes = options.minutes or (QUICK_MINUTES if options.quick else MINUTES)
    if options.rounds < 2 or min(options.threads) < 1 or options.minutes <= 0:
        parser.error("--rounds must be 2 or more, --threads 1 or more, --minutes more than 0")
    try:
        table_in(options.markdown, "")
    except (OSError, ValueError) as error:
        parser.error(f"--markdown {options.markdown}: {error}")
    for name in ("networks", "feeds"):
        folder = getattr(options, name)
        if folder is not None and not folder.is_dir():
            parser.error(f"--{name}: there is no folder {folder}")
    unknown = sorted(set(options.waive) - set(pinned()))
    if unknown:
        parser.error(f"--waive: {', '.join(unknown)} is no pinned peer; these are: {', '.join(pinned())}")
    return options


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the benchmark and print the table."""
    options = parsed(arguments)
    here, wrong = faults(pinned(), options.waive)
    if wrong:
        print("\n".join(f"bench: {fault}" for fault in wrong), file=sys.stderr)
        print("bench: pip install 'zemsim[bench]' installs them; --waive NAME does without one", file=sys.stderr)
        return FAILED
    found = run(options, here)
    missed = verdict(found)
    whole = report.whole(found, here, options.waive, options.rounds, missed)
    if options.markdown:
        page = table_in(options.markdown, report.markdown(whole))
        options.markdown.write_text(page, encoding="utf-8")
    print(json.dumps(whole, indent=2) if options.json else report.text(whole))
    return FAILED if missed else 0


if __name__ == "__main__":
    sys.exit(main())
