"""Commands about how residents behave in the model: its parameters, and its answers against published ones."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final

import click

from zemsim.commands.options import as_json, language
from zemsim.core.command_line import plain_text, print_columns, print_json
from zemsim.core.errors import EXIT_SOME_FAILED, UsageError, clean

if TYPE_CHECKING:
    from zemsim.behaviour.parameters import Parameter
    from zemsim.calibrate.realism import Realism

#: Households and seeds of the realism tests without options; docs/explanation/realism.md says how they were chosen.
SAMPLE: Final = 1.0
SEEDS: Final = 3

_WORDS: Final = {
    "en": {
        "head": ("test", "value", "band", "+x % change", "spread", "verdict", "source"),
        "group": ("by income", "by area", "by place"),
        "low": "from {0:g}",
        "high": "up to {0:g}",
        "said": "{scored} tests scored, {failed} failed, {told} told without a score or not yet to be said; "
        "{seeds} seeds, {sample} of the households",
    },
    "lv": {
        "head": ("tests", "vērtība", "robežas", "izmaiņa pie +x %", "izkliede", "vērtējums", "avots"),
        "group": ("pēc ienākumiem", "pēc teritorijas veida", "pēc vietas"),
        "low": "no {0:g}",
        "high": "līdz {0:g}",
        "said": "vērtēti {scored} testi, neizturēti {failed}, bez vērtējuma vai vēl nepateikti {told}; "
        "sēklas: {seeds}, mājsaimniecību daļa: {sample}",
    },
}


@click.command()
@click.argument("symbol", required=False)
@click.option("--group", help="Only this group.")
@click.option("--used/--unused", "used", default=None, help="Only those that a run reads, or does not read yet.")
@as_json
def parameters(symbol: str | None, group: str | None, used: bool | None, as_json: bool) -> None:
    """List the behavioural parameters: the register of assumptions. With SYMBOL, all that is known about one.

    Each has a value, range, unit, source and grade, says whether a run reads it yet, and how far the main results move
    when it moves to the ends of its range (`python -m zemsim.calibrate.sensitivity` works that out).
    """
    from zemsim.behaviour.parameters import load_parameters
    from zemsim.calibrate.register import register
    from zemsim.core.errors import did_you_mean

    table = load_parameters().table
    groups = sorted({p.group for p in table.values()})
    if group is not None and group not in groups:
        raise UsageError(f"there is no group “{clean(group, 80)}” of parameters: {did_you_mean(group, groups)}")
    if symbol is not None and symbol not in table:
        raise UsageError(f"there is no parameter “{clean(symbol, 80)}”: {did_you_mean(symbol, table)}")
    if symbol is not None and group not in (None, table[symbol].group):
        raise UsageError(f"parameter {symbol} is of the group “{table[symbol].group}”, not of “{clean(group, 80)}”")
    found = register()
    chosen = [
        p for p in table.values() if symbol in (None, p.symbol) and group in (None, p.group) and used in (None, p.used)
    ]
    rows = [{**vars(p), "sensitivity": found.moves_of(p.symbol)} for p in chosen]
    if as_json:
        print_json({"rows": rows, "sensitivity": found.about()})
    elif symbol is not None:
        for row in rows:
            print_columns(((key, plain_text(value)) for key, value in _flat(row).items()), (symbol, ""))
        click.echo(found.note())
    else:
        _print_parameters(chosen, {p.symbol: found.most_moved(p.symbol) for p in chosen}, found.head)
        click.echo(f"\n{found.note()}")


def _flat(row: Mapping[str, Any]) -> dict[str, Any]:
    """A parameter with one line for each end of its range."""
    kept = {key: value for key, value in row.items() if key not in ("sensitivity", "symbol")}
    return kept | {f"at {m['side']} {m['value']:g}": m["moves"] for m in row["sensitivity"]}


def _print_parameters(chosen: list[Parameter], moved: Mapping[str, str], head: str) -> None:
    rows = []
    for p in chosen:
        read = "yes" if p.used else "no"
        known = (p.symbol, f"{p.value:g}", f"{p.low:g} to {p.high:g}", p.unit, p.grade)
        rows.append((*known, read, moved[p.symbol], p.name))
    print_columns(rows, ("symbol", "value", "range", "unit", "grade", "read", head, "name"))


@click.command()
@click.option(
    "--sample", type=float, default=SAMPLE, show_default=True, help="Share of the households, above 0 and up to 1."
)
@click.option("--seeds", type=click.IntRange(1, 100), default=SEEDS, show_default=True, help="Number of common seeds.")
@click.option(
    "--set", "changed", multiple=True, metavar="SYMBOL=VALUE", help="Another value of a parameter; repeatable."
)
@click.option("--groups", is_flag=True, help="Print the answers by income fifth, area and municipality, too.")
@click.option(
    "--threads", type=click.IntRange(min=1), help="Cores to use; all without it. Results do not depend on it."
)
@as_json
@language
def realism(
    sample: float, seeds: int, changed: tuple[str, ...], groups: bool, threads: int | None, as_json: bool, lang: str
) -> None:
    """Compare the model's answers to prices, times and departures with published bands. Ends with 3 if one fails.

    Values are arc elasticities, means over the seeds; beside them stands the plain change over the change. The spread
    between the seeds must stay below a fifth of each effect that is scored. The tests are data, in
    calibration/realism.csv.
    """
    from zemsim.experiment.progress import shown

    behaviour = dict(_setting(text) for text in changed)
    with shown(None) as show:
        show(0, 0, "loading the program")
        from zemsim.calibrate.realism import realism as test_realism
        from zemsim.experiment.runner import cores

        found = test_realism(sample, seeds, cores() if threads is None else threads, show, behaviour=behaviour)
    if as_json:
        about = {"passed": found.passed, "sample": found.sample, "seeds": found.seeds}
        print_json({**about, "rows": [line.row(lang) for line in found.lines], "groups": found.groups})
    else:
        _print_realism(found, lang, groups)
    if not found.passed:
        raise click.exceptions.Exit(EXIT_SOME_FAILED)


def _setting(text: str) -> tuple[str, float]:
    """A parameter and its value from ``SYMBOL=VALUE``."""
    symbol, _, value = text.partition("=")
    try:
        return symbol.strip(), float(value)
    except ValueError:
        raise UsageError(f"--set takes SYMBOL=VALUE with a number, got “{clean(text, 80)}”") from None


def _print_realism(found: Realism, lang: str, groups: bool) -> None:
    words: Any = _WORDS[lang]
    rows = [line.row(lang) for line in found.lines]
    print_columns([_cells(row, words) for row in rows], words["head"])
    if groups:
        for kind, title in zip(("income", "area", "place"), words["group"], strict=True):
            click.echo(f"\n{title}")
            _print_groups([row for row in found.groups if row["kind"] == kind])
    for row in rows:
        if row["reason"]:
            click.echo(f"\n{row['title']}: {row['reason']}")
    failed = sum(line.passed is False or line.steady is False for line in found.lines)
    scored = sum(line.passed is not None for line in found.lines)
    told = len(rows) - scored
    said = words["said"].format(scored=scored, failed=failed, told=told, seeds=found.seeds, sample=f"{found.sample:g}")
    click.echo(f"\n{said}")


def _cells(row: Mapping[str, Any], words: Mapping[str, Any]) -> tuple[str, ...]:
    ends = [words[end].format(row[end]) for end in ("low", "high") if row[end] is not None]
    band = f"{row['low']:g} .. {row['high']:g}" if len(ends) > 1 else "".join(ends)
    spread = row["spread_share"]
    told = "" if spread != spread else f"{spread:.0%}"
    return row["title"], f"{row['value']:.3f}", band, f"{row['plain_value']:.3f}", told, row["verdict"], row["source"]


def _print_groups(rows: list[dict[str, Any]]) -> None:
    """One line for each test, one column for each group."""
    names = list(dict.fromkeys(row["group"] for row in rows))
    tests = list(dict.fromkeys(row["test"] for row in rows))
    value = {(row["test"], row["group"]): row["value"] for row in rows}
    print_columns([(test, *(f"{value[test, name]:.2f}" for name in names)) for test in tests], ("test", *names))
