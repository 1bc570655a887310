"""A finished made-up run for the tests of the evidence."""

from __future__ import annotations

import pytest

from tests.runner.fake import FakeEngine
from zemsim.experiment.progress import silent
from zemsim.experiment.run_folder import Run
from zemsim.experiment.runner import run_engine


@pytest.fixture(scope="session")
def run(tmp_path_factory: pytest.TempPathFactory) -> Run:
    return run_engine(FakeEngine(), tmp_path_factory.mktemp("evidence") / "run", 1, silent)
