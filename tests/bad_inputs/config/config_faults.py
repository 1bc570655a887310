"""Faults made from the schemas: for every key missing, wrong type, out of range, misspelt, wrong unit, not finite."""

from __future__ import annotations

import copy
import math
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from tests.bad_inputs.config.config_samples import MEASURES, Loc, experiment, measure
from zemsim.core import units
from zemsim.experiment.settings import experiment_schema


@dataclass(frozen=True)
class Fault:
    """One fault in an otherwise good experiment.

    ``line_of`` is the place whose line the message must give, ``key`` the name it must contain; ``right`` is the key
    that a wrong name must be led to.
    """

    name: str
    document: dict[str, Any]
    line_of: Loc
    key: str
    right: str | None = None


def base_documents() -> Iterator[tuple[str, dict[str, Any], Loc]]:
    """Good documents with a name and the table whose keys are to be spoilt."""
    plain = experiment()
    del plain["policy"][1]["measure"]
    yield "file", plain, ()
    yield "experiment", plain, ("experiment",)
    yield "experiment title", plain, ("experiment", "title")
    yield "policy", experiment(measure(0)), ("policy", 1)
    yield "policy title", plain, ("policy", 1, "title")
    for position, own in enumerate(MEASURES):
        document = experiment(measure(position))
        loc: Loc = ("policy", 1, "measure", 0)
        yield f"{own['lever']} {position + 1}", document, loc
        if "persons" in own:
            yield f"{own['lever']} persons", document, (*loc, "persons")
    yield "measure title", experiment(measure(0)), ("policy", 1, "measure", 0, "title")
    yield "measure transfers", experiment(measure(0)), ("policy", 1, "measure", 0, "transfers")


def faults() -> Iterator[Fault]:
    """Every fault of every key."""
    schema = experiment_schema()
    for name, document, loc in base_documents():
        table = at(document, loc)
        about = schema_of(schema, loc, document)
        for key in table:
            if key in about["properties"]:
                node = resolve(about["properties"][key], schema)
                yield from _of_key(f"{name}: {key}", document, loc, key, node, key in about.get("required", ()))


def _of_key(
    name: str, document: dict[str, Any], loc: Loc, key: str, node: dict[str, Any], must: bool
) -> Iterator[Fault]:
    here = (*loc, key)
    if must:
        yield Fault(f"{name} missing", changed(document, loc, key, DELETE), loc, key)
    for number, value in enumerate(wrong_types(node)):
        yield Fault(f"{name} wrong type {number + 1}", changed(document, loc, key, value), here, key)
    for number, value in enumerate(out_of_range(node)):
        yield Fault(f"{name} out of range {number + 1}", changed(document, loc, key, value), here, key)
    if numeric(node):
        for value in (math.nan, math.inf):
            yield Fault(f"{name} {value}", changed(document, loc, key, value), here, key)
    typo = key[:2] + key[1] + key[2:] if len(key) > 2 else key + key[-1]
    yield Fault(f"{name} misspelt", changed(document, loc, key, DELETE, typo), (*loc, typo), typo, key)
    other = wrong_unit(key)
    if other is not None:
        yield Fault(f"{name} wrong unit", changed(document, loc, key, DELETE, other), (*loc, other), other, key)


DELETE = object()


def changed(document: dict[str, Any], loc: Loc, key: str, value: Any, rename: str | None = None) -> dict[str, Any]:
    """A copy of a document with one key changed, removed, or under another name at the same place."""
    document = copy.deepcopy(document)
    table = at(document, loc)
    items = list(table.items())
    table.clear()
    for name, old in items:
        if name != key:
            table[name] = old
        elif rename is not None:
            table[rename] = old
        elif value is not DELETE:
            table[name] = value
    return document


def at(document: Any, loc: Loc) -> Any:
    for part in loc:
        document = document[part]
    return document


def schema_of(schema: dict[str, Any], loc: Loc, document: Any) -> dict[str, Any]:
    """The part of the schema for a table of the document."""
    node: dict[str, Any] = schema
    for part in loc:
        document = document[part]
        child = node["items"] if isinstance(part, int) else node["properties"][part]
        if "discriminator" in child:
            child = {"$ref": child["discriminator"]["mapping"][document["lever"]]}
        node = resolve(child, schema)
    return node


def resolve(node: dict[str, Any], schema: dict[str, Any]) -> dict[str, Any]:
    if "$ref" in node:
        return resolve(schema["$defs"][node["$ref"].rsplit("/", 1)[1]], schema)
    options = [option for option in node.get("anyOf", ()) if option.get("type") != "null"]
    return resolve(options[0], schema) if len(options) == 1 else node


def options(node: dict[str, Any]) -> list[dict[str, Any]]:
    return list(node.get("anyOf", [node]))


def kinds(node: dict[str, Any]) -> set[str]:
    found = {option.get("type", "string") for option in options(node)}
    return {"number" if kind == "integer" else kind for kind in found}


def numeric(node: dict[str, Any]) -> bool:
    return "number" in kinds(node)


def wrong_types(node: dict[str, Any]) -> Iterator[Any]:
    """Values of types that a key does not take."""
    of_kind: dict[str, Any] = {"string": "seven", "number": 7, "boolean": True, "array": ["x"], "object": {"x": 1}}
    for kind, value in of_kind.items():
        if kind not in kinds(node):
            yield value
    if "string" in kinds(node):
        yield 7.5
    if any(option.get("type") == "integer" for option in options(node)):
        yield 2.5
        yield "2"


def out_of_range(node: dict[str, Any]) -> Iterator[Any]:
    """Values of the right type that are not allowed."""
    for option in options(node):
        for bound, step in (("minimum", -1), ("maximum", 1), ("exclusiveMinimum", 0), ("exclusiveMaximum", 0)):
            if bound in option and option.get("type") in {"number", "integer"}:
                yield type(option[bound])(option[bound]) + step
        if option.get("type") == "integer":
            yield 10**30
        if "minLength" in option:
            yield ""
        if "maxLength" in option:
            yield "x" * (option["maxLength"] + 1)
        if "pattern" in option:
            yield "Not An Id!"
        if "enum" in option or "const" in option:
            yield "something else"
        if option.get("minItems"):
            yield []
        if option.get("type") == "object" and isinstance(option.get("additionalProperties"), dict):
            inner = option["additionalProperties"]
            yield {"2026": inner["maximum"] + 1} if "maximum" in inner else {"2026": "x"}
            yield {"next year": 1}


_OTHER_UNIT = {
    **{"eur": "keur", "kwh": "wh", "kw": "w", "m": "km", "km": "miles", "h": "day", "l": "gallon"},
    **{"share": "percent", "months": "days", "year": "month", "trip": "ride"},
}


def wrong_unit(key: str) -> str | None:
    """The key with its unit exchanged for another, or None if its name has no unit."""
    if units.split_unit(key)[1] is None:
        return None
    parts = key.split("_")
    for position in range(len(parts) - 1, 0, -1):
        if parts[position] in _OTHER_UNIT:
            return "_".join([*parts[:position], _OTHER_UNIT[parts[position]], *parts[position + 1 :]])
    return None


def message_lines(text: str, path: str) -> list[tuple[int, str]]:
    """Lines of a message as (line number, rest)."""
    return [(int(m.group(1)), m.group(2)) for m in re.finditer(rf"^{re.escape(path)}:(\d+): (.*)$", text, re.M)]
