"""The small world, and a model of it for tests that do not change it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

from tests.unit.model.small_world import small_world
from zemsim.model.model import MobilityModel

if TYPE_CHECKING:
    from zemsim.model.world import World
    from zemsim.population import Population
    from zemsim.region import Region


@pytest.fixture(scope="session")
def world(zemgale: Region, zemgale_population: Population) -> World:
    """Some 3,000 residents on the real roads and timetable."""
    return small_world(zemgale, zemgale_population)


@pytest.fixture
def model(world: World) -> Iterator[MobilityModel]:
    """A model of its own for a test."""
    built = MobilityModel(world, seed=1)
    yield built
    built.close()
