"""Mutants of a kernel file: the same file with one small fault.

A *slot* is where a node of the syntax tree hangs: a list and a position, or the fields of a node and a name. Each
mutant puts another node into one slot. Functions and methods are mutated inside their bodies, constants of the module
in their values; signatures, annotations, decorators, docstrings and texts of errors are left alone.
"""

from __future__ import annotations

import ast
import copy
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from fnmatch import fnmatchcase
from types import CodeType
from typing import Any

#: Where a constant of the module is the place of the fault, not a function.
MODULE = "<module>"

_COMPARISONS: dict[type[ast.cmpop], tuple[type[ast.cmpop], ...]] = {
    ast.Lt: (ast.LtE, ast.GtE),
    ast.LtE: (ast.Lt, ast.Gt),
    ast.Gt: (ast.GtE, ast.LtE),
    ast.GtE: (ast.Gt, ast.Lt),
    ast.Eq: (ast.NotEq,),
    ast.NotEq: (ast.Eq,),
    ast.Is: (ast.IsNot,),
    ast.IsNot: (ast.Is,),
    ast.In: (ast.NotIn,),
    ast.NotIn: (ast.In,),
}
_ARITHMETIC: dict[type[ast.operator], type[ast.operator]] = {
    ast.Add: ast.Sub,
    ast.Sub: ast.Add,
    ast.Mult: ast.Div,
    ast.Div: ast.Mult,
    ast.FloorDiv: ast.Mult,
    ast.Mod: ast.FloorDiv,
    ast.Pow: ast.Mult,
    ast.LShift: ast.RShift,
    ast.RShift: ast.LShift,
    ast.BitAnd: ast.BitOr,
    ast.BitOr: ast.BitAnd,
    ast.BitXor: ast.BitAnd,
}
_TWINS = {"min": "max", "max": "min", "minimum": "maximum", "maximum": "minimum"}
#: Calls whose first two arguments may change places.
_COMMUTE = {*_TWINS, "add", "least", "equal", "add_lanes", "least_lanes", "equal_lanes", "array_equal"}
#: Fields that hold no behaviour.
_SILENT = {"annotation", "returns", "type_params", "decorator_list", "args", "ctx", "type_comment", "cause"}


@dataclass(frozen=True)
class Mutant:
    """One fault.

    Attributes
    ----------
    function : str
        Name as in ``Class.method``; ``<module>`` for a constant.
    line : int
    text : str
        The line as it stands in the file, without blanks around it; a single word with the line before it.
    mutation : str
        What became of what: ``a < b -> a <= b``; ``#2`` where the same can happen at a second place of the line.
    put : callable
        Put the fault into the tree; returns what takes it out again.
    """

    function: str
    line: int
    text: str
    mutation: str
    put: Callable[[], Callable[[], None]]

    @property
    def key(self) -> tuple[str, str, str]:
        """What an explanation goes by; it does not change when lines move."""
        return self.function, self.text, self.mutation


