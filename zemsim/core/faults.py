"""What pydantic finds, in the words of a person: the key, what is wrong, what is allowed, the nearest known name."""

from __future__ import annotations

import functools
from collections.abc import Mapping
from typing import Any

from pydantic import BaseModel, ValidationError

from zemsim.core import units
from zemsim.core.errors import MAX_NAME_SHOWN, clean, did_you_mean, nearest
from zemsim.core.toml_lines import Loc

Fault = tuple[Loc, str, str | None]

_BOUNDS = {
    "greater_than_equal": ("must be at least", "ge"),
    "greater_than": ("must be greater than", "gt"),
    "less_than_equal": ("must be at most", "le"),
    "less_than": ("must be less than", "lt"),
}
#: Of how many times the faults that are told names are compared; the others are only counted.
_LOOKED_THROUGH = 10
#: Tables of so few keys are shown with all of them.
_FEW_KEYS = 6
_LENGTHS = {"string_too_short", "string_too_long", "too_short", "too_long"}
_KINDS = {
    "string": "text in quotes",
    "number": "a number",
    "integer": "a whole number",
    "boolean": "true or false",
    "array": "a list",
    "object": "a table",
}


@functools.cache
def _schema(model: type[BaseModel]) -> dict[str, Any]:
    return model.model_json_schema()


def describe(
    error: ValidationError, model: type[BaseModel], data: Mapping[str, Any], limit: int
) -> tuple[list[Fault], int]:
    """Return place, message and hint of the first ``limit`` faults, and how many more there are."""
    schema = _schema(model)
    items = error.errors(include_url=False)
    found = [(_real_loc(item, data), item) for item in items[: _LOOKED_THROUGH * limit]]
    mended = _keys_that_unknown_ones_meant(found, schema, data)
    kept = [
        (loc, item)
        for loc, item in found
        if not (_only_seems_short(item) or (item["type"] == "missing" and loc in mended))
    ]
    more = len(items) - len(found) + max(len(kept) - limit, 0)
    return [_fault(loc, item, schema, data) for loc, item in kept[:limit]], more


def _only_seems_short(item: Any) -> bool:
    """Tell a list that is called too short because its members have faults: pydantic counts only the sound ones."""
    given = item.get("input")
    return item["type"] == "too_short" and isinstance(given, (list, tuple)) and len(given) >= item["ctx"]["min_length"]


def _keys_that_unknown_ones_meant(found: list[tuple[Loc, Any]], schema: dict[str, Any], data: Any) -> set[Loc]:
    """Return the places of missing keys that were written with a wrong name: one fault, one message."""
    missing: dict[Loc, list[str]] = {}
    for loc, item in found:
        if item["type"] == "missing":
            missing.setdefault(loc[:-1], []).append(str(loc[-1]))
    meant: set[Loc] = set()
    for loc, item in found:
        if item["type"] == "extra_forbidden" and loc[:-1] in missing:
            near = _unit_twins(str(loc[-1]), _properties(schema, loc[:-1], data))
            best = nearest(str(loc[-1]), missing[loc[:-1]])
            meant.update((*loc[:-1], name) for name in [*near, *([best] if best else [])])
    return meant


def _real_loc(item: Any, data: Any) -> Loc:
    """Return pydantic's place without the tags and labels that do not stand in the file."""
    loc: list[str | int] = []
    node = data
    parts = list(item["loc"])
    for position, part in enumerate(parts):
        last = position == len(parts) - 1
        if isinstance(node, dict):
            if part in node or (last and item["type"] == "missing"):
                loc.append(part)
                node = node.get(part)
            elif str(part) in node:
                loc.append(str(part))
                node = node[str(part)]
        elif isinstance(node, list) and isinstance(part, int) and part < len(node):
            loc.append(part)
            node = node[part]
    key = item.get("ctx", {}).get("key")
    if key is not None:
        loc.extend(key if isinstance(key, (list, tuple)) else [key])
    elif item["type"].startswith("union_tag"):
        loc.append(str(item["ctx"]["discriminator"]).strip("'"))
    return tuple(loc)


