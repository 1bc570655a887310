"""A pack of the made-up town, built once."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.reference import grid_town
from zemsim.region.build.build import Question, build_region
from zemsim.region.build.report import Report


@pytest.fixture(scope="session")
def sources(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("town")
    grid_town.write_osm(folder / "town.osm.pbf")
    grid_town.write_zones(folder / "zones.csv")
    grid_town.write_feed(folder / "feed.zip")
    return folder


@pytest.fixture(scope="session")
def question(sources: Path) -> Question:
    return Question(sources / "town.osm.pbf", sources / "zones.csv", [sources / "feed.zip"], "Test town")


@pytest.fixture(scope="session")
def built(question: Question, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Report]:
    out = tmp_path_factory.mktemp("packs") / "town"
    return out, build_region(question, out)
