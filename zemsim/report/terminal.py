"""The table that a run ends with on the terminal: policies by indicators, differences and intervals."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final

from zemsim.core import numbers
from zemsim.core.errors import clean
from zemsim.report import tonnes
from zemsim.report.findings import MIN_FINDINGS_SEEDS
from zemsim.report.results import BASELINE, MAIN_KEYS, MODE_KEYS, Results, RunLike
from zemsim.report.sources import headline_of
from zemsim.report.tables import headline_cell, verdict_rows
from zemsim.report.text import tidy
from zemsim.report.words import Words, indicator

if TYPE_CHECKING:
    from rich.console import Console
    from rich.table import Table

    from zemsim.experiment.run_folder import Run

WIDTH: Final = 100
NAME_WIDTH: Final = 21
#: Checks that failed are named, up to so many.
MAX_CHECKS_NAMED: Final = 5


def print_table(run: RunLike, language: str = "en", console: Console | None = None) -> None:
    """Print policies by indicators with the paired difference to the baseline and its 95 % interval.

    Parameters
    ----------
    run : Run
        A finished run.
    language : str
        ``lv`` or ``en``.
    console : Console, optional
        Where to; without it standard output. At most 100 columns are used.
    """
    print_results(Results(run.manifest, run.indicators, headline_of(run), run.verdicts), language, console)


def print_results(results: Results, language: str = "en", console: Console | None = None) -> None:
    """Print the tables of shown results; names are free of control characters and of markup."""
    from rich.console import Console as RichConsole
    from rich.text import Text

    words = Words(language)
    screen = console or RichConsole(width=min(WIDTH, _columns()))
    baseline = next((p.name(language) for p in results.policies if p.id == BASELINE), BASELINE)
    caption = words("terminal_caption", year=results.year, baseline=baseline)
    screen.print(Text(caption))
    for keys in blocks(results):
        screen.print(table_of(results, keys, words))
    if len(results.seeds) < MIN_FINDINGS_SEEDS:
        legend = words("finding_one_seed")
    else:
        legend = f"▲ ▼ {words('legend_clear')}   ≈ {words('legend_unclear')}   ± {words('legend_half')}"
    screen.print(Text(legend))
    if results.drawn:
        screen.print(Text(words("terminal_draws", files=", ".join(tidy(name) for name in results.draws_files))))
    failed = sum(not verdict.get("passed") for verdict in results.verdicts)
    if failed:
        text = words(
            "finding_checks_failed", failed=failed, total=len(results.verdicts), heading=words("verdicts_heading")
        )
        screen.print(Text(text, style="bold"))
        screen.print(Text("\n".join(failed_checks(results, words))))


def failed_checks(results: Results, words: Words) -> list[str]:
    """Return a line for each check that failed in any case, up to five, with the cases that passed; then how many more.

    The words are those of the first case that failed.
    """
    failed = [row for row in verdict_rows(results, words) if not row["passed"]]
    cases = words("verdict_cases").lower()
    lines = [f"✗ {row['check']}: {row['text']} ({cases}: {row['cases']})" for row in failed[:MAX_CHECKS_NAMED]]
    more = len(failed) - len(lines)
    return [*lines, words("more_checks", count=more)] if more else lines


def _columns() -> int:
    import shutil

    return shutil.get_terminal_size((WIDTH, 24)).columns


def blocks(results: Results) -> list[list[str]]:
    """Return the indicators in two groups that fit the width: the plan's, and the modes."""
    return [block for block in (results.keys(MAIN_KEYS), results.keys(MODE_KEYS)) if block]


def table_of(results: Results, keys: list[str], words: Words) -> Table:
    """Return the table of some indicators; mode shares without intervals, for eight of them fit only so."""
    from rich import box
    from rich.table import Table as RichTable
    from rich.text import Text

    language = words.language
    modes = all(key in MODE_KEYS for key in keys)
    table = RichTable(box=box.SIMPLE_HEAD, pad_edge=False, padding=(0, 1, 0, 0))
    table.add_column(Text(words("policy")), width=NAME_WIDTH + (6 if modes else 0), overflow="fold")
    for key in keys:
        how = indicator(key)
        table.add_column(
            Text(f"{how.short[language]}\n{how.short_unit[language]}"), justify="right", overflow="fold", no_wrap=modes
        )
    for policy in results.policies:
        cells = [Text("\n".join(cell_lines(results, policy.id, key, words, short=modes))) for key in keys]
        table.add_row(Text(tidy(f"{policy.number} {policy.name(language)}", 60)), *cells)
    return table


def cell_lines(results: Results, policy: str, key: str, words: Words, *, short: bool = False) -> list[str]:
    """Return value, difference and half the width of its interval as lines of plain text."""
    cell, effect, how = headline_cell(results, policy, key, words), results.effect(policy, key), indicator(key)
    lines = [cell["value"]] if cell["value"] else []
    if cell["diff"]:
        lines.append(f"{cell['arrow']} {cell['diff']}".strip())
    if effect.has_interval and not short and (key != tonnes.KEY or cell["ci"]):
        # Student's interval lies evenly around the difference.
        half = (effect.high - effect.low) / 2 * how.factor
        lines.append(f"± {numbers.number(half, how.decimals, words.language)}")
    return lines


def reused_note(run: Run) -> str:
    """Say that nothing was simulated, if so, and how to do it anew; else nothing."""
    if not run.reused:
        return ""
    when = clean(run.manifest.get("created", ""), 40)
    lines = [
        f"the same question was answered before ({when}): its results are reused,",
        "nothing was simulated; only the page was written anew",
    ]
    if run.failed:
        lines.append(f"{len(run.failed)} cases had failed: --replace does the run anew")
    return "".join(f"\n        {line}" for line in lines)


def plain_cell(row: Mapping[str, Any], key: str, language: str) -> str:
    """Write a cell of a comparison: figures as the language writes them, differences with their sign."""
    value = row[key]
    if not isinstance(value, float):
        return str(value)
    if not math.isfinite(value):
        return ""
    text = numbers.loose(value, language)
    return f"+{text}" if key in ("diff", "low", "high") and value > 0 else text
