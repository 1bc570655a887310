"""The small world of the tests of the model."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.unit.model.small_world import small_world

if TYPE_CHECKING:
    from zemsim.model.world import World
    from zemsim.population import Population
    from zemsim.region import Region


@pytest.fixture(scope="session")
def world(zemgale: Region, zemgale_population: Population) -> World:
    """Some 3,000 residents on the real roads and timetable."""
    return small_world(zemgale, zemgale_population)
