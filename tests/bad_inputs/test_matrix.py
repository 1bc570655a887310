"""The table of faults in README.md names every row, and tests that are there."""

from __future__ import annotations

import re
from pathlib import Path

HERE = Path(__file__).parent
ROWS = [*(f"A{i}" for i in range(1, 17)), *(f"B{i}" for i in range(1, 10)), *(f"C{i}" for i in range(1, 8))]


def _table() -> dict[str, list[tuple[str, str]]]:
    """Tests by row: file and function."""
    found = {}
    for line in (HERE / "README.md").read_text(encoding="utf-8").splitlines():
        cells = [cell.strip() for cell in line.strip("|").split("|")]
        if len(cells) == 4 and re.fullmatch(r"[ABC]\d+", cells[0]):
            found[cells[0]] = re.findall(r"`([\w./]+\.py)::(\w+)`", cells[3])
    return found


def test_every_row_has_a_test_that_is_there() -> None:
    table = _table()
    assert list(table) == ROWS
    for row, tests in table.items():
        assert tests, row
        for file, name in tests:
            path = HERE.parents[1] / file
            assert path.is_file(), (row, file)
            assert re.search(rf"^def {name}\(", path.read_text(encoding="utf-8"), re.MULTILINE), (row, name)
