"""What `--json` prints: one object that any reader of JSON takes."""

from __future__ import annotations

import json
import math

import numpy as np
import pytest

from zemsim.core.command_line import print_json


def test_what_is_not_finite_is_null(capsys: pytest.CaptureFixture[str]) -> None:
    print_json(
        {"rows": [{"nan": math.nan, "inf": np.float32(np.inf), "one": np.int64(1), "none": None, "text": "Rīga"}]}
    )
    (row,) = json.loads(capsys.readouterr().out)["rows"]
    assert row == {"nan": None, "inf": None, "one": 1, "none": None, "text": "Rīga"}
