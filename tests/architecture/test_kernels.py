"""Every kernel has a slow twin, a comparison of examples with it, and tests at the boundaries that apply to it."""

from __future__ import annotations

import ast
from functools import cache
from pathlib import Path

import pytest

from tests.mutation.table import CASES, ROOT, Kernel, load_table

TABLE = load_table()
KERNELS = [kernel for kernel in TABLE.values() if not kernel.aside]


@cache
def names_in(path: str) -> dict[str, ast.stmt]:
    """Functions and constants of a file of tests."""
    found: dict[str, ast.stmt] = {}
    for node in ast.parse((ROOT / path).read_text(encoding="utf-8")).body:
        if isinstance(node, ast.FunctionDef):
            found[node.name] = node
        elif isinstance(node, ast.Assign):
            found |= {target.id: node for target in node.targets if isinstance(target, ast.Name)}
    return found


def exists(where: str) -> bool:
    """Whether there is such a file, or a name in it: ``path::name``, with or without an example in brackets."""
    path, _, name = where.partition("::")
    return (ROOT / path).is_file() and (not name or name.partition("[")[0] in names_in(path))


def test_the_table_has_every_file_and_no_other() -> None:
    files = {path.stem for path in (ROOT / "zemsim" / "kernels").glob("*.py")} - {"__init__"}
    assert set(TABLE) == files, "tests/kernels.toml must have one entry for each file of zemsim/kernels"


@pytest.mark.parametrize("kernel", KERNELS, ids=lambda kernel: kernel.name)
def test_a_kernel_has_a_twin_and_is_compared_with_it(kernel: Kernel) -> None:
    assert kernel.twin, "name the slow twin"
    assert exists(kernel.twin)
    assert exists(kernel.comparison), "name the test that compares the kernel with its twin"
    path, _, name = kernel.comparison.partition("::")
    test = names_in(path)[name]
    assert isinstance(test, ast.FunctionDef)
    marks = [ast.unparse(mark) for mark in test.decorator_list]
    assert any(mark.startswith("given(") for mark in marks), f"{kernel.comparison} is no test of Hypothesis"


@pytest.mark.parametrize("kernel", KERNELS, ids=lambda kernel: kernel.name)
def test_a_kernel_is_tested_at_its_boundaries(kernel: Kernel) -> None:
    assert set(kernel.boundary) <= set(CASES)
    assert [where for where in kernel.boundary.values() if not exists(where)] == []
    assert set(kernel.boundary) == set(CASES) or kernel.no_case, "say why the other cases cannot be"


@pytest.mark.parametrize("kernel", TABLE.values(), ids=lambda kernel: kernel.name)
def test_what_the_table_names_is_there(kernel: Kernel) -> None:
    named = (*kernel.tests, *kernel.left_out, *kernel.compiled_tests)
    assert [where for where in named if not exists(where)] == []
    assert all(kernel.excluded.values())


def test_a_name_that_is_not_there_is_found() -> None:
    here = Path(__file__).relative_to(ROOT).as_posix()
    assert exists(f"{here}::exists")
    assert not exists(f"{here}::missing")
    assert not exists("tests/reference/missing.py")
