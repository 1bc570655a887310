"""The tool that tries mutants, tried: it finds a fault that no test sees, and does not report one that is seen."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.mutation.__main__ import explanations
from tests.mutation.mutants import MODULE, Source
from tests.mutation.table import load_table

KERNEL = """LEAST = 3


def total(values, out):
    '''Sum of what is not below the least.'''
    found = 0
    for value in values:
        if value < LEAST:
            continue
        found += value
    largest = 0
    for value in values:
        if value > largest:
            largest = value
    out[0] = largest
    return found


def double(value):
    return value + value
"""
TESTS = """import pytest

import small


@pytest.fixture(scope="module")
def doubled():
    return small.double(3)


def test_nothing_of_a_shared_fixture(doubled):
    assert doubled is not None


def test_a_shared_fixture(doubled):
    assert doubled == 6


def test_total():
    out = [0]
    assert small.total([1, 2, 3, 5], out) == 8
    assert small.total([3, 1, 4], out) == 7
    assert out == [4]
"""
PROGRAM = """
from pathlib import Path
from tests.mutation.mutants import Source
from tests.mutation.trials import Limits, run_trials

source = Source(Path("small.py").read_text())
verdicts = run_trials("small", source, source.mutants(), ["test_small.py"], Limits(least_s=1.0))
print(verdicts.fault)
for mutant, verdict in verdicts.of:
    print(f"{mutant.line} {mutant.mutation}: {verdict}")
"""


def test_mutants_are_named_and_leave_the_tree_as_it_was() -> None:
    source = Source(KERNEL)
    mutants = source.mutants()
    assert ("total", "if value < LEAST:", "value < LEAST -> value <= LEAST") in {mutant.key for mutant in mutants}
    assert ("total", "if value < LEAST: continue", "continue -> break") in {mutant.key for mutant in mutants}
    assert (MODULE, "LEAST = 3", "3 -> 4") in {mutant.key for mutant in mutants}
    whole = {name: source.compiled(name) for name, _ in source.functions()}
    for mutant in mutants:
        take_out = mutant.put()
        if mutant.function != MODULE:
            assert source.compiled(mutant.function) != whole[mutant.function]
        take_out()
        assert all(source.compiled(name) == code for name, code in whole.items())


@pytest.mark.skipif(not hasattr(os, "fork"), reason="each mutant is tried in a fork")
def test_only_the_equivalent_mutant_and_the_untested_one_survive(tmp_path: Path) -> None:
    (tmp_path / "small.py").write_text(KERNEL)
    (tmp_path / "test_small.py").write_text(TESTS)
    path = os.pathsep.join([str(tmp_path), str(Path(__file__).resolve().parents[2])])
    environment = os.environ | {"PYTHONPATH": path, "NUMBA_DISABLE_JIT": "1"}
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM], cwd=tmp_path, env=environment, capture_output=True, text=True, check=True
    )
    fault, *lines = done.stdout.splitlines()
    assert not fault
    assert [line for line in lines if not line.endswith(": killed")] == [
        "11 0 -> 1: survived",  # the values of the test are larger
        "11 0 -> -1: survived",
        "13 value > largest -> value >= largest: survived",  # the same number either way
        "15 0 -> -1: survived",  # the list of the test has one place
    ]


def test_every_explanation_belongs_to_a_mutant() -> None:
    for kernel in load_table().values():
        mutants = {m.key for m in Source(Path(kernel.file).read_text(encoding="utf-8"), [*kernel.excluded]).mutants()}
        of_lines = {(function, line) for function, line, _ in mutants}
        for function, line, mutation in explanations(kernel.name):
            assert (function, line, mutation) in mutants or (mutation == "*" and (function, line) in of_lines)
