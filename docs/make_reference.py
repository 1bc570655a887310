"""Writes the generated parts of the reference pages from the code, or checks that they are up to date.

``python docs/make_reference.py`` writes them, ``python docs/make_reference.py --check`` ends with 1 if a page differs.
A generated part stands between ``<!-- generated: NAME -->`` and ``<!-- end -->``; what is around it is written by hand.
"""

from __future__ import annotations

import csv
import enum
import inspect
import re
import sys
import tomllib
from collections.abc import Callable, Collection, Iterable, Iterator
from pathlib import Path
from typing import Any, Literal, get_args, get_origin

ROOT = Path(__file__).resolve().parents[1]
#: Levers that are shown with a measure of the catalogue.
TIMETABLE_LEVERS = ("bus_frequency", "new_line", "new_stop", "closed_stop", "bus_speed", "on_demand_bus")
#: Lines of a measure that only describe it.
DESCRIPTION = re.compile(r"(title|theme|category|origin|transfers)\s*=")
PART = re.compile(r"(<!-- generated: ([\w-]+) -->\n).*?(<!-- end -->)", flags=re.S)


def table(head: list[str], rows: list[list[str]]) -> str:
    """A Markdown table; a bar inside a cell is escaped."""
    lines = [head, ["---"] * len(head), *rows]
    return "".join("| " + " | ".join(str(cell).replace("|", "\\|") for cell in line) + " |\n" for line in lines)


def floors() -> str:
    """The layers of pyproject.toml, the highest first, each room with the first line of its docstring."""
    with (ROOT / "pyproject.toml").open("rb") as file:
        layers = tomllib.load(file)["tool"]["importlinter"]["contracts"][0]["layers"]
    rows = []
    for layer in layers:
        rooms = [room.strip().removeprefix("zemsim.") for room in layer.split("|")]
        rows.append([" · ".join(f"`{room}`" for room in rooms), " · ".join(_first_line(room) for room in rooms)])
    return table(["floor", "what"], rows)


def _first_line(room: str) -> str:
    import ast

    path = ROOT / "zemsim" / room
    file = path / "__init__.py" if path.is_dir() else path.with_suffix(".py")
    text = ast.get_docstring(ast.parse(file.read_text(encoding="utf-8"))) or ""
    return _without_markup(text.partition("\n\n")[0].replace("\n", " ").rstrip("."))


def _without_markup(text: str) -> str:
    """Words of a docstring for Markdown: roles of Sphinx become names in back quotes."""
    text = re.sub(r":\w+:`~?(?:[\w.]*\.)?(\w+)`", r"`\1`", text)
    return text.replace("``", "`")


def tables() -> str:
    """Every table of a run folder with its columns, from zemsim/core/schemas."""
    from zemsim.core.schema import schema, table_names

    parts = []
    for name in table_names():
        plan = schema(name)
        parts.append(f"### {name}\n\n`{plan.path.format(policy='POLICY', seed='S')}`: one row is {plan.rows}.\n\n")
        rows = [[f"`{c.name}`", c.dtype, c.unit, c.meaning + _values(c.values, c.words)] for c in plan.columns]
        parts.append(table(["column", "type", "unit", "meaning"], rows) + "\n")
    return "".join(parts).rstrip("\n") + "\n"


def _values(values: str | None, words: tuple[str, ...]) -> str:
    if values:
        return f" (`{values}`)"
    return f": {', '.join(words)}" if words else ""


def codes() -> str:
    """The integer codes of zemsim.core.names."""
    from zemsim.core import names

    kinds = [v for v in vars(names).values() if isinstance(v, type) and issubclass(v, enum.IntEnum) and list(v)]
    rows = [[f"`{k.__name__}`", ", ".join(f"{m.value} {m.name.lower()}" for m in k)] for k in kinds]
    periods = ", ".join(
        f"{i} {p.name} ({_clock(p.start_min)}-{_clock(p.end_min)})" for i, p in enumerate(names.PERIODS)
    )
    return table(["code", "values"], [*rows, ["`PERIODS`", periods]])


def _clock(minutes: int) -> str:
    return f"{minutes // 60:02d}:{minutes % 60:02d}"


def indicators() -> str:
    """The indicators, from the table that the program sums them by."""
    with (ROOT / "zemsim" / "evidence" / "indicators.csv").open(encoding="utf-8", newline="") as file:
        head, *rows = csv.reader(file)
    return table(head, [[f"`{row[0]}`", *row[1:]] for row in rows])


