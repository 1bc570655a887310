"""A quantity carries its unit as part of its name, in the tables of a run and in the records of the package."""

from __future__ import annotations

import ast
import json
import re
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from tests.architecture.source import PACKAGE, Module, modules, parse

SCHEMAS = PACKAGE / "core" / "schemas"

#: First word of a unit in a schema to the part that the name of its column has.
PARTS = {
    "m": "m",
    "km": "km",
    "min": "min",
    "s": "s",
    "h": "h",
    "kWh": "kwh",
    "kW": "kw",
    "EUR": "eur",
    "kg": "kg",
    "g": "g",
    "t": "t",
    "l": "l",
}
SPELT = {"l": {"l", "litres"}}

#: Units of columns that need no suffix: counts, codes, words, positions, ratios.
BARE = {
    *("calendar year", "year", "code", "count", "name", "word", "as unit", "position", "seed", "yes or no", "ratio"),
    *("1 to 5", "day of the week", "hour of the day", "degree", "persons", "share", "boardings per day"),
}

#: Endings of the names of quantities in the package: units, and words that are a pure number.
ENDINGS = re.compile(
    r"(^|_)(ms|s|min|h|m|m2|km|km2|km_h|kwh|kw|kwh_km|kwh_l|l|l_km|kg|g|g_km|g_kwh|c|eur|eur_h|eur_kwh|eur_km|eur_l|eur_min"
    r"|eur_month|eur_year|pers|veh|veh_h|share|shares|idx|id|year|years|months|days|day|week|trip|session|point|tonne|mj"
    r"|factor|ratio|weight|weights|scale|gap|utility|probability|log_likelihood|lon|lat|value|low|high|mean|diff|tolerance)$"
)

#: Whole names that are a pure number, a count or a unit of their own. Look twice before adding one.
PURE = {
    "objective",  # of an assignment: vehicles times the time unit of its file
    *("sample", "sd", "ge", "le", "hazard", "quantity", "population", "minute", "transit_max_boardings"),
    *("tours_per_person", "work", "school", "go", "extra", "extra_mandatory"),
}


def faults_of_schema(schema: dict[str, Any]) -> Iterable[str]:
    """Columns whose name does not carry their unit, and units that nobody agreed on."""
    for column in schema["columns"]:
        unit, name = column["unit"], column["name"]
        part = PARTS.get(unit.split(" ")[0])
        if unit in BARE:
            continue
        if part is None:
            yield f"{schema['name']}.{name}: unit {unit} is not one of the agreed ones"
        elif not SPELT.get(part, {part}) & set(name.split("_")):
            yield f"{schema['name']}.{name}: unit {unit} is not in the name"


def bare_fields(module: Module) -> Iterable[str]:
    """Fields of dataclasses that are plain floats and whose name says no unit."""
    for node in ast.walk(module.tree):
        if not isinstance(node, ast.ClassDef) or not any("dataclass" in ast.dump(d) for d in node.decorator_list):
            continue
        for field in node.body:
            if not isinstance(field, ast.AnnAssign) or not isinstance(field.target, ast.Name):
                continue
            name = field.target.id
            if ast.unparse(field.annotation) == "float" and name not in PURE and not ENDINGS.search(name):
                yield f"{module.path}:{field.lineno} {node.name}.{field.target.id}"


def schema_files() -> list[Path]:
    return sorted(SCHEMAS.glob("*.json"))


def test_columns_carry_their_unit() -> None:
    assert schema_files()
    schemas = [json.loads(path.read_text(encoding="utf-8")) for path in schema_files()]
    assert not [fault for schema in schemas for fault in faults_of_schema(schema)]


def test_every_column_has_a_meaning() -> None:
    schemas = [json.loads(path.read_text(encoding="utf-8")) for path in schema_files()]
    assert not [f"{s['name']}.{c['name']}" for s in schemas for c in s["columns"] if not c.get("meaning")]


def test_fields_of_records_carry_their_unit() -> None:
    assert not [fault for module in modules() for fault in bare_fields(module)]


def test_the_checks_see_a_missing_unit() -> None:
    column = {"name": "wait", "unit": "min"}
    assert list(faults_of_schema({"name": "t", "columns": [column]})) == ["t.wait: unit min is not in the name"]
    assert list(faults_of_schema({"name": "t", "columns": [{"name": "x", "unit": "furlong"}]}))
    assert not list(faults_of_schema({"name": "t", "columns": [{"name": "wait_min", "unit": "min"}]}))
    text = "@dataclass(frozen=True)\nclass A:\n    speed: float\n    speed_km_h: float\n"
    assert list(bare_fields(parse("zemsim.x", "zemsim/x.py", text))) == ["zemsim/x.py:3 A.speed"]
