"""The table of kernels, ``tests/kernels.toml``: what each is tested with."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
TABLE = ROOT / "tests" / "kernels.toml"

#: Cases at the boundary that each kernel is tested with, where they apply to it.
CASES = ("zero_flow", "no_service", "one_zone", "islands", "parallel_links", "equal_times")


@dataclass(frozen=True)
class Kernel:
    """A row of the table.

    Attributes
    ----------
    name : str
        Of the file without ``.py``.
    tests : tuple of str
        Files or node ids that run with numba switched off, against which mutants are tried.
    compiled_tests : tuple of str
        Those that only say something of compiled code.
    left_out : tuple of str
        Node ids among ``tests`` that need compiled code.
    excluded : dict
        Patterns of functions that are not mutated, and why.
    """

    name: str
    tests: tuple[str, ...]
    compiled_tests: tuple[str, ...] = ()
    left_out: tuple[str, ...] = ()
    aside: str = ""
    twin: str = ""
    comparison: str = ""
    boundary: dict[str, str] = field(default_factory=dict)
    no_case: str = ""
    excluded: dict[str, str] = field(default_factory=dict)

    @property
    def file(self) -> str:
        """Path in the repository."""
        return f"zemsim/kernels/{self.name}.py"

    @property
    def module(self) -> str:
        """Name for ``import``."""
        return f"zemsim.kernels.{self.name}"


def load_table(path: Path = TABLE) -> dict[str, Kernel]:
    """Rows by name, in the order of the file."""
    table: dict[str, dict[str, Any]] = tomllib.loads(path.read_text(encoding="utf-8"))
    kernels = {}
    for name, row in table.items():
        values: dict[str, Any] = {key: tuple(v) if isinstance(v, list) else v for key, v in row.items()}
        kernels[name] = Kernel(name, **values)
    return kernels
