"""Settings of every test: which zemsim is tested, and how Hypothesis searches.

``pytest`` tests the installed package; ``python -m pytest`` puts the current folder first on the path and tests the
tree. The root of the repository goes to the end of the path, so that a test finds its slow twin as
``tests.reference.<name>`` without hiding the installed package.
"""

from __future__ import annotations

import sys
from pathlib import Path

from hypothesis import settings

ROOT = Path(__file__).resolve().parents[1]

if str(ROOT) not in sys.path:
    sys.path.append(str(ROOT))

# The same examples on every machine and every day, and no limit of time on a case: the first call of a kernel compiles.
settings.register_profile("zemsim", deadline=None, derandomize=True, database=None)
settings.load_profile("zemsim")
