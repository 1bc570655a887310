"""A small case as text, which tests change by replacing lines."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

CASE = """
[case]
id = "small"
title = { lv = "-", en = "-" }
use = "hold_out"
horizon = "short"
seasons = ["winter"]

[place]
type = "small_town"
residents = 4_000
source = "made up"
grade = "assumption"

[place.figures]
bev_stock_share = { value = 0.1, grade = "assumption", source = "made up" }

[change]
kind = "none"
source = "made up"
grade = "assumption"

[[effect]]
title = { lv = "-", en = "-" }
of = "trips"
form = "level"
observed = { central = 1 }
band = { low = 0, high = 1e12 }
source = "made up"
grade = "assumption"
"""

SHARES = """
[base.mode_share]
of = "all"
walk = { value = 0.25, grade = "assumption", source = "made up" }
bike = { value = 0.08, grade = "assumption", source = "made up" }
transit = { value = 0.08, grade = "assumption", source = "made up" }
car = { value = 0.44, grade = "assumption", source = "made up" }
passenger = { value = 0.15, grade = "assumption", source = "made up" }
"""

Write = Callable[..., Path]


@pytest.fixture
def write(tmp_path: Path) -> Write:
    """Writes the small case with some pieces of it replaced; a piece that is not there is an error of the test."""

    def written(*changes: tuple[str, str], name: str = "case.toml") -> Path:
        text = CASE
        for old, new in changes:
            assert old in text, old
            text = text.replace(old, new)
        file = tmp_path / name
        file.write_text(text, encoding="utf-8")
        return file

    return written