def _fault(loc: Loc, item: Any, schema: dict[str, Any], data: Any) -> Fault:
    kind = item["type"]
    given = item.get("input")
    node = _node(schema, loc, data)
    if kind == "missing":
        return loc, f"required key “{loc[-1]}” is missing", _advice(node, loc)
    if kind == "extra_forbidden":
        return _unknown_key(loc, schema, data)
    if kind == "union_tag_not_found":
        written = nearest(str(loc[-1]), [str(key) for key in given]) if isinstance(given, dict) else None
        if written is None:
            return loc, f"required key “{loc[-1]}” is missing", "it says which kind this is"
        shown = clean(written, MAX_NAME_SHOWN)
        return (*loc[:-1], written), f"unknown key “{shown}”", f"did you mean “{loc[-1]}”?"
    if kind == "union_tag_invalid":
        tags = [tag.strip().strip("'") for tag in item["ctx"]["expected_tags"].split(",")]
        tag = str(item["ctx"]["tag"])
        return loc, f"unknown {loc[-1]} “{clean(tag, MAX_NAME_SHOWN)}”", did_you_mean(tag, tags)
    if kind in _BOUNDS:
        words, bound = _BOUNDS[kind]
        return loc, f"{words} {_number(item['ctx'][bound])}, got {_shown(given)}", _advice(node, loc)
    if kind in {"literal_error", "enum"}:
        known = _choices(node)
        hint = did_you_mean(given, known, "allowed") if isinstance(given, str) else f"allowed: {', '.join(known)}"
        return loc, f"unknown value {_shown(given)}", hint
    if kind.endswith("_type") or kind in {"int_from_float", "int_parsing", "float_parsing"}:
        return loc, f"must be {_wanted(node, item)}, got {_shown(given)}", _advice(node, loc)
    if kind in _LENGTHS:
        return loc, _length(kind, item["ctx"], given), _advice(node, loc)
    if kind == "string_pattern_mismatch":
        return loc, f"{_shown(given)} has signs that are not allowed here", _advice(node, loc)
    if kind == "finite_number":
        return loc, f"must be a finite number, got {_shown(given)}", _advice(node, loc)
    message = str(item["msg"]).removeprefix("Value error, ")
    return loc, message[:1].lower() + message[1:], item.get("ctx", {}).get("hint") or _advice(node, loc)


def _length(kind: str, context: Any, given: Any) -> str:
    """Return the message for a text, list or table that is too short or too long."""
    most, least = context.get("max_length"), context.get("min_length")
    if kind.startswith("string"):
        return "must not be empty" if least == 1 else f"must have at most {most:,} letters, got {len(given):,}"
    if kind == "too_short":
        return "must not be empty" if least == 1 else f"must have at least {least:,} values"
    return f"must have at most {most:,} values"


def _unknown_key(loc: Loc, schema: dict[str, Any], data: Any) -> Fault:
    name = str(loc[-1])
    known = _properties(schema, loc[:-1], data)
    shown = clean(name, MAX_NAME_SHOWN)
    twins = _unit_twins(name, known)
    if twins and name.casefold() not in {other.casefold() for other in twins}:
        wanted = " or ".join(
            f"“{twin}”" + (f" ({unit})" if (unit := units.describe_unit(twin)) else "") for twin in twins
        )
        return loc, f"unknown key “{shown}”", f"the unit is part of the name: write {wanted}"
    home = _array_that_has(name, schema) if len(loc) == 1 else None
    if home is not None:
        return loc, f"unknown key “{shown}”", f"it stands in “{home}”: write [[{home}.{shown}]] below its [[{home}]]"
    hint = did_you_mean(name, known)
    few = len(known) <= _FEW_KEYS and nearest(name, known) is not None
    return loc, f"unknown key “{shown}”", f"{hint} allowed: {', '.join(known)}" if few else hint


def _array_that_has(name: str, schema: dict[str, Any]) -> str | None:
    """Return the key of the file whose tables may have tables of this name, or None."""
    for key, node in schema.get("properties", {}).items():
        inside = _resolve(_child(node, 0), schema, None).get("properties", {}).get(name, {})
        if inside.get("type") == "array" and _child(inside, 0):
            return str(key)
    return None


def _unit_twins(name: str, known: list[str]) -> list[str]:
    """Return the known keys that are the same quantity in another unit: same stem, else stem at a word's beginning."""
    stem = units.stem(name[:MAX_NAME_SHOWN])
    with_unit = [other for other in known if units.split_unit(other)[1] is not None]
    same = [other for other in with_unit if units.stem(other) == stem]
    if same or stem == name:
        return same
    return [other for other in with_unit if units.stem(other).startswith(f"{stem}_")]


