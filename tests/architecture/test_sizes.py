"""Modules with one noun, functions that fit a screen, a docstring on every public function that is not trivial."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator

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


def undocumented(module: Module, inherited: frozenset[tuple[str, str]] = frozenset()) -> Iterable[str]:
    """Modules, and public functions and methods over eight lines, without a docstring.

    A method that overrides a documented one needs none of its own; ``inherited`` names such (class, method) pairs.
    """
    if ast.get_docstring(module.tree) is None and module.text.strip():
        yield f"{module.path}:1 has no docstring"
    for owner, node in public_functions(module):
        long = (node.end_lineno or node.lineno) - node.lineno + 1 > SHORT_LINES
        if long and ast.get_docstring(node) is None and (owner, node.name) not in inherited:
            yield f"{module.path}:{node.lineno} {node.name} has no docstring"


def public_functions(module: Module) -> Iterator[tuple[str, Function]]:
    """Functions of the module, and methods of its classes with the name of their class; not what is private."""
    for node in module.tree.body:
        if isinstance(node, Function) and not node.name.startswith("_"):
            yield "", node
        elif isinstance(node, ast.ClassDef) and not node.name.startswith("_"):
            for child in node.body:
                if isinstance(child, Function) and not child.name.startswith("_"):
                    yield node.name, child


def documented_by_a_base(all_modules: Iterable[Module]) -> frozenset[tuple[str, str]]:
    """Pairs of (class, method) whose method is documented in a base class of the package."""
    classes = [node for m in all_modules for node in ast.walk(m.tree) if isinstance(node, ast.ClassDef)]
    bases = {c.name: [ast.unparse(b).split(".")[-1] for b in c.bases] for c in classes}
    said = {c.name: {f.name for f in c.body if isinstance(f, Function) and ast.get_docstring(f)} for c in classes}

    def above(name: str) -> set[str]:
        methods: set[str] = set()
        for base in bases.get(name, []):
            if base != name:
                methods |= said.get(base, set()) | above(base)
        return methods

    return frozenset((name, method) for name in bases for method in above(name))


def test_modules_have_one_noun() -> None:
    long = {m.path: n for m in modules() if (n := m.text.count("\n")) >= MODULE_LINES}
    assert long == LONG_MODULES


def test_functions_fit_a_screen() -> None:
    long: dict[str, int] = {}
    for module in modules():
        long |= long_functions(module)
    assert long == LONG_FUNCTIONS


def test_public_functions_say_what_they_do() -> None:
    inherited = documented_by_a_base(modules())
    assert not [fault for module in modules() for fault in undocumented(module, inherited)]


def test_the_checks_see_a_long_function_and_a_missing_docstring() -> None:
    body = "\n".join(f"    x{i} = {i}" for i in range(FUNCTION_LINES))
    module = parse("zemsim.x", "zemsim/x.py", f'"""X."""\ndef f():\n{body}\n')
    assert long_functions(module) == {"zemsim/x.py:f": FUNCTION_LINES + 1}
    assert list(undocumented(module)) == ["zemsim/x.py:2 f has no docstring"]
    assert list(undocumented(parse("zemsim.x", "zemsim/x.py", "x = 1\n"))) == ["zemsim/x.py:1 has no docstring"]


def test_a_method_inherits_the_words_of_its_base() -> None:
    body = "\n".join(f"        x{i} = {i}" for i in range(SHORT_LINES))
    text = f'"""X."""\nclass A:\n    def f(self):\n        """F."""\nclass B(A):\n    def f(self):\n{body}\n'
    module = parse("zemsim.x", "zemsim/x.py", text)
    assert list(undocumented(module)) == ["zemsim/x.py:6 f has no docstring"]
    assert not list(undocumented(module, documented_by_a_base([module])))
