"""Modules with one noun, functions that fit a screen, a docstring on every public function that is not trivial."""

from __future__ import annotations

import ast
from collections.abc import Iterable

from tests.architecture.source import Function, Module, modules, parse

MODULE_LINES = 400
FUNCTION_LINES = 80
SHORT_LINES = 8

#: What is larger than the rule allows, with its size. A size may only fall; at the limit the line goes.
LONG_MODULES: dict[str, int] = {}
LONG_FUNCTIONS: dict[str, int] = {}


def length(node: Function) -> int:
    """Lines of a function without its docstring: words that explain are not what makes it long."""
    total = (node.end_lineno or node.lineno) - node.lineno + 1
    if ast.get_docstring(node) is not None:
        first = node.body[0]
        total -= (first.end_lineno or first.lineno) - first.lineno + 1
    return total


def long_functions(module: Module) -> dict[str, int]:
    """Functions over the limit: ``path:name`` to lines."""
    found = {f"{module.path}:{node.name}": length(node) for node in module.functions()}
    return {name: lines for name, lines in found.items() if lines >= FUNCTION_LINES}


def undocumented(module: Module) -> Iterable[str]:
    """Public functions over eight lines, and modules, without a docstring."""
    if ast.get_docstring(module.tree) is None and module.text.strip():
        yield f"{module.path}:1 has no docstring"
    for node in module.functions():
        long = (node.end_lineno or node.lineno) - node.lineno + 1 > SHORT_LINES
        if long and not node.name.startswith("_") and ast.get_docstring(node) is None:
            yield f"{module.path}:{node.lineno} {node.name} has no docstring"


def test_modules_have_one_noun() -> None:
    long = {m.path: n for m in modules() if (n := m.text.count("\n")) >= MODULE_LINES}
    assert long == LONG_MODULES


def test_functions_fit_a_screen() -> None:
    long: dict[str, int] = {}
    for module in modules():
        long |= long_functions(module)
    assert long == LONG_FUNCTIONS


def test_public_functions_say_what_they_do() -> None:
    assert not [fault for module in modules() for fault in undocumented(module)]


def test_the_checks_see_a_long_function_and_a_missing_docstring() -> None:
    body = "\n".join(f"    x{i} = {i}" for i in range(FUNCTION_LINES))
    module = parse("zemsim.x", "zemsim/x.py", f'"""X."""\ndef f():\n{body}\n')
    assert long_functions(module) == {"zemsim/x.py:f": FUNCTION_LINES + 1}
    assert list(undocumented(module)) == ["zemsim/x.py:2 f has no docstring"]
    assert list(undocumented(parse("zemsim.x", "zemsim/x.py", "x = 1\n"))) == ["zemsim/x.py:1 has no docstring"]
