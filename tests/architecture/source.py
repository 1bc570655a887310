"""What the architecture tests look at: the files of the repository and the syntax trees of the package.

The tree of the repository is read, not the installed package: these tests are about how the source is written.
"""

from __future__ import annotations

import ast
import re
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PACKAGE = ROOT / "zemsim"

Function = ast.FunctionDef | ast.AsyncFunctionDef


@dataclass(frozen=True)
class Module:
    """One module of zemsim: its dotted name, its path from the root, its text and its syntax tree."""

    name: str
    path: str
    text: str
    tree: ast.Module

    def functions(self) -> Iterator[Function]:
        """All functions and methods, nested ones too."""
        for node in ast.walk(self.tree):
            if isinstance(node, Function):
                yield node


def parse(name: str, path: str, text: str) -> Module:
    """A module from its text."""
    return Module(name, path, text, ast.parse(text, filename=path))


@cache
def modules() -> tuple[Module, ...]:
    """Every module of the package, in order of its path."""
    found = []
    for file in sorted(PACKAGE.rglob("*.py")):
        parts = list(file.relative_to(ROOT).with_suffix("").parts)
        if parts[-1] == "__init__":
            parts.pop()
        text = file.read_text(encoding="utf-8")
        found.append(parse(".".join(parts), file.relative_to(ROOT).as_posix(), text))
    return tuple(found)


def imported(module: Module) -> Iterator[tuple[int, str]]:
    """Line and dotted name of everything that a module imports, relative imports resolved.

    ``from a.b import c`` gives ``a.b.c``: whether ``c`` is a module or a name inside one, its room is the same.
    """
    package = module.name.split(".")
    if not module.path.endswith("__init__.py"):
        package = package[:-1]
    for node in ast.walk(module.tree):
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield node.lineno, alias.name
        elif isinstance(node, ast.ImportFrom):
            base = package[: len(package) - node.level + 1] if node.level else []
            base = [*base, *(node.module or "").split(".")] if node.module else base
            for alias in node.names:
                yield node.lineno, ".".join([*base, alias.name])


def dotted(node: ast.AST) -> str | None:
    """``np.random.default_rng`` of an attribute chain; None when it does not start at a plain name."""
    parts: list[str] = []
    while isinstance(node, ast.Attribute):
        parts.append(node.attr)
        node = node.value
    if not isinstance(node, ast.Name):
        return None
    return ".".join([node.id, *reversed(parts)])


def aliases(module: Module) -> dict[str, str]:
    """Local names of imported things: ``np`` is ``numpy``, ``rng`` is ``numpy.random``."""
    names: dict[str, str] = {}
    for node in ast.walk(module.tree):
        if isinstance(node, ast.Import):
            for alias in node.names:
                names[alias.asname or alias.name.split(".")[0]] = (
                    alias.name if alias.asname else alias.name.split(".")[0]
                )
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            for alias in node.names:
                names[alias.asname or alias.name] = f"{node.module}.{alias.name}"
    return names


def uses(module: Module) -> Iterator[tuple[int, str]]:
    """Line and full dotted name of every name and attribute chain, imported aliases resolved."""
    known = aliases(module)
    for node in ast.walk(module.tree):
        if isinstance(node, ast.Attribute | ast.Name):
            name = dotted(node)
            if name is not None:
                head, _, rest = name.partition(".")
                full = known.get(head, head)
                yield node.lineno, f"{full}.{rest}" if rest else full


@cache
def repository_files() -> tuple[Path, ...]:
    """Files of the repository: those that git tracks or would track; without git, all that are not caches."""
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"],
        cwd=ROOT,
        capture_output=True,
        check=False,
    )
    if listed.returncode == 0 and listed.stdout:
        paths = [ROOT / name for name in listed.stdout.decode("utf-8").split("\0") if name]
    else:
        hidden = re.compile(r"(^|/)(__pycache__|\.[a-z_]+_cache|\.git|\.venv|\.hypothesis|outputs|build|dist)(/|$)")
        paths = [p for p in ROOT.rglob("*") if not hidden.search(p.relative_to(ROOT).as_posix())]
    return tuple(sorted(p for p in paths if p.is_file()))


def text_of(path: Path) -> str | None:
    """The text of a file, or None when it is not UTF-8 text."""
    raw = path.read_bytes()
    if b"\0" in raw:
        return None
    try:
        return raw.decode("utf-8")
    except UnicodeDecodeError:
        return None