def commands() -> str:
    """Every command with its help, as ``zemsim COMMAND --help`` prints it."""
    import click

    from zemsim.cli import cli

    def walk(command: click.Command, name: str, parent: click.Context | None) -> Iterator[str]:
        with click.Context(
            command, info_name=name, parent=parent, terminal_width=100, max_content_width=100
        ) as context:
            yield f"### {context.command_path}\n\n```\n{command.get_help(context)}\n```\n\n"
            if isinstance(command, click.Group):
                for child in command.list_commands(context):
                    found = command.get_command(context, child)
                    if found is not None:
                        yield from walk(found, child, context)

    return "".join(walk(cli, "zemsim", None)).rstrip("\n") + "\n"


def levers() -> str:
    """Every kind of lever with its keys, from zemsim.policy."""
    from zemsim.policy.lever import Costed, Lever
    from zemsim.policy.levers import LEVERS

    parts = [_keys("## Every measure", Lever, ()), _keys("## Measures with costs of their own", Costed, ())]
    for name, kind in LEVERS.items():
        costs = set(Costed.model_fields) if issubclass(kind, Costed) else set()
        more = " It has the keys of costs, too." if costs else ""
        parts.append(_keys(f"## `{name}`", kind, {"lever", *Lever.model_fields} | costs, more))
        if name in TIMETABLE_LEVERS:
            parts.append(_example(name))
    return "\n".join(parts)


def _example(lever: str) -> str:
    """The first measure of the catalogue with a lever, without what only describes it."""
    folder = ROOT / "zemsim" / "policy" / "measures"
    texts = ((file, file.read_text(encoding="utf-8")) for file in sorted(folder.glob("*.toml")))
    file, text = next((f, t) for f, t in texts if re.search(rf'^lever\s*=\s*"{lever}"$', t, flags=re.M))
    short = "".join(line for line in text.splitlines(keepends=True) if not DESCRIPTION.match(line))
    return f"For example, of the catalogue's `{file.stem}`:\n\n```toml\n# measure\n{short}```\n"


def _inner_tables(kind: Any, without: Collection[str]) -> str:
    """The keys of the tables that are values of a lever."""
    homes: dict[Any, list[str]] = {}
    for name, field in kind.model_fields.items():
        inner = None if name in without else _table_in(field.annotation)
        if inner is not None:
            homes.setdefault(inner, []).append(f"`{name}`")
    return "".join("\n" + _keys(f"### The table {', '.join(names)}", inner, ()) for inner, names in homes.items())


def _table_in(annotation: Any) -> Any:
    """The kind of table that a value is, given its type; None if it is none."""
    from pydantic import BaseModel

    options = [part for part in (annotation, *get_args(annotation)) if isinstance(part, type)]
    return next((part for part in options if issubclass(part, BaseModel)), None)


def _keys(heading: str, kind: Any, without: Collection[str], more: str = "") -> str:
    text = _without_markup(re.sub(r"\s+", " ", inspect.getdoc(kind) or ""))
    rows = []
    for name, field in kind.model_fields.items():
        if name not in without:
            kinds = ["a table"] if _table_in(field.annotation) else []
            values = ", ".join(filter(None, [*kinds, *_ranges(field.metadata), *_values_of(field.annotation)]))
            rows.append([f"`{name}`", "must" if field.is_required() else "may", values, field.description or ""])
    own = f"{heading}\n\n{text}{more}\n\n{table(['key', '', 'values', 'what'], rows)}"
    return own + _inner_tables(kind, without)


def _values_of(annotation: Any) -> list[str]:
    """Words and ranges inside a type: of a Literal, of an Annotated part of an optional or a tuple."""
    if get_origin(annotation) is Literal:
        return [f"`{word}`" for word in get_args(annotation)]
    inside = [text for part in get_args(annotation) for text in _values_of(part)]
    return [*_ranges(getattr(annotation, "__metadata__", ())), *inside]


def _ranges(metadata: Iterable[Any]) -> list[str]:
    """``0 to 5`` of the limits in the metadata of a field; ``steps`` where the value may change over the years."""
    limits = {key: value for m in metadata for key in ("ge", "gt", "le") if (value := _limit(m, key)) is not None}
    steps = ["by year"] if any(type(m).__name__ == "Steps" for m in metadata) else []
    low = _plain(limits["ge"]) if "ge" in limits else f"over {_plain(limits['gt'])}" if "gt" in limits else ""
    high = _plain(limits["le"]) if "le" in limits else ""
    return [*([f"{low} to {high}" if low and high else low or high] if limits else []), *steps]