class Source:
    """A file, its tree, and its mutants.

    Parameters
    ----------
    text : str
    excluded : sequence of str
        Patterns of functions and constants that are not mutated.
    """

    def __init__(self, text: str, excluded: Sequence[str] = ()) -> None:
        self._lines = text.splitlines()
        self._tree = ast.parse(text)
        self._excluded = tuple(excluded)

    def functions(self) -> Iterator[tuple[str, ast.FunctionDef]]:
        """Functions and methods that are mutated, with their names."""
        for name, function in _functions(self._tree, ""):
            if not any(fnmatchcase(name, pattern) for pattern in self._excluded):
                yield name, function

    def mutants(self) -> list[Mutant]:
        """All faults, in the order of the file."""
        found: list[Mutant] = []
        for name, function in self.functions():
            for container, key, node in _slots_of_list(function.body):
                found += self._at(name, container, key, node)
        for assignment in self._tree.body:
            if isinstance(assignment, ast.Assign | ast.AnnAssign) and self._is_mutable(assignment):
                for container, key, node in _slots(vars(assignment), "value", assignment.value):
                    found += self._at(MODULE, container, key, node)
        return _numbered(sorted(found, key=lambda mutant: mutant.line))

    def _is_mutable(self, assignment: ast.Assign | ast.AnnAssign) -> bool:
        target = assignment.targets[0] if isinstance(assignment, ast.Assign) else assignment.target
        if not isinstance(target, ast.Name) or any(fnmatchcase(target.id, pattern) for pattern in self._excluded):
            return False
        return _is_number(assignment.value)

    def _at(self, function: str, container: Any, key: Any, node: ast.AST) -> list[Mutant]:
        line = getattr(node, "lineno", 0)
        before = ast.unparse(node)
        made = []
        for after in _replacements(node):
            shown = "" if isinstance(after, ast.Pass) else ast.unparse(after)
            mutation = f"{before} -> {shown}".replace("\n", " ").strip()
            made.append(Mutant(function, line, self._text(line), mutation, _putter(container, key, after)))
        return made

    def _text(self, line: int) -> str:
        """A line; one of a single word (``continue``) with the line before it, to know it among others."""
        text = self._lines[line - 1].strip()
        return text if " " in text else f"{self._lines[line - 2].strip()} {text}"

    def compiled(self, name: str) -> CodeType:
        """Code of a function as the tree stands."""
        code = compile(ast.fix_missing_locations(self._tree), "<mutant>", "exec")
        return _code_of(code, name.split("."))

    def constant(self, line: int) -> tuple[str, CodeType]:
        """Name and value (to be evaluated) of the constant of the module at a line, as the tree stands."""
        for node in self._tree.body:
            if isinstance(node, ast.Assign | ast.AnnAssign) and node.lineno <= line <= (node.end_lineno or line):
                target = node.targets[0] if isinstance(node, ast.Assign) else node.target
                if isinstance(target, ast.Name) and node.value is not None:
                    value = ast.fix_missing_locations(ast.Expression(copy.deepcopy(node.value)))
                    return target.id, compile(value, "<mutant>", "eval")
        raise LookupError(f"no constant at line {line}")


def _numbered(mutants: list[Mutant]) -> list[Mutant]:
    """Mutants that read alike told apart: the second, third of the same words in lines of the same text."""
    seen: dict[tuple[str, str, str], int] = {}
    found = []
    for mutant in mutants:
        seen[mutant.key] = count = seen.get(mutant.key, 0) + 1
        found.append(mutant if count == 1 else replace(mutant, mutation=f"{mutant.mutation} #{count}"))
    return found


def _functions(parent: ast.Module | ast.ClassDef, prefix: str) -> Iterator[tuple[str, ast.FunctionDef]]:
    for node in parent.body:
        if isinstance(node, ast.FunctionDef):
            yield prefix + node.name, node
        elif isinstance(node, ast.ClassDef):
            yield from _functions(node, f"{prefix}{node.name}.")


def _slots(container: Any, key: Any, node: Any) -> Iterator[tuple[Any, Any, ast.AST]]:
    """The slot of a node, then those of the nodes below it."""
    if isinstance(node, ast.JoinedStr | ast.Raise) or _is_text(node):
        if isinstance(node, ast.Raise):
            yield container, key, node
        return
    yield container, key, node
    for name, value in ast.iter_fields(node):
        if name in _SILENT and not (name == "args" and isinstance(node, ast.Call)):
            continue
        if name == "slice" and _is_size(node):
            continue
        if isinstance(value, list):
            yield from _slots_of_list(value)
        elif isinstance(value, ast.AST):
            yield from _slots(vars(node), name, value)


def _slots_of_list(nodes: list[Any]) -> Iterator[tuple[Any, Any, ast.AST]]:
    for position, node in enumerate(nodes):
        if isinstance(node, ast.AST):
            yield from _slots(nodes, position, node)


def _putter(container: Any, key: Any, after: ast.AST) -> Callable[[], Callable[[], None]]:
    def put() -> Callable[[], None]:
        before = container[key]
        container[key] = ast.copy_location(after, before)

        def take_out() -> None:
            container[key] = before

        return take_out

    return put


def _is_text(node: Any) -> bool:
    """A docstring or another text, which is not mutated."""
    return isinstance(node, ast.Constant) and isinstance(node.value, str)


def _is_size(node: ast.AST) -> bool:
    """Whether this is ``x.shape[0]`` or the like: the last axis is often the first, so only 0 and 1 change over."""
    if not isinstance(node, ast.Subscript) or not isinstance(node.value, ast.Attribute):
        return False
    return node.value.attr == "shape" and isinstance(node.slice, ast.Constant) and node.slice.value in (0, 1)


