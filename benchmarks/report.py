"""Tables of a benchmark: for the terminal, for the README, and as JSON."""

from __future__ import annotations

import math
from collections.abc import Sequence
from importlib.metadata import version
from typing import Any

from benchmarks.growth import growth
from benchmarks.machine import description
from benchmarks.timing import ONE_THREAD, standing

#: Lines of a page between which the table stands.
FIRST_MARK, LAST_MARK = "<!-- zemsim bench: begin -->", "<!-- zemsim bench: end -->"
_HEAD = ("task", "threads", "ours", "peer", "theirs", "ratio", "goal", "of bound")


def whole(
    found: Sequence[dict[str, Any]], peers: Sequence[str], waived: Sequence[str], rounds: int, missed: Sequence[str]
) -> dict[str, Any]:
    """Everything that a run of the benchmark tells; what is not a finite number is None."""
    processes = [{key: value for key, value in part.items() if key != "rows"} for part in found]
    rows = [row for part in found for row in part["rows"]]
    return _finite(
        {
            "passed": not missed,
            "missed": list(missed),
            "machine": description(),
            "peers": {name: version(name) for name in peers},
            "waived": list(waived),
            "rounds": rounds,
            "processes": processes,
            "rows": rows,
            "growth": growth(rows),
        }
    )


def _finite(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _finite(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_finite(item) for item in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value


def seconds(value: float | None) -> str:
    """A time in the unit that reads best."""
    if value is None:
        return ""
    for unit, factor in (("s", 1.0), ("ms", 1e3), ("µs", 1e6)):
        if value * factor >= 1:
            return f"{value * factor:.3g} {unit}"
    return f"{value * 1e9:.3g} ns"


def ratio(row: dict[str, Any]) -> str:
    """A ratio, and what is wrong with it: ``below`` its goal within the tolerance, or ``missed``."""
    if row["ratio"] is None:
        return ""
    wrong = standing(row["ratio"], row["goal"])
    digits = 2 if row["peer"] == ONE_THREAD else 1
    return f"{row['ratio']:.{digits}f}" + (f" ({wrong})" if wrong else "")


def cells(row: dict[str, Any]) -> tuple[str, ...]:
    """One row of a table."""
    clock = "cpu_seconds" if row["judged_by"] == "processor" else "seconds"
    share = row["share_of_bound"]
    peer = row["peer"] or ""
    return (
        row["task"],
        str(row["threads"]),
        f"{seconds(row[clock])} / {row['unit']}",
        f"{peer} ({row['note']})" if row["note"] else peer,
        seconds(row.get(f"peer_{clock}")),
        ratio(row),
        "" if not row["goal"] else f"{row['goal']:g}",
        "" if share is None else f"{100 * share:.0f} %",
    )


def text(found: dict[str, Any]) -> str:
    """The table for the terminal."""
    lines = [_HEAD, *(cells(row) for row in found["rows"])]
    widths = [max(len(line[k]) for line in lines) for k in range(len(_HEAD))]
    table = ["  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip() for line in lines]
    about = [f"{key} {value}" for key, value in found["machine"].items()]
    verdicts = [f"MISSED {line}" for line in found["missed"]] or ["every goal is reached, or within three tenths of it"]
    return "\n".join([*table, "", ", ".join(about), *_notes(found), *verdicts])


def _notes(found: dict[str, Any]) -> list[str]:
    lines = []
    for part in found["processes"]:
        low, high = part["load_average"]
        read = ", ".join(f"{key.removesuffix('_gb_s')} {value:.0f} GB/s" for key, value in part["bandwidth"].items())
        minutes = part["elapsed_seconds"] / 60
        lines.append(f"{part['threads']} threads: {minutes:.1f} min; load of the machine {low} to {high}; {read}")
        lines += [f"{part['threads']} threads: not timed for want of files: {name}" for name in part["skipped"]]
    lines += [
        f"{part['group']}, {part['threads']} threads: time grows with size to the power of {part['exponent']:.2f}"
        + "".join(f"; {name} {power:.2f}" for name, power in part["peers"].items())
        for part in found["growth"]
    ]
    peers = ", ".join(f"{name} {number}" for name, number in found["peers"].items())
    return [*lines, f"peers: {peers or 'none'}", f"waived: {', '.join(found['waived']) or 'none'}"]


def markdown(found: dict[str, Any]) -> str:
    """The table for the README: a row for each task and each peer that is the fastest or has a goal.

    Times are those with the fewest threads; the ratio with more threads stands beside, and how much faster ours is with
    more threads than with one, in wall time.
    """
    fewest = min((part["threads"] for part in found["processes"]), default=1)
    more = sorted({row["threads"] for row in found["rows"]} - {fewest})
    ratios = {(row["task"], row["peer"], row["threads"]): row for row in found["rows"]}
    head = ["task", "ours", "peer", "theirs", "ratio", *(f"{n} threads" for n in more), "goal"]
    head += [*(f"ours, {n} threads over 1" for n in more), "of bound"]
    lines = ["| " + " | ".join(head) + " |", "|---|" + "---|" * (len(head) - 1)]
    for row in found["rows"]:
        if row["threads"] == fewest and (row["goal"] or row.get("best_peer") or row["peer"] is None):
            task, _, ours, peer, theirs, least, goal, share = cells({**row, "note": ""})
            others = [ratios.get((row["task"], row["peer"], n)) for n in more]
            beside = ["" if other is None else ratio(other) for other in others]
            goals = dict.fromkeys([goal, *(f"{other['goal']:g}" for other in others if other and other["goal"])])
            scales = [_scaling(ratios.get((row["task"], ONE_THREAD, n))) for n in more]
            line = [task, ours, peer, theirs, least, *beside, ", ".join(filter(None, goals)), *scales, share]
            lines.append("| " + " | ".join(cell.replace("|", "/") for cell in line) + " |")
    about = ", ".join(f"{key} {value}" for key, value in found["machine"].items())
    clocks = {row["threads"]: row["judged_by"] for row in found["rows"]}
    told = ", ".join(f"of {clock} time with {n}" for n, clock in sorted(clocks.items()))
    words = [f"Ratios are {told} threads. {about}."]
    words += [f"{line[0].upper()}{line[1:]}." for line in _notes(found)]
    words += [f"Missed: {line}." for line in found["missed"]]
    words += ["Every goal is reached, or within three tenths of it."] if not found["missed"] else []
    return "\n".join([*lines, "", *(f"* {line}" for line in words), ""])


def _scaling(row: dict[str, Any] | None) -> str:
    """How much faster more threads are than one, and the goal if there is one."""
    if row is None:
        return ""
    return (
        ratio(row) + (f", goal {row['goal']:g}" if row["goal"] else "") + (" (busy)" if "busy" in row["note"] else "")
    )


def between_marks(page: str, table: str) -> str:
    """A page with the table between its marks.

    Raises
    ------
    ValueError
        If the page does not have each mark once, the first before the last.
    """
    if page.count(FIRST_MARK) != 1 or page.count(LAST_MARK) != 1 or page.index(FIRST_MARK) > page.index(LAST_MARK):
        raise ValueError(f"it must have the lines {FIRST_MARK} and {LAST_MARK} once, in this order")
    before, after = page.split(FIRST_MARK)[0], page.split(LAST_MARK)[1]
    return f"{before}{FIRST_MARK}\n\n{table.strip()}\n\n{LAST_MARK}{after}"