def _number(value: Any) -> str:
    if isinstance(value, float) and value.is_integer() and abs(value) < 1e15:
        value = int(value)
    return f"{value:,}" if isinstance(value, int) and abs(value) >= 10_000 else str(value)


def _shown(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int) and value.bit_length() > 128:
        return "a number with too many digits"
    if isinstance(value, (int, float)):
        return str(value)
    if isinstance(value, str):
        return f"“{clean(value, MAX_NAME_SHOWN)}”"
    if isinstance(value, dict):
        return "a table"
    if isinstance(value, (list, tuple)):
        return "a list"
    return clean(value, MAX_NAME_SHOWN)


def _wanted(node: dict[str, Any], item: Any) -> str:
    kinds = [_KINDS[option["type"]] for option in _options(node) if option.get("type") in _KINDS]
    if kinds:
        return " or ".join(dict.fromkeys(kinds))
    return str(item["msg"]).removeprefix("Input should be ")


def _advice(node: dict[str, Any], loc: Loc) -> str | None:
    """Return what is allowed at a place, and what it means."""
    parts = []
    for option in _options(node):
        low, high = option.get("minimum"), option.get("maximum")
        low = option.get("exclusiveMinimum") if low is None else low
        high = option.get("exclusiveMaximum") if high is None else high
        if low is not None and high is not None:
            parts.append(f"allowed {_number(low)} to {_number(high)}")
            break
        if low is not None or high is not None:
            parts.append(f"allowed from {_number(low)}" if high is None else f"allowed up to {_number(high)}")
            break
    choices = _choices(node)
    if choices:
        parts.append("allowed: " + ", ".join(choices))
    keys = [key for option in _options(node) for key in option.get("properties", {})]
    if 0 < len(keys) <= _FEW_KEYS:
        parts.append("keys: " + ", ".join(keys))
    unit = units.describe_unit(str(loc[-1])) if loc and isinstance(loc[-1], str) else None
    if unit is not None and unit != "calendar year":
        parts.append(unit if unit.startswith("share") else f"in {unit}")
    if node.get("description"):
        parts.append(str(node["description"]).split("\n")[0].rstrip("."))
    return "; ".join(parts) or None


def _choices(node: dict[str, Any]) -> list[str]:
    for option in _options(node):
        if "enum" in option:
            return [str(choice) for choice in option["enum"]]
        if "const" in option:
            return [str(option["const"])]
    return []


def _options(node: dict[str, Any]) -> list[dict[str, Any]]:
    return [option for option in node.get("anyOf", [node]) if option.get("type") != "null"]


def _properties(schema: dict[str, Any], loc: Loc, data: Any) -> list[str]:
    return sorted(_node(schema, loc, data).get("properties", {}))


def _node(schema: dict[str, Any], loc: Loc, data: Any) -> dict[str, Any]:
    """Return the part of a JSON schema that describes a place of the data; empty if there is none."""
    node = _resolve(schema, schema, data)
    for part in loc:
        data = _step(data, part)
        node = _resolve(_child(node, part), schema, data)
    return node


def _step(data: Any, part: str | int) -> Any:
    if isinstance(data, dict):
        return data.get(part)
    if isinstance(data, list) and isinstance(part, int) and part < len(data):
        return data[part]
    return None


def _child(node: dict[str, Any], part: str | int) -> dict[str, Any]:
    for option in _options(node):
        child = option.get("items") if isinstance(part, int) else option.get("properties", {}).get(part)
        if child is None and isinstance(part, str) and isinstance(option.get("additionalProperties"), dict):
            child = option["additionalProperties"]
        if isinstance(child, dict):
            return child
    return {}


def _resolve(node: dict[str, Any], schema: dict[str, Any], data: Any) -> dict[str, Any]:
    """Follow references, the chosen member of a tagged union, and the one option of an optional value."""
    for _ in range(8):
        outer = {key: node[key] for key in ("description",) if key in node}
        if "$ref" in node:
            node = {**schema["$defs"][node["$ref"].rsplit("/", 1)[1]], **outer}
        elif "discriminator" in node:
            tag = data.get(node["discriminator"]["propertyName"]) if isinstance(data, dict) else None
            mapping = node["discriminator"].get("mapping", {})
            if not isinstance(tag, str) or tag not in mapping:
                return {}
            node = {"$ref": mapping[tag]}
        elif "anyOf" in node and len(_options(node)) == 1:
            node = {**_options(node)[0], **outer}
        else:
            break
    return node