def _is_number(node: Any) -> bool:
    """A value made of numbers only, with or without calls: ``1 << 14``, ``np.uint64(7)``, ``int(Place.HOME)``."""
    if node is None or (isinstance(node, ast.Call) and ast.unparse(node).startswith("njit(")):
        return False
    return not any(
        isinstance(part, ast.List | ast.Dict | ast.Set | ast.Subscript | ast.Lambda | ast.Starred) or _is_text(part)
        for part in ast.walk(node)
    )


def _replacements(node: ast.AST) -> Iterator[ast.AST]:
    """The faults of one node."""
    if isinstance(node, ast.stmt):
        yield from _statements(node)
    elif isinstance(node, ast.Compare) and len(node.ops) == 1:
        for operator in _COMPARISONS.get(type(node.ops[0]), ()):
            yield ast.Compare(node.left, [operator()], node.comparators)
    elif isinstance(node, ast.Compare):
        for place, old in enumerate(node.ops):
            for operator in _COMPARISONS.get(type(old), ())[:1]:
                yield ast.Compare(node.left, [*node.ops[:place], operator(), *node.ops[place + 1 :]], node.comparators)
    elif isinstance(node, ast.BinOp) and type(node.op) in _ARITHMETIC:
        yield ast.BinOp(node.left, _ARITHMETIC[type(node.op)](), node.right)
    elif isinstance(node, ast.BoolOp):
        yield ast.BoolOp(ast.And() if isinstance(node.op, ast.Or) else ast.Or(), node.values)
    elif isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.Not | ast.USub | ast.Invert):
        yield node.operand
    elif isinstance(node, ast.IfExp):
        yield ast.IfExp(node.test, node.orelse, node.body)
    elif isinstance(node, ast.Constant):
        yield from _constants(node.value)
    elif isinstance(node, ast.Call):
        yield from _calls(node)
    elif isinstance(node, ast.Subscript) and _is_size(node) and isinstance(node.slice, ast.Constant):
        yield ast.Subscript(node.value, ast.Constant(0 if node.slice.value else 1), node.ctx)


def _statements(node: ast.stmt) -> Iterator[ast.AST]:
    if isinstance(node, ast.Continue):
        yield ast.Break()
    elif isinstance(node, ast.Break):
        yield ast.Continue()
    elif isinstance(node, ast.AugAssign):
        yield ast.Pass()
        if type(node.op) in _ARITHMETIC:
            yield ast.AugAssign(node.target, _ARITHMETIC[type(node.op)](), node.value)
    elif _may_go(node):
        yield ast.Pass()


def _may_go(node: ast.stmt) -> bool:
    """Whether the file still has all its names without this statement."""
    if isinstance(node, ast.Assign):
        return all(isinstance(target, ast.Subscript | ast.Attribute) for target in node.targets)
    if isinstance(node, ast.Expr):
        return isinstance(node.value, ast.Call)
    return isinstance(node, ast.Raise) or (isinstance(node, ast.Return) and node.value is None)


def _constants(value: Any) -> Iterator[ast.AST]:
    if isinstance(value, bool):
        yield ast.Constant(not value)
    elif isinstance(value, int):
        yield ast.Constant(value + 1)
        yield ast.Constant(value - 1) if value > 0 else ast.UnaryOp(ast.USub(), ast.Constant(1 - value))
    elif isinstance(value, float):
        yield ast.Constant(value + 1.0)


def _calls(node: ast.Call) -> Iterator[ast.AST]:
    name = ast.unparse(node.func).rpartition(".")[2]
    if name in _TWINS:
        twin = copy.deepcopy(node.func)
        if isinstance(twin, ast.Name):
            twin.id = _TWINS[name]
        elif isinstance(twin, ast.Attribute):
            twin.attr = _TWINS[name]
        yield ast.Call(twin, node.args, node.keywords)
    if name == "range" and len(node.args) < 3:
        shorter = ast.BinOp(node.args[-1], ast.Sub(), ast.Constant(1))
        yield ast.Call(node.func, [*node.args[:-1], shorter], node.keywords)
    elif len(node.args) > 1 and name not in _COMMUTE and not any(isinstance(a, ast.Starred) for a in node.args[:2]):
        swapped = [node.args[1], node.args[0], *node.args[2:]]
        if ast.unparse(swapped[0]) != ast.unparse(swapped[1]):
            yield ast.Call(node.func, swapped, node.keywords)


def _code_of(code: CodeType, path: list[str]) -> CodeType:
    """Code of a function inside the code of a module."""
    for name in path:
        code = next(c for c in reversed(code.co_consts) if isinstance(c, CodeType) and c.co_name == name)
    return code
