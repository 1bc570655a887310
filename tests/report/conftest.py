"""Fixtures of the report's tests: one invented run and the page made from it."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.report.sample import sample_inputs
from zemsim.report.page import render
from zemsim.report.sources import Inputs


@pytest.fixture(scope="session")
def inputs(tmp_path_factory: pytest.TempPathFactory) -> Inputs:
    """What the page shows."""
    return sample_inputs(Path(tmp_path_factory.mktemp("run")))


@pytest.fixture(scope="session")
def page(inputs: Inputs) -> str:
    """The page in both languages."""
    return render(inputs)
