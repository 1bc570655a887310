"""``zemsim --help`` and ``import zemsim`` are light: the heavy packages wait for a command that computes."""

from __future__ import annotations

import json
import subprocess
import sys

HEAVY = ("numpy", "pandas", "numba", "mesa", "scipy", "matplotlib", "pyarrow", "shapely", "pyproj", "rich", "pydantic")

HELP = f"""
import json, sys
from zemsim.cli import main
try:
    main(["--help"])
except SystemExit as stop:
    code = stop.code or 0
else:
    code = 0
print()
print(json.dumps([code, [name for name in {HEAVY!r} if name in sys.modules]]))
"""

IMPORT = f"""
import json, sys
import zemsim
print(json.dumps([0, [name for name in {HEAVY!r} if name in sys.modules]]))
"""


def run(code: str) -> list[object]:
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == 0, done.stderr
    result: list[object] = json.loads(done.stdout.splitlines()[-1])
    return result


def test_help_loads_no_heavy_package() -> None:
    assert run(HELP) == [0, []]


def test_import_loads_no_heavy_package() -> None:
    assert run(IMPORT) == [0, []]


def test_the_check_sees_a_heavy_package() -> None:
    assert run("import numpy\n" + IMPORT) == [0, ["numpy"]]
