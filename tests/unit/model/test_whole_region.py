"""All residents of the embedded region as agents: nobody is left out, and nobody chooses otherwise alone."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import mesa
import numpy as np
import pytest

from tests.unit.model.small_world import world_of
from zemsim.core.names import Alternative, DayType
from zemsim.model import day
from zemsim.model.agents import Resident
from zemsim.model.model import MobilityModel
from zemsim.model.schedule import DAY, YEAR

if TYPE_CHECKING:
    from zemsim.population import Population
    from zemsim.region import Region

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def model(zemgale: Region, zemgale_population: Population) -> Iterator[MobilityModel]:
    """The model of the whole region on the morning of a weekday, before anybody has chosen."""
    built = MobilityModel(world_of(zemgale, zemgale_population, seeds=(1,)), seed=1, threads=2)
    built._do(YEAR[:1])
    built.start_season(built.season)
    day.use_day(built, DayType.WEEKDAY)
    built._do(DAY[:1])
    yield built
    built.close()


def test_nobody_is_left_out(model: MobilityModel, zemgale: Region) -> None:
    assert len(model.residents) == 225_053
    assert len(model.residents) == zemgale.settlements["population"].sum()
    assert len(set(model.residents.get("resident_id"))) == 225_053
    assert len(model.agents_by_type[Resident]) == 225_053
    assert (
        sum(1 for resident in model.residents if isinstance(resident, mesa.Agent) and resident.model is model)
        == 225_053
    )


def test_everybody_lives_in_a_household_of_the_zone(model: MobilityModel) -> None:
    residents, households = model.residents.table, model.households.table
    assert np.array_equal(residents.zone_idx, households.zone_idx[residents.household_idx])
    assert np.array_equal(np.bincount(residents.household_idx, minlength=households.n_rows), households.size_pers)
    assert model.municipalities.agg("population", sum) == 225_053


def test_everybody_chooses_alone_as_in_the_batch(model: MobilityModel) -> None:
    plan = model.today
    plan.alternative[:] = -1
    model.residents.do("choose_mode")
    together = plan.alternative.copy()
    plan.alternative[:] = -1
    for resident in model.residents:
        resident.choose_mode()
    assert together.tobytes() == plan.alternative.tobytes()
    assert set(Alternative) <= set(together.tolist())
    assert (together < 0).mean() < 0.02  # the limit of the verdict no-alternative


def test_one_thread_chooses_as_two(model: MobilityModel) -> None:
    plan = model.today
    model.residents.do("choose_mode")
    two = plan.alternative.copy()
    plan.alternative[:] = -1
    model.threads = 1
    model.residents.do("choose_mode")
    model.threads = 2
    assert two.tobytes() == plan.alternative.tobytes()


def test_one_in_a_hundred_may_think_otherwise(model: MobilityModel) -> None:
    class Cyclist(Resident):
        """Takes the bicycle, whatever the others do."""

        def choose_mode(self) -> None:
            self.use("bike")

    plan = model.today
    model.residents.do("choose_mode")
    before = plan.alternative.copy()
    rows = np.arange(0, len(model.residents), 100)
    model.residents.table.replace_classes(rows, Cyclist)
    model.residents.do("choose_mode")
    theirs = np.isin(plan.column("resident_idx"), rows)
    assert (plan.alternative[theirs] == Alternative.BIKE).all()
    assert np.array_equal(plan.alternative[~theirs], before[~theirs])
    assert len(model.agents_by_type[Cyclist]) == len(rows)
    assert len(model.agents_by_type[Resident]) == 225_053 - len(rows)