def _plain(value: float) -> str:
    return f"{value:,.10g}" if abs(value) >= 10_000 else f"{value:g}"


def _limit(metadata: Any, key: str) -> float | None:
    """One limit of a piece of metadata; pydantic keeps those of a ``Field`` one level deeper."""
    nested = [_limit(inner, key) for inner in getattr(metadata, "metadata", ())]
    return next((v for v in [getattr(metadata, key, None), *nested] if v is not None), None)


def pack() -> str:
    """Files and fields of the embedded pack, from its datapackage.json."""
    import json

    file = ROOT / "zemsim" / "region" / "packs" / "zemgale" / "datapackage.json"
    package = json.loads(file.read_text(encoding="utf-8"))
    rows = []
    for resource in package["resources"]:
        fields = resource.get("schema", {}).get("fields", [])
        names = ", ".join(f"`{field['name']}`" for field in fields)
        rows.append([f"`{resource['path']}`", resource.get("title") or resource.get("description", ""), names])
    return table(["file", "what", "fields"], rows)


def parameters() -> str:
    """The register of assumptions: every behavioural parameter, and what it moves."""
    from zemsim.behaviour.parameters import load_parameters
    from zemsim.calibrate.register import register

    known = register()
    head = ["symbol", "name", "value", "range", "unit", "grade", "read", known.head, "source", "note"]
    rows = []
    for p in sorted(load_parameters().table.values(), key=lambda p: (not p.used, p.group)):
        read = "yes" if p.used else "not yet"
        values = [f"{p.value:g}", f"{p.low:g} to {p.high:g}", p.unit, p.grade, read, known.most_moved(p.symbol)]
        rows.append([f"`{p.symbol}`", p.name, *values, p.source, p.note])
    note = known.note()
    return f"{note[0].upper()}{note[1:]}.\n\n{table(head, rows)}"


def realism() -> str:
    """The realism tests with their bands, from the table that `zemsim realism` reads."""
    from zemsim.calibrate.realism_table import read_tests

    head = ["test", "what", "change", "run", "band", "source", "grade", "note"]
    rows = []
    for test in read_tests():
        start = "" if test.base_factor == 1.0 else f"from {test.base_factor:g} times, "
        change = f"`{test.of}` over `{test.over}`" if test.is_ratio else f"{start}`{test.change}` times {test.factor:g}"
        low, high = ("" if end is None else f"{end:g}" for end in (test.low, test.high))
        band = f"{low} to {high}" if low and high else f"from {low}" if low else ""
        run = "" if test.is_ratio else test.horizon
        rows.append([f"`{test.test}`", test.title["en"], change, run, band, test.source, test.grade, test.note])
    return table(head, rows)


def model_file() -> str:
    """Every key of a model file of `zemsim estimate`, from its specification."""
    from zemsim.calibrate.logit.specification import ModelFile

    return _keys("## The file", ModelFile, ())


MAKERS: dict[str, Callable[[], str]] = {
    "floors": floors,
    "tables": tables,
    "codes": codes,
    "indicators": indicators,
    "commands": commands,
    "levers": levers,
    "model-file": model_file,
    "pack": pack,
    "parameters": parameters,
    "realism": realism,
}


def renewed(text: str) -> str:
    """A page with its generated parts made anew; an unknown part is an error."""
    return PART.sub(lambda found: f"{found[1]}\n{MAKERS[found[2]]()}\n{found[3]}", text)


def main(arguments: list[str]) -> int:
    """Write the pages, or compare them with ``--check``; 1 if a page differs."""
    stale = []
    for page in sorted((ROOT / "docs").rglob("*.md")):
        text = page.read_text(encoding="utf-8")
        fresh = renewed(text)
        if fresh != text:
            stale.append(page)
            if "--check" not in arguments:
                page.write_text(fresh, encoding="utf-8")
    for page in stale:
        print(f"{'differs' if '--check' in arguments else 'written'}: {page.relative_to(ROOT).as_posix()}")
    return 1 if stale and "--check" in arguments else 0


if __name__ == "__main__":
    sys.path.insert(0, str(ROOT))
    sys.exit(main(sys.argv[1:]))
